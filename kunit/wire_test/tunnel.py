# SPDX-License-Identifier: GPL-2.0
"""Tunnels and ESP by hand: what orders them, what they look like on the wire.

Written from proto/README.md, RFC 7348, 3948, 4106 and 4303, and on libcrypto's
AES-GCM; shares nothing with the code under test.
"""
import ctypes
import struct

from frames import NORMAL, SET_SA, control, ethernet, ip, ipv4, mac, output

VXLAN_PORT, ESP_PORT = 4789, 4500
OUT, IN = 1, 2


# ---- orders -----------------------------------------------------------------

def vxlan_encap(vni, dst, src, dl_dst, dl_src, port=0, ttl=0, tos=0, flags=0):
    return struct.pack("!HH6s6s4s12x4s12xIIHBBB3x", 0x1001, 64, mac(dl_dst), mac(dl_src), ip(dst), ip(src),
                       0, vni, port, ttl, tos, flags)


def vxlan_decap():
    return struct.pack("!HHxxxx", 0x1002, 8)


def encrypt(spi):
    return struct.pack("!HHI", 0x1011, 8, spi)


def decrypt():
    return struct.pack("!HHxxxx", 0x1012, 8)


def onward():
    """Ends the way: what gained or lost a layer is not looked up again."""
    return output(NORMAL)


# name: class, field, length (proto/README.md)
NXM = {"in_port": (0, 0, 2), "dl_type": (0, 3, 2), "nw_proto": (0, 6, 1), "ipv6_dst": (1, 20, 16),
       "udp_dst": (0, 12, 2), "tcp_dst": (0, 10, 2), "tcp_flags": (1, 34, 2), "nd_tll": (1, 25, 6), "icmpv6_type": (1, 21, 1), "nd_target": (1, 23, 16), "tun_id": (1, 16, 8), "tun_src": (1, 31, 4), "tun_dst": (1, 32, 4),
       "nw_src": (0x4356, 3, 4), "nw_dst": (0x4356, 4, 4), "tp_src": (0x4356, 6, 2), "tp_dst": (0x4356, 7, 2),
       "tun_type": (0x4356, 0, 1), "sa": (0x4356, 1, 4), "of_pass": (0x4356, 2, 1)}


def nxt_flow_mod(actions=(), priority=100, **fields):
    """An ADD with what ofp_match cannot say."""
    match = b""
    for name, value in fields.items():
        kind, field, length = NXM[name]
        if isinstance(value, str):      # an address, maybe with a prefix
            address, _, bits = value.partition("/")
            mask = (0xFFFFFFFF << 32 - int(bits or 32) & 0xFFFFFFFF).to_bytes(4, "big")
            match += struct.pack("!HBB4s4s", kind, field << 1 | 1, 8, ip(address), mask)
        else:
            match += struct.pack("!HBB", kind, field << 1, length) + value.to_bytes(length, "big")
    body = struct.pack("!IIQHHHHIHHH6x", 0x2320, 13, 0, 0, 0, 0, priority, 0xFFFFFFFF, 0xFFFF, 0, len(match))
    body += match + bytes(-len(match) % 8) + b"".join(actions)
    return struct.pack("!BBHI", 1, 4, 8 + len(body), 0) + body


class SA:
    """A security association, and the cipher with its key."""

    def __init__(self, spi, src, dst, bits=128, udp=False):
        self.spi, self.src, self.dst, self.udp = spi, src, dst, udp
        self.key = bytes((spi * 7 + i * 13) & 255 for i in range(bits // 8))
        self.salt = bytes((spi + i) & 255 for i in (0xC0, 0xC1, 0xC2, 0xC3))

    def order(self, direction):
        """SET_SA."""
        port = ESP_PORT if self.udp else 0
        return control(SET_SA, struct.pack("!BBHIHH", direction, len(self.key), 0, self.spi, port, port)
                       + self.salt + self.key)

    def esp(self, seq, next_header, payload, padding=None, pad_len=None, bits=None):
        """An ESP packet (RFC 4303, 2); the padding may lie."""
        if padding is None:
            padding = bytes(range(1, 1 + -(len(payload) + 2) % 4))
        head = struct.pack("!II", self.spi, seq)
        iv = struct.pack("!Q", 0x1122334400000000 | seq)
        trailer = padding + bytes([len(padding) if pad_len is None else pad_len, next_header])
        return head + iv + seal(self.key, self.salt + iv, head, payload + trailer)

    def frame(self, packet, dst_mac, src_mac):
        """An ESP packet in the form the SA has, as a frame."""
        payload, proto = packet, 50
        if self.udp:
            payload, proto = struct.pack("!HHHH", ESP_PORT, ESP_PORT, 8 + len(packet), 0) + packet, 17
        return ethernet(dst_mac, src_mac, 0x0800, ipv4(self.src, self.dst, proto, payload))

    def xfrm_key(self):
        return "0x" + (self.key + self.salt).hex()


# ---- on the wire ------------------------------------------------------------

def vxlan(vni, inner, flags=0x08, reserved=0, reserved2=0):
    return struct.pack("!II", flags << 24 | reserved, vni << 8 | reserved2) + inner


def udp_bare(sport, dport, payload, length=None, check=0):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload) if length is None else length, check) + payload


# ---- AES-GCM ----------------------------------------------------------------

GCM_GET_TAG = 0x10
_crypto = None


def crypto():
    global _crypto
    if not _crypto:
        _crypto = ctypes.CDLL("libcrypto.so.3")
        for name in ("EVP_aes_128_gcm", "EVP_aes_256_gcm", "EVP_CIPHER_CTX_new"):
            getattr(_crypto, name).restype = ctypes.c_void_p
    return _crypto


def seal(key, nonce, aad, data):
    """Ciphertext and tag."""
    lib = crypto()
    context = ctypes.c_void_p(lib.EVP_CIPHER_CTX_new())
    cipher = ctypes.c_void_p(lib.EVP_aes_128_gcm() if len(key) == 16 else lib.EVP_aes_256_gcm())
    out, tag, n = ctypes.create_string_buffer(len(data) + 16), ctypes.create_string_buffer(16), ctypes.c_int()
    good = (lib.EVP_EncryptInit_ex(context, cipher, None, key, nonce),
            lib.EVP_EncryptUpdate(context, None, ctypes.byref(n), aad, len(aad)),
            lib.EVP_EncryptUpdate(context, out, ctypes.byref(n), data, len(data)),
            lib.EVP_EncryptFinal_ex(context, ctypes.create_string_buffer(16), ctypes.byref(n)),
            lib.EVP_CIPHER_CTX_ctrl(context, GCM_GET_TAG, 16, tag))
    lib.EVP_CIPHER_CTX_free(context)
    assert all(result == 1 for result in good), good
    return out.raw[:len(data)] + tag.raw
