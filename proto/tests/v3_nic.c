// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "v3_nic.h"

#include <stdlib.h>

#include "../cvsw_v3_keylog.h"

/* ---- the table ---- */

static bool same_place(const struct cvsw_flow *a, const struct cvsw_flow *b)
{
	return a->priority == b->priority && cvsw_match_equal(&a->match, &b->match);
}

void v3_table_do(struct cvsw_flow *flows, size_t *n, enum cvsw_flow_command command,
		 const struct cvsw_flow *flow)
{
	size_t i, kept = 0;

	if (command == CVSW_FLOW_MODIFY_STRICT) {
		for (i = 0; i < *n && !same_place(&flows[i], flow); i++)
			;
		if (i < *n) {
			struct cvsw_flow old = flows[i];

			flows[i] = *flow;
			flows[i].idle_timeout = old.idle_timeout;
			flows[i].hard_timeout = old.hard_timeout;
			flows[i].flags = old.flags;
			return;
		}
		command = CVSW_FLOW_ADD;
	}
	for (i = 0; i < *n; i++) {
		bool goes = command != CVSW_FLOW_DELETE ? same_place(&flows[i], flow) :
			    cvsw_match_covers(&flow->match, &flows[i].match);

		if (!goes && kept++ != i)
			flows[kept - 1] = flows[i];
	}
	if (command == CVSW_FLOW_ADD)
		flows[kept++] = *flow;
	*n = kept;
}

/* ---- timeouts ---- */

static struct v3_nic_timer *timer_of(struct v3_nic *nic, const struct cvsw_flow *flow)
{
	size_t i;

	for (i = 0; i < nic->n_timers; i++)
		if (nic->timers[i].priority == flow->priority &&
		    cvsw_match_equal(&nic->timers[i].match, &flow->match))
			return &nic->timers[i];
	return NULL;
}

static struct cvsw_flow *flow_of(struct v3_nic *nic, const struct v3_nic_timer *timer)
{
	size_t i;

	for (i = 0; i < nic->n_flows; i++)
		if (nic->flows[i].priority == timer->priority &&
		    cvsw_match_equal(&nic->flows[i].match, &timer->match))
			return &nic->flows[i];
	return NULL;
}

/* Of one that is new, or added once more; the table is the one before. */
static void set_timer(struct v3_nic *nic, const struct v3_nic_mod *mod)
{
	struct v3_nic_timer *timer = timer_of(nic, &mod->flow);
	const struct cvsw_flow *old = timer ? flow_of(nic, timer) : NULL;
	bool stays = old && (mod->command != CVSW_FLOW_ADD ||
			     (nic->bundle_replaces && cvsw_flow_equal(old, &mod->flow)));
	uint16_t idle = mod->flow.idle_timeout, hard = mod->flow.hard_timeout;

	if ((!idle && !hard) || stays)
		return;
	if (!timer) {
		if (nic->n_timers == V3_NIC_FLOWS)
			abort();
		timer = &nic->timers[nic->n_timers++];
		timer->match = mod->flow.match;
		timer->priority = mod->flow.priority;
	}
	timer->added = nic->now;
	timer->due = nic->now + 1000ull * (idle && (!hard || idle < hard) ? idle : hard);
}

static void drop_timers(struct v3_nic *nic)
{
	size_t i;

	for (i = 0; i < nic->n_timers; ) {
		const struct cvsw_flow *flow = flow_of(nic, &nic->timers[i]);

		if (flow && (flow->idle_timeout || flow->hard_timeout))
			i++;
		else
			nic->timers[i] = nic->timers[--nic->n_timers];
	}
}

static bool tell_removed(struct v3_nic *nic, const struct cvsw_flow *flow, uint8_t reason,
			 uint64_t age)
{
	static uint8_t flow_mod[CVSW_FLOW_MOD_MAX], buf[CVSW_V3_MESSAGE_MAX];
	struct cvsw_v3_entry entry = { .reason = reason, .age = age, .flow_mod = flow_mod };
	size_t len;

	if (!(flow->flags & CVSW_FLOW_SEND_REMOVED))
		return true;
	entry.len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, flow, flow_mod, sizeof(flow_mod));
	len = cvsw_v3_flow_removed_encode(&entry, buf, sizeof(buf));
	return cvsw_v3_send(&nic->end, buf, len);
}

/* While there is no room to tell, a flow stays. */
static void expire(struct v3_nic *nic)
{
	bool any = false;
	size_t i;

	for (i = 0; i < nic->n_timers && !nic->bundle_open; i++) {
		struct v3_nic_timer *timer = &nic->timers[i];
		struct cvsw_flow *flow = nic->now >= timer->due ? flow_of(nic, timer) : NULL;
		uint64_t age = nic->now - timer->added;

		if (!flow || !tell_removed(nic, flow, flow->hard_timeout &&
					   age >= 1000ull * flow->hard_timeout ?
					   CVSW_V3_REMOVED_HARD : CVSW_V3_REMOVED_IDLE, age))
			continue;
		v3_table_do(nic->flows, &nic->n_flows, CVSW_FLOW_DELETE_STRICT, flow);
		any = true;
	}
	if (any)
		drop_timers(nic);
}

/* ---- groups ---- */

static struct cvsw_group *group_of(struct cvsw_group *groups, size_t n, uint32_t id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (groups[i].id == id)
			return &groups[i];
	return NULL;
}

/* Flows, and groups: as they will be when the bundle is done. */
struct after {
	struct cvsw_flow *flows;
	size_t n_flows;
	struct cvsw_group *groups;
	size_t n_groups;
};

static void delete_group(struct after *after, uint32_t id)
{
	size_t i, j, kept = 0;

	for (i = 0; i < after->n_groups; i++)
		if (after->groups[i].id != id && id != CVSW_GROUP_ALL)
			after->groups[kept++] = after->groups[i];
	after->n_groups = kept;
	for (i = kept = 0; i < after->n_flows; i++) {
		const struct cvsw_flow *flow = &after->flows[i];

		for (j = 0; j < flow->n_actions; j++)
			if (flow->actions[j].type == CVSW_ACT_GROUP &&
			    !group_of(after->groups, after->n_groups, flow->actions[j].to_group.id))
				break;
		if (j == flow->n_actions)
			after->flows[kept++] = *flow;
	}
	after->n_flows = kept;
}

static enum cvsw_v3_error do_group(struct v3_nic *nic, struct after *after,
				   const struct v3_nic_mod *mod)
{
	const struct cvsw_group *group = &nic->bundle_groups[mod->group];
	struct cvsw_group *old = group_of(after->groups, after->n_groups, group->id);

	nic->n_group_mods++;
	if (mod->command == CVSW_GROUP_DELETE) {
		delete_group(after, group->id);
		return CVSW_V3_FINE;
	}
	if (mod->command == CVSW_GROUP_ADD) {
		if (old)
			return CVSW_V3_ERR_GROUP_EXISTS;
		if (after->n_groups == V3_NIC_GROUPS)
			return CVSW_V3_ERR_GROUPS_FULL;
		after->groups[after->n_groups++] = *group;
		return CVSW_V3_FINE;
	}
	if (!old)
		return CVSW_V3_ERR_GROUP_UNKNOWN;
	if (mod->command == CVSW_GROUP_LIVE) {
		nic->n_group_lives++;
		old->dead = group->dead;
	} else {
		*old = *group;
	}
	return CVSW_V3_FINE;
}

/* @checks: whether groups are there */
static enum cvsw_v3_error do_flow(struct after *after, const struct v3_nic_mod *mod, bool checks)
{
	const struct cvsw_flow *flow = &mod->flow;
	size_t i;

	for (i = 0; checks && i < flow->n_actions && mod->command < CVSW_FLOW_DELETE; i++)
		if (flow->actions[i].type == CVSW_ACT_GROUP &&
		    !group_of(after->groups, after->n_groups, flow->actions[i].to_group.id))
			return CVSW_V3_ERR_OUT_GROUP;
	v3_table_do(after->flows, &after->n_flows, mod->command, flow);
	return CVSW_V3_FINE;
}

static enum cvsw_v3_error do_list_groups(struct v3_nic *nic, const struct cvsw_v3_message *message,
					 struct cvsw_writer *w, size_t *offset)
{
	static uint8_t group_mod[CVSW_GROUP_MOD_MAX];
	uint64_t resume, i;
	enum cvsw_v3_error error = cvsw_v3_resume_decode(message, &resume, offset);

	if (error)
		return error;
	cvsw_v3_list_answer_begin(w, CVSW_V3_LIST_GROUPS_ANSWER, message->xid);
	for (i = resume; i < nic->n_groups; i++) {
		struct cvsw_v3_entry entry = { .n_packets = i, .n_bytes = 60 * i,
					       .idle = CVSW_V3_IDLE_UNKNOWN, .flow_mod = group_mod };

		entry.len = cvsw_group_mod_encode(CVSW_GROUP_ADD, &nic->groups[i], group_mod,
						  sizeof(group_mod));
		if (i - resume == 2 || !cvsw_v3_entry_put(w, &entry)) {
			cvsw_v3_list_answer_resume(w, i);
			break;
		}
	}
	if (nic->group_lists != V3_NIC_ENDS)
		cvsw_v3_list_answer_resume(w, nic->group_lists == V3_NIC_REPEATS ? 0x100000000 :
					   nic->n_groups + 1);
	return CVSW_V3_FINE;
}

/* Frames that a bucket or slot would have got, if there were any: its number, and so on. */
static enum cvsw_v3_error do_group_counters(struct v3_nic *nic,
					    const struct cvsw_v3_message *message,
					    struct cvsw_writer *w, size_t *offset)
{
	uint64_t id;
	enum cvsw_v3_error error = cvsw_v3_resume_decode(message, &id, offset);
	const struct cvsw_group *group;
	unsigned int i;

	if (error)
		return error;
	group = group_of(nic->groups, nic->n_groups, (uint32_t)id);
	if (!group)
		return CVSW_V3_ERR_GROUP_UNKNOWN;
	cvsw_v3_list_answer_begin(w, CVSW_V3_GROUP_COUNTERS_ANSWER, message->xid);
	cvsw_v3_list_answer_resume(w, id);
	for (i = 0; i < group->n_buckets; i++)
		cvsw_v3_hits_put(w, i + 1, 60 * (i + 1));
	for (i = 0; group->type == CVSW_GROUP_TYPE_SELECT && i < CVSW_GROUP_SLOTS; i++)
		cvsw_v3_hits_put(w, i, 60 * i);
	return CVSW_V3_FINE;
}

/* ---- FLOWS ---- */

/* A NIC without strict commands knows no groups. */
static enum cvsw_v3_error read_mod(struct v3_nic *nic, const uint8_t *data, size_t len, size_t *used,
				   struct v3_nic_mod *mod, size_t *offset)
{
	enum cvsw_group_command group = CVSW_GROUP_ADD;
	enum cvsw_flow_command flow = CVSW_FLOW_ADD;
	enum cvsw_fault fault;
	bool is_group = nic->strict && cvsw_mod_is_group(data, len);

	mod->group = nic->n_bundled_groups;
	if (is_group)
		fault = cvsw_group_mod_decode(data, len, used, &group,
					      &nic->bundle_groups[mod->group], offset);
	else
		fault = cvsw_flow_mod_decode(data, len, used, &flow, &mod->flow, offset);
	if (fault)
		return cvsw_v3_error_of(fault);
	mod->command = is_group ? (unsigned int)group : (unsigned int)flow;
	nic->n_bundled_groups += is_group;
	return CVSW_V3_FINE;
}

static bool knows_command(const struct v3_nic *nic, unsigned int command)
{
	if (command == CVSW_FLOW_ADD || command == CVSW_GROUP_ADD)
		return true;
	if (nic->bundle_replaces)
		return false;
	return command == CVSW_FLOW_DELETE || (nic->strict && command != CVSW_FLOW_MODIFY);
}

static enum cvsw_v3_error bundle_add(struct v3_nic *nic, const struct cvsw_v3_flows *flows,
				     size_t *offset)
{
	size_t at = 0, used;

	nic->n_bundle_messages++;
	while (at < flows->len) {
		struct v3_nic_mod *mod = &nic->bundle[nic->n_bundled];
		enum cvsw_v3_error error;

		*offset = CVSW_V3_FLOWS_AT + at;
		if (nic->n_bundled == V3_NIC_FLOWS)
			return CVSW_V3_ERR_TABLE_FULL;
		*offset = 0;
		error = read_mod(nic, flows->flow_mods + at, flows->len - at, &used, mod, offset);
		*offset += CVSW_V3_FLOWS_AT + at;
		if (error)
			return error;
		if (!knows_command(nic, mod->command))
			return CVSW_V3_ERR_COMMAND;
		mod->message = nic->n_bundle_messages;
		mod->at = CVSW_V3_FLOWS_AT + at;
		nic->n_bundled++;
		at += used;
	}
	return CVSW_V3_FINE;
}

static enum cvsw_v3_error bundle_do(struct v3_nic *nic, struct after *after, size_t *offset)
{
	enum cvsw_v3_error error = CVSW_V3_FINE;
	size_t i;

	for (i = 0; i < nic->n_bundled && !error; i++) {
		const struct v3_nic_mod *mod = &nic->bundle[i];

		nic->n_modified += mod->command == CVSW_FLOW_MODIFY_STRICT;
		error = cvsw_group_command_is(mod->command) ? do_group(nic, after, mod) :
							      do_flow(after, mod, nic->strict);
		if (error && mod->message == nic->n_bundle_messages)
			*offset = mod->at;
	}
	return !error && after->n_flows > V3_NIC_FLOWS ? CVSW_V3_ERR_TABLE_FULL : error;
}

static enum cvsw_v3_error bundle_commit(struct v3_nic *nic, size_t *offset)
{
	struct after after = {
		.n_flows = nic->bundle_replaces ? 0 : nic->n_flows,
		.n_groups = nic->bundle_replaces ? 0 : nic->n_groups,
	};
	enum cvsw_v3_error error;
	size_t i;

	after.flows = malloc((after.n_flows + nic->n_bundled + 1) * sizeof(*after.flows));
	after.groups = malloc(V3_NIC_GROUPS * sizeof(*after.groups));
	memcpy(after.flows, nic->flows, after.n_flows * sizeof(*after.flows));
	memcpy(after.groups, nic->groups, after.n_groups * sizeof(*after.groups));
	error = bundle_do(nic, &after, offset);
	if (!error) {
		for (i = 0; i < nic->n_bundled; i++)
			if (!cvsw_group_command_is(nic->bundle[i].command))
				set_timer(nic, &nic->bundle[i]);
		memcpy(nic->flows, after.flows, after.n_flows * sizeof(*after.flows));
		nic->n_flows = after.n_flows;
		memcpy(nic->groups, after.groups, after.n_groups * sizeof(*after.groups));
		nic->n_groups = after.n_groups;
		drop_timers(nic);
	}
	free(after.flows);
	free(after.groups);
	return error;
}

static enum cvsw_v3_error do_flows(struct v3_nic *nic, const struct cvsw_v3_message *message,
				   size_t *offset)
{
	struct cvsw_v3_flows flows;
	enum cvsw_v3_error error = cvsw_v3_flows_decode(message, &flows, offset);
	bool done;

	if (!error && !(flows.flags & CVSW_V3_BUNDLE_OPEN) &&
	    (!nic->bundle_open || flows.bundle != nic->bundle_number)) {
		*offset = 8;
		error = CVSW_V3_ERR_NO_BUNDLE;
	}
	if (!error && flows.flags & CVSW_V3_BUNDLE_OPEN) {
		nic->bundle_open = true;
		nic->bundle_number = flows.bundle;
		nic->bundle_replaces = flows.flags & CVSW_V3_BUNDLE_REPLACE;
		nic->n_bundled = nic->n_bundled_groups = nic->n_bundle_messages = 0;
	}
	if (!error)
		error = bundle_add(nic, &flows, offset);
	if (!error && flows.flags & CVSW_V3_BUNDLE_COMMIT)
		error = bundle_commit(nic, offset);
	done = error || flows.flags & (CVSW_V3_BUNDLE_COMMIT | CVSW_V3_BUNDLE_ABORT);
	if (done)
		nic->bundle_open = false;
	return error;
}

/* ---- LIST ---- */

static enum cvsw_v3_error do_list(struct v3_nic *nic, const struct cvsw_v3_message *message,
				  struct cvsw_writer *w, size_t *offset)
{
	static struct cvsw_flow filter;
	uint8_t flow_mod[CVSW_FLOW_MOD_MAX];
	struct cvsw_v3_list list;
	enum cvsw_v3_error error = cvsw_v3_list_decode(message, &list, offset);
	enum cvsw_flow_command command;
	enum cvsw_fault fault;
	size_t used = 0;
	uint64_t i;

	if (error)
		return error;
	if (nic->lists == V3_NIC_REPEATS)
		list.resume = 0;
	if (list.filter) {
		fault = cvsw_flow_mod_decode(list.filter, list.filter_len, &used, &command, &filter,
					  offset);
		*offset += 24;
		if (fault || used != list.filter_len)
			return fault ? cvsw_v3_error_of(fault) : CVSW_V3_ERR_LENGTH;
	}
	cvsw_v3_list_answer_begin(w, CVSW_V3_LIST_ANSWER, message->xid);
	for (i = list.resume; i < nic->n_flows; i++) {
		struct cvsw_v3_entry entry = { .n_packets = i, .n_bytes = 60 * i,
					       .idle = CVSW_V3_IDLE_UNKNOWN };

		if (list.filter && !cvsw_match_covers(&filter.match, &nic->flows[i].match))
			continue;
		entry.len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, &nic->flows[i], flow_mod,
					      sizeof(flow_mod));
		entry.flow_mod = flow_mod;
		if (!cvsw_v3_entry_put(w, &entry)) {
			cvsw_v3_list_answer_resume(w, i);
			break;
		}
	}
	if (nic->lists != V3_NIC_ENDS)
		cvsw_v3_list_answer_resume(w, nic->n_flows + 1);
	return CVSW_V3_FINE;
}

/* ---- the others ---- */

static enum cvsw_v3_error do_set_sa(struct v3_nic *nic, const struct cvsw_v3_message *message,
				    size_t *offset)
{
	struct cvsw_sa sa;
	enum cvsw_v3_error error = cvsw_v3_set_sa_decode(message, &sa, offset);
	size_t i;

	if (error)
		return error;
	*offset = 12;
	for (i = 0; i < nic->n_sas; i++) {
		if (nic->sas[i].direction != sa.direction || nic->sas[i].spi != sa.spi)
			continue;
		if (sa.key_len)
			return CVSW_V3_ERR_SA_KNOWN;
		if (nic->sas[i].removed)
			return CVSW_V3_ERR_SA_UNKNOWN;
		nic->sas[i].removed = true;
		return CVSW_V3_FINE;
	}
	if (!sa.key_len)
		return CVSW_V3_ERR_SA_UNKNOWN;
	if (nic->n_sas == V3_NIC_SAS)
		return CVSW_V3_ERR_NO_MEMORY;
	nic->sas[nic->n_sas].direction = sa.direction;
	nic->sas[nic->n_sas++].spi = sa.spi;
	return CVSW_V3_FINE;
}

static enum cvsw_v3_error do_list_sas(struct v3_nic *nic, const struct cvsw_v3_message *message,
				      struct cvsw_writer *w, size_t *offset)
{
	uint64_t resume;
	enum cvsw_v3_error error = cvsw_v3_resume_decode(message, &resume, offset);
	size_t n = 0;

	if (error)
		return error;
	cvsw_v3_list_answer_begin(w, CVSW_V3_LIST_SAS_ANSWER, message->xid);
	for (uint64_t i = resume; i < nic->n_sas; i++) {
		struct cvsw_v3_listed_sa sa = { nic->sas[i].spi, nic->sas[i].direction,
						nic->sas[i].reason };

		if (nic->sas[i].removed)
			continue;
		if (n++ == nic->sas_a_page || !cvsw_v3_listed_sa_put(w, &sa)) {
			cvsw_v3_list_answer_resume(w, i);
			break;
		}
	}
	return CVSW_V3_FINE;
}

static enum cvsw_v3_error do_set(struct v3_nic *nic, const struct cvsw_v3_message *message,
				 size_t *offset)
{
	uint16_t value;
	enum cvsw_v3_error error = cvsw_v3_set_decode(message, &value, offset);

	if (error)
		return error;
	*offset = 8;
	if (message->type == CVSW_V3_SET_OFFLOAD) {
		nic->offloads = value & ~nic->lacks;
		if (nic->offloads != value)
			return CVSW_V3_ERR_REFUSED;
	} else {
		if (value < 68 || value > 9000)
			return CVSW_V3_ERR_REFUSED;
		nic->mtu = value;
	}
	return CVSW_V3_FINE;
}

static void answer_capabilities(struct v3_nic *nic, uint32_t xid, struct cvsw_writer *w)
{
	struct cvsw_v3_capabilities can = {
		.features = CVSW_V3_CAN_TRACE | CVSW_V3_CAN_TIMEOUTS | CVSW_V3_CAN_REMOVED |
			    (nic->strict ? CVSW_V3_CAN_MODIFY | CVSW_V3_CAN_REGISTERS |
					   CVSW_V3_CAN_TABLES | CVSW_V3_CAN_FLOOD |
					   CVSW_V3_CAN_ANY_TTL |
					   CVSW_V3_CAN_GROUPS : 0),
		.flows = (uint32_t)nic->n_flows,
		.max_flows = V3_NIC_FLOWS, .mtu = nic->mtu, .min_mtu = 68, .max_mtu = 9000,
		.offloads = nic->offloads, .all_offloads = 0x1b,
		.release = (const uint8_t *)"test", .release_len = 4,
	};

	w->at = cvsw_v3_capabilities_encode(xid, &can, w->data, w->room);
}

static void answer_statistics(struct v3_nic *nic, uint32_t xid, struct cvsw_writer *w)
{
	static const uint8_t name[] = "ctl-requests";
	struct cvsw_v3_counter counter = { nic->n_requests, name, sizeof(name) - 1 };

	cvsw_v3_statistics_begin(w, xid);
	cvsw_v3_counter_put(w, &counter);
}

/* If it has a group, the frame comes by its first bucket. */
static enum cvsw_v3_error do_trace(struct v3_nic *nic, const struct cvsw_v3_message *message,
				   struct cvsw_writer *w, size_t *offset)
{
	uint8_t data[CVSW_V3_STEP_BUCKET_LEN];
	struct cvsw_v3_step_bucket chosen = { .slot = CVSW_V3_NO_BUCKET };
	struct cvsw_v3_step bucket = { .kind = CVSW_V3_STEP_BUCKET, .data = data,
				       .len = sizeof(data) };
	struct cvsw_v3_trace trace;
	enum cvsw_v3_error error = cvsw_v3_trace_decode(message, &trace, offset);
	struct cvsw_v3_step frame = { .kind = CVSW_V3_STEP_FRAME, .data = trace.frame,
				      .len = trace.len };
	struct cvsw_v3_step onward = { .kind = CVSW_V3_STEP_ONWARD, .port = CVSW_NET };

	if (error)
		return error;
	cvsw_v3_trace_answer_begin(w, message->xid);
	cvsw_v3_step_put(w, &frame);
	if (nic->n_groups) {
		chosen.group = nic->groups[0].id;
		chosen.bucket = nic->groups[0].n_buckets ? 0 : CVSW_V3_NO_BUCKET;
		if (nic->groups[0].type == CVSW_GROUP_TYPE_SELECT)
			chosen.slot = 7;
		cvsw_v3_step_bucket_encode(&chosen, data);
		cvsw_v3_step_put(w, &bucket);
	}
	cvsw_v3_step_put(w, &onward);
	return CVSW_V3_FINE;
}

static enum cvsw_v3_error dispatch(struct v3_nic *nic, const struct cvsw_v3_message *message,
				   struct cvsw_writer *w, size_t *offset)
{
	enum cvsw_v3_error error = CVSW_V3_FINE;

	switch (message->type) {
	case CVSW_V3_FLOWS:
		error = do_flows(nic, message, offset);
		break;
	case CVSW_V3_SET_SA:
		error = do_set_sa(nic, message, offset);
		break;
	case CVSW_V3_SET_MTU:
	case CVSW_V3_SET_OFFLOAD:
		error = do_set(nic, message, offset);
		break;
	case CVSW_V3_LIST:
		return do_list(nic, message, w, offset);
	case CVSW_V3_LIST_SAS:
		return do_list_sas(nic, message, w, offset);
	case CVSW_V3_LIST_GROUPS:
		return do_list_groups(nic, message, w, offset);
	case CVSW_V3_GROUP_COUNTERS:
		return do_group_counters(nic, message, w, offset);
	case CVSW_V3_TRACE:
		return do_trace(nic, message, w, offset);
	case CVSW_V3_CAPABILITIES:
	case CVSW_V3_STATISTICS:
		error = cvsw_v3_plain_decode(message, offset);
		if (error)
			return error;
		if (message->type == CVSW_V3_CAPABILITIES)
			answer_capabilities(nic, message->xid, w);
		else
			answer_statistics(nic, message->xid, w);
		return CVSW_V3_FINE;
	default:
		*offset = 0;
		return CVSW_V3_ERR_TYPE;
	}
	if (!error)
		cvsw_v3_message_begin(w, CVSW_V3_ACK, message->xid);
	return error;
}

static void do_message(struct v3_nic *nic, const uint8_t *data, size_t len, bool too_long)
{
	static uint8_t buf[CVSW_V3_MESSAGE_MAX];
	struct cvsw_writer w = cvsw_writer(buf, sizeof(buf));
	struct cvsw_v3_error_body body = { .ofp_type = CVSW_V3_NO_OFP_ERROR,
					   .ofp_code = CVSW_V3_NO_OFP_ERROR };
	struct cvsw_v3_message message = { 0 };
	size_t offset = 0;
	enum cvsw_v3_error error = cvsw_v3_message_decode(data, len, &message, &offset);

	if (!cvsw_v3_is_request(message.type))
		return;
	nic->n_requests++;
	if (too_long)
		error = CVSW_V3_ERR_TOO_LONG;
	if (!error)
		error = dispatch(nic, &message, &w, &offset);
	if (error) {
		body.offset = (uint32_t)offset;
		body.text = (const uint8_t *)cvsw_v3_error_text(error);
		body.text_len = strlen((const char *)body.text);
		w.at = cvsw_v3_error_encode(message.xid, error, &body, buf, sizeof(buf));
	}
	if (!cvsw_v3_send(&nic->end, buf, w.at))
		abort();	/* there was room */
}

void v3_nic_run(struct v3_nic *nic, uint64_t now)
{
	static uint8_t message[CVSW_V3_MESSAGE_MAX];
	bool too_long;
	size_t len;

	nic->now = now;
	expire(nic);
	while (cvsw_v3_room(&nic->end) == CVSW_V3_MESSAGE_MAX &&
	       (len = cvsw_v3_take(&nic->end, message, &too_long))) {
		/* On its own, so that AddressSanitizer sees every overrun. */
		uint8_t *copy = malloc(len);

		memcpy(copy, message, len);
		do_message(nic, copy, len, too_long);
		free(copy);
	}
	cvsw_v3_run(&nic->end, now);
}

/* ---- life ---- */

static void on_send(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	struct v3_nic *nic = arg;

	nic->send(nic->send_arg, frame, len, place);
}

void v3_nic_stop_sas(struct v3_nic *nic)
{
	size_t i;

	for (i = 0; i < nic->n_sas; i++)
		nic->sas[i].reason = CVSW_V3_SA_WAS_STOPPED;
}

static void on_event(void *arg, enum cvsw_v3_event event)
{
	struct v3_nic *nic = arg;

	switch (event) {
	case CVSW_V3_EVENT_FRESH:
		nic->n_fresh++;
		nic->bundle_open = false;
		nic->silent = false;
		break;
	case CVSW_V3_EVENT_REKEYED:
		nic->n_rekeyed++;
		nic->silent = false;
		break;
	case CVSW_V3_EVENT_DISAGREED:
		v3_nic_stop_sas(nic);
		nic->n_disagreed++;
		nic->bundle_open = false;
		break;
	case CVSW_V3_EVENT_SILENT:
	case CVSW_V3_EVENT_HEARD:
		nic->silent = event == CVSW_V3_EVENT_SILENT;
		break;
	}
}

static void on_keys(void *arg, const struct cvsw_v3_keys *keys)
{
	char line[CVSW_V3_KEYLOG_LEN + 1];
	struct v3_nic *nic = arg;

	if (!nic->keylog)
		return;
	cvsw_v3_keylog_line(keys, line);
	fputs(line, nic->keylog);
	fflush(nic->keylog);
}

struct v3_nic *v3_nic_new(const struct cvsw_v3_crypto *crypto, const uint8_t *mac,
			  const uint8_t *psk,
			  void (*send)(void *arg, uint8_t *frame, size_t len, uint64_t place),
			  void *arg)
{
	struct v3_nic *nic = calloc(1, sizeof(*nic));

	nic->flows = calloc(V3_NIC_FLOWS, sizeof(*nic->flows));
	nic->bundle = calloc(V3_NIC_FLOWS + 1, sizeof(*nic->bundle));
	nic->groups = calloc(V3_NIC_GROUPS, sizeof(*nic->groups));
	nic->bundle_groups = calloc(V3_NIC_FLOWS + 1, sizeof(*nic->bundle_groups));
	nic->timers = calloc(V3_NIC_FLOWS, sizeof(*nic->timers));
	nic->mtu = 1500;
	nic->sas_a_page = V3_NIC_SAS;
	nic->send = send;
	nic->send_arg = arg;
	nic->caller.send = on_send;
	nic->caller.event = on_event;
	nic->caller.arg = nic;
	cvsw_v3_nic_init(&nic->end, crypto, &nic->caller, mac, psk);
	cvsw_v3_log_keys(&nic->end, on_keys);
	return nic;
}

void v3_nic_free(struct v3_nic *nic)
{
	cvsw_v3_end_free(&nic->end);
	free(nic->flows);
	free(nic->bundle);
	free(nic->timers);
	free(nic->groups);
	free(nic->bundle_groups);
	free(nic);
}

static void stream_copied(struct cvsw_v3_stream *stream)
{
	struct cvsw_v3_slot *slots[2] = { stream->tx, stream->rx };
	unsigned int side, i;

	for (side = 0; side < 2; side++)
		for (i = 0; i < CVSW_V3_SEGMENTS; i++) {
			struct cvsw_v3_slot *slot = &slots[side][i];
			uint8_t *data = slot->data;

			if (data) {
				slot->data = malloc(slot->len);
				memcpy(slot->data, data, slot->len);
			}
		}
}

void v3_end_copied(struct cvsw_v3_end *end)
{
	size_t len = (CVSW_V3_PENDING - 1) * sizeof(*end->others);
	struct cvsw_v3_pending *others = end->others;

	stream_copied(&end->stream);
	if (!others)
		return;
	end->others = malloc(len);
	memcpy(end->others, others, len);
}

void v3_end_dropped(struct cvsw_v3_end *end)
{
	cvsw_v3_stream_end(&end->stream);
	free(end->others);
	end->others = NULL;
}
