// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_REASONS	5

static char reasons[MAX_REASONS][512];
static unsigned int n_failures;

void tap_fail(const char *file, int line, const char *format, ...)
{
	const char *base = strrchr(file, '/');
	va_list args;
	int n;

	if (n_failures < MAX_REASONS) {
		char *reason = reasons[n_failures];

		n = snprintf(reason, sizeof(reasons[0]), "%s:%d: ", base ? base + 1 : file, line);
		va_start(args, format);
		vsnprintf(reason + n, sizeof(reasons[0]) - (size_t)n, format, args);
		va_end(args);
	}
	n_failures++;
}

unsigned int tap_run(const struct tap_test *tests)
{
	unsigned int failed = 0, i;

	for (; tests->name; tests++) {
		n_failures = 0;
		tests->run();
		printf("%sok - %s\n", n_failures ? "not " : "", tests->name);
		for (i = 0; i < n_failures && i < MAX_REASONS; i++)
			printf("# %s\n", reasons[i]);
		if (n_failures > MAX_REASONS)
			printf("# and %u more\n", n_failures - MAX_REASONS);
		fflush(stdout);
		failed += n_failures > 0;
	}
	return failed;
}
