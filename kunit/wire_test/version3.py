# SPDX-License-Identifier: GPL-2.0
"""A controller of version 3 where the wire has it: what a's NIC sends it sees in the
capture, what it sends is injected.

It is proto/tests/v3_peer.py, written from proto/VERSION3.md alone.
"""
import json
import os
import random
import struct
import subprocess
import sys
import time

import netlink
from bench import TOP, Failed, expect_equal, wait_for
from frames import mac

sys.path.append(f"{TOP}/proto/tests")
import v3_peer as v3    # noqa: E402
from v3_flow import controller as to_controller, flow_mod, output, set_nw_tos    # noqa: E402,F401

KEY = bytes(range(100, 132))
OPEN, COMMIT, REPLACE, ABORT = 1, 2, 4, 8


def ctl(end, *words, stdin="", user=None):
    """cvswctl --local in the end's namespace."""
    command = [f"{TOP}/build/bin/cvswctl", "--local", *words]
    if user:
        command = ["setpriv", f"--reuid={user}", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", *command]
    with end.ns:
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=10)


def give_key(end, key=KEY):
    done = ctl(end, "key", end.ifname, "-", stdin=key.hex() + "\n")
    expect_equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "cvswctl --local key")


PCAP_HEADER, PCAP_RECORD = 24, 16
CAPTURE_ENOUGH = 4 << 20    # of the 8 MiB that a capture holds


class Station:
    """`with`: whoever can send to a's NIC, and sees what it sends; of a hundred frames `loss` are lost."""

    def __init__(self, bench, key=KEY, loss=0):
        self.nic, self.key, self.loss = bench.a, key, loss
        self.random = random.Random(4)
        self.nic_mac = mac(self.nic.mac)
        self.seen = []          # frames of version 3 that the NIC sent
        self.sent = []
        self.answers = {}
        self.packet_ins = []    # contents
        self.refused = 0
        self.xid = 0
        self.begin()

    def __enter__(self):
        self.listen()
        self.capture = os.open(f"{self.nic.dir}/pcap", os.O_RDONLY)
        return self

    def __exit__(self, *_):
        os.close(self.capture)
        self.nic.set(capture=0)
        if self.nic.get("plugged") == "1":
            ctl(self.nic, "forget-key", self.nic.ifname)

    def begin(self):
        """Anew, knowing nothing."""
        self.controller = v3.Controller(self.key, self.nic_mac, self.send)

    def listen(self):
        self.nic.set(capture=1)
        self.at = PCAP_HEADER

    def lost(self):
        return self.random.randrange(100) < self.loss

    def inject(self, frame):
        try:
            self.nic.inject(frame)
        except OSError:
            pass        # nobody is there

    def send(self, frame):
        self.sent.append(frame)
        for _ in range(0 if self.lost() else 2 if self.lost() else 1):
            self.inject(frame)

    def captured(self):
        """What crossed since the last look."""
        data = os.pread(self.capture, CAPTURE_ENOUGH, self.at)
        at = 0
        while at + PCAP_RECORD <= len(data):
            size, = struct.unpack_from("=I", data, at + 8)
            if at + PCAP_RECORD + size > len(data):
                break
            yield data[at + PCAP_RECORD:at + PCAP_RECORD + size]
            at += PCAP_RECORD + size
        self.at += at
        if self.at > CAPTURE_ENOUGH:
            self.listen()

    def look(self):
        for data in self.captured():
            if data[12:14] == b"\xab\xba" and data[6] == 0x32:
                self.seen.append(data)
                if not self.lost():
                    self.receive(data)

    def receive(self, data):
        try:
            messages = self.controller.receive(data)
        except v3.Refused:
            self.refused += 1
            return
        self.packet_ins += self.controller.packet_ins
        self.controller.packet_ins.clear()
        for message in messages:
            kind, error, xid, body = v3.parse_message(message)
            self.answers[xid] = kind, error, body

    def until(self, condition, what, seconds=10):
        end = time.monotonic() + seconds
        repeat = 0.0
        while not condition():
            if time.monotonic() > end:
                moved = {name: value for name, value in self.nic.counters().items() if value}
                raise Failed(f"{what}: not within {seconds} s; {len(self.seen)} frames seen, {self.refused} refused; {moved}")
            if time.monotonic() >= repeat:
                self.controller.run()
                repeat = time.monotonic() + 0.1
            self.look()
            time.sleep(0.002)

    def let(self, seconds):
        """Time passes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.002)

    def connect(self):
        self.until(lambda: self.controller.session, "a session")
        wait_for(lambda: state(self.nic) == "connected", "connected at the NIC")

    def ask(self, kind, body=b""):
        """Type, error, body of the answer."""
        self.xid += 1
        xid = self.xid
        self.controller.stream.put(v3.message(kind, xid, body))
        self.controller.run()
        self.until(lambda: xid in self.answers, f"an answer to request {kind}")
        return self.answers.pop(xid)

    def done(self, kind, body=b""):
        expect_equal(self.ask(kind, body), (v3.ACK, 0, b""), f"answer to request {kind}")

    def flows(self, flags, *mods, bundle=1):
        return self.ask(v3.FLOWS, struct.pack(">IB3x", bundle, flags) + b"".join(mods))

    def program(self, flags, *mods, bundle=1):
        expect_equal(self.flows(flags, *mods, bundle=bundle), (v3.ACK, 0, b""), "answer to FLOWS")

    def table(self):
        """Flow_mod: packets, bytes."""
        resume, flows = 0, {}
        while True:
            kind, error, body = self.ask(v3.LIST, struct.pack(">QQ", resume, 0))
            expect_equal((kind, error), (v3.LIST + 1, 0), "answer to LIST")
            for _, _, _, packets, octets, entry in v3.entries(body):
                flows[entry] = packets, octets
            resume, = struct.unpack(">Q", body[:8])
            if not resume:
                return flows


def shown(end):
    done = ctl(end, "-j", "show", end.ifname)
    expect_equal(done.returncode, 0, "cvswctl --local show")
    return json.loads(done.stdout)[0]


def keyless(end):
    """The protocol of a NIC without a key: 2, or 3 if its driver does not have or allow version 2."""
    return 2 if netlink.STATE in end.port() else 3


def state(end):
    return shown(end)["state"]
