/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flow tables: which entry, if any, a key matches in the one that it names.  They are one
 * thing, "the table", to all that changes, counts or lists flows: what is in it says where.
 */
#ifndef CVSW_TABLE_H
#define CVSW_TABLE_H

#include <linux/types.h>

#include "proto/cvsw_flow.h"
#include "hits.h"
#include "masks.h"

/* Entries a table can hold, unless cvsw_table_set_limit() says otherwise. */
#define CVSW_TABLE_MAX		(1 << 20)

struct cvsw_table;

/** cvsw_entry_actions() - its @n_actions actions */
static inline struct cvsw_action *cvsw_entry_actions(const struct cvsw_entry *entry)
{
	return (struct cvsw_action *)(entry->key + entry->n_words);
}

/* Why an entry is not there any more: proto/VERSION3.md, FLOW_REMOVED. */
enum cvsw_removed {
	CVSW_SUPERSEDED,	/* by one with the same match and priority */
	CVSW_IDLE_TIMEOUT,
	CVSW_HARD_TIMEOUT,
	CVSW_DELETED,
};

/**
 * typedef cvsw_table_removed_fn - be told of an entry that has gone
 * @entry: no lookup finds it any more; may be held
 *
 * Of those with CVSW_FLOW_SEND_REMOVED, while their change is committed.
 */
typedef void cvsw_table_removed_fn(struct cvsw_entry *entry, enum cvsw_removed why, void *arg);

/** cvsw_table_create() - an empty table, or NULL */
struct cvsw_table *cvsw_table_create(void);

/**
 * cvsw_table_destroy() - free a table and its entries; NULL: nothing
 *
 * Context: process context.  No reader may be left that can find the table.
 */
void cvsw_table_destroy(struct cvsw_table *table);

/**
 * cvsw_table_version() - the version that the table is of now
 *
 * All of its entries are found until the RCU read side ends in which it was read.
 */
u64 cvsw_table_version(const struct cvsw_table *table);

/**
 * cvsw_table_has() - were all entries of a version to be found until now?
 *
 * For one that was read before the RCU read side, behind the lookups that were of it.
 */
bool cvsw_table_has(const struct cvsw_table *table, u64 version);

/**
 * cvsw_table_lookup_of() - the entry of highest priority that matches
 * @version: of which it is, see cvsw_table_version()
 *
 * Context: RCU read side, bottom halves or interrupts disabled.  Which of several
 * matching entries of one priority wins is undefined (OpenFlow 1.0, 3.4).
 * Return: the entry, valid until the RCU read side ends, or NULL.
 */
struct cvsw_entry *cvsw_table_lookup_of(const struct cvsw_table *table,
					const struct cvsw_key *key, u64 version);

/**
 * cvsw_table_lookup_below_of() - the entry of highest priority below another
 * @below: priorities from here on do not count; CVSW_ANY_PRIORITY: all do
 * Context and return: as cvsw_table_lookup_of(); bottom halves do not matter.
 */
struct cvsw_entry *cvsw_table_lookup_below_of(const struct cvsw_table *table,
					      const struct cvsw_key *key, int below, u64 version);

/** cvsw_table_lookup() - of the version that is now */
static inline struct cvsw_entry *cvsw_table_lookup(const struct cvsw_table *table,
						   const struct cvsw_key *key)
{
	return cvsw_table_lookup_of(table, key, cvsw_table_version(table));
}

/** cvsw_table_lookup_below() - of the version that is now */
static inline struct cvsw_entry *cvsw_table_lookup_below(const struct cvsw_table *table,
							 const struct cvsw_key *key, int below)
{
	return cvsw_table_lookup_below_of(table, key, below, cvsw_table_version(table));
}

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
 * context.  What is done between cvsw_table_begin() and cvsw_table_commit() no
 * lookup sees before the latter, and then all of it at once; cvsw_table_abort()
 * leaves the table as it was.  A flow_mod without a beginning is a change of its
 * own.
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
 * cvsw_table_flow_mod() - do what a flow_mod asks (OpenFlow 1.0.0, 4.6)
 * @flow: its match in normal form
 *
 * ADD takes the place of a flow with the same match and priority.  MODIFY gives
 * flows other actions and another cookie, all else goes on; it is an ADD if it
 * meets none.  Within a replacement only ADD has a meaning.
 *
 * Return: 0, -ENOMEM, -ENOSPC (table full), -EEXIST (CHECK_OVERLAP), -ENXIO (an action
 * names a group that will not be there) or -EINVAL (no such command).  Then nothing has
 * changed; a change under way can only be aborted if it was a MODIFY, and is none the worse
 * else.
 */
int cvsw_table_flow_mod(struct cvsw_table *table, enum cvsw_flow_command command,
			const struct cvsw_flow *flow);

/** cvsw_table_add() - a flow_mod with ADD */
static inline int cvsw_table_add(struct cvsw_table *table, const struct cvsw_flow *flow)
{
	return cvsw_table_flow_mod(table, CVSW_FLOW_ADD, flow);
}

/**
 * cvsw_table_expire() - remove what has timed out, and free what changes have removed
 * @now: 64-bit jiffies
 *
 * While a change is under way nothing times out.
 * Context: of writers.
 * Return: jiffies after which it is to be called again, unless the table
 * changes; MAX_SCHEDULE_TIMEOUT: never.
 */
unsigned long cvsw_table_expire(struct cvsw_table *table, u64 now);

/** cvsw_table_watch() - @removed is to be told of what goes, with @arg; NULL: nobody */
void cvsw_table_watch(struct cvsw_table *table, cvsw_table_removed_fn *removed, void *arg);

/** cvsw_table_set_limit() - how many entries it may have; those there are stay.  Any context */
void cvsw_table_set_limit(struct cvsw_table *table, u32 limit);
u32 cvsw_table_limit(const struct cvsw_table *table);

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
