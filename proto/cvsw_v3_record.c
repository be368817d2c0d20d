// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 *	+---------------------------------------------------------------+
 *  16	|                      the receiver's index                     |
 *	+---------------------------------------------------------------+
 *  20	|                            counter                            |
 *	|                                                               |
 *	+---------------+-----------------------------------------------+
 *  28	|     kind      |                     zero                      |  sealed from here on
 *	+---------------+-----------------------------------------------+
 *  32	|                              got                              |
 *	+---------------------------------------------------------------+
 *  36	|                             base                              |
 *	|                                                               |
 *	+---------------------------------------------------------------+
 *  44	|  content ...                                                  |  and behind it the tag
 */
#include "cvsw_v3_record.h"

#include "cvsw_cursor.h"

static_assert(CVSW_V3_HEADER_LEN + 4 + 8 == CVSW_V3_SEALED_AT, "see the diagram");
static_assert(1 + 3 + 4 + 8 == CVSW_V3_RECORD_HEAD_LEN, "see the diagram");

bool cvsw_v3_session_usable(const struct cvsw_v3_session *session, uint64_t now)
{
	return cvsw_v3_session_exists(session) && session->counter < CVSW_V3_EXPIRE_RECORDS &&
	       session->window.next < CVSW_V3_EXPIRE_RECORDS &&
	       now - session->made_at < CVSW_V3_EXPIRE_MS;
}

bool cvsw_v3_session_aged(const struct cvsw_v3_session *session, uint64_t now)
{
	return session->counter >= CVSW_V3_REKEY_RECORDS ||
	       session->window.next >= CVSW_V3_REKEY_RECORDS ||
	       now - session->made_at >= CVSW_V3_REKEY_MS;
}

void cvsw_v3_session_end(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_session *session)
{
	crypto->key_free(crypto->arg, session->tx);
	crypto->key_free(crypto->arg, session->rx);
	memset(session, 0, sizeof(*session));
}

static void put_nonce(uint8_t nonce[CVSW_V3_NONCE_LEN], uint64_t counter)
{
	struct cvsw_writer w = cvsw_writer(nonce, CVSW_V3_NONCE_LEN);

	cvsw_put_u32(&w, 0);
	cvsw_put_u64(&w, counter);
}

size_t cvsw_v3_seal(const struct cvsw_v3_crypto *crypto, struct cvsw_v3_session *session,
		    uint64_t now, const uint8_t dst[CVSW_ETH_ALEN],
		    const struct cvsw_v3_record *record, uint8_t *frame)
{
	size_t sealed = CVSW_V3_RECORD_HEAD_LEN + record->len;
	size_t len = CVSW_V3_SEALED_AT + sealed + CVSW_V3_TAG_LEN;
	struct cvsw_writer w = cvsw_writer(frame + CVSW_V3_HEADER_LEN,
					   CVSW_V3_CONTENT_AT - CVSW_V3_HEADER_LEN);
	uint8_t nonce[CVSW_V3_NONCE_LEN];

	if (!cvsw_v3_session_usable(session, now) || record->len > CVSW_V3_CONTENT_MAX)
		return 0;
	cvsw_v3_put_header(frame, dst, CVSW_V3_SEALED, len);
	cvsw_put_u32(&w, session->peer_index);
	cvsw_put_u64(&w, session->counter);
	cvsw_put_u8(&w, record->kind);
	cvsw_put_zero(&w, 3);
	cvsw_put_u32(&w, record->got);
	cvsw_put_u64(&w, record->base);
	put_nonce(nonce, session->counter);
	/* Used, whatever comes of it: it must not be used again. */
	session->counter++;
	if (!crypto->seal(crypto->arg, session->tx, nonce, frame, CVSW_V3_SEALED_AT, sealed))
		return 0;
	return len;
}

static bool content_fits(const struct cvsw_v3_record *record)
{
	switch (record->kind) {
	case CVSW_V3_NOTHING:
		return record->len == 0;
	case CVSW_V3_SEGMENT:
	case CVSW_V3_SEGMENT_LAST:
		return record->len > 8;
	case CVSW_V3_ECHO:
	case CVSW_V3_ECHO_REPLY:
		return record->len == CVSW_V3_ECHO_LEN;
	case CVSW_V3_PACKET_IN:
		return true;
	default:
		return false;
	}
}

/* The first bytes of a tag; @frame: @len bytes in all. */
static uint64_t tag_of(const uint8_t *frame, size_t len)
{
	struct cvsw_reader r = cvsw_reader(frame + len - CVSW_V3_TAG_LEN, 8);

	return cvsw_get_u64(&r);
}

/* Among the counters whose tags are remembered, of which no two have one place. */
static bool is_recent(const struct cvsw_v3_session *session, uint64_t counter)
{
	return counter + CVSW_V3_TAGS >= session->window.next;
}

/* The same frame once more costs nothing, if it is one of the newest. */
static bool is_repeated(const struct cvsw_v3_session *session, uint64_t counter, uint64_t tag)
{
	return is_recent(session, counter) && session->tags[counter % CVSW_V3_TAGS] == tag;
}

static enum cvsw_v3_drop check_counter(const struct cvsw_v3_session *session, uint64_t counter)
{
	static const enum cvsw_v3_drop drops[] = {
		[CVSW_WINDOW_NEW] = CVSW_V3_OK,
		[CVSW_WINDOW_SEEN] = CVSW_V3_DROP_REPLAYED,
		[CVSW_WINDOW_OLD] = CVSW_V3_DROP_OLD,
	};

	static_assert(CVSW_V3_WINDOW <= CVSW_WINDOW_MAX(CVSW_V3_WINDOW_WORDS), "");
	return drops[cvsw_window_check(session->window.next, session->window.seen,
				       CVSW_V3_WINDOW_WORDS, CVSW_V3_WINDOW, counter)];
}

static enum cvsw_v3_drop read_head(const uint8_t *frame, size_t len, struct cvsw_v3_record *record)
{
	struct cvsw_reader r = cvsw_reader(frame + CVSW_V3_SEALED_AT, CVSW_V3_RECORD_HEAD_LEN);
	uint32_t kind = cvsw_get_u32(&r);

	record->kind = (uint8_t)(kind >> 24);
	record->got = cvsw_get_u32(&r);
	record->base = cvsw_get_u64(&r);
	record->len = len - CVSW_V3_CONTENT_AT - CVSW_V3_TAG_LEN;
	return kind & 0xffffff || !content_fits(record) ? CVSW_V3_DROP_RECORD : CVSW_V3_OK;
}

enum cvsw_v3_drop cvsw_v3_open(const struct cvsw_v3_crypto *crypto,
			       struct cvsw_v3_session *session, uint64_t now,
			       uint8_t *frame, size_t len, struct cvsw_v3_record *record)
{
	struct cvsw_reader r = cvsw_reader(frame + CVSW_V3_HEADER_LEN,
					   CVSW_V3_SEALED_AT - CVSW_V3_HEADER_LEN);
	uint32_t index = cvsw_get_u32(&r);
	uint64_t counter = cvsw_get_u64(&r);
	uint8_t nonce[CVSW_V3_NONCE_LEN];
	uint64_t tag = tag_of(frame, len);
	enum cvsw_v3_drop drop;

	if (!cvsw_v3_session_exists(session) || index != session->index)
		return CVSW_V3_DROP_SESSION;
	if (!cvsw_v3_session_usable(session, now) || counter >= CVSW_V3_EXPIRE_RECORDS)
		return CVSW_V3_DROP_EXPIRED;
	drop = check_counter(session, counter);
	if (drop && is_repeated(session, counter, tag))
		return drop;
	put_nonce(nonce, counter);
	/* Also if its counter is low: under other keys the same index may have got that far. */
	if (!crypto->open(crypto->arg, session->rx, nonce, frame, CVSW_V3_SEALED_AT,
			  len - CVSW_V3_SEALED_AT - CVSW_V3_TAG_LEN))
		return CVSW_V3_DROP_FORGED;
	if (drop == CVSW_V3_DROP_REPLAYED && is_recent(session, counter))
		return CVSW_V3_DROP_DISAGREES;
	if (drop)
		return drop;
	record->newest = counter >= session->window.next;
	cvsw_window_take(&session->window.next, session->window.seen, CVSW_V3_WINDOW_WORDS,
			 counter);
	/* A late record must not take the place of a newer one's. */
	if (is_recent(session, counter))
		session->tags[counter % CVSW_V3_TAGS] = tag;
	return read_head(frame, len, record);
}
