// SPDX-License-Identifier: GPL-2.0
/* overlay-add, -del, -join, -leave, -renew, -show. */
#include <arpa/inet.h>

#include "alloc.h"
#include "cvsw_text.h"
#include "log.h"
#include "report.h"
#include "request.h"
#include "request_parts.h"
#include "state.h"

#define NO_ROOM_TEXT	"the underlay pool has addresses for %u members, %d are the limit"

/* A client that waits until an overlay, and NICs that it concerns, are done. */
struct overlay_waiter {
	LIST_ENTRY(overlay_waiter) in_list;
	struct agent *agent;
	struct client *client;
	struct event *timer;
	char name[OVERLAY_NAME_LEN + 1];
	size_t n;
	uint8_t macs[OVERLAY_MAX_MEMBERS][CVSW_ETH_ALEN];
};

static LIST_HEAD(, overlay_waiter) waiters = LIST_HEAD_INITIALIZER(waiters);

/* ---- answers ---- */

static void waiter_free(struct overlay_waiter *waiter)
{
	LIST_REMOVE(waiter, in_list);
	event_free(waiter->timer);
	free(waiter);
}

/* @there: did none of them have to be left out because it is absent, or refuses its flows? */
static bool nics_done(const struct overlay_waiter *waiter, bool *there)
{
	bool done = true;

	*there = true;
	for (size_t i = 0; i < waiter->n; i++) {
		struct nic *nic = nics_find(&waiter->agent->nics, waiter->macs[i]);
		enum session_state state = nic ? session_state(&nic->session) : SESSION_ABSENT;

		*there = *there && state != SESSION_ABSENT &&
			 nic->session.verified == nic->session.generation;
		done = done && state != SESSION_CONNECTING && state != SESSION_LAGGING;
	}
	return done;
}

static void waiter_answer(struct overlay_waiter *waiter, bool synced)
{
	struct overlay *overlay = overlays_find(&waiter->agent->overlays, waiter->name);
	json_t *answer = json_pack("{s:b, s:b, s:s}", "ok", 1, "synced", synced,
				   "name", waiter->name);
	struct client *client = waiter->client;

	if (overlay)
		json_object_set_new(answer, "overlay", report_overlay(overlay));
	waiter_free(waiter);
	client_answer(client, answer);
}

static bool answer_if_done(struct overlay_waiter *waiter)
{
	struct overlay *overlay = overlays_find(&waiter->agent->overlays, waiter->name);
	bool there;

	if (!nics_done(waiter, &there) || (overlay && !ways_settled(overlay)))
		return false;
	waiter_answer(waiter, there);
	return true;
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	waiter_answer(arg, false);
}

void request_overlays_settled(struct agent *agent)
{
	struct overlay_waiter *waiter, *next;

	(void)agent;
	for (waiter = LIST_FIRST(&waiters); waiter; waiter = next) {
		next = LIST_NEXT(waiter, in_list);
		answer_if_done(waiter);
	}
}

void request_overlay_cancel(struct client *client)
{
	struct overlay_waiter *waiter;

	LIST_FOREACH(waiter, &waiters, in_list)
		if (waiter->client == client)
			break;
	if (waiter)
		waiter_free(waiter);
}

/* Of all members that there are now; to be given to finish(). */
static struct overlay_waiter *waiter_new(const struct request *request,
					 const struct overlay *overlay)
{
	struct overlay_waiter *waiter = xcalloc(1, sizeof(*waiter));
	const struct overlay_member *member;

	waiter->agent = request->agent;
	waiter->client = request->client;
	waiter->timer = alloc_checked(evtimer_new(request->agent->base, on_timeout, waiter));
	snprintf(waiter->name, sizeof(waiter->name), "%s", overlay->config.name);
	overlay_each(member, overlay)
		memcpy(waiter->macs[waiter->n++], member->macs[0], CVSW_ETH_ALEN);
	return waiter;
}

/* The overlay, and what is stated for those who left it. */
static bool keep(struct agent *agent, const struct overlay_waiter *waiter)
{
	const struct overlay *overlay = overlays_find(&agent->overlays, waiter->name);

	state_begin(agent);
	if (overlay)
		state_put_overlay(agent, overlay);
	else
		state_delete_overlay(agent, waiter->name);
	for (size_t i = 0; i < waiter->n; i++) {
		const struct nic *nic = nics_find(&agent->nics, waiter->macs[i]);

		if (nic)
			state_put_nic(agent, nic);
	}
	return state_commit(agent);
}

/* After a change: keeps it, and answers when it is done, at the limit, or at once. */
static void finish(const struct request *request, struct overlay_waiter *waiter)
{
	struct timeval wait = request_time(request);
	bool kept = keep(request->agent, waiter);

	overlays_tell(&request->agent->overlays);
	/* Not before: it would be answered, and gone, when the first NIC is done. */
	LIST_INSERT_HEAD(&waiters, waiter, in_list);
	if (!kept) {
		waiter_free(waiter);
		request_refuse(request, REQUEST_NOT_KEPT);
	} else if (!request_is(request, "wait")) {
		waiter_answer(waiter, false);
	} else if (!answer_if_done(waiter)) {
		event_add(waiter->timer, &wait);
	}
}

/* ---- what is asked for ---- */

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

static bool config_of(const struct request *request, struct overlay_config *config)
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

	if (!other && overlay_find(overlay, nic->session.mac))
		other = overlay;
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
		if (!nic->port && !nic_has_intent(nic))
			nic_detach(nic);
		return false;
	}
	member = overlay_join(overlay, &nic->session, -1);
	return !text[len] || add_macs(overlay, member, text + len + 1, why, room);
}

/* All of the request's members or none; false: refused. */
static bool join_all(const struct request *request, struct overlay *overlay)
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
		if (!nic->port && !nic_has_intent(nic))
			nic_detach(nic);
	}
	overlay->n_slots = slots;
	request_refuse(request, "%s", why);
	return false;
}

/* ---- the commands ---- */

void request_overlay_add(const struct request *request)
{
	struct overlays *overlays = &request->agent->overlays;
	struct overlay_config config;
	struct overlay *overlay;

	if (!config_of(request, &config))
		return;
	if (overlays_find(overlays, config.name)) {
		request_refuse(request, "there is an overlay %s", config.name);
	} else if ((overlay = overlays_find_vni(overlays, config.vni))) {
		request_refuse(request, "VNI %u is overlay %s's", config.vni, overlay->config.name);
	} else if (overlays->n >= OVERLAYS_MAX) {
		request_refuse(request, "%d overlays are the limit", OVERLAYS_MAX);
	} else {
		overlay = overlay_new(&config);
		if (join_all(request, overlay)) {
			overlays_add(overlays, overlay);
			finish(request, waiter_new(request, overlay));
		} else {
			overlay_free(overlay);
		}
	}
}

static struct overlay *overlay_of(const struct request *request)
{
	const char *name = request_text(request, "name");
	struct overlay *overlay = overlays_find(&request->agent->overlays, name ?: "");

	if (!overlay)
		request_refuse(request, "there is no overlay \"%s\"", name ?: "");
	return overlay;
}

void request_overlay_del(const struct request *request)
{
	struct overlay *overlay = overlay_of(request);
	struct overlay_waiter *waiter;

	if (!overlay)
		return;
	waiter = waiter_new(request, overlay);
	overlays_remove(&request->agent->overlays, overlay);
	finish(request, waiter);
}

void request_overlay_join(const struct request *request)
{
	struct overlay *overlay = overlay_of(request);

	if (!overlay || !join_all(request, overlay))
		return;
	overlays_poke(&request->agent->overlays);
	finish(request, waiter_new(request, overlay));
}

/* The member that text @i of the request names; after NULL: refused. */
static struct overlay_member *member_of(const struct request *request,
					const struct overlay *overlay, const json_t *text)
{
	const char *name = json_string_value(text);
	struct overlay_member *member;
	char why[320];
	struct nic *nic;

	if (!name) {
		request_refuse(request, "a member is not a string");
		return NULL;
	}
	nic = place_find_nic(request->agent, name, PLACE_REFUSE, why, sizeof(why));
	if (!nic) {
		request_refuse(request, "%s", why);
		return NULL;
	}
	member = overlay_find(overlay, nic->session.mac);
	if (!member)
		request_refuse(request, "NIC " MAC_FORMAT " is not a member of overlay %s",
			       MAC_BYTES(nic->session.mac), overlay->config.name);
	return member;
}

void request_overlay_leave(const struct request *request)
{
	const json_t *texts = json_object_get(request->json, "members"), *text;
	struct overlay *overlay = overlay_of(request);
	struct overlay_waiter *waiter;
	size_t i;

	if (!overlay)
		return;
	if (!json_array_size(texts)) {
		request_refuse(request, "the request names no members");
		return;
	}
	json_array_foreach(texts, i, text)
		if (!member_of(request, overlay, text))
			return;
	waiter = waiter_new(request, overlay);
	json_array_foreach(texts, i, text) {
		/* Named twice, it has left already. */
		struct nic *nic = place_find_nic(request->agent, json_string_value(text),
						 PLACE_REFUSE, (char[256]){ 0 }, 256);
		struct overlay_member *member = overlay_find(overlay, nic->session.mac);

		if (member)
			overlays_leave(&request->agent->overlays, overlay, member);
	}
	finish(request, waiter);
}

void request_overlay_renew(const struct request *request)
{
	struct overlay *overlay = overlay_of(request);

	if (!overlay)
		return;
	if (!overlay->config.key_len) {
		request_refuse(request, "overlay %s is not encrypted", overlay->config.name);
		return;
	}
	ways_renew(overlay);
	overlays_poke(&request->agent->overlays);
	finish(request, waiter_new(request, overlay));
}

void request_overlay_show(const struct request *request)
{
	struct overlays *overlays = &request->agent->overlays;
	json_t *array = json_array();
	struct overlay *overlay;

	if (request_text(request, "name")) {
		overlay = overlay_of(request);
		if (!overlay) {
			json_decref(array);
			return;
		}
		json_array_append_new(array, report_overlay(overlay));
	} else {
		overlays_each(overlay, overlays)
			json_array_append_new(array, report_overlay(overlay));
	}
	client_answer(request->client, json_pack("{s:b, s:o}", "ok", 1, "overlays", array));
}
