// SPDX-License-Identifier: GPL-2.0
/* The flow table against a linear list of flows. */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "fail.h"
#include "../drivers/cvsw/table/masks.c"
#include "../drivers/cvsw/table/table_parts.h"
#define cvsw_entries_begin()	(!fails() && cvsw_entries_begin())
#define cvsw_cache_create()	(fails() ? NULL : cvsw_cache_create())
#include "../drivers/cvsw/table/table.c"
#undef cvsw_entries_begin
#undef cvsw_cache_create
#include "../drivers/cvsw/table/entry.c"
#include "../drivers/cvsw/table/change.c"
#include "../drivers/cvsw/table/flow_mod.c"
#include "../drivers/cvsw/table/expiry.c"
#include "../drivers/cvsw/table/hits.c"
#include "../proto/cvsw_flow.c"
#include "flows.h"
#include "frames.h"

int *table_fail_at = &fail_at;

struct fixture {
	struct cvsw_table *table;
	unsigned int told[CVSW_DELETED + 1];	/* of entries that went, by why */
	struct flow_list list;
	struct cvsw_flow flow;	/* too large for the stack */
	struct rnd_state rnd;
};

/* Mostly additions if @grow; often about a flow that is there. */
static enum cvsw_flow_command random_mod(struct fixture *f, bool grow)
{
	struct cvsw_flow *mod = &f->flow;

	random_flow(&f->rnd, mod);
	if (f->list.n && !pick(&f->rnd, 3)) {
		const struct cvsw_flow *there = &f->list.flows[pick(&f->rnd, f->list.n)];

		mod->match = there->match;
		mod->priority = there->priority;
	}
	if (f->list.n < FLOWS_MAX && pick(&f->rnd, grow ? 12 : 2))
		return CVSW_FLOW_ADD;
	if (!pick(&f->rnd, 3))
		mod->out_port = CVSW_PORT_ONWARD;
	if (f->list.n < FLOWS_MAX && pick(&f->rnd, 2))
		return pick(&f->rnd, 2) ? CVSW_FLOW_MODIFY : CVSW_FLOW_MODIFY_STRICT;
	return pick(&f->rnd, 2) ? CVSW_FLOW_DELETE : CVSW_FLOW_DELETE_STRICT;
}

static void count_told(struct cvsw_entry *entry, enum cvsw_removed why, void *arg)
{
	unsigned int *told = arg;

	told[why]++;
}

/* ---- comparisons ---- */

static void check_lookup(struct kunit *test, struct fixture *f)
{
	struct cvsw_entry *entry, *again;
	struct cvsw_key key;
	unsigned int i;
	int best;

	random_key(&f->rnd, &key);
	best = flows_best_priority(&f->list, &key);
	readers_begin();
	entry = cvsw_table_lookup(f->table, &key);
	/* The second time it comes out of the cache. */
	again = cvsw_table_lookup(f->table, &key);
	if (entry)
		cvsw_entry_flow(entry, &f->flow);
	readers_end();
	KUNIT_ASSERT_PTR_EQ(test, entry, again);
	KUNIT_ASSERT_EQ(test, best, entry ? f->flow.priority : -1);
	if (!entry)
		return;
	KUNIT_ASSERT_TRUE(test, flows_matches(&f->flow.match, &key));
	i = flows_find(&f->list, &f->flow.match, f->flow.priority);
	KUNIT_ASSERT_LT(test, i, f->list.n);
	KUNIT_ASSERT_TRUE(test, cvsw_flow_equal(&f->flow, &f->list.flows[i]));
}

struct walk_check {
	struct kunit *test;
	struct fixture *f;
	unsigned int seen, until;
};

static int visit_check(const struct cvsw_entry *entry, void *arg)
{
	struct walk_check *walk = arg;
	struct fixture *f = walk->f;
	unsigned int i;

	if (walk->seen == walk->until)
		return -EAGAIN;
	cvsw_entry_flow(entry, &f->flow);
	i = flows_find(&f->list, &f->flow.match, f->flow.priority);
	KUNIT_EXPECT_LT(walk->test, i, f->list.n);
	if (i < f->list.n)
		KUNIT_EXPECT_TRUE(walk->test, cvsw_flow_equal(&f->flow, &f->list.flows[i]));
	walk->seen++;
	return 0;
}

/* In pieces: the walk shows exactly the reference's flows. */
static void check_walk(struct kunit *test, struct fixture *f)
{
	struct walk_check walk = { .test = test, .f = f };
	u64 resume = 0;
	int ret;

	do {
		walk.until = walk.seen + 1 + pick(&f->rnd, 50);
		ret = cvsw_table_walk(f->table, &resume, visit_check, &walk);
	} while (ret == -EAGAIN);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_ASSERT_EQ(test, walk.seen, f->list.n);
	KUNIT_ASSERT_EQ(test, cvsw_table_count(f->table), f->list.n);
	KUNIT_ASSERT_EQ(test, cvsw_table_empty(f->table), !f->list.n);
	KUNIT_ASSERT_EQ(test, cvsw_table_walk(f->table, &resume, visit_check, &walk), 0);
	KUNIT_ASSERT_EQ(test, walk.seen, f->list.n);
}

static unsigned int count_hashed_in(const struct cvsw_masks *masks)
{
	struct cvsw_mask *mask;
	struct rhashtable_iter iter;
	unsigned int n = 0;
	void *entry;

	list_for_each_entry(mask, &masks->all, node) {
		rhltable_walk_enter(&mask->entries, &iter);
		rhashtable_walk_start(&iter);
		while ((entry = rhashtable_walk_next(&iter)))
			n += !IS_ERR(entry);
		rhashtable_walk_stop(&iter);
		rhashtable_walk_exit(&iter);
	}
	return n;
}

static unsigned int count_hashed(struct cvsw_table *table)
{
	struct cvsw_masks *masks;
	unsigned int n = 0, i;

	cvsw_table_each_masks(masks, table, i)
		n += count_hashed_in(masks);
	return n;
}

/* Of one table. */
static void check_array(struct kunit *test, struct fixture *f, const struct cvsw_masks *of,
			bool exact)
{
	const struct cvsw_mask_array *masks = rcu_dereference_protected(of->array, true);
	struct cvsw_entry *entry;
	unsigned long id;
	unsigned int i;

	for (i = 1; i < masks->n; i++)
		KUNIT_ASSERT_GE(test, masks->slots[i - 1].bound, masks->slots[i].bound);
	xa_for_each(&f->table->walk, id, entry) {
		if (entry->mask->table != of->table)
			continue;
		for (i = 0; i < masks->n; i++)
			if (masks->slots[i].mask == entry->mask)
				break;
		KUNIT_ASSERT_LT(test, i, masks->n);
		KUNIT_ASSERT_GE(test, masks->slots[i].bound, (int)entry->priority);
	}
	for (i = 0; exact && i < masks->n; i++) {
		KUNIT_ASSERT_GT(test, masks->slots[i].mask->n, 0U);
		KUNIT_ASSERT_LE(test, masks->slots[i].bound, masks->slots[i].mask->top);
	}
	if (exact)
		KUNIT_ASSERT_FALSE(test, cvsw_masks_are_loose(of, f->table->count));
}

/* What the array promises: every mask with entries, bounds that hold, sorted. */
static void check_masks(struct kunit *test, struct fixture *f, bool exact)
{
	bool settled = !pick(&f->rnd, 10);
	struct cvsw_masks *masks;
	unsigned int i;

	/* Each time would take too long. */
	if (settled)
		table_settles(f->table);
	cvsw_table_each_masks(masks, f->table, i)
		check_array(test, f, masks, exact);
	KUNIT_ASSERT_GE(test, count_hashed(f->table), cvsw_table_count(f->table));
	if (settled)
		KUNIT_ASSERT_EQ(test, count_hashed(f->table), cvsw_table_count(f->table));
}

/* ---- cases ---- */

/* Random flow_mods and look-ups; each @odds-th change without memory. */
static void check_random(struct kunit *test, unsigned int odds)
{
	struct fixture *f = test->priv;
	unsigned int told = 0, failed = 0, overlapped = 0;
	enum cvsw_flow_command command;
	int i, j, ret;

	for (i = 0; i < 4000; i++) {
		bool may_fail = odds && !pick(&f->rnd, odds);

		fail_at = may_fail ? 1 + pick(&f->rnd, 7) : 0;
		/* By turns a large and a small table. */
		command = random_mod(f, !(i & 512));
		ret = cvsw_table_flow_mod(f->table, command, &f->flow);
		if (may_fail && ret == -ENOMEM)
			failed++;
		else
			KUNIT_ASSERT_EQ(test, ret, flows_mod(&f->list, command, &f->flow, &told));
		if (ret == -EEXIST)
			overlapped++;
		fail_at = 0;
		for (j = 0; j < 10; j++)
			check_lookup(test, f);
		if (i % 16 == 0 || may_fail) {
			check_walk(test, f);
			check_masks(test, f, !odds);
		}
	}
	KUNIT_EXPECT_EQ(test, f->told[CVSW_DELETED], told);
	KUNIT_EXPECT_GT(test, told, 100U);
	KUNIT_EXPECT_GT(test, overlapped, 10U);
	KUNIT_EXPECT_EQ(test, failed > 100, odds > 0);
	KUNIT_EXPECT_EQ(test, f->told[CVSW_SUPERSEDED], 0U);
}

static void table_random_changes(struct kunit *test)
{
	check_random(test, 0);
}

static void table_random_without_memory(struct kunit *test)
{
	check_random(test, 3);
}

/* The n-th of some flow_mods that allocate all that flow_mods do. */
static enum cvsw_flow_command scripted_mod(struct cvsw_flow *flow, unsigned int n)
{
	host_flow(flow, 5);
	flow->cookie = n;
	switch (n) {
	case 0:					/* the first mask */
		return CVSW_FLOW_ADD;
	case 1:					/* in its stead */
		return CVSW_FLOW_ADD;
	case 2:					/* beside it, and larger than usual */
		host_flow(flow, 6);
		flow->n_actions = 3;
		return CVSW_FLOW_ADD;
	case 3:					/* another mask, on top */
		lonely_flow(flow, 9);
		return CVSW_FLOW_ADD;
	case 4:
		return CVSW_FLOW_MODIFY_STRICT;
	case 5:					/* all three */
		memset(&flow->match, 0, sizeof(flow->match));
		flow->n_actions = 1;
		return CVSW_FLOW_MODIFY;
	default:				/* none: an addition */
		lonely_flow(flow, 10);
		return CVSW_FLOW_MODIFY;
	}
}

static int do_scripted(struct fixture *f, unsigned int n)
{
	enum cvsw_flow_command command = scripted_mod(&f->flow, n);

	return cvsw_table_flow_mod(f->table, command, &f->flow);
}

/* A table, and its reference, as the flow_mods before the n-th have made it. */
static void begin_script(struct kunit *test, struct fixture *f, unsigned int n)
{
	enum cvsw_flow_command command;
	unsigned int i, told;

	cvsw_table_destroy(f->table);
	f->table = cvsw_table_create();
	KUNIT_ASSERT_NOT_NULL(test, f->table);
	f->list.n = 0;
	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(test, do_scripted(f, i), 0);
		command = scripted_mod(&f->flow, i);
		KUNIT_ASSERT_EQ(test, flows_mod(&f->list, command, &f->flow, &told), 0);
	}
}

/* At each allocation of each flow_mod there is no memory: nothing has changed then. */
static void table_without_memory_anywhere(struct kunit *test)
{
	static const unsigned int allocations[] = { 7, 3, 4, 7, 3, 7, 8 };
	struct fixture *f = test->priv;
	unsigned int n, at;
	int ret;

	for (n = 0; n < ARRAY_SIZE(allocations); n++) {
		for (at = 1, ret = -ENOMEM; ret; at++) {
			begin_script(test, f, n);
			fail_at = at;
			ret = do_scripted(f, n);
			fail_at = 0;
			if (ret)
				KUNIT_ASSERT_EQ(test, ret, -ENOMEM);
			if (ret)
				check_walk(test, f);
			check_masks(test, f, false);
			/* With memory it is done then. */
			KUNIT_ASSERT_EQ(test, do_scripted(f, n), 0);
		}
		KUNIT_EXPECT_EQ(test, at - 2, allocations[n]);
	}
}

/* A table needs all its parts, and what there is of it is freed (kmemleak). */
static void table_needs_all_its_parts(struct kunit *test)
{
	struct cvsw_table *table = NULL;
	unsigned int n;

	for (n = 1; !table && n < 10; n++) {
		fail_at = n;
		table = cvsw_table_create();
		fail_at = 0;
	}
	/* Itself, entries, a cache, masks: then it is there. */
	KUNIT_EXPECT_EQ(test, n - 2, 4U);
	cvsw_table_destroy(table);
}

/* ---- changes of more than one flow ---- */

/* All but match and priority. */
static void change_a_little(struct rnd_state *rnd, struct cvsw_flow *flow)
{
	switch (pick(rnd, 12)) {
	case 0:
		flow->cookie++;
		break;
	case 1:
		flow->idle_timeout++;
		break;
	case 2:
		flow->hard_timeout++;
		break;
	case 3:
		flow->flags ^= CVSW_FLOW_SEND_REMOVED;
		break;
	case 4:
		flow->actions[flow->n_actions++] = (struct cvsw_action){ .type = CVSW_ACT_STRIP_VLAN };
		break;
	case 5:
		flow->actions[0] = cvsw_action_set(CVSW_SET_NW_SRC, prandom_u32_state(rnd));
		break;
	}
}

/* As random as check_random(), between a beginning and an end. */
static void change_once(struct kunit *test, struct fixture *f, struct flow_list *then,
			bool replace)
{
	enum cvsw_flow_command command = random_mod(f, true);
	bool may_fail = !pick(&f->rnd, 10);
	unsigned int told;
	int ret;

	/* Often one that is there already, as it is or nearly so. */
	if (f->list.n && pick(&f->rnd, 2)) {
		f->flow = f->list.flows[pick(&f->rnd, f->list.n)];
		change_a_little(&f->rnd, &f->flow);
		command = CVSW_FLOW_ADD;
	}
	if (then->n == FLOWS_MAX && command < CVSW_FLOW_DELETE)
		command = CVSW_FLOW_DELETE;
	if (replace && command != CVSW_FLOW_ADD)
		return;
	may_fail = may_fail && command == CVSW_FLOW_ADD;
	fail_at = may_fail ? 1 + pick(&f->rnd, 7) : 0;
	ret = cvsw_table_flow_mod(f->table, command, &f->flow);
	fail_at = 0;
	if (!may_fail || ret != -ENOMEM)
		KUNIT_ASSERT_EQ(test, ret, flows_mod(then, command, &f->flow, &told));
}

/* Until a change ends, nothing of it is seen; then all is, or nothing ever was. */
static void table_changes(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct flow_list *then = kvzalloc(sizeof(*then), GFP_KERNEL);
	unsigned int round, i, n;

	KUNIT_ASSERT_NOT_NULL(test, then);
	for (round = 0; round < 300 && test->status == KUNIT_SUCCESS; round++) {
		bool replace = !pick(&f->rnd, 3);

		*then = f->list;
		if (replace)
			then->n = 0;
		cvsw_table_begin(f->table, replace);
		KUNIT_EXPECT_TRUE(test, cvsw_table_changing(f->table));
		n = pick(&f->rnd, 60);
		for (i = 0; i < n; i++) {
			change_once(test, f, then, replace);
			check_lookup(test, f);
		}
		check_walk(test, f);
		if (pick(&f->rnd, 4)) {
			cvsw_table_commit(f->table);
			f->list = *then;
		} else if (pick(&f->rnd, 2)) {
			cvsw_table_abort(f->table);
		} else {
			cvsw_table_begin(f->table, true);
			cvsw_table_abort(f->table);
		}
		KUNIT_EXPECT_FALSE(test, cvsw_table_changing(f->table));
		check_walk(test, f);
		check_masks(test, f, true);
		for (i = 0; i < 20; i++)
			check_lookup(test, f);
	}
	kvfree(then);
}

static u64 packets_of(struct fixture *f, u32 nw_dst)
{
	struct cvsw_entry *entry;
	u64 packets = U64_MAX, bytes;

	readers_begin();
	entry = find_host_flow(f->table, nw_dst);
	if (entry) {
		cvsw_hits_add(entry->hits, 60);
		cvsw_hits_read(entry->hits, &packets, &bytes);
	}
	readers_end();
	return packets;
}

/* What a replacement brings that was there keeps its counters. */
static void table_replacement_keeps(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, add_host_flow(f->table, &f->flow, 1, 1), 0);
	KUNIT_ASSERT_EQ(test, add_host_flow(f->table, &f->flow, 2, 1), 0);
	KUNIT_ASSERT_EQ(test, add_host_flow(f->table, &f->flow, 3, 1), 0);
	KUNIT_EXPECT_EQ(test, packets_of(f, 1), 1ULL);
	KUNIT_EXPECT_EQ(test, packets_of(f, 2), 1ULL);
	cvsw_table_begin(f->table, true);
	KUNIT_ASSERT_EQ(test, add_host_flow(f->table, &f->flow, 1, 1), 0);
	KUNIT_ASSERT_EQ(test, add_host_flow(f->table, &f->flow, 2, 2), 0);
	KUNIT_EXPECT_EQ(test, packets_of(f, 2), 2ULL);
	cvsw_table_commit(f->table);
	KUNIT_EXPECT_EQ(test, packets_of(f, 1), 2ULL);
	KUNIT_EXPECT_EQ(test, packets_of(f, 2), 1ULL);
	KUNIT_EXPECT_EQ(test, packets_of(f, 3), U64_MAX);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->table), 2U);
}

/* A flow that gets other actions keeps its counters; one that is added anew does not. */
static void table_modification_keeps(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_entry *old, *now;
	u64 born;

	KUNIT_ASSERT_EQ(test, add_host_flow(f->table, &f->flow, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, packets_of(f, 1), 1ULL);
	readers_begin();
	old = find_host_flow(f->table, 1);
	readers_end();
	born = old->hits->born -= 7;
	cvsw_entry_hold(old);
	f->flow.cookie = 2;
	f->flow.n_actions = 1;
	f->flow.idle_timeout = 5;
	KUNIT_EXPECT_EQ(test, cvsw_table_flow_mod(f->table, CVSW_FLOW_MODIFY, &f->flow), 0);
	/* Some CPU still sends a frame under the old actions. */
	local_bh_disable();
	cvsw_hits_add(old->hits, 60);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, packets_of(f, 1), 3ULL);
	readers_begin();
	now = find_host_flow(f->table, 1);
	KUNIT_EXPECT_PTR_NE(test, now, old);
	KUNIT_EXPECT_EQ(test, now->hits->born, born);
	KUNIT_EXPECT_EQ(test, now->n_actions, 1);
	KUNIT_EXPECT_EQ(test, now->cookie, 2ULL);
	KUNIT_EXPECT_EQ(test, now->idle_timeout, 0);
	readers_end();
	cvsw_entry_put(old);
	KUNIT_EXPECT_EQ(test, add_host_flow(f->table, &f->flow, 1, 3), 0);
	KUNIT_EXPECT_EQ(test, packets_of(f, 1), 1ULL);
}

static void table_outranking(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_flow *flow = &f->flow;
	struct cvsw_entry *entry;
	struct cvsw_key key = { .nw_dst = 0x0a000001, .dl_type = ETH_P_IP };
	int priority;

	/* One match, many priorities; the highest wins and goes first. */
	memset(flow, 0, sizeof(*flow));
	flow->match.key.dl_type = ETH_P_IP;
	flow->match.mask.dl_type = 0xffff;
	for (priority = 0; priority < 50; priority++) {
		flow->priority = priority * 37 % 50;
		KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, flow), 0);
	}
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->table), 50U);
	/* A narrower flow of a lower priority is never asked for. */
	flow->match.key.nw_dst = 0x0a000001;
	flow->match.mask.nw_dst = ~0U;
	flow->priority = 48;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, flow), 0);
	readers_begin();
	entry = cvsw_table_lookup(f->table, &key);
	KUNIT_EXPECT_EQ(test, entry->priority, 49);
	KUNIT_EXPECT_EQ(test, entry->n_words, 1);
	readers_end();
	/* One in its place keeps the count and takes over. */
	flow->cookie = 7;
	flow->priority = 65535;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, flow), 0);
	flow->cookie = 8;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, flow), 0);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->table), 52U);
	readers_begin();
	entry = cvsw_table_lookup(f->table, &key);
	KUNIT_EXPECT_EQ(test, entry->cookie, 8ULL);
	readers_end();
}

/* A full table takes no more, but takes one in another's place. */
static void table_full(struct kunit *test)
{
	struct fixture *f = test->priv;

	lonely_flow(&f->flow, 1);
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	f->table->count = CVSW_TABLE_MAX;
	KUNIT_EXPECT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	lonely_flow(&f->flow, 2);
	KUNIT_EXPECT_EQ(test, cvsw_table_add(f->table, &f->flow), -ENOSPC);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->table), (u32)CVSW_TABLE_MAX);
	f->table->count = 1;
	check_masks(test, f, false);
}

/* Masks that come and go: idle ones are bounded, and nothing is forgotten. */
static void table_mask_churn(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_key key = {};
	unsigned int i;

	for (i = 1; i < 300; i++) {
		lonely_flow(&f->flow, i);
		KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
		readers_begin();
		KUNIT_ASSERT_EQ(test, cvsw_table_lookup(f->table, &key)->priority, i);
		readers_end();
		KUNIT_ASSERT_EQ(test, table_delete(f->table, &f->flow.match), 1U);
		table_settles(f->table);
		KUNIT_ASSERT_LE(test, f->table->masks.n, IDLE_MASKS + 1U);
	}
	KUNIT_ASSERT_TRUE(test, cvsw_table_empty(f->table));
}

/* What lookups of a key are remembered by. */
static void common_of(struct fixture *f, const struct cvsw_key *key, struct cvsw_cache_key *common)
{
	memset(common, 0, sizeof(*common));
	readers_begin();
	cvsw_masks_common(&f->table->masks, key, common);
	readers_end();
}

static bool told_apart(struct fixture *f, const struct cvsw_key *a, const struct cvsw_key *b)
{
	struct cvsw_cache_key a_common, b_common;

	common_of(f, a, &a_common);
	common_of(f, b, &b_common);
	return memcmp(&a_common, &b_common, sizeof(a_common));
}

/* Frames that no flow tells apart are one to the cache. */
static void table_common_bits(struct kunit *test)
{
	const struct cvsw_key syn = { .tp_dst = 80, .tcp_flags = 0x002, .nw_ttl = 64 };
	const struct cvsw_key ack = { .tp_dst = 80, .tcp_flags = 0x010, .nw_ttl = 63 };
	const struct cvsw_key wide = { .tp_dst = 80, .tcp_flags = 0x010, .ipv6_label = 1,
				       .layers = CVSW_LAYER_WIDE };
	const struct cvsw_match all = {};
	struct fixture *f = test->priv;

	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.match.key.tp_dst = 80;
	f->flow.match.mask.tp_dst = 0xffff;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	KUNIT_EXPECT_FALSE(test, told_apart(f, &syn, &ack));
	KUNIT_EXPECT_FALSE(test, told_apart(f, &wide, &ack));
	/* Before a change is seen, and behind it; and no longer than needed. */
	cvsw_table_begin(f->table, false);
	f->flow.match.mask.tcp_flags = 0x002;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	cvsw_table_commit(f->table);
	KUNIT_EXPECT_TRUE(test, told_apart(f, &syn, &ack));
	KUNIT_EXPECT_FALSE(test, told_apart(f, &wide, &ack));
	f->flow.match.mask.ipv6_label = 1;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	KUNIT_EXPECT_TRUE(test, told_apart(f, &wide, &ack));
	table_delete(f->table, &all);
	table_settles(f->table);
	KUNIT_EXPECT_FALSE(test, told_apart(f, &syn, &wide));
}

/* Bits in which the only mask's entries agree. */
static u64 agreed_bits(struct fixture *f)
{
	const struct cvsw_mask *mask = list_first_entry(&f->table->masks.all, struct cvsw_mask,
							node);

	return mask->words[0].agreed & mask->words[0].bits;
}

static void table_agreement(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 all;

	KUNIT_ASSERT_EQ(test, add_host_flow(f->table, &f->flow, 5, 0), 0);
	all = agreed_bits(f);
	KUNIT_EXPECT_EQ(test, hweight64(all), 32U);
	KUNIT_ASSERT_EQ(test, add_host_flow(f->table, &f->flow, 4, 0), 0);
	KUNIT_EXPECT_EQ(test, hweight64(agreed_bits(f)), 31U);
	KUNIT_ASSERT_EQ(test, add_host_flow(f->table, &f->flow, 7, 0), 0);
	KUNIT_EXPECT_EQ(test, hweight64(agreed_bits(f)), 30U);
	/* Anew when it has been empty. */
	memset(&f->flow, 0, sizeof(f->flow));
	KUNIT_ASSERT_EQ(test, table_delete(f->table, &f->flow.match), 3U);
	table_settles(f->table);
	KUNIT_ASSERT_EQ(test, add_host_flow(f->table, &f->flow, 8, 0), 0);
	KUNIT_EXPECT_EQ(test, agreed_bits(f), all);
	readers_begin();
	KUNIT_EXPECT_NOT_NULL(test, find_host_flow(f->table, 8));
	KUNIT_EXPECT_NULL(test, find_host_flow(f->table, 5));
	readers_end();
}

/* Frames that are behind a lookup already are asked for only if they can match. */
static void table_may_match(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int in, pass, n;

	for (n = 0; n < 3; n++) {
		memset(&f->flow, 0, sizeof(f->flow));
		f->flow.match.mask.pass = 0xff;
		f->flow.match.key.pass = n;
		f->flow.match.mask.in_port = n < 2 ? 0xff : 0;
		f->flow.match.key.in_port = n < 2 ? 1 + n : 0;
		KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
		for (in = CVSW_HOST; in <= CVSW_NET; in++)
			for (pass = 0; pass < CVSW_MAX_PASSES; pass++)
				KUNIT_EXPECT_EQ(test, cvsw_table_may_match(f->table, in, pass),
						(pass == in - 1 && pass <= n) ||
						(pass == 2 && n == 2));
	}
}

/* An entry that someone holds still knows its match when its mask has gone. */
static void table_held_beyond_its_mask(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_entry *held;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, add_host_flow(f->table, &f->flow, 5, 1), 0);
	readers_begin();
	held = find_host_flow(f->table, 5);
	cvsw_entry_hold(held);
	readers_end();
	KUNIT_ASSERT_EQ(test, table_delete(f->table, &f->flow.match), 1U);
	for (i = 1; i < 3 * IDLE_MASKS; i++) {
		lonely_flow(&f->flow, i);
		KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
		KUNIT_ASSERT_EQ(test, table_delete(f->table, &f->flow.match), 1U);
		table_settles(f->table);
	}
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.match.mask.nw_dst = ~0U;
	KUNIT_ASSERT_NULL(test, cvsw_masks_known(&f->table->masks, &f->flow.match.mask));
	cvsw_entry_flow(held, &f->list.flows[0]);
	host_flow(&f->flow, 5);
	f->flow.cookie = 1;
	KUNIT_EXPECT_TRUE(test, cvsw_flow_equal(&f->flow, &f->list.flows[0]));
	KUNIT_EXPECT_EQ(test, refcount_read(&held->mask->users), 1U);
	cvsw_entry_put(held);
}

static int visit_third(const struct cvsw_entry *entry, void *arg)
{
	unsigned int *seen = arg;

	return (*seen)++ % 4 == 3 ? 1 : 0;
}

/* A walk in pieces beside changes: what stays is shown once. */
static void table_walk_beside_changes(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, seen = 0, stops = 0;
	u64 resume = 0;

	for (i = 0; i < 99; i++) {
		lonely_flow(&f->flow, i);
		KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	}
	while (cvsw_table_walk(f->table, &resume, visit_third, &seen)) {
		/* Replaced: one that was shown, one that will be. */
		lonely_flow(&f->flow, 0);
		KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
		lonely_flow(&f->flow, 98);
		KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
		KUNIT_ASSERT_EQ(test, cvsw_table_count(f->table), 99U);
		stops++;
	}
	/* The refused come again. */
	KUNIT_EXPECT_EQ(test, seen - stops, 99U);
	KUNIT_EXPECT_GT(test, stops, 20U);
}

static int table_init(struct kunit *test)
{
	struct fixture *f = kvzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->table = cvsw_table_create();
	prandom_seed_state(&f->rnd, 1);
	if (!f->table)
		return -ENOMEM;
	cvsw_table_watch(f->table, count_told, f->told);
	return 0;
}

static void table_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	fail_at = 0;
	memset(&f->flow, 0, sizeof(f->flow));
	/* Nothing is left behind, reserved ids of failed additions included. */
	table_delete(f->table, &f->flow.match);
	KUNIT_EXPECT_TRUE(test, cvsw_table_empty(f->table));
	KUNIT_EXPECT_TRUE(test, xa_empty(&f->table->walk));
	cvsw_table_destroy(f->table);
	kvfree(f);
}

static void table_without_memory(struct kunit *test)
{
	unsigned int n;

	/* For itself, for its masks. */
	for (n = 1; n <= 2; n++) {
		fail_at = n;
		KUNIT_EXPECT_PTR_EQ(test, cvsw_table_create(), NULL);
		fail_at = 0;
	}
}

static struct kunit_case table_cases[] = {
	KUNIT_CASE(table_without_memory),
	KUNIT_CASE(table_outranking),
	KUNIT_CASE(table_full),
	KUNIT_CASE(table_random_changes),
	KUNIT_CASE(table_random_without_memory),
	KUNIT_CASE(table_without_memory_anywhere),
	KUNIT_CASE(table_needs_all_its_parts),
	KUNIT_CASE(table_changes),
	KUNIT_CASE(table_replacement_keeps),
	KUNIT_CASE(table_modification_keeps),
	KUNIT_CASE(table_mask_churn),
	KUNIT_CASE(table_common_bits),
	KUNIT_CASE(table_agreement),
	KUNIT_CASE(table_may_match),
	KUNIT_CASE(table_held_beyond_its_mask),
	KUNIT_CASE(table_walk_beside_changes),
	{}
};

static struct kunit_suite table_suite = {
	.name = "table",
	.init = table_init,
	.exit = table_exit,
	.test_cases = table_cases,
};
kunit_test_suite(table_suite);
