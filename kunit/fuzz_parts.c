// SPDX-License-Identifier: GPL-2.0
/* engine.c once more, with the real ESP: what engine_test.c includes has a fake one. */
#define cvsw_handle_frame	fuzz_handle_frame
#define cvsw_engine_way		fuzz_engine_way
#define cvsw_walk_hold		fuzz_walk_hold
#define cvsw_engine_resume	fuzz_engine_resume
#include "../drivers/cvsw/engine/engine.c"
