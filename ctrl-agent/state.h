/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The intents in a file, so that a restarted daemon goes on where it was.
 * JSON: {"version": 1, "nics": [{"mac", "flows": [text], "mtu", "offload": [name]}]}
 */
#ifndef CVSWD_STATE_H
#define CVSWD_STATE_H

#include "agent.h"

/** state_load() - false after an error line: the file is there but cannot be used */
bool state_load(struct agent *agent);

/** state_save() - replace the file in one step; a failure is logged */
void state_save(struct agent *agent);

#endif
