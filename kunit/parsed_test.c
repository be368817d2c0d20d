// SPDX-License-Identifier: GPL-2.0
/*
 * What the guest's stack goes on to read the key must have, or the frame does not reach it.
 * One test a kind; kunit/stack/ has them all, and the stack itself.
 */
#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>

#include "../drivers/cvsw/table/key.h"
#include "bare_engine.h"
#include "flows.h"
#include "frames.h"

struct fixture {
	struct cvsw_engine engine;
	struct cvsw_flow flow;
	struct flat_frame frame;
	struct cvsw_key key;
	struct cvsw_layout at;
	u8 *p;			/* end of the frame while it is made */
};

/* ---- frames ---- */

static u8 *put(struct fixture *f, const void *data, unsigned int len)
{
	u8 *at = f->p;

	memcpy(at, data, len);
	f->p += len;
	f->frame.len = f->p - f->frame.data;
	return at;
}
#define PUT(f, ...)	put(f, (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }))

static void begin(struct fixture *f)
{
	memset(&f->frame, 0, sizeof(f->frame));
	f->p = f->frame.data;
	PUT(f, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2);
}

static void put_tags(struct fixture *f, u16 type, u16 vid, unsigned int n)
{
	for (; n; n--)
		PUT(f, type >> 8, type, 0xa0 | vid >> 8, vid);
}

/* Type and header of IPv4; @len bytes follow. */
static u8 *put_ipv4(struct fixture *f, u8 protocol, u16 fragment, unsigned int len)
{
	u8 *ip;

	PUT(f, 8, 0);
	ip = PUT(f, 0x45, 0, 0, 20 + len, 0, 1, fragment >> 8, fragment, 64, protocol, 0, 0,
		 10, 0, 0, 1, 10, 0, 0, 2);
	put16(ip + 10, ~inet_sum(ip, 20, 0));
	return ip;
}

static u8 *put_ipv6(struct fixture *f, u8 next)
{
	u8 *ip;

	PUT(f, 0x86, 0xdd);
	ip = PUT(f, 0x60, 0, 0, 0, 0, 0, next, 255);
	PUT(f, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
	PUT(f, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
	return ip;
}

static void end_ipv6(struct fixture *f, u8 *ip)
{
	put16(ip + 4, f->p - ip - 40);
}

static void put_udp(struct fixture *f)
{
	PUT(f, 0x30, 0x39, 7777 >> 8, 7777 & 255, 0, 8, 0, 0);
}

static void read_key(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb = linear_skb(&f->frame);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	KUNIT_ASSERT_EQ(test, cvsw_key_extract(skb, CVSW_NET, &f->key, &f->at), 0);
	kfree_skb(skb);
}

static void expect_udp(struct kunit *test)
{
	struct fixture *f = test->priv;

	read_key(test);
	KUNIT_EXPECT_TRUE(test, f->at.whole);
	KUNIT_EXPECT_EQ(test, f->key.nw_proto, IPPROTO_UDP);
	KUNIT_EXPECT_EQ(test, f->key.tp_dst, 7777);
	KUNIT_EXPECT_TRUE(test, f->key.layers & CVSW_LAYER_PORTS);
}

/* ---- the key ---- */

static void parsed_priority_tags(struct kunit *test)
{
	static const unsigned int counts[] = { 0, 1, 2, 4, 100 };
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(counts); i++) {
		begin(f);
		f->frame.hw_tag = i % 2;
		f->frame.hw_proto = ETH_P_8021Q;
		put_tags(f, ETH_P_8021AD, 0, counts[i / 2] / 2);
		put_tags(f, ETH_P_8021Q, 0, counts[i / 2] - counts[i / 2] / 2);
		put_ipv4(f, IPPROTO_UDP, 0, 8);
		put_udp(f);
		expect_udp(test);
		KUNIT_EXPECT_EQ(test, f->key.dl_type, ETH_P_IP);
		KUNIT_EXPECT_EQ(test, f->key.vlan_tci & VLAN_VID_MASK, 0);
		KUNIT_EXPECT_EQ(test, !!f->key.vlan_tci, i % 2 || counts[i / 2]);
	}
}

/* The tag that leads to a VLAN device, wherever it is; of two, the outer one. */
static void parsed_real_tags(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int before, behind, two;

	for (before = 0; before < 3; before++)
		for (behind = 0; behind < 3; behind++)
			for (two = 0; two < 2; two++) {
				begin(f);
				put_tags(f, ETH_P_8021Q, 0, before);
				put_tags(f, ETH_P_8021AD, 5, 1);
				put_tags(f, ETH_P_8021Q, 0, behind);
				put_tags(f, ETH_P_8021Q, 6, two);
				put_ipv4(f, IPPROTO_UDP, 0, 8);
				put_udp(f);
				expect_udp(test);
				KUNIT_EXPECT_EQ(test, f->key.vlan_tci, 0xb005);
			}
	f->frame.len = 16;
	read_key(test);
	KUNIT_EXPECT_FALSE(test, f->at.whole);
}

static void parsed_extensions(struct kunit *test)
{
	static const unsigned int counts[] = { 0, 1, 16, 17, 20, 200 };
	struct fixture *f = test->priv;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		u8 *ip;

		begin(f);
		ip = put_ipv6(f, counts[i] ? IPPROTO_DSTOPTS : IPPROTO_UDP);
		for (n = 1; n <= counts[i]; n++)
			PUT(f, n == counts[i] ? IPPROTO_UDP : IPPROTO_DSTOPTS, 0, 1, 4, 0, 0, 0, 0);
		put_udp(f);
		end_ipv6(f, ip);
		expect_udp(test);
		if (!counts[i])
			continue;
		f->frame.len -= 9;
		put16(ip + 4, f->frame.len - 54);
		read_key(test);
		KUNIT_EXPECT_FALSE(test, f->at.whole);
	}
}

static void parsed_payload_length_0(struct kunit *test)
{
	struct fixture *f = test->priv;

	begin(f);
	put_ipv6(f, IPPROTO_HOPOPTS);
	PUT(f, IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0);
	put_udp(f);
	expect_udp(test);
	KUNIT_EXPECT_EQ(test, f->at.end, f->frame.len);
}

/* RFC 1858: TCP's flags are in the second fragment, or in both. */
static void parsed_tiny_fragments(struct kunit *test)
{
	static const struct {
		u8 protocol;
		u16 fragment;
		unsigned int len;
		bool whole;
		u16 flags;
	} rows[] = {
		{ IPPROTO_TCP, 0x2000, 8, false, 0 }, { IPPROTO_TCP, 0x2000, 14, false, 0 },
		{ IPPROTO_TCP, 0x2000, 15, false, 0 }, { IPPROTO_TCP, 0x2000, 16, true, 2 },
		{ IPPROTO_TCP, 0, 14, true, 2 }, { IPPROTO_TCP, 0, 13, false, 0 },
		{ IPPROTO_TCP, 1, 16, false, 0 }, { IPPROTO_TCP, 0x2001, 16, false, 0 },
		{ IPPROTO_TCP, 2, 16, true, 0 },
		{ IPPROTO_UDP, 0x2000, 8, true, 0 }, { IPPROTO_UDP, 1, 16, true, 0 },
		{ IPPROTO_UDP, 0x2000, 7, false, 0 }, { IPPROTO_ICMP, 0x2000, 8, true, 0 },
	};
	static const u8 syn[16] = { 0x30, 0x39, 0, 80, [12] = 0x50, 2 };
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(f);
		put_ipv4(f, rows[i].protocol, rows[i].fragment, rows[i].len);
		put(f, syn, rows[i].len);
		read_key(test);
		KUNIT_EXPECT_EQ_MSG(test, f->at.whole, rows[i].whole, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, f->key.tcp_flags, rows[i].flags, "row %u", i);
	}
}

/* RFC 7112: nothing but the fragment header, and what is in front of it, in the first one. */
static void parsed_first_fragment_ipv6(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int behind;
	u8 *ip;

	for (behind = 0; behind < 3; behind++) {
		begin(f);
		ip = put_ipv6(f, IPPROTO_FRAGMENT);
		PUT(f, IPPROTO_DSTOPTS, 0, 0, 1, 0, 0, 0, 1);
		if (behind)
			PUT(f, IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0);
		if (behind == 2)
			put_udp(f);
		end_ipv6(f, ip);
		read_key(test);
		KUNIT_EXPECT_EQ(test, f->at.whole, behind == 2);
	}
}

/* A neighbor message of @type, @len bytes of it, with @n options and the right one at @at. */
static void make_neighbor(struct fixture *f, u8 type, unsigned int len, unsigned int n, unsigned int at,
			  bool fragment)
{
	u8 wanted = type == 136 || type == 137 ? 2 : 1, *ip, *message;
	static const u8 zero[40];
	unsigned int i;

	begin(f);
	ip = put_ipv6(f, fragment ? IPPROTO_FRAGMENT : IPPROTO_ICMPV6);
	if (fragment)
		PUT(f, IPPROTO_ICMPV6, 0, 0, 1, 0, 0, 0, 1);
	message = put(f, zero, len);
	message[0] = type;
	if (len >= 24)
		message[23] = 9;	/* of the target */
	for (i = 0; i < n; i++)
		PUT(f, i >= at ? wanted : 14, 1, 2, 0, 0, 0, 7, i);
	end_ipv6(f, ip);
}

static void parsed_neighbor_messages(struct kunit *test)
{
	static const struct {
		u8 type, len;
		bool target;
	} messages[] = { { 133, 8 }, { 134, 16 }, { 135, 24, true }, { 136, 24, true }, { 137, 40, true } };
	struct fixture *f = test->priv;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(messages); i++) {
		u8 type = messages[i].type, *mac = type < 136 ? f->key.hw_src : f->key.hw_dst;

		/* The first of several, at the end of many or at the beginning. */
		for (n = 0; n < 100; n += 33) {
			make_neighbor(f, type, messages[i].len, n + 3, n, false);
			read_key(test);
			KUNIT_EXPECT_TRUE(test, f->at.whole);
			KUNIT_EXPECT_EQ(test, mac[4], 7);
			KUNIT_EXPECT_EQ(test, mac[5], n);
			KUNIT_EXPECT_EQ(test, f->key.nd_target[15], messages[i].target ? 9 : 0);
		}
		f->frame.data[f->frame.len - 7] = 0;	/* its last option's length */
		read_key(test);
		KUNIT_EXPECT_FALSE(test, f->at.whole);
		KUNIT_EXPECT_EQ(test, mac[4], 0);
		make_neighbor(f, type, messages[i].len, 1, 0, true);
		read_key(test);
		KUNIT_EXPECT_FALSE(test, f->at.whole);
	}
}

static void parsed_arp_of_802(struct kunit *test)
{
	struct fixture *f = test->priv;
	u8 hardware;

	for (hardware = 1; hardware < 8; hardware++) {
		bool known = hardware == 1 || hardware == 6;

		begin(f);
		PUT(f, 8, 6, 0, hardware, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 7, 10, 0, 0, 7,
		    2, 0, 0, 0, 0, 1, 10, 0, 0, 1);
		read_key(test);
		KUNIT_EXPECT_EQ(test, f->key.nw_src, known ? 0x0a000007 : 0);
		KUNIT_EXPECT_EQ(test, f->key.hw_src[5], known ? 7 : 0);
		KUNIT_EXPECT_TRUE(test, f->at.whole);
	}
}

static void parsed_source_routes(struct kunit *test)
{
	static const struct {
		u8 options[8];
		bool whole;
	} rows[] = {
		{ { 1, 1, 1, 1, 1, 1, 1, 0 }, true }, { { 7, 7, 4, 0, 0, 0, 0, 0 }, true },
		{ { 131, 7, 4, 10, 0, 0, 3, 0 }, false }, { { 1, 137, 7, 4, 10, 0, 0, 3 }, false },
		{ { 131, 7, 8, 10, 0, 0, 3, 0 }, true }, { { 0, 131, 7, 4, 10, 0, 0, 3 }, true },
		{ { 7, 9, 4, 0, 0, 0, 0, 0 }, false }, { { 7, 1, 4, 0, 0, 0, 0, 0 }, false },
		{ { 1, 1, 1, 1, 1, 1, 1, 7 }, false }, { { 1, 1, 1, 1, 1, 1, 131, 2 }, false },
	};
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		u8 *ip;

		begin(f);
		ip = put_ipv4(f, IPPROTO_UDP, 0, 16);
		ip[0] = 0x47;
		put(f, rows[i].options, 8);
		put_udp(f);
		read_key(test);
		KUNIT_EXPECT_EQ_MSG(test, f->at.whole, rows[i].whole, "row %u", i);
		KUNIT_EXPECT_EQ(test, f->key.tp_dst, 7777);
	}
}

/* ---- the engine ---- */

static struct {
	unsigned int n;
} turned;

static void turn(struct cvsw_engine *engine, struct sk_buff *skb, enum cvsw_ingress in)
{
	turned.n++;
	kfree_skb(skb);
}

static void add_flow(struct kunit *test, u8 in_port, unsigned int n_actions)
{
	struct fixture *f = test->priv;

	f->flow.match.key.in_port = in_port;
	f->flow.match.mask.in_port = in_port ? 0xff : 0;
	f->flow.n_actions = n_actions;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
}

/* Return: how many frames go on. */
static unsigned int send_skb(struct kunit *test, struct sk_buff *skb, enum cvsw_ingress in)
{
	struct fixture *f = test->priv;
	unsigned int n = 0;
	struct sk_buff *at;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	local_bh_disable();
	skb = cvsw_handle_frame(&f->engine, skb, in);
	local_bh_enable();
	for (at = skb; at; at = at->next)
		n++;
	kfree_skb_list(skb);
	return n;
}

static unsigned int send(struct kunit *test, enum cvsw_ingress in)
{
	return send_skb(test, linear_skb(&((struct fixture *)test->priv)->frame), in);
}

static u64 unparsed(struct kunit *test)
{
	struct fixture *f = test->priv;

	return cvsw_stats_read(f->engine.stats, CVSW_CNT_DROP_UNPARSED);
}

static void make_tiny(struct fixture *f)
{
	put_ipv4(f, IPPROTO_TCP, 0x2000, 8);
	PUT(f, 0x30, 0x39, 0, 80, 0, 0, 0, 0);
}

static void unparsed_towards_the_stack(struct kunit *test)
{
	struct fixture *f = test->priv;

	begin(f);
	make_tiny(f);
	KUNIT_EXPECT_EQ(test, send(test, CVSW_NET), 1U);	/* no flow: none is walked past */
	f->flow.actions[0] = (struct cvsw_action){ CVSW_ACT_OUTPUT, .port = CVSW_PORT_ONWARD };
	add_flow(test, CVSW_HOST, 1);
	KUNIT_EXPECT_EQ(test, send(test, CVSW_HOST), 1U);
	KUNIT_EXPECT_EQ(test, unparsed(test), 0ULL);
	KUNIT_EXPECT_EQ(test, send(test, CVSW_NET), 0U);	/* by the miss policy */
	KUNIT_EXPECT_EQ(test, unparsed(test), 1ULL);
	add_flow(test, CVSW_NET, 1);
	KUNIT_EXPECT_EQ(test, send(test, CVSW_NET), 0U);	/* by a flow */
	KUNIT_EXPECT_EQ(test, unparsed(test), 2ULL);
	f->flow.actions[1] = (struct cvsw_action){ CVSW_ACT_OUTPUT, .port = CVSW_PORT_ONWARD };
	add_flow(test, CVSW_NET, 2);
	KUNIT_EXPECT_EQ(test, send(test, CVSW_NET), 0U);	/* copy for copy */
	KUNIT_EXPECT_EQ(test, unparsed(test), 4ULL);

	/* Back: to the wire it may go, to the stack it may not. */
	f->flow.actions[0].port = CVSW_PORT_IN_PORT;
	add_flow(test, CVSW_NET, 1);
	add_flow(test, CVSW_HOST, 1);
	turned.n = 0;
	KUNIT_EXPECT_EQ(test, send(test, CVSW_NET), 0U);
	KUNIT_EXPECT_EQ(test, turned.n, 1U);
	KUNIT_EXPECT_EQ(test, send(test, CVSW_HOST), 0U);
	KUNIT_EXPECT_EQ(test, turned.n, 1U);
	KUNIT_EXPECT_EQ(test, unparsed(test), 5ULL);
}

/* Outer headers of a frame of @len bytes; the VXLAN header is the next datagram's, too. */
static void put_vxlan(struct fixture *f, unsigned int len)
{
	put_ipv4(f, IPPROTO_UDP, 0, 16 + len);
	PUT(f, 0xc0, 0, 0x12, 0xb5, 0, 16 + len, 0, 0);
	PUT(f, 8, 0, 0, 0, 0, 0, 5, 0);
	PUT(f, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 3);
}

static void unparsed_in_a_tunnel(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	/* Looked up for what is inside; nobody asks for that; the flow says that it is not looked up. */
	for (i = 0; i < 3; i++) {
		begin(f);
		put_vxlan(f, 14 + 28);
		make_tiny(f);
		memset(&f->flow, 0, sizeof(f->flow));
		f->flow.match.mask.pass = 0xff;
		f->flow.actions[0].type = CVSW_ACT_VXLAN_DECAP;
		f->flow.actions[1] = (struct cvsw_action){ CVSW_ACT_OUTPUT, .port = CVSW_PORT_ONWARD };
		add_flow(test, CVSW_NET, i == 2 ? 2 : 1);
		if (!i) {
			f->flow.match.key.pass = 1;
			f->flow.actions[0] = f->flow.actions[1];
			add_flow(test, CVSW_NET, 1);
		}
		KUNIT_EXPECT_EQ(test, send(test, CVSW_NET), 0U);
		KUNIT_EXPECT_EQ(test, unparsed(test), i + 1ULL);
		/* The same, whole. */
		f->p -= 30;
		put_ipv4(f, IPPROTO_UDP, 0, 8);
		put_udp(f);
		KUNIT_EXPECT_EQ(test, send(test, CVSW_NET), 1U);
		KUNIT_EXPECT_EQ(test, unparsed(test), i + 1ULL);
		table_delete(f->engine.table, &(struct cvsw_match){});
	}
}

/* Three datagrams that came glued together, for a port: of 50 bytes, as VXLAN's are. */
static struct sk_buff *glued(struct kunit *test, u16 port)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb;
	unsigned int i;

	begin(f);
	put_vxlan(f, 42);
	f->p -= 20;		/* from the VXLAN header on */
	for (i = 0; i < 3; i++) {
		PUT(f, 8, 0, 0, 0, 0, 0, 5, 0, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 3);
		put_ipv4(f, IPPROTO_UDP, 0, 8);
		put_udp(f);
		if (i != 1)
			f->p[-5]++;
	}
	put16(f->frame.data + 16, 28 + 3 * 50);
	put16(f->frame.data + 36, port);
	put16(f->frame.data + 38, 8 + 3 * 50);
	skb = linear_skb(&f->frame);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	skb_set_network_header(skb, 14);
	skb_set_transport_header(skb, 34);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + 34;
	skb->csum_offset = 6;
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	skb_shinfo(skb)->gso_size = 50;
	skb_shinfo(skb)->gso_segs = 3;
	return skb;
}

/* Each one's inside is looked up: the second one's is dropped. */
static void glued_by(struct kunit *test, enum cvsw_action_type type)
{
	struct fixture *f = test->priv;

	f->flow.match.mask.pass = 0xff;
	f->flow.actions[0].type = type;
	add_flow(test, CVSW_NET, 1);
	f->flow.match.key.pass = 1;
	f->flow.match.key.tp_dst = 7777;
	f->flow.match.mask.tp_dst = 0xffff;
	add_flow(test, CVSW_NET, 0);
	KUNIT_EXPECT_EQ(test, send_skb(test, glued(test, 4789), CVSW_NET), 2U);
	KUNIT_EXPECT_EQ(test, cvsw_stats_read(f->engine.stats, CVSW_CNT_DROP_ACTION), 1ULL);
}

static void glued_datagrams(struct kunit *test)
{
	glued_by(test, CVSW_ACT_VXLAN_DECAP);
}

/* Strip takes VXLAN apart in the same way, and leaves any other giant in one piece. */
static void glued_and_stripped(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb;

	glued_by(test, CVSW_ACT_VXLAN_STRIP);
	KUNIT_EXPECT_EQ(test, cvsw_stats_read(f->engine.stats, CVSW_CNT_ACTION_SKIPPED), 0ULL);
	skb = skb_get(glued(test, 4790));
	KUNIT_EXPECT_EQ(test, send_skb(test, skb, CVSW_NET), 1U);
	KUNIT_EXPECT_EQ(test, cvsw_stats_read(f->engine.stats, CVSW_CNT_ACTION_SKIPPED), 1ULL);
	KUNIT_EXPECT_EQ(test, skb_shinfo(skb)->gso_segs, 3);
	KUNIT_EXPECT_EQ(test, skb->len, f->frame.len);
	kfree_skb(skb);
}

static int parsed_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->engine.turn = turn;
	return bare_engine_init(&f->engine);
}

static void parsed_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	bare_engine_exit(&f->engine);
}

static struct kunit_case parsed_cases[] = {
	KUNIT_CASE(parsed_priority_tags),
	KUNIT_CASE(parsed_real_tags),
	KUNIT_CASE(parsed_extensions),
	KUNIT_CASE(parsed_payload_length_0),
	KUNIT_CASE(parsed_tiny_fragments),
	KUNIT_CASE(parsed_first_fragment_ipv6),
	KUNIT_CASE(parsed_neighbor_messages),
	KUNIT_CASE(parsed_arp_of_802),
	KUNIT_CASE(parsed_source_routes),
	KUNIT_CASE(unparsed_towards_the_stack),
	KUNIT_CASE(unparsed_in_a_tunnel),
	KUNIT_CASE(glued_datagrams),
	KUNIT_CASE(glued_and_stripped),
	{}
};

static struct kunit_suite parsed_suite = {
	.name = "parsed",
	.init = parsed_init,
	.exit = parsed_exit,
	.test_cases = parsed_cases,
};
kunit_test_suite(parsed_suite);
