// SPDX-License-Identifier: GPL-2.0
/* Groups: those of a FLOWS's bundle, LIST_GROUPS and GROUP_COUNTERS. */
#include <linux/jiffies.h>

#include "proto/cvsw_group_mod.h"
#include "request_groups.h"
#include "settings.h"
#include "table/groups.h"

/* ---- FLOWS ---- */

static enum cvsw_v3_error group_mod_error(int err)
{
	switch (err) {
	case 0:
		return CVSW_V3_FINE;
	case -EEXIST:
		return CVSW_V3_ERR_GROUP_EXISTS;
	case -ENOENT:
		return CVSW_V3_ERR_GROUP_UNKNOWN;
	case -ENOSPC:
		return CVSW_V3_ERR_GROUPS_FULL;
	default:
		return CVSW_V3_ERR_NO_MEMORY;
	}
}

enum cvsw_v3_error cvsw_bundle_group_mod(struct cvsw_requests *requests, const u8 *data, size_t len,
					 size_t *used, size_t *at)
{
	struct cvsw_control *control = requests->control;
	struct cvsw_group *group = &requests->group;
	enum cvsw_group_command command;
	enum cvsw_fault fault;
	size_t offset = 0;

	fault = cvsw_group_mod_decode(data, len, used, &command, group, &offset);
	if (fault) {
		*at += offset;
		return cvsw_v3_error_of(fault);
	}
	if (requests->replaces && command != CVSW_GROUP_ADD)
		return CVSW_V3_ERR_COMMAND;
	if (command == CVSW_GROUP_ADD || command == CVSW_GROUP_MODIFY)
		cvsw_ask_for_room(control->dev, group->actions, group->n_actions);
	return group_mod_error(cvsw_table_group_mod(control->engine->table, command, group));
}

/* ---- LIST_GROUPS ---- */

static void group_measures(const struct cvsw_group_version *version, struct cvsw_v3_entry *told)
{
	unsigned int i;

	*told = (struct cvsw_v3_entry){
		.idle = CVSW_V3_IDLE_UNKNOWN, .age = jiffies64_to_msecs(get_jiffies_64() - version->born),
	};
	for (i = 0; i < version->n_buckets; i++) {
		u64 packets, bytes;

		cvsw_hits_read(version->buckets[i].entry->hits, &packets, &bytes);
		told->n_packets += packets;
		told->n_bytes += bytes;
	}
}

struct group_listing {
	struct cvsw_group *group;
	struct cvsw_writer *w;
};

/* Return: non-zero: the answer is full. */
static int list_put_group(const struct cvsw_group_version *version, void *arg)
{
	struct group_listing *list = arg;
	struct cvsw_writer *w = list->w;
	struct cvsw_v3_entry e;

	if (w->room - w->at < CVSW_V3_ENTRY_HEADER_LEN)
		return -ENOSPC;
	cvsw_group_version_group(version, list->group);
	group_measures(version, &e);
	e.len = cvsw_group_mod_encode(CVSW_GROUP_ADD, list->group,
				      w->data + w->at + CVSW_V3_ENTRY_HEADER_LEN,
				      w->room - w->at - CVSW_V3_ENTRY_HEADER_LEN);
	return e.len && cvsw_v3_entry_put(w, &e) ? 0 : -ENOSPC;
}

/* An answer has room for the largest one, so each part goes on. */
static_assert(CVSW_V3_MESSAGE_HEADER_LEN + 8 + CVSW_V3_ENTRY_HEADER_LEN + CVSW_GROUP_MOD_MAX <=
	      CVSW_V3_MESSAGE_MAX);

enum cvsw_v3_error cvsw_request_list_groups(struct cvsw_requests *requests,
					    struct cvsw_request *request)
{
	struct group_listing listing = { .group = &requests->group, .w = &request->answer };
	enum cvsw_v3_error error;
	u64 resume;

	error = cvsw_v3_resume_decode(&request->message, &resume, &request->offset);
	if (error)
		return error;
	cvsw_v3_list_answer_begin(&request->answer, CVSW_V3_LIST_GROUPS_ANSWER,
				  request->message.xid);
	if (cvsw_table_walk_groups(requests->control->engine->table, &resume, list_put_group,
				   &listing))
		cvsw_v3_list_answer_resume(&request->answer, resume);
	return CVSW_V3_FINE;
}

/* ---- GROUP_COUNTERS ---- */

static void put_group_counters(const struct cvsw_group_version *version, struct cvsw_writer *w)
{
	unsigned int i;
	u64 packets, bytes;

	for (i = 0; i < version->n_buckets; i++) {
		cvsw_hits_read(version->buckets[i].entry->hits, &packets, &bytes);
		cvsw_v3_hits_put(w, packets, bytes);
	}
	for (i = 0; version->slots && i < CVSW_GROUP_SLOTS; i++) {
		cvsw_slot_hits_read(version->slots->hits, i, &packets, &bytes);
		cvsw_v3_hits_put(w, packets, bytes);
	}
}

enum cvsw_v3_error cvsw_request_group_counters(struct cvsw_requests *requests,
					       struct cvsw_request *request)
{
	const struct cvsw_table *table = requests->control->engine->table;
	const struct cvsw_group_version *version = NULL;
	enum cvsw_v3_error error;
	u64 group;

	error = cvsw_v3_resume_decode(&request->message, &group, &request->offset);
	if (error)
		return error;
	rcu_read_lock();
	if (group <= CVSW_GROUP_MAX)
		version = cvsw_table_group(table, group, cvsw_table_version(table));
	if (version) {
		cvsw_v3_list_answer_begin(&request->answer, CVSW_V3_GROUP_COUNTERS_ANSWER,
					  request->message.xid);
		cvsw_v3_list_answer_resume(&request->answer, group);
		put_group_counters(version, &request->answer);
	}
	rcu_read_unlock();
	return version ? CVSW_V3_FINE :
			 cvsw_request_wrong(request, 0, CVSW_V3_ERR_GROUP_UNKNOWN);
}
