/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon keeps over its end, however it ends: the NICs' keys and intents, and
 * the overlays, in a store.  The rows are described in rows.h.
 *
 * A command's changes are put between state_begin() and state_commit(), before a NIC
 * hears of them and before the command is acknowledged.  Of SAs only the SPIs in use
 * are kept, never a key: none is ever installed again.
 */
#ifndef CVSWD_STATE_H
#define CVSWD_STATE_H

#include <sys/queue.h>

#include "apps/overlays.h"
#include "base/turns.h"
#include "nic/nics.h"

#define STATE_PAUSE_MS	100
#define STATE_WAYS_MS	200	/* less than WAY_GRACE_MS: see state_keep_ways() */
#define STATE_RETRY_MS	1000	/* while the database cannot be written */

/**
 * struct unread_row - a row of the database that cannot be read; all for people, printable
 */
struct unread_row {
	STAILQ_ENTRY(unread_row) in_list;
	char table[48];
	char key[256];
	char why[160];
};

/**
 * struct state - what is kept, and how
 * @store: NULL: nothing is
 * @stale: the last commit failed: what is kept is not what is
 * @begun: state_keep_ways() has begun a transaction, which waits for @keep_soon
 * @unread, @n_unread: what of the database cannot be read; it stays there as it is
 * @keep_soon: armed while something waits to be committed; @keeping: is put off then
 */
struct state {
	struct nics *nics;
	struct overlays *overlays;
	struct store *store;
	bool stale;
	bool begun;
	STAILQ_HEAD(, unread_row) unread;
	size_t n_unread;
	struct event *keep_soon;
	struct turns_work keeping;
};

/** state_start() - before anything else of this is called */
void state_start(struct state *state, struct event_base *base, struct nics *nics,
		 struct overlays *overlays);

/**
 * state_open() - use a database, and take what it has
 *
 * A row that cannot be read is reported (@unread, and the log), skipped, and stays in
 * the file as it is. Where that leaves open what protects a NIC, it is left alone: without
 * its key it speaks to nobody, and without its overlay its flows are not touched.
 *
 * Return: false after an error line: the file itself cannot be read.
 */
bool state_open(struct state *state, const char *path);

/** state_end() - keep what waits to be kept; before NICs are freed */
void state_end(struct state *state);

void state_begin(struct state *state);

/**
 * state_commit() - false, after an error line: it is in effect, but not kept
 *
 * All that is not kept is tried again from time to time, and with the next commit.
 */
bool state_commit(struct state *state) __attribute__((warn_unused_result));

/** state_scrub() - keys that were deleted are overwritten in the files */
void state_scrub(struct state *state);

/** state_put_nic() - what is stated for a NIC but for its flows and groups, its key too */
void state_put_nic(struct state *state, const struct nic *nic);

/** state_put_flow(), state_delete_flow() - a row of this layer's table, DESIRED_STORED */
void state_put_flow(struct state *state, const struct nic *nic, enum desired_layer which,
		    const struct cvsw_flow *flow);
void state_delete_flow(struct state *state, const struct nic *nic, enum desired_layer which,
		       const struct cvsw_flow *flow);

void state_put_group(struct state *state, const struct nic *nic, const struct cvsw_group *group);
void state_delete_group(struct state *state, const struct nic *nic, const struct cvsw_group *group);

/**
 * state_nic_moved() - hub_ear: keeps what is new of its flows with timeouts
 *
 * That one was taken is kept when this returns.  That one ended, STATE_PAUSE_MS later at
 * most, for thousands may end at once: without, it will be found missing in the NIC.
 */
void state_nic_moved(void *state, const struct hub_event *event);

/** state_forget() - nothing but its key is kept of it any more */
void state_forget(struct state *state, const struct nic *nic);

void state_put_overlay(struct state *state, const struct overlay *overlay);
void state_delete_overlay(struct state *state, const char *name);

/* ---- what rooms above keep, by function pointers that cvswd.c sets ---- */

/** state_keep_nic() - settings_init()'s: a NIC's own settings, at once */
bool state_keep_nic(void *state, const struct nic *nic);

/** state_keep_spi() - struct overlays_keeper's: the first SPI that was never used, at once */
bool state_keep_spi(void *state, uint32_t next);

/**
 * state_keep_ways() - likewise: which SPIs are in use on the ways to members that are unkept
 *
 * Committed STATE_WAYS_MS later at most, with what else comes meanwhile; NICs hear of new SAs
 * before.  That is safe, as the SPIs were reserved: whatever is lost, none of them is used again.
 * And an SA is removed WAY_GRACE_MS after its sender has a newer one, or later.  So in what was
 * committed last, a way has an SA that both its ends still have, even if we end without warning;
 * without one, it would get a new one.
 */
void state_keep_ways(void *state, struct overlay *overlay);

#endif
