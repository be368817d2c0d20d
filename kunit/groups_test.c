// SPDX-License-Identifier: GPL-2.0
/* Groups: the table's, beside a list of them; and what frames meet there. */
#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/netdevice.h>

#include "fail.h"
#include "../drivers/cvsw/table/groups.h"
#undef netdev_alloc_pcpu_stats
#define netdev_alloc_pcpu_stats(type) \
	(fails() ? NULL : __netdev_alloc_pcpu_stats(type, GFP_KERNEL))
#define xa_err(entry)	(fails() ? -ENOMEM : xa_err(entry))
#include "../drivers/cvsw/table/groups.c"
#include "../drivers/cvsw/table/group_mod.c"
#include "../drivers/cvsw/engine/group.c"
#include "../proto/cvsw_group_mod.h"
#include "bare_engine.h"
#include "flows.h"
#include "frames.h"
#include "loads.h"

/* In the random test. */
#define IDS		6
#define HOSTS		12
#define MODS		8000

/**
 * struct reference - groups and flows, and what they have counted
 * @there: group i, whose number is i * 1000, is there
 * @buckets, @slots: packets
 * @flows: of host i, if it has actions
 */
struct reference {
	bool there[IDS];
	struct cvsw_group groups[IDS];
	u32 buckets[IDS][CVSW_GROUP_BUCKETS];
	u32 slots[IDS][CVSW_GROUP_SLOTS];
	struct {
		unsigned int n;
		u32 ids[2];
	} flows[HOSTS];
};

/**
 * struct fixture
 * @now: what lookups find
 * @next: what they will, when the change ends
 * @out: of each frame that went on, the last byte of its destination
 */
struct fixture {
	struct cvsw_engine engine;
	struct rnd_state rnd;
	struct cvsw_flow flow;
	struct cvsw_group group, other;
	struct flat_frame frame;
	struct reference now, next;
	bool changing, replacing;
	u8 bytes[2][CVSW_GROUP_MOD_MAX];
	char out[256];
	u32 told_of;
	unsigned int told;
	u64 cookie;
};

/* ---- the table beside a list ---- */

static u32 id_of(unsigned int i)
{
	return i * 1000;
}

/* Few enough that one is often the same as another. */
static void random_group(struct fixture *f, u32 id)
{
	struct cvsw_group *group = &f->group;
	unsigned int i, j, step;

	memset(group, 0, sizeof(*group));
	group->id = id;
	group->type = pick(&f->rnd, 4);
	group->n_buckets = group->type == CVSW_GROUP_TYPE_INDIRECT ? 1 : pick(&f->rnd, 4);
	group->dead = pick(&f->rnd, 4) ? 0 : pick(&f->rnd, 1 << group->n_buckets);
	for (i = 0; i < group->n_buckets; i++) {
		struct cvsw_bucket *bucket = &group->buckets[i];

		*bucket = (struct cvsw_bucket){
			.first = group->n_actions, .n_actions = pick(&f->rnd, 3),
			.weight = pick(&f->rnd, 2),
		};
		for (j = 0; j < bucket->n_actions; j++)
			group->actions[group->n_actions++] = (struct cvsw_action){
				.type = CVSW_ACT_OUTPUT, .port = CVSW_HOST + pick(&f->rnd, 2),
			};
	}
	if (group->type != CVSW_GROUP_TYPE_SELECT)
		return;
	group->key[3] = pick(&f->rnd, 2);
	step = 1 + pick(&f->rnd, 2);
	for (i = 0; group->n_buckets && i < CVSW_GROUP_SLOTS; i++) {
		group->slots[i] = i * step % group->n_buckets;
		group->backup[i] = (i * step + 1) % group->n_buckets;
	}
}

static size_t bytes_of(const struct cvsw_group *group, u8 *bytes)
{
	return cvsw_group_mod_encode(CVSW_GROUP_ADD, group, bytes, CVSW_GROUP_MOD_MAX);
}

static bool same_group(struct fixture *f, const struct cvsw_group *a, const struct cvsw_group *b)
{
	size_t len = bytes_of(a, f->bytes[0]);

	return len && bytes_of(b, f->bytes[1]) == len && !memcmp(f->bytes[0], f->bytes[1], len);
}

static bool same_bucket(const struct cvsw_group *a, const struct cvsw_group *b, unsigned int i)
{
	const struct cvsw_action *x = cvsw_bucket_actions(a, i), *y = cvsw_bucket_actions(b, i);
	unsigned int j, n = a->buckets[i].n_actions;

	if (i >= a->n_buckets || i >= b->n_buckets || b->buckets[i].n_actions != n)
		return false;
	for (j = 0; j < n; j++)
		if (x[j].port != y[j].port)
			return false;
	return true;
}

static void reference_put(struct reference *ref, unsigned int i, const struct cvsw_group *group,
			  bool modify)
{
	unsigned int j;

	for (j = 0; j < CVSW_GROUP_BUCKETS; j++)
		if (!modify || !same_bucket(&ref->groups[i], group, j))
			ref->buckets[i][j] = 0;
	if (!modify || ref->groups[i].type != CVSW_GROUP_TYPE_SELECT ||
	    group->type != CVSW_GROUP_TYPE_SELECT)
		memset(ref->slots[i], 0, sizeof(ref->slots[i]));
	ref->groups[i] = *group;
	ref->there[i] = true;
}

static void reference_delete(struct reference *ref, unsigned int i)
{
	unsigned int host, j;

	ref->there[i] = false;
	for (host = 0; host < HOSTS; host++)
		for (j = 0; j < ref->flows[host].n; j++)
			if (ref->flows[host].ids[j] == id_of(i)) {
				ref->flows[host].n = 0;
				break;
			}
}

static void copy_group(struct reference *to, const struct reference *from, unsigned int i)
{
	to->there[i] = from->there[i];
	to->groups[i] = from->groups[i];
	memcpy(to->buckets[i], from->buckets[i], sizeof(to->buckets[i]));
	memcpy(to->slots[i], from->slots[i], sizeof(to->slots[i]));
}

/* Return: what the table is to say. */
static int reference_group_mod(struct fixture *f, enum cvsw_group_command command, unsigned int i)
{
	struct reference *ref = &f->next;

	switch (command) {
	case CVSW_GROUP_ADD:
		if (ref->there[i])
			return -EEXIST;
		if (f->replacing && f->now.there[i] &&
		    same_group(f, &f->now.groups[i], &f->group))
			copy_group(ref, &f->now, i);
		else
			reference_put(ref, i, &f->group, false);
		return 0;
	case CVSW_GROUP_MODIFY:
		if (!ref->there[i])
			return -ENOENT;
		reference_put(ref, i, &f->group, true);
		return 0;
	case CVSW_GROUP_LIVE:
		if (!ref->there[i])
			return -ENOENT;
		ref->groups[i].dead = f->group.dead & ((1ull << ref->groups[i].n_buckets) - 1);
		return 0;
	case CVSW_GROUP_DELETE:
		reference_delete(ref, i);
		return 0;
	}
	return -EINVAL;
}

static int flow_of_groups(struct fixture *f, enum cvsw_flow_command command, unsigned int host,
			  unsigned int n, const u32 *ids)
{
	unsigned int i;

	host_flow(&f->flow, host);
	f->flow.n_actions = n;
	for (i = 0; i < n; i++)
		f->flow.actions[i] = (struct cvsw_action){ .type = CVSW_ACT_GROUP,
							   .to_group = { .id = ids[i] } };
	return cvsw_table_flow_mod(f->engine.table, command, &f->flow);
}

static void random_flow_mod(struct kunit *test, struct fixture *f)
{
	unsigned int host = pick(&f->rnd, HOSTS), a = pick(&f->rnd, IDS), b = pick(&f->rnd, IDS);
	unsigned int n = 1 + pick(&f->rnd, 2);
	u32 ids[2] = { id_of(a), id_of(b) };
	bool there = f->next.there[a] && (n < 2 || f->next.there[b]);
	enum cvsw_flow_command command = f->replacing || pick(&f->rnd, 2) ? CVSW_FLOW_ADD :
									 CVSW_FLOW_MODIFY_STRICT;

	KUNIT_ASSERT_EQ(test, flow_of_groups(f, command, host, n, ids), there ? 0 : -ENXIO);
	if (!there)
		return;
	f->next.flows[host].n = n;
	memcpy(f->next.flows[host].ids, ids, sizeof(ids));
}

static void random_group_mod(struct kunit *test, struct fixture *f)
{
	static const enum cvsw_group_command commands[] = {
		CVSW_GROUP_ADD, CVSW_GROUP_ADD, CVSW_GROUP_MODIFY, CVSW_GROUP_LIVE, CVSW_GROUP_DELETE,
	};
	enum cvsw_group_command command = f->replacing ? CVSW_GROUP_ADD :
						       commands[pick(&f->rnd, 5)];
	unsigned int i = pick(&f->rnd, IDS);
	int want;

	random_group(f, id_of(i));
	if (f->replacing && f->now.there[i] && pick(&f->rnd, 2))
		f->group = f->now.groups[i];
	if (command == CVSW_GROUP_LIVE)
		f->group.dead = pick(&f->rnd, 16);
	want = reference_group_mod(f, command, i);
	KUNIT_ASSERT_EQ(test, cvsw_table_group_mod(f->engine.table, command, &f->group), want);
}

/* ---- what the table has ---- */

struct comparison {
	struct kunit *test;
	unsigned int n;
};

static void compare_counters(struct kunit *test, const struct cvsw_group_version *version,
			     unsigned int i)
{
	struct fixture *f = test->priv;
	u64 packets, bytes;
	unsigned int j;

	for (j = 0; j < version->n_buckets; j++) {
		cvsw_hits_read(version->buckets[j].entry->hits, &packets, &bytes);
		KUNIT_EXPECT_EQ(test, packets, (u64)f->now.buckets[i][j]);
		KUNIT_EXPECT_EQ(test, bytes, 10ull * f->now.buckets[i][j]);
	}
	for (j = 0; version->slots && j < CVSW_GROUP_SLOTS; j++) {
		cvsw_slot_hits_read(version->slots->hits, j, &packets, &bytes);
		KUNIT_EXPECT_EQ(test, packets, (u64)f->now.slots[i][j]);
		KUNIT_EXPECT_EQ(test, bytes, 20ull * f->now.slots[i][j]);
	}
}

static int compare_group(const struct cvsw_group_version *version, void *arg)
{
	struct comparison *comparison = arg;
	struct kunit *test = comparison->test;
	struct fixture *f = test->priv;
	unsigned int i = version->id / 1000;

	KUNIT_EXPECT_TRUE(test, f->now.there[i]);
	cvsw_group_version_group(version, &f->other);
	KUNIT_EXPECT_TRUE(test, same_group(f, &f->other, &f->now.groups[i]));
	compare_counters(test, version, i);
	comparison->n++;
	return 0;
}

static int count_flow(const struct cvsw_entry *entry, void *arg)
{
	++*(unsigned int *)arg;
	return 0;
}

/* Where a change is under way, this is of what lookups find meanwhile. */
static void compare_table(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct comparison comparison = { .test = test };
	unsigned int i, groups = 0, flows = 0, want_flows = 0;
	u64 resume = 0;

	KUNIT_ASSERT_EQ(test, cvsw_table_walk_groups(f->engine.table, &resume, compare_group,
						     &comparison), 0);
	for (i = 0; i < IDS; i++)
		groups += f->now.there[i];
	KUNIT_ASSERT_EQ(test, comparison.n, groups);
	KUNIT_ASSERT_EQ(test, f->engine.table->groups.n, groups);
	resume = 0;
	cvsw_table_walk(f->engine.table, &resume, count_flow, &flows);
	for (i = 0; i < HOSTS; i++) {
		struct cvsw_entry *entry;

		readers_begin();
		entry = find_host_flow(f->engine.table, i);
		KUNIT_EXPECT_EQ(test, entry ? entry->n_actions : 0U, f->now.flows[i].n);
		if (entry && f->now.flows[i].n)
			KUNIT_EXPECT_EQ(test, cvsw_entry_actions(entry)->to_group.id,
					f->now.flows[i].ids[0]);
		readers_end();
		want_flows += !!f->now.flows[i].n;
	}
	KUNIT_ASSERT_EQ(test, flows, want_flows);
	KUNIT_ASSERT_EQ(test, cvsw_table_count(f->engine.table), want_flows);
}

/* A frame for some bucket, and one for some slot. */
static void count_some(struct fixture *f)
{
	unsigned int i = pick(&f->rnd, IDS), slot = pick(&f->rnd, CVSW_GROUP_SLOTS), bucket;
	struct cvsw_group_version *version;

	readers_begin();
	version = cvsw_table_group(f->engine.table, id_of(i), cvsw_table_version(f->engine.table));
	if (version && version->n_buckets) {
		bucket = pick(&f->rnd, version->n_buckets);
		cvsw_hits_add(version->buckets[bucket].entry->hits, 10);
		f->now.buckets[i][bucket]++;
		f->next.buckets[i][bucket]++;
	}
	if (version && version->slots) {
		cvsw_slot_hits_add(version->slots->hits, slot, 20);
		f->now.slots[i][slot]++;
		f->next.slots[i][slot]++;
	}
	readers_end();
}

static void change_begins(struct fixture *f)
{
	f->changing = true;
	f->replacing = !pick(&f->rnd, 4);
	cvsw_table_begin(f->engine.table, f->replacing);
	if (f->replacing)
		memset(&f->next, 0, sizeof(f->next));
	else
		f->next = f->now;
}

static void change_ends(struct fixture *f)
{
	f->changing = f->replacing = false;
	if (pick(&f->rnd, 3)) {
		cvsw_table_commit(f->engine.table);
		f->now = f->next;
	} else {
		cvsw_table_abort(f->engine.table);
	}
}

/* Within changes and without, replacements too, ended or aborted. */
static void groups_random(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < MODS; i++) {
		if (!pick(&f->rnd, 8)) {
			if (f->changing)
				change_ends(f);
			else
				change_begins(f);
		}
		/* So that the counters of what stays, and of what comes in its stead, are the same. */
		if (!f->changing)
			count_some(f);
		if (!f->changing)
			f->next = f->now;
		if (pick(&f->rnd, 3))
			random_group_mod(test, f);
		else
			random_flow_mod(test, f);
		if (!f->changing)
			f->now = f->next;
		if (i % 4 == 0)
			compare_table(test);
		if (i % 64 == 0 && !f->changing)
			table_settles(f->engine.table);
	}
	cvsw_table_abort(f->engine.table);
	f->group.id = CVSW_GROUP_ALL;
	KUNIT_ASSERT_EQ(test, cvsw_table_group_mod(f->engine.table, CVSW_GROUP_DELETE, &f->group), 0);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->engine.table), 0U);
	KUNIT_EXPECT_EQ(test, f->engine.table->groups.n, 0U);
	table_settles(f->engine.table);
	KUNIT_EXPECT_TRUE(test, xa_empty(&f->engine.table->groups.ids));
}

static int group_mod(struct fixture *f, enum cvsw_group_command command)
{
	return cvsw_table_group_mod(f->engine.table, command, &f->group);
}

/* What frames that are under way look for stays, and no longer. */
static void groups_of_versions(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_table *table = f->engine.table;
	u64 before;
	int i;

	f->group.id = 7;
	KUNIT_ASSERT_EQ(test, group_mod(f, CVSW_GROUP_ADD), 0);
	before = cvsw_table_version(table);
	rcu_read_lock();
	KUNIT_EXPECT_PTR_EQ(test, cvsw_table_group(table, 7, before - 1), NULL);
	KUNIT_EXPECT_PTR_EQ(test, cvsw_table_group(table, 8, before), NULL);
	rcu_read_unlock();
	for (i = 1; i <= 5; i++) {
		f->group.type = i;	/* one that there is not; the table does not mind */
		KUNIT_ASSERT_EQ(test, group_mod(f, CVSW_GROUP_MODIFY), 0);
	}
	KUNIT_ASSERT_EQ(test, group_mod(f, CVSW_GROUP_DELETE), 0);
	rcu_read_lock();
	for (i = 0; i <= 5; i++) {
		KUNIT_ASSERT_NOT_NULL(test, cvsw_table_group(table, 7, before + i));
		KUNIT_EXPECT_EQ(test, (int)cvsw_table_group(table, 7, before + i)->type, i);
	}
	KUNIT_EXPECT_PTR_EQ(test, cvsw_table_group(table, 7, before + 6), NULL);
	rcu_read_unlock();
	table_settles(table);
	rcu_read_lock();
	for (i = 0; i <= 6; i++)
		KUNIT_EXPECT_PTR_EQ(test, cvsw_table_group(table, 7, before + i), NULL);
	rcu_read_unlock();
}

static void groups_have_a_limit(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_table *table = f->engine.table;
	unsigned int i;

	cvsw_table_set_group_limit(table, 3);
	for (i = 0; i < 3; i++) {
		f->group.id = i;
		KUNIT_EXPECT_EQ(test, group_mod(f, CVSW_GROUP_ADD), 0);
	}
	f->group.id = 3;
	KUNIT_EXPECT_EQ(test, group_mod(f, CVSW_GROUP_ADD), -ENOSPC);
	f->group.id = 2;
	KUNIT_EXPECT_EQ(test, group_mod(f, CVSW_GROUP_MODIFY), 0);
	cvsw_table_begin(table, false);
	KUNIT_EXPECT_EQ(test, group_mod(f, CVSW_GROUP_DELETE), 0);
	f->group.id = 4;
	KUNIT_EXPECT_EQ(test, group_mod(f, CVSW_GROUP_ADD), 0);
	f->group.id = 5;
	KUNIT_EXPECT_EQ(test, group_mod(f, CVSW_GROUP_ADD), -ENOSPC);
	cvsw_table_commit(table);
	KUNIT_EXPECT_EQ(test, table->groups.n, 3U);
	/* Three others, or some of the same. */
	cvsw_table_begin(table, true);
	for (i = 0; i < 4; i++) {
		f->group.id = 4 + i;
		f->group.type = i % 2;
		KUNIT_EXPECT_EQ(test, group_mod(f, CVSW_GROUP_ADD), i < 3 ? 0 : -ENOSPC);
	}
	cvsw_table_commit(table);
	KUNIT_EXPECT_EQ(test, table->groups.n, 3U);
}

static void told_of_removal(struct cvsw_entry *entry, enum cvsw_removed why, void *arg)
{
	struct fixture *f = arg;

	f->told++;
	f->told_of = cvsw_entry_actions(entry)->to_group.id;
	if (why != CVSW_DELETED)
		f->told_of = 0;
}

/* OpenFlow 1.3.0, 6.5: and their controller hears of it. */
static void flows_go_with_their_group(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 ids[] = { 5, 6 };
	unsigned int i;

	cvsw_table_watch(f->engine.table, told_of_removal, f);
	for (i = 5; i <= 6; i++) {
		f->group.id = i;
		KUNIT_ASSERT_EQ(test, group_mod(f, CVSW_GROUP_ADD), 0);
		KUNIT_ASSERT_EQ(test, flow_of_groups(f, CVSW_FLOW_ADD, i, 1, &ids[i - 5]), 0);
		f->flow.flags = CVSW_FLOW_SEND_REMOVED;
		KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
	}
	/* In the action set, too. */
	host_flow(&f->flow, 9);
	f->flow.n_actions = 2;
	f->flow.actions[0] = (struct cvsw_action){ .type = CVSW_ACT_WRITE_ACTIONS, .n_written = 1 };
	f->flow.actions[1] = (struct cvsw_action){ .type = CVSW_ACT_GROUP, .to_group.id = 6 };
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
	KUNIT_ASSERT_EQ(test, group_mod(f, CVSW_GROUP_DELETE), 0);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->engine.table), 1U);
	KUNIT_EXPECT_EQ(test, f->told, 1U);
	KUNIT_EXPECT_EQ(test, f->told_of, 6U);
	/* Gone and come again in one change: its flows are gone all the same, but for later ones. */
	f->group.id = 5;
	cvsw_table_begin(f->engine.table, false);
	KUNIT_EXPECT_EQ(test, group_mod(f, CVSW_GROUP_DELETE), 0);
	KUNIT_EXPECT_EQ(test, flow_of_groups(f, CVSW_FLOW_ADD, 8, 1, ids), -ENXIO);
	KUNIT_EXPECT_EQ(test, group_mod(f, CVSW_GROUP_ADD), 0);
	KUNIT_EXPECT_EQ(test, flow_of_groups(f, CVSW_FLOW_ADD, 8, 1, ids), 0);
	cvsw_table_commit(f->engine.table);
	KUNIT_EXPECT_EQ(test, cvsw_table_count(f->engine.table), 1U);
	KUNIT_EXPECT_EQ(test, f->told_of, 5U);
	readers_begin();
	KUNIT_EXPECT_NOT_NULL(test, find_host_flow(f->engine.table, 8));
	readers_end();
}

/* ---- without memory ---- */

/* @fail: of which source.  Return: how many allocations it took. */
static unsigned int try_until_done(struct kunit *test, int *fail,
				   enum cvsw_group_command command)
{
	struct fixture *f = test->priv;
	unsigned int n;
	int err;

	for (n = 1; n < 100; n++) {
		*fail = n;
		err = group_mod(f, command);
		*fail = 0;
		if (!err)
			break;
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		compare_table(test);
	}
	return n - 1;
}

static void groups_without_memory(struct kunit *test)
{
	struct fixture *f = test->priv;
	int *fails_of[] = { &fail_at, table_fail_at };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fails_of); i++) {
		do
			random_group(f, id_of(2));
		while (f->group.type != CVSW_GROUP_TYPE_SELECT || f->group.n_buckets < 3);
		f->group.dead = 0;
		KUNIT_EXPECT_GE(test, try_until_done(test, fails_of[i], CVSW_GROUP_ADD), 4U);
		reference_put(&f->now, 2, &f->group, false);
		compare_table(test);
		f->group.buckets[1].n_actions = 0;
		f->group.buckets[0].n_actions = 0;
		f->group.buckets[2].n_actions = 0;
		f->group.n_actions = 0;
		KUNIT_EXPECT_GE(test, try_until_done(test, fails_of[i], CVSW_GROUP_MODIFY), 1U);
		f->now.groups[2] = f->group;
		f->group.dead = 2;
		try_until_done(test, fails_of[i], CVSW_GROUP_LIVE);
		f->now.groups[2] = f->group;
		compare_table(test);
		KUNIT_EXPECT_EQ(test, try_until_done(test, fails_of[i], CVSW_GROUP_DELETE), 0U);
		f->now.there[2] = false;
		compare_table(test);
	}
}

/* ---- frames ---- */

static void group_begin(struct fixture *f, u32 id, enum cvsw_group_type type)
{
	memset(&f->group, 0, sizeof(f->group));
	f->group.id = id;
	f->group.type = type;
}

static void bucket_begin(struct fixture *f)
{
	f->group.buckets[f->group.n_buckets++].first = f->group.n_actions;
}

static struct cvsw_action *bucket_action(struct fixture *f, enum cvsw_action_type type)
{
	struct cvsw_action *action = &f->group.actions[f->group.n_actions++];

	f->group.buckets[f->group.n_buckets - 1].n_actions++;
	action->type = type;
	return action;
}

static const struct cvsw_action onward = { .type = CVSW_ACT_OUTPUT, .port = CVSW_PORT_ONWARD };

/* To whom frames of this bucket go: in the last byte of their destination. */
static void bucket_to(struct fixture *f, u8 dst)
{
	bucket_begin(f);
	*bucket_action(f, CVSW_ACT_LOAD) = (struct cvsw_action)SET_MAC(ETH_DST, 2, 2, 2, 2, 2, dst);
	*bucket_action(f, CVSW_ACT_OUTPUT) = onward;
}

static void group_end(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, group_mod(test->priv, CVSW_GROUP_ADD), 0);
}

/* Of buckets to 11, 12... */
static void add_group(struct kunit *test, u32 id, enum cvsw_group_type type, unsigned int n)
{
	struct fixture *f = test->priv;
	unsigned int i;

	group_begin(f, id, type);
	for (i = 0; i < n; i++)
		bucket_to(f, 11 + i);
	for (i = 0; type == CVSW_GROUP_TYPE_SELECT && i < CVSW_GROUP_SLOTS; i++) {
		f->group.slots[i] = i % n;
		f->group.backup[i] = (i + 1) % n;
	}
	group_end(test);
}

#define GROUP(n)	{ .type = CVSW_ACT_GROUP, .to_group.id = (n) }
#define OUTPUT(p)	{ .type = CVSW_ACT_OUTPUT, .port = (p) }
#define DST(last)	SET_MAC(ETH_DST, 2, 2, 2, 2, 2, last)
#define SET(n)		{ .type = CVSW_ACT_WRITE_ACTIONS, .n_written = (n) }
#define RESUBMIT(t)	{ .type = CVSW_ACT_RESUBMIT,			\
			  .resubmit = { .port = CVSW_PORT_IN_PORT, .table = (t) } }

/* For every frame of this pass that comes to this table. */
static void add_flow_for(struct kunit *test, u8 table, u8 pass, const struct cvsw_action *actions,
			 unsigned int n)
{
	struct fixture *f = test->priv;

	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.match.table = table;
	f->flow.match.key.pass = pass;
	f->flow.match.mask.pass = 0xff;
	f->flow.n_actions = n;
	memcpy(f->flow.actions, actions, n * sizeof(*actions));
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
}

#define ADD_OF(test, table, pass, ...)							\
	do {										\
		static const struct cvsw_action actions[] = { __VA_ARGS__ };		\
		add_flow_for(test, table, pass, actions, ARRAY_SIZE(actions));		\
	} while (0)
#define ADD(test, ...)		ADD_OF(test, 0, 0, __VA_ARGS__)

/* UDP from 10.0.0.1 to 10.0.0.2, between these ports; @giant: as three segments. */
static struct sk_buff *udp_frame(struct kunit *test, u16 src, u16 dst, bool giant)
{
	struct fixture *f = test->priv;
	unsigned int len = giant ? 342 : 100;
	u8 *ip = f->frame.data + 14;
	struct sk_buff *skb;

	memset(f->frame.data, 2, len);
	put16(f->frame.data + 12, ETH_P_IP);
	ip[0] = 0x45;
	put16(ip + 2, len - 14);
	put16(ip + 6, 0x4000);
	ip[8] = 9;
	ip[9] = IPPROTO_UDP;
	put32(ip + 12, 0x0a000001);
	put32(ip + 16, 0x0a000002);
	put16(ip + 20, src);
	put16(ip + 22, dst);
	put16(ip + 24, len - 34);
	write_checksums(ip, NULL, 0);
	f->frame.len = len;
	skb = linear_skb(&f->frame);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	if (!giant)
		return skb;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + 34;
	skb->csum_offset = 6;
	put16(skb->data + 40, (u16)~inet_sum(NULL, 0, pseudo_sum(ip, IPPROTO_UDP, len - 34)));
	skb_shinfo(skb)->gso_size = 100;
	skb_shinfo(skb)->gso_segs = 3;
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	return skb;
}

/* To f->out: what went on. */
static void send_skb(struct kunit *test, struct sk_buff *skb)
{
	struct fixture *f = test->priv;
	struct sk_buff *next;
	size_t at = 0;

	f->out[0] = 0;
	local_bh_disable();
	skb = cvsw_handle_frame(&f->engine, skb, CVSW_HOST);
	local_bh_enable();
	for (; skb; skb = next) {
		next = skb->next;
		at += scnprintf(f->out + at, sizeof(f->out) - at, at ? " %u" : "%u", skb->data[5]);
		kfree_skb(skb);
	}
}

#define expect_out(test, text)								\
	do {										\
		send_skb(test, udp_frame(test, 1000, 2000, false));			\
		KUNIT_EXPECT_STREQ(test, ((struct fixture *)(test)->priv)->out, text);	\
	} while (0)

static u64 count_of(struct kunit *test, unsigned int counter)
{
	struct fixture *f = test->priv;

	return cvsw_stats_read(f->engine.stats, counter);
}

static u64 bucket_hits(struct kunit *test, u32 id, unsigned int bucket)
{
	struct fixture *f = test->priv;
	u64 packets = U64_MAX, bytes;
	struct cvsw_group_version *group;

	rcu_read_lock();
	group = cvsw_table_group(f->engine.table, id, cvsw_table_version(f->engine.table));
	if (group)
		cvsw_hits_read(group->buckets[bucket].entry->hits, &packets, &bytes);
	rcu_read_unlock();
	return packets;
}

static void set_dead(struct kunit *test, u32 id, u64 dead)
{
	struct fixture *f = test->priv;

	f->group.id = id;
	f->group.dead = dead;
	KUNIT_ASSERT_EQ(test, group_mod(f, CVSW_GROUP_LIVE), 0);
}

static void frames_to_all(struct kunit *test)
{
	add_group(test, 1, CVSW_GROUP_TYPE_ALL, 3);
	ADD(test, GROUP(1));
	expect_out(test, "11 12 13");
	set_dead(test, 1, 2);
	expect_out(test, "11 13");
	set_dead(test, 1, 4);
	expect_out(test, "11 12");
	KUNIT_EXPECT_EQ(test, bucket_hits(test, 1, 0), 3ULL);
	KUNIT_EXPECT_EQ(test, bucket_hits(test, 1, 1), 2ULL);
	KUNIT_EXPECT_EQ(test, bucket_hits(test, 1, 2), 2ULL);
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_GROUP), 0ULL);
	set_dead(test, 1, 7);
	expect_out(test, "");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_GROUP), 1ULL);
	add_group(test, 2, CVSW_GROUP_TYPE_ALL, 0);
	ADD(test, GROUP(2));
	expect_out(test, "");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_GROUP), 2ULL);
}

/* Behind a group the frame is as it was before. */
static void frames_go_on_behind(struct kunit *test)
{
	add_group(test, 1, CVSW_GROUP_TYPE_ALL, 2);
	add_group(test, 2, CVSW_GROUP_TYPE_INDIRECT, 1);
	ADD(test, GROUP(1), OUTPUT(CVSW_PORT_ONWARD));
	expect_out(test, "11 12 2");
	ADD(test, DST(7), GROUP(1), OUTPUT(CVSW_PORT_ONWARD), GROUP(2));
	expect_out(test, "11 12 7 11");
	/* It is an output: the list's end is none. */
	ADD(test, GROUP(2), DST(8));
	expect_out(test, "11");
	set_dead(test, 1, 3);
	ADD(test, GROUP(1), DST(9), OUTPUT(CVSW_PORT_ONWARD));
	expect_out(test, "9");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_GROUP), 1ULL);
	ADD(test, GROUP(1), DST(9));
	expect_out(test, "");
}

static void frames_behind_resubmits(struct kunit *test)
{
	add_group(test, 1, CVSW_GROUP_TYPE_ALL, 2);
	ADD(test, DST(5), RESUBMIT(1), DST(6), OUTPUT(CVSW_PORT_ONWARD));
	ADD_OF(test, 1, 0, GROUP(1));
	expect_out(test, "11 12 6");
	ADD(test, DST(5), RESUBMIT(1));
	expect_out(test, "11 12");
	ADD(test, OUTPUT(CVSW_PORT_ONWARD), { .type = CVSW_ACT_GOTO_TABLE, .table = 1 });
	expect_out(test, "2 11 12");
}

/* OpenFlow 1.3.0, 5.10: instead of an output, whichever was written first. */
static void frames_with_action_sets(struct kunit *test)
{
	add_group(test, 1, CVSW_GROUP_TYPE_ALL, 2);
	add_group(test, 2, CVSW_GROUP_TYPE_INDIRECT, 1);
	ADD(test, SET(1), GROUP(1));
	expect_out(test, "11 12");
	ADD(test, SET(2), GROUP(1), OUTPUT(CVSW_PORT_ONWARD));
	expect_out(test, "11 12");
	ADD(test, SET(2), OUTPUT(CVSW_PORT_ONWARD), GROUP(1));
	expect_out(test, "11 12");
	ADD(test, SET(2), GROUP(1), GROUP(2));
	expect_out(test, "11");
	ADD(test, SET(1), GROUP(1), OUTPUT(CVSW_PORT_ONWARD), GROUP(2));
	expect_out(test, "2 11 11 12");
	ADD(test, SET(1), GROUP(1), { .type = CVSW_ACT_CLEAR_ACTIONS }, SET(1),
	    OUTPUT(CVSW_PORT_ONWARD));
	expect_out(test, "2");
	/* Of another flow than the last one. */
	ADD(test, SET(1), GROUP(1), { .type = CVSW_ACT_GOTO_TABLE, .table = 1 });
	ADD_OF(test, 1, 0, SET(1), DST(9));
	expect_out(test, "11 12");
	set_dead(test, 1, 3);
	expect_out(test, "");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_GROUP), 1ULL);
}

/* The fields are those that the frame has when it comes to the group. */
static unsigned int slot_of_frame(struct fixture *f, enum cvsw_group_hash hash)
{
	struct cvsw_layout layout;
	struct cvsw_key key;

	if (reference_key(&f->frame, CVSW_HOST, &key, &layout))
		return CVSW_GROUP_SLOTS;
	return cvsw_group_slot(f->group.key, hash, &key);
}

static void check_select(struct kunit *test, u16 port, enum cvsw_group_hash hash, u32 *slots,
			 bool rewrites)
{
	struct fixture *f = test->priv;
	struct sk_buff *skb = udp_frame(test, port, 2000, false);
	unsigned int slot;
	char want[8];

	if (rewrites)
		f->frame.data[0] = 4;	/* as the flow below does */
	slot = slot_of_frame(f, hash);
	KUNIT_ASSERT_LT(test, slot, (unsigned int)CVSW_GROUP_SLOTS);
	slots[slot]++;
	send_skb(test, skb);
	scnprintf(want, sizeof(want), "%u", 11 + slot % 5);
	KUNIT_EXPECT_STREQ(test, f->out, want);
}

static void frames_to_one_of_many(struct kunit *test)
{
	struct fixture *f = test->priv;
	u32 *slots = kunit_kcalloc(test, CVSW_GROUP_SLOTS, sizeof(*slots), GFP_KERNEL);
	struct cvsw_action actions[2] = { SET_MAC(ETH_DST, 4, 2, 2, 2, 2, 2), GROUP(1) };
	enum cvsw_group_hash hash;
	unsigned int i;
	u64 sum = 0, packets, bytes;
	struct cvsw_group_version *group;

	KUNIT_ASSERT_NOT_NULL(test, slots);
	add_group(test, 1, CVSW_GROUP_TYPE_SELECT, 5);
	for (hash = 0; hash < CVSW_N_GROUP_HASHES; hash++) {
		actions[1].to_group.hash = hash;
		add_flow_for(test, 0, 0, actions + 1, 1);
		for (i = 0; i < 50; i++)
			check_select(test, 1000 + i, hash, slots, false);
		add_flow_for(test, 0, 0, actions, 2);
		for (i = 0; i < 50; i++)
			check_select(test, 1000 + i, hash, slots, true);
	}
	for (i = 0; i < 5; i++)
		sum += bucket_hits(test, 1, i);
	KUNIT_EXPECT_EQ(test, sum, 100ULL * CVSW_N_GROUP_HASHES);
	rcu_read_lock();
	group = cvsw_table_group(f->engine.table, 1, cvsw_table_version(f->engine.table));
	for (i = 0; i < CVSW_GROUP_SLOTS; i++) {
		cvsw_slot_hits_read(group->slots->hits, i, &packets, &bytes);
		KUNIT_EXPECT_EQ(test, packets, (u64)slots[i]);
		KUNIT_EXPECT_EQ(test, bytes, 100ULL * slots[i]);
	}
	rcu_read_unlock();
}

/* The slot's second bucket, and if that is dead too, none; the slot counts all the same. */
static void frames_to_backups(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int slot, first, second;
	u64 packets, bytes;
	char want[8];

	add_group(test, 1, CVSW_GROUP_TYPE_SELECT, 5);
	ADD(test, GROUP(1));
	kfree_skb(udp_frame(test, 1000, 2000, false));
	slot = slot_of_frame(f, 0);
	first = slot % 5;
	second = (slot + 1) % 5;
	set_dead(test, 1, 1 << first);
	scnprintf(want, sizeof(want), "%u", 11 + second);
	expect_out(test, want);
	set_dead(test, 1, 1 << first | 1 << second);
	expect_out(test, "");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_GROUP), 1ULL);
	set_dead(test, 1, 1 << second);
	scnprintf(want, sizeof(want), "%u", 11 + first);
	expect_out(test, want);
	rcu_read_lock();
	cvsw_slot_hits_read(cvsw_table_group(f->engine.table, 1,
					     cvsw_table_version(f->engine.table))->slots->hits,
			    slot, &packets, &bytes);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, packets, 3ULL);
}

static void frames_fail_over(struct kunit *test)
{
	add_group(test, 1, CVSW_GROUP_TYPE_FAILOVER, 3);
	ADD(test, GROUP(1));
	expect_out(test, "11");
	set_dead(test, 1, 1);
	expect_out(test, "12");
	set_dead(test, 1, 3);
	expect_out(test, "13");
	set_dead(test, 1, 2);
	expect_out(test, "11");
	set_dead(test, 1, 7);
	expect_out(test, "");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_GROUP), 1ULL);
	KUNIT_EXPECT_EQ(test, bucket_hits(test, 1, 0), 2ULL);
}

#define ENCAP_TO(last)	{ .type = CVSW_ACT_VXLAN_ENCAP, .tunnel = {				\
		.type = CVSW_TUNNEL_VXLAN, .ttl = 64, .udp_dst = 4789, .id = 7,		\
		.dl_dst = { 2, 0, 0, 0, 1, last }, .dl_src = { 2, 0, 0, 0, 1, 1 },		\
		.src = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 },				\
		.dst = { [10] = 0xff, [11] = 0xff, 10, 0, 0, last } } }

/* OpenFlow 1.3.0, 5.10, where a flow's list would send the frame onward. */
static void buckets_without_output(struct kunit *test)
{
	struct fixture *f = test->priv;

	group_begin(f, 1, CVSW_GROUP_TYPE_ALL);
	bucket_begin(f);
	*bucket_action(f, CVSW_ACT_LOAD) = (struct cvsw_action)DST(9);
	bucket_begin(f);
	bucket_to(f, 13);
	bucket_begin(f);
	group_end(test);
	ADD(test, GROUP(1));
	expect_out(test, "13");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_ACTION), 3ULL);
	ADD(test, OUTPUT(CVSW_PORT_ONWARD), GROUP(1));
	expect_out(test, "2 13");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_ACTION), 6ULL);
	ADD(test, GROUP(1), DST(8), OUTPUT(CVSW_PORT_ONWARD));
	expect_out(test, "13 8");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_ACTION), 9ULL);
	/* An output in the middle of a bucket is one. */
	group_begin(f, 2, CVSW_GROUP_TYPE_INDIRECT);
	bucket_to(f, 14);
	*bucket_action(f, CVSW_ACT_LOAD) = (struct cvsw_action)DST(9);
	group_end(test);
	ADD(test, GROUP(2));
	expect_out(test, "14");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_ACTION), 9ULL);
	/* A layer that the flow has added is not the bucket's. */
	group_begin(f, 3, CVSW_GROUP_TYPE_INDIRECT);
	bucket_begin(f);
	group_end(test);
	ADD(test, ENCAP_TO(9), GROUP(3));
	expect_out(test, "");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_ACTION), 10ULL);
}

static void keep_cookie(struct cvsw_engine *engine, const struct cvsw_walk *walk,
			const struct sk_buff *skb, unsigned int max_len)
{
	struct fixture *f = container_of(engine, struct fixture, engine);

	f->told++;
	f->cookie = walk->entry->cookie;
}

static void buckets_to_the_controller(struct kunit *test)
{
	struct fixture *f = test->priv;

	f->engine.to_controller = keep_cookie;
	group_begin(f, 1, CVSW_GROUP_TYPE_INDIRECT);
	bucket_begin(f);
	bucket_action(f, CVSW_ACT_CONTROLLER)->max_len = 50;
	group_end(test);
	ADD(test, GROUP(1));
	expect_out(test, "");
	KUNIT_EXPECT_EQ(test, f->told, 1U);
	KUNIT_EXPECT_EQ(test, f->cookie, U64_MAX);
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_ACTION), 0ULL);
	ADD(test, GROUP(1), OUTPUT(CVSW_PORT_ONWARD));
	expect_out(test, "2");
	KUNIT_EXPECT_EQ(test, f->told, 2U);
}

static void bucket_encaps(struct fixture *f, u8 last)
{
	bucket_begin(f);
	*bucket_action(f, CVSW_ACT_VXLAN_ENCAP) = (struct cvsw_action)ENCAP_TO(last);
}

/* Each bucket's frame has its next pass; of a giant each segment, and they meet groups, too. */
static void buckets_in_tunnels(struct kunit *test)
{
	struct fixture *f = test->priv;

	group_begin(f, 1, CVSW_GROUP_TYPE_ALL);
	bucket_encaps(f, 21);
	bucket_to(f, 12);
	bucket_encaps(f, 23);
	*bucket_action(f, CVSW_ACT_OUTPUT) = onward;
	bucket_encaps(f, 24);
	group_end(test);
	ADD(test, GROUP(1));
	expect_out(test, "21 12 23 24");
	ADD(test, GROUP(1), OUTPUT(CVSW_PORT_ONWARD));
	expect_out(test, "21 12 23 24 2");
	ADD_OF(test, 0, 1, DST(31), OUTPUT(CVSW_PORT_ONWARD));
	expect_out(test, "31 12 23 31 2");
	ADD(test, GROUP(1));
	send_skb(test, udp_frame(test, 1, 2, true));
	KUNIT_EXPECT_STREQ(test, f->out, "31 31 31 12 23 23 23 31 31 31");
	/* The segments, as a list, come to groups in their second pass. */
	add_group(test, 2, CVSW_GROUP_TYPE_ALL, 2);
	add_group(test, 3, CVSW_GROUP_TYPE_SELECT, 1);
	ADD_OF(test, 0, 1, GROUP(3), GROUP(2));
	send_skb(test, udp_frame(test, 1, 2, true));
	KUNIT_EXPECT_STREQ(test, f->out,
			   "11 11 11 11 11 11 12 12 12 12 23 23 23 11 11 11 11 11 11 12 12 12");
	KUNIT_EXPECT_EQ(test, bucket_hits(test, 3, 0), 6ULL);
	ADD_OF(test, 0, 1, SET(1), GROUP(3));
	send_skb(test, udp_frame(test, 1, 2, true));
	KUNIT_EXPECT_STREQ(test, f->out, "11 11 11 12 23 23 23 11 11 11");
	/* A bucket that drops, drops each of them. */
	group_begin(f, 4, CVSW_GROUP_TYPE_INDIRECT);
	bucket_begin(f);
	*bucket_action(f, CVSW_ACT_LOAD) = (struct cvsw_action)DST(9);
	group_end(test);
	ADD_OF(test, 0, 1, GROUP(4));
	send_skb(test, udp_frame(test, 1, 2, true));
	KUNIT_EXPECT_STREQ(test, f->out, "12 23 23 23");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_ACTION), 6ULL);
}

/* A giant that is not put into anything stays one, in each bucket. */
static void buckets_of_giants(struct kunit *test)
{
	struct fixture *f = test->priv;

	add_group(test, 1, CVSW_GROUP_TYPE_ALL, 2);
	ADD(test, GROUP(1));
	send_skb(test, udp_frame(test, 1, 2, true));
	KUNIT_EXPECT_STREQ(test, f->out, "11 12");
	KUNIT_EXPECT_EQ(test, bucket_hits(test, 1, 0), 1ULL);
}

/* Each bucket's second pass comes to the group again, four passes deep: no more than may be. */
static void copies_are_bounded(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct sk_buff *list, *next;
	unsigned int i, n = 0;

	group_begin(f, 1, CVSW_GROUP_TYPE_ALL);
	for (i = 0; i < CVSW_GROUP_BUCKETS; i++) {
		bucket_begin(f);
		*bucket_action(f, CVSW_ACT_OUTPUT) = onward;
	}
	group_end(test);
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.match.mask.pass = 0xff;
	f->flow.n_actions = CVSW_MAX_ACTIONS;
	for (i = 0; i < CVSW_MAX_ACTIONS; i++)
		f->flow.actions[i] = (struct cvsw_action)GROUP(1);
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
	list = udp_frame(test, 1, 2, false);
	local_bh_disable();
	list = cvsw_handle_frame(&f->engine, list, CVSW_HOST);
	local_bh_enable();
	for (; list; list = next, n++) {
		next = list->next;
		kfree_skb(list);
	}
	KUNIT_EXPECT_EQ(test, n, 1025U);
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_CLONES), 64 - 1024 / 64ULL);
	/* And deep: the innermost of them passes four times. */
	group_begin(f, 2, CVSW_GROUP_TYPE_ALL);
	bucket_encaps(f, 21);
	bucket_encaps(f, 22);
	group_end(test);
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.n_actions = 2;
	f->flow.actions[0] = f->flow.actions[1] = (struct cvsw_action)GROUP(2);
	KUNIT_ASSERT_EQ(test, cvsw_table_flow_mod(f->engine.table, CVSW_FLOW_MODIFY, &f->flow), 0);
	f->flow.match.mask.pass = 0;
	f->flow.priority = 1;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
	expect_out(test, "");
	KUNIT_EXPECT_EQ(test, count_of(test, CVSW_CNT_DROP_PASSES), 256ULL);
}

/* ---- beside changes ---- */

/*
 * Each change writes its number into a frame: by two flows, and by buckets of two groups, one
 * in the middle of a list and one at its end.
 */
static void change_all(struct kunit *test, u8 change)
{
	static const struct cvsw_action behind = { .type = CVSW_ACT_GOTO_TABLE, .table = 1 };
	struct fixture *f = test->priv;
	enum cvsw_group_command command = change ? CVSW_GROUP_MODIFY : CVSW_GROUP_ADD;
	struct cvsw_action actions[3];
	unsigned int i;

	cvsw_table_begin(f->engine.table, false);
	for (i = 1; i <= 2; i++) {
		/* One of them goes and comes, now and then, and so do its flows. */
		if (i == 2 && change % 8 == 7) {
			f->group.id = 2;
			KUNIT_ASSERT_EQ(test, group_mod(f, CVSW_GROUP_DELETE), 0);
			command = CVSW_GROUP_ADD;
		}
		group_begin(f, i, CVSW_GROUP_TYPE_SELECT);
		bucket_begin(f);
		*bucket_action(f, CVSW_ACT_LOAD) = (struct cvsw_action){
			.type = CVSW_ACT_LOAD, .load = cvsw_load_of(CVSW_FIELD_ETH_DST, 8 * i, 8, change),
		};
		*bucket_action(f, CVSW_ACT_OUTPUT) = onward;
		KUNIT_ASSERT_EQ(test, group_mod(f, command), 0);
	}
	for (i = 0; i < 2; i++) {
		actions[0] = (struct cvsw_action){
			.type = CVSW_ACT_LOAD, .load = cvsw_load_of(CVSW_FIELD_ETH_SRC, 8 * i, 8, change),
		};
		actions[1] = (struct cvsw_action)GROUP(i + 1);
		actions[2] = behind;
		add_flow_for(test, i, 0, actions, i ? 2 : 3);
	}
	cvsw_table_commit(f->engine.table);
}

struct sender {
	struct cvsw_engine *engine;
	struct flat_frame frame;
	struct task_struct *task;
	unsigned long sent, mixed, lost;
};

static int send_to_groups(void *arg)
{
	struct sender *sender = arg;

	while (!kthread_should_stop()) {
		struct sk_buff *skb = linear_skb(&sender->frame), *second;
		u8 change;

		if (!skb)
			continue;
		local_bh_disable();
		skb = cvsw_handle_frame(sender->engine, skb, CVSW_HOST);
		local_bh_enable();
		second = skb ? skb->next : NULL;
		if (!second || second->next) {
			sender->lost++;
		} else {
			change = skb->data[11];
			sender->mixed += skb->data[4] != change || second->data[11] != change ||
					 second->data[10] != change || second->data[3] != change;
		}
		kfree_skb_list(skb);
		WRITE_ONCE(sender->sent, sender->sent + 1);
		cond_resched();
	}
	return 0;
}

static unsigned long fewest_sent(const struct sender *senders, unsigned int n)
{
	unsigned long fewest = ULONG_MAX;
	unsigned int i;

	for (i = 0; i < n; i++)
		fewest = min(fewest, READ_ONCE(senders[i].sent));
	return fewest;
}

static u64 all_slots(struct kunit *test, u32 id)
{
	struct fixture *f = test->priv;
	struct cvsw_group_version *group;
	u64 sum = 0, packets, bytes;
	unsigned int i;

	rcu_read_lock();
	group = cvsw_table_group(f->engine.table, id, cvsw_table_version(f->engine.table));
	for (i = 0; group && i < CVSW_GROUP_SLOTS; i++) {
		cvsw_slot_hits_read(group->slots->hits, i, &packets, &bytes);
		sum += packets;
	}
	rcu_read_unlock();
	return sum;
}

/* No frame sees a mix, and the slots of what is only modified have counted each. */
static void groups_race(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, n = clamp_t(unsigned int, num_online_cpus(), 2, 4);
	struct sender *senders = kunit_kcalloc(test, n, sizeof(*senders), GFP_KERNEL);
	unsigned long end = jiffies + 30 * HZ;
	u64 sent = 0;

	KUNIT_ASSERT_NOT_NULL(test, senders);
	change_all(test, 0);
	for (i = 0; i < n; i++) {
		senders[i].engine = &f->engine;
		memset(senders[i].frame.data, 2, 60);
		senders[i].frame.len = 60;
		senders[i].task = kthread_run(send_to_groups, &senders[i], "cvsw-group/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(senders[i].task));
	}
	for (i = 1; i < 500 || (fewest_sent(senders, n) < 100 && time_before(jiffies, end)); i++) {
		change_all(test, i % 255 + 1);
		cond_resched();
	}
	for (i = 0; i < n; i++) {
		kthread_stop(senders[i].task);
		KUNIT_EXPECT_EQ(test, senders[i].mixed, 0UL);
		KUNIT_EXPECT_EQ(test, senders[i].lost, 0UL);
		KUNIT_EXPECT_GT(test, senders[i].sent, 10UL);
		sent += senders[i].sent;
	}
	KUNIT_EXPECT_EQ(test, all_slots(test, 1), sent);
}

static int groups_init(struct kunit *test)
{
	struct fixture *f = kvzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	prandom_seed_state(&f->rnd, 5);
	return bare_engine_init(&f->engine);
}

static void groups_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	bare_engine_exit(&f->engine);
	kvfree(f);
}

static struct kunit_case groups_cases[] = {
	KUNIT_CASE(groups_random),
	KUNIT_CASE(groups_of_versions),
	KUNIT_CASE(groups_have_a_limit),
	KUNIT_CASE(flows_go_with_their_group),
	KUNIT_CASE(groups_without_memory),
	KUNIT_CASE(frames_to_all),
	KUNIT_CASE(frames_go_on_behind),
	KUNIT_CASE(frames_behind_resubmits),
	KUNIT_CASE(frames_with_action_sets),
	KUNIT_CASE(frames_to_one_of_many),
	KUNIT_CASE(frames_to_backups),
	KUNIT_CASE(frames_fail_over),
	KUNIT_CASE(buckets_without_output),
	KUNIT_CASE(buckets_to_the_controller),
	KUNIT_CASE(buckets_in_tunnels),
	KUNIT_CASE(buckets_of_giants),
	KUNIT_CASE(copies_are_bounded),
	KUNIT_CASE(groups_race),
	{}
};

static struct kunit_suite groups_suite = {
	.name = "groups",
	.init = groups_init,
	.exit = groups_exit,
	.test_cases = groups_cases,
};
kunit_test_suite(groups_suite);
