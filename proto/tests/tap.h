/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The tests' frame: flat TAP on stdout, one line a test, reasons behind a failed one. */
#ifndef TAP_H
#define TAP_H

#include <stddef.h>

struct tap_test {
	const char *name;
	void (*run)(void);
};

/*
 * main() of a test program: runs the suites up to a NULL, each up to a test without a
 * name.  With arguments only the tests for which "PROGRAM: NAME" contains one of them, in
 * upper or lower case.  Returns the exit status: 0, 1 if a test failed, 2 if there is no
 * such test.
 */
int tap_main(int argc, char **argv, const struct tap_test *const *suites);

/* Of a program with one suite. */
extern const struct tap_test tests[];

__attribute__((format(printf, 3, 4)))
void tap_fail(const char *file, int line, const char *format, ...);

/* The test goes on after a failure; only its first few reasons are printed. */
#define CHECK(condition) \
	do { \
		if (!(condition)) \
			tap_fail(__FILE__, __LINE__, "%s", #condition); \
	} while (0)

#define CHECK_MSG(condition, ...) \
	do { \
		if (!(condition)) \
			tap_fail(__FILE__, __LINE__, __VA_ARGS__); \
	} while (0)

#endif
