/* SPDX-License-Identifier: GPL-2.0 */
/* Version 2 of the control protocol, whose messages do not prove who sent them. */
#ifndef CVSW_VERSION2_H
#define CVSW_VERSION2_H

#include "control/control.h"

#ifdef CVSW_VERSION2

/** cvsw_version2_init() - what it keeps in @control, of zeroes */
void cvsw_version2_init(struct cvsw_control *control);

/**
 * cvsw_version2_check() - is a frame worth the worker's time?
 * @frame: whole, from its destination address on
 *
 * Context: any.
 * Return: the counter in which it ends, or -1.
 */
int cvsw_version2_check(const struct cvsw_control *control, const u8 *frame, size_t len);

/**
 * cvsw_version2_receive() - do what a message asks for, and count it; worker
 * @data: a frame that cvsw_version2_check() let pass
 */
void cvsw_version2_receive(struct cvsw_control *control, const u8 *data, size_t len);

/** cvsw_version2_events() - say who is here, if needed; @events: bits of enum cvsw_event; worker */
void cvsw_version2_events(struct cvsw_control *control, unsigned long events);

/** cvsw_version2_put_state() - CVSW_NLA_STATE, if version 2 is allowed; -EMSGSIZE: no room */
int cvsw_version2_put_state(struct sk_buff *skb, const struct cvsw_control *control);

#else

/* Without it: a frame of version 2 is dropped and counted. */
static inline void cvsw_version2_init(struct cvsw_control *control) { }

static inline int cvsw_version2_check(const struct cvsw_control *control, const u8 *frame,
				      size_t len)
{
	return CVSW_CNT_CTL_UNAUTHENTICATED;
}

static inline void cvsw_version2_receive(struct cvsw_control *control, const u8 *data,
					 size_t len) { }

static inline void cvsw_version2_events(struct cvsw_control *control, unsigned long events) { }

static inline int cvsw_version2_put_state(struct sk_buff *skb, const struct cvsw_control *control)
{
	return 0;
}

#endif
#endif
