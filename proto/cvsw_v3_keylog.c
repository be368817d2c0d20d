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

static void tell_keys(const struct cvsw_v3_end *end, const struct cvsw_v3_session *session,
		      const uint8_t *to_controller, const uint8_t *to_nic)
{
	struct cvsw_v3_keys keys = {
		.mac = end->mac, .to_controller = to_controller, .to_nic = to_nic,
		.nic_index = end->is_nic ? session->index : session->peer_index,
		.controller_index = end->is_nic ? session->peer_index : session->index,
		.conversation = session->conversation, .ticket = session->ticket,
	};

	end->log_keys(end->caller->arg, &keys);
}

void cvsw_v3_log_keys(struct cvsw_v3_end *end,
		      void (*log)(void *arg, const struct cvsw_v3_keys *keys))
{
	end->log_keys = log;
	end->tell_keys = log ? tell_keys : NULL;
}
