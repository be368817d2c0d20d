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

#include "nic/nics.h"

#define SETTINGS_CHECK_MS	15000

/**
 * settings_init() - begins to look at all NICs' MTUs; ended by settings_end()
 * @keep: called with @of, keeps a NIC's own settings over a restart; false: it is tried later
 */
void settings_init(struct event_base *base, struct nics *nics,
		   bool (*keep)(void *of, const struct nic *nic), void *of);
void settings_end(void);

/** settings_nic_moved() - hub_ear; may call @keep */
void settings_nic_moved(void *unused, const struct hub_event *event);

#endif
