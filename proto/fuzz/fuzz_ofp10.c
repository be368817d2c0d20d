// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A list of flow_mods: each that is accepted encodes, as bytes and as text, to the same flow. */
#include "../cvsw_ofp10.h"
#include "../cvsw_text.h"
#include "fuzz.h"

static void check_flow(enum cvsw_flow_command command, const struct cvsw_flow *flow, bool is_nxt,
		       size_t used)
{
	uint8_t out[CVSW_OFP10_FLOW_MOD_MAX];
	struct cvsw_text_error error;
	enum cvsw_flow_command command_again;
	struct cvsw_flow again;
	struct cvsw_match normal = flow->match;
	size_t written, used_again;
	char text[16384];

	cvsw_match_normalize(&normal);
	MUST(cvsw_match_equal(&normal, &flow->match));
	MUST(cvsw_match_covers(&normal, &flow->match));

	written = cvsw_ofp10_encode(command, flow, out, sizeof(out));
	/* One that is written as an OFPT_FLOW_MOD gets no longer, if it came as one. */
	MUST(written && (is_nxt || out[1] == 4 || written <= used));
	MUST(!cvsw_ofp10_decode(out, written, &used_again, &command_again, &again, NULL));
	MUST(used_again == written && command_again == command);
	MUST(cvsw_flow_equal(&again, flow));

	MUST(cvsw_text_format(flow, text, sizeof(text)) < sizeof(text));
	MUST(cvsw_text_parse(CVSW_TEXT_ADD, text, &again, &error));
	MUST(cvsw_flow_equal(&again, flow));
}

/* What version 2 of the control protocol makes of it. */
static void check_version_2(const uint8_t *data, size_t len)
{
	uint8_t out[CVSW_OFP10_FLOW_MOD_MAX];
	enum cvsw_flow_command command, command_again;
	struct cvsw_flow flow, again;
	size_t used, offset, written;

	if (cvsw_ofp10_decode_v2(data, len, &used, &command, &flow, &offset)) {
		MUST(offset <= len);
		return;
	}
	MUST(used && used <= len);
	written = cvsw_ofp10_encode_v2(command, &flow, out, sizeof(out));
	MUST(written);
	MUST(!cvsw_ofp10_decode_v2(out, written, &used, &command_again, &again, NULL));
	MUST(used == written && command_again == command);
	MUST(cvsw_flow_equal(&again, &flow));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum cvsw_flow_command command;
	struct cvsw_flow flow;
	size_t used, offset;

	while (len) {
		check_version_2(data, len);
		if (cvsw_ofp10_decode(data, len, &used, &command, &flow, &offset)) {
			MUST(offset <= len);
			break;
		}
		MUST(used && used <= len);
		check_flow(command, &flow, data[1] == 4, used);
		data += used;
		len -= used;
	}
	return 0;
}
