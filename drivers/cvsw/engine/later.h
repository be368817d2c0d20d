/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames whose way cannot go on with interrupts off.  netpoll (netconsole) transmits so, in
 * hard interrupts too, where no cipher may be called, and no frame be given to the stack.
 */
#ifndef CVSW_LATER_H
#define CVSW_LATER_H

#include "walk.h"

/* Frames that may wait; a tasklet takes them as soon as interrupts are on. */
#define CVSW_LATER_MAX	256

struct cvsw_later;

/** cvsw_later_create() - none waits yet; or NULL; process context */
struct cvsw_later *cvsw_later_create(void);

/**
 * cvsw_later_destroy() - let what waits go on, and free it
 * @later: may be NULL
 * Context: process context; table and SAs are still there, and no frame comes any more.
 */
void cvsw_later_destroy(struct cvsw_later *later);

/**
 * cvsw_later_add() - have a frame go on from where it stands, soon
 * @later: NULL: it is dropped
 * @walk: its place, in the RCU read side in which @walk->entry was found; kept by
 *	cvsw_walk_hold()
 * @skb: not on a list; consumed
 *
 * What cannot wait is dropped and counted.  Otherwise cvsw_engine_resume() has it.
 * Context: any.
 */
void cvsw_later_add(struct cvsw_later *later, const struct cvsw_walk *walk, struct sk_buff *skb);

#endif
