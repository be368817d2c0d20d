// SPDX-License-Identifier: GPL-2.0
/*
 * Actions against a reference that edits flat bytes and then computes every
 * checksum from scratch.
 */
#include <kunit/test.h>
#include <linux/net.h>
#include <net/net_namespace.h>

#include "fail.h"
#include "../drivers/cvsw/engine/actions.c"
#include "../drivers/cvsw/engine/rewrite.c"
#include "../drivers/cvsw/engine/fields.c"
#include "../drivers/cvsw/engine/frames.c"
#include "frames.h"
#include "rewriting.h"

#define ROUNDS		20000
#define LIST_MAX	6

int *frames_fail_at = &fail_at;

struct fixture {
	struct rnd_state rnd;
	struct cvsw_stats __percpu *stats;
	struct cvsw_action list[LIST_MAX + 1];
	unsigned int n;
	struct flat_frame before;	/* what the sk_buff is made of */
	struct flat_frame expected;
	struct flat_frame after;
	struct cvsw_registers registers;
};

/* ---- helpers ---- */

static void random_list(struct fixture *f)
{
	unsigned int i;

	f->n = 1 + pick(&f->rnd, LIST_MAX);
	for (i = 0; i < f->n; i++)
		random_action(&f->rnd, &f->list[i]);
	if (!pick(&f->rnd, 4)) {
		f->list[f->n].type = CVSW_ACT_OUTPUT;
		f->list[f->n++].port = CVSW_PORT_ONWARD;
	}
}

static struct sk_buff *run_list(struct fixture *f, struct sk_buff *skb)
{
	struct cvsw_layout layout;
	struct cvsw_key key;

	local_bh_disable();
	cvsw_key_extract(skb, CVSW_HOST, &key, &layout);
	f->registers.written = false;
	skb = cvsw_actions_run(skb, &layout, f->list, f->n, &f->registers, f->stats);
	local_bh_enable();
	return skb;
}

static u64 counted(const struct fixture *f, unsigned int counter)
{
	return cvsw_stats_read(f->stats, counter);
}

/* ---- checksum states ---- */

/*
 * Make @before a frame whose checksum is left to the device and @expected what
 * that would send.  Return: where the checksum starts, 0 if this is no frame
 * for that.
 */
static unsigned int make_partial(struct fixture *f)
{
	struct cvsw_layout at;
	struct cvsw_key key;
	unsigned int field;
	u8 *ip, *l4;

	reference_key(&f->before, CVSW_HOST, &key, &at);
	field = checksum_offset(at.protocol);
	if (!(key.layers & CVSW_LAYER_PORTS) || at.fragment || at.end != f->before.len ||
	    at.transport + field + 4 > at.end)
		return 0;
	ip = f->expected.data + at.network + at.ipv6;
	put16(f->expected.data + at.transport + field, 1);	/* not UDP's "none" */
	write_checksums(ip, NULL, 0);
	l4 = f->before.data + at.transport;
	if (at.protocol == IPPROTO_SCTP)
		put32(l4 + field, 0);
	else
		put16(l4 + field, inet_sum(l4, 0, pseudo_sum(ip, at.protocol, at.end - at.transport)));
	return at.transport;
}

static void set_partial(struct sk_buff *skb, unsigned int start, u8 protocol)
{
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + start;
	skb->csum_offset = checksum_offset(protocol);
	skb->csum_not_inet = protocol == IPPROTO_SCTP;
}

/* What a device does with CHECKSUM_PARTIAL. */
static void finish_partial(const struct sk_buff *skb, struct flat_frame *frame)
{
	unsigned int start = skb_checksum_start_offset(skb), len = frame->len - start;
	u8 *l4 = frame->data + start;
	u32 sum;

	if (skb->csum_not_inet) {
		sum = ~crc32c_bitwise(~0, l4, len);
		put32(l4 + skb->csum_offset, swab32(sum));
		return;
	}
	sum = (u16)~inet_sum(l4, len, 0);
	if (!sum && skb->csum_offset == 6)
		sum = 0xffff;
	put16(l4 + skb->csum_offset, sum);
}

static u16 sum_behind_ethernet(const struct flat_frame *frame)
{
	return inet_sum(frame->data + 14, frame->len - 14, 0) % 0xffff;
}

static void check_complete(struct kunit *test, struct fixture *f, const struct sk_buff *skb)
{
	u16 sum = ntohs((__force __be16)~csum_fold(skb->csum));

	KUNIT_ASSERT_EQ(test, sum % 0xffff, sum_behind_ethernet(&f->after));
}

static void expect_registers(struct kunit *test, struct fixture *f)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, cvsw_registers_get(&f->registers, CVSW_FIELD_METADATA),
			get_unaligned_be64(f->expected.metadata));
	for (i = 0; i < CVSW_N_REGS; i++)
		KUNIT_ASSERT_EQ_MSG(test,
				    (u32)cvsw_registers_get(&f->registers, CVSW_FIELD_REG0 + i),
				    get_unaligned_be32(f->expected.regs[i]), "register %u", i);
}

/* ---- one frame through one list ---- */

static void check_result(struct kunit *test, struct fixture *f, struct sk_buff *skb,
			 bool network_was_set)
{
	u16 type = get16(f->expected.data + 12);

	skb_to_frame(skb, &f->after);
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		finish_partial(skb, &f->after);
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		check_complete(test, f, skb);
	if (f->after.len != f->expected.len ||
	    memcmp(f->after.data, f->expected.data, f->expected.len)) {
		unsigned int i;

		for (i = 0; i < f->n; i++)
			kunit_info(test, "action %u", f->list[i].type);
		print_hex_dump(KERN_INFO, "# before ", DUMP_PREFIX_OFFSET, 16, 1, f->before.data,
			       min(f->before.len, 112U), false);
		print_hex_dump(KERN_INFO, "# after ", DUMP_PREFIX_OFFSET, 16, 1, f->after.data,
			       min(f->after.len, 112U), false);
		print_hex_dump(KERN_INFO, "# expected ", DUMP_PREFIX_OFFSET, 16, 1,
			       f->expected.data, min(f->expected.len, 112U), false);
	}
	KUNIT_ASSERT_EQ(test, f->after.len, f->expected.len);
	KUNIT_ASSERT_EQ(test, memcmp(f->after.data, f->expected.data, f->expected.len), 0);
	KUNIT_ASSERT_EQ(test, f->after.hw_tag, f->expected.hw_tag);
	KUNIT_ASSERT_EQ(test, skb->mark, f->expected.mark);
	expect_registers(test, f);
	KUNIT_ASSERT_PTR_EQ(test, skb_mac_header(skb), skb->data);
	KUNIT_ASSERT_EQ(test, ntohs(skb->protocol), type < ETH_P_802_3_MIN ? ETH_P_802_2 : type);
	if (network_was_set)
		KUNIT_ASSERT_EQ(test, skb_network_offset(skb), frame_l2_len(&f->expected));
	else if (f->expected.len != f->before.len)
		KUNIT_ASSERT_GE(test, skb_network_offset(skb), is_tagged(&f->expected) ? 18 : 14);
}

static struct sk_buff *share(struct sk_buff *skb, enum sharing sharing)
{
	switch (sharing) {
	case CLONED: return skb_clone(skb, GFP_KERNEL);
	case SHARED: return skb_get(skb);
	default: return NULL;
	}
}

static void set_checksum_state(struct fixture *f, struct sk_buff *skb, unsigned int partial)
{
	static const u8 states[] = { CHECKSUM_NONE, CHECKSUM_UNNECESSARY, CHECKSUM_COMPLETE };

	if (partial) {
		struct cvsw_layout at;
		struct cvsw_key key;

		reference_key(&f->before, CVSW_HOST, &key, &at);
		set_partial(skb, partial, at.protocol);
		return;
	}
	skb->ip_summed = states[pick(&f->rnd, ARRAY_SIZE(states))];
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_partial(f->before.data + 14, f->before.len - 14, 0);
}

static void one_round(struct kunit *test, struct fixture *f, bool may_fail)
{
	u64 skipped = counted(f, CVSW_CNT_ACTION_SKIPPED), nomem = counted(f, CVSW_CNT_DROP_NOMEM);
	enum sharing sharing = pick(&f->rnd, N_SHARINGS);
	struct sk_buff *skb, *other;
	unsigned int partial;
	bool network;

	random_frame(&f->rnd, &f->before);
	f->expected = f->before;
	partial = pick(&f->rnd, 2) ? make_partial(f) : 0;
	random_list(f);
	skipped += reference_list(f->list, f->n, &f->expected);

	skb = random_skb(&f->rnd, &f->before);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	set_checksum_state(f, skb, partial);
	network = skb_network_offset(skb) == frame_l2_len(&f->before);
	other = share(skb, sharing);

	fail_at = may_fail ? 1 + pick(&f->rnd, 8) : 0;
	skb = run_list(f, skb);
	fail_at = 0;
	if (skb) {
		check_result(test, f, skb, network);
		KUNIT_ASSERT_EQ(test, counted(f, CVSW_CNT_ACTION_SKIPPED), skipped);
		if (other)
			KUNIT_ASSERT_PTR_NE(test, skb, other);
	} else {
		KUNIT_ASSERT_TRUE(test, may_fail);
		KUNIT_ASSERT_EQ(test, counted(f, CVSW_CNT_DROP_NOMEM), nomem + 1);
	}
	if (other)
		KUNIT_ASSERT_TRUE(test, skb_is_frame(other, &f->before));
	kfree_skb(other);
	kfree_skb(skb);
}

static void actions_random(struct kunit *test)
{
	int i;

	bitmap_zero(reference_loaded, CVSW_N_FIELDS);
	for (i = 0; i < ROUNDS; i++)
		one_round(test, test->priv, false);
	/* Each field has a place in some frame. */
	for (i = 0; i < CVSW_N_FIELDS; i++)
		KUNIT_EXPECT_EQ_MSG(test, test_bit(i, reference_loaded),
				    cvsw_field_info[i].writable, "field %d", i);
}

static void actions_without_memory(struct kunit *test)
{
	int i;

	for (i = 0; i < ROUNDS / 2; i++)
		one_round(test, test->priv, true);
}

/* Damaged frames: no reference, but KASAN, and others' bytes stay. */
static void actions_damaged(struct kunit *test)
{
	struct fixture *f = test->priv;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		struct sk_buff *skb, *other;

		do {
			random_frame(&f->rnd, &f->before);
			damage_frame(&f->rnd, &f->before);
		} while (f->before.len < ETH_HLEN);
		f->expected = f->before;
		random_list(f);
		skb = random_skb(&f->rnd, &f->before);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		other = share(skb, pick(&f->rnd, N_SHARINGS));
		skb = run_list(f, skb);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		reference_list(f->list, f->n, &f->expected);
		KUNIT_ASSERT_EQ(test, skb->len, f->expected.len);
		if (other)
			KUNIT_ASSERT_TRUE(test, skb_is_frame(other, &f->before));
		kfree_skb(other);
		kfree_skb(skb);
	}
}

/* ---- frames by hand ---- */

static void one_action(struct fixture *f, u16 type)
{
	memset(f->list, 0, sizeof(f->list));
	f->list[0].type = type;
	f->n = 1;
}

static void one_set(struct fixture *f, enum cvsw_setter setter, u64 value)
{
	f->list[0] = cvsw_action_set(setter, value);
	f->n = 1;
}

/* RFC 768: a checksum that comes out zero is sent as ones, "none" stays none. */
static void actions_udp_zero(struct kunit *test)
{
	static const u8 udp[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0, 1, 0, 2, 0, 8, 0, 1,
	};
	struct fixture *f = test->priv;
	int with;
	u16 port;

	for (with = 0; with < 2; with++) {
		struct sk_buff *skb;

		memset(&f->before, 0, sizeof(f->before));
		f->before.len = sizeof(udp);
		memcpy(f->before.data, udp, sizeof(udp));
		put16(f->before.data + 40, with);
		write_checksums(f->before.data + 14, NULL, 0);
		/* The port that brings the sum to zero: the old one plus the checksum. */
		port = with ? 2 + get16(f->before.data + 40) : 5;
		one_set(f, CVSW_SET_TP_DST, port);
		skb = run_list(f, linear_skb(&f->before));
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		KUNIT_EXPECT_EQ(test, get16(skb->data + 40), with ? 0xffff : 0);
		KUNIT_EXPECT_EQ(test, get16(skb->data + 36), port);
		kfree_skb(skb);
	}
}

/* One less, if there is one to take; else the frame ends. */
static void actions_dec_ttl(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round, dropped = 0;

	one_action(f, CVSW_ACT_DEC_TTL);
	for (round = 0; round < 5000; round++) {
		unsigned int skipped = 0, ended = 0;
		struct cvsw_layout at;
		struct cvsw_key key;
		struct sk_buff *skb;
		u8 *ip;

		random_frame(&f->rnd, &f->before);
		reference_key(&f->before, CVSW_HOST, &key, &at);
		ip = f->before.data + at.network + at.ipv6;
		if (at.network || at.ipv6) {
			u8 *ttl = ip + (at.network ? 8 : 7);

			*ttl = pick(&f->rnd, 4);
			if (at.network || at.transport)
				write_checksums(ip, f->before.tail, f->before.tail_len);
			ended = *ttl <= 1;
			f->expected = f->before;
			if (!ended)
				f->expected.data[ttl - f->before.data]--;
			ip = f->expected.data + at.network + at.ipv6;
			if (at.network)
				write_checksums(ip, f->before.tail, f->before.tail_len);
		} else {
			f->expected = f->before;
			skipped = 1;
		}
		skipped += counted(f, CVSW_CNT_ACTION_SKIPPED);
		dropped += ended;
		skb = random_skb(&f->rnd, &f->before);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		set_checksum_state(f, skb, 0);
		skb = run_list(f, skb);
		KUNIT_ASSERT_EQ(test, !skb, ended);
		KUNIT_ASSERT_EQ(test, counted(f, CVSW_CNT_ACTION_SKIPPED), (u64)skipped);
		KUNIT_ASSERT_EQ(test, counted(f, CVSW_CNT_DROP_TTL), (u64)dropped);
		if (skb)
			check_result(test, f, skb, false);
		kfree_skb(skb);
	}
	KUNIT_EXPECT_GT(test, dropped, 1000U);
}

/* An output alone touches nothing: a shared frame comes back as it is. */
static void actions_output_only(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb;

	random_frame(&f->rnd, &f->before);
	skb = linear_skb(&f->before);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	skb_get(skb);
	one_action(f, CVSW_ACT_OUTPUT);
	f->list[0].port = CVSW_PORT_ONWARD;
	KUNIT_EXPECT_PTR_EQ(test, run_list(f, skb), skb);
	KUNIT_EXPECT_EQ(test, refcount_read(&skb->users), 2U);
	kfree_skb(skb);
	kfree_skb(skb);
}

static void make_tcp(struct flat_frame *frame, unsigned int payload)
{
	static const u8 tcp[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0x30, 0x39, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0,
	};
	unsigned int i;

	memset(frame, 0, sizeof(*frame));
	frame->len = sizeof(tcp) + payload;
	memcpy(frame->data, tcp, sizeof(tcp));
	for (i = 0; i < payload; i++)
		frame->data[sizeof(tcp) + i] = i * 7;
	put16(frame->data + 16, 40 + payload);
	write_checksums(frame->data + 14, NULL, 0);
}

/*
 * As TCP sends: payload is kept for retransmission, its clone has the headers
 * to itself.  Rewriting them must not copy, not even for a tag.
 */
static void actions_tcp_clone_not_copied(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *kept, *skb;
	const u8 *head;

	make_tcp(&f->before, 500);
	kept = alloc_skb(128 + 500, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kept);
	skb_reserve(kept, 128);
	skb_put_data(kept, f->before.data + 54, 500);
	__skb_header_release(kept);
	skb = skb_clone(kept, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	memcpy(skb_push(skb, 54), f->before.data, 54);
	skb_reset_mac_header(skb);
	skb->protocol = htons(ETH_P_IP);
	skb_set_network_header(skb, 14);
	head = skb->head;

	one_set(f, CVSW_SET_NW_SRC, 0);
	f->list[1] = cvsw_action_set(CVSW_SET_TP_SRC, 0);
	f->list[2] = cvsw_action_set(CVSW_SET_VLAN_VID, 5);
	f->n = 3;
	f->expected = f->before;
	reference_list(f->list, f->n, &f->expected);
	skb = run_list(f, skb);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	check_result(test, f, skb, true);
	KUNIT_EXPECT_PTR_EQ(test, head, skb->head);
	KUNIT_EXPECT_EQ(test, skb->mac_len, 18);
	KUNIT_EXPECT_EQ(test, memcmp(kept->data, f->before.data + 54, 500), 0);
	kfree_skb(skb);
	kfree_skb(kept);
}

/* A sender's socket stays charged with what takes its frame's place. */
static void actions_keep_socket(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct socket *socket;
	enum sharing sharing;
	int idle;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, 0, &socket), 0);
	idle = refcount_read(&socket->sk->sk_wmem_alloc);
	for (sharing = PRIVATE; sharing < N_SHARINGS; sharing++) {
		struct sk_buff *skb, *other;

		make_tcp(&f->before, 100);
		skb = linear_skb(&f->before);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		skb_push(skb, skb_headroom(skb));	/* no room for a tag */
		skb_set_mac_header(skb, 0);
		memcpy(skb->data, f->before.data, 34);
		other = share(skb, sharing);
		skb_set_owner_w(skb, socket->sk);
		one_set(f, CVSW_SET_VLAN_VID, 0);
		skb = run_list(f, skb);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		KUNIT_EXPECT_PTR_EQ(test, skb->sk, socket->sk);
		KUNIT_EXPECT_GE(test, refcount_read(&socket->sk->sk_wmem_alloc), idle + 100);
		kfree_skb(skb);
		kfree_skb(other);
		KUNIT_EXPECT_EQ(test, refcount_read(&socket->sk->sk_wmem_alloc), idle);
	}
	sock_release(socket);
}

/* ---- GSO ---- */

static struct sk_buff *gso_skb(struct kunit *test, struct fixture *f, u8 protocol)
{
	unsigned int l2 = pick(&f->rnd, 2) ? VLAN_ETH_HLEN : ETH_HLEN;
	struct sk_buff *skb;
	u8 *ip;

	make_tcp(&f->before, 1800);
	if (l2 == VLAN_ETH_HLEN)
		insert_tag(&f->before, ETH_P_8021Q, 7);
	ip = f->before.data + l2;
	if (protocol == IPPROTO_UDP) {
		ip[9] = protocol;
		put16(ip + 24, get16(ip + 2) - 20);
		write_checksums(ip, NULL, 0);
	}
	put16(ip + 20 + checksum_offset(protocol),
	      inet_sum(ip, 0, pseudo_sum(ip, protocol, get16(ip + 2) - 20)));
	skb = random_skb(&f->rnd, &f->before);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	skb_set_network_header(skb, l2);
	skb_reset_mac_len(skb);
	set_partial(skb, l2 + 20, protocol);
	skb_shinfo(skb)->gso_type = protocol == IPPROTO_TCP ? SKB_GSO_TCPV4 : SKB_GSO_UDP_L4;
	skb_shinfo(skb)->gso_size = 700;
	skb_shinfo(skb)->gso_segs = 3;
	return skb;
}

/* Rewriting a GSO frame, then segmenting it, gives what rewriting each segment would. */
static void check_gso(struct kunit *test, u8 protocol)
{
	struct fixture *f = test->priv;
	int round;

	for (round = 0; round < 300; round++) {
		struct sk_buff *skb = gso_skb(test, f, protocol), *plain, *segment, *next;
		struct sk_buff *other = share(skb, pick(&f->rnd, N_SHARINGS));
		unsigned int n = 0;

		plain = skb_copy(skb, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, plain);
		random_list(f);
		skb = run_list(f, skb);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		KUNIT_ASSERT_TRUE(test, skb->ip_summed == CHECKSUM_PARTIAL);

		local_bh_disable();
		next = skb_gso_segment(skb, 0);
		segment = skb_gso_segment(plain, 0);
		local_bh_enable();
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(next));
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(segment));
		consume_skb(skb);
		consume_skb(plain);
		while (segment && next) {
			skb_to_frame(segment, &f->expected);
			reference_list(f->list, f->n, &f->expected);
			check_result(test, f, next, false);
			plain = segment->next;
			skb = next->next;
			kfree_skb(segment);
			kfree_skb(next);
			segment = plain;
			next = skb;
			n++;
		}
		KUNIT_ASSERT_EQ(test, n, 3U);
		KUNIT_ASSERT_PTR_EQ(test, segment, next);
		if (other)
			KUNIT_ASSERT_TRUE(test, skb_is_frame(other, &f->before));
		kfree_skb(other);
	}
}

static void actions_tcp_gso(struct kunit *test)
{
	check_gso(test, IPPROTO_TCP);
}

static void actions_udp_gso(struct kunit *test)
{
	check_gso(test, IPPROTO_UDP);
}

/*
 * A tunnel's frame whose inner checksum is left to the device: the outer UDP
 * checksum is a whole one, or the pseudo header's sum if the frame is GSO.
 */
static void actions_tunnel_outer_checksum(struct kunit *test)
{
	struct fixture *f = test->priv;
	int gso;

	for (gso = 0; gso < 2; gso++) {
		struct sk_buff *skb;
		u8 *ip = f->before.data + 14;

		make_tcp(&f->before, 200);
		ip[9] = IPPROTO_UDP;
		put16(ip + 24, 220);
		put16(ip + 26, 1);
		write_checksums(ip, NULL, 0);
		f->expected = f->before;
		if (gso)
			put16(ip + 26, inet_sum(ip, 0, pseudo_sum(ip, IPPROTO_UDP, 220)));
		one_set(f, CVSW_SET_NW_DST, 0xc0a80001);
		f->list[1] = cvsw_action_set(CVSW_SET_TP_SRC, 4711);
		f->n = 2;
		reference_list(f->list, f->n, &f->expected);
		if (gso) {
			ip = f->expected.data + 14;
			put16(ip + 26, inet_sum(ip, 0, pseudo_sum(ip, IPPROTO_UDP, 220)));
		}

		skb = linear_skb(&f->before);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_headroom(skb) + 100;
		skb->csum_offset = 16;
		skb->encapsulation = 1;
		if (gso) {
			skb_shinfo(skb)->gso_type = SKB_GSO_UDP_TUNNEL_CSUM | SKB_GSO_TCPV4;
			skb_shinfo(skb)->gso_size = 50;
		}
		skb = run_list(f, skb);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
		skb_to_frame(skb, &f->after);
		KUNIT_EXPECT_EQ(test, memcmp(f->after.data, f->expected.data, f->expected.len), 0);
		kfree_skb(skb);
	}
}

static int actions_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	prandom_seed_state(&f->rnd, 4);
	f->stats = cvsw_stats_alloc();
	return f->stats ? 0 : -ENOMEM;
}

static void actions_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	fail_at = 0;
	free_percpu(f->stats);
}

static struct kunit_case actions_cases[] = {
	KUNIT_CASE(actions_output_only),
	KUNIT_CASE(actions_udp_zero),
	KUNIT_CASE(actions_tcp_clone_not_copied),
	KUNIT_CASE(actions_keep_socket),
	KUNIT_CASE(actions_random),
	KUNIT_CASE(actions_dec_ttl),
	KUNIT_CASE(actions_without_memory),
	KUNIT_CASE(actions_damaged),
	KUNIT_CASE(actions_tcp_gso),
	KUNIT_CASE(actions_udp_gso),
	KUNIT_CASE(actions_tunnel_outer_checksum),
	{}
};

static struct kunit_suite actions_suite = {
	.name = "actions",
	.init = actions_init,
	.exit = actions_exit,
	.test_cases = actions_cases,
};
kunit_test_suite(actions_suite);
