// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What is broken in one bit or one byte, all of it: frames of an outsider change
 * nothing; records of a peer that has the keys and says anything at all do no harm.
 * And the ends of counters, and clocks that agree on nothing.
 */
#include <stdlib.h>

#include "../cvsw_cursor.h"
#include "../cvsw_v3_parts.h"
#include "tests.h"
#include "v3_world.h"

static const uint8_t everybody[CVSW_ETH_ALEN] = { 255, 255, 255, 255, 255, 255 };

static void connect(struct v3_world *world, uint64_t seed)
{
	v3_world_init(world, seed);
	CHECK(v3_world_connect(world, 1000));
	v3_world_run(world, 100);
}

/* A request is done and answered. */
static bool works(struct v3_world *world)
{
	static const uint8_t statistics[] = { 0, 28, 0, 0, 0, 0, 0, 1 };
	unsigned int before = world->nic->n_requests;

	if (!cvsw_v3_send(world->ctl, statistics, sizeof(statistics)))
		return false;
	v3_world_run(world, 3000);
	return world->nic->n_requests == before + 1 && cvsw_v3_stream_idle(&world->ctl->stream);
}

static void finish(struct v3_world *world)
{
	CHECK(!world->spun && !world->surprised);
	v3_world_free(world);
	CHECK(!world->crypto.keys);
}

/* ---- frames that need no key ---- */

/* Each bit flipped, and each cut: it is dropped, not answered, and @end stays as it is. */
static void break_frame(struct v3_world *world, struct cvsw_v3_end *end, const uint8_t *frame,
			size_t len)
{
	struct cvsw_v3_end *before = malloc(sizeof(*before));
	uint8_t *broken = exact_copy(frame, len);
	uint64_t sent = world->n_sent;
	size_t bit, cut;

	/* That time has passed is no change. */
	v3_world_inject(world, end->is_nic, frame, 0, V3_PLACE);
	memcpy(before, end, sizeof(*before));
	for (bit = 0; bit < len * 8; bit++) {
		broken[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK_MSG(v3_world_inject(world, end->is_nic, broken, len, V3_PLACE),
			  "type %u: bit %zu flipped was taken", frame[7], bit);
		broken[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (cut = 0; cut < len; cut++)
		CHECK(v3_world_inject(world, end->is_nic, frame, cut, V3_PLACE) ==
		      CVSW_V3_DROP_SHORT);
	CHECK_MSG(!memcmp(before, end, sizeof(*before)), "type %u changed something", frame[7]);
	CHECK(world->n_sent == sent);
	free(before);
	free(broken);
}

static void hellos_and_cookies(void)
{
	uint8_t hello[CVSW_V3_HELLO_LEN];
	struct v3_world world;

	connect(&world, 700);
	cvsw_v3_hello(world.mac, hello);
	break_frame(&world, &world.nic->end, hello, sizeof(hello));
	world.cut = true;
	CHECK(!v3_world_inject(&world, true, hello, sizeof(hello), 0) && !world.nic->end.asked);
	/* Its ECHO is not answered; the REGISTER meets a controller that has done enough. */
	v3_world_run(&world, CVSW_V3_PROBE_MS - 1);
	CHECK(!world.nic->end.asked);
	world.now++;
	world.keep = true;
	v3_nic_run(world.nic, world.now);
	v3_world_inject(&world, false, hello, 0, V3_PLACE);
	world.ctl->handshakes = (struct cvsw_v3_bucket){ 4, world.ctl->now };
	CHECK(world.n_kept == 1 && v3_world_inject(&world, false, world.kept[0].frame,
						   world.kept[0].len, V3_PLACE) ==
				   CVSW_V3_DROP_RATE);
	CHECK(world.n_kept == 2 && world.kept[1].frame[7] == CVSW_V3_COOKIE);
	break_frame(&world, &world.nic->end, world.kept[1].frame, world.kept[1].len);
	CHECK(!v3_world_inject(&world, true, world.kept[1].frame, world.kept[1].len, 0));
	CHECK(world.nic->end.have_cookie);
	world.cut = false;
	CHECK(works(&world));
	finish(&world);
}

/* ---- records of somebody who has the keys ---- */

struct plain {
	uint8_t data[CVSW_V3_FRAME_MAX];
	size_t len;
};

static struct plain record_of(enum cvsw_v3_kind kind, uint64_t base, size_t content)
{
	struct plain plain;
	struct cvsw_writer w = cvsw_writer(plain.data, sizeof(plain.data));

	cvsw_put_u32(&w, (uint32_t)kind << 24);
	cvsw_put_u32(&w, 0);
	cvsw_put_u64(&w, base);
	/* Of a SEGMENT: number 0, 1, ... which is @base of the other direction, too. */
	cvsw_put_zero(&w, content);
	plain.len = w.at;
	return plain;
}

/* @plain, whatever it is, sealed with the keys of who sends to @end. */
static enum cvsw_v3_drop say(struct v3_world *world, struct cvsw_v3_end *end,
			     const uint8_t *plain, size_t len)
{
	struct cvsw_v3_end *from = end->is_nic ? world->ctl : &world->nic->end;
	uint8_t frame[CVSW_V3_FRAME_MAX + CVSW_V3_FRAME_MAX], nonce[CVSW_V3_NONCE_LEN];
	size_t whole = CVSW_V3_SEALED_AT + len + CVSW_V3_TAG_LEN;
	struct cvsw_writer w = cvsw_writer(frame + CVSW_V3_HEADER_LEN, 12);
	struct cvsw_writer n = cvsw_writer(nonce, sizeof(nonce));

	cvsw_v3_put_header(frame, end->is_nic ? end->mac : everybody, CVSW_V3_SEALED, whole);
	cvsw_put_u32(&w, end->live.index);
	cvsw_put_u64(&w, from->live.counter);
	cvsw_put_u32(&n, 0);
	cvsw_put_u64(&n, from->live.counter++);
	memcpy(frame + CVSW_V3_SEALED_AT, plain, len);
	CHECK(world->crypto.ops.seal(&world->crypto, from->live.tx, nonce, frame,
				     CVSW_V3_SEALED_AT, len));
	return v3_world_inject(world, end->is_nic, frame, whole, V3_PLACE);
}

/* Whatever was said: nothing is out of bounds, no deadline stays, and time goes on. */
static void check_sane(struct v3_world *world, struct cvsw_v3_end *end)
{
	static uint8_t message[CVSW_V3_MESSAGE_MAX];
	const struct cvsw_v3_stream *stream = &end->stream;
	unsigned int i;
	bool too_long;

	while (cvsw_v3_take(end, message, &too_long))
		;
	for (i = 0; cvsw_v3_deadline(end) <= world->now; i++) {
		CHECK_MSG(i < 10, "a deadline stays");
		if (i == 10)
			break;
		cvsw_v3_run(end, world->now);
	}
	CHECK(stream->tx_next - stream->tx_base <= CVSW_V3_SEGMENTS);
}

static bool is_record(const struct plain *plain, bool to_nic)
{
	size_t content = plain->len - CVSW_V3_RECORD_HEAD_LEN;

	if (plain->data[1] || plain->data[2] || plain->data[3])
		return false;
	switch (plain->data[0]) {
	case CVSW_V3_NOTHING:
		return !content;
	case CVSW_V3_SEGMENT:
		return content == 8 + CVSW_V3_SEGMENT_MAX;
	case CVSW_V3_SEGMENT_LAST:
		return content > 8 && content <= 8 + CVSW_V3_SEGMENT_MAX;
	case CVSW_V3_ECHO:
	case CVSW_V3_ECHO_REPLY:
		return content == CVSW_V3_ECHO_LEN;
	case CVSW_V3_PACKET_IN:
		return !to_nic;
	}
	return false;
}

/* To what it was; both go on having what is under way. */
static void put_back(struct cvsw_v3_end *end, const struct cvsw_v3_end *before)
{
	v3_end_dropped(end);
	*end = *before;
	v3_end_copied(end);
}

static void say_and_check(struct v3_world *world, struct cvsw_v3_end *end,
			  const struct cvsw_v3_end *before, const struct plain *plain)
{
	enum cvsw_v3_drop drop = say(world, end, plain->data, plain->len);

	if (plain->len < CVSW_V3_RECORD_HEAD_LEN)
		CHECK(drop == CVSW_V3_DROP_LENGTH);
	else if (!is_record(plain, end->is_nic))
		CHECK_MSG(drop == CVSW_V3_DROP_RECORD || drop == CVSW_V3_DROP_DISAGREES, "kind %u, %zu bytes: %s", plain->data[0],
			  plain->len, cvsw_v3_drop_name(drop));
	else
		CHECK(!drop || drop == CVSW_V3_DROP_RECORD || drop == CVSW_V3_DROP_DISAGREES);
	CHECK(cvsw_v3_up(end) == (drop != CVSW_V3_DROP_DISAGREES));
	check_sane(world, end);
	put_back(end, before);
}

static void break_record(struct v3_world *world, struct cvsw_v3_end *end, struct plain plain)
{
	struct cvsw_v3_end *before = calloc(1, sizeof(*before));
	size_t whole = plain.len, bit;

	put_back(before, end);
	for (bit = 0; bit < whole * 8; bit++) {
		plain.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		say_and_check(world, end, before, &plain);
		plain.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (plain.len = 0; plain.len < whole; plain.len++)
		say_and_check(world, end, before, &plain);
	put_back(end, before);
	v3_end_dropped(before);
	free(before);
}

static void records_of_a_mad_peer(void)
{
	static const uint8_t message[2000] = { 0, 28 };
	struct v3_world world;
	unsigned int side;

	for (side = 0; side < 2; side++) {
		struct cvsw_v3_end *end;

		v3_world_init(&world, 710 + side);
		world.crypto.hold = true;
		CHECK(v3_world_connect(&world, 1000));
		v3_world_run(&world, 100);
		end = side ? world.ctl : &world.nic->end;
		world.cut = true;
		/* Something is under way, that may be acknowledged. */
		CHECK(cvsw_v3_send(end, message, sizeof(message)));
		cvsw_v3_run(end, world.now);
		break_record(&world, end, record_of(CVSW_V3_NOTHING, 0, 0));
		break_record(&world, end, record_of(CVSW_V3_SEGMENT, 1, 8 + CVSW_V3_SEGMENT_MAX));
		break_record(&world, end, record_of(CVSW_V3_SEGMENT_LAST, 0, 8 + 12));
		break_record(&world, end, record_of(CVSW_V3_ECHO, 0, CVSW_V3_ECHO_LEN));
		break_record(&world, end, record_of(CVSW_V3_ECHO_REPLY, 0, CVSW_V3_ECHO_LEN));
		break_record(&world, end, record_of(CVSW_V3_PACKET_IN, 0, 84));
		finish(&world);
	}
}

/* ---- counters ---- */

/* Counters go up to the last one below the end, in frames of either side. */
static void the_last_record(void)
{
	struct plain nothing = record_of(CVSW_V3_NOTHING, 0, 0);
	struct v3_world world;
	unsigned int side;

	for (side = 0; side < 2; side++) {
		struct cvsw_v3_end *end, *from;

		connect(&world, 720 + side);
		end = side ? world.ctl : &world.nic->end;
		from = side ? &world.nic->end : world.ctl;
		from->live.counter = CVSW_V3_EXPIRE_RECORDS;
		CHECK(say(&world, end, nothing.data, nothing.len) == CVSW_V3_DROP_EXPIRED);
		from->live.counter = UINT64_MAX;
		CHECK(say(&world, end, nothing.data, nothing.len) == CVSW_V3_DROP_EXPIRED);
		from->live.counter = CVSW_V3_EXPIRE_RECORDS - 2;
		CHECK(!say(&world, end, nothing.data, nothing.len) && cvsw_v3_up(end));
		CHECK(!say(&world, end, nothing.data, nothing.len) && !cvsw_v3_up(end));
		/* New keys, and the conversation goes on. */
		v3_world_run(&world, 30000);
		CHECK(cvsw_v3_up(end) && world.nic->n_fresh == 1 && works(&world));
		finish(&world);
	}
}

/* Indices have eight bits of their own: none is used twice at a time. */
static void indices_come_round(void)
{
	struct v3_world world;
	unsigned int i;

	connect(&world, 730);
	for (i = 0; i < 600; i++)
		CHECK(cvsw_v3_next_index(&world.nic->end) != world.nic->end.live.index &&
		      cvsw_v3_next_index(world.ctl) != world.ctl->live.index);
	for (i = 0; i < 600; i++) {
		uint64_t before = world.ctl->n_sessions;

		world.nic->end.asked = true;
		v3_world_run(&world, 1000);
		CHECK(world.ctl->n_sessions == before + 1);
	}
	CHECK(world.ctl_fresh == 1 && works(&world));
	finish(&world);
}

/* ---- clocks ---- */

/* The two clocks differ, and either jumps at any time, also within a handshake. */
static void clocks_agree_on_nothing(void)
{
	static const int64_t jumps[] = { 1, -1, 999, -999, 20000, -20000, 3600000, -3600000,
					 1ll << 40, -(1ll << 39) };
	uint64_t seed;

	for (seed = 0; seed < 20; seed++) {
		struct v3_world world;
		unsigned int i;

		v3_world_init(&world, 740 + seed);
		for (i = 0; i < 40; i++) {
			world.nic_ahead += jumps[rng_below(&world.rng, 10)];
			if (world.nic_ahead < -900000)	/* its clock begins at zero */
				world.nic_ahead = -900000;
			if (rng_chance(&world.rng, 30))
				world.nic->end.asked = true;
			v3_world_run(&world, rng_below(&world.rng, 300));
		}
		v3_world_run(&world, 60000);
		CHECK_MSG(works(&world), "seed %lu", (unsigned long)seed);
		CHECK(world.ctl_fresh == 1 && world.nic->n_fresh == 1);
		finish(&world);
	}
}

const struct tap_test v3_broken_tests[] = {
	{ "proto: version 3: HELLO and COOKIE with any bit flipped or cut change nothing",
	  hellos_and_cookies },
	{ "proto: version 3: records of a peer that says anything do no harm",
	  records_of_a_mad_peer },
	{ "proto: version 3: the last record of a key is taken, and no more", the_last_record },
	{ "proto: version 3: indices come round", indices_come_round },
	{ "proto: version 3: clocks need not agree on anything", clocks_agree_on_nothing },
	{ NULL, NULL },
};
