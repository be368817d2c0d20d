// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A message of version 3: what is accepted lies inside, and encodes to the same bytes again. */
#include "../cvsw_v3_body.h"
#include "fuzz.h"

static uint8_t out[CVSW_V3_MESSAGE_MAX + 256];

static void inside(const struct cvsw_v3_message *message, const uint8_t *data, size_t len)
{
	MUST(data >= message->body && data + len <= message->body + message->len);
}

static size_t again(const struct cvsw_v3_message *message, size_t *offset)
{
	union {
		struct cvsw_v3_error_body error;
		struct cvsw_v3_list list;
		struct cvsw_v3_entry entry;
		struct cvsw_sa sa;
		struct cvsw_v3_capabilities can;
		struct cvsw_v3_trace trace;
		struct cvsw_v3_expiring expiring;
	} u;
	uint64_t resume;
	uint16_t value;

	switch (message->type) {
	case CVSW_V3_ERROR:
		if (cvsw_v3_error_decode(message, &u.error, offset))
			return 0;
		return cvsw_v3_error_encode(message->xid, message->error, &u.error, out, sizeof(out));
	case CVSW_V3_LIST:
		if (cvsw_v3_list_decode(message, &u.list, offset))
			return 0;
		return cvsw_v3_list_encode(message->xid, &u.list, out, sizeof(out));
	case CVSW_V3_LIST_SAS:
	case CVSW_V3_LIST_GROUPS:
	case CVSW_V3_GROUP_COUNTERS:
		if (cvsw_v3_resume_decode(message, &resume, offset))
			return 0;
		return cvsw_v3_resume_encode(message->type, message->xid, resume, out, sizeof(out));
	case CVSW_V3_SET_SA:
		if (cvsw_v3_set_sa_decode(message, &u.sa, offset))
			return 0;
		return cvsw_v3_set_sa_encode(message->xid, &u.sa, out, sizeof(out));
	case CVSW_V3_SET_MTU:
	case CVSW_V3_SET_OFFLOAD:
		if (cvsw_v3_set_decode(message, &value, offset))
			return 0;
		return cvsw_v3_set_encode(message->type, message->xid, value, out, sizeof(out));
	case CVSW_V3_CAPABILITIES_ANSWER:
		if (cvsw_v3_capabilities_decode(message, &u.can, offset))
			return 0;
		return cvsw_v3_capabilities_encode(message->xid, &u.can, out, sizeof(out));
	case CVSW_V3_TRACE:
		if (cvsw_v3_trace_decode(message, &u.trace, offset))
			return 0;
		return cvsw_v3_trace_encode(message->xid, &u.trace, out, sizeof(out));
	case CVSW_V3_FLOW_REMOVED:
		if (cvsw_v3_flow_removed_decode(message, &u.entry, offset))
			return 0;
		inside(message, u.entry.flow_mod, u.entry.len);
		return message->xid ? 0 : cvsw_v3_flow_removed_encode(&u.entry, out, sizeof(out));
	case CVSW_V3_SA_EXPIRING:
		if (cvsw_v3_expiring_decode(message, &u.expiring, offset))
			return 0;
		return message->xid ? 0 : cvsw_v3_expiring_encode(&u.expiring, out, sizeof(out));
	default:
		if (cvsw_v3_plain_decode(message, offset))
			return 0;
		return cvsw_v3_plain_encode(message->type, message->xid, out, sizeof(out));
	}
}

/* Rows of things, and what has a flow_mod behind it. */
static bool rows(const struct cvsw_v3_message *message, size_t *offset)
{
	struct cvsw_reader r = cvsw_reader(message->body, message->len);
	struct cvsw_writer w = cvsw_writer(out, sizeof(out));
	struct cvsw_v3_flows flows;
	struct cvsw_v3_counter counter;
	struct cvsw_v3_entry entry;
	struct cvsw_v3_listed_sa sa;
	struct cvsw_v3_step step;
	uint64_t resume;

	switch (message->type) {
	case CVSW_V3_FLOWS:
		if (!cvsw_v3_flows_decode(message, &flows, offset))
			inside(message, flows.flow_mods, flows.len);
		return true;
	case CVSW_V3_LIST_ANSWER:
	case CVSW_V3_LIST_GROUPS_ANSWER:
		if (cvsw_v3_list_answer_decode(message, &resume, &r, offset))
			return true;
		while (cvsw_left(&r) && !cvsw_v3_entry_get(&r, &entry)) {
			inside(message, entry.flow_mod, entry.len);
			MUST(cvsw_v3_entry_put(&w, &entry));
		}
		return true;
	case CVSW_V3_LIST_SAS_ANSWER:
		if (cvsw_v3_list_answer_decode(message, &resume, &r, offset))
			return true;
		cvsw_v3_list_answer_begin(&w, CVSW_V3_LIST_SAS_ANSWER, message->xid);
		cvsw_v3_list_answer_resume(&w, resume);
		while (cvsw_left(&r) && !cvsw_v3_listed_sa_get(&r, &sa))
			MUST(cvsw_v3_listed_sa_put(&w, &sa));
		MUST(cvsw_left(&r) || message->error ||
		     (cvsw_written(&w) >= CVSW_V3_MESSAGE_HEADER_LEN &&
		      !memcmp(out + CVSW_V3_MESSAGE_HEADER_LEN, message->body, 8)));
		return true;
	case CVSW_V3_GROUP_COUNTERS_ANSWER:
		if (cvsw_v3_list_answer_decode(message, &resume, &r, offset))
			return true;
		while (cvsw_left(&r) && !cvsw_v3_hits_get(&r, &entry.n_packets, &entry.n_bytes))
			MUST(cvsw_v3_hits_put(&w, entry.n_packets, entry.n_bytes));
		return true;
	case CVSW_V3_STATISTICS_ANSWER:
		while (cvsw_left(&r) && !cvsw_v3_counter_get(&r, &counter)) {
			inside(message, counter.name, counter.name_len);
			MUST(cvsw_v3_counter_put(&w, &counter));
		}
		return true;
	case CVSW_V3_TRACE_ANSWER:
		while (cvsw_left(&r) && !cvsw_v3_step_get(&r, &step)) {
			inside(message, step.data, step.len);
			MUST(cvsw_v3_step_put(&w, &step));
		}
		return true;
	default:
		return false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cvsw_v3_message message;
	struct cvsw_v3_packet_in in;
	size_t offset = 0, written;

	if (!cvsw_v3_packet_in_decode(data, len, &in, &offset)) {
		MUST(cvsw_v3_packet_in_encode(&in, out, sizeof(out)) == len);
		MUST(!memcmp(out, data, len));
	}
	MUST(offset <= len);
	offset = 0;
	if (cvsw_v3_message_decode(data, len, &message, &offset)) {
		MUST(offset <= len);
		return 0;
	}
	MUST(message.body + message.len == data + len);
	if (!rows(&message, &offset)) {
		written = again(&message, &offset);
		MUST(!written || (written == len && !memcmp(out, data, len)));
	}
	MUST(offset <= len);
	return 0;
}
