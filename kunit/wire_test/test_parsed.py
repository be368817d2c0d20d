# SPDX-License-Identifier: GPL-2.0
"""A service behind flows that deny it: frames in all the forms that the guest's stack understands
and a filter may not.  kunit/stack/ makes many more; here the driver is the real one, and so are the sockets.
"""
import select
import socket
import struct

from bench import expect, expect_equal, wait_for
from frames import NET, SET_ENTRY, checksum, control, ip, ipv4, mac, udp
from registry import test
from tunnel import nxt_flow_mod

DENIED, OPEN = 7777, 8888
SRC6, DST6 = (socket.inet_pton(socket.AF_INET6, f"fd00::{host}") for host in "21")
SYN = struct.pack("!HHIIBBHHH", 1025, DENIED, 1, 0, 5 << 4, 2, 1000, 0, 0)
OPTION = bytes([1, 4, 0, 0, 0, 0])      # padding, behind an extension header's first two bytes


def ethernet(bench, kind, payload, tags=()):
    head = b"".join(struct.pack("!HH", *tag) for tag in tags)
    return (mac(bench.a.mac) + mac(bench.b.mac) + head + struct.pack("!H", kind) + payload).ljust(60, b"\0")


def udp4(port):
    return ipv4("10.0.0.2", "10.0.0.1", 17, udp("10.0.0.2", "10.0.0.1", 1025, port, b"cvsw"))


def summed6(data, at, protocol):
    value = checksum(SRC6 + DST6 + struct.pack("!II", len(data), protocol) + data)
    return data[:at] + struct.pack("!H", value) + data[at + 2:]


def ipv6(following, payload, length=None):
    return struct.pack("!IHBB", 6 << 28, len(payload) if length is None else length, following, 255) + SRC6 + DST6 + payload


def udp6(port, extensions, kind=60, length=None):
    data = summed6(struct.pack("!HHHH", 1025, port, 12, 0) + b"cvsw", 6, 17)
    chain = b"".join(bytes([60 if i + 1 < extensions else 17, 0]) + OPTION for i in range(extensions))
    return ipv6(kind if extensions else 17, chain + data, length)


def forms(bench, port):
    """(name, frame) that carry a datagram to the port."""
    for tags in ([], [(0x8100, 0)], [(0x8100, 0)] * 2, [(0x8100, 0xE000)] * 4, [(0x88A8, 0), (0x8100, 0)]):
        yield f"tags {tags}", ethernet(bench, 0x0800, udp4(port), tags)
    for extensions in (0, 1, 16, 17, 20, 100):
        yield f"{extensions} extension headers", ethernet(bench, 0x86DD, udp6(port, extensions))
    yield "payload length 0", ethernet(bench, 0x86DD, udp6(port, 1, 0, 0))


def fragments_of(segment, first):
    total = segment[:16] + struct.pack("!H", checksum(ip("10.0.0.2") + ip("10.0.0.1") + struct.pack("!HH", 6, len(segment)) +
                                                      segment)) + segment[18:]
    yield ipv4("10.0.0.2", "10.0.0.1", 6, total[:first], ident=first, fragment=0x2000)
    yield ipv4("10.0.0.2", "10.0.0.1", 6, total[first:], ident=first, fragment=first // 8)


def advertisement(options):
    return ipv6(58, summed6(bytes([136, 0, 0, 0, 0x20, 0, 0, 0]) + SRC6 + options, 2, 58))


def add(bench, **fields):
    moved = bench.a.order(control(SET_ENTRY, nxt_flow_mod(in_port=NET, **fields)))
    expect("ctl-applied" in moved, f"flow not taken: {moved}")


def received(sockets, seconds=0.05):
    names = []
    while True:
        ready = select.select(sockets, [], [], seconds)[0]
        if not ready:
            return names
        names += [sock.recv(100) for sock in ready]


def sockets_at(bench, port):
    with bench.a.ns:
        four, six = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    four.bind(("0.0.0.0", port))
    six.bind(("::", port))
    return [four, six]


@test("datagrams to a port that is denied, in every form: none arrives; to another one all do")
def ports(bench):
    for dl_type in (0x0800, 0x86DD):
        add(bench, dl_type=dl_type, nw_proto=17, udp_dst=DENIED)
    denied, other = sockets_at(bench, DENIED), sockets_at(bench, OPEN)
    try:
        for name, frame in forms(bench, DENIED):
            bench.a.inject(frame)
            expect_equal(received(denied), [], f"{name}: at the port that is denied")
        for name, frame in forms(bench, OPEN):
            bench.a.inject(frame)
            expect_equal(received(other), [b"cvsw"], f"{name}: at the other port")
    finally:
        for sock in denied + other:
            sock.close()


@test("a SYN in two fragments, its flags in the second: dropped and counted; in the first: denied by its flags")
def tiny(bench):
    add(bench, dl_type=0x0800, nw_proto=6, tcp_dst=DENIED, tcp_flags=2)
    with bench.a.ns:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with listener, bench.a.capture() as sent:
        listener.bind(("0.0.0.0", DENIED))
        listener.listen()
        for first, counter in ((8, "drop-unparsed"), (16, "drop-action")):
            before = bench.a.counters()[counter]
            bench.a.inject(*(ethernet(bench, 0x0800, packet) for packet in fragments_of(SYN, first)))
            wait_for(lambda: bench.a.counters()[counter] > before, f"{counter} for {first} bytes")
    expect(not any(frame.proto == 6 for frame in sent.frames), "the SYN was answered")


@test("neighbor advertisements with many options, and one of them denied: no entry is overwritten")
def options(bench):
    evil, good = "02:00:00:00:00:66", bench.b.mac
    add(bench, dl_type=0x86DD, nw_proto=58, icmpv6_type=136, nd_tll=int.from_bytes(mac(evil), "big"))

    def entry():
        return bench.a.ns.run("ip", "-6", "neigh", "show", "fd00::2", "dev", bench.a.ifname)

    try:
        for number in (1, 33, 60):
            for address in (evil, good):
                bench.a.ns.ip(f"neigh replace fd00::2 lladdr 02:00:00:00:00:77 dev {bench.a.ifname} nud stale")
                target = bytes([2, 1]) + mac(address)
                bench.a.inject(ethernet(bench, 0x86DD, advertisement(target + bytes([14, 1, 0, 0, 0, 0, 0, 0]) * (number - 1))))
                if address == good:
                    wait_for(lambda: good in entry(), f"the entry of an advertisement with {number} options")
                else:
                    received([], 0.05)
                    expect("02:00:00:00:00:77" in entry(), f"{number} options: {entry()}")
    finally:
        bench.a.ns.ip(f"neigh replace fd00::2 lladdr {good} dev {bench.a.ifname}")
