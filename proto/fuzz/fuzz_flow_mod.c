// SPDX-License-Identifier: GPL-2.0 OR MIT
/* flow_mods and group_mods of version 3: each that is accepted has no other form. */
#include "../cvsw_group_mod.h"
#include "fuzz.h"

/* Return: bytes it takes; 0: it was refused. */
static size_t one_group_mod(const uint8_t *data, size_t len)
{
	static uint8_t out[CVSW_GROUP_MOD_MAX];
	static struct cvsw_group group;
	enum cvsw_group_command command;
	unsigned int bucket;
	size_t used, offset;

	if (cvsw_group_mod_decode(data, len, &used, &command, &group, &offset)) {
		MUST(offset <= len);
		return 0;
	}
	MUST(used && used <= len);
	if (command == CVSW_GROUP_ADD || command == CVSW_GROUP_MODIFY)
		MUST(!cvsw_group_check(&group, &bucket));
	MUST(cvsw_group_mod_encode(command, &group, out, sizeof(out)) == used);
	MUST(!memcmp(out, data, used));
	return used;
}

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
		if (cvsw_mod_is_group(data, len)) {
			used = one_group_mod(data, len);
			if (used)
				continue;
			break;
		}
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
