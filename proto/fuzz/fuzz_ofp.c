// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The OpenFlow channel: a stream of messages, each touched to its last byte. */
#include "../cvsw_ofp.h"
#include "fuzz.h"

static void check_ports(struct cvsw_ofp_ports ports)
{
	struct cvsw_ofp_port port;
	size_t left;

	for (left = ports.len; cvsw_ofp_next_port(&ports, &port); left = ports.len) {
		MUST(ports.len < left);
		MUST(strlen(port.name) <= CVSW_OFP_PORT_NAME_LEN);
	}
	MUST(!left);
}

static void check_flows(struct cvsw_ofp_flows flows)
{
	struct cvsw_ofp_flow flow;
	size_t left;

	for (left = flows.len; cvsw_ofp_next_flow(&flows, &flow); left = flows.len)
		MUST(flows.len < left);
	MUST(!left);
}

static void check_message(const uint8_t *data, size_t len)
{
	static uint8_t out[CVSW_OFP_MAX_LEN];
	static volatile uint8_t sink;
	struct cvsw_ofp_msg msg;
	size_t offset, i;

	if (cvsw_ofp_decode(data, len, &msg, &offset)) {
		MUST(offset <= len);
		return;
	}
	for (i = 0; i < msg.len; i++)
		sink = sink ^ msg.data[i];
	(void)sink;
	switch (msg.kind) {
	case CVSW_OFP_HELLO:
		MUST(!msg.hello.version || msg.hello.version == CVSW_OFP_V10 ||
		     msg.hello.version == CVSW_OFP_V13);
		break;
	case CVSW_OFP_FEATURES_REPLY:
		check_ports(msg.features.ports);
		break;
	case CVSW_OFP_PORT_DESC_REPLY:
		check_ports(msg.port_desc.ports);
		break;
	case CVSW_OFP_FLOW_REPLY:
		check_flows(msg.flows.row);
		break;
	case CVSW_OFP_ECHO_REQUEST:
		MUST(cvsw_ofp_encode_echo_reply(&msg, out, sizeof(out)) == len);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *copy;
	size_t size;

	while (!cvsw_ofp_frame(data, len, &size) && size && size <= len) {
		/* On its own, so that reading into the next message is seen. */
		copy = malloc(size);
		MUST(copy);
		memcpy(copy, data, size);
		check_message(copy, size);
		free(copy);
		data += size;
		len -= size;
	}
	check_message(data, len);
	return 0;
}
