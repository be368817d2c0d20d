# SPDX-License-Identifier: GPL-2.0
"""TCP connections that move data at the same time, both ways, and compare it; and what
the ends and the wire count meanwhile."""
import hashlib
import select
import socket
import struct
import time

from bench import Failed, expect
from frames import SET_MTU, control
from overlay import INNER, MTU_ESP, MTU_VXLAN, applied, cvsw_host

CONNECTIONS, QUEUES, PORT = 12, 4, 5001
SO_TXREHASH = 74


def inner_mtu(mtu, tunnel, keys):
    return mtu - 1500 + (MTU_ESP if keys else MTU_VXLAN) if tunnel else mtu


def set_up(bench, mtu, tunnel, keys):
    for end in (bench.a, bench.b):
        end.ns.ip(f"link set {end.ifname} mtu {mtu}")
    for end in (bench.a, bench.b) if tunnel else ():
        cvsw_host(bench, end, keys, mtu=False)
        applied(end, control(SET_MTU, data1=inner_mtu(mtu, tunnel, keys)))


class Connection:
    """Two sockets, and what each has sent and is still to get."""

    def __init__(self, bench, family, connect_to):
        self.ends = []
        with bench.b.ns:
            listener = socket.socket(family, socket.SOCK_STREAM)
        with bench.a.ns:
            client = socket.socket(family, socket.SOCK_STREAM)
        try:
            # it keeps to its queues, also where a timeout makes it look for another path
            client.setsockopt(socket.SOL_SOCKET, SO_TXREHASH, 0)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((connect_to, PORT))
            listener.listen(1)
            listener.settimeout(5)
            client.settimeout(5)
            client.connect((connect_to, PORT))
            server, _ = listener.accept()
        except OSError as error:
            raise Failed(f"no connection to {connect_to}: {error}") from None
        finally:
            listener.close()
        for sock in (client, server):
            sock.setblocking(False)
        self.ends = [Half(client), Half(server)]
        self.ends[0].peer, self.ends[1].peer = self.ends[1], self.ends[0]

    def close(self):
        for end in self.ends:
            end.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.sock.close()


class Half:
    BLOCK = hashlib.sha512(b"cvsw").digest() * 512

    def __init__(self, sock):
        self.sock, self.peer = sock, None
        self.to_send = self.to_get = 0
        self.sent, self.got = hashlib.sha1(), hashlib.sha1()

    def send(self):
        piece = self.BLOCK[:min(len(self.BLOCK), self.to_send)]
        n = self.sock.send(piece)
        self.sent.update(piece[:n])
        self.to_send -= n

    def receive(self):
        data = self.sock.recv(1 << 18)
        expect(data, "a connection ended early")
        self.got.update(data)
        self.to_get -= len(data)


def connections(bench, tunnel, n=CONNECTIONS):
    """Half of them IPv6."""
    addresses = (INNER["b"], "fd01::2") if tunnel else (bench.b.address, "fd00::2")
    return [Connection(bench, (socket.AF_INET, socket.AF_INET6)[i % 2], addresses[i % 2]) for i in range(n)]


def order(halves, size):
    for half in halves:
        half.to_send += size
        half.peer.to_get += size


def settle(halves, seconds=30):
    """Until all that was ordered has arrived, compared."""
    move(halves, seconds)
    for half in halves:
        expect(not half.to_get, f"after {seconds} s {sum(half.to_get for half in halves)} bytes are missing")
        expect(half.got.digest() == half.peer.sent.digest(), "other bytes arrived than were sent")


def move(halves, seconds):
    """What moves in this time."""
    end = time.monotonic() + seconds
    while (left := [half for half in halves if half.to_get or half.to_send]) and time.monotonic() < end:
        of = {half.sock: half for half in left}
        readable, writable, _ = select.select([half.sock for half in left if half.to_get],
                                              [half.sock for half in left if half.to_send], [], 0.1)
        for sock in writable:
            of[sock].send()
        for sock in readable:
            of[sock].receive()


# ---- what is watched --------------------------------------------------------

def drops(end):
    lost = {name: n for name, n in end.counters().items() if name.startswith("drop-")}
    lost.update((f"wire: {name}", n) for name, n in end.crossed.items() if "drop" in name or name == "capture_missed")
    lost["wrong checksums"] = end.ns.wrong_checksums()
    return lost


def by_queue(end, way):
    """Frames `sent` or `got`, as the wire saw them."""
    crossed = end.crossed
    return [crossed[f"{way}_{i}"] for i in range(QUEUES)]


def grown(before, after):
    return [b - a for a, b in zip(before, after)]


class Watched:
    """`with`: nothing is dropped at either end; afterwards, how many frames each queue of
    the ends `sent` and `got`, and the `giants` among them."""

    def __init__(self, bench):
        self.ends = (bench.a, bench.b)

    def _now(self):
        return [(drops(end), by_queue(end, "sent"), by_queue(end, "got"), end.crossed["giants"]) for end in self.ends]

    def __enter__(self):
        self.before = self._now()
        return self

    def __exit__(self, kind, *_):
        if kind:
            return
        self.queues, self.giants = [], []
        for end, before, after in zip(self.ends, self.before, self._now()):
            moved = {name: after[0][name] - n for name, n in before[0].items() if after[0][name] != n}
            expect(not moved, f"dropped at {end.side}: {moved}")
            self.queues += [grown(before[1], after[1]), grown(before[2], after[2])]
            self.giants.append(after[3] - before[3])
