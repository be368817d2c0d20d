// SPDX-License-Identifier: GPL-2.0-or-later
#include "stated.h"

/* The first flow that the NIC's driver is too old for, or NULL. */
static const struct cvsw_flow *too_new(const struct nic *nic, const struct flowset *flows,
				       const char **words)
{
	const struct flow_node *node;

	flowset_each(node, flows) {
		*words = nic_cannot(nic, &node->flow);
		if (*words)
			return &node->flow;
	}
	return NULL;
}

/* The first one whose match and priority another layer has, or NULL. */
static const struct cvsw_flow *taken(const struct nic *nic, enum desired_layer which,
				     const struct flowset *flows, const struct cvsw_flow **other)
{
	const struct flow_node *node;

	for (size_t i = 0; i < DESIRED_STORED; i++) {
		if (i == which || !nic->desired.layers[i].flows.n)
			continue;
		flowset_each(node, flows) {
			*other = flowset_find(&nic->desired.layers[i].flows, &node->flow.match,
					      node->flow.priority);
			if (*other)
				return &node->flow;
		}
	}
	return NULL;
}

/* All layers together, but for what an overlay makes. */
static size_t size_after(const struct nic *nic, enum desired_layer which,
			 const struct change *change)
{
	struct stored_flows stored = desired_stored(&nic->desired);

	return stored_n(&stored) - stored.sets[which]->n +
	       change_size(change, stored.sets[which]);
}

enum stated_wrong stated_check(const struct nic *nic, enum desired_layer which,
			       struct change *change, struct stated_why *why)
{
	static const struct groupset no_groups;
	const struct overlay *overlay = nic->member ? nic->member->overlay : NULL;
	uint32_t group;

	*why = (struct stated_why){ 0 };
	/* First, for the rest takes time that grows with it. */
	if (size_after(nic, which, change) > NIC_MAX_FLOWS)
		return STATED_TOO_MANY;
	if (overlay && !overlay_permits_all(&overlay->config, &change->put))
		return STATED_OVERLAY;
	why->flow = too_new(nic, &change->put, &why->words);
	if (why->flow)
		return STATED_TOO_NEW;
	why->flow = taken(nic, which, &change->put, &why->other);
	if (why->flow)
		return STATED_TAKEN;
	why->flow = which == DESIRED_HAND ? NULL : change_unknown_group(change, &no_groups, &group);
	if (why->flow)
		return STATED_NO_GROUP;
	/* Those of other layers are not one's own to be shown, nor to be asked for. */
	why->flow = change_overlap(change, &nic->desired.layers[which].flows, &why->other);
	return why->flow ? STATED_OVERLAPS : STATED_RIGHT;
}

void stated_put(struct nic *nic, enum desired_layer which, const struct change *change)
{
	const struct flow_node *node;

	flowset_each(node, &change->gone)
		nic_remove_flow(nic, &node->flow);
	flowset_each(node, &change->put)
		nic_put_flow(nic, which, &node->flow,
			     flowset_find(&change->modified, &node->flow.match,
					  node->flow.priority));
	desired_use(&nic->desired, which);
}

/* What was put may have ended or been forgotten since: then there is nothing to keep. */
void stated_keep(struct state *state, const struct nic *nic, enum desired_layer which,
		 const struct change *change)
{
	const struct flowset *flows = &nic->desired.layers[which].flows;
	const struct flow_node *node;

	flowset_each(node, &change->gone)
		state_delete_flow(state, nic, which, &node->flow);
	flowset_each(node, &change->put)
		if (flowset_find(flows, &node->flow.match, node->flow.priority))
			state_put_flow(state, nic, which, &node->flow);
}
