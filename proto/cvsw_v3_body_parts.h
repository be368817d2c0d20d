/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What cvsw_v3_body.c, cvsw_v3_body_nic.c and cvsw_v3_body_controller.c share. */
#ifndef CVSW_V3_BODY_PARTS_H
#define CVSW_V3_BODY_PARTS_H

#include "cvsw_v3_body.h"

#define CVSW_V3_STEP_HEADER_LEN	8

/* Where in the body, said as where in the message. */
#define CVSW_V3_AT(body_offset)	(CVSW_V3_MESSAGE_HEADER_LEN + (body_offset))

static inline enum cvsw_v3_error cvsw_v3_wrong(size_t *offset, size_t at,
					       enum cvsw_v3_error error)
{
	if (offset)
		*offset = at;
	return error;
}

static inline struct cvsw_reader cvsw_v3_body(const struct cvsw_v3_message *message)
{
	return cvsw_reader(message->body, message->len);
}

/* Does it do nothing to a terminal, to JSON, to a log? */
static inline bool cvsw_v3_is_text(const uint8_t *text, size_t len)
{
	while (len--)
		if (text[len] < 0x20 || text[len] > 0x7e)
			return false;
	return true;
}

static inline bool cvsw_v3_is_ingress(uint8_t in_port)
{
	return in_port == CVSW_HOST || in_port == CVSW_NET;
}

#endif
