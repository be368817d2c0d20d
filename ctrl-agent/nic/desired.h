/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a NIC should be: layers, each with one writer, and what they come to together.
 *
 *	hand      add-flow, set-mtu, ...: api; what timed out goes: timed.c
 *	overlay   its overlay: sa/ways.c
 *
 * Flows are put and removed one by one, and so the merged set is kept: a change costs what is
 * changed.  Of two flows of one match and priority, the later layer's counts.  Of the layers'
 * MTUs the smallest counts, of their offloads those that all of them allow.
 *
 * What the NIC had before the first layer set its MTU or offloads is its own, and it gets that
 * back when no layer sets one any more: settings.h.
 */
#ifndef CVSWD_DESIRED_H
#define CVSWD_DESIRED_H

#include "flowset.h"

enum desired_layer {
	DESIRED_HAND,
	DESIRED_OVERLAY,
	DESIRED_LAYERS,
};

/**
 * struct layer - what one writer wants
 * @in_use: it decides about the NIC's table; if no layer does, that is left alone
 * @mtu: 0: any
 * @offload: CVSW_OFFLOAD_*, if @has_offload
 */
struct layer {
	struct flowset flows;
	bool in_use;
	uint16_t mtu;
	bool has_offload;
	uint16_t offload;
};

/** struct own_setting - a NIC's own @value, if it is @known; @back: to be given back */
struct own_setting {
	bool known;
	bool back;
	uint16_t value;
};

/**
 * struct desired
 * @merged: all layers' flows, while another one than the first is in use
 */
struct desired {
	struct layer layers[DESIRED_LAYERS];
	struct flowset merged;
	struct own_setting own_mtu;
	struct own_setting own_offload;
};

void desired_init(struct desired *desired);
void desired_clear(struct desired *desired);

/** desired_put() - a flow into a layer; false: it is there already */
bool desired_put(struct desired *desired, enum desired_layer which, const struct cvsw_flow *flow);

/** desired_remove() - the flow of this match and priority, which may be its own */
void desired_remove(struct desired *desired, enum desired_layer which,
		    const struct cvsw_match *match, uint16_t priority);

/** desired_replace() - a layer's flows become @flows, one by one */
void desired_replace(struct desired *desired, enum desired_layer which,
		     const struct flowset *flows);

/** desired_use() - from now on a layer counts for the NIC's table, with all put into it */
void desired_use(struct desired *desired, enum desired_layer which);

/** desired_drop() - nothing of a layer is wanted any more */
void desired_drop(struct desired *desired, enum desired_layer which);

/** desired_flows() - all that the NIC should have; valid until the next change */
const struct flowset *desired_flows(const struct desired *desired);

/** desired_is_managed() - is the NIC's table ours? */
bool desired_is_managed(const struct desired *desired);

/** desired_mtu() - the smallest that a layer sets; 0: none does */
uint16_t desired_mtu(const struct desired *desired);

/** desired_offload() - what all layers that set offloads allow; false: none does */
bool desired_offload(const struct desired *desired, uint16_t *offload);

/** desired_give_back() - own settings that no layer overrides any more are to be given back */
void desired_give_back(struct desired *desired);

/** desired_is_empty() - is nothing wanted, and nothing to be given back? */
bool desired_is_empty(const struct desired *desired);

#endif
