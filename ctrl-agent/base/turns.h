/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop, turn by turn.  While a turn lasts, no frame is answered and no client is
 * served: a long one is a defect, and is logged.
 *
 * A turn begins with the work that was put off until the events before it had been dealt with.
 * Work that is put off twice is done once: a NIC that sends ten records gets one
 * acknowledgement, and a connection is written to once.  When the turn is full, the rest of
 * the work waits for the next one.
 *
 * Work that begins something new comes last: a piece of it is done when the events of a turn have
 * left nothing in the queue, so that what was begun goes on without delay and ends.
 */
#ifndef CVSWD_TURNS_H
#define CVSWD_TURNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct event;
struct event_base;

#define TURNS_LONG_MS	10	/* of processor time; logged at LOG_DEBUG */

#define TURNS_FULL_MS	20	/* what can wait for the next turn does so from here on */
#define TURNS_LAST_MS	20	/* so often, or each turn, some of what comes last is done in any case */
#define TURNS_LAST_US	2000	/* of processor time, then */

/** turns_is_full() - has this turn taken so long that others should get theirs? */
bool turns_is_full(void);

/**
 * struct turns_work - what is put off until the next turn begins; lives in its owner's struct
 * @run: does it; may put off the same work again
 * @last: it comes last
 * @waits: it is in a queue
 */
struct turns_work {
	TAILQ_ENTRY(turns_work) in_order;
	void (*run)(struct turns_work *work);
	bool last;
	bool waits;
};

/**
 * turns_put_off() - do @work when the events that are being dealt with are over
 *
 * Once, however often this is called.  What other work puts off is done in the same turn, until that
 * is full.
 */
void turns_put_off(struct turns_work *work);

/** turns_drop() - @work is not to be done after all; its owner goes */
void turns_drop(struct turns_work *work);

/** turns_run() - do events and work, until event_base_loopbreak(); turns that take long are logged */
void turns_run(struct event_base *base);

/** turns_timer() - set a timer to a time of clock_ms(), or, UINT64_MAX, to none */
void turns_timer(struct event *timer, uint64_t due);

#endif
