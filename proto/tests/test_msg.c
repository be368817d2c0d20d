// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdlib.h>

#include "../cvsw_msg.h"
#include "gen.h"
#include "tests.h"

static enum cvsw_fault decode(const uint8_t *frame, size_t len, struct cvsw_msg *msg,
			      size_t *offset)
{
	uint8_t *copy = exact_copy(frame, len);
	enum cvsw_fault fault;

	*offset = 9999;
	fault = cvsw_msg_decode(copy, len, msg, offset);
	if (fault) {
		CHECK(*offset <= len);
	} else {
		/* Every byte of Data2 is inside; AddressSanitizer watches. */
		static volatile uint8_t sink;
		uint8_t mac[6];
		size_t i;

		CHECK(CVSW_MSG_HEADER_LEN + (size_t)msg->len <= len);
		for (i = 0; i < msg->len; i++)
			sink ^= msg->data[i];
		cvsw_msg_register_mac(msg, mac);
		msg->data = frame + (msg->data - copy);
	}
	free(copy);
	return fault;
}

static void round_trip(void)
{
	struct rng rng = { 20 };
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		uint8_t data[1500], buf[1514];
		struct cvsw_msg msg = {
			.type = (uint8_t)(1 + rng_below(&rng, 8)),
			.data1 = (uint16_t)rng_next(&rng),
			.len = (uint16_t)rng_below(&rng, rng_chance(&rng, 50) ? 60 : 1501),
			.data = data,
		}, again;
		size_t b, len, offset, want;

		if (msg.type == CVSW_MSG_REGISTER)
			msg.len = rng_chance(&rng, 50) ? 6 : 0;
		for (b = 0; b < msg.len; b++)
			data[b] = (uint8_t)rng_next(&rng);
		for (b = 0; b < 6; b++)
			msg.dst[b] = (uint8_t)rng_next(&rng);
		memset(buf, 0xee, sizeof(buf));
		len = cvsw_msg_encode(&msg, buf, sizeof(buf));
		want = 14u + msg.len < 60 ? 60 : 14u + msg.len;
		CHECK(len == want);
		for (b = 14u + msg.len; b < len; b++)
			CHECK(!buf[b]);
		CHECK(!cvsw_msg_encode(&msg, buf, len - 1));
		/* Data2 may be in place already. */
		msg.data = rng_chance(&rng, 50) ? NULL : buf + 14;
		CHECK(cvsw_msg_encode(&msg, buf, sizeof(buf)) == len);
		CHECK(!decode(buf, len, &again, &offset));
		CHECK(again.type == msg.type && again.data1 == msg.data1 && again.len == msg.len);
		CHECK(!memcmp(again.dst, msg.dst, 6) && !memcmp(again.data, data, msg.len));
	}
}

struct vector {
	const char *what;
	const char *hex;
	enum cvsw_fault fault;
	size_t offset;
};

static const struct vector vectors[] = {
	{ "HELLO, unpadded", "ffffffffffff 21 00 0000 0000 abba", CVSW_OK, 0 },
	{ "no EtherType", "ffffffffffff 21 00 0000 0000 ab", CVSW_FAULT_SHORT, 13 },
	{ "empty", "", CVSW_FAULT_SHORT, 0 },
	{ "IPv4", "ffffffffffff 21 00 0000 0000 0800", CVSW_FAULT_TYPE, 12 },
	{ "version 1", "ffffffffffff 11 00 0000 0000 abba", CVSW_FAULT_VERSION, 6 },
	{ "version 3", "ffffffffffff 32 01 0000 0000 abba", CVSW_FAULT_VERSION, 6 },
	{ "type 0", "ffffffffffff 20 00 0000 0000 abba", CVSW_FAULT_TYPE, 6 },
	{ "type 8", "ffffffffffff 28 00 0000 0000 abba", CVSW_OK, 0 },
	{ "type 9", "ffffffffffff 29 00 0000 0000 abba", CVSW_FAULT_TYPE, 6 },
	{ "byte 7", "ffffffffffff 21 01 0000 0000 abba", CVSW_OK, 0 },
	{ "len 1 of 0", "ffffffffffff 21 00 0001 0000 abba", CVSW_FAULT_LENGTH, 8 },
	{ "len 65535", "ffffffffffff 23 00 ffff 0000 abba 00", CVSW_FAULT_LENGTH, 8 },
	{ "padding", "ffffffffffff 21 00 0000 0000 abba 0000", CVSW_OK, 0 },
	{ "REGISTER, MAC in the destination", "020000000001 22 00 0000 0000 abba", CVSW_OK, 0 },
	{ "REGISTER, MAC in Data2", "ffffffffffff 22 00 0006 0000 abba 020000000001", CVSW_OK, 0 },
	{ "REGISTER, half a MAC", "ffffffffffff 22 00 0003 0000 abba 020000",
	  CVSW_FAULT_LENGTH, 8 },
	{ "REGISTER, 7 bytes", "ffffffffffff 22 00 0007 0000 abba 02000000000100",
	  CVSW_FAULT_LENGTH, 8 },
};

static void framing_is_checked(void)
{
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		size_t len, offset;
		uint8_t *frame = from_hex(vectors[i].hex, &len);
		struct cvsw_msg msg;
		enum cvsw_fault fault = decode(frame, len, &msg, &offset);

		CHECK_MSG(fault == vectors[i].fault, "%s: %s", vectors[i].what,
			  cvsw_fault_name(fault));
		CHECK_MSG(!fault || offset == vectors[i].offset, "%s: offset %zu", vectors[i].what,
			  offset);
		free(frame);
	}
}

/* Behind Data2 only padding up to the Ethernet minimum is taken. */
static void length_is_told_from_padding(void)
{
	uint8_t frame[200];
	size_t len, data2, offset;
	struct cvsw_msg msg;

	memset(frame, 0, sizeof(frame));
	memcpy(frame + 12, "\xab\xba", 2);
	frame[6] = 0x23;
	for (data2 = 0; data2 < 100; data2++)
		for (len = 14; len < sizeof(frame); len++) {
			bool good = len == 14 + data2 || (len > 14 + data2 && len <= 60);

			frame[9] = (uint8_t)data2;
			CHECK_MSG(decode(frame, len, &msg, &offset) ==
				  (good ? CVSW_OK : CVSW_FAULT_LENGTH),
				  "len %zu in a frame of %zu", data2, len);
		}
}

static void truncation_and_bit_flips_are_survived(void)
{
	uint8_t frame[120];
	struct cvsw_msg msg = { .type = CVSW_MSG_SET_ENTRY, .len = 80 };
	size_t len, cut, bit, offset;

	memset(frame, 0x55, sizeof(frame));
	len = cvsw_msg_encode(&msg, frame, sizeof(frame));
	CHECK(len == 94);
	for (cut = 0; cut < len; cut++)
		CHECK(decode(frame, cut, &msg, &offset) ==
		      (cut < 14 ? CVSW_FAULT_SHORT : CVSW_FAULT_LENGTH));
	for (bit = 0; bit < len * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		decode(frame, len, &msg, &offset);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void register_names_its_mac(void)
{
	struct cvsw_msg msg = { .dst = { 2, 0, 0, 0, 0, 1 } };
	const uint8_t data[6] = { 2, 0, 0, 0, 0, 9 };
	uint8_t mac[6];

	cvsw_msg_register_mac(&msg, mac);
	CHECK(mac[5] == 1);
	msg.data = data;
	msg.len = 6;
	cvsw_msg_register_mac(&msg, mac);
	CHECK(mac[5] == 9);
}

static void types_have_names(void)
{
	CHECK(!strcmp(cvsw_msg_type_name(CVSW_MSG_HELLO), "HELLO"));
	CHECK(!strcmp(cvsw_msg_type_name(CVSW_MSG_SET_SA), "SET_SA"));
	CHECK(!strcmp(cvsw_msg_type_name(0), "unknown"));
	CHECK(!strcmp(cvsw_msg_type_name(255), "unknown"));
}

const struct tap_test msg_tests[] = {
	{ "proto: control messages survive encoding and decoding", round_trip },
	{ "proto: a control message's framing is checked", framing_is_checked },
	{ "proto: a control message's length is told from padding", length_is_told_from_padding },
	{ "proto: truncated and flipped control messages are survived",
	  truncation_and_bit_flips_are_survived },
	{ "proto: REGISTER names its MAC in either place", register_names_its_mac },
	{ "proto: control message types have names", types_have_names },
	{ NULL, NULL },
};
