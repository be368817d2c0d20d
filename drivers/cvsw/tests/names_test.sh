#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Can a stack trace, perf or ftrace tell the driver's static functions apart?
#
#   names_test.sh FARM      the folder in which cvsw.ko was built
#
# No two of them share a name, and none of the data path has a bare word for a name.
set -euo pipefail

cd "$1"
# What the compiler makes of a function (x.isra.0, x.cold) goes by the function's name.  Inline
# functions of the kernel's headers are not the driver's.
functions() {
	for object; do
		nm "$object" | awk '$2 == "t" { sub(/\..*/, "", $3); print $3 }' | sort -u |
			grep -xFf <(sed -nE 's/^static [^=;(]*\<(\w+)\(.*/\1/p' "${object%.o}.c") || true
	done
}

mapfile -t objects < <(tr ' ' '\n' < drivers/cvsw/cvsw.mod | grep '\.o$')
mapfile -t data_path < <(printf '%s\n' "${objects[@]}" | grep -E '/(door|engine|table|tunnel|esp)/')
all=$(functions "${objects[@]}")
[ "$(wc -l <<< "$all")" -gt 100 ] || { echo "not ok - too few functions: is $1 built?"; exit 1; }

bad=$(sort <<< "$all" | uniq -d)
[ -z "$bad" ] || { echo "not ok - static functions of one name: $(tr '\n' ' ' <<< "$bad")"; exit 1; }
bad=$(functions "${data_path[@]}" | grep -v _ || true)
[ -z "$bad" ] || { echo "not ok - functions that are one bare word: $(tr '\n' ' ' <<< "$bad")"; exit 1; }
echo "ok - the driver's static functions have names of their own"
