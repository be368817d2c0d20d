# SPDX-License-Identifier: GPL-2.0
"""Flows that answer in the NIC: by move and load, and back where the frame came from.

Once for what the guest asks, whose answer its own stack gets, and once for what
comes from the vswitch, whose answer goes out again.
"""
import struct

from bench import expect, expect_equal
from frames import HOST, NET, mac, output, set_dl_dst, set_dl_src, set_nw_dst, set_nw_src
from registry import test

IN_PORT = 0xfff8
NOBODY_IP, NOBODY_MAC = "10.0.0.254", "02:00:00:00:00:fe"
ETH_DST, ETH_SRC = 0x00000206, 0x00000406
ARP_OP, ARP_SPA, ARP_TPA, ARP_SHA, ARP_THA = 0x00001e02, 0x00002004, 0x00002204, 0x00012206, 0x00012406
ICMP_TYPE = 0x00001a01


def move(src, dst, bits):
    return struct.pack("!HHIHHHHII", 0xffff, 24, 0x2320, 6, bits, 0, 0, src, dst)


def load(value, dst, bits):
    return struct.pack("!HHIHHIQ", 0xffff, 24, 0x2320, 7, bits - 1, dst, value)


def number(address):
    return int.from_bytes(bytes(map(int, address.split("."))), "big")


def answer_arp(end, in_port):
    hardware = int.from_bytes(mac(NOBODY_MAC), "big")
    end.add(in_port, [move(ETH_SRC, ETH_DST, 48), set_dl_src(NOBODY_MAC), load(2, ARP_OP, 16),
                      move(ARP_SHA, ARP_THA, 48), load(hardware, ARP_SHA, 48),
                      move(ARP_SPA, ARP_TPA, 32), load(number(NOBODY_IP), ARP_SPA, 32), output(IN_PORT)],
            dl_type=0x0806, nw_proto=1, nw_dst=NOBODY_IP)


def answer_echo(end, in_port, asker):
    end.add(in_port, [set_dl_dst(asker.mac), set_dl_src(NOBODY_MAC), set_nw_dst(asker.address),
                      set_nw_src(NOBODY_IP), load(0, ICMP_TYPE, 8), output(IN_PORT)],
            dl_type=0x0800, nw_proto=1, nw_dst=NOBODY_IP, tp_src=8)


def check(bench, asker, in_port, sizes):
    before = bench.a.counters().get("action-skipped", 0)
    answer_arp(bench.a, in_port)
    answer_echo(bench.a, in_port, asker)
    for verify in ("Y", "N"):
        bench.a.set(verify=verify)
        bench.b.set(verify=verify)
        for size in sizes:
            asker.ns.run("ping", "-nqc", "3", "-i", "0.01", "-W", "2", "-s", str(size), NOBODY_IP)
    shown = asker.ns.run("ip", "neigh", "show", NOBODY_IP)
    expect(NOBODY_MAC in shown, f"the neighbour is {shown!r}")
    expect_equal(bench.a.counters().get("action-skipped", 0), before, "actions skipped")


@test("ARP and echo requests of the guest are answered in its NIC")
def own(bench):
    with bench.a.capture() as captured:
        check(bench, bench.a, HOST, (0, 56, 1400))
    expect(not [frame for frame in captured.frames if frame.nw_dst == NOBODY_IP], "a request left the guest")


@test("ARP and echo requests from the vswitch are answered in the NIC")
def others(bench):
    check(bench, bench.b, NET, (0, 56, 1400))
