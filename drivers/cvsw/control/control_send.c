// SPDX-License-Identifier: GPL-2.0
/* A port's own frames, on their way past flows and qdisc, ahead of data that waits. */
#include <linux/netdevice.h>

#include "door/backlog.h"
#include "control.h"

static void control_frame_freed(struct sk_buff *skb)
{
	struct cvsw_control *control = skb_shinfo(skb)->destructor_arg;

	if (refcount_dec_and_test(&control->sending))
		complete(&control->sent);
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

void cvsw_control_send(struct cvsw_control *control, const u8 *frame, size_t len)
{
	struct sk_buff *skb = NULL;
	bool sent;

	if (cvsw_control_has_link(control))
		skb = frame_build(control, frame, len);
	sent = skb && cvsw_backlog_add_first(control->backlogs, skb);
	if (!sent)
		kfree_skb(skb);
	cvsw_control_count(control, sent ? CVSW_CNT_CTL_SENT : CVSW_CNT_CTL_SEND_FAILED);
}

bool cvsw_control_has_link(const struct cvsw_control *control)
{
	return netif_running(control->dev) && netif_carrier_ok(control->dev);
}
