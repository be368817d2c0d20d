// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A controller's part of the handshake: it answers REGISTERs, within bounds. */
#include "cvsw_cursor.h"
#include "cvsw_v3_parts.h"

/* REGISTERs answered: a burst, and then one every so many milliseconds. */
#define NIC_BURST	4
#define NIC_MS		500
#define ALL_BURST	250
#define ALL_MS		4
/* How often the same ACCEPT is sent again. */
#define REPEATS		8

static_assert(2 * NIC_BURST <= CVSW_V3_PENDING, "with a cookie and without one");

static const uint8_t *ephemeral_of(const uint8_t *frame)
{
	return frame + CVSW_V3_REGISTER_NOISE_AT;
}

static uint32_t handshake_of(const uint8_t *frame)
{
	struct cvsw_reader r = cvsw_reader(frame + CVSW_V3_HANDSHAKE_AT, 4);

	return cvsw_get_u32(&r);
}

/* ---- cookies ---- */

/* @clock: the caller's, as all of its ends share the guard. */
static bool guard_refresh(struct cvsw_v3_end *end, uint64_t clock)
{
	struct cvsw_v3_guard *guard = end->guard;
	const struct cvsw_v3_crypto *crypto = end->crypto;

	if (guard->ready && clock >= guard->changed_at &&
	    clock - guard->changed_at < CVSW_V3_COOKIE_MS)
		return true;
	/* There is no former secret (zeroes are none), or nobody asked for long and it is too old. */
	if (!guard->ready || clock - guard->changed_at >= 2 * CVSW_V3_COOKIE_MS)
		if (!crypto->random(crypto->arg, guard->secret[0], CVSW_V3_KEY_LEN))
			return false;
	memcpy(guard->secret[1], guard->secret[0], CVSW_V3_KEY_LEN);
	if (!crypto->random(crypto->arg, guard->secret[0], CVSW_V3_KEY_LEN))
		return false;
	guard->ready = true;
	guard->changed_at = clock;
	return true;
}

static bool make_cookie(struct cvsw_v3_end *end, unsigned int which, uint64_t place,
			uint8_t cookie[CVSW_V3_HASH_LEN])
{
	uint8_t data[8 + CVSW_ETH_ALEN];
	struct cvsw_writer w = cvsw_writer(data, sizeof(data));

	cvsw_put_u64(&w, place);
	cvsw_put_bytes(&w, end->mac, CVSW_ETH_ALEN);
	return end->crypto->hmac(end->crypto->arg, cookie, end->guard->secret[which],
				 CVSW_V3_KEY_LEN, data, sizeof(data));
}

static bool has_cookie(struct cvsw_v3_end *end, const uint8_t *frame, uint64_t place)
{
	uint8_t cookie[CVSW_V3_HASH_LEN];
	unsigned int which;

	for (which = 0; which < 2; which++)
		if (make_cookie(end, which, place, cookie) &&
		    cvsw_v3_same(cookie, frame + CVSW_V3_REGISTER_COOKIE_AT, CVSW_V3_COOKIE_BYTES))
			return true;
	return false;
}

static void send_cookie(struct cvsw_v3_end *end, const uint8_t *frame, uint64_t place)
{
	uint8_t cookie[CVSW_V3_HASH_LEN];
	struct cvsw_writer w = cvsw_writer(end->frame, CVSW_V3_COOKIE_LEN);

	if (!make_cookie(end, 0, place, cookie))
		return;
	cvsw_v3_put_header(end->frame, end->mac, CVSW_V3_COOKIE, CVSW_V3_COOKIE_LEN);
	cvsw_make(&w, CVSW_V3_HEADER_LEN);
	cvsw_put_u32(&w, handshake_of(frame));
	cvsw_put_u32(&w, 0);
	cvsw_put_bytes(&w, cookie, CVSW_V3_COOKIE_BYTES);
	if (!cvsw_v3_answer_mac(end, end->frame, CVSW_V3_COOKIE_MAC_AT, ephemeral_of(frame),
				end->frame + CVSW_V3_COOKIE_MAC_AT))
		return;
	end->caller->send(end->caller->arg, end->frame, CVSW_V3_COOKIE_LEN, place);
}

/* May this REGISTER cost us X25519?  If not, its sender is told what to do about it. */
static bool admit(struct cvsw_v3_end *end, const uint8_t *frame, uint64_t place, uint64_t clock)
{
	if (!guard_refresh(end, clock))
		return false;
	if (has_cookie(end, frame, place))
		return cvsw_v3_bucket_take(&end->with_cookie, NIC_BURST, NIC_MS, end->now);
	if (cvsw_v3_bucket_take(&end->handshakes, NIC_BURST, NIC_MS, end->now) &&
	    cvsw_v3_bucket_take(&end->guard->handshakes, ALL_BURST, ALL_MS, clock))
		return true;
	send_cookie(end, frame, place);
	return false;
}

/* ---- ACCEPT ---- */

static struct cvsw_v3_pending *find_peer(struct cvsw_v3_end *end, const uint8_t *ephemeral)
{
	struct cvsw_v3_pending *at;
	unsigned int i;

	cvsw_v3_each_pending(at, i, end)
		if (cvsw_v3_session_exists(&at->session) &&
		    !memcmp(at->peer, ephemeral, CVSW_V3_KEY_LEN))
			return at;
	return NULL;
}

/* Most NICs have one pending session at a time: there is room for more when they are needed. */
static bool make_others(struct cvsw_v3_end *end)
{
	size_t len = (CVSW_V3_PENDING - 1) * sizeof(*end->others);

	end->others = (void *)end->crypto->segment_make(end->crypto->arg, len);
	if (!end->others)
		return false;
	memset(end->others, 0, len);
	return true;
}

/* NULL: there is no memory. */
static struct cvsw_v3_pending *free_or_oldest(struct cvsw_v3_end *end)
{
	struct cvsw_v3_pending *oldest = &end->pending, *at;
	unsigned int i;

	cvsw_v3_each_pending(at, i, end) {
		if (!cvsw_v3_session_exists(&at->session))
			return at;
		if (at->order < oldest->order)
			oldest = at;
	}
	if (end->others)
		return oldest;
	return make_others(end) ? cvsw_v3_pending_at(end, 1) : NULL;
}

static void send_accept(struct cvsw_v3_end *end, const struct cvsw_v3_pending *pending,
			uint64_t place)
{
	memcpy(end->frame, pending->answer, CVSW_V3_ACCEPT_LEN);
	end->caller->send(end->caller->arg, end->frame, CVSW_V3_ACCEPT_LEN, place);
}

static void put_accept(struct cvsw_v3_end *end, const uint8_t *frame, uint8_t *answer)
{
	struct cvsw_writer w = cvsw_writer(answer, CVSW_V3_ACCEPT_NOISE_AT);

	cvsw_v3_put_header(answer, end->mac, CVSW_V3_ACCEPT, CVSW_V3_ACCEPT_LEN);
	cvsw_make(&w, CVSW_V3_HEADER_LEN);
	cvsw_put_u32(&w, handshake_of(frame));
	cvsw_put_u32(&w, 0);
}

static void put_answer_payload(uint32_t index, bool goes_on, const uint8_t *ticket, uint8_t *payload)
{
	struct cvsw_writer w = cvsw_writer(payload, CVSW_V3_PAYLOAD_LEN);

	cvsw_put_u32(&w, index);
	cvsw_put_u8(&w, CVSW_V3_HIGHEST);
	cvsw_put_u8(&w, goes_on ? CVSW_V3_GOES_ON : 0);
	cvsw_put_zero(&w, 2);
	cvsw_put_bytes(&w, ticket, CVSW_V3_TICKET_LEN);
}

/* @noise has read @frame; @theirs: the payload in it. */
static enum cvsw_v3_drop answer(struct cvsw_v3_end *end, const uint8_t *frame,
				const uint8_t *theirs, struct cvsw_v3_noise *noise, uint64_t place)
{
	struct cvsw_reader r = cvsw_reader(theirs, CVSW_V3_PAYLOAD_LEN);
	bool goes_on = end->conversing &&
		       !memcmp(cvsw_take(&r, CVSW_V3_TICKET_LEN), end->ticket, CVSW_V3_TICKET_LEN);
	struct cvsw_v3_pending *pending = free_or_oldest(end);
	uint32_t index = cvsw_v3_next_index(end);
	uint8_t payload[CVSW_V3_PAYLOAD_LEN], ticket[CVSW_V3_TICKET_LEN];
	uint32_t nic_index;

	r.at = CVSW_V3_TICKET_LEN + 4;
	nic_index = cvsw_get_u32(&r);
	if (!pending || !end->crypto->random(end->crypto->arg, ticket, sizeof(ticket)))
		return CVSW_V3_DROP_CRYPTO;
	put_answer_payload(index, goes_on, ticket, payload);
	cvsw_v3_session_end(end->crypto, &pending->session);
	put_accept(end, frame, pending->answer);
	if (!cvsw_v3_noise_write(end->crypto, noise, ephemeral_of(frame), payload,
				  pending->answer + CVSW_V3_ACCEPT_NOISE_AT) ||
	    !cvsw_v3_answer_mac(end, pending->answer, CVSW_V3_ACCEPT_MAC_AT, ephemeral_of(frame),
				pending->answer + CVSW_V3_ACCEPT_MAC_AT) ||
	    !cvsw_v3_pend(end, pending, noise, index, nic_index, ticket, goes_on))
		return CVSW_V3_DROP_CRYPTO;
	memcpy(pending->peer, ephemeral_of(frame), CVSW_V3_KEY_LEN);
	send_accept(end, pending, place);
	return CVSW_V3_OK;
}

/* Is the REGISTER's sender one who knows the key?  Then @noise is ready for the answer. */
static bool has_proof(struct cvsw_v3_end *end, const uint8_t *frame, struct cvsw_v3_noise *noise,
		      uint8_t *payload)
{
	return cvsw_v3_noise_start(end->crypto, noise, frame, CVSW_V3_REGISTER_NOISE_AT,
				   end->psk) &&
	       cvsw_v3_noise_read(end->crypto, noise, false, frame + CVSW_V3_REGISTER_NOISE_AT, payload);
}

bool cvsw_v3_proves(struct cvsw_v3_end *end, const uint8_t *frame)
{
	struct cvsw_v3_noise noise;
	uint8_t payload[CVSW_V3_PAYLOAD_LEN];
	bool proves = end->have_psk && has_proof(end, frame, &noise, payload);

	cvsw_v3_noise_wipe(end->crypto, &noise);
	return proves;
}

static bool answer_has_reserved(const uint8_t *frame)
{
	return frame[22] || frame[23] || frame[28] || frame[29] || frame[30] || frame[31];
}

static enum cvsw_v3_drop do_register(struct cvsw_v3_end *end, const uint8_t *frame, uint64_t place,
				     uint64_t clock, struct cvsw_v3_noise *noise)
{
	uint8_t payload[CVSW_V3_PAYLOAD_LEN];
	struct cvsw_v3_pending *known;

	if (!has_proof(end, frame, noise, payload))
		return CVSW_V3_DROP_PROOF;
	known = find_peer(end, ephemeral_of(frame));
	if (known) {
		if (known->tries++ >= REPEATS) {
			/* Others may have asked in the NIC's name: it is to take a new key. */
			if (guard_refresh(end, clock))
				send_cookie(end, frame, place);
			return CVSW_V3_DROP_RATE;
		}
		send_accept(end, known, place);
		return CVSW_V3_OK;
	}
	if (!admit(end, frame, place, clock))
		return CVSW_V3_DROP_RATE;
	return answer(end, frame, payload, noise, place);
}

static enum cvsw_v3_drop controller_receive(struct cvsw_v3_end *end, enum cvsw_v3_type type,
					    const uint8_t *frame, uint64_t place, uint64_t clock)
{
	struct cvsw_v3_noise noise;
	enum cvsw_v3_drop drop;

	(void)type;	/* REGISTER: there is no other */
	if (memcmp(cvsw_v3_register_mac(frame), end->mac, CVSW_ETH_ALEN))
		return CVSW_V3_DROP_ADDRESS;
	if (answer_has_reserved(frame))
		return CVSW_V3_DROP_RESERVED;
	if (cvsw_v3_session_exists(&end->live) &&
	    !memcmp(end->last_peer, ephemeral_of(frame), CVSW_V3_KEY_LEN))
		return CVSW_V3_DROP_REPLAYED;
	drop = do_register(end, frame, place, clock, &noise);
	cvsw_v3_noise_wipe(end->crypto, &noise);
	return drop;
}

/* ---- the role ---- */

static bool controller_is_for_us(const struct cvsw_v3_end *end, enum cvsw_v3_type type,
				 const uint8_t *dst)
{
	(void)end;
	(void)type;
	return !memcmp(dst, cvsw_v3_broadcast, CVSW_ETH_ALEN);
}

static void controller_begin_anew(struct cvsw_v3_end *end)
{
	cvsw_v3_session_end(end->crypto, &end->live);
	cvsw_v3_forget(end);
	end->late_index = 0;	/* the NIC is to be asked at once */
}

static enum cvsw_v3_drop controller_packet_in(struct cvsw_v3_end *end, const uint8_t *content,
					      size_t len)
{
	if (end->caller->packet_in)
		end->caller->packet_in(end->caller->arg, content, len);
	return CVSW_V3_OK;
}

/* It begins nothing by itself. */
static void controller_idle(struct cvsw_v3_end *end)
{
	(void)end;
}

static uint64_t controller_deadline(const struct cvsw_v3_end *end)
{
	(void)end;
	return UINT64_MAX;
}

static const struct cvsw_v3_role controller_role = {
	.is_for_us = controller_is_for_us,
	.receive = controller_receive,
	.begin_anew = controller_begin_anew,
	.established = controller_idle,
	.packet_in = controller_packet_in,
	.run = controller_idle,
	.deadline = controller_deadline,
};

size_t cvsw_v3_hello(const uint8_t dst[CVSW_ETH_ALEN], uint8_t frame[CVSW_V3_HELLO_LEN])
{
	cvsw_v3_put_header(frame, dst, CVSW_V3_HELLO, CVSW_V3_HELLO_LEN);
	memset(frame + CVSW_V3_HEADER_LEN, 0, CVSW_V3_HELLO_LEN - CVSW_V3_HEADER_LEN);
	return CVSW_V3_HELLO_LEN;
}

const uint8_t *cvsw_v3_register_mac(const uint8_t *frame)
{
	return frame + CVSW_V3_HEADER_LEN;
}

bool cvsw_v3_waits(const struct cvsw_v3_end *end)
{
	return end->now - end->heard_at >= CVSW_V3_ECHO_MS + CVSW_V3_ECHO_AGAIN_MS;
}

uint32_t cvsw_v3_rtt(const struct cvsw_v3_end *end)
{
	return (end->stream.srtt + 7) >> 3;
}

void cvsw_v3_controller_init(struct cvsw_v3_end *end, const struct cvsw_v3_crypto *crypto,
			     const struct cvsw_v3_caller *caller, struct cvsw_v3_guard *guard,
			     const uint8_t mac[CVSW_ETH_ALEN], const uint8_t *psk, uint32_t number)
{
	memset(end, 0, sizeof(*end));
	end->role = &controller_role;
	end->crypto = crypto;
	end->caller = caller;
	cvsw_v3_stream_init(&end->stream, crypto);
	end->guard = guard;
	end->number = number;
	memcpy(end->mac, mac, CVSW_ETH_ALEN);
	end->have_psk = psk;
	if (psk)
		memcpy(end->psk, psk, sizeof(end->psk));
}
