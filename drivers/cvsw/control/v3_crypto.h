/* SPDX-License-Identifier: GPL-2.0 */
/* Version 3's primitives from the kernel. */
#ifndef CVSW_V3_KERNEL_CRYPTO_H
#define CVSW_V3_KERNEL_CRYPTO_H

#include "proto/cvsw_v3_crypto.h"

/**
 * cvsw_v3_kernel_crypto - for all ports
 *
 * Context: process context; each key for one caller at a time.
 */
extern const struct cvsw_v3_crypto cvsw_v3_kernel_crypto;

int cvsw_v3_crypto_module_init(void);
void cvsw_v3_crypto_module_exit(void);

#endif
