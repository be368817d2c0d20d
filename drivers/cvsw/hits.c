// SPDX-License-Identifier: GPL-2.0
#include <linux/cpumask.h>
#include <linux/slab.h>

#include "hits.h"

struct cvsw_hits *cvsw_hits_create(void)
{
	struct cvsw_hits *hits = kzalloc(sizeof(*hits), GFP_KERNEL);

	if (!hits)
		return NULL;
	u64_stats_init(&hits->syncp);
	refcount_set(&hits->users, 1);
	hits->used = jiffies;
	hits->born = get_jiffies_64();
	return hits;
}

void cvsw_hits_put(struct cvsw_hits *hits)
{
	if (!refcount_dec_and_test(&hits->users))
		return;
	kfree(hits->others);
	kfree(hits);
}

/* Return: the array, made if need be, or NULL. */
static struct cvsw_cpu_hits *others_of(struct cvsw_hits *hits)
{
	struct cvsw_cpu_hits *others = smp_load_acquire(&hits->others), *new;
	unsigned int cpu;

	if (likely(others))
		return others;
	new = kcalloc(nr_cpu_ids, sizeof(*new), GFP_ATOMIC | __GFP_NOWARN);
	if (!new)
		return NULL;
	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		u64_stats_init(&new[cpu].syncp);
	others = cmpxchg(&hits->others, NULL, new);
	if (!others)
		return new;
	kfree(new);
	return others;
}

void cvsw_hits_add_other(struct cvsw_hits *hits, unsigned int bytes)
{
	int cpu = smp_processor_id();
	struct cvsw_cpu_hits *others;

	if (!READ_ONCE(hits->owner) && !cmpxchg(&hits->owner, 0, cpu + 1)) {
		cvsw_hits_add(hits, bytes);
		return;
	}
	others = others_of(hits);
	if (unlikely(!others)) {
		atomic64_inc(&hits->shared_packets);
		atomic64_add(bytes, &hits->shared_bytes);
		return;
	}
	u64_stats_update_begin(&others[cpu].syncp);
	u64_stats_inc(&others[cpu].packets);
	u64_stats_add(&others[cpu].bytes, bytes);
	u64_stats_update_end(&others[cpu].syncp);
}

static void add_up(const u64_stats_t *packets, const u64_stats_t *bytes,
		   const struct u64_stats_sync *syncp, u64 sums[2])
{
	unsigned int start;
	u64 p, b;

	do {
		start = u64_stats_fetch_begin(syncp);
		p = u64_stats_read(packets);
		b = u64_stats_read(bytes);
	} while (u64_stats_fetch_retry(syncp, start));
	sums[0] += p;
	sums[1] += b;
}

void cvsw_hits_read(const struct cvsw_hits *hits, u64 *packets, u64 *bytes)
{
	const struct cvsw_cpu_hits *others = smp_load_acquire(&hits->others);
	u64 sums[2] = {
		atomic64_read(&hits->shared_packets), atomic64_read(&hits->shared_bytes)
	};
	unsigned int cpu;

	add_up(&hits->packets, &hits->bytes, &hits->syncp, sums);
	for (cpu = 0; others && cpu < nr_cpu_ids; cpu++)
		add_up(&others[cpu].packets, &others[cpu].bytes, &others[cpu].syncp, sums);
	*packets = sums[0];
	*bytes = sums[1];
}
