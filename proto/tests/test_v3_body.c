// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What stands in version 3's messages. */
#include <stdlib.h>

#include "../cvsw_flow_mod.h"
#include "../cvsw_v3_body.h"
#include "../cvsw_v3_libcrypto.h"
#include "gen.h"
#include "tests.h"
#include "v3_nic.h"

static volatile uint8_t sink;

/* What a decoder points to is read to its end, so that AddressSanitizer sees where that lies. */
static void touch(const uint8_t *data, size_t len)
{
	while (len--)
		sink = sink ^ data[len];
}

/* Every decoder on one message; answers with what its own said. */
static enum cvsw_v3_error decode(const uint8_t *data, size_t len, size_t *offset)
{
	struct cvsw_v3_message message;
	enum cvsw_v3_error error = cvsw_v3_message_decode(data, len, &message, offset);
	struct cvsw_reader entries, body;
	union {
		struct cvsw_v3_error_body error;
		struct cvsw_v3_flows flows;
		struct cvsw_v3_list list;
		struct cvsw_v3_entry entry;
		struct cvsw_v3_listed_sa listed_sa;
		struct cvsw_sa sa;
		struct cvsw_v3_capabilities can;
		struct cvsw_v3_counter counter;
		struct cvsw_v3_trace trace;
		struct cvsw_v3_step step;
		struct cvsw_v3_expiring expiring;
	} u;
	uint64_t resume;
	uint16_t value;

	if (error)
		return error;
	body = cvsw_reader(message.body, message.len);
	switch (message.type) {
	case CVSW_V3_ERROR:
		error = cvsw_v3_error_decode(&message, &u.error, offset);
		if (!error)
			touch(u.error.text, u.error.text_len);
		return error;
	case CVSW_V3_FLOWS:
		error = cvsw_v3_flows_decode(&message, &u.flows, offset);
		if (!error)
			touch(u.flows.flow_mods, u.flows.len);
		return error;
	case CVSW_V3_LIST:
		error = cvsw_v3_list_decode(&message, &u.list, offset);
		if (!error)
			touch(u.list.filter, u.list.filter_len);
		return error;
	case CVSW_V3_LIST_ANSWER:
	case CVSW_V3_LIST_GROUPS_ANSWER:
		error = cvsw_v3_list_answer_decode(&message, &resume, &entries, offset);
		while (!error && cvsw_left(&entries)) {
			error = cvsw_v3_entry_get(&entries, &u.entry);
			if (!error)
				touch(u.entry.flow_mod, u.entry.len);
		}
		return error;
	case CVSW_V3_GROUP_COUNTERS_ANSWER:
		error = cvsw_v3_list_answer_decode(&message, &resume, &entries, offset);
		while (!error && cvsw_left(&entries))
			error = cvsw_v3_hits_get(&entries, &u.entry.n_packets, &u.entry.n_bytes);
		return error;
	case CVSW_V3_LIST_SAS:
	case CVSW_V3_LIST_GROUPS:
	case CVSW_V3_GROUP_COUNTERS:
		return cvsw_v3_resume_decode(&message, &resume, offset);
	case CVSW_V3_LIST_SAS_ANSWER:
		error = cvsw_v3_list_answer_decode(&message, &resume, &entries, offset);
		while (!error && cvsw_left(&entries))
			error = cvsw_v3_listed_sa_get(&entries, &u.listed_sa);
		return error;
	case CVSW_V3_SET_SA:
		return cvsw_v3_set_sa_decode(&message, &u.sa, offset);
	case CVSW_V3_SET_MTU:
	case CVSW_V3_SET_OFFLOAD:
		return cvsw_v3_set_decode(&message, &value, offset);
	case CVSW_V3_CAPABILITIES_ANSWER:
		error = cvsw_v3_capabilities_decode(&message, &u.can, offset);
		if (!error)
			touch(u.can.release, u.can.release_len);
		return error;
	case CVSW_V3_STATISTICS_ANSWER:
		while (!error && cvsw_left(&body)) {
			error = cvsw_v3_counter_get(&body, &u.counter);
			if (!error)
				touch(u.counter.name, u.counter.name_len);
		}
		return error;
	case CVSW_V3_TRACE:
		error = cvsw_v3_trace_decode(&message, &u.trace, offset);
		if (!error)
			touch(u.trace.frame, u.trace.len);
		return error;
	case CVSW_V3_TRACE_ANSWER:
		while (!error && cvsw_left(&body)) {
			error = cvsw_v3_step_get(&body, &u.step);
			if (!error)
				touch(u.step.data, u.step.len);
		}
		return error;
	case CVSW_V3_FLOW_REMOVED:
		error = cvsw_v3_flow_removed_decode(&message, &u.entry, offset);
		if (!error)
			touch(u.entry.flow_mod, u.entry.len);
		return error;
	case CVSW_V3_SA_EXPIRING:
		return cvsw_v3_expiring_decode(&message, &u.expiring, offset);
	default:
		return cvsw_v3_plain_decode(&message, offset);
	}
}

static enum cvsw_v3_error decode_copy(const uint8_t *data, size_t len, size_t *offset)
{
	uint8_t *copy = exact_copy(data, len);
	enum cvsw_v3_error error;

	*offset = 0;
	error = decode(copy, len, offset);
	CHECK(*offset <= len);
	free(copy);
	return error;
}

/* One of each type, in @buf. */
static size_t make(unsigned int which, struct rng *rng, uint8_t *buf, size_t room)
{
	static struct cvsw_flow flow;
	static uint8_t flow_mod[CVSW_FLOW_MOD_MAX];
	struct cvsw_writer w = cvsw_writer(buf, room);
	struct cvsw_v3_error_body error = { 40, 2, 4, (const uint8_t *)"no", 2 };
	struct cvsw_v3_capabilities can = { 3, 4, 5, 1500, 68, 65535, 1, 27,
					    (const uint8_t *)"1.0", 3 };
	struct cvsw_v3_counter counter = { 77, (const uint8_t *)"ctl-received", 12 };
	struct cvsw_v3_trace trace = { .in_port = CVSW_NET, .pass = 2, .tun_type = 1, .sa = 256,
				       .tun_id = 5, .frame = flow_mod, .len = 60 };
	struct cvsw_v3_step step = { CVSW_V3_STEP_ACTION, 1, 0, 0, flow_mod, 8 };
	struct cvsw_v3_expiring expiring = { 256, CVSW_SA_OUT, CVSW_V3_SA_RUNS_OUT, 1u << 31 };
	struct cvsw_v3_list list = { .resume = 9 };
	struct cvsw_v3_entry entry = { .idle = 3, .age = 4000, .n_packets = 5, .n_bytes = 300,
				       .flow_mod = flow_mod };
	struct cvsw_sa sa;

	gen_flow(rng, GEN_ANY, &flow);
	flow.n_actions = 0;
	entry.len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, &flow, flow_mod, sizeof(flow_mod));
	gen_sa(rng, 32, &sa);
	switch (which) {
	case 0:
		return cvsw_v3_plain_encode(CVSW_V3_ACK, 5, buf, room);
	case 1:
		return cvsw_v3_error_encode(6, CVSW_V3_ERR_ACTION_PORT, &error, buf, room);
	case 2:
		cvsw_v3_flows_begin(&w, 7, 8, CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT);
		cvsw_put_bytes(&w, flow_mod, entry.len);
		return cvsw_written(&w);
	case 3:
		return cvsw_v3_list_encode(8, &list, buf, room);
	case 4:
		cvsw_v3_list_answer_begin(&w, CVSW_V3_LIST_ANSWER, 9);
		if (!cvsw_v3_entry_put(&w, &entry) || !cvsw_v3_entry_put(&w, &entry))
			return 0;
		cvsw_v3_list_answer_resume(&w, 1234);
		return cvsw_written(&w);
	case 5:
		return cvsw_v3_set_sa_encode(10, &sa, buf, room);
	case 6:
		return cvsw_v3_set_encode(CVSW_V3_SET_MTU, 11, 1450, buf, room);
	case 7:
		return cvsw_v3_capabilities_encode(12, &can, buf, room);
	case 8:
		cvsw_v3_statistics_begin(&w, 13);
		if (!cvsw_v3_counter_put(&w, &counter) || !cvsw_v3_counter_put(&w, &counter))
			return 0;
		return cvsw_written(&w);
	case 9:
		return cvsw_v3_trace_encode(14, &trace, buf, room);
	case 10:
		cvsw_v3_trace_answer_begin(&w, 15);
		if (!cvsw_v3_step_put(&w, &step) || !cvsw_v3_step_put(&w, &step))
			return 0;
		return cvsw_written(&w);
	case 11:
		entry.reason = CVSW_V3_REMOVED_HARD;
		return cvsw_v3_flow_removed_encode(&entry, buf, room);
	case 12:
		return cvsw_v3_expiring_encode(&expiring, buf, room);
	}
	return 0;
}

#define KINDS	13

static void messages_of_all_types_are_read(void)
{
	struct rng rng = { 600 };
	uint8_t buf[1024];
	unsigned int which, round;

	for (round = 0; round < 50; round++)
		for (which = 0; which < KINDS; which++) {
			struct rng same = rng;
			size_t len = make(which, &rng, buf, sizeof(buf)), offset, room;
			enum cvsw_v3_error error;

			CHECK(len);
			error = decode_copy(buf, len, &offset);
			CHECK_MSG(!error, "kind %u: %s at %zu", which, cvsw_v3_error_name(error),
				  offset);
			/* In no less room. */
			for (room = 0; round < 3 && room < len; room++) {
				struct rng again = same;
				uint8_t *tight = malloc(room ? room : 1);

				CHECK_MSG(!make(which, &again, tight, room), "kind %u in %zu",
					  which, room);
				free(tight);
			}
		}
}

static void cuts_and_flips_of_messages_are_survived(void)
{
	struct rng rng = { 610 };
	uint8_t buf[1024];
	unsigned int which;

	for (which = 0; which < KINDS; which++) {
		size_t len = make(which, &rng, buf, sizeof(buf)), cut, bit, offset;

		for (cut = 0; cut < len; cut++) {
			enum cvsw_v3_error error = decode_copy(buf, cut, &offset);
			/* Texts, flow_mods, frames and rows of things may end early. */
			bool open = cut >= 8 && (which == 1 || which == 2 || which == 3 ||
						 which == 7 || which == 9 || which == 4 ||
						 which == 8 || which == 10);

			CHECK_MSG(error || open, "kind %u cut to %zu", which, cut);
		}
		for (bit = 0; bit < len * 8; bit++) {
			buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
			decode_copy(buf, len, &offset);
			buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static enum cvsw_v3_error decode_packet_in(const uint8_t *data, size_t len, size_t *offset)
{
	uint8_t *copy = exact_copy(data, len);
	struct cvsw_v3_packet_in in;
	enum cvsw_v3_error error;

	*offset = 0;
	error = cvsw_v3_packet_in_decode(copy, len, &in, offset);
	if (!error)
		touch(in.data, in.len);
	CHECK(*offset <= len && (error || in.len <= in.total));
	free(copy);
	return error;
}

static void cuts_and_flips_of_packet_ins_are_survived(void)
{
	struct cvsw_v3_packet_in in = { .reason = CVSW_V3_ACTION, .in_port = CVSW_NET, .pass = 1,
					.total = 20, .sa = 256, .tun_id = 7, .cookie = 8,
					.data = (const uint8_t *)"0123456789", .len = 10 };
	uint8_t buf[64];
	size_t len = cvsw_v3_packet_in_encode(&in, buf, sizeof(buf)), cut, bit, offset;

	for (cut = 0; cut <= len; cut++)
		CHECK(!decode_packet_in(buf, cut, &offset) == (cut >= CVSW_V3_PACKET_IN_HEADER_LEN));
	for (bit = 0; bit < len * 8; bit++) {
		/* reason, in_port, pass, zero; total; zero */
		bool may = bit / 8 >= 8 || bit / 8 == 4 || bit / 8 == 5 || bit / 8 <= 2;

		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK_MSG(decode_packet_in(buf, len, &offset) || may, "bit %zu", bit);
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* ---- requests, done by a NIC ---- */

static void send_nowhere(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	(void)arg, (void)frame, (void)len, (void)place;
}

/* Everything that was put is sent and acknowledged. */
static void drain(struct cvsw_v3_stream *stream)
{
	uint64_t number;

	while (cvsw_v3_stream_due(stream, 1, &number))
		;
	CHECK(cvsw_v3_stream_acked(stream, stream->tx_next, 0, 1));
}

/* Exactly one answer, that can be read; if it is ERROR, nothing was changed. */
static void ask(struct v3_nic *nic, const uint8_t *request, size_t len)
{
	static struct cvsw_flow before[V3_NIC_FLOWS];
	struct cvsw_v3_stream *stream = &nic->end.stream;
	bool expected = len < 2 || !(request[1] & 1);
	struct v3_nic was = { .n_flows = nic->n_flows, .n_sas = nic->n_sas, .mtu = nic->mtu,
			      .offloads = nic->offloads };
	const struct cvsw_v3_slot *slot = &stream->tx[stream->tx_next % CVSW_V3_SEGMENTS];
	size_t offset;

	memcpy(before, nic->flows, was.n_flows * sizeof(*before));
	CHECK(!cvsw_v3_stream_got(stream, stream->rx_base, true, request, len));
	v3_nic_run(nic, 1);
	CHECK(stream->tx_next - stream->tx_base == expected);
	if (!expected)
		return;
	CHECK(slot->last && !decode_copy(slot->data, slot->len, &offset));
	if (slot->data[1] == CVSW_V3_ERROR)
		CHECK(nic->n_flows == was.n_flows && nic->n_sas == was.n_sas &&
		      nic->mtu == was.mtu && nic->offloads == was.offloads &&
		      !memcmp(before, nic->flows, was.n_flows * sizeof(*before)));
	memcpy(nic->flows, before, was.n_flows * sizeof(*before));
	nic->n_flows = was.n_flows;
	nic->n_sas = was.n_sas;
	nic->mtu = was.mtu;
	nic->offloads = was.offloads;
	drain(stream);
}

static size_t make_flows(struct rng *rng, uint8_t *buf)
{
	static struct cvsw_flow flow;
	struct cvsw_writer w = cvsw_writer(buf, CVSW_V3_SEGMENT_MAX);
	unsigned int n;

	cvsw_v3_flows_begin(&w, 1, 2, CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT);
	for (n = 0; n < 3; n++) {
		do
			gen_flow(rng, GEN_ANY, &flow);
		while (flow.n_actions > 6);
		w.at += cvsw_flow_mod_encode(CVSW_FLOW_ADD, &flow, buf + w.at, w.room - w.at);
	}
	return w.at;
}

static void cuts_and_flips_of_requests_are_answered(void)
{
	static const unsigned int requests[] = { 3, 5, 6, 9 };
	static const uint8_t mac[CVSW_ETH_ALEN] = { 2 };
	struct v3_nic *nic = v3_nic_new(&cvsw_v3_libcrypto, mac, NULL, send_nowhere, NULL);
	uint8_t buf[CVSW_V3_SEGMENT_MAX];
	struct rng rng = { 620 };
	unsigned int round;

	nic->end.conversing = true;
	for (round = 0; round < 8; round++) {
		size_t len = round < 4 ? make(requests[round], &rng, buf, sizeof(buf)) :
					 make_flows(&rng, buf);
		size_t cut, bit;

		CHECK(len);
		for (cut = 1; cut <= len; cut++)
			ask(nic, buf, cut);
		for (bit = 0; bit < len * 8; bit++) {
			buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ask(nic, buf, len);
			buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
	v3_nic_free(nic);
}

struct vector {
	const char *what;
	const char *hex;
	enum cvsw_v3_error error;
	size_t offset;
};

#define TEXT10	"30313233343536373839"
#define TEXT50	TEXT10 TEXT10 TEXT10 TEXT10 TEXT10

static const struct vector vectors[] = {
	{ "nothing", "", CVSW_V3_ERR_SHORT, 0 },
	{ "half a header", "0018 0000 0000", CVSW_V3_ERR_SHORT, 6 },
	{ "an error in a request", "0018 0001 00000001 05dc0000", CVSW_V3_ERR_RESERVED, 2 },
	{ "an ERROR without one", "0003 0000 00000001 00000000 ffffffff", CVSW_V3_ERR_RESERVED, 2 },
	{ "SET_MTU", "0018 0000 00000001 05dc0000", CVSW_V3_FINE, 0 },
	{ "SET_MTU, short", "0018 0000 00000001 05dc", CVSW_V3_ERR_SHORT, 10 },
	{ "SET_MTU, long", "0018 0000 00000001 05dc0000 00", CVSW_V3_ERR_LENGTH, 12 },
	{ "SET_MTU, reserved", "0018 0000 00000001 05dc0001", CVSW_V3_ERR_RESERVED, 10 },
	{ "SET_SA, SPI 255", "0016 0000 00000001 01100000 000000ff 00000000 00000000"
	  "00112233445566778899aabbccddeeff", CVSW_V3_ERR_SA, 12 },
	{ "FLOWS, nothing", "0012 0000 00000001 00000007 03 000000", CVSW_V3_FINE, 0 },
	{ "FLOWS, flag 16", "0012 0000 00000001 00000007 10 000000", CVSW_V3_ERR_FLAGS, 12 },
	{ "FLOWS, REPLACE alone", "0012 0000 00000001 00000007 04 000000", CVSW_V3_ERR_FLAGS, 12 },
	{ "FLOWS, ABORT", "0012 0000 00000001 00000007 08 000000", CVSW_V3_FINE, 0 },
	{ "FLOWS, ABORT and COMMIT", "0012 0000 00000001 00000007 0a 000000", CVSW_V3_ERR_FLAGS,
	  12 },
	{ "FLOWS, ABORT of flows", "0012 0000 00000001 00000007 08 000000 01",
	  CVSW_V3_ERR_LENGTH, 16 },
	{ "FLOWS, reserved", "0012 0000 00000001 00000007 03 000001", CVSW_V3_ERR_RESERVED, 13 },
	{ "LIST", "0014 0000 00000001 0000000000000000 0000000000000000", CVSW_V3_FINE, 0 },
	{ "LIST, reserved", "0014 0000 00000001 0000000000000000 0000000000000001",
	  CVSW_V3_ERR_RESERVED, 16 },
	{ "LIST_ANSWER, an entry of 31", "0015 0000 00000001 0000000000000000 001f0000"
	  "00000000 0000000000000000 0000000000000000 0000000000000000", CVSW_V3_ERR_LENGTH, 0 },
	{ "LIST_ANSWER, an entry that lies", "0015 0000 00000001 0000000000000000 00210000"
	  "00000000 0000000000000000 0000000000000000 0000000000000000", CVSW_V3_ERR_LENGTH, 0 },
	{ "LIST_SAS", "0020 0000 00000001 0000000000000000", CVSW_V3_FINE, 0 },
	{ "LIST_SAS, short", "0020 0000 00000001 00000000000000", CVSW_V3_ERR_SHORT, 15 },
	{ "LIST_SAS, long", "0020 0000 00000001 0000000000000000 00", CVSW_V3_ERR_LENGTH, 16 },
	{ "LIST_SAS_ANSWER of none", "0021 0000 00000001 0000000000000000", CVSW_V3_FINE, 0 },
	{ "LIST_SAS_ANSWER of two", "0021 0000 00000001 0000000000000001 00000100 01 00 0000"
	  "ffffffff 02 03 0000", CVSW_V3_FINE, 0 },
	{ "LIST_SAS_ANSWER, half an SA", "0021 0000 00000001 0000000000000000 00000100 01 00 00",
	  CVSW_V3_ERR_SHORT, 0 },
	{ "LIST_SAS_ANSWER, SPI 255", "0021 0000 00000001 0000000000000000 000000ff 01 00 0000",
	  CVSW_V3_ERR_SA, 0 },
	{ "LIST_SAS_ANSWER, direction 0", "0021 0000 00000001 0000000000000000 00000100 00 00 0000",
	  CVSW_V3_ERR_SA, 0 },
	{ "LIST_SAS_ANSWER, reason 4", "0021 0000 00000001 0000000000000000 00000100 02 04 0000",
	  CVSW_V3_ERR_VALUE, 0 },
	{ "LIST_SAS_ANSWER, reserved", "0021 0000 00000001 0000000000000000 00000100 02 00 0001",
	  CVSW_V3_ERR_RESERVED, 0 },
	{ "FLOW_REMOVED, reason 5", "0041 0000 00000000 00200500"
	  "00000000 0000000000000000 0000000000000000 0000000000000000", CVSW_V3_ERR_VALUE, 8 },
	{ "TRACE, in_port 3", "001e 0000 00000001 03000000 00000000 00000000"
	  "00000000000000000000000000000000 00000000000000000000000000000000"
	  "ffffffffffff 020000000001 0800", CVSW_V3_ERR_VALUE, 8 },
	{ "TRACE, pass 4", "001e 0000 00000001 01040000 00000000 00000000"
	  "00000000000000000000000000000000 00000000000000000000000000000000"
	  "ffffffffffff 020000000001 0800", CVSW_V3_ERR_VALUE, 9 },
	{ "TRACE", "001e 0000 00000001 01000000 00000000 00000000"
	  "00000000000000000000000000000000 00000000000000000000000000000000"
	  "ffffffffffff 020000000001 0800", CVSW_V3_FINE, 0 },
	{ "TRACE, reserved", "001e 0000 00000001 01000001 00000000 00000000"
	  "00000000000000000000000000000000 00000000000000000000000000000000"
	  "ffffffffffff 020000000001 0800", CVSW_V3_ERR_RESERVED, 11 },
	{ "TRACE of half a header", "001e 0000 00000001 01000000 00000000 00000000"
	  "00000000000000000000000000000000 00000000000000000000000000000000"
	  "ffffffffffff 020000000001 08", CVSW_V3_ERR_SHORT, 65 },
	{ "SA_EXPIRING, direction 3", "0043 0000 00000000 00000100 03 01 0000 0000000080000000",
	  CVSW_V3_ERR_SA, 12 },
	{ "SA_EXPIRING, reason 4", "0043 0000 00000000 00000100 01 04 0000 0000000080000000",
	  CVSW_V3_ERR_VALUE, 13 },
	{ "SA_EXPIRING, long", "0043 0000 00000000 00000100 01 01 0000 0000000080000000 00",
	  CVSW_V3_ERR_LENGTH, 24 },
	{ "STATISTICS_ANSWER, no name", "001d 0000 00000001 0000000000000001 00",
	  CVSW_V3_ERR_LENGTH, 0 },
	{ "STATISTICS_ANSWER, a name that clears the screen",
	  "001d 0000 00000001 0000000000000001 03 1b5b4a", CVSW_V3_ERR_VALUE, 0 },
	{ "STATISTICS_ANSWER, Latin-1", "001d 0000 00000001 0000000000000001 01 e4",
	  CVSW_V3_ERR_VALUE, 0 },
	{ "ERROR, two lines", "0003 0042 00000001 00000000 ffffffff 6e6f 0a 6e6f",
	  CVSW_V3_ERR_VALUE, 16 },
	{ "ERROR, a text of 200", "0003 0042 00000001 00000000 ffffffff" TEXT50 TEXT50 TEXT50
	  TEXT50, CVSW_V3_FINE, 0 },
	{ "ERROR, a text of 201", "0003 0042 00000001 00000000 ffffffff" TEXT50 TEXT50 TEXT50
	  TEXT50 "30", CVSW_V3_ERR_LENGTH, 216 },
	{ "CAPABILITIES_ANSWER, a release of 65", "0011 0000 00000001 00000000"
	  "00000000 00000000 00000000 00000000 00000000 00000000 00000000" TEXT50 TEXT10
	  "3132333435", CVSW_V3_ERR_LENGTH, 104 },
	{ "CAPABILITIES_ANSWER, a release with an end", "0011 0000 00000001 00000000"
	  "00000000 00000000 00000000 00000000 00000000 00000000 00000000 3100",
	  CVSW_V3_ERR_VALUE, 40 },
	{ "TRACE_ANSWER, DROP with DEL", "001f 0000 00000001 0009 05 00 00 00 0000 7f",
	  CVSW_V3_ERR_VALUE, 0 },
	{ "TRACE_ANSWER, FRAME of any bytes", "001f 0000 00000001 0009 03 00 00 00 0000 7f",
	  CVSW_V3_FINE, 0 },
	{ "ACK with a body", "0001 0000 00000001 00", CVSW_V3_ERR_LENGTH, 8 },
};

static void wrong_messages_are_refused_where_they_are_wrong(void)
{
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		size_t len, offset;
		uint8_t *data = from_hex(vectors[i].hex, &len);
		enum cvsw_v3_error error = decode_copy(data, len, &offset);

		CHECK_MSG(error == vectors[i].error, "%s: %s", vectors[i].what,
			  cvsw_v3_error_name(error));
		CHECK_MSG(offset == vectors[i].offset, "%s: offset %zu", vectors[i].what, offset);
		free(data);
	}
}

static void values_survive(void)
{
	struct cvsw_v3_message message;
	struct cvsw_v3_entry entry = { .idle = 3, .age = 1ull << 40, .n_packets = 5,
				       .n_bytes = 1ull << 50, .reason = CVSW_V3_REMOVED_IDLE,
				       .flow_mod = (const uint8_t *)"flow", .len = 4 }, again;
	struct cvsw_v3_packet_in in = { .reason = CVSW_V3_NO_MATCH, .in_port = CVSW_HOST, .pass = 1,
					.total = 100, .sa = 256, .tun_id = 7,
					.cookie = UINT64_MAX, .data = (const uint8_t *)"frame",
					.len = 5 }, in2;
	struct cvsw_reader entries;
	uint8_t buf[256];
	struct cvsw_writer w = cvsw_writer(buf, sizeof(buf));
	uint64_t resume;
	size_t len, bit;

	cvsw_v3_list_answer_begin(&w, CVSW_V3_LIST_ANSWER, 0xabcdef01);
	CHECK(cvsw_v3_entry_put(&w, &entry));
	cvsw_v3_list_answer_resume(&w, 1ull << 63);
	CHECK(!cvsw_v3_message_decode(buf, w.at, &message, NULL));
	CHECK(message.type == CVSW_V3_LIST_ANSWER && message.xid == 0xabcdef01);
	CHECK(!cvsw_v3_list_answer_decode(&message, &resume, &entries, NULL));
	CHECK(resume == 1ull << 63 && !cvsw_v3_entry_get(&entries, &again));
	CHECK(again.idle == 3 && again.age == entry.age && again.n_packets == 5 &&
	      again.n_bytes == entry.n_bytes && again.reason == entry.reason && again.len == 4 &&
	      !memcmp(again.flow_mod, "flow", 4) && !cvsw_left(&entries));

	len = cvsw_v3_packet_in_encode(&in, buf, sizeof(buf));
	CHECK(len == CVSW_V3_PACKET_IN_HEADER_LEN + 5);
	CHECK(!cvsw_v3_packet_in_decode(buf, len, &in2, NULL));
	CHECK(in2.reason == in.reason && in2.in_port == in.in_port && in2.pass == 1 &&
	      in2.total == 100 && in2.sa == 256 && in2.tun_id == 7 && in2.cookie == UINT64_MAX &&
	      in2.len == 5 && !memcmp(in2.data, "frame", 5));
	for (bit = 0; bit < len; bit++)
		CHECK(bit >= CVSW_V3_PACKET_IN_HEADER_LEN ||
		      cvsw_v3_packet_in_decode(buf, bit, &in2, NULL) == CVSW_V3_ERR_SHORT);
	buf[5] = 4;
	CHECK(cvsw_v3_packet_in_decode(buf, len, &in2, NULL) == CVSW_V3_ERR_LENGTH);
}

static void names_are_there(void)
{
	enum cvsw_fault fault;
	enum cvsw_v3_drop drop;

	for (fault = CVSW_OK + 1; fault < CVSW_N_FAULTS; fault++) {
		enum cvsw_v3_error error = cvsw_v3_error_of(fault);

		/* Of OpenFlow's header, which version 3 has nowhere. */
		if (fault == CVSW_FAULT_VERSION || fault == CVSW_FAULT_OFP_TYPE)
			continue;
		/* A fault that is new gets a number here, in the table and in VERSION3.md. */
		CHECK_MSG(error != CVSW_V3_ERR_MALFORMED &&
			  !strcmp(cvsw_v3_error_name((uint16_t)error), cvsw_fault_name(fault)),
			  "%s", cvsw_fault_name(fault));
	}
	for (drop = CVSW_V3_OK; drop < CVSW_V3_N_DROPS; drop++)
		CHECK(strcmp(cvsw_v3_drop_name(drop), "unknown") &&
		      strcmp(cvsw_v3_drop_text(drop), "unknown"));
	CHECK(!strcmp(cvsw_v3_message_name(CVSW_V3_SA_EXPIRING), "SA_EXPIRING"));
	CHECK(!strcmp(cvsw_v3_message_name(999), "unknown"));
	CHECK(!strcmp(cvsw_v3_error_name(999), "unknown"));
	CHECK(!strcmp(cvsw_v3_error_text(999), "unknown error"));
	CHECK(!strcmp(cvsw_v3_drop_name(CVSW_V3_N_DROPS), "unknown"));
	CHECK(!strcmp(cvsw_v3_drop_text(CVSW_V3_N_DROPS), "unknown"));
}

const struct tap_test v3_body_tests[] = {
	{ "proto: version 3's messages are written and read", messages_of_all_types_are_read },
	{ "proto: version 3's messages, cut and flipped, are survived",
	  cuts_and_flips_of_messages_are_survived },
	{ "proto: version 3's PACKET_INs, cut and flipped, are survived",
	  cuts_and_flips_of_packet_ins_are_survived },
	{ "proto: version 3's requests, cut and flipped, are done or refused as a whole",
	  cuts_and_flips_of_requests_are_answered },
	{ "proto: version 3's wrong messages are refused where they are wrong",
	  wrong_messages_are_refused_where_they_are_wrong },
	{ "proto: version 3's values survive", values_survive },
	{ "proto: version 3's faults, errors and messages have names", names_are_there },
	{ NULL, NULL },
};
