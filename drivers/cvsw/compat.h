/* SPDX-License-Identifier: GPL-2.0 */
/* Where kernels differ, found out by the compiler and never by a version. */
#ifndef CVSW_COMPAT_H
#define CVSW_COMPAT_H

/* skb_gso_segment() was in linux/netdevice.h once. */
#if __has_include(<net/gso.h>)
#include <net/gso.h>
#endif

#endif
