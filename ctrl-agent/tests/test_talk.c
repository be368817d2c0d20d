// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conversations of version 3: how they begin, are missed and begin again, what a NIC is asked,
 * what comes unasked, and a storm of all of it.
 */
#include <stdlib.h>

#include "talk_wire.h"

WIRE_TEST(test_round_trip, false)
{
	CHECK(nic_state(&wire->ours) == NIC_ABSENT);
	wire_run(wire, 100);
	CHECK(in_sync(wire) && wire->n_events[HUB_REGISTERED] == 1);
	nic_hand(&wire->ours)->mtu = 1400;
	state_flow(wire, "priority=7,tcp,actions=drop");
	wire_changed(wire, true);
	wire_run(wire, 100);
	CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->mtu == 1400);
	CHECK(!wire->ours.behind_since && wire->n_events[HUB_REFUSED] == 0);
}

/* Gone and back: what was said meanwhile is heard, in the same conversation. */
WIRE_TEST(test_absence, false)
{
	wire_run(wire, 100);
	nic_absent(&wire->ours);
	CHECK(nic_state(&wire->ours) == NIC_ABSENT && nic_talks(&wire->ours));
	state_flow(wire, HIGHER);
	wire_run(wire, 1000);
	CHECK(!wire->nic->n_flows);
	talk_here(&wire->ours);
	wire_run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->n_fresh == 1);
	cvsw_v3_nic_restart(&wire->nic->end);
	CHECK(nic_talks(&wire->ours));
	wire_run(wire, 1000);
	CHECK(in_sync(wire) && wire->nic->n_fresh == 2 &&
	      wire->n_events[HUB_REGISTERED] == 2);
}

/* Whoever was not heard for long is not in sync before it has told what it has. */
WIRE_TEST(test_silence, false)
{
	unsigned int lists;

	state_flow(wire, HIGHER);
	wire_run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire));
	lists = wire->ours.n_lists;
	wire->between.loss = 100;
	wire_run(wire, CVSW_V3_ECHO_MS + CVSW_V3_ECHO_AGAIN_MS);
	CHECK(nic_state(&wire->ours) == NIC_CONNECTING);
	wire_run(wire, CVSW_V3_DEAD_MS);
	CHECK(nic_state(&wire->ours) == NIC_ABSENT);
	/* Nobody may know why. */
	wire->nic->n_flows = 0;
	wire->between.loss = 0;
	while (nic_state(&wire->ours) != NIC_IN_SYNC)
		wire_run(wire, 1);
	CHECK(nic_has_intent(wire) && wire->ours.n_lists == lists + 1);
	CHECK(wire->n_events[HUB_REGISTERED] == 1);
}

/* QEMU's loadvm: the same NIC with the memory of some time ago, and nobody tells. */
static void test_snapshot(void)
{
	static struct cvsw_flow flows[V3_NIC_FLOWS];
	struct v3_nic *before = malloc(sizeof(*before));

	for (uint32_t seed = 0; seed < 24; seed++) {
		struct wire *wire = wire_new(30 + seed, seed & 1);
		uint64_t waited = 0;

		state_flow(wire, HIGHER);
		wire_run(wire, 1000 + seed * 300);
		*before = *wire->nic;
		memcpy(flows, wire->nic->flows, sizeof(flows));
		for (uint32_t i = 0; i < seed % 12; i++) {
			state_flow(wire, "priority=%u,udp,actions=drop", 100 + i);
			wire_run(wire, 40);
		}
		wire_run(wire, seed % 12 ? seed * 400 : 6000);
		CHECK(in_sync(wire) && nic_has_intent(wire));
		memcpy(before->flows, flows, sizeof(flows));
		*wire->nic = *before;
		while (waited < 10000 && wire->n_events[HUB_REGISTERED] < 2) {
			wire_run(wire, 10);
			waited += 10;
		}
		wire_run(wire, 100);
		CHECK_MSG(wire->n_events[HUB_REGISTERED] == 2, "seed %u: nobody noticed", seed);
		CHECK_MSG(in_sync(wire) && nic_has_intent(wire), "seed %u: %s", seed,
			  nic_state_name(nic_state(&wire->ours)));
		wire_free(wire);
	}
	free(before);
}

/* Its records come all the time, but nothing that anybody acts on: HUB_MOVED. */
WIRE_TEST(test_idle, false)
{
	struct nic_mark before, now;
	unsigned int n = 0, frames = 0;

	state_flow(wire, HIGHER);
	wire_run(wire, 200);
	CHECK(in_sync(wire));
	nic_mark(&wire->ours, &before);
	for (int i = 0; i < 60000; i++) {
		wire_run(wire, 1);
		frames += wire->between.n;
		nic_mark(&wire->ours, &now);
		n += memcmp(&before, &now, sizeof(now)) != 0;
	}
	CHECK_MSG(!n && frames, "%u of %u", n, frames);
	state_flow(wire, "priority=8,tcp,actions=drop");
	nic_mark(&wire->ours, &now);
	CHECK(memcmp(&before, &now, sizeof(now)));
}

static void queue_sa(struct wire *wire, uint32_t spi)
{
	struct cvsw_sa sa = { .spi = spi, .direction = CVSW_SA_IN, .key_len = 16 };

	nic_queue_sa(&wire->ours, &sa);
	wire_changed(wire, false);
}

/* Whoever waits for an SA is told which one is refused: ways.c makes another one. */
WIRE_TEST(test_refused_sa, false)
{
	uint64_t registers;

	queue_sa(wire, 0x1000);		/* nobody is there: not kept */
	wire_run(wire, 100);
	CHECK(!wire->nic->n_sas);
	queue_sa(wire, 0x1001);
	wire_run(wire, 100);
	registers = wire->ours.epoch;
	CHECK(wire->nic->n_sas == 1 && wire->ours.verified == wire->ours.generation);
	queue_sa(wire, 0x1001);
	wire_run(wire, 100);
	CHECK(wire->nic->n_sas == 1 && wire->ours.epoch == registers);
	CHECK(wire->n_events[HUB_SA_REFUSED] == 1);
	CHECK(wire->refused_spi == 0x1001 && wire->refused_direction == CVSW_SA_IN);
	queue_sa(wire, 0x1002);
	wire_run(wire, 100);
	CHECK(wire->nic->n_sas == 2 && wire->ours.verified == wire->ours.generation);
	/* Queued for one that is away, and taken back. */
	nic_absent(&wire->ours);
	queue_sa(wire, 0x1003);
	CHECK(nic_unqueue_sa(&wire->ours, CVSW_SA_IN, 0x1003));
	CHECK(!nic_unqueue_sa(&wire->ours, CVSW_SA_IN, 0x1003));
}

/* Asked for in the first conversation, whole before anything is sent, and then not again. */
WIRE_TEST(test_listed_sas, false)
{
	for (int i = 0; i < 7; i++) {
		wire->nic->sas[i].spi = 0x1000 + i;
		wire->nic->sas[i].direction = CVSW_SA_IN;
	}
	wire->nic->n_sas = 7;
	wire->nic->sas[3].removed = true;
	wire->nic->sas_a_page = 2;
	wire->ours.ask_sas = true;
	wire_run(wire, 200);
	CHECK(in_sync(wire) && !wire->ours.ask_sas);
	CHECK(wire->n_events[HUB_SAS] == 1 && wire->n_listed_sas == 6);
	wire_restart(wire, 200);
	CHECK(in_sync(wire) && wire->ours.epoch == 2 && wire->n_events[HUB_SAS] == 1);
	/* One that says that there is more, but lists nothing, counts as having none. */
	wire->nic->sas_a_page = 0;
	wire->ours.ask_sas = true;
	wire_restart(wire, 200);
	CHECK(in_sync(wire) && wire->n_events[HUB_SAS] == 2 && !wire->n_listed_sas);
}

/* Asked again only when something is new: the device will not be another one by itself. */
WIRE_TEST(test_refused_setting, false)
{
	unsigned int requests;

	wire->nic->lacks = CVSW_OFFLOAD_GRO;
	nic_hand(&wire->ours)->offload = CVSW_OFFLOAD_CSUM | CVSW_OFFLOAD_GRO;
	nic_hand(&wire->ours)->has_offload = true;
	wire_changed(wire, true);
	wire_run(wire, 200);
	CHECK(nic_state(&wire->ours) == NIC_REFUSING);
	CHECK(wire->ours.refused.offload && !wire->ours.behind_since);
	CHECK(wire->nic->offloads == CVSW_OFFLOAD_CSUM);
	requests = wire_requests(wire, 3 * TALK_RETRY_MS);
	CHECK_MSG(!requests, "%u more", requests);
	/* A flow is no reason to ask, other offloads are, and so is a NIC that begins anew. */
	state_flow(wire, HIGHER);
	CHECK(wire_requests(wire, 200) == 1 && nic_has_intent(wire));
	CHECK(nic_state(&wire->ours) == NIC_REFUSING);
	CHECK(wire->n_events[HUB_REFUSED] == 1);
	wire_restart(wire, 1000);
	CHECK(wire->n_events[HUB_REFUSED] == 2);
	CHECK(nic_state(&wire->ours) == NIC_REFUSING);
	nic_hand(&wire->ours)->offload = CVSW_OFFLOAD_CSUM;
	wire_changed(wire, true);
	wire_run(wire, 200);
	CHECK(in_sync(wire) && !nic_n_refused(&wire->ours));
}

/* A listing that never ends: nothing but "there is more", or the same again and again. */
static void test_endless_list(void)
{
	struct wire *wire = wire_new(8, false);
	unsigned int requests;

	wire->nic->lists = V3_NIC_SAYS_MORE;
	state_flow(wire, HIGHER);
	wire_run(wire, 10000);
	CHECK(nic_state(&wire->ours) == NIC_CONNECTING);
	CHECK_MSG(wire->nic->n_requests <= 2 + 10000 / TALK_LIST_AGAIN_MS, "%u requests",
		  wire->nic->n_requests);
	wire->nic->lists = V3_NIC_ENDS;
	wire_run(wire, 2000);
	CHECK(in_sync(wire) && nic_has_intent(wire));
	wire_free(wire);

	wire = wire_new(9, false);
	wire->nic->lists = V3_NIC_REPEATS;
	for (int i = 0; i < V3_NIC_FLOWS; i++) {
		wire->nic->flows[i] = flow_of("priority=1,udp,actions=drop");
		wire->nic->flows[i].match.key.tp_dst = i;
		wire->nic->flows[i].match.mask.tp_dst = 0xffff;
	}
	wire->nic->n_flows = V3_NIC_FLOWS;
	state_flow(wire, HIGHER);
	wire_run(wire, 10000);
	/* Its table is replaced, whatever it was. */
	CHECK(in_sync(wire) && nic_has_intent(wire));
	requests = wire->nic->n_requests;
	CHECK_MSG(requests <= 5 + TALK_LIST_MAX / V3_NIC_FLOWS, "%u requests", requests);
	wire_run(wire, 10000);
	CHECK(wire->nic->n_requests == requests);
	wire_free(wire);
}

static uint64_t n_unexpected(const struct wire *wire)
{
	struct nic_facts facts;

	return nic_facts(&wire->ours, &facts) ? facts.n_unexpected : 0;
}

static void say(struct wire *wire, const uint8_t *message, size_t len)
{
	CHECK(cvsw_v3_send(&wire->nic->end, message, len));
	wire_run(wire, 5);
}

/* SA_EXPIRING and FLOW_REMOVED, true, false and malformed, without end. */
WIRE_TEST(test_unasked, false)
{
	struct cvsw_v3_expiring sa = { .spi = 0x1234, .direction = CVSW_SA_OUT,
				       .reason = CVSW_V3_SA_RUNS_OUT };
	struct cvsw_flow flow = flow_of(HIGHER);
	struct cvsw_v3_entry entry = { .reason = CVSW_V3_REMOVED_IDLE };
	uint8_t message[512], flow_mod[CVSW_FLOW_MOD_MAX];
	unsigned int requests;
	uint64_t registers;
	size_t len;

	wire_run(wire, 100);
	registers = wire->ours.epoch;
	len = cvsw_v3_expiring_encode(&sa, message, sizeof(message));
	for (int i = 0; i < 100; i++)
		say(wire, message, len);
	CHECK(wire->n_events[HUB_EXPIRING] == 100);
	message[CVSW_V3_MESSAGE_HEADER_LEN + 5] = 9;
	say(wire, message, len);
	say(wire, message, CVSW_V3_MESSAGE_HEADER_LEN);
	CHECK(wire->n_events[HUB_EXPIRING] == 100);
	CHECK(n_unexpected(wire) == 2);
	CHECK(wire->ours.epoch == registers);
	/* What it says has gone is looked for, but not each time. */
	entry.len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, &flow, flow_mod, sizeof(flow_mod));
	entry.flow_mod = flow_mod;
	len = cvsw_v3_flow_removed_encode(&entry, message, sizeof(message));
	requests = wire->nic->n_requests;
	for (int i = 0; i < 400; i++)
		say(wire, message, len);
	CHECK(wire->n_events[HUB_REMOVED] == 400);
	requests = wire->nic->n_requests - requests;
	CHECK_MSG(requests > 2 && requests <= TALK_LOOK_BURST + 2000 / TALK_LOOK_MS,
		  "%u requests", requests);
	wire_run(wire, TALK_LOOK_MS);
	CHECK(in_sync(wire));
}

/* A third of them for one to three seconds. */
static void state_random_flows(struct wire *wire, size_t n)
{
	while (n--) {
		struct cvsw_flow flow = random_flow(&wire->between.random);

		if (wire_random(wire, 3) == 0) {
			flow.hard_timeout = 1 + wire_random(wire, 3);
			flow.flags |= CVSW_FLOW_SEND_REMOVED;
		}
		nic_put_flow(&wire->ours, DESIRED_HAND, &flow, false);
	}
}

static void unstate_all(struct wire *wire)
{
	const struct flow_node *node;

	flowset_each(node, &nic_hand(&wire->ours)->flows)
		timed_stated(&wire->ours.timed, &node->flow);
	flowset_clear(&nic_hand(&wire->ours)->flows);
}

static size_t n_timed(const struct wire *wire)
{
	const struct flow_node *node;
	size_t n = 0;

	flowset_each(node, &nic_hand(&wire->ours)->flows)
		n += flow_is_timed(&node->flow);
	return n;
}

static void storm(uint32_t seed, bool strict)
{
	struct wire *wire = wire_new(seed, strict);
	struct layer *hand = nic_hand(&wire->ours);

	wire->between.loss = wire->between.twice = 20;
	wire->between.jitter = 30;
	for (int round = 0; round < 15; round++) {
		if (wire_random(wire, 4))
			state_random_flows(wire, wire_random(wire, 12));
		else
			unstate_all(wire);
		while (hand->flows.n > V3_NIC_FLOWS / 2)
			unstate_all(wire);
		hand->in_use = true;
		hand->mtu = 1000 + wire_random(wire, 500);
		wire_changed(wire, true);
		if (wire_random(wire, 6) == 0)
			cvsw_v3_nic_restart(&wire->nic->end);
		wire_run(wire, wire_random(wire, 400));
	}
	wire_run(wire, 20000);
	/* On a bad wire it may be "connecting" at any time: nothing was heard for a while. */
	wire->between.loss = 0;
	wire_run(wire, 1000);
	CHECK_MSG(!n_timed(wire) && !wire->ours.timed.given.n, "seed %u: %zu never end", seed,
		  n_timed(wire));
	CHECK_MSG(in_sync(wire), "seed %u: %s", seed,
		  nic_state_name(nic_state(&wire->ours)));
	CHECK_MSG(nic_has_intent(wire), "seed %u: another table", seed);
	CHECK_MSG(wire->nic->mtu == hand->mtu, "seed %u: MTU %u", seed, wire->nic->mtu);
	CHECK_MSG(!wire->n_events[HUB_REFUSED], "seed %u: refused", seed);
	wire_free(wire);
}

static void test_storm(void)
{
	for (uint32_t seed = 1; seed <= SEEDS; seed++)
		storm(seed, seed & 1);
}

const struct tap_test tests[] = {
	{ "agent talk: register, change, acknowledged", test_round_trip },
	{ "agent talk: away and back, and begun anew", test_absence },
	{ "agent talk: heard again, its table is looked at first", test_silence },
	{ "agent talk: a NIC's snapshot is put back", test_snapshot },
	{ "agent talk: an idle NIC moves nobody", test_idle },
	{ "agent talk: a refused SA is not taken for one", test_refused_sa },
	{ "agent talk: a NIC says which SAs it has", test_listed_sas },
	{ "agent talk: a refused setting is asked for again when something is new",
	  test_refused_setting },
	{ "agent talk: a listing without end", test_endless_list },
	{ "agent talk: floods of what comes unasked", test_unasked },
	{ "agent talk: loss, duplicates and reordering", test_storm },
	{ 0 },
};
