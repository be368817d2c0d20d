// SPDX-License-Identifier: GPL-2.0-or-later
#include "wait.h"

#include "base/alloc.h"

static LIST_HEAD(, waiter) waiters = LIST_HEAD_INITIALIZER(waiters);

static void waiter_free(struct waiter *waiter)
{
	LIST_REMOVE(waiter, in_list);
	event_free(waiter->timer);
	if (waiter->kind->end)
		waiter->kind->end(waiter);
	free(waiter);
}

void wait_answer(struct waiter *waiter, json_t *answer)
{
	struct client *client = waiter->client;

	waiter_free(waiter);
	client_answer(client, answer);
}

void wait_answer_in_pieces(struct waiter *waiter, struct pieces *answer)
{
	struct client *client = waiter->client;

	waiter_free(waiter);
	client_answer_in_pieces(client, answer);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct waiter *waiter = arg;

	(void)fd;
	(void)what;
	wait_answer(waiter, waiter->kind->late(waiter));
}

void wait_begin(const struct request *request, struct waiter *waiter,
		const struct wait_kind *kind)
{
	struct timeval wait = request_time(request);

	waiter->kind = kind;
	waiter->agent = request->agent;
	waiter->client = request->client;
	waiter->timer = alloc_checked(evtimer_new(request->agent->base, on_timeout, waiter));
	event_add(waiter->timer, &wait);
	LIST_INSERT_HEAD(&waiters, waiter, in_list);
}

/* @nic: only at those that wait for it; NULL: at all */
static void look(const struct nic *nic)
{
	struct waiter *waiter, *next;
	json_t *answer;

	for (waiter = LIST_FIRST(&waiters); waiter; waiter = next) {
		next = LIST_NEXT(waiter, in_list);
		if (!waiter->kind->look || (nic && !waiter->kind->concerns(waiter, nic)))
			continue;
		answer = waiter->kind->look(waiter);
		if (answer)
			wait_answer(waiter, answer);
	}
}

void wait_nic_moved(void *arg, const struct hub_event *event)
{
	(void)arg;
	look(event->nic);
}

void wait_look(void)
{
	look(NULL);
}

void wait_cancel(const struct client *client)
{
	struct waiter *waiter;

	LIST_FOREACH(waiter, &waiters, in_list)
		if (waiter->client == client)
			break;
	if (waiter)
		waiter_free(waiter);
}
