// SPDX-License-Identifier: GPL-2.0
/*
 * The groups of a table, in versions as its flows are.
 *
 * A frame finds a group by its number: the newest of it, and from there those of versions
 * before.  What a change removes stays to be found for a grace period, with the entries.
 */
#include <linux/netdevice.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "groups.h"
#include "table_parts.h"

/* ---- counters of slots ---- */

static struct cvsw_slot_hits *slot_hits_create(void)
{
	struct cvsw_slot_hits *hits = kzalloc(sizeof(*hits), GFP_KERNEL);

	if (!hits)
		return NULL;
	hits->cpus = netdev_alloc_pcpu_stats(struct cvsw_cpu_slots);
	if (!hits->cpus) {
		kfree(hits);
		return NULL;
	}
	refcount_set(&hits->users, 1);
	return hits;
}

static struct cvsw_slot_hits *slot_hits_get(struct cvsw_slot_hits *hits)
{
	refcount_inc(&hits->users);
	return hits;
}

static void slot_hits_put(struct cvsw_slot_hits *hits)
{
	if (!hits || !refcount_dec_and_test(&hits->users))
		return;
	free_percpu(hits->cpus);
	kfree(hits);
}

void cvsw_slot_hits_read(const struct cvsw_slot_hits *hits, u8 slot, u64 *packets, u64 *bytes)
{
	int cpu;

	*packets = 0;
	*bytes = 0;
	for_each_possible_cpu(cpu) {
		const struct cvsw_cpu_slots *of = per_cpu_ptr(hits->cpus, cpu);
		unsigned int start;
		u64 p, b;

		do {
			start = u64_stats_fetch_begin(&of->syncp);
			p = u64_stats_read(&of->packets[slot]);
			b = u64_stats_read(&of->bytes[slot]);
		} while (u64_stats_fetch_retry(&of->syncp, start));
		*packets += p;
		*bytes += b;
	}
}

/* ---- a group's memory ---- */

/* Also of one that is not whole. */
static void version_free(struct cvsw_group_version *version)
{
	unsigned int i;

	for (i = 0; i < version->n_buckets; i++)
		if (version->buckets[i].entry)
			cvsw_entry_put(version->buckets[i].entry);
	if (version->slots)
		slot_hits_put(version->slots->hits);
	kfree(version);
}

static void version_free_rcu(struct rcu_head *rcu)
{
	version_free(container_of(rcu, struct cvsw_group_version, rcu));
}

static struct cvsw_group_version *version_alloc(u32 id, u8 type, u8 n_buckets,
						const struct cvsw_group_version *before)
{
	struct cvsw_group_version *version;
	size_t size = struct_size(version, buckets, n_buckets);
	size_t slots = type == CVSW_GROUP_TYPE_SELECT ? sizeof(*version->slots) : 0;

	version = kzalloc(size + slots, GFP_KERNEL);
	if (!version)
		return NULL;
	if (slots)
		version->slots = (void *)version + size;
	version->until = CVSW_NEVER;
	version->born = before ? before->born : get_jiffies_64();
	version->id = id;
	version->type = type;
	version->n_buckets = n_buckets;
	return version;
}

static bool bucket_is(const struct cvsw_group_version *version, unsigned int i,
		      const struct cvsw_group *group)
{
	const struct cvsw_entry *entry = version->buckets[i].entry;

	return cvsw_actions_equal(cvsw_entry_actions(entry), entry->n_actions,
				  cvsw_bucket_actions(group, i), group->buckets[i].n_actions);
}

/* Return: one of @before's, if it is the same, so that its counters go on; NULL: no memory. */
static struct cvsw_entry *make_bucket(const struct cvsw_group *group, unsigned int i,
				      const struct cvsw_group_version *before)
{
	if (!before || i >= before->n_buckets || !bucket_is(before, i, group))
		return cvsw_entry_create_bucket(cvsw_bucket_actions(group, i),
						group->buckets[i].n_actions);
	cvsw_entry_hold(before->buckets[i].entry);
	return before->buckets[i].entry;
}

static bool make_slots(struct cvsw_slots *slots, const struct cvsw_group *group,
		       const struct cvsw_group_version *before)
{
	memcpy(slots->key, group->key, sizeof(slots->key));
	memcpy(slots->slots, group->slots, sizeof(slots->slots));
	memcpy(slots->backup, group->backup, sizeof(slots->backup));
	slots->hits = before && before->slots ? slot_hits_get(before->slots->hits) :
						slot_hits_create();
	return slots->hits;
}

struct cvsw_group_version *cvsw_group_create(const struct cvsw_group *group,
					     const struct cvsw_group_version *before)
{
	struct cvsw_group_version *version;
	unsigned int i;

	version = version_alloc(group->id, group->type, group->n_buckets, before);
	if (!version)
		return NULL;
	version->dead = group->dead;
	for (i = 0; i < group->n_buckets; i++) {
		version->buckets[i].weight = group->buckets[i].weight;
		version->buckets[i].entry = make_bucket(group, i, before);
		if (!version->buckets[i].entry)
			goto free;
	}
	if (!version->slots || make_slots(version->slots, group, before))
		return version;
free:
	version_free(version);
	return NULL;
}

struct cvsw_group_version *cvsw_group_create_live(const struct cvsw_group_version *before,
						  u64 dead)
{
	struct cvsw_group_version *version;
	unsigned int i;

	version = version_alloc(before->id, before->type, before->n_buckets, before);
	if (!version)
		return NULL;
	version->dead = before->n_buckets < 64 ? dead & ~(~0ull << before->n_buckets) : dead;
	for (i = 0; i < before->n_buckets; i++) {
		version->buckets[i] = before->buckets[i];
		cvsw_entry_hold(version->buckets[i].entry);
	}
	if (version->slots) {
		*version->slots = *before->slots;
		slot_hits_get(version->slots->hits);
	}
	return version;
}

bool cvsw_group_is_same(const struct cvsw_group_version *version, const struct cvsw_group *group)
{
	const struct cvsw_slots *slots = version->slots;
	unsigned int i;

	if (version->type != group->type || version->dead != group->dead ||
	    version->n_buckets != group->n_buckets)
		return false;
	for (i = 0; i < version->n_buckets; i++)
		if (version->buckets[i].weight != group->buckets[i].weight ||
		    !bucket_is(version, i, group))
			return false;
	return !slots || (!memcmp(slots->key, group->key, sizeof(slots->key)) &&
			  !memcmp(slots->slots, group->slots, sizeof(slots->slots)) &&
			  !memcmp(slots->backup, group->backup, sizeof(slots->backup)));
}

void cvsw_group_version_group(const struct cvsw_group_version *version, struct cvsw_group *group)
{
	unsigned int i;

	memset(group, 0, sizeof(*group));
	group->id = version->id;
	group->type = version->type;
	group->dead = version->dead;
	group->n_buckets = version->n_buckets;
	if (version->slots) {
		memcpy(group->key, version->slots->key, sizeof(group->key));
		memcpy(group->slots, version->slots->slots, sizeof(group->slots));
		memcpy(group->backup, version->slots->backup, sizeof(group->backup));
	}
	for (i = 0; i < version->n_buckets; i++) {
		const struct cvsw_entry *entry = version->buckets[i].entry;

		group->buckets[i] = (struct cvsw_bucket){
			.first = group->n_actions, .n_actions = entry->n_actions,
			.weight = version->buckets[i].weight,
		};
		memcpy(group->actions + group->n_actions, cvsw_entry_actions(entry),
		       entry->n_actions * sizeof(group->actions[0]));
		group->n_actions += entry->n_actions;
	}
}

/* ---- which groups there are ---- */

/* The newest one of this number, which no frame may see yet, or any more. */
static struct cvsw_group_version *newest_of(const struct cvsw_table *table, u32 id)
{
	return xa_load((struct xarray *)&table->groups.ids, id);
}

static struct cvsw_group_version *version_in(struct cvsw_group_version *version, u64 number)
{
	while (version && !(version->from <= number && number < READ_ONCE(version->until)))
		version = rcu_dereference(version->older);
	return version;
}

struct cvsw_group_version *cvsw_table_group(const struct cvsw_table *table, u32 id, u64 version)
{
	return version_in(newest_of(table, id), version);
}

int cvsw_table_walk_groups(const struct cvsw_table *table, u64 *resume,
			   int (*visit)(const struct cvsw_group_version *group, void *arg),
			   void *arg)
{
	struct xarray *ids = (struct xarray *)&table->groups.ids;
	struct cvsw_group_version *version;
	unsigned long id;
	int ret = 0;

	if (*resume > U32_MAX)
		return 0;
	rcu_read_lock();
	xa_for_each_start(ids, id, version, *resume) {
		version = version_in(version, cvsw_table_version(table));
		ret = version ? visit(version, arg) : 0;
		if (ret)
			break;
		*resume = (u64)id + 1;
	}
	rcu_read_unlock();
	return ret;
}

void cvsw_table_set_group_limit(struct cvsw_table *table, u32 limit)
{
	WRITE_ONCE(table->groups.limit, limit);
}

/* ---- within a change ---- */

static bool version_is_new(const struct cvsw_table *table, const struct cvsw_group_version *version)
{
	return version->from == cvsw_next_version(table);
}

static bool version_stays(const struct cvsw_group_version *version)
{
	return version->until == CVSW_NEVER;
}

static bool version_will_be(const struct cvsw_table *table,
			    const struct cvsw_group_version *version)
{
	return version_stays(version) &&
	       (!table->change.replace || version_is_new(table, version) ||
		version->kept == table->change.number);
}

struct cvsw_group_version *cvsw_groups_find(const struct cvsw_table *table, u32 id)
{
	struct cvsw_group_version *version = newest_of(table, id);

	return version && version_stays(version) ? version : NULL;
}

bool cvsw_groups_will_have(const struct cvsw_table *table,
			   const struct cvsw_group_version *version)
{
	return version && version_will_be(table, version);
}

bool cvsw_groups_have_all(const struct cvsw_table *table, const struct cvsw_action *actions,
			  unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (actions[i].type == CVSW_ACT_GROUP &&
		    !cvsw_groups_will_have(table, newest_of(table, actions[i].to_group.id)))
			return false;
	return true;
}

/* No reader looks for it any more, or did yet.  Another one may stand in front of it. */
static void unlink_version(struct cvsw_table *table, struct cvsw_group_version *version)
{
	struct cvsw_group_version *at = newest_of(table, version->id);
	struct cvsw_group_version *older = rcu_dereference_protected(version->older, true);

	list_del(&version->in_change);
	if (at != version) {
		while (rcu_access_pointer(at->older) != version)
			at = rcu_dereference_protected(at->older, true);
		rcu_assign_pointer(at->older, older);
	} else if (older) {
		/* In its place, for which there is memory. */
		xa_store(&table->groups.ids, version->id, older, GFP_KERNEL);
	} else {
		xa_erase(&table->groups.ids, version->id);
	}
	call_rcu(&version->rcu, version_free_rcu);
}

static void remove_version(struct cvsw_table *table, struct cvsw_group_version *version)
{
	table->groups.n_next -= version_will_be(table, version);
	if (version_is_new(table, version)) {
		unlink_version(table, version);
		return;
	}
	WRITE_ONCE(version->until, cvsw_next_version(table));
	list_add_tail(&version->in_change, &table->groups.removed);
}

int cvsw_groups_insert(struct cvsw_table *table, struct cvsw_group_version *version)
{
	struct cvsw_group_version *newest, *twin;
	int err = -ENOMEM;

	if (!version)
		return err;
	newest = newest_of(table, version->id);
	twin = cvsw_groups_find(table, version->id);
	if (!cvsw_groups_will_have(table, twin) &&
	    table->groups.n_next >= READ_ONCE(table->groups.limit)) {
		err = -ENOSPC;
		goto free;
	}
	version->from = cvsw_next_version(table);
	RCU_INIT_POINTER(version->older, newest);
	err = xa_err(xa_store(&table->groups.ids, version->id, version, GFP_KERNEL));
	if (err)
		goto free;
	list_add_tail(&version->in_change, &table->groups.added);
	table->groups.n_next++;
	if (twin)
		remove_version(table, twin);
	return 0;

free:
	version_free(version);
	return err;
}

void cvsw_groups_keep(struct cvsw_table *table, struct cvsw_group_version *version)
{
	table->groups.n_next += !version_will_be(table, version);
	version->kept = table->change.number;
}

void cvsw_groups_remove(struct cvsw_table *table, struct cvsw_group_version *version)
{
	remove_version(table, version);
	table->groups.orphans = true;
}

void cvsw_groups_remove_all(struct cvsw_table *table)
{
	struct cvsw_group_version *version;
	unsigned long id;

	xa_for_each(&table->groups.ids, id, version) {
		if (version_stays(version))
			cvsw_groups_remove(table, version);
		cond_resched();
	}
}

/* ---- beginning and end of a change ---- */

void cvsw_groups_begin(struct cvsw_table *table)
{
	table->groups.orphans = false;
	table->groups.n_next = table->change.replace ? 0 : table->groups.n;
}

void cvsw_groups_remove_rest(struct cvsw_table *table)
{
	struct cvsw_group_version *version;
	unsigned long id;

	xa_for_each(&table->groups.ids, id, version) {
		if (version_stays(version) && !version_will_be(table, version))
			remove_version(table, version);
		cond_resched();
	}
}

void cvsw_groups_commit(struct cvsw_table *table)
{
	struct cvsw_group_version *version, *next;

	list_for_each_entry_safe(version, next, &table->groups.added, in_change) {
		list_del(&version->in_change);
		cond_resched();
	}
	list_splice_tail_init(&table->groups.removed, &table->groups.fresh);
	WRITE_ONCE(table->groups.n, table->groups.n_next);
}

void cvsw_groups_abort(struct cvsw_table *table)
{
	struct cvsw_group_version *version, *next;

	list_for_each_entry_safe(version, next, &table->groups.added, in_change) {
		unlink_version(table, version);
		cond_resched();
	}
	list_for_each_entry_safe(version, next, &table->groups.removed, in_change) {
		list_del(&version->in_change);
		WRITE_ONCE(version->until, CVSW_NEVER);
		cond_resched();
	}
}

void cvsw_groups_unlink(struct cvsw_table *table, struct list_head *list)
{
	struct cvsw_group_version *version, *next;

	list_for_each_entry_safe(version, next, list, in_change) {
		unlink_version(table, version);
		cond_resched();
	}
}

void cvsw_groups_init(struct cvsw_table *table)
{
	xa_init(&table->groups.ids);
	table->groups.limit = CVSW_GROUPS_MAX;
	INIT_LIST_HEAD(&table->groups.added);
	INIT_LIST_HEAD(&table->groups.removed);
	INIT_LIST_HEAD(&table->groups.fresh);
	INIT_LIST_HEAD(&table->groups.waiting);
}

void cvsw_groups_free(struct cvsw_table *table)
{
	struct cvsw_group_version *version;
	unsigned long id;

	xa_for_each(&table->groups.ids, id, version)
		version_free(version);
	xa_destroy(&table->groups.ids);
}
