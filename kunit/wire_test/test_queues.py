# SPDX-License-Identifier: GPL-2.0
"""Transmit queues by themselves: what one of them holds up, and what not."""
import json
import socket

from bench import Failed, expect, expect_equal, wait_for
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


def one_stalls(name, make_keys=None, allowed=(), goes=False):
    @test(f"a transmit queue that stands still holds up its own connections alone: {name}", anew=True)
    def stalled(bench):
        sink = four_queues(bench, make_keys and make_keys())
        streams = connections(bench, True, 24)
        try:
            stall(bench, streams, allowed, goes)
        finally:
            for sock in (sink, *streams):
                sock.close()


def stall(bench, streams, allowed, goes):
    queues = [queue_of(bench, lambda: probe(stream)) for stream in streams]
    still = max(range(QUEUES), key=queues.count)
    held = [half for stream, queue in zip(streams, queues) for half in stream.ends if queue == still]
    free = [half for stream, queue in zip(streams, queues) for half in stream.ends if queue != still]
    expect(held and free, f"queues of the connections: {queues}")
    with Watched(bench, allowed):
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
# its frames are late behind the others of the SA, beyond its replay window
one_stalls("VXLAN and ESP", Keys, ("drop-esp-old",))


@test("segments that wait in the driver go when their queue does, with nothing behind them", anew=True)
def woken(bench):
    sink = four_queues(bench)
    # nor anything that TCP sends again
    bench.a.ns.ip(f"route replace 10.1.0.0/24 dev {bench.a.ifname} src {INNER['a']} rto_min 60s")
    bench.a.ns.sysctl("net.ipv4.tcp_early_retrans", 0)
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
