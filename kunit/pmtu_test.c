// SPDX-License-Identifier: GPL-2.0
/* What routers say of a path's MTU: believed about our own packets, and about nothing else. */
#include <kunit/test.h>
#include <linux/etherdevice.h>

static time64_t fake_seconds;
#define pmtu_seconds()	fake_seconds
#include "../drivers/cvsw/tunnel/pmtu.c"
#include "esp_test.h"

#define US	0xc0000201
#define PEER	0xc0000202
#define ROUTER	0x0a0b0c0d
#define VXLAN	4789

/**
 * struct case_frame - an ICMP message about a packet, in f->frame
 * @ip, @icmp, @quote, @l4: where each begins
 */
static struct case_frame {
	struct cvsw_pmtus pmtus;
	u8 *ip, *icmp, *quote, *l4;
} c;

static u64 counted(struct kunit *test, bool lowered)
{
	return esp_count(test, lowered ? CVSW_CNT_PMTU_LOWERED : CVSW_CNT_PMTU_IGNORED);
}

static void sum_up(struct esp_fixture *f)
{
	unsigned int len = f->frame.data + f->frame.len - c.icmp;

	put16(c.ip + 2, 20 + len);
	put16(c.ip + 10, 0);
	put16(c.ip + 10, ~inet_sum(c.ip, 20, 0));
	put16(c.icmp + 2, 0);
	put16(c.icmp + 2, ~inet_sum(c.icmp, len, 0));
}

/* A router tells of @mtu about a packet of 1500 bytes; @l4_len bytes behind its IPv4 header. */
static void make_icmp(struct esp_fixture *f, u16 mtu, u8 protocol, const u8 *l4,
		      unsigned int l4_len)
{
	u8 *p = f->frame.data;

	memset(&f->frame, 0, sizeof(f->frame));
	f->frame.len = 14 + 20 + 8 + 20 + l4_len;
	p[0] = p[6] = 2;
	put16(p + 12, ETH_P_IP);
	c.ip = p + 14;
	c.icmp = c.ip + 20;
	c.quote = c.icmp + 8;
	c.l4 = c.quote + 20;
	c.ip[0] = c.quote[0] = 0x45;
	c.ip[8] = c.quote[8] = 60;
	c.ip[9] = IPPROTO_ICMP;
	put32(c.ip + 12, ROUTER);
	put32(c.ip + 16, US);
	c.icmp[0] = ICMP_DEST_UNREACH;
	c.icmp[1] = ICMP_FRAG_NEEDED;
	put16(c.icmp + 6, mtu);
	put16(c.quote + 2, 1500);
	put16(c.quote + 6, 0x4000);
	c.quote[9] = protocol;
	put32(c.quote + 12, US);
	put32(c.quote + 16, PEER);
	memcpy(c.l4, l4, l4_len);
	sum_up(f);
}

/* About a packet of VXLAN in the clear. */
static void make_clear(struct esp_fixture *f, u16 mtu)
{
	u8 udp[16] = { 50000 >> 8, 50000 & 0xff, VXLAN >> 8, VXLAN & 0xff, 1480 >> 8, 1480 & 0xff };

	udp[8] = 8;
	make_icmp(f, mtu, IPPROTO_UDP, udp, sizeof(udp));
}

static void hear(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	struct sk_buff *skb = random_skb(&f->rnd, &f->frame);
	struct cvsw_layout at;
	struct cvsw_key key;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	local_bh_disable();
	rcu_read_lock();
	if (!cvsw_key_extract(skb, CVSW_NET, &key, &at))
		cvsw_pmtu_hear(&f->engine, skb, &at);
	rcu_read_unlock();
	local_bh_enable();
	KUNIT_EXPECT_TRUE(test, skb_is_frame(skb, &f->frame));
	kfree_skb(skb);
}

static void expect_heard(struct kunit *test, bool believed, unsigned int mtu)
{
	u64 before[2] = { counted(test, false), counted(test, true) };

	hear(test);
	KUNIT_EXPECT_EQ(test, counted(test, believed), before[believed] + 1);
	KUNIT_EXPECT_EQ(test, counted(test, !believed), before[!believed]);
	KUNIT_EXPECT_EQ(test, cvsw_pmtu(&c.pmtus, htonl(PEER)), mtu);
}

static void start(struct kunit *test)
{
	struct esp_fixture *f = test->priv;

	memset(&c, 0, sizeof(c));
	cvsw_pmtus_init(&c.pmtus);
	fake_seconds = 65530;
	f->engine.pmtus = &c.pmtus;
	cvsw_pmtu_sent(&c.pmtus, htonl(PEER), VXLAN);
}

static void lower_and_forget(struct kunit *test)
{
	struct esp_fixture *f = test->priv;

	start(test);
	KUNIT_EXPECT_EQ(test, cvsw_pmtu(&c.pmtus, htonl(PEER)), UINT_MAX);
	make_clear(f, 1400);
	expect_heard(test, true, 1400);
	KUNIT_EXPECT_EQ(test, cvsw_pmtu(&c.pmtus, htonl(PEER + 1)), UINT_MAX);
	/* Lower it goes, not up; nor further than anybody needs. */
	make_clear(f, 1450);
	expect_heard(test, false, 1400);
	make_clear(f, 1300);
	expect_heard(test, true, 1300);
	make_clear(f, 68);
	expect_heard(test, true, CVSW_PMTU_MIN);
	/* Said again, it holds from then on. */
	fake_seconds += CVSW_PMTU_SECONDS - 1;
	expect_heard(test, true, CVSW_PMTU_MIN);
	fake_seconds += CVSW_PMTU_SECONDS - 1;
	KUNIT_EXPECT_EQ(test, cvsw_pmtu(&c.pmtus, htonl(PEER)), CVSW_PMTU_MIN);
	fake_seconds++;
	KUNIT_EXPECT_EQ(test, cvsw_pmtu(&c.pmtus, htonl(PEER)), UINT_MAX);
	make_clear(f, 1450);
	expect_heard(test, true, 1450);
}

/* However long nobody asks: no counter of seconds wraps. */
static void forgotten_for_good(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int bits;

	start(test);
	for (bits = 10; bits < 40; bits++) {
		make_clear(f, 1400);
		expect_heard(test, true, 1400);
		fake_seconds += 1LL << bits;
		KUNIT_EXPECT_EQ_MSG(test, cvsw_pmtu(&c.pmtus, htonl(PEER)), UINT_MAX,
				    "after 2^%u seconds", bits);
	}
}

/* RFC 1191, 5 */
static void routers_without_a_number(struct kunit *test)
{
	struct esp_fixture *f = test->priv;

	start(test);
	make_clear(f, 0);
	expect_heard(test, true, 1492);
	put16(c.quote + 2, 1492);
	put16(c.l4 + 4, 1472);
	sum_up(f);
	expect_heard(test, true, 1006);
	put16(c.quote + 2, CVSW_PMTU_MIN);
	put16(c.l4 + 4, CVSW_PMTU_MIN - 20);
	sum_up(f);
	expect_heard(test, false, 1006);
}

/* One 16-bit word is another: of a packet that we never sent, or that no router would tell of. */
static void about_others_packets(struct kunit *test)
{
	static const struct {
		s16 at;		/* from the quoted packet on */
		u16 value;
	} lies[] = {
		{ 0, 0x5500 }, { 0, 0x4400 }, { 0, 0x4f00 },
		{ 2, 1400 }, { 2, 1499 }, { 2, 0 },
		{ 6, 0 }, { 6, 0x6000 }, { 6, 0x4001 },
		{ 8, 60 << 8 | IPPROTO_TCP }, { 8, 60 << 8 | IPPROTO_ESP },
		{ 14, 0x0203 }, { 18, 0x0203 }, { 20, 40000 }, { 22, 4790 }, { 24, 100 },
		{ -12, 0x0203 },
	};
	struct esp_fixture *f = test->priv;
	unsigned int i;

	start(test);
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		make_clear(f, 1400);
		put16(c.quote + lies[i].at, lies[i].value);
		sum_up(f);
		expect_heard(test, false, UINT_MAX);
	}
	make_clear(f, 1400);
	c.icmp[2] ^= 1;
	expect_heard(test, false, UINT_MAX);
	/* Nothing that we count: another message, a fragment, a request. */
	make_clear(f, 1400);
	c.icmp[1] = ICMP_PORT_UNREACH;
	sum_up(f);
	hear(test);
	put16(c.ip + 6, 0x2000);
	sum_up(f);
	hear(test);
	KUNIT_EXPECT_EQ(test, counted(test, false), ARRAY_SIZE(lies) + 1ULL);
	/* To whom nothing was sent for long. */
	make_clear(f, 1400);
	memset(c.pmtus.sent, 0, sizeof(c.pmtus.sent));
	expect_heard(test, false, UINT_MAX);
}

static void cut_short(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int len, full;

	start(test);
	make_clear(f, 1400);
	full = f->frame.len;
	/* RFC 792: eight bytes of what is behind IPv4 are enough. */
	for (len = 14; len < full - 8; len++) {
		f->frame.len = len;
		hear(test);
		if (len < 34)
			continue;
		sum_up(f);
		hear(test);
	}
	KUNIT_EXPECT_EQ(test, counted(test, true), 0ULL);
	f->frame.len = full - 8;
	sum_up(f);
	expect_heard(test, true, 1400);
}

/* What an SA sent, as a router quotes it. */
static void make_sealed(struct kunit *test, bool udp)
{
	struct esp_fixture *f = test->priv;
	u8 l4[32];

	make_packet(f, 60);
	put32(f->frame.data + frame_l2_len(&f->frame) + 16, PEER);
	fit_ip(&f->frame, 100);
	encrypt_frame(test);
	memcpy(l4, f->other.data + frame_l2_len(&f->other) +
	       4 * (f->other.data[frame_l2_len(&f->other)] & 15), sizeof(l4));
	make_icmp(f, 1400, udp ? IPPROTO_UDP : IPPROTO_ESP, l4, sizeof(l4));
}

static void about_sealed(struct kunit *test, bool udp)
{
	struct esp_fixture *f = test->priv;
	unsigned int esp = udp ? 8 : 0, i;

	start(test);
	memset(c.pmtus.sent, 0, sizeof(c.pmtus.sent));
	install_pair(test, TEST_SPI, 16, udp);
	for (i = 0; i < 5; i++)
		make_sealed(test, udp);
	/* Another SA, a number not sent yet, or long ago; another port or form; another's packet. */
	c.l4[esp + 3] ^= 1;
	sum_up(f);
	expect_heard(test, false, UINT_MAX);
	make_sealed(test, udp);
	put32(c.l4 + esp + 4, 7);
	sum_up(f);
	expect_heard(test, false, UINT_MAX);
	put32(c.l4 + esp + 4, 0);
	sum_up(f);
	expect_heard(test, false, UINT_MAX);
	make_sealed(test, udp);
	put32(c.quote + 16, PEER + 1);
	sum_up(f);
	expect_heard(test, false, UINT_MAX);
	make_sealed(test, udp);
	if (udp)
		c.l4[3] ^= 1;
	else
		c.quote[9] = IPPROTO_UDP;
	sum_up(f);
	expect_heard(test, false, UINT_MAX);
	make_sealed(test, udp);
	atomic64_add(QUOTE_AGE_MAX, &find_sa(test, CVSW_SA_OUT, TEST_SPI)->sent);
	expect_heard(test, false, UINT_MAX);
	make_sealed(test, udp);
	expect_heard(test, true, 1400);
}

static void about_esp(struct kunit *test)
{
	about_sealed(test, false);
}

static void about_esp_in_udp(struct kunit *test)
{
	about_sealed(test, true);
}

static void random_messages(struct kunit *test)
{
	struct esp_fixture *f = test->priv;
	unsigned int i, known = 0;

	start(test);
	for (i = 0; i < 20000; i++) {
		make_clear(f, pick(&f->rnd, 1500));
		damage_frame(&f->rnd, &f->frame);
		hear(test);
	}
	for (i = 0; i < CVSW_PMTU_KNOWN; i++)
		known += !!c.pmtus.known[i].end;
	KUNIT_EXPECT_LE(test, known, 1U);
	KUNIT_EXPECT_GE(test, cvsw_pmtu(&c.pmtus, htonl(PEER)), CVSW_PMTU_MIN);
	KUNIT_EXPECT_GT(test, counted(test, false), 1000ULL);
}

static struct kunit_case pmtu_cases[] = {
	KUNIT_CASE(lower_and_forget),
	KUNIT_CASE(forgotten_for_good),
	KUNIT_CASE(routers_without_a_number),
	KUNIT_CASE(about_others_packets),
	KUNIT_CASE(cut_short),
	KUNIT_CASE(about_esp),
	KUNIT_CASE(about_esp_in_udp),
	KUNIT_CASE(random_messages),
	{}
};

static struct kunit_suite pmtu_suite = {
	.name = "pmtu",
	.suite_init = esp_suite_init,
	.suite_exit = esp_suite_exit,
	.init = esp_init,
	.exit = esp_exit,
	.test_cases = pmtu_cases,
};
kunit_test_suite(pmtu_suite);
