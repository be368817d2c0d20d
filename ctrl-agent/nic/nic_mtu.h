/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MTU that a NIC has, beside the one that it should have.
 *
 * A NIC's own MTU, of before anybody here set one, is remembered, and given back when the
 * last who wanted another one wants it no more: an overlay that it leaves, `set-mtu NIC auto`.
 * While one is set, NICs of version 3 are asked from time to time: a guest may have changed
 * it, and then it is set again.  Version 2 reports none, and is told its MTU with each check.
 */
#ifndef CVSWD_NIC_MTU_H
#define CVSWD_NIC_MTU_H

#include "agent.h"

#define NIC_MTU_CHECK_MS	15000

/** nic_mtu_init() - begins to look at all NICs' MTUs; ended by nic_mtu_end() */
void nic_mtu_init(struct agent *agent);
void nic_mtu_end(void);

/** nic_mtu_look() - a NIC's session went on, or its intent was changed; may write the database */
void nic_mtu_look(struct agent *agent, struct nic *nic);

/**
 * nic_mtu_back() - nobody wants an MTU of it any more: it gets its own
 * @missing: or this one, if that is not known; 0: it stays as it is
 */
void nic_mtu_back(struct nic *nic, uint16_t missing);

#endif
