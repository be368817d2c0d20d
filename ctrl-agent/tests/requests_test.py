#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What cvswd makes of requests: which it refuses, with which code, and whether what it acknowledges is true.
Prints TAP. Usage: requests_test.py BUILD-FOLDER [PART-OF-A-NAME] (sanitized builds)."""
import difflib
import json
import os
import re
import random
import socket
import subprocess
import sys
import time

import json_page
from agent_parts import MAC_A, MAC_B, MAC_C, Three, run_tests, wait_for
from fake_nic3 import GUEST_MTU, BadNetwork
from version3_test import World, key_of, mac_of

GHOST = '02:00:00:00:09:01'


class Talk:
    """A connection."""

    def __init__(self, daemon):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        while True:
            try:
                self.sock.connect(daemon.socket)
                break
            except BlockingIOError:     # not come round to accept()
                time.sleep(0.01)
        self.lines = self.sock.makefile('rb')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.sock.close()

    def say(self, *requests):
        self.sock.sendall(b''.join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b'\n'
                                   for r in requests))

    def hear(self):
        return json.loads(self.lines.readline())

    def ask(self, request):
        self.say(request)
        return self.hear()


def refused(answer, code, member=None):
    assert answer['ok'] is False and answer['code'] == code, answer
    assert answer['error'] and answer.get('member') == member, answer


def everything(daemon):
    """All that is configured."""
    nics = {mac: [nic['managed'], nic.get('mtu'), nic.get('offload'),
                  daemon.ask(command='dump-flows', nic=mac)['flows']]
            for mac, nic in daemon.nics().items()}
    keys = [nic['mac'] for nic in daemon.ask(command='key-list')['nics']]
    return nics, keys, daemon.ask(command='overlay-show')['overlays']


def test_strict(daemon):
    """Of each command: each member that is missing, of each wrong type, unknown, repeated."""
    with Three(daemon):
        daemon.ctl('add-flow', 'tap0', 'priority=7,tcp,actions=drop')
        daemon.ctl('overlay', 'add', 'a', '--vni', '1', 'tap1', 'tap2')
        assert wait_for(lambda: daemon.ask(command='overlay-show')['overlays'][0]['settled'])
        before = everything(daemon)
        table = daemon.ask(command='help')
        right = {'text': 'x', 'boolean': False, 'integer': 1400, 'texts': ['x'], 'ports': [1, 2]}
        wrong = {'text': [5, True, None, [], {}, ['x']], 'boolean': [0, 1, 'true', None, []],
                 'integer': [1.5, True, None, [], '12'], 'texts': ['x', 5, {}, [5], [None], True],
                 'ports': ['1:2', [1.5, 2], ['1', '2'], 4500, True]}
        n = 0
        with Talk(daemon) as talk:
            for command in table['commands']:
                if command['command'] in ('monitor', 'show', 'help'):
                    continue
                members = {m['name']: m for m in command['members']}
                good = {'command': command['command']}
                for name, member in members.items():
                    good[name] = (member['values'].split()[0] if 'values' in member and
                                  member['type'] == 'text' else right[member['type']])
                    if member['type'] == 'integer':
                        good[name] = member['min']
                for name, member in members.items():
                    for value in wrong[member['type']]:
                        answer = talk.ask({**good, name: value})
                        if 'values' in member and isinstance(value, str):
                            refused(answer, 'bad-value', name)
                        else:
                            refused(answer, 'wrong-type', name)
                        n += 1
                    if member['type'] == 'integer':
                        for value in (member['min'] - 1, member['max'] + 1):
                            refused(talk.ask({**good, name: value}), 'out-of-range', name)
                    if 'values' in member and member['type'] == 'text':
                        refused(talk.ask({**good, name: member['values']}), 'bad-value', name)
                    if member['required']:
                        less = dict(good)
                        del less[name]
                        refused(talk.ask(less), 'missing-member', name)
                    line = json.dumps(good)[:-1] + f', "{name}": {json.dumps(good[name])}}}'
                    refused(talk.ask(line.encode()), 'duplicate-member')
                for name in ('Nic', 'encryption', 'dry-run', 'force', ''):
                    refused(talk.ask({**good, name: True}), 'unknown-member', name)
                refused(talk.ask({**good, 'timeout_ms': -1}), 'out-of-range', 'timeout_ms')
            for line in (b'', b'null', b'[]', b'{', b'"show"', b'{"command": "\xff"}'):
                refused(talk.ask(line), 'not-json')
            refused(talk.ask({}), 'missing-member', 'command')
            refused(talk.ask({'command': 5}), 'wrong-type', 'command')
            refused(talk.ask({'command': 'fly'}), 'unknown-command')
        assert n > 150, n
        assert everything(daemon) == before


def test_known_traps(daemon):
    """Each of these was done once, though nobody had asked for it."""
    with Three(daemon) as nics:
        daemon.ctl('add-flow', 'tap0', 'priority=7,tcp,actions=drop')
        before = everything(daemon)
        overlay = {'command': 'overlay-add', 'name': 'a', 'vni': 1, 'members': ['tap0', 'tap1']}
        flow = {'nic': 'tap0', 'flows': ['priority=9,actions=drop']}
        refused(daemon.ask(**overlay, encrypt=True), 'wrong-type', 'encrypt')
        refused(daemon.ask(**overlay, encryption='aes-gcm-256'), 'unknown-member', 'encryption')
        refused(daemon.ask(**overlay, encrypt='aes'), 'bad-value', 'encrypt')
        refused(daemon.ask(command='add-flows', **flow, dry_run=1), 'wrong-type', 'dry_run')
        refused(daemon.ask(command='del-flows', nic='tap0', flow='udp'), 'unknown-member', 'flow')
        refused(daemon.ask(command='del-flows', nic='tap0', strict='true'), 'wrong-type', 'strict')
        assert everything(daemon) == before and len(nics[0].flows) == 1


def test_documented(daemon):
    """README.md's tables are those of cvswd."""
    shown = json_page.page(daemon.ask(command='help')).splitlines()
    differs = list(difflib.unified_diff(json_page.documented().splitlines(), shown, 'README.md',
                                        'cvswd', lineterm='', n=0))
    assert not differs, 'tests/json_page.py puts it right:\n' + '\n'.join(differs)
    with open(os.path.join(os.path.dirname(json_page.README), 'cvswctl.8.scd'), encoding='utf-8') as page:
        manual = page.read()
    usage = daemon.ctl('--help')
    assert usage == daemon.ctl('help')
    for option in ('new', 'take-over', 'ipv4-only', 'dry-run', 'strict', 'vni', 'rekey', 'timeout'):
        assert '--' + option in usage and f'--{option}' in manual, option
    verb = 'add|del|join|leave|renew|show|list'
    calls = re.findall(rf'^  cvswctl (?:--local )?([a-z-]+(?: (?:{verb})\b)?)', usage, re.M)
    assert len(calls) > 25, calls
    for call in calls:
        assert f'*{call}*' in manual, f'{call}: not in the manual'


def test_codes(daemon):
    """cvswctl -j prints the answer; every refusal seen here has a code of the table."""
    codes = {code['code'] for code in daemon.ask(command='help')['codes']}
    seen = set()

    def code(*args, stdin=''):
        answer = json.loads(daemon.ctl('-j', *args, status=1, stdin=stdin))
        assert answer['ok'] is False and answer['code'] in codes, answer
        seen.add(answer['code'])
        return answer['code']

    with Three(daemon):
        drop = 'priority=1,ip,actions=drop'
        daemon.ctl('add-flow', 'tap0', drop)
        daemon.ctl('overlay', 'add', 'a', '--vni', '1', 'tap1')
        assert code('add-flow', GHOST, drop) == 'unknown-nic'
        assert code('add-flow', 'tap9', drop) == 'unknown-nic'
        assert code('del-flows', GHOST) == 'unknown-nic'
        assert code('add-flow', 'ff:ff:ff:ff:ff:ff', drop) == 'bad-value'
        assert code('add-flow', 'tap0', 'actions=nonsense') == 'bad-flow'
        assert code('add-flow', 'tap0', 'check_overlap,priority=1,tcp,actions=drop') == 'flow-overlap'
        assert code('add-flow', 'tap1', 'priority=61500,actions=drop') == 'overlay-flow'
        assert code('set-mtu', 'tap0', '12') == 'out-of-range'
        assert code('stats', 'tap0') == 'version-2'
        assert code('key', 'del', 'tap0') == 'no-key'
        assert code('key', 'add', 'tap0', '-', stdin='1') == 'bad-value'
        assert code('overlay', 'add', 'a', '--vni', '2', 'tap2') == 'overlay-exists'
        assert code('overlay', 'add', 'b', '--vni', '1', 'tap2') == 'vni-in-use'
        assert code('overlay', 'add', 'b', '--vni', '2', 'tap1') == 'is-member'
        assert code('overlay', 'add', 'b', '--vni', '2', f'tap2={MAC_C},x') == 'bad-value'
        assert code('overlay', 'join', 'a', f'tap2={MAC_B}') == 'address-in-use'
        assert code('overlay', 'leave', 'a', 'tap2') == 'not-member'
        assert code('overlay', 'del', 'c') == 'unknown-overlay'
        assert code('overlay', 'renew', 'a') == 'not-encrypted'
        assert code('overlay', 'add', 'b', '--vni', '2', '--underlay-mtu', '1300', 'tap2') == 'no-ipv6'
        assert code('overlay', 'add', 'b', '--vni', '2', '--underlay-pool', '10.0.0.0/30', '--new',
                    'tap2', GHOST, '02:00:00:00:09:02') == 'overlay-full'
        assert code('forget', 'tap1') == 'is-member'
    assert len(seen) > 15, seen


def test_utf8(daemon):
    """What is quoted is never cut in the middle of a character."""
    for n in range(30, 70):
        for text in ('x' * n + 'ü' * 40, 'x' * n + '\U0001f600' * 40, 'x' * n + '€' * 40):
            for request in ({'command': text}, {'command': 'show', text: 1},
                            {'command': 'forget', 'nic': text},
                            {'command': 'overlay-show', 'name': text},
                            {'command': 'overlay-add', 'name': 'a', 'vni': 1, 'new': True,
                             'members': [f'{GHOST}={text}']}):
                answer = daemon.ask(**request)
                assert answer['ok'] is False and answer['error'] and answer['code'], answer
                assert 'x' * 29 in answer['error'], answer


def test_cookies(daemon):
    with Three(daemon):
        daemon.ctl('add-flow', 'tap0', 'cookie=0xffffffffffffffff,priority=1,tcp,actions=drop')
        daemon.ctl('add-flow', 'tap0', 'cookie=0x8000000000000000,priority=2,tcp,actions=drop')
        daemon.ctl('add-flow', 'tap0', 'priority=3,tcp,actions=drop')
        flows = daemon.ask(command='dump-flows', nic='tap0')['flows']
        assert [flow['cookie'] for flow in flows] == ['0x0', '0x8000000000000000',
                                                      '0xffffffffffffffff'], flows


def test_not_managed(daemon):
    """A deletion takes what it names, not the table of a NIC that nobody configured."""
    with World(daemon, 1, version2=False) as world:
        nic = world.macs[0]
        daemon.ctl('add-flow', nic, 'priority=7,tcp,actions=drop')
        daemon.ctl('add-flow', nic, 'priority=8,udp,actions=drop')
        daemon.ask(command='forget', nic=nic)
        has = world.has(0)['flows']
        assert len(has) == 2
        for match in ('tcp',), ():
            answer = json.loads(daemon.ctl('-j', 'del-flows', nic, *match, status=1))
            assert answer['code'] == 'not-managed' and '--take-over' in answer['error'], answer
            time.sleep(0.2)
            assert world.has(0)['flows'] == has and not daemon.nics()[nic]['managed']
        daemon.ctl('--dry-run', 'del-flows', nic, 'tcp', text='would lose')
        assert world.has(0)['flows'] == has
        daemon.ctl('--take-over', 'del-flows', nic, text='in sync, 0 flows')
        assert not world.has(0)['flows']


def test_mistyped(daemon):
    """A NIC that nothing is known of is an error; one with a key may be configured before it starts."""
    for version2 in (False, True):
        daemon.restart(version2=version2)
        for command in ('add-flow', 'mod-flows'):
            daemon.ctl(command, GHOST, 'actions=drop', status=1, text='--new')
        daemon.ctl('set-mtu', GHOST, '1400', status=1, text='--new')
        daemon.ctl('set-offload', GHOST, 'none', status=1, text='--new')
        daemon.ctl('replace-flows', GHOST, '-', status=1, text='--new')
        daemon.ctl('overlay', 'add', 'a', '--vni', '1', GHOST, status=1, text='--new')
        assert not daemon.nics()
        daemon.ctl('--new', 'set-mtu', GHOST, '1400', text='applied when')
        shown = daemon.nics()[GHOST]
        assert (shown['state'], shown.get('version')) == (('absent', 2) if version2 else
                                                          ('no key', None)), shown
        daemon.ctl('show', text='absent' if version2 else 'no key')
        daemon.ctl('stats', GHOST, status=1, text='version 2' if version2 else 'cvswctl key add')
        daemon.ctl('key', 'add', mac_of(5), '-', stdin=key_of(5).hex(), text='key')
        daemon.ctl('add-flow', mac_of(5), 'actions=drop', text='applied when the NIC registers')


def test_one_key_one_nic(daemon):
    daemon.restart()
    daemon.ctl('key', 'add', mac_of(1), '-', stdin=key_of(1).hex())
    daemon.ctl('key', 'add', mac_of(1), '-', stdin=key_of(1).hex())     # again: nothing new
    daemon.ctl('key', 'add', mac_of(2), '-', stdin=key_of(1).hex().upper(), status=1,
               text=f'NIC {mac_of(1)} has this key')
    assert set(daemon.nics()) == {mac_of(1)}
    daemon.ctl('key', 'del', mac_of(1))
    daemon.ctl('key', 'add', mac_of(2), '-', stdin=key_of(1).hex())


def test_refusals_of_others(daemon):
    """What a NIC refused of one request is not said of another one."""
    with World(daemon, 1) as world:
        nic = world.macs[0]
        daemon.ctl('set-mtu', nic, '9001', status=3, text='refuses it: the device')
        answer = json.loads(daemon.ctl('-j', 'set-mtu', nic, '9001', status=3))
        assert answer['ok'] and not answer['synced'] and answer['nic']['mtu'] == 9001, answer
        assert [w['code'] for w in answer['warnings']] == ['nic-refuses'], answer
        # Done, and no word that all is well.
        for args in (('add-flow', nic, 'priority=7,tcp,actions=drop'),
                     ('mod-flows', nic, 'tcp,actions=NORMAL'), ('set-offload', nic, 'csum')):
            out = daemon.ctl(*args, text='done; it still refuses something else: the device')
            assert 'in sync' not in out and '9001' not in out, out
        out = daemon.ctl('replace-flows', nic, '-', stdin='priority=8,udp,actions=drop\n')
        assert 'in sync' not in out and 'done; it still refuses' in out, out
        assert world.has(0)['mtu'] == 1500
        daemon.ctl('set-mtu', nic, 'auto', text='in sync, 1 flow, offloads csum\n')


def test_refused_flow(daemon):
    with World(daemon, 1) as world:
        nic = world.macs[0]
        flows = [f'priority=3,tcp,tp_dst={n},actions=drop' for n in range(140)]
        answer = daemon.ask(command='add-flows', nic=nic, flows=flows, wait=True)
        assert answer['warnings'][0]['code'] == 'nic-refuses', answer
        # Flows of the same table that the NIC has: another action, other offloads.
        answer = daemon.ask(command='set-offload', nic=nic, offload=['csum'], wait=True)
        assert answer['ok'] and answer['synced'] and 'warnings' not in answer, answer
        taken = world.has(0)['flows'][0].split(' ')[0]
        answer = daemon.ask(command='mod-flows', nic=nic, flow=taken + ',actions=NORMAL', strict=True,
                            wait=True)
        assert answer['ok'], answer
        if answer['synced']:
            assert taken + ' actions=NORMAL' in world.has(0)['flows']
        else:
            assert taken.split('=')[-1] in str(answer['warnings']), answer


def test_silent(daemon):
    """What may have been done is not called refused; what only asks is."""
    with World(daemon, 2, options=('--state', daemon.work + '/cvswd.db')) as world:
        a, b = world.macs
        sa = ('spi=0x1000', 'dir=out')
        daemon.ctl('set-key', a, *sa, 'alg=aes-gcm-128', '-', stdin='12' * 20, text='in sync')
        answer = json.loads(daemon.ctl('-j', 'set-key', a, *sa, 'alg=aes-gcm-128', '-',
                                       stdin='34' * 20, status=1))
        assert answer['code'] == 'nic-refuses' and answer['refusal'], answer
        world.switch.network = BadNetwork(random.Random(1), 1.0)
        for args in (('set-key', a, 'spi=0x1001', 'dir=out', 'alg=aes-gcm-128', '-'),
                     ('del-key', a, *sa)):
            answer = json.loads(daemon.ctl('-j', '--timeout', '0.3', *args, stdin='12' * 20, status=3))
            assert answer['ok'] and answer['synced'] is False, answer
            assert [w['code'] for w in answer['warnings']] == ['not-confirmed'], answer
        answer = json.loads(daemon.ctl('-j', '--timeout', '0.3', 'stats', a, status=1))
        assert answer['code'] == 'no-answer', answer
        for args in (('add-flow', a, 'priority=1,tcp,actions=drop'),
                     ('overlay', 'add', 'blue', '--vni', '7', a, b),
                     ('overlay', 'leave', 'blue', a)):
            answer = json.loads(daemon.ctl('-j', '--timeout', '0.3', *args, status=3))
            assert [w['code'] for w in answer['warnings']] == ['not-confirmed'], answer
        daemon.ctl('--timeout', '0.3', 'overlay', 'del', 'blue', status=3, text='not everywhere')
        world.switch.network = None
        assert world.in_sync()
        assert wait_for(lambda: world.has(0)['flows'] == ['priority=1,tcp actions=drop'], 10)


def test_refused_overlay(daemon):
    with World(daemon, 2) as world:
        a, b = world.macs
        out = daemon.ctl('overlay', 'add', 'blue', '--vni', '7', '--underlay-mtu', '9100', a, b,
                         status=3, text=f'NIC {a} refuses it: the device')
        assert f'NIC {b} refuses it' in out, out
        daemon.ctl('overlay', 'del', 'blue', text='blue: deleted')


def test_not_kept(daemon):
    """A full disk: it is in effect, and the answer says that it will not last; then it is kept."""
    small = daemon.work + '/small'
    os.mkdir(small)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=512k', 'cvsw-test', small], check=True)
    try:
        with World(daemon, 1, options=('--state', small + '/db')) as world:
            nic = world.macs[0]
            daemon.ctl('add-flow', nic, 'priority=7,tcp,actions=drop')
            with open(small + '/fill', 'wb') as fill:
                try:
                    while True:
                        os.write(fill.fileno(), bytes(4096))
                except OSError:
                    pass
            answer = {}
            for n in range(300):        # what the log has room for yet
                answer = json.loads(daemon.ctl_any('-j', 'add-flow', nic,
                                                   f'priority=8,tcp,tp_dst={n % 100},actions=drop'))
                if 'warnings' in answer:
                    break
            assert answer['ok'] and answer['synced'], answer
            assert [w['code'] for w in answer['warnings']] == ['not-kept'], answer
            daemon.ctl('--timeout', '5', 'set-mtu', nic, '1400', status=3, text='will not survive')
            assert world.has(0)['mtu'] == 1400
            daemon.ctl('show', text='database cannot be written')
            assert daemon.ask(command='show')['kept'] is False
            # Numbers of keys that are not reserved are not used.
            answer = json.loads(daemon.ctl('-j', '--timeout', '1', 'overlay', 'add', 'blue', '--vni', '7',
                                           '--encrypt', nic, '--new', GHOST, status=3))
            assert 'not-kept' in [w['code'] for w in answer['warnings']], answer
            assert 'overlays get no new keys' in daemon.read_log() and not world.has(0)['sas']
            daemon.ctl('--timeout', '1', 'overlay', 'del', 'blue', status=3, text='will not survive')
            before = daemon.ask(command='dump-flows', nic=nic)['flows']
            refused(daemon.ask(command='forget', nic=nic), 'not-kept')
            assert daemon.ask(command='dump-flows', nic=nic)['flows'] == before
            os.unlink(small + '/fill')
            assert wait_for(lambda: daemon.ask(command='show')['kept']), 'it is not tried again'
            daemon.kill()
            world.disconnect()
            daemon.start()
            assert daemon.ask(command='dump-flows', nic=nic)['flows'] == before
            assert daemon.nics()[nic]['mtu'] == 1400
            world.connect()
        daemon.stop()
        daemon.args = ()
        daemon.start()
    finally:
        if daemon.process.poll() is None and daemon.args:
            daemon.kill()
        subprocess.run(['umount', small], check=True)


def test_monitor_half_closed(daemon):
    """echo ... | socat - UNIX:...: its input ends, events go on; when it goes its place is free."""
    with Talk(daemon) as watching:
        assert watching.ask({'command': 'monitor'})['ok']
        watching.sock.shutdown(socket.SHUT_WR)
        time.sleep(1.5)
        with Three(daemon):
            while watching.hear()['event'] != 'registered':
                pass
    for _ in range(200):        # more than there are places, one after the other
        with Talk(daemon) as talk:
            talk.say({'command': 'monitor'})
            talk.sock.shutdown(socket.SHUT_WR)
            assert talk.hear()['ok']


def test_mtu_back(daemon):
    """Who takes an MTU back leaves none behind; over a restart too."""
    with World(daemon, 2, options=('--state', daemon.work + '/cvswd.db')) as world:
        a, b = world.macs
        assert world.has(0)['mtu'] == 1500 and 'mtu' not in daemon.nics()[a]
        daemon.ctl('overlay', 'add', 'blue', '--vni', '7', '--underlay-mtu', '9000', a, b)
        assert wait_for(lambda: world.has(0)['mtu'] == 8950), world.has(0)
        assert daemon.nics()[a]['mtu'] == 8950
        daemon.ctl('overlay', 'leave', 'blue', a)
        assert wait_for(lambda: world.has(0)['mtu'] == 1500), world.has(0)
        assert 'mtu' not in daemon.nics()[a]
        # b, by a restart in between
        daemon.stop()
        world.disconnect()
        daemon.start()
        world.connect()
        assert world.in_sync() and daemon.nics()[b]['mtu'] == 8950
        daemon.ctl('overlay', 'del', 'blue')
        assert wait_for(lambda: world.has(1)['mtu'] == 1500), world.has(1)
        assert 'mtu' not in daemon.nics()[b]
        # By hand.
        daemon.ctl('set-mtu', b, '1400', text='MTU 1400')
        daemon.ctl('set-mtu', b, '1300', text='MTU 1300')
        out = daemon.ctl('set-mtu', b, 'auto', text='in sync')
        assert 'MTU' not in out and world.has(1)['mtu'] == 1500
        daemon.ctl('set-mtu', b, 'car', status=2, text='nor auto')
        # Set by hand, it counts when the overlay is gone.
        daemon.ctl('set-mtu', b, '1450')
        daemon.ctl('overlay', 'add', 'red', '--vni', '8', b)
        daemon.ctl('overlay', 'del', 'red')
        assert wait_for(lambda: world.has(1)['mtu'] == 1450) and daemon.nics()[b]['mtu'] == 1450


def test_guest_changes_mtu(daemon):
    with World(daemon, 2) as world:
        a, b = world.macs
        daemon.ctl('overlay', 'add', 'blue', '--vni', '7', '--encrypt', a, b)
        assert wait_for(lambda: world.has(0)['mtu'] == 1416)
        world.nics.nics[0].command(GUEST_MTU, (1300).to_bytes(2, 'big'))
        assert world.has(0)['mtu'] == 1300
        assert wait_for(lambda: world.has(0)['mtu'] == 1416, 40), 'nobody noticed'
        assert wait_for(lambda: daemon.nics()[a].get('mtu_repairs') == 1)
        daemon.ctl('show', text='its guest changed the MTU 1 time, last to 1300; it was set again')
        assert f'NIC {a} has MTU 1300, not 1416' in daemon.read_log()
        assert 'mtu_repairs' not in daemon.nics()[b]


def test_guest_changes_own_mtu(daemon):
    """What the guest made of it meanwhile is not what it gets back."""
    with World(daemon, 1) as world:
        nic, = world.macs
        daemon.ctl('set-mtu', nic, '1500', text='MTU 1500')
        world.nics.nics[0].command(GUEST_MTU, (1300).to_bytes(2, 'big'))
        assert wait_for(lambda: daemon.nics()[nic].get('mtu_repairs') == 1, 40), 'nobody noticed'
        daemon.ctl('set-mtu', nic, '1400', text='MTU 1400')
        daemon.ctl('set-mtu', nic, 'auto', text='in sync')
        assert world.has(0)['mtu'] == 1500, world.has(0)
        # But what it has when it is forgotten is its own.
        daemon.ctl('set-mtu', nic, '1400', text='MTU 1400')
        assert daemon.ask(command='forget', nic=nic)['ok']
        daemon.ctl('set-mtu', nic, '1300', text='MTU 1300')
        daemon.ctl('set-mtu', nic, 'auto', text='in sync')
        assert world.has(0)['mtu'] == 1400, world.has(0)


def test_mtu_changes_while_it_is_asked_for(daemon):
    """The NIC answers with the MTU that it had before; its guest has done nothing."""
    with World(daemon, 1) as world:
        nic, = world.macs
        end, mtu = time.monotonic() + 17, 1000
        while time.monotonic() < end:
            mtu += 1
            answer = daemon.ask(command='set-mtu', nic=nic, mtu=mtu, wait=True)
            assert answer['synced'], answer
            time.sleep(0.02)
        assert 'mtu_repairs' not in daemon.nics()[nic], daemon.nics()[nic]


def test_forget_what_is_refused(daemon):
    with World(daemon, 1) as world:
        nic, = world.macs
        answer = daemon.ask(command='set-mtu', nic=nic, mtu=9001, wait=True)
        assert not answer['synced'] and daemon.nics()[nic]['state'] == 'refusing', answer
        assert daemon.ask(command='forget', nic=nic)['ok']
        assert wait_for(lambda: daemon.nics()[nic]['state'] == 'in sync'), daemon.nics()[nic]


def test_ipv6_room(daemon):
    with Three(daemon):
        args = ('overlay', 'add', 'blue', '--vni', '7', '--underlay-mtu', '1363', '--encrypt')
        daemon.ctl(*args, 'tap0', 'tap1', status=1, text='IPv6 needs 1280')
        assert daemon.ask(command='overlay-show')['overlays'] == []
        daemon.ctl(*args, '--ipv4-only', 'tap0', 'tap1', text='MTU 127')
        daemon.ctl('overlay', 'show', text='too small for IPv6')
        daemon.ctl('overlay', 'del', 'blue')
        daemon.ctl('overlay', 'add', 'blue', '--vni', '7', '--underlay-mtu', '1330', 'tap0',
                   text='MTU 1280')


def test_addresses_behind(daemon):
    """A further MAC address of a member, as a container's, while the overlay runs."""
    inner, other = '02:00:00:00:0c:01', '02:00:00:00:0c:02'
    with Three(daemon) as nics:
        daemon.ctl('overlay', 'add', 'blue', '--vni', '7', 'tap0', 'tap1')
        before = daemon.ask(command='overlay-show')['overlays'][0]['members']
        daemon.ctl('overlay', 'join', 'blue', 'tap0', status=1, text='NIC=MAC adds an address')
        out = daemon.ctl('overlay', 'join', 'blue', f'tap0={inner},{other}', f'tap2={MAC_C}')
        assert f'behind {MAC_A}: {inner} {other}\n' in out, out
        after = daemon.ask(command='overlay-show')['overlays'][0]['members']
        assert after[0]['macs'] == [MAC_A, inner, other] and len(after) == 3, after
        assert after[0]['address'] == before[0]['address']
        # The others have a flow for it.
        assert any(bytes.fromhex(inner.replace(':', '')) in flow for flow in nics[1].flows.values())
        # All or nothing.
        daemon.ctl('overlay', 'join', 'blue', 'tap0=02:00:00:00:0c:03', f'tap1={inner}', status=1,
                   text=f'is an address of member {MAC_A}')
        assert daemon.ask(command='overlay-show')['overlays'][0]['members'][0]['macs'] == \
            [MAC_A, inner, other]
        daemon.ctl('overlay', 'join', 'blue', 'tap0=' + ','.join(
            f'02:00:00:00:0d:{n:02x}' for n in range(31)), status=1, text='32 inner addresses')


def test_other_address(daemon):
    """A NIC whose MAC address was changed: its key belongs to the old one."""
    with World(daemon, 1) as world:
        nic, port = world.nics.nics[0], world.nics.nics[0].port
        stranger = mac_of(9)
        other = type(world.nics)(sys.argv[1], [(stranger, key_of(9))])
        try:
            other.join(world.switch, port)
            nic.port = None         # one device, which has another address now
            assert wait_for(lambda: f'{stranger} registers at tap0, but has no key' in
                            daemon.read_log(), 30), daemon.read_log()
            assert f'NIC {nic.mac} was there before' in daemon.read_log()
            assert wait_for(lambda: daemon.nics()[nic.mac].get('stranger') == stranger, 40)
            daemon.ctl('show', text=f'silent, while {stranger}, which has no key, registers')
        finally:
            world.switch.others_to_poll.remove(other)
            other.stop()


TESTS = [
    ('requests: every member of every command is checked', test_strict),
    ('requests: what was done once though nobody asked for it', test_known_traps),
    ('requests: README.md, manual and help say the same', test_documented),
    ('requests: every error has a code', test_codes),
    ('requests: texts that are quoted stay UTF-8', test_utf8),
    ('requests: cookies of 64 bits', test_cookies),
    ('requests: a deletion does not take over a table', test_not_managed),
    ('requests: a mistyped MAC address', test_mistyped),
    ('requests: a key is of one NIC', test_one_key_one_nic),
    ('requests: a refusal is told to whom it concerns', test_refusals_of_others),
    ('requests: flows that are refused', test_refused_flow),
    ('requests: a NIC that is silent', test_silent),
    ('requests: an overlay that a NIC refuses', test_refused_overlay),
    ('requests: a database that cannot be written', test_not_kept),
    ('requests: monitor goes on when its input ends', test_monitor_half_closed),
    ('requests: an MTU is given back', test_mtu_back),
    ('requests: a guest changes its MTU', test_guest_changes_mtu),
    ("requests: a guest changes a NIC's own MTU", test_guest_changes_own_mtu),
    ('requests: an MTU changes while it is asked for', test_mtu_changes_while_it_is_asked_for),
    ('requests: what is refused is forgotten', test_forget_what_is_refused),
    ('requests: an overlay too small for IPv6', test_ipv6_room),
    ('requests: addresses behind a member', test_addresses_behind),
    ('requests: a NIC whose MAC address was changed', test_other_address),
]


if __name__ == '__main__':
    sys.exit(run_tests(TESTS))
