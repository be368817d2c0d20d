/* SPDX-License-Identifier: GPL-2.0 */
/* Which buckets of a group a frame gets. */
#ifndef CVSW_GROUP_CHOICE_H
#define CVSW_GROUP_CHOICE_H

#include "outcome.h"
#include "table/groups.h"

/**
 * struct cvsw_choice - a bucket of a group
 * @slot: that led there; CVSW_V3_NO_BUCKET: the group has none
 */
struct cvsw_choice {
	const struct cvsw_group_version *group;
	unsigned int bucket;
	unsigned int slot;
};

/**
 * cvsw_group_choose() - the only bucket, or the first of a group of type all
 * @skb: which is only read, as it is now
 * @choice: out
 *
 * Counts the slot.
 * Context: as cvsw_handle_frame(), under RCU.
 * Return: 0, or why there is none: CVSW_CNT_DROP_GROUP; CVSW_CNT_DROP_CHANGED: the frame
 * waited, and its version of the table is gone.
 */
int cvsw_group_choose(struct cvsw_walk *walk, const struct sk_buff *skb,
		      const struct cvsw_to_group *to, struct cvsw_choice *choice,
		      struct cvsw_outcome *out);

/** cvsw_group_choose_next() - the next one, of a group of type all.  Return: false: none */
bool cvsw_group_choose_next(struct cvsw_choice *choice);

/** cvsw_group_enter() - the bucket's actions are what @walk does next with @skb; counted */
void cvsw_group_enter(struct cvsw_walk *walk, const struct sk_buff *skb,
		      const struct cvsw_choice *choice);

/**
 * cvsw_group_bucket_ends() - is it a bucket that adds no layer?
 *
 * Then there is no other lookup behind it, whatever layers the frame had gained before.
 */
bool cvsw_group_bucket_ends(const struct cvsw_entry *entry);

#endif
