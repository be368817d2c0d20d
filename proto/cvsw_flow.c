// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "cvsw_flow.h"

const struct cvsw_field_info cvsw_field_info[CVSW_N_FIELDS] = {
#define CVSW_FIELD_INFO(id, name, class, number, bytes, bits, need)		\
	{ name, (uint32_t)(class) << 16 | (number) << 9 | (bytes), bits, CVSW_NEED_##need },
	CVSW_FIELDS(CVSW_FIELD_INFO)
#undef CVSW_FIELD_INFO
};

static bool has_ports(uint8_t nw_proto)
{
	return nw_proto == CVSW_IPPROTO_TCP || nw_proto == CVSW_IPPROTO_UDP ||
	       nw_proto == CVSW_IPPROTO_SCTP;
}

/* Can a frame that matches be of this EtherType? */
static bool admits_type(const struct cvsw_match *match, uint16_t dl_type)
{
	return !((match->key.dl_type ^ dl_type) & match->mask.dl_type);
}

static bool names_type(const struct cvsw_match *match, uint16_t dl_type)
{
	return match->mask.dl_type == 0xffff && match->key.dl_type == dl_type;
}

/* Protocol, ToS and ports are IPv4's wherever no EtherType says otherwise. */
static void name_ipv4(struct cvsw_match *match)
{
	const struct cvsw_key *mask = &match->mask;

	if (mask->dl_type == 0xffff || !admits_type(match, CVSW_ETHERTYPE_IPV4))
		return;
	if (mask->nw_proto || mask->nw_tos || mask->tp_src || mask->tp_dst) {
		match->key.dl_type = CVSW_ETHERTYPE_IPV4;
		match->mask.dl_type = 0xffff;
	}
}

static bool names_proto(const struct cvsw_match *match, uint8_t nw_proto)
{
	return match->mask.nw_proto == 0xff && match->key.nw_proto == nw_proto;
}

/* ICMP's in its own version of IP, or a protocol with ports, or perhaps one of them. */
static bool admits_tp(const struct cvsw_match *match, bool ipv6)
{
	if (match->mask.nw_proto != 0xff || has_ports(match->key.nw_proto))
		return true;
	return match->key.nw_proto == (ipv6 ? CVSW_IPPROTO_ICMPV6 : CVSW_IPPROTO_ICMP);
}

/* Is a Neighbor Discovery message of this type named?  Its code is zero (RFC 4861, 4.3). */
static bool names_nd(const struct cvsw_match *match, uint8_t type)
{
	return names_type(match, CVSW_ETHERTYPE_IPV6) && names_proto(match, CVSW_IPPROTO_ICMPV6) &&
	       match->mask.tp_src == 0xffff && match->key.tp_src == type && !match->key.tp_dst;
}

bool cvsw_match_names(const struct cvsw_match *match, enum cvsw_need need)
{
	bool ipv4 = names_type(match, CVSW_ETHERTYPE_IPV4);
	bool ipv6 = names_type(match, CVSW_ETHERTYPE_IPV6);

	switch (need) {
	case CVSW_NEED_NOTHING:
		return true;
	case CVSW_NEED_ARP:
		return names_type(match, CVSW_ETHERTYPE_ARP);
	case CVSW_NEED_IPV4:
		return ipv4;
	case CVSW_NEED_IPV6:
		return ipv6;
	case CVSW_NEED_IP:
		return ipv4 || ipv6;
	case CVSW_NEED_TCP:
		return (ipv4 || ipv6) && names_proto(match, CVSW_IPPROTO_TCP);
	case CVSW_NEED_UDP:
		return (ipv4 || ipv6) && names_proto(match, CVSW_IPPROTO_UDP);
	case CVSW_NEED_SCTP:
		return (ipv4 || ipv6) && names_proto(match, CVSW_IPPROTO_SCTP);
	case CVSW_NEED_ICMP:
		return ipv4 && names_proto(match, CVSW_IPPROTO_ICMP);
	case CVSW_NEED_ICMPV6:
		return ipv6 && names_proto(match, CVSW_IPPROTO_ICMPV6);
	case CVSW_NEED_ND_SOLICIT:
		return names_nd(match, CVSW_ND_SOLICIT);
	case CVSW_NEED_ND_ADVERT:
		return names_nd(match, CVSW_ND_ADVERT);
	case CVSW_NEED_ND:
		return names_nd(match, CVSW_ND_SOLICIT) || names_nd(match, CVSW_ND_ADVERT);
	}
	return false;
}

/* OpenFlow 1.0.0, 3.4: a field that the named protocol lacks is ignored. */
static void ignore_foreign_fields(struct cvsw_match *match)
{
	struct cvsw_key *mask = &match->mask;
	bool ipv4 = admits_type(match, CVSW_ETHERTYPE_IPV4);
	bool arp = admits_type(match, CVSW_ETHERTYPE_ARP);
	bool ipv6 = names_type(match, CVSW_ETHERTYPE_IPV6);

	if (!ipv4 && !arp) {
		mask->nw_src = 0;
		mask->nw_dst = 0;
	}
	if (!ipv4 && !arp && !ipv6)
		mask->nw_proto = 0;
	if (!ipv4 && !ipv6)
		mask->nw_tos = 0;
	if ((!ipv4 && !ipv6) || !admits_tp(match, ipv6)) {
		mask->tp_src = 0;
		mask->tp_dst = 0;
	}
}

/* Of those that ofp_match has not, and that need their protocol's name. */
static void ignore_unnamed_fields(struct cvsw_match *match)
{
	struct cvsw_key *mask = &match->mask;

	if (!cvsw_match_names(match, CVSW_NEED_IP)) {
		mask->nw_ttl = 0;
		mask->nw_frag = 0;
	}
	if (!cvsw_match_names(match, CVSW_NEED_TCP))
		mask->tcp_flags = 0;
	if (!cvsw_match_names(match, CVSW_NEED_IPV6)) {
		memset(mask->ipv6_src, 0, sizeof(mask->ipv6_src));
		memset(mask->ipv6_dst, 0, sizeof(mask->ipv6_dst));
		mask->ipv6_label = 0;
	}
	if (!cvsw_match_names(match, CVSW_NEED_ND))
		memset(mask->nd_target, 0, sizeof(mask->nd_target));
	if (!cvsw_match_names(match, CVSW_NEED_ARP) &&
	    !cvsw_match_names(match, CVSW_NEED_ND_SOLICIT))
		memset(mask->hw_src, 0, sizeof(mask->hw_src));
	if (!cvsw_match_names(match, CVSW_NEED_ARP) &&
	    !cvsw_match_names(match, CVSW_NEED_ND_ADVERT))
		memset(mask->hw_dst, 0, sizeof(mask->hw_dst));
}

static uint8_t layers_needed(const struct cvsw_match *match)
{
	const struct cvsw_key *mask = &match->mask;
	uint8_t layers = 0;

	if ((mask->nw_src || mask->nw_dst) && mask->dl_type != 0xffff)
		layers |= CVSW_LAYER_ADDR;
	if ((mask->tp_src || mask->tp_dst) && mask->nw_proto != 0xff)
		layers |= CVSW_LAYER_PORTS;
	return layers;
}

/* Bits of a tag demand one; that there is none says all about the others. */
static void settle_tag(struct cvsw_match *match)
{
	uint16_t *key = &match->key.vlan_tci, *mask = &match->mask.vlan_tci;

	if (*key && !(*mask & CVSW_VLAN_PRESENT)) {
		*key |= CVSW_VLAN_PRESENT;
		*mask |= CVSW_VLAN_PRESENT;
	}
	if (!*key && *mask & CVSW_VLAN_PRESENT)
		*mask = CVSW_VLAN_PRESENT;
}

/* Only a fragment can be a later one. */
static void settle_frag(struct cvsw_match *match)
{
	uint8_t *key = &match->key.nw_frag, *mask = &match->mask.nw_frag;

	if (*key & CVSW_FRAG_LATER) {
		*key |= CVSW_FRAG_ANY;
		*mask |= CVSW_FRAG_ANY;
	} else if (*mask & CVSW_FRAG_ANY && !*key) {
		*mask |= CVSW_FRAG_LATER;
	}
}

static void clear_unmasked(struct cvsw_match *match)
{
	uint8_t *key = (uint8_t *)&match->key;
	const uint8_t *mask = (const uint8_t *)&match->mask;
	size_t i;

	for (i = 0; i < sizeof(match->key); i++)
		key[i] &= mask[i];
}

void cvsw_match_normalize(struct cvsw_match *match)
{
	match->mask.nw_frag &= CVSW_FRAG_MASK;
	match->mask.tcp_flags &= CVSW_TCP_FLAGS_MASK;
	match->mask.ipv6_label &= CVSW_IPV6_LABEL_MASK;
	memset(match->mask.unused, 0, sizeof(match->mask.unused));
	clear_unmasked(match);
	settle_tag(match);
	settle_frag(match);
	name_ipv4(match);
	ignore_foreign_fields(match);
	ignore_unnamed_fields(match);
	match->mask.layers = layers_needed(match);
	match->key.layers = match->mask.layers;
	clear_unmasked(match);
}

/* The layers that every whole frame of the protocols it names has. */
static uint8_t layers_named(const struct cvsw_match *match)
{
	uint8_t layers = 0;

	if (cvsw_match_names(match, CVSW_NEED_ARP) || cvsw_match_names(match, CVSW_NEED_IPV4))
		layers |= CVSW_LAYER_ADDR;
	if (cvsw_match_names(match, CVSW_NEED_IP) && match->mask.nw_proto == 0xff &&
	    has_ports(match->key.nw_proto) && !(match->key.nw_frag & CVSW_FRAG_LATER))
		layers |= CVSW_LAYER_PORTS;
	return layers;
}

bool cvsw_match_covers(const struct cvsw_match *wide, const struct cvsw_match *narrow)
{
	const uint8_t *wide_key = (const uint8_t *)&wide->key;
	const uint8_t *wide_mask = (const uint8_t *)&wide->mask;
	struct cvsw_match known = *narrow;
	const uint8_t *key = (const uint8_t *)&known.key;
	const uint8_t *mask = (const uint8_t *)&known.mask;
	size_t i;

	known.key.layers |= layers_named(narrow);
	known.mask.layers |= layers_named(narrow);
	if (narrow->mask.vlan_tci == CVSW_VLAN_PRESENT && !narrow->key.vlan_tci)
		known.mask.vlan_tci = 0xffff;
	for (i = 0; i < sizeof(wide->key); i++)
		if ((wide_mask[i] & ~mask[i]) || ((wide_key[i] ^ key[i]) & wide_mask[i]))
			return false;
	return true;
}

bool cvsw_match_overlaps(const struct cvsw_match *a, const struct cvsw_match *b)
{
	const uint8_t *a_key = (const uint8_t *)&a->key, *a_mask = (const uint8_t *)&a->mask;
	const uint8_t *b_key = (const uint8_t *)&b->key, *b_mask = (const uint8_t *)&b->mask;
	size_t i;

	for (i = 0; i < sizeof(a->key); i++)
		if ((a_key[i] ^ b_key[i]) & a_mask[i] & b_mask[i])
			return false;
	return true;
}

bool cvsw_match_equal(const struct cvsw_match *a, const struct cvsw_match *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static bool tunnel_equal(const struct cvsw_tunnel *a, const struct cvsw_tunnel *b)
{
	return a->type == b->type && a->ttl == b->ttl && a->tos == b->tos &&
	       a->flags == b->flags && a->udp_dst == b->udp_dst && a->id == b->id &&
	       !memcmp(a->dl_dst, b->dl_dst, sizeof(a->dl_dst)) &&
	       !memcmp(a->dl_src, b->dl_src, sizeof(a->dl_src)) &&
	       !memcmp(a->dst, b->dst, sizeof(a->dst)) && !memcmp(a->src, b->src, sizeof(a->src));
}

static bool action_equal(const struct cvsw_action *a, const struct cvsw_action *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case CVSW_ACT_CONTROLLER:
		return a->max_len == b->max_len;
	case CVSW_ACT_OUTPUT:
		return a->port == b->port;
	case CVSW_ACT_SET_VLAN_VID:
		return a->vlan_vid == b->vlan_vid;
	case CVSW_ACT_SET_VLAN_PCP:
		return a->vlan_pcp == b->vlan_pcp;
	case CVSW_ACT_SET_DL_SRC:
	case CVSW_ACT_SET_DL_DST:
		return !memcmp(a->mac, b->mac, sizeof(a->mac));
	case CVSW_ACT_SET_NW_SRC:
	case CVSW_ACT_SET_NW_DST:
		return a->nw_addr == b->nw_addr;
	case CVSW_ACT_SET_NW_TOS:
		return a->nw_tos == b->nw_tos;
	case CVSW_ACT_SET_TP_SRC:
	case CVSW_ACT_SET_TP_DST:
		return a->tp_port == b->tp_port;
	case CVSW_ACT_VXLAN_ENCAP:
		return tunnel_equal(&a->tunnel, &b->tunnel);
	case CVSW_ACT_ENCRYPT:
		return a->spi == b->spi;
	case CVSW_ACT_CLONE:
		return a->n_cloned == b->n_cloned;
	case CVSW_ACT_MOVE:
		return !memcmp(&a->move, &b->move, sizeof(a->move));
	case CVSW_ACT_LOAD:
		return !memcmp(&a->load, &b->load, sizeof(a->load));
	default:
		return true;
	}
}

bool cvsw_actions_equal(const struct cvsw_action *a, size_t n_a,
			const struct cvsw_action *b, size_t n_b)
{
	size_t i;

	if (n_a != n_b)
		return false;
	for (i = 0; i < n_a; i++)
		if (!action_equal(&a[i], &b[i]))
			return false;
	return true;
}

bool cvsw_flow_equal(const struct cvsw_flow *a, const struct cvsw_flow *b)
{
	return cvsw_match_equal(&a->match, &b->match) && a->cookie == b->cookie &&
	       a->priority == b->priority && a->idle_timeout == b->idle_timeout &&
	       a->hard_timeout == b->hard_timeout && a->flags == b->flags &&
	       cvsw_actions_equal(a->actions, a->n_actions, b->actions, b->n_actions);
}
