// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Only the histories of test_v3_agree.c, for many of them at native speed. */
#include "tests.h"

int main(int argc, char **argv)
{
	return tap_main(argc, argv, (const struct tap_test *const []) { v3_agree_tests, NULL });
}
