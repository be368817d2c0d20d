#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlays and keys: cvswd, cvswctl and NICs at a fake switch.
Prints TAP. Usage: overlay_test.py BUILD-FOLDER (the sanitized builds are used)."""
import json
import os
import socket
import sqlite3
import struct
import sys
import time

from agent_parts import MAC_A, MAC_C, Three, run_tests, wait_for
from fake_switch import IN, OUT, SET_ENTRY, SET_SA


def settled(daemon, nics):
    """Keys of before are gone, and then the flows that went with them: nothing is under way."""
    def done():
        return (all(len(nic.live_sas(d)) == len(nics) - 1 for nic in nics for d in (IN, OUT)) and
                all(o['settled'] for o in daemon.ask(command='overlay-show')['overlays']) and
                all(nic['state'] == 'in sync' for nic in daemon.nics().values()))
    return wait_for(done)


def keys_meet(nics, ports=(0, 0)):
    """Each sends to each other one under a key of their own, which the other has."""
    ways = {}
    for nic in nics:
        for spi, sa in nic.live_sas(OUT).items():
            assert spi not in ways, 'one SPI for two ways'
            takers = [n for n in nics if n is not nic and n.live_sas(IN).get(spi) == sa]
            assert len(takers) == 1, f'SPI {spi:#x} is taken by {len(takers)}'
            assert sa[0] == ports, sa[0]
            ways[spi] = sa
    assert len({sa[1] for sa in ways.values()}) == len(ways), 'a key for two ways'
    assert len(ways) == len(nics) * (len(nics) - 1), ways
    for nic in nics:
        assert len(nic.live_sas(IN)) == len(nics) - 1 and not nic.refused_sas, nic.sas
        used = b''.join(nic.flows.values())
        for spi in nic.live_sas(OUT):     # ENCRYPT as proto/README.md draws it
            assert struct.pack('!HHI', 0x1011, 8, spi) in used, 'an SA without a flow'
    return set(ways)


def test_overlay(daemon):
    with Three(daemon) as nics:
        daemon.ctl('overlay', 'add', 'blue', '--vni', '7', '--encrypt', 'tap0', 'tap1',
                   MAC_C + '=02:00:00:00:01:01,02:00:00:00:01:02',
                   text='blue: 3 members, MTU 1416, aes-gcm-256')
        assert settled(daemon, nics)
        keys_meet(nics)
        assert all(len(sa[1]) == 4 + 32 for nic in nics for sa in nic.live_sas(IN).values())
        assert [nic.mtu for nic in nics] == [1416] * 3
        # Two drops, in, out, the chain; two others in; out to each address of the others.
        assert [len(nic.flows) for nic in nics] == [11, 11, 9]
        shown = daemon.ask(command='overlay-show')['overlays']
        assert [m['address'] for m in shown[0]['members']] == \
            ['192.0.2.1', '192.0.2.2', '192.0.2.3'], shown
        assert all(m['sends_to'] == m['takes_from'] == 2 for m in shown[0]['members']), shown
        assert shown[0]['settled'] and shown[0]['vni'] == 7, shown
        daemon.ctl('overlay', 'show', text='02:00:00:00:01:01  02:00:00:00:01:02')
        daemon.ctl('dump-flows', 'tap0', 'tun_type=vxlan', text='tun_id=0x7,')
        daemon.ctl('overlay', 'leave', 'blue', 'tap2', text='blue: 2 members')
        assert settled(daemon, nics[:2])
        keys_meet(nics[:2])
        assert not nics[2].flows and nics[2].mtu == 1500 and not nics[2].live_sas(OUT)
        daemon.ctl('overlay', 'join', 'blue', 'tap2', text='blue: 3 members')
        assert settled(daemon, nics)
        before = keys_meet(nics)
        daemon.ctl('overlay', 'renew', 'blue', text='blue: 3 members')
        assert wait_for(lambda: not before & set(nics[0].live_sas(OUT)))
        assert settled(daemon, nics)
        assert not keys_meet(nics) & before, 'an old SPI'
        daemon.ctl('overlay', 'del', 'blue', text='blue: deleted')
        assert not any(nic.flows or nic.live_sas(IN) or nic.live_sas(OUT) for nic in nics)
        assert [nic.mtu for nic in nics] == [1500] * 3
        daemon.ctl('overlay', 'show', text='there is no overlay')


def test_overlay_kinds(daemon):
    with Three(daemon) as nics:
        daemon.ctl('overlay', 'add', 'plain', '--vni', '0x10', '--underlay-pool', '10.9.0.0/16',
                   '--underlay-mtu', '9000', 'tap0', 'tap1', text='MTU 8950, not encrypted')
        assert not nics[0].sas and nics[0].mtu == 8950
        assert any(b'\x0a\x09\0\1' in flow for flow in nics[0].flows.values())
        daemon.ctl('overlay', 'del', 'plain')
        daemon.ctl('overlay', 'add', 'udp', '--vni', '3', '--encrypt=aes-gcm-128', '--udp-encap',
                   'tap0', 'tap1', 'tap2', text='MTU 1408, aes-gcm-128')
        assert settled(daemon, nics)
        keys_meet(nics, (4500, 4500))
        daemon.ctl('overlay', 'del', 'udp')
        daemon.ctl('overlay', 'add', 'udp', '--vni', '3', '--encrypt', 'aes-gcm-256',
                   '--udp-encap=5000:5001', 'tap0', 'tap1')
        assert settled(daemon, nics[:2])
        keys_meet(nics[:2], (5000, 5001))
        done = json.loads(daemon.ctl('-j', 'overlay', 'del', 'udp'))
        assert done['ok'] and done['synced'] and done['name'] == 'udp', done


def test_overlay_refused(daemon):
    def refused(*args, text, status=1):
        daemon.ctl('overlay', *args, status=status, text=text)

    with Three(daemon) as nics:
        daemon.ctl('overlay', 'add', 'a', '--vni', '1', '--encrypt', 'tap0', 'tap1')
        before = [dict(nic.flows) for nic in nics]
        refused('add', 'a', '--vni', '2', 'tap2', text='there is an overlay a')
        refused('add', 'b', '--vni', '1', 'tap2', text="VNI 1 belongs to overlay a")
        refused('add', 'b', '--vni', '2', 'tap2', 'tap1', text='is a member of overlay a')
        refused('add', 'b', '--vni', '2', 'tap2', 'tap2', text='is a member of overlay b')
        refused('add', 'b', '--vni', '2', 'tap2', 'tap9', text='no NIC "tap9"')
        refused('add', 'b', '--vni', '2', f'tap2={MAC_A},nonsense', text='not a MAC address')
        refused('join', 'a', f'tap2={MAC_A}', text=f'is an address of member {MAC_A}')
        refused('join', 'a', 'tap2=03:00:00:00:00:01', text='is a group address')
        refused('add', 'b', '--vni', '2', '--udp-encap', 'tap2', text='for encrypted overlays')
        refused('add', 'b', '--vni', '16777216', 'tap2', text='"vni" is a number from 0 to 16777215')
        refused('add', 'b', '--vni', '2', '--underlay-pool', '192.0.2.1/24', 'tap2',
                text='bits set')
        refused('add', 'b', '--vni', '2', '--underlay-mtu', '1000', 'tap2', text='1280 or more')
        refused('add', 'b', '--vni', '2', '--underlay-pool', '192.0.2.0/30', '--new', '02:00:00:00:00:01',
                '02:00:00:00:00:02', '02:00:00:00:00:03', text='addresses for 2 members')
        refused('add', 'b', 'tap2', text='needs --vni', status=2)
        refused('add', 'b', '--vni', '2', text='usage', status=2)
        refused('frob', 'b', text='no command "overlay frob"', status=2)
        refused('leave', 'a', 'tap2', text='is not a member')
        refused('del', 'c', text='no overlay "c"')
        refused('show', 'c', text='no overlay "c"')
        daemon.ctl('show', '--vni', '3', status=2, text='show does not take')
        daemon.ctl('forget', 'tap0', status=1, text='is a member of overlay a')
        # Beside an encrypted overlay nothing may let a frame out.
        daemon.ctl('add-flow', 'tap0', 'priority=65000,tcp,actions=NORMAL', status=1,
                   text='is a member of overlay a')
        daemon.ctl('add-flow', 'tap0', 'priority=61500,tcp,actions=drop', status=1,
                   text='is a member of overlay a')
        assert [dict(nic.flows) for nic in nics] == before
        assert len(daemon.nics()) == 3, 'NICs were made that nobody stated anything for'
        daemon.ctl('add-flow', 'tap0', 'priority=65000,tcp,tp_dst=23,actions=drop')
        daemon.ctl('del-flows', 'tap0')
        assert wait_for(lambda: nics[0].flows == before[0]), "the overlay's flows went too"
        daemon.ctl('add-flow', 'tap2', 'priority=65000,tcp,actions=NORMAL')
        refused('join', 'a', 'tap2', text='flows that do not go with an overlay')


def test_lifetime(daemon):
    """A NIC that nothing but an overlay needs stays as long as it is a member."""
    ghost, other = '02:00:00:00:09:01', '02:00:00:00:09:02'
    for member in ghost, f'{ghost}={other}':
        assert daemon.ask(command='overlay-add', name='a', vni=1,
                          members=[member])['code'] == 'unknown-nic'
    add = {'command': 'overlay-add', 'name': 'a', 'vni': 1, 'members': [ghost, other], 'new': True}
    assert not daemon.ask(**{**add, 'members': [ghost, ghost]})['ok']
    assert not daemon.nics(), 'a refused change left a NIC'
    for then in ({'command': 'add-flows', 'nic': ghost, 'flows': ['actions=drop'], 'dry_run': True},
                 {'command': 'key-del', 'nic': ghost}, {'command': 'forget', 'nic': ghost}):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(20)
            sock.connect(daemon.socket)
            # In one write, so that nothing comes between them.
            sock.sendall(json.dumps(add).encode() + b'\n' + json.dumps(then).encode() + b'\n')
            with sock.makefile() as answers:
                assert json.loads(answers.readline())['ok']
                answer = json.loads(answers.readline())
                assert answer['ok'] is ('dry_run' in then), answer
        time.sleep(0.05)        # a look at the overlay
        assert set(daemon.nics()) == {ghost, other}, then
        assert daemon.ask(command='overlay-del', name='a')['ok']
        daemon.ask(command='forget', nic=ghost)
        daemon.ask(command='forget', nic=other)
        assert not daemon.nics(), daemon.nics()


def test_overlay_state(daemon):
    daemon.stop()
    state = daemon.work + '/cvswd.db'
    daemon.args = ('--state', state)
    daemon.start()
    with Three(daemon) as nics:
        daemon.ctl('overlay', 'add', 'a', '--vni', '1', '--encrypt', 'tap0', 'tap1', 'tap2')
        daemon.ctl('overlay', 'leave', 'a', 'tap1')
        assert settled(daemon, [nics[0], nics[2]])
        old = keys_meet([nics[0], nics[2]])
        text = b''
        for name in (state, state + '-wal'):
            with open(name, 'rb') as file:
                text += file.read()
        assert b'192.0.2.0' in text
        for nic in nics:
            for _, sa in filter(None, nic.sas.values()):
                assert sa[4:] not in text and sa[4:].hex().encode() not in text, 'a key is kept'
        assert os.stat(state).st_mode & 0o777 == 0o600
    daemon.stop()
    daemon.start()
    heard = [len(nic.heard) for nic in nics]
    with Three(daemon, nics):
        shown = daemon.ask(command='overlay-show', name='a')['overlays'][0]
        assert [m['address'] for m in shown['members']] == ['192.0.2.1', '192.0.2.3'], shown
        assert wait_for(lambda: not old & set(nics[0].live_sas(OUT)))
        assert settled(daemon, [nics[0], nics[2]])
        assert not keys_meet([nics[0], nics[2]]) & old
        # Its first message about flows is not one that takes the old ones away.
        kinds = [kind for kind, _, _ in nics[0].heard[heard[0]:] if kind in (SET_ENTRY, 4)]
        assert kinds and kinds[0] == SET_ENTRY, kinds
    daemon.stop()
    base = sqlite3.connect(state, isolation_level=None)
    base.execute('UPDATE member SET slot = 999 WHERE slot = 0')
    base.close()
    daemon.start()
    unread = {(row['table'], row['key']): row['error'] for row in daemon.ask(command='show')['unread']}
    assert 'slot' in unread.pop(('member', 'a 999')) and 'members' in unread.pop(('overlay', 'a')), unread
    assert not unread, unread
    assert not daemon.ask(command='overlay-show')['overlays'], 'a part of it is there'


def test_overlay_restart(daemon):
    """Without keys there is nothing to renew, so a new daemon changes nothing."""
    daemon.stop()
    daemon.args = ('--state', daemon.work + '/cvswd.db')
    daemon.start()
    with Three(daemon) as nics:
        daemon.ctl('overlay', 'add', 'a', '--vni', '1', 'tap0', 'tap1', 'tap2')
        flows = [dict(nic.flows) for nic in nics]
        time.sleep(1.2)     # until the ways are open for good
    daemon.stop()
    daemon.start()
    heard = [len(nic.heard) for nic in nics]
    with Three(daemon, nics):
        time.sleep(0.5)
        assert [dict(nic.flows) for nic in nics] == flows
        for nic, before in zip(nics, heard):
            kinds = {kind for kind, _, _ in nic.heard[before:]}
            assert not kinds & {SET_ENTRY, 4}, kinds


def test_set_key(daemon):
    key = bytes(range(32)).hex() + 'cafebabe'
    words = ('set-key', 'tap0', 'spi=0x1000', 'dir=out', 'alg=aes-gcm-256')
    with Three(daemon) as nics:
        daemon.ctl(*words, '-', stdin=key + '\n', text=f'{MAC_A}: in sync')
        assert nics[0].sas == {(OUT, 0x1000): ((0, 0), bytes.fromhex('cafebabe') +
                                               bytes(range(32)))}, nics[0].sas
        os.close(os.open(daemon.work + '/key', os.O_CREAT, 0o600))
        with open(daemon.work + '/key', 'w', encoding='utf-8') as file:
            file.write('AB' * 20)
        daemon.ctl('set-key', 'tap1', 'spi=4096', 'dir=in', 'alg=aes-gcm-128', 'udp=4500:4501',
                   '--file', daemon.work + '/key')
        assert nics[1].sas == {(IN, 4096): ((4500, 4501), b'\xab' * 20)}, nics[1].sas
        daemon.ctl('del-key', 'tap0', 'spi=0x1000', 'dir=out')
        assert nics[0].sas == {(OUT, 0x1000): None}
        for wrong, text in (('00' * 35, '72'), ('0x' + '00' * 35, '72'), ('zz' * 36, '72')):
            daemon.ctl(*words, '-', stdin=wrong, status=1, text=text)
        daemon.ctl(*words, '-', stdin='', status=2, text='no key')
        daemon.ctl(*words, status=2, text='usage' if len(words) < 5 else '--file')
        daemon.ctl(*words, key, status=2, text='not spi=')
        daemon.ctl('set-key', 'tap0', 'spi=255', 'dir=out', 'alg=aes-gcm-256', '-', stdin=key,
                   status=1, text='from 256')
        daemon.ctl('set-key', 'tap0', 'spi=256', 'dir=up', 'alg=aes-gcm-256', '-', stdin=key,
                   status=1, text='none of: in out')
        daemon.ctl('set-key', 'tap0', 'spi=256', 'dir=in', 'alg=des', '-', stdin=key, status=1,
                   text='aes-gcm-128')
        assert sum(kind == SET_SA for nic in nics for kind, _, _ in nic.heard) == 3
    assert wait_for(lambda: daemon.state(MAC_A) in (None, 'absent'))
    daemon.ctl('set-key', MAC_A, *words[2:], '-', stdin=key, status=1)
    assert key[:16] not in daemon.read_log()


TESTS = [
    ('overlay: add, leave, join, renew, del', test_overlay),
    ('overlay: plain, ESP, ESP in UDP', test_overlay_kinds),
    ('overlay: what is refused', test_overlay_refused),
    ('overlay: a member lives as long as the overlay needs it', test_lifetime),
    ('overlay: state file, restart', test_overlay_state),
    ('overlay: restart without keys', test_overlay_restart),
    ('keys by hand', test_set_key),
]


if __name__ == '__main__':
    sys.exit(run_tests(TESTS))
