/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients that are told of everything that happens, as it happens. */
#ifndef CVSWD_MONITOR_H
#define CVSWD_MONITOR_H

#include "agent.h"

/** monitor_event() - hub_ear: tells them */
void monitor_event(void *arg, const struct hub_event *event);

/** monitor_switch() - likewise to a switch; it is in the log already */
void monitor_switch(const struct vswitch *vswitch, enum vswitch_event event);

#endif
