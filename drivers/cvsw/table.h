/* SPDX-License-Identifier: GPL-2.0 */
/* The flow table: which entry, if any, a key matches. */
#ifndef CVSW_TABLE_H
#define CVSW_TABLE_H

#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/types.h>

#include "../../proto/cvsw_flow.h"

struct cvsw_table;
struct cvsw_table_mask;		/* private to table.c: the entries of one mask */

/**
 * struct cvsw_entry - a flow in the table
 *
 * Immutable once published, but for its counters.  Readers hold RCU; freed
 * after a grace period.
 */
struct cvsw_entry {
	struct rhlist_head node;
	struct cvsw_key key;		/* masked */
	struct cvsw_table_mask *mask;
	struct cvsw_entry_stats __percpu *stats;
	u64 cookie;
	struct rcu_head rcu;
	u16 priority;
	u16 n_actions;
	struct cvsw_action actions[];
};

struct cvsw_table *cvsw_table_create(void);
/* No reader may be left that can find the table.  Process context. */
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
/* Is the table without entries?  A racy hint, for the path without flows. */
bool cvsw_table_empty(const struct cvsw_table *table);

/**
 * cvsw_table_add() - insert a flow, in place of one with the same match and
 *	priority
 *
 * At every moment a reader finds the old or the new entry.
 * Context: process context, calls serialized by the caller (the port's worker).
 * Return: 0, -ENOMEM or -ENOSPC (table full), the table then unchanged.
 */
int cvsw_table_add(struct cvsw_table *table, const struct cvsw_flow *flow);

/**
 * cvsw_table_delete() - remove every entry whose match @match covers
 * Context: as cvsw_table_add().
 * Return: how many were removed.
 */
unsigned int cvsw_table_delete(struct cvsw_table *table, const struct cvsw_match *match);

u32 cvsw_table_count(const struct cvsw_table *table);

/**
 * cvsw_table_walk() - call @visit for each entry
 *
 * @visit is called under RCU and must not sleep; a non-zero return ends the
 * walk.  A walk beside changes shows each untouched entry once.  *@resume
 * (zero at first) is where to go on after an end by @visit; the entry it
 * refused comes again.
 * Return: what @visit last returned.
 */
int cvsw_table_walk(const struct cvsw_table *table, u64 *resume,
		    int (*visit)(const struct cvsw_entry *entry, void *arg), void *arg);

/* Copies an entry back into the neutral form. */
void cvsw_entry_flow(const struct cvsw_entry *entry, struct cvsw_flow *flow);
void cvsw_entry_count(struct cvsw_entry *entry, unsigned int bytes);
void cvsw_entry_read(const struct cvsw_entry *entry, u64 *packets, u64 *bytes);

#endif
