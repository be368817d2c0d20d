/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The parts of a flow_mod, between cvsw_ofp10.c (its frame and ofp_match),
 * cvsw_nxm.c (nx_match) and cvsw_ofp10_actions.c.  Not for others.
 */
#ifndef CVSW_OFP10_PARTS_H
#define CVSW_OFP10_PARTS_H

#include "cvsw_cursor.h"
#include "cvsw_fault.h"
#include "cvsw_flow.h"

#define OFP10_VID_MAX		4095
#define OFP10_PCP_MAX		7

/*
 * Readers: what is left in @r is the part's, all of it; @at is the fault's
 * offset in @r->data.
 */

/** cvsw_nxm_read() - @match: out: not in normal form yet */
enum cvsw_fault cvsw_nxm_read(struct cvsw_reader *r, struct cvsw_match *match, size_t *at);

enum cvsw_fault cvsw_ofp10_read_actions(struct cvsw_reader *r, struct cvsw_flow *flow,
					size_t *at);

/** cvsw_nxm_write() - @match: in normal form; without padding behind */
void cvsw_nxm_write(struct cvsw_writer *w, const struct cvsw_match *match);

void cvsw_ofp10_write_actions(struct cvsw_writer *w, const struct cvsw_action *actions, size_t n);

#endif
