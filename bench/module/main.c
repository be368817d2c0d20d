// SPDX-License-Identifier: GPL-2.0
/* What a benchmark asks the kernel for, in /sys/kernel/debug/cvsw_bench. */
#include <linux/debugfs.h>
#include <linux/module.h>

#include "bench.h"
#include "host_cpu.h"

static int host_cpu_get(void *data, u64 *value)
{
	*value = cvsw_host_cpu_ns();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(host_cpu_fops, host_cpu_get, NULL, "%llu\n");

static struct dentry *bench_dir;

static int __init bench_init(void)
{
	bench_dir = debugfs_create_dir("cvsw_bench", NULL);
	debugfs_create_file("aead_speed", 0400, bench_dir, NULL, &bench_aead_speed_fops);
	debugfs_create_file("generate", 0600, bench_dir, NULL, &bench_generate_fops);
	debugfs_create_file("host_cpu", 0400, bench_dir, NULL, &host_cpu_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove(bench_dir);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("Frames, the crypto API's speed, and time as the host counts it");
MODULE_LICENSE("GPL");
