// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What a controller sends: read or refused, and what was read can be answered. */
#include "../cvsw_ofs.h"
#include "fuzz.h"

static void answer(const struct cvsw_ofs_talk *talk, const struct cvsw_ofs_msg *msg)
{
	const struct cvsw_ofs_counters counters = { .n_packets = 1, .idle = ~0u };
	uint8_t buf[64 + CVSW_OFS_ENTRY_MAX];
	size_t len;

	if (msg->kind == CVSW_OFS_FLOW_MOD && msg->command < CVSW_FLOW_DELETE) {
		struct cvsw_ofs_msg request = { .stats = CVSW_OFS_FLOW, .nicira = true };
		struct cvsw_match normal = msg->flow.match;

		cvsw_match_normalize(&normal);
		MUST(cvsw_match_equal(&normal, &msg->flow.match));
		MUST(msg->flow.match.table < CVSW_TABLES);
		len = cvsw_ofs_stats_begin(talk, &request, buf, sizeof(buf));
		MUST(cvsw_ofs_put_flow(talk, &request, &msg->flow, &counters, buf, len, sizeof(buf)));
		MUST(cvsw_ofs_encode_removed(talk, &msg->flow, CVSW_OFS_REMOVED_IDLE, &counters, buf,
					     sizeof(buf)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct cvsw_ofs_msg msg;
	uint8_t buf[256];

	if (len < CVSW_OFP_HEADER_LEN || len > CVSW_OFP_MAX_LEN)
		return 0;
	for (int i = 0; i < 3; i++) {
		struct cvsw_ofs_talk talk = { .version = i == 2 ? CVSW_OFP_V13 : CVSW_OFP_V10,
					      .nxm = i == 1, .tables = i == 1 };
		enum cvsw_ofs_error error = cvsw_ofs_decode(&talk, data, len, &msg);

		MUST(error < CVSW_OFS_N_ERRORS);
		if (error)
			MUST(cvsw_ofs_encode_error(&talk, error, data, len, buf, sizeof(buf)));
		else
			answer(&talk, &msg);
	}
	return 0;
}
