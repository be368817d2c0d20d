// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "report.h"

static const struct {
	const char *name;
	uint8_t key_len;
} algorithms[] = {
	{ "aes-gcm-128", 16 },
	{ "aes-gcm-256", 32 },
};

uint8_t report_key_len(const char *name)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if (!strcmp(algorithms[i].name, name))
			return algorithms[i].key_len;
	return 0;
}

const char *report_algorithm(uint8_t key_len)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if (algorithms[i].key_len == key_len)
			return algorithms[i].name;
	return NULL;
}

static json_t *report_ipv4(uint32_t address)
{
	return json_sprintf("%u.%u.%u.%u", address >> 24, address >> 16 & 255,
			    address >> 8 & 255, address & 255);
}

static json_t *report_overlay_config(const struct overlay_config *config)
{
	json_t *json = json_pack("{s:s, s:I, s:o, s:i, s:I}", "name", config->name,
				 "vni", (json_int_t)config->vni,
				 "pool", json_sprintf("%u.%u.%u.%u/%u", config->pool >> 24,
						      config->pool >> 16 & 255,
						      config->pool >> 8 & 255, config->pool & 255,
						      config->pool_len),
				 "underlay_mtu", config->underlay_mtu,
				 "rekey_s", (json_int_t)config->rekey_s);

	if (config->key_len)
		json_object_set_new(json, "encrypt",
				    json_string(report_algorithm(config->key_len)));
	if (config->udp_src)
		json_object_set_new(json, "udp",
				    json_pack("[i, i]", config->udp_src, config->udp_dst));
	return json;
}

static json_t *report_macs(const struct overlay_member *member)
{
	json_t *macs = json_array();

	for (size_t i = 0; i < member->n_macs; i++)
		json_array_append_new(macs, json_sprintf(MAC_FORMAT, MAC_BYTES(member->macs[i])));
	return macs;
}

static json_t *report_member(const struct overlay *overlay, const struct overlay_member *member)
{
	const struct nic *nic = member->ways.nic;
	unsigned int sends_to = 0, takes_from = 0;
	const struct overlay_member *other;
	json_t *json;

	overlay_each(other, overlay) {
		sends_to += other->ways.from[member->ways.slot].sends;
		takes_from += member->ways.from[other->ways.slot].sends;
	}
	json = json_pack("{s:o, s:s, s:o, s:o, s:i, s:i}",
			 "nic", json_sprintf(MAC_FORMAT, MAC_BYTES(member->macs[0])),
			 "state", report_state(nic),
			 "address", report_ipv4(overlay_address(overlay, member)),
			 "macs", report_macs(member), "sends_to", sends_to,
			 "takes_from", takes_from);
	if (nic->port)
		json_object_set_new(json, "port_name", json_string(nic->port->name));
	return json;
}

json_t *report_overlay(const struct overlay *overlay)
{
	json_t *json = report_overlay_config(&overlay->config), *members = json_array();
	const struct overlay_member *member;

	overlay_each(member, overlay)
		json_array_append_new(members, report_member(overlay, member));
	json_object_set_new(json, "mtu", json_integer(overlay_mtu(&overlay->config)));
	json_object_set_new(json, "settled", json_boolean(ways_settled(&overlay->ways)));
	json_object_set_new(json, "members", members);
	return json;
}

static json_t *make_overlay(const struct pieces_list *list, size_t i)
{
	const char (*names)[OVERLAY_NAME_LEN + 1] = list->names;
	const struct overlay *overlay = overlays_find(&list->agent->overlays, names[i]);

	return overlay ? report_overlay(overlay) : NULL;
}

static void free_names(struct pieces_list *list)
{
	free(list->names);
}

/* One has up to 256 members, so it looks at 65,280 ways. */
struct pieces_list report_overlays(struct agent *agent, const struct overlay *only)
{
	char (*names)[OVERLAY_NAME_LEN + 1] = xcalloc(agent->overlays.n + 1, sizeof(*names));
	struct pieces_list list = {
		.name = "overlays", .at_once = 1, .make = make_overlay, .free = free_names,
		.names = names, .agent = agent,
	};
	const struct overlay *overlay;

	overlays_each(overlay, &agent->overlays)
		if (!only || overlay == only)
			strcpy(names[list.n++], overlay->config.name);
	return list;
}
