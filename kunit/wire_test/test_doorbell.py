# SPDX-License-Identifier: GPL-2.0
"""Bursts: frames that wait for the last one's doorbell, and frames that others hold too."""
from bench import errors_in, expect, expect_equal, write
from frames import CVSW, HOST, ethernet, set_dl_src, set_nw_dst, set_tp_dst, set_vlan_vid, udp_frame
from registry import test

DROPPED_PORT = 666
UDP = {"dl_type": 0x0800, "nw_proto": 17}


def datagram(bench, port):
    return udp_frame(bench.b.mac, bench.a.mac, bench.a.address, bench.b.address, 1000, port, b"burst")


def ports_crossed(bench, *burst):
    """What is on the wire the moment the burst's last frame has been handed to the driver."""
    with bench.a.capture() as got:
        bench.a.burst(*burst)
    return [frame.tp_dst for frame in got.frames if frame.proto == 17]


@test("a burst goes out at once, though a flow drops its last frame")
def last_dropped(bench):
    bench.a.add(HOST, [], **UDP, tp_dst=DROPPED_PORT)
    sent = [datagram(bench, port) for port in range(1, 8)]
    expect_equal(ports_crossed(bench, *sent, datagram(bench, DROPPED_PORT)), list(range(1, 8)), "on the wire at once")


@test("a burst goes out at once, though its last frame is 0xABBA of the guest's own")
def last_control(bench):
    sent = [datagram(bench, port) for port in range(1, 8)]
    forged = ethernet(bench.b.mac, bench.a.mac, CVSW, bytes(46))
    expect_equal(ports_crossed(bench, *sent, forged), list(range(1, 8)), "on the wire at once")


@test("frames dropped within a burst, or all of it, hold nothing back")
def others_dropped(bench):
    bench.a.add(HOST, [], **UDP, tp_dst=DROPPED_PORT)
    lost = datagram(bench, DROPPED_PORT)
    one, two = datagram(bench, 1), datagram(bench, 2)
    expect_equal(ports_crossed(bench, lost, one, lost, lost, two), [1, 2], "on the wire at once")
    expect_equal(ports_crossed(bench, lost, lost), [], "on the wire")
    expect_equal(ports_crossed(bench, one), [1], "on the wire at once")


@test("a burst beyond a stalled ring, its end dropped, stops the queue and then goes on")
def stalled(bench):
    bench.a.add(HOST, [], **UDP, tp_dst=DROPPED_PORT)
    burst = [datagram(bench, port) for port in range(1000, 1300)]
    bench.a.set(stall=1)
    before = bench.a.crossed["crossed"]
    with bench.a.capture() as got:
        bench.a.burst(*burst, datagram(bench, DROPPED_PORT))
        expect_equal(bench.a.crossed["crossed"], before, "frames past a stalled ring")
        bench.a.set(stall=0)
    ports = [frame.tp_dst for frame in got.frames if frame.proto == 17]
    expect(len(ports) > 50, f"only {len(ports)} frames were taken")
    expect_equal(ports, list(range(1000, 1000 + len(ports))), "order on the wire")
    bench.ping()


def pktgen(bench, **more):
    """Runs the kernel's packet generator on end a; what crossed.  It sends one skb
    again and again, by reference."""
    settings = {"count": 2000, "pkt_size": 100, "delay": 0, "dst": "10.0.0.99", "dst_mac": bench.b.mac,
                "udp_dst_min": 9, "udp_dst_max": 9, "flag": "UDPCSUM", **more}
    base = "/proc/thread-self/net/pktgen"
    with bench.a.capture() as got, bench.a.ns:
        write(f"{base}/kpktgend_0", f"add_device {bench.a.ifname}\n")
        try:
            for name, value in settings.items():
                write(f"{base}/{bench.a.ifname}", f"{name} {value}\n")
            write(f"{base}/pgctrl", "start\n")
        finally:
            write(f"{base}/kpktgend_0", "rem_device_all\n")
    return [frame for frame in got.frames if frame.proto == 17]


@test("pktgen with bursts of a shared frame: a rewriting flow does not write to it")
def shared(bench):
    # What was rewritten once does not match any more, and is dropped when it comes again.
    bench.a.add(HOST, [], priority=1, **UDP)
    bench.a.add(HOST, [set_nw_dst(bench.b.address), set_tp_dst(10), set_dl_src("02:00:00:00:00:77"), set_vlan_vid(42)],
                **UDP, nw_dst="10.0.0.99", tp_dst=9, dl_src=bench.a.mac, dl_vlan=0xFFFF)
    sent = pktgen(bench, burst=8, clone_skb=100)
    expect_equal(len(sent), 2000, "frames on the wire")
    expect_equal(errors_in(sent), [], "on the wire")
    expect_equal({(tuple(f.tags), f.nw_dst, f.tp_dst, len(f.data)) for f in sent},
                 {((42,), bench.b.address, 10, 104)}, "what crossed")


@test("pktgen in bursts whose flow drops them: no frame crosses, none is lost sight of")
def generated_and_dropped(bench):
    bench.a.add(HOST, [], **UDP)
    before = bench.a.counters()["drop-action"]
    expect_equal(pktgen(bench, count=3200, burst=32, clone_skb=1000), [], "on the wire")
    expect_equal(bench.a.counters()["drop-action"] - before, 3200, "drop-action")
    bench.a.delete_flows()
    bench.ping()
