// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 *	 0                   1                   2                   3
 *	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *	+---------------------------------------------------------------+
 *   0	|                    destination MAC address                    |
 *	+                               +---------------+---------------+
 *   4	|                               |     0x32      |     type      |
 *	+-------------------------------+---------------+---------------+
 *   8	|                             zero                              |
 *	+-------------------------------+-------------------------------+
 *  12	|       EtherType 0xABBA        |              len              |
 *	+-------------------------------+-------------------------------+
 */
#include "cvsw_v3_frame.h"

#include "cvsw_cursor.h"

#define VERSION_AT	6
#define TYPE_AT		7
#define ZERO_AT		8
#define ETHERTYPE_AT	12
#define LEN_AT		14

static_assert(LEN_AT + 2 == CVSW_V3_HEADER_LEN, "see the diagram");
static_assert(CVSW_V3_CONTENT_AT + CVSW_V3_TAG_LEN == CVSW_V3_FRAME_MIN,
	      "the shortest record is the shortest frame");

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

bool cvsw_v3_is(const uint8_t *frame, size_t len)
{
	return len >= ETHERTYPE_AT + 2 && frame[VERSION_AT] == CVSW_V3_VERSION_BYTE &&
	       get16(frame + ETHERTYPE_AT) == CVSW_ETHERTYPE;
}

static bool is_length(enum cvsw_v3_type type, size_t len)
{
	switch (type) {
	case CVSW_V3_HELLO:
		return len == CVSW_V3_HELLO_LEN;
	case CVSW_V3_REGISTER:
		return len == CVSW_V3_REGISTER_LEN;
	case CVSW_V3_ACCEPT:
		return len == CVSW_V3_ACCEPT_LEN;
	case CVSW_V3_COOKIE:
		return len == CVSW_V3_COOKIE_LEN;
	case CVSW_V3_SEALED:
		return len >= CVSW_V3_FRAME_MIN && len <= CVSW_V3_FRAME_MAX;
	}
	return false;
}

enum cvsw_v3_drop cvsw_v3_check(const uint8_t *frame, size_t *len, enum cvsw_v3_type *type)
{
	size_t whole, i;

	if (*len < CVSW_V3_HEADER_LEN)
		return CVSW_V3_DROP_SHORT;
	if (!cvsw_v3_is(frame, *len))
		return CVSW_V3_DROP_VERSION;
	for (i = ZERO_AT; i < ETHERTYPE_AT; i++)
		if (frame[i])
			return CVSW_V3_DROP_VERSION;
	*type = frame[TYPE_AT];
	if (*type < CVSW_V3_HELLO || *type > CVSW_V3_SEALED)
		return CVSW_V3_DROP_TYPE;
	whole = CVSW_V3_HEADER_LEN + (size_t)get16(frame + LEN_AT);
	if (!is_length(*type, whole))
		return CVSW_V3_DROP_LENGTH;
	if (*len < whole)
		return CVSW_V3_DROP_SHORT;
	*len = whole;
	return CVSW_V3_OK;
}

void cvsw_v3_put_header(uint8_t *frame, const uint8_t dst[CVSW_ETH_ALEN],
			enum cvsw_v3_type type, size_t len)
{
	struct cvsw_writer w = cvsw_writer(frame, CVSW_V3_HEADER_LEN);

	cvsw_put_bytes(&w, dst, CVSW_ETH_ALEN);
	cvsw_put_u8(&w, CVSW_V3_VERSION_BYTE);
	cvsw_put_u8(&w, (uint8_t)type);
	cvsw_put_u32(&w, 0);
	cvsw_put_u16(&w, CVSW_ETHERTYPE);
	cvsw_put_u16(&w, (uint16_t)(len - CVSW_V3_HEADER_LEN));
}

uint32_t cvsw_v3_index(const uint8_t *frame)
{
	struct cvsw_reader r = cvsw_reader(frame + CVSW_V3_HEADER_LEN, 4);

	return cvsw_get_u32(&r);
}

const char *cvsw_v3_drop_name(enum cvsw_v3_drop drop)
{
	switch (drop) {
#define CVSW_V3_DROP_NAME(id, name, text) case CVSW_V3_DROP_##id: return name;
	CVSW_V3_DROPS(CVSW_V3_DROP_NAME)
#undef CVSW_V3_DROP_NAME
	case CVSW_V3_OK:
		return "ok";
	default:
		return "unknown";
	}
}
