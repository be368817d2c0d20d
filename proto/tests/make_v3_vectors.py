#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Writes the test vectors of version 3 (proto/vectors/v3.txt), computed by libcrypto.

usage: make_v3_vectors.py >proto/vectors/v3.txt
       make_v3_vectors.py --check proto/vectors/v3.txt
"""
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import v3_messages
import v3_peer as v3

PSK = bytes(range(0xa0, 0xc0))
MAC = bytes.fromhex("525400123456")
NIC_SECRET = bytes(range(0x10, 0x30))
CONTROLLER_SECRET = bytes(range(0x40, 0x60))
TICKET = bytes.fromhex("5555666677778888")
COOKIE = bytes(range(0xc0, 0xd0))
NIC_INDEX = 1
HANDSHAKE = 0x0a0b0c0d
CONTROLLER_INDEX = 0x00010201


def vectors():
    """Name, value and comment of each."""
    nic_secret = X25519PrivateKey.from_private_bytes(NIC_SECRET)
    yield "psk", PSK, ""
    yield "mac", MAC, "the NIC's"
    yield "nic-secret", NIC_SECRET, "e1"
    yield "controller-secret", CONTROLLER_SECRET, "e2"
    yield "ticket", TICKET, "of the session; the NIC had none before"
    yield "hello", v3.hello(), "to all NICs"
    register, nic = v3.register(lambda prologue: v3.Handshake(PSK, prologue, nic_secret),
                                MAC, HANDSHAKE, NIC_INDEX)
    yield "register", register, "handshake 0x0a0b0c0d; the NIC's index is 1"
    yield "h", nic.h, "behind REGISTER"
    yield "ck", nic.ck, "behind REGISTER"

    sent = []
    controller = v3.Controller(PSK, MAC, sent.append, lambda: TICKET,
                               lambda: X25519PrivateKey.from_private_bytes(CONTROLLER_SECRET))
    controller.receive(register)
    accept = sent.pop()
    yield "accept", accept, "the controller's index is 0x00010201"
    payload = nic.read(accept[24:], second=True)
    assert payload == struct.pack(">I", CONTROLLER_INDEX) + b"\3\0\0\0" + TICKET
    k1, k2 = nic.split()
    yield "k1", k1, "seals what the NIC sends"
    yield "k2", k2, "seals what the controller sends"
    session = v3.Session(k1, k2, NIC_INDEX, CONTROLLER_INDEX)

    echo = session.seal(v3.BROADCAST, v3.ECHO, 0, 0, struct.pack(">QQ", 0, 1000))
    yield "nic-0", echo, "ECHO, counter 0: no record is known; its own bytes are 1000"
    controller.receive(echo)
    yield "controller-0", sent.pop(), "ECHO_REPLY"
    controller.stream.put(v3.message(v3.SET_MTU, 7, bytes.fromhex("05aa0000")))
    controller.run()
    yield "controller-1", sent.pop(), "segment 0: SET_MTU 1450, xid 7"
    yield "nic-1", session.seal(v3.BROADCAST, v3.LAST_SEGMENT, 1, 0,
                                bytes(8) + v3.message(v3.ACK, 7)), "segment 0: ACK, base 1"
    session.counter = 0x0abcde
    yield "nic-far", session.seal(v3.BROADCAST, v3.NOTHING, 0x0102030405060708, 0x80000001), \
        "NOTHING, counter 0xabcde, base 0x0102030405060708, got 0x80000001"
    session.counter = 0x0abcdf
    yield "nic-longest", session.seal(v3.BROADCAST, v3.SEGMENT, 0, 0,
                                      struct.pack(">Q", 5) + bytes(range(241)) * 6), \
        "segment 5, 1446 bytes, counter 0xabcdf"
    yield "cookie", v3.answer(PSK, MAC, v3.COOKIE, HANDSHAKE, COOKIE, register[48:80]), \
        "an answer to the REGISTER above"
    yield "register-with-cookie", v3.register(
        lambda prologue: v3.Handshake(PSK, prologue, nic_secret), MAC, HANDSHAKE + 2,
        NIC_INDEX + 1, cookie=COOKIE)[0], \
        "its answer, handshake 0x0a0b0c0f, index 2, with the same e1 for once"
    session.counter = 0x0abce0
    yield "nic-window", session.seal(v3.BROADCAST, v3.NOTHING, 5, 0x0000000d), \
        "NOTHING, base 5, got 0x0000000d: segments 5, 7 and 8 have arrived, 6 has not"
    yield from v3_messages.vectors()


def main():
    lines = ["# Test vectors of the CVSW control protocol, version 3: proto/VERSION3.md.",
             "# Written by proto/tests/make_v3_vectors.py; frames from the destination address on."]
    for name, value, comment in vectors():
        lines += ["", *([f"# {comment}"] if comment else []), f"{name} = {value.hex()}"]
    text = "\n".join(lines) + "\n"
    if sys.argv[1:2] != ["--check"]:
        sys.stdout.write(text)
        return 0
    with open(sys.argv[2], encoding="ascii") as file:
        same = file.read() == text
    print(f"{'' if same else 'not '}ok - proto: version 3's vectors are what libcrypto computes")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
