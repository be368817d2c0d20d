// SPDX-License-Identifier: GPL-2.0-or-later
/* What commands would do to flows: to these, against what a slow look at each says. */
#include <stdio.h>

#include "nic/change.h"
#include "flows.h"
#include "api/intent.h"
#include "tap.h"

#define ROUNDS	300

static struct choice choice_of(enum cvsw_text_use use, const char *text)
{
	struct choice choice = { .strict = use == CVSW_TEXT_STRICT };
	struct cvsw_text_error error = { 0 };

	CHECK_MSG(intent_parse_choice(use, text, &choice, &error), "%s: %s", text, error.message);
	return choice;
}

static void set_of(struct flowset *set, const char *const *texts)
{
	flowset_init(set);
	for (; *texts; texts++) {
		struct cvsw_flow flow = flow_of(*texts);

		flowset_put(set, &flow);
	}
}

static bool has(const struct flowset *set, const char *text)
{
	struct cvsw_flow flow = flow_of(text);
	const struct cvsw_flow *found = flowset_find(set, &flow.match, flow.priority);

	return found && cvsw_flow_equal(found, &flow);
}

static void apply(struct flowset *have, const struct change *change)
{
	const struct flow_node *node;

	CHECK(change_size(change, have) <= have->n + change->put.n);
	flowset_each(node, &change->gone)
		flowset_remove(have, &node->flow.match, node->flow.priority);
	flowset_each(node, &change->put)
		flowset_put(have, &node->flow);
}

/* From any table to any other, and back to nothing to do. */
static void test_replace(void)
{
	uint32_t random = 7;

	for (int i = 0; i < ROUNDS; i++) {
		struct flowset have, wanted;
		struct change change;
		size_t n;

		flowset_init(&have);
		flowset_init(&wanted);
		random_flows(&have, &random, random_next(&random) % 20);
		random_flows(&wanted, &random, random_next(&random) % 20);
		change_init(&change);
		change_replace(&change, &have, &wanted);
		n = change_size(&change, &have);
		apply(&have, &change);
		CHECK(n == have.n && flowsets_equal(&have, &wanted));
		change_clear(&change);
		change_replace(&change, &have, &wanted);
		CHECK(!change.gone.n && !change.put.n);
		change_clear(&change);
		flowset_clear(&have);
		flowset_clear(&wanted);
	}
}

static const char *const some[] = {
	"priority=5,tcp,actions=drop", "cookie=0x15,priority=5,tcp,tp_dst=80,actions=output:NET",
	"cookie=0x25,priority=6,udp,actions=drop", "idle_timeout=9,arp,actions=IN_PORT", NULL,
};

static void test_choices(void)
{
	static const struct {
		enum cvsw_text_use use;
		const char *text;
		const char *goes;	/* by their place in some[] */
	} cases[] = {
		{ CVSW_TEXT_MATCH, "", "0123" }, { CVSW_TEXT_MATCH, "tcp", "01" },
		{ CVSW_TEXT_MATCH, "tcp,tp_dst=80", "1" }, { CVSW_TEXT_MATCH, "icmp", "" },
		{ CVSW_TEXT_STRICT, "priority=5,tcp", "0" }, { CVSW_TEXT_STRICT, "tcp", "" },
		{ CVSW_TEXT_STRICT, "arp", "3" }, { CVSW_TEXT_MATCH, "out_port=NET", "1" },
		{ CVSW_TEXT_MATCH, "out_port=IN_PORT", "3" }, { CVSW_TEXT_MATCH, "out_port=LOCAL", "" },
		{ CVSW_TEXT_MATCH, "cookie=5/0xf", "12" }, { CVSW_TEXT_MATCH, "cookie=0/-1", "03" },
		{ CVSW_TEXT_MATCH, "cookie=0x25/-1,tcp", "" },
		{ CVSW_TEXT_STRICT, "priority=6,udp,cookie=0/1", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct choice choice = choice_of(cases[i].use, cases[i].text);
		struct change change;
		struct flowset have;

		set_of(&have, some);
		change_init(&change);
		change_delete(&change, &have, &choice);
		apply(&have, &change);
		for (int at = 0; some[at]; at++)
			CHECK_MSG(has(&have, some[at]) == !strchr(cases[i].goes, '0' + at), "%s: %s",
				  cases[i].text, some[at]);
		change_clear(&change);
		flowset_clear(&have);
	}
}

static void test_modify(void)
{
	struct choice choice = choice_of(CVSW_TEXT_MODIFY, "priority=9,idle_timeout=3,tcp,actions=NORMAL");
	struct change change;
	struct flowset have;

	set_of(&have, some);
	change_init(&change);
	change_modify(&change, &have, &choice);
	CHECK(change.put.n == 2 && change.modified.n == 2 && !change.gone.n);
	apply(&have, &change);
	CHECK(have.n == 4 && has(&have, "priority=5,tcp,actions=NORMAL"));
	CHECK(has(&have, "cookie=0x15,priority=5,tcp,tp_dst=80,actions=NORMAL"));
	change_clear(&change);
	change_modify(&change, &have, &choice);
	CHECK(!change.put.n);	/* they are so already */
	/* With a cookie, and of one that has a timeout. */
	choice = choice_of(CVSW_TEXT_MODIFY, "cookie=7,arp,actions=drop");
	change_modify(&change, &have, &choice);
	apply(&have, &change);
	CHECK(has(&have, "cookie=7,idle_timeout=9,arp,actions=drop"));
	change_clear(&change);
	/* None is there: added, unless a cookie is looked for. */
	choice = choice_of(CVSW_TEXT_MODIFY, "cookie=1/1,icmp,actions=drop");
	change_modify(&change, &have, &choice);
	CHECK(!change.put.n);
	choice = choice_of(CVSW_TEXT_MODIFY, "hard_timeout=3,icmp,actions=drop");
	change_modify(&change, &have, &choice);
	CHECK(change.put.n == 1 && !change.modified.n);
	CHECK(has(&change.put, "hard_timeout=3,icmp,actions=drop"));
	change_clear(&change);
	flowset_clear(&have);
}

/* some[] are there, and a command comes with flows of its own. */
struct trial {
	struct flowset have, flows;
	struct change change;
};

static void trial_begin(struct trial *trial, const char *const *texts)
{
	set_of(&trial->have, some);
	set_of(&trial->flows, texts);
	change_init(&trial->change);
}

static void trial_end(struct trial *trial)
{
	change_clear(&trial->change);
	flowset_clear(&trial->have);
	flowset_clear(&trial->flows);
}

/* The same once more is nothing, but of one with a timeout. */
static void test_add(void)
{
	struct trial trial;

	trial_begin(&trial, some);
	change_add(&trial.change, &trial.have, &trial.flows);
	CHECK(trial.change.put.n == 1 && has(&trial.change.put, some[3]));
	CHECK(change_size(&trial.change, &trial.have) == 4);
	trial_end(&trial);
}

/* Of two that differ in one thing only. */
static void test_differences(void)
{
	static const struct {
		const char *text;
		bool differs;
	} cases[] = {
		{ "cookie=1,idle_timeout=9,arp,actions=IN_PORT", true },
		{ "idle_timeout=8,arp,actions=IN_PORT", true },
		{ "idle_timeout=9,hard_timeout=1,arp,actions=IN_PORT", true },
		{ "idle_timeout=9,arp,actions=LOCAL", true },
		{ "idle_timeout=9,arp,actions=IN_PORT", false },
		{ "check_overlap,idle_timeout=9,arp,actions=IN_PORT", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct trial trial;

		trial_begin(&trial, (const char *[]){ cases[i].text, NULL });
		change_replace(&trial.change, &trial.have, &trial.flows);
		CHECK_MSG(trial.change.put.n == cases[i].differs && trial.change.gone.n == 3, "%s",
			  cases[i].text);
		trial_end(&trial);
	}
}

/* One that goes is in nobody's way, one that comes along is. */
static void test_overlap_replaced(void)
{
	static const char *const flow = "check_overlap,priority=6,ip,actions=drop";
	const char *const alone[] = { flow, NULL };
	const char *const along[] = { "priority=6,tcp,actions=drop", flow, NULL };
	const char *const before[] = { flow, "priority=6,tcp,actions=drop", NULL };
	const struct cvsw_flow *other;
	struct trial trial;

	trial_begin(&trial, alone);
	change_replace(&trial.change, &trial.have, &trial.flows);
	CHECK(!change_overlap(&trial.change, &trial.have, &other));
	trial_end(&trial);
	trial_begin(&trial, along);
	change_replace(&trial.change, &trial.have, &trial.flows);
	CHECK(change_overlap(&trial.change, &trial.have, &other));
	trial_end(&trial);
	/* They are added in their order, as Open vSwitch has it. */
	trial_begin(&trial, before);
	change_replace(&trial.change, &trial.have, &trial.flows);
	CHECK(!change_overlap(&trial.change, &trial.have, &other));
	trial_end(&trial);
}

/* As Open vSwitch and the driver have it: one in its own place is replaced, whatever else there is. */
static void test_overlap_in_place(void)
{
	static const char *const flows[] = {
		"priority=10,actions=drop", "priority=10,in_port=2,actions=output:1",
		"priority=10,check_overlap,in_port=2,actions=drop",
		"priority=10,check_overlap,in_port=1,actions=drop",
	};
	struct flowset have;
	size_t i;

	flowset_init(&have);
	for (i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		struct cvsw_flow flow = flow_of(flows[i]);
		const struct cvsw_flow *other = NULL;
		struct flowset one;
		struct change change;
		bool refused;

		flowset_init(&one);
		change_init(&change);
		flowset_put(&one, &flow);
		change_add(&change, &have, &one);
		refused = change_overlap(&change, &have, &other);
		CHECK_MSG(refused == (i == 3), "%s", flows[i]);
		if (!refused)
			flowset_put(&have, &TAILQ_FIRST(&change.put.order)->flow);
		change_clear(&change);
		flowset_clear(&one);
	}
	CHECK(have.n == 2);
	flowset_clear(&have);
}

static void test_overlap(void)
{
	static const struct {
		const char *text;
		int with;	/* -1: with none */
	} cases[] = {
		{ "check_overlap,priority=5,tcp,tp_src=1,actions=drop", 0 },
		{ "check_overlap,priority=4,tcp,tp_src=1,actions=drop", -1 },
		{ "check_overlap,priority=5,udp,actions=drop", -1 },
		{ "check_overlap,priority=6,udp,actions=NORMAL", -1 },	/* in its place */
		{ "check_overlap,priority=6,ip,actions=drop", 2 },
		{ "priority=6,ip,actions=drop", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct cvsw_flow *found, *other = NULL;
		struct cvsw_flow with;
		struct trial trial;

		trial_begin(&trial, (const char *[]){ cases[i].text, NULL });
		change_add(&trial.change, &trial.have, &trial.flows);
		found = change_overlap(&trial.change, &trial.have, &other);
		CHECK_MSG(!found == (cases[i].with < 0), "%s", cases[i].text);
		if (found && cases[i].with >= 0) {
			with = flow_of(some[cases[i].with]);
			CHECK_MSG(cvsw_match_equal(&with.match, &other->match), "%s", cases[i].text);
		}
		CHECK(!(TAILQ_FIRST(&trial.change.put.order)->flow.flags & CVSW_FLOW_CHECK_OVERLAP));
		trial_end(&trial);
	}
}

static void put_group(struct groupset *set, const char *text)
{
	struct cvsw_text_error error;
	struct cvsw_group group;

	CHECK(cvsw_text_parse_group(text, &group, NULL, &error));
	groupset_put(set, &group);
}

static void put_text(struct flowset *set, const char *text)
{
	struct cvsw_flow flow = flow_of(text);

	flowset_put(set, &flow);
}

/* Flows go with their group; and none may name one that is not there. */
static void test_groups(void)
{
	struct groupset groups = { 0 };
	struct flowset have, more;
	struct change change;
	uint32_t id;

	flowset_init(&have);
	flowset_init(&more);
	change_init(&change);
	for (int i = 9; i; i--) {
		char text[40];

		snprintf(text, sizeof(text), "group_id=%d,type=all", i);
		put_group(&groups, text);
	}
	CHECK(groups.n == 9 && groups.groups[0]->id == 1 && groupset_find(&groups, 9)->id == 9);
	put_text(&have, "priority=1,tcp,actions=group:3");
	put_text(&have, "priority=2,tcp,actions=write_actions(group:4)");
	put_text(&have, "priority=3,tcp,actions=drop");
	change_delete_groups(&change, &have, &groups, 4);
	CHECK(change.groups_gone.n == 1 && change.gone.n == 1 && change_n_groups(&change, &groups) == 8);
	CHECK(TAILQ_FIRST(&change.gone.order)->flow.priority == 2);
	change_clear(&change);
	change_delete_groups(&change, &have, &groups, CVSW_GROUP_ALL);
	CHECK(change.groups_gone.n == 9 && change.gone.n == 2 && !change_n_groups(&change, &groups));
	change_clear(&change);
	put_text(&more, "priority=4,tcp,actions=group:9");
	put_text(&more, "priority=5,tcp,actions=NORMAL,group:10");
	change_add(&change, &have, &more);
	CHECK(change_unknown_group(&change, &groups, &id)->priority == 5 && id == 10);
	put_group(&groups, "group_id=10,type=all");
	CHECK(!change_unknown_group(&change, &groups, &id));
	put_group(&change.groups_put, "group_id=11,type=all");
	put_group(&change.groups_put, "group_id=10,type=all");
	CHECK(change_n_groups(&change, &groups) == 11);
	change_clear(&change);
	groupset_clear(&groups);
	flowset_clear(&have);
	flowset_clear(&more);
}

const struct tap_test tests[] = {
	{ "agent change: groups, and the flows that use them", test_groups },
	{ "agent change: a table is replaced by what differs", test_replace },
	{ "agent change: flows are chosen by match, priority, port and cookie", test_choices },
	{ "agent change: other actions for flows, and what they keep", test_modify },
	{ "agent change: what is there already is not added", test_add },
	{ "agent change: flows that differ in one thing", test_differences },
	{ "agent change: flows that are not to overlap", test_overlap },
	{ "agent change: what goes overlaps with nothing", test_overlap_replaced },
	{ "agent change: a flow in its own place overlaps with nothing", test_overlap_in_place },
	{ 0 },
};
