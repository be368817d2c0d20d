// SPDX-License-Identifier: GPL-2.0
/* The backlog before a driver whose ring is small, and that never may be called when it is full. */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/etherdevice.h>

#include "../drivers/cvsw/door/backlog.c"

#define RING		4
#define SEEN_MAX	2048
#define QUEUES		4

/**
 * struct fixture - a device with a ring
 * @used: of RING
 * @seen: sequence numbers of the frames taken, in order
 * @queue: that they were taken for
 * @rung: frames taken when the doorbell was last rung
 * @kicks: how often by kick()
 * @wrong: calls with a stopped queue
 * @busy: refuse that many
 */
struct fixture {
	struct net_device *dev;
	struct netdev_queue *txq;
	struct cvsw_stats __percpu *stats;
	struct cvsw_backlogs *backlogs;
	unsigned int used, n_seen, rung, kicks, wrong, busy;
	u32 seen[SEEN_MAX];
	u16 queue[SEEN_MAX];
	u32 next;
};

static netdev_tx_t ring_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct fixture *f = *(struct fixture **)netdev_priv(dev);

	f->wrong += netif_tx_queue_stopped(f->txq);
	if (f->busy && f->busy--)
		return NETDEV_TX_BUSY;
	if (f->n_seen < SEEN_MAX) {
		f->queue[f->n_seen] = skb_get_queue_mapping(skb);
		f->seen[f->n_seen++] = skb->mark;
	}
	kfree_skb(skb);
	if (++f->used == RING)
		netif_tx_stop_queue(f->txq);
	if (!netdev_xmit_more() || netif_tx_queue_stopped(f->txq))
		f->rung = f->n_seen;
	return NETDEV_TX_OK;
}

static void ring_kick(struct net_device *dev, unsigned int queue)
{
	struct fixture *f = *(struct fixture **)netdev_priv(dev);

	f->kicks++;
	f->rung = f->n_seen;
}

static const struct cvsw_driver ring = { .start_xmit = ring_xmit, .kick = ring_kick };

static struct sk_buff *frames(struct kunit *test, unsigned int n)
{
	struct fixture *f = test->priv;
	struct sk_buff *list = NULL, **end = &list;

	while (n--) {
		*end = alloc_skb(64, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, *end);
		skb_put(*end, 60);
		(*end)->mark = f->next++;
		end = &(*end)->next;
	}
	return list;
}

static struct sk_buff *list_of(struct sk_buff *first, struct sk_buff *rest)
{
	first->next = rest;
	return first;
}

/* As the stack calls ndo_start_xmit, which does what the door does. */
static void xmit(struct fixture *f, struct sk_buff *list, bool more)
{
	static const struct net_device_ops ops = { .ndo_start_xmit = ring_xmit };
	struct sk_buff *skb;

	local_bh_disable();
	__netif_tx_lock(f->txq, smp_processor_id());
	__this_cpu_write(softnet_data.xmit.more, more);
	skb = cvsw_backlog_xmit(f->backlogs, 0, list);
	if (skb)
		__netdev_start_xmit(&ops, skb, f->dev, more);
	__netif_tx_unlock(f->txq);
	local_bh_enable();
}

/* The ring is empty again.  The tasklet runs on the way out. */
static void wake(struct fixture *f)
{
	local_bh_disable();
	f->used = 0;
	netif_tx_start_queue(f->txq);
	cvsw_backlog_woken(f->backlogs, 0);
	local_bh_enable();
}

static void expect_seen(struct kunit *test, unsigned int n)
{
	struct fixture *f = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, f->n_seen, n);
	for (i = 0; i < f->n_seen; i++)
		KUNIT_ASSERT_EQ(test, f->seen[i], i);
	KUNIT_EXPECT_EQ(test, f->wrong, 0U);
}

static void backlog_keeps_order(struct kunit *test)
{
	struct fixture *f = test->priv;

	xmit(f, frames(test, 10), false);
	expect_seen(test, RING);
	KUNIT_EXPECT_EQ(test, f->rung, RING);
	wake(f);
	expect_seen(test, 2 * RING);
	/* One that comes while others wait goes behind them, ring or no ring. */
	xmit(f, frames(test, 1), false);
	expect_seen(test, 2 * RING);
	f->used = 2;
	netif_tx_start_queue(f->txq);
	xmit(f, frames(test, 1), false);
	expect_seen(test, 2 * RING + 2);
	wake(f);
	expect_seen(test, 12);
	KUNIT_EXPECT_EQ(test, f->rung, 12U);
	wake(f);
	expect_seen(test, 12);
}

/* One doorbell for a list, none while more follows, one when the last is swallowed. */
static void backlog_doorbell(struct kunit *test)
{
	struct fixture *f = test->priv;

	xmit(f, frames(test, 2), true);
	expect_seen(test, 2);
	KUNIT_EXPECT_EQ(test, f->rung, 0U);
	xmit(f, NULL, true);
	KUNIT_EXPECT_EQ(test, f->kicks, 0U);
	xmit(f, NULL, false);
	KUNIT_EXPECT_EQ(test, f->kicks, 1U);
	KUNIT_EXPECT_EQ(test, f->rung, 2U);
	f->used = 0;
	xmit(f, frames(test, 3), false);
	KUNIT_EXPECT_EQ(test, f->rung, 5U);
	KUNIT_EXPECT_EQ(test, f->kicks, 1U);
}

static void backlog_is_bounded(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	xmit(f, frames(test, RING + CVSW_BACKLOG_MAX + 7), false);
	KUNIT_EXPECT_EQ(test, cvsw_stats_read(f->stats, CVSW_CNT_DROP_BACKLOG), 7ULL);
	for (i = 0; i < CVSW_BACKLOG_MAX / RING; i++)
		wake(f);
	expect_seen(test, RING + CVSW_BACKLOG_MAX);
}

/* A woken queue's next frame comes from the stack before the tasklet has run. */
static void backlog_makes_room(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	xmit(f, frames(test, RING + CVSW_BACKLOG_MAX), false);
	f->used = 0;
	netif_tx_start_queue(f->txq);
	xmit(f, frames(test, 1), false);
	KUNIT_EXPECT_EQ(test, cvsw_stats_read(f->stats, CVSW_CNT_DROP_BACKLOG), 0ULL);
	expect_seen(test, 2 * RING);
	for (i = 0; i < CVSW_BACKLOG_MAX / RING; i++)
		wake(f);
	expect_seen(test, RING + CVSW_BACKLOG_MAX + 1);
	KUNIT_EXPECT_EQ(test, f->rung, f->n_seen);
	/* All that waited and what comes behind it go under one doorbell. */
	f->used = RING - 1;
	netif_tx_stop_queue(f->txq);
	xmit(f, frames(test, 2), false);
	f->used = 0;
	f->kicks = 0;
	netif_tx_start_queue(f->txq);
	xmit(f, frames(test, 1), false);
	expect_seen(test, RING + CVSW_BACKLOG_MAX + 4);
	KUNIT_EXPECT_EQ(test, f->rung, f->n_seen);
	KUNIT_EXPECT_EQ(test, f->kicks, 0U);
}

/* From elsewhere: sent by the tasklet, or when the queue is woken. */
static void backlog_added(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb = frames(test, 1);

	cvsw_backlog_add(f->backlogs, skb);
	expect_seen(test, 1);
	KUNIT_EXPECT_EQ(test, f->rung, 1U);
	netif_tx_stop_queue(f->txq);
	cvsw_backlog_add(f->backlogs, frames(test, 1));
	expect_seen(test, 1);
	wake(f);
	expect_seen(test, 2);
}

/* What control sends goes ahead of all that waits, in its own order, and does not count there. */
static void backlog_control_goes_first(struct kunit *test)
{
	static const u32 order[] = { 0, 1, 2, 3, 1000, 1001, 1002, 4, 1003, 5, 6, 7 };
	struct fixture *f = test->priv;
	unsigned int i;

	xmit(f, frames(test, RING + CVSW_BACKLOG_MAX), false);
	f->next = 1000;
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, cvsw_backlog_add_first(f->backlogs, frames(test, 1)));
	KUNIT_EXPECT_EQ(test, f->n_seen, RING);
	wake(f);
	KUNIT_EXPECT_EQ(test, f->n_seen, 2 * RING);
	/* The stack's next frame comes ahead of the tasklet: it does not pass. */
	KUNIT_EXPECT_TRUE(test, cvsw_backlog_add_first(f->backlogs, frames(test, 1)));
	f->used = 0;
	netif_tx_start_queue(f->txq);
	xmit(f, frames(test, 1), false);
	KUNIT_EXPECT_EQ(test, f->n_seen, 3 * RING);
	for (i = 0; i < ARRAY_SIZE(order); i++)
		KUNIT_EXPECT_EQ(test, f->seen[i], order[i]);
	KUNIT_EXPECT_EQ(test, cvsw_stats_read(f->stats, CVSW_CNT_DROP_BACKLOG), 0ULL);
	KUNIT_EXPECT_EQ(test, f->wrong, 0U);
	KUNIT_EXPECT_EQ(test, f->rung, f->n_seen);
}

/* With nothing that waits it goes at once, and alone past what the fast way would send. */
static void backlog_control_alone(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb;
	unsigned int i;

	KUNIT_EXPECT_TRUE(test, cvsw_backlog_add_first(f->backlogs, frames(test, 1)));
	expect_seen(test, 1);
	KUNIT_EXPECT_EQ(test, f->rung, 1U);
	netif_tx_stop_queue(f->txq);
	KUNIT_EXPECT_TRUE(test, cvsw_backlog_add_first(f->backlogs, frames(test, 1)));
	f->used = 0;
	netif_tx_start_queue(f->txq);
	xmit(f, frames(test, 1), false);
	expect_seen(test, 3);

	netif_tx_stop_queue(f->txq);
	for (i = 0; i < CVSW_BACKLOG_MAX; i++)
		KUNIT_ASSERT_TRUE(test, cvsw_backlog_add_first(f->backlogs, frames(test, 1)));
	skb = frames(test, 1);
	KUNIT_EXPECT_FALSE(test, cvsw_backlog_add_first(f->backlogs, skb));
	clear_bit(__LINK_STATE_START, &f->dev->state);
	cvsw_backlogs_purge(f->backlogs);
	KUNIT_EXPECT_FALSE(test, cvsw_backlog_add_first(f->backlogs, skb));
	kfree_skb(skb);
	set_bit(__LINK_STATE_START, &f->dev->state);
}

/* One tasklet has another run, which on a busy machine is left to a thread. */
static void await_seen(struct kunit *test, unsigned int n)
{
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < 1000 && READ_ONCE(f->n_seen) < n; i++)
		usleep_range(1000, 2000);
	expect_seen(test, n);
}

/* ethtool -L: what waits for a queue that is served no more, or comes for it, goes by another. */
static void backlog_fewer_queues(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct netdev_queue *last = netdev_get_tx_queue(f->dev, QUEUES - 1);
	struct sk_buff *list = frames(test, 3), *skb;

	for (skb = list; skb; skb = skb->next)
		skb_set_queue_mapping(skb, QUEUES - 1);
	netif_tx_stop_queue(last);
	local_bh_disable();
	KUNIT_EXPECT_NULL(test, cvsw_backlog_xmit(f->backlogs, QUEUES - 1, list));
	local_bh_enable();
	expect_seen(test, 0);

	f->dev->real_num_tx_queues = 1;
	local_bh_disable();
	cvsw_backlogs_woken(f->backlogs);
	local_bh_enable();
	await_seen(test, 3);
	/* The cipher gives back what it took ahead of the change. */
	skb = frames(test, 1);
	skb_set_queue_mapping(skb, QUEUES - 1);
	cvsw_backlog_add(f->backlogs, skb);
	await_seen(test, 4);
	KUNIT_EXPECT_EQ(test, f->queue[0] | f->queue[1] | f->queue[2] | f->queue[3], 0);
	f->dev->real_num_tx_queues = QUEUES;
}

static void backlog_busy(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->busy = 1;
	xmit(f, frames(test, 3), false);
	wake(f);
	expect_seen(test, 3);
	KUNIT_EXPECT_EQ(test, f->rung, 3U);
}

static void backlog_down(struct kunit *test)
{
	struct fixture *f = test->priv;

	xmit(f, frames(test, 10), false);
	clear_bit(__LINK_STATE_START, &f->dev->state);
	wake(f);
	expect_seen(test, RING);
	cvsw_backlogs_purge(f->backlogs);
	KUNIT_EXPECT_EQ(test, cvsw_stats_read(f->stats, CVSW_CNT_DROP_DOWN), 10ULL - RING);
	set_bit(__LINK_STATE_START, &f->dev->state);
	wake(f);
	expect_seen(test, RING);
	/* What waits when it ends is freed. */
	xmit(f, frames(test, 10), false);
}

static int backlog_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->dev = alloc_etherdev_mq(sizeof(f), QUEUES);
	f->stats = cvsw_stats_alloc();
	if (!f->dev || !f->stats)
		return -ENOMEM;
	*(struct fixture **)netdev_priv(f->dev) = f;
	set_bit(__LINK_STATE_START, &f->dev->state);
	set_bit(__LINK_STATE_PRESENT, &f->dev->state);
	f->txq = netdev_get_tx_queue(f->dev, 0);
	f->backlogs = cvsw_backlogs_create(f->dev, &ring, f->stats);
	return f->backlogs ? 0 : -ENOMEM;
}

static void backlog_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	cvsw_backlogs_destroy(f->backlogs);
	free_percpu(f->stats);
	free_netdev(f->dev);
}

/* The stack's tester gives one frame again and again, also while it waits. */
static void backlog_shared(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb = frames(test, 1);
	unsigned int i;

	skb->mark = 77;
	refcount_add(6, &skb->users);
	f->next = 0;
	xmit(f, frames(test, RING + 1), false);
	for (i = 0; i < 3; i++)
		xmit(f, skb, false);
	KUNIT_EXPECT_PTR_EQ(test, skb->next, NULL);
	KUNIT_EXPECT_PTR_EQ(test, skb->prev, NULL);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&f->backlogs->queue[0].frames), 4U);
	wake(f);
	/* A driver that refuses it has it wait, too. */
	f->used = 0;
	f->busy = 1;
	netif_tx_start_queue(f->txq);
	xmit(f, list_of(skb, frames(test, 1)), false);
	KUNIT_EXPECT_PTR_EQ(test, skb->next, NULL);
	wake(f);
	KUNIT_EXPECT_EQ(test, f->n_seen, RING + 6U);
	for (i = RING + 1; i < RING + 5; i++)
		KUNIT_EXPECT_EQ(test, f->seen[i], 77U);
	KUNIT_EXPECT_EQ(test, f->wrong, 0U);
	while (refcount_read(&skb->users) > 1)
		kfree_skb(skb);
	kfree_skb(skb);
}

static struct kunit_case backlog_cases[] = {
	KUNIT_CASE(backlog_keeps_order),
	KUNIT_CASE(backlog_doorbell),
	KUNIT_CASE(backlog_is_bounded),
	KUNIT_CASE(backlog_makes_room),
	KUNIT_CASE(backlog_added),
	KUNIT_CASE(backlog_control_goes_first),
	KUNIT_CASE(backlog_control_alone),
	KUNIT_CASE(backlog_fewer_queues),
	KUNIT_CASE(backlog_busy),
	KUNIT_CASE(backlog_down),
	KUNIT_CASE(backlog_shared),
	{}
};

static struct kunit_suite backlog_suite = {
	.name = "backlog",
	.init = backlog_init,
	.exit = backlog_exit,
	.test_cases = backlog_cases,
};
kunit_test_suite(backlog_suite);
