// SPDX-License-Identifier: GPL-2.0-or-later
#include "timed.h"

#include "nic.h"

void timed_init(struct timed *timed)
{
	flowset_init(&timed->going);
	flowset_init(&timed->given);
	flowset_init(&timed->taken);
	flowset_init(&timed->ended);
}

void timed_clear(struct timed *timed)
{
	flowset_clear(&timed->going);
	flowset_clear(&timed->given);
	timed_kept(timed);
}

bool timed_is_given(const struct timed *timed, const struct cvsw_flow *flow)
{
	return flowset_has(&timed->given, flow);
}

void timed_stated(struct timed *timed, const struct cvsw_flow *flow)
{
	flowset_remove(&timed->going, &flow->match, flow->priority);
	flowset_remove(&timed->given, &flow->match, flow->priority);
	flowset_remove(&timed->taken, &flow->match, flow->priority);
	flowset_remove(&timed->ended, &flow->match, flow->priority);
}

void timed_modified(struct timed *timed, const struct cvsw_flow *flow)
{
	if (!flowset_find(&timed->given, &flow->match, flow->priority))
		return;
	flowset_put(&timed->given, flow);
	flowset_put(&timed->taken, flow);
	timed->n_news++;
}

void timed_go(struct timed *timed, const struct cvsw_flow *flow)
{
	if (flow_is_timed(flow))
		flowset_put(&timed->going, flow);
}

static void give(struct timed *timed, const struct cvsw_flow *flow)
{
	if (!flowset_put(&timed->given, flow))
		return;
	flowset_put(&timed->taken, flow);
	timed->n_news++;
}

void timed_arrived(struct timed *timed, bool taken)
{
	const struct flow_node *node;

	if (taken)
		flowset_each(node, &timed->going)
			give(timed, &node->flow);
	flowset_clear(&timed->going);
}

bool timed_end(struct nic *nic, const struct cvsw_flow *flow)
{
	struct timed *timed = &nic->timed;

	/* One that was stated again since, and is not given yet, is another one. */
	if (!timed_is_given(timed, flow))
		return false;
	flowset_put(&timed->ended, flow);
	timed->n_news++;
	flowset_remove(&timed->taken, &flow->match, flow->priority);
	desired_remove(&nic->desired, flow);
	flowset_remove(&timed->given, &flow->match, flow->priority);
	return true;
}

void timed_compare(struct nic *nic,
		   void (*missing)(struct nic *nic, const struct cvsw_flow *flow))
{
	struct timed *timed = &nic->timed;
	struct flow_node *node = TAILQ_FIRST(&timed->given.order), *next;

	for (; node; node = next) {
		next = TAILQ_NEXT(node, in_order);
		if (flowset_find(&nic->table, &node->flow.match, node->flow.priority))
			continue;
		if (missing)
			missing(nic, &node->flow);
		timed_end(nic, &node->flow);
	}
}

void timed_listed(struct nic *nic)
{
	struct stored_flows stored = desired_stored(&nic->desired);
	const struct flow_node *node;

	for (size_t i = 0; i < stored.n; i++)
		flowset_each(node, stored.sets[i])
			if (flow_is_timed(&node->flow) && flowset_has(&nic->table, &node->flow))
				give(&nic->timed, &node->flow);
}

void timed_kept(struct timed *timed)
{
	flowset_clear(&timed->taken);
	flowset_clear(&timed->ended);
}
