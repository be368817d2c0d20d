// SPDX-License-Identifier: GPL-2.0
/* Groups as a controller of version 3 asks for them: bundles, LIST_GROUPS, GROUP_COUNTERS. */
#include <kunit/test.h>

#include "../drivers/cvsw/table/groups.h"
#include "../drivers/cvsw/table/table_parts.h"
#include "../drivers/cvsw/esp/esp.h"
#include "../drivers/cvsw/tunnel/vxlan.h"
#include "../proto/cvsw_group_mod.h"
#include "asking.h"
#include "flows.h"
#include "frames.h"

#define MODS_AT		(CVSW_V3_MESSAGE_HEADER_LEN + 8)

/**
 * struct fixture - asking, about groups
 * @group: to be written
 * @listed: that was listed last
 */
struct fixture {
	struct asking asking;
	struct cvsw_group group, listed;
	u8 mod[CVSW_GROUP_MOD_MAX];
};

static struct cvsw_table *table_of(struct fixture *f)
{
	return f->asking.port.engine.table;
}

/* Buckets that output, @n of them. */
static void make_group(struct fixture *f, u32 id, enum cvsw_group_type type, unsigned int n)
{
	unsigned int i;

	memset(&f->group, 0, sizeof(f->group));
	f->group.id = id;
	f->group.type = type;
	f->group.n_buckets = n;
	f->group.n_actions = n;
	for (i = 0; i < n; i++) {
		f->group.buckets[i] = (struct cvsw_bucket){ .first = i, .n_actions = 1, .weight = 1 };
		f->group.actions[i] = (struct cvsw_action){ .type = CVSW_ACT_OUTPUT,
							    .port = CVSW_PORT_ONWARD };
	}
	for (i = 0; type == CVSW_GROUP_TYPE_SELECT && n && i < CVSW_GROUP_SLOTS; i++) {
		f->group.slots[i] = i % n;
		f->group.backup[i] = (i + 1) % n;
	}
}

static size_t put_group(struct fixture *f, enum cvsw_group_command command)
{
	size_t len = cvsw_group_mod_encode(command, &f->group, f->mod, sizeof(f->mod));

	cvsw_put_bytes(&f->asking.w, f->mod, len);
	return len;
}

static size_t put_flow_to(struct fixture *f, u16 port, u32 group)
{
	struct asking *a = &f->asking;
	size_t len;

	ask_make_flow_mod(a, CVSW_FLOW_ADD, port);
	a->flow.actions[0] = (struct cvsw_action){ .type = CVSW_ACT_GROUP, .to_group.id = group };
	len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, &a->flow, a->flow_mod, sizeof(a->flow_mod));
	cvsw_put_bytes(&a->w, a->flow_mod, len);
	return len;
}

static void mod_group(struct kunit *test, enum cvsw_group_command command)
{
	struct fixture *f = test->priv;

	ask_bundle(&f->asking, 1, WHOLE);
	put_group(f, command);
	ask_check_done(test);
}

static u32 n_groups(struct fixture *f)
{
	return table_of(f)->groups.n;
}

/* Groups and flows end together, or not at all. */
static void one_bundle_has_both(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct asking *a = &f->asking;
	size_t len;

	ask_bundle(a, 1, CVSW_V3_BUNDLE_OPEN);
	make_group(f, 5, CVSW_GROUP_TYPE_SELECT, 3);
	put_group(f, CVSW_GROUP_ADD);
	put_flow_to(f, 80, 5);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, n_groups(f), 0U);
	KUNIT_EXPECT_EQ(test, ask_n_flows(a), 0U);
	ask_bundle(a, 1, CVSW_V3_BUNDLE_COMMIT);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, n_groups(f), 1U);
	KUNIT_EXPECT_EQ(test, ask_n_flows(a), 1U);
	KUNIT_EXPECT_FALSE(test, a->port.engine.idle);
	/* What is wrong at the end undoes it all. */
	ask_bundle(a, 1, WHOLE);
	f->group.id = 6;
	len = put_group(f, CVSW_GROUP_ADD);
	len += put_flow_to(f, 81, 6);
	put_flow_to(f, 82, 7);
	ask_check_refused(test, CVSW_V3_ERR_OUT_GROUP, MODS_AT + len);
	KUNIT_EXPECT_EQ(test, n_groups(f), 1U);
	KUNIT_EXPECT_EQ(test, ask_n_flows(a), 1U);
	ask_bundle(a, 1, CVSW_V3_BUNDLE_OPEN);
	put_group(f, CVSW_GROUP_ADD);
	ask_check_done(test);
	ask_bundle(a, 1, CVSW_V3_BUNDLE_ABORT);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, n_groups(f), 1U);
	/* The flow goes with the group. */
	f->group.id = 5;
	mod_group(test, CVSW_GROUP_DELETE);
	KUNIT_EXPECT_EQ(test, n_groups(f), 0U);
	KUNIT_EXPECT_EQ(test, ask_n_flows(a), 0U);
	KUNIT_EXPECT_TRUE(test, a->port.engine.idle);
}

static void refuse(struct kunit *test, enum cvsw_group_command command, enum cvsw_v3_error error,
		   size_t at)
{
	struct fixture *f = test->priv;
	size_t before;

	ask_bundle(&f->asking, 1, WHOLE);
	before = ask_put_flow(&f->asking, CVSW_FLOW_ADD, 1);
	put_group(f, command);
	ask_check_refused(test, error, MODS_AT + before + at);
	KUNIT_EXPECT_EQ(test, ask_n_flows(&f->asking), 0U);
}

static void each_error_says_where(struct kunit *test)
{
	struct fixture *f = test->priv;

	make_group(f, 5, CVSW_GROUP_TYPE_ALL, 2);
	mod_group(test, CVSW_GROUP_ADD);
	refuse(test, CVSW_GROUP_ADD, CVSW_V3_ERR_GROUP_EXISTS, 0);
	f->group.id = 6;
	refuse(test, CVSW_GROUP_MODIFY, CVSW_V3_ERR_GROUP_UNKNOWN, 0);
	refuse(test, CVSW_GROUP_LIVE, CVSW_V3_ERR_GROUP_UNKNOWN, 0);
	f->group.id = CVSW_GROUP_MAX + 1;
	refuse(test, CVSW_GROUP_ADD, CVSW_V3_ERR_GROUP, 4);
	f->group.id = 6;
	f->group.type = 4;
	refuse(test, CVSW_GROUP_ADD, CVSW_V3_ERR_GROUP, 3);
	make_group(f, 6, CVSW_GROUP_TYPE_INDIRECT, 2);
	refuse(test, CVSW_GROUP_ADD, CVSW_V3_ERR_BUCKET, 8);
	make_group(f, 6, CVSW_GROUP_TYPE_ALL, 2);
	f->group.actions[1] = (struct cvsw_action){ .type = CVSW_ACT_GROUP, .to_group.id = 5 };
	/* Behind the header and a bucket with an output. */
	refuse(test, CVSW_GROUP_ADD, CVSW_V3_ERR_ACTION_ORDER,
	       16 + 4 + cvsw_actions_encode(f->group.actions, 1, f->mod, sizeof(f->mod)) + 4);
	cvsw_table_set_group_limit(table_of(f), 1);
	make_group(f, 6, CVSW_GROUP_TYPE_ALL, 2);
	refuse(test, CVSW_GROUP_ADD, CVSW_V3_ERR_GROUPS_FULL, 0);
	KUNIT_EXPECT_EQ(test, n_groups(f), 1U);
}

/* OpenFlow 1.3.0, A.4.4. */
static void errors_have_numbers_of_openflow(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_v3_error_body body;

	make_group(f, 5, CVSW_GROUP_TYPE_ALL, 2);
	ask_bundle(&f->asking, 1, WHOLE);
	put_group(f, CVSW_GROUP_MODIFY);
	KUNIT_ASSERT_EQ(test, ask(test), (unsigned int)CVSW_V3_ERROR);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_error_decode(&f->asking.answer, &body, NULL),
			CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, body.ofp_type, 6U);
	KUNIT_EXPECT_EQ(test, body.ofp_code, 8U);
	ask_bundle(&f->asking, 1, WHOLE);
	put_flow_to(f, 80, 5);
	KUNIT_ASSERT_EQ(test, ask(test), (unsigned int)CVSW_V3_ERROR);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_error_decode(&f->asking.answer, &body, NULL),
			CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, body.ofp_type, 2U);
	KUNIT_EXPECT_EQ(test, body.ofp_code, 9U);
}

/* REPLACE is of groups, too; and of ADDs alone. */
static void a_replacement_has_all_groups(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct asking *a = &f->asking;
	size_t len;

	make_group(f, 5, CVSW_GROUP_TYPE_ALL, 2);
	mod_group(test, CVSW_GROUP_ADD);
	make_group(f, 6, CVSW_GROUP_TYPE_ALL, 2);
	mod_group(test, CVSW_GROUP_ADD);
	ask_bundle(a, 1, WHOLE | CVSW_V3_BUNDLE_REPLACE);
	put_group(f, CVSW_GROUP_MODIFY);
	ask_check_refused(test, CVSW_V3_ERR_COMMAND, MODS_AT);
	/* Group 5 is there now, but not in the end. */
	ask_bundle(a, 1, WHOLE | CVSW_V3_BUNDLE_REPLACE);
	len = put_group(f, CVSW_GROUP_ADD);
	put_flow_to(f, 80, 5);
	ask_check_refused(test, CVSW_V3_ERR_OUT_GROUP, MODS_AT + len);
	KUNIT_EXPECT_EQ(test, n_groups(f), 2U);
	ask_bundle(a, 1, WHOLE | CVSW_V3_BUNDLE_REPLACE);
	put_group(f, CVSW_GROUP_ADD);
	put_flow_to(f, 80, 6);
	ask_check_done(test);
	KUNIT_EXPECT_EQ(test, n_groups(f), 1U);
	KUNIT_EXPECT_EQ(test, ask_n_flows(a), 1U);
}

/* ---- LIST_GROUPS ---- */

static u64 ask_list(struct kunit *test, u64 resume, struct cvsw_reader *entries)
{
	struct fixture *f = test->priv;
	struct asking *a = &f->asking;
	u64 next = 0;

	ask_begin(a);
	a->w.at = cvsw_v3_resume_encode(CVSW_V3_LIST_GROUPS, ASK_XID, resume, a->message,
					sizeof(a->message));
	KUNIT_EXPECT_EQ(test, ask(test), (unsigned int)CVSW_V3_LIST_GROUPS_ANSWER);
	KUNIT_EXPECT_EQ(test, (int)cvsw_v3_list_answer_decode(&a->answer, &next, entries, NULL),
			CVSW_V3_FINE);
	return next;
}

static void groups_are_listed_in_parts(struct kunit *test)
{
	struct fixture *f = test->priv;
	enum cvsw_group_command command;
	unsigned int i, n = 0, parts = 0;
	struct cvsw_v3_entry entry;
	struct cvsw_reader entries;
	u64 resume = 0;
	size_t used;

	for (i = 0; i < 60; i++) {
		make_group(f, i * 50000000, i % 4, i % 4 == CVSW_GROUP_TYPE_INDIRECT ? 1 : i);
		mod_group(test, CVSW_GROUP_ADD);
	}
	do {
		resume = ask_list(test, resume, &entries);
		while (cvsw_left(&entries)) {
			KUNIT_ASSERT_EQ(test, (int)cvsw_v3_entry_get(&entries, &entry), CVSW_V3_FINE);
			make_group(f, n * 50000000, n % 4,
				   n % 4 == CVSW_GROUP_TYPE_INDIRECT ? 1 : n);
			KUNIT_ASSERT_EQ(test, (int)cvsw_group_mod_decode(entry.flow_mod, entry.len,
									 &used, &command,
									 &f->listed, NULL), CVSW_OK);
			KUNIT_EXPECT_EQ(test, (int)command, (int)CVSW_GROUP_ADD);
			KUNIT_EXPECT_EQ(test, f->listed.id, f->group.id);
			used = cvsw_group_mod_encode(command, &f->group, f->mod, sizeof(f->mod));
			KUNIT_ASSERT_EQ(test, used, entry.len);
			KUNIT_EXPECT_EQ(test, memcmp(f->mod, entry.flow_mod, used), 0);
			KUNIT_EXPECT_EQ(test, entry.idle, U32_MAX);
			KUNIT_EXPECT_LT(test, entry.age, 600000ULL);
			n++;
		}
		parts++;
	} while (resume && parts < 100);
	KUNIT_EXPECT_EQ(test, n, 60U);
	KUNIT_EXPECT_GT(test, parts, 1U);
	/* Behind the last number there is none. */
	KUNIT_EXPECT_EQ(test, ask_list(test, U64_MAX, &entries), 0ULL);
	KUNIT_EXPECT_EQ(test, cvsw_left(&entries), 0UL);
}

/* ---- counters ---- */

static void count_frame(struct fixture *f, u32 id, unsigned int bucket, unsigned int slot)
{
	struct cvsw_group_version *group;

	readers_begin();
	group = cvsw_table_group(table_of(f), id, cvsw_table_version(table_of(f)));
	if (group) {
		cvsw_hits_add(group->buckets[bucket].entry->hits, 100 + bucket);
		cvsw_slot_hits_add(group->slots->hits, slot, 1000 + slot);
	}
	readers_end();
}

static void ask_counters(struct asking *a, u64 group)
{
	ask_begin(a);
	a->w.at = cvsw_v3_resume_encode(CVSW_V3_GROUP_COUNTERS, ASK_XID, group, a->message,
					sizeof(a->message));
}

static void counters_are_told(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct asking *a = &f->asking;
	struct cvsw_v3_entry entry;
	struct cvsw_reader pairs;
	u64 group, packets, bytes;
	unsigned int i;

	make_group(f, 5, CVSW_GROUP_TYPE_SELECT, 3);
	mod_group(test, CVSW_GROUP_ADD);
	count_frame(f, 5, 1, 7);
	count_frame(f, 5, 2, 255);
	count_frame(f, 5, 2, 255);
	ask_list(test, 0, &pairs);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_entry_get(&pairs, &entry), CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, entry.n_packets, 3ULL);
	KUNIT_EXPECT_EQ(test, entry.n_bytes, 305ULL);
	ask_counters(a, 5);
	KUNIT_ASSERT_EQ(test, ask(test), (unsigned int)CVSW_V3_GROUP_COUNTERS_ANSWER);
	KUNIT_ASSERT_EQ(test, (int)cvsw_v3_list_answer_decode(&a->answer, &group, &pairs, NULL),
			CVSW_V3_FINE);
	KUNIT_EXPECT_EQ(test, group, 5ULL);
	for (i = 0; i < 3 + CVSW_GROUP_SLOTS; i++) {
		u64 want = i == 1 || i == 3 + 7 ? 1 : i == 2 || i == 3 + 255 ? 2 : 0;

		KUNIT_ASSERT_EQ(test, (int)cvsw_v3_hits_get(&pairs, &packets, &bytes), CVSW_V3_FINE);
		KUNIT_EXPECT_EQ(test, packets, want);
		KUNIT_EXPECT_EQ(test, bytes, want * (i < 3 ? 100 + i : 1000 + i - 3));
	}
	KUNIT_EXPECT_EQ(test, cvsw_left(&pairs), 0UL);
	ask_counters(a, 6);
	ask_check_refused(test, CVSW_V3_ERR_GROUP_UNKNOWN, 0);
	/* Not that of its lower half. */
	ask_counters(a, (1ull << 32) + 5);
	ask_check_refused(test, CVSW_V3_ERR_GROUP_UNKNOWN, 0);
	/* A group without slots has no pairs for them. */
	make_group(f, 6, CVSW_GROUP_TYPE_ALL, 2);
	mod_group(test, CVSW_GROUP_ADD);
	ask_counters(a, 6);
	KUNIT_ASSERT_EQ(test, ask(test), (unsigned int)CVSW_V3_GROUP_COUNTERS_ANSWER);
	KUNIT_EXPECT_EQ(test, a->answer.len, 8 + 2 * 16UL);
}

/* Headers of buckets need room as those of flows do. */
static void buckets_ask_for_room(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct net_device *dev = f->asking.port.dev;

	dev->needed_headroom = dev->needed_tailroom = 0;
	make_group(f, 5, CVSW_GROUP_TYPE_INDIRECT, 1);
	mod_group(test, CVSW_GROUP_ADD);
	KUNIT_EXPECT_EQ(test, (int)dev->needed_headroom, 0);
	f->group.n_actions = f->group.buckets[0].n_actions = 2;
	f->group.actions[0] = (struct cvsw_action){
		.type = CVSW_ACT_VXLAN_ENCAP, .tunnel = {
			.type = CVSW_TUNNEL_VXLAN, .ttl = 64, .udp_dst = 4789, .id = 7,
			.dl_dst = { 2, 0, 0, 0, 1, 2 }, .dl_src = { 2, 0, 0, 0, 1, 1 },
			.src = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 },
			.dst = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 2 },
		},
	};
	f->group.actions[1] = (struct cvsw_action){ .type = CVSW_ACT_ENCRYPT, .spi = 300 };
	mod_group(test, CVSW_GROUP_MODIFY);
	KUNIT_EXPECT_GE(test, (int)dev->needed_headroom, (int)(CVSW_VXLAN_HEAD + CVSW_ESP_HEAD));
	KUNIT_EXPECT_EQ(test, (int)dev->needed_tailroom, (int)CVSW_ESP_TAIL);
}

static int group_requests_init(struct kunit *test)
{
	struct fixture *f = kvzalloc(sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	KUNIT_ASSERT_TRUE(test, asking_begin(&f->asking));
	return 0;
}

static struct kunit_case group_requests_cases[] = {
	KUNIT_CASE(one_bundle_has_both),
	KUNIT_CASE(each_error_says_where),
	KUNIT_CASE(errors_have_numbers_of_openflow),
	KUNIT_CASE(a_replacement_has_all_groups),
	KUNIT_CASE(groups_are_listed_in_parts),
	KUNIT_CASE(counters_are_told),
	KUNIT_CASE(buckets_ask_for_room),
	{}
};

static struct kunit_suite group_requests_suite = {
	.name = "group-requests",
	.suite_init = fake_port_suite_init,
	.suite_exit = fake_port_suite_exit,
	.init = group_requests_init,
	.exit = asking_exit,
	.test_cases = group_requests_cases,
};
kunit_test_suite(group_requests_suite);
