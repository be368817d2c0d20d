/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A NIC shown as an OpenFlow switch with two ports, HOST and NET, to any controller.
 *
 *	a flow_mod --change--> the NIC's controlled layer --end of the turn, or a barrier-->
 *		stored, and told to the NIC --answered--> barriers, errors of what it refused
 *
 * What controllers state is one layer of what the NIC should be: other layers' flows are not shown
 * and not changed.  Statistics are asked of the NIC; while it is absent, of what is stated.
 *
 * A controller that sends faster than the NIC answers, or reads too slowly, is read no further;
 * memory for one is bounded by the limits here and in fabric/ofstream.h.
 */
#ifndef CVSWD_DATAPATH_H
#define CVSWD_DATAPATH_H

#include "hub/hub.h"
#include "store/stated.h"

#define DATAPATH_MAX_CONNS	8	/* of one NIC */
#define DATAPATH_MAX_PENDING	256	/* flow_mods of a connection that the NIC has not answered */
/* Descriptors that are left for switches and commands. */
#define DATAPATH_SPARE_FDS	700

/**
 * struct datapaths - all of them
 * @dir: where each NIC has a socket, by its MAC address; NULL: nowhere
 */
struct datapaths {
	struct event_base *base;
	struct nics *nics;
	struct state *state;
	const char *dir;
};

/** datapaths_open() - from now on each NIC that is made has a socket; false after an error line */
bool datapaths_open(struct datapaths *all, const char *dir);

/** datapaths_nic_came(), datapaths_nic_gone() - struct nics' */
void datapaths_nic_came(void *datapaths, struct nic *nic);
void datapaths_nic_gone(void *datapaths, struct nic *nic);

/** datapath_event() - hub_ear of HUB_REMOVED, HUB_PACKET_IN and HUB_MOVED */
void datapath_event(void *arg, const struct hub_event *event);

#endif
