/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CVSW_KUNIT_FUZZ_PARAMS_H
#define CVSW_KUNIT_FUZZ_PARAMS_H

#include <linux/types.h>

/* Zero: a new one each time, chosen by the suite. */
extern ulong cvsw_fuzz_seed;
/* Frames in each test. */
extern uint cvsw_fuzz_rounds;

#endif
