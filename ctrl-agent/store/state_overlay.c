// SPDX-License-Identifier: GPL-2.0-or-later
#include "state_overlay.h"

#include <stdio.h>

#include "base/alloc.h"
#include "cvsw_cursor.h"
#include "cvsw_text.h"
#include "sa/ways_kept.h"
#include "store.h"

/* ---- writing ---- */

size_t state_overlay_ways(const struct overlay *overlay, const struct overlay_member *member,
			  uint8_t buf[STATE_WAYS_MAX])
{
	struct cvsw_writer w = cvsw_writer(buf, STATE_WAYS_MAX);
	const struct overlay_member *from;

	overlay_each(from, overlay) {
		const struct way *way = &member->ways.from[from->ways.slot];

		if (!way->known)
			continue;
		cvsw_put_u8(&w, from->ways.slot);
		cvsw_put_u8(&w, way->n_spis);
		/* Of an SA that it perhaps never got the sender could make no use. */
		cvsw_put_u32(&w, way->known_out);
		for (unsigned int i = 0; i < way->n_spis; i++)
			cvsw_put_u32(&w, way->spis[i]);
	}
	return cvsw_written(&w);
}

void state_overlay_put_ways(struct state *state, const struct overlay *overlay,
			    const struct overlay_member *member)
{
	uint8_t ways[STATE_WAYS_MAX];
	const struct row_ways row = {
		.overlay = overlay->config.name, .slot = member->ways.slot,
		.ways = { ways, state_overlay_ways(overlay, member, ways) },
	};

	store_put(state->store, ROWS_ways, &row);
}

/* The addresses behind a member's own. */
#define MACS_TEXT_LEN	(OVERLAY_MAX_MACS * MAC_TEXT_LEN + 1)

static void macs_text(const uint8_t (*macs)[CVSW_ETH_ALEN], size_t n, char text[MACS_TEXT_LEN])
{
	*text = 0;
	for (size_t i = 0; i < n; i++)
		text += sprintf(text, "%s" MAC_FORMAT, i ? "," : "", MAC_BYTES(macs[i]));
}

static void put_member(struct state *state, const struct overlay *overlay,
		       const struct overlay_member *member)
{
	char macs[MACS_TEXT_LEN];
	struct row_member row = {
		.overlay = overlay->config.name, .slot = member->ways.slot, .macs = macs,
	};

	memcpy(row.mac, member->macs[0], CVSW_ETH_ALEN);
	macs_text(member->macs + 1, member->n_macs - 1, macs);
	store_put(state->store, ROWS_member, &row);
	state_overlay_put_ways(state, overlay, member);
}

void state_overlay_put(struct state *state, const struct overlay *overlay)
{
	const struct overlay_config *config = &overlay->config;
	const struct row_overlay row = {
		.name = config->name, .vni = config->vni, .key_len = config->key_len,
		.udp_src = config->udp_src, .udp_dst = config->udp_dst, .pool = config->pool,
		.pool_len = config->pool_len, .underlay_mtu = config->underlay_mtu,
		.rekey_s = config->rekey_s, .slots = overlay->n_slots, .members = overlay->ways.n,
	};
	const struct overlay_member *member;

	store_put(state->store, ROWS_overlay, &row);
	store_delete_all(state->store, ROWS_member, &(struct row_member){ .overlay = row.name });
	store_delete_all(state->store, ROWS_ways, &(struct row_ways){ .overlay = row.name });
	overlay_each(member, overlay)
		put_member(state, overlay, member);
}

/* ---- reading ---- */

bool state_overlay_read(const struct row_overlay *row, struct stored_overlay *stored)
{
	*stored = (struct stored_overlay){
		.config = {
			.vni = row->vni, .key_len = row->key_len, .udp_src = row->udp_src,
			.udp_dst = row->udp_dst, .pool = row->pool, .pool_len = row->pool_len,
			.underlay_mtu = row->underlay_mtu, .rekey_s = row->rekey_s,
		},
		.n_slots = row->slots, .n_stored = row->members,
	};
	/* Two of these are shorter in the struct than in the row. */
	if (strlen(row->name) > OVERLAY_NAME_LEN || row->key_len > UINT8_MAX ||
	    row->pool_len > UINT8_MAX)
		return false;
	strcpy(stored->config.name, row->name);
	return row->slots <= OVERLAY_MAX_MEMBERS && row->members <= OVERLAY_MAX_MEMBERS &&
	       !overlay_config_wrong(&stored->config);
}

/* In the form in which they are written. */
static bool read_macs(const char *text, struct stored_member *member)
{
	char back[MACS_TEXT_LEN], one[MAC_TEXT_LEN];
	const char *at = text;

	while (*at && member->n_macs <= OVERLAY_MAX_MACS) {
		snprintf(one, sizeof(one), "%s", at);
		if (!cvsw_text_mac(one, member->macs[member->n_macs++]))
			return false;
		at += strlen(one);
		at += *at == ',';
	}
	macs_text(member->macs + 1, member->n_macs - 1, back);
	return !strcmp(text, back);
}

bool state_overlay_read_member(const struct row_member *row, struct stored_member *member)
{
	*member = (struct stored_member){ .slot = row->slot, .n_macs = 1 };
	memcpy(member->macs[0], row->mac, CVSW_ETH_ALEN);
	return row->slot < OVERLAY_MAX_MEMBERS && nics_is_station(row->mac) &&
	       read_macs(row->macs, member);
}

bool state_overlay_add_member(struct stored_overlay *stored, const struct stored_member *member)
{
	if (stored->n == OVERLAY_MAX_MEMBERS)
		return false;
	if (!stored->members)
		stored->members = xcalloc(OVERLAY_MAX_MEMBERS, sizeof(*stored->members));
	stored->members[stored->n++] = *member;
	return true;
}

void state_overlay_end(struct stored_overlay *stored)
{
	free(stored->members);
}

static bool join(struct state *state, struct overlay *overlay, const struct stored_member *stored)
{
	struct nic *nic = nics_get(state->nics, stored->macs[0]);
	struct overlay_member *member;

	member = nic && !nic->member ? overlay_join(overlay, nic, stored->slot) : NULL;
	if (!member)
		return false;
	memcpy(member->macs, stored->macs, stored->n_macs * sizeof(*stored->macs));
	member->n_macs = stored->n_macs;
	nic->ask_sas = overlay->config.key_len;
	return true;
}

const char *state_overlay_make(struct state *state, const struct stored_overlay *stored)
{
	struct overlay *overlay;

	if (overlays_find(state->overlays, stored->config.name) ||
	    overlays_find_vni(state->overlays, stored->config.vni))
		return "there is another overlay of its name or VNI";
	overlay = overlay_new(&stored->config);
	for (size_t i = 0; i < stored->n; i++)
		if (!join(state, overlay, &stored->members[i])) {
			overlay_free(overlay);
			return "one of its members is wrong, or belongs to another overlay";
		}
	overlays_add(state->overlays, overlay);
	if (overlay->n_slots < stored->n_slots)
		overlay->n_slots = stored->n_slots;
	return NULL;
}

/* In use, as far as known: its ends will say whether they still have the SAs.  NULL: it is wrong. */
static struct way *open_way(struct overlay *overlay, struct overlay_member *to, unsigned int slot,
			    size_t n_spis, uint32_t out)
{
	struct way *way;

	if (!n_spis || n_spis > WAY_SPIS || slot >= OVERLAY_MAX_MEMBERS ||
	    !overlay->slots[slot] || overlay->slots[slot] == to)
		return NULL;
	way = &to->ways.from[slot];
	way_keep(way, out);
	overlay->ways.has_kept = true;
	return way;
}

static bool read_ways(struct overlay *overlay, struct overlay_member *to, struct cvsw_reader r)
{
	while (cvsw_left(&r)) {
		uint8_t slot = cvsw_get_u8(&r), n_spis = cvsw_get_u8(&r);
		uint32_t out = cvsw_get_u32(&r);
		struct way *way;

		if (r.overrun || cvsw_left(&r) < 4u * n_spis)
			return false;
		way = open_way(overlay, to, slot, n_spis, out);
		if (!way)
			return false;
		while (way->n_spis < n_spis)
			way->spis[way->n_spis++] = cvsw_get_u32(&r);
	}
	return true;
}

const char *state_overlay_load_ways(struct state *state, const struct row_ways *row)
{
	struct overlay *overlay = overlays_find(state->overlays, row->overlay);

	if (!overlay)
		return "there is no such overlay";
	if (row->slot >= OVERLAY_MAX_MEMBERS || !overlay->slots[row->slot])
		return "it is of no member";
	if (!read_ways(overlay, overlay->slots[row->slot], cvsw_reader(row->ways.at, row->ways.len)))
		return "the SPIs between two of its members are wrong";
	return NULL;
}
