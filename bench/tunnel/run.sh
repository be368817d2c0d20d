#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measure in one boot of User-Mode Linux, then tell:
#
#   run.sh UML ROUNDS SECONDS [CASE...]
#
# UML holds kernel and modules.  Leaves build/bench/tunnel.{json,svg} and
# tunnel.lines, every single sample.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
top=$(dirname "$(dirname "$here")")
uml=$(realpath -s "$1") rounds=$2 seconds=$3
shift 3
out=$top/build/bench
lines=$out/tunnel.lines
mkdir -p "$out"

# Ten cases, four metrics, and as much again for what is around each run.
limit=$(awk -v r="$rounds" -v s="$seconds" 'BEGIN { print int(120 + (r + 1) * (10 * s * 2.5 * 2 + 20)) }')

progress() {
	awk '/"kind": "sample"/ { n++; if (n % 10 == 0) { printf "bench-tunnel: %d samples\n", n; fflush() } }
	     !/^{/ { print; fflush() }'
}

echo "bench-tunnel: $rounds rounds; the host's load average is $(cut -d' ' -f1 /proc/loadavg)"
UML_MEM=1G "$top/kunit/run-uml.sh" bench-tunnel "$uml/kernel" "$limit" \
	python3 -B "$here/measure.py" "$uml/mod" "$uml/kernel" "$rounds" "$seconds" "$@" |
	tee "$lines" | progress
python3 -B "$here/report.py" "$lines" "$out/tunnel"
