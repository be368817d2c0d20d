#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""A controller written from VERSION3.md alone registers and programs the C code's NIC.

usage: test_v3_peer.py V3NIC
"""
import os
import random
import select
import struct
import subprocess
import sys
import time

import v3_peer as v3
from v3_flow import HOST, flow_mod

MAC = bytes.fromhex("525400aabbcc")
PSK = bytes(range(32))
# README.md's first example, as a NIC lists it: what the guest sends to TCP port 80 of 10.0.0.2 is dropped.
FLOW = {"in_port": HOST, "dl_type": 0x0800, "nw_proto": 6, "tp_dst": 80}
FLOW_MOD = flow_mod(cookie=1, nw_dst=0x0a000002, **FLOW)


def other_flow(i):
    """The same for 10.0.1.i."""
    return flow_mod(cookie=1, nw_dst=0x0a000100 + i, **FLOW)


class Nic:
    """The C code, and a controller for it; a network that loses @loss of a hundred frames."""

    def __init__(self, tool, loss=0, psk=PSK, seed=1, more=()):
        self.random = random.Random(seed)
        self.loss = loss
        self.process = subprocess.Popen([tool, MAC.hex(), PSK.hex(), *more], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, bufsize=0)
        self.input = b""
        self.answers = {}
        self.unasked = []
        self.xid = 0
        self.refused = 0
        self.registers = 0
        self.restart(psk)

    def restart(self, psk=PSK):
        self.controller = v3.Controller(psk, MAC, self.send)

    def lost(self):
        return self.random.randrange(100) < self.loss

    def send(self, frame):
        for _ in range(0 if self.lost() else 2 if self.lost() else 1):
            self.process.stdin.write(struct.pack(">H", len(frame)) + frame)

    def receive(self, frame):
        self.registers += frame[7] == v3.REGISTER
        if self.lost():
            return
        try:
            messages = self.controller.receive(frame)
        except v3.Refused:
            self.refused += 1
            return
        for message in messages:
            kind, error, xid, body = v3.parse_message(message)
            if kind < 64:
                self.answers[xid] = kind, error, body
            else:
                self.unasked.append((kind, body))

    def run(self, seconds):
        """Until then, or until something came."""
        if select.select([self.process.stdout], [], [], seconds)[0]:
            self.input += os.read(self.process.stdout.fileno(), 65536)
        while len(self.input) >= 2 and len(self.input) >= 2 + (size := int.from_bytes(
                self.input[:2], "big")):
            frame, self.input = self.input[2:2 + size], self.input[2 + size:]
            self.receive(frame)

    def until(self, condition, seconds=20.0):
        end = time.monotonic() + seconds
        repeat = 0.0
        while not condition() and time.monotonic() < end:
            if time.monotonic() >= repeat:
                self.controller.run()
                repeat = time.monotonic() + 0.05
            self.run(0.02)
        return condition()

    def connect(self):
        return self.until(lambda: self.controller.session)

    def post(self, kind, body=b""):
        self.xid += 1
        self.controller.stream.put(v3.message(kind, self.xid, body))
        return self.xid

    def ask(self, kind, body=b""):
        """Type, error, body of the answer."""
        xid = self.post(kind, body)
        if not self.until(lambda: xid in self.answers):
            return None
        return self.answers.pop(xid)

    def table(self):
        """All flow_mods."""
        resume, flows = 0, []
        while True:
            kind, error, body = self.ask(v3.LIST, struct.pack(">QQ", resume, 0))
            assert (kind, error) == (v3.LIST + 1, 0)
            flows += [entry[5] for entry in v3.entries(body)]
            resume, = struct.unpack(">Q", body[:8])
            if not resume:
                return sorted(flows)

    def end(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        return self.process.wait(10)


def flows(flags, mods, bundle=1):
    return struct.pack(">IB3x", bundle, flags) + b"".join(mods)


def programs(nic):
    """A round of everything; yields what is wrong."""
    ack = (v3.ACK, 0, b"")
    if nic.ask(v3.SET_MTU, struct.pack(">HH", 1450, 0)) != ack:
        yield "SET_MTU"
    if nic.ask(v3.SET_OFFLOAD, struct.pack(">HH", 0x13, 0)) != ack:
        yield "SET_OFFLOAD"
    kind, error, body = nic.ask(v3.SET_MTU, struct.pack(">HH", 20, 0))
    if (kind, error, body[:8]) != (v3.ERROR, 66, struct.pack(">IHH", 8, 0xffff, 0xffff)):
        yield "a refused MTU"
    kind, error, body = nic.ask(v3.CAPABILITIES)
    if (kind, error) != (17, 0) or body[12:16] != struct.pack(">I", 1450):
        yield "CAPABILITIES"
    if nic.ask(v3.FLOWS, flows(3, [FLOW_MOD])) != ack or nic.table() != [FLOW_MOD]:
        yield "one flow"
    # All or nothing: the last one is cut.
    kind, error, body = nic.ask(v3.FLOWS, flows(3, [other_flow(1), FLOW_MOD[:40]]))
    if kind != v3.ERROR or struct.unpack(">I", body[:4])[0] < 16 + len(FLOW_MOD) or nic.table() != [FLOW_MOD]:
        yield "a bundle with a mistake"
    many = sorted(other_flow(i) for i in range(100))
    # A replace in parts, which are under way together.
    posted = [nic.post(v3.FLOWS, flows(5, many[:30], 9)), nic.post(v3.FLOWS, flows(0, many[30:60], 9)),
              nic.post(v3.FLOWS, flows(2, many[60:], 9))]
    if not nic.until(lambda: all(xid in nic.answers for xid in posted)):
        yield "no answer to a replace"
    if any(nic.answers.pop(xid, None) != ack for xid in posted) or nic.table() != many:
        yield "a replace"
    if nic.ask(v3.FLOWS, flows(2, [FLOW_MOD], 9))[:2] != (v3.ERROR, 69):
        yield "a bundle that is not open"
    sa = struct.pack(">BBHIHHI", 1, 16, 0, 0x1000 + nic.xid, 0, 0, 1) + bytes(16)
    if nic.ask(v3.SET_SA, sa) != ack or nic.ask(v3.SET_SA, sa)[:2] != (v3.ERROR, 67):
        yield "SET_SA, twice"
    kind, error, body = nic.ask(v3.LIST_SAS, bytes(8))
    if (kind, error) != (v3.LIST_SAS + 1, 0) or body != bytes(8) + struct.pack(">IBBH", *struct.unpack(">4xI", sa[:8]), 1, 0, 0):
        yield "LIST_SAS"
    if nic.ask(v3.SET_SA, sa[:1] + bytes(3) + sa[4:8] + bytes(8)) != ack or nic.ask(v3.LIST_SAS, bytes(8))[2] != bytes(8):
        yield "LIST_SAS of none"
    if nic.ask(v3.LIST_SAS, bytes(9))[:2] != (v3.ERROR, 2):
        yield "LIST_SAS that is too long"
    kind, error, body = nic.ask(v3.TRACE, struct.pack(">B43x", 1) + bytes(9000))
    if (kind, error) != (31, 0) or struct.unpack(">HB", body[:3]) != (9008, 3):
        yield "TRACE of a long frame"
    if nic.ask(1000)[:2] != (v3.ERROR, 4):
        yield "an unknown request"
    kind, error, body = nic.ask(v3.STATISTICS)
    if (kind, error) != (29, 0) or body[9:9 + body[8]] != b"ctl-requests":
        yield "STATISTICS"
    # 20,000 bytes in segments: skipped, and answered.
    if nic.ask(v3.TRACE, bytes(20000))[:2] != (v3.ERROR, 72):
        yield "a message that is too long"
    nic.controller.echo(b"are you?")
    nic.controller.echo(b"are you?")
    if not nic.loss and not nic.until(lambda: any(echo[8:] == b"are you?" for echo in nic.controller.echoes), 2):
        yield "ECHO"


def a_stranger_programs_the_nic(tool):
    nic = Nic(tool)
    if not nic.connect():
        yield "no session"
        return
    yield from programs(nic)
    if nic.refused:
        yield f"{nic.refused} frames refused"
    # A controller that starts anew says HELLO; the table is still there.
    before = nic.table()
    nic.restart()
    nic.send(v3.hello())
    if not nic.connect() or nic.table() != before or nic.controller.conversations != 1:
        yield "a second controller"
    if nic.end():
        yield "it ended badly"


def so_it_does_through_a_bad_network(tool):
    nic = Nic(tool, loss=20, seed=2)
    if not nic.connect():
        yield "no session"
        return
    yield from programs(nic)
    if nic.end():
        yield "it ended badly"


def a_stranger_without_the_key_does_not(tool):
    nic = Nic(tool, psk=bytes(32))
    nic.until(lambda: nic.registers >= 3)
    if nic.controller.session or nic.registers < 3 or nic.refused != nic.registers:
        yield "it was let in"
    if nic.end():
        yield "it ended badly"


def main():
    failed = 0
    for name, test in (
            ("version 3: a peer written from VERSION3.md programs a NIC", a_stranger_programs_the_nic),
            ("version 3: it does with a fifth of frames lost or doubled",
             so_it_does_through_a_bad_network),
            ("version 3: not without the key", a_stranger_without_the_key_does_not)):
        wrong = list(test(sys.argv[1]))
        print(f"{'not ' if wrong else ''}ok - proto: {name}", flush=True)
        for what in wrong:
            print(f"# {what}")
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
