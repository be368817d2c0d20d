/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "../cvsw_types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A property that must hold for whatever input; libFuzzer keeps the input. */
#define MUST(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

#endif
