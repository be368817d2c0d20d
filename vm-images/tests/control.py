# SPDX-License-Identifier: GPL-2.0
"""What a controller's command does to a NIC, and what becomes of NIC and controller in bad times."""
import json
import tempfile

from lab.controller import TCP, UNIX
from lab.process import wait_for
from lab.report import expect
from lab.traffic import ping
from lab.tunnel import Tunnel

FLOWS = ["priority=10,in_port=HOST,tcp,nw_src=10.0.0.0/24,nw_dst=192.168.0.0/16,tp_dst=80,"
         "actions=mod_nw_dst:10.9.8.7,mod_tp_dst:8080,NORMAL",
         "priority=11,in_port=NET,dl_vlan=5,dl_vlan_pcp=3,actions=strip_vlan",
         "priority=12,dl_type=0x88cc,actions=drop",
         "priority=13,cookie=0x1234,in_port=HOST,udp,nw_tos=32,tp_src=53,actions=mod_vlan_vid:9,NORMAL",
         "priority=14,in_port=NET,icmp,icmp_type=8,icmp_code=0,nw_dst=172.16.0.1,actions=drop",
         "priority=15,arp,nw_src=10.7.0.0/16,dl_dst=ff:ff:ff:ff:ff:ff,actions=NORMAL"]


def connects(bench):
    bench.controller.start()
    with bench.test("HELLO and REGISTER: cvswctl show lists both NICs at their ports"):
        bench.lab.vswitch.set_controller(TCP)
        wait_for("the vswitch to be connected", bench.lab.vswitch.connected)
        for vm in bench.vms:
            bench.controller.await_state(vm.nics[0])
        nics = bench.controller.nics()
        expect(set(nics) == {bench.mac1, bench.mac2}, f"listed: {sorted(nics)}")
        for vm in bench.vms:
            told = nics[vm.nics[0].mac]
            expect(told["port"] == vm.nics[0].port and told["port_name"] == vm.nics[0].tap,
                   f"{vm.name} is said to be at {told['port']} ({told['port_name']})")
        text = bench.ctl("show")
        expect(bench.mac1 in text and bench.mac2 in text, text)
        expect("connecting" in bench.vm1.sh("cvswctl --local show eth0"), "no HELLO was heard")
        bench.ctl("set-mtu", "vm1", "1500")
        wait_for("connected", lambda: " connected " in bench.vm1.sh("cvswctl --local show eth0"), 5)
        expect({nic["version"] for nic in bench.controller.nics().values()} == {2}, "not in version 2")


def trusts(bench):
    """All that follows is version 3."""
    with bench.test("a key on both sides: version 3, and no frame of version 2 is taken or sent"):
        with bench.lab.capture(bench.vm1, "both") as port:
            bench.give_keys(*bench.vms)
            nics = bench.controller.nics()
            expect({nic["version"] for nic in nics.values()} == {3}, f"{nics}")
            expect("version 3" in bench.vm1.sh("cvswctl --local show eth0"), "the guest speaks version 2")
            bench.ctl("add-flow", "vm1", "priority=10,in_port=HOST,icmp,actions=drop")
            expect(ping(bench.vm1, "10.0.0.2") == 0, "an echo request was answered")
            bench.ctl("del-flows", "vm1")
            bench.wire(port, seen=["ether proto 0xabba and ether[6] = 0x32"],
                       unseen=["ether proto 0xabba and ether[6] & 0xf0 = 0x20 and ether[6] != 0x21"])
        delete_all = "ffffffffffff 2400 0048 0000 abba 010e0048 00000008 003fffff" + "00" * 44 + \
                     "0003 0000 0000 8000 ffffffff ffff 0000"
        with bench.flows(bench.vm1, "priority=10,in_port=HOST,icmp,actions=drop"):
            refused = bench.counted(bench.vm1, "ctl-unauthenticated")
            bench.lab.vswitch.packet_out(1, bytes.fromhex(delete_all.replace(" ", "")))
            bench.await_count(bench.vm1, "ctl-unauthenticated", refused + 1)
            expect(len(bench.local_flows(bench.vm1)) == 1, "version 2 emptied the table")


def refuses(bench):
    with bench.test("what a NIC refuses is told by cvswctl, in the NIC's words"):
        made = Tunnel("esp", "aes-gcm-256")
        made.set_keys(bench.ctl)
        try:
            made.set_keys(lambda *argv: expect("refuses it" in bench.ctl(*argv, check=False), f"{argv}: taken twice"))
        finally:
            made.del_keys(bench.ctl)


def flows_are_kept(bench):
    """What was added is what cvswctl lists, what the NIC has, and what --local lists there."""
    with bench.test("dump-flows lists what add-flow was given, here and in the guest"), \
         bench.flows(bench.vm1, *FLOWS):
        listed = bench.stated_flows(bench.vm1)
        local = bench.local_flows(bench.vm1)
        expect(len(listed) == len(FLOWS), f"{len(listed)} flows of {len(FLOWS)}: {listed}")
        expect(sorted(listed) == sorted(local), f"here: {listed}\nin the guest: {local}")
        # Given back as they were printed, they are the same flows.
        for text in listed:
            bench.ctl("add-flow", "vm1", text)
        again = bench.stated_flows(bench.vm1)
        expect(sorted(again) == sorted(listed), f"first: {listed}\nthen: {again}")
    with bench.test("del-flows deletes what the match covers, and then all"), bench.flows(bench.vm1, *FLOWS):
        bench.ctl("del-flows", "vm1", "in_port=NET")
        left = bench.local_flows(bench.vm1)
        expect(len(left) == 4 and not any("in_port=NET" in text for text in left), str(left))
        bench.ctl("del-flows", "vm1")
        expect(bench.local_flows(bench.vm1) == [], str(bench.local_flows(bench.vm1)))


def priorities(bench):
    with bench.test("the highest priority wins, in whatever order the flows came"), \
         bench.flows(bench.vm1, "priority=300,in_port=HOST,icmp,actions=mod_nw_tos:12",
                     "priority=100,in_port=HOST,icmp,actions=drop",
                     "priority=400,in_port=HOST,icmp,nw_dst=10.0.0.2,actions=mod_nw_tos:16",
                     "priority=200,in_port=HOST,actions=mod_nw_tos:20"), \
         bench.lab.capture(bench.vm1) as sent:
        expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
        bench.wire(sent, seen=["icmp and ip[1] = 16"], unseen=["icmp and ip[1] != 16"])
        bench.ctl("del-flows", "vm1", "in_port=HOST,icmp,nw_dst=10.0.0.2")
        expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
        bench.wire(sent, seen=["icmp and ip[1] = 12"], unseen=["icmp and ip[1] = 20"])


def timeouts(bench):
    """Flows end in the NIC, and with that what the controller wants it to have."""
    drop = "in_port=HOST,icmp,nw_dst=10.0.0.2,actions=drop"
    with bench.test("a flow that times out in the NIC is stated no more, and its frames pass"), \
         bench.flows(bench.vm1, f"hard_timeout=8,priority=20,{drop}", "priority=5,arp,actions=NORMAL"):
        listed = bench.stated_flows(bench.vm1)
        expect(sorted(listed) == sorted(bench.local_flows(bench.vm1)), f"here: {listed}")
        expect(ping(bench.vm1, "10.0.0.2") == 0, "an echo request was answered")
        wait_for("the flow to go", lambda: len(bench.stated_flows(bench.vm1)) == 1, 15)
        expect(len(bench.local_flows(bench.vm1)) == 1, "it is still in the NIC")
        expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
        # Frames keep it; without them it goes.
        bench.ctl("add-flow", "vm1", f"idle_timeout=5,priority=20,{drop}")
        expect(ping(bench.vm1, "10.0.0.2", count=7, interval=1) == 0, "an echo request was answered")
        expect(len(bench.stated_flows(bench.vm1)) == 2, "it went although frames came")
        wait_for("the flow to go", lambda: len(bench.stated_flows(bench.vm1)) == 1, 15)


def replaces(bench):
    with bench.test("replace-flows gives a NIC another table, diff-flows and --dry-run tell what differs"), \
         bench.flows(bench.vm1, *FLOWS), tempfile.NamedTemporaryFile("w", suffix=".flows") as file:
        stated = bench.stated_flows(bench.vm1)
        file.write("\n".join(stated[1:]) + "\npriority=9,in_port=HOST,icmp,actions=mod_nw_tos:8\n")
        file.flush()
        differ = bench.ctl("diff-flows", "vm1", file.name, check=False)
        expect(differ == f"-{stated[0]}\n+priority=9,icmp,in_port=HOST actions=mod_nw_tos:8\n", differ)
        expect(bench.ctl("--dry-run", "replace-flows", "vm1", file.name) == differ, "the dry run says something else")
        expect(sorted(bench.local_flows(bench.vm1)) == sorted(stated), "the table has changed")
        bench.ctl("replace-flows", "vm1", file.name)
        expect(bench.ctl("diff-flows", "vm1", file.name) == "", "there is a difference left")
        expect(sorted(bench.local_flows(bench.vm1)) == sorted(bench.stated_flows(bench.vm1)), "not in the NIC")
        with bench.lab.capture(bench.vm1) as sent:
            expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
            bench.ctl("mod-flows", "vm1", "icmp,in_port=HOST,actions=mod_nw_tos:24")
            expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
            bench.wire(sent, seen=["icmp and ip[1] = 8", "icmp and ip[1] = 24"])
        flow = [item for item in json.loads(bench.vm1.sh("cvswctl --local -j dump-flows"))
                if "mod_nw_tos:24" in item["flow"]]
        expect(flow[0]["packets"] == 6, f"its counters did not go on: {flow}")


def counters(bench):
    with bench.test("cvswctl --local counts the frames of a NIC and of a flow"), \
         bench.flows(bench.vm1, "priority=1,in_port=HOST,icmp,actions=NORMAL"):
        before = bench.counted(bench.vm1, "tx-hit")
        expect(ping(bench.vm1, "10.0.0.2", count=5) == 5, "an echo request was not answered")
        hits = bench.counted(bench.vm1, "tx-hit") - before
        expect(hits == 5, f"tx-hit grew by {hits}")
        flow = json.loads(bench.vm1.sh("cvswctl --local -j dump-flows"))
        expect('"packets": 5' in json.dumps(flow), json.dumps(flow))
    with bench.test("cvswctl dump-flows tells what the NIC has counted, and since when"), \
         bench.flows(bench.vm1, "priority=2,in_port=HOST,icmp,actions=NORMAL", "priority=1,in_port=HOST,udp,actions=drop"):
        expect(ping(bench.vm1, "10.0.0.2", count=5) == 5, "an echo request was not answered")
        icmp, udp = json.loads(bench.ctl("-j", "dump-flows", "vm1"))["flows"]
        expect((icmp["packets"], icmp["bytes"]) == (5, 5 * 98) and icmp["idle_s"] < 10, f"{icmp}")
        expect((udp["packets"], udp["bytes"]) == (0, 0), f"{udp}")
        expect(0 < icmp["duration_ms"] < 60_000 and 0 < udp["duration_ms"] <= icmp["duration_ms"], f"{icmp}, {udp}")
        expect("n_packets=5, n_bytes=490" in bench.ctl("dump-flows", "vm1", "icmp"), "not in words")
        # They go on where only the actions change.
        bench.ctl("mod-flows", "vm1", "icmp,in_port=HOST,actions=mod_nw_tos:8,NORMAL")
        expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
        icmp = json.loads(bench.ctl("-j", "dump-flows", "vm1", "icmp"))["flows"][0]
        expect(icmp["packets"] == 8 and "mod_nw_tos:8" in icmp["flow"], f"{icmp}")


def looks(bench):
    """What a NIC would do, and what it is sent."""
    echo = "0800 4500001c 00000000 4001 66df 0a000001 0a000002 0800f7ff 00000000"
    with bench.test("cvswctl trace tells what vm1's NIC would do with a frame, cvswctl monitor which ones it shows"), \
         bench.flows(bench.vm1, "priority=20,in_port=HOST,icmp,actions=controller:42,mod_nw_tos:32,NORMAL"):
        hits = bench.counted(bench.vm1, "tx-hit")
        told = bench.ctl("trace", "vm1", bench.mac2 + bench.mac1 + echo).splitlines()
        expect(len(told) == 6 and "priority=20,icmp,in_port=HOST actions=CONTROLLER:42,mod_nw_tos:32,NORMAL" in told[0] and
               told[1].strip() == "CONTROLLER:42" and told[2].strip() == "mod_nw_tos:32" and
               "08004520001c" in told[3] and told[5].strip() == "-> NET", "\n".join(told))
        told = bench.ctl("trace", "vm1", bench.mac1 + bench.mac2 + echo, "NET")
        expect(told == "pass 0: no match\n  -> HOST\n", told)
        expect(bench.counted(bench.vm1, "tx-hit") == hits, "a traced frame was counted")
        with bench.controller.monitor() as events:
            expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
            shown = [event for event in events(3) if event.get("event") == "packet-in"]
        expect([event["length"] for event in shown] == [98] * 3 and
               all(len(event["frame"]) == 84 and event["in_port"] == "HOST" for event in shown), f"{shown}")
        expect(bench.counted(bench.vm1, "packet-in-sent") >= 3, "packet-in-sent")


def wrong_syntax(bench):
    with bench.test("a flow of wrong syntax is refused with its position, and changes nothing"):
        said = bench.ctl("add-flow", "vm1", "in_port=HOST,nw_dst=10.0.0.999,actions=drop", check=False)
        expect("10.0.0.999" in said or "^" in said, f"said: {said}")
        expect(bench.local_flows(bench.vm1) == [], "a flow was added")


def mtu(bench):
    vm1 = bench.vm1
    with bench.test("set-mtu sets the guest's MTU, and frames are no longer than it"):
        bench.ctl("set-mtu", "vm1", "1300")
        bench.await_mtu(vm1, 1300)
        with bench.lab.capture(vm1) as sent:
            bench.exchange("10.0.0.2")
            if not bench.lab.vswitch.tso:
                bench.wire(sent, seen=["tcp"], unseen=["greater 1315"])
        bench.ctl("set-mtu", "vm1", "1500")
        bench.await_mtu(vm1, 1500)


def offload(bench):
    possible = {"csum", "tso", "gso", "gro"} if bench.lab.vswitch.tso else {"gro"}
    for wanted in (["gro"], [], ["csum"], ["csum", "gso", "gro"], ["csum", "tso", "gso", "gro"]):
        with bench.test(f"set-offload {','.join(wanted) or 'none'} is what the guest then has"):
            said = bench.ctl("set-offload", "vm1", ",".join(wanted) or "none", check=False)
            expected = set(wanted) & possible
            expect(("refuses it" in said) == (expected != set(wanted)), said)
            wait_for(f"offloads {expected}", lambda: bench.features(bench.vm1) == expected, 5)
            bench.exchange("10.0.0.2")
    # What the device cannot do it refuses, and is behind its intent until it is asked for what it can.
    bench.ctl("set-offload", "vm1", ",".join(possible))


def protocols(bench):
    for version, other in ("OpenFlow10", "OpenFlow13"), ("OpenFlow13", "OpenFlow10"):
        with bench.test(f"a vswitch that speaks {version} only"):
            # ovs-ofctl speaks OpenFlow 1.0 here, so nothing asks the bridge meanwhile.
            bench.lab.vswitch.set_protocols(version)
            wait_for("the vswitch to be connected", bench.lab.vswitch.connected)
            for vm in bench.vms:
                bench.controller.await_state(vm.nics[0])
            shown = bench.ctl("show")
            expect(version.replace("OpenFlow1", "1.").replace("OpenFlow", "") in shown, shown)
            with bench.flows(bench.vm1, "in_port=HOST,icmp,actions=drop"):
                expect(ping(bench.vm1, "10.0.0.2") == 0, "an echo request was answered")
            expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
    bench.lab.vswitch.set_protocols("OpenFlow10", "OpenFlow13")
    with bench.test("a vswitch that connects over a Unix socket"):
        bench.lab.vswitch.set_controller(UNIX)
        wait_for("the vswitch to be connected", bench.lab.vswitch.connected)
        for vm in bench.vms:
            bench.controller.await_state(vm.nics[0])
    bench.lab.vswitch.set_controller(TCP)
    wait_for("the vswitch to be connected", bench.lab.vswitch.connected)


def controller_dies(bench):
    with bench.test("cvswd killed: the NIC keeps its flows and forwards"), \
         bench.flows(bench.vm1, "in_port=HOST,icmp,actions=mod_nw_tos:184"):
        bench.controller.kill()
        with bench.lab.capture(bench.vm1) as sent:
            expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
            bench.wire(sent, seen=["icmp and ip[1] = 184"], unseen=["icmp and ip[1] != 184"])
        with bench.test("cvswd restarted: both NICs and what they should have are known again"):
            bench.controller.start()
            for vm in bench.vms:
                bench.controller.await_state(vm.nics[0], seconds=20)
            expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
            listed = bench.stated_flows(bench.vm1)
            expect(len(listed) == 1 and len(bench.local_flows(bench.vm1)) == 1,
                   f"in cvswd: {listed}, in the NIC: {bench.local_flows(bench.vm1)}")


def nic_comes_back(bench):
    """A NIC that lost its table gets it back without anyone asking."""
    with bench.test("a driver loaded anew is given its flows again"), \
         bench.flows(bench.vm1, "in_port=HOST,icmp,actions=mod_nw_tos:184"):
        bench.vm1.sh("rmmod cvsw_virtio_net && rmmod cvsw && modprobe cvsw_virtio_net")
        bench.lab.up(bench.vm1, "10.0.0.1")
        wait_for("the flow to be back", lambda: len(bench.local_flows(bench.vm1)) == 1, 15)
        with bench.lab.capture(bench.vm1) as sent:
            expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
            bench.wire(sent, seen=["icmp and ip[1] = 184"], unseen=["icmp and ip[1] != 184"])
    with bench.test("a NIC plugged in anew is given its flows again"), \
         bench.flows(bench.vm1, "in_port=HOST,icmp,actions=mod_nw_tos:184"):
        bench.vm1.unplug(bench.vm1.nics[0])
        bench.vm1.plug(bench.vm1.nics[0])
        bench.lab.up(bench.vm1, "10.0.0.1")
        wait_for("the flow to be back", lambda: len(bench.local_flows(bench.vm1)) == 1, 15)


ALL = [connects, trusts, refuses, flows_are_kept, priorities, timeouts, replaces, counters, looks, wrong_syntax, mtu,
       offload, protocols, controller_dies, nic_comes_back]
