# SPDX-License-Identifier: GPL-2.0
"""The NIC under test: end a of the wire, alone on it, programmed in version 3.

Port 1, HOST, is where the guest's stack hands frames to the driver and gets them from it;
port 2, NET, is the wire.
"""
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, sys.path[0] + "/../wire_test")
from bench import TOP, Failed     # noqa: E402
from version3 import COMMIT, OPEN, Station, give_key, v3     # noqa: E402

HOST, NET = 1, 2
PACKET_AUXDATA, SOL_PACKET, PACKET_OUTGOING = 8, 263, 4
VLAN_VALID, VLAN_TPID_VALID = 0x10, 0x40
SO_RCVBUFFORCE = 33
ENOUGH = 2 << 20
COMMAND_AT = {14: 56, 4: 24}    # by the message's type: OFPT_FLOW_MOD, NXT_FLOW_MOD
TABLE_AT = 2 * 14               # in a flow_mod of version 3, in hex


def translated(flow_mods):
    """OpenFlow 1.0's, of either form, to version 3's, in hex; or "error: ..."."""
    mods = [without_table(flow_mod) for flow_mod in flow_mods]
    lines = "".join(bare.hex() + "\n" for bare, _ in mods)
    found = subprocess.run([f"{TOP}/build/user/proto-flowtool", "translate"], input=lines, capture_output=True,
                           text=True, check=True).stdout.splitlines()
    return [mod if mod.startswith("error") else f"{mod[:TABLE_AT]}{table:02x}{mod[TABLE_AT + 2:]}"
            for mod, (_, table) in zip(found, mods)]


def without_table(flow_mod):
    """Version 2 has one table: what Nicira's extension says of another, apart."""
    at = COMMAND_AT[flow_mod[1]]
    return flow_mod[:at] + b"\0" + flow_mod[at + 1:], flow_mod[at]


class Nic(Station):
    def __init__(self, bench):
        super().__init__(bench)
        self.wire = []      # frames that the NIC sent

    def __enter__(self):
        end = self.nic
        end.ns.sysctl(f"net.ipv6.conf.{end.ifname}.disable_ipv6", 1)
        end.ns.ip(f"addr flush dev {end.ifname}")
        # A stack that says nothing by itself, and takes frames one by one.
        end.ns.run("ethtool", "-K", end.ifname, "gro", "off")
        self.stack = end.ns.packet_socket(end.ifname)
        self.stack.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.stack.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        super().__enter__()
        give_key(end)
        self.connect()
        return self

    def __exit__(self, *anything):
        self.stack.close()
        super().__exit__(*anything)

    def captured(self):
        for data in super().captured():
            if data[12:14] == b"\xab\xba":
                yield data
            else:
                self.wire.append(data)

    # -- programming

    def load(self, flow_mods):
        """All, as one bundle.  Returns what the NIC, or cvswd before it, has against it."""
        mods = translated(flow_mods)
        wrong = [mod for mod in mods if mod.startswith("error")]
        if wrong:
            return wrong[0]
        kind, error, body = self.flows(OPEN | COMMIT, *map(bytes.fromhex, mods))
        return None if kind == v3.ACK else (error, body)

    def program(self, flow_mods):       # pylint: disable=arguments-differ
        """None for each that was taken, else the error."""
        if not self.load(flow_mods):
            return [None] * len(flow_mods)
        return [self.load([flow_mod]) for flow_mod in flow_mods]

    def table(self):
        """Cookie, priority, packets and bytes of each flow, sorted."""
        flows = []
        for flow_mod, counts in super().table().items():
            priority, cookie = struct.unpack_from("!4xH10xQ", flow_mod)
            flows.append((cookie, priority, *counts))
        return sorted(flows)

    # -- frames

    def exchange(self, port, frames, onward_last, back_last):
        """The frames that come out at the other side, and those that come back."""
        if self.at > ENOUGH:
            self.listen()
        frames = [*frames, onward_last, back_last]
        if port == HOST:
            self.nic.burst(*frames)
            return self.sent_until(onward_last), self.received_until(back_last)
        self.nic.inject(*frames)
        return self.received_until(onward_last), self.sent_until(back_last)

    def sent_until(self, last):
        end = time.monotonic() + 5
        while last not in self.wire:
            if time.monotonic() > end:
                raise Failed(f"the last frame did not come out of the wire; {self.moved()}")
            self.look()
        at = self.wire.index(last)
        frames, self.wire = self.wire[:at], self.wire[at + 1:]
        return frames

    def received_until(self, last):
        frames = []
        while True:
            try:
                frame = self.received()
            except TimeoutError:
                raise Failed(f"the last frame did not reach the stack; {self.moved()}") from None
            if frame == last:
                return frames
            if frame:
                frames.append(frame)

    def received(self):
        """A frame as it was before the stack took its tag out."""
        data, about, _, where = self.stack.recvmsg(4096, 64)
        if where[2] == PACKET_OUTGOING:
            return None
        for level, kind, value in about:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", value)
                if status & VLAN_VALID:
                    tpid = tpid if status & VLAN_TPID_VALID else 0x8100
                    data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
        return data

    def moved(self):
        return {name: value for name, value in self.nic.counters().items() if value}
