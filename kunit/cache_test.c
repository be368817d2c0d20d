// SPDX-License-Identifier: GPL-2.0
/* The cache of recent lookups. */
#include <kunit/test.h>
#include <linux/bottom_half.h>

#include "../drivers/cvsw/table/cache.c"
#include "cpus.h"
#include "frames.h"

#define KEYS	1000

struct fixture {
	struct cvsw_cache __percpu *cache;
	struct rnd_state rnd;
	struct cvsw_cache_key keys[KEYS];
	struct cvsw_entry *last[KEYS];	/* what was put, for the key at this place... */
	u64 versions[KEYS];		/* ...and for which version; zero: nothing */
};

/* Never looked into. */
static struct cvsw_entry *any_entry(struct fixture *f)
{
	return pick(&f->rnd, 8) ? (void *)(unsigned long)(1 + pick(&f->rnd, 1 << 20)) : NULL;
}

static bool find(struct fixture *f, const struct cvsw_cache_key *key, u64 version,
		 struct cvsw_entry **entry)
{
	bool found;

	local_bh_disable();
	found = cvsw_cache_find(f->cache, key, version, entry);
	local_bh_enable();
	return found;
}

static void put(struct fixture *f, unsigned int i, u64 version)
{
	f->last[i] = any_entry(f);
	f->versions[i] = version;
	local_bh_disable();
	cvsw_cache_put(f->cache, &f->keys[i], version, f->last[i]);
	local_bh_enable();
}

/* Whatever is found is what was put last. */
static void cache_tells_the_truth(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round, i, found = 0;
	struct cvsw_entry *entry;
	u64 version = 1;

	for (round = 0; round < 100000; round++) {
		if (!pick(&f->rnd, 500))
			version++;
		i = pick(&f->rnd, pick(&f->rnd, 2) ? 100 : KEYS);
		if (find(f, &f->keys[i], version, &entry)) {
			found++;
			KUNIT_ASSERT_EQ(test, f->versions[i], version);
			KUNIT_ASSERT_PTR_EQ(test, entry, f->last[i]);
		} else if (pick(&f->rnd, 2)) {
			put(f, i, version);
			KUNIT_ASSERT_TRUE(test, find(f, &f->keys[i], version, &entry));
		}
	}
	KUNIT_EXPECT_GT(test, found, 10000U);
}

static void cache_compares_every_bit(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_cache *own = get_cpu_ptr(f->cache);
	struct cvsw_cache_key key = f->keys[0];
	struct cvsw_entry *entry;
	unsigned int bit;

	/* All in one set. */
	memset(own->factors, 0, sizeof(own->factors));
	put(f, 0, 1);
	for (bit = 0; bit < 8 * sizeof(key.words); bit++) {
		((u8 *)key.words)[bit / 8] ^= 1 << bit % 8;
		KUNIT_EXPECT_FALSE(test, find(f, &key, 1, &entry));
		((u8 *)key.words)[bit / 8] ^= 1 << bit % 8;
	}
	KUNIT_ASSERT_EQ(test, (unsigned int)f->keys[3].n, (unsigned int)CVSW_KEY_PLAIN_WORDS);
	put(f, 3, 1);
	KUNIT_EXPECT_TRUE(test, find(f, &f->keys[3], 1, &entry));
	for (bit = 0; bit < 8 * CVSW_KEY_PLAIN; bit++) {
		((u8 *)f->keys[3].words)[bit / 8] ^= 1 << bit % 8;
		KUNIT_EXPECT_FALSE(test, find(f, &f->keys[3], 1, &entry));
		((u8 *)f->keys[3].words)[bit / 8] ^= 1 << bit % 8;
	}
	KUNIT_EXPECT_TRUE(test, find(f, &key, 1, &entry));
	KUNIT_EXPECT_FALSE(test, find(f, &key, 2, &entry));
	KUNIT_EXPECT_FALSE(test, find(f, &key, 0, &entry));
	put_cpu_ptr(f->cache);
}

/* A full set gives up one slot at a time, and what is of no use first. */
static void cache_displaces_one(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_cache *own = get_cpu_ptr(f->cache);
	struct cvsw_entry *entry;
	unsigned int i, found = 0;

	memset(own->factors, 0, sizeof(own->factors));
	put(f, 0, 1);
	for (i = 1; i <= WAYS; i++)
		put(f, i, 2);
	for (i = 0; i <= WAYS; i++)
		KUNIT_EXPECT_EQ(test, find(f, &f->keys[i], 2, &entry), i > 0);
	put(f, 0, 2);
	for (i = 0; i <= WAYS; i++)
		found += find(f, &f->keys[i], 2, &entry);
	KUNIT_EXPECT_EQ(test, found, (unsigned int)WAYS);
	KUNIT_EXPECT_TRUE(test, find(f, &f->keys[0], 2, &entry));
	/* One after the other. */
	for (i = 10; i < 10 + WAYS; i++)
		put(f, i, 2);
	for (i = 10; i < 10 + WAYS; i++)
		KUNIT_EXPECT_TRUE(test, find(f, &f->keys[i], 2, &entry));
	/* The first slots, which are looked into first. */
	for (i = 0; i < 3; i++) {
		put(f, 5, 3 + i);
		KUNIT_EXPECT_EQ(test, set_of(own, &f->keys[5])[0].version, 3ULL + i);
	}
	put_cpu_ptr(f->cache);
}

/*
 * Flows whose addresses or ports are in a row do not crowd, whatever the secrets:
 * each cache draws its own.
 */
static void cache_holds_a_working_set(struct kunit *test)
{
	static const size_t fields[] = {
		offsetof(struct cvsw_key, dl_src) + 5, offsetof(struct cvsw_key, nw_src),
		offsetof(struct cvsw_key, nw_dst) + 3, offsetof(struct cvsw_key, tp_src),
		offsetof(struct cvsw_key, tp_dst) + 1,
	};
	struct fixture *f = test->priv;
	struct cvsw_entry *entry;
	unsigned int round, i, found;

	for (round = 0; round < 100 * ARRAY_SIZE(fields); round++) {
		cvsw_cache_destroy(f->cache);
		f->cache = cvsw_cache_create();
		KUNIT_ASSERT_NOT_NULL(test, f->cache);
		for (i = 0; i < 64; i++) {
			f->keys[i] = f->keys[0];
			((u8 *)f->keys[i].words)[fields[round % ARRAY_SIZE(fields)]] += i;
			put(f, i, 1);
		}
		for (i = 0, found = 0; i < 64; i++)
			found += find(f, &f->keys[i], 1, &entry);
		KUNIT_ASSERT_GE(test, found, 58U);
	}
}

static void cache_is_not_entered_twice(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_cache *own = get_cpu_ptr(f->cache);
	struct cvsw_entry *entry;

	put(f, 0, 1);
	own->busy = true;
	put(f, 1, 1);
	KUNIT_EXPECT_FALSE(test, find(f, &f->keys[0], 1, &entry));
	KUNIT_EXPECT_TRUE(test, own->busy);
	own->busy = false;
	KUNIT_EXPECT_TRUE(test, find(f, &f->keys[0], 1, &entry));
	KUNIT_EXPECT_FALSE(test, find(f, &f->keys[1], 1, &entry));
	KUNIT_EXPECT_FALSE(test, own->busy);
	put_cpu_ptr(f->cache);
}

static int cache_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	unsigned int i;

	if (!f)
		return -ENOMEM;
	test->priv = f;
	prandom_seed_state(&f->rnd, 5);
	for (i = 0; i < KEYS; i++) {
		prandom_bytes_state(&f->rnd, f->keys[i].words, sizeof(f->keys[i].words));
		f->keys[i].n = i % 3 || !i ? CVSW_KEY_WORDS : CVSW_KEY_PLAIN_WORDS;
	}
	f->cache = cvsw_cache_create();
	return f->cache ? stay_on_one_cpu(test) : -ENOMEM;
}

static void cache_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f->cache)
		cvsw_cache_destroy(f->cache);
}

static struct kunit_case cache_cases[] = {
	KUNIT_CASE(cache_tells_the_truth),
	KUNIT_CASE(cache_compares_every_bit),
	KUNIT_CASE(cache_displaces_one),
	KUNIT_CASE(cache_holds_a_working_set),
	KUNIT_CASE(cache_is_not_entered_twice),
	{}
};

static struct kunit_suite cache_suite = {
	.name = "cache",
	.init = cache_init,
	.exit = cache_exit,
	.test_cases = cache_cases,
};
kunit_test_suite(cache_suite);
