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

#define TUNNEL_LEN		64

/* Nicira's: type, length, vendor and subtype come before the value. */
#define OFPAT10_VENDOR		0xffff
#define NX_VENDOR		0x00002320
#define NX_HEADER_LEN		10

/* @subtype: of Nicira's */
static const struct {
	uint16_t type;
	uint16_t len;
	uint16_t subtype;
} wire[CVSW_N_ACTIONS] = {
#define ACTION_WIRE(id, number, type, subtype, length, ...) { type, length, subtype },
	CVSW_ACTIONS(ACTION_WIRE)
#undef ACTION_WIRE
};

/* OpenFlow 1.0's actions that set a field: inside, loads.  @bytes: of the value */
static const struct {
	uint8_t type;
	uint8_t bytes;
} set_wire[CVSW_N_SETTERS] = {
#define SETTER_WIRE(id, number, bytes, ...) { number, bytes },
	CVSW_SETTERS(SETTER_WIRE)
#undef SETTER_WIRE
};

#define SET_LEN(setter)	(set_wire[setter].bytes > 4 ? 16 : 8)

static enum cvsw_setter setter_of_wire(uint16_t wire_type)
{
	enum cvsw_setter setter = 0;

	while (setter < CVSW_N_SETTERS && set_wire[setter].type != wire_type)
		setter++;
	return setter;
}

/* enum cvsw_action_type, or CVSW_N_ACTIONS. */
static uint16_t type_of_wire(uint16_t wire_type, uint16_t subtype)
{
	uint16_t type = 0;

	while (type < CVSW_N_ACTIONS &&
	       (wire[type].type != wire_type || wire[type].subtype != subtype))
		type++;
	return type;
}

static bool length_fits(uint16_t type, enum cvsw_setter setter, uint16_t length)
{
	if (setter < CVSW_N_SETTERS)
		return length == SET_LEN(setter);
	/* The published driver's strip is as long as its set. */
	return length == wire[type].len || (type == CVSW_ACT_VXLAN_DECAP && length == TUNNEL_LEN);
}

/* 16 bytes, of which IPv4 has the first four, to ::ffff:a.b.c.d; false: there is more. */
static bool read_outer_ip(struct cvsw_reader *r, uint8_t ip[CVSW_IP_LEN])
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	uint32_t rest;

	memcpy(ip, prefix, sizeof(prefix));
	cvsw_get_bytes(r, ip + sizeof(prefix), 4);
	rest = cvsw_get_u32(r);
	rest |= cvsw_get_u32(r);
	rest |= cvsw_get_u32(r);
	return !rest;
}

/* @r: from byte 4 on. */
static enum cvsw_fault read_tunnel(struct cvsw_reader *r, struct cvsw_tunnel *tunnel)
{
	tunnel->type = CVSW_TUNNEL_VXLAN;
	cvsw_get_bytes(r, tunnel->dl_dst, sizeof(tunnel->dl_dst));
	cvsw_get_bytes(r, tunnel->dl_src, sizeof(tunnel->dl_src));
	if (!read_outer_ip(r, tunnel->dst) || !read_outer_ip(r, tunnel->src) || cvsw_get_u32(r))
		return CVSW_FAULT_ACTION_VALUE;
	tunnel->id = cvsw_get_u32(r);
	tunnel->udp_dst = cvsw_get_u16(r);
	if (!tunnel->udp_dst)
		tunnel->udp_dst = CVSW_VXLAN_PORT;
	tunnel->ttl = cvsw_get_u8(r);
	if (!tunnel->ttl)
		tunnel->ttl = CVSW_TUNNEL_TTL;
	tunnel->tos = cvsw_get_u8(r);
	tunnel->flags = cvsw_get_u8(r);
	return cvsw_get_u8(r) || cvsw_get_u16(r) ? CVSW_FAULT_RESERVED : CVSW_OK;
}

/* OpenFlow's own: behind type and length; padding is not looked at (5.2.4). */
static enum cvsw_fault read_output(struct cvsw_reader *r, struct cvsw_action *action)
{
	action->port = cvsw_get_u16(r);
	if (action->port == CVSW_PORT_CONTROLLER) {
		action->type = CVSW_ACT_CONTROLLER;
		action->max_len = cvsw_get_u16(r);
	}
	return CVSW_OK;
}

static enum cvsw_fault read_set(struct cvsw_reader *r, enum cvsw_setter setter,
				struct cvsw_action *action)
{
	const uint8_t *at = cvsw_take(r, set_wire[setter].bytes);
	uint64_t value = 0;
	size_t i;

	for (i = 0; at && i < set_wire[setter].bytes; i++)
		value = value << 8 | at[i];
	if (value & ~cvsw_setter_limit(setter))
		return CVSW_FAULT_ACTION_VALUE;
	*action = cvsw_action_set(setter, value);
	return CVSW_OK;
}

/*
 * Parts of fields with a header of their own, of OpenFlow's class (0x8000): Open vSwitch
 * writes them where Nicira's extension has none.
 */
static const struct {
	uint32_t header;
	uint8_t field;		/* enum cvsw_field */
	uint8_t ofs, bits;
} parts[] = {
#define PART(field, ofs, bits, oxm, bytes, oxm_name, words)				\
	{ (uint32_t)CVSW_CLASS_OXM << 16 | (oxm) << 9 | (bytes), CVSW_FIELD_##field, ofs, bits },
	CVSW_PARTS(PART)
#undef PART
};

/* A field, and where in it that begins which the header names. */
struct wire_field {
	enum cvsw_field field;
	unsigned int ofs;
	unsigned int bits;
};

static struct wire_field field_of_wire(uint32_t header)
{
	bool oxm = header >> 16 == CVSW_CLASS_OXM;
	struct wire_field found = { 0 };
	size_t i;

	for (; found.field < CVSW_N_FIELDS; found.field++) {
		const struct cvsw_field_info *info = &cvsw_field_info[found.field];

		if ((header == info->header ||
		     (oxm && info->oxm && (header & 0xffff) ==
		      ((unsigned int)info->oxm << 9 | CVSW_FIELD_LEN(info)))) && info->writable) {
			found.bits = info->bits;
			return found;
		}
	}
	if (!oxm)
		return found;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (header == parts[i].header && header & 0xff) {
			found.field = parts[i].field;
			found.ofs = parts[i].ofs;
			found.bits = parts[i].bits;
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

	cvsw_get_bytes(r, load->value, sizeof(load->value));
	if (!field_has(&dst, ofs, n_bits))
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
		return CVSW_OK;
	case CVSW_ACT_CLONE:
		action->n_cloned = cvsw_get_u16(r);
		return cvsw_get_u16(r) ? CVSW_FAULT_RESERVED : CVSW_OK;
	case CVSW_ACT_MOVE:
		return read_move(r, &action->move);
	case CVSW_ACT_LOAD:
		return read_load(r, &action->load);
	case CVSW_ACT_WRITE_ACTIONS:
		action->n_written = cvsw_get_u16(r);
		return cvsw_get_u16(r) ? CVSW_FAULT_RESERVED : CVSW_OK;
	case CVSW_ACT_VXLAN_STRIP:
	case CVSW_ACT_DECRYPT:
	case CVSW_ACT_NEXT:
	case CVSW_ACT_CLEAR_ACTIONS:
		return cvsw_get_u32(r) ? CVSW_FAULT_RESERVED : CVSW_OK;
	case CVSW_ACT_OUTPUT:
		return read_output(r, action);
	case CVSW_ACT_GOTO_TABLE:
		action->table = cvsw_get_u8(r);
		return cvsw_get_u8(r) || cvsw_get_u16(r) ? CVSW_FAULT_RESERVED : CVSW_OK;
	case CVSW_ACT_RESUBMIT:
		action->resubmit.port = cvsw_get_u16(r);
		action->resubmit.table = cvsw_get_u8(r);
		return CVSW_OK;
	case CVSW_ACT_GROUP:
		action->to_group.id = cvsw_get_u32(r);
		action->to_group.hash = cvsw_get_u8(r);
		return cvsw_get_u8(r) || cvsw_get_u16(r) || cvsw_get_u32(r) ? CVSW_FAULT_RESERVED :
									     CVSW_OK;
	default:
		return CVSW_OK;
	}
}

static enum cvsw_fault read_action(struct cvsw_reader *r, struct cvsw_action *action, size_t *at)
{
	size_t start = r->at, header = 4;
	uint16_t wire_type, length, subtype = 0;
	enum cvsw_setter setter;
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
	setter = setter_of_wire(wire_type);
	action->type = setter < CVSW_N_SETTERS ? CVSW_ACT_LOAD : type_of_wire(wire_type, subtype);
	*at = start;
	if (action->type == CVSW_N_ACTIONS)
		return CVSW_FAULT_ACTION_TYPE;
	*at = start + 2;
	if (!length_fits(action->type, setter, length) || length > r->len - start)
		return CVSW_FAULT_ACTION_LENGTH;
	value = cvsw_reader(r->data + start + header, length - header);
	r->at = start + length;
	fault = setter < CVSW_N_SETTERS ? read_set(&value, setter, action) :
					  read_value(&value, action);
	*at = start + header;
	return fault ? fault : cvsw_action_check(action);
}

/* An action's offset: each one's length is in its bytes 2 and 3. */
static size_t offset_of(const struct cvsw_reader *list, size_t action)
{
	struct cvsw_reader r = *list;

	while (action--) {
		cvsw_skip(&r, 2);
		cvsw_skip(&r, (size_t)cvsw_get_u16(&r) - 4);
	}
	return r.at;
}

static enum cvsw_fault read_action_list(struct cvsw_reader *r, struct cvsw_flow *flow, size_t *at)
{
	const struct cvsw_reader list = *r;
	size_t wrong;

	for (flow->n_actions = 0; cvsw_left(r); flow->n_actions++) {
		enum cvsw_fault fault;

		*at = r->at;
		if (flow->n_actions == CVSW_MAX_ACTIONS)
			return CVSW_FAULT_ACTION_COUNT;
		fault = read_action(r, &flow->actions[flow->n_actions], at);
		if (fault)
			return fault;
	}
	wrong = cvsw_actions_misplaced(flow);
	*at = offset_of(&list, wrong);
	return wrong < flow->n_actions ? CVSW_FAULT_ACTION_ORDER : CVSW_OK;
}

enum cvsw_fault cvsw_ofp10_read_actions(struct cvsw_reader *r, struct cvsw_flow *flow, size_t *at)
{
	const struct cvsw_reader list = *r;
	enum cvsw_fault fault = read_action_list(r, flow, at);
	size_t wrong;

	if (fault)
		return fault;
	wrong = cvsw_actions_misfit(flow);
	*at = offset_of(&list, wrong);
	if (wrong < flow->n_actions)
		return CVSW_FAULT_ACTION_VALUE;
	wrong = cvsw_actions_backward(flow);
	*at = offset_of(&list, wrong);
	return wrong < flow->n_actions ? CVSW_FAULT_TABLE : CVSW_OK;
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
	case CVSW_ACT_VXLAN_ENCAP:
		write_tunnel(w, &action->tunnel);
		break;
	case CVSW_ACT_ENCRYPT:
		cvsw_put_u32(w, action->spi);
		break;
	case CVSW_ACT_CLONE:
		cvsw_put_u16(w, action->n_cloned);
		break;
	case CVSW_ACT_WRITE_ACTIONS:
		cvsw_put_u16(w, action->n_written);
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
	case CVSW_ACT_GOTO_TABLE:
		cvsw_put_u8(w, action->table);
		break;
	case CVSW_ACT_RESUBMIT:
		cvsw_put_u16(w, action->resubmit.port);
		cvsw_put_u8(w, action->resubmit.table);
		break;
	case CVSW_ACT_GROUP:
		cvsw_put_u32(w, action->to_group.id);
		cvsw_put_u8(w, action->to_group.hash);
		break;
	default:
		break;
	}
}

/* As one of OpenFlow 1.0's actions. */
static void write_set(struct cvsw_writer *w, enum cvsw_setter setter, uint64_t value)
{
	size_t bytes = set_wire[setter].bytes;

	cvsw_put_u16(w, set_wire[setter].type);
	cvsw_put_u16(w, SET_LEN(setter));
	for (; bytes--;)
		cvsw_put_u8(w, (uint8_t)(value >> 8 * bytes));
	cvsw_put_zero(w, SET_LEN(setter) - 4 - set_wire[setter].bytes);
}

static void write_action(struct cvsw_writer *w, uint16_t type, const struct cvsw_action *action)
{
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

void cvsw_ofp10_write_actions(struct cvsw_writer *w, bool published,
			      const struct cvsw_action *actions, size_t n)
{
	enum cvsw_setter setter = CVSW_N_SETTERS;
	uint64_t value;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct cvsw_action *action = &actions[i];
		bool strip = action->type == CVSW_ACT_VXLAN_STRIP && published;

		if (action->type == CVSW_ACT_LOAD)
			setter = cvsw_setter_of(&action->load, &value);
		if (action->type == CVSW_ACT_LOAD && setter < CVSW_N_SETTERS)
			write_set(w, setter, value);
		else
			write_action(w, strip ? CVSW_ACT_VXLAN_DECAP : action->type, action);
	}
}
