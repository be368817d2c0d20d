/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Which numbers have been received: the anti-replay window of RFC 6479, of ESP's sequence
 * numbers (RFC 4303, 3.4.3) and of version 3's record counters.
 *
 * Number n is at bit n modulo the ring's length.  When the highest number enters a word, the
 * word loses what it held a round ago: so a window is a word shorter than its ring, at least.
 * The callers' constants make these few instructions; a caller that shares a window locks it.
 */
#ifndef CVSW_WINDOW_H
#define CVSW_WINDOW_H

#include "cvsw_types.h"

#define CVSW_WINDOW_WORD	64

/* The longest window of a ring of so many words, a power of two. */
#define CVSW_WINDOW_MAX(words)	(((words) - 1) * CVSW_WINDOW_WORD)

enum cvsw_window_verdict {
	CVSW_WINDOW_NEW,
	CVSW_WINDOW_SEEN,
	CVSW_WINDOW_OLD,	/* left of the window */
};

/**
 * cvsw_window_check() - has a number been received?
 * @next: one above the highest number taken; 0: none was
 * @seen: the ring, @words long, zeros at first
 * @size: numbers below @next that are told apart, up to CVSW_WINDOW_MAX(@words)
 */
static inline enum cvsw_window_verdict cvsw_window_check(uint64_t next, const uint64_t *seen,
							 uint32_t words, uint32_t size,
							 uint64_t number)
{
	uint64_t word = seen[number / CVSW_WINDOW_WORD & (words - 1)];

	if (number >= next)
		return CVSW_WINDOW_NEW;
	if (next - 1 - number >= size)
		return CVSW_WINDOW_OLD;
	return word >> number % CVSW_WINDOW_WORD & 1 ? CVSW_WINDOW_SEEN : CVSW_WINDOW_NEW;
}

/**
 * cvsw_window_take() - note a number, of which cvsw_window_check() says that it is new
 *
 * Only when what had the number has proved authentic.
 */
static inline void cvsw_window_take(uint64_t *next, uint64_t *seen, uint32_t words,
				    uint64_t number)
{
	uint64_t last = number / CVSW_WINDOW_WORD;

	if (number >= *next) {
		uint64_t word = *next ? (*next - 1) / CVSW_WINDOW_WORD + 1 : 0;

		if (last >= words && word <= last - words)
			word = last - words + 1;
		for (; word <= last; word++)
			seen[word & (words - 1)] = 0;
		*next = number + 1;
	}
	seen[last & (words - 1)] |= 1ull << number % CVSW_WINDOW_WORD;
}

#endif
