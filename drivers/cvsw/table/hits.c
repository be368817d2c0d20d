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

/* ---- CPUs that count apart ---- */

/* Not from what is kept for emergencies: the counters that are shared are as right. */
#define NO_HURRY	(GFP_NOWAIT | __GFP_NOWARN | __GFP_NOMEMALLOC)

long cvsw_hits_apart_max = 32 << 20;
atomic_long_t cvsw_hits_apart;

static size_t others_size(void)
{
	return nr_cpu_ids * sizeof(struct cvsw_cpu_hits *);
}

/* Return: zeroed, for hits_give_back(); NULL: no memory, or none for this. */
static void *take_counter(size_t size)
{
	void *taken = NULL;

	if (atomic_long_add_return(size, &cvsw_hits_apart) <= cvsw_hits_apart_max)
		taken = kzalloc(size, NO_HURRY);
	if (!taken)
		atomic_long_sub(size, &cvsw_hits_apart);
	return taken;
}

static void hits_give_back(void *taken, size_t size)
{
	if (!taken)
		return;
	kfree(taken);
	atomic_long_sub(size, &cvsw_hits_apart);
}

void cvsw_hits_put(struct cvsw_hits *hits)
{
	unsigned int cpu;

	if (!refcount_dec_and_test(&hits->users))
		return;
	for (cpu = 0; hits->others && cpu < nr_cpu_ids; cpu++)
		hits_give_back(hits->others[cpu], sizeof(*hits->others[cpu]));
	hits_give_back(hits->others, others_size());
	kfree(hits);
}

/* Return: what another CPU has made meanwhile, or @new, or NULL. */
static void *first_of(void *old, void *new, size_t size)
{
	if (old)
		hits_give_back(new, size);
	return old ?: new;
}

/* Have this CPU count apart, if there is memory for it. */
static void counter_part(struct cvsw_hits *hits)
{
	struct cvsw_cpu_hits **others = smp_load_acquire(&hits->others), *line;
	unsigned int cpu = smp_processor_id();

	if (!others) {
		others = take_counter(others_size());
		if (!others)
			return;
		others = first_of(cmpxchg(&hits->others, NULL, others), others, others_size());
	}
	line = take_counter(sizeof(*line));
	if (!line)
		return;
	u64_stats_init(&line->syncp);
	/* An interrupt (netpoll) may have been here. */
	first_of(cmpxchg(&others[cpu], NULL, line), line, sizeof(*line));
}

static struct cvsw_cpu_hits *line_of(const struct cvsw_hits *hits, unsigned int cpu)
{
	struct cvsw_cpu_hits **others = smp_load_acquire(&hits->others);

	return others ? smp_load_acquire(&others[cpu]) : NULL;
}

void cvsw_hits_add_other(struct cvsw_hits *hits, unsigned int bytes)
{
	int cpu = smp_processor_id();
	struct cvsw_cpu_hits *line;

	if (!READ_ONCE(hits->owner) && !cmpxchg(&hits->owner, 0, cpu + 1)) {
		cvsw_hits_add(hits, bytes);
		return;
	}
	line = line_of(hits, cpu);
	if (unlikely(!line)) {
		atomic64_add(bytes, &hits->shared_bytes);
		if (!(atomic64_inc_return(&hits->shared_packets) % CVSW_HITS_SHARED))
			counter_part(hits);
		return;
	}
	u64_stats_update_begin(&line->syncp);
	u64_stats_inc(&line->packets);
	u64_stats_add(&line->bytes, bytes);
	u64_stats_update_end(&line->syncp);
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
	const struct cvsw_cpu_hits *line;
	u64 sums[2] = {
		atomic64_read(&hits->shared_packets), atomic64_read(&hits->shared_bytes)
	};
	unsigned int cpu;

	add_up(&hits->packets, &hits->bytes, &hits->syncp, sums);
	for_each_possible_cpu(cpu) {
		line = line_of(hits, cpu);
		if (line)
			add_up(&line->packets, &line->bytes, &line->syncp, sums);
	}
	*packets = sums[0];
	*bytes = sums[1];
}
