/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link in version 2, and its door.
 *
 * In version 2 the NIC never confirms a setting, so a link works in rounds: push what the
 * NIC seems to lack, ask for its table (LIST_ENTRIES), compare; until nothing
 * differs.  Then it rests, and asks again from time to time.  The published driver does
 * not know LIST_ENTRIES: a NIC that answers none since it registered is taken to be empty,
 * is sent all, once, and rests too, "settled, not listed".
 *
 *	ABSENT --register--> PUSHING --all sent--> ASKING --differs--> PUSHING
 *	                        ^                    |  \--no answer--> ASKING, more slowly
 *	                        |                    equal
 *	                        +---intent changed-- RESTING --time to check--> ASKING
 *	                                                ^
 *	                              it never lists, and all is sent
 *
 * Version 2 names no sender in a frame other than REGISTER, so a port has one NIC of
 * version 2, the one that registered there last, beside any number of version 3.
 */
#ifndef CVSWD_LEGACY_H
#define CVSWD_LEGACY_H

#include "cvsw_msg.h"
#include "fabric/vswitch.h"
#include "nic.h"

/* A NIC queues 256 control messages: stay well below, then leave it time. */
#define LEGACY_BURST		64
#define LEGACY_BURST_PAUSE_MS	10
#define LEGACY_NO_ROOM_MS	50

#define LEGACY_ANSWER_MS	400	/* for the first try; doubles from there */
#define LEGACY_ANSWER_MAX_MS	10000
#define LEGACY_HELLO_TRIES	3	/* silent tries after which a HELLO goes along */
#define LEGACY_REPAIR_MS	100	/* pause before a second repair; doubles */
#define LEGACY_REPAIR_MAX_MS	10000
#define LEGACY_RECHECK_MS	30000
#define LEGACY_UNLISTED_TRIES	4	/* silent tries, 6 s, of one that never listed */
#define LEGACY_UNLISTED_MAX_MS	300000	/* and asked again after 30 s, then ever more seldom */
#define LEGACY_REGISTER_MIN_MS	200	/* between two REGISTERs that count */

#ifdef CVSW_VERSION2

/** legacy_new() - from now on the NIC, which has no link, speaks version 2 */
void legacy_new(struct nic *nic);

/**
 * legacy_register() - the NIC said where it is
 * @elsewhere: it was not there before
 */
void legacy_register(struct nic *nic, bool elsewhere, uint64_t now);

/** legacy_list() - a LIST_ENTRIES came from the NIC's port */
void legacy_list(struct nic *nic, const struct cvsw_msg *msg, uint64_t now);

/* ---- legacy_door.c ---- */

/** legacy_hello() - a HELLO to all that is behind a port; false: no room */
bool legacy_hello(struct vport *port);

/** legacy_frame() - a frame of version 2 came in on @port */
void legacy_frame(struct nics *nics, struct vport *port, const uint8_t *frame, size_t len);

#else

/* Without it (V2=n) nobody allows it: a frame of version 2 is dropped and counted. */
static inline void legacy_new(struct nic *nic)
{
	(void)nic;
}

static inline bool legacy_hello(struct vport *port)
{
	(void)port;
	return true;
}

static inline void legacy_frame(struct nics *nics, struct vport *port, const uint8_t *frame,
				size_t len)
{
	(void)nics;
	(void)frame;
	(void)len;
	port->vswitch->n_unauthenticated++;
}

#endif
#endif
