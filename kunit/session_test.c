// SPDX-License-Identifier: GPL-2.0
/*
 * A port's session on a fake device with a controller of proto/ at the other end,
 * both over the kernel's own ciphers, in real time; and a station between them
 * that keeps, repeats, cuts, forges and loses their frames.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/prandom.h>

#include "fail.h"
#include "../drivers/cvsw/notices.c"
#include "../drivers/cvsw/session.c"
#include "../drivers/cvsw/sa.h"
#include "esp_test.h"
#include "fake_nic.h"
#include "v3_test.h"

#define KEPT	64
#define SOON	5000	/* ms in which anything comes that comes at all */

static const u8 psk[CVSW_V3_KEY_LEN] = "one key is as good as another..";
static const u8 other_psk[CVSW_V3_KEY_LEN] = "... but it must be the right one";
static const u8 other_mac[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 9 };

struct kept {
	size_t len;
	u8 data[CVSW_V3_FRAME_MAX];
};

/**
 * struct fixture - a port without a door, and its controller
 * @to_nic: frames of the controller's, not arrived yet
 * @kept: the first ones that were sent to the NIC
 * @loss: of a hundred frames, each way
 * @message: the controller's last answer
 */
struct fixture {
	struct net_device *dev;
	struct cvsw_engine engine;
	struct cvsw_control control;
	struct cvsw_v3_end ctl;
	struct cvsw_v3_caller caller;
	struct cvsw_v3_guard guard;
	unsigned int n_fresh;
	unsigned int n_from_nic;
	struct sk_buff_head to_nic;
	struct kept kept[KEPT];
	unsigned int n_kept;
	struct rnd_state rnd;
	unsigned int loss;
	u8 message[CVSW_V3_MESSAGE_MAX];
	u8 frame[CVSW_V3_FRAME_MAX + 64];
	struct cvsw_flow flow;
};

/* ---- the controller ---- */

static bool is_lost(struct fixture *f)
{
	return f->loss && prandom_u32_state(&f->rnd) % 100 < f->loss;
}

static void ctl_send(void *arg, u8 *frame, size_t len, u64 place)
{
	struct fixture *f = arg;
	struct sk_buff *skb = fake_nic_skb(f->dev, frame, len, 0);

	if (f->n_kept < KEPT) {
		memcpy(f->kept[f->n_kept].data, frame, len);
		f->kept[f->n_kept++].len = len;
	}
	if (skb && !is_lost(f))
		skb_queue_tail(&f->to_nic, skb);
	else
		kfree_skb(skb);
}

static void ctl_event(void *arg, enum cvsw_v3_event event)
{
	struct fixture *f = arg;

	f->n_fresh += event == CVSW_V3_EVENT_FRESH;
}

static void ctl_begin(struct fixture *f, const u8 *mac, const u8 *key)
{
	f->caller = (struct cvsw_v3_caller){ .send = ctl_send, .event = ctl_event, .arg = f };
	cvsw_v3_controller_init(&f->ctl, &cvsw_v3_kernel_crypto, &f->caller, &f->guard, mac, key,
				1);
}

static void arrive(struct fixture *f, struct sk_buff *skb)
{
	local_bh_disable();
	cvsw_control_receive(&f->control, skb);
	local_bh_enable();
}

/* All that is under way arrives. */
static void pump(struct fixture *f)
{
	struct sk_buff *skb;

	while ((skb = skb_dequeue(fake_nic_sent(f->dev)))) {
		f->n_from_nic++;
		if (!is_lost(f) && cvsw_v3_is(skb->data, skb->len))
			cvsw_v3_receive(&f->ctl, skb->data, skb->len, 1, now_ms());
		kfree_skb(skb);
	}
	cvsw_v3_run(&f->ctl, now_ms());
	while ((skb = skb_dequeue(&f->to_nic)))
		arrive(f, skb);
	flush_work(&f->control.work.work);
}

static void run_for(struct fixture *f, unsigned int ms)
{
	u64 end = now_ms() + ms;

	do {
		pump(f);
		usleep_range(500, 1000);
	} while (now_ms() < end);
}

static enum cvsw_nl_v3_state state(struct fixture *f)
{
	u64 n;

	return cvsw_session_state(&f->control, &n);
}

static u64 n_sessions(struct fixture *f)
{
	u64 n;

	cvsw_session_state(&f->control, &n);
	return n;
}

/* Until both have confirmed session @n of the NIC's. */
static bool connects(struct fixture *f, u64 n)
{
	u64 end = now_ms() + SOON;

	while (now_ms() < end) {
		pump(f);
		if (state(f) == CVSW_V3_STATE_CONNECTED && n_sessions(f) >= n &&
		    cvsw_v3_up(&f->ctl) && f->ctl.n_sessions >= n)
			return true;
		usleep_range(500, 1000);
	}
	return false;
}

/* The next answer's type, or 0; what it says is in f->message. */
static unsigned int answer(struct fixture *f)
{
	u64 end = now_ms() + SOON;
	bool too_long;

	while (now_ms() < end) {
		if (cvsw_v3_take(&f->ctl, f->message, &too_long))
			return f->message[0] << 8 | f->message[1];
		pump(f);
		cond_resched();
	}
	return 0;
}

/* ---- requests ---- */

static bool send_mtu(struct fixture *f, u16 mtu)
{
	u8 data[16];

	return cvsw_v3_send(&f->ctl, data, cvsw_v3_set_encode(CVSW_V3_SET_MTU, mtu, mtu, data,
							      sizeof(data)));
}

/* A bundle of what f->flow says but for its match: the flow for TCP port @port. */
static bool send_flow_mod(struct fixture *f, enum cvsw_flow_command command, u8 flags, u16 port)
{
	u8 data[256];
	struct cvsw_writer w = cvsw_writer(data, sizeof(data));

	f->flow.priority = 7;
	f->flow.match.key.dl_type = ETH_P_IP;
	f->flow.match.mask.dl_type = 0xffff;
	f->flow.match.key.nw_proto = IPPROTO_TCP;
	f->flow.match.mask.nw_proto = 0xff;
	f->flow.match.key.tp_dst = port;
	f->flow.match.mask.tp_dst = 0xffff;
	cvsw_match_normalize(&f->flow.match);
	cvsw_v3_flows_begin(&w, port, 1, flags);
	w.at += cvsw_ofp10_encode(command, &f->flow, data + w.at, sizeof(data) - w.at);
	return cvsw_v3_send(&f->ctl, data, w.at);
}

static bool send_flow(struct fixture *f, u8 flags, u16 port)
{
	memset(&f->flow, 0, sizeof(f->flow));
	return send_flow_mod(f, CVSW_FLOW_ADD, flags, port);
}

static void set_key(struct kunit *test, const u8 *key)
{
	struct fixture *f = test->priv;

	rtnl_lock();
	KUNIT_EXPECT_EQ(test, cvsw_session_set_key(&f->control, key), 0);
	rtnl_unlock();
}

static void connect(struct kunit *test)
{
	struct fixture *f = test->priv;

	set_key(test, psk);
	KUNIT_ASSERT_TRUE(test, connects(f, 1));
}

static u64 counter(struct fixture *f, unsigned int which)
{
	return cvsw_stats_read(f->engine.stats, which);
}

/* Frames of version 3 that were received, however they ended. */
static u64 n_ended(struct fixture *f)
{
	unsigned int drop;
	u64 n = 0;

	for (drop = 0; drop < CVSW_V3_N_DROPS; drop++)
		n += counter(f, CVSW_CNT_V3(drop));
	return n;
}

static void check_works(struct kunit *test, u16 mtu)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, send_mtu(f, mtu));
	KUNIT_EXPECT_EQ(test, answer(f), (unsigned int)CVSW_V3_ACK);
	KUNIT_EXPECT_EQ(test, f->dev->mtu, (unsigned int)mtu);
}

/* ---- life ---- */

static int fixture_init(struct kunit *test)
{
	struct fixture *f = kvzalloc(sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	skb_queue_head_init(&f->to_nic);
	prandom_seed_state(&f->rnd, 3);
	f->dev = fake_nic();
	KUNIT_ASSERT_NOT_NULL(test, f->dev);
	f->engine.table = cvsw_table_create();
	f->engine.stats = cvsw_stats_alloc();
	f->engine.sas = cvsw_sas_create();
	KUNIT_ASSERT_TRUE(test, f->engine.table && f->engine.stats && f->engine.sas);
	cvsw_control_init(&f->control, f->dev, &f->engine, true);
	ctl_begin(f, nic_mac, psk);
	return 0;
}

static void fixture_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	v3_crypto_fail_at(0);
	fail_at = 0;
	if (!f)
		return;
	cvsw_control_kill(&f->control);
	skb_queue_purge(fake_nic_sent(f->dev));
	skb_queue_purge(&f->to_nic);
	cvsw_control_finish(&f->control);
	cvsw_v3_end_free(&f->ctl);
	cvsw_sas_kill(f->engine.sas);
	cvsw_sas_destroy(f->engine.sas);
	cvsw_table_destroy(f->engine.table);
	free_percpu(f->engine.stats);
	fake_nic_free(f->dev);
	rcu_barrier();
	kvfree(f);
}

/* ---- tests ---- */

static void registers_with_a_key_only(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->control.allowed = false;
	cvsw_control_event(&f->control, CVSW_EVENT_LINK);
	run_for(f, 50);
	KUNIT_EXPECT_EQ(test, f->n_from_nic, 0U);
	KUNIT_EXPECT_EQ(test, (int)state(f), CVSW_V3_STATE_NO_KEY);
	set_key(test, NULL);	/* as well */
	KUNIT_EXPECT_NULL(test, f->control.session);
	arrive(f, fake_nic_skb(f->dev, f->frame, cvsw_v3_hello(nic_mac, f->frame), 0));
	flush_work(&f->control.work.work);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_V3(CVSW_V3_DROP_NO_KEY)), 1ULL);

	connect(test);
	KUNIT_EXPECT_EQ(test, n_sessions(f), 1ULL);
	KUNIT_EXPECT_EQ(test, f->n_fresh, 1U);
	check_works(test, 1400);
	KUNIT_EXPECT_EQ(test, n_ended(f), counter(f, CVSW_CNT_V3(CVSW_V3_OK)) + 1);
	KUNIT_EXPECT_EQ(test, n_ended(f), counter(f, CVSW_CNT_CTL_RECEIVED));
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_CTL_SENT), (u64)f->n_from_nic);
}

static void requests_are_done_in_order(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int asked = 0, answered = 0;

	connect(test);
	while (answered < 300) {
		while (asked < 300 && send_flow(f, CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT,
						asked))
			asked++;
		KUNIT_ASSERT_EQ(test, answer(f), (unsigned int)CVSW_V3_ACK);
		KUNIT_ASSERT_EQ(test, get_unaligned_be32(f->message + 4), answered);
		answered++;
	}
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->engine.table), 300U);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_REQ_DONE), 300ULL);
}

/* ---- what is told unasked ---- */

#define WHOLE	(CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT)

static void do_flow_mod(struct kunit *test, enum cvsw_flow_command command, u16 port)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, send_flow_mod(f, command, WHOLE, port));
	KUNIT_ASSERT_EQ(test, answer(f), (unsigned int)CVSW_V3_ACK);
}

/* f->flow has gone. */
static void expect_told(struct kunit *test, u8 reason, u16 port)
{
	struct fixture *f = test->priv;
	struct cvsw_v3_message message;
	struct cvsw_v3_entry told;
	struct cvsw_flow *flow = kunit_kzalloc(test, sizeof(*flow), GFP_KERNEL);
	enum cvsw_flow_command command;
	size_t used;

	KUNIT_ASSERT_NOT_NULL(test, flow);
	KUNIT_ASSERT_EQ(test, answer(f), (unsigned int)CVSW_V3_FLOW_REMOVED);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_message_decode(f->message, sizeof(f->message),
							  &message, NULL), 0);
	/* The buffer is longer than what is in it; this one's length is its flow_mod's. */
	message.len = CVSW_V3_ENTRY_HEADER_LEN + get_unaligned_be16(message.body +
								    CVSW_V3_ENTRY_HEADER_LEN + 2);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_flow_removed_decode(&message, &told, NULL), 0);
	KUNIT_EXPECT_EQ(test, told.reason, reason);
	KUNIT_ASSERT_EQ(test, (int)cvsw_ofp10_decode(told.flow_mod, told.len, &used, &command, flow,
						     NULL), 0);
	KUNIT_EXPECT_EQ(test, flow->match.key.tp_dst, port);
	f->flow.match = flow->match;
	f->flow.priority = flow->priority;
	KUNIT_EXPECT_TRUE(test, cvsw_flow_equal(flow, &f->flow));
}

static void timeouts_are_told(struct kunit *test)
{
	struct fixture *f = test->priv;

	connect(test);
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.hard_timeout = 1;
	do_flow_mod(test, CVSW_FLOW_ADD, 1);	/* did not ask to be told of */
	f->flow.flags = CVSW_FLOW_SEND_REMOVED;
	f->flow.cookie = 4711;
	do_flow_mod(test, CVSW_FLOW_ADD, 2);
	expect_told(test, CVSW_V3_REMOVED_HARD, 2);
	f->flow.hard_timeout = 0;
	f->flow.idle_timeout = 1;
	do_flow_mod(test, CVSW_FLOW_ADD, 3);
	expect_told(test, CVSW_V3_REMOVED_IDLE, 3);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->engine.table), 0U);
}

static void deletions_are_told(struct kunit *test)
{
	struct fixture *f = test->priv;
	u16 port;

	connect(test);
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.flags = CVSW_FLOW_SEND_REMOVED;
	for (port = 1; port <= 50; port++)
		do_flow_mod(test, CVSW_FLOW_ADD, port);
	/* In its stead: it has not gone. */
	do_flow_mod(test, CVSW_FLOW_ADD, 1);
	do_flow_mod(test, CVSW_FLOW_MODIFY_STRICT, 1);
	for (port = 1; port <= 50; port++) {
		do_flow_mod(test, CVSW_FLOW_DELETE_STRICT, port);
		expect_told(test, CVSW_V3_REMOVED_DELETE, port);
	}
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->engine.table), 0U);
	check_works(test, 1400);
}

/* A controller that was not there asks for the table; too many that wait are counted. */
static void some_are_told_nobody(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_notices *notices;

	set_key(test, psk);
	f->flow.flags = CVSW_FLOW_SEND_REMOVED;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
	KUNIT_ASSERT_EQ(test, cvsw_table_delete(f->engine.table, &f->flow.match), 1U);
	notices = &f->control.session->notices;
	KUNIT_EXPECT_EQ(test, notices->n, 1U);
	KUNIT_ASSERT_TRUE(test, connects(f, 1));
	KUNIT_EXPECT_EQ(test, notices->n, 0U);
	check_works(test, 1400);

	do_flow_mod(test, CVSW_FLOW_ADD, 1);
	notices->n = CVSW_NOTICES_MAX;
	KUNIT_ASSERT_EQ(test, cvsw_table_delete(f->engine.table, &f->flow.match), 1U);
	KUNIT_EXPECT_EQ(test, notices->n, (unsigned int)CVSW_NOTICES_MAX);
	notices->n = 0;
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_CTL_SEND_FAILED), 1ULL);
}

static void loss_loses_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int asked = 0, answered = 0;

	f->loss = 20;
	connect(test);
	while (answered < 60) {
		while (asked < 60 && send_flow(f, CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT,
					       asked))
			asked++;
		KUNIT_ASSERT_EQ(test, answer(f), (unsigned int)CVSW_V3_ACK);
		KUNIT_ASSERT_EQ(test, get_unaligned_be32(f->message + 4), answered);
		answered++;
	}
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->engine.table), 60U);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_REQ_DONE), 60ULL);
}

static void another_key_opens_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;

	ctl_begin(f, nic_mac, other_psk);
	set_key(test, psk);
	run_for(f, 1000);
	KUNIT_EXPECT_GE(test, f->n_from_nic, 2U);
	KUNIT_EXPECT_EQ(test, f->n_kept, 0U);	/* nobody answered */
	KUNIT_EXPECT_EQ(test, (int)state(f), CVSW_V3_STATE_REGISTERING);
}

/* Whoever gave the NIC a key wants nobody without it to program the NIC. */
static void with_a_key_version_2_is_refused(struct kunit *test)
{
	struct cvsw_msg msg = { .type = CVSW_MSG_SET_MTU, .data1 = 1300 };
	struct fixture *f = test->priv;
	size_t len;

	eth_broadcast_addr(msg.dst);
	len = cvsw_msg_encode(&msg, f->frame, sizeof(f->frame));
	connect(test);
	cvsw_control_event(&f->control, CVSW_EVENT_LINK);
	run_for(f, 50);
	arrive(f, fake_nic_skb(f->dev, f->frame, len, 0));
	flush_work(&f->control.work.work);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_CTL_UNAUTHENTICATED), 1ULL);
	KUNIT_EXPECT_EQ(test, f->dev->mtu, 1500U);
	KUNIT_EXPECT_EQ(test, (int)f->control.state, CVSW_STATE_DISCONNECTED);

	/* It came before the key did, and waited. */
	set_key(test, NULL);
	flush_work(&f->control.work.work);
	rtnl_lock();		/* on which the worker waits with the first one */
	arrive(f, fake_nic_skb(f->dev, f->frame, len, 0));
	while (READ_ONCE(f->control.queued))
		msleep(1);
	arrive(f, fake_nic_skb(f->dev, f->frame, len, 0));
	KUNIT_EXPECT_EQ(test, cvsw_session_set_key(&f->control, psk), 0);
	rtnl_unlock();
	flush_work(&f->control.work.work);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_CTL_APPLIED), 1ULL);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_CTL_UNAUTHENTICATED), 2ULL);
	KUNIT_EXPECT_EQ(test, f->dev->mtu, 1300U);
}

static void replays_change_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, round;
	u64 taken;

	connect(test);
	check_works(test, 1400);
	check_works(test, 1300);
	run_for(f, 50);
	KUNIT_ASSERT_GE(test, f->n_kept, 4U);	/* ACCEPT, ECHO_REPLY, two requests at least */
	taken = counter(f, CVSW_CNT_V3(CVSW_V3_OK));
	rtnl_lock();
	dev_set_mtu(f->dev, 1200);
	rtnl_unlock();
	for (round = 0; round < 3; round++) {
		for (i = 0; i < f->n_kept; i++)
			arrive(f, fake_nic_skb(f->dev, f->kept[i].data, f->kept[i].len, 0));
		flush_work(&f->control.work.work);
	}
	KUNIT_EXPECT_EQ(test, f->dev->mtu, 1200U);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_V3(CVSW_V3_OK)), taken);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_REQ_DONE), 2ULL);
	KUNIT_EXPECT_EQ(test, n_sessions(f), 1ULL);
	check_works(test, 1450);
}

/* One frame, changed, of which nothing may come. */
static void arrives_in_vain(struct kunit *test, unsigned int frame, size_t len, size_t bit)
{
	struct fixture *f = test->priv;
	u64 ended = n_ended(f), other = counter(f, CVSW_CNT_CTL_RECEIVED);

	arrive(f, fake_nic_skb(f->dev, f->frame, len, 0));
	flush_work(&f->control.work.work);
	other = counter(f, CVSW_CNT_CTL_RECEIVED) - other;
	ended = n_ended(f) - ended;
	KUNIT_EXPECT_EQ_MSG(test, other, 1ULL, "frame %u, %zu bytes, bit %zu", frame, len, bit);
	/* A byte that says version 3 no longer makes it one of version 2. */
	KUNIT_EXPECT_LE_MSG(test, ended, 1ULL, "frame %u, %zu bytes, bit %zu", frame, len, bit);
}

static void truncations_and_flipped_bits_change_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;
	size_t n;
	u64 taken;

	f->control.allowed = false;
	connect(test);
	check_works(test, 1400);
	run_for(f, 50);
	cvsw_v3_hello(nic_mac, f->kept[f->n_kept].data);
	f->kept[f->n_kept++].len = CVSW_V3_HELLO_LEN;
	taken = counter(f, CVSW_CNT_V3(CVSW_V3_OK));
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
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_V3(CVSW_V3_OK)), taken);
	KUNIT_EXPECT_EQ(test, n_sessions(f), 1ULL);
	check_works(test, 1300);
}

static void noise_does_not_end_a_session(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, len;

	f->control.allowed = false;
	connect(test);
	for (i = 0; i < 5000; i++) {
		len = ETH_HLEN + prandom_u32_state(&f->rnd) % (sizeof(f->frame) - ETH_HLEN);
		prandom_bytes_state(&f->rnd, f->frame, len);
		cvsw_v3_put_header(f->frame, nic_mac, 1 + prandom_u32_state(&f->rnd) % 5,
				   max_t(unsigned int, len, CVSW_V3_HEADER_LEN));
		/* Often of the session that is there. */
		if (i % 2)
			memcpy(f->frame + 16, f->kept[f->n_kept - 1].data + 16, 4);
		arrive(f, fake_nic_skb(f->dev, f->frame, len, 0));
		if (i % 16 == 0)
			pump(f);
	}
	pump(f);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_CTL_RECEIVED),
			n_ended(f) + counter(f, CVSW_CNT_CTL_QUEUE_FULL));
	check_works(test, 1400);
}

static void a_new_key_ends_the_session(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int sent;

	connect(test);
	run_for(f, 50);
	sent = f->n_from_nic;
	set_key(test, psk);	/* the one that is there */
	run_for(f, 50);
	KUNIT_EXPECT_EQ(test, f->n_from_nic, sent);
	KUNIT_EXPECT_EQ(test, n_sessions(f), 1ULL);

	set_key(test, other_psk);
	flush_work(&f->control.work.work);
	KUNIT_EXPECT_EQ(test, (int)state(f), CVSW_V3_STATE_REGISTERING);
	KUNIT_EXPECT_TRUE(test, send_mtu(f, 1400));	/* under the old session */
	run_for(f, 300);
	KUNIT_EXPECT_EQ(test, f->dev->mtu, 1500U);
	cvsw_v3_end_free(&f->ctl);
	ctl_begin(f, nic_mac, other_psk);
	KUNIT_EXPECT_TRUE(test, connects(f, 1));
	check_works(test, 1300);
}

static void a_key_that_is_taken_away_is_wiped(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_session *session;
	unsigned int sent;

	connect(test);
	session = f->control.session;
	KUNIT_EXPECT_FALSE(test, memchr_inv(session->next_psk, 0, CVSW_V3_KEY_LEN) != NULL);
	set_key(test, NULL);
	flush_work(&f->control.work.work);
	KUNIT_EXPECT_FALSE(test, memchr_inv(session->end.psk, 0, CVSW_V3_KEY_LEN) != NULL);
	KUNIT_EXPECT_FALSE(test, memchr_inv(session->next_psk, 0, CVSW_V3_KEY_LEN) != NULL);
	KUNIT_EXPECT_FALSE(test, cvsw_v3_up(&session->end));
	KUNIT_EXPECT_EQ(test, (int)state(f), CVSW_V3_STATE_NO_KEY);
	pump(f);
	sent = f->n_from_nic;
	send_mtu(f, 1400);
	run_for(f, 400);
	KUNIT_EXPECT_EQ(test, f->n_from_nic, sent);
	KUNIT_EXPECT_GE(test, counter(f, CVSW_CNT_V3(CVSW_V3_DROP_NO_KEY)), 1ULL);
	KUNIT_EXPECT_EQ(test, f->dev->mtu, 1500U);
}

/* Two keys in a row, the worker between any two steps: the second one counts. */
static void the_last_key_counts(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		set_key(test, other_psk);
		if (i % 2)
			cvsw_control_event(&f->control, CVSW_EVENT_KEY);
		if (i % 3)
			cond_resched();
		set_key(test, psk);
		cvsw_control_event(&f->control, CVSW_EVENT_KEY);
		flush_work(&f->control.work.work);
		cvsw_control_event(&f->control, CVSW_EVENT_KEY);
		flush_work(&f->control.work.work);
		KUNIT_ASSERT_TRUE(test, cvsw_v3_same(f->control.session->end.psk, psk,
						     CVSW_V3_KEY_LEN));
	}
	KUNIT_EXPECT_TRUE(test, connects(f, 1));
}

static void a_restored_machine_begins_anew(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int sent;

	connect(test);
	KUNIT_EXPECT_TRUE(test, send_flow(f, CVSW_V3_BUNDLE_OPEN, 80));
	KUNIT_EXPECT_EQ(test, answer(f), (unsigned int)CVSW_V3_ACK);
	run_for(f, 50);
	KUNIT_EXPECT_TRUE(test, cvsw_table_changing(f->engine.table));

	/* Ahead of a suspend: silence. */
	cvsw_control_hold(&f->control);
	sent = f->n_from_nic;
	KUNIT_EXPECT_TRUE(test, send_mtu(f, 1400));
	run_for(f, 300);
	KUNIT_EXPECT_EQ(test, f->n_from_nic, sent);
	cvsw_control_event(&f->control, CVSW_EVENT_RESTORED);
	flush_work(&f->control.work.work);
	KUNIT_EXPECT_FALSE(test, cvsw_table_changing(f->engine.table));
	KUNIT_EXPECT_TRUE(test, connects(f, 2));
	run_for(f, 50);
	KUNIT_EXPECT_EQ(test, f->n_fresh, 2U);
	check_works(test, 1300);
}

/* Nobody has told: its first frame finds out. */
static void a_restored_machine_says_nothing_under_old_keys(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int sent, told = esp_generation_changes;

	connect(test);
	run_for(f, 50);
	sent = f->n_from_nic;
	esp_generation.id[0]++;
	KUNIT_EXPECT_TRUE(test, send_mtu(f, 1400));
	run_for(f, 300);
	KUNIT_EXPECT_EQ(test, f->n_from_nic, sent);
	KUNIT_EXPECT_GT(test, esp_generation_changes, told);

	cvsw_control_event(&f->control, CVSW_EVENT_RESTORED);
	flush_work(&f->control.work.work);
	KUNIT_EXPECT_TRUE(test, connects(f, 2));
	check_works(test, 1300);
}

/* The next message within a short time, which comes unasked. */
static unsigned int told(struct fixture *f)
{
	bool too_long;

	f->control.session->look_at = jiffies;
	cvsw_control_event(&f->control, CVSW_EVENT_LINK);
	run_for(f, 50);
	return cvsw_v3_take(&f->ctl, f->message, &too_long) ? f->message[1] : 0;
}

static void sas_that_run_out_are_told_once(struct kunit *test)
{
	static const struct {
		u64 sent;
		enum cvsw_v3_expiring_reason reason;
	} ends[] = {
		{ (3ull << 30) - 1, 0 },
		{ 3ull << 30, CVSW_V3_SA_RUNS_OUT },
		{ (3ull << 30) + 1, 0 },
		{ U32_MAX, CVSW_V3_SA_RAN_OUT },
		{ 1ull << 33, 0 },
	};
	struct cvsw_sa sa = { .spi = 300, .direction = CVSW_SA_OUT, .key_len = 16 };
	struct fixture *f = test->priv;
	struct cvsw_v3_message message;
	struct cvsw_v3_expiring expiring;
	struct cvsw_esp_sa *out;
	unsigned int i;

	connect(test);
	KUNIT_ASSERT_EQ(test, cvsw_sas_add(f->engine.sas, &sa), 0);
	rcu_read_lock();
	out = cvsw_sas_find(f->engine.sas, CVSW_SA_OUT, 300);	/* which stays */
	rcu_read_unlock();
	sa.direction = CVSW_SA_IN;
	KUNIT_ASSERT_EQ(test, cvsw_sas_add(f->engine.sas, &sa), 0);
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		atomic64_set(&out->sent, ends[i].sent);
		KUNIT_ASSERT_EQ(test, told(f), ends[i].reason ? CVSW_V3_SA_EXPIRING : 0U);
		if (!ends[i].reason)
			continue;
		KUNIT_ASSERT_EQ(test, (int)cvsw_v3_message_decode(f->message, 24, &message, NULL),
				CVSW_V3_FINE);
		KUNIT_ASSERT_EQ(test, (int)cvsw_v3_expiring_decode(&message, &expiring, NULL),
				CVSW_V3_FINE);
		KUNIT_EXPECT_EQ(test, expiring.spi, 300U);
		KUNIT_EXPECT_EQ(test, (int)expiring.direction, CVSW_SA_OUT);
		KUNIT_EXPECT_EQ(test, (int)expiring.reason, (int)ends[i].reason);
		KUNIT_EXPECT_EQ(test, expiring.sequence, ends[i].sent);
	}
	cvsw_sas_stop(f->engine.sas);
	KUNIT_EXPECT_EQ(test, told(f), (unsigned int)CVSW_V3_SA_EXPIRING);
	KUNIT_EXPECT_EQ(test, told(f), 0U);
}

static void another_address_is_another_nic(struct kunit *test)
{
	struct sockaddr to = { .sa_family = ARPHRD_ETHER };
	struct fixture *f = test->priv;

	connect(test);
	ether_addr_copy(to.sa_data, other_mac);
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, dev_set_mac_address(f->dev, &to, NULL), 0);
	rtnl_unlock();
	cvsw_control_event(&f->control, CVSW_EVENT_ADDRESS);
	flush_work(&f->control.work.work);
	KUNIT_EXPECT_EQ(test, (int)state(f), CVSW_V3_STATE_REGISTERING);
	cvsw_v3_end_free(&f->ctl);
	ctl_begin(f, other_mac, psk);
	KUNIT_EXPECT_TRUE(test, connects(f, 1));
	check_works(test, 1300);
}

static void without_a_link_it_waits(struct kunit *test)
{
	struct fixture *f = test->priv;

	netif_carrier_off(f->dev);
	set_key(test, psk);
	run_for(f, 400);
	KUNIT_EXPECT_EQ(test, f->n_from_nic, 0U);
	netif_carrier_on(f->dev);
	cvsw_control_event(&f->control, CVSW_EVENT_LINK);
	KUNIT_EXPECT_TRUE(test, connects(f, 1));
}

static void memory_that_fails_delays_only(struct kunit *test)
{
	struct fixture *f = test->priv;
	int n;

	fail_at = 1;
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, cvsw_session_set_key(&f->control, psk), -ENOMEM);
	rtnl_unlock();
	fail_at = 0;
	KUNIT_EXPECT_EQ(test, (int)state(f), CVSW_V3_STATE_NO_KEY);
	for (n = 1; n <= 20; n++) {
		v3_crypto_fail_at(n);
		set_key(test, n % 2 ? psk : NULL);
		run_for(f, 10);
		v3_crypto_fail_at(0);
	}
	set_key(test, psk);
	KUNIT_EXPECT_TRUE(test, connects(f, 1));
	check_works(test, 1400);
}

static void ends_in_the_middle_of_anything(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	set_key(test, psk);
	for (i = 0; i < 3; i++)
		pump(f);
	for (i = 0; i < 20; i++)
		send_flow(f, i ? 0 : CVSW_V3_BUNDLE_OPEN, i);
	pump(f);
	/* fixture_exit() does the rest. */
}

static struct kunit_case session_cases[] = {
	KUNIT_CASE(registers_with_a_key_only),
	KUNIT_CASE(requests_are_done_in_order),
	KUNIT_CASE(timeouts_are_told),
	KUNIT_CASE(deletions_are_told),
	KUNIT_CASE(some_are_told_nobody),
	KUNIT_CASE(loss_loses_nothing),
	KUNIT_CASE(another_key_opens_nothing),
	KUNIT_CASE(with_a_key_version_2_is_refused),
	KUNIT_CASE(replays_change_nothing),
	KUNIT_CASE(truncations_and_flipped_bits_change_nothing),
	KUNIT_CASE(noise_does_not_end_a_session),
	KUNIT_CASE(a_new_key_ends_the_session),
	KUNIT_CASE(a_key_that_is_taken_away_is_wiped),
	KUNIT_CASE(the_last_key_counts),
	KUNIT_CASE(a_restored_machine_begins_anew),
	KUNIT_CASE(a_restored_machine_says_nothing_under_old_keys),
	KUNIT_CASE(sas_that_run_out_are_told_once),
	KUNIT_CASE(another_address_is_another_nic),
	KUNIT_CASE(without_a_link_it_waits),
	KUNIT_CASE(memory_that_fails_delays_only),
	KUNIT_CASE(ends_in_the_middle_of_anything),
	{}
};

static int session_suite_init(struct kunit_suite *suite)
{
	return cvsw_v3_crypto_module_init() ?: cvsw_control_module_init() ?:
	       cvsw_sa_module_init();
}

static void session_suite_exit(struct kunit_suite *suite)
{
	cvsw_sa_module_exit();
	cvsw_control_module_exit();
	cvsw_v3_crypto_module_exit();
}

static struct kunit_suite session_suite = {
	.name = "cvsw_session",
	.suite_init = session_suite_init,
	.suite_exit = session_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = session_cases,
};
kunit_test_suite(session_suite);
