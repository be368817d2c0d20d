// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "cvsw_flow.h"

#include "cvsw_sa.h"

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

/* ICMP's in its own version of IP, or a protocol with ports, or perhaps one of them. */
static bool admits_tp(const struct cvsw_match *match, bool ipv6)
{
	if (match->mask.nw_proto != 0xff || has_ports(match->key.nw_proto))
		return true;
	return match->key.nw_proto == (ipv6 ? CVSW_IPPROTO_ICMPV6 : CVSW_IPPROTO_ICMP);
}

/* What a protocol above IP lets be named, once its number is. */
static uint32_t needs_of_proto(const struct cvsw_match *match, bool ipv6)
{
	uint32_t needs;

	switch (match->key.nw_proto) {
	case CVSW_IPPROTO_TCP:
		return 1u << CVSW_NEED_TCP;
	case CVSW_IPPROTO_UDP:
		return 1u << CVSW_NEED_UDP;
	case CVSW_IPPROTO_SCTP:
		return 1u << CVSW_NEED_SCTP;
	case CVSW_IPPROTO_ICMP:
		return ipv6 ? 0 : 1u << CVSW_NEED_ICMP | 1u << CVSW_NEED_ANY_ICMP;
	case CVSW_IPPROTO_ICMPV6:
		if (!ipv6)
			return 0;
		needs = 1u << CVSW_NEED_ICMPV6 | 1u << CVSW_NEED_ANY_ICMP;
		/* Neighbor Discovery's code is zero (RFC 4861, 4.3). */
		if (match->mask.tp_src != 0xffff || match->key.tp_dst)
			return needs;
		if (match->key.tp_src == CVSW_ND_SOLICIT)
			needs |= 1u << CVSW_NEED_ND_SOLICIT | 1u << CVSW_NEED_ND;
		if (match->key.tp_src == CVSW_ND_ADVERT)
			needs |= 1u << CVSW_NEED_ND_ADVERT | 1u << CVSW_NEED_ND;
		return needs;
	default:
		return 0;
	}
}

uint32_t cvsw_match_needs(const struct cvsw_match *match)
{
	uint32_t needs = 1u << CVSW_NEED_NOTHING;
	bool ipv6 = match->key.dl_type == CVSW_ETHERTYPE_IPV6;

	if (match->mask.dl_type != 0xffff)
		return needs;
	if (match->key.dl_type == CVSW_ETHERTYPE_ARP)
		return needs | 1u << CVSW_NEED_ARP;
	if (match->key.dl_type != CVSW_ETHERTYPE_IPV4 && !ipv6)
		return needs;
	needs |= 1u << CVSW_NEED_IP | 1u << (ipv6 ? CVSW_NEED_IPV6 : CVSW_NEED_IPV4);
	return match->mask.nw_proto == 0xff ? needs | needs_of_proto(match, ipv6) : needs;
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

/* What has only fields that need their protocol's name, and has not got it. */
static void ignore_unnamed_fields(struct cvsw_match *match)
{
	uint32_t needs = cvsw_match_needs(match);

	/* Which needs a slot's fields have is known when this is compiled. */
#define NEED_OF(id, slot, class, number, bytes, bits, oxm, need, ...)			\
	| (CVSW_SLOT_##slot == cleared ? 1u << CVSW_NEED_##need : 0)
#define CLEAR_UNNAMED(id, number, member, kind) do {						\
		const enum cvsw_slot cleared = CVSW_SLOT_##id;				\
		if (!(needs & (0 CVSW_FIELDS(NEED_OF))))				\
			memset(&match->mask.member, 0, sizeof(match->mask.member));	\
	} while (0);
	CVSW_SLOTS(CLEAR_UNNAMED)
#undef CLEAR_UNNAMED
#undef NEED_OF
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
	match->mask.table = 0;
	match->mask.unused = 0;
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

bool cvsw_match_complete(struct cvsw_match *match)
{
	struct cvsw_match normal = *match;

	cvsw_match_normalize(&normal);
	match->key.layers = normal.key.layers;
	match->mask.layers = normal.mask.layers;
	return cvsw_match_equal(match, &normal);
}

enum cvsw_slot cvsw_match_impossible(const struct cvsw_match *match)
{
	const struct cvsw_key *key = &match->key, *mask = &match->mask;

	if (mask->in_port && (mask->in_port != 0xff ||
			      (key->in_port != CVSW_HOST && key->in_port != CVSW_NET)))
		return CVSW_SLOT_IN_PORT;
	/* No tag, and something in it? */
	if (mask->vlan_tci & ~key->vlan_tci & CVSW_VLAN_PRESENT && key->vlan_tci)
		return CVSW_SLOT_VLAN_TCI;
	if (key->tun_type >= CVSW_N_TUNNELS)
		return CVSW_SLOT_TUN_TYPE;
	if (key->pass >= CVSW_MAX_PASSES)
		return CVSW_SLOT_PASS;
	/* ICMP's type and code are bytes, though they stand in fields of two. */
	if (cvsw_match_names(match, CVSW_NEED_ICMP) || cvsw_match_names(match, CVSW_NEED_ICMPV6))
		return key->tp_src > 0xff ? CVSW_SLOT_TP_SRC :
		       key->tp_dst > 0xff ? CVSW_SLOT_TP_DST : CVSW_SLOT_NONE;
	return CVSW_SLOT_NONE;
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

	if (wide->table != narrow->table && wide->table != CVSW_TABLE_ALL)
		return false;
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

	if (a->table != b->table)
		return false;
	for (i = 0; i < sizeof(a->key); i++)
		if ((a_key[i] ^ b_key[i]) & a_mask[i] & b_mask[i])
			return false;
	return true;
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
	case CVSW_ACT_VXLAN_ENCAP:
		return tunnel_equal(&a->tunnel, &b->tunnel);
	case CVSW_ACT_ENCRYPT:
		return a->spi == b->spi;
	case CVSW_ACT_CLONE:
		return a->n_cloned == b->n_cloned;
	case CVSW_ACT_WRITE_ACTIONS:
		return a->n_written == b->n_written;
	case CVSW_ACT_GOTO_TABLE:
		return a->table == b->table;
	case CVSW_ACT_RESUBMIT:
		return a->resubmit.port == b->resubmit.port &&
		       a->resubmit.table == b->resubmit.table;
	case CVSW_ACT_GROUP:
		return a->to_group.id == b->to_group.id && a->to_group.hash == b->to_group.hash;
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

/* ---- which actions a flow can have ---- */

#define TUNNEL_FLAGS		(CVSW_TUNNEL_CSUM | CVSW_TUNNEL_INHERIT_TOS)

/* An IPv4 address as ::ffff:a.b.c.d, and not 0.0.0.0. */
static bool is_outer_ip(const uint8_t ip[CVSW_IP_LEN])
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(ip, prefix, sizeof(prefix)) && (ip[12] | ip[13] | ip[14] | ip[15]);
}

static bool is_tunnel(const struct cvsw_tunnel *tunnel)
{
	return is_outer_ip(tunnel->dst) && is_outer_ip(tunnel->src) &&
	       tunnel->id <= CVSW_VXLAN_VNI_MAX && tunnel->udp_dst && tunnel->ttl &&
	       !(tunnel->tos & ~CVSW_DSCP_MASK) &&
	       !(tunnel->flags & CVSW_TUNNEL_INHERIT_TOS && tunnel->tos);
}

/* Has the field these bits, and can actions have it? */
static bool has_bits(uint8_t field, unsigned int ofs, unsigned int n_bits)
{
	return field < CVSW_N_FIELDS && cvsw_field_info[field].writable && n_bits &&
	       ofs + n_bits <= cvsw_field_info[field].bits;
}

static bool is_load(const struct cvsw_load *load)
{
	return has_bits(load->dst, load->ofs, load->n_bits) && load->n_bits <= 64 &&
	       (load->n_bits == 64 || !(cvsw_load_value(load) >> load->n_bits));
}

static enum cvsw_fault check_resubmit(const struct cvsw_resubmit *resubmit)
{
	if (resubmit->table >= CVSW_TABLES && resubmit->table != CVSW_TABLE_SAME)
		return CVSW_FAULT_TABLE;
	return resubmit->port == CVSW_PORT_IN_PORT || resubmit->port == CVSW_HOST ||
	       resubmit->port == CVSW_NET ? CVSW_OK : CVSW_FAULT_ACTION_PORT;
}

enum cvsw_fault cvsw_action_check(const struct cvsw_action *action)
{
	bool good = true;

	switch (action->type) {
	case CVSW_ACT_OUTPUT:
		return cvsw_port_is_known(action->port) ? CVSW_OK : CVSW_FAULT_ACTION_PORT;
	case CVSW_ACT_VXLAN_ENCAP:
		if (action->tunnel.flags & ~TUNNEL_FLAGS)
			return CVSW_FAULT_RESERVED;
		good = is_tunnel(&action->tunnel);
		break;
	case CVSW_ACT_ENCRYPT:
		good = action->spi >= CVSW_SA_SPI_MIN;
		break;
	case CVSW_ACT_MOVE:
		good = has_bits(action->move.src, action->move.src_ofs, action->move.n_bits) &&
		       has_bits(action->move.dst, action->move.dst_ofs, action->move.n_bits);
		break;
	case CVSW_ACT_LOAD:
		good = is_load(&action->load);
		break;
	case CVSW_ACT_GOTO_TABLE:
		return action->table < CVSW_TABLES ? CVSW_OK : CVSW_FAULT_TABLE;
	case CVSW_ACT_RESUBMIT:
		return check_resubmit(&action->resubmit);
	case CVSW_ACT_GROUP:
		good = action->to_group.id <= CVSW_GROUP_MAX &&
		       action->to_group.hash < CVSW_N_GROUP_HASHES;
		break;
	}
	return good ? CVSW_OK : CVSW_FAULT_ACTION_VALUE;
}

/* What must be last, and ends the list. */
static bool is_last_word(uint16_t type)
{
	return type == CVSW_ACT_NEXT || type == CVSW_ACT_GOTO_TABLE;
}

/* Of how many actions behind it an action is the head. */
static size_t n_inside(const struct cvsw_action *action)
{
	return action->type == CVSW_ACT_CLONE ? action->n_cloned :
	       action->type == CVSW_ACT_WRITE_ACTIONS ? action->n_written : 0;
}

bool cvsw_action_fits_in(uint16_t type, uint16_t head)
{
	bool simple = cvsw_action_rewrites(type) || type == CVSW_ACT_OUTPUT ||
		      type == CVSW_ACT_CONTROLLER;

	if (head == CVSW_ACT_WRITE_ACTIONS)
		return simple || type == CVSW_ACT_GROUP;
	if (head == CVSW_ACT_GROUP)
		return simple || type == CVSW_ACT_VXLAN_ENCAP || type == CVSW_ACT_ENCRYPT;
	return simple || cvsw_action_changes_layers(type);
}

size_t cvsw_actions_misplaced(const struct cvsw_flow *flow)
{
	size_t i, head = 0, inside = 0;

	for (i = 0; i < flow->n_actions; i++) {
		const struct cvsw_action *action = &flow->actions[i];

		if (i && is_last_word(flow->actions[i - 1].type))
			return i;
		if (inside && !cvsw_action_fits_in(action->type, flow->actions[head].type))
			return i;
		if (inside) {
			inside--;
		} else if (action->type == CVSW_ACT_CLONE ||
			   action->type == CVSW_ACT_WRITE_ACTIONS) {
			head = i;
			inside = n_inside(action);
			if (!inside)
				return i;
		}
	}
	return inside ? head : i;
}

size_t cvsw_actions_backward(const struct cvsw_flow *flow)
{
	size_t i = 0;

	while (i < flow->n_actions && (flow->actions[i].type != CVSW_ACT_GOTO_TABLE ||
				       flow->actions[i].table > flow->match.table))
		i++;
	return i;
}

/* Does the match name what the action needs? */
static bool fits_match(const struct cvsw_action *action, const struct cvsw_match *match)
{
	switch (action->type) {
	case CVSW_ACT_MOVE:
		return cvsw_match_names(match, cvsw_field_info[action->move.src].need) &&
		       cvsw_match_names(match, cvsw_field_info[action->move.dst].need);
	case CVSW_ACT_LOAD:
		return cvsw_match_names(match, cvsw_field_info[action->load.dst].need);
	default:
		return true;
	}
}

size_t cvsw_actions_misfit(const struct cvsw_flow *flow)
{
	size_t i;

	/* Behind a layer the match says nothing of the frame any more. */
	for (i = 0; i < flow->n_actions && !cvsw_action_changes_layers(flow->actions[i].type); i++)
		if (!fits_match(&flow->actions[i], &flow->match))
			return i;
	return flow->n_actions;
}
