// SPDX-License-Identifier: GPL-2.0-or-later
/* A unit test's main(): each program has one suite. */
#include <stddef.h>

#include "tap.h"

int main(int argc, char **argv)
{
	return tap_main(argc, argv, (const struct tap_test *const []) { tests, NULL });
}
