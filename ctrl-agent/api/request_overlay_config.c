// SPDX-License-Identifier: GPL-2.0-or-later
/* What is to be an overlay, and who is to be in it. */
#include <arpa/inet.h>

#include "cvsw_text.h"
#include "report.h"
#include "request_overlay.h"

/* ---- its settings ---- */

/* A member that is a number, and was checked. */
static json_int_t number_of(const struct request *request, const char *key, json_int_t missing)
{
	const json_t *json = json_object_get(request->json, key);

	return json ? json_integer_value(json) : missing;
}

static bool pool_of(const struct request *request, struct overlay_config *config)
{
	const char *text = request_text(request, "pool");
	struct in_addr address;
	char copy[32], *slash;
	unsigned long len;
	char *end;

	if (!text)
		text = "192.0.2.0/24";	/* RFC 5737: nobody's */
	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (!slash)
		return false;
	*slash = 0;
	len = strtoul(slash + 1, &end, 10);
	if (end == slash + 1 || *end || len > 32 || !inet_pton(AF_INET, copy, &address))
		return false;
	config->pool = ntohl(address.s_addr);
	config->pool_len = len;
	return true;
}

static bool has_room_for_ipv6(const struct request *request, const struct overlay_config *config)
{
	if (overlay_mtu(config) >= OVERLAY_IPV6_MTU || request_is(request, "ipv4_only"))
		return true;
	request_refuse(request, REQUEST_NO_IPV6, "the guests' MTU would be %u, and IPv6 needs %d: "
		       "give the underlay a larger one, or use --ipv4-only", overlay_mtu(config),
		       OVERLAY_IPV6_MTU);
	return false;
}

bool request_overlay_config(const struct request *request, struct overlay_config *config)
{
	const char *name = request_text(request, "name"), *alg = request_text(request, "encrypt");
	const json_t *udp = json_object_get(request->json, "udp");
	const char *wrong;

	*config = (struct overlay_config){
		.vni = number_of(request, "vni", 0),
		.underlay_mtu = number_of(request, "underlay_mtu", 1500),
		.rekey_s = number_of(request, "rekey_s", OVERLAYS_DEFAULT_REKEY_S),
		.key_len = alg ? report_key_len(alg) : 0,
		.udp_src = json_integer_value(json_array_get(udp, 0)),
		.udp_dst = json_integer_value(json_array_get(udp, 1)),
	};
	if (strlen(name) > OVERLAY_NAME_LEN) {
		request_refuse_member(request, REQUEST_BAD_VALUE, "name",
				      "an overlay's name has at most %d bytes", OVERLAY_NAME_LEN);
		return false;
	}
	strcpy(config->name, name);
	wrong = pool_of(request, config) ? overlay_config_wrong(config) :
					   "an underlay pool is written as 192.0.2.0/24";
	if (!wrong)
		return has_room_for_ipv6(request, config);
	request_refuse(request, REQUEST_BAD_VALUE, "%s", wrong);
	return false;
}

/* ---- joining ---- */

static bool add_mac(const struct overlay *overlay, struct overlay_member *member,
		    const uint8_t mac[CVSW_ETH_ALEN], struct request_error *error)
{
	const struct overlay_member *owner = overlay_owner(overlay, mac);

	if (mac[0] & 1)
		return request_wrong(error, REQUEST_BAD_VALUE, MAC_FORMAT " is a group address",
				     MAC_BYTES(mac));
	if (owner && owner != member)
		return request_wrong(error, REQUEST_ADDRESS_IN_USE,
				     MAC_FORMAT " is an address of member " MAC_FORMAT,
				     MAC_BYTES(mac), MAC_BYTES(owner->macs[0]));
	if (!owner && member->n_macs > OVERLAY_MAX_MACS)
		return request_wrong(error, REQUEST_OVERLAY_FULL,
				     "a member has %d inner addresses besides its own at most",
				     OVERLAY_MAX_MACS);
	if (!owner)
		memcpy(member->macs[member->n_macs++], mac, CVSW_ETH_ALEN);
	return true;
}

/* "MAC,MAC" */
static bool add_macs(const struct overlay *overlay, struct overlay_member *member,
		     const char *text, struct request_error *error)
{
	uint8_t mac[CVSW_ETH_ALEN];
	char one[MAC_TEXT_LEN];

	for (;;) {
		size_t len = strcspn(text, ",");

		snprintf(one, sizeof(one), "%.*s", (int)len, text);
		if (len != MAC_TEXT_LEN - 1 || !cvsw_text_mac(one, mac))
			return request_wrong(error, REQUEST_BAD_VALUE,
					     "\"%.40s\" is not a MAC address", text);
		if (!add_mac(overlay, member, mac, error))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

static bool may_join(const struct overlay *overlay, const struct nic *nic,
		     struct request_error *error)
{
	const struct overlay_member *owner = overlay_owner(overlay, nic->mac);
	unsigned int room = overlay_room(&overlay->config);

	if (nic->member)
		return request_wrong(error, REQUEST_IS_MEMBER, "NIC " MAC_FORMAT
				     " is a member of overlay %s (NIC=MAC adds an address behind "
				     "a member)", MAC_BYTES(nic->mac),
				     nic->member->overlay->config.name);
	if (owner)
		return request_wrong(error, REQUEST_ADDRESS_IN_USE,
				     MAC_FORMAT " is an address of member " MAC_FORMAT,
				     MAC_BYTES(nic->mac), MAC_BYTES(owner->macs[0]));
	if (overlay->ways.n >= room)
		return request_wrong(error, REQUEST_OVERLAY_FULL, "the underlay pool has addresses "
				     "for %u members, %d are the limit", room, OVERLAY_MAX_MEMBERS);
	if (!overlay_permits_all(&overlay->config, &nic_hand(nic)->flows) ||
	    !overlay_permits_all(&overlay->config, &nic_controlled(nic)->flows))
		return request_wrong(error, REQUEST_OVERLAY_FLOW, "NIC " MAC_FORMAT
				     " has flows that do not go with an overlay: "
				     OVERLAY_PERMITS_TEXT, MAC_BYTES(nic->mac));
	return true;
}

/* "NIC" or "NIC=MAC,MAC"; to a member, only the addresses are added. */
static bool join_one(const struct request *request, struct overlay *overlay, const char *text,
		     struct request_error *error)
{
	size_t len = strcspn(text, "=");
	char name[64];
	struct nic *nic;

	if (len >= sizeof(name))
		return request_wrong(error, REQUEST_UNKNOWN_NIC, "no NIC \"%.64s\"", text);
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	nic = place_find_nic(request->agent, name, request_unknown(request), error);
	if (!nic)
		return false;
	if (!text[len] || !nic->member || nic->member->overlay != overlay) {
		if (!may_join(overlay, nic, error)) {
			nic_release(nic);
			return false;
		}
		overlay_join(overlay, nic, -1);
	}
	return !text[len] || add_macs(overlay, nic->member, text + len + 1, error);
}

/* Back to the first @n members, each with as many addresses as it had. */
static void undo(struct overlay *overlay, size_t n, unsigned int n_slots, const size_t *n_macs)
{
	struct overlay_member *member;

	while (overlay->ways.n > n) {
		struct nic *nic;

		member = overlay_last(overlay);
		nic = member->ways.nic;
		overlay_leave(overlay, member);
		nic_release(nic);
	}
	overlay_each(member, overlay)
		member->n_macs = n_macs[member->ways.slot];
	overlay->n_slots = n_slots;
}

/* Addresses behind a member are in the flows of those that send to it. */
static void tell_macs(struct overlay *overlay, const struct overlay_member *member)
{
	struct overlay_member *other;

	overlay_each(other, overlay)
		if (member->ways.from[other->ways.slot].sends)
			overlay_sends_changed(other, member);
}

bool request_overlay_members(const struct request *request, struct overlay *overlay)
{
	const json_t *texts = json_object_get(request->json, "members"), *text;
	size_t n_macs[OVERLAY_MAX_MEMBERS] = { 0 }, n = overlay->ways.n, i;
	unsigned int n_slots = overlay->n_slots;
	struct overlay_member *member;
	struct request_error error;

	overlay_each(member, overlay)
		n_macs[member->ways.slot] = member->n_macs;
	json_array_foreach(texts, i, text) {
		if (join_one(request, overlay, json_string_value(text), &error))
			continue;
		undo(overlay, n, n_slots, n_macs);
		request_refuse_error(request, &error);
		return false;
	}
	overlay_each(member, overlay) {
		if (member->n_macs != n_macs[member->ways.slot])
			tell_macs(overlay, member);
		member->ways.dirty = true;
	}
	return true;
}
