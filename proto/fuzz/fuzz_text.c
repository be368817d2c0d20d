// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Text: an error has its place; a flow is written, read and encoded as the same flow. */
#include "../cvsw_ofp10.h"
#include "../cvsw_text.h"
#include "fuzz.h"

static void check_flow(const struct cvsw_flow *flow)
{
	uint8_t out[CVSW_OFP10_FLOW_MOD_MAX];
	struct cvsw_text_error error;
	enum cvsw_flow_command command;
	struct cvsw_flow again;
	size_t written, used;
	char shown[16384];

	MUST(cvsw_text_format(flow, shown, sizeof(shown)) < sizeof(shown));
	MUST(cvsw_text_parse(CVSW_TEXT_ADD, shown, &again, &error));
	MUST(cvsw_flow_equal(&again, flow));
	written = cvsw_ofp10_encode(CVSW_FLOW_ADD, flow, out, sizeof(out));
	MUST(written);
	MUST(!cvsw_ofp10_decode(out, written, &used, &command, &again, NULL));
	MUST(used == written && cvsw_flow_equal(&again, flow));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	struct cvsw_text_cookie cookie;
	struct cvsw_text_error error;
	struct cvsw_flow flow;
	enum cvsw_text_use use;

	MUST(text);
	memcpy(text, data, len);
	text[len] = '\0';
	for (use = CVSW_TEXT_ADD; use <= CVSW_TEXT_STRICT; use++) {
		if (cvsw_text_parse_choice(use, text, &flow, &cookie, &error)) {
			/* What chooses flows of all tables is no flow itself. */
			if (flow.match.table == CVSW_TABLE_ALL)
				flow.match.table = 0;
			check_flow(&flow);
			MUST(!(cookie.value & ~cookie.mask));
			MUST(use != CVSW_TEXT_ADD || !cookie.mask);
			MUST(!flow.out_port || use >= CVSW_TEXT_MATCH);
		}
		else
			MUST(error.column >= 1 && error.column <= strlen(text) + 1 &&
			     error.message[0] &&
			     strnlen(error.message, sizeof(error.message)) < sizeof(error.message));
	}
	free(text);
	return 0;
}
