// SPDX-License-Identifier: GPL-2.0-or-later
/* Links of version 3: flows with timeouts, which end in the NIC, and flows that are modified. */
#include "talk_wire.h"

/* What the NIC's clock ended leaves the intent, and nobody has to look at the table for it. */
WIRE_TEST(test_timeout, true)
{
	struct nic_mark before, now;
	unsigned int requests;

	state_flow(wire, FIVE);
	state_flow(wire, "priority=7,hard_timeout=3,arp,actions=drop");
	state_flow(wire, PLAIN);
	wire_run(wire, 200);
	CHECK_HAS(wire, 3);
	CHECK(wire->ours.timed.taken.n == 2 && !wire->ours.timed.ended.n);
	timed_kept(&wire->ours.timed);
	requests = wire->nic->n_requests;
	wire_run(wire, 4000);
	CHECK(in_sync(wire) && wire->nic->n_flows == 2 && is_stated(wire, FIVE));
	/* The database has the first end before the second one comes: that is news again. */
	CHECK(wire->ours.timed.ended.n == 1);
	nic_mark(&wire->ours, &before);
	timed_kept(&wire->ours.timed);
	wire_run(wire, 2000);
	CHECK_HAS(wire, 1);
	CHECK(is_stated(wire, PLAIN) && wire->ours.timed.ended.n == 1);
	nic_mark(&wire->ours, &now);
	CHECK(memcmp(&before, &now, sizeof(now)));
	CHECK(wire->ours.table.n == 1);
	CHECK(wire->n_events[HUB_REMOVED] == 2 && wire->nic->n_requests == requests);
	/* It was not forgotten that they went: stated again, they come back. */
	state_flow(wire, FIVE);
	wire_run(wire, 200);
	CHECK(nic_has_intent(wire) && wire->nic->n_flows == 2);
}

/* A flow that is added again has its whole timeout again, even if nothing in it changed. */
WIRE_TEST(test_timeout_anew, true)
{
	state_flow(wire, FIVE);
	wire_run(wire, 4000);
	state_flow(wire, FIVE);
	wire_run(wire, 4000);
	CHECK_HAS(wire, 1);
	/* Unless the change is not one of what it was stated as: others go on. */
	state_flow(wire, PLAIN);
	wire_run(wire, 2000);
	CHECK_HAS(wire, 1);
}

/* The end of the one before comes in while the next one is under way. */
WIRE_TEST(test_timeout_crossing, true)
{
	wire->between.jitter = 40;
	state_flow(wire, FIVE);
	wire_run(wire, 500);
	while (wire->nic->n_flows)
		wire_run(wire, 1);
	CHECK(is_stated(wire, FIVE));
	state_flow(wire, FIVE);
	wire_run(wire, 2000);
	CHECK(wire->n_events[HUB_REMOVED] == 1);
	CHECK(in_sync(wire) && nic_has_intent(wire) && is_stated(wire, FIVE));
	wire_run(wire, 6000);
	CHECK_HAS(wire, 0);
}

/* Times run where the NIC is; what is stated meanwhile has its whole time. */
WIRE_TEST(test_timeout_away, true)
{
	state_flow(wire, FIVE);
	wire_run(wire, 1000);
	nic_absent(&wire->ours);
	state_flow(wire, "priority=9,hard_timeout=5,ip,actions=drop");
	wire_run(wire, 6000);
	CHECK(is_stated(wire, FIVE));
	talk_here(&wire->ours);
	wire_run(wire, 1000);
	CHECK_HAS(wire, 1);
	CHECK(!is_stated(wire, FIVE));
	wire_run(wire, 5000);
	CHECK_HAS(wire, 0);
}

/* One that was given and is not listed has ended; one that was not given is given. */
WIRE_TEST(test_timeout_reboot, true)
{
	state_flow(wire, FIVE);
	state_flow(wire, PLAIN);
	wire_run(wire, 1000);
	state_flow(wire, "priority=9,idle_timeout=5,ip,actions=drop");
	wire->nic->n_flows = 0;
	wire_restart(wire, 1000);
	CHECK_HAS(wire, 2);
	CHECK(!is_stated(wire, FIVE) && is_stated(wire, PLAIN));
	CHECK(wire->n_events[HUB_REMOVED] == 1);
	CHECK(!wire->removed_why && wire->removed_priority == 7);
	/* A new conversation with the same table changes nothing. */
	wire_restart(wire, 1000);
	CHECK_HAS(wire, 2);
}

/* Other actions, the same time; on a NIC that cannot do that, a new one. */
static void test_timeout_modified(void)
{
	for (int strict = 0; strict < 2; strict++) {
		struct wire *wire = wire_new(14, strict);

		state_flow(wire, FIVE);
		state_flow(wire, PLAIN);
		wire_run(wire, 3000);
		modify_flow(wire, PLAIN_OTHERWISE);
		modify_flow(wire, "priority=7,idle_timeout=5,tcp,actions=NORMAL");
		wire_run(wire, 1000);
		CHECK_HAS(wire, 2);
		CHECK(wire->nic->n_modified == (strict ? 2 : 0));
		/* If it is added again, its timeout and its counters begin again. */
		state_flow(wire, PLAIN);
		wire_run(wire, 2000);
		CHECK_HAS(wire, 1u + !strict);
		CHECK(wire->nic->n_modified == (strict ? 2 : 0));
		wire_free(wire);
	}
}

/* It is added again before the NIC is told of other actions: these are not its own. */
WIRE_TEST(test_modified_anew, true)
{
	state_flow(wire, FIVE);
	state_flow(wire, PLAIN);
	wire_run(wire, 1000);
	modify_flow(wire, PLAIN_OTHERWISE);
	state_flow(wire, "cookie=1,priority=6,udp,actions=NORMAL");
	state_flow(wire, "send_flow_rem,priority=7,tcp,actions=drop");
	modify_flow(wire, "send_flow_rem,priority=7,tcp,actions=NORMAL");
	wire_run(wire, 1000);
	CHECK(!wire->nic->n_modified);
	wire_run(wire, 5000);
	CHECK_HAS(wire, 2);
}

/* A member of an overlay has what is made by hand beside that. */
WIRE_TEST(test_timeout_overlaid, true)
{
	make_flow(wire, PLAIN);
	use_made(wire);
	state_flow(wire, FIVE);
	wire_run(wire, 1000);
	CHECK(in_sync(wire) && wire->nic->n_flows == 2);
	wire_run(wire, 5000);
	CHECK(in_sync(wire) && wire->nic->n_flows == 1 && !nic_hand(&wire->ours)->flows.n);
	CHECK(nic_has_intent(wire));
}

/* Its end and a bundle that has it in, as the whole table is replaced, cross. */
WIRE_TEST(test_timeout_replaced, false)
{
	state_flow(wire, FIVE);
	state_flow(wire, "priority=9,ip,actions=drop");
	wire_run(wire, 1000);
	CHECK(wire->nic->n_timers == 1);
	wire_run(wire, wire->nic->timers[0].added + 4999 - wire->between.now);
	CHECK(wire->nic->n_flows == 2 && is_stated(wire, FIVE));
	unstate_flow(wire, "priority=9,ip,actions=drop");
	wire_run(wire, 1000);
	CHECK_HAS(wire, 0);
}

/* A refused bundle gives nothing; a timeout that nobody set is no reason to forget a flow. */
WIRE_TEST(test_timeout_refused, true)
{
	struct cvsw_flow flow = flow_of(PLAIN);
	uint8_t flow_mod[CVSW_FLOW_MOD_MAX], message[512];
	struct cvsw_v3_entry entry = { .reason = CVSW_V3_REMOVED_HARD, .flow_mod = flow_mod };

	state_flow(wire, PLAIN);
	wire_run(wire, 100);
	entry.len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, &flow, flow_mod, sizeof(flow_mod));
	v3_table_do(wire->nic->flows, &wire->nic->n_flows, CVSW_FLOW_DELETE_STRICT, &flow);
	cvsw_v3_send(&wire->nic->end, message,
		     cvsw_v3_flow_removed_encode(&entry, message, sizeof(message)));
	wire_run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && is_stated(wire, PLAIN));
	for (int i = 0; i < V3_NIC_FLOWS; i++)
		state_flow(wire, "priority=7,idle_timeout=60,tcp,tp_dst=%d,actions=drop", i);
	wire_run(wire, 3000);
	CHECK(wire->nic->n_flows == V3_NIC_FLOWS && nic_n_refused(&wire->ours) == 1);
	CHECK(wire->ours.timed.given.n == V3_NIC_FLOWS - 1 && !wire->ours.timed.going.n);
}

const struct tap_test tests[] = {
	{ "agent talk: what times out leaves the intent", test_timeout },
	{ "agent talk: stated again, its time begins anew", test_timeout_anew },
	{ "agent talk: an end that crosses the next beginning", test_timeout_crossing },
	{ "agent talk: times run while the NIC is away", test_timeout_away },
	{ "agent talk: a rebooted NIC is not given what it had for a time", test_timeout_reboot },
	{ "agent talk: a modified flow's time goes on", test_timeout_modified },
	{ "agent talk: other actions, and then another flow", test_modified_anew },
	{ "agent talk: a member of an overlay and timeouts", test_timeout_overlaid },
	{ "agent talk: a replaced table and an end cross", test_timeout_replaced },
	{ "agent talk: what is refused is not given", test_timeout_refused },
	{ 0 },
};
