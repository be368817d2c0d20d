/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An overlay as state.c keeps it: what it was asked to be, its members, the SPIs in use. */
#ifndef CVSWD_STATE_OVERLAY_H
#define CVSWD_STATE_OVERLAY_H

#include <jansson.h>

#include "agent.h"

/** state_overlay_to_json() - a new reference; never with a key */
json_t *state_overlay_to_json(const struct overlay *overlay);

/** state_overlay_load() - NULL, or why it cannot be read: then nothing of it is there */
const char *state_overlay_load(struct agent *agent, const char *name, const json_t *json);

/**
 * state_overlay_hold() - leave the NICs alone that may be members of one that cannot be read
 * @json: what is known of it
 */
void state_overlay_hold(struct agent *agent, const json_t *json);

#endif
