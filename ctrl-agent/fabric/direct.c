// SPDX-License-Identifier: GPL-2.0-or-later
#include "direct.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

struct tap {
	char name[IFNAMSIZ];
	uint32_t number;
	pcap_t *pcap;		/* NULL: not there at the moment */
	struct event *readable;
	struct event *retry;
};

static struct vswitch *direct;
static struct tap *taps;
static size_t n_taps;

static void tap_close(struct tap *tap)
{
	if (tap->readable)
		event_free(tap->readable);
	if (tap->pcap)
		pcap_close(tap->pcap);
	tap->readable = NULL;
	tap->pcap = NULL;
}

static void retry_later(struct tap *tap)
{
	static const struct timeval wait = {
		DIRECT_RETRY_MS / 1000, DIRECT_RETRY_MS % 1000 * 1000,
	};

	event_add(tap->retry, &wait);
}

static void tap_lost(struct tap *tap)
{
	log_limited(LOG_WARNING, "%s: %s", tap->name, pcap_geterr(tap->pcap));
	tap_close(tap);
	vswitch_port_set(direct, tap->number, tap->name, false);
	retry_later(tap);
}

static void on_frame(u_char *arg, const struct pcap_pkthdr *header, const u_char *frame)
{
	struct tap *tap = (struct tap *)arg;

	vswitch_frame(direct, tap->number, frame, header->caplen);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct tap *tap = arg;

	(void)fd;
	(void)what;
	if (pcap_dispatch(tap->pcap, DIRECT_BATCH, on_frame, (u_char *)tap) < 0)
		tap_lost(tap);
}

/*
 * Only what comes out of the guest: the tap also shows what we put in.
 * Immediate, for libpcap would else hold frames back to fill a buffer.
 */
static bool activate(pcap_t *pcap, const char **why)
{
	struct bpf_program filter;
	bool good;
	int result;

	result = pcap_set_snaplen(pcap, DIRECT_SNAPLEN);
	if (!result)
		result = pcap_set_promisc(pcap, 1);
	if (!result)
		result = pcap_set_immediate_mode(pcap, 1);
	if (!result)
		result = pcap_activate(pcap);
	*why = result < 0 ? pcap_statustostr(result) : pcap_geterr(pcap);
	if (result < 0)
		return false;
	if (pcap_datalink(pcap) != DLT_EN10MB) {
		*why = "not an Ethernet interface";
		return false;
	}
	if (pcap_setdirection(pcap, PCAP_D_IN) ||
	    pcap_compile(pcap, &filter, "ether proto 0xabba", 1, PCAP_NETMASK_UNKNOWN))
		return false;
	good = !pcap_setfilter(pcap, &filter);
	pcap_freecode(&filter);
	return good;
}

static void tap_open(struct tap *tap)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	const char *why = text;

	tap->pcap = pcap_create(tap->name, text);
	if (!tap->pcap || !activate(tap->pcap, &why) || pcap_setnonblock(tap->pcap, 1, text) ||
	    pcap_get_selectable_fd(tap->pcap) < 0) {
		log_limited(LOG_WARNING, "%s: %s; trying again", tap->name, why);
		tap_close(tap);
		retry_later(tap);
		return;
	}
	tap->readable = alloc_checked(event_new(direct->all->base,
						pcap_get_selectable_fd(tap->pcap),
						EV_READ | EV_PERSIST, on_readable, tap));
	event_add(tap->readable, NULL);
	log_line(LOG_INFO, "listening on %s", tap->name);
	vswitch_port_set(direct, tap->number, tap->name, true);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tap_open(arg);
}

/* vswitch->send */
static bool send_frame(void *owner, uint32_t port, const uint8_t *frame, size_t len)
{
	struct tap *tap = &taps[port - 1];

	(void)owner;
	return tap->pcap && pcap_inject(tap->pcap, frame, len) == (int)len;
}

/* By the driver's name: /sys may show another network namespace than ours. */
static bool is_bridge(const char *name)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (void *)&info };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool bridge;

	snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
	bridge = sock >= 0 && !ioctl(sock, SIOCETHTOOL, &request) && !strcmp(info.driver, "bridge");
	if (sock >= 0)
		close(sock);
	return bridge;
}

static bool add_tap(const char *name, size_t len)
{
	struct tap *tap = &taps[n_taps];

	if (!len || len >= IFNAMSIZ) {
		log_line(LOG_ERR, "--direct: \"%.*s\" is not an interface's name", (int)len, name);
		return false;
	}
	memcpy(tap->name, name, len);
	if (is_bridge(tap->name)) {
		log_line(LOG_ERR, "--direct: %s is a bridge; name the guests' taps", tap->name);
		return false;
	}
	tap->number = ++n_taps;
	return true;
}

bool direct_open(struct vswitches *switches, const char *names)
{
	size_t most = 1;

	for (const char *c = names; *c; c++)
		most += *c == ',';
	taps = xcalloc(most, sizeof(*taps));
	for (const char *name = names; name; ) {
		size_t len = strcspn(name, ",");

		if (!add_tap(name, len))
			return false;
		name = name[len] ? name + len + 1 : NULL;
	}
	direct = vswitch_create(switches, DIRECT_DPID, "direct", "this host", send_frame, NULL);
	if (!direct)
		return false;
	for (size_t i = 0; i < n_taps; i++) {
		taps[i].retry = alloc_checked(evtimer_new(switches->base, on_retry, &taps[i]));
		tap_open(&taps[i]);
	}
	return true;
}

void direct_close(void)
{
	for (size_t i = 0; i < n_taps; i++) {
		tap_close(&taps[i]);
		if (taps[i].retry)
			event_free(taps[i].retry);
	}
	if (direct)
		vswitch_destroy(direct);
	direct = NULL;
	n_taps = 0;
	free(taps);
}
