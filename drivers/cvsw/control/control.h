/* SPDX-License-Identifier: GPL-2.0 */
/* A port's control side: messages to and from the controller. */
#ifndef CVSW_CONTROL_H
#define CVSW_CONTROL_H

#include <linux/if_ether.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "engine/engine.h"
#include "packet_in.h"
#include "proto/cvsw_nl.h"
#include "version2/version2.h"

struct cvsw_backlogs;
struct cvsw_session;

/* Messages that may wait for the worker. */
#define CVSW_CONTROL_QUEUE_MAX	256
/* Of these, ACCEPTs and COOKIEs: the others keep their room. */
#define CVSW_CONTROL_ANSWERS_MAX	8
/* A control message is a whole Ethernet frame, and the vswitch's port takes no larger one. */
#define CVSW_CONTROL_FRAME_MAX	ETH_FRAME_LEN

/**
 * struct cvsw_control - all that goes to and fro between a NIC and its controllers
 *
 * @dev: the NIC
 * @engine: its table is changed by @work only
 * @backlogs: the NIC's, by which it sends
 * @session: version 3; NULL until there is a key, then there for good
 * @work: never runs beside itself, which keeps the messages in order; delayed
 *	by what @session waits for
 * @events: CVSW_EVENT_*, for the worker
 * @version2: what version 2 keeps, where it is built
 * @flow: the worker's scratch, too large for its stack
 * @packet_ins: frames for the controller of version 3
 * @lock: guards @queue, @queued, @hello, @answers and @dead
 * @queue: struct control_frame, oldest first
 * @queued: how many
 * @hello: one of them is a HELLO of version 3; more of them say no more
 * @answers: how many are ACCEPTs and COOKIEs, which anybody can forge who sees a REGISTER
 * @dead: nothing is queued or worked on any more
 * @sending: own frames that the driver has not freed yet, and one for the
 *	session itself
 * @sent: completed when @sending reaches zero
 */
struct cvsw_control {
	struct net_device *dev;
	struct cvsw_engine *engine;
	struct cvsw_backlogs *backlogs;
	struct cvsw_session *session;
	struct delayed_work work;
	unsigned long events;
	struct cvsw_version2 version2;
	struct cvsw_flow flow;
	struct cvsw_packet_ins packet_ins;

	spinlock_t lock;
	struct list_head queue;
	unsigned int queued;
	bool hello;
	unsigned int answers;
	bool dead;

	refcount_t sending;
	struct completion sent;
};

/* For cvsw_control_event(). */
enum cvsw_event {
	CVSW_EVENT_LINK,	/* the NIC can send now */
	CVSW_EVENT_ADDRESS,	/* its MAC address is another */
	CVSW_EVENT_RESTORED,	/* the machine may live a second time; its SAs have stopped */
	CVSW_EVENT_MOVED,	/* it lives on elsewhere */
	CVSW_EVENT_KEY,		/* of version 3: there is another */
	CVSW_EVENT_HELD,	/* cvsw_control_hold() */
};

void cvsw_control_init(struct cvsw_control *control, struct net_device *dev,
		       struct cvsw_engine *engine, struct cvsw_backlogs *backlogs);

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

/**
 * cvsw_control_packet_in() - tell the controller of a frame, if there is one
 *
 * As struct cvsw_engine's to_controller.  Counted in any case, here or when it is sent.
 */
void cvsw_control_packet_in(struct cvsw_control *control, const struct cvsw_walk *walk,
			    const struct sk_buff *skb, unsigned int max_len);

/* Tell the worker.  Context: any but hard interrupt. */
void cvsw_control_event(struct cvsw_control *control, enum cvsw_event event);

/**
 * cvsw_control_hold() - send nothing of version 3 until CVSW_EVENT_RESTORED
 *
 * Ahead of a suspend, behind which the worker runs before there is word of it.
 * Context: any.
 */
void cvsw_control_hold(struct cvsw_control *control);

/**
 * cvsw_control_send() - a frame of our own, past the flows
 * @frame: @len bytes from the destination address on, at most
 *	CVSW_CONTROL_FRAME_MAX; copied
 *
 * Does not wait: where the NIC's queue is full, it is the first that leaves later.
 * Counted.
 * Context: the worker.
 */
void cvsw_control_send(struct cvsw_control *control, const u8 *frame, size_t len);

/** cvsw_control_count() - count, from the worker */
void cvsw_control_count(struct cvsw_control *control, unsigned int counter);

/** cvsw_control_has_link() - can it send? */
bool cvsw_control_has_link(const struct cvsw_control *control);

/* The module's worker pool, for all ports. */
int cvsw_control_module_init(void);
void cvsw_control_module_exit(void);

#endif
