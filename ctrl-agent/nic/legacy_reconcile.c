// SPDX-License-Identifier: GPL-2.0-or-later
#include "legacy_reconcile.h"

static bool is_extra(const struct flowset *intent, const struct cvsw_flow *listed)
{
	return !flowset_find(intent, &listed->match, listed->priority);
}

static bool goes_with(const struct reconcile_step *steps, size_t n, const struct cvsw_flow *flow)
{
	for (size_t i = 0; i < n; i++)
		if (cvsw_match_covers(&steps[i].flow->match, &flow->match))
			return true;
	return false;
}

size_t reconcile(const struct flowset *intent, const struct flowset *table,
		 struct reconcile_step *steps, size_t max)
{
	/* A match without a field: every flow. */
	static const struct cvsw_flow everything;
	const struct flow_node *node;
	size_t n = 0;

	if (!intent->n && table->n && max) {
		steps[0] = (struct reconcile_step){ CVSW_MSG_DELETE_ENTRY, &everything };
		return 1;
	}
	flowset_each(node, table) {
		if (n == max)
			return n;
		if (is_extra(intent, &node->flow) && !goes_with(steps, n, &node->flow))
			steps[n++] = (struct reconcile_step){ CVSW_MSG_DELETE_ENTRY, &node->flow };
	}
	if (n)
		return n;
	flowset_each(node, intent) {
		if (n == max)
			return n;
		/* One with other actions was not deleted: SET replaces it in one step. */
		if (!flowset_has(table, &node->flow))
			steps[n++] = (struct reconcile_step){ CVSW_MSG_SET_ENTRY, &node->flow };
	}
	return n;
}

void reconcile_apply(struct flowset *table, const struct reconcile_step *step)
{
	if (step->type == CVSW_MSG_DELETE_ENTRY)
		flowset_remove_covered(table, &step->flow->match);
	else
		flowset_put(table, step->flow);
}
