// SPDX-License-Identifier: GPL-2.0
/* VXLAN: what goes in front, against bytes written here; what comes in, with every lie. */
#include <kunit/test.h>
#include <linux/etherdevice.h>

#include "../drivers/cvsw/tunnel/vxlan.c"
#include "frames.h"

#define OUTER		50
#define ROUNDS		1000

static const u8 outer_dst[ETH_ALEN] = { 2, 0, 0, 0, 1, 2 };
static const u8 outer_src[ETH_ALEN] = { 2, 0, 0, 0, 1, 1 };

struct fixture {
	struct rnd_state rnd;
	struct cvsw_engine engine;
	struct cvsw_walk walk;
	struct flat_frame inner, frame, got;
	u64 dropped[CVSW_N_COUNTERS];
};

/* An inner frame of IPv4 and UDP, ECN as wanted. */
static void make_inner(struct fixture *f, unsigned int payload, u8 tos)
{
	u8 *data = f->inner.data, *ip = data + 14;

	f->inner.len = 14 + 28 + payload;
	f->inner.hw_tag = false;
	prandom_bytes_state(&f->rnd, data, f->inner.len);
	data[0] = 2;
	put16(data + 12, ETH_P_IP);
	ip[0] = 0x45;
	ip[1] = tos;
	put16(ip + 2, 28 + payload);
	put16(ip + 6, 0x4000);
	ip[9] = IPPROTO_UDP;
	put16(ip + 24, 8 + payload);
	put16(ip + 26, 1);
	write_checksums(ip, NULL, 0);
}

/* The inner frame in VXLAN, written from RFC 7348. */
static void make_outer(struct fixture *f, bool checksum, u8 tos, u32 vni, u16 source)
{
	u8 *ip = f->frame.data + 14, *udp = ip + 20;
	unsigned int len = f->inner.len;

	memset(&f->frame, 0, sizeof(f->frame));
	f->frame.len = OUTER + len;
	memcpy(f->frame.data, outer_dst, 6);
	memcpy(f->frame.data + 6, outer_src, 6);
	put16(f->frame.data + 12, ETH_P_IP);
	ip[0] = 0x45;
	ip[1] = tos;
	put16(ip + 2, 36 + len);
	put16(ip + 6, 0x4000);
	ip[8] = 61;
	ip[9] = IPPROTO_UDP;
	put32(ip + 12, 0x0a000001);
	put32(ip + 16, 0x0a000002);
	put16(udp, source);
	put16(udp + 2, 4789);
	put16(udp + 4, 16 + len);
	put16(udp + 6, checksum);
	udp[8] = 8;
	put32(udp + 12, vni << 8);
	memcpy(udp + 16, f->inner.data, len);
	write_checksums(ip, NULL, 0);
}

static void encap_bytes(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round, ports[2] = { 0, 0 };

	for (round = 0; round < ROUNDS; round++) {
		struct cvsw_tunnel tunnel = {
			.type = CVSW_TUNNEL_VXLAN, .ttl = 61, .tos = 0xb8, .udp_dst = 4789,
			.id = prandom_u32_state(&f->rnd) >> 8,
			.flags = pick(&f->rnd, 4),
			.src = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 },
			.dst = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 2 },
		};
		u8 tos = pick(&f->rnd, 256), wanted;
		struct cvsw_layout at;
		struct sk_buff *skb;
		unsigned int port;

		make_inner(f, pick(&f->rnd, 1400), tos);
		ether_addr_copy(tunnel.dl_dst, outer_dst);
		ether_addr_copy(tunnel.dl_src, outer_src);
		skb = linear_skb(&f->inner);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		KUNIT_ASSERT_EQ(test, skb_cow_head(skb, OUTER), 0);
		cvsw_layout_read(skb, &at);
		cvsw_vxlan_encap(skb, &at, &tunnel);

		skb_to_frame(skb, &f->got);
		port = get16(f->got.data + 34);
		KUNIT_ASSERT_GE(test, port, 49152U);
		ports[round % 2] |= port ^ 49152;
		wanted = (tunnel.flags & CVSW_TUNNEL_INHERIT_TOS ? tos : 0xb8) & 0xfc;
		make_outer(f, tunnel.flags & CVSW_TUNNEL_CSUM, wanted | (tos & 3), tunnel.id, port);
		put16(f->frame.data + 18, get16(f->got.data + 18));
		write_checksums(f->frame.data + 14, NULL, 0);
		KUNIT_ASSERT_TRUE(test, skb_is_frame(skb, &f->frame));
		KUNIT_ASSERT_EQ(test, skb_network_offset(skb), 14);
		KUNIT_ASSERT_EQ(test, skb_transport_offset(skb), 34);
		KUNIT_ASSERT_TRUE(test, skb->protocol == htons(ETH_P_IP));
		kfree_skb(skb);
	}
	/* Many flows, many ports: every bit of the range moves. */
	KUNIT_EXPECT_EQ(test, ports[0], 0x3fffU);
}

static u32 inner_hash(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb = linear_skb(&f->inner);
	struct cvsw_layout at;
	u32 hash;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	cvsw_layout_read(skb, &at);
	hash = cvsw_layout_hash(skb, &at);
	kfree_skb(skb);
	return hash;
}

/* A flow keeps its port, a later fragment goes with the first. */
static void encap_port_of_a_flow(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;
	u32 hash[3];

	make_inner(f, 100, 0);
	for (i = 0; i < 3; i++) {
		f->inner.data[60] ^= i;
		put16(f->inner.data + 14 + 4, i);
		hash[i] = inner_hash(test);
	}
	KUNIT_EXPECT_EQ(test, hash[0], hash[1]);
	KUNIT_EXPECT_EQ(test, hash[0], hash[2]);
	for (i = 0; i < 2; i++) {
		put16(f->inner.data + 14 + 6, i ? 0x0010 : 0x2000);
		f->inner.data[34 + i] ^= i;
		hash[i] = inner_hash(test);
	}
	KUNIT_EXPECT_EQ(test, hash[0], hash[1]);
}

/* ---- decapsulation ---- */

static struct sk_buff *decap_it(struct fixture *f, struct sk_buff *skb)
{
	struct cvsw_layout at;
	struct cvsw_key key;
	unsigned int i;

	for (i = 0; i < CVSW_N_COUNTERS; i++)
		f->dropped[i] = cvsw_stats_read(f->engine.stats, i);
	cvsw_key_extract(skb, CVSW_NET, &key, &at);
	memset(&f->walk, 0, sizeof(f->walk));
	f->walk.engine = &f->engine;
	local_bh_disable();
	skb = cvsw_vxlan_decap(&f->walk, skb, &at);
	local_bh_enable();
	return skb;
}

/* Return: the one counter that moved, or -1. */
static int cause(struct fixture *f)
{
	int moved = -1;
	unsigned int i;

	for (i = 0; i < CVSW_N_COUNTERS; i++)
		if (cvsw_stats_read(f->engine.stats, i) != f->dropped[i])
			moved = moved < 0 ? i : CVSW_N_COUNTERS;
	return moved;
}

static void decap_bytes(struct kunit *test)
{
	static const u8 src[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1 };
	static const u8 dst[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2 };
	struct fixture *f = test->priv;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		u32 vni = prandom_u32_state(&f->rnd) >> 8;
		bool checksum = pick(&f->rnd, 2);
		struct sk_buff *skb, *other = NULL;

		make_inner(f, pick(&f->rnd, 1400), 0);
		make_outer(f, checksum, 0, vni, 50000);
		f->frame.len += pick(&f->rnd, 2) * 7;	/* padding behind the packet */
		skb = random_skb(&f->rnd, &f->frame);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 5);
		__skb_set_hash(skb, 1, false, true);
		if (pick(&f->rnd, 2))
			other = skb_clone(skb, GFP_KERNEL);
		skb = decap_it(f, skb);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		KUNIT_ASSERT_EQ(test, cause(f), -1);
		KUNIT_ASSERT_TRUE(test, skb_is_frame(skb, &f->inner));
		KUNIT_ASSERT_TRUE(test, skb->protocol == htons(ETH_P_IP));
		KUNIT_ASSERT_EQ(test, skb_mac_offset(skb), 0);
		KUNIT_ASSERT_EQ(test, skb->hash, 0U);
		KUNIT_ASSERT_EQ(test, f->walk.tun_id, vni);
		KUNIT_ASSERT_EQ(test, f->walk.tun_type, CVSW_TUNNEL_VXLAN);
		KUNIT_ASSERT_EQ(test, memcmp(f->walk.tun_src, src, 16), 0);
		KUNIT_ASSERT_EQ(test, memcmp(f->walk.tun_dst, dst, 16), 0);
		kfree_skb(skb);
		kfree_skb(other);
	}
}

/* Whatever is cut off: dropped, as too short where there was enough to tell. */
static void decap_every_cut(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int len, whole;

	make_inner(f, 30, 0);
	make_outer(f, true, 0, 7, 50000);
	whole = f->frame.len;
	for (len = 14; len < whole; len++) {
		struct sk_buff *skb;

		f->frame.len = len;
		skb = random_skb(&f->rnd, &f->frame);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		KUNIT_ASSERT_PTR_EQ(test, decap_it(f, skb), NULL);
		/* An IPv4 packet that is longer than its frame is none. */
		KUNIT_ASSERT_EQ(test, cause(f), CVSW_CNT_DROP_TUN_NONE);
	}
	for (len = 20; len < whole - 14; len++) {
		struct sk_buff *skb;

		f->frame.len = 14 + len;
		put16(f->frame.data + 16, len);
		write_checksums(f->frame.data + 14, NULL, 0);
		skb = random_skb(&f->rnd, &f->frame);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		KUNIT_ASSERT_PTR_EQ(test, decap_it(f, skb), NULL);
		KUNIT_ASSERT_EQ(test, cause(f), CVSW_CNT_DROP_TUN_SHORT);
	}
}

static const struct lie {
	const char *name;
	unsigned int at;	/* in the outer frame */
	u8 xor;
	bool checksum;		/* there is one, and it is made right again */
	int cause;
} lies[] = {
	{ "another protocol", 23, 1, false, CVSW_CNT_DROP_TUN_NONE },
	{ "first fragment", 20, 0x20, false, CVSW_CNT_DROP_TUN_FRAGMENT },
	{ "later fragment", 21, 4, false, CVSW_CNT_DROP_TUN_FRAGMENT },
	{ "UDP longer than IP", 39, 0x80, false, CVSW_CNT_DROP_TUN_SHORT },
	{ "no VNI", 42, 8, false, CVSW_CNT_DROP_VXLAN_NO_VNI },
	{ "an unknown flag", 42, 4, true, CVSW_CNT_DROP_VXLAN_FLAGS },
	{ "reserved byte 1", 43, 1, false, CVSW_CNT_DROP_VXLAN_RESERVED },
	{ "reserved byte 3", 45, 0x80, false, CVSW_CNT_DROP_VXLAN_RESERVED },
	{ "reserved byte 7", 49, 1, true, CVSW_CNT_DROP_VXLAN_RESERVED },
};

static void decap_lies(struct kunit *test)
{
	struct fixture *f = test->priv;
	const struct lie *lie;

	for (lie = lies; lie < lies + ARRAY_SIZE(lies); lie++) {
		struct sk_buff *skb;

		make_inner(f, 30, 0);
		make_outer(f, lie->checksum, 0, 7, 50000);
		f->frame.data[lie->at] ^= lie->xor;
		write_checksums(f->frame.data + 14, NULL, 0);
		skb = random_skb(&f->rnd, &f->frame);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		KUNIT_EXPECT_PTR_EQ_MSG(test, decap_it(f, skb), NULL, "%s", lie->name);
		KUNIT_EXPECT_EQ_MSG(test, cause(f), lie->cause, "%s", lie->name);
	}
}

/* Any byte under the UDP checksum, unless someone has looked at it already. */
static void decap_checksum(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		bool verified = pick(&f->rnd, 2);
		struct sk_buff *skb;

		make_inner(f, 30, 0);
		make_outer(f, true, 0, 7, 50000);
		f->frame.data[pick(&f->rnd, 2) ? 41 : 50 + 34 + pick(&f->rnd, 30)] ^= 0x10;
		skb = random_skb(&f->rnd, &f->frame);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		if (verified)
			skb->ip_summed = CHECKSUM_UNNECESSARY;
		skb = decap_it(f, skb);
		KUNIT_ASSERT_EQ(test, !!skb, verified);
		KUNIT_ASSERT_EQ(test, cause(f), verified ? -1 : CVSW_CNT_DROP_TUN_CHECKSUM);
		/* That was the outer checksum: nobody has looked at the inner one. */
		if (skb)
			KUNIT_ASSERT_EQ(test, (int)skb->ip_summed, CHECKSUM_NONE);
		kfree_skb(skb);
	}
}

static void decap_control(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb;

	make_inner(f, 30, 0);
	put16(f->inner.data + 12, 0xabba);
	make_outer(f, false, 0, 7, 50000);
	skb = linear_skb(&f->frame);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	KUNIT_EXPECT_PTR_EQ(test, decap_it(f, skb), NULL);
	KUNIT_EXPECT_EQ(test, cause(f), CVSW_CNT_DROP_TUN_CONTROL);
}

/* RFC 6040, figure 4: what comes out, by inner and outer; -1 is dropped. */
static void decap_ecn(struct kunit *test)
{
	enum { NOT, ECT1, ECT0, CE };
	static const int table[4][4] = {
		/* outer:    Not   ECT1  ECT0  CE */
		[NOT]  = { NOT,  NOT,  NOT,  -1 },
		[ECT1] = { ECT1, ECT1, ECT1, CE },
		[ECT0] = { ECT0, ECT1, ECT0, CE },
		[CE]   = { CE,   CE,   CE,   CE },
	};
	struct fixture *f = test->priv;
	int inner, outer;

	for (inner = 0; inner < 4; inner++) {
		for (outer = 0; outer < 4; outer++) {
			struct sk_buff *skb;

			make_inner(f, 30, 0x48 | inner);
			make_outer(f, false, outer, 7, 50000);
			skb = random_skb(&f->rnd, &f->frame);
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
			skb = decap_it(f, skb);
			KUNIT_ASSERT_EQ(test, !!skb, table[inner][outer] >= 0);
			if (!skb) {
				KUNIT_ASSERT_EQ(test, cause(f), CVSW_CNT_DROP_TUN_ECN);
				continue;
			}
			f->inner.data[15] = 0x48 | table[inner][outer];
			write_checksums(f->inner.data + 14, NULL, 0);
			KUNIT_ASSERT_TRUE(test, skb_is_frame(skb, &f->inner));
			kfree_skb(skb);
		}
	}
}

/* A giant of one inner packet's segments comes out as a giant; another kind not at all. */
static void decap_gso(struct kunit *test)
{
	struct fixture *f = test->priv;
	int tunnel;

	for (tunnel = 0; tunnel < 2; tunnel++) {
		struct sk_buff *skb;

		make_inner(f, 1200, 0);
		make_outer(f, false, 0, 7, 50000);
		skb = linear_skb(&f->frame);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_headroom(skb) + OUTER + 34;
		skb->csum_offset = 6;
		skb->encapsulation = tunnel;
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4 | (tunnel ? SKB_GSO_UDP_TUNNEL : 0);
		skb_shinfo(skb)->gso_size = 500;
		skb = decap_it(f, skb);
		KUNIT_ASSERT_EQ(test, !!skb, tunnel);
		KUNIT_ASSERT_EQ(test, cause(f), tunnel ? -1 : CVSW_CNT_DROP_TUN_GSO);
		if (!skb)
			continue;
		KUNIT_EXPECT_EQ(test, skb_shinfo(skb)->gso_type, (unsigned int)SKB_GSO_UDP_L4);
		KUNIT_EXPECT_EQ(test, (int)skb->ip_summed, CHECKSUM_PARTIAL);
		KUNIT_EXPECT_EQ(test, skb_checksum_start_offset(skb), 34);
		KUNIT_EXPECT_FALSE(test, skb->encapsulation);
		kfree_skb(skb);
	}
}

static void decap_damaged(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round;

	for (round = 0; round < 5 * ROUNDS; round++) {
		struct sk_buff *skb;

		random_frame(&f->rnd, &f->inner);
		f->inner.hw_tag = false;
		f->inner.len = min(f->inner.len, FRAME_MAX - OUTER - 20U);
		make_outer(f, pick(&f->rnd, 2), pick(&f->rnd, 4), 7, 50000);
		damage_frame(&f->rnd, &f->frame);
		if (f->frame.len < 14)
			continue;
		skb = random_skb(&f->rnd, &f->frame);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		skb->ip_summed = pick(&f->rnd, 2);
		skb = decap_it(f, skb);
		KUNIT_ASSERT_EQ(test, cause(f) < 0, !!skb);
		kfree_skb(skb);
	}
}

static int vxlan_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	prandom_seed_state(&f->rnd, 7348);
	f->engine.stats = cvsw_stats_alloc();
	return f->engine.stats ? 0 : -ENOMEM;
}

static void vxlan_exit(struct kunit *test)
{
	free_percpu(((struct fixture *)test->priv)->engine.stats);
}

static struct kunit_case vxlan_cases[] = {
	KUNIT_CASE(encap_bytes),
	KUNIT_CASE(encap_port_of_a_flow),
	KUNIT_CASE(decap_bytes),
	KUNIT_CASE(decap_every_cut),
	KUNIT_CASE(decap_lies),
	KUNIT_CASE(decap_checksum),
	KUNIT_CASE(decap_control),
	KUNIT_CASE(decap_ecn),
	KUNIT_CASE(decap_gso),
	KUNIT_CASE(decap_damaged),
	{}
};

static struct kunit_suite vxlan_suite = {
	.name = "vxlan",
	.init = vxlan_init,
	.exit = vxlan_exit,
	.test_cases = vxlan_cases,
};
kunit_test_suite(vxlan_suite);
