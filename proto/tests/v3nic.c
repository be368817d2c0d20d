// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A NIC on standard input and output: frames, each behind two bytes of its length.
 * usage: v3nic MAC PSK [KEYLOG] (both in hex); ends with its input
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../cvsw_v3_libcrypto.h"
#include "gen.h"
#include "v3_nic.h"

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void write_frame(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	uint8_t buf[2 + CVSW_V3_FRAME_MAX] = { (uint8_t)(len >> 8), (uint8_t)len };

	(void)arg, (void)place;
	memcpy(buf + 2, frame, len);
	if (write(STDOUT_FILENO, buf, 2 + len) != (ssize_t)(2 + len))
		exit(1);
}

static bool read_whole(uint8_t *to, size_t len)
{
	while (len) {
		ssize_t n = read(STDIN_FILENO, to, len);

		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

/* False: the input has ended. */
static bool read_frame(struct v3_nic *nic)
{
	static uint8_t buf[65536];
	uint8_t head[2], *frame;
	size_t len;

	if (!read_whole(head, 2))
		return false;
	len = (size_t)(head[0] << 8 | head[1]);
	if (!read_whole(buf, len))
		return false;
	frame = exact_copy(buf, len);
	cvsw_v3_receive(&nic->end, frame, len, 0, now_ms());
	free(frame);
	return true;
}

int main(int argc, char **argv)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	uint8_t *mac, *psk;
	struct v3_nic *nic;
	size_t len;

	if (argc < 3)
		return 2;
	mac = from_hex(argv[1], &len);
	psk = from_hex(argv[2], &len);
	nic = v3_nic_new(&cvsw_v3_libcrypto, mac, psk, write_frame, NULL);
	nic->keylog = argc > 3 ? fopen(argv[3], "a") : NULL;
	for (;;) {
		uint64_t now = now_ms(), due;

		v3_nic_run(nic, now);
		due = cvsw_v3_deadline(&nic->end);
		if (poll(&in, 1, due == UINT64_MAX ? -1 : due > now ? (int)(due - now) : 0) == 1 &&
		    !read_frame(nic))
			break;
	}
	if (nic->keylog)
		fclose(nic->keylog);
	v3_nic_free(nic);
	free(mac);
	free(psk);
	return 0;
}
