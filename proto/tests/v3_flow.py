# SPDX-License-Identifier: GPL-2.0 OR MIT
"""flow_mods of version 3, written from proto/VERSION3.md alone."""
import ipaddress
import struct

ADD, MODIFY, MODIFY_STRICT, DELETE, DELETE_STRICT = range(5)
HOST, NET = 1, 2
NORMAL = 0xfffa

# Number and bytes.
FIELDS = {"pass": (1, 1), "sa": (2, 4), "tun_type": (3, 1), "tun_id": (4, 4), "tun_src": (5, 16), "tun_dst": (6, 16),
          "metadata": (7, 8), "in_port": (8, 1), "vlan_tci": (9, 2), "dl_src": (10, 6), "dl_dst": (11, 6),
          "dl_type": (12, 2), "ipv6_src": (13, 16), "ipv6_dst": (14, 16), "ipv6_label": (15, 4), "nw_src": (16, 4),
          "nw_dst": (17, 4), "nw_proto": (18, 1), "nw_tos": (19, 1), "nw_ttl": (20, 1), "nw_frag": (21, 1),
          "tp_src": (22, 2), "tp_dst": (23, 2), "tcp_flags": (24, 2), "nd_target": (25, 16), "hw_src": (26, 6),
          "hw_dst": (27, 6), **{f"reg{i}": (28 + i, 4) for i in range(16)}}


def match(fields):
    """Of a name a number or an address, or a number and a mask."""
    row = b""
    for name, value in sorted(fields.items(), key=lambda item: FIELDS[item[0]]):
        number, size = FIELDS[name]
        if isinstance(value, str):
            value = int(ipaddress.ip_address(value))
        data = b"".join(part.to_bytes(size, "big") for part in (value if isinstance(value, tuple) else (value,)))
        row += bytes([number, len(data)]) + data
    return row


def action(number, value=b""):
    return bytes([number, len(value)]) + value


def output(port=NORMAL):
    return action(1, struct.pack(">H", port))


def controller(max_len=0xffff):
    return action(2, struct.pack(">H", max_len))


def load(field, first, bits, value):
    """@field: the class, field and length of README.md's nx_match, as one number"""
    return action(6, struct.pack(">BBIQ", bits, first, field, value))


def set_nw_tos(tos):
    return load(0x43561001, 2, 6, tos >> 2)


def goto_table(table):
    return action(14, bytes([table]))


def resubmit(table, port=0xfff8):
    return action(15, struct.pack(">HB", port, table))


def flow_mod(actions=(), priority=100, command=ADD, cookie=0, idle=0, hard=0, flags=0, out_port=0, table=0, **fields):
    row, actions = match(fields), b"".join(actions)
    return struct.pack(">HBBHHHHHBBQ", 24 + len(row) + len(actions), command, flags, priority, out_port, idle, hard,
                       len(row), table, 0, cookie) + row + actions


GROUP_ADD, GROUP_MODIFY, GROUP_DELETE, GROUP_LIVE = range(16, 20)
ALL, SELECT, INDIRECT, FAILOVER = range(4)


def to_group(number, hashed=0):
    return action(18, struct.pack(">IB", number, hashed))


def bucket(actions, weight=0):
    row = b"".join(actions)
    return struct.pack(">HH", 4 + len(row), weight) + row


def group_mod(number, buckets=(), kind=ALL, command=GROUP_ADD, dead=0, key=bytes(16), slots=bytes(256), backup=bytes(256)):
    row = (key + slots + backup if kind == SELECT else b"") + b"".join(buckets)
    return struct.pack(">HBBIQ", 16 + len(row), command, kind, number, dead) + row
