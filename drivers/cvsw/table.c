// SPDX-License-Identifier: GPL-2.0
/*
 * The flow table: lookups, and what is in it.
 *
 * An entry says of which versions of the table it is.  A lookup is of the version
 * that it read first; if that was counted on meanwhile it is done again, so that
 * a writer need not wait to take old entries out.
 *
 * In front is a cache of recent lookups, each of one version, by those bits of a
 * key that any flow asks for.
 */
#include <linux/slab.h>

#include "compat.h"
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
	u64 before = version_of(table), version;
	struct cvsw_cache_key common __uninitialized;
	struct cvsw_entry *entry;

	cvsw_masks_common(&table->masks, key, &common);
	if (likely(cvsw_cache_find(table->cache, &common, before, &entry))) {
		/* What is common to the masks of a later version may be less. */
		smp_rmb();
		if (likely(version_of(table) == before))
			return entry;
	}
	entry = find(table, key, CVSW_ANY_PRIORITY, &version);
	if (likely(version == before))
		cvsw_cache_put(table->cache, &common, version, entry);
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

struct cvsw_table *cvsw_table_create(void)
{
	struct cvsw_table *table = kzalloc(sizeof(*table), GFP_KERNEL);

	if (!table)
		return NULL;
	if (!cvsw_entries_begin())
		goto free_table;
	table->cache = cvsw_cache_create();
	if (!table->cache)
		goto end_entries;
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
end_entries:
	cvsw_entries_end();
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
	cvsw_entries_end();
	kfree(table);
}
