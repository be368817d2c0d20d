// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdlib.h>

#include "../cvsw_ofp10.h"
#include "gen.h"
#include "tests.h"

/* Decodes a copy that ends where @len says. */
static enum cvsw_fault decode(const uint8_t *data, size_t len, struct cvsw_flow *flow,
			      size_t *used, size_t *offset)
{
	enum cvsw_flow_command command;
	uint8_t *copy = exact_copy(data, len);
	enum cvsw_fault fault;

	*offset = 9999;
	fault = cvsw_ofp10_decode(copy, len, used, &command, flow, offset);
	free(copy);
	if (fault)
		CHECK_MSG(*offset <= len, "%s at %zu of %zu", cvsw_fault_name(fault), *offset, len);
	else
		CHECK(command <= CVSW_FLOW_DELETE_STRICT);
	return fault;
}

/* What a flow's text does not have. */
static void gen_rest(struct rng *rng, enum cvsw_flow_command command, struct cvsw_flow *flow)
{
	if (rng_chance(rng, 50))
		flow->idle_timeout = (uint16_t)rng_next(rng);
	if (rng_chance(rng, 50))
		flow->hard_timeout = (uint16_t)rng_next(rng);
	flow->flags = (uint16_t)rng_below(rng, 4);
	if (command >= CVSW_FLOW_DELETE && rng_chance(rng, 50))
		flow->out_port = (uint16_t)(1 + rng_below(rng, 0xfffe));
}

static void round_trip(void)
{
	struct rng rng = { 10 };
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		uint8_t data[CVSW_OFP10_FLOW_MOD_MAX + 8];
		struct cvsw_flow flow, again;
		enum cvsw_flow_command command, want = rng_below(&rng, 5);
		size_t len, used;
		enum cvsw_fault fault;

		gen_flow(&rng, GEN_ANY, &flow);
		gen_rest(&rng, want, &flow);
		len = cvsw_ofp10_encode(want, &flow, data, sizeof(data));
		CHECK(len >= 48 && len <= CVSW_OFP10_FLOW_MOD_MAX);
		CHECK(data[1] == (cvsw_ofp10_can_express(&flow.match) ? 14 : 4));
		memset(data + len, 0xee, 8);
		fault = cvsw_ofp10_decode(data, len + 8, &used, &command, &again, NULL);
		CHECK_MSG(!fault, "%s", cvsw_fault_text(fault));
		CHECK(used == len && command == want);
		CHECK(cvsw_flow_equal(&flow, &again) && again.out_port == flow.out_port);
		CHECK(!cvsw_ofp10_encode(want, &flow, data, len - 1));
		/* No buffer_id; an out_port only if one is meant. */
		CHECK(!memcmp(data + (data[1] == 4 ? 32 : 64), "\xff\xff\xff\xff\xff\xff",
			      flow.out_port ? 4 : 6));
	}
}

static void every_truncation_is_refused(void)
{
	struct rng rng = { 11 };
	unsigned int i;

	for (i = 0; i < 300; i++) {
		uint8_t data[CVSW_OFP10_FLOW_MOD_MAX];
		struct cvsw_flow flow;
		size_t len, cut, used, offset;

		gen_flow(&rng, GEN_ANY, &flow);
		len = cvsw_ofp10_encode(CVSW_FLOW_ADD, &flow, data, sizeof(data));
		for (cut = 0; cut < len; cut++)
			CHECK(decode(data, cut, &flow, &used, &offset) ==
			      (cut < (data[1] == 4 ? 48 : 72) ? CVSW_FAULT_SHORT :
								CVSW_FAULT_LENGTH));
	}
}

/* Likewise in version 2, whose form has a meaning of its own. */
static void check_accepted_in_version_2(const uint8_t *data, size_t len)
{
	uint8_t out[CVSW_OFP10_FLOW_MOD_MAX];
	enum cvsw_flow_command command, command_again;
	struct cvsw_flow flow, again;
	size_t used, n;

	if (cvsw_ofp10_decode_v2(data, len, &used, &command, &flow, NULL))
		return;
	CHECK(used <= len);
	n = cvsw_ofp10_encode_v2(command, &flow, out, sizeof(out));
	CHECK(n && !cvsw_ofp10_decode_v2(out, n, &used, &command_again, &again, NULL));
	CHECK(used == n && command_again == command && cvsw_flow_equal(&flow, &again));
}

/* Whatever is accepted after a change means something: it encodes to the same again. */
static void check_accepted(const uint8_t *data, size_t len)
{
	uint8_t out[CVSW_OFP10_FLOW_MOD_MAX];
	struct cvsw_flow flow, again;
	size_t used, offset, n;

	check_accepted_in_version_2(data, len);
	if (decode(data, len, &flow, &used, &offset))
		return;
	CHECK(used <= len);
	n = cvsw_ofp10_encode(CVSW_FLOW_ADD, &flow, out, sizeof(out));
	/*
	 * Only a strip of the published driver's length becomes shorter.  Of IPv6 an
	 * OFPT_FLOW_MOD is taken, but an NXT_FLOW_MOD written.
	 */
	CHECK(data[1] == 4 || out[1] == 4 ? n : n == used || (n < used && !((used - n) % 56)));
	CHECK(!decode(out, n, &again, &used, &offset));
	CHECK(used == n);
	CHECK(cvsw_flow_equal(&flow, &again));
}

static void every_bit_flip_is_survived(void)
{
	struct rng rng = { 12 };
	unsigned int i;

	for (i = 0; i < 150; i++) {
		uint8_t data[CVSW_OFP10_FLOW_MOD_MAX];
		struct cvsw_flow flow;
		size_t len, bit;

		gen_flow(&rng, GEN_ANY, &flow);
		len = cvsw_ofp10_encode(CVSW_FLOW_ADD, &flow, data, sizeof(data));
		for (bit = 0; bit < len * 8; bit++) {
			data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			check_accepted(data, len);
			data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static void noise_is_survived(void)
{
	struct rng rng = { 13 };
	unsigned int i, b;

	for (i = 0; i < 100000; i++) {
		uint8_t data[200];
		size_t len = 72 + rng_below(&rng, sizeof(data) - 72);

		for (b = 0; b < len; b++)
			data[b] = rng_chance(&rng, 50) ? 0 : (uint8_t)rng_next(&rng);
		memcpy(data, "\1\x0e\0\0\0\0\0\0", 8);
		data[3] = (uint8_t)len;
		memset(data + 56, 0, 16);
		if (len > 75)
			memcpy(data + 72, "\0\5\0\x10", 4);
		check_accepted(data, len);
	}
}

/* A flow_mod of the specification's form with 72 bytes, all wild, and actions behind. */
static size_t plain(uint8_t *data, const char *actions_hex)
{
	size_t n;
	uint8_t *actions = from_hex(actions_hex, &n);

	memset(data, 0, 72);
	memcpy(data, "\1\x0e", 2);
	data[3] = (uint8_t)(72 + n);
	data[2] = (uint8_t)((72 + n) >> 8);
	memcpy(data + 8, "\0\x3f\xff\xff", 4);
	memcpy(data + 72, actions, n);
	free(actions);
	return 72 + n;
}

struct edit {
	const char *what;
	size_t at;
	const char *hex;
	enum cvsw_fault fault;
	size_t offset;
};

static const struct edit edits[] = {
	{ "nothing changed", 0, "", CVSW_OK, 0 },
	{ "version 2", 0, "02", CVSW_FAULT_VERSION, 0 },
	{ "version 0 with a length", 0, "00", CVSW_FAULT_VERSION, 0 },
	{ "version 0 and length 0 but an xid", 0, "000e0000 00000001", CVSW_FAULT_VERSION, 0 },
	{ "published header", 0, "000e0000 00000000", CVSW_FAULT_VERSION, 0 },
	{ "published header, wrong type", 0, "000d0000 00000000", CVSW_FAULT_OFP_TYPE, 1 },
	{ "type stats request", 1, "10", CVSW_FAULT_OFP_TYPE, 1 },
	{ "length shorter than a flow_mod", 2, "0047", CVSW_FAULT_LENGTH, 2 },
	{ "length zero, version 1", 2, "0000", CVSW_FAULT_LENGTH, 2 },
	{ "length longer than the data", 2, "0051", CVSW_FAULT_LENGTH, 2 },
	{ "length that splits an action", 2, "004b", CVSW_FAULT_ACTION_LENGTH, 75 },
	{ "length without the action", 2, "0048", CVSW_OK, 0 },
	{ "any xid", 4, "deadbeef", CVSW_OK, 0 },
	{ "wildcard bits nobody knows", 8, "ffffffff", CVSW_OK, 0 },
	{ "in_port 0", 8, "003ffffe 0000", CVSW_FAULT_MATCH, 12 },
	{ "in_port 1", 8, "003ffffe 0001", CVSW_OK, 0 },
	{ "in_port 2", 8, "003ffffe 0002", CVSW_OK, 0 },
	{ "in_port 3", 8, "003ffffe 0003", CVSW_FAULT_MATCH, 12 },
	{ "in_port 0x101", 8, "003ffffe 0101", CVSW_FAULT_MATCH, 12 },
	{ "in_port LOCAL", 8, "003ffffe fffe", CVSW_FAULT_MATCH, 12 },
	{ "in_port 3, wild", 12, "0003", CVSW_OK, 0 },
	{ "command 4", 57, "04", CVSW_OK, 0 },
	{ "command 5", 57, "05", CVSW_FAULT_COMMAND, 56 },
	{ "command 0x100", 56, "01", CVSW_FAULT_COMMAND, 56 },
	{ "idle_timeout", 58, "ffff", CVSW_OK, 0 },
	{ "hard_timeout", 60, "ffff", CVSW_OK, 0 },
	{ "buffer_id and out_port", 64, "12345678 0007", CVSW_OK, 0 },
	{ "flags", 71, "03", CVSW_OK, 0 },
	{ "flag of an emergency", 71, "04", CVSW_FAULT_FLAGS, 70 },
	{ "flag that nobody knows", 70, "80", CVSW_FAULT_FLAGS, 70 },
	{ "padding of the match", 29, "ff", CVSW_OK, 0 },
	{ "more padding of the match", 34, "ffff", CVSW_OK, 0 },
	{ "padding of the action", 76, "12345678", CVSW_OK, 0 },
};

static void header_and_fields_are_checked(void)
{
	size_t i;

	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		const struct edit *edit = &edits[i];
		uint8_t data[200];
		size_t len = plain(data, "0003 0008 00000000"), n, used, offset;
		uint8_t *bytes = from_hex(edit->hex, &n);
		struct cvsw_flow flow;
		enum cvsw_fault fault;

		memcpy(data + edit->at, bytes, n);
		fault = decode(data, len, &flow, &used, &offset);
		CHECK_MSG(fault == edit->fault, "%s: %s", edit->what, cvsw_fault_name(fault));
		CHECK_MSG(!fault || offset == edit->offset, "%s: offset %zu", edit->what, offset);
		free(bytes);
	}
}

static const struct edit action_lists[] = {
	{ "none: drop", 0, "", CVSW_OK, 0 },
	{ "output NORMAL", 0, "0000 0008 fffa 0000", CVSW_OK, 0 },
	{ "output 3", 0, "0000 0008 0003 0000", CVSW_FAULT_ACTION_PORT, 76 },
	{ "output CONTROLLER", 0, "0000 0008 fffd ffff", CVSW_OK, 0 },
	{ "output CONTROLLER, onward", 0, "0000 0008 fffd 0080 0000 0008 fffa 0000", CVSW_OK, 0 },
	{ "output FLOOD, ALL", 0, "0000 0008 fffb 0000 0000 0008 fffc 0000", CVSW_OK, 0 },
	{ "output TABLE", 0, "0000 0008 fff9 0000", CVSW_FAULT_ACTION_PORT, 76 },
	{ "dec_ttl without IP", 0, "ffff0010 00002320 0012 000000000000", CVSW_OK, 0 },
	{ "load of a field that needs ARP", 0, "0003000800000000 "
	  "ffff0018 00002320 0007 000f 00001e02 0000000000000002", CVSW_FAULT_ACTION_VALUE, 80 },
	{ "load of 7 bits, 8 given", 0, "ffff0018 00002320 0007 0006 00000206 0000000000000080",
	  CVSW_FAULT_ACTION_VALUE, 82 },
	{ "load beyond the field", 0, "ffff0018 00002320 0007 0a4f 00000206 0000000000000080",
	  CVSW_FAULT_ACTION_VALUE, 82 },
	{ "load of an unknown field", 0, "ffff0018 00002320 0007 0007 00010001 0000000000000000",
	  CVSW_FAULT_ACTION_VALUE, 82 },
	{ "load with a mask", 0, "ffff0018 00002320 0007 0007 00000306 0000000000000000",
	  CVSW_FAULT_ACTION_VALUE, 82 },
	{ "load beyond OpenFlow 1.2's VLAN priority", 0, "ffff0018 00002320 0007 0003 80000e01 "
	  "0000000000000005", CVSW_FAULT_ACTION_VALUE, 82 },
	{ "move of no bits", 0, "ffff0018 00002320 0006 0000 0000 0000 00000206 00000406",
	  CVSW_FAULT_ACTION_VALUE, 82 },
	{ "move beyond the source", 0, "ffff0018 00002320 0006 0030 0001 0000 00000206 00000406",
	  CVSW_FAULT_ACTION_VALUE, 82 },
	{ "move of another length", 0, "ffff0020 00002320 0006 0030 0000 0000 00000206 00000406 "
	  "0000000000000000", CVSW_FAULT_ACTION_LENGTH, 74 },
	{ "resubmit", 0, "ffff0010 00002320 000e 0001 00000000", CVSW_OK, 0 },
	{ "resubmit from port 3", 0, "ffff0010 00002320 000e 0003 00000000",
	  CVSW_FAULT_ACTION_PORT, 82 },
	{ "resubmit to table 64", 0, "ffff0010 00002320 000e fff8 40000000", CVSW_FAULT_TABLE, 82 },
	{ "goto_table", 0, "1016 0008 01 000000", CVSW_OK, 0 },
	{ "goto_table 0, its own", 0, "0003000800000000 1016 0008 00 000000", CVSW_FAULT_TABLE, 80 },
	{ "goto_table, not zero", 0, "1016 0008 01 010000", CVSW_FAULT_RESERVED, 76 },
	{ "group", 0, "1019 0010 00000005 02 000000 00000000", CVSW_OK, 0 },
	{ "group, not zero", 0, "1019 0010 00000005 02 000000 00000001", CVSW_FAULT_RESERVED, 76 },
	{ "group by a hash that is none", 0, "1019 0010 00000005 07 000000 00000000",
	  CVSW_FAULT_ACTION_VALUE, 76 },
	{ "exit", 0, "ffff0010 00002320 0011 000000000000", CVSW_FAULT_ACTION_TYPE, 72 },
	{ "another vendor's", 0, "ffff0010 00002321 0012 000000000000", CVSW_FAULT_ACTION_TYPE, 72 },
	{ "output ANY", 0, "0000 0008 fff0 ffff", CVSW_FAULT_ACTION_PORT, 76 },
	{ "output NONE", 0, "0000 0008 ffff 0000", CVSW_OK, 0 },
	{ "output twice", 0, "00000008fffa0000 00000008fffa0000", CVSW_OK, 0 },
	{ "output first", 0, "00000008fffa0000 0003000800000000", CVSW_OK, 0 },
	{ "output NONE first", 0, "00000008ffff0000 0003000800000000", CVSW_OK, 0 },
	{ "vid 4095", 0, "0001 0008 0fff 0000", CVSW_OK, 0 },
	{ "vid 4096", 0, "0001 0008 1000 0000", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "pcp 7", 0, "0002 0008 07 000000", CVSW_OK, 0 },
	{ "pcp 8", 0, "0002 0008 08 000000", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "strip", 0, "0003 0008 00000000", CVSW_OK, 0 },
	{ "dl_src", 0, "0004 0010 020000000001 000000000000", CVSW_OK, 0 },
	{ "dl_dst", 0, "0005 0010 020000000001 ffffffffffff", CVSW_OK, 0 },
	{ "dl_src too short", 0, "0004 0008 02000000", CVSW_FAULT_ACTION_LENGTH, 74 },
	{ "dl_src cut", 0, "0004 0010 02000000", CVSW_FAULT_ACTION_LENGTH, 74 },
	{ "nw_src", 0, "0006 0008 0a000001", CVSW_OK, 0 },
	{ "nw_dst", 0, "0007 0008 0a000001", CVSW_OK, 0 },
	{ "tos 0xfc", 0, "0008 0008 fc 000000", CVSW_OK, 0 },
	{ "tos with ECN", 0, "0008 0008 fd 000000", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "tp_src", 0, "0009 0008 ffff 0000", CVSW_OK, 0 },
	{ "tp_dst", 0, "000a 0008 0000 0000", CVSW_OK, 0 },
	{ "enqueue", 0, "000b 0010 0001 000000000000 00000000", CVSW_FAULT_ACTION_TYPE, 72 },
	{ "vendor", 0, "ffff 0008 00002320", CVSW_FAULT_ACTION_TYPE, 72 },
	{ "VXLAN set, cut", 0, "1001 0040 00000000", CVSW_FAULT_ACTION_LENGTH, 74 },
	{ "VXLAN set of 8", 0, "1001 0008 00000000", CVSW_FAULT_ACTION_LENGTH, 74 },
	{ "NVGRE set", 0, "1003 0040 00000000", CVSW_FAULT_ACTION_TYPE, 72 },
	{ "VXLAN strip", 0, "1002 0008 00000000", CVSW_OK, 0 },
	{ "VXLAN strip of 16", 0, "1002 0010 00000000 0000000000000000",
	  CVSW_FAULT_ACTION_LENGTH, 74 },
	{ "encrypt", 0, "1011 0008 00000100", CVSW_OK, 0 },
	{ "encrypt with a reserved SPI", 0, "1011 0008 000000ff", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "encrypt of 16", 0, "1011 0010 00000100 0000000000000000",
	  CVSW_FAULT_ACTION_LENGTH, 74 },
	{ "decrypt", 0, "1012 0008 00000000", CVSW_OK, 0 },
	{ "decrypt, not zero", 0, "1012 0008 00000100", CVSW_FAULT_RESERVED, 76 },
	{ "clone 1", 0, "1013000800010000 0003000800000000", CVSW_OK, 0 },
	{ "clone 0", 0, "1013000800000000 0003000800000000", CVSW_FAULT_ACTION_ORDER, 72 },
	{ "clone beyond the list", 0, "1013000800020000 0003000800000000",
	  CVSW_FAULT_ACTION_ORDER, 72 },
	{ "clone of nothing", 0, "1013000800010000", CVSW_FAULT_ACTION_ORDER, 72 },
	{ "clone, not zero", 0, "1013000800010001 0003000800000000", CVSW_FAULT_RESERVED, 76 },
	{ "clone in a clone", 0, "1013000800020000 1013000800010000 0003000800000000",
	  CVSW_FAULT_ACTION_ORDER, 80 },
	{ "clone behind a clone", 0, "1013000800010000 0003000800000000 1013000800010000 "
	  "0003000800000000 00000008ffff0000", CVSW_OK, 0 },
	{ "output in a clone", 0, "1013000800010000 00000008fffa0000", CVSW_OK, 0 },
	{ "next in a clone", 0, "1013000800010000 1014000800000000", CVSW_FAULT_ACTION_ORDER, 80 },
	{ "next", 0, "1014 0008 00000000", CVSW_OK, 0 },
	{ "next, not zero", 0, "1014 0008 00000001", CVSW_FAULT_RESERVED, 76 },
	{ "next first", 0, "1014000800000000 0003000800000000", CVSW_FAULT_ACTION_ORDER, 80 },
	{ "next behind output", 0, "00000008fffa0000 1014000800000000", CVSW_OK, 0 },
	{ "0x1010", 0, "1010 0008 00000000", CVSW_FAULT_ACTION_TYPE, 72 },
	{ "VXLAN_STRIP", 0, "1015 0008 00000000", CVSW_OK, 0 },
	{ "VXLAN_STRIP, not zero", 0, "1015 0008 00000001", CVSW_FAULT_RESERVED, 76 },
	{ "VXLAN_STRIP as long as the published driver's", 0, "1015 0040", CVSW_FAULT_ACTION_LENGTH, 74 },
	{ "write_actions, clear_actions", 0, "1018 0008 00000000 1017 0008 0001 0000 "
	  "0003000800000000", CVSW_OK, 0 },
	{ "write_actions, not zero", 0, "1017 0008 0001 0001 0003000800000000",
	  CVSW_FAULT_RESERVED, 76 },
	{ "0x101a", 0, "101a 0008 00000000", CVSW_FAULT_ACTION_TYPE, 72 },
	{ "unknown", 0, "000c 0008 00000000", CVSW_FAULT_ACTION_TYPE, 72 },
	{ "length 0", 0, "0003 0000 00000000", CVSW_FAULT_ACTION_LENGTH, 74 },
	{ "length 4", 0, "0003 0004", CVSW_FAULT_ACTION_LENGTH, 74 },
	{ "length 16 of 8", 0, "0003 0010 00000000 0003 0008 00000000",
	  CVSW_FAULT_ACTION_LENGTH, 74 },
	{ "length 65528", 0, "0003 fff8 00000000", CVSW_FAULT_ACTION_LENGTH, 74 },
	{ "one byte", 0, "00", CVSW_FAULT_ACTION_LENGTH, 73 },
	{ "second is bad", 0, "0003000800000000 000c000800000000", CVSW_FAULT_ACTION_TYPE, 80 },
};

static void actions_are_checked(void)
{
	size_t i;

	for (i = 0; i < sizeof(action_lists) / sizeof(action_lists[0]); i++) {
		const struct edit *list = &action_lists[i];
		uint8_t data[200];
		size_t len = plain(data, list->hex), used, offset;
		struct cvsw_flow flow;
		enum cvsw_fault fault = decode(data, len, &flow, &used, &offset);

		CHECK_MSG(fault == list->fault, "%s: %s", list->what, cvsw_fault_name(fault));
		CHECK_MSG(!fault || offset == list->offset, "%s: offset %zu", list->what, offset);
	}
}

/* OpenFlow 1.2 has fields that are parts of ours. */
static void parts_are_loaded_where_they_are(void)
{
	static const struct {
		const char *hex;
		uint8_t ofs, bits;
	} loads[] = {
		{ "ffff0018 00002320 0007 000c 80000c02 0000000000001005", 0, 13 },
		{ "ffff0018 00002320 0007 0002 80000e01 0000000000000005", 13, 3 },
		{ "ffff0018 00002320 0007 0041 80000e01 0000000000000002", 14, 2 },
	};
	size_t i;

	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		uint8_t data[200];
		size_t len = plain(data, loads[i].hex), used, offset;
		struct cvsw_flow flow;
		const struct cvsw_load *load = &flow.actions[0].load;

		CHECK(decode(data, len, &flow, &used, &offset) == CVSW_OK);
		CHECK(load->dst == CVSW_FIELD_VLAN_TCI);
		CHECK_MSG(load->ofs == loads[i].ofs && load->n_bits == loads[i].bits,
			  "%u bits at %u", load->n_bits, load->ofs);
	}
}

/* A whole VXLAN set, and what is changed in it. */
static const struct edit tunnel_edits[] = {
	{ "nothing changed", 0, "", CVSW_OK, 0 },
	{ "IPv6 destination", 16, "20010db8 00000000 00000000 00000001", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "last byte of the destination", 31, "01", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "no destination", 16, "00000000", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "last byte of the source", 47, "01", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "no source", 32, "00000000", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "upper half of the identifier", 51, "01", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "VNI of 25 bits", 52, "01000000", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "VNI of 24 bits", 52, "00ffffff", CVSW_OK, 0 },
	{ "port and TTL", 56, "12b601", CVSW_OK, 0 },
	{ "DSCP", 59, "b8", CVSW_OK, 0 },
	{ "ECN", 59, "01", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "both flags", 60, "03", CVSW_OK, 0 },
	{ "DSCP given and inherited", 59, "b802", CVSW_FAULT_ACTION_VALUE, 76 },
	{ "unknown flag", 60, "04", CVSW_FAULT_RESERVED, 76 },
	{ "byte 61", 61, "01", CVSW_FAULT_RESERVED, 76 },
	{ "byte 63", 63, "01", CVSW_FAULT_RESERVED, 76 },
	{ "length 72", 2, "0048", CVSW_FAULT_ACTION_LENGTH, 74 },
};

static void tunnels_are_checked(void)
{
	size_t i;

	for (i = 0; i < sizeof(tunnel_edits) / sizeof(tunnel_edits[0]); i++) {
		const struct edit *edit = &tunnel_edits[i];
		uint8_t data[200];
		size_t len = plain(data, "1001 0040 0a0000000001 0a0000000002"
				   "c0000202 000000000000000000000000 c0000201 000000000000000000000000"
				   "0000000000000005 0000000000000000"), n, used, offset;
		uint8_t *bytes = from_hex(edit->hex, &n);
		struct cvsw_flow flow;
		enum cvsw_fault fault;

		memcpy(data + 72 + edit->at, bytes, n);
		fault = decode(data, len, &flow, &used, &offset);
		CHECK_MSG(fault == edit->fault, "%s: %s", edit->what, cvsw_fault_name(fault));
		CHECK_MSG(!fault || offset == edit->offset, "%s: offset %zu", edit->what, offset);
		free(bytes);
	}
}

static void tunnel_has_defaults(void)
{
	static const uint8_t dst[16] = { [10] = 0xff, 0xff, 192, 0, 2, 2 };
	uint8_t data[200], out[200];
	size_t len = plain(data, "1001 0040 0a0000000001 0a0000000002"
			   "c0000202 000000000000000000000000 c0000201 000000000000000000000000"
			   "0000000000000005 0000000000000000 1002 0040 000000000000000000000000"
			   "000000000000000000000000000000000000000000000000"
			   "000000000000000000000000000000000000000000000001"), used, offset;
	struct cvsw_flow flow;

	CHECK(!decode(data, len, &flow, &used, &offset));
	CHECK(flow.n_actions == 2 && flow.actions[0].type == CVSW_ACT_VXLAN_ENCAP);
	CHECK(flow.actions[0].tunnel.udp_dst == 4789 && flow.actions[0].tunnel.ttl == 64);
	CHECK(flow.actions[0].tunnel.id == 5 && flow.actions[0].tunnel.type == CVSW_TUNNEL_VXLAN);
	CHECK(!memcmp(flow.actions[0].tunnel.dst, dst, 16));
	CHECK(flow.actions[0].tunnel.dl_dst[5] == 1 && flow.actions[0].tunnel.dl_src[5] == 2);
	CHECK(flow.actions[1].type == CVSW_ACT_VXLAN_DECAP);
	CHECK(cvsw_ofp10_encode(CVSW_FLOW_ADD, &flow, out, sizeof(out)) == 72 + 64 + 8);
	CHECK(!memcmp(out + 72 + 56, "\x12\xb5\x40\0\0\0\0", 8));
}

static void action_count_is_bounded(void)
{
	uint8_t data[72 + (CVSW_MAX_ACTIONS + 1) * 8];
	struct cvsw_flow flow;
	size_t used, offset, i;

	plain(data, "");
	for (i = 0; i <= CVSW_MAX_ACTIONS; i++)
		memcpy(data + 72 + i * 8, "\0\3\0\x08\0\0\0\0", 8);
	memcpy(data + 2, "\x02\x48", 2);
	CHECK(!decode(data, 72 + 64 * 8, &flow, &used, &offset));
	CHECK(flow.n_actions == 64);
	memcpy(data + 2, "\x02\x50", 2);
	CHECK(decode(data, sizeof(data), &flow, &used, &offset) == CVSW_FAULT_ACTION_COUNT);
	CHECK(offset == 72 + 64 * 8);
}

static void match_values_are_checked(void)
{
	static const struct {
		const char *what;
		struct raw_match raw;
		enum cvsw_fault fault;
		size_t offset;
	} cases[] = {
		{ "vid 4096", { .wildcards = 0x3ffffd, .dl_vlan = 4096 }, CVSW_OK, 0 },
		{ "vid 0xfffe", { .wildcards = 0x3ffffd, .dl_vlan = 0xfffe }, CVSW_OK, 0 },
		{ "vid 0xfffe, wild", { .wildcards = 0x3fffff, .dl_vlan = 0xfffe }, CVSW_OK, 0 },
		{ "pcp 8", { .wildcards = 0x2fffff, .dl_vlan_pcp = 8 }, CVSW_OK, 0 },
		{ "RARP", { .wildcards = 0x3fffef, .dl_type = 0x8035, .nw_proto = 1 }, CVSW_OK, 0 },
		{ "RARP's opcode", { .wildcards = 0x3fffcf, .dl_type = 0x8035, .nw_proto = 1 },
		  CVSW_FAULT_MATCH, 30 },
		{ "RARP's sender", { .wildcards = 0x3fc0ef, .dl_type = 0x8035, .nw_src = 1 },
		  CVSW_FAULT_MATCH, 30 },
		{ "RARP's target", { .wildcards = 0x303fef, .dl_type = 0x8035 },
		  CVSW_FAULT_MATCH, 30 },
		{ "pcp 8, untagged", { .wildcards = 0x2ffffd, .dl_vlan = 0xffff, .dl_vlan_pcp = 8 },
		  CVSW_OK, 0 },
		{ "icmp type 256", { .wildcards = 0x3fff8f, .dl_type = 0x0800, .nw_proto = 1,
				     .tp_src = 256 }, CVSW_FAULT_MATCH, 44 },
		{ "icmp code 256", { .wildcards = 0x3fff4f, .dl_type = 0x0800, .nw_proto = 1,
				     .tp_dst = 256 }, CVSW_FAULT_MATCH, 46 },
		{ "tcp port 256", { .wildcards = 0x3fff8f, .dl_type = 0x0800, .nw_proto = 6,
				    .tp_src = 256 }, CVSW_OK, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t data[72];
		struct cvsw_flow flow;
		size_t used, offset;
		enum cvsw_fault fault;

		raw_flow_mod(&cases[i].raw, data);
		fault = decode(data, sizeof(data), &flow, &used, &offset);
		CHECK_MSG(fault == cases[i].fault, "%s: %s", cases[i].what, cvsw_fault_name(fault));
		CHECK_MSG(!fault || offset == cases[i].offset, "%s: offset %zu", cases[i].what,
			  offset);
	}
}

static void exact_match_has_top_priority(void)
{
	struct raw_match raw = { .in_port = 1, .dl_type = 0x0800, .nw_proto = 6, .tp_dst = 80 };
	uint8_t data[72];
	struct cvsw_flow flow;
	size_t used, offset;

	raw_flow_mod(&raw, data);
	data[63] = 7;
	CHECK(!decode(data, sizeof(data), &flow, &used, &offset));
	CHECK(flow.priority == 65535);
	CHECK(cvsw_ofp10_is_exact(&flow.match));
	data[11] = 1;	/* in_port is wild now */
	CHECK(!decode(data, sizeof(data), &flow, &used, &offset));
	CHECK(flow.priority == 7);
	CHECK(!cvsw_ofp10_is_exact(&flow.match));
	/* Without a tag, a wildcard for its priority makes no difference. */
	memcpy(data + 8, "\0\x10\0\0", 4);
	memcpy(data + 26, "\xff\xff", 2);
	CHECK(!decode(data, sizeof(data), &flow, &used, &offset));
	CHECK(flow.priority == 65535);
	/* A field that the named protocol lacks is ignored, but was no wildcard. */
	memcpy(data + 8, "\0\0\0\0", 4);
	memcpy(data + 30, "\x08\x06", 2);
	CHECK(!decode(data, sizeof(data), &flow, &used, &offset));
	CHECK(flow.priority == 65535);
	CHECK(!cvsw_ofp10_is_exact(&flow.match));
}

static void what_ofp_match_cannot_say(void)
{
	static const struct {
		const char *what;
		struct cvsw_match match;
		bool can;
	} cases[] = {
		{ "all wild", { .mask = { .in_port = 0 } }, true },
		{ "half a MAC", { .mask = { .dl_src = { 0xff, 0xff } } }, false },
		{ "some tag", { .key = { .vlan_tci = 0x1000 }, .mask = { .vlan_tci = 0x1000 } }, false },
		{ "no tag", { .mask = { .vlan_tci = 0x1000 } }, true },
		{ "an id without the tag's presence", { .mask = { .vlan_tci = 0x0fff } }, false },
		{ "a hole in a netmask", { .mask = { .nw_src = 0xff00ff00 } }, false },
		{ "a netmask", { .mask = { .nw_src = 0xff000000 } }, true },
		{ "ECN", { .mask = { .nw_tos = 0xff } }, false },
		{ "half a port", { .mask = { .tp_dst = 0xff00 } }, false },
		{ "a VNI", { .mask = { .tun_id = 0xffffff } }, false },
		{ "an SA", { .mask = { .sa = 1 } }, false },
		{ "a pass", { .mask = { .pass = 0xff } }, false },
		{ "a tunnel's type", { .mask = { .tun_type = 0xff } }, false },
		{ "a tunnel's source", { .mask = { .tun_src = { [15] = 1 } } }, false },
		{ "a tunnel's destination", { .mask = { .tun_dst = { 0x80 } } }, false },
		{ "half a type", { .mask = { .dl_type = 0xff00 } }, false },
	};
	uint8_t data[CVSW_OFP10_FLOW_MOD_MAX];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cvsw_flow flow = { .match = cases[i].match };

		CHECK_MSG(cvsw_ofp10_can_express(&flow.match) == cases[i].can, "%s", cases[i].what);
		CHECK_MSG(cvsw_ofp10_encode(CVSW_FLOW_ADD, &flow, data, sizeof(data)) &&
			  data[1] == (cases[i].can ? 14 : 4), "%s", cases[i].what);
	}
}

const struct tap_test ofp10_tests[] = {
	{ "proto: flow_mods survive encoding and decoding", round_trip },
	{ "proto: every truncated flow_mod is refused", every_truncation_is_refused },
	{ "proto: every bit flip in a flow_mod is survived", every_bit_flip_is_survived },
	{ "proto: noise behind a flow_mod's header is survived", noise_is_survived },
	{ "proto: a flow_mod's header and fields are checked", header_and_fields_are_checked },
	{ "proto: a flow_mod's match values are checked", match_values_are_checked },
	{ "proto: a flow_mod's actions are checked", actions_are_checked },
	{ "proto: parts of fields are loaded where they are", parts_are_loaded_where_they_are },
	{ "proto: a flow_mod's action count is bounded", action_count_is_bounded },
	{ "proto: an exact match has priority 65535", exact_match_has_top_priority },
	{ "proto: a VXLAN set is checked byte by byte", tunnels_are_checked },
	{ "proto: a VXLAN set has defaults, and a strip two lengths", tunnel_has_defaults },
	{ "proto: what ofp_match cannot say becomes an NXT_FLOW_MOD", what_ofp_match_cannot_say },
	{ NULL, NULL },
};
