// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Matches, actions and instructions of OpenFlow 1.3 (7.2.3 to 7.2.5), translated from and to
 * nx_match and the actions of 1.0 with Nicira's extension: what a field or an action may be is
 * said once, in cvsw_nxm.c and cvsw_ofp10_actions.c.
 */
#include "cvsw_oxm.h"

#include "cvsw_ofp10_parts.h"
#include "cvsw_ofs_wire.h"

#define HEADER(class, field, len)	((uint32_t)(class) << 16 | (field) << 9 | (len))
#define NXM_VLAN_TCI	HEADER(CVSW_CLASS_OF, 4, 2)
#define NXM_IN_PORT	HEADER(CVSW_CLASS_OF, 0, 2)
#define NXM_IP_TOS	HEADER(CVSW_CLASS_OF, 5, 1)
#define MASKED		0x100
#define OXM_VLAN_VID	6
#define OXM_VLAN_PCP	7
#define OXM_IP_DSCP	8

/* OpenFlow's own fields whose row in cvsw_fields.h has no number, as actions do not write them. */
static const struct {
	uint8_t oxm;
	uint32_t header;
} matched_only[] = {
	{ 5, HEADER(CVSW_CLASS_OF, 3, 2) },	/* ETH_TYPE */
	{ 10, HEADER(CVSW_CLASS_OF, 6, 1) },	/* IP_PROTO */
	{ 38, HEADER(CVSW_CLASS_NX, 16, 8) },	/* TUNNEL_ID */
};

#define N(rows)	(sizeof(rows) / sizeof((rows)[0]))

/* Of an unmasked header of OpenFlow's class; 0: none that has the same value in the same bytes. */
static uint32_t nxm_of(uint32_t header)
{
	uint32_t oxm = header >> 9 & 0x7f;
	size_t i;

	for (i = 0; i < N(matched_only); i++)
		if (matched_only[i].oxm == oxm && (matched_only[i].header & 0xff) == (header & 0xff))
			return matched_only[i].header;
	for (i = 0; i < CVSW_N_FIELDS; i++)
		if (cvsw_field_info[i].header == header ||
		    (oxm && cvsw_field_info[i].oxm == oxm &&
		     CVSW_FIELD_LEN(&cvsw_field_info[i]) == (header & 0xff)))
			return cvsw_field_info[i].header;
	return 0;
}

/* The other way round; @header itself if OpenFlow has none. */
static uint32_t oxm_of(uint32_t header)
{
	size_t i;

	for (i = 0; i < N(matched_only); i++)
		if (matched_only[i].header == header)
			return HEADER(CVSW_CLASS_OXM, matched_only[i].oxm, header & 0xff);
	for (i = 0; i < CVSW_N_FIELDS; i++)
		if (cvsw_field_info[i].header == header && cvsw_field_info[i].oxm)
			return HEADER(CVSW_CLASS_OXM, cvsw_field_info[i].oxm, header & 0xff);
	return header;
}

static uint32_t masked(uint32_t header)
{
	return (header & ~0xffu) | MASKED | (header & 0xff) << 1;
}

/* ---- matches ---- */

/* The two halves of a tag, until both may have come. */
struct tag {
	uint16_t value;
	uint16_t mask;
};

static enum cvsw_ofs_error read_vid(struct cvsw_reader *r, bool has_mask, struct tag *tag)
{
	uint16_t value = cvsw_get_u16(r), mask = has_mask ? cvsw_get_u16(r) : 0x1fff;

	if (mask & 0xe000 || value & ~mask)
		return CVSW_OFS_BAD_VALUE;
	/* That there is none says all. */
	if (!has_mask && !(value & CVSW_VLAN_PRESENT)) {
		if (value)
			return CVSW_OFS_BAD_VALUE;
		mask = CVSW_VLAN_PRESENT;
	}
	tag->value |= value;
	tag->mask |= mask;
	return CVSW_OFS_OK;
}

static enum cvsw_ofs_error read_pcp(struct cvsw_reader *r, struct tag *tag)
{
	uint8_t value = cvsw_get_u8(r);

	if (!(tag->value & CVSW_VLAN_PRESENT))
		return CVSW_OFS_BAD_PREREQ;
	if (value > 7)
		return CVSW_OFS_BAD_VALUE;
	tag->value |= (uint16_t)(value << CVSW_VLAN_PCP_SHIFT);
	tag->mask |= CVSW_VLAN_PCP_MASK;
	return CVSW_OFS_OK;
}

static enum cvsw_ofs_error read_in_port(struct cvsw_reader *r, struct cvsw_writer *w)
{
	uint32_t port = cvsw_get_u32(r);

	if (port > 0xffff)
		return CVSW_OFS_BAD_VALUE;
	cvsw_put_u32(w, NXM_IN_PORT);
	cvsw_put_u16(w, (uint16_t)port);
	return CVSW_OFS_OK;
}

static enum cvsw_ofs_error read_dscp(struct cvsw_reader *r, struct cvsw_writer *w)
{
	uint8_t value = cvsw_get_u8(r);

	if (value > 63)
		return CVSW_OFS_BAD_VALUE;
	cvsw_put_u32(w, NXM_IP_TOS);
	cvsw_put_u8(w, (uint8_t)(value << 2));
	return CVSW_OFS_OK;
}

static enum cvsw_ofs_error read_field(struct cvsw_reader *r, struct cvsw_writer *w, struct tag *tag)
{
	uint32_t header = cvsw_get_u32(r), plain = header, same;
	bool has_mask = header & MASKED;

	if (has_mask)
		plain = (header & ~0x1ffu) | (header & 0xff) >> 1;
	if (r->overrun || (header & 0xff) > cvsw_left(r))
		return CVSW_OFS_BAD_LEN;
	if (plain == HEADER(CVSW_CLASS_OXM, OXM_IN_PORT, 4) && !has_mask)
		return read_in_port(r, w);
	if (plain == HEADER(CVSW_CLASS_OXM, OXM_VLAN_VID, 2))
		return read_vid(r, has_mask, tag);
	if (plain == HEADER(CVSW_CLASS_OXM, OXM_VLAN_PCP, 1) && !has_mask)
		return read_pcp(r, tag);
	if (plain == HEADER(CVSW_CLASS_OXM, OXM_IP_DSCP, 1) && !has_mask)
		return read_dscp(r, w);
	same = plain >> 16 == CVSW_CLASS_OXM ? nxm_of(plain) : plain;
	if (!same)
		return CVSW_OFS_BAD_FIELD;
	cvsw_put_u32(w, has_mask ? masked(same) : same);
	cvsw_put_bytes(w, r->data + r->at, header & 0xff);
	cvsw_skip(r, header & 0xff);
	return CVSW_OFS_OK;
}

enum cvsw_ofs_error cvsw_oxm_to_nxm(struct cvsw_reader *r, struct cvsw_writer *w)
{
	enum cvsw_ofs_error error = CVSW_OFS_OK;
	struct tag tag = { 0 };

	while (!error && cvsw_left(r))
		error = read_field(r, w, &tag);
	if (tag.mask) {
		cvsw_put_u32(w, masked(NXM_VLAN_TCI));
		cvsw_put_u16(w, tag.value);
		cvsw_put_u16(w, tag.mask);
	}
	return !error && w->overrun ? CVSW_OFS_BAD_LEN : error;
}

/* False: OpenFlow's fields cannot say it. */
static bool write_tag(struct cvsw_writer *w, uint16_t value, uint16_t mask)
{
	uint16_t vid_mask = mask & 0x1fff, pcp = mask & CVSW_VLAN_PCP_MASK;
	uint32_t vid = HEADER(CVSW_CLASS_OXM, OXM_VLAN_VID, 2);
	bool whole = vid_mask == 0x1fff;

	if (!(value & CVSW_VLAN_PRESENT) && mask & CVSW_VLAN_PRESENT) {
		whole = true;
		pcp = 0;
	}
	if ((pcp && pcp != CVSW_VLAN_PCP_MASK) || (pcp && !(value & CVSW_VLAN_PRESENT)))
		return false;
	cvsw_put_u32(w, whole ? vid : masked(vid));
	cvsw_put_u16(w, value & 0x1fff);
	if (!whole)
		cvsw_put_u16(w, vid_mask);
	if (pcp) {
		cvsw_put_u32(w, HEADER(CVSW_CLASS_OXM, OXM_VLAN_PCP, 1));
		cvsw_put_u8(w, (uint8_t)(value >> CVSW_VLAN_PCP_SHIFT));
	}
	return true;
}

/* @value: of a field of an nx_match, and behind it perhaps its mask */
static void write_field(struct cvsw_writer *w, uint32_t header, const uint8_t *value)
{
	uint32_t plain = header & MASKED ? (header & ~0x1ffu) | (header & 0xff) >> 1 : header, oxm;
	uint16_t number = (uint16_t)(value[0] << 8 | value[1]);

	if (plain == NXM_VLAN_TCI &&
	    write_tag(w, number, header & MASKED ? (uint16_t)(value[2] << 8 | value[3]) : 0xffff))
		return;
	if (header == NXM_IN_PORT) {
		cvsw_put_u32(w, HEADER(CVSW_CLASS_OXM, OXM_IN_PORT, 4));
		cvsw_put_u32(w, number);
		return;
	}
	if (header == NXM_IP_TOS) {
		cvsw_put_u32(w, HEADER(CVSW_CLASS_OXM, OXM_IP_DSCP, 1));
		cvsw_put_u8(w, value[0] >> 2);
		return;
	}
	oxm = oxm_of(plain);
	cvsw_put_u32(w, header & MASKED ? masked(oxm) : oxm);
	cvsw_put_bytes(w, value, header & 0xff);
}

/* ofp_match, 7.2.3.1: type, length without padding, fields */
void cvsw_oxm_write_match(struct cvsw_writer *w, const struct cvsw_match *match)
{
	uint8_t buf[CVSW_OXM_MAX + 4] = { 0 };
	struct cvsw_writer nxm = cvsw_writer(buf, CVSW_OXM_MAX);
	struct cvsw_writer length;
	struct cvsw_reader r;
	size_t start = w->at, len;

	cvsw_nxm_write(&nxm, match);
	r = cvsw_reader(buf, nxm.at);
	cvsw_put_u16(w, OFPMT_OXM);
	cvsw_put_u16(w, 0);
	while (cvsw_left(&r) && !r.overrun) {
		uint32_t header = cvsw_get_u32(&r);

		write_field(w, header, buf + r.at);
		cvsw_skip(&r, header & 0xff);
	}
	len = w->at - start;
	if (!w->overrun) {
		length = cvsw_writer(w->data + start + 2, 2);
		cvsw_put_u16(&length, (uint16_t)len);
	}
	cvsw_put_zero(w, (8 - len % 8) % 8);
}

void cvsw_oxm_write_headers(struct cvsw_writer *w, bool writable)
{
	uint32_t header;
	size_t i;

	for (i = 0; i < CVSW_N_FIELDS; i++) {
		header = oxm_of(cvsw_field_info[i].header);
		if (header >> 16 == CVSW_CLASS_OXM && (!writable || cvsw_field_info[i].writable))
			cvsw_put_u32(w, header);
	}
	if (!writable)
		cvsw_put_u32(w, HEADER(CVSW_CLASS_OXM, OXM_IN_PORT, 4));
	cvsw_put_u32(w, HEADER(CVSW_CLASS_OXM, OXM_VLAN_VID, 2));
	cvsw_put_u32(w, HEADER(CVSW_CLASS_OXM, OXM_VLAN_PCP, 1));
	cvsw_put_u32(w, HEADER(CVSW_CLASS_OXM, OXM_IP_DSCP, 1));
}

/* ---- actions ---- */

enum action13 {
	OFPAT13_POP_VLAN = 18, OFPAT13_SET_QUEUE = 21, OFPAT13_GROUP = 22, OFPAT13_SET_NW_TTL = 23,
	OFPAT13_DEC_NW_TTL = 24, OFPAT13_SET_FIELD = 25, OFPAT_VENDOR = 0xffff,
};

#define NXAST_REG_LOAD	7
#define NXAST_DEC_TTL	18
#define NXM_IP_TTL	HEADER(CVSW_CLASS_NX, 29, 1)

/* 1.0's action for what SET_FIELD does with these fields: its type, and how its value differs. */
static const struct {
	uint8_t oxm, type, bytes, left;
	uint16_t ones;		/* that the value has besides */
} set_fields[] = {
	{ OXM_VLAN_VID, 1, 2, 0, CVSW_VLAN_PRESENT }, { OXM_VLAN_PCP, 2, 1, 0, 0 },
	{ 4, 4, 6, 0, 0 }, { 3, 5, 6, 0, 0 }, { 11, 6, 4, 0, 0 }, { 12, 7, 4, 0, 0 },
	{ OXM_IP_DSCP, 8, 1, 2, 0 },
	{ 13, 9, 2, 0, 0 }, { 14, 10, 2, 0, 0 },	/* TCP; likewise */
	{ 15, 9, 2, 0, 0 }, { 16, 10, 2, 0, 0 }, { 17, 9, 2, 0, 0 }, { 18, 10, 2, 0, 0 },
};

static void put_load(struct cvsw_writer *w, uint32_t header, unsigned int ofs, unsigned int n_bits,
		     uint64_t value)
{
	cvsw_put_u16(w, OFPAT_VENDOR);
	cvsw_put_u16(w, 24);
	cvsw_put_u32(w, OFP_NX_VENDOR);
	cvsw_put_u16(w, NXAST_REG_LOAD);
	cvsw_put_u16(w, (uint16_t)(ofs << 6 | (n_bits - 1)));
	cvsw_put_u32(w, header);
	cvsw_put_u64(w, value);
}

static uint64_t get_number(struct cvsw_reader *r, size_t bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | cvsw_get_u8(r);
	return value;
}

static enum cvsw_ofs_error set_as10(struct cvsw_reader *r, struct cvsw_writer *w, size_t row)
{
	size_t bytes = set_fields[row].bytes, end = w->at + (bytes > 4 ? 16 : 8);
	uint64_t value = get_number(r, bytes);

	if (~value & set_fields[row].ones)
		return CVSW_OFS_BAD_ARGUMENT;
	value = (value & ~(uint64_t)set_fields[row].ones) << set_fields[row].left;
	cvsw_put_u16(w, set_fields[row].type);
	cvsw_put_u16(w, (uint16_t)(end - w->at + 2));
	while (bytes--)
		cvsw_put_u8(w, (uint8_t)(value >> 8 * bytes));
	if (!w->overrun)
		cvsw_put_zero(w, end - w->at);
	return CVSW_OFS_OK;
}

/* What 1.0 has no action for is loaded; what has more than 64 bits, in two halves. */
static enum cvsw_ofs_error set_by_load(struct cvsw_reader *r, struct cvsw_writer *w, uint32_t header,
				       size_t *n)
{
	uint32_t same = header >> 16 == CVSW_CLASS_OXM ? nxm_of(header) : header;
	uint64_t high;
	size_t i;

	for (i = 0; i < CVSW_N_FIELDS; i++)
		if (same && cvsw_field_info[i].header == same)
			break;
	if (header & MASKED)
		return CVSW_OFS_BAD_ARGUMENT;
	if (i == CVSW_N_FIELDS || !cvsw_field_info[i].writable)
		return CVSW_OFS_BAD_SET_TYPE;
	if ((header & 0xff) <= 8) {
		put_load(w, same, 0, cvsw_field_info[i].bits, get_number(r, header & 0xff));
		return CVSW_OFS_OK;
	}
	high = cvsw_get_u64(r);
	put_load(w, same, 0, 64, cvsw_get_u64(r));
	put_load(w, same, 64, 64, high);
	++*n;
	return CVSW_OFS_OK;
}

static enum cvsw_ofs_error read_set_field(struct cvsw_reader *r, struct cvsw_writer *w, size_t *n)
{
	uint32_t header = cvsw_get_u32(r);
	size_t i;

	if ((header & 0xff) > cvsw_left(r))
		return CVSW_OFS_BAD_ACTION_LEN;
	for (i = 0; i < N(set_fields); i++)
		if (header == HEADER(CVSW_CLASS_OXM, set_fields[i].oxm, set_fields[i].bytes))
			return set_as10(r, w, i);
	return set_by_load(r, w, header, n);
}

static enum cvsw_ofs_error read_output(struct cvsw_reader *r, struct cvsw_writer *w)
{
	uint32_t port = cvsw_get_u32(r);

	/* What 1.0 has for reserved ports are ordinary ones here, which a NIC has not. */
	if (port >= OFPP10_MAX && port < CVSW_OFPP_MAX)
		return CVSW_OFS_BAD_OUT_PORT;
	cvsw_put_u16(w, OFPAT_OUTPUT);
	cvsw_put_u16(w, 8);
	cvsw_put_u16(w, (uint16_t)port);
	cvsw_put_u16(w, cvsw_get_u16(r));
	return CVSW_OFS_OK;
}

static enum cvsw_ofs_error read_short(struct cvsw_reader *r, struct cvsw_writer *w, uint16_t type)
{
	switch (type) {
	case OFPAT13_POP_VLAN:
		cvsw_put_u16(w, 3);
		cvsw_put_u16(w, 8);
		cvsw_put_zero(w, 4);
		return CVSW_OFS_OK;
	case OFPAT13_DEC_NW_TTL:
		cvsw_put_u16(w, OFPAT_VENDOR);
		cvsw_put_u16(w, 16);
		cvsw_put_u32(w, OFP_NX_VENDOR);
		cvsw_put_u16(w, NXAST_DEC_TTL);
		cvsw_put_zero(w, 6);
		return CVSW_OFS_OK;
	case OFPAT13_SET_NW_TTL:
		put_load(w, NXM_IP_TTL, 0, 8, cvsw_get_u8(r));
		return CVSW_OFS_OK;
	case OFPAT13_GROUP:
		return CVSW_OFS_BAD_OUT_GROUP;
	case OFPAT13_SET_QUEUE:
		return CVSW_OFS_BAD_QUEUE;
	default:
		return CVSW_OFS_BAD_ACTION_TYPE;
	}
}

/* One action; @n: how many of 1.0's it becomes */
static enum cvsw_ofs_error read_action(struct cvsw_reader *list, struct cvsw_writer *w, size_t *n)
{
	size_t start = list->at;
	uint16_t type = cvsw_get_u16(list), len = cvsw_get_u16(list);
	struct cvsw_reader r = cvsw_reader(list->data, start + len);

	if (list->overrun || len < 8 || len % 8 || len - 4u > cvsw_left(list))
		return CVSW_OFS_BAD_ACTION_LEN;
	r.at = list->at;
	cvsw_skip(list, len - 4);
	*n = 1;
	if (type == OFPAT_OUTPUT)
		return len == 16 ? read_output(&r, w) : CVSW_OFS_BAD_ACTION_LEN;
	if (type == OFPAT13_SET_FIELD)
		return read_set_field(&r, w, n);
	if (type < 0x1000)
		return len == 8 ? read_short(&r, w, type) : CVSW_OFS_BAD_ACTION_LEN;
	/* Nicira's and our own are the same in both versions. */
	cvsw_put_bytes(w, list->data + start, len);
	return CVSW_OFS_OK;
}

static enum cvsw_ofs_error read_list(struct cvsw_reader *list, struct cvsw_writer *w, size_t *n)
{
	enum cvsw_ofs_error error = CVSW_OFS_OK;
	size_t more = 0;

	for (*n = 0; !error && cvsw_left(list); *n += more)
		error = read_action(list, w, &more);
	return error;
}

/* ---- instructions, 7.2.4 ---- */

enum instruction {
	OFPIT_GOTO_TABLE = 1, OFPIT_WRITE_METADATA = 2, OFPIT_WRITE_ACTIONS = 3,
	OFPIT_CLEAR_ACTIONS = 5, OFPIT_METER = 6, N_INSTRUCTIONS
};

#define ACT_GOTO_TABLE		0x1016	/* ours, as cvsw_fields.h has them */
#define ACT_WRITE_ACTIONS	0x1017
#define ACT_CLEAR_ACTIONS	0x1018
#define OXM_METADATA		HEADER(CVSW_CLASS_OXM, 2, 8)

static void put_ours(struct cvsw_writer *w, uint16_t type, uint16_t value)
{
	cvsw_put_u16(w, type);
	cvsw_put_u16(w, 8);
	cvsw_put_u16(w, value);
	cvsw_put_zero(w, 2);
}

/* A load for each row of bits that the mask has. */
static void put_metadata(struct cvsw_writer *w, uint64_t value, uint64_t mask)
{
	unsigned int ofs = 0, n;

	while (ofs < 64) {
		if (!(mask >> ofs & 1)) {
			ofs++;
			continue;
		}
		for (n = 1; ofs + n < 64 && mask >> (ofs + n) & 1; n++)
			;
		put_load(w, OXM_METADATA, ofs, n,
			 value >> ofs & (n < 64 ? (1ull << n) - 1 : ~0ull));
		ofs += n;
	}
}

static enum cvsw_ofs_error put_instruction(struct cvsw_writer *w, unsigned int type,
					   struct cvsw_reader r)
{
	enum cvsw_ofs_error error;
	size_t head = w->at, n;
	struct cvsw_writer place;
	uint64_t value;

	switch (type) {
	case OFPIT_GOTO_TABLE:
		put_ours(w, ACT_GOTO_TABLE, (uint16_t)(cvsw_get_u8(&r) << 8));
		return CVSW_OFS_OK;
	case OFPIT_WRITE_METADATA:
		cvsw_skip(&r, 4);
		value = cvsw_get_u64(&r);
		put_metadata(w, value, cvsw_get_u64(&r));
		return CVSW_OFS_OK;
	case OFPIT_CLEAR_ACTIONS:
		put_ours(w, ACT_CLEAR_ACTIONS, 0);
		return CVSW_OFS_OK;
	case OFPIT_APPLY_ACTIONS:
		cvsw_skip(&r, 4);
		return read_list(&r, w, &n);
	default:
		put_ours(w, ACT_WRITE_ACTIONS, 0);
		cvsw_skip(&r, 4);
		error = read_list(&r, w, &n);
		if (w->overrun || error)
			return error;
		place = cvsw_writer(w->data + head + 4, 2);
		cvsw_put_u16(&place, (uint16_t)n);
		w->at = n ? w->at : head;
		return CVSW_OFS_OK;
	}
}

enum cvsw_ofs_error cvsw_oxm_instructions(struct cvsw_reader *r, struct cvsw_writer *w)
{
	/* They are done in this order, in whichever they come (5.9). */
	static const uint8_t order[] = {
		OFPIT_APPLY_ACTIONS, OFPIT_CLEAR_ACTIONS, OFPIT_WRITE_ACTIONS,
		OFPIT_WRITE_METADATA, OFPIT_GOTO_TABLE,
	};
	struct cvsw_reader found[N_INSTRUCTIONS] = { { 0 } };
	enum cvsw_ofs_error error = CVSW_OFS_OK;
	size_t i;

	while (cvsw_left(r)) {
		size_t start = r->at;
		uint16_t type = cvsw_get_u16(r), len = cvsw_get_u16(r);

		if (r->overrun || len < 8 || len % 8 || len - 4u > cvsw_left(r))
			return CVSW_OFS_BAD_LEN;
		if (type == OFPIT_METER)
			return CVSW_OFS_UNSUPPORTED_INSTRUCTION;
		if (!type || type >= N_INSTRUCTIONS || found[type].data)
			return CVSW_OFS_BAD_INSTRUCTION;
		if (len < (type == OFPIT_WRITE_METADATA ? 24 : 8))
			return CVSW_OFS_BAD_LEN;
		found[type] = cvsw_reader(r->data, start + len);
		found[type].at = r->at;
		cvsw_skip(r, len - 4);
	}
	for (i = 0; !error && i < sizeof(order); i++)
		if (found[order[i]].data)
			error = put_instruction(w, order[i], found[order[i]]);
	return !error && w->overrun ? CVSW_OFS_TOO_MANY_ACTIONS : error;
}

/* ---- writing ---- */

/* Of TP_SRC and TP_DST: in which protocol's field; the first of them, TCP's, if none is named. */
static uint8_t port_field(const struct cvsw_match *match, uint8_t oxm)
{
	if (cvsw_match_names(match, CVSW_NEED_UDP))
		return oxm + 2;
	return cvsw_match_names(match, CVSW_NEED_SCTP) ? oxm + 4 : oxm;
}

static void put_set_field(struct cvsw_writer *w, uint32_t header, uint64_t value)
{
	size_t bytes = header & 0xff, len = (8 + bytes + 7) / 8 * 8;
	size_t end = w->at + len;

	cvsw_put_u16(w, OFPAT13_SET_FIELD);
	cvsw_put_u16(w, (uint16_t)len);
	cvsw_put_u32(w, header);
	while (bytes--)
		cvsw_put_u8(w, (uint8_t)(value >> 8 * bytes));
	if (!w->overrun)
		cvsw_put_zero(w, end - w->at);
}

/* @set: in the order of CVSW_SETTERS, the first row of set_fields[] */
static bool write_setter(struct cvsw_writer *w, const struct cvsw_match *match,
			 const struct cvsw_load *load)
{
	uint64_t value;
	enum cvsw_setter setter = cvsw_setter_of(load, &value);
	uint8_t oxm;

	if (setter == CVSW_N_SETTERS)
		return false;
	oxm = set_fields[setter].oxm;
	if (set_fields[setter].type >= 9)
		oxm = port_field(match, oxm);
	put_set_field(w, HEADER(CVSW_CLASS_OXM, oxm, set_fields[setter].bytes),
		      value >> set_fields[setter].left | set_fields[setter].ones);
	return true;
}

static void write_load(struct cvsw_writer *w, const struct cvsw_match *match,
		       const struct cvsw_action *action)
{
	const struct cvsw_load *load = &action->load;
	const struct cvsw_field_info *info = &cvsw_field_info[load->dst];
	uint32_t oxm = oxm_of(info->header);

	static_assert(CVSW_N_SETTERS <= N(set_fields), "in the same order");

	if (write_setter(w, match, load))
		return;
	if (oxm >> 16 == CVSW_CLASS_OXM && !load->ofs && load->n_bits == info->bits)
		put_set_field(w, oxm, cvsw_load_value(load));
	else
		cvsw_ofp10_write_actions(w, false, action, 1);
}

static void write_action(struct cvsw_writer *w, const struct cvsw_match *match,
			 const struct cvsw_action *action)
{
	uint16_t port = action->type == CVSW_ACT_OUTPUT ? action->port : CVSW_PORT_CONTROLLER;

	switch (action->type) {
	case CVSW_ACT_OUTPUT:
	case CVSW_ACT_CONTROLLER:
		cvsw_put_u16(w, OFPAT_OUTPUT);
		cvsw_put_u16(w, 16);
		cvsw_put_u32(w, port < OFPP10_MAX ? port : 0xffff0000 | port);
		cvsw_put_u16(w, action->type == CVSW_ACT_CONTROLLER ? action->max_len : 0);
		cvsw_put_zero(w, 6);
		break;
	case CVSW_ACT_STRIP_VLAN:
	case CVSW_ACT_DEC_TTL:
		cvsw_put_u16(w, action->type == CVSW_ACT_STRIP_VLAN ? OFPAT13_POP_VLAN :
								       OFPAT13_DEC_NW_TTL);
		cvsw_put_u16(w, 8);
		cvsw_put_zero(w, 4);
		break;
	case CVSW_ACT_LOAD:
		write_load(w, match, action);
		break;
	default:
		cvsw_ofp10_write_actions(w, false, action, 1);
	}
}

/* Two loads that are the halves of one wide field are one SET_FIELD; false: they are not. */
static bool write_wide(struct cvsw_writer *w, const struct cvsw_action *actions, size_t n)
{
	const struct cvsw_load *low = &actions[0].load, *high = &actions[1].load;
	uint32_t oxm;

	if (n < 2 || actions[0].type != CVSW_ACT_LOAD || actions[1].type != CVSW_ACT_LOAD ||
	    low->dst != high->dst || low->ofs || low->n_bits != 64 || high->ofs != 64 ||
	    high->n_bits != 64)
		return false;
	oxm = oxm_of(cvsw_field_info[low->dst].header);
	if (oxm >> 16 != CVSW_CLASS_OXM)
		return false;
	cvsw_put_u16(w, OFPAT13_SET_FIELD);
	cvsw_put_u16(w, 24);
	cvsw_put_u32(w, oxm);
	cvsw_put_bytes(w, high->value, sizeof(high->value));
	cvsw_put_bytes(w, low->value, sizeof(low->value));
	return true;
}

/* An instruction with a list of actions. */
static void write_list(struct cvsw_writer *w, uint16_t type, const struct cvsw_match *match,
		       const struct cvsw_action *actions, size_t n)
{
	struct cvsw_writer length;
	size_t start = w->at;

	cvsw_put_u16(w, type);
	cvsw_put_zero(w, 2 + 4);
	while (n) {
		size_t took = write_wide(w, actions, n) ? 2 : 1;

		if (took == 1)
			write_action(w, match, actions);
		actions += took;
		n -= took;
	}
	if (w->overrun)
		return;
	length = cvsw_writer(w->data + start + 2, 2);
	cvsw_put_u16(&length, (uint16_t)(w->at - start));
}

static bool is_metadata(const struct cvsw_action *action)
{
	return action->type == CVSW_ACT_LOAD && action->load.dst == CVSW_FIELD_METADATA;
}

static void write_metadata(struct cvsw_writer *w, const struct cvsw_action *actions, size_t n)
{
	uint64_t value = 0, mask = 0;

	for (; n--; actions++) {
		const struct cvsw_load *load = &actions->load;
		uint64_t ones = load->n_bits < 64 ? (1ull << load->n_bits) - 1 : ~0ull;

		value = (value & ~(ones << load->ofs)) | cvsw_load_value(load) << load->ofs;
		mask |= ones << load->ofs;
	}
	cvsw_put_u16(w, OFPIT_WRITE_METADATA);
	cvsw_put_u16(w, 24);
	cvsw_put_zero(w, 4);
	cvsw_put_u64(w, value);
	cvsw_put_u64(w, mask);
}

/* Where the apply list ends: at what is an instruction of its own, or metadata in front of that. */
static size_t apply_end(const struct cvsw_flow *flow)
{
	size_t end = 0;

	while (end < flow->n_actions && flow->actions[end].type != CVSW_ACT_GOTO_TABLE &&
	       flow->actions[end].type != CVSW_ACT_WRITE_ACTIONS &&
	       flow->actions[end].type != CVSW_ACT_CLEAR_ACTIONS)
		end++;
	while (end && is_metadata(&flow->actions[end - 1]))
		end--;
	return end;
}

void cvsw_oxm_write_instructions(struct cvsw_writer *w, const struct cvsw_flow *flow)
{
	size_t at = apply_end(flow), n;

	if (at)
		write_list(w, OFPIT_APPLY_ACTIONS, &flow->match, flow->actions, at);
	for (; at < flow->n_actions; at += n) {
		const struct cvsw_action *action = &flow->actions[at];

		n = 1;
		if (action->type == CVSW_ACT_WRITE_ACTIONS) {
			n += action->n_written;
			write_list(w, OFPIT_WRITE_ACTIONS, &flow->match, action + 1, n - 1);
		} else if (action->type == CVSW_ACT_CLEAR_ACTIONS) {
			write_list(w, OFPIT_CLEAR_ACTIONS, &flow->match, NULL, 0);
		} else if (action->type == CVSW_ACT_GOTO_TABLE) {
			cvsw_put_u16(w, OFPIT_GOTO_TABLE);
			cvsw_put_u16(w, 8);
			cvsw_put_u8(w, action->table);
			cvsw_put_zero(w, 3);
		} else if (is_metadata(action)) {
			while (at + n < flow->n_actions && is_metadata(action + n))
				n++;
			write_metadata(w, action, n);
		} else {
			write_list(w, OFPIT_APPLY_ACTIONS, &flow->match, action, 1);
		}
	}
}
