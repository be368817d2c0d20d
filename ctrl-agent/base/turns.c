// SPDX-License-Identifier: GPL-2.0-or-later
#include "turns.h"

#include <event2/event.h>
#include <time.h>

#include "log.h"

/* Processor time, so that neither waiting for events nor other programs count. */
static uint64_t spent_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

TAILQ_HEAD(turns_queue, turns_work);

static struct turns_queue queue = TAILQ_HEAD_INITIALIZER(queue);
static struct turns_queue last = TAILQ_HEAD_INITIALIZER(last);
static uint64_t began;		/* spent_us() */
static uint64_t began_at;	/* clock_ms() */
static uint64_t last_at;	/* clock_ms(), when a piece of what comes last was done */

/* Processor time never runs ahead of the clock, and reading the clock costs no system call. */
bool turns_is_full(void)
{
	return clock_ms() - began_at >= TURNS_FULL_MS && spent_us() - began >= TURNS_FULL_MS * 1000;
}

static struct turns_queue *queue_of(const struct turns_work *work)
{
	return work->last ? &last : &queue;
}

void turns_put_off(struct turns_work *work)
{
	if (work->waits)
		return;
	work->waits = true;
	TAILQ_INSERT_TAIL(queue_of(work), work, in_order);
}

void turns_drop(struct turns_work *work)
{
	if (work->waits)
		TAILQ_REMOVE(queue_of(work), work, in_order);
	work->waits = false;
}

static void do_first(struct turns_queue *of)
{
	struct turns_work *work = TAILQ_FIRST(of);

	turns_drop(work);
	work->run(work);
}

static void do_work(void)
{
	while (!TAILQ_EMPTY(&queue) && !turns_is_full())
		do_first(&queue);
}

/* One piece, then events are looked at again; if there is always something else, a small share. */
static void do_last(void)
{
	bool busy = !TAILQ_EMPTY(&queue);
	uint64_t now = clock_ms(), since;

	if (TAILQ_EMPTY(&last) || (busy && now - last_at < TURNS_LAST_MS))
		return;
	last_at = now;
	since = spent_us();
	do
		do_first(&last);
	while (busy && !TAILQ_EMPTY(&last) && spent_us() - since < TURNS_LAST_US);
}

/* Waits for events, if there is nothing else to do. */
static bool do_events(struct event_base *base)
{
	bool idle = TAILQ_EMPTY(&queue) && TAILQ_EMPTY(&last);

	return !event_base_loop(base, EVLOOP_ONCE | (idle ? 0 : EVLOOP_NONBLOCK)) &&
	       !event_base_got_break(base);
}

void turns_run(struct event_base *base)
{
	uint64_t after;
	bool goes_on;

	began = spent_us();
	do {
		began_at = clock_ms();
		do_work();
		goes_on = do_events(base);
		do_last();
		after = spent_us();
		if (after - began >= TURNS_LONG_MS * 1000)
			log_line(LOG_DEBUG, "a turn of the event loop took %.1f ms",
				 (after - began) / 1000.0);
		began = after;
	} while (goes_on);
}

void turns_timer(struct event *timer, uint64_t due)
{
	uint64_t now = clock_ms(), pause = due > now ? due - now : 0;
	struct timeval wait = { .tv_sec = pause / 1000, .tv_usec = pause % 1000 * 1000 };

	if (due == UINT64_MAX)
		event_del(timer);
	else
		event_add(timer, &wait);
}
