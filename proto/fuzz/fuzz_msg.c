// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Control messages: what is accepted encodes to the same message again. */
#include "../cvsw_msg.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t out[CVSW_MSG_HEADER_LEN + 65536];
	struct cvsw_msg msg, again;
	size_t offset, written;
	uint8_t mac[CVSW_ETH_ALEN];

	if (cvsw_msg_decode(data, len, &msg, &offset)) {
		MUST(offset <= len);
		return 0;
	}
	MUST(msg.data >= data && msg.data + msg.len <= data + len);
	MUST(strcmp(cvsw_msg_type_name(msg.type), "unknown"));
	cvsw_msg_register_mac(&msg, mac);
	written = cvsw_msg_encode(&msg, out, sizeof(out));
	MUST(written >= CVSW_ETH_MIN);
	MUST(!cvsw_msg_decode(out, written, &again, NULL));
	MUST(again.type == msg.type && again.data1 == msg.data1 && again.len == msg.len);
	MUST(!memcmp(again.dst, msg.dst, sizeof(msg.dst)));
	MUST(!memcmp(again.data, msg.data, msg.len));
	return 0;
}
