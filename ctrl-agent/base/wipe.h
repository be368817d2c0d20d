/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that held a request or a message may have held a key. */
#ifndef CVSWD_WIPE_H
#define CVSWD_WIPE_H

#include <stddef.h>

/** wipe_malloc(), wipe_realloc(), wipe_free() - as the C library's, but what is freed is zeroed */
void *wipe_malloc(size_t size);
void *wipe_realloc(void *old, size_t size);
void wipe_free(void *memory);

#endif
