/* SPDX-License-Identifier: GPL-2.0 */
/* What a frame that is to get or has lost outer headers carries: IPv4 or IPv6. */
#ifndef CVSW_INNER_H
#define CVSW_INNER_H

#include <linux/skbuff.h>

/* More tags than anybody sends: an sk_buff's offsets have 16 bits. */
#define CVSW_INNER_L3_MAX	256

/**
 * struct cvsw_inner - the IP packet in a frame
 *
 * Offsets count from the Ethernet header.
 *
 * @type: ETH_P_IP, ETH_P_IPV6, or 0: neither, or its header is cut short; all
 *	that follows is then zero, but for @l3
 * @l3: behind the Ethernet header and all VLAN tags; if they take more than
 *	CVSW_INNER_L3_MAX bytes, behind the Ethernet header
 * @l4: TCP or UDP header, whole but for options; 0: another protocol, a
 *	fragment, cut short, or behind extension headers of IPv6
 * @protocol: of what is at @l4
 * @tos: DSCP and ECN
 */
struct cvsw_inner {
	u16 type;
	u16 l3;
	u16 l4;
	u8 protocol;
	u8 tos;
};

/**
 * cvsw_inner_read() - find the IP packet in a frame
 * @skb: data at the Ethernet header, no tag in skb->vlan_tci; not written to
 */
void cvsw_inner_read(const struct sk_buff *skb, struct cvsw_inner *inner);

/**
 * cvsw_inner_hash() - a number that is the same for all frames of a flow, and
 *	likely another for another flow's
 * @inner: by cvsw_inner_read()
 */
u32 cvsw_inner_hash(const struct sk_buff *skb, const struct cvsw_inner *inner);

#endif
