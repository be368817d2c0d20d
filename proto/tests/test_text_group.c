// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <stdlib.h>

#include "../cvsw_text.h"
#include "gen.h"
#include "tests.h"

#define TEXT_ROOM	32768

/* Slots that nobody would fill so. */
static void gen_slots(struct rng *rng, struct cvsw_group *group)
{
	unsigned int i;

	for (i = 0; i < CVSW_GROUP_SLOTS; i++)
		group->slots[i] = (uint8_t)rng_below(rng, group->n_buckets);
	if (rng_chance(rng, 50)) {
		cvsw_group_fill_backup(group);
		return;
	}
	for (i = 0; i < CVSW_GROUP_SLOTS; i++)
		group->backup[i] = (uint8_t)rng_below(rng, group->n_buckets);
}

static void round_trip(void)
{
	static struct cvsw_group group, again;
	static char text[TEXT_ROOM], *copy;
	struct cvsw_text_error error;
	struct rng rng = { 40 };
	unsigned int i, given;

	for (i = 0; i < 5000; i++) {
		size_t len;

		gen_group(&rng, &group);
		if (group.type == CVSW_GROUP_TYPE_SELECT && group.n_buckets && rng_chance(&rng, 40))
			gen_slots(&rng, &group);
		len = cvsw_text_format_group(&group, text, sizeof(text));
		CHECK(len < sizeof(text) && len == strlen(text));
		copy = (char *)exact_copy((uint8_t *)text, len + 1);
		error = (struct cvsw_text_error){ 0 };
		CHECK_MSG(cvsw_text_parse_group(copy, &again, &given, &error), "%s: %u %s", text,
			  error.column, error.message);
		CHECK_MSG(cvsw_group_equal(&group, &again), "%s", text);
		CHECK(again.n_actions == group.n_actions);
		free(copy);
	}
}

static void writing_keeps_to_its_room(void)
{
	static struct cvsw_group group;
	static char text[TEXT_ROOM];
	struct rng rng = { 41 };
	unsigned int i;

	for (i = 0; i < 200; i++) {
		size_t len, room = rng_below(&rng, 200);
		char *some = malloc(room + 1);

		gen_group(&rng, &group);
		len = cvsw_text_format_group(&group, text, sizeof(text));
		CHECK(cvsw_text_format_group(&group, some, room) == len);
		CHECK(!room || strlen(some) == (len < room ? len : room - 1));
		CHECK(!room || !strncmp(some, text, strlen(some)));
		free(some);
	}
}

static void texts_are_read(void)
{
	static const struct {
		const char *text, *shown;
		unsigned int given;
	} rows[] = {
		{ "group_id=5,type=all", "group_id=5,type=all", 0 },
		{ "type=all group_id=0x10 bucket=output:1 bucket:actions=output:2,output:HOST",
		  "group_id=16,type=all,bucket=actions=output:HOST,bucket=actions=output:NET,output:HOST",
		  0 },
		{ "group_id=1,type=indirect,bucket=actions=", "group_id=1,type=indirect,bucket=actions=drop",
		  0 },
		{ "group_id=1,type=fast_failover,dead=1,bucket=drop,bucket=1",
		  "group_id=1,type=ff,dead=1,bucket=actions=drop,bucket=actions=output:HOST", 0 },
		{ "group_id=1,type=ff,dead=0,1,bucket=drop,bucket=1",
		  "group_id=1,type=ff,dead=0,1,bucket=actions=drop,bucket=actions=output:HOST", 0 },
		{ "group_id=1,type=select,selection_method=hash,bucket=weight:2,actions=output:1,"
		  "bucket=weight=1,output:2",
		  "group_id=1,type=select,bucket=weight:2,actions=output:HOST,"
		  "bucket=actions=output:NET", 0 },
		{ "group_id=1,type=select,key=000102030405060708090A0B0c0d0e0f,bucket=output:1",
		  "group_id=1,type=select,key=000102030405060708090a0b0c0d0e0f,"
		  "bucket=actions=output:HOST", CVSW_TEXT_GROUP_KEY },
		{ "group_id=1,type=select,slots=1*200/0*55/1,bucket=weight:0,1,bucket=weight:0,2",
		  "group_id=1,type=select,slots=1*200/0*55/1,"
		  "bucket=weight:0,actions=output:HOST,bucket=weight:0,actions=output:NET",
		  CVSW_TEXT_GROUP_SLOTS },
		{ "group_id=1,type=select,backup=0*256,bucket=output:1,bucket=output:2",
		  "group_id=1,type=select,backup=0*256,bucket=actions=output:HOST,"
		  "bucket=actions=output:NET", CVSW_TEXT_GROUP_SLOTS },
	};
	static struct cvsw_group group;
	struct cvsw_text_error error;
	char text[1024];
	unsigned int given;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error = (struct cvsw_text_error){ 0 };
		CHECK_MSG(cvsw_text_parse_group(rows[i].text, &group, &given, &error), "%s: %u %s",
			  rows[i].text, error.column, error.message);
		cvsw_text_format_group(&group, text, sizeof(text));
		CHECK_MSG(!strcmp(text, rows[i].shown), "%s", text);
		CHECK(given == rows[i].given);
	}
}

static void errors_say_where_and_what(void)
{
	static const struct {
		const char *text, *message;
		unsigned int column;
	} rows[] = {
		{ "", "expected group_id=", 1 },
		{ "group_id=5", "expected type=", 11 },
		{ "group_id=5,bucket=output:1", "expected type=", 12 },
		{ "group_id=4294967041,type=all", "expected a number", 10 },
		{ "group_id=5,group_id=6,type=all", "given before", 12 },
		{ "group_id=5,type=any", "any: expected all", 17 },
		{ "group_id=5,type=all,key=00", "expected 32 hex digits", 25 },
		{ "group_id=5,type=all,key=000102030405060708090a0b0c0d0e0f", "only a select group", 21 },
		{ "group_id=5,type=all,hash=l3", "unknown keyword hash", 21 },
		{ "group_id=5,type=select,selection_method=dp_hash", "there is hash only", 41 },
		{ "group_id=5,type=select,selection_method_param=1", "not supported", 24 },
		{ "group_id=5,type=all,bucket=", "a bucket needs actions", 21 },
		{ "group_id=5,type=select,bucket=weight:1,bucket=1", "a bucket needs actions", 24 },
		{ "group_id=5,type=all,bucket=weight:1,1", "only buckets of select", 28 },
		{ "group_id=5,type=all,bucket=bucket_id:1,1", "bucket_id is not supported", 28 },
		{ "group_id=5,type=ff,bucket=watch_port:1,1", "watch_port is not supported", 27 },
		{ "group_id=5,type=ff,bucket=watch_group:1,1", "watch_group is not supported", 27 },
		{ "group_id=5,type=all,bucket=group:1", "group: a NIC has no bucket with that in it", 28 },
		{ "group_id=5,type=all,bucket=clone(1)", "a NIC has no bucket with that in it", 28 },
		{ "group_id=5,type=all,bucket=next", "a NIC has no bucket with that in it", 28 },
		{ "group_id=5,type=all,bucket=goto_table:3", "a NIC has no bucket with that in it", 28 },
		{ "group_id=5,type=all,bucket=1,drop", "drop stands alone", 30 },
		{ "group_id=5,type=all,bucket=1,bucket=nonsense", "unknown action", 37 },
		{ "group_id=5,type=indirect", "one bucket", 12 },
		{ "group_id=5,type=indirect,bucket=1,bucket=2", "one bucket", 12 },
		{ "group_id=5,type=select,bucket=weight:0,1", "all weights are 0", 12 },
		{ "group_id=5,type=ff,dead=1,bucket=1", "there is no bucket 1", 20 },
		{ "group_id=5,type=ff,dead=64,bucket=1", "from 0 to 63", 25 },
		{ "group_id=5,type=ff,dead=0x,bucket=1", "expected buckets", 25 },
		{ "group_id=5,type=select,slots=0*255,bucket=1", "expected buckets for 256", 30 },
		{ "group_id=5,type=select,slots=0*257,bucket=1", "expected buckets for 256", 30 },
		{ "group_id=5,type=select,slots=0*255/x,bucket=1", "expected buckets for 256", 36 },
		{ "group_id=5,type=select,slots=1*256,bucket=1", "slot 0: there is no bucket 1", 24 },
		{ "group_id=5,type=select,backup=1*256,bucket=1", "slot 0: there is no bucket 1", 24 },
	};
	static struct cvsw_group group;
	struct cvsw_text_error error;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error = (struct cvsw_text_error){ 0 };
		CHECK_MSG(!cvsw_text_parse_group(rows[i].text, &group, NULL, &error), "%s",
			  rows[i].text);
		CHECK_MSG(error.column == rows[i].column && strstr(error.message, rows[i].message),
			  "%s: %u %s", rows[i].text, error.column, error.message);
	}
}

static void dead_buckets_are_read(void)
{
	struct cvsw_text_error error;
	uint64_t dead;

	CHECK(cvsw_text_parse_dead("none", 2, &dead, &error) && !dead);
	CHECK(cvsw_text_parse_dead("1,0", 2, &dead, &error) && dead == 3);
	CHECK(cvsw_text_parse_dead("63", 64, &dead, &error) && dead == 1ull << 63);
	CHECK(!cvsw_text_parse_dead("2", 2, &dead, &error) && strstr(error.message, "no bucket 2"));
	CHECK(!cvsw_text_parse_dead("", 2, &dead, &error) && error.column == 1);
	CHECK(!cvsw_text_parse_dead("1,x", 2, &dead, &error) && error.column == 2);
	CHECK(!cvsw_text_parse_dead("1 1", 2, &dead, &error));
	CHECK(cvsw_text_group_hash("nw_src") == CVSW_GROUP_HASH_NW_SRC);
	CHECK(cvsw_text_group_hash("x") == CVSW_N_GROUP_HASHES);
}

static void broken_texts_are_survived(void)
{
	static struct cvsw_group group;
	static char text[TEXT_ROOM], *copy;
	struct rng rng = { 42 };
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		struct cvsw_text_error error = { 0 };
		size_t len, at;

		gen_group(&rng, &group);
		len = cvsw_text_format_group(&group, text, sizeof(text));
		at = rng_below(&rng, (unsigned int)len);
		if (rng_chance(&rng, 50))
			text[at] = (char)(1 + rng_below(&rng, 255));
		else
			memmove(text + at, text + at + 1, len - at);
		copy = (char *)exact_copy((uint8_t *)text, strlen(text) + 1);
		if (!cvsw_text_parse_group(copy, &group, NULL, &error)) {
			CHECK_MSG(error.column >= 1 && error.column <= strlen(copy) + 1,
				  "%s: column %u", copy, error.column);
			CHECK(error.message[0]);
		}
		free(copy);
	}
}

const struct tap_test text_group_tests[] = {
	{ "proto: groups survive being written and read as text", round_trip },
	{ "proto: writing a group keeps to its room", writing_keeps_to_its_room },
	{ "proto: texts of groups mean what is shown", texts_are_read },
	{ "proto: errors in a group's text say where and what", errors_say_where_and_what },
	{ "proto: dead buckets and hashes are read", dead_buckets_are_read },
	{ "proto: broken texts of groups are survived", broken_texts_are_survived },
	{ NULL, NULL },
};
