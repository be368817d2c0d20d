/* SPDX-License-Identifier: GPL-2.0 */
/* The masks of a table, each with its entries in a hash table: tuple space search. */
#ifndef CVSW_MASKS_H
#define CVSW_MASKS_H

#include <linux/list.h>
#include <linux/rhashtable.h>
#include <linux/types.h>

#include "../../proto/cvsw_flow.h"

struct cvsw_entry;
struct cvsw_mask_array;

/**
 * struct cvsw_mask - the entries of one mask
 * @entries: hashed by masked key; those of one key and several priorities, or
 *	versions, are a list
 * @mask: the bits that count
 * @first: the first 64-bit word of @mask that is not zero
 * @last: the word behind the last such
 * @classes: see cvsw_masks_may_match(): of which frames its entries may be; only grows
 * @n: entries
 * @top: at least the highest priority of an entry; CVSW_NO_PRIORITY: there is none
 * @listed: what lookups take for @top
 * @node: in cvsw_masks.all
 */
struct cvsw_mask {
	struct rhltable entries;
	struct cvsw_key mask __aligned(8);
	u8 first;
	u8 last;
	u8 classes;
	unsigned int n;
	int top;
	int listed;
	struct list_head node;
};

/* What an entry is found by.  The key's bits outside the mask are zero. */
struct cvsw_masked_key {
	struct cvsw_mask *mask;
	struct cvsw_key key __aligned(8);
};

/* Below, and above, all that an entry can have. */
#define CVSW_NO_PRIORITY	(-1)
#define CVSW_ANY_PRIORITY	(U16_MAX + 1)

/**
 * struct cvsw_masks
 * @array: what lookups go through
 * @classes: of all masks with entries; may be too many, never too few
 * @n: length of @all
 * @loose: entries removed that may have been the highest of their masks
 * @all: masks, with entries and without
 * @spare: room for the next array, or NULL
 */
struct cvsw_masks {
	struct cvsw_mask_array __rcu *array;
	u8 classes;
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

/** cvsw_masks_init() - Return: 0 or -ENOMEM */
int cvsw_masks_init(struct cvsw_masks *masks);

/** cvsw_masks_free() - no entry and no reader is left */
void cvsw_masks_free(struct cvsw_masks *masks);

/**
 * cvsw_masks_find() - the entry of highest priority that matches
 * @below: only of a lower priority than this
 * @version: the entry is of it
 */
struct cvsw_entry *cvsw_masks_find(const struct cvsw_masks *masks, const struct cvsw_key *key,
				   int below, u64 version);

/** cvsw_masks_may_match() - can a frame of this direction and pass match at all? */
bool cvsw_masks_may_match(const struct cvsw_masks *masks, enum cvsw_ingress in,
			  unsigned int pass);

/** cvsw_masks_known() - the mask of these bits, or NULL */
struct cvsw_mask *cvsw_masks_known(const struct cvsw_masks *masks, const struct cvsw_key *bits);

/** cvsw_masks_get() - the mask of these bits, made if need be, or NULL: no memory */
struct cvsw_mask *cvsw_masks_get(struct cvsw_masks *masks, const struct cvsw_key *bits);

/**
 * cvsw_masks_twin() - the entry of the same mask, key and priority that stays
 * @match: mask NULL: nothing is of it
 */
struct cvsw_entry *cvsw_masks_twin(const struct cvsw_masked_key *match, u16 priority);

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
