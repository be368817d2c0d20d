// SPDX-License-Identifier: GPL-2.0
/* What a controller asks in version 3, without a session around it: messages in, answers out. */
#include <kunit/test.h>
#include <linux/etherdevice.h>

#include "../drivers/cvsw/table.h"
#include "fail.h"

#define cvsw_table_flow_mod(table, command, flow) \
	(fails() ? -ENOMEM : cvsw_table_flow_mod(table, command, flow))

#include "../drivers/cvsw/requests.c"
#include "../drivers/cvsw/request_flows.c"
#include "fake_nic.h"

#define XID	0x12345678
/* What the NIC is able to do, whatever its state. */
#define CAN	((u32)(CVSW_V3_CAN_TIMEOUTS | CVSW_V3_CAN_MODIFY | CVSW_V3_CAN_REMOVED | \
		       CVSW_V3_CAN_EXPIRING))

/**
 * struct fixture - a port without a door or a session
 * @w: the message that a test is writing, over @message
 * @answer: to the last one, over @answer_data
 */
struct fixture {
	struct net_device *dev;
	struct cvsw_engine engine;
	struct cvsw_control control;
	struct cvsw_requests requests;
	struct cvsw_writer w;
	u8 message[CVSW_V3_MESSAGE_MAX];
	struct cvsw_v3_message answer;
	u8 answer_data[CVSW_V3_MESSAGE_MAX];
	struct cvsw_flow flow;
	u8 flow_mod[CVSW_OFP10_FLOW_MOD_MAX];
};

static int fixture_init(struct kunit *test)
{
	struct fixture *f = kvzalloc(sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	f->dev = fake_nic();
	KUNIT_ASSERT_NOT_NULL(test, f->dev);
	f->engine.table = cvsw_table_create();
	f->engine.stats = cvsw_stats_alloc();
	f->engine.sas = cvsw_sas_create();
	KUNIT_ASSERT_TRUE(test, f->engine.table && f->engine.stats && f->engine.sas);
	cvsw_control_init(&f->control, f->dev, &f->engine, false);
	f->requests.control = &f->control;
	f->w = cvsw_writer(f->message, sizeof(f->message));
	return 0;
}

static void fixture_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	fail_at = 0;
	if (!f)
		return;
	cvsw_requests_reset(&f->requests);
	cvsw_control_kill(&f->control);
	cvsw_control_finish(&f->control);
	cvsw_sas_kill(f->engine.sas);
	cvsw_sas_destroy(f->engine.sas);
	cvsw_table_destroy(f->engine.table);
	free_percpu(f->engine.stats);
	fake_nic_free(f->dev);
	rcu_barrier();
	kvfree(f);
}

/* ---- asking ---- */

/* What was written, with @len of its bytes; returns the answer's type, 0: none. */
static unsigned int ask_cut(struct kunit *test, size_t len)
{
	struct fixture *f = test->priv;
	size_t answer;

	answer = cvsw_request(&f->requests, f->message, len, false, f->answer_data);
	if (!answer)
		return 0;
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_message_decode(f->answer_data, answer, &f->answer, NULL),
			CVSW_V3_FINE);
	return f->answer.type;
}

static unsigned int ask(struct kunit *test)
{
	struct fixture *f = test->priv;
	size_t len = f->w.at;
	unsigned int type;

	KUNIT_ASSERT_FALSE(test, f->w.overrun);
	type = ask_cut(test, len);
	KUNIT_EXPECT_EQ(test, f->answer.xid, (u32)XID);
	return type;
}

static void check_done(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, ask(test), (unsigned int)CVSW_V3_ACK);
	KUNIT_EXPECT_EQ(test, f->answer.len, 0ul);
}

/* @at: where in the message */
#define check_refused(test, error, at) check_refused_for(test, error, at, __LINE__)
static void check_refused_for(struct kunit *test, enum cvsw_v3_error error, size_t at,
			      unsigned int line)
{
	struct fixture *f = test->priv;
	struct cvsw_v3_error_body body;

	KUNIT_ASSERT_EQ_MSG(test, ask(test), (unsigned int)CVSW_V3_ERROR, "line %u", line);
	KUNIT_EXPECT_STREQ_MSG(test, cvsw_v3_error_name(f->answer.error), cvsw_v3_error_name(error),
			       "line %u", line);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_error_decode(&f->answer, &body, NULL), CVSW_V3_FINE);
	KUNIT_EXPECT_EQ_MSG(test, body.offset, (u32)at, "line %u", line);
	KUNIT_EXPECT_EQ(test, body.text_len, strlen(cvsw_v3_error_text(error)));
	KUNIT_EXPECT_EQ(test, memcmp(body.text, cvsw_v3_error_text(error), body.text_len), 0);
}

/* ---- writing ---- */

static void begin(struct fixture *f)
{
	f->w = cvsw_writer(f->message, sizeof(f->message));
}

static void plain(struct fixture *f, u16 type)
{
	begin(f);
	f->w.at = cvsw_v3_plain_encode(type, XID, f->message, sizeof(f->message));
}

static void set_value(struct fixture *f, u16 type, u16 value)
{
	begin(f);
	f->w.at = cvsw_v3_set_encode(type, XID, value, f->message, sizeof(f->message));
}

static void bundle(struct fixture *f, u32 number, u8 flags)
{
	begin(f);
	cvsw_v3_flows_begin(&f->w, XID, number, flags);
}

#define WHOLE	(CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_COMMIT)

/* TCP port @port passes; 0: any port, and the flow is every one. */
static size_t make_flow_mod(struct fixture *f, enum cvsw_flow_command command, u16 port)
{
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.priority = 100;
	f->flow.cookie = port;
	if (port) {
		f->flow.match.key.dl_type = ETH_P_IP;
		f->flow.match.mask.dl_type = 0xffff;
		f->flow.match.key.nw_proto = IPPROTO_TCP;
		f->flow.match.mask.nw_proto = 0xff;
		f->flow.match.key.tp_dst = port;
		f->flow.match.mask.tp_dst = 0xffff;
	}
	cvsw_match_normalize(&f->flow.match);
	f->flow.n_actions = 1;
	f->flow.actions[0] = (struct cvsw_action){ .type = CVSW_ACT_OUTPUT,
						   .port = CVSW_PORT_ONWARD };
	return cvsw_ofp10_encode(command, &f->flow, f->flow_mod, sizeof(f->flow_mod));
}

static size_t put_flow(struct fixture *f, enum cvsw_flow_command command, u16 port)
{
	size_t len = make_flow_mod(f, command, port);

	cvsw_put_bytes(&f->w, f->flow_mod, len);
	return len;
}

static void put_flows_add(struct fixture *f, u16 first, u16 last)
{
	for (; first <= last; first++)
		put_flow(f, CVSW_FLOW_ADD, first);
}

/* ---- what is there ---- */

static u32 n_flows(struct fixture *f)
{
	return cvsw_table_count(f->engine.table);
}

struct find {
	struct fixture *f;
	u64 cookie;
	unsigned int n;
	u64 packets;
};

static int find_visit(const struct cvsw_entry *entry, void *arg)
{
	struct find *find = arg;
	u64 bytes;

	if (entry->cookie == find->cookie) {
		cvsw_hits_read(entry->hits, &find->packets, &bytes);
		find->n++;
	}
	return 0;
}

/* Flows of this cookie, which is their port. */
static unsigned int n_of(struct fixture *f, u16 port)
{
	struct find find = { .cookie = port };
	u64 resume = 0;

	cvsw_table_walk(f->engine.table, &resume, find_visit, &find);
	return find.n;
}

static int hit_visit(const struct cvsw_entry *entry, void *arg)
{
	local_bh_disable();
	cvsw_hits_add(entry->hits, 100);
	local_bh_enable();
	return 0;
}

static void hit_all(struct fixture *f)
{
	u64 resume = 0;

	cvsw_table_walk(f->engine.table, &resume, hit_visit, NULL);
}

/* ---- FLOWS ---- */

static void a_bundle_is_done_at_its_end(struct kunit *test)
{
	struct fixture *f = test->priv;

	bundle(f, 1, WHOLE);
	put_flows_add(f, 1, 3);
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_flows(f), 3U);

	bundle(f, 2, CVSW_V3_BUNDLE_OPEN);
	put_flows_add(f, 4, 100);
	check_done(test);
	bundle(f, 2, 0);
	put_flows_add(f, 101, 150);
	put_flow(f, CVSW_FLOW_DELETE, 2);
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_flows(f), 3U);
	KUNIT_EXPECT_EQ(test, n_of(f, 2), 1U);
	KUNIT_EXPECT_EQ(test, n_of(f, 4), 0U);
	bundle(f, 2, CVSW_V3_BUNDLE_COMMIT);
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_flows(f), 149U);
	KUNIT_EXPECT_EQ(test, n_of(f, 2), 0U);
	KUNIT_EXPECT_FALSE(test, f->engine.idle);

	/* In order: what is deleted and added again is there. */
	bundle(f, 3, WHOLE);
	put_flow(f, CVSW_FLOW_DELETE, 0);
	put_flow(f, CVSW_FLOW_ADD, 7);
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_flows(f), 1U);
	bundle(f, 4, WHOLE);
	put_flow(f, CVSW_FLOW_ADD, 8);
	put_flow(f, CVSW_FLOW_DELETE, 0);
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_flows(f), 0U);
	KUNIT_EXPECT_TRUE(test, f->engine.idle);
}

static void a_fault_undoes_the_whole_bundle(struct kunit *test)
{
	struct fixture *f = test->priv;
	size_t at, len;

	bundle(f, 1, WHOLE);
	put_flows_add(f, 1, 3);
	check_done(test);

	bundle(f, 2, CVSW_V3_BUNDLE_OPEN);
	put_flow(f, CVSW_FLOW_DELETE, 0);
	put_flows_add(f, 4, 10);
	check_done(test);
	bundle(f, 2, CVSW_V3_BUNDLE_COMMIT);
	put_flow(f, CVSW_FLOW_ADD, 11);
	at = f->w.at;
	len = put_flow(f, CVSW_FLOW_ADD, 12);
	put_flow(f, CVSW_FLOW_ADD, 13);
	f->message[at + len - 4] = 0x12;	/* OUTPUT to nowhere */
	check_refused(test, CVSW_V3_ERR_ACTION_PORT, at + len - 4);
	KUNIT_EXPECT_EQ(test, n_flows(f), 3U);
	KUNIT_EXPECT_EQ(test, n_of(f, 1), 1U);
	/* The rest of it has nowhere to go. */
	bundle(f, 2, CVSW_V3_BUNDLE_COMMIT);
	check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
	bundle(f, 2, 0);
	put_flow(f, CVSW_FLOW_ADD, 12);
	check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
	KUNIT_EXPECT_EQ(test, n_flows(f), 3U);
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
	{ WHOLE, 16, 0, CVSW_V3_ERR_VERSION, 16 },	/* the published driver's form */
	{ WHOLE, 16, 4, CVSW_V3_ERR_VERSION, 16 },
	{ WHOLE, 17, 3, CVSW_V3_ERR_OFP_TYPE, 17 },
	{ WHOLE, 19, 200, CVSW_V3_ERR_LENGTH, 18 },
	{ WHOLE, 73, 5, CVSW_V3_ERR_COMMAND, 72 },
	{ WHOLE | CVSW_V3_BUNDLE_REPLACE, 73, 1, CVSW_V3_ERR_COMMAND, 16 },
	{ WHOLE | CVSW_V3_BUNDLE_REPLACE, 73, 3, CVSW_V3_ERR_COMMAND, 16 },
	{ WHOLE, 87, 4, CVSW_V3_ERR_FLAGS, 86 },
	{ WHOLE, 89, 11, CVSW_V3_ERR_ACTION_TYPE, 88 },
};

static void bad_bundles_change_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	bundle(f, 1, WHOLE);
	put_flow(f, CVSW_FLOW_ADD, 9);
	check_done(test);
	for (i = 0; i < ARRAY_SIZE(bad_flows); i++) {
		bundle(f, 2, bad_flows[i].flags);
		put_flow(f, CVSW_FLOW_ADD, 80);
		if (bad_flows[i].at >= 0)
			f->message[bad_flows[i].at] = bad_flows[i].value;
		check_refused_for(test, bad_flows[i].error, bad_flows[i].offset, i);
		KUNIT_EXPECT_EQ_MSG(test, n_flows(f), 1U, "bad flow %u", i);
		KUNIT_EXPECT_EQ_MSG(test, n_of(f, 9), 1U, "bad flow %u", i);
		KUNIT_EXPECT_FALSE(test, cvsw_table_changing(f->engine.table));
	}
}

/* However it is cut, it is refused with an answer; and nothing behind it is read (KASAN). */
static void cut_messages_are_refused(struct kunit *test)
{
	struct fixture *f = test->priv;
	size_t whole, len;
	u8 *copy;

	bundle(f, 1, WHOLE);
	whole = f->w.at + put_flow(f, CVSW_FLOW_ADD, 80);
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
	KUNIT_EXPECT_EQ(test, n_flows(f), 0U);
}

static void too_long_ends_its_bundle(struct kunit *test)
{
	struct fixture *f = test->priv;
	size_t len;

	bundle(f, 1, CVSW_V3_BUNDLE_OPEN);
	put_flow(f, CVSW_FLOW_ADD, 80);
	check_done(test);
	bundle(f, 1, 0);
	len = cvsw_request(&f->requests, f->message, CVSW_V3_SKIPPED_LEN, true, f->answer_data);
	KUNIT_EXPECT_EQ(test, (int)cvsw_v3_message_decode(f->answer_data, len, &f->answer, NULL),
			CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, (int)f->answer.error, CVSW_V3_ERR_TOO_LONG);
	KUNIT_EXPECT_EQ(test, f->answer.xid, (u32)XID);
	bundle(f, 1, CVSW_V3_BUNDLE_COMMIT);
	check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
}

static void a_bundle_is_thrown_away(struct kunit *test)
{
	struct fixture *f = test->priv;

	bundle(f, 1, CVSW_V3_BUNDLE_OPEN);
	put_flow(f, CVSW_FLOW_ADD, 80);
	check_done(test);
	bundle(f, 1, CVSW_V3_BUNDLE_ABORT);
	check_done(test);
	bundle(f, 1, CVSW_V3_BUNDLE_COMMIT);
	check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
	/* By another one's beginning. */
	bundle(f, 1, CVSW_V3_BUNDLE_OPEN);
	put_flow(f, CVSW_FLOW_ADD, 80);
	check_done(test);
	bundle(f, 2, CVSW_V3_BUNDLE_OPEN);
	put_flow(f, CVSW_FLOW_ADD, 81);
	check_done(test);
	bundle(f, 2, CVSW_V3_BUNDLE_COMMIT);
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_flows(f), 1U);
	/* By one of another number. */
	bundle(f, 3, CVSW_V3_BUNDLE_OPEN);
	put_flow(f, CVSW_FLOW_ADD, 82);
	check_done(test);
	bundle(f, 4, CVSW_V3_BUNDLE_COMMIT);
	check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
	bundle(f, 3, CVSW_V3_BUNDLE_COMMIT);
	check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
	/* By the end of the conversation. */
	bundle(f, 5, CVSW_V3_BUNDLE_OPEN);
	put_flow(f, CVSW_FLOW_ADD, 82);
	check_done(test);
	cvsw_requests_reset(&f->requests);
	bundle(f, 5, CVSW_V3_BUNDLE_COMMIT);
	check_refused(test, CVSW_V3_ERR_NO_BUNDLE, 8);
	KUNIT_EXPECT_EQ(test, n_flows(f), 1U);
}

static void a_replace_keeps_what_stays(struct kunit *test)
{
	struct find find = { .cookie = 5 };
	struct fixture *f = test->priv;
	u64 resume = 0;

	bundle(f, 1, WHOLE);
	put_flows_add(f, 1, 5);
	check_done(test);
	hit_all(f);
	bundle(f, 2, WHOLE | CVSW_V3_BUNDLE_REPLACE);
	put_flows_add(f, 5, 7);
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_flows(f), 3U);
	KUNIT_EXPECT_EQ(test, n_of(f, 4), 0U);
	cvsw_table_walk(f->engine.table, &resume, find_visit, &find);
	KUNIT_EXPECT_EQ(test, find.n, 1U);
	KUNIT_EXPECT_EQ(test, find.packets, 1ULL);

	bundle(f, 3, CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_REPLACE);
	put_flow(f, CVSW_FLOW_ADD, 100);
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_flows(f), 3U);
	bundle(f, 3, CVSW_V3_BUNDLE_ABORT);
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_flows(f), 3U);
	KUNIT_EXPECT_EQ(test, n_of(f, 100), 0U);
	bundle(f, 4, WHOLE | CVSW_V3_BUNDLE_REPLACE);
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_flows(f), 0U);
}

/* What a command does is table_test.c's matter; here each of them comes that far. */
static void all_commands_are_done(struct kunit *test)
{
	struct fixture *f = test->priv;

	bundle(f, 1, WHOLE);
	put_flows_add(f, 1, 3);
	put_flow(f, CVSW_FLOW_MODIFY_STRICT, 4);	/* meets none: an ADD */
	put_flow(f, CVSW_FLOW_DELETE_STRICT, 1);
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_flows(f), 3U);
	KUNIT_EXPECT_EQ(test, n_of(f, 1), 0U);
	bundle(f, 2, WHOLE);
	put_flow(f, CVSW_FLOW_MODIFY, 0);		/* which gives all its cookie, 0 */
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_of(f, 0), 3U);
	bundle(f, 3, WHOLE);
	put_flow(f, CVSW_FLOW_DELETE_STRICT, 0);	/* not this one */
	check_done(test);
	KUNIT_EXPECT_EQ(test, n_flows(f), 3U);
}

static void no_memory_leaves_the_table(struct kunit *test)
{
	struct fixture *f = test->priv;
	int n;

	bundle(f, 1, WHOLE);
	put_flows_add(f, 1, 3);
	check_done(test);
	for (n = 1; n <= 4; n++) {
		size_t at[4];
		unsigned int i;

		bundle(f, 2, WHOLE | CVSW_V3_BUNDLE_REPLACE);
		for (i = 0; i < 4; i++) {
			at[i] = f->w.at;
			put_flow(f, CVSW_FLOW_ADD, 10 + i);
		}
		fail_at = n;
		check_refused(test, CVSW_V3_ERR_NO_MEMORY, at[n - 1]);
		fail_at = 0;
		KUNIT_EXPECT_EQ(test, n_flows(f), 3U);
		KUNIT_EXPECT_EQ(test, n_of(f, 1) + n_of(f, 2) + n_of(f, 3), 3U);
	}
}

/* ---- LIST ---- */

/* Lists it all; returns how many entries, and in how many answers. */
static unsigned int list(struct kunit *test, const u8 *filter, size_t filter_len,
			 unsigned int *answers)
{
	struct cvsw_v3_list ask_list = { .filter = filter, .filter_len = filter_len };
	struct fixture *f = test->priv;
	enum cvsw_flow_command command;
	struct cvsw_v3_entry entry;
	struct cvsw_reader r;
	unsigned int n = 0;
	size_t used;

	*answers = 0;
	do {
		begin(f);
		f->w.at = cvsw_v3_list_encode(XID, &ask_list, f->message, sizeof(f->message));
		KUNIT_ASSERT_EQ(test, ask(test), (unsigned int)CVSW_V3_LIST_ANSWER);
		KUNIT_ASSERT_EQ(test, (int)cvsw_v3_list_answer_decode(&f->answer, &ask_list.resume,
								      &r, NULL), CVSW_V3_FINE);
		for (; cvsw_left(&r); n++) {
			KUNIT_ASSERT_EQ(test, (int)cvsw_v3_entry_get(&r, &entry), CVSW_V3_FINE);
			KUNIT_EXPECT_EQ(test, (int)cvsw_ofp10_decode(entry.flow_mod, entry.len,
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
	struct fixture *f = test->priv;
	unsigned int answers, first;

	KUNIT_EXPECT_EQ(test, list(test, NULL, 0, &answers), 0U);
	KUNIT_EXPECT_EQ(test, answers, 1U);
	for (first = 1; first < 1000; first += 100) {
		bundle(f, 1, WHOLE);
		put_flows_add(f, first, first + 99);
		check_done(test);
	}
	hit_all(f);
	KUNIT_EXPECT_EQ(test, list(test, NULL, 0, &answers), 1000U);
	/* Each is 32 + 80 bytes long, and an answer 16 and at most 16384. */
	KUNIT_EXPECT_EQ(test, answers, (unsigned int)DIV_ROUND_UP(1000, (16384 - 16) / 112));

	/* What is being made is not there yet. */
	bundle(f, 2, CVSW_V3_BUNDLE_OPEN);
	put_flow(f, CVSW_FLOW_ADD, 2000);
	put_flow(f, CVSW_FLOW_DELETE, 5);
	check_done(test);
	KUNIT_EXPECT_EQ(test, list(test, NULL, 0, &answers), 1000U);
}

static void only_what_is_covered_is_listed(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int answers;
	u8 filter[256];
	size_t len;

	bundle(f, 1, WHOLE);
	put_flows_add(f, 1, 140);
	check_done(test);
	bundle(f, 1, WHOLE);
	put_flows_add(f, 141, 270);
	check_done(test);
	hit_all(f);
	len = make_flow_mod(f, CVSW_FLOW_DELETE, 270);
	KUNIT_ASSERT_LE(test, len, sizeof(filter));
	memcpy(filter, f->flow_mod, len);
	/* Behind a pause: more than WALK_BURST are looked at. */
	KUNIT_EXPECT_EQ(test, list(test, filter, len, &answers), 1U);
	KUNIT_EXPECT_EQ(test, answers, 1U);
	len = make_flow_mod(f, CVSW_FLOW_ADD, 0);
	memcpy(filter, f->flow_mod, len);
	KUNIT_EXPECT_EQ(test, list(test, filter, len, &answers), 270U);
}

static void bad_lists_are_refused(struct kunit *test)
{
	struct cvsw_v3_list ask_list = { .resume = U64_MAX };
	struct fixture *f = test->priv;
	struct cvsw_reader r;
	u64 resume;

	begin(f);
	f->w.at = cvsw_v3_list_encode(XID, &ask_list, f->message, sizeof(f->message));
	KUNIT_EXPECT_EQ(test, ask(test), (unsigned int)CVSW_V3_LIST_ANSWER);
	KUNIT_EXPECT_EQ(test, (int)cvsw_v3_list_answer_decode(&f->answer, &resume, &r, NULL),
			CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, resume, 0ULL);
	f->message[16] = 1;
	check_refused(test, CVSW_V3_ERR_RESERVED, 16);
	f->message[16] = 0;
	put_flow(f, CVSW_FLOW_ADD, 80);
	cvsw_put_u8(&f->w, 0);
	check_refused(test, CVSW_V3_ERR_LENGTH, f->w.at - 1);
	f->w.at = 30;
	check_refused(test, CVSW_V3_ERR_SHORT, 30);
}

/* ---- the others ---- */

static void capabilities_are_told(struct kunit *test)
{
	struct cvsw_v3_capabilities can;
	struct fixture *f = test->priv;

	bundle(f, 1, WHOLE);
	put_flows_add(f, 1, 3);
	check_done(test);
	plain(f, CVSW_V3_CAPABILITIES);
	KUNIT_ASSERT_EQ(test, ask(test), (unsigned int)CVSW_V3_CAPABILITIES_ANSWER);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_capabilities_decode(&f->answer, &can, NULL),
			CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, can.features, CAN);
	KUNIT_EXPECT_EQ(test, can.flows, 3U);
	KUNIT_EXPECT_EQ(test, can.max_flows, (u32)CVSW_TABLE_MAX);
	KUNIT_EXPECT_EQ(test, can.mtu, 1500U);
	KUNIT_EXPECT_EQ(test, can.min_mtu, (u32)ETH_MIN_MTU);
	KUNIT_EXPECT_EQ(test, can.max_mtu, (u32)ETH_DATA_LEN);
	KUNIT_EXPECT_TRUE(test, can.offloads & CVSW_OFFLOAD_CSUM);
	KUNIT_EXPECT_FALSE(test, can.all_offloads & CVSW_OFFLOAD_UFO);
	KUNIT_EXPECT_EQ(test, can.release_len, strlen(CVSW_VERSION));

	f->engine.miss_drop = true;
	ask(test);
	cvsw_v3_capabilities_decode(&f->answer, &can, NULL);
	KUNIT_EXPECT_EQ(test, can.features, CAN | CVSW_V3_MISS_DROPS);
	cvsw_put_u8(&f->w, 0);
	check_refused(test, CVSW_V3_ERR_LENGTH, 8);
}

static void statistics_are_told(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_v3_counter counter;
	unsigned int n = 0, found = 0;
	struct cvsw_reader r;

	set_value(f, CVSW_V3_SET_MTU, 1400);
	check_done(test);
	set_value(f, CVSW_V3_SET_MTU, 9001);
	check_refused(test, CVSW_V3_ERR_REFUSED, 8);
	plain(f, CVSW_V3_STATISTICS);
	KUNIT_ASSERT_EQ(test, ask(test), (unsigned int)CVSW_V3_STATISTICS_ANSWER);
	r = cvsw_reader(f->answer.body, f->answer.len);
	for (; cvsw_left(&r); n++) {
		KUNIT_ASSERT_EQ(test, (int)cvsw_v3_counter_get(&r, &counter), CVSW_V3_FINE);
		if (!strncmp(counter.name, "request-done", counter.name_len) ||
		    !strncmp(counter.name, "request-refused", counter.name_len))
			found += counter.value;
	}
	KUNIT_EXPECT_EQ(test, n, (unsigned int)CVSW_N_COUNTERS - 1);
	KUNIT_EXPECT_EQ(test, found, 2U);
}

static void device_is_set(struct kunit *test)
{
	netdev_features_t tso = NETIF_F_TSO | NETIF_F_TSO6;
	struct fixture *f = test->priv;

	set_value(f, CVSW_V3_SET_MTU, 1400);
	check_done(test);
	KUNIT_EXPECT_EQ(test, f->dev->mtu, 1400U);
	KUNIT_EXPECT_EQ(test, f->engine.control_mtu, 1400U);
	set_value(f, CVSW_V3_SET_MTU, 60);
	check_refused(test, CVSW_V3_ERR_REFUSED, 8);
	KUNIT_EXPECT_EQ(test, f->dev->mtu, 1400U);
	KUNIT_EXPECT_EQ(test, f->engine.control_mtu, 1400U);

	set_value(f, CVSW_V3_SET_OFFLOAD, CVSW_OFFLOAD_CSUM);
	check_done(test);
	KUNIT_EXPECT_TRUE(test, f->dev->features & NETIF_F_HW_CSUM);
	KUNIT_EXPECT_FALSE(test, !!(f->dev->features & tso));
	/* TSO cannot be without the checksum. */
	set_value(f, CVSW_V3_SET_OFFLOAD, CVSW_OFFLOAD_TSO);
	check_refused(test, CVSW_V3_ERR_REFUSED, 8);
	set_value(f, CVSW_V3_SET_OFFLOAD, 0x20);
	check_refused(test, CVSW_V3_ERR_VALUE, 8);
	f->message[10] = 1;
	check_refused(test, CVSW_V3_ERR_RESERVED, 10);

	WRITE_ONCE(f->control.dead, true);
	set_value(f, CVSW_V3_SET_MTU, 1300);
	check_refused(test, CVSW_V3_ERR_GONE, 8);
	KUNIT_EXPECT_EQ(test, f->dev->mtu, 1400U);
}

static void set_sa_as(struct fixture *f, u32 spi, u8 direction, u8 key_len)
{
	struct cvsw_sa sa = { .spi = spi, .direction = direction, .key_len = key_len };

	memset(sa.key, spi, key_len);
	begin(f);
	f->w.at = cvsw_v3_set_sa_encode(XID, &sa, f->message, sizeof(f->message));
}

static void sas_are_installed_once(struct kunit *test)
{
	struct cvsw_v3_capabilities can;
	struct fixture *f = test->priv;

	set_sa_as(f, 300, CVSW_SA_OUT, 32);
	check_done(test);
	check_refused(test, CVSW_V3_ERR_SA_KNOWN, 12);
	set_sa_as(f, 300, CVSW_SA_OUT, 16);
	check_refused(test, CVSW_V3_ERR_SA_KNOWN, 12);
	set_sa_as(f, 300, CVSW_SA_IN, 16);
	check_done(test);
	set_sa_as(f, 301, CVSW_SA_IN, 0);
	check_refused(test, CVSW_V3_ERR_SA_UNKNOWN, 12);
	set_sa_as(f, 300, CVSW_SA_IN, 0);
	check_done(test);
	check_refused(test, CVSW_V3_ERR_SA_UNKNOWN, 12);
	set_sa_as(f, 300, CVSW_SA_IN, 16);
	check_refused(test, CVSW_V3_ERR_SA_KNOWN, 12);
	set_sa_as(f, 255, CVSW_SA_IN, 16);
	KUNIT_EXPECT_EQ(test, ask(test), (unsigned int)CVSW_V3_ERROR);
	KUNIT_EXPECT_EQ(test, (int)f->answer.error, CVSW_V3_ERR_SA);

	cvsw_sas_stop(f->engine.sas);
	plain(f, CVSW_V3_CAPABILITIES);
	ask(test);
	KUNIT_EXPECT_EQ(test, (int)cvsw_v3_capabilities_decode(&f->answer, &can, NULL),
			CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, can.features, CAN | CVSW_V3_SAS_STOPPED);
}

static void unknown_types(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int type;

	for (type = 0; type < 256; type++) {
		plain(f, type);
		f->answer.xid = XID;
		if (type % 2) {
			KUNIT_EXPECT_EQ(test, ask(test), 0U);
			continue;
		}
		if (type >= CVSW_V3_CAPABILITIES && type <= CVSW_V3_TRACE)
			continue;
		check_refused(test, CVSW_V3_ERR_TYPE, 0);
	}
	plain(f, CVSW_V3_SET_MTU);
	f->message[3] = 1;	/* a request with an error in it */
	KUNIT_EXPECT_EQ(test, ask(test), (unsigned int)CVSW_V3_ERROR);
}

static struct kunit_case requests_cases[] = {
	KUNIT_CASE(a_bundle_is_done_at_its_end),
	KUNIT_CASE(a_fault_undoes_the_whole_bundle),
	KUNIT_CASE(bad_bundles_change_nothing),
	KUNIT_CASE(cut_messages_are_refused),
	KUNIT_CASE(too_long_ends_its_bundle),
	KUNIT_CASE(a_bundle_is_thrown_away),
	KUNIT_CASE(a_replace_keeps_what_stays),
	KUNIT_CASE(all_commands_are_done),
	KUNIT_CASE(no_memory_leaves_the_table),
	KUNIT_CASE(the_table_is_listed_in_parts),
	KUNIT_CASE(only_what_is_covered_is_listed),
	KUNIT_CASE(bad_lists_are_refused),
	KUNIT_CASE(capabilities_are_told),
	KUNIT_CASE(statistics_are_told),
	KUNIT_CASE(device_is_set),
	KUNIT_CASE(sas_are_installed_once),
	KUNIT_CASE(unknown_types),
	{}
};

static int requests_suite_init(struct kunit_suite *suite)
{
	return cvsw_control_module_init() ?: cvsw_sa_module_init();
}

static void requests_suite_exit(struct kunit_suite *suite)
{
	cvsw_sa_module_exit();
	cvsw_control_module_exit();
}

static struct kunit_suite requests_suite = {
	.name = "cvsw_requests",
	.suite_init = requests_suite_init,
	.suite_exit = requests_suite_exit,
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = requests_cases,
};
kunit_test_suite(requests_suite);
