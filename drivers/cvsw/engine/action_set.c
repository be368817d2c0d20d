// SPDX-License-Identifier: GPL-2.0
/*
 * A frame's action set: OpenFlow 1.3.0, 5.10.  Flows write to it, and it is done when the last
 * list of a pass has ended: tag off, TTL, fields in the order in which they were written, and then
 * its group or else its output, which the engine does as a list of its own.
 */
#include <linux/netdevice.h>

#include "actions.h"
#include "outcome.h"
#include "trace.h"

/* What is done after what; of each but FIELDS there is one at most. */
enum place_in_set { TAG_OFF, TTL_LESS, FIELDS, OUTPUT };

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

/* The one of this place, if there is one. */
static struct cvsw_written *written_in(struct cvsw_walk *walk, enum place_in_set place)
{
	unsigned int i;

	for (i = 0; i < walk->n_set; i++)
		if (place_in_set(action_of(&walk->set[i])) == place)
			return &walk->set[i];
	return NULL;
}

/* Return: false: there is no room. */
static bool put_in_set(struct cvsw_walk *walk, const struct cvsw_action *action)
{
	enum place_in_set place = place_in_set(action);
	struct cvsw_written *written = place == FIELDS ? NULL : written_in(walk, place);

	/* A group goes before an output, whichever comes first. */
	if (written && action_of(written)->type == CVSW_ACT_GROUP && action->type != CVSW_ACT_GROUP)
		return true;
	if (!written && walk->n_set == CVSW_MAX_SET)
		return false;
	written = written ?: &walk->set[walk->n_set++];
	*written = (struct cvsw_written){ .entry = walk->entry, .index = walk->next };
	return true;
}

bool cvsw_action_set_write(struct cvsw_walk *walk, unsigned int n)
{
	const struct cvsw_action *actions = cvsw_entry_actions(walk->entry);

	for (; n--; walk->next++)
		if (!put_in_set(walk, &actions[walk->next]))
			return false;
	return true;
}

static struct sk_buff *run_written(struct cvsw_walk *walk, struct sk_buff *skb,
				   const struct cvsw_action *action, struct cvsw_outcome *out)
{
	cvsw_trace_action(walk, action, skb);
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

	for (place = 0; skb && place < OUTPUT; place++)
		for (i = 0; skb && i < n; i++)
			if (place_in_set(action_of(&walk->set[i])) == place)
				skb = run_written(walk, skb, action_of(&walk->set[i]), out);
	return skb;
}

struct sk_buff *cvsw_action_set_run(struct cvsw_walk *walk, struct sk_buff *list,
				    struct cvsw_outcome *out)
{
	struct sk_buff *left = NULL, **end = &left, *skb, *rest;
	struct cvsw_notes before __uninitialized, after __uninitialized;
	struct cvsw_written *output = written_in(walk, OUTPUT);
	unsigned int n = walk->n_set;

	walk->n_set = 0;
	walk->next = walk->end;
	if (output) {
		walk->entry = output->entry;
		walk->next = output->index;
		walk->end = walk->next + 1;
	}
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
