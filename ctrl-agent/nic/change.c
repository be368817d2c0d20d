// SPDX-License-Identifier: GPL-2.0-or-later
#include "change.h"

#include "timed.h"

bool choice_takes(const struct choice *choice, const struct cvsw_flow *flow)
{
	const struct cvsw_flow *wanted = &choice->flow;

	if ((flow->cookie & choice->cookie.mask) != choice->cookie.value)
		return false;
	if (wanted->out_port &&
	    !cvsw_actions_output_to(flow->actions, flow->n_actions, wanted->out_port))
		return false;
	if (choice->strict)
		return flow->priority == wanted->priority &&
		       cvsw_match_equal(&flow->match, &wanted->match);
	return cvsw_match_covers(&wanted->match, &flow->match);
}

void change_init(struct change *change)
{
	flowset_init(&change->gone);
	flowset_init(&change->put);
	flowset_init(&change->modified);
	change->groups_gone = change->groups_put = (struct groupset){ 0 };
}

void change_clear(struct change *change)
{
	flowset_clear(&change->gone);
	flowset_clear(&change->put);
	flowset_clear(&change->modified);
	groupset_clear(&change->groups_gone);
	groupset_clear(&change->groups_put);
}

/* But for CHECK_OVERLAP, which no flow has. */
static bool is_there(const struct flowset *have, const struct cvsw_flow *flow)
{
	const struct cvsw_flow *old = flowset_find(have, &flow->match, flow->priority);

	return old && old->flags == (flow->flags & ~CVSW_FLOW_CHECK_OVERLAP) &&
	       old->cookie == flow->cookie && old->idle_timeout == flow->idle_timeout &&
	       old->hard_timeout == flow->hard_timeout &&
	       cvsw_actions_equal(old->actions, old->n_actions, flow->actions, flow->n_actions);
}

void change_add(struct change *change, const struct flowset *have, const struct flowset *flows)
{
	const struct flow_node *node;

	flowset_each(node, flows)
		if (flow_is_timed(&node->flow) || !is_there(have, &node->flow))
			flowset_put(&change->put, &node->flow);
}

void change_replace(struct change *change, const struct flowset *have,
		    const struct flowset *flows)
{
	const struct flow_node *node;

	flowset_each(node, have)
		if (!flowset_find(flows, &node->flow.match, node->flow.priority))
			flowset_put(&change->gone, &node->flow);
	flowset_each(node, flows)
		if (!is_there(have, &node->flow))
			flowset_put(&change->put, &node->flow);
}

void change_delete(struct change *change, const struct flowset *have,
		   const struct choice *choice)
{
	const struct flow_node *node;

	flowset_each(node, have)
		if (choice_takes(choice, &node->flow))
			flowset_put(&change->gone, &node->flow);
}

/* A flow of a set has no room for other actions: a copy of the one that has them. */
static void modify(struct change *change, const struct choice *choice,
		   const struct cvsw_flow *old)
{
	struct cvsw_flow flow = choice->flow;

	flow.match = old->match;
	flow.priority = old->priority;
	flow.idle_timeout = old->idle_timeout;
	flow.hard_timeout = old->hard_timeout;
	flow.flags = old->flags;
	if (!choice->cookie.given)
		flow.cookie = old->cookie;
	if (cvsw_flow_equal(&flow, old))
		return;
	flowset_put(&change->put, &flow);
	flowset_put(&change->modified, &flow);
}

void change_modify(struct change *change, const struct flowset *have,
		   const struct choice *choice)
{
	const struct flow_node *node;
	bool any = false;

	flowset_each(node, have) {
		if (!choice_takes(choice, &node->flow))
			continue;
		any = true;
		modify(change, choice, &node->flow);
	}
	if (!any && !choice->cookie.mask)
		flowset_put(&change->put, &choice->flow);
}

void change_delete_groups(struct change *change, const struct flowset *have,
			  const struct groupset *groups, uint32_t id)
{
	const struct flow_node *node;

	for (size_t i = 0; i < groups->n; i++)
		if (id == CVSW_GROUP_ALL || groups->groups[i]->id == id)
			groupset_put(&change->groups_gone, groups->groups[i]);
	flowset_each(node, have)
		if (flow_uses_group(&node->flow, &change->groups_gone))
			flowset_put(&change->gone, &node->flow);
}

const struct cvsw_flow *change_unknown_group(const struct change *change,
					     const struct groupset *groups, uint32_t *id)
{
	const struct cvsw_action *action;
	const struct flow_node *node;

	flowset_each(node, &change->put) {
		action = flow_lacks_group(&node->flow, groups);
		if (!action)
			continue;
		*id = action->to_group.id;
		return &node->flow;
	}
	return NULL;
}

size_t change_n_groups(const struct change *change, const struct groupset *groups)
{
	size_t n = groups->n - change->groups_gone.n;

	for (size_t i = 0; i < change->groups_put.n; i++)
		n += !groupset_find(groups, change->groups_put.groups[i]->id);
	return n;
}

size_t change_size(const struct change *change, const struct flowset *have)
{
	const struct flow_node *node;
	size_t n = have->n - change->gone.n;

	flowset_each(node, &change->put)
		n += !flowset_find(have, &node->flow.match, node->flow.priority);
	return n;
}

/* @end: in @set, where to stop; NULL: nowhere */
static const struct cvsw_flow *overlapping(const struct flowset *set, const struct flow_node *end,
					   const struct change *change,
					   const struct cvsw_flow *flow)
{
	const struct flow_node *node;

	for (node = TAILQ_FIRST(&set->order); node != end; node = TAILQ_NEXT(node, in_order))
		if (node->flow.priority == flow->priority &&
		    !cvsw_match_equal(&node->flow.match, &flow->match) &&
		    cvsw_match_overlaps(&node->flow.match, &flow->match) &&
		    !flowset_find(&change->gone, &node->flow.match, node->flow.priority))
			return &node->flow;
	return NULL;
}

/* One with the same match and priority is replaced: that is no overlap. */
static bool is_in_place(const struct flowset *have, const struct change *change,
			const struct cvsw_flow *flow)
{
	return flowset_find(have, &flow->match, flow->priority) &&
	       !flowset_find(&change->gone, &flow->match, flow->priority);
}

const struct cvsw_flow *change_overlap(struct change *change, const struct flowset *have,
				       const struct cvsw_flow **other)
{
	struct flow_node *node;

	flowset_each(node, &change->put) {
		if (!(node->flow.flags & CVSW_FLOW_CHECK_OVERLAP))
			continue;
		node->flow.flags &= ~CVSW_FLOW_CHECK_OVERLAP;
		if (is_in_place(have, change, &node->flow))
			continue;
		*other = overlapping(have, NULL, change, &node->flow);
		/* Flows are added in their order: what comes later is not there yet. */
		if (!*other)
			*other = overlapping(&change->put, node, change, &node->flow);
		if (*other)
			return &node->flow;
	}
	return NULL;
}
