/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing what a NIC should be, from text: checked whole before anything is touched. */
#ifndef CVSWD_INTENT_H
#define CVSWD_INTENT_H

#include <jansson.h>

#include "nic/change.h"
#include "cvsw_text.h"
#include "nic/nic.h"

/** intent_parse_choice() - which flows, and of CVSW_TEXT_MODIFY what they are to be; not @strict */
bool intent_parse_choice(enum cvsw_text_use use, const char *text, struct choice *choice,
			 struct cvsw_text_error *error);

/**
 * intent_parse_flows() - all of an array of texts, or none
 * @flows: initialised and empty; what was read so far after an error
 * @bad: out: index of the refused one
 */
bool intent_parse_flows(const json_t *texts, struct flowset *flows, size_t *bad,
			struct cvsw_text_error *error);

/** intent_parse_offload() - false: @names has something that is not an offload's name */
bool intent_parse_offload(const json_t *names, uint16_t *offload);

#endif
