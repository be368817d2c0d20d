// SPDX-License-Identifier: GPL-2.0-or-later
/* What is kept, read back row by row: one that is wrong costs no other. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "api/intent.h"
#include "base/log.h"
#include "api/report.h"
#include "state.h"
#include "state_overlay.h"
#include "store.h"

#define LOGGED_ROWS	20

/* @why: room for a text; @lost_overlays: what is known of those that cannot be read */
struct loading {
	struct agent *agent;
	char why[160];
	json_t *lost_overlays;
};

/* Of an overlay that cannot be read, which is said already: they stay in the file with it. */
static const char lost_with_overlay[] = "its overlay cannot be read";

static void print(const char *text, char *buf, size_t room)
{
	if (text)
		report_printable((const uint8_t *)text, strlen(text), buf, room);
	else
		snprintf(buf, room, "(no text)");
}

/* store_each()'s @skipped */
static void skipped(void *arg, const struct store_row *row, const char *why)
{
	struct agent *agent = ((struct loading *)arg)->agent;
	struct unread_row *unread;

	if (why == lost_with_overlay)
		return;
	unread = xcalloc(1, sizeof(*unread));
	print(row->kind, unread->kind, sizeof(unread->kind));
	print(row->name, unread->name, sizeof(unread->name));
	print(why, unread->why, sizeof(unread->why));
	STAILQ_INSERT_TAIL(&agent->unread, unread, in_list);
	if (agent->n_unread++ < LOGGED_ROWS)
		log_line(LOG_ERR, "database: %s \"%s\" cannot be read, is skipped and stays as it "
			 "is: %s", unread->kind, unread->name, unread->why);
}

/* In the form in which it is written. */
static bool read_mac(const char *text, uint8_t mac[CVSW_ETH_ALEN])
{
	char back[MAC_TEXT_LEN];

	if (!text || !cvsw_text_mac(text, mac))
		return false;
	snprintf(back, sizeof(back), MAC_FORMAT, MAC_BYTES(mac));
	return !strcmp(text, back) && !(mac[0] & 1);
}

static struct nic *nic_of(struct loading *loading, const char *name)
{
	uint8_t mac[CVSW_ETH_ALEN];

	return read_mac(name, mac) ? nics_get(&loading->agent->nics, mac) : NULL;
}

/* The NIC of a kind "flow MAC", "given MAC". */
static struct nic *nic_of_kind(struct loading *loading, const char *kind, const char *prefix)
{
	size_t len = strlen(prefix);

	return kind && !strncmp(kind, prefix, len) ? nic_of(loading, kind + len) : NULL;
}

static bool is_kind(const struct store_row *row, const char *kind)
{
	return row->kind && !strcmp(row->kind, kind);
}

static void load_own(struct own_setting *setting, const json_t *own, const json_t *back,
		     uint16_t value)
{
	*setting = (struct own_setting){ .known = own || back, .back = back, .value = value };
}

static const char *load_settings(struct desired *desired, const json_t *json)
{
	struct layer *hand = &desired->layers[DESIRED_HAND];
	const json_t *managed = json_object_get(json, "managed");
	const json_t *mtu = json_object_get(json, "mtu");
	const json_t *own_mtu = json_object_get(json, "own_mtu");
	const json_t *back_mtu = json_object_get(json, "restore_mtu");
	const json_t *offload = json_object_get(json, "offload");
	const json_t *own_offload = json_object_get(json, "own_offload");
	const json_t *back_offload = json_object_get(json, "restore_offload");
	json_int_t value = json_integer_value(mtu);
	uint16_t bits = 0, own_bits = 0;

	if (!json_is_object(json))
		return "it is not JSON";
	if (!json_is_boolean(managed))
		return "whether its flows are managed is missing";
	if (mtu && (value < INTENT_MIN_MTU || value > UINT16_MAX))
		return "its MTU is wrong";
	if ((offload && !intent_parse_offload(offload, &bits)) ||
	    ((own_offload || back_offload) &&
	     !intent_parse_offload(back_offload ?: own_offload, &own_bits)))
		return "its offloads are wrong";
	hand->in_use = json_is_true(managed);
	hand->mtu = value;
	hand->has_offload = offload;
	hand->offload = bits;
	load_own(&desired->own_mtu, own_mtu, back_mtu, json_integer_value(back_mtu ?: own_mtu));
	load_own(&desired->own_offload, own_offload, back_offload, own_bits);
	return NULL;
}

static const char *take_nic(void *arg, const struct store_row *row)
{
	struct nic *nic;
	const char *why;
	json_t *json;

	if (!is_kind(row, "nic"))
		return NULL;
	nic = nic_of(arg, row->name);
	if (!nic)
		return "its key is not a NIC's MAC address";
	json = json_loadb(row->value, row->len, 0, NULL);
	why = load_settings(&nic->desired, json);
	json_decref(json);
	return why;
}

/* A flow is kept under its own match and priority, or a later change would miss it. */
static bool is_named(const struct cvsw_flow *flow, const char *name)
{
	char *own = report_flow_name(flow);
	bool same = !strcmp(own, name);

	free(own);
	return same;
}

static const char *parse_flow(struct loading *loading, const char *text, struct cvsw_flow *flow)
{
	struct cvsw_text_error error;

	if (intent_parse_flow(text, flow, &error))
		return NULL;
	snprintf(loading->why, sizeof(loading->why), "column %u: %.140s", error.column,
		 error.message);
	return loading->why;
}

/* Its NIC is managed, even if that row is the one that cannot be read. */
static const char *take_flow(void *arg, const struct store_row *row)
{
	struct nic *nic = nic_of_kind(arg, row->kind, "flow ");
	struct cvsw_flow flow;
	const char *why;
	char *text;

	if (!nic)
		return NULL;
	if (!row->name)
		return "its key is no text";
	text = alloc_checked(strndup(row->value ? row->value : "", row->len));
	why = strlen(text) == row->len ? parse_flow(arg, text, &flow) : "it is no text";
	free(text);
	if (why)
		return why;
	if (!is_named(&flow, row->name))
		return "its key is another flow's";
	flowset_put(&nic_hand(nic)->flows, &flow);
	desired_use(&nic->desired, DESIRED_HAND);
	return NULL;
}

static const char *take_given(void *arg, const struct store_row *row)
{
	struct nic *nic = nic_of_kind(arg, row->kind, "given ");
	const struct cvsw_flow *stated;
	struct cvsw_flow flow;

	if (!nic)
		return NULL;
	if (!row->name || parse_flow(arg, row->name, &flow))
		return "its key is not a flow's";
	stated = flowset_find(&nic_hand(nic)->flows, &flow.match, flow.priority);
	if (!stated || !flow_is_timed(stated))
		return "there is no such flow, or it has no timeout";
	flowset_put(&nic->timed.given, stated);
	return NULL;
}

static const char *take_key(void *arg, const struct store_row *row)
{
	struct nic *nic;

	if (!is_kind(row, "key"))
		return NULL;
	nic = nic_of(arg, row->name);
	if (!nic)
		return "its key is not a NIC's MAC address";
	if (row->len == sizeof(nic->key)) {
		nic_set_key(nic, row->value);
		return NULL;
	}
	nic->key_unread = true;
	return "a NIC's key has 32 bytes; the NIC is not trusted until it gets its key again";
}

static const char *take_overlay(void *arg, const struct store_row *row)
{
	struct loading *loading = arg;
	const char *why;
	json_t *json;

	if (!is_kind(row, "overlay"))
		return NULL;
	json = json_loadb(row->value, row->len, 0, NULL);
	why = row->name ? state_overlay_load(loading->agent, row->name, json) :
			  "its key is no text";
	if (why)
		json_array_append(loading->lost_overlays, json ? json : json_null());
	json_decref(json);
	return why;
}

static const char *take_ways(void *arg, const struct store_row *row)
{
	struct loading *loading = arg;
	struct agent *agent = loading->agent;

	if (!row->kind || strncmp(row->kind, "ways ", 5))
		return NULL;
	if (!overlays_find(&agent->overlays, row->kind + 5) &&
	    json_array_size(loading->lost_overlays))
		return lost_with_overlay;
	return !row->name ? "its key is no text" :
	       state_overlay_load_ways(agent, row->kind + 5, row->name, row->value, row->len);
}

/* Without it the counter begins at random, as it did at first. */
static const char *take_spi(void *arg, const struct store_row *row)
{
	struct overlays *overlays = &((struct loading *)arg)->agent->overlays;
	char text[16], *end;
	unsigned long next;

	if (!is_kind(row, "spi"))
		return NULL;
	if (!row->name || strcmp(row->name, "next"))
		return "it is not known to this version of cvswd";
	snprintf(text, sizeof(text), "%.*s", (int)(row->len < 15 ? row->len : 15),
		 row->len ? (const char *)row->value : "");
	errno = 0;
	next = strtoul(text, &end, 10);
	if (!*text || *text == '-' || *end || errno || next > UINT32_MAX || strlen(text) != row->len)
		return "it is not a number of 32 bits";
	overlays->world.next_spi = overlays->reserved_spi = next;
	return NULL;
}

/* What none of the others has looked at. */
static const char *take_rest(void *arg, const struct store_row *row)
{
	uint8_t mac[CVSW_ETH_ALEN];

	(void)arg;
	if (is_kind(row, "nic") || is_kind(row, "key") || is_kind(row, "overlay") ||
	    is_kind(row, "spi"))
		return NULL;
	if (row->kind && !strncmp(row->kind, "flow ", 5) && read_mac(row->kind + 5, mac))
		return NULL;
	if (row->kind && !strncmp(row->kind, "given ", 6) && read_mac(row->kind + 6, mac))
		return NULL;
	if (row->kind && !strncmp(row->kind, "ways ", 5))
		return NULL;
	if (row->kind && !strncmp(row->kind, "set aside ", 10))
		return "it could not be read before, and its place was taken";
	return "it is not known to this version of cvswd";
}

/* In this order: a link begins with what its NIC should be, and the NICs of overlays are there. */
static const struct {
	const char *from, *to;
	const char *(*take)(void *arg, const struct store_row *row);
} passes[] = {
	{ "nic", "nic ", take_nic },
	{ "flow ", "flow!", take_flow },
	{ "given ", "given!", take_given },
	{ "key", "key ", take_key },
	{ "overlay", "overlay ", take_overlay },
	{ "ways ", "ways!", take_ways },
	{ "spi", "spi ", take_spi },
	{ "", NULL, take_rest },
};

static void say_what_is_wrong(const struct agent *agent)
{
	const struct nics *nics = &agent->nics;

	if (agent->n_unread > LOGGED_ROWS)
		log_line(LOG_ERR, "database: %zu rows cannot be read; cvswctl show lists them",
			 agent->n_unread);
	if (nics->n > nics->max)
		log_line(LOG_WARNING, "the database has %zu NICs, %zu more than --max-nics %zu: "
			 "all are loaded, no other NIC is accepted", nics->n, nics->n - nics->max,
			 nics->max);
}

/* Rows of a former version get today's format: all of them, or none. */
static void migrate(struct agent *agent)
{
	int version = store_version(agent->store);
	const struct overlay *overlay;

	if (version == STORE_VERSION)
		return;
	state_begin(agent);
	overlays_each(overlay, &agent->overlays)
		state_put_overlay(agent, overlay);
	store_migrated(agent->store);
	if (state_commit(agent))
		log_line(LOG_INFO, "the database had format %d and has format %d now", version,
			 STORE_VERSION);
}

bool state_load(struct agent *agent)
{
	struct loading loading = {
		.agent = agent, .lost_overlays = alloc_checked(json_array()),
	};
	bool good = true;
	json_t *overlay;
	size_t i;

	agent->nics.loading = true;
	for (i = 0; i < sizeof(passes) / sizeof(*passes) && good; i++)
		good = store_each(agent->store, passes[i].from, passes[i].to, passes[i].take,
				  skipped, &loading);
	json_array_foreach(loading.lost_overlays, i, overlay)
		state_overlay_hold(agent, overlay);
	json_decref(loading.lost_overlays);
	nics_loaded(&agent->nics);
	if (good) {
		migrate(agent);
		say_what_is_wrong(agent);
	}
	return good;
}
