// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that change a NIC's flows, and those that tell what they would change. */
#include "base/alloc.h"
#include "nic/change.h"
#include "intent.h"
#include "base/log.h"
#include "nic/flow_text.h"
#include "report.h"
#include "request.h"
#include "store/stated.h"

/* The request's flows; @flows: initialised, the caller's to clear.  False: refused. */
static bool flows_of(const struct request *request, struct flowset *flows)
{
	const json_t *texts = json_object_get(request->json, "flows");
	struct cvsw_text_error error;
	size_t bad;

	if (!intent_parse_flows(texts, flows, &bad, &error))
		request_refuse_flow(request, &error, bad);
	else
		return true;
	return false;
}

bool request_choice(const struct request *request, enum cvsw_text_use use, const char *key,
		    struct choice *choice)
{
	const char *text = request_text(request, key);
	struct cvsw_text_error error;

	*choice = (struct choice){ .strict = request_is(request, "strict") };
	if (choice->strict && use == CVSW_TEXT_MATCH)
		use = CVSW_TEXT_STRICT;
	if (!intent_parse_choice(use, text ?: "", choice, &error)) {
		request_refuse_flow(request, &error, 0);
		return false;
	}
	return true;
}

/* ---- what would be ---- */

static json_t *texts_of(const struct groupset *groups, const struct flowset *flows)
{
	const struct cvsw_flow **sorted = flowset_sorted(flows);
	json_t *texts = json_array();

	for (size_t i = 0; i < groups->n; i++) {
		char *text = group_text(groups->groups[i]);

		json_array_append_new(texts, json_string(text));
		free(text);
	}
	for (size_t i = 0; i < flows->n; i++) {
		char *text = flow_text(sorted[i]);

		json_array_append_new(texts, json_string(text));
		free(text);
	}
	free(sorted);
	return texts;
}

/* One that another takes the place of goes as well. */
static json_t *report_change(const struct nic *nic, const struct change *change)
{
	const struct flowset *have = &nic_hand(nic)->flows;
	const struct groupset *groups = &nic_hand(nic)->groups;
	struct groupset groups_removed = { 0 };
	const struct flow_node *node;
	struct flowset removed;
	json_t *json;

	for (size_t i = 0; i < groups->n; i++)
		if (groupset_find(&change->groups_gone, groups->groups[i]->id) ||
		    groupset_find(&change->groups_put, groups->groups[i]->id))
			groupset_put(&groups_removed, groups->groups[i]);
	flowset_init(&removed);
	flowset_each(node, &change->gone)
		flowset_put(&removed, &node->flow);
	flowset_each(node, &change->put) {
		const struct cvsw_flow *old = flowset_find(have, &node->flow.match,
							   node->flow.priority);

		if (old && !cvsw_flow_equal(old, &node->flow))
			flowset_put(&removed, old);
	}
	json = json_pack("{s:b, s:o, s:o, s:o}", "ok", 1, "nic", report_nic(nic),
			 "removed", texts_of(&groups_removed, &removed),
			 "added", texts_of(&change->groups_put, &change->put));
	groupset_clear(&groups_removed);
	flowset_clear(&removed);
	return json;
}

/* ---- doing it ---- */

static void refuse_overlap(const struct request *request, const struct cvsw_flow *flow,
			   const struct cvsw_flow *other)
{
	char *text = flow_text(flow), *of_other = flow_text(other);

	request_refuse(request, REQUEST_FLOW_OVERLAP,
		       "%s overlaps with %s, of the same priority", text, of_other);
	free(text);
	free(of_other);
}

static void refuse_too_new(const struct request *request, const struct nic *nic,
			   const struct cvsw_flow *flow, const char *words)
{
	char *text = flow_text(flow);

	request_refuse(request, REQUEST_NIC_CANNOT, "the driver of NIC " MAC_FORMAT " has no %s: %s",
		       MAC_BYTES(nic->mac), words, text);
	free(text);
}

static void refuse_taken(const struct request *request, const struct nic *nic,
			 const struct cvsw_flow *flow)
{
	char *text = flow_text(flow);

	request_refuse(request, REQUEST_CONTROLLER_FLOW, "a controller of NIC " MAC_FORMAT
		       " states a flow of this match and priority: %s", MAC_BYTES(nic->mac), text);
	free(text);
}

static void refuse_unknown_group(const struct request *request, const struct nic *nic,
				 const struct cvsw_flow *flow, uint32_t id)
{
	char *text = flow_text(flow);

	request_refuse(request, REQUEST_UNKNOWN_GROUP, "no group %u is configured for NIC " MAC_FORMAT
		       ": %s", id, MAC_BYTES(nic->mac), text);
	free(text);
}

/* Groups, and flows that name one. */
static bool may_have_groups(const struct request *request, const struct nic *nic,
			    const struct change *change)
{
	const struct groupset *groups = &nic_hand(nic)->groups;
	const struct cvsw_flow *flow;
	uint32_t id;

	if (change_n_groups(change, groups) > NIC_MAX_GROUPS)
		request_refuse(request, REQUEST_TOO_MANY_GROUPS, "a NIC can have %d groups at most",
			       NIC_MAX_GROUPS);
	else if (change->groups_put.n && !nic_has_groups(nic))
		request_refuse(request, REQUEST_NIC_CANNOT, "the driver of NIC " MAC_FORMAT " has no groups%s",
			       MAC_BYTES(nic->mac), nic_version(nic) == 2 ? ", in version 2" : "");
	else if ((flow = change_unknown_group(change, groups, &id)))
		refuse_unknown_group(request, nic, flow, id);
	else
		return true;
	return false;
}

static bool is_permitted(const struct request *request, const struct nic *nic,
			 struct change *change)
{
	struct stated_why why;

	switch (stated_check(nic, DESIRED_HAND, change, &why)) {
	case STATED_RIGHT:
	case STATED_NO_GROUP:
		return may_have_groups(request, nic, change);
	case STATED_TOO_MANY:
		request_refuse(request, REQUEST_TOO_MANY_FLOWS, "a NIC can have %d flows at most",
			       NIC_MAX_FLOWS);
		break;
	case STATED_OVERLAY:
		request_refuse(request, REQUEST_OVERLAY_FLOW, "NIC " MAC_FORMAT
			       " is a member of overlay %s: " OVERLAY_PERMITS_TEXT,
			       MAC_BYTES(nic->mac), nic->member->overlay->config.name);
		break;
	case STATED_TOO_NEW:
		refuse_too_new(request, nic, why.flow, why.words);
		break;
	case STATED_TAKEN:
		refuse_taken(request, nic, why.flow);
		break;
	case STATED_OVERLAPS:
		refuse_overlap(request, why.flow, why.other);
		break;
	}
	return false;
}

static void apply_groups(struct state *state, struct nic *nic, const struct change *change)
{
	struct groupset *groups = &nic_hand(nic)->groups;

	for (size_t i = 0; i < change->groups_gone.n; i++) {
		state_delete_group(state, nic, change->groups_gone.groups[i]);
		groupset_remove(groups, change->groups_gone.groups[i]->id);
	}
	for (size_t i = 0; i < change->groups_put.n; i++) {
		groupset_put(groups, change->groups_put.groups[i]);
		state_put_group(state, nic, change->groups_put.groups[i]);
	}
}

static void apply(const struct request *request, struct nic *nic, struct change *change)
{
	struct request_asked asked = { 0 };

	if (change->groups_gone.n)
		asked.n_gone = change->gone.n;
	state_begin(&request->agent->state);
	apply_groups(&request->agent->state, nic, change);
	stated_put(nic, DESIRED_HAND, change);
	stated_keep(&request->agent->state, nic, DESIRED_HAND, change);
	flowset_init(&asked.flows);
	flowset_move(&asked.flows, &change->put);
	groupset_move(&asked.groups, &change->groups_put);
	request_changed(request, nic, &asked);
}

static void carry_out(const struct request *request, struct nic *nic, struct change *change,
		      bool dry)
{
	if (is_permitted(request, nic, change)) {
		if (!dry) {
			apply(request, nic, change);
			return;
		}
		client_answer(request->client, report_change(nic, change));
	}
	nic_release(nic);	/* made for a request that came to nothing? */
}

void request_carry_out(const struct request *request, struct nic *nic, struct change *change)
{
	carry_out(request, nic, change, request_is(request, "dry_run"));
}

/* ---- commands ---- */

/* What dump-flows shows of other layers is not made by hand, and stays. */
static void leave_out_others(const struct nic *nic, struct flowset *flows)
{
	const struct flow_node *node;
	struct flowset made;

	layer_make(nic_overlay(nic), &made);
	flowset_each(node, &nic_controlled(nic)->flows)
		flowset_put(&made, &node->flow);
	flowset_each(node, &made) {
		const struct cvsw_flow *same = flowset_find(flows, &node->flow.match,
							    node->flow.priority);

		if (same && cvsw_flow_equal(same, &node->flow))
			flowset_remove(flows, &node->flow.match, node->flow.priority);
	}
	flowset_clear(&made);
}

static void with_flows(const struct request *request, enum place_unknown unknown, bool replace,
		       bool dry)
{
	struct flowset flows;
	struct change change;
	struct nic *nic;

	flowset_init(&flows);
	change_init(&change);
	if (!flows_of(request, &flows)) {
		;	/* refused */
	} else if (!replace && !flows.n) {
		request_refuse_member(request, REQUEST_OUT_OF_RANGE, "flows",
				      "there are no flows to add");
	} else if ((nic = request_nic(request, unknown))) {
		const struct flowset *have = &nic_hand(nic)->flows;

		if (replace) {
			leave_out_others(nic, &flows);
			change_replace(&change, have, &flows);
		} else {
			change_add(&change, have, &flows);
		}
		carry_out(request, nic, &change, dry);
	}
	change_clear(&change);
	flowset_clear(&flows);
}

void request_add_flows(const struct request *request)
{
	with_flows(request, request_unknown(request), false, request_is(request, "dry_run"));
}

void request_replace_flows(const struct request *request)
{
	with_flows(request, request_unknown(request), true, request_is(request, "dry_run"));
}

void request_diff_flows(const struct request *request)
{
	with_flows(request, PLACE_REFUSE, true, true);
}

/*
 * As soon as flows are configured for a NIC, it loses all others that it has.  For adding that
 * is meant; but a deletion of some flows means only those.
 */
static bool may_delete(const struct request *request, const struct nic *nic)
{
	if (desired_is_managed(&nic->desired) || nic->member || request_is(request, "take_over") ||
	    request_is(request, "dry_run") || (nic->heard && !nic->n_reported))
		return true;
	request_refuse(request, REQUEST_NOT_MANAGED, "no flows are configured for NIC " MAC_FORMAT
		       ": all that it has would go, not only these.  To take its table over, use "
		       "--take-over, or replace-flows", MAC_BYTES(nic->mac));
	return false;
}

static void with_choice(const struct request *request, struct nic *nic, const struct choice *choice,
			void (*work_out)(struct change *change, const struct flowset *have,
					 const struct choice *choice))
{
	struct change change;

	change_init(&change);
	work_out(&change, &nic_hand(nic)->flows, choice);
	carry_out(request, nic, &change, request_is(request, "dry_run"));
	change_clear(&change);
}

void request_mod_flows(const struct request *request)
{
	struct choice choice;
	struct nic *nic;

	if (request_choice(request, CVSW_TEXT_MODIFY, "flow", &choice) &&
	    (nic = request_nic(request, request_unknown(request))))
		with_choice(request, nic, &choice, change_modify);
}

void request_del_flows(const struct request *request)
{
	struct choice choice;
	struct nic *nic;

	if (request_choice(request, CVSW_TEXT_MATCH, "match", &choice) &&
	    (nic = request_nic(request, PLACE_REFUSE)) && may_delete(request, nic))
		with_choice(request, nic, &choice, change_delete);
}
