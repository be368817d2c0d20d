#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Checks the models of version 3, and that the checks can fail.
# usage: run.sh DIR [long]   (where spin writes; long: more states, without the mistakes)
set -euo pipefail

models=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
dir=$1
mkdir -p "$dir"
cd "$dir"

# It is not the model that is wrong.
give_up() {
	echo "not ok - proto: version 3's $what in its model"
	sed 's/^/# /' "$1"
	exit 1
}

# Whether spin finds no mistake in a model with these -D options.
holds() {
	local model=$1
	shift
	rm -f pan pan.log
	spin "$@" -a "$models/$model.pml" >spin.log 2>&1 || give_up spin.log
	gcc -O1 -w -DSAFETY -DNOCLAIM -DMEMLIM="$memory" -o pan pan.c >gcc.log 2>&1 || give_up gcc.log
	./pan -m20000 >pan.log 2>&1 || give_up pan.log
	! grep -q 'max search depth too small\|out of memory' pan.log || give_up pan.log
	! grep -q 'errors: 0$' pan.log || return 0
	# Found by what the model asserts, and by nothing else.
	grep -q 'assertion violated\|invalid end state' pan.log || give_up pan.log
	return 1
}

# usage: check MODEL [-D...]
check() {
	if holds "$@"; then
		states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' pan.log)
		echo "ok - proto: version 3's $what in all $states states of its model"
	else
		echo "not ok - proto: version 3's $what in its model"
		grep 'pan:' pan.log | sed 's/^/# /'
		exit 1
	fi
}

# usage: find_mistakes MODEL NAME...
find_mistakes() {
	local model=$1 missed=() mistake
	shift
	for mistake; do
		! holds "$model" -D"$mistake" || missed+=("$mistake")
	done
	[[ ${#missed[@]} -eq 0 ]] || printf 'not '
	echo "ok - proto: the check of its $what finds each of $# mistakes"
	if [[ ${#missed[@]} -gt 0 ]]; then
		echo "# not found: ${missed[*]}"
		exit 1
	fi
}

if [[ ${2:-} == long ]]; then
	memory=6000
	what="agreement, with more disturbances"
	check v3_agree -DSTEPS=4
	what="agreement, with more talk in between"
	check v3_agree -DTALKS=5
	exit 0
fi
memory=1024
what=handshake
check v3
find_mistakes v3 NO_WINDOW NO_CONFIRM NO_WAIT FORGETFUL STUBBORN HASTY NAMELESS
what=agreement
check v3_agree
find_mistakes v3_agree NO_TICKET NO_LOOK NO_TAGS NO_KNOWN NO_LIST DROPS
