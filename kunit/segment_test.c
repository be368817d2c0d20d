// SPDX-License-Identifier: GPL-2.0
/* Segmentation against the stack's own, byte by byte. */
#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/net.h>
#include <net/net_namespace.h>

#include "fail.h"
#define alloc_skb(size, flags)	(fails() ? NULL : alloc_skb(size, flags))
#include "../drivers/cvsw/engine/segment.c"
#undef alloc_skb
#include "../drivers/cvsw/tunnel/vxlan.h"
#include "frames.h"

#define ROUNDS		1500
#define PAYLOAD_MAX	12000
#define HEADROOM	50

/**
 * struct fixture
 * @partial: the last frame given to segment_it() leaves its checksum to the device
 * @linear: and this one was to be made linear
 */
struct fixture {
	struct rnd_state rnd;
	bool partial, linear;
	struct net_device *dev;
	u8 data[PAYLOAD_MAX + 300];
	u8 got[PAYLOAD_MAX + 300];
	u8 expected[PAYLOAD_MAX + 300];
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

/* From @at on in a list of buffers, as drivers do whose pages are too many for fragments. */
static void put_list(struct kunit *test, struct fixture *f, struct sk_buff *skb, unsigned int at,
		     unsigned int end)
{
	struct sk_buff **link = &skb_shinfo(skb)->frag_list;

	while (at < end) {
		unsigned int len = min(end - at, 1 + pick(&f->rnd, 4096));
		struct sk_buff *piece = alloc_skb(len, GFP_KERNEL);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, piece);
		skb_put_data(piece, f->data + at, len);
		*link = piece;
		link = &piece->next;
		skb->len += len;
		skb->data_len += len;
		skb->truesize += piece->truesize;
		at += len;
	}
}

static void put_frags(struct kunit *test, struct fixture *f, struct sk_buff *skb, unsigned int at,
		      unsigned int end)
{
	while (at < end) {
		unsigned int len = min3(end - at, 1 + pick(&f->rnd, PAGE_SIZE - 1), 4096U);
		struct page *page = alloc_page(GFP_KERNEL);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
		if (skb_shinfo(skb)->nr_frags == 8)
			len = min(end - at, 4096U);
		memcpy(page_address(page), f->data + at, len);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, len, PAGE_SIZE);
		at += len;
	}
}

/* Headers linear, and some of the payload; the rest in page fragments or in buffers. */
static struct sk_buff *skb_of(struct kunit *test, struct fixture *f, const struct shape *s,
			      unsigned int headroom)
{
	unsigned int payload = s->len - s->payload;
	unsigned int linear = s->payload + (pick(&f->rnd, 2) ? 0 : pick(&f->rnd, payload + 1));
	struct sk_buff *skb = alloc_skb(headroom + linear, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	skb_reserve(skb, headroom);
	skb_put_data(skb, f->data, linear);
	if (pick(&f->rnd, 4))
		put_frags(test, f, skb, linear, s->len);
	else
		put_list(test, f, skb, linear, s->len);
	skb->dev = f->dev;
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
}

/* What is left to the device is that and nothing else, and it can do it. */
static void expect_sum(struct kunit *test, struct sk_buff *skb, bool partial)
{
	KUNIT_ASSERT_EQ(test, skb->ip_summed == CHECKSUM_PARTIAL, partial);
	if (partial)
		KUNIT_ASSERT_EQ(test, skb_checksum_help(skb), 0);
}

static unsigned int stamp_of(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->tx_flags & SKBTX_ANY_TSTAMP;
}

/* The sender wants to know when these bytes leave, as TCP or a datagram socket asks. */
static void ask_for_stamp(struct fixture *f, const struct shape *s, struct sk_buff *skb)
{
	u32 key = prandom_u32_state(&f->rnd);

	if (s->protocol == IPPROTO_TCP)
		key = get32(f->data + s->l4 + 4) + pick(&f->rnd, s->len - s->payload);
	skb_shinfo(skb)->tx_flags |= SKBTX_SW_TSTAMP;
	skb_shinfo(skb)->tskey = key;
}

static void expect_same_list(struct kunit *test, struct sk_buff *got, struct sk_buff *expected)
{
	struct fixture *f = test->priv;
	struct sk_buff *next;

	while (got && expected) {
		expect_roomy(test, got);
		expect_sum(test, got, f->partial);
		KUNIT_ASSERT_EQ(test, stamp_of(got), stamp_of(expected));
		if (stamp_of(got))
			KUNIT_ASSERT_EQ(test, skb_shinfo(got)->tskey, skb_shinfo(expected)->tskey);
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
	enum cvsw_payload payload = pick(&f->rnd, CVSW_PAYLOAD_UNTOUCHED + 1);
	struct cvsw_layout at;

	f->linear = payload == CVSW_PAYLOAD_COPIED;

	cvsw_layout_read(skb, &at);
	f->partial = payload == CVSW_PAYLOAD_UNTOUCHED && skb->ip_summed == CHECKSUM_PARTIAL;
	local_bh_disable();
	skb = cvsw_segment(skb, &at, HEADROOM, payload);
	local_bh_enable();
	return f->linear && !IS_ERR(skb) && skb_is_nonlinear(skb) ? NULL : skb;
}

static void segment_as_stack(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round, cut = 0;

	for (round = 0; round < ROUNDS; round++) {
		struct sk_buff *skb, *plain, *other = NULL, *expected, *got;
		struct cvsw_layout at;
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
		if (pick(&f->rnd, 2)) {
			ask_for_stamp(f, &s, skb);
			cvsw_carry_stamp(plain, skb);
		}
		switch (pick(&f->rnd, 3)) {
		case 0: other = skb_clone(skb, GFP_KERNEL); break;
		case 1: other = skb_get(skb); break;
		}
		local_bh_disable();
		expected = skb_gso_segment(plain, 0);
		local_bh_enable();
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(expected));
		cvsw_layout_read(skb, &at);
		longest = cvsw_segment_len(skb, &at);
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
		bool roomy = pick(&f->rnd, 2), paged;

		random_frame_of(f, &s);
		skb = skb_of(test, f, &s, roomy ? 128 : 20);
		paged = skb_is_nonlinear(skb);
		if (!pick(&f->rnd, 4))
			skb->ip_summed = CHECKSUM_NONE;
		expected = skb_copy(skb, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, expected);
		if (pick(&f->rnd, 2)) {
			ask_for_stamp(f, &s, skb);
			cvsw_carry_stamp(expected, skb);
		}
		if (skb->ip_summed == CHECKSUM_PARTIAL)
			KUNIT_ASSERT_EQ(test, skb_checksum_help(expected), 0);
		switch (pick(&f->rnd, 3)) {
		case 0: other = skb_clone(skb, GFP_KERNEL); break;
		case 1: other = skb_get(skb); break;
		}
		got = segment_it(f, skb);
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(got));
		KUNIT_ASSERT_EQ(test, got == skb, roomy && !other && !(f->linear && paged));
		expect_same_list(test, got, expected);
		if (other) {
			KUNIT_ASSERT_EQ(test, skb_copy_bits(other, 0, f->got, s.len), 0);
			KUNIT_ASSERT_EQ(test, memcmp(f->got, f->data, s.len), 0);
		}
		kfree_skb(other);
	}
}

/* ---- giants in a tunnel, as a newer kernel's virtio_net hands them over ---- */

/**
 * struct outer - what is in front of the frame in a fixture's data
 * @l4, @len: where UDP begins, and the inner frame
 */
struct outer {
	bool v6, checksum;
	unsigned int l4, len;
};

static void put_outer(struct fixture *f, struct outer *o, struct shape *s)
{
	u8 *ip = f->data + ETH_HLEN, *udp;
	unsigned int udp_len;

	o->v6 = pick(&f->rnd, 2);
	o->checksum = pick(&f->rnd, 2);
	o->l4 = ETH_HLEN + (o->v6 ? 40 : 20);
	o->len = o->l4 + 16;
	udp_len = 16 + s->len;
	memmove(f->data + o->len, f->data, s->len);
	s->l3 += o->len;
	s->l4 += o->len;
	s->payload += o->len;
	s->len += o->len;

	prandom_bytes_state(&f->rnd, f->data, o->len);
	put16(ip - 2, o->v6 ? ETH_P_IPV6 : ETH_P_IP);
	put16(ip, o->v6 ? 0x6000 : 0x4500);
	if (o->v6) {
		put16(ip + 4, udp_len);
		ip[6] = IPPROTO_UDP;
	} else {
		put16(ip + 2, 20 + udp_len);
		put16(ip + 6, 0x4000);
		ip[9] = IPPROTO_UDP;
		put16(ip + 10, 0);
		put16(ip + 10, ~inet_sum(ip, 20, 0));
	}
	udp = f->data + o->l4;
	put16(udp + 4, udp_len);
	put16(udp + 6, o->checksum ? inet_sum(ip + (o->v6 ? 8 : 12), o->v6 ? 32 : 8,
					      IPPROTO_UDP + udp_len) : 0);
	put32(udp + 8, 0x08000000);
	udp[15] = 0;
}

/* @like: the inner frame by itself */
static struct sk_buff *tunnel_skb(struct kunit *test, struct fixture *f, const struct shape *s,
				  const struct outer *o, const struct sk_buff *like)
{
	struct sk_buff *skb = skb_of(test, f, s, pick(&f->rnd, 2) * 128);

	skb_shinfo(skb)->gso_type = skb_shinfo(like)->gso_type |
				    (o->checksum ? SKB_GSO_UDP_TUNNEL_CSUM : SKB_GSO_UDP_TUNNEL);
	skb_shinfo(skb)->gso_size = skb_shinfo(like)->gso_size;
	skb_set_network_header(skb, ETH_HLEN);
	skb_set_transport_header(skb, o->l4);
	skb->mac_len = ETH_HLEN;
	skb_set_inner_protocol(skb, htons(s->v6 ? ETH_P_IPV6 : ETH_P_IP));
	skb_set_inner_transport_header(skb, s->l4);
	skb_set_inner_network_header(skb, s->l3);
	skb_set_inner_mac_header(skb, s->l3);
	skb->encapsulation = 1;
	return skb;
}

/* The outer headers of a segment, in f->got, are those of the giant, brought up to date. */
static void expect_outer(struct kunit *test, const struct outer *o, unsigned int len,
			 unsigned int index)
{
	struct fixture *f = test->priv;
	u8 *want = f->expected, *ip = want + ETH_HLEN, *udp = want + o->l4;

	memcpy(want, f->data, o->len);
	put16(udp + 4, len - o->l4);
	if (o->v6) {
		put16(ip + 4, len - o->l4);
	} else {
		put16(ip + 2, len - ETH_HLEN);
		put16(ip + 4, get16(ip + 4) + index);
		put16(ip + 10, 0);
		put16(ip + 10, ~inet_sum(ip, 20, 0));
	}
	if (o->checksum) {
		KUNIT_ASSERT_EQ(test, 0xffff, inet_sum(f->got + o->l4, len - o->l4, inet_sum(
			ip + (o->v6 ? 8 : 12), o->v6 ? 32 : 8, IPPROTO_UDP + len - o->l4)));
		put16(udp + 6, get16(f->got + o->l4 + 6));
	}
	KUNIT_ASSERT_EQ(test, memcmp(f->got, want, o->len), 0);
}

/* Each of @got is one of @inner in the tunnel. */
static void expect_in_tunnel(struct kunit *test, struct sk_buff *got, struct sk_buff *inner,
			     const struct outer *o)
{
	struct fixture *f = test->priv;
	struct sk_buff *next;
	unsigned int index;

	for (index = 0; got && inner; index++) {
		expect_roomy(test, got);
		expect_sum(test, got, false);
		KUNIT_ASSERT_EQ(test, got->len, o->len + inner->len);
		KUNIT_ASSERT_EQ(test, skb_copy_bits(got, 0, f->got, got->len), 0);
		expect_outer(test, o, got->len, index);
		KUNIT_ASSERT_EQ(test, skb_copy_bits(inner, 0, f->expected, inner->len), 0);
		KUNIT_ASSERT_EQ(test, memcmp(f->got + o->len, f->expected, inner->len), 0);
		next = got->next;
		kfree_skb(got);
		got = next;
		next = inner->next;
		kfree_skb(inner);
		inner = next;
	}
	KUNIT_ASSERT_PTR_EQ(test, got, inner);
}

/* A giant that decapsulation has taken out of its tunnel in one piece. */
static struct sk_buff *decapsulated(struct kunit *test, struct sk_buff *skb)
{
	struct cvsw_engine engine = {};
	struct cvsw_walk walk = { .engine = &engine };
	struct cvsw_layout at;
	struct cvsw_key key;

	engine.stats = cvsw_stats_alloc();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, (void __force *)engine.stats);
	local_bh_disable();
	KUNIT_EXPECT_EQ(test, cvsw_key_extract(skb, CVSW_NET, &key, &at), 0);
	skb = cvsw_vxlan_decap(&walk, skb, &at);
	local_bh_enable();
	free_percpu(engine.stats);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	return skb;
}

/*
 * The inner frame's segments, each in the tunnel; or the inner giant, and its
 * segments are those it would have had by itself.  The device's checksum
 * offload changes nothing.
 */
static void segment_tunnel(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round, cut = 0;

	for (round = 0; round < ROUNDS; round++) {
		struct sk_buff *plain, *skb, *segment;
		struct cvsw_layout at;
		struct outer o;
		struct shape s;

		random_frame_of(f, &s);
		plain = skb_of(test, f, &s, 0);
		make_gso(f, &s, plain);
		if (skb_shinfo(plain)->gso_segs < 2) {
			kfree_skb(plain);
			continue;
		}
		put_outer(f, &o, &s);
		skb = tunnel_skb(test, f, &s, &o, plain);
		f->dev->features = pick(&f->rnd, 2) ? NETIF_F_HW_CSUM | NETIF_F_SG : 0;
		plain = segment_it(f, plain);
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(plain));
		for (segment = plain; segment; segment = segment->next)
			expect_sum(test, segment, f->partial);
		cut++;
		if (!o.v6 && pick(&f->rnd, 2)) {
			skb = segment_it(f, decapsulated(test, skb));
			KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(skb));
			expect_same_list(test, skb, plain);
			continue;
		}
		cvsw_layout_read(skb, &at);
		KUNIT_ASSERT_EQ(test, cvsw_segment_len(skb, &at), o.len + plain->len);
		skb = segment_it(f, skb);
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(skb));
		expect_in_tunnel(test, skb, plain, &o);
	}
	KUNIT_EXPECT_GT(test, cut, ROUNDS / 3U);
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

static unsigned int ring_ended;

static void ring_destructor(struct sk_buff *skb)
{
	ring_ended++;
}

/* What only its own frame can end stays with it; a frame that others have is charged once more. */
static void segment_owner_stays(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct socket *socket;
	struct sk_buff *skb, *segs;
	struct shape s;
	int charged;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, 0, &socket), 0);
	random_frame_of(f, &s);
	skb = skb_of(test, f, &s, 0);
	make_gso(f, &s, skb);
	skb->sk = socket->sk;
	skb->destructor = ring_destructor;
	ring_ended = 0;
	segs = segment_it(f, skb);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(segs));
	KUNIT_EXPECT_EQ(test, ring_ended, 1U);
	for (skb = segs; skb; skb = skb->next)
		KUNIT_EXPECT_PTR_EQ(test, skb->sk, NULL);
	kfree_skb_list(segs);

	skb = skb_of(test, f, &s, 0);
	skb_set_owner_w(skb, socket->sk);
	charged = refcount_read(&socket->sk->sk_wmem_alloc);
	segs = segment_it(f, skb_get(skb));
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(segs));
	KUNIT_EXPECT_EQ(test, refcount_read(&socket->sk->sk_wmem_alloc),
			charged + (int)segs->truesize);
	kfree_skb(segs);
	KUNIT_EXPECT_EQ(test, refcount_read(&socket->sk->sk_wmem_alloc), charged);
	kfree_skb(skb);
	sock_release(socket);
}

/* The frame is left as it was, and what there was of segments is freed (kmemleak). */
static void segment_without_memory(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb = NULL;
	struct shape s;

	do {
		kfree_skb(skb);
		random_frame_of(f, &s);
		skb = skb_of(test, f, &s, 0);
		make_gso(f, &s, skb);
	} while (skb_shinfo(skb)->gso_segs < 2);
	fail_at = 2;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(segment_it(f, skb)), -ENOMEM);
	/* Nor is there any for a copy of the frame that others look at, too. */
	fail_at = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(segment_it(f, skb_get(skb))), -ENOMEM);
	kfree_skb(skb);
	/* Nor for headers that the stack may write to. */
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(segment_it(f, skb)), -ENOMEM);
	fail_at = 0;
	KUNIT_EXPECT_EQ(test, skb->len, s.len);
	kfree_skb(skb);
}

static struct sk_buff *udp_giant(struct kunit *test, struct shape *s)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb;

	do {
		random_frame_of(f, s);
	} while (s->protocol != IPPROTO_UDP || s->v6);
	/* No checksum, which in IPv4 there need not be. */
	put16(f->data + s->l4 + 6, 0);
	skb = skb_of(test, f, s, 0);
	make_gso(f, s, skb);
	skb->ip_summed = CHECKSUM_NONE;
	return skb;
}

/* A giant whose frame ends with its headers, or within them, is none: it is left alone. */
static void segment_of_nothing(struct kunit *test)
{
	static const unsigned int left[] = { 8, 6 };
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(left); i++) {
		struct shape s;
		struct sk_buff *skb = udp_giant(test, &s);

		put16(skb->data + s.l3 + 2, s.l4 - s.l3 + left[i]);
		KUNIT_ASSERT_EQ(test, pskb_trim(skb, s.l4 + left[i]), 0);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(segment_it(f, skb)), -EINVAL);
		KUNIT_EXPECT_EQ(test, skb->len, s.l4 + left[i]);
		kfree_skb(skb);
	}
}

/* What had no checksum gets none. */
static void segment_without_sum(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round;

	for (round = 0; round < 50; round++) {
		struct shape s;
		struct sk_buff *skb = udp_giant(test, &s), *segs = segment_it(f, skb);

		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(segs));
		for (skb = segs; skb; skb = skb->next) {
			KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, s.l4 + 6, f->got, 2), 0);
			KUNIT_EXPECT_EQ(test, get16(f->got), 0);
			KUNIT_EXPECT_FALSE(test, skb->ip_summed == CHECKSUM_PARTIAL);
		}
		kfree_skb_list(segs);
	}
}

/* Is the transport checksum of a frame right, as its bytes are now? */
static bool is_right(struct fixture *f, const struct shape *s, const struct sk_buff *skb)
{
	unsigned int l4_len = skb->len - s->l4;

	if (skb_copy_bits(skb, 0, f->got, skb->len))
		return false;
	return inet_sum(f->got + s->l4, l4_len,
			pseudo_sum(f->got + s->l3, s->protocol, l4_len)) == 0xffff;
}

/* A file's page is sent, and written to meanwhile: sums and bytes are of one content. */
static void segment_shared_pages(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round, i, gso = 0;

	for (round = 0; round < 500; round++) {
		struct page *pages[MAX_SKB_FRAGS];
		struct sk_buff *skb, *next;
		unsigned int n = 0;
		struct shape s;

		random_frame_of(f, &s);
		skb = skb_of(test, f, &s, 128);
		if (skb_has_frag_list(skb)) {
			kfree_skb(skb);
			continue;
		}
		if (round % 2)
			make_gso(f, &s, skb);
		gso += skb_is_gso(skb);
		skb_shinfo(skb)->flags |= SKBFL_SHARED_FRAG;
		for (n = 0; n < skb_shinfo(skb)->nr_frags; n++) {
			pages[n] = skb_frag_page(&skb_shinfo(skb)->frags[n]);
			get_page(pages[n]);
		}
		skb = segment_it(f, skb);
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(skb));
		for (i = 0; i < n; i++) {
			memset(page_address(pages[i]), round, PAGE_SIZE);
			put_page(pages[i]);
		}
		for (; skb; skb = next) {
			next = skb->next;
			if (skb->ip_summed != CHECKSUM_PARTIAL)
				KUNIT_ASSERT_TRUE(test, is_right(f, &s, skb));
			kfree_skb(skb);
		}
	}
	KUNIT_EXPECT_GT(test, gso, 100U);
}

/* As many as are asked for, and not one more: each is an allocation. */
static void segment_bounded(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round, size;

	for (round = 0; round < 40; round++) {
		struct sk_buff *skb, *got, *next;
		unsigned int n = 0;
		struct shape s;

		random_frame_of(f, &s);
		skb = skb_of(test, f, &s, 128);
		make_gso(f, &s, skb);
		size = DIV_ROUND_UP(s.len - s.payload, CVSW_SEGMENTS_MAX);
		if (!get16(f->data + s.l4 + 12) || size < 2) {
			kfree_skb(skb);
			continue;
		}
		skb_shinfo(skb)->gso_size = round & 2 ? size - 1 : size;
		if (round & 8)
			skb_shinfo(skb)->gso_size = 1;
		if (DIV_ROUND_UP(s.len - s.payload, skb_shinfo(skb)->gso_size) > CVSW_SEGMENTS_MAX) {
			KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(segment_it(f, skb)), -E2BIG);
			kfree_skb(skb);
			continue;
		}
		got = segment_it(f, skb);
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(got));
		for (; got; got = next, n++) {
			next = got->next;
			kfree_skb(got);
		}
		KUNIT_EXPECT_EQ(test, n, DIV_ROUND_UP(s.len - s.payload, size));
	}
}

/*
 * Headers that lie: an error or some frames, never harm (KASAN looks on), and none that is longer
 * than was said when the MTU was asked for.
 */
static void segment_damaged(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		struct sk_buff *skb, *got, *next;
		struct cvsw_layout at;
		unsigned int longest;
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
		else if (!pick(&f->rnd, 4))
			skb->csum_offset = pick(&f->rnd, 0x10000);
		/* As of a sender that says nothing of it. */
		if (!pick(&f->rnd, 4))
			skb->transport_header = (typeof(skb->transport_header))~0U;
		skb_shinfo(skb)->gso_type |= skb_is_gso(skb) ? SKB_GSO_DODGY : 0;
		cvsw_layout_read(skb, &at);
		longest = cvsw_segment_len(skb, &at);
		got = segment_it(f, skb);
		if (IS_ERR(got)) {
			kfree_skb(skb);
			continue;
		}
		for (; got; got = next) {
			next = got->next;
			KUNIT_EXPECT_LE(test, got->len, longest);
			kfree_skb(got);
		}
	}
}

/* Who knows the code and the addresses does not know a flow's port. */
static void segment_hash_is_secret(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, known = 0;

	for (i = 0; i < 8; i++) {
		struct cvsw_layout at;
		struct sk_buff *skb;
		struct shape s;
		u32 hash;

		random_frame_of(f, &s);
		skb = skb_of(test, f, &s, 0);
		cvsw_layout_read(skb, &at);
		hash = jhash2((u32 *)(skb->data + s.l3 + (s.v6 ? 8 : 12)), s.v6 ? 8 : 2, 0);
		hash = jhash2((u32 *)(skb->data + s.l4), 1, hash ^ s.protocol);
		known += hash == cvsw_layout_hash(skb, &at);
		kfree_skb(skb);
	}
	KUNIT_EXPECT_EQ(test, known, 0U);
}

static int segment_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	prandom_seed_state(&f->rnd, 20261121);
	f->dev = alloc_etherdev(0);
	return f->dev ? 0 : -ENOMEM;
}

static void segment_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f && f->dev)
		free_netdev(f->dev);
}

static struct kunit_case segment_cases[] = {
	KUNIT_CASE(segment_as_stack),
	KUNIT_CASE(segment_single),
	KUNIT_CASE(segment_tunnel),
	KUNIT_CASE(segment_owner),
	KUNIT_CASE(segment_owner_stays),
	KUNIT_CASE(segment_without_memory),
	KUNIT_CASE(segment_of_nothing),
	KUNIT_CASE(segment_without_sum),
	KUNIT_CASE(segment_shared_pages),
	KUNIT_CASE(segment_bounded),
	KUNIT_CASE(segment_damaged),
	KUNIT_CASE(segment_hash_is_secret),
	{}
};

static struct kunit_suite segment_suite = {
	.name = "segment",
	.init = segment_init,
	.exit = segment_exit,
	.test_cases = segment_cases,
};
kunit_test_suite(segment_suite);
