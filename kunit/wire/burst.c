// SPDX-License-Identifier: GPL-2.0
/*
 * Bursts as a queueing discipline with bulk dequeue hands them to a driver:
 * unlike frames, all but the last with xmit_more set, so that only the last
 * one rings the doorbell.  pktgen's bursts are one frame many times.
 *
 * Or as netpoll (netconsole) hands frames over, from wherever a message is printed.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "wire.h"

#define WIRE_BURST_MAX	65536

/* The interface of an end's driver, in whatever network namespace it is. */
static struct net_device *wire_netdev(struct wire_end *end)
{
	struct net_device *dev, *found = NULL;
	struct net *net;

	rtnl_lock();
	for_each_net(net)
		for_each_netdev(net, dev)
			if (end->device && dev->dev.parent == &end->device->vdev.dev)
				found = dev;
	if (found)
		dev_hold(found);
	rtnl_unlock();
	return found;
}

static struct sk_buff *wire_burst_skb(struct net_device *dev, const u8 *frame, size_t len)
{
	struct sk_buff *skb = alloc_skb(LL_RESERVED_SPACE(dev) + len, GFP_KERNEL);

	if (!skb)
		return NULL;
	skb_reserve(skb, LL_RESERVED_SPACE(dev));
	skb_put_data(skb, frame, len);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb->protocol = eth_hdr(skb)->h_proto;
	skb->dev = dev;
	return skb;
}

/**
 * struct wire_burst - a burst that is sent as netpoll does: with interrupts off, and the queue's
 *	lock taken only if it is free
 */
struct wire_burst {
	struct net_device *dev;
	struct sk_buff_head *frames;
	struct tasklet_struct tasklet;
	struct hrtimer timer;
	struct completion done;
};

static void wire_give(struct net_device *dev, struct netdev_queue *txq, struct sk_buff_head *frames)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(frames))) {
		if (netif_xmit_frozen_or_stopped(txq) ||
		    netdev_start_xmit(skb, dev, txq, !skb_queue_empty(frames)) != NETDEV_TX_OK)
			dev_kfree_skb_any(skb);
	}
}

static bool wire_burst_try(struct wire_burst *burst)
{
	struct netdev_queue *txq = netdev_get_tx_queue(burst->dev, 0);
	unsigned long flags;
	bool locked;

	local_irq_save(flags);
	locked = HARD_TX_TRYLOCK(burst->dev, txq);
	if (locked) {
		wire_give(burst->dev, txq, burst->frames);
		HARD_TX_UNLOCK(burst->dev, txq);
	}
	WARN_ON_ONCE(!irqs_disabled());
	local_irq_restore(flags);
	return locked;
}

static void wire_burst_softirq(struct tasklet_struct *tasklet)
{
	struct wire_burst *burst = from_tasklet(burst, tasklet, tasklet);

	if (wire_burst_try(burst))
		complete(&burst->done);
	else
		tasklet_schedule(tasklet);
}

static enum hrtimer_restart wire_burst_hardirq(struct hrtimer *timer)
{
	struct wire_burst *burst = container_of(timer, struct wire_burst, timer);

	WARN_ON_ONCE(!in_hardirq());
	if (wire_burst_try(burst)) {
		complete(&burst->done);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward_now(timer, ms_to_ktime(1));
	return HRTIMER_RESTART;
}

/* As the stack does. */
static void wire_burst_task(struct net_device *dev, struct sk_buff_head *frames)
{
	struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);

	local_bh_disable();
	HARD_TX_LOCK(dev, txq, smp_processor_id());
	wire_give(dev, txq, frames);
	HARD_TX_UNLOCK(dev, txq);
	local_bh_enable();
}

static void wire_burst_send(struct net_device *dev, struct sk_buff_head *frames,
			    enum wire_context context)
{
	struct wire_burst burst = { .dev = dev, .frames = frames };

	init_completion(&burst.done);
	switch (context) {
	case WIRE_POLL_TASK:
		while (!wire_burst_try(&burst))
			usleep_range(100, 200);
		break;
	case WIRE_POLL_SOFTIRQ:
		tasklet_setup(&burst.tasklet, wire_burst_softirq);
		tasklet_schedule(&burst.tasklet);
		wait_for_completion(&burst.done);
		tasklet_kill(&burst.tasklet);
		break;
	case WIRE_POLL_HARDIRQ:
		hrtimer_init_on_stack(&burst.timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
		burst.timer.function = wire_burst_hardirq;
		hrtimer_start(&burst.timer, ms_to_ktime(1), HRTIMER_MODE_REL_HARD);
		wait_for_completion(&burst.done);
		hrtimer_cancel(&burst.timer);
		destroy_hrtimer_on_stack(&burst.timer);
		break;
	default:
		wire_burst_task(dev, frames);
	}
}

/* A write is a burst: each frame behind its length in two bytes, big endian. */
static ssize_t wire_burst_write(struct file *file, const char __user *from, size_t size,
				loff_t *pos)
{
	struct wire_end *end = file->private_data;
	struct net_device *dev = NULL;
	struct sk_buff_head burst;
	struct sk_buff *skb;
	ssize_t err = -EINVAL;
	size_t at, len;
	u8 *data;

	if (size > WIRE_BURST_MAX)
		return -E2BIG;
	data = memdup_user(from, size);
	if (IS_ERR(data))
		return PTR_ERR(data);
	__skb_queue_head_init(&burst);
	dev = wire_netdev(end);
	if (!dev || !netif_running(dev)) {
		err = -ENETDOWN;
		goto out;
	}
	for (at = 0; at < size; at += len) {
		if (size - at < 2)
			goto out;
		len = data[at] << 8 | data[at + 1];
		at += 2;
		if (len < ETH_HLEN || len > size - at)
			goto out;
		skb = wire_burst_skb(dev, data + at, len);
		if (!skb) {
			err = -ENOMEM;
			goto out;
		}
		__skb_queue_tail(&burst, skb);
	}
	wire_burst_send(dev, &burst, end->context);
	err = size;
out:
	__skb_queue_purge(&burst);
	if (dev)
		dev_put(dev);
	kfree(data);
	return err;
}

const struct file_operations wire_burst_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = wire_burst_write,
	.llseek = noop_llseek,
};
