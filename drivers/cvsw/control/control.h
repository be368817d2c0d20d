/* SPDX-License-Identifier: GPL-2.0 */
/* What a port's control side stands on: its state, its worker's queue, its own frames. */
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
#include "stats.h"

struct cvsw_backlogs;
struct cvsw_version3;

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
 * @version3: the end of version 3; NULL until there is a key, then there for good
 * @work: never runs beside itself, which keeps the messages in order; delayed
 *	by what @version3 waits for
 * @events: CVSW_EVENT_*, for the worker
 * @version2: what version 2 keeps, if it is built: @allowed: its messages are taken as
 *	long as there is no key; @register_due: a REGISTER waits for the link; @state: enum
 *	cvsw_nl_state, written by the worker; @frame: scratch, what it sends
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
	struct cvsw_version3 *version3;
	struct delayed_work work;
	unsigned long events;
#ifdef CVSW_VERSION2
	struct {
		bool allowed;
		bool register_due;
		u8 state;
		u8 frame[CVSW_CONTROL_FRAME_MAX];
	} version2;
#endif
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

/**
 * cvsw_control_kill() - take no message from here on, and do none that waits
 *
 * Context: any but hard interrupt; does not wait for the worker.
 */
void cvsw_control_kill(struct cvsw_control *control);

/**
 * cvsw_control_kick() - have the worker run now, whatever it waits for; if not @dead
 *
 * Context: any; with @lock held, or in the way of a frame, which has ended before
 * cvsw_control_finish().
 */
void cvsw_control_kick(struct cvsw_control *control);

/** cvsw_control_work_after() - have the worker run after @delay jiffies, if not before; worker */
void cvsw_control_work_after(struct cvsw_control *control, unsigned long delay);

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
