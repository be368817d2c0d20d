// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens to NICs, and what they answer, as JSON. */
#include <stdio.h>

#include "base/alloc.h"
#include "cvsw_flow_mod.h"
#include "cvsw_text.h"
#include "base/log.h"
#include "base/text.h"
#include "nic/flow_text.h"
#include "report.h"

static json_t *hex_json(const uint8_t *bytes, size_t len)
{
	char *text = xcalloc(2 * len + 1, 1);
	json_t *json;

	cvsw_text_hex(text, bytes, len);
	json = json_string(text);
	free(text);
	return json;
}

json_t *report_refusal(const struct nic_refusal *refusal)
{
	json_t *json = json_pack("{s:s, s:s, s:s}",
				 "request", cvsw_v3_message_name(refusal->type),
				 "error", cvsw_v3_error_name(refusal->error),
				 "text", refusal->text);

	if (*refusal->field)
		json_object_set_new(json, "field", json_string(refusal->field));
	if (*refusal->flow)
		json_object_set_new(json, "flow", json_string(refusal->flow));
	return json;
}

json_t *report_drops(const struct nics *nics)
{
	json_t *json = json_object();

	for (int i = 1; i < CVSW_V3_N_DROPS; i++)
		if (nics->drops[i])
			json_object_set_new(json, cvsw_v3_drop_name(i),
					    json_integer(nics->drops[i]));
	return json;
}

/* ---- events ---- */

static json_t *report_packet_in(const struct cvsw_v3_message *message)
{
	struct cvsw_v3_packet_in in;
	size_t offset;
	json_t *event;

	if (cvsw_v3_packet_in_decode(message->body, message->len, &in, &offset))
		return NULL;
	event = json_pack("{s:s, s:s, s:i, s:i, s:o}",
			  "reason", in.reason == CVSW_V3_ACTION ? "action" : "no match",
			  "in_port", in.in_port == CVSW_HOST ? "HOST" : "NET",
			  "pass", in.pass, "length", in.total,
			  "frame", hex_json(in.data, in.len));
	if (in.reason == CVSW_V3_ACTION)
		json_object_set_new(event, "cookie", report_cookie(in.cookie));
	return event;
}

static json_t *report_removed(const struct nic_removed *removed)
{
	static const char *const reasons[] = { "missing", "idle", "hard", "deleted", "evicted" };
	char *text = flow_text(removed->flow);
	json_t *json = json_pack("{s:s, s:s}", "flow", text, "reason",
				 removed->reason <= CVSW_V3_REMOVED_EVICTED ?
				 reasons[removed->reason] : "?");

	free(text);
	if (removed->reason) {
		json_object_set_new(json, "packets", json_integer(removed->n_packets));
		json_object_set_new(json, "bytes", json_integer(removed->n_bytes));
	}
	return json;
}

static json_t *report_expiring(const struct cvsw_v3_message *message)
{
	static const char *const reasons[] = { "?", "runs out", "ran out", "was stopped" };
	struct cvsw_v3_expiring sa;
	size_t offset;

	if (cvsw_v3_expiring_decode(message, &sa, &offset))
		return NULL;
	return json_pack("{s:I, s:s, s:s}", "spi", (json_int_t)sa.spi,
			 "direction", sa.direction == CVSW_SA_IN ? "in" : "out",
			 "reason", reasons[sa.reason <= CVSW_V3_SA_WAS_STOPPED ? sa.reason : 0]);
}

json_t *report_claim(const struct nic *nic)
{
	const struct nic_claim *claim = nic_claim(nic);
	json_t *places = json_array();

	for (int i = 0; claim && i < 2; i++)
		json_array_append_new(places, json_pack("{s:o, s:I, s:s}", "dpid",
			json_sprintf("%016llx", (unsigned long long)claim->places[i].dpid),
			"port", (json_int_t)claim->places[i].port,
			"port_name", claim->places[i].name));
	return json_pack("{s:o, s:I}", "claims", places, "claimed_ms_ago",
			 claim ? (json_int_t)(clock_ms() - claim->at) : 0);
}

static json_t *detail_of(const struct hub_event *event)
{
	const struct nic *nic = event->nic;

	switch (event->what) {
	case HUB_PACKET_IN:
		return report_packet_in(event->message);
	case HUB_REMOVED:
		return report_removed(event->removed);
	case HUB_EXPIRING:
		return report_expiring(event->message);
	case HUB_REFUSED:
		return report_refusal(&nic->refusal);
	case HUB_CLAIMED:
		return report_claim(nic);
	case HUB_SYNCED:
		return json_pack("{s:I}", "flows", (json_int_t)desired_n_flows(&nic->desired));
	default:
		return NULL;
	}
}

json_t *report_event(const struct hub_event *event)
{
	const struct nic *nic = event->nic;
	static const char *const names[] = {
		[HUB_REGISTERED] = "registered", [HUB_REKEYED] = "rekeyed",
		[HUB_SILENT] = "silent", [HUB_HEARD] = "heard",
		[HUB_SYNCED] = "synced", [HUB_REFUSED] = "refused",
		[HUB_REMOVED] = "flow-removed", [HUB_EXPIRING] = "sa-expiring",
		[HUB_PACKET_IN] = "packet-in", [HUB_LOST] = "lost",
		[HUB_AT] = "at", [HUB_DISAGREED] = "disagreed",
		[HUB_CLAIMED] = "claimed",
	};
	json_t *json = json_pack("{s:s, s:o, s:i}", "event", names[event->what], "nic",
				 json_sprintf(MAC_FORMAT, MAC_BYTES(nic->mac)),
				 "version", nic_version(nic) ?: 2);
	json_t *detail = detail_of(event);

	if (nic->port)
		json_object_set_new(json, "port_name", json_string(nic->port->name));
	if (detail)
		json_object_update(json, detail);
	json_decref(detail);
	return json;
}

/* ---- trace ---- */

static json_t *flow_json(const uint8_t *data, size_t len)
{
	enum cvsw_flow_command command;
	struct cvsw_flow flow;
	json_t *json;
	size_t used;
	char *text;

	if (cvsw_flow_mod_decode(data, len, &used, &command, &flow, NULL) != CVSW_OK)
		return NULL;
	text = flow_text(&flow);
	json = json_string(text);
	free(text);
	return json;
}

/* An action by itself: that of a flow that has nothing else. */
static json_t *action_json(const uint8_t *data, size_t len)
{
	struct cvsw_flow flow = { .priority = 0 };
	const char *actions;
	json_t *json = NULL;
	size_t offset;
	char *text;

	if (cvsw_actions_decode(data, len, &flow, &offset))
		return NULL;
	text = flow_text(&flow);
	actions = strstr(text, "actions=");
	if (actions)
		json = json_string(actions + strlen("actions="));
	free(text);
	return json;
}

static json_t *bucket_json(const uint8_t *data, size_t len)
{
	struct cvsw_v3_step_bucket step;
	char slot[24] = "";

	if (cvsw_v3_step_bucket_decode(data, len, &step))
		return json_string("?");
	if (step.slot != CVSW_V3_NO_BUCKET)
		snprintf(slot, sizeof(slot), ", slot %u", step.slot);
	if (step.bucket == CVSW_V3_NO_BUCKET)
		return json_sprintf("group %u%s: no bucket", step.group, slot);
	return json_sprintf("group %u%s: bucket %u", step.group, slot, step.bucket);
}

json_t *report_step(const struct cvsw_v3_step *step)
{
	static const char *const names[] = {
		[CVSW_V3_STEP_LOOKUP] = "lookup", [CVSW_V3_STEP_ACTION] = "action",
		[CVSW_V3_STEP_FRAME] = "frame", [CVSW_V3_STEP_ONWARD] = "onward",
		[CVSW_V3_STEP_DROP] = "drop", [CVSW_V3_STEP_SKIPPED] = "skipped",
		[CVSW_V3_STEP_CUT] = "cut", [CVSW_V3_STEP_BUCKET] = "bucket",
	};
	char text[CVSW_V3_COUNTER_NAME_MAX + 1];
	json_t *json, *data = NULL;

	if (!step->kind || step->kind > CVSW_V3_STEP_BUCKET)
		return NULL;
	json = json_pack("{s:s, s:i, s:i}", "step", names[step->kind], "pass", step->pass,
			 "copy", step->copy);
	switch (step->kind) {
	case CVSW_V3_STEP_LOOKUP:
		data = step->len ? flow_json(step->data, step->len) : json_string("no match");
		json_object_set_new(json, "table", json_integer(step->port));
		break;
	case CVSW_V3_STEP_ACTION:
		data = action_json(step->data, step->len);
		break;
	case CVSW_V3_STEP_FRAME:
		data = hex_json(step->data, step->len);
		break;
	case CVSW_V3_STEP_ONWARD:
		data = json_string(step->port == CVSW_HOST ? "HOST" : "NET");
		break;
	case CVSW_V3_STEP_BUCKET:
		data = bucket_json(step->data, step->len);
		break;
	case CVSW_V3_STEP_DROP:
		text_printable(step->data, step->len, text, sizeof(text));
		data = json_string(text);
		break;
	}
	if (data)
		json_object_set_new(json, "data", data);
	return json;
}
