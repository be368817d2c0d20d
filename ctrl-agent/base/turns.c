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

static uint64_t began;
static bool behind;

bool turns_is_full(void)
{
	return spent_us() - began >= TURNS_FULL_MS * 1000;
}

bool turns_are_behind(void)
{
	return behind;
}

void turns_run(struct event_base *base)
{
	uint64_t after;

	began = spent_us();
	while (!event_base_loop(base, EVLOOP_ONCE) && !event_base_got_break(base)) {
		after = spent_us();
		if (after - began >= TURNS_LONG_MS * 1000)
			log_line(LOG_DEBUG, "a turn of the event loop took %.1f ms",
				 (after - began) / 1000.0);
		behind = after - began >= TURNS_FULL_MS * 1000;
		began = after;
	}
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
