// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The codecs as a filter, for tests in other languages.  A line in, a line out:
 *	generate SEED COUNT	random flows: text, tab, flow_mod in hex
 *	generate-nxm SEED COUNT	likewise, such as ofp_match cannot express
 *	encode			text -> flow_mod in hex
 *	format			text -> the text of what was read
 *	group			a group's text, as we write it
 *	decode			flow_mod in hex -> text
 *	decode-v2		likewise, of version 2 of the control protocol
 *	translate		flow_mod in hex -> version 3's, in hex
 *	frame			SET_ENTRY in hex, the whole frame -> text
 *	message TYPE DST DATA1	Data2 in hex -> control message in hex
 *	channel VERSION		what a controller sends, a message a line, in hex
 * A line that is refused becomes "error: ...".
 */
#include <stdio.h>
#include <stdlib.h>

#include "../cvsw_fault.h"
#include "../cvsw_flow_mod.h"
#include "../cvsw_msg.h"
#include "../cvsw_ofp.h"
#include "../cvsw_ofp10.h"
#include "../cvsw_text.h"
#include "gen.h"

static void print_hex(const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		printf("%02x", data[i]);
	printf("\n");
}

static void generate(enum gen_kind kind, uint64_t seed, unsigned long count)
{
	struct rng rng = { seed };
	uint8_t data[CVSW_OFP10_FLOW_MOD_MAX];
	struct cvsw_flow flow;
	char text[16384];

	while (count--) {
		gen_flow(&rng, kind, &flow);
		cvsw_text_format(&flow, text, sizeof(text));
		printf("%s\t", text);
		print_hex(data, cvsw_ofp10_encode(CVSW_FLOW_ADD, &flow, data, sizeof(data)));
	}
}

static void encode(const char *line)
{
	uint8_t data[CVSW_OFP10_FLOW_MOD_MAX];
	struct cvsw_text_error error;
	struct cvsw_flow flow;

	if (cvsw_text_parse(CVSW_TEXT_ADD, line, &flow, &error))
		print_hex(data, cvsw_ofp10_encode(CVSW_FLOW_ADD, &flow, data, sizeof(data)));
	else
		printf("error: column %u: %s\n", error.column, error.message);
}

static void format(const char *line)
{
	struct cvsw_text_error error;
	struct cvsw_flow flow;
	char text[16384];

	if (cvsw_text_parse(CVSW_TEXT_ADD, line, &flow, &error)) {
		cvsw_text_format(&flow, text, sizeof(text));
		printf("%s\n", text);
	} else {
		printf("error: column %u: %s\n", error.column, error.message);
	}
}

static void group(const char *line)
{
	static struct cvsw_group read;
	static char text[65536];
	struct cvsw_text_error error;

	if (cvsw_text_parse_group(line, &read, NULL, &error)) {
		cvsw_text_format_group(&read, text, sizeof(text));
		printf("%s\n", text);
	} else {
		printf("error: column %u: %s\n", error.column, error.message);
	}
}

static void print_flow_mod(const uint8_t *data, size_t len, bool v2)
{
	enum cvsw_flow_command command;
	struct cvsw_flow flow;
	enum cvsw_fault fault;
	size_t used, offset;
	char text[16384];

	fault = (v2 ? cvsw_ofp10_decode_v2 : cvsw_ofp10_decode)(data, len, &used, &command, &flow,
								&offset);
	if (fault) {
		printf("error: offset %zu: %s\n", offset, cvsw_fault_text(fault));
	} else {
		cvsw_text_format(&flow, text, sizeof(text));
		printf("%s\n", text);
	}
}

static void decode(const char *line, bool v2)
{
	size_t len;
	uint8_t *data = from_hex(line, &len);

	print_flow_mod(data, len, v2);
	free(data);
}

static void translate(const char *line)
{
	enum cvsw_flow_command command;
	uint8_t buf[CVSW_FLOW_MOD_MAX];
	struct cvsw_flow flow;
	size_t len, used, offset;
	uint8_t *data = from_hex(line, &len);
	enum cvsw_fault fault = cvsw_ofp10_decode(data, len, &used, &command, &flow, &offset);

	if (fault)
		printf("error: offset %zu: %s\n", offset, cvsw_fault_text(fault));
	else
		print_hex(buf, cvsw_flow_mod_encode(command, &flow, buf, sizeof(buf)));
	free(data);
}

static void frame(const char *line)
{
	struct cvsw_msg msg;
	size_t len, offset;
	uint8_t *data = from_hex(line, &len);
	enum cvsw_fault fault = cvsw_msg_decode(data, len, &msg, &offset);

	if (fault)
		printf("error: offset %zu: %s\n", offset, cvsw_fault_text(fault));
	else if (msg.type != CVSW_MSG_SET_ENTRY)
		printf("error: %s\n", cvsw_msg_type_name(msg.type));
	else
		print_flow_mod(msg.data, msg.len, true);
	free(data);
}

static void message(const char *line, char **argv)
{
	size_t len;
	uint8_t *data = from_hex(line, &len), buf[8192];
	struct cvsw_msg msg = {
		.type = (uint8_t)atoi(argv[0]), .data1 = (uint16_t)strtoul(argv[2], NULL, 0),
		.len = (uint16_t)len, .data = data,
	};

	if (!cvsw_text_mac(argv[1], msg.dst))
		printf("error: bad MAC address\n");
	else
		print_hex(buf, cvsw_msg_encode(&msg, buf, sizeof(buf)));
	free(data);
}

static void channel(uint8_t version)
{
	const struct cvsw_ofp_rule control = {
		.cookie = 5, .out_port = CVSW_OFPP_CONTROLLER, .priority = 65000,
		.dl_type = CVSW_ETHERTYPE,
	};
	const struct cvsw_ofp_rule normal = { .out_port = CVSW_OFPP_NORMAL };
	uint8_t b[512], frame[60] = { 2, 0, 0, 0, 0, 1, 0x21, 0, 0, 0, 0, 0, 0xab, 0xba };

	print_hex(b, cvsw_ofp_encode_hello(1, CVSW_OFP_VERSIONS, b, sizeof(b)));
	print_hex(b, cvsw_ofp_encode_request(version, 2, CVSW_OFP_ECHO_REQUEST, b, sizeof(b)));
	print_hex(b, cvsw_ofp_encode_request(version, 3, CVSW_OFP_FEATURES_REQUEST, b, sizeof(b)));
	if (version == CVSW_OFP_V13)
		print_hex(b, cvsw_ofp_encode_request(version, 4, CVSW_OFP_PORT_DESC_REQUEST, b,
						     sizeof(b)));
	print_hex(b, cvsw_ofp_encode_set_config(version, 5, b, sizeof(b)));
	print_hex(b, cvsw_ofp_encode_rule(version, 6, &control, b, sizeof(b)));
	print_hex(b, cvsw_ofp_encode_rule(version, 7, &normal, b, sizeof(b)));
	print_hex(b, cvsw_ofp_encode_packet_out(version, 8, 1, frame, sizeof(frame), b, sizeof(b)));
	print_hex(b, cvsw_ofp_encode_request(version, 9, CVSW_OFP_BARRIER_REQUEST, b, sizeof(b)));
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	static char line[100000];

	if (!strncmp(mode, "generate", 8) && argc == 4) {
		generate(mode[8] ? GEN_NAMED_NXM : GEN_NAMED, strtoull(argv[2], NULL, 0), strtoul(argv[3], NULL, 0));
		return 0;
	}
	if (!strcmp(mode, "channel") && argc == 3) {
		channel((uint8_t)atoi(argv[2]));
		return 0;
	}
	if (strcmp(mode, "encode") && strcmp(mode, "format") && strcmp(mode, "group") && strncmp(mode, "decode", 6) && strcmp(mode, "frame") &&
	    strcmp(mode, "translate") && !(argc == 5 && !strcmp(mode, "message"))) {
		fprintf(stderr, "usage: see the head of flowtool.c\n");
		return 2;
	}
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(mode, "encode"))
			encode(line);
		else if (!strcmp(mode, "format"))
			format(line);
		else if (!strcmp(mode, "group"))
			group(line);
		else if (!strncmp(mode, "decode", 6))
			decode(line, mode[6]);
		else if (!strcmp(mode, "translate"))
			translate(line);
		else if (!strcmp(mode, "frame"))
			frame(line);
		else
			message(line, argv + 2);
	}
	return 0;
}
