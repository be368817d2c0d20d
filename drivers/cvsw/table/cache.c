// SPDX-License-Identifier: GPL-2.0
/*
 * A hit costs the same at any number of masks and entries.  All bits that a flow
 * asks for are compared, so that what is found is what the table would say; the
 * version tells whether it still would.
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "cache.h"

#define WIDE_WORDS	(CVSW_KEY_WORDS - CVSW_KEY_PLAIN_WORDS)
#define SET_BITS	6
#define SETS		(1 << SET_BITS)
#define WAYS		4

/* One line of the CPU's cache: all there is to look at for a plain key. */
struct slot {
	u64 version;		/* zero: none; a table's begins with one */
	struct cvsw_entry *entry;
	u64 key[CVSW_KEY_PLAIN_WORDS];
	u8 n;			/* words of the key: those that are not plain are aside */
	u8 table;
} ____cacheline_aligned;
static_assert(offsetofend(struct slot, table) <= 64);

/**
 * struct cvsw_cache - one CPU's
 * @sets: so many ways that a working set of 64 hardly ever crowds one
 * @aside: the other words of keys, by slot
 * @turn: counts what was displaced
 * @busy: someone on this CPU is at it
 * @factors: secret, odd: who sends frames is not to choose which of them meet
 */
struct cvsw_cache {
	struct slot sets[SETS][WAYS];
	u64 (*aside)[WIDE_WORDS];
	unsigned int turn;
	bool busy;
	u64 factors[CVSW_KEY_WORDS];
};

static bool init_cache_of(struct cvsw_cache *own, int cpu)
{
	unsigned int i;

	get_random_bytes(own->factors, sizeof(own->factors));
	for (i = 0; i < CVSW_KEY_WORDS; i++)
		own->factors[i] |= 1;
	own->aside = kvzalloc_node(SETS * WAYS * sizeof(*own->aside), GFP_KERNEL,
				   cpu_to_node(cpu));
	return own->aside;
}

struct cvsw_cache __percpu *cvsw_cache_create(void)
{
	struct cvsw_cache __percpu *cache = alloc_percpu(struct cvsw_cache);
	int cpu;

	if (!cache)
		return NULL;
	for_each_possible_cpu(cpu) {
		if (!init_cache_of(per_cpu_ptr(cache, cpu), cpu)) {
			cvsw_cache_destroy(cache);
			return NULL;
		}
	}
	return cache;
}

void cvsw_cache_destroy(struct cvsw_cache __percpu *cache)
{
	int cpu;

	if (!cache)
		return;
	for_each_possible_cpu(cpu)
		kvfree(per_cpu_ptr(cache, cpu)->aside);
	free_percpu(cache);
}

/*
 * Multilinear hashing: a sum of products with secrets.  Alone it would put flows
 * whose addresses or ports are in a row into few sets now and then: their sums
 * are in a row too.  Mixing scatters them.
 */
static struct slot *set_of(struct cvsw_cache *own, const struct cvsw_cache_key *key)
{
	unsigned int i;
	u64 sum = key->table * own->factors[CVSW_KEY_PLAIN_WORDS];

	for (i = 0; i < CVSW_KEY_PLAIN_WORDS; i++)
		sum += key->words[i] * own->factors[i];
	for (; unlikely(i < key->n); i++)
		sum += key->words[i] * own->factors[i];
	sum = (sum ^ sum >> 32) * own->factors[0];
	return own->sets[hash_64(sum ^ sum >> 29, SET_BITS)];
}

static u64 *words_aside(struct cvsw_cache *own, const struct slot *slot)
{
	return own->aside[slot - own->sets[0]];
}

static bool is_key(struct cvsw_cache *own, const struct slot *slot,
		   const struct cvsw_cache_key *key)
{
	unsigned int i;
	u64 differ = (slot->n ^ key->n) | (slot->table ^ key->table);

	for (i = 0; i < CVSW_KEY_PLAIN_WORDS; i++)
		differ |= slot->key[i] ^ key->words[i];
	for (; unlikely(i < key->n); i++)
		differ |= words_aside(own, slot)[i - CVSW_KEY_PLAIN_WORDS] ^ key->words[i];
	return !differ;
}

/* A slot that is of another version, or else one after the other. */
static struct slot *slot_to_replace(struct cvsw_cache *own, struct slot *set, u64 version)
{
	unsigned int i;

	for (i = 0; i < WAYS; i++)
		if (set[i].version != version)
			return &set[i];
	return &set[own->turn++ % WAYS];
}

static void fill_slot(struct cvsw_cache *own, struct slot *slot, const struct cvsw_cache_key *key,
		      u64 version, struct cvsw_entry *entry)
{
	unsigned int i;

	for (i = 0; i < CVSW_KEY_PLAIN_WORDS; i++)
		slot->key[i] = key->words[i];
	slot->n = key->n;
	slot->table = key->table;
	for (; i < key->n; i++)
		words_aside(own, slot)[i - CVSW_KEY_PLAIN_WORDS] = key->words[i];
	slot->version = version;
	slot->entry = entry;
}

/* Return: this CPU's, to be left again, or NULL if it is being used. */
static struct cvsw_cache *cache_enter(struct cvsw_cache __percpu *cache)
{
	struct cvsw_cache *own = this_cpu_ptr(cache);

	if (unlikely(own->busy))
		return NULL;
	WRITE_ONCE(own->busy, true);
	barrier();
	return own;
}

static void cache_leave(struct cvsw_cache *own)
{
	barrier();
	WRITE_ONCE(own->busy, false);
}

bool cvsw_cache_find(struct cvsw_cache __percpu *cache, const struct cvsw_cache_key *key,
		     u64 version, struct cvsw_entry **entry)
{
	struct cvsw_cache *own = cache_enter(cache);
	bool found = false;
	struct slot *set;
	unsigned int i;

	if (unlikely(!own))
		return false;
	set = set_of(own, key);
	for (i = 0; i < WAYS; i++) {
		if (set[i].version == version && is_key(own, &set[i], key)) {
			*entry = set[i].entry;
			found = true;
			break;
		}
	}
	cache_leave(own);
	return found;
}

void cvsw_cache_put(struct cvsw_cache __percpu *cache, const struct cvsw_cache_key *key,
		    u64 version, struct cvsw_entry *entry)
{
	struct cvsw_cache *own = cache_enter(cache);

	if (unlikely(!own))
		return;
	fill_slot(own, slot_to_replace(own, set_of(own, key), version), key, version, entry);
	cache_leave(own);
}
