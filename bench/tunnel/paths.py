# SPDX-License-Identifier: GPL-2.0
"""The paths that are compared: how each is set up on its wire, and what its frames look like there.

Outer addresses are 10.0.0.x on the stock wire.  CVSW's guests know nothing of theirs
(192.168.1.x): flows put them on and take them off.
"""
import socket
import struct

from bench import Failed
import frames
from frames import DELETE_ENTRY, HOST, NET, SET_ENTRY, SET_MTU, SET_OFFLOAD, SET_SA

VXLAN_PORT = 4789
ETHERNET_MTU = 1500
# inner MTU = 1500 - outer IPv4 20 - UDP 8 - VXLAN 8 - inner Ethernet 14
VXLAN_MTU = 1450
# ... and of the 1480 bytes behind the outer IPv4: SPI and sequence number 8, IV 8, ICV 16; of
# the 1448 left, 2 for ESP's trailer, 30 for UDP, VXLAN and the inner Ethernet header
ESP_MTU = 1416
KEYS = {"ab": bytes(range(20)), "ba": bytes(range(100, 120))}    # AES-128 and the four bytes of salt
SPI = {"ab": 0x1001, "ba": 0x1002}

SA_OUT, SA_IN = 1, 2
OFFLOADS, INNER_CSUM = 0x1b, 0x20       # all that the device has; and the one that a controller has to ask for


class NotAvailable(Exception):
    """The driver does not know this yet."""


def address_pair(source, destination):
    """As they stand in an IPv4 header."""
    return socket.inet_aton(source) + socket.inet_aton(destination)


class Path:
    """From a to b.  `sender` and `receiver` are the interfaces that frames are sent by and counted at."""
    encrypted = False
    metrics = ("tcp", "pps-64", "pps-1400", "burst-64")

    def __init__(self, name, wire):
        self.name, self.wire = name, wire
        self.own, self.peer = wire.a.address, wire.b.address
        self.sender, self.receiver = wire.a.ifname, wire.b.ifname

    def up(self):
        pass

    def down(self):
        pass

    def addresses(self):
        """As they stand in its frames on the wire, if those are plain."""
        return address_pair(self.own, self.peer)

    @staticmethod
    def wrong(frame):
        """What is wrong with an IPv4 frame on the wire, or None."""
        return None if frame[23] in (socket.IPPROTO_TCP, socket.IPPROTO_UDP) else "neither TCP nor UDP"


class PerFrame(Path):
    """No tunnel, but what every tunnel pays: a frame for each segment, at VXLAN's MTU.  The
    stack still sends giants; they are segmented in software in front of the driver."""
    metrics = ("tcp",)

    def _set(self, mtu, tso):
        for end in self.wire.ends:
            end.ns.ip(f"link set {end.ifname} mtu {mtu}")
        self.wire.a.ns.run("ethtool", "-K", self.wire.a.ifname, "tso", tso)

    def up(self):
        self._set(VXLAN_MTU, "off")

    def down(self):
        self._set(ETHERNET_MTU, "on")


def wrong_vxlan(frame):
    if frame[23] != socket.IPPROTO_UDP:
        return f"IP protocol {frame[23]}, not UDP"
    port, = struct.unpack_from("!H", frame, 36)
    return None if port == VXLAN_PORT else f"UDP port {port}"


def wrong_esp(frame):
    if frame[23] != socket.IPPROTO_ESP:
        return f"IP protocol {frame[23]}, not ESP"
    spi, = struct.unpack_from("!I", frame, 34)
    return None if spi in SPI.values() else f"SPI {spi:#x}"


class KernelVxlan(Path):
    """The kernel's vxlan device, between the addresses 10.0.NET.1 and .2 of the stock wire."""
    metrics = ("tcp", "pps-64", "pps-1400")
    wrong = staticmethod(wrong_vxlan)
    mtu = VXLAN_MTU

    def __init__(self, name, wire, network, more=""):
        super().__init__(name, wire)
        self.device = f"vx{network}"
        self.sender = self.receiver = self.device
        self.outer = [f"10.0.{network}.{i}" for i in (1, 2)]
        inner = [f"10.1.{network}.{i}" for i in (1, 2)]
        self.own, self.peer = inner
        for i, end in enumerate(wire.ends):
            other = wire.ends[1 - i]
            macs = [f"02:00:00:01:{network:02x}:0{k}" for k in (1, 2)]
            end.ns.ip(f"addr replace {self.outer[i]}/24 dev {end.ifname}",
                      f"neigh replace {self.outer[1 - i]} lladdr {other.mac} dev {end.ifname}",
                      f"link add {self.device} address {macs[i]} type vxlan id {network} dstport {VXLAN_PORT} "
                      f"local {self.outer[i]} remote {self.outer[1 - i]} dev {end.ifname} nolearning {more}",
                      f"link set {self.device} mtu {self.mtu} up", f"addr add {inner[i]}/24 dev {self.device}",
                      f"neigh replace {inner[1 - i]} lladdr {macs[1 - i]} dev {self.device}")


class KernelEsp(KernelVxlan):
    """The same under `ip xfrm`: ESP in transport mode around the vxlan device's UDP."""
    encrypted = True
    wrong = staticmethod(wrong_esp)
    mtu = ESP_MTU

    def __init__(self, name, wire, network, more=""):
        super().__init__(name, wire, network, more)
        a, b = self.outer
        for end in wire.ends:
            for way, (source, destination) in (("ab", (a, b)), ("ba", (b, a))):
                out = (way == "ab") == (end is wire.a)
                end.ns.ip(f"xfrm state add src {source} dst {destination} proto esp spi {SPI[way]:#x} reqid 1 "
                          f"mode transport replay-window 64 aead rfc4106(gcm(aes)) 0x{KEYS[way].hex()} 128",
                          f"xfrm policy add src {source}/32 dst {destination}/32 proto udp dport {VXLAN_PORT} "
                          f"dir {'out' if out else 'in'} tmpl src {source} dst {destination} proto esp reqid 1 "
                          "mode transport")


# ---- CVSW's flows, in the wire format of proto/README.md --------------------------------

def vxlan_encap(outer_source, outer_destination, mac_source, mac_destination, vni):
    return struct.pack("!HH6s6s4s12x4s12xIIHBBB3x", 0x1001, 64, frames.mac(mac_destination), frames.mac(mac_source),
                       socket.inet_aton(outer_destination), socket.inet_aton(outer_source), 0, vni,
                       VXLAN_PORT, 64, 0, 0)


def vxlan_decap():
    return struct.pack("!HHxxxx", 0x1002, 8)


def encrypt(spi):
    return struct.pack("!HHI", 0x1011, 8, spi)


def decrypt():
    return struct.pack("!HHxxxx", 0x1012, 8)


def output():
    """Onward, without another lookup (proto/README.md: no output, another pass)."""
    return struct.pack("!HHHH", 0, 8, 0xfffa, 0)


def security_association(direction, spi, key_and_salt):
    return struct.pack("!BBHIHH4s", direction, len(key_and_salt) - 4, 0, spi, 0, 0, key_and_salt[-4:]) + \
        key_and_salt[:-4]


class CvswFlows(Path):
    """By CVSW's flows, which end a has, or both have."""

    def _order(self, end, kind, data=b"", data1=0):
        moved = end.order(frames.control(kind, data, data1=data1))
        if "ctl-applied" not in moved:
            raise NotAvailable(f"the driver does not take it: {', '.join(sorted(moved))}")

    def _add(self, end, actions, **match):
        match = frames.match(dl_type=0x0800, **match)
        self._order(end, SET_ENTRY, frames.flow_mod(match, actions, 100))

    def up(self):
        self.before = [end.counters() for end in self.wire.ends]

    def down(self):
        for end in self.wire.ends:
            self._order(end, DELETE_ENTRY, frames.flow_mod(frames.match(), command=3))
        for end, before in zip(self.wire.ends, self.before):
            now = end.counters()
            drops = {name: now[name] - before[name] for name in now
                     if name.startswith("drop") and now[name] != before[name]}
            if drops:
                raise Failed(f"{self.name}: end {end.side} dropped: {drops}")


class CvswMatch(CvswFlows):
    """One flow at the sender, which sends frames onward as they are: what it costs to find it."""
    metrics = ("burst-64",)
    actions = ()

    def up(self):
        super().up()
        self._add(self.wire.a, [*self.actions, output()], in_port=HOST, nw_dst=self.peer)


class CvswMac(CvswMatch):
    """It gives them another MAC address: what it costs to write at all."""
    actions = (frames.set_dl_dst("02:00:00:00:00:98"),)

    def wrong(self, frame):
        return "not rewritten" if frame[5] != 0x98 else super().wrong(frame)


class CvswRewrite(CvswMatch):
    """And another destination, for which checksums change."""
    told_as = "10.0.99.99"
    actions = (*CvswMac.actions, frames.set_nw_dst(told_as))

    def wrong(self, frame):
        if frame[30:34] != socket.inet_aton(self.told_as) or frame[5] != 0x98:
            return "not rewritten"
        return super().wrong(frame)

    def addresses(self):
        return address_pair(self.own, self.told_as)


class CvswVxlan(CvswFlows):
    """CVSW's own VXLAN.  The MTU comes as from a controller, by SET_MTU."""
    metrics = ("tcp", "pps-64", "pps-1400")
    wrong = staticmethod(wrong_vxlan)
    mtu = VXLAN_MTU
    vni = 77

    def outgoing(self, way, encap):
        return [encap, output()]

    def incoming(self):
        return {"nw_proto": socket.IPPROTO_UDP, "tp_dst": VXLAN_PORT}, [vxlan_decap()]

    def up(self):
        super().up()
        outer = ["192.168.1.1", "192.168.1.2"]
        for i, (end, other) in enumerate((self.wire.ends, self.wire.ends[::-1])):
            encap = vxlan_encap(outer[i], outer[1 - i], end.mac, other.mac, self.vni)
            match, actions = self.incoming()
            self._order(end, SET_MTU, data1=self.mtu)
            self._add(end, self.outgoing(("ab", "ba")[i], encap), in_port=HOST, nw_dst=other.address)
            self._add(end, actions, in_port=NET, nw_src=outer[1 - i], nw_dst=outer[i], **match)

    def down(self):
        for end in self.wire.ends:
            self._order(end, SET_MTU, data1=ETHERNET_MTU)
        super().down()


class CvswVxlanOffload(CvswVxlan):
    """Inner checksums are left to the device, as the bare guest leaves its own."""
    metrics = ("tcp",)

    def up(self):
        super().up()
        for end in self.wire.ends:
            self._order(end, SET_OFFLOAD, data1=OFFLOADS | INNER_CSUM)

    def down(self):
        for end in self.wire.ends:
            self._order(end, SET_OFFLOAD, data1=OFFLOADS)
        super().down()


class CvswEsp(CvswVxlan):
    """ESP around it."""
    encrypted = True
    wrong = staticmethod(wrong_esp)
    mtu = ESP_MTU
    installed = False

    def outgoing(self, way, encap):
        return [encap, encrypt(SPI[way]), output()]

    def incoming(self):
        return {"nw_proto": socket.IPPROTO_ESP}, [decrypt(), vxlan_decap()]

    def up(self):
        # once: an SA is never installed twice
        if not self.installed:
            for way, ends in (("ab", self.wire.ends), ("ba", self.wire.ends[::-1])):
                for end, direction in zip(ends, (SA_OUT, SA_IN)):
                    self._order(end, SET_SA, security_association(direction, SPI[way], KEYS[way]))
            self.installed = True
        super().up()


def cases(stock, cvsw, names=()):
    """In the order of the report, all or those named; on each wire only the case at work sends."""
    known = {
        "stock": lambda name: Path(name, stock),
        "cvsw-no-flows": lambda name: Path(name, cvsw),
        "cvsw-match": lambda name: CvswMatch(name, cvsw),
        "cvsw-mac": lambda name: CvswMac(name, cvsw),
        "cvsw-rewrite": lambda name: CvswRewrite(name, cvsw),
        "per-frame": lambda name: PerFrame(name, stock),
        "kernel-vxlan": lambda name: KernelVxlan(name, stock, 42),
        "kernel-vxlan-nocsum": lambda name: KernelVxlan(name, stock, 43, "noudpcsum"),
        "cvsw-vxlan": lambda name: CvswVxlan(name, cvsw),
        "cvsw-vxlan-offload": lambda name: CvswVxlanOffload(name, cvsw),
        "kernel-esp": lambda name: KernelEsp(name, stock, 44),
        "cvsw-esp": lambda name: CvswEsp(name, cvsw),
    }
    return [make(name) for name, make in known.items() if not names or name in names]
