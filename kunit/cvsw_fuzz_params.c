// SPDX-License-Identifier: GPL-2.0
/*
 * What the fuzz suite is told, in a module of its own: KUnit runs a module's
 * suites before the module's parameters are read.
 */
#include <linux/module.h>

#include "fuzz_params.h"

ulong cvsw_fuzz_seed;
EXPORT_SYMBOL_GPL(cvsw_fuzz_seed);
module_param_named(fuzz_seed, cvsw_fuzz_seed, ulong, 0444);
MODULE_PARM_DESC(fuzz_seed, "of the fuzz suite's random numbers; 0: a new one each time");

uint cvsw_fuzz_rounds = 20000;
EXPORT_SYMBOL_GPL(cvsw_fuzz_rounds);
module_param_named(fuzz_rounds, cvsw_fuzz_rounds, uint, 0444);
MODULE_PARM_DESC(fuzz_rounds, "frames in each test of the fuzz suite");

MODULE_DESCRIPTION("CVSW: parameters of the fuzz suite");
MODULE_LICENSE("GPL");
