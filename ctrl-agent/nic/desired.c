// SPDX-License-Identifier: GPL-2.0-or-later
#include "desired.h"

void desired_init(struct desired *desired)
{
	*desired = (struct desired){ 0 };
	for (size_t i = 0; i < DESIRED_LAYERS; i++)
		flowset_init(&desired->layers[i].flows);
}

void desired_use(struct desired *desired, enum desired_layer which)
{
	desired->layers[which].in_use = true;
}

void desired_drop(struct desired *desired, enum desired_layer which)
{
	struct layer *layer = &desired->layers[which];

	flowset_clear(&layer->flows);
	groupset_clear(&layer->groups);
	*layer = (struct layer){ 0 };
	flowset_init(&layer->flows);
}

void desired_clear(struct desired *desired)
{
	for (size_t i = 0; i < DESIRED_LAYERS; i++)
		desired_drop(desired, i);
	desired_init(desired);
}

static bool is_made(const struct layer *layer)
{
	return layer->in_use && layer->maker && !layer->flows.n;
}

static void add_flows(const struct layer *layer, struct flowset *flows)
{
	const struct flow_node *node;

	if (is_made(layer))
		layer->maker->make(layer->of, flows);
	flowset_each(node, &layer->flows)
		flowset_put(flows, &node->flow);
}

/* The last layer's flows first: what drops is to be there before what lets pass. */
const struct flowset *desired_flows(const struct desired *desired, struct flowset *made)
{
	const struct layer *layers = desired->layers;

	flowset_init(made);
	if (!layers[DESIRED_OVERLAY].in_use && !layers[DESIRED_CONTROLLER].in_use)
		return &layers[DESIRED_HAND].flows;
	if (!layers[DESIRED_OVERLAY].in_use && !layers[DESIRED_HAND].in_use)
		return &layers[DESIRED_CONTROLLER].flows;
	for (size_t i = DESIRED_LAYERS; i--; )
		add_flows(&desired->layers[i], made);
	return made;
}

struct stored_flows desired_stored(const struct desired *desired)
{
	struct stored_flows stored = { .n = DESIRED_STORED };

	for (size_t i = 0; i < DESIRED_STORED; i++)
		stored.sets[i] = &desired->layers[i].flows;
	return stored;
}

const struct cvsw_flow *stored_find(const struct stored_flows *stored,
				    const struct cvsw_match *match, uint16_t priority)
{
	const struct cvsw_flow *found = NULL;

	for (size_t i = 0; i < stored->n && !found; i++)
		found = flowset_find(stored->sets[i], match, priority);
	return found;
}

bool desired_is_controlled(const struct desired *desired, const struct cvsw_flow *flow)
{
	return flowset_find(&desired->layers[DESIRED_CONTROLLER].flows, &flow->match,
			    flow->priority);
}

void desired_remove(struct desired *desired, const struct cvsw_flow *flow)
{
	for (size_t i = 0; i < DESIRED_STORED; i++) {
		struct flowset *flows = &desired->layers[i].flows;

		if (!flowset_find(flows, &flow->match, flow->priority))
			continue;
		flowset_remove(flows, &flow->match, flow->priority);
		return;
	}
}

size_t stored_n(const struct stored_flows *stored)
{
	size_t n = 0;

	for (size_t i = 0; i < stored->n; i++)
		n += stored->sets[i]->n;
	return n;
}

size_t desired_n_flows(const struct desired *desired)
{
	size_t n = 0;

	for (size_t i = 0; i < DESIRED_LAYERS; i++) {
		const struct layer *layer = &desired->layers[i];

		n += is_made(layer) ? layer->maker->count(layer->of) : layer->flows.n;
	}
	return n;
}

bool desired_is_managed(const struct desired *desired)
{
	for (size_t i = 0; i < DESIRED_LAYERS; i++)
		if (desired->layers[i].in_use)
			return true;
	return false;
}

void layer_make(const struct layer *layer, struct flowset *flows)
{
	flowset_init(flows);
	if (layer->in_use && layer->maker)
		layer->maker->make(layer->of, flows);
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
