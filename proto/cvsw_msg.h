/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * CVSW control messages, version 2: Ethernet frames with EtherType 0xABBA
 * whose source address field is the header.  proto/README.md is the
 * specification.
 */
#ifndef CVSW_MSG_H
#define CVSW_MSG_H

#include "cvsw_fault.h"
#include "cvsw_v3_frame.h"

#define CVSW_MSG_HEADER_LEN	14
#define CVSW_MSG_V2		2
#define CVSW_ETH_MIN		60	/* without FCS; shorter frames are padded */

enum cvsw_msg_type {
	CVSW_MSG_HELLO = 1,
	CVSW_MSG_REGISTER = 2,
	CVSW_MSG_SET_ENTRY = 3,
	CVSW_MSG_DELETE_ENTRY = 4,
	CVSW_MSG_SET_MTU = 5,
	CVSW_MSG_SET_OFFLOAD = 6,
	CVSW_MSG_LIST_ENTRIES = 7,
	CVSW_MSG_SET_SA = 8,
};

/**
 * struct cvsw_msg - a control message whose framing has been checked
 * @type: enum cvsw_msg_type
 * @dst: the frame's destination MAC address
 * @data1: MTU, CVSW_OFFLOAD_* (cvsw_v3_body.h), or (LIST_ENTRIES answers) frames still to follow
 * @data: Data2, @len bytes; points into the frame
 */
struct cvsw_msg {
	uint8_t type;
	uint8_t dst[CVSW_ETH_ALEN];
	uint16_t data1;
	uint16_t len;
	const uint8_t *data;
};

/**
 * cvsw_msg_decode() - check a frame's framing and read its header
 * @frame: from the destination MAC address on, @len bytes; its EtherType is
 *	checked too
 * @msg: out; undefined after a fault
 * @offset: out, may be NULL: where in @frame the fault is
 */
enum cvsw_fault cvsw_msg_decode(const uint8_t *frame, size_t len,
				struct cvsw_msg *msg, size_t *offset);

/**
 * cvsw_msg_encode() - write a frame, padded to the Ethernet minimum
 * @msg: type, dst, data1 and len are used; data may be NULL if it stands in
 *	@buf already, behind the header
 *
 * Return: bytes written, or 0 if @room is too small.
 */
size_t cvsw_msg_encode(const struct cvsw_msg *msg, uint8_t *buf, size_t room);

/** cvsw_msg_register_mac() - a REGISTER's MAC: Data2 if it is there, else dst */
static inline void cvsw_msg_register_mac(const struct cvsw_msg *msg, uint8_t mac[CVSW_ETH_ALEN])
{
	memcpy(mac, msg->len == CVSW_ETH_ALEN ? msg->data : msg->dst, CVSW_ETH_ALEN);
}

/** cvsw_msg_type_name() - "SET_ENTRY"; "unknown" for others, never NULL */
const char *cvsw_msg_type_name(uint8_t type);

#endif
