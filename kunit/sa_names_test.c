// SPDX-License-Identifier: GPL-2.0
/* SPIs that were there: none is forgotten, and memory stays what it is. */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/prandom.h>
#include <linux/vmalloc.h>

#include "../drivers/cvsw/esp/sa_names.h"

static bool no_memory;
#define krealloc_array(old, n, size, flags) \
	(no_memory ? NULL : krealloc_array(old, n, size, flags))
#include "../drivers/cvsw/esp/sa_names.c"
#include "frames.h"

#define SPACE	20000

static void expect_sorted(struct kunit *test, const struct cvsw_sa_names *names)
{
	unsigned int i;

	KUNIT_ASSERT_LE(test, names->n, CVSW_SA_RANGES_MAX);
	for (i = 0; i < names->n; i++) {
		KUNIT_ASSERT_LE(test, names->ranges[i].first, names->ranges[i].last);
		if (i)
			KUNIT_ASSERT_GT(test, names->ranges[i].first, names->ranges[i - 1].last + 1);
	}
}

/* In any order, against a bitmap: exact, as long as there are few ranges. */
static void names_are_exact(struct kunit *test)
{
	unsigned long *had = bitmap_zalloc(SPACE, GFP_KERNEL);
	struct cvsw_sa_names names = {};
	struct rnd_state rnd;
	unsigned int i, spi;

	KUNIT_ASSERT_NOT_NULL(test, had);
	prandom_seed_state(&rnd, 4303);
	for (i = 0; i < 900; i++) {
		spi = pick(&rnd, 3) ? 256 + pick(&rnd, SPACE - 256) : 256 + i;
		if (cvsw_sa_names_have(&names, spi))
			continue;
		__set_bit(spi, had);
		KUNIT_ASSERT_EQ(test, cvsw_sa_names_add(&names, spi), 0);
		expect_sorted(test, &names);
	}
	for (spi = 0; spi < SPACE; spi++)
		KUNIT_ASSERT_EQ(test, cvsw_sa_names_have(&names, spi), test_bit(spi, had));
	KUNIT_EXPECT_LE(test, names.room, CVSW_SA_RANGES_MAX + 1U);
	cvsw_sa_names_free(&names);
	bitmap_free(had);
}

/* One more that cannot be remembered changes nothing. */
static void names_without_memory(struct kunit *test)
{
	struct cvsw_sa_names names = {};
	u32 spi;

	no_memory = true;
	KUNIT_EXPECT_EQ(test, cvsw_sa_names_add(&names, 300), -ENOMEM);
	no_memory = false;
	for (spi = 300; names.n < 4; spi += 2)
		KUNIT_ASSERT_EQ(test, cvsw_sa_names_add(&names, spi), 0);
	no_memory = true;
	KUNIT_EXPECT_EQ(test, cvsw_sa_names_add(&names, 400), -ENOMEM);
	no_memory = false;
	KUNIT_EXPECT_EQ(test, names.n, 4U);
	KUNIT_EXPECT_FALSE(test, cvsw_sa_names_have(&names, 400));
	KUNIT_EXPECT_TRUE(test, cvsw_sa_names_have(&names, 306));
	cvsw_sa_names_free(&names);
}

/* A year of new keys for many peers, in ascending order with what others were given between. */
static void names_of_a_year(struct kunit *test)
{
	struct cvsw_sa_names names = {};
	struct rnd_state rnd;
	u32 spi = 5000, refused = 0;
	unsigned int i;

	prandom_seed_state(&rnd, 4304);
	for (i = 0; i < 200000; i++) {
		spi += 1 + pick(&rnd, 50);
		if (cvsw_sa_names_have(&names, spi))
			refused++;
		else
			KUNIT_ASSERT_EQ(test, cvsw_sa_names_add(&names, spi), 0);
		KUNIT_ASSERT_TRUE(test, cvsw_sa_names_have(&names, spi));
		if (!(i % 1000))
			cond_resched();
	}
	KUNIT_EXPECT_EQ(test, refused, 0U);
	expect_sorted(test, &names);
	KUNIT_EXPECT_LE(test, names.room, CVSW_SA_RANGES_MAX + 1U);
	spi = 5000;
	prandom_seed_state(&rnd, 4304);
	for (i = 0; i < 200000; i++) {
		spi += 1 + pick(&rnd, 50);
		KUNIT_ASSERT_TRUE(test, cvsw_sa_names_have(&names, spi));
	}
	cvsw_sa_names_free(&names);
}

static void names_at_the_ends(struct kunit *test)
{
	struct cvsw_sa_names names = {};

	KUNIT_EXPECT_FALSE(test, cvsw_sa_names_have(&names, U32_MAX));
	KUNIT_EXPECT_EQ(test, cvsw_sa_names_add(&names, U32_MAX), 0);
	KUNIT_EXPECT_EQ(test, cvsw_sa_names_add(&names, 0), 0);
	KUNIT_EXPECT_EQ(test, names.n, 2U);
	KUNIT_EXPECT_EQ(test, cvsw_sa_names_add(&names, U32_MAX - 1), 0);
	KUNIT_EXPECT_EQ(test, cvsw_sa_names_add(&names, 1), 0);
	KUNIT_EXPECT_EQ(test, names.n, 2U);
	KUNIT_EXPECT_TRUE(test, cvsw_sa_names_have(&names, 1));
	KUNIT_EXPECT_FALSE(test, cvsw_sa_names_have(&names, 2));
	KUNIT_EXPECT_TRUE(test, cvsw_sa_names_have(&names, U32_MAX));
	cvsw_sa_names_free(&names);
}

static struct kunit_case sa_names_cases[] = {
	KUNIT_CASE(names_are_exact),
	KUNIT_CASE(names_without_memory),
	KUNIT_CASE(names_of_a_year),
	KUNIT_CASE(names_at_the_ends),
	{}
};

static struct kunit_suite sa_names_suite = {
	.name = "sa_names",
	.test_cases = sa_names_cases,
};
kunit_test_suite(sa_names_suite);
