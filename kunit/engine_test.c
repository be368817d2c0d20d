// SPDX-License-Identifier: GPL-2.0
/* The engine as the doors see it: a frame in, a frame or none out, counted. */
#include <kunit/test.h>
#include <linux/etherdevice.h>

/* ESP has a suite of its own. */
#define cvsw_esp_encrypt	fake_encrypt
#define cvsw_esp_decrypt	fake_decrypt
#include "flows.h"
#include "fail.h"
#include "../drivers/cvsw/engine/engine.c"
#include "../drivers/cvsw/engine/layers.c"
#include "../drivers/cvsw/engine/outputs.c"
#include "bare_engine.h"
#include "frames.h"
#include "loads.h"

struct fixture {
	struct cvsw_engine engine;
	struct cvsw_flow flow;
	struct flat_frame frame;
};

/* Keeps the frame, if it is to complete later; else hands it back. */
static struct {
	bool later;
	bool others;
	struct cvsw_walk walk;
	struct sk_buff *skb;
	struct sk_buff *delivered;
} esp;

struct sk_buff *fake_encrypt(struct cvsw_walk *walk, struct sk_buff *skb, u32 spi)
{
	if (!esp.later)
		return skb;
	cvsw_walk_hold(&esp.walk, walk);
	esp.skb = skb;
	return NULL;
}

struct sk_buff *fake_decrypt(struct cvsw_walk *walk, struct sk_buff *skb,
			     const struct cvsw_layout *at)
{
	if (esp.others)
		return ERR_PTR(-ENOENT);
	walk->sa = 4711;
	return skb;
}

static void fake_deliver(struct cvsw_engine *engine, struct sk_buff *skb, enum cvsw_ingress in)
{
	esp.delivered = skb;
}

static struct {
	unsigned int n;
	enum cvsw_ingress in;
	struct sk_buff *skb;
} turned;

static void fake_turn(struct cvsw_engine *engine, struct sk_buff *skb, enum cvsw_ingress in)
{
	turned.n++;
	turned.in = in;
	turned.skb = skb;
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

	f->engine.miss = CVSW_MISS_DROP;
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

	cvsw_hits_read(entry->hits, &sums[0], &sums[1]);
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
	expect_dropped(test, skb, send(f, skb, CVSW_NET));
	/* Where no flow is of what the host sends, nobody looks at it. */
	skb = held_frame(test, 13);
	expect_passed(test, skb, send(f, skb, CVSW_HOST));
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_ACTION), 1ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_RX_HIT), 1ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_SHORT), 1ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_TX_MISS), 1ULL);
}

/* With an action that writes: the frame held by someone else stays as it was. */
static void engine_rewrites(struct kunit *test)
{
	static const u8 mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	struct fixture *f = test->priv;
	struct sk_buff *skb, *out;

	add_flow(test, CVSW_HOST, 2);
	f->flow.actions[1] = f->flow.actions[0];
	f->flow.actions[0] = cvsw_action_set(CVSW_SET_DL_DST, ether_addr_to_u64(mac));
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
	skb = held_frame(test, 100);
	out = send(f, skb, CVSW_HOST);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, out);
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(out->data, mac));
	KUNIT_EXPECT_TRUE(test, skb_is_frame(skb, &f->frame));
	kfree_skb(out);
	kfree_skb(skb);
}

/* ---- layers, passes, clones ---- */

#define VNI	7

static void flow_begin(struct fixture *f, u16 priority)
{
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.priority = priority;
}

static struct cvsw_action *flow_action(struct fixture *f, enum cvsw_action_type type)
{
	struct cvsw_action *action = &f->flow.actions[f->flow.n_actions++];

	action->type = type;
	return action;
}

static void flow_set_dst(struct fixture *f, u8 last)
{
	*flow_action(f, CVSW_ACT_LOAD) = (struct cvsw_action)SET_MAC(ETH_DST, 2, 0, 0, 0, 0, last);
}

static void flow_clone_to(struct fixture *f, u8 last)
{
	flow_action(f, CVSW_ACT_CLONE)->n_cloned = 1;
	flow_set_dst(f, last);
}

static void flow_encap(struct fixture *f, u8 last)
{
	flow_action(f, CVSW_ACT_VXLAN_ENCAP)->tunnel = (struct cvsw_tunnel){
		.type = CVSW_TUNNEL_VXLAN, .ttl = 64, .udp_dst = 4789, .id = VNI,
		.dl_dst = { 2, 0, 0, 0, 1, last }, .dl_src = { 2, 0, 0, 0, 1, 1 },
		.src = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 },
		.dst = { [10] = 0xff, [11] = 0xff, 10, 0, 0, last },
	};
}

static void flow_end(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
}

/* What came out, freed: how many frames, and the last byte of each one's destination. */
static unsigned int reap(struct sk_buff *list, u8 *last, unsigned int max)
{
	unsigned int n = 0;

	while (list) {
		struct sk_buff *next = list->next;

		if (n < max)
			last[n] = list->data[5];
		n++;
		kfree_skb(list);
		list = next;
	}
	return n;
}

static struct sk_buff *ip_frame(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 *ip = f->frame.data + 14;

	memset(f->frame.data, 2, 100);
	put16(f->frame.data + 12, ETH_P_IP);
	ip[0] = 0x45;
	put16(ip + 2, 86);
	put16(ip + 6, 0x4000);
	ip[9] = IPPROTO_UDP;
	write_checksums(ip, NULL, 0);
	f->frame.len = 100;
	return linear_skb(&f->frame);
}

/* A frame in VXLAN, made by a flow that stays. */
static struct sk_buff *tunnelled_frame(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *tunnelled;

	flow_begin(f, 1);
	f->flow.match.key.in_port = f->flow.match.mask.in_port = CVSW_HOST;
	flow_encap(f, 2);
	flow_action(f, CVSW_ACT_OUTPUT)->port = CVSW_PORT_ONWARD;
	flow_end(test);
	tunnelled = send(f, ip_frame(test), CVSW_HOST);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tunnelled);
	return tunnelled;
}

/* A flow that encapsulates all there is finds its own frames again. */
static void engine_passes(struct kunit *test)
{
	struct fixture *f = test->priv;

	flow_begin(f, 1);
	flow_encap(f, 2);
	flow_end(test);
	KUNIT_EXPECT_PTR_EQ(test, send(f, ip_frame(test), CVSW_HOST), NULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_PASSES), 1ULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_TX_HIT), 1ULL);
	/* An output ends the way at once. */
	flow_action(f, CVSW_ACT_OUTPUT)->port = CVSW_PORT_ONWARD;
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), NULL, 0), 1U);
	/* And so does not being of the first pass. */
	table_delete(f->engine.table, &f->flow.match);
	f->flow.n_actions = 1;
	f->flow.match.mask.pass = 0xff;
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), NULL, 0), 1U);
	f->engine.wire_mtu = 100;
	KUNIT_EXPECT_PTR_EQ(test, send(f, ip_frame(test), CVSW_HOST), NULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_TOO_BIG), 1ULL);
	f->engine.control_mtu = 86;
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), NULL, 0), 1U);
}

/* What a frame came out of is in its second key, and not in its first. */
static void engine_identity(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *tunnelled = tunnelled_frame(test);
	u8 last;

	flow_begin(f, 2);
	f->flow.match.key.in_port = f->flow.match.mask.in_port = CVSW_NET;
	f->flow.match.mask.pass = 0xff;
	flow_action(f, CVSW_ACT_DECRYPT);
	flow_action(f, CVSW_ACT_VXLAN_DECAP);
	flow_end(test);
	flow_begin(f, 3);
	f->flow.match.mask.tun_type = 0xff;
	f->flow.match.key.tun_type = CVSW_TUNNEL_VXLAN;
	f->flow.match.mask.tun_id = 0xffffff;
	f->flow.match.key.tun_id = VNI;
	f->flow.match.mask.sa = ~0;
	f->flow.match.key.sa = 4711;
	f->flow.match.mask.pass = 0xff;
	f->flow.match.key.pass = 1;
	memset(f->flow.match.mask.tun_src, 0xff, 16);
	memcpy(f->flow.match.key.tun_src, (u8[16]){ [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 }, 16);
	memset(f->flow.match.mask.tun_dst, 0xff, 16);
	memcpy(f->flow.match.key.tun_dst, (u8[16]){ [10] = 0xff, [11] = 0xff, 10, 0, 0, 2 }, 16);
	flow_set_dst(f, 33);
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, skb_get(tunnelled), CVSW_NET), &last, 1), 1U);
	KUNIT_EXPECT_EQ(test, last, 33);

	f->engine.miss = CVSW_MISS_DROP;	/* another VNI's is nobody's */
	put32(tunnelled->data + 46, (VNI + 1) << 8);
	KUNIT_EXPECT_EQ(test, reap(send(f, tunnelled, CVSW_NET), &last, 1), 0U);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_MISS), 1ULL);
}

/* What came out of a tunnel has a hash by its own headers, so that GRO tells flows apart. */
static void engine_hash(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, same = 0;
	struct sk_buff *skb;
	u32 hash[40];

	flow_begin(f, 1);
	f->flow.match.key.in_port = f->flow.match.mask.in_port = CVSW_HOST;
	flow_encap(f, 2);
	flow_action(f, CVSW_ACT_OUTPUT)->port = CVSW_PORT_ONWARD;
	flow_end(test);
	flow_begin(f, 2);
	f->flow.match.key.in_port = f->flow.match.mask.in_port = CVSW_NET;
	f->flow.match.mask.pass = 0xff;
	flow_action(f, CVSW_ACT_VXLAN_DECAP);
	flow_end(test);
	flow_begin(f, 3);
	f->flow.match.key.in_port = f->flow.match.mask.in_port = CVSW_NET;
	f->flow.match.mask.pass = 0xff;
	f->flow.match.key.pass = 1;
	f->flow.actions[f->flow.n_actions++] = cvsw_action_set(CVSW_SET_TP_DST, 9);
	flow_end(test);
	for (i = 0; i < ARRAY_SIZE(hash); i++) {
		skb = ip_frame(test);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb->data[34] = i / 2;
		skb = send(f, skb, CVSW_HOST);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_clear_hash(skb);
		skb = send(f, skb, CVSW_NET);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		KUNIT_EXPECT_EQ(test, skb->len, 100U);
		KUNIT_EXPECT_TRUE(test, skb->l4_hash && skb->sw_hash);
		hash[i] = skb->hash;
		kfree_skb(skb);
	}
	for (i = 0; i < ARRAY_SIZE(hash); i += 2) {
		KUNIT_EXPECT_EQ(test, hash[i], hash[i + 1]);
		same += hash[i] == hash[0];
	}
	KUNIT_EXPECT_LT(test, same, 4U);

	/* One that had a hash keeps it, rewritten or not. */
	flow_begin(f, 4);
	f->flow.match.key.in_port = f->flow.match.mask.in_port = CVSW_NET;
	f->flow.actions[f->flow.n_actions++] = cvsw_action_set(CVSW_SET_NW_DST, 0x0a000009);
	f->flow.priority = 1000;
	flow_end(test);
	skb = ip_frame(test);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	__skb_set_sw_hash(skb, 4711, true);
	skb = send(f, skb, CVSW_NET);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, skb->hash, 4711U);
	kfree_skb(skb);
}

/* What this port has no SA for goes on below, once, in the same pass. */
static void engine_others_esp(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 last;

	esp.others = true;
	flow_begin(f, 1);
	f->flow.priority = 100;
	flow_action(f, CVSW_ACT_DECRYPT);
	flow_action(f, CVSW_ACT_VXLAN_DECAP);
	flow_end(test);
	/* As if there were no such flow: the miss... */
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_NET), &last, 1), 1U);
	KUNIT_EXPECT_EQ(test, last, 2);
	/* ...or what is below, which may send it on again. */
	f->flow.priority = 50;
	flow_end(test);
	flow_begin(f, 2);
	f->flow.priority = 10;
	f->flow.match.mask.pass = 0xff;
	flow_set_dst(f, 44);
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_NET), &last, 1), 1U);
	KUNIT_EXPECT_EQ(test, last, 44);
	flow_begin(f, 3);
	f->flow.priority = 20;
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_NET), &last, 1), 0U);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_ACTION), 1ULL);
	esp.others = false;
}

/* One flow for all frames, as the published driver's controllers have it. */
static void engine_strips(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *tunnelled, *bad;
	u8 last;

	flow_begin(f, 1);
	f->flow.match.key.in_port = f->flow.match.mask.in_port = CVSW_HOST;
	flow_encap(f, 2);
	flow_action(f, CVSW_ACT_OUTPUT)->port = CVSW_PORT_ONWARD;
	flow_end(test);
	tunnelled = send(f, ip_frame(test), CVSW_HOST);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tunnelled);
	bad = skb_copy(tunnelled, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bad);
	bad->data[42] = 0;	/* no VNI */

	flow_begin(f, 1);
	f->flow.match.key.in_port = f->flow.match.mask.in_port = CVSW_NET;
	flow_action(f, CVSW_ACT_VXLAN_STRIP);
	flow_end(test);
	f->engine.miss = CVSW_MISS_DROP;
	/* Without an output what was in it is looked up again, and has nothing to strip. */
	KUNIT_EXPECT_EQ(test, reap(send(f, skb_get(tunnelled), CVSW_NET), &last, 1), 1U);
	KUNIT_EXPECT_EQ(test, last, 2);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_ACTION_SKIPPED), 1ULL);
	kfree_skb(tunnelled);

	/* Plain UDP, and ARP. */
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_NET), &last, 1), 1U);
	kfree_skb(ip_frame(test));
	put16(f->frame.data + 12, ETH_P_ARP);
	KUNIT_EXPECT_EQ(test, reap(send(f, linear_skb(&f->frame), CVSW_NET), &last, 1), 1U);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_ACTION_SKIPPED), 3ULL);

	KUNIT_EXPECT_PTR_EQ(test, send(f, bad, CVSW_NET), NULL);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_VXLAN_NO_VNI), 1ULL);
}

static void engine_clones(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 last[3];

	flow_begin(f, 1);
	flow_clone_to(f, 11);
	flow_clone_to(f, 12);
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), last, 3), 3U);
	KUNIT_EXPECT_EQ(test, memcmp(last, (u8[]){ 11, 12, 2 }, 3), 0);
	flow_action(f, CVSW_ACT_OUTPUT)->port = CVSW_PORT_NONE;
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), last, 3), 2U);
	KUNIT_EXPECT_EQ(test, memcmp(last, (u8[]){ 11, 12 }, 2), 0);
}

/* Each clone in its own tunnel, the original in a third, one of them looked up and dropped. */
static void engine_clones_in_tunnels(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 last[3];

	flow_begin(f, 1);
	f->flow.match.mask.pass = 0xff;
	flow_action(f, CVSW_ACT_CLONE)->n_cloned = 2;
	flow_encap(f, 21);
	flow_set_dst(f, 22);
	flow_action(f, CVSW_ACT_CLONE)->n_cloned = 1;
	flow_encap(f, 23);
	flow_encap(f, 24);
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), last, 3), 3U);
	KUNIT_EXPECT_EQ(test, memcmp(last, (u8[]){ 22, 23, 24 }, 3), 0);

	flow_begin(f, 2);
	f->flow.match.mask.nw_dst = ~0;
	f->flow.match.key.nw_dst = 0x0a000017;
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), last, 3), 2U);
	KUNIT_EXPECT_EQ(test, memcmp(last, (u8[]){ 22, 24 }, 2), 0);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_ACTION), 1ULL);
}

static void engine_next(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;
	u8 last[65];

	for (i = 0; i < 65; i++) {
		flow_begin(f, 1000 - i);
		if (i == 64) {
			flow_action(f, CVSW_ACT_OUTPUT)->port = CVSW_PORT_NONE;
		} else {
			flow_clone_to(f, i);
			flow_action(f, CVSW_ACT_NEXT);
		}
		flow_end(test);
	}
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), last, 65), 64U);
	for (i = 0; i < 64; i++)
		KUNIT_EXPECT_EQ(test, last[i], i);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_NEXT), 0ULL);

	flow_begin(f, 1000 - 64);
	flow_action(f, CVSW_ACT_NEXT);
	flow_end(test);
	flow_begin(f, 1);
	flow_set_dst(f, 99);
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), last, 65), 64U);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_NEXT), 1ULL);
}

/* What one flow writes down the next lookup sees, and no other frame does. */
static void engine_registers(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_load *load;
	u8 last[2];

	flow_begin(f, 10);
	load = &flow_action(f, CVSW_ACT_LOAD)->load;
	*load = cvsw_load_of(CVSW_FIELD_REG15, 4, 8, 0x5a);
	load = &flow_action(f, CVSW_ACT_LOAD)->load;
	*load = cvsw_load_of(CVSW_FIELD_METADATA, 0, 64, 1ULL << 63);
	flow_clone_to(f, 7);
	flow_action(f, CVSW_ACT_NEXT);
	flow_end(test);
	flow_begin(f, 5);
	f->flow.match.key.regs[15] = 0x5a0;
	f->flow.match.mask.regs[15] = 0xffffffff;
	f->flow.match.key.metadata = 1ULL << 63;
	f->flow.match.mask.metadata = ~0ULL;
	flow_set_dst(f, 9);
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), last, 2), 2U);
	KUNIT_EXPECT_EQ(test, last[1], 9);

	/* Without the first flow they are zero. */
	flow_begin(f, 10);
	flow_action(f, CVSW_ACT_NEXT);
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), last, 2), 1U);
	KUNIT_EXPECT_NE(test, last[0], 9);
}

/* A table that is looked up behind a tunnel's end, in the same pass, sees what the frame came out of. */
static void engine_tables_behind_layers(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *tunnelled = tunnelled_frame(test);
	u8 last;

	flow_begin(f, 1);
	f->flow.match.key.in_port = f->flow.match.mask.in_port = CVSW_NET;
	flow_action(f, CVSW_ACT_DECRYPT);
	flow_action(f, CVSW_ACT_VXLAN_DECAP);
	flow_action(f, CVSW_ACT_GOTO_TABLE)->table = 1;
	flow_end(test);
	flow_begin(f, 1);
	f->flow.match.table = 1;
	f->flow.match.mask.tun_id = 0xffffff;
	f->flow.match.key.tun_id = VNI;
	f->flow.match.mask.sa = ~0;
	f->flow.match.key.sa = 4711;
	flow_set_dst(f, 33);
	flow_action(f, CVSW_ACT_OUTPUT)->port = CVSW_PORT_ONWARD;
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, skb_get(tunnelled), CVSW_NET), &last, 1), 1U);
	KUNIT_EXPECT_EQ(test, last, 33);
	put32(tunnelled->data + 46, (VNI + 1) << 8);
	KUNIT_EXPECT_EQ(test, reap(send(f, tunnelled, CVSW_NET), &last, 1), 0U);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_TABLE), 1ULL);
}

/* Each segment begins with the registers that the frame had, and so does what they are looked up by. */
static void engine_registers_of_segments(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb = ip_frame(test);
	u8 last[3] = {};

	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	skb_shinfo(skb)->gso_size = 22;
	flow_begin(f, 1);
	f->flow.match.mask.pass = 0xff;
	flow_encap(f, 2);
	flow_end(test);
	f->flow.match.key.pass = 1;
	f->flow.n_actions = 0;
	flow_action(f, CVSW_ACT_MOVE)->move = (struct cvsw_move){
		.src = CVSW_FIELD_REG0, .dst = CVSW_FIELD_REG0 + 1, .n_bits = 32 };
	flow_action(f, CVSW_ACT_LOAD)->load = cvsw_load_of(CVSW_FIELD_REG0, 0, 32, 5);
	flow_action(f, CVSW_ACT_GOTO_TABLE)->table = 1;
	flow_end(test);
	flow_begin(f, 1);
	f->flow.match.table = 1;
	f->flow.match.mask.regs[1] = ~0;
	flow_set_dst(f, 9);
	flow_action(f, CVSW_ACT_OUTPUT)->port = CVSW_PORT_ONWARD;
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, skb, CVSW_HOST), last, 3), 3U);
	KUNIT_EXPECT_EQ(test, last[0], 9);
	KUNIT_EXPECT_EQ(test, last[2], 9);
}

static void hear_nothing(struct cvsw_engine *engine, const struct cvsw_walk *walk,
			 const struct sk_buff *skb, unsigned int max_len)
{
}

/* As the last of its list it is where the frame goes, though another list or a set waits. */
static void engine_controller_ends_the_frame(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->engine.to_controller = hear_nothing;
	flow_begin(f, 1);
	flow_action(f, CVSW_ACT_RESUBMIT)->resubmit = (struct cvsw_resubmit){
		.port = CVSW_PORT_IN_PORT, .table = 1 };
	flow_set_dst(f, 9);
	flow_end(test);
	flow_begin(f, 1);
	f->flow.match.table = 1;
	flow_action(f, CVSW_ACT_CONTROLLER)->max_len = 128;
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), NULL, 0), 0U);
	flow_begin(f, 1);
	flow_action(f, CVSW_ACT_WRITE_ACTIONS)->n_written = 1;
	flow_action(f, CVSW_ACT_STRIP_VLAN);
	flow_action(f, CVSW_ACT_GOTO_TABLE)->table = 1;
	flow_end(test);
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), NULL, 0), 0U);
}

static void engine_too_many_clones(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, j;

	for (i = 0; i < 40; i++) {
		flow_begin(f, 1000 - i);
		for (j = 0; j < 30; j++)
			flow_clone_to(f, j);
		flow_action(f, CVSW_ACT_NEXT);
		flow_end(test);
	}
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), NULL, 0), 1025U);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_CLONES), 40 * 30 - 1024ULL);
}

/* A frame that comes back later goes on where it stood, though its flow is gone. */
static void engine_resume(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 last;

	flow_begin(f, 1);
	f->flow.match.mask.pass = U8_MAX;
	flow_action(f, CVSW_ACT_ENCRYPT)->spi = 300;
	flow_set_dst(f, 44);
	flow_end(test);
	f->engine.deliver = fake_deliver;
	esp.later = true;
	KUNIT_EXPECT_PTR_EQ(test, send(f, ip_frame(test), CVSW_HOST), NULL);
	esp.later = false;
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, esp.skb);
	table_delete(f->engine.table, &f->flow.match);
	rcu_barrier();
	local_bh_disable();
	cvsw_engine_resume(&esp.walk, esp.skb);
	local_bh_enable();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, esp.delivered);
	KUNIT_EXPECT_EQ(test, reap(esp.delivered, &last, 1), 1U);
	KUNIT_EXPECT_EQ(test, last, 44);
}

/* Nor does it go on if it was through but for what it waited for. */
static void engine_resume_behind_outputs(struct kunit *test)
{
	struct fixture *f = test->priv;

	flow_begin(f, 1);
	flow_action(f, CVSW_ACT_OUTPUT)->port = CVSW_PORT_ONWARD;
	flow_action(f, CVSW_ACT_ENCRYPT)->spi = 300;
	flow_end(test);
	f->engine.deliver = fake_deliver;
	esp.later = true;
	KUNIT_EXPECT_EQ(test, reap(send(f, ip_frame(test), CVSW_HOST), NULL, 0), 1U);
	esp.later = false;
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, esp.skb);
	local_bh_disable();
	cvsw_engine_resume(&esp.walk, esp.skb);
	local_bh_enable();
	KUNIT_EXPECT_PTR_EQ(test, esp.delivered, NULL);
}

static void stats_names(struct kunit *test)
{
	char name[40], other[40];
	unsigned int i, j;

	for (i = 0; i < CVSW_N_COUNTERS; i++) {
		cvsw_stats_name(i, name, sizeof(name));
		KUNIT_EXPECT_GT(test, strlen(name), 3UL);
		for (j = 0; j < i; j++) {
			cvsw_stats_name(j, other, sizeof(other));
			KUNIT_EXPECT_NE(test, strcmp(name, other), 0);
		}
	}
	cvsw_stats_name(CVSW_CNT_V3(CVSW_V3_DROP_LENGTH), name, sizeof(name));
	KUNIT_EXPECT_STREQ(test, name, "ctl-v3-length");
#ifdef CVSW_VERSION2
	cvsw_stats_name(CVSW_CNT_FAULT(CVSW_FAULT_LENGTH), name, sizeof(name));
	KUNIT_EXPECT_STREQ(test, name, "ctl-bad-length");
#endif
	cvsw_stats_name(CVSW_CNT_TX_HIT, name, 4);
	KUNIT_EXPECT_STREQ(test, name, "tx-");
}

static int engine_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	memset(&esp, 0, sizeof(esp));
	return bare_engine_init(&f->engine);
}

static void engine_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	bare_engine_exit(&f->engine);
}

/* Where each output takes a frame, from either side. */
static void engine_outputs(struct kunit *test)
{
	static const struct {
		u16 port;
		enum cvsw_ingress in;
		enum { ONWARD, BACK, NOWHERE, REFUSED } way;
	} ways[] = {
		{ CVSW_PORT_ONWARD, CVSW_HOST, ONWARD }, { CVSW_PORT_ONWARD, CVSW_NET, ONWARD },
		{ CVSW_PORT_NONE, CVSW_HOST, NOWHERE }, { CVSW_PORT_NONE, CVSW_NET, NOWHERE },
		{ CVSW_PORT_IN_PORT, CVSW_HOST, BACK }, { CVSW_PORT_IN_PORT, CVSW_NET, BACK },
		{ CVSW_PORT_LOCAL, CVSW_HOST, BACK }, { CVSW_PORT_LOCAL, CVSW_NET, ONWARD },
		{ CVSW_PORT_FLOOD, CVSW_HOST, ONWARD }, { CVSW_PORT_FLOOD, CVSW_NET, ONWARD },
		{ CVSW_PORT_ALL, CVSW_HOST, ONWARD }, { CVSW_PORT_ALL, CVSW_NET, ONWARD },
		{ CVSW_HOST, CVSW_HOST, REFUSED }, { CVSW_HOST, CVSW_NET, ONWARD },
		{ CVSW_NET, CVSW_HOST, ONWARD }, { CVSW_NET, CVSW_NET, REFUSED },
	};
	struct fixture *f = test->priv;
	unsigned int i;

	f->engine.turn = fake_turn;
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		struct sk_buff *skb = held_frame(test, 100), *onward;
		u64 refused = count(f, CVSW_CNT_DROP_IN_PORT);

		memset(&turned, 0, sizeof(turned));
		memset(&f->flow, 0, sizeof(f->flow));
		f->flow.n_actions = 1;
		f->flow.actions[0] = (struct cvsw_action){ CVSW_ACT_OUTPUT, .port = ways[i].port };
		KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
		onward = send(f, skb, ways[i].in);
		KUNIT_EXPECT_EQ(test, !!onward, ways[i].way == ONWARD);
		KUNIT_EXPECT_EQ(test, turned.n, ways[i].way == BACK);
		KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_IN_PORT) - refused,
				ways[i].way == REFUSED);
		if (turned.n) {
			KUNIT_EXPECT_EQ(test, turned.in, ways[i].in);
			/* It was shared: the other holder's stays as it is. */
			KUNIT_EXPECT_PTR_NE(test, turned.skb, skb);
		}
		kfree_skb(turned.skb);
		kfree_skb(onward);
		KUNIT_EXPECT_EQ(test, refcount_read(&skb->users), 1U);
		kfree_skb(skb);
	}
}

static struct kunit_case engine_cases[] = {
	KUNIT_CASE(engine_outputs),
	KUNIT_CASE(engine_without_flows),
	KUNIT_CASE(engine_miss_drop),
	KUNIT_CASE(engine_hits),
	KUNIT_CASE(engine_drops),
	KUNIT_CASE(engine_rewrites),
	KUNIT_CASE(engine_passes),
	KUNIT_CASE(engine_identity),
	KUNIT_CASE(engine_hash),
	KUNIT_CASE(engine_others_esp),
	KUNIT_CASE(engine_strips),
	KUNIT_CASE(engine_clones),
	KUNIT_CASE(engine_clones_in_tunnels),
	KUNIT_CASE(engine_next),
	KUNIT_CASE(engine_registers),
	KUNIT_CASE(engine_tables_behind_layers),
	KUNIT_CASE(engine_registers_of_segments),
	KUNIT_CASE(engine_controller_ends_the_frame),
	KUNIT_CASE(engine_too_many_clones),
	KUNIT_CASE(engine_resume),
	KUNIT_CASE(engine_resume_behind_outputs),
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
