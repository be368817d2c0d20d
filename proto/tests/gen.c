// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "gen.h"

#include <stdlib.h>

#include "../cvsw_ofp10.h"

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned int rng_below(struct rng *rng, unsigned int n)
{
	return (unsigned int)(rng_next(rng) % n);
}

bool rng_chance(struct rng *rng, unsigned int percent)
{
	return rng_below(rng, 100) < percent;
}

#define PICK(rng, pool) ((pool)[rng_below(rng, sizeof(pool) / sizeof((pool)[0]))])

static const uint16_t ethertypes[] = { 0x0800, 0x0800, 0x0800, 0x0806, 0x86dd, 0x05ff };
static const uint8_t protocols[] = { 1, 2, 6, 6, 17, 132, 47, 0 };
static const uint32_t addresses[] = { 0x0a000001, 0x0a000002, 0x0a000102, 0xc0a80001, 0 };
static const uint16_t ports[] = { 0, 8, 80, 443 };
static const uint16_t vids[] = { 0, 5, 100, 4095 };
static const uint8_t tos[] = { 0, 0x10, 0xb8 };
static const uint8_t wild_bits[] = { 0, 0, 1, 8, 16, 24, 31, 32, 33, 63 };

static void pick_mac(struct rng *rng, uint8_t mac[6])
{
	static const uint8_t macs[][6] = {
		{ 0x02, 0, 0, 0, 0, 0x01 }, { 0x02, 0, 0, 0, 0, 0x02 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, { 0 },
	};

	memcpy(mac, PICK(rng, macs), 6);
}

void gen_raw_match(struct rng *rng, struct raw_match *raw)
{
	unsigned int bit, wild = 30 + rng_below(rng, 65);

	raw->wildcards = (uint32_t)PICK(rng, wild_bits) << 8 | (uint32_t)PICK(rng, wild_bits) << 14;
	for (bit = 0; bit < 32; bit++)
		if ((bit < 8 || bit > 19) && rng_chance(rng, wild))
			raw->wildcards |= 1u << bit;
	if (rng_chance(rng, 2))
		raw->wildcards = 0;
	raw->in_port = (uint16_t)(1 + rng_below(rng, 2));
	pick_mac(rng, raw->dl_src);
	pick_mac(rng, raw->dl_dst);
	raw->dl_vlan = rng_chance(rng, 30) ? 0xffff : PICK(rng, vids);
	raw->dl_vlan_pcp = (uint8_t)rng_below(rng, 8);
	raw->dl_type = PICK(rng, ethertypes);
	/* Garbage below DSCP: receivers ignore it. */
	raw->nw_tos = PICK(rng, tos) | (uint8_t)rng_below(rng, 4);
	raw->nw_proto = PICK(rng, protocols);
	if (raw->dl_type == 0x86dd && rng_chance(rng, 20))
		raw->nw_proto = 58;
	raw->nw_src = PICK(rng, addresses);
	raw->nw_dst = PICK(rng, addresses);
	raw->tp_src = rng_chance(rng, 10) ? (uint16_t)rng_below(rng, 256) : PICK(rng, ports) & 0xff;
	raw->tp_dst = PICK(rng, ports) & 0xff;
}

static void poke(uint8_t *at, uint64_t value, unsigned int n)
{
	while (n--) {
		at[n] = (uint8_t)value;
		value >>= 8;
	}
}

void raw_flow_mod(const struct raw_match *raw, uint8_t data[72])
{
	memset(data, 0, 72);
	poke(data, 1, 1);
	poke(data + 1, 14, 1);
	poke(data + 2, 72, 2);
	poke(data + 8, raw->wildcards, 4);
	poke(data + 12, raw->in_port, 2);
	memcpy(data + 14, raw->dl_src, 6);
	memcpy(data + 20, raw->dl_dst, 6);
	poke(data + 26, raw->dl_vlan, 2);
	poke(data + 28, raw->dl_vlan_pcp, 1);
	poke(data + 30, raw->dl_type, 2);
	poke(data + 32, raw->nw_tos, 1);
	poke(data + 33, raw->nw_proto, 1);
	poke(data + 36, raw->nw_src, 4);
	poke(data + 40, raw->nw_dst, 4);
	poke(data + 44, raw->tp_src, 2);
	poke(data + 46, raw->tp_dst, 2);
}

static bool l4_readable(uint8_t nw_proto)
{
	return nw_proto == 1 || nw_proto == 6 || nw_proto == 17 || nw_proto == 132;
}

static void pick_ipv6(struct rng *rng, uint8_t addr[16])
{
	static const uint8_t addrs[][16] = {
		{ 0x20, 0x01, 0x0d, 0xb8, [15] = 1 }, { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 },
		{ 0xfe, 0x80, [8] = 2, [15] = 1 }, { 0 },
	};

	memcpy(addr, PICK(rng, addrs), 16);
}

/* ICMPv6's type and code, and a neighbor's addresses. */
static void gen_icmp6(struct rng *rng, struct frame *frame)
{
	static const uint8_t types[] = { 128, 135, 135, 136, 136 };

	frame->tp_src = PICK(rng, types);
	frame->tp_dst = rng_chance(rng, 90) ? 0 : 1;
	frame->has_nd = frame->tp_src != 128 && !frame->tp_dst && rng_chance(rng, 90);
	if (!frame->has_nd)
		return;
	pick_ipv6(rng, frame->nd_target);
	pick_mac(rng, frame->tp_src == 135 ? frame->hw_src : frame->hw_dst);
}

/* What IPv4 and IPv6 have, and what is above. */
static void gen_ip(struct rng *rng, struct frame *frame)
{
	static const uint8_t ttls[] = { 1, 64, 255 };
	static const uint16_t flags[] = { 0x02, 0x12, 0x10, 0x18, 0x11, 0xfff };
	uint8_t icmp = frame->has_ip6 ? 58 : 1;

	frame->nw_proto = rng_chance(rng, 30) ? icmp : PICK(rng, protocols);
	frame->nw_tos = PICK(rng, tos) | (uint8_t)rng_below(rng, 4);
	frame->nw_ttl = PICK(rng, ttls);
	if (rng_chance(rng, 20))
		frame->nw_frag = rng_chance(rng, 50) ? CVSW_FRAG_ANY : CVSW_FRAG_MASK;
	if (frame->nw_frag == CVSW_FRAG_MASK && frame->has_ip6)
		frame->nw_proto = CVSW_IPPROTO_FRAGMENT;
	frame->has_l4 = frame->nw_frag != CVSW_FRAG_MASK && rng_chance(rng, 90) &&
			(frame->nw_proto == icmp || (l4_readable(frame->nw_proto) &&
						     frame->nw_proto != 1));
	if (!frame->has_l4)
		return;
	frame->tp_src = PICK(rng, ports) & 0xff;
	frame->tp_dst = PICK(rng, ports) & 0xff;
	if (frame->nw_proto == 6)
		frame->tcp_flags = PICK(rng, flags);
	if (frame->nw_proto == 58)
		gen_icmp6(rng, frame);
}

void gen_frame(struct rng *rng, struct frame *frame)
{
	memset(frame, 0, sizeof(*frame));
	frame->in_port = (uint8_t)(1 + rng_below(rng, 2));
	pick_mac(rng, frame->dl_src);
	pick_mac(rng, frame->dl_dst);
	frame->tagged = rng_chance(rng, 50);
	if (frame->tagged) {
		frame->vid = PICK(rng, vids);
		frame->pcp = (uint8_t)rng_below(rng, 8);
	}
	frame->dl_type = PICK(rng, ethertypes);
	frame->has_ip = frame->dl_type == 0x0800 && rng_chance(rng, 90);
	frame->has_ip6 = frame->dl_type == 0x86dd && rng_chance(rng, 90);
	frame->has_arp = frame->dl_type == 0x0806 && rng_chance(rng, 90);
	if (frame->has_ip || frame->has_arp) {
		frame->nw_src = PICK(rng, addresses);
		frame->nw_dst = PICK(rng, addresses);
	}
	if (frame->has_arp) {
		frame->nw_proto = PICK(rng, protocols);
		pick_mac(rng, frame->hw_src);
		pick_mac(rng, frame->hw_dst);
	}
	if (frame->has_ip6) {
		pick_ipv6(rng, frame->ipv6_src);
		pick_ipv6(rng, frame->ipv6_dst);
		frame->ipv6_label = rng_chance(rng, 50) ? 0 : rng_below(rng, 0x100000);
	}
	if (frame->has_ip || frame->has_ip6)
		gen_ip(rng, frame);
}

void frame_key(const struct frame *frame, struct cvsw_key *key)
{
	memset(key, 0, sizeof(*key));
	key->in_port = frame->in_port;
	memcpy(key->dl_src, frame->dl_src, 6);
	memcpy(key->dl_dst, frame->dl_dst, 6);
	if (frame->tagged)
		key->vlan_tci = (uint16_t)(CVSW_VLAN_PRESENT | frame->pcp << 13 | frame->vid);
	key->dl_type = frame->dl_type;
	key->nw_src = frame->nw_src;
	key->nw_dst = frame->nw_dst;
	key->nw_proto = frame->nw_proto;
	key->nw_tos = frame->nw_tos;
	key->tp_src = frame->tp_src;
	key->tp_dst = frame->tp_dst;
	key->nw_ttl = frame->nw_ttl;
	key->nw_frag = frame->nw_frag;
	key->tcp_flags = frame->tcp_flags;
	memcpy(key->ipv6_src, frame->ipv6_src, 16);
	memcpy(key->ipv6_dst, frame->ipv6_dst, 16);
	key->ipv6_label = frame->ipv6_label;
	memcpy(key->nd_target, frame->nd_target, 16);
	memcpy(key->hw_src, frame->hw_src, 6);
	memcpy(key->hw_dst, frame->hw_dst, 6);
	if (frame->has_ip || frame->has_arp)
		key->layers |= CVSW_LAYER_ADDR;
	if (frame->has_ip6 || frame->has_arp)
		key->layers |= CVSW_LAYER_WIDE;
	if (frame->has_l4 && frame->nw_proto != 1 && frame->nw_proto != 58)
		key->layers |= CVSW_LAYER_PORTS;
}

#define WILD(raw, bit)	((raw)->wildcards >> (bit) & 1)

static bool same_prefix(uint32_t a, uint32_t b, uint32_t wild)
{
	return wild >= 32 || a >> wild == b >> wild;
}

static bool reference_vlan(const struct raw_match *raw, const struct frame *frame)
{
	if (!WILD(raw, 1) && raw->dl_vlan == 0xffff)
		return !frame->tagged;
	if (!WILD(raw, 1) && (!frame->tagged || frame->vid != raw->dl_vlan))
		return false;
	if (!WILD(raw, 20) && (!frame->tagged || frame->pcp != raw->dl_vlan_pcp))
		return false;
	return true;
}

static bool reference_addresses(const struct raw_match *raw, const struct frame *frame)
{
	uint32_t wild_src = raw->wildcards >> 8 & 0x3f, wild_dst = raw->wildcards >> 14 & 0x3f;

	return same_prefix(raw->nw_src, frame->nw_src, wild_src) &&
	       same_prefix(raw->nw_dst, frame->nw_dst, wild_dst);
}

static bool reference_ports(const struct raw_match *raw, const struct frame *frame)
{
	bool ipv6 = frame->dl_type == 0x86dd;
	uint8_t icmp = ipv6 ? 58 : 1, foreign = ipv6 ? 1 : 58;
	bool has_ports = frame->has_l4 && frame->nw_proto != icmp;
	bool asked = !WILD(raw, 6) || !WILD(raw, 7);

	if (!WILD(raw, 5) && raw->nw_proto != icmp &&
	    (raw->nw_proto == foreign || !l4_readable(raw->nw_proto)))
		return true;	/* a protocol without ports is named: ignored */
	if (WILD(raw, 5) && asked && !has_ports)
		return false;
	return (WILD(raw, 6) || raw->tp_src == frame->tp_src) &&
	       (WILD(raw, 7) || raw->tp_dst == frame->tp_dst);
}

bool reference_match(const struct raw_match *raw, const struct frame *frame)
{
	bool named = !WILD(raw, 4);
	bool ipv4_field = !WILD(raw, 5) || !WILD(raw, 21) || !WILD(raw, 6) || !WILD(raw, 7);
	bool address = (raw->wildcards >> 8 & 0x3f) < 32 || (raw->wildcards >> 14 & 0x3f) < 32;
	uint16_t type = named ? raw->dl_type : ipv4_field ? 0x0800 : 0;

	if (!WILD(raw, 0) && raw->in_port != frame->in_port)
		return false;
	if (!WILD(raw, 2) && memcmp(raw->dl_src, frame->dl_src, 6))
		return false;
	if (!WILD(raw, 3) && memcmp(raw->dl_dst, frame->dl_dst, 6))
		return false;
	if (!reference_vlan(raw, frame))
		return false;
	if ((named || ipv4_field) && frame->dl_type != type)
		return false;
	if (!named && !ipv4_field)
		return !address || ((frame->has_ip || frame->has_arp) &&
				    reference_addresses(raw, frame));
	if (type != 0x0800 && type != 0x0806 && type != 0x86dd)
		return true;	/* nothing that follows is in such a frame: ignored */
	if (type != 0x86dd && !reference_addresses(raw, frame))
		return false;
	if (!WILD(raw, 5) && raw->nw_proto != frame->nw_proto)
		return false;
	if (type == 0x0806)
		return true;
	if (!WILD(raw, 21) && raw->nw_tos >> 2 != frame->nw_tos >> 2)
		return false;
	return reference_ports(raw, frame);
}

bool key_matches(const struct cvsw_match *match, const struct cvsw_key *key)
{
	const uint8_t *want = (const uint8_t *)&match->key;
	const uint8_t *mask = (const uint8_t *)&match->mask;
	const uint8_t *have = (const uint8_t *)key;
	size_t i;

	for (i = 0; i < sizeof(*key); i++)
		if ((have[i] & mask[i]) != want[i])
			return false;
	return true;
}

static void gen_tunnel(struct rng *rng, struct cvsw_tunnel *tunnel)
{
	tunnel->type = CVSW_TUNNEL_VXLAN;
	tunnel->ttl = rng_chance(rng, 50) ? 64 : (uint8_t)(1 + rng_below(rng, 255));
	tunnel->flags = (uint8_t)rng_below(rng, 4);
	if (!(tunnel->flags & CVSW_TUNNEL_INHERIT_TOS))
		tunnel->tos = PICK(rng, tos);
	tunnel->udp_dst = rng_chance(rng, 50) ? 4789 : (uint16_t)(1 + rng_below(rng, 65535));
	pick_mac(rng, tunnel->dl_dst);
	pick_mac(rng, tunnel->dl_src);
	tunnel->id = rng_below(rng, 1 << 24);
	tunnel->dst[10] = tunnel->dst[11] = tunnel->src[10] = tunnel->src[11] = 0xff;
	tunnel->dst[12] = (uint8_t)(1 + rng_below(rng, 255));
	tunnel->src[15] = (uint8_t)(1 + rng_below(rng, 255));
}

/* A field that the match names the protocol of, and some of its bits; @named: none of ours. */
static enum cvsw_field gen_subfield(struct rng *rng, bool named, const struct cvsw_match *match,
				    unsigned int limit, uint8_t *ofs, uint8_t *n_bits)
{
	enum cvsw_field field;
	unsigned int bits;

	do {
		field = rng_below(rng, CVSW_N_FIELDS);
	} while (!cvsw_field_info[field].writable ||
		 (named && cvsw_field_info[field].header >> 16 == CVSW_CLASS_CV) ||
		 !cvsw_match_names(match, cvsw_field_info[field].need));
	bits = cvsw_field_info[field].bits;
	if (bits <= limit && rng_chance(rng, 50)) {
		*ofs = 0;
		*n_bits = (uint8_t)bits;
		return field;
	}
	*n_bits = (uint8_t)(1 + rng_below(rng, bits < limit ? bits : limit));
	*ofs = (uint8_t)rng_below(rng, bits - *n_bits + 1);
	return field;
}

static void gen_move(struct rng *rng, bool named, const struct cvsw_match *match,
		     struct cvsw_move *move)
{
	uint8_t n_bits;

	move->src = (uint8_t)gen_subfield(rng, named, match, 128, &move->src_ofs, &n_bits);
	move->dst = (uint8_t)gen_subfield(rng, named, match, n_bits, &move->dst_ofs, &move->n_bits);
}

static void gen_load(struct rng *rng, bool named, const struct cvsw_match *match,
		     struct cvsw_load *load)
{
	uint64_t value = rng_chance(rng, 20) ? 0 : rng_next(rng);
	uint8_t ofs, n_bits, dst = (uint8_t)gen_subfield(rng, named, match, 64, &ofs, &n_bits);

	*load = cvsw_load_of(dst, ofs, n_bits, n_bits < 64 ? value & ((1ull << n_bits) - 1) : value);
}

/* One of OpenFlow 1.0's. */
static void gen_set(struct rng *rng, struct cvsw_action *action)
{
	enum cvsw_setter setter = rng_below(rng, CVSW_N_SETTERS);
	uint64_t value = rng_next(rng) & cvsw_setter_limit(setter);

	*action = cvsw_action_set(setter, value);
}

static void gen_action(struct rng *rng, bool named, const struct cvsw_match *match,
		       struct cvsw_action *action)
{
	unsigned int last = named ? CVSW_ACT_LOAD : CVSW_ACT_DECRYPT;

	memset(action, 0, sizeof(*action));
	if (rng_chance(rng, 40)) {
		gen_set(rng, action);
		return;
	}
	action->type = (uint16_t)(1 + rng_below(rng, last));
	switch (action->type) {
	case CVSW_ACT_MOVE:
		gen_move(rng, named, match, &action->move);
		break;
	case CVSW_ACT_LOAD:
		gen_load(rng, named, match, &action->load);
		break;
	case CVSW_ACT_VXLAN_ENCAP:
		gen_tunnel(rng, &action->tunnel);
		break;
	case CVSW_ACT_ENCRYPT:
		action->spi = (uint32_t)rng_next(rng) | 256;
		break;
	}
}

/* @named: nothing that only we have */
static void gen_output(struct rng *rng, bool named, struct cvsw_action *action)
{
	static const uint16_t outputs[] = {
		CVSW_PORT_ONWARD, CVSW_PORT_ONWARD, CVSW_PORT_IN_PORT, CVSW_PORT_LOCAL, CVSW_HOST,
		CVSW_NET, CVSW_PORT_FLOOD, CVSW_PORT_ALL,
	};

	*action = (struct cvsw_action){ .type = CVSW_ACT_OUTPUT, .port = PICK(rng, outputs) };
	if (rng_chance(rng, 10))
		*action = (struct cvsw_action){ .type = CVSW_ACT_CONTROLLER,
						.max_len = (uint16_t)rng_next(rng) };
	else if (!named && rng_chance(rng, 30))
		action->port = CVSW_PORT_NONE;
}

static void gen_resubmit(struct rng *rng, struct cvsw_action *action)
{
	static const uint16_t ports[] = { CVSW_PORT_IN_PORT, CVSW_HOST, CVSW_NET };

	*action = (struct cvsw_action){
		.type = CVSW_ACT_RESUBMIT,
		.resubmit = { .port = PICK(rng, ports),
			      .table = (uint8_t)rng_below(rng, CVSW_TABLES) },
	};
}

static void gen_end(struct rng *rng, bool named, struct cvsw_action *action)
{
	if (rng_chance(rng, 20))
		gen_resubmit(rng, action);
	else
		gen_output(rng, named, action);
	if (!named && rng_chance(rng, 20))
		*action = (struct cvsw_action){ .type = CVSW_ACT_NEXT };
}

static void gen_to_group(struct rng *rng, struct cvsw_action *action)
{
	*action = (struct cvsw_action){
		.type = CVSW_ACT_GROUP,
		.to_group = {
			.id = (uint32_t)rng_below(rng, 2) ? rng_below(rng, 10) : CVSW_GROUP_MAX,
			.hash = (uint8_t)rng_below(rng, CVSW_N_GROUP_HASHES),
		},
	};
}

static void gen_actions(struct rng *rng, bool named, struct cvsw_flow *flow)
{
	unsigned int n = rng_chance(rng, 5) ? CVSW_MAX_ACTIONS : rng_below(rng, 5), i;
	bool ends = n && rng_chance(rng, 50), set = false;
	unsigned int open = 0;

	flow->n_actions = (uint16_t)n;
	n -= ends;
	for (i = 0; i < n; i++) {
		if (!named && !open && i + 1 < n && rng_chance(rng, 20)) {
			open = 1 + rng_below(rng, n - i - 1);
			flow->actions[i] = (struct cvsw_action){
				.type = CVSW_ACT_CLONE, .n_cloned = (uint16_t)open,
			};
			set = rng_chance(rng, 30);
			if (set)
				flow->actions[i] = (struct cvsw_action){
					.type = CVSW_ACT_WRITE_ACTIONS, .n_written = (uint16_t)open,
				};
			continue;
		}
		if (rng_chance(rng, 10))
			gen_output(rng, named, &flow->actions[i]);
		else if (!named && (!open || set) && rng_chance(rng, 5))
			gen_to_group(rng, &flow->actions[i]);
		else
			gen_action(rng, named || (open && set), &flow->match, &flow->actions[i]);
		open -= !!open;
	}
	if (ends)
		gen_end(rng, named, &flow->actions[n]);
}

static void gen_match(struct rng *rng, struct cvsw_match *match)
{
	struct cvsw_key *key = &match->key, *mask = &match->mask;
	unsigned int wild = rng_below(rng, 100);
	struct frame frame;

	memset(match, 0, sizeof(*match));
	gen_frame(rng, &frame);
	frame_key(&frame, key);
	if (!rng_chance(rng, wild))
		mask->in_port = 0xff;
	if (!rng_chance(rng, wild))
		mask->vlan_tci = CVSW_VLAN_PRESENT | CVSW_VLAN_VID_MASK;
	if (!rng_chance(rng, wild))
		mask->vlan_tci |= CVSW_VLAN_PRESENT | CVSW_VLAN_PCP_MASK;
	if (mask->vlan_tci && !frame.tagged)
		mask->vlan_tci = CVSW_VLAN_PRESENT;
	if (!rng_chance(rng, wild))
		memset(mask->dl_src, 0xff, 6);
	if (!rng_chance(rng, wild))
		memset(mask->dl_dst, 0xff, 6);
	if (!rng_chance(rng, wild))
		mask->dl_type = 0xffff;
	if (!rng_chance(rng, wild))
		mask->nw_src = 0xffffffff << rng_below(rng, 32);
	if (!rng_chance(rng, wild))
		mask->nw_dst = 0xffffffff << rng_below(rng, 32);
	if (!rng_chance(rng, wild))
		mask->nw_proto = 0xff;
	if (!rng_chance(rng, wild))
		mask->nw_tos = 0xfc;
	if (!rng_chance(rng, wild))
		mask->tp_src = 0xffff;
	if (!rng_chance(rng, wild))
		mask->tp_dst = 0xffff;
	cvsw_match_normalize(match);
}

/* Fields that ofp_match has not, in whatever protocol the frame has. */
static void gen_nx(struct rng *rng, struct cvsw_match *match)
{
	struct cvsw_key *mask = &match->mask;

	if (rng_chance(rng, 40)) {
		struct frame frame;

		do {
			gen_frame(rng, &frame);
		} while (!frame.has_ip6);
		frame_key(&frame, &match->key);
		mask->dl_type = 0xffff;
		if (rng_chance(rng, 70))
			mask->nw_proto = 0xff;
		if (rng_chance(rng, 70))
			mask->tp_src = 0xffff;
	}
	if (rng_chance(rng, 30))
		mask->nw_ttl = 0xff;
	if (rng_chance(rng, 30))
		mask->nw_frag = (uint8_t)(1 + rng_below(rng, 3));
	if (rng_chance(rng, 40))
		mask->tcp_flags = rng_chance(rng, 50) ? 0xfff : (uint16_t)(rng_next(rng) & 0xfff);
	if (rng_chance(rng, 40))
		memset(mask->ipv6_src, 0xff, rng_below(rng, 17));
	if (rng_chance(rng, 40))
		memset(mask->ipv6_dst, 0xff, rng_below(rng, 17));
	if (rng_chance(rng, 30))
		mask->ipv6_label = CVSW_IPV6_LABEL_MASK;
	if (rng_chance(rng, 50))
		memset(mask->nd_target, 0xff, 16);
	if (rng_chance(rng, 40))
		memset(mask->hw_src, 0xff, 6);
	if (rng_chance(rng, 40))
		memset(mask->hw_dst, 0xff, 6);
	if (rng_chance(rng, 20)) {
		match->key.metadata = rng_next(rng);
		mask->metadata = rng_chance(rng, 50) ? UINT64_MAX : rng_next(rng);
	}
	if (rng_chance(rng, 20)) {
		unsigned int reg = rng_below(rng, CVSW_N_REGS);

		match->key.regs[reg] = (uint32_t)rng_next(rng);
		mask->regs[reg] = rng_chance(rng, 50) ? UINT32_MAX : (uint32_t)rng_next(rng);
	}
	cvsw_match_normalize(match);
}

static void gen_tunnel_end(struct rng *rng, bool ovs, uint8_t addr[16], uint8_t mask[16])
{
	unsigned int i;

	if (ovs || rng_chance(rng, 60)) {
		static const uint8_t masks[] = { 0xff, 0xff, 0xf0, 0x00, 0x55 };

		memset(mask, 0xff, 16);
		addr[10] = addr[11] = 0xff;
		for (i = 12; i < 16; i++) {
			mask[i] = PICK(rng, masks);
			addr[i] = (uint8_t)rng_next(rng);
		}
		mask[12] |= ovs;
		return;
	}
	for (i = 0; i < 16; i++) {
		mask[i] = rng_chance(rng, 50) ? 0xff : rng_chance(rng, 50) ? 0 : (uint8_t)rng_next(rng);
		addr[i] = (uint8_t)rng_next(rng);
	}
}

/* Where the frame has been.  @ovs: only what Open vSwitch knows too. */
static void gen_past(struct rng *rng, bool ovs, struct cvsw_match *match)
{
	struct cvsw_key *key = &match->key, *mask = &match->mask;

	if (rng_chance(rng, 40)) {
		key->tun_id = (uint32_t)rng_next(rng);
		mask->tun_id = rng_chance(rng, 50) ? 0xffffffff : (uint32_t)rng_next(rng);
	}
	if (rng_chance(rng, 30))
		gen_tunnel_end(rng, ovs, key->tun_src, mask->tun_src);
	if (rng_chance(rng, 30))
		gen_tunnel_end(rng, ovs, key->tun_dst, mask->tun_dst);
	if (ovs)
		return;
	if (rng_chance(rng, 30)) {
		key->tun_type = (uint8_t)rng_below(rng, CVSW_N_TUNNELS);
		mask->tun_type = rng_chance(rng, 80) ? 0xff : (uint8_t)rng_next(rng);
	}
	if (rng_chance(rng, 30)) {
		key->sa = (uint32_t)rng_next(rng);
		mask->sa = rng_chance(rng, 80) ? 0xffffffff : (uint32_t)rng_next(rng);
	}
	if (rng_chance(rng, 30)) {
		key->pass = (uint8_t)rng_below(rng, CVSW_MAX_PASSES);
		mask->pass = rng_chance(rng, 80) ? 0xff : (uint8_t)rng_next(rng);
	}
}

/*
 * Takes bits out of masks that are there.  ovs-ofctl takes an IPv6 mask that
 * begins with a decimal digit for a prefix length.
 */
static void thin_masks(struct rng *rng, bool ovs, struct cvsw_match *match)
{
	unsigned int first = ovs || rng_chance(rng, 50);
	struct cvsw_key *mask = &match->mask;
	bool icmp = cvsw_match_names(match, CVSW_NEED_ICMP) ||
		    cvsw_match_names(match, CVSW_NEED_ICMPV6);

	if (rng_chance(rng, 30))
		mask->dl_src[rng_below(rng, 6)] &= (uint8_t)rng_next(rng);
	if (rng_chance(rng, 30))
		mask->dl_dst[rng_below(rng, 6)] &= (uint8_t)rng_next(rng);
	if (rng_chance(rng, 30))
		mask->vlan_tci &= (uint16_t)rng_next(rng) | CVSW_VLAN_PRESENT;
	if (rng_chance(rng, 30))
		mask->nw_src &= (uint32_t)rng_next(rng);
	if (rng_chance(rng, 30))
		mask->nw_dst &= (uint32_t)rng_next(rng);
	if (rng_chance(rng, 30) && !(ovs && icmp))
		mask->tp_src &= (uint16_t)rng_next(rng);
	if (rng_chance(rng, 30) && !(ovs && icmp))
		mask->tp_dst &= (uint16_t)rng_next(rng);
	if (rng_chance(rng, 30))
		mask->nw_tos |= 0x03;
	if (rng_chance(rng, 30))
		mask->ipv6_src[first + rng_below(rng, 15)] &= (uint8_t)rng_next(rng);
	if (rng_chance(rng, 30))
		mask->ipv6_dst[first + rng_below(rng, 15)] &= (uint8_t)rng_next(rng);
	if (rng_chance(rng, 30))
		mask->ipv6_label &= (uint32_t)rng_next(rng);
	if (rng_chance(rng, 30))
		mask->nd_target[first + rng_below(rng, 15)] &= (uint8_t)rng_next(rng);
	if (rng_chance(rng, 30))
		mask->hw_src[rng_below(rng, 6)] &= (uint8_t)rng_next(rng);
	if (rng_chance(rng, 30))
		mask->hw_dst[rng_below(rng, 6)] &= (uint8_t)rng_next(rng);
	if (ovs)
		return;
	if (rng_chance(rng, 30))
		mask->nw_ttl &= (uint8_t)rng_next(rng);
	if (rng_chance(rng, 30))
		mask->nw_tos &= (uint8_t)rng_next(rng);
	if (rng_chance(rng, 20))
		mask->dl_type &= (uint16_t)rng_next(rng);
	if (rng_chance(rng, 20))
		mask->nw_proto &= (uint8_t)rng_next(rng);
}

static void gen_any_match(struct rng *rng, enum gen_kind kind, struct cvsw_match *match)
{
	gen_match(rng, match);
	if (kind == GEN_NAMED || (kind == GEN_ANY && rng_chance(rng, 50)))
		return;
	gen_nx(rng, match);
	gen_past(rng, kind == GEN_NAMED_NXM, match);
	thin_masks(rng, kind == GEN_NAMED_NXM, match);
	cvsw_match_normalize(match);
}

void gen_flow(struct rng *rng, enum gen_kind kind, struct cvsw_flow *flow)
{
	memset(flow, 0, sizeof(*flow));
	do {
		gen_any_match(rng, kind, &flow->match);
	} while (kind != GEN_ANY &&
		 (flow->match.mask.layers ||
		  cvsw_ofp10_can_express(&flow->match) != (kind == GEN_NAMED)));
	flow->priority = rng_chance(rng, 20) ? 32768 : (uint16_t)rng_next(rng);
	if (cvsw_ofp10_is_exact(&flow->match))
		flow->priority = 65535;
	flow->cookie = rng_chance(rng, 50) ? 0 : rng_next(rng);
	if (rng_chance(rng, 20))
		flow->idle_timeout = (uint16_t)rng_next(rng);
	if (rng_chance(rng, 20))
		flow->hard_timeout = (uint16_t)rng_next(rng);
	if (rng_chance(rng, 20))
		flow->flags |= CVSW_FLOW_SEND_REMOVED;
	if (rng_chance(rng, 10))
		flow->flags |= CVSW_FLOW_CHECK_OVERLAP;
	gen_actions(rng, kind != GEN_ANY, flow);
}

void gen_tables(struct rng *rng, struct cvsw_flow *flow)
{
	uint16_t last = flow->n_actions ? flow->actions[flow->n_actions - 1].type : CVSW_ACT_OUTPUT;
	bool ends = last == CVSW_ACT_NEXT;
	struct cvsw_action *action = &flow->actions[flow->n_actions];

	flow->match.table = (uint8_t)rng_below(rng, CVSW_TABLES);
	if (ends || flow->n_actions == CVSW_MAX_ACTIONS)
		return;
	if (rng_chance(rng, 50) && flow->match.table < CVSW_TABLES - 1)
		*action = (struct cvsw_action){
			.type = CVSW_ACT_GOTO_TABLE,
			.table = (uint8_t)(flow->match.table + 1 +
					   rng_below(rng, CVSW_TABLES - 1u - flow->match.table)),
		};
	else
		gen_resubmit(rng, action);
	if (action->type == CVSW_ACT_RESUBMIT && rng_chance(rng, 20))
		action->resubmit.table = CVSW_TABLE_SAME;
	flow->n_actions++;
}

static void gen_bucket(struct rng *rng, struct cvsw_group *group)
{
	static const struct cvsw_match any;
	struct cvsw_bucket *bucket = &group->buckets[group->n_buckets++];
	unsigned int n = rng_chance(rng, 5) ? CVSW_MAX_ACTIONS : rng_below(rng, 4);

	*bucket = (struct cvsw_bucket){ .first = group->n_actions, .weight = 1 };
	if (group->type == CVSW_GROUP_TYPE_SELECT)
		bucket->weight = (uint16_t)rng_below(rng, rng_chance(rng, 10) ? 65536 : 5);
	for (; n-- && group->n_actions < CVSW_GROUP_ACTIONS; bucket->n_actions++) {
		struct cvsw_action *action = &group->actions[group->n_actions++];

		do {
			if (rng_chance(rng, 40))
				gen_output(rng, false, action);
			else
				gen_action(rng, false, &any, action);
		} while (!cvsw_action_fits_in(action->type, CVSW_ACT_GROUP));
	}
}

void gen_group(struct rng *rng, struct cvsw_group *group)
{
	unsigned int n = rng_chance(rng, 5) ? CVSW_GROUP_BUCKETS : rng_below(rng, 6), i;

	memset(group, 0, sizeof(*group));
	group->id = rng_chance(rng, 10) ? CVSW_GROUP_MAX : rng_below(rng, 1000);
	group->type = (uint8_t)rng_below(rng, CVSW_N_GROUP_TYPES);
	if (group->type == CVSW_GROUP_TYPE_INDIRECT)
		n = 1;
	while (group->n_buckets < n)
		gen_bucket(rng, group);
	if (n && rng_chance(rng, 30))
		group->dead = 1ull << rng_below(rng, n);
	if (n && group->type == CVSW_GROUP_TYPE_SELECT)
		group->buckets[rng_below(rng, n)].weight = 1;
	for (i = 0; group->type == CVSW_GROUP_TYPE_SELECT && i < sizeof(group->key); i++)
		group->key[i] = (uint8_t)rng_next(rng);
	cvsw_group_fill(group, NULL);
}

void gen_sa(struct rng *rng, uint8_t key_len, struct cvsw_sa *sa)
{
	unsigned int i;

	memset(sa, 0, sizeof(*sa));
	sa->direction = rng_chance(rng, 50) ? CVSW_SA_OUT : CVSW_SA_IN;
	sa->spi = (uint32_t)rng_next(rng) | 256;
	sa->key_len = key_len;
	if (!key_len)
		return;
	if (rng_chance(rng, 50)) {
		sa->udp_src = (uint16_t)(1 + rng_below(rng, 65535));
		sa->udp_dst = 4500;
	}
	for (i = 0; i < sizeof(sa->salt); i++)
		sa->salt[i] = (uint8_t)rng_next(rng);
	for (i = 0; i < key_len; i++)
		sa->key[i] = (uint8_t)rng_next(rng);
}

uint8_t *exact_copy(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, data, len);
	return copy;
}

uint8_t *from_hex(const char *hex, size_t *len)
{
	uint8_t *data = malloc(strlen(hex) / 2 + 1);
	char pair[3] = "";

	if (!data)
		abort();
	for (*len = 0; *hex; hex++) {
		if (!strchr("0123456789abcdefABCDEF", *hex))
			continue;
		pair[pair[0] ? 1 : 0] = *hex;
		if (pair[1]) {
			data[(*len)++] = (uint8_t)strtoul(pair, NULL, 16);
			pair[0] = pair[1] = '\0';
		}
	}
	return data;
}
