#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measure in one boot of User-Mode Linux, then tell:
#
#   run.sh UML ROUNDS ENTRIES [SYSTEM...]
#
# UML holds kernel and modules; ENTRIES: in the largest table; SYSTEMs: cvsw, ovs, flower; all.  Leaves
# build/bench/table.{json,svg} and table.lines, every single sample.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
top=$(dirname "$(dirname "$here")")
uml=$(realpath -s "$1") rounds=$2 entries=$3
shift 3
out=$top/build/bench
lines=$out/table.lines
mkdir -p "$out"

# The others' million flows take them minutes, and gigabytes.
limit=$((300 + 100 * rounds + entries / 240))

echo "bench-table: $rounds rounds, up to $entries flows; the host's load average is $(cut -d' ' -f1 /proc/loadavg)"
UML_MEM=$((512 + entries * 3 / 512))M "$top/kunit/run-uml.sh" bench-table "$uml/kernel" "$limit" \
	python3 -B "$here/measure.py" "$uml/mod" "$rounds" "$entries" 20000 "$@" |
	tee "$lines" | grep --line-buffered -v '^{'
python3 -B "$here/report.py" "$lines" "$out/table"
