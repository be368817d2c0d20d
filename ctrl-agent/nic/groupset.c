// SPDX-License-Identifier: GPL-2.0-or-later
#include "groupset.h"

#include "base/alloc.h"

void groupset_clear(struct groupset *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->groups[i]);
	free(set->groups);
	*set = (struct groupset){ 0 };
}

/* Where it is, or would be. */
static size_t place_of(const struct groupset *set, uint32_t id)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->groups[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct cvsw_group *groupset_find(const struct groupset *set, uint32_t id)
{
	size_t at = place_of(set, id);

	return at < set->n && set->groups[at]->id == id ? set->groups[at] : NULL;
}

bool groupset_has(const struct groupset *set, const struct cvsw_group *group)
{
	const struct cvsw_group *found = groupset_find(set, group->id);

	return found && cvsw_group_equal(found, group);
}

/* Most groups have few actions. */
static size_t group_len(const struct cvsw_group *group)
{
	return offsetof(struct cvsw_group, actions[group->n_actions]);
}

void groupset_put(struct groupset *set, const struct cvsw_group *group)
{
	size_t at = place_of(set, group->id), len = group_len(group);
	struct cvsw_group *copy = xcalloc(1, len);

	memcpy(copy, group, len);
	if (at < set->n && set->groups[at]->id == group->id) {
		free(set->groups[at]);
	} else {
		set->groups = alloc_checked(reallocarray(set->groups, set->n + 1,
							 sizeof(*set->groups)));
		memmove(set->groups + at + 1, set->groups + at,
			(set->n - at) * sizeof(*set->groups));
		set->n++;
	}
	set->groups[at] = copy;
}

void groupset_remove(struct groupset *set, uint32_t id)
{
	size_t at = place_of(set, id);

	if (at == set->n || set->groups[at]->id != id)
		return;
	free(set->groups[at]);
	set->n--;
	memmove(set->groups + at, set->groups + at + 1, (set->n - at) * sizeof(*set->groups));
}

void groupset_move(struct groupset *to, struct groupset *from)
{
	groupset_clear(to);
	*to = *from;
	*from = (struct groupset){ 0 };
}

void group_copy(struct cvsw_group *to, const struct cvsw_group *from)
{
	memcpy(to, from, group_len(from));
}

const struct cvsw_action *flow_lacks_group(const struct cvsw_flow *flow,
					   const struct groupset *set)
{
	for (size_t i = 0; i < flow->n_actions; i++)
		if (flow->actions[i].type == CVSW_ACT_GROUP &&
		    !groupset_find(set, flow->actions[i].to_group.id))
			return &flow->actions[i];
	return NULL;
}

bool flow_uses_group(const struct cvsw_flow *flow, const struct groupset *set)
{
	for (size_t i = 0; i < flow->n_actions; i++)
		if (flow->actions[i].type == CVSW_ACT_GROUP &&
		    groupset_find(set, flow->actions[i].to_group.id))
			return true;
	return false;
}
