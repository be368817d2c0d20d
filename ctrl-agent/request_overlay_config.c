// SPDX-License-Identifier: GPL-2.0
/* What is to be an overlay, and who is to be in it. */
#include <arpa/inet.h>

#include "cvsw_text.h"
#include "report.h"
#include "request_overlay_parts.h"

#define NO_ROOM_TEXT	"the underlay pool has addresses for %u members, %d are the limit"

/* ---- its settings ---- */

/* An optional member that is a number; false: refused. */
static bool number_of(const struct request *request, const char *key, json_int_t most,
		      json_int_t *number)
{
	const json_t *json = json_object_get(request->json, key);

	if (!json)
		return true;
	*number = json_integer_value(json);
	if (json_is_integer(json) && *number >= 0 && *number <= most)
		return true;
	request_refuse(request, "%s is a number from 0 to %lld", key, (long long)most);
	return false;
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

static bool udp_of(const struct request *request, struct overlay_config *config)
{
	const json_t *udp = json_object_get(request->json, "udp");
	json_int_t src = json_integer_value(json_array_get(udp, 0));
	json_int_t dst = json_integer_value(json_array_get(udp, 1));

	if (!udp)
		return true;
	if (json_array_size(udp) != 2 || src < 1 || src > 65535 || dst < 1 || dst > 65535)
		return false;
	config->udp_src = src;
	config->udp_dst = dst;
	return true;
}

bool request_overlay_config(const struct request *request, struct overlay_config *config)
{
	const char *name = request_text(request, "name"), *alg = request_text(request, "encrypt");
	json_int_t mtu = 1500, rekey = OVERLAYS_DEFAULT_REKEY_S, vni = -1;
	const char *wrong = NULL;

	*config = (struct overlay_config){ 0 };
	if (!number_of(request, "vni", CVSW_VXLAN_VNI_MAX, &vni) ||
	    !number_of(request, "underlay_mtu", 65535, &mtu) ||
	    !number_of(request, "rekey_s", 30 * 24 * 3600, &rekey))
		return false;
	snprintf(config->name, sizeof(config->name), "%s", name ?: "");
	config->vni = vni;
	config->underlay_mtu = mtu;
	config->rekey_s = rekey;
	config->key_len = alg ? report_key_len(alg) : 0;
	if (!name || strlen(name) > OVERLAY_NAME_LEN)
		wrong = "an overlay needs a name of at most 32 bytes";
	else if (vni < 0)
		wrong = "an overlay needs a VNI";
	else if (alg && !config->key_len)
		wrong = "the algorithms are aes-gcm-128 and aes-gcm-256";
	else if (!pool_of(request, config))
		wrong = "an underlay pool is written as 192.0.2.0/24";
	else if (!udp_of(request, config))
		wrong = "udp is an array of source and destination port";
	else
		wrong = overlay_config_wrong(config);
	if (wrong)
		request_refuse(request, "%s", wrong);
	return !wrong;
}

/* ---- joining ---- */

static bool add_mac(const struct overlay *overlay, struct overlay_member *member,
		    const uint8_t mac[CVSW_ETH_ALEN], char *why, size_t room)
{
	const struct overlay_member *owner = overlay_owner(overlay, mac);

	if (mac[0] & 1)
		snprintf(why, room, MAC_FORMAT " is a group address", MAC_BYTES(mac));
	else if (owner && owner != member)
		snprintf(why, room, MAC_FORMAT " is an address of member " MAC_FORMAT,
			 MAC_BYTES(mac), MAC_BYTES(owner->macs[0]));
	else if (!owner && member->n_macs > OVERLAY_MAX_MACS)
		snprintf(why, room, "a member has %d inner addresses besides its own at most",
			 OVERLAY_MAX_MACS);
	else if (!owner)
		memcpy(member->macs[member->n_macs++], mac, CVSW_ETH_ALEN);
	return !*why;
}

/* "MAC,MAC"; false: @why says what is wrong. */
static bool add_macs(const struct overlay *overlay, struct overlay_member *member,
		     const char *text, char *why, size_t room)
{
	uint8_t mac[CVSW_ETH_ALEN];
	char one[MAC_TEXT_LEN];

	for (;;) {
		size_t len = strcspn(text, ",");

		snprintf(one, sizeof(one), "%.*s", (int)len, text);
		if (len != MAC_TEXT_LEN - 1 || !cvsw_text_mac(one, mac)) {
			snprintf(why, room, "\"%.40s\" is not a MAC address", text);
			return false;
		}
		if (!add_mac(overlay, member, mac, why, room))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

static bool may_join(struct agent *agent, const struct overlay *overlay, const struct nic *nic,
		     char *why, size_t room)
{
	const struct overlay *other = overlays_of(&agent->overlays, nic->session.mac);
	const struct overlay_member *owner = overlay_owner(overlay, nic->session.mac);

	if (other)
		snprintf(why, room, "NIC " MAC_FORMAT " is a member of overlay %s",
			 MAC_BYTES(nic->session.mac), other->config.name);
	else if (owner)
		snprintf(why, room, MAC_FORMAT " is an address of member " MAC_FORMAT,
			 MAC_BYTES(nic->session.mac), MAC_BYTES(owner->macs[0]));
	else if (overlay->n >= overlay_room(&overlay->config))
		snprintf(why, room, NO_ROOM_TEXT, overlay_room(&overlay->config),
			 OVERLAY_MAX_MEMBERS);
	else if (!overlay_permits_all(&overlay->config, &nic->session.intent.flows))
		snprintf(why, room, "NIC " MAC_FORMAT " has flows that do not go with an overlay: "
			 OVERLAY_PERMITS_TEXT, MAC_BYTES(nic->session.mac));
	return !*why;
}

/* "NIC" or "NIC=MAC,MAC" */
static bool join_one(const struct request *request, struct overlay *overlay, const char *text,
		     char *why, size_t room)
{
	struct overlay_member *member;
	char name[64];
	struct nic *nic;
	size_t len;

	if (!text) {
		snprintf(why, room, "a member is not a string");
		return false;
	}
	len = strcspn(text, "=");
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	nic = place_find_nic(request->agent, name, PLACE_CREATE, why, room);
	if (!nic)
		return false;
	if (!may_join(request->agent, overlay, nic, why, room)) {
		nic_release(nic);
		return false;
	}
	member = overlay_join(overlay, &nic->session, -1);
	return !text[len] || add_macs(overlay, member, text + len + 1, why, room);
}

bool request_overlay_members(const struct request *request, struct overlay *overlay)
{
	const json_t *texts = json_object_get(request->json, "members"), *text;
	unsigned int slots = overlay->n_slots;
	struct overlay_member *last = TAILQ_LAST(&overlay->members, overlay_members), *added;
	char why[320] = "";
	size_t i;

	if (!json_array_size(texts)) {
		request_refuse(request, "the request names no members");
		return false;
	}
	json_array_foreach(texts, i, text)
		if (!join_one(request, overlay, json_string_value(text), why, sizeof(why)))
			break;
	if (i == json_array_size(texts))
		return true;
	while ((added = TAILQ_LAST(&overlay->members, overlay_members)) != last) {
		struct nic *nic = nic_of_session(added->session);

		overlay_leave(overlay, added);
		nic_release(nic);
	}
	overlay->n_slots = slots;
	request_refuse(request, "%s", why);
	return false;
}
