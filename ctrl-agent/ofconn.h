/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One OpenFlow connection from handshake to end.
 *
 *	HELLO both ways -> features -> [1.3: port description] -> rules, ready
 *
 * Whatever a switch sends that is not OpenFlow ends its own connection and
 * nothing else.
 */
#ifndef CVSWD_OFCONN_H
#define CVSWD_OFCONN_H

#include <event2/util.h>

#include "vswitch.h"

#define OFCONN_MAX		(2 * VSWITCH_MAX)
#define OFCONN_HANDSHAKE_MS	10000
#define OFCONN_ECHO_MS		5000	/* of silence, then ask */
#define OFCONN_DEAD_MS		15000	/* of silence, then close */
/* Frames wait in the sessions, not here; past the limit the switch is gone. */
#define OFCONN_OUT_BUSY		(256 * 1024)
#define OFCONN_OUT_LIMIT	(4 * 1024 * 1024)

/* In the rules that we install, so that people see whose they are: "CVSW". */
#define OFCONN_COOKIE		0x43565357
#define OFCONN_CONTROL_PRIORITY	65535

/** ofconn_open() - take over a connected socket; closes it if there are too many */
void ofconn_open(struct vswitches *switches, evutil_socket_t fd, const char *peer,
		 void (*closed)(void *owner), void *owner);

/** ofconn_close_all() - at the end of the daemon */
void ofconn_close_all(void);

#endif
