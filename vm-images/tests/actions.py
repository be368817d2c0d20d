# SPDX-License-Identifier: GPL-2.0
"""
Each action in both directions, with traffic that works only if it is done right.

HOST flows change what a guest sends, NET flows what it receives; "by the
sender" both are in vm1, "by the receiver" both are in vm2.
"""
import json

from lab.report import expect
from lab.traffic import ping
from tests.bench import PHANTOM_IP, PHANTOM_MAC


def rewrite_addresses(bench):
    with bench.test("IPv4 addresses rewritten by the sender"), \
         bench.neighbour(bench.vm1, PHANTOM_IP, bench.mac2), \
         bench.flows(bench.vm1,
                     f"in_port=HOST,ip,nw_dst={PHANTOM_IP},actions=mod_nw_dst:10.0.0.2,NORMAL",
                     f"in_port=NET,ip,nw_src=10.0.0.2,actions=mod_nw_src:{PHANTOM_IP}"), \
         bench.lab.capture(bench.vm1) as sent:
        bench.exchange(PHANTOM_IP)
        bench.wire(sent, seen=["icmp and dst host 10.0.0.2", "tcp and dst host 10.0.0.2",
                               "udp and dst host 10.0.0.2"],
                   unseen=[f"ip host {PHANTOM_IP}"])
    with bench.test("IPv4 addresses rewritten by the receiver"), \
         bench.neighbour(bench.vm1, PHANTOM_IP, bench.mac2), \
         bench.flows(bench.vm2,
                     f"in_port=NET,ip,nw_dst={PHANTOM_IP},actions=mod_nw_dst:10.0.0.2",
                     f"in_port=HOST,ip,nw_src=10.0.0.2,actions=mod_nw_src:{PHANTOM_IP},NORMAL"), \
         bench.lab.capture(bench.vm1) as asked, bench.lab.capture(bench.vm2) as answered:
        bench.exchange(PHANTOM_IP)
        bench.wire(asked, seen=[f"icmp and dst host {PHANTOM_IP}"])
        bench.wire(answered, seen=[f"tcp and src host {PHANTOM_IP}"], unseen=["ip and src host 10.0.0.2"])


def rewrite_ports(bench):
    with bench.test("ports rewritten by the sender"), \
         bench.flows(bench.vm1,
                     *(f"in_port=HOST,{l4},tp_dst=9999,actions=mod_tp_dst:5201" for l4 in ("tcp", "udp")),
                     *(f"in_port=NET,{l4},tp_src=5201,actions=mod_tp_src:9999" for l4 in ("tcp", "udp"))), \
         bench.lab.capture(bench.vm1) as sent:
        bench.exchange("10.0.0.2", port=9999)
        bench.wire(sent, seen=["tcp dst port 5201", "udp dst port 5201"], unseen=["port 9999"])
    with bench.test("ports rewritten by the receiver"), \
         bench.flows(bench.vm2,
                     *(f"in_port=NET,{l4},tp_dst=9999,actions=mod_tp_dst:5201" for l4 in ("tcp", "udp")),
                     *(f"in_port=HOST,{l4},tp_src=5201,actions=mod_tp_src:9999" for l4 in ("tcp", "udp"))), \
         bench.lab.capture(bench.vm1) as asked, bench.lab.capture(bench.vm2) as answered:
        bench.exchange("10.0.0.2", port=9999)
        bench.wire(asked, seen=["tcp dst port 9999", "udp dst port 9999"])
        bench.wire(answered, seen=["tcp src port 9999"], unseen=["port 5201"])


def rewrite_macs(bench):
    with bench.test("MAC addresses rewritten by the sender"), \
         bench.neighbour(bench.vm1, "10.0.0.2", PHANTOM_MAC), \
         bench.flows(bench.vm1,
                     f"in_port=HOST,dl_dst={PHANTOM_MAC},actions=mod_dl_src:02:00:00:00:0a:01,"
                     f"mod_dl_dst:{bench.mac2}",
                     f"in_port=NET,ip,actions=mod_dl_src:{PHANTOM_MAC},mod_dl_dst:{bench.mac1}"), \
         bench.lab.capture(bench.vm1) as sent:
        bench.exchange("10.0.0.2")
        bench.wire(sent, seen=[f"tcp and ether src 02:00:00:00:0a:01 and ether dst {bench.mac2}"],
                   unseen=[f"ether host {PHANTOM_MAC}", f"ip and ether src {bench.mac1}"])
    with bench.test("MAC addresses rewritten by the receiver"), \
         bench.neighbour(bench.vm1, "10.0.0.2", PHANTOM_MAC), \
         bench.flows(bench.vm2,
                     f"in_port=NET,dl_dst={PHANTOM_MAC},actions=mod_dl_dst:{bench.mac2}",
                     f"in_port=HOST,ip,actions=mod_dl_src:{PHANTOM_MAC}"), \
         bench.lab.capture(bench.vm1) as asked, bench.lab.capture(bench.vm2) as answered:
        bench.vm2.sh("ip link set eth0 promisc on")     # else the device drops what is not its own
        bench.exchange("10.0.0.2")
        bench.vm2.sh("ip link set eth0 promisc off")
        bench.wire(asked, seen=[f"tcp and ether dst {PHANTOM_MAC}"])
        bench.wire(answered, seen=[f"tcp and ether src {PHANTOM_MAC}"],
                   unseen=[f"ip and ether src {bench.mac2}"])


def vlan(bench):
    flows = ("in_port=HOST,ip,actions=mod_vlan_vid:100,mod_vlan_pcp:5",
             "in_port=NET,dl_vlan=100,actions=strip_vlan")
    with bench.test("a VLAN tag pushed when sending, stripped when receiving"), \
         bench.flows(bench.vm1, *flows), bench.flows(bench.vm2, *flows), \
         bench.lab.capture(bench.vm1) as sent, bench.lab.capture(bench.vm2) as answered:
        bench.exchange("10.0.0.2")
        for way in sent, answered:
            bench.wire(way, seen=["ether[14] & 0xe0 = 0xa0 and vlan 100 and tcp"], unseen=["ip"])
    with bench.test("a VLAN tag pushed when receiving, stripped when sending"), \
         bench.flows(bench.vm2,
                     "in_port=NET,ip,nw_src=10.0.100.1,actions=mod_vlan_vid:100",
                     "in_port=NET,arp,nw_src=10.0.100.1,actions=mod_vlan_vid:100",
                     "in_port=HOST,dl_vlan=100,actions=strip_vlan"), \
         bench.lab.capture(bench.vm2) as answered:
        bench.vm1.sh("ip address add 10.0.100.1/24 dev eth0")
        bench.vm2.sh("ip link add link eth0 name eth0.100 type vlan id 100 && "
                     "ip address add 10.0.100.2/24 dev eth0.100 && ip link set eth0.100 up")
        bench.exchange("10.0.100.2")
        bench.vm2.sh("ip link del eth0.100")
        bench.vm1.sh("ip address del 10.0.100.1/24 dev eth0")
        bench.wire(answered, seen=["tcp and src host 10.0.100.2"], unseen=["vlan"])
    with bench.test("a VLAN tag of the guest's own is changed, and undone at the other end"), \
         bench.flows(bench.vm1, "in_port=HOST,dl_vlan=7,actions=mod_vlan_vid:200",
                     "in_port=NET,dl_vlan=200,actions=mod_vlan_vid:7"), \
         bench.flows(bench.vm2, "in_port=HOST,dl_vlan=7,actions=mod_vlan_vid:200",
                     "in_port=NET,dl_vlan=200,actions=mod_vlan_vid:7"), \
         bench.lab.capture(bench.vm1) as sent:
        for n, vm in enumerate(bench.vms, 1):
            vm.sh(f"ip link add link eth0 name eth0.7 type vlan id 7 && "
                  f"ip address add 10.0.7.{n}/24 dev eth0.7 && ip link set eth0.7 up")
        bench.exchange("10.0.7.2")
        for vm in bench.vms:
            vm.sh("ip link del eth0.7")
        bench.wire(sent, seen=["vlan 200 and tcp", "vlan 200 and arp"], unseen=["vlan 7"])


def tos(bench):
    with bench.test("ToS set when sending"), \
         bench.flows(bench.vm1, "in_port=HOST,ip,actions=mod_nw_tos:184"), \
         bench.lab.capture(bench.vm1) as sent:
        bench.exchange("10.0.0.2")
        bench.wire(sent, seen=["tcp and ip[1] & 0xfc = 184"], unseen=["ip[1] & 0xfc != 184"])
    with bench.test("ToS set when receiving"), \
         bench.flows(bench.vm2, "in_port=NET,icmp,actions=mod_nw_tos:40"):
        job = bench.vm2.start("timeout 10 tcpdump -Z root -n -i eth0 -c 1 'icmp and ip[1] & 0xfc = 40'")
        bench.vm2.sh(f"until grep -q listening {job}; do sleep 0.1; done", 10)
        expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
        bench.vm2.finish(job)


def everything_at_once(bench):
    """Many writes to one frame, undone by another NIC; then a file must be what it was."""
    with bench.test("a list of many actions, undone at the other end: a file arrives unchanged"), \
         bench.neighbour(bench.vm1, PHANTOM_IP, PHANTOM_MAC), \
         bench.flows(bench.vm1,
                     f"in_port=HOST,tcp,nw_dst={PHANTOM_IP},actions=mod_vlan_vid:300,mod_dl_dst:{bench.mac2},"
                     "mod_nw_dst:10.0.0.200,mod_nw_src:10.0.0.100,mod_nw_tos:32,mod_tp_dst:4444,NORMAL",
                     f"in_port=NET,tcp,nw_src=10.0.0.2,actions=mod_nw_src:{PHANTOM_IP}"), \
         bench.flows(bench.vm2,
                     "in_port=NET,dl_vlan=300,tcp,nw_dst=10.0.0.200,actions=strip_vlan,"
                     "mod_nw_dst:10.0.0.2,mod_nw_src:10.0.0.1,mod_nw_tos:0,mod_tp_dst:7000"), \
         bench.lab.capture(bench.vm1) as sent:
        # Both replies and ACKs of vm2 leave from port 7000: vm1 expects 7000 as well.
        bench.vm1.sh("head -c 3000000 /dev/urandom > /run/file")
        job = bench.vm2.start("[ -e /run/never ] || mkfifo /run/never; "
                               "timeout 15 nc -l -p 7000 0<> /run/never > /run/file")
        bench.vm2.sh("until netstat -ltn | grep -q :7000; do sleep 0.1; done", 10)
        bench.vm1.sh(f"timeout 15 nc -w 10 {PHANTOM_IP} 7000 < /run/file", 20)
        bench.vm2.finish(job)
        sums = {vm.sh("sha256sum < /run/file") for vm in bench.vms}
        expect(len(sums) == 1, "the file arrived changed")
        bench.wire(sent, seen=["vlan 300 and src host 10.0.0.100 and dst host 10.0.0.200 and "
                               "tcp dst port 4444"],
                   unseen=["tcp"])


SERVERS = "10.0.0.2", "10.0.0.22"
CLIENTS = [f"10.0.0.{n}" for n in range(30, 46)]


def group_counts(bench):
    """Packets of each bucket of group 5, and of each slot."""
    group = json.loads(bench.ctl("-j", "dump-group-stats", "vm1", "5"))["groups"][0]
    return [packets for packets, _ in group["buckets"]], [packets for packets, _ in group["slots"]]


def server_of(bench, client):
    """Where the controller says that a client's echo requests go."""
    fields = f"icmp,nw_src={client},nw_dst={PHANTOM_IP}"
    return SERVERS[json.loads(bench.ctl("-j", "group-slot", "vm1", "5", fields))["bucket"]]


def spread(bench):
    with bench.test("a group spreads clients over two servers, and it is told beforehand who goes where"), \
         bench.neighbour(bench.vm1, PHANTOM_IP, bench.mac2), bench.lab.capture(bench.vm1) as sent:
        bench.exchange(PHANTOM_IP)
        for client in CLIENTS:
            bench.vm1.sh(f"ip address add {client}/32 dev eth0 && ping -c 1 -I {client} {PHANTOM_IP}", 10)
        servers = [server_of(bench, client) for client in CLIENTS]
        expect(set(servers) == set(SERVERS), f"all go to {servers[0]}")
        bench.wire(sent, seen=[f"icmp and src host {client} and dst host {server}"
                               for client, server in zip(CLIENTS, servers)],
                   unseen=[f"ip host {PHANTOM_IP}"])
        buckets, slots = group_counts(bench)
        expect(min(buckets) >= 3 and sum(buckets) == sum(slots), f"counted {buckets}, {sum(slots)} in slots")
        expect(sum(packets > 0 for packets in slots) > 8, f"slots: {slots}")
    with bench.test("a bucket that is dead gets nothing, and its frames the other one"), \
         bench.neighbour(bench.vm1, PHANTOM_IP, bench.mac2), bench.lab.capture(bench.vm1) as sent:
        bench.ctl("group-dead", "vm1", "5", "0")
        bench.exchange(PHANTOM_IP)
        bench.wire(sent, seen=[f"tcp and dst host {SERVERS[1]}"], unseen=[f"ip dst host {SERVERS[0]}"])


def groups(bench):
    buckets = ",".join(f"bucket=mod_nw_dst:{server},NORMAL" for server in SERVERS)
    bench.vm2.sh(f"ip address add {SERVERS[1]}/24 dev eth0")
    bench.ctl("add-group", "vm1", f"group_id=5,type=select,{buckets}")
    try:
        with bench.flows(bench.vm1, f"in_port=HOST,ip,nw_dst={PHANTOM_IP},actions=group:5",
                         *(f"in_port=NET,ip,nw_src={server},actions=mod_nw_src:{PHANTOM_IP}" for server in SERVERS)):
            spread(bench)
            with bench.test("del-groups deletes the flows that use the group, and no others"):
                bench.ctl("del-groups", "vm1", "5")
                left = bench.local_flows(bench.vm1)
                expect(len(left) == 2 and not any("group" in flow for flow in left), f"left: {left}")
    finally:
        for client in CLIENTS:
            bench.vm1.sh(f"ip address del {client}/32 dev eth0", check=False)
        bench.vm2.sh(f"ip address del {SERVERS[1]}/24 dev eth0", check=False)


def access_control(bench):
    vm1, vm2 = bench.vms
    with bench.test("ACL: what is not allowed does not leave the guest"), \
         bench.flows(vm1, "priority=100,in_port=HOST,icmp,actions=drop"):
        with bench.lab.capture(vm1) as sent:
            expect(ping(vm1, "10.0.0.2") == 0, "an echo request was answered")
            bench.exchange("10.0.0.2", icmp=False)
            bench.wire(sent, seen=["tcp"], unseen=["icmp"])
        with bench.test("ACL: an allowing rule of higher priority wins; deleted, it is as before"):
            bench.ctl("add-flow", "vm1", "priority=200,in_port=HOST,icmp,nw_dst=10.0.0.2,actions=NORMAL")
            expect(ping(vm1, "10.0.0.2") == 3, "an allowed echo request was not answered")
            bench.ctl("del-flows", "vm1", "in_port=HOST,icmp,nw_dst=10.0.0.2")
            expect(ping(vm1, "10.0.0.2") == 0, "an echo request was answered")
    with bench.test("ACL: what is not allowed reaches the NIC and not the guest"), \
         bench.flows(vm2, "priority=100,in_port=NET,icmp,nw_src=10.0.0.0/30,actions=drop"), \
         bench.lab.capture(vm2, "to") as arrived, bench.lab.capture(vm2) as answered:
        expect(ping(vm1, "10.0.0.2") == 0, "an echo request was answered")
        bench.exchange("10.0.0.2", icmp=False)
        bench.wire(arrived, seen=["icmp", "tcp"])
        bench.wire(answered, seen=["tcp"], unseen=["icmp"])
    with bench.test("ACL: a rule for one address does not touch another"), \
         bench.flows(vm1, f"priority=100,in_port=HOST,ip,nw_dst={PHANTOM_IP},actions=drop"):
        bench.exchange("10.0.0.2")


ALL = [rewrite_addresses, rewrite_ports, rewrite_macs, vlan, tos, everything_at_once, groups, access_control]
