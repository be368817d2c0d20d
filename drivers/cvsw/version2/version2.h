/* SPDX-License-Identifier: GPL-2.0 */
/* Version 2 of the control protocol, whose messages prove nothing about their sender. */
#ifndef CVSW_VERSION2_H
#define CVSW_VERSION2_H

#include "control/control.h"

/* The worker's, but for the check. */

/**
 * cvsw_version2_check() - is a frame to be read at all?
 * @skb: data behind the Ethernet header
 *
 * Context: as cvsw_control_receive().
 * Return: the counter in which it ends, or -1.
 */
int cvsw_version2_check(const struct cvsw_control *control, const struct sk_buff *skb);

/**
 * cvsw_version2_receive() - do what a message asks for, and count it
 * @data: a frame that cvsw_msg_decode() took when it came
 */
void cvsw_version2_receive(struct cvsw_control *control, const u8 *data, size_t len);

/** cvsw_version2_events() - say who is here, if there is need; @events: bits of enum cvsw_event */
void cvsw_version2_events(struct cvsw_control *control, unsigned long events);

#endif
