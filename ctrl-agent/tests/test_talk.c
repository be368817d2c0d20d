// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links of version 3 against NICs that run the module's own protocol code, over a
 * wire that loses, doubles and reorders frames, in virtual time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cvsw_msg.h"
#include "cvsw_v3_libcrypto.h"
#include "flows.h"
#include "nic/talk.h"
#include "tap.h"
#include "v3_nic.h"

#define MAX_IN_FLIGHT	4096
#define SEEDS		40
#define PLACE		0x100000001ull

struct in_flight {
	uint64_t arrives;
	bool to_nic;
	size_t len;
	uint8_t frame[CVSW_V3_FRAME_MAX];
};

/**
 * struct wire - our NIC, the one there, and what is between
 * @loss, @twice: percent
 * @jitter: milliseconds; anything above 1 reorders
 * @n_events: of each kind, that were told
 */
struct wire {
	uint64_t now;
	uint32_t random;
	unsigned int loss, twice, jitter;
	struct nic ours;
	struct cvsw_v3_guard guard;
	struct nic_world world;
	struct v3_nic *nic;
	struct in_flight *frames;
	size_t n_frames;
	unsigned int n_events[HUB_AT + 1];
	uint8_t removed_why;	/* the last flow that went */
	size_t n_listed_sas;
	uint32_t refused_spi;	/* the last SA that was refused */
	enum cvsw_sa_direction refused_direction;
	uint16_t removed_priority;
};

static const uint8_t mac[CVSW_ETH_ALEN] = { 2, 0, 0, 0, 0, 10 };
static const uint8_t psk[CVSW_V3_KEY_LEN] = { 1, 2, 3 };

static void put(struct wire *wire, bool to_nic, const uint8_t *frame, size_t len)
{
	unsigned int copies = 1 + (random_next(&wire->random) % 100 < wire->twice);

	while (copies--) {
		struct in_flight *slot = &wire->frames[wire->n_frames];

		if (random_next(&wire->random) % 100 < wire->loss)
			continue;
		if (wire->n_frames == MAX_IN_FLIGHT)
			abort();
		wire->n_frames++;
		slot->arrives = wire->now + 1 +
				(wire->jitter ? random_next(&wire->random) % wire->jitter : 0);
		slot->to_nic = to_nic;
		slot->len = len;
		memcpy(slot->frame, frame, len);
	}
}

static struct wire *wire_of(const struct nic *nic)
{
	return (struct wire *)((char *)nic - offsetof(struct wire, ours));
}

static bool to_nic(struct nic *nic, const uint8_t *frame, size_t len, uint64_t place)
{
	(void)place;
	put(wire_of(nic), true, frame, len);
	return true;
}

static void from_nic(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	(void)place;
	put(arg, false, frame, len);
}

static void on_event(const struct hub_event *event)
{
	struct wire *wire = wire_of(event->nic);

	wire->n_events[event->what]++;
	if (event->what == HUB_SA_REFUSED) {
		wire->refused_spi = event->spi;
		wire->refused_direction = event->direction;
	}
	if (event->what == HUB_SAS)
		wire->n_listed_sas = event->n_sas;
	if (event->what == HUB_REMOVED) {
		wire->removed_why = event->removed->reason;
		wire->removed_priority = event->removed->flow->priority;
	}
}

static void deliver(struct wire *wire, const struct in_flight *frame)
{
	uint8_t *copy = malloc(frame->len);	/* on its own, for AddressSanitizer */
	uint8_t hello[CVSW_V3_HELLO_LEN];
	enum cvsw_v3_drop drop = CVSW_V3_OK;

	memcpy(copy, frame->frame, frame->len);
	if (frame->to_nic)
		cvsw_v3_receive(&wire->nic->end, copy, frame->len, 0, wire->now);
	else
		drop = talk_receive(&wire->ours, copy, frame->len, PLACE, wire->now);
	free(copy);
	/* As keyed.c does. */
	if (!frame->to_nic && (drop == CVSW_V3_DROP_SESSION || drop == CVSW_V3_DROP_DISAGREES))
		put(wire, true, hello, cvsw_v3_hello(mac, hello));
}

static void run(struct wire *wire, uint64_t ms)
{
	for (uint64_t end = wire->now + ms; wire->now < end; wire->now++) {
		for (size_t i = 0; i < wire->n_frames; ) {
			struct in_flight frame = wire->frames[i];

			if (frame.arrives > wire->now) {
				i++;
				continue;
			}
			wire->frames[i] = wire->frames[--wire->n_frames];
			deliver(wire, &frame);
		}
		nic_run(&wire->ours, wire->now);
		v3_nic_run(wire->nic, wire->now);
	}
}

static struct wire *wire_new(uint32_t seed, bool strict)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	wire->now = 1000;
	wire->random = seed;
	wire->frames = calloc(MAX_IN_FLIGHT, sizeof(*wire->frames));
	wire->world = (struct nic_world){ .send = to_nic, .event = on_event,
					  .crypto = &cvsw_v3_libcrypto, .guard = &wire->guard };
	nic_init(&wire->ours, mac, &wire->world);
	talk_new(&wire->ours, 0, psk);
	wire->nic = v3_nic_new(&cvsw_v3_libcrypto, mac, psk, from_nic, wire);
	wire->nic->strict = strict;
	return wire;
}

static void wire_free(struct wire *wire)
{
	nic_clear(&wire->ours);
	v3_nic_free(wire->nic);
	free(wire->frames);
	free(wire);
}

static void state_flow(struct wire *wire, const char *text)
{
	struct cvsw_flow flow = flow_of(text);

	nic_hand(&wire->ours)->in_use = true;
	nic_put_flow(&wire->ours, &flow, false);
	nic_desired_changed(&wire->ours, false, wire->now);
}

static void unstate_flow(struct wire *wire, const char *text)
{
	struct cvsw_flow flow = flow_of(text);

	nic_remove_flow(&wire->ours, &flow);
	nic_desired_changed(&wire->ours, false, wire->now);
}

static bool nic_has_intent(const struct wire *wire)
{
	struct flowset has;
	bool equal;

	flowset_init(&has);
	for (size_t i = 0; i < wire->nic->n_flows; i++)
		flowset_put(&has, &wire->nic->flows[i]);
	equal = flowsets_equal(&has, desired_flows(&wire->ours.desired));
	flowset_clear(&has);
	return equal;
}

static bool in_sync(const struct wire *wire)
{
	return nic_state(&wire->ours) == NIC_IN_SYNC;
}

static uint64_t n_unexpected(const struct wire *wire)
{
	struct nic_facts facts;

	return nic_facts(&wire->ours, &facts) ? facts.n_unexpected : 0;
}

/* ---- tests ---- */

static void test_round_trip(void)
{
	struct wire *wire = wire_new(1, false);

	CHECK(nic_state(&wire->ours) == NIC_ABSENT);
	run(wire, 100);
	CHECK(in_sync(wire) && wire->n_events[HUB_REGISTERED] == 1);
	nic_hand(&wire->ours)->mtu = 1400;
	state_flow(wire, "priority=7,tcp,actions=drop");
	nic_desired_changed(&wire->ours, true, wire->now);
	run(wire, 100);
	CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->mtu == 1400);
	CHECK(!wire->ours.behind_since && wire->n_events[HUB_REFUSED] == 0);
	wire_free(wire);
}

/* A deletion that would take wanted flows along: by the whole table, or strictly. */
static void test_wide_deletion(void)
{
	for (int strict = 0; strict < 2; strict++) {
		struct wire *wire = wire_new(2, strict);

		state_flow(wire, "priority=9,tcp,actions=drop");
		state_flow(wire, "priority=5,tcp,tp_dst=80,actions=NORMAL");
		state_flow(wire, "priority=4,udp,actions=drop");
		run(wire, 200);
		CHECK(nic_has_intent(wire));
		unstate_flow(wire, "priority=9,tcp,actions=drop");
		run(wire, 200);
		CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->n_flows == 2);
		wire_free(wire);
	}
}

/* Deletions that a NIC refuses although it said it knew them: no flood, and another try. */
static void test_stuck(void)
{
	struct wire *wire = wire_new(3, true);
	unsigned int requests;

	state_flow(wire, "priority=9,tcp,actions=drop");
	run(wire, 200);
	wire->nic->strict = false;
	unstate_flow(wire, "priority=9,tcp,actions=drop");
	run(wire, 200);
	CHECK(!in_sync(wire) && wire->ours.refused.stuck);
	CHECK(wire->ours.settled == wire->ours.generation);
	requests = wire->nic->n_requests;
	run(wire, 20000);
	CHECK_MSG(wire->nic->n_requests == requests, "%u more", wire->nic->n_requests - requests);
	wire->nic->strict = true;
	run(wire, TALK_RETRY_MS);
	CHECK(in_sync(wire) && !wire->nic->n_flows);
	wire_free(wire);
}

static void test_table_full(void)
{
	struct wire *wire = wire_new(4, false);
	char text[64];

	for (int i = 0; i < V3_NIC_FLOWS + 10; i++) {
		snprintf(text, sizeof(text), "priority=7,tcp,tp_dst=%d,actions=drop", i);
		state_flow(wire, text);
	}
	run(wire, 3000);
	CHECK(wire->nic->n_flows == V3_NIC_FLOWS && !in_sync(wire));
	CHECK(nic_n_refused(&wire->ours) == 10);
	CHECK(wire->ours.refusal.error == CVSW_V3_ERR_TABLE_FULL);
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "priority=7,tcp,tp_dst=%d,actions=drop", i);
		unstate_flow(wire, text);
	}
	run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire));
	wire_free(wire);
}

static void queue_sa(struct wire *wire, uint32_t spi)
{
	struct cvsw_sa sa = { .spi = spi, .direction = CVSW_SA_IN, .key_len = 16 };

	nic_queue_sa(&wire->ours, &sa);
	nic_desired_changed(&wire->ours, false, wire->now);
}

/* Its records come all the time, but nothing that anybody acts on: HUB_MOVED. */
static void test_idle(void)
{
	struct wire *wire = wire_new(7, false);
	struct nic_mark before, now;
	unsigned int n = 0, frames = 0;

	state_flow(wire, "priority=9,tcp,actions=drop");
	run(wire, 200);
	CHECK(in_sync(wire));
	nic_mark(&wire->ours, &before);
	for (int i = 0; i < 60000; i++) {
		run(wire, 1);
		frames += wire->n_frames;
		nic_mark(&wire->ours, &now);
		n += memcmp(&before, &now, sizeof(now)) != 0;
	}
	CHECK_MSG(!n && frames, "%u of %u", n, frames);
	state_flow(wire, "priority=8,tcp,actions=drop");
	nic_mark(&wire->ours, &now);
	CHECK(memcmp(&before, &now, sizeof(now)));
	wire_free(wire);
}

/* Asked for in the first conversation, whole before anything is sent, and then not again. */
static void test_listed_sas(void)
{
	struct wire *wire = wire_new(5, false);

	for (int i = 0; i < 7; i++) {
		wire->nic->sas[i].spi = 0x1000 + i;
		wire->nic->sas[i].direction = CVSW_SA_IN;
	}
	wire->nic->n_sas = 7;
	wire->nic->sas[3].removed = true;
	wire->nic->sas_a_page = 2;
	wire->ours.ask_sas = true;
	run(wire, 200);
	CHECK(in_sync(wire) && !wire->ours.ask_sas);
	CHECK(wire->n_events[HUB_SAS] == 1 && wire->n_listed_sas == 6);
	cvsw_v3_nic_restart(&wire->nic->end);
	run(wire, 200);
	CHECK(in_sync(wire) && wire->ours.epoch == 2 && wire->n_events[HUB_SAS] == 1);
	/* One that says that there is more, but lists nothing, counts as having none. */
	wire->nic->sas_a_page = 0;
	wire->ours.ask_sas = true;
	cvsw_v3_nic_restart(&wire->nic->end);
	run(wire, 200);
	CHECK(in_sync(wire) && wire->n_events[HUB_SAS] == 2 && !wire->n_listed_sas);
	wire_free(wire);
}

/* Whoever waits for an SA is told which one is refused: ways.c makes another one. */
static void test_refused_sa(void)
{
	struct wire *wire = wire_new(5, false);
	uint64_t registers;

	queue_sa(wire, 0x1000);		/* nobody is there: not kept */
	run(wire, 100);
	CHECK(!wire->nic->n_sas);
	queue_sa(wire, 0x1001);
	run(wire, 100);
	registers = wire->ours.epoch;
	CHECK(wire->nic->n_sas == 1 && wire->ours.verified == wire->ours.generation);
	queue_sa(wire, 0x1001);
	run(wire, 100);
	CHECK(wire->nic->n_sas == 1 && wire->ours.epoch == registers);
	CHECK(wire->n_events[HUB_SA_REFUSED] == 1);
	CHECK(wire->refused_spi == 0x1001 && wire->refused_direction == CVSW_SA_IN);
	queue_sa(wire, 0x1002);
	run(wire, 100);
	CHECK(wire->nic->n_sas == 2 && wire->ours.verified == wire->ours.generation);
	/* Queued for one that is away, and taken back. */
	nic_absent(&wire->ours);
	queue_sa(wire, 0x1003);
	CHECK(nic_unqueue_sa(&wire->ours, CVSW_SA_IN, 0x1003));
	CHECK(!nic_unqueue_sa(&wire->ours, CVSW_SA_IN, 0x1003));
	wire_free(wire);
}

/* Gone and back: what was said meanwhile is heard, in the same conversation. */
static void test_absence(void)
{
	struct wire *wire = wire_new(6, false);

	run(wire, 100);
	nic_absent(&wire->ours);
	CHECK(nic_state(&wire->ours) == NIC_ABSENT && nic_talks(&wire->ours));
	state_flow(wire, "priority=9,tcp,actions=drop");
	run(wire, 1000);
	CHECK(!wire->nic->n_flows);
	talk_here(&wire->ours);
	run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->n_fresh == 1);
	cvsw_v3_nic_restart(&wire->nic->end);
	CHECK(nic_talks(&wire->ours));
	run(wire, 1000);
	CHECK(in_sync(wire) && wire->nic->n_fresh == 2 &&
	      wire->n_events[HUB_REGISTERED] == 2);
	wire_free(wire);
}

/* Whoever was not heard for long is not in sync before it has told what it has. */
static void test_silence(void)
{
	struct wire *wire = wire_new(21, false);
	unsigned int lists;

	state_flow(wire, "priority=9,tcp,actions=drop");
	run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire));
	lists = wire->ours.n_lists;
	wire->loss = 100;
	run(wire, CVSW_V3_ECHO_MS + CVSW_V3_ECHO_AGAIN_MS);
	CHECK(nic_state(&wire->ours) == NIC_CONNECTING);
	run(wire, CVSW_V3_DEAD_MS);
	CHECK(nic_state(&wire->ours) == NIC_ABSENT);
	/* Nobody may know why. */
	wire->nic->n_flows = 0;
	wire->loss = 0;
	while (nic_state(&wire->ours) != NIC_IN_SYNC)
		run(wire, 1);
	CHECK(nic_has_intent(wire) && wire->ours.n_lists == lists + 1);
	CHECK(wire->n_events[HUB_REGISTERED] == 1);
	wire_free(wire);
}

/* QEMU's loadvm: the same NIC with the memory of some time ago, and nobody tells. */
static void test_snapshot(void)
{
	static struct cvsw_flow flows[V3_NIC_FLOWS];
	struct v3_nic *before = malloc(sizeof(*before));

	for (uint32_t seed = 0; seed < 24; seed++) {
		struct wire *wire = wire_new(30 + seed, seed & 1);
		uint64_t waited = 0;

		state_flow(wire, "priority=9,tcp,actions=drop");
		run(wire, 1000 + seed * 300);
		*before = *wire->nic;
		memcpy(flows, wire->nic->flows, sizeof(flows));
		for (uint32_t i = 0; i < seed % 12; i++) {
			char text[64];

			snprintf(text, sizeof(text), "priority=%u,udp,actions=drop", 100 + i);
			state_flow(wire, text);
			run(wire, 40);
		}
		run(wire, seed % 12 ? seed * 400 : 6000);
		CHECK(in_sync(wire) && nic_has_intent(wire));
		memcpy(before->flows, flows, sizeof(flows));
		*wire->nic = *before;
		while (waited < 10000 && wire->n_events[HUB_REGISTERED] < 2) {
			run(wire, 10);
			waited += 10;
		}
		run(wire, 100);
		CHECK_MSG(wire->n_events[HUB_REGISTERED] == 2, "seed %u: nobody noticed", seed);
		CHECK_MSG(in_sync(wire) && nic_has_intent(wire), "seed %u: %s", seed,
			  nic_state_name(nic_state(&wire->ours)));
		wire_free(wire);
	}
	free(before);
}

/* Asked again only when something is new: the device will not be another one by itself. */
static void test_refused_setting(void)
{
	struct wire *wire = wire_new(7, false);
	unsigned int requests;

	wire->nic->lacks = CVSW_OFFLOAD_GRO;
	nic_hand(&wire->ours)->offload = CVSW_OFFLOAD_CSUM | CVSW_OFFLOAD_GRO;
	nic_hand(&wire->ours)->has_offload = true;
	nic_desired_changed(&wire->ours, true, wire->now);
	run(wire, 200);
	CHECK(nic_state(&wire->ours) == NIC_REFUSING);
	CHECK(wire->ours.refused.offload && !wire->ours.behind_since);
	CHECK(wire->nic->offloads == CVSW_OFFLOAD_CSUM);
	requests = wire->nic->n_requests;
	run(wire, 3 * TALK_RETRY_MS);
	CHECK_MSG(wire->nic->n_requests == requests, "%u more", wire->nic->n_requests - requests);
	/* A flow is no reason to ask, other offloads are, and so is a NIC that begins anew. */
	state_flow(wire, "priority=9,tcp,actions=drop");
	run(wire, 200);
	CHECK(wire->nic->n_requests == requests + 1 && nic_has_intent(wire));
	CHECK(nic_state(&wire->ours) == NIC_REFUSING);
	CHECK(wire->n_events[HUB_REFUSED] == 1);
	cvsw_v3_nic_restart(&wire->nic->end);
	run(wire, 1000);
	CHECK(wire->n_events[HUB_REFUSED] == 2);
	CHECK(nic_state(&wire->ours) == NIC_REFUSING);
	nic_hand(&wire->ours)->offload = CVSW_OFFLOAD_CSUM;
	nic_desired_changed(&wire->ours, true, wire->now);
	run(wire, 200);
	CHECK(in_sync(wire) && !nic_n_refused(&wire->ours));
	wire_free(wire);
}

/* A listing that never ends: nothing but "there is more", or the same again and again. */
static void test_endless_list(void)
{
	struct wire *wire = wire_new(8, false);
	unsigned int requests;

	wire->nic->lists = V3_NIC_SAYS_MORE;
	state_flow(wire, "priority=9,tcp,actions=drop");
	run(wire, 10000);
	CHECK(nic_state(&wire->ours) == NIC_CONNECTING);
	CHECK_MSG(wire->nic->n_requests <= 2 + 10000 / TALK_LIST_AGAIN_MS, "%u requests",
		  wire->nic->n_requests);
	wire->nic->lists = V3_NIC_ENDS;
	run(wire, 2000);
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
	state_flow(wire, "priority=9,tcp,actions=drop");
	run(wire, 10000);
	/* Its table is replaced, whatever it was. */
	CHECK(in_sync(wire) && nic_has_intent(wire));
	requests = wire->nic->n_requests;
	CHECK_MSG(requests <= 5 + TALK_LIST_MAX / V3_NIC_FLOWS, "%u requests", requests);
	run(wire, 10000);
	CHECK(wire->nic->n_requests == requests);
	wire_free(wire);
}

static void say(struct wire *wire, const uint8_t *message, size_t len)
{
	CHECK(cvsw_v3_send(&wire->nic->end, message, len));
	run(wire, 5);
}

/* SA_EXPIRING and FLOW_REMOVED, true, false and malformed, without end. */
static void test_unasked(void)
{
	struct cvsw_v3_expiring sa = { .spi = 0x1234, .direction = CVSW_SA_OUT,
				       .reason = CVSW_V3_SA_RUNS_OUT };
	struct wire *wire = wire_new(10, false);
	struct cvsw_flow flow = flow_of("priority=9,tcp,actions=drop");
	struct cvsw_v3_entry entry = { .reason = CVSW_V3_REMOVED_IDLE };
	uint8_t message[512], flow_mod[CVSW_FLOW_MOD_MAX];
	unsigned int requests;
	uint64_t registers;
	size_t len;

	run(wire, 100);
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
	run(wire, TALK_LOOK_MS);
	CHECK(in_sync(wire));
	wire_free(wire);
}

static bool is_stated(const struct wire *wire, const char *text)
{
	struct cvsw_flow flow = flow_of(text);
	const struct cvsw_flow *found = flowset_find(&nic_hand(&wire->ours)->flows, &flow.match,
						     flow.priority);

	return found && cvsw_flow_equal(found, &flow);
}

#define FIVE	"priority=7,idle_timeout=5,tcp,actions=drop"
#define PLAIN	"priority=6,udp,actions=drop"

/* What the NIC's clock ended leaves the intent, and nobody has to look at the table for it. */
static void test_timeout(void)
{
	struct wire *wire = wire_new(9, true);
	struct nic_mark before, now;
	unsigned int requests;

	state_flow(wire, FIVE);
	state_flow(wire, "priority=7,hard_timeout=3,arp,actions=drop");
	state_flow(wire, PLAIN);
	run(wire, 200);
	CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->n_flows == 3);
	CHECK(wire->ours.timed.taken.n == 2 && !wire->ours.timed.ended.n);
	timed_kept(&wire->ours.timed);
	requests = wire->nic->n_requests;
	run(wire, 4000);
	CHECK(in_sync(wire) && wire->nic->n_flows == 2 && is_stated(wire, FIVE));
	/* The database has the first end before the second one comes: that is news again. */
	CHECK(wire->ours.timed.ended.n == 1);
	nic_mark(&wire->ours, &before);
	timed_kept(&wire->ours.timed);
	run(wire, 2000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && is_stated(wire, PLAIN));
	CHECK(wire->nic->n_flows == 1 && wire->ours.timed.ended.n == 1);
	nic_mark(&wire->ours, &now);
	CHECK(memcmp(&before, &now, sizeof(now)));
	CHECK(wire->ours.table.n == 1);
	CHECK(wire->n_events[HUB_REMOVED] == 2 && wire->nic->n_requests == requests);
	/* It was not forgotten that they went: stated again, they come back. */
	state_flow(wire, FIVE);
	run(wire, 200);
	CHECK(nic_has_intent(wire) && wire->nic->n_flows == 2);
	wire_free(wire);
}

/* Stated again, its time begins anew, though it looks the same. */
static void test_timeout_anew(void)
{
	struct wire *wire = wire_new(10, true);

	state_flow(wire, FIVE);
	run(wire, 4000);
	state_flow(wire, FIVE);
	run(wire, 4000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->n_flows == 1);
	/* Unless the change is not one of what it was stated as: others go on. */
	state_flow(wire, PLAIN);
	run(wire, 2000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->n_flows == 1);
	wire_free(wire);
}

/* The end of the one before comes in while the next one is under way. */
static void test_timeout_crossing(void)
{
	struct wire *wire = wire_new(11, true);

	wire->jitter = 40;
	state_flow(wire, FIVE);
	run(wire, 500);
	while (wire->nic->n_flows)
		run(wire, 1);
	CHECK(is_stated(wire, FIVE));
	state_flow(wire, FIVE);
	run(wire, 2000);
	CHECK(wire->n_events[HUB_REMOVED] == 1);
	CHECK(in_sync(wire) && nic_has_intent(wire) && is_stated(wire, FIVE));
	run(wire, 6000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && !wire->nic->n_flows);
	wire_free(wire);
}

/* Times run where the NIC is; what is stated meanwhile has its whole time. */
static void test_timeout_away(void)
{
	struct wire *wire = wire_new(12, true);

	state_flow(wire, FIVE);
	run(wire, 1000);
	nic_absent(&wire->ours);
	state_flow(wire, "priority=9,hard_timeout=5,ip,actions=drop");
	run(wire, 6000);
	CHECK(is_stated(wire, FIVE));
	talk_here(&wire->ours);
	run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && !is_stated(wire, FIVE));
	CHECK(wire->nic->n_flows == 1);
	run(wire, 5000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && !wire->nic->n_flows);
	wire_free(wire);
}

/* One that was given and is not listed has ended; one that was not given is given. */
static void test_timeout_reboot(void)
{
	struct wire *wire = wire_new(13, true);

	state_flow(wire, FIVE);
	state_flow(wire, PLAIN);
	run(wire, 1000);
	state_flow(wire, "priority=9,idle_timeout=5,ip,actions=drop");
	wire->nic->n_flows = 0;
	cvsw_v3_nic_restart(&wire->nic->end);
	run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && !is_stated(wire, FIVE));
	CHECK(wire->nic->n_flows == 2 && is_stated(wire, PLAIN));
	CHECK(wire->n_events[HUB_REMOVED] == 1);
	CHECK(!wire->removed_why && wire->removed_priority == 7);
	/* A new conversation with the same table changes nothing. */
	cvsw_v3_nic_restart(&wire->nic->end);
	run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->n_flows == 2);
	wire_free(wire);
}

/* Other actions, the same time; on a NIC that cannot do that, a new one. */
static void test_timeout_modified(void)
{
	for (int strict = 0; strict < 2; strict++) {
		struct wire *wire = wire_new(14, strict);
		struct cvsw_flow flow = flow_of("priority=7,idle_timeout=5,tcp,actions=NORMAL");
		struct cvsw_flow plain = flow_of("priority=6,udp,actions=NORMAL");

		state_flow(wire, FIVE);
		state_flow(wire, PLAIN);
		run(wire, 3000);
		nic_put_flow(&wire->ours, &plain, true);
		nic_put_flow(&wire->ours, &flow, true);
		nic_desired_changed(&wire->ours, false, wire->now);
		run(wire, 1000);
		CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->n_flows == 2);
		CHECK(wire->nic->n_modified == (strict ? 2 : 0));
		/* Stated anew it begins anew, its counters too. */
		state_flow(wire, PLAIN);
		run(wire, 2000);
		CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->n_flows == 1u + !strict);
		CHECK(wire->nic->n_modified == (strict ? 2 : 0));
		wire_free(wire);
	}
}

/* Stated anew before the NIC was told of other actions: then it is not the former one's. */
static void test_modified_anew(void)
{
	struct wire *wire = wire_new(17, true);
	struct cvsw_flow plain = flow_of("priority=6,udp,actions=NORMAL");
	struct cvsw_flow timeless = flow_of("send_flow_rem,priority=7,tcp,actions=NORMAL");

	state_flow(wire, FIVE);
	state_flow(wire, PLAIN);
	run(wire, 1000);
	nic_put_flow(&wire->ours, &plain, true);
	state_flow(wire, "cookie=1,priority=6,udp,actions=NORMAL");
	state_flow(wire, "send_flow_rem,priority=7,tcp,actions=drop");
	nic_put_flow(&wire->ours, &timeless, true);
	nic_desired_changed(&wire->ours, false, wire->now);
	run(wire, 1000);
	CHECK(!wire->nic->n_modified);
	run(wire, 5000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->n_flows == 2);
	wire_free(wire);
}

/* A member of an overlay has what is made by hand beside that. */
static void test_timeout_overlaid(void)
{
	struct wire *wire = wire_new(18, true);
	struct cvsw_flow flow = flow_of(PLAIN);
	struct flowset made;

	flowset_init(&made);
	flowset_put(&made, &flow);
	nic_use_made(&wire->ours, &maker_of_set, &made);
	state_flow(wire, FIVE);
	run(wire, 1000);
	CHECK(in_sync(wire) && wire->nic->n_flows == 2);
	run(wire, 5000);
	CHECK(in_sync(wire) && wire->nic->n_flows == 1 && !nic_hand(&wire->ours)->flows.n);
	CHECK(desired_flows(&wire->ours.desired)->n == 1);
	flowset_clear(&made);
	wire_free(wire);
}

static void start_again(struct wire *wire)
{
	if (random_next(&wire->random) % 4 == 0)
		wire->nic->n_flows = 0;
	cvsw_v3_nic_restart(&wire->nic->end);
}

/* As an overlay does it. */
static void change_made(struct wire *wire, struct flowset *made)
{
	struct cvsw_flow flow;
	char text[800];
	int at;

	if (random_next(&wire->random) % 64 == 0) {
		if (wire->ours.desired.layers[DESIRED_OVERLAY].in_use)
			nic_drop_made(&wire->ours);
		else
			nic_use_made(&wire->ours, &maker_of_set, made);
		return;
	}
	at = snprintf(text, sizeof(text), "priority=6%u,tcp,tp_dst=%u,actions=",
		      random_next(&wire->random) % 4, random_next(&wire->random) % 24);
	/* Long ones, so that a listing takes several messages. */
	for (int i = 0; i < 20; i++)
		at += snprintf(text + at, sizeof(text) - at, "mod_dl_src:02:00:00:00:00:01,");
	snprintf(text + at, sizeof(text) - at, "%s",
		 random_next(&wire->random) % 2 ? "output:NONE" : "NORMAL");
	flow = flow_of(text);
	if (random_next(&wire->random) % 4) {
		flowset_put(made, &flow);
		nic_made(&wire->ours, &flow, true);
	} else {
		flowset_remove(made, &flow.match, flow.priority);
		nic_made(&wire->ours, &flow, false);
	}
}

/*
 * Flows that are made come and go, beside others, one by one and all at once, before the NIC was
 * listed, while a bundle is under way, over a reboot; a deletion by its match alone takes along.
 */
static void test_made(void)
{
	for (unsigned int seed = 1; seed <= SEEDS; seed++) {
		struct wire *wire = wire_new(seed, seed % 2);
		struct flowset made;

		flowset_init(&made);
		nic_hand(&wire->ours)->in_use = true;
		wire->loss = wire->twice = seed % 3 * 10;
		wire->jitter = 40;
		for (int i = 0; i < 100; i++) {
			for (int n = random_next(&wire->random) % 12; n--; )
				change_made(wire, &made);
			if (random_next(&wire->random) % 8 == 0)
				state_flow(wire, PLAIN);
			if (random_next(&wire->random) % 8 == 0)
				unstate_flow(wire, PLAIN);
			if (random_next(&wire->random) % 16 == 0)
				start_again(wire);
			nic_desired_changed(&wire->ours, false, wire->now);
			run(wire, random_next(&wire->random) % 60);
		}
		run(wire, 20000);
		CHECK_MSG(in_sync(wire) && nic_has_intent(wire), "seed %u", seed);
		CHECK(!wire->ours.lacks.n && wire->ours.table.n == nic_hand(&wire->ours)->flows.n);
		flowset_clear(&made);
		wire_free(wire);
	}
}

/* A NIC leaves an overlay and joins it again, before it hears of either. */
static void test_made_again(void)
{
	struct wire *wire = wire_new(19, true);
	struct cvsw_flow first = flow_of(PLAIN), second = flow_of("priority=8,ip,actions=NORMAL");
	struct cvsw_flow changed = flow_of("priority=6,udp,actions=drop");
	struct flowset made;

	flowset_init(&made);
	flowset_put(&made, &first);
	nic_use_made(&wire->ours, &maker_of_set, &made);
	nic_desired_changed(&wire->ours, false, wire->now);
	run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->n_flows == 1);
	flowset_put(&made, &second);
	nic_made(&wire->ours, &second, true);
	flowset_put(&made, &changed);
	nic_made(&wire->ours, &changed, true);
	nic_drop_made(&wire->ours);
	nic_use_made(&wire->ours, &maker_of_set, &made);
	nic_desired_changed(&wire->ours, false, wire->now);
	run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && wire->nic->n_flows == 2);
	flowset_clear(&made);
	wire_free(wire);
}

/* Its end and a bundle that has it in, as the whole table is replaced, cross. */
static void test_timeout_replaced(void)
{
	struct wire *wire = wire_new(16, false);

	state_flow(wire, FIVE);
	state_flow(wire, "priority=9,ip,actions=drop");
	run(wire, 1000);
	CHECK(wire->nic->n_timers == 1);
	run(wire, wire->nic->timers[0].added + 4999 - wire->now);
	CHECK(wire->nic->n_flows == 2 && is_stated(wire, FIVE));
	unstate_flow(wire, "priority=9,ip,actions=drop");
	run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && !wire->nic->n_flows);
	wire_free(wire);
}

/* A refused bundle gives nothing; a timeout that nobody set is no reason to forget a flow. */
static void test_timeout_refused(void)
{
	struct wire *wire = wire_new(15, true);
	struct cvsw_flow flow = flow_of(PLAIN);
	uint8_t flow_mod[CVSW_FLOW_MOD_MAX], message[512];
	struct cvsw_v3_entry entry = { .reason = CVSW_V3_REMOVED_HARD, .flow_mod = flow_mod };
	char text[64];

	state_flow(wire, PLAIN);
	run(wire, 100);
	entry.len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, &flow, flow_mod, sizeof(flow_mod));
	v3_table_do(wire->nic->flows, &wire->nic->n_flows, CVSW_FLOW_DELETE_STRICT, &flow);
	cvsw_v3_send(&wire->nic->end, message,
		     cvsw_v3_flow_removed_encode(&entry, message, sizeof(message)));
	run(wire, 1000);
	CHECK(in_sync(wire) && nic_has_intent(wire) && is_stated(wire, PLAIN));
	for (int i = 0; i < V3_NIC_FLOWS; i++) {
		snprintf(text, sizeof(text), "priority=7,idle_timeout=60,tcp,tp_dst=%d,actions=drop",
			 i);
		state_flow(wire, text);
	}
	run(wire, 3000);
	CHECK(wire->nic->n_flows == V3_NIC_FLOWS && nic_n_refused(&wire->ours) == 1);
	CHECK(wire->ours.timed.given.n == V3_NIC_FLOWS - 1 && !wire->ours.timed.going.n);
	wire_free(wire);
}

/* A third of them for one to three seconds. */
static void state_random_flows(struct wire *wire, size_t n)
{
	while (n--) {
		struct cvsw_flow flow = random_flow(&wire->random);

		if (random_next(&wire->random) % 3 == 0) {
			flow.hard_timeout = 1 + random_next(&wire->random) % 3;
			flow.flags |= CVSW_FLOW_SEND_REMOVED;
		}
		nic_put_flow(&wire->ours, &flow, false);
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

	wire->loss = wire->twice = 20;
	wire->jitter = 30;
	for (int round = 0; round < 15; round++) {
		if (random_next(&wire->random) % 4)
			state_random_flows(wire, random_next(&wire->random) % 12);
		else
			unstate_all(wire);
		while (hand->flows.n > V3_NIC_FLOWS / 2)
			unstate_all(wire);
		hand->in_use = true;
		hand->mtu = 1000 + random_next(&wire->random) % 500;
		nic_desired_changed(&wire->ours, true, wire->now);
		if (random_next(&wire->random) % 6 == 0)
			cvsw_v3_nic_restart(&wire->nic->end);
		run(wire, random_next(&wire->random) % 400);
	}
	run(wire, 20000);
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

int main(int argc, char **argv)
{
	static const struct tap_test tests[] = {
		{ "agent talk: register, change, acknowledged", test_round_trip },
		{ "agent talk: a wide deletion takes no wanted flow along", test_wide_deletion },
		{ "agent talk: a refusal that nothing helps against is no flood", test_stuck },
		{ "agent talk: what does not fit is left out, and put in later", test_table_full },
		{ "agent talk: an idle NIC moves nobody", test_idle },
		{ "agent talk: a refused SA is not taken for one", test_refused_sa },
	{ "talk: a NIC says which SAs it has", test_listed_sas },
		{ "agent talk: away and back, and begun anew", test_absence },
		{ "agent talk: heard again, its table is looked at first", test_silence },
		{ "agent talk: a NIC's snapshot is put back", test_snapshot },
		{ "agent talk: a refused setting is asked for again when something is new",
		  test_refused_setting },
		{ "agent talk: a listing without end", test_endless_list },
		{ "agent talk: floods of what comes unasked", test_unasked },
		{ "agent talk: what times out leaves the intent", test_timeout },
		{ "agent talk: stated again, its time begins anew", test_timeout_anew },
		{ "agent talk: an end that crosses the next beginning", test_timeout_crossing },
		{ "agent talk: times run while the NIC is away", test_timeout_away },
		{ "agent talk: a rebooted NIC is not given what it had for a time",
		  test_timeout_reboot },
		{ "agent talk: a modified flow's time goes on", test_timeout_modified },
		{ "agent talk: other actions, and then another flow", test_modified_anew },
		{ "agent talk: a member of an overlay and timeouts", test_timeout_overlaid },
		{ "agent talk: flows that are made are followed one by one", test_made },
		{ "agent talk: flows that are made go and come back before they are sent", test_made_again },
		{ "agent talk: a replaced table and an end cross", test_timeout_replaced },
		{ "agent talk: what is refused is not given", test_timeout_refused },
		{ "agent talk: loss, duplicates and reordering", test_storm },
		{ 0 },
	};

	return tap_main(argc, argv, (const struct tap_test *const []) { tests, NULL });
}
