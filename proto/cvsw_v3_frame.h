/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Frames of the control protocol, version 3.  proto/VERSION3.md is the
 * specification.
 */
#ifndef CVSW_V3_FRAME_H
#define CVSW_V3_FRAME_H

#include "cvsw_flow.h"
#include "cvsw_v3_crypto.h"

#define CVSW_ETHERTYPE		0xABBA	/* of every version */

#define CVSW_V3_VERSION_BYTE	0x32	/* byte 6 of the frame */
#define CVSW_V3_HEADER_LEN	16
#define CVSW_V3_FRAME_MIN	60
#define CVSW_V3_FRAME_MAX	1514

enum cvsw_v3_type {
	CVSW_V3_HELLO = 1,	/* controller: who is there? */
	CVSW_V3_REGISTER = 2,	/* NIC: Noise's first message */
	CVSW_V3_ACCEPT = 3,	/* controller: Noise's second message */
	CVSW_V3_COOKIE = 4,	/* controller: not now; come back with this */
	CVSW_V3_SEALED = 5,	/* both: a record */
};

/* Whole lengths, each at least CVSW_V3_FRAME_MIN: nothing is ever padded. */
#define CVSW_V3_HELLO_LEN	60
#define CVSW_V3_REGISTER_LEN	112
#define CVSW_V3_ACCEPT_LEN	120
#define CVSW_V3_COOKIE_LEN	72

/* A record: header, index, counter; record head and content, sealed; tag. */
#define CVSW_V3_SEALED_AT	28
#define CVSW_V3_RECORD_HEAD_LEN	16
#define CVSW_V3_CONTENT_AT	(CVSW_V3_SEALED_AT + CVSW_V3_RECORD_HEAD_LEN)
#define CVSW_V3_CONTENT_MAX	(CVSW_V3_FRAME_MAX - CVSW_V3_CONTENT_AT - CVSW_V3_TAG_LEN)

/* Why a frame was dropped; a counter each.  Nothing changes by one that is. */
#define CVSW_V3_DROPS(X)                                                             \
	X(SHORT,      "short",      "ends before its own header does")              \
	X(VERSION,    "version",    "not a frame of version 3")                     \
	X(TYPE,       "type",       "unknown type, or not for this role")           \
	X(LENGTH,     "length",     "a length does not fit the frame or its type")  \
	X(RESERVED,   "reserved",   "a reserved field is not zero")                 \
	X(ADDRESS,    "address",    "another NIC's, or to another destination")     \
	X(NO_KEY,     "no-key",     "there is no pre-shared key")                   \
	X(PROOF,      "proof",      "its sender does not know the pre-shared key")  \
	X(SESSION,    "session",    "no session or handshake of this index")        \
	X(FORGED,     "forged",     "its tag is wrong")                             \
	X(REPLAYED,   "replayed",   "was received before")                          \
	X(OLD,        "old",        "too old for the replay window")                \
	X(EXPIRED,    "expired",    "its session's keys are worn out")              \
	X(RATE,       "rate",       "too many of its kind")                         \
	X(RECORD,     "record",     "authentic, but its content makes no sense")    \
	X(DISAGREES,  "disagrees",  "authentic, but the two ends remember different things") \
	X(CRYPTO,     "crypto",     "no memory, or the crypto library failed")

enum cvsw_v3_drop {
	CVSW_V3_OK = 0,
#define CVSW_V3_DROP_ENUM(id, name, text) CVSW_V3_DROP_##id,
	CVSW_V3_DROPS(CVSW_V3_DROP_ENUM)
#undef CVSW_V3_DROP_ENUM
	CVSW_V3_N_DROPS
};

/* A short name for counters ("forged"), a sentence for people; never NULL. */
const char *cvsw_v3_drop_name(enum cvsw_v3_drop drop);
const char *cvsw_v3_drop_text(enum cvsw_v3_drop drop);

/** cvsw_v3_is() - is it of version 3, as far as its header says? */
bool cvsw_v3_is(const uint8_t *frame, size_t len);

/**
 * cvsw_v3_check() - check a frame's header and length
 * @frame: from the destination MAC address on
 * @len: its length; out: without a trailer
 * @type: out: enum cvsw_v3_type
 *
 * Context: any, atomic too: a receive hook asks before it queues.
 */
enum cvsw_v3_drop cvsw_v3_check(const uint8_t *frame, size_t *len, enum cvsw_v3_type *type);

/** cvsw_v3_put_header() - write the first 16 bytes of a frame of @len bytes in all */
void cvsw_v3_put_header(uint8_t *frame, const uint8_t dst[CVSW_ETH_ALEN],
			enum cvsw_v3_type type, size_t len);

/** cvsw_v3_hello() - write a HELLO; returns CVSW_V3_HELLO_LEN */
size_t cvsw_v3_hello(const uint8_t dst[CVSW_ETH_ALEN], uint8_t frame[CVSW_V3_HELLO_LEN]);

/** cvsw_v3_register_mac() - which NIC a checked REGISTER says it is from: whose key to take */
const uint8_t *cvsw_v3_register_mac(const uint8_t *frame);

/** cvsw_v3_index() - the receiver's index in a checked ACCEPT, COOKIE or SEALED */
uint32_t cvsw_v3_index(const uint8_t *frame);

#endif
