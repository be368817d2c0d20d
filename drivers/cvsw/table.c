// SPDX-License-Identifier: GPL-2.0
/*
 * The flow table: lookups, and what is in it.
 *
 * An entry says of which versions of the table it is.  A lookup is of the version
 * that it read first; if that was counted on meanwhile it is done again, so that
 * a writer need not wait to take old entries out.
 *
 * In front is a cache of recent lookups, each of one version.
 */
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "table_parts.h"

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

/* Most flows do not do more; kmalloc() would round their entries up to the next power of two. */
#define FEW_ACTIONS	2

/* All tables' entries of few actions; there while there is a table. */
static struct kmem_cache *few_cache;
static unsigned int few_users;
static DEFINE_MUTEX(few_lock);

static bool few_begin(void)
{
	bool there;

	mutex_lock(&few_lock);
	if (!few_users)
		few_cache = kmem_cache_create("cvsw_entry",
					      struct_size((struct cvsw_entry *)NULL, actions,
							  FEW_ACTIONS), 0, 0, NULL);
	there = few_cache;
	few_users += there;
	mutex_unlock(&few_lock);
	return there;
}

/* No entry of the table is left. */
static void few_end(void)
{
	mutex_lock(&few_lock);
	if (!--few_users)
		kmem_cache_destroy(few_cache);
	mutex_unlock(&few_lock);
}

static struct cvsw_entry *entry_alloc(unsigned int n_actions)
{
	struct cvsw_entry *entry;

	if (n_actions > FEW_ACTIONS)
		return kzalloc(struct_size(entry, actions, n_actions), GFP_KERNEL);
	return kmem_cache_zalloc(few_cache, GFP_KERNEL);
}

static void entry_free(struct cvsw_entry *entry)
{
	if (entry->n_actions > FEW_ACTIONS)
		kfree(entry);
	else
		kmem_cache_free(few_cache, entry);
}

void cvsw_entry_put(struct cvsw_entry *entry)
{
	if (!refcount_dec_and_test(&entry->references))
		return;
	cvsw_hits_put(entry->hits);
	entry_free(entry);
}

/* The table's own reference ends when no reader can take another. */
static void entry_put_rcu(struct rcu_head *rcu)
{
	cvsw_entry_put(container_of(rcu, struct cvsw_entry, rcu));
}

void cvsw_entry_put_later(struct cvsw_entry *entry)
{
	call_rcu(&entry->rcu, entry_put_rcu);
}

struct cvsw_entry *cvsw_entry_create(const struct cvsw_flow *flow, struct cvsw_mask *mask,
				     struct cvsw_hits *hits)
{
	struct cvsw_entry *entry;

	entry = entry_alloc(flow->n_actions);
	if (!entry)
		return NULL;
	entry->n_actions = flow->n_actions;
	entry->hits = hits ? cvsw_hits_get(hits) : cvsw_hits_create();
	if (!entry->hits) {
		entry_free(entry);
		return NULL;
	}
	timerqueue_init(&entry->expiry);
	refcount_set(&entry->references, 1);
	entry->match.mask = mask;
	entry->match.key = flow->match.key;
	entry->until = CVSW_NEVER;
	entry->born = get_jiffies_64();
	entry->cookie = flow->cookie;
	entry->priority = flow->priority;
	entry->idle_timeout = flow->idle_timeout;
	entry->hard_timeout = flow->hard_timeout;
	entry->flags = flow->flags & CVSW_FLOW_SEND_REMOVED;
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
	flow->idle_timeout = entry->idle_timeout;
	flow->hard_timeout = entry->hard_timeout;
	flow->flags = entry->flags;
	flow->n_actions = entry->n_actions;
	memcpy(flow->actions, entry->actions, entry->n_actions * sizeof(entry->actions[0]));
}

/* ---- the table ---- */

struct cvsw_table *cvsw_table_create(void)
{
	struct cvsw_table *table = kzalloc(sizeof(*table), GFP_KERNEL);

	if (!table)
		return NULL;
	if (!few_begin())
		goto free_table;
	table->cache = cvsw_cache_create();
	if (!table->cache)
		goto end_few;
	if (cvsw_masks_init(&table->masks))
		goto destroy_cache;
	atomic64_set(&table->version, 1);
	table->limit = CVSW_TABLE_MAX;
	timerqueue_init_head(&table->expiry);
	xa_init_flags(&table->walk, XA_FLAGS_ALLOC);
	INIT_LIST_HEAD(&table->change.added);
	INIT_LIST_HEAD(&table->change.removed);
	return table;

destroy_cache:
	cvsw_cache_destroy(table->cache);
end_few:
	few_end();
free_table:
	kfree(table);
	return NULL;
}

void cvsw_table_watch(struct cvsw_table *table, cvsw_table_removed_fn *removed, void *arg)
{
	table->removed = removed;
	table->removed_arg = arg;
}

void cvsw_table_set_limit(struct cvsw_table *table, u32 limit)
{
	WRITE_ONCE(table->limit, limit);
}

u32 cvsw_table_limit(const struct cvsw_table *table)
{
	return READ_ONCE(table->limit);
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
	few_end();
	kfree(table);
}
