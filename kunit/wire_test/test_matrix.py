# SPDX-License-Identifier: GPL-2.0
"""TCP both ways in all that a tunnel, an MTU, offloads and queues can make of it.

Several connections at once, IPv4 and IPv6, each of which compares what it gets with
what was sent.  No frame is lost, none is in a form that was not agreed on.
"""
from bench import Failed, errors_in, expect, expect_equal
from overlay import Keys, offloads, tunnelled
from registry import test
from streams import QUEUES, Watched, connections, order, set_up, settle

SIZE = 80_000
LAYERS = (("no tunnel", False, None), ("VXLAN", True, None), ("VXLAN and ESP", True, Keys))


def right_forms(captured, mtu, tunnel, keys, side, state):
    if tunnel:
        tunnelled(captured, keys, side, pattern=False, mtu=mtu)
    expect_equal(errors_in(captured), [], f"what {side} sent")
    longest = max(len(frame.data) for frame in captured) - 14
    if not tunnel and state == "on":
        expect(longest > 10000, f"{side} sent no giant")
    else:
        expect(mtu - 40 < longest <= mtu, f"the longest packet of {side} has {longest} bytes")


def one(bench, mtu, tunnel, keys, state, queues):
    for end in (bench.a, bench.b):
        offloads(end, state)
        end.ns.run("ethtool", "-L", end.ifname, "combined", str(queues))
    streams = connections(bench, tunnel)
    halves = [half for stream in streams for half in stream.ends]
    try:
        with Watched(bench) as watched, bench.a.capture() as there, bench.b.capture() as back:
            order(halves, SIZE)
            settle(halves)
    finally:
        for stream in streams:
            stream.close()
    for side, captured in (("a", there.frames), ("b", back.frames)):
        right_forms(captured, mtu, tunnel, keys, side, state)
    for packets in watched.queues:
        busy = [i for i, n in enumerate(packets) if n > 5]
        expect(len(busy) > 1 if queues > 1 else busy == [0], f"frames of {queues} queues: {packets}")
    expect(all(watched.giants) if not tunnel and state == "on" else not any(watched.giants),
           f"giants on the wire: {watched.giants}")


def matrix(layer, mtu):
    name, tunnel, make_keys = layer

    @test(f"TCP matrix: {name}, MTU {mtu}, offloads on and off, one queue and four", anew=True)
    def both_ways(bench):
        keys = make_keys and make_keys()
        set_up(bench, mtu, tunnel, keys)
        for state in ("on", "off"):
            for queues in (1, QUEUES):
                try:
                    one(bench, mtu, tunnel, keys, state, queues)
                except Failed as failure:
                    raise Failed(f"offloads {state}, {queues} queues: {failure}") from None


for layer in LAYERS:
    for mtu in (1500, 9000):
        matrix(layer, mtu)
