// SPDX-License-Identifier: GPL-2.0
/* Where frames leave the engine: onward, back, to the controller, and copies of them. */
#include <linux/netdevice.h>

#include "outcome.h"
#include "trace.h"

/* How many copies a frame may have, by clones and outputs, flow upon flow. */
#define COPIES_MAX	1024

bool cvsw_output_is_spent(const struct cvsw_walk *walk, const struct cvsw_outcome *out)
{
	if (likely(out->copies < COPIES_MAX))
		return false;
	cvsw_stats_count(walk->engine->stats, CVSW_CNT_DROP_CLONES);
	return true;
}

struct sk_buff *cvsw_output_copy_of(struct cvsw_walk *walk, struct sk_buff *skb,
				    struct cvsw_outcome *out)
{
	if (cvsw_output_is_spent(walk, out))
		return NULL;
	out->copies++;
	return cvsw_frame_copy(walk->engine->stats, skb);
}

bool cvsw_output_goes_back(const struct cvsw_walk *walk, u16 port)
{
	return port == CVSW_PORT_IN_PORT || (port == CVSW_PORT_LOCAL && walk->in == CVSW_HOST);
}

/* Might a stack find in the frame what the key does not have? */
static bool is_unparsed(const struct cvsw_walk *walk, const struct sk_buff *skb,
			struct cvsw_outcome *out)
{
	return walk->layered ? !cvsw_outcome_layout(out, skb)->whole : !walk->whole;
}

/*
 * Return: what of the list may go to the guest's stack, which would read on where
 * the key has ended.  Where there is no flow, none is walked past.
 */
static struct sk_buff *for_stack(const struct cvsw_walk *walk, struct sk_buff *list,
				 struct cvsw_outcome *out)
{
	struct sk_buff *left = NULL, **end = &left, *skb, *rest;

	if ((likely(walk->whole) && likely(!walk->layered)) ||
	    cvsw_table_empty(walk->engine->table))
		return list;
	skb_list_walk_safe(list, skb, rest) {
		skb_mark_not_on_list(skb);
		if (is_unparsed(walk, skb, out))
			skb = cvsw_frames_drop(walk->engine->stats, skb, CVSW_CNT_DROP_UNPARSED);
		cvsw_frames_append(&end, skb);
	}
	return left;
}

struct sk_buff *cvsw_output_last(struct cvsw_walk *walk, struct sk_buff *skb, u16 port,
				 struct cvsw_outcome *out)
{
	if (likely(port == CVSW_PORT_ONWARD))
		return skb;
	if (port == CVSW_PORT_NONE) {
		dev_consume_skb_any(skb);
		return NULL;
	}
	if (cvsw_output_goes_back(walk, port)) {
		if (walk->in == CVSW_HOST)
			skb = for_stack(walk, skb, out);
		skb = skb ? cvsw_frame_own(walk->engine->stats, skb) : NULL;
		if (skb)
			walk->engine->turn(walk->engine, skb, walk->in);
		return NULL;
	}
	/* OpenFlow 1.0, 5.2.1: back it goes only by IN_PORT.  FLOOD and ALL are the other port. */
	if (port == walk->in)
		return cvsw_frames_drop(walk->engine->stats, skb, CVSW_CNT_DROP_IN_PORT);
	return skb;
}

void cvsw_output_copy(struct cvsw_walk *walk, struct sk_buff *skb, u16 port,
		      struct cvsw_outcome *out)
{
	struct sk_buff *copy;

	walk->sent = true;
	if (port == CVSW_PORT_NONE)
		return;
	copy = cvsw_output_copy_of(walk, skb, out);
	if (copy)
		copy = cvsw_output_last(walk, copy, port, out);
	cvsw_output_leave(walk, copy, out);
	cvsw_outcome_forget(out);
}

struct sk_buff *cvsw_output_tell(struct cvsw_walk *walk, struct sk_buff *skb, unsigned int max_len)
{
	struct cvsw_engine *engine = walk->engine;

	engine->to_controller(engine, walk, skb, max_len);
	/* As the last of a list it is where the frame goes, whatever waits behind the list. */
	walk->sent |= walk->next == walk->end;
	if (cvsw_walk_goes_on(walk))
		return skb;
	dev_consume_skb_any(skb);
	return NULL;
}

void cvsw_output_leave(struct cvsw_walk *walk, struct sk_buff *list, struct cvsw_outcome *out)
{
	if (walk->in == CVSW_NET)
		list = for_stack(walk, list, out);
	cvsw_trace_end(walk, list);
	cvsw_frames_append(&out->end, list);
}
