#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check-upstream.py finds a fault of each kind, in a tree of nothing but faults.  Prints TAP.
set -uo pipefail
here=$(dirname "$(realpath "$0")")
top=$(dirname "$here")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

mkdir -p "$tree"/{kunit,drivers,ctrl-agent,proto,bin}
cp "$here/check-upstream.py" "$tree/kunit/"
accepted=$tree/kunit/upstream-accepted
: > "$accepted"

cat > "$tree/Makefile" << EOF
agent:
	gcc \$(CFLAGS) -c ctrl-agent/fault.c -o /dev/null
modules:
	KDIR= CVSW_ANY_KERNEL=1 && kdir=\$\$($top/drivers/cvsw/scripts/kernel-dir) && \\
	\$(MAKE) -C \$\$kdir M=\$(CURDIR)/drivers CONFIG_DEBUG_INFO_BTF_MODULES= W=\$(W) \$(if \$(C),C=\$(C) CHECK=\$(CHECK)) modules
EOF
echo 'obj-m := fault.o' > "$tree/drivers/Kbuild"
cat > "$tree/drivers/fault.c" << 'EOF'
// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/slab.h>

/**
 * fault() - is one
 * @nothing: that is there
 */
static void fault(char *p)
{
	int unused;

	if(p)
		kfree(p);
}

static int __init fault_init(void)
{
	fault(0);
	return 0;
}
module_init(fault_init);
MODULE_LICENSE("GPL");
EOF
cat > "$tree/ctrl-agent/fault.c" << 'EOF'
#include <stdlib.h>
int main(int argc, char **argv)
{
	char *p = malloc(1), last[2] = "";

	free(p);
	last[argc - argc + 2] = **argv;
	return *p + last[0];
}
EOF
printf 'fault(8)\n\n# NAME\n\nfault - no *end\n' > "$tree/ctrl-agent/fault.scd"
echo 'import os' > "$tree/fault.py"
# shellcheck disable=SC2016
printf '#!/bin/sh\nrm $1\n' > "$tree/fault.sh"

# As if no package were installed.
printf '#!/bin/sh\nexit 1\n' > "$tree/bin/dpkg-query"
chmod +x "$tree/bin/dpkg-query"

check() {
	said=$("$tree/kunit/check-upstream.py" "$tree/build" "$@" 2>&1) && status=0 || status=$?
}

# usage: expect TEXT NAME: the last run has said so
expect() {
	if [[ $said == *"$1"* ]]; then
		echo "ok - upstream-test: $2"
	else
		echo "not ok - upstream-test: $2"
		sed 's/^/# /' <<< "$said"
		failed=1
	fi
}

# usage: ends STATUS NAME: and has ended so
ends() {
	said+=$'\n'"status $status"
	expect $'\n'"status $1" "$2"
}

# usage: finds TOOL TEXT
finds() {
	local skip
	if skip=$(grep "^ok - upstream: $1 # SKIP" <<< "$said"); then
		echo "ok - upstream-test: $1 # SKIP ${skip#*SKIP }"
	else
		expect "# $2" "$1 finds a fault"
	fi
}

check
finds checkpatch "drivers/fault.c:13: ERROR:SPACING:"
finds kernel-doc "drivers/fault.c:10: Excess function parameter 'nothing'"
finds shellcheck "fault.sh:2: Double quote to prevent globbing"
finds pyflakes "fault.py:1: 'os' imported but unused"
finds mandoc "ctrl-agent/fault.scd:9: WARNING: skipping paragraph macro: PP empty"
finds cppcheck "ctrl-agent/fault.c:7: arrayIndexOutOfBounds:"
finds warnings "drivers/fault.c:11: unused variable"
finds sparse "drivers/fault.c:19: Using plain integer as NULL pointer"
finds analyzer "ctrl-agent/fault.c:8: use after"
finds coccinelle "drivers/fault.c:14: WARNING: NULL check before some freeing functions is not needed."
ends 1 "faults are a failure"

printf '# A reason.\nanalyzer *.c *\n' > "$accepted"
check analyzer
ends 0 "what is accepted is none"
echo 'analyzer *.c none like that' >> "$accepted"
check analyzer
expect "# upstream-accepted:3: analyzer *.c none like that" "a line that matches nothing is named"
ends 1 "a line that matches nothing is a failure"
printf '# A reason.\n\nanalyzer *.c *\n' > "$accepted"
check analyzer
ends 1 "a line without a reason is a failure"
: > "$accepted"
PATH=$tree/bin:$PATH check analyzer
expect "ok - upstream: analyzer # SKIP gcc is not installed" "a tool that is not installed is skipped"
exit $failed
