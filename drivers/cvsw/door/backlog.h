/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between a port and its NIC's transmit queues: where frames wait when one
 * frame of the stack has become more than the queue takes.
 */
#ifndef CVSW_BACKLOG_H
#define CVSW_BACKLOG_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "port.h"
#include "stats.h"

/* Frames that may wait for one queue, and as many of control. */
#define CVSW_BACKLOG_MAX	1024

struct cvsw_backlogs;

/**
 * cvsw_backlogs_create() - a backlog for each of a device's transmit queues
 * @driver: outlives them, and so does @stats
 *
 * Context: process context.
 * Return: NULL without memory.
 */
struct cvsw_backlogs *cvsw_backlogs_create(struct net_device *dev,
					   const struct cvsw_driver *driver,
					   struct cvsw_stats __percpu *stats);

/**
 * cvsw_backlogs_destroy() - free backlogs and what waits in them
 * Context: process context; no other call is under way or comes.
 */
void cvsw_backlogs_destroy(struct cvsw_backlogs *backlogs);

/** cvsw_backlogs_purge() - free what waits: the device is down; any context */
void cvsw_backlogs_purge(struct cvsw_backlogs *backlogs);

/**
 * cvsw_backlog_xmit() - give frames to the driver, behind those that wait
 * @queue: index of the transmit queue
 * @list: frames linked by skb->next, consumed; NULL: the frame was swallowed,
 *	and only the doorbell may have to be rung
 *
 * The driver is never called with its queue stopped: what is left then waits
 * until the queue is woken.  The doorbell is rung once, and not if
 * netdev_xmit_more().
 * Context: ndo_start_xmit.
 * Return: a frame that its caller is to give to the driver, which it can do
 * without an indirect call, or NULL.
 */
struct sk_buff *cvsw_backlog_xmit(struct cvsw_backlogs *backlogs, unsigned int queue,
				  struct sk_buff *list);

/**
 * cvsw_backlog_add() - have a frame sent soon, from outside of ndo_start_xmit
 * @skb: consumed; goes to the queue of its queue mapping, if the device serves it
 *	(real_num_tx_queues), else to another
 * Context: process context or softirq.
 */
void cvsw_backlog_add(struct cvsw_backlogs *backlogs, struct sk_buff *skb);

/**
 * cvsw_backlog_add_first() - have a frame of control sent ahead of all data
 * @skb: consumed, if true is returned
 *
 * Goes to queue 0 at once, or as the first when that queue takes frames again; such
 * frames keep their order.
 * Context: process context or softirq, no queue's lock held.
 * Return: false: the device is down, or too many wait.
 */
bool cvsw_backlog_add_first(struct cvsw_backlogs *backlogs, struct sk_buff *skb);

/** cvsw_backlog_woken() - a queue takes frames again; any context */
void cvsw_backlog_woken(struct cvsw_backlogs *backlogs, unsigned int queue);

/** cvsw_backlogs_woken() - all queues do, or the device serves fewer of them; any context */
void cvsw_backlogs_woken(struct cvsw_backlogs *backlogs);

#endif
