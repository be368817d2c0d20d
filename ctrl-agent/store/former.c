// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Databases of format 1 and 2: one table "kept" of kinds, names and values. Each row becomes a row
 * of today's, which is then taken as if it had been stored so; state_begin() stores all of them.
 * Rows that cannot be read stay in "kept", and are reported with each start.
 *
 *	kind		name			value
 *	nic		MAC			JSON: managed, mtu, own_mtu, restore_mtu, offload, ...
 *	flow MAC	match and priority	the flow's text
 *	given MAC	match and priority	-, of a flow that the NIC has taken
 *	key		MAC			32 bytes
 *	overlay		name			JSON; in format 1 with the SPIs in use
 *	ways OVERLAY	slot			as in state_overlay.h
 *	spi		next			the first that was never used, in digits
 *	set aside KIND	name			what could not be read, and had lost its place
 *
 * When nobody has such a database any more, this file can go, with its callers: load_former(),
 * store_upgrade(), and ROWS_kept.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/offload.h"
#include "cvsw_cursor.h"
#include "nic/flow_text.h"
#include "state_load.h"

/* @over: the database has typed rows, and what is left could not be read before */
struct former {
	struct loading *loading;
	bool over;
	const char *(*take)(struct loading *loading, const struct row_kept *row);
};

static const char not_a_nic[] = "its key is not a NIC's MAC address";

/* In the form in which it was written. */
static bool read_mac(const char *text, uint8_t mac[CVSW_ETH_ALEN])
{
	char back[MAC_TEXT_LEN];

	if (!text || !cvsw_text_mac(text, mac))
		return false;
	snprintf(back, sizeof(back), MAC_FORMAT, MAC_BYTES(mac));
	return !strcmp(text, back) && nics_is_station(mac);
}

/* What is behind a prefix; NULL: it has not got that. */
static const char *behind(const char *kind, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(kind, prefix, len) ? NULL : kind + len;
}

static json_t *json_of(const struct row_kept *row)
{
	return json_loadb(row->value.at, row->value.len, 0, NULL);
}

/* malloc()ed; NULL: there is a NUL inside. */
static char *text_of(const struct row_kept *row)
{
	char *text = xcalloc(1, row->value.len + 1);

	memcpy(text, row->value.at, row->value.len);
	if (strlen(text) == row->value.len)
		return text;
	free(text);
	return NULL;
}

/* ---- NICs ---- */

static bool read_offload(const json_t *names, uint16_t *offload)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name) {
		uint16_t bit = offload_bit(json_string_value(name) ?: "", json_string_length(name));

		if (!bit)
			return false;
		*offload |= bit;
	}
	return json_is_array(names);
}

/* Of an MTU that may be missing. */
static bool read_mtu(const json_t *mtu, uint16_t *value)
{
	json_int_t number = json_integer_value(mtu);

	*value = number;
	return !mtu || (json_is_integer(mtu) && number >= 0 && number <= UINT16_MAX);
}

static const char *read_settings(const json_t *json, struct row_nic *row)
{
	const json_t *managed = json_object_get(json, "managed");
	const json_t *mtu = json_object_get(json, "mtu");
	const json_t *back_mtu = json_object_get(json, "restore_mtu");
	const json_t *own_mtu = back_mtu ?: json_object_get(json, "own_mtu");
	const json_t *offload = json_object_get(json, "offload");
	const json_t *back_offload = json_object_get(json, "restore_offload");
	const json_t *own_offload = back_offload ?: json_object_get(json, "own_offload");

	if (!json_is_object(json))
		return "it is not JSON";
	if (!json_is_boolean(managed))
		return "whether its flows are managed is missing";
	if (!read_mtu(mtu, &row->mtu) || !read_mtu(own_mtu, &row->own_mtu))
		return "its MTU is wrong";
	if ((offload && !read_offload(offload, &row->offload)) ||
	    (own_offload && !read_offload(own_offload, &row->own_offload)))
		return "its offloads are wrong";
	row->managed = json_is_true(managed);
	row->has_mtu = mtu;
	row->has_own_mtu = own_mtu;
	row->restore_mtu = back_mtu;
	row->has_offload = offload;
	row->has_own_offload = own_offload;
	row->restore_offload = back_offload;
	return NULL;
}

static const char *take_nic(struct loading *loading, const struct row_kept *kept)
{
	struct row_nic row = { 0 };
	const char *why;
	json_t *json;

	if (!read_mac(kept->name, row.mac))
		return not_a_nic;
	json = json_of(kept);
	why = read_settings(json, &row);
	json_decref(json);
	return why ?: load_nic(loading, &row);
}

/* The flow of a text, if that has @name. */
static const char *take_flow_text(struct loading *loading, const char *text, const char *name,
				  struct row_flow *row)
{
	struct cvsw_text_error error;
	struct cvsw_flow flow;
	char *own, *match;
	const char *why;

	if (!flow_text_parse(text, &flow, &error)) {
		snprintf(loading->why, sizeof(loading->why), "column %u: %.140s", error.column,
			 error.message);
		return loading->why;
	}
	own = flow_text_name(&flow);
	row->match = match = flow_text_match(&flow);
	row->priority = flow.priority;
	row->flow = text;
	why = strcmp(own, name) ? "its key is another flow's" : load_flow(loading, row);
	free(own);
	free(match);
	return why;
}

static const char *take_flow(struct loading *loading, const struct row_kept *kept)
{
	struct row_flow row = { 0 };
	const char *why;
	char *text;

	if (!read_mac(behind(kept->kind, "flow "), row.mac))
		return not_a_nic;
	text = text_of(kept);
	why = text ? take_flow_text(loading, text, kept->name, &row) : "it is no text";
	free(text);
	return why;
}

static const char *take_given(struct loading *loading, const struct row_kept *kept)
{
	const struct cvsw_flow *stated;
	struct cvsw_text_error error;
	uint8_t mac[CVSW_ETH_ALEN];
	struct cvsw_flow flow;
	struct nic *nic;

	if (!read_mac(behind(kept->kind, "given "), mac))
		return not_a_nic;
	if (!flow_text_parse(kept->name, &flow, &error))
		return "its key is not a flow's";
	nic = nics_find(loading->state->nics, mac);
	stated = nic ? flowset_find(&nic_hand(nic)->flows, &flow.match, flow.priority) : NULL;
	if (!stated || !flow_is_timed(stated))
		return "there is no such flow, or it has no timeout";
	flowset_put(&nic->timed.given, stated);
	return NULL;
}

static const char *take_key(struct loading *loading, const struct row_kept *kept)
{
	struct row_key row = { .key = kept->value };

	return read_mac(kept->name, row.mac) ? load_key(loading, &row) : not_a_nic;
}

/* ---- overlays ---- */

static uint16_t key_len_of(const char *algorithm)
{
	return !algorithm ? 0 : !strcmp(algorithm, "aes-gcm-128") ? 16 :
	       !strcmp(algorithm, "aes-gcm-256") ? 32 : UINT16_MAX;
}

static bool read_pool(const char *text, struct row_overlay *row)
{
	unsigned int part[5];

	if (!text || sscanf(text, "%3u.%3u.%3u.%3u/%2u", &part[0], &part[1], &part[2], &part[3],
			    &part[4]) != 5)
		return false;
	row->pool = part[0] << 24 | part[1] << 16 | part[2] << 8 | part[3];
	row->pool_len = part[4];
	return true;
}

/* @max: of the number, which may be missing: 0. */
static bool read_number(const json_t *json, const char *key, json_int_t max, json_int_t *value)
{
	*value = json_integer_value(json_object_get(json, key));
	return *value >= 0 && *value <= max;
}

static bool read_config(const json_t *json, struct row_overlay *row)
{
	const json_t *udp = json_object_get(json, "udp");
	json_int_t vni, mtu, rekey_s, slots;

	row->name = json_string_value(json_object_get(json, "name"));
	if (!row->name || !read_pool(json_string_value(json_object_get(json, "pool")), row) ||
	    !read_number(json, "vni", UINT32_MAX, &vni) ||
	    !read_number(json, "underlay_mtu", UINT16_MAX, &mtu) ||
	    !read_number(json, "rekey_s", UINT32_MAX, &rekey_s) ||
	    !read_number(json, "slots", UINT16_MAX, &slots))
		return false;
	row->vni = vni;
	row->underlay_mtu = mtu;
	row->rekey_s = rekey_s;
	row->slots = slots;
	row->key_len = key_len_of(json_string_value(json_object_get(json, "encrypt")));
	row->udp_src = json_integer_value(json_array_get(udp, 0));
	row->udp_dst = json_integer_value(json_array_get(udp, 1));
	return true;
}

static bool read_member(const json_t *json, struct stored_member *member)
{
	const json_t *macs = json_object_get(json, "macs"), *slot = json_object_get(json, "slot");
	json_int_t number = json_integer_value(slot);
	const json_t *mac;
	size_t i;

	*member = (struct stored_member){ .slot = number, .n_macs = json_array_size(macs) };
	if (!member->n_macs || member->n_macs > 1 + OVERLAY_MAX_MACS || !json_is_integer(slot) ||
	    number < 0 || number >= OVERLAY_MAX_MEMBERS)
		return false;
	json_array_foreach(macs, i, mac)
		if (!cvsw_text_mac(json_string_value(mac) ?: "", member->macs[i]))
			return false;
	return true;
}

static bool read_members(const json_t *members, struct stored_overlay *stored)
{
	struct stored_member member;
	const json_t *json;
	size_t i;

	json_array_foreach(members, i, json)
		if (!read_member(json, &member) || !state_overlay_add_member(stored, &member))
			return false;
	return true;
}

static const char *take_overlay_json(struct loading *loading, const char *name, const json_t *json)
{
	const json_t *members = json_object_get(json, "members");
	struct row_overlay row = { 0 };
	struct stored_overlay stored;
	const char *why;

	if (!json)
		return "it is not JSON";
	if (!read_config(json, &row) || !state_overlay_read(&row, &stored))
		return "its settings are wrong";
	if (strcmp(row.name, name))
		return "it is an overlay of another name";
	if (!json_is_array(members))
		return "it has no list of members";
	why = read_members(members, &stored) ? state_overlay_make(loading->state, &stored) :
	      "one of its members is wrong, or belongs to another overlay";
	state_overlay_end(&stored);
	return why;
}

/* Format 1's [slot, SPI in use, SPI, ...], packed; returns the bytes it took, 0: it is wrong. */
static size_t pack_way(const json_t *way, uint8_t *at)
{
	struct cvsw_writer w = cvsw_writer(at, 2 + 4 * (1 + WAY_SPIS));
	size_t n = json_array_size(way);

	if (n < 3 || n - 2 > WAY_SPIS)
		return 0;
	cvsw_put_u8(&w, json_integer_value(json_array_get(way, 0)));
	cvsw_put_u8(&w, n - 2);
	for (size_t i = 1; i < n; i++)
		cvsw_put_u32(&w, json_integer_value(json_array_get(way, i)));
	return cvsw_written(&w);
}

static const char *take_own_ways(struct loading *loading, const char *name, const json_t *member)
{
	struct row_ways row = {
		.overlay = name, .slot = json_integer_value(json_object_get(member, "slot")),
	};
	const json_t *ways = json_object_get(member, "ways"), *way;
	uint8_t packed[STATE_WAYS_MAX];
	size_t i, len = 0, one;

	json_array_foreach(ways, i, way) {
		one = i < OVERLAY_MAX_MEMBERS ? pack_way(way, packed + len) : 0;
		if (!one)
			return "the SPIs between two of its members are wrong";
		len += one;
	}
	row.ways = (struct rows_bytes){ packed, len };
	return len ? state_overlay_load_ways(loading->state, &row) : NULL;
}

static const char *take_all_own_ways(struct loading *loading, const char *name, const json_t *json)
{
	const json_t *members = json_object_get(json, "members"), *member;
	const char *why = NULL;
	size_t i;

	json_array_foreach(members, i, member)
		why = why ?: take_own_ways(loading, name, member);
	return why;
}

static const char *take_overlay(struct loading *loading, const struct row_kept *kept)
{
	json_t *json = json_of(kept);
	const char *why = take_overlay_json(loading, kept->name, json);

	if (!why)
		why = take_all_own_ways(loading, kept->name, json);
	json_decref(json);
	return why;
}

static const char *take_ways(struct loading *loading, const struct row_kept *kept)
{
	struct row_ways row = { .overlay = behind(kept->kind, "ways "), .ways = kept->value };
	unsigned long slot;
	char *end;

	slot = strtoul(kept->name, &end, 10);
	row.slot = slot;
	return *end || slot > UINT16_MAX ? "it is of no member" : load_ways(loading, &row);
}

static const char *take_spi(struct loading *loading, const struct row_kept *kept)
{
	struct row_counter row = { .name = "spi" };
	char *text = text_of(kept), *end;
	unsigned long next;

	if (strcmp(kept->name, "next")) {
		free(text);
		return "it is not known to this version of cvswd";
	}
	errno = 0;
	next = strtoul(text ?: "", &end, 10);
	if (!text || !*text || *text == '-' || *end || errno || next > UINT32_MAX) {
		free(text);
		return "it is not a number of 32 bits";
	}
	free(text);
	row.next = next;
	return load_counter(loading, &row);
}

/* ---- all of it ---- */

/* In this order, as in state_load.c.  A kind ends with a space: there is more behind it. */
static const struct pass {
	const char *kind;
	const char *(*take)(struct loading *loading, const struct row_kept *row);
} passes[] = {
	{ "nic", take_nic },
	{ "flow ", take_flow },
	{ "given ", take_given },
	{ "key", take_key },
	{ "overlay", take_overlay },
	{ "ways ", take_ways },
	{ "spi", take_spi },
};

#define N_PASSES	(sizeof(passes) / sizeof(*passes))

static const struct pass *pass_of(const char *kind)
{
	for (size_t i = 0; i < N_PASSES; i++) {
		const char *rest = behind(kind, passes[i].kind);

		if (rest && (!*rest || strchr(passes[i].kind, ' ')))
			return &passes[i];
	}
	return NULL;
}

/* Of a kind; former->take NULL: those of none. */
static const char *take_row(void *arg, const void *at)
{
	const struct row_kept *row = at;
	const struct pass *pass = pass_of(row->kind);
	struct former *former = arg;

	if (former->over)
		return "it could not be read when the database got its present format";
	if (pass)
		return former->take == pass->take ? pass->take(former->loading, row) : NULL;
	if (former->take)
		return NULL;
	return behind(row->kind, "set aside ") ? "it could not be read before, and its place was taken" :
						 "it is not known to this version of cvswd";
}

/* Its NICs, or all that may be. */
static void lose_members(struct loading *loading, const struct row_kept *row)
{
	json_t *json = row->value.len ? json_of(row) : NULL;
	const json_t *members = json_object_get(json, "members"), *member;
	uint8_t mac[CVSW_ETH_ALEN];
	size_t i;

	if (!json_is_array(members))
		loading->all_lost = true;
	json_array_foreach(members, i, member) {
		const json_t *first = json_array_get(json_object_get(member, "macs"), 0);

		if (cvsw_text_mac(json_string_value(first) ?: "", mac))
			load_lose_nic(loading, mac);
		else
			loading->all_lost = true;
	}
	json_decref(json);
}

/* The NIC has a key all the same, unless it got another one since. */
static void lose_key(struct loading *loading, const struct row_kept *row)
{
	uint8_t mac[CVSW_ETH_ALEN];
	struct nic *nic;

	if (!row->name || !read_mac(row->name, mac))
		return;
	nic = nics_get(loading->state->nics, mac);
	if (!nic->has_key)
		nic->key_unread = true;
}

static void skipped(void *arg, const struct store_unread *unread)
{
	struct loading *loading = ((struct former *)arg)->loading;
	const struct row_kept *row = unread->row;

	load_skipped(loading, unread);
	if (row->kind && !strcmp(row->kind, "key"))
		lose_key(loading, row);
	if (!row->kind || strcmp(row->kind, "overlay"))
		return;
	/* Unless there is another one in its place. */
	if (((struct former *)arg)->over && row->name &&
	    overlays_find(loading->state->overlays, row->name))
		return;
	loading->n_lost++;
	lose_members(loading, row);
}

bool load_former(struct loading *loading)
{
	struct store *store = loading->state->store;
	struct former former = {
		.loading = loading, .over = store_version(store) >= STORE_TYPED,
	};

	for (size_t i = 0; i < N_PASSES && !former.over; i++) {
		former.take = passes[i].take;
		if (!store_each(store, ROWS_kept, take_row, skipped, &former))
			return false;
	}
	former.take = NULL;
	return store_each(store, ROWS_kept, take_row, skipped, &former);
}
