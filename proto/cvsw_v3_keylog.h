/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The key log of version 3 (VERSION3.md, "Reading captures"): whoever has it can
 * read all that was said.  User space only.
 */
#ifndef CVSW_V3_KEYLOG_H
#define CVSW_V3_KEYLOG_H

#include "cvsw_v3_end.h"

#define CVSW_V3_KEYLOG_LEN	201	/* of a line, its end included */

/** cvsw_v3_keylog_line() - a session's line, of CVSW_V3_KEYLOG_LEN bytes and a zero */
void cvsw_v3_keylog_line(const struct cvsw_v3_keys *keys, char line[CVSW_V3_KEYLOG_LEN + 1]);

#endif
