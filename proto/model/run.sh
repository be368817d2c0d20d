#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Checks the model of version 3's handshake, and that the check can fail.
# usage: run.sh DIR   (where spin writes)
set -euo pipefail

model=$(cd "${BASH_SOURCE[0]%/*}" && pwd)/v3.pml
dir=$1
mkdir -p "$dir"
cd "$dir"

# It is not the model that is wrong.
give_up() {
	echo "not ok - proto: version 3's handshake in its model"
	sed 's/^/# /' "$1"
	exit 1
}

# Whether spin finds no mistake in the model with these -D options.
holds() {
	rm -f pan pan.log
	spin "$@" -a "$model" >spin.log 2>&1 || give_up spin.log
	gcc -O1 -w -DSAFETY -DNOCLAIM -DMEMLIM=1024 -o pan pan.c >gcc.log 2>&1 || give_up gcc.log
	./pan -m20000 >pan.log 2>&1 || give_up pan.log
	! grep -q 'max search depth too small\|out of memory' pan.log || give_up pan.log
	! grep -q 'errors: 0$' pan.log || return 0
	# Found by what the model asserts, and by nothing else.
	grep -q 'assertion violated\|invalid end state' pan.log || give_up pan.log
	return 1
}

if holds; then
	states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' pan.log)
	echo "ok - proto: version 3's handshake in all $states states of its model"
else
	echo "not ok - proto: version 3's handshake in its model"
	grep 'pan:' pan.log | sed 's/^/# /'
	exit 1
fi

missed=()
for mistake in NO_WINDOW NO_CONFIRM NO_WAIT FORGETFUL STUBBORN HASTY SAME_INSTANCE; do
	! holds -D$mistake || missed+=("$mistake")
done
[[ ${#missed[@]} -eq 0 ]] || printf 'not '
echo "ok - proto: the model's check finds each of seven mistakes"
if [[ ${#missed[@]} -gt 0 ]]; then
	echo "# not found: ${missed[*]}"
	exit 1
fi
