// SPDX-License-Identifier: GPL-2.0
/* A port's control side on a fake device: its queue, its worker, and its own frames. */
#include <kunit/test.h>
#include <linux/rtnetlink.h>

#include "../drivers/cvsw/control/version3.h"

struct cvsw_version3 *look_for_session(const struct cvsw_control *control);
#define cvsw_version3_of(control)	look_for_session(control)
#include "../drivers/cvsw/control/worker.c"
#undef cvsw_version3_of
#include "../drivers/cvsw/control/control.c"
#include "fake_nic.h"

static const u8 frame[CVSW_V3_FRAME_MIN];

/**
 * struct fixture - a port without a door, that speaks version 3 alone
 * @sent: frames that the fake device took
 */
struct fixture {
	struct fake_port port;
	struct sk_buff_head *sent;
};

static int fixture_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	KUNIT_ASSERT_TRUE(test, fake_port_init(&f->port));
	fake_port_refuse_version2(&f->port);
	f->sent = fake_nic_sent(f->port.dev);
	return 0;
}

static void fixture_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f)
		fake_port_exit(&f->port);
}

static u64 counter(struct fixture *f, unsigned int which)
{
	return cvsw_stats_read(f->port.engine.stats, which);
}

/* In a build without version 2 as in one that does not allow it. */
static void version_2_is_dropped_and_counted(struct kunit *test)
{
	/* HELLO, SET_MTU 1400 */
	static const u8 frames[][CVSW_V3_FRAME_MIN] = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x21, 0, 0, 0, 0, 0, 0xab, 0xba },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x25, 0, 0, 0, 0x05, 0x78, 0xab, 0xba },
	};
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(frames); i++)
		fake_port_receive(test, &f->port, frames[i], sizeof(frames[i]), 0);
	KUNIT_EXPECT_EQ(test, f->port.control.queued, 0U);
	flush_delayed_work(&f->port.control.work);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_CTL_RECEIVED), 2ULL);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_CTL_UNAUTHENTICATED), 2ULL);
	KUNIT_EXPECT_EQ(test, f->port.dev->mtu, 1500U);
	cvsw_control_event(&f->port.control, CVSW_EVENT_LINK);
	flush_delayed_work(&f->port.control.work);
	KUNIT_EXPECT_EQ(test, skb_queue_len(f->sent), 0U);
}

/* Another CPU does this behind the next look for a session. */
static void (*behind_look)(struct cvsw_control *control);

struct cvsw_version3 *look_for_session(const struct cvsw_control *control)
{
	struct cvsw_version3 *session = cvsw_version3_of(control);

	if (behind_look)
		behind_look((struct cvsw_control *)control);
	return session;
}

static void give_key(struct cvsw_control *control)
{
	static const u8 key[CVSW_V3_KEY_LEN] = { 1 };

	behind_look = NULL;
	rtnl_lock();
	cvsw_version3_set_key(control, key);
	rtnl_unlock();
}

/* It is not lost on a worker that has already seen that there is none. */
static void first_key_beside_the_worker(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb;

	behind_look = give_key;
	cvsw_control_event(&f->port.control, CVSW_EVENT_LINK);
	flush_delayed_work(&f->port.control.work);
	flush_delayed_work(&f->port.control.work);	/* what the key has set going */
	KUNIT_EXPECT_TRUE(test, cvsw_version3_has_key(&f->port.control));
	skb = skb_dequeue(f->sent);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_TRUE(test, cvsw_v3_is(skb->data, skb->len));	/* REGISTER */
	kfree_skb(skb);
}

/* Frames wait for the queue, the worker does not. */
static void full_queue_holds_frames(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	netif_stop_queue(f->port.dev);
	for (i = 0; i < 3; i++)
		cvsw_control_send(&f->port.control, frame, sizeof(frame));
	KUNIT_EXPECT_EQ(test, skb_queue_len(f->sent), 0U);
	KUNIT_EXPECT_EQ(test, refcount_read(&f->port.control.sending), 4U);
	netif_start_queue(f->port.dev);
	local_bh_disable();
	cvsw_backlogs_woken(f->port.backlogs);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, skb_queue_len(f->sent), 3U);
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_CTL_SENT), 3ULL);
	skb_queue_purge(f->sent);

	/* Not without bound, and not beyond the device's going down. */
	netif_stop_queue(f->port.dev);
	for (i = 0; i <= CVSW_BACKLOG_MAX; i++)
		cvsw_control_send(&f->port.control, frame, sizeof(frame));
	KUNIT_EXPECT_EQ(test, counter(f, CVSW_CNT_CTL_SEND_FAILED), 1ULL);
	cvsw_backlogs_purge(f->port.backlogs);
	KUNIT_EXPECT_EQ(test, refcount_read(&f->port.control.sending), 1U);
	netif_start_queue(f->port.dev);
}

struct finisher {
	struct work_struct work;
	struct cvsw_control *control;
	bool finished;
};

static void finisher_work(struct work_struct *work)
{
	struct finisher *finisher = container_of(work, struct finisher, work);

	cvsw_control_finish(finisher->control);
	WRITE_ONCE(finisher->finished, true);
}

static void finish_waits_for_own_frames(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct finisher finisher = { .control = &f->port.control };

	cvsw_control_send(&f->port.control, frame, sizeof(frame));
	KUNIT_ASSERT_EQ(test, skb_queue_len(f->sent), 1U);

	cvsw_control_kill(&f->port.control);
	INIT_WORK_ONSTACK(&finisher.work, finisher_work);
	schedule_work(&finisher.work);
	msleep(20);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(finisher.finished));
	skb_queue_purge(f->sent);
	flush_work(&finisher.work);
	KUNIT_EXPECT_TRUE(test, finisher.finished);
	destroy_work_on_stack(&finisher.work);
	/* fixture_exit() finishes it again. */
	refcount_set(&f->port.control.sending, 1);
}

static struct kunit_case control_cases[] = {
	KUNIT_CASE(version_2_is_dropped_and_counted),
	KUNIT_CASE(first_key_beside_the_worker),
	KUNIT_CASE(full_queue_holds_frames),
	KUNIT_CASE(finish_waits_for_own_frames),
	{}
};

static struct kunit_suite control_suite = {
	.name = "cvsw_control",
	.suite_init = fake_port_suite_init,
	.suite_exit = fake_port_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = control_cases,
};
kunit_test_suite(control_suite);

MODULE_LICENSE("GPL");
