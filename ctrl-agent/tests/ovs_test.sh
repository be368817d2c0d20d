#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cvswd and cvswctl against a real Open vSwitch (userspace datapath) with simulated
# NICs, in a network namespace of its own:
#
#	cvswctl -- cvswd ==OpenFlow 1.0, 1.3, unix:, tcp:==> ovs-vswitchd
#	                                                         br0
#	                                                     tap0   tap1
#	                                                  tapnic a  tapnic b
#
# Daemon and CLI are the sanitized builds. Usage: ovs_test.sh BUILD-FOLDER
set -euo pipefail

suite=ovs
build=$1
# shellcheck source=ctrl-agent/tests/lib.sh
source "$(dirname "$0")/lib.sh"

for program in ovs-vswitchd ovsdb-server; do
	command -v "$program" >/dev/null || skip "Open vSwitch is not installed"
done
enter_namespace "$@"

start_ovs() {
	export OVS_RUNDIR=$work OVS_LOGDIR=$work OVS_DBDIR=$work OVS_SYSCONFDIR=$work
	ovsdb-tool create "$work/conf.db" /usr/share/openvswitch/vswitch.ovsschema
	start ovsdb.log ovsdb-server "$work/conf.db" --remote=punix:"$work/db.sock" \
		--unixctl="$work/ovsdb.ctl"
	until_true 10 test -S "$work/db.sock"
	ovs-vsctl --db="unix:$work/db.sock" --no-wait init
	start vswitchd.log ovs-vswitchd "unix:$work/db.sock" --unixctl="$work/vswitchd.ctl"
	vsctl add-br br0 -- set bridge br0 datapath_type=netdev fail-mode=secure \
		protocols=OpenFlow10,OpenFlow13
	# A restarted controller is to be found within a second or two.
	controller_options=(-- set controller br0 max_backoff=1000)
}

vsctl() {
	ovs-vsctl --db="unix:$work/db.sock" --timeout=20 "$@"
}

dump_switch() {
	ovs-ofctl -O OpenFlow10,OpenFlow13 dump-flows "unix:$work/br0.mgmt"
}

# connect PROTOCOL TARGET
connect() {
	vsctl set bridge br0 protocols="$1"
	vsctl set-controller br0 "$2" "${controller_options[@]}"
}

has_both_rules() {
	says "dl_type=0xabba actions=CONTROLLER:65535" dump_switch &&
		says "priority=0 actions=NORMAL" dump_switch
}

rules_are() {
	says "\"rules\":\"$1\"" ctl -j show || says "\"rules\": \"$1\"" ctl -j show
}

both_in_sync() {
	nic_is "$mac_a" "in sync" && nic_is "$mac_b" "in sync"
}

# round_trip PROTOCOL TARGET: connect, find both NICs, program one
round_trip() {
	local flow="priority=100,ip,nw_dst=10.0.0.1 actions=drop"

	check "$1 over ${2%%:*}: both NICs are found" until_true 15 both_in_sync
	check "$1 over ${2%%:*}: add-flow waits for the NIC" says "$mac_a: in sync, 1 flow" \
		ctl add-flow tap0 "${flow/ /,}"
	check "$1 over ${2%%:*}: the NIC has the flow" has a "$flow"
	check "$1 over ${2%%:*}: no other NIC has it" has b "flows 0"
	check "$1 over ${2%%:*}: del-flows" says "$mac_a: in sync, 0 flows" ctl del-flows tap0
	check "$1 over ${2%%:*}: the NIC has none" has a "flows 0"
}

# keys_meet NIC...: of these, and no others, each has a key to each other one
keys_meet() {
	python3 - "$work" "$@" <<-'EOT'
		import sys
		work, wanted = sys.argv[1], sys.argv[2:]
		ends = {'in': {}, 'out': {}}
		for nic in 'abc':
		    with open(f'{work}/nic-{nic}', encoding='ascii') as file:
		        for line in file:
		            if line.startswith('sa '):
		                _, way, spi, rest = line.rstrip().split(' ', 3)
		                ends[way][spi] = nic, rest
		print(ends)
		ways = {(end[0], ends['in'].get(spi, '-')[0])
		        for spi, end in ends['out'].items() if ends['in'].get(spi, '--')[1] == end[1]}
		assert len(ends['in']) == len(ends['out']) == len(ways), 'keys without another end'
		assert ways == {(s, r) for s in wanted for r in wanted if s != r}, ways
	EOT
}

start_ovs
start nic-a.log "$tapnic" tap0 $mac_a "$work/nic-a"
nic_a=$last
start nic-b.log "$tapnic" tap1 $mac_b "$work/nic-b"
until_true 5 test -e "$work/nic-b"
vsctl add-port br0 tap0 -- add-port br0 tap1

start_cvswd --listen "unix:$work/of.sock" --listen tcp:127.0.0.1:16653
for protocol in OpenFlow10 OpenFlow13; do
	for target in "unix:$work/of.sock" tcp:127.0.0.1:16653; do
		connect $protocol "$target"
		check "$protocol over ${target%%:*}: the switch speaks it" until_true 15 \
			says "OpenFlow 1.${protocol: -1}" ctl show
		round_trip $protocol "$target"
		vsctl del-controller br0
		check "$protocol over ${target%%:*}: NICs are absent without their switch" \
			until_true 10 nic_is $mac_a absent
	done
done

connect OpenFlow13 "unix:$work/of.sock"
check "the switch sends control frames to the controller, others on" until_true 10 \
	says "dl_type=0xabba actions=CONTROLLER:65535" dump_switch
check "and everything else on" says "priority=0 actions=NORMAL" dump_switch
# Its rules are looked after; what others put beside them is not touched.
check "cvswd has seen its rules there" until_true 10 rules_are "in place"
ovs-ofctl -O OpenFlow13 add-flow "unix:$work/br0.mgmt" "cookie=0x77,priority=5,udp,actions=drop"
for version in OpenFlow10 OpenFlow13; do
	connect $version "unix:$work/of.sock"
	until_true 10 rules_are "in place"
	check "$version: del-flows: both rules are back within 5 s" eval \
		'ovs-ofctl -O $version del-flows "unix:$work/br0.mgmt" cookie=0x43565357/-1 ||
		 ovs-ofctl -O $version --strict del-flows "unix:$work/br0.mgmt" priority=0
		 until_true 5 has_both_rules'
	check "$version: the log says so" until_true 5 says "cvswd installs its rules again" \
		tail -n 5 "$work/cvswd.log"
	check "$version: a rule with other actions is mended within 5 s" eval \
		'ovs-ofctl -O $version --strict mod-flows "unix:$work/br0.mgmt" priority=0,actions=drop
		 until_true 5 says "priority=0 actions=NORMAL" dump_switch'
	check "$version: another's flow is still there" says "cookie=0x77" dump_switch
done
check "show counts it" says '"rules_lost":' ctl -j show
ovs-ofctl -O OpenFlow13 del-flows "unix:$work/br0.mgmt"
check "del-flows without a choice: both are back within 5 s" until_true 5 has_both_rules
check "and no NIC was lost" until_true 15 both_in_sync
flow="priority=7,tcp,tp_dst=80 actions=mod_nw_dst:10.9.9.9,NORMAL"
check "flow, MTU and offloads for one NIC" says "$mac_a: in sync, 1 flow" \
	ctl add-flow $mac_a "${flow/ /,}"
check "set-mtu" says "MTU 1400 sent" ctl set-mtu tap0 1400
check "set-offload" says "offloads csum,gro sent" ctl set-offload tap0 csum,gro
check "the NIC got the MTU" until_true 5 has a "mtu 1400"
check "the NIC got the offloads" until_true 5 has a "offload 0x11"

kill -USR1 "$nic_a"
check "a rebooted NIC gets its flow again" until_true 10 has a "$flow"

# As a manager of virtual machines does it; Open vSwitch does not reopen a tap.
vsctl del-port tap0
stop "$nic_a" || true
check "a NIC whose port is gone is absent" until_true 10 nic_is $mac_a absent
start nic-a.log "$tapnic" tap0 $mac_a "$work/nic-a"
nic_a=$last
until_true 5 ip link show tap0
vsctl add-port br0 tap0
check "and back with its port" until_true 20 nic_is $mac_a "in sync"
check "with its flow" has a "$flow"
check "and its MTU" until_true 5 has a "mtu 1400"

# An encrypted network of all three: each way has a key that both its ends have.
start nic-c.log "$tapnic" tap2 $mac_c "$work/nic-c"
until_true 5 test -e "$work/nic-c"
vsctl add-port br0 tap2
until_true 15 nic_is $mac_c "in sync"
check "overlay add" says "blue: 3 members, MTU 1416, aes-gcm-256" \
	ctl overlay add blue --vni 7 --encrypt tap0 tap1 tap2
check "every way has a key at both ends" until_true 10 keys_meet a b c
check "a member has the MTU" until_true 5 has c "mtu 1416"
check "a flow by hand stays beside it" has a "$flow"
cp "$work/nic-a" "$work/before"
check "a member leaves" says "blue: 2 members" ctl overlay leave blue tap2
check "and has nothing of it any more" until_true 5 has c "flows 0"
check "the others go on" until_true 5 keys_meet a b
check "a member joins" says "blue: 3 members" ctl overlay join blue tap2
check "and has its keys" until_true 10 keys_meet a b c
kill -USR1 "$nic_a"
check "a rebooted member gets new keys" until_true 10 eval \
	'keys_meet a b c && ! grep -Fxf <(grep "^sa" "$work/before") "$work/nic-a"'
check "overlay del" says "blue: deleted" ctl overlay del blue
check "the flow by hand is still there, alone" until_true 5 has a "flows 1"
check "the MTU by hand as well" until_true 5 has a "mtu 1400"
check "and no key" until_true 5 keys_meet

check_stop "cvswd ends without a complaint" "$cvswd"
vsctl del-controller br0
start_cvswd --connect "unix:$work/br0.mgmt"
check "connecting to the switch's own socket: both NICs are found" until_true 15 both_in_sync
check "and programmed" says "$mac_b: in sync, 1 flow" ctl add-flow tap1 "${flow/ /,}"
check "and has it" has b "$flow"
check_stop "cvswd ends without a complaint after that" "$cvswd"

# As its units run it: nobody's, on a socket in Open vSwitch's own folder that root opened.
mkdir -m 711 "$work/nobody"
chown 65534:65534 "$work/nobody"
chmod 755 "$work"
sock=$work/nobody/cvswd.sock
ASAN_OPTIONS=detect_leaks=0 start cvswd.log "$(dirname "$0")/activate.py" "$work/cvswd.sock" 65534 \
	"$(realpath "$bin")/cvswd" --socket "$sock" --allow-unauthenticated
cvswd=$last
until_true 10 ctl show
connect OpenFlow13 "unix:$work/cvswd.sock"
check "without root, on the service manager's socket: both NICs are found" until_true 15 both_in_sync
check "its rules are in place" until_true 10 rules_are "in place"
check "and NICs are programmed" says "$mac_b: in sync, 1 flow" ctl add-flow tap1 "${flow/ /,}"
check_stop "cvswd without root ends without a complaint" "$cvswd"
check "a client says that it is not running" says "is it running?" \
	bash -c "! '$bin/cvswctl' --socket '$sock' show"
check "the NIC keeps its table without a controller" has a "$flow"
exit $failed
