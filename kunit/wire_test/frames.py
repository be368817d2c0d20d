# SPDX-License-Identifier: GPL-2.0
"""Frames and control messages by hand, and a small, slow parser of what crossed.

Written from the specifications (proto/README.md, OpenFlow 1.0.0 5.2 and 5.3.3,
RFC 791, 768, 793, 1071, 8200), sharing nothing with the code under test.
"""
import socket
import struct

HOST, NET = 1, 2
BROADCAST = "ff:ff:ff:ff:ff:ff"
CVSW = 0xABBA
HELLO, REGISTER, SET_ENTRY, DELETE_ENTRY, SET_MTU, SET_OFFLOAD, LIST_ENTRIES, SET_SA = range(1, 9)
NORMAL = 0xFFFA


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def mac_text(data):
    return ":".join(f"{byte:02x}" for byte in data)


def ip(text):
    return socket.inet_aton(text)


# ---- control messages -------------------------------------------------------

def control(kind, data=b"", data1=0, dst=BROADCAST, version=2, length=None, pad=True):
    """A control frame; `length` lies about Data2."""
    frame = mac(dst) + bytes([version << 4 | kind, 0]) + struct.pack(
        "!HHH", len(data) if length is None else length, data1, CVSW) + data
    return frame.ljust(60, b"\0") if pad else frame


WILD = {"in_port": 1 << 0, "dl_vlan": 1 << 1, "dl_src": 1 << 2, "dl_dst": 1 << 3, "dl_type": 1 << 4,
        "nw_proto": 1 << 5, "tp_src": 1 << 6, "tp_dst": 1 << 7, "dl_vlan_pcp": 1 << 20, "nw_tos": 1 << 21}
WILD_ALL = (1 << 22) - 1


def match(**fields):
    """An ofp_match; addresses may be "10.0.0.0/8"."""
    wild = WILD_ALL
    values = {"in_port": 0, "dl_src": "0:0", "dl_dst": "0:0", "dl_vlan": 0, "dl_vlan_pcp": 0, "dl_type": 0,
              "nw_tos": 0, "nw_proto": 0, "nw_src": "0.0.0.0", "nw_dst": "0.0.0.0", "tp_src": 0, "tp_dst": 0}
    for name, value in fields.items():
        assert name in values, name
        if name in ("nw_src", "nw_dst"):
            shift = 8 if name == "nw_src" else 14
            value, _, bits = value.partition("/")
            wild = wild & ~(63 << shift) | (32 - int(bits or 32)) << shift
        else:
            wild &= ~WILD[name]
        values[name] = value
    v = values
    return struct.pack("!IH6s6sHBxHBBxx4s4sHH", wild, v["in_port"],
                       mac(v["dl_src"]).ljust(6, b"\0"), mac(v["dl_dst"]).ljust(6, b"\0"),
                       v["dl_vlan"], v["dl_vlan_pcp"], v["dl_type"], v["nw_tos"], v["nw_proto"],
                       ip(v["nw_src"]), ip(v["nw_dst"]), v["tp_src"], v["tp_dst"])


def published(match_bytes):
    """The same ofp_match with addresses as the published driver has them, and version 2 lists them."""
    wild, = struct.unpack_from("!I", match_bytes)
    for shift in 8, 14:
        bits = wild >> shift & 63
        wild = wild & ~(63 << shift) | {0: 31, 32: 63}.get(bits, bits) << shift
    return struct.pack("!I", wild) + match_bytes[4:]


def output(port=NORMAL):
    return struct.pack("!HHHH", 0, 8, port, 0)


def set_vlan_vid(vid):
    return struct.pack("!HHHxx", 1, 8, vid)


def set_vlan_pcp(pcp):
    return struct.pack("!HHBxxx", 2, 8, pcp)


def strip_vlan():
    return struct.pack("!HHxxxx", 3, 8)


def set_dl_src(address):
    return struct.pack("!HH6s6x", 4, 16, mac(address))


def set_dl_dst(address):
    return struct.pack("!HH6s6x", 5, 16, mac(address))


def set_nw_src(address):
    return struct.pack("!HH4s", 6, 8, ip(address))


def set_nw_dst(address):
    return struct.pack("!HH4s", 7, 8, ip(address))


def set_nw_tos(tos):
    return struct.pack("!HHBxxx", 8, 8, tos)


def set_tp_src(port):
    return struct.pack("!HHHxx", 9, 8, port)


def set_tp_dst(port):
    return struct.pack("!HHHxx", 10, 8, port)


def flow_mod(match_bytes, actions=(), priority=100, command=0, cookie=0, idle=0, hard=0, flags=0,
             version=1, kind=14, length=None):
    body = match_bytes + struct.pack("!QHHHHIHH", cookie, command, idle, hard, priority,
                                     0xFFFFFFFF, 0xFFFF, flags) + b"".join(actions)
    total = 8 + len(body)
    return struct.pack("!BBHI", version, kind, total if length is None else length, 0) + body


# ---- data frames ------------------------------------------------------------

def checksum(data):
    """RFC 1071 over big-endian words: zero if the data holds a right one."""
    if len(data) % 2:
        data += b"\0"
    folded = int.from_bytes(data, "big") % 0xFFFF
    # 0xffff and 0 are one value to the remainder, but only all-zero data sums to 0
    if folded == 0 and any(data):
        folded = 0xFFFF
    return 0xFFFF - folded


def ethernet(dst, src, kind, payload, tag=None):
    vlan = b"" if tag is None else struct.pack("!HH", 0x8100, tag)
    return mac(dst) + mac(src) + vlan + struct.pack("!H", kind) + payload


def ipv4(src, dst, proto, payload, tos=0, ttl=64, ident=1, fragment=0, total=None):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(payload) if total is None else total,
                         ident, fragment, ttl, proto, 0, ip(src), ip(dst))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def udp(src, dst, sport, dport, payload):
    header = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    pseudo = ip(src) + ip(dst) + struct.pack("!HH", 17, 8 + len(payload))
    value = checksum(pseudo + header + payload) or 0xFFFF
    return header[:6] + struct.pack("!H", value) + payload


def udp_frame(dst_mac, src_mac, src, dst, sport, dport, payload, tag=None, tos=0):
    return ethernet(dst_mac, src_mac, 0x0800, ipv4(src, dst, 17, udp(src, dst, sport, dport, payload), tos), tag)


# ---- what crossed -----------------------------------------------------------

class Frame:
    """A frame taken apart; `errors` says which lengths and checksums are wrong."""

    def __init__(self, data, time=0):
        self.data, self.time = data, time
        self.dst, self.src = mac_text(data[:6]), mac_text(data[6:12])
        self.tags, self.errors = [], []
        self.nw_src = self.nw_dst = self.proto = self.tos = self.tp_src = self.tp_dst = None
        self.payload = b""
        at = 12
        self.kind, = struct.unpack_from("!H", data, at)
        while self.kind in (0x8100, 0x88A8):
            self.tags.append(struct.unpack_from("!H", data, at + 2)[0])
            at += 4
            self.kind, = struct.unpack_from("!H", data, at)
        rest = data[at + 2:]
        if self.kind == 0x0800:
            self._ipv4(rest)
        elif self.kind == 0x86DD:
            self._ipv6(rest)

    def _ipv4(self, data):
        length = (data[0] & 15) * 4
        total, _, fragment = struct.unpack_from("!HHH", data, 2)
        self.tos, self.proto = data[1], data[9]
        self.nw_src, self.nw_dst = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
        if checksum(data[:length]):
            self.errors.append("IPv4 header checksum")
        if total > len(data):
            return self.errors.append("IPv4 total length")
        if fragment & 0x3FFF == 0:
            self._transport(data[12:20], data[length:total])

    def _ipv6(self, data):
        length, self.proto = struct.unpack_from("!HB", data, 4)
        self.nw_src = socket.inet_ntop(socket.AF_INET6, data[8:24])
        self.nw_dst = socket.inet_ntop(socket.AF_INET6, data[24:40])
        self._transport(data[8:40], data[40:40 + length])

    def _transport(self, addresses, data):
        if self.proto not in (6, 17) or len(data) < 8:
            return
        self.tp_src, self.tp_dst = struct.unpack_from("!HH", data)
        # IPv6's longer pseudo header sums to the same
        pseudo = addresses + struct.pack("!HH", self.proto, len(data) & 0xFFFF)
        none = self.proto == 17 and data[6:8] == b"\0\0"
        if not none and checksum(pseudo + data):
            self.errors.append("TCP checksum" if self.proto == 6 else "UDP checksum")
        self.payload = data[(data[12] >> 4) * 4:] if self.proto == 6 else data[8:]


def read_pcap(data):
    """The frames of a pcap file with nanosecond time stamps."""
    frames, at = [], 24
    assert struct.unpack_from("=I", data)[0] == 0xA1B23C4D
    while at + 16 <= len(data):
        sec, nsec, captured, _ = struct.unpack_from("=IIII", data, at)
        frames.append(Frame(data[at + 16:at + 16 + captured], sec + nsec / 1e9))
        at += 16 + captured
    return frames
