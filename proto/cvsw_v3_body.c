// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What both sides know of messages: their header, and the errors. */
#include "cvsw_v3_body_parts.h"

/* ---- errors ---- */

const char *cvsw_v3_error_text(uint16_t error)
{
	switch (error) {
#define CVSW_V3_ERROR_TEXT(id, number, name, text) case number: return text;
	CVSW_V3_ERRORS(CVSW_V3_ERROR_TEXT)
#undef CVSW_V3_ERROR_TEXT
	default:
		return "unknown error";
	}
}

enum cvsw_v3_error cvsw_v3_error_of(enum cvsw_fault fault)
{
	switch (fault) {
#define SAME(id) case CVSW_FAULT_##id: return CVSW_V3_ERR_##id;
	SAME(SHORT) SAME(LENGTH) SAME(TYPE) SAME(RESERVED) SAME(COMMAND) SAME(FLAGS)
	SAME(TIMEOUT) SAME(MATCH) SAME(MATCH_FIELD) SAME(ACTION_TYPE)
	SAME(ACTION_LENGTH) SAME(ACTION_VALUE) SAME(ACTION_PORT) SAME(ACTION_COUNT)
	SAME(ACTION_ORDER) SAME(SA) SAME(TABLE) SAME(GROUP) SAME(BUCKET)
#undef SAME
	default:
		return CVSW_V3_ERR_MALFORMED;
	}
}

/* ---- header ---- */

enum cvsw_v3_error cvsw_v3_message_decode(const uint8_t *data, size_t len,
					  struct cvsw_v3_message *message, size_t *offset)
{
	struct cvsw_reader r = cvsw_reader(data, len);

	message->type = cvsw_get_u16(&r);
	message->error = cvsw_get_u16(&r);
	message->xid = cvsw_get_u32(&r);
	if (r.overrun)
		return cvsw_v3_wrong(offset, len, CVSW_V3_ERR_SHORT);
	message->body = data + r.at;
	message->len = cvsw_left(&r);
	if (!message->error != (message->type != CVSW_V3_ERROR))
		return cvsw_v3_wrong(offset, 2, CVSW_V3_ERR_RESERVED);
	return CVSW_V3_FINE;
}

void cvsw_v3_message_begin(struct cvsw_writer *w, uint16_t type, uint32_t xid)
{
	cvsw_put_u16(w, type);
	cvsw_put_u16(w, 0);
	cvsw_put_u32(w, xid);
}
