/* SPDX-License-Identifier: GPL-2.0 */
/* VXLAN (RFC 7348) over IPv4. */
#ifndef CVSW_VXLAN_H
#define CVSW_VXLAN_H

#include <linux/skbuff.h>

#include "engine/walk.h"
#include "table/key.h"

/* Ethernet 14, IPv4 20, UDP 8, VXLAN 8. */
#define CVSW_VXLAN_HEAD		50

/* RFC 6335, 6: ports that are never assigned, as RFC 7348 recommends them, from here on. */
#define CVSW_VXLAN_FIRST_PORT	49152

/* An end of a tunnel: an IPv4 address, mapped into IPv6. */
static inline __be32 cvsw_vxlan_ipv4(const u8 addr[CVSW_IP_LEN])
{
	__be32 ip;

	memcpy(&ip, addr + CVSW_IP_LEN - sizeof(ip), sizeof(ip));
	return ip;
}

static inline __be32 cvsw_vxlan_dst(const struct cvsw_tunnel *tunnel)
{
	return cvsw_vxlan_ipv4(tunnel->dst);
}

/**
 * cvsw_vxlan_encap() - put frames into VXLAN
 * @list: by cvsw_segment() with CVSW_VXLAN_HEAD bytes of headroom; all of one
 *	flow
 * @at: layout of the first of them
 * @tunnel: what to put them into; addresses are IPv4's
 *
 * The source port is made of the inner flow (RFC 7348, 5), ECN follows RFC 6040,
 * 4.1.  DF is set: outer fragments are never made.
 * Context: as cvsw_handle_frame().
 */
void cvsw_vxlan_encap(struct sk_buff *list, const struct cvsw_layout *at,
		      const struct cvsw_tunnel *tunnel);

/**
 * cvsw_vxlan_is() - is it IPv4 UDP to VXLAN's own port?
 * @at: its layout, by cvsw_key_extract()
 *
 * A later fragment has no port, and is none.
 * Context: as cvsw_handle_frame().
 */
bool cvsw_vxlan_is(const struct sk_buff *skb, const struct cvsw_layout *at);

/**
 * cvsw_vxlan_decap() - take a frame out of VXLAN
 * @walk: the frame's way: learns the tunnel's identity
 * @skb: not shared, but maybe cloned, non-linear, GSO of a tunnel;
 *	CHECKSUM_* as cvsw_handle_frame() has it.  Consumed if an error is returned
 * @at: its layout, by cvsw_key_extract()
 *
 * Drops what RFC 7348 does not allow, outer fragments, a wrong UDP checksum,
 * control frames, and what RFC 6040, 4.2 says to drop: each counted.  The inner
 * frame's protocol, offsets, hash, VLAN tag and checksum state are its own.
 * Context: as cvsw_handle_frame().
 * Return: the inner frame, data at its Ethernet header, or NULL.
 */
struct sk_buff *cvsw_vxlan_decap(struct cvsw_walk *walk, struct sk_buff *skb,
				 const struct cvsw_layout *at);

#endif
