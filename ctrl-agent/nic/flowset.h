/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of flows in which match and priority are the key, as in a flow table.
 * It remembers the order of insertion, so that what people read is stable, and what was put
 * last, so that whoever follows its changes need not look at all of it.
 */
#ifndef CVSWD_FLOWSET_H
#define CVSWD_FLOWSET_H

#include <sys/queue.h>

#include "cvsw_flow.h"

/*
 * @put: which flowset_put() of all was the last of it
 * @flow: only its first n_actions actions are there: never to be copied as a struct
 */
struct flow_node {
	TAILQ_ENTRY(flow_node) in_order;
	TAILQ_ENTRY(flow_node) by_put;
	uint64_t put;
	struct flow_node *next_in_bucket;
	struct cvsw_flow flow;
};

struct flowset {
	TAILQ_HEAD(flow_order, flow_node) order;
	TAILQ_HEAD(flow_puts, flow_node) puts;
	struct flow_node **buckets;
	size_t n_buckets;	/* zero or a power of two */
	size_t n;
};

void flowset_init(struct flowset *set);

/** flowset_clear() - remove and free everything; the set can be used again */
void flowset_clear(struct flowset *set);

/** flowset_hash() - of a key; another one each time that the daemon starts */
uint64_t flowset_hash(const struct cvsw_match *match, uint16_t priority);

/** flowset_find() - the flow of this match (in normal form) and priority, or NULL */
const struct cvsw_flow *flowset_find(const struct flowset *set, const struct cvsw_match *match,
				     uint16_t priority);

/** flowset_has() - is the very same flow there? */
bool flowset_has(const struct flowset *set, const struct cvsw_flow *flow);

/**
 * flowset_put() - add a copy of a flow, or let it replace the one of its key
 *
 * Return: false if the very same flow was there already; it counts as put, even so.
 */
bool flowset_put(struct flowset *set, const struct cvsw_flow *flow);

/** flowset_remove() - the flow of this match and priority, if it is there; they may be its own */
void flowset_remove(struct flowset *set, const struct cvsw_match *match, uint16_t priority);

/**
 * flowset_remove_covered() - OpenFlow's non-strict DELETE
 * @match: removes each flow whose frames would all match; may point into @set
 *
 * Return: how many went.
 */
size_t flowset_remove_covered(struct flowset *set, const struct cvsw_match *match);

/** flowset_move() - @to loses its flows and takes those of @from, which is empty after */
void flowset_move(struct flowset *to, struct flowset *from);

/** flowset_sorted() - the flows by falling priority; free() it; NULL if there are none */
const struct cvsw_flow **flowset_sorted(const struct flowset *set);

/** flowset_now() - the number of the last flowset_put() of all */
uint64_t flowset_now(void);

/** flowset_since() - the first node that was put after that flowset_put(), or NULL */
struct flow_node *flowset_since(const struct flowset *set, uint64_t put);

#define flowset_each_since(node, set, number) \
	for ((node) = flowset_since(set, number); (node); (node) = TAILQ_NEXT(node, by_put))

#define flowset_each(node, set)	TAILQ_FOREACH(node, &(set)->order, in_order)

#endif
