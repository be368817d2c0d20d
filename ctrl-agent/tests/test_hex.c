// SPDX-License-Identifier: GPL-2.0-or-later
/* Hex digits of keys, against what the C library says of each byte. */
#include <ctype.h>
#include <string.h>

#include "base/hex.h"
#include "tap.h"

static void test_digits(void)
{
	for (int c = 0; c < 256; c++) {
		const char *const digits = "0123456789abcdef";
		const char *at = c ? strchr(digits, tolower(c)) : NULL;
		uint32_t digit = hex_digit((char)c);

		if (at)
			CHECK_MSG(digit == (uint32_t)(at - digits), "digit %c: %x", c, digit);
		else
			CHECK_MSG(digit >> 31, "byte %d is taken for %x", c, digit);
	}
}

static void test_bytes(void)
{
	uint8_t bytes[4];

	CHECK(hex_bytes("00fFa910", bytes, 4) && !memcmp(bytes, "\x00\xff\xa9\x10", 4));
	CHECK(hex_bytes("", bytes, 0));
	for (int at = 0; at < 8; at++) {
		char text[] = "00ffa910";

		text[at] = 'g';
		CHECK_MSG(!hex_bytes(text, bytes, 4), "%s", text);
	}
}

const struct tap_test tests[] = {
	{ "agent hex: every byte as a digit", test_digits },
	{ "agent hex: bytes, and one digit that is none", test_bytes },
	{ 0 },
};
