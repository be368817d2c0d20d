// SPDX-License-Identifier: GPL-2.0
#include <linux/string.h>

#include "replay.h"

static_assert(CVSW_REPLAY_RING % BITS_PER_LONG == 0);
static_assert(CVSW_REPLAY_RING >= CVSW_REPLAY_WINDOW + BITS_PER_LONG);

#define WORDS	(CVSW_REPLAY_RING / BITS_PER_LONG)

void cvsw_replay_init(struct cvsw_replay *replay)
{
	memset(replay, 0, sizeof(*replay));
	spin_lock_init(&replay->lock);
}

static enum cvsw_replay_verdict verdict(const struct cvsw_replay *replay, u32 seq)
{
	if (!seq)
		return CVSW_REPLAY_OLD;
	if (seq > replay->highest)
		return CVSW_REPLAY_NEW;
	if (replay->highest - seq >= CVSW_REPLAY_WINDOW)
		return CVSW_REPLAY_OLD;
	return test_bit(seq % CVSW_REPLAY_RING, replay->seen) ? CVSW_REPLAY_SEEN :
								 CVSW_REPLAY_NEW;
}

/* The window's right edge goes to @seq: words it reaches lose what they held a round ago. */
static void advance(struct cvsw_replay *replay, u32 seq)
{
	u32 word = replay->highest / BITS_PER_LONG, last = seq / BITS_PER_LONG;

	if (last - word > WORDS)
		word = last - WORDS;
	while (word < last)
		replay->seen[++word % WORDS] = 0;
	WRITE_ONCE(replay->highest, seq);
}

enum cvsw_replay_verdict cvsw_replay_check(struct cvsw_replay *replay, u32 seq)
{
	enum cvsw_replay_verdict result;

	spin_lock(&replay->lock);
	result = verdict(replay, seq);
	spin_unlock(&replay->lock);
	return result;
}

enum cvsw_replay_verdict cvsw_replay_update(struct cvsw_replay *replay, u32 seq)
{
	enum cvsw_replay_verdict result;

	spin_lock(&replay->lock);
	result = verdict(replay, seq);
	if (result == CVSW_REPLAY_NEW) {
		if (seq > replay->highest)
			advance(replay, seq);
		__set_bit(seq % CVSW_REPLAY_RING, replay->seen);
	}
	spin_unlock(&replay->lock);
	return result;
}
