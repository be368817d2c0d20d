// SPDX-License-Identifier: GPL-2.0
/* Frames too large for their layers: which, who is told what, and how often. */
#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>

static int take_answer(struct sk_buff *skb);
#define netif_rx(skb)	take_answer(skb)
#include "../drivers/cvsw/engine/mtu.c"
#undef netif_rx
#include "bare_engine.h"
#include "frames.h"

#define FLOOD	10000

/**
 * struct fixture - an engine with a tunnel for all that the host sends
 * @frame: as the host sends it
 * @answer: the last one
 * @answers: how many
 */
struct fixture {
	struct cvsw_engine engine;
	struct cvsw_flow flow;
	struct flat_frame frame;
	struct flat_frame answer;
	unsigned int answers;
};

/* Of the running test; NULL: other suites' answers go to the stack. */
static struct fixture *taker;

static int take_answer(struct sk_buff *skb)
{
	if (!taker)
		return netif_rx(skb);
	skb_push(skb, ETH_HLEN);
	skb_to_frame(skb, &taker->answer);
	taker->answers++;
	kfree_skb(skb);
	return NET_RX_SUCCESS;
}

enum kind { IPV4_DF, IPV4, IPV6, N_KINDS };

/* A frame of @tags tags around a packet of @packet bytes from station @from. */
static void make_frame(struct fixture *f, enum kind kind, unsigned int tags, unsigned int packet,
		       u8 from)
{
	u8 *p = f->frame.data, *ip = p + ETH_HLEN + tags * VLAN_HLEN;
	unsigned int i;

	memset(&f->frame, 0, sizeof(f->frame));
	f->frame.len = ip - p + packet;
	p[0] = p[6] = 2;
	p[5] = 9;
	for (i = 0; i < tags; i++) {
		put16(p + 12 + i * VLAN_HLEN, i + 1 < tags ? ETH_P_8021AD : ETH_P_8021Q);
		put16(p + 14 + i * VLAN_HLEN, 100 + i);
	}
	put16(ip - 2, kind == IPV6 ? ETH_P_IPV6 : ETH_P_IP);
	if (kind == IPV6) {
		ip[0] = 0x60;
		put16(ip + 4, packet - 40);
		ip[6] = IPPROTO_UDP;
		ip[8] = ip[24] = 0xfd;
		ip[23] = from;
		return;
	}
	ip[0] = 0x45;
	put16(ip + 2, packet);
	put16(ip + 6, kind == IPV4_DF ? 0x4000 : 0);
	ip[9] = IPPROTO_UDP;
	put32(ip + 12, 0x0a000000 + from);
	put32(ip + 16, 0x0a0000fe);
	write_checksums(ip, NULL, 0);
}

/* Return: did it go on? */
static bool send_skb(struct fixture *f, struct sk_buff *skb)
{
	skb->dev = init_net.loopback_dev;
	skb_reset_mac_header(skb);
	local_bh_disable();
	skb = cvsw_handle_frame(&f->engine, skb, CVSW_HOST);
	local_bh_enable();
	kfree_skb_list(skb);
	return skb;
}

static bool sent(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb = linear_skb(&f->frame);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	return send_skb(f, skb);
}

static u64 count(struct fixture *f, enum cvsw_counter counter)
{
	return cvsw_stats_read(f->engine.stats, counter);
}

/* All who were told may be told again. */
static void forget(struct fixture *f)
{
	memset(f->engine.told, 0, sizeof(f->engine.told));
	f->answers = 0;
}

/* The answer to f->frame: by the way it came, tags and all, with this MTU in it. */
static void check_answer(struct kunit *test, enum kind kind, unsigned int tags, unsigned int mtu)
{
	struct fixture *f = test->priv;
	unsigned int l2 = ETH_HLEN + tags * VLAN_HLEN;
	const u8 *p = f->answer.data, *ip = p + l2;

	KUNIT_EXPECT_EQ(test, f->answers, 1U);
	KUNIT_EXPECT_EQ(test, memcmp(p, f->frame.data + ETH_ALEN, ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, memcmp(p + ETH_ALEN, f->frame.data, ETH_ALEN), 0);
	KUNIT_EXPECT_EQ(test, memcmp(p + 12, f->frame.data + 12, l2 - 12), 0);
	if (kind == IPV6) {
		KUNIT_EXPECT_EQ(test, ip[6], IPPROTO_ICMPV6);
		KUNIT_EXPECT_EQ(test, ip[40], ICMPV6_PKT_TOOBIG);
		KUNIT_EXPECT_EQ(test, get32(ip + 44), mtu);
		KUNIT_EXPECT_EQ(test, memcmp(ip + 48, f->frame.data + l2, 200), 0);
		return;
	}
	KUNIT_EXPECT_EQ(test, inet_sum(ip, 20, 0), 0xffff);
	KUNIT_EXPECT_EQ(test, inet_sum(ip + 20, f->answer.len - l2 - 20, 0), 0xffff);
	KUNIT_EXPECT_EQ(test, ip[20], ICMP_DEST_UNREACH);
	KUNIT_EXPECT_EQ(test, ip[21], ICMP_FRAG_NEEDED);
	KUNIT_EXPECT_EQ(test, (unsigned int)get16(ip + 26), mtu);
	KUNIT_EXPECT_EQ(test, memcmp(ip + 28, f->frame.data + l2, 200), 0);
}

/* @room: what fits without a tag. */
static void check_sizes(struct kunit *test, unsigned int room)
{
	struct fixture *f = test->priv;
	unsigned int tags, told = 0;
	enum kind kind;

	for (kind = 0; kind < N_KINDS; kind++) {
		for (tags = 0; tags <= 2; tags++) {
			unsigned int fits = room - tags * VLAN_HLEN;

			forget(f);
			make_frame(f, kind, tags, fits, 1);
			KUNIT_EXPECT_TRUE_MSG(test, sent(test), "%u tags, %u", tags, fits);
			make_frame(f, kind, tags, fits + 1, 1);
			KUNIT_EXPECT_FALSE_MSG(test, sent(test), "%u tags, %u", tags, fits + 1);
			check_answer(test, kind, tags, fits);
			KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_TOO_BIG_TOLD), ++told);
		}
	}
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_TOO_BIG), 0ULL);
}

/* Inside of a tunnel a tag is payload. */
static void tags_on_a_wire_that_is_known(struct kunit *test)
{
	check_sizes(test, 1450);
}

static void tags_where_the_controller_left_room(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->engine.wire_mtu = 1300;
	f->engine.control_mtu = 1416;
	check_sizes(test, 1416);
}

/* As the stack leaves it to the device. */
static void tag_beside_the_frame(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int more;
	struct sk_buff *skb;

	for (more = 0; more < 2; more++) {
		forget(f);
		make_frame(f, IPV4_DF, 0, 1446 + more, 1);
		skb = linear_skb(&f->frame);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 100);
		skb->protocol = htons(ETH_P_IP);
		KUNIT_EXPECT_EQ(test, send_skb(f, skb), !more);
	}
	make_frame(f, IPV4_DF, 1, 1447, 1);
	check_answer(test, IPV4_DF, 1, 1446);
}

/* Segments count, with the headers that each of them gets, not the giant. */
static void giants_with_tags(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int more, l2 = ETH_HLEN + VLAN_HLEN;
	struct sk_buff *skb;

	for (more = 0; more < 2; more++) {
		forget(f);
		make_frame(f, IPV4_DF, 1, 2000, 1);
		f->frame.data[l2 + 9] = IPPROTO_TCP;
		f->frame.data[l2 + 20 + 12] = 5 << 4;
		skb = linear_skb(&f->frame);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_set_network_header(skb, l2);
		skb_set_transport_header(skb, l2 + 20);
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_headroom(skb) + l2 + 20;
		skb->csum_offset = 16;
		skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
		skb_shinfo(skb)->gso_size = 1446 - 40 + more;
		skb_shinfo(skb)->gso_segs = 2;
		KUNIT_EXPECT_EQ(test, send_skb(f, skb), !more);
	}
	KUNIT_EXPECT_EQ(test, get16(f->answer.data + l2 + 26), 1446);
}

/* RFC 1122, 3.2.2; 3.2.1.3 */
static void nobody_to_tell(struct kunit *test)
{
	static const struct {
		u8 at, value;
	} lies[] = { { 16, 0xe0 }, { 12, 0xe0 }, { 6, 0x01 }, { 9, IPPROTO_ICMP } };
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		forget(f);
		make_frame(f, IPV4_DF, 0, 1451, 1);
		f->frame.data[ETH_HLEN + lies[i].at] = lies[i].value;
		if (lies[i].value == IPPROTO_ICMP)
			f->frame.data[ETH_HLEN + 20] = ICMP_DEST_UNREACH;
		KUNIT_EXPECT_FALSE(test, sent(test));
		KUNIT_EXPECT_EQ(test, f->answers, 0U);
		KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_TOO_BIG), i + 1ULL);
	}
}

/* A sender that does not listen costs no more than its frames; another's turn comes all the same. */
static void flood(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned long start = jiffies;
	unsigned int i, most;

	make_frame(f, IPV4_DF, 0, 1451, 1);
	for (i = 0; i < FLOOD; i++)
		KUNIT_EXPECT_FALSE(test, sent(test));
	most = (jiffies - start) / TOLD_PAUSE + 1;
	KUNIT_EXPECT_GE(test, f->answers, 1U);
	KUNIT_EXPECT_LE(test, f->answers, most);
	KUNIT_EXPECT_LT(test, f->answers, FLOOD / 10U);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_TOO_BIG_TOLD), (u64)f->answers);
	KUNIT_EXPECT_EQ(test, count(f, CVSW_CNT_DROP_TOO_BIG_AGAIN), (u64)FLOOD - f->answers);

	/* Of thirty others few meet in one place. */
	f->answers = 0;
	for (i = 2; i < 32; i++) {
		make_frame(f, i % 2 ? IPV6 : IPV4, 0, 1451, i);
		KUNIT_EXPECT_FALSE(test, sent(test));
	}
	KUNIT_EXPECT_GT(test, f->answers, 15U);
}

static int mtu_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct cvsw_flow *flow;

	if (!f)
		return -ENOMEM;
	test->priv = f;
	if (bare_engine_init(&f->engine))
		return -ENOMEM;
	taker = f;
	flow = &f->flow;
	flow->n_actions = 2;
	flow->actions[0] = (struct cvsw_action){ .type = CVSW_ACT_VXLAN_ENCAP, .tunnel = {
		.type = CVSW_TUNNEL_VXLAN, .ttl = 64, .udp_dst = CVSW_VXLAN_PORT, .id = 7,
		.dl_dst = { 2, 0, 0, 0, 1, 2 }, .dl_src = { 2, 0, 0, 0, 1, 1 },
		.src = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 },
		.dst = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 2 },
	} };
	flow->actions[1] = (struct cvsw_action){ .type = CVSW_ACT_OUTPUT,
						 .port = CVSW_PORT_ONWARD };
	return cvsw_table_add(f->engine.table, flow);
}

static void mtu_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	taker = NULL;
	bare_engine_exit(&f->engine);
}

static struct kunit_case mtu_cases[] = {
	KUNIT_CASE(tags_on_a_wire_that_is_known),
	KUNIT_CASE(tags_where_the_controller_left_room),
	KUNIT_CASE(tag_beside_the_frame),
	KUNIT_CASE(giants_with_tags),
	KUNIT_CASE(nobody_to_tell),
	KUNIT_CASE(flood),
	{}
};

static struct kunit_suite mtu_suite = {
	.name = "mtu",
	.init = mtu_init,
	.exit = mtu_exit,
	.test_cases = mtu_cases,
};
kunit_test_suite(mtu_suite);
