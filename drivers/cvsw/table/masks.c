// SPDX-License-Identifier: GPL-2.0
/*
 * Tuple space search with priorities.
 *
 * Entries with the same mask share a hash table, keyed by what the mask leaves
 * of the key.  A lookup tries one mask after the other.  The masks stand in an
 * array by the highest priority among their entries, so a lookup is over as
 * soon as what it has found outranks all that can still come: a table with few
 * masks, or with its busy flows on top, costs one or two hash lookups.  Of the
 * others most are seen not to match by bits in which all their entries agree.
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

/* Masks without entries that are kept. */
#define IDLE_MASKS	8
/* Room in an array for masks to come. */
#define ARRAY_SLACK	8

struct mask_slot {
	struct cvsw_mask *mask;
	int bound;
};

/**
 * struct cvsw_mask_array
 * @n: of @slots, the highest bound first; there is @room for more
 * @any: bits that one of the masks has
 * @wide: words of a key up to the last that has some of them; at least the plain ones
 */
struct cvsw_mask_array {
	struct rcu_head rcu;
	struct cvsw_key any __aligned(8);
	unsigned int wide;
	unsigned int n;
	unsigned int room;
	struct mask_slot slots[];
};

static u64 key_word(const struct cvsw_key *key, unsigned int i)
{
	/* Not memcpy(), which User-Mode Linux calls even for one word. */
	return get_unaligned((const u64 *)key + i);
}

/* Of a frame, whose registers may not be there. */
static u64 frame_word(const struct cvsw_key *key, unsigned int i)
{
	return unlikely(i >= CVSW_KEY_FRAME_WORDS) && !(key->layers & CVSW_LAYER_REGS) ?
	       0 : key_word(key, i);
}

static void set_word(struct cvsw_key *key, unsigned int i, u64 word)
{
	put_unaligned(word, (u64 *)key + i);
}

/* ---- the hash tables ---- */

static u32 hash_words(const u64 *words, unsigned int n, u32 seed)
{
	return jhash2((const u32 *)words, 2 * n, seed);
}

static u32 hash_masked(const void *data, u32 len, u32 seed)
{
	const struct cvsw_masked_key *masked = data;

	return hash_words(masked->words, masked->mask->n_words, seed);
}

static u32 hash_entry(const void *data, u32 len, u32 seed)
{
	const struct cvsw_entry *entry = data;

	return hash_words(entry->key, entry->n_words, seed);
}

static int compare_masked(struct rhashtable_compare_arg *arg, const void *object)
{
	const struct cvsw_masked_key *masked = arg->key;
	const struct cvsw_entry *entry = object;
	unsigned int i;

	for (i = 0; i < entry->n_words; i++)
		if (masked->words[i] != entry->key[i])
			return 1;
	return 0;
}

static const struct rhashtable_params entry_params = {
	.nelem_hint = 8,
	.key_len = sizeof(struct cvsw_masked_key),
	.head_offset = offsetof(struct cvsw_entry, node),
	.automatic_shrinking = true,
	.hashfn = hash_masked,
	.obj_hashfn = hash_entry,
	.obj_cmpfn = compare_masked,
};

/* ---- what entries have in common ---- */

/*
 * Flows of one mask are mostly of one protocol and one direction.  A frame of
 * another is none of theirs, which costs much less to see than that it is not in
 * their hash table.
 *
 * An entry is agreed with before a version has it.  While a reader may look for an
 * entry it is hashed, so what a mask's entries agree on it agrees on too.
 */
static void mask_agrees_with(struct cvsw_mask *mask, const u64 *words)
{
	unsigned int i;

	for (i = 0; i < mask->n_words; i++) {
		struct cvsw_mask_word *word = &mask->words[i];
		u64 agreed = mask->n ? word->agreed & ~(word->value ^ words[i]) : word->bits;

		if (!mask->n)
			WRITE_ONCE(word->value, words[i]);
		WRITE_ONCE(word->agreed, agreed);
	}
}

static __always_inline bool mask_word(struct cvsw_masked_key *masked, const struct cvsw_mask *mask,
				      unsigned int i, u64 bits)
{
	const struct cvsw_mask_word *word = &mask->words[i];

	masked->words[i] = bits & word->bits;
	return !((bits ^ READ_ONCE(word->value)) & READ_ONCE(word->agreed));
}

/* Mask a key.  Return: false: no entry of the mask matches it. */
static bool mask_key(struct cvsw_masked_key *masked, struct cvsw_mask *mask,
		     const struct cvsw_key *key)
{
	unsigned int i;

	for (i = 0; i < mask->n_frame; i++)
		if (!mask_word(masked, mask, i, key_word(key, mask->words[i].at)))
			return false;
	/* Registers come last, and few masks have any. */
	for (; unlikely(i < mask->n_words); i++)
		if (!mask_word(masked, mask, i, frame_word(key, mask->words[i].at)))
			return false;
	masked->mask = mask;
	return true;
}

/* ---- classes ---- */

/*
 * Direction and pass of a frame, a number below eight.  Flows are mostly of one
 * direction and often of one pass.
 */
static u8 class_of(const struct cvsw_key *key)
{
	static_assert(CVSW_NET == 2 && CVSW_MAX_PASSES == 4);

	return (key->in_port & CVSW_NET) << 1 | (key->pass & (CVSW_MAX_PASSES - 1));
}

/* A bit for each class whose frames an entry may match. */
static u8 classes_of(const struct cvsw_entry *entry)
{
	struct cvsw_match match __uninitialized;
	u8 value, mask, classes = 0;
	unsigned int class;

	cvsw_mask_match(entry->mask, entry->key, &match);
	value = class_of(&match.key);
	mask = class_of(&match.mask);
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
	struct cvsw_entry *best = NULL;
	unsigned int i;

	for (i = 0; i < array->n; i++) {
		struct cvsw_mask *mask = array->slots[i].mask;
		struct rhlist_head *list, *pos;
		struct cvsw_masked_key masked __uninitialized;
		struct cvsw_entry *entry;

		if (best && best->priority >= array->slots[i].bound)
			break;
		if (!mask_key(&masked, mask, key))
			continue;
		list = rhltable_lookup(&mask->entries, &masked, entry_params);
		rhl_for_each_entry_rcu(entry, pos, list, node)
			if (entry->priority < below && cvsw_entry_is_of(entry, version) &&
			    (!best || entry->priority > best->priority))
				best = entry;
	}
	return best;
}

struct cvsw_entry *cvsw_masks_twin(const struct cvsw_masks *masks, const struct cvsw_match *match,
				   u16 priority)
{
	struct cvsw_masked_key masked = { .mask = cvsw_masks_known(masks, &match->mask) };
	struct cvsw_entry *entry, *found = NULL;
	struct rhlist_head *list, *pos;

	if (!masked.mask)
		return NULL;
	cvsw_mask_pack(masked.mask, &match->key, masked.words);
	rcu_read_lock();
	list = rhltable_lookup(&masked.mask->entries, &masked, entry_params);
	rhl_for_each_entry_rcu(entry, pos, list, node)
		if (entry->priority == priority && cvsw_entry_stays(entry))
			found = entry;
	rcu_read_unlock();
	return found;
}

void cvsw_masks_common(const struct cvsw_masks *masks, const struct cvsw_key *key,
		       struct cvsw_cache_key *to)
{
	const struct cvsw_mask_array *array = rcu_dereference(masks->array);
	unsigned int i;

	for (i = 0; i < CVSW_KEY_PLAIN_WORDS; i++)
		to->words[i] = key_word(key, i) & key_word(&array->any, i);
	to->table = key->table;
	to->n = cvsw_key_is_plain(key) ? CVSW_KEY_PLAIN_WORDS : array->wide;
	for (; unlikely(i < to->n); i++)
		to->words[i] = frame_word(key, i) & key_word(&array->any, i);
}

/* ---- the array ---- */

static struct cvsw_mask_array *array_alloc(const struct cvsw_masks *masks)
{
	struct cvsw_mask_array *array;
	unsigned int room = masks->n + ARRAY_SLACK;

	array = kvzalloc(struct_size(array, slots, room), GFP_KERNEL);
	if (array) {
		array->room = room;
		array->wide = CVSW_KEY_PLAIN_WORDS;
	}
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

static void list_mask(struct cvsw_mask_array *array, struct cvsw_mask *mask)
{
	unsigned int i;

	array->slots[array->n].mask = mask;
	array->slots[array->n].bound = mask->top;
	array->n++;
	for (i = 0; i < mask->n_words; i++) {
		unsigned int at = mask->words[i].at;

		set_word(&array->any, at, key_word(&array->any, at) | mask->words[i].bits);
		array->wide = max(array->wide, at + 1);
	}
}

/* Make an array, long enough, what lookups go through. */
static void publish_array(struct cvsw_masks *masks, struct cvsw_mask_array *array)
{
	struct cvsw_mask_array *old = rcu_dereference_protected(masks->array, true);
	struct cvsw_mask *mask;
	u8 classes = 0;

	list_for_each_entry(mask, &masks->all, node) {
		mask->listed = mask->top;
		if (mask->top == CVSW_NO_PRIORITY)
			continue;
		classes |= mask->classes;
		list_mask(array, mask);
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
	publish_array(masks, masks->spare);
	masks->spare = NULL;
}

/* ---- masks ---- */

void cvsw_mask_put(struct cvsw_mask *mask)
{
	if (refcount_dec_and_test(&mask->users))
		kfree(mask);
}

static void mask_free(struct cvsw_masks *masks, struct cvsw_mask *mask)
{
	list_del(&mask->node);
	masks->n--;
	rhltable_destroy(&mask->entries);
	cvsw_mask_put(mask);
}

void cvsw_mask_match(const struct cvsw_mask *mask, const u64 *words, struct cvsw_match *match)
{
	unsigned int i;

	memset(match, 0, sizeof(*match));
	match->table = mask->table;
	for (i = 0; i < mask->n_words; i++) {
		set_word(&match->key, mask->words[i].at, words[i]);
		set_word(&match->mask, mask->words[i].at, mask->words[i].bits);
	}
}

void cvsw_mask_pack(const struct cvsw_mask *mask, const struct cvsw_key *key, u64 *words)
{
	unsigned int i;

	for (i = 0; i < mask->n_words; i++)
		words[i] = key_word(key, mask->words[i].at) & mask->words[i].bits;
}

static bool is_of(const struct cvsw_mask *mask, const struct cvsw_key *bits)
{
	unsigned int at, i = 0;

	for (at = 0; at < CVSW_KEY_WORDS; at++) {
		u64 word = 0;

		if (i < mask->n_words && mask->words[i].at == at)
			word = mask->words[i++].bits;
		if (word != key_word(bits, at))
			return false;
	}
	return true;
}

struct cvsw_mask *cvsw_masks_known(const struct cvsw_masks *masks, const struct cvsw_key *bits)
{
	struct cvsw_mask *mask;

	list_for_each_entry(mask, &masks->all, node)
		if (is_of(mask, bits))
			return mask;
	return NULL;
}

static struct cvsw_mask *mask_alloc(const struct cvsw_key *bits)
{
	struct cvsw_mask *mask = kzalloc(sizeof(*mask), GFP_KERNEL);
	unsigned int at;

	if (!mask)
		return NULL;
	if (rhltable_init(&mask->entries, &entry_params)) {
		kfree(mask);
		return NULL;
	}
	for (at = 0; at < CVSW_KEY_WORDS; at++)
		if (key_word(bits, at)) {
			mask->n_frame += at < CVSW_KEY_FRAME_WORDS;
			mask->words[mask->n_words++] = (struct cvsw_mask_word){
				.at = at, .bits = key_word(bits, at)
			};
		}
	refcount_set(&mask->users, 1);
	mask->top = CVSW_NO_PRIORITY;
	mask->listed = CVSW_NO_PRIORITY;
	return mask;
}

struct cvsw_mask *cvsw_masks_get(struct cvsw_masks *masks, const struct cvsw_key *bits)
{
	struct cvsw_mask *mask = cvsw_masks_known(masks, bits);

	if (mask)
		return mask;
	mask = mask_alloc(bits);
	if (!mask)
		return NULL;
	mask->table = masks->table;
	list_add_tail(&mask->node, &masks->all);
	masks->n++;
	return mask;
}

static bool is_idle(const struct cvsw_mask *mask)
{
	return !mask->n && mask->listed == CVSW_NO_PRIORITY;
}

/* Free the masks that have been without entries, if they are many. */
static void free_idle_masks(struct cvsw_masks *masks)
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
		publish_array(masks, masks->spare);
		masks->spare = NULL;
	}
	free_idle_masks(masks);
}

/* ---- entries ---- */

int cvsw_masks_insert(struct cvsw_masks *masks, struct cvsw_entry *entry)
{
	struct cvsw_masked_key masked = { .mask = entry->mask };
	struct cvsw_mask *mask = entry->mask;

	if (entry->priority > mask->listed && !spare_array(masks))
		return -ENOMEM;
	memcpy(masked.words, entry->key, entry->n_words * sizeof(u64));
	mask_agrees_with(mask, entry->key);
	mask->classes = (mask->n ? mask->classes : 0) | classes_of(entry);
	WRITE_ONCE(masks->classes, masks->classes | mask->classes);
	if (rhltable_insert_key(&mask->entries, &masked, &entry->node, entry_params))
		return -ENOMEM;
	mask->n++;
	mask->top = max_t(int, mask->top, entry->priority);
	return 0;
}

void cvsw_masks_remove(struct cvsw_masks *masks, struct cvsw_entry *entry)
{
	struct cvsw_mask *mask = entry->mask;

	rhltable_remove(&mask->entries, &entry->node, entry_params);
	if (!--mask->n)
		mask->top = CVSW_NO_PRIORITY;
	/* One that comes in its stead has its priority. */
	else if (entry->priority == mask->top && !entry->inherited)
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
	struct cvsw_mask *mask = entry->mask;

	mask->top = max_t(int, mask->top, entry->priority);
}

/* ---- all ---- */

int cvsw_masks_init(struct cvsw_masks *masks, u8 table)
{
	struct cvsw_mask_array *array;

	*masks = (struct cvsw_masks){ .table = table };
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
