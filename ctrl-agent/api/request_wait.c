// SPDX-License-Identifier: GPL-2.0-or-later
/* Clients that wait until a NIC has what it was just told, and how that went. */
#include "base/alloc.h"
#include "base/log.h"
#include "nic/flow_text.h"
#include "report.h"
#include "request.h"
#include "wait.h"

/* A client that waits. */
struct change_waiter {
	struct waiter waiter;
	uint8_t mac[CVSW_ETH_ALEN];
	uint64_t generation;
	struct request_asked asked;
};

/* ---- what a NIC refused ---- */

json_t *request_refusal(const struct nic *nic, const struct nic_refusal *refusal)
{
	struct request_error error;
	json_t *answer;

	request_wrong(&error, REQUEST_NIC_REFUSES, "NIC " MAC_FORMAT " refuses it: %s",
		      MAC_BYTES(nic->mac), refusal->text);
	answer = request_error_json(&error);
	json_object_set_new(answer, "refusal", report_refusal(refusal));
	json_object_set_new(answer, "nic", report_nic(nic));
	return answer;
}

/*
 * @what is refused.  Only the last refusal's reason is known: it is told if it is of a
 * message of this @type, and, if that is FLOWS, about this @flow.
 */
static void warn_refused(json_t *answer, const struct nic *nic, const char *what,
			 uint16_t type, const char *flow)
{
	const struct nic_refusal *refusal = &nic->refusal;
	bool known = refusal->type == type &&
		     (!flow || !strncmp(refusal->flow, flow, sizeof(refusal->flow) - 1));
	json_t *warnings;

	if (!known) {
		request_warn(answer, REQUEST_NIC_REFUSES, "NIC " MAC_FORMAT " refuses %s",
			     MAC_BYTES(nic->mac), what);
		return;
	}
	request_warn(answer, REQUEST_NIC_REFUSES, "NIC " MAC_FORMAT " refuses it: %s",
		     MAC_BYTES(nic->mac), refusal->text);
	warnings = json_object_get(answer, "warnings");
	json_object_set_new(json_array_get(warnings, json_array_size(warnings) - 1), "refusal",
			    report_refusal(refusal));
}

/* One of the flows that were asked for; false: none is refused. */
static bool warn_flow(json_t *answer, const struct nic *nic, const struct request_asked *asked)
{
	const struct flow_node *node;
	char *text;

	flowset_each(node, &asked->flows)
		if (nic_refuses_flow(nic, &node->flow))
			break;
	if (!node)
		return false;
	text = flow_text(&node->flow);
	warn_refused(answer, nic, text, CVSW_V3_FLOWS, text);
	free(text);
	return true;
}

static bool warn_group(json_t *answer, const struct nic *nic, const struct request_asked *asked)
{
	for (size_t i = 0; i < asked->groups.n; i++) {
		char *text;

		if (!nic_refuses_group(nic, asked->groups.groups[i]))
			continue;
		text = group_text(asked->groups.groups[i]);
		warn_refused(answer, nic, text, CVSW_V3_FLOWS, text);
		free(text);
		return true;
	}
	return false;
}

/* Only for what this request asked; an earlier one has its own answer.  False: nothing. */
static bool warn_refusal(json_t *answer, const struct nic *nic, const struct request_asked *asked)
{
	if (asked->mtu && nic->refused.mtu)
		warn_refused(answer, nic, "the MTU", CVSW_V3_SET_MTU, NULL);
	else if (asked->offload && nic->refused.offload)
		warn_refused(answer, nic, "the offloads", CVSW_V3_SET_OFFLOAD, NULL);
	else if (warn_group(answer, nic, asked) || warn_flow(answer, nic, asked))
		return true;
	else if (nic->refused.stuck)
		request_warn(answer, REQUEST_NIC_REFUSES, "NIC " MAC_FORMAT " refuses an earlier "
			     "change, and this one waits behind it: %s",
			     MAC_BYTES(nic->mac), nic->refusal.text);
	else
		return false;
	return true;
}

/* ---- waiting ---- */

enum outcome {
	OUTCOME_ACCEPTED,	/* nobody waits for the NIC */
	OUTCOME_DONE,
	OUTCOME_LATE,
};

static json_t *status(const struct nic *nic, const struct request_asked *asked,
		      enum outcome outcome)
{
	bool synced = outcome == OUTCOME_DONE && nic_state(nic) != NIC_ABSENT;
	json_t *answer = json_pack("{s:b, s:o}", "ok", 1, "nic", report_nic(nic));

	if (asked->n_gone)
		json_object_set_new(answer, "deleted_flows", json_integer(asked->n_gone));
	if (asked->not_kept)
		request_warn(answer, REQUEST_NOT_KEPT, REQUEST_NOT_KEPT_TEXT);
	if (synced && warn_refusal(answer, nic, asked))
		synced = false;
	if (outcome == OUTCOME_LATE)
		request_warn(answer, REQUEST_NOT_CONFIRMED, "NIC " MAC_FORMAT " did not confirm it "
			     "in time; cvswd keeps trying", MAC_BYTES(nic->mac));
	json_object_set_new(answer, "synced", json_boolean(synced));
	return answer;
}

static struct nic *nic_of(const struct change_waiter *waiter)
{
	return nics_find(&waiter->waiter.agent->nics, waiter->mac);
}

static bool concerns(const struct waiter *waiter, const struct nic *nic)
{
	return !memcmp(((const struct change_waiter *)waiter)->mac, nic->mac, CVSW_ETH_ALEN);
}

static json_t *look(struct waiter *arg)
{
	struct change_waiter *waiter = (struct change_waiter *)arg;
	const struct nic *nic = nic_of(waiter);

	if (!nic || (nic_state(nic) != NIC_ABSENT && nic->settled < waiter->generation))
		return NULL;
	return status(nic, &waiter->asked, OUTCOME_DONE);
}

static json_t *late(struct waiter *arg)
{
	struct change_waiter *waiter = (struct change_waiter *)arg;
	const struct nic *nic = nic_of(waiter);
	json_t *answer;

	if (nic)
		return status(nic, &waiter->asked, OUTCOME_LATE);
	/* Somebody had it forgotten meanwhile. */
	answer = json_pack("{s:b, s:b}", "ok", 1, "synced", 0);
	request_warn(answer, REQUEST_UNKNOWN_NIC, "NIC " MAC_FORMAT " is no longer known",
		     MAC_BYTES(waiter->mac));
	return answer;
}

static void end(struct waiter *waiter)
{
	struct request_asked *asked = &((struct change_waiter *)waiter)->asked;

	flowset_clear(&asked->flows);
	groupset_clear(&asked->groups);
}

/* At once; takes @asked over. */
static void answer_now(const struct request *request, const struct nic *nic,
		       struct request_asked *asked, enum outcome outcome)
{
	client_answer(request->client, status(nic, asked, outcome));
	flowset_clear(&asked->flows);
	groupset_clear(&asked->groups);
}

void request_answer_changed(const struct request *request, struct nic *nic,
			    struct request_asked *asked)
{
	static const struct wait_kind kind = {
		.look = look, .concerns = concerns, .late = late, .end = end,
	};
	struct change_waiter *waiter;

	if (!request_is(request, "wait") || nic_state(nic) == NIC_ABSENT) {
		answer_now(request, nic, asked, OUTCOME_ACCEPTED);
		return;
	}
	if (nic->settled >= nic->generation) {
		answer_now(request, nic, asked, OUTCOME_DONE);
		return;
	}
	waiter = xcalloc(1, sizeof(*waiter));
	waiter->generation = nic->generation;
	waiter->asked = *asked;
	flowset_init(&waiter->asked.flows);
	flowset_move(&waiter->asked.flows, &asked->flows);
	memcpy(waiter->mac, nic->mac, CVSW_ETH_ALEN);
	wait_begin(request, &waiter->waiter, &kind);
}
