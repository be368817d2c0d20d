// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeping a change of an overlay, and answering when NICs and ways are done with it. */
#include "base/alloc.h"
#include "report.h"
#include "request_overlay.h"
#include "wait.h"

/* A client that waits until an overlay, and NICs that it concerns, are done. */
struct overlay_waiter {
	struct waiter waiter;
	bool not_kept;
	char name[OVERLAY_NAME_LEN + 1];
	size_t n;
	uint8_t macs[OVERLAY_MAX_MEMBERS][CVSW_ETH_ALEN];
};

static struct nic *nic_of(const struct overlay_waiter *waiter, size_t i)
{
	return nics_find(&waiter->waiter.agent->nics, waiter->macs[i]);
}

/* ---- answers ---- */

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
		struct nic *nic = nic_of(waiter, i);
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
		struct nic *nic = nic_of(waiter, i);

		if (nic && nic_state(nic) == NIC_REFUSING)
			request_warn(answer, REQUEST_NIC_REFUSES, "NIC " MAC_FORMAT " refuses it: %s",
				     MAC_BYTES(waiter->macs[i]),
				     nic->refusal.text);
	}
}

static json_t *answer_of(const struct overlay_waiter *waiter, enum outcome outcome)
{
	struct overlay *overlay = overlays_find(&waiter->waiter.agent->overlays, waiter->name);
	json_t *answer = json_pack("{s:b, s:b, s:s}", "ok", 1, "synced", outcome == OUTCOME_DONE,
				   "name", waiter->name);

	if (overlay)
		json_object_set_new(answer, "overlay", report_overlay(overlay));
	if (waiter->not_kept)
		request_warn(answer, REQUEST_NOT_KEPT, REQUEST_NOT_KEPT_TEXT);
	if (outcome == OUTCOME_LATE)
		request_warn(answer, REQUEST_NOT_CONFIRMED,
			     "not all NICs confirmed it in time; cvswd keeps trying");
	if (outcome == OUTCOME_ABSENT || outcome == OUTCOME_LATE)
		warn_refusals(answer, waiter);
	return answer;
}

static json_t *look(struct waiter *arg)
{
	struct overlay_waiter *waiter = (struct overlay_waiter *)arg;
	struct overlay *overlay = overlays_find(&arg->agent->overlays, waiter->name);
	bool there;

	if (!nics_done(waiter, &there) || (overlay && !ways_settled(&overlay->ways)))
		return NULL;
	return answer_of(waiter, there ? OUTCOME_DONE : OUTCOME_ABSENT);
}

/* As the overlay's member, now or before. */
static bool concerns(const struct waiter *arg, const struct nic *nic)
{
	const struct overlay_waiter *waiter = (const struct overlay_waiter *)arg;

	for (size_t i = 0; i < waiter->n; i++)
		if (!memcmp(waiter->macs[i], nic->mac, CVSW_ETH_ALEN))
			return true;
	return nic->member && !strcmp(nic->member->overlay->config.name, waiter->name);
}

static json_t *late(struct waiter *waiter)
{
	return answer_of((struct overlay_waiter *)waiter, OUTCOME_LATE);
}

struct overlay_waiter *request_overlay_waiter(const struct overlay *overlay)
{
	struct overlay_waiter *waiter = xcalloc(1, sizeof(*waiter));
	const struct overlay_member *member;

	snprintf(waiter->name, sizeof(waiter->name), "%s", overlay->config.name);
	overlay_each(member, overlay)
		memcpy(waiter->macs[waiter->n++], member->macs[0], CVSW_ETH_ALEN);
	return waiter;
}

/* The overlay, and what is stated for those who left it. */
static bool keep(struct agent *agent, const struct overlay_waiter *waiter)
{
	const struct overlay *overlay = overlays_find(&agent->overlays, waiter->name);

	state_begin(&agent->state);
	if (overlay)
		state_put_overlay(&agent->state, overlay);
	else
		state_delete_overlay(&agent->state, waiter->name);
	for (size_t i = 0; i < waiter->n; i++) {
		const struct nic *nic = nic_of(waiter, i);

		if (nic)
			state_put_nic(&agent->state, nic);
	}
	return state_commit(&agent->state);
}

void request_overlay_finish(const struct request *request, struct overlay_waiter *waiter)
{
	static const struct wait_kind kind = { .look = look, .concerns = concerns, .late = late };
	json_t *done;

	waiter->waiter.agent = request->agent;
	waiter->not_kept = !keep(request->agent, waiter);
	overlays_tell(&request->agent->overlays);
	/* Not before: it would be answered, and gone, when the first NIC is done. */
	wait_begin(request, &waiter->waiter, &kind);
	done = request_is(request, "wait") ? look(&waiter->waiter) :
					     answer_of(waiter, OUTCOME_ACCEPTED);
	if (done)
		wait_answer(&waiter->waiter, done);
}
