/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the overlays' commands share. */
#ifndef CVSWD_REQUEST_OVERLAY_H
#define CVSWD_REQUEST_OVERLAY_H

#include "request.h"

struct overlay_waiter;

/* In request_overlay_config.c. */

/** request_overlay_config() - what the request says an overlay is to be; false: refused */
bool request_overlay_config(const struct request *request, struct overlay_config *config);

/** request_overlay_members() - all of the request's members or none; false: refused */
bool request_overlay_members(const struct request *request, struct overlay *overlay);

/* In request_overlay_wait.c. */

/** request_overlay_waiter() - of all members that there are now; for request_overlay_finish() */
struct overlay_waiter *request_overlay_waiter(const struct overlay *overlay);

/**
 * request_overlay_finish() - a change was made: keep it, and answer
 * @waiter: taken over
 *
 * Answers when it is done, at the limit, or at once, as the request has it.
 */
void request_overlay_finish(const struct request *request, struct overlay_waiter *waiter);

#endif
