/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Version 3's primitives from OpenSSL's libcrypto.  User space only. */
#ifndef CVSW_V3_LIBCRYPTO_H
#define CVSW_V3_LIBCRYPTO_H

#include "cvsw_v3_crypto.h"

extern const struct cvsw_v3_crypto cvsw_v3_libcrypto;

#endif
