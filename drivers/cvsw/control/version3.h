/* SPDX-License-Identifier: GPL-2.0 */
/* A port's end of version 3: proto/cvsw_v3_end.h, with a clock, a wire and a table. */
#ifndef CVSW_VERSION3_H
#define CVSW_VERSION3_H

#include "proto/cvsw_nl.h"
#include "proto/cvsw_v3_crypto.h"
#include "control.h"

/**
 * cvsw_version3_of() - a port's end of version 3, or NULL: it has never had a key
 *
 * Context: any; what is called with it, in the worker unless it says otherwise.
 */
static inline struct cvsw_version3 *cvsw_version3_of(const struct cvsw_control *control)
{
	/* Against cvsw_version3_set_key(). */
	return smp_load_acquire(&control->version3);
}

/**
 * cvsw_version3_set_key() - give a port its pre-shared key, or another, or none
 * @psk: copied, the caller wipes its own; NULL: none
 *
 * The worker does it soon.  With the key that is there already nothing happens.
 * Context: process context with RTNL.
 * Return: 0 or -ENOMEM, the old key then still there.
 */
int cvsw_version3_set_key(struct cvsw_control *control, const u8 psk[CVSW_V3_KEY_LEN]);

/**
 * cvsw_version3_check() - is a frame worth the worker's time?
 * @frame: of version 3, as cvsw_v3_is() has it
 * @type: out: enum cvsw_v3_type, if it is
 *
 * To be asked ahead of the queue, whose places strangers would fill.
 * Context: any.
 * Return: -1, or the counter in which it ends.
 */
int cvsw_version3_check(const struct cvsw_control *control, const u8 *frame, size_t len, u8 *type);

/** cvsw_version3_events() - @events: a bit for each enum cvsw_event that happened */
void cvsw_version3_events(struct cvsw_version3 *v3, unsigned long events);

/** cvsw_version3_receive() - a frame that cvsw_version3_check() let pass; overwritten, counted */
void cvsw_version3_receive(struct cvsw_version3 *v3, u8 *frame, size_t len);

/** cvsw_version3_removed() - the controller is to be told that @entry went */
void cvsw_version3_removed(struct cvsw_version3 *v3, struct cvsw_entry *entry,
			  enum cvsw_removed why);

/** cvsw_version3_do() - do what was asked */
void cvsw_version3_do(struct cvsw_version3 *v3);

/**
 * cvsw_version3_run() - send what is due
 *
 * Return: jiffies until it is to be called again; MAX_SCHEDULE_TIMEOUT: not
 * before something happens.
 */
unsigned long cvsw_version3_run(struct cvsw_version3 *v3);

/** cvsw_version3_has_key() - is this port for those who know its key, alone?  Any context */
bool cvsw_version3_has_key(const struct cvsw_control *control);

/** cvsw_version3_is_up() - is there a controller to talk to?  A hint; any context */
bool cvsw_version3_is_up(const struct cvsw_control *control);

/** cvsw_version3_state() - @n_sessions: out: keys agreed upon so far.  Any context */
enum cvsw_nl_v3_state cvsw_version3_state(const struct cvsw_control *control, u64 *n_sessions);

/** cvsw_version3_destroy() - wiped and freed; NULL does nothing.  The worker is gone */
void cvsw_version3_destroy(struct cvsw_version3 *v3);

#endif
