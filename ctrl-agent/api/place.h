/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How people name a NIC: its MAC address, DPID:PORT, or a port's name. */
#ifndef CVSWD_PLACE_H
#define CVSWD_PLACE_H

#include "agent.h"
#include "request_error.h"

enum place_unknown {
	PLACE_REFUSE,	/* a MAC address that nothing is known of is an error */
	PLACE_OFFER,	/* likewise; but it may be configured all the same, says the error */
	PLACE_CREATE,	/* what is configured for it is kept until it registers */
};

/** place_find_nic() - Return: the NIC, or NULL with the reason in @error */
struct nic *place_find_nic(struct agent *agent, const char *text, enum place_unknown unknown,
			   struct request_error *error);

#endif
