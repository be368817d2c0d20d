# SPDX-License-Identifier: GPL-2.0
"""Random flow_mods that hit the frames of a world, as ofp_flow_mod and NXT_FLOW_MOD.

Both switches get the same bytes.  Written from OpenFlow 1.0.0, ovs-fields(7) and ovs-actions(7).
"""
import struct

from packets import (ARP, ICMP, ICMPV6, IPV4, IPV6, ND_ADVERT, ND_SOLICIT, PRESENT, SCTP, TCP, UDP)

ADD, MODIFY, MODIFY_STRICT, DELETE, DELETE_STRICT = range(5)
COMMANDS = ("add", "modify", "modify_strict", "delete", "delete_strict")
CHECK_OVERLAP = 2
HOST, NET, IN_PORT, NONE = 1, 2, 0xFFF8, 0xFFFF
ALL_TABLES = 0xFF


class Field:
    def __init__(self, header, bits, maskable=True, needs=lambda m: True, size=0, whole=False):
        """@whole: Open vSwitch reads zero there, so that it can only be written as a whole."""
        self.oxm_class, self.number = header
        self.bits, self.bytes = bits, size or (bits + 7) // 8
        self.maskable, self.needs, self.whole = maskable, needs, whole

    def all(self):
        return (1 << self.bits) - 1


def of_type(*types):
    return lambda named: named.get("dl_type") in types


def of_protocol(*protocols):
    """(EtherTypes, IP protocol) pairs."""
    return lambda named: any(named.get("dl_type") in types and named.get("nw_proto") == protocol
                             for types, protocol in protocols)


def neighbor(*kinds):
    return lambda named: (is_icmpv6(named) and named.get("icmpv6_type") in kinds and
                          named.get("icmpv6_code", 0) == 0)


is_ip, is_ipv4, is_ipv6, is_arp = of_type(IPV4, IPV6), of_type(IPV4), of_type(IPV6), of_type(ARP)
is_tcp, is_udp, is_sctp = (of_protocol(((IPV4, IPV6), protocol)) for protocol in (TCP, UDP, SCTP))
is_icmp, is_icmpv6 = of_protocol(((IPV4,), ICMP)), of_protocol(((IPV6,), ICMPV6))

# In the order in which what one needs comes before it.
FIELDS = {
    "in_port": Field((0, 0), 16, False),
    "dl_dst": Field((0, 1), 48),
    "dl_src": Field((0, 2), 48),
    "dl_type": Field((0, 3), 16, False),
    "vlan_tci": Field((0, 4), 16),
    "tun_id": Field((1, 16), 64),
    "tun_src": Field((1, 31), 32),      # see differences.py
    "tun_ipv6_src": Field((1, 109), 128),
    "tun_ipv6_dst": Field((1, 110), 128),
    "metadata": Field((0x8000, 2), 64),
    "reg0": Field((1, 0), 32),
    "reg15": Field((1, 15), 32),
    "nw_tos": Field((0, 5), 8, False, is_ip),
    "nw_ecn": Field((1, 28), 8, False, is_ip),
    "nw_ttl": Field((1, 29), 8, False, is_ip),
    "nw_frag": Field((1, 26), 8, True, is_ip),
    "nw_proto": Field((0, 6), 8, False, is_ip),
    "nw_src": Field((0, 7), 32, True, is_ipv4),
    "nw_dst": Field((0, 8), 32, True, is_ipv4),
    "ipv6_src": Field((1, 19), 128, True, is_ipv6),
    "ipv6_dst": Field((1, 20), 128, True, is_ipv6),
    "ipv6_label": Field((1, 27), 20, True, is_ipv6, size=4),
    "arp_op": Field((0, 15), 8, False, is_arp, size=2),     # the low byte: Open vSwitch keeps no more
    "arp_spa": Field((0, 16), 32, True, is_arp),
    "arp_tpa": Field((0, 17), 32, True, is_arp),
    "arp_sha": Field((1, 17), 48, True, is_arp),
    "arp_tha": Field((1, 18), 48, True, is_arp),
    "tcp_src": Field((0, 9), 16, True, is_tcp),
    "tcp_dst": Field((0, 10), 16, True, is_tcp),
    "tcp_flags": Field((1, 34), 12, True, is_tcp),
    "udp_src": Field((0, 11), 16, True, is_udp),
    "udp_dst": Field((0, 12), 16, True, is_udp),
    "sctp_src": Field((0x8000, 17), 16, True, is_sctp),
    "sctp_dst": Field((0x8000, 18), 16, True, is_sctp),
    "icmp_type": Field((0, 13), 8, False, is_icmp),
    "icmp_code": Field((0, 14), 8, False, is_icmp),
    "icmpv6_type": Field((1, 21), 8, False, is_icmpv6),
    "icmpv6_code": Field((1, 22), 8, False, is_icmpv6),
    "nd_target": Field((1, 23), 128, True, neighbor(ND_SOLICIT, ND_ADVERT)),
    "nd_sll": Field((1, 24), 48, True, neighbor(ND_SOLICIT)),
    "nd_tll": Field((1, 25), 48, True, neighbor(ND_ADVERT)),
}

# Beside the frame, for its later lookups.
REGISTERS = {name: FIELDS[name] for name in ("metadata", "reg0", "reg15")}

# What move and load know.
WRITABLE = {
    **REGISTERS,
    "eth_dst": Field((0, 1), 48),
    "eth_src": Field((0, 2), 48),
    "vlan_tci": Field((0, 4), 16),
    "nw_tos": Field((0, 5), 8, False, is_ip),
    **{name: FIELDS[name] for name in (
        "nw_ttl", "nw_src", "nw_dst", "ipv6_src", "ipv6_dst", "ipv6_label", "tcp_src", "tcp_dst", "udp_src", "udp_dst",
        "icmp_type", "icmp_code", "icmpv6_type", "icmpv6_code", "nd_target", "nd_sll", "nd_tll",
        "arp_spa", "arp_tpa", "arp_sha", "arp_tha")},
    "arp_op": Field((0, 15), 6, True, is_arp, size=2),      # Open vSwitch makes 65535 of 255, and nothing of 0
    "nd_reserved": Field((0x1000, 1), 32, True, neighbor(ND_SOLICIT, ND_ADVERT), whole=True),
    "nd_options_type": Field((0x1000, 2), 8, True, neighbor(ND_SOLICIT, ND_ADVERT), whole=True),
}
CHANGES_PORTS = {TCP: ("tcp_src", "tcp_dst"), UDP: ("udp_src", "udp_dst"), SCTP: ("sctp_src", "sctp_dst"),
                 ICMP: ("icmp_type", "icmp_code"), ICMPV6: ("icmpv6_type", "icmpv6_code")}


def number(value):
    return int.from_bytes(value, "big") if isinstance(value, bytes) else value


class Match:
    """Name to (value, mask), of FIELDS; a mask of all bits is an exact one."""

    def __init__(self, fields):
        self.fields = {name: fields[name] for name in FIELDS if name in fields}

    def named(self):
        """Of the fields without wildcards, the values; not of a protocol that later fragments do not show."""
        named = {name: value for name, (value, mask) in self.fields.items() if mask == FIELDS[name].all()}
        if self.fields.get("nw_frag", (0, 0))[0] & 2:
            named.pop("nw_proto", None)
        return named

    def nxm(self):
        data = b""
        for name, (value, mask) in self.fields.items():
            field = FIELDS[name]
            exact = mask == field.all()
            words = value.to_bytes(field.bytes, "big") + (b"" if exact else mask.to_bytes(field.bytes, "big"))
            data += struct.pack("!HBB", field.oxm_class, field.number << 1 | (not exact), len(words)) + words
        return data

    def ofp10(self):
        """An ofp_match, or None if it cannot say that."""
        wild = (1 << 22) - 1
        values = dict.fromkeys(("in_port", "dl_dst", "dl_src", "dl_type", "dl_vlan", "dl_vlan_pcp", "nw_tos", "nw_proto",
                                "nw_src", "nw_dst", "tp_src", "tp_dst"), 0)
        bits = {"in_port": 0, "dl_src": 2, "dl_dst": 3, "dl_type": 4, "nw_proto": 5, "tp_src": 6, "tp_dst": 7, "nw_tos": 21}
        called = {"arp_op": "nw_proto", "arp_spa": "nw_src", "arp_tpa": "nw_dst", **{
            name: ("tp_src", "tp_dst")[i] for protocol in CHANGES_PORTS
            for i, name in enumerate(CHANGES_PORTS[protocol])}}
        for field, (value, mask) in self.fields.items():
            name, exact = called.get(field, field), mask == FIELDS[field].all()
            if name == "vlan_tci":
                if (value, mask) in ((0, 0xFFFF), (0, PRESENT)):
                    values["dl_vlan"], clear = 0xFFFF, 1 << 1 | 1 << 20
                elif value & mask & PRESENT and mask in (0xFFFF, 0x1FFF, 0xF000):
                    clear = (mask & 0xFFF and 1 << 1) | (mask & 0xE000 and 1 << 20)
                    values["dl_vlan"], values["dl_vlan_pcp"] = value & 0xFFF, value >> 13
                else:
                    return None
                wild &= ~clear
            elif name in ("nw_src", "nw_dst"):
                free = mask ^ 0xFFFFFFFF
                if free & (free + 1):
                    return None
                shift = 8 if name == "nw_src" else 14
                wild = wild & ~(63 << shift) | free.bit_length() << shift
                values[name] = value
            elif name in bits and exact:
                wild &= ~(1 << bits[name])
                values[name] = value
            else:
                return None
        v = values
        return struct.pack("!IH6s6sHBxHBBxxIIHH", wild, v["in_port"], v["dl_src"].to_bytes(6, "big"),
                           v["dl_dst"].to_bytes(6, "big"), v["dl_vlan"], v["dl_vlan_pcp"], v["dl_type"], v["nw_tos"],
                           v["nw_proto"], v["nw_src"], v["nw_dst"], v["tp_src"], v["tp_dst"])


class FlowMod:
    """@actions: (name, bytes) each; @implied: where a list without output sends its frames in CVSW.
    @table: as Nicira's extension has it, in the upper half of the command."""

    def __init__(self, match, actions=(), priority=100, command=ADD, cookie=0, flags=0, out_port=NONE, implied=None,
                 extended=True, table=0):
        self.match, self.actions, self.priority, self.command = match, list(actions), priority, command
        self.cookie, self.flags, self.out_port, self.implied = cookie, flags, out_port, implied
        self.extended = extended or match.ofp10() is None
        self.table = table

    def encode(self, explicit=False):
        """@explicit: say where a list without output sends its frames."""
        # To nowhere, which ends a list in CVSW and which Open vSwitch refuses.
        actions = b"".join(data for name, data in self.actions if not explicit or name != output(NONE)[0])
        if explicit and self.implied:
            actions += output(self.implied)[1]
        middle = struct.pack("!BBHHHIHH", self.table, self.command, 0, 0, self.priority, 0xFFFFFFFF, self.out_port, self.flags)
        if not self.extended:
            body = self.match.ofp10() + struct.pack("!Q", self.cookie) + middle + actions
            return struct.pack("!BBHI", 1, 14, 8 + len(body), 0) + body
        match = self.match.nxm()
        body = struct.pack("!IIQ", 0x2320, 13, self.cookie) + middle + struct.pack("!H6x", len(match)) + match
        body += bytes(-len(match) % 8) + actions
        return struct.pack("!BBHI", 1, 4, 8 + len(body), 0) + body

    def __str__(self):
        match = ",".join(f"{name}={value:#x}" + ("" if mask == FIELDS[name].all() else f"/{mask:#x}")
                         for name, (value, mask) in self.match.fields.items())
        form = "nxm" if self.extended else "ofp10"
        more = (f" out_port={self.out_port:#x}" if self.out_port != NONE else "") + \
               (" check_overlap" if self.flags & CHECK_OVERLAP else "")
        actions = ",".join(name for name, _ in self.actions) or "drop"
        if self.table:
            more += f" table={self.table}"
        return (f"{COMMANDS[self.command]} ({form}) cookie={self.cookie:#x}{more} priority={self.priority},{match} "
                f"actions={actions}")


# ---- actions

def basic(kind, layout, *values):
    data = struct.pack("!" + layout, *values)
    return struct.pack("!HH", kind, 4 + len(data)) + data


def output(port):
    return f"output:{port:#x}", basic(0, "HH", port, 0)


def resubmit(table, port=IN_PORT):
    return f"resubmit({port:#x},{table})", struct.pack("!HHIHHB3x", 0xFFFF, 16, 0x2320, 14, port, table)


def header(field):
    return field.oxm_class << 16 | field.number << 9 | field.bytes


class Generator:
    def __init__(self, world, packets):
        self.world, self.random, self.packets = world, world.random, packets
        self.priorities = list(range(10, 60000))
        self.cookie = 0
        # A delete that looks at outputs cannot be told of one that is only implied.
        self.implies = world.maybe(50)
        self.tables = world.pick(1, 1, 2, 4, 8)
        self.shared = set()     # priorities that may have more than one flow

    # -- matches

    def fields_of(self, packet):
        """The packet's fields by the names of FIELDS, as numbers."""
        found = {name: number(value) for name, value in packet.fields.items() if name in FIELDS}
        found |= dict.fromkeys(("tun_id", "tun_ipv6_src", "tun_ipv6_dst", "metadata", "reg0", "reg15"), 0)
        pair = CHANGES_PORTS.get(found.get("nw_proto"))
        if pair:
            found[pair[0]] = number(packet.fields.get("tp_src", 0))
            found[pair[1]] = number(packet.fields.get("tp_dst", 0))
        if "tcp_src" in found:
            found.setdefault("tcp_flags", 0)
        if self.tables > 1:
            found |= {name: self.random.randrange(4) for name in REGISTERS}
        return found

    def mask(self, field):
        """Of some form; seldom of no bit."""
        kind = self.random.randrange(8)
        if kind < 4 or not field.maskable:
            return field.all()
        if kind < 6:
            return field.all() ^ ((1 << self.random.randrange(field.bits)) - 1)
        if kind == 6:
            return self.random.getrandbits(field.bits) or 1
        return 1 << self.random.randrange(field.bits)

    # How often a field is matched beside others, in percent.
    SHARE = {"in_port": 70, "vlan_tci": 20, "tun_id": 3, "tun_ipv6_src": 3, "tun_ipv6_dst": 3, "metadata": 3,
             "reg0": 3, "reg15": 3, "dl_type": 30,
             "nw_proto": 30, "icmpv6_type": 30}
    NAMES = "dl_type", "nw_proto", "icmpv6_type"

    def chosen_fields(self, found):
        """Names of fields to match: some, and what they need."""
        chosen = {name for name in found
                  if self.world.maybe(25 if name in REGISTERS and self.tables > 1 else self.SHARE.get(name, 8))}
        if self.world.maybe(80):
            deep = [name for name in found if not FIELDS[name].needs({"dl_type": found["dl_type"]})]
            deep += [name for name in deep if name.startswith("nd_")] * 2
            chosen.add(self.random.choice([name for name in found if name not in self.SHARE] + 3 * deep))
        if self.world.maybe(40):
            chosen |= set(self.NAMES) & set(found)
        # Open vSwitch remembers a neighbor message of another code so that one of code 0 meets it.
        if self.world.lies or self.tables > 1:
            chosen -= {"nd_target", "nd_sll", "nd_tll"}     # an option that lies hides them, or not
        needy = {name for name in chosen if not FIELDS[name].needs({})}
        for name in self.NAMES:
            if name in found and any(not FIELDS[other].needs({key: found[key] for key in chosen & set(self.NAMES)})
                                     for other in needy):
                chosen.add(name)
        return chosen

    def random_match(self, packet):
        found = self.fields_of(packet)
        wanted, chosen = self.chosen_fields(found), {}
        for name in FIELDS:
            if name not in wanted or not FIELDS[name].needs(Match(chosen).named()):
                continue
            chosen[name] = self.condition(name, found[name])
        return Match(chosen)

    def condition(self, name, value):
        """Value and mask that a frame with this value meets, mostly."""
        field = FIELDS[name]
        mask = self.mask(field)
        if name in REGISTERS and self.world.maybe(75):
            mask = self.world.pick(1, 2, 3, field.all())
        if name in self.NAMES or name == "in_port":
            return value, field.all()
        if name == "nw_frag":
            # That it is no fragment, or a later one, has one form in CVSW.
            mask = self.world.pick(field.all(), field.all(), *([1] if value & 1 else []), *([2] if not value & 2 else []))
            return value & mask, mask
        if self.world.maybe(4) and name not in ("metadata", "reg0", "reg15", "tun_id", "tun_ipv6_src", "tun_ipv6_dst"):
            value ^= 1 << self.random.randrange(field.bits)
        if name == "vlan_tci":
            return self.tci(value, mask)
        if name == "tun_id":
            return 0, mask & 0xFFFFFFFF or field.all()      # in CVSW its upper half is zero without being asked
        if name == "nw_tos":
            value &= 0xFC
        if name == "nw_ecn":
            value &= 3
        return value & mask, mask

    def tci(self, value, mask):
        if self.world.maybe(50):
            mask = self.world.pick(0x1FFF, 0xF000, 0xFFFF, PRESENT)
        if value:
            value |= PRESENT
        # That there is no tag has one form in CVSW, and is said in one here.
        return (value & mask, mask) if value or not mask & PRESENT else (0, 0xFFFF)

    # -- actions

    def rewriting(self, match):
        """One action that the match allows."""
        w, named = self.world, {} if self.world.lies else match.named()
        kind = self.random.randrange(2 if w.dei else 0, 22)
        if w.lies and 5 <= kind < 10 or w.later and kind in (5, 6):
            kind = 3
        has_ports = is_tcp(named) or is_udp(named) or is_sctp(named) and not w.wrong_sums
        if has_ports and w.maybe(20):
            kind = w.pick(8, 9)
        if kind in (8, 9) and not has_ports:
            kind = 12       # Open vSwitch changes ICMP's type and code by it
        if kind < 10:
            return self.of10(kind)
        if kind in (10, 11) and is_ip(named):
            return "dec_ttl", struct.pack("!HHIH6x", 0xFFFF, 16, 0x2320, 18)
        fields = [name for name, field in WRITABLE.items()
                  if field.needs(named) and name not in self.unalike() and (name not in REGISTERS or w.maybe(30))]
        fields += [name for name in fields if not WRITABLE[name].needs({})] * 3
        # The deeper, the fewer flows can have it.
        fields += [name for name in fields if not WRITABLE[name].needs({"dl_type": named.get("dl_type")})] * 2
        fields += [name for name in fields if name.startswith("nd_")] * 8
        dst = w.pick(*fields)
        if kind < 17:
            return self.load(dst)
        return self.move(w.pick(*[name for name in fields if not WRITABLE[name].whole and (
            not WRITABLE[dst].whole or WRITABLE[name].bits >= WRITABLE[dst].bits)]), dst)

    def unalike(self):
        """Fields that Open vSwitch writes otherwise in frames of this world."""
        names = []
        w = self.world
        if w.later:
            names += ["nw_src", "nw_dst", "icmp_type", "icmp_code", "tcp_src", "tcp_dst", "udp_src", "udp_dst"]
        if w.wrong_sums or w.extensions or w.nd_any:
            names += ["nd_reserved", "nd_options_type"]
        names += ["nd_sll", "nd_tll"] if w.nd_types else ["nd_options_type"]
        if w.nd_any:
            names += ["nd_target", "nd_sll", "nd_tll"]
        if w.arp_any:
            names.append("arp_op")
        if w.routed:
            names += ["ipv6_src", "ipv6_dst"]
        if w.dei:
            names.append("vlan_tci")
        return names

    @staticmethod
    def without_waiting_bits(actions):
        """Not what leaves bits of a tag, or its type, waiting in Open vSwitch for what follows."""
        def about_tag(name):
            return "vlan" in name

        def leaves(name):
            whole = name.endswith("->vlan_tci[0..15]") and name.startswith("load:") and int(name[5:].partition("-")[0], 0) & PRESENT
            return "->vlan_tci" in name and not whole
        if sum(about_tag(name) for name, _ in actions) > 1:
            return [action for action in actions if not leaves(action[0])]
        return actions

    def of10(self, kind):
        w, r = self.world, self.random
        vid, pcp, tos, port = w.pick(*w.vids), r.randrange(8), r.getrandbits(6) << 2, w.pick(*w.ports)
        mac, address = w.pick(*w.macs), w.pick(*w.ipv4)
        return (
            (f"mod_vlan_vid:{vid}", basic(1, "H2x", vid)),
            (f"mod_vlan_pcp:{pcp}", basic(2, "B3x", pcp)),
            ("strip_vlan", basic(3, "4x")),
            (f"mod_dl_src:{mac.hex(':')}", basic(4, "6s6x", mac)),
            (f"mod_dl_dst:{mac.hex(':')}", basic(5, "6s6x", mac)),
            (f"mod_nw_src:{address.hex()}", basic(6, "4s", address)),
            (f"mod_nw_dst:{address.hex()}", basic(7, "4s", address)),
            (f"mod_nw_tos:{tos}", basic(8, "B3x", tos)),
            (f"mod_tp_src:{port}", basic(9, "H2x", port)),
            (f"mod_tp_dst:{port}", basic(10, "H2x", port)),
        )[kind]

    def span(self, field, limit=128):
        """Offset and count of bits of a field; mostly all."""
        count = min(field.bits, limit)
        if self.world.maybe(50) and not field.whole:
            count = self.random.randrange(1, count + 1)
        return self.random.randrange(field.bits - count + 1), count

    def load(self, dst):
        field = WRITABLE[dst]
        ofs, count = self.span(field, 64)
        value = self.random.getrandbits(count)
        return (f"load:{value:#x}->{dst}[{ofs}..{ofs + count - 1}]",
                struct.pack("!HHIHHIQ", 0xFFFF, 24, 0x2320, 7, ofs << 6 | count - 1, header(field), value))

    def move(self, src, dst):
        a, b = WRITABLE[src], WRITABLE[dst]
        to, count = self.span(b)
        count = min(count, a.bits)
        at = self.random.randrange(a.bits - count + 1)
        return (f"move:{src}[{at}..{at + count - 1}]->{dst}[{to}..{to + count - 1}]",
                struct.pack("!HHIHHHHII", 0xFFFF, 24, 0x2320, 6, count, at, to, header(a), header(b)))

    def told(self):
        """An action that tells later lookups something: a few bits, or bits of the frame."""
        w = self.world
        name = w.pick(*REGISTERS)
        if w.maybe(30):
            return self.move(w.pick("eth_src", "eth_dst", *REGISTERS), name)
        ofs, value, field = self.random.randrange(2), self.random.randrange(4), REGISTERS[name]
        return (f"load:{value:#x}->{name}[{ofs}..{ofs + 1}]",
                struct.pack("!HHIHHIQ", 0xFFFF, 24, 0x2320, 7, ofs << 6 | 1, header(field), value))

    def pipeline(self, table):
        """A list with lookups in tables behind its own.  What it says of the frame both switches see alike."""
        w, mac = self.world, self.world.pick(*self.world.macs)
        actions = [w.pick(self.told(), self.told(), (f"mod_dl_dst:{mac.hex(':')}", basic(5, "6s6x", mac)))
                   for _ in range(self.random.randrange(4))]
        for _ in range(w.pick(0, 0, 1)):
            actions.insert(self.random.randrange(len(actions) + 1), output(w.pick(HOST, NET, IN_PORT)))
        lookups = [resubmit(self.random.randrange(table + 1, self.tables), w.pick(IN_PORT, IN_PORT, HOST, NET))
                   for _ in range(w.pick(1, 1, 2))]
        for lookup in lookups[1:]:
            actions.insert(self.random.randrange(len(actions) + 1), lookup)
        # Some go on behind the last one.
        return [*actions, lookups[0], *([output(w.pick(HOST, NET, IN_PORT))] if w.maybe(30) else [])]

    def actions(self, match, table=0):
        """The list, and where it sends frames by itself if it has no output."""
        if self.tables > 1 and table < self.tables - 1 and self.world.maybe(50):
            return self.pipeline(table), None
        actions, implied = self.single(match)
        if self.tables == 1:
            return actions, implied
        # A tag makes a frame longer for the counters of flows that it comes to later; a frame whose TTL has
        # ended goes on in Open vSwitch behind the resubmit.
        actions = [action for action in actions if "vlan" not in action[0] and action[0] != "dec_ttl"]
        # Of several tables the last one decides in CVSW, of which Open vSwitch knows nothing.
        return [*actions, output(NONE)] if actions else [], None

    def single(self, match):
        """Of a list that does not lead to other tables."""
        w = self.world
        actions = [self.rewriting(match) for _ in range(w.pick(0, 1, 1, 1, 2, 3, 5))]
        actions = self.without_waiting_bits(actions)
        outputs = w.pick(0, 0, 0, 1, 2, 4)
        for _ in range(outputs):
            actions.insert(self.random.randrange(len(actions) + 1), output(w.pick(HOST, NET, IN_PORT)))
        in_port = match.named().get("in_port")
        end = self.random.randrange(100)
        if end < 6:
            return [], None
        if end < 14:
            return [*actions, output(IN_PORT)], None
        if end < 17 or not in_port:
            return [*actions, output(w.pick(HOST, NET))], None
        if end < 60 and actions and outputs:
            return actions, None
        if end < 60 and actions and self.implies:
            return actions, 3 - in_port
        return [*actions, output(3 - in_port)], None

    # -- flow_mods

    def priority(self, match):
        """One that no flow has; mostly higher for what is met by fewer frames."""
        share = min(len(match.fields), 9) if self.world.maybe(75) else self.random.randrange(10)
        at = share * len(self.priorities) // 10
        return self.priorities.pop(at + self.random.randrange(len(self.priorities) // 10))

    def flow_mod(self, match, **more):
        self.cookie += 1
        return FlowMod(match, cookie=self.cookie, extended=self.world.maybe(35), **more)

    def add(self, **more):
        match = self.random_match(self.world.pick(*self.packets))
        table = self.world.pick(0, self.random.randrange(self.tables))
        actions, implied = self.actions(match, table)
        return self.flow_mod(match, **{"actions": actions, "implied": implied, "priority": self.priority(match),
                                       "table": table, **more})

    def wider(self, match):
        """What covers a match, often."""
        fields = {name: pair for name, pair in match.fields.items() if name != "tun_id" and self.world.maybe(75)}
        for name in match.fields:
            if name in fields and not FIELDS[name].needs(Match(fields).named()):
                del fields[name]
        for name, (value, mask) in fields.items():
            if FIELDS[name].maskable and name not in ("vlan_tci", "nw_frag") and self.world.maybe(20):
                mask &= self.mask(FIELDS[name]) or 1
                if mask:
                    fields[name] = value & mask, mask
        return Match(fields)

    def change(self, flows):
        """A command about flows that are there.  No frame ever has two flows of one priority."""
        w = self.world
        command = w.pick(ADD, ADD, MODIFY, MODIFY_STRICT, DELETE, DELETE_STRICT)
        like = w.pick(*flows)
        if command == ADD and w.maybe(60):
            self.shared.add(like.priority)
            return self.add(priority=like.priority, flags=CHECK_OVERLAP)
        if command in (ADD, MODIFY_STRICT) and like.priority in self.shared:
            command = DELETE_STRICT
        match, priority, table = like.match, like.priority, like.table
        if command in (MODIFY, DELETE):
            match, priority = self.wider(match), self.priority(match)
        actions, implied = ([], None) if command >= DELETE else self.actions(match, table)
        if command == DELETE and w.maybe(30):
            table = ALL_TABLES
        out_port = w.pick(NONE, NONE, HOST, NET, IN_PORT) if command >= DELETE and not self.implies else NONE
        return self.flow_mod(match, command=command, priority=priority, actions=actions, implied=implied,
                             out_port=out_port, table=table)
