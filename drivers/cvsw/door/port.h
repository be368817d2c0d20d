/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A port: one NIC under CVSW, from probe to remove.  This is all that a door
 * (a patched driver, later the netfilter hooks) sees of the module.
 */
#ifndef CVSW_PORT_H
#define CVSW_PORT_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

struct cvsw_port;

/**
 * struct cvsw_driver - what a port needs of its NIC's driver
 *
 * Both are called with the transmit queue's lock held.
 *
 * @start_xmit: the driver's own ndo_start_xmit
 * @kick: rings a transmit queue's doorbell for frames that wait for it, as
 *	@start_xmit does for one that is the last of a burst
 */
struct cvsw_driver {
	netdev_tx_t (*start_xmit)(struct sk_buff *skb, struct net_device *dev);
	void (*kick)(struct net_device *dev, unsigned int queue);
};

/**
 * cvsw_port_create() - put a NIC under CVSW
 * @dev: not yet registered, so that its first frame is ours already
 * @driver: outlives the port
 *
 * Context: process context.
 * Return: the port, or an ERR_PTR.
 */
struct cvsw_port *cvsw_port_create(struct net_device *dev, const struct cvsw_driver *driver);

/**
 * cvsw_port_kill() - no control message is taken or worked on from here on
 *
 * Context: process context, before unregister_netdev(); does not wait for the
 * worker if RTNL is held, for the worker may wait for RTNL.
 */
void cvsw_port_kill(struct cvsw_port *port);

/**
 * cvsw_port_destroy() - free a killed port
 *
 * Context: process context without RTNL, after unregister_netdev() and before
 * free_netdev(): no frame is under way in the device any more.
 */
void cvsw_port_destroy(struct cvsw_port *port);

/**
 * cvsw_port_transmit() - a frame on its way from the guest's stack to the NIC
 * @skb: data at the Ethernet header; consumed
 *
 * Context: ndo_start_xmit.
 * Return: a frame that the driver is to send now, or NULL: all is done, for
 * what became of the frame, if anything, has been given to the driver's
 * start_xmit, or waits until the driver wakes the queue.
 */
struct sk_buff *cvsw_port_transmit(struct cvsw_port *port, struct sk_buff *skb);

/**
 * cvsw_port_woken() - the driver has woken a transmit queue
 * Context: any, interrupts too.
 */
void cvsw_port_woken(struct cvsw_port *port, const struct netdev_queue *txq);

/**
 * cvsw_port_all_woken() - the driver has woken all of them, or set how many it uses
 * Context: any.
 */
void cvsw_port_all_woken(struct cvsw_port *port);

/**
 * cvsw_port_receive() - a frame on its way from the NIC to the guest's stack
 * @napi: by which it goes there
 * @skb: eth_type_trans() has run: data behind the Ethernet header; consumed
 *
 * Context: NAPI poll.
 */
void cvsw_port_receive(struct cvsw_port *port, struct napi_struct *napi, struct sk_buff *skb);

#endif
