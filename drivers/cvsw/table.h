/* SPDX-License-Identifier: GPL-2.0 */
/* The flow table: which entry, if any, a key matches. */
#ifndef CVSW_TABLE_H
#define CVSW_TABLE_H

#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "../../proto/cvsw_flow.h"
#include "hits.h"
#include "masks.h"

/* Entries a table can hold. */
#define CVSW_TABLE_MAX		(1 << 20)

struct cvsw_table;

/* Of a version that never comes. */
#define CVSW_NEVER		U64_MAX

/**
 * struct cvsw_entry - a flow in the table
 *
 * Readers hold RCU or a reference, and look at nothing that a writer changes,
 * but for @until; freed after a grace period and with the last reference.
 *
 * @node: under its mask
 * @from: first version of the table it is of
 * @until: first version it is not of any more; CVSW_NEVER: it stays
 * @born: jiffies when it was added
 * @id: its place in walks; an entry in its stead inherits it
 * @kept: the change (its number) that added what was there already
 * @inherited: an entry that is to come in its stead has taken over @id
 * @in_change: among those that the change under way adds, or removes
 */
struct cvsw_entry {
	struct rhlist_head node;
	struct cvsw_masked_key match;
	struct cvsw_hits hits;
	u64 from;
	u64 until;
	u64 cookie;
	unsigned long born;
	u32 id;
	u32 kept;
	u16 priority;
	u16 n_actions;
	bool inherited;
	refcount_t references;
	union {
		struct list_head in_change;
		struct rcu_head rcu;
	};
	struct cvsw_action actions[];
};

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
 * Context: RCU read side, bottom halves disabled.  Which of several matching
 * entries of one priority wins is undefined (OpenFlow 1.0, 3.4).
 * Return: the entry, valid until the RCU read side ends, or NULL.
 */
struct cvsw_entry *cvsw_table_lookup(const struct cvsw_table *table,
				     const struct cvsw_key *key);

/**
 * cvsw_table_lookup_below() - the entry of highest priority below another
 * @below: priorities from here on do not count; CVSW_ANY_PRIORITY: all do
 * Context and return: as cvsw_table_lookup(); bottom halves do not matter.
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
 * DOC: Changes
 *
 * Writers are serialized by the caller (the port's worker) and run in process
 * context.  What is added and deleted between cvsw_table_begin() and
 * cvsw_table_commit() no lookup sees before the latter, and then all of it at
 * once; cvsw_table_abort() leaves the table as it was.  A cvsw_table_add() or
 * _delete() without a beginning is a change of its own.
 */

/**
 * cvsw_table_begin() - begin a change; one that is under way is aborted
 * @replace: what is not added by it goes, though not before it ends; what is
 *	added but was there already, the same in all, stays with its counters
 */
void cvsw_table_begin(struct cvsw_table *table, bool replace);

/** cvsw_table_changing() - is a change under way? */
bool cvsw_table_changing(const struct cvsw_table *table);

/** cvsw_table_commit() - make the change seen; nothing if there is none; never fails */
void cvsw_table_commit(struct cvsw_table *table);

/** cvsw_table_abort() - forget the change, if there is one */
void cvsw_table_abort(struct cvsw_table *table);

/**
 * cvsw_table_add() - insert a flow, in place of one with the same match and
 *	priority
 * @flow: its match in normal form
 *
 * Return: 0, -ENOMEM or -ENOSPC (table full); then nothing has changed, nor is
 * a change under way the worse.
 */
int cvsw_table_add(struct cvsw_table *table, const struct cvsw_flow *flow);

/**
 * cvsw_table_delete() - remove every entry whose match @match covers
 * @match: in normal form
 *
 * Never fails for want of memory.
 * Return: how many were removed.
 */
unsigned int cvsw_table_delete(struct cvsw_table *table, const struct cvsw_match *match);

/* ---- what is in it ---- */

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
