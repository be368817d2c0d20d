// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What a controller asks of a switch, off the wire. */
#include "cvsw_ofs.h"

#include "cvsw_cursor.h"
#include "cvsw_ofp10_parts.h"
#include "cvsw_ofs_wire.h"
#include "cvsw_oxm.h"

#define ANY_LEN		CVSW_OFP_MAX_LEN

/* A match's bytes; there are at most so many in an nx_match with every field and mask. */
#define NXM_MAX		1024

/* struct ofs_row - a message of one type: how long it is, header included, and who reads it */
struct ofs_row {
	uint16_t type;
	uint16_t min, max;
	enum cvsw_ofs_kind kind;
	enum cvsw_ofs_error (*read)(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
				    struct cvsw_ofs_msg *msg);
};

enum cvsw_ofs_error cvsw_ofs_error_of(enum cvsw_fault fault)
{
	static const uint8_t errors[CVSW_N_FAULTS] = {
		[CVSW_FAULT_SHORT] = CVSW_OFS_BAD_LEN,
		[CVSW_FAULT_LENGTH] = CVSW_OFS_BAD_LEN,
		[CVSW_FAULT_VERSION] = CVSW_OFS_BAD_VERSION,
		[CVSW_FAULT_TYPE] = CVSW_OFS_BAD_TYPE,
		[CVSW_FAULT_RESERVED] = CVSW_OFS_BAD_ARGUMENT,
		[CVSW_FAULT_OFP_TYPE] = CVSW_OFS_BAD_TYPE,
		[CVSW_FAULT_COMMAND] = CVSW_OFS_BAD_COMMAND,
		[CVSW_FAULT_FLAGS] = CVSW_OFS_BAD_FLAGS,
		[CVSW_FAULT_TIMEOUT] = CVSW_OFS_UNSUPPORTED,
		[CVSW_FAULT_MATCH] = CVSW_OFS_BAD_VALUE,
		[CVSW_FAULT_MATCH_FIELD] = CVSW_OFS_BAD_FIELD,
		[CVSW_FAULT_ACTION_TYPE] = CVSW_OFS_BAD_ACTION_TYPE,
		[CVSW_FAULT_ACTION_LENGTH] = CVSW_OFS_BAD_ACTION_LEN,
		[CVSW_FAULT_ACTION_VALUE] = CVSW_OFS_BAD_ARGUMENT,
		[CVSW_FAULT_ACTION_PORT] = CVSW_OFS_BAD_OUT_PORT,
		[CVSW_FAULT_ACTION_COUNT] = CVSW_OFS_TOO_MANY_ACTIONS,
		[CVSW_FAULT_ACTION_ORDER] = CVSW_OFS_BAD_ARGUMENT,
		[CVSW_FAULT_SA] = CVSW_OFS_BAD_ARGUMENT,
		[CVSW_FAULT_TABLE] = CVSW_OFS_BAD_TABLE,
	};

	return errors[fault];
}

/* ---- matches ---- */

static enum cvsw_ofs_error read_match10(struct cvsw_reader *r, struct cvsw_ofs_msg *msg,
					bool *exact)
{
	size_t at;

	return cvsw_ofs_error_of(cvsw_ofp10_read_match(r, false, &msg->flow.match, exact, &at));
}

/* NXM_NX_COOKIE is no field of a frame: it is taken out; @rest: what is left. */
static enum cvsw_ofs_error take_cookie(struct cvsw_reader *r, struct cvsw_ofs_msg *msg,
				       struct cvsw_writer *rest)
{
	while (cvsw_left(r) && !r->overrun) {
		size_t start = r->at;
		uint32_t header = cvsw_get_u32(r);

		if (header == NXM_NX_COOKIE || header == NXM_NX_COOKIE_W) {
			msg->cookie = cvsw_get_u64(r);
			msg->cookie_mask = header == NXM_NX_COOKIE ? ~0ull : cvsw_get_u64(r);
			if (msg->cookie & ~msg->cookie_mask)
				return CVSW_OFS_BAD_VALUE;
			continue;
		}
		cvsw_skip(r, header & 0xff);
		if (!r->overrun)
			cvsw_put_bytes(rest, r->data + start, r->at - start);
	}
	return r->overrun || rest->overrun ? CVSW_OFS_BAD_LEN : CVSW_OFS_OK;
}

/* Of the field whose header is at @at: it came before, lacks what must come before, or is none. */
static enum cvsw_ofs_error field_error(const struct cvsw_reader *fields, size_t at)
{
	struct cvsw_reader before = cvsw_reader(fields->data, at), r = *fields;
	uint32_t header;
	size_t i;

	r.at = at;
	header = cvsw_get_u32(&r);
	while (cvsw_left(&before)) {
		uint32_t other = cvsw_get_u32(&before);

		if (other >> 9 == header >> 9)
			return CVSW_OFS_DUP_FIELD;
		cvsw_skip(&before, other & 0xff);
	}
	for (i = 0; i < CVSW_N_FIELDS; i++)
		if (cvsw_field_info[i].header >> 9 == header >> 9 &&
		    cvsw_field_info[i].slot != CVSW_SLOT_NONE)
			return CVSW_OFS_BAD_PREREQ;
	return CVSW_OFS_BAD_FIELD;
}

/* nx_match whose fields are all in @fields: into the message, in normal form. */
static enum cvsw_ofs_error take_match(struct cvsw_reader *fields, struct cvsw_ofs_msg *msg)
{
	enum cvsw_fault fault;
	size_t at;

	fault = cvsw_nxm_read(fields, &msg->flow.match, &at);
	if (fault == CVSW_FAULT_MATCH_FIELD)
		return field_error(fields, at);
	if (fault)
		return fault == CVSW_FAULT_LENGTH ? CVSW_OFS_BAD_FIELD : cvsw_ofs_error_of(fault);
	cvsw_match_normalize(&msg->flow.match);
	return cvsw_match_impossible(&msg->flow.match) == CVSW_SLOT_NONE ? CVSW_OFS_OK :
									    CVSW_OFS_BAD_VALUE;
}

static enum cvsw_ofs_error read_nxm(struct cvsw_reader *r, size_t len, struct cvsw_ofs_msg *msg)
{
	struct cvsw_reader match = cvsw_reader(r->data, r->at + len), fields;
	uint8_t buf[NXM_MAX];
	struct cvsw_writer rest = cvsw_writer(buf, sizeof(buf));
	enum cvsw_ofs_error error;

	match.at = r->at;
	cvsw_skip(r, (len + 7) / 8 * 8);
	if (r->overrun)
		return CVSW_OFS_BAD_LEN;
	error = take_cookie(&match, msg, &rest);
	if (error)
		return error;
	fields = cvsw_reader(buf, rest.at);
	return take_match(&fields, msg);
}

/* ofp_match of 1.3 (7.2.3.1) */
static enum cvsw_ofs_error read_match13(struct cvsw_reader *r, struct cvsw_ofs_msg *msg)
{
	size_t start = r->at;
	uint16_t type = cvsw_get_u16(r), len = cvsw_get_u16(r);
	struct cvsw_reader oxm = cvsw_reader(r->data, start + len), fields;
	uint8_t buf[CVSW_OXM_MAX];
	struct cvsw_writer nxm = cvsw_writer(buf, sizeof(buf));
	enum cvsw_ofs_error error;

	if (r->overrun || type != OFPMT_OXM || len < 4)
		return CVSW_OFS_BAD_MATCH_LEN;
	oxm.at = r->at;
	cvsw_skip(r, (len + 7u) / 8 * 8 - 4);
	if (r->overrun)
		return CVSW_OFS_BAD_MATCH_LEN;
	error = cvsw_oxm_to_nxm(&oxm, &nxm);
	if (error)
		return error == CVSW_OFS_BAD_LEN ? CVSW_OFS_BAD_MATCH_LEN : error;
	fields = cvsw_reader(buf, nxm.at);
	return take_match(&fields, msg);
}

/* ---- flow_mod ---- */

/*
 * Only flows that output there are chosen; zero, which says in a flow that it is all of them, is
 * no port, nor are those that a NIC cannot have.
 */
static enum cvsw_ofs_error take_out_port(struct cvsw_ofs_msg *msg, uint32_t port)
{
	if (port != CVSW_OFPP_ANY && (!port || (port >= OFPP10_MAX && port < CVSW_OFPP_MAX)))
		return CVSW_OFS_BAD_OUT_PORT;
	msg->flow.out_port = port == CVSW_OFPP_ANY ? 0 : (uint16_t)port;
	return CVSW_OFS_OK;
}

static enum cvsw_ofs_error take_out_port10(struct cvsw_ofs_msg *msg, uint16_t port)
{
	return take_out_port(msg, port < OFPP10_MAX ? port : 0xffff0000 | port);
}

static enum cvsw_ofs_error check_command(struct cvsw_ofs_msg *msg, uint16_t number)
{
	struct cvsw_flow *flow = &msg->flow;

	if (number > CVSW_FLOW_DELETE_STRICT)
		return CVSW_OFS_BAD_COMMAND;
	msg->command = number;
	if (number < CVSW_FLOW_DELETE)
		flow->out_port = 0;
	if (flow->flags & ~(CVSW_FLOW_SEND_REMOVED | CVSW_FLOW_CHECK_OVERLAP))
		return CVSW_OFS_BAD_FLAGS;
	/* Only who deletes or modifies chooses. */
	if (number == CVSW_FLOW_ADD && msg->cookie_mask)
		return CVSW_OFS_BAD_FIELD;
	return CVSW_OFS_OK;
}

/* Of all tables, only where flows are chosen. */
static enum cvsw_ofs_error check_table(const struct cvsw_ofs_msg *msg)
{
	uint8_t table = msg->flow.match.table;

	return table < CVSW_TABLES || (table == CVSW_TABLE_ALL && msg->command == CVSW_FLOW_DELETE) ?
	       CVSW_OFS_OK : CVSW_OFS_BAD_TABLE;
}

/* From the cookie to the flags; the match may come behind, so the table is told. */
static enum cvsw_ofs_error read_rest(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
				     struct cvsw_ofs_msg *msg, uint8_t *table)
{
	struct cvsw_flow *flow = &msg->flow;
	enum cvsw_ofs_error error, port;
	uint16_t number;
	uint32_t buffer;

	flow->cookie = cvsw_get_u64(r);
	number = cvsw_get_u16(r);
	flow->idle_timeout = cvsw_get_u16(r);
	flow->hard_timeout = cvsw_get_u16(r);
	flow->priority = cvsw_get_u16(r);
	buffer = cvsw_get_u32(r);
	port = take_out_port10(msg, cvsw_get_u16(r));
	flow->flags = cvsw_get_u16(r);
	*table = talk->tables ? (uint8_t)(number >> 8) : 0;
	/* No frame is ever kept for a controller. */
	if (buffer != CVSW_OFP_NO_BUFFER && (number & 0xff) < CVSW_FLOW_DELETE)
		return CVSW_OFS_BUFFER_UNKNOWN;
	/* Without a table of its own, a deletion is of all tables, and all else of the first. */
	if (!talk->tables || *table == CVSW_TABLE_ALL)
		*table = (number & 0xff) == CVSW_FLOW_DELETE ? CVSW_TABLE_ALL : 0;
	error = check_command(msg, talk->tables ? number & 0xff : number);
	return error || msg->command < CVSW_FLOW_DELETE ? error : port;
}

static enum cvsw_ofs_error read_actions(struct cvsw_reader *r, struct cvsw_ofs_msg *msg)
{
	size_t at;

	/* Deletions go by their match. */
	if (msg->command >= CVSW_FLOW_DELETE)
		return CVSW_OFS_OK;
	return cvsw_ofs_error_of(cvsw_ofp10_read_actions(r, &msg->flow, &at));
}

static enum cvsw_ofs_error finish_flow_mod(struct cvsw_reader *r, struct cvsw_ofs_msg *msg,
					   uint8_t table)
{
	enum cvsw_ofs_error error;

	msg->flow.match.table = table;
	error = check_table(msg);
	return error ? error : read_actions(r, msg);
}

static enum cvsw_ofs_error read_flow_mod10(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
					   struct cvsw_ofs_msg *msg)
{
	enum cvsw_ofs_error error;
	uint8_t table;
	bool exact;

	error = read_match10(r, msg, &exact);
	if (error)
		return error;
	error = read_rest(talk, r, msg, &table);
	if (error)
		return error;
	if (exact)
		msg->flow.priority = 0xffff;
	return finish_flow_mod(r, msg, table);
}

static enum cvsw_ofs_error read_nx_flow_mod(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
					    struct cvsw_ofs_msg *msg)
{
	enum cvsw_ofs_error error;
	uint16_t match_len;
	uint8_t table;

	error = read_rest(talk, r, msg, &table);
	if (error)
		return error;
	match_len = cvsw_get_u16(r);
	cvsw_skip(r, 6);
	error = read_nxm(r, match_len, msg);
	if (!error && msg->command == CVSW_FLOW_ADD && msg->cookie_mask)
		error = CVSW_OFS_BAD_FIELD;
	return error ? error : finish_flow_mod(r, msg, table);
}

/* ---- flow_mod of 1.3 (7.3.4.1) ---- */

/* Counters always count. */
#define FLAGS13_IGNORED	0x1c

static enum cvsw_ofs_error read_out(struct cvsw_reader *r, struct cvsw_ofs_msg *msg)
{
	uint32_t port = cvsw_get_u32(r), group = cvsw_get_u32(r);

	return group == OFPG_ANY ? take_out_port(msg, port) : CVSW_OFS_BAD_OUT_GROUP;
}

static enum cvsw_ofs_error read_instructions(struct cvsw_reader *r, struct cvsw_ofs_msg *msg)
{
	static uint8_t buf[CVSW_MAX_ACTIONS * 64];
	struct cvsw_writer w = cvsw_writer(buf, sizeof(buf));
	struct cvsw_reader actions;
	enum cvsw_ofs_error error = cvsw_oxm_instructions(r, &w);

	if (error)
		return error;
	actions = cvsw_reader(buf, w.at);
	return read_actions(&actions, msg);
}

static enum cvsw_ofs_error read_flow_mod13(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
					   struct cvsw_ofs_msg *msg)
{
	struct cvsw_flow *flow = &msg->flow;
	enum cvsw_ofs_error error, out;
	uint8_t table, command;
	uint32_t buffer;

	(void)talk;
	flow->cookie = msg->cookie = cvsw_get_u64(r);
	msg->cookie_mask = cvsw_get_u64(r);
	table = cvsw_get_u8(r);
	command = cvsw_get_u8(r);
	flow->idle_timeout = cvsw_get_u16(r);
	flow->hard_timeout = cvsw_get_u16(r);
	flow->priority = cvsw_get_u16(r);
	buffer = cvsw_get_u32(r);
	out = read_out(r, msg);
	flow->flags = cvsw_get_u16(r) & ~FLAGS13_IGNORED;
	cvsw_skip(r, 2);
	if (command == CVSW_FLOW_ADD)
		msg->cookie_mask = 0;
	else if (command < CVSW_FLOW_DELETE)
		flow->cookie = ~0ull;	/* stays as it is */
	msg->no_add = true;
	msg->cookie &= msg->cookie_mask;
	error = check_command(msg, command);
	if (!error && command >= CVSW_FLOW_DELETE)
		error = out;
	if (!error && buffer != CVSW_OFP_NO_BUFFER && command < CVSW_FLOW_DELETE)
		error = CVSW_OFS_BUFFER_UNKNOWN;
	if (!error)
		error = read_match13(r, msg);
	flow->match.table = table;
	if (!error)
		error = check_table(msg);
	return error || command >= CVSW_FLOW_DELETE ? error : read_instructions(r, msg);
}

/* ---- statistics ---- */

static enum cvsw_ofs_error read_flow_request(const struct cvsw_ofs_talk *talk,
					     struct cvsw_reader *r, struct cvsw_ofs_msg *msg)
{
	enum cvsw_ofs_error error;
	bool exact;

	(void)talk;
	error = read_match10(r, msg, &exact);
	if (error)
		return error;
	msg->flow.match.table = cvsw_get_u8(r);
	cvsw_skip(r, 1);
	return take_out_port10(msg, cvsw_get_u16(r));
}

static enum cvsw_ofs_error read_nx_flow_request(const struct cvsw_ofs_talk *talk,
						struct cvsw_reader *r, struct cvsw_ofs_msg *msg)
{
	uint16_t out_port = cvsw_get_u16(r), match_len = cvsw_get_u16(r);
	uint8_t table = cvsw_get_u8(r);
	enum cvsw_ofs_error error;

	(void)talk;
	cvsw_skip(r, 3);
	error = read_nxm(r, match_len, msg);
	if (error)
		return error;
	msg->nicira = true;
	msg->flow.match.table = table;
	return cvsw_left(r) ? CVSW_OFS_BAD_LEN : take_out_port10(msg, out_port);
}

/* 1.3: 7.3.5.2 */
static enum cvsw_ofs_error read_flow_request13(const struct cvsw_ofs_talk *talk,
					       struct cvsw_reader *r, struct cvsw_ofs_msg *msg)
{
	uint8_t table = cvsw_get_u8(r);
	enum cvsw_ofs_error error;

	(void)talk;
	cvsw_skip(r, 3);
	error = read_out(r, msg);
	cvsw_skip(r, 4);
	msg->cookie = cvsw_get_u64(r);
	msg->cookie_mask = cvsw_get_u64(r);
	msg->cookie &= msg->cookie_mask;
	if (!error)
		error = read_match13(r, msg);
	msg->flow.match.table = table;
	return error;
}

static enum cvsw_ofs_error read_port_request13(const struct cvsw_ofs_talk *talk,
					       struct cvsw_reader *r, struct cvsw_ofs_msg *msg)
{
	(void)talk;
	msg->port = cvsw_get_u32(r);
	return CVSW_OFS_OK;
}

static enum cvsw_ofs_error read_port_request(const struct cvsw_ofs_talk *talk,
					     struct cvsw_reader *r, struct cvsw_ofs_msg *msg)
{
	uint16_t port = cvsw_get_u16(r);

	(void)talk;
	msg->port = port == (uint16_t)CVSW_OFPP_ANY ? CVSW_OFPP_ANY : port;
	return CVSW_OFS_OK;
}

/* Queues there are none of. */
static enum cvsw_ofs_error refuse_queue(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
					struct cvsw_ofs_msg *msg)
{
	(void)talk;
	(void)r;
	(void)msg;
	return CVSW_OFS_QUEUE_BAD_PORT;
}

/* Nobody's experiments are known in 1.3. */
static enum cvsw_ofs_error refuse_vendor(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
					 struct cvsw_ofs_msg *msg)
{
	(void)talk;
	(void)r;
	(void)msg;
	return CVSW_OFS_BAD_VENDOR;
}

/* Lengths of what is behind type and flags. */
static const struct ofs_row stats10[] = {
	{ CVSW_OFS_DESC, 0, 0, 0, NULL },
	{ CVSW_OFS_FLOW, 44, 44, 0, read_flow_request },
	{ CVSW_OFS_AGGREGATE, 44, 44, 0, read_flow_request },
	{ CVSW_OFS_TABLE, 0, 0, 0, NULL },
	{ CVSW_OFS_PORT, 8, 8, 0, read_port_request },
	{ CVSW_OFS_QUEUE, 8, 8, 0, refuse_queue },
	{ CVSW_OFS_PORT_DESC, 0, 0, 0, NULL },
};

static const struct ofs_row stats13[] = {
	{ CVSW_OFS_DESC, 0, 0, 0, NULL },
	{ CVSW_OFS_FLOW, 40, ANY_LEN, 0, read_flow_request13 },
	{ CVSW_OFS_AGGREGATE, 40, ANY_LEN, 0, read_flow_request13 },
	{ CVSW_OFS_TABLE, 0, 0, 0, NULL },
	{ CVSW_OFS_TABLE_FEATURES, 0, 0, 0, NULL },
	{ CVSW_OFS_PORT, 8, 8, 0, read_port_request13 },
	{ CVSW_OFS_QUEUE, 8, 8, 0, refuse_queue },
	{ CVSW_OFS_PORT_DESC, 0, 0, 0, NULL },
	{ CVSW_OFS_VENDOR, 0, ANY_LEN, 0, refuse_vendor },
};

/* Likewise, behind Nicira's header: the subtype is the row's type. */
static const struct ofs_row nx_stats[] = {
	{ NXST_FLOW, 8, ANY_LEN, CVSW_OFS_STATS, read_nx_flow_request },
	{ NXST_AGGREGATE, 8, ANY_LEN, CVSW_OFS_STATS, read_nx_flow_request },
};

#define N(rows)	(sizeof(rows) / sizeof((rows)[0]))

static enum cvsw_ofs_error read_row(const struct cvsw_ofs_talk *talk, const struct ofs_row *row,
				    struct cvsw_reader *r, struct cvsw_ofs_msg *msg)
{
	enum cvsw_ofs_error error;

	if (cvsw_left(r) < row->min || cvsw_left(r) > row->max)
		return CVSW_OFS_BAD_LEN;
	error = row->read ? row->read(talk, r, msg) : CVSW_OFS_OK;
	return !error && r->overrun ? CVSW_OFS_BAD_LEN : error;
}

static const struct ofs_row *find_row(const struct ofs_row *rows, size_t n, uint32_t type)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

static enum cvsw_ofs_error read_nx_stats(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
					 struct cvsw_ofs_msg *msg)
{
	const struct ofs_row *row;
	uint32_t subtype;

	if (cvsw_left(r) < 12)
		return CVSW_OFS_BAD_LEN;
	if (cvsw_get_u32(r) != OFP_NX_VENDOR)
		return CVSW_OFS_BAD_VENDOR;
	subtype = cvsw_get_u32(r);
	cvsw_skip(r, 4);
	row = find_row(nx_stats, N(nx_stats), subtype);
	if (!row)
		return CVSW_OFS_BAD_SUBTYPE;
	msg->stats = subtype == NXST_FLOW ? CVSW_OFS_FLOW : CVSW_OFS_AGGREGATE;
	return read_row(talk, row, r, msg);
}

static enum cvsw_ofs_error read_stats10(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
					struct cvsw_ofs_msg *msg)
{
	const struct ofs_row *row;

	msg->stats = cvsw_get_u16(r);
	cvsw_skip(r, 2);
	if (msg->stats == CVSW_OFS_VENDOR)
		return read_nx_stats(talk, r, msg);
	row = find_row(stats10, N(stats10), msg->stats);
	return row ? read_row(talk, row, r, msg) : CVSW_OFS_BAD_STAT;
}

static enum cvsw_ofs_error read_stats13(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
					struct cvsw_ofs_msg *msg)
{
	const struct ofs_row *row;

	msg->stats = cvsw_get_u16(r);
	cvsw_skip(r, 2 + 4);
	row = find_row(stats13, N(stats13), msg->stats);
	return row ? read_row(talk, row, r, msg) : CVSW_OFS_BAD_STAT;
}

/* ---- the rest ---- */

static enum cvsw_ofs_error refuse_group(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
					struct cvsw_ofs_msg *msg)
{
	(void)talk;
	(void)r;
	(void)msg;
	return CVSW_OFS_OUT_OF_GROUPS;
}

static enum cvsw_ofs_error refuse_meter(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
					struct cvsw_ofs_msg *msg)
{
	(void)talk;
	(void)r;
	(void)msg;
	return CVSW_OFS_OUT_OF_METERS;
}

static enum cvsw_ofs_error read_role(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
				     struct cvsw_ofs_msg *msg)
{
	(void)talk;
	msg->role = cvsw_get_u32(r);
	cvsw_skip(r, 4);
	msg->generation = cvsw_get_u64(r);
	return msg->role > CVSW_OFS_SLAVE ? CVSW_OFS_BAD_ROLE : CVSW_OFS_OK;
}

static enum cvsw_ofs_error read_async(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
				      struct cvsw_ofs_msg *msg)
{
	int i;

	(void)talk;
	for (i = 0; i < CVSW_OFS_N_ASYNC; i++)
		msg->async[i] = cvsw_get_u32(r);
	return CVSW_OFS_OK;
}

static enum cvsw_ofs_error read_config(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
				       struct cvsw_ofs_msg *msg)
{
	(void)talk;
	msg->config_flags = cvsw_get_u16(r);
	msg->miss_send_len = cvsw_get_u16(r);
	return CVSW_OFS_OK;
}

static enum cvsw_ofs_error read_format(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
				       struct cvsw_ofs_msg *msg)
{
	uint32_t format = cvsw_get_u32(r);

	(void)talk;
	msg->on = format == NXFF_NXM;
	return format == NXFF_OPENFLOW10 || format == NXFF_NXM ? CVSW_OFS_OK : CVSW_OFS_BAD_ARGUMENT;
}

static enum cvsw_ofs_error read_tables(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
				       struct cvsw_ofs_msg *msg)
{
	(void)talk;
	msg->on = cvsw_get_u8(r);
	return CVSW_OFS_OK;
}

/* Lengths of what is behind vendor and subtype. */
static const struct ofs_row nx10[] = {
	{ NXT_SET_FLOW_FORMAT, 4, 4, CVSW_OFS_SET_FORMAT, read_format },
	{ NXT_FLOW_MOD, 32, ANY_LEN, CVSW_OFS_FLOW_MOD, read_nx_flow_mod },
	{ NXT_FLOW_MOD_TABLE_ID, 8, 8, CVSW_OFS_SET_TABLES, read_tables },
};

static enum cvsw_ofs_error read_vendor(const struct cvsw_ofs_talk *talk, struct cvsw_reader *r,
				       struct cvsw_ofs_msg *msg)
{
	const struct ofs_row *row;

	if (cvsw_get_u32(r) != OFP_NX_VENDOR)
		return CVSW_OFS_BAD_VENDOR;
	row = find_row(nx10, N(nx10), cvsw_get_u32(r));
	if (r->overrun)
		return CVSW_OFS_BAD_LEN;
	if (!row)
		return CVSW_OFS_BAD_SUBTYPE;
	msg->kind = row->kind;
	return read_row(talk, row, r, msg);
}

/* Lengths of what is behind the header. */
static const struct ofs_row types10[] = {
	{ OFPT_HELLO, 0, ANY_LEN, CVSW_OFS_HELLO, NULL },
	{ OFPT_ERROR, 4, ANY_LEN, CVSW_OFS_ERROR, NULL },
	{ OFPT_ECHO_REQUEST, 0, ANY_LEN, CVSW_OFS_ECHO_REQUEST, NULL },
	{ OFPT_ECHO_REPLY, 0, ANY_LEN, CVSW_OFS_ECHO_REPLY, NULL },
	{ OFPT_VENDOR, 4, ANY_LEN, 0, read_vendor },
	{ OFPT_FEATURES_REQUEST, 0, 0, CVSW_OFS_FEATURES, NULL },
	{ OFPT_GET_CONFIG_REQUEST, 0, 0, CVSW_OFS_GET_CONFIG, NULL },
	{ OFPT_SET_CONFIG, 4, 4, CVSW_OFS_SET_CONFIG, read_config },
	{ OFPT_FLOW_MOD, 64, ANY_LEN, CVSW_OFS_FLOW_MOD, read_flow_mod10 },
	{ OFPT10_STATS_REQUEST, 4, ANY_LEN, CVSW_OFS_STATS, read_stats10 },
	{ OFPT10_BARRIER_REQUEST, 0, 0, CVSW_OFS_BARRIER, NULL },
};

static const struct ofs_row types13[] = {
	{ OFPT_HELLO, 0, ANY_LEN, CVSW_OFS_HELLO, NULL },
	{ OFPT_ERROR, 4, ANY_LEN, CVSW_OFS_ERROR, NULL },
	{ OFPT_ECHO_REQUEST, 0, ANY_LEN, CVSW_OFS_ECHO_REQUEST, NULL },
	{ OFPT_ECHO_REPLY, 0, ANY_LEN, CVSW_OFS_ECHO_REPLY, NULL },
	{ OFPT_VENDOR, 0, ANY_LEN, 0, refuse_vendor },
	{ OFPT_FEATURES_REQUEST, 0, 0, CVSW_OFS_FEATURES, NULL },
	{ OFPT_GET_CONFIG_REQUEST, 0, 0, CVSW_OFS_GET_CONFIG, NULL },
	{ OFPT_SET_CONFIG, 4, 4, CVSW_OFS_SET_CONFIG, read_config },
	{ OFPT_FLOW_MOD, 48, ANY_LEN, CVSW_OFS_FLOW_MOD, read_flow_mod13 },
	{ OFPT13_GROUP_MOD, 8, ANY_LEN, 0, refuse_group },
	{ OFPT13_MULTIPART_REQUEST, 8, ANY_LEN, CVSW_OFS_STATS, read_stats13 },
	{ OFPT13_BARRIER_REQUEST, 0, 0, CVSW_OFS_BARRIER, NULL },
	{ OFPT13_ROLE_REQUEST, 16, 16, CVSW_OFS_ROLE, read_role },
	{ OFPT13_GET_ASYNC_REQUEST, 0, 0, CVSW_OFS_GET_ASYNC, NULL },
	{ OFPT13_SET_ASYNC, 24, 24, CVSW_OFS_SET_ASYNC, read_async },
	{ OFPT13_METER_MOD, 8, ANY_LEN, 0, refuse_meter },
};

enum cvsw_ofs_error cvsw_ofs_decode(const struct cvsw_ofs_talk *talk, const uint8_t *data,
				    size_t len, struct cvsw_ofs_msg *msg)
{
	struct cvsw_reader r = cvsw_reader(data, len);
	uint8_t version = cvsw_get_u8(&r), type = cvsw_get_u8(&r);
	const struct ofs_row *row = talk->version == CVSW_OFP_V13 ?
				    find_row(types13, N(types13), type) :
				    find_row(types10, N(types10), type);

	memset(msg, 0, sizeof(*msg));
	cvsw_skip(&r, 2);
	msg->xid = cvsw_get_u32(&r);
	if (type > OFPT_ERROR && version != talk->version)
		return CVSW_OFS_BAD_VERSION;
	if (!row)
		return CVSW_OFS_BAD_TYPE;
	msg->kind = row->kind;
	return read_row(talk, row, &r, msg);
}
