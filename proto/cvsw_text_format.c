// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Flows, as ovs-ofctl dump-flows prints them. */
#include <stdarg.h>
#include <stdio.h>

#include "cvsw_text.h"

#define DEFAULT_PRIORITY	32768
#define ETHERTYPE_IPV6		0x86dd

/* @len: of the whole text, also of what found no room. */
struct text {
	char *buf;
	size_t room;
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void put(struct text *t, const char *format, ...)
{
	bool full = t->len >= t->room;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(full ? NULL : t->buf + t->len, full ? 0 : t->room - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n;
}

/* Fields are separated by commas; @start is where their row began. */
static void put_comma(struct text *t, size_t start)
{
	if (t->len > start)
		put(t, ",");
}

static void put_mac(struct text *t, const char *name, char sign, const uint8_t mac[CVSW_ETH_ALEN])
{
	put(t, "%s%c%02x:%02x:%02x:%02x:%02x:%02x", name, sign,
	    mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void put_ipv4(struct text *t, uint32_t addr)
{
	put(t, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 0xff, addr >> 8 & 0xff, addr & 0xff);
}

static void put_prefix(struct text *t, const char *name, uint32_t addr, uint32_t mask)
{
	unsigned int bits = (unsigned int)__builtin_popcount(mask);

	put(t, "%s=", name);
	put_ipv4(t, addr);
	if (bits < 32)
		put(t, "/%u", bits);
}

/* The word that names both EtherType and protocol, or NULL. */
static const char *protocol_name(const struct cvsw_match *match)
{
	if (match->mask.dl_type != 0xffff || match->mask.nw_proto != 0xff ||
	    match->key.dl_type != CVSW_ETHERTYPE_IPV4)
		return NULL;
	switch (match->key.nw_proto) {
	case CVSW_IPPROTO_ICMP:
		return "icmp";
	case CVSW_IPPROTO_TCP:
		return "tcp";
	case CVSW_IPPROTO_UDP:
		return "udp";
	case CVSW_IPPROTO_SCTP:
		return "sctp";
	default:
		return NULL;
	}
}

static const char *ethertype_name(const struct cvsw_match *match)
{
	if (match->mask.dl_type != 0xffff)
		return NULL;
	switch (match->key.dl_type) {
	case CVSW_ETHERTYPE_IPV4:
		return "ip";
	case CVSW_ETHERTYPE_ARP:
		return "arp";
	case ETHERTYPE_IPV6:
		return "ipv6";
	default:
		return NULL;
	}
}

static void put_in_port(struct text *t, const struct cvsw_match *match)
{
	if (match->key.in_port == CVSW_HOST)
		put(t, "in_port=HOST");
	else if (match->key.in_port == CVSW_NET)
		put(t, "in_port=NET");
	else
		put(t, "in_port=%u", match->key.in_port);
}

static void put_ethernet(struct text *t, size_t start, const struct cvsw_match *match)
{
	const struct cvsw_key *key = &match->key, *mask = &match->mask;

	if (mask->in_port) {
		put_comma(t, start);
		put_in_port(t, match);
	}
	if (mask->vlan_tci == CVSW_VLAN_PRESENT) {
		put_comma(t, start);
		put(t, "dl_vlan=0xffff");
	}
	if (mask->vlan_tci & CVSW_VLAN_VID_MASK) {
		put_comma(t, start);
		put(t, "dl_vlan=%u", key->vlan_tci & CVSW_VLAN_VID_MASK);
	}
	if (mask->vlan_tci & CVSW_VLAN_PCP_MASK) {
		put_comma(t, start);
		put(t, "dl_vlan_pcp=%u", key->vlan_tci >> CVSW_VLAN_PCP_SHIFT);
	}
	if (mask->dl_src[0]) {
		put_comma(t, start);
		put_mac(t, "dl_src", '=', key->dl_src);
	}
	if (mask->dl_dst[0]) {
		put_comma(t, start);
		put_mac(t, "dl_dst", '=', key->dl_dst);
	}
	if (mask->dl_type && !ethertype_name(match)) {
		put_comma(t, start);
		put(t, "dl_type=0x%04x", key->dl_type);
	}
}

static void put_network(struct text *t, size_t start, const struct cvsw_match *match)
{
	const struct cvsw_key *key = &match->key, *mask = &match->mask;
	bool arp = mask->dl_type == 0xffff && key->dl_type == CVSW_ETHERTYPE_ARP;

	if (mask->nw_src) {
		put_comma(t, start);
		put_prefix(t, arp ? "arp_spa" : "nw_src", key->nw_src, mask->nw_src);
	}
	if (mask->nw_dst) {
		put_comma(t, start);
		put_prefix(t, arp ? "arp_tpa" : "nw_dst", key->nw_dst, mask->nw_dst);
	}
	if (mask->nw_proto && !protocol_name(match)) {
		put_comma(t, start);
		put(t, "%s=%u", arp ? "arp_op" : "nw_proto", key->nw_proto);
	}
	if (mask->nw_tos) {
		put_comma(t, start);
		put(t, "nw_tos=%u", key->nw_tos);
	}
}

static void put_transport(struct text *t, size_t start, const struct cvsw_match *match)
{
	const struct cvsw_key *key = &match->key, *mask = &match->mask;
	bool icmp = mask->nw_proto == 0xff && key->nw_proto == CVSW_IPPROTO_ICMP;

	if (mask->tp_src) {
		put_comma(t, start);
		put(t, "%s=%u", icmp ? "icmp_type" : "tp_src", key->tp_src);
	}
	if (mask->tp_dst) {
		put_comma(t, start);
		put(t, "%s=%u", icmp ? "icmp_code" : "tp_dst", key->tp_dst);
	}
}

/* The order of fields is that of ovs-ofctl, which names the protocol first. */
static void put_match(struct text *t, size_t start, const struct cvsw_match *match)
{
	const char *name = protocol_name(match);

	if (!name)
		name = ethertype_name(match);
	if (name) {
		put_comma(t, start);
		put(t, "%s", name);
	}
	put_ethernet(t, start, match);
	put_network(t, start, match);
	put_transport(t, start, match);
}

static void put_action(struct text *t, const struct cvsw_action *action)
{
	switch (action->type) {
	case CVSW_ACT_OUTPUT:
		put(t, "NORMAL");
		break;
	case CVSW_ACT_SET_VLAN_VID:
		put(t, "mod_vlan_vid:%u", action->vlan_vid);
		break;
	case CVSW_ACT_SET_VLAN_PCP:
		put(t, "mod_vlan_pcp:%u", action->vlan_pcp);
		break;
	case CVSW_ACT_STRIP_VLAN:
		put(t, "strip_vlan");
		break;
	case CVSW_ACT_SET_DL_SRC:
		put_mac(t, "mod_dl_src", ':', action->mac);
		break;
	case CVSW_ACT_SET_DL_DST:
		put_mac(t, "mod_dl_dst", ':', action->mac);
		break;
	case CVSW_ACT_SET_NW_SRC:
		put(t, "mod_nw_src:");
		put_ipv4(t, action->nw_addr);
		break;
	case CVSW_ACT_SET_NW_DST:
		put(t, "mod_nw_dst:");
		put_ipv4(t, action->nw_addr);
		break;
	case CVSW_ACT_SET_NW_TOS:
		put(t, "mod_nw_tos:%u", action->nw_tos);
		break;
	case CVSW_ACT_SET_TP_SRC:
		put(t, "mod_tp_src:%u", action->tp_port);
		break;
	case CVSW_ACT_SET_TP_DST:
		put(t, "mod_tp_dst:%u", action->tp_port);
		break;
	default:
		put(t, "unknown:%u", action->type);
		break;
	}
}

static struct text empty_text(char *buf, size_t room)
{
	struct text t = { .buf = buf, .room = room };

	if (room)
		buf[0] = '\0';
	return t;
}

size_t cvsw_text_format_match(const struct cvsw_match *match, char *buf, size_t room)
{
	struct text t = empty_text(buf, room);

	put_match(&t, 0, match);
	return t.len;
}

size_t cvsw_text_format(const struct cvsw_flow *flow, char *buf, size_t room)
{
	struct text t = empty_text(buf, room);
	size_t start, i;

	if (flow->cookie)
		put(&t, "cookie=0x%llx, ", (unsigned long long)flow->cookie);
	start = t.len;
	if (flow->priority != DEFAULT_PRIORITY)
		put(&t, "priority=%u", flow->priority);
	put_match(&t, start, &flow->match);
	put(&t, t.len > start ? " actions=" : "actions=");
	if (!flow->n_actions)
		put(&t, "drop");
	for (i = 0; i < flow->n_actions; i++) {
		if (i)
			put(&t, ",");
		put_action(&t, &flow->actions[i]);
	}
	return t.len;
}
