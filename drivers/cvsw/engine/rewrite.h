/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of the actions: rewriting single headers. */
#ifndef CVSW_REWRITE_H
#define CVSW_REWRITE_H

#include <linux/skbuff.h>

#include "registers.h"
#include "table/key.h"

/* A frame under work: an sk_buff of its own, what is beside it, and where its headers are. */
struct cvsw_frame {
	struct sk_buff *skb;
	struct cvsw_registers *registers;
	struct cvsw_layout at;
};

/*
 * Each makes as much of the frame's head writable as it writes, which costs two
 * comparisons where that is so already, and leaves a frame that is right in
 * itself: offsets, protocol, checksums.
 *
 * Return: 0, -ENODATA (the frame has no such field, or it cannot be set right:
 * nothing has changed), -ENOMEM or -ETIME (the frame has to end here).
 */

/* @offset: of the address in the Ethernet header */
int cvsw_set_mac(struct cvsw_frame *frame, unsigned int offset, const u8 *mac);

/* The outermost tag, as cvsw_key.vlan_tci. */
u16 cvsw_vlan_tci(const struct cvsw_frame *frame);

/* @bits, of those in @mask, of the outermost tag; there is one then */
int cvsw_set_vlan(struct cvsw_frame *frame, u16 mask, u16 bits);
int cvsw_strip_vlan(struct cvsw_frame *frame);

/* @field: offset of an address in the IPv4 header */
int cvsw_set_nw_addr(struct cvsw_frame *frame, unsigned int field, __be32 to);

/* @field: offset of an address in the IPv6 header; @to: the new one */
int cvsw_set_ipv6_addr(struct cvsw_frame *frame, unsigned int field, const u8 *to);

/* @bits, of those in @mask, of ToS or traffic class: CVSW_DSCP_MASK, INET_ECN_MASK or both */
int cvsw_set_nw_tos(struct cvsw_frame *frame, u8 mask, u8 bits);

/* @field: offset of a port in the transport header */
int cvsw_set_tp_port(struct cvsw_frame *frame, unsigned int field, __be16 to);

/* Of IPv4 or IPv6, and the frame has one. */
int cvsw_set_ttl(struct cvsw_frame *frame, u8 ttl);

/* -ETIME: it has none left. */
int cvsw_dec_ttl(struct cvsw_frame *frame);

/* ---- fields by name, whole or in part: fields.c ---- */

int cvsw_move_bits(struct cvsw_frame *frame, const struct cvsw_move *move);
int cvsw_load_bits(struct cvsw_frame *frame, const struct cvsw_load *load);

/* ---- for writing other fields ---- */

/*
 * Bring a checksum in line with a change of bytes it covers.
 * @at: the field, writable
 * @pseudo: the change is in the pseudo header
 */
void cvsw_update_checksum(struct cvsw_frame *frame, void *at, __be32 from, __be32 to,
			  bool pseudo);

/* Write @len writable bytes behind the Ethernet header, at an even offset. */
void cvsw_put_bytes(struct sk_buff *skb, void *at, const void *value, unsigned int len);

#endif
