/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a NIC should be: layers, each with one writer, and what they come to together.
 *
 *	hand        add-flow, set-mtu, ...: api; what timed out goes: timed.c
 *	controller  what OpenFlow controllers state: datapath; likewise
 *	overlay     its overlay: sa/ways.c
 *
 * The flows of the first two are stored.  Those of the last follow from what its writer
 * has stored anyway, so they are made when somebody looks, and nobody keeps them: there may be
 * two million.  Its writer tells the NIC of each that comes or goes (nic_made()).  Only for
 * version 2 they are stored, as they were when the NIC was last told of a change.
 *
 * No match and priority is in two layers: whoever comes second is refused it (store/stated.c).  Of the layers' MTUs the
 * smallest counts, of their offloads those that all of them allow.
 *
 * What the NIC had before the first layer set its MTU or offloads is its own, and it gets that
 * back when no layer sets one any more: settings.h.
 */
#ifndef CVSWD_DESIRED_H
#define CVSWD_DESIRED_H

#include "groupset.h"

enum desired_layer {
	DESIRED_HAND,
	DESIRED_CONTROLLER,
	DESIRED_OVERLAY,
	DESIRED_LAYERS,
	DESIRED_STORED = DESIRED_OVERLAY,	/* how many come first whose flows are stored */
};

/**
 * struct flows_maker - how the flows of a layer are made
 * @make: adds all of them to @flows, in the order in which they should be installed
 * @count: how many they are
 */
struct flows_maker {
	void (*make)(const void *of, struct flowset *flows);
	size_t (*count)(const void *of);
};

/**
 * struct layer - what one writer wants
 * @flows: those that are stored; if none are, @maker, unless it is NULL, makes them out of @of
 * @groups: likewise stored, of commands only
 * @in_use: it decides about the NIC's table; if no layer does, that is left alone
 * @mtu: 0: any
 * @offload: CVSW_OFFLOAD_*, if @has_offload
 */
struct layer {
	struct flowset flows;
	struct groupset groups;
	const struct flows_maker *maker;
	const void *of;
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

struct desired {
	struct layer layers[DESIRED_LAYERS];
	struct own_setting own_mtu;
	struct own_setting own_offload;
};

/** struct stored_flows - the flows that are stored: @n sets without a common key */
struct stored_flows {
	const struct flowset *sets[DESIRED_STORED];
	size_t n;
};

void desired_init(struct desired *desired);
void desired_clear(struct desired *desired);

/** desired_use() - from now on a layer counts for the NIC's table */
void desired_use(struct desired *desired, enum desired_layer which);

/** desired_drop() - nothing of a layer is wanted any more */
void desired_drop(struct desired *desired, enum desired_layer which);

/** layer_make() - the flows that are made of a layer in use; the caller clears @flows */
void layer_make(const struct layer *layer, struct flowset *flows);

/**
 * desired_flows() - all that the NIC should have
 * @made: initialized here; what must be put together is in it; the caller clears it
 *
 * Return: @made, or the flows of the one layer that counts, which are valid until they change.
 */
const struct flowset *desired_flows(const struct desired *desired, struct flowset *made);

/** desired_stored() - those of the layers whose flows are stored; valid until they change */
struct stored_flows desired_stored(const struct desired *desired);

/** stored_find() - the one of this match and priority, or NULL */
const struct cvsw_flow *stored_find(const struct stored_flows *stored,
				    const struct cvsw_match *match, uint16_t priority);

/** stored_n() - how many they are */
size_t stored_n(const struct stored_flows *stored);

/** desired_is_controlled() - is the flow of that match and priority a controller's? */
bool desired_is_controlled(const struct desired *desired, const struct cvsw_flow *flow);

/** desired_remove() - the flow of that match and priority is stored no more; it may be that one */
void desired_remove(struct desired *desired, const struct cvsw_flow *flow);

/** desired_n_flows() - how many they are */
size_t desired_n_flows(const struct desired *desired);

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
