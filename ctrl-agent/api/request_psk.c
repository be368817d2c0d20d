// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * key-add, key-del, key-list: the keys that NICs of version 3 prove themselves with.
 * They go into the store and to the link, and never come out again.
 */
#include "base/hex.h"
#include "base/log.h"
#include "report.h"
#include "request.h"

static bool key_of(const char *hex, uint8_t key[CVSW_V3_KEY_LEN])
{
	static const uint8_t zero[CVSW_V3_KEY_LEN];

	if (strlen(hex) != 2 * CVSW_V3_KEY_LEN)
		return false;
	return hex_bytes(hex, key, CVSW_V3_KEY_LEN) && !cvsw_v3_same(key, zero, sizeof(zero));
}

/* The NIC has another key, or none. */
static void set_key(const struct request *request, struct nic *nic, const uint8_t *key)
{
	struct agent *agent = request->agent;
	json_t *answer;
	bool kept;

	nic_set_key(nic, key);
	state_begin(&agent->state);
	state_put_nic(&agent->state, nic);
	kept = state_commit(&agent->state);
	state_scrub(&agent->state);
	log_line(LOG_INFO, "NIC " MAC_FORMAT " %s", MAC_BYTES(nic->mac),
		 key ? "has a new key" : "no longer has a key");
	answer = json_pack("{s:b, s:o, s:b}", "ok", 1, "nic", report_nic(nic),
			   "kept", kept && (!key || agent->state.store));
	if (!kept)
		request_warn(answer, REQUEST_NOT_KEPT, REQUEST_NOT_KEPT_TEXT);
	client_answer(request->client, answer);
	if (key)
		vswitches_call(&agent->switches, nic->mac);
	else
		nic_release(nic);
}

/* Two NICs with one key could each pass for the other. */
static const struct nic *owner_of(struct nics *nics, const uint8_t key[CVSW_V3_KEY_LEN])
{
	const struct nic *nic, *owner = NULL;

	nics_each(nic, nics)
		if (nic->has_key && cvsw_v3_same(nic->key, key, CVSW_V3_KEY_LEN))
			owner = nic;
	return owner;
}

static void add_key(const struct request *request, const uint8_t key[CVSW_V3_KEY_LEN])
{
	const struct nic *owner = owner_of(&request->agent->nics, key);
	struct nic *nic = request_nic(request, PLACE_CREATE);

	if (!nic)
		return;
	if (!owner || owner == nic) {
		set_key(request, nic, key);
		return;
	}
	request_refuse(request, REQUEST_KEY_IN_USE, "NIC " MAC_FORMAT " has this key; each NIC needs "
		       "one of its own", MAC_BYTES(owner->mac));
	nic_release(nic);
}

void request_key_add(const struct request *request)
{
	uint8_t key[CVSW_V3_KEY_LEN];

	if (key_of(request_text(request, "key"), key))
		add_key(request, key);
	else
		request_refuse_member(request, REQUEST_BAD_VALUE, "key",
				      "a key is 64 hex digits, not all of them zero");
	explicit_bzero(key, sizeof(key));
}

void request_key_del(const struct request *request)
{
	struct nic *nic = request_nic(request, PLACE_REFUSE);

	if (!nic)
		return;
	if (nic->has_key)
		set_key(request, nic, NULL);
	else
		request_refuse(request, REQUEST_NO_KEY, "NIC " MAC_FORMAT " has no key",
			       MAC_BYTES(nic->mac));
}

void request_key_list(const struct request *request)
{
	const struct pieces_list nics = report_nics(request->agent, true);

	client_answer_in_pieces(request->client,
				pieces_new(json_pack("{s:b}", "ok", 1), &nics, 1));
}
