// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A group_mod of version 3: a header, the slots of a select group, the buckets.
 *
 *	 0                   1                   2                   3
 *	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *	+-------------------------------+---------------+---------------+
 *   0	|            length             |    command    |     type      |
 *	+-------------------------------+---------------+---------------+
 *   4	|                             group                             |
 *	+---------------------------------------------------------------+
 *   8	|                         dead buckets                          |
 *	|                                                               |
 *	+---------------------------------------------------------------+
 *  16	|  of a select group: key, 16 bytes; slots, 256; backup, 256    |
 *	|  buckets ...                                                  |
 *
 * A bucket:
 *
 *	+-------------------------------+-------------------------------+
 *   0	|            length             |            weight             |
 *	+-------------------------------+-------------------------------+
 *   4	|  actions, as in a flow_mod ...                                |
 */
#include "cvsw_group_mod.h"

#include "cvsw_cursor.h"

/* Offsets of what a fault can be in. */
enum group_mod_offset {
	GROUP_MOD_AT_LENGTH = 0,
	GROUP_MOD_AT_COMMAND = 2,
	GROUP_MOD_AT_TYPE = 3,
	GROUP_MOD_AT_GROUP = 4,
	GROUP_MOD_AT_DEAD = 8,
};

#define BUCKET_HEADER_LEN	4

static bool mod_has_buckets(enum cvsw_group_command command)
{
	return command == CVSW_GROUP_ADD || command == CVSW_GROUP_MODIFY;
}

/* ---- reading ---- */

/* What only groups with buckets have is zero in others. */
static enum cvsw_fault mod_check_plain(enum cvsw_group_command command,
				       const struct cvsw_group *group, const struct cvsw_reader *r,
				       size_t *at)
{
	*at = CVSW_GROUP_MOD_HEADER_LEN;
	if (cvsw_left(r))
		return CVSW_FAULT_LENGTH;
	*at = GROUP_MOD_AT_TYPE;
	if (group->type)
		return CVSW_FAULT_RESERVED;
	*at = GROUP_MOD_AT_DEAD;
	if (command == CVSW_GROUP_DELETE && group->dead)
		return CVSW_FAULT_RESERVED;
	*at = GROUP_MOD_AT_GROUP;
	return group->id <= CVSW_GROUP_MAX ||
	       (command == CVSW_GROUP_DELETE && group->id == CVSW_GROUP_ALL) ? CVSW_OK :
									       CVSW_FAULT_GROUP;
}

/* @r: the group_mod, then all behind its header; or one bucket, then all behind its own */
static enum cvsw_fault mod_read_bucket(struct cvsw_reader *r, struct cvsw_group *group, size_t *at)
{
	struct cvsw_bucket *bucket = &group->buckets[group->n_buckets];
	size_t start = r->at;
	uint16_t len = cvsw_get_u16(r), weight = cvsw_get_u16(r);
	struct cvsw_reader actions = *r;

	*at = start;
	if (group->n_buckets == CVSW_GROUP_BUCKETS)
		return CVSW_FAULT_BUCKET;
	if (r->overrun || len < BUCKET_HEADER_LEN || len > r->len - start)
		return CVSW_FAULT_LENGTH;
	*bucket = (struct cvsw_bucket){ .first = group->n_actions, .weight = weight };
	cvsw_skip(r, len - BUCKET_HEADER_LEN);
	for (actions.len = start + len; cvsw_left(&actions); bucket->n_actions++) {
		struct cvsw_action *action = &group->actions[group->n_actions];
		size_t begin = actions.at;
		enum cvsw_fault fault;

		*at = begin;
		if (bucket->n_actions == CVSW_MAX_ACTIONS || group->n_actions == CVSW_GROUP_ACTIONS)
			return CVSW_FAULT_ACTION_COUNT;
		fault = cvsw_action_decode(&actions, action, at);
		if (fault)
			return fault;
		*at = begin;
		if (!cvsw_action_fits_in(action->type, CVSW_ACT_GROUP))
			return CVSW_FAULT_ACTION_ORDER;
		group->n_actions++;
	}
	group->n_buckets++;
	return CVSW_OK;
}

static enum cvsw_fault mod_read_buckets(struct cvsw_reader *r, struct cvsw_group *group, size_t *at)
{
	enum cvsw_fault fault = CVSW_OK;
	unsigned int bucket;

	*at = GROUP_MOD_AT_TYPE;
	if (group->type >= CVSW_N_GROUP_TYPES)
		return CVSW_FAULT_GROUP;
	if (group->type == CVSW_GROUP_TYPE_SELECT) {
		cvsw_get_bytes(r, group->key, sizeof(group->key));
		cvsw_get_bytes(r, group->slots, sizeof(group->slots));
		cvsw_get_bytes(r, group->backup, sizeof(group->backup));
		*at = GROUP_MOD_AT_LENGTH;
		if (r->overrun)
			return CVSW_FAULT_LENGTH;
	}
	while (cvsw_left(r) && !fault)
		fault = mod_read_bucket(r, group, at);
	if (fault)
		return fault;
	fault = cvsw_group_check(group, &bucket);
	*at = fault == CVSW_FAULT_GROUP ? GROUP_MOD_AT_GROUP : GROUP_MOD_AT_DEAD;
	return fault;
}

static enum cvsw_fault mod_read_group(struct cvsw_reader *r, enum cvsw_group_command *command,
				      struct cvsw_group *group, size_t *at)
{
	uint16_t len = cvsw_get_u16(r);
	uint8_t number = cvsw_get_u8(r);

	memset(group, 0, offsetof(struct cvsw_group, actions));
	group->type = cvsw_get_u8(r);
	group->id = cvsw_get_u32(r);
	group->dead = cvsw_get_u64(r);
	*at = r->len;
	if (r->overrun)
		return CVSW_FAULT_SHORT;
	*at = GROUP_MOD_AT_LENGTH;
	if (len < CVSW_GROUP_MOD_HEADER_LEN || len > r->len)
		return CVSW_FAULT_LENGTH;
	r->len = len;
	*at = GROUP_MOD_AT_COMMAND;
	if (!cvsw_group_command_is(number))
		return CVSW_FAULT_COMMAND;
	*command = number;
	return mod_has_buckets(*command) ? mod_read_buckets(r, group, at) :
					   mod_check_plain(*command, group, r, at);
}

enum cvsw_fault cvsw_group_mod_decode(const uint8_t *data, size_t len, size_t *used,
				      enum cvsw_group_command *command, struct cvsw_group *group,
				      size_t *offset)
{
	struct cvsw_reader r = cvsw_reader(data, len);
	size_t at = 0;
	enum cvsw_fault fault = mod_read_group(&r, command, group, &at);

	*used = r.len;
	if (fault && offset)
		*offset = at;
	return fault;
}

/* ---- writing ---- */

static void mod_write_bucket(struct cvsw_writer *w, const struct cvsw_group *group,
			     unsigned int bucket)
{
	struct cvsw_writer head = *w;
	size_t len, room;

	cvsw_put_zero(w, BUCKET_HEADER_LEN);
	if (w->overrun)
		return;
	room = w->room - w->at;
	len = cvsw_actions_encode(cvsw_bucket_actions(group, bucket),
				  group->buckets[bucket].n_actions, w->data + w->at, room);
	if (!len && group->buckets[bucket].n_actions)
		w->overrun = true;
	cvsw_make(w, len);
	cvsw_put_u16(&head, (uint16_t)(BUCKET_HEADER_LEN + len));
	cvsw_put_u16(&head, group->buckets[bucket].weight);
}

size_t cvsw_group_mod_encode(enum cvsw_group_command command, const struct cvsw_group *group,
			     uint8_t *buf, size_t room)
{
	bool whole = mod_has_buckets(command);
	struct cvsw_writer w = cvsw_writer(buf, room), head = w;
	unsigned int i;

	cvsw_put_u16(&w, 0);
	cvsw_put_u8(&w, (uint8_t)command);
	cvsw_put_u8(&w, whole ? group->type : 0);
	cvsw_put_u32(&w, group->id);
	cvsw_put_u64(&w, command == CVSW_GROUP_DELETE ? 0 : group->dead);
	if (whole && group->type == CVSW_GROUP_TYPE_SELECT) {
		cvsw_put_bytes(&w, group->key, sizeof(group->key));
		cvsw_put_bytes(&w, group->slots, sizeof(group->slots));
		cvsw_put_bytes(&w, group->backup, sizeof(group->backup));
	}
	for (i = 0; whole && i < group->n_buckets; i++)
		mod_write_bucket(&w, group, i);
	if (!w.overrun)
		cvsw_put_u16(&head, (uint16_t)w.at);
	return cvsw_written(&w);
}
