/* SPDX-License-Identifier: GPL-2.0 */
/* Frames with room around them, of the size that goes on the wire. */
#ifndef CVSW_SEGMENT_H
#define CVSW_SEGMENT_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "table/key.h"

/**
 * enum cvsw_payload - what is done with the payload of segments
 * @CVSW_PAYLOAD_SUMMED: what is in pages stays there, unless someone may still
 *	write to them (skb_has_shared_frag()), and the transport checksum is
 *	finished
 * @CVSW_PAYLOAD_COPIED: likewise, but all is made linear, for someone is going to
 *	write to it, or to compute one more checksum over it
 * @CVSW_PAYLOAD_UNTOUCHED: stays where it is, and the transport checksum is left
 *	to the device (CHECKSUM_PARTIAL), behind outer headers, too, if it was
 *	before or is TCP's of a GSO frame.  But kinds left to skb_gso_segment()
 *	have theirs finished
 */
enum cvsw_payload {
	CVSW_PAYLOAD_SUMMED,
	CVSW_PAYLOAD_COPIED,
	CVSW_PAYLOAD_UNTOUCHED,
};

/* What a driver puts in front of a frame: virtio's header is 12 to 20 bytes. */
#define CVSW_DRIVER_HEAD	24

/*
 * The most segments one frame may have: each is an allocation with bottom halves
 * disabled.  64 KiB at an MSS of 536 (RFC 9293, 3.7.1) are 122, and Linux allows UDP 128.
 * The size is what the sender says, who may be a packet socket or another machine.
 */
#define CVSW_SEGMENTS_MAX	128

/** cvsw_too_many_segments() - @headers: length of what each segment begins with */
static inline bool cvsw_too_many_segments(const struct sk_buff *skb, unsigned int headers)
{
	return skb_is_gso(skb) && skb->len > headers &&
	       DIV_ROUND_UP(skb->len - headers, skb_shinfo(skb)->gso_size) > CVSW_SEGMENTS_MAX;
}

/* The sender asked when the frame leaves (SO_TIMESTAMPING): that is when @to does. */
static inline void cvsw_carry_stamp(struct sk_buff *to, const struct sk_buff *from)
{
	skb_shinfo(to)->tx_flags |= skb_shinfo(from)->tx_flags & SKBTX_ANY_TSTAMP;
	skb_shinfo(to)->tskey = skb_shinfo(from)->tskey;
}

/**
 * cvsw_segment() - make wire-sized frames that outer headers can be put around
 * @skb: data at the Ethernet header, no tag in skb->vlan_tci; possibly GSO,
 *	shared, cloned, non-linear, CHECKSUM_PARTIAL.  Consumed, but left alone if
 *	an ERR_PTR is returned
 * @at: layout of @skb
 * @headroom: bytes wanted in front; a new frame has room for ESP besides
 * @payload: what is done with it
 *
 * TCP and UDP GSO is segmented in one pass; other kinds are left to
 * skb_gso_segment().  A frame that is not GSO, is nobody else's and has the room
 * stays as it is.  In each the transport checksum is finished (CHECKSUM_NONE or
 * what was better) unless @payload says otherwise, and the first @headroom bytes
 * in front are its own.  The sender's socket is charged for @skb until the last
 * of them is freed, as TCP small queues want it, or the one whose time of sending it
 * wants to know, as the stack's own segmentation has it: the one with the byte asked for,
 * of UDP the first.
 *
 * Context: as cvsw_handle_frame().
 * Return: one frame, or a list linked by skb->next, or ERR_PTR(-ENOMEM), or
 * ERR_PTR(-EINVAL): a GSO frame whose headers are not what it says, or
 * ERR_PTR(-E2BIG): more than CVSW_SEGMENTS_MAX.
 */
struct sk_buff *cvsw_segment(struct sk_buff *skb, const struct cvsw_layout *at,
			     unsigned int headroom, enum cvsw_payload payload);

/**
 * cvsw_segment_len() - the length of the longest frame that cvsw_segment() makes
 * @at: layout of @skb
 */
unsigned int cvsw_segment_len(const struct sk_buff *skb, const struct cvsw_layout *at);

#endif
