# SPDX-License-Identifier: GPL-2.0
"""Flows at work on a bad wire."""
import socket
import threading
import time

from bench import Failed, errors_in, expect, expect_equal, tcp, wait_for
from frames import HOST, NET, set_nw_dst, set_nw_src, set_tp_dst, set_tp_src
from registry import test
from test_plain import TSO

OTHER_IP = "10.0.0.99"


def translate(bench):
    """The connection to 10.0.0.99:7000 is one to b:5001."""
    bench.a.ns.ip(f"neigh replace {OTHER_IP} lladdr {bench.b.mac} dev {bench.a.ifname}")
    bench.a.add(HOST, [set_nw_dst(bench.b.address), set_tp_dst(5001)], dl_type=0x0800, nw_proto=6, nw_dst=OTHER_IP)
    bench.a.add(NET, [set_nw_src(OTHER_IP), set_tp_src(7000)], dl_type=0x0800, nw_proto=6, nw_src=bench.b.address)


def translated(bench, size, **more):
    return tcp(bench.a.ns, (OTHER_IP, 7000), bench.b.ns, (bench.b.address, 5001), size, **more)


def on_a_bad_wire(bench, counter, size=1 << 20, **faults):
    translate(bench)
    for end in (bench.a, bench.b):
        end.set(verify="Y", **faults)
    before = bench.a.crossed[counter]
    with bench.a.capture() as got:
        translated(bench, size, seconds=40)
    expect(bench.a.crossed[counter] > before, f"the wire's fault did not happen ({counter})")
    wrong = [frame for frame in got.frames if frame.proto == 6 and frame.nw_dst != bench.b.address]
    expect(not wrong, f"{len(wrong)} frames left untranslated, retransmitted ones maybe")
    expect_equal(errors_in(got.frames), [], "on the wire")


@test("TCP through rewriting flows on a wire that loses frames")
def loss(bench):
    on_a_bad_wire(bench, "lost", loss=25)


@test("TCP through rewriting flows on a wire that reorders frames")
def reorder(bench):
    on_a_bad_wire(bench, "reordered", reorder=5)


@test("TCP through rewriting flows on a wire that does both, without TSO", anew=True)
def both(bench):
    bench.replug(without=TSO)
    on_a_bad_wire(bench, "lost", loss=40, reorder=7)


@test("TCP through rewriting flows while the transmit rings stall again and again")
def stalls(bench):
    translate(bench)
    stop = threading.Event()

    def stutter():
        while not stop.is_set():
            for value in (1, 0):
                for end in (bench.a, bench.b):
                    end.set(stall=value)
                time.sleep(0.02)

    thread = threading.Thread(target=stutter)
    thread.start()
    try:
        translated(bench, 4 << 20, seconds=40)
    finally:
        stop.set()
        thread.join()
        for end in (bench.a, bench.b):
            end.set(stall=0)
    bench.ping()


@test("a ring that stays full for a second: the queue stops, wakes, and nothing hangs")
def full(bench):
    bench.a.set(stall=1)
    sender = bench.a.ns.udp(bench.a.address)
    sender.setblocking(False)
    sent = 0
    try:
        for _ in range(3000):
            sent += bool(sender.sendto(bytes(100), (bench.b.address, 9)))
    except BlockingIOError:
        pass
    sender.close()
    expect(sent > 200, f"only {sent} datagrams were taken")
    time.sleep(1)
    before = bench.a.crossed["crossed"]
    bench.a.set(stall=0)
    wait_for(lambda: bench.a.crossed["crossed"] > before + 200, "stalled frames on the wire")
    bench.ping()


@test("a receiver that takes nothing does not stop the sender for good")
def deaf(bench):
    bench.b.ns.ip(f"link set {bench.b.ifname} down")
    sender = bench.a.ns.udp(bench.a.address)
    end = time.monotonic() + 1
    while time.monotonic() < end and not bench.a.crossed["drop_overrun"]:
        try:
            sender.sendto(bytes(1000), socket.MSG_DONTWAIT, (bench.b.address, 9))
        except BlockingIOError:
            time.sleep(0.005)
    sender.close()
    expect(bench.a.crossed["drop_overrun"], "the receive ring never ran full")
    bench.b.up()
    bench.neighbours()
    wait_for(lambda: not ping_fails(bench), "datagrams pass again")


def ping_fails(bench):
    try:
        bench.ping(1)
    except Failed:
        return True
    return False
