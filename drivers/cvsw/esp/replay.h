/* SPDX-License-Identifier: GPL-2.0 */
/* Which sequence numbers of an SA have been received (RFC 4303, 3.4.3). */
#ifndef CVSW_REPLAY_H
#define CVSW_REPLAY_H

#include <linux/bitops.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define CVSW_REPLAY_RING	16384
/*
 * How far a frame may come behind the newest one: nearly a ring, of which a word is
 * cleared as a whole (RFC 6479).  The sender numbers frames before they wait: up to
 * 1,024 in the backlog of one of its transmit queues and 256 and more in its ring, while
 * the other queues send.
 */
#define CVSW_REPLAY_WINDOW	(CVSW_REPLAY_RING - BITS_PER_LONG)

/**
 * struct cvsw_replay - the window of one SA
 * @lock: a leaf, taken with bottom halves disabled
 * @highest: sequence number seen; 0: none yet
 * @seen: sequence number n is at bit n modulo CVSW_REPLAY_RING; bits outside the
 *	window mean nothing
 */
struct cvsw_replay {
	spinlock_t lock;
	u32 highest;
	unsigned long seen[BITS_TO_LONGS(CVSW_REPLAY_RING)];
};

enum cvsw_replay_verdict {
	CVSW_REPLAY_NEW,
	CVSW_REPLAY_SEEN,
	CVSW_REPLAY_OLD,	/* left of the window, or zero, which is never sent */
};

void cvsw_replay_init(struct cvsw_replay *replay);

/**
 * cvsw_replay_check() - is it worth while to decrypt a frame of this number?
 * Context: bottom halves disabled.
 */
enum cvsw_replay_verdict cvsw_replay_check(struct cvsw_replay *replay, u32 seq);

/**
 * cvsw_replay_update() - a frame of this number has proved genuine
 *
 * Looks once more: another CPU may have had the same frame in the meantime.
 * Context: bottom halves disabled.
 * Return: CVSW_REPLAY_NEW, and from now on the number counts as seen; else
 * nothing has changed.
 */
enum cvsw_replay_verdict cvsw_replay_update(struct cvsw_replay *replay, u32 seq);

#endif
