// SPDX-License-Identifier: GPL-2.0-or-later
/* Groups in a NIC of version 3: given before the flows that use them, listed, mended, refused. */
#include "cvsw_text.h"
#include "talk_wire.h"

#define BALANCED	"priority=7,tcp,actions=group:5"

static struct cvsw_group group_of(const char *text)
{
	struct cvsw_text_error error = { 0 };
	struct cvsw_group group;

	CHECK_MSG(cvsw_text_parse_group(text, &group, NULL, &error), "%s: %s", text, error.message);
	return group;
}

static void state_group(struct wire *wire, const char *text)
{
	struct cvsw_group group = group_of(text);

	groupset_put(&nic_hand(&wire->ours)->groups, &group);
	wire_changed(wire, false);
}

static void unstate_group(struct wire *wire, uint32_t id)
{
	groupset_remove(&nic_hand(&wire->ours)->groups, id);
	wire_changed(wire, false);
}

static bool has_group(const struct wire *wire, const char *text)
{
	struct cvsw_group group = group_of(text);

	for (size_t i = 0; i < wire->nic->n_groups; i++)
		if (wire->nic->groups[i].id == group.id)
			return cvsw_group_equal(&wire->nic->groups[i], &group);
	return false;
}

#define TWO	"group_id=5,type=select,bucket=actions=output:HOST,bucket=actions=output:NET"
#define THREE	TWO ",bucket=actions=drop"
#define DEAD	"group_id=5,type=select,dead=1,bucket=actions=output:HOST,bucket=actions=output:NET"

WIRE_TEST(test_change, true)
{
	wire_run(wire, 100);
	state_group(wire, TWO);
	state_flow(wire, BALANCED);
	wire_run(wire, 100);
	CHECK_HAS(wire, 1);
	CHECK(has_group(wire, TWO) && wire->nic->n_group_mods == 1);
	state_group(wire, DEAD);
	wire_run(wire, 100);
	CHECK(in_sync(wire) && has_group(wire, DEAD));
	CHECK(wire->nic->n_group_mods == 2 && wire->nic->n_group_lives == 1);
	state_group(wire, THREE);
	wire_run(wire, 100);
	CHECK(in_sync(wire) && has_group(wire, THREE) && wire->nic->n_group_mods == 3);
	/* What does not change is not sent. */
	state_flow(wire, HIGHER);
	wire_run(wire, 100);
	CHECK_HAS(wire, 2);
	CHECK(wire->nic->n_group_mods == 3);
	unstate_flow(wire, BALANCED);
	unstate_group(wire, 5);
	wire_run(wire, 100);
	CHECK_HAS(wire, 1);
	CHECK(!wire->nic->n_groups && wire->n_events[HUB_REFUSED] == 0);
}

/* A flow goes on without the group that goes: the group is deleted behind it. */
WIRE_TEST(test_flow_survives, true)
{
	state_group(wire, TWO);
	state_flow(wire, BALANCED);
	wire_run(wire, 100);
	modify_flow(wire, "priority=7,tcp,actions=drop");
	unstate_group(wire, 5);
	wire_run(wire, 100);
	CHECK_HAS(wire, 1);
	CHECK(!wire->nic->n_groups);
}

/* Five groups are three pages of the list. */
WIRE_TEST(test_mended, true)
{
	char text[80];

	for (int i = 1; i <= 5; i++) {
		snprintf(text, sizeof(text), "group_id=%d,type=indirect,bucket=actions=drop", i);
		state_group(wire, text);
	}
	state_flow(wire, BALANCED);
	wire_run(wire, 100);
	CHECK_HAS(wire, 1);
	CHECK(wire->nic->n_groups == 5);
	wire_restart(wire, 200);
	CHECK_HAS(wire, 1);
	CHECK(wire->nic->n_group_mods == 5);
	/* One is missing, one is another, one is more. */
	wire->nic->groups[0].id = 9;
	wire->nic->groups[1] = group_of("group_id=2,type=all");
	wire->nic->n_flows = 0;
	wire_restart(wire, 200);
	CHECK_HAS(wire, 1);
	CHECK(wire->nic->n_groups == 5 && wire->nic->n_group_mods == 8);
	CHECK(has_group(wire, "group_id=1,type=indirect,bucket=actions=drop"));
	CHECK(has_group(wire, "group_id=2,type=indirect,bucket=actions=drop"));
	CHECK(wire->n_events[HUB_REFUSED] == 0);
}

/* Until all is listed, nobody says what the NIC has; lists without an end have one. */
WIRE_TEST(test_bad_lists, true)
{
	wire->nic->group_lists = V3_NIC_SAYS_MORE;
	wire_run(wire, 5000);
	CHECK(!in_sync(wire) && wire->ours.n_bad_lists > 2 && wire->ours.n_bad_lists < 8);
	wire->nic->group_lists = V3_NIC_ENDS;
	wire_run(wire, 2000);
	CHECK(in_sync(wire));
}

WIRE_TEST(test_refused, true)
{
	char text[80];

	state_flow(wire, HIGHER);
	for (int i = 0; i < V3_NIC_GROUPS; i++) {
		snprintf(text, sizeof(text), "group_id=%d,type=all", 100 + i);
		state_group(wire, text);
	}
	wire_run(wire, 200);
	CHECK(in_sync(wire));
	state_group(wire, "group_id=200,type=all");
	state_flow(wire, "priority=4,tcp,actions=group:200");
	state_flow(wire, "priority=3,tcp,actions=group:100");
	wire_run(wire, 500);
	CHECK(nic_state(&wire->ours) == NIC_REFUSING && wire->nic->n_flows == 2);
	CHECK(wire->ours.refusal.error == CVSW_V3_ERR_GROUPS_FULL);
	CHECK_MSG(!strcmp(wire->ours.refusal.flow, "group_id=200,type=all"), "%s",
		  wire->ours.refusal.flow);
	CHECK(wire->ours.diff.missing >= 1);
	unstate_group(wire, 131);
	wire_run(wire, 500);
	CHECK_HAS(wire, 3);
}

/* It is not what we thought: listed again, and mended. */
WIRE_TEST(test_lost, true)
{
	state_group(wire, TWO);
	state_flow(wire, BALANCED);
	wire_run(wire, 100);
	wire->nic->n_groups = wire->nic->n_flows = 0;
	state_group(wire, DEAD);
	wire_run(wire, 500);
	CHECK(wire->ours.refusal.error == CVSW_V3_ERR_GROUP_UNKNOWN);
	wire_run(wire, TALK_RETRY_MS + 500);
	CHECK_HAS(wire, 1);
	CHECK(has_group(wire, DEAD));
}

/* A driver of before: it refuses them, and all that needs them is left out. */
WIRE_TEST(test_old_driver, false)
{
	wire_run(wire, 100);
	CHECK(!nic_has_groups(&wire->ours));
	state_group(wire, TWO);
	state_flow(wire, BALANCED);
	state_flow(wire, HIGHER);
	wire_run(wire, 500);
	CHECK(nic_state(&wire->ours) == NIC_REFUSING && wire->nic->n_flows == 1);
	CHECK(nic_cannot(&wire->ours, &(struct cvsw_flow){
		.n_actions = 1, .actions = { { .type = CVSW_ACT_GROUP } } }));
}

/* With all that is lost between, what is wanted gets there. */
static void test_storm(void)
{
	static const char *const groups[] = { TWO, THREE, DEAD };

	for (uint32_t seed = 0; seed < 20; seed++) {
		struct wire *wire = wire_new(seed + 500, true);

		wire->between.loss = wire->between.twice = 10;
		for (int i = 0; i < 30; i++) {
			state_group(wire, groups[wire_random(wire, 3)]);
			if (wire_random(wire, 2))
				state_flow(wire, BALANCED);
			if (!wire_random(wire, 4)) {
				unstate_flow(wire, BALANCED);
				unstate_group(wire, 5);
			}
			if (!wire_random(wire, 8))
				cvsw_v3_nic_restart(&wire->nic->end);
			wire_run(wire, wire_random(wire, 100));
		}
		wire->between.loss = wire->between.twice = 0;
		state_group(wire, THREE);
		wire_run(wire, 20000);
		CHECK(in_sync(wire) && nic_has_intent(wire) && has_group(wire, THREE));
		CHECK(wire->n_events[HUB_REFUSED] == 0);
		wire_free(wire);
	}
}

const struct tap_test tests[] = {
	{ "agent talk: a NIC gets groups before the flows that use them", test_change },
	{ "agent talk: a flow survives the group that it used", test_flow_survives },
	{ "agent talk: groups that differ are mended", test_mended },
	{ "agent talk: a list of groups that cannot be read is asked for again", test_bad_lists },
	{ "agent talk: a group that is refused is left out, and the flows that need it", test_refused },
	{ "agent talk: a NIC that has lost its groups gets them again", test_lost },
	{ "agent talk: a driver without groups refuses them", test_old_driver },
	{ "agent talk: groups arrive whatever is lost", test_storm },
	{ 0 },
};
