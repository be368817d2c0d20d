/* SPDX-License-Identifier: GPL-2.0 */
/* The flow table: which entry, if any, a key matches. */
#ifndef CVSW_TABLE_H
#define CVSW_TABLE_H

#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/types.h>

#include "../../proto/cvsw_flow.h"
#include "hits.h"

/* Entries a table can hold. */
#define CVSW_TABLE_MAX		(1 << 20)

struct cvsw_table;
struct cvsw_table_mask;		/* private to table.c: the entries of one mask */

/* What an entry is found by.  The key's bits outside the mask are zero. */
struct cvsw_masked_key {
	struct cvsw_table_mask *mask;
	struct cvsw_key key __aligned(8);
};

/**
 * struct cvsw_entry - a flow in the table
 *
 * Immutable once published, but for its counters.  Readers hold RCU or a
 * reference; freed after a grace period and with the last reference.
 */
struct cvsw_entry {
	struct rhlist_head node;
	struct cvsw_masked_key match;
	struct cvsw_hits hits;
	u64 cookie;
	u32 id;			/* its place in walks; an entry in its stead inherits it */
	u16 priority;
	u16 n_actions;
	refcount_t references;
	struct rcu_head rcu;
	struct cvsw_action actions[];
};

/** cvsw_table_create() - an empty table, or NULL */
struct cvsw_table *cvsw_table_create(void);

/**
 * cvsw_table_destroy() - free a table and its entries
 *
 * Context: process context.  No reader may be left that can find the table.
 */
void cvsw_table_destroy(struct cvsw_table *table);

/**
 * cvsw_table_lookup() - the entry of highest priority that matches
 *
 * Context: RCU read side, bottom halves disabled.  Which of several matching entries of one priority
 * wins is undefined (OpenFlow 1.0, 3.4).
 * Return: the entry, valid until the RCU read side ends, or NULL.
 */
struct cvsw_entry *cvsw_table_lookup(const struct cvsw_table *table,
				     const struct cvsw_key *key);

/**
 * cvsw_table_lookup_below() - the entry of highest priority below another
 * @below: priorities from here on do not count
 * Context and return: as cvsw_table_lookup().
 */
struct cvsw_entry *cvsw_table_lookup_below(const struct cvsw_table *table,
					   const struct cvsw_key *key, int below);

/** cvsw_table_empty() - a racy hint, for the path without flows */
bool cvsw_table_empty(const struct cvsw_table *table);

/**
 * cvsw_table_may_match() - can a frame of this direction and pass match at all?
 *
 * Spares reading the rest of the key where it cannot, as for most frames that
 * have just been put into a tunnel.
 * Context: RCU read side.
 */
bool cvsw_table_may_match(const struct cvsw_table *table, enum cvsw_ingress in,
			  unsigned int pass);

/**
 * cvsw_table_add() - insert a flow, in place of one with the same match and
 *	priority
 * @flow: its match in normal form
 *
 * At every moment a reader finds the old or the new entry.
 * Context: process context, calls serialized by the caller (the port's worker).
 * Return: 0, -ENOMEM or -ENOSPC (table full), the table then unchanged.
 */
int cvsw_table_add(struct cvsw_table *table, const struct cvsw_flow *flow);

/**
 * cvsw_table_delete() - remove every entry whose match @match covers
 * @match: in normal form
 *
 * Context: as cvsw_table_add().  Never fails for want of memory.
 * Return: how many were removed.
 */
unsigned int cvsw_table_delete(struct cvsw_table *table, const struct cvsw_match *match);

u32 cvsw_table_count(const struct cvsw_table *table);

/**
 * cvsw_table_walk() - call @visit for each entry
 * @resume: zero at first; moved behind each entry that @visit took, so that
 *	the walk can go on later, in another RCU read side
 * @visit: called under RCU, must not sleep; a non-zero return ends the walk,
 *	and the entry comes again when it goes on
 *
 * Beside changes, each entry that stays is shown once; one that came or went
 * meanwhile may be shown or not.
 * Context: any.
 * Return: what @visit last returned, 0 at the table's end.
 */
int cvsw_table_walk(const struct cvsw_table *table, u64 *resume,
		    int (*visit)(const struct cvsw_entry *entry, void *arg), void *arg);

/** cvsw_entry_hold() - keep an entry beyond the RCU read side it was found in */
static inline void cvsw_entry_hold(struct cvsw_entry *entry)
{
	refcount_inc(&entry->references);
}

/** cvsw_entry_put() - end cvsw_entry_hold(); any context but hard interrupts */
void cvsw_entry_put(struct cvsw_entry *entry);

/** cvsw_entry_flow() - an entry in the neutral form; under RCU */
void cvsw_entry_flow(const struct cvsw_entry *entry, struct cvsw_flow *flow);

#endif
