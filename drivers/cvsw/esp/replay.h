/* SPDX-License-Identifier: GPL-2.0 */
/* Which sequence numbers of an SA have been received (RFC 4303, 3.4.3). */
#ifndef CVSW_REPLAY_H
#define CVSW_REPLAY_H

#include <linux/spinlock.h>

#include "proto/cvsw_window.h"

#define CVSW_REPLAY_WORDS	256
/*
 * How far a frame may come behind the newest one.  The sender numbers frames before they
 * wait: up to 1,024 in the backlog of one of its transmit queues and 256 and more in its
 * ring, while the other queues send.
 */
#define CVSW_REPLAY_WINDOW	CVSW_WINDOW_MAX(CVSW_REPLAY_WORDS)

/**
 * struct cvsw_replay - the window of one SA
 * @lock: a leaf, taken with bottom halves disabled
 * @next: one above the highest sequence number seen; 0: none yet
 * @seen: see cvsw_window.h
 */
struct cvsw_replay {
	spinlock_t lock;
	u64 next;
	u64 seen[CVSW_REPLAY_WORDS];
};

/** cvsw_replay_check() - is it worth while to decrypt a frame of this number?  BH disabled. */
static inline enum cvsw_window_verdict cvsw_replay_check(struct cvsw_replay *replay, u32 seq)
{
	enum cvsw_window_verdict verdict;

	spin_lock(&replay->lock);
	verdict = cvsw_window_check(replay->next, replay->seen, CVSW_REPLAY_WORDS,
				    CVSW_REPLAY_WINDOW, seq);
	spin_unlock(&replay->lock);
	/* Zero is never sent. */
	return seq ? verdict : CVSW_WINDOW_OLD;
}

/**
 * cvsw_replay_update() - a frame of this number has proved genuine
 *
 * Looks once more: another CPU may have had the same frame in the meantime.
 * Context: bottom halves disabled.
 * Return: CVSW_WINDOW_NEW, and from now on the number counts as seen; else
 * nothing has changed.
 */
static inline enum cvsw_window_verdict cvsw_replay_update(struct cvsw_replay *replay, u32 seq)
{
	enum cvsw_window_verdict verdict = CVSW_WINDOW_OLD;
	u64 next;

	spin_lock(&replay->lock);
	next = replay->next;
	if (seq)
		verdict = cvsw_window_check(next, replay->seen, CVSW_REPLAY_WORDS,
					    CVSW_REPLAY_WINDOW, seq);
	if (verdict == CVSW_WINDOW_NEW) {
		cvsw_window_take(&next, replay->seen, CVSW_REPLAY_WORDS, seq);
		WRITE_ONCE(replay->next, next);
	}
	spin_unlock(&replay->lock);
	return verdict;
}

/** cvsw_replay_highest() - the highest number that was genuine, or zero; any context */
static inline u32 cvsw_replay_highest(const struct cvsw_replay *replay)
{
	u64 next = READ_ONCE(replay->next);

	return next ? next - 1 : 0;
}

#endif
