// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdlib.h>

#include "../cvsw_sa.h"
#include "gen.h"
#include "tests.h"

static enum cvsw_fault decode(const uint8_t *data, size_t len, struct cvsw_sa *sa, size_t *offset)
{
	static const struct cvsw_sa none;
	uint8_t *copy = exact_copy(data, len);
	enum cvsw_fault fault;

	memset(sa, 0xee, sizeof(*sa));
	*offset = 9999;
	fault = cvsw_sa_decode(copy, len, sa, offset);
	free(copy);
	if (fault) {
		CHECK_MSG(*offset <= len, "%s at %zu of %zu", cvsw_fault_name(fault), *offset, len);
		CHECK(!memcmp(sa, &none, sizeof(none)));
	}
	return fault;
}

static void round_trip(void)
{
	static const uint8_t key_lens[] = { 0, 16, 32 };
	struct rng rng = { 60 };
	unsigned int i, bit;

	for (i = 0; i < 3000; i++) {
		uint8_t data[CVSW_SA_MAX_LEN], out[CVSW_SA_MAX_LEN];
		struct cvsw_sa sa, again;
		size_t len, cut, offset;

		gen_sa(&rng, key_lens[i % 3], &sa);
		len = cvsw_sa_encode(&sa, data, sizeof(data));
		CHECK(len == 16u + sa.key_len);
		CHECK(!cvsw_sa_encode(&sa, data, len - 1));
		cvsw_sa_encode(&sa, data, len);
		CHECK(!decode(data, len, &again, &offset));
		CHECK(again.spi == sa.spi && again.direction == sa.direction &&
		      again.key_len == sa.key_len && again.udp_src == sa.udp_src &&
		      again.udp_dst == sa.udp_dst && !memcmp(again.salt, sa.salt, 4) &&
		      !memcmp(again.key, sa.key, 32));
		for (cut = 0; i < 100 && cut < len; cut++)
			CHECK(decode(data, cut, &again, &offset) ==
			      (cut < 16 ? CVSW_FAULT_SHORT : CVSW_FAULT_LENGTH));
		for (bit = 0; i < 100 && bit < len * 8; bit++) {
			data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (!decode(data, len, &again, &offset)) {
				CHECK(cvsw_sa_encode(&again, out, sizeof(out)) == len);
				CHECK(!memcmp(out, data, len));
			}
			data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static void values_are_checked(void)
{
	static const struct {
		const char *what;
		size_t at;
		const char *hex;
		enum cvsw_fault fault;
		size_t offset;
	} cases[] = {
		{ "nothing changed", 0, "", CVSW_OK, 0 },
		{ "direction 0", 0, "00", CVSW_FAULT_SA, 0 },
		{ "direction 3", 0, "03", CVSW_FAULT_SA, 0 },
		{ "AES-192", 1, "18", CVSW_FAULT_SA, 1 },
		{ "AES-256 of 16 bytes", 1, "20", CVSW_FAULT_LENGTH, 1 },
		{ "removal with a key", 1, "00", CVSW_FAULT_LENGTH, 1 },
		{ "reserved", 3, "01", CVSW_FAULT_RESERVED, 2 },
		{ "SPI 255", 4, "000000ff", CVSW_FAULT_SA, 4 },
		{ "SPI 256", 4, "00000100", CVSW_OK, 0 },
		{ "SPI 0", 4, "00000000", CVSW_FAULT_SA, 4 },
		{ "UDP source alone", 8, "1194", CVSW_FAULT_SA, 8 },
		{ "UDP destination alone", 10, "1194", CVSW_FAULT_SA, 8 },
		{ "both ports", 8, "11941194", CVSW_OK, 0 },
	};
	static const struct {
		const char *what;
		const char *hex;
		enum cvsw_fault fault;
	} removals[] = {
		{ "removal", "01000000 00001000 00000000 00000000", CVSW_OK },
		{ "removal with ports", "01000000 00001000 11941194 00000000", CVSW_FAULT_RESERVED },
		{ "removal with a salt", "01000000 00001000 00000000 00000001", CVSW_FAULT_RESERVED },
	};
	struct cvsw_sa sa;
	size_t i, n, offset;
	uint8_t *bytes;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *data = from_hex("01100000 00001000 00000000 a1a2a3a4"
					 "00112233445566778899aabbccddeeff", &n);
		size_t len = n;
		enum cvsw_fault fault;

		bytes = from_hex(cases[i].hex, &n);
		memcpy(data + cases[i].at, bytes, n);
		fault = decode(data, len, &sa, &offset);
		CHECK_MSG(fault == cases[i].fault, "%s: %s", cases[i].what, cvsw_fault_name(fault));
		CHECK_MSG(!fault || offset == cases[i].offset, "%s: offset %zu", cases[i].what,
			  offset);
		free(bytes);
		free(data);
	}
	for (i = 0; i < sizeof(removals) / sizeof(removals[0]); i++) {
		bytes = from_hex(removals[i].hex, &n);
		CHECK_MSG(decode(bytes, n, &sa, &offset) == removals[i].fault, "%s",
			  removals[i].what);
		free(bytes);
	}
}

const struct tap_test sa_tests[] = {
	{ "proto: SAs survive encoding, decoding, cuts and flipped bits", round_trip },
	{ "proto: an SA's values are checked", values_are_checked },
	{ NULL, NULL },
};
