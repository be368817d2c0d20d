// SPDX-License-Identifier: GPL-2.0
/* Clients that wait until a NIC has what it was just told, and how that went. */
#include "alloc.h"
#include "intent.h"
#include "log.h"
#include "report.h"
#include "request.h"
#include "request_parts.h"
#include "state.h"

/**
 * struct waiter - a client that waits
 * @asked: its request, in which what a NIC refuses is looked up
 */
struct waiter {
	LIST_ENTRY(waiter) in_list;
	struct agent *agent;
	struct client *client;
	struct event *timer;
	uint8_t mac[CVSW_ETH_ALEN];
	uint64_t generation;
	json_t *asked;
};

static LIST_HEAD(, waiter) waiters = LIST_HEAD_INITIALIZER(waiters);

static void waiter_free(struct waiter *waiter)
{
	LIST_REMOVE(waiter, in_list);
	event_free(waiter->timer);
	json_decref(waiter->asked);
	free(waiter);
}

/* ---- what a NIC refused ---- */

static bool refuses_flow(const struct session3 *v3, const json_t *asked)
{
	const json_t *texts = json_object_get(asked, "flows"), *text;
	struct cvsw_text_error error;
	struct cvsw_flow flow;
	size_t i;

	/* Of mod-flows, which says no whole flows: any. */
	if (json_object_get(asked, "flow"))
		return session3_n_refused_flows(v3);
	json_array_foreach(texts, i, text) {
		if (!intent_parse_flow(json_string_value(text), &flow, &error))
			continue;
		flow.flags &= ~CVSW_FLOW_CHECK_OVERLAP;
		if (session3_refuses_flow(v3, &flow))
			return true;
	}
	return false;
}

/* Of this request; of an earlier one somebody else was told. */
static bool is_refused(const struct nic *nic, const json_t *asked)
{
	const struct session3 *v3 = nic->session.v3;

	if (!v3 || !session3_n_refused(v3))
		return false;
	return session3_is_stuck(v3) ||
	       (json_object_get(asked, "mtu") && session3_refuses_mtu(v3)) ||
	       (json_object_get(asked, "offload") && session3_refuses_offload(v3)) ||
	       refuses_flow(v3, asked);
}

json_t *request_refusal(const struct nic *nic, const struct session3_refusal *refusal)
{
	return json_pack("{s:b, s:o, s:o, s:o}", "ok", 0, "error",
			 json_sprintf("NIC " MAC_FORMAT " refuses it: %s",
				      MAC_BYTES(nic->session.mac), refusal->text),
			 "refusal", report_refusal(refusal), "nic", report_nic(nic));
}

/* ---- waiting ---- */

static json_t *status(const struct nic *nic, bool synced)
{
	return json_pack("{s:b, s:b, s:o}", "ok", 1, "synced", synced, "nic", report_nic(nic));
}

static json_t *outcome(const struct nic *nic, const json_t *asked, bool done)
{
	if (done && is_refused(nic, asked))
		return request_refusal(nic, session3_refusal(nic->session.v3));
	return status(nic, done && session_state(&nic->session) != SESSION_ABSENT);
}

static void waiter_answer(struct waiter *waiter, const struct nic *nic, bool done)
{
	struct client *client = waiter->client;
	json_t *answer = outcome(nic, waiter->asked, done);

	waiter_free(waiter);
	client_answer(client, answer);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct waiter *waiter = arg;
	struct nic *nic = nics_find(&waiter->agent->nics, waiter->mac);

	(void)fd;
	(void)what;
	if (nic) {
		waiter_answer(waiter, nic, false);
	} else {
		struct request gone = { .client = waiter->client };

		waiter_free(waiter);
		request_refuse(&gone, "the NIC has gone");
	}
}

/* In version 3, that every request was answered; perhaps by a refusal. */
static bool is_done(const struct session *session, uint64_t generation)
{
	return (session->v3 ? session3_settled(session->v3) : session->verified) >= generation;
}

void request_nic_changed(void *owner, struct nic *nic)
{
	bool absent = session_state(&nic->session) == SESSION_ABSENT;
	struct waiter *waiter, *next;

	state_keep_timed(owner, nic);
	overlays_poke(&((struct agent *)owner)->overlays);
	request_overlays_settled(owner);
	for (waiter = LIST_FIRST(&waiters); waiter; waiter = next) {
		next = LIST_NEXT(waiter, in_list);
		if (memcmp(waiter->mac, nic->session.mac, CVSW_ETH_ALEN))
			continue;
		if (absent || is_done(&nic->session, waiter->generation))
			waiter_answer(waiter, nic, true);
	}
}

bool request_wait_cancel(struct client *client)
{
	struct waiter *waiter;

	LIST_FOREACH(waiter, &waiters, in_list)
		if (waiter->client == client)
			break;
	if (waiter)
		waiter_free(waiter);
	return waiter;
}

void request_answer_changed(const struct request *request, struct nic *nic)
{
	const struct session *session = &nic->session;
	struct timeval wait = request_time(request);
	struct waiter *waiter;

	if (!request_is(request, "wait") || session_state(session) == SESSION_ABSENT) {
		client_answer(request->client, status(nic, false));
		return;
	}
	if (is_done(session, session->generation)) {
		client_answer(request->client, outcome(nic, request->json, true));
		return;
	}
	waiter = xcalloc(1, sizeof(*waiter));
	waiter->agent = request->agent;
	waiter->client = request->client;
	waiter->generation = session->generation;
	waiter->asked = json_incref((json_t *)request->json);
	memcpy(waiter->mac, session->mac, CVSW_ETH_ALEN);
	waiter->timer = alloc_checked(evtimer_new(request->agent->base, on_timeout, waiter));
	event_add(waiter->timer, &wait);
	LIST_INSERT_HEAD(&waiters, waiter, in_list);
}
