/* SPDX-License-Identifier: GPL-2.0 */
/* Frames on their way to the controller: proto/VERSION3.md, "PACKET_IN". */
#ifndef CVSW_PACKET_IN_H
#define CVSW_PACKET_IN_H

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/skbuff.h>

#include "proto/cvsw_v3_end.h"
#include "engine/engine.h"

/* That may wait for the worker. */
#define CVSW_PACKET_INS_MAX	64
/* That are sent: so many at once, and one more in so many milliseconds. */
#define CVSW_PACKET_IN_BURST	32
#define CVSW_PACKET_IN_MS	2

/**
 * struct cvsw_packet_ins - a port's
 * @new: put there by whoever has a frame, without a lock; newest first
 * @n: that wait, here or there
 * @waiting: the worker's: oldest first
 * @rate: likewise
 */
struct cvsw_packet_ins {
	struct llist_head new;
	atomic_t n;
	struct llist_node *waiting;
	struct cvsw_v3_bucket rate;
};

/** cvsw_packet_ins_init() - none waits */
void cvsw_packet_ins_init(struct cvsw_packet_ins *ins);

/**
 * cvsw_packet_in_add() - copy what is to be told of a frame
 * @skb: as cvsw_handle_frame() has it; only read
 * @first: out: nobody waited, so the worker is to be told
 *
 * Context: as cvsw_handle_frame().
 * Return: 0, or the counter of why it was not.
 */
int cvsw_packet_in_add(struct cvsw_packet_ins *ins, const struct cvsw_walk *walk,
		       const struct sk_buff *skb, unsigned int max_len, bool *first);

/**
 * cvsw_packet_in_next() - what is to be sent now
 * @now: in milliseconds
 * @content: out: of the record, CVSW_V3_CONTENT_MAX bytes at most
 *
 * Context: the port's worker.
 * Return: its length; 0: there is none, or it is not time yet.
 */
size_t cvsw_packet_in_next(struct cvsw_packet_ins *ins, u64 now, u8 *content);

/** cvsw_packet_ins_wait() - does one wait for its time?  Worker */
bool cvsw_packet_ins_wait(const struct cvsw_packet_ins *ins);

/** cvsw_packet_ins_clear() - free what waits; worker, or nobody else is there */
void cvsw_packet_ins_clear(struct cvsw_packet_ins *ins);

#endif
