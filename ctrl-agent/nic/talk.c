// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include "base/alloc.h"

uint8_t talk_message[CVSW_V3_MESSAGE_MAX];

/* ---- bringing the NIC to where it should be ---- */

void talk_refused(struct talk *talk, const struct talk_request *request,
		  const struct cvsw_v3_message *answer)
{
	struct nic_refusal refusal;

	nic_refusal_of(answer, request->message, request->len, &refusal);
	nic_refused_it(talk->nic, &refusal);
}

static void on_setting(struct talk *talk, const struct talk_request *request,
		       const struct cvsw_v3_message *answer)
{
	bool refused = answer->type == CVSW_V3_ERROR;

	if (request->type == CVSW_V3_SET_MTU)
		talk->nic->refused.mtu = refused;
	else
		talk->nic->refused.offload = refused;
	if (refused)
		talk_refused(talk, request, answer);
}

static bool queue_setting(struct talk *talk, uint16_t type, uint16_t value)
{
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN + 4];
	size_t len = cvsw_v3_set_encode(type, talk_next_xid(talk), value, message,
					sizeof(message));

	talk_queue(talk, message, len, on_setting);
	return true;
}

static bool queue_settings(struct talk *talk)
{
	struct nic *nic = talk->nic;
	uint16_t offload;
	bool any = false;

	if (!nic->settings_due)
		return false;
	nic->settings_due = false;
	nic->refused.mtu = nic->refused.offload = false;
	if (nic_wanted_mtu(nic))
		any = queue_setting(talk, CVSW_V3_SET_MTU, nic_wanted_mtu(nic));
	if (nic_wanted_offload(nic, &offload))
		any = queue_setting(talk, CVSW_V3_SET_OFFLOAD, offload);
	return any;
}

static void settle(struct talk *talk, uint64_t generation)
{
	struct nic *nic = talk->nic;

	talk->phase = TALK_SETTLED;
	nic->settled = generation;
	nic->diff = (struct nic_diff){
		.missing = nic->refused.flows.n + nic->refused.groups.n,
	};
	if (generation == nic->generation)
		flowset_clear(&nic->modified);
	nic_confirm(nic, generation);
	/* The NIC lacks what it refuses, so ways.c must not count on it. */
	if (!nic->refused.flows.n && !nic->refused.groups.n)
		nic->verified = generation;
	if (!nic_n_refused(nic) && generation == nic->generation)
		nic_tell_synced(nic);
}

static bool is_due(const struct talk *talk)
{
	const struct nic *nic = talk->nic;

	return talk->phase == TALK_SETTLED && !nic->refused.stuck &&
	       (nic->settled != nic->generation || nic->settings_due ||
		!STAILQ_EMPTY(&nic->sas));
}

/* Keys first, then the flows that use them. */
static void push(struct talk *talk)
{
	struct nic *nic = talk->nic;
	bool any = queue_settings(talk);

	any |= talk_queue_sas(talk);
	talk->phase = TALK_CHANGING;
	if (nic_is_managed(nic))
		any |= talk_queue_flows(talk);
	if (any)
		TAILQ_LAST(&talk->requests, talk_requests)->settles = nic->generation;
	else
		settle(talk, nic->generation);
}

static void look_again(struct talk *talk)
{
	talk->phase = TALK_LISTING;
	talk->nic->settled = talk->nic->verified = 0;
	talk->list_at = pace_due(&talk->looks, TALK_LOOK_BURST, TALK_LOOK_MS) ?: talk->now;
	pace_took(&talk->looks, TALK_LOOK_MS, talk->now);
}

void talk_table_changed(struct talk *talk)
{
	if (talk->phase == TALK_CHANGING)
		talk->phase = TALK_OVERTAKEN;
	else if (talk->phase == TALK_SETTLED)
		look_again(talk);
}

/* The last request of a generation was answered. */
static void on_settled(struct talk *talk, uint64_t generation)
{
	enum talk_phase ended = talk->phase;

	timed_arrived(&talk->nic->timed, ended != TALK_FAILED);
	if (ended != TALK_FAILED)
		settle(talk, generation);
	if (ended != TALK_CHANGING)
		look_again(talk);
}

/* Perhaps it takes now what it refused before. */
static void on_changed(struct nic *nic, uint64_t now)
{
	(void)now;
	nic_refuses_nothing(nic);
	nic->refused.stuck = false;
}

/* ---- what comes from the NIC ---- */

static void on_capabilities(struct talk *talk, const struct talk_request *request,
			    const struct cvsw_v3_message *answer)
{
	struct nic *nic = talk->nic;
	struct cvsw_v3_capabilities *can = &nic->can;
	size_t offset;

	(void)request;
	nic->can_known = answer->type == CVSW_V3_CAPABILITIES + 1 &&
			 !cvsw_v3_capabilities_decode(answer, can, &offset);
	if (!nic->can_known)
		return;
	snprintf(nic->release, sizeof(nic->release), "%.*s", (int)can->release_len, can->release);
	can->release = NULL;
	if (talk->listing && nic_has_groups(nic))
		talk_queue_list_groups(talk);
}

static void take_messages(struct talk *talk)
{
	struct cvsw_v3_message message;
	size_t len, offset;
	uint64_t settles;
	bool too_long;

	while ((len = cvsw_v3_take(&talk->end, talk_message, &too_long))) {
		if (too_long || cvsw_v3_message_decode(talk_message, len, &message, &offset) ||
		    cvsw_v3_is_request(message.type)) {
			talk_not_expected(talk);
		} else if (!message.xid) {
			talk_take_unasked(talk, &message);
		} else if ((settles = talk_take_answer(talk, &message))) {
			on_settled(talk, settles);
		}
	}
}

/* ---- conversations ---- */

static void begin_conversation(struct talk *talk)
{
	struct nic *nic = talk->nic;
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN];
	size_t len;

	talk_drop_requests(talk);
	nic_drop_sas(nic);
	talk->phase = TALK_LISTING;
	talk->replace = talk->was_silent = false;
	nic->refused.stuck = nic->can_known = nic->said_synced = false;
	nic->can = (struct cvsw_v3_capabilities){ 0 };
	timed_arrived(&nic->timed, false);
	nic->settled = nic->verified = 0;
	talk->list_at = talk->retry_at = 0;
	nic_refuses_nothing(nic);
	nic->heard = false;
	nic->settings_due = true;
	nic->epoch++;
	len = cvsw_v3_plain_encode(CVSW_V3_CAPABILITIES, talk_next_xid(talk), message,
				   sizeof(message));
	talk_queue(talk, message, len, on_capabilities);
	if (nic->ask_sas)
		talk_queue_list_sas(talk);
	talk_queue_list(talk);
}

/* It is heard again: its table may have changed during the silence. */
static void come_back(struct talk *talk)
{
	if (talk->was_silent)
		talk_table_changed(talk);
	talk->was_silent = false;
}

/* cvsw_v3_caller's: called from within the end, so it does not call the end again. */
static void on_event(void *arg, enum cvsw_v3_event event)
{
	static const enum hub_what names[] = {
		[CVSW_V3_EVENT_FRESH] = HUB_REGISTERED,
		[CVSW_V3_EVENT_REKEYED] = HUB_REKEYED,
		[CVSW_V3_EVENT_SILENT] = HUB_SILENT,
		[CVSW_V3_EVENT_HEARD] = HUB_HEARD,
		[CVSW_V3_EVENT_DISAGREED] = HUB_DISAGREED,
	};
	struct talk *talk = arg;

	if (event == CVSW_V3_EVENT_FRESH)
		begin_conversation(talk);
	else if (event == CVSW_V3_EVENT_SILENT)
		talk->was_silent = true;
	else if (event != CVSW_V3_EVENT_DISAGREED)
		come_back(talk);
	nic_tell(talk->nic, names[event]);
}

static void on_send(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	struct talk *talk = arg;

	/* No room: as if the network had lost it. */
	talk->nic->world->send(talk->nic, frame, len, place);
}

static void on_packet_in(void *arg, const uint8_t *content, size_t len)
{
	struct talk *talk = arg;
	struct cvsw_v3_message message = { .body = content, .len = len };

	talk->nic->world->event(&(struct hub_event){
		.what = HUB_PACKET_IN, .nic = talk->nic, .message = &message,
	});
}

static void on_keys(void *arg, const struct cvsw_v3_keys *keys)
{
	struct talk *talk = arg;

	talk->nic->world->log_keys(keys);
}

static void run(struct nic *nic, uint64_t now)
{
	struct talk *talk = talk_of(nic);

	talk->now = now;
	if (talk->gone)
		return;
	if (talk->retry_at && now >= talk->retry_at) {
		talk->retry_at = 0;
		on_changed(nic, now);
		nic->settled = 0;
	}
	take_messages(talk);
	if (talk->list_at && now >= talk->list_at)
		talk_queue_list(talk);
	if (is_due(talk))
		push(talk);
	talk_send_requests(talk);
	cvsw_v3_run(&talk->end, now);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return b && b < a ? b : a;
}

static uint64_t deadline(const struct nic *nic)
{
	const struct talk *talk = talk_of(nic);

	if (talk->gone)
		return UINT64_MAX;
	return sooner(sooner(cvsw_v3_deadline(&talk->end), talk->retry_at), talk->list_at);
}

/* ---- the face ---- */

static bool talks(const struct nic *nic)
{
	return talk_of(nic)->phase != TALK_NONE;
}

static bool is_there(const struct talk *talk)
{
	return talk->phase != TALK_NONE && !talk->gone && !talk->end.silent &&
	       cvsw_v3_up(&talk->end);
}

static enum nic_state state(const struct nic *nic)
{
	const struct talk *talk = talk_of(nic);

	if (!is_there(talk))
		return NIC_ABSENT;
	if (!nic->heard || cvsw_v3_waits(&talk->end))
		return NIC_CONNECTING;
	if (nic_n_refused(nic))
		return nic->settled == nic->generation ? NIC_REFUSING : NIC_LAGGING;
	return nic->verified == nic->generation ? NIC_IN_SYNC : NIC_LAGGING;
}

static void on_gone(struct nic *nic)
{
	talk_of(nic)->gone = true;
}

static void facts(const struct nic *nic, struct nic_facts *facts)
{
	const struct talk *talk = talk_of(nic);

	*facts = (struct nic_facts){
		.n_keys = talk->end.n_sessions, .rtt = cvsw_v3_rtt(&talk->end),
		.n_unexpected = talk->n_unexpected,
	};
}

/* Wipes its keys. */
static void free_link(struct nic *nic)
{
	struct talk *talk = talk_of(nic);

	talk_drop_requests(talk);
	flowset_clear(&talk->listed);
	groupset_clear(&talk->listed_groups);
	free(talk->seen);
	free(talk->sas);
	cvsw_v3_end_free(&talk->end);
	free(talk);
}

static const struct link_ops ops = {
	.version = 3,
	.confirms = true,
	.free = free_link,
	.gone = on_gone,
	.changed = on_changed,
	.made_begin = talk_made_begin,
	.made = talk_made,
	.run = run,
	.deadline = deadline,
	.state = state,
	.talks = talks,
	.ask = talk_ask,
	.forget = talk_forget,
	.facts = facts,
};

void talk_new(struct nic *nic, uint32_t number, const uint8_t psk[CVSW_V3_KEY_LEN])
{
	struct talk *talk = xcalloc(1, sizeof(*talk));

	talk->link.ops = &ops;
	talk->nic = nic;
	talk->caller = (struct cvsw_v3_caller){ on_send, on_event, on_packet_in, talk };
	TAILQ_INIT(&talk->requests);
	flowset_init(&talk->listed);
	cvsw_v3_controller_init(&talk->end, nic->world->crypto, &talk->caller, nic->world->guard,
				nic->mac, psk, number);
	if (nic->world->log_keys)
		cvsw_v3_log_keys(&talk->end, on_keys);
	nic->link = &talk->link;
}

enum cvsw_v3_drop talk_receive(struct nic *nic, uint8_t *frame, size_t len, uint64_t place,
			       uint64_t now)
{
	struct talk *talk = talk_of(nic);

	talk->now = now;
	return cvsw_v3_receive(&talk->end, frame, len, place, now);
}

bool talk_proves(struct nic *nic, const uint8_t *frame)
{
	return cvsw_v3_proves(&talk_of(nic)->end, frame);
}

void talk_here(struct nic *nic)
{
	talk_of(nic)->gone = false;
}

uint64_t talk_place(const struct nic *nic)
{
	return talk_of(nic)->end.place;
}
