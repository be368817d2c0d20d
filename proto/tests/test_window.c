// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdlib.h>

#include "../cvsw_window.h"
#include "gen.h"
#include "tests.h"

#define MAX_NUMBER	200000
#define MAX_WORDS	256

/* Slow and obvious: all numbers that were ever taken. */
struct reference {
	bool seen[MAX_NUMBER];
	bool any;
	uint64_t highest;
};

/* Version 3's, ESP's, and the smallest. */
static const struct {
	uint32_t words, size;
} shapes[] = { { 32, 1024 }, { MAX_WORDS, CVSW_WINDOW_MAX(MAX_WORDS) }, { 2, 64 } };

static enum cvsw_window_verdict expected(const struct reference *ref, uint32_t size,
					 uint64_t number)
{
	if (ref->any && number + size <= ref->highest)
		return CVSW_WINDOW_OLD;
	return ref->seen[number] ? CVSW_WINDOW_SEEN : CVSW_WINDOW_NEW;
}

/* Around the newest, mostly; now and then at the window's left edge. */
static uint64_t random_number(struct rng *rng, const struct reference *ref, uint32_t size,
			      unsigned int stride)
{
	uint64_t at = ref->highest + rng_below(rng, 2 * stride + 1);

	if (rng_chance(rng, 20))
		return at > size ? at - size + 24 - rng_below(rng, 50) : 0;
	return at > stride + 2 ? at - rng_below(rng, stride + 2) : at;
}

static void compare(struct rng *rng, struct reference *ref, uint32_t words, uint32_t size,
		    unsigned int stride)
{
	uint64_t next = 0, seen[MAX_WORDS] = { 0 };
	unsigned int i;

	memset(ref, 0, sizeof(*ref));
	for (i = 0; i < 20000; i++) {
		uint64_t number = random_number(rng, ref, size, stride);
		enum cvsw_window_verdict verdict;

		if (number >= MAX_NUMBER)
			break;
		verdict = cvsw_window_check(next, seen, words, size, number);
		CHECK_MSG(verdict == expected(ref, size, number), "%u words: %lu of %lu: %d", words,
			  (unsigned long)number, (unsigned long)ref->highest, verdict);
		if (verdict)
			continue;
		cvsw_window_take(&next, seen, words, number);
		ref->seen[number] = true;
		ref->any = true;
		if (number > ref->highest)
			ref->highest = number;
	}
}

static void window_is_its_reference(void)
{
	struct reference *ref = calloc(1, sizeof(*ref));
	struct rng rng = { 300 };
	unsigned int round, i;

	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (round = 0; round < 16; round++)
			compare(&rng, ref, shapes[i].words, shapes[i].size, 1u << round);
	free(ref);
}

static void window_ends_where_numbers_do(void)
{
	uint64_t last = UINT64_MAX - 1;
	unsigned int i;

	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		uint32_t words = shapes[i].words, size = shapes[i].size;
		uint64_t next = 0, seen[MAX_WORDS] = { 0 };

		cvsw_window_take(&next, seen, words, 5);
		CHECK(cvsw_window_check(next, seen, words, size, last) == CVSW_WINDOW_NEW);
		cvsw_window_take(&next, seen, words, last);
		CHECK(cvsw_window_check(next, seen, words, size, last) == CVSW_WINDOW_SEEN);
		CHECK(!cvsw_window_check(next, seen, words, size, last - size + 1));
		CHECK(cvsw_window_check(next, seen, words, size, last - size) == CVSW_WINDOW_OLD);
		CHECK(cvsw_window_check(next, seen, words, size, 5) == CVSW_WINDOW_OLD);
	}
}

const struct tap_test window_tests[] = {
	{ "proto: the replay window is its slow reference", window_is_its_reference },
	{ "proto: the replay window at the end of numbers", window_ends_where_numbers_do },
	{ NULL, NULL },
};
