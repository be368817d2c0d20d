// SPDX-License-Identifier: GPL-2.0-or-later
#include "intent.h"

#include <stdio.h>

#include "cvsw_flow_mod.h"
#include "base/offload.h"

/* Into the form in which a NIC will list it; false: none would take it. */
static bool settle(struct cvsw_flow *flow, struct cvsw_text_error *error)
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

bool intent_parse_flow(const char *text, struct cvsw_flow *flow, struct cvsw_text_error *error)
{
	return cvsw_text_parse(CVSW_TEXT_ADD, text, flow, error) && settle(flow, error);
}

bool intent_parse_choice(enum cvsw_text_use use, const char *text, struct choice *choice,
			 struct cvsw_text_error *error)
{
	return cvsw_text_parse_choice(use, text, &choice->flow, &choice->cookie, error) &&
	       (use != CVSW_TEXT_MODIFY || settle(&choice->flow, error));
}

bool intent_parse_flows(const json_t *texts, struct flowset *flows, size_t *bad,
			struct cvsw_text_error *error)
{
	struct cvsw_flow flow;

	for (*bad = 0; *bad < json_array_size(texts); (*bad)++) {
		const json_t *text = json_array_get(texts, *bad);

		if (!json_is_string(text)) {
			*error = (struct cvsw_text_error){ 1, "a flow is not a string" };
			return false;
		}
		if (!intent_parse_flow(json_string_value(text), &flow, error))
			return false;
		flowset_put(flows, &flow);
	}
	return true;
}

bool intent_parse_offload(const json_t *names, uint16_t *offload)
{
	const json_t *name;
	size_t i;

	*offload = 0;
	if (!json_is_array(names))
		return false;
	json_array_foreach(names, i, name) {
		uint16_t bit = offload_bit(json_string_value(name) ?: "",
					   json_string_length(name));

		if (!bit)
			return false;
		*offload |= bit;
	}
	return true;
}
