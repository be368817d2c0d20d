#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cvswd and cvswctl with NICs of version 3: keys, answers, losses, attackers, kill -9.
Prints TAP. Usage: version3_test.py BUILD-FOLDER [PART-OF-A-NAME] (sanitized builds)."""
import json
import os
import random
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../proto/tests'))

from agent_parts import BIN, HAS_VERSION2, Running, run_tests, wait_for  # noqa: E402
from fake_nic3 import LINK_UP, LOSE_SA, PACKET_IN, PUT_FLOWS, REBOOT, RESTORED, UNASKED, BadNetwork, Nics3  # noqa: E402
from fake_switch import REGISTER, Nic, control, mac_bytes  # noqa: E402
from v3_flow import flow_mod  # noqa: E402

V3_NIC_FLOWS = 128          # proto/tests/v3_nic.h
SEED = int(os.environ.get('CVSW_TEST_SEED') or random.randrange(1 << 32))


def mac_of(i):
    return f'02:00:00:00:03:{i:02x}'


def key_of(i):
    return bytes([i + 1]) * 31 + b'\x5a'


class World:
    """N NICs of version 3 at a switch, whose keys the daemon has."""

    def __init__(self, daemon, n, strict=False, version2=False, options=()):
        self.daemon = daemon
        daemon.restart('--state', daemon.work + '/cvswd.db', *options, version2=version2)
        self.macs = [mac_of(i) for i in range(n)]
        self.nics = Nics3(sys.argv[1], [(mac, key_of(i)) for i, mac in enumerate(self.macs)],
                          strict)
        for i, mac in enumerate(self.macs):
            daemon.ctl('key', 'add', mac, '-', stdin=key_of(i).hex() + '\n',
                       text='speaks version 3')
        self.ports = tuple(range(1, n + 2))
        self.connect()

    def connect(self, network=None):
        self.switch = self.daemon.switch(ports=self.ports)
        self.switch.network = network
        self.nics.join(self.switch)
        self.running = Running(self.switch)
        self.running.__enter__()

    def disconnect(self):
        self.running.__exit__()
        self.switch.close()

    def __enter__(self):
        assert self.in_sync(), self.daemon.nics()
        return self

    def __exit__(self, *_):
        self.disconnect()
        self.nics.stop()

    def in_sync(self, seconds=30):
        def all_are():
            nics = self.daemon.nics()
            return all(nics[mac]['state'] == 'in sync' for mac in self.macs)
        return wait_for(all_are, seconds)

    def has(self, i):
        return self.nics.dump(self.nics.nics[i])


def test_program(strict):
    def run(daemon):
        with World(daemon, 2, strict) as world:
            nic = world.macs[0]
            before = world.has(0)
            daemon.ctl('add-flow', nic, 'priority=7,tcp,tp_dst=80,actions=drop',
                       text=f'{nic}: in sync, 1 flow\n')
            daemon.ctl('set-mtu', 'tap0', '1400', text='MTU 1400\n')
            daemon.ctl('set-offload', nic, 'csum,tso', text='offloads csum,tso\n')
            # Taken back, it has what it had.
            daemon.ctl('set-offload', nic, 'auto', text='in sync')
            assert world.has(0)['offloads'] == before['offloads'], (before, world.has(0))
            assert 'offload' not in daemon.nics()[nic]
            daemon.ctl('set-offload', nic, 'csum,tso', text='offloads csum,tso\n')
            daemon.ctl('add-flow', nic, 'priority=9,tcp,actions=NORMAL', text='2 flows')
            daemon.ctl('add-flow', nic, 'priority=5,tcp,tp_dst=81,actions=NORMAL', text='3 flows')
            shown = world.has(0)
            assert shown['mtu'] == 1400 and shown['offloads'] == 3, shown
            assert shown['flows'] == ['priority=5,tcp,tp_dst=81 actions=NORMAL',
                                      'priority=7,tcp,tp_dst=80 actions=drop',
                                      'priority=9,tcp actions=NORMAL'], shown
            assert not world.has(1)['flows']
            # An old driver is not asked for what it has not.
            flow = 'reg1=0x5 actions=load:0x1->NXM_NX_REG0[],next'
            if strict:
                daemon.ctl('add-flow', nic, flow, text='4 flows')
                assert flow in world.has(0)['flows'], world.has(0)
                flow = 'table=1, actions=goto_table:63'
                daemon.ctl('add-flow', nic, flow, text='5 flows')
                assert flow in world.has(0)['flows'], world.has(0)
                daemon.ctl('dump-flows', nic, 'table=1', text=flow)
                assert 'reg0' not in daemon.ctl('dump-flows', nic, 'table=1')
                assert flow not in daemon.ctl('dump-flows', nic, 'table=0')
                daemon.ctl('add-flow', nic, 'table=2,actions=resubmit(,1),clear_actions,write_actions(strip_vlan,normal)',
                           text='6 flows')
                assert 'table=2, actions=resubmit(,1),clear_actions,write_actions(strip_vlan,NORMAL)' in world.has(0)['flows']
                daemon.ctl('add-flow', nic, 'table=2,actions=goto_table:2', status=1, text="behind the flow's own")
                daemon.ctl('del-flows', nic, 'table=1', text='5 flows')
                assert flow not in world.has(0)['flows'], world.has(0)
                daemon.ctl('add-flow', nic, 'priority=7,actions=dec_ttl,FLOOD', text='6 flows')
                assert 'priority=7 actions=dec_ttl,FLOOD' in world.has(0)['flows']
                daemon.ctl('del-flows', nic, text='0 flows')
                assert not world.has(0)['flows'], world.has(0)
            else:
                daemon.ctl('add-flow', nic, 'table=1,actions=drop', status=1, text='has no tables but table 0: table=1')
                daemon.ctl('add-flow', nic, flow, status=1, text=f'has no registers: {flow}')
                daemon.ctl('add-flow', nic, 'actions=all', status=1, text='has no outputs to FLOOD and ALL')
                daemon.ctl('add-flow', nic, 'actions=dec_ttl', status=1, text='has no dec_ttl without ip or ipv6')
                assert daemon.nics()[nic]['flows'] == 3
            # Wider than those that stay: a deletion that is not strict would take them along.
            daemon.ask(command='forget', nic=nic)
            daemon.ctl('add-flow', nic, 'priority=7,tcp,tp_dst=80,actions=drop', text='in sync, 1 flow')
            assert world.has(0)['flows'] == ['priority=7,tcp,tp_dst=80 actions=drop'], world.has(0)
            shown = daemon.nics()[nic]
            assert shown['version'] == 3 and shown['driver']['release'] == 'test', shown
            assert 'behind' not in shown and 'refused' not in shown, shown
            daemon.ctl('show', text='in sync')
    return run


def test_refusals(daemon):
    with World(daemon, 1) as world:
        nic = world.macs[0]
        out = daemon.ctl('set-mtu', nic, '9001', status=3, text='refuses it: the device')
        assert 'SET_MTU, refused, at value' in out, out
        assert daemon.nics()[nic]['refused'] == 1 and daemon.state(nic) == 'refusing'
        daemon.ctl('show', text='refuses 1: ')
        daemon.ctl('set-mtu', nic, '1500', text='in sync')
        flows = [f'priority=3,tcp,tp_dst={n},actions=drop' for n in range(120)]
        assert daemon.ask(command='add-flows', nic=nic, flows=flows, wait=True)['synced']
        more = [f'priority=4,tcp,tp_dst={n},actions=drop' for n in range(20)]
        answer = daemon.ask(command='add-flows', nic=nic, flows=more, wait=True)
        # It is configured, and stays so: but the NIC does not have it.
        assert answer['ok'] and not answer['synced'], answer
        warning, = answer['warnings']
        assert warning['code'] == 'nic-refuses' and 'holds no more' in warning['error'], answer
        assert warning['refusal']['error'] == 'table-full', answer
        # What it can have it has, and a later change that fits is told to have gone well.
        assert len(world.has(0)['flows']) == 128
        answer = daemon.ask(command='del-flows', nic=nic, match='tcp,tp_dst=5', wait=True)
        assert answer['ok'], answer
        daemon.ctl('del-flows', nic, text='in sync, 0 flows')
        daemon.ctl('show', text=nic)


def test_settings_survive(daemon):
    """What was acknowledged is there after kill -9: flows, MTU, offloads, keys."""
    with World(daemon, 2) as world:
        a, b = world.macs
        daemon.ctl('add-flow', a, 'cookie=0x5,priority=7,tcp,actions=mod_nw_dst:10.0.0.1,NORMAL')
        daemon.ctl('add-flow', a, 'priority=8,udp,actions=drop')
        daemon.ctl('del-flows', a, 'udp')
        daemon.ctl('set-offload', b, 'none')
        daemon.ctl('set-mtu', b, '1300')
        before = daemon.ctl('--no-wait', 'dump-flows', a)
        fresh = [world.has(i)['fresh'] for i in (0, 1)]
        daemon.kill()
        world.disconnect()
        daemon.start()              # over the sockets the killed one left
        assert daemon.ask(command='dump-flows', nic=a)['flows'], 'flows are lost'
        world.connect()
        assert world.in_sync()
        assert daemon.ctl('--no-wait', 'dump-flows', a) == before
        assert [world.has(i)['fresh'] for i in (0, 1)] == [n + 1 for n in fresh]
        assert len(world.has(0)['flows']) == 1 and world.has(1)['mtu'] == 1300
        assert daemon.nics()[b]['offload'] == []
        for name in os.listdir(daemon.work):
            if name.startswith('cvswd.db'):
                assert os.stat(f'{daemon.work}/{name}').st_mode & 0o777 == 0o600, name


def test_database(daemon):
    """One that cannot be read ends the daemon with a reason, and is left as it is."""
    path = daemon.work + '/state.db'
    daemon.restart('--state', path)
    daemon.ctl('--new', 'set-mtu', mac_of(1), '1400',
               text='applied when the NIC has a key (cvswctl key add) and registers')
    daemon.ctl('add-flow', mac_of(1), 'priority=7,tcp,actions=drop')
    daemon.stop()
    with open(path, 'rb') as kept:
        good = kept.read()
    broken = [b'{"version": 1, "nics": []}' * 50, good[:100] + b'x' * 2000]
    # Single rows that cannot be read: store_test.py.
    with open(path, 'wb') as kept:
        kept.write(good)
    base = sqlite3.connect(path, isolation_level=None)
    base.execute('PRAGMA user_version = 9')
    base.close()
    with open(path, 'rb') as kept:
        broken.append(kept.read())
    for content in broken:
        with open(path, 'wb') as kept:
            kept.write(content)
        done = subprocess.run([BIN + '/cvswd', '--socket', daemon.socket, '--state', path],
                              stderr=subprocess.PIPE, text=True, timeout=10)
        assert done.returncode == 1 and 'error:' in done.stderr, done
    with open(path, 'wb') as kept:
        kept.write(good)
    daemon.start()
    assert daemon.nics()[mac_of(1)]['mtu'] == 1400
    second = subprocess.run([BIN + '/cvswd', '--socket', daemon.work + '/other', '--state', path],
                            stderr=subprocess.PIPE, text=True, timeout=10)
    assert second.returncode == 1 and 'locked' in second.stderr, second


def test_counters(daemon):
    """dump-flows says what the NIC counted, of flows that it has, however long its list is."""
    with World(daemon, 2) as world:
        a, b = world.macs
        flows = [f'cookie=0x7,priority={1000 - n},tcp,tp_dst={n},actions='
                 f'mod_nw_src:10.0.0.2,mod_nw_dst:10.0.0.1,mod_tp_src:{n},mod_tp_dst:{n},NORMAL'
                 for n in range(V3_NIC_FLOWS - 1)]
        assert daemon.ask(command='add-flows', nic=a, flows=flows, wait=True)['synced']
        for text in 'priority=1,udp,actions=drop', 'priority=1,sctp,actions=drop':
            daemon.ask(command='add-flows', nic=a, flows=[text], wait=True)
        listed = daemon.ask(command='dump-flows', nic=a, counters=True)['flows']
        assert len(listed) == len(flows) + 2 and 'mod_tp_dst:0,' in listed[0]['flow'], listed
        assert [flow['packets'] for flow in listed[:-2]] == list(range(V3_NIC_FLOWS - 1)), listed
        assert all(flow['bytes'] == 60 * flow['packets'] for flow in listed[:-2])
        # The NIC has room for one of the two.
        assert sum('packets' in flow for flow in listed[-2:]) == 1, listed[-2:]
        out = daemon.ctl('dump-flows', a, 'tcp,tp_dst=3')
        assert re.fullmatch(r'duration=\d+\.\d{3}s, n_packets=3, n_bytes=180, (idle_age=\d+, )?'
                            r'cookie=0x7, priority=997,tcp,tp_dst=3 actions=.*\n', out.split('cvswctl')[0]), out
        assert 'n_packets' not in daemon.ctl('--no-wait', 'dump-flows', a)
        assert daemon.ask(command='dump-flows', nic=b, counters=True)['flows'] == []
        # One with the same name and another action is not the flow that is shown.
        world.nics.nics[0].command(PUT_FLOWS, flow_mod([], 997, cookie=7, dl_type=0x800, nw_proto=6, tp_dst=3))
        assert 'priority=997,tcp,tp_dst=3 actions=drop' in ' '.join(world.has(0)['flows']), world.has(0)
        assert 'n_packets' not in daemon.ctl('dump-flows', a, 'tcp,tp_dst=3')
        # A client that goes in the middle, and a NIC that does not answer.
        world.switch.network = BadNetwork(random.Random(SEED), 1.0)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(daemon.socket)
            client.sendall(json.dumps({'command': 'dump-flows', 'nic': a, 'counters': True}).encode() + b'\n')
            time.sleep(0.2)
        daemon.ctl('--timeout', '0.3', 'dump-flows', a, status=1, text='did not answer in time')
        daemon.ctl('--no-wait', 'dump-flows', a, text='priority=997')
        world.switch.network = None
        assert wait_for(lambda: 'n_packets=4,' in daemon.ctl('dump-flows', a), 10)


def find_in_memory(pid, needles):
    """Which of the byte strings are in a process's writable memory."""
    found = set()
    with open(f'/proc/{pid}/maps') as maps, open(f'/proc/{pid}/mem', 'rb', 0) as mem:
        for line in maps:
            start, end, mode = re.match(r'(\w+)-(\w+) (\S+)', line).groups()
            start, end = int(start, 16), int(end, 16)
            if 'w' not in mode or end - start > 1 << 30:
                continue
            try:
                mem.seek(start)
                content = mem.read(end - start)
            except OSError:
                continue
            found.update((line, needle) for needle in needles if needle in content)
    return found


def test_keys(daemon):
    key = random.Random(SEED).randbytes(32)
    needles = [key, key.hex().encode(), key.hex().encode()[:40]]
    path = daemon.work + '/cvswd.db'
    daemon.restart('--state', path)
    mac = mac_of(7)
    daemon.ctl('key', 'list', text='no NIC has a key')
    for wrong in ('', 'x' * 64, key.hex()[:-1], key.hex() + '0', '0' * 64):
        daemon.ctl('key', 'add', mac, '-', stdin=wrong, status=1)
    daemon.ctl('key', 'add', mac, status=2, text='standard input')
    daemon.ctl('key', 'add', mac, key.hex(), status=2, text='standard input')
    daemon.ctl('key', 'frob', status=2)
    assert not daemon.nics(), 'a refused key left something'
    with open(daemon.work + '/key', 'w') as file:
        file.write(key.hex() + '\n')
    for mode in 0o640, 0o604, 0o620:
        os.chmod(daemon.work + '/key', mode)
        daemon.ctl('key', 'add', mac, '--file', daemon.work + '/key', status=1, text='chmod 600')
    os.chmod(daemon.work + '/key', 0o600)
    shown = daemon.ctl('key', 'add', mac, '--file', daemon.work + '/key')
    shown += daemon.ctl('key', 'list', text=mac) + daemon.ctl('-j', 'key', 'list')
    shown += daemon.ctl('-j', 'show') + daemon.read_log()
    assert key.hex() not in shown and find_in_memory(daemon.process.pid, needles)
    daemon.ctl('key', 'del', mac, text='no longer has a key')
    daemon.ctl('key', 'del', mac, status=1)
    found = find_in_memory(daemon.process.pid, needles)
    assert not found, f'the key stays in memory: {found}'
    for name in ('', '-wal'):
        with open(path + name, 'rb') as kept:
            assert key not in kept.read(), f'the key stays in {name or "the database"}'
    assert mac not in daemon.nics()


def test_wrong_key(daemon):
    """Of a NIC whose key is another one nothing is taken; with the right one it comes."""
    with World(daemon, 2) as world:
        a = world.macs[0]
        daemon.ctl('key', 'add', a, '-', stdin='77' * 32)
        assert daemon.state(a) == 'absent'
        time.sleep(1)
        assert daemon.state(a) == 'absent' and daemon.state(world.macs[1]) == 'in sync'
        assert wait_for(lambda: daemon.ask(command='show')['drops'].get('proof'), 20)
        text = 'somebody at port tap0 registers as this NIC with another key'
        daemon.ctl('show', text='    ' + text)
        assert daemon.nics()[a]['silence'] == text and f'NIC {a}: {text}' in daemon.read_log()
        daemon.ctl('add-flow', a, 'priority=1,tcp,actions=drop', text=text)
        daemon.ctl('key', 'add', a, '-', stdin=key_of(0).hex())
        assert world.in_sync()
        assert 'silence' not in daemon.nics()[a], daemon.nics()[a]


def test_key_changes_meanwhile(daemon):
    """A NIC gets another key while its REGISTER waits: nobody is accused of having another one."""
    with World(daemon, 1) as world, socket.socket(socket.AF_UNIX) as client:
        nic = world.macs[0]
        client.connect(daemon.socket)
        drops = daemon.ask(command='show')['drops']
        # What comes while the daemon stands still, one turn of its event loop finds: a REGISTER waits for its end.
        daemon.process.send_signal(signal.SIGSTOP)
        world.nics.nics[0].command(REBOOT)
        time.sleep(0.5)
        client.sendall(json.dumps({'command': 'key-add', 'nic': nic, 'key': '77' * 32}).encode() + b'\n')
        time.sleep(0.1)
        world.running.__exit__()
        daemon.process.send_signal(signal.SIGCONT)
        assert json.loads(client.makefile().readline())['ok']
        shown = daemon.ask(command='show')
        assert shown['drops'].get('proof', 0) > drops.get('proof', 0), (drops, shown['drops'])
        assert 'with another key' not in shown['nics'][0]['silence'], shown['nics'][0]
        assert 'with another key' not in daemon.read_log()
        # Of a NIC that was accused before, that does not count under its new key.
        world.running.__enter__()
        assert wait_for(lambda: 'with another key' in daemon.nics()[nic].get('silence', ''), 20), daemon.nics()
        daemon.ctl('key', 'add', nic, '-', stdin='78' * 32)
        world.running.__exit__()
        daemon.ctl('key', 'add', nic, '-', stdin='79' * 32)
        assert 'with another key' not in daemon.nics()[nic]['silence'], daemon.nics()
        daemon.ctl('key', 'add', nic, '-', stdin=key_of(0).hex())
        world.running.__enter__()
        assert world.in_sync()


def test_no_key(version2):
    """
    A driver without a key says nothing at all, or version 2: `show` and the log have causes.
    A daemon without version 2 does not read who registers by it.
    """
    def run(daemon):
        with World(daemon, 1, version2=version2) as world:
            a, never = world.macs[0], mac_of(9)
            causes = ('its machine is down, or its driver is not loaded, has no key, '
                      'or has another key')
            daemon.ctl('key', 'add', never, '-', stdin='77' * 32)
            daemon.ctl('show', text='    never heard since cvswd started: ' + causes)
            world.switch.network = BadNetwork(random.Random(SEED), 1.0)
            assert wait_for(lambda: daemon.state(a) == 'absent', 15), daemon.nics()
            text = daemon.nics()[a]['silence']
            assert re.fullmatch(r'no answer for 1?\d s: ' + causes, text), text
            daemon.ctl('show', text='    no answer for ')
            assert re.search(f'NIC {a} is silent: no answer for 1?\\d s: {causes}',
                             daemon.read_log()), daemon.read_log()
            if HAS_VERSION2:
                world.switch.packet_in(2, control(REGISTER, mac_bytes(a), data=mac_bytes(a)))
                assert wait_for(lambda: 'without a key' in daemon.nics()[a]['silence'])
                daemon.ctl('show', text='somebody at port tap1 registers as this NIC without a key (ver')
            world.switch.network = None
            assert world.in_sync(), daemon.nics()
            assert 'silence' not in daemon.nics()[a]
    return run


def test_downgrade(daemon):
    """A NIC with a key is not taken from version 2, wherever that says it is."""
    with World(daemon, 1, version2=True) as world:
        a = world.macs[0]
        for port in (1, 2):
            world.switch.packet_in(port, control(REGISTER, mac_bytes(a), data=mac_bytes(a)))
        liar = Nic(a)
        world.switch.nics[2] = liar
        daemon.ctl('add-flow', a, 'priority=7,tcp,actions=drop', text='in sync')
        time.sleep(0.3)
        assert not liar.flows and len(world.has(0)['flows']) == 1
        assert daemon.nics()[a]['port'] == 1, daemon.nics()


class Watching:
    """What `cvswctl -j monitor` prints."""

    def __init__(self, daemon):
        self.process = subprocess.Popen([BIN + '/cvswctl', '--socket', daemon.socket, '-j',
                                         'monitor'], stdout=subprocess.PIPE, text=True)
        self.seen = []
        os.set_blocking(self.process.stdout.fileno(), False)

    def saw(self, **wanted):
        def look():
            while line := self.process.stdout.readline():
                self.seen.append(json.loads(line))
            return any(wanted.items() <= event.items() for event in self.seen)
        return wait_for(look, 10)

    def __enter__(self):
        time.sleep(0.3)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def test_monitor(daemon):
    with World(daemon, 2) as world, Watching(daemon) as watching:
        a, b = world.macs
        nic = world.nics.nics[0]
        daemon.ctl('add-flow', a, 'priority=7,tcp,actions=drop')
        nic.command(REBOOT)
        assert watching.saw(event='registered', nic=a, version=3), watching.seen
        assert watching.saw(event='synced', nic=a, flows=1), watching.seen
        world.switch.port_status(2, 2, down=True)
        assert watching.saw(event='lost', nic=b), watching.seen
        world.switch.port_status(2, 2)
        assert watching.saw(event='at', nic=b, port_name='tap1'), watching.seen
        daemon.ctl('set-mtu', a, '9500', status=3)
        assert watching.saw(event='refused', nic=a, error='refused', field='value'), watching.seen
        frame = bytes(range(60))
        nic.command(PACKET_IN, struct.pack('!BBBxHxxIIQ', 1, 1, 0, 60, 0, 0, 7) + frame)
        assert watching.saw(event='packet-in', nic=a, reason='action', cookie='0x7', frame=frame.hex()), watching.seen
        nic.command(PACKET_IN, struct.pack('!BBBxHxxIIQ', 0, 2, 0, 61, 0, 0, 2 ** 64 - 1) + frame)
        assert watching.saw(event='packet-in', nic=a, reason='no match', length=61), watching.seen
        daemon.ctl('stats', a, text='ctl-requests')
        out = daemon.ctl('trace', b, 'ffffffffffff' + '02:00:00:00:00:01 ' + '0806' + '00' * 46)
        assert '= ffffffffffff020000000001' in out and '-> NET' in out, out
        daemon.ctl('trace', b, 'ffff', status=1, text='in hex')
        daemon.ctl('trace', b, '00' * 60, 'SIDEWAYS', status=1, text='none of: HOST NET')


def test_life(daemon):
    """Reboot, restore, another port, another switch connection: the table follows."""
    with World(daemon, 2) as world:
        a = world.macs[0]
        nic = world.nics.nics[0]
        daemon.ctl('add-flow', a, 'priority=7,tcp,actions=drop', text='in sync')
        nic.command(REBOOT)
        assert wait_for(lambda: len(world.has(0)['flows']) == 1), world.has(0)
        nic.command(RESTORED)
        assert wait_for(lambda: world.has(0)['fresh'] == 2), world.has(0)
        assert world.in_sync()
        nic.attach(world.switch, 3)
        assert wait_for(lambda: daemon.nics()[a].get('port') == 3), daemon.nics()[a]
        assert daemon.nics()[a]['moves'] == 1
        daemon.ctl('add-flow', a, 'priority=8,tcp,actions=drop', text='in sync, 2 flows')
        fresh = world.has(0)['fresh']
        world.disconnect()
        assert wait_for(lambda: daemon.state(a) == 'absent')
        daemon.ctl('add-flow', a, 'priority=9,tcp,actions=drop', text='applied when the NIC registers')
        world.connect()
        assert world.in_sync()
        shown = world.has(0)
        assert len(shown['flows']) == 3 and shown['fresh'] == fresh, 'a new conversation'


def test_timeout_again(daemon):
    """Stated again before the database has heard of its end, a flow is not taken out of that."""
    with World(daemon, 1, strict=True) as world:
        a = world.macs[0]
        with Watching(daemon) as watching:
            for i in range(3):
                daemon.ctl('add-flow', a, f'hard_timeout=1,udp,tp_dst={i},actions=drop')
                assert watching.saw(event='flow-removed', nic=a, reason='hard',
                                    flow=f'hard_timeout=1, send_flow_rem udp,tp_dst={i} actions=drop'), watching.seen
                daemon.ctl('add-flow', a, f'hard_timeout=300,udp,tp_dst={i},actions=drop')
        time.sleep(0.3)
        daemon.kill()
        daemon.start()
        kept = daemon.ctl('--no-wait', 'dump-flows', a)
        assert kept.count('hard_timeout=300') == 3, kept


def test_timeouts(daemon):
    """What the NIC's clock ended leaves the intent, also while the daemon is dead."""
    with World(daemon, 1, strict=True) as world:
        a = world.macs[0]
        with Watching(daemon) as watching:
            daemon.ctl('add-flow', a, 'idle_timeout=3,tcp,actions=drop', text='in sync, 1 flow')
            text = 'idle_timeout=3, send_flow_rem tcp actions=drop'
            assert daemon.ctl('dump-flows', a, text=text + '\n') and world.has(0)['flows'] == [text]
            assert watching.saw(event='flow-removed', nic=a, flow=text, reason='idle'), watching.seen
        assert daemon.ctl('dump-flows', a) == '' and daemon.state(a) == 'in sync'
        daemon.ctl('add-flow', a, 'priority=5,udp,actions=drop')
        daemon.ctl('add-flow', a, 'hard_timeout=1,udp,actions=drop')
        daemon.ctl('add-flow', a, 'hard_timeout=300,ip,actions=drop', text='in sync, 3 flows')
        daemon.kill()
        world.disconnect()
        time.sleep(1.5)
        daemon.start()
        world.connect()
        assert world.in_sync()
        long = 'hard_timeout=300, send_flow_rem ip actions=drop\n'
        assert daemon.ctl('--no-wait', 'dump-flows', a) == long + 'priority=5,udp actions=drop\n'
        assert len(world.has(0)['flows']) == 2
        # One that was not given yet is given; one that was, and is not there any more, is not.
        world.disconnect()
        daemon.ctl('add-flow', a, 'idle_timeout=300,arp,actions=drop', text='applied when')
        world.nics.nics[0].command(REBOOT)
        with Watching(daemon) as watching:
            world.connect()
            assert world.in_sync()
            assert watching.saw(event='flow-removed', nic=a, flow=long.strip(), reason='missing'), watching.seen
        assert wait_for(lambda: len(world.has(0)['flows']) == 2), world.has(0)
        assert long not in daemon.ctl('--no-wait', 'dump-flows', a, text='idle_timeout=300')
        daemon.ctl('add-flow', a, 'check_overlap,priority=5,ip,actions=drop', status=1,
                   text='overlaps with priority=5,udp actions=drop, of the same priority')
        daemon.ctl('add-flow', a, 'check_overlap,priority=5,tcp,actions=drop', text='in sync')
        assert 'priority=5,tcp actions=drop' in world.has(0)['flows'], world.has(0)
    daemon.stop()
    base = sqlite3.connect(daemon.work + '/cvswd.db')
    given = base.execute('SELECT match FROM flow WHERE mac = ? AND given', (a,)).fetchall()
    base.close()
    assert given == [('arp',)], given
    daemon.start()


def test_flow_commands(daemon):
    """Replaced, compared, modified, deleted strictly; and what would be, without being."""
    path = daemon.work + '/flows'

    def write(*lines):
        with open(path, 'w') as file:
            file.writelines(line + '\n' for line in lines)

    with World(daemon, 1, strict=True) as world:
        a = world.macs[0]
        tcp, udp, arp = 'priority=5,tcp actions=drop', 'priority=4,udp actions=drop', 'arp actions=drop'
        daemon.ctl('--dry-run', 'add-flow', a, tcp, text='+' + tcp + '\n')
        daemon.ctl('--dry-run', '--new', 'add-flow', mac_of(9), tcp, text='+' + tcp + '\n')
        daemon.ctl('--dry-run', 'add-flow', a, 'tcp,tcp_flags=foo,actions=drop', status=1, text='column 15')
        assert not world.has(0)['flows'] and mac_of(9) not in daemon.nics()
        daemon.ctl('diff-flows', mac_of(9), '-', status=1, text='is not known')
        write('# two', tcp, '', '  ' + udp)
        daemon.ctl('replace-flows', a, path, text='in sync, 2 flows')
        daemon.ctl('diff-flows', a, path)
        write(udp.replace('drop', 'NORMAL'), arp)
        out = daemon.ctl('diff-flows', a, path, status=2)
        assert out == f'-{tcp}\n-{udp}\n+{arp}\n+{udp.replace("drop", "NORMAL")}\n', out
        assert daemon.ctl('--dry-run', 'replace-flows', a, path) == out
        assert sorted(world.has(0)['flows']) == sorted([tcp, udp]), 'a comparison changed something'
        daemon.ctl('replace-flows', a, path, text='in sync, 2 flows')
        daemon.ctl('--dry-run', 'replace-flows', a, path, text=f'{a}: nothing would change\n')
        assert daemon.ctl('diff-flows', a, '-', stdin=daemon.ctl('dump-flows', a)) == ''
        write(tcp, 'tcp,actions=nonsense')
        daemon.ctl('replace-flows', a, path, status=1, text='flows:2:13: unknown action nonsense')
        daemon.ctl('diff-flows', a, path, status=1, text='flows:2:13: ')
        assert len(world.has(0)['flows']) == 2

        daemon.ctl('mod-flows', a, 'udp,actions=mod_tp_dst:5', text='in sync, 2 flows')
        assert 'priority=4,udp actions=mod_tp_dst:5' in world.has(0)['flows'], world.has(0)
        daemon.ctl('--strict', 'mod-flows', a, 'priority=4,udp,cookie=7,actions=drop')
        assert 'cookie=0x7, ' + udp in world.has(0)['flows'], world.has(0)
        out = daemon.ctl('--dry-run', 'mod-flows', a, 'actions=NORMAL')
        assert out.count('-') == out.count('+') == 2, out
        daemon.ctl('--dry-run', '--strict', 'del-flows', a, 'udp', text='nothing would change')
        daemon.ctl('del-flows', a, 'priority=4,udp', status=1, text='--strict only')
        daemon.ctl('dump-flows', a, 'cookie=7/-1', text=udp)
        daemon.ctl('del-flows', a, 'cookie=7/-1', text='in sync, 1 flow')
        daemon.ctl('del-flows', a, 'out_port=NET', text='in sync, 1 flow')
        daemon.ctl('--strict', 'del-flows', a, 'arp', text='in sync, 0 flows')
        assert not world.has(0)['flows']
        for command in (('show',), ('set-mtu', a, '1400'), ('diff-flows', a, path)):
            daemon.ctl('--dry-run', *command, status=2, text=f'{command[0]} does not take --dry-run')
        daemon.ctl('--strict', 'add-flow', a, tcp, status=2, text='does not take --strict')
        daemon.ctl('add-flow', a, tcp)
        daemon.ctl('forget', a)
        lost = f'{a}: would lose its flows that are not configured: 1\n'
        daemon.ctl('--dry-run', 'del-flows', a, text=lost)
        assert daemon.ctl('--dry-run', 'add-flow', a, udp) == f'+{udp}\n{lost}'
        assert world.has(0)['flows'] == [tcp]


TWO = 'group_id=5,type=select,bucket=actions=output:HOST,bucket=weight:2,actions=output:NET'
BALANCED = 'priority=7,tcp actions=group:5'


def slots_of(text):
    """Slots of a group's text that says them."""
    runs = re.search(r',slots=([^,]*)', text)[1].split('/')
    return [int(run.split('*')[0]) for run in runs for _ in range(int((run + '*1').split('*')[1]))]


def test_groups(daemon):
    """Groups by commands: added, used, changed, marked, counted, traced, deleted."""
    with World(daemon, 2, True) as world:
        nic = world.macs[0]
        daemon.ctl('add-flow', nic, BALANCED, status=1, text='no group 5 is configured')
        assert daemon.ask(command='add-flows', nic=nic, flows=[BALANCED])['code'] == 'unknown-group'
        daemon.ctl('add-group', nic, 'group_id=5,type=all,bucket=group:3', status=1,
                   text='column 28: group: a NIC has no bucket with that in it')
        daemon.ctl('--dry-run', 'add-group', nic, TWO, text=f'+{TWO}\n')
        daemon.ctl('add-group', nic, TWO, text='in sync')
        daemon.ctl('add-group', nic, TWO, status=1, text='has a group 5 already')
        daemon.ctl('add-groups', nic, '-', stdin='# two\ngroup_id=6,type=all\n\ngroup_id=7,type=any\n', status=1,
                   text='stdin:4:17: any: expected')
        daemon.ctl('add-groups', nic, '-', stdin='group_id=6,type=all\ngroup_id=7,type=ff,bucket=1\n')
        daemon.ctl('add-flow', nic, BALANCED, text='1 flow')
        shown = world.has(0)
        assert shown['groups'] == [TWO, 'group_id=6,type=all', 'group_id=7,type=ff,bucket=actions=output:HOST'], shown
        assert shown['flows'] == [BALANCED]
        assert daemon.ctl('dump-groups', nic).splitlines() == shown['groups']
        assert daemon.ctl('dump-groups', nic, '7').splitlines() == shown['groups'][2:]
        daemon.ctl('dump-groups', nic, 'group_id=8', status=1, text='no group 8')
        # A third bucket takes its share, and nothing else moves.
        before = daemon.ask(command='group-slot', nic=nic, id=5, fields='tcp,nw_src=10.0.0.1,tp_src=5')
        daemon.ctl('mod-group', nic, 'group_id=8,type=all', status=1, text='no group 8')
        daemon.ctl('mod-group', nic, TWO + ',bucket=output:IN_PORT', text='in sync')
        slots = slots_of(world.has(0)['groups'][0])
        first = [slot for slot in range(256) if slots[slot] == 0]
        assert len(slots) == 256 and len(first) in (64, 65) and slots.count(2) in (63, 64, 65), slots
        after = daemon.ask(command='group-slot', nic=nic, id=5, fields='tcp,nw_src=10.0.0.1,tp_src=5')
        assert after['slot'] == before['slot'] and after['bucket'] in (before['bucket'], 2)
        daemon.ctl('group-slot', nic, '5', 'tcp,nw_src=10.0.0.1', 'nw_src', text='slot ')
        daemon.ctl('group-slot', nic, '5', 'nonsense=3', status=1, text='unknown keyword')
        daemon.ctl('group-slot', nic, '6', 'tcp', status=1, text='get a copy')
        # Who was in a dead bucket goes to another.
        daemon.ctl('group-dead', nic, '5', str(after['bucket']), text='in sync')
        assert f'dead={after["bucket"]},' in world.has(0)['groups'][0]
        again = daemon.ask(command='group-slot', nic=nic, id=5, fields='tcp,nw_src=10.0.0.1,tp_src=5')
        assert again['bucket'] != after['bucket']
        daemon.ctl('group-dead', nic, '5', '9', status=1, text='there is no bucket 9')
        daemon.ctl('group-dead', nic, '5', 'none', text='in sync')
        stats = daemon.ask(command='group-stats', nic=nic)['groups']
        assert [group['id'] for group in stats] == [5, 6, 7] and len(stats[0]['slots']) == 256, stats
        assert stats[0]['buckets'] == [[1, 60], [2, 120], [3, 180]] and stats[0]['packets'] == 6, stats
        daemon.ctl('dump-group-stats', nic, '7',
                   text='group_id=7,packet_count=1,byte_count=60,bucket0:packet_count=1,byte_count=60\n')
        daemon.ctl('trace', nic, '02' * 60, text='group 5, slot 7: bucket 0')
        # The flows that use one go with it.
        daemon.ctl('add-flow', nic, 'priority=3,udp,actions=drop', text='2 flows')
        assert '-' + BALANCED in daemon.ctl('--dry-run', 'del-groups', nic, '5')
        assert len(world.has(0)['groups']) == 3
        daemon.ctl('del-groups', nic, 'group_id=5', text='1 flow that used it went too')
        assert world.has(0)['flows'] == ['priority=3,udp actions=drop'] and len(world.has(0)['groups']) == 2
        daemon.ctl('del-groups', nic)
        assert not world.has(0)['groups'] and daemon.ask(command='dump-groups', nic=nic)['groups'] == []
        daemon.ctl('del-groups', nic)
        assert len(world.has(0)['flows']) == 1


def test_groups_survive(daemon):
    """Groups outlive both ends, and what differs is mended; what a NIC refuses is told."""
    with World(daemon, 1, True) as world:
        nic, = world.macs
        daemon.ctl('add-group', nic, TWO)
        daemon.ctl('mod-group', nic, TWO + ',bucket=output:IN_PORT')
        daemon.ctl('add-flow', nic, BALANCED)
        has = world.has(0)
        daemon.kill()
        world.disconnect()
        daemon.start()
        world.nics.nics[0].command(PUT_FLOWS)       # its groups are lost meanwhile
        world.connect()
        assert world.in_sync()
        assert world.has(0)['groups'] == has['groups'] and world.has(0)['flows'] == [BALANCED]
        world.nics.nics[0].command(REBOOT)
        world.nics.nics[0].command(LINK_UP)
        assert wait_for(lambda: world.has(0)['groups'] == has['groups'])
        assert world.in_sync()
        # It has room for 32.
        groups = [f'group_id={n},type=all' for n in range(100, 132)]
        answer = daemon.ask(command='add-groups', nic=nic, groups=groups, wait=True)
        warning, = answer['warnings']
        assert warning['code'] == 'nic-refuses' and warning['refusal']['error'] == 'groups-full', answer
        assert warning['refusal']['flow'] == groups[-1], answer
        assert daemon.state(nic) == 'refusing'
        daemon.ctl('del-groups', nic, '100', text='in sync')
        assert len(world.has(0)['groups']) == 32
        assert daemon.ask(command='add-groups', nic=nic, groups=groups[:1] * 2)['code'] == 'group-exists'
        many = [f'group_id={n},type=all' for n in range(1000, 2020)]
        assert daemon.ask(command='add-groups', nic=nic, groups=many)['code'] == 'too-many-groups'
        daemon.ask(command='forget', nic=nic)
        daemon.restart('--state', daemon.work + '/cvswd.db')
        assert not daemon.ask(command='dump-groups', nic=nic)['groups']


def test_no_groups(daemon):
    """A driver that has no groups gets none."""
    with World(daemon, 1) as world:
        nic, = world.macs
        daemon.ctl('add-group', nic, TWO, status=1, text='has no groups')
        assert daemon.ask(command='group-stats', nic=nic)['code'] == 'nic-cannot'
        assert not daemon.nics()[nic]['managed']


def test_silent(daemon):
    """One that answers nothing: --timeout, --no-wait; then it all comes."""
    with World(daemon, 1) as world:
        a = world.macs[0]
        world.switch.network = BadNetwork(random.Random(SEED), 1.0)
        out = daemon.ctl('--timeout', '0.5', 'add-flow', a, 'priority=7,tcp,actions=drop',
                         status=3, text='not in sync after 0.5 s')
        daemon.ctl('--no-wait', 'add-flow', a, 'priority=8,tcp,actions=drop', text='accepted')
        shown = daemon.nics()[a]
        assert shown['behind']['changes'] == 2 and shown['behind']['ms'] >= 400, (shown, out)
        daemon.ctl('show', text='behind by 2 changes')
        world.switch.network = None
        assert world.in_sync()
        assert len(world.has(0)['flows']) == 2


def test_copy(daemon):
    """A copied VM comes to another port for 5 s: it is told, and the first one is back by itself."""
    with World(daemon, 1) as world, Watching(daemon) as watching:
        a = world.macs[0]
        nic, switch = world.nics.nics[0], world.switch
        for i in range(9):
            daemon.ctl('add-flow', a, f'priority={i},tcp,actions=drop', text='in sync')
        copies = Nics3(sys.argv[1], [(a, key_of(0))])
        copies.join(switch, 2)
        assert watching.saw(event='claimed', nic=a), watching.seen
        time.sleep(5)
        shown = daemon.nics()[a]
        assert sorted(place['port_name'] for place in shown['claims']) == ['tap0', 'tap1'], shown
        assert shown['claimed_ms_ago'] < 6000, shown
        daemon.ctl('show', text='two NICs claim this address: at tap')
        del switch.nics[2]
        switch.others_to_poll.remove(copies)
        copies.stop()
        daemon.ctl('--no-wait', 'add-flow', a, 'priority=10,tcp,actions=drop')
        fresh = world.has(0)['fresh']
        assert wait_for(lambda: daemon.state(a) == 'in sync' and len(world.has(0)['flows']) == 10, 10), \
            (daemon.nics()[a], world.has(0))
        assert daemon.nics()[a]['port_name'] == 'tap0' and nic.port == 1, (daemon.nics()[a], fresh)


def test_restarts(daemon):
    """cvswd is killed twice in a row, and once more: no NIC is away for long."""
    with World(daemon, 3) as world:
        for pause in (0, 0.5, 2):
            daemon.kill()
            world.disconnect()
            daemon.start()
            world.connect()
            time.sleep(pause)
        assert world.in_sync(4), daemon.nics()


def recorded(nic, kind):
    """The frames of this type that a NIC has sent, in order, each once."""
    return list(dict.fromkeys(frame for to_nic, frame in nic.recorded if not to_nic and frame[6:8] == kind))


HELLO3, REGISTER3, ACCEPT3 = (bytes([0x32, kind]) for kind in (1, 2, 3))


class Burst:
    """A switch that writes many frames at once, to a cvswd that knows the NICs' keys, but nothing else of them."""

    def __init__(self, daemon, n_ports):
        daemon.restart('--state', daemon.work + '/cvswd.db', '--verbose')
        daemon.log.flush()
        self.daemon, self.log_at = daemon, len(daemon.read_log())
        self.switch = daemon.switch(ports=range(1, n_ports + 1))
        assert self.switch.run(lambda: daemon.ask(command='show')['switches'][0]['rules'] == 'in place', 10)

    def send(self, frames):
        """In one write, with an ECHO_REQUEST behind them."""
        switch, written = self.switch, []
        switch.packet_outs.clear()
        sock = switch.sock
        switch.sock = Held(sock, written)
        for port, frame in frames:
            switch.packet_in(port, frame)
        switch.send(2, b'the last')
        switch.sock = sock
        sock.sendall(b''.join(written))

    def echoed(self):
        return any(kind == 3 and body == b'the last' for _, kind, _, body in self.switch.others)

    def sent(self, kind):
        return [(port, frame) for port, frame in self.switch.packet_outs if frame[6:8] == kind]

    def n_dropped(self):
        return self.daemon.ask(command='show')['drops'].get('rate', 0)

    def turns(self):
        return [float(took) for took in re.findall(r'a turn of the event loop took ([0-9.]+) ms',
                                                   self.daemon.read_log()[self.log_at:])]


def test_turns(daemon):
    """Many REGISTERs in one write: what comes behind them is answered first, each NIC gets an
    answer to its last one, whatever others say in its name, and no HELLO while it waits."""
    n, each = 60, 4                             # fewer than 250, which need cookies
    with World(daemon, n) as world:
        for round in range(2, each + 1):        # others than the first one, which is answered already
            for nic in world.nics.nics:
                nic.command(RESTORED)
            assert wait_for(lambda: all(world.has(i)['fresh'] == round for i in range(n)), 30)
        registers = [recorded(nic, REGISTER3) for nic in world.nics.nics]
        unknown = [recorded(nic, b'\x32\x05')[-1] for nic in world.nics.nics]
    burst = Burst(daemon, n)
    frames = [(port, registers[port - 1][i]) for i in range(each) for port in range(1, n + 1)]
    forged = [(port, frame[:60] + bytes([frame[60] ^ 1]) + frame[61:]) for port, frame in frames[-n:]]
    burst.send(frames + forged + [(port, unknown[port - 1]) for port in range(1, n + 1)])
    assert burst.switch.run(burst.echoed, 20)
    answered = {port for port, _ in burst.sent(ACCEPT3)}
    assert len(answered) < n / 2, answered
    assert {port for port, _ in burst.sent(HELLO3)} <= answered, burst.sent(HELLO3)
    last = {(port, registers[port - 1][each - 1][24:28]) for port in range(1, n + 1)}
    assert burst.switch.run(lambda: last <= {(port, frame[16:20]) for port, frame in burst.sent(ACCEPT3)}, 20)
    assert daemon.ask(command='show')['drops']['proof'] == n, daemon.ask(command='show')['drops']
    assert burst.switch.run(lambda: len(burst.sent(ACCEPT3)) + burst.n_dropped() == len(frames), 10), \
        (len(burst.sent(ACCEPT3)), burst.n_dropped())
    # A turn is full after 20 ms; with sanitizers a message may take some more.
    assert max(burst.turns(), default=0) < 35, burst.turns()
    burst.switch.close()


def test_crowded_port(daemon):
    """Many NICs register at one port: so many wait, and none at another port waits for them."""
    n, most = 80, 64
    with World(daemon, n) as world:
        registers = [recorded(nic, REGISTER3)[0] for nic in world.nics.nics]
    burst = Burst(daemon, 2)
    burst.send([(1, frame) for frame in registers[1:]] + [(2, registers[0])])
    assert burst.switch.run(lambda: len(burst.sent(ACCEPT3)) + burst.n_dropped() == n, 20), burst.n_dropped()
    assert 0 < burst.n_dropped() <= n - 1 - most, burst.n_dropped()
    ports = [port for port, _ in burst.sent(ACCEPT3)]
    assert ports.index(2) < 10, ports          # some were answered before it was read
    burst.switch.close()


class Held:
    """A socket whose writes are only noted."""

    def __init__(self, sock, written):
        self.sock, self.sendall = sock, written.append


class Model:
    """What the NICs should have, kept by the test."""

    PRIORITIES = (3, 5, 7)
    ACTIONS = ('drop', 'NORMAL', 'mod_tp_dst:99,NORMAL')

    def __init__(self, rng, macs):
        self.rng = rng
        self.flows = {mac: {} for mac in macs}
        self.mtus = {}

    def change(self, daemon):
        rng = self.rng
        mac = rng.choice(list(self.flows))
        flows = self.flows[mac]
        kind = rng.randrange(10)
        if kind < 6:
            texts = []
            for _ in range(rng.choice((1, 1, 1, 5))):
                name = rng.choice(self.PRIORITIES), rng.randrange(1, 35)
                flows[name] = rng.choice(self.ACTIONS)
                texts.append(f'priority={name[0]},tcp,tp_dst={name[1]},actions={flows[name]}')
            answer = daemon.ask(command='add-flows', nic=mac, flows=texts)
        elif kind < 9:
            port = rng.randrange(1, 35)
            for priority in self.PRIORITIES:
                flows.pop((priority, port), None)
            answer = daemon.ask(command='del-flows', nic=mac, match=f'tcp,tp_dst={port}')
        elif rng.randrange(4):
            self.mtus[mac] = rng.randrange(1000, 9000)
            answer = daemon.ask(command='set-mtu', nic=mac, mtu=self.mtus[mac])
        else:
            flows.clear()
            answer = daemon.ask(command='del-flows', nic=mac)
        assert answer['ok'], answer

    def texts(self, mac):
        return sorted(f'priority={priority},tcp,tp_dst={port} actions={actions}'
                      for (priority, port), actions in self.flows[mac].items())


def test_bad_network(strict):
    def run(daemon):
        print(f'# CVSW_TEST_SEED={SEED}')
        rng = random.Random(SEED)
        with World(daemon, 10, strict) as world:
            network = world.switch.network = BadNetwork(rng)
            model = Model(rng, world.macs)
            for i in range(1000):
                model.change(daemon)
                if i == 500:
                    daemon.kill()
                    world.disconnect()
                    daemon.start()
                    world.connect(network)
                if i % 100 == 50:
                    rng.choice(world.nics.nics).command(rng.choice((REBOOT, RESTORED)))
                time.sleep(0.003)
            # A long silence looks like a NIC that has gone, which in such a network it is not.
            assert world.in_sync(120), {m: n['state'] for m, n in daemon.nics().items()}
            for i, mac in enumerate(world.macs):
                shown = world.has(i)
                assert shown['flows'] == model.texts(mac), mac
                assert shown['mtu'] == model.mtus.get(mac, 1500), (mac, shown['mtu'])
            print('# ' + ', '.join(f'{n} {what}' for what, n in network.counts.items()))
            assert all(n > 100 for n in network.counts.values()), network.counts
    return run


def test_attacker(daemon):
    """Who sees all frames, and may send any: replays, forgeries, floods."""
    rng = random.Random(SEED)
    with World(daemon, 3) as world:
        a = world.macs[0]
        daemon.ctl('add-flow', a, 'priority=7,tcp,actions=drop', text='in sync')
        for i, nic in enumerate(world.nics.nics):       # so that there are old ones to replay
            nic.command(RESTORED)
            assert wait_for(lambda i=i: world.has(i)['fresh'] == 2)
        assert world.in_sync()
        before = [world.has(i) for i in range(3)]
        keys = daemon.nics()[a]['keys']
        tape = [record for nic in world.nics.nics for record in list(nic.recorded)]
        assert len(tape) > 20
        for _, frame in tape * 2 + rng.sample(tape, len(tape)):
            for port in (1, 4):
                world.switch.packet_in(port, frame)
            for nic in world.nics.nics:
                nic.command(0, frame)
            broken = bytearray(frame)
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
            world.switch.packet_in(4, bytes(broken))
            if frame[6:8] == b'\x32\x05':       # a record that nobody has seen yet
                world.switch.packet_in(4, frame[:20] + struct.pack('!Q', 5000) + frame[28:])
            world.switch.packet_in(4, bytes(broken[:rng.randrange(10, len(broken) + 1)]))
        registers = [frame for _, frame in tape if frame[6:8] == b'\x32\x02']
        assert registers
        for i in range(3000):
            world.switch.packet_in(4, registers[i % len(registers)])
            if i % 100 == 0:
                start = time.monotonic()
                daemon.ctl('add-flow', a, f'priority=7,tcp,tp_dst={i},actions=drop',
                           text='in sync')
                assert time.monotonic() - start < 3, 'the flood keeps commands from the NIC'
        assert world.in_sync()
        after = [world.has(i) for i in range(3)]
        for old, new in zip(before, after):
            assert old['fresh'] == new['fresh'], 'a conversation was ended'
            assert old['mtu'] == new['mtu'] and old['sas'] == new['sas']
        assert len(after[0]['flows']) == 31 and not after[1]['flows']
        shown = daemon.nics()[a]
        assert shown['port'] == 1 and shown['moves'] == 0, 'it was taken to be elsewhere'
        assert shown['keys'] - keys <= 3, 'replays led to new keys'
        drops = daemon.ask(command='show')['drops']
        assert drops['replayed'] > 10 and drops['forged'] > 10 and drops['rate'] > 10, drops
        assert len(daemon.read_log()) < 30000, 'the log was flooded'
        # And a NIC that comes in the middle of the flood is let in.
        world.nics.nics[2].command(REBOOT)
        for i in range(2000):
            world.switch.packet_in(4, registers[i % len(registers)])
        assert wait_for(lambda: world.has(2)['fresh'] == 1, 15), 'kept out'
        assert world.in_sync()


def test_overlay(daemon):
    """New SAs with each conversation, none twice; chains shrink; kill -9; SA_EXPIRING."""
    with World(daemon, 16, strict=True) as world:
        first = world.macs[:3]
        daemon.ctl('overlay', 'add', 'net', '--vni', '77', '--encrypt', *first,
                   text='net: 3 members')
        assert [world.has(i)['sas'] for i in range(3)] == [4, 4, 4], [world.has(i) for i in (0, 1)]
        assert world.has(0)['mtu'] == daemon.nics()[first[0]]['mtu'] < 1450
        small = len(world.has(0)['flows'])
        daemon.ctl('overlay', 'join', 'net', *world.macs[3:], text='net: 16 members')
        assert len(world.has(0)['flows']) == small + 13 * 2 + 1, world.has(0)['flows']
        daemon.ctl('overlay', 'leave', 'net', *world.macs[3:], text='net: 3 members')
        assert wait_for(lambda: len(world.has(0)['flows']) == small), 'the chain stays long'
        sas = [world.has(i)['sas'] for i in range(3)]
        world.nics.nics[0].command(RESTORED)
        assert wait_for(lambda: settled(daemon) and world.has(0)['sas'] == sas[0] + 4), world.has(0)
        assert [world.has(i)['sas'] for i in (1, 2)] == [n + 2 for n in sas[1:]]
        daemon.kill()
        world.disconnect()
        daemon.start()
        shown = daemon.ask(command='overlay-show')['overlays'][0]
        assert [member['nic'] for member in shown['members']] == first, shown
        world.connect()
        assert world.in_sync(), daemon.nics()
        assert wait_for(lambda: settled(daemon), 15), daemon.ask(command='overlay-show')
        known = [world.has(i)['sas'] for i in range(3)]
        assert known == [world.has(i)['sas'] for i in range(3)] and not refused(daemon), known
        # Three quarters of an SA's sequence numbers are used: it is replaced, and no other one.
        for _ in range(1000):
            for spi in out_spis(world, 1)[0], 0x1234:
                world.nics.nics[1].command(UNASKED, expiring(spi))
        assert wait_for(lambda: sum(world.has(i)['sas'] for i in range(3)) == sum(known) + 2, 15), \
            (known, [world.has(i) for i in range(3)])
        time.sleep(1)
        assert sum(world.has(i)['sas'] for i in range(3)) == sum(known) + 2, known
        assert settled(daemon) and not refused(daemon)
        assert len(daemon.read_log()) < 30000, 'the log was flooded'
        daemon.ctl('overlay', 'del', 'net', text='deleted')
        assert not world.has(0)['flows'] and world.has(0)['mtu'] == 1500


def keys_meet(world, n):
    """Each of the first n NICs has an SA from and to each other one, and nothing else."""
    has = [world.has(i)['live_sas'] for i in range(n)]
    assert all(len(sas) == 2 * (n - 1) for sas in has), has
    ins, outs = ([spi for sas in has for way, spi in sas if way == kind] for kind in ('in', 'out'))
    return sorted(ins) == sorted(outs) and len(set(ins)) == n * (n - 1)


def test_sas_outlive_us(daemon):
    """After a restart no NIC gets an SA, but those that have lost one, or all."""
    with World(daemon, 4, strict=True) as world:
        daemon.ctl('overlay', 'add', 'net', '--vni', '77', '--encrypt', *world.macs, text='net: 4 members')
        assert wait_for(lambda: settled(daemon) and keys_meet(world, 4), 15)
        time.sleep(1.2)                 # until the old ones would have gone

        def restart(end, meanwhile=lambda: None):
            before = [world.has(i) for i in range(4)]
            end()
            meanwhile()
            world.disconnect()
            daemon.start()
            world.connect()
            assert world.in_sync() and wait_for(lambda: settled(daemon), 15), daemon.nics()
            time.sleep(1.5)
            assert keys_meet(world, 4) and not refused(daemon), [world.has(i) for i in range(4)]
            return before, [world.has(i) for i in range(4)]

        for end in daemon.kill, daemon.stop:
            for before, after in zip(*restart(end)):
                for what in 'sas', 'live_sas', 'flows', 'mtu':
                    assert before[what] == after[what], (what, before, after)
        # While keys are replaced, before or after their SPIs are written: none is used twice.
        for pause in 0, 0.1, 0.25:
            assert daemon.ask(command='overlay-renew', name='net', wait=False)['ok']
            time.sleep(pause)
            restart(daemon.kill)
        # What was lost: one way's SA at its receiver, and all of a NIC that has started anew, or was restored.
        way, spi = next(sa for sa in world.has(1)['live_sas'] if sa[0] == 'in')
        before, after = restart(daemon.kill, lambda: world.nics.nics[1].command(LOSE_SA, struct.pack('!BI', 2, spi)))
        assert sum(nic['sas'] for nic in after) == sum(nic['sas'] for nic in before) + 2, (before, after)
        for number, what in (2, REBOOT), (3, RESTORED):
            before, after = restart(daemon.kill, lambda: world.nics.nics[number].command(what))
            others = [i for i in range(4) if i != number]
            assert not set(before[number]['live_sas']) & set(after[number]['live_sas']), (before, after)
            assert [after[i]['sas'] for i in others] == [before[i]['sas'] + 2 for i in others], (before, after)
        # None of its own has a member of an encrypted overlay: nobody would ever delete it.
        daemon.ctl('set-key', world.macs[0], 'spi=0x300', 'dir=in', 'alg=aes-gcm-128', '-', stdin='ab' * 20, text='in sync')
        assert ('in', 0x300) in world.has(0)['live_sas']
        before, after = restart(daemon.kill)
        assert [nic['sas'] for nic in before] == [nic['sas'] for nic in after], (before, after)


def out_spis(world, i):
    """That it sends with, by its flows."""
    return [int(spi, 0) for flow in world.has(i)['flows'] if 'dl_dst' in flow
            for spi in re.findall(r'encrypt\((?:spi=)?(\w+)\)', flow)]


def expiring(spi):
    """SA_EXPIRING: an SA that sends has used three quarters of its sequence numbers."""
    return struct.pack('!HHIIBBxxQ', 67, 0, 0, spi, 1, 1, 3 << 30)


def settled(daemon):
    return daemon.ask(command='overlay-show')['overlays'][0]['settled']


def refused(daemon):
    return [nic for nic in daemon.nics().values() if 'refusal' in nic]


def dissect(frames, keys, work):
    """What tshark makes of frames: [{field: values}], and its complaints."""
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with open(work + '/seen.pcap', 'wb') as pcap:
        pcap.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            pcap.write(struct.pack('<IIII', 0, 0, len(frame), len(frame)) + frame)
    fields = 'message.type', 'mtu', 'field.value', 'kind'
    done = subprocess.run(['tshark', '-n', '-X', f'lua_script:{top}/proto/wireshark/cvsw.lua',
                           '-o', f'cvsw.keylog:{keys}', '-r', work + '/seen.pcap', '-2', '-T', 'fields',
                           *[word for name in fields for word in ('-e', 'cvsw.' + name)]],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
    return [dict(zip(fields, line.split('\t'))) for line in done.stdout.splitlines()]


def test_key_log(daemon):
    """tshark reads all that was said with it, over a change of keys and of conversations; and who may have it."""
    path = daemon.work + '/keys.log'
    for wrong in ('mode', 'pipe', 'link', 'folder'):
        if wrong == 'mode':
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o640))
        elif wrong == 'pipe':
            os.mkfifo(path, 0o600)
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        elif wrong == 'link':
            os.symlink(daemon.work + '/elsewhere', path)
        else:
            os.mkdir(path)
        done = subprocess.run([BIN + '/cvswd', '--socket', daemon.work + '/other', '--key-log', path],
                              stderr=subprocess.PIPE, text=True, timeout=10)
        assert done.returncode == 1 and 'error: key log' in done.stderr, (wrong, done)
        (os.rmdir if wrong == 'folder' else os.unlink)(path)
    os.close(reader)
    assert not os.path.exists(daemon.work + '/elsewhere')
    with World(daemon, 2, options=('--key-log', path)) as world:
        a = world.macs[0]
        assert os.stat(path).st_mode & 0o777 == 0o600
        world.nics.nics[0].command(RESTORED)
        assert wait_for(lambda: world.has(0)['fresh'] == 2), world.has(0)
        assert world.in_sync()
        daemon.ctl('set-mtu', a, '1234', text='MTU 1234')
        daemon.ctl('add-flow', a, 'priority=7,tcp,tp_dst=4711,actions=drop', text='in sync')
        frames = [frame for nic in world.nics.nics for _, frame in list(nic.recorded)]
        with open(path) as log:
            lines = [line for line in log if line.startswith('CVSW3 ')]
        assert len(lines) >= 3 and all(len(line) == 201 for line in lines), lines
        sealed = sum(frame[6:8] == b'\x32\x05' for frame in frames)
        shown = dissect(frames, path, daemon.work)
        assert len(shown) == len(frames) and sealed > 20
        assert sum(packet['kind'] != '' for packet in shown) == sealed, 'records stay sealed'
        assert any(packet['mtu'] == '1234' for packet in shown)
        assert any(f'{4711:04x}' in packet['field.value'].replace(':', '').split(',') for packet in shown)
        types = {kind for packet in shown for kind in packet['message.type'].split(',')}
        assert {'1', '16', '17', '18', '20', '21', '24'} <= types, types
        # Without it nothing of that is seen.
        blind = dissect(frames, '', daemon.work)
        assert not any(packet['mtu'] or packet['kind'] for packet in blind)


def test_hand_made_sa(daemon):
    with World(daemon, 1) as world:
        a = world.macs[0]
        words = (a, 'spi=0x1000', 'dir=in', 'alg=aes-gcm-256', '-')
        daemon.ctl('set-key', *words, stdin='12' * 36, text='in sync')
        out = daemon.ctl('set-key', *words, stdin='34' * 36, status=1, text='installed before')
        assert 'SET_SA, sa-known, at SPI' in out and '34343434' not in out, out
        daemon.ctl('del-key', *words[:3], text='in sync')
        daemon.ctl('del-key', a, 'spi=0x1001', 'dir=out', status=1, text='no such SA')


def test_beside_version2(daemon):
    """A NIC without a key beside one that has one, at the same switch; and not by default."""
    if HAS_VERSION2:
        beside_version2(daemon)
    else:
        refused = subprocess.run([BIN + '/cvswd', '--allow-unauthenticated'], capture_output=True, text=True)
        assert refused.returncode == 2 and 'allow-unauthenticated' in refused.stderr, refused
    daemon.restart()
    switch = daemon.switch()
    old = Nic('02:00:00:00:00:0c')
    switch.link_up(1, old)
    with Running(switch):
        switch.packet_in(1, control(REGISTER, old.mac, data=old.mac))
        assert wait_for(lambda: frames_of(daemon)['unauthenticated'] >= 2), frames_of(daemon)
        assert not daemon.nics() and not old.heard, 'version 2 by default'
    switch.close()


def beside_version2(daemon):
    with World(daemon, 1, version2=True) as world:
        old = Nic('02:00:00:00:00:0b')
        world.switch.link_up(2, old)
        assert wait_for(lambda: daemon.state('02:00:00:00:00:0b') == 'in sync')
        daemon.ctl('add-flow', 'tap1', 'priority=7,tcp,actions=drop', text='in sync')
        daemon.ctl('set-mtu', 'tap1', '1400', text='MTU 1400 sent')
        daemon.ctl('add-flow', 'tap0', 'priority=7,udp,actions=drop', text='in sync')
        assert len(old.flows) == 1 and world.has(0)['flows'] == ['priority=7,udp actions=drop']
        daemon.ctl('stats', 'tap1', status=1, text='version 2')
        assert daemon.nics()['02:00:00:00:00:0b']['version'] == 2


def frames_of(daemon):
    return daemon.ask(command='show')['switches'][0]['frames']


TESTS = [
    ('flows, MTU, offloads are acknowledged', test_program(False)),
    ('flows, MTU, offloads, by strict commands', test_program(True)),
    ('what a NIC refuses is told, with its own words and the field', test_refusals),
    ('what was acknowledged survives kill -9', test_settings_survive),
    ("dump-flows with the NIC's counters", test_counters),
    ('a database that cannot be read, or is in use', test_database),
    ('keys: added, never shown, wiped', test_keys),
    ('a NIC with another key', test_wrong_key),
    ('a NIC with another key: while its REGISTER waits', test_key_changes_meanwhile),
    ('a driver without a key', test_no_key(False)),
    ('a driver without a key, version 2 allowed', test_no_key(True)),
    ('version 2 is not believed of a NIC with a key', test_downgrade),
    ('monitor, stats, trace', test_monitor),
    ('a NIC reboots, is restored, moves; its switch comes back', test_life),
    ('flows with timeouts', test_timeouts),
    ('a flow stated again as its time is up is kept', test_timeout_again),
    ('flows are replaced, compared, modified; dry runs', test_flow_commands),
    ('groups', test_groups),
    ('groups survive; what differs is mended, what is refused is told', test_groups_survive),
    ('groups, of a driver without', test_no_groups),
    ('a NIC that does not answer', test_silent),
    ('a copy of a NIC comes and goes', test_copy),
    ('three restarts in a row', test_restarts),
    ('a burst of REGISTERs', test_turns),
    ('a burst of REGISTERs at one port', test_crowded_port),
    ('a key log, by which tshark reads it all', test_key_log),
    ('an SA made by hand', test_hand_made_sa),
    ('beside a NIC of version 2', test_beside_version2),
    ('an attacker replays, forges and floods', test_attacker),
    ('overlays: new SAs, chains that shrink, kill -9', test_overlay),
    ('overlays: SAs outlive the daemon', test_sas_outlive_us),
    ('a thousand changes to ten NICs through a bad network', test_bad_network(False)),
    ('a thousand changes, strict commands', test_bad_network(True)),
]


if __name__ == '__main__':
    sys.exit(run_tests(TESTS))
