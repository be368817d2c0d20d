/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One OpenFlow connection from handshake to end.
 *
 *	HELLO both ways -> features [-> CLAIM] -> [1.3: port description] -> rules -> ready
 *
 * Whatever a switch sends that is not OpenFlow ends its own connection and nothing else.
 *
 * A connection that has not told its datapath id costs a place of OFCONN_MAX_UNKNOWN. When
 * they are taken the one goes that said least, and of those the oldest: idle ones never
 * keep a switch out. They are counted by peer address too.
 *
 * CLAIM: the datapath id is that of a switch which is connected. That one is asked whether
 * it is alive; if it answers it stays, and who claimed to be it goes.
 */
#ifndef CVSWD_OFCONN_H
#define CVSWD_OFCONN_H

#include <event2/util.h>

#include "vswitch.h"

#define OFCONN_MAX_UNKNOWN	64
#define OFCONN_MAX_PER_PEER	32	/* of the unknown ones, from one address */
#define OFCONN_HANDSHAKE_MS	5000	/* to the datapath id and the ports */
#define OFCONN_CLAIM_MS		2000	/* for a switch to show that it is alive */

/**
 * ofconn_open() - take over a connected socket
 * @peer: its address, for people
 * @address: what of it connections are counted by; NULL: we connected, it is not counted
 */
void ofconn_open(struct vswitches *switches, evutil_socket_t fd, const char *peer,
		 const char *address, void (*closed)(void *owner), void *owner);

/** ofconn_close_all() - at the end of the daemon */
void ofconn_close_all(void);

#endif
