// SPDX-License-Identifier: GPL-2.0-or-later
/* overlay-add, -del, -join, -leave, -renew, -show. */
#include "report.h"
#include "request_overlay.h"

void request_overlay_add(const struct request *request)
{
	struct overlays *overlays = &request->agent->overlays;
	struct overlay_config config;
	struct overlay *overlay;

	if (!request_overlay_config(request, &config))
		return;
	if (overlays_find(overlays, config.name)) {
		request_refuse(request, REQUEST_OVERLAY_EXISTS, "there is an overlay %s", config.name);
	} else if ((overlay = overlays_find_vni(overlays, config.vni))) {
		request_refuse(request, REQUEST_VNI_IN_USE, "VNI %u belongs to overlay %s", config.vni,
			       overlay->config.name);
	} else if (overlays->n >= OVERLAYS_MAX) {
		request_refuse(request, REQUEST_TOO_MANY_OVERLAYS, "%d overlays are the limit",
			       OVERLAYS_MAX);
	} else {
		overlay = overlay_new(&config);
		if (request_overlay_members(request, overlay)) {
			overlays_add(overlays, overlay);
			request_overlay_finish(request, request_overlay_waiter(overlay));
		} else {
			overlay_free(overlay);
		}
	}
}

static struct overlay *overlay_of(const struct request *request)
{
	const char *name = request_text(request, "name");
	struct overlay *overlay = overlays_find(&request->agent->overlays, name);

	if (!overlay)
		request_refuse(request, REQUEST_UNKNOWN_OVERLAY, "there is no overlay \"%.64s\"",
			       name);
	return overlay;
}

void request_overlay_del(const struct request *request)
{
	struct overlay *overlay = overlay_of(request);
	struct overlay_waiter *waiter;

	if (!overlay)
		return;
	waiter = request_overlay_waiter(overlay);
	overlays_remove(&request->agent->overlays, overlay);
	request_overlay_finish(request, waiter);
}

void request_overlay_join(const struct request *request)
{
	struct overlay *overlay = overlay_of(request);

	if (!overlay || !request_overlay_members(request, overlay))
		return;
	overlays_poke(&request->agent->overlays, overlay);
	request_overlay_finish(request, request_overlay_waiter(overlay));
}

/* The member that text @i of the request names; after NULL: refused. */
static struct overlay_member *member_of(const struct request *request,
					const struct overlay *overlay, const json_t *text)
{
	struct request_error error;
	struct nic *nic = place_find_nic(request->agent, json_string_value(text), PLACE_REFUSE,
					 &error);

	if (!nic) {
		request_refuse_error(request, &error);
		return NULL;
	}
	if (nic->member && nic->member->overlay == overlay)
		return nic->member;
	request_refuse(request, REQUEST_NOT_MEMBER, "NIC " MAC_FORMAT
		       " is not a member of overlay %s", MAC_BYTES(nic->mac),
		       overlay->config.name);
	return NULL;
}

void request_overlay_leave(const struct request *request)
{
	const json_t *texts = json_object_get(request->json, "members"), *text;
	struct overlay *overlay = overlay_of(request);
	struct overlay_member *leaving[OVERLAY_MAX_MEMBERS] = { NULL }, *member;
	struct overlay_waiter *waiter;
	size_t i;

	if (!overlay)
		return;
	json_array_foreach(texts, i, text) {
		member = member_of(request, overlay, text);
		if (!member)
			return;
		leaving[member->ways.slot] = member;	/* once, however often it is named */
	}
	waiter = request_overlay_waiter(overlay);
	for (i = 0; i < OVERLAY_MAX_MEMBERS; i++)
		if (leaving[i])
			overlays_leave(&request->agent->overlays, overlay, leaving[i]);
	request_overlay_finish(request, waiter);
}

void request_overlay_renew(const struct request *request)
{
	struct overlay *overlay = overlay_of(request);

	if (!overlay)
		return;
	if (!overlay->config.key_len) {
		request_refuse(request, REQUEST_NOT_ENCRYPTED, "overlay %s is not encrypted",
			       overlay->config.name);
		return;
	}
	ways_renew(&overlay->ways);
	overlays_poke(&request->agent->overlays, overlay);
	request_overlay_finish(request, request_overlay_waiter(overlay));
}

void request_overlay_show(const struct request *request)
{
	const struct overlay *only = NULL;
	struct pieces_list list;

	if (request_text(request, "name") && !(only = overlay_of(request)))
		return;
	list = report_overlays(request->agent, only);
	client_answer_in_pieces(request->client,
				pieces_new(json_pack("{s:b}", "ok", 1), &list, 1));
}
