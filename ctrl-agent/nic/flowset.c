// SPDX-License-Identifier: GPL-2.0-or-later
#include "flowset.h"

#include <sys/random.h>

#include "base/alloc.h"

#define FIRST_BUCKETS	64

static uint64_t n_puts;

/* A NIC chooses what it lists; it must not be able to choose the bucket too. */
static uint64_t hash_seed(void)
{
	static uint64_t seed;

	while (!seed)
		if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
			seed = 0;
	return seed;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ (hash >> 29);
}

uint64_t flowset_hash(const struct cvsw_match *match, uint16_t priority)
{
	uint64_t words[sizeof(*match) / sizeof(uint64_t)], seed = hash_seed();
	uint64_t odd = mix(seed, priority), even = ~seed;

	static_assert(sizeof(*match) % (2 * sizeof(uint64_t)) == 0, "a match is hashed in words");
	memcpy(words, match, sizeof(words));
	/* Two chains, as each waits for its own multiplications. */
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i += 2) {
		even = mix(even, words[i]);
		odd = mix(odd, words[i + 1]);
	}
	return mix(odd, even);
}

static struct flow_node **bucket_of(const struct flowset *set, const struct cvsw_match *match,
				    uint16_t priority)
{
	return &set->buckets[flowset_hash(match, priority) & (set->n_buckets - 1)];
}

static void grow(struct flowset *set)
{
	struct flow_node *node;

	free(set->buckets);
	set->n_buckets = set->n_buckets ? set->n_buckets * 2 : FIRST_BUCKETS;
	set->buckets = xcalloc(set->n_buckets, sizeof(*set->buckets));
	flowset_each(node, set) {
		struct flow_node **bucket = bucket_of(set, &node->flow.match, node->flow.priority);

		node->next_in_bucket = *bucket;
		*bucket = node;
	}
}

void flowset_init(struct flowset *set)
{
	*set = (struct flowset){ .order = TAILQ_HEAD_INITIALIZER(set->order),
				 .puts = TAILQ_HEAD_INITIALIZER(set->puts) };
}

void flowset_clear(struct flowset *set)
{
	struct flow_node *node;

	while ((node = TAILQ_FIRST(&set->order))) {
		TAILQ_REMOVE(&set->order, node, in_order);
		free(node);
	}
	free(set->buckets);
	flowset_init(set);
}

static struct flow_node *find_node(const struct flowset *set, const struct cvsw_match *match,
				   uint16_t priority)
{
	struct flow_node *node = set->n ? *bucket_of(set, match, priority) : NULL;

	while (node && (node->flow.priority != priority ||
			!cvsw_match_equal(&node->flow.match, match)))
		node = node->next_in_bucket;
	return node;
}

const struct cvsw_flow *flowset_find(const struct flowset *set, const struct cvsw_match *match,
				     uint16_t priority)
{
	struct flow_node *node = find_node(set, match, priority);

	return node ? &node->flow : NULL;
}

bool flowset_has(const struct flowset *set, const struct cvsw_flow *flow)
{
	const struct cvsw_flow *found = flowset_find(set, &flow->match, flow->priority);

	return found && cvsw_flow_equal(found, flow);
}

static void remove_node(struct flowset *set, struct flow_node *node)
{
	struct flow_node **link = bucket_of(set, &node->flow.match, node->flow.priority);

	while (*link != node)
		link = &(*link)->next_in_bucket;
	*link = node->next_in_bucket;
	TAILQ_REMOVE(&set->order, node, in_order);
	TAILQ_REMOVE(&set->puts, node, by_put);
	free(node);
	if (!--set->n)
		flowset_clear(set);
}

/* Most flows have few actions, and there may be many flows. */
static struct flow_node *make_node(const struct cvsw_flow *flow)
{
	size_t len = offsetof(struct cvsw_flow, actions[flow->n_actions]);
	struct flow_node *node = xcalloc(1, offsetof(struct flow_node, flow) + len);

	memcpy(&node->flow, flow, len);
	return node;
}

static void note_put(struct flowset *set, struct flow_node *node)
{
	node->put = ++n_puts;
	TAILQ_INSERT_TAIL(&set->puts, node, by_put);
}

uint64_t flowset_now(void)
{
	return n_puts;
}

struct flow_node *flowset_since(const struct flowset *set, uint64_t put)
{
	struct flow_node *node = TAILQ_LAST(&set->puts, flow_puts), *first = NULL;

	for (; node && node->put > put; node = TAILQ_PREV(node, flow_puts, by_put))
		first = node;
	return first;
}

bool flowset_put(struct flowset *set, const struct cvsw_flow *flow)
{
	struct flow_node *old = find_node(set, &flow->match, flow->priority), *node;
	struct flow_node **bucket;

	if (old && cvsw_flow_equal(&old->flow, flow)) {
		TAILQ_REMOVE(&set->puts, old, by_put);
		note_put(set, old);
		return false;
	}
	node = make_node(flow);
	if (set->n >= set->n_buckets)
		grow(set);
	bucket = bucket_of(set, &flow->match, flow->priority);
	node->next_in_bucket = *bucket;
	*bucket = node;
	set->n++;
	note_put(set, node);
	if (old) {
		TAILQ_INSERT_AFTER(&set->order, old, node, in_order);
		remove_node(set, old);
	} else {
		TAILQ_INSERT_TAIL(&set->order, node, in_order);
	}
	return true;
}

void flowset_remove(struct flowset *set, const struct cvsw_match *match, uint16_t priority)
{
	struct flow_node *node = find_node(set, match, priority);

	if (node)
		remove_node(set, node);
}

size_t flowset_remove_covered(struct flowset *set, const struct cvsw_match *match)
{
	struct cvsw_match wide = *match;
	struct flow_node *node = TAILQ_FIRST(&set->order);
	size_t before = set->n;

	while (node) {
		struct flow_node *next = TAILQ_NEXT(node, in_order);

		if (cvsw_match_covers(&wide, &node->flow.match))
			remove_node(set, node);
		node = next;
	}
	return before - set->n;
}

void flowset_move(struct flowset *to, struct flowset *from)
{
	flowset_clear(to);
	TAILQ_CONCAT(&to->order, &from->order, in_order);
	TAILQ_CONCAT(&to->puts, &from->puts, by_put);
	to->buckets = from->buckets;
	to->n_buckets = from->n_buckets;
	to->n = from->n;
	flowset_init(from);
}

struct sort_entry {
	const struct cvsw_flow *flow;
	size_t position;
};

static int by_falling_priority(const void *a, const void *b)
{
	const struct sort_entry *left = a, *right = b;

	if (left->flow->priority != right->flow->priority)
		return left->flow->priority < right->flow->priority ? 1 : -1;
	return left->position < right->position ? -1 : 1;
}

const struct cvsw_flow **flowset_sorted(const struct flowset *set)
{
	const struct cvsw_flow **flows;
	struct sort_entry *entries;
	struct flow_node *node;
	size_t i = 0;

	if (!set->n)
		return NULL;
	entries = xcalloc(set->n, sizeof(*entries));
	flows = xcalloc(set->n, sizeof(*flows));
	flowset_each(node, set) {
		entries[i] = (struct sort_entry){ &node->flow, i };
		i++;
	}
	qsort(entries, set->n, sizeof(*entries), by_falling_priority);
	for (i = 0; i < set->n; i++)
		flows[i] = entries[i].flow;
	free(entries);
	return flows;
}
