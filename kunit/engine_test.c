// SPDX-License-Identifier: GPL-2.0
/* The engine as the doors see it: a frame in, a frame or none out, counted. */
#include <kunit/test.h>
#include <linux/etherdevice.h>

/* ESP has a suite of its own. */
#define cvsw_esp_encrypt	fake_encrypt
#define cvsw_esp_decrypt	fake_decrypt
#include "../drivers/cvsw/engine.c"
#include "frames.h"

struct fixture {
	struct cvsw_engine engine;
	struct cvsw_flow flow;
	struct flat_frame frame;
};

struct sk_buff *fake_encrypt(struct cvsw_walk *walk, struct sk_buff *skb, u32 spi)
{
	return skb;
}

struct sk_buff *fake_decrypt(struct cvsw_walk *walk, struct sk_buff *skb)
{
	return skb;
}

static struct sk_buff *send(struct fixture *f, struct sk_buff *skb, enum cvsw_ingress in)
{
	local_bh_disable();
	skb = cvsw_handle_frame(&f->engine, skb, in);
	local_bh_enable();
	return skb;
}

static u64 count(struct fixture *f, unsigned int counter)
{
	return cvsw_stats_read(f->engine.stats, counter);
}

/* A frame of 100 bytes, held once more so that its end can be seen. */
static struct sk_buff *held_frame(struct kunit *test, unsigned int len)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb;

	memset(f->frame.data, 2, len);
	f->frame.len = len;
	skb = linear_skb(&f->frame);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	return skb_get(skb);
}

static void expect_passed(struct kunit *test, struct sk_buff *skb, struct sk_buff *out)
{
	KUNIT_EXPECT_PTR_EQ(test, out, skb);
	KUNIT_EXPECT_EQ(test, refcount_read(&skb->users), 2U);
	kfree_skb(skb);
	kfree_skb(skb);
}

static void expect_dropped(struct kunit *test, struct sk_buff *skb, struct sk_buff *out)
{
	KUNIT_EXPECT_PTR_EQ(test, out, NULL);
	KUNIT_EXPECT_EQ(test, refcount_read(&skb->users), 1U);
	kfree_skb(skb);
}

/* A flow for frames from @in: to @n actions that are outputs. */
static void add_flow(struct kunit *test, enum cvsw_ingress in, unsigned int n)
{
	struct fixture *f = test->priv;

	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.match.key.in_port = in;
	f->flow.match.mask.in_port = 0xff;
	f->flow.n_actions = n;
	f->flow.actions[0].type = CVSW_ACT_OUTPUT;
	f->flow.actions[0].port = CVSW_PORT_ONWARD;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
}

static void engine_without_flows(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb = held_frame(test, 100);

	expect_passed(test, skb, send(f, skb, CVSW_HOST));
	skb = held_frame(test, 3);	/* not looked at, so not too short */
	expect_passed(test, skb, send(f, skb, CVSW_NET));
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_TX_MISS), 1ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_RX_MISS), 1ULL);
}

static void engine_miss_drop(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb = held_frame(test, 100);

	f->engine.miss_drop = true;
	expect_dropped(test, skb, send(f, skb, CVSW_HOST));
	add_flow(test, CVSW_NET, 1);
	skb = held_frame(test, 100);
	expect_dropped(test, skb, send(f, skb, CVSW_HOST));
	skb = held_frame(test, 100);
	expect_passed(test, skb, send(f, skb, CVSW_NET));
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_MISS), 2ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_TX_MISS), 2ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_RX_HIT), 1ULL);
}

static int visit_counters(const struct cvsw_entry *entry, void *arg)
{
	u64 *sums = arg;

	cvsw_entry_read(entry, &sums[0], &sums[1]);
	return 0;
}

static void engine_hits(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 sums[2], resume = 0;
	struct sk_buff *skb;

	add_flow(test, CVSW_HOST, 1);
	skb = held_frame(test, 100);
	expect_passed(test, skb, send(f, skb, CVSW_HOST));
	skb = held_frame(test, 60);
	expect_passed(test, skb, send(f, skb, CVSW_HOST));
	skb = held_frame(test, 60);
	expect_passed(test, skb, send(f, skb, CVSW_NET));
	cvsw_table_walk(f->engine.table, &resume, visit_counters, sums);
	KUNIT_EXPECT_EQ(test, sums[0], 2ULL);
	KUNIT_EXPECT_EQ(test, sums[1], 160ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_TX_HIT), 2ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_RX_MISS), 1ULL);
}

static void engine_drops(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb;

	add_flow(test, CVSW_NET, 0);
	skb = held_frame(test, 100);
	expect_dropped(test, skb, send(f, skb, CVSW_NET));
	skb = held_frame(test, 13);
	expect_dropped(test, skb, send(f, skb, CVSW_HOST));
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_ACTION), 1ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_RX_HIT), 1ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_SHORT), 1ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_TX_MISS), 0ULL);
}

/* With an action that writes: the frame held by someone else stays as it was. */
static void engine_rewrites(struct kunit *test)
{
	static const u8 mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	struct fixture *f = test->priv;
	struct sk_buff *skb, *out;

	add_flow(test, CVSW_HOST, 2);
	f->flow.actions[1] = f->flow.actions[0];
	f->flow.actions[0].type = CVSW_ACT_SET_DL_DST;
	memcpy(f->flow.actions[0].mac, mac, sizeof(mac));
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
	skb = held_frame(test, 100);
	out = send(f, skb, CVSW_HOST);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, out);
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(out->data, mac));
	KUNIT_EXPECT_TRUE(test, skb_is_frame(skb, &f->frame));
	kfree_skb(out);
	kfree_skb(skb);
}

static void stats_names(struct kunit *test)
{
	char name[40], other[40];
	unsigned int i, j;

	for (i = 0; i < CVSW_N_COUNTERS; i++) {
		if (i == CVSW_CNT_FAULT(CVSW_OK))
			continue;
		cvsw_stats_name(i, name, sizeof(name));
		KUNIT_EXPECT_GT(test, strlen(name), 3UL);
		for (j = 0; j < i; j++) {
			cvsw_stats_name(j, other, sizeof(other));
			KUNIT_EXPECT_NE(test, strcmp(name, other), 0);
		}
	}
	cvsw_stats_name(CVSW_CNT_FAULT(CVSW_FAULT_LENGTH), name, sizeof(name));
	KUNIT_EXPECT_STREQ(test, name, "ctl-bad-length");
	cvsw_stats_name(CVSW_CNT_TX_HIT, name, 4);
	KUNIT_EXPECT_STREQ(test, name, "tx-");
}

static int engine_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->engine.table = cvsw_table_create();
	f->engine.stats = cvsw_stats_alloc();
	return f->engine.table && f->engine.stats ? 0 : -ENOMEM;
}

static void engine_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	cvsw_table_destroy(f->engine.table);
	free_percpu(f->engine.stats);
}

static struct kunit_case engine_cases[] = {
	KUNIT_CASE(engine_without_flows),
	KUNIT_CASE(engine_miss_drop),
	KUNIT_CASE(engine_hits),
	KUNIT_CASE(engine_drops),
	KUNIT_CASE(engine_rewrites),
	KUNIT_CASE(stats_names),
	{}
};

static struct kunit_suite engine_suite = {
	.name = "engine",
	.init = engine_init,
	.exit = engine_exit,
	.test_cases = engine_cases,
};
kunit_test_suite(engine_suite);
