// SPDX-License-Identifier: GPL-2.0
/* Several outputs in a list: each has the frame as it is by then, whoever else has its bytes. */
#include <kunit/test.h>
#include <linux/if_ether.h>
#include <linux/in.h>

#include "bare_engine.h"
#include "flows.h"
#include "frames.h"
#include "loads.h"
#include "rewriting.h"

#define ROUNDS		5000
#define ACTIONS_MAX	12
#define COPIES_MAX	1024	/* engine.c's */

/* Of the engine's source: see fail.h. */
extern int *frames_fail_at;

/* Frames in the order in which they went somewhere. */
struct heap {
	struct sk_buff *skbs[ACTIONS_MAX];
	unsigned int n;
};

struct fixture {
	struct cvsw_engine engine;
	struct rnd_state rnd;
	struct cvsw_flow flow;
	struct flat_frame frame;	/* what is sent */
	struct flat_frame expected;
	struct heap onward, back;
};

static void keep(struct heap *heap, struct sk_buff *skb)
{
	if (heap->n < ACTIONS_MAX)
		heap->skbs[heap->n++] = skb;
	else
		kfree_skb(skb);
}

static void reap(struct heap *heap)
{
	while (heap->n)
		kfree_skb(heap->skbs[--heap->n]);
}

static void turn(struct cvsw_engine *engine, struct sk_buff *skb, enum cvsw_ingress in)
{
	keep(&container_of(engine, struct fixture, engine)->back, skb);
}

/* Return: how many frames go on. */
static unsigned int send(struct fixture *f, struct sk_buff *skb, enum cvsw_ingress in)
{
	struct sk_buff *next;
	unsigned int n = 0;

	reap(&f->onward);
	reap(&f->back);
	local_bh_disable();
	skb = cvsw_handle_frame(&f->engine, skb, in);
	local_bh_enable();
	for (; skb; skb = next, n++) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		keep(&f->onward, skb);
	}
	return n;
}

static u64 count(struct fixture *f, unsigned int counter)
{
	return cvsw_stats_read(f->engine.stats, counter);
}

#define SET_DST(last)	SET_MAC(ETH_DST, 2, 0, 0, 0, 0, last)
#define OUTPUT(to)	{ .type = CVSW_ACT_OUTPUT, .port = (to) }
#define CLONE(n)	{ .type = CVSW_ACT_CLONE, .n_cloned = (n) }
#define NEXT		{ .type = CVSW_ACT_NEXT }

static void add_flow(struct kunit *test, u16 priority, u8 pass, const struct cvsw_action *actions,
		     unsigned int n)
{
	struct fixture *f = test->priv;

	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.priority = priority;
	f->flow.match.key.pass = pass;
	f->flow.match.mask.pass = 0xff;
	f->flow.n_actions = n;
	memcpy(f->flow.actions, actions, n * sizeof(*actions));
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
}

#define ADD(test, priority, ...)                                                      \
	do {                                                                          \
		static const struct cvsw_action actions[] = { __VA_ARGS__ };          \
		add_flow(test, priority, 0, actions, ARRAY_SIZE(actions));            \
	} while (0)

static struct sk_buff *ip_frame(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 *ip = f->frame.data + 14;
	struct sk_buff *skb;

	memset(&f->frame, 0, sizeof(f->frame));
	memset(f->frame.data, 2, 100);
	put16(f->frame.data + 12, ETH_P_IP);
	ip[0] = 0x45;
	put16(ip + 2, 86);
	put16(ip + 6, 0x4000);
	ip[9] = IPPROTO_UDP;
	write_checksums(ip, NULL, 0);
	f->frame.len = 100;
	skb = linear_skb(&f->frame);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	return skb;
}

/* By the last bytes of destinations. */
static void expect_heap(struct kunit *test, const struct heap *heap, const char *last)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, heap->n, (unsigned int)strlen(last));
	for (i = 0; i < heap->n; i++)
		KUNIT_EXPECT_EQ(test, heap->skbs[i]->data[5], (u8)last[i]);
}

/* ---- tests ---- */

/* In order, to both sides; what comes behind the last output is for nobody. */
static void outputs_in_order(struct kunit *test)
{
	struct fixture *f = test->priv;

	ADD(test, 1, OUTPUT(CVSW_PORT_ONWARD), SET_DST('a'), OUTPUT(CVSW_PORT_IN_PORT), SET_DST('b'),
	    OUTPUT(CVSW_NET), OUTPUT(CVSW_PORT_NONE), OUTPUT(CVSW_PORT_LOCAL), SET_DST('c'));
	send(f, ip_frame(test), CVSW_HOST);
	expect_heap(test, &f->onward, "\2b");
	expect_heap(test, &f->back, "ab");
	KUNIT_EXPECT_TRUE(test, skb_is_frame(f->onward.skbs[0], &f->frame));
	/* NET is where it comes from, and LOCAL is onward then. */
	send(f, ip_frame(test), CVSW_NET);
	expect_heap(test, &f->onward, "\2b");
	expect_heap(test, &f->back, "a");
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_IN_PORT), 1ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_TX_HIT), 1ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_RX_HIT), 1ULL);
}

static void outputs_and_clones(struct kunit *test)
{
	struct fixture *f = test->priv;

	/* A clone's outputs are its own, and so are the list's. */
	ADD(test, 1, CLONE(4), SET_DST('a'), OUTPUT(CVSW_NET), OUTPUT(CVSW_PORT_IN_PORT), SET_DST('b'),
	    SET_DST('c'));
	send(f, ip_frame(test), CVSW_HOST);
	expect_heap(test, &f->onward, "ac");
	expect_heap(test, &f->back, "a");
	ADD(test, 1, OUTPUT(CVSW_NET), CLONE(1), SET_DST('a'), SET_DST('b'), OUTPUT(CVSW_PORT_IN_PORT));
	send(f, ip_frame(test), CVSW_HOST);
	expect_heap(test, &f->onward, "\2a");
	expect_heap(test, &f->back, "b");
}

/* Behind NEXT is another list, whose end is its own. */
static void outputs_and_next(struct kunit *test)
{
	struct fixture *f = test->priv;

	ADD(test, 9, OUTPUT(CVSW_PORT_IN_PORT), SET_DST('a'), NEXT);
	ADD(test, 8, SET_DST('b'));
	send(f, ip_frame(test), CVSW_HOST);
	expect_heap(test, &f->onward, "b");
	expect_heap(test, &f->back, "\2");
}

/* What had an output is not looked up again, whatever it gained behind it. */
static void outputs_and_layers(struct kunit *test)
{
	const struct cvsw_action encap = {
		CVSW_ACT_VXLAN_ENCAP, .tunnel = {
			.type = CVSW_TUNNEL_VXLAN, .ttl = 64, .udp_dst = 4789,
			.dl_dst = { 2, 0, 0, 0, 0, 'v' }, .src = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
			.dst = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
		},
	};
	const struct cvsw_action list[] = { OUTPUT(CVSW_NET), encap, OUTPUT(CVSW_PORT_IN_PORT) };
	const struct cvsw_action again[] = { SET_DST('z') };
	struct fixture *f = test->priv;

	add_flow(test, 2, 1, again, 1);
	add_flow(test, 1, 0, list, 3);
	send(f, ip_frame(test), CVSW_HOST);
	expect_heap(test, &f->onward, "\2");
	expect_heap(test, &f->back, "v");
	add_flow(test, 1, 0, list, 2);
	send(f, ip_frame(test), CVSW_HOST);
	expect_heap(test, &f->onward, "\2");
	expect_heap(test, &f->back, "");
	add_flow(test, 1, 0, list + 1, 1);
	send(f, ip_frame(test), CVSW_HOST);
	expect_heap(test, &f->onward, "z");
}

static void outputs_are_bounded(struct kunit *test)
{
	static struct cvsw_action list[CVSW_MAX_ACTIONS] = { [CVSW_MAX_ACTIONS - 1] = NEXT };
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < CVSW_MAX_ACTIONS - 1; i++)
		list[i] = (struct cvsw_action)OUTPUT(CVSW_NET);
	for (i = 0; i < 20; i++)
		add_flow(test, 100 - i, 0, list, CVSW_MAX_ACTIONS);
	/* No flow is below the last one: it goes on. */
	KUNIT_EXPECT_EQ(test, send(f, ip_frame(test), CVSW_HOST), COPIES_MAX + 1U);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_CLONES), 20 * 63 - 1024ULL);
}

static void outputs_without_memory(struct kunit *test)
{
	struct fixture *f = test->priv;

	ADD(test, 1, OUTPUT(CVSW_NET), OUTPUT(CVSW_PORT_IN_PORT), OUTPUT(CVSW_NET));
	*frames_fail_at = 2;
	send(f, ip_frame(test), CVSW_HOST);
	*frames_fail_at = 0;
	expect_heap(test, &f->onward, "\2\2");
	expect_heap(test, &f->back, "");
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_NOMEM), 1ULL);
}

/* ---- against the reference ---- */

/* A list in which outputs stand anywhere. */
static void random_list(struct fixture *f)
{
	static const u16 ports[] = { CVSW_PORT_ONWARD, CVSW_PORT_IN_PORT };
	unsigned int i;

	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.n_actions = 2 + pick(&f->rnd, ACTIONS_MAX - 2);
	for (i = 0; i < f->flow.n_actions; i++) {
		random_action(&f->rnd, &f->flow.actions[i]);
		if (pick(&f->rnd, 2))
			f->flow.actions[i] = (struct cvsw_action)OUTPUT(ports[pick(&f->rnd, 2)]);
	}
}

static struct sk_buff *shared_by(struct kunit *test, struct sk_buff *skb, enum sharing sharing)
{
	struct sk_buff *other = NULL;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	if (sharing == SHARED)
		other = skb_get(skb);
	else if (sharing == CLONED)
		other = skb_clone(skb, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, !other, sharing == PRIVATE);
	return other;
}

static void check_outputs(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, begin = 0, onward = 0, back = 0;

	f->expected = f->frame;
	for (i = 0; i < f->flow.n_actions; i++) {
		const struct cvsw_action *action = &f->flow.actions[i];
		struct heap *heap = action->port == CVSW_PORT_ONWARD ? &f->onward : &f->back;
		unsigned int *n = heap == &f->onward ? &onward : &back;

		if (action->type != CVSW_ACT_OUTPUT)
			continue;
		reference_list(&f->flow.actions[begin], i - begin, &f->expected);
		begin = i;
		KUNIT_ASSERT_LT(test, *n, heap->n);
		KUNIT_ASSERT_TRUE(test, skb_is_frame(heap->skbs[(*n)++], &f->expected));
	}
	if (!onward && !back) {
		reference_list(f->flow.actions, f->flow.n_actions, &f->expected);
		KUNIT_ASSERT_EQ(test, f->onward.n, 1U);
		KUNIT_ASSERT_TRUE(test, skb_is_frame(f->onward.skbs[0], &f->expected));
		onward++;
	}
	KUNIT_ASSERT_EQ(test, f->onward.n, onward);
	KUNIT_ASSERT_EQ(test, f->back.n, back);
}

static void outputs_like_the_reference(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb, *other;
	bool damaged, whole;
	struct cvsw_layout at;
	struct cvsw_key key;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		random_list(f);
		KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
		random_frame(&f->rnd, &f->frame);
		damaged = !pick(&f->rnd, 4);
		if (damaged)
			damage_frame(&f->rnd, &f->frame);
		whole = !reference_key(&f->frame, CVSW_NET, &key, &at) && at.whole;
		skb = random_skb(&f->rnd, &f->frame);
		other = shared_by(test, skb, pick(&f->rnd, N_SHARINGS));
		send(f, skb, 1 + pick(&f->rnd, 2));
		/*
		 * Of damaged ones, and those that no stack may have, there is no reference, but KASAN,
		 * and others' bytes stay.
		 */
		if (!damaged && whole)
			check_outputs(test);
		if (other)
			KUNIT_ASSERT_TRUE(test, skb_is_frame(other, &f->frame));
		kfree_skb(other);
		if (test->status == KUNIT_FAILURE)
			return;
		cond_resched();
	}
}

static int outputs_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->engine.turn = turn;
	prandom_seed_state(&f->rnd, 5);
	return bare_engine_init(&f->engine);
}

static void outputs_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	reap(&f->onward);
	reap(&f->back);
	bare_engine_exit(&f->engine);
}

static struct kunit_case outputs_cases[] = {
	KUNIT_CASE(outputs_in_order),
	KUNIT_CASE(outputs_and_clones),
	KUNIT_CASE(outputs_and_next),
	KUNIT_CASE(outputs_and_layers),
	KUNIT_CASE(outputs_are_bounded),
	KUNIT_CASE(outputs_without_memory),
	KUNIT_CASE(outputs_like_the_reference),
	{}
};

static struct kunit_suite outputs_suite = {
	.name = "outputs",
	.init = outputs_init,
	.exit = outputs_exit,
	.test_cases = outputs_cases,
};
kunit_test_suite(outputs_suite);
