// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "cvsw_v3_stream.h"

static_assert(!(CVSW_V3_SEGMENTS & (CVSW_V3_SEGMENTS - 1)), "segment n lives in slot n % that");
static_assert(CVSW_V3_SEGMENTS == 32, "got and rx_got have a bit for each");
static_assert(CVSW_V3_MESSAGE_SEGMENTS <= CVSW_V3_SEGMENTS, "a message fits whole");

static struct cvsw_v3_slot *tx_slot(struct cvsw_v3_stream *stream, uint64_t number)
{
	return &stream->tx[number % CVSW_V3_SEGMENTS];
}

static const struct cvsw_v3_slot *tx_peek(const struct cvsw_v3_stream *stream, uint64_t number)
{
	return &stream->tx[number % CVSW_V3_SEGMENTS];
}

static struct cvsw_v3_slot *rx_slot(struct cvsw_v3_stream *stream, uint64_t number)
{
	return &stream->rx[number % CVSW_V3_SEGMENTS];
}

void cvsw_v3_stream_init(struct cvsw_v3_stream *stream, const struct cvsw_v3_crypto *crypto)
{
	memset(stream, 0, sizeof(*stream));
	stream->crypto = crypto;
}

static bool get_memory(struct cvsw_v3_stream *stream, struct cvsw_v3_slot *slot, size_t len)
{
	slot->data = stream->crypto->segment_make(stream->crypto->arg, len);
	slot->len = (uint16_t)len;
	return slot->data;
}

/* There may have been a key in it. */
static void give_back(struct cvsw_v3_stream *stream, struct cvsw_v3_slot *slot)
{
	stream->crypto->wipe(slot->data, slot->len);
	stream->crypto->segment_free(stream->crypto->arg, slot->data);
	slot->data = NULL;
}

void cvsw_v3_stream_end(struct cvsw_v3_stream *stream)
{
	for (; stream->tx_base != stream->tx_next; stream->tx_base++)
		give_back(stream, tx_slot(stream, stream->tx_base));
	for (; stream->rx_got; stream->rx_got >>= 1, stream->rx_base++)
		if (stream->rx_got & 1)
			give_back(stream, rx_slot(stream, stream->rx_base));
}

/* ---- sending ---- */

size_t cvsw_v3_stream_room(const struct cvsw_v3_stream *stream)
{
	size_t used = (size_t)(stream->tx_next - stream->tx_base);
	size_t room = (CVSW_V3_SEGMENTS - used) * CVSW_V3_SEGMENT_MAX;

	/* Numbers do not begin again. */
	if (stream->tx_next > UINT64_MAX - 2 * CVSW_V3_SEGMENTS)
		return 0;
	return room < CVSW_V3_MESSAGE_MAX ? room : CVSW_V3_MESSAGE_MAX;
}

/* All or nothing. */
static bool get_memory_for(struct cvsw_v3_stream *stream, size_t len)
{
	uint64_t n = stream->tx_next;
	size_t part;

	for (; len; len -= part, n++) {
		part = len < CVSW_V3_SEGMENT_MAX ? len : CVSW_V3_SEGMENT_MAX;
		if (!get_memory(stream, tx_slot(stream, n), part))
			break;
	}
	if (!len)
		return true;
	while (n-- != stream->tx_next)
		give_back(stream, tx_slot(stream, n));
	return false;
}

bool cvsw_v3_stream_put(struct cvsw_v3_stream *stream, const uint8_t *message, size_t len)
{
	if (!len || len > cvsw_v3_stream_room(stream) || !get_memory_for(stream, len))
		return false;
	while (len) {
		struct cvsw_v3_slot *slot = tx_slot(stream, stream->tx_next++);

		memcpy(slot->data, message, slot->len);
		slot->sent = 0;
		slot->got = false;
		slot->due = true;
		message += slot->len;
		len -= slot->len;
		slot->last = !len;
	}
	return true;
}

/* RFC 6298, 2.3; the clock's granularity is a millisecond. */
static uint64_t resend_pause(const struct cvsw_v3_stream *stream)
{
	uint64_t pause = stream->srtt ? (stream->srtt >> 3) + (stream->rttvar ? stream->rttvar : 1) :
					CVSW_V3_RESEND_FIRST_MS;

	if (pause < CVSW_V3_RESEND_MIN_MS)
		pause = CVSW_V3_RESEND_MIN_MS;
	pause <<= stream->backoff;
	return pause < CVSW_V3_RESEND_MAX_MS ? pause : CVSW_V3_RESEND_MAX_MS;
}

/*
 * Something was to be heard and was not: repeat the oldest that the peer lacks.  If
 * it lacks none, it has not told that it took them, or that was lost: any segment
 * makes it tell again.
 */
static void repeat_oldest(struct cvsw_v3_stream *stream)
{
	uint64_t number;

	for (number = stream->tx_base; number != stream->tx_next; number++)
		if (!tx_slot(stream, number)->got)
			break;
	if (number == stream->tx_next)
		number = stream->tx_base;
	tx_slot(stream, number)->due = true;
}

static bool is_overdue(const struct cvsw_v3_stream *stream, uint64_t now)
{
	return !cvsw_v3_stream_idle(stream) && tx_peek(stream, stream->tx_base)->sent &&
	       now - stream->waiting_since >= resend_pause(stream);
}

const struct cvsw_v3_slot *cvsw_v3_stream_due(struct cvsw_v3_stream *stream, uint64_t now,
					      uint64_t *number)
{
	uint64_t n;

	if (is_overdue(stream, now)) {
		repeat_oldest(stream);
		stream->waiting_since = now;
		if (resend_pause(stream) < CVSW_V3_RESEND_MAX_MS)
			stream->backoff++;
	}
	for (n = stream->tx_base; n != stream->tx_next; n++) {
		struct cvsw_v3_slot *slot = tx_slot(stream, n);

		if (!slot->due)
			continue;
		if (n == stream->tx_base && !slot->sent)
			stream->waiting_since = now;
		slot->due = false;
		slot->sent_at = now;
		slot->order = stream->n_sendings++;
		slot->sent += slot->sent < UINT8_MAX;
		*number = n;
		return slot;
	}
	return NULL;
}

uint64_t cvsw_v3_stream_deadline(const struct cvsw_v3_stream *stream)
{
	uint64_t n;

	for (n = stream->tx_base; n != stream->tx_next; n++)
		if (tx_peek(stream, n)->due)
			return 0;
	return cvsw_v3_stream_idle(stream) ? UINT64_MAX :
					     stream->waiting_since + resend_pause(stream);
}

void cvsw_v3_stream_sample(struct cvsw_v3_stream *stream, uint64_t ms)
{
	uint32_t rtt = (uint32_t)(ms < CVSW_V3_RESEND_MAX_MS ? ms : CVSW_V3_RESEND_MAX_MS);
	uint32_t smoothed = stream->srtt >> 3;
	uint32_t off = rtt > smoothed ? rtt - smoothed : smoothed - rtt;

	if (!stream->srtt) {
		stream->srtt = (rtt ? rtt : 1) << 3;
		stream->rttvar = rtt << 1;
		return;
	}
	stream->rttvar += off - (stream->rttvar >> 2);
	stream->srtt += rtt - smoothed;
	if (!stream->srtt)
		stream->srtt = 1;
}

/* Only what was sent can have arrived. */
static bool is_possible(const struct cvsw_v3_stream *stream, uint64_t base, uint32_t got)
{
	uint64_t n;
	unsigned int i;

	if (base > stream->tx_next)
		return false;
	for (n = stream->tx_base; n < base; n++)
		if (!tx_peek(stream, n)->sent)
			return false;
	for (i = 0; i < CVSW_V3_SEGMENTS; i++)
		if (got >> i & 1 && (i >= stream->tx_next - base || !tx_peek(stream, base + i)->sent))
			return false;
	return true;
}

/* Returns true if that was news. */
static bool note_arrival(struct cvsw_v3_stream *stream, uint64_t number, uint64_t now)
{
	struct cvsw_v3_slot *slot = tx_slot(stream, number);

	if (slot->got)
		return false;
	slot->got = true;
	slot->due = false;
	if (slot->order >= stream->newest_got)
		stream->newest_got = slot->order + 1;
	/* Karn: of one that was repeated nobody knows which has arrived. */
	if (slot->sent == 1)
		cvsw_v3_stream_sample(stream, now - slot->sent_at);
	return true;
}

static void find_lost(struct cvsw_v3_stream *stream)
{
	uint64_t n;

	for (n = stream->tx_base; n != stream->tx_next; n++) {
		struct cvsw_v3_slot *slot = tx_slot(stream, n);

		if (slot->sent && !slot->got &&
		    slot->order + CVSW_V3_RESEND_AFTER < stream->newest_got)
			slot->due = true;
	}
}

bool cvsw_v3_stream_acked(struct cvsw_v3_stream *stream, uint64_t base, uint32_t got,
			  uint64_t now)
{
	bool progress = false;
	unsigned int i;

	if (base < stream->tx_base)
		return true;	/* overtaken */
	if (!is_possible(stream, base, got))
		return false;
	for (; stream->tx_base != base; stream->tx_base++) {
		struct cvsw_v3_slot *slot = tx_slot(stream, stream->tx_base);

		note_arrival(stream, stream->tx_base, now);
		give_back(stream, slot);
		progress = true;
	}
	for (i = 0; i < CVSW_V3_SEGMENTS; i++)
		if (got >> i & 1)
			progress |= note_arrival(stream, base + i, now);
	if (progress) {
		stream->backoff = 0;
		stream->waiting_since = now;
		find_lost(stream);
	}
	return true;
}

void cvsw_v3_stream_again(struct cvsw_v3_stream *stream)
{
	uint64_t n;

	for (n = stream->tx_base; n != stream->tx_next; n++)
		if (!tx_slot(stream, n)->got)
			tx_slot(stream, n)->due = true;
	stream->backoff = 0;
}

/* ---- receiving ---- */

enum cvsw_v3_drop cvsw_v3_stream_got(struct cvsw_v3_stream *stream, uint64_t number, bool last,
				     const uint8_t *data, size_t len)
{
	uint64_t ahead = number - stream->rx_base;
	struct cvsw_v3_slot *slot = rx_slot(stream, number);

	/* Full ones, so that the longest message fits into the window. */
	if (!len || len > CVSW_V3_SEGMENT_MAX || (!last && len != CVSW_V3_SEGMENT_MAX))
		return CVSW_V3_DROP_RECORD;
	if (number < stream->rx_base)
		return CVSW_V3_DROP_REPLAYED;
	if (ahead >= CVSW_V3_SEGMENTS)
		return CVSW_V3_DROP_DISAGREES;
	if (stream->rx_got >> ahead & 1)
		return CVSW_V3_DROP_REPLAYED;
	if (!get_memory(stream, slot, len))
		return CVSW_V3_DROP_CRYPTO;
	memcpy(slot->data, data, len);
	slot->last = last;
	stream->rx_got |= 1u << ahead;
	return CVSW_V3_OK;
}

/* What is here without a gap, up to a message's end. */
struct run {
	unsigned int n;
	size_t len;
	bool whole;
};

static struct run first_run(struct cvsw_v3_stream *stream)
{
	struct run run = { 0, 0, false };

	while (!run.whole && run.n < CVSW_V3_SEGMENTS && stream->rx_got >> run.n & 1) {
		const struct cvsw_v3_slot *slot = rx_slot(stream, stream->rx_base + run.n);

		run.n++;
		run.len += slot->len;
		run.whole = slot->last;
	}
	return run;
}

static void copy_run(struct cvsw_v3_stream *stream, struct run run, uint8_t *to, size_t room)
{
	unsigned int i;

	for (i = 0; i < run.n && room; i++) {
		const struct cvsw_v3_slot *slot = rx_slot(stream, stream->rx_base + i);
		size_t len = slot->len < room ? slot->len : room;

		memcpy(to, slot->data, len);
		to += len;
		room -= len;
	}
}

static void release(struct cvsw_v3_stream *stream, struct run run)
{
	for (; run.n; run.n--) {
		give_back(stream, rx_slot(stream, stream->rx_base));
		stream->rx_base++;
		stream->rx_got >>= 1;
	}
}

size_t cvsw_v3_stream_take(struct cvsw_v3_stream *stream, uint8_t *message, bool *too_long)
{
	struct run run = first_run(stream);

	*too_long = false;
	if (run.len > CVSW_V3_MESSAGE_MAX && !stream->skipping) {
		copy_run(stream, run, stream->skipped_head, CVSW_V3_SKIPPED_LEN);
		stream->skipping = true;
	}
	if (stream->skipping) {
		release(stream, run);
		if (!run.whole)
			return 0;
		stream->skipping = false;
		memcpy(message, stream->skipped_head, CVSW_V3_SKIPPED_LEN);
		*too_long = true;
		return CVSW_V3_SKIPPED_LEN;
	}
	if (!run.whole)
		return 0;
	copy_run(stream, run, message, run.len);
	release(stream, run);
	return run.len;
}
