/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where OpenFlow connections come from: sockets we listen on, switches we connect to. */
#ifndef CVSWD_CHANNEL_H
#define CVSWD_CHANNEL_H

#include "vswitch.h"

#define CHANNEL_RETRY_MS	2000
#define CHANNEL_LOOK_MS		2000
#define CHANNEL_SOCKET_MODE	0600

/**
 * channel_listen() - take switches that connect to "tcp:ADDR:PORT" or "unix:PATH"
 *
 * A Unix socket's folder may be made later, and removed and made again with all that is in
 * it (Open vSwitch's own is): the socket is made again within CHANNEL_LOOK_MS.
 *
 * Return: false after an error line.
 */
bool channel_listen(struct vswitches *switches, const char *text);

/** channel_take() - likewise on a socket that listens already; false after an error line */
bool channel_take(struct vswitches *switches, int fd);

/** channel_connect() - keep connecting to a switch's passive socket, "unix:PATH" */
bool channel_connect(struct vswitches *switches, const char *text);

/** channel_close_all() - also removes the files of the Unix sockets that are ours */
void channel_close_all(void);

#endif
