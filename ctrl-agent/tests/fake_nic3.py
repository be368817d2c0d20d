# SPDX-License-Identifier: GPL-2.0-or-later
"""NICs of version 3 behind the ports of a fake switch, and a bad network before them.

They are simnic3: the module's own protocol code over a trivial table."""
import fcntl
import heapq
import itertools
import os
import select
import struct
import subprocess
import threading
import time

F_SETPIPE_SZ = 1031         # fcntl.h
FRAME, DUMP, REBOOT, LINK_UP, RESTORED, PACKET_IN, PUT_FLOWS, UNASKED, GUEST_MTU, LOSE_SA = range(10)


class Nic3:
    """One of them; stands in switch.nics."""

    def __init__(self, nics, number, mac, psk):
        self.nics, self.number, self.mac, self.psk = nics, number, mac, psk
        self.port = None
        self.recorded = []          # (True: to the NIC, frame)
        self.dumped = None

    def answers(self, frame):
        """What the switch calls; the answers come later, by nics.take()."""
        self.recorded.append((True, frame))
        self.command(FRAME, frame)
        return []

    def command(self, kind, content=b''):
        self.nics.write(struct.pack('!BBH', self.number, kind, len(content)) + content)

    def attach(self, switch, port):
        for number, nic in list(switch.nics.items()):
            if nic is self:
                del switch.nics[number]
        self.port = port
        switch.nics[port] = self
        self.command(LINK_UP)


class Nics3:
    """The process; to be put into switch.others_to_poll."""

    def __init__(self, build, names, strict=False):
        """names: [(MAC, 32 bytes of key)]"""
        argv = [f'{build}/asan/agent/simnic3', '1' if strict else '0']
        for mac, psk in names:
            argv += [mac.replace(':', ''), psk.hex()]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        bufsize=0)
        for pipe in (self.process.stdin, self.process.stdout):
            fcntl.fcntl(pipe, F_SETPIPE_SZ, 1 << 20)    # or both ends could wait for each other
        self.lock = threading.Lock()
        self.nics = [Nic3(self, i, mac, psk) for i, (mac, psk) in enumerate(names)]
        self.buffer = b''
        self.switch = None

    def fileno(self):
        return self.process.stdout.fileno()

    def write(self, data):
        with self.lock:
            self.process.stdin.write(data)

    def join(self, switch, first_port=1):
        self.switch = switch
        switch.others_to_poll.append(self)
        for port, nic in enumerate(self.nics, first_port):
            nic.attach(switch, port)

    def take(self):
        """What they have said by now."""
        while select.select([self], [], [], 0)[0]:
            data = os.read(self.fileno(), 1 << 20)
            if not data:
                raise AssertionError(f'simnic3 ended: {self.process.wait()}')
            self.buffer += data
        while len(self.buffer) >= 4:
            number, kind, length = struct.unpack_from('!BBH', self.buffer)
            if len(self.buffer) < 4 + length:
                break
            content, self.buffer = self.buffer[4:4 + length], self.buffer[4 + length:]
            nic = self.nics[number]
            if kind == DUMP:
                nic.dumped = content.decode()
            elif nic.port is not None and self.switch and not self.switch.closed:
                nic.recorded.append((False, content))
                self.switch.from_nic(nic.port, content)

    def dump(self, nic):
        """What a NIC has: {"mtu": ..., "flows": sorted texts}, while a Running plays the switch."""
        nic.dumped = None
        nic.command(DUMP)
        end = time.monotonic() + 10
        while nic.dumped is None:
            assert time.monotonic() < end, 'simnic3 does not answer'
            time.sleep(0.005)
        lines = nic.dumped.splitlines()
        shown = {word: int(n) for word, n in (line.split() for line in lines[:5])}
        # Those that it has, and not only had.
        shown['live_sas'] = sorted((way, int(spi)) for line in lines[5:] if line.startswith('sa ')
                                   for _, way, spi in [line.split()])
        shown['groups'] = [line for line in lines[5:] if line.startswith('group_id=')]
        shown['flows'] = sorted(line for line in lines[5:] if not line.startswith(('sa ', 'group_id=')))
        return shown

    def stop(self):
        self.process.stdin.close()
        code = self.process.wait(10)
        self.process.stdout.close()
        assert code == 0, f'simnic3 exits with {code}'


class BadNetwork:
    """Drops, doubles, delays and reorders frames, a fifth of them each, both ways."""

    def __init__(self, rng, share=0.2):
        self.rng, self.share = rng, share
        self.waiting = []
        self.order = itertools.count()
        self.counts = {'dropped': 0, 'doubled': 0, 'delayed': 0, 'overtaken': 0, 'passed': 0}

    def happens(self, what):
        happened = self.rng.random() < self.share
        self.counts[what] += happened
        return happened

    def send(self, deliver, port, frame):
        if self.happens('dropped'):
            return
        self.counts['passed'] += 1
        for _ in range(2 if self.happens('doubled') else 1):
            pause = 0.0
            if self.happens('delayed'):
                pause += self.rng.uniform(0.02, 0.15)
            if self.happens('overtaken'):
                pause += self.rng.uniform(0.001, 0.01)
            heapq.heappush(self.waiting, (time.monotonic() + pause, next(self.order), deliver,
                                          port, frame))

    def run(self):
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            _, _, deliver, port, frame = heapq.heappop(self.waiting)
            deliver(port, frame)
