// SPDX-License-Identifier: GPL-2.0
/*
 * Tunnels and ESP against whatever a host, an insider with a key, or the guest's
 * own stack may send: random frames through the whole engine.  What may come
 * out is said by a model that reads flat bytes.
 *
 * A run is repeated by the parameter fuzz_seed of cvsw_kunit_params.ko.
 */
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/virtio_net.h>
#include <net/net_namespace.h>

#include "../drivers/cvsw/engine/segment.h"
#include "esp_test.h"
#include "fuzz_params.h"

#define OUTER		50		/* Ethernet, IPv4, UDP, VXLAN */
#define SPI_PLAIN	TEST_SPI
#define SPI_UDP		(TEST_SPI + 1)
#define MUTANT_MAX	1500		/* what is put around it fits in a flat frame, too */

/* Last byte of the inner destination: what is done to a frame that is sent. */
enum way {
	WAY_VXLAN_CSUM = 1,
	WAY_VXLAN,
	WAY_ESP,		/* in one list of actions */
	WAY_ESP_UDP,		/* by a second lookup */
	N_WAYS = WAY_ESP_UDP,
};

/* From fuzz_parts.c */
struct sk_buff *fuzz_handle_frame(struct cvsw_engine *engine, struct sk_buff *skb,
				  enum cvsw_ingress in);

/**
 * struct fuzz - the round that is on
 * @round: its number
 * @in: what goes into the engine
 * @seed: that before it was changed
 * @mate: the seed of the round before, to be spliced in
 * @want: what may come out: bytes that nobody has touched
 * @sealed, @mate_sealed: SPI to ICV, as they were sealed
 * @out: what came
 * @ended: frames that were given to the engine and are freed
 * @gso: the frame went in as one of many segments
 */
static struct fuzz {
	unsigned int round;
	struct flat_frame in, seed, mate, want, bare, mate_want, sealed, mate_sealed, out;
	unsigned int ended;
	bool gso;
} fuzz;

#define CHECK(test, condition) \
	KUNIT_EXPECT_TRUE_MSG(test, condition, "fuzz_seed=%lu, round %u", cvsw_fuzz_seed, fuzz.round)

static const u8 far_end[] = { 2, 0, 0, 0, 1, 0 };

/* ---- mutations ---- */

static u16 interesting(struct rnd_state *rnd, u16 now)
{
	static const u16 values[] = { 0, 1, 7, 8, 15, 16, 29, 30, 0xff, 0x7fff, 0x8000, 0xfff8,
				      0xffff, ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q, 0xabba };
	unsigned int i = pick(rnd, ARRAY_SIZE(values) + 4);

	return i < ARRAY_SIZE(values) ? values[i] : now + pick(rnd, 5) - 2;
}

static void splice(struct rnd_state *rnd, struct flat_frame *frame, unsigned int from)
{
	unsigned int at = from + pick(rnd, frame->len - from), skip, len;

	if (fuzz.mate.len <= from || at >= MUTANT_MAX)
		return;
	skip = pick(rnd, 2) && at < fuzz.mate.len ? at : pick(rnd, fuzz.mate.len);
	len = min(fuzz.mate.len - skip, MUTANT_MAX - at);
	memcpy(frame->data + at, fuzz.mate.data + skip, len);
	frame->len = at + len;
}

/* One change at or behind @from, headers first. */
static void mutate_once(struct rnd_state *rnd, struct flat_frame *frame, unsigned int from)
{
	unsigned int room = frame->len - from, at, n;

	at = from + pick(rnd, pick(rnd, 3) ? min(room, 70U) : room);
	switch (pick(rnd, 8)) {
	case 0:
		frame->len = from + pick(rnd, room + 1);
		break;
	case 1:
		n = pick(rnd, pick(rnd, 2) ? 8 : 200);
		n = frame->len < MUTANT_MAX ? min(n, MUTANT_MAX - frame->len) : 0;
		prandom_bytes_state(rnd, frame->data + frame->len, n);
		frame->len += n;
		break;
	case 2:
		prandom_bytes_state(rnd, frame->data + at,
				    min(1 + pick(rnd, 8), frame->len - at));
		break;
	case 3:
	case 4:
		at &= ~1;
		if (at >= from && at + 2 <= frame->len)
			put16(frame->data + at, interesting(rnd, get16(frame->data + at)));
		break;
	case 5:
		splice(rnd, frame, from);
		break;
	default:
		frame->data[at] ^= 1 << pick(rnd, 8);
	}
}

/* Lengths that fit what is left, so that it is looked at. */
static void repair_lengths(struct flat_frame *frame)
{
	u8 *ip = frame->data + 14;

	if (frame->len < 42 || ip[0] != 0x45 || get16(frame->data + 12) != ETH_P_IP)
		return;
	if (ip[9] == IPPROTO_UDP)
		put16(ip + 24, frame->len - 34);
	fit_ip(frame, ip[9]);
}

/* Return: whether the frame was given any change. */
static bool mutate(struct rnd_state *rnd, struct flat_frame *frame, unsigned int from)
{
	unsigned int n = pick(rnd, 5);

	if (!n)
		return false;
	while (n-- && frame->len > from)
		mutate_once(rnd, frame, from);
	if (pick(rnd, 2))
		repair_lengths(frame);
	return true;
}

/* ---- frames as others hand them over ---- */

/* What a virtio device may say of a frame, true or not, as the driver understands it. */
static void dress_by_device(struct rnd_state *rnd, struct sk_buff *skb)
{
	static const u8 kinds[] = {
		VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_HDR_GSO_UDP,
		VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN,
	};
	static const u16 starts[] = { 14, 34, 34 + OUTER, 54, 54 + OUTER };
	struct virtio_net_hdr hdr = {
		.flags = pick(rnd, 4) ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0,
		.gso_type = pick(rnd, 2) ? kinds[pick(rnd, ARRAY_SIZE(kinds))] : 0,
	};
	u16 start = pick(rnd, 4) ? starts[pick(rnd, ARRAY_SIZE(starts))] : pick(rnd, skb->len + 9);
	u16 offset = pick(rnd, 4) ? pick(rnd, 2) ? 6 : 16 : pick(rnd, 40);

	hdr.gso_size = (__force __virtio16)cpu_to_le16(pick(rnd, 8) ? 1 + pick(rnd, 600) :
						       pick(rnd, 0x10000));
	hdr.csum_start = (__force __virtio16)cpu_to_le16(start);
	hdr.csum_offset = (__force __virtio16)cpu_to_le16(offset);
	if (!virtio_net_hdr_to_skb(skb, &hdr, true))
		return;
	/* The driver would have dropped it. */
	skb->ip_summed = CHECKSUM_NONE;
	skb_shinfo(skb)->gso_size = 0;
	skb_shinfo(skb)->gso_type = 0;
}

static void dress(struct rnd_state *rnd, struct sk_buff *skb)
{
	switch (pick(rnd, 6)) {
	case 0:
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		skb->csum_level = pick(rnd, SKB_MAX_CSUM_LEVEL + 1);
		break;
	case 1:
		if (skb->len < ETH_HLEN)
			break;
		skb->ip_summed = CHECKSUM_COMPLETE;
		skb->csum = pick(rnd, 4) ? skb_checksum(skb, ETH_HLEN, skb->len - ETH_HLEN, 0) :
			    (__force __wsum)prandom_u32_state(rnd);
		break;
	case 2:
	case 3:
		if (skb->len >= ETH_HLEN)
			dress_by_device(rnd, skb);
		break;
	}
}

static void frame_ended(struct sk_buff *skb)
{
	fuzz.ended++;
}

static struct sk_buff *random_input(struct kunit *test, struct sk_buff **other)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb = random_skb(&f->rnd, &fuzz.in);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	*other = NULL;
	skb->dev = init_net.loopback_dev;
	dress(&f->rnd, skb);
	switch (pick(&f->rnd, N_SHARINGS)) {
	case CLONED:
		*other = skb_clone(skb, GFP_KERNEL);
		break;
	case SHARED:
		*other = skb_get(skb);
		break;
	}
	fuzz.gso = skb_is_gso(skb);
	fuzz.ended = 0;
	skb->destructor = frame_ended;
	return skb;
}

static struct sk_buff *through(struct kunit *test, struct sk_buff *skb, enum cvsw_ingress in)
{
	struct esp_fixture *f = test->priv;

	cipher_hasty = pick(&f->rnd, 2);
	local_bh_disable();
	skb = fuzz_handle_frame(&f->engine, skb, in);
	local_bh_enable();
	return skb;
}

/*
 * Send fuzz.in through the engine, in any form.
 * @check: of each frame that comes out, which is in fuzz.out
 * Return: how many came out.  Each ended somewhere, once.
 */
static unsigned int run(struct kunit *test, enum cvsw_ingress in,
			void (*check)(struct kunit *test, struct sk_buff *skb))
{
	u64 drops = esp_drops(test);
	struct sk_buff *other, *skb, *next;
	unsigned int n = 0;

	skb = through(test, random_input(test, &other), in);
	for (; skb; skb = next, n++) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		skb_to_frame(skb, &fuzz.out);
		check(test, skb);
		kfree_skb(skb);
	}
	drops = esp_drops(test) - drops;
	if (fuzz.gso)
		CHECK(test, n + drops >= 1);
	else
		CHECK(test, n + drops == 1);
	/* Who else has the frame sees nothing of all that. */
	if (other)
		CHECK(test, skb_is_frame(other, &fuzz.in));
	kfree_skb(other);
	CHECK(test, fuzz.ended == 1);
	return n;
}

/* ---- seeds ---- */

static void set_way(struct flat_frame *frame, enum way way)
{
	memset(frame->data, 0, 6);
	frame->data[0] = 2;
	frame->data[5] = way;
}

/* A frame as the engine itself puts it on the wire, in fuzz.in; bare in fuzz.want. */
static void make_seed(struct kunit *test, enum way way)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb = NULL;

	/* Once in many thousand it has a control frame's type, and never gets out again. */
	do {
		kfree_skb(skb);
		random_frame(&f->rnd, &fuzz.want);
		fuzz.want.hw_tag = false;
		set_way(&fuzz.want, way);
		skb = linear_skb(&fuzz.want);
		KUNIT_ASSERT_NOT_NULL(test, skb);
	} while (cvsw_frame_is_control(skb));
	skb = through(test, skb, CVSW_HOST);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_to_frame(skb, &fuzz.in);
	kfree_skb(skb);
	fuzz.seed = fuzz.in;
	fuzz.bare = fuzz.want;
}

static void tag_beside(struct rnd_state *rnd, struct flat_frame *frame)
{
	frame->hw_tag = !pick(rnd, 8);
	frame->hw_proto = ETH_P_8021Q;
	frame->hw_tci = pick(rnd, 0x10000);
}

/* ---- reception ---- */

/* The inner frame of what is VXLAN by every rule, or NULL. */
static const u8 *model_decap(const struct flat_frame *frame, unsigned int *len)
{
	struct cvsw_layout at;
	struct cvsw_key key;
	const u8 *udp;

	if (reference_key(frame, CVSW_NET, &key, &at) || at.protocol != IPPROTO_UDP ||
	    !at.transport || at.fragment || at.end - at.transport < 30)
		return NULL;
	udp = frame->data + at.transport;
	*len = get16(udp + 4);
	if (*len < 30 || *len > at.end - at.transport || get32(udp + 8) != 0x08000000 || udp[15])
		return NULL;
	*len -= 16;
	return udp + 16;
}

/* The IP header's ECN, and so its checksum, may be the outer one's: see decap_ecn(). */
static void forget_ecn(struct flat_frame *frame)
{
	unsigned int ip = frame_l2_len(frame);

	if (ip + 12 > FRAME_MAX)
		return;
	memset(frame->data + ip, 0, 2);
	memset(frame->data + ip + 10, 0, 2);
}

/* May a stack have it? */
static bool is_whole(const struct flat_frame *frame)
{
	struct cvsw_layout at;
	struct cvsw_key key;

	return !reference_key(frame, CVSW_NET, &key, &at) && at.whole;
}

/* fuzz.want came out, and nothing is left of the layers around it. */
static void check_received(struct kunit *test, struct sk_buff *skb)
{
	CHECK(test, !cvsw_frame_is_control(skb));
	CHECK(test, fuzz.gso || is_whole(&fuzz.out));
	CHECK(test, skb->len == fuzz.want.len);
	CHECK(test, !skb_vlan_tag_present(skb));
	CHECK(test, !skb_mac_offset(skb));
	forget_ecn(&fuzz.out);
	forget_ecn(&fuzz.want);
	CHECK(test, !memcmp(fuzz.out.data, fuzz.want.data, fuzz.want.len));
}

/* What may come out of VXLAN in @frame becomes fuzz.want.  Return: anything? */
static bool want_inner(const struct flat_frame *frame)
{
	unsigned int len = 0;
	const u8 *inner = model_decap(frame, &len);

	memset(&fuzz.want, 0, sizeof(fuzz.want));
	if (inner) {
		memcpy(fuzz.want.data, inner, len);
		fuzz.want.len = len;
	}
	return inner;
}

static void receive_vxlan(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	bool mutant;

	make_seed(test, pick(&f->rnd, 2) ? WAY_VXLAN : WAY_VXLAN_CSUM);
	mutant = mutate(&f->rnd, &fuzz.in, 0);
	tag_beside(&f->rnd, &fuzz.in);
	want_inner(&fuzz.in);
	CHECK(test, run(test, CVSW_NET, check_received) || mutant || fuzz.gso || !is_whole(&fuzz.bare));
}

static bool contains(const struct flat_frame *frame, const u8 *what, unsigned int len)
{
	unsigned int at;

	for (at = 0; at + len <= frame->len; at++)
		if (!memcmp(frame->data + at, what, len))
			return true;
	return false;
}

/* Without the key: nothing comes out but what was sealed, and that whole. */
static void receive_esp(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	enum way way = pick(&f->rnd, 2) ? WAY_ESP : WAY_ESP_UDP;
	unsigned int esp = way == WAY_ESP ? 34 : 42, n;
	struct flat_frame *sealed = &fuzz.sealed;
	bool mutant, whole;

	make_seed(test, way);
	sealed->len = fuzz.in.len - esp;
	memcpy(sealed->data, fuzz.in.data + esp, sealed->len);
	if (pick(&f->rnd, 2)) {
		mutant = mutate(&f->rnd, &fuzz.in, 0);
	} else {
		mutant = true;
		fuzz.in.data[esp + pick(&f->rnd, sealed->len)] ^= 1 << pick(&f->rnd, 8);
	}
	tag_beside(&f->rnd, &fuzz.in);
	whole = contains(&fuzz.in, sealed->data, sealed->len);
	/* Spliced, the frame before has its second chance. */
	if (!whole && fuzz.mate_sealed.len) {
		whole = contains(&fuzz.in, fuzz.mate_sealed.data, fuzz.mate_sealed.len);
		fuzz.want = fuzz.mate_want;
	}
	n = run(test, CVSW_NET, check_received);
	CHECK(test, !n || whole);
	CHECK(test, n || mutant || fuzz.gso || !is_whole(&fuzz.bare));
}

/* Trailers, honest or not.  Return: whether fuzz.in's payload is what they tell. */
static bool put_trailer(struct rnd_state *rnd, u8 *plain, unsigned int *len)
{
	unsigned int pad = -(*len + 2) & 3, i;
	u8 next = pick(rnd, 8) ? IPPROTO_UDP : pick(rnd, 2) ? IPPROTO_NONE : pick(rnd, 256);
	u8 *trailer;

	if (!pick(rnd, 4))
		pad += 4 * pick(rnd, 64);
	for (i = 0; i < pad; i++)
		plain[*len + i] = i + 1;
	trailer = plain + *len + pad;
	trailer[0] = pad;
	trailer[1] = next;
	if (pad && !pick(rnd, 8))
		plain[*len + pick(rnd, pad)] ^= 1 << pick(rnd, 8);
	if (!pick(rnd, 4))
		trailer[0] = pick(rnd, 2) ? pick(rnd, 256) : pad + pick(rnd, 3) - 1;
	*len += pad + 2;
	if (trailer[0] + 2 > *len || next != IPPROTO_UDP)
		return false;
	for (i = 0; i < trailer[0]; i++)
		if (trailer[(int)i - trailer[0]] != i + 1)
			return false;
	fuzz.in.len = 34 + *len - 2 - trailer[0];
	return true;
}

/* Behind an IPv4 header without options; zero: there is none. */
static bool udp_sum_is_right(const u8 *udp)
{
	unsigned int len = get16(udp + 4);

	return !get16(udp + 6) || inet_sum(udp, len, pseudo_sum(udp - 20, IPPROTO_UDP, len)) == 0xffff;
}

/* With the key: the tag is good, what is behind it may be anything, a wrong checksum too. */
static void receive_insider(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	bool udp = pick(&f->rnd, 2), good;
	unsigned int len, esp = udp ? 42 : 34;
	u32 spi = udp ? SPI_UDP : SPI_PLAIN;
	u8 *sealed = fuzz.sealed.data;

	make_seed(test, WAY_VXLAN);
	mutate(&f->rnd, &fuzz.in, 34);
	len = fuzz.in.len - 34;
	memcpy(sealed + 16, fuzz.in.data + 34, len);
	good = put_trailer(&f->rnd, sealed + 16, &len);
	/* As it looks behind the tag: the payload that the trailer tells of. */
	memcpy(fuzz.in.data + 34, sealed + 16, len);
	fuzz.in.data[15] = 0;
	fit_ip(&fuzz.in, IPPROTO_UDP);
	good = want_inner(&fuzz.in) && good && udp_sum_is_right(fuzz.in.data + 34);

	seal(test, spi, atomic64_inc_return(&find_sa(test, CVSW_SA_OUT, spi)->sent), sealed, len);
	memcpy(fuzz.in.data + esp, sealed, 16 + len + 16);
	fuzz.in.len = esp + 16 + len + 16;
	put16(fuzz.in.data + 34 + (udp ? 2 : 0), udp ? TEST_PORT + 1 : spi >> 16);
	if (udp) {
		put16(fuzz.in.data + 34, TEST_PORT);
		put16(fuzz.in.data + 38, 8 + 16 + len + 16);
	}
	fit_ip(&fuzz.in, udp ? IPPROTO_UDP : IPPROTO_ESP);
	if (run(test, CVSW_NET, check_received))
		CHECK(test, good);
	else
		CHECK(test, !good || fuzz.gso || contains(&fuzz.want, "\xab\xba", 2) ||
		      !is_whole(&fuzz.want));
}

/* ---- transmission ---- */

/* A TCP or UDP packet that is worth many segments. */
static void make_giant(struct rnd_state *rnd, struct flat_frame *frame)
{
	bool v6 = !pick(rnd, 4), tcp = pick(rnd, 2);
	unsigned int l4 = v6 ? 54 : 34;
	u8 *data = frame->data;

	memset(frame, 0, sizeof(*frame));
	frame->len = l4 + 20 + pick(rnd, FRAME_MAX - l4 - 20);
	prandom_bytes_state(rnd, data, frame->len);
	put16(data + 12, v6 ? ETH_P_IPV6 : ETH_P_IP);
	data[14] = v6 ? 0x60 : 0x45;
	data[v6 ? 20 : 23] = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	put16(data + (v6 ? 18 : 16), frame->len - (v6 ? 54 : 14));
	if (!v6)
		put16(data + 20, 0x4000);
	if (tcp)
		data[l4 + 12] = 0x50 + 16 * pick(rnd, 3);
	else
		put16(data + l4 + 4, frame->len - l4);
	if (!v6)
		write_checksums(data + 14, NULL, 0);
}

/* As the wire would.  Return: whether the rest of what covers it can be right, by what was said of it. */
static bool finish_inside(struct kunit *test, struct sk_buff *skb)
{
	struct esp_fixture *f = test->priv;
	bool even = !((skb_checksum_start_offset(skb) | skb->csum_offset) & 1);

	CHECK(test, cvsw_sums_inside(&f->engine, skb->dev) && fuzz.in.data[5] < WAY_ESP);
	CHECK(test, !skb_checksum_help(skb));
	skb_to_frame(skb, &fuzz.out);
	return even;
}

/* What goes on the wire is IPv4 that is as long as it says, as the wire takes it. */
static void check_sent(struct kunit *test, struct sk_buff *skb)
{
	bool sums = skb->ip_summed == CHECKSUM_PARTIAL ? finish_inside(test, skb) : true;
	struct esp_fixture *f = test->priv;
	enum way way = fuzz.in.data[5];
	const u8 *data = fuzz.out.data, *ip = data + 14, *udp = ip + 20;
	unsigned int len = skb->len - 14, mtu = f->engine.wire_mtu, at;

	CHECK(test, skb->len >= OUTER + ETH_HLEN && len <= mtu);
	CHECK(test, !memcmp(data, far_end, 5) && data[5] == way);
	CHECK(test, get16(data + 12) == ETH_P_IP && ip[0] == 0x45);
	CHECK(test, get16(ip + 2) == len && inet_sum(ip, 20, 0) == 0xffff);
	CHECK(test, ip[9] == (way == WAY_ESP ? IPPROTO_ESP : IPPROTO_UDP));
	CHECK(test, !skb_is_gso(skb));
	CHECK(test, way == WAY_ESP || get16(udp + 4) == len - 20);
	if (way == WAY_VXLAN_CSUM && sums)
		CHECK(test, inet_sum(udp, len - 20, pseudo_sum(ip, ip[9], len - 20)) == 0xffff);
	if (way == WAY_VXLAN)
		CHECK(test, get16(udp + 2) == CVSW_VXLAN_PORT && !get16(udp + 6));
	if (way < WAY_ESP)
		return;
	CHECK(test, get32(way == WAY_ESP ? udp : udp + 8) ==
	      (way == WAY_ESP ? SPI_PLAIN : SPI_UDP));
	/* Nothing of what went in can be read. */
	at = pick(&f->rnd, fuzz.in.len - 12);
	CHECK(test, !contains(&fuzz.out, fuzz.in.data + at, 12));
}

static void transmit(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int n;
	bool mutant;

	if (pick(&f->rnd, 2))
		make_giant(&f->rnd, &fuzz.in);
	else
		random_frame(&f->rnd, &fuzz.in);
	fuzz.seed = fuzz.in;
	mutant = pick(&f->rnd, 2) && mutate(&f->rnd, &fuzz.in, 0);
	set_way(&fuzz.in, 1 + pick(&f->rnd, N_WAYS));
	f->engine.wire_mtu = pick(&f->rnd, 2) ? 1500 : 600;
	f->engine.inner_csum = pick(&f->rnd, 2);
	n = run(test, CVSW_HOST, check_sent);
	CHECK(test, n || mutant || fuzz.gso || fuzz.in.len > f->engine.wire_mtu - 100 ||
	      esp_count(test, CVSW_CNT_DROP_GSO));
}

/* ---- the suite ---- */

/* A flow of @in and @pass, to be narrowed. */
static struct cvsw_key *new_flow(struct esp_fixture *f, enum cvsw_ingress in, unsigned int pass)
{
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.priority = 10;
	f->flow.match.key.in_port = in;
	f->flow.match.key.pass = pass;
	f->flow.match.mask.in_port = 0xff;
	f->flow.match.mask.pass = 0xff;
	return &f->flow.match.key;
}

static void add_flow(struct kunit *test, unsigned int n, const u16 *actions, u32 spi)
{
	struct esp_fixture *f = test->priv;
	enum way way = f->flow.match.key.dl_dst[5];
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct cvsw_action *action = &f->flow.actions[i];

		action->type = actions[i];
		if (actions[i] == CVSW_ACT_OUTPUT)
			action->port = CVSW_PORT_ONWARD;
		if (actions[i] == CVSW_ACT_ENCRYPT)
			action->spi = spi;
		if (actions[i] != CVSW_ACT_VXLAN_ENCAP)
			continue;
		action->tunnel = (struct cvsw_tunnel){
			.type = CVSW_TUNNEL_VXLAN, .ttl = 64, .udp_dst = CVSW_VXLAN_PORT, .id = 7,
			.flags = way == WAY_VXLAN_CSUM ? CVSW_TUNNEL_CSUM : 0,
			.src = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 },
			.dst = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 2 },
		};
		memcpy(action->tunnel.dl_dst, far_end, 6);
		action->tunnel.dl_dst[5] = way;
	}
	f->flow.n_actions = n;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
}

#define ADD_FLOW(test, spi, ...) \
	add_flow(test, sizeof((u16[]){ __VA_ARGS__ }) / 2, (u16[]){ __VA_ARGS__ }, spi)

static void add_sending_flows(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct cvsw_key *key;
	enum way way;

	for (way = WAY_VXLAN_CSUM; way <= WAY_ESP_UDP; way++) {
		key = new_flow(f, CVSW_HOST, 0);
		memset(f->flow.match.mask.dl_dst, 0xff, 6);
		key->dl_dst[0] = 2;
		key->dl_dst[5] = way;
		if (way == WAY_ESP_UDP)
			ADD_FLOW(test, 0, CVSW_ACT_VXLAN_ENCAP);
		else if (way == WAY_ESP)
			ADD_FLOW(test, SPI_PLAIN, CVSW_ACT_VXLAN_ENCAP, CVSW_ACT_ENCRYPT,
				 CVSW_ACT_OUTPUT);
		else
			ADD_FLOW(test, 0, CVSW_ACT_VXLAN_ENCAP, CVSW_ACT_OUTPUT);
	}
	key = new_flow(f, CVSW_HOST, 1);
	memset(f->flow.match.mask.dl_dst, 0xff, 6);
	memcpy(key->dl_dst, far_end, 6);
	key->dl_dst[5] = WAY_ESP_UDP;
	ADD_FLOW(test, SPI_UDP, CVSW_ACT_ENCRYPT, CVSW_ACT_OUTPUT);
}

static void receive_protocol(struct esp_fixture *f, u8 protocol, u16 port)
{
	struct cvsw_key *key = new_flow(f, CVSW_NET, 0), *mask = &f->flow.match.mask;

	key->dl_type = ETH_P_IP;
	mask->dl_type = 0xffff;
	key->nw_proto = protocol;
	mask->nw_proto = 0xff;
	key->tp_dst = port;
	mask->tp_dst = port ? 0xffff : 0;
}

/* Plain ESP needs three lookups, VXLAN two, ESP in UDP one. */
static void add_receiving_flows(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int pass;

	receive_protocol(f, IPPROTO_ESP, 0);
	ADD_FLOW(test, 0, CVSW_ACT_DECRYPT);
	new_flow(f, CVSW_NET, 1)->sa = SPI_PLAIN;
	f->flow.match.mask.sa = ~0;
	f->flow.match.mask.tun_type = 0xff;
	ADD_FLOW(test, 0, CVSW_ACT_VXLAN_DECAP);
	receive_protocol(f, IPPROTO_UDP, CVSW_VXLAN_PORT);
	ADD_FLOW(test, 0, CVSW_ACT_VXLAN_DECAP);
	for (pass = 1; pass <= 2; pass++) {
		new_flow(f, CVSW_NET, pass)->tun_type = CVSW_TUNNEL_VXLAN;
		f->flow.match.mask.tun_type = 0xff;
		ADD_FLOW(test, 0, CVSW_ACT_OUTPUT);
	}
	receive_protocol(f, IPPROTO_UDP, TEST_PORT + 1);
	ADD_FLOW(test, 0, CVSW_ACT_DECRYPT, CVSW_ACT_VXLAN_DECAP, CVSW_ACT_OUTPUT);
}

static void rounds(struct kunit *test, void (*once)(struct kunit *test))
{
	struct esp_fixture *f = test->priv;

	prandom_seed_state(&f->rnd, cvsw_fuzz_seed);
	memset(&fuzz, 0, sizeof(fuzz));
	for (; fuzz.round < cvsw_fuzz_rounds && test->status == KUNIT_SUCCESS; fuzz.round++) {
		once(test);
		fuzz.mate = fuzz.seed;
		fuzz.mate_sealed = fuzz.sealed;
		fuzz.mate_want = fuzz.bare;
		cond_resched();
	}
	kunit_info(test, "fuzz_seed=%lu, %u rounds\n", cvsw_fuzz_seed, fuzz.round);
}

static void received_vxlan(struct kunit *test)
{
	rounds(test, receive_vxlan);
}

static void received_esp(struct kunit *test)
{
	rounds(test, receive_esp);
}

static void received_from_insider(struct kunit *test)
{
	rounds(test, receive_insider);
}

static void sent(struct kunit *test)
{
	rounds(test, transmit);
}

static int fuzz_init(struct kunit *test)
{
	int err = esp_init(test);
	struct esp_fixture *f = test->priv;

	if (err)
		return err;
	if (!cvsw_fuzz_seed)
		cvsw_fuzz_seed = get_random_u32();
	f->engine.wire_mtu = 1500;
	/* In the place of the flow for everything: what no flow below takes is dropped. */
	memset(&f->flow, 0, sizeof(f->flow));
	if (cvsw_table_add(f->engine.table, &f->flow))
		return -ENOMEM;
	install_pair(test, SPI_PLAIN, 16, false);
	install_pair(test, SPI_UDP, 32, true);
	add_sending_flows(test);
	add_receiving_flows(test);
	return 0;
}

static struct kunit_case fuzz_cases[] = {
	KUNIT_CASE(received_vxlan),
	KUNIT_CASE(received_esp),
	KUNIT_CASE(received_from_insider),
	KUNIT_CASE(sent),
	{}
};

static struct kunit_suite fuzz_suite = {
	.name = "fuzz",
	.suite_init = esp_suite_init,
	.suite_exit = esp_suite_exit,
	.init = fuzz_init,
	.exit = esp_exit,
	.test_cases = fuzz_cases,
};
kunit_test_suite(fuzz_suite);
