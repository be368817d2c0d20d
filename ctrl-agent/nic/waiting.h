/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REGISTERs that wait until there is nothing else to do: at each port those of some NICs, one of
 * each.
 *
 * Anyone can replay what was recorded, at any port.  So their number is bounded, at a port and at
 * all ports together.  Beyond that each port has one place, which takes less memory than the port
 * itself: a NIC that is alone at its port always gets in.
 */
#ifndef CVSWD_WAITING_H
#define CVSWD_WAITING_H

#include "cvsw_v3_frame.h"
#include "fabric/vswitch.h"

#define WAITING_AT_PORT	64
#define WAITING_IN_ALL	65536	/* 10 MB; as many as four for each of NICS_DEFAULT_MAX */

/** struct waiting - a REGISTER; in port->waiting */
struct waiting {
	TAILQ_ENTRY(waiting) in_order;
	uint8_t frame[CVSW_V3_REGISTER_LEN];
};

/** waiting_find() - the one of this MAC address at a port, or NULL */
struct waiting *waiting_find(const struct vport *port, const uint8_t mac[CVSW_ETH_ALEN]);

/**
 * waiting_begin() - a place for one more
 * @all: how many wait at all ports
 *
 * Return: the last of the port's, without content; NULL: there are too many.
 */
struct waiting *waiting_begin(struct vport *port, size_t *all);

/** waiting_end() - one of the port's waits no more; it is freed */
void waiting_end(struct vport *port, struct waiting *waiting, size_t *all);

#endif
