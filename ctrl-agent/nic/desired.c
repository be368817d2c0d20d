// SPDX-License-Identifier: GPL-2.0-or-later
#include "desired.h"

void desired_init(struct desired *desired)
{
	*desired = (struct desired){ 0 };
	for (size_t i = 0; i < DESIRED_LAYERS; i++)
		flowset_init(&desired->layers[i].flows);
	flowset_init(&desired->merged);
}

void desired_clear(struct desired *desired)
{
	for (size_t i = 0; i < DESIRED_LAYERS; i++)
		flowset_clear(&desired->layers[i].flows);
	flowset_clear(&desired->merged);
	desired_init(desired);
}

/* With the first layer alone there is nothing to merge. */
static bool is_merged(const struct desired *desired)
{
	for (size_t i = 1; i < DESIRED_LAYERS; i++)
		if (desired->layers[i].in_use)
			return true;
	return false;
}

/* The first layer's flows may be there though nobody looks at the table yet. */
static bool counts(const struct desired *desired, size_t layer)
{
	return !layer || desired->layers[layer].in_use;
}

/* The flow of the last layer that has one; but for @except, which may be none of them. */
static const struct cvsw_flow *find(const struct desired *desired, size_t except,
				    const struct cvsw_match *match, uint16_t priority)
{
	const struct cvsw_flow *flow = NULL;

	for (size_t i = DESIRED_LAYERS; i-- && !flow; )
		if (i != except && counts(desired, i))
			flow = flowset_find(&desired->layers[i].flows, match, priority);
	return flow;
}

bool desired_put(struct desired *desired, enum desired_layer which, const struct cvsw_flow *flow)
{
	bool is_new = flowset_put(&desired->layers[which].flows, flow);

	if (is_merged(desired) && counts(desired, which))
		flowset_put(&desired->merged, find(desired, DESIRED_LAYERS, &flow->match,
						   flow->priority));
	return is_new;
}

void desired_remove(struct desired *desired, enum desired_layer which,
		    const struct cvsw_match *match, uint16_t priority)
{
	const struct cvsw_flow *other = find(desired, which, match, priority);

	if (is_merged(desired) && counts(desired, which)) {
		if (other)
			flowset_put(&desired->merged, other);
		else
			flowset_remove(&desired->merged, match, priority);
	}
	flowset_remove(&desired->layers[which].flows, match, priority);
}

void desired_replace(struct desired *desired, enum desired_layer which,
		     const struct flowset *flows)
{
	struct flowset *have = &desired->layers[which].flows;
	struct flow_node *node = TAILQ_FIRST(&have->order), *next;

	for (; node; node = next) {
		next = TAILQ_NEXT(node, in_order);
		if (!flowset_find(flows, &node->flow.match, node->flow.priority))
			desired_remove(desired, which, &node->flow.match, node->flow.priority);
	}
	flowset_each(node, flows)
		if (!flowset_has(have, &node->flow))
			desired_put(desired, which, &node->flow);
}

/* The last layer's flows first: what drops is to be there before what lets pass. */
static void merge(struct desired *desired)
{
	const struct flow_node *node;

	flowset_clear(&desired->merged);
	for (size_t i = DESIRED_LAYERS; is_merged(desired) && i--; ) {
		if (!counts(desired, i))
			continue;
		flowset_each(node, &desired->layers[i].flows)
			if (!flowset_find(&desired->merged, &node->flow.match, node->flow.priority))
				flowset_put(&desired->merged, &node->flow);
	}
}

void desired_use(struct desired *desired, enum desired_layer which)
{
	if (desired->layers[which].in_use)
		return;
	desired->layers[which].in_use = true;
	merge(desired);
}

void desired_drop(struct desired *desired, enum desired_layer which)
{
	struct layer *layer = &desired->layers[which], *first = &desired->layers[0];
	const struct flow_node *node;
	const struct cvsw_flow *under;

	/* talk_flows.c sends only flows that were put since it last looked: put what was hidden. */
	flowset_each(node, &layer->flows)
		if ((under = flowset_find(&first->flows, &node->flow.match, node->flow.priority)))
			flowset_put(&first->flows, under);
	flowset_clear(&layer->flows);
	layer->in_use = layer->has_offload = false;
	layer->mtu = 0;
	merge(desired);
}

const struct flowset *desired_flows(const struct desired *desired)
{
	return is_merged(desired) ? &desired->merged : &desired->layers[0].flows;
}

bool desired_is_managed(const struct desired *desired)
{
	return desired->layers[0].in_use || is_merged(desired);
}

uint16_t desired_mtu(const struct desired *desired)
{
	uint16_t least = 0;

	for (size_t i = 0; i < DESIRED_LAYERS; i++) {
		uint16_t mtu = desired->layers[i].mtu;

		if (mtu && (!least || mtu < least))
			least = mtu;
	}
	return least;
}

bool desired_offload(const struct desired *desired, uint16_t *offload)
{
	bool any = false;

	*offload = UINT16_MAX;
	for (size_t i = 0; i < DESIRED_LAYERS; i++) {
		if (!desired->layers[i].has_offload)
			continue;
		any = true;
		*offload &= desired->layers[i].offload;
	}
	return any;
}

void desired_give_back(struct desired *desired)
{
	uint16_t offload;

	if (!desired_mtu(desired) && desired->own_mtu.known)
		desired->own_mtu.back = true;
	if (!desired_offload(desired, &offload) && desired->own_offload.known)
		desired->own_offload.back = true;
}

bool desired_is_empty(const struct desired *desired)
{
	uint16_t offload;

	return !desired_is_managed(desired) && !desired_mtu(desired) &&
	       !desired_offload(desired, &offload) && !desired->own_mtu.back &&
	       !desired->own_offload.back;
}
