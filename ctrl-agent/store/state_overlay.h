/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An overlay as state.c keeps it: what it was asked to be, its members, the SPIs in use. */
#ifndef CVSWD_STATE_OVERLAY_H
#define CVSWD_STATE_OVERLAY_H

#include <jansson.h>

#include "agent.h"

/** state_overlay_to_json() - a new reference; never with a key */
json_t *state_overlay_to_json(const struct overlay *overlay);

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
const char *state_overlay_load_ways(struct agent *agent, const char *overlay_name,
				    const char *slot, const uint8_t *row, size_t len);

/** state_overlay_load() - NULL, or why it cannot be read: then nothing of it is there */
const char *state_overlay_load(struct agent *agent, const char *name, const json_t *json);

/**
 * state_overlay_hold() - leave the NICs alone that may be members of one that cannot be read
 * @json: what is known of it
 */
void state_overlay_hold(struct agent *agent, const json_t *json);

#endif
