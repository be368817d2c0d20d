// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links of version 2 against simulated NICs over a wire that loses, doubles and delays
 * frames, in virtual time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cvsw_v3_body.h"
#include "flows.h"
#include "nic/legacy.h"
#include "simnic.h"
#include "tap.h"

#define MAX_IN_FLIGHT	4096
#define SEEDS		300

struct in_flight {
	uint64_t arrives;
	bool to_nic;
	size_t len;
	uint8_t frame[1600];
};

/**
 * struct wire - our NIC and the one there
 * @loss, @twice: percent
 * @jitter: milliseconds; anything above 1 reorders
 * @drop_data1: frames of LIST_ENTRIES with this Data1 get lost, if it is not 0
 */
struct wire {
	uint64_t now;
	uint32_t random;
	unsigned int loss, twice, jitter;
	bool cut;
	uint16_t drop_data1;
	struct nic ours;
	struct simnic nic;
	struct in_flight *frames;
	size_t n_frames;
	unsigned int n_to_nic;
	unsigned int longest_burst;
	unsigned int burst;
};

static const uint8_t mac[CVSW_ETH_ALEN] = { 2, 0, 0, 0, 0, 10 };

static void put_one(struct wire *wire, bool to_nic, const uint8_t *frame, size_t len)
{
	struct in_flight *slot = &wire->frames[wire->n_frames];

	if (wire->cut || random_next(&wire->random) % 100 < wire->loss)
		return;
	if (wire->n_frames == MAX_IN_FLIGHT || len > sizeof(slot->frame))
		abort();
	wire->n_frames++;
	slot->arrives = wire->now + 1 +
			(wire->jitter ? random_next(&wire->random) % wire->jitter : 0);
	slot->to_nic = to_nic;
	slot->len = len;
	memcpy(slot->frame, frame, len);
}

static void put_frame(struct wire *wire, bool to_nic, const uint8_t *frame, size_t len)
{
	put_one(wire, to_nic, frame, len);
	if (random_next(&wire->random) % 100 < wire->twice)
		put_one(wire, to_nic, frame, len);
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

	wire->random = seed;
	wire->now = 1000;
	wire->frames = calloc(MAX_IN_FLIGHT, sizeof(*wire->frames));
	nic_init(&wire->ours, mac, &world);
	legacy_new(&wire->ours);
	simnic_init(&wire->nic, mac, nic_sends, wire);
	return wire;
}

static void wire_free(struct wire *wire)
{
	nic_clear(&wire->ours);
	simnic_free(&wire->nic);
	free(wire->frames);
	free(wire);
}

static void at_controller(struct wire *wire, const uint8_t *frame, size_t len)
{
	struct cvsw_msg msg;

	if (cvsw_msg_decode(frame, len, &msg, NULL) != CVSW_OK)
		abort();
	if (msg.type == CVSW_MSG_REGISTER)
		legacy_register(&wire->ours, false, wire->now);
	else if (msg.type == CVSW_MSG_LIST_ENTRIES)
		legacy_list(&wire->ours, &msg, wire->now);
}

/* The first frame due by now, taken off the wire; frames due together keep their order. */
static bool take_due(struct wire *wire, struct in_flight *frame)
{
	size_t best = wire->n_frames;

	for (size_t i = 0; i < wire->n_frames; i++)
		if (wire->frames[i].arrives <= wire->now &&
		    (best == wire->n_frames ||
		     wire->frames[i].arrives < wire->frames[best].arrives))
			best = i;
	if (best == wire->n_frames)
		return false;
	*frame = wire->frames[best];
	wire->n_frames--;
	memmove(&wire->frames[best], &wire->frames[best + 1],
		(wire->n_frames - best) * sizeof(*frame));
	return true;
}

static void run_for(struct wire *wire, uint64_t ms)
{
	uint64_t end = wire->now + ms;
	struct in_flight frame;

	for (; wire->now < end; wire->now++) {
		wire->burst = 0;
		while (take_due(wire, &frame)) {
			if (frame.to_nic)
				simnic_receive(&wire->nic, frame.frame, frame.len);
			else
				at_controller(wire, frame.frame, frame.len);
		}
		nic_run(&wire->ours, wire->now);
	}
}

static bool in_sync(const struct wire *wire)
{
	return nic_state(&wire->ours) == NIC_IN_SYNC;
}

/* Until it is believed to be, at most @ms. */
static bool run_until_sync(struct wire *wire, uint64_t ms)
{
	uint64_t end = wire->now + ms;

	while (!in_sync(wire) && wire->now < end)
		run_for(wire, 1);
	return in_sync(wire);
}

static bool nic_has_intent(const struct wire *wire)
{
	return flowsets_equal(&wire->nic.table, &nic_hand(&wire->ours)->flows);
}

static void state_flows(struct wire *wire, const char *text)
{
	struct cvsw_flow flow = flow_of(text);

	flowset_put(&nic_hand(&wire->ours)->flows, &flow);
	nic_hand(&wire->ours)->in_use = true;
	nic_desired_changed(&wire->ours, false, wire->now);
}

static void test_round_trip(void)
{
	struct wire *wire = wire_new(1);

	CHECK(nic_state(&wire->ours) == NIC_ABSENT);
	CHECK(nic_deadline(&wire->ours) == UINT64_MAX);
	legacy_register(&wire->ours, true, wire->now);
	CHECK(nic_state(&wire->ours) == NIC_CONNECTING);
	CHECK(run_until_sync(wire, 20));
	state_flows(wire, "priority=5,tcp,actions=drop");
	CHECK(nic_state(&wire->ours) == NIC_LAGGING);
	CHECK(run_until_sync(wire, 20));
	CHECK(wire->nic.table.n == 1 && nic_has_intent(wire));
	/* Nothing was lost, so nothing was sent twice. */
	CHECK(wire->nic.n_of_type[CVSW_MSG_SET_ENTRY] == 1);
	CHECK(wire->nic.n_of_type[CVSW_MSG_LIST_ENTRIES] == 2);
	CHECK(!wire->nic.n_malformed && !wire->nic.n_not_ours);
	wire_free(wire);
}

static void test_left_alone(void)
{
	struct wire *wire = wire_new(1);
	struct cvsw_flow flow = flow_of("priority=5,tcp,actions=drop");

	flowset_put(&wire->nic.table, &flow);
	legacy_register(&wire->ours, true, wire->now);
	CHECK(run_until_sync(wire, 20));
	run_for(wire, 3 * LEGACY_RECHECK_MS);
	CHECK(wire->nic.table.n == 1);
	CHECK(wire->ours.n_reported == 1);
	CHECK(!wire->nic.connected);	/* nothing was ever set */
	wire_free(wire);
}

static void test_repair(void)
{
	struct wire *wire = wire_new(1);
	struct cvsw_flow odd = flow_of("priority=9,udp,actions=drop");

	legacy_register(&wire->ours, true, wire->now);
	state_flows(wire, "priority=5,tcp,actions=drop");
	state_flows(wire, "priority=6,tcp,tp_dst=80,actions=NORMAL");
	CHECK(run_until_sync(wire, 50));
	/* Someone else empties it, and adds an entry. */
	flowset_clear(&wire->nic.table);
	flowset_put(&wire->nic.table, &odd);
	run_for(wire, LEGACY_RECHECK_MS + 100);
	CHECK(in_sync(wire) && nic_has_intent(wire));
	CHECK(wire->ours.n_repairs == 3);
	wire_free(wire);
}

static void test_unasked_list(void)
{
	struct cvsw_msg empty = { .type = CVSW_MSG_LIST_ENTRIES };
	struct wire *wire = wire_new(1);
	unsigned int sent;

	legacy_list(&wire->ours, &empty, wire->now);
	CHECK(nic_state(&wire->ours) == NIC_ABSENT);
	legacy_register(&wire->ours, true, wire->now);
	state_flows(wire, "priority=5,tcp,actions=drop");
	CHECK(run_until_sync(wire, 50));
	sent = wire->n_to_nic;
	legacy_list(&wire->ours, &empty, wire->now);
	run_for(wire, 100);
	CHECK(in_sync(wire) && wire->n_to_nic == sent);
	wire_free(wire);
}

static void test_reboot(void)
{
	struct wire *wire = wire_new(1);

	nic_hand(&wire->ours)->mtu = 1400;
	nic_hand(&wire->ours)->has_offload = true;
	nic_hand(&wire->ours)->offload = CVSW_OFFLOAD_CSUM | CVSW_OFFLOAD_TSO;
	state_flows(wire, "priority=5,tcp,actions=drop");
	legacy_register(&wire->ours, true, wire->now);
	CHECK(run_until_sync(wire, 50));
	CHECK(wire->nic.mtu == 1400 && wire->nic.offload == 3);
	run_for(wire, 1000);
	flowset_clear(&wire->nic.table);
	wire->nic.mtu = 1500;
	wire->nic.offload = 0;
	legacy_register(&wire->ours, false, wire->now);
	CHECK(!in_sync(wire));
	CHECK(run_until_sync(wire, 50));
	CHECK(wire->nic.mtu == 1400 && wire->nic.offload == 3 && nic_has_intent(wire));
	wire_free(wire);
}

static void test_silence(void)
{
	struct wire *wire = wire_new(1);
	unsigned int sent;

	state_flows(wire, "priority=5,tcp,actions=drop");
	legacy_register(&wire->ours, true, wire->now);
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
	wire_free(wire);
}

/* The published driver's NIC is told all, once, and believed. */
static void test_published(void)
{
	static const char *const flows[] = {
		"priority=5,tcp,tp_dst=80,actions=drop", "priority=6,nw_dst=10.0.0.99,actions=mod_nw_dst:10.0.0.2",
		"priority=7,in_port=HOST,actions=vxlan_encap(vni=5,dst=192.0.2.2,src=192.0.2.1,"
		"dl_dst=02:00:00:00:00:02,dl_src=02:00:00:00:00:01),NORMAL",
		"priority=8,in_port=NET,actions=vxlan_strip,NORMAL",
	};
	struct wire *wire = wire_new(1);
	unsigned int sent;

	wire->nic.published = true;
	wire->nic.registered = true;
	nic_hand(&wire->ours)->has_offload = true;
	nic_hand(&wire->ours)->offload = 0x19;
	nic_hand(&wire->ours)->mtu = 1450;
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
		state_flows(wire, flows[i]);
	legacy_register(&wire->ours, true, wire->now);
	run_for(wire, 5900);
	CHECK(nic_state(&wire->ours) == NIC_CONNECTING);
	run_for(wire, 200);
	CHECK(nic_state(&wire->ours) == NIC_UNLISTED);
	CHECK(nic_has_intent(wire) && wire->nic.table.n == 4 && !wire->nic.n_useless);
	CHECK(wire->ours.confirmed == wire->ours.generation);
	CHECK(wire->nic.mtu == 1450);
	CHECK_MSG(wire->nic.offload == 0x19, "offloads 0x%x", wire->nic.offload);
	/* A change is sent at once. What was sent is not sent again, and the NIC is not asked all the time. */
	state_flows(wire, "priority=9,udp,actions=drop");
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
	nic_desired_changed(&wire->ours, true, wire->now);
	run_for(wire, 50);
	CHECK_MSG(wire->nic.offload == 0x03, "offloads 0x%x", wire->nic.offload);
	/* Its driver is loaded again. */
	simnic_reset(&wire->nic);
	wire->nic.registered = true;
	legacy_register(&wire->ours, false, wire->now);
	run_for(wire, 6100);
	CHECK(nic_state(&wire->ours) == NIC_UNLISTED && nic_has_intent(wire));
	wire_free(wire);
}

/* One of ours that was taken for such a NIC is found out. */
static void test_not_published(void)
{
	struct wire *wire = wire_new(1);

	state_flows(wire, "priority=5,tcp,actions=drop");
	wire->cut = true;
	legacy_register(&wire->ours, true, wire->now);
	run_for(wire, 6100);
	CHECK(nic_state(&wire->ours) == NIC_UNLISTED);
	wire->cut = false;
	CHECK(run_until_sync(wire, LEGACY_RECHECK_MS + 1000));
	CHECK(nic_has_intent(wire));
	wire_free(wire);
}

static void test_refusing_nic(void)
{
	struct wire *wire = wire_new(1);
	unsigned int sent;

	wire->nic.refuse_above = 1;
	legacy_register(&wire->ours, true, wire->now);
	state_flows(wire, "priority=5,tcp,actions=drop");
	state_flows(wire, "priority=5,udp,actions=drop");
	run_for(wire, 60000);
	CHECK(nic_state(&wire->ours) == NIC_LAGGING);
	CHECK(wire->ours.diff.missing == 1 && !wire->ours.diff.extra);
	sent = wire->n_to_nic;
	run_for(wire, 60000);
	CHECK_MSG(wire->n_to_nic - sent < 20, "%u frames in a minute", wire->n_to_nic - sent);
	wire->nic.refuse_above = 0;
	CHECK(run_until_sync(wire, LEGACY_REPAIR_MAX_MS + 1000) && nic_has_intent(wire));
	wire_free(wire);
}

static void test_many_flows(void)
{
	struct wire *wire = wire_new(1);
	char text[64];

	for (int i = 0; i < 3000; i++) {
		struct cvsw_flow flow;

		snprintf(text, sizeof(text), "priority=5,tcp,tp_dst=%d,actions=drop", i);
		flow = flow_of(text);
		flowset_put(&nic_hand(&wire->ours)->flows, &flow);
	}
	nic_hand(&wire->ours)->in_use = true;
	legacy_register(&wire->ours, true, wire->now);
	CHECK(run_until_sync(wire, 2000));
	CHECK(nic_has_intent(wire));
	CHECK_MSG(wire->longest_burst <= LEGACY_BURST + 1, "%u in a burst", wire->longest_burst);
	wire_free(wire);
}

/* As a vswitch does with a burst of frames that its socket cannot hold. */
static void test_lists_never_whole(void)
{
	struct wire *wire = wire_new(1);
	char text[64];
	unsigned int lists;

	legacy_register(&wire->ours, true, wire->now);
	CHECK(run_until_sync(wire, 20));
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "priority=5,tcp,tp_dst=%d,actions=drop", i);
		state_flows(wire, text);
	}
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
	wire_free(wire);
}

static void test_overfull_nic(void)
{
	struct wire *wire = wire_new(1);
	char text[64];

	for (int i = 0; i < NIC_MAX_EXTRA + 100; i++) {
		struct cvsw_flow flow;

		snprintf(text, sizeof(text), "priority=5,tcp,tp_dst=%d,actions=drop", i);
		flow = flow_of(text);
		flowset_put(&wire->nic.table, &flow);
	}
	legacy_register(&wire->ours, true, wire->now);
	state_flows(wire, "priority=5,udp,actions=drop");
	CHECK(run_until_sync(wire, 1000));
	CHECK(nic_has_intent(wire));
	CHECK(wire->nic.n_of_type[CVSW_MSG_DELETE_ENTRY] == 1);
	wire_free(wire);
}

static void test_register_flood(void)
{
	struct wire *wire = wire_new(1);
	unsigned int sent;

	legacy_register(&wire->ours, true, wire->now);
	state_flows(wire, "priority=5,udp,actions=drop");
	CHECK(run_until_sync(wire, 100));
	sent = wire->n_to_nic;
	for (int i = 0; i < 1000; i++) {
		legacy_register(&wire->ours, false, wire->now);
		run_for(wire, 1);
	}
	CHECK_MSG(wire->n_to_nic - sent <= 3 * 1000 / LEGACY_REGISTER_MIN_MS + 3,
		  "%u frames for 1000 REGISTERs", wire->n_to_nic - sent);
	wire_free(wire);
}

/* Changes at random moments over a bad wire; then quiet, and it must have settled. */
static void storm(uint32_t seed, unsigned int loss, unsigned int twice, unsigned int jitter)
{
	struct wire *wire = wire_new(seed);
	struct layer *hand = nic_hand(&wire->ours);

	wire->loss = loss;
	wire->twice = twice;
	wire->jitter = jitter;
	random_flows(&wire->nic.table, &wire->random, 5);
	legacy_register(&wire->ours, true, wire->now);
	for (int i = 0; i < 20; i++) {
		struct cvsw_flow flow = random_flow(&wire->random);

		if (random_next(&wire->random) % 3)
			flowset_put(&hand->flows, &flow);
		else
			flowset_remove_covered(&hand->flows, &flow.match);
		hand->in_use = true;
		nic_desired_changed(&wire->ours, false, wire->now);
		run_for(wire, random_next(&wire->random) % 300);
		if (random_next(&wire->random) % 10 == 0) {
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

int main(int argc, char **argv)
{
	static const struct tap_test tests[] = {
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
		{ "agent legacy: a NIC that refuses a flow is lagging, not flooded",
		  test_refusing_nic },
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

	return tap_main(argc, argv, (const struct tap_test *const []) { tests, NULL });
}
