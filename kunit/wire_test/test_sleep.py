# SPDX-License-Identifier: GPL-2.0
"""The machine falls asleep and wakes up.

Suspend to idle by the kernel's own power management, which tells whoever wants to know,
freezes programs, then devices, and stays awake itself (its test mode).
"""
import time

from bench import Flood, expect, expect_equal, wait_for, write
from frames import CVSW, HELLO, HOST, REGISTER, control, set_nw_tos
from overlay import INNER, Keys, cvsw_host
from registry import test
from streams import QUEUES, Watched, connections, move, order, set_up, settle
from test_life import Orders, program
from test_queues import four_queues, hold


def sleep(level="devices", seconds=0):
    """Returns when the machine is awake again."""
    write("/sys/module/suspend/parameters/pm_test_delay", seconds)
    write("/sys/power/pm_test", level)
    write("/sys/power/state", "freeze")


@test("asleep and awake: the table, the MTU and the queues are there, and TCP goes on", anew=True)
def keeps(bench):
    sink = four_queues(bench)
    sink.close()
    flows = bench.a.flows()
    streams = connections(bench, True)
    halves = [half for stream in streams for half in stream.ends]
    try:
        order(halves, 1_000_000)
        move(halves, 0.05)
        expect(any(half.to_get for half in halves), "all was sent before the machine slept")
        sleep()
        settle(halves)
        # the one that fell asleep first does not hear the other
        with Watched(bench) as watched:
            order(halves, 100_000)
            settle(halves)
    finally:
        for stream in streams:
            stream.close()
    for packets in watched.queues:
        expect(len([n for n in packets if n > 5]) > 1, f"frames of {QUEUES} queues: {packets}")
    expect_equal([len(bench.a.flows()), len(flows)], [len(flows)] * 2, "flows")


@test("asleep and awake: frames that wait in the driver, in the stack and in the ring are lost or go", anew=True)
def waits(bench):
    set_up(bench, 1500, True, None)
    sink = bench.b.ns.udp(INNER["b"], 9)
    streams = connections(bench, True, 4)
    halves = [half for stream in streams for half in stream.ends]
    try:
        hold(bench, 0, halves)
        sleep()
        bench.a.set(stall=0)
        settle(halves)
    finally:
        for sock in (sink, *streams):
            sock.close()


def data_of(captured):
    return [frame for frame in captured.frames if frame.kind != CVSW]


def registers(captured):
    return len([frame for frame in captured.frames if frame.kind == CVSW and frame.data[6] & 15 == REGISTER])


@test("asleep and awake: nothing is sent under the keys of before, nor in the clear, and with new ones TCP goes on",
      anew=True)
def new_life(bench):
    old, new = Keys(), Keys(spi=0x3000)
    set_up(bench, 1500, True, old)
    for end in (bench.a, bench.b):
        end.order(control(HELLO))
    streams = connections(bench, True, 4)
    halves = [half for stream in streams for half in stream.ends]
    try:
        order(halves, 100_000)
        settle(halves)
        asks_for_keys(bench, halves)
        order(halves, 100_000)
        with bench.a.capture() as there, bench.b.capture() as back:
            for end in (bench.a, bench.b):
                cvsw_host(bench, end, new, mtu=False)
            settle(halves, 60)
    finally:
        for stream in streams:
            stream.close()
    for captured, sa in ((there, new.from_a), (back, new.from_b)):
        spis = {(frame.proto, frame.data[34:38]) for frame in data_of(captured)}
        expect_equal(spis, {(50, sa.spi.to_bytes(4, "big"))}, "protocol and SPI of what was sent")


def asks_for_keys(bench, halves):
    """What TCP sends again waits for the device while it sleeps.  It must not send that when it wakes up, before
    programs run and could tell it anything."""
    before = [end.counters()["drop-esp-stopped"] for end in (bench.a, bench.b)]
    with bench.a.capture() as there, bench.b.capture() as back:
        for end in (bench.a, bench.b):
            end.set(loss=1)
        order(halves, 5000)
        move(halves, 0.05)
        falls_asleep = time.time()
        sleep(seconds=2)
        for end in (bench.a, bench.b):
            end.set(loss=0)
        move(halves, 1)
    for side, captured in (("a", there), ("b", back)):
        sent = data_of(captured)
        expect_equal([frame.data[:40].hex() for frame in sent if frame.proto != 50], [], f"not in ESP, sent by {side}")
        expect(sent, f"{side} sent nothing before it slept")
        late = [frame.time - falls_asleep for frame in sent if frame.time > falls_asleep + 1]
        expect_equal(late, [], f"seconds after which {side} still sent")
        expect_equal(registers(captured), 1, f"REGISTERs of {side}")
    after = [end.counters()["drop-esp-stopped"] for end in (bench.a, bench.b)]
    expect(all(b > a for a, b in zip(before, after)), f"drop-esp-stopped went from {before} to {after}")


@test("asleep and awake, again and again, under traffic and orders", anew=True)
def again(bench):
    program(bench)
    bench.b.add(HOST, [set_nw_tos(0x20)], dl_type=0x0800)
    with Flood(bench), Orders(bench):
        for i in range(10):
            sleep(("devices", "freezer")[i % 2])
            time.sleep(0.02)
    bench.neighbours()
    wait_for(lambda: bench.ping(1) or True, "frames both ways")


@test("a device that goes while the machine is awake after a sleep", anew=True)
def gone(bench):
    program(bench)
    with Flood(bench):
        sleep()
        bench.a.unplug()
        bench.a.plug()
        bench.a.configure()
        sleep()
        bench.a.unplug(surprise=True)
