// SPDX-License-Identifier: GPL-2.0
/*
 * Bursts as a queueing discipline with bulk dequeue hands them to a driver:
 * unlike frames, all but the last with xmit_more set, so that only the last
 * one rings the doorbell.  pktgen's bursts are one frame many times.
 */
#include <linux/etherdevice.h>
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

/* @irqs_off: as netpoll does */
static void wire_burst_send(struct net_device *dev, struct sk_buff_head *burst, bool irqs_off)
{
	struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);
	struct sk_buff *skb;
	unsigned long flags;

	local_bh_disable();
	if (irqs_off)
		local_irq_save(flags);
	HARD_TX_LOCK(dev, txq, smp_processor_id());
	while ((skb = __skb_dequeue(burst))) {
		if (netif_xmit_frozen_or_stopped(txq) ||
		    netdev_start_xmit(skb, dev, txq, !skb_queue_empty(burst)) != NETDEV_TX_OK)
			kfree_skb(skb);
	}
	HARD_TX_UNLOCK(dev, txq);
	if (irqs_off)
		local_irq_restore(flags);
	local_bh_enable();
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
	wire_burst_send(dev, &burst, end->irqs_off);
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
