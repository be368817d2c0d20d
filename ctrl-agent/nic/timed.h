/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows with timeouts, of one NIC.  The NIC's clock ends them, never ours; what has ended is
 * to leave the intent, or it would be put back.
 *
 *	stated --in a bundle--> going --acknowledged--> given --FLOW_REMOVED, or not listed--> ended
 *	   ^------refused, or a new conversation--'       |
 *	   '------stated again: its time begins anew------'
 *
 * So a flow with a timeout is given to a NIC once.  One that was given and that the NIC does
 * not have any more has ended, whether its time was up or the NIC has begun anew.  Its time
 * begins when the NIC takes it, however long that takes.
 *
 * What was given is kept in the database, so that this holds over the daemon's end.
 */
#ifndef CVSWD_TIMED_H
#define CVSWD_TIMED_H

#include "flowset.h"

struct nic;

/**
 * struct timed
 * @going: in the bundle under way
 * @given: those of the intent that the NIC has taken
 * @taken, @ended: given, or out of the intent, since timed_kept(): for the database
 * @n_news: how often a flow was put into one of these two; only goes up
 */
struct timed {
	struct flowset going;
	struct flowset given;
	struct flowset taken;
	struct flowset ended;
	uint64_t n_news;
};

static inline bool flow_is_timed(const struct cvsw_flow *flow)
{
	return flow->idle_timeout || flow->hard_timeout;
}

void timed_init(struct timed *timed);
void timed_clear(struct timed *timed);

/** timed_is_given() - the NIC has taken it as it is; without a timeout: false */
bool timed_is_given(const struct timed *timed, const struct cvsw_flow *flow);

/** timed_stated() - the flow of this match and priority was stated anew, or is none any more */
void timed_stated(struct timed *timed, const struct cvsw_flow *flow);

/** timed_modified() - it has other actions, and goes on; the flow as it is now */
void timed_modified(struct timed *timed, const struct cvsw_flow *flow);

/** timed_go() - it is in the bundle under way */
void timed_go(struct timed *timed, const struct cvsw_flow *flow);

/** timed_arrived() - the bundle was taken as a whole, or nothing of it is known to have been */
void timed_arrived(struct timed *timed, bool taken);

/** timed_end() - the NIC says that its time was up; false: not that of one that is stated */
bool timed_end(struct nic *nic, const struct cvsw_flow *flow);

/**
 * timed_compare() - nic->table was listed: what was given and is not there has ended
 * @missing: told of each of those, which then leaves the intent; may be NULL
 */
void timed_compare(struct nic *nic,
		   void (*missing)(struct nic *nic, const struct cvsw_flow *flow));

/** timed_listed() - what is in nic->table was taken: version 2 says so by nothing else */
void timed_listed(struct nic *nic);

/** timed_kept() - the database has it */
void timed_kept(struct timed *timed);

#endif
