/* SPDX-License-Identifier: GPL-2.0 */
/* An overlay as state.c keeps it: what it was asked to be, its members, the SPIs in use. */
#ifndef CVSWD_STATE_OVERLAY_H
#define CVSWD_STATE_OVERLAY_H

#include <jansson.h>

#include "agent.h"

/** state_overlay_to_json() - a new reference; never with a key */
json_t *state_overlay_to_json(const struct overlay *overlay);

/** state_overlay_load() - false: it cannot be read; what was is freed with the rest */
bool state_overlay_load(struct agent *agent, const json_t *json);

#endif
