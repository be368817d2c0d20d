// SPDX-License-Identifier: GPL-2.0
/* Lookups, on all CPUs, beside a writer that replaces what they find. */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kcsan-checks.h>
#include <linux/kthread.h>

#include "flows.h"
#include "frames.h"

#define READERS_MAX	8

/* What a reader looks up, and the priorities of flows that match. */
struct question {
	struct cvsw_key key;
	u16 least, most;
};

/**
 * struct reference - what the table is to have
 * @turn: counts twice for each change, and is odd while it is under way
 */
struct reference {
	unsigned int turn;
	struct flow_list list;
};

struct reader {
	struct cvsw_table *table;
	const struct question *asks;
	const struct reference *reference;
	bool past_cache;	/* which would spare it most of the table's own lookups */
	struct task_struct *task;
	struct cvsw_flow flow;	/* too large for the stack */
	unsigned long lookups, compared, missed, foreign;
};

struct fixture {
	struct cvsw_table *table;
	struct cvsw_flow flow;
	struct reference reference;
	struct rnd_state rnd;
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
			.reference = &f->reference, .past_cache = i & 2,
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

static struct cvsw_entry *look_up(const struct reader *reader, const struct cvsw_key *key)
{
	return reader->past_cache ?
	       cvsw_table_lookup_below(reader->table, key, CVSW_ANY_PRIORITY) :
	       cvsw_table_lookup(reader->table, key);
}

/* Also counts each frame under its flow. */
static int race_reader(void *arg)
{
	struct reader *reader = arg;

	while (!kthread_should_stop()) {
		struct cvsw_entry *entry;

		readers_begin();
		entry = look_up(reader, &reader->asks->key);
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

	for (i = 0; race_goes_on(f, i, 1000); i++) {
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
			KUNIT_EXPECT_EQ(test, table_delete(f->table, &f->flow.match), 1U);
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
		KUNIT_EXPECT_EQ(test, table_delete(f->table, &f->flow.match), 1U);
	}
	race_end(test);
}

static u64 cookie_of(const struct reader *reader, u32 nw_dst)
{
	const struct cvsw_key key = { .nw_dst = nw_dst };
	struct cvsw_entry *entry;
	u64 cookie;

	readers_begin();
	entry = look_up(reader, &key);
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
		between = cookie_of(reader, sometimes);
		after = cookie_of(reader, always);
		reader->missed += after == U64_MAX;
		reader->foreign += after < before;
		/* Nothing was replaced meanwhile. */
		if (after == before)
			reader->foreign += between != (after & 1 ? U64_MAX : after);
		reader->lookups++;
	}
	return 0;
}

/* As a frame in several passes does; other lookups come between. */
static int version_reader(void *arg)
{
	static const struct cvsw_key first = { .nw_dst = 5 }, second = { .nw_dst = 100 };
	struct reader *reader = arg;

	while (!kthread_should_stop()) {
		struct cvsw_entry *entry[2];
		u64 version;

		readers_begin();
		version = cvsw_table_version(reader->table);
		entry[0] = cvsw_table_lookup_of(reader->table, &first, version);
		if (reader->past_cache)
			udelay(reader->lookups % 50);
		entry[1] = cvsw_table_lookup_of(reader->table, &second, version);
		if (!entry[0] || !cvsw_table_has(reader->table, version))
			reader->missed++;
		else if ((entry[1] ? entry[1]->cookie : entry[0]->cookie | 1) != entry[0]->cookie)
			reader->foreign++;
		reader->lookups++;
		readers_end();
		cond_resched();
	}
	return 0;
}

/* Two lookups of one frame are of one table, however often it is replaced between them. */
static void race_two_lookups(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, j;

	for (i = 0; race_goes_on(f, i, 500); i++) {
		cvsw_table_begin(f->table, true);
		for (j = 0; j < 100 - (i & 1) * 50; j++) {
			host_flow(&f->flow, j == 99 ? 100 : j + 1);
			f->flow.match.mask.dl_type = i % 3 ? 0 : U16_MAX;
			f->flow.cookie = i;
			KUNIT_EXPECT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
		}
		cvsw_table_commit(f->table);
		if (!i)
			race_begin(test, version_reader, NULL, 1);
	}
	race_end(test);
}

/* Who has seen one flow of a new table sees none of the old one any more. */
static void race_all_replaced(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, j;

	for (i = 0; race_goes_on(f, i, 500); i++) {
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

/* ---- random changes ---- */

/* What is found matches; and if there was no change meanwhile it is what the reference has. */
static int comparing_reader(void *arg)
{
	struct reader *reader = arg;
	const struct reference *reference = reader->reference;
	struct cvsw_entry *entry;
	struct rnd_state rnd;
	struct cvsw_key key;
	unsigned int turn;
	int best;

	prandom_seed_state(&rnd, (unsigned long)reader);
	while (!kthread_should_stop()) {
		turn = smp_load_acquire(&reference->turn);
		random_key(&rnd, &key);
		readers_begin();
		entry = look_up(reader, &key);
		if (entry)
			cvsw_entry_flow(entry, &reader->flow);
		readers_end();
		if (entry)
			reader->foreign += !flows_matches(&reader->flow.match, &key);
		/* Read while it is written the list counts for nothing: its turn tells. */
		kcsan_disable_current();
		best = flows_best_priority(&reference->list, &key);
		kcsan_enable_current();
		smp_rmb();
		if (!(turn & 1) && READ_ONCE(reference->turn) == turn) {
			reader->compared++;
			reader->missed += best != (entry ? reader->flow.priority : -1);
		}
		reader->lookups++;
		cond_resched();
	}
	return 0;
}

static void add_to_both(struct kunit *test, struct fixture *f)
{
	unsigned int told;

	random_flow(&f->rnd, &f->flow);
	f->flow.flags = 0;
	KUNIT_EXPECT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	flows_mod(&f->reference.list, CVSW_FLOW_ADD, &f->flow, &told);
}

static void replace_both(struct kunit *test, struct fixture *f)
{
	unsigned int n = pick(&f->rnd, 100);

	f->reference.list.n = 0;
	cvsw_table_begin(f->table, true);
	while (n--)
		add_to_both(test, f);
	cvsw_table_commit(f->table);
}

static void expire_both(struct fixture *f)
{
	struct flow_list *list = &f->reference.list;
	unsigned int i, kept = 0;

	/* Behind every timeout that a flow can have. */
	cvsw_table_expire(f->table, get_jiffies_64() + (1 << 17) * (u64)HZ);
	for (i = 0; i < list->n; i++)
		if (!list->flows[i].idle_timeout && !list->flows[i].hard_timeout)
			list->flows[kept++] = list->flows[i];
	list->n = kept;
}

static void mod_both(struct kunit *test, struct fixture *f)
{
	static const enum cvsw_flow_command commands[] = {
		CVSW_FLOW_MODIFY, CVSW_FLOW_MODIFY_STRICT, CVSW_FLOW_DELETE,
		CVSW_FLOW_DELETE_STRICT,
	};
	enum cvsw_flow_command command = commands[pick(&f->rnd, ARRAY_SIZE(commands))];
	unsigned int told;
	int ret;

	random_flow(&f->rnd, &f->flow);
	ret = cvsw_table_flow_mod(f->table, command, &f->flow);
	KUNIT_EXPECT_EQ(test, ret, flows_mod(&f->reference.list, command, &f->flow, &told));
}

static void change_both(struct kunit *test, struct fixture *f)
{
	unsigned int what = pick(&f->rnd, 50);

	if (what == 0 || f->reference.list.n == FLOWS_MAX)
		replace_both(test, f);
	else if (what == 1)
		expire_both(f);
	else if (what < 10)
		mod_both(test, f);
	else
		add_to_both(test, f);
}

/* Flow_mods, replacements and timeouts as they come. */
static void race_random(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct reference *reference = &f->reference;
	unsigned long compared = 0;
	unsigned int i;

	race_begin(test, comparing_reader, NULL, 1);
	for (i = 0; race_goes_on(f, i, 1000); i++) {
		WRITE_ONCE(reference->turn, 2 * i + 1);
		smp_wmb();
		change_both(test, f);
		smp_store_release(&reference->turn, 2 * i + 2);
		usleep_range(100, 200);		/* so that there is something to compare */
	}
	race_end(test);
	for (i = 0; i < READERS_MAX; i++)
		compared += f->readers[i].compared;
	KUNIT_EXPECT_GT(test, compared, 1000UL);
}

static int race_init(struct kunit *test)
{
	struct fixture *f = kvzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	prandom_seed_state(&f->rnd, 1);
	f->table = cvsw_table_create();
	return f->table ? 0 : -ENOMEM;
}

static void race_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	stop_readers(f);	/* of a test that gave up */
	cvsw_table_destroy(f->table);
	kvfree(f);
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE(race_one_replaced),
	KUNIT_CASE(race_counted),
	KUNIT_CASE(race_bit_asked_for),
	KUNIT_CASE(race_two_lookups),
	KUNIT_CASE(race_all_replaced),
	KUNIT_CASE(race_random),
	{}
};

static struct kunit_suite race_suite = {
	.name = "table-race",
	.init = race_init,
	.exit = race_exit,
	.test_cases = race_cases,
};
kunit_test_suite(race_suite);
