/* SPDX-License-Identifier: GPL-2.0 */
/* A port's control side as the door sees it: its life, and frames to and from the controller. */
#ifndef CVSW_WORKER_H
#define CVSW_WORKER_H

#include "control.h"

void cvsw_control_init(struct cvsw_control *control, struct net_device *dev,
		       struct cvsw_engine *engine, struct cvsw_backlogs *backlogs);

/**
 * cvsw_control_finish() - wait for the worker and for own frames to be freed
 *
 * Context: process context without RTNL, after cvsw_control_kill(), the
 * driver's rings freed.
 */
void cvsw_control_finish(struct cvsw_control *control);

/**
 * cvsw_control_receive() - take a frame of EtherType 0xABBA
 * @skb: data behind the Ethernet header; consumed
 *
 * Checks, copies and queues; whatever is wrong is counted.
 * Context: bottom halves disabled.
 */
void cvsw_control_receive(struct cvsw_control *control, struct sk_buff *skb);

/**
 * cvsw_control_packet_in() - tell the controller of a frame, if there is one
 *
 * As struct cvsw_engine's to_controller.  Counted in any case, here or when it is sent.
 */
void cvsw_control_packet_in(struct cvsw_control *control, const struct cvsw_walk *walk,
			    const struct sk_buff *skb, unsigned int max_len);

#endif
