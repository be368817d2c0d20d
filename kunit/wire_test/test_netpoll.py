# SPDX-License-Identifier: GPL-2.0
"""netconsole's way to the driver: interrupts off, from a task, a softirq and a hard interrupt.

The kernel's log, which is looked at behind all tests, must be clean: no cipher is called there, and
nobody switches bottom halves on.
"""
from bench import errors_in, expect, expect_equal, wait_for
from frames import CVSW, HOST, ethernet, output, set_nw_dst, set_tp_dst, set_vlan_vid, udp_frame
from overlay import INNER, Keys, cvsw_host, inner_ping, tunnelled
from registry import test
from test_doorbell import DROPPED_PORT, UDP, datagram, ports_crossed
from test_outputs import IN_PORT, received

CONTEXTS = (("a task", 1), ("a softirq", 2), ("a hard interrupt", 3))


def from_each(name, **how):
    """A test for each context."""
    def register(function):
        for where, context in CONTEXTS:
            def run(bench, context=context):
                bench.a.set(context=context)
                try:
                    function(bench)
                finally:
                    bench.a.set(context=0)
            test(f"netpoll from {where}: {name}", **how)(run)
        return function
    return register


@from_each("frames are rewritten, dropped and sent at once")
def plain(bench):
    bench.a.add(HOST, [set_tp_dst(9), set_nw_dst(bench.b.address), set_vlan_vid(42)], **UDP)
    bench.a.add(HOST, [], priority=200, **UDP, tp_dst=DROPPED_PORT)
    before = bench.a.counters()["later"]
    forged = ethernet(bench.b.mac, bench.a.mac, CVSW, bytes(46))
    for last in (datagram(bench, 3), datagram(bench, DROPPED_PORT), forged):
        got = ports_crossed(bench, datagram(bench, 1), datagram(bench, DROPPED_PORT), datagram(bench, 2), last)
        expect_equal(set(got), {9}, "ports on the wire")
    expect_equal(bench.a.counters()["later"], before, "frames that waited")
    bench.a.delete_flows()
    bench.ping()


@from_each("frames that go back reach the stack, later")
def hairpin(bench):
    bench.a.add(HOST, [output(IN_PORT)], **UDP)
    before = bench.a.counters()["later"]
    sniffer = bench.a.ns.packet_socket(bench.a.ifname, 0x0800)
    got = []

    def all_came():
        got.extend(frame for frame in received(sniffer) if frame.proto == 17)
        return len(got) >= 5
    try:
        with bench.a.capture() as sent:
            bench.a.burst(*(datagram(bench, port) for port in range(1, 6)))
            wait_for(all_came, "frames at the stack")
    finally:
        sniffer.close()
    expect_equal([frame.tp_dst for frame in got], list(range(1, 6)), "what came back")
    expect_equal([frame for frame in sent.frames if frame.proto == 17], [], "on the wire")
    expect_equal(bench.a.counters()["later"] - before, 5, "frames that waited")
    bench.a.delete_flows()
    bench.ping()


@from_each("what is for an encrypted overlay goes sealed, in order, none in the clear", anew=True)
def encrypted(bench):
    keys = Keys()
    for end in (bench.a, bench.b):
        cvsw_host(bench, end, keys)
    inner_ping(bench)
    before = bench.a.counters()
    with bench.a.capture() as got:
        bench.a.burst(*(udp_frame(bench.b.mac, bench.a.mac, INNER["a"], INNER["b"], 1000, port, b"burst")
                        for port in range(1, 31)))
        wait_for(lambda: bench.a.counters()["later"] - before["later"] >= 30, "frames that waited")
        inner_ping(bench)
    expect_equal(errors_in(got.frames), [], "on the wire")
    tunnelled(got.frames, keys, "a")
    expect(len(got.frames) >= 30, f"only {len(got.frames)} frames crossed")
    expect_equal(bench.a.counters()["drop-later"], before["drop-later"], "dropped")
