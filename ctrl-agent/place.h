/* SPDX-License-Identifier: GPL-2.0 */
/* How people name a NIC: its MAC address, DPID:PORT, or a port's name. */
#ifndef CVSWD_PLACE_H
#define CVSWD_PLACE_H

#include "agent.h"

enum place_unknown {
	PLACE_REFUSE,	/* a MAC address nobody has heard of is an error */
	PLACE_CREATE,	/* what is stated for it is kept until it registers */
};

/** place_find_nic() - Return: the NIC, or NULL with the reason in @why, @room bytes */
struct nic *place_find_nic(struct agent *agent, const char *text, enum place_unknown unknown,
			   char *why, size_t room);

#endif
