# SPDX-License-Identifier: GPL-2.0
"""Where CVSW is not to be like Open vSwitch: proto/README.md, "Differences to Open vSwitch".

Each is shown by flow_mods and a frame, and by what comes out of either: if one of them changes,
the list there has become untrue.
"""
import struct
import types

from flows import (DELETE, FIELDS, HOST, NET, WRITABLE, FlowMod, Match, basic, header, output)
from packets import ARP, ICMP, ICMPV6, IPV4, IPV6, ND_ADVERT, ND_SOLICIT, SCTP, TCP, UDP, checksum, crc32c, put

ALL = []
MACS = bytes.fromhex("020000000002020000000001")
A4, B4, C4 = (bytes([10, 0, 0, n]) for n in (1, 2, 3))
A6, B6, C6 = (bytes.fromhex("fd00") + bytes(13) + bytes([n]) for n in (1, 2, 3))
SLL, TLL, OTHER_MAC = (bytes.fromhex("0202020202") + bytes([n]) for n in (1, 2, 3))


def frame(kind, data, tags=b""):
    return MACS + tags + struct.pack("!H", kind) + data


def ipv4(protocol, data, fragment=0, ttl=64, dst=B4, version=4):
    head = struct.pack("!BBHHHBBH4s4s", version << 4 | 5, 0, 20 + len(data), 1, fragment, ttl, protocol, 0, A4, dst)
    return put(head, 10, struct.pack("!H", checksum(head))) + data


def ipv6(protocol, data, src=A6):
    return struct.pack("!IHBB", 6 << 28, len(data), protocol, 64) + src + B6 + data


def summed(data, at, pseudo=b""):
    return put(data, at, struct.pack("!H", checksum(pseudo + data)))


def udp(src=5, addresses=A6 + B6):
    return summed(struct.pack("!HHHH", src, 7, 12, 0) + b"cvsw", 6, addresses + struct.pack("!II", 12, UDP))


def sctp(src=5, wrong=0):
    data = struct.pack("!HHII", src, 7, 1, 0) + b"cvsw"
    return put(data, 8, struct.pack("<I", crc32c(data) ^ wrong))


def icmp(kind=8, code=0):
    return summed(bytes([kind, code]) + bytes(6), 2)


def neighbor(kind, options, target=B6, flags=0, wrong=0):
    data = bytes([kind, 0, 0, 0]) + struct.pack("!I", flags) + target + options
    data = summed(data, 2, A6 + B6 + struct.pack("!II", len(data), ICMPV6))
    return put(data, 2, bytes([data[2] ^ wrong, data[3]]))


def option(kind, mac):
    return bytes([kind, 1]) + mac


def arp(operation, pln=4, hardware=1):
    return struct.pack("!HHBBH6s4s6s4s", hardware, IPV4, 6, pln, operation, MACS[6:], A4, MACS[:6], B4)


def flow(actions=(), command=0, priority=100, out=True, **fields):
    found = {name: pair if isinstance(pair, tuple) else (int.from_bytes(pair, "big") if isinstance(pair, bytes) else pair,
                                                        FIELDS[name].all()) for name, pair in fields.items()}
    more = [output(NET)] if out and actions else []
    return FlowMod(Match(found), [*actions, *more], priority, command, cookie=7)


def load(name, value, bits=None, ofs=0):
    field = WRITABLE[name]
    bits = bits or min(64, field.bytes * 8)
    return f"load:{value:#x}->{name}", struct.pack("!HHIHHIQ", 0xFFFF, 24, 0x2320, 7, ofs << 6 | bits - 1, header(field), value)


def move(src, dst, bits):
    return f"move:{src}->{dst}", struct.pack("!HHIHHHHII", 0xFFFF, 24, 0x2320, 6, bits, 0, 0, header(WRITABLE[src]),
                                             header(WRITABLE[dst]))


NW_SRC = ("mod_nw_src", basic(6, "4s", C4))
TP_SRC = ("mod_tp_src", basic(9, "H2x", 9))
DEC_TTL = ("dec_ttl", struct.pack("!HHIH6x", 0xFFFF, 16, 0x2320, 18))
STRIP = ("strip_vlan", basic(3, "4x"))
VID = ("mod_vlan_vid", basic(1, "H2x", 9))
TO_C6 = load("ipv6_src", 3, 8)
MARK = ("mod_dl_src", basic(4, "6s6x", OTHER_MAC))      # shows that a flow was taken


def difference(name, mods, sent, ours, theirs):
    """@ours, @theirs: what comes out at the other side."""
    packet = types.SimpleNamespace(data=sent, port=HOST, what=[name], fields={}, unparsed=False)
    ALL.append((name, mods, packet, *([out] if isinstance(out, bytes) else out for out in (ours, theirs))))


def marked(data):
    return put(data, 6, OTHER_MAC)


def matched(name, sent, by_us, **fields):
    """A flow that takes the frame in one of the two only."""
    difference(name, [flow([MARK], **fields)], sent, *((marked(sent), sent) if by_us else (sent, marked(sent))))


IP = {"dl_type": IPV4}
IP6 = {"dl_type": IPV6}
NS = {"dl_type": IPV6, "nw_proto": ICMPV6, "icmpv6_type": ND_SOLICIT}
NA = {"dl_type": IPV6, "nw_proto": ICMPV6, "icmpv6_type": ND_ADVERT}

# ---- what matches

plain = frame(IPV4, ipv4(UDP, udp(addresses=A4 + B4)))
short = frame(IPV4, ipv4(TCP, struct.pack("!HH", 5, 7)))
matched("ports of a header that is not whole", short, True, dl_type=IPV4, nw_proto=TCP, tcp_dst=7)
matched("type of an ICMP header that is not whole", frame(IPV4, ipv4(ICMP, b"\x08\0")), True, dl_type=IPV4, nw_proto=ICMP,
        icmp_type=8)
matched("a mask where Open vSwitch has none", plain, True, dl_type=IPV4, nw_ttl=(0x40, 0xF0))
difference("priority of an exact match in NXT_FLOW_MOD", [
    flow([MARK], in_port=HOST, dl_dst=MACS[:6], dl_src=MACS[6:], vlan_tci=0, dl_type=IPV4, nw_tos=0, nw_proto=UDP, nw_src=A4,
         nw_dst=B4, udp_src=5, udp_dst=7), flow([output(NET)], priority=200, out=False)], plain, marked(plain), plain)
matched("IP of another version", frame(IPV4, ipv4(UDP, udp(), version=5)), False, dl_type=IPV4, nw_proto=UDP)
matched("an ARP opcode above 255", frame(ARP, arp(0x101)), True, dl_type=ARP, arp_op=1)
matched("tun_src=0.0.0.0 of a frame out of no tunnel", plain, False, dl_type=IPV4, tun_src=0)
lying = frame(IPV6, ipv6(ICMPV6, neighbor(ND_SOLICIT, bytes([14, 9]) + bytes(6))))
matched("the target of a neighbor message whose options lie", lying, False, nd_target=B6, **NS)
twice = frame(IPV6, ipv6(ICMPV6, neighbor(ND_SOLICIT, option(2, TLL) + option(2, SLL))))
matched("an option twice that is not asked for", twice, True, nd_target=B6, **NS)

again = frame(IPV6, ipv6(ICMPV6, neighbor(ND_SOLICIT, option(1, SLL) + option(1, OTHER_MAC))))
matched("an option twice that is asked for: the first", again, True, nd_sll=SLL, nd_target=B6, **NS)
first_nd = frame(IPV6, ipv6(44, struct.pack("!BBHI", ICMPV6, 0, 1, 1) + neighbor(ND_SOLICIT, option(1, SLL))))
matched("a neighbor message in a first fragment", first_nd, False, nd_target=B6, **NS)
two = frame(IPV4, ipv4(UDP, udp(addresses=A4 + B4)), struct.pack("!HHHH", 0x88A8, 5, 0x8100, 6))
matched("what is behind the second tag", two, True, dl_type=IPV4, nw_proto=UDP, udp_dst=7)
matched("the second tag's type", two, False, dl_type=0x8100)
matched("an id behind a tag without one", frame(IPV4, ipv4(UDP, udp()), struct.pack("!HHHH", 0x8100, 0, 0x8100, 6)), True,
        vlan_tci=0x1006)
matched("ARP of hardware type 6", frame(ARP, arp(1, hardware=6)), True, dl_type=ARP, arp_op=1, arp_spa=A4)
options = bytes([UDP, 0, 1, 4, 0, 0, 0, 0])
jumbo = put(frame(IPV6, ipv6(0, options + udp())), 18, b"\0\0")
matched("payload length 0 with hop-by-hop options", jumbo, True, dl_type=IPV6, nw_proto=UDP, udp_dst=7)

# ---- what is covered

for why, narrow, wide in (
        ("no tag", {"vlan_tci": (0, 0xFFFE)}, {"vlan_tci": 0}),
        ("no fragment", {**IP, "nw_frag": (0, 1)}, {**IP, "nw_frag": 0}),
        ("tun_id's upper half is zero", IP, {**IP, "tun_id": (0, 1 << 41)})):
    difference(f"delete covers by meaning: {why}", [flow([MARK], **narrow), flow(command=DELETE, **wide)], plain,
               plain, marked(plain))

# ---- what actions do

tagged = frame(IPV4, ipv4(UDP, udp()), struct.pack("!HH", 0x8100, 0x1005))
difference("the DEI bit of a tag that changes", [flow([VID], **IP)], tagged, put(tagged, 14, b"\x10\x09"), put(tagged, 14, b"\0\x09"))
both_at_last = [load("vlan_tci", 5, 12), load("vlan_tci", 1, 1, 12)]
untagged = frame(IPV4, ipv4(UDP, udp()))
difference("bits of a tag that is not there", [flow(both_at_last, **IP)], untagged, MACS + b"\x81\0\0\0" + untagged[12:],
           MACS + b"\x81\0\0\5" + untagged[12:])
provider = frame(IPV4, ipv4(UDP, udp()), struct.pack("!HH", 0x88A8, 5))
difference("the type of a tag that was removed by load", [flow([load("vlan_tci", 0, 16), load("vlan_tci", 0x1006, 16)], **IP)], provider,
           put(provider, 12, b"\x81\0\0\6"), put(provider, 14, b"\0\6"))
double = frame(IPV4, ipv4(UDP, udp()), struct.pack("!HHHH", 0x8100, 5, 0x8100, 6))
difference("the second tag, once the first is stripped", [flow([STRIP, STRIP])], double, MACS + double[20:], MACS + double[16:])

echo = frame(IPV4, ipv4(ICMP, icmp()))
difference("mod_tp_src of ICMP", [flow([TP_SRC], **IP)], echo, echo, frame(IPV4, ipv4(ICMP, icmp(9))))

cut = frame(IPV4, ipv4(UDP, b"")[:12])
difference("dec_ttl without a whole IP header", [flow([DEC_TTL], **IP)], cut, cut, [])
alien = frame(ARP, arp(1, pln=16))
difference("ARP that is not IPv4's", [flow([load("arp_op", 2, 8), load("arp_spa", 0x0A000003, 32)], dl_type=ARP)],
           alien, alien, put(put(alien, 20, b"\0\2"), 28, C4))
difference("opcode of ARP, all of it", [flow([load("arp_op", 0x0102, 16)], dl_type=ARP)], frame(ARP, arp(1)), frame(ARP, arp(0x102)),
           frame(ARP, arp(2)))

later = frame(IPV4, ipv4(UDP, b"\0\1\2\3\4\5\6\7", fragment=1))
ours = put(later, 26, C4)
ours = put(put(ours, 24, b"\0\0"), 24, struct.pack("!H", checksum(put(ours, 24, b"\0\0")[14:34])))
difference("addresses of a later fragment: what it carries stays", [flow([NW_SRC], **IP)], later, ours, put(ours, 40, b"\6\5"))

first = frame(IPV4, ipv4(SCTP, sctp(), fragment=0x2000))
difference("ports of SCTP's first fragment, whose sum cannot be known", [flow([TP_SRC], **IP, nw_proto=SCTP)], first, first,
           frame(IPV4, ipv4(SCTP, sctp(9), fragment=0x2000)))

routed = struct.pack("!BBBB4x16s", UDP, 2, 0, 1, C6)
sum_of = udp(addresses=A6 + C6)     # the last destination's
sent = frame(IPV6, ipv6(43, routed + sum_of))
difference("the checksum behind a routing header", [flow([TO_C6], **IP6)], sent, frame(IPV6, ipv6(43, routed + udp(addresses=C6 + C6), C6)),
           frame(IPV6, ipv6(43, routed + sum_of, C6)))
atomic = struct.pack("!BBHI", UDP, 0, 0, 1)
sent = frame(IPV6, ipv6(44, atomic + udp()))
difference("the checksum in a fragment that is whole (RFC 6946)", [flow([TO_C6], **IP6)], sent,
           frame(IPV6, ipv6(44, atomic + udp(addresses=C6 + B6), C6)), frame(IPV6, ipv6(44, atomic + udp(), C6)))

solicit = frame(IPV6, ipv6(ICMPV6, neighbor(ND_SOLICIT, option(1, SLL), wrong=1)))
difference("a wrong checksum of a neighbor message stays wrong", [flow([load("nd_reserved", 5, 32)], **NS)], solicit,
           frame(IPV6, ipv6(ICMPV6, neighbor(ND_SOLICIT, option(1, SLL), flags=5, wrong=1))),
           frame(IPV6, ipv6(ICMPV6, neighbor(ND_SOLICIT, option(1, SLL), flags=5))))
solicit = frame(IPV6, ipv6(ICMPV6, neighbor(ND_SOLICIT, option(1, SLL), flags=0x100)))
difference("nd_reserved in part", [flow([load("nd_reserved", 5, 8)], **NS)], solicit,
           frame(IPV6, ipv6(ICMPV6, neighbor(ND_SOLICIT, option(1, SLL), flags=0x105))),
           frame(IPV6, ipv6(ICMPV6, neighbor(ND_SOLICIT, option(1, SLL), flags=5))))
both = option(1, SLL) + option(2, TLL)
difference("an address behind the other one", [flow([load("nd_tll", 0x020202020203, 48)], **NA)],
           frame(IPV6, ipv6(ICMPV6, neighbor(ND_ADVERT, both))),
           frame(IPV6, ipv6(ICMPV6, neighbor(ND_ADVERT, option(1, SLL) + option(2, OTHER_MAC)))),
           frame(IPV6, ipv6(ICMPV6, neighbor(ND_ADVERT, both))))
bare = frame(IPV6, ipv6(ICMPV6, neighbor(ND_SOLICIT, b"")))
difference("a field that the message has not, moved", [flow([move("nd_sll", "eth_src", 48)], **NS)], bare, bare, put(bare, 6, bytes(6)))

# ---- what is not said, or refused by one

other = frame(0x8863, bytes(50))
difference("a list without output", [flow([MARK], out=False)], plain, marked(plain), [])
difference("ports beside nw_frag=later", [flow([MARK], dl_type=IPV4, nw_frag=3, nw_proto=UDP, udp_src=0)], later, marked(later), later)
difference("vlan_tci of a tag without the bit that says so", [flow([MARK], vlan_tci=0x0005)], tagged, tagged, tagged)
