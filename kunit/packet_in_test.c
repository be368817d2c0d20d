// SPDX-License-Identifier: GPL-2.0
/* Frames for the controller: what it is told of them, and how many of them. */
#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>

#include "cpus.h"
#include "fail.h"

#define kmalloc(size, flags)	(fails() ? NULL : kmalloc(size, flags))
#include "../drivers/cvsw/control/packet_in.c"
#undef kmalloc
#include "../drivers/cvsw/control/version3.h"
#include "../drivers/cvsw/table/table.h"
#include "loads.h"
#include "talk.h"

static const u8 other_mac[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 9 };

#define COOKIE	0x1122334455667788
#define ONWARD	{ .type = CVSW_ACT_OUTPUT, .port = CVSW_PORT_ONWARD }
#define CONTROLLER(length)	{ .type = CVSW_ACT_CONTROLLER, .max_len = (length) }

static void to_controller(struct cvsw_engine *engine, const struct cvsw_walk *walk,
			  const struct sk_buff *skb, unsigned int max_len)
{
	struct fake_port *port = container_of(engine, struct fake_port, engine);

	cvsw_control_packet_in(&port->control, walk, skb, max_len);
}

static int fixture_init(struct kunit *test)
{
	struct talk *f;

	talk_init(test);
	f = test->priv;
	f->port.engine.to_controller = to_controller;
	return 0;
}

static void fixture_exit(struct kunit *test)
{
	fail_at = 0;
	talk_exit(test);
}

static void add_flow(struct kunit *test, u16 priority, const struct cvsw_action *actions,
		     unsigned int n)
{
	struct talk *f = test->priv;

	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.priority = priority;
	f->flow.cookie = COOKIE;
	f->flow.n_actions = n;
	memcpy(f->flow.actions, actions, n * sizeof(*actions));
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->port.engine.table, &f->flow), 0);
}

#define ADD(test, ...)                                                        \
	do {                                                                  \
		static const struct cvsw_action actions[] = { __VA_ARGS__ };  \
		add_flow(test, 1, actions, ARRAY_SIZE(actions));              \
	} while (0)

/* Bytes 0, 1, 2..., that are no IP; the last @paged of them in a page.  @bytes: room to make them. */
static struct sk_buff *frame_in(struct kunit *test, u8 *bytes, unsigned int len, unsigned int paged)
{
	struct talk *f = test->priv;
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < len; i++)
		bytes[i] = i;
	skb = fake_nic_skb(f->port.dev, bytes, len, paged);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_push(skb, ETH_HLEN);
	return skb;
}

static struct sk_buff *frame(struct kunit *test, unsigned int len, unsigned int paged)
{
	return frame_in(test, ((struct talk *)test->priv)->message, len, paged);
}

/* Return: what goes on. */
static struct sk_buff *handle(struct talk *f, struct sk_buff *skb, enum cvsw_ingress in)
{
	local_bh_disable();
	skb = cvsw_handle_frame(&f->port.engine, skb, in);
	local_bh_enable();
	return skb;
}

/* The next one, decoded. */
static void expect_told(struct kunit *test, struct cvsw_v3_packet_in *in)
{
	struct talk *f = test->priv;
	unsigned int before = f->n_packet_ins;

	flush_work(&f->port.control.work.work);
	talk_pump(f);
	KUNIT_ASSERT_EQ(test, f->n_packet_ins, before + 1);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_packet_in_decode(f->packet_in, f->packet_in_len, in,
							    NULL), CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, (int)in->reason, f->port.engine.miss ? CVSW_V3_NO_MATCH :
								     CVSW_V3_ACTION);
	KUNIT_EXPECT_EQ(test, in->cookie, f->port.engine.miss ? U64_MAX : COOKIE);
	KUNIT_EXPECT_EQ(test, (int)in->pass, 0);
}

/* ---- tests ---- */

static void so_much_of_a_frame_is_told(struct kunit *test)
{
	static const struct {
		unsigned int len, paged, max_len, told;
	} cases[] = {
		{ 100, 0, 0xffff, 100 },
		{ 100, 80, 0xffff, 100 },
		{ 100, 0, 60, 60 },
		{ 100, 0, 0, 0 },
		{ CVSW_V3_PACKET_IN_DATA_MAX, 500, 0xffff, CVSW_V3_PACKET_IN_DATA_MAX },
		{ CVSW_V3_PACKET_IN_DATA_MAX + 1, 500, 0xffff, CVSW_V3_PACKET_IN_DATA_MAX },
		{ 9000, 4000, 2000, CVSW_V3_PACKET_IN_DATA_MAX },
	};
	struct talk *f = test->priv;
	struct cvsw_v3_packet_in in;
	unsigned int i;

	talk_connect(test);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cvsw_action action = CONTROLLER(cases[i].max_len);

		add_flow(test, 1, &action, 1);
		KUNIT_EXPECT_NULL(test, handle(f, frame(test, cases[i].len, cases[i].paged),
					       i % 2 ? CVSW_HOST : CVSW_NET));
		expect_told(test, &in);
		KUNIT_EXPECT_EQ(test, (int)in.in_port, i % 2 ? CVSW_HOST : CVSW_NET);
		KUNIT_EXPECT_EQ(test, (unsigned int)in.total, cases[i].len);
		KUNIT_ASSERT_EQ(test, in.len, (size_t)cases[i].told);
		KUNIT_EXPECT_EQ(test, memcmp(in.data, f->message, in.len), 0);
	}
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_PACKET_IN_SENT), (u64)i);
}

/* Told as it is there; what stands behind goes on with it. */
static void other_actions_go_on(struct kunit *test)
{
	struct talk *f = test->priv;
	struct cvsw_v3_packet_in in;
	struct sk_buff *skb;

	talk_connect(test);
	ADD(test, SET_MAC(ETH_SRC, 2, 1), CONTROLLER(100),
	    SET_MAC(ETH_SRC, 2, 2), ONWARD);
	skb = handle(f, frame(test, 100, 0), CVSW_HOST);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, skb->data[7], (u8)2);
	kfree_skb(skb);
	expect_told(test, &in);
	KUNIT_EXPECT_EQ(test, in.data[7], (u8)1);

	/* As the last of a clone. */
	ADD(test, { .type = CVSW_ACT_CLONE, .n_cloned = 2 },
	    SET_MAC(ETH_SRC, 2, 3), CONTROLLER(100));
	skb = handle(f, frame(test, 100, 0), CVSW_HOST);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, skb->data[7], (u8)7);
	KUNIT_EXPECT_NULL(test, skb->next);
	kfree_skb(skb);
	expect_told(test, &in);
	KUNIT_EXPECT_EQ(test, in.data[7], (u8)3);
}

static void a_tag_beside_the_frame_is_in_it(struct kunit *test)
{
	static const unsigned int lengths[] = { 0xffff, 18, 15, 12, 5 };
	static const u8 tag[] = { 0x88, 0xa8, 0x20, 0x64 };
	struct talk *f = test->priv;
	struct cvsw_v3_packet_in in;
	struct sk_buff *skb;
	unsigned int i, n;
	u8 whole[104];

	talk_connect(test);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct cvsw_action action = CONTROLLER(lengths[i]);

		add_flow(test, 1, &action, 1);
		skb = frame(test, 100, i ? 0 : 80);
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021AD), 0x2064);
		handle(f, skb, CVSW_NET);
		expect_told(test, &in);
		KUNIT_EXPECT_EQ(test, (unsigned int)in.total, 104U);
		n = min(lengths[i], 104U);
		KUNIT_ASSERT_EQ(test, in.len, (size_t)n);
		memcpy(whole, f->message, 12);
		memcpy(whole + 12, tag, sizeof(tag));
		memcpy(whole + 16, f->message + 12, 88);
		KUNIT_EXPECT_EQ(test, memcmp(in.data, whole, n), 0);
	}
}

/* Dropped, with and without flows in the table, and behind one that did not want it. */
static void what_matches_nothing_is_told(struct kunit *test)
{
	static const struct cvsw_action next[] = {
		SET_MAC(ETH_SRC, 2, 1), { .type = CVSW_ACT_NEXT },
	};
	static const unsigned int lengths[] = { 60, CVSW_MISS_SEND_LEN, 1000 };
	struct talk *f = test->priv;
	struct cvsw_v3_packet_in in;
	unsigned int i, misses;

	talk_connect(test);
	f->port.engine.miss = CVSW_MISS_CONTROLLER;
	for (i = 0; i < 2 * ARRAY_SIZE(lengths); i++) {
		unsigned int len = lengths[i / 2];

		KUNIT_EXPECT_NULL(test, handle(f, frame(test, len, i % 2 ? len / 2 : 0),
					       i % 2 ? CVSW_HOST : CVSW_NET));
		expect_told(test, &in);
		KUNIT_EXPECT_EQ(test, (int)in.in_port, i % 2 ? CVSW_HOST : CVSW_NET);
		KUNIT_EXPECT_EQ(test, (unsigned int)in.total, len);
		KUNIT_ASSERT_EQ(test, in.len, min_t(size_t, len, CVSW_MISS_SEND_LEN));
		if (i < 3)
			KUNIT_EXPECT_EQ(test, memcmp(in.data, f->message, in.len), 0);
		if (i == 2)
			add_flow(test, 1, next, ARRAY_SIZE(next));
	}
	misses = i;
	KUNIT_EXPECT_EQ(test, in.data[6], (u8)2);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_DROP_MISS), (u64)misses);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_PACKET_IN_SENT), (u64)misses);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_TX_MISS) +
			talk_counter(f, CVSW_CNT_RX_MISS), 3ULL);
	f->port.engine.miss = CVSW_MISS_DROP;
	KUNIT_EXPECT_NULL(test, handle(f, frame(test, 100, 0), CVSW_HOST));
	flush_work(&f->port.control.work.work);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_PACKET_IN_SENT), (u64)misses);
}

static void nobody_is_told(struct kunit *test)
{
	struct talk *f = test->priv;

	ADD(test, CONTROLLER(100));
	KUNIT_EXPECT_NULL(test, handle(f, frame(test, 100, 0), CVSW_HOST));
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_PACKET_IN_NOBODY), 1ULL);
	talk_connect(test);
	fail_at = 1;
	KUNIT_EXPECT_NULL(test, handle(f, frame(test, 100, 0), CVSW_HOST));
	fail_at = 0;
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_PACKET_IN_NOMEM), 1ULL);
	/* The session goes while some wait. */
	rtnl_lock();
	cvsw_control_event(&f->port.control, CVSW_EVENT_ADDRESS);
	handle(f, frame(test, 100, 0), CVSW_HOST);
	KUNIT_EXPECT_TRUE(test, cvsw_packet_ins_wait(&f->port.control.packet_ins));
	eth_hw_addr_set(f->port.dev, other_mac);
	rtnl_unlock();
	flush_work(&f->port.control.work.work);
	talk_for(f, 50);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_PACKET_IN_NOBODY), 2ULL);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_PACKET_IN_SENT), 0ULL);
	KUNIT_EXPECT_EQ(test, f->n_packet_ins, 0U);
	/* And what waits when the port goes is freed. */
}

/* Of @n frames each is counted: those that waited are sent, and arrive. */
static void expect_all_told(struct kunit *test, u64 n)
{
	struct talk *f = test->priv;
	u64 sent;

	/* Before an ECHO wakes a worker that has forgotten them. */
	KUNIT_EXPECT_TRUE(test, talk_until(f, CVSW_V3_ECHO_MS - 1000,
					   !cvsw_packet_ins_wait(&f->port.control.packet_ins)));
	/* The worker may still have the last one. */
	flush_work(&f->port.control.work.work);
	talk_pump(f);
	sent = talk_counter(f, CVSW_CNT_PACKET_IN_SENT);
	KUNIT_EXPECT_EQ(test, sent, (u64)f->n_packet_ins);
	KUNIT_EXPECT_EQ(test, sent + talk_counter(f, CVSW_CNT_PACKET_IN_FULL), n);
}

/* Whatever comes, few wait, fewer are sent at once, and requests are answered meanwhile. */
static void a_flood_is_bounded(struct kunit *test)
{
	struct talk *f = test->priv;
	unsigned int i;

	talk_connect(test);
	ADD(test, CONTROLLER(0xffff));
	rtnl_lock();	/* on which the worker waits */
	cvsw_control_event(&f->port.control, CVSW_EVENT_ADDRESS);
	for (i = 0; i < 1000; i++)
		handle(f, frame(test, 100, 0), CVSW_HOST);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_PACKET_IN_FULL),
			1000ULL - CVSW_PACKET_INS_MAX);
	rtnl_unlock();
	for (i = 0; i < 20; i++) {
		unsigned int n;

		for (n = 0; n < 500; n++)
			handle(f, frame(test, 100, 0), CVSW_HOST);
		talk_pump(f);
	}
	KUNIT_EXPECT_GE(test, talk_counter(f, CVSW_CNT_PACKET_IN_SENT), (u64)CVSW_PACKET_IN_BURST);
	talk_check_works(test, 1400);
	expect_all_told(test, 11000);
}

static void send_to_controller(void *arg, unsigned int nth)
{
	struct kunit *test = arg;
	unsigned int i;
	u8 bytes[100];

	for (i = 0; i < 300; i++) {
		handle(test->priv, frame_in(test, bytes, sizeof(bytes), 0), CVSW_HOST);
		cond_resched();
	}
}

/* Every one is sent or counted, whichever CPU had it. */
static void all_cpus_tell(struct kunit *test)
{
	talk_connect(test);
	ADD(test, CONTROLLER(0xffff));
	expect_all_told(test, 300 * on_all_cpus(test, send_to_controller, test));
}

static void packet_ins_keep_their_rate(struct kunit *test)
{
	struct cvsw_walk walk = { .in = CVSW_HOST };
	struct cvsw_packet_ins ins = {};
	struct talk *f = test->priv;
	struct sk_buff *skb = frame(test, 100, 0);
	unsigned int i, n = 0;
	bool first;
	u64 now;

	cvsw_packet_ins_init(&ins);
	ADD(test, CONTROLLER(100));
	rcu_read_lock();
	walk.entry = cvsw_table_lookup_below(f->port.engine.table, &f->flow.match.key,
					     CVSW_ANY_PRIORITY);
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, walk.entry);
	for (now = 1000; now < 2000; now++) {
		while (!cvsw_packet_in_add(&ins, &walk, skb, 50 + n, &first))
			;
		for (i = 0; cvsw_packet_in_next(&ins, now, f->message); i++)
			n++;
		KUNIT_EXPECT_LE(test, i, (unsigned int)CVSW_PACKET_IN_BURST);
	}
	KUNIT_EXPECT_LE(test, n, (unsigned int)(CVSW_PACKET_IN_BURST + 1000 / CVSW_PACKET_IN_MS));
	KUNIT_EXPECT_GE(test, n, 1000U / CVSW_PACKET_IN_MS);
	cvsw_packet_ins_clear(&ins);
	KUNIT_EXPECT_FALSE(test, cvsw_packet_ins_wait(&ins));
	kfree_skb(skb);
}

/* A DELETE of what goes to the controller. */
static void out_port_knows_the_controller(struct kunit *test)
{
	struct cvsw_action onward = ONWARD, both[] = { CONTROLLER(0), ONWARD };
	struct talk *f = test->priv;

	add_flow(test, 1, &onward, 1);
	add_flow(test, 2, both, 2);
	f->flow.out_port = CVSW_PORT_CONTROLLER;
	KUNIT_EXPECT_EQ(test, cvsw_table_flow_mod(f->port.engine.table, CVSW_FLOW_DELETE,
						  &f->flow), 0);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 1U);
	f->flow.out_port = CVSW_PORT_ONWARD;
	KUNIT_EXPECT_EQ(test, cvsw_table_flow_mod(f->port.engine.table, CVSW_FLOW_DELETE,
						  &f->flow), 0);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->port.engine.table), 0U);
}

static struct kunit_case packet_in_cases[] = {
	KUNIT_CASE(so_much_of_a_frame_is_told),
	KUNIT_CASE(other_actions_go_on),
	KUNIT_CASE(a_tag_beside_the_frame_is_in_it),
	KUNIT_CASE(what_matches_nothing_is_told),
	KUNIT_CASE(nobody_is_told),
	KUNIT_CASE(a_flood_is_bounded),
	KUNIT_CASE(all_cpus_tell),
	KUNIT_CASE(packet_ins_keep_their_rate),
	KUNIT_CASE(out_port_knows_the_controller),
	{}
};

static struct kunit_suite packet_in_suite = {
	.name = "cvsw_packet_in",
	.suite_init = fake_port_suite_init,
	.suite_exit = fake_port_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = packet_in_cases,
};
kunit_test_suite(packet_in_suite);
