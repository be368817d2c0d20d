// SPDX-License-Identifier: GPL-2.0
/*
 * The flow table and its versions.
 *
 * An entry says of which versions of the table it is.  A change makes the next
 * one: it hashes new entries and marks old ones, which no lookup minds, and then
 * counts the version on.  A lookup is of the version that it read first; if that
 * was counted on meanwhile it is done again, so that a writer need not wait to
 * take old entries out.
 *
 * In front is a cache of recent lookups, each of one version.
 *
 * Everything that may fail for want of memory is done before a commit.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "cache.h"
#include "table.h"

/**
 * struct cvsw_table - the flow table
 * @masks: entries by key
 * @cache: of lookups
 * @version: that lookups are of; never zero
 * @count: entries of it
 * @walk: entries of it by id
 * @next_id: where the search for a free id begins
 * @change: the one under way
 */
struct cvsw_table {
	struct cvsw_masks masks;
	struct cvsw_cache __percpu *cache;
	atomic64_t version;
	u32 count;
	struct xarray walk;
	u32 next_id;

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
};

/* ---- lookup ---- */

static u64 version_of(const struct cvsw_table *table)
{
	return atomic64_read_acquire(&table->version);
}

/* @version: out: what the result is of */
static struct cvsw_entry *find(const struct cvsw_table *table, const struct cvsw_key *key,
			       int below, u64 *version)
{
	struct cvsw_entry *entry;

	do {
		*version = version_of(table);
		entry = cvsw_masks_find(&table->masks, key, below, *version);
		/* What was gone already is gone behind the next version. */
		smp_rmb();
	} while (unlikely(version_of(table) != *version));
	return entry;
}

struct cvsw_entry *cvsw_table_lookup_below(const struct cvsw_table *table,
					   const struct cvsw_key *key, int below)
{
	u64 version;

	return find(table, key, below, &version);
}

struct cvsw_entry *cvsw_table_lookup(const struct cvsw_table *table,
				     const struct cvsw_key *key)
{
	u64 version = version_of(table);
	struct cvsw_entry *entry;

	if (likely(cvsw_cache_find(table->cache, key, version, &entry)))
		return entry;
	entry = find(table, key, CVSW_ANY_PRIORITY, &version);
	cvsw_cache_put(table->cache, key, version, entry);
	return entry;
}

bool cvsw_table_may_match(const struct cvsw_table *table, enum cvsw_ingress in, unsigned int pass)
{
	return cvsw_masks_may_match(&table->masks, in, pass);
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

static struct cvsw_entry *entry_create(const struct cvsw_flow *flow, struct cvsw_mask *mask)
{
	struct cvsw_entry *entry;

	entry = kzalloc(struct_size(entry, actions, flow->n_actions), GFP_KERNEL);
	if (!entry)
		return NULL;
	cvsw_hits_init(&entry->hits);
	refcount_set(&entry->references, 1);
	entry->match.mask = mask;
	entry->match.key = flow->match.key;
	entry->until = CVSW_NEVER;
	entry->born = jiffies;
	entry->cookie = flow->cookie;
	entry->priority = flow->priority;
	entry->n_actions = flow->n_actions;
	memcpy(entry->actions, flow->actions, flow->n_actions * sizeof(flow->actions[0]));
	return entry;
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

/* Given the same match and priority. */
static bool does_the_same(const struct cvsw_entry *entry, const struct cvsw_flow *flow)
{
	return entry->cookie == flow->cookie && entry->n_actions == flow->n_actions &&
	       !memcmp(entry->actions, flow->actions,
		       flow->n_actions * sizeof(flow->actions[0]));
}

static bool covered(const struct cvsw_match *wide, const struct cvsw_entry *entry)
{
	struct cvsw_match narrow = {
		.key = entry->match.key,
		.mask = entry->match.mask->mask,
	};

	return cvsw_match_covers(wide, &narrow);
}

/* ---- changes ---- */

static u64 next_version(const struct cvsw_table *table)
{
	return atomic64_read(&table->version) + 1;
}

/* An entry that lookups do not find, now or any more. */
static void unhash(struct cvsw_table *table, struct cvsw_entry *entry)
{
	list_del(&entry->in_change);
	cvsw_masks_remove(&table->masks, entry);
	call_rcu(&entry->rcu, entry_put_rcu);
}

/* Is this entry, there before, among those that there will be? */
static bool is_counted(const struct cvsw_table *table, const struct cvsw_entry *entry)
{
	return !table->change.replace || entry->kept == table->change.number;
}

/* Of the version that lookups are of: goes when the change ends. */
static void remove_old(struct cvsw_table *table, struct cvsw_entry *entry)
{
	WRITE_ONCE(entry->until, next_version(table));
	list_add_tail(&entry->in_change, &table->change.removed);
	table->change.count -= is_counted(table, entry);
}

/* As if it had not been added. */
static void remove_new(struct cvsw_table *table, struct cvsw_entry *entry)
{
	struct cvsw_entry *old = xa_load(&table->walk, entry->id);

	if (old)
		old->inherited = false;
	else
		xa_erase(&table->walk, entry->id);
	unhash(table, entry);
	table->change.count--;
}

static void remove_any(struct cvsw_table *table, struct cvsw_entry *entry)
{
	if (entry->from == next_version(table))
		remove_new(table, entry);
	else
		remove_old(table, entry);
}

void cvsw_table_begin(struct cvsw_table *table, bool replace)
{
	cvsw_table_abort(table);
	table->change.on = true;
	table->change.replace = replace;
	table->change.number++;
	table->change.count = replace ? 0 : table->count;
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
		if (cvsw_entry_stays(entry) && !is_counted(table, entry))
			remove_old(table, entry);
		cond_resched();
	}
}

/* Where masks' highest priorities have become guesses: see. */
static void look_at_tops(struct cvsw_table *table)
{
	struct cvsw_entry *entry;
	unsigned long id;

	cvsw_masks_forget_tops(&table->masks);
	xa_for_each(&table->walk, id, entry) {
		cvsw_masks_see(entry);
		cond_resched();
	}
}

static void end_change(struct cvsw_table *table)
{
	table->change.on = false;
	if (cvsw_masks_are_loose(&table->masks, table->count))
		look_at_tops(table);
	cvsw_masks_settle(&table->masks);
}

void cvsw_table_commit(struct cvsw_table *table)
{
	struct cvsw_entry *entry, *next;

	if (!table->change.on)
		return;
	if (table->change.replace)
		remove_rest(table);
	cvsw_masks_raise(&table->masks);
	/* A full barrier: what comes is in the table, and what goes is not out of it yet. */
	atomic64_inc_return(&table->version);

	/* The ids' slots exist: nothing is allocated. */
	list_for_each_entry_safe(entry, next, &table->change.added, in_change) {
		list_del(&entry->in_change);
		xa_store(&table->walk, entry->id, entry, GFP_KERNEL);
		cond_resched();
	}
	/* Behind that, for what a walk can find is not to be freed. */
	list_for_each_entry_safe(entry, next, &table->change.removed, in_change) {
		if (!entry->inherited)
			xa_erase(&table->walk, entry->id);
		unhash(table, entry);
		cond_resched();
	}
	WRITE_ONCE(table->count, table->change.count);
	end_change(table);
}

void cvsw_table_abort(struct cvsw_table *table)
{
	struct cvsw_entry *entry, *next;

	if (!table->change.on)
		return;
	list_for_each_entry_safe(entry, next, &table->change.added, in_change) {
		remove_new(table, entry);
		cond_resched();
	}
	list_for_each_entry_safe(entry, next, &table->change.removed, in_change) {
		list_del(&entry->in_change);
		WRITE_ONCE(entry->until, CVSW_NEVER);
		cond_resched();
	}
	end_change(table);
}

/* ---- additions ---- */

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

/* The new entry takes the old one's place, id included. */
static void supersede(struct cvsw_table *table, struct cvsw_entry *twin)
{
	if (twin->from != next_version(table)) {
		twin->inherited = true;
		remove_old(table, twin);
		return;
	}
	/* Both are of the change: the id, or what it was inherited from, goes on. */
	unhash(table, twin);
	table->change.count--;
}

/* What a replacement adds was there before. */
static void keep(struct cvsw_table *table, struct cvsw_entry *entry, bool one_more)
{
	entry->kept = table->change.number;
	table->change.count += one_more;
}

static int add(struct cvsw_table *table, const struct cvsw_flow *flow)
{
	struct cvsw_entry *entry, *twin;
	struct cvsw_mask *mask;
	bool one_more;
	int err;

	mask = cvsw_masks_get(&table->masks, &flow->match.mask);
	entry = mask ? entry_create(flow, mask) : NULL;
	if (!entry)
		return -ENOMEM;
	entry->from = next_version(table);
	twin = cvsw_masks_twin(&entry->match, entry->priority);
	one_more = !twin || (twin->from != entry->from && !is_counted(table, twin));
	err = -ENOSPC;
	if (one_more && table->change.count >= CVSW_TABLE_MAX)
		goto free;
	if (table->change.replace && twin && does_the_same(twin, flow)) {
		keep(table, twin, one_more);
		err = 0;
		goto free;
	}
	err = take_id(table, entry, twin);
	if (err)
		goto free;
	err = cvsw_masks_insert(&table->masks, entry);
	if (err)
		goto give_id_back;
	list_add_tail(&entry->in_change, &table->change.added);
	table->change.count++;
	if (twin)
		supersede(table, twin);
	return 0;

give_id_back:
	if (!twin)
		xa_erase(&table->walk, entry->id);
free:
	entry_free(entry);
	return err;
}

int cvsw_table_add(struct cvsw_table *table, const struct cvsw_flow *flow)
{
	int err;

	if (table->change.on)
		return add(table, flow);
	cvsw_table_begin(table, false);
	err = add(table, flow);
	if (err)
		cvsw_table_abort(table);
	else
		cvsw_table_commit(table);
	return err;
}

/* ---- deletions ---- */

static unsigned int delete_added(struct cvsw_table *table, const struct cvsw_match *match)
{
	struct cvsw_entry *entry, *next;
	unsigned int removed = 0;

	list_for_each_entry_safe(entry, next, &table->change.added, in_change)
		if (covered(match, entry)) {
			remove_any(table, entry);
			removed++;
		}
	return removed;
}

static unsigned int delete_old(struct cvsw_table *table, const struct cvsw_match *match)
{
	struct cvsw_entry *entry;
	unsigned int removed = 0;
	unsigned long id;

	xa_for_each(&table->walk, id, entry) {
		if (cvsw_entry_stays(entry) && covered(match, entry)) {
			remove_any(table, entry);
			removed++;
		}
		cond_resched();
	}
	return removed;
}

unsigned int cvsw_table_delete(struct cvsw_table *table, const struct cvsw_match *match)
{
	bool alone = !table->change.on;
	unsigned int removed;

	if (alone)
		cvsw_table_begin(table, false);
	removed = delete_added(table, match) + delete_old(table, match);
	if (alone)
		cvsw_table_commit(table);
	return removed;
}

/* ---- the table ---- */

struct cvsw_table *cvsw_table_create(void)
{
	struct cvsw_table *table = kzalloc(sizeof(*table), GFP_KERNEL);

	if (!table)
		return NULL;
	table->cache = cvsw_cache_create();
	if (cvsw_masks_init(&table->masks) || !table->cache) {
		cvsw_masks_free(&table->masks);
		cvsw_cache_destroy(table->cache);
		kfree(table);
		return NULL;
	}
	atomic64_set(&table->version, 1);
	xa_init_flags(&table->walk, XA_FLAGS_ALLOC);
	INIT_LIST_HEAD(&table->change.added);
	INIT_LIST_HEAD(&table->change.removed);
	return table;
}

void cvsw_table_destroy(struct cvsw_table *table)
{
	struct cvsw_entry *entry;
	unsigned long id;

	cvsw_table_abort(table);
	/* entry_put_rcu() of entries removed before is code of this module. */
	rcu_barrier();
	cvsw_masks_free(&table->masks);
	xa_for_each(&table->walk, id, entry)
		cvsw_entry_put(entry);
	xa_destroy(&table->walk);
	cvsw_cache_destroy(table->cache);
	kfree(table);
}
