// SPDX-License-Identifier: GPL-2.0
/* Key extraction against a slow, obvious reference. */
#include <kunit/test.h>
#include <linux/slab.h>

#include "../drivers/cvsw/table/key.c"
#include "frames.h"

#define ROUNDS	20000

/* Compare with the reference; the frame must not have been touched. */
static void check_key(struct kunit *test, struct sk_buff *skb, const struct flat_frame *frame)
{
	struct cvsw_layout layout, expected_layout;
	struct cvsw_key key, expected;
	unsigned int headlen = skb_headlen(skb);
	enum cvsw_ingress in = frame->len % 2 ? CVSW_HOST : CVSW_NET;
	int ret;

	memset(&key, 0xff, sizeof(key));
	ret = cvsw_key_extract(skb, in, &key, &layout);
	KUNIT_ASSERT_EQ(test, ret, reference_key(frame, in, &expected, &expected_layout));
	if (memcmp(&key, &expected, CVSW_KEY_FRAME))
		print_hex_dump(KERN_INFO, "# frame ", DUMP_PREFIX_OFFSET, 16, 1, frame->data,
			       min(frame->len, 128U), false);
	KUNIT_ASSERT_EQ(test, memcmp(&key, &expected, CVSW_KEY_FRAME), 0);
	KUNIT_ASSERT_EQ(test, layout.l3, expected_layout.l3);
	KUNIT_ASSERT_EQ(test, layout.tos, expected_layout.tos);
	KUNIT_ASSERT_EQ(test, layout.network, expected_layout.network);
	KUNIT_ASSERT_EQ(test, layout.ipv6, expected_layout.ipv6);
	KUNIT_ASSERT_EQ(test, layout.arp, expected_layout.arp);
	KUNIT_ASSERT_EQ(test, layout.transport, expected_layout.transport);
	KUNIT_ASSERT_EQ(test, layout.end, expected_layout.end);
	KUNIT_ASSERT_EQ(test, layout.protocol, expected_layout.protocol);
	KUNIT_ASSERT_EQ(test, layout.routed, expected_layout.routed);
	KUNIT_ASSERT_EQ(test, layout.fragment, expected_layout.fragment);
	KUNIT_ASSERT_EQ(test, layout.whole, expected_layout.whole);
	KUNIT_ASSERT_EQ(test, headlen, skb_headlen(skb));
	KUNIT_ASSERT_TRUE(test, skb_is_frame(skb, frame));
}

static struct flat_frame *frame_alloc(struct kunit *test)
{
	struct flat_frame *frame = kunit_kzalloc(test, sizeof(*frame), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, frame);
	return frame;
}

static void check_random(struct kunit *test, bool damaged)
{
	struct flat_frame *frame = frame_alloc(test);
	struct rnd_state rnd;
	int i;

	prandom_seed_state(&rnd, 1 + damaged);
	for (i = 0; i < ROUNDS; i++) {
		struct sk_buff *skb;
		bool shared = pick(&rnd, 2);

		random_frame(&rnd, frame);
		if (damaged)
			damage_frame(&rnd, frame);
		skb = random_skb(&rnd, frame);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		if (shared)
			skb_get(skb);
		check_key(test, skb, frame);
		if (shared)
			kfree_skb(skb);
		kfree_skb(skb);
	}
}

static void key_random_frames(struct kunit *test)
{
	check_random(test, false);
}

static void key_damaged_frames(struct kunit *test)
{
	check_random(test, true);
}

/* Every length a frame can be cut to, every place its linear part can end. */
static void key_every_cut(struct kunit *test)
{
	struct flat_frame *frame = frame_alloc(test);
	struct rnd_state rnd;
	unsigned int whole;
	int i;

	prandom_seed_state(&rnd, 3);
	for (i = 0; i < 100; i++) {
		random_frame(&rnd, frame);
		whole = min(frame->len, 150U);
		for (frame->len = 0; frame->len < whole; frame->len++) {
			struct sk_buff *skb = random_skb(&rnd, frame);

			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
			check_key(test, skb, frame);
			kfree_skb(skb);
		}
	}
}

static struct cvsw_key key_of(struct kunit *test, const u8 *data, unsigned int len)
{
	struct flat_frame *frame = frame_alloc(test);
	struct cvsw_layout layout;
	struct cvsw_key key;
	struct sk_buff *skb;

	memcpy(frame->data, data, len);
	frame->len = len;
	skb = linear_skb(frame);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	KUNIT_ASSERT_EQ(test, cvsw_key_extract(skb, CVSW_NET, &key, &layout), 0);
	kfree_skb(skb);
	return key;
}

/* A frame whose fields a person can read. */
static void key_by_hand(struct kunit *test)
{
	static const u8 tagged_tcp[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0xb0, 0x2a, 8, 0,
		0x45, 0xb9, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0x30, 0x39, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0,
	};
	struct cvsw_key key = key_of(test, tagged_tcp, sizeof(tagged_tcp));

	KUNIT_EXPECT_EQ(test, key.dl_dst[5], 1);
	KUNIT_EXPECT_EQ(test, key.dl_src[5], 2);
	KUNIT_EXPECT_EQ(test, key.vlan_tci, (5 << CVSW_VLAN_PCP_SHIFT) | CVSW_VLAN_PRESENT | 42);
	KUNIT_EXPECT_EQ(test, key.dl_type, 0x0800);
	KUNIT_EXPECT_EQ(test, key.nw_src, 0x0a000001);
	KUNIT_EXPECT_EQ(test, key.nw_dst, 0x0a000002);
	KUNIT_EXPECT_EQ(test, key.nw_proto, 6);
	KUNIT_EXPECT_EQ(test, key.nw_tos, 0xb9);
	KUNIT_EXPECT_EQ(test, key.tp_src, 12345);
	KUNIT_EXPECT_EQ(test, key.tp_dst, 80);
	KUNIT_EXPECT_EQ(test, key.in_port, CVSW_NET);
	KUNIT_EXPECT_EQ(test, key.layers, CVSW_LAYER_ADDR | CVSW_LAYER_IP | CVSW_LAYER_PORTS);
}

/* RFC 1858, 3: a first fragment of 8 bytes has no TCP flags, but it has ports. */
static void key_tiny_fragment(struct kunit *test)
{
	static const u8 fragment[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 28, 0, 1, 0x20, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0x30, 0x39, 0, 22, 0, 0, 0, 0,
	};
	struct cvsw_key key = key_of(test, fragment, sizeof(fragment));

	KUNIT_EXPECT_EQ(test, key.tp_dst, 22);
	KUNIT_EXPECT_TRUE(test, key.layers & CVSW_LAYER_PORTS);
}

/* "BIG TCP": a giant that is longer than IPv4's length can say says zero; no other frame may. */
static void key_big_tcp(struct kunit *test)
{
	static const u8 giant[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0x30, 0x39, 0, 22, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4,
	};
	struct flat_frame *frame = frame_alloc(test);
	struct cvsw_layout layout;
	struct cvsw_key key;
	struct sk_buff *skb;

	memcpy(frame->data, giant, sizeof(giant));
	frame->len = sizeof(giant);
	skb = linear_skb(frame);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	cvsw_key_extract(skb, CVSW_NET, &key, &layout);
	KUNIT_EXPECT_EQ(test, layout.transport, 0);
	KUNIT_EXPECT_FALSE(test, layout.whole);
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	skb_shinfo(skb)->gso_size = 2;
	skb_shinfo(skb)->gso_segs = 2;
	cvsw_key_extract(skb, CVSW_NET, &key, &layout);
	KUNIT_EXPECT_EQ(test, layout.end, sizeof(giant));
	KUNIT_EXPECT_EQ(test, key.tp_dst, 22);
	KUNIT_EXPECT_TRUE(test, layout.whole);
	kfree_skb(skb);
}

static bool control(struct kunit *test, const u8 *behind_macs, unsigned int len)
{
	struct flat_frame *frame = frame_alloc(test);
	struct sk_buff *skb;
	bool ret;

	memcpy(frame->data + 12, behind_macs, len);
	frame->len = 12 + len;
	skb = linear_skb(frame);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	ret = cvsw_frame_is_control(skb);
	kfree_skb(skb);
	return ret;
}

static void key_control_frames(struct kunit *test)
{
	static const u8 plain[] = { 0xab, 0xba, 0 };
	static const u8 tagged[] = { 0x81, 0, 0, 1, 0xab, 0xba };
	static const u8 twice[] = { 0x88, 0xa8, 0, 1, 0x81, 0, 0, 1, 0xab, 0xba };
	static const u8 snap[] = { 0, 8, 0xaa, 0xaa, 3, 0, 0, 0, 0xab, 0xba };
	static const u8 ip[] = { 8, 0, 0xab, 0xba };
	static const u8 llc[] = { 0, 8, 0xaa, 0xaa, 3, 0, 0, 1, 0xab, 0xba };

	KUNIT_EXPECT_TRUE(test, control(test, plain, sizeof(plain)));
	KUNIT_EXPECT_TRUE(test, control(test, tagged, sizeof(tagged)));
	KUNIT_EXPECT_TRUE(test, control(test, twice, sizeof(twice)));
	KUNIT_EXPECT_TRUE(test, control(test, snap, sizeof(snap)));
	KUNIT_EXPECT_FALSE(test, control(test, ip, sizeof(ip)));
	KUNIT_EXPECT_FALSE(test, control(test, llc, sizeof(llc)));
	KUNIT_EXPECT_FALSE(test, control(test, tagged, 5));
	KUNIT_EXPECT_FALSE(test, control(test, plain, 1));
	KUNIT_EXPECT_FALSE(test, control(test, plain, 0));
}

static struct kunit_case key_cases[] = {
	KUNIT_CASE(key_by_hand),
	KUNIT_CASE(key_random_frames),
	KUNIT_CASE(key_damaged_frames),
	KUNIT_CASE(key_every_cut),
	KUNIT_CASE(key_tiny_fragment),
	KUNIT_CASE(key_big_tcp),
	KUNIT_CASE(key_control_frames),
	{}
};

static struct kunit_suite key_suite = {
	.name = "key",
	.test_cases = key_cases,
};
kunit_test_suite(key_suite);
