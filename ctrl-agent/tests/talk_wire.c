// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk_wire.h"

#include <stdlib.h>

#include "cvsw_msg.h"
#include "cvsw_v3_libcrypto.h"

#define PLACE	0x100000001ull

static const uint8_t mac[CVSW_ETH_ALEN] = { 2, 0, 0, 0, 0, 10 };
static const uint8_t psk[CVSW_V3_KEY_LEN] = { 1, 2, 3 };

/* ---- frames ---- */

static struct wire *wire_of(const struct nic *nic)
{
	return (struct wire *)((char *)nic - offsetof(struct wire, ours));
}

static bool to_nic(struct nic *nic, const uint8_t *frame, size_t len, uint64_t place)
{
	(void)place;
	lossy_put(&wire_of(nic)->between, 0, true, 0, frame, len);
	return true;
}

static void from_nic(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	(void)place;
	lossy_put(&((struct wire *)arg)->between, 0, false, 0, frame, len);
}

static void deliver(void *arg, const struct lossy_frame *frame)
{
	struct wire *wire = arg;
	uint8_t *copy = malloc(frame->len);	/* on its own, for AddressSanitizer */
	uint8_t hello[CVSW_V3_HELLO_LEN];
	enum cvsw_v3_drop drop = CVSW_V3_OK;
	uint64_t now = wire->between.now;

	memcpy(copy, frame->data, frame->len);
	if (frame->to_nic)
		cvsw_v3_receive(&wire->nic->end, copy, frame->len, 0, now);
	else
		drop = talk_receive(&wire->ours, copy, frame->len, PLACE, now);
	free(copy);
	/* As keyed.c does. */
	if (drop == CVSW_V3_DROP_SESSION || drop == CVSW_V3_DROP_DISAGREES)
		lossy_put(&wire->between, 0, true, 0, hello, cvsw_v3_hello(mac, hello));
}

void wire_run(struct wire *wire, uint64_t ms)
{
	for (; ms; ms--, wire->between.now++) {
		lossy_deliver(&wire->between, deliver, wire);
		nic_run(&wire->ours, wire->between.now);
		v3_nic_run(wire->nic, wire->between.now);
	}
}

uint32_t wire_random(struct wire *wire, uint32_t n)
{
	return random_next(&wire->between.random) % n;
}

unsigned int wire_requests(struct wire *wire, uint64_t ms)
{
	unsigned int before = wire->nic->n_requests;

	wire_run(wire, ms);
	return wire->nic->n_requests - before;
}

void wire_restart(struct wire *wire, uint64_t ms)
{
	cvsw_v3_nic_restart(&wire->nic->end);
	wire_run(wire, ms);
}

/* ---- both NICs ---- */

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

struct wire *wire_new(uint32_t seed, bool strict)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	wire->between.now = 1000;
	wire->between.random = seed;
	wire->world = (struct nic_world){ .send = to_nic, .event = on_event,
					  .crypto = &cvsw_v3_libcrypto, .guard = &wire->guard };
	flowset_init(&wire->made);
	nic_init(&wire->ours, mac, &wire->world);
	talk_new(&wire->ours, 0, psk);
	wire->nic = v3_nic_new(&cvsw_v3_libcrypto, mac, psk, from_nic, wire);
	wire->nic->strict = strict;
	return wire;
}

void wire_free(struct wire *wire)
{
	nic_clear(&wire->ours);
	v3_nic_free(wire->nic);
	flowset_clear(&wire->made);
	lossy_free(&wire->between);
	free(wire);
}

/* ---- what ours should have ---- */

void wire_changed(struct wire *wire, bool settings)
{
	nic_desired_changed(&wire->ours, settings, wire->between.now);
}

void put_flow(struct wire *wire, struct cvsw_flow flow, bool modified)
{
	nic_hand(&wire->ours)->in_use = true;
	nic_put_flow(&wire->ours, DESIRED_HAND, &flow, modified);
	wire_changed(wire, false);
}

void remove_flow(struct wire *wire, struct cvsw_flow flow)
{
	nic_remove_flow(&wire->ours, &flow);
	wire_changed(wire, false);
}

bool is_stated(const struct wire *wire, const char *text)
{
	struct cvsw_flow flow = flow_of(text);
	const struct cvsw_flow *found = flowset_find(&nic_hand(&wire->ours)->flows, &flow.match,
						     flow.priority);

	return found && cvsw_flow_equal(found, &flow);
}

void flow_made(struct wire *wire, struct cvsw_flow flow, bool wanted)
{
	if (wanted)
		flowset_put(&wire->made, &flow);
	else
		flowset_remove(&wire->made, &flow.match, flow.priority);
	nic_made(&wire->ours, &flow, wanted);
}

void use_made(struct wire *wire)
{
	nic_use_made(&wire->ours, &maker_of_set, &wire->made);
}

bool nic_has_intent(const struct wire *wire)
{
	struct flowset has, made;
	bool equal;

	flowset_init(&has);
	for (size_t i = 0; i < wire->nic->n_flows; i++)
		flowset_put(&has, &wire->nic->flows[i]);
	equal = flowsets_equal(&has, desired_flows(&wire->ours.desired, &made));
	flowset_clear(&made);
	flowset_clear(&has);
	return equal;
}

bool in_sync(const struct wire *wire)
{
	return nic_state(&wire->ours) == NIC_IN_SYNC;
}
