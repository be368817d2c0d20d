#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the KUnit suites in a machine of several CPUs:
#
#   run-smp.sh NAME KERNEL MODULES SECONDS [PARAMETER...]
#
# QEMU emulates it with a thread for each CPU: where this machine has as many, they run at
# the same time, and where it has not, one is interrupted by another anywhere.  Grace
# periods are as short as they can be, for who relies on more than one is to be found out.
# Flat TAP comes out, the kernel's log goes to build/log/NAME.log.
set -euo pipefail

name=$1 kernel=$2 modules=$3 seconds=$4
shift 4
here=$(dirname "$(realpath "$0")")
log=$(dirname "$here")/build/log/$name.log
cpus=4
work=$(mktemp -d "${TMPDIR:-/tmp}/cvsw-smp.XXXXXX")
trap 'rm -rf "$work"' EXIT

make_initrd() {
	mkdir -p "$work"/root/{bin,dev,proc,sys}
	cp "$(command -v busybox)" "$work/root/bin/"
	cp "$here/smp-init.sh" "$work/root/init"
	cp "$modules"/{cvsw,cvsw_kunit_params,cvsw_kunit}.ko "$work/root/"
	(cd "$work/root" && find . | cpio --quiet -o -H newc) > "$work/initrd"
}

machine() {
	timeout "$seconds" qemu-system-x86_64 -machine q35 -cpu max -accel tcg,thread=multi -smp "$cpus" -m 1G \
		-nodefaults -no-reboot -display none -serial stdio -kernel "$kernel" -initrd "$work/initrd" \
		-append "console=ttyS0 rdinit=/init panic=-1 no_timer_check random.trust_cpu=1 cryptomgr.notests=1 \
kunit.enable=1 rcupdate.rcu_expedited=1 -- $*" < /dev/null
}

failed=0
mkdir -p "$(dirname "$log")"
make_initrd
machine "$@" | tee "$log" | "$here/ktap-flatten" | sed -u -E "s/^(ok|not ok) - /\1 - $name: /" |
	tee "$work/tap" || true
! grep -q '^not ok' "$work/tap" || failed=1
if ! grep -q "^smp-init: ended with 0 on $cpus CPUs" "$log"; then
	echo "not ok - $name: modules load and unload within $seconds s; the end of ${log##*/}:"
	tail -n 25 "$log" | sed 's/^/# /'
	failed=1
fi
if complaint=$("$here/kernel-complaints" "$log"); then
	echo "ok - $name: kernel log is clean"
else
	echo "not ok - $name: kernel log is clean"
	sed 's/^/# /' <<< "$complaint"
	failed=1
fi
exit "$failed"
