// SPDX-License-Identifier: GPL-2.0
/*
 * A station between a port and its controller, or beside them, that keeps, repeats,
 * cuts, forges and floods.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>

#include "../drivers/cvsw/control/version3.h"
#include "../drivers/cvsw/control/v3_crypto.h"
#include "talk.h"

static const u8 other_psk[CVSW_V3_KEY_LEN] = "... but it must be the right one";

static void another_key_opens_nothing(struct kunit *test)
{
	struct talk *f = test->priv;

	talk_controller(f, nic_mac, other_psk);
	talk_set_key(test, psk);
	KUNIT_EXPECT_TRUE(test, talk_until(f, CVSW_V3_REGISTER_MAX_MS, f->n_from_nic >= 2));
	KUNIT_EXPECT_EQ(test, f->n_kept, 0U);	/* nobody answered */
	KUNIT_EXPECT_EQ(test, (int)talk_state(f), CVSW_V3_STATE_REGISTERING);
}

static void replays_change_nothing(struct kunit *test)
{
	struct talk *f = test->priv;
	unsigned int i, round;
	u64 taken;

	talk_connect(test);
	talk_check_works(test, 1400);
	talk_check_works(test, 1300);
	talk_for(f, 50);
	KUNIT_ASSERT_GE(test, f->n_kept, 4U);	/* ACCEPT, ECHO_REPLY, two requests at least */
	taken = talk_counter(f, CVSW_CNT_V3(CVSW_V3_OK));
	rtnl_lock();
	dev_set_mtu(f->port.dev, 1200);
	rtnl_unlock();
	for (round = 0; round < 3; round++) {
		for (i = 0; i < f->n_kept; i++)
			talk_arrive(f, fake_nic_skb(f->port.dev, f->kept[i].data, f->kept[i].len, 0));
		flush_work(&f->port.control.work.work);
	}
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, 1200U);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_V3(CVSW_V3_OK)), taken);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_REQ_DONE), 2ULL);
	KUNIT_EXPECT_EQ(test, talk_sessions(f), 1ULL);
	talk_check_works(test, 1450);
}

/* One frame, changed, of which nothing may come. */
static void arrives_in_vain(struct kunit *test, unsigned int frame, size_t len, size_t bit)
{
	struct talk *f = test->priv;
	u64 ended = talk_n_ended(f), other = talk_counter(f, CVSW_CNT_CTL_RECEIVED);

	talk_arrive(f, fake_nic_skb(f->port.dev, f->frame, len, 0));
	flush_work(&f->port.control.work.work);
	other = talk_counter(f, CVSW_CNT_CTL_RECEIVED) - other;
	ended = talk_n_ended(f) - ended;
	KUNIT_EXPECT_EQ_MSG(test, other, 1ULL, "frame %u, %zu bytes, bit %zu", frame, len, bit);
	/* A byte that says version 3 no longer makes it one of version 2. */
	KUNIT_EXPECT_LE_MSG(test, ended, 1ULL, "frame %u, %zu bytes, bit %zu", frame, len, bit);
}

static void truncations_and_flipped_bits_change_nothing(struct kunit *test)
{
	struct talk *f = test->priv;
	unsigned int i;
	size_t n;
	u64 taken;

	fake_port_refuse_version2(&f->port);
	talk_connect(test);
	talk_check_works(test, 1400);
	talk_for(f, 50);
	cvsw_v3_hello(nic_mac, f->kept[f->n_kept].data);
	f->kept[f->n_kept++].len = CVSW_V3_HELLO_LEN;
	taken = talk_counter(f, CVSW_CNT_V3(CVSW_V3_OK));
	for (i = 0; i < f->n_kept; i++) {
		struct kept *kept = &f->kept[i];

		memcpy(f->frame, kept->data, kept->len);
		for (n = ETH_HLEN; n < kept->len; n++)
			arrives_in_vain(test, i, n, 0);
		/* The EtherType is the driver's to look at. */
		for (n = 0; n < 8 * kept->len; n++) {
			if (n / 8 == 12 || n / 8 == 13)
				continue;
			f->frame[n / 8] ^= 1 << n % 8;
			arrives_in_vain(test, i, kept->len, n);
			f->frame[n / 8] ^= 1 << n % 8;
		}
	}
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_V3(CVSW_V3_OK)), taken);
	KUNIT_EXPECT_EQ(test, talk_sessions(f), 1ULL);
	talk_check_works(test, 1300);
}

static void noise_does_not_end_a_session(struct kunit *test)
{
	struct talk *f = test->priv;
	unsigned int i, len;

	fake_port_refuse_version2(&f->port);
	talk_connect(test);
	for (i = 0; i < 5000; i++) {
		len = ETH_HLEN + prandom_u32_state(&f->rnd) % (sizeof(f->frame) - ETH_HLEN);
		prandom_bytes_state(&f->rnd, f->frame, len);
		cvsw_v3_put_header(f->frame, nic_mac, 1 + prandom_u32_state(&f->rnd) % 5,
				   max_t(unsigned int, len, CVSW_V3_HEADER_LEN));
		/* Often of the session that is there. */
		if (i % 2)
			memcpy(f->frame + 16, f->kept[f->n_kept - 1].data + 16, 4);
		talk_arrive(f, fake_nic_skb(f->port.dev, f->frame, len, 0));
		if (i % 16 == 0)
			talk_pump(f);
	}
	talk_pump(f);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_CTL_RECEIVED),
			talk_n_ended(f) + talk_counter(f, CVSW_CNT_CTL_QUEUE_FULL));
	talk_check_works(test, 1400);
}

static void arrives(struct talk *f, const u8 *frame, size_t len)
{
	talk_arrive(f, fake_nic_skb(f->port.dev, frame, len, 0));
}

/*
 * What a station can make up without having seen the NIC's frames waits for nobody,
 * and of HELLOs one is enough.
 */
static void strangers_do_not_fill_the_queue(struct kunit *test)
{
	struct talk *f = test->priv;
	u64 session, rate;
	unsigned int i;

	fake_port_refuse_version2(&f->port);
	talk_connect(test);
	talk_for(f, 50);
	session = talk_counter(f, CVSW_CNT_V3(CVSW_V3_DROP_SESSION));
	rate = talk_counter(f, CVSW_CNT_V3(CVSW_V3_DROP_RATE));
	rtnl_lock();	/* on which the worker waits, ahead of all frames */
	cvsw_control_event(&f->port.control, CVSW_EVENT_ADDRESS);
	for (i = 0; i < 3 * CVSW_CONTROL_QUEUE_MAX; i++) {
		struct kept *kept = &f->kept[f->n_kept - 1];

		memcpy(f->frame, kept->data, kept->len);
		f->frame[16 + i % 4] ^= 1 + i % 255;
		arrives(f, f->frame, kept->len);
		memset(f->frame + 16, i % 3, CVSW_V3_ACCEPT_LEN);
		cvsw_v3_put_header(f->frame, nic_mac, i % 2 ? CVSW_V3_ACCEPT : CVSW_V3_COOKIE,
				   i % 2 ? CVSW_V3_ACCEPT_LEN : CVSW_V3_COOKIE_LEN);
		arrives(f, f->frame, i % 2 ? CVSW_V3_ACCEPT_LEN : CVSW_V3_COOKIE_LEN);
	}
	KUNIT_EXPECT_EQ(test, f->port.control.queued, 0U);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_V3(CVSW_V3_DROP_SESSION)) - session,
			6ULL * CVSW_CONTROL_QUEUE_MAX);
	for (i = 0; i < 1000; i++)
		arrives(f, f->frame, cvsw_v3_hello(nic_mac, f->frame));
	KUNIT_EXPECT_EQ(test, f->port.control.queued, 1U);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_V3(CVSW_V3_DROP_RATE)) - rate, 999ULL);
	/* There is room for the session's own. */
	arrives(f, f->kept[f->n_kept - 1].data, f->kept[f->n_kept - 1].len);
	KUNIT_EXPECT_EQ(test, f->port.control.queued, 2U);
	rtnl_unlock();
	flush_work(&f->port.control.work.work);
	/* The next HELLO may come. */
	KUNIT_EXPECT_FALSE(test, f->port.control.hello);
	arrives(f, f->frame, cvsw_v3_hello(nic_mac, f->frame));
	flush_work(&f->port.control.work.work);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_CTL_RECEIVED), talk_n_ended(f));
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_CTL_QUEUE_FULL), 0ULL);
	talk_check_works(test, 1400);
}

static void forge(struct talk *f, enum cvsw_v3_type type, size_t len, const u8 number[4])
{
	memset(f->frame, 0, len);
	cvsw_v3_put_header(f->frame, nic_mac, type, len);
	memcpy(f->frame + 16, number, 4);
	arrives(f, f->frame, len);
}

/* On a plain bridge all see REGISTER: its number is good for a few places, and names no session. */
static void who_sees_a_register_does_not_fill_the_queue(struct kunit *test)
{
	struct talk *f = test->priv;
	struct sk_buff *skb;
	unsigned int i;
	u8 number[4];
	u64 session;

	fake_port_refuse_version2(&f->port);
	talk_set_key(test, psk);
	flush_work(&f->port.control.work.work);
	skb = skb_peek(fake_nic_sent(f->port.dev));
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_ASSERT_EQ(test, (int)skb->data[7], CVSW_V3_REGISTER);
	memcpy(number, skb->data + 24, sizeof(number));

	rtnl_lock();	/* on which the worker waits, ahead of all frames */
	cvsw_control_event(&f->port.control, CVSW_EVENT_ADDRESS);
	for (i = 0; i < CVSW_CONTROL_QUEUE_MAX; i++) {
		forge(f, CVSW_V3_SEALED, CVSW_V3_FRAME_MAX, number);
		forge(f, CVSW_V3_ACCEPT, CVSW_V3_ACCEPT_LEN, number);
		forge(f, CVSW_V3_COOKIE, CVSW_V3_COOKIE_LEN, number);
	}
	KUNIT_EXPECT_EQ(test, f->port.control.queued, (unsigned int)CVSW_CONTROL_ANSWERS_MAX);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_V3(CVSW_V3_DROP_SESSION)),
			(u64)CVSW_CONTROL_QUEUE_MAX);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_V3(CVSW_V3_DROP_RATE)),
			2ULL * CVSW_CONTROL_QUEUE_MAX - CVSW_CONTROL_ANSWERS_MAX);
	rtnl_unlock();
	KUNIT_ASSERT_TRUE(test, talk_connects(f, 1));
	KUNIT_EXPECT_EQ(test, f->port.control.answers, 0U);

	session = talk_counter(f, CVSW_CNT_V3(CVSW_V3_DROP_SESSION));
	forge(f, CVSW_V3_SEALED, CVSW_V3_FRAME_MAX, number);
	forge(f, CVSW_V3_ACCEPT, CVSW_V3_ACCEPT_LEN, number);
	KUNIT_EXPECT_EQ(test, talk_counter(f, CVSW_CNT_V3(CVSW_V3_DROP_SESSION)) - session, 2ULL);
	talk_check_works(test, 1400);
}

static struct kunit_case session_attack_cases[] = {
	KUNIT_CASE(another_key_opens_nothing),
	KUNIT_CASE(replays_change_nothing),
	KUNIT_CASE(truncations_and_flipped_bits_change_nothing),
	KUNIT_CASE(noise_does_not_end_a_session),
	KUNIT_CASE(strangers_do_not_fill_the_queue),
	KUNIT_CASE(who_sees_a_register_does_not_fill_the_queue),
	{}
};

static struct kunit_suite session_attack_suite = {
	.name = "cvsw_session_attack",
	.suite_init = fake_port_suite_init,
	.suite_exit = fake_port_suite_exit,
	.init = talk_init,
	.exit = talk_exit,
	.test_cases = session_attack_cases,
};
kunit_test_suite(session_attack_suite);
