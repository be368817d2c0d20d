// SPDX-License-Identifier: GPL-2.0
/*
 * Frames that come when little may be done (netpoll: interrupts are off), frames whose bytes
 * are not theirs alone, and frames under whose feet the table is replaced.
 */
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>

/* The engine with the real ESP: see fuzz_parts.c. */
#define cvsw_handle_frame	fuzz_handle_frame
#define cvsw_engine_resume	fuzz_engine_resume
#include "../drivers/cvsw/engine/engine.h"
#include "../drivers/cvsw/engine/later.c"
#include "../drivers/cvsw/engine/segment.h"
#include "../drivers/cvsw/table/groups.h"
#include "../drivers/cvsw/tunnel/vxlan.h"
#include "esp_test.h"
#include "flows.h"
#include "loads.h"

#define MTU	1500

/* Frames that went back, and those that did while interrupts were off. */
static unsigned int turned, turned_too_early;

static void turn(struct cvsw_engine *engine, struct sk_buff *skb, enum cvsw_ingress in)
{
	turned++;
	turned_too_early += irqs_disabled();
	kfree_skb(skb);
}

static int contexts_init(struct kunit *test)
{
	int err = esp_init(test);
	struct esp_fixture *f = test->priv;
	static const struct cvsw_match all;

	if (err)
		return err;
	table_delete(f->engine.table, &all);
	turned = turned_too_early = 0;
	f->engine.wire_mtu = MTU;
	f->engine.turn = turn;
	f->engine.resume = cvsw_engine_resume;
	f->engine.later = cvsw_later_create();
	return f->engine.later ? 0 : -ENOMEM;
}

static void contexts_exit(struct kunit *test)
{
	struct esp_fixture *f = test->priv;

	cvsw_later_destroy(f->engine.later);
	esp_exit(test);
}

/* A flow for what the host sends, in this pass. */
static void add_flow(struct kunit *test, u8 pass, const struct cvsw_action *actions, unsigned int n)
{
	struct esp_fixture *f = test->priv;

	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.match.key.in_port = CVSW_HOST;
	f->flow.match.mask.in_port = U8_MAX;
	f->flow.match.key.pass = pass;
	f->flow.match.mask.pass = U8_MAX;
	f->flow.n_actions = n;
	memcpy(f->flow.actions, actions, n * sizeof(*actions));
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
}

#define ADD(test, pass, ...)                                                          \
	do {                                                                          \
		static const struct cvsw_action actions[] = { __VA_ARGS__ };          \
		add_flow(test, pass, actions, ARRAY_SIZE(actions));                   \
	} while (0)

#define OUTPUT(to)	{ .type = CVSW_ACT_OUTPUT, .port = (to) }
#define SET_DST(last)	SET_MAC(ETH_DST, 2, 0, 0, 0, 0, last)
#define ENCRYPT		{ .type = CVSW_ACT_ENCRYPT, .spi = TEST_SPI }
#define ENCAP(f)	{ .type = CVSW_ACT_VXLAN_ENCAP, .tunnel = {                    \
				.type = CVSW_TUNNEL_VXLAN, .flags = (f), .id = 7, .ttl = 64,    \
				.udp_dst = 4789, .src = { [10] = 0xff, 0xff, 10, 0, 0, 1 },    \
				.dst = { [10] = 0xff, 0xff, 10, 0, 0, 2 } } }

static struct sk_buff *from_host(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;

	skb = alloc_skb(128 + f->frame.len + 64, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, 128);
	skb_put_data(skb, f->frame.data, f->frame.len);
	skb_reset_mac_header(skb);
	return skb;
}

/* As netpoll does, from a task.  Return: what goes on at once. */
static struct sk_buff *send_polled(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb = from_host(test);
	unsigned long flags;

	local_irq_save(flags);
	skb = cvsw_handle_frame(&f->engine, skb, CVSW_HOST);
	KUNIT_EXPECT_TRUE(test, irqs_disabled());
	local_irq_restore(flags);
	return skb;
}

static struct sk_buff *send(struct kunit *test, struct sk_buff *skb)
{
	struct esp_fixture *f = test->priv;

	local_bh_disable();
	skb = cvsw_handle_frame(&f->engine, skb, CVSW_HOST);
	local_bh_enable();
	return skb;
}

/* Whatever waits for interrupts to be on goes on, on whatever CPU. */
static void interrupts_on(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct cvsw_later *later = f->engine.later;
	unsigned long end = jiffies + 10 * HZ;

	while (READ_ONCE(later->n) && time_before(jiffies, end))
		usleep_range(50, 100);
	KUNIT_EXPECT_EQ(test, later->n, 0U);
	/* One that is under way ends. */
	tasklet_disable(&later->tasklet);
	tasklet_enable(&later->tasklet);
}

/* ---- interrupts are off ---- */

/* What needs neither cipher nor stack goes at once: netconsole tells of a panic like that. */
static void polled_plain(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;

	make_packet(f, 100);
	skb = send_polled(test);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_TRUE(test, skb_is_frame(skb, &f->frame));
	kfree_skb(skb);
	ADD(test, 0, SET_DST(9), OUTPUT(CVSW_NET));
	skb = send_polled(test);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, (int)skb->data[5], 9);
	kfree_skb(skb);
	ADD(test, 0, ENCAP(0), OUTPUT(CVSW_NET));
	skb = send_polled(test);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, skb->len, f->frame.len + CVSW_VXLAN_HEAD);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_LATER), 0ULL);
}

static void polled_hairpin(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int i;

	make_packet(f, 100);
	for (i = 0; i < 3; i++) {
		if (!i)
			ADD(test, 0, OUTPUT(CVSW_PORT_IN_PORT));
		else if (i == 1)
			ADD(test, 0, OUTPUT(CVSW_PORT_LOCAL));
		else
			ADD(test, 0, OUTPUT(CVSW_PORT_IN_PORT), OUTPUT(CVSW_PORT_IN_PORT));
		KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
		interrupts_on(test);
		KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_LATER), i + 1ULL);
	}
	KUNIT_EXPECT_EQ(test, turned, 4U);
	KUNIT_EXPECT_EQ(test, turned_too_early, 0U);
}

/* Sealed later, in order, and never sent as it is. */
static void polled_encrypt(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;
	unsigned int i;
	u32 seq;

	install_pair(test, TEST_SPI, 32, false);
	make_packet(f, 100);
	ADD(test, 0, SET_DST(9), ENCRYPT, OUTPUT(CVSW_NET));
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
	interrupts_on(test);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_LATER), 5ULL);
	for (seq = 1; seq <= 5; seq++) {
		skb = skb_dequeue(&f->done);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		KUNIT_EXPECT_EQ(test, (int)skb->data[5], 9);
		skb = decrypt(test, skb);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		KUNIT_EXPECT_EQ(test, skb->len, f->frame.len);
		KUNIT_EXPECT_EQ(test, cvsw_sa_seq(find_sa(test, CVSW_SA_IN, TEST_SPI)), seq);
		kfree_skb(skb);
	}
	/* Of one that was put into a tunnel, too. */
	ADD(test, 0, ENCAP(0), ENCRYPT, OUTPUT(CVSW_NET));
	KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
	interrupts_on(test);
	skb = skb_dequeue(&f->done);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb = decrypt(test, skb);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, skb->len, f->frame.len + CVSW_VXLAN_HEAD);
	kfree_skb(skb);
}

#define GROUP(n)	{ .type = CVSW_ACT_GROUP, .to_group.id = (n) }

/* Of one bucket. */
static void mod_group(struct kunit *test, enum cvsw_group_command command, u32 id,
		      const struct cvsw_action *actions, unsigned int n)
{
	struct esp_fixture *f = test->priv;
	struct cvsw_group *group = kunit_kzalloc(test, sizeof(*group), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, group);
	group->id = id;
	group->type = CVSW_GROUP_TYPE_INDIRECT;
	group->n_buckets = 1;
	group->n_actions = group->buckets[0].n_actions = n;
	memcpy(group->actions, actions, n * sizeof(*actions));
	KUNIT_ASSERT_EQ(test, cvsw_table_group_mod(f->engine.table, command, group), 0);
}

#define MOD_GROUP(test, command, id, ...)                                             \
	do {                                                                          \
		static const struct cvsw_action actions[] = { __VA_ARGS__ };          \
		mod_group(test, command, id, actions, ARRAY_SIZE(actions));           \
	} while (0)

/* A bucket's frame waits in it, whatever becomes of the group; so does one for an action set. */
static void polled_groups(struct kunit *test)
{
	static const struct cvsw_action seals[] = { SET_DST(9), ENCRYPT, SET_DST(8), OUTPUT(CVSW_NET) };
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;
	unsigned int i;

	install_pair(test, TEST_SPI, 32, false);
	make_packet(f, 100);
	for (i = 0; i < 2; i++) {
		mod_group(test, CVSW_GROUP_ADD, 1, seals, ARRAY_SIZE(seals));
		if (i)
			ADD(test, 0, GROUP(1), OUTPUT(CVSW_PORT_NONE));
		else
			ADD(test, 0, GROUP(1));
		tasklet_disable(&f->engine.later->tasklet);
		KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
		mod_group(test, CVSW_GROUP_DELETE, 1, NULL, 0);
		table_settles(f->engine.table);
		tasklet_enable(&f->engine.later->tasklet);
		interrupts_on(test);
		skb = skb_dequeue(&f->done);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		KUNIT_EXPECT_EQ(test, (int)skb->data[5], 8);
		skb = decrypt(test, skb);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		KUNIT_EXPECT_EQ(test, skb->len, f->frame.len);
		kfree_skb(skb);
	}
	MOD_GROUP(test, CVSW_GROUP_ADD, 1, OUTPUT(CVSW_PORT_IN_PORT));
	ADD(test, 0, { .type = CVSW_ACT_WRITE_ACTIONS, .n_written = 1 }, GROUP(1));
	KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
	interrupts_on(test);
	ADD(test, 0, { .type = CVSW_ACT_WRITE_ACTIONS, .n_written = 1 }, OUTPUT(CVSW_PORT_IN_PORT));
	KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
	interrupts_on(test);
	KUNIT_EXPECT_EQ(test, turned, 2U);
	KUNIT_EXPECT_EQ(test, turned_too_early, 0U);
}

/* A frame that waited in front of a group meets it as it was, or not at all. */
static void change_before_group(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;
	unsigned int i;

	install_pair(test, TEST_SPI, 32, false);
	make_packet(f, 100);
	MOD_GROUP(test, CVSW_GROUP_ADD, 1, SET_DST(9), OUTPUT(CVSW_NET));
	ADD(test, 0, ENCRYPT, GROUP(1));
	for (i = 0; i < 2; i++) {
		tasklet_disable(&f->engine.later->tasklet);
		KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
		MOD_GROUP(test, CVSW_GROUP_MODIFY, 1, SET_DST(8), OUTPUT(CVSW_NET));
		if (i)
			table_settles(f->engine.table);
		tasklet_enable(&f->engine.later->tasklet);
		interrupts_on(test);
		skb = skb_dequeue(&f->done);
		KUNIT_EXPECT_EQ(test, !skb, i == 1);
		if (skb)
			KUNIT_EXPECT_EQ(test, (int)skb->data[5], 9);
		kfree_skb(skb);
	}
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_CHANGED), 1ULL);
}

/* So many wait, the rest is dropped and counted; what still waits at the end goes on. */
static void polled_bounded(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int i;

	install_pair(test, TEST_SPI, 16, false);
	make_packet(f, 100);
	ADD(test, 0, ENCRYPT, OUTPUT(CVSW_NET));
	tasklet_disable(&f->engine.later->tasklet);
	for (i = 0; i < CVSW_LATER_MAX + 44; i++)
		KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_LATER), 44ULL);
	tasklet_enable(&f->engine.later->tasklet);
	interrupts_on(test);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&f->done), (u32)CVSW_LATER_MAX);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
	cvsw_later_destroy(f->engine.later);
	f->engine.later = NULL;
	KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_LATER), 45ULL);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&f->done), CVSW_LATER_MAX + 3U);
}

/* The stack that would be told takes nothing now: the frame is dropped as one nobody is told of. */
static void polled_too_big(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned long flags;
	struct sk_buff *skb;

	make_packet(f, 1400);
	f->engine.wire_mtu = 1000;
	ADD(test, 0, ENCAP(0), OUTPUT(CVSW_NET));
	skb = from_host(test);
	skb->dev = init_net.loopback_dev;
	local_irq_save(flags);
	skb = cvsw_handle_frame(&f->engine, skb, CVSW_HOST);
	KUNIT_EXPECT_TRUE(test, irqs_disabled());
	local_irq_restore(flags);
	KUNIT_EXPECT_PTR_EQ(test, skb, NULL);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_TOO_BIG), 1ULL);
}

/* ---- the table is replaced ---- */

/* Encrypted in pass 0; what pass 1 would do says its flow. */
static void make_table(struct kunit *test, bool drops)
{
	struct esp_fixture *f = test->priv;

	cvsw_table_begin(f->engine.table, true);
	ADD(test, 0, SET_DST(1), ENCRYPT);
	if (drops)
		add_flow(test, 1, NULL, 0);
	cvsw_table_commit(f->engine.table);
}

/* Return: did it go all the way? */
static bool clean(struct esp_fixture *f)
{
	unsigned long end = jiffies + 10 * HZ;

	while (cvsw_table_expire(f->engine.table, get_jiffies_64()) != MAX_SCHEDULE_TIMEOUT) {
		if (time_after(jiffies, end))
			return false;
		synchronize_rcu();
	}
	return true;
}

/* A frame that waits between its lookups is of the table that it began with, or of none. */
static void change_between_passes(struct kunit *test)
{
	struct esp_fixture *f = test->priv;

	install_pair(test, TEST_SPI, 16, false);
	make_packet(f, 100);
	make_table(test, true);
	tasklet_disable(&f->engine.later->tasklet);
	KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
	make_table(test, false);
	tasklet_enable(&f->engine.later->tasklet);
	interrupts_on(test);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_ACTION) +
			esp_count(test, CVSW_CNT_DROP_CHANGED), 1ULL);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&f->done), 0U);
	/* So are those that come now. */
	KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
	interrupts_on(test);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&f->done), 1U);
}

/* The table it began with is in pieces by now, and so it is dropped. */
static void change_long_ago(struct kunit *test)
{
	struct esp_fixture *f = test->priv;

	install_pair(test, TEST_SPI, 16, false);
	make_packet(f, 100);
	make_table(test, true);
	KUNIT_EXPECT_TRUE(test, clean(f));
	tasklet_disable(&f->engine.later->tasklet);
	KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
	make_table(test, false);
	KUNIT_EXPECT_TRUE(test, clean(f));
	tasklet_enable(&f->engine.later->tasklet);
	interrupts_on(test);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_CHANGED), 1ULL);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&f->done), 0U);
	/* And back: a flow that drops comes, while a frame of the table without it waits. */
	tasklet_disable(&f->engine.later->tasklet);
	KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
	make_table(test, true);
	tasklet_enable(&f->engine.later->tasklet);
	interrupts_on(test);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&f->done), 1U);
}

/* What it would meet is still there; whether that is all, nobody can tell any more. */
static void change_beside_what_stays(struct kunit *test)
{
	static const struct cvsw_match other = { .key.pass = 2, .mask.pass = U8_MAX };
	struct esp_fixture *f = test->priv;

	install_pair(test, TEST_SPI, 16, false);
	make_packet(f, 100);
	ADD(test, 0, SET_DST(1), ENCRYPT);
	ADD(test, 1, OUTPUT(CVSW_NET));
	ADD(test, 2, OUTPUT(CVSW_NET));
	tasklet_disable(&f->engine.later->tasklet);
	KUNIT_EXPECT_PTR_EQ(test, send_polled(test), NULL);
	KUNIT_EXPECT_EQ(test, table_delete(f->engine.table, &other), 1U);
	KUNIT_EXPECT_TRUE(test, clean(f));
	tasklet_enable(&f->engine.later->tasklet);
	interrupts_on(test);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_CHANGED), 1ULL);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&f->done), 0U);
}

/* The same while the cipher has the frame. */
static void change_beside_cipher(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int i;

	cipher_kind = CRYPTD;
	install_pair(test, TEST_SPI, 16, false);
	cipher_kind = SYNCHRONOUS;
	make_packet(f, 100);
	for (i = 0; i < 50; i++) {
		make_table(test, true);
		KUNIT_EXPECT_PTR_EQ(test, send(test, from_host(test)), NULL);
		make_table(test, false);
		if (i & 1)
			clean(f);
		wait_for_frames(test, 1);
		KUNIT_ASSERT_EQ(test, skb_queue_len(&f->done), 0U);
	}
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_ACTION) +
			esp_count(test, CVSW_CNT_DROP_CHANGED), 50ULL);
}

/* ---- bytes that others have too ---- */

/* Under an outer checksum, too, a file's page is sent as it was summed. */
static void tunnel_over_shared_page(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct page *page = alloc_page(GFP_KERNEL);
	const u8 *udp = f->other.data + ETH_HLEN + 20;
	struct sk_buff *skb;
	unsigned int len;

	KUNIT_ASSERT_NOT_NULL(test, page);
	ADD(test, 0, ENCAP(CVSW_TUNNEL_CSUM), OUTPUT(CVSW_NET));
	make_packet(f, 20);
	skb = from_host(test);
	get_page(page);
	skb_add_rx_frag(skb, 0, page, 0, 1000, PAGE_SIZE);
	skb_shinfo(skb)->flags |= SKBFL_SHARED_FRAG;
	skb = send(test, skb);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	memset(page_address(page), 0x5a, 1000);
	put_page(page);
	skb_to_frame(skb, &f->other);
	kfree_skb(skb);
	len = get16(udp + 4);
	KUNIT_EXPECT_NE(test, get16(udp + 6), 0);
	KUNIT_EXPECT_EQ(test, (int)inet_sum(udp, len, pseudo_sum(udp - 20, 17, len)), 0xffff);
}

/* One frame, 1,000 segments: its own counter, and not one allocation. */
static void too_many_segments(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;

	ADD(test, 0, ENCAP(0), OUTPUT(CVSW_NET));
	make_packet(f, 1008);
	f->frame.data[frame_l2_len(&f->frame)] = 0x45;
	fit_ip(&f->frame, IPPROTO_UDP);
	skb = from_host(test);
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	skb_shinfo(skb)->gso_size = 1;
	KUNIT_EXPECT_PTR_EQ(test, send(test, skb), NULL);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_SEGMENTS), 1ULL);
}

static struct kunit_case contexts_cases[] = {
	KUNIT_CASE(polled_plain),
	KUNIT_CASE(polled_hairpin),
	KUNIT_CASE(polled_encrypt),
	KUNIT_CASE(polled_groups),
	KUNIT_CASE(change_before_group),
	KUNIT_CASE(polled_bounded),
	KUNIT_CASE(polled_too_big),
	KUNIT_CASE(change_between_passes),
	KUNIT_CASE(change_long_ago),
	KUNIT_CASE(change_beside_what_stays),
	KUNIT_CASE(change_beside_cipher),
	KUNIT_CASE(tunnel_over_shared_page),
	KUNIT_CASE(too_many_segments),
	{}
};

static struct kunit_suite contexts_suite = {
	.name = "contexts",
	.suite_init = esp_suite_init,
	.suite_exit = esp_suite_exit,
	.init = contexts_init,
	.exit = contexts_exit,
	.test_cases = contexts_cases,
};
kunit_test_suite(contexts_suite);
