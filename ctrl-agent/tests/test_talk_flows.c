// SPDX-License-Identifier: GPL-2.0-or-later
/* Links of version 3: deletions, flows that a NIC refuses, and flows that an overlay makes. */
#include "talk_wire.h"

/* A deletion that would take wanted flows along: by the whole table, or strictly. */
static void test_wide_deletion(void)
{
	for (int strict = 0; strict < 2; strict++) {
		struct wire *wire = wire_new(2, strict);

		state_flow(wire, HIGHER);
		state_flow(wire, "priority=5,tcp,tp_dst=80,actions=NORMAL");
		state_flow(wire, "priority=4,udp,actions=drop");
		wire_run(wire, 200);
		CHECK(nic_has_intent(wire));
		unstate_flow(wire, HIGHER);
		wire_run(wire, 200);
		CHECK_HAS(wire, 2);
		wire_free(wire);
	}
}

/* Deletions that a NIC refuses although it said it knew them: no flood, and another try. */
WIRE_TEST(test_stuck, true)
{
	unsigned int requests;

	state_flow(wire, HIGHER);
	wire_run(wire, 200);
	wire->nic->strict = false;
	unstate_flow(wire, HIGHER);
	wire_run(wire, 200);
	CHECK(!in_sync(wire) && wire->ours.refused.stuck);
	CHECK(wire->ours.settled == wire->ours.generation);
	requests = wire_requests(wire, 20000);
	CHECK_MSG(!requests, "%u more", requests);
	wire->nic->strict = true;
	wire_run(wire, TALK_RETRY_MS);
	CHECK_HAS(wire, 0);
}

WIRE_TEST(test_table_full, false)
{
	for (int i = 0; i < V3_NIC_FLOWS + 10; i++)
		state_flow(wire, "priority=7,tcp,tp_dst=%d,actions=drop", i);
	wire_run(wire, 3000);
	CHECK(wire->nic->n_flows == V3_NIC_FLOWS && !in_sync(wire));
	CHECK(nic_n_refused(&wire->ours) == 10);
	CHECK(wire->ours.refusal.error == CVSW_V3_ERR_TABLE_FULL);
	for (int i = 0; i < 20; i++)
		unstate_flow(wire, "priority=7,tcp,tp_dst=%d,actions=drop", i);
	wire_run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire));
}

static void start_again(struct wire *wire)
{
	if (wire_random(wire, 4) == 0)
		wire->nic->n_flows = 0;
	cvsw_v3_nic_restart(&wire->nic->end);
}

/* As an overlay does it. */
static void change_made(struct wire *wire)
{
	/* Long ones, so that a listing takes several messages. */
	static const char four[] = "mod_dl_src:02:00:00:00:00:01,mod_dl_src:02:00:00:00:00:01,"
				   "mod_dl_src:02:00:00:00:00:01,mod_dl_src:02:00:00:00:00:01,";
	struct cvsw_flow flow;

	if (wire_random(wire, 64) == 0) {
		if (wire->ours.desired.layers[DESIRED_OVERLAY].in_use)
			nic_drop_made(&wire->ours);
		else
			use_made(wire);
		return;
	}
	flow = flow_of("priority=6%u,tcp,tp_dst=%u,actions=%s%s%s%s%s%s", wire_random(wire, 4),
		       wire_random(wire, 24), four, four, four, four, four,
		       wire_random(wire, 2) ? "output:NONE" : "NORMAL");
	flow_made(wire, flow, wire_random(wire, 4));
}

/*
 * Flows that are made come and go, beside others, one by one and all at once, before the NIC was
 * listed, while a bundle is under way, over a reboot; a deletion by its match alone takes along.
 */
static void test_made(void)
{
	for (unsigned int seed = 1; seed <= SEEDS; seed++) {
		struct wire *wire = wire_new(seed, seed % 2);

		nic_hand(&wire->ours)->in_use = true;
		wire->between.loss = wire->between.twice = seed % 3 * 10;
		wire->between.jitter = 40;
		for (int i = 0; i < 100; i++) {
			for (int n = wire_random(wire, 12); n--; )
				change_made(wire);
			if (wire_random(wire, 8) == 0)
				state_flow(wire, PLAIN);
			if (wire_random(wire, 8) == 0)
				unstate_flow(wire, PLAIN);
			if (wire_random(wire, 16) == 0)
				start_again(wire);
			wire_changed(wire, false);
			wire_run(wire, wire_random(wire, 60));
		}
		wire_run(wire, 20000);
		CHECK_MSG(in_sync(wire) && nic_has_intent(wire), "seed %u", seed);
		CHECK(!wire->ours.lacks.n && wire->ours.table.n == nic_hand(&wire->ours)->flows.n);
		wire_free(wire);
	}
}

/* A NIC leaves an overlay and joins it again, before it hears of either. */
WIRE_TEST(test_made_again, true)
{
	make_flow(wire, PLAIN_OTHERWISE);
	use_made(wire);
	wire_changed(wire, false);
	wire_run(wire, 1000);
	CHECK_HAS(wire, 1);
	make_flow(wire, "priority=8,ip,actions=NORMAL");
	make_flow(wire, PLAIN);
	nic_drop_made(&wire->ours);
	use_made(wire);
	wire_changed(wire, false);
	wire_run(wire, 1000);
	CHECK_HAS(wire, 2);
}

const struct tap_test tests[] = {
	{ "agent talk: a wide deletion takes no wanted flow along", test_wide_deletion },
	{ "agent talk: a refusal that nothing helps against is no flood", test_stuck },
	{ "agent talk: what does not fit is left out, and put in later", test_table_full },
	{ "agent talk: flows that are made are followed one by one", test_made },
	{ "agent talk: flows that are made go and come back before they are sent",
	  test_made_again },
	{ 0 },
};
