// SPDX-License-Identifier: GPL-2.0
/* The worker's queue, and a port's own frames: past flows and qdisc, ahead of data that waits. */
#include <linux/netdevice.h>
#include <linux/workqueue.h>

#include "door/backlog.h"
#include "control.h"

static struct workqueue_struct *control_workers;

void cvsw_control_count(struct cvsw_control *control, unsigned int counter)
{
	/* The per-CPU counters are written with bottom halves disabled only. */
	local_bh_disable();
	cvsw_stats_count(control->engine->stats, counter);
	local_bh_enable();
}

/* ---- the worker's queue ---- */

void cvsw_control_kick(struct cvsw_control *control)
{
	if (!READ_ONCE(control->dead))
		mod_delayed_work(control_workers, &control->work, 0);
}

void cvsw_control_work_after(struct cvsw_control *control, unsigned long delay)
{
	spin_lock_bh(&control->lock);
	if (!control->dead)
		queue_delayed_work(control_workers, &control->work, delay);
	spin_unlock_bh(&control->lock);
}

void cvsw_control_event(struct cvsw_control *control, enum cvsw_event event)
{
	set_bit(event, &control->events);
	if (event == CVSW_EVENT_RESTORED)
		clear_bit(CVSW_EVENT_HELD, &control->events);
	spin_lock_bh(&control->lock);
	cvsw_control_kick(control);
	spin_unlock_bh(&control->lock);
}

void cvsw_control_hold(struct cvsw_control *control)
{
	set_bit(CVSW_EVENT_HELD, &control->events);
}

void cvsw_control_kill(struct cvsw_control *control)
{
	spin_lock_bh(&control->lock);
	WRITE_ONCE(control->dead, true);
	spin_unlock_bh(&control->lock);
}

/* ---- own frames ---- */

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

/* ---- the module ---- */

int cvsw_control_module_init(void)
{
	/* Frozen over a suspend, when devices are not to be reconfigured. */
	control_workers = alloc_workqueue("cvsw", WQ_UNBOUND | WQ_FREEZABLE, 0);
	return control_workers ? 0 : -ENOMEM;
}

void cvsw_control_module_exit(void)
{
	destroy_workqueue(control_workers);
}
