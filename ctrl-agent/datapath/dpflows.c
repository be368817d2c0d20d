// SPDX-License-Identifier: GPL-2.0-or-later
/* flow_mods: what they change, what of it the NIC refuses, and flows that go. */
#include "base/alloc.h"
#include "base/log.h"
#include "parts.h"

#define UNTOLD_MS	1000	/* a flow that was deleted, after the NIC has answered */

/* ---- what a flow_mod changes ---- */

/* A later change of the same flow takes the place of an earlier one. */
static void note_unkept(struct change *unkept, const struct change *change)
{
	const struct flow_node *node;

	flowset_each(node, &change->gone) {
		flowset_remove(&unkept->put, &node->flow.match, node->flow.priority);
		flowset_put(&unkept->gone, &node->flow);
	}
	flowset_each(node, &change->put) {
		flowset_remove(&unkept->gone, &node->flow.match, node->flow.priority);
		flowset_put(&unkept->put, &node->flow);
	}
}

/* When a NIC that is away loses one, nobody else tells. */
static void note_deleted(struct datapath *dp, const struct change *change)
{
	const struct flow_node *node;

	flowset_each(node, &change->gone) {
		if (!(node->flow.flags & CVSW_FLOW_SEND_REMOVED))
			continue;
		if (nic_confirms(dp->nic) && nic_state(dp->nic) != NIC_ABSENT &&
		    dp->deleted.n < NIC_MAX_FLOWS) {
			flowset_put(&dp->deleted, &node->flow);
			dp->answered_at = 0;
		} else {
			dpflows_removed(dp, &(struct nic_removed){
				.flow = &node->flow, .reason = CVSW_V3_REMOVED_DELETE,
				.controlled = true,
			});
		}
	}
}

static void do_change(struct datapath *dp, const struct change *change)
{
	/* A deletion of nothing does not take over what the NIC has. */
	if (!change->gone.n && !change->put.n)
		return;
	note_deleted(dp, change);
	note_unkept(&dp->unkept, change);
	stated_put(dp->nic, DESIRED_CONTROLLER, change);
	dp->dirty = true;
	turns_put_off(&dp->committing);
}

static void work_out(struct change *change, const struct flowset *have,
		     const struct cvsw_ofs_msg *msg)
{
	static struct choice choice;
	struct flowset flows;

	choice = (struct choice){
		.flow = msg->flow,
		.cookie = { .value = msg->cookie, .mask = msg->cookie_mask,
			    .given = msg->flow.cookie != ~0ull },
		.strict = msg->command == CVSW_FLOW_MODIFY_STRICT ||
			  msg->command == CVSW_FLOW_DELETE_STRICT,
	};
	switch (msg->command) {
	case CVSW_FLOW_ADD:
		flowset_init(&flows);
		flowset_put(&flows, &msg->flow);
		change_add(change, have, &flows);
		flowset_clear(&flows);
		break;
	case CVSW_FLOW_MODIFY:
	case CVSW_FLOW_MODIFY_STRICT:
		change_modify(change, have, &choice);
		if (msg->no_add && !change->modified.n)
			flowset_clear(&change->put);
		break;
	case CVSW_FLOW_DELETE:
	case CVSW_FLOW_DELETE_STRICT:
		change_delete(change, have, &choice);
		break;
	}
}

static void note_pending(struct dpconn *conn, const struct cvsw_ofs_msg *msg, const uint8_t *data,
			 size_t len)
{
	struct dppending *pending = xcalloc(1, sizeof(*pending));

	pending->match = msg->flow.match;
	pending->priority = msg->flow.priority;
	pending->strict = msg->command != CVSW_FLOW_MODIFY;
	pending->len = len < sizeof(pending->data) ? len : sizeof(pending->data);
	memcpy(pending->data, data, pending->len);
	STAILQ_INSERT_TAIL(&conn->pending, pending, in_order);
	if (++conn->n_pending < DATAPATH_MAX_PENDING)
		return;
	datapath_commit(conn->dp);
	dpconn_wait(conn, DPWAITS_ROOM);
	turns_put_off(&conn->dp->settling);
}

/* @right: what is said if it is */
static enum cvsw_ofs_error error_of(enum stated_wrong wrong)
{
	static const enum cvsw_ofs_error errors[] = {
		[STATED_RIGHT] = CVSW_OFS_OK,
		[STATED_TOO_MANY] = CVSW_OFS_TABLE_FULL,
		[STATED_OVERLAY] = CVSW_OFS_FLOW_EPERM,
		[STATED_TOO_NEW] = CVSW_OFS_UNSUPPORTED,
		[STATED_TAKEN] = CVSW_OFS_FLOW_EPERM,
		[STATED_NO_GROUP] = CVSW_OFS_BAD_OUT_GROUP,
		[STATED_OVERLAPS] = CVSW_OFS_OVERLAP,
	};

	return errors[wrong];
}

enum cvsw_ofs_error dpflows_mod(struct dpconn *conn, struct cvsw_ofs_msg *msg, const uint8_t *data,
				size_t len)
{
	struct nic *nic = conn->dp->nic;
	struct stated_why why;
	struct change change;
	enum stated_wrong wrong;

	/* So that its end is known: as with commands. */
	if (flow_is_timed(&msg->flow))
		msg->flow.flags |= CVSW_FLOW_SEND_REMOVED;
	change_init(&change);
	work_out(&change, &nic_controlled(nic)->flows, msg);
	wrong = stated_check(nic, DESIRED_CONTROLLER, &change, &why);
	if (wrong == STATED_RIGHT) {
		bool puts = change.put.n;

		do_change(conn->dp, &change);
		if (puts)
			note_pending(conn, msg, data, len);
	}
	change_clear(&change);
	return error_of(wrong);
}

/* ---- what the NIC answers ---- */

static void drop_first(struct dpconn *conn)
{
	struct dppending *first = STAILQ_FIRST(&conn->pending);

	STAILQ_REMOVE_HEAD(&conn->pending, in_order);
	conn->n_pending--;
	free(first);
}

void dpflows_drop_pending(struct dpconn *conn)
{
	while (!STAILQ_EMPTY(&conn->pending))
		drop_first(conn);
}

static bool is_answered(const struct nic *nic, uint64_t generation)
{
	return nic_state(nic) == NIC_ABSENT || nic->settled >= generation;
}

static bool put_it(const struct dppending *pending, const struct cvsw_flow *flow)
{
	return pending->strict ? pending->priority == flow->priority &&
				 cvsw_match_equal(&pending->match, &flow->match) :
				 cvsw_match_covers(&pending->match, &flow->match);
}

static void tell_refused(struct datapath *dp, const struct cvsw_flow *flow)
{
	uint16_t reason = dp->nic->refusal.error;
	enum cvsw_ofs_error error = reason == CVSW_V3_ERR_TABLE_FULL ||
				    reason == CVSW_V3_ERR_NO_MEMORY ? CVSW_OFS_TABLE_FULL :
								       CVSW_OFS_UNSUPPORTED;
	struct dppending *pending;
	struct dpconn *conn;

	LIST_FOREACH(conn, &dp->conns, in_list)
		STAILQ_FOREACH(pending, &conn->pending, in_order)
			if (put_it(pending, flow) && dpconn_speaks(conn))
				dpconn_refuse(conn, error, pending->data, pending->len);
}

static void note_taken(const struct datapath *dp, const struct cvsw_flow *flow,
		       struct flowset *taken)
{
	if (flowset_has(&nic_controlled(dp->nic)->flows, flow))
		flowset_put(taken, flow);
}

/* Of what a flow_mod put. */
static void note_refused(const struct datapath *dp, const struct dppending *pending,
			 struct flowset *taken)
{
	const struct flowset *refused = &dp->nic->refused.flows;
	const struct cvsw_flow *flow;
	const struct flow_node *node;

	if (pending->strict) {
		flow = flowset_find(refused, &pending->match, pending->priority);
		if (flow)
			note_taken(dp, flow, taken);
		return;
	}
	flowset_each(node, refused)
		if (put_it(pending, &node->flow))
			note_taken(dp, &node->flow, taken);
}

static void note_all_refused(const struct datapath *dp, struct flowset *taken)
{
	const struct dppending *pending;
	const struct dpconn *conn;

	LIST_FOREACH(conn, &dp->conns, in_list)
		STAILQ_FOREACH(pending, &conn->pending, in_order) {
			if (!pending->generation || !is_answered(dp->nic, pending->generation))
				break;
			note_refused(dp, pending, taken);
		}
}

/*
 * What somebody waits to hear of is refused: it is told, and stated no more.  All else stays
 * stated: whoever put it was told that it is.
 */
static void take_refused(struct datapath *dp)
{
	const struct flow_node *node;
	struct change change;

	change_init(&change);
	note_all_refused(dp, &change.gone);
	flowset_each(node, &change.gone)
		tell_refused(dp, &node->flow);
	note_unkept(&dp->unkept, &change);
	if (change.gone.n) {
		stated_put(dp->nic, DESIRED_CONTROLLER, &change);
		dp->dirty = true;
		turns_put_off(&dp->committing);
	}
	change_clear(&change);
}

static void answer_barrier(struct dpconn *conn)
{
	uint8_t buf[CVSW_OFP_HEADER_LEN];

	ofstream_write(&conn->stream, buf,
		       cvsw_ofs_encode_barrier(&conn->talk, conn->request->xid, buf, sizeof(buf)));
	free(conn->request);
	conn->request = NULL;
	dpconn_wait(conn, DPWAITS_NOT);
}

static void settle(struct dpconn *conn)
{
	struct nic *nic = conn->dp->nic;
	struct dppending *first;

	while ((first = STAILQ_FIRST(&conn->pending)) && first->generation &&
	       is_answered(nic, first->generation))
		drop_first(conn);
	if (conn->waits == DPWAITS_ROOM && conn->n_pending < DATAPATH_MAX_PENDING)
		dpconn_wait(conn, DPWAITS_NOT);
	if (conn->waits == DPWAITS_BARRIER && is_answered(nic, conn->barrier))
		answer_barrier(conn);
}

/*
 * A NIC tells of what it deletes right behind its answer.  What it still has not told of by then
 * it never had, or something else took its place.
 */
static void tell_untold(struct datapath *dp)
{
	uint64_t now = clock_ms();
	const struct flow_node *node;
	struct flowset untold;

	if (!dp->deleted.n)
		return;
	if (dp->dirty || !is_answered(dp->nic, dp->nic->generation)) {
		dp->answered_at = 0;
		return;
	}
	if (!dp->answered_at)
		dp->answered_at = now;
	if (now - dp->answered_at < UNTOLD_MS)
		return;
	flowset_init(&untold);
	flowset_move(&untold, &dp->deleted);
	flowset_each(node, &untold)
		dpflows_removed(dp, &(struct nic_removed){
			.flow = &node->flow, .reason = CVSW_V3_REMOVED_DELETE, .controlled = true,
		});
	flowset_clear(&untold);
}

void dpflows_settle(struct datapath *dp)
{
	struct dpconn *conn;

	tell_untold(dp);
	if (dp->nic->refused.flows.n)
		take_refused(dp);
	LIST_FOREACH(conn, &dp->conns, in_list)
		settle(conn);
}

/* ---- flows that go ---- */

/* Of one that the NIC lost without a word it is known only that it had a timeout. */
static enum cvsw_ofs_removed reason_of(const struct nic_removed *removed)
{
	if (!removed->reason)
		return removed->flow->hard_timeout ? CVSW_OFS_REMOVED_HARD : CVSW_OFS_REMOVED_IDLE;
	return removed->reason == CVSW_V3_REMOVED_IDLE ? CVSW_OFS_REMOVED_IDLE :
	       removed->reason == CVSW_V3_REMOVED_HARD ? CVSW_OFS_REMOVED_HARD :
							 CVSW_OFS_REMOVED_DELETE;
}

void dpflows_removed(struct datapath *dp, const struct nic_removed *removed)
{
	const struct cvsw_ofs_counters counters = {
		.n_packets = removed->n_packets, .n_bytes = removed->n_bytes,
		.age_ms = removed->age, .idle = ~0u,
	};
	uint8_t buf[64 + CVSW_OFS_ENTRY_MAX];
	const struct cvsw_flow *flow = removed->flow;
	struct dpconn *conn;

	if (!removed->controlled &&
	    !flowset_find(&dp->deleted, &flow->match, flow->priority))
		return;
	LIST_FOREACH(conn, &dp->conns, in_list)
		if (dpconn_hears(conn, CVSW_OFS_ASYNC_REMOVED, reason_of(removed)))
			ofstream_write(&conn->stream, buf,
				       cvsw_ofs_encode_removed(&conn->talk, flow,
							       reason_of(removed), &counters, buf,
							       sizeof(buf)));
	flowset_remove(&dp->deleted, &flow->match, flow->priority);
}
