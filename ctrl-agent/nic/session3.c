// SPDX-License-Identifier: GPL-2.0-or-later
#include "session3_parts.h"

#include "base/alloc.h"

/* ---- bringing the NIC to where it should be ---- */

void session3_refused(struct session3 *v3, const struct session3_request *request,
		      const struct cvsw_v3_message *answer)
{
	uint64_t n = v3->refusal.n + 1;

	session3_refusal_of(answer, request->message, request->len, &v3->refusal);
	v3->refusal.n = n;
	v3->in_sync = false;
	v3->world.event(v3->world.owner, SESSION3_REFUSED, NULL);
}

static void on_setting(struct session3 *v3, const struct session3_request *request,
		       const struct cvsw_v3_message *answer)
{
	bool refused = answer->type == CVSW_V3_ERROR;

	if (request->type == CVSW_V3_SET_MTU)
		v3->refused_mtu = refused;
	else
		v3->refused_offload = refused;
	if (refused)
		session3_refused(v3, request, answer);
}

static bool queue_setting(struct session3 *v3, uint16_t type, uint16_t value)
{
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN + 4];
	size_t len = cvsw_v3_set_encode(type, session3_next_xid(v3), value, message,
					sizeof(message));

	session3_queue(v3, message, len, on_setting);
	return true;
}

static bool queue_settings(struct session3 *v3)
{
	struct nic *nic = v3->nic;
	uint16_t offload;
	bool any = false;

	if (!nic->settings_due)
		return false;
	nic->settings_due = false;
	v3->refused_mtu = v3->refused_offload = false;
	if (nic_wanted_mtu(nic))
		any = queue_setting(v3, CVSW_V3_SET_MTU, nic_wanted_mtu(nic));
	if (nic_wanted_offload(nic, &offload))
		any = queue_setting(v3, CVSW_V3_SET_OFFLOAD, offload);
	return any;
}

/*
 * A key that it did not take: whoever waits for it (ways.c) makes a new one.  One that was
 * to go and is not there: as it should be.
 */
static void on_sa(struct session3 *v3, const struct session3_request *request,
		  const struct cvsw_v3_message *answer)
{
	if (answer->type != CVSW_V3_ERROR || answer->error == CVSW_V3_ERR_SA_UNKNOWN)
		return;
	v3->nic->refused_spi = request->spi;
	v3->nic->refused_direction = request->direction;
	v3->world.event(v3->world.owner, SESSION3_SA_REFUSED, NULL);
	session3_refused(v3, request, answer);
}

static bool queue_sas(struct session3 *v3)
{
	struct nic_sas *sas = &v3->nic->sas;
	struct session3_request *request;
	const struct cvsw_sa *sa;
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN + CVSW_SA_MAX_LEN];
	bool any = !STAILQ_EMPTY(sas);
	size_t len;

	while (!STAILQ_EMPTY(sas)) {
		sa = &STAILQ_FIRST(sas)->sa;
		len = cvsw_v3_set_sa_encode(session3_next_xid(v3), sa, message, sizeof(message));
		request = session3_queue(v3, message, len, on_sa);
		request->spi = sa->spi;
		request->direction = sa->direction;
		nic_drop_first_sa(v3->nic);
	}
	explicit_bzero(message, sizeof(message));
	return any;
}

static void settle(struct session3 *v3, uint64_t generation)
{
	struct nic *nic = v3->nic;
	bool refuses = session3_n_refused(v3);

	v3->changing = false;
	v3->settled = generation;
	nic->diff = (struct reconcile_diff){ .missing = v3->refused.n };
	if (generation == nic->generation)
		flowset_clear(&nic->modified);
	nic_confirm(nic, generation);
	/* What is refused it lacks, and so does whoever waits for it (ways.c). */
	if (!v3->refused.n)
		nic->verified = generation;
	if (!v3->in_sync && !refuses && generation == nic->generation) {
		v3->in_sync = true;
		v3->world.event(v3->world.owner, SESSION3_SYNCED, NULL);
	}
}

static bool is_due(const struct session3 *v3)
{
	const struct nic *nic = v3->nic;

	return v3->conversing && v3->table_known && !v3->changing && !v3->stuck &&
	       (v3->settled != nic->generation || nic->settings_due ||
		!STAILQ_EMPTY(&nic->sas));
}

/* Keys first, then the flows that use them. */
static void push(struct session3 *v3)
{
	struct nic *nic = v3->nic;
	bool any = queue_settings(v3);

	any |= queue_sas(v3);
	v3->failed = false;
	if (nic_is_managed(nic))
		any |= session3_queue_flows(v3);
	v3->changing = true;
	if (any)
		TAILQ_LAST(&v3->requests, session3_requests)->settles =
			nic->generation;
	else
		settle(v3, nic->generation);
}

void session3_look_again(struct session3 *v3)
{
	v3->relist = false;
	v3->table_known = false;
	v3->settled = v3->nic->verified = 0;
	v3->list_at = pace_due(&v3->looks, SESSION3_LOOK_BURST, SESSION3_LOOK_MS) ?: v3->now;
	pace_took(&v3->looks, SESSION3_LOOK_MS, v3->now);
}

/* The last request of a generation was answered. */
static void on_settled(struct session3 *v3, uint64_t generation)
{
	v3->changing = false;
	timed_arrived(&v3->nic->timed, !v3->failed);
	if (!v3->failed)
		settle(v3, generation);
	if (v3->failed || v3->relist)
		session3_look_again(v3);
}

static void try_again(struct session3 *v3)
{
	flowset_clear(&v3->refused);
	v3->stuck = false;
	v3->settled = 0;
}

void session3_changed(struct session3 *v3)
{
	flowset_clear(&v3->refused);
	v3->stuck = false;
}

/* ---- what comes from the NIC ---- */

static void on_capabilities(struct session3 *v3, const struct session3_request *request,
			    const struct cvsw_v3_message *answer)
{
	struct cvsw_v3_capabilities *can = &v3->capabilities;
	size_t offset;

	(void)request;
	v3->have_capabilities = answer->type == CVSW_V3_CAPABILITIES + 1 &&
				!cvsw_v3_capabilities_decode(answer, can, &offset);
	if (!v3->have_capabilities)
		return;
	snprintf(v3->release, sizeof(v3->release), "%.*s", (int)can->release_len, can->release);
	can->release = NULL;
}

static void take_messages(struct session3 *v3)
{
	struct cvsw_v3_message message;
	size_t len, offset;
	uint64_t settles;
	bool too_long;

	while ((len = cvsw_v3_take(&v3->end, v3->message, &too_long))) {
		if (too_long || cvsw_v3_message_decode(v3->message, len, &message, &offset) ||
		    cvsw_v3_is_request(message.type)) {
			session3_not_expected(v3);
		} else if (!message.xid) {
			session3_take_unasked(v3, &message);
		} else if ((settles = session3_take_answer(v3, &message))) {
			on_settled(v3, settles);
		}
	}
}

/* ---- conversations ---- */

static void begin_conversation(struct session3 *v3)
{
	struct nic *nic = v3->nic;
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN];
	size_t len;

	session3_drop_requests(v3);
	while (!STAILQ_EMPTY(&nic->sas))
		nic_drop_first_sa(nic);
	v3->conversing = true;
	v3->changing = v3->table_known = v3->replace = v3->have_capabilities = false;
	v3->stuck = v3->relist = v3->in_sync = v3->was_silent = false;
	v3->capabilities = (struct cvsw_v3_capabilities){ 0 };
	timed_arrived(&nic->timed, false);
	v3->settled = nic->verified = 0;
	v3->list_at = v3->retry_at = 0;
	flowset_clear(&v3->refused);
	nic->heard = false;
	nic->settings_due = true;
	nic->epoch++;
	len = cvsw_v3_plain_encode(CVSW_V3_CAPABILITIES, session3_next_xid(v3), message,
				   sizeof(message));
	session3_queue(v3, message, len, on_capabilities);
	session3_queue_list(v3);
}

/* Heard again: nobody knows what happened to its table meanwhile. */
static void come_back(struct session3 *v3)
{
	if (!v3->was_silent)
		return;
	v3->was_silent = false;
	if (v3->changing)
		v3->relist = true;
	else if (v3->table_known)
		session3_look_again(v3);
}

/* cvsw_v3_caller's: from within the end, so only notes are taken here. */
static void on_event(void *arg, enum cvsw_v3_event event)
{
	static const enum session3_event names[] = {
		[CVSW_V3_EVENT_FRESH] = SESSION3_REGISTERED,
		[CVSW_V3_EVENT_REKEYED] = SESSION3_REKEYED,
		[CVSW_V3_EVENT_SILENT] = SESSION3_SILENT,
		[CVSW_V3_EVENT_HEARD] = SESSION3_HEARD,
		[CVSW_V3_EVENT_DISAGREED] = SESSION3_DISAGREED,
	};
	struct session3 *v3 = arg;

	if (event == CVSW_V3_EVENT_FRESH)
		begin_conversation(v3);
	else if (event == CVSW_V3_EVENT_SILENT)
		v3->was_silent = true;
	else if (event != CVSW_V3_EVENT_DISAGREED)
		come_back(v3);
	v3->world.event(v3->world.owner, names[event], NULL);
}

static void on_send(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	struct session3 *v3 = arg;

	v3->world.send(v3->world.owner, frame, len, place);
}

static void on_packet_in(void *arg, const uint8_t *content, size_t len)
{
	struct session3 *v3 = arg;
	struct cvsw_v3_message message = { .body = content, .len = len };

	v3->world.event(v3->world.owner, SESSION3_PACKET_IN, &message);
}

static void on_keys(void *arg, const struct cvsw_v3_keys *keys)
{
	struct session3 *v3 = arg;

	v3->world.log_keys(v3->world.owner, keys);
}

struct session3 *session3_new(struct nic *nic, const struct session3_world *world,
			      uint32_t number, const uint8_t psk[CVSW_V3_KEY_LEN])
{
	struct session3 *v3 = xcalloc(1, sizeof(*v3));

	v3->nic = nic;
	v3->world = *world;
	v3->caller = (struct cvsw_v3_caller){ on_send, on_event, on_packet_in, v3 };
	TAILQ_INIT(&v3->requests);
	flowset_init(&v3->listed);
	flowset_init(&v3->refused);
	cvsw_v3_controller_init(&v3->end, world->crypto, &v3->caller, world->guard, nic->mac,
				psk, number);
	if (world->log_keys)
		cvsw_v3_log_keys(&v3->end, on_keys);
	return v3;
}

void session3_free(struct session3 *v3)
{
	session3_drop_requests(v3);
	flowset_clear(&v3->listed);
	flowset_clear(&v3->refused);
	cvsw_v3_end_free(&v3->end);
	explicit_bzero(v3->message, sizeof(v3->message));
	free(v3);
}

enum cvsw_v3_drop session3_receive(struct session3 *v3, uint8_t *frame, size_t len,
				   uint64_t place, uint64_t now)
{
	v3->now = now;
	return cvsw_v3_receive(&v3->end, frame, len, place, now);
}

void session3_gone(struct session3 *v3)
{
	v3->gone = true;
}

void session3_here(struct session3 *v3)
{
	v3->gone = false;
}

void session3_run(struct session3 *v3, uint64_t now)
{
	v3->now = now;
	if (v3->gone)
		return;
	if (v3->retry_at && now >= v3->retry_at) {
		v3->retry_at = 0;
		try_again(v3);
	}
	take_messages(v3);
	if (v3->list_at && now >= v3->list_at)
		session3_queue_list(v3);
	if (is_due(v3))
		push(v3);
	session3_send_requests(v3);
	cvsw_v3_run(&v3->end, now);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return b && b < a ? b : a;
}

uint64_t session3_deadline(const struct session3 *v3)
{
	if (v3->gone)
		return UINT64_MAX;
	return sooner(sooner(cvsw_v3_deadline(&v3->end), v3->retry_at), v3->list_at);
}

/* ---- what is known of it ---- */

bool session3_talks(const struct session3 *v3)
{
	return v3->conversing;
}

bool session3_is_there(const struct session3 *v3)
{
	return v3->conversing && !v3->gone && !v3->end.silent && cvsw_v3_up(&v3->end);
}

enum nic_state session3_state(const struct session3 *v3)
{
	const struct nic *nic = v3->nic;

	if (!session3_is_there(v3))
		return NIC_ABSENT;
	if (!nic->heard || cvsw_v3_waits(&v3->end))
		return NIC_CONNECTING;
	if (session3_n_refused(v3))
		return v3->settled == nic->generation ? NIC_REFUSING : NIC_LAGGING;
	return nic->verified == nic->generation ? NIC_IN_SYNC : NIC_LAGGING;
}

uint64_t session3_place(const struct session3 *v3)
{
	return v3->end.place;
}

uint64_t session3_settled(const struct session3 *v3)
{
	return v3->settled;
}

size_t session3_n_refused(const struct session3 *v3)
{
	return v3->refused.n + v3->refused_mtu + v3->refused_offload + v3->stuck;
}

size_t session3_n_refused_flows(const struct session3 *v3)
{
	return v3->refused.n;
}

bool session3_refuses_flow(const struct session3 *v3, const struct cvsw_flow *flow)
{
	const struct cvsw_flow *refused = flowset_find(&v3->refused, &flow->match, flow->priority);

	return refused && cvsw_flow_equal(refused, flow);
}

bool session3_is_stuck(const struct session3 *v3)
{
	return v3->stuck;
}

bool session3_refuses_mtu(const struct session3 *v3)
{
	return v3->refused_mtu;
}

bool session3_refuses_offload(const struct session3 *v3)
{
	return v3->refused_offload;
}

const struct session3_refusal *session3_refusal(const struct session3 *v3)
{
	return &v3->refusal;
}

const struct session3_removed *session3_removed(const struct session3 *v3)
{
	return v3->removed;
}

const struct cvsw_v3_capabilities *session3_capabilities(const struct session3 *v3)
{
	return v3->have_capabilities ? &v3->capabilities : NULL;
}

const char *session3_release(const struct session3 *v3)
{
	return v3->release;
}

uint64_t session3_n_unexpected(const struct session3 *v3)
{
	return v3->n_unexpected;
}

uint32_t session3_rtt(const struct session3 *v3)
{
	return cvsw_v3_rtt(&v3->end);
}

uint64_t session3_n_keys(const struct session3 *v3)
{
	return v3->end.n_sessions;
}
