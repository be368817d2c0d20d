/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows as texts, in ovs-ofctl's syntax: for clients, events, and what is stored. */
#ifndef CVSWD_FLOW_TEXT_H
#define CVSWD_FLOW_TEXT_H

#include "cvsw_text.h"

/** flow_text() - malloc()ed; what flow_text_parse() reads back */
char *flow_text(const struct cvsw_flow *flow);

/** flow_text_name() - malloc()ed: match and priority; no other flow of its table has the same */
char *flow_text_name(const struct cvsw_flow *flow);

/** flow_text_match() - malloc()ed: the match alone; empty if it matches everything */
char *flow_text_match(const struct cvsw_flow *flow);

/** group_text() - malloc()ed; what cvsw_text_parse_group() reads back */
char *group_text(const struct cvsw_group *group);

/**
 * flow_text_parse() - a flow in the form in which a NIC will list it
 *
 * That is what comes back from encoder and decoder, in either version.
 * A flow with a timeout gets SEND_FLOW_REM, as we have to know when it goes.
 *
 * Return: false with @error filled: syntax, or no NIC would take it.
 */
bool flow_text_parse(const char *text, struct cvsw_flow *flow, struct cvsw_text_error *error);

/** flow_text_settle() - into that form; false with @error filled: no NIC would take it */
bool flow_text_settle(struct cvsw_flow *flow, struct cvsw_text_error *error);

#endif
