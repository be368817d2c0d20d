/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts without an OpenFlow switch: the daemon itself listens on the guests'
 * taps, one libpcap handle each, and shows them to the rest as the ports of a
 * switch "direct".  Never on a bridge: a Linux bridge drops version 2's frames
 * or learns their headers as addresses.
 */
#ifndef CVSWD_DIRECT_H
#define CVSWD_DIRECT_H

#include "vswitch.h"

#define DIRECT_DPID		0xd1
#define DIRECT_RETRY_MS		2000
#define DIRECT_SNAPLEN		65535
/* Frames taken from a tap before the event loop sees to the others. */
#define DIRECT_BATCH		64

/** direct_open() - @names: "tap0,tap1"; a tap may come and go. False after an error line */
bool direct_open(struct vswitches *switches, const char *names);
void direct_close(void);

#endif
