/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon keeps over its end, however it ends: the NICs' keys and intents, and
 * the overlays, in a store.
 *
 * A command's changes are put between state_begin() and state_commit(), before a NIC
 * hears of them and before the command is acknowledged.  Of SAs only the SPIs in use
 * are kept, never a key: none is ever installed again.
 *
 *	kind		name			value
 *	nic		MAC			JSON: managed, mtu, offload
 *	flow MAC	match and priority	the flow's text
 *	given MAC	match and priority	-, of a flow with a timeout: timed.h
 *	key		MAC			32 bytes
 *	overlay		name			JSON
 *	spi		next			the first that was never used
 */
#ifndef CVSWD_STATE_H
#define CVSWD_STATE_H

#include "agent.h"

#define STATE_PAUSE_MS	100
#define STATE_RETRY_MS	1000	/* while the database cannot be written */

/** state_start() - before anything else of this is called */
void state_start(struct agent *agent);

/**
 * state_load() - take what is kept
 *
 * A row that cannot be read is reported (agent->unread, and the log), skipped, and stays in
 * the file as it is. Where that leaves open what protects a NIC, it is left alone: without
 * its key it speaks to nobody, and without its overlay its flows are not touched.
 *
 * Return: false after an error line: the file itself cannot be read.
 */
bool state_load(struct agent *agent);

/** state_end() - keep what waits to be kept; before NICs are freed */
void state_end(struct agent *agent);

void state_begin(struct agent *agent);

/**
 * state_commit() - false, after an error line: it is in effect, but not kept
 *
 * All that is not kept is tried again from time to time, and with the next commit.
 */
bool state_commit(struct agent *agent) __attribute__((warn_unused_result));

/** state_put_nic() - what is stated for a NIC but for its flows, its key too */
void state_put_nic(struct agent *agent, const struct nic *nic);
void state_put_flow(struct agent *agent, const struct nic *nic, const struct cvsw_flow *flow);
void state_delete_flow(struct agent *agent, const struct nic *nic, const struct cvsw_flow *flow);

/**
 * state_nic_moved() - hub_ear: keeps what is new of its flows with timeouts
 *
 * That one was taken is kept when this returns.  That one ended, STATE_PAUSE_MS later at
 * most, for thousands may end at once: without, it will be found missing in the NIC.
 */
void state_nic_moved(void *agent, const struct hub_event *event);

/** state_forget() - nothing but its key is kept of it any more */
void state_forget(struct agent *agent, const struct nic *nic);
/** state_put_ways() - which SPIs are in use on the ways to a member */
void state_put_ways(struct agent *agent, const struct overlay *overlay,
		    const struct overlay_member *member);

void state_put_overlay(struct agent *agent, const struct overlay *overlay);
void state_delete_overlay(struct agent *agent, const char *name);
void state_put_spi(struct agent *agent, uint32_t next);

#endif
