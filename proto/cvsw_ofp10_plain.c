// SPDX-License-Identifier: GPL-2.0 OR MIT
/* flow_mods as OpenFlow 1.0 has them: user space reads and writes those. */
#include "cvsw_ofp10_parts.h"

enum cvsw_fault cvsw_ofp10_decode(const uint8_t *data, size_t len, size_t *used,
				  enum cvsw_flow_command *command,
				  struct cvsw_flow *flow, size_t *offset)
{
	return cvsw_ofp10_decode_as(false, data, len, used, command, flow, offset);
}

size_t cvsw_ofp10_encode(enum cvsw_flow_command command, const struct cvsw_flow *flow,
			 uint8_t *buf, size_t room)
{
	return cvsw_ofp10_encode_as(false, command, flow, buf, room);
}
