// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeping a change of an overlay, and answering when NICs and ways are done with it. */
#include "base/alloc.h"
#include "report.h"
#include "request_overlay_parts.h"
#include "store/state.h"

/* A client that waits until an overlay, and NICs that it concerns, are done. */
struct overlay_waiter {
	LIST_ENTRY(overlay_waiter) in_list;
	struct agent *agent;
	struct client *client;
	struct event *timer;
	bool not_kept;
	char name[OVERLAY_NAME_LEN + 1];
	size_t n;
	uint8_t macs[OVERLAY_MAX_MEMBERS][CVSW_ETH_ALEN];
};

static LIST_HEAD(, overlay_waiter) waiters = LIST_HEAD_INITIALIZER(waiters);

/* ---- answers ---- */

static void waiter_free(struct overlay_waiter *waiter)
{
	LIST_REMOVE(waiter, in_list);
	event_free(waiter->timer);
	free(waiter);
}

/* Does it have all that its overlay needs? */
static bool has_all(const struct nic *nic)
{
	return nic_state(nic) != NIC_ABSENT &&
	       nic->verified == nic->generation &&
	       !nic->refused.mtu;
}

/* @there: did none of them have to be left out because it is absent, or refuses something? */
static bool nics_done(const struct overlay_waiter *waiter, bool *there)
{
	bool done = true;

	*there = true;
	for (size_t i = 0; i < waiter->n; i++) {
		struct nic *nic = nics_find(&waiter->agent->nics, waiter->macs[i]);
		enum nic_state state = nic ? nic_state(nic) : NIC_ABSENT;

		*there = *there && nic && has_all(nic);
		done = done && state != NIC_CONNECTING && state != NIC_LAGGING;
	}
	return done;
}

enum outcome {
	OUTCOME_ACCEPTED,	/* nobody waits for it */
	OUTCOME_DONE,
	OUTCOME_ABSENT,		/* done, as far as NICs are there and do not refuse */
	OUTCOME_LATE,
};

static void warn_refusals(json_t *answer, const struct overlay_waiter *waiter)
{
	for (size_t i = 0; i < waiter->n; i++) {
		struct nic *nic = nics_find(&waiter->agent->nics, waiter->macs[i]);

		if (nic && nic_state(nic) == NIC_REFUSING)
			request_warn(answer, REQUEST_NIC_REFUSES, "NIC " MAC_FORMAT " refuses it: %s",
				     MAC_BYTES(waiter->macs[i]),
				     nic->refusal.text);
	}
}

static void waiter_answer(struct overlay_waiter *waiter, enum outcome outcome)
{
	struct overlay *overlay = overlays_find(&waiter->agent->overlays, waiter->name);
	json_t *answer = json_pack("{s:b, s:b, s:s}", "ok", 1, "synced", outcome == OUTCOME_DONE,
				   "name", waiter->name);
	struct client *client = waiter->client;

	if (overlay)
		json_object_set_new(answer, "overlay", report_overlay(overlay));
	if (waiter->not_kept)
		request_warn(answer, REQUEST_NOT_KEPT, REQUEST_NOT_KEPT_TEXT);
	if (outcome == OUTCOME_LATE)
		request_warn(answer, REQUEST_NOT_CONFIRMED,
			     "not all NICs confirmed it in time; cvswd goes on trying");
	if (outcome == OUTCOME_ABSENT || outcome == OUTCOME_LATE)
		warn_refusals(answer, waiter);
	waiter_free(waiter);
	client_answer(client, answer);
}

static bool answer_if_done(struct overlay_waiter *waiter)
{
	struct overlay *overlay = overlays_find(&waiter->agent->overlays, waiter->name);
	bool there;

	if (!nics_done(waiter, &there) || (overlay && !ways_settled(overlay)))
		return false;
	waiter_answer(waiter, there ? OUTCOME_DONE : OUTCOME_ABSENT);
	return true;
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	waiter_answer(arg, OUTCOME_LATE);
}

void request_overlays_settled(struct agent *agent)
{
	struct overlay_waiter *waiter, *next;

	(void)agent;
	for (waiter = LIST_FIRST(&waiters); waiter; waiter = next) {
		next = LIST_NEXT(waiter, in_list);
		answer_if_done(waiter);
	}
}

void request_overlay_cancel(struct client *client)
{
	struct overlay_waiter *waiter;

	LIST_FOREACH(waiter, &waiters, in_list)
		if (waiter->client == client)
			break;
	if (waiter)
		waiter_free(waiter);
}

struct overlay_waiter *request_overlay_waiter(const struct request *request,
					  const struct overlay *overlay)
{
	struct overlay_waiter *waiter = xcalloc(1, sizeof(*waiter));
	const struct overlay_member *member;

	waiter->agent = request->agent;
	waiter->client = request->client;
	waiter->timer = alloc_checked(evtimer_new(request->agent->base, on_timeout, waiter));
	snprintf(waiter->name, sizeof(waiter->name), "%s", overlay->config.name);
	overlay_each(member, overlay)
		memcpy(waiter->macs[waiter->n++], member->macs[0], CVSW_ETH_ALEN);
	return waiter;
}

/* The overlay, and what is stated for those who left it. */
static bool keep(struct agent *agent, const struct overlay_waiter *waiter)
{
	const struct overlay *overlay = overlays_find(&agent->overlays, waiter->name);

	state_begin(agent);
	if (overlay)
		state_put_overlay(agent, overlay);
	else
		state_delete_overlay(agent, waiter->name);
	for (size_t i = 0; i < waiter->n; i++) {
		const struct nic *nic = nics_find(&agent->nics, waiter->macs[i]);

		if (nic)
			state_put_nic(agent, nic);
	}
	return state_commit(agent);
}

void request_overlay_finish(const struct request *request, struct overlay_waiter *waiter)
{
	struct timeval wait = request_time(request);

	waiter->not_kept = !keep(request->agent, waiter);
	overlays_tell(&request->agent->overlays);
	/* Not before: it would be answered, and gone, when the first NIC is done. */
	LIST_INSERT_HEAD(&waiters, waiter, in_list);
	if (!request_is(request, "wait"))
		waiter_answer(waiter, OUTCOME_ACCEPTED);
	else if (!answer_if_done(waiter))
		event_add(waiter->timer, &wait);
}
