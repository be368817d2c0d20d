// SPDX-License-Identifier: GPL-2.0-or-later
#include "session.h"

#include "base/alloc.h"
#include "cvsw_ofp10.h"
#include "session3.h"

/* Those that the published driver knows. */
#define PUBLISHED_OFFLOADS	0x1f

static const uint8_t broadcast[CVSW_ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

void session_init(struct session *session, const uint8_t mac[CVSW_ETH_ALEN],
		  bool (*send)(void *owner, const uint8_t *frame, size_t len), void *owner)
{
	*session = (struct session){ .send = send, .owner = owner, .generation = 1 };
	memcpy(session->mac, mac, CVSW_ETH_ALEN);
	flowset_init(&session->intent.flows);
	flowset_init(&session->intent.overlay);
	flowset_init(&session->both);
	flowset_init(&session->modified);
	timed_init(&session->timed);
	STAILQ_INIT(&session->sas);
	flowset_init(&session->table);
	listing_init(&session->listing);
}

void session_drop_first_sa(struct session *session)
{
	struct session_sa *first = STAILQ_FIRST(&session->sas);

	STAILQ_REMOVE_HEAD(&session->sas, in_order);
	explicit_bzero(first, sizeof(*first));
	free(first);
}

static void drop_sas(struct session *session)
{
	while (!STAILQ_EMPTY(&session->sas))
		session_drop_first_sa(session);
}

void session_free(struct session *session)
{
	if (session->v3)
		session3_free(session->v3);
	drop_sas(session);
	flowset_clear(&session->intent.overlay);
	flowset_clear(&session->both);
	flowset_clear(&session->modified);
	timed_clear(&session->timed);
	flowset_clear(&session->intent.flows);
	flowset_clear(&session->table);
	flowset_clear(&session->listing.flows);
}

static bool send_message(struct session *session, struct cvsw_msg *msg, const uint8_t *dst)
{
	uint8_t frame[CVSW_MSG_HEADER_LEN + CVSW_OFP10_FLOW_MOD_MAX];
	size_t len;

	memcpy(msg->dst, dst, CVSW_ETH_ALEN);
	len = cvsw_msg_encode(msg, frame, sizeof(frame));
	if (!len || !session->send(session->owner, frame, len))
		return false;
	session->n_sent++;
	return true;
}

static bool send_plain(struct session *session, enum cvsw_msg_type type, uint16_t data1)
{
	struct cvsw_msg msg = { .type = type, .data1 = data1 };

	return send_message(session, &msg, session->mac);
}

static bool send_hello(struct session *session)
{
	struct cvsw_msg msg = { .type = CVSW_MSG_HELLO };

	return send_message(session, &msg, broadcast);
}

static bool send_flow(struct session *session, enum cvsw_msg_type type,
		      const struct cvsw_flow *flow)
{
	uint8_t data[CVSW_OFP10_FLOW_MOD_MAX];
	struct cvsw_msg msg = { .type = type, .data = data };
	struct cvsw_flow bare;

	if (type == CVSW_MSG_DELETE_ENTRY) {
		/* A delete goes by its match; actions would only be more to refuse. */
		bare = (struct cvsw_flow){ .match = flow->match, .priority = flow->priority };
		msg.len = cvsw_ofp10_encode_v2(CVSW_FLOW_DELETE, &bare, data, sizeof(data));
	} else {
		msg.len = cvsw_ofp10_encode_v2(CVSW_FLOW_ADD, flow, data, sizeof(data));
	}
	return msg.len && send_message(session, &msg, session->mac);
}

static bool send_sa(struct session *session, const struct cvsw_sa *sa)
{
	uint8_t frame[CVSW_MSG_HEADER_LEN + CVSW_SA_MAX_LEN], data[CVSW_SA_MAX_LEN];
	struct cvsw_msg msg = { .type = CVSW_MSG_SET_SA, .data = data };
	size_t len;
	bool sent;

	memcpy(msg.dst, session->mac, CVSW_ETH_ALEN);
	msg.len = cvsw_sa_encode(sa, data, sizeof(data));
	len = cvsw_msg_encode(&msg, frame, sizeof(frame));
	sent = session->send(session->owner, frame, len);
	session->n_sent += sent;
	explicit_bzero(data, sizeof(data));
	explicit_bzero(frame, sizeof(frame));
	return sent;
}

void session_queue_sa(struct session *session, const struct cvsw_sa *sa)
{
	struct session_sa *queued;

	if (!session_talks(session))
		return;
	queued = xcalloc(1, sizeof(*queued));
	queued->sa = *sa;
	STAILQ_INSERT_TAIL(&session->sas, queued, in_order);
}

bool session_unqueue_sa(struct session *session, enum cvsw_sa_direction direction, uint32_t spi)
{
	struct session_sa *queued;

	STAILQ_FOREACH(queued, &session->sas, in_order)
		if (queued->sa.direction == direction && queued->sa.spi == spi)
			break;
	if (!queued)
		return false;
	STAILQ_REMOVE(&session->sas, queued, session_sa, in_order);
	explicit_bzero(queued, sizeof(*queued));
	free(queued);
	return true;
}

bool session_talks(const struct session *session)
{
	return session->v3 ? session3_talks(session->v3) : session->phase != PHASE_ABSENT;
}

const struct flowset *session_flows(const struct session *session)
{
	return session->intent.overlaid ? &session->both : &session->intent.flows;
}

bool session_flows_stated(const struct session *session)
{
	return session->intent.flows_stated || session->intent.overlaid;
}

uint16_t session_mtu(const struct session *session)
{
	const struct intent *intent = &session->intent;

	if (intent->overlaid && (!intent->mtu || intent->overlay_mtu < intent->mtu))
		return intent->overlay_mtu;
	return intent->mtu ? intent->mtu : intent->restore_mtu;
}

/* The overlay's first: what drops is to be there before what lets pass. */
static void join_flows(struct session *session)
{
	const struct flow_node *node;

	flowset_clear(&session->both);
	if (!session->intent.overlaid)
		return;
	flowset_each(node, &session->intent.overlay)
		flowset_put(&session->both, &node->flow);
	flowset_each(node, &session->intent.flows)
		flowset_put(&session->both, &node->flow);
}

/*
 * The published driver enables what is named, and turns the rest over: what was off goes
 * on.  Where all is on before, the rest goes off.
 */
static bool send_offload(struct session *session)
{
	const struct intent *intent = &session->intent;

	if (!intent->offload_stated)
		return true;
	return (session->heard || send_plain(session, CVSW_MSG_SET_OFFLOAD, PUBLISHED_OFFLOADS)) &&
	       send_plain(session, CVSW_MSG_SET_OFFLOAD, intent->offload);
}

static bool send_settings(struct session *session)
{
	uint16_t mtu = session_mtu(session);

	if ((mtu && !send_plain(session, CVSW_MSG_SET_MTU, mtu)) || !send_offload(session))
		return false;
	session->settings_due = false;
	return true;
}

static uint64_t doubling(uint64_t first, unsigned int times, uint64_t most)
{
	uint64_t pause = first << (times < 16 ? times : 16);

	return pause < most ? pause : most;
}

static void push_at(struct session *session, uint64_t when)
{
	session->phase = PHASE_PUSHING;
	session->deadline = when;
}

void session_register(struct session *session, bool elsewhere, uint64_t now)
{
	bool again = session->phase != PHASE_ABSENT && !elsewhere;

	if (again && now - session->registered_at < SESSION_REGISTER_MIN_MS)
		return;
	session->registered_at = now;
	session->n_registers++;
	session->heard = false;
	session->lists = false;
	session->unlisted = false;
	session->settings_due = true;
	session->table_known = false;
	session->verified = 0;
	session->tries = 0;
	session->repairs = 0;
	push_at(session, now);
}

void session_confirm(struct session *session, uint64_t generation)
{
	session->confirmed = generation;
	if (generation == session->generation)
		session->behind_since = 0;
}

void session_absent(struct session *session)
{
	if (session->v3) {
		session3_gone(session->v3);
		return;
	}
	session->phase = PHASE_ABSENT;
	session->heard = false;
	session->table_known = false;
	session->verified = 0;
	drop_sas(session);
	flowset_clear(&session->table);
	listing_reset(&session->listing, 0);
}

void session_state_flow(struct session *session, const struct cvsw_flow *flow, bool modified)
{
	flowset_put(&session->intent.flows, flow);
	if (modified) {
		flowset_put(&session->modified, flow);
		timed_modified(&session->timed, flow);
	} else {
		flowset_remove(&session->modified, &flow->match, flow->priority);
		timed_stated(session, flow);
	}
}

void session_unstate_flow(struct session *session, const struct cvsw_flow *flow)
{
	flowset_remove(&session->modified, &flow->match, flow->priority);
	timed_stated(session, flow);
	flowset_remove(&session->intent.flows, &flow->match, flow->priority);
}

void session_changed(struct session *session, bool settings, uint64_t now)
{
	session->generation++;
	join_flows(session);
	session->settings_due |= settings;
	session->repairs = 0;
	if (!session->behind_since)
		session->behind_since = now;
	if (session->v3)
		session3_changed(session->v3);
	else if (session->phase != PHASE_ABSENT)
		push_at(session, now);
}

/* Is it the published driver's, which knows no LIST_ENTRIES? */
static bool never_lists(const struct session *session)
{
	return !session->lists &&
	       session->tries >= (session->unlisted ? 1 : SESSION_UNLISTED_TRIES);
}

/* All is sent, and there is nobody to confirm it. */
static void rest_unlisted(struct session *session, uint64_t now)
{
	session->verified = session->generation;
	session_confirm(session, session->generation);
	session->phase = PHASE_RESTING;
	session->deadline = now + doubling(SESSION_RECHECK_MS, session->rests++,
					   SESSION_UNLISTED_MAX_MS);
}

/* When it registered it had nothing; from here on it has what it is sent. */
static void settle(struct session *session, uint64_t now)
{
	session->tries = 0;
	if (session->unlisted) {
		rest_unlisted(session, now);
		return;
	}
	session->unlisted = true;
	session->rests = 0;
	flowset_clear(&session->table);
	session->table_known = true;
	push_at(session, now);
}

static void ask(struct session *session, uint64_t now)
{
	if (never_lists(session)) {
		settle(session, now);
		return;
	}
	listing_reset(&session->listing, session_flows(session)->n + SESSION_MAX_EXTRA);
	session->phase = PHASE_ASKING;
	if (session->tries >= SESSION_HELLO_TRIES) {
		session->verified = 0;
		if (!session->answered)
			send_hello(session);
	}
	session->answered = false;
	if (send_plain(session, CVSW_MSG_LIST_ENTRIES, 0))
		session->deadline = now + doubling(SESSION_ANSWER_MS, session->tries++,
						   SESSION_ANSWER_MAX_MS);
	else
		session->deadline = now + SESSION_NO_ROOM_MS;
}

/* False: the switch has no room. */
static bool push_sas(struct session *session, size_t *left)
{
	for (; *left && !STAILQ_EMPTY(&session->sas); (*left)--) {
		if (!send_sa(session, &STAILQ_FIRST(&session->sas)->sa))
			return false;
		session_drop_first_sa(session);
	}
	return true;
}

/* Sends up to @left messages of what the table lacks. False: the switch has no room. */
static bool push_flows(struct session *session, size_t *left)
{
	const struct flowset *wanted = session_flows(session);
	struct reconcile_step steps[SESSION_BURST];
	size_t n;

	while (*left && (n = reconcile(wanted, &session->table, steps, *left))) {
		for (size_t i = 0; i < n; i++) {
			if (!send_flow(session, steps[i].type, steps[i].flow))
				return false;
			reconcile_apply(&session->table, &steps[i]);
		}
		*left -= n;
	}
	return true;
}

static void push(struct session *session, uint64_t now)
{
	size_t left = SESSION_BURST;

	if ((session->settings_due && !send_settings(session)) || !push_sas(session, &left) ||
	    (session->table_known && session_flows_stated(session) &&
	     !push_flows(session, &left))) {
		push_at(session, now + SESSION_NO_ROOM_MS);
		return;
	}
	if (!left) {
		push_at(session, now + SESSION_BURST_PAUSE_MS);
		return;
	}
	session->tries = 0;
	if (session->unlisted)
		rest_unlisted(session, now);
	else
		ask(session, now);
}

/* A table too large to be ours: empty it, then give it what it should have. */
static void clear_nic(struct session *session)
{
	struct cvsw_flow all = { 0 };

	flowset_clear(&session->table);
	session->table_known = send_flow(session, CVSW_MSG_DELETE_ENTRY, &all);
}

static void compare(struct session *session, uint64_t now)
{
	bool overflowed = listing_overflowed(&session->listing);
	bool first = !session->heard;

	session->n_reported = session->listing.n_listed;
	flowset_move(&session->table, &session->listing.flows);
	if (!overflowed)
		timed_compare(session, NULL);
	session->table_known = true;
	session->heard = true;
	session->unlisted = false;
	session->tries = 0;
	session->diff = (struct reconcile_diff){ 0, 0 };
	if (session_flows_stated(session)) {
		session->diff = reconcile_diff(session_flows(session), &session->table);
		if (overflowed)
			session->diff.extra = session->n_reported - session_flows(session)->n;
	}
	if (!session->diff.missing && !session->diff.extra) {
		session->verified = session->generation;
		session_confirm(session, session->generation);
		session->repairs = 0;
		session->phase = PHASE_RESTING;
		session->deadline = now + SESSION_RECHECK_MS;
		return;
	}
	if (!first)
		session->n_repairs += session->diff.missing + session->diff.extra;
	session->verified = 0;
	if (overflowed)
		clear_nic(session);
	push_at(session, session->repairs ? now + doubling(SESSION_REPAIR_MS, session->repairs,
							   SESSION_REPAIR_MAX_MS) : now);
	session->repairs++;
}

void session_list(struct session *session, const struct cvsw_msg *msg, uint64_t now)
{
	if (session->phase != PHASE_ASKING)
		return;		/* late: of a question that is no longer of interest */
	session->answered = true;
	session->lists = true;
	if (session->deadline < now + SESSION_ANSWER_MS)
		session->deadline = now + SESSION_ANSWER_MS;
	switch (listing_add(&session->listing, msg)) {
	case LISTING_MORE:
		break;
	case LISTING_VOID:
		session->n_bad_lists++;
		break;
	case LISTING_WHOLE:
		session->n_lists++;
		compare(session, now);
		break;
	}
}

void session_run(struct session *session, uint64_t now)
{
	if (session->v3) {
		session3_run(session->v3, now);
		return;
	}
	if (now < session_deadline(session))
		return;
	switch (session->phase) {
	case PHASE_ABSENT:
		break;
	case PHASE_PUSHING:
		push(session, now);
		break;
	case PHASE_ASKING:
		ask(session, now);
		break;
	case PHASE_RESTING:
		if (session->unlisted) {
			ask(session, now);
			break;
		}
		/* Version 2 confirms neither MTU nor offloads: say them again. */
		session->settings_due = true;
		push(session, now);
		break;
	}
}

uint64_t session_deadline(const struct session *session)
{
	if (session->v3)
		return session3_deadline(session->v3);
	return session->phase == PHASE_ABSENT ? UINT64_MAX : session->deadline;
}

enum session_state session_state(const struct session *session)
{
	if (session->v3)
		return session3_state(session->v3);
	if (session->phase == PHASE_ABSENT)
		return SESSION_ABSENT;
	if (session->unlisted && session->verified == session->generation)
		return SESSION_UNLISTED;
	if (!session->heard)
		return session->unlisted ? SESSION_LAGGING : SESSION_CONNECTING;
	return session->verified == session->generation ? SESSION_IN_SYNC : SESSION_LAGGING;
}

const char *session_state_name(enum session_state state)
{
	static const char *const names[] = {
		[SESSION_ABSENT] = "absent",
		[SESSION_CONNECTING] = "connecting",
		[SESSION_IN_SYNC] = "in sync",
		[SESSION_LAGGING] = "lagging",
		[SESSION_REFUSING] = "refusing",
		[SESSION_UNLISTED] = "settled, not listed",
	};

	return names[state];
}
