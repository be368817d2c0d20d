// SPDX-License-Identifier: GPL-2.0-or-later
/* Clients that wait for a NIC's own answer: stats, trace, an SA made by hand. */
#include "base/alloc.h"
#include "cvsw_text.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/text.h"
#include "report.h"
#include "request.h"
#include "wait.h"

struct asker {
	struct waiter waiter;
	uint8_t mac[CVSW_ETH_ALEN];
	json_t *(*report)(struct request_answer *answer);
	void *arg;
	void (*done)(void *arg);
	bool changes;
};

static struct nic *nic_of(const struct asker *asker)
{
	return nics_find(&asker->waiter.agent->nics, asker->mac);
}

/* There is no answer that could be reported. */
static json_t *failed(const struct asker *asker, enum request_code code, const char *why)
{
	struct nic *nic = nic_of(asker);
	struct request_error error;
	json_t *answer;

	if (!asker->changes) {
		request_wrong(&error, code, "%s", why);
		return request_error_json(&error);
	}
	answer = json_pack("{s:b, s:b}", "ok", 1, "synced", 0);
	if (nic)
		json_object_set_new(answer, "nic", report_nic(nic));
	request_warn(answer, REQUEST_NOT_CONFIRMED, "%s: whether it was done is not known", why);
	return answer;
}

/* nic_ask()'s. */
static void on_answer(void *arg, const struct cvsw_v3_message *answer, const uint8_t *request,
		      size_t request_len)
{
	struct asker *asker = arg;
	struct nic *nic = nic_of(asker);
	struct request_answer answered = { .nic = nic, .message = answer, .arg = asker->arg };
	struct nic_refusal refusal;
	json_t *json;

	if (!answer) {
		json = failed(asker, REQUEST_NO_ANSWER, "the NIC began a new conversation");
	} else if (answer->type == CVSW_V3_ERROR) {
		nic_refusal_of(answer, request, request_len, &refusal);
		json = request_refusal(nic, &refusal);
	} else {
		json = asker->report(&answered);
	}
	if (answered.next_len && nic_ask(nic, answered.next, answered.next_len, on_answer, asker))
		return;
	if (answered.pieces) {
		wait_answer_in_pieces(&asker->waiter, answered.pieces);
		return;
	}
	wait_answer(&asker->waiter, json ?: failed(asker, REQUEST_BAD_ANSWER,
						   "the NIC's answer cannot be read"));
}

static json_t *late(struct waiter *waiter)
{
	return failed((struct asker *)waiter, REQUEST_NO_ANSWER, "the NIC did not answer in time");
}

static void end(struct waiter *waiter)
{
	struct asker *asker = (struct asker *)waiter;
	struct nic *nic = nic_of(asker);

	if (nic)
		nic_forget_asker(nic, asker);
	if (asker->done)
		asker->done(asker->arg);
}

bool request_can_ask(const struct request *request, const struct nic *nic)
{
	if (!nic_version(nic))
		request_refuse(request, REQUEST_NO_KEY, "NIC " MAC_FORMAT " has no key, so cvswd "
			       "does not talk to it (cvswctl key add)", MAC_BYTES(nic->mac));
	else if (!nic_can_be_asked(nic))
		request_refuse(request, REQUEST_VERSION_2, "NIC " MAC_FORMAT " has no key, so it "
			       "speaks version 2, which cannot do this", MAC_BYTES(nic->mac));
	else if (nic_state(nic) == NIC_ABSENT)
		request_refuse(request, REQUEST_NIC_ABSENT, "NIC " MAC_FORMAT " is absent",
			       MAC_BYTES(nic->mac));
	else
		return true;
	return false;
}

void request_ask(const struct request *request, struct nic *nic, const uint8_t *message,
		 size_t len, json_t *(*report)(struct request_answer *answer), void *arg,
		 void (*done)(void *arg), bool changes)
{
	static const struct wait_kind kind = { .late = late, .end = end };
	struct asker *asker = xcalloc(1, sizeof(*asker));

	asker->report = report;
	asker->arg = arg;
	asker->done = done;
	memcpy(asker->mac, nic->mac, CVSW_ETH_ALEN);
	wait_begin(request, &asker->waiter, &kind);
	if (!nic_ask(nic, message, len, on_answer, asker)) {
		wait_answer(&asker->waiter, failed(asker, REQUEST_NIC_ABSENT, "the NIC is absent"));
		return;
	}
	asker->changes = changes;
	nic_go_on(nic);
}

/* ---- stats ---- */

static json_t *report_stats(struct request_answer *answer)
{
	struct cvsw_reader body = cvsw_reader(answer->message->body, answer->message->len);
	struct cvsw_v3_counter counter;
	json_t *counters = json_object();

	while (cvsw_left(&body)) {
		char name[CVSW_V3_COUNTER_NAME_MAX + 1];

		if (cvsw_v3_counter_get(&body, &counter)) {
			json_decref(counters);
			return NULL;
		}
		text_printable(counter.name, counter.name_len, name, sizeof(name));
		json_object_set_new(counters, name, json_integer(counter.value));
	}
	return json_pack("{s:b, s:o, s:o}", "ok", 1, "nic", report_nic(answer->nic),
			 "counters", counters);
}

void request_stats(const struct request *request)
{
	struct nic *nic = request_nic(request, PLACE_REFUSE);
	uint8_t message[CVSW_V3_MESSAGE_HEADER_LEN];
	size_t len;

	if (!nic || !request_can_ask(request, nic))
		return;
	len = cvsw_v3_plain_encode(CVSW_V3_STATISTICS, 0, message, sizeof(message));
	request_ask(request, nic, message, len, report_stats, NULL, NULL, false);
}

/* ---- trace ---- */

/* False: not an even number of hex digits, or too many. */
static bool frame_of(const char *hex, uint8_t *frame, size_t *len)
{
	size_t n = strlen(hex);

	*len = n / 2;
	if (n % 2 || n / 2 > CVSW_V3_TRACE_FRAME_MAX)
		return false;
	return hex_bytes(hex, frame, n / 2);
}

static json_t *report_trace(struct request_answer *answer)
{
	struct cvsw_reader body = cvsw_reader(answer->message->body, answer->message->len);
	json_t *steps = json_array(), *json;
	struct cvsw_v3_step step;

	while (cvsw_left(&body)) {
		json = cvsw_v3_step_get(&body, &step) ? NULL : report_step(&step);
		if (!json) {
			json_decref(steps);
			return NULL;
		}
		json_array_append_new(steps, json);
	}
	return json_pack("{s:b, s:o, s:o}", "ok", 1, "nic", report_nic(answer->nic),
			 "steps", steps);
}

void request_trace(const struct request *request)
{
	static uint8_t message[CVSW_V3_MESSAGE_MAX], frame[CVSW_V3_TRACE_FRAME_MAX];
	const char *hex = request_text(request, "frame"), *port = request_text(request, "in_port");
	struct cvsw_v3_trace trace = { .in_port = CVSW_HOST, .frame = frame };
	struct nic *nic = request_nic(request, PLACE_REFUSE);
	size_t len;

	if (!nic || !request_can_ask(request, nic))
		return;
	if (port && !strcmp(port, "NET"))
		trace.in_port = CVSW_NET;
	if (!nic->can_known || !(nic->can.features & CVSW_V3_CAN_TRACE)) {
		request_refuse(request, REQUEST_NIC_CANNOT, "the driver of NIC " MAC_FORMAT " cannot trace",
			       MAC_BYTES(nic->mac));
	} else if (!frame_of(hex, frame, &trace.len) ||
		   trace.len < CVSW_V3_TRACE_FRAME_MIN) {
		request_refuse_member(request, REQUEST_BAD_VALUE, "frame",
				      "a frame is %d to %d bytes in hex", CVSW_V3_TRACE_FRAME_MIN,
				      CVSW_V3_TRACE_FRAME_MAX);
	} else {
		len = cvsw_v3_trace_encode(0, &trace, message, sizeof(message));
		request_ask(request, nic, message, len, report_trace, NULL, NULL, false);
	}
}
