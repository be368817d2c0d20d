// SPDX-License-Identifier: GPL-2.0
/*
 * A frame's action set: OpenFlow 1.3.0, 5.10.  Flows write to it, and it is done when the last
 * list of a pass has ended: tag off, TTL, fields in the order in which they were written, output.
 */
#include <linux/irqflags.h>
#include <linux/netdevice.h>

#include "actions.h"
#include "outcome.h"
#include "trace.h"

/* What is done after what; of each but FIELDS there is one at most. */
enum place_in_set { TAG_OFF, TTL_LESS, FIELDS, OUTPUT, N_PLACES };

static const struct cvsw_action *action_of(const struct cvsw_written *written)
{
	return cvsw_entry_actions(written->entry) + written->index;
}

static enum place_in_set place_in_set(const struct cvsw_action *action)
{
	switch (action->type) {
	case CVSW_ACT_STRIP_VLAN:
		return TAG_OFF;
	case CVSW_ACT_DEC_TTL:
		return TTL_LESS;
	case CVSW_ACT_LOAD:
	case CVSW_ACT_MOVE:
		return FIELDS;
	default:
		return OUTPUT;
	}
}

/* Where it goes: that of another in its place, or a new one. */
static struct cvsw_written *find_written(struct cvsw_walk *walk, enum place_in_set place)
{
	unsigned int i;

	for (i = 0; place != FIELDS && i < walk->n_set; i++)
		if (place_in_set(action_of(&walk->set[i])) == place)
			return &walk->set[i];
	return walk->n_set < CVSW_MAX_SET ? &walk->set[walk->n_set++] : NULL;
}

bool cvsw_action_set_write(struct cvsw_walk *walk, unsigned int n)
{
	const struct cvsw_action *actions = cvsw_entry_actions(walk->entry);

	for (; n--; walk->next++) {
		struct cvsw_written *written;

		written = find_written(walk, place_in_set(&actions[walk->next]));
		if (!written)
			return false;
		*written = (struct cvsw_written){ .entry = walk->entry, .index = walk->next };
	}
	return true;
}

/* Return: what goes on in the frame's direction. */
static struct sk_buff *output_of_set(struct cvsw_walk *walk, struct sk_buff *skb,
				     const struct cvsw_action *action, struct cvsw_outcome *out)
{
	if (action->type == CVSW_ACT_CONTROLLER)
		return cvsw_output_tell(walk, skb, action->max_len);
	/* As must_wait() in engine.c, but nothing can be done later. */
	if (unlikely(irqs_disabled()) && cvsw_output_goes_back(walk, action->port))
		return cvsw_frames_drop(walk->engine->stats, skb, CVSW_CNT_DROP_LATER);
	return cvsw_output_last(walk, skb, action->port, out);
}

static struct sk_buff *run_written(struct cvsw_walk *walk, struct sk_buff *skb,
				   const struct cvsw_action *action, struct cvsw_outcome *out)
{
	cvsw_trace_action(walk, action, skb);
	if (place_in_set(action) == OUTPUT)
		return output_of_set(walk, skb, action, out);
	skb = cvsw_actions_run(skb, cvsw_outcome_layout(out, skb), action, 1, &walk->registers,
			       walk->engine->stats);
	cvsw_outcome_forget(out);
	cvsw_trace_done(walk, skb);
	return skb;
}

static struct sk_buff *run_set(struct cvsw_walk *walk, struct sk_buff *skb, unsigned int n,
			       struct cvsw_outcome *out)
{
	enum place_in_set place;
	unsigned int i;

	for (place = 0; skb && place < N_PLACES; place++)
		for (i = 0; skb && i < n; i++)
			if (place_in_set(action_of(&walk->set[i])) == place)
				skb = run_written(walk, skb, action_of(&walk->set[i]), out);
	return skb;
}

struct sk_buff *cvsw_action_set_run(struct cvsw_walk *walk, struct sk_buff *list, bool *sent,
				    struct cvsw_outcome *out)
{
	struct sk_buff *left = NULL, **end = &left, *skb, *rest;
	struct cvsw_notes before __uninitialized, after __uninitialized;
	unsigned int n = walk->n_set, i;

	*sent = false;
	for (i = 0; i < n; i++)
		*sent |= place_in_set(action_of(&walk->set[i])) == OUTPUT;
	/* Nothing comes behind its output. */
	walk->n_set = 0;
	walk->next = walk->end;
	cvsw_walk_note(&before, walk);
	cvsw_walk_note(&after, walk);
	skb_list_walk_safe(list, skb, rest) {
		skb_mark_not_on_list(skb);
		cvsw_walk_recall(walk, &before);
		skb = run_set(walk, skb, n, out);
		if (skb)
			cvsw_walk_note(&after, walk);
		cvsw_frames_append(&end, skb);
	}
	cvsw_walk_recall(walk, &after);
	return left;
}
