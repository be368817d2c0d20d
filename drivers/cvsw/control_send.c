// SPDX-License-Identifier: GPL-2.0
/* A port's own frames, on their way past the flows. */
#include <linux/delay.h>
#include <linux/netdevice.h>

#include "control.h"

/* How often, a millisecond apart, to try again when the NIC's queue is full. */
#define SEND_TRIES	100

/* Also the mark by which cvsw_control_is_own() knows our frames. */
static void control_frame_freed(struct sk_buff *skb)
{
	struct cvsw_control *control = skb_shinfo(skb)->destructor_arg;

	if (refcount_dec_and_test(&control->sending))
		complete(&control->sent);
}

bool cvsw_control_is_own(const struct sk_buff *skb)
{
	return skb->destructor == control_frame_freed;
}

static struct sk_buff *frame_build(struct cvsw_control *control, const u8 *frame, size_t len)
{
	struct net_device *dev = control->dev;
	struct sk_buff *skb = alloc_skb(LL_RESERVED_SPACE(dev) + len + dev->needed_tailroom,
					GFP_KERNEL);

	if (!skb)
		return NULL;
	skb_reserve(skb, LL_RESERVED_SPACE(dev));
	skb_put_data(skb, frame, len);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb->protocol = htons(CVSW_ETHERTYPE);
	skb->dev = dev;

	refcount_inc(&control->sending);
	skb_shinfo(skb)->destructor_arg = control;
	skb->destructor = control_frame_freed;
	return skb;
}

/* Past the qdisc, which might be any: so a full queue is ours to wait for. */
void cvsw_control_send(struct cvsw_control *control, const u8 *frame, size_t len)
{
	struct sk_buff *skb;
	unsigned int try;
	int ret = NETDEV_TX_BUSY;

	for (try = 0; ret == NETDEV_TX_BUSY && try < SEND_TRIES; try++) {
		if (try)
			usleep_range(1000, 2000);
		skb = frame_build(control, frame, len);
		if (!skb)
			break;
		/* The device cannot be closed between its check and its queue. */
		rcu_read_lock();
		ret = dev_direct_xmit(skb, 0);
		rcu_read_unlock();
	}
	cvsw_control_count(control, ret == NETDEV_TX_OK ? CVSW_CNT_CTL_SENT :
							  CVSW_CNT_CTL_SEND_FAILED);
}

bool cvsw_control_has_link(const struct cvsw_control *control)
{
	return netif_running(control->dev) && netif_carrier_ok(control->dev);
}
