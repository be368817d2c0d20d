/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that answer requests share. */
#ifndef CVSWD_REQUEST_PARTS_H
#define CVSWD_REQUEST_PARTS_H

#include "client.h"
#include "place.h"

struct request {
	struct agent *agent;
	struct client *client;
	const json_t *json;
};

__attribute__((format(printf, 2, 3)))
void request_refuse(const struct request *request, const char *format, ...);

/** request_nic() - the NIC a request names; after NULL the request has been refused */
struct nic *request_nic(const struct request *request, enum place_unknown unknown);

/** request_text() - a member of the request that is a string, or NULL */
const char *request_text(const struct request *request, const char *key);

/** request_waits() - does the client want the answer when it is done? */
bool request_waits(const struct request *request);

/** request_time() - for how long */
struct timeval request_time(const struct request *request);

/** request_answer_changed() - answers when the NIC has it, at the limit, or at once */
void request_answer_changed(const struct request *request, struct nic *nic);

/* Commands in files of their own. */
void request_set_key(const struct request *request);
void request_del_key(const struct request *request);
void request_overlay_add(const struct request *request);
void request_overlay_del(const struct request *request);
void request_overlay_join(const struct request *request);
void request_overlay_leave(const struct request *request);
void request_overlay_renew(const struct request *request);
void request_overlay_show(const struct request *request);

/** request_overlays_settled() - overlays or sessions went on: who waits for that? */
void request_overlays_settled(struct agent *agent);

/** request_overlay_cancel() - a client has gone */
void request_overlay_cancel(struct client *client);

#endif
