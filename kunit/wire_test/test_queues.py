# SPDX-License-Identifier: GPL-2.0
"""Transmit queues by themselves: what one of them holds up, and what not."""
import json
import socket

from bench import Failed, expect, expect_equal, wait_for
from frames import HELLO, LIST_ENTRIES, control
from overlay import INNER, Keys
from registry import test
from streams import QUEUES, Watched, by_queue, connections, grown, move, order, set_up, settle

# a ring that these frames are in has no room for a giant's segments
FILL, SO_SNDBUFFORCE = 232, 32


def queue_of(bench, send):
    """The queue that frames from a go through."""
    before = by_queue(bench.a, "sent")
    send()
    packets = grown(before, by_queue(bench.a, "sent"))
    return packets.index(max(packets))


def probe(stream):
    order(stream.ends[:1], 3000)
    settle(stream.ends)


def filler(bench, queue):
    """A socket whose datagrams go through this queue."""
    for port in range(20000, 20200):
        sock = bench.a.ns.udp(INNER["a"], port)
        sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 20)
        sock.connect((INNER["b"], 9))
        if queue_of(bench, lambda: sock.send(b"fill")) == queue:
            return sock
        sock.close()
    raise Failed(f"no datagram goes through queue {queue}")


def waiting(end, queue):
    """Frames that the stack holds back because this queue of the driver takes no more."""
    shown = json.loads(end.ns.run("tc", "-j", "-s", "qdisc", "show", "dev", end.ifname))
    return sum(qdisc["qlen"] for qdisc in shown if qdisc.get("parent") == f":{queue + 1:x}")


def four_queues(bench, keys=None):
    """Tunnels, and a socket at b that takes what is sent to port 9."""
    set_up(bench, 1500, True, keys)
    for end in (bench.a, bench.b):
        end.ns.run("ethtool", "-L", end.ifname, "combined", str(QUEUES))
    return bench.b.ns.udp(INNER["b"], 9)


def one_stalls(name, make_keys=None, goes=False):
    @test(f"a transmit queue that stands still holds up its own connections alone: {name}", anew=True)
    def stalled(bench):
        sink = four_queues(bench, make_keys and make_keys())
        streams = connections(bench, True, 24)
        try:
            stall(bench, streams, goes)
        finally:
            for sock in (sink, *streams):
                sock.close()


def stall(bench, streams, goes):
    queues = [queue_of(bench, lambda: probe(stream)) for stream in streams]
    still = max(range(QUEUES), key=queues.count)
    held = [half for stream, queue in zip(streams, queues) for half in stream.ends if queue == still]
    free = [half for stream, queue in zip(streams, queues) for half in stream.ends if queue != still]
    expect(held and free, f"queues of the connections: {queues}")
    with Watched(bench):
        hold(bench, still, held)
        before = by_queue(bench.a, "sent")[still]
        # a few seconds, before anybody complains of the one that stands still
        order(free[::2], 40_000)
        settle(free)
        expect_equal(by_queue(bench.a, "sent")[still], before, "frames past the stalled ring")
        if goes:
            return
        bench.a.set(stall=0)
        settle(held)


def fill_up(bench, queue):
    """The queue stands still, its ring nearly full; returns a socket whose frames go there, too."""
    fill = filler(bench, queue)
    bench.a.set(stall=1 << queue)
    for _ in range(FILL):
        fill.send(b"fill")
    expect_equal(waiting(bench.a, queue), 0, "frames that wait though there is room")
    return fill


def hold(bench, queue, halves):
    """Segments of a giant wait in the driver, and giants behind them in the stack."""
    fill_up(bench, queue).close()
    order(halves[::2], 200_000)
    wait_for(lambda: move(halves, 0.05) or waiting(bench.a, queue), "the queue runs full")


one_stalls("VXLAN")
one_stalls("VXLAN, and the device goes meanwhile", goes=True)
# its frames are late behind the others of the SA
one_stalls("VXLAN and ESP", Keys)


@test("segments that wait in the driver go when their queue does, with nothing behind them", anew=True)
def woken(bench):
    sink = four_queues(bench)
    # nor anything that TCP sends again
    patient(bench.a)
    streams = connections(bench, True, 24)
    try:
        by_its_queue = {queue_of(bench, lambda: probe(stream)): stream.ends for stream in streams[::2]}
        expect(len(by_its_queue) > 1, f"all connections go through queue {list(by_its_queue)}")
        for queue, ends in by_its_queue.items():
            one_giant(bench, queue, ends)
    finally:
        bench.a.ns.sysctl("net.ipv4.tcp_early_retrans", 3)
        for sock in (sink, *streams):
            sock.close()


def one_giant(bench, queue, ends):
    """TCP may make two of it, and one of them waits in the stack: then again."""
    for _ in range(20):
        with Watched(bench):
            fill_up(bench, queue).close()
            before = by_queue(bench.a, "sent")[queue]
            order(ends[:1], 9 * 1398)
            move(ends, 0.02)
            alone = not waiting(bench.a, queue)
            expect_equal(by_queue(bench.a, "sent")[queue], before, "frames past the stalled ring")
            bench.a.set(stall=0)
            settle(ends, 5)
        if alone:
            return
    raise Failed("TCP never sent a giant as one")


def patient(end):
    """TCP sends nothing again while a test runs."""
    end.ns.ip(f"route replace 10.1.0.0/24 dev {end.ifname} src {INNER[end.side]} rto_min 60s")
    end.ns.sysctl("net.ipv4.tcp_early_retrans", 0)


@test("fewer queues: what waits for one that is served no more goes by another", anew=True)
def fewer(bench):
    sink = four_queues(bench)
    patient(bench.a)
    streams = connections(bench, True, 24)
    try:
        by_its_queue = {queue_of(bench, lambda: probe(stream)): stream.ends for stream in streams[::2]}
        still = max(by_its_queue)
        expect(still > 0, "all connections go through queue 0")
        fill_up(bench, still).close()
        # a giant, and no more: what goes by another queue afterwards was in the driver
        order(by_its_queue[still][:1], 9 * 1398)
        move(by_its_queue[still], 0.05)
        before = by_queue(bench.a, "sent")
        bench.a.ns.run("ethtool", "-L", bench.a.ifname, "combined", "1")
        wait_for(lambda: by_queue(bench.a, "sent")[0] - before[0] >= 3, "segments go by queue 0", 2)
        expect_equal(by_queue(bench.a, "sent")[still], before[still], "frames past the stalled ring")
        bench.a.set(stall=0)
    finally:
        bench.a.ns.sysctl("net.ipv4.tcp_early_retrans", 3)
        for sock in (sink, *streams):
            sock.close()


@test("what the NIC has to say goes ahead of data that waits, and nobody waits for it", anew=True)
def control_first(bench):
    sink = four_queues(bench)
    streams = connections(bench, True, 24)
    try:
        queues = [queue_of(bench, lambda: probe(stream)) for stream in streams]
        halves = [half for stream, queue in zip(streams, queues) for half in stream.ends if queue == 0]
        expect(halves, f"queues of the connections: {queues}")
        hold(bench, 0, halves)
        before = bench.a.counters()
        for _ in range(3):
            bench.a.inject(control(HELLO), control(LIST_ENTRIES))
        # within less than it took to give one of them up
        wait_for(lambda: bench.a.counters()["ctl-sent"] - before["ctl-sent"] >= 6, "six answers, full ring or not", 1)
        with bench.a.capture() as got:
            bench.a.set(stall=0)
            settle(halves)
        kinds = [frame.kind for frame in got.frames]
        first = kinds.index(0xABBA)
        expect_equal(kinds[first:first + 6], [0xABBA] * 6, "frames from the first answer on")
        expect(first <= 256, f"{first} frames went ahead of them")
        expect_equal(bench.a.counters()["ctl-send-failed"], 0, "lost")
    finally:
        for sock in (sink, *streams):
            sock.close()
