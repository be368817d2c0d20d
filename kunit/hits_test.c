// SPDX-License-Identifier: GPL-2.0
/* Counters of a flow, as one CPU after another counts. */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../drivers/cvsw/table/hits.h"
#include "cpus.h"
#include "flows.h"

static unsigned long apart_now(void)
{
	return atomic_long_read(&cvsw_hits_apart);
}

static void add(struct cvsw_hits *hits, unsigned int bytes)
{
	local_bh_disable();
	cvsw_hits_add(hits, bytes);
	local_bh_enable();
}

static void expect(struct kunit *test, const struct cvsw_hits *hits, u64 packets, u64 bytes)
{
	u64 read[2];

	cvsw_hits_read(hits, &read[0], &read[1]);
	KUNIT_EXPECT_EQ(test, read[0], packets);
	KUNIT_EXPECT_EQ(test, read[1], bytes);
}

static void hits_of_one(struct kunit *test)
{
	struct cvsw_hits *hits = cvsw_hits_create();

	KUNIT_ASSERT_NOT_NULL(test, hits);
	expect(test, hits, 0, 0);
	add(hits, 60);
	add(hits, 65000);
	expect(test, hits, 2, 65060);
	KUNIT_EXPECT_NE(test, hits->owner, 0);
	KUNIT_EXPECT_PTR_EQ(test, hits->others, NULL);
	cvsw_hits_put(hits);
}

/* Sharing and the last use. */
static void hits_are_used(struct kunit *test)
{
	struct cvsw_hits *hits = cvsw_hits_create();

	KUNIT_ASSERT_NOT_NULL(test, hits);
	KUNIT_EXPECT_LE(test, jiffies - hits->used, 20UL * HZ);
	hits->used -= 1000 * HZ;
	KUNIT_EXPECT_PTR_EQ(test, cvsw_hits_get(hits), hits);
	cvsw_hits_put(hits);
	add(hits, 60);
	KUNIT_EXPECT_LE(test, jiffies - hits->used, 20UL * HZ);
	hits->used -= 1000 * HZ;
	hits->owner = nr_cpu_ids + 1;
	add(hits, 60);
	KUNIT_EXPECT_LE(test, jiffies - hits->used, 20UL * HZ);
	cvsw_hits_put(hits);
}

static u64 shared(const struct cvsw_hits *hits)
{
	return atomic64_read(&hits->shared_packets);
}

/* So few frames of other CPUs, and there is no more memory in use than for one CPU. */
static void hits_are_small(struct kunit *test)
{
	unsigned long apart = apart_now();
	struct cvsw_hits *hits = cvsw_hits_create();
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, hits);
	add(hits, 1);
	/* It was a CPU that this machine does not have. */
	hits->owner = nr_cpu_ids + 1;
	for (i = 1; i < CVSW_HITS_SHARED; i++)
		add(hits, 10);
	KUNIT_EXPECT_PTR_EQ(test, hits->others, NULL);
	KUNIT_EXPECT_EQ(test, apart_now(), apart);
	expect(test, hits, CVSW_HITS_SHARED, 1 + 10 * (CVSW_HITS_SHARED - 1));
	cvsw_hits_put(hits);
}

static void hits_of_others(struct kunit *test)
{
	unsigned long apart = apart_now();
	struct cvsw_hits *hits = cvsw_hits_create();
	unsigned int i, n = 1;

	KUNIT_ASSERT_NOT_NULL(test, hits);
	add(hits, 1);
	hits->owner = nr_cpu_ids + 1;
	/* No memory for the pointers, then none for the line: they share on. */
	for (; n <= 2 * CVSW_HITS_SHARED; n++) {
		*table_fail_at = n <= CVSW_HITS_SHARED ? 1 : 2;
		add(hits, 1);
		*table_fail_at = 0;
		KUNIT_EXPECT_EQ(test, shared(hits), (u64)n);
	}
	KUNIT_EXPECT_EQ(test, apart_now(), apart + (hits->others ? nr_cpu_ids * sizeof(void *) : 0));
	for (; n <= 3 * CVSW_HITS_SHARED; n++)
		add(hits, 1);
	KUNIT_EXPECT_EQ(test, apart_now(), apart + nr_cpu_ids * sizeof(void *) + sizeof(struct cvsw_cpu_hits));
	for (i = 0; i < 3 * CVSW_HITS_SHARED; i++, n++)
		add(hits, 1);
	KUNIT_EXPECT_EQ(test, shared(hits), 3ULL * CVSW_HITS_SHARED);
	KUNIT_EXPECT_EQ(test, u64_stats_read(&hits->packets), 1ULL);
	expect(test, hits, n, n);
	cvsw_hits_put(hits);
	KUNIT_EXPECT_EQ(test, apart_now(), apart);
}

/* However many flows are busy, their counters do not take all memory; and all are right. */
static void hits_of_many_flows(struct kunit *test)
{
	unsigned long each = nr_cpu_ids * sizeof(void *) + sizeof(struct cvsw_cpu_hits);
	unsigned long apart = apart_now(), most = 256 << 10;
	unsigned int i, k, n = most / each + 100;
	long max = cvsw_hits_apart_max;
	struct cvsw_hits **hits = kvcalloc(n, sizeof(*hits), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, hits);
	cvsw_hits_apart_max = apart + most;
	for (i = 0; i < n; i++) {
		hits[i] = cvsw_hits_create();
		if (!hits[i])
			break;
		hits[i]->owner = nr_cpu_ids + 1;
		atomic64_set(&hits[i]->shared_packets, CVSW_HITS_SHARED - 1);
		for (k = 0; k < 3; k++)
			add(hits[i], 1);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, i, n);
	cvsw_hits_apart_max = max;
	KUNIT_EXPECT_LE(test, apart_now(), apart + most);
	KUNIT_EXPECT_GT(test, apart_now(), apart + most - each);
	while (i--) {
		expect(test, hits[i], CVSW_HITS_SHARED + 2, 3);
		cvsw_hits_put(hits[i]);
		cond_resched();
	}
	kvfree(hits);
}

struct count {
	struct cvsw_hits *hits;
	atomic64_t packets, bytes;
};

static void count_on(void *arg, unsigned int nth)
{
	struct count *count = arg;
	unsigned int i;
	u64 bytes = 0;

	for (i = 0; i < 20000; i++) {
		add(count->hits, i);
		bytes += i;
		if (!(i % 1000))
			cond_resched();
	}
	atomic64_add(i, &count->packets);
	atomic64_add(bytes, &count->bytes);
}

/* All at once, and none is lost. */
static void hits_of_all_cpus(struct kunit *test)
{
	unsigned long apart = apart_now();
	struct count count = { .hits = cvsw_hits_create() };

	KUNIT_ASSERT_NOT_NULL(test, count.hits);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	on_all_cpus(test, count_on, &count);
	expect(test, count.hits, atomic64_read(&count.packets), atomic64_read(&count.bytes));
	cvsw_hits_put(count.hits);
	KUNIT_EXPECT_EQ(test, apart_now(), apart);
}

static struct kunit_case hits_cases[] = {
	KUNIT_CASE(hits_of_one),
	KUNIT_CASE(hits_are_small),
	KUNIT_CASE(hits_of_others),
	KUNIT_CASE(hits_of_many_flows),
	KUNIT_CASE(hits_of_all_cpus),
	KUNIT_CASE(hits_are_used),
	{}
};

static struct kunit_suite hits_suite = {
	.name = "hits",
	.init = stay_on_one_cpu,
	.test_cases = hits_cases,
};
kunit_test_suite(hits_suite);
