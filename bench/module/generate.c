// SPDX-License-Identifier: GPL-2.0
/*
 * Frames as a socket sends them: each one new, nobody else's, with the headroom
 * that the device asks for, and no more at a time than a send buffer holds.
 * (pktgen keeps a reference to what it sends, so that who puts headers around it
 * or rewrites it must copy it first.)
 *
 *	/sys/kernel/debug/cvsw_bench/generate
 *		written: DEVICE COUNT SIZE BURST DST-MAC SRC-IP DST-IP, to send COUNT
 *		IPv4 frames of SIZE bytes, UDP from port 9 to 9, by a device of the
 *		writer's network namespace.  BURST 1: through its queueing
 *		discipline; more: straight to the driver's queue 0, so many a doorbell
 *		read: how many nanoseconds the last ones took
 */
#include <linux/debugfs.h>
#include <linux/etherdevice.h>
#include <linux/inet.h>
#include <linux/ip.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/sched/signal.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "bench.h"

#define BURST_MAX	256
#define WINDOW		512	/* frames on their way */
#define PATIENCE	HZ
#define DISCARD		9	/* RFC 863 */

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	u8 payload[ETH_DATA_LEN - sizeof(struct iphdr) - sizeof(struct udphdr)];
} __packed;

struct order {
	struct net_device *dev;
	unsigned int count;
	unsigned int size;
	unsigned int burst;
	struct frame frame;
};

static DEFINE_MUTEX(lock);	/* one order at a time */
static struct order order;
static u64 took;
static atomic_t on_their_way;
static DECLARE_WAIT_QUEUE_HEAD(room);

/* Also when the device lets go of its sender early. */
static void frame_gone(struct sk_buff *skb)
{
	int left = atomic_dec_return(&on_their_way);

	if ((left == WINDOW / 2 || !left) && waitqueue_active(&room))
		wake_up(&room);
}

/* Wait until no more than @n frames are on their way. */
static int wait_until_left(int n)
{
	long left = wait_event_interruptible_timeout(room, atomic_read(&on_their_way) <= n,
						     PATIENCE);

	return left > 0 ? 0 : left ?: -ETIMEDOUT;
}

static struct sk_buff *new_frame(void)
{
	unsigned int headroom = LL_RESERVED_SPACE(order.dev);
	struct sk_buff *skb = alloc_skb(headroom + order.size + order.dev->needed_tailroom,
					GFP_KERNEL);

	if (!skb)
		return NULL;
	skb_reserve(skb, headroom);
	skb_put_data(skb, &order.frame, order.size);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb_set_transport_header(skb, offsetof(struct frame, udp));
	skb->protocol = htons(ETH_P_IP);
	skb->dev = order.dev;
	skb->destructor = frame_gone;
	atomic_inc(&on_their_way);
	return skb;
}

/* Return: how many of the first frames in @burst the driver took. */
static unsigned int start(struct sk_buff **burst, unsigned int n)
{
	struct netdev_queue *txq = netdev_get_tx_queue(order.dev, 0);
	unsigned int i;

	local_bh_disable();
	HARD_TX_LOCK(order.dev, txq, smp_processor_id());
	for (i = 0; i < n && !netif_xmit_frozen_or_drv_stopped(txq); i++)
		if (!dev_xmit_complete(netdev_start_xmit(burst[i], order.dev, txq, i + 1 < n)))
			break;
	HARD_TX_UNLOCK(order.dev, txq);
	local_bh_enable();
	return i;
}

/* Return: how many were sent, or an error. */
static int send_burst(unsigned int n)
{
	struct sk_buff *burst[BURST_MAX];
	unsigned int made, sent = 0;

	for (made = 0; made < n; made++) {
		burst[made] = new_frame();
		if (!burst[made])
			break;
	}
	while (sent < made && !signal_pending(current)) {
		sent += start(burst + sent, made - sent);
		cond_resched();
	}
	for (; sent < made; made--)
		kfree_skb(burst[made - 1]);
	return sent == n ? n : sent ?: -ENOMEM;
}

static int send_one(void)
{
	struct sk_buff *skb = new_frame();

	if (!skb)
		return -ENOMEM;
	dev_queue_xmit(skb);	/* what is dropped does not arrive, and is not counted */
	return 1;
}

static int send_all(void)
{
	unsigned int left = order.count;
	u64 begin = ktime_get_ns();
	int n;

	while (left) {
		n = wait_until_left(WINDOW);
		if (n < 0)
			return n;
		n = order.burst > 1 ? send_burst(min(left, order.burst)) : send_one();
		if (n < 0)
			return n;
		if (signal_pending(current))
			return -EINTR;
		left -= n;
		cond_resched();
	}
	n = wait_until_left(0);
	if (n < 0)
		return n;
	took = ktime_get_ns() - begin;
	return 0;
}

static void write_frame(const u8 *mac, __be32 src, __be32 dst)
{
	struct frame *frame = &order.frame;

	*frame = (struct frame){
		.eth.h_proto = htons(ETH_P_IP),
		.ip = {
			.version = 4,
			.ihl = 5,
			.tot_len = htons(order.size - ETH_HLEN),
			.frag_off = htons(IP_DF),
			.ttl = IPDEFTTL,
			.protocol = IPPROTO_UDP,
			.saddr = src,
			.daddr = dst,
		},
		.udp = {
			.source = htons(DISCARD),
			.dest = htons(DISCARD),
			.len = htons(order.size - offsetof(struct frame, udp)),
		},
	};
	ether_addr_copy(frame->eth.h_dest, mac);
	ether_addr_copy(frame->eth.h_source, order.dev->dev_addr);
	ip_send_check(&frame->ip);
}

static int obey(const char *text)
{
	char ifname[IFNAMSIZ], mac_text[18], src_text[16], dst_text[16];
	u8 mac[ETH_ALEN], src[4], dst[4];
	int err;

	if (sscanf(text, "%15s %u %u %u %17s %15s %15s", ifname, &order.count, &order.size,
		   &order.burst, mac_text, src_text, dst_text) != 7 ||
	    order.size < offsetof(struct frame, payload) || order.size > sizeof(struct frame) ||
	    !order.burst || order.burst > BURST_MAX || !mac_pton(mac_text, mac) ||
	    !in4_pton(src_text, -1, src, -1, NULL) || !in4_pton(dst_text, -1, dst, -1, NULL))
		return -EINVAL;
	order.dev = dev_get_by_name(current->nsproxy->net_ns, ifname);
	if (!order.dev)
		return -ENODEV;
	write_frame(mac, get_unaligned((__be32 *)src), get_unaligned((__be32 *)dst));
	err = send_all();
	dev_put(order.dev);
	return err;
}

static ssize_t generate_write(struct file *file, const char __user *data, size_t len, loff_t *at)
{
	char *text = memdup_user_nul(data, min_t(size_t, len, PAGE_SIZE - 1));
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = mutex_lock_interruptible(&lock);
	if (!err) {
		err = obey(text);
		mutex_unlock(&lock);
	}
	kfree(text);
	return err ?: len;
}

static ssize_t generate_read(struct file *file, char __user *to, size_t len, loff_t *at)
{
	char text[24];

	return simple_read_from_buffer(to, len, at, text, scnprintf(text, sizeof(text), "%llu\n", took));
}

const struct file_operations bench_generate_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = generate_read,
	.write = generate_write,
	.llseek = default_llseek,
};
