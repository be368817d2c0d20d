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
 * struct shape - @entries flows with @masks masks
 *
 * Each drops UDP to one port between two IPv4 prefixes.  The last byte of the
 * destination address names the mask, so that no two flows overlap: the kernel's
 * openvswitch knows no priorities.  CVSW sees by that byte, before it hashes, which
 * masks a frame cannot match: with masks whose flows have nothing in common it would
 * have to try them all.
 */
struct shape {
	u32 entries;
	u32 masks;
};

/** shape_flow() - the @i-th flow; @flow zeroed before by the caller, once */
void shape_flow(const struct shape *shape, u32 i, struct cvsw_flow *flow);

/* The same as a line for ovs-dpctl add-flows, and for tc -batch. */
void shape_print_ovs(const struct shape *shape, u32 i, struct seq_file *out);
void shape_print_tc(const struct shape *shape, u32 i, struct seq_file *out);

/**
 * shape_frame() - a frame of 64 bytes (with its checksum, which is not there)
 * @i: the flow that it matches; @shape->entries: none
 * @tp_src: its source port, which no flow looks at
 * Return: as a driver has it before eth_type_trans(), or NULL.
 */
struct sk_buff *shape_frame(const struct shape *shape, u32 i, u16 tp_src);

#endif
