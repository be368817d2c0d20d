/* SPDX-License-Identifier: GPL-2.0 */
/* A port's control side: messages to and from the controller. */
#ifndef CVSW_CONTROL_H
#define CVSW_CONTROL_H

#include <linux/if_ether.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../../proto/cvsw_msg.h"
#include "../../proto/cvsw_nl.h"
#include "../../proto/cvsw_ofp10.h"
#include "engine.h"

/* Messages that may wait for the worker. */
#define CVSW_CONTROL_QUEUE_MAX	256
/* A control message is a whole Ethernet frame, and the vswitch's port takes no larger one. */
#define CVSW_CONTROL_FRAME_MAX	ETH_FRAME_LEN

/**
 * struct cvsw_control - the session with the controller
 *
 * @dev: the NIC
 * @engine: its table is changed by @work only
 * @allowed: unauthenticated messages are taken
 * @work: never runs beside itself, which keeps the messages in order
 * @events: CVSW_EVENT_*, for the worker
 * @state: enum cvsw_nl_state; written by the worker
 * @flow: the worker's scratch, too large for its stack
 * @lock: guards @queue, @queued and @dead
 * @queue: struct control_frame, oldest first
 * @queued: how many
 * @dead: nothing is queued or worked on any more
 * @sending: own frames that the driver has not freed yet, and one for the
 *	session itself
 * @sent: completed when @sending reaches zero
 */
struct cvsw_control {
	struct net_device *dev;
	struct cvsw_engine *engine;
	bool allowed;
	struct work_struct work;
	unsigned long events;
	u8 state;
	struct cvsw_flow flow;

	spinlock_t lock;
	struct list_head queue;
	unsigned int queued;
	bool dead;

	refcount_t sending;
	struct completion sent;
};

/* For cvsw_control_event(). */
enum cvsw_event {
	CVSW_EVENT_LINK,	/* the NIC can send now */
	CVSW_EVENT_REGISTER,	/* its MAC address is another, or its SAs have stopped */
};

void cvsw_control_init(struct cvsw_control *control, struct net_device *dev,
		       struct cvsw_engine *engine, bool allowed);

/**
 * cvsw_control_kill() - take no message from here on, and do none that waits
 *
 * Context: any but hard interrupt; does not wait for the worker.
 */
void cvsw_control_kill(struct cvsw_control *control);

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

/* Tell the worker.  Context: any. */
void cvsw_control_event(struct cvsw_control *control, enum cvsw_event event);

/* Did this port's control side make @skb? */
bool cvsw_control_is_own(const struct sk_buff *skb);

/* The module's worker pool, for all ports. */
int cvsw_control_module_init(void);
void cvsw_control_module_exit(void);

#endif
