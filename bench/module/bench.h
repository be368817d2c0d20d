/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CVSW_BENCH_H
#define CVSW_BENCH_H

#include <linux/fs.h>

extern const struct file_operations bench_aead_speed_fops;	/* aead_speed.c */
extern const struct file_operations bench_generate_fops;	/* generate.c */

#endif
