// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow_text.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cvsw_flow_mod.h"
#include "timed.h"

char *flow_text(const struct cvsw_flow *flow)
{
	char most[512];		/* long enough for nearly all: formatting is what this costs */
	size_t len = cvsw_text_format(flow, most, sizeof(most));
	char *text = xcalloc(1, len + 1);

	if (len < sizeof(most))
		memcpy(text, most, len);
	else
		cvsw_text_format(flow, text, len + 1);
	return text;
}

char *flow_text_name(const struct cvsw_flow *flow)
{
	struct cvsw_flow bare = { .match = flow->match, .priority = flow->priority };

	return flow_text(&bare);
}

char *flow_text_match(const struct cvsw_flow *flow)
{
	size_t room = cvsw_text_format_match(&flow->match, NULL, 0) + 1;
	char *text = xcalloc(1, room);

	cvsw_text_format_match(&flow->match, text, room);
	return text;
}

char *group_text(const struct cvsw_group *group)
{
	size_t room = cvsw_text_format_group(group, NULL, 0) + 1;
	char *text = xcalloc(1, room);

	cvsw_text_format_group(group, text, room);
	return text;
}

bool flow_text_settle(struct cvsw_flow *flow, struct cvsw_text_error *error)
{
	uint8_t data[CVSW_FLOW_MOD_MAX];
	enum cvsw_flow_command command;
	enum cvsw_fault fault;
	size_t len, used;

	len = cvsw_flow_mod_encode(CVSW_FLOW_ADD, flow, data, sizeof(data));
	fault = cvsw_flow_mod_decode(data, len, &used, &command, flow, NULL);
	if (fault != CVSW_OK) {
		error->column = 1;
		snprintf(error->message, sizeof(error->message), "a NIC would refuse it: %s",
			 cvsw_fault_text(fault));
		return false;
	}
	if (flow_is_timed(flow))
		flow->flags |= CVSW_FLOW_SEND_REMOVED;
	return true;
}

bool flow_text_parse(const char *text, struct cvsw_flow *flow, struct cvsw_text_error *error)
{
	return cvsw_text_parse(CVSW_TEXT_ADD, text, flow, error) && flow_text_settle(flow, error);
}
