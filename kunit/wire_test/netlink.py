# SPDX-License-Identifier: GPL-2.0
"""The module's generic netlink family, as proto/cvsw_nl.h gives it."""
import os
import socket
import struct

GET_PORT, GET_FLOW, GET_STATS, GET_SA, SET_KEY = range(1, 6)
IFINDEX, IFNAME, STATE, MISS, N_FLOWS, FLOW_MOD, N_PACKETS, N_BYTES, COUNTER_NAME, COUNTER, VERSION = range(2, 13)
KEY = 21
DISCONNECTED, CONNECTING, CONNECTED = range(3)

NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST, ACK, DUMP = 0x1, 0x4, 0x300
GENL_ID_CTRL, GETFAMILY = 0x10, 3
CTRL_FAMILY_ID, CTRL_FAMILY_NAME = 1, 2


def attributes(data):
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


def attribute(kind, value):
    data = struct.pack("=HH", 4 + len(value), kind) + value
    return data.ljust((len(data) + 3) & ~3, b"\0")


class Family:
    """Asks in the network namespace the caller is in when it makes one."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.socket.bind((0, 0))
        self.socket.settimeout(5)
        answer = self.ask(GENL_ID_CTRL, GETFAMILY, REQUEST, attribute(CTRL_FAMILY_NAME, b"cvsw\0"))
        self.id, = struct.unpack("=H", answer[0][CTRL_FAMILY_ID])

    def close(self):
        self.socket.close()

    def ask(self, kind, command, flags, payload=b""):
        data = struct.pack("=BBH", command, 1, 0) + payload
        self.socket.send(struct.pack("=IHHII", 16 + len(data), kind, flags, 1, 0) + data)
        answers = []
        while True:
            batch = self.last = self.socket.recv(1 << 16)
            while batch:
                length, got = struct.unpack_from("=IH", batch)
                if got == NLMSG_ERROR:
                    error, = struct.unpack_from("=i", batch, 16)
                    if error:
                        raise OSError(-error, os.strerror(-error))
                    return answers
                if got == NLMSG_DONE:
                    return answers
                answers.append(attributes(batch[20:length]))
                batch = batch[(length + 3) & ~3:]
            if not flags & (DUMP | ACK):
                return answers

    def order(self, command, attributes):
        """Raises what the driver says, unless it is done."""
        self.ask(self.id, command, REQUEST | ACK, b"".join(attribute(*item) for item in attributes.items()))

    def dump(self, command, ifindex=None):
        payload = b"" if ifindex is None else attribute(IFINDEX, struct.pack("=I", ifindex))
        return self.ask(self.id, command, REQUEST | DUMP, payload)


def u64(data):
    return int.from_bytes(data, "little")
