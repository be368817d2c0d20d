/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command would do to flows that were stated, worked out before anything is touched: for
 * the command itself, for --dry-run, and for the difference between a file and a NIC.  Pure.
 */
#ifndef CVSWD_CHANGE_H
#define CVSWD_CHANGE_H

#include "cvsw_text.h"
#include "groupset.h"

/**
 * struct choice - flows that a command is about
 * @flow: its match covers theirs, and they output to its out_port, unless that is 0
 * @strict: only the one of just this match and priority
 */
struct choice {
	struct cvsw_flow flow;
	struct cvsw_text_cookie cookie;
	bool strict;
};

/** choice_takes() - is it one of them? */
bool choice_takes(const struct choice *choice, const struct cvsw_flow *flow);

/**
 * struct change - from flows that are to those that shall be
 * @gone: will not be there any more
 * @put: will be there, perhaps in the place of one of the same match and priority
 * @modified: those of @put that take over counters and times of the one in their place
 * @groups_gone, @groups_put: likewise of groups
 */
struct change {
	struct flowset gone;
	struct flowset put;
	struct flowset modified;
	struct groupset groups_gone;
	struct groupset groups_put;
};

void change_init(struct change *change);
void change_clear(struct change *change);

/* Of these, @have is what is there, and @change initialised and empty. */

/** change_add() - put all of @flows; one with a timeout even if it looks like the one there is */
void change_add(struct change *change, const struct flowset *have, const struct flowset *flows);

/** change_replace() - to these and no others */
void change_replace(struct change *change, const struct flowset *have,
		    const struct flowset *flows);

void change_delete(struct change *change, const struct flowset *have,
		   const struct choice *choice);

/**
 * change_modify() - other actions for those chosen, and another cookie if one is given
 *
 * If there are none @choice's flow is added (OpenFlow 1.0, 4.6), unless it chooses by cookie.
 */
void change_modify(struct change *change, const struct flowset *have,
		   const struct choice *choice);

/**
 * change_delete_groups() - and the flows that use them (OpenFlow 1.3.0, 6.5)
 * @id: CVSW_GROUP_ALL: all
 */
void change_delete_groups(struct change *change, const struct flowset *have,
			  const struct groupset *groups, uint32_t id);

/**
 * change_unknown_group() - a flow that would name a group which will not be there, or NULL
 * @groups: that are there
 * @id: out: of that group
 */
const struct cvsw_flow *change_unknown_group(const struct change *change,
					     const struct groupset *groups, uint32_t *id);

/** change_n_groups() - how many there will be */
size_t change_n_groups(const struct change *change, const struct groupset *groups);

/** change_size() - how many there will be */
size_t change_size(const struct change *change, const struct flowset *have);

/**
 * change_overlap() - a flow that is not to overlap, and does (OpenFlow 1.0, 4.6)
 * @have: what is there
 * @other: out: with which
 *
 * CHECK_OVERLAP is looked at and taken away from @change.  Return: NULL: there is none.
 */
const struct cvsw_flow *change_overlap(struct change *change, const struct flowset *have,
				       const struct cvsw_flow **other);

#endif
