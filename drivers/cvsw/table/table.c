// SPDX-License-Identifier: GPL-2.0
/*
 * The flow table: lookups, and what is in it.
 *
 * An entry says of which versions of the table it is.  A frame's lookups are all of
 * the version that was the table's at its first; what a change removes from later
 * ones stays to be found until no reader of RCU is left that may have read an
 * earlier one.
 *
 * In front is a cache of recent lookups, each of one version, by those bits of a
 * key that any flow asks for.
 */
#include <linux/slab.h>

#include "compat.h"
#include "table_parts.h"

/* ---- lookup ---- */

u64 cvsw_table_version(const struct cvsw_table *table)
{
	return atomic64_read_acquire(&table->version);
}

bool cvsw_table_has(const struct cvsw_table *table, u64 version)
{
	/* Pairs with cvsw_change_clean(): first it is said what will go. */
	smp_rmb();
	return READ_ONCE(table->oldest) <= version;
}

struct cvsw_entry *cvsw_table_lookup_below_of(const struct cvsw_table *table,
					      const struct cvsw_key *key, int below, u64 version)
{
	const struct cvsw_masks *masks = cvsw_table_masks(table, key->table);

	return masks ? cvsw_masks_find(masks, key, below, version) : NULL;
}

struct cvsw_entry *cvsw_table_lookup_of(const struct cvsw_table *table, const struct cvsw_key *key,
					u64 version)
{
	const struct cvsw_masks *masks = cvsw_table_masks(table, key->table);
	struct cvsw_cache_key common __uninitialized;
	struct cvsw_entry *entry;

	if (unlikely(!masks))
		return NULL;
	/* A frame that waited may ask for a version whose entries are freed. */
	if (unlikely(version != cvsw_table_version(table)))
		return cvsw_masks_find(masks, key, CVSW_ANY_PRIORITY, version);
	/* Masks of other versions may be among them: then more is compared than need be. */
	cvsw_masks_common(masks, key, &common);
	if (unlikely(!cvsw_cache_find(table->cache, &common, version, &entry))) {
		entry = cvsw_masks_find(masks, key, CVSW_ANY_PRIORITY, version);
		cvsw_cache_put(table->cache, &common, version, entry);
	}
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

struct cvsw_masks *cvsw_table_make_masks(struct cvsw_table *table, u8 number)
{
	struct cvsw_masks *masks = cvsw_table_masks(table, number);

	if (masks)
		return masks;
	masks = kzalloc(sizeof(*masks), GFP_KERNEL);
	if (masks && cvsw_masks_init(masks, number)) {
		kfree(masks);
		masks = NULL;
	}
	smp_store_release(&table->more[number - 1], masks);
	return masks;
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
	if (cvsw_masks_init(&table->masks, 0))
		goto destroy_cache;
	atomic64_set(&table->version, 1);
	table->limit = CVSW_TABLE_MAX;
	timerqueue_init_head(&table->expiry);
	xa_init_flags(&table->walk, XA_FLAGS_ALLOC);
	INIT_LIST_HEAD(&table->change.added);
	INIT_LIST_HEAD(&table->change.removed);
	INIT_LIST_HEAD(&table->gone.fresh);
	INIT_LIST_HEAD(&table->gone.waiting);
	cvsw_groups_init(table);
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
	struct cvsw_masks *masks;
	struct cvsw_entry *entry;
	unsigned long id;
	unsigned int i;

	if (!table)
		return;
	cvsw_table_abort(table);
	cvsw_change_finish(table);
	/* What is called for entries and groups removed before is code of this module. */
	rcu_barrier();
	cvsw_table_each_masks(masks, table, i) {
		cvsw_masks_free(masks);
		if (i)
			kfree(masks);
	}
	xa_for_each(&table->walk, id, entry)
		cvsw_entry_put(entry);
	xa_destroy(&table->walk);
	cvsw_groups_free(table);
	cvsw_cache_destroy(table->cache);
	cvsw_entries_end();
	kfree(table);
}
