/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service manager's side of the daemon, as systemd has it: sd_notify(3), and sockets
 * that it opened for us, sd_listen_fds(3). Without a service manager all of it does nothing.
 */
#ifndef CVSWD_SERVICE_H
#define CVSWD_SERVICE_H

#include <event2/event.h>

/** service_start() - from now on the watchdog is fed by the event loop, if there is one */
void service_start(struct event_base *base);

/** service_ready() - clients and switches can connect */
void service_ready(void);

/** service_stopping() - the daemon ends */
void service_stopping(void);

/** service_end() - frees what service_start() made */
void service_end(void);

/**
 * service_sockets() - sockets that were opened for us
 * @first: out: their first descriptor; the others follow
 *
 * Return: how many; asked again, none.
 */
int service_sockets(int *first);

#endif
