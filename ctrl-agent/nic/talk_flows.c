// SPDX-License-Identifier: GPL-2.0-or-later
/* A NIC's table in version 3: listed, compared, changed by bundles. */
#include "base/alloc.h"
#include "cvsw_group_mod.h"
#include "base/log.h"
#include "talk.h"

/* Deletions whose effect is looked at, of a NIC that has none but OpenFlow's wide ones. */
#define MAX_DELETES	64

/* ---- LIST ---- */

static void on_list(struct talk *talk, const struct talk_request *request,
		    const struct cvsw_v3_message *answer);

static void queue_list(struct talk *talk, uint64_t resume)
{
	struct cvsw_v3_list list = { .resume = resume };
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN + 16];
	size_t len = cvsw_v3_list_encode(talk_next_xid(talk), &list, message, sizeof(message));

	talk_queue(talk, message, len, on_list);
}

static void forget_seen(struct talk *talk)
{
	free(talk->seen);
	talk->seen = NULL;
	talk->n_seen = 0;
}

void talk_queue_list(struct talk *talk)
{
	talk->list_at = 0;
	talk->n_listed = 0;
	flowset_clear(&talk->listed);
	forget_seen(talk);
	groupset_clear(&talk->listed_groups);
	talk->n_listed_groups = 0;
	talk->listing = TALK_FLOWS;
	queue_list(talk, 0);
	if (talk->nic->can_known && nic_has_groups(talk->nic))
		talk_queue_list_groups(talk);
}

static uint64_t *find_seen(struct talk *talk, const struct cvsw_flow *flow)
{
	uint64_t hash = flowset_hash(&flow->match, flow->priority);

	for (size_t i = 0; i < talk->n_seen; i++)
		if (talk->seen[i] == hash)
			return &talk->seen[i];
	return NULL;
}

/* Of a flow that is made no copy is kept: a daemon that starts lists all NICs at once. */
static void note_entry(struct talk *talk, const struct flowset *made, size_t limit,
		       const struct cvsw_flow *flow)
{
	talk->n_listed++;
	if (talk->listed.n + talk->n_seen >= limit)
		return;
	if (!flowset_has(made, flow)) {
		flowset_put(&talk->listed, flow);
		return;
	}
	if (!(talk->n_seen & (talk->n_seen - 1)))
		talk->seen = alloc_checked(reallocarray(talk->seen, 2 * talk->n_seen + 1,
							sizeof(*talk->seen)));
	talk->seen[talk->n_seen++] = flowset_hash(&flow->match, flow->priority);
}

/*
 * False: an entry that cannot be read, or nothing but the word that there is more;
 * what the table has is not known then.
 */
static bool take_entries(struct talk *talk, const struct flowset *made,
			 struct cvsw_reader *entries, bool more)
{
	size_t limit = desired_n_flows(&talk->nic->desired) + NIC_MAX_EXTRA, used, offset;
	enum cvsw_flow_command command;
	struct cvsw_v3_entry entry;
	struct cvsw_flow flow;

	if (more && !cvsw_left(entries))
		return false;
	while (cvsw_left(entries)) {
		if (cvsw_v3_entry_get(entries, &entry))
			return false;
		if (cvsw_flow_mod_decode(entry.flow_mod, entry.len, &used, &command, &flow,
				      &offset) != CVSW_OK || used != entry.len)
			return false;
		note_entry(talk, made, limit, &flow);
	}
	return true;
}

static void on_missing(struct nic *nic, const struct cvsw_flow *flow)
{
	talk_tell_removed(talk_of(nic), &(struct nic_removed){
		.flow = flow, .controlled = desired_is_controlled(&nic->desired, flow),
	});
}

/* What was listed is divided: what is made and there stays in neither set. */
static void divide(struct talk *talk)
{
	struct nic *nic = talk->nic;
	struct flowset made;
	struct flow_node *node, *next;

	layer_make(nic_overlay(nic), &made);
	for (node = TAILQ_FIRST(&made.order); node; node = next) {
		const struct cvsw_flow *has = flowset_find(&nic->table, &node->flow.match,
							   node->flow.priority);
		bool same = has ? cvsw_flow_equal(has, &node->flow) :
				  find_seen(talk, &node->flow) != NULL;

		next = TAILQ_NEXT(node, in_order);
		flowset_remove(&nic->table, &node->flow.match, node->flow.priority);
		if (same)
			flowset_remove(&made, &node->flow.match, node->flow.priority);
	}
	flowset_move(&nic->lacks, &made);
	forget_seen(talk);
}

/* Before its table was listed there is nothing to be followed. */
static bool is_known(const struct talk *talk)
{
	return talk->phase >= TALK_SETTLED;
}

void talk_made_begin(struct nic *nic)
{
	if (is_known(talk_of(nic)))
		divide(talk_of(nic));
}

/* There may be one of this match and priority, but it is not this one. */
static void put_another(struct flowset *set, const struct cvsw_flow *flow)
{
	struct cvsw_flow other = { .match = flow->match, .priority = flow->priority,
				   .cookie = ~flow->cookie };

	flowset_put(set, &other);
}

/* It was listed as it was made then: now it is one that differs from what is wanted. */
static void unsee(struct talk *talk, const struct cvsw_flow *flow)
{
	uint64_t *seen = find_seen(talk, flow);

	if (!seen)
		return;
	*seen = talk->seen[--talk->n_seen];
	put_another(&talk->listed, flow);
}

/* A flow that is not wanted any more is deleted, even if the NIC may not have it. */
void talk_made(struct nic *nic, const struct cvsw_flow *flow, bool wanted)
{
	unsee(talk_of(nic), flow);
	if (!is_known(talk_of(nic)))
		return;
	if (wanted) {
		flowset_remove(&nic->table, &flow->match, flow->priority);
		flowset_put(&nic->lacks, flow);
	} else {
		/* divide() must not take it for one that the NIC has. */
		flowset_remove(&nic->lacks, &flow->match, flow->priority);
		put_another(&nic->table, flow);
	}
}

static void list_is_whole(struct talk *talk)
{
	struct nic *nic = talk->nic;
	struct stored_flows stored = desired_stored(&nic->desired);

	/* One with more than anyone could want is not compared: it gets another table. */
	talk->replace = talk->n_listed > talk->listed.n + talk->n_seen ||
			talk->n_listed_groups > TALK_GROUPS_MAX;
	nic->n_reported = talk->n_listed;
	nic->n_lists++;
	flowset_move(&nic->table, &talk->listed);
	groupset_move(&nic->groups, &talk->listed_groups);
	if (!talk->replace)
		timed_compare(nic, on_missing);
	talk->phase = TALK_SETTLED;
	talk->followed = 0;
	nic->heard = true;
	nic->settled = nic->refused.stuck ? nic->generation : 0;
	divide(talk);
	nic_compare(nic, &stored);
	nic->diff.missing += nic->lacks.n;
	if (talk->replace)
		nic->diff.extra = talk->n_listed - desired_n_flows(&nic->desired);
}

void talk_list_ended(struct talk *talk, unsigned int which)
{
	if (!(talk->listing & which))
		return;
	talk->listing &= ~which;
	if (!talk->listing)
		list_is_whole(talk);
}

void talk_list_failed(struct talk *talk, const struct talk_request *request,
		      const struct cvsw_v3_message *answer)
{
	talk->listing = 0;
	talk->nic->n_bad_lists++;
	if (answer->type == CVSW_V3_ERROR)
		talk_refused(talk, request, answer);
	log_limited(LOG_WARNING, "NIC " MAC_FORMAT " sent a list that cannot be read",
		    MAC_BYTES(talk->nic->mac));
	talk->list_at = talk->now + TALK_LIST_AGAIN_MS;
}

static void on_list(struct talk *talk, const struct talk_request *request,
		    const struct cvsw_v3_message *answer)
{
	struct cvsw_reader entries;
	struct flowset made;
	uint64_t resume;
	size_t offset;
	bool good;

	layer_make(nic_overlay(talk->nic), &made);
	good = answer->type != CVSW_V3_ERROR &&
	       !cvsw_v3_list_answer_decode(answer, &resume, &entries, &offset) &&
	       take_entries(talk, &made, &entries, resume);
	flowset_clear(&made);
	if (!good)
		talk_list_failed(talk, request, answer);
	else if (resume && talk->n_listed <= TALK_LIST_MAX)
		queue_list(talk, resume);
	else
		talk_list_ended(talk, TALK_FLOWS);
}

/* ---- bundles ---- */

/* A bundle being written; its messages are queued as they become full. */
struct bundle {
	struct talk *talk;
	uint8_t flags;	/* of the message under way */
	bool begun;
	bool any;	/* there is something to be done */
	struct cvsw_writer w;
};

static void on_flows(struct talk *talk, const struct talk_request *request,
		     const struct cvsw_v3_message *answer);

static void begin_message(struct bundle *bundle)
{
	struct talk *talk = bundle->talk;

	bundle->w = cvsw_writer(talk_message, sizeof(talk_message));
	cvsw_v3_flows_begin(&bundle->w, talk_next_xid(talk), talk->bundle, bundle->flags);
	bundle->begun = true;
	bundle->flags = 0;
}

static struct talk_request *queue_message(struct bundle *bundle)
{
	bundle->begun = false;
	return talk_queue(bundle->talk, talk_message, bundle->w.at, on_flows);
}

/*
 * Deletions go by their match; actions would only be more to refuse.
 *
 * @mod: a flow, or of a group_mod's command a group
 */
static size_t encode(unsigned int command, const void *mod, uint8_t *buf, size_t room)
{
	const struct cvsw_flow *flow = mod;
	struct cvsw_flow bare;

	if (cvsw_group_command_is(command))
		return cvsw_group_mod_encode(command, mod, buf, room);
	if (command < CVSW_FLOW_DELETE)
		return cvsw_flow_mod_encode(command, flow, buf, room);
	bare = (struct cvsw_flow){ .match = flow->match, .priority = flow->priority };
	return cvsw_flow_mod_encode(command, &bare, buf, room);
}

static void put_mod(struct bundle *bundle, unsigned int command, const void *mod)
{
	struct cvsw_writer *w = &bundle->w;
	size_t len;

	if (!bundle->begun)
		begin_message(bundle);
	len = encode(command, mod, w->data + w->at, w->room - w->at);
	if (!len) {
		queue_message(bundle);
		begin_message(bundle);
		len = encode(command, mod, w->data + w->at, w->room - w->at);
	}
	w->at += len;
	bundle->any = true;
}

static bool refuses_any(const struct nic *nic)
{
	return nic->refused.flows.n || nic->refused.groups.n;
}

/* What is stored but for what it refuses; @less: initialised, the caller's to clear. */
static struct stored_flows wanted_of(const struct talk *talk, struct flowset *less)
{
	struct stored_flows stored = desired_stored(&talk->nic->desired);
	const struct flow_node *node;

	if (!refuses_any(talk->nic))
		return stored;
	for (size_t i = 0; i < stored.n; i++)
		flowset_each(node, stored.sets[i])
			if (!nic_refuses_flow(talk->nic, &node->flow))
				flowset_put(less, &node->flow);
	return (struct stored_flows){ .sets = { less }, .n = 1 };
}

static bool is_extra(const struct stored_flows *wanted, const struct cvsw_flow *flow)
{
	return !stored_find(wanted, &flow->match, flow->priority);
}

/* Of the table: what is wanted is in it, but perhaps for what was put since. */
static size_t count_extra(const struct talk *talk, const struct stored_flows *wanted,
			  uint64_t since)
{
	const struct flowset *table = &talk->nic->table;
	const struct flow_node *node;
	size_t missing = 0;

	for (size_t i = 0; i < wanted->n; i++)
		flowset_each_since(node, wanted->sets[i], since)
			missing += !flowset_find(table, &node->flow.match, node->flow.priority);
	return table->n + missing - stored_n(wanted);
}

static bool takes_along(const struct talk *talk, const struct cvsw_flow *flow)
{
	struct flowset made;
	const struct flowset *all = desired_flows(&talk->nic->desired, &made);
	const struct flow_node *node;
	bool covers = false;

	flowset_each(node, all)
		covers |= cvsw_match_covers(&flow->match, &node->flow.match);
	flowset_clear(&made);
	return covers;
}

/*
 * A NIC without the strict commands deletes narrower flows along with one.  If one
 * of those is wanted, or if there is too much to find out, the whole table is sent:
 * what stays keeps its counters then.
 */
static bool needs_replace(const struct talk *talk, const struct stored_flows *wanted,
			  size_t n_extra)
{
	const struct flow_node *node;
	size_t n = 0;

	if (talk->replace)
		return true;
	if (!n_extra || talk->nic->can.features & CVSW_V3_CAN_MODIFY)
		return false;
	flowset_each(node, &talk->nic->table)
		if (is_extra(wanted, &node->flow) &&
		    (++n > MAX_DELETES || takes_along(talk, &node->flow)))
			return true;
	return false;
}

static void delete_extra(struct bundle *bundle, const struct stored_flows *wanted)
{
	struct talk *talk = bundle->talk;
	bool strict = talk->nic->can.features & CVSW_V3_CAN_MODIFY;
	struct flow_node *node = TAILQ_FIRST(&talk->nic->table.order), *next;

	for (; node; node = next) {
		next = TAILQ_NEXT(node, in_order);
		if (!is_extra(wanted, &node->flow))
			continue;
		put_mod(bundle, strict ? CVSW_FLOW_DELETE_STRICT : CVSW_FLOW_DELETE, &node->flow);
		flowset_remove(&talk->nic->table, &node->flow.match, node->flow.priority);
	}
}

/* What is refused it goes on to lack. */
static void add_made(struct bundle *bundle)
{
	struct nic *nic = bundle->talk->nic;
	struct flow_node *node = TAILQ_FIRST(&nic->lacks.order), *next;

	for (; node; node = next) {
		next = TAILQ_NEXT(node, in_order);
		if (nic_refuses_flow(nic, &node->flow))
			continue;
		put_mod(bundle, CVSW_FLOW_ADD, &node->flow);
		flowset_remove(&nic->lacks, &node->flow.match, node->flow.priority);
	}
}

/* Other actions of one whose time and counters go on; a NIC that has lost it meanwhile adds it. */
static bool is_modified(const struct talk *talk, const struct cvsw_flow *flow)
{
	const struct nic *nic = talk->nic;
	const struct cvsw_flow *old = flowset_find(&nic->table, &flow->match, flow->priority);

	return talk->nic->can.features & CVSW_V3_CAN_MODIFY && old &&
	       old->idle_timeout == flow->idle_timeout &&
	       old->hard_timeout == flow->hard_timeout && old->flags == flow->flags &&
	       (flow_is_timed(flow) ? timed_is_given(&nic->timed, flow) :
		flowset_find(&nic->modified, &flow->match, flow->priority) != NULL);
}

/* One with a timeout that is not given yet is sent even if it looks like the one that is there. */
static void add_missing(struct bundle *bundle, const struct flowset *wanted, uint64_t since)
{
	struct nic *nic = bundle->talk->nic;
	const struct flow_node *node;

	flowset_each_since(node, wanted, since) {
		const struct cvsw_flow *flow = &node->flow;
		bool modified = is_modified(bundle->talk, flow);
		bool due = flow_is_timed(flow) && !timed_is_given(&nic->timed, flow);

		if (!flowset_put(&nic->table, flow) && !due)
			continue;
		put_mod(bundle, modified ? CVSW_FLOW_MODIFY_STRICT : CVSW_FLOW_ADD, flow);
		if (due)
			timed_go(&nic->timed, flow);
	}
}

/* Before the flows that use them. */
static void put_groups(struct bundle *bundle)
{
	struct nic *nic = bundle->talk->nic;
	const struct groupset *wanted = &nic_hand(nic)->groups;

	for (size_t i = 0; i < wanted->n; i++) {
		const struct cvsw_group *group = wanted->groups[i];
		struct cvsw_group *old = groupset_find(&nic->groups, group->id);
		uint64_t dead = old ? old->dead : 0;
		bool same;

		if (nic_refuses_group(nic, group))
			continue;
		if (old)
			old->dead = group->dead;
		same = old && cvsw_group_equal(old, group);
		if (same && dead == group->dead)
			continue;
		put_mod(bundle, same ? CVSW_GROUP_LIVE : old ? CVSW_GROUP_MODIFY : CVSW_GROUP_ADD,
			group);
		groupset_put(&nic->groups, group);
	}
}

static bool is_used(const struct nic *nic, const struct cvsw_group *group)
{
	struct groupset one = { .groups = &(struct cvsw_group *){ (struct cvsw_group *)group }, .n = 1 };
	const struct flow_node *node;

	flowset_each(node, &nic->table)
		if (flow_uses_group(&node->flow, &one))
			return true;
	return false;
}

/*
 * Before others are added, for there may be no room; but those that the NIC's flows use behind
 * these, which are gone then, or use others.
 */
static void delete_groups(struct bundle *bundle, bool unused)
{
	struct nic *nic = bundle->talk->nic;

	for (size_t i = nic->groups.n; i--; ) {
		const struct cvsw_group *group = nic->groups.groups[i];

		if (groupset_find(&nic_hand(nic)->groups, group->id) ||
		    (unused && is_used(nic, group)))
			continue;
		put_mod(bundle, CVSW_GROUP_DELETE, group);
		groupset_remove(&nic->groups, group->id);
	}
}

bool talk_queue_flows(struct talk *talk)
{
	struct bundle bundle = { .talk = talk, .flags = CVSW_V3_BUNDLE_OPEN };
	struct stored_flows wanted;
	struct flowset less;
	uint64_t since = talk->followed;
	size_t n_extra;

	flowset_init(&less);
	wanted = wanted_of(talk, &less);
	n_extra = count_extra(talk, &wanted, since);
	talk->bundle++;
	if (needs_replace(talk, &wanted, n_extra)) {
		bundle.flags |= CVSW_V3_BUNDLE_REPLACE;
		bundle.any = true;
		flowset_clear(&talk->nic->table);
		groupset_clear(&talk->nic->groups);
		divide(talk);
		talk->replace = false;
		since = n_extra = 0;
	}
	delete_groups(&bundle, true);
	put_groups(&bundle);
	if (n_extra)
		delete_extra(&bundle, &wanted);
	add_made(&bundle);
	for (size_t i = 0; i < wanted.n; i++)
		add_missing(&bundle, wanted.sets[i], since);
	delete_groups(&bundle, false);
	talk->followed = refuses_any(talk->nic) ? 0 : flowset_now();
	flowset_clear(&less);
	if (!bundle.any)
		return false;
	if (!bundle.begun)
		begin_message(&bundle);
	queue_message(&bundle)->message[12] |= CVSW_V3_BUNDLE_COMMIT;
	return true;
}

const struct talk_mod *talk_mod_decode(const uint8_t *data, size_t len, size_t *used)
{
	enum cvsw_group_command group;
	enum cvsw_flow_command flow;
	static struct talk_mod mod;

	if (cvsw_mod_is_group(data, len)) {
		if (cvsw_group_mod_decode(data, len, used, &group, &mod.group, NULL))
			return NULL;
		mod.command = group;
	} else {
		if (cvsw_flow_mod_decode(data, len, used, &flow, &mod.flow, NULL))
			return NULL;
		mod.command = flow;
	}
	return &mod;
}

int talk_mod_at(const uint8_t *message, size_t len, size_t offset, size_t *start)
{
	size_t at = CVSW_V3_FLOWS_AT, used;

	for (int i = 0; at < len; i++, at += used) {
		if (!talk_mod_decode(message + at, len - at, &used))
			return -1;
		*start = at;
		if (offset >= at && offset < at + used)
			return i;
	}
	return -1;
}

static bool lacks_room(uint16_t error)
{
	return error == CVSW_V3_ERR_TABLE_FULL || error == CVSW_V3_ERR_NO_MEMORY ||
	       error == CVSW_V3_ERR_GROUPS_FULL;
}

/* What it has is not what we thought: left out, it would still not be. */
static bool was_wrong(uint16_t error)
{
	return error == CVSW_V3_ERR_GROUP_EXISTS || error == CVSW_V3_ERR_GROUP_UNKNOWN;
}

/* Without room for groups, there may be some for flows. */
static void refuse_mod(struct talk *talk, const struct talk_mod *mod, bool at_fault, uint16_t error)
{
	struct nic_refused *refused = &talk->nic->refused;

	if (cvsw_group_command_is(mod->command) && mod->command != CVSW_GROUP_DELETE) {
		const struct cvsw_group *group = groupset_find(&nic_hand(talk->nic)->groups,
							       mod->group.id);

		if (!group)
			return;
		groupset_put(&refused->groups, group);
	} else if (mod->command < CVSW_FLOW_DELETE &&
		   (at_fault || error != CVSW_V3_ERR_GROUPS_FULL)) {
		flowset_put(&refused->flows, &mod->flow);
	} else {
		return;
	}
	refused->stuck = false;
}

/*
 * The flow or group at fault; those behind it as well where it is a matter of room, and all
 * when nobody knows which.
 */
static void mark_refused(struct talk *talk, const struct talk_request *request,
			 const struct cvsw_v3_message *answer)
{
	struct cvsw_v3_error_body body = { 0 };
	size_t at = CVSW_V3_FLOWS_AT, used, offset, start;
	const struct talk_mod *mod;
	bool rest = lacks_room(answer->error);
	int which;

	if (was_wrong(answer->error))
		return;
	cvsw_v3_error_decode(answer, &body, &offset);
	which = talk_mod_at(request->message, request->len, body.offset, &start);
	for (int i = 0; at < request->len; i++, at += used) {
		mod = talk_mod_decode(request->message + at, request->len - at, &used);
		if (!mod)
			return;
		if (which < 0 || i == which || (rest && i > which))
			refuse_mod(talk, mod, which < 0 || i == which, answer->error);
	}
}

static void on_flows(struct talk *talk, const struct talk_request *request,
		     const struct cvsw_v3_message *answer)
{
	struct nic *nic = talk->nic;
	bool first = talk->phase != TALK_FAILED, room;

	if (answer->type != CVSW_V3_ERROR)
		return;
	/* Of one bundle, all that follows is refused too; where room ran out, for the same reason. */
	room = !first && lacks_room(nic->refusal.error);
	nic->refused.stuck |= first;	/* unless it helps to leave something out */
	if (first || room)
		mark_refused(talk, request, answer);
	if (first)
		talk_refused(talk, request, answer);
	if (nic->refused.stuck || lacks_room(nic->refusal.error))
		talk->retry_at = talk->now + TALK_RETRY_MS;
	talk->phase = TALK_FAILED;
}
