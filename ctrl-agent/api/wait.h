/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients whose answer comes later: when something is done, when the time is up, or never. */
#ifndef CVSWD_WAIT_H
#define CVSWD_WAIT_H

#include "hub/event.h"
#include "request.h"

struct waiter;

/**
 * struct wait_kind - what is waited for
 * @look: something may have moved: the answer, if it is done; NULL: not yet, or never so
 * @concerns: is it about this NIC?  Only then a look is taken when it moved
 * @late: the time is up: the answer
 * @end: it waits no more: frees what it has but the waiter
 */
struct wait_kind {
	json_t *(*look)(struct waiter *waiter);
	bool (*concerns)(const struct waiter *waiter, const struct nic *nic);
	json_t *(*late)(struct waiter *waiter);
	void (*end)(struct waiter *waiter);
};

/** struct waiter - the first member of what somebody waits with, which was malloc()ed */
struct waiter {
	LIST_ENTRY(waiter) in_list;
	const struct wait_kind *kind;
	struct agent *agent;
	struct client *client;
	struct event *timer;
};

/** wait_begin() - the request is answered by @waiter from now on, whatever happens */
void wait_begin(const struct request *request, struct waiter *waiter,
		const struct wait_kind *kind);

/** wait_answer() - with this, now; @waiter is gone */
void wait_answer(struct waiter *waiter, json_t *answer);

/** wait_answer_in_pieces() - likewise */
void wait_answer_in_pieces(struct waiter *waiter, struct pieces *answer);

/** wait_nic_moved() - hub_ear: looks at who waits for this NIC */
void wait_nic_moved(void *arg, const struct hub_event *event);

/** wait_look() - looks at all */
void wait_look(void);

/** wait_cancel() - a client has gone */
void wait_cancel(const struct client *client);

#endif
