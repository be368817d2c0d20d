// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdio.h>
#include <stdlib.h>

#include "../cvsw_ofp.h"
#include "gen.h"
#include "ovs_channel.h"
#include "tests.h"

/* @message keeps what @msg points into; the caller frees it. */
static enum cvsw_fault decode_hex(const char *hex, struct cvsw_ofp_msg *msg, size_t *offset,
				  uint8_t **message)
{
	size_t len;
	uint8_t *data = from_hex(hex, &len);
	enum cvsw_fault fault;

	*message = exact_copy(data, len);
	free(data);
	*offset = 9999;
	fault = cvsw_ofp_decode(*message, len, msg, offset);
	if (fault)
		CHECK_MSG(*offset <= len, "offset %zu of %zu", *offset, len);
	return fault;
}

static void expect_kind(const char *hex, enum cvsw_ofp_kind kind, uint8_t version, uint32_t xid)
{
	struct cvsw_ofp_msg msg;
	uint8_t *message;
	size_t offset;
	enum cvsw_fault fault = decode_hex(hex, &msg, &offset, &message);

	CHECK_MSG(!fault, "%.24s: %s", hex, cvsw_fault_text(fault));
	CHECK_MSG(msg.kind == kind && msg.version == version && msg.xid == xid,
		  "%.24s: kind %d, version %d, xid %u", hex, msg.kind, msg.version, msg.xid);
	free(message);
}

static void ovs_simple_messages(void)
{
	expect_kind(OVS10_HELLO, CVSW_OFP_HELLO, 1, 1);
	expect_kind(OVS13_HELLO, CVSW_OFP_HELLO, 4, 2);
	expect_kind(OVS10_ECHO_REPLY, CVSW_OFP_ECHO_REPLY, 1, 2);
	expect_kind(OVS13_ECHO_REPLY, CVSW_OFP_ECHO_REPLY, 4, 2);
	expect_kind(OVS10_BARRIER_REPLY, CVSW_OFP_BARRIER_REPLY, 1, 9);
	expect_kind(OVS13_BARRIER_REPLY, CVSW_OFP_BARRIER_REPLY, 4, 9);
	expect_kind(OVS10_ERROR, CVSW_OFP_ERROR, 1, 99);
	expect_kind("0400000800000005", CVSW_OFP_HELLO, 4, 5);
	expect_kind("0414000800000005", CVSW_OFP_BARRIER_REQUEST, 4, 5);
	expect_kind("0112000800000005", CVSW_OFP_BARRIER_REQUEST, 1, 5);
	expect_kind("0105000800000005", CVSW_OFP_FEATURES_REQUEST, 1, 5);
	/* Well framed, of no interest: FLOW_REMOVED, ROLE_REPLY, a DESC reply. */
	expect_kind("010b000800000005", CVSW_OFP_OTHER, 1, 5);
	expect_kind("0419000800000005", CVSW_OFP_OTHER, 4, 5);
	expect_kind("0413001000000005 0000000000000000", CVSW_OFP_OTHER, 4, 5);
}

/* Both rules are known again; what lies between them is not taken for one. */
static void check_ovs_flows(const char *hex)
{
	struct cvsw_ofp_msg msg;
	struct cvsw_ofp_flow flow;
	uint8_t *message;
	size_t offset;

	CHECK(!decode_hex(hex, &msg, &offset, &message));
	CHECK(msg.kind == CVSW_OFP_FLOW_REPLY && msg.xid == 7 && !msg.flows.more);
	CHECK(cvsw_ofp_next_flow(&msg.flows.row, &flow));
	CHECK(flow.plain && flow.rule.cookie == 0x43565357 && flow.rule.priority == 65535 &&
	      flow.rule.dl_type == 0xabba && flow.rule.out_port == CVSW_OFPP_CONTROLLER);
	CHECK(cvsw_ofp_next_flow(&msg.flows.row, &flow));
	CHECK(!flow.plain && flow.rule.priority == 9);
	CHECK(cvsw_ofp_next_flow(&msg.flows.row, &flow));
	CHECK(flow.plain && flow.rule.cookie == 0x43565357 && !flow.rule.priority &&
	      !flow.rule.dl_type && flow.rule.out_port == CVSW_OFPP_NORMAL);
	CHECK(!cvsw_ofp_next_flow(&msg.flows.row, &flow));
	free(message);
}

/* Cut frames, another port, a second action: not what was installed. */
static void changed_rules_are_seen(void)
{
	static const struct { const char *hex; size_t at; uint8_t value; uint32_t port; } rows[] = {
		{ OVS10_FLOWS, 12 + 88 + 6, 0, CVSW_OFPP_ANY },
		{ OVS10_FLOWS, 12 + 88 + 5, 7, 0xffffff07 },
		{ OVS10_FLOWS, 12 + 88 + 3, 9, CVSW_OFPP_ANY },
		{ OVS13_FLOWS, 16 + 64 + 8 + 8, 0, CVSW_OFPP_ANY },
		{ OVS13_FLOWS, 16 + 64 + 8 + 7, 7, 0xffffff07 },
		{ OVS13_FLOWS, 16 + 64 + 1, 3, CVSW_OFPP_ANY },
	};
	struct cvsw_ofp_msg msg;
	struct cvsw_ofp_flow flow;
	size_t len;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t *data = from_hex(rows[i].hex, &len);

		data[rows[i].at] = rows[i].value;
		CHECK(!cvsw_ofp_decode(data, len, &msg, NULL));
		CHECK(cvsw_ofp_next_flow(&msg.flows.row, &flow));
		CHECK_MSG(flow.plain && flow.rule.out_port == rows[i].port, "row %zu: port %x", i,
			  flow.rule.out_port);
		free(data);
	}
}

static void ovs_flows(void)
{
	check_ovs_flows(OVS10_FLOWS);
	check_ovs_flows(OVS13_FLOWS);
}

static void check_ovs_features(const char *hex, uint64_t datapath_id, const char *first_port)
{
	struct cvsw_ofp_msg msg;
	struct cvsw_ofp_port port;
	uint8_t *message;
	size_t offset;

	CHECK(!decode_hex(hex, &msg, &offset, &message));
	CHECK(msg.kind == CVSW_OFP_FEATURES_REPLY && msg.features.datapath_id == datapath_id);
	if (first_port) {
		CHECK(cvsw_ofp_next_port(&msg.features.ports, &port));
		CHECK(port.number == 1 && !strcmp(port.name, first_port));
		CHECK(!memcmp(port.mac, "\xaa\x55\xaa\x55\x00\x01", 4));
		CHECK(cvsw_ofp_next_port(&msg.features.ports, &port));
		CHECK(port.number == CVSW_OFPP_LOCAL && !strcmp(port.name, "br1"));
	}
	CHECK(!cvsw_ofp_next_port(&msg.features.ports, &port));
	free(message);
}

static void ovs_ports(void)
{
	struct cvsw_ofp_msg msg;
	struct cvsw_ofp_port port;
	uint8_t *message;
	size_t offset;

	check_ovs_features(OVS10_FEATURES_REPLY, 0xa1, "p1-1");
	check_ovs_features(OVS13_FEATURES_REPLY, 0xa4, NULL);

	CHECK(!decode_hex(OVS13_PORT_DESC_REPLY, &msg, &offset, &message));
	CHECK(msg.kind == CVSW_OFP_PORT_DESC_REPLY && !msg.port_desc.more);
	CHECK(cvsw_ofp_next_port(&msg.port_desc.ports, &port));
	CHECK(port.number == 1 && !strcmp(port.name, "p1-4") && !port.link_down);
	CHECK(cvsw_ofp_next_port(&msg.port_desc.ports, &port));
	CHECK(port.number == CVSW_OFPP_LOCAL && !strcmp(port.name, "br4"));
	CHECK(!cvsw_ofp_next_port(&msg.port_desc.ports, &port));
	free(message);
}

/* Ports that are down, by will or for want of carrier; a name of all 16 bytes. */
static void port_states_and_parts(void)
{
	static const char rest[] = "000000000000000000000000000000000000000000000000";
	static const struct {
		const char *config_state;
		bool down;
	} cases[] = {
		{ "0000000000000000", false }, { "0000000100000000", true },
		{ "0000000000000001", true }, { "0000000000000004", false },
		{ "0000000200000200", false },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cvsw_ofp_msg msg;
		struct cvsw_ofp_port port;
		char hex[300];
		uint8_t *message;
		size_t offset;

		snprintf(hex, sizeof(hex), "0413005000000004 000d 0001 00000000 00000001 00000000"
			 "020000000001 0000 61626364616263646162636461626364 %s %s",
			 cases[i].config_state, rest);
		CHECK(!decode_hex(hex, &msg, &offset, &message));
		CHECK(msg.kind == CVSW_OFP_PORT_DESC_REPLY && msg.port_desc.more);
		memset(&port, 0x55, sizeof(port));
		CHECK(cvsw_ofp_next_port(&msg.port_desc.ports, &port));
		CHECK_MSG(port.link_down == cases[i].down, "config, state %s",
			  cases[i].config_state);
		CHECK(!strcmp(port.name, "abcdabcdabcdabcd"));
		free(message);
	}
}

static void ovs_port_status(void)
{
	static const struct {
		const char *hex;
		enum cvsw_ofp_port_reason reason;
		const char *name;
	} cases[] = {
		{ OVS10_PORT_ADDED, CVSW_OFP_PORT_ADDED, "p2-1" },
		{ OVS10_PORT_DELETED, CVSW_OFP_PORT_DELETED, "p2-1" },
		{ OVS13_PORT_ADDED, CVSW_OFP_PORT_ADDED, "p2-4" },
		{ OVS13_PORT_MODIFIED, CVSW_OFP_PORT_MODIFIED, "p2-4" },
		{ OVS13_PORT_DELETED, CVSW_OFP_PORT_DELETED, "p2-4" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cvsw_ofp_msg msg;
		uint8_t *message;
		size_t offset;

		CHECK(!decode_hex(cases[i].hex, &msg, &offset, &message));
		CHECK(msg.kind == CVSW_OFP_PORT_STATUS);
		CHECK(msg.port_status.reason == cases[i].reason);
		CHECK(msg.port_status.port.number == 2);
		CHECK(!strcmp(msg.port_status.port.name, cases[i].name));
		free(message);
	}
}

static void ovs_packet_in(void)
{
	static const char *const messages[] = { OVS10_PACKET_IN, OVS13_PACKET_IN };
	size_t i;

	for (i = 0; i < 2; i++) {
		struct cvsw_ofp_msg msg;
		uint8_t *message;
		size_t offset;

		CHECK(!decode_hex(messages[i], &msg, &offset, &message));
		CHECK(msg.kind == CVSW_OFP_PACKET_IN && msg.packet_in.in_port == 1);
		CHECK(msg.packet_in.buffer_id == CVSW_OFP_NO_BUFFER);
		CHECK(msg.len == 60 && msg.packet_in.total_len == 60);
		CHECK(!memcmp(msg.data + 12, "\xab\xba\x02\x00\x00\x00\x00\x01", 8));
		CHECK(msg.packet_in.cookie == (i ? 5 : 0));
		free(message);
	}
}

static void version_is_negotiated(void)
{
	static const struct {
		const char *hex;
		uint8_t version;
	} cases[] = {
		{ "0100000800000001", 1 },				/* 1.0, no bitmap */
		{ "0200000800000001", 0 },				/* 1.1: not ours */
		{ "0300000800000001", 0 },
		{ "0400000800000001", 4 },
		{ "0600000800000001", 4 },				/* 1.5 without a bitmap */
		{ "0000000800000001", 0 },
		{ "0600001000000001 0001000800000012", 4 },		/* 1.0 and 1.3 */
		{ "0600001000000001 000100080000007e", 4 },		/* 1.0 to 1.5 */
		{ "0600001000000001 0001000800000042", 1 },		/* 1.0 and 1.5 */
		{ "0600001000000001 0001000800000060", 0 },		/* 1.4 and 1.5 */
		{ "0400001800000001 0002000500000000 0001000800000002", 1 },
		{ "0400001000000001 0001000300000002", 4 },		/* no element: ignored */
		{ "0400001000000001 000100ff00000002", 4 },		/* beyond the end: ignored */
		{ "0100000a00000001 ffff", 1 },				/* a body of 1.0: ignored */
		{ "0100000c00000001 ffffffff", 1 },
		{ "0400001400000001 0001000c00000002ffffffff", 1 },	/* longer bitmap */
	};
	uint8_t buf[64], *message;
	struct cvsw_ofp_msg msg;
	size_t i, offset, len;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_MSG(!decode_hex(cases[i].hex, &msg, &offset, &message), "%s", cases[i].hex);
		CHECK_MSG(msg.hello.version == cases[i].version, "%s: %d", cases[i].hex,
			  msg.hello.version);
		free(message);
	}
	len = cvsw_ofp_encode_hello(7, CVSW_OFP_VERSIONS, buf, sizeof(buf));
	CHECK(!cvsw_ofp_decode(buf, len, &msg, NULL));
	CHECK(msg.kind == CVSW_OFP_HELLO && msg.xid == 7 && msg.hello.version == CVSW_OFP_V13);
}

static void bad_messages_are_refused(void)
{
	static const struct {
		const char *what;
		const char *hex;
		enum cvsw_fault fault;
	} cases[] = {
		{ "half a header", "01000008", CVSW_FAULT_SHORT },
		{ "length too long", "0105000900000000", CVSW_FAULT_LENGTH },
		{ "length too short", "0105000700000000", CVSW_FAULT_LENGTH },
		{ "echo of 1.1", "0202000800000000", CVSW_FAULT_VERSION },
		{ "echo of version 0", "0002000800000000", CVSW_FAULT_VERSION },
		{ "error of half a type", "0101000900000000 00", CVSW_FAULT_SHORT },
		{ "features cut", "0106000c00000000 00000000", CVSW_FAULT_SHORT },
		{ "half a port", "0106003000000000 0000000000000001 00000000 00000000 00000000"
		  "00000000 0000000000000000 0000000000000000", CVSW_FAULT_LENGTH },
		{ "packet_in cut", "010a001000000000 ffffffff 00000000", CVSW_FAULT_SHORT },
		{ "port_status without port", "010c001000000000 0000000000000000",
		  CVSW_FAULT_LENGTH },
		{ "port_status reason 3", "010c001000000000 0300000000000000", CVSW_FAULT_TYPE },
		{ "OXM match of length 3", "040a002200000000 ffffffff 0000 0000 0000000000000000"
		  "0001 0003 00000000 0000", CVSW_FAULT_LENGTH },
		{ "OXM match beyond the end", "040a002200000000 ffffffff 0000 0000"
		  "0000000000000000 0001 0009 00000000 0000", CVSW_FAULT_LENGTH },
		{ "OXM field beyond its match", "040a002200000000 ffffffff 0000 0000"
		  "0000000000000000 0001 0008 80000004 0000", CVSW_FAULT_LENGTH },
		{ "no OXM match", "040a002200000000 ffffffff 0000 0000 0000000000000000"
		  "0000 0004 00000000 0000", CVSW_FAULT_LENGTH },
		{ "packet_in without its last pad", "040a002000000000 ffffffff 0000 0000"
		  "0000000000000000 0001 0004 00000000", CVSW_FAULT_SHORT },
		{ "port_desc of half a port", "0413001400000000 000d 0000 00000000 00000001",
		  CVSW_FAULT_LENGTH },
	};
	struct cvsw_ofp_msg msg;
	uint8_t *message;
	size_t i, offset;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum cvsw_fault fault = decode_hex(cases[i].hex, &msg, &offset, &message);

		CHECK_MSG(fault == cases[i].fault, "%s: %s", cases[i].what, cvsw_fault_name(fault));
		free(message);
	}
}

static void in_port_is_found_among_fields(void)
{
	struct cvsw_ofp_msg msg;
	uint8_t *message;
	size_t offset;

	/* metadata (8 bytes), then in_port 0x12345678, then frame "ab". */
	CHECK(!decode_hex("040a003400000000 ffffffff 0002 00 00 0000000000000009"
			  "0001 0018 80000408 1122334455667788 80000004 12345678"
			  "0000 6162", &msg, &offset, &message));
	CHECK(msg.packet_in.in_port == 0x12345678 && msg.packet_in.cookie == 9);
	CHECK(msg.len == 2 && !memcmp(msg.data, "ab", 2));
	free(message);
	CHECK(!decode_hex("040a002200000000 ffffffff 0000 0000 0000000000000000"
			  "0001 0004 00000000 0000", &msg, &offset, &message));
	CHECK(msg.packet_in.in_port == CVSW_OFPP_ANY && !msg.len);
	free(message);
	/* Reserved ports of 1.0 get their 32-bit numbers. */
	CHECK(!decode_hex("010a001200000000 ffffffff 0000 fffe 0000", &msg, &offset, &message));
	CHECK(msg.packet_in.in_port == CVSW_OFPP_LOCAL);
	free(message);
}

static void streams_are_cut_into_messages(void)
{
	uint8_t data[16] = { 1, 2, 0, 12, 0, 0, 0, 1 };
	size_t len, size;

	for (len = 0; len < 8; len++)
		CHECK(!cvsw_ofp_frame(data, len, &size) && !size);
	CHECK(!cvsw_ofp_frame(data, 8, &size) && size == 12);
	CHECK(!cvsw_ofp_frame(data, 16, &size) && size == 12);
	data[3] = 7;
	CHECK(cvsw_ofp_frame(data, 8, &size) == CVSW_FAULT_LENGTH);
}

/* Walks what a message points at, to its last byte. */
static void touch(const struct cvsw_ofp_msg *msg)
{
	static volatile uint8_t sink;
	struct cvsw_ofp_ports ports = { 0 };
	struct cvsw_ofp_flows flows = { 0 };
	struct cvsw_ofp_port port;
	struct cvsw_ofp_flow flow;
	size_t i;

	if (msg->kind == CVSW_OFP_FEATURES_REPLY)
		ports = msg->features.ports;
	if (msg->kind == CVSW_OFP_PORT_DESC_REPLY)
		ports = msg->port_desc.ports;
	while (cvsw_ofp_next_port(&ports, &port))
		CHECK(strlen(port.name) <= CVSW_OFP_PORT_NAME_LEN);
	if (msg->kind == CVSW_OFP_FLOW_REPLY)
		flows = msg->flows.row;
	while (cvsw_ofp_next_flow(&flows, &flow))
		;
	CHECK(!flows.len);
	for (i = 0; i < msg->len; i++)
		sink ^= msg->data[i];
}

static const char *const all_messages[] = {
	OVS10_HELLO, OVS10_ECHO_REPLY, OVS10_FEATURES_REPLY, OVS10_BARRIER_REPLY, OVS10_ERROR,
	OVS10_PACKET_IN, OVS10_PORT_ADDED, OVS13_HELLO, OVS13_ECHO_REPLY, OVS13_FEATURES_REPLY,
	OVS13_PORT_DESC_REPLY, OVS13_BARRIER_REPLY, OVS13_ERROR, OVS13_PACKET_IN,
	OVS13_PORT_MODIFIED, OVS10_FLOWS, OVS13_FLOWS,
};

/* Truncations with the length as it was, and with one that agrees. */
static void truncation_is_survived(void)
{
	struct cvsw_ofp_msg msg;
	size_t i, len, cut;

	for (i = 0; i < sizeof(all_messages) / sizeof(all_messages[0]); i++) {
		uint8_t *data = from_hex(all_messages[i], &len);

		for (cut = 0; cut < len; cut++) {
			uint8_t *copy = exact_copy(data, cut);

			CHECK(cvsw_ofp_decode(copy, cut, &msg, NULL) ==
			      (cut < 8 ? CVSW_FAULT_SHORT : CVSW_FAULT_LENGTH));
			if (cut >= 8) {
				copy[2] = (uint8_t)(cut >> 8);
				copy[3] = (uint8_t)cut;
				if (!cvsw_ofp_decode(copy, cut, &msg, NULL))
					touch(&msg);
			}
			free(copy);
		}
		free(data);
	}
}

static void bit_flips_are_survived(void)
{
	struct cvsw_ofp_msg msg;
	size_t i, len, bit;

	for (i = 0; i < sizeof(all_messages) / sizeof(all_messages[0]); i++) {
		uint8_t *data = from_hex(all_messages[i], &len);
		uint8_t *copy = exact_copy(data, len);

		for (bit = 0; bit < len * 8; bit++) {
			copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (!cvsw_ofp_decode(copy, len, &msg, NULL))
				touch(&msg);
			copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		free(copy);
		free(data);
	}
}

static void expect_bytes(const char *what, const uint8_t *data, size_t len, const char *hex)
{
	size_t want_len;
	uint8_t *want = from_hex(hex, &want_len);
	char got[1024] = "";
	size_t i;

	for (i = 0; i < len && i < 500; i++)
		snprintf(got + i * 2, 3, "%02x", data[i]);
	CHECK_MSG(len == want_len && !memcmp(data, want, len), "%s: %s", what, got);
	free(want);
}

/* Made by hand from the specifications; ovs-ofctl reads them too (test_ovs.py). */
static void encoders_write_what_the_specification_draws(void)
{
	const struct cvsw_ofp_rule control = {
		.cookie = 5, .out_port = CVSW_OFPP_CONTROLLER, .priority = 0xfde8, .dl_type = 0xabba,
	};
	const struct cvsw_ofp_rule normal = { .out_port = CVSW_OFPP_NORMAL };
	uint8_t b[256];

	expect_bytes("hello", b, cvsw_ofp_encode_hello(1, CVSW_OFP_VERSIONS, b, sizeof(b)),
		     "0400001000000001 0001000800000012");
	expect_bytes("error", b, cvsw_ofp_encode_error(4, 2, 0, 0, (const uint8_t *)"no", 2, b,
						       sizeof(b)),
		     "0401000e00000002 0000 0000 6e6f");
	expect_bytes("set_config 1.0", b, cvsw_ofp_encode_set_config(1, 3, b, sizeof(b)),
		     "0109000c00000003 0000 ffff");
	expect_bytes("packet_out 1.0", b,
		     cvsw_ofp_encode_packet_out(1, 4, 7, (const uint8_t *)"ab", 2, b, sizeof(b)),
		     "010d001a00000004 ffffffff ffff 0008 0000 0008 0007 ffff 6162");
	expect_bytes("packet_out 1.3", b,
		     cvsw_ofp_encode_packet_out(4, 4, 7, (const uint8_t *)"ab", 2, b, sizeof(b)),
		     "040d002a00000004 ffffffff fffffffd 0010 000000000000"
		     "0000 0010 00000007 ffff 000000000000 6162");
	expect_bytes("rule 1.0", b, cvsw_ofp_encode_rule(1, 5, &control, b, sizeof(b)),
		     "010e005000000005 003fffef 0000 000000000000 000000000000 0000 00 00 abba"
		     "00 00 0000 00000000 00000000 0000 0000 0000000000000005 0000 0000 0000 fde8"
		     "ffffffff ffff 0000 0000 0008 fffd ffff");
	expect_bytes("rule 1.3", b, cvsw_ofp_encode_rule(4, 5, &control, b, sizeof(b)),
		     "040e005800000005 0000000000000005 0000000000000000 00 00 0000 0000 fde8"
		     "ffffffff ffffffff ffffffff 0000 0000 0001 000a 80000a02 abba 000000000000"
		     "0004 0018 00000000 0000 0010 fffffffd ffff 000000000000");
	expect_bytes("normal 1.3", b, cvsw_ofp_encode_rule(4, 6, &normal, b, sizeof(b)),
		     "040e005000000006 0000000000000000 0000000000000000 00 00 0000 0000 0000"
		     "ffffffff ffffffff ffffffff 0000 0000 0001 0004 00000000"
		     "0004 0018 00000000 0000 0010 fffffffa ffff 000000000000");
	expect_bytes("port_desc", b, cvsw_ofp_encode_request(4, 7, CVSW_OFP_PORT_DESC_REQUEST, b,
							     sizeof(b)),
		     "0412001000000007 000d 0000 00000000");
	expect_bytes("flows 1.0", b, cvsw_ofp_encode_flow_request(1, 7, 5, b, sizeof(b)),
		     "0110003800000007 0001 0000 003fffff 0000 000000000000 000000000000 0000 00 00"
		     "0000 00 00 0000 00000000 00000000 0000 0000 ff 00 ffff");
	expect_bytes("flows 1.3", b, cvsw_ofp_encode_flow_request(4, 7, 5, b, sizeof(b)),
		     "0412003800000007 0001 0000 00000000 00 000000 ffffffff ffffffff 00000000"
		     "0000000000000005 ffffffffffffffff 0001 0004 00000000");
	expect_bytes("barrier 1.0", b, cvsw_ofp_encode_request(1, 7, CVSW_OFP_BARRIER_REQUEST, b,
							       sizeof(b)), "0112000800000007");
	expect_bytes("barrier 1.3", b, cvsw_ofp_encode_request(4, 7, CVSW_OFP_BARRIER_REQUEST, b,
							       sizeof(b)), "0414000800000007");
}

static void encoders_keep_to_their_room(void)
{
	const struct cvsw_ofp_rule rule = { .out_port = CVSW_OFPP_NORMAL, .dl_type = 0xabba };
	static uint8_t big[CVSW_OFP_MAX_LEN + 100], frame[CVSW_OFP_MAX_LEN];
	struct cvsw_ofp_msg echo = {
		.kind = CVSW_OFP_ECHO_REQUEST, .version = 4, .xid = 9,
		.data = (const uint8_t *)"ping", .len = 4,
	}, back;
	size_t room, len;

	for (room = 0; room < 200; room++) {
		uint8_t *buf = exact_copy(big, room);

		CHECK(cvsw_ofp_encode_hello(1, CVSW_OFP_VERSIONS, buf, room) == (room < 16 ? 0 : 16));
		CHECK(cvsw_ofp_encode_rule(1, 1, &rule, buf, room) == (room < 80 ? 0 : 80));
		CHECK(cvsw_ofp_encode_rule(4, 1, &rule, buf, room) == (room < 88 ? 0 : 88));
		CHECK(cvsw_ofp_encode_flow_request(4, 1, 1, buf, room) == (room < 56 ? 0 : 56));
		CHECK(cvsw_ofp_encode_packet_out(4, 1, 1, frame, 60, buf, room) ==
		      (room < 100 ? 0 : 100));
		CHECK(cvsw_ofp_encode_echo_reply(&echo, buf, room) == (room < 12 ? 0 : 12));
		free(buf);
	}
	len = cvsw_ofp_encode_echo_reply(&echo, big, sizeof(big));
	CHECK(!cvsw_ofp_decode(big, len, &back, NULL));
	CHECK(back.kind == CVSW_OFP_ECHO_REPLY && back.xid == 9 && back.len == 4 &&
	      !memcmp(back.data, "ping", 4));
	CHECK(cvsw_ofp_encode_packet_out(1, 1, 1, frame, 65535 - 24, big, sizeof(big)) == 65535);
	CHECK(!cvsw_ofp_encode_packet_out(1, 1, 1, frame, 65535 - 23, big, sizeof(big)));
	CHECK(!cvsw_ofp_encode_packet_out(1, 1, 0x12345, frame, 60, big, sizeof(big)));
	CHECK(!cvsw_ofp_encode_packet_out(2, 1, 1, frame, 60, big, sizeof(big)));
	CHECK(!cvsw_ofp_encode_rule(3, 1, &rule, big, sizeof(big)));
	CHECK(!cvsw_ofp_encode_request(1, 1, CVSW_OFP_PORT_DESC_REQUEST, big, sizeof(big)));
	CHECK(!cvsw_ofp_encode_request(4, 1, CVSW_OFP_PACKET_IN, big, sizeof(big)));
	CHECK(!cvsw_ofp_encode_request(2, 1, CVSW_OFP_BARRIER_REQUEST, big, sizeof(big)));
	CHECK(!cvsw_ofp_encode_flow_request(2, 1, 1, big, sizeof(big)));
	CHECK(!cvsw_ofp_encode_set_config(0, 1, big, sizeof(big)));
}

const struct tap_test ofp_tests[] = {
	{ "proto: Open vSwitch's simple messages are understood", ovs_simple_messages },
	{ "proto: Open vSwitch's features and ports are understood", ovs_ports },
	{ "proto: port states, names and parts are understood", port_states_and_parts },
	{ "proto: Open vSwitch's port status is understood", ovs_port_status },
	{ "proto: Open vSwitch's packet-in is understood", ovs_packet_in },
	{ "proto: Open vSwitch's flow statistics are understood", ovs_flows },
	{ "proto: rules that somebody changed are seen", changed_rules_are_seen },
	{ "proto: the OpenFlow version is negotiated", version_is_negotiated },
	{ "proto: bad OpenFlow messages are refused", bad_messages_are_refused },
	{ "proto: a packet-in's port is found among its fields", in_port_is_found_among_fields },
	{ "proto: a stream is cut into OpenFlow messages", streams_are_cut_into_messages },
	{ "proto: truncated OpenFlow messages are survived", truncation_is_survived },
	{ "proto: flipped bits in OpenFlow messages are survived", bit_flips_are_survived },
	{ "proto: OpenFlow encoders write what the specification draws",
	  encoders_write_what_the_specification_draws },
	{ "proto: OpenFlow encoders keep to their room", encoders_keep_to_their_room },
	{ NULL, NULL },
};
