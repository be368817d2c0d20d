# SPDX-License-Identifier: GPL-2.0
"""Each action, both ways, under TCP with TSO and checksum offload.

End a's flows rewrite what leaves (HOST) and undo it in what comes back (NET),
so that a connection only comes about if both are right.  The receiving stack
checks every checksum once (verify), the frames on the wire are taken apart,
and then the same again with partial checksums handed through.
"""
import socket
import subprocess

from bench import errors_in, expect, expect_equal, Failed, tcp
from frames import (HOST, NET, SET_ENTRY, Frame, control, flow_mod, match, output, set_dl_dst, set_dl_src,
                    set_nw_dst, set_nw_src, set_nw_tos, set_tp_dst, set_tp_src, set_vlan_pcp, set_vlan_vid,
                    strip_vlan)
from registry import test

IPV4 = {"dl_type": 0x0800}
TCP = {"dl_type": 0x0800, "nw_proto": 6}
OTHER_IP, OTHER_MAC = "10.0.0.99", "02:00:00:00:00:99"


def over_the_wire(bench, there_is=None, back_is=None, connect=None, listen=None, **more):
    """TCP from a to b and back; every frame on the wire is as the two predicates say."""
    connect = connect or (bench.b.address, 5001)
    listen = listen or (bench.b.address, 5001)
    for verify in ("Y", "N"):
        bench.a.set(verify=verify)
        bench.b.set(verify=verify)
        with bench.a.capture() as there, bench.b.capture() as back:
            seen = tcp(bench.a.ns, connect, bench.b.ns, listen, **more)
        for side, captured, right in (("a", there.frames, there_is), ("b", back.frames, back_is)):
            captured = [frame for frame in captured if frame.proto == 6]
            expect_equal(errors_in(captured), [], f"what {side} sent")
            expect(max(len(frame.data) for frame in captured) > 10000, f"no TSO frame came from {side}")
            wrong = [frame for frame in captured if right and not right(frame)]
            expect(not wrong, f"{len(wrong)} of {len(captured)} frames of {side} are not rewritten, the first: "
                              f"{wrong and wrong[0].data[:64].hex()}")
    counters = bench.a.counters()
    expect(counters["tx-hit"] and counters["rx-hit"], "no flow was hit")
    return seen


def neighbour(end, address, lladdr):
    end.ns.ip(f"neigh replace {address} lladdr {lladdr} dev {end.ifname}")


@test("set_nw_dst outward, set_nw_src inward")
def nw_dst(bench):
    neighbour(bench.a, OTHER_IP, bench.b.mac)
    bench.a.add(HOST, [set_nw_dst(bench.b.address)], **IPV4, nw_dst=OTHER_IP)
    bench.a.add(NET, [set_nw_src(OTHER_IP)], **IPV4, nw_src=bench.b.address)
    over_the_wire(bench, lambda frame: frame.nw_dst == bench.b.address, connect=(OTHER_IP, 5001))


@test("set_nw_src outward, set_nw_dst inward")
def nw_src(bench):
    neighbour(bench.b, OTHER_IP, bench.a.mac)
    bench.a.add(HOST, [set_nw_src(OTHER_IP)], **IPV4, nw_src=bench.a.address)
    bench.a.add(NET, [set_nw_dst(bench.a.address)], **IPV4, nw_dst=OTHER_IP)
    _, client = over_the_wire(bench, lambda frame: frame.nw_src == OTHER_IP, lambda frame: frame.nw_dst == OTHER_IP)
    expect_equal(client[0], OTHER_IP, "client as the server sees it")


@test("set_tp_dst outward, set_tp_src inward")
def tp_dst(bench):
    bench.a.add(HOST, [set_tp_dst(5001)], **TCP, tp_dst=7000)
    bench.a.add(NET, [set_tp_src(7000)], **TCP, tp_src=5001)
    over_the_wire(bench, lambda frame: frame.tp_dst == 5001, connect=(bench.b.address, 7000))


@test("set_tp_src outward, set_tp_dst inward")
def tp_src(bench):
    bench.a.add(HOST, [set_tp_src(7002)], **TCP, tp_src=7001)
    bench.a.add(NET, [set_tp_dst(7001)], **TCP, tp_dst=7002)
    _, client = over_the_wire(bench, lambda frame: frame.tp_src == 7002, client_port=7001)
    expect_equal(client[1], 7002, "client's port as the server sees it")


@test("set_dl_dst outward, set_dl_src inward")
def dl_dst(bench):
    neighbour(bench.a, bench.b.address, OTHER_MAC)
    bench.a.add(HOST, [set_dl_dst(bench.b.mac)], dl_dst=OTHER_MAC)
    bench.a.add(NET, [set_dl_src(OTHER_MAC)], dl_src=bench.b.mac)
    try:
        over_the_wire(bench, lambda frame: frame.dst == bench.b.mac)
        expect_equal(received(bench, 0).src, OTHER_MAC, "source address as a's stack sees it")
    finally:
        bench.neighbours()


@test("set_dl_src outward, set_dl_dst inward")
def dl_src(bench):
    neighbour(bench.b, bench.a.address, OTHER_MAC)
    bench.a.add(HOST, [set_dl_src(OTHER_MAC)], dl_src=bench.a.mac)
    bench.a.add(NET, [set_dl_dst(bench.a.mac)], dl_dst=OTHER_MAC)
    try:
        over_the_wire(bench, lambda frame: frame.src == OTHER_MAC, lambda frame: frame.dst == OTHER_MAC)
    finally:
        bench.neighbours()


def received(bench, tos):
    """A datagram from b with this ToS, as a's stack gets it."""
    bench.b.set(verify="Y")
    sniffer = bench.a.ns.packet_socket(bench.a.ifname)
    sender = bench.b.ns.udp(bench.b.address)
    try:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        sender.sendto(b"look", (bench.a.address, 9))
        while True:
            data, where = sniffer.recvfrom(4096)
            frame = Frame(data)
            if where[2] != socket.PACKET_OUTGOING and frame.payload == b"look":
                return frame
    except TimeoutError:
        raise Failed("the datagram did not reach a's stack") from None
    finally:
        sniffer.close()
        sender.close()


@test("set_nw_tos both ways, ECN bits kept")
def nw_tos(bench):
    bench.a.add(HOST, [set_nw_tos(0xB8)], **IPV4)
    bench.a.add(NET, [set_nw_tos(0x48)], **IPV4)
    over_the_wire(bench, lambda frame: frame.tos & 0xFC == 0xB8)
    frame = received(bench, 0x22)
    expect_equal((frame.tos, frame.errors), (0x4A, []), "ToS and faults as a's stack sees them")
    sender = bench.a.ns.udp(bench.a.address)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x21)
    with bench.a.capture() as got:
        sender.sendto(b"look", (bench.b.address, 9))
    sender.close()
    expect_equal([frame.tos for frame in got.frames], [0xB9], "ToS on the wire")


class VlanDevice:
    """`with`: a VLAN device of that id on top of an end's interface."""

    def __init__(self, end, vid, address):
        self.end, self.name = end, f"{end.ifname}.{vid}"
        end.ns.ip(f"link add link {end.ifname} name {self.name} type vlan id {vid}",
                  f"link set {self.name} up", f"addr add {address}/24 dev {self.name}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end.ns.ip(f"link del {self.name}")


class Address:
    """`with`: another address on an end's interface."""

    def __init__(self, end, address):
        self.end, self.address = end, address

    def __enter__(self):
        self.end.ns.ip(f"addr add {self.address}/24 dev {self.end.ifname}")

    def __exit__(self, *_):
        self.end.ns.ip(f"addr del {self.address}/24 dev {self.end.ifname}")


LEFT, RIGHT = "10.0.42.1", "10.0.42.2"
VLAN_TCP = {"connect": (RIGHT, 5001), "listen": (RIGHT, 5001)}


@test("set_vlan_vid outward pushes a tag, strip_vlan inward removes it")
def push_and_strip(bench):
    with VlanDevice(bench.b, 42, RIGHT), Address(bench.a, LEFT):
        bench.a.add(HOST, [set_vlan_vid(42)])
        bench.a.add(NET, [strip_vlan()], dl_vlan=42)
        over_the_wire(bench, lambda frame: frame.tags == [42], lambda frame: frame.tags == [42], **VLAN_TCP)


@test("strip_vlan outward removes a tag, set_vlan_vid inward pushes it")
def strip_and_push(bench):
    with VlanDevice(bench.a, 42, LEFT), Address(bench.b, RIGHT):
        bench.a.add(HOST, [strip_vlan()], dl_vlan=42)
        bench.a.add(NET, [set_vlan_vid(42)], dl_vlan=0xFFFF)
        over_the_wire(bench, lambda frame: frame.tags == [], lambda frame: frame.tags == [], **VLAN_TCP)


@test("set_vlan_vid and set_vlan_pcp change a tag that is there, both ways")
def change_tag(bench):
    with VlanDevice(bench.a, 42, LEFT), VlanDevice(bench.b, 43, RIGHT):
        bench.a.add(HOST, [set_vlan_vid(43), set_vlan_pcp(5)], dl_vlan=42)
        bench.a.add(NET, [set_vlan_pcp(3), set_vlan_vid(42)], dl_vlan=43)
        over_the_wire(bench, lambda frame: frame.tags == [5 << 13 | 43], lambda frame: frame.tags == [43], **VLAN_TCP)


@test("set_vlan_pcp outward pushes a priority tag")
def push_pcp(bench):
    with VlanDevice(bench.b, 0, RIGHT), Address(bench.a, LEFT):
        bench.a.add(HOST, [set_vlan_pcp(6)])
        bench.a.add(NET, [strip_vlan()])
        over_the_wire(bench, lambda frame: frame.tags == [6 << 13], **VLAN_TCP)


@test("all rewriting actions in one list, both ways")
def everything(bench):
    neighbour(bench.a, OTHER_IP, OTHER_MAC)
    with VlanDevice(bench.b, 42, RIGHT):
        neighbour_there = f"neigh replace 10.0.42.77 lladdr {OTHER_MAC} dev b0.42"
        bench.b.ns.ip(neighbour_there)
        bench.a.add(HOST, [set_dl_src(OTHER_MAC), set_dl_dst(bench.b.mac), set_nw_src("10.0.42.77"), set_nw_dst(RIGHT),
                           set_nw_tos(0xB8), set_tp_src(7002), set_tp_dst(5001), set_vlan_vid(42), set_vlan_pcp(1),
                           output()], **TCP, nw_dst=OTHER_IP)
        bench.a.add(NET, [strip_vlan(), set_dl_src(OTHER_MAC), set_dl_dst(bench.a.mac), set_nw_src(OTHER_IP),
                          set_nw_dst(bench.a.address), set_nw_tos(0), set_tp_src(7000), set_tp_dst(7001), output()],
                    **TCP, dl_vlan=42)
        over_the_wire(bench, lambda frame: (frame.tags, frame.src, frame.dst, frame.tp_src) ==
                      ([1 << 13 | 42], OTHER_MAC, bench.b.mac, 7002),
                      connect=(OTHER_IP, 7000), listen=(RIGHT, 5001), client_port=7001)


@test("IPv6 under VLAN push and MAC rewriting; IPv4 actions skip it and are counted")
def ipv6(bench):
    with VlanDevice(bench.b, 42, RIGHT):
        bench.b.ns.ip("addr add fd42::2/64 dev b0.42 nodad", f"neigh replace fd42::1 lladdr {OTHER_MAC} dev b0.42")
        bench.a.ns.ip(f"addr add fd42::1/64 dev {bench.a.ifname} nodad",
                      f"neigh replace fd42::2 lladdr {OTHER_MAC} dev {bench.a.ifname}")
        bench.a.add(HOST, [set_nw_dst("1.2.3.4"), set_vlan_vid(42), set_dl_src(OTHER_MAC), set_dl_dst(bench.b.mac)],
                    dl_type=0x86DD)
        bench.a.add(NET, [strip_vlan(), set_nw_src("1.2.3.4"), set_dl_dst(bench.a.mac)], dl_vlan=42)
        over_the_wire(bench, lambda frame: frame.tags == [42] and frame.dst == bench.b.mac,
                      connect=("fd42::2", 5001), listen=("fd42::2", 5001), family=socket.AF_INET6)
        expect(bench.a.counters()["action-skipped"] > 0, "set_nw_dst on IPv6 is not counted as skipped")


@test("fragments of a datagram get their addresses rewritten")
def fragments(bench):
    neighbour(bench.a, OTHER_IP, bench.b.mac)
    bench.a.add(HOST, [set_nw_dst(bench.b.address)], **IPV4, nw_dst=OTHER_IP)
    sender, receiver = bench.a.ns.udp(bench.a.address), bench.b.ns.udp(bench.b.address, 5003)
    payload = bytes(i * 11 & 255 for i in range(20000))
    with bench.a.capture() as got:
        sender.sendto(payload, (OTHER_IP, 5003))
    try:
        expect(receiver.recv(65536) == payload, "other bytes arrived")
    except TimeoutError:
        raise Failed(f"nothing arrived; {errors_in(got.frames)}") from None
    finally:
        sender.close()
        receiver.close()
    expect(len(got.frames) > 10, "it was not fragmented")


def refused_by_silence(bench, port):
    try:
        with bench.a.ns:
            sock = socket.socket()
        sock.settimeout(0.3)
        sock.connect((bench.b.address, port))
    except TimeoutError:
        return True
    except ConnectionRefusedError:
        return False
    finally:
        sock.close()
    return False


@test("a flow without actions drops, outward and inward, and counts what it drops")
def drop(bench):
    for where, ports, side in ((HOST, {"tp_dst": 6001}, bench.a), (NET, {"tp_src": 6001}, bench.b)):
        bench.a.add(where, [], **TCP, **ports)
        before = bench.a.counters()["drop-action"]
        with side.capture() as got:
            expect(refused_by_silence(bench, 6001), "an answer came through")
        expect(bench.a.counters()["drop-action"] > before, "drop-action does not move")
        expect_equal(len([f for f in got.frames if f.tp_dst == 6001]), 0, "dropped frames on the wire")
        bench.tcp_both_ways(size=1 << 16)
        bench.a.delete_flows()


@test("the flow of higher priority wins, and prefixes match what they cover")
def priorities(bench):
    bench.a.add(HOST, [], priority=10, **IPV4, nw_dst="10.0.0.0/8")
    bench.a.add(HOST, [output()], priority=20, **IPV4, nw_dst="10.0.0.0/30")
    bench.tcp_both_ways(size=1 << 16)
    bench.a.add(HOST, [], priority=30, **TCP, nw_dst="10.0.0.0/31")
    bench.tcp_both_ways(size=1 << 16)
    bench.a.add(HOST, [], priority=30, **TCP, nw_dst="10.0.0.2/31")
    expect(refused_by_silence(bench, 5001), "the drop of priority 30 does not win")


@test("a flow replaced again and again is never missing for a frame")
def replaced(bench):
    neighbour(bench.a, OTHER_IP, bench.b.mac)
    order = control(SET_ENTRY, flow_mod(match(in_port=HOST, **IPV4, nw_dst=OTHER_IP), [set_nw_dst(bench.b.address)]))
    bench.a.add(HOST, [set_nw_dst(bench.b.address)], **IPV4, nw_dst=OTHER_IP)
    sender = bench.a.ns.udp(bench.a.address)
    with bench.a.capture() as got:
        for _ in range(200):
            bench.a.inject(order)
            for _ in range(4):
                sender.sendto(b"x", (OTHER_IP, 9))
    sender.close()
    sent = [frame.nw_dst for frame in got.frames if frame.proto == 17]
    expect_equal(len(sent), 800, "datagrams on the wire")
    expect_equal(set(sent), {bench.b.address}, "destinations on the wire")
    expect_equal(bench.a.n_flows(), 1, "flows")


@test("tcpdump finds no bad checksum either in rewritten TSO frames")
def other_oracle(bench):
    bench.a.add(HOST, [set_tp_dst(5001), set_nw_tos(0x28), set_vlan_vid(42), strip_vlan()], **TCP, tp_dst=7000)
    bench.a.add(NET, [set_tp_src(7000)], **TCP, tp_src=5001)
    with bench.a.capture() as got:
        tcp(bench.a.ns, (bench.b.address, 7000), bench.b.ns, (bench.b.address, 5001), 1 << 18)
    done = subprocess.run(["tcpdump", "-nvr", "-"], input=got.raw(), capture_output=True)
    text = done.stdout.decode()
    expect(text.count("cksum 0x") >= len(got.frames) // 2, f"tcpdump read nothing: {done.stderr.decode()}")
    expect("incorrect" not in text and "bad cksum" not in text,
           next((line for line in text.splitlines() if "incorrect" in line or "bad cksum" in line), ""))
