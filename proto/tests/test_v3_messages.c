// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Our messages are, byte by byte, those of proto/vectors/v3.txt. */
#include <stdio.h>
#include <stdlib.h>

#include "../cvsw_flow_mod.h"
#include "../cvsw_group_mod.h"
#include "../cvsw_v3_body.h"
#include "../cvsw_v3_record.h"
#include "gen.h"
#include "tests.h"

#define ROOM	1200

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

/* The vector of this name; free() it. */
static uint8_t *vector(const char *name, size_t *len)
{
	FILE *file = fopen(V3_VECTORS, "r");
	size_t n = strlen(name);
	static char line[8192];
	uint8_t *data = NULL;

	while (file && !data && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, n) && !strncmp(line + n, " = ", 3))
			data = from_hex(line + n + 3, len);
	if (file)
		fclose(file);
	CHECK_MSG(data, "%s: not found", name);
	return data;
}

static void is(const char *name, const uint8_t *ours, size_t n)
{
	size_t len = 0;
	uint8_t *want = vector(name, &len);

	CHECK_MSG(want && len == n && !memcmp(want, ours, n), "%s: %zu bytes instead of %zu", name,
		  n, len);
	free(want);
}

/* The flow_mod and the frame that are in several of them. */
static uint8_t *flow_mod, *frame;
#define FLOW_MOD_LEN	44

static void take_parts(void)
{
	size_t len = 0;
	uint8_t *flows = vector("message-flows", &len), *trace;

	flow_mod = exact_copy(flows + CVSW_V3_FLOWS_AT, FLOW_MOD_LEN);
	free(flows);
	trace = vector("message-trace", &len);
	frame = exact_copy(trace + 52, 60);
	free(trace);
}

static void drop_parts(void)
{
	free(flow_mod);
	free(frame);
}

static void settings_are_the_vectors(void)
{
	struct cvsw_sa sa = { .direction = 2, .key_len = 16, .spi = 0x1000, .udp_src = 4500,
			      .udp_dst = 4500 };
	uint8_t buf[ROOM], i;

	is("message-ack", buf, cvsw_v3_plain_encode(CVSW_V3_ACK, 7, buf, ROOM));
	is("message-capabilities", buf, cvsw_v3_plain_encode(CVSW_V3_CAPABILITIES, 9, buf, ROOM));
	is("message-statistics", buf, cvsw_v3_plain_encode(CVSW_V3_STATISTICS, 17, buf, ROOM));
	is("message-set-mtu", buf, cvsw_v3_set_encode(CVSW_V3_SET_MTU, 15, 1450, buf, ROOM));
	is("message-set-offload", buf, cvsw_v3_set_encode(CVSW_V3_SET_OFFLOAD, 16, 0x19, buf, ROOM));
	for (i = 0; i < 4; i++)
		sa.salt[i] = (uint8_t)(0x70 + i);
	for (i = 0; i < 16; i++)
		sa.key[i] = (uint8_t)(0x80 + i);
	is("message-set-sa", buf, cvsw_v3_set_sa_encode(14, &sa, buf, ROOM));
}

static void answers_are_the_vectors(void)
{
	static const char text[] = "an action's value is out of range";
	struct cvsw_v3_error_body body = { .offset = 96, .ofp_type = 2, .ofp_code = 5,
					   .text = (const uint8_t *)text,
					   .text_len = sizeof(text) - 1 };
	struct cvsw_v3_capabilities can = {
		.features = 0x13f, .flows = 3, .max_flows = 1 << 20, .mtu = 1450, .min_mtu = 68,
		.max_mtu = 65535, .offloads = 0x19, .all_offloads = 0x3b,
		.release = (const uint8_t *)"1.0", .release_len = 3,
	};
	struct cvsw_v3_counter counters[] = {
		{ 5, (const uint8_t *)"tx-hit", 6 }, { 1ull << 40, (const uint8_t *)"drop-ttl", 8 },
	};
	uint8_t buf[ROOM];
	struct cvsw_writer w = cvsw_writer(buf, ROOM);

	is("message-error", buf, cvsw_v3_error_encode(8, CVSW_V3_ERR_ACTION_VALUE, &body, buf, ROOM));
	is("message-capabilities-answer", buf, cvsw_v3_capabilities_encode(9, &can, buf, ROOM));
	cvsw_v3_statistics_begin(&w, 17);
	CHECK(cvsw_v3_counter_put(&w, &counters[0]) && cvsw_v3_counter_put(&w, &counters[1]));
	is("message-statistics-answer", buf, cvsw_written(&w));
}

static void flows_are_the_vectors(void)
{
	struct cvsw_v3_list first = { .resume = 0 }, further = { .resume = 0x0102030405060708 };
	struct cvsw_v3_entry entry = { .idle = 5, .age = 1234, .n_packets = 10, .n_bytes = 840 };
	uint8_t buf[ROOM];
	struct cvsw_writer w = cvsw_writer(buf, ROOM);

	take_parts();
	cvsw_v3_flows_begin(&w, 10, 9, CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT |
				       CVSW_V3_BUNDLE_REPLACE);
	cvsw_put_bytes(&w, flow_mod, FLOW_MOD_LEN);
	is("message-flows", buf, cvsw_written(&w));
	is("message-list", buf, cvsw_v3_list_encode(11, &first, buf, ROOM));
	further.filter = flow_mod;
	further.filter_len = FLOW_MOD_LEN;
	is("message-list-filtered", buf, cvsw_v3_list_encode(12, &further, buf, ROOM));
	w = cvsw_writer(buf, ROOM);
	cvsw_v3_list_answer_begin(&w, CVSW_V3_LIST_ANSWER, 13);
	is("message-list-answer-last", buf, cvsw_written(&w));
	w = cvsw_writer(buf, ROOM);
	cvsw_v3_list_answer_begin(&w, CVSW_V3_LIST_ANSWER, 12);
	entry.flow_mod = flow_mod;
	entry.len = FLOW_MOD_LEN;
	CHECK(cvsw_v3_entry_put(&w, &entry));
	cvsw_v3_list_answer_resume(&w, 0x1112131415161718);
	is("message-list-answer", buf, cvsw_written(&w));
	entry.reason = 1;
	entry.idle = 10;
	entry.age = 60000;
	is("message-flow-removed", buf, cvsw_v3_flow_removed_encode(&entry, buf, ROOM));
	drop_parts();
}

/* A flow_mod of a vector is read, and written as it was. */
static void flow_mods_are_the_vectors(void)
{
	static const char *const names[] = { "message-flows", "message-flows-later" };
	enum cvsw_flow_command command;
	struct cvsw_flow flow;
	uint8_t buf[ROOM];
	size_t i, len, used;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint8_t *flows = vector(names[i], &len);

		len -= CVSW_V3_FLOWS_AT;
		CHECK(!cvsw_flow_mod_decode(flows + CVSW_V3_FLOWS_AT, len, &used, &command, &flow,
					    NULL) && used == len);
		CHECK(cvsw_flow_mod_encode(command, &flow, buf, ROOM) == len &&
		      !memcmp(buf, flows + CVSW_V3_FLOWS_AT, len));
		free(flows);
	}
	CHECK(command == CVSW_FLOW_DELETE && flow.priority == 300 && flow.cookie == 0xabc &&
	      flow.idle_timeout == 1 && flow.hard_timeout == 2 && flow.flags == 3 &&
	      flow.out_port == CVSW_HOST && flow.n_actions == 14);
	CHECK(flow.match.key.tun_id == 5 && flow.match.mask.tun_id == 0xffffff &&
	      flow.match.mask.nw_src == 0xff000000 && flow.match.mask.tp_src == 0xfc00 &&
	      flow.match.key.vlan_tci == 0x1000);
	CHECK(flow.actions[5].type == CVSW_ACT_LOAD && flow.actions[5].load.dst == CVSW_FIELD_NW_TOS &&
	      cvsw_load_value(&flow.actions[5].load) == 8 && flow.actions[6].tunnel.id == 77 &&
	      flow.actions[6].tunnel.ttl == 63 && flow.actions[9].spi == 0x100);
}

static void lists_of_sas_are_the_vectors(void)
{
	static const struct cvsw_v3_listed_sa sas[] = {
		{ 0x1000, CVSW_SA_OUT, 0 }, { 0x1001, CVSW_SA_IN, CVSW_V3_SA_WAS_STOPPED },
	};
	uint8_t buf[ROOM];
	struct cvsw_writer w = cvsw_writer(buf, ROOM);

	is("message-list-sas", buf,
	   cvsw_v3_resume_encode(CVSW_V3_LIST_SAS, 19, 0x0102030405060708, buf, ROOM));
	cvsw_v3_list_answer_begin(&w, CVSW_V3_LIST_SAS_ANSWER, 19);
	CHECK(cvsw_v3_listed_sa_put(&w, &sas[0]) && cvsw_v3_listed_sa_put(&w, &sas[1]));
	cvsw_v3_list_answer_resume(&w, 0x1112131415161718);
	is("message-list-sas-answer", buf, cvsw_written(&w));
	w = cvsw_writer(buf, CVSW_V3_MESSAGE_HEADER_LEN + 8 + CVSW_V3_LISTED_SA_LEN + 7);
	cvsw_v3_list_answer_begin(&w, CVSW_V3_LIST_SAS_ANSWER, 19);
	CHECK(cvsw_v3_listed_sa_put(&w, &sas[0]) && !cvsw_v3_listed_sa_put(&w, &sas[1]));
	CHECK(cvsw_written(&w) == CVSW_V3_MESSAGE_HEADER_LEN + 8 + CVSW_V3_LISTED_SA_LEN);
}

/* Each mod of a bundle is read, and written as it was.  @group: out: the first group */
static void read_group_mods(const uint8_t *data, size_t len, struct cvsw_group *group)
{
	static const unsigned int commands[] = {
		CVSW_GROUP_ADD, CVSW_FLOW_ADD, CVSW_GROUP_DELETE, CVSW_GROUP_LIVE,
	};
	enum cvsw_flow_command flow_command;
	enum cvsw_group_command command;
	struct cvsw_group other;
	struct cvsw_flow flow;
	uint8_t buf[ROOM];
	size_t at, used = 0, n = 0, written;

	for (at = 0; at < len && n < 4; at += used, n++) {
		if (cvsw_mod_is_group(data + at, len - at)) {
			struct cvsw_group *read = n ? &other : group;

			CHECK(!cvsw_group_mod_decode(data + at, len - at, &used, &command, read, NULL));
			CHECK(command == commands[n]);
			written = cvsw_group_mod_encode(command, read, buf, ROOM);
		} else {
			CHECK(!cvsw_flow_mod_decode(data + at, len - at, &used, &flow_command, &flow,
						    NULL));
			CHECK(flow_command == commands[n] && flow.actions[0].to_group.id == 7 &&
			      flow.actions[0].to_group.hash == CVSW_GROUP_HASH_NW_SRC);
			written = cvsw_flow_mod_encode(flow_command, &flow, buf, ROOM);
		}
		CHECK(written == used && !memcmp(buf, data + at, used));
	}
	CHECK(at == len && n == 4);
}

static void groups_are_the_vectors(void)
{
	struct cvsw_v3_entry entry = { .idle = CVSW_V3_IDLE_UNKNOWN, .age = 1234, .n_packets = 10,
				       .n_bytes = 840 };
	size_t len = 0;
	uint8_t *groups = vector("message-groups", &len), buf[ROOM];
	struct cvsw_writer w = cvsw_writer(buf, ROOM);
	struct cvsw_group group;

	read_group_mods(groups + CVSW_V3_FLOWS_AT, len - CVSW_V3_FLOWS_AT, &group);
	CHECK(group.id == 7 && group.type == CVSW_GROUP_TYPE_SELECT && group.dead == 2 &&
	      group.key[15] == 15 && !group.slots[169] && group.slots[170] == 1 &&
	      group.backup[169] == 1 && !group.backup[170] && group.n_buckets == 2 &&
	      group.buckets[0].weight == 2 && group.buckets[0].n_actions == 2 &&
	      group.buckets[1].n_actions == 1 && group.actions[2].spi == 0x100);
	is("message-list-groups", buf, cvsw_v3_resume_encode(CVSW_V3_LIST_GROUPS, 21, 0, buf, ROOM));
	cvsw_v3_list_answer_begin(&w, CVSW_V3_LIST_GROUPS_ANSWER, 21);
	entry.flow_mod = groups + CVSW_V3_FLOWS_AT;
	entry.len = (size_t)entry.flow_mod[0] << 8 | entry.flow_mod[1];
	CHECK(cvsw_v3_entry_put(&w, &entry));
	is("message-list-groups-answer", buf, cvsw_written(&w));
	is("message-group-counters", buf,
	   cvsw_v3_resume_encode(CVSW_V3_GROUP_COUNTERS, 22, 8, buf, ROOM));
	w = cvsw_writer(buf, CVSW_V3_MESSAGE_HEADER_LEN + 8 + 2 * CVSW_V3_HITS_LEN);
	cvsw_v3_list_answer_begin(&w, CVSW_V3_GROUP_COUNTERS_ANSWER, 22);
	cvsw_v3_list_answer_resume(&w, 8);
	CHECK(cvsw_v3_hits_put(&w, 1, 60) && cvsw_v3_hits_put(&w, 2, 120) &&
	      !cvsw_v3_hits_put(&w, 3, 180));
	is("message-group-counters-answer", buf, cvsw_written(&w));
	free(groups);
}

static void traces_are_the_vectors(void)
{
	struct cvsw_v3_trace trace = { .in_port = 2, .pass = 1, .tun_type = 1, .sa = 0x1000,
				       .tun_id = 5, .len = 60 };
	uint8_t buf[ROOM];
	struct cvsw_writer w = cvsw_writer(buf, ROOM);
	size_t i;

	take_parts();
	memcpy(trace.tun_src, mapped, 12);
	memcpy(trace.tun_src + 12, "\xc0\0\2\2", 4);
	memcpy(trace.tun_dst, mapped, 12);
	memcpy(trace.tun_dst + 12, "\xc0\0\2\1", 4);
	trace.frame = frame;
	is("message-trace", buf, cvsw_v3_trace_encode(18, &trace, buf, ROOM));

	static const struct cvsw_v3_step_bucket in_bucket = { 7, 1, 200 };
	uint8_t bucket[CVSW_V3_STEP_BUCKET_LEN];
	struct cvsw_v3_step_bucket again;
	static const uint8_t set_vid[] = "\6\x0e\x0d\0\0\0\x8\2\0\0\0\0\0\0\x10\5";
	struct cvsw_v3_step steps[] = {
		{ CVSW_V3_STEP_LOOKUP, 1, 0, 0, flow_mod, FLOW_MOD_LEN },
		{ CVSW_V3_STEP_ACTION, 1, 0, 0, (const uint8_t *)"\3\0", 2 },
		{ CVSW_V3_STEP_SKIPPED, 1, 0, 0, NULL, 0 },
		{ CVSW_V3_STEP_ACTION, 1, 0, 0, set_vid, sizeof(set_vid) - 1 },
		{ CVSW_V3_STEP_FRAME, 1, 0, 0, frame, 60 },
		{ CVSW_V3_STEP_ONWARD, 1, 2, 1, NULL, 0 },
		{ CVSW_V3_STEP_DROP, 1, 0, 0, (const uint8_t *)"drop-ttl", 8 },
		{ CVSW_V3_STEP_BUCKET, 1, 0, 0, bucket, sizeof(bucket) },
		{ CVSW_V3_STEP_CUT, 1, 0, 0, NULL, 0 },
	};

	CHECK(cvsw_v3_step_bucket_encode(&in_bucket, bucket) == sizeof(bucket));
	CHECK(!cvsw_v3_step_bucket_decode(bucket, sizeof(bucket), &again) && again.group == 7 &&
	      again.bucket == 1 && again.slot == 200);
	CHECK(cvsw_v3_step_bucket_decode(bucket, sizeof(bucket) - 1, &again) == CVSW_V3_ERR_SHORT);
	cvsw_v3_trace_answer_begin(&w, 18);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		CHECK(cvsw_v3_step_put(&w, &steps[i]));
	is("message-trace-answer", buf, cvsw_written(&w));
	drop_parts();
}

static void notices_are_the_vectors(void)
{
	struct cvsw_v3_expiring expiring = { .spi = 0x1000, .direction = 1, .reason = 1,
					     .sequence = 0xc0000000 };
	struct cvsw_v3_packet_in in = { .reason = 1, .in_port = 2, .pass = 1, .total = 60,
					.sa = 0x1000, .tun_id = 5, .cookie = 0xabc, .len = 20 };
	uint8_t buf[ROOM];

	take_parts();
	is("message-sa-expiring", buf, cvsw_v3_expiring_encode(&expiring, buf, ROOM));
	in.data = frame;
	is("packet-in", buf, cvsw_v3_packet_in_encode(&in, buf, ROOM));
	drop_parts();
}

const struct tap_test v3_message_tests[] = {
	{ "proto: version 3's settings are the vectors", settings_are_the_vectors },
	{ "proto: version 3's answers are the vectors", answers_are_the_vectors },
	{ "proto: version 3's FLOWS, LIST and FLOW_REMOVED are the vectors", flows_are_the_vectors },
	{ "proto: version 3's flow_mods are the vectors", flow_mods_are_the_vectors },
	{ "proto: version 3's LIST_SAS is the vectors", lists_of_sas_are_the_vectors },
	{ "proto: version 3's groups are the vectors", groups_are_the_vectors },
	{ "proto: version 3's TRACE is the vectors", traces_are_the_vectors },
	{ "proto: version 3's SA_EXPIRING and PACKET_IN are the vectors", notices_are_the_vectors },
	{ NULL, NULL },
};
