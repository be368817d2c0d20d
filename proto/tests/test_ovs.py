#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Our flow_mods and texts against those of ovs-ofctl, which nobody here wrote.

usage: test_ovs.py FLOWTOOL [SEED]

1. random flows, encoded by us, printed by `ovs-ofctl ofp-parse`: the text is ours
2. the same texts, encoded by `ovs-ofctl add-flows` to a switch that is this script:
   the bytes are ours
   both for OFPT_FLOW_MOD and, with what ofp_match cannot express, NXT_FLOW_MOD
3. what a controller sends, printed by `ovs-ofctl ofp-parse`
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

FLOWS = 2000
OFPT_HELLO, OFPT_ECHO_REQUEST, OFPT_FEATURES_REQUEST, OFPT_FLOW_MOD = 0, 2, 5, 14
OFPT_VENDOR, OFPT_STATS_REQUEST, OFPT_BARRIER_REQUEST = 4, 16, 18
NXT_FLOW_MOD = 13


def report(name, failures):
    print(f"{'not ' if failures else ''}ok - proto: {name}")
    for why in failures[:5]:
        print(f"# {why}")
    if len(failures) > 5:
        print(f"# and {len(failures) - 5} more")
    return bool(failures)


def to_ovs(text):
    """Our text in ovs-ofctl's words: it knows no port names, and shows dl_vlan=0xffff otherwise."""
    return re.sub("(in_port=|output:)(HOST|NET)",
                  lambda found: found[1] + ("1" if found[2] == "HOST" else "2"), text)


def ofp_parse(messages, directory):
    path = os.path.join(directory, "messages")
    with open(path, "wb") as file:
        file.write(b"".join(messages))
    # Warnings go to stderr, and none may come: they would be about normalization.
    done = subprocess.run(["ovs-ofctl", "ofp-parse", path], capture_output=True, text=True,
                          timeout=60, check=False)
    return done.stdout.splitlines(), done.stderr.splitlines()


def from_ovs(line):
    """'OFPT_FLOW_MOD (xid=0x0): ADD priority=5,ip cookie:0x1 actions=drop' as our text."""
    line = re.sub(r"^(OFPT|NXT)_FLOW_MOD \(xid=0x[0-9a-f]+\): ADD ?", "", line)
    line = line.replace("vlan_tci=0x0000", "dl_vlan=0xffff")
    cookie = re.search(r"cookie:(0x[0-9a-f]+) ?", line)
    if cookie:
        line = f"cookie={cookie.group(1)}, " + line.replace(cookie.group(0), "")
    return line


def test_printing(flows, directory):
    shown, noise = ofp_parse([bytes.fromhex(data) for _, data in flows], directory)
    failures = [f"ovs-ofctl says: {line}" for line in noise]
    if len(shown) != len(flows):
        failures.append(f"{len(flows)} flow_mods, {len(shown)} lines")
    for (text, _), line in zip(flows, shown):
        if from_ovs(line) != to_ovs(text):
            failures.append(f"ours {to_ovs(text)!r}, theirs {from_ovs(line)!r}")
    return failures


class Switch(threading.Thread):
    """An OpenFlow 1.0 switch that keeps the flow_mods it is sent."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.flow_mods = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)

    @staticmethod
    def read(peer, count):
        data = b""
        while len(data) < count:
            more = peer.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def serve(self, peer):
        while True:
            header = self.read(peer, 8)
            message = header + self.read(peer, int.from_bytes(header[2:4], "big") - 8)
            if message[1] == OFPT_HELLO:
                peer.sendall(bytes([1, OFPT_HELLO, 0, 8]) + bytes(4))
            elif message[1] in (OFPT_ECHO_REQUEST, OFPT_BARRIER_REQUEST):
                peer.sendall(bytes([1, message[1] + 1, 0, 8]) + message[4:8])
            elif message[1] == OFPT_FEATURES_REQUEST:
                peer.sendall(bytes([1, OFPT_FEATURES_REQUEST + 1, 0, 32]) + message[4:8] + bytes(24))
            elif message[1] == OFPT_STATS_REQUEST:
                peer.sendall(bytes([1, OFPT_STATS_REQUEST + 1, 0, 12]) + message[4:10] + bytes(2))
            elif message[1] == OFPT_FLOW_MOD or (
                    message[1] == OFPT_VENDOR and message[15] == NXT_FLOW_MOD):
                self.flow_mods.append(message)

    def run(self):
        while True:
            peer, _ = self.listener.accept()
            try:
                self.serve(peer)
            except EOFError:
                peer.close()


def test_encoding(flows, flow_format, directory):
    path = os.path.join(directory, f"{flow_format}.sock")
    listing = os.path.join(directory, "flows")
    with open(listing, "w", encoding="ascii") as file:
        file.writelines(to_ovs(text) + "\n" for text, _ in flows)
    switch = Switch(path)
    switch.start()
    done = subprocess.run(["ovs-ofctl", "-O", "OpenFlow10", "-F", flow_format,
                           "add-flows", f"unix:{path}", listing],
                          capture_output=True, text=True, timeout=30, check=False)
    failures = [f"ovs-ofctl says: {line}" for line in done.stderr.splitlines()]
    if len(switch.flow_mods) != len(flows):
        failures.append(f"{len(flows)} flows, {len(switch.flow_mods)} flow_mods")
    for (text, ours), theirs in zip(flows, switch.flow_mods):
        want = bytes.fromhex(ours)
        # The xid is theirs to choose.
        theirs = theirs[:4] + want[4:8] + theirs[8:]
        if theirs != want:
            failures.append(f"{text}: ours {want.hex()}, theirs {theirs.hex()}")
    return failures


CHANNEL = {
    1: r"""OFPT_HELLO \(OF1.3\).*
 version bitmap: 0x01, 0x04
OFPT_ECHO_REQUEST .*
OFPT_FEATURES_REQUEST .*
OFPT_SET_CONFIG .*: frags=normal miss_send_len=65535
OFPT_FLOW_MOD .*: ADD priority=65000,dl_type=0xabba cookie:0x5 actions=CONTROLLER:65535
OFPT_FLOW_MOD .*: ADD priority=0 actions=NORMAL
OFPT_PACKET_OUT .*: in_port=ANY actions=output:1 data_len=60
.*dl_src=21:00:00:00:00:00,dl_dst=02:00:00:00:00:01,dl_type=0xabba
OFPT_BARRIER_REQUEST .*""",
    4: r"""OFPT_HELLO \(OF1.3\).*
 version bitmap: 0x01, 0x04
OFPT_ECHO_REQUEST \(OF1.3\).*
OFPT_FEATURES_REQUEST \(OF1.3\).*
OFPST_PORT_DESC request \(OF1.3\).*: port=ANY
OFPT_SET_CONFIG \(OF1.3\).*: frags=normal miss_send_len=65535
OFPT_FLOW_MOD \(OF1.3\).*: ADD priority=65000,dl_type=0xabba cookie:0x5 actions=CONTROLLER:65535
OFPT_FLOW_MOD \(OF1.3\).*: ADD priority=0 actions=NORMAL
OFPT_PACKET_OUT \(OF1.3\).*: in_port=CONTROLLER actions=output:1 data_len=60
.*dl_src=21:00:00:00:00:00,dl_dst=02:00:00:00:00:01,dl_type=0xabba
OFPT_BARRIER_REQUEST \(OF1.3\).*""",
}


def test_channel(tool, version, directory):
    out = subprocess.check_output([tool, "channel", str(version)], text=True)
    shown, noise = ofp_parse([bytes.fromhex(line) for line in out.split()], directory)
    failures = [f"ovs-ofctl says: {line}" for line in noise]
    shown = [line for line in shown if line]
    want = CHANNEL[version].splitlines()
    if len(shown) != len(want):
        failures.append(f"{len(want)} lines expected, {len(shown)} came")
    failures += [f"want {pattern!r}, got {line!r}" for pattern, line in zip(want, shown)
                 if not re.fullmatch(pattern, line)]
    return failures


def generate(tool, mode, seed):
    lines = subprocess.check_output([tool, mode, seed, str(FLOWS)], text=True).splitlines()
    return [line.split("\t") for line in lines]


def main():
    tool, seed = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "1"
    names = ["ovs-ofctl prints our flow_mods as we do", "ovs-ofctl encodes our texts as we do",
             "ovs-ofctl prints our NXT_FLOW_MODs as we do",
             "ovs-ofctl encodes our texts as NXT_FLOW_MODs as we do",
             "ovs-ofctl reads our OpenFlow 1.0 channel", "ovs-ofctl reads our OpenFlow 1.3 channel"]
    if not shutil.which("ovs-ofctl"):
        for name in names:
            print(f"ok - proto: {name} # SKIP ovs-ofctl is not installed")
        return 0
    flows, nxm_flows = (generate(tool, mode, seed) for mode in ("generate", "generate-nxm"))
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        failed |= report(names[0], test_printing(flows, directory))
        failed |= report(names[1], test_encoding(flows, "OpenFlow10-table_id", directory))
        failed |= report(names[2], test_printing(nxm_flows, directory))
        failed |= report(names[3], test_encoding(nxm_flows, "NXM-table_id", directory))
        failed |= report(names[4], test_channel(tool, 1, directory))
        failed |= report(names[5], test_channel(tool, 4, directory))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
