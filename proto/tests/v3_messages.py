# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A message of each type, byte by byte from proto/VERSION3.md: the vectors that begin with message-.

They are plain: what a LAST_SEGMENT carries, without its number. packet-in is the content of a record.
"""
import struct

import v3_flow
import v3_peer as v3

FLOW_REMOVED, SA_EXPIRING = 65, 67
STATISTICS_ANSWER, TRACE_ANSWER = 29, 31
OPEN, COMMIT, REPLACE = 1, 2, 4

# TCP to port 80 of 10.0.0.2 from the guest, priority 100, dropped: as the example of proto/README.md.
FLOW_MOD = bytes.fromhex("002c 00 00 0064 0000 0000 0000 0014 0000 0000000000000001"
                         "08 01 01  0c 02 0800  11 04 0a000002  12 01 06  17 02 0050")
# Every kind of action; each field is masked.
LATER_FLOW_MOD = v3_flow.flow_mod(
    [v3_flow.output(), v3_flow.controller(128), v3_flow.action(3), v3_flow.action(4),
     v3_flow.action(5, struct.pack(">BBBII", 47, 1, 0, 0x406, 0x206)), v3_flow.set_nw_tos(0x20),
     v3_flow.action(7, bytes.fromhex("020000000001 020000000002") + bytes(10) + b"\xff\xff\12\1\0\1" +
                    bytes(10) + b"\xff\xff\12\1\0\2" + struct.pack(">IHBBB", 77, 4789, 63, 0, 1)),
     v3_flow.action(8), v3_flow.action(9), v3_flow.action(10, struct.pack(">I", 0x100)), v3_flow.action(11),
     v3_flow.action(12, b"\0\1"), v3_flow.output(v3_flow.NET), v3_flow.action(13)],
    300, v3_flow.DELETE, 0xabc, 1, 2, 3, v3_flow.HOST, tun_id=(5, 0xffffff), dl_type=0x0800, nw_src=(0x0a000000, 0xff000000),
    tp_src=(0x400, 0xfc00), nw_proto=17, vlan_tci=(0x1000, 0x1000))
# Two buckets, the second one dead, and all kinds of actions that buckets alone may have.
GROUP_MOD = v3_flow.group_mod(
    7, [v3_flow.bucket([v3_flow.load(0x10004, 0, 32, 1), v3_flow.output(v3_flow.NET)], 2),
        v3_flow.bucket([v3_flow.action(10, struct.pack(">I", 0x100))], 1)],
    v3_flow.SELECT, v3_flow.GROUP_ADD, 2, bytes(range(16)), bytes(170) + b"\1" * 86, b"\1" * 170 + bytes(86))
FRAME = bytes.fromhex("020000000001 020000000002 0800") + bytes(range(46))
MAPPED = bytes(10) + b"\xff\xff"


def entry(reason, idle, age, packets, octets, flow_mod):
    return struct.pack(">HBBIQQQ", 32 + len(flow_mod), reason, 0, idle, age, packets, octets) + flow_mod


def count(value, name):
    return struct.pack(">QB", value, len(name)) + name


def step(kind, number, data=b"", copy=0, port=0):
    return struct.pack(">HBBBBH", 8 + len(data), kind, number, copy, port, 0) + data


def vectors():
    """Name, value and comment of each."""
    def message(name, kind, xid, body=b"", error=0, comment=""):
        return f"message-{name}", v3.message(kind, xid, body, error), comment

    yield message("ack", v3.ACK, 7)
    yield message("error", v3.ERROR, 8, struct.pack(">IHH", 96, 2, 5) + b"an action's value is out of range", 14,
                  "ACTION_VALUE at byte 96; OFPET_BAD_ACTION, OFPBAC_BAD_ARGUMENT")
    yield message("capabilities", v3.CAPABILITIES, 9)
    yield message("capabilities-answer", 17, 9, struct.pack(">IIIIIIHHI", 0x13f, 3, 1 << 20, 1450, 68, 65535,
                                                            0x19, 0x3b, 0) + b"1.0")
    yield message("flows", v3.FLOWS, 10, struct.pack(">IBxxx", 9, OPEN | COMMIT | REPLACE) + FLOW_MOD,
                  comment="bundle 9, OPEN, COMMIT and REPLACE")
    yield message("flows-later", v3.FLOWS, 10, struct.pack(">IBxxx", 9, COMMIT) + LATER_FLOW_MOD,
                  comment="a DELETE with masks, every kind of action, and an out_port")
    yield message("list", v3.LIST, 11, bytes(16), comment="the first one, of all flows")
    yield message("list-filtered", v3.LIST, 12, struct.pack(">QQ", 0x0102030405060708, 0) + FLOW_MOD,
                  comment="a further one, of the flows that a match covers")
    yield message("list-answer", 21, 12, struct.pack(">Q", 0x1112131415161718) +
                  entry(0, 5, 1234, 10, 840, FLOW_MOD), comment="one entry, and more follow")
    yield message("list-answer-last", 21, 13, bytes(8), comment="no entry, and none follows")
    yield message("set-sa", v3.SET_SA, 14, struct.pack(">BBHIHH", 2, 16, 0, 0x1000, 4500, 4500) +
                  bytes(range(0x70, 0x74)) + bytes(range(0x80, 0x90)), comment="receives, AES-128, in UDP")
    yield message("set-mtu", v3.SET_MTU, 15, bytes.fromhex("05aa0000"), comment="1450")
    yield message("set-offload", v3.SET_OFFLOAD, 16, bytes.fromhex("00190000"), comment="csum, gso, gro")
    yield message("statistics", v3.STATISTICS, 17)
    yield message("statistics-answer", STATISTICS_ANSWER, 17, count(5, b"tx-hit") + count(1 << 40, b"drop-ttl"))
    yield message("list-sas", v3.LIST_SAS, 19, struct.pack(">Q", 0x0102030405060708), comment="a further one")
    yield message("list-sas-answer", v3.LIST_SAS + 1, 19, struct.pack(">Q", 0x1112131415161718) +
                  struct.pack(">IBBH", 0x1000, 1, 0, 0) + struct.pack(">IBBH", 0x1001, 2, 3, 0),
                  comment="one that sends, one that was to receive and has stopped, and more follow")
    yield message("groups", v3.FLOWS, 20, struct.pack(">IBxxx", 9, OPEN | COMMIT) + GROUP_MOD +
                  v3_flow.flow_mod([v3_flow.to_group(7, 2)], nw_proto=6, dl_type=0x0800) +
                  v3_flow.group_mod(8, command=v3_flow.GROUP_DELETE) +
                  v3_flow.group_mod(7, command=v3_flow.GROUP_LIVE, dead=1),
                  comment="a group, a flow that uses it by nw_src, a DELETE and a LIVE")
    yield message("list-groups", v3.LIST_GROUPS, 21, bytes(8), comment="the first one")
    yield message("list-groups-answer", v3.LIST_GROUPS + 1, 21, bytes(8) + entry(0, 0xffffffff, 1234, 10, 840, GROUP_MOD),
                  comment="one group, and none follows")
    yield message("group-counters", v3.GROUP_COUNTERS, 22, struct.pack(">Q", 8))
    yield message("group-counters-answer", v3.GROUP_COUNTERS + 1, 22, struct.pack(">QQQQQ", 8, 1, 60, 2, 120),
                  comment="of two buckets, not a select group")
    yield message("trace", v3.TRACE, 18, struct.pack(">BBBBII", 2, 1, 1, 0, 0x1000, 5) + MAPPED + bytes([192, 0, 2, 2]) +
                  MAPPED + bytes([192, 0, 2, 1]) + FRAME, comment="from NET, at its second lookup, out of VXLAN 5")
    yield message("trace-answer", TRACE_ANSWER, 18, step(1, 1, FLOW_MOD) + step(2, 1, v3_flow.action(3)) +
                  step(6, 1) + step(2, 1, v3_flow.load(0x802, 0, 13, 0x1005)) + step(3, 1, FRAME) +
                  step(4, 1, port=1, copy=2) + step(5, 1, b"drop-ttl") +
                  step(8, 1, struct.pack(">IHH", 7, 1, 200)) + step(7, 1),
                  comment="a step of each kind: LOOKUP, ACTION, SKIPPED, ACTION, FRAME, ONWARD of clone 2, DROP, BUCKET, CUT")
    yield message("flow-removed", FLOW_REMOVED, 0, entry(1, 10, 60000, 10, 840, FLOW_MOD), comment="idle timeout")
    yield message("sa-expiring", SA_EXPIRING, 0, struct.pack(">IBBHQ", 0x1000, 1, 1, 0, 0xc0000000),
                  comment="three quarters of a sending SA's numbers")
    yield "packet-in", struct.pack(">BBBBHHIIQ", 1, 2, 1, 0, 60, 0, 0x1000, 5, 0xabc) + FRAME[:20], \
        "the content of a PACKET_IN: 20 bytes of 60"
