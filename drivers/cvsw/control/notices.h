/* SPDX-License-Identifier: GPL-2.0 */
/* What a NIC tells its controller unasked: proto/VERSION3.md, "FLOW_REMOVED". */
#ifndef CVSW_NOTICES_H
#define CVSW_NOTICES_H

#include "table/table.h"

/* That may wait for room on the way to the controller. */
#define CVSW_NOTICES_MAX	16384

/**
 * struct cvsw_notices - removed entries that are to be told of, oldest first
 *
 * All of this runs in the port's worker.
 */
struct cvsw_notices {
	struct list_head waiting;
	unsigned int n;
};

void cvsw_notices_init(struct cvsw_notices *notices);

/** cvsw_notices_add() - @entry went; held until told.  False: no memory, or too many wait */
bool cvsw_notices_add(struct cvsw_notices *notices, struct cvsw_entry *entry,
		      enum cvsw_removed why);

/**
 * cvsw_notices_write() - the oldest one as a message
 * @flow, @flow_mod: scratch, the latter of CVSW_FLOW_MOD_MAX
 *
 * Return: its length; 0: none waits.
 */
size_t cvsw_notices_write(const struct cvsw_notices *notices, struct cvsw_flow *flow,
			  u8 *flow_mod, u8 *buf, size_t room);

/** cvsw_notices_told() - the oldest one is done with */
void cvsw_notices_told(struct cvsw_notices *notices);

/** cvsw_notices_clear() - nobody is there to be told */
void cvsw_notices_clear(struct cvsw_notices *notices);

#endif
