#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a NIC that has a key, and uses it to flood the daemon, costs the others.
Prints TAP. Usage: flood_test.py BUILD-FOLDER [PART-OF-A-NAME] (sanitized builds)."""
import os
import statistics
import struct
import sys
import threading
import time
import types

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../proto/tests'))

import v3_peer as v3  # noqa: E402
from v3_flow import flow_mod  # noqa: E402
from agent_parts import Running, run_tests, wait_for  # noqa: E402
from fake_nic3 import Nics3  # noqa: E402
from fake_switch import mac_bytes  # noqa: E402

VICTIM, HOSTILE = '02:00:00:00:03:00', '02:00:00:00:03:66'
KEY, HOSTILE_KEY = bytes(range(32)), bytes(range(1, 33))
FRAMES = int(os.environ.get('CVSW_FLOOD_FRAMES', 10_000))
ROUNDS = 15
LOG_MAX = 20_000    # bytes, of a daemon that is to say things once
FLOW_REMOVED, SA_EXPIRING = 65, 67


class HostileNic:
    """Makes a session, and then says what flood() has prepared; stands in switch.nics."""

    def __init__(self, mac):
        self.mac = mac_bytes(mac)
        self.session = None
        self.register, self.handshake = v3.register(lambda prologue: v3.Handshake(HOSTILE_KEY, prologue), self.mac, 1, 2,
                                                    b'hostile!')

    def answers(self, frame):
        if frame[7] == 1 and not self.session:      # HELLO
            return [self.register]
        if frame[7] == v3.ACCEPT and not self.session:
            payload = self.handshake.read(frame[24:], second=True)
            self.session = v3.Session(*self.handshake.split(), 2, struct.unpack('>I', payload[:4])[0])
            return [self.record(v3.ECHO, bytes(16))]
        return []

    def record(self, kind, content):
        return self.session.seal(v3.BROADCAST, kind, 0, 0, content)

    def flood(self, kind):
        """So many frames of a kind."""
        for i in range(FRAMES):
            if kind in (FLOW_REMOVED, SA_EXPIRING):
                body = struct.pack('>IBBHQ', i, 2, 1, 0, 1) if kind == SA_EXPIRING else REMOVED
                yield self.record(v3.LAST_SEGMENT, struct.pack('>Q', i) + v3.message(kind, 0, body))
            elif kind == v3.PACKET_IN:
                yield self.record(kind, struct.pack('>BBBxHxxIIQ', 1, 1, 0, 60, 0, 0, 0) + bytes(60))
            else:
                yield self.record(kind, bytes(16))


def entry(reason):
    """A flow that matches all, of cookie zero, and drops."""
    mod = flow_mod(priority=7, flags=1)
    return struct.pack('!HBBIQQQ', 32 + len(mod), reason, 0, 0xffffffff, 5, 5, 5) + mod


REMOVED = entry(4)      # evicted: one that it should have


def add_flow(daemon, number):
    began = time.monotonic()
    flow = f'cookie={number},priority={1 + number % 100},tcp,actions=drop'
    answer = daemon.ask(command='add-flows', nic=VICTIM, flows=[flow], wait=True)
    assert answer['ok'] and answer['synced'], answer
    return time.monotonic() - began


class Scene:
    """A NIC as it should be at one switch, the hostile one at another."""

    def __init__(self, daemon):
        daemon.restart('--state', daemon.work + '/cvswd.db')
        self.daemon = daemon
        self.nics = Nics3(sys.argv[1], [(VICTIM, KEY)], strict=True)
        for mac, key in (VICTIM, KEY), (HOSTILE, HOSTILE_KEY):
            daemon.ctl('key', 'add', mac, '-', stdin=key.hex() + '\n')
        self.switch = daemon.switch(ports=(1,))
        self.nics.join(self.switch)
        self.other = daemon.switch(ports=(1,), dpid=0x666)
        self.hostile = self.other.nics[1] = HostileNic(HOSTILE)
        self.running = [Running(self.switch), Running(self.other)]

    def __enter__(self):
        for running in self.running:
            running.__enter__()
        assert wait_for(lambda: self.daemon.state(VICTIM) == 'in sync', 20), self.daemon.nics()
        assert wait_for(lambda: self.daemon.state(HOSTILE) == 'connecting', 20), self.daemon.nics()
        return self

    def prepared(self, kind):
        """The flood as the switch says it, in one piece."""
        said, sock = [], self.other.sock
        self.other.sock = types.SimpleNamespace(sendall=said.append)
        for frame in self.hostile.flood(kind):
            self.other.packet_in(1, frame)
        self.other.sock = sock
        sock.settimeout(60)
        return b''.join(said)

    def received(self):
        """Frames from the hostile NIC's switch."""
        shown = {switch['dpid']: switch for switch in self.daemon.ask(command='show')['switches']}
        return shown['0000000000000666']['frames']['received']

    def __exit__(self, *_):
        for running in self.running:
            running.__exit__()
        self.switch.close()
        self.other.close()
        self.nics.stop()


def test_flood(kind):
    def run(daemon):
        with Scene(daemon) as scene:
            scene.running[1].__exit__()             # from here on it only talks
            flood = scene.prepared(kind)
            quiet = [add_flow(daemon, i) for i in range(1, ROUNDS)]
            before = scene.received()
            began = time.monotonic()
            thread = threading.Thread(target=scene.other.sock.sendall, args=(flood,))
            thread.start()
            beside = []
            while scene.received() - before < FRAMES:
                beside.append(add_flow(daemon, 100 + len(beside)))
            seconds = time.monotonic() - began
            thread.join()
            assert len(beside) >= 3 and daemon.state(VICTIM) == 'in sync', (len(beside), daemon.nics())
            assert len(daemon.read_log()) < LOG_MAX, daemon.read_log()[-1000:]
            print(f'# {FRAMES / seconds:.0f} frames a second; add-flow takes {statistics.median(quiet) * 1e3:.1f} ms, beside '
                  f'them {statistics.median(beside) * 1e3:.1f}, {max(beside) * 1e3:.1f} at most')
    return run


TESTS = [
    ('a NIC that floods with ECHO', test_flood(v3.ECHO)),
    ('a NIC that floods with PACKET_IN', test_flood(v3.PACKET_IN)),
    ('a NIC that floods with SA_EXPIRING', test_flood(SA_EXPIRING)),
    ('a NIC that floods with FLOW_REMOVED', test_flood(FLOW_REMOVED)),
]

sys.exit(run_tests(TESTS))
