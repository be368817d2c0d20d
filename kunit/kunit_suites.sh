#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Inside User-Mode Linux: run the KUnit suites of cvsw_kunit.ko and tell their
# results as flat TAP.  kunit_suites.sh MODULES [PARAMETER...]
set -uo pipefail

here=$(dirname "$0")
modules=$1
shift

# insmod waits for each test, and KUnit itself ends one after 300 s: with KASAN, on a busy
# machine, a fuzzer runs for longer than what else is a finding.
echo 300 > /proc/sys/kernel/hung_task_timeout_secs
insmod "$modules/cvsw.ko" || exit 1
insmod "$modules/cvsw_kunit_params.ko" "$@" || exit 1
dmesg -c > /dev/null
insmod "$modules/cvsw_kunit.ko" || echo "not ok - cvsw_kunit.ko loads"
dmesg | tee /dev/stderr | "$here/ktap-flatten" || echo "not ok - cvsw_kunit.ko has tests"
rmmod cvsw_kunit cvsw_kunit_params cvsw || echo "not ok - modules unload"
