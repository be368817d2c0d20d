// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of the flow table, in versions.
 *
 * A change makes the next version: it hashes new entries and marks old ones,
 * which no lookup minds, and then counts the version on.  Everything that may
 * fail for want of memory is done before.
 *
 * Frames that are under way go on with the version they began with, so the old
 * entries stay hashed for a grace period.  Nobody waits for it: whoever changes the
 * table next, or looks for what has timed out, takes out what may go.
 */
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "table_parts.h"

/* How long a grace period takes, more or less. */
#define GRACE	(HZ / 20 + 1)

/* An entry that lookups do not find, now or any more. */
static void unhash_entry(struct cvsw_table *table, struct cvsw_entry *entry)
{
	list_del(&entry->in_change);
	cvsw_masks_remove(cvsw_table_masks(table, entry->mask->table), entry);
	cvsw_entry_put_later(entry);
}

/* Of the version that lookups are of: goes when the change ends. */
static void remove_old(struct cvsw_table *table, struct cvsw_entry *entry, enum cvsw_removed why)
{
	table->change.count -= cvsw_entry_will_be(table, entry);
	WRITE_ONCE(entry->until, cvsw_next_version(table));
	entry->why = why;
	list_add_tail(&entry->in_change, &table->change.removed);
}

/* As if it had not been added.  One in whose stead it was to come goes for its reason. */
static void remove_new(struct cvsw_table *table, struct cvsw_entry *entry, enum cvsw_removed why)
{
	struct cvsw_entry *old = xa_load(&table->walk, entry->id);

	if (old) {
		old->inherited = false;
		if (entry->flags & CVSW_FLOW_SEND_REMOVED)
			old->why = why;
	} else {
		xa_erase(&table->walk, entry->id);
	}
	unhash_entry(table, entry);
	table->change.count--;
}

void cvsw_change_remove(struct cvsw_table *table, struct cvsw_entry *entry, enum cvsw_removed why)
{
	if (cvsw_entry_is_new(table, entry))
		remove_new(table, entry, why);
	else
		remove_old(table, entry, why);
}

void cvsw_change_keep(struct cvsw_table *table, struct cvsw_entry *entry)
{
	table->change.count += !cvsw_entry_will_be(table, entry);
	entry->kept = table->change.number;
}

/* The new entry takes the old one's place, id included. */
static void supersede_entry(struct cvsw_table *table, struct cvsw_entry *twin)
{
	if (!cvsw_entry_is_new(table, twin)) {
		twin->inherited = true;
		remove_old(table, twin, CVSW_SUPERSEDED);
		return;
	}
	/* Both are of the change: the id, or what it was inherited from, goes on. */
	unhash_entry(table, twin);
	table->change.count--;
}

/* A place in walks: its own, or that of the entry in whose stead it comes. */
static int take_id(struct cvsw_table *table, struct cvsw_entry *entry, struct cvsw_entry *twin)
{
	int err;

	if (twin) {
		entry->id = twin->id;
		return 0;
	}
	err = xa_alloc_cyclic(&table->walk, &entry->id, NULL, xa_limit_32b, &table->next_id,
			      GFP_KERNEL);
	return err < 0 ? -ENOMEM : 0;
}

int cvsw_change_insert(struct cvsw_table *table, struct cvsw_entry *entry, struct cvsw_entry *twin)
{
	bool one_more = !twin || !cvsw_entry_will_be(table, twin);
	int err;

	if (one_more && table->change.count >= READ_ONCE(table->limit))
		return -ENOSPC;
	err = take_id(table, entry, twin);
	if (err)
		return err;
	entry->from = cvsw_next_version(table);
	err = cvsw_masks_insert(cvsw_table_masks(table, entry->mask->table), entry);
	if (err) {
		if (!twin)
			xa_erase(&table->walk, entry->id);
		return err;
	}
	list_add_tail(&entry->in_change, &table->change.added);
	table->change.count++;
	if (twin)
		supersede_entry(table, twin);
	return 0;
}

static bool entry_is_orphan(const struct cvsw_table *table, const struct cvsw_entry *entry)
{
	return !cvsw_groups_have_all(table, cvsw_entry_actions(entry), entry->n_actions);
}

/* Once for all groups that were removed behind each other: it looks at each flow. */
void cvsw_change_remove_orphans(struct cvsw_table *table)
{
	struct cvsw_entry *entry, *next;
	unsigned long id;

	if (!table->groups.orphans)
		return;
	table->groups.orphans = false;
	list_for_each_entry_safe(entry, next, &table->change.added, in_change) {
		if (entry_is_orphan(table, entry))
			remove_new(table, entry, CVSW_DELETED);
		cond_resched();
	}
	xa_for_each(&table->walk, id, entry) {
		if (cvsw_entry_stays(entry) && entry_is_orphan(table, entry))
			remove_old(table, entry, CVSW_DELETED);
		cond_resched();
	}
}

/* ---- beginning and end ---- */

void cvsw_table_begin(struct cvsw_table *table, bool replace)
{
	cvsw_table_abort(table);
	cvsw_change_clean(table);
	table->change.on = true;
	table->change.replace = replace;
	table->change.number++;
	table->change.count = replace ? 0 : table->count;
	cvsw_groups_begin(table);
}

bool cvsw_table_changing(const struct cvsw_table *table)
{
	return table->change.on;
}

/* What a replacement has not added, and is still there. */
static void remove_rest(struct cvsw_table *table)
{
	struct cvsw_entry *entry;
	unsigned long id;

	xa_for_each(&table->walk, id, entry) {
		if (cvsw_entry_stays(entry) && !cvsw_entry_will_be(table, entry))
			remove_old(table, entry, CVSW_DELETED);
		cond_resched();
	}
}

static void see_all(const struct list_head *entries)
{
	const struct cvsw_entry *entry;

	list_for_each_entry(entry, entries, in_change) {
		cvsw_masks_see(entry);
		cond_resched();
	}
}

/* Where masks' highest priorities have become guesses: see. */
static void look_at_tops(struct cvsw_table *table)
{
	struct cvsw_masks *masks;
	struct cvsw_entry *entry;
	unsigned long id;
	unsigned int i;

	cvsw_table_each_masks(masks, table, i)
		cvsw_masks_forget_tops(masks);
	xa_for_each(&table->walk, id, entry) {
		cvsw_masks_see(entry);
		cond_resched();
	}
	see_all(&table->gone.fresh);
	see_all(&table->gone.waiting);
}

static void settle_change(struct cvsw_table *table)
{
	struct cvsw_masks *masks;
	bool loose = false;
	unsigned int i;

	cvsw_table_each_masks(masks, table, i)
		loose |= cvsw_masks_are_loose(masks, table->count);
	if (loose)
		look_at_tops(table);
	cvsw_table_each_masks(masks, table, i)
		cvsw_masks_settle(masks);
}

static void end_change(struct cvsw_table *table)
{
	table->change.on = false;
	settle_change(table);
}

static void unhash_all(struct cvsw_table *table, struct list_head *list)
{
	struct cvsw_entry *entry, *next;

	list_for_each_entry_safe(entry, next, list, in_change) {
		unhash_entry(table, entry);
		cond_resched();
	}
}

static bool none_waits(const struct cvsw_table *table)
{
	return list_empty(&table->gone.waiting) && list_empty(&table->groups.waiting);
}

unsigned long cvsw_change_clean(struct cvsw_table *table)
{
	if (!none_waits(table) && poll_state_synchronize_rcu(table->gone.grace)) {
		WRITE_ONCE(table->oldest, table->gone.until);
		/* Pairs with cvsw_table_has(). */
		smp_wmb();
		unhash_all(table, &table->gone.waiting);
		cvsw_groups_unlink(table, &table->groups.waiting);
		settle_change(table);
	}
	if (none_waits(table)) {
		list_splice_init(&table->gone.fresh, &table->gone.waiting);
		list_splice_init(&table->groups.fresh, &table->groups.waiting);
		if (none_waits(table))
			return MAX_SCHEDULE_TIMEOUT;
		table->gone.until = atomic64_read(&table->version);
		table->gone.grace = start_poll_synchronize_rcu();
	}
	return GRACE;
}

void cvsw_change_finish(struct cvsw_table *table)
{
	unhash_all(table, &table->gone.waiting);
	unhash_all(table, &table->gone.fresh);
	cvsw_groups_unlink(table, &table->groups.waiting);
	cvsw_groups_unlink(table, &table->groups.fresh);
}

/* The ids' slots exist: nothing is allocated. */
static void take_in(struct cvsw_table *table, struct cvsw_entry *entry)
{
	list_del(&entry->in_change);
	xa_store(&table->walk, entry->id, entry, GFP_KERNEL);
	if (entry->idle_timeout || entry->hard_timeout)
		cvsw_expiry_add(table, entry, get_jiffies_64());
}

/* Behind the additions, for what a walk can find is not to be freed. */
static void take_out(struct cvsw_table *table, struct cvsw_entry *entry)
{
	if (!entry->inherited)
		xa_erase(&table->walk, entry->id);
	if (!RB_EMPTY_NODE(&entry->expiry.node))
		timerqueue_del(&table->expiry, &entry->expiry);
	if (table->removed && entry->why != CVSW_SUPERSEDED && entry->flags & CVSW_FLOW_SEND_REMOVED)
		table->removed(entry, entry->why, table->removed_arg);
	list_move_tail(&entry->in_change, &table->gone.fresh);
}

void cvsw_table_commit(struct cvsw_table *table)
{
	struct cvsw_entry *entry, *next;
	struct cvsw_masks *masks;
	unsigned int i;

	if (!table->change.on)
		return;
	cvsw_change_remove_orphans(table);
	if (table->change.replace) {
		remove_rest(table);
		cvsw_groups_remove_rest(table);
	}
	cvsw_table_each_masks(masks, table, i)
		cvsw_masks_raise(masks);
	/* A full barrier: what comes is in the table, and what goes is not out of it yet. */
	atomic64_inc_return(&table->version);

	list_for_each_entry_safe(entry, next, &table->change.added, in_change) {
		take_in(table, entry);
		cond_resched();
	}
	list_for_each_entry_safe(entry, next, &table->change.removed, in_change) {
		take_out(table, entry);
		cond_resched();
	}
	WRITE_ONCE(table->count, table->change.count);
	cvsw_groups_commit(table);
	end_change(table);
}

void cvsw_table_abort(struct cvsw_table *table)
{
	struct cvsw_entry *entry, *next;

	if (!table->change.on)
		return;
	list_for_each_entry_safe(entry, next, &table->change.added, in_change) {
		remove_new(table, entry, CVSW_SUPERSEDED);
		cond_resched();
	}
	list_for_each_entry_safe(entry, next, &table->change.removed, in_change) {
		list_del(&entry->in_change);
		WRITE_ONCE(entry->until, CVSW_NEVER);
		cond_resched();
	}
	cvsw_groups_abort(table);
	end_change(table);
}
