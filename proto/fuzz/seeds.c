// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Writes the fuzzers' first inputs: seeds DIR, with DIR/fuzz_msg and its like there already. */
#include <stdio.h>
#include <stdlib.h>

#include "../cvsw_msg.h"
#include "../cvsw_ofp10.h"
#include "../cvsw_sa.h"
#include "../cvsw_text.h"
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
	len = cvsw_ofp10_encode(number % 5, &flow, flow_mod, sizeof(flow_mod));
	if (number % 3 == 0 && flow_mod[1] == 14)	/* the published driver's header */
		memcpy(flow_mod, "\0\x0e\0\0\0\0\0\0", 8);
	save("fuzz_ofp10", number, flow_mod, len);
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
	for (i = 0; i < 60; i++)
		save_flow(&rng, i);
	for (i = 0; i < 12; i++)
		save_sa(&rng, i);
	for (i = 0; i < sizeof(channel) / sizeof(channel[0]); i++) {
		size_t len;
		uint8_t *data = from_hex(channel[i], &len);

		save("fuzz_ofp", i, data, len);
		free(data);
	}
	return 0;
}
