#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What this machine has of what CVSW's tests and demonstration need, as a
# table; installs the packages that are missing (--no-install only names them).
# Exits 0 if all that nothing can do without is there.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$here")
cache=${CVSW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cvsw}
install=1
[ "${1:-}" = --no-install ] && install=0
fatal=0

row() { # what, verdict, text
	printf '  %-20s %-8s %s\n' "$1" "$2" "$3"
}

missing() { # what, what to do
	row "$1" MISSING "$2"
	fatal=1
}

lacking() { # what, what cannot be run
	row "$1" lacking "$2"
}

wanted_packages() {
	grep -v '^#' "$here/packages" | grep . || true
}

# One dpkg-query for all; it prints nothing for a name it never heard of.
missing_packages() {
	comm -23 <(wanted_packages | sort -u) \
		<(wanted_packages | xargs dpkg-query -W -f='${Package} ${db:Status-Status}\n' 2>/dev/null |
			awk '$2 == "installed" { print $1 }' | sort -u)
}

# A daemon that a package starts would answer in place of the tests' own one:
# policy-rc.d (101: not allowed) is how Debian says "install, do not start".
install_packages() {
	local policy=/usr/sbin/policy-rc.d made=0 rc=0 log=$top/build/log/apt.log

	mkdir -p "$(dirname "$log")"
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' > "$policy"
		chmod 755 "$policy"
		made=1
	fi
	{
		apt-get update
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
	} > "$log" 2>&1 || rc=$?
	[ "$made" = 0 ] || rm -f "$policy"
	if [ "$rc" != 0 ]; then
		tail -n 5 "$log" >&2
		echo "packages could not be installed; the log: $log" >&2
	fi
	return "$rc"
}

check_packages() {
	local names

	names=$(missing_packages | xargs)
	if [ -z "$names" ]; then
		row packages ok "all $(wanted_packages | wc -l) there"
	elif [ "$install" = 0 ] || [ "$(id -u)" != 0 ]; then
		missing packages "apt-get install $names"
	else
		row packages wait "installing: $names"
		# shellcheck disable=SC2086
		if install_packages $names; then
			row packages ok "installed"
		else
			missing packages "apt-get install $names"
		fi
	fi
}

check_space() { # what, path, GiB
	local free

	mkdir -p "$2"
	free=$(($(stat -f -c '%a * %S' "$2") / 1024 / 1024 / 1024))
	if [ "$free" -ge "$3" ]; then
		row "$1" ok "$free GiB free in $2"
	else
		missing "$1" "$free GiB free in $2, $3 needed: make room or set CVSW_CACHE"
	fi
}

check_memory() {
	local gib

	gib=$(awk '/^MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
	if [ "$gib" -ge 3 ]; then
		row memory ok "$gib GiB available"
	else
		missing memory "$gib GiB available, 3 needed"
	fi
}

check_tun() {
	# Opening the node is the only proof; its presence is none.
	if ( exec 3<>/dev/net/tun ) 2>/dev/null; then
		row TUN ok "/dev/net/tun opens"
	else
		lacking TUN "no VMs: modprobe tun, or give the container /dev/net/tun"
	fi
}

check_netns() {
	if unshare --net true 2>/dev/null; then
		row "network namespaces" ok "unshare --net works"
	else
		lacking "network namespaces" "no VMs, no controller tests: CAP_SYS_ADMIN is needed"
	fi
}

check_ptrace() {
	if python3 - 2>/dev/null <<'PY'
import ctypes, os, sys
pid = os.fork()
if pid == 0:
    os._exit(1 if ctypes.CDLL(None).ptrace(0, 0, 0, 0) else 0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
	then
		row ptrace ok "User-Mode Linux can run"
	else
		lacking ptrace "no User-Mode Linux: allow ptrace (CAP_SYS_PTRACE, seccomp)"
	fi
}

check_kvm() {
	if [ -w /dev/kvm ]; then
		row KVM maybe "/dev/kvm is there; the first boot of a guest tells (else emulation)"
	else
		row KVM no "VMs run under emulation, slowly"
	fi
}

echo "preflight: what CVSW's tests and demonstration need"
if [ "$(id -u)" = 0 ]; then
	row root ok "running as root"
else
	missing root "run this as root"
fi
check_space "disk (build)" "$top/build" 4
check_space "disk (cache)" "$cache" 6
check_memory
check_packages
check_tun
check_netns
check_ptrace
check_kvm
exit "$fatal"
