/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Matches, actions and instructions of OpenFlow 1.3; between cvsw_oxm.c and cvsw_ofs*.c. */
#ifndef CVSW_OXM_H
#define CVSW_OXM_H

#include "cvsw_cursor.h"
#include "cvsw_ofs.h"

#define CVSW_OXM_MAX	1024	/* of a match, more than all fields with masks */

/** cvsw_oxm_to_nxm() - fields of a match, all that is in @r, as an nx_match has them */
enum cvsw_ofs_error cvsw_oxm_to_nxm(struct cvsw_reader *r, struct cvsw_writer *w);

/** cvsw_oxm_write_match() - ofp_match with its padding */
void cvsw_oxm_write_match(struct cvsw_writer *w, const struct cvsw_match *match);

/** cvsw_oxm_instructions() - all that is in @r, as a list of 1.0's actions and our own */
enum cvsw_ofs_error cvsw_oxm_instructions(struct cvsw_reader *r, struct cvsw_writer *w);

/** cvsw_oxm_write_headers() - those of OpenFlow's own fields; @writable: that SET_FIELD takes */
void cvsw_oxm_write_headers(struct cvsw_writer *w, bool writable);

void cvsw_oxm_write_instructions(struct cvsw_writer *w, const struct cvsw_flow *flow);

#endif
