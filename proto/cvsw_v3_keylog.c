// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "cvsw_v3_keylog.h"

#include <stdio.h>

#include "cvsw_text.h"

void cvsw_v3_keylog_line(const struct cvsw_v3_keys *keys, char line[CVSW_V3_KEYLOG_LEN + 1])
{
	char *to = cvsw_text_hex(line + sprintf(line, "CVSW3 "), keys->mac, CVSW_ETH_ALEN);

	to += sprintf(to, " %08x %08x ", keys->nic_index, keys->controller_index);
	to = cvsw_text_hex(to, keys->to_controller, CVSW_V3_KEY_LEN);
	*to++ = ' ';
	to = cvsw_text_hex(to, keys->to_nic, CVSW_V3_KEY_LEN);
	*to++ = ' ';
	to = cvsw_text_hex(to, keys->conversation, CVSW_V3_TICKET_LEN);
	*to++ = ' ';
	to = cvsw_text_hex(to, keys->ticket, CVSW_V3_TICKET_LEN);
	*to++ = '\n';
	*to = '\0';
}
