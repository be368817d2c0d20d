// SPDX-License-Identifier: GPL-2.0 OR MIT
/* flow_mods of version 3: one flow has one form, and every other is refused. */
#include <stdio.h>
#include <stdlib.h>

#include "../cvsw_flow_mod.h"
#include "gen.h"
#include "tests.h"

static enum cvsw_fault decode(const uint8_t *data, size_t len, struct cvsw_flow *flow,
			      size_t *offset)
{
	uint8_t *copy = exact_copy(data, len);
	enum cvsw_flow_command command;
	size_t used;
	enum cvsw_fault fault = cvsw_flow_mod_decode(copy, len, &used, &command, flow, offset);

	free(copy);
	return fault;
}

static void every_flow_comes_back(void)
{
	static const enum gen_kind kinds[] = { GEN_ANY, GEN_NAMED, GEN_NAMED_NXM };
	struct rng rng = { 11 };
	size_t i;

	for (i = 0; i < 20000; i++) {
		uint8_t data[CVSW_FLOW_MOD_MAX + 8], again_data[CVSW_FLOW_MOD_MAX];
		enum cvsw_flow_command want = rng_below(&rng, 5), command;
		struct cvsw_flow flow, again;
		size_t len, used;

		gen_flow(&rng, kinds[i % 3], &flow);
		if (i % 2)
			gen_tables(&rng, &flow);
		flow.out_port = want < CVSW_FLOW_DELETE ? 0 : (uint16_t)rng_next(&rng);
		len = cvsw_flow_mod_encode(want, &flow, data, sizeof(data));
		CHECK(len >= CVSW_FLOW_MOD_HEADER_LEN && len <= CVSW_FLOW_MOD_MAX);
		memset(data + len, 0xee, 8);
		CHECK(!cvsw_flow_mod_decode(data, len + 8, &used, &command, &again, NULL));
		CHECK(used == len && command == want && again.out_port == flow.out_port);
		CHECK(cvsw_flow_equal(&flow, &again));
		CHECK(!cvsw_flow_mod_encode(want, &flow, again_data, len - 1));
	}
}

/* Whatever is changed, cut or taken for a flow_mod: what is taken has no other form. */
static void no_flow_has_two_forms(void)
{
	struct rng rng = { 12 };
	size_t i, taken = 0, refused = 0;

	for (i = 0; i < 200000; i++) {
		uint8_t data[CVSW_FLOW_MOD_MAX], again[CVSW_FLOW_MOD_MAX];
		enum cvsw_flow_command command;
		struct cvsw_flow flow;
		size_t len, used, offset = 0, n;

		gen_flow(&rng, rng_below(&rng, 2) ? GEN_NAMED : GEN_ANY, &flow);
		if (rng_below(&rng, 2))
			gen_tables(&rng, &flow);
		len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, &flow, data, sizeof(data));
		for (n = rng_below(&rng, 3); n--;)
			data[rng_below(&rng, len < 60 ? len : 60)] = (uint8_t)rng_next(&rng);
		if (cvsw_flow_mod_decode(data, len, &used, &command, &flow, &offset)) {
			refused++;
			CHECK(offset <= len);
			continue;
		}
		taken++;
		CHECK(cvsw_flow_mod_encode(command, &flow, again, sizeof(again)) == used &&
		      !memcmp(data, again, used));
	}
	CHECK(taken > 50000 && refused > 50000);
}

/* A header of an ADD with this match and these actions, all in hex. */
static size_t make(const char *match, const char *actions, uint8_t *data)
{
	char hex[1024];
	size_t len, match_len = 0;
	uint8_t *bytes = from_hex(match, &match_len);

	free(bytes);
	snprintf(hex, sizeof(hex), "0000 00 00 0064 0000 0000 0000 %04zx 0000 0000000000000000 %s %s",
		 match_len, match, actions);
	bytes = from_hex(hex, &len);
	bytes[0] = (uint8_t)(len >> 8);
	bytes[1] = (uint8_t)len;
	memcpy(data, bytes, len);
	free(bytes);
	return len;
}

#define IP4	"0c02 0800 "
#define TUNNEL(vni, ttl, tos, flags)							\
	"0735 020000000001 020000000002 00000000000000000000ffff0a000001 "		\
	"00000000000000000000ffff0a000002 " vni " 12b5 " ttl tos flags

static const struct {
	const char *what, *match, *actions;
	enum cvsw_fault fault;
	size_t offset;
} cases[] = {
	{ "all", "", "", CVSW_OK, 0 },
	{ "two fields", "080101" IP4, "0102fffa", CVSW_OK, 0 },
	{ "descending", IP4 "080101", "", CVSW_FAULT_MATCH_FIELD, 28 },
	{ "twice", "080101 080101", "", CVSW_FAULT_MATCH_FIELD, 27 },
	{ "number 0", "000100", "", CVSW_FAULT_MATCH_FIELD, 24 },
	{ "a number that no field has", "2c0100", "", CVSW_FAULT_MATCH_FIELD, 24 },
	{ "number 255", "ff0100", "", CVSW_FAULT_MATCH_FIELD, 24 },
	{ "a field that is too short", "0c0108", "", CVSW_FAULT_LENGTH, 25 },
	{ "a field that is too long", "0c03080000", "", CVSW_FAULT_LENGTH, 25 },
	{ "a field without length", "0c", "", CVSW_FAULT_LENGTH, 25 },
	{ "a field that goes on behind the match", "0c0208", "00", CVSW_FAULT_LENGTH, 25 },
	{ "a mask", "1108 0a000000 ff000000", "", CVSW_OK, 0 },
	{ "a mask of zeroes", "1108 00000000 00000000", "", CVSW_FAULT_MATCH, 26 },
	{ "a mask of ones", "1108 0a000001 ffffffff", "", CVSW_FAULT_MATCH, 26 },
	{ "bits outside of the mask", "1108 0a000001 ff000000", "", CVSW_FAULT_MATCH, 26 },
	{ "bits that TCP's flags have not", IP4 "120106 1802 0002", "", CVSW_FAULT_MATCH_FIELD, 24 },
	{ "TCP's flags", IP4 "120106 1804 0002 0fff", "", CVSW_OK, 0 },
	{ "a protocol without its EtherType", "120106", "", CVSW_FAULT_MATCH_FIELD, 24 },
	{ "flags of a protocol that is not named", IP4 "1804 0002 0fff", "",
	  CVSW_FAULT_MATCH_FIELD, 24 },
	{ "IPv6 in IPv4", IP4 "0d10 00000000000000000000000000000001", "",
	  CVSW_FAULT_MATCH_FIELD, 24 },
	{ "a tag's bits without the tag", "0904 0005 0fff", "", CVSW_FAULT_MATCH_FIELD, 24 },
	{ "more of no tag", "0902 0000", "", CVSW_FAULT_MATCH_FIELD, 24 },
	{ "no tag", "0904 0000 1000", "", CVSW_OK, 0 },
	{ "no tag, and bits of it", "0904 0005 1fff", "", CVSW_FAULT_MATCH, 24 },
	{ "in_port 3", "080103", "", CVSW_FAULT_MATCH, 24 },
	{ "in_port with a mask", "0802 0101", "", CVSW_FAULT_MATCH, 24 },
	{ "pass 4", "010104", "", CVSW_FAULT_MATCH, 24 },
	{ "tun_type 2", "030102", "", CVSW_FAULT_MATCH, 24 },
	{ "an ICMP type of 256", IP4 "120101 16020100", "", CVSW_FAULT_MATCH, 24 },
	{ "RARP's opcode", "0c028035 120101", "", CVSW_FAULT_MATCH_FIELD, 24 },
	{ "action 0", "", "0000", CVSW_FAULT_ACTION_TYPE, 24 },
	{ "action 19", "", "0102fffa 1300", CVSW_FAULT_ACTION_TYPE, 28 },
	{ "a group, and what comes behind", "", "1205 ffffff00 06 0102fffa", CVSW_OK, 0 },
	{ "a group that cannot be", "", "1205 ffffff01 00", CVSW_FAULT_ACTION_VALUE, 26 },
	{ "a group by a hash that is none", "", "1205 00000001 07", CVSW_FAULT_ACTION_VALUE, 26 },
	{ "a group in an action set", "", "10020001 1205 00000001 00", CVSW_OK, 0 },
	{ "a group in a clone", "", "0c020001 1205 00000001 00", CVSW_FAULT_ACTION_ORDER, 28 },
	{ "an action set", "", "1100 10020002 0300 0102fffa 0e0101", CVSW_OK, 0 },
	{ "an action set of nothing", "", "0300 10020000", CVSW_FAULT_ACTION_ORDER, 26 },
	{ "an action set of more than there is", "", "0300 10020002 0300", CVSW_FAULT_ACTION_ORDER, 26 },
	{ "a resubmit in an action set", "", "10020001 0f03fff801", CVSW_FAULT_ACTION_ORDER, 28 },
	{ "a clone in an action set", "", "10020002 0c020001 0300", CVSW_FAULT_ACTION_ORDER, 28 },
	{ "an action set in a clone", "", "0c020002 10020001 0300", CVSW_FAULT_ACTION_ORDER, 28 },
	{ "table 1", "", "0e0101", CVSW_OK, 0 },
	{ "table 63", "", "0300 0e013f", CVSW_OK, 0 },
	{ "table 64", "", "0300 0e0140", CVSW_FAULT_TABLE, 28 },
	{ "its own table", "", "0300 0e0100", CVSW_FAULT_TABLE, 26 },
	{ "an action behind GOTO_TABLE", "", "0e0101 0300", CVSW_FAULT_ACTION_ORDER, 27 },
	{ "GOTO_TABLE in a clone", "", "0c020001 0e0101", CVSW_FAULT_ACTION_ORDER, 28 },
	{ "a resubmit to its own table", "", "0f03fff8ff 0f03000100 0300", CVSW_OK, 0 },
	{ "a resubmit to table 64", "", "0f03fff840", CVSW_FAULT_TABLE, 26 },
	{ "a resubmit from nowhere", "", "0f03fffa00", CVSW_FAULT_ACTION_PORT, 26 },
	{ "a resubmit in a clone", "", "0c020001 0f03fff801", CVSW_FAULT_ACTION_ORDER, 28 },
	{ "an action that is too long", "", "0103fffa00", CVSW_FAULT_ACTION_LENGTH, 25 },
	{ "an action that is cut", "", "0102ff", CVSW_FAULT_ACTION_LENGTH, 25 },
	{ "an action without length", "", "01", CVSW_FAULT_ACTION_LENGTH, 25 },
	{ "an output to nowhere", "", "01020005", CVSW_FAULT_ACTION_PORT, 26 },
	{ "an output to the controller by its port", "", "0102fffd", CVSW_FAULT_ACTION_PORT, 26 },
	{ "SPI 255", "", "0a04000000ff", CVSW_FAULT_ACTION_VALUE, 26 },
	{ "a clone of nothing", "", "0c020000 0102fffa", CVSW_FAULT_ACTION_ORDER, 24 },
	{ "a clone of more than there is", "", "0300 0c020002 0102fffa", CVSW_FAULT_ACTION_ORDER, 26 },
	{ "an action behind NEXT", "", "0d00 0102fffa", CVSW_FAULT_ACTION_ORDER, 26 },
	{ "NEXT in a clone", "", "0c020001 0d00", CVSW_FAULT_ACTION_ORDER, 28 },
	{ "TTL of whatever it is", "080101", "0102fffa 0400", CVSW_OK, 0 },
	{ "TTL of IP", IP4, "0400", CVSW_OK, 0 },
	{ "a load", IP4, "060e 06 02 43561001 0000000000000008", CVSW_OK, 0 },
	{ "a load of more bits", IP4, "060e 06 03 43561001 0000000000000008",
	  CVSW_FAULT_ACTION_VALUE, 30 },
	{ "a load of no bits", IP4, "060e 00 02 43561001 0000000000000000",
	  CVSW_FAULT_ACTION_VALUE, 30 },
	{ "a load of too much", IP4, "060e 06 02 43561001 0000000000000040",
	  CVSW_FAULT_ACTION_VALUE, 30 },
	{ "a load of no field", IP4, "060e 06 02 43561002 0000000000000008",
	  CVSW_FAULT_ACTION_VALUE, 30 },
	{ "a load of in_port", IP4, "060e 02 00 00000002 0000000000000001",
	  CVSW_FAULT_ACTION_VALUE, 30 },
	{ "a move", "", "050b 2f 01 00 00000406 00000206", CVSW_OK, 0 },
	{ "a move from beyond", "", "050b 30 01 00 00000406 00000206", CVSW_FAULT_ACTION_VALUE, 26 },
	{ "a move to beyond", "", "050b 2f 00 02 00000406 00000206", CVSW_FAULT_ACTION_VALUE, 26 },
	{ "a tunnel", "", TUNNEL("0000004d", "40", "00", "01"), CVSW_OK, 0 },
	{ "a VNI of 25 bits", "", TUNNEL("01000000", "40", "00", "01"), CVSW_FAULT_ACTION_VALUE, 26 },
	{ "a TTL of 0", "", TUNNEL("0000004d", "00", "00", "01"), CVSW_FAULT_ACTION_VALUE, 26 },
	{ "ECN in the ToS", "", TUNNEL("0000004d", "40", "01", "01"), CVSW_FAULT_ACTION_VALUE, 26 },
	{ "a ToS that is inherited", "", TUNNEL("0000004d", "40", "04", "02"),
	  CVSW_FAULT_ACTION_VALUE, 26 },
	{ "a flag that is reserved", "", TUNNEL("0000004d", "40", "00", "04"),
	  CVSW_FAULT_RESERVED, 26 },
};

static void lies_are_refused(void)
{
	uint8_t data[512];
	struct cvsw_flow flow;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t offset = 0, len = make(cases[i].match, cases[i].actions, data);
		enum cvsw_fault fault = decode(data, len, &flow, &offset);

		CHECK_MSG(fault == cases[i].fault && offset == cases[i].offset, "%s: %s at %zu",
			  cases[i].what, cvsw_fault_name(fault), offset);
	}
}

static const struct {
	const char *what;
	size_t at;
	uint8_t value;
	enum cvsw_fault fault;
	size_t offset;
} headers[] = {
	{ "longer than there is", 1, 0x1c, CVSW_FAULT_LENGTH, 0 },
	{ "shorter than a header", 1, 0x17, CVSW_FAULT_LENGTH, 0 },
	{ "cut in its match", 1, 0x1a, CVSW_FAULT_LENGTH, 12 },
	{ "command 5", 2, 5, CVSW_FAULT_COMMAND, 2 },
	{ "flag 4", 3, 4, CVSW_FAULT_FLAGS, 3 },
	{ "out_port of an ADD", 7, 1, CVSW_FAULT_RESERVED, 6 },
	{ "a match that goes on behind", 13, 4, CVSW_FAULT_LENGTH, 12 },
	{ "a match that ends too early", 13, 2, CVSW_FAULT_LENGTH, 25 },
	{ "table 64", 14, 64, CVSW_FAULT_TABLE, 14 },
	{ "an ADD to all tables", 14, 0xff, CVSW_FAULT_TABLE, 14 },
	{ "a reserved byte", 15, 1, CVSW_FAULT_RESERVED, 15 },
};

static void headers_are_checked(void)
{
	uint8_t data[64];
	struct cvsw_flow flow;
	size_t i, len, offset = 0;

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		enum cvsw_fault fault;

		len = make("080101", "", data);
		data[headers[i].at] = headers[i].value;
		fault = decode(data, len, &flow, &offset);
		CHECK_MSG(fault == headers[i].fault && offset == headers[i].offset, "%s: %s at %zu",
			  headers[i].what, cvsw_fault_name(fault), offset);
	}
	for (i = 0; i < CVSW_FLOW_MOD_HEADER_LEN; i++)
		CHECK(decode(data, i, &flow, &offset) == CVSW_FAULT_SHORT && offset == i);
}

/* Only a DELETE means all tables, and only with a table behind the flow's own a GOTO_TABLE. */
static void tables_are_checked(void)
{
	uint8_t data[64];
	struct cvsw_flow flow;
	size_t len = make("", "0e0105", data), offset = 0;

	data[14] = 4;
	CHECK(!decode(data, len, &flow, &offset) && flow.match.table == 4 &&
	      flow.actions[0].table == 5);
	data[14] = 5;
	CHECK(decode(data, len, &flow, &offset) == CVSW_FAULT_TABLE && offset == 24);
	data[14] = 0xff;
	data[2] = CVSW_FLOW_DELETE_STRICT;
	CHECK(decode(data, len, &flow, &offset) == CVSW_FAULT_TABLE && offset == 14);
	len = make("", "", data);
	data[14] = 0xff;
	data[2] = CVSW_FLOW_DELETE;
	CHECK(!decode(data, len, &flow, &offset) && flow.match.table == CVSW_TABLE_ALL);
}

static void so_many_actions_and_no_more(void)
{
	uint8_t data[512];
	char actions[65 * 4 + 1] = "";
	struct cvsw_flow flow;
	size_t i, offset = 0, len;

	for (i = 0; i < CVSW_MAX_ACTIONS; i++)
		strcat(actions, "0300");
	len = make("", actions, data);
	CHECK(!decode(data, len, &flow, &offset) && flow.n_actions == CVSW_MAX_ACTIONS);
	strcat(actions, "0300");
	len = make("", actions, data);
	CHECK(decode(data, len, &flow, &offset) == CVSW_FAULT_ACTION_COUNT &&
	      offset == CVSW_FLOW_MOD_HEADER_LEN + 2 * CVSW_MAX_ACTIONS);
}

static void no_action_is_longer_than_a_tunnel(void)
{
	uint8_t data[2 + CVSW_ACTION_VALUE_MAX];
	uint16_t type;

	for (type = 0; type < CVSW_N_ACTIONS; type++) {
		const struct cvsw_action action = { .type = type };
		size_t len = cvsw_actions_encode(&action, 1, data, sizeof(data));

		CHECK_MSG(len >= 2, "action %d", type);
		CHECK((type == CVSW_ACT_VXLAN_ENCAP) == (len == sizeof(data)));
	}
}

const struct tap_test flow_mod_tests[] = {
	{ "proto: version 3's flow_mods: every flow comes back as it was", every_flow_comes_back },
	{ "proto: version 3's flow_mods: no flow has two forms", no_flow_has_two_forms },
	{ "proto: version 3's flow_mods: lies are refused", lies_are_refused },
	{ "proto: version 3's flow_mods: headers are checked", headers_are_checked },
	{ "proto: version 3's flow_mods: tables are checked", tables_are_checked },
	{ "proto: version 3's flow_mods: 64 actions and no more", so_many_actions_and_no_more },
	{ "proto: version 3's flow_mods: no action is longer than a tunnel",
	  no_action_is_longer_than_a_tunnel },
	{ NULL, NULL },
};
