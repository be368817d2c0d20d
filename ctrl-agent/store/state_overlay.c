// SPDX-License-Identifier: GPL-2.0-or-later
#include "state_overlay.h"

#include <stdio.h>

#include "base/alloc.h"
#include "cvsw_text.h"
#include "base/log.h"
#include "api/report.h"

static void put32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = value >> (24 - 8 * i);
}

static uint32_t get32(const uint8_t *from)
{
	return (uint32_t)from[0] << 24 | from[1] << 16 | from[2] << 8 | from[3];
}

size_t state_overlay_ways(const struct overlay *overlay, const struct overlay_member *member,
			  uint8_t buf[STATE_WAYS_MAX])
{
	const struct overlay_member *from;
	uint8_t *at = buf;

	overlay_each(from, overlay) {
		const struct way *way = &member->from[from->slot];

		if (!way->known)
			continue;
		at[0] = from->slot;
		at[1] = way->n_spis;
		/* Of an SA that it perhaps never got the sender could make no use. */
		put32(at + 2, way->known_out);
		at += 6;
		for (unsigned int i = 0; i < way->n_spis; i++, at += 4)
			put32(at, way->spis[i]);
	}
	return at - buf;
}

static json_t *member_to_json(const struct overlay_member *member)
{
	return json_pack("{s:i, s:o}", "slot", member->slot, "macs", report_macs(member));
}

json_t *state_overlay_to_json(const struct overlay *overlay)
{
	json_t *json = report_overlay_config(&overlay->config), *members = json_array();
	const struct overlay_member *member;

	overlay_each(member, overlay)
		json_array_append_new(members, member_to_json(member));
	json_object_set_new(json, "slots", json_integer(overlay->n_slots));
	json_object_set_new(json, "members", members);
	return json;
}

static bool load_config(const json_t *json, struct overlay_config *config)
{
	const char *name = json_string_value(json_object_get(json, "name"));
	const char *pool = json_string_value(json_object_get(json, "pool"));
	const char *alg = json_string_value(json_object_get(json, "encrypt"));
	const json_t *udp = json_object_get(json, "udp");
	unsigned int part[5];

	*config = (struct overlay_config){ 0 };
	if (!name || strlen(name) > OVERLAY_NAME_LEN || !pool ||
	    sscanf(pool, "%3u.%3u.%3u.%3u/%2u", &part[0], &part[1], &part[2], &part[3],
		   &part[4]) != 5)
		return false;
	strcpy(config->name, name);
	config->vni = json_integer_value(json_object_get(json, "vni"));
	config->key_len = alg ? report_key_len(alg) : 0;
	config->pool = part[0] << 24 | part[1] << 16 | part[2] << 8 | part[3];
	config->pool_len = part[4];
	config->underlay_mtu = json_integer_value(json_object_get(json, "underlay_mtu"));
	config->rekey_s = json_integer_value(json_object_get(json, "rekey_s"));
	config->udp_src = json_integer_value(json_array_get(udp, 0));
	config->udp_dst = json_integer_value(json_array_get(udp, 1));
	return !overlay_config_wrong(config);
}

static bool load_member(struct agent *agent, struct overlay *overlay, const json_t *json)
{
	const json_t *macs = json_object_get(json, "macs");
	uint8_t list[1 + OVERLAY_MAX_MACS][CVSW_ETH_ALEN];
	size_t n = json_array_size(macs);
	struct overlay_member *member;
	const json_t *slot = json_object_get(json, "slot");
	struct nic *nic;

	if (!n || n > 1 + OVERLAY_MAX_MACS || !json_is_integer(slot) ||
	    json_integer_value(slot) < 0 || json_integer_value(slot) >= OVERLAY_MAX_MEMBERS)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(macs, i));

		if (!text || !cvsw_text_mac(text, list[i]))
			return false;
	}
	nic = nics_get(&agent->nics, list[0]);
	if (!nic || nic->member)
		return false;
	member = overlay_join(overlay, nic, json_integer_value(slot));
	if (!member)
		return false;
	memcpy(member->macs, list, n * sizeof(*list));
	member->n_macs = n;
	return true;
}

/* Open, as far as known; each end's next REGISTER makes its ways new.  NULL: it is wrong. */
static struct way *open_way(struct overlay *overlay, struct overlay_member *to, json_int_t slot,
			    size_t n_spis, uint32_t out)
{
	struct way *way;

	if (!n_spis || n_spis > WAY_SPIS || slot < 0 || slot >= OVERLAY_MAX_MEMBERS ||
	    !overlay->slots[slot] || overlay->slots[slot] == to)
		return NULL;
	way = &to->from[slot];
	way_clear(way);
	way->phase = WAY_OPEN;
	way->deadline = UINT64_MAX;
	way->sends = way->known = true;
	way->out = way->known_out = out;
	return way;
}

/* In format 1, within the overlay's row: [slot, SPI in use, SPI, ...]. */
static bool load_way(struct overlay *overlay, struct overlay_member *to, const json_t *json)
{
	size_t n = json_array_size(json);
	struct way *way;

	way = n < 3 ? NULL : open_way(overlay, to, json_integer_value(json_array_get(json, 0)),
				      n - 2, json_integer_value(json_array_get(json, 1)));
	for (size_t i = 2; way && i < n; i++)
		way->spis[way->n_spis++] = json_integer_value(json_array_get(json, i));
	return way;
}

static bool load_own_ways(struct overlay *overlay, const json_t *json)
{
	json_int_t slot = json_integer_value(json_object_get(json, "slot"));
	struct overlay_member *member = overlay->slots[slot];
	const json_t *ways = json_object_get(json, "ways"), *way;
	size_t i;

	json_array_foreach(ways, i, way)
		if (!load_way(overlay, member, way))
			return false;
	return true;
}

static bool read_ways(struct overlay *overlay, struct overlay_member *to, const uint8_t *at,
		      const uint8_t *end)
{
	struct way *way;

	while (at != end) {
		if (end - at < 6 || end - at < 6 + 4 * at[1])
			return false;
		way = open_way(overlay, to, at[0], at[1], get32(at + 2));
		if (!way)
			return false;
		for (unsigned int i = 0; i < at[1]; i++)
			way->spis[way->n_spis++] = get32(at + 6 + 4 * i);
		at += 6 + 4 * at[1];
	}
	return true;
}

const char *state_overlay_load_ways(struct agent *agent, const char *overlay_name,
				    const char *slot, const uint8_t *row, size_t len)
{
	struct overlay *overlay = overlays_find(&agent->overlays, overlay_name);
	unsigned long at;
	char *end;

	if (!overlay)
		return "there is no such overlay";
	at = strtoul(slot, &end, 10);
	if (*end || at >= OVERLAY_MAX_MEMBERS || !overlay->slots[at])
		return "it is of no member";
	if (!read_ways(overlay, overlay->slots[at], row, row + len))
		return "the SPIs between two of its members are wrong";
	return NULL;
}

static const char *load_members(struct agent *agent, struct overlay *overlay,
				const json_t *members)
{
	const json_t *member;
	size_t i;

	if (!json_is_array(members))
		return "it has no list of members";
	json_array_foreach(members, i, member)
		if (!load_member(agent, overlay, member))
			return "one of its members is wrong, or belongs to another overlay";
	json_array_foreach(members, i, member)
		if (!load_own_ways(overlay, member))
			return "the SPIs between two of its members are wrong";
	return NULL;
}

const char *state_overlay_load(struct agent *agent, const char *name, const json_t *json)
{
	json_int_t slots = json_integer_value(json_object_get(json, "slots"));
	struct overlay_config config;
	struct overlay *overlay;
	const char *why;

	if (!json)
		return "it is not JSON";
	if (!load_config(json, &config) || slots < 0 || slots > OVERLAY_MAX_MEMBERS)
		return "its settings are wrong";
	if (strcmp(config.name, name))
		return "it is an overlay of another name";
	if (overlays_find(&agent->overlays, config.name) ||
	    overlays_find_vni(&agent->overlays, config.vni))
		return "there is another overlay of its name or VNI";
	overlay = overlay_new(&config);
	why = load_members(agent, overlay, json_object_get(json, "members"));
	if (why) {
		overlay_free(overlay);
		return why;
	}
	overlays_add(&agent->overlays, overlay);
	if (overlay->n_slots < slots)
		overlay->n_slots = slots;
	return NULL;
}

static void hold(struct nic *nic)
{
	if (nic->member || !nic_hand(nic)->in_use)
		return;
	log_limited(LOG_WARNING, "NIC " MAC_FORMAT " is left alone: it may belong to an overlay "
		    "that cannot be read", MAC_BYTES(nic->mac));
	nic_hand(nic)->in_use = false;
	nic->held = true;
}

void state_overlay_hold(struct agent *agent, const json_t *json)
{
	const json_t *members = json_object_get(json, "members"), *member;
	uint8_t mac[CVSW_ETH_ALEN];
	struct nic *nic;
	bool all = !json_is_array(members);
	size_t i;

	json_array_foreach(members, i, member) {
		const char *text = json_string_value(json_array_get(json_object_get(member, "macs"),
								    0));

		if (!text || !cvsw_text_mac(text, mac))
			all = true;
		else if ((nic = nics_find(&agent->nics, mac)))
			hold(nic);
	}
	if (all)
		nics_each(nic, &agent->nics)
			hold(nic);
}
