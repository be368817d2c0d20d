/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MTU and offloads that a NIC has, beside those that it should have.
 *
 * A NIC's own, of before anybody here set one, are remembered, and given back when the last
 * who wanted another one wants it no more: an overlay that it leaves, `set-mtu NIC auto`,
 * `set-offload NIC auto`.  While an MTU is set, NICs of version 3 are asked from time to time:
 * a guest may have changed it, and then it is set again.  Version 2 reports neither, and gets
 * its MTU with each check.
 */
#ifndef CVSWD_SETTINGS_H
#define CVSWD_SETTINGS_H

#include "agent.h"

#define SETTINGS_CHECK_MS	15000

/** settings_init() - begins to look at all NICs' MTUs; ended by settings_end() */
void settings_init(struct agent *agent);
void settings_end(void);

/** settings_nic_moved() - hub_ear of the agent; may write the database */
void settings_nic_moved(void *agent, const struct hub_event *event);

#endif
