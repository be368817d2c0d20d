// SPDX-License-Identifier: GPL-2.0
/* Lookups beside a writer that replaces what they find. */
#include <kunit/test.h>
#include <linux/kthread.h>

#include "flows.h"

struct fixture {
	struct cvsw_table *table;
	struct cvsw_flow flow;
};

/* A reader's. */
struct race {
	struct cvsw_table *table;
	struct cvsw_key key;
	u16 least, most;	/* priorities of flows that match */
	unsigned long lookups, missed, foreign;
};

/* At least so many rounds, and more on a busy machine until the reader had its share. */
static bool race_goes_on(const struct race *race, unsigned int round, unsigned int rounds)
{
	cond_resched();
	return round < rounds || (READ_ONCE(race->lookups) <= 100 && round < 100 * rounds);
}

static int race_reader(void *arg)
{
	struct race *race = arg;

	while (!kthread_should_stop()) {
		struct cvsw_entry *entry;

		readers_begin();
		entry = cvsw_table_lookup(race->table, &race->key);
		if (!entry)
			race->missed++;
		else if (entry->priority < race->least || entry->priority > race->most)
			race->foreign++;
		readers_end();
		race->lookups++;
		cond_resched();
	}
	return 0;
}

static struct task_struct *race_begin(struct kunit *test, struct race *race)
{
	struct task_struct *reader = kthread_run(race_reader, race, "cvsw-lookup");

	KUNIT_ASSERT_FALSE(test, IS_ERR(reader));
	return reader;
}

static void race_end(struct kunit *test, struct race *race, struct task_struct *reader)
{
	kthread_stop(reader);
	KUNIT_EXPECT_EQ(test, race->missed, 0UL);
	KUNIT_EXPECT_EQ(test, race->foreign, 0UL);
	KUNIT_EXPECT_GT(test, race->lookups, 100UL);
}

/* A flow that is replaced over and over among others is found at every moment. */
static void race_one_replaced(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct race race = {
		.table = f->table, .key = { .nw_dst = 5 }, .least = 65535, .most = 65535,
	};
	struct task_struct *reader;
	unsigned int i;

	for (i = 0; race_goes_on(&race, i, 2000); i++) {
		if (i == 1)
			reader = race_begin(test, &race);
		host_flow(&f->flow, 5);
		f->flow.priority = 65535;
		f->flow.cookie = i;
		KUNIT_EXPECT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
		f->flow.match.key.nw_dst = 6 + i;	/* lets the hash table grow */
		f->flow.priority = i;
		KUNIT_EXPECT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
		if (i % 3 == 0) {
			lonely_flow(&f->flow, 1 + i % 100);
			KUNIT_EXPECT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
			KUNIT_EXPECT_EQ(test, cvsw_table_delete(f->table, &f->flow.match), 1U);
		}
	}
	race_end(test, &race, reader);
}

/*
 * A flow that asks for a bit which no other asks for comes and goes: frames without
 * the bit never meet it, though they are the same to the cache when it is not there.
 */
static void race_bit_asked_for(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct race with = {
		.table = f->table, .key = { .nw_dst = 5, .tcp_flags = 2 }, .least = 1, .most = 2,
	};
	struct race without = {
		.table = f->table, .key = { .nw_dst = 5 }, .least = 1, .most = 1,
	};
	struct task_struct *readers[2];
	unsigned int i;

	host_flow(&f->flow, 5);
	f->flow.priority = 1;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	readers[0] = race_begin(test, &with);
	readers[1] = race_begin(test, &without);
	for (i = 0; race_goes_on(&with, i, 1000) || race_goes_on(&without, i, 1000); i++) {
		host_flow(&f->flow, 5);
		f->flow.match.mask.tcp_flags = 2;
		f->flow.match.key.tcp_flags = 2;
		f->flow.priority = 2;
		KUNIT_EXPECT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
		cond_resched();
		KUNIT_EXPECT_EQ(test, cvsw_table_delete(f->table, &f->flow.match), 1U);
	}
	race_end(test, &with, readers[0]);
	race_end(test, &without, readers[1]);
}

static u64 cookie_of(struct cvsw_table *table, u32 nw_dst)
{
	struct cvsw_entry *entry;
	u64 cookie;

	readers_begin();
	entry = find_host_flow(table, nw_dst);
	cookie = entry ? entry->cookie : U64_MAX;
	readers_end();
	cond_resched();
	return cookie;
}

/* Every other table has a flow for @sometimes, all have one for @always. */
static const u32 always = 5, sometimes = 100;

static int replacement_reader(void *arg)
{
	struct race *race = arg;
	u64 before, between, after = 0;

	while (!kthread_should_stop()) {
		before = after;
		between = cookie_of(race->table, sometimes);
		after = cookie_of(race->table, always);
		race->missed += after == U64_MAX;
		race->foreign += after < before;
		/* Nothing was replaced meanwhile. */
		if (after == before)
			race->foreign += between != (after & 1 ? U64_MAX : after);
		race->lookups++;
	}
	return 0;
}

/* Who has seen one flow of a new table sees none of the old one any more. */
static void race_all_replaced(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct race race = { .table = f->table };
	struct task_struct *reader = NULL;
	unsigned int i, j;

	for (i = 0; race_goes_on(&race, i, 1000); i++) {
		cvsw_table_begin(f->table, true);
		for (j = 0; j < 20; j++) {
			KUNIT_EXPECT_EQ(test, add_host_flow(f->table, &f->flow, always + (i + j) % 20, i), 0);
			cond_resched();
		}
		if (!(i & 1))
			KUNIT_EXPECT_EQ(test, add_host_flow(f->table, &f->flow, sometimes, i), 0);
		cvsw_table_commit(f->table);
		if (!reader)
			reader = kthread_run(replacement_reader, &race, "cvsw-lookup");
		KUNIT_ASSERT_FALSE(test, IS_ERR(reader));
	}
	race_end(test, &race, reader);
}

static int race_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->table = cvsw_table_create();
	return f->table ? 0 : -ENOMEM;
}

static void race_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f->table)
		cvsw_table_destroy(f->table);
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE(race_one_replaced),
	KUNIT_CASE(race_bit_asked_for),
	KUNIT_CASE(race_all_replaced),
	{}
};

static struct kunit_suite race_suite = {
	.name = "table-race",
	.init = race_init,
	.exit = race_exit,
	.test_cases = race_cases,
};
kunit_test_suite(race_suite);
