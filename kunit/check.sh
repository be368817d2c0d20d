#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run test stages, make targets that print flat TAP, one after another, and add
# up what they said:
#
#   kunit/check.sh STAGE...
#
# Closes with `N passed, N failed, N skipped`. A stage that ends badly without
# a failed test, or that runs no test, is a failure itself. CVSW_REQUIRE=all:
# a skip is a failure. Each stage's whole output is in build/log/STAGE.log.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$here")
log=$top/build/log
passed=0 failed=0 skipped=0
bad=()
mkdir -p "$log"

count() { # pattern, file
	grep -cE "$1" "$2" || true
}

run_stage() {
	local stage=$1 start=$SECONDS rc=0 p f s file=$log/$1.log

	echo "== $stage"
	make --no-print-directory --keep-going -C "$top" "$stage" 2>&1 < /dev/null | tee "$file" |
		{ grep --line-buffered -E '^(ok|not ok|#|==) ?' || true; }
	rc=${PIPESTATUS[0]}
	s=$(count '^ok .*# SKIP' "$file")
	p=$(($(count '^ok ' "$file") - s))
	f=$(count '^not ok ' "$file")
	if [ "$f" = 0 ] && [ "$rc" != 0 ]; then
		echo "not ok - $stage ended with an error; the end of $file:"
		tail -n 20 "$file" | sed 's/^/# /'
		f=1
	elif [ $((p + f + s)) = 0 ]; then
		echo "not ok - $stage ran no test"
		f=1
	fi
	if [ "${CVSW_REQUIRE:-}" = all ] && [ "$s" != 0 ]; then
		echo "not ok - $stage skipped $s, and CVSW_REQUIRE=all allows none"
		f=$((f + s))
		s=0
	fi
	echo "== $stage: $p passed, $f failed, $s skipped, $((SECONDS - start)) s"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	[ "$f" = 0 ] || bad+=("$stage")
}

for stage; do
	run_stage "$stage"
done

echo
if [ ${#bad[@]} != 0 ]; then
	echo "failed: ${bad[*]}; the logs are build/log/STAGE.log"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
