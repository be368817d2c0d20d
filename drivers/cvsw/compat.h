/* SPDX-License-Identifier: GPL-2.0 */
/* Where kernels differ, found out by the compiler and never by a version. */
#ifndef CVSW_COMPAT_H
#define CVSW_COMPAT_H

#include <linux/crypto.h>

/* skb_gso_segment() was in linux/netdevice.h once. */
#if __has_include(<net/gso.h>)
#include <net/gso.h>
#endif

/* skb_frag_ref() was in linux/skbuff.h once. */
#if __has_include(<linux/skbuff_ref.h>)
#include <linux/skbuff_ref.h>
#endif

/* get_unaligned() was in asm/unaligned.h once. */
#if __has_include(<linux/unaligned.h>)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/*
 * Not to be zeroed, as kernels have it for all locals (CONFIG_INIT_STACK_ALL_ZERO): a
 * key takes longer to zero than to fill in.
 */
#ifndef __uninitialized
#if __has_attribute(__uninitialized__)
#define __uninitialized	__attribute__((__uninitialized__))
#else
#define __uninitialized
#endif
#endif

/* A crypto request's callback was given the request once, and is given its data now. */
#define CVSW_CRYPTO_CALLBACK(with_data, with_request)                          \
	_Generic((crypto_completion_t)NULL,                                     \
		 void (*)(void *, int): with_data, default: with_request)

#endif
