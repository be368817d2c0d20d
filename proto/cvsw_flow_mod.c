// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A flow_mod of version 3: a header, the slots that the match compares, the actions.
 *
 *	 0                   1                   2                   3
 *	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *	+-------------------------------+---------------+---------------+
 *   0	|            length             |    command    |     flags     |
 *	+-------------------------------+---------------+---------------+
 *   4	|           priority            |           out_port            |
 *	+-------------------------------+-------------------------------+
 *   8	|         idle_timeout          |         hard_timeout          |
 *	+-------------------------------+-------------------------------+
 *  12	|        length of match        |     table     |     zero      |
 *	+-------------------------------+---------------+---------------+
 *  16	|                            cookie                             |
 *	|                                                               |
 *	+---------------------------------------------------------------+
 *  24	|  match ...                                                    |
 *	|  actions ...                                                  |
 *
 * Match and actions are rows of number, length and so many bytes: CVSW_SLOTS,
 * CVSW_ACTIONS and CVSW_ACTION_VALUES.
 */
#include "cvsw_flow_mod.h"

#include "cvsw_cursor.h"

/* Offsets of what a fault can be in. */
enum flow_mod_offset {
	FLOW_MOD_AT_LENGTH = 0,
	FLOW_MOD_AT_COMMAND = 2,
	FLOW_MOD_AT_FLAGS = 3,
	FLOW_MOD_AT_OUT_PORT = 6,
	FLOW_MOD_AT_MATCH_LEN = 12,
	FLOW_MOD_AT_TABLE = 14,
	FLOW_MOD_AT_ZERO = 15,
};

#define FLAGS_TAKEN	(CVSW_FLOW_SEND_REMOVED | CVSW_FLOW_CHECK_OVERLAP)

/* Slots have numbers below it. */
#define SLOT_NUMBERS	64

#define SLOT_MAX(id, number, member, kind)	+ 2 + 2 * sizeof(((struct cvsw_key *)0)->member)
#define SLOT_FITS(id, number, ...)		(number) < SLOT_NUMBERS &&
static_assert(CVSW_FLOW_MOD_HEADER_LEN + (0 CVSW_SLOTS(SLOT_MAX)) +
	      CVSW_MAX_ACTIONS * (2 + CVSW_ACTION_VALUE_MAX) <= CVSW_FLOW_MOD_MAX, "as long as it says");
static_assert(CVSW_SLOTS(SLOT_FITS) 1, "encode looks at all of them");

/* CVSW_SLOT_NONE: no slot has the number.  Two slots with one number do not compile. */
static enum cvsw_slot slot_of_number(uint8_t number)
{
	switch (number) {
#define SLOT_CASE(id, number, ...) case number: return CVSW_SLOT_##id;
	CVSW_SLOTS(SLOT_CASE)
#undef SLOT_CASE
	default:
		return CVSW_SLOT_NONE;
	}
}

/* CVSW_N_ACTIONS: likewise. */
static enum cvsw_action_type action_of_number(uint8_t number)
{
	switch (number) {
#define ACTION_CASE(id, number, ...) case number: return CVSW_ACT_##id;
	CVSW_ACTIONS(ACTION_CASE)
#undef ACTION_CASE
	default:
		return CVSW_N_ACTIONS;
	}
}

static const uint8_t action_number[CVSW_N_ACTIONS] = {
#define ACTION_NUMBER(id, number, ...) number,
	CVSW_ACTIONS(ACTION_NUMBER)
#undef ACTION_NUMBER
};

enum value_kind { VALUE_INTEGER, VALUE_BYTES, VALUE_FIELD };

/* @field: on the wire a header, inside enum cvsw_field */
static const struct {
	struct cvsw_place place;
	uint8_t action;
	bool field;
} values[] = {
#define VALUE(id, member, kind)									\
	{ { offsetof(struct cvsw_action, member), sizeof(((struct cvsw_action *)0)->member),	\
	    VALUE_##kind != VALUE_BYTES }, CVSW_ACT_##id, VALUE_##kind == VALUE_FIELD },
	CVSW_ACTION_VALUES(VALUE)
#undef VALUE
};

#define N_VALUES	(sizeof(values) / sizeof(values[0]))
#define FIELD_LEN	4

/* The next value of an action of @type at @i or behind; N_VALUES: it has no more. */
static size_t mod_next_value(uint16_t type, size_t i)
{
	while (i < N_VALUES && values[i].action != type)
		i++;
	return i;
}

#define each_value(i, type)									\
	for ((i) = mod_next_value(type, 0); (i) < N_VALUES; (i) = mod_next_value(type, (i) + 1))

static size_t mod_value_len(uint16_t type)
{
	size_t len = 0, i;

	each_value(i, type)
		len += values[i].field ? FIELD_LEN : values[i].place.size;
	return len;
}

/* By its nx_match header; CVSW_N_FIELDS: none has it. */
static uint8_t field_of_header(uint32_t header)
{
	uint8_t field = 0;

	while (field < CVSW_N_FIELDS && cvsw_field_info[field].header != header)
		field++;
	return field;
}

static bool bytes_are(const uint8_t *bytes, size_t n, uint8_t want)
{
	while (n--)
		if (bytes[n] != want)
			return false;
	return true;
}

/* ---- reading ---- */

static bool mod_is_mask(const uint8_t *mask, const uint8_t *value, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (value[i] & ~mask[i])
			return false;
	return !bytes_are(mask, n, 0) && !bytes_are(mask, n, 0xff);
}

/* @last: number of the one before, then of this one */
static enum cvsw_fault mod_read_slot(struct cvsw_reader *r, struct cvsw_match *match,
				     uint8_t *last, size_t *at)
{
	size_t start = r->at, size;
	uint8_t number = cvsw_get_u8(r), len = cvsw_get_u8(r);
	enum cvsw_slot slot = slot_of_number(number);
	uint8_t whole[CVSW_IP_LEN];
	const uint8_t *value, *mask = whole;

	*at = start;
	if (number <= *last || slot == CVSW_SLOT_NONE)
		return CVSW_FAULT_MATCH_FIELD;
	*last = number;
	*at = start + 1;
	size = cvsw_slot_info[slot].size;
	if ((len != size && len != 2 * size) || len > cvsw_left(r))
		return CVSW_FAULT_LENGTH;
	*at = start + 2;
	memset(whole, 0xff, sizeof(whole));
	value = cvsw_take(r, size);
	if (len > size) {
		mask = cvsw_take(r, size);
		if (!mod_is_mask(mask, value, size))
			return CVSW_FAULT_MATCH;
	}
	cvsw_place_add(&match->key, &cvsw_slot_info[slot], value);
	cvsw_place_add(&match->mask, &cvsw_slot_info[slot], mask);
	return CVSW_OK;
}

/* @r: the match alone */
static enum cvsw_fault mod_read_match(struct cvsw_reader *r, struct cvsw_match *match, size_t *at)
{
	enum cvsw_fault fault = CVSW_OK;
	size_t start = r->at;
	uint8_t last = 0;

	memset(match, 0, sizeof(*match));
	while (cvsw_left(r) && !fault)
		fault = mod_read_slot(r, match, &last, at);
	if (fault)
		return fault;
	*at = start;
	if (!cvsw_match_complete(match))
		return CVSW_FAULT_MATCH_FIELD;
	return cvsw_match_impossible(match) == CVSW_SLOT_NONE ? CVSW_OK : CVSW_FAULT_MATCH;
}

static void mod_read_values(struct cvsw_reader *r, struct cvsw_action *action)
{
	size_t i;

	each_value(i, action->type) {
		uint8_t field = values[i].field ? field_of_header(cvsw_get_u32(r)) : 0;

		cvsw_place_add(action, &values[i].place,
			       values[i].field ? &field : cvsw_take(r, values[i].place.size));
	}
}

enum cvsw_fault cvsw_action_decode(struct cvsw_reader *r, struct cvsw_action *action, size_t *at)
{
	size_t start = r->at;
	uint8_t number = cvsw_get_u8(r), len = cvsw_get_u8(r);

	memset(action, 0, sizeof(*action));
	action->type = (uint16_t)action_of_number(number);
	*at = start;
	if (action->type == CVSW_N_ACTIONS)
		return CVSW_FAULT_ACTION_TYPE;
	*at = start + 1;
	if (r->overrun || len != mod_value_len(action->type) || len > cvsw_left(r))
		return CVSW_FAULT_ACTION_LENGTH;
	*at = start + 2;
	mod_read_values(r, action);
	if (action->type == CVSW_ACT_VXLAN_ENCAP)
		action->tunnel.type = CVSW_TUNNEL_VXLAN;
	return cvsw_action_check(action);
}

/* Where an action begins. */
static size_t mod_action_at(const uint8_t *list, size_t action)
{
	size_t at = 0;

	while (action--)
		at += 2 + list[at + 1];
	return at;
}

enum cvsw_fault cvsw_actions_decode(const uint8_t *data, size_t len, struct cvsw_flow *flow,
				    size_t *offset)
{
	struct cvsw_reader r = cvsw_reader(data, len);
	enum cvsw_fault fault;
	size_t wrong;

	for (flow->n_actions = 0; cvsw_left(&r); flow->n_actions++) {
		*offset = r.at;
		if (flow->n_actions == CVSW_MAX_ACTIONS)
			return CVSW_FAULT_ACTION_COUNT;
		fault = cvsw_action_decode(&r, &flow->actions[flow->n_actions], offset);
		if (fault)
			return fault;
	}
	wrong = cvsw_actions_misplaced(flow);
	*offset = mod_action_at(data, wrong);
	return wrong < flow->n_actions ? CVSW_FAULT_ACTION_ORDER : CVSW_OK;
}

static enum cvsw_fault mod_read_actions(const struct cvsw_reader *r, struct cvsw_flow *flow,
					size_t *at)
{
	const uint8_t *list = r->data + r->at;
	enum cvsw_fault fault = cvsw_actions_decode(list, cvsw_left(r), flow, at);
	size_t wrong;

	if (!fault) {
		wrong = cvsw_actions_misfit(flow);
		*at = mod_action_at(list, wrong);
		fault = wrong < flow->n_actions ? CVSW_FAULT_ACTION_VALUE : CVSW_OK;
	}
	if (!fault) {
		wrong = cvsw_actions_backward(flow);
		*at = mod_action_at(list, wrong);
		fault = wrong < flow->n_actions ? CVSW_FAULT_TABLE : CVSW_OK;
	}
	*at += r->at;
	return fault;
}

/* @r: all that is there, then this flow_mod behind its header */
static enum cvsw_fault mod_read_header(struct cvsw_reader *r, enum cvsw_flow_command *command,
				       struct cvsw_flow *flow, size_t *match_len, uint8_t *table,
				       size_t *at)
{
	uint16_t len = cvsw_get_u16(r);
	uint8_t number = cvsw_get_u8(r), zero;

	flow->flags = cvsw_get_u8(r);
	flow->priority = cvsw_get_u16(r);
	flow->out_port = cvsw_get_u16(r);
	flow->idle_timeout = cvsw_get_u16(r);
	flow->hard_timeout = cvsw_get_u16(r);
	*match_len = cvsw_get_u16(r);
	*table = cvsw_get_u8(r);
	zero = cvsw_get_u8(r);
	flow->cookie = cvsw_get_u64(r);

	*at = r->len;
	if (r->overrun)
		return CVSW_FAULT_SHORT;
	*at = FLOW_MOD_AT_LENGTH;
	if (len < CVSW_FLOW_MOD_HEADER_LEN || len > r->len)
		return CVSW_FAULT_LENGTH;
	r->len = len;
	*at = FLOW_MOD_AT_MATCH_LEN;
	if (*match_len > cvsw_left(r))
		return CVSW_FAULT_LENGTH;
	*at = FLOW_MOD_AT_COMMAND;
	if (number > CVSW_FLOW_DELETE_STRICT)
		return CVSW_FAULT_COMMAND;
	*command = number;
	*at = FLOW_MOD_AT_FLAGS;
	if (flow->flags & ~FLAGS_TAKEN)
		return CVSW_FAULT_FLAGS;
	*at = FLOW_MOD_AT_OUT_PORT;
	if (flow->out_port && number < CVSW_FLOW_DELETE)
		return CVSW_FAULT_RESERVED;
	*at = FLOW_MOD_AT_TABLE;
	if (*table >= CVSW_TABLES && (*table != CVSW_TABLE_ALL || number != CVSW_FLOW_DELETE))
		return CVSW_FAULT_TABLE;
	*at = FLOW_MOD_AT_ZERO;
	return zero ? CVSW_FAULT_RESERVED : CVSW_OK;
}

enum cvsw_fault cvsw_flow_mod_decode(const uint8_t *data, size_t len, size_t *used,
				     enum cvsw_flow_command *command, struct cvsw_flow *flow,
				     size_t *offset)
{
	struct cvsw_reader r = cvsw_reader(data, len), match;
	size_t match_len, at;
	uint8_t table;
	enum cvsw_fault fault = mod_read_header(&r, command, flow, &match_len, &table, &at);

	if (!fault) {
		*used = r.len;
		match = r;
		match.len = r.at + match_len;
		cvsw_skip(&r, match_len);
		fault = mod_read_match(&match, &flow->match, &at);
		flow->match.table = table;
	}
	if (!fault)
		fault = mod_read_actions(&r, flow, &at);
	if (fault && offset)
		*offset = at;
	return fault;
}

/* ---- writing ---- */

static void mod_write_match(struct cvsw_writer *w, const struct cvsw_match *match)
{
	uint8_t number, value[CVSW_IP_LEN], mask[CVSW_IP_LEN];

	for (number = 1; number < SLOT_NUMBERS; number++) {
		enum cvsw_slot slot = slot_of_number(number);
		size_t size = slot == CVSW_SLOT_NONE ? 0 : cvsw_slot_info[slot].size;
		bool whole;

		if (!size)
			continue;
		cvsw_place_read(&match->mask, &cvsw_slot_info[slot], mask);
		if (bytes_are(mask, size, 0))
			continue;
		cvsw_place_read(&match->key, &cvsw_slot_info[slot], value);
		whole = bytes_are(mask, size, 0xff);
		cvsw_put_u8(w, number);
		cvsw_put_u8(w, (uint8_t)(whole ? size : 2 * size));
		cvsw_put_bytes(w, value, size);
		if (!whole)
			cvsw_put_bytes(w, mask, size);
	}
}

static void mod_write_values(struct cvsw_writer *w, const struct cvsw_action *action)
{
	uint8_t bytes[CVSW_IP_LEN];
	size_t i;

	each_value(i, action->type) {
		cvsw_place_read(action, &values[i].place, bytes);
		if (values[i].field)
			cvsw_put_u32(w, cvsw_field_info[bytes[0]].header);
		else
			cvsw_put_bytes(w, bytes, values[i].place.size);
	}
}

static void mod_write_actions(struct cvsw_writer *w, const struct cvsw_action *actions, size_t n)
{
	for (; n--; actions++) {
		cvsw_put_u8(w, action_number[actions->type]);
		cvsw_put_u8(w, (uint8_t)mod_value_len(actions->type));
		mod_write_values(w, actions);
	}
}

size_t cvsw_actions_encode(const struct cvsw_action *actions, size_t n, uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	mod_write_actions(&w, actions, n);
	return cvsw_written(&w);
}

/* A length that was not known when its place was passed. */
static void mod_fill_in(const struct cvsw_writer *w, size_t at, size_t len)
{
	struct cvsw_writer place = cvsw_writer(w->data + at, 2);

	if (!w->overrun)
		cvsw_put_u16(&place, (uint16_t)len);
}

size_t cvsw_flow_mod_encode(enum cvsw_flow_command command, const struct cvsw_flow *flow,
			    uint8_t *buf, size_t room)
{
	struct cvsw_writer w = cvsw_writer(buf, room);

	cvsw_put_u16(&w, 0);
	cvsw_put_u8(&w, (uint8_t)command);
	cvsw_put_u8(&w, (uint8_t)flow->flags);
	cvsw_put_u16(&w, flow->priority);
	cvsw_put_u16(&w, command < CVSW_FLOW_DELETE ? 0 : flow->out_port);
	cvsw_put_u16(&w, flow->idle_timeout);
	cvsw_put_u16(&w, flow->hard_timeout);
	cvsw_put_u16(&w, 0);
	cvsw_put_u8(&w, flow->match.table);
	cvsw_put_u8(&w, 0);
	cvsw_put_u64(&w, flow->cookie);
	mod_write_match(&w, &flow->match);
	mod_fill_in(&w, FLOW_MOD_AT_MATCH_LEN, w.at - CVSW_FLOW_MOD_HEADER_LEN);
	mod_write_actions(&w, flow->actions, flow->n_actions);
	mod_fill_in(&w, FLOW_MOD_AT_LENGTH, w.at);
	return cvsw_written(&w);
}
