/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CVSW_KEY_H
#define CVSW_KEY_H

#include <linux/in.h>
#include <linux/skbuff.h>

#include "proto/cvsw_flow.h"

/* A neighbor solicitation or advertisement without options (RFC 4861, 4.3). */
#define CVSW_ND_MESSAGE_LEN	24

/* More tags than anybody sends: an sk_buff's offsets have 16 bits. */
#define CVSW_L3_MAX		256

/**
 * struct cvsw_layout - where a frame's headers are, for those who rewrite them
 *
 * Offsets count from the Ethernet header; zero where there is no such header.
 *
 * @l3: behind the Ethernet header and all VLAN tags; ETH_HLEN if they are cut short or
 *	take more than CVSW_L3_MAX bytes
 * @network: IPv4 header, whole with its options
 * @ipv6: IPv6 header; where there is one, @network and @arp are zero, and so on
 * @arp: ARP of IPv4 over Ethernet, whole
 * @transport: what follows IPv4's header, or IPv6's with its extensions; zero in
 *	later fragments
 * @end: where the IP packet ends; padding may follow
 * @tos: IPv4's or IPv6's DSCP and ECN
 * @protocol: of what is at @transport
 * @fragment: the first fragment of several
 * @routed: of IPv6, that goes on from its destination to another (RFC 8200, 4.4)
 * @whole: the key has all fields that a stack can find in this frame, or can
 *	find behind other fragments of it.  False: a header lies, is cut short or
 *	goes on in another fragment, so that the frame must not reach a stack
 */
struct cvsw_layout {
	u32 network;
	u32 ipv6;
	u32 arp;
	u32 transport;
	u32 end;
	u16 l3;
	u8 tos;
	u8 protocol;
	bool fragment;
	bool routed;
	bool whole;
};

/** cvsw_layout_is_ip() - is IPv4 or IPv6 at @at->l3, not behind SNAP or too many tags? */
static inline bool cvsw_layout_is_ip(const struct cvsw_layout *at)
{
	return at->l3 == (at->network ?: at->ipv6);
}

/** cvsw_layout_has_ports() - are TCP's or UDP's ports the same in all of the packet's flow? */
static inline bool cvsw_layout_has_ports(const struct cvsw_layout *at)
{
	return (at->protocol == IPPROTO_TCP || at->protocol == IPPROTO_UDP) && at->transport &&
	       !at->fragment;
}

/**
 * cvsw_key_extract() - read the fields that flows match
 * @skb: data at the Ethernet header; not written to, may be shared
 * @in: ingress port
 * @key: out: every byte set but the registers, of which it says that they are not there
 * @layout: out
 *
 * A header that is cut short, or that claims more than the frame holds, ends
 * the reading: its fields and those above stay zero, and @layout->whole is
 * false.  Of a transport header the first four bytes suffice for ports, so that
 * a tiny first fragment does not slip past a flow that matches them (RFC 1858, 3).
 * A neighbor message whose options lie (RFC 4861, 4.6) has neither target nor
 * addresses.
 * Return: 0, or -EINVAL if the frame has no whole Ethernet header.
 */
int cvsw_key_extract(const struct sk_buff *skb, enum cvsw_ingress in,
		     struct cvsw_key *key, struct cvsw_layout *layout);

/** cvsw_layout_read() - as cvsw_key_extract(), for those who need no fields */
int cvsw_layout_read(const struct sk_buff *skb, struct cvsw_layout *layout);

/**
 * cvsw_layout_hash() - a number that all frames of a flow share, and hardly any two flows
 * @skb: whose layout @at is
 *
 * A later fragment has the number of the first, so fragments go without their ports.
 */
u32 cvsw_layout_hash(const struct sk_buff *skb, const struct cvsw_layout *at);

/**
 * cvsw_frame_is_control() - would a switch take the frame for a control message?
 * @skb: data at the Ethernet header; not written to, may be shared
 *
 * Looks for EtherType 0xABBA behind any number of VLAN tags, for a flow here or
 * in the vswitch may strip them, and behind SNAP, where dl_type is as well.
 */
bool cvsw_frame_is_control(const struct sk_buff *skb);

#endif
