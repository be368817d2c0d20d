#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random requests to cvswd, with NICs and switches that come and go: it must survive them all.

    storm_test.py BUILD-FOLDER [N]

N requests, 100,000 if not given.  Commands with members that are right, wrong, unknown, repeated or
missing; many in one write; from clients that wait, leave, or only listen.  Behind them NICs of both
versions register, move, reboot and vanish, and switches disconnect.  The sanitized build is used.
CVSW_TEST_SEED=N repeats a run (what NICs do meanwhile may fall between other requests).  Prints TAP."""
import collections
import json
import os
import random
import select
import shutil
import socket
import sys
import tempfile
import time

from agent_parts import Daemon
from fake_nic3 import REBOOT, Nics3
from fake_switch import Nic, Switch, control, REGISTER

SEED = int(os.environ.get('CVSW_TEST_SEED') or random.randrange(1 << 32))
REQUESTS = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
N_CLIENTS = 6
PORTS = (1, 2, 3, 4, 5, 6)
CALM_EVERY, CALM = 2500, 0.1    # requests, seconds
DPIDS = (0xa, 0xb)

MACS2 = [f'02:00:00:00:02:{i:02x}' for i in range(4)]
MACS3 = [f'02:00:00:00:03:{i:02x}' for i in range(6)]
GHOSTS = [f'02:00:00:00:09:{i:02x}' for i in range(6)]
KEYS3 = [bytes([i + 1]) * 31 + b'\x5a' for i in range(6)]

MATCHES = ['', 'tcp', 'udp', 'in_port=HOST', 'icmp', 'tcp,tp_dst=80', 'nonsense', 'dl_type=0x86dd']
ACTIONS = ['drop', 'NORMAL', 'mod_vlan_vid:7,NORMAL', 'next', 'controller:64', 'nonsense']
OVERLAYS = ['blue', 'red', 'green', 'x', 'ü' * 40, '']


class Requests:
    """What a client might say, and much that none should."""

    def __init__(self, rng):
        self.rng = rng
        self.makers = {name[3:].replace('_', '-'): getattr(self, name)
                       for name in dir(self) if name.startswith('do_')}
        self.names = sorted(self.makers)

    def nic(self):
        kind = self.rng.random()
        if kind < 0.85:
            return self.rng.choice(MACS2 + MACS3 + MACS3 + GHOSTS)
        if kind < 0.9:
            return f'tap{self.rng.randrange(7)}'
        if kind < 0.95:
            return f'{self.rng.choice(DPIDS):x}:{self.rng.randrange(8)}'
        return self.rng.choice(['', 'ff:ff:ff:ff:ff:ff', 'ü' * 70, 'x' * 5000, 'tap0 ', '0:0'])

    def flow(self):
        flow = f'priority={self.rng.choice([0, 1, 2, 7, 61500, 65000])}'
        match = self.rng.choice(MATCHES)
        if match:
            flow += ',' + match
        if self.rng.random() < 0.1:
            flow += f',idle_timeout={self.rng.randrange(3)}'
        if self.rng.random() < 0.1:
            flow += ',check_overlap'
        if self.rng.random() < 0.1:
            flow += ',cookie=0xffffffffffffffff'
        return flow + ',actions=' + self.rng.choice(ACTIONS)

    def change(self, **members):
        if self.rng.random() < 0.2:
            members['dry_run'] = self.rng.random() < 0.5
        return self.waiting(**members)

    def waiting(self, **members):
        if self.rng.random() < 0.05:
            members.update(wait=True, timeout_ms=self.rng.randrange(6))
        return members

    def existence(self, **members):
        if self.rng.random() < 0.3:
            members['new'] = True
        return members

    def members(self):
        members = []
        for _ in range(self.rng.choice([1, 1, 2, 2, 3, 6])):
            member = self.nic()
            if self.rng.random() < 0.2:
                member += '=' + ','.join(self.rng.choice(
                    GHOSTS + MACS3 + ['02:00:00:00:0a:%02x' % self.rng.randrange(40), 'x'])
                    for _ in range(self.rng.randrange(1, 3)))
            members.append(member)
        if self.rng.random() < 0.1:
            members.append(members[0])
        return members

    def do_show(self):
        return {}

    def do_help(self):
        return {}

    def do_monitor(self):
        return {}

    def do_add_flows(self):
        return self.existence(**self.change(nic=self.nic(), flows=[
            self.flow() for _ in range(self.rng.choice([0, 1, 1, 1, 2, 5]))]))

    def do_replace_flows(self):
        return self.do_add_flows()

    def do_diff_flows(self):
        return {'nic': self.nic(), 'flows': [self.flow()]}

    def do_mod_flows(self):
        return self.change(nic=self.nic(), flow=self.flow(), strict=self.rng.random() < 0.5)

    def do_del_flows(self):
        members = self.change(nic=self.nic())
        if self.rng.random() < 0.7:
            members['match'] = self.rng.choice(MATCHES)
        if self.rng.random() < 0.3:
            members['strict'] = True
        if self.rng.random() < 0.5:
            members['take_over'] = True
        return members

    def do_dump_flows(self):
        return {'nic': self.nic(), 'match': self.rng.choice(MATCHES),
                'counters': self.rng.random() < 0.5, 'timeout_ms': 20}

    def do_set_mtu(self):
        return self.existence(**self.waiting(
            nic=self.nic(), mtu=self.rng.choice([68, 1400, 1500, 9000, 65535, 'auto'])))

    def do_set_offload(self):
        return self.existence(**self.waiting(nic=self.nic(), offload=self.rng.choice(
            ['auto', self.rng.sample(['csum', 'tso', 'ufo', 'gso', 'gro', 'inner-csum'],
                                     self.rng.randrange(4))])))

    def do_forget(self):
        return {'nic': self.nic()}

    def do_key_add(self):
        if self.rng.random() < 0.7:
            i = self.rng.randrange(len(MACS3))
            return {'nic': MACS3[i], 'key': KEYS3[i].hex()}
        return {'nic': self.nic(), 'key': self.rng.choice(KEYS3 + [self.rng.randbytes(32)]).hex()}

    def do_key_del(self):
        return {'nic': self.nic()}

    def do_key_list(self):
        return {}

    def do_stats(self):
        return {'nic': self.nic(), 'timeout_ms': 20}

    def do_trace(self):
        return {'nic': self.nic(), 'frame': self.rng.randbytes(self.rng.choice([0, 14, 60])).hex(),
                'in_port': self.rng.choice(['HOST', 'NET']), 'timeout_ms': 20}

    def do_set_key(self):
        return self.waiting(nic=self.nic(), spi=self.rng.randrange(0x100, 0x104),
                            direction=self.rng.choice(['in', 'out']), alg='aes-gcm-128',
                            key=self.rng.randbytes(20).hex(), timeout_ms=5)

    def do_del_key(self):
        return self.waiting(nic=self.nic(), spi=self.rng.randrange(0x100, 0x104),
                            direction=self.rng.choice(['in', 'out']), timeout_ms=5)

    def do_overlay_add(self):
        i = self.rng.randrange(3)
        members = self.existence(**self.waiting(name=OVERLAYS[i], vni=i + 1, members=self.members()))
        if self.rng.random() < 0.5:
            members['encrypt'] = self.rng.choice(['aes-gcm-128', 'aes-gcm-256'])
        if self.rng.random() < 0.2:
            members['underlay_mtu'] = self.rng.choice([1280, 1500, 9000])
        if self.rng.random() < 0.1:
            members['pool'] = self.rng.choice(['10.0.0.0/30', '10.9.0.0/16', 'x', '1.2.3.4/5'])
        if self.rng.random() < 0.1:
            members['rekey_s'] = 1
        return members

    def overlay(self):
        return self.rng.choice(OVERLAYS[:3] if self.rng.random() < 0.95 else OVERLAYS)

    def do_overlay_join(self):
        return self.existence(**self.waiting(name=self.overlay(), members=self.members()))

    def do_overlay_leave(self):
        return self.waiting(name=self.overlay(), members=self.members())

    def do_overlay_del(self):
        return self.waiting(name=self.overlay())

    def do_overlay_renew(self):
        return self.waiting(name=self.overlay())

    def do_overlay_show(self):
        return {'name': self.overlay()} if self.rng.random() < 0.5 else {}

    def value(self):
        return self.rng.choice([None, True, False, 0, 1, -1, 1 << 62, 1.5, '', 'x', 'true', [], [1],
                                ['x', None], {}, {'a': 1}, '\u0000', 'ü' * 100])

    def spoil(self, request):
        """Members that are wrong; returns a line."""
        how = self.rng.randrange(6)
        if 'timeout_ms' in request and how != 3:
            how = 0             # else it might wait for ten seconds
        key = self.rng.choice([key for key in request if key != 'timeout_ms'])
        if how == 0:
            request[key] = self.value()
        elif how == 1:
            del request[key]
        elif how == 2:
            request[key + self.rng.choice(['s', '_', ' '])] = request.pop(key)
        elif how == 3:
            request[self.rng.choice(['force', 'encryption', 'flows', 'match', 'dry-run', ''])] = \
                self.value()
        elif how == 4:
            return json.dumps(request)[:-1] + f', {json.dumps(key)}: {json.dumps(request[key])}}}'
        else:
            line = bytearray(json.dumps(request).encode())
            for _ in range(self.rng.randrange(1, 4)):
                line[self.rng.randrange(len(line))] = self.rng.choice(b'{}[]",:x0\xff\x00 \\')
            return bytes(line).replace(b'\n', b' ')
        return json.dumps(request)

    def line(self):
        """A command's name, whether it was spoilt, and the bytes."""
        name = self.rng.choice(self.names)
        if name in ('monitor', 'key-del') and self.rng.random() < 0.9:
            name = 'add-flows'
        request = {'command': name, **self.makers[name]()}
        spoilt = name != 'monitor' and self.rng.random() < 0.2
        line = self.spoil(request) if spoilt else json.dumps(request)
        return name, spoilt, (line if isinstance(line, bytes) else line.encode()) + b'\n'


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.asked = collections.deque()
        self.buffer = b''

    def say(self, lines):
        """All in one write."""
        self.asked.extend(lines)
        self.sock.sendall(b''.join(line for _, _, line in lines))

    def take(self):
        """What was answered: [(command, spoilt, line, answer)]"""
        data = self.sock.recv(1 << 20)
        assert data or not self.asked, 'cvswd ended a connection'
        *lines, self.buffer = (self.buffer + data).split(b'\n')
        answers = []
        for line in lines:
            answer = json.loads(line)
            if 'event' not in answer:
                answers.append((*self.asked.popleft(), answer))
        return answers


def configured(show, keys, overlays):
    """What only requests change."""
    members = {mac: overlay['name'] for overlay in overlays['overlays']
               for member in overlay['members'] for mac in member['macs']}
    nics = {nic['mac']: (nic.get('mtu'), nic.get('offload')) for nic in show['nics']
            if ('mtu' in nic or 'offload' in nic) and nic['mac'] not in members}
    return nics, [nic['mac'] for nic in keys['nics']], members


class Storm:
    def __init__(self, daemon, rng):
        self.daemon, self.rng = daemon, rng
        self.requests = Requests(rng)
        self.nics3 = Nics3(sys.argv[1], list(zip(MACS3, KEYS3)), strict=True)
        self.nics2 = [Nic(mac) for mac in MACS2]
        self.switches = [None, None]
        self.clients = [Client(daemon.socket) for _ in range(N_CLIENTS)]
        self.said = collections.deque(maxlen=60)
        self.outcomes = collections.Counter()
        self.codes = collections.Counter()
        self.events = collections.Counter()

    # ---- NICs and switches ----

    def switch_up(self, i):
        switch = Switch(self.daemon.of, dpid=DPIDS[i], ports=PORTS).connect()
        switch.others_to_poll.append(self.nics3)
        self.switches[i] = switch

    def switch_down(self, i):
        switch, self.switches[i] = self.switches[i], None
        switch.close()
        for nic in self.nics3.nics:
            if switch.nics.get(nic.port) is nic:
                nic.port = None

    def pump(self, seconds=0.0):
        for switch in self.switches:
            if switch:
                self.nics3.switch = switch
                switch.poll(seconds)

    def happen(self):
        what = self.rng.choice(['plug', 'plug', 'plug', 'plug3', 'plug3', 'plug3', 'vanish', 'reboot',
                                'switch', 'silent', 'register'])
        i = self.rng.randrange(2)
        switch, port = self.switches[i], self.rng.choice(PORTS)
        self.events[what] += 1
        if not switch:
            self.switch_up(i)
        elif what == 'plug':
            switch.link_up(port, self.rng.choice(self.nics2))
        elif what == 'plug3':
            self.rng.choice(self.nics3.nics).attach(switch, port)
        elif what == 'vanish':
            switch.nics.pop(port, None)
            switch.port_status(2, port, down=True)
            switch.port_status(0, port)
        elif what == 'reboot':
            self.rng.choice(self.nics3.nics).command(REBOOT)
        elif what == 'silent':
            nic = self.rng.choice(self.nics2)
            nic.silent = not nic.silent
        elif what == 'register':
            nic = self.rng.choice(self.nics2)
            switch.packet_in(port, control(REGISTER, nic.mac, data=nic.mac))
        elif self.rng.random() < 0.2:
            self.switch_down(i)

    # ---- clients ----

    def leave(self, i):
        """A client goes, perhaps while it waits, and another one comes."""
        if self.rng.random() < 0.5:
            self.clients[i].say([self.requests.line()])
        self.clients[i].sock.close()
        self.clients[i] = Client(self.daemon.socket)

    def check(self, command, spoilt, line, answer):
        assert isinstance(answer.get('ok'), bool), (line, answer)
        self.outcomes[command, answer['ok']] += not spoilt
        if not answer['ok']:
            self.codes[answer.get('code')] += 1

    def probe(self, client):
        """A request between two looks at all that is configured: refused, it changed nothing."""
        looks = [(name, True, b'{"command": "%s"}\n' % name.encode())
                 for name in ('show', 'key-list', 'overlay-show')]
        request = self.requests.line()
        if request[0] == 'monitor':
            return
        self.said.append(request[2])
        client.say([*looks, request, *looks])
        answers = []
        while len(answers) < 7:
            self.pump()
            if select.select([client.sock], [], [], 0.002)[0]:
                answers += client.take()
        if not answers[3][3]['ok']:
            before, after = (configured(*(answer for *_, answer in answers[i:i + 3])) for i in (0, 4))
            assert before == after, f'refused, but done: {answers[3]}: {before} {after}'
            self.events['probes'] += 1

    def some(self, budget):
        """A few lines to a client that has no answer outstanding; how many."""
        idle = [client for client in self.clients if not client.asked]
        if not idle:
            return 0
        if self.rng.random() < 0.05:
            self.until(lambda: not any(client.asked for client in self.clients))
            self.probe(self.rng.choice(idle))
            return 1
        lines = [self.requests.line() for _ in range(min(budget, self.rng.choice([1, 5, 20, 60])))]
        self.said.extend(line for _, _, line in lines)
        monitors = [n for n, (name, _, _) in enumerate(lines) if name == 'monitor']
        if monitors:            # no client speaks behind that
            lines = lines[:monitors[0] + 1]
        client = self.rng.choice(idle)
        client.say(lines)
        if monitors:
            self.until(lambda: not client.asked)
            client.sock.close()
            self.clients[self.clients.index(client)] = Client(self.daemon.socket)
        return len(lines)

    def take(self, seconds):
        there = select.select([client.sock for client in self.clients], [], [], seconds)[0]
        for client in self.clients:
            if client.sock in there:
                for answered in client.take():
                    self.check(*answered)

    def until(self, condition):
        end = time.monotonic() + 30
        while not condition():
            self.pump()
            self.take(0.001)
            assert time.monotonic() < end, 'cvswd does not answer'

    def calm(self):
        """For a moment all NICs have their keys and are there: else nobody would be talked to for long."""
        idle = self.clients[0]
        self.until(lambda: not idle.asked)
        keys = [{'command': 'key-add', 'nic': mac, 'key': key.hex()} for mac, key in zip(MACS3, KEYS3)]
        idle.say([('key-add', True, json.dumps(request).encode() + b'\n') for request in keys])
        for i, nic in enumerate(self.nics3.nics):
            switch = self.switches[i % 2]
            if switch:
                nic.attach(switch, PORTS[i])
        end = time.monotonic() + CALM
        self.until(lambda: time.monotonic() > end)

    def run(self, n):
        for i in range(2):
            self.switch_up(i)
        next_calm = n
        while n > 0:
            if n <= next_calm:
                next_calm = n - CALM_EVERY
                self.calm()
            n -= self.some(n)
            if self.rng.random() < 0.3:
                self.happen()
            if self.rng.random() < 0.01:
                self.leave(self.rng.randrange(N_CLIENTS))
            self.pump()
            self.take(0 if any(not client.asked for client in self.clients) else 0.002)
            assert self.daemon.process.poll() is None, 'cvswd died'
        self.until(lambda: not any(client.asked for client in self.clients))

    def end(self):
        for client in self.clients:
            client.sock.close()
        for switch in self.switches:
            if switch:
                switch.close()
        self.nics3.stop()


def cpu_seconds(pid):
    with open(f'/proc/{pid}/stat', encoding='ascii') as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def check_reach(storm):
    """A storm that meets only refusals shows nothing."""
    always = ('show', 'help', 'monitor', 'key-list')
    unseen = [f'{name} {"done" if good else "refused"}' for name in storm.requests.names
              for good in (True, False)
              if not storm.outcomes[name, good] and (good or name not in always)]
    assert not unseen, f'never seen: {unseen}'


def main():
    rng = random.Random(SEED)
    shared = tempfile.mkdtemp(prefix='cvsw-storm.', dir='/dev/shm')
    daemon = Daemon('--state', shared + '/db')
    storm = Storm(daemon, rng)
    begin = time.monotonic()
    name = f'agent storm: {REQUESTS} random requests (CVSW_TEST_SEED={SEED})'
    try:
        storm.run(REQUESTS)
        print(f'# CPU seconds: cvswd {cpu_seconds(daemon.process.pid):.0f}, '
              f'NICs {cpu_seconds(storm.nics3.process.pid):.0f}, this {time.process_time():.0f}')
        if REQUESTS >= 20000:
            check_reach(storm)
        storm.end()
        daemon.stop()
        print(f'ok - {name}')
        failed = 0
    except Exception as why:        # pylint: disable=broad-except
        failed = 1
        print(f'not ok - {name}\n# {why!r}, behind')
        for line in storm.said:
            print('#   ' + line.decode(errors='replace')[:200].strip())
        print('# ' + daemon.read_log()[-6000:].replace('\n', '\n# '))
        if daemon.process.poll() is None:
            daemon.kill()
    print(f'# {time.monotonic() - begin:.0f} s; done and refused: '
          f'{sum(n for (_, ok), n in storm.outcomes.items() if ok)}, '
          f'{sum(n for (_, ok), n in storm.outcomes.items() if not ok)}; '
          f'{sum(storm.events.values())} events')
    print('# ' + ', '.join(f'{code} {n}' for code, n in storm.codes.most_common()))
    shutil.rmtree(daemon.work)
    shutil.rmtree(shared)
    return failed


if __name__ == '__main__':
    sys.exit(main())
