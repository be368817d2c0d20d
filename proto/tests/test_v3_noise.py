#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""The vectors' handshake is that of a Noise library which knows nothing of us (dissononce).

usage: test_v3_noise.py VECTORS
"""
import sys

from dissononce.cipher.aesgcm import AESGCMCipher
from dissononce.dh.x25519.private import PrivateKey
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.NN import NNHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState
from dissononce.processing.modifiers.psk import PSKPatternModifier


class FixedDH(X25519DH):
    """X25519 whose next key pair is known."""

    def __init__(self, secret):
        super().__init__()
        self.secret = secret

    def generate_keypair(self, privatekey=None):
        return super().generate_keypair(privatekey or PrivateKey(self.secret))


def state(secret, initiator, vector):
    handshake = HandshakeState(SymmetricState(CipherState(AESGCMCipher()), SHA256Hash()),
                               FixedDH(secret))
    handshake.initialize(PSKPatternModifier(0).modify(NNHandshakePattern()), initiator,
                         vector["register"][:48], psks=(vector["psk"],))
    return handshake


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        vector = {name: bytes.fromhex(value) for name, value in
                  (line.split(" = ") for line in file if " = " in line)}
    nic = state(vector["nic-secret"], True, vector)
    controller = state(vector["controller-secret"], False, vector)
    message, payload = bytearray(), bytearray()
    wrong = []

    nic.write_message(bytes(8) + b"\3\0\0\0\0\0\0\1", message)
    if message != vector["register"][48:]:
        wrong.append("REGISTER")
    controller.read_message(bytes(message), payload)
    message = bytearray()
    own = bytes.fromhex("0001020103000000") + vector["ticket"]
    to_controller, _ = controller.write_message(own, message)
    if message != vector["accept"][24:88]:
        wrong.append("ACCEPT")
    payload = bytearray()
    _, to_nic = nic.read_message(bytes(message), payload)
    if payload != own:
        wrong.append("ACCEPT's payload")
    # Transport messages with an explicit nonce are Noise's, too.
    for cipher, name in ((to_controller, "nic-0"), (to_nic, "controller-0")):
        record = vector[name]
        cipher.set_nonce(int.from_bytes(record[20:28], "big"))
        if cipher.decrypt_with_ad(record[:28], record[28:])[24:] != (1000).to_bytes(8, "big"):
            wrong.append(name)
    print(f"{'not ' if wrong else ''}ok - proto: version 3's handshake is a Noise library's")
    for what in wrong:
        print(f"# {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
