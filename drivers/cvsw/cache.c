// SPDX-License-Identifier: GPL-2.0
/*
 * A hit costs the same at any number of masks and entries.  Keys are compared
 * whole, so that what is found is what the table would say; the version tells
 * whether it still would.
 */
#include <linux/hash.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/string.h>

#include "cache.h"

#define KEY_WORDS	(sizeof(struct cvsw_key) / sizeof(u64))
/* What a frame itself says; behind it, what has become of it before this lookup. */
#define FRAME_WORDS	(offsetof(struct cvsw_key, tun_src) / sizeof(u64))
static_assert(offsetof(struct cvsw_key, tun_src) % sizeof(u64) == 0);
#define SET_BITS	7
#define WAYS		2

struct slot {
	struct cvsw_key key __aligned(8);
	u64 version;		/* zero: none; a table's begins with one */
	struct cvsw_entry *entry;
};

/**
 * struct cvsw_cache - one CPU's
 * @busy: someone on this CPU is at it
 * @factors: secret, odd: who sends frames is not to choose which of them meet
 * @sets: the more recent way first
 */
struct cvsw_cache {
	bool busy;
	u64 factors[KEY_WORDS];
	struct slot sets[1 << SET_BITS][WAYS];
};

struct cvsw_cache __percpu *cvsw_cache_create(void)
{
	struct cvsw_cache __percpu *cache = alloc_percpu(struct cvsw_cache);
	unsigned int i;
	int cpu;

	if (!cache)
		return NULL;
	for_each_possible_cpu(cpu) {
		struct cvsw_cache *own = per_cpu_ptr(cache, cpu);

		get_random_bytes(own->factors, sizeof(own->factors));
		for (i = 0; i < KEY_WORDS; i++)
			own->factors[i] |= 1;
	}
	return cache;
}

void cvsw_cache_destroy(struct cvsw_cache __percpu *cache)
{
	free_percpu(cache);
}

/*
 * Multilinear hashing: a sum of products with secrets.  Alone it would put flows
 * whose addresses or ports are in a row into few sets now and then: their sums
 * are in a row too.  Mixing scatters them.
 */
static struct slot *set_of(struct cvsw_cache *own, const struct cvsw_key *key)
{
	const u64 *words = (const u64 *)key;
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < FRAME_WORDS; i++)
		sum += words[i] * own->factors[i];
	/* In a first lookup the rest is zero. */
	for (; key->pass && i < KEY_WORDS; i++)
		sum += words[i] * own->factors[i];
	sum = (sum ^ sum >> 32) * own->factors[0];
	return own->sets[hash_64(sum ^ sum >> 29, SET_BITS)];
}

static bool is_key(const struct slot *slot, const struct cvsw_key *key)
{
	const u64 *a = (const u64 *)&slot->key, *b = (const u64 *)key;
	u64 differ = slot->key.pass ^ key->pass;
	unsigned int i;

	for (i = 0; i < FRAME_WORDS; i++)
		differ |= a[i] ^ b[i];
	for (; key->pass && i < KEY_WORDS; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

/* Return: this CPU's, to be left again, or NULL if it is being used. */
static struct cvsw_cache *enter(struct cvsw_cache __percpu *cache)
{
	struct cvsw_cache *own = this_cpu_ptr(cache);

	if (unlikely(own->busy))
		return NULL;
	WRITE_ONCE(own->busy, true);
	barrier();
	return own;
}

static void leave(struct cvsw_cache *own)
{
	barrier();
	WRITE_ONCE(own->busy, false);
}

bool cvsw_cache_find(struct cvsw_cache __percpu *cache, const struct cvsw_key *key, u64 version,
		     struct cvsw_entry **entry)
{
	struct cvsw_cache *own = enter(cache);
	bool found = false;
	struct slot *set;
	unsigned int i;

	if (unlikely(!own))
		return false;
	set = set_of(own, key);
	for (i = 0; i < WAYS && !found; i++) {
		found = set[i].version == version && is_key(&set[i], key);
		*entry = set[i].entry;
	}
	leave(own);
	return found;
}

void cvsw_cache_put(struct cvsw_cache __percpu *cache, const struct cvsw_key *key, u64 version,
		    struct cvsw_entry *entry)
{
	struct cvsw_cache *own = enter(cache);
	struct slot *set;

	if (unlikely(!own))
		return;
	set = set_of(own, key);
	set[1] = set[0];
	set[0] = (struct slot){ .key = *key, .version = version, .entry = entry };
	leave(own);
}
