// SPDX-License-Identifier: GPL-2.0
/* ESP that does not work: whatever is wrong is dropped, counted, and harms nothing. */
#include "../drivers/cvsw/esp/esp_rx.c"
#include "esp_test.h"

#define FUZZ_ROUNDS	20000

/* Where ESP, or the UDP header in front of it, begins in f->other. */
static unsigned int outer_end(struct esp_fixture *f)
{
	unsigned int l2 = frame_l2_len(&f->other);

	return l2 + 4 * (f->other.data[l2] & 15);
}

static void bad(struct kunit *test, int counter)
{
	struct esp_fixture *f = test->priv;

	expect_dropped(test, decrypt(test, random_skb(&f->rnd, &f->other)), counter);
}

/* It is for other flows, and counts once, as @counter. */
static void others(struct kunit *test, enum cvsw_counter counter)
{
	struct esp_fixture *f = test->priv;
	u64 before = esp_count(test, counter), drops = esp_drops(test);
	struct sk_buff *skb = random_skb(&f->rnd, &f->other), *out;
	struct sk_buff *same = skb_get(skb);

	out = decrypt(test, skb);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(out), -ENOENT);
	KUNIT_EXPECT_TRUE(test, skb_is_frame(same, &f->other));
	kfree_skb(same);
	if (!IS_ERR(out))
		kfree_skb(out);
	KUNIT_EXPECT_EQ(test, esp_count(test, counter), before + 1);
	KUNIT_EXPECT_EQ(test, esp_drops(test), drops);
}

/* After all of that, the frame itself is still taken; once. */
static void good(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb = decrypt(test, random_skb(&f->rnd, &f->other));

	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_TRUE(test, skb_is_frame(skb, &f->frame));
	kfree_skb(skb);
	bad(test, CVSW_CNT_DROP_ESP_REPLAY);
}

static void start(struct kunit *test, bool udp)
{
	install_pair(test, TEST_SPI, 16, udp);
	make_packet(test->priv, 45);
	encrypt_frame(test);
}

/* ---- every bit, every length ---- */

static void flip_all_bits(struct kunit *test, bool udp)
{
	struct esp_fixture *f = test->priv;
	unsigned int at, bit;

	start(test, udp);
	for (at = outer_end(f); at < f->other.len; at++) {
		unsigned int in_udp = at - outer_end(f);

		/* A NAT changes the source port, and the checksum is nobody's. */
		if (udp && (in_udp < 2 || in_udp == 6 || in_udp == 7))
			continue;
		for (bit = 0; bit < 8; bit++) {
			f->other.data[at] ^= 1 << bit;
			if (in_udp - 8 * udp < 4)
				others(test, CVSW_CNT_ESP_UNKNOWN);
			else
				bad(test, -1);
			f->other.data[at] ^= 1 << bit;
		}
	}
	good(test);
}

static void every_bit(struct kunit *test)
{
	flip_all_bits(test, false);
}

static void every_bit_in_udp(struct kunit *test)
{
	flip_all_bits(test, true);
}

static void cut_everywhere(struct kunit *test, bool udp)
{
	struct esp_fixture *f = test->priv;
	unsigned int len, full, l2;
	u8 protocol;

	start(test, udp);
	full = f->other.len;
	l2 = frame_l2_len(&f->other);
	protocol = f->other.data[l2 + 9];
	/* The frame is shorter than its IPv4 header says. */
	for (len = 14; len < full; len++) {
		f->other.len = len;
		bad(test, CVSW_CNT_DROP_ESP_NONE);
	}
	/* The IPv4 header goes with it, and UDP's stays or goes with it, too. */
	for (len = outer_end(f); len < full; len++) {
		bool spi = len >= outer_end(f) + 8 * udp + 4;

		f->whole = f->other;
		f->other.len = len;
		fit_ip(&f->other, protocol);
		if (udp || spi)
			bad(test, -1);
		else
			others(test, CVSW_CNT_ESP_OTHERS);
		if (udp && len >= outer_end(f) + 8) {
			put16(f->other.data + outer_end(f) + 4, len - outer_end(f));
			if (spi)
				bad(test, -1);
			else
				others(test, CVSW_CNT_ESP_OTHERS);
		}
		f->other = f->whole;
	}
	f->other.len = full;
	good(test);
}

static void every_length(struct kunit *test)
{
	cut_everywhere(test, false);
}

static void every_length_in_udp(struct kunit *test)
{
	cut_everywhere(test, true);
}

/* ---- one by one ---- */

static void wrong_names_and_forms(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;
	u8 *esp;

	start(test, false);
	esp = f->other.data + outer_end(f);
	put32(esp, TEST_SPI + 1);
	others(test, CVSW_CNT_ESP_UNKNOWN);
	put32(esp, 0);
	others(test, CVSW_CNT_ESP_OTHERS);
	put32(esp, TEST_SPI);
	put32(esp + 4, 0);
	bad(test, CVSW_CNT_DROP_ESP_OLD);
	put32(esp + 4, 1);

	/* The other form of ESP, and another port. */
	install_pair(test, TEST_SPI + 1, 16, true);
	put32(esp, TEST_SPI + 1);
	bad(test, CVSW_CNT_DROP_ESP_FORM);
	put32(esp, TEST_SPI);
	good(test);

	skb = encrypt(test, linear_skb(&f->frame), TEST_SPI + 1);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_to_frame(skb, &f->other);
	kfree_skb(skb);
	esp = f->other.data + outer_end(f);
	put16(esp + 2, TEST_PORT);
	bad(test, CVSW_CNT_DROP_ESP_FORM);
	put16(esp + 2, TEST_PORT + 1);
	put32(esp + 8, TEST_SPI);
	bad(test, CVSW_CNT_DROP_ESP_FORM);
	put32(esp + 8, TEST_SPI + 1);
	put16(esp, 1);			/* by a NAT */
	put16(esp + 6, 0x1234);
	good(test);
}

static void udp_that_is_no_esp(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int at;

	start(test, true);
	at = outer_end(f);
	put32(f->other.data + at + 8, 0);
	others(test, CVSW_CNT_ESP_OTHERS);		/* IKE */
	f->other.data[at + 8] = 0xff;
	f->other.len = at + 9;
	put16(f->other.data + at + 4, 9);
	fit_ip(&f->other, IPPROTO_UDP);
	others(test, CVSW_CNT_ESP_OTHERS);		/* keep-alive */
	put16(f->other.data + at + 4, 10);
	bad(test, CVSW_CNT_DROP_ESP_LENGTH);
	put16(f->other.data + at + 4, 7);
	bad(test, CVSW_CNT_DROP_ESP_LENGTH);
	f->other.len = at + 7;
	fit_ip(&f->other, IPPROTO_UDP);
	bad(test, CVSW_CNT_DROP_ESP_SHORT);
}

static void no_esp_at_all(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int l2;

	start(test, false);
	l2 = frame_l2_len(&f->other);
	fit_ip(&f->other, IPPROTO_TCP);
	bad(test, CVSW_CNT_DROP_ESP_NONE);
	fit_ip(&f->other, IPPROTO_ESP);
	put16(f->other.data + l2 + 6, 0x2000);
	bad(test, CVSW_CNT_DROP_ESP_FRAGMENT);
	f->other.data[outer_end(f)] ^= 1;
	others(test, CVSW_CNT_ESP_UNKNOWN);
	f->other.data[outer_end(f)] ^= 1;
	put16(f->other.data + l2 + 6, 0x0001);
	others(test, CVSW_CNT_ESP_OTHERS);
	put16(f->other.data + l2 + 6, 0x4000);
	put16(f->other.data + l2 - 2, ETH_P_IPV6);
	bad(test, CVSW_CNT_DROP_ESP_NONE);
	put16(f->other.data + l2 - 2, ETH_P_IP);
	f->other.len = 10;
	bad(test, CVSW_CNT_DROP_ESP_NONE);
}

/* The tag covers nothing in front of ESP: what is genuine can be resent in another IP. */
static void genuine_in_ipv6(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int l2, header, payload;
	u8 *ip;

	start(test, false);
	l2 = frame_l2_len(&f->other);
	ip = f->other.data + l2;
	header = (ip[0] & 15) * 4;
	payload = f->other.len - l2 - header;
	memmove(ip + 40, ip + header, payload);
	memset(ip, 0, 40);
	put16(ip - 2, ETH_P_IPV6);
	ip[0] = 0x60;
	put16(ip + 4, payload);
	ip[6] = IPPROTO_ESP;
	ip[7] = 64;
	f->other.len = l2 + 40 + payload;
	bad(test, CVSW_CNT_DROP_ESP_NONE);
}

static void giants(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;

	start(test, true);
	skb = linear_skb(&f->other);
	skb_shinfo(skb)->gso_size = 100;
	expect_dropped(test, decrypt(test, skb), CVSW_CNT_DROP_ESP_UNFINISHED);
	skb = linear_skb(&f->frame);
	skb_shinfo(skb)->gso_size = 100;
	expect_dropped(test, encrypt(test, skb, TEST_SPI), CVSW_CNT_DROP_ESP_UNFINISHED);
	skb = linear_skb(&f->frame);
	skb->ip_summed = CHECKSUM_PARTIAL;
	expect_dropped(test, encrypt(test, skb, TEST_SPI), CVSW_CNT_DROP_ESP_UNFINISHED);
}

/* ---- genuine, but lies ---- */

/* Put @len bytes, sealed with the test's key, into f->other. */
static void seal_frame(struct kunit *test, u32 seq, const u8 *plain, unsigned int len)
{
	struct esp_fixture *f = test->priv;
	u8 *buf;

	make_packet(f, 0);
	buf = f->frame.data + f->frame.len;
	memcpy(buf + 16, plain, len);
	seal(test, TEST_SPI, seq, buf, len);
	f->frame.len += 16 + len + 16;
	fit_ip(&f->frame, IPPROTO_ESP);
	f->other = f->frame;
}

static void padding_that_lies(struct kunit *test)
{
	static const struct {
		u8 plain[12];
		int counter;
	} cases[] = {
		{ { 9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 3, 6 }, CVSW_CNT_DROP_ESP_PADDING },
		{ { 9, 9, 9, 9, 9, 9, 9, 1, 2, 4, 3, 6 }, CVSW_CNT_DROP_ESP_PADDING },
		{ { 9, 9, 9, 9, 9, 9, 9, 0, 0, 0, 3, 6 }, CVSW_CNT_DROP_ESP_PADDING },
		{ { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 6 }, CVSW_CNT_DROP_ESP_PADDING },
		{ { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255, 6 }, CVSW_CNT_DROP_ESP_PADDING },
		{ { 9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 2, 59 }, CVSW_CNT_DROP_ESP_DUMMY },
		{ { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 6 }, 0 },
		{ { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 6 }, 0 },
	};
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb;
	unsigned int i;

	install_pair(test, TEST_SPI, 16, false);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		seal_frame(test, i + 1, cases[i].plain, sizeof(cases[i].plain));
		if (cases[i].counter) {
			bad(test, cases[i].counter);
			continue;
		}
		skb = decrypt(test, random_skb(&f->rnd, &f->other));
		KUNIT_ASSERT_NOT_NULL(test, skb);
		KUNIT_EXPECT_EQ(test, skb->len, f->other.len - 16 - 16 - 2 - cases[i].plain[10]);
		kfree_skb(skb);
	}
}

/* ---- loss and reordering ---- */

static void loss_and_reordering(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct flat_frame *sent = kunit_kcalloc(test, 64, sizeof(*sent), GFP_KERNEL);
	struct sk_buff *skb;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, sent);
	install_pair(test, TEST_SPI, 16, false);
	for (i = 0; i < 64; i++) {
		make_packet(f, 60);
		encrypt_frame(test);
		sent[i] = f->other;
	}
	/* Backwards, every third lost. */
	for (i = 64; i-- > 0;) {
		if (i % 3 == 0)
			continue;
		skb = decrypt(test, linear_skb(&sent[i]));
		KUNIT_EXPECT_NOT_ERR_OR_NULL(test, skb);
		kfree_skb(skb);
	}
	for (i = 0; i < 64; i++) {
		if (i % 3 == 0)
			continue;
		f->other = sent[i];
		bad(test, CVSW_CNT_DROP_ESP_REPLAY);
	}
	/* One that comes when the window has gone past it. */
	atomic64_set(&find_sa(test, CVSW_SA_OUT, TEST_SPI)->sent, CVSW_REPLAY_WINDOW);
	make_packet(f, 60);
	encrypt_frame(test);
	good(test);
	f->other = sent[0];
	bad(test, CVSW_CNT_DROP_ESP_OLD);
	skb = decrypt(test, linear_skb(&sent[3]));
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, skb);
	kfree_skb(skb);
}

/* ---- several queues ---- */

#define STALLED		1280
#define PASSING		8192

/*
 * A queue of the sender stands still with all that its backlog and its ring hold, while
 * the others send: its frames are late, not lost.
 */
static void queue_that_stalls(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff_head held;
	struct sk_buff *skb;
	unsigned int i, taken = 0;

	__skb_queue_head_init(&held);
	install_pair(test, TEST_SPI, 16, false);
	make_packet(f, 60);
	for (i = 0; i < STALLED; i++) {
		skb = encrypt(test, linear_skb(&f->frame), TEST_SPI);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		__skb_queue_tail(&held, skb);
	}
	for (i = 0; i < PASSING; i++) {
		skb = encrypt(test, linear_skb(&f->frame), TEST_SPI);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb = decrypt(test, skb);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		kfree_skb(skb);
	}
	while ((skb = __skb_dequeue(&held))) {
		skb = decrypt(test, skb);
		taken += !!skb;
		kfree_skb(skb);
	}
	KUNIT_EXPECT_EQ(test, taken, (unsigned int)STALLED);
	KUNIT_EXPECT_EQ(test, esp_count(test, CVSW_CNT_DROP_ESP_OLD), 0ULL);
}

/* ---- encryption refused ---- */

static void frames_that_cannot_be_encrypted(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int l2;
	struct sk_buff *skb;

	install_pair(test, TEST_SPI, 16, true);
	make_packet(f, 100);
	l2 = frame_l2_len(&f->frame);
	expect_dropped(test, encrypt(test, linear_skb(&f->frame), TEST_SPI + 1),
		       CVSW_CNT_DROP_ESP_NO_SA);
	put16(f->frame.data + l2 - 2, ETH_P_ARP);
	expect_dropped(test, encrypt(test, linear_skb(&f->frame), TEST_SPI),
		       CVSW_CNT_DROP_ESP_NOT_IP);
	put16(f->frame.data + l2 - 2, ETH_P_IP);
	put16(f->frame.data + l2 + 6, 0x2000);
	expect_dropped(test, encrypt(test, linear_skb(&f->frame), TEST_SPI),
		       CVSW_CNT_DROP_ESP_FRAGMENT);
	put16(f->frame.data + l2 + 6, 0x0010);
	expect_dropped(test, encrypt(test, linear_skb(&f->frame), TEST_SPI),
		       CVSW_CNT_DROP_ESP_FRAGMENT);

	skb = alloc_skb(70000, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	f->frame.len = l2 + 20;
	f->frame.data[l2] = 0x45;
	put16(f->frame.data + l2 + 6, 0);
	put16(f->frame.data + l2 + 2, 65500);
	skb_put_data(skb, f->frame.data, f->frame.len);
	skb_put_zero(skb, l2 + 65500 - f->frame.len);
	expect_dropped(test, encrypt(test, skb, TEST_SPI), CVSW_CNT_DROP_ESP_TOO_LONG);
}

/* 20 bytes of IPv4, then UDP, ESP, 100 bytes with 4 of trailer and padding, and the ICV. */
static void packets_that_do_not_fit(struct kunit *test)
{
	const unsigned int encrypted = 20 + 8 + 16 + 104 + 16;
	struct esp_fixture *f = test->priv;

	install_pair(test, TEST_SPI, 16, true);
	make_packet(f, 100);
	f->engine.wire_mtu = encrypted;
	encrypt_frame(test);
	f->engine.wire_mtu = encrypted - 1;
	expect_dropped(test, encrypt(test, linear_skb(&f->frame), TEST_SPI),
		       CVSW_CNT_DROP_TOO_BIG);
	/* For this the controller has left room... */
	f->engine.control_mtu = 120;
	encrypt_frame(test);
	/* ...or for what is in the tunnel that this is. */
	f->walk.packet = 121;
	expect_dropped(test, encrypt(test, linear_skb(&f->frame), TEST_SPI),
		       CVSW_CNT_DROP_TOO_BIG);
	f->walk.packet = 70;
	encrypt_frame(test);
}

static void cipher_that_fails(struct kunit *test)
{
	static const struct {
		int err, counter;
	} cases[] = {
		{ -ENOSPC, CVSW_CNT_DROP_ESP_BUSY },
		{ -EBUSY, CVSW_CNT_DROP_ESP_BUSY },
		{ -ENOMEM, CVSW_CNT_DROP_NOMEM },
		{ -EIO, CVSW_CNT_DROP_ESP_CIPHER },
	};
	struct esp_fixture *f = test->priv;
	unsigned int i;

	start(test, false);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cipher_error = cases[i].err;
		expect_dropped(test, encrypt(test, linear_skb(&f->frame), TEST_SPI),
			       cases[i].counter);
		bad(test, cases[i].counter);
	}
	cipher_error = 0;
	good(test);
}

/* Frames of all layouts, some damaged: no byte read past the end (KASAN), all accounted. */
static void random_frames(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int i, came = 0;
	struct sk_buff *skb;

	install_pair(test, TEST_SPI, 16, false);
	for (i = 0; i < FUZZ_ROUNDS; i++) {
		random_frame(&f->rnd, &f->frame);
		if (pick(&f->rnd, 2))
			damage_frame(&f->rnd, &f->frame);
		skb = encrypt(test, random_skb(&f->rnd, &f->frame), TEST_SPI);
		if (!skb) {
			expect_dropped(test, NULL, -1);
			continue;
		}
		skb_to_frame(skb, &f->other);
		kfree_skb(skb);
		if (pick(&f->rnd, 2)) {
			damage_frame(&f->rnd, &f->other);
			skb = decrypt(test, random_skb(&f->rnd, &f->other));
			if (IS_ERR(skb))
				continue;
			came += !!skb;
			if (!skb)
				expect_dropped(test, NULL, -1);
			kfree_skb(skb);
		} else {
			skb = decrypt(test, random_skb(&f->rnd, &f->other));
			KUNIT_EXPECT_NOT_ERR_OR_NULL(test, skb);
			kfree_skb(skb);
			came++;
		}
	}
	KUNIT_EXPECT_GT(test, came, FUZZ_ROUNDS / 20U);
}

static struct kunit_case esp_bad_cases[] = {
	KUNIT_CASE(every_bit),
	KUNIT_CASE(every_bit_in_udp),
	KUNIT_CASE(every_length),
	KUNIT_CASE(every_length_in_udp),
	KUNIT_CASE(wrong_names_and_forms),
	KUNIT_CASE(udp_that_is_no_esp),
	KUNIT_CASE(no_esp_at_all),
	KUNIT_CASE(genuine_in_ipv6),
	KUNIT_CASE(giants),
	KUNIT_CASE(padding_that_lies),
	KUNIT_CASE(loss_and_reordering),
	KUNIT_CASE(queue_that_stalls),
	KUNIT_CASE(frames_that_cannot_be_encrypted),
	KUNIT_CASE(packets_that_do_not_fit),
	KUNIT_CASE(cipher_that_fails),
	KUNIT_CASE(random_frames),
	{}
};

static struct kunit_suite esp_bad_suite = {
	.name = "esp_bad",
	.suite_init = esp_suite_init,
	.suite_exit = esp_suite_exit,
	.init = esp_init,
	.exit = esp_exit,
	.test_cases = esp_bad_cases,
};
kunit_test_suite(esp_bad_suite);
