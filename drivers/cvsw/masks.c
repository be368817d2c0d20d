// SPDX-License-Identifier: GPL-2.0
/*
 * Tuple space search with priorities.
 *
 * Entries with the same mask share a hash table, keyed by what the mask leaves
 * of the key.  A lookup tries one mask after the other.  The masks stand in an
 * array by the highest priority among their entries, so a lookup is over as
 * soon as what it has found outranks all that can still come: a table with few
 * masks, or with its busy flows on top, costs one or two hash lookups.
 *
 * The array is replaced as a whole, never changed.  Its priorities are upper
 * bounds: it is raised before a reader may see a higher entry, and lowered when
 * that is worth it and there is memory.  A mask without entries is no longer
 * listed but kept, for it often comes back; a handful of them is freed after
 * one common grace period, because freeing a hash table sleeps.
 */
#include <linux/jhash.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "compat.h"
#include "masks.h"
#include "table.h"

#define KEY_WORDS	(sizeof(struct cvsw_key) / sizeof(u64))
/* Masks without entries that are kept. */
#define IDLE_MASKS	8
/* Room in an array for masks to come. */
#define ARRAY_SLACK	8

struct mask_slot {
	struct cvsw_mask *mask;
	int bound;
};

struct cvsw_mask_array {
	struct rcu_head rcu;
	unsigned int n;
	unsigned int room;
	struct mask_slot slots[];	/* highest bound first */
};

static u64 key_word(const struct cvsw_key *key, unsigned int i)
{
	/* Not memcpy(), which User-Mode Linux calls even for one word. */
	return get_unaligned((const u64 *)key + i);
}

/* ---- the hash tables ---- */

static void apply_mask(struct cvsw_masked_key *masked, struct cvsw_mask *mask,
		       const struct cvsw_key *key)
{
	u64 *words = (u64 *)&masked->key;
	unsigned int i;

	masked->mask = mask;
	for (i = mask->first; i < mask->last; i++)
		words[i] = key_word(key, i) & key_word(&mask->mask, i);
}

static u32 hash_masked(const void *data, u32 len, u32 seed)
{
	const struct cvsw_masked_key *masked = data;
	unsigned int first = masked->mask->first, last = masked->mask->last;

	return jhash2((const u32 *)&masked->key + 2 * first, 2 * (last - first), seed);
}

static int compare_masked(struct rhashtable_compare_arg *arg, const void *object)
{
	const struct cvsw_masked_key *a = arg->key;
	const struct cvsw_masked_key *b = &((const struct cvsw_entry *)object)->match;
	unsigned int i;

	for (i = a->mask->first; i < a->mask->last; i++)
		if (key_word(&a->key, i) != key_word(&b->key, i))
			return 1;
	return 0;
}

static const struct rhashtable_params entry_params = {
	.nelem_hint = 8,
	.key_len = sizeof(struct cvsw_masked_key),
	.key_offset = offsetof(struct cvsw_entry, match),
	.head_offset = offsetof(struct cvsw_entry, node),
	.automatic_shrinking = true,
	.hashfn = hash_masked,
	.obj_cmpfn = compare_masked,
};

/* ---- classes ---- */

/*
 * Direction and pass of a frame, a number below eight.  Flows are mostly of one
 * direction and often of one pass, so that for a frame of another a mask need
 * not be tried.
 */
static u8 class_of(const struct cvsw_key *key)
{
	static_assert(CVSW_NET == 2 && CVSW_MAX_PASSES == 4);

	return (key->in_port & CVSW_NET) << 1 | (key->pass & (CVSW_MAX_PASSES - 1));
}

/* A bit for each class whose frames an entry may match. */
static u8 classes_of(const struct cvsw_entry *entry)
{
	u8 value = class_of(&entry->match.key), mask = class_of(&entry->match.mask->mask);
	unsigned int class;
	u8 classes = 0;

	for (class = 0; class < 8; class++)
		if ((class & mask) == value)
			classes |= 1 << class;
	return classes;
}

bool cvsw_masks_may_match(const struct cvsw_masks *masks, enum cvsw_ingress in, unsigned int pass)
{
	const struct cvsw_key key = { .in_port = in, .pass = pass };

	return READ_ONCE(masks->classes) & 1 << class_of(&key);
}

/* ---- lookup ---- */

struct cvsw_entry *cvsw_masks_find(const struct cvsw_masks *masks, const struct cvsw_key *key,
				   int below, u64 version)
{
	const struct cvsw_mask_array *array = rcu_dereference(masks->array);
	u8 class = 1 << class_of(key);
	struct cvsw_entry *best = NULL;
	unsigned int i;

	for (i = 0; i < array->n; i++) {
		struct cvsw_mask *mask = array->slots[i].mask;
		struct rhlist_head *list, *pos;
		struct cvsw_masked_key masked;
		struct cvsw_entry *entry;

		if (best && best->priority >= array->slots[i].bound)
			break;
		if (!(READ_ONCE(mask->classes) & class))
			continue;
		apply_mask(&masked, mask, key);
		list = rhltable_lookup(&mask->entries, &masked, entry_params);
		rhl_for_each_entry_rcu(entry, pos, list, node)
			if (entry->priority < below && cvsw_entry_is_of(entry, version) &&
			    (!best || entry->priority > best->priority))
				best = entry;
	}
	return best;
}

struct cvsw_entry *cvsw_masks_twin(const struct cvsw_masked_key *match, u16 priority)
{
	struct cvsw_entry *entry, *found = NULL;
	struct rhlist_head *list, *pos;

	if (!match->mask)
		return NULL;
	rcu_read_lock();
	list = rhltable_lookup(&match->mask->entries, match, entry_params);
	rhl_for_each_entry_rcu(entry, pos, list, node)
		if (entry->priority == priority && cvsw_entry_stays(entry))
			found = entry;
	rcu_read_unlock();
	return found;
}

/* ---- the array ---- */

static struct cvsw_mask_array *array_alloc(const struct cvsw_masks *masks)
{
	struct cvsw_mask_array *array;
	unsigned int room = masks->n + ARRAY_SLACK;

	array = kvzalloc(struct_size(array, slots, room), GFP_KERNEL);
	if (array)
		array->room = room;
	return array;
}

/*
 * Room for what cvsw_masks_raise() has to list.  Return: false: no memory, and
 * what was there suffices for all that was inserted before.
 */
static bool spare_array(struct cvsw_masks *masks)
{
	struct cvsw_mask_array *array;

	if (masks->spare && masks->spare->room >= masks->n)
		return true;
	array = array_alloc(masks);
	if (!array)
		return false;
	kvfree(masks->spare);
	masks->spare = array;
	return true;
}

static int compare_slots(const void *a, const void *b)
{
	return ((const struct mask_slot *)b)->bound - ((const struct mask_slot *)a)->bound;
}

/* Make an array, long enough, what lookups go through. */
static void publish(struct cvsw_masks *masks, struct cvsw_mask_array *array)
{
	struct cvsw_mask_array *old = rcu_dereference_protected(masks->array, true);
	struct cvsw_mask *mask;
	u8 classes = 0;

	list_for_each_entry(mask, &masks->all, node) {
		mask->listed = mask->top;
		if (mask->top == CVSW_NO_PRIORITY)
			continue;
		classes |= mask->classes;
		array->slots[array->n].mask = mask;
		array->slots[array->n].bound = mask->top;
		array->n++;
	}
	sort(array->slots, array->n, sizeof(array->slots[0]), compare_slots, NULL);
	rcu_assign_pointer(masks->array, array);
	WRITE_ONCE(masks->classes, classes);
	kvfree_rcu(old, rcu);
}

static bool any_mask(const struct cvsw_masks *masks, bool (*is)(const struct cvsw_mask *mask))
{
	const struct cvsw_mask *mask;

	list_for_each_entry(mask, &masks->all, node)
		if (is(mask))
			return true;
	return false;
}

static bool is_higher(const struct cvsw_mask *mask)
{
	return mask->top > mask->listed;
}

static bool is_lower(const struct cvsw_mask *mask)
{
	return mask->top < mask->listed;
}

void cvsw_masks_raise(struct cvsw_masks *masks)
{
	if (!any_mask(masks, is_higher))
		return;
	publish(masks, masks->spare);
	masks->spare = NULL;
}

/* ---- masks ---- */

static void mask_free(struct cvsw_masks *masks, struct cvsw_mask *mask)
{
	list_del(&mask->node);
	masks->n--;
	rhltable_destroy(&mask->entries);
	kfree(mask);
}

struct cvsw_mask *cvsw_masks_known(const struct cvsw_masks *masks, const struct cvsw_key *bits)
{
	struct cvsw_mask *mask;

	list_for_each_entry(mask, &masks->all, node)
		if (!memcmp(&mask->mask, bits, sizeof(*bits)))
			return mask;
	return NULL;
}

struct cvsw_mask *cvsw_masks_get(struct cvsw_masks *masks, const struct cvsw_key *bits)
{
	struct cvsw_mask *mask = cvsw_masks_known(masks, bits);

	if (mask)
		return mask;
	mask = kzalloc(sizeof(*mask), GFP_KERNEL);
	if (!mask)
		return NULL;
	if (rhltable_init(&mask->entries, &entry_params)) {
		kfree(mask);
		return NULL;
	}
	mask->mask = *bits;
	mask->last = KEY_WORDS;
	while (mask->last && !key_word(bits, mask->last - 1))
		mask->last--;
	while (mask->first < mask->last && !key_word(bits, mask->first))
		mask->first++;
	mask->top = CVSW_NO_PRIORITY;
	mask->listed = CVSW_NO_PRIORITY;
	list_add_tail(&mask->node, &masks->all);
	masks->n++;
	return mask;
}

static bool is_idle(const struct cvsw_mask *mask)
{
	return !mask->n && mask->listed == CVSW_NO_PRIORITY;
}

/* Free the masks that have been without entries, if they are many. */
static void reap(struct cvsw_masks *masks)
{
	struct cvsw_mask *mask, *next;
	unsigned int idle = 0;

	list_for_each_entry(mask, &masks->all, node)
		idle += is_idle(mask);
	if (idle <= IDLE_MASKS)
		return;

	/* A reader may still hold the array that listed them, or an entry. */
	synchronize_rcu();
	list_for_each_entry_safe(mask, next, &masks->all, node)
		if (is_idle(mask))
			mask_free(masks, mask);
}

void cvsw_masks_settle(struct cvsw_masks *masks)
{
	if (any_mask(masks, is_lower) && spare_array(masks)) {
		publish(masks, masks->spare);
		masks->spare = NULL;
	}
	reap(masks);
}

/* ---- entries ---- */

int cvsw_masks_insert(struct cvsw_masks *masks, struct cvsw_entry *entry)
{
	struct cvsw_mask *mask = entry->match.mask;

	if (entry->priority > mask->listed && !spare_array(masks))
		return -ENOMEM;
	/* Before the entry, so that no reader looks for it in vain. */
	WRITE_ONCE(mask->classes, mask->classes | classes_of(entry));
	WRITE_ONCE(masks->classes, masks->classes | mask->classes);
	if (rhltable_insert(&mask->entries, &entry->node, entry_params))
		return -ENOMEM;
	mask->n++;
	mask->top = max_t(int, mask->top, entry->priority);
	return 0;
}

void cvsw_masks_remove(struct cvsw_masks *masks, struct cvsw_entry *entry)
{
	struct cvsw_mask *mask = entry->match.mask;

	rhltable_remove(&mask->entries, &entry->node, entry_params);
	if (!--mask->n)
		mask->top = CVSW_NO_PRIORITY;
	else if (entry->priority == mask->top)
		masks->loose++;
}

bool cvsw_masks_are_loose(const struct cvsw_masks *masks, unsigned int n_entries)
{
	return masks->loose > n_entries / 8;
}

void cvsw_masks_forget_tops(struct cvsw_masks *masks)
{
	struct cvsw_mask *mask;

	list_for_each_entry(mask, &masks->all, node)
		mask->top = CVSW_NO_PRIORITY;
	masks->loose = 0;
}

void cvsw_masks_see(const struct cvsw_entry *entry)
{
	struct cvsw_mask *mask = entry->match.mask;

	mask->top = max_t(int, mask->top, entry->priority);
}

/* ---- all ---- */

int cvsw_masks_init(struct cvsw_masks *masks)
{
	struct cvsw_mask_array *array;

	*masks = (struct cvsw_masks){};
	INIT_LIST_HEAD(&masks->all);
	array = array_alloc(masks);
	RCU_INIT_POINTER(masks->array, array);
	return array ? 0 : -ENOMEM;
}

void cvsw_masks_free(struct cvsw_masks *masks)
{
	struct cvsw_mask *mask, *next;

	list_for_each_entry_safe(mask, next, &masks->all, node)
		mask_free(masks, mask);
	kvfree(masks->spare);
	kvfree(rcu_dereference_protected(masks->array, true));
}
