// SPDX-License-Identifier: GPL-2.0
/* The cache of recent lookups. */
#include <kunit/test.h>
#include <linux/bottom_half.h>

#include "../drivers/cvsw/cache.c"
#include "frames.h"

#define KEYS	1000

struct fixture {
	struct cvsw_cache __percpu *cache;
	struct rnd_state rnd;
	struct cvsw_key keys[KEYS];
	struct cvsw_entry *last[KEYS];	/* what was put, for the key at this place... */
	u64 versions[KEYS];		/* ...and for which version; zero: nothing */
};

/* Never looked into. */
static struct cvsw_entry *any_entry(struct fixture *f)
{
	return pick(&f->rnd, 8) ? (void *)(unsigned long)(1 + pick(&f->rnd, 1 << 20)) : NULL;
}

static bool find(struct fixture *f, const struct cvsw_key *key, u64 version,
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
	struct cvsw_key key = f->keys[0];
	struct cvsw_entry *entry;
	unsigned int bit;

	/* All in one set. */
	memset(own->factors, 0, sizeof(own->factors));
	put(f, 0, 1);
	for (bit = 0; bit < 8 * sizeof(key); bit++) {
		((u8 *)&key)[bit / 8] ^= 1 << bit % 8;
		KUNIT_EXPECT_FALSE(test, find(f, &key, 1, &entry));
		((u8 *)&key)[bit / 8] ^= 1 << bit % 8;
	}
	KUNIT_ASSERT_TRUE(test, cvsw_key_is_plain(&f->keys[3]));
	put(f, 3, 1);
	KUNIT_EXPECT_TRUE(test, find(f, &f->keys[3], 1, &entry));
	for (bit = 0; bit < 8 * CVSW_KEY_PLAIN; bit++) {
		((u8 *)&f->keys[3])[bit / 8] ^= 1 << bit % 8;
		KUNIT_EXPECT_FALSE(test, find(f, &f->keys[3], 1, &entry));
		((u8 *)&f->keys[3])[bit / 8] ^= 1 << bit % 8;
	}
	KUNIT_EXPECT_TRUE(test, find(f, &key, 1, &entry));
	KUNIT_EXPECT_FALSE(test, find(f, &key, 2, &entry));
	KUNIT_EXPECT_FALSE(test, find(f, &key, 0, &entry));
	/* The two last ones stay. */
	put(f, 0, 1);
	put(f, 1, 1);
	KUNIT_EXPECT_TRUE(test, find(f, &f->keys[0], 1, &entry));
	put(f, 2, 1);
	KUNIT_EXPECT_FALSE(test, find(f, &f->keys[0], 1, &entry));
	KUNIT_EXPECT_TRUE(test, find(f, &f->keys[1], 1, &entry));
	put_cpu_ptr(f->cache);
}

/*
 * Flows whose addresses or ports are in a row do not crowd, whatever the secrets:
 * each cache draws its own.  Scattered over the sets, two or three are displaced.
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
			((u8 *)&f->keys[i])[fields[round % ARRAY_SIZE(fields)]] += i;
			put(f, i, 1);
		}
		for (i = 0, found = 0; i < 64; i++)
			found += find(f, &f->keys[i], 1, &entry);
		KUNIT_ASSERT_GE(test, found, 48U);
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
	prandom_bytes_state(&f->rnd, f->keys, sizeof(f->keys));
	f->keys[0].pass |= 3;
	f->keys[0].layers |= CVSW_LAYER_WIDE;
	for (i = 3; i < KEYS; i += 3) {	/* plain ones */
		f->keys[i].pass = 0;
		f->keys[i].layers &= ~CVSW_LAYER_WIDE;
		memset((u8 *)&f->keys[i] + CVSW_KEY_PLAIN, 0,
		       sizeof(f->keys[i]) - CVSW_KEY_PLAIN);
	}
	f->cache = cvsw_cache_create();
	return f->cache ? 0 : -ENOMEM;
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
