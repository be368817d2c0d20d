#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cvswd --direct: no switch, the daemon on the taps themselves.
#
#	cvswctl -- cvswd --pcap-- tap0 tap1
#	                        tapnic a  b
#
# Daemon and CLI are the sanitized builds. Usage: direct_test.sh BUILD-FOLDER
set -euo pipefail

suite=direct
build=$1
# shellcheck source=ctrl-agent/tests/lib.sh
source "$(dirname "$0")/lib.sh"

enter_namespace "$@"

# A tap has no NIC behind it if the daemon took its own frames for a guest's.
frames_malformed() {
	ctl -j show | python3 -c '
import json, sys
frames = json.load(sys.stdin)["switches"][0]["frames"]
print(frames)
sys.exit(frames["malformed"] + frames["unexpected"])'
}

start nic-a.log "$tapnic" tap0 $mac_a "$work/nic-a"
nic_a=$last
until_true 5 test -e "$work/nic-a"
start_cvswd --direct tap0,tap1
check "a NIC is found by HELLO" until_true 10 nic_is $mac_a "in sync"
flow="priority=100,ip,nw_dst=10.0.0.1 actions=drop"
check "add-flow waits for the NIC" says "$mac_a: in sync, 1 flow" ctl add-flow tap0 "${flow/ /,}"
check "the NIC has the flow" has a "$flow"
check "set-mtu" says "MTU 1400 sent" ctl set-mtu d1:1 1400
check "the NIC got the MTU" until_true 5 has a "mtu 1400"

start nic-b.log "$tapnic" tap1 $mac_b "$work/nic-b"
check "a tap that comes later" until_true 10 nic_is $mac_b "in sync"
check "its own frames are not taken for a guest's" frames_malformed

kill "$nic_a"
check "a NIC whose tap is gone is absent" until_true 10 nic_is $mac_a absent
start nic-a.log "$tapnic" tap0 $mac_a "$work/nic-a"
check "and back with its tap" until_true 15 nic_is $mac_a "in sync"
check "with its flow" has a "$flow"

ip link add br0 type bridge 2>/dev/null && bridge=br0 || bridge=
if [ -n "$bridge" ]; then
	check "a bridge is refused" bash -c \
		"! timeout 5 '$bin/cvswd' --socket '$work/other' --direct $bridge \
			2>'$work/bridge.log' && grep 'is a bridge' '$work/bridge.log'"
fi
check_stop "cvswd ends without a complaint" "$cvswd"
exit $failed
