# SPDX-License-Identifier: GPL-2.0
"""Flows that answer in the NIC: by move and load, and back where the frame came from.

Once for what the guest asks, whose answer its own stack gets, and once for what
comes from the vswitch, whose answer goes out again.
"""
import socket
import struct

from bench import expect, expect_equal, tcp
from frames import HOST, NET, SET_ENTRY, control, mac, output, set_dl_dst, set_dl_src, set_nw_dst, set_nw_src
from overlay import applied
from registry import test
from tunnel import nxt_flow_mod

IN_PORT = 0xfff8
NOBODY_IP, NOBODY_IP6, NOBODY_MAC = "10.0.0.254", "fd00::fe", "02:00:00:00:00:fe"
ALIAS_IP = "10.0.0.253"
ETH_DST, ETH_SRC = 0x00000206, 0x00000406
ARP_OP, ARP_SPA, ARP_TPA, ARP_SHA, ARP_THA = 0x00001e02, 0x00002004, 0x00002204, 0x00012206, 0x00012406
ICMP_TYPE = 0x00001a01
IPV6_SRC, IPV6_DST, ICMPV6_TYPE = 0x00012610, 0x00012810, 0x00012a01
ND_TARGET, ND_SLL, ND_RESERVED, ND_OPTIONS_TYPE = 0x00012e10, 0x00013006, 0x10000204, 0x10000401
SOLICITED_OVERRIDE = 0x60000000     # RFC 4861, 4.4


def move(src, dst, bits):
    return struct.pack("!HHIHHHHII", 0xffff, 24, 0x2320, 6, bits, 0, 0, src, dst)


def load(value, dst, bits):
    return struct.pack("!HHIHHIQ", 0xffff, 24, 0x2320, 7, bits - 1, dst, value)


def load_wide(value, dst):
    """All 128 bits."""
    upper = struct.pack("!HHIHHIQ", 0xffff, 24, 0x2320, 7, 64 << 6 | 63, dst, value >> 64)
    return load(value & (1 << 64) - 1, dst, 64) + upper


def number(address):
    return int.from_bytes(bytes(map(int, address.split("."))), "big")


def number6(address):
    return int.from_bytes(socket.inet_pton(socket.AF_INET6, address), "big")


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


def answer_neighbor(end, in_port):
    """As RFC 4861, 7.2.4, of a solicitation that says who asks."""
    hardware = int.from_bytes(mac(NOBODY_MAC), "big")
    actions = [move(ETH_SRC, ETH_DST, 48), set_dl_src(NOBODY_MAC), move(IPV6_SRC, IPV6_DST, 128),
               move(ND_TARGET, IPV6_SRC, 128), load(hardware, ND_SLL, 48), load(2, ND_OPTIONS_TYPE, 8),
               load(SOLICITED_OVERRIDE, ND_RESERVED, 32), load(136, ICMPV6_TYPE, 8), output(IN_PORT)]
    applied(end, control(SET_ENTRY, nxt_flow_mod(actions, in_port=in_port, dl_type=0x86dd, nw_proto=58, icmpv6_type=135,
                                                 nd_target=number6(NOBODY_IP6))))


def answer_echo6(end, in_port, asker):
    actions = [set_dl_dst(asker.mac), set_dl_src(NOBODY_MAC), move(IPV6_SRC, IPV6_DST, 128),
               load_wide(number6(NOBODY_IP6), IPV6_SRC), load(129, ICMPV6_TYPE, 8), output(IN_PORT)]
    applied(end, control(SET_ENTRY, nxt_flow_mod(actions, in_port=in_port, dl_type=0x86dd, nw_proto=58,
                                                 ipv6_dst=number6(NOBODY_IP6), icmpv6_type=128)))


def check(bench, asker, in_port, address, sizes=(0, 56, 1400)):
    """What the asker asks an address that nobody has is answered."""
    skipped = bench.a.counters().get("action-skipped", 0)
    wrong = asker.ns.wrong_checksums()
    if address == NOBODY_IP:
        answer_arp(bench.a, in_port)
        answer_echo(bench.a, in_port, asker)
    else:
        answer_neighbor(bench.a, in_port)
        answer_echo6(bench.a, in_port, asker)
    for verify in ("Y", "N"):
        bench.a.set(verify=verify)
        bench.b.set(verify=verify)
        asker.ns.ip(f"neigh flush to {address} dev {asker.ifname}")
        for size in sizes:
            asker.ns.run("ping", "-nqc", "3", "-i", "0.01", "-W", "2", "-s", str(size), address)
        shown = asker.ns.run("ip", "neigh", "show", address)
        expect(NOBODY_MAC in shown, f"the neighbour is {shown!r}")
    expect_equal(bench.a.counters().get("action-skipped", 0), skipped, "actions skipped")
    expect_equal(asker.ns.wrong_checksums(), wrong, "wrong checksums")


def own(bench, address):
    with bench.a.capture() as captured:
        check(bench, bench.a, HOST, address)
    expect(not [frame for frame in captured.frames if frame.nw_dst == address], "a request left the guest")


@test("ARP and echo requests of the guest are answered in its NIC")
def own_ipv4(bench):
    own(bench, NOBODY_IP)


@test("ARP and echo requests from the vswitch are answered in the NIC")
def others_ipv4(bench):
    check(bench, bench.b, NET, NOBODY_IP)


@test("neighbor solicitations and echo requests of the guest are answered in its NIC")
def own_ipv6(bench):
    own(bench, NOBODY_IP6)


@test("neighbor solicitations and echo requests from the vswitch are answered in the NIC")
def others_ipv6(bench):
    check(bench, bench.b, NET, NOBODY_IP6)


def turn(bench, asker, in_port):
    """TCP of the asker's with itself: what goes to one of two that nobody is comes from the other."""
    for to, back in ((NOBODY_IP, ALIAS_IP), (ALIAS_IP, NOBODY_IP)):
        bench.a.add(in_port, [set_nw_dst(asker.address), set_nw_src(back), set_dl_dst(asker.mac), set_dl_src(NOBODY_MAC),
                              output(IN_PORT)], dl_type=0x0800, nw_proto=6, nw_dst=to)
        asker.ns.ip(f"neigh replace {to} lladdr {NOBODY_MAC} dev {asker.ifname}")
    try:
        # The NIC gets checksums that are whole or partial, and what it sends back is looked at or not.
        for verify in ("YY", "YN", "NN"):
            bench.a.set(verify=verify[0])
            bench.b.set(verify=verify[1])
            tcp(asker.ns, (NOBODY_IP, 5001), asker.ns, (asker.address, 5001), 1 << 20)
    finally:
        asker.ns.ip(*(f"neigh del {address} dev {asker.ifname}" for address in (NOBODY_IP, ALIAS_IP)))


@test("TCP's giants from the guest go back to its own stack")
def giants_of_host(bench):
    giants = bench.a.ns.packet_socket(bench.a.ifname, 0x0800)
    try:
        with bench.a.capture() as captured:
            turn(bench, bench.a, HOST)
        longest = 0
        giants.setblocking(False)
        while data := receive(giants):
            longest = max(longest, len(data))
    finally:
        giants.close()
    expect(longest > 5000, f"the longest frame that the stack got has {longest} bytes")
    expect(not [frame for frame in captured.frames if {NOBODY_IP, ALIAS_IP} & {frame.nw_src, frame.nw_dst}], "a frame left the guest")


def receive(sock):
    """Of what the interface received, a frame; None when there is no more."""
    while True:
        try:
            data, where = sock.recvfrom(1 << 17)
        except BlockingIOError:
            return None
        if where[2] != socket.PACKET_OUTGOING:
            return data


@test("TCP's giants from the vswitch go back to it")
def giants_of_net(bench):
    before = bench.a.crossed["giants"]
    turn(bench, bench.b, NET)
    expect(bench.a.crossed["giants"] - before > 10, "no giants went back")
