/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop, turn by turn.  While a turn lasts, no frame is answered and no client is
 * served: a long one is a defect, and is logged.
 */
#ifndef CVSWD_TURNS_H
#define CVSWD_TURNS_H

#include <stdbool.h>
#include <stdint.h>

struct event;
struct event_base;

#define TURNS_LONG_MS	10	/* of processor time; logged at LOG_DEBUG */

#define TURNS_FULL_MS	20	/* what can wait for the next turn does so from here on */

/** turns_is_full() - has this turn taken so long that others should get theirs? */
bool turns_is_full(void);

/** turns_are_behind() - was the turn before this one full?  Then nothing new should begin. */
bool turns_are_behind(void);

/** turns_run() - event_base_dispatch(), which logs turns that take long */
void turns_run(struct event_base *base);

/** turns_timer() - set a timer to a time of clock_ms(), or, UINT64_MAX, to none */
void turns_timer(struct event *timer, uint64_t due);

#endif
