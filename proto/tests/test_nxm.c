// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdlib.h>

#include "../cvsw_ofp10.h"
#include "../cvsw_text.h"
#include "gen.h"
#include "tests.h"

/* An NXT_FLOW_MOD with this nx_match, padded, and a strip_vlan behind. */
static uint8_t *nxt(const char *match_hex, size_t *len)
{
	size_t n, padded;
	uint8_t *match = from_hex(match_hex, &n), *data;

	padded = (n + 7) / 8 * 8;
	*len = 48 + padded + 8;
	data = calloc(1, *len);
	memcpy(data, "\1\4", 2);
	data[2] = (uint8_t)(*len >> 8);
	data[3] = (uint8_t)*len;
	memcpy(data + 8, "\0\0\x23\x20\0\0\0\x0d", 8);
	data[30] = 0x80;
	data[40] = (uint8_t)(n >> 8);
	data[41] = (uint8_t)n;
	memcpy(data + 48, match, n);
	memcpy(data + 48 + padded, "\0\3\0\x08\0\0\0\0", 8);
	free(match);
	return data;
}

static enum cvsw_fault decode(const uint8_t *data, size_t len, struct cvsw_flow *flow,
			      size_t *offset)
{
	enum cvsw_flow_command command;
	enum cvsw_fault fault;
	size_t used;

	*offset = 9999;
	fault = cvsw_ofp10_decode(data, len, &used, &command, flow, offset);
	CHECK_MSG(fault ? *offset <= len : used == len, "%s", cvsw_fault_name(fault));
	return fault;
}

/* What nx_match means, in words, or why and where it is refused. */
static const struct {
	const char *hex;
	const char *text;
	enum cvsw_fault fault;
	size_t offset;
} cases[] = {
	{ "", "", CVSW_OK, 0 },
	{ "00000002 0002", "in_port=NET", CVSW_OK, 0 },
	{ "00000002 0003", NULL, CVSW_FAULT_MATCH, 52 },
	{ "00000104 0001ffff", "in_port=HOST", CVSW_OK, 0 },
	{ "00000104 00010001", NULL, CVSW_FAULT_MATCH, 52 },
	{ "00000104 00000000", "", CVSW_OK, 0 },
	{ "00000606 0800", NULL, CVSW_FAULT_LENGTH, 51 },
	{ "00000602 0800", "ip", CVSW_OK, 0 },
	{ "00000602 0806", "arp", CVSW_OK, 0 },
	{ "00000704 0800ff00", "dl_type=0x0800/0xff00", CVSW_OK, 0 },
	{ "00000704 0801ff00", NULL, CVSW_FAULT_MATCH, 52 },
	{ "0000020c 020000000001 ffffff000000", NULL, CVSW_FAULT_LENGTH, 51 },
	{ "0000030c 020000000000 ffffff000000", "dl_dst=02:00:00:00:00:00/ff:ff:ff:00:00:00",
	  CVSW_OK, 0 },
	{ "0000030c 020000000001 ffffff000000", NULL, CVSW_FAULT_MATCH, 52 },
	{ "00000802 1005", "vlan_tci=0x1005", CVSW_OK, 0 },
	{ "00000802 0000", "dl_vlan=0xffff", CVSW_OK, 0 },
	{ "00000802 0005", NULL, CVSW_FAULT_MATCH, 52 },
	{ "00000904 00051fff", NULL, CVSW_FAULT_MATCH, 52 },
	{ "00000904 10051fff", "dl_vlan=5", CVSW_OK, 0 },
	{ "00000904 00050fff", "dl_vlan=5", CVSW_OK, 0 },
	{ "00000904 10001000", "vlan_tci=0x1000/0x1000", CVSW_OK, 0 },
	{ "00000904 00000fff", "vlan_tci=0x0000/0x0fff", CVSW_OK, 0 },
	{ "00000602 0800 00000a01 b8", "ip,nw_tos=184", CVSW_OK, 0 },
	{ "00000602 0800 00000a01 b9", NULL, CVSW_FAULT_MATCH, 58 },
	{ "00000602 0800 00013801 03", "ip,nw_ecn=3", CVSW_OK, 0 },
	{ "00000602 0800 00013801 04", NULL, CVSW_FAULT_MATCH, 58 },
	{ "00000602 0800 00000a01 b8 00013801 01", "ip,nw_tos=184,nw_ecn=1", CVSW_OK, 0 },
	{ "00000602 0800 00000c01 06 00001202 0050", "tcp,tp_src=80", CVSW_OK, 0 },
	{ "00000602 0800 00000c01 11 00001202 0050", NULL, CVSW_FAULT_MATCH_FIELD, 59 },
	{ "00000602 0800 00000c01 11 00001802 0050", "udp,tp_dst=80", CVSW_OK, 0 },
	{ "00000602 0800 00000c01 84 80002202 0050", "sctp,tp_src=80", CVSW_OK, 0 },
	{ "00000602 0800 00000c01 01 00001a01 08", "icmp,icmp_type=8", CVSW_OK, 0 },
	{ "00000602 0800 00000c01 01 43560c02 0108", NULL, CVSW_FAULT_MATCH, 48 },
	{ "00000602 0800 00001202 0050", NULL, CVSW_FAULT_MATCH_FIELD, 54 },
	{ "00000c01 06 00000602 0800", NULL, CVSW_FAULT_MATCH_FIELD, 48 },
	{ "00000e04 0a000001", NULL, CVSW_FAULT_MATCH_FIELD, 48 },
	{ "00000602 0800 00000e04 0a000001", "ip,nw_src=10.0.0.1", CVSW_OK, 0 },
	{ "00000602 0806 00000e04 0a000001", NULL, CVSW_FAULT_MATCH_FIELD, 54 },
	{ "00000602 0806 00002004 0a000001 00001e02 0002", "arp,arp_spa=10.0.0.1,arp_op=2",
	  CVSW_OK, 0 },
	{ "00000602 0806 00001e02 0102", NULL, CVSW_FAULT_MATCH, 58 },
	/* Ours: without the protocol. */
	{ "43560604 0a000001", "nw_src=10.0.0.1", CVSW_OK, 0 },
	{ "43560708 0a000000 ff000000", "nw_src=10.0.0.0/8", CVSW_OK, 0 },
	{ "43560602 0800", NULL, CVSW_FAULT_LENGTH, 51 },
	{ "43560c02 0050", "ip,tp_src=80", CVSW_OK, 0 },
	{ "43560a01 06 43560e02 0050", "tcp,tp_dst=80", CVSW_OK, 0 },
	{ "00000602 86dd 43560604 0a000001", "ipv6", CVSW_OK, 0 },
	{ "00000602 0800 00000e04 0a000001 43560604 0a000001", NULL, CVSW_FAULT_MATCH_FIELD, 62 },
	/* IP of both versions, and what only one has. */
	{ "00000602 86dd 00000c01 06 00001202 0050", "tcp6,tp_src=80", CVSW_OK, 0 },
	{ "00000602 86dd 00000a01 b8", "ipv6,nw_tos=184", CVSW_OK, 0 },
	{ "00000602 86dd 00000e04 0a000001", NULL, CVSW_FAULT_MATCH_FIELD, 54 },
	{ "00012610 20010db8000000000000000000000001", NULL, CVSW_FAULT_MATCH_FIELD, 48 },
	{ "00000602 0800 00012610 20010db8000000000000000000000001", NULL,
	  CVSW_FAULT_MATCH_FIELD, 54 },
	{ "00000602 86dd 00012610 20010db8000000000000000000000001", "ipv6,ipv6_src=2001:db8::1",
	  CVSW_OK, 0 },
	{ "00000602 86dd 00012920 20010db8000000000000000000000001 "
	  "ffffffff000000000000000000000000", NULL, CVSW_FAULT_MATCH, 58 },
	{ "00000602 86dd 00012920 20010db8000000000000000000000000 "
	  "ffffffff000000000000000000000000", "ipv6,ipv6_dst=2001:db8::/32", CVSW_OK, 0 },
	{ "00000602 86dd 00013604 000fffff", "ipv6,ipv6_label=0xfffff", CVSW_OK, 0 },
	{ "00000602 86dd 00013604 00100000", NULL, CVSW_FAULT_MATCH, 58 },
	{ "00000602 86dd 00013708 00000001 00100001", NULL, CVSW_FAULT_MATCH, 58 },
	{ "00000602 0800 00013604 00000001", NULL, CVSW_FAULT_MATCH_FIELD, 54 },
	{ "00000602 0800 00013a01 40", "ip,nw_ttl=64", CVSW_OK, 0 },
	{ "00000602 0800 00013b02 40 c0", "ip,nw_ttl=0x40/0xc0", CVSW_OK, 0 },
	{ "00000602 0806 00013a01 40", NULL, CVSW_FAULT_MATCH_FIELD, 54 },
	{ "00000602 0800 00013401 00", "ip,nw_frag=no", CVSW_OK, 0 },
	{ "00000602 0800 00013502 00 01", "ip,nw_frag=no", CVSW_OK, 0 },
	{ "00000602 0800 00013502 02 02", "ip,nw_frag=later", CVSW_OK, 0 },
	{ "00000602 0800 00013401 02", "ip,nw_frag=later", CVSW_OK, 0 },
	{ "00000602 0800 00013502 00 02", "ip,nw_frag=not_later", CVSW_OK, 0 },
	{ "00000602 0800 00013401 04", NULL, CVSW_FAULT_MATCH, 58 },
	{ "00000602 0800 00013502 01 05", NULL, CVSW_FAULT_MATCH, 58 },
	{ "00000602 0800 00000c01 06 00014402 0012", "tcp,tcp_flags=syn|ack", CVSW_OK, 0 },
	{ "00000602 0800 00000c01 06 00014504 0002 0012", "tcp,tcp_flags=+syn-ack", CVSW_OK, 0 },
	{ "00000602 0800 00000c01 06 00014402 1012", NULL, CVSW_FAULT_MATCH, 63 },
	{ "00000602 0800 00000c01 06 00014504 0002 f002", NULL, CVSW_FAULT_MATCH, 63 },
	{ "00000602 0800 00000c01 11 00014402 0012", NULL, CVSW_FAULT_MATCH_FIELD, 59 },
	/* ICMPv6 and neighbors. */
	{ "00000602 86dd 00000c01 3a 00012a01 80 00012c01 00", "icmp6,icmp_type=128,icmp_code=0",
	  CVSW_OK, 0 },
	{ "00000602 86dd 00000c01 01 00012a01 80", NULL, CVSW_FAULT_MATCH_FIELD, 59 },
	{ "00000602 0800 00000c01 3a 00012a01 80", NULL, CVSW_FAULT_MATCH_FIELD, 59 },
	{ "00000602 86dd 00000c01 3a 00001a01 80", NULL, CVSW_FAULT_MATCH_FIELD, 59 },
	{ "00000602 86dd 00000c01 3a 43560c02 0180", NULL, CVSW_FAULT_MATCH, 48 },
	{ "00000602 86dd 00000c01 3a 00012a01 87 00012e10 fe800000000000000000000000000001",
	  "icmp6,icmp_type=135,nd_target=fe80::1", CVSW_OK, 0 },
	{ "00000602 86dd 00000c01 3a 00012a01 80 00012e10 fe800000000000000000000000000001",
	  NULL, CVSW_FAULT_MATCH_FIELD, 64 },
	{ "00000602 86dd 00000c01 3a 00012a01 87 00012c01 01 "
	  "00012e10 fe800000000000000000000000000001", NULL, CVSW_FAULT_MATCH_FIELD, 69 },
	{ "00000602 86dd 00000c01 3a 00012a01 87 00013006 020000000001",
	  "icmp6,icmp_type=135,nd_sll=02:00:00:00:00:01", CVSW_OK, 0 },
	{ "00000602 86dd 00000c01 3a 00012a01 88 00013006 020000000001", NULL,
	  CVSW_FAULT_MATCH_FIELD, 64 },
	{ "00000602 86dd 00000c01 3a 00012a01 88 00013206 020000000001",
	  "icmp6,icmp_type=136,nd_tll=02:00:00:00:00:01", CVSW_OK, 0 },
	{ "00000602 86dd 00000c01 3a 00012a01 87 00013206 020000000001", NULL,
	  CVSW_FAULT_MATCH_FIELD, 64 },
	{ "00000602 0806 00012206 020000000001 0001250c 020000000000 ffffff000000",
	  "arp,arp_sha=02:00:00:00:00:01,arp_tha=02:00:00:00:00:00/ff:ff:ff:00:00:00", CVSW_OK, 0 },
	{ "00000602 0800 00012206 020000000001", NULL, CVSW_FAULT_MATCH_FIELD, 54 },
	{ "80000408 0000000000000005", "metadata=5", CVSW_OK, 0 },
	{ "80000510 8000000000000000 8000000000000000",
	  "metadata=0x8000000000000000/0x8000000000000000", CVSW_OK, 0 },
	{ "00010004 00000005 00011f08 00000001 000000ff", "reg0=5,reg15=1/0xff", CVSW_OK, 0 },
	{ "00010004 00000005 00010108 00000001 000000ff", NULL, CVSW_FAULT_MATCH_FIELD, 56 },
	{ "00012004 00000005", NULL, CVSW_FAULT_LENGTH, 51 },
	/* Tunnels and what came before. */
	{ "00012008 0000000000000005", "tun_id=0x5", CVSW_OK, 0 },
	{ "00012008 0000000100000005", NULL, CVSW_FAULT_MATCH, 52 },
	{ "00012110 0000000000000005 00000000000000ff", "tun_id=0x5/0xff", CVSW_OK, 0 },
	{ "00012110 0000000000000005 ffffffff000000ff", "tun_id=0x5/0xff", CVSW_OK, 0 },
	{ "00012110 0000000000000105 00000000000000ff", NULL, CVSW_FAULT_MATCH, 52 },
	{ "00013e04 c0000201", "tun_src=192.0.2.1", CVSW_OK, 0 },
	{ "00014108 c0000200 ffffff00", "tun_dst=192.0.2.0/24", CVSW_OK, 0 },
	{ "00013f08 00000000 00000000", "", CVSW_OK, 0 },
	{ "0001da10 00000000000000000000ffffc0000201", "tun_src=192.0.2.1", CVSW_OK, 0 },
	{ "0001da10 20010db8000000000000000000000001", "tun_ipv6_src=2001:db8::1", CVSW_OK, 0 },
	{ "0001dd20 20010db8000000000000000000000000 ffffffff000000000000000000000000",
	  "tun_ipv6_dst=2001:db8::/32", CVSW_OK, 0 },
	{ "00013e04 c0000201 0001da10 20010db8000000000000000000000001", NULL,
	  CVSW_FAULT_MATCH_FIELD, 56 },
	{ "43560001 01", "tun_type=vxlan", CVSW_OK, 0 },
	{ "43560001 02", NULL, CVSW_FAULT_MATCH, 52 },
	{ "43560204 00000100", "sa=0x100", CVSW_OK, 0 },
	{ "43560204 00000000", "sa=0", CVSW_OK, 0 },
	{ "43560401 03", "pass=3", CVSW_OK, 0 },
	{ "43560401 04", NULL, CVSW_FAULT_MATCH, 52 },
	{ "43560502 02 02", "pass=2/2", CVSW_OK, 0 },
	/* Lies and strangers. */
	{ "43561004 00000000", NULL, CVSW_FAULT_MATCH_FIELD, 48 },
	{ "0001fe04 00000000", NULL, CVSW_FAULT_MATCH_FIELD, 48 },
	{ "00000002 0001 00000002 0001", NULL, CVSW_FAULT_MATCH_FIELD, 54 },
	{ "00000602", NULL, CVSW_FAULT_LENGTH, 51 },
	{ "000006", NULL, CVSW_FAULT_LENGTH, 48 },
	{ "00000602 08", NULL, CVSW_FAULT_LENGTH, 51 },
	{ "000006ff 0800", NULL, CVSW_FAULT_LENGTH, 51 },
};

/* Written anew, it is the same match. */
static void check_again(const struct cvsw_flow *flow, const char *hex)
{
	uint8_t data[CVSW_OFP10_FLOW_MOD_MAX];
	struct cvsw_flow again;
	size_t len = cvsw_ofp10_encode(CVSW_FLOW_ADD, flow, data, sizeof(data)), offset;

	CHECK_MSG(!decode(data, len, &again, &offset) && cvsw_flow_equal(flow, &again), "%s", hex);
}

static void fields_mean_what_is_said(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cvsw_flow flow, want;
		struct cvsw_text_error error;
		size_t len, offset;
		uint8_t *data = nxt(cases[i].hex, &len);
		enum cvsw_fault fault = decode(data, len, &flow, &offset);

		CHECK_MSG(fault == cases[i].fault, "%s: %s", cases[i].hex, cvsw_fault_name(fault));
		CHECK_MSG(!fault || offset == cases[i].offset, "%s: offset %zu", cases[i].hex,
			  offset);
		free(data);
		if (!cases[i].text || fault)
			continue;
		CHECK(cvsw_text_parse(CVSW_TEXT_STRICT, cases[i].text, &want, &error));
		CHECK_MSG(cvsw_match_equal(&flow.match, &want.match), "%s is not %s", cases[i].hex,
			  cases[i].text);
		CHECK(flow.priority == 0x8000 && flow.n_actions == 1);
		check_again(&flow, cases[i].hex);
	}
}

static void frame_is_checked(void)
{
	static const struct {
		const char *what;
		size_t at;
		const char *hex;
		enum cvsw_fault fault;
		size_t offset;
	} edits[] = {
		{ "version 0", 0, "00", CVSW_FAULT_VERSION, 0 },
		{ "the published header", 0, "0004 0000", CVSW_FAULT_VERSION, 0 },
		{ "length 47", 2, "002f", CVSW_FAULT_LENGTH, 2 },
		{ "length beyond the data", 2, "0041", CVSW_FAULT_LENGTH, 2 },
		{ "another vendor", 8, "00002321", CVSW_FAULT_OFP_TYPE, 8 },
		{ "another subtype", 12, "0000000e", CVSW_FAULT_OFP_TYPE, 8 },
		{ "command 5", 24, "0005", CVSW_FAULT_COMMAND, 24 },
		{ "timeouts", 26, "ffff ffff", CVSW_OK, 0 },
		{ "flags", 38, "0003", CVSW_OK, 0 },
		{ "flag of an emergency", 38, "0004", CVSW_FAULT_FLAGS, 38 },
		{ "match_len beyond the length", 40, "0011", CVSW_FAULT_LENGTH, 40 },
		{ "match_len of 65535", 40, "ffff", CVSW_FAULT_LENGTH, 40 },
		{ "match_len that takes padding in", 40, "0007", CVSW_FAULT_LENGTH, 54 },
		{ "padding of the header", 42, "ffffffffffff", CVSW_OK, 0 },
		{ "padding of the match", 54, "ffff", CVSW_OK, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct cvsw_flow flow;
		size_t len, n, offset;
		uint8_t *data = nxt("00000002 0002", &len), *bytes = from_hex(edits[i].hex, &n);
		enum cvsw_fault fault;

		memcpy(data + edits[i].at, bytes, n);
		fault = decode(data, len, &flow, &offset);
		CHECK_MSG(fault == edits[i].fault, "%s: %s", edits[i].what, cvsw_fault_name(fault));
		CHECK_MSG(!fault || offset == edits[i].offset, "%s: offset %zu", edits[i].what,
			  offset);
		free(bytes);
		free(data);
	}
}

/* Every field with a mask that takes most room, and tunnels only. */
static void longest_fits(void)
{
	static uint8_t data[CVSW_OFP10_FLOW_MOD_MAX];
	static struct cvsw_flow flow, again;
	enum cvsw_flow_command command;
	struct cvsw_key *key = &flow.match.key, *mask = &flow.match.mask;
	struct rng rng = { 70 };
	size_t i, used;

	memset(mask, 0x55, sizeof(*mask));
	mask->dl_type = mask->vlan_tci = 0xffff;
	mask->in_port = 0xff;
	mask->nw_proto = 0xff;
	mask->tp_src = 0xffff;
	key->in_port = CVSW_NET;
	key->vlan_tci = CVSW_VLAN_PRESENT;
	key->dl_type = CVSW_ETHERTYPE_IPV6;
	key->nw_proto = CVSW_IPPROTO_ICMPV6;
	key->tp_src = CVSW_ND_SOLICIT;
	cvsw_match_normalize(&flow.match);
	for (i = 0; i < CVSW_MAX_ACTIONS; i++) {
		struct cvsw_flow one;

		do {
			gen_flow(&rng, GEN_ANY, &one);
		} while (!one.n_actions || one.actions[0].type != CVSW_ACT_VXLAN_ENCAP);
		flow.actions[i] = one.actions[0];
	}
	flow.n_actions = CVSW_MAX_ACTIONS;
	used = cvsw_ofp10_encode(CVSW_FLOW_ADD, &flow, data, sizeof(data));
	CHECK_MSG(used > sizeof(data) - 16, "%zu of %zu", used, sizeof(data));
	CHECK(!cvsw_ofp10_decode(data, used, &used, &command, &again, NULL));
	CHECK(cvsw_flow_equal(&flow, &again));
}

/* What has to hold of CVSW_SLOTS and CVSW_FIELDS. */
static void table_is_sound(void)
{
	uint8_t covered[sizeof(struct cvsw_key)] = { 0 };
	enum cvsw_field a, b;
	enum cvsw_slot slot;
	size_t i;

	for (slot = 0; slot < CVSW_N_SLOTS; slot++) {
		const struct cvsw_place *info = &cvsw_slot_info[slot];

		CHECK(info->size <= CVSW_WIDE && (!info->integer || info->size <= 8));
		memset(covered + info->offset, 1, info->size);
		for (a = 0; a < CVSW_N_FIELDS && cvsw_field_info[a].slot != slot; a++)
			;
		CHECK_MSG(a < CVSW_N_FIELDS, "slot %d has no field", slot);
	}
	for (i = 0; i < sizeof(covered); i++)
		CHECK_MSG(covered[i] || i == offsetof(struct cvsw_key, layers) ||
			  (i >= offsetof(struct cvsw_key, table) && i < CVSW_KEY_PLAIN),
			  "no slot has byte %zu of the key", i);
	for (a = 0; a < CVSW_N_FIELDS; a++) {
		const struct cvsw_field_info *info = &cvsw_field_info[a];

		CHECK(info->bits <= 8 * CVSW_FIELD_LEN(info) && CVSW_FIELD_LEN(info) <= CVSW_WIDE);
		CHECK(info->slot != CVSW_SLOT_NONE || info->writable);
		for (b = 0; b < a; b++)
			CHECK_MSG(cvsw_field_info[b].header != info->header, "%d and %d", a, b);
	}
}

/* One of OpenFlow's actions is the load that it is. */
static void setters_are_loads(void)
{
	struct rng rng = { 71 };
	unsigned int i;

	for (i = 0; i < 10000; i++) {
		enum cvsw_setter setter = rng_below(&rng, CVSW_N_SETTERS);
		uint64_t value = rng_next(&rng) & cvsw_setter_limit(setter), again = 0;
		struct cvsw_action action = cvsw_action_set(setter, value);

		CHECK(cvsw_setter_of(&action.load, &again) == setter && again == value);
		action.load.ofs ^= 1;
		CHECK(cvsw_setter_of(&action.load, &again) == CVSW_N_SETTERS);
	}
}

const struct tap_test nxm_tests[] = {
	{ "proto: every byte of a key has a slot, every slot a field", table_is_sound },
	{ "proto: OpenFlow's actions that set a field are loads", setters_are_loads },
	{ "proto: nx_match means what is said, and lies are refused", fields_mean_what_is_said },
	{ "proto: an NXT_FLOW_MOD's frame is checked", frame_is_checked },
	{ "proto: the longest flow_mod fits where it must", longest_fits },
	{ NULL, NULL },
};
