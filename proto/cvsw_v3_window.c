// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "cvsw_v3_window.h"

#define WORD_BITS	64

static_assert(!(CVSW_V3_WINDOW_WORDS & (CVSW_V3_WINDOW_WORDS - 1)), "a power of two");
static_assert(CVSW_V3_WINDOW_WORDS * WORD_BITS >= CVSW_V3_WINDOW + WORD_BITS,
	      "a word is emptied when the highest counter enters it");

static uint64_t *word_of(struct cvsw_v3_window *window, uint64_t counter)
{
	return &window->seen[counter / WORD_BITS % CVSW_V3_WINDOW_WORDS];
}

static uint64_t bit_of(uint64_t counter)
{
	return 1ull << counter % WORD_BITS;
}

enum cvsw_v3_drop cvsw_v3_window_check(const struct cvsw_v3_window *window, uint64_t counter)
{
	uint64_t word = window->seen[counter / WORD_BITS % CVSW_V3_WINDOW_WORDS];

	if (counter >= window->next)
		return CVSW_V3_OK;
	if (window->next - 1 - counter >= CVSW_V3_WINDOW)
		return CVSW_V3_DROP_OLD;
	return word & bit_of(counter) ? CVSW_V3_DROP_REPLAYED : CVSW_V3_OK;
}

/* The highest counter will be @counter: words that it enters lose what they held a round ago. */
static void advance(struct cvsw_v3_window *window, uint64_t counter)
{
	uint64_t first = window->next ? (window->next - 1) / WORD_BITS + 1 : 0;
	uint64_t last = counter / WORD_BITS;

	if (last >= CVSW_V3_WINDOW_WORDS && first < last - CVSW_V3_WINDOW_WORDS + 1)
		first = last - CVSW_V3_WINDOW_WORDS + 1;
	for (; first <= last; first++)
		window->seen[first % CVSW_V3_WINDOW_WORDS] = 0;
	window->next = counter + 1;
}

void cvsw_v3_window_take(struct cvsw_v3_window *window, uint64_t counter)
{
	if (counter >= window->next)
		advance(window, counter);
	*word_of(window, counter) |= bit_of(counter);
}
