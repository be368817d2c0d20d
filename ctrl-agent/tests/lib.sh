# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154,SC2317
# What the daemon's tests with real interfaces share; sourced with $suite and $build
# set. They run in a network namespace of their own, end what they started by its
# pid, and print TAP.

bin=$build/asan
tapnic=$build/user/agent/tapnic
mac_a=02:00:00:00:00:0a
mac_b=02:00:00:00:00:0b
mac_c=02:00:00:00:00:0c
pids=()
failed=0

skip() {
	echo "ok - agent $suite # SKIP $1"
	exit 0
}

# Once more, in a new network namespace: enter_namespace "$@"
enter_namespace() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -c /dev/net/tun ] || skip "no /dev/net/tun"
	unshare --net true 2>/dev/null || skip "no network namespaces"
	if [ "${CVSW_TEST_NS:-}" != yes ]; then
		CVSW_TEST_NS=yes exec unshare --net "$0" "$@"
	fi
	ip link set lo up
	work=$(mktemp -d "${TMPDIR:-/tmp}/cvsw-agent.XXXXXX")
	sock=$work/cvswd.sock
	trap cleanup EXIT
}

cleanup() {
	local pid

	for pid in "${pids[@]}"; do
		stop "$pid" 2>/dev/null || true
	done
	if [ "$failed" = 0 ]; then
		rm -rf "$work"
	else
		echo "# logs: $work"
	fi
}

# check NAME COMMAND...: the command succeeds
check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		echo "ok - agent $suite: $name"
	else
		echo "not ok - agent $suite: $name"
		printf '# %s\n' "$*" "${out//$'\n'/$'\n'# }"
		failed=1
	fi
}

# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $end ]; then
			"$@"
			return
		fi
		sleep 0.1
	done
}

# start LOG COMMAND...: in the background; its pid is $last
start() {
	local log=$1
	shift
	"$@" >>"$work/$log" 2>&1 &
	last=$!
	pids+=("$last")
}

# stop PID: ends it, at worst by force; succeeds if it exits with 0 (a sanitizer's
# report would not). In the shell that started it: wait knows only children.
stop() {
	local tries=100

	kill "$1" 2>/dev/null || true
	while kill -0 "$1" 2>/dev/null && [ $((tries -= 1)) -gt 0 ]; do
		sleep 0.1
	done
	kill -KILL "$1" 2>/dev/null || true
	wait "$1"
}

# check_stop NAME PID
check_stop() {
	local status=0

	stop "$2" || status=$?
	check "$1" test $status = 0
}

ctl() {
	timeout 60 "$bin/cvswctl" --socket "$sock" "$@"
}

# start_cvswd OPTION...: its pid is $cvswd
start_cvswd() {
	start cvswd.log "$bin/cvswd" --socket "$sock" --verbose --allow-unauthenticated "$@"
	cvswd=$last
	until_true 10 ctl show
}

nic_is() {
	ctl -j show | python3 -c '
import json, sys
states = {nic["mac"]: nic["state"] for nic in json.load(sys.stdin)["nics"]}
print(states)
sys.exit(states.get(sys.argv[1], "unknown") != sys.argv[2])' "$1" "$2"
}

# says TEXT COMMAND...: it succeeds, and its output contains TEXT
says() {
	local text=$1 out
	shift
	if ! out=$("$@" 2>&1) || [[ $out != *"$text"* ]]; then
		echo "$out"
		return 1
	fi
}

# has NIC TEXT: the line is in what NIC ("a", "b") was told
has() {
	grep -qxF -- "$2" "$work/nic-$1" || {
		cat "$work/nic-$1"
		return 1
	}
}
