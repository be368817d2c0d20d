// SPDX-License-Identifier: GPL-2.0
/* FLOWS: changes of the table and its groups, each as a whole.  LIST: what is in it. */
#include <linux/jiffies.h>
#include <linux/sched.h>

#include "proto/cvsw_group_mod.h"
#include "request_flows.h"
#include "request_groups.h"
#include "settings.h"

/* Where FLOWS has its bundle's number, and LIST the filter. */
#define BUNDLE_AT	CVSW_V3_MESSAGE_HEADER_LEN
#define FILTER_AT	24

/* Entries looked at without a pause, however few of them are listed. */
#define WALK_BURST	256

/* ---- FLOWS ---- */

void cvsw_requests_reset(struct cvsw_requests *requests)
{
	cvsw_table_abort(requests->control->engine->table);
}

/*
 * One flow_mod at @at of the message.  Frames see none of it yet: what becomes of
 * it, the bundle's end says.
 */
static enum cvsw_v3_error bundle_flow_mod(struct cvsw_requests *requests, const u8 *data, size_t len,
				   size_t *used, size_t *at)
{
	struct cvsw_control *control = requests->control;
	struct cvsw_flow *flow = &control->flow;
	enum cvsw_flow_command command;
	enum cvsw_fault fault;
	size_t offset = 0;

	fault = cvsw_flow_mod_decode(data, len, used, &command, flow, &offset);
	if (fault) {
		*at += offset;
		return cvsw_v3_error_of(fault);
	}
	if (requests->replaces && command != CVSW_FLOW_ADD)
		return CVSW_V3_ERR_COMMAND;

	cvsw_ask_for_room(control->dev, flow->actions, flow->n_actions);
	switch (cvsw_table_flow_mod(control->engine->table, command, flow)) {
	case 0:
		return CVSW_V3_FINE;
	case -ENOSPC:
		return CVSW_V3_ERR_TABLE_FULL;
	case -EEXIST:
		return CVSW_V3_ERR_OVERLAP;
	case -ENXIO:
		return CVSW_V3_ERR_OUT_GROUP;
	case -EINVAL:
		return CVSW_V3_ERR_COMMAND;
	default:
		return CVSW_V3_ERR_NO_MEMORY;
	}
}

static enum cvsw_v3_error bundle_mod(struct cvsw_requests *requests, const u8 *data, size_t len,
				     size_t *used, size_t *at)
{
	return cvsw_mod_is_group(data, len) ? cvsw_bundle_group_mod(requests, data, len, used, at) :
					      bundle_flow_mod(requests, data, len, used, at);
}

static enum cvsw_v3_error bundle_mods(struct cvsw_requests *requests,
				      struct cvsw_request *request,
				      const struct cvsw_v3_flows *flows)
{
	enum cvsw_v3_error error = CVSW_V3_FINE;
	size_t at, used = 0;

	for (at = 0; at < flows->len && !error; at += used) {
		request->offset = CVSW_V3_FLOWS_AT + at;
		error = bundle_mod(requests, flows->flow_mods + at, flows->len - at, &used,
				   &request->offset);
	}
	return error;
}

enum cvsw_v3_error cvsw_request_flows(struct cvsw_requests *requests, struct cvsw_request *request)
{
	struct cvsw_engine *engine = requests->control->engine;
	struct cvsw_v3_flows flows;
	enum cvsw_v3_error error;

	error = cvsw_v3_flows_decode(&request->message, &flows, &request->offset);
	if (error)
		return error;
	if (flows.flags & CVSW_V3_BUNDLE_OPEN) {
		requests->bundle = flows.bundle;
		requests->replaces = flows.flags & CVSW_V3_BUNDLE_REPLACE;
		cvsw_table_begin(engine->table, requests->replaces);
	} else if (!cvsw_table_changing(engine->table) || requests->bundle != flows.bundle) {
		return cvsw_request_wrong(request, BUNDLE_AT, CVSW_V3_ERR_NO_BUNDLE);
	}
	error = bundle_mods(requests, request, &flows);
	if (!error && flows.flags & CVSW_V3_BUNDLE_COMMIT) {
		cvsw_table_commit(engine->table);
		cvsw_engine_changed(engine);
	}
	if (flows.flags & CVSW_V3_BUNDLE_ABORT)
		cvsw_table_abort(engine->table);
	return error;
}

/* ---- LIST ---- */

/**
 * struct listing - an answer that is written
 * @filter: entries that this covers, or NULL: all
 * @flow: scratch
 * @w: the answer
 * @looked_at: since the last pause
 */
struct listing {
	const struct cvsw_match *filter;
	struct cvsw_flow *flow;
	struct cvsw_writer *w;
	unsigned int looked_at;
};

void cvsw_entry_measures(const struct cvsw_entry *entry, struct cvsw_v3_entry *told)
{
	*told = (struct cvsw_v3_entry){
		.idle = (jiffies - READ_ONCE(entry->hits->used)) / HZ,
		.age = jiffies64_to_msecs(get_jiffies_64() - entry->hits->born),
	};
	cvsw_hits_read(entry->hits, &told->n_packets, &told->n_bytes);
}

/* -ENOSPC: the answer is full; -EAGAIN: after a pause. */
static int list_put_entry(const struct cvsw_entry *entry, void *arg)
{
	struct listing *list = arg;
	struct cvsw_writer *w = list->w;
	struct cvsw_v3_entry e;

	if (++list->looked_at > WALK_BURST)
		return -EAGAIN;
	cvsw_entry_flow(entry, list->flow);
	if (list->filter && !cvsw_match_covers(list->filter, &list->flow->match))
		return 0;
	if (w->room - w->at < CVSW_V3_ENTRY_HEADER_LEN)
		return -ENOSPC;
	cvsw_entry_measures(entry, &e);
	e.len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, list->flow,
				  w->data + w->at + CVSW_V3_ENTRY_HEADER_LEN,
				  w->room - w->at - CVSW_V3_ENTRY_HEADER_LEN);
	if (!e.len)
		return -ENOSPC;
	return cvsw_v3_entry_put(w, &e) ? 0 : -ENOSPC;
}

static enum cvsw_v3_error list_filter(struct cvsw_requests *requests,
				      struct cvsw_request *request,
				      const struct cvsw_v3_list *list)
{
	struct cvsw_flow *flow = &requests->control->flow;
	enum cvsw_flow_command command;
	enum cvsw_fault fault;
	size_t used, offset = 0;

	fault = cvsw_flow_mod_decode(list->filter, list->filter_len, &used, &command, flow, &offset);
	if (fault)
		return cvsw_request_wrong(request, FILTER_AT + offset, cvsw_v3_error_of(fault));
	if (used != list->filter_len)
		return cvsw_request_wrong(request, FILTER_AT + used, CVSW_V3_ERR_LENGTH);
	requests->filter = flow->match;
	return CVSW_V3_FINE;
}

enum cvsw_v3_error cvsw_request_list(struct cvsw_requests *requests, struct cvsw_request *request)
{
	struct cvsw_control *control = requests->control;
	struct listing listing = { .flow = &control->flow, .w = &request->answer };
	struct cvsw_v3_list list;
	enum cvsw_v3_error error;
	int err;

	error = cvsw_v3_list_decode(&request->message, &list, &request->offset);
	if (!error && list.filter) {
		listing.filter = &requests->filter;
		error = list_filter(requests, request, &list);
	}
	if (error)
		return error;

	cvsw_v3_list_answer_begin(&request->answer, CVSW_V3_LIST_ANSWER, request->message.xid);
	do {
		listing.looked_at = 0;
		err = cvsw_table_walk(control->engine->table, &list.resume, list_put_entry, &listing);
		cond_resched();
	} while (err == -EAGAIN && !READ_ONCE(control->dead));
	if (err)
		cvsw_v3_list_answer_resume(&request->answer, list.resume);
	return CVSW_V3_FINE;
}
