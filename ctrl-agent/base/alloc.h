/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocation that does not fail: every table of the daemon is bounded, so out
 * of memory means a mis-sized machine, and a restart by the service manager is
 * the better answer (NICs keep their tables meanwhile).
 */
#ifndef CVSWD_ALLOC_H
#define CVSWD_ALLOC_H

#include <stdio.h>
#include <stdlib.h>

static inline void *alloc_checked(void *memory)
{
	if (!memory) {
		fputs("cvswd: out of memory\n", stderr);
		abort();
	}
	return memory;
}

/* Zeroed. */
static inline void *xcalloc(size_t n, size_t size)
{
	return alloc_checked(calloc(n, size));
}

#endif
