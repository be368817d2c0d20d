/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of groups, by their numbers: few, so an array does. */
#ifndef CVSWD_GROUPSET_H
#define CVSWD_GROUPSET_H

#include "cvsw_group.h"
#include "flowset.h"

/** struct groupset - @groups: @n of them, by rising number; zero is an empty one */
struct groupset {
	struct cvsw_group **groups;
	size_t n;
};

/** groupset_clear() - remove and free everything; the set can be used again */
void groupset_clear(struct groupset *set);

/**
 * groupset_find() - the group of this number, or NULL
 *
 * Only its first n_actions actions are there: never to be copied as a struct.
 */
struct cvsw_group *groupset_find(const struct groupset *set, uint32_t id);

/** groupset_has() - is the very same group there? */
bool groupset_has(const struct groupset *set, const struct cvsw_group *group);

/** groupset_put() - add a copy of a group, or let it replace the one of its number */
void groupset_put(struct groupset *set, const struct cvsw_group *group);

/** groupset_remove() - the group of this number, if it is there */
void groupset_remove(struct groupset *set, uint32_t id);

/** groupset_move() - @to loses its groups and takes those of @from, which is empty after */
void groupset_move(struct groupset *to, struct groupset *from);

/** group_copy() - @to: a whole struct, whatever @from is */
void group_copy(struct cvsw_group *to, const struct cvsw_group *from);

/** flow_lacks_group() - the first of its actions GROUP whose group is not in @set; NULL: all are */
const struct cvsw_action *flow_lacks_group(const struct cvsw_flow *flow,
					   const struct groupset *set);

/** flow_uses_group() - does an action of it name a group of @set? */
bool flow_uses_group(const struct cvsw_flow *flow, const struct groupset *set);

#endif
