// SPDX-License-Identifier: GPL-2.0
/* Timeouts of flows, in a time of the test's own. */
#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/prandom.h>

#include "../drivers/cvsw/table/hits.h"
#include "flows.h"
#include "frames.h"

struct fixture {
	struct cvsw_table *table;
	unsigned int told[CVSW_DELETED + 1];	/* of entries that went, by why */
	struct cvsw_flow flow;
	struct rnd_state rnd;
};

static struct cvsw_entry *timed_flow(struct fixture *f, u32 nw_dst)
{
	struct cvsw_entry *entry;

	readers_begin();
	entry = find_host_flow(f->table, nw_dst);
	readers_end();
	return entry;
}

/* Times in here are thousands of seconds, beside which the test's own time is nothing. */
#define UNIT	((u64)1000 * HZ)

/* When a flow's frames came; @used: as many units behind the beginning. */
struct timed {
	unsigned int idle, hard, used;
};

static unsigned int timed_end(const struct timed *flow)
{
	unsigned int idle = flow->idle ? flow->used + flow->idle : UINT_MAX;

	return min(idle, flow->hard ?: UINT_MAX);
}

static void add_timed(struct kunit *test, struct fixture *f, u32 nw_dst, struct timed *flow)
{
	/* Some stay for good. */
	*flow = (struct timed){ .idle = pick(&f->rnd, 6), .hard = pick(&f->rnd, 3) };
	flow->hard = flow->hard ? pick(&f->rnd, 40) : 0;
	host_flow(&f->flow, nw_dst);
	f->flow.idle_timeout = 1000 * flow->idle;
	f->flow.hard_timeout = 1000 * flow->hard;
	f->flow.flags = CVSW_FLOW_SEND_REMOVED;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
}

/* Each flow goes in its time, for its reason, and is not looked at all the time. */
static void expiry_in_time(struct kunit *test)
{
	enum { FLOWS = 300, UNITS = 100 };
	struct fixture *f = test->priv;
	struct timed *flows = kunit_kcalloc(test, FLOWS, sizeof(*flows), GFP_KERNEL);
	unsigned int unit, i, told[CVSW_DELETED + 1] = {};
	u64 begin = get_jiffies_64();

	KUNIT_ASSERT_NOT_NULL(test, flows);
	for (i = 0; i < FLOWS; i++)
		add_timed(test, f, i, &flows[i]);
	for (unit = 1; unit < UNITS; unit++) {
		u64 now = begin + unit * UNIT + UNIT / 2;
		unsigned int next = UINT_MAX;
		unsigned long wait;

		cvsw_table_expire(f->table, now);
		table_settles(f->table);
		wait = cvsw_table_expire(f->table, now);

		for (i = 0; i < FLOWS; i++) {
			unsigned int end = timed_end(&flows[i]);

			KUNIT_ASSERT_EQ(test, !timed_flow(f, i), end <= unit);
			if (end == unit)
				told[flows[i].hard == unit ? CVSW_HARD_TIMEOUT :
							     CVSW_IDLE_TIMEOUT]++;
			else if (end > unit)
				next = min(next, end);
			if (end > unit && !pick(&f->rnd, 8)) {
				timed_flow(f, i)->hits->used = now - UNIT / 2;
				flows[i].used = unit;
			}
		}
		/* Nobody is woken for nothing, but once for what was used meanwhile. */
		if (next == UINT_MAX)
			KUNIT_ASSERT_EQ(test, wait, (unsigned long)MAX_SCHEDULE_TIMEOUT);
		else
			KUNIT_ASSERT_LE(test, wait, (unsigned long)((next - unit) * UNIT));
		KUNIT_ASSERT_GT(test, wait, (unsigned long)UNIT / 4);
	}
	KUNIT_EXPECT_EQ(test, f->told[CVSW_IDLE_TIMEOUT], told[CVSW_IDLE_TIMEOUT]);
	KUNIT_EXPECT_EQ(test, f->told[CVSW_HARD_TIMEOUT], told[CVSW_HARD_TIMEOUT]);
	KUNIT_EXPECT_GT(test, told[CVSW_IDLE_TIMEOUT], 50U);
	KUNIT_EXPECT_GT(test, told[CVSW_HARD_TIMEOUT], 50U);
}

/* A flow that went, or changed, before its time is not met by it; nor a change under way. */
static void expiry_beside_changes(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 late = get_jiffies_64() + 100 * (u64)HZ;

	host_flow(&f->flow, 0);
	f->flow.hard_timeout = 50;
	f->flow.flags = CVSW_FLOW_SEND_REMOVED;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	KUNIT_ASSERT_EQ(test, cvsw_table_flow_mod(f->table, CVSW_FLOW_DELETE, &f->flow), 0);
	/* What was removed is to be freed soon. */
	KUNIT_EXPECT_LE(test, cvsw_table_expire(f->table, late), (unsigned long)HZ / 10);
	table_settles(f->table);
	KUNIT_EXPECT_EQ(test, cvsw_table_expire(f->table, late),
			(unsigned long)MAX_SCHEDULE_TIMEOUT);

	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	f->flow.hard_timeout = 0;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	cvsw_table_expire(f->table, late);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->table), 1U);

	f->flow.hard_timeout = 50;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	KUNIT_ASSERT_EQ(test, cvsw_table_flow_mod(f->table, CVSW_FLOW_MODIFY, &f->flow), 0);
	cvsw_table_begin(f->table, false);
	cvsw_table_expire(f->table, late);
	KUNIT_EXPECT_TRUE(test, cvsw_table_changing(f->table));
	KUNIT_EXPECT_NOT_NULL(test, timed_flow(f, 0));
	cvsw_table_abort(f->table);
	cvsw_table_expire(f->table, late);
	KUNIT_EXPECT_NULL(test, timed_flow(f, 0));
	KUNIT_EXPECT_EQ(test, f->told[CVSW_HARD_TIMEOUT], 1U);
	KUNIT_EXPECT_EQ(test, f->told[CVSW_DELETED], 1U);
}

static void count_told(struct cvsw_entry *entry, enum cvsw_removed why, void *arg)
{
	struct fixture *f = arg;

	f->told[why]++;
}

/* What goes in a change is told once, whatever became of it in between; what comes and goes never was. */
static void told_of_what_changes_and_goes(struct kunit *test)
{
	static const enum cvsw_flow_command commands[] = { CVSW_FLOW_MODIFY, CVSW_FLOW_ADD };
	struct fixture *f = test->priv;
	unsigned int i, told = 0;

	host_flow(&f->flow, 0);
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		f->flow.flags = CVSW_FLOW_SEND_REMOVED;
		KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
		cvsw_table_begin(f->table, false);
		f->flow.cookie++;
		KUNIT_ASSERT_EQ(test, cvsw_table_flow_mod(f->table, commands[i], &f->flow), 0);
		KUNIT_ASSERT_EQ(test, cvsw_table_flow_mod(f->table, commands[i], &f->flow), 0);
		KUNIT_ASSERT_EQ(test, cvsw_table_flow_mod(f->table, CVSW_FLOW_DELETE, &f->flow), 0);
		KUNIT_EXPECT_EQ(test, f->told[CVSW_DELETED], told);
		cvsw_table_commit(f->table);
		KUNIT_EXPECT_EQ(test, f->told[CVSW_DELETED], ++told);
		KUNIT_EXPECT_EQ(test, cvsw_table_count(f->table), 0U);
	}

	/* Restated without the flag nobody is to hear of it. */
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	cvsw_table_begin(f->table, false);
	f->flow.flags = 0;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	KUNIT_ASSERT_EQ(test, cvsw_table_flow_mod(f->table, CVSW_FLOW_DELETE, &f->flow), 0);
	f->flow.flags = CVSW_FLOW_SEND_REMOVED;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->table, &f->flow), 0);
	KUNIT_ASSERT_EQ(test, cvsw_table_flow_mod(f->table, CVSW_FLOW_DELETE, &f->flow), 0);
	cvsw_table_commit(f->table);
	KUNIT_EXPECT_EQ(test, f->told[CVSW_DELETED], told);
}

static int expiry_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	prandom_seed_state(&f->rnd, 1);
	f->table = cvsw_table_create();
	if (!f->table)
		return -ENOMEM;
	cvsw_table_watch(f->table, count_told, f);
	return 0;
}

static void expiry_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	cvsw_table_destroy(f->table);
}

static struct kunit_case expiry_cases[] = {
	KUNIT_CASE(expiry_in_time),
	KUNIT_CASE(expiry_beside_changes),
	KUNIT_CASE(told_of_what_changes_and_goes),
	{}
};

static struct kunit_suite expiry_suite = {
	.name = "expiry",
	.init = expiry_init,
	.exit = expiry_exit,
	.test_cases = expiry_cases,
};
kunit_test_suite(expiry_suite);
