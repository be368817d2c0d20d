// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Thousands of random requests through a network that drops, duplicates, delays and
 * reorders, with deaths on both sides: each answer is the one expected, and the
 * NIC ends as it was meant to.
 */
#include <stdlib.h>

#include "tests.h"
#include "v3_world.h"

#define MAX_WAITING	256

struct expectation {
	uint32_t xid;
	uint16_t type, error;
	bool lists;		/* LIST: to be compared, or asked on */
};

/* The controller's program, and what the NIC should be. */
struct program {
	struct cvsw_flow *flows;
	size_t n_flows;
	uint16_t mtu, offloads;
	struct expectation waiting[MAX_WAITING];
	size_t n_waiting;
	uint32_t xid;
	uint32_t spi;		/* of the last SA that was sent */
	struct cvsw_flow *listed;
	size_t n_listed, n_lists;
	bool fresh;		/* say it all again */
	bool last;		/* the list to come is compared */
	size_t n_resent;
	unsigned int left;	/* requests still to be made */
	unsigned int n_answers;
};

static uint8_t buf[CVSW_V3_MESSAGE_MAX];

static void expect(struct program *program, uint16_t type, uint16_t error, bool lists)
{
	struct expectation *e = &program->waiting[program->n_waiting++];

	e->xid = program->xid;
	e->type = error ? CVSW_V3_ERROR : type;
	e->error = error;
	e->lists = lists;
}

static void send(struct v3_world *world, size_t len)
{
	CHECK(len);
	CHECK(cvsw_v3_send(world->ctl, buf, len));
}

/* ---- FLOWS ---- */

static void put_flow_mod(struct cvsw_writer *w, enum cvsw_flow_command command,
			 const struct cvsw_flow *flow)
{
	w->at += cvsw_flow_mod_encode(command, flow, w->data + w->at, w->room - w->at);
}

/*
 * A bundle in one message or two: wrong in its last flow_mod, or right, and then
 * also done to @program's own table.
 */
static void send_bundle(struct v3_world *world, struct program *program, bool replace, bool wrong,
			bool in_two)
{
	struct cvsw_writer w = cvsw_writer(buf, sizeof(buf));
	struct cvsw_flow *after = malloc((V3_NIC_FLOWS + 16) * sizeof(*after));
	size_t n = replace ? 0 : program->n_flows, i, n_mods = 1 + rng_below(&world->rng, 8);
	uint8_t first = CVSW_V3_BUNDLE_OPEN | (replace ? CVSW_V3_BUNDLE_REPLACE : 0);
	uint32_t number = (uint32_t)rng_next(&world->rng);
	struct cvsw_flow flow;

	memcpy(after, program->flows, n * sizeof(*after));
	cvsw_v3_flows_begin(&w, ++program->xid, number,
			    first | (in_two ? 0 : CVSW_V3_BUNDLE_COMMIT));
	for (i = 0; i < n_mods; i++) {
		enum cvsw_flow_command command = !replace && rng_chance(&world->rng, 40) ?
						 CVSW_FLOW_DELETE : CVSW_FLOW_ADD;

		gen_flow(&world->rng, GEN_ANY, &flow);
		if (rng_chance(&world->rng, 80))
			flow.n_actions = 0;	/* lest messages are all about actions */
		v3_table_do(after, &n, command, &flow);
		put_flow_mod(&w, command, &flow);
		if (in_two && i == n_mods / 2) {
			expect(program, CVSW_V3_ACK, 0, false);
			send(world, w.at);
			w.at = 0;
			cvsw_v3_flows_begin(&w, ++program->xid, number, CVSW_V3_BUNDLE_COMMIT);
		}
	}
	if (wrong) {
		gen_flow(&world->rng, GEN_ANY, &flow);
		put_flow_mod(&w, CVSW_FLOW_MODIFY, &flow);
	}
	if (wrong)
		expect(program, 0, CVSW_V3_ERR_COMMAND, false);
	else if (n > V3_NIC_FLOWS)
		expect(program, 0, CVSW_V3_ERR_TABLE_FULL, false);
	else
		expect(program, CVSW_V3_ACK, 0, false);
	if (!wrong && n <= V3_NIC_FLOWS) {
		memcpy(program->flows, after, n * sizeof(*after));
		program->n_flows = n;
	}
	send(world, w.at);
	free(after);
}

/* The program in steps: a message when there is room. */
static void send_table_part(struct v3_world *world, struct program *program)
{
	struct cvsw_writer w = cvsw_writer(buf, sizeof(buf));
	size_t *i = &program->n_resent;

	cvsw_v3_flows_begin(&w, ++program->xid, 77,
			    *i ? 0 : CVSW_V3_BUNDLE_OPEN | CVSW_V3_BUNDLE_REPLACE);
	while (*i < program->n_flows && w.room - w.at >= CVSW_FLOW_MOD_MAX)
		put_flow_mod(&w, CVSW_FLOW_ADD, &program->flows[(*i)++]);
	if (*i == program->n_flows) {
		buf[12] |= CVSW_V3_BUNDLE_COMMIT;
		program->fresh = false;
	}
	expect(program, CVSW_V3_ACK, 0, false);
	send(world, w.at);
}

/* ---- the others ---- */

static void send_list(struct v3_world *world, struct program *program, uint64_t resume)
{
	struct cvsw_v3_list list = { .resume = resume };

	expect(program, CVSW_V3_LIST_ANSWER, 0, true);
	send(world, cvsw_v3_list_encode(program->xid, &list, buf, sizeof(buf)));
}

static void send_set(struct v3_world *world, struct program *program, uint16_t type, uint16_t value)
{
	bool refused = type == CVSW_V3_SET_MTU && (value < 68 || value > 9000);

	program->xid++;
	expect(program, CVSW_V3_ACK, refused ? CVSW_V3_ERR_REFUSED : 0, false);
	if (!refused && type == CVSW_V3_SET_MTU)
		program->mtu = value;
	else if (!refused)
		program->offloads = value;
	send(world, cvsw_v3_set_encode(type, program->xid, value, buf, sizeof(buf)));
}

static void send_sa(struct v3_world *world, struct program *program)
{
	/* A request done twice would be told from one done once. */
	struct cvsw_sa sa;

	gen_sa(&world->rng, 16, &sa);
	sa.direction = CVSW_SA_OUT;
	sa.spi = ++program->spi;
	program->xid++;
	expect(program, CVSW_V3_ACK, 0, false);
	send(world, cvsw_v3_set_sa_encode(program->xid, &sa, buf, sizeof(buf)));
}

static void send_trace(struct v3_world *world, struct program *program)
{
	static const uint8_t frame[CVSW_V3_TRACE_FRAME_MAX];
	struct cvsw_v3_trace trace = {
		.in_port = CVSW_HOST, .frame = frame,
		.len = 14 + rng_below(&world->rng, CVSW_V3_TRACE_FRAME_MAX - 13),
	};

	program->xid++;
	expect(program, CVSW_V3_TRACE_ANSWER, 0, false);
	send(world, cvsw_v3_trace_encode(program->xid, &trace, buf, sizeof(buf)));
}

static void send_plain(struct v3_world *world, struct program *program, uint16_t type,
		       uint16_t answer, uint16_t error)
{
	program->xid++;
	expect(program, answer, error, false);
	send(world, cvsw_v3_plain_encode(type, program->xid, buf, sizeof(buf)));
}

static void send_something(struct v3_world *world, struct program *program)
{
	struct rng *rng = &world->rng;

	switch (rng_below(rng, 13)) {
	case 0:
		send_set(world, program, CVSW_V3_SET_MTU, (uint16_t)rng_below(rng, 12000));
		break;
	case 1:
		send_set(world, program, CVSW_V3_SET_OFFLOAD, (uint16_t)rng_below(rng, 32));
		break;
	case 2:
		send_sa(world, program);
		break;
	case 3:
		program->xid++;
		send_list(world, program, 0);
		break;
	case 4:
		send_trace(world, program);
		break;
	case 5:
		send_plain(world, program, CVSW_V3_STATISTICS, CVSW_V3_STATISTICS_ANSWER, 0);
		break;
	case 6:
		send_plain(world, program, CVSW_V3_CAPABILITIES, CVSW_V3_CAPABILITIES_ANSWER, 0);
		break;
	case 7:
		send_plain(world, program, 1000, 0, CVSW_V3_ERR_TYPE);
		break;
	case 8:
		program->xid++;
		expect(program, CVSW_V3_LIST_SAS_ANSWER, 0, false);
		send(world, cvsw_v3_resume_encode(CVSW_V3_LIST_SAS, program->xid, 0, buf, sizeof(buf)));
		break;
	default:
		send_bundle(world, program, rng_chance(rng, 5), rng_chance(rng, 10),
			    rng_chance(rng, 20));
		break;
	}
}

/* ---- answers ---- */

static bool same_tables(const struct cvsw_flow *a, size_t n_a, const struct cvsw_flow *b,
			size_t n_b)
{
	size_t i, j, found = 0;

	for (i = 0; i < n_a; i++)
		for (j = 0; j < n_b; j++)
			found += cvsw_flow_equal(&a[i], &b[j]);
	return n_a == n_b && found == n_a;
}

static void take_list(struct v3_world *world, struct program *program,
		      const struct cvsw_v3_message *message)
{
	struct cvsw_reader entries;
	struct cvsw_v3_entry entry;
	uint64_t resume = 0;

	/* Others may come in between: only the last list, at the end, is compared. */
	if (!program->last)
		program->n_listed = 0;
	CHECK(!cvsw_v3_list_answer_decode(message, &resume, &entries, NULL));
	while (cvsw_left(&entries) && !cvsw_v3_entry_get(&entries, &entry)) {
		enum cvsw_flow_command command;
		size_t used;

		CHECK(program->n_listed < V3_NIC_FLOWS);
		if (program->n_listed == V3_NIC_FLOWS)
			return;
		CHECK(!cvsw_flow_mod_decode(entry.flow_mod, entry.len, &used, &command,
					 &program->listed[program->n_listed++], NULL));
	}
	CHECK(!cvsw_left(&entries));
	if (resume && program->last) {
		program->xid++;
		send_list(world, program, resume);
	} else {
		program->n_lists++;
	}
}

static void on_message(struct v3_world *world, const uint8_t *data, size_t len)
{
	struct program *program = world->arg;
	struct expectation e = program->waiting[0];
	struct cvsw_v3_message message;

	CHECK(!cvsw_v3_message_decode(data, len, &message, NULL));
	CHECK(program->n_waiting);
	if (!program->n_waiting)
		return;
	memmove(program->waiting, program->waiting + 1, --program->n_waiting * sizeof(e));
	program->n_answers++;
	CHECK_MSG(message.xid == e.xid && message.type == e.type && message.error == e.error,
		  "answer %u: xid %u %s %s instead of xid %u %s %s", program->n_answers,
		  message.xid, cvsw_v3_message_name(message.type), cvsw_v3_error_name(message.error),
		  e.xid, cvsw_v3_message_name(e.type), cvsw_v3_error_name(e.error));
	if (message.type == CVSW_V3_LIST_ANSWER)
		take_list(world, program, &message);
}

static void on_fresh(struct v3_world *world)
{
	struct program *program = world->arg;

	program->n_waiting = 0;
	program->fresh = true;
	program->n_resent = 0;
}

static bool has_room(const struct v3_world *world, const struct program *program)
{
	return cvsw_v3_room(world->ctl) == CVSW_V3_MESSAGE_MAX && program->n_waiting < 100 &&
	       world->ctl->stream.tx_next - world->ctl->stream.tx_base < 8;
}

static void resynchronise(struct v3_world *world, struct program *program)
{
	if (!program->n_resent) {
		send_set(world, program, CVSW_V3_SET_MTU, program->mtu);
		send_set(world, program, CVSW_V3_SET_OFFLOAD, program->offloads);
	}
	send_table_part(world, program);
}

static void kill_one(struct v3_world *world, struct program *program)
{
	if (rng_chance(&world->rng, 50)) {
		cvsw_v3_nic_restart(&world->nic->end);
		return;
	}
	v3_world_restart_controller(world);
	program->fresh = false;
	program->n_waiting = 0;
}

static void run_program(struct v3_world *world, struct program *program, unsigned int deaths)
{
	unsigned int made = program->left, i;

	for (i = 0; i < 600000 && (program->left || program->n_waiting || program->fresh); i++) {
		if (program->fresh) {
			if (has_room(world, program))
				resynchronise(world, program);
		} else if (program->left && cvsw_v3_up(world->ctl) && has_room(world, program)) {
			program->left--;
			send_something(world, program);
		}
		if (deaths && program->left && program->left < made - made / (deaths + 1)) {
			made = program->left;
			deaths--;
			kill_one(world, program);
		}
		v3_world_run(world, 1);
	}
	CHECK_MSG(!program->left && !program->n_waiting, "%u requests and %zu answers missing",
		  program->left, program->n_waiting);
}

static void check_end(struct v3_world *world, struct program *program)
{
	const struct v3_nic *nic = world->nic;

	CHECK(nic->mtu == program->mtu && nic->offloads == program->offloads);
	CHECK_MSG(same_tables(nic->flows, nic->n_flows, program->flows, program->n_flows),
		  "the table has %zu flows and should have %zu", nic->n_flows, program->n_flows);
	program->n_listed = program->n_lists = 0;
	program->last = true;
	program->xid++;
	send_list(world, program, 0);
	v3_world_run(world, 60000);
	CHECK(program->n_lists == 1);
	CHECK(same_tables(program->listed, program->n_listed, program->flows, program->n_flows));
	CHECK(!world->spun && !world->surprised);
}

static void run_all(uint64_t seed, unsigned int bad, unsigned int requests, unsigned int deaths)
{
	struct program program = { .left = requests, .mtu = 1500, .spi = 0x1000 };
	struct v3_world world;

	program.flows = calloc(V3_NIC_FLOWS, sizeof(*program.flows));
	program.listed = calloc(V3_NIC_FLOWS, sizeof(*program.listed));
	v3_world_init(&world, seed);
	world.drop = world.duplicate = world.delay = bad;
	world.on_message = on_message;
	world.on_fresh = on_fresh;
	world.arg = &program;
	CHECK(v3_world_connect(&world, 30000));
	run_program(&world, &program, deaths);
	check_end(&world, &program);
	v3_world_free(&world);
	CHECK(!world.crypto.keys);
	free(program.flows);
	free(program.listed);
}

static void good_network(void)
{
	run_all(500, 0, 1000, 0);
}

static void bad_network(void)
{
	uint64_t seed;

	for (seed = 0; seed < 3; seed++)
		run_all(510 + seed, 20, 1000, 0);
}

static void bad_network_and_deaths(void)
{
	uint64_t seed;

	for (seed = 0; seed < 6; seed++)
		run_all(520 + seed, 20, 400, 10);
}

const struct tap_test v3_channel_tests[] = {
	{ "proto: version 3: 1000 random requests, each answered as expected", good_network },
	{ "proto: version 3: 3000 with 20 % of frames lost, doubled, late: the same",
	  bad_network },
	{ "proto: version 3: 2400 more, and either side dies 60 times: the table is as meant",
	  bad_network_and_deaths },
	{ NULL, NULL },
};
