/* SPDX-License-Identifier: GPL-2.0 */
/* What a controller may ask of a port in version 3: proto/VERSION3.md, "Messages". */
#ifndef CVSW_REQUESTS_H
#define CVSW_REQUESTS_H

#include "request_flows.h"

/**
 * cvsw_request() - do what one message asks
 * @data: it, @len bytes; a key in it is the caller's to wipe
 * @too_long: it was longer, and this is its head
 * @answer: out: room for CVSW_V3_MESSAGE_MAX
 *
 * Context: the port's worker.
 * Return: the answer's length; 0: there is none, for it was no request.
 */
size_t cvsw_request(struct cvsw_requests *requests, const u8 *data, size_t len, bool too_long,
		    u8 *answer);

#endif
