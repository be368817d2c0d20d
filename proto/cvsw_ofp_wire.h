/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Numbers and layouts of the OpenFlow channel that cvsw_ofp.c (decoder) and
 * cvsw_ofp_encode.c share.  Clauses are those of the OpenFlow Switch
 * Specifications 1.0.0 and 1.3.5.
 */
#ifndef CVSW_OFP_WIRE_H
#define CVSW_OFP_WIRE_H

#include "cvsw_ofp.h"

/*
 * ofp_header (1.0: 5.1; 1.3: 7.1.1)
 *	+---------------+---------------+-------------------------------+
 *   0	|    version    |     type      |    length, header included    |
 *   4	|                              xid                              |
 *	+---------------------------------------------------------------+
 */
enum ofp_type {
	OFPT_HELLO = 0,
	OFPT_ERROR = 1,
	OFPT_ECHO_REQUEST = 2,
	OFPT_ECHO_REPLY = 3,
	OFPT_FEATURES_REQUEST = 5,
	OFPT_FEATURES_REPLY = 6,
	OFPT_SET_CONFIG = 9,
	OFPT_PACKET_IN = 10,
	OFPT_PORT_STATUS = 12,
	OFPT_PACKET_OUT = 13,
	OFPT_FLOW_MOD = 14,
	OFPT10_STATS_REQUEST = 16,
	OFPT10_STATS_REPLY = 17,
	OFPT10_BARRIER_REQUEST = 18,
	OFPT10_BARRIER_REPLY = 19,
	OFPT13_MULTIPART_REQUEST = 18,
	OFPT13_MULTIPART_REPLY = 19,
	OFPT13_BARRIER_REQUEST = 20,
	OFPT13_BARRIER_REPLY = 21,
};

#define OFPHET_VERSIONBITMAP	1	/* 1.3: 7.5.1 */
#define OFPST10_FLOW		1	/* 1.0: 5.3.5 */
#define OFPMP_FLOW		1	/* 1.3: 7.3.5 */
#define OFPMP_PORT_DESC		13
#define OFPMPF_REPLY_MORE	0x0001
#define OFPC_FRAG_NORMAL	0	/* 1.0: 5.3.2; 1.3: 7.3.2 */
#define OFPPC_PORT_DOWN		0x00000001
#define OFPPS_LINK_DOWN		0x00000001

/* Ports of 1.0 from here on are reserved and stand at the same place of 1.3's. */
#define OFPP10_MAX		0xff00

#define OFP10_PHY_PORT_LEN	48	/* 1.0: 5.2.1 */
#define OFP13_PORT_LEN		64	/* 1.3: 7.2.1 */

/* OXM (1.3: 7.2.2.3): class 16 bits, field 7, has_mask 1, length 8. */
#define OXM_CLASS_BASIC		0x8000
#define OXM_IN_PORT		0
#define OXM_ETH_TYPE		5
#define OXM_HEADER(field, len)	((uint32_t)OXM_CLASS_BASIC << 16 | (field) << 9 | (len))
#define OFPMT_OXM		1

#define OFPAT_OUTPUT		0
#define OFPIT_APPLY_ACTIONS	4
#define OFPFC_ADD		0
#define OFPCML_NO_BUFFER	0xffff	/* in 1.0: more than any frame is long */
#define OFPG_ANY		0xffffffff
#define OFPFW10_ALL		((1 << 22) - 1)
#define OFPFW10_DL_TYPE		(1 << 4)
#define OFPFW10_NW		(0xfff << 8)
#define OFPFW10_NW_SRC_ALL	(32 << 8)
#define OFPFW10_NW_DST_ALL	(32 << 14)

/* Are the entries of a flow statistics reply whole?  @at: where one is not. */
enum cvsw_fault cvsw_ofp_check_flows(const struct cvsw_ofp_flows *flows, size_t *at);

#endif
