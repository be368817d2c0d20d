/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client may ask, and the answers. */
#ifndef CVSWD_REQUEST_H
#define CVSWD_REQUEST_H

#include "client.h"

#define REQUEST_DEFAULT_TIMEOUT_MS	10000
#define REQUEST_MAX_TIMEOUT_MS		600000

/** request_take() - work on a line; client_answer() follows, now or later */
void request_take(struct agent *agent, struct client *client, const char *line, size_t len);

/** request_cancel() - the client has gone */
void request_cancel(struct client *client);

/** request_nic_changed() - look whether someone waits for this NIC; nics->changed */
void request_nic_changed(void *agent, struct nic *nic);

#endif
