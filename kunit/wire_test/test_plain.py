# SPDX-License-Identifier: GPL-2.0
"""The driver without flows: it is to behave as the kernel's own."""
import re
import socket

from bench import errors_in, expect, expect_equal, run, tcp
from registry import test

# virtio 1.2, 5.1.3 and 6
CSUM, GUEST_CSUM = 0, 1
GUEST_TSO4, GUEST_TSO6, GUEST_ECN = 7, 8, 9
HOST_TSO4, HOST_TSO6, HOST_ECN = 11, 12, 13
MRG_RXBUF, MQ = 15, 22
INDIRECT_DESC, EVENT_IDX = 28, 29
TSO = (GUEST_TSO4, GUEST_TSO6, GUEST_ECN, HOST_TSO4, HOST_TSO6, HOST_ECN)


@test("both ends are probed by the patched driver, and datagrams pass")
def probe(bench):
    for end in (bench.a, bench.b):
        expect_equal(end.driver(), "cvsw_virtio_net", f"driver of end {end.side}")
    bench.ping()


def largest(captured):
    return max(len(frame.data) for frame in captured)


@test("TCP both ways, TSO and checksum offload on, IPv4 and IPv6")
def offloads_on(bench):
    with bench.a.capture() as there, bench.b.capture() as back:
        bench.tcp_both_ways()
        tcp(bench.a.ns, ("fd00::2", 5001), bench.b.ns, ("fd00::2", 5001), family=socket.AF_INET6)
    for captured in (there.frames, back.frames):
        expect_equal(errors_in(captured), [], "bad checksums on the wire")
        expect(largest(captured) > 10000, "no TSO frame crossed")


@test("TCP both ways, the receiver checks every checksum")
def verified(bench):
    for end in (bench.a, bench.b):
        end.set(verify="Y")
    bench.tcp_both_ways()
    expect(bench.a.crossed["finished"] and bench.b.crossed["finished"], "no partial checksum crossed")


@test("TCP both ways, offloads switched off by ethtool")
def offloads_off(bench):
    for end in (bench.a, bench.b):
        end.ns.run("ethtool", "-K", end.ifname, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
    with bench.a.capture() as there:
        bench.tcp_both_ways()
    for end in (bench.a, bench.b):
        end.ns.run("ethtool", "-K", end.ifname, "tx", "on", "tso", "on", "gso", "on", "gro", "on")
    expect_equal(errors_in(there.frames), [], "bad checksums on the wire")
    expect(largest(there.frames) <= 1514, "a TSO frame crossed though TSO is off")


def features_off(name, *bits):
    @test(f"TCP both ways on a device without {name}", anew=True)
    def without(bench):
        bench.replug(without=bits)
        bench.ping()
        bench.tcp_both_ways(size=1 << 19)


features_off("TSO", *TSO)
features_off("TSO and checksum offload", CSUM, GUEST_CSUM, *TSO)
features_off("mergeable receive buffers", MRG_RXBUF)
features_off("mergeable receive buffers and TSO", MRG_RXBUF, *TSO)
features_off("event index and indirect descriptors", EVENT_IDX, INDIRECT_DESC)


@test("UDP both ways, from one byte to fragments of 20,000")
def udp_sizes(bench):
    left, right = bench.a.ns.udp(bench.a.address), bench.b.ns.udp(bench.b.address)
    for size in (1, 2, 17, 18, 19, 99, 100, 101, 512, 1472, 1473, 20000):
        for sender, receiver in ((left, right), (right, left)):
            payload = bytes(i * 7 & 255 for i in range(size))
            sender.sendto(payload, receiver.getsockname())
            expect(receiver.recv(65536) == payload, f"datagram of {size} bytes")
    left.close()
    right.close()


@test("four queue pairs carry TCP", anew=True)
def queues(bench):
    for end in (bench.a, bench.b):
        end.ns.run("ethtool", "-L", end.ifname, "combined", "4")
    bench.tcp_both_ways()
    for _ in range(16):
        bench.ping(1)
    stats = bench.a.ns.run("ethtool", "-S", bench.a.ifname)
    used = [line for line in stats.splitlines() if re.match(r" *tx_queue_\d_packets: [1-9]", line)]
    expect(len(used) > 1, f"one transmit queue took it all: {used}")


@test("stock virtio_net and the patched driver are loaded together and talk", anew=True)
def beside_stock(bench):
    run("insmod", bench.stock)
    try:
        bench.b.unbind()
        bench.b.bind("virtio_net")
        bench.b.configure()
        bench.neighbours()
        expect_equal((bench.a.driver(), bench.b.driver()), ("cvsw_virtio_net", "virtio_net"), "drivers")
        bench.tcp_both_ways()
    finally:
        run("rmmod", "virtio_net")
