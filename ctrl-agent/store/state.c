// SPDX-License-Identifier: GPL-2.0-or-later
#include "state.h"

#include <event2/event.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/log.h"
#include "nic/flow_text.h"
#include "state_load.h"
#include "state_overlay.h"
#include "store.h"

/* ---- putting ---- */

/* One that is held is managed again when what holds it can be read. */
static bool is_managed(const struct nic *nic)
{
	return nic_hand(nic)->in_use || nic_controlled(nic)->in_use || nic->held;
}

static void put_settings(struct state *state, const struct nic *nic)
{
	const struct own_setting *own_mtu = &nic->desired.own_mtu;
	const struct own_setting *own_offload = &nic->desired.own_offload;
	const struct layer *hand = nic_hand(nic);
	struct row_nic row = {
		.managed = is_managed(nic),
		.has_mtu = hand->mtu, .mtu = hand->mtu,
		.has_offload = hand->has_offload, .offload = hand->offload,
		.has_own_mtu = own_mtu->known, .own_mtu = own_mtu->value,
		.restore_mtu = own_mtu->back,
		.has_own_offload = own_offload->known, .own_offload = own_offload->value,
		.restore_offload = own_offload->back,
	};

	memcpy(row.mac, nic->mac, CVSW_ETH_ALEN);
	if (row.managed || row.has_mtu || row.has_own_mtu || row.has_offload || row.has_own_offload)
		store_put(state->store, ROWS_nic, &row);
	else
		store_delete(state->store, ROWS_nic, &row);
}

void state_put_nic(struct state *state, const struct nic *nic)
{
	struct row_key key = { .key = { nic->key, sizeof(nic->key) } };

	put_settings(state, nic);
	memcpy(key.mac, nic->mac, CVSW_ETH_ALEN);
	if (nic->has_key)
		store_put(state->store, ROWS_key, &key);
	else
		store_delete(state->store, ROWS_key, &key);
}

/* Where the flows of a layer are; both tables have the same columns. */
static enum rows_table_number table_of(enum desired_layer which)
{
	static_assert(sizeof(struct row_controlled) == sizeof(struct row_flow), "one for both");

	return which == DESIRED_CONTROLLER ? ROWS_controlled : ROWS_flow;
}

static void put_flow(struct state *state, const struct nic *nic, enum desired_layer which,
		     const struct cvsw_flow *flow, bool given)
{
	struct row_flow row = { .priority = flow->priority, .given = given };
	char *match, *text;

	if (!state->store)
		return;
	memcpy(row.mac, nic->mac, CVSW_ETH_ALEN);
	row.match = match = flow_text_match(flow);
	row.flow = text = flow_text(flow);
	store_put(state->store, table_of(which), &row);
	free(match);
	free(text);
}

/* Stated anew, so it is not given yet. */
void state_put_flow(struct state *state, const struct nic *nic, enum desired_layer which,
		    const struct cvsw_flow *flow)
{
	put_flow(state, nic, which, flow, false);
}

void state_delete_flow(struct state *state, const struct nic *nic, enum desired_layer which,
		       const struct cvsw_flow *flow)
{
	struct row_flow row = { .priority = flow->priority };
	char *match;

	if (!state->store)
		return;
	memcpy(row.mac, nic->mac, CVSW_ETH_ALEN);
	row.match = match = flow_text_match(flow);
	store_delete(state->store, table_of(which), &row);
	free(match);
}

void state_put_group(struct state *state, const struct nic *nic, const struct cvsw_group *group)
{
	struct row_group row = { .id = group->id };
	char *text;

	if (!state->store)
		return;
	memcpy(row.mac, nic->mac, CVSW_ETH_ALEN);
	row.text = text = group_text(group);
	store_put(state->store, ROWS_group, &row);
	free(text);
}

void state_delete_group(struct state *state, const struct nic *nic, const struct cvsw_group *group)
{
	struct row_group row = { .id = group->id };

	memcpy(row.mac, nic->mac, CVSW_ETH_ALEN);
	store_delete(state->store, ROWS_group, &row);
}

static void put_timed(struct state *state, struct nic *nic)
{
	struct stored_flows stored = desired_stored(&nic->desired);
	struct timed *timed = &nic->timed;
	const struct flow_node *node;

	/* One that ended may be another layer's since. */
	for (size_t i = 0; i < stored.n; i++) {
		flowset_each(node, &timed->ended)
			if (!flowset_find(stored.sets[i], &node->flow.match, node->flow.priority))
				state_delete_flow(state, nic, i, &node->flow);
		flowset_each(node, &timed->taken)
			if (flowset_find(stored.sets[i], &node->flow.match, node->flow.priority))
				put_flow(state, nic, i, &node->flow, true);
	}
	timed_kept(timed);
}

/* Soon, with what comes meanwhile. */
static void commit_within(struct state *state, unsigned int ms)
{
	struct timeval pause = { .tv_usec = ms * 1000 };

	if (!evtimer_pending(state->keep_soon, NULL))
		evtimer_add(state->keep_soon, &pause);
}

/* Of all NICs, in one transaction. */
static bool keep_all_timed(struct state *state)
{
	struct nic *nic;

	state_begin(state);
	nics_each(nic, state->nics)
		put_timed(state, nic);
	return state_commit(state);
}

static void keep(struct turns_work *work)
{
	struct state *state = (struct state *)((char *)work - offsetof(struct state, keeping));
	bool was_stale = state->stale;

	/* If not, state_commit() has seen to another try. */
	if (keep_all_timed(state) && was_stale)
		log_line(LOG_INFO, "the database can be written again, and has all there is");
}

static void on_keep_soon(evutil_socket_t fd, short what, void *arg)
{
	struct state *state = arg;

	(void)fd;
	(void)what;
	turns_put_off(&state->keeping);
}

void state_nic_moved(void *arg, const struct hub_event *event)
{
	struct state *state = arg;
	const struct timed *timed = &event->nic->timed;

	/* What is not kept now is kept by a later try, which takes all there is. */
	if (timed->taken.n && !keep_all_timed(state))
		return;
	if (timed->ended.n)
		commit_within(state, STATE_PAUSE_MS);
}

void state_forget(struct state *state, const struct nic *nic)
{
	struct row_flow flows = { 0 };
	struct row_group groups = { 0 };
	struct row_nic settings = { 0 };

	memcpy(flows.mac, nic->mac, CVSW_ETH_ALEN);
	memcpy(groups.mac, nic->mac, CVSW_ETH_ALEN);
	memcpy(settings.mac, nic->mac, CVSW_ETH_ALEN);
	store_delete_all(state->store, ROWS_group, &groups);
	store_delete_all(state->store, ROWS_flow, &flows);
	store_delete_all(state->store, ROWS_controlled, &flows);
	store_delete(state->store, ROWS_nic, &settings);
}

void state_put_overlay(struct state *state, const struct overlay *overlay)
{
	if (state->store)
		state_overlay_put(state, overlay);
}

void state_delete_overlay(struct state *state, const char *name)
{
	store_delete_all(state->store, ROWS_ways, &(struct row_ways){ .overlay = name });
	store_delete_all(state->store, ROWS_member, &(struct row_member){ .overlay = name });
	store_delete(state->store, ROWS_overlay, &(struct row_overlay){ .name = name });
}

static void put_spi(struct state *state, uint32_t next)
{
	store_put(state->store, ROWS_counter, &(struct row_counter){ .name = "spi", .next = next });
}

/* ---- for rooms above ---- */

bool state_keep_nic(void *arg, const struct nic *nic)
{
	state_begin(arg);
	state_put_nic(arg, nic);
	return state_commit(arg);
}

bool state_keep_spi(void *arg, uint32_t next)
{
	state_begin(arg);
	put_spi(arg, next);
	return state_commit(arg);
}

void state_keep_ways(void *arg, struct overlay *overlay)
{
	struct overlay_member *member;
	struct state *state = arg;

	if (!state->store)
		return;
	overlay_each(member, overlay) {
		if (!member->ways.unkept)
			continue;
		if (!state->begun)
			state_begin(state);
		state->begun = true;
		state_overlay_put_ways(state, overlay, member);
		member->ways.unkept = false;
		commit_within(state, STATE_WAYS_MS);
	}
}

/* ---- transactions ---- */

static void put_flows(struct state *state, const struct nic *nic)
{
	struct stored_flows stored = desired_stored(&nic->desired);
	const struct flow_node *node;

	for (size_t i = 0; i < stored.n; i++)
		flowset_each(node, stored.sets[i])
			put_flow(state, nic, i, &node->flow,
				 flowset_find(&nic->timed.given, &node->flow.match,
					      node->flow.priority));
}

static void put_all(struct state *state)
{
	struct overlay *overlay;
	struct nic *nic;

	for (int table = 0; table < ROWS_N; table++)
		if (table != ROWS_kept)
			store_delete_all(state->store, table, NULL);
	nics_each(nic, state->nics) {
		state_put_nic(state, nic);
		for (size_t i = 0; i < nic_hand(nic)->groups.n; i++)
			state_put_group(state, nic, nic_hand(nic)->groups.groups[i]);
		put_flows(state, nic);
	}
	overlays_each(overlay, state->overlays)
		state_put_overlay(state, overlay);
	put_spi(state, state->overlays->reserved_spi);
}

/* Keys that are in use cannot wait for a full disk: it is tried again, and show says so. */
static void commit_ways(struct state *state)
{
	if (!state->begun)
		return;
	state->begun = false;
	if (!state_commit(state))
		log_limited(LOG_WARNING, "which keys are in use is not stored yet");
}

/*
 * A transaction in which the format is today's: if it was not, everything is put again.  One that
 * state_keep_ways() has begun is over then: a change of a command's may be undone, and that not.
 */
void state_begin(struct state *state)
{
	commit_ways(state);
	store_begin(state->store);
	if (store_version(state->store) == STORE_VERSION)
		return;
	store_upgrade(state->store);
	state->stale = true;
}

bool state_commit(struct state *state)
{
	static const struct timeval retry = { .tv_sec = STATE_RETRY_MS / 1000 };
	bool good;

	/* What failed to be kept before is in nobody's change now. */
	if (state->stale)
		put_all(state);
	good = store_commit(state->store);
	state->stale = !good;
	if (!good)
		evtimer_add(state->keep_soon, &retry);
	return good;
}

void state_scrub(struct state *state)
{
	store_scrub(state->store);
}

/* ---- from start to end ---- */

void state_start(struct state *state, struct event_base *base, struct nics *nics,
		 struct overlays *overlays)
{
	*state = (struct state){ .nics = nics, .overlays = overlays };
	STAILQ_INIT(&state->unread);
	state->keep_soon = alloc_checked(evtimer_new(base, on_keep_soon, state));
	state->keeping.run = keep;
}

/* Rows of a former format get today's: all of them, or none. */
static void upgrade(struct state *state)
{
	int version = store_version(state->store);

	if (version == STORE_VERSION)
		return;
	state_begin(state);
	if (!state_commit(state))
		return;
	store_scrub(state->store);
	log_line(LOG_INFO, "the database had format %d and has format %d now", version,
		 STORE_VERSION);
}

bool state_open(struct state *state, const char *path)
{
	state->store = store_open(path);
	if (!state->store || !state_load(state))
		return false;
	upgrade(state);
	return true;
}

void state_end(struct state *state)
{
	struct unread_row *row;

	if ((evtimer_pending(state->keep_soon, NULL) || state->keeping.waits) &&
	    !keep_all_timed(state))
		log_line(LOG_ERR, "the last changes are lost");
	event_free(state->keep_soon);
	turns_drop(&state->keeping);
	while ((row = STAILQ_FIRST(&state->unread))) {
		STAILQ_REMOVE_HEAD(&state->unread, in_list);
		free(row);
	}
	store_close(state->store);
	state->store = NULL;
}
