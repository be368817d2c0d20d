// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Backlog
 *
 * Frames wait in order, under their list's own lock, which is a leaf; those of
 * control in a list of their own, which goes first.  They are
 * given to the driver under the transmit queue's lock alone: by the next
 * ndo_start_xmit, or by a tasklet that runs when the queue was woken or frames
 * came from elsewhere.  So frames wait only while the queue is stopped, or
 * until that tasklet has run: whoever adds frames looks at the queue afterwards,
 * and whoever wakes the queue looks at the frames afterwards.
 *
 * A queue that the device serves no more (ethtool -L) is never woken either: its
 * frames move to one that is served, when the door reports the change.
 */
#include <linux/interrupt.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "backlog.h"

struct backlog {
	struct sk_buff_head first;	/* control, and what the driver did not take */
	struct sk_buff_head frames;
	struct tasklet_struct drain;
	struct cvsw_backlogs *all;
	struct netdev_queue *txq;
};

/**
 * struct cvsw_backlogs - one device's
 * @ops: has the driver's own ndo_start_xmit alone, so that the stack's helper
 *	can be used, which knows where xmit_more is kept
 */
struct cvsw_backlogs {
	struct net_device *dev;
	const struct cvsw_driver *driver;
	struct net_device_ops ops;
	struct cvsw_stats __percpu *stats;
	unsigned int n;
	struct backlog queue[];
};

static bool is_empty(const struct backlog *b)
{
	return skb_queue_empty_lockless(&b->frames) && skb_queue_empty_lockless(&b->first);
}

static struct sk_buff *next_in_backlog(struct backlog *b)
{
	struct sk_buff *skb = NULL;

	if (unlikely(!skb_queue_empty_lockless(&b->first)))
		skb = skb_dequeue(&b->first);
	return skb ?: skb_dequeue(&b->frames);
}

/*
 * A frame that others have as well cannot be linked into a list: pktgen gives the same
 * one again and again.  Return: one that can, or NULL: counted.
 */
static struct sk_buff *unshared_frame(struct backlog *b, struct sk_buff *skb)
{
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (unlikely(!skb))
		cvsw_stats_count(b->all->stats, CVSW_CNT_DROP_NOMEM);
	return skb;
}

/*
 * Return: whether the driver took the frame.  If it did not, which a correct
 * driver does on a stopped queue only, the frame waits as the first.
 */
static bool give_to_driver(struct backlog *b, struct sk_buff *skb, bool more)
{
	struct cvsw_backlogs *all = b->all;

	if (likely(__netdev_start_xmit(&all->ops, skb, all->dev, more) == NETDEV_TX_OK))
		return true;
	skb = unshared_frame(b, skb);
	if (skb)
		skb_queue_head(&b->first, skb);
	return false;
}

static void wait_in_backlog(struct backlog *b, struct sk_buff *skb)
{
	if (skb_queue_len_lockless(&b->frames) >= CVSW_BACKLOG_MAX) {
		cvsw_stats_count(b->all->stats, CVSW_CNT_DROP_BACKLOG);
		dev_kfree_skb_any(skb);
		return;
	}
	skb = unshared_frame(b, skb);
	if (skb)
		skb_queue_tail(&b->frames, skb);
}

/* After frames were added: if the queue was woken meanwhile, nobody else comes. */
static void look_again_later(struct backlog *b)
{
	smp_mb();
	if (!netif_tx_queue_stopped(b->txq) && !is_empty(b))
		tasklet_schedule(&b->drain);
}

static void wait_list(struct backlog *b, struct sk_buff *list)
{
	struct sk_buff *skb, *next;

	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		wait_in_backlog(b, skb);
	}
	look_again_later(b);
}

/*
 * Under the queue's lock.
 * Return: whether the doorbell was rung for all that was given.
 */
static bool drain_backlog(struct backlog *b, bool more)
{
	bool rung = false;
	struct sk_buff *skb;

	while (!netif_tx_queue_stopped(b->txq)) {
		bool follows;

		skb = next_in_backlog(b);
		if (!skb)
			break;
		follows = more || !is_empty(b);
		if (!give_to_driver(b, skb, follows))
			return false;
		rung = !follows;
	}
	return rung;
}

/* Of the queues that the device serves, the one for what was meant for @queue. */
static unsigned int served_queue(const struct cvsw_backlogs *all, unsigned int queue)
{
	unsigned int n = READ_ONCE(all->dev->real_num_tx_queues);

	return likely(queue < n) ? queue : queue % n;
}

/* The device serves this queue no more. */
static void move_on(struct backlog *b, struct backlog *to)
{
	unsigned int queue = to - to->all->queue;
	struct sk_buff *skb;

	while ((skb = next_in_backlog(b))) {
		skb_set_queue_mapping(skb, queue);
		wait_in_backlog(to, skb);
	}
	look_again_later(to);
}

static void drain_now(struct backlog *b)
{
	unsigned int queue = b - b->all->queue, to = served_queue(b->all, queue);
	struct net_device *dev = b->all->dev;
	bool frozen;

	if (unlikely(to != queue)) {
		move_on(b, &b->all->queue[to]);
		return;
	}
	__netif_tx_lock(b->txq, smp_processor_id());
	frozen = b->txq->state & QUEUE_STATE_FROZEN;
	if (!frozen && netif_running(dev) && netif_device_present(dev)) {
		drain_backlog(b, false);
		txq_trans_cond_update(b->txq);
	}
	__netif_tx_unlock(b->txq);
	/* Somebody stops all queues for a moment. */
	if (unlikely(frozen))
		tasklet_schedule(&b->drain);
}

static void drain_tasklet(struct tasklet_struct *tasklet)
{
	struct backlog *b = from_tasklet(b, tasklet, drain);

	drain_now(b);
}

static void xmit_list(struct backlog *b, unsigned int queue, struct sk_buff *list)
{
	bool more = netdev_xmit_more(), rung = false;

	/* What waits goes first, and makes room: the stack sends again before the tasklet runs. */
	if (unlikely(!is_empty(b))) {
		rung = drain_backlog(b, more || list);
		if (!is_empty(b)) {
			wait_list(b, list);
			list = NULL;
		}
	}
	while (list) {
		struct sk_buff *skb = list;

		if (unlikely(netif_tx_queue_stopped(b->txq))) {
			wait_list(b, list);
			break;
		}
		list = skb->next;
		skb_mark_not_on_list(skb);
		if (unlikely(!give_to_driver(b, skb, more || list))) {
			wait_list(b, list);
			break;
		}
		rung = !more && !list;
	}
	if (!more && !rung)
		b->all->driver->kick(b->all->dev, queue);
}

struct sk_buff *cvsw_backlog_xmit(struct cvsw_backlogs *backlogs, unsigned int queue,
				  struct sk_buff *list)
{
	struct backlog *b = &backlogs->queue[queue];

	if (likely(list && !list->next && is_empty(b)))
		return list;
	xmit_list(b, queue, list);
	return NULL;
}

void cvsw_backlog_add(struct cvsw_backlogs *backlogs, struct sk_buff *skb)
{
	unsigned int queue = served_queue(backlogs, skb_get_queue_mapping(skb));
	struct backlog *b = &backlogs->queue[queue];

	skb_set_queue_mapping(skb, queue);
	local_bh_disable();
	wait_in_backlog(b, skb);
	look_again_later(b);
	local_bh_enable();
}

bool cvsw_backlog_add_first(struct cvsw_backlogs *backlogs, struct sk_buff *skb)
{
	struct backlog *b = &backlogs->queue[0];
	bool room;

	local_bh_disable();
	/* A device that closes waits for this before it empties its backlogs. */
	room = netif_running(backlogs->dev) &&
	       skb_queue_len_lockless(&b->first) < CVSW_BACKLOG_MAX;
	if (room) {
		skb_set_queue_mapping(skb, 0);
		skb_queue_tail(&b->first, skb);
		smp_mb();
		if (!netif_tx_queue_stopped(b->txq))
			drain_now(b);
	}
	local_bh_enable();
	return room;
}

void cvsw_backlog_woken(struct cvsw_backlogs *backlogs, unsigned int queue)
{
	struct backlog *b = &backlogs->queue[queue];

	smp_mb();
	if (unlikely(!is_empty(b)))
		tasklet_schedule(&b->drain);
}

void cvsw_backlogs_woken(struct cvsw_backlogs *backlogs)
{
	unsigned int i;

	for (i = 0; i < backlogs->n; i++)
		cvsw_backlog_woken(backlogs, i);
}

void cvsw_backlogs_purge(struct cvsw_backlogs *backlogs)
{
	struct sk_buff *skb;
	unsigned int i;

	local_bh_disable();
	for (i = 0; i < backlogs->n; i++) {
		while ((skb = next_in_backlog(&backlogs->queue[i]))) {
			cvsw_stats_count(backlogs->stats, CVSW_CNT_DROP_DOWN);
			dev_kfree_skb_any(skb);
		}
	}
	local_bh_enable();
}

struct cvsw_backlogs *cvsw_backlogs_create(struct net_device *dev, const struct cvsw_driver *driver,
					   struct cvsw_stats __percpu *stats)
{
	unsigned int i, n = dev->num_tx_queues;
	struct cvsw_backlogs *all;

	all = kvzalloc(struct_size(all, queue, n), GFP_KERNEL);
	if (!all)
		return NULL;
	all->dev = dev;
	all->driver = driver;
	all->ops.ndo_start_xmit = driver->start_xmit;
	all->stats = stats;
	all->n = n;
	for (i = 0; i < n; i++) {
		struct backlog *b = &all->queue[i];

		skb_queue_head_init(&b->first);
		skb_queue_head_init(&b->frames);
		tasklet_setup(&b->drain, drain_tasklet);
		b->all = all;
		b->txq = netdev_get_tx_queue(dev, i);
	}
	return all;
}

void cvsw_backlogs_destroy(struct cvsw_backlogs *backlogs)
{
	unsigned int i;

	if (!backlogs)
		return;
	for (i = 0; i < backlogs->n; i++)
		tasklet_kill(&backlogs->queue[i].drain);
	cvsw_backlogs_purge(backlogs);
	kvfree(backlogs);
}
