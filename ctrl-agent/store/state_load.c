// SPDX-License-Identifier: GPL-2.0-or-later
#include "state_load.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/offload.h"
#include "nic/flow_text.h"

#define LOGGED_ROWS	20

/* Of an overlay that cannot be read, which is said already: they stay in the file with it. */
static const char lost_with_overlay[] = "its overlay cannot be read";

static const char not_a_nic[] = "its key is not a NIC's MAC address";

void load_skipped(void *arg, const struct store_unread *row)
{
	struct state *state = ((struct loading *)arg)->state;
	struct unread_row *unread;

	if (row->why == lost_with_overlay)
		return;
	unread = xcalloc(1, sizeof(*unread));
	snprintf(unread->table, sizeof(unread->table), "%s", row->table);
	snprintf(unread->key, sizeof(unread->key), "%s", row->key);
	snprintf(unread->why, sizeof(unread->why), "%s", row->why);
	STAILQ_INSERT_TAIL(&state->unread, unread, in_list);
	if (state->n_unread++ < LOGGED_ROWS)
		log_line(LOG_ERR, "database: %s \"%s\" cannot be read, is skipped and stays as it "
			 "is: %s", unread->table, unread->key, unread->why);
}

/* ---- NICs ---- */

static struct nic *nic_of(struct loading *loading, const uint8_t mac[CVSW_ETH_ALEN])
{
	return nics_is_station(mac) ? nics_get(loading->state->nics, mac) : NULL;
}

static bool are_offloads(uint16_t bits)
{
	for (size_t i = 0; i < N_OFFLOADS; i++)
		bits &= ~offload_names[i].bit;
	return !bits;
}

const char *load_nic(void *arg, const void *at)
{
	const struct row_nic *row = at;
	struct nic *nic = nic_of(arg, row->mac);
	struct layer *hand;

	if (!nic)
		return not_a_nic;
	if (row->has_mtu && row->mtu < NIC_MIN_MTU)
		return "its MTU is wrong";
	if (!are_offloads(row->offload) || !are_offloads(row->own_offload))
		return "its offloads are wrong";
	if ((row->restore_mtu && !row->has_own_mtu) ||
	    (row->restore_offload && !row->has_own_offload))
		return "what is to be restored is missing";
	hand = nic_hand(nic);
	hand->in_use = row->managed;
	hand->mtu = row->mtu;
	hand->has_offload = row->has_offload;
	hand->offload = row->offload;
	nic->desired.own_mtu = (struct own_setting){ row->has_own_mtu, row->restore_mtu,
						     row->own_mtu };
	nic->desired.own_offload = (struct own_setting){ row->has_own_offload,
							 row->restore_offload, row->own_offload };
	return NULL;
}

/* Its NIC is managed, even if that row is the one that cannot be read. */
const char *load_group(void *arg, const void *at)
{
	const struct row_group *row = at;
	struct loading *loading = arg;
	struct nic *nic = nic_of(loading, row->mac);
	struct cvsw_text_error error;
	struct cvsw_group group;

	if (!nic)
		return not_a_nic;
	if (!cvsw_text_parse_group(row->text, &group, NULL, &error)) {
		snprintf(loading->why, sizeof(loading->why), "column %u: %.140s", error.column,
			 error.message);
		return loading->why;
	}
	if (group.id != row->id)
		return "its key is another group's";
	groupset_put(&nic_hand(nic)->groups, &group);
	desired_use(&nic->desired, DESIRED_HAND);
	return NULL;
}

/* A flow is stored under its own match and priority, or a later change would miss it. */
static bool is_named(const struct cvsw_flow *flow, const struct row_flow *row)
{
	char *match = flow_text_match(flow);
	bool same = flow->priority == row->priority && !strcmp(match, row->match);

	free(match);
	return same;
}

static const char *take_flow(struct loading *loading, const struct row_flow *row,
			     enum desired_layer which)
{
	struct stored_flows stored;
	struct nic *nic = nic_of(loading, row->mac);
	struct cvsw_text_error error;
	struct cvsw_flow flow;

	if (!nic)
		return not_a_nic;
	if (!flow_text_parse(row->flow, &flow, &error)) {
		snprintf(loading->why, sizeof(loading->why), "column %u: %.140s", error.column,
			 error.message);
		return loading->why;
	}
	if (!is_named(&flow, row))
		return "its key is another flow's";
	if (row->given && !flow_is_timed(&flow))
		return "it has no timeout, so it cannot have been given";
	stored = desired_stored(&nic->desired);
	if (stored_find(&stored, &flow.match, flow.priority))
		return "a command states a flow of this match and priority";
	flowset_put(&nic->desired.layers[which].flows, &flow);
	if (row->given)
		flowset_put(&nic->timed.given, &flow);
	desired_use(&nic->desired, which);
	return NULL;
}

/* Its NIC is managed, even if that row is the one that cannot be read. */
const char *load_flow(void *arg, const void *row)
{
	return take_flow(arg, row, DESIRED_HAND);
}

static const char *load_controlled(void *arg, const void *row)
{
	return take_flow(arg, row, DESIRED_CONTROLLER);
}

const char *load_key(void *arg, const void *at)
{
	const struct row_key *row = at;
	struct nic *nic = nic_of(arg, row->mac);

	if (!nic)
		return not_a_nic;
	if (row->key.len == sizeof(nic->key)) {
		nic_set_key(nic, row->key.at);
		return NULL;
	}
	nic->key_unread = true;
	return "a NIC's key has 32 bytes; the NIC is not trusted until it gets its key again";
}

/* store_each()'s @skipped: whatever is wrong with it, that NIC has a key. */
static void key_skipped(void *arg, const struct store_unread *unread)
{
	const struct row_key *row = unread->row;
	struct nic *nic = unread->readable & 1 ? nic_of(arg, row->mac) : NULL;

	if (nic)
		nic->key_unread = true;
	load_skipped(arg, unread);
}

/* ---- overlays ---- */

void load_lose_nic(struct loading *loading, const uint8_t mac[CVSW_ETH_ALEN])
{
	loading->lost = alloc_checked(reallocarray(loading->lost, loading->n_lost_nics + 1,
						   sizeof(*loading->lost)));
	memcpy(loading->lost[loading->n_lost_nics++], mac, CVSW_ETH_ALEN);
}

static struct stored_overlay *find_stored(struct loading *loading, const char *name)
{
	struct stored_overlay *stored;

	STAILQ_FOREACH(stored, &loading->stored, in_list)
		if (!strcmp(stored->config.name, name))
			return stored;
	return NULL;
}

static const char *take_overlay(void *arg, const void *row)
{
	struct stored_overlay *stored = xcalloc(1, sizeof(*stored));
	struct loading *loading = arg;

	if (state_overlay_read(row, stored)) {
		STAILQ_INSERT_TAIL(&loading->stored, stored, in_list);
		return NULL;
	}
	free(stored);
	return "its settings are wrong";
}

static void overlay_skipped(void *arg, const struct store_unread *unread)
{
	((struct loading *)arg)->n_lost++;
	load_skipped(arg, unread);
}

static const char *take_member(void *arg, const void *at)
{
	const struct row_member *row = at;
	struct loading *loading = arg;
	struct stored_overlay *stored = find_stored(loading, row->overlay);
	struct stored_member member;

	if (!state_overlay_read_member(row, &member))
		return "its slot or its MAC addresses are wrong";
	if (!stored)
		return loading->n_lost ? lost_with_overlay : "there is no such overlay";
	return state_overlay_add_member(stored, &member) ? NULL : "its overlay has too many members";
}

/* Which overlay it is a member of, and perhaps which NIC, is not known. */
static void member_skipped(void *arg, const struct store_unread *unread)
{
	const struct row_member *row = unread->row;
	struct loading *loading = arg;

	if (nics_is_station(row->mac)) {
		load_lose_nic(loading, row->mac);
		loading->n_unplaced += unread->why != lost_with_overlay;
	} else {
		loading->all_lost = true;
	}
	load_skipped(arg, unread);
}

/* The overlay is not made; more of its members may be missing than are known otherwise. */
static void lose(struct loading *loading, struct stored_overlay *stored, const char *why)
{
	size_t n_missing = stored->n < stored->n_stored ? stored->n_stored - stored->n : 0;

	stored->why = why;
	for (size_t i = 0; i < stored->n; i++)
		load_lose_nic(loading, stored->members[i].macs[0]);
	if (n_missing > loading->n_unplaced)
		loading->all_lost = true;
	else
		loading->n_unplaced -= n_missing;
}

/* Returns how many cannot be. */
static size_t make_overlays(struct loading *loading)
{
	struct stored_overlay *stored;
	size_t n = 0;

	STAILQ_FOREACH(stored, &loading->stored, in_list) {
		const char *why = stored->n == stored->n_stored ?
				  state_overlay_make(loading->state, stored) :
				  "not all of its members can be read, or there are more than it has";

		if (!why)
			continue;
		lose(loading, stored, why);
		n++;
	}
	return n;
}

static const char *take_lost_overlay(void *arg, const void *row)
{
	const struct stored_overlay *stored = find_stored(arg, ((const struct row_overlay *)row)->name);

	return stored ? stored->why : NULL;
}

static const char *take_lost_member(void *arg, const void *row)
{
	const struct row_member *member = row;
	struct loading *loading = arg;

	return overlays_find(loading->state->overlays, member->overlay) ? NULL : lost_with_overlay;
}

/* First all is read, then overlays are made, then the rows of those that cannot be are named. */
static bool load_overlays(struct loading *loading)
{
	struct store *store = loading->state->store;

	return store_each(store, ROWS_overlay, take_overlay, overlay_skipped, loading) &&
	       store_each(store, ROWS_member, take_member, member_skipped, loading) &&
	       (!make_overlays(loading) ||
		(store_each(store, ROWS_overlay, take_lost_overlay, overlay_skipped, loading) &&
		 store_each(store, ROWS_member, take_lost_member, load_skipped, loading)));
}

const char *load_ways(void *arg, const void *at)
{
	const struct row_ways *row = at;
	struct loading *loading = arg;

	if (!overlays_find(loading->state->overlays, row->overlay) && loading->n_lost)
		return lost_with_overlay;
	return state_overlay_load_ways(loading->state, row);
}

/* Without it the counter begins at random, as it did at first. */
const char *load_counter(void *arg, const void *at)
{
	struct overlays *overlays = ((struct loading *)arg)->state->overlays;
	const struct row_counter *row = at;

	if (strcmp(row->name, "spi"))
		return "it is not known to this version of cvswd";
	overlays->world.next_spi = overlays->reserved_spi = row->next;
	return NULL;
}

static void hold(struct nic *nic)
{
	if (nic->member || !desired_is_managed(&nic->desired))
		return;
	log_limited(LOG_WARNING, "NIC " MAC_FORMAT " is left alone: it may belong to an overlay "
		    "that cannot be read", MAC_BYTES(nic->mac));
	nic_hand(nic)->in_use = nic_controlled(nic)->in_use = false;
	nic->held = true;
}

/* Those that may be members of an overlay that cannot be read. */
static void hold_lost(struct loading *loading)
{
	struct nics *nics = loading->state->nics;
	struct nic *nic;

	for (size_t i = 0; i < loading->n_lost_nics; i++) {
		nic = nics_find(nics, loading->lost[i]);
		if (nic)
			hold(nic);
	}
	if (loading->all_lost)
		nics_each(nic, nics)
			hold(nic);
}

/* ---- all of it ---- */

/* In this order: a link begins with what its NIC should be, and the NICs of overlays are there. */
static bool load_all(struct loading *loading)
{
	struct store *store = loading->state->store;

	return store_each(store, ROWS_nic, load_nic, load_skipped, loading) &&
	       store_each(store, ROWS_group, load_group, load_skipped, loading) &&
	       store_each(store, ROWS_flow, load_flow, load_skipped, loading) &&
	       store_each(store, ROWS_controlled, load_controlled, load_skipped, loading) &&
	       store_each(store, ROWS_key, load_key, key_skipped, loading) &&
	       load_overlays(loading) &&
	       store_each(store, ROWS_ways, load_ways, load_skipped, loading) &&
	       store_each(store, ROWS_counter, load_counter, load_skipped, loading) &&
	       load_former(loading) &&
	       store_each_other(store, load_skipped, loading);
}

static void say_what_is_wrong(const struct state *state)
{
	const struct nics *nics = state->nics;

	if (state->n_unread > LOGGED_ROWS)
		log_line(LOG_ERR, "database: %zu rows cannot be read; cvswctl show lists them",
			 state->n_unread);
	if (nics->n > nics->max)
		log_line(LOG_WARNING, "the database has %zu NICs, %zu more than --max-nics %zu: "
			 "all are loaded, no other NIC is accepted", nics->n, nics->n - nics->max,
			 nics->max);
}

bool state_load(struct state *state)
{
	struct loading loading = { .state = state };
	struct stored_overlay *stored;
	bool good;

	STAILQ_INIT(&loading.stored);
	state->nics->loading = true;
	good = load_all(&loading);
	hold_lost(&loading);
	while ((stored = STAILQ_FIRST(&loading.stored))) {
		STAILQ_REMOVE_HEAD(&loading.stored, in_list);
		state_overlay_end(stored);
		free(stored);
	}
	free(loading.lost);
	nics_loaded(state->nics);
	if (good)
		say_what_is_wrong(state);
	return good;
}
