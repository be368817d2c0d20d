// SPDX-License-Identifier: GPL-2.0
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/minmax.h>

#include "../drivers/cvsw/engine/registers.h"
#include "frames.h"
#include "rewriting.h"

/* ---- the reference ---- */

bool is_tagged(const struct flat_frame *frame)
{
	u16 type = get16(frame->data + 12);

	return frame->len >= 18 && (type == ETH_P_8021Q || type == ETH_P_8021AD);
}

void insert_tag(struct flat_frame *frame, u16 type, u16 tci)
{
	memmove(frame->data + 16, frame->data + 12, frame->len - 12);
	put16(frame->data + 12, type);
	put16(frame->data + 14, tci);
	frame->len += 4;
}

static bool reference_vlan(struct flat_frame *frame, u16 mask, u16 bits)
{
	if (frame->hw_tag) {
		insert_tag(frame, frame->hw_proto, frame->hw_tci);
		frame->hw_tag = false;
	} else if (!is_tagged(frame)) {
		insert_tag(frame, ETH_P_8021Q, 0);
	}
	put16(frame->data + 14, (get16(frame->data + 14) & ~mask) | bits);
	return true;
}

static bool reference_strip(struct flat_frame *frame)
{
	if (frame->hw_tag) {
		frame->hw_tag = false;
		return true;
	}
	if (!is_tagged(frame))
		return false;
	memmove(frame->data + 12, frame->data + 16, frame->len - 16);
	frame->len -= 4;
	return true;
}

/* Where a field is, or NULL; @end: where the packet ends, if a checksum is to be written. */
static u8 *reference_place(struct flat_frame *frame, enum cvsw_field field, unsigned int *end)
{
	struct cvsw_layout at;
	struct cvsw_key key;
	u8 *ip, *l4, *arp;
	unsigned int l4_len, opt;
	bool tcp, udp, sctp, icmp, icmp6, nd;

	reference_key(frame, CVSW_HOST, &key, &at);
	ip = frame->data + at.network + at.ipv6;
	arp = at.arp ? frame->data + at.arp : NULL;
	l4 = frame->data + at.transport;
	l4_len = at.transport ? at.end - at.transport : 0;
	tcp = at.transport && at.protocol == IPPROTO_TCP && l4_len >= 18;
	udp = at.transport && at.protocol == IPPROTO_UDP && l4_len >= 8;
	sctp = at.transport && at.protocol == IPPROTO_SCTP && l4_len >= 12;
	icmp = at.network && at.transport && at.protocol == IPPROTO_ICMP && l4_len >= 4;
	icmp6 = at.ipv6 && at.transport && at.protocol == IPPROTO_ICMPV6 && l4_len >= 4;
	nd = icmp6 && l4_len >= 24 && (l4[0] == 135 || l4[0] == 136) && !l4[1];
	*end = at.end;
	switch (field) {
	case CVSW_FIELD_ETH_DST: return frame->data;
	case CVSW_FIELD_ETH_SRC: return frame->data + 6;
	case CVSW_FIELD_IP_TTL: return at.network ? ip + 8 : at.ipv6 ? ip + 7 : NULL;
	case CVSW_FIELD_NW_SRC:
	case CVSW_FIELD_IP_SRC: return at.network ? ip + 12 : NULL;
	case CVSW_FIELD_NW_DST:
	case CVSW_FIELD_IP_DST: return at.network ? ip + 16 : NULL;
	case CVSW_FIELD_IPV6_LABEL: return at.ipv6 ? ip : NULL;
	case CVSW_FIELD_IPV6_SRC: return at.ipv6 ? ip + 8 : NULL;
	case CVSW_FIELD_IPV6_DST: return at.ipv6 ? ip + 24 : NULL;
	case CVSW_FIELD_TCP_SRC: return tcp ? l4 : NULL;
	case CVSW_FIELD_TCP_DST: return tcp ? l4 + 2 : NULL;
	case CVSW_FIELD_UDP_SRC: return udp ? l4 : NULL;
	case CVSW_FIELD_UDP_DST: return udp ? l4 + 2 : NULL;
	case CVSW_FIELD_TP_SRC: return tcp || udp || sctp ? l4 : NULL;
	case CVSW_FIELD_TP_DST: return tcp || udp || sctp ? l4 + 2 : NULL;
	case CVSW_FIELD_SCTP_SRC: return sctp ? l4 : NULL;
	case CVSW_FIELD_SCTP_DST: return sctp ? l4 + 2 : NULL;
	case CVSW_FIELD_ICMP_TYPE: return icmp ? l4 : NULL;
	case CVSW_FIELD_ICMP_CODE: return icmp ? l4 + 1 : NULL;
	case CVSW_FIELD_ICMPV6_TYPE: return icmp6 ? l4 : NULL;
	case CVSW_FIELD_ICMPV6_CODE: return icmp6 ? l4 + 1 : NULL;
	case CVSW_FIELD_ND_RESERVED: return nd ? l4 + 4 : NULL;
	case CVSW_FIELD_ND_TARGET: return nd ? l4 + 8 : NULL;
	case CVSW_FIELD_ND_OPTIONS_TYPE: return nd && l4_len >= 25 ? l4 + 24 : NULL;
	case CVSW_FIELD_ND_SLL:
	case CVSW_FIELD_ND_TLL:
		for (opt = 24; nd && opt + 8 <= l4_len && l4[opt + 1]; opt += 8 * l4[opt + 1])
			if (l4[opt] == (field == CVSW_FIELD_ND_SLL ? 1 : 2) && l4[opt + 1] == 1)
				return l4 + opt + 2;
		return NULL;
	case CVSW_FIELD_ARP_OP: return arp ? arp + 6 : NULL;
	case CVSW_FIELD_ARP_SHA: return arp ? arp + 8 : NULL;
	case CVSW_FIELD_ARP_SPA: return arp ? arp + 14 : NULL;
	case CVSW_FIELD_ARP_THA: return arp ? arp + 18 : NULL;
	case CVSW_FIELD_ARP_TPA: return arp ? arp + 24 : NULL;
	default: return NULL;
	}
}

/* Beside the frame, big endian; or NULL. */
static u8 *reference_register(struct flat_frame *frame, enum cvsw_field field)
{
	if (field == CVSW_FIELD_METADATA)
		return frame->metadata;
	return field >= CVSW_FIELD_REG0 && field <= CVSW_FIELD_REG15 ?
	       frame->regs[field - CVSW_FIELD_REG0] : NULL;
}

static unsigned int field_bytes(enum cvsw_field field)
{
	return cvsw_field_info[field].header & 0xff;
}

static bool get_bit(const u8 *bytes, unsigned int len, unsigned int bit)
{
	return bytes[len - 1 - bit / 8] >> bit % 8 & 1;
}

/* Bits of a number of @len bytes, big endian. */
static void put_bits(u8 *to, unsigned int len, unsigned int ofs, unsigned int n, const u8 *from,
		     unsigned int from_len, unsigned int from_ofs)
{
	unsigned int bit;

	for (bit = 0; bit < n; bit++) {
		u8 *byte = &to[len - 1 - (ofs + bit) / 8];
		unsigned int shift = (ofs + bit) % 8;

		*byte = (*byte & ~(1 << shift)) |
			get_bit(from, from_len, from_ofs + bit) << shift;
	}
}

/* What actions see: a flow may have asked for one behind it. */
static u16 first_tag(const struct flat_frame *frame)
{
	if (frame->hw_tag)
		return frame->hw_tci | 0x1000;
	return is_tagged(frame) ? get16(frame->data + 14) | 0x1000 : 0;
}

/* The tag, DSCP, ECN and the mark are not where they are written as they are told. */
static bool reference_special(struct flat_frame *frame, enum cvsw_field field, u8 value[4])
{
	struct cvsw_layout at;
	struct cvsw_key key;

	if (field == CVSW_FIELD_PKT_MARK) {
		put32(value, frame->mark);
		return true;
	}
	reference_key(frame, CVSW_HOST, &key, &at);
	put16(value, field == CVSW_FIELD_VLAN_TCI ? first_tag(frame) :
		     (key.nw_tos & (field == CVSW_FIELD_IP_ECN ? 3 : 0xfc)) << 8);
	return field == CVSW_FIELD_VLAN_TCI || at.network || at.ipv6;
}

static bool is_special(enum cvsw_field field)
{
	return field == CVSW_FIELD_VLAN_TCI || field == CVSW_FIELD_IP_TOS ||
	       field == CVSW_FIELD_NW_TOS || field == CVSW_FIELD_IP_ECN ||
	       field == CVSW_FIELD_PKT_MARK;
}

/* DSCP or ECN: @bits of the byte, of those in @mask. */
static bool reference_tos(struct flat_frame *frame, u8 mask, u8 bits)
{
	struct cvsw_layout at;
	struct cvsw_key key;
	u8 *ip;

	reference_key(frame, CVSW_HOST, &key, &at);
	ip = frame->data + at.network + at.ipv6;
	if (at.network)
		ip[1] = (ip[1] & ~mask) | (bits & mask);
	else
		put16(ip, (get16(ip) & ~(mask << 4)) | (bits & mask) << 4);
	if (at.network || at.transport)
		write_checksums(ip, frame->tail, frame->tail_len);
	return true;
}

static bool write_special(struct flat_frame *frame, enum cvsw_field field, unsigned int ofs,
			  unsigned int n, const u8 *from, unsigned int from_len,
			  unsigned int from_ofs)
{
	u8 value[4];

	if (!reference_special(frame, field, value))
		return false;
	put_bits(value, field_bytes(field), ofs, n, from, from_len, from_ofs);
	if (field == CVSW_FIELD_PKT_MARK) {
		frame->mark = get32(value);
		return true;
	}
	if (field != CVSW_FIELD_VLAN_TCI)
		return reference_tos(frame, field == CVSW_FIELD_IP_ECN ? 3 : 0xfc, value[0]);
	if (value[0] & 0x10)
		return reference_vlan(frame, 0xefff, get16(value) & 0xefff);
	reference_strip(frame);
	return true;
}

static bool reference_write(struct flat_frame *frame, enum cvsw_field field, unsigned int ofs,
			    unsigned int n, const u8 *from, unsigned int from_len,
			    unsigned int from_ofs)
{
	unsigned int end, len = field_bytes(field);
	struct cvsw_layout at;
	struct cvsw_key key;
	unsigned int sum;
	u8 *to, *ip;

	to = reference_register(frame, field);
	if (to) {
		put_bits(to, len, ofs, n, from, from_len, from_ofs);
		return true;
	}
	if (is_special(field))
		return write_special(frame, field, ofs, n, from, from_len, from_ofs);
	to = reference_place(frame, field, &end);
	/* A checksum is of pairs of bytes: the last, alone, can be read only. */
	if (!to || (field == CVSW_FIELD_ND_OPTIONS_TYPE && to + 2 > frame->data + end))
		return false;
	reference_key(frame, CVSW_HOST, &key, &at);
	if ((field == CVSW_FIELD_SCTP_SRC || field == CVSW_FIELD_SCTP_DST ||
	     ((field == CVSW_FIELD_TP_SRC || field == CVSW_FIELD_TP_DST) &&
	      at.protocol == IPPROTO_SCTP)) && at.fragment)
		return false;	/* its checksum is of the whole datagram */
	ip = frame->data + at.network + at.ipv6;
	sum = checksum_offset(at.protocol);
	/* Addresses are in checksums that have to be there. */
	if ((field == CVSW_FIELD_IP_SRC || field == CVSW_FIELD_IP_DST ||
	     field == CVSW_FIELD_NW_SRC || field == CVSW_FIELD_NW_DST ||
	     field == CVSW_FIELD_IPV6_SRC ||
	     (field == CVSW_FIELD_IPV6_DST && !at.routed)) && at.transport &&
	    sum && at.protocol != IPPROTO_SCTP && at.protocol != IPPROTO_ICMP &&
	    !(at.protocol == IPPROTO_ICMPV6 && at.network) &&
	    at.transport + sum + 2 > at.end)
		return false;
	put_bits(to, len, ofs, n, from, from_len, from_ofs);
	/* Of IPv6, only where the way to a checksum is whole. */
	if (at.network || at.transport)
		write_checksums(ip, frame->tail, frame->tail_len);
	return true;
}

static bool reference_move(struct flat_frame *frame, const struct cvsw_move *move)
{
	unsigned int end, len = field_bytes(move->src);
	u8 copy[16], *from = copy;

	if (is_special(move->src)) {
		if (!reference_special(frame, move->src, copy))
			return false;
	} else {
		from = reference_register(frame, move->src) ?:
		       reference_place(frame, move->src, &end);
		if (!from)
			return false;
		memcpy(copy, from, len);
	}
	return reference_write(frame, move->dst, move->dst_ofs, move->n_bits, copy, len,
			       move->src_ofs);
}

DECLARE_BITMAP(reference_loaded, CVSW_N_FIELDS);

static bool reference_load(struct flat_frame *frame, const struct cvsw_load *load)
{
	if (!reference_write(frame, load->dst, load->ofs, load->n_bits, load->value, 8, 0))
		return false;
	__set_bit(load->dst, reference_loaded);
	return true;
}

/* Return: whether the frame has what the action sets. */
static bool reference_action(struct flat_frame *frame, const struct cvsw_action *action)
{
	switch (action->type) {
	case CVSW_ACT_OUTPUT:
		return true;
	case CVSW_ACT_STRIP_VLAN:
		return reference_strip(frame);
	case CVSW_ACT_MOVE:
		return reference_move(frame, &action->move);
	case CVSW_ACT_LOAD:
		return reference_load(frame, &action->load);
	default:
		return false;
	}
}

unsigned int reference_list(const struct cvsw_action *list, unsigned int n,
			    struct flat_frame *frame)
{
	unsigned int i, skipped = 0;

	for (i = 0; i < n; i++)
		skipped += !reference_action(frame, &list[i]);
	return skipped;
}

/* ---- random actions ---- */

static enum cvsw_field random_field(struct rnd_state *rnd)
{
	enum cvsw_field field;

	/* Of the many registers, one now and then. */
	do {
		field = pick(rnd, CVSW_N_FIELDS);
	} while (!cvsw_field_info[field].writable ||
		 (cvsw_field_is_register(field) && pick(rnd, 4)));
	return field;
}

/* Neighbors of each other, so that frames have both. */
static enum cvsw_field near(struct rnd_state *rnd, enum cvsw_field field)
{
	int other;

	do {
		other = clamp(field + (int)pick(rnd, 9) - 4, 0, CVSW_N_FIELDS - 1);
	} while (!cvsw_field_info[other].writable);
	return other;
}

static void random_move(struct rnd_state *rnd, struct cvsw_move *move)
{
	unsigned int src_bits, dst_bits;

	move->src = random_field(rnd);
	move->dst = pick(rnd, 8) ? near(rnd, move->src) : CVSW_FIELD_REG0 + pick(rnd, 2);
	src_bits = cvsw_field_info[move->src].bits;
	dst_bits = cvsw_field_info[move->dst].bits;
	move->n_bits = min(src_bits, dst_bits);
	if (pick(rnd, 2))
		move->n_bits = 1 + pick(rnd, move->n_bits);
	move->src_ofs = pick(rnd, src_bits - move->n_bits + 1);
	move->dst_ofs = pick(rnd, dst_bits - move->n_bits + 1);
}

static void random_load(struct rnd_state *rnd, struct cvsw_load *load)
{
	unsigned int bits, i;

	load->dst = random_field(rnd);
	bits = cvsw_field_info[load->dst].bits;
	load->n_bits = min(bits, 64U);
	if (pick(rnd, 2))
		load->n_bits = 1 + pick(rnd, load->n_bits);
	load->ofs = pick(rnd, bits - load->n_bits + 1);
	prandom_bytes_state(rnd, load->value, sizeof(load->value));
	for (i = load->n_bits; i < 64; i++)
		load->value[7 - i / 8] &= ~(1 << i % 8);
}

/* One of OpenFlow 1.0's. */
static void random_set(struct rnd_state *rnd, struct cvsw_action *action)
{
	static const u32 addrs[] = { 0, 0xffffffff, 0x0a000001 };
	enum cvsw_setter setter = pick(rnd, CVSW_N_SETTERS);
	u64 value = (u64)prandom_u32_state(rnd) << 32 | prandom_u32_state(rnd);

	if (!pick(rnd, 4))
		value = addrs[pick(rnd, 3)];
	*action = cvsw_action_set(setter, value & cvsw_setter_limit(setter));
}

void random_action(struct rnd_state *rnd, struct cvsw_action *action)
{
	memset(action, 0, sizeof(*action));
	switch (pick(rnd, 8)) {
	case 0:
		action->type = CVSW_ACT_STRIP_VLAN;
		break;
	case 1:
		action->type = CVSW_ACT_MOVE;
		random_move(rnd, &action->move);
		break;
	case 2:
		action->type = CVSW_ACT_LOAD;
		random_load(rnd, &action->load);
		break;
	default:
		random_set(rnd, action);
		break;
	}
}
