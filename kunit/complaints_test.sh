#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Which reports in a kernel log kernel-complaints takes for ours.  Prints TAP.
set -uo pipefail
here=$(dirname "$(realpath "$0")")
failed=0

# usage: expect found|nothing NAME < log
expect() {
	local log got=nothing
	log=$(cat)
	# As a serial console has it, too.
	for end in '' $'\r'; do
		got=nothing
		sed "s/^/[    1.234567] /; s/\$/$end/" <<< "$log" | "$here/kernel-complaints" > /dev/null || got=found
		[[ $got == "$1" ]] || { echo "not ok - complaints: $2"; failed=1; return; }
	done
	echo "ok - complaints: $2"
}

# usage: kcsan STACK...   (lines of the stack of the first access)
kcsan() {
	printf '%s\n' '==================================================================' \
		'BUG: KCSAN: data-race in one / other' '' 'read to 0xffff88803e81d998 of 8 bytes by task 40 on cpu 1:' \
		"$@" '' 'write to 0xffff88803e81d998 of 8 bytes by interrupt on cpu 0:' ' other+0x1/0x2' ' kthread+0x1/0x2' '' \
		'==================================================================' 'ok 1 test'
}

kcsan ' lookup+0x1/0x2 [cvsw]' ' kthread+0x1/0x2' | expect found "a race of ours"
kcsan ' memcpy+0x1/0x2' ' lookup+0x1/0x2 [cvsw_kunit]' | expect found "a race of what we call"
kcsan ' hrtimer_active+0x1/0x2' ' asm_sysvec_apic_timer_interrupt+0x1/0x2' ' lookup+0x1/0x2 [cvsw]' |
	expect nothing "a race of an interrupt that comes meanwhile"
kcsan ' task_tick_fair+0x1/0x2' ' kthread+0x1/0x2' | expect nothing "a race of the kernel's own"
printf '%s\n' 'WARNING: CPU: 0 PID: 1 at net/core/dev.c:1' ' a+0x1/0x2' | expect found "a warning"
printf '%s\n' 'WARNING: suspicious RCU usage' ' force_flush_all+0x1/0x2' | expect nothing "User-Mode Linux's own at fork"
printf '%s\n' 'ok 1 test' 'smp-init: ended with 0 on 4 CPUs' | expect nothing "a clean log"
exit $failed
