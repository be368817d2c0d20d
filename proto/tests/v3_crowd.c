// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "v3_crowd.h"

#include <stdlib.h>

/* ---- tables ---- */

/* Flow @i of a table. */
static struct cvsw_flow flow_of(uint32_t table, uint32_t i)
{
	struct cvsw_flow flow = { .priority = (uint16_t)(100 + i), .cookie = table };

	return flow;
}

static size_t size_of(uint32_t table)
{
	return table % (CROWD_WANTS + 1);
}

static bool is_table(const struct cvsw_flow *flows, size_t n, uint32_t table)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (flows[i].cookie != table)
			return false;
	return n == size_of(table);
}

/* ---- the network ---- */

static void fly(struct crowd *crowd, const struct crowd_flight *flight)
{
	if (crowd->n_flights == crowd->room) {
		crowd->room = crowd->room ? 2 * crowd->room : 64;
		crowd->flights = realloc(crowd->flights, crowd->room * sizeof(*crowd->flights));
	}
	crowd->flights[crowd->n_flights++] = *flight;
}

static void transmit(struct crowd *crowd, struct crowd_flight *flight, uint8_t *frame, size_t len)
{
	int copies = 1;

	crowd->n_frames++;
	flight->len = len;
	memcpy(flight->frame, frame, len);
	crowd->kept[crowd->n_kept++ % CROWD_KEPT] = *flight;
	if (crowd->cut || rng_chance(&crowd->rng, crowd->drop))
		copies = 0;
	else if (rng_chance(&crowd->rng, crowd->duplicate))
		copies = 2;
	while (copies--) {
		flight->at = crowd->now + 1;
		if (rng_chance(&crowd->rng, crowd->delay))
			flight->at += rng_below(&crowd->rng, 60);
		fly(crowd, flight);
	}
}

static void nic_send(void *arg, uint8_t *frame, size_t len, uint64_t unused)
{
	struct crowd_port *port = arg;
	struct crowd_flight flight = { .to_place = -1, .from = port->place };

	(void)unused;
	for (flight.to_ctl = 0; flight.to_ctl < CROWD_CTLS; flight.to_ctl++)
		transmit(port->crowd, &flight, frame, len);
	memset(frame, 0xdd, len);
}

/* Places are told to controllers with one added: 0 is none. */
static void ctl_send(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	struct crowd_ctl *ctl = arg;
	struct crowd_flight flight = { .to_place = (int)place - 1, .to_ctl = -1 };

	if (ctl->connected && place)
		transmit(ctl->crowd, &flight, frame, len);
	memset(frame, 0xdd, len);
}

static void say_hello(struct crowd_ctl *ctl, unsigned int place)
{
	uint8_t hello[CVSW_V3_HELLO_LEN];

	cvsw_v3_hello((const uint8_t *)"\xff\xff\xff\xff\xff\xff", hello);
	ctl->hello_at[place] = ctl->crowd->now;
	ctl_send(ctl, hello, sizeof(hello), place + 1);
}

void crowd_replay(struct crowd *crowd, uint64_t after)
{
	size_t n = crowd->n_kept < CROWD_KEPT ? crowd->n_kept : CROWD_KEPT;
	struct crowd_flight flight;

	if (!n)
		return;
	flight = crowd->kept[rng_below(&crowd->rng, (uint32_t)n)];
	flight.at = crowd->now + after;
	fly(crowd, &flight);
}

/* ---- a controller's program ---- */

static void ask_list(struct crowd_ctl *ctl)
{
	struct cvsw_v3_list list = { .resume = 0 };
	uint8_t message[64];
	size_t len = cvsw_v3_list_encode(++ctl->program.xid, &list, message, sizeof(message));

	ctl->program.n_listed = 0;
	ctl->program.differs = false;
	ctl->program.state = cvsw_v3_send(&ctl->end, message, len) ? CROWD_LISTING : CROWD_ABSENT;
}

static void replace(struct crowd_ctl *ctl)
{
	uint8_t message[CVSW_V3_MESSAGE_MAX];
	struct cvsw_writer w = cvsw_writer(message, sizeof(message));
	struct crowd_program *program = &ctl->program;
	uint32_t i;

	program->xid++;
	cvsw_v3_flows_begin(&w, program->xid, program->xid, CVSW_V3_BUNDLE_OPEN |
			    CVSW_V3_BUNDLE_REPLACE | CVSW_V3_BUNDLE_COMMIT);
	for (i = 0; i < size_of(program->want); i++) {
		struct cvsw_flow flow = flow_of(program->want, i);

		w.at += cvsw_flow_mod_encode(CVSW_FLOW_ADD, &flow, w.data + w.at, w.room - w.at);
	}
	program->sent = program->want;
	program->state = cvsw_v3_send(&ctl->end, message, w.at) ? CROWD_CHANGING : CROWD_ABSENT;
}

static void take_list(struct crowd_program *program, const struct cvsw_v3_message *answer)
{
	struct cvsw_reader entries;
	struct cvsw_v3_entry entry;
	enum cvsw_flow_command command;
	struct cvsw_flow flow;
	uint64_t resume;
	size_t offset, used;

	if (cvsw_v3_list_answer_decode(answer, &resume, &entries, &offset) || resume)
		abort();
	while (cvsw_left(&entries)) {
		if (cvsw_v3_entry_get(&entries, &entry) ||
		    cvsw_flow_mod_decode(entry.flow_mod, entry.len, &used, &command, &flow, &offset))
			abort();
		program->differs |= flow.cookie != program->want;
		program->n_listed++;
	}
	program->differs |= program->n_listed != size_of(program->want);
}

static void on_answer(struct crowd_ctl *ctl, const struct cvsw_v3_message *answer)
{
	struct crowd_program *program = &ctl->program;

	if (answer->xid != program->xid)
		return;
	if (program->state == CROWD_LISTING && answer->type == CVSW_V3_LIST + 1) {
		take_list(program, answer);
		program->state = CROWD_SYNCED;
		program->sent = program->differs ? ~program->want : program->want;
	} else if (program->state == CROWD_CHANGING && answer->type == CVSW_V3_ACK) {
		program->state = CROWD_SYNCED;
	}
}

static void ctl_event(void *arg, enum cvsw_v3_event event)
{
	struct crowd_ctl *ctl = arg;

	ctl->crowd->n_disagreed += event == CVSW_V3_EVENT_DISAGREED;
	if (event == CVSW_V3_EVENT_SILENT || event == CVSW_V3_EVENT_DISAGREED) {
		ctl->program.state = CROWD_ABSENT;
	} else if (event != CVSW_V3_EVENT_REKEYED || ctl->program.state == CROWD_ABSENT) {
		ctl->program.state = CROWD_LISTING;
		ctl->program.n_listed = SIZE_MAX;	/* to be asked for, by ctl_run() */
	}
}

static uint64_t ctl_clock(const struct crowd_ctl *ctl)
{
	return ctl->crowd->now + (uint64_t)ctl->ahead;
}

static void ctl_run(struct crowd_ctl *ctl)
{
	static uint8_t message[CVSW_V3_MESSAGE_MAX];
	struct crowd_program *program = &ctl->program;
	struct cvsw_v3_message answer;
	size_t len, offset;
	bool too_long;

	if (program->state == CROWD_LISTING && program->n_listed == SIZE_MAX)
		ask_list(ctl);
	while ((len = cvsw_v3_take(&ctl->end, message, &too_long)))
		if (!too_long && !cvsw_v3_message_decode(message, len, &answer, &offset))
			on_answer(ctl, &answer);
	if (program->state == CROWD_SYNCED && program->sent != program->want)
		replace(ctl);
	cvsw_v3_run(&ctl->end, ctl_clock(ctl));
}

/* ---- time ---- */

static uint64_t nic_clock(const struct crowd_port *port)
{
	return port->crowd->now + (uint64_t)port->ahead;
}

static uint64_t sooner(uint64_t next, uint64_t deadline, uint64_t clock, uint64_t now)
{
	if (deadline == UINT64_MAX)
		return next;
	deadline = deadline > clock ? deadline - clock + now : now;
	return deadline < next ? deadline : next;
}

static uint64_t next_time(const struct crowd *crowd)
{
	uint64_t next = UINT64_MAX;
	size_t i;

	for (i = 0; i < CROWD_PLACES; i++)
		if (crowd->ports[i].nic)
			next = sooner(next, cvsw_v3_deadline(&crowd->ports[i].nic->end),
				      nic_clock(&crowd->ports[i]), crowd->now);
	for (i = 0; i < CROWD_CTLS; i++)
		next = sooner(next, cvsw_v3_deadline(&crowd->ctls[i].end),
			      ctl_clock(&crowd->ctls[i]), crowd->now);
	for (i = 0; i < crowd->n_flights; i++)
		if (crowd->flights[i].at < next)
			next = crowd->flights[i].at;
	return next;
}

/* As cvswd does it: whoever says what nobody here understands is asked who it is. */
static void to_ctl(struct crowd_ctl *ctl, struct crowd_flight *flight)
{
	enum cvsw_v3_drop drop;

	if (!ctl->connected)
		return;
	drop = cvsw_v3_receive(&ctl->end, flight->frame, flight->len, flight->from + 1,
			       ctl_clock(ctl));
	if ((drop == CVSW_V3_DROP_SESSION || drop == CVSW_V3_DROP_DISAGREES ||
	     drop == CVSW_V3_DROP_FORGED || drop == CVSW_V3_DROP_EXPIRED) &&
	    ctl->crowd->now - ctl->hello_at[flight->from] >= CVSW_V3_HELLO_MS)
		say_hello(ctl, flight->from);
}

static void deliver(struct crowd *crowd)
{
	size_t i = 0;

	while (i < crowd->n_flights) {
		struct crowd_flight flight = crowd->flights[i];

		if (flight.at > crowd->now) {
			i++;
			continue;
		}
		crowd->flights[i] = crowd->flights[--crowd->n_flights];
		if (flight.to_place < 0)
			to_ctl(&crowd->ctls[flight.to_ctl], &flight);
		else if (crowd->ports[flight.to_place].nic)
			cvsw_v3_receive(&crowd->ports[flight.to_place].nic->end, flight.frame,
					flight.len, 0, nic_clock(&crowd->ports[flight.to_place]));
	}
}

void crowd_run(struct crowd *crowd, uint64_t ms)
{
	uint64_t end = crowd->now + ms;
	unsigned int standing = 0;
	size_t i;

	for (;;) {
		uint64_t next = next_time(crowd);

		if (next > end)
			break;
		standing = next > crowd->now ? 0 : standing + 1;
		if (standing > 1000)
			abort();	/* a deadline that does not go away */
		if (next > crowd->now)
			crowd->now = next;
		deliver(crowd);
		for (i = 0; i < CROWD_PLACES; i++)
			if (crowd->ports[i].nic)
				v3_nic_run(crowd->ports[i].nic, nic_clock(&crowd->ports[i]));
		for (i = 0; i < CROWD_CTLS; i++)
			ctl_run(&crowd->ctls[i]);
	}
	crowd->now = end;
}

/* ---- life of NICs ---- */

void crowd_nic_gone(struct crowd *crowd, unsigned int place)
{
	if (crowd->ports[place].nic)
		v3_nic_free(crowd->ports[place].nic);
	crowd->ports[place].nic = NULL;
}

void crowd_nic_boot(struct crowd *crowd, unsigned int place)
{
	struct crowd_port *port = &crowd->ports[place];

	crowd_nic_gone(crowd, place);
	port->ahead = rng_below(&crowd->rng, 100000);
	port->nic = v3_nic_new(&crowd->crypto.ops, crowd->mac, crowd->psk, nic_send, port);
}

void crowd_nic_save(struct crowd *crowd, unsigned int place)
{
	const struct v3_nic *nic = crowd->ports[place].nic;

	if (!nic)
		return;
	v3_end_dropped(&crowd->nic_image.nic.end);
	crowd->nic_image.nic = *nic;
	v3_end_copied(&crowd->nic_image.nic.end);
	memcpy(crowd->nic_image.flows, nic->flows, sizeof(crowd->nic_image.flows));
	crowd->nic_image.clock = nic_clock(&crowd->ports[place]);
	crowd->nic_image.any = true;
}

void crowd_nic_load(struct crowd *crowd, unsigned int place, bool heard_of_it)
{
	struct crowd_port *port = &crowd->ports[place];
	struct v3_nic *nic, empty;

	if (!crowd->nic_image.any)
		return;
	crowd_nic_boot(crowd, place);
	nic = port->nic;
	empty = *nic;
	*nic = crowd->nic_image.nic;
	v3_end_copied(&nic->end);
	/* What lives outside of the struct, and where it is now. */
	nic->flows = empty.flows;
	nic->bundle = empty.bundle;
	nic->timers = empty.timers;
	nic->groups = empty.groups;
	nic->bundle_groups = empty.bundle_groups;
	nic->n_groups = 0;
	nic->send_arg = port;
	nic->caller.arg = nic;
	nic->end.caller = &nic->caller;
	nic->bundle_open = false;
	memcpy(nic->flows, crowd->nic_image.flows, sizeof(crowd->nic_image.flows));
	port->ahead = (int64_t)(crowd->nic_image.clock - crowd->now);
	if (heard_of_it)
		cvsw_v3_nic_restart(&nic->end);
	else if (rng_chance(&crowd->rng, 50))
		cvsw_v3_nic_wake(&nic->end);
}

/* ---- life of controllers ---- */

void crowd_ctl_start(struct crowd *crowd, unsigned int which)
{
	struct crowd_ctl *ctl = &crowd->ctls[which];
	uint32_t want = ctl->program.want;
	unsigned int place;

	if (ctl->end.crypto)
		cvsw_v3_end_free(&ctl->end);
	memset(&ctl->guard, 0, sizeof(ctl->guard));
	memset(&ctl->program, 0, sizeof(ctl->program));
	ctl->program.want = want;
	cvsw_v3_controller_init(&ctl->end, &crowd->crypto.ops, &ctl->caller, &ctl->guard,
				crowd->mac, crowd->psk, 0x123456);
	for (place = 0; place < CROWD_PLACES; place++)
		say_hello(ctl, place);
}

void crowd_ctl_connect(struct crowd *crowd, unsigned int which, bool connected)
{
	struct crowd_ctl *ctl = &crowd->ctls[which];
	unsigned int place;

	if (ctl->connected == connected)
		return;
	ctl->connected = connected;
	for (place = 0; place < CROWD_PLACES; place++)
		say_hello(ctl, place);
}

void crowd_ctl_save(struct crowd *crowd, unsigned int which)
{
	v3_end_dropped(&crowd->ctl_image.end);
	crowd->ctl_image = crowd->ctls[which];
	v3_end_copied(&crowd->ctl_image.end);
	crowd->ctl_image_clock = ctl_clock(&crowd->ctls[which]);
}

void crowd_ctl_load(struct crowd *crowd)
{
	struct crowd_ctl *ctl = &crowd->ctls[crowd->ctl_image.which];
	bool connected = ctl->connected;

	if (!crowd->ctl_image.crowd)
		return;
	v3_end_dropped(&ctl->end);
	*ctl = crowd->ctl_image;
	v3_end_copied(&ctl->end);
	ctl->connected = connected;
	memset(ctl->hello_at, 0, sizeof(ctl->hello_at));
	ctl->ahead = (int64_t)(crowd->ctl_image_clock - crowd->now);
}

void crowd_want(struct crowd *crowd, unsigned int which, uint32_t table)
{
	crowd->ctls[which].program.want = table;
	ctl_run(&crowd->ctls[which]);
}

/* ---- the judge ---- */

const char *crowd_wrong(struct crowd *crowd, unsigned int place, unsigned int which)
{
	const struct crowd_program *program = &crowd->ctls[which].program;
	const struct v3_nic *nic = crowd->ports[place].nic;

	if (program->state != CROWD_SYNCED || !cvsw_v3_up(&crowd->ctls[which].end))
		return program->state == CROWD_ABSENT ? "the controller has lost the NIC" :
							"a request is not answered";
	if (program->sent != program->want)
		return "a table is not sent";
	if (!is_table(nic->flows, nic->n_flows, program->want))
		return "the NIC has another table than the controller says";
	if (nic->end.live.index != crowd->ctls[which].end.live.peer_index)
		return "the two have different sessions";
	return NULL;
}

void crowd_init(struct crowd *crowd, uint64_t seed)
{
	static const uint8_t mac[CVSW_ETH_ALEN] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
	unsigned int i;

	memset(crowd, 0, sizeof(*crowd));
	crowd->rng.state = seed;
	crowd->now = 1000000;
	v3_crypto_init(&crowd->crypto, seed + 1);
	crowd->crypto.hold = true;
	memcpy(crowd->mac, mac, sizeof(mac));
	for (i = 0; i < sizeof(crowd->psk); i++)
		crowd->psk[i] = (uint8_t)rng_next(&crowd->rng);
	for (i = 0; i < CROWD_PLACES; i++) {
		crowd->ports[i].crowd = crowd;
		crowd->ports[i].place = i;
	}
	for (i = 0; i < CROWD_CTLS; i++) {
		struct crowd_ctl *ctl = &crowd->ctls[i];

		ctl->crowd = crowd;
		ctl->which = i;
		ctl->caller = (struct cvsw_v3_caller){ .send = ctl_send, .event = ctl_event,
						       .arg = ctl };
		crowd_ctl_start(crowd, i);
	}
	crowd_nic_boot(crowd, 0);
	crowd_ctl_connect(crowd, 0, true);
}

void crowd_free(struct crowd *crowd)
{
	unsigned int i;

	for (i = 0; i < CROWD_PLACES; i++)
		crowd_nic_gone(crowd, i);
	for (i = 0; i < CROWD_CTLS; i++)
		cvsw_v3_end_free(&crowd->ctls[i].end);
	v3_end_dropped(&crowd->nic_image.nic.end);
	v3_end_dropped(&crowd->ctl_image.end);
	free(crowd->flights);
	v3_crypto_free(&crowd->crypto);
}
