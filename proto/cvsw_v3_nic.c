// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A NIC's part of the handshake: it begins it, whenever there is need. */
#include "cvsw_cursor.h"
#include "cvsw_v3_parts.h"

static struct cvsw_v3_session *pending(struct cvsw_v3_end *end)
{
	return &end->pending.session;
}

static bool needs_session(const struct cvsw_v3_end *end)
{
	return end->have_psk &&
	       (!cvsw_v3_session_usable(&end->live, end->now) || end->silent || end->asked ||
		cvsw_v3_session_aged(&end->live, end->now));
}

static void forget_begun(struct cvsw_v3_end *end)
{
	end->crypto->wipe(&end->begun, sizeof(end->begun));
}

/* Doubled each time; with a random part, so that a thousand NICs do not try at once. */
static void try_later(struct cvsw_v3_end *end)
{
	uint64_t pause = (uint64_t)CVSW_V3_REGISTER_MS << end->backoff;
	uint8_t random = 0;

	if (pause < CVSW_V3_REGISTER_MAX_MS)
		end->backoff++;
	else
		pause = CVSW_V3_REGISTER_MAX_MS;
	end->crypto->random(end->crypto->arg, &random, 1);
	end->next_try = end->now + pause + (pause * random >> 10);
}

/* ---- REGISTER ---- */

static void put_register(struct cvsw_v3_end *end, uint8_t *frame)
{
	struct cvsw_writer w = cvsw_writer(frame, CVSW_V3_REGISTER_NOISE_AT);

	cvsw_v3_put_header(frame, cvsw_v3_broadcast, CVSW_V3_REGISTER, CVSW_V3_REGISTER_LEN);
	cvsw_make(&w, CVSW_V3_HEADER_LEN);
	cvsw_put_bytes(&w, end->mac, CVSW_ETH_ALEN);
	cvsw_put_u16(&w, 0);
	cvsw_put_u32(&w, end->begun.number);
	cvsw_put_u32(&w, 0);
	if (end->have_cookie && end->now - end->cookie_at < CVSW_V3_COOKIE_MS)
		cvsw_put_bytes(&w, end->cookie, CVSW_V3_COOKIE_BYTES);
	else
		cvsw_put_zero(&w, CVSW_V3_COOKIE_BYTES);
}

/* What this NIC takes is not to be guessed by others: see cvsw_v3_nic_expects(). */
static bool choose_numbers(struct cvsw_v3_end *end)
{
	uint8_t random[8];
	struct cvsw_reader r = cvsw_reader(random, sizeof(random));

	if (!end->crypto->random(end->crypto->arg, random, sizeof(random)))
		return false;
	end->begun.number = cvsw_get_u32(&r) | 1;	/* 0 is none */
	end->number = cvsw_get_u32(&r) >> 8;
	end->begun.index = cvsw_v3_next_index(end);
	return true;
}

static void put_payload(const struct cvsw_v3_end *end, uint8_t *payload)
{
	struct cvsw_writer w = cvsw_writer(payload, CVSW_V3_PAYLOAD_LEN);

	if (end->conversing)
		cvsw_put_bytes(&w, end->ticket, CVSW_V3_TICKET_LEN);
	else
		cvsw_put_zero(&w, CVSW_V3_TICKET_LEN);
	cvsw_put_u8(&w, CVSW_V3_HIGHEST);
	cvsw_put_zero(&w, 3);
	cvsw_put_u32(&w, end->begun.index);
}

static bool begin(struct cvsw_v3_end *end)
{
	uint8_t payload[CVSW_V3_PAYLOAD_LEN];
	struct cvsw_v3_begun *begun = &end->begun;

	forget_begun(end);
	if (!choose_numbers(end))
		return false;
	put_payload(end, payload);
	put_register(end, begun->frame);
	begun->active = cvsw_v3_noise_start(end->crypto, &begun->noise, begun->frame,
					    CVSW_V3_REGISTER_NOISE_AT, end->psk) &&
			cvsw_v3_noise_write(end->crypto, &begun->noise, NULL, payload,
					    begun->frame + CVSW_V3_REGISTER_NOISE_AT);
	if (!begun->active)
		forget_begun(end);
	return begun->active;
}

static void send_register(struct cvsw_v3_end *end)
{
	try_later(end);
	/* A HELLO is good for as many tries as an ephemeral key. */
	if (end->begun.tries >= CVSW_V3_REGISTER_TRIES)
		end->asked = false;
	if (!end->begun.active || end->begun.tries >= CVSW_V3_REGISTER_TRIES) {
		if (!needs_session(end)) {
			forget_begun(end);
			return;
		}
		if (!begin(end))
			return;
	}
	end->begun.tries++;
	memcpy(end->frame, end->begun.frame, CVSW_V3_REGISTER_LEN);
	end->caller->send(end->caller->arg, end->frame, CVSW_V3_REGISTER_LEN, 0);
}

/* ---- HELLO, ACCEPT, COOKIE ---- */

/* A handshake that waits for its next try does not wait any longer. */
static void ask(struct cvsw_v3_end *end)
{
	end->probe_at = 0;
	end->asked = true;
	end->backoff = 0;
	end->next_try = end->now;
}

/*
 * One forged HELLO asks all NICs at once, and costs those whose controller is there an
 * ECHO; one whose controller has forgotten it gets no answer, and registers.
 */
static void probe(struct cvsw_v3_end *end)
{
	end->probe_at = end->now + CVSW_V3_PROBE_MS;
	end->echo_at = end->now;
	cvsw_v3_emit_echo(end, &end->live, 0);
}

/* New keys that should be confirmed by now: their controller may be gone. */
static bool give_up_pending(struct cvsw_v3_end *end)
{
	if (end->pending.tries * CVSW_V3_CONFIRM_MS < CVSW_V3_HELLO_MS)
		return false;
	cvsw_v3_session_end(end->crypto, pending(end));
	return true;
}

static enum cvsw_v3_drop hello(struct cvsw_v3_end *end, const uint8_t *frame)
{
	size_t i;

	for (i = CVSW_V3_HEADER_LEN; i < CVSW_V3_HELLO_LEN; i++)
		if (frame[i])
			return CVSW_V3_DROP_RESERVED;
	if (end->hello_at && end->now + 1 - end->hello_at < CVSW_V3_HELLO_MS)
		return CVSW_V3_DROP_RATE;
	end->hello_at = end->now + 1;
	if (cvsw_v3_session_exists(pending(end)) && !give_up_pending(end))
		return CVSW_V3_OK;
	if (cvsw_v3_up(end) && !end->silent && !end->begun.active)
		probe(end);
	else
		ask(end);
	return CVSW_V3_OK;
}

static bool has_reserved(const uint8_t *frame)
{
	return frame[20] || frame[21] || frame[22] || frame[23];
}

/* Is it the answer to the REGISTER that waits?  Without X25519, so that nonsense costs little. */
static enum cvsw_v3_drop check_mac(const struct cvsw_v3_end *end, const uint8_t *frame, size_t at)
{
	uint8_t mac[CVSW_V3_HASH_LEN];

	if (!cvsw_v3_answer_mac(end, frame, at, end->begun.frame + CVSW_V3_REGISTER_NOISE_AT, mac))
		return CVSW_V3_DROP_CRYPTO;
	return cvsw_v3_same(mac, frame + at, sizeof(mac)) ? CVSW_V3_OK : CVSW_V3_DROP_PROOF;
}

static enum cvsw_v3_drop accept(struct cvsw_v3_end *end, const uint8_t *frame)
{
	struct cvsw_v3_noise noise;
	uint8_t payload[CVSW_V3_PAYLOAD_LEN];
	struct cvsw_reader r = cvsw_reader(payload, sizeof(payload));
	enum cvsw_v3_drop drop = check_mac(end, frame, CVSW_V3_ACCEPT_MAC_AT);
	uint32_t index, flags;

	if (drop)
		return drop;
	noise = end->begun.noise;
	if (!cvsw_v3_noise_read(end->crypto, &noise, true, frame + CVSW_V3_ACCEPT_NOISE_AT, payload)) {
		cvsw_v3_noise_wipe(end->crypto, &noise);
		return CVSW_V3_DROP_PROOF;
	}
	index = cvsw_get_u32(&r);
	flags = cvsw_get_u32(&r) >> 16 & 0xff;
	if (!cvsw_v3_pend(end, &end->pending, &noise, end->begun.index, index,
			  cvsw_take(&r, CVSW_V3_TICKET_LEN),
			  end->conversing && flags & CVSW_V3_GOES_ON))
		return CVSW_V3_DROP_CRYPTO;
	forget_begun(end);
	end->next_try = end->now;	/* the confirming ECHO */
	return CVSW_V3_OK;
}

static enum cvsw_v3_drop cookie(struct cvsw_v3_end *end, const uint8_t *frame)
{
	enum cvsw_v3_drop drop = check_mac(end, frame, CVSW_V3_COOKIE_MAC_AT);

	if (drop)
		return drop;
	if (end->have_cookie && end->now - end->cookie_at < CVSW_V3_REGISTER_MS)
		return CVSW_V3_DROP_RATE;
	memcpy(end->cookie, frame + CVSW_V3_COOKIE_AT, CVSW_V3_COOKIE_BYTES);
	end->cookie_at = end->now;
	end->have_cookie = true;
	forget_begun(end);
	end->next_try = end->now;
	return CVSW_V3_OK;
}

static enum cvsw_v3_drop nic_receive(struct cvsw_v3_end *end, enum cvsw_v3_type type,
				     const uint8_t *frame, uint64_t place, uint64_t clock)
{
	(void)place;
	(void)clock;
	if (type == CVSW_V3_HELLO)
		return hello(end, frame);
	if (!end->begun.active || cvsw_v3_index(frame) != end->begun.number)
		return CVSW_V3_DROP_SESSION;
	if (has_reserved(frame))
		return CVSW_V3_DROP_RESERVED;
	return type == CVSW_V3_ACCEPT ? accept(end, frame) : cookie(end, frame);
}

void cvsw_v3_nic_expects(const struct cvsw_v3_end *end, struct cvsw_v3_expected *expected)
{
	const struct cvsw_v3_session *next = &end->pending.session;

	*expected = (struct cvsw_v3_expected){
		.indices = { cvsw_v3_session_exists(&end->live) ? end->live.index : 0,
			     cvsw_v3_session_exists(next) ? next->index : 0 },
		.handshake = end->begun.active ? end->begun.number : 0,
	};
}

/* ---- time ---- */

static void confirm(struct cvsw_v3_end *end)
{
	if (end->pending.tries++ < CVSW_V3_CONFIRM_TRIES) {
		end->next_try = end->now + CVSW_V3_CONFIRM_MS;
		cvsw_v3_emit_echo(end, pending(end), 0);
		return;
	}
	cvsw_v3_session_end(end->crypto, pending(end));
	end->backoff = 0;
	try_later(end);
}

static void nic_run(struct cvsw_v3_end *end)
{
	if (end->probe_at && end->now >= end->probe_at)
		ask(end);
	if (end->now < end->next_try)
		return;
	if (cvsw_v3_session_exists(pending(end)))
		confirm(end);
	else if (needs_session(end))
		send_register(end);
	else
		forget_begun(end);
}

static uint64_t next_try(const struct cvsw_v3_end *end)
{
	uint64_t aged = end->live.made_at + CVSW_V3_REKEY_MS;

	if (cvsw_v3_session_exists(&end->pending.session) || needs_session(end) ||
	    end->begun.active)
		return end->next_try;
	if (!end->have_psk)
		return UINT64_MAX;
	return aged > end->next_try ? aged : end->next_try;
}

static uint64_t nic_deadline(const struct cvsw_v3_end *end)
{
	uint64_t due = next_try(end);

	return end->probe_at && end->probe_at < due ? end->probe_at : due;
}

static void nic_established(struct cvsw_v3_end *end)
{
	forget_begun(end);
	end->asked = false;
	end->backoff = 0;
	end->next_try = end->now;
}

void cvsw_v3_nic_wake(struct cvsw_v3_end *end)
{
	end->backoff = 0;
	end->next_try = end->now;
	end->ack_due = true;
}

/* ---- life ---- */

static bool nic_is_for_us(const struct cvsw_v3_end *end, enum cvsw_v3_type type,
			  const uint8_t *dst)
{
	return !memcmp(dst, end->mac, CVSW_ETH_ALEN) ||
	       (type == CVSW_V3_HELLO && !memcmp(dst, cvsw_v3_broadcast, CVSW_ETH_ALEN));
}

static enum cvsw_v3_drop nic_packet_in(struct cvsw_v3_end *end, const uint8_t *content, size_t len)
{
	(void)end;
	(void)content;
	(void)len;
	return CVSW_V3_DROP_RECORD;
}

static const struct cvsw_v3_role nic_role = {
	.is_for_us = nic_is_for_us,
	.receive = nic_receive,
	.begin_anew = cvsw_v3_nic_restart,
	.established = nic_established,
	.packet_in = nic_packet_in,
	.run = nic_run,
	.deadline = nic_deadline,
};

void cvsw_v3_nic_init(struct cvsw_v3_end *end, const struct cvsw_v3_crypto *crypto,
		      const struct cvsw_v3_caller *caller, const uint8_t mac[CVSW_ETH_ALEN],
		      const uint8_t *psk)
{
	memset(end, 0, sizeof(*end));
	end->is_nic = true;
	end->role = &nic_role;
	end->crypto = crypto;
	end->caller = caller;
	memcpy(end->mac, mac, CVSW_ETH_ALEN);
	cvsw_v3_nic_set_key(end, psk);
}

void cvsw_v3_nic_restart(struct cvsw_v3_end *end)
{
	cvsw_v3_session_end(end->crypto, &end->live);
	cvsw_v3_session_end(end->crypto, pending(end));
	forget_begun(end);
	end->have_cookie = false;
	end->probe_at = 0;
	end->asked = false;
	end->ack_due = false;
	end->silent = false;
	end->backoff = 0;
	end->next_try = end->now;
	cvsw_v3_forget(end);
}

void cvsw_v3_nic_set_key(struct cvsw_v3_end *end, const uint8_t *psk)
{
	cvsw_v3_nic_restart(end);
	end->crypto->wipe(end->psk, sizeof(end->psk));
	end->have_psk = psk;
	if (psk)
		memcpy(end->psk, psk, sizeof(end->psk));
}

void cvsw_v3_nic_set_mac(struct cvsw_v3_end *end, const uint8_t mac[CVSW_ETH_ALEN])
{
	cvsw_v3_nic_restart(end);
	memcpy(end->mac, mac, CVSW_ETH_ALEN);
}
