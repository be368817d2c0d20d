// SPDX-License-Identifier: GPL-2.0
/* Entries of flow tables, and of groups: memory for them, and their neutral form. */
#include <linux/mutex.h>
#include <linux/slab.h>

#include "table_parts.h"

/*
 * What most flows take, with two actions and a key of eight words, as Ethernet's
 * and IPv6's addresses with protocol and ports have.  kmalloc() would round them up
 * to the next power of two.
 */
#define USUAL	320
static_assert(sizeof(struct cvsw_entry) + 8 * sizeof(u64) + 2 * sizeof(struct cvsw_action) <=
	      USUAL);

/* All tables' entries of the usual size; there while there is a table. */
static struct kmem_cache *usual_cache;
static unsigned int usual_users;
static DEFINE_MUTEX(usual_lock);

bool cvsw_entries_begin(void)
{
	bool there;

	mutex_lock(&usual_lock);
	if (!usual_users)
		usual_cache = kmem_cache_create("cvsw_entry", USUAL, L1_CACHE_BYTES, 0, NULL);
	there = usual_cache;
	usual_users += there;
	mutex_unlock(&usual_lock);
	return there;
}

void cvsw_entries_end(void)
{
	mutex_lock(&usual_lock);
	if (!--usual_users)
		kmem_cache_destroy(usual_cache);
	mutex_unlock(&usual_lock);
}

static size_t entry_size(unsigned int n_words, unsigned int n_actions)
{
	return sizeof(struct cvsw_entry) + n_words * sizeof(u64) +
	       n_actions * sizeof(struct cvsw_action);
}

static struct cvsw_entry *entry_alloc(unsigned int n_words, unsigned int n_actions)
{
	size_t size = entry_size(n_words, n_actions);
	struct cvsw_entry *entry;

	entry = size > USUAL ? kzalloc(size, GFP_KERNEL) :
			       kmem_cache_zalloc(usual_cache, GFP_KERNEL);
	if (entry) {
		entry->n_words = n_words;
		entry->n_actions = n_actions;
	}
	return entry;
}

static void entry_free(struct cvsw_entry *entry)
{
	if (entry_size(entry->n_words, entry->n_actions) > USUAL)
		kfree(entry);
	else
		kmem_cache_free(usual_cache, entry);
}

void cvsw_entry_put(struct cvsw_entry *entry)
{
	if (!refcount_dec_and_test(&entry->references))
		return;
	cvsw_hits_put(entry->hits);
	if (entry->mask)
		cvsw_mask_put(entry->mask);
	entry_free(entry);
}

/* The table's own reference ends when no reader can take another. */
static void entry_put_rcu(struct rcu_head *rcu)
{
	cvsw_entry_put(container_of(rcu, struct cvsw_entry, rcu));
}

void cvsw_entry_put_later(struct cvsw_entry *entry)
{
	call_rcu(&entry->rcu, entry_put_rcu);
}

/* @hits: as cvsw_entry_create() has it */
static struct cvsw_entry *entry_make(unsigned int n_words, const struct cvsw_action *actions,
				     unsigned int n_actions, struct cvsw_hits *hits)
{
	struct cvsw_entry *entry = entry_alloc(n_words, n_actions);

	if (!entry)
		return NULL;
	entry->hits = hits ? cvsw_hits_get(hits) : cvsw_hits_create();
	if (!entry->hits) {
		entry_free(entry);
		return NULL;
	}
	timerqueue_init(&entry->expiry);
	refcount_set(&entry->references, 1);
	entry->until = CVSW_NEVER;
	memcpy(cvsw_entry_actions(entry), actions, n_actions * sizeof(actions[0]));
	return entry;
}

struct cvsw_entry *cvsw_entry_create(const struct cvsw_flow *flow, struct cvsw_mask *mask,
				     struct cvsw_hits *hits)
{
	struct cvsw_entry *entry = entry_make(mask->n_words, flow->actions, flow->n_actions, hits);

	if (!entry)
		return NULL;
	cvsw_mask_hold(mask);
	entry->mask = mask;
	cvsw_mask_pack(mask, &flow->match.key, entry->key);
	entry->cookie = flow->cookie;
	entry->priority = flow->priority;
	entry->idle_timeout = flow->idle_timeout;
	entry->hard_timeout = flow->hard_timeout;
	entry->flags = flow->flags & CVSW_FLOW_SEND_REMOVED;
	return entry;
}

struct cvsw_entry *cvsw_entry_create_bucket(const struct cvsw_action *actions, unsigned int n)
{
	struct cvsw_entry *entry = entry_make(0, actions, n, NULL);

	if (entry)
		entry->cookie = U64_MAX;
	return entry;
}

void cvsw_entry_match(const struct cvsw_entry *entry, struct cvsw_match *match)
{
	cvsw_mask_match(entry->mask, entry->key, match);
}

void cvsw_entry_flow(const struct cvsw_entry *entry, struct cvsw_flow *flow)
{
	memset(flow, 0, sizeof(*flow));
	cvsw_entry_match(entry, &flow->match);
	flow->cookie = entry->cookie;
	flow->priority = entry->priority;
	flow->idle_timeout = entry->idle_timeout;
	flow->hard_timeout = entry->hard_timeout;
	flow->flags = entry->flags;
	flow->n_actions = entry->n_actions;
	memcpy(flow->actions, cvsw_entry_actions(entry),
	       entry->n_actions * sizeof(flow->actions[0]));
}
