/* SPDX-License-Identifier: GPL-2.0 */
/* The masks of a table, each with its entries in a hash table: tuple space search. */
#ifndef CVSW_MASKS_H
#define CVSW_MASKS_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/timerqueue.h>
#include <linux/types.h>

#include "proto/cvsw_flow.h"
#include "cache.h"

struct cvsw_hits;
struct cvsw_mask_array;

/* Of a version that never comes. */
#define CVSW_NEVER		U64_MAX

/**
 * struct cvsw_entry - a flow in the table
 *
 * Readers hold RCU or a reference, and look at nothing that a writer changes,
 * but for @until; freed after a grace period and with the last reference.
 *
 * A line of the CPU's cache for what lookups do not look at, a line for what they
 * do, and then what is of different lengths: the key, and the actions, which are
 * where cvsw_entry_actions() says.
 *
 * @in_change: among those that the change under way adds, or removes
 * @expiry: its place in cvsw_table.expiry, if it has a timeout
 * @mask: its mask, held; NULL: it is a bucket of a group, and all that is about matching or
 *	changes is unused
 * @node: under its mask
 * @from: first version of the table it is of; zero: it is a bucket
 * @until: first version it is not of any more; CVSW_NEVER: it stays
 * @why: enum cvsw_removed, of one that a change removes
 * @inherited: an entry that is to come in its stead has taken over @id
 * @id: its place in walks; an entry in its stead inherits it
 * @kept: the change (its number) that added what was there already
 * @key: the words of @mask, @n_words of them
 */
struct cvsw_entry {
	union {
		struct list_head in_change;
		struct rcu_head rcu;
	};
	struct timerqueue_node expiry;
	u64 cookie;
	struct cvsw_mask *mask;

	struct rhlist_head node;
	u64 from;
	u64 until;
	struct cvsw_hits *hits;
	u16 priority;
	u16 n_actions;
	u8 n_words;
	u8 flags;
	u8 why;
	bool inherited;
	u16 idle_timeout;
	u16 hard_timeout;
	refcount_t references;
	u32 id;
	u32 kept;

	u64 key[];
};
static_assert(BITS_PER_LONG < 64 || (offsetof(struct cvsw_entry, node) == 64 &&
				     offsetof(struct cvsw_entry, key) == 128));

/** cvsw_entry_is_bucket() - is it a group's, not a flow of the table? */
static inline bool cvsw_entry_is_bucket(const struct cvsw_entry *entry)
{
	return !entry->from;
}

/** cvsw_entry_is_of() - does this version of the table have it? */
static inline bool cvsw_entry_is_of(const struct cvsw_entry *entry, u64 version)
{
	return entry->from <= version && version < READ_ONCE(entry->until);
}

/** cvsw_entry_stays() - has no change removed it?  For writers */
static inline bool cvsw_entry_stays(const struct cvsw_entry *entry)
{
	return entry->until == CVSW_NEVER;
}

/**
 * struct cvsw_mask_word - a word of a mask that is not zero
 * @at: which one
 * @bits: those that count
 * @agreed: those of them in which every entry is like @value; only become fewer
 *	while there are entries
 */
struct cvsw_mask_word {
	u64 value;
	u64 agreed;
	u64 bits;
	unsigned long at;
};

/**
 * struct cvsw_mask - the entries of one mask
 * @n_words: of @words; the first @n_frame are of the frame, the others registers
 * @words: the mask, and what all its entries have in common
 * @entries: hashed by masked key; those of one key and several priorities, or
 *	versions, are a list
 * @users: entries, hashed or held, and the table
 * @n: entries hashed
 * @classes: see cvsw_masks_may_match(): of which frames they may be
 * @top: at least the highest priority of an entry; CVSW_NO_PRIORITY: there is none
 * @listed: what lookups take for @top
 * @table: that it is of
 * @node: in cvsw_masks.all
 */
struct cvsw_mask {
	unsigned int n_words;
	unsigned int n_frame;
	struct cvsw_mask_word words[CVSW_KEY_WORDS];
	struct rhltable entries;
	refcount_t users;
	unsigned int n;
	u8 classes;
	int top;
	int listed;
	u8 table;
	struct list_head node;
};

/* What an entry is found by: as many words as @mask has, no bits outside of it. */
struct cvsw_masked_key {
	struct cvsw_mask *mask;
	u64 words[CVSW_KEY_WORDS];
};

/* Below, and above, all that an entry can have. */
#define CVSW_NO_PRIORITY	(-1)
#define CVSW_ANY_PRIORITY	(U16_MAX + 1)

/**
 * struct cvsw_masks - of one table
 * @array: what lookups go through
 * @table: its number
 * @classes: of all masks with entries; may be too many, never too few
 * @n: length of @all
 * @loose: entries removed that may have been the highest of their masks
 * @all: masks, with entries and without
 * @spare: room for the next array, or NULL
 */
struct cvsw_masks {
	struct cvsw_mask_array __rcu *array;
	u8 classes;
	u8 table;
	unsigned int n;
	unsigned int loose;
	struct list_head all;
	struct cvsw_mask_array *spare;
};

/*
 * Writers are serialized by the caller and run in process context; readers hold
 * RCU.  Entries are hashed before, and until after, a reader may see them: each
 * says of which versions of the table it is.
 */

/** cvsw_masks_init() - @table: its number.  Return: 0 or -ENOMEM */
int cvsw_masks_init(struct cvsw_masks *masks, u8 table);

/** cvsw_masks_free() - no entry and no reader is left */
void cvsw_masks_free(struct cvsw_masks *masks);

/**
 * cvsw_masks_find() - the entry of highest priority that matches
 * @below: only of a lower priority than this
 * @version: the entry is of it
 */
struct cvsw_entry *cvsw_masks_find(const struct cvsw_masks *masks, const struct cvsw_key *key,
				   int below, u64 version);

/**
 * cvsw_masks_common() - what lookups of a key are remembered by
 * @to: out: the bits of @key that any mask has
 *
 * Frames that no flow can tell apart are the same then, whatever their TTLs or
 * TCP flags.  Of a version of the table that was read before, and still is the
 * table's behind it.
 */
void cvsw_masks_common(const struct cvsw_masks *masks, const struct cvsw_key *key,
		       struct cvsw_cache_key *to);

/** cvsw_masks_may_match() - can a frame of this direction and pass match at all? */
bool cvsw_masks_may_match(const struct cvsw_masks *masks, enum cvsw_ingress in,
			  unsigned int pass);

/** cvsw_masks_known() - the mask of these bits, or NULL */
struct cvsw_mask *cvsw_masks_known(const struct cvsw_masks *masks, const struct cvsw_key *bits);

/** cvsw_masks_get() - the mask of these bits, made if need be, or NULL: no memory */
struct cvsw_mask *cvsw_masks_get(struct cvsw_masks *masks, const struct cvsw_key *bits);

/** cvsw_mask_hold() - keep a mask beyond the table's need of it */
static inline void cvsw_mask_hold(struct cvsw_mask *mask)
{
	refcount_inc(&mask->users);
}

/** cvsw_mask_put() - end cvsw_mask_hold(); any context */
void cvsw_mask_put(struct cvsw_mask *mask);

/** cvsw_mask_match() - of an entry's @words, a match in normal form */
void cvsw_mask_match(const struct cvsw_mask *mask, const u64 *words, struct cvsw_match *match);

/** cvsw_mask_pack() - of a key, what a mask leaves of it */
void cvsw_mask_pack(const struct cvsw_mask *mask, const struct cvsw_key *key, u64 *words);

/** cvsw_masks_twin() - the entry of the same mask, key and priority that stays */
struct cvsw_entry *cvsw_masks_twin(const struct cvsw_masks *masks, const struct cvsw_match *match,
				   u16 priority);

/**
 * cvsw_masks_insert() - hash an entry under its mask, of cvsw_masks_get()
 *
 * Whatever cvsw_masks_raise() needs is there then.
 * Return: 0 or -ENOMEM, nothing changed.
 */
int cvsw_masks_insert(struct cvsw_masks *masks, struct cvsw_entry *entry);

/** cvsw_masks_remove() - unhash it; readers may still hold it */
void cvsw_masks_remove(struct cvsw_masks *masks, struct cvsw_entry *entry);

/** cvsw_masks_raise() - lookups try the masks of all entries inserted; never fails */
void cvsw_masks_raise(struct cvsw_masks *masks);

/**
 * cvsw_masks_settle() - behind a change: lookups try no mask without entries
 *
 * Without memory they go on trying it.  Frees masks that have been without
 * entries, if they are many.
 */
void cvsw_masks_settle(struct cvsw_masks *masks);

/**
 * cvsw_masks_are_loose() - are the tops worth to be read anew?
 *
 * Then: cvsw_masks_forget_tops(), and cvsw_masks_see() for each entry.
 */
bool cvsw_masks_are_loose(const struct cvsw_masks *masks, unsigned int n_entries);
void cvsw_masks_forget_tops(struct cvsw_masks *masks);
void cvsw_masks_see(const struct cvsw_entry *entry);

#endif
