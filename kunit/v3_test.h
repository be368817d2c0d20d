/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CVSW_KUNIT_V3_TEST_H
#define CVSW_KUNIT_V3_TEST_H

/* The n-th allocation of v3_crypto.c from now on fails, and all behind it; 0: none. */
void v3_crypto_fail_at(int n);

#endif
