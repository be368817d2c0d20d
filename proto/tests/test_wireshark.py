#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Wireshark shows what is said: proto/wireshark/cvsw.lua against the vectors, a conversation with the
C code's NIC read with the C code's key log, messages of every kind, and broken ones.

usage: test_wireshark.py V3NIC VECTORS DIR   (DIR: for captures)
"""
import json
import os
import random
import struct
import subprocess
import sys

import v3_flow
import v3_peer as v3
from fields import CLASSES, actions as actions_of, fields as fields_of, slots as slots_of
from test_v3_peer import FLOW_MOD, MAC, Nic, other_flow, programs
from v3_flow import action as action3, flow_mod, output
from v3_messages import LATER_FLOW_MOD as LATER_FLOW

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../wireshark/cvsw.lua")
TICKETS = "1111222233334444", "5555666677778888"
K1, K2 = bytes(range(32)), bytes(range(32, 64))
NIC_INDEX, CONTROLLER_INDEX = 0x21, 0x00050621


def colons(data):
    return data.hex(":")


def action(kind, value, length=8):
    return (struct.pack(">HH", kind, length) + value).ljust(length, b"\0")


def nxt_flow_mod(match, actions):
    body = struct.pack(">IIQHHHHIHHHxxxxxx", 0x2320, 13, 0xabc, 0, 1, 2, 300, 0xffffffff, 0xffff, 3,
                       len(match)) + match + bytes(-len(match) % 8) + actions
    return struct.pack(">BBHI", 1, 4, 8 + len(body), 7) + body


# tun_id=5, pass=1/3 and all kinds of actions
LATER_FLOW2 = nxt_flow_mod(
    bytes.fromhex("00012008 0000000000000005 43560502 01 03"),
    action(1, b"\0\5") + action(2, b"\6") + action(3, b"") + action(4, MAC, 16) + action(6, b"\12\0\0\1") +
    action(8, b"\40") + action(9, b"\0\120") +
    action(0x1001, MAC + MAC + struct.pack(">4s12x4s12xIIHBBB", b"\12\1\0\1", b"\12\1\0\2", 0, 77, 4789, 63,
                                           0, 1), 64) +
    action(0x1011, b"\0\0\1\0") + action(0x1013, b"\0\1") +
    action(0xffff, struct.pack(">IHHHHII", 0x2320, 6, 47, 1, 0, 0x406, 0x206), 24) +
    action(0xffff, struct.pack(">IHHIQ", 0x2320, 7, 15, 0x1e02, 2), 24) +
    action(0xffff, struct.pack(">IH", 0x2320, 18), 16) + action(0, b"\xff\xfa"))
# Version 2's: README.md's first example, what the guest sends to TCP port 80 of 10.0.0.2 is dropped.
FLOW_MOD2 = bytes.fromhex(
    "010e004800000000" "0030204e0001" "000000000000" "000000000000" "00000000" "0800" "00060000"
    "00000000" "0a000002" "00000050" "0000000000000001" "0000000000000064" "ffffffffffff0000")
SHOWN2 = {"flow_mod__version": 1, "flow_mod__type": 14, "flow_mod__length": 72, "flow_mod__xid": "0x00000000",
         "match__wildcards": "0x0030204e", "match__in_port": 1, "match__dl_src": "00:00:00:00:00:00",
         "match__dl_type": "0x0800", "match__nw_proto": 6, "match__nw_src": "0.0.0.0",
         "match__nw_dst": "10.0.0.2", "match__tp_src": 0, "match__tp_dst": 80,
         "flow_mod__cookie": "0x0000000000000001", "flow_mod__command": 0, "flow_mod__idle_timeout": 0,
         "flow_mod__hard_timeout": 0, "flow_mod__priority": 100, "flow_mod__buffer_id": "0xffffffff",
         "flow_mod__out_port": "0xffff", "flow_mod__flags": "0x0000", "flow_mod": "", "action": []}
LATER_SHOWN2 = {
    "flow_mod__type": 4, "flow_mod__length": len(LATER_FLOW2), "flow_mod__vendor": "0x00002320",
    "flow_mod__subtype": 13, "flow_mod__cookie": "0x0000000000000abc", "flow_mod__priority": 300,
    "flow_mod__idle_timeout": 1, "flow_mod__hard_timeout": 2, "flow_mod__flags": "0x0003",
    "nxm__match_len": 18, "nxm__class": ["0x0001", "0x4356"], "nxm__field": [16, 2],
    "nxm__masked": [0, 1], "nxm__value": [colons(bytes(7) + b"\5"), "01"], "nxm__mask": "03",
    "action__type": [f"0x{n:04x}" for n in (1, 2, 3, 4, 6, 8, 9, 0x1001, 0x1011, 0x1013, 0xffff, 0xffff, 0xffff,
                                             0)],
    "action__vendor": ["0x00002320"] * 3, "action__subtype": [6, 7, 18], "action__n_bits": 47,
    "action__src_ofs": 1, "action__dst_ofs": 0, "action__src": "0x00000406",
    "action__dst": ["0x00000206", "0x00001e02"], "action__ofs_nbits": "0x000f",
    "action__value": "0x0000000000000002",
    "action__vid": 5, "action__pcp": 6, "action__mac": colons(MAC), "action__ip": "10.0.0.1",
    "action__tos": ["0x20", "0x00"], "action__tp": 80, "action__outer_dst_mac": colons(MAC),
    "action__outer_dst": "10.1.0.1", "action__outer_src": "10.1.0.2", "action__vni": 77,
    "action__udp": 4789, "action__ttl": 63, "action__csum": 1, "action__inherit_tos": 0,
    "action__spi": "0x00000100", "action__n": 1, "action__port": "0xfffa", "zero": []}

SHOWN = {"flow_mod__length": len(FLOW_MOD), "flow_mod__command": 0, "flow_mod__flags": "0x0000",
         "flow_mod__priority": 100, "flow_mod__out_port": "0x0000", "flow_mod__idle_timeout": 0,
         "flow_mod__hard_timeout": 0, "flow_mod__match_len": 20, "flow_mod__cookie": "0x0000000000000001",
         "field__number": [8, 12, 17, 18, 23], "field__length": [1, 2, 4, 1, 2],
         "field__value": ["01", "08:00", "0a:00:00:02", "06", "00:50"], "field__mask": [], "flow_mod": "",
         "action": []}
LATER_SHOWN = {
    "flow_mod__length": len(LATER_FLOW), "flow_mod__command": 3, "flow_mod__flags": "0x0003",
    "flow_mod__priority": 300, "flow_mod__out_port": "0x0001", "flow_mod__idle_timeout": 1,
    "flow_mod__hard_timeout": 2, "flow_mod__match_len": 39, "flow_mod__cookie": "0x0000000000000abc",
    "field__number": [4, 9, 12, 16, 18, 22], "field__length": [8, 4, 2, 8, 1, 4],
    "field__mask": ["00:ff:ff:ff", "10:00", "ff:00:00:00", "fc:00"],
    "action__number": list(range(1, 7)) + list(range(7, 13)) + [1, 13],
    "action__port": ["0xfffa", "0x0002"], "action__max_len": 128, "action__n_bits": [47, 6],
    "action__src_ofs": 1, "action__dst_ofs": 0, "action__src": "0x00000406",
    "action__dst": ["0x00000206", "0x43561001"], "action__ofs": 2, "action__value": "0x0000000000000008",
    "action__outer_dst_mac": "02:00:00:00:00:01", "action__outer_src_mac": "02:00:00:00:00:02",
    "action__outer_dst_ip": "::ffff:10.1.0.1", "action__outer_src_ip": "::ffff:10.1.0.2", "action__vni": 77,
    "action__udp": 4789, "action__ttl": 63, "action__tos": "0x00", "action__flags": "0x01",
    "action__csum": 1, "action__inherit_tos": 0, "action__spi": "0x00000100", "action__n": 1,
    "action__rest": [], "zero": []}


# ---- captures

def write_capture(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            file.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


def flatten(layer, into):
    for name, value in layer:
        if isinstance(value, list) and value and isinstance(value[0], tuple):
            into.setdefault(name, []).append("")
            flatten(value, into)
        else:
            into.setdefault(name, []).append(value)
    return into


def show(directory, frames, keylog=None, name="test.pcap"):
    """Of each frame: all fields, with the list of their values; and tshark's complaints."""
    path = os.path.join(directory, name)
    write_capture(path, frames)
    tshark = subprocess.run(
        ["tshark", "-n", "-X", f"lua_script:{SCRIPT}", "-o", f"cvsw.keylog:{keylog or ''}",
         "-r", path, "-2", "-T", "json"], capture_output=True, check=True)
    packets = json.loads(tshark.stdout, object_pairs_hook=lambda pairs: pairs)
    shown = [flatten(dict(dict(packet)["_source"])["layers"], {}) for packet in packets]
    assert len(shown) == len(frames), f"{len(shown)} of {len(frames)} frames"
    return shown, [line for line in tshark.stderr.decode().splitlines()
                   if "Running as user" not in line]


def differ(what, shown, **want):
    """Fields that are not as wanted; a_b in @want is cvsw.a.b."""
    for name, value in want.items():
        name = "cvsw." + name.replace("__", ".")
        value = value if isinstance(value, list) else [value]
        if shown.get(name, []) != [str(v) for v in value]:
            yield f"{what}: {name} is {shown.get(name)} instead of {value}"


# ---- the vectors

def read_vectors(path):
    with open(path, encoding="ascii") as file:
        return {name: bytes.fromhex(value) for name, value in
                (line.split(" = ") for line in file if " = " in line)}


VECTORS = ("hello", "register", "accept", "nic-0", "controller-0", "controller-1", "nic-1", "nic-far",
           "nic-longest", "cookie")


def the_vectors(_, vectors, directory):
    vector = read_vectors(vectors)
    keylog = os.path.join(directory, "vectors.keys")
    with open(keylog, "w", encoding="ascii") as file:
        file.write("# a comment\n" + " ".join(
            ["CVSW3", vector["mac"].hex(), "00000001", "00010201"] +
            [vector[name].hex() for name in ("k1", "k2", "ticket", "ticket")]) +
            "\n")
    shown, complaints = show(directory, [vector[name] for name in VECTORS], keylog)
    yield from complaints
    hello, register, accept, nic0, controller0, controller1, nic1, far, longest, cookie = shown
    yield from differ("HELLO", hello, version=3, type=1, len=44, zero=[])
    yield from differ("REGISTER", register, version=3, type=2, len=96, mac="52:54:00:12:34:56",
                      handshake="0x0a0b0c0d", cookie=colons(bytes(16)),
                      ephemeral=colons(vector["register"][48:80]),
                      payload=colons(vector["register"][80:96]),
                      tag=colons(vector["register"][96:]))
    yield from differ("ACCEPT", accept, type=3, handshake="0x0a0b0c0d",
                      ephemeral=colons(vector["accept"][24:56]),
                      mac_of_answer=colons(vector["accept"][88:]))
    yield from differ("ECHO", nic0, type=5, controller_index="0x00010201", counter=0, kind=3,
                      got="0x00000000", base=0, echo=colons(struct.pack(">QQ", 0, 1000)),
                      conversation=TICKETS[1], ticket=TICKETS[1])
    yield from differ("ECHO_REPLY", controller0, nic_index="0x00000001", counter=0, kind=4,
                      echo=colons(struct.pack(">QQ", 0, 1000)))
    yield from differ("SET_MTU", controller1, kind=2, segment=0, message__type=24, message__error=0,
                      message__xid="0x00000007", mtu=1450)
    yield from differ("ACK", nic1, counter=1, base=1, message__type=1, message__xid="0x00000007")
    yield from differ("the far one", far, counter=0xabcde, kind=0, base=0x0102030405060708,
                      got="0x80000001")
    yield from differ("the longest", longest, kind=1, segment=5, message=[],
                      segment_data=colons(bytes(range(241)) * 6))
    yield from differ("COOKIE", cookie, type=4, cookie=colons(bytes(range(0xc0, 0xd0))),
                      mac_of_answer=colons(vector["cookie"][40:]))

    # Without the key, or with another NIC's, nothing of what is sealed.
    for keys in (None, os.devnull):
        shown, complaints = show(directory, [vector["nic-0"]], keys)
        yield from complaints
        yield from differ("no key", shown[0], counter=0, kind=[], echo=[],
                          sealed=colons(vector["nic-0"][28:-16]), no_key="")
    forged = bytearray(vector["nic-0"])
    forged[40] ^= 1
    yield from differ("a forged one", show(directory, [bytes(forged)], keylog)[0][0], kind=[], no_key="")


# What must be shown of each, besides its type and xid.
MESSAGES_OF_VECTORS = {
    "ack": {}, "capabilities": {}, "statistics": {}, "list": {}, "list-answer-last": {},
    "error": {"message__error": 14}, "set-mtu": {"mtu": 1450}, "set-offload": {"offload": "0x0019"},
    "flows": {"flow_mod__priority": 100}, "flows-later": LATER_SHOWN, "list-filtered": {"flow_mod__priority": 100},
    "list-answer": {"flow_mod__priority": 100}, "flow-removed": {"flow_mod__priority": 100},
    "set-sa": {"sa__spi": "0x00001000"}, "capabilities-answer": {}, "statistics-answer": {}, "trace": {},
    "trace-answer": {}, "sa-expiring": {}, "list-sas": {"list__resume": "0x0102030405060708"},
    "list-sas-answer": {"sa__spi": ["0x00001000", "0x00001001"], "sa__reason": [0, 3]},
    "groups": {"group__command": [16, 18, 19], "group__id": [7, 8, 7], "bucket__weight": [2, 1], "action__group": 7},
    "list-groups": {"list__resume": "0x0000000000000000"}, "list-groups-answer": {"group__id": 7, "entry__age": 1234},
    "group-counters": {"group__wide_id": 8}, "group-counters-answer": {"entry__packets": [1, 2], "entry__bytes": [60, 120]},
}


def the_messages(_, vectors, directory):
    vector = read_vectors(vectors)
    keylog = os.path.join(directory, "messages.keys")
    with open(keylog, "w", encoding="ascii") as file:
        file.write(" ".join(["CVSW3", vector["mac"].hex(), "00000001", "00010201", vector["k1"].hex(),
                             vector["k2"].hex(), bytes(8).hex(), bytes(7).hex() + "01"]) + "\n")
    session = v3.Session(vector["k1"], vector["k2"], 1, 0x00010201)
    names = sorted(name for name in vector if name.startswith("message-"))
    if names != sorted("message-" + name for name in MESSAGES_OF_VECTORS):
        yield f"other messages than are looked at: {names}"
    frames = [session.seal(v3.BROADCAST, v3.LAST_SEGMENT, 0, 0, struct.pack(">Q", i) + vector[name])
              for i, name in enumerate(names)]
    frames.append(session.seal(v3.BROADCAST, 5, 0, 0, vector["packet-in"]))
    shown, complaints = show(directory, frames, keylog, "messages.pcap")
    yield from complaints
    for name, frame in zip(names, shown):
        kind, _, xid = struct.unpack_from(">HHI", vector[name])
        yield from differ(name, frame, message__type=kind, message__xid=f"0x{xid:08x}",
                          **MESSAGES_OF_VECTORS[name[len("message-"):]])
    for name, frame in zip(names + ["packet-in"], shown):
        if "cvsw.no_key" in frame or "_ws.lua.error" in frame or "_ws.malformed" in frame:
            yield f"{name}: not shown"


# ---- a conversation with the C code's NIC

class Recorded(Nic):
    """A NIC whose every frame is kept, and every message in the order in which it was said."""

    def __init__(self, tool, keylog):
        self.frames, self.said = [], []
        super().__init__(tool, more=[keylog])

    def send(self, frame):
        self.frames.append(frame)
        super().send(frame)

    def receive(self, frame):
        self.frames.append(frame)
        super().receive(frame)

    def post(self, kind, body=b""):
        xid = super().post(kind, body)
        self.said.append((kind, xid))
        return xid


def a_conversation(tool, _, directory):
    keylog = os.path.join(directory, "conversation.keys")
    if os.path.exists(keylog):
        os.remove(keylog)
    nic = Recorded(tool, keylog)
    if not nic.connect():
        yield "no session"
        return
    yield from programs(nic)
    # Another conversation, whose segments have the same numbers.
    nic.restart()
    nic.send(v3.hello())
    if not nic.connect() or nic.ask(v3.CAPABILITIES)[0] != 17:
        yield "a second controller"
    nic.end()
    shown, complaints = show(directory, nic.frames, keylog, "conversation.pcap")
    yield from complaints
    asked, answered = [], []
    for frame in shown:
        if "cvsw.no_key" in frame or "_ws.lua.error" in frame or "_ws.malformed" in frame:
            yield "frame {}: not shown".format(frame["frame.number"])
        into = asked if "cvsw.nic_index" in frame else answered
        into += zip(map(int, frame.get("cvsw.message.type", [])),
                    (int(xid, 0) for xid in frame.get("cvsw.message.xid", [])))
    if asked != nic.said:
        yield f"requests {asked} instead of {nic.said}"
    if [xid for _, xid in answered] != [xid for _, xid in nic.said]:
        yield f"answers {answered} to {nic.said}"
    # 9000 bytes went each way, in seven segments.
    traces = [frame for frame in shown if "31" in frame.get("cvsw.message.type", [])]
    if len(traces) != 1 or len(traces[0].get("cvsw.frame", [])) != 1:
        yield "TRACE_ANSWER"
    parts = sum("cvsw.whole_in" in frame for frame in shown)
    if parts < 12:
        yield f"only {parts} segments say where their message is"


# ---- on the way between controller and switch

def over_tcp(ports, payload):
    tcp = struct.pack(">HHIIBBHHH", *ports, 1, 1, 0x50, 0x18, 65535, 0, 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, bytes(4), bytes(4))
    return bytes(12) + b"\x08\0" + ip + tcp


def openflow(version, kind, body):
    return struct.pack(">BBHI", version, kind, 8 + len(body), 1) + body


def in_openflow(_, vectors, directory):
    vector = read_vectors(vectors)
    accept, register = vector["accept"], vector["register"]
    packet_in = openflow(1, 10, struct.pack(">IHHBB", 0xffffffff, len(register), 3, 0, 0) + register)
    packet_out = openflow(1, 13, struct.pack(">IHHHHHH", 0xffffffff, 0xffff, 8, 0, 8, 3, 0) + accept)
    packet_in13 = openflow(4, 10, struct.pack(">IHBBQHHHBBIxxxxxx", 0xffffffff, len(register), 1, 0, 0,
                                              1, 12, 0x8000, 0, 4, 3) + register)
    shown, complaints = show(directory, [over_tcp((50000, 6653), packet_in),
                                         over_tcp((6653, 50000), packet_out),
                                         over_tcp((50001, 6653), packet_in13)])
    yield from complaints
    yield from differ("OpenFlow 1.0's PACKET_IN", shown[0], type=2, mac="52:54:00:12:34:56")
    yield from differ("OpenFlow 1.0's PACKET_OUT", shown[1], type=3, handshake="0x0a0b0c0d")
    yield from differ("OpenFlow 1.3's PACKET_IN", shown[2], type=2, mac="52:54:00:12:34:56")


# ---- messages of all kinds

def entry(reason, flow_mod):
    return struct.pack(">HBBIQQQ", 32 + len(flow_mod), reason, 0, 7, 8000, 9, 540) + flow_mod


def step(kind, data, copy=0, port=0):
    return struct.pack(">HBBBBH", 8 + len(data), kind, 2, copy, port, 0) + data


FRAME = bytes.fromhex("020000000002020000000001 0800 4500001c000100004011000000000000ffffffff"
                      "0044004300080000".replace(" ", ""))
SA = struct.pack(">BBHIHHI", 2, 16, 0, 0x1234, 4500, 4501, 0xa1a2a3a4) + bytes(range(16))
GROUP = v3_flow.group_mod(7, [v3_flow.bucket([output(2)], 2), v3_flow.bucket([], 1)], v3_flow.SELECT, dead=1)
# By name: from the NIC?, type, error, body, and some of what is to be seen.
MESSAGES = {
    "ACK": (True, 1, 0, b"", {}),
    "ERROR": (True, 3, 16, struct.pack(">IHH", 40, 2, 4) + b"no",
              {"error__offset": 40, "error__ofp_type": 2, "error__ofp_code": 4, "error__text": "no"}),
    "CAPABILITIES": (False, 16, 0, b"", {}),
    "CAPABILITIES_ANSWER": (True, 17, 0, struct.pack(">6IHHI", 0x505, 3, 4, 1500, 68, 9000, 1, 0x1b, 0) +
                            b"1.0",
                            {"features": "0x00000505", "features__trace": 1, "features__modify": 0,
                             "features__miss_drops": 1, "features__miss_tells": 1, "flows": 3, "max_flows": 4, "mtu_now": 1500,
                             "mtu_min": 68, "mtu_max": 9000, "offload": ["0x0001", "0x001b"],
                             "offload__tso": [0, 1], "release": "1.0"}),
    "FLOWS": (False, 18, 0, struct.pack(">IB3x", 77, 7) + FLOW_MOD + other_flow(1) + LATER_FLOW,
              {"bundle": 77, "bundle__flags": "0x07", "bundle__open": 1, "bundle__commit": 1,
               "bundle__replace": 1, "bundle__abort": 0, "flow_mod": ["", "", ""],
               "flow_mod__length": [len(FLOW_MOD)] * 2 + [len(LATER_FLOW)]}),
    "FLOWS with groups": (False, 18, 0, struct.pack(">IB3x", 78, 3) + GROUP + FLOW_MOD +
                          v3_flow.group_mod(8, command=v3_flow.GROUP_DELETE),
                          {"group__command": [16, 18], "group__type": [1, 0], "group__id": [7, 8],
                           "group__dead": ["0x0000000000000001", "0x0000000000000000"], "bucket__weight": [2, 1],
                           "action__group": [], "flow_mod__priority": 100, "action__port": "0x0002"}),
    "FLOWS to a group": (False, 18, 0, struct.pack(">IB3x", 78, 3) + flow_mod([v3_flow.to_group(7, 3)]),
                         {"action__group": 7, "action__hash": 3}),
    "FLOWS of one": (False, 18, 0, struct.pack(">IB3x", 78, 3) + LATER_FLOW, LATER_SHOWN),
    "LIST": (False, 20, 0, struct.pack(">QQ", 5, 0) + FLOW_MOD,
             {"list__resume": "0x0000000000000005", **SHOWN}),
    "LIST_ANSWER": (True, 21, 0, struct.pack(">Q", 6) + entry(0, FLOW_MOD) + entry(0, other_flow(3)),
                    {"list__resume": "0x0000000000000006", "entry__reason": [0, 0],
                     "entry__idle": [7, 7], "entry__age": [8000, 8000], "entry__packets": [9, 9],
                     "entry__bytes": [540, 540], "flow_mod__priority": [100, 100]}),
    "SET_SA": (False, 22, 0, SA,
               {"sa__direction": 2, "sa__key_len": 16, "sa__spi": "0x00001234", "sa__sport": 4500,
                "sa__dport": 4501, "sa__salt": "a1:a2:a3:a4", "sa__key": colons(bytes(range(16)))}),
    "SET_MTU": (False, 24, 0, bytes.fromhex("05dc0000"), {"mtu": 1500}),
    "SET_OFFLOAD": (False, 26, 0, bytes.fromhex("00120000"),
                    {"offload": "0x0012", "offload__checksum": 0, "offload__tso": 1, "offload__ufo": 0,
                     "offload__gso": 0, "offload__gro": 1}),
    "STATISTICS": (False, 28, 0, b"", {}),
    "STATISTICS_ANSWER": (True, 29, 0, struct.pack(">QB", 5, 3) + b"one" + struct.pack(">QB", 6, 3) + b"two",
                          {"counter__value": [5, 6], "counter__name": ["one", "two"]}),
    "TRACE": (False, 30, 0, struct.pack(">BBBBII16s16s", 2, 1, 1, 0, 256, 99, bytes(15) + b"\1",
                                        bytes(15) + b"\2") + FRAME,
              {"in_port": 2, "pass": 1, "tun_type": 1, "decrypted_by": "0x00000100", "tun_id": 99,
               "tun_src": "::1", "tun_dst": "::2", "frame": ""}),
    "TRACE_ANSWER": (True, 31, 0, step(1, FLOW_MOD) + step(2, action3(12, b"\0\1") + output()) +
                     step(3, FRAME) + step(6, b"") + step(4, b"", 1, 2) + step(5, b"drop-action") + step(7, b""),
                     {"step__kind": [1, 2, 3, 6, 4, 5, 7], "pass": [2] * 7,
                      "step__copy": [0, 0, 0, 0, 1, 0, 0], "step__port": [0, 0, 0, 0, 2, 0, 0],
                      "flow_mod__priority": 100, "frame": "", "action__n": 1, "action__port": "0xfffa",
                      "step__counter": "drop-action"}),
    "LIST_SAS": (False, 32, 0, struct.pack(">Q", 5), {"list__resume": "0x0000000000000005"}),
    "LIST_SAS_ANSWER": (True, 33, 0, struct.pack(">QIBBHIBBH", 6, 0x1234, 1, 0, 0, 0x1235, 2, 3, 0),
                        {"list__resume": "0x0000000000000006", "sa": ["", ""], "sa__spi": ["0x00001234", "0x00001235"],
                         "sa__direction": [1, 2], "sa__reason": [0, 3]}),
    "LIST_GROUPS": (False, 34, 0, struct.pack(">Q", 5), {"list__resume": "0x0000000000000005"}),
    "LIST_GROUPS_ANSWER": (True, 35, 0, struct.pack(">Q", 6) + entry(0, GROUP),
                           {"list__resume": "0x0000000000000006", "entry__packets": 9, "group__id": 7}),
    "GROUP_COUNTERS": (False, 36, 0, struct.pack(">Q", 7), {"group__wide_id": 7}),
    "GROUP_COUNTERS_ANSWER": (True, 37, 0, struct.pack(">QQQQQ", 7, 1, 60, 2, 120),
                              {"group__wide_id": 7, "entry__packets": [1, 2], "entry__bytes": [60, 120]}),
    "TRACE to a group": (True, 31, 0, step(8, struct.pack(">IHH", 7, 1, 200)),
                         {"group__id": 7, "step__bucket": 1, "step__slot": 200}),
    "FLOW_REMOVED": (True, 65, 0, entry(2, FLOW_MOD), {"entry__reason": 2, **SHOWN}),
    "SA_EXPIRING": (True, 67, 0, struct.pack(">IBBHQ", 0x1234, 1, 3, 0, 1 << 33),
                    {"sa__spi": "0x00001234", "sa__direction": 1, "sa__reason": 3,
                     "sa__sequence": 1 << 33}),
}
PACKET_IN = struct.pack(">BBBBHHIIQ", 1, 2, 3, 0, 1000, 0, 256, 99, 0xabcdef) + FRAME


class Ends:
    """Both, to seal what they say; every message in a conversation of its own, but for its number."""

    def __init__(self, directory):
        self.nic = v3.Session(K1, K2, NIC_INDEX, CONTROLLER_INDEX)
        self.controller = v3.Session(K2, K1, CONTROLLER_INDEX, NIC_INDEX)
        self.number = {True: 0, False: 0}
        self.keylog = os.path.join(directory, "ends.keys")
        with open(self.keylog, "w", encoding="ascii") as file:
            # Of another session with the same indices, too.
            for keys in ((K1, K2), (K2, K1)):
                file.write(" ".join(["CVSW3", MAC.hex(), f"{NIC_INDEX:08x}", f"{CONTROLLER_INDEX:08x}",
                                     keys[0].hex(), keys[1].hex(), *TICKETS]) + "\n")

    def record(self, from_nic, kind, content):
        if from_nic:
            return self.nic.seal(v3.BROADCAST, kind, 0, 0, content)
        return self.controller.seal(MAC, kind, 0, 0, content)

    def message(self, from_nic, kind, error, body):
        number = self.number[from_nic]
        self.number[from_nic] += 1
        return self.record(from_nic, v3.LAST_SEGMENT, struct.pack(">Q", number) +
                           v3.message(kind, 5, body, error))


def all_messages(_, __, directory):
    ends = Ends(directory)
    frames = [ends.message(*message[:4]) for message in MESSAGES.values()]
    frames.append(ends.record(True, v3.PACKET_IN, PACKET_IN))
    shown, complaints = show(directory, frames, ends.keylog)
    yield from complaints
    for name, frame in zip(MESSAGES, shown):
        _, kind, error, _, want = MESSAGES[name]
        want = {"zero": [], "short": [], **want}
        yield from differ(name, frame, message__type=kind, message__error=error,
                          message__xid="0x00000005", message__rest=[], **want)
    yield from differ("PACKET_IN", shown[-1], packet_in__reason=1, in_port=2,
                      **{"pass": 3}, packet_in__total=1000, decrypted_by="0x00000100", tun_id=99,
                      packet_in__cookie="0x0000000000abcdef", frame="")
    if shown[-1].get("ip.src") != ["0.0.0.0"]:
        yield f"PACKET_IN: its frame is {shown[-1].get('ip.src')}"


def every_nxm_field(_, __, directory):
    """Of the table in cvsw_fields.h."""
    table = fields_of(os.path.join(os.path.dirname(SCRIPT), ".."))
    fields = [(CLASSES[row.cls], int(row.number), int(row.bytes)) for row in table if row.slot != "NONE"]
    match = b"".join(struct.pack(">HBB", code, 2 * n, length) + bytes(length) for code, n, length in fields)
    data = nxt_flow_mod(match, b"")
    shown, complaints = show(directory, [version_2_frame(7, 0, data)])
    yield from complaints
    yield from differ("all", shown[0], nxm__field=[n for _, n, _ in fields], zero=[], short=[])
    for field, name in zip(fields, shown[0]["cvsw.nxm.name"]):
        if name == "unknown":
            yield f"{field[0]:#x}, {field[1]} has no name"
    if len(fields) < 40:
        yield f"cvsw_fields.h has {len(fields)} fields"


def every_number(_, __, directory):
    """Of version 3's fields and actions."""
    folder = os.path.join(os.path.dirname(SCRIPT), "..")
    slots, actions = slots_of(folder), actions_of(folder)
    data = flow_mod([action3(number, bytes(sum(size for _, size, _ in values))) for number, _, values in actions],
                    **{name: 0 for _, name, _ in slots})
    ends = Ends(directory)
    shown, complaints = show(directory, [ends.message(False, 18, 0, struct.pack(">IB3x", 1, 3) + data)], ends.keylog)
    yield from complaints
    yield from differ("all", shown[0], field__number=[slot[0] for slot in slots], field__mask=[],
                      action__number=[one[0] for one in actions], action__rest=[], short=[])


# ---- what is broken

def broken_messages(_, __, directory):
    ends, rng, frames = Ends(directory), random.Random(7), []
    for from_nic, kind, error, body, _ in MESSAGES.values():
        for cut in sorted(rng.sample(range(len(body)), min(len(body), 25))):
            frames.append(ends.message(from_nic, kind, error, body[:cut]))
        for _ in range(25 if body else 0):
            flipped = bytearray(body)
            flipped[rng.randrange(len(body))] = rng.choice((0, 255, rng.randrange(256)))
            frames.append(ends.message(from_nic, kind, error, bytes(flipped)))
    for cut in range(0, len(PACKET_IN), 3):
        frames.append(ends.record(True, v3.PACKET_IN, PACKET_IN[:cut]))
    frames += [ends.record(True, kind, bytes(n)) for kind in range(7) for n in (0, 1, 7, 8)]
    for frame in (v3.hello(), frames[0], *(bytes.fromhex("ffffffffffff" + f"{kind:02x}" + "0000480001abba") +
                                           FLOW_MOD2 for kind in range(0x20, 0x30))):
        frames += [frame[:n] for n in range(14, len(frame), 5)]
    frames += [bytes(6) + bytes([version]) + bytes(5) + b"\xab\xba" + bytes(46) for version in range(256)]
    shown, complaints = show(directory, frames, ends.keylog)
    yield from complaints
    for number, frame in enumerate(shown):
        wrong = [name for name in frame if name.startswith("_ws.lua") and name != "_ws.lua.fake"]
        if wrong:
            yield f"{frames[number].hex()}: {wrong}"


# ---- version 2

def version_2_frame(kind, data1=0, data2=b"", dst=v3.BROADCAST):
    header = struct.pack(">BBHH", 0x20 | kind, 0, len(data2), data1) + b"\xab\xba"
    return (dst + header + data2).ljust(60, b"\0")


def version_2(_, __, directory):
    frame = version_2_frame
    published = bytes([0, 14]) + bytes(6) + FLOW_MOD2[8:]
    shown, complaints = show(directory, [
        frame(1), frame(2, 0, MAC, MAC), frame(3, 0, FLOW_MOD2, MAC), frame(4, 0, published, MAC),
        frame(5, 1400), frame(6, 0x0b), frame(7, 2, FLOW_MOD2 + LATER_FLOW2), frame(8, 0, SA),
        frame(3, 0, LATER_FLOW2)])
    yield from complaints
    hello, register, set_entry, delete, mtu, offload, listed, sa, later = shown
    yield from differ("HELLO", hello, version=2, type2=1, len=0, data1=0)
    yield from differ("REGISTER", register, version=2, type2=2, len=6, mac=colons(MAC))
    for name, kind, shown, data in (("SET_ENTRY", 3, set_entry, FLOW_MOD2),
                                    ("DELETE_ENTRY", 4, delete, published)):
        yield from differ(name, shown, **{**SHOWN2, "type2": kind, "len": len(data),
                                          "flow_mod__version": data[0], "flow_mod__length": data[3]})
    yield from differ("SET_MTU", mtu, type2=5, mtu=1400)
    yield from differ("SET_OFFLOAD", offload, type2=6, offload="0x000b", offload__tso=1, offload__gso=1,
                      offload__gro=0)
    yield from differ("LIST_ENTRIES", listed, type2=7, data1=2,
                      flow_mod__type=[14, 4], flow_mod__cookie=["0x0000000000000001", "0x0000000000000abc"])
    yield from differ("SET_ENTRY of all actions", later, **{**LATER_SHOWN2, "type2": 3})
    yield from differ("SET_SA", sa, type2=8, sa__spi="0x00001234", sa__key=colons(bytes(range(16))))


def main():
    failed = 0
    os.makedirs(sys.argv[3], exist_ok=True)
    for name, test in (("Wireshark shows version 2", version_2),
                       ("Wireshark shows version 3's vectors", the_vectors),
                       ("Wireshark shows version 3's messages, one of each", the_messages),
                       ("Wireshark shows version 3 inside OpenFlow", in_openflow),
                       ("Wireshark shows a conversation by its key log", a_conversation),
                       ("Wireshark shows every field of every message", all_messages),
                       ("Wireshark knows every match field", every_nxm_field),
                       ("Wireshark knows every number of a flow_mod of version 3", every_number),
                       ("Wireshark survives what is broken", broken_messages)):
        wrong = list(test(*sys.argv[1:]))
        print(f"{'not ' if wrong else ''}ok - proto: {name}", flush=True)
        for what in wrong[:20]:
            print(f"# {what}")
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
