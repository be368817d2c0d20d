// SPDX-License-Identifier: GPL-2.0
// sendframe IFACE HEX: send a frame as it stands, as any program of the guest's
// root could.
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned char frame[9000];
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	size_t len;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: sendframe IFACE HEX\n");
		return 2;
	}
	for (len = 0; len < sizeof(frame) && argv[2][2 * len]; len++) {
		if (sscanf(argv[2] + 2 * len, "%2hhx", &frame[len]) != 1) {
			fprintf(stderr, "sendframe: no hexadecimal byte at column %zu\n", 2 * len + 1);
			return 2;
		}
	}
	to.sll_ifindex = if_nametoindex(argv[1]);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || sendto(fd, frame, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("sendframe");
		return 1;
	}
	close(fd);
	return 0;
}
