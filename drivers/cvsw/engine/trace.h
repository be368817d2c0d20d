/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a frame would meet: the engine does with it what it does with real ones, but
 * tells each step and leaves nothing behind.  proto/VERSION3.md, "TRACE".
 */
#ifndef CVSW_TRACE_H
#define CVSW_TRACE_H

#include "proto/cvsw_v3_body.h"
#include "esp/esp.h"
#include "tunnel/vxlan.h"
#include "walk.h"

/* Of frames that are compared: that which came, in all the layers that fit. */
#define CVSW_TRACED_MAX	(CVSW_V3_TRACE_FRAME_MAX + \
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
	u8 before[CVSW_TRACED_MAX];
	unsigned int len;
	struct cvsw_flow flow;
	u8 data[CVSW_TRACED_MAX];
};

/**
 * cvsw_trace_frame() - the way of a frame: trace_frame.c
 * @engine: a port's; counters, flows' hits, SAs stay as they are, nothing is sent
 * @dev: the port's
 * @frame: as cvsw_v3_trace_decode() has checked it
 * @w: steps are put behind what is there, as many as fit
 *
 * Context: process context.
 * Return: 0 or -ENOMEM, and then nothing was put.
 */
int cvsw_trace_frame(const struct cvsw_engine *engine, struct net_device *dev,
		     const struct cvsw_v3_trace *frame, struct cvsw_writer *w);

/* A drop with this counter, and a frame that goes out: @turned: by the port it came in by. */
void cvsw_trace_drop(struct cvsw_trace *trace, enum cvsw_counter counter);
void cvsw_trace_onward(struct cvsw_trace *trace, const struct sk_buff *skb, u8 port, bool turned);

/* For the engine: what comes of a lookup, of a group, before and after an action, and in the end. */
void cvsw_trace_tell_lookup(const struct cvsw_walk *walk, const struct cvsw_entry *entry);
void cvsw_trace_tell_action(const struct cvsw_walk *walk, const struct cvsw_action *action,
			    const struct sk_buff *skb);
void cvsw_trace_tell_bucket(const struct cvsw_walk *walk, u32 group, unsigned int bucket,
			    unsigned int slot);
void cvsw_trace_tell_done(const struct cvsw_walk *walk, const struct sk_buff *skb);
void cvsw_trace_tell_end(const struct cvsw_walk *walk, const struct sk_buff *list);

static inline void cvsw_trace_lookup(const struct cvsw_walk *walk, const struct cvsw_entry *entry)
{
	if (unlikely(walk->trace))
		cvsw_trace_tell_lookup(walk, entry);
}

static inline void cvsw_trace_action(const struct cvsw_walk *walk,
				     const struct cvsw_action *action, const struct sk_buff *skb)
{
	if (unlikely(walk->trace))
		cvsw_trace_tell_action(walk, action, skb);
}

static inline void cvsw_trace_bucket(const struct cvsw_walk *walk, u32 group, unsigned int bucket,
				     unsigned int slot)
{
	if (unlikely(walk->trace))
		cvsw_trace_tell_bucket(walk, group, bucket, slot);
}

static inline void cvsw_trace_done(const struct cvsw_walk *walk, const struct sk_buff *skb)
{
	if (unlikely(walk->trace))
		cvsw_trace_tell_done(walk, skb);
}

static inline void cvsw_trace_end(const struct cvsw_walk *walk, const struct sk_buff *list)
{
	if (unlikely(walk->trace))
		cvsw_trace_tell_end(walk, list);
}

#endif
