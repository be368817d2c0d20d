// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Writes the fuzzers' first inputs: seeds DIR, with DIR/fuzz_msg and its like there already. */
#include <stdio.h>
#include <stdlib.h>

#include "../cvsw_cursor.h"
#include "../cvsw_group_mod.h"
#include "../cvsw_msg.h"
#include "../cvsw_ofp10.h"
#include "../cvsw_sa.h"
#include "../cvsw_text.h"
#include "../cvsw_v3_body.h"
#include "../cvsw_v3_record.h"
#include "../tests/gen.h"
#include "../tests/ovs_channel.h"

static const char *directory;

static void save(const char *target, unsigned int number, const void *data, size_t len)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/seed-%u", directory, target, number);
	file = fopen(path, "wb");
	if (!file || fwrite(data, 1, len, file) != len || fclose(file)) {
		perror(path);
		exit(1);
	}
}

static void save_group(struct rng *rng, unsigned int number)
{
	static uint8_t group_mod[CVSW_GROUP_MOD_MAX];
	static char text[65536];
	struct cvsw_group group;
	size_t len;

	gen_group(rng, &group);
	len = cvsw_group_mod_encode(CVSW_GROUP_ADD + number % 4, &group, group_mod, sizeof(group_mod));
	save("fuzz_flow_mod", 1000 + number, group_mod, len);
	save("fuzz_text_group", number, text, cvsw_text_format_group(&group, text, sizeof(text)));
}

static void save_flow(struct rng *rng, unsigned int number)
{
	uint8_t flow_mod[CVSW_OFP10_FLOW_MOD_MAX], frame[CVSW_OFP10_FLOW_MOD_MAX + 60];
	struct cvsw_msg msg = {
		.type = (uint8_t)(1 + number % 8), .data1 = (uint16_t)number, .data = flow_mod,
	};
	struct cvsw_flow flow;
	char text[16384];
	size_t len;

	gen_flow(rng, GEN_ANY, &flow);
	len = cvsw_flow_mod_encode(number % 5, &flow, flow_mod, sizeof(flow_mod));
	save("fuzz_flow_mod", number, flow_mod, len);
	len = cvsw_ofp10_encode(number % 5, &flow, flow_mod, sizeof(flow_mod));
	if (number % 3 == 0 && flow_mod[1] == 14)	/* the published driver's header */
		memcpy(flow_mod, "\0\x0e\0\0\0\0\0\0", 8);
	save("fuzz_ofp10", number, flow_mod, len);
	save("fuzz_ofs", number, flow_mod, len);
	msg.len = msg.type == CVSW_MSG_REGISTER ? 6 : (uint16_t)len;
	save("fuzz_msg", number, frame, cvsw_msg_encode(&msg, frame, sizeof(frame)));
	save("fuzz_text", number, text, cvsw_text_format(&flow, text, sizeof(text)));
}

static void save_sa(struct rng *rng, unsigned int number)
{
	static const uint8_t key_lens[] = { 16, 32, 0 };
	uint8_t data[CVSW_SA_MAX_LEN];
	struct cvsw_sa sa;

	gen_sa(rng, key_lens[number % 3], &sa);
	save("fuzz_sa", number, data, cvsw_sa_encode(&sa, data, sizeof(data)));
}

/* A message of version 3, alone and in a record to either end. */
static void save_v3(unsigned int number, const uint8_t *message, size_t len)
{
	uint8_t steps[2 * CVSW_V3_FRAME_MAX];
	struct cvsw_writer w = cvsw_writer(steps, sizeof(steps));

	save("fuzz_v3_body", number, message, len);
	if (len > CVSW_V3_SEGMENT_MAX)
		return;
	cvsw_put_u8(&w, (uint8_t)(0x0e | (number & 1) | number << 4));
	cvsw_put_u16(&w, (uint16_t)(8 + len));
	cvsw_put_u32(&w, (uint32_t)CVSW_V3_SEGMENT_LAST << 24);
	cvsw_put_zero(&w, 4 + 8 + 8);
	cvsw_put_bytes(&w, message, len);
	save("fuzz_v3_end", number, steps, w.at);
}

static void save_v3_messages(struct rng *rng)
{
	static uint8_t buf[CVSW_V3_MESSAGE_MAX], flow_mod[CVSW_FLOW_MOD_MAX];
	struct cvsw_v3_entry entry = { .flow_mod = flow_mod, .age = 5, .n_packets = 9 };
	struct cvsw_v3_trace trace = { .in_port = CVSW_NET, .frame = flow_mod, .len = 60 };
	struct cvsw_v3_step step = { .kind = CVSW_V3_STEP_FRAME, .data = flow_mod, .len = 60 };
	struct cvsw_v3_counter counter = { 5, (const uint8_t *)"ctl-received", 12 };
	struct cvsw_v3_expiring expiring = { 256, CVSW_SA_OUT, CVSW_V3_SA_RAN_OUT, 77 };
	struct cvsw_v3_error_body error = { .text = (const uint8_t *)"no", .text_len = 2 };
	struct cvsw_v3_capabilities can = { .mtu = 1500, .release = (const uint8_t *)"1",
					    .release_len = 1 };
	struct cvsw_v3_packet_in in = { .in_port = CVSW_HOST, .total = 90, .data = flow_mod,
					.len = 60 };
	struct cvsw_writer w = cvsw_writer(buf, sizeof(buf));
	struct cvsw_flow flow;
	struct cvsw_sa sa;

	gen_flow(rng, GEN_ANY, &flow);
	gen_sa(rng, 32, &sa);
	entry.len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, &flow, flow_mod, sizeof(flow_mod));
	cvsw_v3_flows_begin(&w, 1, 2, CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT);
	cvsw_put_bytes(&w, flow_mod, entry.len);
	save_v3(0, buf, w.at);
	w.at = 0;
	cvsw_v3_list_answer_begin(&w, CVSW_V3_LIST_ANSWER, 1);
	cvsw_v3_entry_put(&w, &entry);
	save_v3(1, buf, w.at);
	w.at = 0;
	cvsw_v3_trace_answer_begin(&w, 1);
	cvsw_v3_step_put(&w, &step);
	save_v3(2, buf, w.at);
	w.at = 0;
	cvsw_v3_statistics_begin(&w, 1);
	cvsw_v3_counter_put(&w, &counter);
	save_v3(3, buf, w.at);
	save_v3(4, buf, cvsw_v3_trace_encode(1, &trace, buf, sizeof(buf)));
	save_v3(5, buf, cvsw_v3_expiring_encode(&expiring, buf, sizeof(buf)));
	save_v3(6, buf, cvsw_v3_error_encode(1, CVSW_V3_ERR_SA, &error, buf, sizeof(buf)));
	save_v3(7, buf, cvsw_v3_capabilities_encode(1, &can, buf, sizeof(buf)));
	save_v3(8, buf, cvsw_v3_set_sa_encode(1, &sa, buf, sizeof(buf)));
	save_v3(9, buf, cvsw_v3_set_encode(CVSW_V3_SET_MTU, 1, 1400, buf, sizeof(buf)));
	save_v3(10, buf, cvsw_v3_flow_removed_encode(&entry, buf, sizeof(buf)));
	save_v3(11, buf, cvsw_v3_packet_in_encode(&in, buf, sizeof(buf)));
}

int main(int argc, char **argv)
{
	static const char *const channel[] = {
		OVS10_HELLO, OVS10_ECHO_REPLY, OVS10_FEATURES_REPLY, OVS10_BARRIER_REPLY,
		OVS10_ERROR, OVS10_PACKET_IN, OVS10_PORT_ADDED, OVS10_PORT_DELETED,
		OVS13_HELLO, OVS13_ECHO_REPLY, OVS13_FEATURES_REPLY, OVS13_PORT_DESC_REPLY,
		OVS13_BARRIER_REPLY, OVS13_ERROR, OVS13_PACKET_IN, OVS13_PORT_ADDED,
		OVS13_PORT_MODIFIED, OVS13_PORT_DELETED, "0402000c00000007 70696e67",
	};
	struct rng rng = { 40 };
	unsigned int i;

	if (argc != 2)
		return 2;
	directory = argv[1];
	for (i = 0; i < 60; i++) {
		save_flow(&rng, i);
		save_group(&rng, i);
	}
	for (i = 0; i < 12; i++)
		save_sa(&rng, i);
	save_v3_messages(&rng);
	for (i = 0; i < sizeof(channel) / sizeof(channel[0]); i++) {
		size_t len;
		uint8_t *data = from_hex(channel[i], &len);

		save("fuzz_ofp", i, data, len);
		free(data);
	}
	return 0;
}
