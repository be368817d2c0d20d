// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links of version 2 against simulated NICs over a wire that loses, doubles and delays
 * frames, in virtual time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cvsw_v3_body.h"
#include "flows.h"
#include "lossy.h"
#include "nic/legacy.h"
#include "simnic.h"
#include "tap.h"

#define SEEDS	300

/**
 * struct wire - our NIC and the one there
 * @cut: nothing passes
 * @drop_data1: frames of LIST_ENTRIES with this Data1 get lost, if it is not 0
 */
struct wire {
	struct lossy between;
	bool cut;
	uint16_t drop_data1;
	struct nic ours;
	struct simnic nic;
	unsigned int n_to_nic;
	unsigned int longest_burst;
	unsigned int burst;
};

static const uint8_t mac[CVSW_ETH_ALEN] = { 2, 0, 0, 0, 0, 10 };

static void put_frame(struct wire *wire, bool to_nic, const uint8_t *frame, size_t len)
{
	if (!wire->cut)
		lossy_put(&wire->between, 0, to_nic, 0, frame, len);
}

static bool to_nic(struct nic *nic, const uint8_t *frame, size_t len, uint64_t place)
{
	struct wire *wire = (struct wire *)((char *)nic - offsetof(struct wire, ours));

	(void)place;
	wire->n_to_nic++;
	wire->burst++;
	if (wire->burst > wire->longest_burst)
		wire->longest_burst = wire->burst;
	put_frame(wire, true, frame, len);
	return true;
}

static void nic_sends(void *owner, const uint8_t *frame, size_t len)
{
	struct wire *wire = owner;
	struct cvsw_msg msg;

	if (wire->drop_data1 && cvsw_msg_decode(frame, len, &msg, NULL) == CVSW_OK &&
	    msg.type == CVSW_MSG_LIST_ENTRIES && msg.data1 == wire->drop_data1)
		return;
	put_frame(wire, false, frame, len);
}

static void on_event(const struct hub_event *event)
{
	(void)event;
}

static const struct nic_world world = { .send = to_nic, .event = on_event };

static struct wire *wire_new(uint32_t seed)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	wire->between.random = seed;
	wire->between.now = 1000;
	nic_init(&wire->ours, mac, &world);
	legacy_new(&wire->ours);
	simnic_init(&wire->nic, mac, nic_sends, wire);
	return wire;
}

static void wire_free(struct wire *wire)
{
	nic_clear(&wire->ours);
	simnic_free(&wire->nic);
	lossy_free(&wire->between);
	free(wire);
}

/* A test whose body gets a wire. */
#define WIRE_TEST(name)					\
	static void name##_on(struct wire *wire);	\
	static void name(void)				\
	{						\
		struct wire *wire = wire_new(1);	\
							\
		name##_on(wire);			\
		wire_free(wire);			\
	}						\
	static void name##_on(struct wire *wire)

static void deliver(void *arg, const struct lossy_frame *frame)
{
	struct wire *wire = arg;
	struct cvsw_msg msg;

	if (frame->to_nic)
		simnic_receive(&wire->nic, frame->data, frame->len);
	else if (cvsw_msg_decode(frame->data, frame->len, &msg, NULL) != CVSW_OK)
		abort();
	else if (msg.type == CVSW_MSG_REGISTER)
		legacy_register(&wire->ours, false, wire->between.now);
	else if (msg.type == CVSW_MSG_LIST_ENTRIES)
		legacy_list(&wire->ours, &msg, wire->between.now);
}

static void run_for(struct wire *wire, uint64_t ms)
{
	for (; ms; ms--, wire->between.now++) {
		wire->burst = 0;
		lossy_deliver(&wire->between, deliver, wire);
		nic_run(&wire->ours, wire->between.now);
	}
}

static bool in_sync(const struct wire *wire)
{
	return nic_state(&wire->ours) == NIC_IN_SYNC;
}

/* Until it is believed to be, at most @ms. */
static bool run_until_sync(struct wire *wire, uint64_t ms)
{
	while (ms-- && !in_sync(wire))
		run_for(wire, 1);
	return in_sync(wire);
}

static bool nic_has_intent(const struct wire *wire)
{
	return flowsets_equal(&wire->nic.table, &nic_hand(&wire->ours)->flows);
}

static void put_flow(struct wire *wire, struct cvsw_flow flow)
{
	flowset_put(&nic_hand(&wire->ours)->flows, &flow);
	nic_hand(&wire->ours)->in_use = true;
	nic_desired_changed(&wire->ours, false, wire->between.now);
}

#define state_flow(wire, ...)	put_flow(wire, flow_of(__VA_ARGS__))

WIRE_TEST(test_round_trip)
{
	CHECK(nic_state(&wire->ours) == NIC_ABSENT);
	CHECK(nic_deadline(&wire->ours) == UINT64_MAX);
	legacy_register(&wire->ours, true, wire->between.now);
	CHECK(nic_state(&wire->ours) == NIC_CONNECTING);
	CHECK(run_until_sync(wire, 20));
	state_flow(wire, "priority=5,tcp,actions=drop");
	CHECK(nic_state(&wire->ours) == NIC_LAGGING);
	CHECK(run_until_sync(wire, 20));
	CHECK(wire->nic.table.n == 1 && nic_has_intent(wire));
	/* Nothing was lost, so nothing was sent twice. */
	CHECK(wire->nic.n_of_type[CVSW_MSG_SET_ENTRY] == 1);
	CHECK(wire->nic.n_of_type[CVSW_MSG_LIST_ENTRIES] == 2);
	CHECK(!wire->nic.n_malformed && !wire->nic.n_not_ours);
}

WIRE_TEST(test_left_alone)
{
	struct cvsw_flow flow = flow_of("priority=5,tcp,actions=drop");

	flowset_put(&wire->nic.table, &flow);
	legacy_register(&wire->ours, true, wire->between.now);
	CHECK(run_until_sync(wire, 20));
	run_for(wire, 3 * LEGACY_RECHECK_MS);
	CHECK(wire->nic.table.n == 1);
	CHECK(wire->ours.n_reported == 1);
	CHECK(!wire->nic.connected);	/* nothing was ever set */
}

WIRE_TEST(test_repair)
{
	struct cvsw_flow odd = flow_of("priority=9,udp,actions=drop");

	legacy_register(&wire->ours, true, wire->between.now);
	state_flow(wire, "priority=5,tcp,actions=drop");
	state_flow(wire, "priority=6,tcp,tp_dst=80,actions=NORMAL");
	CHECK(run_until_sync(wire, 50));
	/* Someone else empties it, and adds an entry. */
	flowset_clear(&wire->nic.table);
	flowset_put(&wire->nic.table, &odd);
	run_for(wire, LEGACY_RECHECK_MS + 100);
	CHECK(in_sync(wire) && nic_has_intent(wire));
	CHECK(wire->ours.n_repairs == 3);
}

WIRE_TEST(test_unasked_list)
{
	struct cvsw_msg empty = { .type = CVSW_MSG_LIST_ENTRIES };
	unsigned int sent;

	legacy_list(&wire->ours, &empty, wire->between.now);
	CHECK(nic_state(&wire->ours) == NIC_ABSENT);
	legacy_register(&wire->ours, true, wire->between.now);
	state_flow(wire, "priority=5,tcp,actions=drop");
	CHECK(run_until_sync(wire, 50));
	sent = wire->n_to_nic;
	legacy_list(&wire->ours, &empty, wire->between.now);
	run_for(wire, 100);
	CHECK(in_sync(wire) && wire->n_to_nic == sent);
}

WIRE_TEST(test_reboot)
{
	nic_hand(&wire->ours)->mtu = 1400;
	nic_hand(&wire->ours)->has_offload = true;
	nic_hand(&wire->ours)->offload = CVSW_OFFLOAD_CSUM | CVSW_OFFLOAD_TSO;
	state_flow(wire, "priority=5,tcp,actions=drop");
	legacy_register(&wire->ours, true, wire->between.now);
	CHECK(run_until_sync(wire, 50));
	CHECK(wire->nic.mtu == 1400 && wire->nic.offload == 3);
	run_for(wire, 1000);
	flowset_clear(&wire->nic.table);
	wire->nic.mtu = 1500;
	wire->nic.offload = 0;
	legacy_register(&wire->ours, false, wire->between.now);
	CHECK(!in_sync(wire));
	CHECK(run_until_sync(wire, 50));
	CHECK(wire->nic.mtu == 1400 && wire->nic.offload == 3 && nic_has_intent(wire));
}

WIRE_TEST(test_silence)
{
	unsigned int sent;

	state_flow(wire, "priority=5,tcp,actions=drop");
	legacy_register(&wire->ours, true, wire->between.now);
	CHECK(run_until_sync(wire, 50));
	wire->cut = true;
	run_for(wire, LEGACY_RECHECK_MS + 10000);
	CHECK(nic_state(&wire->ours) == NIC_LAGGING);
	sent = wire->n_to_nic;
	run_for(wire, 60000);
	/* LIST_ENTRIES and HELLO (and the settings: none) at the slowest pace. */
	CHECK_MSG(wire->n_to_nic - sent <= 2 * 60000 / LEGACY_ANSWER_MAX_MS + 2,
		  "%u frames in a minute", wire->n_to_nic - sent);
	/* Back, and rebooted meanwhile: our HELLO finds it. */
	wire->cut = false;
	flowset_clear(&wire->nic.table);
	CHECK(run_until_sync(wire, LEGACY_ANSWER_MAX_MS + 1000));
	CHECK(nic_has_intent(wire));
}

/* The published driver's NIC is told all, once, and believed. */
WIRE_TEST(test_published)
{
	static const char *const flows[] = {
		"priority=5,tcp,tp_dst=80,actions=drop", "priority=6,nw_dst=10.0.0.99,actions=mod_nw_dst:10.0.0.2",
		"priority=7,in_port=HOST,actions=vxlan_encap(vni=5,dst=192.0.2.2,src=192.0.2.1,"
		"dl_dst=02:00:00:00:00:02,dl_src=02:00:00:00:00:01),NORMAL",
		"priority=8,in_port=NET,actions=vxlan_strip,NORMAL",
	};
	unsigned int sent;

	wire->nic.published = true;
	wire->nic.registered = true;
	nic_hand(&wire->ours)->has_offload = true;
	nic_hand(&wire->ours)->offload = 0x19;
	nic_hand(&wire->ours)->mtu = 1450;
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
		state_flow(wire, flows[i]);
	legacy_register(&wire->ours, true, wire->between.now);
	run_for(wire, 5900);
	CHECK(nic_state(&wire->ours) == NIC_CONNECTING);
	run_for(wire, 200);
	CHECK(nic_state(&wire->ours) == NIC_UNLISTED);
	CHECK(nic_has_intent(wire) && wire->nic.table.n == 4 && !wire->nic.n_useless);
	CHECK(wire->ours.confirmed == wire->ours.generation);
	CHECK(wire->nic.mtu == 1450);
	CHECK_MSG(wire->nic.offload == 0x19, "offloads 0x%x", wire->nic.offload);
	/* A change is sent at once. What was sent is not sent again, and the NIC is not asked all the time. */
	state_flow(wire, "priority=9,udp,actions=drop");
	CHECK(nic_state(&wire->ours) == NIC_LAGGING);
	run_for(wire, 50);
	CHECK(nic_state(&wire->ours) == NIC_UNLISTED && nic_has_intent(wire));
	sent = wire->n_to_nic;
	run_for(wire, 3600 * 1000);
	CHECK_MSG(wire->n_to_nic - sent <= 20, "%u frames in an hour", wire->n_to_nic - sent);
	CHECK(wire->nic.offload == 0x19 && wire->nic.n_of_type[CVSW_MSG_SET_ENTRY] == 5);
	CHECK(nic_state(&wire->ours) == NIC_UNLISTED);
	/* Other offloads. */
	nic_hand(&wire->ours)->offload = 0x03;
	nic_desired_changed(&wire->ours, true, wire->between.now);
	run_for(wire, 50);
	CHECK_MSG(wire->nic.offload == 0x03, "offloads 0x%x", wire->nic.offload);
	/* Its driver is loaded again. */
	simnic_reset(&wire->nic);
	wire->nic.registered = true;
	legacy_register(&wire->ours, false, wire->between.now);
	run_for(wire, 6100);
	CHECK(nic_state(&wire->ours) == NIC_UNLISTED && nic_has_intent(wire));
}

/* One of ours that was taken for such a NIC is found out. */
WIRE_TEST(test_not_published)
{
	state_flow(wire, "priority=5,tcp,actions=drop");
	wire->cut = true;
	legacy_register(&wire->ours, true, wire->between.now);
	run_for(wire, 6100);
	CHECK(nic_state(&wire->ours) == NIC_UNLISTED);
	wire->cut = false;
	CHECK(run_until_sync(wire, LEGACY_RECHECK_MS + 1000));
	CHECK(nic_has_intent(wire));
}

WIRE_TEST(test_refusing_nic)
{
	unsigned int sent;

	wire->nic.refuse_above = 1;
	legacy_register(&wire->ours, true, wire->between.now);
	state_flow(wire, "priority=5,tcp,actions=drop");
	state_flow(wire, "priority=5,udp,actions=drop");
	run_for(wire, 60000);
	CHECK(nic_state(&wire->ours) == NIC_LAGGING);
	CHECK(wire->ours.diff.missing == 1 && !wire->ours.diff.extra);
	sent = wire->n_to_nic;
	run_for(wire, 60000);
	CHECK_MSG(wire->n_to_nic - sent < 20, "%u frames in a minute", wire->n_to_nic - sent);
	wire->nic.refuse_above = 0;
	CHECK(run_until_sync(wire, LEGACY_REPAIR_MAX_MS + 1000) && nic_has_intent(wire));
}

static bool has_flow(const struct wire *wire, const char *text)
{
	struct cvsw_flow flow = flow_of(text);

	return flowset_has(&wire->nic.table, &flow);
}

/* Flows that version 2 has no words for, stored before the NIC was heard. */
WIRE_TEST(test_tables)
{
	struct cvsw_flow beyond = flow_of("table=1,actions=drop");
	struct cvsw_flow leading = flow_of("priority=6,actions=goto_table:1");
	struct flowset *flows = &nic_hand(&wire->ours)->flows;
	unsigned int sent;

	put_flow(wire, beyond);
	put_flow(wire, leading);
	state_flow(wire, "priority=5,tcp,actions=drop");
	legacy_register(&wire->ours, true, wire->between.now);
	run_for(wire, 200);
	CHECK(wire->nic.table.n == 1 && has_flow(wire, "priority=5,tcp,actions=drop"));
	CHECK(nic_state(&wire->ours) == NIC_REFUSING);
	CHECK(nic_n_refused(&wire->ours) == 2 && wire->ours.diff.missing == 2);
	CHECK(nic_refuses_flow(&wire->ours, &beyond) && nic_refuses_flow(&wire->ours, &leading));
	CHECK(wire->ours.refusal.n == 1 && !strcmp(wire->ours.refusal.flow, "table=1, actions=drop"));
	CHECK(wire->ours.settled == wire->ours.generation && !wire->ours.verified);
	sent = wire->n_to_nic;
	run_for(wire, 60000);
	CHECK_MSG(wire->n_to_nic - sent <= 4, "%u frames in a minute", wire->n_to_nic - sent);
	CHECK(wire->nic.n_of_type[CVSW_MSG_SET_ENTRY] == 1 && !wire->nic.n_malformed);
	/* A change is no worse off; registers can be said. */
	state_flow(wire, "priority=7,udp,reg3=1,actions=load:0x5->NXM_NX_REG0[],NORMAL");
	CHECK(nic_state(&wire->ours) == NIC_LAGGING);
	run_for(wire, 50);
	CHECK(nic_state(&wire->ours) == NIC_REFUSING && wire->nic.table.n == 2);
	flowset_remove(flows, &beyond.match, beyond.priority);
	flowset_remove(flows, &leading.match, leading.priority);
	nic_desired_changed(&wire->ours, false, wire->between.now);
	CHECK(run_until_sync(wire, 50) && nic_has_intent(wire) && !nic_n_refused(&wire->ours));
}

WIRE_TEST(test_tables_published)
{
	wire->nic.published = true;
	wire->nic.registered = true;
	state_flow(wire, "table=1,actions=drop");
	state_flow(wire, "priority=5,tcp,tp_dst=80,actions=drop");
	legacy_register(&wire->ours, true, wire->between.now);
	run_for(wire, 6100);
	CHECK(nic_state(&wire->ours) == NIC_REFUSING && nic_n_refused(&wire->ours) == 1);
	CHECK(wire->nic.table.n == 1 && has_flow(wire, "priority=5,tcp,tp_dst=80,actions=drop"));
}

WIRE_TEST(test_many_flows)
{
	for (int i = 0; i < 3000; i++)
		state_flow(wire, "priority=5,tcp,tp_dst=%d,actions=drop", i);
	legacy_register(&wire->ours, true, wire->between.now);
	CHECK(run_until_sync(wire, 2000));
	CHECK(nic_has_intent(wire));
	CHECK_MSG(wire->longest_burst <= LEGACY_BURST + 1, "%u in a burst", wire->longest_burst);
}

/* As a vswitch does with a burst of frames that its socket cannot hold. */
WIRE_TEST(test_lists_never_whole)
{
	unsigned int lists;

	legacy_register(&wire->ours, true, wire->between.now);
	CHECK(run_until_sync(wire, 20));
	for (int i = 0; i < 200; i++)
		state_flow(wire, "priority=5,tcp,tp_dst=%d,actions=drop", i);
	wire->drop_data1 = 3;
	run_for(wire, 60000);
	CHECK(nic_state(&wire->ours) == NIC_LAGGING);
	lists = wire->nic.n_of_type[CVSW_MSG_LIST_ENTRIES];
	run_for(wire, 60000);
	CHECK_MSG(wire->nic.n_of_type[CVSW_MSG_LIST_ENTRIES] - lists <= 7, "%u in a minute",
		  wire->nic.n_of_type[CVSW_MSG_LIST_ENTRIES] - lists);
	CHECK(!wire->nic.n_of_type[CVSW_MSG_HELLO]);	/* it lives, and was not forgotten */
	wire->drop_data1 = 0;
	CHECK(run_until_sync(wire, LEGACY_ANSWER_MAX_MS + 1000) && nic_has_intent(wire));
}

WIRE_TEST(test_overfull_nic)
{
	struct cvsw_flow flow = flow_of("priority=5,tcp,tp_dst=0,actions=drop");

	for (int i = 0; i < NIC_MAX_EXTRA + 100; i++) {
		flow.match.key.tp_dst = i;
		flowset_put(&wire->nic.table, &flow);
	}
	legacy_register(&wire->ours, true, wire->between.now);
	state_flow(wire, "priority=5,udp,actions=drop");
	CHECK(run_until_sync(wire, 1000));
	CHECK(nic_has_intent(wire));
	CHECK(wire->nic.n_of_type[CVSW_MSG_DELETE_ENTRY] == 1);
}

WIRE_TEST(test_register_flood)
{
	unsigned int sent;

	legacy_register(&wire->ours, true, wire->between.now);
	state_flow(wire, "priority=5,udp,actions=drop");
	CHECK(run_until_sync(wire, 100));
	sent = wire->n_to_nic;
	for (int i = 0; i < 1000; i++) {
		legacy_register(&wire->ours, false, wire->between.now);
		run_for(wire, 1);
	}
	CHECK_MSG(wire->n_to_nic - sent <= 3 * 1000 / LEGACY_REGISTER_MIN_MS + 3,
		  "%u frames for 1000 REGISTERs", wire->n_to_nic - sent);
}

/* Changes at random moments over a bad wire; then quiet, and it must have settled. */
static void storm(uint32_t seed, unsigned int loss, unsigned int twice, unsigned int jitter)
{
	struct wire *wire = wire_new(seed);
	struct layer *hand = nic_hand(&wire->ours);

	wire->between.loss = loss;
	wire->between.twice = twice;
	wire->between.jitter = jitter;
	random_flows(&wire->nic.table, &wire->between.random, 5);
	legacy_register(&wire->ours, true, wire->between.now);
	for (int i = 0; i < 20; i++) {
		struct cvsw_flow flow = random_flow(&wire->between.random);

		if (random_next(&wire->between.random) % 3)
			flowset_put(&hand->flows, &flow);
		else
			flowset_remove_covered(&hand->flows, &flow.match);
		hand->in_use = true;
		nic_desired_changed(&wire->ours, false, wire->between.now);
		run_for(wire, random_next(&wire->between.random) % 300);
		if (random_next(&wire->between.random) % 10 == 0) {
			flowset_clear(&wire->nic.table);
			simnic_link_up(&wire->nic);
		}
	}
	/* Two checks later at most what a stale or shortened answer hid is found. */
	run_for(wire, 2 * LEGACY_RECHECK_MS + 30000);
	CHECK_MSG(nic_has_intent(wire), "seed %u loss %u twice %u jitter %u", seed, loss, twice,
		  jitter);
	wire_free(wire);
}

static void test_lossy(void)
{
	for (uint32_t seed = 1; seed <= SEEDS; seed++)
		storm(seed, 20, 0, 0);
}

static void test_reordering(void)
{
	for (uint32_t seed = 1; seed <= SEEDS; seed++)
		storm(seed, 0, 20, 50);
}

static void test_everything(void)
{
	for (uint32_t seed = 1; seed <= SEEDS; seed++)
		storm(seed, 10, 10, 30);
}

const struct tap_test tests[] = {
	{ "agent legacy: register, push, verify", test_round_trip },
	{ "agent legacy: a table nobody stated is left alone", test_left_alone },
	{ "agent legacy: missing and extra entries are repaired", test_repair },
	{ "agent legacy: a list nobody asked for is ignored", test_unasked_list },
	{ "agent legacy: a rebooted NIC gets everything again", test_reboot },
	{ "agent legacy: a silent NIC is asked ever more slowly", test_silence },
	{ "agent legacy: a NIC of the published driver is told all, once, and believed",
	  test_published },
	{ "agent legacy: a NIC that is silent at first is not taken for one for long",
	  test_not_published },
	{ "agent legacy: a NIC that refuses a flow is lagging, not flooded", test_refusing_nic },
	{ "agent legacy: flows of other tables are refused, and no other waits for them", test_tables },
	{ "agent legacy: likewise by a NIC of the published driver", test_tables_published },
	{ "agent legacy: 3000 flows in bursts a NIC can queue", test_many_flows },
	{ "agent legacy: lists that never come whole are asked for ever more slowly",
	  test_lists_never_whole },
	{ "agent legacy: a NIC with far too many entries is cleared", test_overfull_nic },
	{ "agent legacy: a flood of REGISTERs moves little", test_register_flood },
	{ "agent legacy: 20 % loss", test_lossy },
	{ "agent legacy: duplicates and reordering", test_reordering },
	{ "agent legacy: loss, duplicates and reordering", test_everything },
	{ 0 },
};
