// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "tests.h"

int main(void)
{
	unsigned int failed = 0;

	failed += tap_run(flow_tests);
	failed += tap_run(ofp10_tests);
	failed += tap_run(ofp10_published_tests);
	failed += tap_run(nxm_tests);
	failed += tap_run(sa_tests);
	failed += tap_run(msg_tests);
	failed += tap_run(ofp_tests);
	failed += tap_run(text_tests);
	failed += tap_run(window_tests);
	failed += tap_run(v3_stream_tests);
	failed += tap_run(v3_body_tests);
	failed += tap_run(v3_vector_tests);
	failed += tap_run(v3_message_tests);
	failed += tap_run(v3_end_tests);
	failed += tap_run(v3_broken_tests);
	failed += tap_run(v3_channel_tests);
	failed += tap_run(v3_agree_tests);
	return failed ? 1 : 0;
}
