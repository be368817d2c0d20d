/* SPDX-License-Identifier: GPL-2.0 */
/* Frames that are too large once layers are around them. */
#ifndef CVSW_MTU_H
#define CVSW_MTU_H

#include <linux/skbuff.h>

#include "engine.h"
#include "inner.h"

/**
 * cvsw_mtu_check() - will a frame with its layers fit the wire?
 * @walk: where it stands; its engine says what fits
 * @skb: data at the Ethernet header, no layer around it yet; not written to
 * @inner: of @skb
 * @layers: bytes by which the IP packet on the wire is longer than the frame
 *
 * The guest is told, if it is the sender: ICMP fragmentation needed (RFC 792;
 * RFC 1191) or ICMPv6 packet too big (RFC 4443, 3.2), from the packet's
 * destination, given to its stack by netif_rx().  Of a trace nobody is.
 *
 * It fits if the IP packet on the wire is no larger than engine->wire_mtu, or
 * the packet inside no larger than what the controller has set as MTU, in which
 * it has left room for the layers.
 * Context: as cvsw_handle_frame().
 * Return: whether it fits; if not, it is counted, and the caller drops it.
 */
bool cvsw_mtu_check(const struct cvsw_walk *walk, const struct sk_buff *skb,
		    const struct cvsw_inner *inner, unsigned int layers);

#endif
