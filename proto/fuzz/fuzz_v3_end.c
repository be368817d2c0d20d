// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Both ends of version 3 and whatever frames the input makes: raw ones, and ones
 * whose tags are right, since the crypto here is none.  Nothing overruns, no bound
 * is passed, no deadline stays.
 */
#include "../cvsw_cursor.h"
#include "../cvsw_v3_end.h"
#include "../cvsw_v3_body.h"
#include "fuzz.h"

static uint64_t dice;

static bool fake_random(void *arg, uint8_t *to, size_t len)
{
	(void)arg;
	while (len--)
		*to++ = (uint8_t)((dice = dice * 6364136223846793005u + 1) >> 56);
	return true;
}

static bool fake_public_key(void *arg, uint8_t *public_key, const uint8_t *secret)
{
	(void)arg;
	memcpy(public_key, secret, CVSW_V3_KEY_LEN);
	return true;
}

static bool fake_shared(void *arg, uint8_t *shared, const uint8_t *secret, const uint8_t *peer)
{
	size_t i;

	(void)arg;
	for (i = 0; i < CVSW_V3_KEY_LEN; i++)
		shared[i] = secret[i] ^ peer[i];
	return true;
}

/* Mixes nothing: both sides come to the same, and so does the input. */
static bool fake_hash(void *arg, uint8_t *hash, const uint8_t *a, size_t a_len, const uint8_t *b,
		      size_t b_len)
{
	static volatile uint8_t sink;

	(void)arg;
	while (a_len--)
		sink = sink ^ a[a_len];
	while (b_len--)
		sink = sink ^ b[b_len];
	(void)sink;
	memset(hash, 0x5a, CVSW_V3_HASH_LEN);
	return true;
}

static bool fake_hmac(void *arg, uint8_t *mac, const uint8_t *key, size_t key_len,
		      const uint8_t *data, size_t len)
{
	return fake_hash(arg, mac, key, key_len, data, len);
}

static int keys;

static void *fake_key_make(void *arg, const uint8_t *key)
{
	(void)arg, (void)key;
	keys++;
	return &keys;
}

static void fake_key_free(void *arg, void *key)
{
	(void)arg;
	keys -= key != NULL;
}

static bool fake_seal(void *arg, void *key, const uint8_t *nonce, uint8_t *data, size_t aad,
		      size_t len)
{
	(void)arg, (void)key, (void)nonce;
	memset(data + aad + len, 0, CVSW_V3_TAG_LEN);
	return true;
}

static bool fake_open(void *arg, void *key, const uint8_t *nonce, uint8_t *data, size_t aad,
		      size_t len)
{
	(void)arg, (void)key, (void)nonce;
	return !data[aad + len];
}

static void fake_wipe(void *data, size_t len)
{
	memset(data, 0, len);
}

static int segments;

/* Now and then there is no memory. */
static uint8_t *make_segment(void *arg, size_t len)
{
	uint8_t chance;

	fake_random(arg, &chance, 1);
	if (chance < 16)
		return NULL;
	MUST(++segments <= 2 * 2 * CVSW_V3_SEGMENTS + 1);
	return malloc(len);
}

static void free_segment(void *arg, uint8_t *segment)
{
	(void)arg;
	segments--;
	free(segment);
}

static const struct cvsw_v3_crypto crypto = {
	.random = fake_random, .public_key = fake_public_key, .shared = fake_shared,
	.hash = fake_hash, .hmac = fake_hmac, .key_make = fake_key_make,
	.key_free = fake_key_free, .seal = fake_seal, .open = fake_open, .wipe = fake_wipe,
	.segment_make = make_segment, .segment_free = free_segment,
};

/* ends[0] is the NIC's. */
static struct cvsw_v3_end ends[2];
static uint64_t now;
static int depth;

static void send(void *arg, uint8_t *frame, size_t len, uint64_t place)
{
	size_t to = (size_t)arg;
	uint8_t copy[CVSW_V3_FRAME_MAX];

	MUST(len >= CVSW_V3_FRAME_MIN && len <= CVSW_V3_FRAME_MAX);
	/* An answer to an answer is dropped now and then, so that this ends. */
	if (depth > 8)
		return;
	depth++;
	memcpy(copy, frame, len);
	cvsw_v3_receive(&ends[to], copy, len, place, now);
	depth--;
}

static void event(void *arg, enum cvsw_v3_event event)
{
	(void)arg, (void)event;
}

static const struct cvsw_v3_caller callers[2] = {
	{ .send = send, .event = event, .arg = (void *)1 },
	{ .send = send, .event = event, .arg = (void *)0 },
};

static void run(struct cvsw_v3_end *end)
{
	static uint8_t message[CVSW_V3_MESSAGE_MAX];
	unsigned int i;
	bool too_long;
	size_t len;

	while ((len = cvsw_v3_take(end, message, &too_long)))
		MUST(len <= CVSW_V3_MESSAGE_MAX && (!too_long || len == 8));
	for (i = 0; cvsw_v3_deadline(end) <= now; i++) {
		MUST(i < 100);
		cvsw_v3_run(end, now);
	}
	MUST(end->stream.tx_next - end->stream.tx_base <= CVSW_V3_SEGMENTS);
}

/* A frame with the right numbers around bytes of the input. */
static void sealed(struct cvsw_v3_end *end, uint8_t *frame, struct cvsw_reader *in, size_t len)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	size_t plain = 16 + len, whole = CVSW_V3_SEALED_AT + plain + CVSW_V3_TAG_LEN;
	struct cvsw_writer w = cvsw_writer(frame + CVSW_V3_HEADER_LEN, 12);

	if (whole > CVSW_V3_FRAME_MAX)
		return;
	cvsw_v3_put_header(frame, end->is_nic ? end->mac : all, CVSW_V3_SEALED, whole);
	cvsw_put_u32(&w, end->live.index);
	cvsw_put_u64(&w, end->live.window.next);
	cvsw_get_bytes(in, frame + CVSW_V3_SEALED_AT, plain);
	memset(frame + CVSW_V3_SEALED_AT + plain, 0, CVSW_V3_TAG_LEN);
	cvsw_v3_receive(end, frame, whole, 1, now);
}

static void step(struct cvsw_reader *in)
{
	uint8_t what = cvsw_get_u8(in), *frame;
	size_t len = cvsw_get_u16(in) % 1600;
	struct cvsw_v3_end *end = &ends[what & 1];

	/* On the heap, so that AddressSanitizer sees every overrun. */
	frame = malloc(what & 2 ? CVSW_V3_FRAME_MAX : len + 1);
	MUST(frame);
	if (what & 2) {
		sealed(end, frame, in, len);
	} else {
		cvsw_get_bytes(in, frame, len);
		cvsw_v3_receive(end, frame, len, 1, now);
	}
	free(frame);
	if (what & 4)
		now += 1ull << (what >> 4);
	if (what & 8)
		cvsw_v3_send(end, (const uint8_t *)"\0\20\0\0\0\0\0\1", 8);
	run(&ends[0]);
	run(&ends[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 }, psk[CVSW_V3_KEY_LEN];
	struct cvsw_v3_guard guard = { .ready = false };
	struct cvsw_reader in = cvsw_reader(data, len);

	dice = len;
	now = 1000;
	keys = segments = depth = 0;
	cvsw_v3_nic_init(&ends[0], &crypto, &callers[0], mac, psk);
	cvsw_v3_controller_init(&ends[1], &crypto, &callers[1], &guard, mac, psk, 5);
	run(&ends[0]);
	run(&ends[1]);
	while (cvsw_left(&in) && !in.overrun)
		step(&in);
	cvsw_v3_end_free(&ends[0]);
	cvsw_v3_end_free(&ends[1]);
	MUST(!keys && !segments);
	return 0;
}
