// SPDX-License-Identifier: GPL-2.0
/* What the commands of a flow_mod do to the table: OpenFlow 1.0.0, 4.6. */
#include <linux/sched.h>
#include <linux/slab.h>

#include "table_parts.h"

/* ---- which entries a flow_mod means ---- */

/**
 * struct selection
 * @match: the entry's is covered by it
 * @out_port: the entry outputs to it; zero: any or none
 */
struct selection {
	const struct cvsw_match *match;
	u16 out_port;
};

static bool outputs_to(const struct cvsw_entry *entry, u16 port)
{
	return cvsw_actions_output_to(cvsw_entry_actions(entry), entry->n_actions, port);
}

static bool flow_selects(const struct selection *selection, const struct cvsw_entry *entry)
{
	struct cvsw_match match;

	cvsw_entry_match(entry, &match);
	return cvsw_match_covers(selection->match, &match) &&
	       (!selection->out_port || outputs_to(entry, selection->out_port));
}

/* The one entry, if any, of the flow's match and priority. */
static struct cvsw_entry *find_twin(const struct cvsw_table *table, const struct cvsw_flow *flow)
{
	const struct cvsw_masks *masks = cvsw_table_masks(table, flow->match.table);

	return masks ? cvsw_masks_twin(masks, &flow->match, flow->priority) : NULL;
}

/*
 * Call @act for each entry selected that the next version has so far, but for
 * those that @act itself adds.
 */
static int for_each_selected(struct cvsw_table *table, const struct selection *selection,
			     int (*act)(struct cvsw_table *table, struct cvsw_entry *entry,
			     void *arg), void *arg)
{
	struct cvsw_entry *entry, *next;
	unsigned long id;
	LIST_HEAD(added);
	int err = 0;

	list_splice_init(&table->change.added, &added);
	list_for_each_entry_safe(entry, next, &added, in_change) {
		list_move_tail(&entry->in_change, &table->change.added);
		if (!err && flow_selects(selection, entry))
			err = act(table, entry, arg);
		cond_resched();
	}
	xa_for_each(&table->walk, id, entry) {
		if (err)
			break;
		if (cvsw_entry_stays(entry) && flow_selects(selection, entry))
			err = act(table, entry, arg);
		cond_resched();
	}
	return err;
}

/* ---- ADD ---- */

/* Given the same match and priority. */
static bool does_the_same(const struct cvsw_entry *entry, const struct cvsw_flow *flow)
{
	return entry->cookie == flow->cookie && entry->idle_timeout == flow->idle_timeout &&
	       entry->hard_timeout == flow->hard_timeout &&
	       entry->flags == (flow->flags & CVSW_FLOW_SEND_REMOVED) &&
	       cvsw_actions_equal(cvsw_entry_actions(entry), entry->n_actions, flow->actions,
				  flow->n_actions);
}

static bool flow_overlaps(const struct cvsw_entry *entry, const struct cvsw_flow *flow)
{
	struct cvsw_match match;

	cvsw_entry_match(entry, &match);
	return entry->priority == flow->priority && cvsw_match_overlaps(&match, &flow->match);
}

/* CHECK_OVERLAP: as in Open vSwitch, one with the same match is replaced, not overlapped. */
static bool would_overlap(struct cvsw_table *table, const struct cvsw_flow *flow)
{
	struct cvsw_entry *entry;
	unsigned long id;

	list_for_each_entry(entry, &table->change.added, in_change) {
		if (flow_overlaps(entry, flow))
			return true;
		cond_resched();
	}
	xa_for_each(&table->walk, id, entry) {
		if (cvsw_entry_will_be(table, entry) && flow_overlaps(entry, flow))
			return true;
		cond_resched();
	}
	return false;
}

static int flow_insert(struct cvsw_table *table, struct cvsw_entry *entry, struct cvsw_entry *twin)
{
	int err;

	if (!entry)
		return -ENOMEM;
	err = cvsw_change_insert(table, entry, twin);
	if (err)
		cvsw_entry_put(entry);
	return err;
}

static int flow_add(struct cvsw_table *table, const struct cvsw_flow *flow)
{
	struct cvsw_entry *twin = find_twin(table, flow);
	bool in_place = twin && cvsw_entry_will_be(table, twin);
	struct cvsw_masks *masks;
	struct cvsw_mask *mask;

	if (!in_place && flow->flags & CVSW_FLOW_CHECK_OVERLAP && would_overlap(table, flow))
		return -EEXIST;
	if (table->change.replace && twin && does_the_same(twin, flow)) {
		cvsw_change_keep(table, twin);
		return 0;
	}
	masks = cvsw_table_make_masks(table, flow->match.table);
	mask = masks ? cvsw_masks_get(masks, &flow->match.mask) : NULL;
	if (!mask)
		return -ENOMEM;
	return flow_insert(table, cvsw_entry_create(flow, mask, NULL), twin);
}

/* ---- MODIFY ---- */

/**
 * struct modification
 * @flow: its actions and cookie are the new ones
 * @as_it_will_be: scratch: an entry's match, priority and timeouts with them
 * @any: was one found?
 */
struct modification {
	const struct cvsw_flow *flow;
	struct cvsw_flow *as_it_will_be;
	bool any;
};

/* Counters, timeouts and the time that they have run go on. */
static int modify_entry(struct cvsw_table *table, struct cvsw_entry *entry, void *arg)
{
	struct modification *modification = arg;
	struct cvsw_flow *then = modification->as_it_will_be;

	modification->any = true;
	cvsw_entry_flow(entry, then);
	then->cookie = modification->flow->cookie;
	then->n_actions = modification->flow->n_actions;
	memcpy(then->actions, modification->flow->actions, sizeof(then->actions));
	return flow_insert(table, cvsw_entry_create(then, entry->mask, entry->hits), entry);
}

static int modify_selected(struct cvsw_table *table, const struct cvsw_flow *flow, bool strict,
			   struct modification *modification)
{
	struct selection selection = { .match = &flow->match };
	struct cvsw_entry *twin;

	if (!strict)
		return for_each_selected(table, &selection, modify_entry, modification);
	twin = find_twin(table, flow);
	return twin ? modify_entry(table, twin, modification) : 0;
}

static int flow_modify(struct cvsw_table *table, const struct cvsw_flow *flow, bool strict)
{
	struct modification modification = { .flow = flow };
	int err;

	modification.as_it_will_be = kvzalloc(sizeof(*flow), GFP_KERNEL);
	if (!modification.as_it_will_be)
		return -ENOMEM;
	err = modify_selected(table, flow, strict, &modification);
	kvfree(modification.as_it_will_be);
	if (err || modification.any)
		return err;
	return flow_add(table, flow);
}

/* ---- DELETE ---- */

static int delete_entry(struct cvsw_table *table, struct cvsw_entry *entry, void *arg)
{
	unsigned int *removed = arg;

	cvsw_change_remove(table, entry, CVSW_DELETED);
	(*removed)++;
	return 0;
}

static void delete_strict(struct cvsw_table *table, const struct cvsw_flow *flow)
{
	struct cvsw_entry *twin = find_twin(table, flow);

	if (twin && (!flow->out_port || outputs_to(twin, flow->out_port)))
		cvsw_change_remove(table, twin, CVSW_DELETED);
}

static unsigned int flow_delete(struct cvsw_table *table, const struct cvsw_match *match,
				u16 out_port)
{
	struct selection selection = { .match = match, .out_port = out_port };
	unsigned int removed = 0;

	for_each_selected(table, &selection, delete_entry, &removed);
	return removed;
}

/* ---- the commands ---- */

static bool has_groups(const struct cvsw_table *table, enum cvsw_flow_command command,
		       const struct cvsw_flow *flow)
{
	return command == CVSW_FLOW_DELETE || command == CVSW_FLOW_DELETE_STRICT ||
	       cvsw_groups_have_all(table, flow->actions, flow->n_actions);
}

static int do_command(struct cvsw_table *table, enum cvsw_flow_command command,
		      const struct cvsw_flow *flow)
{
	cvsw_change_remove_orphans(table);
	if (!has_groups(table, command, flow))
		return -ENXIO;
	switch (command) {
	case CVSW_FLOW_ADD:
		return flow_add(table, flow);
	case CVSW_FLOW_MODIFY:
		return flow_modify(table, flow, false);
	case CVSW_FLOW_MODIFY_STRICT:
		return flow_modify(table, flow, true);
	case CVSW_FLOW_DELETE:
		flow_delete(table, &flow->match, flow->out_port);
		return 0;
	case CVSW_FLOW_DELETE_STRICT:
		delete_strict(table, flow);
		return 0;
	}
	return -EINVAL;
}

int cvsw_table_flow_mod(struct cvsw_table *table, enum cvsw_flow_command command,
			const struct cvsw_flow *flow)
{
	int err;

	if (table->change.on)
		return do_command(table, command, flow);
	cvsw_table_begin(table, false);
	err = do_command(table, command, flow);
	if (err)
		cvsw_table_abort(table);
	else
		cvsw_table_commit(table);
	return err;
}
