# SPDX-License-Identifier: GPL-2.0
"""A host without an OpenFlow switch: cvswd reads and writes the taps itself."""
from lab.report import expect
from lab.traffic import ping
from tests.bench import PHANTOM_IP


def taps_of_a_bridge(bench):
    bench.controller.start("--direct", "vm1,vm2")
    with bench.test("cvswd --direct finds both NICs at their taps of a Linux bridge"):
        for vm in bench.vms:
            bench.controller.await_state(vm.nics[0])
        for vm in bench.vms:
            told = bench.controller.nics()[vm.nics[0].mac]
            expect(told["port_name"] == vm.nics[0].tap, f"{vm.name} is said to be at {told['port_name']}")
    with bench.test("a flow goes into the NIC it is for, and into no other"), \
         bench.neighbour(bench.vm1, PHANTOM_IP, bench.mac2), \
         bench.flows(bench.vm1,
                     f"in_port=HOST,ip,nw_dst={PHANTOM_IP},actions=mod_nw_dst:10.0.0.2,NORMAL",
                     f"in_port=NET,ip,nw_src=10.0.0.2,actions=mod_nw_src:{PHANTOM_IP}"):
        bench.exchange(PHANTOM_IP)
        expect(len(bench.local_flows(bench.vm1)) == 2, str(bench.local_flows(bench.vm1)))
        expect(bench.local_flows(bench.vm2) == [], str(bench.local_flows(bench.vm2)))
    with bench.test("a dropping flow drops, deleted it does not"):
        with bench.flows(bench.vm2, "in_port=NET,icmp,actions=drop"):
            expect(ping(bench.vm1, "10.0.0.2") == 0, "an echo request was answered")
        expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
    with bench.test("set-mtu reaches the NIC"):
        bench.ctl("set-mtu", "vm1", "1400")
        bench.await_mtu(bench.vm1, 1400)


ALL = [taps_of_a_bridge]
