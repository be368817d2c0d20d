// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include "base/alloc.h"
#include "cvsw_text.h"
#include "base/log.h"
#include "base/offload.h"
#include "base/text.h"
#include "nic/flow_text.h"

static json_t *mac_json(const uint8_t mac[CVSW_ETH_ALEN])
{
	return json_sprintf(MAC_FORMAT, MAC_BYTES(mac));
}

static json_t *dpid_json(uint64_t dpid)
{
	return json_sprintf("%016llx", (unsigned long long)dpid);
}

static json_t *report_offload(uint16_t offload)
{
	json_t *names = json_array();

	for (size_t i = 0; i < N_OFFLOADS; i++)
		if (offload & offload_names[i].bit)
			json_array_append_new(names, json_string(offload_names[i].name));
	return names;
}

static json_t *report_port(const struct vport *port)
{
	json_t *json = json_pack("{s:i, s:s, s:b}", "port", port->number, "name", port->name,
				 "up", port->up);

	if (!LIST_EMPTY(&port->nics))
		json_object_set_new(json, "nic", mac_json(LIST_FIRST(&port->nics)->mac));
	return json;
}

static const char *rules_name(enum vswitch_rules rules)
{
	switch (rules) {
	case VSWITCH_RULES_NONE:
		return "none needed";
	case VSWITCH_RULES_WAITING:
		return "not confirmed";
	case VSWITCH_RULES_IN_PLACE:
		return "in place";
	case VSWITCH_RULES_REFUSED:
		return "refused";
	case VSWITCH_RULES_LOST:
		return "lost";
	}
	return "?";
}

/* How our rules are there, and who else claims to be it. */
static void report_rules(const struct vswitch *vswitch, json_t *json)
{
	json_object_set_new(json, "rules", json_string(rules_name(vswitch->rules)));
	json_object_set_new(json, "rules_lost", json_integer(vswitch->n_lost));
	if (*vswitch->rules_why)
		json_object_set_new(json, "rules_error", json_string(vswitch->rules_why));
	if (!vswitch->n_claims)
		return;
	json_object_set_new(json, "claims", json_integer(vswitch->n_claims));
	json_object_set_new(json, "claimed_by", json_string(vswitch->claimed_by));
}

static json_t *report_switch(const struct vswitch *vswitch)
{
	json_t *ports = json_array(), *json;
	const struct vport *port;

	vports_each(port, vswitch)
		json_array_append_new(ports, report_port(port));
	json = json_pack("{s:o, s:s, s:s, s:I, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I}}",
			 "dpid", dpid_json(vswitch->dpid), "protocol", vswitch->kind,
			 "peer", vswitch->peer,
			 "seconds", (json_int_t)((clock_ms() - vswitch->since) / 1000),
			 "ports", ports, "frames",
			 "received", (json_int_t)vswitch->n_frames,
			 "malformed", (json_int_t)vswitch->n_malformed,
			 "unexpected", (json_int_t)vswitch->n_unexpected,
			 "unknown_port", (json_int_t)vswitch->n_unknown_port,
			 "unauthenticated", (json_int_t)vswitch->n_unauthenticated,
			 "dropped", (json_int_t)vswitch->n_dropped3);
	report_rules(vswitch, json);
	return json;
}

/* Of a list that has nothing but names. */
static void free_names(struct pieces_list *list)
{
	free(list->names);
}

static json_t *make_switch(const struct pieces_list *list, size_t i)
{
	const uint64_t *dpids = list->names;
	struct vswitch *vswitch = vswitches_find(&list->agent->switches, dpids[i]);

	return vswitch ? report_switch(vswitch) : NULL;
}

/* One may have thousands of ports. */
struct pieces_list report_switches(struct agent *agent)
{
	uint64_t *dpids = xcalloc(VSWITCH_MAX, sizeof(*dpids));
	struct pieces_list list = {
		.name = "switches", .at_once = 1, .make = make_switch, .free = free_names,
		.names = dpids, .agent = agent,
	};
	struct vswitch *vswitch;

	vswitches_each(vswitch, &agent->switches)
		dpids[list.n++] = vswitch->dpid;
	return list;
}

json_t *report_switch_event(const struct vswitch *vswitch, enum vswitch_event event)
{
	static const char *const names[] = {
		[VSWITCH_RULES_ARE_IN_PLACE] = "rules-in-place",
		[VSWITCH_RULES_ARE_REFUSED] = "rules-refused",
		[VSWITCH_RULES_ARE_LOST] = "rules-lost",
		[VSWITCH_IS_CLAIMED] = "claimed",
	};
	json_t *json = json_pack("{s:s, s:o, s:s}", "event", names[event], "dpid",
				 dpid_json(vswitch->dpid), "peer", vswitch->peer);

	report_rules(vswitch, json);
	return json;
}

/* Why what it says may not reach us. */
static void report_trouble(const struct nic *nic, json_t *json)
{
	char text[256];
	const char *trouble = vswitches_trouble(nic->nics->switches, nic->port, text,
						sizeof(text));

	if (trouble)
		json_object_set_new(json, "cause", json_string(trouble));
	else if (nic_silence(nic, text, sizeof(text)))
		json_object_set_new(json, "silence", json_string(text));
}

/* How far what the NIC has lags behind what it should have. */
static void report_behind(const struct nic *nic, json_t *json)
{
	if (!nic->behind_since)
		return;
	json_object_set_new(json, "behind",
			    json_pack("{s:I, s:I}", "changes",
				      (json_int_t)(nic->generation - nic->confirmed),
				      "ms", (json_int_t)(clock_ms() - nic->behind_since)));
}

const char *report_state(const struct nic *nic)
{
	return nic_version(nic) ? nic_state_name(nic_state(nic)) : "no key";
}

/* What a NIC says of itself, and how the conversation with it goes. */
static void report_conversation(const struct nic *nic, json_t *json)
{
	const struct cvsw_v3_capabilities *can = &nic->can;
	char release[CVSW_V3_RELEASE_MAX + 1];
	struct nic_facts facts;

	if (!nic_facts(nic, &facts))
		return;
	json_object_set_new(json, "keys", json_integer(facts.n_keys));
	if (facts.rtt)
		json_object_set_new(json, "rtt_ms", json_integer(facts.rtt));
	if (facts.n_unexpected)
		json_object_set_new(json, "unexpected", json_integer(facts.n_unexpected));
	if (!nic->can_known)
		return;
	text_printable((const uint8_t *)nic->release, strlen(nic->release), release,
			 sizeof(release));
	json_object_set_new(json, "driver",
			    json_pack("{s:s, s:I, s:I, s:i, s:i, s:i}", "release", release,
				      "features", (json_int_t)can->features,
				      "max_flows", (json_int_t)can->max_flows,
				      "min_mtu", can->min_mtu, "max_mtu", can->max_mtu,
				      "offloads", can->all_offloads));
}

json_t *report_nic(const struct nic *nic)
{
	uint16_t offload;
	json_t *json = json_pack("{s:o, s:s, s:b, s:I, s:I, s:I}",
				 "mac", mac_json(nic->mac),
				 "state", report_state(nic),
				 "managed", desired_is_managed(&nic->desired),
				 "flows", (json_int_t)desired_n_flows(&nic->desired),
				 "registers", (json_int_t)nic->n_registers,
				 "moves", (json_int_t)nic->n_moves);

	if (nic->port) {
		json_object_set_new(json, "dpid", dpid_json(nic->port->vswitch->dpid));
		json_object_set_new(json, "port", json_integer(nic->port->number));
		json_object_set_new(json, "port_name", json_string(nic->port->name));
	}
	if (nic->heard) {
		json_object_set_new(json, "reported", json_integer(nic->n_reported));
		json_object_set_new(json, "missing", json_integer(nic->diff.missing));
		json_object_set_new(json, "extra", json_integer(nic->diff.extra));
	}
	if (nic_stranger(nic))
		json_object_set_new(json, "stranger", mac_json(nic_stranger(nic)));
	if (desired_mtu(&nic->desired))
		json_object_set_new(json, "mtu", json_integer(desired_mtu(&nic->desired)));
	if (nic->n_mtu_repairs) {
		json_object_set_new(json, "mtu_repairs", json_integer(nic->n_mtu_repairs));
		json_object_set_new(json, "mtu_changed_to", json_integer(nic->mtu_changed_to));
	}
	if (desired_offload(&nic->desired, &offload))
		json_object_set_new(json, "offload", report_offload(offload));
	if (nic_version(nic))
		json_object_set_new(json, "version", json_integer(nic_version(nic)));
	report_behind(nic, json);
	report_trouble(nic, json);
	if (nic_n_refused(nic)) {
		json_object_set_new(json, "refused", json_integer(nic_n_refused(nic)));
		json_object_set_new(json, "refusal", report_refusal(&nic->refusal));
	}
	report_conversation(nic, json);
	if (nic_claim(nic)) {
		json_t *claim = report_claim(nic);

		json_object_update(json, claim);
		json_decref(claim);
	}
	json_object_set_new(json, "messages",
			    json_pack("{s:I, s:I, s:I, s:I}",
				      "sent", (json_int_t)nic->n_sent,
				      "lists", (json_int_t)nic->n_lists,
				      "bad_lists", (json_int_t)nic->n_bad_lists,
				      "repairs", (json_int_t)nic->n_repairs));
	return json;
}

static json_t *make_nic(const struct pieces_list *list, size_t i)
{
	const uint8_t (*macs)[CVSW_ETH_ALEN] = list->names;
	const struct nic *nic = nics_find(&list->agent->nics, macs[i]);

	return nic ? report_nic(nic) : NULL;
}

static json_t *make_keyed(const struct pieces_list *list, size_t i)
{
	const uint8_t (*macs)[CVSW_ETH_ALEN] = list->names;
	const struct nic *nic = nics_find(&list->agent->nics, macs[i]);

	return nic && nic->has_key ? report_nic(nic) : NULL;
}

struct pieces_list report_nics(struct agent *agent, bool keyed)
{
	struct nic **sorted = nics_sorted(&agent->nics);
	uint8_t (*macs)[CVSW_ETH_ALEN] = xcalloc(agent->nics.n + 1, sizeof(*macs));
	struct pieces_list list = {
		.name = "nics", .at_once = 50, .make = keyed ? make_keyed : make_nic,
		.free = free_names, .names = macs, .agent = agent,
	};

	for (size_t i = 0; sorted[i]; i++)
		if (!keyed || sorted[i]->has_key)
			memcpy(macs[list.n++], sorted[i]->mac, CVSW_ETH_ALEN);
	free(sorted);
	return list;
}

void report_database(const struct agent *agent, json_t *json)
{
	const struct nics *nics = &agent->nics;
	const struct unread_row *row;
	json_t *rows = json_array();

	STAILQ_FOREACH(row, &agent->state.unread, in_list)
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "table", row->table,
						      "key", row->key, "error", row->why));
	json_object_set_new(json, "unread", rows);
	json_object_set_new(json, "max_nics", json_integer(nics->max));
	if (nics->n > nics->max)
		json_object_set_new(json, "nics_beyond", json_integer(nics->n - nics->max));
}

/* JSON's numbers are exact up to 2^53 in many a language, and jansson's end at 2^63. */
json_t *report_cookie(uint64_t cookie)
{
	return json_sprintf("0x%llx", (unsigned long long)cookie);
}

static json_t *report_flow(const struct cvsw_flow *flow, const json_t *counters)
{
	char *text = flow_text(flow), *name = flow_text_name(flow);
	json_t *json = json_pack("{s:s, s:i, s:o}", "flow", text, "priority", flow->priority,
				 "cookie", report_cookie(flow->cookie));

	json_object_update(json, json_object_get(counters, name));
	free(text);
	free(name);
	return json;
}

/** struct chosen - copies of flows, and their order */
struct chosen {
	struct flowset flows;
	const struct cvsw_flow **sorted;
};

static json_t *make_flow(const struct pieces_list *list, size_t i)
{
	const struct chosen *chosen = list->names;

	return report_flow(chosen->sorted[i], list->with);
}

static void free_chosen(struct pieces_list *list)
{
	struct chosen *chosen = list->names;

	flowset_clear(&chosen->flows);
	free(chosen->sorted);
	free(chosen);
	json_decref(list->with);
}

struct pieces_list report_flows(const struct flowset *flows, const struct choice *choice,
				json_t *counters)
{
	struct chosen *chosen = xcalloc(1, sizeof(*chosen));
	const struct flow_node *node;

	flowset_init(&chosen->flows);
	flowset_each(node, flows)
		if (choice_takes(choice, &node->flow))
			flowset_put(&chosen->flows, &node->flow);
	chosen->sorted = flowset_sorted(&chosen->flows);
	return (struct pieces_list){
		.name = "flows", .n = chosen->flows.n, .at_once = 50, .make = make_flow,
		.free = free_chosen, .names = chosen, .with = json_incref(counters),
	};
}
