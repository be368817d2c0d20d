// SPDX-License-Identifier: GPL-2.0
/* FLOWS and LIST: bundles, whole or not at all, and the table in parts. */
#include <kunit/test.h>

#include "../drivers/cvsw/table/table.h"
#include "fail.h"

#define cvsw_table_flow_mod(table, command, flow) \
	(fails() ? -ENOMEM : cvsw_table_flow_mod(table, command, flow))

#include "../drivers/cvsw/control/request_flows.c"
#include "asking.h"

/* ---- FLOWS ---- */

/* From @first to @last, in a bundle of their own. */
static void add_flows(struct kunit *test, u16 first, u16 last)
{
	struct asking *f = test->priv;

	ask_bundle(f, 1, WHOLE);
	ask_put_flows(f, first, last);
	ask_check_done(test);
}

static void a_bundle_is_done_at_its_end(struct kunit *test)
{
	struct asking *f = test->priv;

	add_flows(test, 1, 3);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 3U);

	ask_bundle(f, 2, CVSW_V3_BUNDLE_OPEN);
	ask_put_flows(f, 4, 100);
	ask_check_done(test);
	ask_bundle(f, 2, 0);
	ask_put_flows(f, 101, 150);
	ask_put_flow(f, CVSW_FLOW_DELETE, 2);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 3U);
	KUNIT_EXPECT_EQ(test, ask_n_of(f, 2, NULL), 1U);
	KUNIT_EXPECT_EQ(test, ask_n_of(f, 4, NULL), 0U);
	ask_bundle(f, 2, CVSW_V3_BUNDLE_COMMIT);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 149U);
	KUNIT_EXPECT_EQ(test, ask_n_of(f, 2, NULL), 0U);
	KUNIT_EXPECT_FALSE(test, f->port.engine.idle);

	/* In order: what is deleted and added again is there. */
	ask_bundle(f, 3, WHOLE);
	ask_put_flow(f, CVSW_FLOW_DELETE, 0);
	ask_put_flow(f, CVSW_FLOW_ADD, 7);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 1U);
	ask_bundle(f, 4, WHOLE);
	ask_put_flow(f, CVSW_FLOW_ADD, 8);
	ask_put_flow(f, CVSW_FLOW_DELETE, 0);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 0U);
	KUNIT_EXPECT_TRUE(test, f->port.engine.idle);
}

static void a_fault_undoes_the_whole_bundle(struct kunit *test)
{
	struct asking *f = test->priv;
	size_t at, len;

	add_flows(test, 1, 3);

	ask_bundle(f, 2, CVSW_V3_BUNDLE_OPEN);
	ask_put_flow(f, CVSW_FLOW_DELETE, 0);
	ask_put_flows(f, 4, 10);
	ask_check_done(test);
	ask_bundle(f, 2, CVSW_V3_BUNDLE_COMMIT);
	ask_put_flow(f, CVSW_FLOW_ADD, 11);
	at = f->w.at;
	len = ask_put_flow(f, CVSW_FLOW_ADD, 12);
	ask_put_flow(f, CVSW_FLOW_ADD, 13);
	f->message[at + len - 2] = 0x12;	/* OUTPUT to nowhere */
	ask_check_refused(test, CVSW_V3_ERR_ACTION_PORT, at + len - 2);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 3U);
	KUNIT_EXPECT_EQ(test, ask_n_of(f, 1, NULL), 1U);
	/* The rest of it has nowhere to go. */
	ask_bundle(f, 2, CVSW_V3_BUNDLE_COMMIT);
	ask_check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
	ask_bundle(f, 2, 0);
	ask_put_flow(f, CVSW_FLOW_ADD, 12);
	ask_check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 3U);
}

/* @flags, and what is wrong with one flow_mod behind them: a byte's place and value. */
static const struct {
	u8 flags;
	int at, value;
	enum cvsw_v3_error error;
	size_t offset;
} bad_flows[] = {
	{ 0x10 | WHOLE, -1, 0, CVSW_V3_ERR_FLAGS, 12 },
	{ CVSW_V3_BUNDLE_REPLACE, -1, 0, CVSW_V3_ERR_FLAGS, 12 },
	{ CVSW_V3_BUNDLE_ABORT | WHOLE, -1, 0, CVSW_V3_ERR_FLAGS, 12 },
	{ CVSW_V3_BUNDLE_ABORT, -1, 0, CVSW_V3_ERR_LENGTH, 16 },
	{ CVSW_V3_BUNDLE_COMMIT, -1, 0, CVSW_V3_ERR_NO_BUNDLE, 8 },
	{ 0, -1, 0, CVSW_V3_ERR_NO_BUNDLE, 8 },
	{ WHOLE, 13, 1, CVSW_V3_ERR_RESERVED, 13 },
	{ WHOLE, 17, 200, CVSW_V3_ERR_LENGTH, 16 },
	{ WHOLE, 18, 5, CVSW_V3_ERR_COMMAND, 18 },
	{ WHOLE | CVSW_V3_BUNDLE_REPLACE, 18, 1, CVSW_V3_ERR_COMMAND, 16 },
	{ WHOLE | CVSW_V3_BUNDLE_REPLACE, 18, 3, CVSW_V3_ERR_COMMAND, 16 },
	{ WHOLE, 19, 4, CVSW_V3_ERR_FLAGS, 19 },
	{ WHOLE, 23, 1, CVSW_V3_ERR_RESERVED, 22 },	/* out_port of an ADD */
	{ WHOLE, 29, 200, CVSW_V3_ERR_LENGTH, 28 },
	{ WHOLE, 30, CVSW_TABLES, CVSW_V3_ERR_TABLE, 30 },
	{ WHOLE, 30, CVSW_TABLE_ALL, CVSW_V3_ERR_TABLE, 30 },
	{ WHOLE, 31, 1, CVSW_V3_ERR_RESERVED, 31 },
	{ WHOLE, 40, 44, CVSW_V3_ERR_MATCH_FIELD, 40 },
	{ WHOLE, 41, 3, CVSW_V3_ERR_LENGTH, 41 },
};

static void bad_bundles_change_nothing(struct kunit *test)
{
	struct asking *f = test->priv;
	unsigned int i;

	ask_bundle(f, 1, WHOLE);
	ask_put_flow(f, CVSW_FLOW_ADD, 9);
	ask_check_done(test);
	for (i = 0; i < ARRAY_SIZE(bad_flows); i++) {
		ask_bundle(f, 2, bad_flows[i].flags);
		ask_put_flow(f, CVSW_FLOW_ADD, 80);
		if (bad_flows[i].at >= 0)
			f->message[bad_flows[i].at] = bad_flows[i].value;
		ask_check_refused_for(test, bad_flows[i].error, bad_flows[i].offset, i);
		KUNIT_EXPECT_EQ_MSG(test, ask_n_flows(f), 1U, "bad flow %u", i);
		KUNIT_EXPECT_EQ_MSG(test, ask_n_of(f, 9, NULL), 1U, "bad flow %u", i);
		KUNIT_EXPECT_FALSE(test, cvsw_table_changing(f->port.engine.table));
	}
}

/* However it is cut, it is refused with an answer; and nothing behind it is read (KASAN). */
static void cut_messages_are_refused(struct kunit *test)
{
	struct asking *f = test->priv;
	size_t whole, len;
	u8 *copy;

	ask_bundle(f, 1, WHOLE);
	whole = f->w.at + ask_put_flow(f, CVSW_FLOW_ADD, 80);
	for (len = CVSW_V3_MESSAGE_HEADER_LEN; len < whole; len++) {
		if (len == CVSW_V3_FLOWS_AT)
			continue;	/* an empty bundle is whole */
		copy = kmemdup(f->message, len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, copy);
		KUNIT_EXPECT_GT(test, cvsw_request(&f->requests, copy, len, false,
						   f->answer_data), 0ul);
		KUNIT_EXPECT_EQ_MSG(test, f->answer_data[1], CVSW_V3_ERROR, "%zu bytes", len);
		kfree(copy);
	}
	for (len = 0; len < CVSW_V3_MESSAGE_HEADER_LEN; len++) {
		copy = kmemdup(f->message, max_t(size_t, len, 1), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, copy);
		cvsw_request(&f->requests, copy, len, false, f->answer_data);
		kfree(copy);
	}
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 0U);
}

static void too_long_ends_its_bundle(struct kunit *test)
{
	struct asking *f = test->priv;
	size_t len;

	ask_bundle(f, 1, CVSW_V3_BUNDLE_OPEN);
	ask_put_flow(f, CVSW_FLOW_ADD, 80);
	ask_check_done(test);
	ask_bundle(f, 1, 0);
	len = cvsw_request(&f->requests, f->message, CVSW_V3_SKIPPED_LEN, true, f->answer_data);
	KUNIT_EXPECT_EQ(test, (int)cvsw_v3_message_decode(f->answer_data, len, &f->answer, NULL),
			CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, (int)f->answer.error, CVSW_V3_ERR_TOO_LONG);
	KUNIT_EXPECT_EQ(test, f->answer.xid, (u32)ASK_XID);
	ask_bundle(f, 1, CVSW_V3_BUNDLE_COMMIT);
	ask_check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
}

static void a_bundle_is_thrown_away(struct kunit *test)
{
	struct asking *f = test->priv;

	ask_bundle(f, 1, CVSW_V3_BUNDLE_OPEN);
	ask_put_flow(f, CVSW_FLOW_ADD, 80);
	ask_check_done(test);
	ask_bundle(f, 1, CVSW_V3_BUNDLE_ABORT);
	ask_check_done(test);
	ask_bundle(f, 1, CVSW_V3_BUNDLE_COMMIT);
	ask_check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
	/* By another one's beginning. */
	ask_bundle(f, 1, CVSW_V3_BUNDLE_OPEN);
	ask_put_flow(f, CVSW_FLOW_ADD, 80);
	ask_check_done(test);
	ask_bundle(f, 2, CVSW_V3_BUNDLE_OPEN);
	ask_put_flow(f, CVSW_FLOW_ADD, 81);
	ask_check_done(test);
	ask_bundle(f, 2, CVSW_V3_BUNDLE_COMMIT);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 1U);
	/* By one of another number. */
	ask_bundle(f, 3, CVSW_V3_BUNDLE_OPEN);
	ask_put_flow(f, CVSW_FLOW_ADD, 82);
	ask_check_done(test);
	ask_bundle(f, 4, CVSW_V3_BUNDLE_COMMIT);
	ask_check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
	ask_bundle(f, 3, CVSW_V3_BUNDLE_COMMIT);
	ask_check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
	/* By the end of the conversation. */
	ask_bundle(f, 5, CVSW_V3_BUNDLE_OPEN);
	ask_put_flow(f, CVSW_FLOW_ADD, 82);
	ask_check_done(test);
	cvsw_requests_reset(&f->requests);
	ask_bundle(f, 5, CVSW_V3_BUNDLE_COMMIT);
	ask_check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 1U);
}

static void a_replace_keeps_what_stays(struct kunit *test)
{
	struct asking *f = test->priv;
	u64 packets;

	add_flows(test, 1, 5);
	ask_hit_all(f);
	ask_bundle(f, 2, WHOLE | CVSW_V3_BUNDLE_REPLACE);
	ask_put_flows(f, 5, 7);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 3U);
	KUNIT_EXPECT_EQ(test, ask_n_of(f, 4, NULL), 0U);
	KUNIT_EXPECT_EQ(test, ask_n_of(f, 5, &packets), 1U);
	KUNIT_EXPECT_EQ(test, packets, 1ULL);

	ask_bundle(f, 3, CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_REPLACE);
	ask_put_flow(f, CVSW_FLOW_ADD, 100);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 3U);
	ask_bundle(f, 3, CVSW_V3_BUNDLE_ABORT);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 3U);
	KUNIT_EXPECT_EQ(test, ask_n_of(f, 100, NULL), 0U);
	ask_bundle(f, 4, WHOLE | CVSW_V3_BUNDLE_REPLACE);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 0U);
}

/* What a command does is table_test.c's matter; here each of them comes that far. */
static void all_commands_are_done(struct kunit *test)
{
	struct asking *f = test->priv;

	ask_bundle(f, 1, WHOLE);
	ask_put_flows(f, 1, 3);
	ask_put_flow(f, CVSW_FLOW_MODIFY_STRICT, 4);	/* meets none: an ADD */
	ask_put_flow(f, CVSW_FLOW_DELETE_STRICT, 1);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 3U);
	KUNIT_EXPECT_EQ(test, ask_n_of(f, 1, NULL), 0U);
	ask_bundle(f, 2, WHOLE);
	ask_put_flow(f, CVSW_FLOW_MODIFY, 0);		/* which gives all its cookie, 0 */
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_of(f, 0, NULL), 3U);
	ask_bundle(f, 3, WHOLE);
	ask_put_flow(f, CVSW_FLOW_DELETE_STRICT, 0);	/* not this one */
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 3U);
}

static void no_memory_leaves_the_table(struct kunit *test)
{
	struct asking *f = test->priv;
	int n;

	add_flows(test, 1, 3);
	for (n = 1; n <= 4; n++) {
		size_t at[4];
		unsigned int i;

		ask_bundle(f, 2, WHOLE | CVSW_V3_BUNDLE_REPLACE);
		for (i = 0; i < 4; i++) {
			at[i] = f->w.at;
			ask_put_flow(f, CVSW_FLOW_ADD, 10 + i);
		}
		fail_at = n;
		ask_check_refused(test, CVSW_V3_ERR_NO_MEMORY, at[n - 1]);
		fail_at = 0;
		KUNIT_EXPECT_EQ(test, ask_n_flows(f), 3U);
		KUNIT_EXPECT_EQ(test, ask_n_of(f, 1, NULL) + ask_n_of(f, 2, NULL) + ask_n_of(f, 3, NULL), 3U);
	}
}

static void a_full_table_says_so(struct kunit *test)
{
	struct asking *f = test->priv;
	size_t at;

	cvsw_table_set_limit(f->port.engine.table, 2);
	ask_bundle(f, 1, WHOLE);
	ask_put_flows(f, 1, 2);
	at = f->w.at;
	ask_put_flow(f, CVSW_FLOW_ADD, 3);
	ask_check_refused(test, CVSW_V3_ERR_TABLE_FULL, at);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 0U);
	add_flows(test, 1, 2);
	/* Others in their stead. */
	ask_bundle(f, 3, WHOLE | CVSW_V3_BUNDLE_REPLACE);
	ask_put_flows(f, 3, 4);
	ask_check_done(test);
	/* What is there stays, and may be replaced one by one. */
	cvsw_table_set_limit(f->port.engine.table, 1);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 2U);
	ask_bundle(f, 4, WHOLE);
	ask_put_flow(f, CVSW_FLOW_ADD, 3);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, ask_n_flows(f), 2U);
}

/* ---- LIST ---- */

/* Lists it all; returns how many entries, and in how many answers. */
static unsigned int list(struct kunit *test, const u8 *filter, size_t filter_len,
			 unsigned int *answers)
{
	struct cvsw_v3_list ask_list = { .filter = filter, .filter_len = filter_len };
	struct asking *f = test->priv;
	enum cvsw_flow_command command;
	struct cvsw_v3_entry entry;
	struct cvsw_reader r;
	unsigned int n = 0;
	size_t used;

	*answers = 0;
	do {
		ask_begin(f);
		f->w.at = cvsw_v3_list_encode(ASK_XID, &ask_list, f->message, sizeof(f->message));
		KUNIT_ASSERT_EQ(test, ask(test), (unsigned int)CVSW_V3_LIST_ANSWER);
		KUNIT_ASSERT_EQ(test, (int)cvsw_v3_list_answer_decode(&f->answer, &ask_list.resume,
								      &r, NULL), CVSW_V3_FINE);
		for (; cvsw_left(&r); n++) {
			KUNIT_ASSERT_EQ(test, (int)cvsw_v3_entry_get(&r, &entry), CVSW_V3_FINE);
			KUNIT_EXPECT_EQ(test, (int)cvsw_flow_mod_decode(entry.flow_mod, entry.len,
									&used, &command, &f->flow,
									NULL), CVSW_OK);
			KUNIT_EXPECT_EQ(test, used, entry.len);
			KUNIT_EXPECT_EQ(test, (int)command, CVSW_FLOW_ADD);
			KUNIT_EXPECT_EQ(test, entry.n_packets, 1ULL);
			KUNIT_EXPECT_EQ(test, entry.n_bytes, 100ULL);
			KUNIT_EXPECT_LT(test, entry.idle, 600U);
			KUNIT_EXPECT_LT(test, entry.age, 600000ULL);
			KUNIT_EXPECT_EQ(test, (int)entry.reason, CVSW_V3_NOT_REMOVED);
		}
		KUNIT_ASSERT_LT(test, (*answers)++, 100U);
	} while (ask_list.resume);
	return n;
}

static void the_table_is_listed_in_parts(struct kunit *test)
{
	struct asking *f = test->priv;
	unsigned int answers, first;

	KUNIT_EXPECT_EQ(test, list(test, NULL, 0, &answers), 0U);
	KUNIT_EXPECT_EQ(test, answers, 1U);
	for (first = 1; first < 1000; first += 100) {
		add_flows(test, first, first + 99);
	}
	ask_hit_all(f);
	KUNIT_EXPECT_EQ(test, list(test, NULL, 0, &answers), 1000U);
	/* Each is 32 + 39 bytes long, and an answer 16 and at most 16384. */
	KUNIT_EXPECT_EQ(test, answers, (unsigned int)DIV_ROUND_UP(1000, (16384 - 16) / 71));

	/* What is being made is not there yet. */
	ask_bundle(f, 2, CVSW_V3_BUNDLE_OPEN);
	ask_put_flow(f, CVSW_FLOW_ADD, 2000);
	ask_put_flow(f, CVSW_FLOW_DELETE, 5);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, list(test, NULL, 0, &answers), 1000U);
}

static void only_what_is_covered_is_listed(struct kunit *test)
{
	struct asking *f = test->priv;
	unsigned int answers;
	u8 filter[256];
	size_t len;

	add_flows(test, 1, 140);
	add_flows(test, 141, 270);
	ask_hit_all(f);
	len = ask_make_flow_mod(f, CVSW_FLOW_DELETE, 270);
	KUNIT_ASSERT_LE(test, len, sizeof(filter));
	memcpy(filter, f->flow_mod, len);
	/* Behind a pause: more than WALK_BURST are looked at. */
	KUNIT_EXPECT_EQ(test, list(test, filter, len, &answers), 1U);
	KUNIT_EXPECT_EQ(test, answers, 1U);
	len = ask_make_flow_mod(f, CVSW_FLOW_ADD, 0);
	memcpy(filter, f->flow_mod, len);
	KUNIT_EXPECT_EQ(test, list(test, filter, len, &answers), 270U);
}

static void bad_lists_are_refused(struct kunit *test)
{
	struct cvsw_v3_list ask_list = { .resume = U64_MAX };
	struct asking *f = test->priv;
	struct cvsw_reader r;
	u64 resume;

	ask_begin(f);
	f->w.at = cvsw_v3_list_encode(ASK_XID, &ask_list, f->message, sizeof(f->message));
	KUNIT_EXPECT_EQ(test, ask(test), (unsigned int)CVSW_V3_LIST_ANSWER);
	KUNIT_EXPECT_EQ(test, (int)cvsw_v3_list_answer_decode(&f->answer, &resume, &r, NULL),
			CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, resume, 0ULL);
	f->message[16] = 1;
	ask_check_refused(test, CVSW_V3_ERR_RESERVED, 16);
	f->message[16] = 0;
	ask_put_flow(f, CVSW_FLOW_ADD, 80);
	cvsw_put_u8(&f->w, 0);
	ask_check_refused(test, CVSW_V3_ERR_LENGTH, f->w.at - 1);
	f->w.at = 30;
	ask_check_refused(test, CVSW_V3_ERR_SHORT, 30);
}

static void flows_exit(struct kunit *test)
{
	fail_at = 0;
	asking_exit(test);
}

static struct kunit_case request_flows_cases[] = {
	KUNIT_CASE(a_bundle_is_done_at_its_end),
	KUNIT_CASE(a_fault_undoes_the_whole_bundle),
	KUNIT_CASE(bad_bundles_change_nothing),
	KUNIT_CASE(cut_messages_are_refused),
	KUNIT_CASE(too_long_ends_its_bundle),
	KUNIT_CASE(a_bundle_is_thrown_away),
	KUNIT_CASE(a_replace_keeps_what_stays),
	KUNIT_CASE(all_commands_are_done),
	KUNIT_CASE(no_memory_leaves_the_table),
	KUNIT_CASE(a_full_table_says_so),
	KUNIT_CASE(the_table_is_listed_in_parts),
	KUNIT_CASE(only_what_is_covered_is_listed),
	KUNIT_CASE(bad_lists_are_refused),
	{}
};

static struct kunit_suite request_flows_suite = {
	.name = "cvsw_request_flows",
	.suite_init = fake_port_suite_init,
	.suite_exit = fake_port_suite_exit,
	.init = asking_init,
	.exit = flows_exit,
	.test_cases = request_flows_cases,
};
kunit_test_suite(request_flows_suite);
