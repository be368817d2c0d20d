/* SPDX-License-Identifier: GPL-2.0 */
/* The table that is measured: the same flows for everyone, and frames for them. */
#ifndef CVSW_BENCH_SHAPE_H
#define CVSW_BENCH_SHAPE_H

#include <linux/seq_file.h>
#include <linux/skbuff.h>

#include "proto/cvsw_flow.h"

#define SHAPE_ENTRIES_MAX	(1 << 20)
#define SHAPE_MASKS_MAX		32

/**
 * enum shape_kind - what flows of one mask have in common
 * @SHAPE_NAMED: each drops UDP to one port between two IPv4 prefixes, and the last
 *	byte of the destination address names the mask.  No two flows overlap, and CVSW
 *	sees by that byte, before it hashes, which masks a frame cannot match
 * @SHAPE_TENANT: masks of different fields, as a tenant has them: Ethernet addresses,
 *	prefixes of one length or another, pairs of them, ports.  Nothing that all flows
 *	of a mask share tells a frame of another one.  Now and then two overlap, which
 *	is the same to all that are measured, for each flow drops
 * @SHAPE_ROW: as SHAPE_NAMED, in the last of several tables; each in front has one flow,
 *	which writes a register and goes to the next.  For CVSW alone
 */
enum shape_kind { SHAPE_NAMED, SHAPE_TENANT, SHAPE_ROW };

/* Tables of SHAPE_ROW. */
#define SHAPE_ROW_TABLES	10

/* @entries flows with @masks masks */
struct shape {
	enum shape_kind kind;
	u32 entries;
	u32 masks;
};

/** shape_flow() - the @i-th flow; @flow zeroed before by the caller, once */
void shape_flow(const struct shape *shape, u32 i, struct cvsw_flow *flow);

/** shape_link() - of SHAPE_ROW, the flow that leads on from a table in front of the last */
void shape_link(unsigned int table, struct cvsw_flow *flow);

/* The same as a line for ovs-dpctl add-flows, and for tc -batch. */
void shape_print_ovs(const struct shape *shape, u32 i, struct seq_file *out);
void shape_print_tc(const struct shape *shape, u32 i, struct seq_file *out);

/**
 * shape_frame() - a frame of 64 bytes (with its checksum, which is not there)
 * @i: the flow that it matches; @shape->entries and above: none
 * @tp_src: its source port, which no flow looks at
 * Return: as a driver has it before eth_type_trans(), or NULL.
 */
struct sk_buff *shape_frame(const struct shape *shape, u32 i, u16 tp_src);

#endif
