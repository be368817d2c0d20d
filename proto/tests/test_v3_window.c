// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdlib.h>

#include "../cvsw_v3_window.h"
#include "gen.h"
#include "tests.h"

#define MAX_COUNTER	200000

/* Slow and obvious: all counters that were ever taken. */
struct reference {
	bool seen[MAX_COUNTER];
	bool any;
	uint64_t highest;
};

static enum cvsw_v3_drop expected(const struct reference *ref, uint64_t counter)
{
	if (ref->any && counter + CVSW_V3_WINDOW <= ref->highest)
		return CVSW_V3_DROP_OLD;
	return ref->seen[counter] ? CVSW_V3_DROP_REPLAYED : CVSW_V3_OK;
}

static void window_is_its_reference(void)
{
	struct reference *ref = calloc(1, sizeof(*ref));
	struct rng rng = { 300 };
	unsigned int round, i;

	for (round = 0; round < 20; round++) {
		struct cvsw_v3_window window = { 0 };
		unsigned int stride = 1u << round % 12;

		memset(ref, 0, sizeof(*ref));
		for (i = 0; i < 20000; i++) {
			uint64_t at = ref->highest + rng_below(&rng, 2 * stride + 1);
			uint64_t counter = at > stride + 2 ? at - rng_below(&rng, stride + 2) : at;
			enum cvsw_v3_drop drop;

			if (rng_chance(&rng, 20))
				counter = counter > 1000 ? counter - 1000 - rng_below(&rng, 50) : 0;
			if (counter >= MAX_COUNTER)
				break;
			drop = cvsw_v3_window_check(&window, counter);
			CHECK_MSG(drop == expected(ref, counter), "round %u: %lu of %lu: %s", round,
				  (unsigned long)counter, (unsigned long)ref->highest,
				  cvsw_v3_drop_name(drop));
			if (drop)
				continue;
			cvsw_v3_window_take(&window, counter);
			ref->seen[counter] = true;
			ref->any = true;
			if (counter > ref->highest)
				ref->highest = counter;
		}
	}
	free(ref);
}

static void window_ends_where_counters_do(void)
{
	struct cvsw_v3_window window = { 0 };
	uint64_t last = UINT64_MAX - 1;

	cvsw_v3_window_take(&window, 5);
	CHECK(!cvsw_v3_window_check(&window, last));
	cvsw_v3_window_take(&window, last);
	CHECK(cvsw_v3_window_check(&window, last) == CVSW_V3_DROP_REPLAYED);
	CHECK(!cvsw_v3_window_check(&window, last - CVSW_V3_WINDOW + 1));
	CHECK(cvsw_v3_window_check(&window, last - CVSW_V3_WINDOW) == CVSW_V3_DROP_OLD);
	CHECK(cvsw_v3_window_check(&window, 5) == CVSW_V3_DROP_OLD);
}

const struct tap_test v3_window_tests[] = {
	{ "proto: version 3's replay window is its slow reference", window_is_its_reference },
	{ "proto: version 3's replay window at the end of counters", window_ends_where_counters_do },
	{ NULL, NULL },
};
