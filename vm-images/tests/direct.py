# SPDX-License-Identifier: GPL-2.0
"""
A host without an OpenFlow switch: cvswd reads and writes taps itself, or one port of the bridge.

         vm1      vm2               cvswd --direct vm1,vm2     first
          |        |         or     cvswd --direct control     then, so that all frames pass the bridge
       tap vm1  tap vm2   control
          +--- br0 -+--------+
                 station                                       without a key
"""
import json
import time

from lab.process import wait_for
from lab.report import expect
from lab.station import ACCEPT, REGISTER, SEALED, Station, forged
from lab.traffic import ping
from tests.bench import PHANTOM_IP

FLOOD = 4000                            # frames a second


def taps_of_a_bridge(bench):
    bench.controller.start("--direct", "vm1,vm2")
    with bench.test("cvswd --direct finds both NICs at their taps of a Linux bridge, in version 2"):
        for vm in bench.vms:
            bench.controller.await_state(vm.nics[0])
        for vm in bench.vms:
            told = bench.controller.nics()[vm.nics[0].mac]
            expect(told["port_name"] == vm.nics[0].tap, f"{vm.name} is said to be at {told['port_name']}")
    programs(bench, "version 2 at the taps")
    with bench.test("set-mtu reaches the NIC"):
        bench.ctl("set-mtu", "vm1", "1400")
        bench.await_mtu(bench.vm1, 1400)
        bench.ctl("set-mtu", "vm1", "1500")
        bench.await_mtu(bench.vm1, 1500)


def programs(bench, how):
    mac2 = bench.mac2
    with bench.test(f"{how}: a flow goes into the NIC it is for, and into no other"), \
         bench.neighbour(bench.vm1, PHANTOM_IP, mac2), \
         bench.flows(bench.vm1,
                     f"in_port=HOST,ip,nw_dst={PHANTOM_IP},actions=mod_nw_dst:10.0.0.2,NORMAL",
                     f"in_port=NET,ip,nw_src=10.0.0.2,actions=mod_nw_src:{PHANTOM_IP}"):
        bench.exchange(PHANTOM_IP)
        expect(len(bench.local_flows(bench.vm1)) == 2, str(bench.local_flows(bench.vm1)))
        expect(bench.local_flows(bench.vm2) == [], str(bench.local_flows(bench.vm2)))
    with bench.test(f"{how}: a dropping flow drops, deleted it does not"):
        bench.ctl("add-flow", mac2, "in_port=NET,icmp,actions=drop")
        expect(ping(bench.vm1, "10.0.0.2") == 0, "an echo request was answered")
        bench.ctl("del-flows", mac2)
        expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")


def numbers(station, mac):
    """Of the handshakes that a NIC has begun, as all on the bridge see them."""
    return [frame[24:28] for frame in station.listen() if frame[7] == REGISTER and frame[16:22] == mac]


def with_keys(bench):
    """The same in version 3, with a station on the bridge that has no key."""
    station = bench.station = Station(bench.lab.vswitch)
    macs = [bytes.fromhex(mac.replace(":", "")) for mac in (bench.mac1, bench.mac2)]
    with bench.test("with keys both NICs are in version 3, and a station on the bridge hears them, not the controller"):
        bench.give_keys(*bench.vms)
        expect({nic["version"] for nic in bench.controller.nics().values()} == {3}, f"{bench.controller.nics()}")
        wait_for("REGISTERs and records", lambda: all(numbers(station, mac) for mac in macs) and
                 any(frame[7] == SEALED for frame in station.listen()))
        station.heard.clear()
    programs(bench, "version 3 at the taps")
    with bench.test("what it heard went to all; the controller's frames went to their NIC alone"):
        heard = station.listen()
        expect(heard and {frame[:6] for frame in heard} == {b"\xff" * 6}, f"{len(heard)} frames")


def through_the_bridge(bench):
    with bench.test("cvswd at a port of the bridge: both NICs are found behind it, and the bridge passes it all"):
        bench.controller.stop()
        bench.lab.vswitch.add_port("control")
        bench.controller.start("--direct", "control")
        for vm in bench.vms:
            bench.controller.await_state(vm.nics[0], seconds=20)
            told = bench.controller.nics()[vm.nics[0].mac]
            expect((told["version"], told["port_name"]) == (3, "control"), f"{told}")
    programs(bench, "version 3 through the bridge")


def a_hostile_station(bench):
    """It repeats all that it heard, and answers in the controller's name."""
    station = bench.station
    macs = [bytes.fromhex(mac.replace(":", "")) for mac in (bench.mac1, bench.mac2)]
    frames = station.listen()[-200:]
    for mac in macs:
        expect(numbers(station, mac), "it heard no REGISTER")
        for number in numbers(station, mac)[-1:]:
            frames += [forged(mac, SEALED, number)] * 50 + [forged(mac, ACCEPT, number)] * 50
    took = []
    before = [bench.counters(vm) for vm in bench.vms]
    with bench.test(f"{FLOOD} forged and repeated frames a second keep nobody from programming the NICs"):
        with station.flooding(frames, FLOOD) as sent:
            for i in range(20):
                time.sleep(0.1)
                for mac in bench.mac1, bench.mac2:
                    began = time.monotonic()
                    bench.ctl("add-flow", mac, f"in_port=HOST,udp,tp_dst={i + 1},actions=drop")
                    took.append(time.monotonic() - began)
        bench.note(f"{sent[0]} frames; add-flow took {sorted(took)[20] * 1e3:.0f} ms (median), {max(took) * 1e3:.0f} at most")
        for vm, old in zip(bench.vms, before):
            grown = {name: value - old[name] for name, value in bench.counters(vm).items() if value != old[name]}
            expect(grown.get("ctl-v3-session", 0) > 1000, f"{vm.name} counted {json.dumps(grown)}")
            expect("ctl-queue-full" not in grown, f"{vm.name} counted {json.dumps(grown)}")
            expect(len(bench.local_flows(vm)) == 20, f"{vm.name} has {bench.local_flows(vm)}")
    for mac in bench.mac1, bench.mac2:
        bench.ctl("del-flows", mac)
    with bench.test("and no session has ended by it"):
        expect({nic["state"] for nic in bench.controller.nics().values()} == {"in sync"}, f"{bench.controller.nics()}")
        expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")


ALL = [taps_of_a_bridge, with_keys, through_the_bridge, a_hostile_station]
