// SPDX-License-Identifier: GPL-2.0-or-later
#include "legacy.h"

#include "base/alloc.h"
#include "cvsw_ofp10.h"
#include "cvsw_text.h"
#include "legacy_listing.h"
#include "legacy_reconcile.h"
#include "link.h"

/* Those that the published driver knows. */
#define PUBLISHED_OFFLOADS	0x1f

enum phase {
	ABSENT,
	PUSHING,
	ASKING,
	RESTING,
};

/**
 * struct legacy
 * @lists: any part of a list came since it registered; @unlisted: it does not list, so what
 *	was sent is believed; @rests: since that was found
 * @table_known: nic->table is what the NIC has, as far as we know
 * @tries: LIST_ENTRIES since the last whole answer; @answered: to the last of them anything
 *	came
 * @repairs: rounds since the last change that did not end it
 */
struct legacy {
	struct link link;
	enum phase phase;
	uint64_t deadline;
	bool lists;
	bool unlisted;
	unsigned int rests;
	bool table_known;
	unsigned int tries;
	bool answered;
	unsigned int repairs;
	uint64_t registered_at;
	struct listing listing;
};

static struct legacy *legacy_of(const struct nic *nic)
{
	return (struct legacy *)nic->link;
}

static const uint8_t broadcast[CVSW_ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static bool send_message(struct nic *nic, struct cvsw_msg *msg, const uint8_t *dst)
{
	uint8_t frame[CVSW_MSG_HEADER_LEN + CVSW_OFP10_FLOW_MOD_MAX];
	size_t len;

	memcpy(msg->dst, dst, CVSW_ETH_ALEN);
	len = cvsw_msg_encode(msg, frame, sizeof(frame));
	if (!len || !nic->world->send(nic, frame, len, 0))
		return false;
	nic->n_sent++;
	return true;
}

static bool send_plain(struct nic *nic, enum cvsw_msg_type type, uint16_t data1)
{
	struct cvsw_msg msg = { .type = type, .data1 = data1 };

	return send_message(nic, &msg, nic->mac);
}

static bool send_hello(struct nic *nic)
{
	struct cvsw_msg msg = { .type = CVSW_MSG_HELLO };

	return send_message(nic, &msg, broadcast);
}

static bool send_flow(struct nic *nic, enum cvsw_msg_type type,
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
	/* What has no form in version 2 would wait for ever: the next list shows that it is missing. */
	return !msg.len || send_message(nic, &msg, nic->mac);
}

static bool send_sa(struct nic *nic, const struct cvsw_sa *sa)
{
	uint8_t frame[CVSW_MSG_HEADER_LEN + CVSW_SA_MAX_LEN], data[CVSW_SA_MAX_LEN];
	struct cvsw_msg msg = { .type = CVSW_MSG_SET_SA, .data = data };
	size_t len;
	bool sent;

	memcpy(msg.dst, nic->mac, CVSW_ETH_ALEN);
	msg.len = cvsw_sa_encode(sa, data, sizeof(data));
	len = cvsw_msg_encode(&msg, frame, sizeof(frame));
	sent = nic->world->send(nic, frame, len, 0);
	nic->n_sent += sent;
	explicit_bzero(data, sizeof(data));
	explicit_bzero(frame, sizeof(frame));
	return sent;
}

/*
 * The published driver enables what is named, and turns the rest over: what was off goes
 * on.  Where all is on before, the rest goes off.
 */
static bool send_offload(struct nic *nic)
{
	uint16_t offload;

	if (!nic_wanted_offload(nic, &offload))
		return true;
	return (nic->heard || send_plain(nic, CVSW_MSG_SET_OFFLOAD, PUBLISHED_OFFLOADS)) &&
	       send_plain(nic, CVSW_MSG_SET_OFFLOAD, offload);
}

static bool send_settings(struct nic *nic)
{
	uint16_t mtu = nic_wanted_mtu(nic);

	if ((mtu && !send_plain(nic, CVSW_MSG_SET_MTU, mtu)) || !send_offload(nic))
		return false;
	nic->settings_due = false;
	return true;
}

static uint64_t doubling(uint64_t first, unsigned int times, uint64_t most)
{
	uint64_t pause = first << (times < 16 ? times : 16);

	return pause < most ? pause : most;
}

/* Whether it has what it should is not known any more. */
static void doubt(struct nic *nic)
{
	nic->verified = nic->settled = 0;
}

/* It has what it should, but for what it refuses: with that, ways.c must not count on it. */
static void reached(struct nic *nic)
{
	nic->settled = nic->generation;
	nic->diff = (struct nic_diff){ .missing = nic->refused.flows.n };
	if (!nic->refused.flows.n)
		nic->verified = nic->generation;
	nic_confirm(nic, nic->generation);
}

static void push_at(struct nic *nic, uint64_t when)
{
	struct legacy *legacy = legacy_of(nic);

	legacy->phase = PUSHING;
	legacy->deadline = when;
}

void legacy_register(struct nic *nic, bool elsewhere, uint64_t now)
{
	struct legacy *legacy = legacy_of(nic);
	bool again = legacy->phase != ABSENT && !elsewhere;

	nic->said_synced = false;
	if (again && now - legacy->registered_at < LEGACY_REGISTER_MIN_MS)
		return;
	legacy->registered_at = now;
	nic->epoch++;
	nic->heard = false;
	legacy->lists = false;
	legacy->unlisted = false;
	nic->settings_due = true;
	legacy->table_known = false;
	doubt(nic);
	flowset_clear(&nic->refused.flows);
	legacy->tries = 0;
	legacy->repairs = 0;
	push_at(nic, now);
}

/* Is it the published driver's, which knows no LIST_ENTRIES? */
static bool never_lists(const struct nic *nic)
{
	struct legacy *legacy = legacy_of(nic);

	return !legacy->lists &&
	       legacy->tries >= (legacy->unlisted ? 1 : LEGACY_UNLISTED_TRIES);
}

/* All is sent, and there is nobody to confirm it. */
static void rest_unlisted(struct nic *nic, uint64_t now)
{
	struct legacy *legacy = legacy_of(nic);

	reached(nic);
	legacy->phase = RESTING;
	legacy->deadline = now + doubling(LEGACY_RECHECK_MS, legacy->rests++,
					  LEGACY_UNLISTED_MAX_MS);
}

/* When it registered it had nothing; from here on it has what it is sent. */
static void settle(struct nic *nic, uint64_t now)
{
	struct legacy *legacy = legacy_of(nic);

	legacy->tries = 0;
	if (legacy->unlisted) {
		rest_unlisted(nic, now);
		return;
	}
	legacy->unlisted = true;
	legacy->rests = 0;
	flowset_clear(&nic->table);
	legacy->table_known = true;
	push_at(nic, now);
}

static void ask(struct nic *nic, uint64_t now)
{
	struct legacy *legacy = legacy_of(nic);

	if (never_lists(nic)) {
		settle(nic, now);
		return;
	}
	listing_reset(&legacy->listing, desired_n_flows(&nic->desired) + NIC_MAX_EXTRA);
	legacy->phase = ASKING;
	if (legacy->tries >= LEGACY_HELLO_TRIES) {
		doubt(nic);
		if (!legacy->answered)
			send_hello(nic);
	}
	legacy->answered = false;
	if (send_plain(nic, CVSW_MSG_LIST_ENTRIES, 0))
		legacy->deadline = now + doubling(LEGACY_ANSWER_MS, legacy->tries++,
						  LEGACY_ANSWER_MAX_MS);
	else
		legacy->deadline = now + LEGACY_NO_ROOM_MS;
}

/* False: the switch has no room. */
static bool push_sas(struct nic *nic, size_t *left)
{
	for (; *left && !STAILQ_EMPTY(&nic->sas); (*left)--) {
		if (!send_sa(nic, &STAILQ_FIRST(&nic->sas)->sa))
			return false;
		nic_drop_first_sa(nic);
	}
	return true;
}

/* Sends up to @left messages of what the table lacks. False: the switch has no room. */
static bool push_wanted(struct nic *nic, const struct flowset *wanted, size_t *left)
{
	struct reconcile_step steps[LEGACY_BURST];
	size_t n;

	while (*left && (n = reconcile(wanted, &nic->table, steps, *left))) {
		for (size_t i = 0; i < n; i++) {
			if (!send_flow(nic, steps[i].type, steps[i].flow))
				return false;
			reconcile_apply(&nic->table, &steps[i]);
		}
		*left -= n;
	}
	return true;
}

/* In version 2 a NIC says of no flow that it refuses it, so we do. */
static void refuse_flow(struct nic *nic, const struct cvsw_flow *flow, const char *lacking)
{
	struct nic_refusal refusal = {
		.type = CVSW_V3_FLOWS, .error = CVSW_V3_ERR_TABLE, .field = "table",
	};

	if (!flowset_put(&nic->refused.flows, flow) || nic->refused.flows.n > 1)
		return;
	snprintf(refusal.text, sizeof(refusal.text), "no %s", lacking);
	cvsw_text_format(flow, refusal.flow, sizeof(refusal.flow));
	nic_refused_it(nic, &refusal);
}

/* As desired_flows(), but without those that the NIC cannot be given: these count as refused. */
static const struct flowset *wanted_flows(struct nic *nic, struct flowset *made)
{
	const struct flowset *desired = desired_flows(&nic->desired, made);
	const struct flow_node *node;
	const char *lacking;

	flowset_each(node, desired) {
		lacking = nic_cannot(nic, &node->flow);
		if (lacking)
			refuse_flow(nic, &node->flow, lacking);
	}
	if (!nic->refused.flows.n)
		return desired;
	if (desired != made)
		flowset_each(node, desired)
			flowset_put(made, &node->flow);
	flowset_each(node, &nic->refused.flows)
		flowset_remove(made, &node->flow.match, node->flow.priority);
	return made;
}

static bool push_flows(struct nic *nic, size_t *left)
{
	struct flowset made;
	bool room = push_wanted(nic, wanted_flows(nic, &made), left);

	flowset_clear(&made);
	return room;
}

static void push(struct nic *nic, uint64_t now)
{
	struct legacy *legacy = legacy_of(nic);
	size_t left = LEGACY_BURST;

	if ((nic->settings_due && !send_settings(nic)) || !push_sas(nic, &left) ||
	    (legacy->table_known && nic_is_managed(nic) && !push_flows(nic, &left))) {
		push_at(nic, now + LEGACY_NO_ROOM_MS);
		return;
	}
	if (!left) {
		push_at(nic, now + LEGACY_BURST_PAUSE_MS);
		return;
	}
	legacy->tries = 0;
	if (legacy->unlisted)
		rest_unlisted(nic, now);
	else
		ask(nic, now);
}

/* A table too large to be ours: empty it, then give it what it should have. */
static void clear_nic(struct nic *nic)
{
	struct legacy *legacy = legacy_of(nic);
	struct cvsw_flow all = { 0 };

	flowset_clear(&nic->table);
	legacy->table_known = send_flow(nic, CVSW_MSG_DELETE_ENTRY, &all);
}

static void compare(struct nic *nic, uint64_t now)
{
	struct legacy *legacy = legacy_of(nic);
	bool overflowed = listing_overflowed(&legacy->listing);
	bool first = !nic->heard;
	struct stored_flows wanted = { .n = 1 };
	struct flowset made;

	nic->n_reported = legacy->listing.n_listed;
	flowset_move(&nic->table, &legacy->listing.flows);
	if (!overflowed) {
		timed_compare(nic, NULL);
		timed_listed(nic);
	}
	legacy->table_known = true;
	nic->heard = true;
	legacy->unlisted = false;
	legacy->tries = 0;
	wanted.sets[0] = wanted_flows(nic, &made);
	nic_compare(nic, &wanted);
	flowset_clear(&made);
	if (overflowed && nic_is_managed(nic))
		nic->diff.extra = nic->n_reported - desired_n_flows(&nic->desired);
	if (!nic->diff.missing && !nic->diff.extra) {
		reached(nic);
		legacy->repairs = 0;
		legacy->phase = RESTING;
		legacy->deadline = now + LEGACY_RECHECK_MS;
		return;
	}
	if (!first)
		nic->n_repairs += nic->diff.missing + nic->diff.extra;
	doubt(nic);
	if (overflowed)
		clear_nic(nic);
	push_at(nic, legacy->repairs ? now + doubling(LEGACY_REPAIR_MS, legacy->repairs,
						      LEGACY_REPAIR_MAX_MS) : now);
	legacy->repairs++;
}

void legacy_list(struct nic *nic, const struct cvsw_msg *msg, uint64_t now)
{
	struct legacy *legacy = legacy_of(nic);

	if (legacy->phase != ASKING)
		return;		/* late: of a question that is no longer of interest */
	legacy->answered = true;
	legacy->lists = true;
	if (legacy->deadline < now + LEGACY_ANSWER_MS)
		legacy->deadline = now + LEGACY_ANSWER_MS;
	switch (listing_add(&legacy->listing, msg)) {
	case LISTING_MORE:
		break;
	case LISTING_VOID:
		nic->n_bad_lists++;
		break;
	case LISTING_WHOLE:
		nic->n_lists++;
		compare(nic, now);
		break;
	}
}


static void on_changed(struct nic *nic, uint64_t now)
{
	struct legacy *legacy = legacy_of(nic);

	legacy->repairs = 0;
	flowset_clear(&nic->refused.flows);
	if (legacy->phase != ABSENT)
		push_at(nic, now);
}

/*
 * Version 2 confirms nothing, so the table is compared again and again: with the flows as they
 * were at the last change.
 */
static void made_begin(struct nic *nic)
{
	struct layer *layer = nic_overlay(nic);

	flowset_clear(&layer->flows);
	layer_make(layer, &layer->flows);
}

/* It is taken for missing, and sent. */
static void on_flow_put(struct nic *nic, const struct cvsw_flow *flow)
{
	flowset_remove(&nic->table, &flow->match, flow->priority);
}

static void on_gone(struct nic *nic)
{
	struct legacy *legacy = legacy_of(nic);

	legacy->phase = ABSENT;
	legacy->table_known = false;
	nic->heard = nic->said_synced = false;
	doubt(nic);
	nic_drop_sas(nic);
	flowset_clear(&nic->table);
	listing_reset(&legacy->listing, 0);
}

static uint64_t deadline(const struct nic *nic)
{
	const struct legacy *legacy = legacy_of(nic);

	return legacy->phase == ABSENT ? UINT64_MAX : legacy->deadline;
}

static void step(struct nic *nic, uint64_t now)
{
	struct legacy *legacy = legacy_of(nic);

	switch (legacy->phase) {
	case ABSENT:
		break;
	case PUSHING:
		push(nic, now);
		break;
	case ASKING:
		ask(nic, now);
		break;
	case RESTING:
		if (legacy->unlisted) {
			ask(nic, now);
			break;
		}
		/* Version 2 confirms neither MTU nor offloads: say them again. */
		nic->settings_due = true;
		push(nic, now);
		break;
	}
}

static bool talks(const struct nic *nic)
{
	return legacy_of(nic)->phase != ABSENT;
}

static enum nic_state state(const struct nic *nic)
{
	const struct legacy *legacy = legacy_of(nic);

	if (legacy->phase == ABSENT)
		return NIC_ABSENT;
	if (!nic->heard && !legacy->unlisted)
		return NIC_CONNECTING;
	if (nic->settled != nic->generation)
		return NIC_LAGGING;
	if (nic_n_refused(nic))
		return NIC_REFUSING;
	return legacy->unlisted ? NIC_UNLISTED : NIC_IN_SYNC;
}

static void run(struct nic *nic, uint64_t now)
{
	enum nic_state reached;

	if (now >= deadline(nic))
		step(nic, now);
	reached = state(nic);
	if (reached == NIC_IN_SYNC || reached == NIC_UNLISTED)
		nic_tell_synced(nic);
}

static void free_link(struct nic *nic)
{
	struct legacy *legacy = legacy_of(nic);

	on_gone(nic);
	flowset_clear(&nic_overlay(nic)->flows);
	flowset_clear(&legacy->listing.flows);
	free(legacy);
}

static const struct link_ops ops = {
	.version = 2,
	.wide_deletes = true,
	.free = free_link,
	.gone = on_gone,
	.changed = on_changed,
	.made_begin = made_begin,
	.flow_put = on_flow_put,
	.run = run,
	.deadline = deadline,
	.state = state,
	.talks = talks,
};

void legacy_new(struct nic *nic)
{
	struct legacy *legacy = xcalloc(1, sizeof(*legacy));

	legacy->link.ops = &ops;
	listing_init(&legacy->listing);
	nic->link = &legacy->link;
	made_begin(nic);
}
