// SPDX-License-Identifier: GPL-2.0
/* Counters of a flow, as one CPU after another counts. */
#include <kunit/test.h>
#include <linux/bottom_half.h>

#include "../drivers/cvsw/hits.h"
#include "cpus.h"
#include "flows.h"

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

static void hits_of_others(struct kunit *test)
{
	struct cvsw_hits *hits = cvsw_hits_create();

	KUNIT_ASSERT_NOT_NULL(test, hits);
	add(hits, 1);
	/* It was a CPU that this machine does not have. */
	hits->owner = nr_cpu_ids + 1;
	*table_fail_at = 1;
	add(hits, 20);
	*table_fail_at = 0;
	KUNIT_EXPECT_PTR_EQ(test, hits->others, NULL);
	expect(test, hits, 2, 21);
	add(hits, 300);
	add(hits, 4000);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, hits->others);
	expect(test, hits, 4, 4321);
	KUNIT_EXPECT_EQ(test, u64_stats_read(&hits->packets), 1ULL);
	KUNIT_EXPECT_EQ(test, atomic64_read(&hits->shared_packets), 1LL);
	cvsw_hits_put(hits);
}

static struct kunit_case hits_cases[] = {
	KUNIT_CASE(hits_of_one),
	KUNIT_CASE(hits_of_others),
	KUNIT_CASE(hits_are_used),
	{}
};

static struct kunit_suite hits_suite = {
	.name = "hits",
	.init = stay_on_one_cpu,
	.test_cases = hits_cases,
};
kunit_test_suite(hits_suite);
