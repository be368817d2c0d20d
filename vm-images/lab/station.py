# SPDX-License-Identifier: GPL-2.0
"""A machine on a bridge that has no key: it hears what all hear, and says what it likes."""
import contextlib
import socket
import threading
import time

ALL_FRAMES = 0x0003                     # ETH_P_ALL
ABBA = b"\xab\xba"
REGISTER, ACCEPT, SEALED = 2, 3, 5      # of version 3
LENGTHS = {ACCEPT: 120, SEALED: 1514}


def forged(nic_mac, kind, number):
    """A frame that looks like the controller's, of a handshake or a session with this number (bytes)."""
    length = LENGTHS[kind]
    head = nic_mac + bytes([0x32, kind, 0, 0, 0, 0]) + ABBA + (length - 16).to_bytes(2, "big") + number
    return head + bytes(length - len(head))


class Station:
    def __init__(self, bridge, name="station"):
        bridge.add_port(name)
        self.heard = []                 # control frames, since the beginning
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES))
        self.socket.bind((name, 0))
        self.socket.setblocking(False)

    def listen(self):
        """All control frames that it has heard."""
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, (_, _, direction, *_) = self.socket.recvfrom(2048)
                if direction != socket.PACKET_OUTGOING and frame[12:14] == ABBA:
                    self.heard.append(frame)
        return self.heard

    @contextlib.contextmanager
    def flooding(self, frames, rate):
        """While the body runs, these frames over and over, so many a second; yields a list with their number."""
        sent, over = [0], threading.Event()

        def flood():
            began = time.monotonic()
            while not over.is_set():
                for frame in frames:
                    self.socket.send(frame)
                sent[0] += len(frames)
                over.wait(max(0, began + sent[0] / rate - time.monotonic()))

        self.socket.setblocking(True)
        thread = threading.Thread(target=flood)
        thread.start()
        try:
            yield sent
        finally:
            over.set()
            thread.join()
            self.socket.setblocking(False)
