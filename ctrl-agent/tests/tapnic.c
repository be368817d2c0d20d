// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A simulated NIC behind a tap, in the place of QEMU and a guest:
 *	tapnic TAP MAC FILE
 *
 * FILE has what it was told, a flow a line, and is replaced after each change.
 * SIGUSR1 empties the table as a reboot of the guest would, and says HELLO.
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

/* The vswitch's socket on the tap holds some eighty frames: longer answers take a breath. */
#define BREATH_FRAMES	32
#define BREATH_US	2000

static void write_tap(void *owner, const uint8_t *frame, size_t len)
{
	static unsigned int n;

	if (++n % BREATH_FRAMES == 0)
		usleep(BREATH_US);
	if (write(*(int *)owner, frame, len) < 0 && errno != EIO)
		fail("write");
}

/* With its key: this is a test, and compares both ends. */
static void write_sa(FILE *file, const struct cvsw_sa *sa)
{
	fprintf(file, "sa %s %#x udp %u:%u key ", sa->direction == CVSW_SA_OUT ? "out" : "in",
		sa->spi, sa->udp_src, sa->udp_dst);
	for (size_t i = 0; i < sa->key_len; i++)
		fprintf(file, "%02x", sa->key[i]);
	for (size_t i = 0; i < sizeof(sa->salt); i++)
		fprintf(file, "%02x", sa->salt[i]);
	fputc('\n', file);
}

static void write_table(const struct simnic *nic, const char *path)
{
	const struct cvsw_flow **flows = flowset_sorted(&nic->table);
	char text[16384], fresh[4096];
	FILE *file;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	file = fopen(fresh, "we");
	if (!file)
		fail(fresh);
	fprintf(file, "mtu %u\noffload %#x\nflows %zu\n", nic->mtu, nic->offload, nic->table.n);
	for (size_t i = 0; i < nic->n_sas; i++)
		if (!nic->sas[i].deleted)
			write_sa(file, &nic->sas[i].sa);
	for (size_t i = 0; i < nic->table.n; i++) {
		cvsw_text_format(flows[i], text, sizeof(text));
		fprintf(file, "%s\n", text);
	}
	free(flows);
	if (fclose(file) || rename(fresh, path))
		fail(path);
}

static void reboot(struct simnic *nic, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		fail("signalfd");
	simnic_reset(nic);
	simnic_link_up(nic);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
	uint8_t mac[CVSW_ETH_ALEN], frame[65536];
	struct pollfd fds[2];
	struct simnic nic;

	if (argc != 4 || !cvsw_text_mac(argv[2], mac)) {
		fprintf(stderr, "usage: tapnic TAP MAC FILE\n");
		return 2;
	}
	fds[0] = (struct pollfd){ .fd = open_tap(argv[1]), .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = open_signals(), .events = POLLIN };
	simnic_init(&nic, mac, write_tap, &fds[0].fd);
	simnic_link_up(&nic);
	for (;;) {
		ssize_t len = 0;

		/* Written when nothing waits: a burst must not queue up behind a file. */
		if (!poll(fds, 2, 0)) {
			write_table(&nic, argv[3]);
			poll(fds, 2, -1);
		}

		if (fds[1].revents)
			reboot(&nic, fds[1].fd);
		if (fds[0].revents)
			len = read(fds[0].fd, frame, sizeof(frame));
		if (len > 0)
			simnic_receive(&nic, frame, len);
	}
}
