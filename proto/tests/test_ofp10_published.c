// SPDX-License-Identifier: GPL-2.0 OR MIT
/* flow_mods of version 2: the published driver's messages mean what it does with them. */
#include <stdlib.h>

#include "../cvsw_ofp10.h"
#include "../cvsw_text.h"
#include "gen.h"
#include "tests.h"

/* From here to the actions, but for the priority, its tests leave what was in memory. */
#define HEADER		"fe0e fefe fefefefe"
#define REST		"fefefefefefefefe fefe fefe fefe 2711 fefefefe fefe fefe"
#define NO_ADDRESSES	"fefefefe fefefefe"
#define NO_PORTS	"fefe fefe"

/* Between in_port and nw_src, all wild. */
#define UP_TO_NW	"fefefefefefe fefefefefefe fefe fe fe fefe fe fe fefe"

#define SET_VXLAN	"1001 0040 222222222222 111111111111 "					\
			"ac100002 000000000000000000000000 ac100001 000000000000000000000000 "	\
			"00000000 0000000a 0000000000000000"

static const struct {
	const char *what;
	const char *hex;
	const char *text;	/* NULL: refused */
} messages[] = {
	{ "rewrite the destination's MAC address",
	  HEADER "003ffff6 0001 fefefefefefe 525400222222 fefe fe fe fefe fe fe fefe"
	  NO_ADDRESSES NO_PORTS REST "0005 0010 ffffffffffff 000000000000",
	  "priority=10001,in_port=HOST,dl_dst=52:54:00:22:22:22 actions=mod_dl_dst:ff:ff:ff:ff:ff:ff" },
	{ "NW_SRC",
	  HEADER "003fdffe 0001" UP_TO_NW "c0a80001 fefefefe" NO_PORTS REST
	  "0006 0008 ac100001",
	  "priority=10001,in_port=HOST,nw_src=192.168.0.1 actions=mod_nw_src:172.16.0.1" },
	{ "NW_DST",
	  HEADER "0037fffe 0002" UP_TO_NW "fefefefe ac100001" NO_PORTS REST
	  "0007 0008 c0a80001",
	  "priority=10001,in_port=NET,nw_dst=172.16.0.1 actions=mod_nw_dst:192.168.0.1" },
	{ "TP_DST",
	  HEADER "003fff7e 0001" UP_TO_NW NO_ADDRESSES "fefe c350" REST "0009 0008 ffff 0000",
	  "priority=10001,ip,in_port=HOST,tp_dst=50000 actions=mod_tp_src:65535" },
	{ "DL_VLAN",
	  HEADER "003ffffc 0002 fefefefefefe fefefefefefe 000a fe fe fefe fe fe fefe"
	  NO_ADDRESSES NO_PORTS REST "0003 0008 00000000",
	  "priority=10001,in_port=NET,dl_vlan=10 actions=strip_vlan" },
	{ "five actions",
	  HEADER "003fff7e 0001" UP_TO_NW NO_ADDRESSES "fefe ffff" REST
	  "0004 0010 aaaaaaaaaaaa 000000000000 0007 0008 ac100002 0008 0008 c0 000000"
	  "0009 0008 c350 0000 0001 0008 0014 0000",
	  "priority=10001,ip,in_port=HOST,tp_dst=65535 actions=mod_dl_src:aa:aa:aa:aa:aa:aa,"
	  "mod_nw_dst:172.16.0.2,mod_nw_tos:192,mod_tp_src:50000,mod_vlan_vid:20" },
	{ "set VXLAN, done in one lookup",
	  HEADER "003ffffe 0001" UP_TO_NW NO_ADDRESSES NO_PORTS REST SET_VXLAN,
	  "priority=10001,in_port=HOST actions=vxlan_encap(vni=10,dst=172.16.0.2,src=172.16.0.1,"
	  "dl_dst=22:22:22:22:22:22,dl_src=11:11:11:11:11:11),NORMAL" },
	{ "strip VXLAN, if there is one, done in one lookup",
	  HEADER "003ffffe 0002" UP_TO_NW NO_ADDRESSES NO_PORTS REST "1002 0008 00000000",
	  "priority=10001,in_port=NET actions=vxlan_strip,NORMAL" },
	{ "strip VXLAN, and do something else",
	  HEADER "003ffffe 0002" UP_TO_NW NO_ADDRESSES NO_PORTS REST
	  "1002 0040" "000000000000000000000000 00000000000000000000000000000000"
	  "00000000000000000000000000000000 00000000000000000000000000000000"
	  "0003 0008 00000000",
	  "priority=10001,in_port=NET actions=vxlan_strip,strip_vlan,NORMAL" },
	{ "output nowhere: drop",
	  HEADER "003ffffe 0002" UP_TO_NW NO_ADDRESSES NO_PORTS REST "0000 0008 ffff 0000",
	  "priority=10001,in_port=NET actions=drop" },
	{ "no action: drop, as in OpenFlow",
	  HEADER "003ffffe 0002" UP_TO_NW NO_ADDRESSES NO_PORTS REST,
	  "priority=10001,in_port=NET actions=drop" },
	{ "another output",
	  HEADER "003ffffe 0002" UP_TO_NW NO_ADDRESSES NO_PORTS REST "0000 0008 fffa 0000",
	  "priority=10001,in_port=NET actions=NORMAL" },
	{ "the specification's header, and all that stands behind it",
	  "010e 0050 00000000 003fdffe 0001" UP_TO_NW "c0a80001 fefefefe" NO_PORTS
	  "0000000000000005 0000 0007 0009 2711 ffffffff ffff 0001" "0006 0008 ac100001",
	  "cookie=0x5, idle_timeout=7, hard_timeout=9, send_flow_rem priority=10001,in_port=HOST,"
	  "nw_src=192.168.0.1 actions=mod_nw_src:172.16.0.1" },
	{ "OpenFlow's whole address",
	  HEADER "003fc0fe 0001" UP_TO_NW "c0a80001 fefefefe" NO_PORTS REST,
	  "priority=10001,in_port=HOST,nw_src=192.168.0.1 actions=drop" },
	{ "OpenFlow's prefix",
	  HEADER "003fdefe 0001" UP_TO_NW "c0a80001 fefefefe" NO_PORTS REST,
	  "priority=10001,in_port=HOST,nw_src=192.0.0.0/2 actions=drop" },
	{ "OpenFlow's wild address",
	  HEADER "003fe0fe 0001" UP_TO_NW "c0a80001 fefefefe" NO_PORTS REST,
	  "priority=10001,in_port=HOST actions=drop" },
	{ "VXLAN_VNI, which we do not match",
	  HEADER "003efffe 0002" UP_TO_NW NO_ADDRESSES "0000 000a" REST, NULL },
	{ "NVGRE_VSID", HEADER "003dfffe 0002" UP_TO_NW NO_ADDRESSES "0000 000a" REST, NULL },
	{ "STT_CID", HEADER "003bfffe 0002" UP_TO_NW NO_ADDRESSES "0000 000a" REST, NULL },
};

static void published_messages_mean_what_they_do(void)
{
	size_t i;

	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		size_t len, used, offset = 0;
		uint8_t *data = from_hex(messages[i].hex, &len);
		enum cvsw_flow_command command;
		struct cvsw_flow flow;
		enum cvsw_fault fault;
		char text[2000];

		fault = cvsw_ofp10_decode_v2(data, len, &used, &command, &flow, &offset);
		free(data);
		if (!messages[i].text) {
			CHECK_MSG(fault == CVSW_FAULT_MATCH && offset == 8, "%s: %s at %zu",
				  messages[i].what, cvsw_fault_name(fault), offset);
			continue;
		}
		CHECK_MSG(!fault, "%s: %s at %zu", messages[i].what, cvsw_fault_name(fault), offset);
		CHECK(used == len && command == CVSW_FLOW_ADD);
		cvsw_text_format(&flow, text, sizeof(text));
		CHECK_MSG(!strcmp(text, messages[i].text), "%s: %s", messages[i].what, text);
	}
}

/* Whatever is written in this form is read as the same flow. */
static void round_trip_in_version_2(void)
{
	struct rng rng = { 30 };
	unsigned int plain = 0, i;

	for (i = 0; i < 30000; i++) {
		uint8_t data[CVSW_OFP10_FLOW_MOD_MAX];
		struct cvsw_flow flow, again;
		enum cvsw_flow_command command;
		enum cvsw_fault fault;
		size_t len, used;

		gen_flow(&rng, GEN_ANY, &flow);
		len = cvsw_ofp10_encode_v2(CVSW_FLOW_ADD, &flow, data, sizeof(data));
		CHECK(len);
		plain += data[1] == 14;
		fault = cvsw_ofp10_decode_v2(data, len, &used, &command, &again, NULL);
		CHECK_MSG(!fault, "%s", cvsw_fault_text(fault));
		CHECK(used == len && command == CVSW_FLOW_ADD && cvsw_flow_equal(&flow, &again));
		CHECK(!cvsw_ofp10_encode_v2(CVSW_FLOW_ADD, &flow, data, len - 1));
	}
	CHECK_MSG(plain > 1000, "only %u are OFPT_FLOW_MODs", plain);
}

/* The published driver matches nothing unless all bits of an address are wild, or all but one. */
static void addresses_are_written_as_it_reads_them(void)
{
	static const struct {
		const char *text;
		uint32_t wildcards;
	} cases[] = {
		{ "actions=NORMAL", 0x3fffff },
		{ "in_port=HOST,nw_src=192.168.0.1,actions=NORMAL", 0x3fdffe },
		{ "in_port=HOST,nw_dst=192.168.0.1,actions=NORMAL", 0x37fffe },
		{ "ip,nw_src=192.168.0.1,nw_dst=192.168.0.2,actions=NORMAL", 0x37dfef },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t data[CVSW_OFP10_FLOW_MOD_MAX];
		struct cvsw_text_error error;
		struct cvsw_flow flow;
		uint32_t wildcards;

		CHECK(cvsw_text_parse(CVSW_TEXT_ADD, cases[i].text, &flow, &error));
		CHECK(cvsw_ofp10_encode_v2(CVSW_FLOW_ADD, &flow, data, sizeof(data)) == 80);
		CHECK(data[1] == 14);
		wildcards = (uint32_t)data[8] << 24 | (uint32_t)data[9] << 16 |
			    (uint32_t)data[10] << 8 | data[11];
		CHECK_MSG(wildcards == cases[i].wildcards, "%s: %x", cases[i].text, wildcards);
	}
}

/* What ends in a bare list must not become longer than a flow can be. */
static void added_output_has_room(void)
{
	uint8_t data[72 + CVSW_MAX_ACTIONS * 8] = { 0, 14 };
	enum cvsw_flow_command command;
	struct cvsw_flow flow;
	size_t used, offset, i;

	memcpy(data + 8, "\0\x3f\xff\xff", 4);
	for (i = 0; i < CVSW_MAX_ACTIONS; i++)
		memcpy(data + 72 + 8 * i, i ? "\0\3\0\x8" : "\x10\2\0\x8", 4);
	CHECK(!cvsw_ofp10_decode_v2(data, sizeof(data) - 8, &used, &command, &flow, &offset));
	CHECK(flow.n_actions == CVSW_MAX_ACTIONS);
	CHECK(cvsw_ofp10_decode_v2(data, sizeof(data), &used, &command, &flow, &offset) ==
	      CVSW_FAULT_ACTION_COUNT);
	CHECK(offset == 72);
}

const struct tap_test ofp10_published_tests[] = {
	{ "proto: the published driver's messages mean what it does with them",
	  published_messages_mean_what_they_do },
	{ "proto: flow_mods of version 2 survive encoding and decoding", round_trip_in_version_2 },
	{ "proto: version 2 writes addresses as the published driver reads them",
	  addresses_are_written_as_it_reads_them },
	{ "proto: the output that version 2 adds has room", added_output_has_room },
	{ NULL, NULL },
};
