/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A session's keys and counters, and the records sealed with them. */
#ifndef CVSW_V3_RECORD_H
#define CVSW_V3_RECORD_H

#include "cvsw_v3_frame.h"
#include "cvsw_window.h"

/* Records after which new keys are asked for, and after which there are none sent or taken. */
#define CVSW_V3_REKEY_RECORDS	(1ull << 20)
#define CVSW_V3_EXPIRE_RECORDS	(1ull << 24)
#define CVSW_V3_REKEY_MS	(15 * 60 * 1000)
#define CVSW_V3_EXPIRE_MS	(45 * 60 * 1000)

#define CVSW_V3_WINDOW		1024	/* counters below the highest that are told apart */
#define CVSW_V3_WINDOW_WORDS	32

#define CVSW_V3_TICKET_LEN	8
/* So many of the newest records are told from others with the same counter. */
#define CVSW_V3_TAGS		32
/* An ECHO: the sender knows of so many records, 8 bytes; 8 of its own. */
#define CVSW_V3_ECHO_LEN	16

/**
 * struct cvsw_v3_session - one pair of keys
 *
 * @tx, @rx: NULL: there is no session
 * @index: ours, which the peer puts into what it sends
 * @peer_index: the peer's
 * @counter: of the next record we send
 * @window: counters received: see cvsw_window.h
 * @made_at: in milliseconds
 * @tags: the first bytes of the tags of the newest records received, counter c at
 *	c % CVSW_V3_TAGS
 * @told: the base in the record with the highest counter
 * @ticket: by which the next handshake names this session
 * @from: the ticket of the session whose conversation it continues; zeros: it begins one
 * @conversation: the ticket of the session with which the conversation began
 */
struct cvsw_v3_session {
	void *tx, *rx;
	uint32_t index;
	uint32_t peer_index;
	uint64_t counter;
	struct {
		uint64_t next;
		uint64_t seen[CVSW_V3_WINDOW_WORDS];
	} window;
	uint64_t made_at;
	uint64_t tags[CVSW_V3_TAGS];
	uint64_t told;
	uint8_t ticket[CVSW_V3_TICKET_LEN];
	uint8_t from[CVSW_V3_TICKET_LEN];
	uint8_t conversation[CVSW_V3_TICKET_LEN];
};

enum cvsw_v3_kind {
	CVSW_V3_NOTHING = 0,		/* an acknowledgement only */
	CVSW_V3_SEGMENT = 1,		/* of a message */
	CVSW_V3_SEGMENT_LAST = 2,	/* a message's last, or only, segment */
	CVSW_V3_ECHO = 3,
	CVSW_V3_ECHO_REPLY = 4,
	CVSW_V3_PACKET_IN = 5,
};

/**
 * struct cvsw_v3_record - what a record says
 * @kind: enum cvsw_v3_kind
 * @newest: no record with a higher counter came before
 * @len: bytes of content; a SEGMENT's begins with its number, 8 bytes
 * @base: all segments below it have been taken
 * @got: bit i: segment @base + i has arrived
 */
struct cvsw_v3_record {
	uint8_t kind;
	bool newest;
	size_t len;
	uint64_t base;
	uint32_t got;
};

static inline bool cvsw_v3_session_exists(const struct cvsw_v3_session *session)
{
	return session->tx;
}

/** cvsw_v3_session_usable() - may it still send at @now? */
bool cvsw_v3_session_usable(const struct cvsw_v3_session *session, uint64_t now);
/** cvsw_v3_session_aged() - is it time for new keys? */
bool cvsw_v3_session_aged(const struct cvsw_v3_session *session, uint64_t now);
/** cvsw_v3_session_end() - frees the keys and forgets everything */
void cvsw_v3_session_end(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_session *session);

/**
 * cvsw_v3_seal() - make a frame of a record
 * @dst: the frame's destination
 * @frame: @record->len bytes of content stand at CVSW_V3_CONTENT_AT already; there
 *	is room for CVSW_V3_FRAME_MAX
 *
 * Return: bytes of the frame; 0: the session is worn out, or the crypto failed.
 */
size_t cvsw_v3_seal(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_session *session,
		    uint64_t now, const uint8_t dst[CVSW_ETH_ALEN],
		    const struct cvsw_v3_record *record, uint8_t *frame);

/**
 * cvsw_v3_open() - authenticate and decrypt, in place
 * @frame: checked by cvsw_v3_check(), of type SEALED, of this session's index
 * @record: out; its content stands at CVSW_V3_CONTENT_AT
 *
 * Return: CVSW_V3_DROP_DISAGREES: another record with this counter was received, and both
 * are authentic: the peer lives twice, or was restored.
 */
enum cvsw_v3_drop cvsw_v3_open(const struct cvsw_v3_crypto *crypto,
			       struct cvsw_v3_session *session, uint64_t now,
			       uint8_t *frame, size_t len, struct cvsw_v3_record *record);

#endif
