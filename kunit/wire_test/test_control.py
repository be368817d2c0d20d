# SPDX-License-Identifier: GPL-2.0
"""Control messages of version 2, written by hand, and what the NIC makes of them."""
import json
import re
import struct
import subprocess
import time

import netlink
from bench import TOP, expect, expect_equal, Failed, wait_for
from frames import (BROADCAST, CVSW, DELETE_ENTRY, HELLO, HOST, LIST_ENTRIES, NET, REGISTER, SET_ENTRY, SET_MTU,
                    SET_OFFLOAD, SET_SA, control, ethernet, flow_mod, mac, match, output, published, set_nw_dst, set_nw_tos,
                    set_vlan_pcp, set_vlan_vid)
from registry import test
import version3

TO_A = "02:00:00:00:00:01"


def messages(got, kind):
    """A capture's control messages of one type, as whole frames."""
    return [frame.data for frame in got.now() if frame.kind == CVSW and frame.data[6] == 2 << 4 | kind]


def answers(got, kind, n=1):
    wait_for(lambda: len(messages(got, kind)) >= n, f"{n} answers of type {kind}")
    return messages(got, kind)


def data2(frame):
    length, = struct.unpack_from("!H", frame, 8)
    return frame[14:14 + length]


def data1(frame):
    return struct.unpack_from("!H", frame, 10)[0]


def state(bench):
    return bench.a.port()[netlink.STATE][0]


@test("the port says HELLO when its link comes up, until a controller answers", anew=True)
def hello_at_link_up(bench):
    bench.a.unplug()
    with bench.a.capture() as got:
        bench.a.plug()
        bench.a.configure()
        hello = answers(got, HELLO)[0]
        expect_equal((hello[:6], hello[6:12], len(hello)), (mac(BROADCAST), bytes([0x21, 0, 0, 0, 0, 0]), 60), "HELLO")
        expect_equal(state(bench), netlink.DISCONNECTED, "state")
        bench.a.order(control(HELLO))
        expect_equal(state(bench), netlink.CONNECTING, "state after HELLO")
        bench.a.order(control(SET_MTU, data1=1500))
        expect_equal(state(bench), netlink.CONNECTED, "state after a setting")
        n = len(messages(got, HELLO))
        for up in (0, 1):
            bench.a.set(link=up)
            wait_for(lambda: ("LOWER_UP" in bench.a.ns.run("ip", "link", "show", bench.a.ifname)) == bool(up), "link")
        time.sleep(0.1)
        expect_equal(len(messages(got, HELLO)), n, "HELLOs, connected")


@test("HELLO is answered by REGISTER, and a new address announced by another")
def register(bench):
    with bench.a.capture() as got:
        for dst in (BROADCAST, TO_A):
            bench.a.order(control(HELLO, dst=dst))
        for frame in answers(got, REGISTER, 2):
            expect_equal((frame[:6], frame[6:8], data2(frame)), (mac(TO_A), b"\x22\0", mac(TO_A)), "REGISTER")
        bench.a.ns.ip(f"link set {bench.a.ifname} address 02:00:00:00:00:11")
        try:
            frame = answers(got, REGISTER, 3)[2]
            expect_equal((frame[:6], data2(frame)), (mac("02:00:00:00:00:11"),) * 2, "REGISTER")
        finally:
            bench.a.ns.ip(f"link set {bench.a.ifname} address {TO_A}")
            bench.neighbours()
        answers(got, REGISTER, 4)


@test("SET_ENTRY adds, replaces in place, DELETE_ENTRY removes what its match covers")
def entries(bench):
    def order(kind, **fields):
        actions = fields.pop("actions", [])
        priority = fields.pop("priority", 5)
        return bench.a.order(control(kind, flow_mod(match(**fields), actions, priority, command=3 * (kind == DELETE_ENTRY))))

    for last in range(1, 5):
        order(SET_ENTRY, in_port=HOST, dl_type=0x0800, nw_dst=f"10.1.0.{last}")
    expect_equal(bench.a.n_flows(), 4, "flows")
    order(SET_ENTRY, in_port=HOST, dl_type=0x0800, nw_dst="10.1.0.1", actions=[output()])
    expect_equal(bench.a.n_flows(), 4, "flows after one came again")
    order(SET_ENTRY, in_port=HOST, dl_type=0x0800, nw_dst="10.1.0.1", priority=6)
    expect_equal(bench.a.n_flows(), 5, "flows after one came with another priority")
    order(DELETE_ENTRY, dl_type=0x0800, nw_dst="10.1.0.0/30")
    expect_equal(bench.a.n_flows(), 1, "flows after deleting 10.1.0.0/30")
    order(DELETE_ENTRY)
    expect_equal(bench.a.n_flows(), 0, "flows after deleting all")


@test("a flow goes when it was not used for its idle timeout, or was there for its hard one")
def timeouts(bench):
    def add(port, **timeout):
        bench.a.order(control(SET_ENTRY, flow_mod(match(in_port=port), [output()], **timeout)))

    add(HOST, idle=2)
    for _ in range(8):
        bench.ping(1)
        time.sleep(0.5)
        expect_equal(bench.a.n_flows(), 1, "flows that are used")
    wait_for(lambda: not bench.a.n_flows(), "it goes when nothing comes", 6)
    add(HOST, hard=2)
    begin = time.monotonic()
    wait_for(lambda: bench.ping(1) or not bench.a.n_flows(), "it goes though frames come", 6)
    expect(time.monotonic() - begin > 1.5, f"gone after {time.monotonic() - begin:.1f} s of 2")


# What the published driver's tests send: of all that stands for nothing to it, what was in memory (fe).
UNSET_HEADER, UNSET_REST = "fe0efefefefefefe", "fefefefefefefefe fefe fefe fefe 2711 fefefefe fefe fefe"
UNSET_TO_NW = "fefefefefefe fefefefefefe fefe fefe fefe fe fe fefe"


def published_entry(wildcards, in_port, addresses="fefefefefefefefe", ports="fefefefe", actions=b""):
    data = bytes.fromhex(UNSET_HEADER + wildcards + f"{in_port:04x}" + UNSET_TO_NW + addresses + ports +
                         UNSET_REST) + actions
    return patched(control(SET_ENTRY, data), 7, b"\xfe")


@test("the published driver's messages are taken, and mean what it does with them")
def published_form(bench):
    nw_src = published_entry("003fdffe", HOST, "c0a80001fefefefe", actions=bytes.fromhex("00060008ac100001"))
    tp_dst = published_entry("003fff7e", HOST, ports="fefec350", actions=bytes.fromhex("00090008ffff0000"))
    nowhere = published_entry("003ffffe", NET, actions=bytes.fromhex("00000008ffff0000"))
    for frame in nw_src, tp_dst:
        expect("ctl-applied" in bench.a.order(frame), "not taken")
    expect_equal(bench.a.n_flows(), 2, "flows")
    bench.ping(1)       # of other addresses and ports
    bench.a.order(nowhere)
    try:
        bench.ping(1)
        dropped = False
    except Failed:
        dropped = True
    expect(dropped, "what is received is not dropped")
    expect("ctl-bad-match" in bench.a.order(published_entry("003efffe", NET, ports="0000000a")), "a VNI was taken")


@test("a flow of the published driver that strips VXLAN passes what is none")
def published_strip(bench):
    bench.a.order(published_entry("003ffffe", NET, actions=bytes.fromhex("1002000800000000")))
    bench.ping(1)


@test("LIST_ENTRIES gives the whole table, in as many frames as it takes")
def list_entries(bench):
    with bench.a.capture() as got:
        bench.a.order(control(LIST_ENTRIES))
        frame = answers(got, LIST_ENTRIES)[0]
        expect_equal((frame[:6], data1(frame), data2(frame)), (mac(BROADCAST), 0, b""), "an empty table")
    wanted = set()
    for i in range(60):
        data = flow_mod(published(match(in_port=HOST, dl_type=0x0800, nw_src="0.0.0.0/0", nw_dst=f"10.2.0.{i}")),
                        [set_nw_dst(f"10.3.0.{i}"), output()], priority=i + 1, cookie=i)
        wanted.add(essence(data))
        bench.a.inject(control(SET_ENTRY, data))
    wait_for(lambda: bench.a.n_flows() == 60, "60 flows")
    with bench.a.capture() as got:
        bench.a.order(control(LIST_ENTRIES))
        first = data1(answers(got, LIST_ENTRIES)[0])
        expect(first > 1, "one frame is too few")
        parts = answers(got, LIST_ENTRIES, first + 1)
    expect_equal([data1(part) for part in parts], list(range(first, -1, -1)), "frames still to follow")
    expect(all(len(part) <= 1514 for part in parts), "a part is longer than the MTU")
    listed, flows = b"".join(data2(part) for part in parts), []
    while listed:
        length, = struct.unpack_from("!H", listed, 2)
        flows.append(essence(listed[:length]))
        listed = listed[length:]
    expect_equal(len(flows), 60, "flows listed")
    expect(set(flows) == wanted, "other flows are listed than were set")


def essence(flow):
    """A flow_mod without buffer_id, out_port and flags, which mean nothing here."""
    return flow[:64] + flow[72:]


@test("flows and their counters are shown over netlink")
def shown(bench):
    bench.a.add(HOST, [set_nw_tos(0x20)], priority=7, dl_type=0x0800, nw_dst=bench.b.address)
    sender = bench.a.ns.udp(bench.a.address)
    for _ in range(10):
        sender.sendto(bytes(58), (bench.b.address, 9))
    sender.close()
    flows = bench.a.flows()
    expect_equal(len(flows), 1, "flows")
    expect_equal((netlink.u64(flows[0][netlink.N_PACKETS]), netlink.u64(flows[0][netlink.N_BYTES])), (10, 1000),
                 "frames and bytes")
    expect_equal(flows[0][netlink.FLOW_MOD][-16:], version3.set_nw_tos(0x20), "action")


@test("cvswctl --local shows the port, its flows and its counters")
def cvswctl(bench):
    program = f"{TOP}/build/bin/cvswctl"
    bench.a.add(HOST, [set_nw_tos(0x20)], priority=7, dl_type=0x0800, nw_dst=bench.b.address)

    def ask(*words):
        with bench.a.ns:
            done = subprocess.run([program, "--local", *words], capture_output=True, text=True, timeout=10)
        expect_equal((done.returncode, done.stderr), (0, ""), f"cvswctl --local {' '.join(words)}")
        return done.stdout

    expect(bench.a.ifname in ask("show"), "no port in show")
    expect(re.search(r"nw_dst=10\.0\.0\.2.*mod_nw_tos:32|nw_dst=10\.0\.0\.2.*actions=", ask("dump-flows")), "no flow in dump-flows")
    expect("ctl-applied" in ask("stats"), "no counter in stats")
    for words in (("show",), ("dump-flows",), ("stats",)):
        json.loads(ask("-j", *words))


def mtu(end):
    with end.ns:
        return json.loads(subprocess.run(["ip", "-j", "link", "show", end.ifname], capture_output=True).stdout)[0]["mtu"]


@test("SET_MTU sets the MTU, and TCP keeps to it")
def set_mtu(bench):
    bench.a.order(control(SET_MTU, data1=1280))
    try:
        expect_equal(mtu(bench.a), 1280, "MTU")
        with bench.b.capture() as back:
            bench.tcp_both_ways(size=1 << 18)
        # b's segments follow the MSS that a announced
        acked = [frame for frame in back.frames if frame.payload]
        expect(acked, "nothing came back")
        for bad in (10, 67):
            expect("ctl-refused" in bench.a.order(control(SET_MTU, data1=bad)), f"an MTU of {bad} is not refused")
        expect_equal(mtu(bench.a), 1280, "MTU after refused ones")
    finally:
        bench.a.order(control(SET_MTU, data1=1500))
    expect_equal(mtu(bench.a), 1500, "MTU")


def offloads(bench):
    text = bench.a.ns.run("ethtool", "-k", bench.a.ifname)
    found = dict(re.findall(r"^([a-z-]+): (on|off)", text, re.M))
    return {name: found[full] for name, full in (("csum", "tx-checksumming"), ("tso", "tcp-segmentation-offload"),
                                                 ("gso", "generic-segmentation-offload"),
                                                 ("gro", "generic-receive-offload"))}


@test("SET_OFFLOAD switches checksum, TSO, GSO and GRO, and TCP goes on")
def set_offload(bench):
    for bits in (0, 1, 1 | 8, 16, 1 | 2 | 8 | 16):
        bench.a.order(control(SET_OFFLOAD, data1=bits))
        expect_equal(offloads(bench), {name: "on" if bits & bit else "off" for name, bit in
                                       (("csum", 1), ("tso", 2), ("gso", 8), ("gro", 16))}, f"after {bits:#x}")
        with bench.a.capture() as got:
            bench.tcp_both_ways(size=1 << 18)
        if not bits & 2:
            expect(max(len(frame.data) for frame in got.frames) <= 1514, "TSO frames without TSO")


GOOD = flow_mod(match(in_port=HOST, tp_dst=80), [output()])


def patched(data, at, new):
    return data[:at] + new + data[at + len(new):]


def one_action(action, **more):
    return control(SET_ENTRY, flow_mod(match(in_port=HOST), [action], **more))


# The frame, and the counter in which it must end beside ctl-received.
BAD = {
    "version 1": (control(HELLO, version=1), "ctl-bad-version"),
    "version 15": (control(HELLO, version=15), "ctl-bad-version"),
    "type 0": (control(0), "ctl-bad-type"),
    "type 9": (control(9), "ctl-bad-type"),
    "type 15": (control(15), "ctl-bad-type"),
    "len beyond the frame": (control(SET_ENTRY, GOOD, length=len(GOOD) + 1), "ctl-bad-length"),
    "len 65535": (control(SET_ENTRY, GOOD, length=65535), "ctl-bad-length"),
    "len short of the frame": (control(SET_ENTRY, GOOD, length=len(GOOD) - 8), "ctl-bad-length"),
    "header alone, unpadded, of SET_ENTRY": (control(SET_ENTRY, pad=False), "ctl-bad-short"),
    "header alone that claims Data2": (control(SET_ENTRY, length=72, pad=False), "ctl-bad-length"),
    "flow_mod of 8 bytes": (control(SET_ENTRY, GOOD[:8]), "ctl-bad-short"),
    "flow_mod of 71 bytes": (control(SET_ENTRY, GOOD[:71]), "ctl-bad-short"),
    "NXT_FLOW_MOD header version 4": (control(SET_ENTRY, patched(GOOD, 0, b"\4\4")), "ctl-bad-version"),
    "OpenFlow type PACKET_OUT": (control(SET_ENTRY, patched(GOOD, 1, b"\x0d")), "ctl-bad-ofp-type"),
    "flow_mod length beyond Data2": (control(SET_ENTRY, patched(GOOD, 2, b"\xff\xff")), "ctl-bad-length"),
    "flow_mod length below 72": (control(SET_ENTRY, patched(GOOD, 2, b"\0\x47")), "ctl-bad-length"),
    "flow_mod length short of Data2": (control(SET_ENTRY, patched(GOOD, 2, b"\0\x48")), "ctl-bad-length"),
    "two flow_mods": (control(SET_ENTRY, GOOD + GOOD), "ctl-bad-length"),
    "command DELETE": (control(SET_ENTRY, flow_mod(match(), command=3)), "ctl-bad-command"),
    "command 9": (control(SET_ENTRY, flow_mod(match(), command=9)), "ctl-bad-command"),
    "flags": (control(SET_ENTRY, flow_mod(match(), flags=4)), "ctl-bad-flags"),
    "in_port 3": (control(SET_ENTRY, flow_mod(match(in_port=3))), "ctl-bad-match"),
    "ICMP type 256": (control(SET_ENTRY, flow_mod(match(dl_type=0x0800, nw_proto=1, tp_src=256))), "ctl-bad-match"),
    "RARP opcode": (control(SET_ENTRY, flow_mod(match(dl_type=0x8035, nw_proto=1))), "ctl-bad-match"),
    "action type 11": (one_action(struct.pack("!HHxxxx", 11, 8)), "ctl-bad-action-type"),
    "action type vendor": (one_action(struct.pack("!HHxxxx", 0xFFFF, 8)), "ctl-bad-action-type"),
    "action length 0": (one_action(struct.pack("!HHxxxx", 3, 0)), "ctl-bad-action-length"),
    "action length 4": (one_action(struct.pack("!HHxxxx", 3, 4)), "ctl-bad-action-length"),
    "action length 16 of 8": (one_action(struct.pack("!HHxxxx", 3, 16)), "ctl-bad-action-length"),
    "action length 65528": (one_action(struct.pack("!HHxxxx", 4, 65528)), "ctl-bad-action-length"),
    "action cut to 2 bytes": (one_action(b"\0\3"), "ctl-bad-action-length"),
    "vlan vid 4096": (one_action(set_vlan_vid(4096)), "ctl-bad-action-value"),
    "vlan pcp 8": (one_action(set_vlan_pcp(8)), "ctl-bad-action-value"),
    "ToS with ECN bits": (one_action(set_nw_tos(3)), "ctl-bad-action-value"),
    "output to port 3": (one_action(output(3)), "ctl-bad-action-port"),
    "output to the tables": (one_action(output(0xFFF9)), "ctl-bad-action-port"),
    "an action behind next": (control(SET_ENTRY, flow_mod(match(), [struct.pack("!HHI", 0x1014, 8, 0), set_nw_tos(0)])), "ctl-bad-action-order"),
    "65 actions": (control(SET_ENTRY, flow_mod(match(), [set_nw_tos(0)] * 65)), "ctl-bad-action-count"),
    "DELETE_ENTRY cut short": (control(DELETE_ENTRY, GOOD[:60]), "ctl-bad-short"),
    "longer than any message": (control(SET_ENTRY, bytes(8000)), "ctl-bad-length"),
    "REGISTER to a NIC": (control(REGISTER), "ctl-unexpected"),
    "SET_SA without an SA": (control(SET_SA), "ctl-bad-short"),
    "LIST_ENTRIES with entries": (control(LIST_ENTRIES, GOOD), "ctl-unexpected"),
    "to another NIC": (control(SET_ENTRY, GOOD, dst="02:00:00:00:00:0e"), "ctl-not-ours"),
    "to a multicast address": (control(SET_ENTRY, GOOD, dst="01:00:5e:00:00:01"), "ctl-not-ours"),
}


@test(f"{len(BAD)} malformed or misplaced control frames: counted by cause, nothing changed")
def malformed(bench):
    bench.a.add(HOST, [output()], tp_dst=81)
    before = bench.a.flows()
    wrong = []
    for name, (frame, counter) in BAD.items():
        moved = bench.a.order(frame)
        if moved != {"ctl-received": 1, counter: 1}:
            wrong.append(f"{name}: {moved}, expected {counter}")
    expect(not wrong, "\n".join(wrong))
    expect_equal(bench.a.flows(), before, "the table")
    expect_equal(mtu(bench.a), 1500, "MTU")


@test("a valid flow_mod cut at every length, its bytes flipped one by one: nothing worse than a refusal")
def mutilated(bench):
    whole = control(SET_ENTRY, flow_mod(match(in_port=HOST, dl_type=0x800, nw_proto=6, tp_dst=80),
                                        [set_vlan_vid(3), set_nw_dst("1.2.3.4"), output()]))
    cut = [whole[:n] for n in range(14, len(whole))]
    flipped = [patched(whole, at, bytes([whole[at] ^ 0x81])) for at in range(6, len(whole)) if at not in (12, 13)]
    for i in range(0, len(cut + flipped), 50):
        bench.a.order(*(cut + flipped)[i:i + 50])
    bench.ping()


@test("a flood of orders: the queue is bounded, every message ends in one counter")
def flood(bench):
    before = bench.a.counters()
    frame = control(SET_ENTRY, GOOD)
    moved = bench.a.order(*[frame] * 2000)
    expect_equal(moved["ctl-received"], 2000, "received")
    expect_equal(moved.get("ctl-applied", 0) + moved.get("ctl-queue-full", 0), 2000, "applied or turned away")
    expect(before["ctl-applied"] < bench.a.counters()["ctl-applied"], "none was applied")


@test("0xABBA from the guest's own programs is dropped and counted")
def forged(bench):
    sock = bench.a.ns.packet_socket(bench.a.ifname)
    before = bench.a.counters()["drop-tx-control"]
    with bench.a.capture() as got:
        for dst in (BROADCAST, bench.b.mac):
            sock.send(control(HELLO, dst=dst))
        sock.send(ethernet(BROADCAST, bench.a.mac, CVSW, bytes(46)))
        sock.send(ethernet(BROADCAST, bench.a.mac, CVSW, bytes(46), tag=42))
        time.sleep(0.05)
    sock.close()
    expect_equal([frame.data.hex() for frame in got.frames if frame.kind == CVSW], [], "on the wire")
    expect_equal(bench.a.counters()["drop-tx-control"] - before, 4, "drop-tx-control")


@test("control frames are never shown to the guest's stack")
def hidden(bench):
    sniffer = bench.a.ns.packet_socket(bench.a.ifname)
    bench.a.order(control(HELLO), control(SET_ENTRY, GOOD), control(LIST_ENTRIES), control(12))
    bench.ping(1)
    sniffer.settimeout(0.1)
    seen = []
    try:
        while True:
            data, where = sniffer.recvfrom(4096)
            if data[12:14] == b"\xab\xba" and where[2] != 4:        # PACKET_OUTGOING
                seen.append(data.hex())
    except TimeoutError:
        pass
    finally:
        sniffer.close()
    expect_equal(seen, [], "control frames received by the stack")


@test("without allow_unauthenticated nothing is taken, and no HELLO sent", anew=True)
def not_allowed(bench):
    bench.unload()
    try:
        bench.load(allow_unauthenticated=0)
        with bench.a.capture() as got:
            bench.a.set(link=0)
            bench.a.set(link=1)
            moved = bench.a.order(control(HELLO), control(SET_ENTRY, GOOD), control(SET_MTU, data1=1400))
            time.sleep(0.05)
        expect_equal(moved, {"ctl-received": 3, "ctl-unauthenticated": 3}, "counters")
        expect_equal([frame.data for frame in got.frames if frame.kind == CVSW], [], "control frames sent")
        expect_equal((bench.a.n_flows(), mtu(bench.a)), (0, 1500), "flows and MTU")
        shown = version3.shown(bench.a)
        expect_equal((shown["state"], shown["protocol"]), ("no key", 3), "shown")
        bench.unload()
    finally:
        bench.load()


@test("miss_policy=drop: nothing passes from the first frame on but what flows allow", anew=True)
def miss_drop(bench):
    bench.unload()
    try:
        bench.load(miss_policy="drop")
        sender = bench.a.ns.udp(bench.a.address)
        with bench.a.capture() as got:
            for _ in range(5):
                sender.sendto(b"leak", (bench.b.address, 9))
            bench.a.order(control(HELLO))
            answers(got, REGISTER)
        sender.close()
        expect_equal([frame.data for frame in got.frames if frame.kind != CVSW], [], "frames on the wire")
        expect(bench.a.counters()["drop-miss"] >= 5, "drop-miss does not move")
        for end in (bench.a, bench.b):
            for way in (HOST, NET):
                end.add(way, [output()], dl_type=0x0800)
        bench.ping()
        bench.unload()
    except Failed:
        bench.unload()
        raise
    finally:
        bench.load()
