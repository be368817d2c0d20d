/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CVSWD_AGENT_H
#define CVSWD_AGENT_H

#include "nic/nics.h"
#include "apps/overlays.h"
#include "base/version.h"
#include "fabric/vswitch.h"

#define CVSWD_DEFAULT_LISTEN	"tcp:127.0.0.1:6653"

/**
 * struct unread_row - a row of the database that cannot be read; all for people, printable
 */
struct unread_row {
	STAILQ_ENTRY(unread_row) in_list;
	char kind[48];
	char name[256];
	char why[160];
};

/**
 * struct agent - the daemon
 * @store: what is kept over a restart; NULL: nothing
 * @state_stale: the last commit failed: what is kept is not what is
 * @unread, @n_unread: what of the database cannot be read; it stays there as it is
 * @keep_soon: armed while something waits for state_nic_moved()'s next commit
 */
struct agent {
	struct event_base *base;
	struct hub hub;
	struct nics nics;
	struct vswitches switches;
	struct overlays overlays;
	struct store *store;
	bool state_stale;
	STAILQ_HEAD(, unread_row) unread;
	size_t n_unread;
	struct event *keep_soon;
};

#endif
