/* SPDX-License-Identifier: GPL-2.0 */
/* Which CPUs a test runs on. */
#ifndef CVSW_KUNIT_CPUS_H
#define CVSW_KUNIT_CPUS_H

#include <kunit/test.h>

/* For a suite's init, where what a CPU has for itself is tested: each test is a thread. */
int stay_on_one_cpu(struct kunit *test);

/*
 * Do something on all CPUs (up to four) at the same time, twice at least, and wait for all.
 * @what: is told which of them it is, counted from zero
 * Return: how many
 */
unsigned int on_all_cpus(struct kunit *test, void (*what)(void *arg, unsigned int nth), void *arg);

#endif
