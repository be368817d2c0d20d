// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The switch's side of the OpenFlow channel. */
#include <stdlib.h>

#include "../cvsw_ofp10.h"
#include "../cvsw_ofs.h"
#include "../cvsw_text.h"
#include "tap.h"
#include "tests.h"

static const struct cvsw_ofs_talk talk10 = { .version = CVSW_OFP_V10 };
static const struct cvsw_ofs_talk talk10_tables = { .version = CVSW_OFP_V10, .nxm = true,
						    .tables = true };
static struct cvsw_ofs_msg msg;

static struct cvsw_flow flow_of(const char *text)
{
	struct cvsw_text_error error;
	struct cvsw_flow flow;

	CHECK(cvsw_text_parse(CVSW_TEXT_ADD, text, &flow, &error));
	return flow;
}

static enum cvsw_ofs_error decode(const struct cvsw_ofs_talk *talk, const uint8_t *data, size_t len)
{
	uint8_t *exact = malloc(len);
	enum cvsw_ofs_error error;

	memcpy(exact, data, len);	/* nothing behind is read */
	error = cvsw_ofs_decode(talk, exact, len, &msg);
	free(exact);
	return error;
}

/* flow_mods of both forms, of a table too, and cut at each byte. */
static void test_flow_mod(void)
{
	static const char *const texts[] = {
		"priority=7,tcp,tp_dst=80,actions=drop", "cookie=0x5,reg1=0x3,actions=NORMAL",
		"idle_timeout=3,hard_timeout=4,send_flow_rem,udp,actions=mod_nw_dst:10.0.0.1,output:2",
	};
	uint8_t buf[CVSW_OFP10_FLOW_MOD_MAX];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct cvsw_flow flow = flow_of(texts[i]);
		size_t len = cvsw_ofp10_encode(CVSW_FLOW_ADD, &flow, buf, sizeof(buf));

		CHECK(decode(&talk10, buf, len) == CVSW_OFS_OK);
		CHECK(msg.kind == CVSW_OFS_FLOW_MOD && msg.command == CVSW_FLOW_ADD);
		CHECK(cvsw_flow_equal(&msg.flow, &flow));
		for (size_t cut = 8; cut < len; cut++)
			(void)decode(&talk10, buf, cut);
		/* The command's upper byte is the table, if that was agreed. */
		buf[buf[1] == 14 ? 56 : 24] = 5;
		CHECK(decode(&talk10, buf, len) == CVSW_OFS_BAD_COMMAND);
		CHECK(decode(&talk10_tables, buf, len) == CVSW_OFS_OK);
		CHECK(msg.flow.match.table == 5);
		buf[buf[1] == 14 ? 56 : 24] = CVSW_TABLE_ALL;
		CHECK(decode(&talk10_tables, buf, len) == CVSW_OFS_OK);
		CHECK(!msg.flow.match.table);
		buf[buf[1] == 14 ? 56 : 24] = CVSW_TABLES;
		CHECK(decode(&talk10_tables, buf, len) == CVSW_OFS_BAD_TABLE);
	}
}

/* NXM_NX_COOKIE chooses flows, and is no field of them. */
static void test_cookie(void)
{
	static const uint8_t request[] = {
		1, 16, 0, 56, 0, 0, 0, 9, 0xff, 0xff, 0, 0, 0, 0, 0x23, 0x20, 0, 0, 0, 0, 0, 0, 0, 0,
		0xff, 0xff, 0, 20, 0xff, 0, 0, 0,
		0, 1, 0x3d, 0x10, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0xf, 0, 0, 0, 0,
	};
	uint8_t wrong[sizeof(request)];

	CHECK(decode(&talk10, request, sizeof(request)) == CVSW_OFS_OK);
	CHECK(msg.kind == CVSW_OFS_STATS && msg.stats == CVSW_OFS_FLOW && msg.nicira);
	CHECK(msg.cookie == 5 && msg.cookie_mask == 0xf && msg.xid == 9);
	CHECK(msg.flow.match.table == CVSW_TABLE_ALL && !msg.flow.out_port);
	memcpy(wrong, request, sizeof(wrong));
	wrong[43] = 0x15;
	CHECK(decode(&talk10, wrong, sizeof(wrong)) == CVSW_OFS_BAD_VALUE);
	memcpy(wrong, request, sizeof(wrong));
	wrong[27] = 60;
	CHECK(decode(&talk10, wrong, sizeof(wrong)) == CVSW_OFS_BAD_LEN);
	memcpy(wrong, request, sizeof(wrong));
	wrong[27] = 22;		/* a header that is cut */
	CHECK(decode(&talk10, wrong, sizeof(wrong)) == CVSW_OFS_BAD_LEN);
	memcpy(wrong, request, sizeof(wrong));
	wrong[19] = 7;
	CHECK(decode(&talk10, wrong, sizeof(wrong)) == CVSW_OFS_BAD_SUBTYPE);
}

/* ofp_flow_mod of 1.3: TCP from 10.0.0.0/8 with a tag; a tag's priority is set, then it leaves by 2. */
static const uint8_t flow_mod13[] = {
	4, 14, 0, 136, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 7,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0,
	0, 1, 0, 33, 0x80, 0, 0x0a, 2, 8, 0, 0x80, 0, 0x14, 1, 6, 0x80, 0, 0x17, 8, 10, 0, 0, 0, 0xff, 0, 0, 0,
	0x80, 0, 0x0c, 2, 0x10, 5, 0, 0, 0, 0, 0, 0, 0,
	0, 4, 0, 40, 0, 0, 0, 0, 0, 25, 0, 16, 0x80, 0, 0x0e, 1, 3, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 1, 0, 8, 9, 0, 0, 0,
};
static const struct cvsw_ofs_talk talk13 = { .version = CVSW_OFP_V13 };

static void test_flow_mod13(void)
{
	static const struct cvsw_ofs_msg request = { .stats = CVSW_OFS_FLOW };
	const struct cvsw_ofs_counters counters = { .idle = ~0u };
	struct cvsw_flow flow = flow_of("cookie=0x9,send_flow_rem,table=3,priority=7,tcp,dl_vlan=5,"
					"nw_src=10.0.0.0/8,actions=mod_vlan_pcp:3,output:2,goto_table:9");
	uint8_t wrong[sizeof(flow_mod13)], reply[512];
	size_t len, match_len = 40, i;

	CHECK(decode(&talk13, flow_mod13, sizeof(flow_mod13)) == CVSW_OFS_OK);
	CHECK(msg.command == CVSW_FLOW_ADD && cvsw_flow_equal(&msg.flow, &flow));
	for (i = 8; i < sizeof(flow_mod13); i++)
		CHECK(decode(&talk13, flow_mod13, i) || i == 88 || i == 128);
	for (i = 0; i < sizeof(flow_mod13) * 8; i++) {
		memcpy(wrong, flow_mod13, sizeof(wrong));
		wrong[i / 8] ^= 1 << i % 8;
		(void)decode(&talk13, wrong, sizeof(wrong));
	}
	/* What is shown of it has the same instructions. */
	len = cvsw_ofs_stats_begin(&talk13, &request, reply, sizeof(reply));
	len = cvsw_ofs_put_flow(&talk13, &request, &flow, &counters, reply, len, sizeof(reply));
	CHECK(len == 16 + 48 + match_len + 48);
	CHECK(!memcmp(reply + len - 48, flow_mod13 + 88, 48));
}

/* flow_mod13, but for a byte */
static enum cvsw_ofs_error with_byte(size_t at, uint8_t byte)
{
	uint8_t wrong[sizeof(flow_mod13)];

	memcpy(wrong, flow_mod13, sizeof(wrong));
	wrong[at] = byte;
	return decode(&talk13, wrong, sizeof(wrong));
}

/* A DELETE of 1.3 that is of flows that output to a port */
static enum cvsw_ofs_error delete_out(uint32_t port)
{
	uint8_t message[sizeof(flow_mod13)];

	memcpy(message, flow_mod13, sizeof(message));
	message[25] = CVSW_FLOW_DELETE;
	for (int i = 0; i < 4; i++)
		message[36 + i] = (uint8_t)(port >> (24 - 8 * i));
	return decode(&talk13, message, sizeof(message));
}

/* A port of 1.3 has 32 bits, and zero is no port. */
static void test_ports13(void)
{
	static const uint32_t none[] = { 0, 0x10001, 0xfff8, 0xfffd, 0xffff, 0xfffffeff };
	uint8_t output[sizeof(flow_mod13)];
	size_t i;

	CHECK(delete_out(CVSW_OFPP_ANY) == CVSW_OFS_OK && !msg.flow.out_port);
	CHECK(delete_out(2) == CVSW_OFS_OK && msg.flow.out_port == 2);
	CHECK(delete_out(CVSW_OFPP_CONTROLLER) == CVSW_OFS_OK && msg.flow.out_port == 0xfffd);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		CHECK(delete_out(none[i]) == CVSW_OFS_BAD_OUT_PORT);
		memcpy(output, flow_mod13, sizeof(output));
		for (int j = 0; j < 4; j++)
			output[116 + j] = (uint8_t)(none[i] >> (24 - 8 * j));
		CHECK(decode(&talk13, output, sizeof(output)) == CVSW_OFS_BAD_OUT_PORT);
	}
}

/* DELETEs of 1.0: of what outputs to no port there is; ADDs do not choose. */
static void test_ports10(void)
{
	struct cvsw_flow flow = flow_of("tcp,actions=drop");
	uint8_t buf[CVSW_OFP10_FLOW_MOD_MAX];
	size_t len = cvsw_ofp10_encode(CVSW_FLOW_ADD, &flow, buf, sizeof(buf));

	CHECK(buf[1] == 14 && len == 72);
	buf[68] = buf[69] = 0;
	CHECK(decode(&talk10, buf, len) == CVSW_OFS_OK);
	buf[57] = CVSW_FLOW_DELETE;
	CHECK(decode(&talk10, buf, len) == CVSW_OFS_BAD_OUT_PORT);
	buf[68] = buf[69] = 0xff;
	CHECK(decode(&talk10, buf, len) == CVSW_OFS_OK && !msg.flow.out_port);
}

/* What is wrong with a field, or with who is asked for. */
static void test_fields13(void)
{
	static const uint8_t experiments[][16] = {
		{ 4, 4, 0, 16, 0, 0, 0, 0, 1, 2, 3, 4 },
		{ 4, 18, 0, 16, 0, 0, 0, 0, 0xff, 0xff },
	};

	/* eth_type's field, ip_proto's, ipv4_src's and vlan_vid's are at 52, 58, 63 and 75. */
	CHECK(with_byte(56, 9) == CVSW_OFS_BAD_PREREQ);		/* ip_proto of what is not IP */
	CHECK(with_byte(60, 0x0e) == CVSW_OFS_BAD_PREREQ);	/* vlan_pcp for ip_proto */
	CHECK(with_byte(77, 0x0e) == CVSW_OFS_BAD_FIELD);	/* vlan_pcp of two bytes */
	CHECK(with_byte(77, 0x0a) == CVSW_OFS_DUP_FIELD);	/* eth_type for vlan_vid */
	CHECK(with_byte(102, 0x0a) == CVSW_OFS_BAD_SET_TYPE);
	CHECK(with_byte(102, 0x7e) == CVSW_OFS_BAD_SET_TYPE);
	for (size_t i = 0; i < 2; i++)
		CHECK(decode(&talk13, experiments[i], 16) == CVSW_OFS_BAD_VENDOR);
}

/* What is wrong has its type and code, and the message that it was. */
static void test_errors(void)
{
	static const struct {
		uint8_t bytes[16];
		size_t len;
		uint8_t error;
	} rows[] = {
		{ { 4, 5, 0, 8 }, 8, CVSW_OFS_BAD_VERSION },
		{ { 1, 13, 0, 8 }, 8, CVSW_OFS_BAD_TYPE },
		{ { 1, 77, 0, 8 }, 8, CVSW_OFS_BAD_TYPE },
		{ { 1, 5, 0, 9 }, 9, CVSW_OFS_BAD_LEN },
		{ { 1, 14, 0, 16 }, 16, CVSW_OFS_BAD_LEN },
		{ { 1, 16, 0, 12, 0, 0, 0, 0, 0, 9 }, 12, CVSW_OFS_BAD_STAT },
		{ { 1, 4, 0, 16, 0, 0, 0, 0, 1, 2, 3, 4 }, 16, CVSW_OFS_BAD_VENDOR },
		{ { 1, 4, 0, 16, 0, 0, 0, 0, 0, 0, 0x23, 0x20, 0, 0, 0, 99 }, 16,
		  CVSW_OFS_BAD_SUBTYPE },
		{ { 1, 9, 0, 12, 0, 0, 0, 0, 0, 0, 0, 128 }, 12, CVSW_OFS_OK },
	};
	static const uint8_t bad_type[] = { 1, 1, 0, 20, 0, 0, 0, 0, 0, 1, 0, 1, 1, 13, 0, 8, 0, 0, 0, 0 };
	static const uint8_t bad_field[] = { 1, 1, 0, 28, 0, 0, 0, 0, 0xb0, 0xc2, 0, 0, 0, 0, 0x23, 0x20,
					     0, 1, 1, 1 };
	uint8_t buf[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK(decode(&talk10, rows[i].bytes, rows[i].len) == rows[i].error);
	CHECK(cvsw_ofs_encode_error(&talk10, CVSW_OFS_BAD_TYPE, rows[1].bytes, 8, buf, sizeof(buf)) == 20);
	CHECK(!memcmp(buf, bad_type, sizeof(bad_type)));
	CHECK(cvsw_ofs_encode_error(&talk10, CVSW_OFS_BAD_FIELD, rows[1].bytes, 8, buf, sizeof(buf)) == 28);
	CHECK(!memcmp(buf, bad_field, sizeof(bad_field)));
}

/* Replies are as long as they say, and full ones take no more. */
static void test_replies(void)
{
	static const struct cvsw_ofs_msg request = { .xid = 3, .stats = CVSW_OFS_FLOW };
	static const struct cvsw_ofs_msg nx_request = { .stats = CVSW_OFS_FLOW, .nicira = true };
	const struct cvsw_ofs_counters counters = { .n_packets = 5, .n_bytes = 300, .age_ms = 1500,
						    .idle = ~0u };
	struct cvsw_flow flow = flow_of("tcp,tp_dst=80,actions=output:2");
	static uint8_t buf[4096];
	size_t len = cvsw_ofs_stats_begin(&talk10, &request, buf, sizeof(buf)), next;

	CHECK(len == 12);
	next = cvsw_ofs_put_flow(&talk10, &request, &flow, &counters, buf, len, sizeof(buf));
	CHECK(next == 12 + 88 + 8 && buf[2] == 0 && buf[3] == next && buf[13] == 96);
	CHECK(!cvsw_ofs_put_flow(&talk10, &request, &flow, &counters, buf, next, next + 90));
	len = cvsw_ofs_stats_begin(&talk10, &nx_request, buf, sizeof(buf));
	next = cvsw_ofs_put_flow(&talk10, &nx_request, &flow, &counters, buf, len, sizeof(buf));
	/* dl_type 6, nw_proto 5, tcp_dst 6, padded */
	CHECK(len == 24 && next == 24 + 48 + 24 + 8 && buf[24 + 19] == 17);
	CHECK(buf[24 + 25] == 0);	/* idle_age is not known */
	CHECK(cvsw_ofs_encode_removed(&talk10, &flow, CVSW_OFS_REMOVED_IDLE, &counters, buf,
				      sizeof(buf)) == 88);
	CHECK(cvsw_ofs_encode_removed(&talk10_tables, &flow, CVSW_OFS_REMOVED_IDLE, &counters, buf,
				      sizeof(buf)) == 16 + 40 + 24);
}

const struct tap_test ofs_tests[] = {
	{ "ofs: flow_mods", test_flow_mod },
	{ "ofs: flow_mods of 1.3", test_flow_mod13 },
	{ "ofs: a cookie chooses flows", test_cookie },
	{ "ofs: ports of 1.3", test_ports13 },
	{ "ofs: ports of 1.0", test_ports10 },
	{ "ofs: fields of 1.3", test_fields13 },
	{ "ofs: errors", test_errors },
	{ "ofs: replies", test_replies },
	{ 0 },
};
