// SPDX-License-Identifier: GPL-2.0
/*
 * The flow table: tuple space search with priorities.
 *
 * Entries with the same mask share a hash table, keyed by what the mask leaves
 * of the key.  A lookup tries one mask after the other.  The masks stand in an
 * array by the highest priority among their entries, so a lookup is over as
 * soon as what it has found outranks all that can still come: a table with few
 * masks, or with its busy flows on top, costs one or two hash lookups.  In
 * front of all that is a cache of recent lookups; each change of the table is
 * a new version, of which the cache knows nothing.
 *
 * DOC: Locking
 *
 * Readers (lookup, walk) hold RCU and nothing else.  Writers (add, delete) are
 * serialized by their caller.  Everything a writer needs is allocated before
 * the first change.
 *
 * The array is replaced as a whole, never changed.  Its priorities are upper
 * bounds: if a deletion finds no memory for a new array, the old one stays and
 * is merely less tight.  A mask without entries is no longer listed but kept,
 * for it often comes back; a handful of them is freed after one common grace
 * period, because freeing a hash table sleeps.
 */
#include <linux/jhash.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/xarray.h>
#include <asm/unaligned.h>

#include "cache.h"
#include "table.h"

#define KEY_WORDS	(sizeof(struct cvsw_key) / sizeof(u64))
/* Masks without entries that are kept. */
#define IDLE_MASKS	8
/* No priority: below all that an entry can have. */
#define NO_ENTRY	(-1)

/**
 * struct cvsw_table_mask - the entries of one mask
 * @entries: hashed by masked key; those of one key and several priorities are
 *	a list
 * @mask: the bits that count
 * @first: the first 64-bit word of @mask that is not zero
 * @last: the word behind the last such
 * @classes: see class_of(): which of a frame's its entries may match; only grows
 * @top: writers': highest priority of an entry, or NO_ENTRY
 * @listed: writers': what the published array has for @top, or NO_ENTRY
 * @node: in the table's all_masks
 */
struct cvsw_table_mask {
	struct rhltable entries;
	struct cvsw_key mask __aligned(8);
	u8 first;
	u8 last;
	u8 classes;
	int top;
	int listed;
	struct list_head node;
};

struct mask_slot {
	struct cvsw_table_mask *mask;
	int bound;
};

struct mask_array {
	struct rcu_head rcu;
	unsigned int n;
	struct mask_slot slots[];	/* highest bound first */
};

/**
 * struct cvsw_table - the flow table
 * @masks: the array lookups go through
 * @cache: of lookups
 * @version: another with each change, never zero
 * @classes: of all masks with entries; may be too many, never too few
 * @count: entries
 * @walk: entries by id
 * @next_id: where the search for a free id begins
 * @n_masks: length of @all_masks
 * @all_masks: writers': masks, listed or idle
 */
struct cvsw_table {
	struct mask_array __rcu *masks;
	struct cvsw_cache __percpu *cache;
	atomic64_t version;
	u8 classes;
	u32 count;
	struct xarray walk;
	u32 next_id;
	unsigned int n_masks;
	struct list_head all_masks;
};

static u64 key_word(const struct cvsw_key *key, unsigned int i)
{
	/* Not memcpy(), which User-Mode Linux calls even for one word. */
	return get_unaligned((const u64 *)key + i);
}

static void apply_mask(struct cvsw_masked_key *masked, struct cvsw_table_mask *mask,
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

/* ---- lookup ---- */

struct cvsw_entry *cvsw_table_lookup_below(const struct cvsw_table *table,
					   const struct cvsw_key *key, int below)
{
	const struct mask_array *masks = rcu_dereference(table->masks);
	u8 class = 1 << class_of(key);
	struct cvsw_entry *best = NULL;
	unsigned int i;

	for (i = 0; i < masks->n; i++) {
		struct cvsw_table_mask *mask = masks->slots[i].mask;
		struct rhlist_head *list, *pos;
		struct cvsw_masked_key masked;
		struct cvsw_entry *entry;

		if (best && best->priority >= masks->slots[i].bound)
			break;
		if (!(READ_ONCE(mask->classes) & class))
			continue;
		apply_mask(&masked, mask, key);
		list = rhltable_lookup(&mask->entries, &masked, entry_params);
		rhl_for_each_entry_rcu(entry, pos, list, node)
			if (entry->priority < below &&
			    (!best || entry->priority > best->priority))
				best = entry;
	}
	return best;
}

struct cvsw_entry *cvsw_table_lookup(const struct cvsw_table *table,
				     const struct cvsw_key *key)
{
	/* Before anything is looked at: what changes meanwhile is not of this version. */
	u64 version = atomic64_read_acquire(&table->version);
	struct cvsw_entry *entry;

	if (likely(cvsw_cache_find(table->cache, key, version, &entry)))
		return entry;
	entry = cvsw_table_lookup_below(table, key, INT_MAX);
	cvsw_cache_put(table->cache, key, version, entry);
	return entry;
}

bool cvsw_table_may_match(const struct cvsw_table *table, enum cvsw_ingress in, unsigned int pass)
{
	const struct cvsw_key key = { .in_port = in, .pass = pass };

	return READ_ONCE(table->classes) & 1 << class_of(&key);
}

/* Behind each change, and before the grace period of what it took away. */
static void changed(struct cvsw_table *table)
{
	atomic64_inc_return_release(&table->version);
}

bool cvsw_table_empty(const struct cvsw_table *table)
{
	return !READ_ONCE(table->count);
}

u32 cvsw_table_count(const struct cvsw_table *table)
{
	return READ_ONCE(table->count);
}

int cvsw_table_walk(const struct cvsw_table *table, u64 *resume,
		    int (*visit)(const struct cvsw_entry *entry, void *arg), void *arg)
{
	struct xarray *walk = (struct xarray *)&table->walk;
	struct cvsw_entry *entry;
	unsigned long id;
	int ret = 0;

	if (*resume > U32_MAX)
		return 0;
	rcu_read_lock();
	xa_for_each_start(walk, id, entry, *resume) {
		ret = visit(entry, arg);
		if (ret)
			break;
		*resume = (u64)id + 1;
	}
	rcu_read_unlock();
	return ret;
}

/* ---- entries ---- */

static void entry_free(struct cvsw_entry *entry)
{
	cvsw_hits_free(&entry->hits);
	kfree(entry);
}

void cvsw_entry_put(struct cvsw_entry *entry)
{
	if (refcount_dec_and_test(&entry->references))
		entry_free(entry);
}

/* The table's own reference ends when no reader can take another. */
static void entry_put_rcu(struct rcu_head *rcu)
{
	cvsw_entry_put(container_of(rcu, struct cvsw_entry, rcu));
}

static struct cvsw_entry *entry_create(const struct cvsw_flow *flow)
{
	struct cvsw_entry *entry;

	entry = kzalloc(struct_size(entry, actions, flow->n_actions), GFP_KERNEL);
	if (!entry)
		return NULL;
	cvsw_hits_init(&entry->hits);
	refcount_set(&entry->references, 1);
	entry->match.key = flow->match.key;
	entry->cookie = flow->cookie;
	entry->priority = flow->priority;
	entry->n_actions = flow->n_actions;
	memcpy(entry->actions, flow->actions, flow->n_actions * sizeof(flow->actions[0]));
	return entry;
}

/* The entry that a new one is to replace, or NULL. */
static struct cvsw_entry *entry_find_twin(const struct cvsw_entry *new)
{
	struct cvsw_entry *entry, *found = NULL;
	struct rhlist_head *list, *pos;

	rcu_read_lock();
	list = rhltable_lookup(&new->match.mask->entries, &new->match, entry_params);
	rhl_for_each_entry_rcu(entry, pos, list, node)
		if (entry->priority == new->priority)
			found = entry;
	rcu_read_unlock();
	return found;
}

/* Out of the lookup, not out of the walk. */
static void entry_unhash(struct cvsw_table *table, struct cvsw_entry *entry)
{
	rhltable_remove(&entry->match.mask->entries, &entry->node, entry_params);
	changed(table);
	call_rcu(&entry->rcu, entry_put_rcu);
}

void cvsw_entry_flow(const struct cvsw_entry *entry, struct cvsw_flow *flow)
{
	memset(flow, 0, sizeof(*flow));
	flow->match.key = entry->match.key;
	flow->match.mask = entry->match.mask->mask;
	flow->cookie = entry->cookie;
	flow->priority = entry->priority;
	flow->n_actions = entry->n_actions;
	memcpy(flow->actions, entry->actions, entry->n_actions * sizeof(entry->actions[0]));
}

/* ---- masks ---- */

static void mask_free(struct cvsw_table *table, struct cvsw_table_mask *mask)
{
	list_del(&mask->node);
	table->n_masks--;
	rhltable_destroy(&mask->entries);
	kfree(mask);
}

/* Return: the table's mask of these bits, made if need be, or NULL. */
static struct cvsw_table_mask *mask_get(struct cvsw_table *table, const struct cvsw_key *bits)
{
	struct cvsw_table_mask *mask;

	list_for_each_entry(mask, &table->all_masks, node)
		if (!memcmp(&mask->mask, bits, sizeof(*bits)))
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
	mask->top = NO_ENTRY;
	mask->listed = NO_ENTRY;
	list_add_tail(&mask->node, &table->all_masks);
	table->n_masks++;
	return mask;
}

static struct mask_array *masks_alloc(const struct cvsw_table *table)
{
	struct mask_array *masks;

	masks = kvzalloc(struct_size(masks, slots, table->n_masks), GFP_KERNEL);
	return masks;
}

static int compare_slots(const void *a, const void *b)
{
	return ((const struct mask_slot *)b)->bound - ((const struct mask_slot *)a)->bound;
}

/* Make @masks, of masks_alloc(), what lookups go through. */
static void masks_publish(struct cvsw_table *table, struct mask_array *masks)
{
	struct mask_array *old = rcu_dereference_protected(table->masks, true);
	struct cvsw_table_mask *mask;
	u8 classes = 0;

	list_for_each_entry(mask, &table->all_masks, node) {
		mask->listed = mask->top;
		if (mask->top == NO_ENTRY)
			continue;
		classes |= mask->classes;
		masks->slots[masks->n].mask = mask;
		masks->slots[masks->n].bound = mask->top;
		masks->n++;
	}
	sort(masks->slots, masks->n, sizeof(masks->slots[0]), compare_slots, NULL);
	rcu_assign_pointer(table->masks, masks);
	WRITE_ONCE(table->classes, classes);
	kvfree_rcu(old, rcu);
}

/* Free the masks that have been without entries, if they are many. */
static void masks_reap(struct cvsw_table *table)
{
	struct cvsw_table_mask *mask, *next;
	unsigned int idle = 0;

	list_for_each_entry(mask, &table->all_masks, node)
		idle += mask->top == NO_ENTRY && mask->listed == NO_ENTRY;
	if (idle <= IDLE_MASKS)
		return;

	/* A reader may still hold the array that listed them, or an entry. */
	synchronize_rcu();
	list_for_each_entry_safe(mask, next, &table->all_masks, node)
		if (mask->top == NO_ENTRY && mask->listed == NO_ENTRY)
			mask_free(table, mask);
}

/* ---- the table ---- */

struct cvsw_table *cvsw_table_create(void)
{
	struct cvsw_table *table = kzalloc(sizeof(*table), GFP_KERNEL);
	struct mask_array *masks;

	if (!table)
		return NULL;
	masks = masks_alloc(table);
	table->cache = cvsw_cache_create();
	if (!masks || !table->cache) {
		cvsw_cache_destroy(table->cache);
		kvfree(masks);
		kfree(table);
		return NULL;
	}
	RCU_INIT_POINTER(table->masks, masks);
	atomic64_set(&table->version, 1);
	xa_init_flags(&table->walk, XA_FLAGS_ALLOC);
	INIT_LIST_HEAD(&table->all_masks);
	return table;
}

void cvsw_table_destroy(struct cvsw_table *table)
{
	struct cvsw_table_mask *mask, *next;
	struct cvsw_entry *entry;
	unsigned long id;

	/* entry_put_rcu() of entries removed before is code of this module. */
	rcu_barrier();
	list_for_each_entry_safe(mask, next, &table->all_masks, node)
		mask_free(table, mask);
	xa_for_each(&table->walk, id, entry)
		cvsw_entry_put(entry);
	xa_destroy(&table->walk);
	cvsw_cache_destroy(table->cache);
	kvfree(rcu_dereference_protected(table->masks, true));
	kfree(table);
}

/*
 * Reserve what a new entry needs and may not get: room, an id, and an array if
 * its mask is not listed as high as this.
 */
static int reserve(struct cvsw_table *table, struct cvsw_entry *entry, struct mask_array **masks)
{
	int err;

	if (table->count >= CVSW_TABLE_MAX)
		return -ENOSPC;
	if (entry->priority > entry->match.mask->listed) {
		*masks = masks_alloc(table);
		if (!*masks)
			return -ENOMEM;
	}
	err = xa_alloc_cyclic(&table->walk, &entry->id, NULL, xa_limit_32b, &table->next_id,
			      GFP_KERNEL);
	if (err < 0) {
		kvfree(*masks);
		return -ENOMEM;
	}
	return 0;
}

int cvsw_table_add(struct cvsw_table *table, const struct cvsw_flow *flow)
{
	struct mask_array *masks = NULL;
	struct cvsw_entry *entry, *twin;
	struct cvsw_table_mask *mask;
	int err = -ENOMEM;

	entry = entry_create(flow);
	if (!entry)
		return -ENOMEM;
	mask = mask_get(table, &flow->match.mask);
	if (!mask)
		goto free_entry;
	entry->match.mask = mask;
	WRITE_ONCE(mask->classes, mask->classes | classes_of(entry));
	WRITE_ONCE(table->classes, table->classes | mask->classes);

	twin = entry_find_twin(entry);
	if (twin) {
		entry->id = twin->id;
	} else {
		err = reserve(table, entry, &masks);
		if (err)
			goto free_entry;
	}
	err = rhltable_insert(&mask->entries, &entry->node, entry_params);
	if (err)
		goto release;

	/* Nothing fails from here on: the id's slot exists. */
	xa_store(&table->walk, entry->id, entry, GFP_KERNEL);
	mask->top = max_t(int, mask->top, entry->priority);
	if (masks)
		masks_publish(table, masks);
	if (twin) {
		entry_unhash(table, twin);
		return 0;
	}
	changed(table);
	WRITE_ONCE(table->count, table->count + 1);
	return 0;

release:
	err = -ENOMEM;
	kvfree(masks);
	if (!twin)
		xa_erase(&table->walk, entry->id);
free_entry:
	entry_free(entry);
	masks_reap(table);
	return err;
}

static bool covered(const struct cvsw_match *wide, const struct cvsw_entry *entry)
{
	struct cvsw_match narrow = {
		.key = entry->match.key,
		.mask = entry->match.mask->mask,
	};

	return cvsw_match_covers(wide, &narrow);
}

static bool masks_are_current(const struct cvsw_table *table)
{
	const struct cvsw_table_mask *mask;

	list_for_each_entry(mask, &table->all_masks, node)
		if (mask->listed != mask->top)
			return false;
	return true;
}

unsigned int cvsw_table_delete(struct cvsw_table *table, const struct cvsw_match *match)
{
	struct cvsw_table_mask *mask;
	struct cvsw_entry *entry;
	unsigned int removed = 0;
	unsigned long id;

	list_for_each_entry(mask, &table->all_masks, node)
		mask->top = NO_ENTRY;
	xa_for_each(&table->walk, id, entry) {
		if (covered(match, entry)) {
			xa_erase(&table->walk, id);
			entry_unhash(table, entry);
			removed++;
		} else {
			mask = entry->match.mask;
			mask->top = max_t(int, mask->top, entry->priority);
		}
		cond_resched();
	}
	WRITE_ONCE(table->count, table->count - removed);

	if (!masks_are_current(table)) {
		struct mask_array *masks = masks_alloc(table);

		if (masks)
			masks_publish(table, masks);
	}
	masks_reap(table);
	return removed;
}
