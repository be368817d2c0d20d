// SPDX-License-Identifier: GPL-2.0-or-later
#include "heap.h"

#include "alloc.h"

#define FIRST_ROOM	64

static void place(struct heap *heap, size_t at, struct heap_node *node)
{
	heap->nodes[at] = node;
	node->at = at + 1;
}

static void sift_up(struct heap *heap, size_t at)
{
	struct heap_node *node = heap->nodes[at];

	for (; at && heap->nodes[(at - 1) / 2]->due > node->due; at = (at - 1) / 2)
		place(heap, at, heap->nodes[(at - 1) / 2]);
	place(heap, at, node);
}

static void sift_down(struct heap *heap, size_t at)
{
	struct heap_node *node = heap->nodes[at];
	size_t child;

	for (; (child = 2 * at + 1) < heap->n; at = child) {
		if (child + 1 < heap->n && heap->nodes[child + 1]->due < heap->nodes[child]->due)
			child++;
		if (heap->nodes[child]->due >= node->due)
			break;
		place(heap, at, heap->nodes[child]);
	}
	place(heap, at, node);
}

static void take_out(struct heap *heap, struct heap_node *node)
{
	size_t at = node->at - 1;
	struct heap_node *last = heap->nodes[--heap->n];

	node->at = 0;
	if (last == node)
		return;
	place(heap, at, last);
	sift_up(heap, at);
	sift_down(heap, last->at - 1);
}

void heap_set(struct heap *heap, struct heap_node *node, uint64_t due)
{
	if (due == HEAP_NEVER) {
		if (node->at)
			take_out(heap, node);
		node->due = HEAP_NEVER;
		return;
	}
	if (!node->at) {
		if (heap->n == heap->room) {
			heap->room = heap->room ? 2 * heap->room : FIRST_ROOM;
			heap->nodes = alloc_checked(reallocarray(heap->nodes, heap->room,
								 sizeof(struct heap_node *)));
		}
		place(heap, heap->n++, node);
	}
	node->due = due;
	sift_up(heap, node->at - 1);
	sift_down(heap, node->at - 1);
}

void heap_free(struct heap *heap)
{
	free(heap->nodes);
	*heap = (struct heap){ 0 };
}
