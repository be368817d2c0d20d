#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Process 1 of the machine that run-smp.sh starts, with the parameters of the suites:
# they tell their results to the kernel's log, which is the console.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t debugfs debugfs /sys/kernel/debug
[ ! -e /sys/kernel/debug/kcsan ] || echo on > /sys/kernel/debug/kcsan
insmod /cvsw.ko && insmod /cvsw_kunit_params.ko "$@" && insmod /cvsw_kunit.ko &&
	rmmod cvsw_kunit cvsw_kunit_params cvsw
result=$?
[ ! -e /proc/lockdep_stats ] || grep -q 'debug_locks: *1' /proc/lockdep_stats || echo "WARNING: lockdep has switched itself off"
echo "smp-init: ended with $result on $(nproc) CPUs"
reboot -f		# which ends QEMU
