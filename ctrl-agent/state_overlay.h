/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Overlays in the state file: who is where, and which SPIs are in use, so that a
 * restarted daemon changes keys without interrupting anyone.  Never a key.
 */
#ifndef CVSWD_STATE_OVERLAY_H
#define CVSWD_STATE_OVERLAY_H

#include <jansson.h>

#include "agent.h"

/** state_overlays_to_json() - a new reference */
json_t *state_overlays_to_json(struct agent *agent);

/** state_overlays_load() - false: not what state_overlays_to_json() writes */
bool state_overlays_load(struct agent *agent, const json_t *overlays);

#endif
