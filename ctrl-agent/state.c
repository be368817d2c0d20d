// SPDX-License-Identifier: GPL-2.0
#include "state.h"

#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>

#include "alloc.h"
#include "intent.h"
#include "log.h"
#include "report.h"
#include "state_overlay.h"
#include "store.h"
#include "wipe.h"

#define FLOW_KIND_LEN	(sizeof("given ") + MAC_TEXT_LEN)

static void mac_text(const struct nic *nic, char text[MAC_TEXT_LEN])
{
	snprintf(text, MAC_TEXT_LEN, MAC_FORMAT, MAC_BYTES(nic->session.mac));
}

static void flow_kind(const struct nic *nic, char kind[FLOW_KIND_LEN])
{
	snprintf(kind, FLOW_KIND_LEN, "flow " MAC_FORMAT, MAC_BYTES(nic->session.mac));
}

static void given_kind(const struct nic *nic, char kind[FLOW_KIND_LEN])
{
	snprintf(kind, FLOW_KIND_LEN, "given " MAC_FORMAT, MAC_BYTES(nic->session.mac));
}

/* ---- putting ---- */

static void put_json(struct agent *agent, const char *kind, const char *name, json_t *json)
{
	char *text = alloc_checked(json_dumps(json, JSON_COMPACT));

	store_put(agent->store, kind, name, text, strlen(text));
	wipe_free(text);	/* jansson's: cvswd.c */
	json_decref(json);
}

static json_t *settings_of(const struct intent *intent)
{
	json_t *json = json_pack("{s:b}", "managed", intent->flows_stated);

	if (intent->mtu)
		json_object_set_new(json, "mtu", json_integer(intent->mtu));
	if (intent->offload_stated)
		json_object_set_new(json, "offload", report_offload(intent->offload));
	return json;
}

void state_put_nic(struct agent *agent, const struct nic *nic)
{
	const struct intent *intent = &nic->session.intent;
	char mac[MAC_TEXT_LEN];

	mac_text(nic, mac);
	if (intent->flows_stated || intent->mtu || intent->offload_stated)
		put_json(agent, "nic", mac, settings_of(intent));
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
	struct timed *timed = &nic->session.timed;
	const struct flow_node *node;

	flowset_each(node, &timed->ended)
		state_delete_flow(agent, nic, &node->flow);
	flowset_each(node, &timed->taken)
		put_given(agent, nic, &node->flow);
	timed_kept(timed);
}

/* Of all NICs, in one transaction. */
static void keep_all_timed(struct agent *agent)
{
	struct nic *nic;

	state_begin(agent);
	nics_each(nic, &agent->nics)
		put_timed(agent, nic);
	state_commit(agent);
}

static void on_keep_soon(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	keep_all_timed(arg);
}

void state_keep_timed(struct agent *agent, const struct nic *nic)
{
	static const struct timeval pause = { .tv_usec = STATE_PAUSE_MS * 1000 };
	const struct timed *timed = &nic->session.timed;

	if (timed->taken.n)
		keep_all_timed(agent);
	else if (timed->ended.n && !evtimer_pending(agent->keep_soon, NULL))
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

void state_put_overlay(struct agent *agent, const struct overlay *overlay)
{
	if (agent->store)
		put_json(agent, "overlay", overlay->config.name, state_overlay_to_json(overlay));
}

void state_delete_overlay(struct agent *agent, const char *name)
{
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
		flowset_each(node, &nic->session.intent.flows)
			state_put_flow(agent, nic, &node->flow);
		flowset_each(node, &nic->session.timed.given)
			put_given(agent, nic, &node->flow);
	}
	overlays_each(overlay, &agent->overlays)
		state_put_overlay(agent, overlay);
	state_put_spi(agent, agent->overlays.reserved_spi);
}

void state_begin(struct agent *agent)
{
	store_begin(agent->store);
}

bool state_commit(struct agent *agent)
{
	bool good;

	/* What failed to be kept before is in nobody's change now. */
	if (agent->state_stale)
		put_all(agent);
	good = store_commit(agent->store);
	agent->state_stale = !good;
	return good;
}

/* ---- loading ---- */

static bool complain(const char *kind, const char *name)
{
	log_line(LOG_ERR, "what is kept as %s %s cannot be read", kind, name);
	return false;
}

static struct nic *nic_of(struct agent *agent, const char *name)
{
	uint8_t mac[CVSW_ETH_ALEN];

	return cvsw_text_mac(name, mac) ? nics_get(&agent->nics, mac) : NULL;
}

static bool load_settings(struct intent *intent, const json_t *json)
{
	json_int_t mtu = json_integer_value(json_object_get(json, "mtu"));
	const json_t *offload = json_object_get(json, "offload");

	if (mtu && (mtu < INTENT_MIN_MTU || mtu > UINT16_MAX))
		return false;
	intent->flows_stated = json_is_true(json_object_get(json, "managed"));
	intent->mtu = mtu;
	intent->offload_stated = offload != NULL;
	return json && (!offload || intent_parse_offload(offload, &intent->offload));
}

static bool take_flow(void *arg, const char *name, const void *value, size_t len)
{
	struct intent *intent = arg;
	struct cvsw_text_error error;
	struct cvsw_flow flow;
	char *text = alloc_checked(strndup(value, len));
	bool good = intent_parse_flow(text, &flow, &error);

	free(text);
	if (!good)
		return complain("flow", name);
	flowset_put(&intent->flows, &flow);
	return true;
}

/* What was a timeout's, and is none now, is no matter. */
static bool take_given(void *arg, const char *name, const void *value, size_t len)
{
	struct session *session = arg;
	const struct cvsw_flow *stated;
	struct cvsw_text_error error;
	struct cvsw_flow flow;

	(void)value;
	(void)len;
	if (!intent_parse_flow(name, &flow, &error))
		return complain("given", name);
	stated = flowset_find(&session->intent.flows, &flow.match, flow.priority);
	if (stated && flow_is_timed(stated))
		flowset_put(&session->timed.given, stated);
	return true;
}

static bool take_nic(void *arg, const char *name, const void *value, size_t len)
{
	struct agent *agent = arg;
	struct nic *nic = nic_of(agent, name);
	json_t *json = json_loadb(value, len, 0, NULL);
	char kind[FLOW_KIND_LEN];
	bool good = nic && load_settings(&nic->session.intent, json);

	json_decref(json);
	if (!good)
		return complain("nic", name);
	flow_kind(nic, kind);
	if (!store_each(agent->store, kind, take_flow, &nic->session.intent))
		return false;
	given_kind(nic, kind);
	return store_each(agent->store, kind, take_given, &nic->session);
}

static bool take_key(void *arg, const char *name, const void *value, size_t len)
{
	struct nic *nic = nic_of(arg, name);

	if (!nic || len != sizeof(nic->key))
		return complain("key", name);
	nic_set_key(nic, value);
	return true;
}

static bool take_overlay(void *arg, const char *name, const void *value, size_t len)
{
	json_t *json = json_loadb(value, len, 0, NULL);
	bool good = state_overlay_load(arg, json);

	json_decref(json);
	return good ? true : complain("overlay", name);
}

static bool take_spi(void *arg, const char *name, const void *value, size_t len)
{
	struct agent *agent = arg;
	char text[16];

	(void)name;
	snprintf(text, sizeof(text), "%.*s", (int)len, (const char *)value);
	agent->overlays.world.next_spi = agent->overlays.reserved_spi = strtoul(text, NULL, 10);
	return true;
}

bool state_load(struct agent *agent)
{
	agent->keep_soon = alloc_checked(evtimer_new(agent->base, on_keep_soon, agent));
	/* NICs before their keys: a session begins with its intent. */
	return store_each(agent->store, "nic", take_nic, agent) &&
	       store_each(agent->store, "key", take_key, agent) &&
	       store_each(agent->store, "overlay", take_overlay, agent) &&
	       store_each(agent->store, "spi", take_spi, agent);
}

void state_end(struct agent *agent)
{
	if (!agent->keep_soon)
		return;
	if (evtimer_pending(agent->keep_soon, NULL))
		keep_all_timed(agent);
	event_free(agent->keep_soon);
}
