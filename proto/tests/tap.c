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

/* The program's name counts as the beginning of each test's. */
static int is_wanted(const char *name, int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/');
	char full[256];
	int i;

	snprintf(full, sizeof(full), "%s: %s", base ? base + 1 : argv[0], name);
	for (i = 1; i < argc; i++)
		if (strcasestr(full, argv[i]))
			return 1;
	return argc < 2;
}

/* Returns whether it passed. */
static int run_one(const struct tap_test *test)
{
	unsigned int i;

	n_failures = 0;
	test->run();
	printf("%sok - %s\n", n_failures ? "not " : "", test->name);
	for (i = 0; i < n_failures && i < MAX_REASONS; i++)
		printf("# %s\n", reasons[i]);
	if (n_failures > MAX_REASONS)
		printf("# and %u more\n", n_failures - MAX_REASONS);
	fflush(stdout);
	return !n_failures;
}

int tap_main(int argc, char **argv, const struct tap_test *const *suites)
{
	const struct tap_test *test;
	unsigned int run = 0, passed = 0;

	for (; *suites; suites++) {
		for (test = *suites; test->name; test++) {
			if (!is_wanted(test->name, argc, argv))
				continue;
			run++;
			passed += (unsigned int)run_one(test);
		}
	}
	if (!run)
		fprintf(stderr, "%s: no test has such a name\n", argv[0]);
	return !run ? 2 : passed < run;
}
