/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Numbers that cvsw_ofs.c and cvsw_ofs_encode.c share. */
#ifndef CVSW_OFS_WIRE_H
#define CVSW_OFS_WIRE_H

#include "cvsw_ofp_wire.h"
#include "cvsw_ofs.h"

/* ofp_type of 1.0 (5.1), besides those of cvsw_ofp_wire.h. */
#define OFPT_VENDOR			4
#define OFPT_GET_CONFIG_REQUEST		7
#define OFPT_GET_CONFIG_REPLY		8
#define OFPT_FLOW_REMOVED		11

/* Of 1.3 (7.1). */
#define OFPT13_GROUP_MOD		15
#define OFPT13_ROLE_REQUEST		24
#define OFPT13_ROLE_REPLY		25
#define OFPT13_GET_ASYNC_REQUEST	26
#define OFPT13_GET_ASYNC_REPLY		27
#define OFPT13_SET_ASYNC		28
#define OFPT13_METER_MOD		29

/* Nicira's extension. */
#define OFP_NX_VENDOR			0x00002320
#define NXT_SET_FLOW_FORMAT		12
#define NXT_FLOW_MOD			13
#define NXT_FLOW_REMOVED		14
#define NXT_FLOW_MOD_TABLE_ID		15
#define NXST_FLOW			0
#define NXST_AGGREGATE			1
#define NXFF_OPENFLOW10			0
#define NXFF_NXM			2
#define NXM_NX_COOKIE			0x00013c08
#define NXM_NX_COOKIE_W			0x00013d10
#define NXET_VENDOR			0xb0c2
#define NXVC_VENDOR_ERROR		0

/** cvsw_ofs_error_of() - a codec's fault as OpenFlow says it */
enum cvsw_ofs_error cvsw_ofs_error_of(enum cvsw_fault fault);

#endif
