# SPDX-License-Identifier: GPL-2.0
"""Giants from the vswitch: TCP that a neighbour's stack left to be segmented, and
that no vswitch did segment, with a virtio header that says so (virtio 1.2, 5.1.6.4).

What end a's stack gets is read with the virtio header that a packet socket gives.
"""
import contextlib
import json
import random
import socket
import struct

import test_actions
from bench import expect, expect_equal, wait_for
from frames import (HELLO, NET, Frame, checksum, control, ethernet, ipv4, output, set_dl_src, set_nw_dst,
                    set_nw_src, set_nw_tos, set_tp_dst, set_tp_src, set_vlan_vid, strip_vlan)
from overlay import INNER, OUTER, VNI, Watch, applied, cvsw_host, inner_tcp, silence
from registry import test
from test_plain import GUEST_TSO4, GUEST_TSO6, GUEST_ECN, MRG_RXBUF
from test_responders import IN_PORT
from tunnel import ESP_PORT, IN, SA, VXLAN_PORT, decrypt, onward, udp_bare, vxlan, vxlan_decap, vxlan_encap

# virtio 1.2, 5.1.6; the last three are of later versions
NEEDS_CSUM, DATA_VALID = 1, 2
GSO_TCPV4, GSO_UDP, GSO_TCPV6, GSO_ECN = 1, 3, 4, 0x80
GSO_UDP_L4, GSO_TUNNEL_IPV4, GSO_TUNNEL_IPV6 = 5, 0x20, 0x40
PACKET_AUXDATA, PACKET_VNET_HDR, SOL_PACKET = 8, 15, 263

# what the driver's receive buffers look like, and how large a frame fits into them
BUFFERS = (("mergeable", (), 60000), ("big", (MRG_RXBUF,), 60000),
           ("small", (MRG_RXBUF, GUEST_TSO4, GUEST_TSO6, GUEST_ECN), 1400))


class Described(bytes):
    """A frame with what the device says of it."""

    def __new__(cls, frame, flags=0, gso=0, size=0, start=0, offset=0, hdr_len=0):
        self = super().__new__(cls, frame)
        self.flags, self.gso, self.size, self.start = flags, gso, size, start
        self.about = struct.pack("<BBHHHH", flags, gso, hdr_len, size, start, offset)
        return self

    def told(self):
        """All that the stack is to know."""
        return bytes(self), self.flags, self.gso, self.size


def word(data):
    return int.from_bytes(data, "big") % 0xFFFF


def tcp_giant(dst, src, nw_src, nw_dst, tp_src, tp_dst, payload, flags=NEEDS_CSUM, size=1000, tos=0, tag=None,
              tcp_flags=0x18, gso=0):
    """TCP in IPv4 or, by the look of the addresses, IPv6; one frame, whatever its size."""
    length = 20 + len(payload)
    segment = struct.pack("!HHIIBBHHH", tp_src, tp_dst, 12345, 67890, 0x50, tcp_flags, 512, 0, 0) + payload
    v6 = ":" in nw_src
    addresses = b"".join(socket.inet_pton(socket.AF_INET6 if v6 else socket.AF_INET, a) for a in (nw_src, nw_dst))
    pseudo = addresses + struct.pack("!HH", 6, length & 0xFFFF)
    if flags & NEEDS_CSUM:
        check = word(pseudo) or 0xFFFF
    else:
        check = checksum(pseudo + segment + bytes(length % 2))
    segment = segment[:16] + struct.pack("!H", check) + segment[18:]
    if v6:
        packet = struct.pack("!IHBB", 6 << 28 | tos << 20, length, 6, 64) + addresses + segment
    else:
        packet = ipv4(nw_src, nw_dst, 6, segment, tos)
    frame = ethernet(dst, src, 0x86DD if v6 else 0x0800, packet, tag)
    start = len(frame) - length
    about = {"start": start, "offset": 16} if flags & NEEDS_CSUM else {}
    return Described(frame, flags, gso | (GSO_TCPV6 if v6 else GSO_TCPV4), size, hdr_len=start + 20, **about)


class Stack(Watch):
    """`with`: what end a's stack is told of what it receives."""

    def __enter__(self):
        super().__enter__()
        self.host.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.host.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        return self

    def receive(self):
        data, about, _, _ = self.host.recvmsg(1 << 17, 256)
        flags, gso, hdr_len, size, start, offset = struct.unpack_from("<BBHHHH", data)
        frame = data[10:]
        status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", about[0][2])
        if status & 0x10:       # a tag, which was taken out of the frame
            frame = frame[:12] + struct.pack("!HH", tpid if status & 0x40 else 0x8100, tci) + frame[12:]
            start += 4 if flags & NEEDS_CSUM else 0
        return Described(frame, flags, gso, size, start, offset, hdr_len)


def finished(frame):
    """As hardware completes the checksum of what it receives."""
    if not frame.flags & NEEDS_CSUM:
        return bytes(frame)
    start, offset = struct.unpack_from("<HH", frame.about, 6)
    value = checksum(frame[start:] + bytes((len(frame) - start) % 2))
    return frame[:start + offset] + struct.pack("!H", value) + frame[start + offset + 2:]


def shapes(bench, room):
    """(name, giant with those of its fields otherwise)."""
    payload = bytes(i * 31 >> 3 & 255 for i in range(room - 80))
    fields = {"dst": bench.a.mac, "src": bench.b.mac, "tp_src": 7000, "tp_dst": 9, "payload": payload,
              "size": room // 4}
    four = {"nw_src": "10.9.0.2", "nw_dst": "10.9.0.1", **fields}
    six = {"nw_src": "fd09::2", "nw_dst": "fd09::1", **fields}

    def made(like):
        return lambda **changed: tcp_giant(**{**like, **changed})

    return (("IPv4", made(four)), ("IPv6", made(six)), ("a tagged one", made({**four, "tag": 7})),
            ("of a checksum seen to be right", made({**four, "flags": DATA_VALID})),
            ("of a whole checksum", made({**four, "flags": 0})),
            ("of an odd length", made({**four, "payload": payload[1:]})),
            ("with ECN", made({**four, "gso": GSO_ECN, "tos": 2, "tcp_flags": 0x98})))


def rewritings(tagged):
    """(name, actions, what they change, what they change of IPv6)"""
    other = "02:00:00:00:00:99"
    ports = {"tp_src": 65535, "tp_dst": 1}
    moved = {"src": other, "nw_src": "10.8.7.6", "nw_dst": "10.5.4.3", **ports}
    everything = [set_dl_src(other), set_nw_src("10.8.7.6"), set_nw_dst("10.5.4.3"), set_tp_src(65535), set_tp_dst(1)]
    yield "onward", [output()], {}, {}
    yield "set fields", everything, moved, {"src": other, **ports}
    yield "tag", [set_vlan_vid(42)], {"tag": 42}, {"tag": 42}
    yield "set fields and tag", [*everything, set_vlan_vid(42)], {**moved, "tag": 42}, {"src": other, **ports, "tag": 42}
    if tagged:
        yield "strip", [strip_vlan()], {"tag": None}, {}


def check_giant(stack, name, make):
    before = make()
    v6 = before.gso & ~GSO_ECN == GSO_TCPV6
    _, delivered = stack.fate(before)
    expect_equal([frame.told() == before.told() for frame in delivered], [True], f"{name}, no flow: unchanged, once")
    for what, actions, changed, changed_v6 in rewritings("tagged" in name):
        stack.end.add(NET, actions)
        moved, delivered = stack.fate(before)
        stack.end.delete_flows()
        moved.pop("action-skipped", 0)
        expect_equal((moved, len(delivered)), ({"rx-hit": 1}, 1), f"{name}, {what}: counters and frames")
        after, got = make(**(changed_v6 if v6 else changed)), delivered[0]
        expect_equal(Frame(finished(got)).errors, [], f"{name}, {what}")
        expect(got.told() == after.told(), f"{name}, {what}: {got.about.hex()} {got[:80].hex()}, expected "
                                           f"{after.about.hex()} {after[:80].hex()}")


def in_buffers(kind, without, room):
    @test(f"giants in {kind} receive buffers: rewritten, tagged and stripped as one frame", anew=True)
    def giants(bench):
        bench.replug(without=without)
        with Stack(bench) as stack:
            for name, make in shapes(bench, room):
                check_giant(stack, name, make)


for buffers in BUFFERS:
    in_buffers(*buffers)


@test("TCP through rewriting and tagging flows, its giants in big receive buffers", anew=True)
def big_buffers(bench):
    bench.replug(without=(MRG_RXBUF,))
    before = bench.b.crossed["giants"]
    for function in (test_actions.nw_dst, test_actions.push_and_strip, test_actions.strip_and_push,
                     test_actions.everything, test_actions.ipv6):
        function(bench)
        bench.calm()
    expect(bench.b.crossed["giants"] > before, "the peer sent no giants")


# ---- giants that go back ----------------------------------------------------

@contextlib.contextmanager
def offload_off(end, name):
    end.ns.run("ethtool", "-K", end.ifname, name, "off")
    try:
        yield
    finally:
        end.ns.run("ethtool", "-K", end.ifname, name, "on")


def sent_back(end, giant):
    with end.capture() as sent:
        before = end.counters()["rx-hit"]
        end.inject(giant)
        wait_for(lambda: end.counters()["rx-hit"] > before, "it was looked up")
        wait_for(lambda: bytes(giant)[-8:] in b"".join(frame.data for frame in sent.now()), "its end on the wire")
    expect_equal([frame.errors for frame in sent.frames if frame.errors], [], "what is wrong with its pieces")
    return sent.frames


@test("giants go back to the vswitch, cut up if the device cannot do it", anew=True)
def cut_up_and_back(bench):
    silence(bench.a)
    silence(bench.b)        # or its reports of groups are turned back, too
    bench.a.add(NET, [output(IN_PORT)])
    for offload in "tso", "tx":         # without either, the second time
        with offload_off(bench.a, offload):
            for name, make in shapes(bench, 60000):
                giant = make()
                pieces = sent_back(bench.a, giant)
                expect_equal(len(pieces), -(-len(Frame(finished(giant)).payload) // giant.size), f"{name}, {offload} off: pieces")
                expect_equal(b"".join(piece.payload for piece in pieces), Frame(finished(giant)).payload, f"{name}: payload")
    # The device has no UFO.  An IPv4 packet can have 65535 bytes, no more.
    for payload in 8000, 65535 - 28:
        whole = udp_bare(7000, 9, bytes(i * 31 >> 3 & 255 for i in range(payload)))
        giant = datagram_giant(ethernet(bench.a.mac, bench.b.mac, 0x0800, ipv4("10.9.0.2", "10.9.0.1", 17, whole)))
        fragments = [piece.data[34:] for piece in sent_back(bench.a, giant)]
        expect(len(fragments) >= payload // 1000, f"{len(fragments)} fragments of {payload} bytes")
        expect_equal(b"".join(fragments)[8:], whole[8:], "the datagram's payload")


# ---- giants that are to lose a layer ----------------------------------------

def datagram_giant(frame, size=1000):
    """One datagram that the device wants cut into IP fragments (UFO), or whatever it thinks that is."""
    return Described(frame, NEEDS_CSUM, GSO_UDP, size, 14 + 20, 6)


def called_tcp(frame, start, size=1000):
    return Described(frame, NEEDS_CSUM, GSO_TCPV4, size, start, 16)


class Layered:
    """Giants that carry other frames, which no sender of VXLAN or ESP makes."""

    def __init__(self, bench, sa):
        self.a, self.b = bench.a.mac, bench.b.mac
        self.inner = tcp_giant(self.a, self.b, INNER["b"], INNER["a"], 7, 9, bytes(8000))
        self.vxlan = self.outer(17, udp_bare(50000, VXLAN_PORT, vxlan(VNI, self.inner)))
        self.esp = self.outer(50, sa.esp(1, 17, bytes(8000)))
        self.esp_in_udp = self.outer(17, udp_bare(ESP_PORT, ESP_PORT, sa.esp(2, 17, bytes(8000))))

    def outer(self, proto, payload):
        return ethernet(self.a, self.b, 0x0800, ipv4(OUTER["b"], OUTER["a"], proto, payload))


@test("giants around other frames are never taken for one of them", anew=True)
def layered(bench):
    sa = SA(0x2000, OUTER["b"], OUTER["a"])
    giant = Layered(bench, sa)
    inner_start = 50 + 34
    applied(bench.a, sa.order(IN))
    bench.a.add(NET, [vxlan_decap(), onward()], dl_type=0x0800, nw_proto=17, tp_dst=VXLAN_PORT)
    bench.a.add(NET, [decrypt(), vxlan_decap(), onward()], dl_type=0x0800, nw_proto=50)
    bench.a.add(NET, [decrypt(), vxlan_decap(), onward()], dl_type=0x0800, nw_proto=17, tp_dst=ESP_PORT)
    bench.a.add(NET, [vxlan_decap(), onward()], dl_type=0x0800, nw_proto=6, tp_dst=1)
    bench.a.add(NET, [decrypt(), onward()], dl_type=0x0800, nw_proto=6, tp_dst=2)
    bench.a.add(NET, [], dl_type=0x0800, nw_proto=6, tp_dst=3)

    def plain(port):
        return tcp_giant(giant.a, giant.b, OUTER["b"], OUTER["a"], 7, port, bytes(8000))

    with Watch(bench) as watch:
        watch.dropped([
            ("VXLAN, to be cut by its inner TCP", called_tcp(giant.vxlan, inner_start), "drop-tun-gso"),
            ("VXLAN, to be cut by its outer header", called_tcp(giant.vxlan, 34), "drop-tun-gso"),
            ("VXLAN in one datagram of many fragments", datagram_giant(giant.vxlan), "drop-tun-gso"),
            ("VXLAN of no checksum, to be fragmented", Described(giant.vxlan, 0, GSO_UDP, 1000), "drop-tun-gso"),
            ("ESP, to be cut as TCP", called_tcp(giant.esp, 34), "drop-esp-unfinished"),
            ("ESP in UDP, to be cut as TCP", called_tcp(giant.esp_in_udp, 34), "drop-esp-unfinished"),
            ("ESP in one datagram of many fragments", datagram_giant(giant.esp_in_udp), "drop-esp-unfinished"),
            ("plain TCP for decapsulation", plain(1), "drop-tun-none"),
            ("plain TCP for decryption", plain(2), "drop-esp-unfinished"),
            ("plain TCP for a flow without actions", plain(3), "drop-action"),
        ])
        # in one large frame, which no one is to cut
        moved, delivered = watch.fate(giant.vxlan)
        expect_equal((moved, delivered), ({"rx-hit": 1}, [giant.inner]), "VXLAN of 8,000 bytes in one frame")


def frame_errors(end):
    shown = json.loads(end.ns.run("ip", "-j", "-s", "-s", "link", "show", end.ifname))
    return shown[0]["stats64"]["rx"]["frame_errors"]


@test("kinds of giants that the driver does not know end in it, counted by it", anew=True)
def unknown(bench):
    bench.a.add(NET, [set_nw_tos(4)])
    frame = tcp_giant(bench.a.mac, bench.b.mac, "10.9.0.2", "10.9.0.1", 7, 9, bytes(8000))
    kinds = [Described(frame, NEEDS_CSUM, kind, 1000, 34, 16) for kind in
             (GSO_UDP_L4, GSO_TCPV4 | GSO_TUNNEL_IPV4, GSO_TCPV4 | GSO_TUNNEL_IPV6, 2, 6, 0x7F)]
    with Watch(bench) as watch:
        before = frame_errors(bench.a)
        watch.end.inject(*kinds)
        expect_equal(watch.fate(frame)[0], {"rx-hit": 1}, "a giant of a known kind, and none of the others")
        expect_equal(frame_errors(bench.a) - before, len(kinds), "frame errors")


@test("a giant that is turned round into a tunnel is cut into frames", anew=True)
def turned_round(bench):
    payload = bytes(i * 7 & 255 for i in range(40000))
    giant = tcp_giant(bench.a.mac, bench.b.mac, "10.9.0.2", "10.9.0.1", 7, 9, payload, size=1300)
    bench.a.add(NET, [vxlan_encap(VNI, OUTER["a"], OUTER["b"], bench.a.mac, bench.b.mac), onward()])
    with Watch(bench) as watch:
        moved, delivered = watch.fate(giant)
    expect_equal((moved, len(delivered)), ({"rx-hit": 1}, -(-len(payload) // 1300)), "counters and frames")
    inner = [Frame(frame[50:]) for frame in delivered]
    expect_equal([frame.errors for frame in inner if frame.errors], [], "in the tunnel")
    expect(b"".join(frame.payload for frame in inner) == payload, "other bytes in the tunnel")


@test("a control message is one, whatever the device says of it", anew=True)
def control_giant(bench):
    hello = Described(control(HELLO), NEEDS_CSUM, GSO_TCPV4, 20, 14, 16)
    expect_equal(bench.a.order(hello).get("ctl-applied"), 1, "HELLO taken")


@test("virtio headers that lie, on frames of every kind: nothing worse than a drop", anew=True)
def lies(bench):
    rnd = random.Random(20261121)
    sa = SA(0x2000, OUTER["b"], OUTER["a"])
    giant = Layered(bench, sa)
    applied(bench.a, sa.order(IN))
    bench.a.add(NET, [decrypt(), vxlan_decap(), onward()], 300, dl_type=0x0800, nw_proto=50)
    bench.a.add(NET, [vxlan_decap(), onward()], 200, dl_type=0x0800, nw_proto=17)
    bench.a.add(NET, [set_nw_src("10.8.7.6"), set_tp_dst(7), set_vlan_vid(3), strip_vlan(),
                      vxlan_encap(VNI, OUTER["a"], OUTER["b"], bench.a.mac, bench.b.mac), onward()])
    sent = [tcp_giant(giant.a, giant.b, "10.9.0.2", "10.9.0.1", 7, 9, bytes(5000)),
            tcp_giant(giant.a, giant.b, "fd09::2", "fd09::1", 7, 9, bytes(5000)),
            giant.vxlan, giant.esp, giant.esp_in_udp, giant.vxlan[:200], giant.inner[:60]]
    for _ in range(1500):
        frame = rnd.choice(sent)
        bench.a.inject(Described(
            frame[:rnd.choice((len(frame), rnd.randrange(14, len(frame))))], rnd.choice((0, 1, 1, 1, 2, 3)),
            rnd.choice((0, GSO_TCPV4, GSO_TCPV6, GSO_UDP, GSO_TCPV4 | GSO_ECN)),
            rnd.choice((1, 8, 500, 1448, 65535, rnd.randrange(65536))),
            rnd.choice((0, 14, 34, 84, len(frame) - 2, rnd.randrange(len(frame) + 9))), rnd.choice((6, 16, 0, 60000))))
    bench.a.delete_flows()
    bench.ping()


# ---- real traffic -----------------------------------------------------------

@test("TCP in a tunnel crosses as frames, plain TCP beside it as giants", anew=True)
def none_in_tunnels(bench):
    for end in (bench.a, bench.b):
        cvsw_host(bench, end)
    before = [end.crossed["giants"] for end in (bench.a, bench.b)]
    inner_tcp(bench)
    expect_equal([end.crossed["giants"] for end in (bench.a, bench.b)], before, "giants on the wire")
    bench.tcp_both_ways()
    expect(all(end.crossed["giants"] > n for end, n in zip((bench.a, bench.b), before)), "no giants without a tunnel")
