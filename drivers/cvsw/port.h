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
 * cvsw_port_create() - put a NIC under CVSW
 * @dev: not yet registered, so that its first frame is ours already
 *
 * Context: process context.
 * Return: the port, or an ERR_PTR.
 */
struct cvsw_port *cvsw_port_create(struct net_device *dev);

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
 * Return: what the driver is to send, or NULL: nothing, and then the caller
 * kicks the queue if no frame follows (!netdev_xmit_more()).
 */
struct sk_buff *cvsw_port_transmit(struct cvsw_port *port, struct sk_buff *skb);

/**
 * cvsw_port_receive() - a frame on its way from the NIC to the guest's stack
 * @skb: eth_type_trans() has run: data behind the Ethernet header; consumed
 *
 * Context: NAPI poll.
 * Return: what goes to the stack, in the same form, or NULL.
 */
struct sk_buff *cvsw_port_receive(struct cvsw_port *port, struct sk_buff *skb);

#endif
