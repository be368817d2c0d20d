/* SPDX-License-Identifier: GPL-2.0 */
/* What a controller sets of the device itself, in whatever version it asks. */
#ifndef CVSW_SETTINGS_H
#define CVSW_SETTINGS_H

#include "control.h"

/*
 * Context of all that set something: the port's worker, without RTNL.
 * -ENODEV: the device is going away.
 */

/**
 * cvsw_set_mtu() - the MTU, with room for layers left
 * Return: 0 or what the device says.
 */
int cvsw_set_mtu(struct cvsw_control *control, unsigned int mtu);

/**
 * cvsw_set_offloads() - the offloads to be enabled, all others disabled
 * @bits: CVSW_OFFLOAD_*
 *
 * Return: 0; -EOPNOTSUPP: the device cannot follow in all; what it can is done.
 */
int cvsw_set_offloads(struct cvsw_control *control, u16 bits);

/** cvsw_offloads() - those that are on, CVSW_OFFLOAD_*: a bit if any feature it stands for is */
u16 cvsw_offloads(const struct cvsw_engine *engine, const struct net_device *dev);

/** cvsw_possible_offloads() - those that could be on, with what the device has */
u16 cvsw_possible_offloads(const struct net_device *dev);

/** cvsw_ask_for_room() - ask the stack for frames that the actions' layers fit around */
void cvsw_ask_for_room(struct net_device *dev, const struct cvsw_action *actions, unsigned int n);

#endif
