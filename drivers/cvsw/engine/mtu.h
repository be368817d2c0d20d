/* SPDX-License-Identifier: GPL-2.0 */
/* Frames that are too large once layers are around them. */
#ifndef CVSW_MTU_H
#define CVSW_MTU_H

#include <linux/skbuff.h>

#include "walk.h"
#include "table/key.h"

/**
 * struct cvsw_layers - what is to be around a frame's IP packet
 * @l2: bytes in front of it that go into a tunnel with it: its Ethernet header and its
 *	tags; 0: it goes into none
 * @bytes: of headers and trailers around that, from the IP header on the wire on
 * @dst: where that goes
 */
struct cvsw_layers {
	unsigned int l2;
	unsigned int bytes;
	__be32 dst;
};

/**
 * cvsw_mtu_check() - will a frame with its layers fit the wire?
 * @walk: where it stands; its engine says what fits
 * @skb: data at the Ethernet header, no layer around it yet; not written to
 * @at: layout of @skb
 * @layers: that it is to get
 *
 * If it does not fit and the guest is the sender, the guest gets ICMP fragmentation
 * needed (RFC 792; RFC 1191) or ICMPv6 packet too big (RFC 4443, 3.2), from the packet's
 * destination, by netif_rx(): some 50 a second for each pair of addresses, for what is
 * more is counted apart.  Of a trace nobody is told.  As the answer comes in by the NIC
 * and quotes what left by it, a guest that translates addresses maps it back.
 *
 * It fits if the IP packet on the wire is no larger than engine->wire_mtu, or
 * the packet inside no larger than what the controller has set as MTU, in which
 * it has left room for the layers of a frame without tags, unless a router has said that
 * the path takes less (pmtu.h).
 * Context: as cvsw_handle_frame().
 * Return: whether it fits; if not, it is counted, and the caller drops it.
 */
bool cvsw_mtu_check(const struct cvsw_walk *walk, const struct sk_buff *skb,
		    const struct cvsw_layout *at, const struct cvsw_layers *layers);

#endif
