// SPDX-License-Identifier: GPL-2.0
/* Segmentation against the stack's own, byte by byte. */
#include <kunit/test.h>
#include <linux/if_vlan.h>
#include <linux/net.h>
#include <net/net_namespace.h>

#include "../drivers/cvsw/inner.c"
#include "../drivers/cvsw/segment.c"
#include "frames.h"

#define ROUNDS		1500
#define PAYLOAD_MAX	12000
#define HEADROOM	50

struct fixture {
	struct rnd_state rnd;
	u8 data[PAYLOAD_MAX + 200];
	u8 got[PAYLOAD_MAX + 200];
	u8 expected[PAYLOAD_MAX + 200];
};

/* ---- frames ---- */

/**
 * struct shape - a frame of TCP or UDP over IPv4 or IPv6
 * @l3, @l4, @payload: where each begins
 */
struct shape {
	bool v6;
	u8 protocol;
	unsigned int l3, l4, payload, len;
};

static void random_ip(struct fixture *f, struct shape *s, u8 *ip)
{
	prandom_bytes_state(&f->rnd, ip, s->l4 - s->l3);
	if (s->v6) {
		ip[0] = 0x60 | ip[0] >> 4;
		put16(ip + 4, s->len - s->l4);
		ip[6] = s->protocol;
	} else {
		ip[0] = 0x40 | (s->l4 - s->l3) / 4;
		ip[9] = s->protocol;
		put16(ip + 2, s->len - s->l3);
		put16(ip + 6, pick(&f->rnd, 2) ? 0x4000 : 0);
		put16(ip + 10, 0);
		put16(ip + 10, ~inet_sum(ip, s->l4 - s->l3, 0));
	}
}

/* The pseudo header's sum in the checksum's place, as CHECKSUM_PARTIAL wants it. */
static void random_frame_of(struct fixture *f, struct shape *s)
{
	unsigned int tags = pick(&f->rnd, 3), i;
	u8 *l4;

	s->v6 = pick(&f->rnd, 2);
	s->protocol = pick(&f->rnd, 3) ? IPPROTO_TCP : IPPROTO_UDP;
	s->l3 = 14 + 4 * tags;
	s->l4 = s->l3 + (s->v6 ? 40 : 20 + (pick(&f->rnd, 3) ? 0 : 4 * pick(&f->rnd, 11)));
	s->payload = s->l4 + (s->protocol == IPPROTO_UDP ? 8 : 20 + 4 * pick(&f->rnd, 11));
	s->len = s->payload + 1 + pick(&f->rnd, PAYLOAD_MAX);

	prandom_bytes_state(&f->rnd, f->data, s->len);
	for (i = 0; i < tags; i++)
		put16(f->data + 12 + 4 * i, i + 1 < tags ? ETH_P_8021AD : ETH_P_8021Q);
	put16(f->data + s->l3 - 2, s->v6 ? ETH_P_IPV6 : ETH_P_IP);
	random_ip(f, s, f->data + s->l3);
	l4 = f->data + s->l4;
	if (s->protocol == IPPROTO_TCP)
		l4[12] = (s->payload - s->l4) << 2;
	else
		put16(l4 + 4, s->len - s->l4);
	put16(l4 + checksum_offset(s->protocol),
	      inet_sum(f->data + s->l3 + (s->v6 ? 8 : 12), s->v6 ? 32 : 8,
		       s->protocol + s->len - s->l4));
}

/* Headers linear, and some of the payload; the rest in page fragments. */
static struct sk_buff *skb_of(struct kunit *test, struct fixture *f, const struct shape *s,
			      unsigned int headroom)
{
	unsigned int payload = s->len - s->payload;
	unsigned int linear = s->payload + (pick(&f->rnd, 2) ? 0 : pick(&f->rnd, payload + 1));
	struct sk_buff *skb = alloc_skb(headroom + linear, GFP_KERNEL);
	unsigned int at = linear;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	skb_reserve(skb, headroom);
	skb_put_data(skb, f->data, linear);
	while (at < s->len) {
		unsigned int len = min3(s->len - at, 1 + pick(&f->rnd, PAGE_SIZE - 1), 4096U);
		struct page *page = alloc_page(GFP_KERNEL);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
		if (skb_shinfo(skb)->nr_frags == 8)
			len = min(s->len - at, 4096U);
		memcpy(page_address(page), f->data + at, len);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, len, PAGE_SIZE);
		at += len;
	}
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, s->l3);
	skb_set_transport_header(skb, s->l4);
	skb->mac_len = s->l3;
	skb->protocol = *(__be16 *)(f->data + 12);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + s->l4;
	skb->csum_offset = checksum_offset(s->protocol);
	return skb;
}

static void make_gso(struct fixture *f, const struct shape *s, struct sk_buff *skb)
{
	unsigned int type = s->protocol == IPPROTO_UDP ? SKB_GSO_UDP_L4 :
			    s->v6 ? SKB_GSO_TCPV6 : SKB_GSO_TCPV4;
	unsigned int payload = s->len - s->payload;

	if (type == SKB_GSO_TCPV4 && get16(f->data + s->l3 + 6) && !pick(&f->rnd, 3))
		type |= SKB_GSO_TCP_FIXEDID;
	skb_shinfo(skb)->gso_type = type;
	skb_shinfo(skb)->gso_size = 1 + pick(&f->rnd, payload);
	if (skb_shinfo(skb)->gso_size < payload / 60)
		skb_shinfo(skb)->gso_size = payload / 60;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(payload, skb_shinfo(skb)->gso_size);
}

/* ---- comparison ---- */

static void expect_roomy(struct kunit *test, const struct sk_buff *skb)
{
	KUNIT_ASSERT_GE(test, skb_headroom(skb), HEADROOM);
	KUNIT_ASSERT_FALSE(test, skb_header_cloned(skb));
	KUNIT_ASSERT_FALSE(test, skb_is_gso(skb));
	KUNIT_ASSERT_NE(test, (int)skb->ip_summed, CHECKSUM_PARTIAL);
}

static void expect_same_list(struct kunit *test, struct sk_buff *got, struct sk_buff *expected)
{
	struct fixture *f = test->priv;
	struct sk_buff *next;

	while (got && expected) {
		expect_roomy(test, got);
		KUNIT_ASSERT_EQ(test, got->len, expected->len);
		KUNIT_ASSERT_EQ(test, skb_copy_bits(got, 0, f->got, got->len), 0);
		KUNIT_ASSERT_EQ(test, skb_copy_bits(expected, 0, f->expected, got->len), 0);
		KUNIT_ASSERT_EQ(test, memcmp(f->got, f->expected, got->len), 0);
		next = got->next;
		kfree_skb(got);
		got = next;
		next = expected->next;
		kfree_skb(expected);
		expected = next;
	}
	KUNIT_ASSERT_PTR_EQ(test, got, expected);
}

static struct sk_buff *segment_it(struct fixture *f, struct sk_buff *skb)
{
	bool gso = skb_is_gso(skb), linear = pick(&f->rnd, 2);
	struct cvsw_inner inner;

	cvsw_inner_read(skb, &inner);
	local_bh_disable();
	skb = cvsw_segment(skb, &inner, HEADROOM, linear);
	local_bh_enable();
	return gso && linear && !IS_ERR(skb) && skb_is_nonlinear(skb) ? NULL : skb;
}

static void segment_as_stack(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round, cut = 0;

	for (round = 0; round < ROUNDS; round++) {
		struct sk_buff *skb, *plain, *other = NULL, *expected, *got;
		struct cvsw_inner inner;
		unsigned int longest;
		struct shape s;

		random_frame_of(f, &s);
		skb = skb_of(test, f, &s, pick(&f->rnd, 2) * 128);
		make_gso(f, &s, skb);
		/* The stack refuses to cut what is one segment. */
		if (skb_shinfo(skb)->gso_segs < 2) {
			kfree_skb(skb);
			continue;
		}
		plain = skb_copy(skb, GFP_KERNEL);
		switch (pick(&f->rnd, 3)) {
		case 0: other = skb_clone(skb, GFP_KERNEL); break;
		case 1: other = skb_get(skb); break;
		}
		local_bh_disable();
		expected = skb_gso_segment(plain, 0);
		local_bh_enable();
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(expected));
		cvsw_inner_read(skb, &inner);
		longest = cvsw_segment_len(skb, &inner);
		KUNIT_ASSERT_EQ(test, longest, expected->len);
		got = segment_it(f, skb);
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(got));
		expect_same_list(test, got, expected);
		if (other) {
			KUNIT_ASSERT_EQ(test, skb_copy_bits(other, 0, f->got, s.len), 0);
			KUNIT_ASSERT_EQ(test, memcmp(f->got, f->data, s.len), 0);
		}
		kfree_skb(other);
		kfree_skb(plain);
		cut++;
	}
	KUNIT_EXPECT_GT(test, cut, ROUNDS / 3U);
}

/* Not GSO: the checksum is finished as the stack does, whoever has the bytes too. */
static void segment_single(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		struct sk_buff *skb, *expected, *other = NULL, *got;
		struct shape s;
		bool roomy = pick(&f->rnd, 2);

		random_frame_of(f, &s);
		skb = skb_of(test, f, &s, roomy ? 128 : 20);
		if (!pick(&f->rnd, 4))
			skb->ip_summed = CHECKSUM_NONE;
		expected = skb_copy(skb, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, expected);
		if (skb->ip_summed == CHECKSUM_PARTIAL)
			KUNIT_ASSERT_EQ(test, skb_checksum_help(expected), 0);
		switch (pick(&f->rnd, 3)) {
		case 0: other = skb_clone(skb, GFP_KERNEL); break;
		case 1: other = skb_get(skb); break;
		}
		got = segment_it(f, skb);
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(got));
		KUNIT_ASSERT_EQ(test, got == skb, roomy && !other);
		expect_same_list(test, got, expected);
		if (other) {
			KUNIT_ASSERT_EQ(test, skb_copy_bits(other, 0, f->got, s.len), 0);
			KUNIT_ASSERT_EQ(test, memcmp(f->got, f->data, s.len), 0);
		}
		kfree_skb(other);
	}
}

/* The sender's socket is charged until the last segment is gone, once. */
static void segment_owner(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct socket *socket;
	unsigned int round;
	int idle;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, 0, &socket), 0);
	idle = refcount_read(&socket->sk->sk_wmem_alloc);
	for (round = 0; round < 100; round++) {
		struct sk_buff *skb, *next;
		unsigned int charge;
		struct shape s;

		random_frame_of(f, &s);
		skb = skb_of(test, f, &s, 0);
		if (round % 2)
			make_gso(f, &s, skb);
		skb_set_owner_w(skb, socket->sk);
		charge = skb->truesize;
		for (skb = segment_it(f, skb); skb; skb = next) {
			KUNIT_ASSERT_EQ(test, refcount_read(&socket->sk->sk_wmem_alloc),
					idle + (int)charge);
			next = skb->next;
			kfree_skb(skb);
		}
		KUNIT_ASSERT_EQ(test, refcount_read(&socket->sk->sk_wmem_alloc), idle);
	}
	sock_release(socket);
}

/* Headers that lie: an error or some frames, never harm (KASAN looks on). */
static void segment_damaged(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		struct sk_buff *skb, *got, *next;
		struct shape s;

		random_frame_of(f, &s);
		f->data[12 + pick(&f->rnd, s.payload - 12)] = pick(&f->rnd, 256);
		if (pick(&f->rnd, 2))
			s.len = s.payload + pick(&f->rnd, s.len - s.payload);
		skb = skb_of(test, f, &s, 0);
		if (pick(&f->rnd, 2) && s.len > s.payload)
			make_gso(f, &s, skb);
		if (!pick(&f->rnd, 4))
			skb->csum_start = pick(&f->rnd, 0x10000);
		skb_shinfo(skb)->gso_type |= skb_is_gso(skb) ? SKB_GSO_DODGY : 0;
		got = segment_it(f, skb);
		if (IS_ERR(got)) {
			kfree_skb(skb);
			continue;
		}
		for (; got; got = next) {
			next = got->next;
			kfree_skb(got);
		}
	}
}

static int segment_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct fixture), GFP_KERNEL);
	if (!test->priv)
		return -ENOMEM;
	prandom_seed_state(&((struct fixture *)test->priv)->rnd, 20261121);
	return 0;
}

static struct kunit_case segment_cases[] = {
	KUNIT_CASE(segment_as_stack),
	KUNIT_CASE(segment_single),
	KUNIT_CASE(segment_owner),
	KUNIT_CASE(segment_damaged),
	{}
};

static struct kunit_suite segment_suite = {
	.name = "segment",
	.init = segment_init,
	.test_cases = segment_cases,
};
kunit_test_suite(segment_suite);
