// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Handshake and sessions, on a good network, on a bad one, and with enemies. */
#include <stdlib.h>

#include "tests.h"
#include "v3_world.h"
#include "../cvsw_v3_parts.h"

static const uint8_t echo_request[] = { 0, 28, 0, 0, 0, 0, 0, 1 };	/* STATISTICS */

static unsigned int n_answers;

static void count_answer(struct v3_world *world, const uint8_t *data, size_t len)
{
	(void)world, (void)data, (void)len;
	n_answers++;
}

static void connect(struct v3_world *world, uint64_t seed)
{
	v3_world_init(world, seed);
	world->on_message = count_answer;
	CHECK(v3_world_connect(world, 1000));
}

/* A request is answered: the session works in both directions. */
static bool works(struct v3_world *world)
{
	unsigned int before = n_answers;

	if (!cvsw_v3_send(world->ctl, echo_request, sizeof(echo_request)))
		return false;
	v3_world_run(world, 3000);
	return n_answers == before + 1;
}

static void finish(struct v3_world *world)
{
	CHECK(!world->spun && !world->surprised);
	v3_world_free(world);
	CHECK_MSG(!world->crypto.keys, "%d keys not freed", world->crypto.keys);
}

static void a_session_is_made(void)
{
	struct v3_world world;

	connect(&world, 100);
	CHECK(world.ctl_fresh == 1 && world.nic->n_fresh == 1);
	CHECK(world.ctl->place == V3_PLACE);
	CHECK(works(&world));
	/* An hour of nothing: ECHOs keep it, keys change, nobody falls silent. */
	v3_world_run(&world, 3600 * 1000);
	CHECK(world.ctl_rekeyed >= 3 && world.ctl_rekeyed <= 4);
	CHECK(world.nic->n_rekeyed == world.ctl_rekeyed);
	CHECK(world.ctl_fresh == 1 && !world.ctl_silent && !world.nic->silent);
	CHECK_MSG(world.n_sent < 2000, "%lu frames in an idle hour", (unsigned long)world.n_sent);
	CHECK(works(&world));
	CHECK(cvsw_v3_rtt(world.ctl) >= 1 && cvsw_v3_rtt(world.ctl) < 10);
	finish(&world);
}

static void without_the_key_nothing_happens(void)
{
	struct v3_world world;
	uint8_t wrong[CVSW_V3_KEY_LEN] = { 1 };

	v3_world_init(&world, 101);
	cvsw_v3_nic_set_key(&world.nic->end, wrong);
	CHECK(!v3_world_connect(&world, 60000));
	CHECK(world.drops[CVSW_V3_DROP_PROOF] > 5 && !world.ctl->n_sessions);
	/* No answer at all to who cannot prove the key. */
	CHECK(world.n_sent == world.drops[CVSW_V3_DROP_PROOF]);
	cvsw_v3_nic_set_key(&world.nic->end, NULL);
	CHECK(cvsw_v3_deadline(&world.nic->end) == UINT64_MAX);
	v3_world_run(&world, 10000);
	cvsw_v3_nic_set_key(&world.nic->end, world.psk);
	CHECK(v3_world_connect(&world, 1000));
	finish(&world);
}

static void a_bad_network_is_survived(void)
{
	uint64_t seed;

	for (seed = 0; seed < 40; seed++) {
		struct v3_world world;

		v3_world_init(&world, 200 + seed);
		world.on_message = count_answer;
		world.drop = world.duplicate = world.delay = 20;
		CHECK_MSG(v3_world_connect(&world, 20000), "seed %lu", (unsigned long)seed);
		CHECK(works(&world));
		finish(&world);
	}
}

static void either_side_may_start_anew(void)
{
	struct v3_world world;
	uint8_t hello[CVSW_V3_HELLO_LEN];
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };

	connect(&world, 102);
	/* A killed controller says HELLO, and has the NIC back at once. */
	v3_world_restart_controller(&world);
	v3_world_inject(&world, true, hello, cvsw_v3_hello(all, hello), 0);
	CHECK(v3_world_connect(&world, CVSW_V3_PROBE_MS + 50));
	CHECK(world.ctl_fresh == 2 && world.nic->n_fresh == 2 && works(&world));
	/* Without a HELLO the NIC notices by itself. */
	v3_world_restart_controller(&world);
	CHECK(v3_world_connect(&world, 60000));
	CHECK(world.ctl_fresh == 3 && world.nic->n_fresh == 3 && works(&world));
	/* A restored NIC is another one. */
	cvsw_v3_nic_restart(&world.nic->end);
	CHECK(v3_world_connect(&world, 1000));
	CHECK(world.ctl_fresh == 4 && world.nic->n_fresh == 4 && works(&world));
	finish(&world);
}

/* A cut of any length: sessions outlive it or are made again, and the NIC serves on. */
static void a_cut_ends(void)
{
	static const uint64_t cuts[] = { 100, 4000, 19000, 30000, 14 * 60000, 50 * 60000, 5 * 3600000 };
	size_t i;

	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct v3_world world;

		connect(&world, 110 + i);
		world.cut = true;
		cvsw_v3_send(world.ctl, echo_request, sizeof(echo_request));
		n_answers = 0;
		v3_world_run(&world, cuts[i]);
		CHECK(world.ctl_silent == (cuts[i] > CVSW_V3_DEAD_MS));
		world.cut = false;
		cvsw_v3_nic_wake(&world.nic->end);
		v3_world_run(&world, 10000);
		CHECK_MSG(n_answers == 1, "after %lu ms: %u answers", (unsigned long)cuts[i],
			  n_answers);
		CHECK(world.ctl_fresh == 1 && world.nic->n_fresh == 1);
		CHECK(works(&world));
		finish(&world);
	}
}

/* ---- enemies ---- */

/* What an outsider must not be able to change. */
struct state {
	struct cvsw_v3_session nic, ctl;
	uint64_t rx[2], tx[2];
	uint32_t got[2];
	unsigned int requests, answers, fresh;
	size_t n_flows;
	uint64_t place;
};

static struct state state_of(const struct v3_world *world)
{
	struct state state;

	memset(&state, 0, sizeof(state));
	state.nic = world->nic->end.live;
	state.ctl = world->ctl->live;
	state.rx[0] = world->nic->end.stream.rx_base;
	state.rx[1] = world->ctl->stream.rx_base;
	state.tx[0] = world->nic->end.stream.tx_base;
	state.tx[1] = world->ctl->stream.tx_base;
	state.got[0] = world->nic->end.stream.rx_got;
	state.got[1] = world->ctl->stream.rx_got;
	state.requests = world->nic->n_requests;
	state.answers = n_answers;
	state.fresh = world->ctl_fresh + world->nic->n_fresh;
	state.n_flows = world->nic->n_flows;
	state.place = world->ctl->place;
	return state;
}

static bool unchanged(const struct v3_world *world, const struct state *before)
{
	struct state after = state_of(world);

	return !memcmp(&after, before, sizeof(after));
}

/* Every frame of a real session, all its bits flipped one by one and all its cuts: no effect. */
static void tamper(struct v3_world *world, const struct v3_flight *flight)
{
	struct state before = state_of(world);
	uint64_t sent = world->n_sent;
	uint8_t *frame = exact_copy(flight->frame, flight->len);
	size_t bit, cut;

	for (bit = 0; bit < flight->len * 8; bit++) {
		enum cvsw_v3_drop drop;

		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		drop = v3_world_inject(world, flight->to_nic, frame, flight->len, 99);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK_MSG(drop, "type %u: bit %zu flipped was taken", frame[7], bit);
	}
	for (cut = 0; cut < flight->len; cut++)
		CHECK(v3_world_inject(world, flight->to_nic, frame, cut, 99));
	free(frame);
	CHECK_MSG(unchanged(world, &before), "type %u", flight->frame[7]);
	CHECK_MSG(world->n_sent == sent, "type %u: it was answered", flight->frame[7]);
}

static unsigned int tampered;

/* At the moment when the frame itself would count. */
static void tamper_first(struct v3_world *world, const struct v3_flight *flight)
{
	tampered |= 1u << flight->frame[7];
	tamper(world, flight);
}

static void every_flipped_bit_and_every_cut_is_refused(void)
{
	struct v3_world world;

	v3_world_init(&world, 103);
	world.on_message = count_answer;
	world.on_arrival = tamper_first;
	tampered = 0;
	v3_world_run(&world, 100);
	CHECK(works(&world));
	CHECK(tampered == (1u << CVSW_V3_REGISTER | 1u << CVSW_V3_ACCEPT | 1u << CVSW_V3_SEALED));
	CHECK(world.ctl_fresh == 1 && world.nic->n_fresh == 1);
	finish(&world);
}

/* Whoever has recorded it all says it all again, all the time, at each end, from elsewhere. */
static void replays_change_nothing(void)
{
	struct v3_world world;
	size_t point, i;

	connect(&world, 104);
	world.keep = true;
	for (point = 0; point < 60; point++) {
		struct state before;

		if (point % 20 == 19)	/* new keys now and then */
			world.nic->end.asked = true;
		CHECK(works(&world));
		before = state_of(&world);
		for (i = 0; i < world.n_kept; i++) {
			const struct v3_flight *flight = &world.kept[i];

			v3_world_inject(&world, flight->to_nic, flight->frame, flight->len, 99);
			/* Also at the wrong end. */
			v3_world_inject(&world, !flight->to_nic, flight->frame, flight->len, 99);
		}
		CHECK(unchanged(&world, &before));
	}
	CHECK(world.ctl_rekeyed >= 2 && world.ctl_fresh == 1 && world.nic->n_fresh == 1);
	CHECK(world.ctl_silent == 0 && world.drops[CVSW_V3_DROP_REPLAYED]);
	CHECK(works(&world));
	finish(&world);
}

/* Replays between two steps of a handshake do not keep it from its end. */
static void replays_do_not_disturb_a_handshake(void)
{
	struct v3_world world;
	struct v3_flight *old;
	size_t n_old, i;
	unsigned int round;

	connect(&world, 105);
	world.keep = true;
	for (round = 0; round < 6; round++) {
		world.nic->end.asked = true;
		v3_world_run(&world, 3000);
	}
	old = world.kept;
	n_old = world.n_kept;
	world.kept = NULL;
	world.n_kept = world.kept_room = 0;
	v3_world_restart_controller(&world);
	/* A quiet flood: one recorded frame each millisecond. */
	for (i = 0; i < 30000 && world.ctl_fresh < 2; i++) {
		const struct v3_flight *flight = &old[i % n_old];

		v3_world_inject(&world, flight->to_nic, flight->frame, flight->len, 99);
		v3_world_run(&world, 1);
	}
	CHECK_MSG(world.ctl_fresh == 2, "no session after %zu ms of replays", i);
	CHECK(world.drops[CVSW_V3_DROP_RATE]);
	CHECK(works(&world));
	while (n_old--)
		free(old[n_old].frame);
	free(old);
	finish(&world);
}

/*
 * A NIC gave up pending keys, and began anew; then the ECHO under the old ones, which
 * was held up, arrives after all.
 */
static void a_confirmation_that_was_held_up_undoes_nothing(void)
{
	struct v3_flight held = { .len = 0 };
	struct v3_world world;
	uint64_t sessions;
	size_t i;

	connect(&world, 130);
	/* REGISTER and ACCEPT pass, then nothing does. */
	world.nic->end.asked = true;
	while (!world.nic->end.pending.session.tx)
		v3_world_run(&world, 1);
	while (world.n_flights)
		free(world.flights[--world.n_flights].frame);
	world.keep = world.cut = true;
	v3_world_run(&world, 400);
	for (i = 0; i < world.n_kept && !held.len; i++)
		if (!world.kept[i].to_nic && world.kept[i].frame[7] == CVSW_V3_SEALED)
			held = world.kept[i];
	CHECK(held.len);
	v3_world_run(&world, 5000);
	CHECK(!world.nic->end.pending.session.tx);
	world.cut = false;
	/* The next handshake is under way when it arrives. */
	while (!world.nic->end.pending.session.tx)
		v3_world_run(&world, 1);
	sessions = world.ctl->n_sessions;
	CHECK(!v3_world_inject(&world, false, held.frame, held.len, V3_PLACE));
	CHECK(world.ctl->n_sessions == sessions + 1);
	CHECK(v3_world_connect(&world, 1000));
	CHECK(world.ctl->n_sessions == sessions + 2 && world.ctl_fresh == 1 && works(&world));
	finish(&world);
}

/* The same REGISTER gets the same ACCEPT, a few times, then COOKIEs; pending keys are few, whatever comes. */
static void a_repeated_register_is_answered_alike(void)
{
	struct v3_flight registers[20], accept = { .len = 0 };
	struct v3_world world;
	unsigned int n = 0, n_cookies = 0, i, alive;

	v3_world_init(&world, 132);
	world.keep = world.cut = true;
	for (i = 0; i < 20; i++) {
		cvsw_v3_nic_restart(&world.nic->end);
		v3_world_run(&world, 10);
	}
	CHECK(world.n_kept == 20);
	memcpy(registers, world.kept, sizeof(registers));
	for (i = 0; i < 100; i++)
		v3_world_inject(&world, false, registers[0].frame, registers[0].len, V3_PLACE);
	for (i = 20; i < world.n_kept; i++)
		if (world.kept[i].to_nic && world.kept[i].frame[7] == CVSW_V3_COOKIE) {
			n_cookies++;
		} else if (world.kept[i].to_nic) {
			CHECK(!n_cookies);
			if (n++)
				CHECK(!memcmp(world.kept[i].frame, accept.frame, accept.len));
			accept = world.kept[i];
		}
	CHECK_MSG(n == 9 && n_cookies == 91, "%u ACCEPTs, %u COOKIEs to 100 REGISTERs", n,
		  n_cookies);
	for (i = 0; i < 20; i++) {
		v3_world_run(&world, 600);
		v3_world_inject(&world, false, registers[i].frame, registers[i].len, V3_PLACE);
	}
	for (i = 0, alive = 0; i < CVSW_V3_PENDING; i++)
		alive += cvsw_v3_pending_at(world.ctl, i)->session.tx != NULL;
	CHECK(alive == CVSW_V3_PENDING);
	/* The oldest goes, also among those of the same millisecond. */
	for (i = 0; i < 12; i++) {
		world.ctl->handshakes.used = 0;
		v3_world_inject(&world, false, registers[i].frame, registers[i].len, V3_PLACE);
	}
	for (i = 0; i < CVSW_V3_PENDING; i++)
		CHECK(cvsw_v3_pending_at(world.ctl, i)->order + CVSW_V3_PENDING >= world.ctl->n_pended);
	v3_world_run(&world, CVSW_V3_PENDING_MS);
	v3_world_inject(&world, false, registers[0].frame, 10, V3_PLACE);
	CHECK(!world.ctl->pending.session.tx && !world.ctl->others);
	finish(&world);
}

/*
 * Whoever has recorded REGISTERs replays as many as the rates let in, of those with
 * and of those without a cookie, behind the NIC's own and before it can confirm.
 */
static void replays_do_not_push_a_nic_out(void)
{
	struct v3_flight old[16];
	struct v3_world world;
	size_t n_old, i;

	v3_world_init(&world, 134);
	world.on_message = count_answer;
	world.keep = world.cut = true;
	for (i = 0; i < 16; i++) {
		/* Half of them have the cookie that the controller gives. */
		if (i == 8) {
			v3_world_inject(&world, false, old[7].frame, 0, V3_PLACE);
			world.ctl->handshakes = (struct cvsw_v3_bucket){ 4, world.ctl->now };
			v3_world_inject(&world, false, old[7].frame, old[7].len, V3_PLACE);
			v3_world_inject(&world, true, world.kept[8].frame, world.kept[8].len, 0);
			CHECK(world.kept[8].frame[7] == CVSW_V3_COOKIE);
			CHECK(world.nic->end.have_cookie);
		}
		world.nic->end.begun.active = false;
		world.nic->end.next_try = 0;
		n_old = world.n_kept;
		v3_nic_run(world.nic, world.now);
		CHECK(world.n_kept == n_old + 1);
		old[i] = world.kept[n_old];
	}
	world.cut = false;
	v3_world_run(&world, 20000);
	CHECK(cvsw_v3_up(&world.nic->end) && works(&world));
	world.nic->end.asked = true;
	while (!world.nic->end.pending.session.tx)
		v3_world_run(&world, 1);
	for (i = 0; i < 16; i++)
		v3_world_inject(&world, false, old[15 - i].frame, old[15 - i].len, V3_PLACE);
	v3_world_run(&world, 100);
	CHECK(!world.nic->end.pending.session.tx && works(&world));
	finish(&world);
}

/*
 * One record of 41 comes last, more than the tags that are remembered behind the others,
 * and then the newest once more.
 */
static void late_records_do_not_hide_newer_ones(void)
{
	enum { N = 41, LATE = 8 };
	struct cvsw_v3_record record = { .kind = CVSW_V3_NOTHING };
	static uint8_t frames[N][CVSW_V3_FRAME_MAX];
	struct v3_world world;
	size_t len[N], i;

	connect(&world, 132);
	for (i = 0; i < N; i++)
		len[i] = cvsw_v3_seal(&world.crypto.ops, &world.ctl->live, world.ctl->now,
				      world.mac, &record, frames[i]);
	for (i = 0; i < N; i++)
		if (i != LATE)
			CHECK(!v3_world_inject(&world, true, frames[i], len[i], 0));
	CHECK(!v3_world_inject(&world, true, frames[LATE], len[LATE], 0));
	for (i = 0; i < N; i++)
		CHECK(v3_world_inject(&world, true, frames[i], len[i], 0) ==
		      CVSW_V3_DROP_REPLAYED);
	CHECK(!world.nic->n_disagreed && works(&world));
	finish(&world);
}

/* Of another session with the same index, it may be: whoever hears forged asks who that is. */
static void a_forged_record_is_so_whatever_its_counter(void)
{
	enum { N = CVSW_V3_WINDOW + 100 };
	static const size_t back[] = { 1, CVSW_V3_TAGS + 8, N - 1 };
	static const enum cvsw_v3_drop authentic[] = {
		CVSW_V3_DROP_REPLAYED, CVSW_V3_DROP_REPLAYED, CVSW_V3_DROP_OLD,
	};
	struct cvsw_v3_record record = { .kind = CVSW_V3_NOTHING };
	static uint8_t frames[N][CVSW_V3_FRAME_MAX];
	struct v3_world world;
	size_t len = 0, i;

	connect(&world, 133);
	for (i = 0; i < N; i++) {
		len = cvsw_v3_seal(&world.crypto.ops, &world.ctl->live, world.ctl->now, world.mac,
				   &record, frames[i]);
		CHECK(!v3_world_inject(&world, true, frames[i], len, 0));
	}
	for (i = 0; i < sizeof(back) / sizeof(*back); i++) {
		uint8_t *frame = frames[N - back[i]];

		CHECK(v3_world_inject(&world, true, frame, len, 0) == authentic[i]);
		frame[len - CVSW_V3_TAG_LEN] ^= 1;
		CHECK(v3_world_inject(&world, true, frame, len, 0) == CVSW_V3_DROP_FORGED);
	}
	CHECK(!world.nic->n_disagreed && works(&world));
	finish(&world);
}

static void trailers_are_not_looked_at(void)
{
	struct v3_world world;
	uint8_t frame[CVSW_V3_HELLO_LEN + 9] = { 0 };
	uint8_t longest[CVSW_V3_FRAME_MAX + 100] = { 0 };
	struct cvsw_v3_record record = { .kind = CVSW_V3_ECHO, .len = CVSW_V3_ECHO_LEN };
	size_t len;

	connect(&world, 131);
	cvsw_v3_hello(world.mac, frame);
	frame[CVSW_V3_HELLO_LEN] = 1;
	CHECK(!v3_world_inject(&world, true, frame, sizeof(frame), 0));
	len = cvsw_v3_seal(&world.crypto.ops, &world.ctl->live, world.ctl->now, world.mac, &record,
			   longest);
	memset(longest + len, 0xaa, sizeof(longest) - len);
	CHECK(!v3_world_inject(&world, true, longest, sizeof(longest), 0));
	CHECK(v3_world_inject(&world, true, longest, len, 0) == CVSW_V3_DROP_REPLAYED);
	CHECK(works(&world));
	finish(&world);
}

/* Whoever sees a REGISTER may answer it as fast as he can: it is the controller's that counts. */
static void forged_answers_do_not_keep_a_nic_out(void)
{
	uint8_t accept[CVSW_V3_ACCEPT_LEN], cookie[CVSW_V3_COOKIE_LEN];
	struct v3_world world;
	long shares;
	size_t i;

	v3_world_init(&world, 133);
	world.on_message = count_answer;
	cvsw_v3_put_header(accept, world.mac, CVSW_V3_ACCEPT, sizeof(accept));
	cvsw_v3_put_header(cookie, world.mac, CVSW_V3_COOKIE, sizeof(cookie));
	memset(accept + CVSW_V3_HEADER_LEN, 0, sizeof(accept) - CVSW_V3_HEADER_LEN);
	memset(cookie + CVSW_V3_HEADER_LEN, 0, sizeof(cookie) - CVSW_V3_HEADER_LEN);
	v3_nic_run(world.nic, world.now);
	shares = world.crypto.shares;
	for (i = 0; i < 10000; i++) {
		uint32_t number = world.nic->end.begun.number;
		struct cvsw_writer to_accept = cvsw_writer(accept + CVSW_V3_HEADER_LEN, 4);
		struct cvsw_writer to_cookie = cvsw_writer(cookie + CVSW_V3_HEADER_LEN, 4);

		cvsw_put_u32(&to_accept, number);
		cvsw_put_u32(&to_cookie, number);
		accept[30] = (uint8_t)i;
		CHECK(v3_world_inject(&world, true, accept, sizeof(accept), 0) ==
		      CVSW_V3_DROP_PROOF);
		CHECK(v3_world_inject(&world, true, cookie, sizeof(cookie), 0) ==
		      CVSW_V3_DROP_PROOF);
	}
	CHECK(world.crypto.shares == shares);
	CHECK(v3_world_connect(&world, 10) && works(&world));
	finish(&world);
}

/* Of what all of a segment see, nothing names the session at the NIC. */
static void broadcasts_do_not_tell_the_nics_index(void)
{
	struct v3_world world;
	uint8_t index[4];
	struct cvsw_writer w = cvsw_writer(index, sizeof(index));
	size_t i, at, n = 0;

	v3_world_init(&world, 134);
	world.keep = true;
	world.on_message = count_answer;
	CHECK(v3_world_connect(&world, 10) && works(&world));
	cvsw_put_u32(&w, world.nic->end.live.index);
	for (i = 0; i < world.n_kept; i++) {
		if (!(world.kept[i].frame[0] & 1))
			continue;
		n++;
		for (at = 0; at + sizeof(index) <= world.kept[i].len; at++)
			CHECK_MSG(memcmp(world.kept[i].frame + at, index, sizeof(index)),
				  "frame %zu, byte %zu", i, at);
	}
	CHECK(n > 2);
	finish(&world);
}

/* Nor is a cookie good for longer than it says, if nobody asked in between. */
static void cookies_end(void)
{
	static const uint64_t pauses[] = { 0, 59999, 60000, 119999, 120000, 3600000 };
	struct v3_flight old;
	struct v3_world world;
	size_t i, n;

	for (i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		v3_world_init(&world, 140);
		world.cut = world.keep = true;
		/* A REGISTER above the rate, the COOKIE, and the REGISTER with it. */
		v3_nic_run(world.nic, world.now);
		cvsw_v3_receive(world.ctl, world.kept[0].frame, 0, V3_PLACE, world.now);
		world.ctl->handshakes = (struct cvsw_v3_bucket){ 4, world.now };
		CHECK(v3_world_inject(&world, false, world.kept[0].frame, world.kept[0].len,
				      V3_PLACE) == CVSW_V3_DROP_RATE);
		CHECK(world.n_kept == 2 && world.kept[1].frame[7] == CVSW_V3_COOKIE);
		CHECK(!v3_world_inject(&world, true, world.kept[1].frame, world.kept[1].len, 0));
		v3_nic_run(world.nic, world.now);
		CHECK(world.n_kept == 3);
		old = world.kept[2];
		world.now += pauses[i];
		/* Its place counts, too. */
		for (n = 0; n < 2; n++) {
			world.ctl->handshakes = (struct cvsw_v3_bucket){ 4, world.now };
			CHECK_MSG(v3_world_inject(&world, false, old.frame, old.len,
						  n ? V3_PLACE : V3_PLACE + 1) ==
				  (n && pauses[i] < 120000 ? CVSW_V3_OK : CVSW_V3_DROP_RATE),
				  "after %lu ms", (unsigned long)pauses[i]);
		}
		finish(&world);
	}
}

/* HELLOs cost a NIC an ECHO a second; it keeps its session, and its keys. */
static void a_flood_of_hellos_is_bounded(void)
{
	struct v3_world world;
	uint8_t hello[CVSW_V3_HELLO_LEN];
	uint64_t before;
	unsigned int i;

	connect(&world, 106);
	before = world.ctl->n_sessions;
	cvsw_v3_hello(world.mac, hello);
	for (i = 0; i < 10000; i++) {
		v3_world_inject(&world, true, hello, sizeof(hello), 0);
		v3_world_run(&world, 1);
	}
	CHECK_MSG(world.ctl->n_sessions == before, "%lu handshakes",
		  (unsigned long)(world.ctl->n_sessions - before));
	CHECK_MSG(world.nic->end.live.counter < 30, "%lu records in 10 s",
		  (unsigned long)world.nic->end.live.counter);
	CHECK(world.drops[CVSW_V3_DROP_RATE] > 9000);
	CHECK(world.ctl_fresh == 1 && works(&world));
	finish(&world);
}

/* Also a controller that is killed twice in a row has its NIC back soon. */
static void two_restarts_in_a_row(void)
{
	uint8_t hello[CVSW_V3_HELLO_LEN];
	struct v3_world world;
	unsigned int i, pause;

	for (pause = 1; pause <= 10000; pause *= 10) {
		connect(&world, 141);
		cvsw_v3_hello(world.mac, hello);
		for (i = 0; i < 4; i++) {
			v3_world_restart_controller(&world);
			v3_world_inject(&world, true, hello, sizeof(hello), 0);
			v3_world_run(&world, pause);
		}
		/* It asks again where it hears what it does not know. */
		v3_world_run(&world, 1000);
		v3_world_inject(&world, true, hello, sizeof(hello), 0);
		CHECK_MSG(v3_world_connect(&world, 1000), "restarts every %u ms", pause);
		CHECK(works(&world));
		finish(&world);
	}
}

/* A record of the old keys that comes late is that, and no reason to ask who it is of. */
static void a_late_record_is_no_stranger(void)
{
	struct v3_flight late;
	struct v3_world world;
	uint64_t sessions;

	connect(&world, 142);
	world.keep = world.cut = true;
	CHECK(cvsw_v3_packet_in(&world.nic->end, (const uint8_t *)"", 0, world.now));
	late = world.kept[world.n_kept - 1];
	world.keep = world.cut = false;
	sessions = world.ctl->n_sessions;
	world.nic->end.asked = true;
	while (world.ctl->n_sessions == sessions)
		v3_world_run(&world, 1);
	CHECK(v3_world_inject(&world, false, late.frame, late.len, V3_PLACE) == CVSW_V3_DROP_OLD);
	v3_world_run(&world, CVSW_V3_LATE_MS);
	CHECK(v3_world_inject(&world, false, late.frame, late.len, V3_PLACE) ==
	      CVSW_V3_DROP_SESSION);
	CHECK(world.ctl->n_sessions == sessions + 1 && works(&world));
	finish(&world);
}

/* Above the rate a REGISTER needs a cookie, and who is where it says gets one. */
/* Return: did it take one?  It may find the rate unspent. */
static bool cookies_let_in(uint64_t seed)
{
	struct v3_world world;
	struct v3_flight *old;
	uint64_t now;
	unsigned int i;
	size_t n_old;
	bool took;

	v3_world_init(&world, seed);
	world.on_message = count_answer;
	/* Recorded from a NIC that nobody answers: one REGISTER for each ephemeral key. */
	world.keep = world.cut = true;
	v3_world_run(&world, 600000);
	world.cut = world.keep = false;
	old = world.kept;
	n_old = world.n_kept;
	world.kept = NULL;
	world.n_kept = world.kept_room = 0;
	CHECK(n_old > 20);
	now = world.now;
	/* The flood spends the rate for those without a cookie, from another port. */
	for (i = 0; i < 20000 && !world.ctl_fresh; i++) {
		v3_world_inject(&world, false, old[i % n_old].frame, old[i % n_old].len, 99);
		v3_world_run(&world, 1);
	}
	CHECK_MSG(world.ctl_fresh == 1 && works(&world), "seed %lu, after %lu ms",
		  (unsigned long)seed, (unsigned long)(world.now - now));
	took = world.nic->end.have_cookie;
	CHECK(world.drops[CVSW_V3_DROP_RATE] > 100);
	while (n_old--)
		free(old[n_old].frame);
	free(old);
	finish(&world);
	return took;
}

static void cookies_let_the_nic_in(void)
{
	unsigned int took = 0;
	uint64_t seed;

	for (seed = 107; seed < 117; seed++)
		took += cookies_let_in(seed);
	CHECK_MSG(took > 5, "%u of 10 took a cookie", took);
}

/* ---- limits ---- */

static void clocks_jump(void)
{
	static const int64_t jumps[] = { -1000000, 3600000, -500, 100000000, -99999999, 60000, -1 };
	struct v3_world world;
	size_t i;

	connect(&world, 108);
	for (i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		size_t f;

		world.now += (uint64_t)jumps[i];
		for (f = 0; f < world.n_flights; f++)
			world.flights[f].at = world.now;
		CHECK_MSG(works(&world), "jump %zu", i);
		CHECK(world.ctl_fresh == 1);
	}
	finish(&world);
}

static void counters_end(void)
{
	struct v3_world world;
	uint64_t sessions;

	connect(&world, 109);
	sessions = world.ctl->n_sessions;
	/* New keys well before the end, whichever side sends. */
	world.nic->end.live.counter = CVSW_V3_REKEY_RECORDS - 1;
	CHECK(works(&world) && works(&world));
	CHECK(world.ctl->n_sessions == sessions + 1);
	world.ctl->live.counter = CVSW_V3_REKEY_RECORDS - 1;
	CHECK(works(&world) && works(&world));
	CHECK(world.ctl->n_sessions == sessions + 2);
	/* And never a record beyond it. */
	world.ctl->live.counter = CVSW_V3_EXPIRE_RECORDS - 1;
	world.nic->end.live.counter = CVSW_V3_EXPIRE_RECORDS - 2;
	works(&world);
	v3_world_run(&world, 30000);
	CHECK(world.ctl->n_sessions > sessions + 2);
	CHECK(world.ctl->live.counter < 1000 && world.nic->end.live.counter < 1000);
	CHECK(world.ctl_fresh == 1 && works(&world));
	finish(&world);
}

/* The crypto fails at any one call, and then works again: nothing leaks, all comes right. */
static void failing_crypto_is_survived(void)
{
	long calls, fail_at;
	struct v3_world world;

	connect(&world, 120);
	CHECK(works(&world));
	calls = world.crypto.calls;
	finish(&world);
	for (fail_at = 1; fail_at <= calls; fail_at++) {
		v3_world_init(&world, 120);
		world.crypto.fail_at = fail_at;
		world.on_message = count_answer;
		CHECK_MSG(v3_world_connect(&world, 60000), "call %ld", fail_at);
		CHECK_MSG(works(&world), "call %ld", fail_at);
		finish(&world);
	}
	v3_world_init(&world, 121);
	world.crypto.fail_percent = 2;
	world.on_message = count_answer;
	CHECK(v3_world_connect(&world, 300000));
	v3_world_run(&world, 3600000);
	world.crypto.fail_percent = 0;
	v3_world_run(&world, 60000);
	CHECK(works(&world));
	finish(&world);
}

static void packet_ins_arrive(void)
{
	struct v3_world world;
	uint8_t data[CVSW_V3_PACKET_IN_DATA_MAX] = { 0 }, content[CVSW_V3_CONTENT_MAX];
	struct cvsw_v3_packet_in in = { .reason = CVSW_V3_ACTION, .in_port = CVSW_NET,
					.total = 9000, .data = data, .len = sizeof(data) };
	size_t len = cvsw_v3_packet_in_encode(&in, content, sizeof(content));

	connect(&world, 122);
	CHECK(len == CVSW_V3_CONTENT_MAX);
	CHECK(cvsw_v3_packet_in(&world.nic->end, content, len, world.now));
	CHECK(!cvsw_v3_packet_in(&world.nic->end, content, len + 1, world.now));
	v3_world_run(&world, 10);
	CHECK(world.packet_ins == 1);
	finish(&world);
}

const struct tap_test v3_end_tests[] = {
	{ "proto: version 3 makes a session, keeps it and changes its keys", a_session_is_made },
	{ "proto: version 3 without the key: nothing happens", without_the_key_nothing_happens },
	{ "proto: version 3 connects through loss, duplicates and reordering",
	  a_bad_network_is_survived },
	{ "proto: version 3: either side may start anew", either_side_may_start_anew },
	{ "proto: version 3 outlives a cut of any length", a_cut_ends },
	{ "proto: version 3 refuses every flipped bit and every cut frame",
	  every_flipped_bit_and_every_cut_is_refused },
	{ "proto: version 3: replays at any point change nothing", replays_change_nothing },
	{ "proto: version 3: replays do not keep a handshake from its end",
	  replays_do_not_disturb_a_handshake },
	{ "proto: version 3: a confirmation that was held up undoes nothing",
	  a_confirmation_that_was_held_up_undoes_nothing },
	{ "proto: version 3: a repeated REGISTER is answered alike, and not for ever",
	  a_repeated_register_is_answered_alike },
	{ "proto: version 3: replays do not push a NIC's handshake out",
	  replays_do_not_push_a_nic_out },
	{ "proto: version 3: a late record does not make a newer one another",
	  late_records_do_not_hide_newer_ones },
	{ "proto: version 3: a forged record is forged, whatever its counter is",
	  a_forged_record_is_so_whatever_its_counter },
	{ "proto: version 3: a frame's trailer is not looked at", trailers_are_not_looked_at },
	{ "proto: version 3: forged answers do not keep a NIC out, and cost no X25519",
	  forged_answers_do_not_keep_a_nic_out },
	{ "proto: version 3: broadcasts do not tell the NIC's index",
	  broadcasts_do_not_tell_the_nics_index },
	{ "proto: version 3: cookies end", cookies_end },
	{ "proto: version 3: a flood of HELLOs is bounded", a_flood_of_hellos_is_bounded },
	{ "proto: version 3: two restarts in a row cost no more than one", two_restarts_in_a_row },
	{ "proto: version 3: a late record of the old keys is no stranger's",
	  a_late_record_is_no_stranger },
	{ "proto: version 3: cookies let a NIC in through a flood", cookies_let_the_nic_in },
	{ "proto: version 3: clocks may jump", clocks_jump },
	{ "proto: version 3: no record is sealed beyond a counter's end", counters_end },
	{ "proto: version 3: crypto that fails at any call is survived", failing_crypto_is_survived },
	{ "proto: version 3: PACKET_INs arrive", packet_ins_arrive },
	{ NULL, NULL },
};
