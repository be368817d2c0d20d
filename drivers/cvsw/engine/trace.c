// SPDX-License-Identifier: GPL-2.0
/* The steps of a frame that is traced, as the engine tells them. */
#include <linux/etherdevice.h>

#include "proto/cvsw_v3_frame.h"
#include "proto/cvsw_flow_mod.h"
#include "table/key.h"
#include "trace.h"

static_assert(CVSW_TRACED_MAX >= CVSW_FLOW_MOD_MAX);

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

void cvsw_trace_drop(struct cvsw_trace *trace, enum cvsw_counter counter)
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
			cvsw_trace_drop(trace, drops[i]);
}

static void stand_at(struct cvsw_trace *trace, const struct cvsw_walk *walk)
{
	trace->pass = walk->pass;
	trace->copy = walk->copy;
}

/* ---- what the engine tells ---- */

void cvsw_trace_tell_lookup(const struct cvsw_walk *walk, const struct cvsw_entry *entry)
{
	struct cvsw_trace *trace = walk->trace;
	size_t len = 0;

	stand_at(trace, walk);
	if (entry) {
		cvsw_entry_flow(entry, &trace->flow);
		len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, &trace->flow, trace->data,
					sizeof(trace->data));
	}
	put_step(trace, CVSW_V3_STEP_LOOKUP, trace->data, len, walk->table);
}

void cvsw_trace_tell_action(const struct cvsw_walk *walk, const struct cvsw_action *action,
			    const struct sk_buff *skb)
{
	struct cvsw_trace *trace = walk->trace;
	unsigned int n = 1;

	stand_at(trace, walk);
	trace->len = min_t(unsigned int, skb->len, sizeof(trace->before));
	if (skb_copy_bits(skb, 0, trace->before, trace->len))
		trace->len = 0;
	if (action->type == CVSW_ACT_CLONE)
		n += action->n_cloned;
	else if (action->type == CVSW_ACT_WRITE_ACTIONS)
		n += action->n_written;
	put_step(trace, CVSW_V3_STEP_ACTION, trace->data,
		 cvsw_actions_encode(action, n, trace->data, sizeof(trace->data)), 0);
}

void cvsw_trace_tell_bucket(const struct cvsw_walk *walk, u32 group, unsigned int bucket,
			    unsigned int slot)
{
	const struct cvsw_v3_step_bucket step = { .group = group, .bucket = bucket, .slot = slot };
	u8 data[CVSW_V3_STEP_BUCKET_LEN];

	stand_at(walk->trace, walk);
	put_step(walk->trace, CVSW_V3_STEP_BUCKET, data,
		 cvsw_v3_step_bucket_encode(&step, data), 0);
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
static bool is_stopped_by_port(struct cvsw_trace *trace, const struct sk_buff *skb, u8 port,
			       bool turned)
{
	const struct ethhdr *eth;
	struct ethhdr buf;

	eth = skb_header_pointer(skb, 0, sizeof(buf), &buf);
	if (port == CVSW_HOST && eth && eth->h_proto == htons(CVSW_ETHERTYPE))
		cvsw_trace_drop(trace, CVSW_CNT_DROP_RX_CONTROL);
	else if (port == CVSW_NET && turned && cvsw_frame_is_control(skb))
		cvsw_trace_drop(trace, CVSW_CNT_DROP_TX_CONTROL);
	else
		return false;
	return true;
}

void cvsw_trace_onward(struct cvsw_trace *trace, const struct sk_buff *skb, u8 port, bool turned)
{
	if (!is_stopped_by_port(trace, skb, port, turned))
		put_step(trace, CVSW_V3_STEP_ONWARD, NULL, 0, port);
}

void cvsw_trace_tell_end(const struct cvsw_walk *walk, const struct sk_buff *list)
{
	struct cvsw_trace *trace = walk->trace;

	stand_at(trace, walk);
	put_counted(trace);
	for (; list; list = list->next)
		cvsw_trace_onward(trace, list, walk->in == CVSW_HOST ? CVSW_NET : CVSW_HOST, false);
}
