/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the module share and no door sees. */
#ifndef CVSW_H
#define CVSW_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <net/gro_cells.h>

#include "door/backlog.h"
#include "control/worker.h"
#include "engine/engine.h"
#include "tunnel/pmtu.h"
#include "door/port.h"

#define CVSW_VERSION	"0.1.0"

/**
 * struct cvsw_port - one NIC under CVSW
 *
 * @engine: all that the data path needs
 * @pmtus: the engine's
 * @dev: outlives the port
 * @control: the session with the controller
 * @backlogs: the way to the NIC
 * @gro_cells: the way to the stack, for frames whose way ended outside of NAPI
 * @node: in cvsw_ports
 * @id: ever growing: where a netlink dump goes on
 */
struct cvsw_port {
	struct cvsw_engine engine;
	struct cvsw_pmtus pmtus;
	struct net_device *dev;
	struct cvsw_control control;
	struct cvsw_backlogs *backlogs;
	struct gro_cells gro_cells;
	struct list_head node;
	u32 id;
};

/* All ports, by @id.  cvsw_ports_lock is taken within RTNL where both are held. */
extern struct list_head cvsw_ports;
extern struct mutex cvsw_ports_lock;

/* Module parameters, read when a port is created. */
extern enum cvsw_miss cvsw_miss;
extern unsigned int cvsw_max_flows;
extern unsigned int cvsw_max_groups;

/** cvsw_ports_limit_flows() - of each port, and those to come; flows that are there stay */
void cvsw_ports_limit_flows(unsigned int max);

int cvsw_port_module_init(void);
void cvsw_port_module_exit(void);

/**
 * cvsw_port_announced() - the machine has come from elsewhere; where nothing else would
 *	tell of a second life, it may live a second time
 *
 * Context: process context, @port in the list or its lock held.
 */
void cvsw_port_announced(struct cvsw_port *port);

int cvsw_restore_module_init(void);
void cvsw_restore_module_exit(void);

int cvsw_netlink_module_init(void);
void cvsw_netlink_module_exit(void);

#endif
