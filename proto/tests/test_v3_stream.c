// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Two streams with a bad network between them, without any crypto. */
#include <stdlib.h>

#include "../cvsw_v3_libcrypto.h"
#include "../cvsw_v3_stream.h"
#include "gen.h"
#include "tests.h"

/* Segments that have memory, of all streams; and how many more may get some. */
static size_t n_segments, most_segments = SIZE_MAX;

static uint8_t *make_segment(void *arg, size_t len)
{
	uint8_t *segment;

	(void)arg;
	if (n_segments == most_segments)
		return NULL;
	n_segments++;
	segment = calloc(1, sizeof(size_t) + len);
	memcpy(segment, &len, sizeof(len));
	return segment + sizeof(size_t);
}

/* There may have been a key in it. */
static void free_segment(void *arg, uint8_t *segment)
{
	static const uint8_t zero[CVSW_V3_SEGMENT_MAX];
	size_t len;

	(void)arg;
	segment -= sizeof(len);
	memcpy(&len, segment, sizeof(len));
	CHECK(!memcmp(segment + sizeof(len), zero, len));
	n_segments--;
	free(segment);
}

static struct cvsw_v3_stream *new_stream(void)
{
	static struct cvsw_v3_crypto memory;
	struct cvsw_v3_stream *stream = malloc(sizeof(*stream));

	memory.wipe = cvsw_v3_libcrypto.wipe;
	memory.segment_make = make_segment;
	memory.segment_free = free_segment;
	cvsw_v3_stream_init(stream, &memory);
	return stream;
}

static void free_stream(struct cvsw_v3_stream *stream)
{
	cvsw_v3_stream_end(stream);
	free(stream);
}

struct parcel {
	uint64_t at;
	bool ack_only;
	bool last;
	uint64_t number, base;
	uint32_t got;
	uint16_t len;
	uint8_t data[CVSW_V3_SEGMENT_MAX];
};

#define MAX_PARCELS	4096

struct net {
	struct rng rng;
	uint64_t now;
	unsigned int bad;
	struct parcel *parcels;	/* to one side */
	size_t n;
	uint64_t n_sent;
};

static void post(struct net *net, const struct parcel *parcel)
{
	int copies = rng_chance(&net->rng, net->bad) ? 0 : 1 + rng_chance(&net->rng, net->bad);

	net->n_sent++;
	for (; copies && net->n < MAX_PARCELS; copies--) {
		net->parcels[net->n] = *parcel;
		net->parcels[net->n++].at = net->now + 1 +
			(rng_chance(&net->rng, net->bad) ? rng_below(&net->rng, 30) : 0);
	}
}

static struct parcel ack_of(const struct cvsw_v3_stream *stream)
{
	struct parcel parcel = { .ack_only = true, .base = stream->rx_base,
				 .got = stream->rx_got };

	return parcel;
}

static void send_due(struct net *net, struct cvsw_v3_stream *stream)
{
	const struct cvsw_v3_slot *slot;
	uint64_t number;

	while ((slot = cvsw_v3_stream_due(stream, net->now, &number))) {
		struct parcel parcel = ack_of(stream);

		parcel.ack_only = false;
		parcel.last = slot->last;
		parcel.number = number;
		parcel.len = slot->len;
		memcpy(parcel.data, slot->data, slot->len);
		post(net, &parcel);
	}
}

/* What @net has for @to; its acknowledgement goes by @back. */
static void arrive(struct net *net, struct cvsw_v3_stream *to, struct net *back)
{
	size_t i = 0;
	bool any = false;

	while (i < net->n) {
		struct parcel *parcel = &net->parcels[i];

		if (parcel->at > net->now) {
			i++;
			continue;
		}
		CHECK(cvsw_v3_stream_acked(to, parcel->base, parcel->got, net->now));
		if (!parcel->ack_only) {
			enum cvsw_v3_drop drop = cvsw_v3_stream_got(to, parcel->number, parcel->last,
								    parcel->data, parcel->len);

			CHECK(drop != CVSW_V3_DROP_RECORD);
			any = true;
		}
		net->parcels[i] = net->parcels[--net->n];
	}
	if (any) {
		struct parcel ack = ack_of(to);

		post(back, &ack);
	}
}

/* Message @i of a side: its length and bytes follow from that. */
static size_t make_message(unsigned int side, unsigned int i, uint8_t *data)
{
	struct rng rng = { 1000003u * side + i };
	size_t len = rng_chance(&rng, 50) ? 1 + rng_below(&rng, 200) :
					    1 + rng_below(&rng, CVSW_V3_MESSAGE_MAX);
	size_t b;

	for (b = 0; b < len; b++)
		data[b] = (uint8_t)(b * 7 + i + rng.state);
	return len;
}

static uint64_t exchange(unsigned int bad, uint64_t seed, unsigned int n_messages)
{
	static uint8_t data[CVSW_V3_MESSAGE_MAX], want[CVSW_V3_MESSAGE_MAX];
	struct cvsw_v3_stream *stream[2];
	struct net net[2];
	unsigned int put[2] = { 0, 0 }, taken[2] = { 0, 0 }, side;
	uint64_t now;

	for (side = 0; side < 2; side++) {
		stream[side] = new_stream();
		net[side] = (struct net){ .rng = { seed + side }, .bad = bad };
		net[side].parcels = calloc(MAX_PARCELS, sizeof(struct parcel));
	}
	for (now = 1; now < 10000000; now++) {
		for (side = 0; side < 2; side++) {
			bool too_long;
			size_t len;

			net[side].now = now;
			while (put[side] < n_messages &&
			       cvsw_v3_stream_put(stream[side], data,
						  make_message(side, put[side], data)))
				put[side]++;
			arrive(&net[side], stream[side], &net[!side]);
			/* A slow taker holds the other up, and nothing else. */
			while (!rng_chance(&net[side].rng, 30) &&
			       (len = cvsw_v3_stream_take(stream[side], data, &too_long))) {
				CHECK(!too_long && len == make_message(!side, taken[side], want) &&
				      !memcmp(data, want, len));
				taken[side]++;
			}
			send_due(&net[!side], stream[side]);
		}
		if (taken[0] == n_messages && taken[1] == n_messages &&
		    cvsw_v3_stream_idle(stream[0]) && cvsw_v3_stream_idle(stream[1]))
			break;
	}
	CHECK_MSG(taken[0] == n_messages && taken[1] == n_messages, "%u and %u of %u",
		  taken[0], taken[1], n_messages);
	CHECK(cvsw_v3_stream_deadline(stream[0]) == UINT64_MAX || taken[0] != n_messages ||
	      !cvsw_v3_stream_idle(stream[0]));
	for (side = 0; side < 2; side++) {
		free_stream(stream[side]);
		free(net[side].parcels);
	}
	return now;
}

static void messages_arrive_once_and_in_order(void)
{
	uint64_t seed;

	for (seed = 0; seed < 12; seed++)
		exchange(20, 400 + seed, 150);
	exchange(60, 450, 40);
}

static void a_good_network_is_used(void)
{
	uint64_t ms = exchange(0, 460, 400);

	/* 400 messages of 4.2 KiB on average: a window each 2 ms or so, both ways. */
	CHECK_MSG(ms < 1000, "%lu ms", (unsigned long)ms);
}

/* A peer that is authentic, and mad. */
static void mad_peers_are_survived(void)
{
	static uint8_t data[CVSW_V3_MESSAGE_MAX];
	struct cvsw_v3_stream *stream = new_stream();
	struct rng rng = { 470 };
	unsigned int i;
	uint64_t number;
	bool too_long;

	for (i = 0; i < 300000; i++) {
		uint64_t near = rng_chance(&rng, 90) ? 0 : rng_next(&rng);
		size_t len = rng_chance(&rng, 70) ? CVSW_V3_SEGMENT_MAX : rng_below(&rng, 1500);

		cvsw_v3_stream_got(stream, stream->rx_base + rng_below(&rng, 40) - 4 + near,
				   rng_chance(&rng, 3), data, len);
		if (rng_chance(&rng, 10))
			cvsw_v3_stream_take(stream, data, &too_long);
		cvsw_v3_stream_put(stream, data, 1 + rng_below(&rng, 20000));
		if (rng_chance(&rng, 80))
			cvsw_v3_stream_due(stream, i, &number);
		cvsw_v3_stream_acked(stream, stream->tx_base + rng_below(&rng, 40) - 4 + near,
				     (uint32_t)rng_next(&rng) & (uint32_t)rng_next(&rng), i);
		CHECK(stream->tx_next - stream->tx_base <= CVSW_V3_SEGMENTS);
	}
	free_stream(stream);
}

static void acknowledgements_of_the_unsent_are_refused(void)
{
	static const uint8_t data[CVSW_V3_MESSAGE_MAX];
	struct cvsw_v3_stream *stream = new_stream();
	uint64_t number;

	CHECK(!cvsw_v3_stream_acked(stream, 1, 0, 0) && !cvsw_v3_stream_acked(stream, 0, 1, 0));
	CHECK(cvsw_v3_stream_put(stream, data, 5000));	/* 4 segments */
	CHECK(!cvsw_v3_stream_acked(stream, 1, 0, 0) && !cvsw_v3_stream_acked(stream, 0, 1, 0));
	CHECK(cvsw_v3_stream_due(stream, 1, &number) && number == 0);
	CHECK(cvsw_v3_stream_due(stream, 1, &number) && number == 1);
	CHECK(!cvsw_v3_stream_acked(stream, 0, 4, 2) && !cvsw_v3_stream_acked(stream, 3, 0, 2));
	CHECK(!cvsw_v3_stream_acked(stream, 2, 0x80000000, 2));
	CHECK(cvsw_v3_stream_acked(stream, 0, 2, 2) && cvsw_v3_stream_acked(stream, 1, 1, 2));
	CHECK(cvsw_v3_stream_acked(stream, 2, 0, 2) && stream->tx_base == 2);
	CHECK(cvsw_v3_stream_acked(stream, 1, 0, 2) && stream->tx_base == 2);
	free_stream(stream);
}

static void longer_messages_go_by(void)
{
	static uint8_t data[CVSW_V3_MESSAGE_MAX];
	struct cvsw_v3_stream *stream = new_stream();
	uint8_t segment[CVSW_V3_SEGMENT_MAX] = "headline";
	bool too_long = false;
	size_t len = 0;
	unsigned int n;

	CHECK(!cvsw_v3_stream_put(stream, data, CVSW_V3_MESSAGE_MAX + 1));
	CHECK(!cvsw_v3_stream_put(stream, data, 0));
	for (n = 0; n < 100; n++) {
		CHECK(!cvsw_v3_stream_got(stream, n, n == 99, segment, sizeof(segment)));
		len = cvsw_v3_stream_take(stream, data, &too_long);
		CHECK(!len == (n != 99));
		memset(segment, 0, sizeof(segment));
	}
	CHECK(too_long && len == 8 && !memcmp(data, "headline", 8));
	/* What follows is well. */
	CHECK(!cvsw_v3_stream_got(stream, 100, true, (const uint8_t *)"next", 4));
	CHECK(cvsw_v3_stream_take(stream, data, &too_long) == 4 && !too_long);
	CHECK(!memcmp(data, "next", 4));
	/* The longest there may be. */
	for (n = 101; n < 112; n++)
		CHECK(!cvsw_v3_stream_got(stream, n, false, segment, sizeof(segment)));
	CHECK(!cvsw_v3_stream_got(stream, 112, true, segment,
				  CVSW_V3_MESSAGE_MAX - 11 * CVSW_V3_SEGMENT_MAX));
	CHECK(cvsw_v3_stream_take(stream, data, &too_long) == CVSW_V3_MESSAGE_MAX && !too_long);
	/* And one byte more. */
	for (n = 113; n < 124; n++)
		CHECK(!cvsw_v3_stream_got(stream, n, false, segment, sizeof(segment)));
	CHECK(!cvsw_v3_stream_got(stream, 124, true, segment,
				  CVSW_V3_MESSAGE_MAX + 1 - 11 * CVSW_V3_SEGMENT_MAX));
	CHECK(cvsw_v3_stream_take(stream, data, &too_long) == 8 && too_long);
	CHECK(cvsw_v3_stream_got(stream, 125, false, segment, 100) == CVSW_V3_DROP_RECORD);
	free_stream(stream);
}

static void new_keys_send_it_again_at_once(void)
{
	static const uint8_t data[3 * CVSW_V3_SEGMENT_MAX];
	struct cvsw_v3_stream *stream = new_stream();
	uint64_t number;

	CHECK(cvsw_v3_stream_put(stream, data, sizeof(data)));
	while (cvsw_v3_stream_due(stream, 5, &number))
		;
	CHECK(cvsw_v3_stream_acked(stream, 0, 2, 6));
	CHECK(cvsw_v3_stream_deadline(stream) > 6 && !cvsw_v3_stream_due(stream, 6, &number));
	cvsw_v3_stream_again(stream);
	CHECK(!cvsw_v3_stream_deadline(stream));
	CHECK(cvsw_v3_stream_due(stream, 6, &number) && number == 0);
	CHECK(cvsw_v3_stream_due(stream, 6, &number) && number == 2);
	CHECK(!cvsw_v3_stream_due(stream, 6, &number));
	free_stream(stream);
}

/* Nothing is held at rest; without memory nothing is lost, and nothing is half done. */
static void memory_is_held_while_under_way(void)
{
	static uint8_t data[CVSW_V3_MESSAGE_MAX];
	struct cvsw_v3_stream *stream = new_stream();
	uint64_t number;
	bool too_long;

	CHECK(!n_segments);
	CHECK(cvsw_v3_stream_put(stream, data, 5000) && n_segments == 4);
	while (cvsw_v3_stream_due(stream, 1, &number))
		;
	CHECK(cvsw_v3_stream_acked(stream, 1, 4, 2) && n_segments == 3);
	CHECK(cvsw_v3_stream_got(stream, 1, true, data, 7) == CVSW_V3_OK && n_segments == 4);
	CHECK(cvsw_v3_stream_acked(stream, 4, 0, 3) && n_segments == 1);
	most_segments = 3;
	CHECK(!cvsw_v3_stream_put(stream, data, 5000) && n_segments == 1);
	CHECK(stream->tx_next == 4 && cvsw_v3_stream_idle(stream));
	CHECK(cvsw_v3_stream_put(stream, data, 2000) && n_segments == 3);
	CHECK(cvsw_v3_stream_got(stream, 0, true, data, 5) == CVSW_V3_DROP_CRYPTO);
	CHECK(stream->rx_got == 2 && !cvsw_v3_stream_take(stream, data, &too_long));
	most_segments = SIZE_MAX;
	CHECK(cvsw_v3_stream_got(stream, 0, true, data, 5) == CVSW_V3_OK);
	CHECK(cvsw_v3_stream_take(stream, data, &too_long) == 5);
	CHECK(cvsw_v3_stream_take(stream, data, &too_long) == 7 && n_segments == 2);
	free_stream(stream);
	CHECK(!n_segments);
}

static void numbers_end(void)
{
	static const uint8_t data[10];
	struct cvsw_v3_stream *stream = new_stream();
	uint64_t number;

	stream->tx_base = stream->tx_next = UINT64_MAX - 65;
	CHECK(cvsw_v3_stream_put(stream, data, sizeof(data)));
	CHECK(cvsw_v3_stream_put(stream, data, sizeof(data)));
	CHECK(!cvsw_v3_stream_put(stream, data, sizeof(data)) && !cvsw_v3_stream_room(stream));
	CHECK(cvsw_v3_stream_due(stream, 1, &number) && number == UINT64_MAX - 65);
	CHECK(!cvsw_v3_stream_acked(stream, UINT64_MAX, UINT32_MAX, 1));
	stream->rx_base = UINT64_MAX - 2;
	CHECK(cvsw_v3_stream_got(stream, 3, true, data, sizeof(data)) == CVSW_V3_DROP_REPLAYED);
	free_stream(stream);
}

const struct tap_test v3_stream_tests[] = {
	{ "proto: version 3's messages arrive once and in order",
	  messages_arrive_once_and_in_order },
	{ "proto: version 3's streams use a good network", a_good_network_is_used },
	{ "proto: version 3's streams survive mad peers", mad_peers_are_survived },
	{ "proto: version 3's streams refuse acknowledgements of the unsent",
	  acknowledgements_of_the_unsent_are_refused },
	{ "proto: version 3's streams skip what is too long", longer_messages_go_by },
	{ "proto: version 3's streams send again at once under new keys",
	  new_keys_send_it_again_at_once },
	{ "proto: version 3's streams hold memory while something is under way",
	  memory_is_held_while_under_way },
	{ "proto: version 3's segment numbers end", numbers_end },
	{ NULL, NULL },
};
