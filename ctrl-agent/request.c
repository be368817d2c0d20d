// SPDX-License-Identifier: GPL-2.0
#include "request.h"

#include <stdarg.h>

#include "alloc.h"
#include "intent.h"
#include "log.h"
#include "report.h"
#include "request_parts.h"
#include "state.h"

void request_refuse(const struct request *request, const char *format, ...)
{
	va_list args;
	json_t *text;

	va_start(args, format);
	text = json_vsprintf(format, args);
	va_end(args);
	client_answer(request->client, json_pack("{s:b, s:o}", "ok", 0, "error", text));
}

void request_cancel(struct client *client)
{
	if (!request_wait_cancel(client) && !request_ask_cancel(client))
		request_overlay_cancel(client);
}

bool request_is(const struct request *request, const char *key)
{
	return json_is_true(json_object_get(request->json, key));
}

struct timeval request_time(const struct request *request)
{
	const json_t *timeout = json_object_get(request->json, "timeout_ms");
	json_int_t ms = REQUEST_DEFAULT_TIMEOUT_MS;

	if (json_is_integer(timeout))
		ms = json_integer_value(timeout);
	ms = ms < 0 ? 0 : ms > REQUEST_MAX_TIMEOUT_MS ? REQUEST_MAX_TIMEOUT_MS : ms;
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

const char *request_text(const struct request *request, const char *key)
{
	return json_string_value(json_object_get(request->json, key));
}

void request_changed(const struct request *request, struct nic *nic, bool settings)
{
	bool kept;

	state_put_nic(request->agent, nic);
	kept = state_commit(request->agent);
	nic_changed(nic, settings);
	if (kept)
		request_answer_changed(request, nic);
	else
		request_refuse(request, REQUEST_NOT_KEPT);
}

struct nic *request_nic(const struct request *request, enum place_unknown unknown)
{
	const char *text = json_string_value(json_object_get(request->json, "nic"));
	char why[256];
	struct nic *nic;

	if (!text) {
		request_refuse(request, "the request names no NIC");
		return NULL;
	}
	nic = place_find_nic(request->agent, text, unknown, why, sizeof(why));
	if (!nic)
		request_refuse(request, "%s", why);
	return nic;
}

void request_refuse_flow(const struct request *request, const struct cvsw_text_error *error,
			 size_t index)
{
	client_answer(request->client,
		      json_pack("{s:b, s:s, s:i, s:I}", "ok", 0, "error", error->message,
				"column", error->column, "index", (json_int_t)index));
}

static void do_show(const struct request *request)
{
	json_t *answer = json_pack("{s:b, s:s, s:o, s:o, s:o}", "ok", 1, "version", CVSW_VERSION,
				   "switches", report_switches(request->agent),
				   "nics", report_nics(request->agent),
				   "drops", report_drops(&request->agent->nics));

	report_database(request->agent, answer);
	client_answer(request->client, answer);
}

static void do_set_mtu(const struct request *request)
{
	json_int_t mtu = json_integer_value(json_object_get(request->json, "mtu"));
	struct nic *nic;

	if (mtu < INTENT_MIN_MTU || mtu > UINT16_MAX) {
		request_refuse(request, "an MTU is a number from %d to %d", INTENT_MIN_MTU,
			       UINT16_MAX);
		return;
	}
	nic = request_nic(request, PLACE_CREATE);
	if (!nic)
		return;
	state_begin(request->agent);
	nic->session.intent.mtu = mtu;
	request_changed(request, nic, true);
}

static void do_set_offload(const struct request *request)
{
	uint16_t offload;
	struct nic *nic;

	if (!intent_parse_offload(json_object_get(request->json, "offload"), &offload)) {
		request_refuse(request, "offloads are csum, tso, ufo, gso, gro and inner-csum");
		return;
	}
	nic = request_nic(request, PLACE_CREATE);
	if (!nic)
		return;
	state_begin(request->agent);
	nic->session.intent.offload = offload;
	nic->session.intent.offload_stated = true;
	request_changed(request, nic, true);
}

static void do_forget(const struct request *request)
{
	struct nic *nic = request_nic(request, PLACE_REFUSE);
	json_t *answer;

	if (!nic)
		return;
	if (nic->session.member) {
		request_refuse(request, "it is a member of an overlay: let it leave first");
		return;
	}
	state_begin(request->agent);
	state_forget(request->agent, nic);
	if (!state_commit(request->agent)) {
		request_refuse(request, "it cannot be taken out of cvswd's database (see its log)");
		return;
	}
	answer = json_pack("{s:b, s:o}", "ok", 1, "nic", report_nic(nic));
	nic_forget(nic);
	client_answer(request->client, answer);
}

static const struct command {
	const char *name;
	void (*run)(const struct request *request);
} commands[] = {
	{ "show", do_show },
	{ "add-flows", request_add_flows },
	{ "mod-flows", request_mod_flows },
	{ "del-flows", request_del_flows },
	{ "replace-flows", request_replace_flows },
	{ "diff-flows", request_diff_flows },
	{ "dump-flows", request_dump_flows },
	{ "set-mtu", do_set_mtu },
	{ "set-offload", do_set_offload },
	{ "forget", do_forget },
	{ "key-add", request_key_add },
	{ "key-del", request_key_del },
	{ "key-list", request_key_list },
	{ "monitor", request_monitor },
	{ "stats", request_stats },
	{ "trace", request_trace },
	{ "set-key", request_set_key },
	{ "del-key", request_del_key },
	{ "overlay-add", request_overlay_add },
	{ "overlay-del", request_overlay_del },
	{ "overlay-join", request_overlay_join },
	{ "overlay-leave", request_overlay_leave },
	{ "overlay-renew", request_overlay_renew },
	{ "overlay-show", request_overlay_show },
};

void request_take(struct agent *agent, struct client *client, const char *line, size_t len)
{
	struct request request = { .agent = agent, .client = client };
	const char *name;
	json_error_t error;
	json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	size_t i;

	request.json = json;
	name = json_string_value(json_object_get(json, "command"));
	if (!json) {
		request_refuse(&request, "not JSON: %s at column %d", error.text, error.column);
	} else if (!name) {
		request_refuse(&request, "the request names no command");
	} else {
		for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
			if (!strcmp(commands[i].name, name))
				break;
		if (i < sizeof(commands) / sizeof(*commands))
			commands[i].run(&request);
		else
			request_refuse(&request, "unknown command");
	}
	json_decref(json);
}
