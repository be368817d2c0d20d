/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Messages in records: cut into numbered segments, each sent until it is
 * acknowledged, put together in order at the other end.  Nothing is lost, nothing
 * comes twice, whatever the network does to frames.
 *
 * No frames, no clock, and of crypto only memory: times are milliseconds that never run back.
 * Whoever sends records asks which segment is due, and tells which have arrived.
 */
#ifndef CVSW_V3_STREAM_H
#define CVSW_V3_STREAM_H

#include "cvsw_v3_crypto.h"
#include "cvsw_v3_frame.h"

#define CVSW_V3_SEGMENTS	32	/* under way at once, in each direction */
#define CVSW_V3_SEGMENT_MAX	(CVSW_V3_CONTENT_MAX - 8)
#define CVSW_V3_MESSAGE_MAX	16384	/* with its header */
#define CVSW_V3_SKIPPED_LEN	8	/* what is kept of a longer one */
/* Segments of the longest message. */
#define CVSW_V3_MESSAGE_SEGMENTS \
	((CVSW_V3_MESSAGE_MAX + CVSW_V3_SEGMENT_MAX - 1) / CVSW_V3_SEGMENT_MAX)

/* Pause before a segment is sent again: measured, within these, doubled each time. */
#define CVSW_V3_RESEND_FIRST_MS	200
#define CVSW_V3_RESEND_MIN_MS	20
#define CVSW_V3_RESEND_MAX_MS	2000

/* A segment is taken for lost when so many that were sent later have arrived. */
#define CVSW_V3_RESEND_AFTER	3

/**
 * struct cvsw_v3_slot - a segment that waits
 * @last: a message ends with it
 * @data: @len bytes, while it waits
 *
 * Of those to be sent:
 * @sent_at: when it was sent last
 * @order: its number among all sendings, then
 * @sent: how often (at most 255 are counted)
 * @due: to be sent now
 * @got: the peer has it
 */
struct cvsw_v3_slot {
	uint64_t sent_at;
	uint64_t order;
	uint16_t len;
	uint8_t sent;
	bool last;
	bool due;
	bool got;
	uint8_t *data;
};

/**
 * struct cvsw_v3_stream - both directions of a conversation
 *
 * About 2 KiB, and the bytes of each segment under way; segment n lives in
 * slot n % CVSW_V3_SEGMENTS.
 *
 * @crypto: where the segments' memory comes from
 * @tx_base: the oldest that the peer has not taken
 * @tx_next: the number of the next segment put
 * @srtt, @rttvar: RFC 6298, in milliseconds, times 8 and times 4; 0: not known
 * @backoff: how often the pause was doubled
 * @waiting_since: the last progress, or the last sending of what was oldest
 * @n_sendings: so far
 * @newest_got: the order of the latest-sent of those that arrived, and one
 * @rx_base: the first that has not been taken
 * @rx_got: bit i: @rx_base + i is here
 * @skipping: a message longer than CVSW_V3_MESSAGE_MAX goes by
 */
struct cvsw_v3_stream {
	const struct cvsw_v3_crypto *crypto;
	uint64_t tx_base, tx_next;
	uint32_t srtt, rttvar;
	unsigned int backoff;
	uint64_t waiting_since;
	uint64_t n_sendings;
	uint64_t newest_got;
	uint64_t rx_base;
	uint32_t rx_got;
	bool skipping;
	uint8_t skipped_head[CVSW_V3_SKIPPED_LEN];
	struct cvsw_v3_slot tx[CVSW_V3_SEGMENTS];
	struct cvsw_v3_slot rx[CVSW_V3_SEGMENTS];
};

/** cvsw_v3_stream_init() - ended by cvsw_v3_stream_end() */
void cvsw_v3_stream_init(struct cvsw_v3_stream *stream, const struct cvsw_v3_crypto *crypto);

/** cvsw_v3_stream_end() - wipe and free what is under way; @stream may also be all zeroes */
void cvsw_v3_stream_end(struct cvsw_v3_stream *stream);

/* ---- sending ---- */

/** cvsw_v3_stream_room() - bytes of the longest message that can be put now */
size_t cvsw_v3_stream_room(const struct cvsw_v3_stream *stream);

/**
 * cvsw_v3_stream_put() - a message, copied
 *
 * Return: false, and nothing has changed: no room, no memory, or it is too long.
 */
bool cvsw_v3_stream_put(struct cvsw_v3_stream *stream, const uint8_t *message, size_t len);

/**
 * cvsw_v3_stream_due() - the segment to send now
 * @number: out
 *
 * It counts as sent.  Return: NULL if nothing is due.
 */
const struct cvsw_v3_slot *cvsw_v3_stream_due(struct cvsw_v3_stream *stream, uint64_t now,
					      uint64_t *number);

/** cvsw_v3_stream_deadline() - when something is due, if nothing arrives; UINT64_MAX: never */
uint64_t cvsw_v3_stream_deadline(const struct cvsw_v3_stream *stream);

/** cvsw_v3_stream_sample() - a round trip took @ms */
void cvsw_v3_stream_sample(struct cvsw_v3_stream *stream, uint64_t ms);

/**
 * cvsw_v3_stream_acked() - a record's acknowledgement
 *
 * Return: false if it claims what was never sent (nothing happened then).
 */
bool cvsw_v3_stream_acked(struct cvsw_v3_stream *stream, uint64_t base, uint32_t got,
			  uint64_t now);

/** cvsw_v3_stream_again() - everything not acknowledged is due: the keys are new */
void cvsw_v3_stream_again(struct cvsw_v3_stream *stream);

/* ---- receiving ---- */

/**
 * cvsw_v3_stream_got() - a segment came
 *
 * Return: CVSW_V3_OK, _DROP_REPLAYED (a duplicate: acknowledge it again), _DROP_RECORD,
 * _DROP_CRYPTO (no memory: it comes again), or _DROP_DISAGREES: beyond the window, so the peer
 * was told a base that is not known here.
 */
enum cvsw_v3_drop cvsw_v3_stream_got(struct cvsw_v3_stream *stream, uint64_t number, bool last,
				     const uint8_t *data, size_t len);

/**
 * cvsw_v3_stream_take() - the next message, in order, if it is whole
 * @message: room for CVSW_V3_MESSAGE_MAX
 * @too_long: out: it was longer than that; what is returned is its first 8 bytes
 *
 * Return: its length; 0 if there is none.
 */
size_t cvsw_v3_stream_take(struct cvsw_v3_stream *stream, uint8_t *message, bool *too_long);

/** cvsw_v3_stream_idle() - is everything put acknowledged? */
static inline bool cvsw_v3_stream_idle(const struct cvsw_v3_stream *stream)
{
	return stream->tx_base == stream->tx_next;
}

#endif
