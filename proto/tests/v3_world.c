// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "v3_world.h"

#include <stdlib.h>

#include "../cvsw_v3_libcrypto.h"

/* ---- crypto ---- */

static bool fails(struct v3_crypto *crypto)
{
	crypto->calls++;
	return crypto->calls == crypto->fail_at ||
	       (crypto->fail_percent && rng_chance(&crypto->rng, crypto->fail_percent));
}

static bool t_random(void *arg, uint8_t *to, size_t len)
{
	struct v3_crypto *crypto = arg;

	if (fails(crypto))
		return false;
	while (len--)
		*to++ = (uint8_t)rng_next(&crypto->rng);
	return true;
}

static bool t_public_key(void *arg, uint8_t *public_key, const uint8_t *secret)
{
	return !fails(arg) && cvsw_v3_libcrypto.public_key(NULL, public_key, secret);
}

static bool t_shared(void *arg, uint8_t *shared, const uint8_t *secret, const uint8_t *peer)
{
	struct v3_crypto *crypto = arg;

	crypto->shares++;
	return !fails(crypto) && cvsw_v3_libcrypto.shared(NULL, shared, secret, peer);
}

static bool t_hash(void *arg, uint8_t *hash, const uint8_t *a, size_t a_len, const uint8_t *b,
		   size_t b_len)
{
	return !fails(arg) && cvsw_v3_libcrypto.hash(NULL, hash, a, a_len, b, b_len);
}

static bool t_hmac(void *arg, uint8_t *mac, const uint8_t *key, size_t key_len,
		   const uint8_t *data, size_t len)
{
	return !fails(arg) && cvsw_v3_libcrypto.hmac(NULL, mac, key, key_len, data, len);
}

static void *t_key_make(void *arg, const uint8_t *key)
{
	struct v3_crypto *crypto = arg;

	if (fails(crypto))
		return NULL;
	crypto->keys++;
	if (!crypto->hold)
		return cvsw_v3_libcrypto.key_make(NULL, key);
	crypto->held = realloc(crypto->held, (crypto->n_held + 1) * sizeof(*crypto->held));
	return crypto->held[crypto->n_held++] = cvsw_v3_libcrypto.key_make(NULL, key);
}

static void t_key_free(void *arg, void *key)
{
	struct v3_crypto *crypto = arg;

	if (crypto->hold)
		return;
	if (key)
		crypto->keys--;
	cvsw_v3_libcrypto.key_free(NULL, key);
}

void v3_crypto_free(struct v3_crypto *crypto)
{
	crypto->hold = false;
	while (crypto->n_held)
		t_key_free(crypto, crypto->held[--crypto->n_held]);
	free(crypto->held);
}

static bool t_seal(void *arg, void *key, const uint8_t *nonce, uint8_t *data, size_t aad,
		   size_t len)
{
	return !fails(arg) && cvsw_v3_libcrypto.seal(NULL, key, nonce, data, aad, len);
}

static bool t_open(void *arg, void *key, const uint8_t *nonce, uint8_t *data, size_t aad,
		   size_t len)
{
	return !fails(arg) && cvsw_v3_libcrypto.open(NULL, key, nonce, data, aad, len);
}

void v3_crypto_init(struct v3_crypto *crypto, uint64_t seed)
{
	memset(crypto, 0, sizeof(*crypto));
	crypto->rng.state = seed;
	crypto->ops = (struct cvsw_v3_crypto){
		.random = t_random, .public_key = t_public_key, .shared = t_shared,
		.hash = t_hash, .hmac = t_hmac, .key_make = t_key_make, .key_free = t_key_free,
		.seal = t_seal, .open = t_open, .wipe = cvsw_v3_libcrypto.wipe, .arg = crypto,
		.segment_make = cvsw_v3_libcrypto.segment_make,
		.segment_free = cvsw_v3_libcrypto.segment_free,
	};
}

/* ---- the network ---- */

static void push(struct v3_flight **list, size_t *n, size_t *room, const struct v3_flight *flight)
{
	if (*n == *room) {
		*room = *room ? 2 * *room : 64;
		*list = realloc(*list, *room * sizeof(**list));
	}
	(*list)[*n] = *flight;
	(*list)[(*n)++].frame = exact_copy(flight->frame, flight->len);
}

static void transmit(struct v3_world *world, bool to_nic, uint8_t *frame, size_t len)
{
	struct v3_flight flight = { .to_nic = to_nic, .len = len, .frame = frame,
				    .place = V3_PLACE };
	int copies = 1;

	world->n_sent++;
	if (world->keep)
		push(&world->kept, &world->n_kept, &world->kept_room, &flight);
	if (world->cut || rng_chance(&world->rng, world->drop))
		copies = 0;
	else if (rng_chance(&world->rng, world->duplicate))
		copies = 2;
	while (copies--) {
		flight.at = world->now + 1;
		if (rng_chance(&world->rng, world->delay))
			flight.at += rng_below(&world->rng, 60);
		push(&world->flights, &world->n_flights, &world->room, &flight);
	}
	/* "Scratch behind this call": nobody may count on it. */
	memset(frame, 0xdd, len);
}

static void nic_send(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	(void)place;
	transmit(arg, false, frame, len);
}

static void ctl_send(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	if (place == V3_PLACE)
		transmit(arg, true, frame, len);
}

/* ---- the controller ---- */

static void ctl_event(void *arg, enum cvsw_v3_event event)
{
	struct v3_world *world = arg;

	switch (event) {
	case CVSW_V3_EVENT_FRESH:
		world->ctl_fresh++;
		if (world->on_fresh)
			world->on_fresh(world);
		break;
	case CVSW_V3_EVENT_REKEYED:
		world->ctl_rekeyed++;
		break;
	case CVSW_V3_EVENT_SILENT:
		world->ctl_silent++;
		break;
	case CVSW_V3_EVENT_HEARD:
		world->ctl_heard++;
		break;
	case CVSW_V3_EVENT_DISAGREED:
		world->ctl_disagreed++;
		break;
	}
}

static void ctl_packet_in(void *arg, const uint8_t *content, size_t len)
{
	struct v3_world *world = arg;
	struct cvsw_v3_packet_in in;

	world->packet_ins += !cvsw_v3_packet_in_decode(content, len, &in, NULL);
}

static void ctl_run(struct v3_world *world)
{
	static uint8_t message[CVSW_V3_MESSAGE_MAX];
	bool too_long;
	size_t len;

	while ((len = cvsw_v3_take(world->ctl, message, &too_long)))
		if (world->on_message && !too_long)
			world->on_message(world, message, len);
	cvsw_v3_run(world->ctl, world->now);
}

static void start_controller(struct v3_world *world)
{
	world->ctl = calloc(1, sizeof(*world->ctl));
	cvsw_v3_controller_init(world->ctl, &world->crypto.ops, &world->ctl_caller, &world->guard,
				world->mac, world->psk, 0x123456);
}

void v3_world_restart_controller(struct v3_world *world)
{
	cvsw_v3_end_free(world->ctl);
	free(world->ctl);
	memset(&world->guard, 0, sizeof(world->guard));
	start_controller(world);
}

/* ---- time ---- */

static uint64_t nic_clock(const struct v3_world *world)
{
	return world->now + (uint64_t)world->nic_ahead;
}

/* As a NIC's receive hook sees it, ahead of all else. */
static bool is_expected(const struct v3_world *world, const uint8_t *frame, size_t len)
{
	struct cvsw_v3_expected expected;
	enum cvsw_v3_type type;

	if (cvsw_v3_check(frame, &len, &type) || type == CVSW_V3_HELLO || type == CVSW_V3_REGISTER)
		return true;
	cvsw_v3_nic_expects(&world->nic->end, &expected);
	return cvsw_v3_is_expected(&expected, type, frame);
}

enum cvsw_v3_drop v3_world_inject(struct v3_world *world, bool to_nic, const uint8_t *frame,
				  size_t len, uint64_t place)
{
	bool expected = !to_nic || is_expected(world, frame, len);
	uint8_t *copy = exact_copy(frame, len);
	enum cvsw_v3_drop drop;

	drop = cvsw_v3_receive(to_nic ? &world->nic->end : world->ctl, copy, len, place,
			       to_nic ? nic_clock(world) : world->now);
	world->drops[drop]++;
	world->surprised |= !expected && !drop;
	free(copy);
	return drop;
}

static uint64_t next_time(const struct v3_world *world)
{
	uint64_t next = cvsw_v3_deadline(world->ctl), nic = cvsw_v3_deadline(&world->nic->end);
	uint64_t clock = nic_clock(world);
	size_t i;

	if (nic != UINT64_MAX)
		nic = nic > clock ? nic - clock + world->now : 0;
	next = nic < next ? nic : next;
	for (i = 0; i < world->n_flights; i++)
		if (world->flights[i].at < next)
			next = world->flights[i].at;
	return next;
}

/* What is due arrives, in any order. */
static void deliver(struct v3_world *world)
{
	size_t i = 0;

	while (i < world->n_flights) {
		struct v3_flight flight = world->flights[i];

		if (flight.at > world->now) {
			i++;
			continue;
		}
		memmove(&world->flights[i], &world->flights[i + 1],
			(--world->n_flights - i) * sizeof(flight));
		if (world->on_arrival)
			world->on_arrival(world, &flight);
		v3_world_inject(world, flight.to_nic, flight.frame, flight.len, flight.place);
		free(flight.frame);
	}
}

void v3_world_run(struct v3_world *world, uint64_t ms)
{
	uint64_t end = world->now + ms;
	unsigned int standing = 0;

	for (;;) {
		uint64_t next = next_time(world);

		if (next > world->now) {
			if (next > end)
				break;
			world->now = next;
			standing = 0;
		} else if (++standing > 1000) {
			world->spun = true;
			break;
		}
		deliver(world);
		v3_nic_run(world->nic, nic_clock(world));
		ctl_run(world);
	}
	world->now = end;
}

static bool is_connected(const struct v3_world *world)
{
	const struct cvsw_v3_session *nic = &world->nic->end.live;
	const struct cvsw_v3_session *ctl = &world->ctl->live;

	return nic->tx && ctl->tx && nic->index == ctl->peer_index &&
	       nic->peer_index == ctl->index && !memcmp(nic->ticket, ctl->ticket, sizeof(nic->ticket));
}

bool v3_world_connect(struct v3_world *world, uint64_t ms)
{
	uint64_t end = world->now + ms;

	while (!is_connected(world) && world->now < end && !world->spun)
		v3_world_run(world, 1);
	return is_connected(world);
}

/* ---- life ---- */

void v3_world_init(struct v3_world *world, uint64_t seed)
{
	static const uint8_t mac[CVSW_ETH_ALEN] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
	size_t i;

	memset(world, 0, sizeof(*world));
	world->rng.state = seed;
	world->now = 1000000;
	v3_crypto_init(&world->crypto, seed + 1);
	memcpy(world->mac, mac, sizeof(mac));
	for (i = 0; i < sizeof(world->psk); i++)
		world->psk[i] = (uint8_t)rng_next(&world->rng);
	world->ctl_caller = (struct cvsw_v3_caller){
		.send = ctl_send, .event = ctl_event, .packet_in = ctl_packet_in, .arg = world,
	};
	start_controller(world);
	world->nic = v3_nic_new(&world->crypto.ops, mac, world->psk, nic_send, world);
}

static void free_flights(struct v3_flight *flights, size_t n)
{
	while (n--)
		free(flights[n].frame);
	free(flights);
}

void v3_world_free(struct v3_world *world)
{
	v3_nic_free(world->nic);
	cvsw_v3_end_free(world->ctl);
	free(world->ctl);
	free_flights(world->flights, world->n_flights);
	free_flights(world->kept, world->n_kept);
	v3_crypto_free(&world->crypto);
}
