// SPDX-License-Identifier: GPL-2.0-or-later
/* The heap of what is due, beside a plain array. */
#include <stdlib.h>

#include "base/heap.h"
#include "tap.h"

#define N	200

static struct heap_node nodes[N];
static struct heap heap;

static uint64_t first_of_array(void)
{
	uint64_t due = HEAP_NEVER;

	for (size_t i = 0; i < N; i++)
		if (nodes[i].at && nodes[i].due < due)
			due = nodes[i].due;
	return due;
}

static size_t n_in_array(void)
{
	size_t n = 0;

	for (size_t i = 0; i < N; i++)
		n += nodes[i].at != 0;
	return n;
}

static void test_random(void)
{
	for (int i = 0; i < 100000; i++) {
		struct heap_node *node = &nodes[rand() % N];

		heap_set(&heap, node, rand() % 4 ? (uint64_t)(rand() % 1000) : HEAP_NEVER);
		CHECK(heap_due(&heap) == first_of_array());
		if (i % 100 == 0)
			CHECK(heap.n == n_in_array());
	}
}

static void test_order(void)
{
	uint64_t before = 0;

	while (heap.n) {
		CHECK(heap_due(&heap) >= before);
		before = heap_due(&heap);
		heap_set(&heap, heap_first(&heap), HEAP_NEVER);
	}
	CHECK(heap_due(&heap) == HEAP_NEVER && !heap_first(&heap));
	heap_free(&heap);
}

const struct tap_test tests[] = {
	{ "heap: the first is the one that is due first", test_random },
	{ "heap: they come out in order", test_order },
	{ 0 },
};
