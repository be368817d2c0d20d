/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An overlay as it is stored: what it was asked to be, its members, the SPIs in use. */
#ifndef CVSWD_STATE_OVERLAY_H
#define CVSWD_STATE_OVERLAY_H

#include "rows.h"
#include "state.h"

/** state_overlay_put() - its rows, in a transaction: those of before, of members too, go */
void state_overlay_put(struct state *state, const struct overlay *overlay);

/** state_overlay_put_ways() - the SPIs in use on the ways to a member; never with a key */
void state_overlay_put_ways(struct state *state, const struct overlay *overlay,
			    const struct overlay_member *member);

/*
 * The ways to a member, one behind the other; numbers in network byte order:
 *
 *	0        1        2                 6                     6 + 4 n
 *	+--------+--------+-----------------+---------------------+
 *	| from   | n      | SPI the sender  | n SPIs the receiver |
 *	| (slot) | (1..4) | uses            | takes, newest last  |
 *	+--------+--------+-----------------+---------------------+
 */
#define STATE_WAYS_MAX	(OVERLAY_MAX_MEMBERS * (6 + 4 * WAY_SPIS))

/** state_overlay_ways() - those to a member; never with a key; returns the bytes they took */
size_t state_overlay_ways(const struct overlay *overlay, const struct overlay_member *member,
			  uint8_t buf[STATE_WAYS_MAX]);

/** state_overlay_load_ways() - of the member in a slot; NULL, or why they cannot be read */
const char *state_overlay_load_ways(struct state *state, const struct row_ways *row);

/* A member that was read: its NIC's address, then further ones. */
struct stored_member {
	unsigned int slot;
	size_t n_macs;
	uint8_t macs[1 + OVERLAY_MAX_MACS][CVSW_ETH_ALEN];
};

/**
 * struct stored_overlay - an overlay that is being read
 * @n_slots: that were ever taken
 * @members: the @n that were read, of @n_stored that there should be
 * @why: NULL, or why it cannot be read
 */
struct stored_overlay {
	STAILQ_ENTRY(stored_overlay) in_list;
	struct overlay_config config;
	unsigned int n_slots;
	unsigned int n_stored;
	size_t n;
	struct stored_member *members;
	const char *why;
};

STAILQ_HEAD(stored_overlays, stored_overlay);

/** state_overlay_read() - without members; state_overlay_end() is to follow; false: it is wrong */
bool state_overlay_read(const struct row_overlay *row, struct stored_overlay *stored);

/** state_overlay_read_member() - false: it is wrong */
bool state_overlay_read_member(const struct row_member *row, struct stored_member *member);

/** state_overlay_add_member() - a copy of it; false: there are enough */
bool state_overlay_add_member(struct stored_overlay *stored, const struct stored_member *member);

/** state_overlay_make() - NULL, or why it cannot be read: then nothing of it is there */
const char *state_overlay_make(struct state *state, const struct stored_overlay *stored);

void state_overlay_end(struct stored_overlay *stored);

#endif
