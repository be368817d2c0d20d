// SPDX-License-Identifier: GPL-2.0-or-later
#include "wipe.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *wipe_malloc(size_t size)
{
	return malloc(size);
}

void wipe_free(void *memory)
{
	if (memory)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

void *wipe_realloc(void *old, size_t size)
{
	size_t had = old ? malloc_usable_size(old) : 0;
	void *fresh = malloc(size);

	if (!fresh)
		return NULL;
	if (old)
		memcpy(fresh, old, had < size ? had : size);
	wipe_free(old);
	return fresh;
}
