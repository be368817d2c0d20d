/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef TESTS_H
#define TESTS_H

#include "tap.h"

extern const struct tap_test flow_tests[], ofp10_tests[], ofp10_published_tests[], nxm_tests[], sa_tests[], msg_tests[], flow_mod_tests[], group_tests[],
	group_mod_tests[], ofp_tests[], ofs_tests[], text_tests[], text_group_tests[], window_tests[], v3_stream_tests[], v3_body_tests[],
	v3_vector_tests[], v3_message_tests[], v3_end_tests[], v3_broken_tests[], v3_channel_tests[],
	v3_agree_tests[];

#endif
