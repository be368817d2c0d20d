/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of the flow table: what its source files share. */
#ifndef CVSW_TABLE_PARTS_H
#define CVSW_TABLE_PARTS_H

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/timerqueue.h>
#include <linux/xarray.h>

#include "cache.h"
#include "groups.h"
#include "table.h"

/**
 * struct cvsw_table - the flow tables, which change together
 * @masks: entries of table 0, by key
 * @more: of the others, from 1 on; NULL: it never had an entry
 * @cache: of lookups
 * @version: that first lookups are of; never zero
 * @oldest: the first of which no entry has been unhashed
 * @count: entries of it
 * @limit: entries it may have
 * @walk: entries of it by id
 * @next_id: where the search for a free id begins
 * @expiry: entries with timeouts, by when to look at them next, in jiffies
 * @removed: is told of entries that asked for it, with @removed_arg; or NULL
 * @change: the one under way
 * @gone: what changes have removed, but readers of earlier versions may look for
 * @groups: its groups, which change with the entries
 */
struct cvsw_table {
	struct cvsw_masks masks;
	struct cvsw_masks *more[CVSW_TABLES - 1];
	struct cvsw_cache __percpu *cache;
	atomic64_t version;
	u64 oldest;
	u32 count;
	u32 limit;
	struct xarray walk;
	u32 next_id;
	struct timerqueue_head expiry;
	cvsw_table_removed_fn *removed;
	void *removed_arg;

	/**
	 * @on: there is one
	 * @replace: see cvsw_table_begin()
	 * @number: another one for each
	 * @count: entries that there will be
	 * @added: entries from the next version on
	 * @removed: entries until the next version
	 */
	struct {
		bool on;
		bool replace;
		u32 number;
		u32 count;
		struct list_head added;
		struct list_head removed;
	} change;

	/**
	 * @fresh: removed since @waiting was filled
	 * @waiting: for a grace period to end
	 * @until: first version that has none of @waiting
	 * @grace: of start_poll_synchronize_rcu()
	 */
	struct {
		struct list_head fresh;
		struct list_head waiting;
		u64 until;
		unsigned long grace;
	} gone;

	/**
	 * @ids: by number the newest version of each, which older ones stand behind
	 * @n: groups of @version
	 * @limit: groups it may have
	 * @n_next: groups that the change under way leaves
	 * @orphans: it has removed some whose flows are still there
	 * @added, @removed: as in @change
	 * @fresh, @waiting: as in @gone
	 */
	struct {
		struct xarray ids;
		u32 n;
		u32 limit;
		u32 n_next;
		bool orphans;
		struct list_head added;
		struct list_head removed;
		struct list_head fresh;
		struct list_head waiting;
	} groups;
};

/** cvsw_table_masks() - of one table, or NULL: it never had an entry.  Readers hold RCU */
static inline struct cvsw_masks *cvsw_table_masks(const struct cvsw_table *table, u8 number)
{
	/* The address orders: cvsw_table_make_masks() publishes what is whole. */
	return number ? READ_ONCE(table->more[number - 1]) : (struct cvsw_masks *)&table->masks;
}

/* Those of all tables that had an entry; for writers. */
#define cvsw_table_each_masks(masks, table, i)				\
	for ((i) = 0; (i) < CVSW_TABLES; (i)++)				\
		if (!((masks) = cvsw_table_masks(table, i))) {} else

static inline u64 cvsw_next_version(const struct cvsw_table *table)
{
	return atomic64_read(&table->version) + 1;
}

/* Is the entry one that the change under way has added? */
static inline bool cvsw_entry_is_new(const struct cvsw_table *table,
				     const struct cvsw_entry *entry)
{
	return entry->from == cvsw_next_version(table);
}

/* As the change stands, will the next version have this entry? */
static inline bool cvsw_entry_will_be(const struct cvsw_table *table,
				      const struct cvsw_entry *entry)
{
	return cvsw_entry_stays(entry) &&
	       (!table->change.replace || cvsw_entry_is_new(table, entry) ||
		entry->kept == table->change.number);
}

/* In entry.c. */

/** cvsw_entries_begin() - for a table that is to have entries.  Return: false: no memory */
bool cvsw_entries_begin(void);

/** cvsw_entries_end() - no entry of the table is left */
void cvsw_entries_end(void);

/** cvsw_entry_put_later() - the table's own reference, when no reader can take another */
void cvsw_entry_put_later(struct cvsw_entry *entry);

/**
 * cvsw_entry_create() - an entry of no table yet
 * @mask: of @flow's match
 * @hits: its counters, which it then shares; NULL: new ones
 *
 * Return: the caller's, or NULL.
 */
struct cvsw_entry *cvsw_entry_create(const struct cvsw_flow *flow, struct cvsw_mask *mask,
				     struct cvsw_hits *hits);

/** cvsw_entry_create_bucket() - likewise, of a group's bucket: it has actions and counters alone */
struct cvsw_entry *cvsw_entry_create_bucket(const struct cvsw_action *actions, unsigned int n);

/** cvsw_entry_match() - what it matches, in normal form */
void cvsw_entry_match(const struct cvsw_entry *entry, struct cvsw_match *match);

/* In table.c: */

/** cvsw_table_make_masks() - as cvsw_table_masks(), but NULL: no memory; for writers */
struct cvsw_masks *cvsw_table_make_masks(struct cvsw_table *table, u8 number);

/* In change.c, within a change. */

/**
 * cvsw_change_insert() - the next version has this entry
 * @entry: taken over, but for an error
 * @twin: in whose stead it comes, or NULL
 *
 * Return: 0, -ENOMEM or -ENOSPC, and nothing has changed.
 */
int cvsw_change_insert(struct cvsw_table *table, struct cvsw_entry *entry,
		       struct cvsw_entry *twin);

/** cvsw_change_remove() - the next version does not have this entry */
void cvsw_change_remove(struct cvsw_table *table, struct cvsw_entry *entry,
			enum cvsw_removed why);

/** cvsw_change_keep() - the next version, a replacement, has this entry that was there before */
void cvsw_change_keep(struct cvsw_table *table, struct cvsw_entry *entry);

/** cvsw_change_remove_orphans() - the next version does not have flows of groups that it has not */
void cvsw_change_remove_orphans(struct cvsw_table *table);

/**
 * cvsw_change_clean() - unhash what no reader looks for any more; beside changes
 *
 * Return: jiffies after which it is to be called again; MAX_SCHEDULE_TIMEOUT: never.
 */
unsigned long cvsw_change_clean(struct cvsw_table *table);

/** cvsw_change_finish() - no reader is left: unhash all that was removed */
void cvsw_change_finish(struct cvsw_table *table);

/* In groups.c; within a change. */

/**
 * cvsw_group_create() - a group of no table yet
 * @before: what it comes in the stead of, and whose counters go on; NULL: it counts anew
 * Return: NULL: no memory.
 */
struct cvsw_group_version *cvsw_group_create(const struct cvsw_group *group,
					     const struct cvsw_group_version *before);
/** cvsw_group_create_live() - the same, with other buckets dead */
struct cvsw_group_version *cvsw_group_create_live(const struct cvsw_group_version *before,
						  u64 dead);

/** cvsw_group_is_same() - is it this group, in all? */
bool cvsw_group_is_same(const struct cvsw_group_version *version, const struct cvsw_group *group);

/** cvsw_groups_find() - the one of this number that stays, unless a replacement ends it; or NULL */
struct cvsw_group_version *cvsw_groups_find(const struct cvsw_table *table, u32 id);

/** cvsw_groups_will_have() - as the change stands, will there be @version?  NULL: no */
bool cvsw_groups_will_have(const struct cvsw_table *table,
			   const struct cvsw_group_version *version);

/** cvsw_groups_have_all() - will it have all groups that these actions name? */
bool cvsw_groups_have_all(const struct cvsw_table *table, const struct cvsw_action *actions,
			  unsigned int n);

/**
 * cvsw_groups_insert() - the next version has this one, and no other of its number
 * @version: taken over, freed after an error; NULL: -ENOMEM
 * Return: 0, -ENOMEM or -ENOSPC, and nothing has changed.
 */
int cvsw_groups_insert(struct cvsw_table *table, struct cvsw_group_version *version);
/** cvsw_groups_keep() - the next version, a replacement, has this one that was there before */
void cvsw_groups_keep(struct cvsw_table *table, struct cvsw_group_version *version);
/** cvsw_groups_remove() - the next version does not have it */
void cvsw_groups_remove(struct cvsw_table *table, struct cvsw_group_version *version);
void cvsw_groups_remove_all(struct cvsw_table *table);

/* Parts of cvsw_table_begin(), _commit() and _abort(), and of what comes behind. */
void cvsw_groups_begin(struct cvsw_table *table);
void cvsw_groups_remove_rest(struct cvsw_table *table);
void cvsw_groups_commit(struct cvsw_table *table);
void cvsw_groups_abort(struct cvsw_table *table);
/** cvsw_groups_unlink() - take out those in @list, that no reader looks for any more */
void cvsw_groups_unlink(struct cvsw_table *table, struct list_head *list);

void cvsw_groups_init(struct cvsw_table *table);
/** cvsw_groups_free() - no reader and no change is left */
void cvsw_groups_free(struct cvsw_table *table);

/* ---- timeouts ---- */

/* When it will have been in the table too long; in 64-bit jiffies, as all times here. */
static inline u64 cvsw_entry_hard_end(const struct cvsw_entry *entry)
{
	return entry->hard_timeout ? entry->hits->born + (u64)entry->hard_timeout * HZ : U64_MAX;
}

/* When it will have been unused too long, if no frame comes. */
static inline u64 cvsw_entry_idle_end(const struct cvsw_entry *entry, u64 now)
{
	unsigned long idle = (unsigned long)now - READ_ONCE(entry->hits->used);

	return entry->idle_timeout ? now - idle + (u64)entry->idle_timeout * HZ : U64_MAX;
}

/* Look at an entry when it may have come to its end. */
static inline void cvsw_expiry_add(struct cvsw_table *table, struct cvsw_entry *entry, u64 now)
{
	entry->expiry.expires = min(cvsw_entry_hard_end(entry), cvsw_entry_idle_end(entry, now));
	timerqueue_add(&table->expiry, &entry->expiry);
}

#endif
