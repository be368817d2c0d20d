// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Flows, as ovs-ofctl dump-flows prints them. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include "cvsw_text_parser.h"

#define DEFAULT_PRIORITY	32768
#define ECN_MASK		0x03

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
	if (mask & (~mask >> 1)) {
		put(t, "/");
		put_ipv4(t, mask);
	} else if (bits < 32) {
		put(t, "/%u", bits);
	}
}

/* In hex if there is a mask to show, or @hex. */
static void put_number(struct text *t, const char *name, bool hex, uint32_t number,
		       uint32_t mask, uint32_t whole)
{
	if (mask != whole)
		put(t, "%s=0x%x/0x%x", name, number, mask);
	else
		put(t, hex ? "%s=0x%x" : "%s=%u", name, number);
}

static bool all_ones(const uint8_t *mask, size_t n)
{
	while (n--)
		if (mask[n] != 0xff)
			return false;
	return true;
}

static bool all_zero(const uint8_t *mask, size_t n)
{
	while (n--)
		if (mask[n])
			return false;
	return true;
}

static void put_masked_mac(struct text *t, const char *name, const uint8_t mac[CVSW_ETH_ALEN],
			   const uint8_t mask[CVSW_ETH_ALEN])
{
	put_mac(t, name, '=', mac);
	if (!all_ones(mask, CVSW_ETH_ALEN))
		put_mac(t, "", '/', mask);
}

static uint32_t ipv4_of(const uint8_t *ip)
{
	return (uint32_t)ip[12] << 24 | (uint32_t)ip[13] << 16 | (uint32_t)ip[14] << 8 | ip[15];
}

static void put_ipv6(struct text *t, const uint8_t ip[CVSW_IP_LEN])
{
	char buf[INET6_ADDRSTRLEN];

	put(t, "%s", inet_ntop(AF_INET6, ip, buf, sizeof(buf)));
}

/* A prefix length if the mask is one. */
static void put_masked_ipv6(struct text *t, const char *name, const uint8_t addr[CVSW_IP_LEN],
			    const uint8_t mask[CVSW_IP_LEN])
{
	unsigned int bits = 0, i;
	uint8_t prefix[CVSW_IP_LEN];

	while (bits < 128 && mask[bits / 8] & 0x80 >> bits % 8)
		bits++;
	for (i = 0; i < CVSW_IP_LEN; i++)
		prefix[i] = (uint8_t)(i < bits / 8 ? 0xff : i > bits / 8 ? 0 : 0xff00 >> bits % 8);
	put(t, "%s=", name);
	put_ipv6(t, addr);
	if (memcmp(mask, prefix, sizeof(prefix))) {
		put(t, "/");
		put_ipv6(t, mask);
	} else if (bits < 128) {
		put(t, "/%u", bits);
	}
}

/* @end: "src" or "dst" */
static void put_tun_addr(struct text *t, const char *end, const uint8_t addr[CVSW_IP_LEN],
			 const uint8_t mask[CVSW_IP_LEN])
{
	static const uint8_t ipv4[12] = { [10] = 0xff, [11] = 0xff };

	if (all_ones(mask, sizeof(ipv4)) && !memcmp(addr, ipv4, sizeof(ipv4)) && ipv4_of(mask)) {
		put(t, "tun_");
		put_prefix(t, end, ipv4_of(addr), ipv4_of(mask));
		return;
	}
	put(t, "tun_ipv6_%s=", end);
	put_ipv6(t, addr);
	if (!all_ones(mask, CVSW_IP_LEN)) {
		put(t, "/");
		put_ipv6(t, mask);
	}
}

/* The word that names both EtherType and protocol, or NULL. */
static const char *protocol_name(const struct cvsw_match *match)
{
	bool ipv6 = cvsw_match_names(match, CVSW_NEED_IPV6);

	if (cvsw_match_names(match, CVSW_NEED_TCP))
		return ipv6 ? "tcp6" : "tcp";
	if (cvsw_match_names(match, CVSW_NEED_UDP))
		return ipv6 ? "udp6" : "udp";
	if (cvsw_match_names(match, CVSW_NEED_SCTP))
		return ipv6 ? "sctp6" : "sctp";
	if (cvsw_match_names(match, CVSW_NEED_ICMP))
		return "icmp";
	return cvsw_match_names(match, CVSW_NEED_ICMPV6) ? "icmp6" : NULL;
}

static const char *ethertype_name(const struct cvsw_match *match)
{
	return match->mask.dl_type == 0xffff ? text_ethertype_name(match->key.dl_type) : NULL;
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

/* Can dl_vlan and dl_vlan_pcp say it? */
static bool has_vlan_words(uint16_t key, uint16_t mask)
{
	uint16_t vid = mask & CVSW_VLAN_VID_MASK, pcp = mask & CVSW_VLAN_PCP_MASK;

	if (mask == CVSW_VLAN_PRESENT)
		return !key;
	return key & CVSW_VLAN_PRESENT && (vid || pcp) &&
	       (!vid || vid == CVSW_VLAN_VID_MASK) && (!pcp || pcp == CVSW_VLAN_PCP_MASK);
}

static void put_vlan(struct text *t, size_t start, uint16_t key, uint16_t mask)
{
	if (mask && !has_vlan_words(key, mask)) {
		put_comma(t, start);
		put(t, "vlan_tci=0x%04x", key);
		if (mask != 0xffff)
			put(t, "/0x%04x", mask);
		return;
	}
	if (mask == CVSW_VLAN_PRESENT) {
		put_comma(t, start);
		put(t, "dl_vlan=0xffff");
	}
	if (mask & CVSW_VLAN_VID_MASK) {
		put_comma(t, start);
		put(t, "dl_vlan=%u", key & CVSW_VLAN_VID_MASK);
	}
	if (mask & CVSW_VLAN_PCP_MASK) {
		put_comma(t, start);
		put(t, "dl_vlan_pcp=%u", key >> CVSW_VLAN_PCP_SHIFT);
	}
}

static void put_ethernet(struct text *t, size_t start, const struct cvsw_match *match)
{
	const struct cvsw_key *key = &match->key, *mask = &match->mask;

	if (mask->in_port) {
		put_comma(t, start);
		put_in_port(t, match);
	}
	put_vlan(t, start, key->vlan_tci, mask->vlan_tci);
	if (!all_zero(mask->dl_src, sizeof(mask->dl_src))) {
		put_comma(t, start);
		put_masked_mac(t, "dl_src", key->dl_src, mask->dl_src);
	}
	if (!all_zero(mask->dl_dst, sizeof(mask->dl_dst))) {
		put_comma(t, start);
		put_masked_mac(t, "dl_dst", key->dl_dst, mask->dl_dst);
	}
	if (mask->dl_type && !ethertype_name(match)) {
		put_comma(t, start);
		put(t, "dl_type=0x%04x", key->dl_type);
		if (mask->dl_type != 0xffff)
			put(t, "/0x%04x", mask->dl_type);
	}
}

static void put_ipv6_header(struct text *t, size_t start, const struct cvsw_match *match)
{
	const struct cvsw_key *key = &match->key, *mask = &match->mask;

	if (!all_zero(mask->ipv6_src, sizeof(mask->ipv6_src))) {
		put_comma(t, start);
		put_masked_ipv6(t, "ipv6_src", key->ipv6_src, mask->ipv6_src);
	}
	if (!all_zero(mask->ipv6_dst, sizeof(mask->ipv6_dst))) {
		put_comma(t, start);
		put_masked_ipv6(t, "ipv6_dst", key->ipv6_dst, mask->ipv6_dst);
	}
	if (mask->ipv6_label) {
		put_comma(t, start);
		put(t, "ipv6_label=0x%05x", key->ipv6_label);
		if (mask->ipv6_label != CVSW_IPV6_LABEL_MASK)
			put(t, "/0x%05x", mask->ipv6_label);
	}
}

static void put_hw(struct text *t, size_t start, const char *src, const char *dst,
		   const struct cvsw_match *match)
{
	const struct cvsw_key *key = &match->key, *mask = &match->mask;

	if (!all_zero(mask->hw_src, sizeof(mask->hw_src))) {
		put_comma(t, start);
		put_masked_mac(t, src, key->hw_src, mask->hw_src);
	}
	if (!all_zero(mask->hw_dst, sizeof(mask->hw_dst))) {
		put_comma(t, start);
		put_masked_mac(t, dst, key->hw_dst, mask->hw_dst);
	}
}

static const char *frag_name(const struct cvsw_match *match)
{
	switch (match->mask.nw_frag << 4 | match->key.nw_frag) {
	case CVSW_FRAG_MASK << 4:
		return "no";
	case CVSW_FRAG_ANY << 4 | CVSW_FRAG_ANY:
		return "yes";
	case CVSW_FRAG_MASK << 4 | CVSW_FRAG_ANY:
		return "first";
	case CVSW_FRAG_LATER << 4:
		return "not_later";
	default:
		return "later";
	}
}

/* TTL and fragments, where they are matched. */
static void put_ip_rest(struct text *t, size_t start, const struct cvsw_match *match)
{
	const struct cvsw_key *key = &match->key, *mask = &match->mask;

	if (mask->nw_ttl) {
		put_comma(t, start);
		put_number(t, "nw_ttl", false, key->nw_ttl, mask->nw_ttl, 0xff);
	}
	if (mask->nw_frag) {
		put_comma(t, start);
		put(t, "nw_frag=%s", frag_name(match));
	}
}

static void put_network(struct text *t, size_t start, const struct cvsw_match *match)
{
	const struct cvsw_key *key = &match->key, *mask = &match->mask;
	bool arp = cvsw_match_names(match, CVSW_NEED_ARP);

	put_ipv6_header(t, start, match);

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
		put_number(t, arp ? "arp_op" : "nw_proto", false, key->nw_proto, mask->nw_proto,
			   0xff);
	}
	if (arp)
		put_hw(t, start, "arp_sha", "arp_tha", match);
	if (mask->nw_tos & CVSW_DSCP_MASK) {
		put_comma(t, start);
		put_number(t, "nw_tos", false, key->nw_tos & CVSW_DSCP_MASK,
			   mask->nw_tos & CVSW_DSCP_MASK, CVSW_DSCP_MASK);
	}
	if (mask->nw_tos & ECN_MASK) {
		put_comma(t, start);
		put_number(t, "nw_ecn", false, key->nw_tos & ECN_MASK, mask->nw_tos & ECN_MASK,
			   ECN_MASK);
	}
	put_ip_rest(t, start, match);
}

/* ICMP's are bytes: its words say nothing of the upper one, which is zero. */
static void put_port(struct text *t, const char *name, const char *icmp_name, bool icmp,
		     uint16_t number, uint16_t mask)
{
	if (icmp && mask >> 8 == 0xff && mask != 0xff00)
		put_number(t, icmp_name, false, number, mask & 0xff, 0xff);
	else
		put_number(t, name, false, number, mask, 0xffff);
}

static void put_tcp_flags(struct text *t, uint16_t flags, uint16_t mask)
{
	bool all = mask == CVSW_TCP_FLAGS_MASK, first = true;
	size_t i;

	put(t, all && !flags ? "tcp_flags=0" : "tcp_flags=");
	for (i = 0; i < TEXT_N_TCP_FLAGS; i++) {
		bool set = flags >> i & 1;

		if (all ? !set : !(mask >> i & 1))
			continue;
		put(t, "%s%s", !all ? set ? "+" : "-" : first ? "" : "|",
		    text_tcp_flags[i]);
		first = false;
	}
}

static void put_transport(struct text *t, size_t start, const struct cvsw_match *match)
{
	const struct cvsw_key *key = &match->key, *mask = &match->mask;
	bool icmp = cvsw_match_names(match, CVSW_NEED_ICMP) ||
		    cvsw_match_names(match, CVSW_NEED_ICMPV6);

	if (mask->tp_src) {
		put_comma(t, start);
		put_port(t, "tp_src", "icmp_type", icmp, key->tp_src, mask->tp_src);
	}
	if (mask->tp_dst) {
		put_comma(t, start);
		put_port(t, "tp_dst", "icmp_code", icmp, key->tp_dst, mask->tp_dst);
	}
	if (mask->tcp_flags) {
		put_comma(t, start);
		put_tcp_flags(t, key->tcp_flags, mask->tcp_flags);
	}
	if (!all_zero(mask->nd_target, sizeof(mask->nd_target))) {
		put_comma(t, start);
		put_masked_ipv6(t, "nd_target", key->nd_target, mask->nd_target);
	}
	if (!cvsw_match_names(match, CVSW_NEED_ARP))
		put_hw(t, start, "nd_sll", "nd_tll", match);
}

/* What became of the frame before this lookup. */
static void put_past(struct text *t, size_t start, const struct cvsw_match *match)
{
	const struct cvsw_key *key = &match->key, *mask = &match->mask;

	if (mask->pass) {
		put_comma(t, start);
		put_number(t, "pass", false, key->pass, mask->pass, 0xff);
	}
	if (mask->sa) {
		put_comma(t, start);
		put_number(t, "sa", true, key->sa, mask->sa, 0xffffffff);
	}
	if (mask->tun_type) {
		put_comma(t, start);
		if (mask->tun_type == 0xff)
			put(t, "tun_type=%s", key->tun_type ? "vxlan" : "none");
		else
			put_number(t, "tun_type", true, key->tun_type, mask->tun_type, 0xff);
	}
	if (mask->tun_id) {
		put_comma(t, start);
		put_number(t, "tun_id", true, key->tun_id, mask->tun_id, 0xffffffff);
	}
	if (!all_zero(mask->tun_src, sizeof(mask->tun_src))) {
		put_comma(t, start);
		put_tun_addr(t, "src", key->tun_src, mask->tun_src);
	}
	if (!all_zero(mask->tun_dst, sizeof(mask->tun_dst))) {
		put_comma(t, start);
		put_tun_addr(t, "dst", key->tun_dst, mask->tun_dst);
	}
	if (mask->metadata) {
		put_comma(t, start);
		put(t, "metadata=0x%llx", (unsigned long long)key->metadata);
		if (mask->metadata != UINT64_MAX)
			put(t, "/0x%llx", (unsigned long long)mask->metadata);
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
	put_past(t, start, match);
	put_ethernet(t, start, match);
	put_network(t, start, match);
	put_transport(t, start, match);
}

static void put_vxlan_encap(struct text *t, const struct cvsw_tunnel *tunnel)
{
	put(t, "vxlan_encap(vni=%u,dst=", tunnel->id);
	put_ipv4(t, ipv4_of(tunnel->dst));
	put(t, ",src=");
	put_ipv4(t, ipv4_of(tunnel->src));
	put_mac(t, ",dl_dst", '=', tunnel->dl_dst);
	put_mac(t, ",dl_src", '=', tunnel->dl_src);
	if (tunnel->udp_dst != CVSW_VXLAN_PORT)
		put(t, ",port=%u", tunnel->udp_dst);
	if (tunnel->ttl != CVSW_TUNNEL_TTL)
		put(t, ",ttl=%u", tunnel->ttl);
	if (tunnel->flags & CVSW_TUNNEL_INHERIT_TOS)
		put(t, ",tos=inherit");
	else if (tunnel->tos)
		put(t, ",tos=%u", tunnel->tos);
	if (tunnel->flags & CVSW_TUNNEL_CSUM)
		put(t, ",csum");
	put(t, ")");
}

static const char *output_name(uint16_t port)
{
	switch (port) {
	case CVSW_HOST:
		return "output:HOST";
	case CVSW_NET:
		return "output:NET";
	case CVSW_PORT_IN_PORT:
		return "IN_PORT";
	case CVSW_PORT_LOCAL:
		return "LOCAL";
	case CVSW_PORT_NONE:
		return "output:NONE";
	default:
		return "NORMAL";
	}
}

static void put_subfield(struct text *t, enum cvsw_field field, unsigned int ofs,
			 unsigned int n_bits)
{
	put(t, "%s[", cvsw_field_info[field].name);
	if (n_bits == 1)
		put(t, "%u", ofs);
	else if (n_bits < cvsw_field_info[field].bits)
		put(t, "%u..%u", ofs, ofs + n_bits - 1);
	put(t, "]");
}

static void put_move(struct text *t, const struct cvsw_move *move)
{
	put(t, "move:");
	put_subfield(t, move->src, move->src_ofs, move->n_bits);
	put(t, "->");
	put_subfield(t, move->dst, move->dst_ofs, move->n_bits);
}

static void put_load(struct text *t, const struct cvsw_load *load)
{
	unsigned long long value = 0;
	size_t i;

	for (i = 0; i < sizeof(load->value); i++)
		value = value << 8 | load->value[i];
	put(t, "load:%#llx->", value);
	put_subfield(t, load->dst, load->ofs, load->n_bits);
}

/* A clone's parenthesis stays open. */
static void put_action(struct text *t, const struct cvsw_action *action)
{
	switch (action->type) {
	case CVSW_ACT_OUTPUT:
		put(t, "%s", output_name(action->port));
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
	case CVSW_ACT_DEC_TTL:
		put(t, "dec_ttl");
		break;
	case CVSW_ACT_MOVE:
		put_move(t, &action->move);
		break;
	case CVSW_ACT_LOAD:
		put_load(t, &action->load);
		break;
	case CVSW_ACT_VXLAN_ENCAP:
		put_vxlan_encap(t, &action->tunnel);
		break;
	case CVSW_ACT_VXLAN_DECAP:
		put(t, "vxlan_decap");
		break;
	case CVSW_ACT_VXLAN_STRIP:
		put(t, "vxlan_strip");
		break;
	case CVSW_ACT_ENCRYPT:
		put(t, "encrypt(spi=0x%x)", action->spi);
		break;
	case CVSW_ACT_DECRYPT:
		put(t, "decrypt");
		break;
	case CVSW_ACT_CLONE:
		put(t, "clone(");
		break;
	case CVSW_ACT_CONTROLLER:
		put(t, "CONTROLLER:%u", action->max_len);
		break;
	case CVSW_ACT_NEXT:
		put(t, "next");
		break;
	default:
		put(t, "unknown:%u", action->type);
		break;
	}
}

static void put_actions(struct text *t, const struct cvsw_flow *flow)
{
	size_t i, cloned = 0;

	for (i = 0; i < flow->n_actions; i++) {
		const struct cvsw_action *action = &flow->actions[i];
		bool clone = action->type == CVSW_ACT_CLONE;

		put_action(t, action);
		if (cloned && !--cloned)
			put(t, ")");
		if (clone)
			cloned = action->n_cloned;
		else if (i + 1 < flow->n_actions)
			put(t, ",");
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

/* How long it lasts, and what its flow_mod asks for: as ovs-ofctl dump-flows has it. */
static void put_life(struct text *t, const struct cvsw_flow *flow)
{
	if (flow->idle_timeout)
		put(t, "idle_timeout=%u, ", flow->idle_timeout);
	if (flow->hard_timeout)
		put(t, "hard_timeout=%u, ", flow->hard_timeout);
	if (flow->flags & CVSW_FLOW_SEND_REMOVED)
		put(t, "send_flow_rem ");
	if (flow->flags & CVSW_FLOW_CHECK_OVERLAP)
		put(t, "check_overlap ");
}

size_t cvsw_text_format(const struct cvsw_flow *flow, char *buf, size_t room)
{
	struct text t = empty_text(buf, room);
	size_t start;

	if (flow->cookie)
		put(&t, "cookie=0x%llx, ", (unsigned long long)flow->cookie);
	put_life(&t, flow);
	start = t.len;
	if (flow->priority != DEFAULT_PRIORITY)
		put(&t, "priority=%u", flow->priority);
	put_match(&t, start, &flow->match);
	put(&t, t.len > start ? " actions=" : "actions=");
	if (!flow->n_actions)
		put(&t, "drop");
	put_actions(&t, flow);
	return t.len;
}
