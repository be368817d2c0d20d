// SPDX-License-Identifier: GPL-2.0-or-later
#include "request.h"

#include <stdarg.h>

#include "base/alloc.h"
#include "intent.h"
#include "base/log.h"
#include "report.h"
#include "request.h"
#include "request_table.h"

void request_refuse_error(const struct request *request, const struct request_error *error)
{
	client_answer(request->client, request_error_json(error));
}

void request_refuse(const struct request *request, enum request_code code, const char *format, ...)
{
	struct request_error error;
	va_list args;

	va_start(args, format);
	request_wrong_v(&error, code, format, args);
	va_end(args);
	request_refuse_error(request, &error);
}

void request_refuse_member(const struct request *request, enum request_code code,
			   const char *member, const char *format, ...)
{
	struct request_error error;
	va_list args;
	json_t *answer;

	va_start(args, format);
	request_wrong_v(&error, code, format, args);
	va_end(args);
	answer = request_error_json(&error);
	json_object_set_new(answer, "member", json_string(member));
	client_answer(request->client, answer);
}

void request_warn(json_t *answer, enum request_code code, const char *format, ...)
{
	json_t *warnings = json_object_get(answer, "warnings");
	struct request_error error;
	va_list args;

	va_start(args, format);
	request_wrong_v(&error, code, format, args);
	va_end(args);
	if (!warnings) {
		warnings = json_array();
		json_object_set_new(answer, "warnings", warnings);
	}
	json_array_append_new(warnings, request_warning_json(&error));
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

void request_changed(const struct request *request, struct nic *nic, struct request_asked *asked)
{
	state_put_nic(&request->agent->state, nic);
	asked->not_kept = !state_commit(&request->agent->state);
	nic_changed(nic, asked->mtu || asked->offload);
	request_answer_changed(request, nic, asked);
}

struct nic *request_nic(const struct request *request, enum place_unknown unknown)
{
	struct request_error error;
	struct nic *nic = place_find_nic(request->agent, request_text(request, "nic"), unknown,
					 &error);

	if (!nic)
		request_refuse_error(request, &error);
	return nic;
}

enum place_unknown request_unknown(const struct request *request)
{
	return request_is(request, "new") ? PLACE_CREATE : PLACE_OFFER;
}

static void refuse_text(const struct request *request, enum request_code code,
			const struct cvsw_text_error *error, size_t index)
{
	client_answer(request->client,
		      json_pack("{s:b, s:s, s:o, s:i, s:I}", "ok", 0,
				"code", request_code_name(code),
				"error", request_text_json(error->message),
				"column", error->column, "index", (json_int_t)index));
}

void request_refuse_flow(const struct request *request, const struct cvsw_text_error *error,
			 size_t index)
{
	refuse_text(request, REQUEST_BAD_FLOW, error, index);
}

void request_refuse_group(const struct request *request, const struct cvsw_text_error *error,
			  size_t index)
{
	refuse_text(request, REQUEST_BAD_GROUP, error, index);
}

void request_show(const struct request *request)
{
	struct agent *agent = request->agent;
	json_t *answer = json_pack("{s:b, s:s, s:b, s:o}", "ok", 1,
				   "version", CVSW_VERSION,
				   "kept", !agent->state.stale,
				   "drops", report_drops(&agent->nics));
	const struct pieces_list lists[] = { report_switches(agent), report_nics(agent, false) };

	report_database(agent, answer);
	client_answer_in_pieces(request->client, pieces_new(answer, lists, 2));
}

static void asked_init(struct request_asked *asked)
{
	*asked = (struct request_asked){ 0 };
	flowset_init(&asked->flows);
}

/* "auto" may have taken back all that was said of the NIC. */
static void set(const struct request *request, struct nic *nic, struct request_asked *asked)
{
	state_begin(&request->agent->state);
	desired_give_back(&nic->desired);
	request_changed(request, nic, asked);
	nic_release(nic);
}

void request_set_mtu(const struct request *request)
{
	const json_t *mtu = json_object_get(request->json, "mtu");
	struct nic *nic = request_nic(request, request_unknown(request));
	struct request_asked asked;

	if (!nic)
		return;
	asked_init(&asked);
	asked.mtu = true;
	nic_hand(nic)->mtu = json_integer_value(mtu);	/* of "auto": 0 */
	set(request, nic, &asked);
}

void request_set_offload(const struct request *request)
{
	const json_t *names = json_object_get(request->json, "offload");
	bool is_auto = json_is_string(names);
	struct request_asked asked;
	uint16_t offload = 0;
	struct nic *nic;

	if (!is_auto && !intent_parse_offload(names, &offload)) {
		request_refuse_member(request, REQUEST_BAD_VALUE, "offload",
				      "offloads are csum, tso, ufo, gso, gro and inner-csum");
		return;
	}
	nic = request_nic(request, request_unknown(request));
	if (!nic)
		return;
	asked_init(&asked);
	asked.offload = true;
	nic_hand(nic)->has_offload = !is_auto;
	nic_hand(nic)->offload = offload;
	set(request, nic, &asked);
}

void request_forget(const struct request *request)
{
	struct nic *nic = request_nic(request, PLACE_REFUSE);
	json_t *answer;

	if (!nic)
		return;
	if (nic->member) {
		request_refuse(request, REQUEST_IS_MEMBER, "NIC " MAC_FORMAT
			       " is a member of overlay %s: it has to leave first",
			       MAC_BYTES(nic->mac),
			       nic->member->overlay->config.name);
		return;
	}
	state_begin(&request->agent->state);
	state_forget(&request->agent->state, nic);
	if (!state_commit(&request->agent->state)) {
		request_refuse(request, REQUEST_NOT_KEPT,
			       "cvswd's database cannot be written (see its log)");
		return;
	}
	answer = json_pack("{s:b, s:o}", "ok", 1, "nic", report_nic(nic));
	nic_forget(nic);
	client_answer(request->client, answer);
}

void request_take(struct agent *agent, struct client *client, const char *line, size_t len)
{
	struct request request = { .agent = agent, .client = client };
	const struct request_command *command;
	json_error_t error;
	json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

	request.json = json;
	if (!json && json_error_code(&error) == json_error_duplicate_key)
		request_refuse(&request, REQUEST_DUPLICATE_MEMBER, "%s", error.text);
	else if (!json)
		request_refuse(&request, REQUEST_NOT_JSON, "not JSON: %s at column %d", error.text,
			       error.column);
	else if ((command = request_command(&request)))
		command->run(&request);
	json_decref(json);
}
