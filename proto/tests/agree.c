// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Only the histories of test_v3_agree.c, for many of them at native speed. */
#include "tests.h"

int main(void)
{
	return tap_run(v3_agree_tests) ? 1 : 0;
}
