/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is due next: a binary heap of nodes that live in their owners' structs.
 *
 * A node is in the heap or not; heap_set() puts it in, moves it, and takes it out, each in
 * O(log n).  The heap owns an array of pointers and nothing else.
 */
#ifndef CVSWD_HEAP_H
#define CVSWD_HEAP_H

#include <stddef.h>
#include <stdint.h>

#define HEAP_NEVER	UINT64_MAX

/**
 * struct heap_node - zeroed: in no heap
 * @due: when, in whatever unit its owner counts
 * @at: its place in the array, and one; 0: it is not in the heap
 */
struct heap_node {
	uint64_t due;
	size_t at;
};

/* Zeroed: empty. */
struct heap {
	struct heap_node **nodes;
	size_t n;
	size_t room;
};

/** heap_free() - the array; the nodes that are still in it are their owners' */
void heap_free(struct heap *heap);

/** heap_set() - @node is due then; HEAP_NEVER: it leaves the heap */
void heap_set(struct heap *heap, struct heap_node *node, uint64_t due);

/** heap_first() - the node that is due first; NULL: the heap is empty */
static inline struct heap_node *heap_first(const struct heap *heap)
{
	return heap->n ? heap->nodes[0] : NULL;
}

/** heap_due() - when the first one is due; HEAP_NEVER: there is none */
static inline uint64_t heap_due(const struct heap *heap)
{
	return heap->n ? heap->nodes[0]->due : HEAP_NEVER;
}

#endif
