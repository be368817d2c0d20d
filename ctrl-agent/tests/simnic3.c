// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NICs of version 3 without a network, on standard input and output, for tests of
 * the daemon: the protocol code is the module's own, the table is an array.
 *
 * usage: simnic3 STRICT MAC PSK [MAC PSK]...	(MAC and PSK in hex; ends with its input)
 * STRICT: 1: they know the strict commands
 *
 * Both ways: NIC (1 byte), kind (1), length (2), content.
 *
 *	kind	in						out
 *	0	a frame						a frame
 *	1	-: what do you have?				text: see dump()
 *	2	-: reboot
 *	3	-: the link is up
 *	4	-: the machine may have been restored
 *	5	content of a PACKET_IN
 *	6	flow_mods: put into the table by itself; none: its groups are lost
 *	7	SA_EXPIRING message
 *	8	an MTU, which the guest sets
 *	9	direction (1), SPI (4): that SA is lost
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cvsw_text.h"
#include "cvsw_v3_libcrypto.h"
#include "gen.h"
#include "v3_nic.h"

#define MAX_NICS	128
#define MAX_CONTENT	65535
#define TIMER_MS	50	/* by which flows with timeouts go late */

static struct v3_nic *nics[MAX_NICS];
static uint8_t *macs[MAX_NICS], *psks[MAX_NICS];
static int n_nics;
static bool strict;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void write_whole(const uint8_t *from, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, from, len);

		if (n <= 0)
			exit(1);
		from += n;
		len -= n;
	}
}

static bool read_whole(uint8_t *to, size_t len)
{
	while (len) {
		ssize_t n = read(STDIN_FILENO, to, len);

		if (n <= 0)
			return false;
		to += n;
		len -= n;
	}
	return true;
}

static void say(int nic, uint8_t kind, const void *content, size_t len)
{
	uint8_t head[4] = { nic, kind, len >> 8, len };

	write_whole(head, sizeof(head));
	write_whole(content, len);
}

static void write_frame(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	(void)place;
	say((int)(intptr_t)arg, 0, frame, len);
}

static void make(int i)
{
	nics[i] = v3_nic_new(&cvsw_v3_libcrypto, macs[i], psks[i], write_frame,
			     (void *)(intptr_t)i);
	nics[i]->strict = strict;
}

/* "mtu N", "offloads N", "fresh N", "rekeyed N", "sas N", "sa in|out SPI"..., then a group or a flow a line. */
static void dump(int i)
{
	static char text[MAX_CONTENT + 1];
	struct v3_nic *nic = nics[i];
	size_t at;

	at = snprintf(text, sizeof(text), "mtu %u\noffloads %u\nfresh %u\nrekeyed %u\nsas %zu\n",
		      nic->mtu, nic->offloads, nic->n_fresh, nic->n_rekeyed, nic->n_sas);
	for (size_t s = 0; s < nic->n_sas; s++)
		if (!nic->sas[s].removed)
			at += snprintf(text + at, sizeof(text) - at, "sa %s %u\n",
				       nic->sas[s].direction == CVSW_SA_IN ? "in" : "out",
				       nic->sas[s].spi);
	for (size_t g = 0; g < nic->n_groups && at < sizeof(text); g++) {
		at += cvsw_text_format_group(&nic->groups[g], text + at, sizeof(text) - at);
		at += snprintf(text + at, at < sizeof(text) ? sizeof(text) - at : 0, "\n");
	}
	for (size_t f = 0; f < nic->n_flows && at < sizeof(text); f++) {
		at += cvsw_text_format(&nic->flows[f], text + at, sizeof(text) - at);
		at += snprintf(text + at, at < sizeof(text) ? sizeof(text) - at : 0, "\n");
	}
	say(i, 1, text, at < sizeof(text) ? at : 0);
}

static void put_flows(struct v3_nic *nic, const uint8_t *data, size_t len)
{
	static struct cvsw_flow flow;
	enum cvsw_flow_command command;
	size_t used;

	if (!len)
		nic->n_groups = 0;
	for (; len; data += used, len -= used) {
		if (cvsw_flow_mod_decode(data, len, &used, &command, &flow, NULL) != CVSW_OK)
			exit(1);
		v3_table_do(nic->flows, &nic->n_flows, command, &flow);
	}
}

static void lose_sa(struct v3_nic *nic, const uint8_t *name)
{
	uint32_t spi = (uint32_t)name[1] << 24 | name[2] << 16 | name[3] << 8 | name[4];

	for (size_t i = 0; i < nic->n_sas; i++)
		nic->sas[i].removed |= nic->sas[i].direction == name[0] && nic->sas[i].spi == spi;
}

static bool take_command(void)
{
	static uint8_t buf[MAX_CONTENT];
	uint8_t head[4], *copy;
	struct v3_nic *nic;
	size_t len;

	if (!read_whole(head, sizeof(head)) || head[0] >= n_nics)
		return false;
	len = head[2] << 8 | head[3];
	if (!read_whole(buf, len))
		return false;
	nic = nics[head[0]];
	switch (head[1]) {
	case 0:
		copy = exact_copy(buf, len);
		cvsw_v3_receive(&nic->end, copy, len, 0, now_ms());
		free(copy);
		break;
	case 1:
		v3_nic_run(nic, now_ms());
		dump(head[0]);
		break;
	case 2:
		v3_nic_free(nic);
		make(head[0]);
		break;
	case 3:
		cvsw_v3_nic_wake(&nic->end);
		break;
	case 4:
		v3_nic_stop_sas(nic);
		cvsw_v3_nic_restart(&nic->end);
		break;
	case 5:
		cvsw_v3_packet_in(&nic->end, buf, len, now_ms());
		break;
	case 6:
		put_flows(nic, buf, len);
		break;
	case 7:
		cvsw_v3_send(&nic->end, buf, len);
		break;
	case 8:
		nic->mtu = buf[0] << 8 | buf[1];
		break;
	case 9:
		lose_sa(nic, buf);
		break;
	default:
		return false;
	}
	return true;
}

/* Milliseconds until one of them is due; -1: none is. */
static int run_all(void)
{
	uint64_t now = now_ms(), due = UINT64_MAX;

	for (int i = 0; i < n_nics; i++) {
		uint64_t one;

		v3_nic_run(nics[i], now);
		one = cvsw_v3_deadline(&nics[i]->end);
		if (nics[i]->n_timers && now + TIMER_MS < one)
			one = now + TIMER_MS;
		due = one < due ? one : due;
	}
	if (due == UINT64_MAX)
		return -1;
	return due > now ? (int)(due - now) : 0;
}

int main(int argc, char **argv)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	size_t len;

	strict = argc > 1 && *argv[1] == '1';
	for (int i = 2; i + 1 < argc && n_nics < MAX_NICS; i += 2) {
		macs[n_nics] = from_hex(argv[i], &len);
		psks[n_nics] = from_hex(argv[i + 1], &len);
		make(n_nics++);
	}
	for (;;)
		if (poll(&in, 1, run_all()) == 1 && !take_command())
			break;
	for (int i = 0; i < n_nics; i++) {
		v3_nic_free(nics[i]);
		free(macs[i]);
		free(psks[i]);
	}
	return 0;
}
