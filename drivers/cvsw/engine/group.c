// SPDX-License-Identifier: GPL-2.0
/* A frame comes to a group: OpenFlow 1.3.0, 5.6.  Its buckets' actions are engine.c's to do. */
#include "group.h"
#include "trace.h"

/* The frame's fields as they are now; NULL: it is too short for any. */
static const struct cvsw_key *key_as_it_is(const struct cvsw_walk *walk, const struct sk_buff *skb,
					   struct cvsw_outcome *out)
{
	if (out->key_of == skb)
		return out->key;
	/* Without what the walk knows beside it, which lookups ask for. */
	cvsw_outcome_forget(out);
	if (unlikely(cvsw_key_extract(skb, walk->in, out->key, &out->at)))
		return NULL;
	out->at_of = skb;
	return out->key;
}

static u8 slot_of(const struct cvsw_walk *walk, const struct sk_buff *skb,
		  const struct cvsw_slots *slots, u8 hash, struct cvsw_outcome *out)
{
	const struct cvsw_key *key = key_as_it_is(walk, skb, out);
	u8 slot = key ? cvsw_group_slot(slots->key, hash, key) : 0;

	if (likely(!walk->trace))
		cvsw_slot_hits_add(slots->hits, slot, skb->len);
	return slot;
}

bool cvsw_group_choose_next(struct cvsw_choice *choice)
{
	const struct cvsw_group_version *group = choice->group;

	if (group->type != CVSW_GROUP_TYPE_ALL)
		return false;
	while (++choice->bucket < group->n_buckets)
		if (!cvsw_bucket_is_dead(group->dead, choice->bucket))
			return true;
	return false;
}

/* Return: negative: none. */
static int bucket_of(const struct cvsw_group_version *group, struct cvsw_choice *choice)
{
	const struct cvsw_slots *slots = group->slots;

	if (group->type != CVSW_GROUP_TYPE_ALL)
		return cvsw_group_bucket(group->type, group->n_buckets, group->dead,
					 slots ? slots->slots : NULL,
					 slots ? slots->backup : NULL, (u8)choice->slot);
	choice->bucket = -1;
	return cvsw_group_choose_next(choice) ? (int)choice->bucket : -1;
}

int cvsw_group_choose(struct cvsw_walk *walk, const struct sk_buff *skb,
		      const struct cvsw_to_group *to, struct cvsw_choice *choice,
		      struct cvsw_outcome *out)
{
	const struct cvsw_group_version *group;
	int bucket;

	/* Each flow's groups are there, in its version. */
	group = cvsw_table_group(walk->engine->table, to->id, walk->version);
	if (unlikely(!group))
		return CVSW_CNT_DROP_CHANGED;
	choice->group = group;
	choice->slot = group->slots ? slot_of(walk, skb, group->slots, to->hash, out) :
				      CVSW_V3_NO_BUCKET;
	bucket = bucket_of(group, choice);
	if (unlikely(bucket < 0)) {
		cvsw_trace_bucket(walk, group->id, CVSW_V3_NO_BUCKET, choice->slot);
		return CVSW_CNT_DROP_GROUP;
	}
	choice->bucket = bucket;
	return 0;
}

void cvsw_group_enter(struct cvsw_walk *walk, const struct sk_buff *skb,
		      const struct cvsw_choice *choice)
{
	struct cvsw_entry *entry = choice->group->buckets[choice->bucket].entry;

	cvsw_trace_bucket(walk, choice->group->id, choice->bucket, choice->slot);
	if (likely(!walk->trace))
		cvsw_hits_add(entry->hits, skb->len);
	cvsw_walk_enter(walk, entry);
}

bool cvsw_group_bucket_ends(const struct cvsw_entry *entry)
{
	const struct cvsw_action *actions = cvsw_entry_actions(entry);
	unsigned int i;

	if (likely(!cvsw_entry_is_bucket(entry)))
		return false;
	for (i = 0; i < entry->n_actions; i++)
		if (cvsw_action_changes_layers(actions[i].type))
			return false;
	return true;
}
