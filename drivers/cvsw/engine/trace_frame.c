// SPDX-License-Identifier: GPL-2.0
/*
 * The engine works for a trace on a copy of the port's struct cvsw_engine, with the
 * port's table and SAs but counters of its own: what moves there is what became of
 * the frame, so no action needs to know that it is watched.
 */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "proto/cvsw_v3_frame.h"
#include "engine.h"
#include "trace.h"

static void trace_turn(struct cvsw_engine *engine, struct sk_buff *skb, enum cvsw_ingress in)
{
	struct cvsw_trace *trace = container_of(engine, struct cvsw_trace, engine);

	cvsw_trace_onward(trace, skb, in, true);
	kfree_skb(skb);
}

/* Which the action's own step has told. */
static void trace_to_controller(struct cvsw_engine *engine, const struct cvsw_walk *walk,
				const struct sk_buff *skb, unsigned int max_len)
{
}

/* Of no device: it came by none. */
static struct sk_buff *make_traced_frame(struct net_device *dev, const struct cvsw_v3_trace *frame)
{
	struct sk_buff *skb = alloc_skb(NET_SKB_PAD + NET_IP_ALIGN + frame->len, GFP_KERNEL);

	if (!skb)
		return NULL;
	skb_reserve(skb, NET_SKB_PAD + NET_IP_ALIGN);
	skb_put_data(skb, frame->frame, frame->len);
	skb->protocol = eth_type_trans(skb, dev);
	skb_push(skb, ETH_HLEN);
	skb_set_network_header(skb, ETH_HLEN);
	skb->dev = NULL;
	return skb;
}

/* What never comes as far as the engine. */
static bool is_traced_control(struct cvsw_trace *trace, const struct cvsw_walk *walk,
			      const struct sk_buff *skb)
{
	if (walk->pass)
		return false;
	if (walk->in == CVSW_HOST && cvsw_frame_is_control(skb))
		cvsw_trace_drop(trace, CVSW_CNT_DROP_TX_CONTROL);
	else if (walk->in == CVSW_NET && skb->protocol == htons(CVSW_ETHERTYPE))
		cvsw_trace_drop(trace, CVSW_CNT_CTL_RECEIVED);
	else
		return false;
	return true;
}

static void run_traced(struct cvsw_trace *trace, struct sk_buff *skb,
		       const struct cvsw_v3_trace *frame)
{
	struct cvsw_walk walk = {
		.engine = &trace->engine, .trace = trace, .in = frame->in_port,
		.pass = frame->pass, .tun_type = frame->tun_type, .tun_id = frame->tun_id,
		.sa = frame->sa,
	};
	struct sk_buff *list;

	memcpy(walk.tun_src, frame->tun_src, sizeof(walk.tun_src));
	memcpy(walk.tun_dst, frame->tun_dst, sizeof(walk.tun_dst));
	trace->pass = walk.pass;
	if (is_traced_control(trace, &walk, skb)) {
		kfree_skb(skb);
		return;
	}
	local_bh_disable();
	list = cvsw_engine_way(&walk, skb);
	local_bh_enable();
	kfree_skb_list(list);
}

int cvsw_trace_frame(const struct cvsw_engine *engine, struct net_device *dev,
		     const struct cvsw_v3_trace *frame, struct cvsw_writer *w)
{
	struct cvsw_trace *trace = kvzalloc(sizeof(*trace), GFP_KERNEL);
	struct sk_buff *skb;
	int err = -ENOMEM;

	if (!trace)
		return -ENOMEM;
	trace->engine = *engine;
	trace->engine.turn = trace_turn;
	trace->engine.to_controller = trace_to_controller;
	trace->engine.deliver = NULL;	/* nothing goes on later */
	trace->w = w;
	trace->engine.stats = cvsw_stats_alloc();
	if (!trace->engine.stats)
		goto free_trace;
	skb = make_traced_frame(dev, frame);
	if (!skb)
		goto free_stats;
	run_traced(trace, skb, frame);
	err = 0;

free_stats:
	free_percpu(trace->engine.stats);
free_trace:
	kvfree(trace);
	return err;
}
