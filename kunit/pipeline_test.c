// SPDX-License-Identifier: GPL-2.0
/* Ways through several tables, and to groups, beside a reference that goes them one by one. */
#include <kunit/test.h>
#include <linux/kthread.h>

#include "../drivers/cvsw/engine/action_set.c"
#include "../drivers/cvsw/table/groups.h"
#include "bare_engine.h"
#include "cpus.h"
#include "frames.h"

#define FLOWS		60
#define TABLES		5
#define GROUPS		4
#define ROUNDS		400
#define FRAMES		40
#define OUTPUTS_MAX	1200
#define DST		5	/* the byte of a frame's destination that flows match and write */

/* What left, in its order: the byte, and 0x100 if it was turned. */
struct outputs {
	unsigned int n;
	u16 seen[OUTPUTS_MAX];
};

struct fixture {
	struct cvsw_engine engine;
	struct rnd_state rnd;
	struct cvsw_flow flows[FLOWS];
	struct cvsw_group groups[GROUPS];
	unsigned int n;
	struct flat_frame frame;
	struct outputs onward, back;
	struct outputs want_onward, want_back;
	struct cvsw_flow flow;	/* scratch */
};

/* ---- the reference ---- */

/* A frame's state, and what bounds its way. */
struct place {
	u8 in;
	u8 dst;
	u32 reg;
	u64 metadata;
	u8 table;
	unsigned int backward, resubmits, waiting;
	bool sent, dead;
	const struct cvsw_action *fields[CVSW_MAX_SET], *output;
	unsigned int n_fields;
};

/* How a list has ended. */
enum end { ENDS_ONWARD, ENDS_EMPTY, ENDS_MISSED };

static bool bits_meet(u64 key, u64 mask, u64 value)
{
	return !((key ^ value) & mask);
}

static bool meets(const struct cvsw_match *match, const struct place *at, u8 in)
{
	const struct cvsw_key *key = &match->key, *mask = &match->mask;

	return match->table == at->table && bits_meet(key->in_port, mask->in_port, in) &&
	       bits_meet(key->dl_dst[DST], mask->dl_dst[DST], at->dst) &&
	       bits_meet(key->regs[3], mask->regs[3], at->reg) &&
	       bits_meet(key->metadata, mask->metadata, at->metadata);
}

static const struct cvsw_flow *best_of(const struct fixture *f, const struct place *at, u8 in)
{
	const struct cvsw_flow *best = NULL;
	unsigned int i;

	for (i = 0; i < f->n; i++)
		if (meets(&f->flows[i].match, at, in) &&
		    (!best || f->flows[i].priority > best->priority))
			best = &f->flows[i];
	return best;
}

static void put_output(struct outputs *outputs, u16 what)
{
	if (outputs->n < OUTPUTS_MAX)
		outputs->seen[outputs->n] = what;
	outputs->n++;
}

static void reference_output(struct fixture *f, struct place *at, u16 port)
{
	at->sent = true;
	if (port == CVSW_PORT_IN_PORT)
		put_output(&f->want_back, at->dst | 0x100);
	else if (port == CVSW_PORT_ONWARD)
		put_output(&f->want_onward, at->dst);
}

static void reference_group(struct fixture *f, struct place *at, const struct cvsw_to_group *to);

/* Of a list, or of an action set. */
static void reference_send(struct fixture *f, struct place *at, const struct cvsw_action *action)
{
	if (action->type == CVSW_ACT_GROUP)
		reference_group(f, at, &action->to_group);
	else
		reference_output(f, at, action->port);
}

static void reference_load(struct place *at, const struct cvsw_load *load)
{
	u64 mask = GENMASK_ULL(load->n_bits - 1, 0) << load->ofs;
	u64 bits = cvsw_load_value(load) << load->ofs;

	if (load->dst == CVSW_FIELD_METADATA)
		at->metadata = (at->metadata & ~mask) | bits;
	else if (load->dst == CVSW_FIELD_REG3)
		at->reg = (at->reg & ~mask) | bits;
	else
		at->dst = (at->dst & ~mask) | bits;
}

static void reference_bucket(struct fixture *f, const struct place *from,
			     const struct cvsw_action *actions, unsigned int n)
{
	struct place at = *from;

	for (; n--; actions++) {
		if (actions->type == CVSW_ACT_LOAD)
			reference_load(&at, &actions->load);
		else
			reference_output(f, &at, actions->port);
	}
}

/* The only bucket for a frame of these bytes; negative: there is none. */
static int reference_choice(const struct cvsw_group *group, u8 hash, u8 dst)
{
	struct cvsw_key key = { .dl_type = 0x0202 };
	unsigned int i, slot;

	memset(key.dl_src, 2, ETH_ALEN);
	memset(key.dl_dst, 2, ETH_ALEN);
	key.dl_dst[DST] = dst;
	if (group->type == CVSW_GROUP_TYPE_SELECT) {
		slot = cvsw_group_slot(group->key, hash, &key);
		i = group->slots[slot];
		if (group->dead >> i & 1)
			i = group->backup[slot];
		return i < group->n_buckets && !(group->dead >> i & 1) ? (int)i : -1;
	}
	for (i = 0; i < group->n_buckets; i++)
		if (!(group->dead >> i & 1))
			return i;
	return -1;
}

/* Each bucket works on a frame of its own. */
static void reference_group(struct fixture *f, struct place *at, const struct cvsw_to_group *to)
{
	const struct cvsw_group *group = &f->groups[to->id];
	int only = reference_choice(group, to->hash, at->dst);
	unsigned int i;

	at->sent = true;
	for (i = 0; i < group->n_buckets; i++)
		if (group->type == CVSW_GROUP_TYPE_ALL ? !(group->dead >> i & 1) : i == only)
			reference_bucket(f, at, group->actions + group->buckets[i].first,
					 group->buckets[i].n_actions);
}

/* Return: false: the set is full. */
static bool reference_write(struct place *at, const struct cvsw_action *actions, unsigned int n)
{
	for (; n--; actions++) {
		if (at->n_fields + !!at->output == CVSW_MAX_SET &&
		    (actions->type == CVSW_ACT_LOAD || !at->output))
			return false;
		if (actions->type == CVSW_ACT_LOAD)
			at->fields[at->n_fields++] = actions;
		else if (!at->output || at->output->type != CVSW_ACT_GROUP ||
			 actions->type == CVSW_ACT_GROUP)
			at->output = actions;
	}
	return true;
}

/* Return: whether it had an output. */
static bool reference_set(struct fixture *f, struct place *at)
{
	unsigned int i;

	for (i = 0; i < at->n_fields; i++)
		reference_load(at, &at->fields[i]->load);
	if (at->output)
		reference_send(f, at, at->output);
	return at->output;
}

static enum end reference_table(struct fixture *f, struct place *at, u8 in);

/* Return: false: over a bound. */
static bool reference_turn(struct place *at, const struct cvsw_action *action, u8 *in)
{
	u8 from = at->table;

	*in = at->in;
	if (at->backward == 64 || at->resubmits++ == 4096)
		return false;
	if (action->type == CVSW_ACT_GOTO_TABLE) {
		at->table = action->table;
		return true;
	}
	if (action->resubmit.table != 0xff)
		at->table = action->resubmit.table;
	if (action->resubmit.port != CVSW_PORT_IN_PORT)
		*in = action->resubmit.port;
	at->backward += at->table <= from;
	return true;
}

/* A resubmit with something behind it. */
static bool reference_call(struct fixture *f, struct place *at, const struct cvsw_action *action)
{
	unsigned int backward = at->backward;
	u8 table = at->table, in;

	if (at->waiting == CVSW_MAX_RETURNS || !reference_turn(at, action, &in))
		return false;
	at->waiting++;
	reference_table(f, at, in);
	at->waiting--;
	at->table = table;
	at->backward = backward;
	return !at->dead;
}

static enum end reference_table(struct fixture *f, struct place *at, u8 in)
{
	const struct cvsw_flow *flow;
	unsigned int i;

again:
	flow = best_of(f, at, in);
	if (!flow)
		return ENDS_MISSED;
	for (i = 0; i < flow->n_actions; i++) {
		const struct cvsw_action *action = &flow->actions[i];
		bool last = i + 1 == flow->n_actions;

		switch (action->type) {
		case CVSW_ACT_OUTPUT:
		case CVSW_ACT_GROUP:
			reference_send(f, at, action);
			break;
		case CVSW_ACT_LOAD:
			reference_load(at, &action->load);
			break;
		case CVSW_ACT_CLEAR_ACTIONS:
			at->n_fields = 0;
			at->output = NULL;
			break;
		case CVSW_ACT_WRITE_ACTIONS:
			at->dead = !reference_write(at, action + 1, action->n_written);
			if (at->dead)
				return ENDS_EMPTY;
			i += action->n_written;
			break;
		default:
			at->dead = !(last ? reference_turn(at, action, &in) :
					    reference_call(f, at, action));
			if (at->dead)
				return ENDS_EMPTY;
			if (last)
				goto again;
		}
	}
	return flow->n_actions ? ENDS_ONWARD : ENDS_EMPTY;
}

static void reference_way(struct fixture *f, u8 dst, u8 in)
{
	struct place at = { .in = in, .dst = dst };
	enum end end;

	end = reference_table(f, &at, in);
	if (at.dead)
		return;
	if (end != ENDS_MISSED && reference_set(f, &at))
		return;
	if (at.sent)
		return;
	/* What meets nothing at all goes on. */
	if (end == ENDS_ONWARD || (end == ENDS_MISSED && !at.resubmits))
		put_output(&f->want_onward, at.dst);
}

/* ---- random flows ---- */

static void random_lookup(struct rnd_state *rnd, struct cvsw_flow *flow, bool last)
{
	static const u16 in_ports[] = { CVSW_PORT_IN_PORT, CVSW_PORT_IN_PORT, CVSW_HOST, CVSW_NET };
	struct cvsw_action *action = &flow->actions[flow->n_actions++];
	u8 table = flow->match.table;

	if (last && table < TABLES - 1 && pick(rnd, 2)) {
		action->type = CVSW_ACT_GOTO_TABLE;
		action->table = table + 1 + pick(rnd, TABLES - 1 - table);
		return;
	}
	action->type = CVSW_ACT_RESUBMIT;
	action->resubmit.port = in_ports[pick(rnd, 4)];
	action->resubmit.table = pick(rnd, 3) && table < TABLES - 1 ?
				 table + 1 + pick(rnd, TABLES - 1 - table) :
				 pick(rnd, 8) ? pick(rnd, TABLES) : CVSW_TABLE_SAME;
}

static void random_write(struct rnd_state *rnd, struct cvsw_action *action)
{
	static const u8 fields[] = { CVSW_FIELD_REG3, CVSW_FIELD_METADATA, CVSW_FIELD_ETH_DST };
	unsigned int ofs = pick(rnd, 2), n = 1 + pick(rnd, 2);

	action->type = CVSW_ACT_LOAD;
	action->load = cvsw_load_of(fields[pick(rnd, 3)], ofs, n, pick(rnd, 1 << n));
}

static const u16 ports[] = {
	CVSW_PORT_ONWARD, CVSW_PORT_ONWARD, CVSW_PORT_IN_PORT, CVSW_PORT_NONE
};

static struct cvsw_action random_output(struct rnd_state *rnd)
{
	if (pick(rnd, 2))
		return (struct cvsw_action){ .type = CVSW_ACT_OUTPUT, .port = ports[pick(rnd, 4)] };
	return (struct cvsw_action){ .type = CVSW_ACT_GROUP, .to_group = {
		.id = pick(rnd, GROUPS), .hash = pick(rnd, CVSW_N_GROUP_HASHES) } };
}

static void random_group(struct rnd_state *rnd, struct cvsw_group *group, u32 id)
{
	unsigned int i, j;

	memset(group, 0, sizeof(*group));
	group->id = id;
	group->type = pick(rnd, CVSW_N_GROUP_TYPES);
	group->n_buckets = group->type == CVSW_GROUP_TYPE_INDIRECT ? 1 : pick(rnd, 4);
	group->dead = pick(rnd, 2) ? 0 : pick(rnd, 1 << group->n_buckets);
	for (i = 0; i < group->n_buckets; i++) {
		struct cvsw_bucket *bucket = &group->buckets[i];

		bucket->first = group->n_actions;
		bucket->n_actions = pick(rnd, 4);
		for (j = 0; j < bucket->n_actions; j++) {
			struct cvsw_action *action = &group->actions[group->n_actions++];

			if (pick(rnd, 2))
				random_write(rnd, action);
			else
				*action = (struct cvsw_action){ .type = CVSW_ACT_OUTPUT,
								.port = ports[pick(rnd, 4)] };
		}
	}
	for (i = 0; group->type == CVSW_GROUP_TYPE_SELECT && i < CVSW_GROUP_SLOTS; i++) {
		group->slots[i] = group->n_buckets ? pick(rnd, group->n_buckets) : 0;
		group->backup[i] = group->n_buckets ? pick(rnd, group->n_buckets) : 0;
	}
}

static void random_set(struct rnd_state *rnd, struct cvsw_flow *flow)
{
	struct cvsw_action *head = &flow->actions[flow->n_actions++];

	head->type = CVSW_ACT_WRITE_ACTIONS;
	head->n_written = 1 + pick(rnd, 3);
	while (flow->actions + flow->n_actions <= head + head->n_written) {
		struct cvsw_action *action = &flow->actions[flow->n_actions++];

		if (pick(rnd, 3))
			random_write(rnd, action);
		else
			*action = random_output(rnd);
	}
}

static void random_list(struct rnd_state *rnd, struct cvsw_flow *flow)
{
	unsigned int n = pick(rnd, 5);

	if (!pick(rnd, 12))
		flow->actions[flow->n_actions++].type = CVSW_ACT_CLEAR_ACTIONS;
	while (n--) {
		unsigned int kind = pick(rnd, 10);

		if (kind >= 8)
			random_set(rnd, flow);
		else if (kind < 3)
			random_write(rnd, &flow->actions[flow->n_actions++]);
		else if (kind < 4)
			flow->actions[flow->n_actions++] = random_output(rnd);
		else if (kind < 6 || !n)
			random_lookup(rnd, flow, !n);
	}
}

static void random_pipeline_flow(struct rnd_state *rnd, struct cvsw_flow *flow, u16 priority)
{
	struct cvsw_key *key = &flow->match.key, *mask = &flow->match.mask;

	memset(flow, 0, sizeof(*flow));
	flow->priority = priority;
	flow->match.table = pick(rnd, TABLES);
	if (!pick(rnd, 3)) {
		key->in_port = 1 + pick(rnd, 2);
		mask->in_port = 0xff;
	}
	mask->dl_dst[DST] = pick(rnd, 3) ? 0 : 1 + pick(rnd, 7);
	mask->regs[3] = pick(rnd, 3) ? 0 : 1 + pick(rnd, 3);
	mask->metadata = pick(rnd, 3) ? 0 : 1 + pick(rnd, 3);
	key->dl_dst[DST] = pick(rnd, 8) & mask->dl_dst[DST];
	key->regs[3] = pick(rnd, 4) & mask->regs[3];
	key->metadata = pick(rnd, 4) & mask->metadata;
	random_list(rnd, flow);
}

/* ---- the engine ---- */

static void pipeline_turn(struct cvsw_engine *engine, struct sk_buff *skb, enum cvsw_ingress in)
{
	struct fixture *f = container_of(engine, struct fixture, engine);

	put_output(&f->back, skb->data[DST] | 0x100);
	kfree_skb(skb);
}

static void send_through(struct kunit *test, u8 dst, u8 in)
{
	struct fixture *f = test->priv;
	struct sk_buff *list, *next;

	f->onward.n = f->back.n = f->want_onward.n = f->want_back.n = 0;
	memset(f->frame.data, 2, 60);
	f->frame.data[DST] = dst;
	f->frame.len = 60;
	list = linear_skb(&f->frame);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, list);
	local_bh_disable();
	list = cvsw_handle_frame(&f->engine, list, in);
	local_bh_enable();
	for (; list; list = next) {
		next = list->next;
		put_output(&f->onward, list->data[DST]);
		kfree_skb(list);
	}
}

static void expect_same(struct kunit *test, const struct outputs *have, const struct outputs *want)
{
	/* Copies are bounded by 1,024. */
	if (want->n > 1000)
		return;
	KUNIT_ASSERT_EQ(test, have->n, want->n);
	KUNIT_ASSERT_EQ(test, memcmp(have->seen, want->seen, want->n * sizeof(want->seen[0])), 0);
}

static void pipeline_random(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round, i, met = 0;
	static const struct cvsw_match all = { .table = CVSW_TABLE_ALL };

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < GROUPS; i++) {
			random_group(&f->rnd, &f->groups[i], i);
			KUNIT_ASSERT_EQ(test, cvsw_table_group_mod(f->engine.table, round ?
					CVSW_GROUP_MODIFY : CVSW_GROUP_ADD, &f->groups[i]), 0);
		}
		f->n = 1 + pick(&f->rnd, FLOWS);
		for (i = 0; i < f->n; i++) {
			random_pipeline_flow(&f->rnd, &f->flows[i], i);
			KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flows[i]), 0);
		}
		for (i = 0; i < FRAMES; i++) {
			u8 dst = pick(&f->rnd, 8), in = 1 + pick(&f->rnd, 2);

			send_through(test, dst, in);
			reference_way(f, dst, in);
			expect_same(test, &f->onward, &f->want_onward);
			expect_same(test, &f->back, &f->want_back);
			met += f->want_onward.n + f->want_back.n;
		}
		memset(&f->flow, 0, sizeof(f->flow));
		f->flow.match = all;
		KUNIT_ASSERT_EQ(test, cvsw_table_flow_mod(f->engine.table, CVSW_FLOW_DELETE,
							  &f->flow), 0);
		KUNIT_ASSERT_TRUE(test, cvsw_table_empty(f->engine.table));
	}
	KUNIT_EXPECT_GT(test, met, ROUNDS * FRAMES / 8U);
	KUNIT_EXPECT_GT(test, cvsw_stats_read(f->engine.stats, CVSW_CNT_DROP_RESUBMIT), 0ULL);
	KUNIT_EXPECT_GT(test, cvsw_stats_read(f->engine.stats, CVSW_CNT_DROP_TABLE), 0ULL);
	KUNIT_EXPECT_GT(test, cvsw_stats_read(f->engine.stats, CVSW_CNT_DROP_SET), 0ULL);
	KUNIT_EXPECT_GT(test, cvsw_stats_read(f->engine.stats, CVSW_CNT_DROP_GROUP), 0ULL);
}

/* ---- one by one ---- */

static struct cvsw_action *begin_flow(struct fixture *f, u8 table)
{
	memset(&f->flow, 0, sizeof(f->flow));
	f->flow.match.table = table;
	return f->flow.actions;
}

static void add_flow(struct kunit *test, unsigned int n)
{
	struct fixture *f = test->priv;

	f->flow.n_actions = n;
	KUNIT_ASSERT_EQ(test, cvsw_table_add(f->engine.table, &f->flow), 0);
}

static u64 pipeline_count(struct kunit *test, unsigned int counter)
{
	struct fixture *f = test->priv;

	return cvsw_stats_read(f->engine.stats, counter);
}

static void pipeline_miss_drops(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_action *actions = begin_flow(f, 0);

	actions[0] = (struct cvsw_action){ .type = CVSW_ACT_GOTO_TABLE, .table = 63 };
	add_flow(test, 1);
	send_through(test, 1, CVSW_HOST);
	KUNIT_EXPECT_EQ(test, f->onward.n, 0U);
	KUNIT_EXPECT_EQ(test, pipeline_count(test, CVSW_CNT_DROP_TABLE), 1ULL);
	KUNIT_EXPECT_EQ(test, pipeline_count(test, CVSW_CNT_TABLE_LOOKUP(63)), 1ULL);
	KUNIT_EXPECT_EQ(test, pipeline_count(test, CVSW_CNT_TABLE_HIT(63)), 0ULL);

	/* The table-miss flow: OpenFlow 1.3.0, 5.4. */
	actions = begin_flow(f, 63);
	actions[0] = (struct cvsw_action){ .type = CVSW_ACT_OUTPUT, .port = CVSW_PORT_ONWARD };
	add_flow(test, 1);
	send_through(test, 1, CVSW_HOST);
	KUNIT_EXPECT_EQ(test, f->onward.n, 1U);
	KUNIT_EXPECT_EQ(test, pipeline_count(test, CVSW_CNT_TABLE_HIT(63)), 1ULL);
	KUNIT_EXPECT_EQ(test, pipeline_count(test, CVSW_CNT_DROP_TABLE), 1ULL);
}

/* Sixteen lists may wait, and as many resubmits lead back as in Open vSwitch. */
static void pipeline_bounds(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct cvsw_action *actions;
	unsigned int i;

	for (i = 0; i <= CVSW_MAX_RETURNS; i++) {
		actions = begin_flow(f, i);
		actions[0] = (struct cvsw_action){ .type = CVSW_ACT_RESUBMIT, .resubmit = {
			.port = CVSW_PORT_IN_PORT, .table = i + 1 } };
		actions[1] = (struct cvsw_action){ .type = CVSW_ACT_OUTPUT,
						   .port = CVSW_PORT_ONWARD };
		if (i < CVSW_MAX_RETURNS)
			add_flow(test, 2);
	}
	send_through(test, 1, CVSW_HOST);
	KUNIT_EXPECT_EQ(test, f->onward.n, (unsigned int)CVSW_MAX_RETURNS);
	KUNIT_EXPECT_EQ(test, pipeline_count(test, CVSW_CNT_DROP_RESUBMIT), 0ULL);
	add_flow(test, 2);	/* one more, of the last table */
	send_through(test, 1, CVSW_HOST);
	KUNIT_EXPECT_EQ(test, f->onward.n, 0U);
	KUNIT_EXPECT_EQ(test, pipeline_count(test, CVSW_CNT_DROP_RESUBMIT), 1ULL);

	actions = begin_flow(f, 0);
	actions[0] = (struct cvsw_action){ .type = CVSW_ACT_OUTPUT, .port = CVSW_PORT_IN_PORT };
	actions[1] = (struct cvsw_action){ .type = CVSW_ACT_RESUBMIT, .resubmit = {
		.port = CVSW_PORT_IN_PORT, .table = CVSW_TABLE_SAME } };
	add_flow(test, 2);
	send_through(test, 1, CVSW_HOST);
	KUNIT_EXPECT_EQ(test, f->back.n, 65U);
	KUNIT_EXPECT_EQ(test, pipeline_count(test, CVSW_CNT_DROP_RESUBMIT), 2ULL);
}

/* ---- beside changes ---- */

/*
 * Ten tables in a row, each of which writes the change that it is of into the frame: all the
 * same, whatever happens meanwhile.
 */
#define ROW	10

static void row_of(struct kunit *test, u8 change)
{
	struct fixture *f = test->priv;
	struct cvsw_action *actions;
	unsigned int i;

	cvsw_table_begin(f->engine.table, true);
	for (i = 0; i < ROW; i++) {
		actions = begin_flow(f, i);
		actions[0] = (struct cvsw_action){
			.type = CVSW_ACT_LOAD,
			.load = cvsw_load_of(i < 6 ? CVSW_FIELD_ETH_DST : CVSW_FIELD_ETH_SRC,
					     8 * (i % 6), 8, change),
		};
		actions[1] = (struct cvsw_action){ .type = CVSW_ACT_GOTO_TABLE, .table = i + 1 };
		add_flow(test, i + 1 < ROW ? 2 : 1);
	}
	cvsw_table_commit(f->engine.table);
}

struct sender {
	struct cvsw_engine *engine;
	struct flat_frame frame;
	struct task_struct *task;
	unsigned long sent, mixed, lost;
};

static int send_along(void *arg)
{
	struct sender *sender = arg;
	unsigned int i;

	while (!kthread_should_stop()) {
		struct sk_buff *skb = linear_skb(&sender->frame);
		bool mixed = false;

		if (!skb)
			continue;
		local_bh_disable();
		skb = cvsw_handle_frame(sender->engine, skb, CVSW_HOST);
		local_bh_enable();
		for (i = 1; skb && i < ROW; i++)
			mixed |= skb->data[i < 6 ? 5 - i : 11 - i % 6] != skb->data[5];
		sender->mixed += mixed;
		sender->lost += !skb;
		WRITE_ONCE(sender->sent, sender->sent + 1);
		kfree_skb(skb);
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

static void pipeline_race(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int i, n = clamp_t(unsigned int, num_online_cpus(), 2, 4);
	struct sender *senders = kunit_kcalloc(test, n, sizeof(*senders), GFP_KERNEL);
	unsigned long end = jiffies + 30 * HZ;

	KUNIT_ASSERT_NOT_NULL(test, senders);
	row_of(test, 0);
	for (i = 0; i < n; i++) {
		senders[i].engine = &f->engine;
		memset(senders[i].frame.data, 2, 60);
		senders[i].frame.len = 60;
		senders[i].task = kthread_run(send_along, &senders[i], "cvsw-row/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(senders[i].task));
	}
	for (i = 1; i < 500 || (fewest_sent(senders, n) < 100 && time_before(jiffies, end)); i++) {
		row_of(test, i);
		cond_resched();
	}
	for (i = 0; i < n; i++) {
		kthread_stop(senders[i].task);
		KUNIT_EXPECT_EQ(test, senders[i].mixed, 0UL);
		KUNIT_EXPECT_EQ(test, senders[i].lost, 0UL);
		KUNIT_EXPECT_GT(test, senders[i].sent, 10UL);
	}
}

static int pipeline_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	test->priv = f;
	prandom_seed_state(&f->rnd, 11);
	f->engine.turn = pipeline_turn;
	return bare_engine_init(&f->engine);
}

static void pipeline_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (f)
		bare_engine_exit(&f->engine);
}

static struct kunit_case pipeline_cases[] = {
	KUNIT_CASE(pipeline_random),
	KUNIT_CASE(pipeline_miss_drops),
	KUNIT_CASE(pipeline_bounds),
	KUNIT_CASE(pipeline_race),
	{}
};

static struct kunit_suite pipeline_suite = {
	.name = "pipeline",
	.init = pipeline_init,
	.exit = pipeline_exit,
	.test_cases = pipeline_cases,
};
kunit_test_suite(pipeline_suite);
