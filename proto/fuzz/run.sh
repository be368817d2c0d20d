#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
# Runs each fuzz target for FUZZ_SECONDS (20) on its seeds; a line of TAP each.
# usage: run.sh DIR TARGET...   (DIR holds the targets, their seeds and what they find)
set -euo pipefail

dir=$1
shift
seconds=${FUZZ_SECONDS:-20}
failed=0

for target; do
	log=$dir/$target.log
	mkdir -p "$dir/corpus/$target"
	options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=4096
		-print_final_stats=1 "-artifact_prefix=$dir/$target-")
	[[ $target != fuzz_text* ]] || options+=("-dict=${BASH_SOURCE[0]%/*}/text.dict")
	if timeout $((seconds + 60)) "$dir/$target" "${options[@]}" \
			"$dir/corpus/$target" "$dir/seeds/$target" >"$log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "ok - proto: $target, $runs inputs in $seconds s"
	else
		failed=1
		echo "not ok - proto: $target"
		grep -E 'ERROR|SUMMARY|fuzz_.*:|runtime error|Test unit written' "$log" |
			head -n 8 | sed 's/^/# /' || true
		echo "# log: $log"
	fi
done
exit $failed
