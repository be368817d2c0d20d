#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measure in one boot of User-Mode Linux, then tell:
#
#   run.sh UML ROUNDS SECONDS
#
# UML holds kernel and modules; SECONDS of each run.  Leaves
# build/bench/control.{json,svg} and control.lines, every single sample.
#
#   cvswctl's socket -- cvswd -- tap0 ~~~ vec0 -- a0 (virtio_net) --- b0 (cvsw_virtio_net)
#   this machine, in a network namespace | User-Mode Linux: the NIC is b0
set -euo pipefail

here=$(dirname "$(realpath "$0")")
top=$(dirname "$(dirname "$here")")
uml=$(realpath -s "$1") rounds=$2 seconds=$3
out=$top/build/bench
lines=$out/control.lines

if [[ ${CVSW_BENCH_NAMESPACE:-} != yes ]]; then
	mkdir -p "$out"
	echo "bench-control: $rounds rounds; the host's load average is $(cut -d' ' -f1 /proc/loadavg)"
	CVSW_BENCH_NAMESPACE=yes unshare -n "$0" "$@" | tee "$lines" | grep --line-buffered -v '^{'
	exec python3 -B "$here/report.py" "$lines" "$out/control"
fi

ip link set lo up
ip tuntap add tap0 mode tap
ip address add 10.9.0.1/30 dev tap0
ip link set tap0 up

work=$(mktemp -d "$out/control.XXXXXX")		# a disk's: the database's speed is its
python3 -B "$here/host.py" "$top/build/bin" "$work" &
host=$!
end() {
	kill "$host" 2>/dev/null || true
	wait "$host" || true
	rm -rf "$work"
}
trap end EXIT

limit=$(awk -v r="$rounds" -v s="$seconds" 'BEGIN { print int(90 + (r + 1) * (14 * s + 60)) }')
UML_MEM=768M UML_NET=transport=tap,ifname=tap0,depth=128 \
	"$top/kunit/run-uml.sh" bench-control "$uml/kernel" "$limit" \
	python3 -B "$here/guest.py" "$uml/mod" "$uml/kernel" "$rounds" "$seconds"
