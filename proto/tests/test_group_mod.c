// SPDX-License-Identifier: GPL-2.0 OR MIT
/* group_mods of version 3: one group has one form, and every other is refused. */
#include <stdio.h>
#include <stdlib.h>

#include "../cvsw_group_mod.h"
#include "gen.h"
#include "tests.h"

static enum cvsw_fault decode(const uint8_t *data, size_t len, struct cvsw_group *group,
			      size_t *offset)
{
	uint8_t *copy = exact_copy(data, len);
	enum cvsw_group_command command;
	size_t used;
	enum cvsw_fault fault = cvsw_group_mod_decode(copy, len, &used, &command, group, offset);

	free(copy);
	return fault;
}

static void every_group_comes_back(void)
{
	struct rng rng = { 41 };
	struct cvsw_group group, again;
	size_t i;

	for (i = 0; i < 4000; i++) {
		static uint8_t data[CVSW_GROUP_MOD_MAX + 8], again_data[CVSW_GROUP_MOD_MAX];
		enum cvsw_group_command want = CVSW_GROUP_ADD + i % 4, command;
		size_t len, used;

		gen_group(&rng, &group);
		len = cvsw_group_mod_encode(want, &group, data, sizeof(data));
		CHECK(len >= CVSW_GROUP_MOD_HEADER_LEN && len <= CVSW_GROUP_MOD_MAX);
		CHECK(cvsw_mod_is_group(data, len));
		memset(data + len, 0xee, 8);
		CHECK(!cvsw_group_mod_decode(data, len + 8, &used, &command, &again, NULL));
		CHECK(used == len && command == want && again.id == group.id);
		CHECK(want == CVSW_GROUP_DELETE || again.dead == group.dead);
		CHECK(want > CVSW_GROUP_MODIFY || cvsw_group_equal(&group, &again));
		CHECK(!cvsw_group_mod_encode(want, &group, again_data, len - 1));
	}
}

static void no_group_has_two_forms(void)
{
	struct rng rng = { 42 };
	size_t i, taken = 0, refused = 0;

	for (i = 0; i < 30000; i++) {
		static uint8_t data[CVSW_GROUP_MOD_MAX], again[CVSW_GROUP_MOD_MAX];
		struct cvsw_group group;
		enum cvsw_group_command command;
		size_t len, used, offset = 0, n;

		gen_group(&rng, &group);
		len = cvsw_group_mod_encode(CVSW_GROUP_ADD + i % 4, &group, data, sizeof(data));
		for (n = rng_below(&rng, 3); n--;)
			data[rng_below(&rng, len < 30 || rng_chance(&rng, 30) ? len : 30)] =
				(uint8_t)rng_next(&rng);
		if (cvsw_group_mod_decode(data, len, &used, &command, &group, &offset)) {
			refused++;
			CHECK(offset <= len);
			continue;
		}
		taken++;
		CHECK(cvsw_group_mod_encode(command, &group, again, sizeof(again)) == used &&
		      !memcmp(data, again, used));
	}
	CHECK(taken > 8000 && refused > 8000);
}

/* Length, command and type are filled in; the rest is in hex from the group's number on. */
static const struct {
	const char *what;
	unsigned int command, type;
	const char *hex;
	enum cvsw_fault fault;
	size_t offset;
} cases[] = {
	{ "no bucket", 16, 0, "00000001 0000000000000000", CVSW_OK, 0 },
	{ "two buckets", 17, 0, "00000001 0000000000000002 0008 0000 01020001 0004 0000", CVSW_OK, 0 },
	{ "command 20", 20, 0, "00000001 0000000000000000", CVSW_FAULT_COMMAND, 2 },
	{ "type 4", 16, 4, "00000001 0000000000000000", CVSW_FAULT_GROUP, 3 },
	{ "number too high", 16, 0, "ffffff01 0000000000000000", CVSW_FAULT_GROUP, 4 },
	{ "dead without a bucket", 16, 0, "00000001 0000000000000001", CVSW_FAULT_BUCKET, 8 },
	{ "indirect without a bucket", 16, 2, "00000001 0000000000000000", CVSW_FAULT_BUCKET, 8 },
	{ "a bucket that is cut", 16, 0, "00000001 0000000000000000 0008 0000 010200",
	  CVSW_FAULT_LENGTH, 16 },
	{ "a bucket without a header", 16, 0, "00000001 0000000000000000 0004 00",
	  CVSW_FAULT_LENGTH, 16 },
	{ "a bucket shorter than its header", 16, 0, "00000001 0000000000000000 0003 0000",
	  CVSW_FAULT_LENGTH, 16 },
	{ "an action that goes on behind its bucket", 16, 0,
	  "00000001 0000000000000000 0007 0000 01020001", CVSW_FAULT_ACTION_LENGTH, 21 },
	{ "an action 0", 16, 0, "00000001 0000000000000000 0006 0000 0000",
	  CVSW_FAULT_ACTION_TYPE, 20 },
	{ "a group in a bucket", 16, 0,
	  "00000001 0000000000000000 000b 0000 1205 00000002 00", CVSW_FAULT_ACTION_ORDER, 20 },
	{ "NEXT in a bucket", 16, 0, "00000001 0000000000000000 0006 0000 0d00",
	  CVSW_FAULT_ACTION_ORDER, 20 },
	{ "select without slots", 16, 1, "00000001 0000000000000000", CVSW_FAULT_LENGTH, 0 },
	{ "delete", 18, 0, "00000001 0000000000000000", CVSW_OK, 0 },
	{ "delete all", 18, 0, "fffffffc 0000000000000000", CVSW_OK, 0 },
	{ "delete with a type", 18, 1, "00000001 0000000000000000", CVSW_FAULT_RESERVED, 3 },
	{ "delete with dead buckets", 18, 0, "00000001 0000000000000001", CVSW_FAULT_RESERVED, 8 },
	{ "delete with a bucket", 18, 0, "00000001 0000000000000000 0004 0000",
	  CVSW_FAULT_LENGTH, 16 },
	{ "live", 19, 0, "00000001 8000000000000001", CVSW_OK, 0 },
	{ "live of all", 19, 0, "fffffffc 0000000000000000", CVSW_FAULT_GROUP, 4 },
};

static void lies_are_refused(void)
{
	struct cvsw_group group;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t offset = 0, len;
		uint8_t *rest = from_hex(cases[i].hex, &len), data[256] = "";
		enum cvsw_fault fault;

		memcpy(data + 4, rest, len);
		free(rest);
		len += 4;
		data[1] = (uint8_t)len;
		data[2] = (uint8_t)cases[i].command;
		data[3] = (uint8_t)cases[i].type;
		fault = decode(data, len, &group, &offset);
		CHECK_MSG(fault == cases[i].fault && offset == cases[i].offset, "%s: %s at %zu",
			  cases[i].what, cvsw_fault_name(fault), offset);
	}
}

static void headers_are_checked(void)
{
	static const uint8_t good[] = { 0, 16, 16, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct cvsw_group group;
	uint8_t data[sizeof(good)];
	size_t i, offset = 0;

	for (i = 0; i < sizeof(good); i++)
		CHECK(decode(good, i, &group, &offset) == CVSW_FAULT_SHORT && offset == i);
	memcpy(data, good, sizeof(data));
	data[1] = 17;
	CHECK(decode(data, sizeof(data), &group, &offset) == CVSW_FAULT_LENGTH && !offset);
	data[1] = 15;
	CHECK(decode(data, sizeof(data), &group, &offset) == CVSW_FAULT_LENGTH && !offset);
}

/* Buckets, actions of one, actions of all: as many as may be, and one more. */
static void so_many_and_no_more(void)
{
	static uint8_t data[CVSW_GROUP_MOD_MAX];
	struct cvsw_group group, again;
	size_t i, len, offset = 0;

	memset(&group, 0, sizeof(group));
	for (i = 0; i < CVSW_GROUP_ACTIONS; i++)
		group.actions[i].type = CVSW_ACT_STRIP_VLAN;
	group.n_buckets = CVSW_GROUP_BUCKETS;
	for (i = 0; i < 4; i++)
		group.buckets[i] = (struct cvsw_bucket){
			.first = (uint16_t)(i * CVSW_MAX_ACTIONS), .n_actions = CVSW_MAX_ACTIONS,
		};
	len = cvsw_group_mod_encode(CVSW_GROUP_ADD, &group, data, sizeof(data));
	CHECK(!decode(data, len, &again, &offset) && again.n_actions == CVSW_GROUP_ACTIONS &&
	      again.n_buckets == CVSW_GROUP_BUCKETS);
	memcpy(data + len, "\0\6\0\0\3\0", 6);
	data[0] = (uint8_t)((len + 6) >> 8);
	data[1] = (uint8_t)(len + 6);
	CHECK(decode(data, len + 6, &again, &offset) == CVSW_FAULT_BUCKET && offset == len);
	group.n_buckets--;
	len = cvsw_group_mod_encode(CVSW_GROUP_ADD, &group, data, sizeof(data));
	memcpy(data + len, "\0\6\0\0\3\0", 6);
	data[0] = (uint8_t)((len + 6) >> 8);
	data[1] = (uint8_t)(len + 6);
	CHECK(decode(data, len + 6, &again, &offset) == CVSW_FAULT_ACTION_COUNT && offset == len + 4);
	group.buckets[0].n_actions = CVSW_MAX_ACTIONS + 1;
	len = cvsw_group_mod_encode(CVSW_GROUP_ADD, &group, data, sizeof(data));
	CHECK(decode(data, len, &again, &offset) == CVSW_FAULT_ACTION_COUNT &&
	      offset == CVSW_GROUP_MOD_HEADER_LEN + 4 + 2 * CVSW_MAX_ACTIONS);
}

const struct tap_test group_mod_tests[] = {
	{ "proto: group_mods: every group comes back as it was", every_group_comes_back },
	{ "proto: group_mods: no group has two forms", no_group_has_two_forms },
	{ "proto: group_mods: lies are refused", lies_are_refused },
	{ "proto: group_mods: headers are checked", headers_are_checked },
	{ "proto: group_mods: so many buckets and actions, and no more", so_many_and_no_more },
	{ NULL, NULL },
};
