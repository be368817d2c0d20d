// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic.h"

#include "base/alloc.h"
#include "cvsw_ofp10.h"
#include "session3.h"

/* Those that the published driver knows. */
#define PUBLISHED_OFFLOADS	0x1f

static const uint8_t broadcast[CVSW_ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

void nic_init(struct nic *nic, const uint8_t mac[CVSW_ETH_ALEN],
	      bool (*send)(void *owner, const uint8_t *frame, size_t len), void *owner)
{
	*nic = (struct nic){ .send = send, .owner = owner, .generation = 1 };
	memcpy(nic->mac, mac, CVSW_ETH_ALEN);
	desired_init(&nic->desired);
	flowset_init(&nic->modified);
	timed_init(&nic->timed);
	STAILQ_INIT(&nic->sas);
	flowset_init(&nic->table);
	listing_init(&nic->listing);
}

void nic_drop_first_sa(struct nic *nic)
{
	struct nic_sa *first = STAILQ_FIRST(&nic->sas);

	STAILQ_REMOVE_HEAD(&nic->sas, in_order);
	explicit_bzero(first, sizeof(*first));
	free(first);
}

static void drop_sas(struct nic *nic)
{
	while (!STAILQ_EMPTY(&nic->sas))
		nic_drop_first_sa(nic);
}

void nic_clear(struct nic *nic)
{
	if (nic->v3)
		session3_free(nic->v3);
	drop_sas(nic);
	desired_clear(&nic->desired);
	flowset_clear(&nic->modified);
	timed_clear(&nic->timed);
	flowset_clear(&nic->table);
	flowset_clear(&nic->listing.flows);
}

static bool send_message(struct nic *nic, struct cvsw_msg *msg, const uint8_t *dst)
{
	uint8_t frame[CVSW_MSG_HEADER_LEN + CVSW_OFP10_FLOW_MOD_MAX];
	size_t len;

	memcpy(msg->dst, dst, CVSW_ETH_ALEN);
	len = cvsw_msg_encode(msg, frame, sizeof(frame));
	if (!len || !nic->send(nic->owner, frame, len))
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
	return msg.len && send_message(nic, &msg, nic->mac);
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
	sent = nic->send(nic->owner, frame, len);
	nic->n_sent += sent;
	explicit_bzero(data, sizeof(data));
	explicit_bzero(frame, sizeof(frame));
	return sent;
}

void nic_queue_sa(struct nic *nic, const struct cvsw_sa *sa)
{
	struct nic_sa *queued;

	if (!nic_talks(nic))
		return;
	queued = xcalloc(1, sizeof(*queued));
	queued->sa = *sa;
	STAILQ_INSERT_TAIL(&nic->sas, queued, in_order);
}

bool nic_unqueue_sa(struct nic *nic, enum cvsw_sa_direction direction, uint32_t spi)
{
	struct nic_sa *queued;

	STAILQ_FOREACH(queued, &nic->sas, in_order)
		if (queued->sa.direction == direction && queued->sa.spi == spi)
			break;
	if (!queued)
		return false;
	STAILQ_REMOVE(&nic->sas, queued, nic_sa, in_order);
	explicit_bzero(queued, sizeof(*queued));
	free(queued);
	return true;
}

bool nic_talks(const struct nic *nic)
{
	return nic->v3 ? session3_talks(nic->v3) : nic->phase != PHASE_ABSENT;
}

bool nic_is_managed(const struct nic *nic)
{
	return nic->member ? nic->desired.layers[DESIRED_OVERLAY].in_use :
			     desired_is_managed(&nic->desired);
}

uint16_t nic_wanted_mtu(const struct nic *nic)
{
	const struct own_setting *own = &nic->desired.own_mtu;

	return desired_mtu(&nic->desired) ?: own->back ? own->value : 0;
}

bool nic_wanted_offload(const struct nic *nic, uint16_t *offload)
{
	const struct own_setting *own = &nic->desired.own_offload;

	if (desired_offload(&nic->desired, offload))
		return true;
	*offload = own->value;
	return own->back;
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

static void push_at(struct nic *nic, uint64_t when)
{
	nic->phase = PHASE_PUSHING;
	nic->deadline = when;
}

void legacy_register(struct nic *nic, bool elsewhere, uint64_t now)
{
	bool again = nic->phase != PHASE_ABSENT && !elsewhere;

	if (again && now - nic->registered_at < LEGACY_REGISTER_MIN_MS)
		return;
	nic->registered_at = now;
	nic->epoch++;
	nic->heard = false;
	nic->lists = false;
	nic->unlisted = false;
	nic->settings_due = true;
	nic->table_known = false;
	nic->verified = 0;
	nic->tries = 0;
	nic->repairs = 0;
	push_at(nic, now);
}

void nic_confirm(struct nic *nic, uint64_t generation)
{
	nic->confirmed = generation;
	if (generation == nic->generation)
		nic->behind_since = 0;
}

void nic_absent(struct nic *nic)
{
	if (nic->v3) {
		session3_gone(nic->v3);
		return;
	}
	nic->phase = PHASE_ABSENT;
	nic->heard = false;
	nic->table_known = false;
	nic->verified = 0;
	drop_sas(nic);
	flowset_clear(&nic->table);
	listing_reset(&nic->listing, 0);
}

void nic_put_flow(struct nic *nic, const struct cvsw_flow *flow, bool modified)
{
	desired_put(&nic->desired, DESIRED_HAND, flow);
	if (modified) {
		flowset_put(&nic->modified, flow);
		timed_modified(&nic->timed, flow);
	} else {
		flowset_remove(&nic->modified, &flow->match, flow->priority);
		timed_stated(nic, flow);
	}
}

void nic_remove_flow(struct nic *nic, const struct cvsw_flow *flow)
{
	flowset_remove(&nic->modified, &flow->match, flow->priority);
	timed_stated(nic, flow);
	desired_remove(&nic->desired, DESIRED_HAND, &flow->match, flow->priority);
}

void nic_desired_changed(struct nic *nic, bool settings, uint64_t now)
{
	nic->generation++;
	nic->settings_due |= settings;
	nic->repairs = 0;
	if (!nic->behind_since)
		nic->behind_since = now;
	if (nic->v3)
		session3_changed(nic->v3);
	else if (nic->phase != PHASE_ABSENT)
		push_at(nic, now);
}

/* Is it the published driver's, which knows no LIST_ENTRIES? */
static bool never_lists(const struct nic *nic)
{
	return !nic->lists &&
	       nic->tries >= (nic->unlisted ? 1 : LEGACY_UNLISTED_TRIES);
}

/* All is sent, and there is nobody to confirm it. */
static void rest_unlisted(struct nic *nic, uint64_t now)
{
	nic->verified = nic->generation;
	nic_confirm(nic, nic->generation);
	nic->phase = PHASE_RESTING;
	nic->deadline = now + doubling(LEGACY_RECHECK_MS, nic->rests++,
				       LEGACY_UNLISTED_MAX_MS);
}

/* When it registered it had nothing; from here on it has what it is sent. */
static void settle(struct nic *nic, uint64_t now)
{
	nic->tries = 0;
	if (nic->unlisted) {
		rest_unlisted(nic, now);
		return;
	}
	nic->unlisted = true;
	nic->rests = 0;
	flowset_clear(&nic->table);
	nic->table_known = true;
	push_at(nic, now);
}

static void ask(struct nic *nic, uint64_t now)
{
	if (never_lists(nic)) {
		settle(nic, now);
		return;
	}
	listing_reset(&nic->listing, desired_flows(&nic->desired)->n + NIC_MAX_EXTRA);
	nic->phase = PHASE_ASKING;
	if (nic->tries >= LEGACY_HELLO_TRIES) {
		nic->verified = 0;
		if (!nic->answered)
			send_hello(nic);
	}
	nic->answered = false;
	if (send_plain(nic, CVSW_MSG_LIST_ENTRIES, 0))
		nic->deadline = now + doubling(LEGACY_ANSWER_MS, nic->tries++,
					       LEGACY_ANSWER_MAX_MS);
	else
		nic->deadline = now + LEGACY_NO_ROOM_MS;
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
static bool push_flows(struct nic *nic, size_t *left)
{
	const struct flowset *wanted = desired_flows(&nic->desired);
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

static void push(struct nic *nic, uint64_t now)
{
	size_t left = LEGACY_BURST;

	if ((nic->settings_due && !send_settings(nic)) || !push_sas(nic, &left) ||
	    (nic->table_known && nic_is_managed(nic) &&
	     !push_flows(nic, &left))) {
		push_at(nic, now + LEGACY_NO_ROOM_MS);
		return;
	}
	if (!left) {
		push_at(nic, now + LEGACY_BURST_PAUSE_MS);
		return;
	}
	nic->tries = 0;
	if (nic->unlisted)
		rest_unlisted(nic, now);
	else
		ask(nic, now);
}

/* A table too large to be ours: empty it, then give it what it should have. */
static void clear_nic(struct nic *nic)
{
	struct cvsw_flow all = { 0 };

	flowset_clear(&nic->table);
	nic->table_known = send_flow(nic, CVSW_MSG_DELETE_ENTRY, &all);
}

static void compare(struct nic *nic, uint64_t now)
{
	bool overflowed = listing_overflowed(&nic->listing);
	bool first = !nic->heard;

	nic->n_reported = nic->listing.n_listed;
	flowset_move(&nic->table, &nic->listing.flows);
	if (!overflowed)
		timed_compare(nic, NULL);
	nic->table_known = true;
	nic->heard = true;
	nic->unlisted = false;
	nic->tries = 0;
	nic->diff = (struct reconcile_diff){ 0, 0 };
	if (nic_is_managed(nic)) {
		nic->diff = reconcile_diff(desired_flows(&nic->desired), &nic->table);
		if (overflowed)
			nic->diff.extra = nic->n_reported - desired_flows(&nic->desired)->n;
	}
	if (!nic->diff.missing && !nic->diff.extra) {
		nic->verified = nic->generation;
		nic_confirm(nic, nic->generation);
		nic->repairs = 0;
		nic->phase = PHASE_RESTING;
		nic->deadline = now + LEGACY_RECHECK_MS;
		return;
	}
	if (!first)
		nic->n_repairs += nic->diff.missing + nic->diff.extra;
	nic->verified = 0;
	if (overflowed)
		clear_nic(nic);
	push_at(nic, nic->repairs ? now + doubling(LEGACY_REPAIR_MS, nic->repairs,
						   LEGACY_REPAIR_MAX_MS) : now);
	nic->repairs++;
}

void legacy_list(struct nic *nic, const struct cvsw_msg *msg, uint64_t now)
{
	if (nic->phase != PHASE_ASKING)
		return;		/* late: of a question that is no longer of interest */
	nic->answered = true;
	nic->lists = true;
	if (nic->deadline < now + LEGACY_ANSWER_MS)
		nic->deadline = now + LEGACY_ANSWER_MS;
	switch (listing_add(&nic->listing, msg)) {
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

void nic_run(struct nic *nic, uint64_t now)
{
	if (nic->v3) {
		session3_run(nic->v3, now);
		return;
	}
	if (now < nic_deadline(nic))
		return;
	switch (nic->phase) {
	case PHASE_ABSENT:
		break;
	case PHASE_PUSHING:
		push(nic, now);
		break;
	case PHASE_ASKING:
		ask(nic, now);
		break;
	case PHASE_RESTING:
		if (nic->unlisted) {
			ask(nic, now);
			break;
		}
		/* Version 2 confirms neither MTU nor offloads: say them again. */
		nic->settings_due = true;
		push(nic, now);
		break;
	}
}

uint64_t nic_deadline(const struct nic *nic)
{
	if (nic->v3)
		return session3_deadline(nic->v3);
	return nic->phase == PHASE_ABSENT ? UINT64_MAX : nic->deadline;
}

enum nic_state nic_state(const struct nic *nic)
{
	if (nic->v3)
		return session3_state(nic->v3);
	if (nic->phase == PHASE_ABSENT)
		return NIC_ABSENT;
	if (nic->unlisted && nic->verified == nic->generation)
		return NIC_UNLISTED;
	if (!nic->heard)
		return nic->unlisted ? NIC_LAGGING : NIC_CONNECTING;
	return nic->verified == nic->generation ? NIC_IN_SYNC : NIC_LAGGING;
}

const char *nic_state_name(enum nic_state state)
{
	static const char *const names[] = {
		[NIC_ABSENT] = "absent",
		[NIC_CONNECTING] = "connecting",
		[NIC_IN_SYNC] = "in sync",
		[NIC_LAGGING] = "lagging",
		[NIC_REFUSING] = "refusing",
		[NIC_UNLISTED] = "settled, not listed",
	};

	return names[state];
}
