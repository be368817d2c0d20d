// SPDX-License-Identifier: GPL-2.0
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "../drivers/cvsw/control/version3.h"
#include "../drivers/cvsw/control/v3_crypto.h"
#include "../proto/cvsw_v3_body.h"
#include "flows.h"
#include "talk.h"
#include "v3_test.h"

#define SOON	5000	/* ms in which anything comes that comes at all */

u64 talk_now(void)
{
	return ktime_to_ms(ktime_get_boottime());
}

/* ---- the controller ---- */

static bool is_lost(struct talk *f)
{
	return f->loss && prandom_u32_state(&f->rnd) % 100 < f->loss;
}

static void ctl_send(void *arg, u8 *frame, size_t len, u64 place)
{
	struct talk *f = arg;
	struct sk_buff *skb = fake_nic_skb(f->port.dev, frame, len, 0);

	if (f->n_kept < TALK_KEPT) {
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
	struct talk *f = arg;

	f->n_fresh += event == CVSW_V3_EVENT_FRESH;
}

static void ctl_packet_in(void *arg, const u8 *content, size_t len)
{
	struct talk *f = arg;

	f->n_packet_ins++;
	f->packet_in_len = len;
	memcpy(f->packet_in, content, len);
}

void talk_controller(struct talk *f, const u8 *mac, const u8 *key)
{
	f->caller = (struct cvsw_v3_caller){ .send = ctl_send, .event = ctl_event,
					    .packet_in = ctl_packet_in, .arg = f };
	cvsw_v3_controller_init(&f->ctl, &cvsw_v3_kernel_crypto, &f->caller, &f->guard, mac, key,
				1);
}

void talk_arrive(struct talk *f, struct sk_buff *skb)
{
	local_bh_disable();
	cvsw_control_receive(&f->port.control, skb);
	local_bh_enable();
}

void talk_hello(struct talk *f)
{
	u8 hello[CVSW_V3_HELLO_LEN];
	struct sk_buff *skb;

	skb = fake_nic_skb(f->port.dev, hello, cvsw_v3_hello(nic_mac, hello), 0);
	if (skb)
		skb_queue_tail(&f->to_nic, skb);
}

void talk_pump(struct talk *f)
{
	enum cvsw_v3_drop drop;
	struct sk_buff *skb;

	while ((skb = skb_dequeue(fake_nic_sent(f->port.dev)))) {
		f->n_from_nic++;
		drop = CVSW_V3_OK;
		if (!is_lost(f) && cvsw_v3_is(skb->data, skb->len))
			drop = cvsw_v3_receive(&f->ctl, skb->data, skb->len, 1, talk_now());
		if (f->hellos && (drop == CVSW_V3_DROP_SESSION || drop == CVSW_V3_DROP_DISAGREES))
			talk_hello(f);
		kfree_skb(skb);
	}
	cvsw_v3_run(&f->ctl, talk_now());
	while ((skb = skb_dequeue(&f->to_nic)))
		talk_arrive(f, skb);
	flush_work(&f->port.control.work.work);
}

void talk_for(struct talk *f, unsigned int ms)
{
	u64 end = talk_now() + ms;
	unsigned int n;

	do {
		talk_pump(f);
		usleep_range(500, 1000);
	} while (talk_now() < end);
	/* On a busy machine that may have been once, and the NIC's answer is still under way. */
	for (n = 0; n < 10 && !skb_queue_empty(fake_nic_sent(f->port.dev)); n++)
		talk_pump(f);
}

enum cvsw_nl_v3_state talk_state(struct talk *f)
{
	u64 n;

	return cvsw_version3_state(&f->port.control, &n);
}

u64 talk_sessions(struct talk *f)
{
	u64 n;

	cvsw_version3_state(&f->port.control, &n);
	return n;
}

bool talk_connects(struct talk *f, u64 n)
{
	return talk_until(f, SOON, talk_state(f) == CVSW_V3_STATE_CONNECTED &&
				   talk_sessions(f) >= n && cvsw_v3_up(&f->ctl) &&
				   f->ctl.n_sessions >= n);
}

unsigned int talk_answer(struct talk *f)
{
	u64 end = talk_now() + SOON;
	bool too_long;

	while (talk_now() < end) {
		if (cvsw_v3_take(&f->ctl, f->message, &too_long))
			return f->message[0] << 8 | f->message[1];
		talk_pump(f);
		cond_resched();
	}
	return 0;
}

/* ---- requests ---- */

bool talk_mtu(struct talk *f, u16 mtu)
{
	u8 data[16];

	return cvsw_v3_send(&f->ctl, data, cvsw_v3_set_encode(CVSW_V3_SET_MTU, mtu, mtu, data,
							      sizeof(data)));
}

bool talk_flow_mod(struct talk *f, enum cvsw_flow_command command, u8 flags, u16 port)
{
	u8 data[256];
	struct cvsw_writer w = cvsw_writer(data, sizeof(data));

	f->flow.priority = 7;
	match_tcp_port(&f->flow.match, port);
	cvsw_match_normalize(&f->flow.match);
	cvsw_v3_flows_begin(&w, port, 1, flags);
	w.at += cvsw_flow_mod_encode(command, &f->flow, data + w.at, sizeof(data) - w.at);
	return cvsw_v3_send(&f->ctl, data, w.at);
}

bool talk_flow(struct talk *f, u8 flags, u16 port)
{
	memset(&f->flow, 0, sizeof(f->flow));
	return talk_flow_mod(f, CVSW_FLOW_ADD, flags, port);
}

void talk_set_key(struct kunit *test, const u8 *key)
{
	struct talk *f = test->priv;

	rtnl_lock();
	KUNIT_EXPECT_EQ(test, cvsw_version3_set_key(&f->port.control, key), 0);
	rtnl_unlock();
}

void talk_connect(struct kunit *test)
{
	struct talk *f = test->priv;

	talk_set_key(test, psk);
	KUNIT_ASSERT_TRUE(test, talk_connects(f, 1));
}

u64 talk_counter(struct talk *f, unsigned int which)
{
	return cvsw_stats_read(f->port.engine.stats, which);
}

u64 talk_n_ended(struct talk *f)
{
	unsigned int drop;
	u64 n = 0;

	for (drop = 0; drop < CVSW_V3_N_DROPS; drop++)
		n += talk_counter(f, CVSW_CNT_V3(drop));
	return n;
}

void talk_check_works(struct kunit *test, u16 mtu)
{
	struct talk *f = test->priv;

	KUNIT_ASSERT_TRUE(test, talk_mtu(f, mtu));
	KUNIT_EXPECT_EQ(test, talk_answer(f), (unsigned int)CVSW_V3_ACK);
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, (unsigned int)mtu);
}

/* ---- life ---- */

int talk_init(struct kunit *test)
{
	struct talk *f = kvzalloc(sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	skb_queue_head_init(&f->to_nic);
	prandom_seed_state(&f->rnd, 3);
	KUNIT_ASSERT_TRUE(test, fake_port_init(&f->port));
	talk_controller(f, nic_mac, psk);
	return 0;
}

void talk_exit(struct kunit *test)
{
	struct talk *f = test->priv;

	v3_crypto_fail_at(0);
	if (!f)
		return;
	fake_port_exit(&f->port);
	skb_queue_purge(&f->to_nic);
	if (f->ctl.crypto)
		cvsw_v3_end_free(&f->ctl);
	kvfree(f);
}
