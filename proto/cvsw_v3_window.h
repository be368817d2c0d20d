/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Which record counters have been received: the anti-replay window (RFC 6479's idea). */
#ifndef CVSW_V3_WINDOW_H
#define CVSW_V3_WINDOW_H

#include "cvsw_v3_frame.h"

#define CVSW_V3_WINDOW		1024	/* counters below the highest that are told apart */
/* A power of two, and more than the window needs, as words are emptied whole. */
#define CVSW_V3_WINDOW_WORDS	32

/**
 * struct cvsw_v3_window
 * @next: one above the highest counter received
 * @seen: a ring of bits, counter c at bit c modulo their number
 */
struct cvsw_v3_window {
	uint64_t next;
	uint64_t seen[CVSW_V3_WINDOW_WORDS];
};

/** cvsw_v3_window_check() - CVSW_V3_OK, _DROP_REPLAYED or _DROP_OLD; changes nothing */
enum cvsw_v3_drop cvsw_v3_window_check(const struct cvsw_v3_window *window, uint64_t counter);

/**
 * cvsw_v3_window_take() - note a counter
 *
 * Only after cvsw_v3_window_check() said yes and the record was authentic.
 */
void cvsw_v3_window_take(struct cvsw_v3_window *window, uint64_t counter);

#endif
