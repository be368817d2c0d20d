// SPDX-License-Identifier: GPL-2.0
/* Lookups, on all CPUs, beside a writer that replaces what they find. */
#include <kunit/test.h>
#include <linux/kthread.h>

#include "flows.h"

#define READERS_MAX	8

/* What a reader looks up, and the priorities of flows that match. */
struct question {
	struct cvsw_key key;
	u16 least, most;
};

struct reader {
	struct cvsw_table *table;
	const struct question *asks;
	struct task_struct *task;
	unsigned long lookups, missed, foreign;
};

struct fixture {
	struct cvsw_table *table;
	struct cvsw_flow flow;
	struct reader readers[READERS_MAX];
	unsigned int n_readers;
};

static const struct question only = { .key = { .nw_dst = 5 }, .least = 65535, .most = 65535 };

/* ---- races ---- */

/* One on each CPU, two at least; questions are asked in turn. */
static void race_begin(struct kunit *test, int (*run)(void *), const struct question *questions,
		       unsigned int n_questions)
{
	struct fixture *f = test->priv;
	unsigned int i, n = clamp_t(unsigned int, num_online_cpus(), 2, READERS_MAX);

	for (i = 0; i < n; i++) {
		f->readers[i] = (struct reader){
			.table = f->table, .asks = &questions[i % n_questions],
		};
		f->readers[i].task = kthread_run(run, &f->readers[i], "cvsw-lookup/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(f->readers[i].task));
		f->n_readers = i + 1;
	}
}

/* At least so many rounds, and more on a busy machine until each reader had its share. */
static bool race_goes_on(const struct fixture *f, unsigned int round, unsigned int rounds)
{
	unsigned int i;

	cond_resched();
	if (round < rounds)
		return true;
	for (i = 0; i < f->n_readers; i++)
		if (READ_ONCE(f->readers[i].lookups) <= 100)
			return round < 100 * rounds;
	return false;
}

static void stop_readers(struct fixture *f)
{
	while (f->n_readers)
		kthread_stop(f->readers[--f->n_readers].task);
}

/* Return: lookups, of all readers. */
static u64 race_end(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, n = f->n_readers;
	u64 lookups = 0;

	stop_readers(f);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, f->readers[i].missed, 0UL);
		KUNIT_EXPECT_EQ(test, f->readers[i].foreign, 0UL);
		KUNIT_EXPECT_GT(test, f->readers[i].lookups, 100UL);
		lookups += f->readers[i].lookups;
	}
	return lookups;
}

/* Also counts each frame under its flow. */
static int race_reader(void *arg)
{
	struct reader *reader = arg;

	while (!kthread_should_stop()) {
		struct cvsw_entry *entry;

		readers_begin();
		entry = cvsw_table_lookup(reader->table, &reader->asks->key);
		if (!entry)
			reader->missed++;
		else if (entry->priority < reader->asks->least || entry->priority > reader->asks->most)
			reader->foreign++;
		if (entry)
			cvsw_hits_add(entry->hits, 3);
		readers_end();
		reader->lookups++;
		cond_resched();
	}
	return 0;
}

/* ---- tests ---- */

/* A flow that is replaced over and over among others is found at every moment. */
static void race_one_replaced(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; race_goes_on(f, i, 2000); i++) {
		if (i == 1)
			race_begin(test, race_reader, &only, 1);
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
	race_end(test);
}

/* A flow that is modified over and over keeps count of every frame, whatever CPU met it. */
static void race_counted(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 lookups, packets = 0, bytes = 0;
	struct cvsw_entry *entry;
	unsigned int i;

	host_flow(&f->flow, 5);
	f->flow.priority = 65535;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	race_begin(test, race_reader, &only, 1);
	for (i = 0; race_goes_on(f, i, 2000); i++) {
		f->flow.n_actions = i % 2;
		KUNIT_EXPECT_EQ(test, cvsw_table_flow_mod(f->table, CVSW_FLOW_MODIFY_STRICT,
							  &f->flow), 0);
	}
	lookups = race_end(test);
	readers_begin();
	entry = cvsw_table_lookup(f->table, &only.key);
	if (entry)
		cvsw_hits_read(entry->hits, &packets, &bytes);
	readers_end();
	KUNIT_EXPECT_EQ(test, packets, lookups);
	KUNIT_EXPECT_EQ(test, bytes, 3 * lookups);
}

/*
 * A flow that asks for a bit which no other asks for comes and goes: frames without
 * the bit never meet it, though they are the same to the cache when it is not there.
 */
static void race_bit_asked_for(struct kunit *test)
{
	static const struct question questions[] = {
		{ .key = { .nw_dst = 5, .tcp_flags = 2 }, .least = 1, .most = 2 },
		{ .key = { .nw_dst = 5 }, .least = 1, .most = 1 },
	};
	struct fixture *f = test->priv;
	unsigned int i;

	host_flow(&f->flow, 5);
	f->flow.priority = 1;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	race_begin(test, race_reader, questions, ARRAY_SIZE(questions));
	for (i = 0; race_goes_on(f, i, 1000); i++) {
		host_flow(&f->flow, 5);
		f->flow.match.mask.tcp_flags = 2;
		f->flow.match.key.tcp_flags = 2;
		f->flow.priority = 2;
		KUNIT_EXPECT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
		cond_resched();
		KUNIT_EXPECT_EQ(test, cvsw_table_delete(f->table, &f->flow.match), 1U);
	}
	race_end(test);
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
	struct reader *reader = arg;
	u64 before, between, after = 0;

	while (!kthread_should_stop()) {
		before = after;
		between = cookie_of(reader->table, sometimes);
		after = cookie_of(reader->table, always);
		reader->missed += after == U64_MAX;
		reader->foreign += after < before;
		/* Nothing was replaced meanwhile. */
		if (after == before)
			reader->foreign += between != (after & 1 ? U64_MAX : after);
		reader->lookups++;
	}
	return 0;
}

/* Who has seen one flow of a new table sees none of the old one any more. */
static void race_all_replaced(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, j;

	for (i = 0; race_goes_on(f, i, 1000); i++) {
		cvsw_table_begin(f->table, true);
		for (j = 0; j < 20; j++) {
			KUNIT_EXPECT_EQ(test, add_host_flow(f->table, &f->flow, always + (i + j) % 20, i), 0);
			cond_resched();
		}
		if (!(i & 1))
			KUNIT_EXPECT_EQ(test, add_host_flow(f->table, &f->flow, sometimes, i), 0);
		cvsw_table_commit(f->table);
		if (i == 0)
			race_begin(test, replacement_reader, &only, 1);
	}
	race_end(test);
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

	if (!f || !f->table)
		return;
	stop_readers(f);	/* of a test that gave up */
	cvsw_table_destroy(f->table);
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE(race_one_replaced),
	KUNIT_CASE(race_counted),
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
