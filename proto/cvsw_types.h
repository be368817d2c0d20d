/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The C that proto/ is written in, wherever it is compiled: kernel module,
 * daemon, unit test or fuzzer.  The only #ifdef __KERNEL__ of proto/ is here.
 */
#ifndef CVSW_TYPES_H
#define CVSW_TYPES_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/limits.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#define UINT8_MAX	U8_MAX
#define UINT16_MAX	U16_MAX
#define UINT32_MAX	U32_MAX
#define UINT64_MAX	U64_MAX
#else
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#endif

#endif
