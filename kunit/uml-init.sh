#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Process 1 of the machine that run-uml.sh starts: uml-init.sh N WORD...: the first N
# words are the command to run; UML puts words of its own behind them.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
unset HOME

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t debugfs debugfs /sys/kernel/debug
mount -t tmpfs tmpfs /run
mkdir -p /run/tmp /run/lock
export TMPDIR=/run/tmp HOME=/run
cd /run || exit 1

exec > /dev/tty1 2> /dev/tty0
stty -opost < /dev/tty1
stty -opost < /dev/tty0
ip link set lo up

# What the kernel's checkers found out and have not said: for the log, which is
# looked through for complaints.
ask_checkers() {
	if [[ -e /proc/lockdep_stats ]] && ! grep -q 'debug_locks: *1' /proc/lockdep_stats; then
		echo "WARNING: lockdep has switched itself off" >&2
	fi
	if [[ -e /sys/kernel/debug/kmemleak ]]; then
		# Objects younger than 5 s do not count as leaked, nor those that
		# have changed since the scan before.
		sleep 5.5
		echo scan > /sys/kernel/debug/kmemleak
		echo scan > /sys/kernel/debug/kmemleak
		sed 's/^unreferenced/BUG: unreferenced/' /sys/kernel/debug/kmemleak >&2
	fi
}

# Where modules count the lines that run (make coverage): their counters, beside links to what
# the compiler wrote, into CVSW_COUNTERS, a folder of the host's.  run-uml.sh's machine is read only.
save_counters() {
	local counters
	mkdir -p /run/counters
	mount -t hostfs -o "$CVSW_COUNTERS" none /run/counters
	cd /sys/kernel/debug/gcov || return
	find . -name '*.gcda' | while read -r counters; do
		mkdir -p "/run/counters/${counters%/*}"
		cat "$counters" > "/run/counters/$counters"
		cp -P "${counters%.gcda}.gcno" "/run/counters/${counters%/*}"
	done
}

"${@:2:$1}"
result=$?
ask_checkers
[[ -z ${CVSW_COUNTERS-} ]] || save_counters
echo "uml-init: the script ended with $result" >&2
sync
exec busybox poweroff -f
