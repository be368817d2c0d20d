// SPDX-License-Identifier: GPL-2.0
/*
 * A simulated NIC behind a tap, in the place of QEMU and a guest.  Prints a line
 * for each state it takes on, so that a script can wait for it:
 *	tapnic TAP MAC
 *
 * SIGUSR1 prints its table (a flow a line, then "end"), SIGUSR2 empties it as a
 * rebooted guest would and says HELLO.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cvsw_text.h"
#include "simnic.h"

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int open_tap(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), sock;

	snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		fail(name);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	request.ifr_flags = IFF_UP;
	if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &request))
		fail(name);
	close(sock);
	return fd;
}

static void write_tap(void *owner, const uint8_t *frame, size_t len)
{
	if (write(*(int *)owner, frame, len) < 0 && errno != EIO)
		fail("write");
}

static void print_table(const struct simnic *nic)
{
	const struct cvsw_flow **flows = flowset_sorted(&nic->table);
	char text[4096];

	for (size_t i = 0; i < nic->table.n; i++) {
		cvsw_text_format(flows[i], text, sizeof(text));
		printf("flow %s\n", text);
	}
	printf("mtu %u offload %#x\nend\n", nic->mtu, nic->offload);
	free(flows);
}

static void on_signal(struct simnic *nic, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		fail("signalfd");
	if (info.ssi_signo == SIGUSR1) {
		print_table(nic);
		return;
	}
	flowset_clear(&nic->table);
	nic->connected = false;
	simnic_link_up(nic);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
	uint8_t mac[CVSW_ETH_ALEN], frame[65536];
	struct pollfd fds[2];
	struct simnic nic;

	if (argc != 3 || !cvsw_text_mac(argv[2], mac)) {
		fprintf(stderr, "usage: tapnic TAP MAC\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	fds[0] = (struct pollfd){ .fd = open_tap(argv[1]), .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = open_signals(), .events = POLLIN };
	simnic_init(&nic, mac, write_tap, &fds[0].fd);
	puts("ready");
	simnic_link_up(&nic);
	while (poll(fds, 2, -1) > 0) {
		bool before = nic.connected;
		ssize_t len;

		if (fds[1].revents)
			on_signal(&nic, fds[1].fd);
		if (!fds[0].revents)
			continue;
		len = read(fds[0].fd, frame, sizeof(frame));
		if (len > 0)
			simnic_receive(&nic, frame, len);
		if (nic.connected && !before)
			puts("connected");
	}
	return 0;
}
