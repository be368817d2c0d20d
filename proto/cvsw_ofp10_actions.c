// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Actions: those of OpenFlow Switch Specification 1.0.0 (5.2.4), the published
 * driver's for tunnels and ours.  Each begins with type and length:
 *
 *	 0                   1                   2                   3
 *	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *	+-------------------------------+-------------------------------+
 *   0	|             type              |            length             |
 *	+-------------------------------+-------------------------------+
 *   4	|  value ...                                                    |
 *
 * 0x1001, VXLAN encapsulation:
 *	+-------------------------------+-------------------------------+
 *   0	|            0x1001             |          length (64)          |
 *	+-------------------------------+-------------------------------+
 *   4	|                 outer destination MAC address                 |
 *	+                               +-------------------------------+
 *   8	|                               |                               |
 *	+-------------------------------+   outer source MAC address    +
 *  12	|                                                               |
 *	+---------------------------------------------------------------+
 *  16	|     outer destination IP address, 16 bytes (IPv4: first 4)    |
 *  32	|       outer source IP address, 16 bytes (IPv4: first 4)       |
 *	+---------------------------------------------------------------+
 *  48	|                             zero                              |
 *	+---------------+-----------------------------------------------+
 *  52	|     zero      |                      VNI                      |
 *	+---------------+---------------+---------------+---------------+
 *  56	|     UDP destination port      |      TTL      |      ToS      |
 *	+-----------+-+-+---------------+---------------+---------------+
 *  60	|   zero    |I|C|                     zero                      |
 *	+-----------+-+-+-----------------------------------------------+
 */
#include "cvsw_ofp10.h"
#include "cvsw_ofp10_parts.h"
#include "cvsw_sa.h"

#define TUNNEL_FLAGS		(CVSW_TUNNEL_CSUM | CVSW_TUNNEL_INHERIT_TOS)

#define TUNNEL_LEN		64

/* Nicira's: type, length, vendor and subtype come before the value. */
#define OFPAT10_VENDOR		0xffff
#define NX_VENDOR		0x00002320
#define NX_HEADER_LEN		10

/* Up to SET_TP_DST, ofp_action_type has the numbers of enum cvsw_action_type. */
static_assert(CVSW_ACT_OUTPUT == 0 && CVSW_ACT_SET_VLAN_VID == 1 && CVSW_ACT_SET_VLAN_PCP == 2 &&
	      CVSW_ACT_STRIP_VLAN == 3 && CVSW_ACT_SET_DL_SRC == 4 && CVSW_ACT_SET_DL_DST == 5 &&
	      CVSW_ACT_SET_NW_SRC == 6 && CVSW_ACT_SET_NW_DST == 7 && CVSW_ACT_SET_NW_TOS == 8 &&
	      CVSW_ACT_SET_TP_SRC == 9 && CVSW_ACT_SET_TP_DST == 10,
	      "OpenFlow 1.0 numbers its actions otherwise");

/* @subtype: of Nicira's */
static const struct {
	uint16_t type;
	uint16_t len;
	uint16_t subtype;
} wire[CVSW_N_ACTIONS] = {
	[CVSW_ACT_OUTPUT]	= { 0, 8, 0 },
	[CVSW_ACT_SET_VLAN_VID]	= { 1, 8, 0 },
	[CVSW_ACT_SET_VLAN_PCP]	= { 2, 8, 0 },
	[CVSW_ACT_STRIP_VLAN]	= { 3, 8, 0 },
	[CVSW_ACT_SET_DL_SRC]	= { 4, 16, 0 },
	[CVSW_ACT_SET_DL_DST]	= { 5, 16, 0 },
	[CVSW_ACT_SET_NW_SRC]	= { 6, 8, 0 },
	[CVSW_ACT_SET_NW_DST]	= { 7, 8, 0 },
	[CVSW_ACT_SET_NW_TOS]	= { 8, 8, 0 },
	[CVSW_ACT_SET_TP_SRC]	= { 9, 8, 0 },
	[CVSW_ACT_SET_TP_DST]	= { 10, 8, 0 },
	[CVSW_ACT_DEC_TTL]	= { OFPAT10_VENDOR, 16, 18 },
	[CVSW_ACT_MOVE]		= { OFPAT10_VENDOR, 24, 6 },
	[CVSW_ACT_LOAD]		= { OFPAT10_VENDOR, 24, 7 },
	[CVSW_ACT_VXLAN_ENCAP]	= { 0x1001, TUNNEL_LEN, 0 },
	[CVSW_ACT_VXLAN_DECAP]	= { 0x1002, 8, 0 },
	[CVSW_ACT_VXLAN_STRIP]	= { 0x1015, 8, 0 },
	[CVSW_ACT_ENCRYPT]	= { 0x1011, 8, 0 },
	[CVSW_ACT_DECRYPT]	= { 0x1012, 8, 0 },
	[CVSW_ACT_CLONE]	= { 0x1013, 8, 0 },
	[CVSW_ACT_NEXT]		= { 0x1014, 8, 0 },
	/* An OUTPUT, which comes first in this table. */
	[CVSW_ACT_CONTROLLER]	= { 0, 8, 0 },
};

/* enum cvsw_action_type, or CVSW_N_ACTIONS. */
static uint16_t type_of_wire(uint16_t wire_type, uint16_t subtype)
{
	uint16_t type = 0;

	while (type < CVSW_N_ACTIONS &&
	       (wire[type].type != wire_type || wire[type].subtype != subtype))
		type++;
	return type;
}

static bool length_fits(uint16_t type, uint16_t length)
{
	/* The published driver's strip is as long as its set. */
	return length == wire[type].len || (type == CVSW_ACT_VXLAN_DECAP && length == TUNNEL_LEN);
}

/* 16 bytes, of which IPv4 has the first four, to ::ffff:a.b.c.d. */
static enum cvsw_fault read_outer_ip(struct cvsw_reader *r, uint8_t ip[CVSW_IP_LEN])
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	uint32_t addr, rest;

	memcpy(ip, prefix, sizeof(prefix));
	cvsw_get_bytes(r, ip + sizeof(prefix), 4);
	addr = (uint32_t)ip[12] | ip[13] | ip[14] | ip[15];
	rest = cvsw_get_u32(r);
	rest |= cvsw_get_u32(r);
	rest |= cvsw_get_u32(r);
	return addr && !rest ? CVSW_OK : CVSW_FAULT_ACTION_VALUE;
}

/* @r: from byte 4 on. */
static enum cvsw_fault read_tunnel(struct cvsw_reader *r, struct cvsw_tunnel *tunnel)
{
	enum cvsw_fault fault;

	tunnel->type = CVSW_TUNNEL_VXLAN;
	cvsw_get_bytes(r, tunnel->dl_dst, sizeof(tunnel->dl_dst));
	cvsw_get_bytes(r, tunnel->dl_src, sizeof(tunnel->dl_src));
	fault = read_outer_ip(r, tunnel->dst);
	if (!fault)
		fault = read_outer_ip(r, tunnel->src);
	if (fault)
		return fault;
	if (cvsw_get_u32(r))
		return CVSW_FAULT_ACTION_VALUE;
	tunnel->id = cvsw_get_u32(r);
	if (tunnel->id > CVSW_VXLAN_VNI_MAX)
		return CVSW_FAULT_ACTION_VALUE;
	tunnel->udp_dst = cvsw_get_u16(r);
	if (!tunnel->udp_dst)
		tunnel->udp_dst = CVSW_VXLAN_PORT;
	tunnel->ttl = cvsw_get_u8(r);
	if (!tunnel->ttl)
		tunnel->ttl = CVSW_TUNNEL_TTL;
	tunnel->tos = cvsw_get_u8(r);
	if (tunnel->tos & ~CVSW_DSCP_MASK)
		return CVSW_FAULT_ACTION_VALUE;
	tunnel->flags = cvsw_get_u8(r);
	if (tunnel->flags & ~TUNNEL_FLAGS)
		return CVSW_FAULT_RESERVED;
	if (tunnel->flags & CVSW_TUNNEL_INHERIT_TOS && tunnel->tos)
		return CVSW_FAULT_ACTION_VALUE;
	return cvsw_get_u8(r) || cvsw_get_u16(r) ? CVSW_FAULT_RESERVED : CVSW_OK;
}

/* OpenFlow's own: behind type and length; padding is not looked at (5.2.4). */
static enum cvsw_fault read_openflow_value(struct cvsw_reader *r, struct cvsw_action *action)
{
	switch (action->type) {
	case CVSW_ACT_OUTPUT:
		action->port = cvsw_get_u16(r);
		if (action->port == CVSW_PORT_CONTROLLER) {
			action->type = CVSW_ACT_CONTROLLER;
			action->max_len = cvsw_get_u16(r);
			return CVSW_OK;
		}
		return cvsw_port_is_known(action->port) ? CVSW_OK : CVSW_FAULT_ACTION_PORT;
	case CVSW_ACT_SET_VLAN_VID:
		action->vlan_vid = cvsw_get_u16(r);
		return action->vlan_vid <= OFP10_VID_MAX ? CVSW_OK : CVSW_FAULT_ACTION_VALUE;
	case CVSW_ACT_SET_VLAN_PCP:
		action->vlan_pcp = cvsw_get_u8(r);
		return action->vlan_pcp <= OFP10_PCP_MAX ? CVSW_OK : CVSW_FAULT_ACTION_VALUE;
	case CVSW_ACT_SET_DL_SRC:
	case CVSW_ACT_SET_DL_DST:
		cvsw_get_bytes(r, action->mac, sizeof(action->mac));
		return CVSW_OK;
	case CVSW_ACT_SET_NW_SRC:
	case CVSW_ACT_SET_NW_DST:
		action->nw_addr = cvsw_get_u32(r);
		return CVSW_OK;
	case CVSW_ACT_SET_NW_TOS:
		action->nw_tos = cvsw_get_u8(r);
		return action->nw_tos & ~CVSW_DSCP_MASK ? CVSW_FAULT_ACTION_VALUE : CVSW_OK;
	case CVSW_ACT_SET_TP_SRC:
	case CVSW_ACT_SET_TP_DST:
		action->tp_port = cvsw_get_u16(r);
		return CVSW_OK;
	default:
		return CVSW_OK;
	}
}

/*
 * OpenFlow's own headers of fields (class 0x8000), which Open vSwitch writes where Nicira's
 * extension has none for a part, and others for all.  @bits: 0: all of it
 */
static const struct {
	uint8_t number;
	uint8_t bytes;
	uint8_t field;		/* enum cvsw_field */
	uint8_t ofs, bits;
} oxm[] = {
	{ 3, 6, CVSW_FIELD_ETH_DST, 0, 0 },	{ 4, 6, CVSW_FIELD_ETH_SRC, 0, 0 },
	{ 6, 2, CVSW_FIELD_VLAN_TCI, 0, 13 },	{ 7, 1, CVSW_FIELD_VLAN_TCI, 13, 3 },
	{ 8, 1, CVSW_FIELD_IP_TOS, 2, 6 },	{ 9, 1, CVSW_FIELD_IP_ECN, 0, 0 },
	{ 11, 4, CVSW_FIELD_IP_SRC, 0, 0 },	{ 12, 4, CVSW_FIELD_IP_DST, 0, 0 },
	{ 13, 2, CVSW_FIELD_TCP_SRC, 0, 0 },	{ 14, 2, CVSW_FIELD_TCP_DST, 0, 0 },
	{ 15, 2, CVSW_FIELD_UDP_SRC, 0, 0 },	{ 16, 2, CVSW_FIELD_UDP_DST, 0, 0 },
	{ 19, 1, CVSW_FIELD_ICMP_TYPE, 0, 0 },	{ 20, 1, CVSW_FIELD_ICMP_CODE, 0, 0 },
	{ 21, 2, CVSW_FIELD_ARP_OP, 0, 0 },	{ 22, 4, CVSW_FIELD_ARP_SPA, 0, 0 },
	{ 23, 4, CVSW_FIELD_ARP_TPA, 0, 0 },	{ 24, 6, CVSW_FIELD_ARP_SHA, 0, 0 },
	{ 25, 6, CVSW_FIELD_ARP_THA, 0, 0 },	{ 26, 16, CVSW_FIELD_IPV6_SRC, 0, 0 },
	{ 27, 16, CVSW_FIELD_IPV6_DST, 0, 0 },	{ 28, 4, CVSW_FIELD_IPV6_LABEL, 0, 0 },
	{ 29, 1, CVSW_FIELD_ICMPV6_TYPE, 0, 0 }, { 30, 1, CVSW_FIELD_ICMPV6_CODE, 0, 0 },
	{ 31, 16, CVSW_FIELD_ND_TARGET, 0, 0 },	{ 32, 6, CVSW_FIELD_ND_SLL, 0, 0 },
	{ 33, 6, CVSW_FIELD_ND_TLL, 0, 0 },
};

/* A field, and where in it that begins which the header names. */
struct wire_field {
	enum cvsw_field field;
	unsigned int ofs;
	unsigned int bits;
};

static struct wire_field field_of_wire(uint32_t header)
{
	struct wire_field found = { 0 };
	size_t i;

	for (; found.field < CVSW_N_FIELDS; found.field++)
		if (cvsw_field_info[found.field].header == header) {
			found.bits = cvsw_field_info[found.field].bits;
			return found;
		}
	for (i = 0; i < sizeof(oxm) / sizeof(oxm[0]); i++)
		if (header == (0x80000000 | (uint32_t)oxm[i].number << 9 | oxm[i].bytes)) {
			found.field = oxm[i].field;
			found.ofs = oxm[i].ofs;
			found.bits = oxm[i].bits ? oxm[i].bits : cvsw_field_info[found.field].bits;
		}
	return found;
}

static bool field_has(const struct wire_field *field, unsigned int ofs, unsigned int n_bits)
{
	return n_bits && ofs + n_bits <= field->bits;
}

static enum cvsw_fault read_move(struct cvsw_reader *r, struct cvsw_move *move)
{
	uint16_t n_bits = cvsw_get_u16(r), src_ofs = cvsw_get_u16(r), dst_ofs = cvsw_get_u16(r);
	struct wire_field src = field_of_wire(cvsw_get_u32(r));
	struct wire_field dst = field_of_wire(cvsw_get_u32(r));

	if (!field_has(&src, src_ofs, n_bits) || !field_has(&dst, dst_ofs, n_bits))
		return CVSW_FAULT_ACTION_VALUE;
	move->src = (uint8_t)src.field;
	move->dst = (uint8_t)dst.field;
	move->src_ofs = (uint8_t)(src.ofs + src_ofs);
	move->dst_ofs = (uint8_t)(dst.ofs + dst_ofs);
	move->n_bits = (uint8_t)n_bits;
	return CVSW_OK;
}

static enum cvsw_fault read_load(struct cvsw_reader *r, struct cvsw_load *load)
{
	uint16_t bits = cvsw_get_u16(r);
	struct wire_field dst = field_of_wire(cvsw_get_u32(r));
	unsigned int ofs = bits >> 6, n_bits = (bits & 63) + 1;
	struct cvsw_reader value;

	cvsw_get_bytes(r, load->value, sizeof(load->value));
	value = cvsw_reader(load->value, sizeof(load->value));
	if (!field_has(&dst, ofs, n_bits) || (n_bits < 64 && cvsw_get_u64(&value) >> n_bits))
		return CVSW_FAULT_ACTION_VALUE;
	load->dst = (uint8_t)dst.field;
	load->ofs = (uint8_t)(dst.ofs + ofs);
	load->n_bits = (uint8_t)n_bits;
	return CVSW_OK;
}

/* Of our own, what is reserved must be zero, so that it may come to mean something. */
static enum cvsw_fault read_value(struct cvsw_reader *r, struct cvsw_action *action)
{
	switch (action->type) {
	case CVSW_ACT_VXLAN_ENCAP:
		return read_tunnel(r, &action->tunnel);
	case CVSW_ACT_ENCRYPT:
		action->spi = cvsw_get_u32(r);
		return action->spi < CVSW_SA_SPI_MIN ? CVSW_FAULT_ACTION_VALUE : CVSW_OK;
	case CVSW_ACT_CLONE:
		action->n_cloned = cvsw_get_u16(r);
		return cvsw_get_u16(r) ? CVSW_FAULT_RESERVED : CVSW_OK;
	case CVSW_ACT_MOVE:
		return read_move(r, &action->move);
	case CVSW_ACT_LOAD:
		return read_load(r, &action->load);
	case CVSW_ACT_VXLAN_STRIP:
	case CVSW_ACT_DECRYPT:
	case CVSW_ACT_NEXT:
		return cvsw_get_u32(r) ? CVSW_FAULT_RESERVED : CVSW_OK;
	default:
		return read_openflow_value(r, action);
	}
}

static enum cvsw_fault read_action(struct cvsw_reader *r, struct cvsw_action *action, size_t *at)
{
	size_t start = r->at, header = 4;
	uint16_t wire_type, length, subtype = 0;
	struct cvsw_reader value;
	enum cvsw_fault fault;

	memset(action, 0, sizeof(*action));
	wire_type = cvsw_get_u16(r);
	length = cvsw_get_u16(r);
	*at = r->len;
	if (r->overrun)
		return CVSW_FAULT_ACTION_LENGTH;
	value = cvsw_reader(r->data + start, r->len - start);
	if (wire_type == OFPAT10_VENDOR) {
		cvsw_skip(&value, header);
		header = NX_HEADER_LEN;
		/* Zero is nobody's subtype. */
		if (cvsw_get_u32(&value) == NX_VENDOR)
			subtype = cvsw_get_u16(&value);
	}
	action->type = type_of_wire(wire_type, subtype);
	*at = start;
	if (action->type == CVSW_N_ACTIONS)
		return CVSW_FAULT_ACTION_TYPE;
	*at = start + 2;
	if (!length_fits(action->type, length) || length > r->len - start)
		return CVSW_FAULT_ACTION_LENGTH;
	value = cvsw_reader(r->data + start + header, length - header);
	r->at = start + length;
	fault = read_value(&value, action);
	*at = start + header;
	return fault;
}

/* Does the match name what the action needs? */
static bool fits_match(const struct cvsw_action *action, const struct cvsw_match *match)
{
	switch (action->type) {
	case CVSW_ACT_DEC_TTL:
		return cvsw_match_names(match, CVSW_NEED_IP);
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

static enum cvsw_fault read_actions(struct cvsw_reader *r, struct cvsw_flow *flow, size_t *at)
{
	size_t n = 0, clone_at = 0, cloned = 0;

	while (cvsw_left(r)) {
		struct cvsw_action *action = &flow->actions[n];
		size_t start = r->at;
		enum cvsw_fault fault;

		*at = start;
		if (n == CVSW_MAX_ACTIONS)
			return CVSW_FAULT_ACTION_COUNT;
		if (n && flow->actions[n - 1].type == CVSW_ACT_NEXT)
			return CVSW_FAULT_ACTION_ORDER;
		fault = read_action(r, action, at);
		if (fault)
			return fault;
		*at = start;
		if (cloned && (action->type == CVSW_ACT_NEXT || action->type == CVSW_ACT_CLONE))
			return CVSW_FAULT_ACTION_ORDER;
		if (cloned) {
			cloned--;
		} else if (action->type == CVSW_ACT_CLONE) {
			clone_at = start;
			cloned = action->n_cloned;
			if (!cloned)
				return CVSW_FAULT_ACTION_ORDER;
		}
		n++;
	}
	flow->n_actions = (uint16_t)n;
	*at = clone_at;
	return cloned ? CVSW_FAULT_ACTION_ORDER : CVSW_OK;
}

enum cvsw_fault cvsw_ofp10_read_actions(struct cvsw_reader *r, struct cvsw_flow *flow, size_t *at)
{
	size_t actions_at = r->at, n;
	enum cvsw_fault fault = read_actions(r, flow, at);

	if (fault)
		return fault;
	*at = actions_at;
	n = cvsw_actions_misfit(flow);
	if (n == flow->n_actions)
		return CVSW_OK;
	while (n--)
		*at += wire[flow->actions[n].type].len;
	return CVSW_FAULT_ACTION_VALUE;
}

static void write_tunnel(struct cvsw_writer *w, const struct cvsw_tunnel *tunnel)
{
	cvsw_put_bytes(w, tunnel->dl_dst, sizeof(tunnel->dl_dst));
	cvsw_put_bytes(w, tunnel->dl_src, sizeof(tunnel->dl_src));
	cvsw_put_bytes(w, tunnel->dst + 12, 4);
	cvsw_put_zero(w, 12);
	cvsw_put_bytes(w, tunnel->src + 12, 4);
	cvsw_put_zero(w, 12 + 4);
	cvsw_put_u32(w, tunnel->id);
	cvsw_put_u16(w, tunnel->udp_dst);
	cvsw_put_u8(w, tunnel->ttl);
	cvsw_put_u8(w, tunnel->tos);
	cvsw_put_u8(w, tunnel->flags);
}

static void write_move(struct cvsw_writer *w, const struct cvsw_move *move)
{
	cvsw_put_u16(w, move->n_bits);
	cvsw_put_u16(w, move->src_ofs);
	cvsw_put_u16(w, move->dst_ofs);
	cvsw_put_u32(w, cvsw_field_info[move->src].header);
	cvsw_put_u32(w, cvsw_field_info[move->dst].header);
}

static void write_load(struct cvsw_writer *w, const struct cvsw_load *load)
{
	cvsw_put_u16(w, (uint16_t)(load->ofs << 6 | (load->n_bits - 1)));
	cvsw_put_u32(w, cvsw_field_info[load->dst].header);
	cvsw_put_bytes(w, load->value, sizeof(load->value));
}

static void write_value(struct cvsw_writer *w, const struct cvsw_action *action)
{
	switch (action->type) {
	case CVSW_ACT_OUTPUT:
		cvsw_put_u16(w, action->port);
		break;
	case CVSW_ACT_SET_VLAN_VID:
		cvsw_put_u16(w, action->vlan_vid);
		break;
	case CVSW_ACT_SET_VLAN_PCP:
		cvsw_put_u8(w, action->vlan_pcp);
		break;
	case CVSW_ACT_SET_DL_SRC:
	case CVSW_ACT_SET_DL_DST:
		cvsw_put_bytes(w, action->mac, sizeof(action->mac));
		break;
	case CVSW_ACT_SET_NW_SRC:
	case CVSW_ACT_SET_NW_DST:
		cvsw_put_u32(w, action->nw_addr);
		break;
	case CVSW_ACT_SET_NW_TOS:
		cvsw_put_u8(w, action->nw_tos);
		break;
	case CVSW_ACT_SET_TP_SRC:
	case CVSW_ACT_SET_TP_DST:
		cvsw_put_u16(w, action->tp_port);
		break;
	case CVSW_ACT_VXLAN_ENCAP:
		write_tunnel(w, &action->tunnel);
		break;
	case CVSW_ACT_ENCRYPT:
		cvsw_put_u32(w, action->spi);
		break;
	case CVSW_ACT_CLONE:
		cvsw_put_u16(w, action->n_cloned);
		break;
	case CVSW_ACT_CONTROLLER:
		cvsw_put_u16(w, CVSW_PORT_CONTROLLER);
		cvsw_put_u16(w, action->max_len);
		break;
	case CVSW_ACT_MOVE:
		write_move(w, &action->move);
		break;
	case CVSW_ACT_LOAD:
		write_load(w, &action->load);
		break;
	default:
		break;
	}
}

void cvsw_ofp10_write_actions(struct cvsw_writer *w, const struct ofp10_form *form,
			      const struct cvsw_action *actions, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct cvsw_action *action = &actions[i];
		bool strip = action->type == CVSW_ACT_VXLAN_STRIP && form;
		uint16_t type = strip ? CVSW_ACT_VXLAN_DECAP : action->type;
		size_t end = w->at + wire[type].len;

		cvsw_put_u16(w, wire[type].type);
		cvsw_put_u16(w, wire[type].len);
		if (wire[type].subtype) {
			cvsw_put_u32(w, NX_VENDOR);
			cvsw_put_u16(w, wire[type].subtype);
		}
		write_value(w, action);
		if (!w->overrun)
			cvsw_put_zero(w, end - w->at);
	}
}

enum cvsw_fault cvsw_ofp10_actions_decode(const uint8_t *data, size_t len, struct cvsw_flow *flow)
{
	struct cvsw_reader r = cvsw_reader(data, len);
	size_t at;

	return read_actions(&r, flow, &at);
}

size_t cvsw_ofp10_actions_encode(const struct cvsw_action *actions, size_t n, uint8_t *buf,
				 size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_ofp10_write_actions(&w, NULL, actions, n);
	return cvsw_written(&w);
}
