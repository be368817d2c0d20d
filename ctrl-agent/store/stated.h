/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of flows that somebody states, in the layer that is his: what must be right before,
 * whoever he is, and how they are stored and reach the NIC.
 */
#ifndef CVSWD_STATED_H
#define CVSWD_STATED_H

#include "nic/change.h"
#include "state.h"

/* Why a change may not be made. */
enum stated_wrong {
	STATED_RIGHT,
	STATED_TOO_MANY,	/* the NIC would have more than NIC_MAX_FLOWS */
	STATED_OVERLAY,		/* its overlay does not permit them */
	STATED_TOO_NEW,		/* its driver has no @words, which @flow needs */
	STATED_TAKEN,		/* @flow has the match and priority of @other, of another layer */
	STATED_NO_GROUP,	/* @flow names a group, which only flows made by hand may */
	STATED_OVERLAPS,	/* @flow, which is not to overlap, does with @other */
};

struct stated_why {
	const struct cvsw_flow *flow;
	const struct cvsw_flow *other;
	const char *words;
};

/** stated_check() - may this change of a layer be made?  @why: out, of what is wrong */
enum stated_wrong stated_check(const struct nic *nic, enum desired_layer which,
			       struct change *change, struct stated_why *why);

/** stated_put() - into the layer, which counts from now on; nic_changed() is to follow */
void stated_put(struct nic *nic, enum desired_layer which, const struct change *change);

/** stated_keep() - what was put into a layer is stored; between state_begin() and state_commit() */
void stated_keep(struct state *state, const struct nic *nic, enum desired_layer which,
		 const struct change *change);

#endif
