# SPDX-License-Identifier: GPL-2.0
"""Random frames of a small world, and the fields they have.

A world's addresses and ports are few, so that flows made of one frame's fields hit
others too.  Written from the RFCs; shares nothing with the code under test.
"""
import struct

IPV4, ARP, IPV6, RARP = 0x0800, 0x0806, 0x86DD, 0x8035
ICMP, TCP, UDP, FRAGMENT, AH, ICMPV6, SCTP = 1, 6, 17, 44, 51, 58, 132
HOP_BY_HOP, ROUTING, DESTINATION = 0, 43, 60
ND_SOLICIT, ND_ADVERT = 135, 136
PRESENT = 0x1000


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def crc32c(data):
    """RFC 9260, appendix A, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def put(data, at, value):
    return data[:at] + value + data[at + len(value):]


class World:
    def __init__(self, random):
        self.random = random
        self.macs = [self.mac() for _ in range(3)] + [bytes.fromhex("01005e000001"), b"\xff" * 6]
        # Most frames of a world are of one kind.
        self.ethertype = self.pick(None, IPV4, IPV4, IPV6, IPV6, IPV6, ARP)
        self.protocol = {IPV4: self.pick(TCP, UDP, ICMP, ICMP, ICMP, SCTP), IPV6: self.pick(TCP, UDP, *[ICMPV6] * 4, SCTP)}.get(
            self.ethertype)
        # What Open vSwitch does otherwise with some actions (proto/README.md): each is in some worlds
        # only, whose flows have others.
        often = 15 if self.protocol in (ICMP, ICMPV6) else 40
        self.dei = self.maybe(30)               # tags with that bit
        self.lies = self.maybe(often)           # headers that are cut, or no such header
        self.later = self.maybe(often)          # later fragments over IPv4 of protocols that it writes into
        self.wrong_sums = self.maybe(often)     # or such as cannot be known, in a fragment
        self.routed = self.maybe(often)         # IPv6 that goes on to another destination, or a fragment that is whole
        self.extensions = self.maybe(often)     # of IPv6
        self.nd_any = self.maybe(often)         # neighbor messages with any options; else with the right ones
        self.nd_types = self.maybe(50)          # the first option's type is written, else its address: it has an order
        self.arp_any = self.maybe(50)           # ARP with its usual opcodes; else six bits of them can be written
        self.vids = [0, 4095, random.randrange(1, 4095), random.randrange(1, 4095)]
        net = random.randrange(1, 224) << 24 | random.getrandbits(16) << 8
        self.ipv4 = [(net ^ (random.getrandbits(8) | random.getrandbits(4) << 9)).to_bytes(4, "big") for _ in range(4)]
        self.ipv4.append(random.randbytes(4))
        prefix = random.randbytes(8)
        self.ipv6 = [prefix + random.randbytes(8) for _ in range(3)] + [bytes.fromhex("fe80" + "00" * 13 + "01")]
        self.ports = [0, 80, 0xFFFF, random.randrange(1 << 16), random.randrange(1 << 16)]
        self.tos = [0, 3, 0xB9, random.getrandbits(8)]
        self.ttls = [0, 1, 2, 64, 255]
        self.labels = [0, random.getrandbits(20), 0xFFFFF]

    def mac(self):
        return bytes([random_byte & 0xFE | 2 for random_byte in self.random.randbytes(1)]) + self.random.randbytes(5)

    def maybe(self, percent):
        return self.random.randrange(100) < percent

    def mostly(self, kind, *values):
        """The kind of this world, if it has one."""
        return kind if kind is not None and self.maybe(60) else self.random.choice(values)

    def pick(self, *values):
        return self.random.choice(values)


class Packet:
    """A frame under construction.  `what` names what is special about it.

    `unparsed`: a stack may find more in it than a switch, so that CVSW does not let it go there."""

    unparsed = False

    def __init__(self, world):
        self.world, self.what, self.fields = world, [], {}
        self.data = b""

    def seen(self, **fields):
        self.fields.update(fields)

    # -- above IP: @pseudo is the sum's part that is in the IP header; None: a fragment, of which
    # the sum cannot be known

    def sum_up(self, data, at, pseudo, zero_is_none=False):
        w = self.world
        if pseudo is None or w.wrong_sums and w.maybe(20):
            self.what.append("checksum-random")
            return put(data, at, w.random.randbytes(2))
        value = checksum(pseudo + put(data, at, b"\0\0"))
        if zero_is_none and not value:
            value = 0xFFFF
        return put(data, at, struct.pack("!H", value))

    def tcp(self, pseudo):
        w = self.world
        src, dst, flags = w.pick(*w.ports), w.pick(*w.ports), w.pick(2, 0x10, 0x12, 0x18, w.random.getrandbits(12))
        options = w.pick(b"", b"", bytes([2, 4, 5, 0xB4]), b"\1" * 12)
        self.seen(tp_src=src, tp_dst=dst, tcp_flags=flags)
        words = (20 + len(options)) // 4 << 12 | flags
        data = struct.pack("!HHIIHHHH", src, dst, w.random.getrandbits(32), w.random.getrandbits(32),
                           words, 1000, 0, 0) + options + self.payload()
        return self.sum_up(data, 16, pseudo)

    def udp(self, pseudo):
        w = self.world
        src, dst, payload = w.pick(*w.ports), w.pick(*w.ports), self.payload()
        self.seen(tp_src=src, tp_dst=dst)
        data = struct.pack("!HHHH", src, dst, 8 + len(payload), 0) + payload
        if w.maybe(20):
            self.what.append("udp-no-checksum")
            return data
        return self.sum_up(data, 6, pseudo, True)

    def sctp(self, pseudo):
        w = self.world
        src, dst = w.pick(*w.ports), w.pick(*w.ports)
        self.seen(tp_src=src, tp_dst=dst)
        data = struct.pack("!HHII", src, dst, w.random.getrandbits(32), 0) + self.payload()
        crc = w.random.getrandbits(32) if pseudo is None else crc32c(data)
        return put(data, 8, struct.pack("<I", crc))

    def icmp(self, pseudo):
        w = self.world
        kind, code = w.pick(0, 8, 8, 3, 11), w.pick(0, 0, 1, 3)
        self.seen(tp_src=kind, tp_dst=code)
        return self.sum_up(bytes([kind, code]) + bytes(2) + w.random.randbytes(4) + self.payload(), 2,
                           None if pseudo is None else b"")

    def icmpv6(self, pseudo):
        w = self.world
        if pseudo is not None and w.maybe(80):
            return self.neighbor(pseudo)
        kind, code = w.pick(1, 3, 4, 128, 129, 131), w.pick(0, 0, 4)
        self.seen(tp_src=kind, tp_dst=code)
        return self.sum_up(bytes([kind, code]) + bytes(2) + w.random.randbytes(4) + self.payload(), 2, pseudo)

    def neighbor(self, pseudo):
        """RFC 4861, 4.3, 4.4 and 4.6: a solicitation or advertisement with some options."""
        w = self.world
        kind, code, target = w.pick(ND_SOLICIT, ND_ADVERT), 1 if w.maybe(6) else 0, w.pick(*w.ipv6)
        self.seen(tp_src=kind, tp_dst=code)
        wanted = kind - ND_SOLICIT + 1
        kinds = [wanted] + [w.pick(5, 14) for _ in range(w.pick(0, 0, 1, 2))]
        if w.nd_any:
            kinds = [w.pick(5, 14) for _ in range(w.pick(0, 0, 1, 2))] + [wanted] * w.pick(0, 1, 1) + [3 - wanted] * w.pick(0, 1)
        w.random.shuffle(kinds)
        options = b"".join(bytes([option, 1]) + w.pick(*w.macs) for option in kinds)
        at = kinds.index(wanted) * 8 + 2 if wanted in kinds else None
        address, good = at and options[at:at + 6], True
        if w.lies and w.maybe(20):
            self.what.append("nd-option-lies")
            options += bytes([14, w.pick(0, 2, 255)]) + bytes(6)
            good = False
        if code == 0 and good:
            self.seen(nd_target=target)
            if wanted == 1:
                self.seen(nd_sll=address or bytes(6))
            else:
                self.seen(nd_tll=address or bytes(6))
        if code == 0 and not good:
            self.unparsed = True
            self.seen(nd_target=bytes(16))
        return self.sum_up(bytes([kind, code]) + bytes(2) + w.random.getrandbits(32).to_bytes(4, "big") + target +
                           options, 2, pseudo)

    def payload(self):
        w = self.world
        return w.random.randbytes(w.pick(0, 1, 2, 7, 18, 40, 41, 300))

    def transport(self, protocol, pseudo_addresses, later, first):
        """What is above IP: the bytes."""
        w = self.world
        if later:
            return w.random.randbytes(w.pick(8, 16, 24, 64, 136))
        make = {TCP: self.tcp, UDP: self.udp, SCTP: self.sctp, ICMP: self.icmp, ICMPV6: self.icmpv6}.get(protocol)
        if (protocol == ICMP) == (len(pseudo_addresses) == 32) and protocol in (ICMP, ICMPV6):
            make = None         # the other IP's
        if not make:
            return self.payload()
        # The pseudo header's length is known only once the rest is: made twice from one state.
        if first:
            data = make(None)
            return data + bytes(-len(data) % 8)
        state, fields, what = w.random.getstate(), dict(self.fields), list(self.what)
        size = len(make(b""))
        w.random.setstate(state)
        self.fields, self.what = fields, what
        return make(pseudo_addresses + struct.pack("!II", size, protocol))

    # -- IP

    def ipv4(self):
        w = self.world
        src, dst, tos, ttl = w.pick(*w.ipv4), w.pick(*w.ipv4), w.pick(*w.tos), w.pick(*w.ttls)
        protocol = w.mostly(w.protocol, TCP, TCP, UDP, UDP, ICMP, SCTP, ICMPV6, 2, 47, 255)
        fragment, frag = self.fragment()
        if frag & 2 and not w.later and protocol in (TCP, UDP, ICMP):
            protocol = SCTP
        if frag == 1 and not w.wrong_sums and protocol == SCTP:
            protocol = TCP
        self.seen(nw_src=src, nw_dst=dst, nw_tos=tos & 0xFC, nw_ecn=tos & 3, nw_ttl=ttl, nw_proto=protocol, nw_frag=frag)
        self.unparsed = protocol == TCP and fragment & 0x1FFF == 1      # RFC 3128: over TCP's flags
        body = self.transport(protocol, src + dst, frag & 2, frag == 1)
        options = b"\1" * w.pick(0, 0, 0, 4, 40)
        header = struct.pack("!BBHHHBBH4s4s", 0x40 | (20 + len(options)) // 4, tos, 20 + len(options) + len(body),
                             w.random.getrandbits(16), fragment, ttl, protocol, 0, src, dst) + options
        return self.lie_ipv4(put(header, 10, struct.pack("!H", checksum(header))) + body)

    def fragment(self):
        """The field of an IPv4 header (RFC 791, 3.1), and nw_frag."""
        w = self.world
        if not w.maybe(15):
            return w.pick(0, 0x4000), 0
        offset, more = w.pick(0, 0, 1, 185), w.pick(0, 1)
        if not offset and not more:
            more = 1
        self.what.append("later-fragment" if offset else "first-fragment")
        return more << 13 | offset, 3 if offset else 1

    def lie_ipv4(self, data):
        """Sometimes a header that no receiver takes: then the frame has no field above Ethernet."""
        w = self.world
        if not w.lies or not w.maybe(20):
            return data
        kind = w.pick("ihl-short", "ihl-long", "total-short", "total-long", "cut")
        if kind == "ihl-short":
            data = put(data, 0, bytes([0x40 | w.random.randrange(5)]))
        elif kind == "ihl-long":
            data = put(data, 0, b"\x4f")[:59]
            data = put(data, 2, struct.pack("!H", len(data)))
        elif kind == "total-short":
            data = put(data, 2, struct.pack("!H", w.random.randrange((data[0] & 15) * 4)))
        elif kind == "total-long":
            data = put(data, 2, struct.pack("!H", len(data) + w.random.randrange(1, 100)))
            self.no_padding = True
        else:
            data = data[:w.random.randrange(20)]
            self.no_padding = True
        self.forget_network("ipv4-" + kind)
        return data

    def forget_network(self, why):
        self.what.append(why)
        self.unparsed = True
        self.fields = {name: value for name, value in self.fields.items()
                       if name in ("in_port", "dl_dst", "dl_src", "dl_type", "vlan_tci")}
        self.seen(**dict.fromkeys(("nw_tos", "nw_ecn", "nw_ttl", "nw_proto", "nw_frag"), 0))

    def ipv6(self):
        w = self.world
        src, dst, tos, ttl = w.pick(*w.ipv6), w.pick(*w.ipv6), w.pick(*w.tos), w.pick(*w.ttls)
        label = w.pick(*w.labels)
        protocol = w.mostly(w.protocol, TCP, TCP, UDP, UDP, ICMPV6, ICMPV6, ICMPV6, SCTP, ICMP, 59, 255)
        self.seen(ipv6_src=src, ipv6_dst=dst, ipv6_label=label, nw_tos=tos & 0xFC, nw_ecn=tos & 3, nw_ttl=ttl,
                  nw_proto=protocol, nw_frag=0)
        kinds = [w.pick(HOP_BY_HOP, ROUTING, DESTINATION, AH, FRAGMENT)
                 for _ in range(w.pick(0, 0, 0, 1, 2, 3) if w.extensions else 0)]
        if FRAGMENT in kinds and protocol in (ICMPV6, SCTP) and not w.wrong_sums:
            protocol = UDP      # its sum cannot be known
            self.seen(nw_proto=UDP)
        chain, final = [], dst
        for kind in kinds:
            if self.fields["nw_frag"] & 2:
                break
            chain.append((kind, self.extension(kind)))
            if kind == ROUTING and chain[-1][1][3]:
                final = w.random.randbytes(16)      # where it really goes: the checksum is of that
        later = self.fields["nw_frag"] & 2
        body = self.transport(protocol, src + final, later, self.fields["nw_frag"] == 1)
        if later:
            self.seen(nw_proto=FRAGMENT)
        following = protocol
        for kind, data in reversed(chain):
            body = bytes([following]) + data[1:] + body
            following = kind
        header = struct.pack("!IHBB", 6 << 28 | tos << 20 | label, len(body), following, ttl) + src + dst
        return self.lie_ipv6(header + body)

    def extension(self, kind):
        """RFC 8200, 4, and RFC 4302, 2: all but the first byte is right."""
        w = self.world
        self.what.append(f"extension-{kind}")
        if kind == FRAGMENT:
            offset, more = w.pick((0, 1), (185, 0), (185, 1), *[(0, 0)] * w.routed)
            if offset or more:
                self.seen(nw_frag=3 if offset else 1)
                self.what.append("later-fragment" if offset else "first-fragment")
            return struct.pack("!BBHI", 0, 0, offset << 3 | more, w.random.getrandbits(32))
        if kind == AH:
            words = w.pick(4, 6)
            return bytes([0, words - 2]) + w.random.randbytes(words * 4 - 2)
        eights = w.pick(1, 2)
        left = w.pick(0, 1) if kind == ROUTING and w.routed else 0
        return bytes([0, eights - 1, 1 if kind != ROUTING else 0, left]) + bytes(eights * 8 - 4)

    def lie_ipv6(self, data):
        w = self.world
        if not w.lies or not w.maybe(20):
            return data
        kind = w.pick("payload-long", "cut")
        if kind == "payload-long":
            data = put(data, 4, struct.pack("!H", len(data) - 40 + w.random.randrange(1, 100)))
        else:
            data = data[:w.random.randrange(40)]
        self.no_padding = True
        self.forget_network("ipv6-" + kind)
        return data

    def arp(self):
        w = self.world
        operation = w.pick(1, 1, 2, 3, 9) | (0 if w.arp_any else 0x80)
        sha, spa, tha, tpa = w.pick(*w.macs), w.pick(*w.ipv4), w.pick(*w.macs), w.pick(*w.ipv4)
        kind = w.pick("hardware", "protocol", "hln", "pln", "cut") if w.lies and w.maybe(30) else "right"
        fixed = {"hardware": (7, IPV4, 6, 4), "protocol": (1, IPV6, 6, 4), "hln": (1, IPV4, 8, 4),
                 "pln": (1, IPV4, 6, 16)}.get(kind, (1, IPV4, 6, 4))
        data = struct.pack("!HHBBH", *fixed, operation) + sha + spa + tha + tpa
        if kind == "right":
            self.seen(arp_op=operation, arp_sha=sha, arp_spa=spa, arp_tha=tha, arp_tpa=tpa)
            return data
        self.what.append("arp-" + kind)
        self.seen(arp_op=0, arp_sha=bytes(6), arp_spa=bytes(4), arp_tha=bytes(6), arp_tpa=bytes(4))
        if kind == "cut":
            self.no_padding = True
            data = data[:w.random.randrange(28)]
        return data

    # -- Ethernet

    def ethernet(self):
        """The whole frame."""
        w = self.world
        dst, src = w.pick(*w.macs), w.pick(*w.macs[:3])
        self.no_padding = False
        tags = w.pick(0, 0, 0, 1, 1, 1)
        tag_type, tci = w.pick(0x8100, 0x8100, 0x8100, 0x88A8), w.random.randrange(8) << 13 | w.pick(*w.vids)
        tci |= PRESENT if w.dei and w.maybe(50) else 0
        self.seen(dl_dst=dst, dl_src=src, vlan_tci=tci | PRESENT if tags else 0)
        kind = w.mostly(w.ethertype, *[IPV4] * 8, *[IPV6] * 6, *[ARP] * 3, RARP, 0x8863, 0x88CC, w.random.randrange(0x600, 0x800),
                      "802.3", "802.3-snap", "802.3-other-snap")
        body = self.typed(kind)
        if tags:
            body = struct.pack("!HH", tag_type, tci) + body
        if not self.no_padding and w.maybe(40):
            body += bytes(w.pick(1, 4, 18, 46))
        self.data = dst + src + body
        return self

    def typed(self, kind):
        """Type and what is behind."""
        w = self.world
        if kind in (IPV4, IPV6, ARP):
            self.seen(dl_type=kind)
            return struct.pack("!H", kind) + {IPV4: self.ipv4, IPV6: self.ipv6, ARP: self.arp}[kind]()
        if isinstance(kind, int):
            self.seen(dl_type=kind)
            return struct.pack("!H", kind) + self.payload()
        self.what.append(kind)
        if kind == "802.3":
            self.seen(dl_type=0x05FF)
            return struct.pack("!H", 50) + b"\x42\x42\x03" + bytes(47)
        if kind == "802.3-snap":
            inner = self.typed(w.pick(IPV4, ARP, 0x809B))
            return struct.pack("!H", 6 + len(inner)) + b"\xaa\xaa\x03\0\0\0" + inner
        self.seen(dl_type=0x05FF)
        return struct.pack("!H", 40) + w.pick(b"\xaa\xaa\x03\0\0\x0c\x20\0", b"\xaa\xaa\x03\0\0\0\x05\xff") + bytes(32)
