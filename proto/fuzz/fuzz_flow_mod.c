// SPDX-License-Identifier: GPL-2.0 OR MIT
/* flow_mods of version 3: each that is accepted has no other form. */
#include "../cvsw_flow_mod.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t out[CVSW_FLOW_MOD_MAX];
	enum cvsw_flow_command command;
	struct cvsw_flow flow;
	struct cvsw_match normal;
	size_t used, offset;

	if (!cvsw_actions_decode(data, len, &flow, &offset))
		MUST(cvsw_actions_encode(flow.actions, flow.n_actions, out, sizeof(out)) == len &&
		     !memcmp(out, data, len));
	else
		MUST(offset <= len);
	for (; len; data += used, len -= used) {
		if (cvsw_flow_mod_decode(data, len, &used, &command, &flow, &offset)) {
			MUST(offset <= len);
			break;
		}
		MUST(used && used <= len);
		normal = flow.match;
		cvsw_match_normalize(&normal);
		MUST(cvsw_match_equal(&normal, &flow.match));
		MUST(cvsw_flow_mod_encode(command, &flow, out, sizeof(out)) == used);
		MUST(!memcmp(out, data, used));
	}
	return 0;
}
