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
#include "proto/cvsw_ofp10.h"
#include "esp/esp.h"
#include "table/key.h"
#include "trace.h"
#include "tunnel/vxlan.h"

/* Of frames that are compared: that which came, in all the layers that fit. */
#define TRACED_MAX	(CVSW_V3_TRACE_FRAME_MAX + \
			 CVSW_MAX_PASSES * (CVSW_VXLAN_HEAD + CVSW_ESP_OVERHEAD))

/**
 * struct cvsw_trace - a frame's way while it is written down
 * @engine: with the trace's own counters
 * @w: the steps
 * @cut: there was no room for one
 * @pass, @copy: of the last step
 * @seen: counters told already
 * @before, @len: the frame as it was before the action
 * @flow, @data: scratch
 */
struct cvsw_trace {
	struct cvsw_engine engine;
	struct cvsw_writer *w;
	bool cut;
	u8 pass;
	u8 copy;
	u64 seen[CVSW_N_COUNTERS];
	u8 before[TRACED_MAX];
	unsigned int len;
	struct cvsw_flow flow;
	u8 data[TRACED_MAX];
};
static_assert(TRACED_MAX >= CVSW_OFP10_FLOW_MOD_MAX);

/* Room for the step that says that there is none. */
#define CUT_LEN		8

static void put_step(struct cvsw_trace *trace, enum cvsw_v3_step_kind kind, const void *data,
		     size_t len, u8 port)
{
	struct cvsw_v3_step step = {
		.kind = kind, .pass = trace->pass, .copy = trace->copy, .port = port,
		.data = data, .len = len,
	};

	if (trace->cut)
		return;
	trace->w->room -= CUT_LEN;
	trace->cut = !cvsw_v3_step_put(trace->w, &step);
	trace->w->room += CUT_LEN;
	if (!trace->cut)
		return;
	step = (struct cvsw_v3_step){ .kind = CVSW_V3_STEP_CUT, .pass = trace->pass };
	cvsw_v3_step_put(trace->w, &step);
}

static void put_drop(struct cvsw_trace *trace, enum cvsw_counter counter)
{
	char name[CVSW_V3_COUNTER_NAME_MAX + 1];

	cvsw_stats_name(counter, name, sizeof(name));
	put_step(trace, CVSW_V3_STEP_DROP, name, strlen(name), 0);
}

static bool has_moved(struct cvsw_trace *trace, enum cvsw_counter counter)
{
	u64 now = cvsw_stats_read(trace->engine.stats, counter);
	bool moved = now != trace->seen[counter];

	trace->seen[counter] = now;
	return moved;
}

/* What the last action has counted. */
static void put_counted(struct cvsw_trace *trace)
{
	static const enum cvsw_counter drops[] = { CVSW_DROP_COUNTERS(CVSW_COUNTER_ENUM) };
	unsigned int i;

	if (has_moved(trace, CVSW_CNT_ACTION_SKIPPED))
		put_step(trace, CVSW_V3_STEP_SKIPPED, NULL, 0, 0);
	for (i = 0; i < ARRAY_SIZE(drops); i++)
		if (has_moved(trace, drops[i]))
			put_drop(trace, drops[i]);
}

static void at(struct cvsw_trace *trace, const struct cvsw_walk *walk)
{
	trace->pass = walk->pass;
	trace->copy = walk->copy;
}

/* ---- what the engine tells ---- */

void cvsw_trace_tell_lookup(const struct cvsw_walk *walk, const struct cvsw_entry *entry)
{
	struct cvsw_trace *trace = walk->trace;
	size_t len = 0;

	at(trace, walk);
	if (entry) {
		cvsw_entry_flow(entry, &trace->flow);
		len = cvsw_ofp10_encode(CVSW_FLOW_ADD, &trace->flow, trace->data,
					sizeof(trace->data));
	}
	put_step(trace, CVSW_V3_STEP_LOOKUP, trace->data, len, 0);
}

void cvsw_trace_tell_action(const struct cvsw_walk *walk, const struct cvsw_action *action,
			    const struct sk_buff *skb)
{
	struct cvsw_trace *trace = walk->trace;
	unsigned int n = 1;

	at(trace, walk);
	trace->len = min_t(unsigned int, skb->len, sizeof(trace->before));
	if (skb_copy_bits(skb, 0, trace->before, trace->len))
		trace->len = 0;
	if (action->type == CVSW_ACT_CLONE)
		n += action->n_cloned;
	put_step(trace, CVSW_V3_STEP_ACTION, trace->data,
		 cvsw_ofp10_actions_encode(action, n, trace->data, sizeof(trace->data)), 0);
}

void cvsw_trace_tell_done(const struct cvsw_walk *walk, const struct sk_buff *skb)
{
	struct cvsw_trace *trace = walk->trace;

	put_counted(trace);
	if (!skb || skb->len > sizeof(trace->data) || skb_copy_bits(skb, 0, trace->data, skb->len))
		return;
	if (skb->len != trace->len || memcmp(trace->data, trace->before, skb->len))
		put_step(trace, CVSW_V3_STEP_FRAME, trace->data, skb->len, 0);
}

/* The port does not let through what it would not have taken. */
static bool is_stopped(struct cvsw_trace *trace, const struct sk_buff *skb, u8 port, bool turned)
{
	const struct ethhdr *eth;
	struct ethhdr buf;

	eth = skb_header_pointer(skb, 0, sizeof(buf), &buf);
	if (port == CVSW_HOST && eth && eth->h_proto == htons(CVSW_ETHERTYPE))
		put_drop(trace, CVSW_CNT_DROP_RX_CONTROL);
	else if (port == CVSW_NET && turned && cvsw_frame_is_control(skb))
		put_drop(trace, CVSW_CNT_DROP_TX_CONTROL);
	else
		return false;
	return true;
}

static void put_onward(struct cvsw_trace *trace, const struct sk_buff *skb, u8 port, bool turned)
{
	if (!is_stopped(trace, skb, port, turned))
		put_step(trace, CVSW_V3_STEP_ONWARD, NULL, 0, port);
}

void cvsw_trace_tell_end(const struct cvsw_walk *walk, const struct sk_buff *list)
{
	struct cvsw_trace *trace = walk->trace;

	at(trace, walk);
	put_counted(trace);
	for (; list; list = list->next)
		put_onward(trace, list, walk->in == CVSW_HOST ? CVSW_NET : CVSW_HOST, false);
}

/* ---- the frame ---- */

static void turn(struct cvsw_engine *engine, struct sk_buff *skb, enum cvsw_ingress in)
{
	struct cvsw_trace *trace = container_of(engine, struct cvsw_trace, engine);

	put_onward(trace, skb, in, true);
	kfree_skb(skb);
}

/* Which the action's own step has told. */
static void to_controller(struct cvsw_engine *engine, const struct cvsw_walk *walk,
			  const struct sk_buff *skb, unsigned int max_len)
{
}

/* Of no device: it came by none. */
static struct sk_buff *make_frame(struct net_device *dev, const struct cvsw_v3_trace *frame)
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
static bool is_control(struct cvsw_trace *trace, const struct cvsw_walk *walk,
		       const struct sk_buff *skb)
{
	if (walk->pass)
		return false;
	if (walk->in == CVSW_HOST && cvsw_frame_is_control(skb))
		put_drop(trace, CVSW_CNT_DROP_TX_CONTROL);
	else if (walk->in == CVSW_NET && skb->protocol == htons(CVSW_ETHERTYPE))
		put_drop(trace, CVSW_CNT_CTL_RECEIVED);
	else
		return false;
	return true;
}

static void run(struct cvsw_trace *trace, struct sk_buff *skb, const struct cvsw_v3_trace *frame)
{
	struct cvsw_walk walk = {
		.engine = &trace->engine, .trace = trace, .in = frame->in_port,
		.pass = frame->pass, .tun_type = frame->tun_type, .tun_id = frame->tun_id,
		.sa = frame->sa,
	};
	struct sk_buff *list;

	memcpy(walk.tun_src, frame->tun_src, sizeof(walk.tun_src));
	memcpy(walk.tun_dst, frame->tun_dst, sizeof(walk.tun_dst));
	at(trace, &walk);
	if (is_control(trace, &walk, skb)) {
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
	trace->engine.turn = turn;
	trace->engine.to_controller = to_controller;
	trace->engine.deliver = NULL;	/* nothing goes on later */
	trace->w = w;
	trace->engine.stats = cvsw_stats_alloc();
	if (!trace->engine.stats)
		goto free_trace;
	skb = make_frame(dev, frame);
	if (!skb)
		goto free_stats;
	run(trace, skb, frame);
	err = 0;

free_stats:
	free_percpu(trace->engine.stats);
free_trace:
	kvfree(trace);
	return err;
}
