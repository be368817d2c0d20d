/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways that were in use before the daemon started: KEPT, with the SPIs that the database has.  Each
 * NIC is asked once which SAs it has, and a way whose ends have one in common goes on with that:
 * see ways.h.
 */
#ifndef CVSWD_WAYS_KEPT_H
#define CVSWD_WAYS_KEPT_H

#include "ways.h"

/** way_keep() - a CLOSED way was in use, says the database, with @out: KEPT; its SPIs follow */
void way_keep(struct way *way, uint32_t out);

/**
 * ways_found() - a member has said which SAs it has: HUB_SAS
 * @sas: all @n of them; sorted
 *
 * Those that nobody knows are removed.  ways_run() is to follow.
 */
void ways_found(struct ways_group *group, struct ways_member *member,
		struct cvsw_v3_listed_sa *sas, size_t n);

/**
 * way_common() - has each end of a KEPT way said that it has an SA which the other has, too?
 *
 * The newest of these is the last of its SPIs then.  False: there is none, or an end may have lost
 * its SAs since it said so.
 */
bool way_common(struct way *way, const struct ways_member *from, const struct ways_member *to);

#endif
