/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CVSW_KEY_H
#define CVSW_KEY_H

#include <linux/skbuff.h>

#include "proto/cvsw_flow.h"

/* A neighbor solicitation or advertisement without options (RFC 4861, 4.3). */
#define CVSW_ND_MESSAGE_LEN	24

/**
 * struct cvsw_layout - where a frame's headers are, for those who rewrite them
 *
 * Offsets count from the Ethernet header; zero where there is no such header.
 *
 * @network: IPv4 header, whole with its options
 * @ipv6: IPv6 header; where there is one, @network and @arp are zero, and so on
 * @arp: ARP of IPv4 over Ethernet, whole
 * @transport: what follows IPv4's header, or IPv6's with its extensions; zero in
 *	later fragments
 * @end: where the IP packet ends; padding may follow
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
	u8 protocol;
	bool fragment;
	bool routed;
	bool whole;
};

/**
 * cvsw_skip_tags() - go behind all VLAN tags in a frame
 * @skb: data at the Ethernet header; not written to, may be shared
 * @type: in: the Ethernet header's; out: what is behind the last tag
 * @tci: in: that of a tag outside of the frame's bytes, with CVSW_VLAN_PRESENT,
 *	or zero; out: the first tag with an identifier other than zero, else the
 *	first tag, with CVSW_VLAN_PRESENT, or zero
 *
 * Linux strips tags with identifier zero, however many there are (IEEE 802.1Q,
 * 6.9: they have a priority only), and VLAN devices take off the others.
 * Return: offset of what follows @type, or 0 if the frame ends in a tag.
 */
unsigned int cvsw_skip_tags(const struct sk_buff *skb, __be16 *type, u16 *tci);

/**
 * cvsw_key_extract() - read the fields that flows match
 * @skb: data at the Ethernet header; not written to, may be shared
 * @in: ingress port
 * @key: out: every byte set
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

/**
 * cvsw_frame_is_control() - would a switch take the frame for a control message?
 * @skb: data at the Ethernet header; not written to, may be shared
 *
 * Looks for EtherType 0xABBA behind any number of VLAN tags, for a flow here or
 * in the vswitch may strip them, and behind SNAP, where dl_type is as well.
 */
bool cvsw_frame_is_control(const struct sk_buff *skb);

#endif
