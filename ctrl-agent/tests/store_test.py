#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What cvswd does with a database it cannot read in part, or at all.
Prints TAP. Usage: store_test.py BUILD-FOLDER [part of a test's name]"""
import hashlib
import json
import os
import random
import re
import resource
import shutil
import sqlite3
import struct
import subprocess
import sys
import time

from agent_parts import BIN, MAC_A, MAC_B, MAC_C, Running, run_tests, wait_for
from fake_switch import REGISTER, Nic, control, mac_bytes

FLOW = 'priority=7,tcp,tp_dst=80'
NAME = FLOW + ' actions=drop'       # of its row
TIMED = 'priority=8,udp,tp_dst=53'
KEY = 'd2' * 32
ROUNDS = int(os.environ.get('CVSW_STORE_ROUNDS', '40'))


def with_database(daemon, *args):
    """Another start, with a database: its path."""
    path = daemon.work + '/cvswd.db'
    daemon.restart('--state', path, *args, version2=True)
    return path


def fill(daemon):
    """Something of every kind: 3 NICs in an overlay, one beside it with a flow and a key."""
    mac_d = '02:00:00:00:00:0d'
    daemon.ctl('--new', 'add-flow', MAC_A, FLOW + ',actions=drop')
    daemon.ctl('--new', 'add-flow', MAC_A, 'priority=9,icmp,actions=drop')
    daemon.ctl('--new', 'add-flow', MAC_B, TIMED + ',hard_timeout=1000,actions=drop')
    daemon.ctl('--new', 'set-mtu', MAC_B, '1400')
    daemon.ctl('--new', 'add-flow', MAC_C, FLOW + ',actions=drop')
    daemon.ctl('key', 'add', mac_d, '--file', '-', stdin=KEY)
    for mac in (MAC_A, MAC_B, mac_d):
        assert daemon.ask(command='overlay-add', name='o' + mac[-1], vni=int(mac[-1], 16),
                          members=[mac], new=True, encrypt='aes-gcm-128')['ok']


def rows_of(path):
    db = sqlite3.connect(path)
    rows = {(kind, name): value for kind, name, value in
            db.execute('SELECT kind, name, value FROM kept')}
    db.close()
    return rows


def change(path, sql, *args):
    db = sqlite3.connect(path)
    with db:
        done = db.execute(sql, args).rowcount
    db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
    return done


def unread(daemon):
    return {(row['table'], row['key']): row['error']
            for row in daemon.ask(command='show')['unread']}


BROKEN = [
    # table, key, value that is put there (or a key that is), its words
    ('nic', MAC_B, b'{', 'it is not JSON'),
    ('nic', MAC_B, b'{"managed":3}', 'managed'),
    ('nic', MAC_B, b'{"managed":true,"mtu":7}', 'MTU'),
    ('nic', MAC_B, b'{"managed":true,"offload":["warp"]}', 'offloads'),
    ('nic', 'nonsense', b'{}', "not a NIC's MAC address"),
    ('nic', '02:00:00:00:00:0E', b'{}', "not a NIC's MAC address"),
    ('nic', '03:00:00:00:00:0e', b'{}', "not a NIC's MAC address"),
    ('flow ' + MAC_A, NAME, b'priority=7,tcp,tp_dst=80 actions=warp', 'column'),
    ('flow ' + MAC_A, NAME, b'', 'column'),
    ('flow ' + MAC_A, NAME, b'priority=7,tcp,tp_dst=80 actions=drop\0', 'no text'),
    ('flow ' + MAC_A, 'priority=1,tcp', b'priority=7,tcp,tp_dst=80 actions=drop', "another flow's"),
    ('flow nobody', NAME, b'priority=7,tcp,tp_dst=80 actions=drop', 'not known'),
    ('given ' + MAC_B, 'nonsense', b'-', "not a flow's"),
    ('given ' + MAC_B, NAME, b'-', 'no such flow'),
    ('key', '02:00:00:00:00:0d', b'short', '32 bytes'),
    ('key', 'nobody', bytes(32), "not a NIC's MAC address"),
    ('overlay', 'oa', b'[', 'it is not JSON'),
    ('overlay', 'oa', b'{"name":"oa"}', 'settings'),
    ('overlay', 'other', b'', 'it is not JSON'),
    ('ways oa', '0', b'\1', 'SPIs'),
    ('ways oa', '0', b'\1\1\0\0\0\1\0\0\0\1', 'SPIs'),
    ('ways oa', '7', b'', 'of no member'),
    ('ways none', '0', b'', 'no such overlay'),
    ('spi', 'next', b'many', 'not a number'),
    ('spi', 'last', b'7', 'not known'),
    ('future', 'thing', b'7', 'not known'),
]


def test_broken_rows(daemon):
    """Each kind of wrong row: named with its reason, everything else is there, nothing is lost."""
    path = with_database(daemon)
    fill(daemon)
    daemon.stop()
    shutil.copy(path, path + '.whole')
    whole = rows_of(path)
    for table, key, value, words in BROKEN:
        daemon.log.close()
        shutil.copy(path + '.whole', path)
        change(path, 'INSERT OR REPLACE INTO kept VALUES (?, ?, ?)', table, key, value)
        daemon.start()
        known = unread(daemon)
        assert words in known.get((table, key), ''), (table, key, value, known)
        assert len(known) == 1, known
        daemon.ctl('show', text=f'database: {table} "{key}" cannot be read and is skipped')
        assert f'database: {table} "{key}" cannot be read' in daemon.read_log()
        flows = daemon.ask(command='dump-flows', nic=MAC_C)['flows']
        assert [f['flow'] for f in flows] == [FLOW + ' actions=drop'], flows
        rewrite_all(daemon)
        daemon.stop()
        after = rows_of(path)
        # Its own place may have been taken by what is known of that NIC.
        assert value in (after.get((table, key)), after.get(('set aside ' + table, key))), (
            table, key, after.get((table, key)))
        lost = {row for row in whole if row not in after and row[0] != 'given ' + MAC_B}
        assert not lost, (table, key, lost)
    daemon.start()


def with_format1(daemon):
    """A daemon that is stopped, and its database as a former cvswd wrote it."""
    path = with_database(daemon)
    daemon.stop()
    daemon.log.close()
    os.remove(path)
    db = sqlite3.connect(path)
    db.execute('PRAGMA journal_mode = WAL')
    with open(os.path.join(os.path.dirname(__file__), 'format1.sql'), encoding='utf-8') as file:
        db.executescript(file.read())
    db.close()
    os.chmod(path, 0o600)
    return path


def test_format1(daemon):
    """A database of format 1, as a former cvswd wrote it, gets today's format."""
    path = with_format1(daemon)
    old = rows_of(path)
    ways = {member['slot']: member['ways'] for member in json.loads(old['overlay', 'a'])['members']}
    assert len(ways) == 3 and all(len(rows) == 2 for rows in ways.values()), ways
    assert version_of(path) == 1
    daemon.start()
    daemon.stop()
    new = rows_of(path)
    assert version_of(path) == 2
    assert 'format 1 and has format 2 now' in daemon.read_log()
    for slot, rows in ways.items():
        packed = b''.join(struct.pack(f'!BBI{len(spis)}I', other, len(spis), out, *spis) for other, out, *spis in rows)
        assert new.pop(('ways a', str(slot))) == packed
    assert all('ways' not in member for member in json.loads(new['overlay', 'a'])['members'])
    changed = ('overlay', 'a'), ('spi', 'next')     # new SPIs are reserved
    assert {name: value for name, value in new.items() if name not in changed} == \
        {name: value for name, value in old.items() if name not in changed}
    daemon.start()
    assert not unread(daemon)
    assert daemon.read_log().count('has format 2 now') == 1


def test_format1_full_disk(daemon):
    """While the disk is full it keeps its format; the first change that is saved brings today's."""
    path = with_format1(daemon)
    old = rows_of(path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        daemon.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert 'has format 2 now' not in daemon.read_log()
    daemon.kill()
    assert version_of(path) == 1 and rows_of(path) == old
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        daemon.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    limit_files(daemon, 'unlimited')
    assert daemon.ask(command='set-mtu', nic=MAC_C, mtu=1301, new=True)['ok']
    daemon.stop()
    assert version_of(path) == 2
    assert len([kind for kind, _ in rows_of(path) if kind == 'ways a']) == 3
    daemon.start()
    assert not unread(daemon)


def version_of(path):
    db = sqlite3.connect(path)
    version, = db.execute('PRAGMA user_version').fetchone()
    db.close()
    return version


def limit_files(daemon, size):
    subprocess.run(['prlimit', '--pid', str(daemon.process.pid), f'--fsize={size}:unlimited'],
                   check=True)


def rewrite_all(daemon):
    """As after a full disk: a change that cannot be kept, and then one that can."""
    limit_files(daemon, 4096)
    refused = daemon.ask(command='set-mtu', nic=MAC_C, mtu=1300, new=True)
    assert [w['code'] for w in refused['warnings']] == ['not-kept'], refused
    limit_files(daemon, 'unlimited')
    assert daemon.ask(command='set-mtu', nic=MAC_C, mtu=1301, new=True)['ok']


def test_set_aside(daemon):
    """What takes the place of a row that cannot be read does not cost the row."""
    path = with_database(daemon)
    fill(daemon)
    daemon.stop()
    bad = b'priority=7,tcp,tp_dst=80 actions=warp(9)'
    change(path, 'UPDATE kept SET value = ? WHERE kind = ? AND name = ?', bad, 'flow ' + MAC_C, NAME)
    daemon.start()
    daemon.ctl('--new', 'add-flow', MAC_C, FLOW + ',actions=NORMAL')
    daemon.ctl('del-flows', MAC_C)
    daemon.ctl('forget', MAC_C)
    daemon.ctl('--new', 'add-flow', MAC_C, FLOW + ',actions=NORMAL')
    daemon.stop()
    rows = rows_of(path)
    assert rows['set aside flow ' + MAC_C, NAME] == bad, rows
    assert b'NORMAL' in rows['flow ' + MAC_C, NAME]
    daemon.start()
    assert list(unread(daemon)) == [('set aside flow ' + MAC_C, NAME)]
    assert 'NORMAL' in daemon.ctl('dump-flows', MAC_C)
    # A second one of that name takes the place of the first, and what is said is kept.
    daemon.stop()
    again = bad.replace(b'9', b'10')
    change(path, 'UPDATE kept SET value = ? WHERE kind = ? AND name = ?', again, 'flow ' + MAC_C, NAME)
    daemon.start()
    answer = daemon.ask(command='add-flows', nic=MAC_C, new=True, wait=False, flows=[FLOW + ',actions=NORMAL'])
    assert answer['ok'] and daemon.ask(command='show')['kept'], answer
    daemon.stop()
    assert rows_of(path)['set aside flow ' + MAC_C, NAME] == again
    daemon.start()


def test_fails_closed(daemon):
    """A NIC whose key, or whose overlay, cannot be read is not made less safe."""
    path = with_database(daemon)
    fill(daemon)
    daemon.stop()
    change(path, "UPDATE kept SET value = x'00' WHERE kind = 'key'")
    change(path, "UPDATE kept SET value = '?' WHERE kind = 'overlay' AND name = 'oa'")
    daemon.start()
    mac_d = '02:00:00:00:00:0d'
    switch = daemon.switch()
    switch.packet_in(1, control(REGISTER, mac_bytes(mac_d), data=mac_bytes(mac_d)))
    nic = Nic(MAC_A)
    nic.flows = {b'the overlay': b''}
    switch.link_up(2, nic)
    with Running(switch):
        assert wait_for(lambda: 'is ignored' in daemon.read_log()), 'version 2 is believed'
        assert daemon.state(mac_d) == 'absent'
        assert wait_for(lambda: daemon.nics()[MAC_A].get('port') == 2)
        time.sleep(1)
        assert b'the overlay' in nic.flows, "an overlay's flows were deleted"
        assert not daemon.nics()[MAC_A]['managed']
        assert f'NIC {MAC_A} is left alone' in daemon.read_log()
        assert daemon.nics()[MAC_B]['managed']
    switch.close()
    # With its key once more it is as before.
    daemon.ctl('key', 'add', mac_d, '--file', '-', stdin=KEY)
    daemon.stop()
    assert rows_of(path)['key', mac_d] == bytes.fromhex(KEY)
    assert rows_of(path)['set aside key', mac_d] == b'\0'
    daemon.start()


def test_max_nics(daemon):
    """A smaller --max-nics: all are there, the limit is named, strangers are refused."""
    path = with_database(daemon)
    for i in range(20):
        mac = f'02:00:00:00:01:{i:02x}'
        if i % 2:
            assert daemon.ask(command='key-add', nic=mac, key=f'{i + 1:02x}' * 32)['ok']
        else:
            daemon.ctl('--new', 'add-flow', mac, FLOW + ',actions=drop')
    before = {mac: nic['flows'] for mac, nic in daemon.nics().items()}
    daemon.restart('--state', path, '--max-nics', '6', version2=True)
    assert 'the database has 20 NICs, 14 more than --max-nics 6' in daemon.read_log()
    shown = daemon.ask(command='show')
    assert (shown['max_nics'], shown['nics_beyond'], shown['unread']) == (6, 14, []), shown
    assert {mac: nic['flows'] for mac, nic in daemon.nics().items()} == before
    daemon.ctl('show', text='the database has 14 NICs more than --max-nics 6')
    daemon.ctl('--new', 'add-flow', MAC_A, FLOW + ',actions=drop', status=1, text='6 NICs are the limit')
    switch = daemon.switch()
    switch.packet_in(1, control(REGISTER, mac_bytes(MAC_A), data=mac_bytes(MAC_A)))
    assert switch.run(lambda: '6 NICs are the limit' in daemon.read_log())
    switch.close()
    daemon.restart('--state', path, version2=True)
    assert {mac: nic['flows'] for mac, nic in daemon.nics().items()} == before
    assert 'nics_beyond' not in daemon.ask(command='show')


def start_fails(path):
    done = subprocess.run([BIN + '/cvswd', '--socket', path + '.sock', '--listen',
                           'unix:' + path + '.of', '--state', path], stderr=subprocess.PIPE,
                          text=True, timeout=20)
    assert done.returncode == 1, done
    return done.stderr


def test_unusable(daemon):
    """Another version's file, a damaged one, one that is none: what to do is said, and it is
    not touched."""
    path = with_database(daemon)
    fill(daemon)
    daemon.stop()
    shutil.copy(path, path + '.whole')
    change(path, 'PRAGMA user_version = 7')
    before = content(path)
    said = start_fails(path)
    assert 'a newer version of cvswd (format 7; this cvswd reads formats up to 2)' in said, said
    assert 'move the file away' in said and 'not an error' not in said, said
    assert content(path) == before, 'it was changed'
    with open(path, 'wb') as file:
        file.write(b'this is no database, but somebody may want it' * 100)
    before = content(path)
    said = start_fails(path)
    assert 'not a database' in said and 'backup' in said, said
    assert content(path) == before
    shutil.copy(path + '.whole', path)
    daemon.start()


def content(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def corrupt(rng, path):
    """Some bytes of some rows; the rows that were hit."""
    db = sqlite3.connect(path)
    rows = db.execute('SELECT kind, name, value FROM kept').fetchall()
    hit = set()
    for row in rng.sample(rows, rng.randrange(1, 5)):
        cells = [bytearray(cell if isinstance(cell, bytes) else str(cell).encode()) for cell in row]
        cell = rng.choice(cells)
        for _ in range(rng.randrange(1, 4)):
            what = rng.randrange(3)
            at = rng.randrange(len(cell) + 1)
            if what == 0 and cell:
                cell[at % len(cell)] = rng.randrange(256)
            elif what == 1:
                cell[at:at] = rng.randbytes(rng.randrange(1, 9))
            else:
                del cell[at:at + rng.randrange(1, 9)]
        kind, name, value = (bytes(cell) for cell in cells)
        as_text = rng.random() < 0.8
        db.execute('DELETE FROM kept WHERE kind = ? AND name = ?', row[:2])
        cast = 'CAST(? AS TEXT), CAST(? AS TEXT)' if as_text else '?, ?'
        db.execute(f'INSERT OR REPLACE INTO kept VALUES ({cast}, ?)', (kind, name, value))
        hit.add(row[:2])
    db.commit()
    db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
    return hit


def raw_rows(path):
    db = sqlite3.connect(path)
    rows = db.execute('SELECT hex(kind), hex(name), hex(value) FROM kept').fetchall()
    db.close()
    return set(rows)


def test_random_rows(daemon):
    """Random damage: it starts, the other rows are loaded, and the wrong ones stay."""
    path = with_database(daemon)
    fill(daemon)
    daemon.stop()
    shutil.copy(path, path + '.whole')
    rng = random.Random(int(os.environ.get('CVSW_SEED', '1')))
    skipped = 0
    for _ in range(ROUNDS):
        daemon.log.close()
        shutil.copy(path + '.whole', path)
        hit = corrupt(rng, path)
        damaged = raw_rows(path)
        daemon.start()
        known = unread(daemon)
        skipped += len(known)
        if not any(MAC_C in kind + name for kind, name in hit):
            flows = daemon.ask(command='dump-flows', nic=MAC_C)['flows']
            assert len(flows) == 1, (hit, flows)
        daemon.ctl('--new', 'add-flow', '02:00:00:00:00:77', FLOW + ',actions=drop')
        rewrite_all(daemon)
        daemon.stop()
        log = daemon.read_log()
        assert 'ERROR: AddressSanitizer' not in log and 'runtime error' not in log, log
        # Of what was reported, all is there still, byte for byte.
        left = raw_rows(path)
        aside = b'set aside '.hex().upper()
        left |= {(kind[len(aside):], name, value) for kind, name, value in left
                 if kind.startswith(aside)}
        gone = damaged - left
        reported = {(kind, name) for kind, name in known}
        for kind, name, _ in gone:
            text = tuple(re.sub('[^ -~]', '?', bytes.fromhex(cell).decode('latin1'))
                         for cell in (kind, name))
            assert text not in reported, (text, 'was lost')
    assert skipped > ROUNDS / 2, skipped
    daemon.log.close()
    shutil.copy(path + '.whole', path)
    daemon.start()


def test_random_file(daemon):
    """Random bytes of the file itself: it starts, or says what to do; never a crash."""
    path = with_database(daemon)
    fill(daemon)
    daemon.stop()
    with open(path, 'rb') as file:
        whole = file.read()
    rng = random.Random(2)
    outcomes = {0: 0, 1: 0}
    for _ in range(ROUNDS // 2):
        bad = bytearray(whole)
        for _ in range(rng.randrange(1, 30)):
            bad[rng.randrange(len(bad))] = rng.randrange(256)
        with open(path, 'wb') as file:
            file.write(bad)
        with open(path + '.log', 'w+') as log:
            process = subprocess.Popen([BIN + '/cvswd', '--socket', path + '.sock', '--listen',
                                        'unix:' + path + '.of', '--state', path], stderr=log)
            text = lambda: open(path + '.log', errors='replace').read()
            wait_for(lambda: process.poll() is not None or 'waiting for' in text(), 20)
            process.terminate()
            code = process.wait(20)
            assert code in (0, 1) and 'AddressSanitizer' not in text(), (code, text())
            if code:
                assert 'move the file away' in text(), text()
            outcomes[code] += 1
    assert outcomes[0] and outcomes[1], outcomes
    with open(path, 'wb') as file:
        file.write(whole)
    daemon.start()


TESTS = [
    ('database: a row that cannot be read, of every kind', test_broken_rows),
    ('database: such a row is set aside when its place is taken', test_set_aside),
    ('database: a NIC without its key or overlay fails closed', test_fails_closed),
    ('database: a smaller --max-nics', test_max_nics),
    ('database: format 1', test_format1),
    ('database: format 1 on a full disk', test_format1_full_disk),
    ('database: of another version, or none', test_unusable),
    ('database: random damage to rows', test_random_rows),
    ('database: random damage to the file', test_random_file),
]


if __name__ == '__main__':
    sys.exit(run_tests(TESTS))
