// SPDX-License-Identifier: GPL-2.0-or-later
#include "intent.h"

#include "base/offload.h"
#include "nic/flow_text.h"

bool intent_parse_choice(enum cvsw_text_use use, const char *text, struct choice *choice,
			 struct cvsw_text_error *error)
{
	return cvsw_text_parse_choice(use, text, &choice->flow, &choice->cookie, error) &&
	       (use != CVSW_TEXT_MODIFY || flow_text_settle(&choice->flow, error));
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
		if (!flow_text_parse(json_string_value(text), &flow, error))
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
