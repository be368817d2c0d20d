/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept, read back row by row: one that is wrong costs no other.
 *
 * Each take_...() has the row's type checked already, checks what it means, and puts it to use.
 * It returns NULL, or why the row cannot be read.  Their order matters: see state_load().
 */
#ifndef CVSWD_STATE_LOAD_H
#define CVSWD_STATE_LOAD_H

#include "state_overlay.h"
#include "store.h"

/**
 * struct loading - while the database is read
 * @why: room for a text
 * @stored: overlays that were read
 * @n_lost: rows of overlays that cannot be read
 * @n_unplaced: rows of members likewise, or without an overlay, of which the NIC is known
 * @lost, @n_lost_nics: NICs that may be members of these overlays
 * @all_lost: any NIC may
 */
struct loading {
	struct state *state;
	char why[160];
	struct stored_overlays stored;
	size_t n_lost;
	size_t n_unplaced;
	uint8_t (*lost)[CVSW_ETH_ALEN];
	size_t n_lost_nics;
	bool all_lost;
};

/** state_load() - all of the store; false after an error line: it cannot be read */
bool state_load(struct state *state);

const char *load_nic(void *loading, const void *row);
const char *load_group(void *loading, const void *row);
const char *load_flow(void *loading, const void *row);
const char *load_key(void *loading, const void *row);
const char *load_ways(void *loading, const void *row);
const char *load_counter(void *loading, const void *row);

/** load_lose_nic() - it may be a member of an overlay that cannot be read: it will be left alone */
void load_lose_nic(struct loading *loading, const uint8_t mac[CVSW_ETH_ALEN]);

/** load_skipped() - store_each()'s @skipped: reports the row */
void load_skipped(void *loading, const struct store_unread *unread);

/** load_former() - the rows of former formats: former.c; false: they cannot be read */
bool load_former(struct loading *loading);

#endif
