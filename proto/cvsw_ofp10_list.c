// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Actions without a flow, as a TRACE's answer has them: user space reads those. */
#include "cvsw_ofp10_parts.h"

enum cvsw_fault cvsw_ofp10_actions_decode(const uint8_t *data, size_t len, struct cvsw_flow *flow)
{
	struct cvsw_reader r = cvsw_reader(data, len);
	size_t at;

	return cvsw_ofp10_read_action_list(&r, flow, &at);
}
