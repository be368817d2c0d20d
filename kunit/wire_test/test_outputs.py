# SPDX-License-Identifier: GPL-2.0
"""Several outputs in a list: under TCP's giants, GRO, a shared frame and a full ring."""
import socket

from bench import errors_in, expect, expect_equal, tcp
from frames import Frame, HOST, NET, output, set_dl_dst, set_dl_src, set_nw_dst, set_nw_src, set_vlan_vid, udp_frame
from registry import test
from test_actions import TCP
from test_doorbell import UDP, datagram, pktgen

NOBODY = "02:00:00:00:00:99"
LOCAL, IN_PORT = 0xfffe, 0xfff8
SO_RCVBUFFORCE = 33


def tcp_beside_copies(bench, merged):
    """Giants that go out twice; what comes in, in giants or in segments for GRO, is taken twice."""
    with bench.a.capture() as got:
        for verify in ("Y", "N"):
            bench.a.set(verify=verify)
            bench.b.set(verify=verify)
            tcp(bench.a.ns, (bench.b.address, 5001), bench.b.ns, (bench.b.address, 5001))
    sent = [frame for frame in got.frames if frame.proto == 6]
    expect_equal(errors_in(sent), [], "on the wire")
    expect(max(len(frame.data) for frame in sent) > 10000, "no giant crossed")
    copies = [frame for frame in sent if frame.dst == NOBODY]
    expect_equal((len(copies), len(copies[0].tags)), (len(sent) / 2, 1), "copies, and their tags")
    expect_equal([frame.payload for frame in copies], [frame.payload for frame in sent if frame.dst != NOBODY], "bytes of copies")
    counters = bench.a.counters()
    expect_equal([counters[name] for name in ("drop-nomem", "drop-clones", "drop-backlog")], [0, 0, 0], "copies that failed")
    expect(counters["rx-hit"] > (50 if merged else 1000), "too few frames came in")


@test("TCP beside copies of all its frames, both ways")
def giants(bench):
    bench.a.add(HOST, [output(), set_dl_dst(NOBODY), set_vlan_vid(42), output()], **TCP)
    bench.a.add(NET, [output(LOCAL), set_dl_dst(NOBODY), output(LOCAL)], **TCP)
    tcp_beside_copies(bench, True)


def received(sniffer):
    """The frames that the stack got, joined by GRO or not."""
    got = []
    sniffer.setblocking(False)
    while True:
        try:
            data, where = sniffer.recvfrom(1 << 17)
        except BlockingIOError:
            return got
        if where[2] != socket.PACKET_OUTGOING:
            got.append(Frame(data))


@test("TCP's segments go to GRO beside copies of theirs")
def merged(bench):
    sniffer = bench.a.ns.packet_socket(bench.a.ifname, 0x0800)
    sniffer.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    try:
        merge(bench, sniffer)
    finally:
        sniffer.close()


def merge(bench, sniffer):
    bench.a.add(HOST, [output(), set_dl_dst(NOBODY), set_vlan_vid(42), output()], **TCP)
    # One copy is written to, one has the very bytes.
    for actions in ([output(LOCAL), set_dl_dst(NOBODY), output(LOCAL)],
                    [set_dl_src(NOBODY), output(LOCAL), output(LOCAL)]):
        bench.a.add(NET, actions, **TCP)
        bench.b.ns.run("ethtool", "-K", bench.b.ifname, "tso", "off", "gso", "off")
        try:
            tcp_beside_copies(bench, False)
        finally:
            bench.b.ns.run("ethtool", "-K", bench.b.ifname, "tso", "on", "gso", "on")
        frames = received(sniffer)
        wrong = [frame.data[:60].hex() for frame in frames
                 if (frame.nw_src, frame.proto, frame.tp_src) != (bench.b.address, 6, 5001) or "IPv4 total length" in frame.errors]
        expect_equal(wrong, [], f"what the stack got, in {len(frames)} frames")
        got = sum(len(frame.payload) for frame in frames)
        expect(got >= 4 << 20, f"the stack got {got} bytes in {len(frames)} frames")


@test("a datagram goes onward as it was, and back as it then is")
def both_ways(bench):
    a, b = bench.a, bench.b
    a.add(HOST, [output(), set_dl_dst(a.mac), set_nw_dst(a.address), set_nw_src(b.address), output(IN_PORT)],
          **UDP, nw_dst=b.address, tp_dst=7)
    a.add(NET, [output(LOCAL), set_dl_dst(b.mac), set_nw_dst(b.address), set_nw_src("10.0.0.77"), output(IN_PORT), set_nw_src("10.0.0.78")],
          **UDP, nw_dst=a.address, tp_dst=7)
    here, there = a.ns.udp(a.address, 7), b.ns.udp(b.address, 7)
    try:
        here.sendto(b"from a", (b.address, 7))
        expect_equal(there.recvfrom(100), (b"from a", (a.address, 7)), "at b")
        expect_equal(here.recvfrom(100), (b"from a", (b.address, 7)), "back at a")
        there.sendto(b"from b", (a.address, 7))
        expect_equal(here.recvfrom(100), (b"from b", (b.address, 7)), "at a")
        expect_equal(there.recvfrom(100), (b"from b", ("10.0.0.77", 7)), "back at b")
    finally:
        here.close()
        there.close()


@test("a shared frame's copies are its own, whatever is done between outputs")
def shared(bench):
    bench.a.add(HOST, [], priority=1, **UDP)
    bench.a.add(HOST, [set_vlan_vid(42), output(), set_nw_dst(bench.b.address), output()], **UDP, nw_dst="10.0.0.99", dl_vlan=0xFFFF)
    sent = pktgen(bench, burst=8, clone_skb=100)
    expect_equal([(frame.tags, frame.nw_dst) for frame in sent], [([42], "10.0.0.99"), ([42], bench.b.address)] * 2000, "what crossed")
    expect_equal(errors_in(sent), [], "on the wire")


@test("copies beyond a stalled ring wait, in order, and beyond what may wait they are counted")
def stalled(bench):
    a, b, copies, count = bench.a, bench.b, 50, 40
    a.add(HOST, [output()] * copies, **UDP, tp_src=1000)
    a.add(NET, [output(IN_PORT)] * copies, **UDP, tp_src=1000)
    before = a.counters()["drop-backlog"]
    with a.capture() as got:
        a.set(stall=1)
        a.inject(*(udp_frame(a.mac, b.mac, b.address, a.address, 1000, port, b"turn") for port in range(count)))
        a.set(stall=0)
        bench.ping()        # behind all of it
        # Of a burst the stopped queue takes no more than it has room for.
        a.set(stall=1)
        a.burst(*(datagram(bench, port) for port in range(100, 100 + count)))
        a.set(stall=0)
        bench.ping()
    ports = [frame.tp_dst for frame in got.frames if frame.proto == 17 and frame.tp_src == 1000]
    turned, sent = ([port for port in ports if (port < 100) == low] for low in (True, False))
    lost = a.counters()["drop-backlog"] - before
    expect_equal(ports, turned + sent, "order on the wire")
    expect_equal(turned, sorted(turned), "order on the wire")
    expect((lost > 0, len(turned) > 1024) == (True, True), f"{len(turned)} frames crossed, {lost} were one too many")
    expect_equal(len(turned) + lost, copies * count, "copies that crossed or were one too many")
    expect_equal(sent, [port for port in range(100, 100 + len(sent) // copies) for _ in range(copies)], "all copies of frames that were taken")
    expect(len(sent) >= 2 * copies, f"only {len(sent)} frames of a burst crossed")
