/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon: what cvswd.c puts together, and what commands (api/) act on. */
#ifndef CVSWD_AGENT_H
#define CVSWD_AGENT_H

#include "nic/nics.h"
#include "apps/overlays.h"
#include "datapath/datapath.h"
#include "base/version.h"
#include "fabric/vswitch.h"
#include "store/state.h"

#define CVSWD_DEFAULT_LISTEN	"tcp:127.0.0.1:6653"

struct agent {
	struct event_base *base;
	struct hub hub;
	struct nics nics;
	struct vswitches switches;
	struct overlays overlays;
	struct state state;
	struct datapaths datapaths;
};

#endif
