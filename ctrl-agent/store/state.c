// SPDX-License-Identifier: GPL-2.0-or-later
#include "state.h"

#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/log.h"
#include "api/report.h"
#include "state_overlay.h"
#include "store.h"
#include "base/wipe.h"

#define FLOW_KIND_LEN	(sizeof("given ") + MAC_TEXT_LEN)
#define WAYS_KIND_LEN	(sizeof("ways ") + OVERLAY_NAME_LEN)

static void mac_text(const struct nic *nic, char text[MAC_TEXT_LEN])
{
	snprintf(text, MAC_TEXT_LEN, MAC_FORMAT, MAC_BYTES(nic->mac));
}

static void flow_kind(const struct nic *nic, char kind[FLOW_KIND_LEN])
{
	snprintf(kind, FLOW_KIND_LEN, "flow " MAC_FORMAT, MAC_BYTES(nic->mac));
}

static void given_kind(const struct nic *nic, char kind[FLOW_KIND_LEN])
{
	snprintf(kind, FLOW_KIND_LEN, "given " MAC_FORMAT, MAC_BYTES(nic->mac));
}

/* ---- putting ---- */

static void put_json(struct agent *agent, const char *kind, const char *name, json_t *json)
{
	char *text = alloc_checked(json_dumps(json, JSON_COMPACT));

	store_put(agent->store, kind, name, text, strlen(text));
	wipe_free(text);	/* jansson's: cvswd.c */
	json_decref(json);
}

/* One that is held is managed again when what holds it can be read. */
static bool is_managed(const struct nic *nic)
{
	return nic_hand(nic)->in_use || nic->held;
}

static json_t *settings_of(const struct nic *nic)
{
	const struct own_setting *own_mtu = &nic->desired.own_mtu;
	const struct own_setting *own_offload = &nic->desired.own_offload;
	const struct layer *hand = nic_hand(nic);
	json_t *json = json_pack("{s:b}", "managed", is_managed(nic));

	if (hand->mtu)
		json_object_set_new(json, "mtu", json_integer(hand->mtu));
	if (own_mtu->known)
		json_object_set_new(json, "own_mtu", json_integer(own_mtu->value));
	if (own_mtu->back)
		json_object_set_new(json, "restore_mtu", json_integer(own_mtu->value));
	if (hand->has_offload)
		json_object_set_new(json, "offload", report_offload(hand->offload));
	if (own_offload->known)
		json_object_set_new(json, own_offload->back ? "restore_offload" : "own_offload",
				    report_offload(own_offload->value));
	return json;
}

void state_put_nic(struct agent *agent, const struct nic *nic)
{
	const struct layer *hand = nic_hand(nic);
	char mac[MAC_TEXT_LEN];

	mac_text(nic, mac);
	if (is_managed(nic) || hand->mtu || nic->desired.own_mtu.known || hand->has_offload ||
	    nic->desired.own_offload.known)
		put_json(agent, "nic", mac, settings_of(nic));
	else
		store_delete(agent->store, "nic", mac);
	if (nic->has_key)
		store_put(agent->store, "key", mac, nic->key, sizeof(nic->key));
	else
		store_delete(agent->store, "key", mac);
}

static void put_given(struct agent *agent, const struct nic *nic, const struct cvsw_flow *flow)
{
	char kind[FLOW_KIND_LEN], *name;

	if (!agent->store)
		return;
	given_kind(nic, kind);
	name = report_flow_name(flow);
	store_put(agent->store, kind, name, "-", 1);
	free(name);
}

/* Stated anew, so it is not given yet. */
void state_put_flow(struct agent *agent, const struct nic *nic, const struct cvsw_flow *flow)
{
	char kind[FLOW_KIND_LEN], *name, *text;

	if (!agent->store)
		return;
	flow_kind(nic, kind);
	name = report_flow_name(flow);
	text = report_flow_text(flow);
	store_put(agent->store, kind, name, text, strlen(text));
	given_kind(nic, kind);
	store_delete(agent->store, kind, name);
	free(name);
	free(text);
}

void state_delete_flow(struct agent *agent, const struct nic *nic, const struct cvsw_flow *flow)
{
	char kind[FLOW_KIND_LEN], *name;

	if (!agent->store)
		return;
	flow_kind(nic, kind);
	name = report_flow_name(flow);
	store_delete(agent->store, kind, name);
	given_kind(nic, kind);
	store_delete(agent->store, kind, name);
	free(name);
}

static void put_timed(struct agent *agent, struct nic *nic)
{
	struct timed *timed = &nic->timed;
	const struct flow_node *node;

	flowset_each(node, &timed->ended)
		state_delete_flow(agent, nic, &node->flow);
	flowset_each(node, &timed->taken)
		put_given(agent, nic, &node->flow);
	timed_kept(timed);
}

/* Of all NICs, in one transaction. */
static bool keep_all_timed(struct agent *agent)
{
	struct nic *nic;

	state_begin(agent);
	nics_each(nic, &agent->nics)
		put_timed(agent, nic);
	return state_commit(agent);
}

static void on_keep_soon(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;
	bool was_stale = agent->state_stale;

	(void)fd;
	(void)what;
	/* If not, state_commit() has seen to another try. */
	if (keep_all_timed(agent) && was_stale)
		log_line(LOG_INFO, "the database can be written again, and has all there is");
}

void state_nic_moved(void *arg, const struct hub_event *event)
{
	struct agent *agent = arg;
	static const struct timeval pause = { .tv_usec = STATE_PAUSE_MS * 1000 };
	const struct timed *timed = &event->nic->timed;

	/* What is not kept now is kept by a later try, which takes all there is. */
	if (timed->taken.n && !keep_all_timed(agent))
		return;
	if (timed->ended.n && !evtimer_pending(agent->keep_soon, NULL))
		evtimer_add(agent->keep_soon, &pause);
}

void state_forget(struct agent *agent, const struct nic *nic)
{
	char kind[FLOW_KIND_LEN], mac[MAC_TEXT_LEN];

	flow_kind(nic, kind);
	mac_text(nic, mac);
	store_delete_all(agent->store, kind);
	given_kind(nic, kind);
	store_delete_all(agent->store, kind);
	store_delete(agent->store, "nic", mac);
}

static void ways_kind(const char *overlay_name, char kind[WAYS_KIND_LEN])
{
	snprintf(kind, WAYS_KIND_LEN, "ways %s", overlay_name);
}

void state_put_ways(struct agent *agent, const struct overlay *overlay,
		    const struct overlay_member *member)
{
	uint8_t row[STATE_WAYS_MAX];
	char kind[WAYS_KIND_LEN], slot[16];

	if (!agent->store)
		return;
	ways_kind(overlay->config.name, kind);
	snprintf(slot, sizeof(slot), "%u", member->slot);
	store_put(agent->store, kind, slot, row, state_overlay_ways(overlay, member, row));
}

void state_put_overlay(struct agent *agent, const struct overlay *overlay)
{
	const struct overlay_member *member;
	char kind[WAYS_KIND_LEN];

	if (!agent->store)
		return;
	put_json(agent, "overlay", overlay->config.name, state_overlay_to_json(overlay));
	/* Also of those that are members no more. */
	ways_kind(overlay->config.name, kind);
	store_delete_all(agent->store, kind);
	overlay_each(member, overlay)
		state_put_ways(agent, overlay, member);
}

void state_delete_overlay(struct agent *agent, const char *name)
{
	char kind[WAYS_KIND_LEN];

	ways_kind(name, kind);
	store_delete_all(agent->store, kind);
	store_delete(agent->store, "overlay", name);
}

void state_put_spi(struct agent *agent, uint32_t next)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", next);
	store_put(agent->store, "spi", "next", text, strlen(text));
}

/* ---- transactions ---- */

static void put_all(struct agent *agent)
{
	const struct flow_node *node;
	struct overlay *overlay;
	struct nic *nic;

	store_delete_all(agent->store, NULL);
	nics_each(nic, &agent->nics) {
		state_put_nic(agent, nic);
		flowset_each(node, &nic_hand(nic)->flows)
			state_put_flow(agent, nic, &node->flow);
		flowset_each(node, &nic->timed.given)
			put_given(agent, nic, &node->flow);
	}
	overlays_each(overlay, &agent->overlays)
		state_put_overlay(agent, overlay);
	state_put_spi(agent, agent->overlays.reserved_spi);
	/* The change that failed may have been the one that brings today's format. */
	store_migrated(agent->store);
}

void state_begin(struct agent *agent)
{
	store_begin(agent->store);
}

bool state_commit(struct agent *agent)
{
	static const struct timeval retry = { .tv_sec = STATE_RETRY_MS / 1000 };
	bool good;

	/* What failed to be kept before is in nobody's change now. */
	if (agent->state_stale)
		put_all(agent);
	good = store_commit(agent->store);
	agent->state_stale = !good;
	if (!good)
		evtimer_add(agent->keep_soon, &retry);
	return good;
}

/* ---- from start to end ---- */

void state_start(struct agent *agent)
{
	STAILQ_INIT(&agent->unread);
	agent->keep_soon = alloc_checked(evtimer_new(agent->base, on_keep_soon, agent));
}

void state_end(struct agent *agent)
{
	struct unread_row *row;

	if (!agent->keep_soon)
		return;
	if (evtimer_pending(agent->keep_soon, NULL) && !keep_all_timed(agent))
		log_line(LOG_ERR, "the last changes are lost");
	event_free(agent->keep_soon);
	while ((row = STAILQ_FIRST(&agent->unread))) {
		STAILQ_REMOVE_HEAD(&agent->unread, in_list);
		free(row);
	}
}
