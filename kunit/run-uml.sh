#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run a script as root of a User-Mode Linux machine:
#
#   run-uml.sh NAME KERNEL SECONDS SCRIPT [ARG...]
#
# (words without spaces: they go through the kernel's command line).
# The machine's root is this machine's, read only (hostfs); /run is its own.
# The script's standard output, flat TAP, comes out here with NAME in front of
# each test's name.  Its standard error and the kernel's log go to
# build/log/NAME.log.  One more test, "kernel log is clean", fails on whatever
# the kernel complains about.  What has not ended after SECONDS is killed.
# UML_MEM is its memory; UML_NET says what its interface vec0 is, if it is to have one.
# CVSW_COUNTERS is a folder for what its modules have counted, if they count lines.
set -euo pipefail

name=$1 kernel=$(realpath "$2") seconds=$3
shift 3
here=$(dirname "$(realpath "$0")")
top=$(dirname "$here")
log=$top/build/log/$name.log
tap=$top/build/log/$name.tap
mkdir -p "$top/build/log"
work=$(mktemp -d "${TMPDIR:-/tmp}/cvsw-uml.XXXXXX")
uml=

# UML's own processes are one group; nothing else is in it.
end_machine() {
	[[ -z $uml ]] || kill -KILL -- "-$uml" 2>/dev/null || true
	rm -rf "$work"
}
trap end_machine EXIT
trap 'exit 130' INT TERM

# One CPU, any: unpinned, the machine's threads chase each other from one to another.
pick_cpu() {
	local cpus
	mapfile -t cpus < <(taskset -cp $$ | sed 's/.*: //' | tr , '\n' |
		while IFS=- read -r first last; do seq "$first" "${last:-$first}"; done)
	echo "${cpus[$$ % ${#cpus[@]}]}"
}
cpu=$(pick_cpu)

# The host's processor may have more state than this kernel knows.
xstate=$top/build/user/kunit/uml-xstate.so
mkdir -p "${xstate%/*}"
[[ $xstate -nt $here/uml-xstate.c ]] || {
	gcc -O2 -Wall -shared -fPIC -o "$xstate.$$" "$here/uml-xstate.c" && mv "$xstate.$$" "$xstate"
}

# 6.1's self-test of ciphers finds fault with cryptd, whose requests end later.
start_machine() {
	set -m
	TMPDIR=$work HOME=$work LD_PRELOAD=$xstate taskset -c "$cpu" "$kernel/linux" \
		mem="${UML_MEM:-768M}" root=none rootfstype=hostfs rootflags=/ ro \
		con=null con0=null,fd:2 con1=null,fd:1 \
		uml_dir="$work" umid=cvsw random.trust_cpu=1 panic=-1 printk.devkmsg=on \
		kunit.enable=1 cryptomgr.notests=1 ${UML_NET:+"vec0:$UML_NET"} \
		${CVSW_COUNTERS:+"CVSW_COUNTERS=$CVSW_COUNTERS"} \
		init=/bin/bash -- "$here/uml-init.sh" $# "$@" \
		< /dev/null > "$tap" 2> "$log" &
	uml=$!
	set +m
}

# Lines come out as they come in, until the machine is gone.
follow() {
	tail -n +1 -f --pid="$uml" -s 0.2 "$tap" 2>/dev/null |
		sed -u -E "s/^(ok|not ok) - /\1 - $name: /" &
	local shown=$! end=$((SECONDS + seconds))
	while kill -0 "$uml" 2>/dev/null; do
		if ((SECONDS >= end)); then
			kill -KILL -- "-$uml"
			timed_out=1
		fi
		sleep 0.2
	done
	wait "$uml" 2>/dev/null || true
	wait "$shown" || true
}

timed_out=0
failed=0
: > "$tap"
start_machine "$@"
follow

if ((timed_out)); then
	echo "not ok - $name: ends within $seconds s; the end of build/log/$name.log:"
	tail -n 25 "$log" | sed 's/^/# /'
	failed=1
elif ! grep -q '^uml-init: the script ended with 0' "$log"; then
	grep -q '^not ok' "$tap" || {
		echo "not ok - $name: script ends well; the end of build/log/$name.log:"
		tail -n 25 "$log" | sed 's/^/# /'
	}
	failed=1
fi
if grep -q '^not ok' "$tap"; then
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
