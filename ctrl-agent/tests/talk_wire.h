/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests: a link of version 3 against a NIC that runs the module's own protocol code,
 * over a lossy wire in virtual time.
 */
#ifndef CVSW_TEST_TALK_WIRE_H
#define CVSW_TEST_TALK_WIRE_H

#include "flows.h"
#include "lossy.h"
#include "nic/talk.h"
#include "tap.h"
#include "v3_nic.h"

#define SEEDS	40	/* of a test with random changes */

/* Flows of many tests. */
#define FIVE	"priority=7,idle_timeout=5,tcp,actions=drop"
#define PLAIN	"priority=6,udp,actions=drop"
#define PLAIN_OTHERWISE	"priority=6,udp,actions=NORMAL"
#define HIGHER	"priority=9,tcp,actions=drop"

/**
 * struct wire - our NIC, the one there, and what is between
 * @made: what its overlay's layer is made of
 * @n_events: of each kind, that were told
 * @removed_why, @removed_priority: of the last flow that went
 * @refused_spi, @refused_direction: of the last SA that was refused
 */
struct wire {
	struct lossy between;
	struct nic ours;
	struct cvsw_v3_guard guard;
	struct nic_world world;
	struct v3_nic *nic;
	struct flowset made;
	unsigned int n_events[HUB_AT + 1];
	uint8_t removed_why;
	uint16_t removed_priority;
	size_t n_listed_sas;
	uint32_t refused_spi;
	enum cvsw_sa_direction refused_direction;
};

/** wire_new() - @strict: that NIC knows strict deletions and modifications; ended by wire_free() */
struct wire *wire_new(uint32_t seed, bool strict);
void wire_free(struct wire *wire);

/* A test whose wire loses nothing: its body gets the wire. */
#define WIRE_TEST(name, strict)				\
	static void name##_on(struct wire *wire);	\
	static void name(void)				\
	{						\
		struct wire *wire = wire_new(1, strict);	\
							\
		name##_on(wire);			\
		wire_free(wire);			\
	}						\
	static void name##_on(struct wire *wire)

void wire_run(struct wire *wire, uint64_t ms);

/** wire_requests() - how many requests that NIC gets in @ms */
unsigned int wire_requests(struct wire *wire, uint64_t ms);

/** wire_random() - below @n */
uint32_t wire_random(struct wire *wire, uint32_t n);

/** wire_restart() - that NIC begins a new conversation */
void wire_restart(struct wire *wire, uint64_t ms);

/** wire_changed() - what our NIC should have was changed; @settings: MTU or offloads too */
void wire_changed(struct wire *wire, bool settings);

void put_flow(struct wire *wire, struct cvsw_flow flow, bool modified);
void remove_flow(struct wire *wire, struct cvsw_flow flow);
#define state_flow(wire, ...)	put_flow(wire, flow_of(__VA_ARGS__), false)
#define modify_flow(wire, ...)	put_flow(wire, flow_of(__VA_ARGS__), true)
#define unstate_flow(wire, ...)	remove_flow(wire, flow_of(__VA_ARGS__))

/** is_stated() - exactly this one */
bool is_stated(const struct wire *wire, const char *text);

/* One more of @made, or one less. */
void flow_made(struct wire *wire, struct cvsw_flow flow, bool wanted);
#define make_flow(wire, ...)	flow_made(wire, flow_of(__VA_ARGS__), true)

/** use_made() - our NIC is a member of an overlay now, as far as its flows go */
void use_made(struct wire *wire);

/** nic_has_intent() - has that NIC what ours should have? */
bool nic_has_intent(const struct wire *wire);
bool in_sync(const struct wire *wire);

/* Is it in sync, with all that it should have, which is @n flows? */
#define CHECK_HAS(wire, n)								\
	CHECK_MSG(in_sync(wire) && nic_has_intent(wire) && (wire)->nic->n_flows == (size_t)(n),	\
		  "%s, %zu flows%s", nic_state_name(nic_state(&(wire)->ours)),		\
		  (wire)->nic->n_flows, nic_has_intent(wire) ? "" : ", not as stated")

#endif
