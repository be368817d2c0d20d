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
TIMED = 'priority=8,udp,tp_dst=53'
KEY = 'd2' * 32
MAC_D = '02:00:00:00:00:0d'
MAC_E = '02:00:00:00:00:0f'
ROUNDS = int(os.environ.get('CVSW_STORE_ROUNDS', '40'))


def with_database(daemon, *args):
    """Another start, with a database: its path."""
    path = daemon.work + '/cvswd.db'
    daemon.restart('--state', path, *args, version2=True)
    return path


def fill(daemon):
    """Something of every kind: overlays of one NIC and of two, and a NIC beside them, flows, a key."""
    # These first: SPIs are reserved a little later.
    for mac, *others in (MAC_A,), (MAC_B,), (MAC_D, MAC_E):
        assert daemon.ask(command='overlay-add', name='o' + mac[-1], vni=int(mac[-1], 16),
                          members=[mac, *others], new=True, encrypt='aes-gcm-128')['ok']
    daemon.ctl('--new', 'add-flow', MAC_A, FLOW + ',actions=drop')
    daemon.ctl('--new', 'add-flow', MAC_A, 'priority=9,icmp,actions=drop')
    daemon.ctl('--new', 'add-flow', MAC_B, TIMED + ',hard_timeout=1000,actions=drop')
    daemon.ctl('--new', 'set-mtu', MAC_B, '1400')
    daemon.ctl('--new', 'add-flow', MAC_C, FLOW + ',actions=drop')
    daemon.ctl('key', 'add', MAC_D, '--file', '-', stdin=KEY)
    # The timer that reserves SPIs is due now, and is served between the two requests.
    time.sleep(0.02)
    for _ in range(2):
        assert daemon.ask(command='show')['ok']


def tables_of(db):
    """The columns of each table, those of its key first, and how many these are."""
    tables = {}
    for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = db.execute(f'PRAGMA table_info([{name}])').fetchall()
        tables[name] = [column[1] for column in columns], sum(column[5] > 0 for column in columns)
    return tables


def rows_of(path):
    """{(table, key...): the other columns}; of tables without a key the whole row is the key."""
    db = sqlite3.connect(path)
    rows = {}
    for table, (columns, n_keys) in tables_of(db).items():
        n_keys = n_keys or len(columns)
        for row in db.execute(f'SELECT * FROM [{table}]'):
            rows[table, *row[:n_keys]] = row[n_keys:]
    db.close()
    return rows


def key_text(key):
    """As cvswd prints a key."""
    return ' '.join(str(cell) for cell in key)


def change(path, sql, *args):
    db = sqlite3.connect(path)
    with db:
        done = db.execute(sql, args).rowcount
    db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
    return done


def set_schema(path, rewrite):
    """Another text of the schema for the same rows; what it was."""
    db = sqlite3.connect(path)
    before = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
    db.execute('PRAGMA writable_schema = ON')
    with db:
        for name, sql in before.items():
            db.execute('UPDATE sqlite_master SET sql = ? WHERE name = ?', (rewrite(name, sql), name))
    db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
    return before


class Loose:
    """While the types of columns are not checked, as in a damaged file."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.before = set_schema(self.path, lambda name, sql: re.sub(
            r' CHECK \([^)]*\)| NOT NULL| STRICT,?|(?<=\]) (?:TEXT|INTEGER|BLOB|ANY)', '', sql))
        return self

    def __exit__(self, *_):
        set_schema(self.path, lambda name, sql: self.before[name])


def spoil(path, table, key, cells):
    """A row gets other cells; one that is not there gets the others of some row.  All of it."""
    with Loose(path):
        db = sqlite3.connect(path)
        columns, n_keys = tables_of(db)[table]
        rows = db.execute(f'SELECT * FROM [{table}]').fetchall()
        row = next((row for row in rows if row[:n_keys] == key), rows[0] if rows else (0,) * len(columns))
        row = tuple(cells.get(name, key[i] if i < n_keys else row[i]) for i, name in enumerate(columns))
        with db:
            db.execute(f'DELETE FROM [{table}] WHERE ' + ' AND '.join(f'[{name}] = ?' for name in columns[:n_keys]), key)
            db.execute(f'INSERT OR REPLACE INTO [{table}] VALUES ({", ".join("?" * len(row))})', row)
        db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
        db.close()
    return row[:n_keys], row


def unread(daemon):
    return {(row['table'], row['key']): row['error']
            for row in daemon.ask(command='show')['unread']}


FLOW_C = (MAC_C, 7, 'tcp,tp_dst=80')
BROKEN = [
    # table, key, other cells (a key's too), words
    ('nic', (MAC_B,), {'mtu': 7}, 'MTU'),
    ('nic', (MAC_B,), {'mtu': 'many'}, 'mtu is not a number of 16 bits'),
    ('nic', (MAC_B,), {'mtu': 65536}, 'mtu is not a number of 16 bits'),
    ('nic', (MAC_B,), {'mtu': -1}, 'mtu is not a number of 16 bits'),
    ('nic', (MAC_B,), {'mtu': 1400.5}, 'mtu is not a number of 16 bits'),
    ('nic', (MAC_B,), {'managed': 2}, 'managed is not 0 or 1'),
    ('nic', (MAC_B,), {'managed': None}, 'managed is not 0 or 1'),
    ('nic', (MAC_B,), {'offload': 0x4000}, 'offloads'),
    ('nic', (MAC_B,), {'restore_mtu': 1, 'own_mtu': None}, 'restored is missing'),
    ('nic', ('nonsense',), {}, 'mac is not a MAC address'),
    ('nic', ('02:00:00:00:00:0E',), {}, 'mac is not a MAC address'),
    ('nic', ('03:00:00:00:00:0e',), {}, "not a NIC's MAC address"),
    ('nic', (b'02:00:00:00:00:0e',), {}, 'mac is not a MAC address'),
    ('flow', FLOW_C, {'flow': 'priority=7,tcp,tp_dst=80 actions=warp'}, 'column'),
    ('flow', FLOW_C, {'flow': ''}, 'column'),
    ('flow', FLOW_C, {'flow': FLOW + ' actions=drop\0'}, 'flow is not a text'),
    ('flow', FLOW_C, {'flow': (FLOW + ' actions=drop').encode()}, 'flow is not a text'),
    ('flow', FLOW_C, {'given': 1}, 'no timeout'),
    ('flow', (MAC_A, 7, 'tcp'), {'flow': FLOW + ' actions=drop'}, "another flow's"),
    ('flow', (MAC_A, 6, 'tcp,tp_dst=80'), {'flow': FLOW + ' actions=drop'}, "another flow's"),
    ('flow', ('nobody', 7, 'tcp,tp_dst=80'), {}, 'mac is not a MAC address'),
    ('key', (MAC_D,), {'key': b'short'}, '32 bytes'),
    ('key', (MAC_D,), {'key': 'd2' * 16}, 'key is not bytes'),
    ('key', ('nobody',), {}, 'mac is not a MAC address'),
    ('overlay', ('oa',), {'vni': 1 << 24}, 'settings'),
    ('overlay', ('oa',), {'key_len': 17}, 'settings'),
    ('overlay', ('oa',), {'pool': '192.0.2'}, 'pool is not an IPv4 address'),
    ('overlay', ('oa',), {'members': 2}, 'not all of its members'),
    ('overlay', ('oa',), {'name': 'o' * 40}, 'settings'),
    ('overlay', ('od',), {'vni': 10}, 'name or VNI'),
    ('overlay', ('oa',), {'vni': 10 + 256, 'members': 1, 'slots': 257}, 'settings'),
    ('member', ('oa', 0), {'slot': 300}, 'slot'),
    ('member', ('oa', 0), {'macs': '02:00:00:00:01:01,'}, 'MAC addresses'),
    ('member', ('oa', 0), {'macs': 'x'}, 'MAC addresses'),
    ('member', ('oa', 0), {'mac': 7}, 'mac is not a MAC address'),
    ('member', ('none', 0), {'mac': MAC_C}, 'no such overlay'),
    ('ways', ('oa', 0), {'ways': b'\1'}, 'SPIs'),
    ('ways', ('oa', 0), {'ways': b'\1\1\0\0\0\1\0\0\0\1'}, 'SPIs'),
    ('ways', ('oa', 0), {'ways': 'text'}, 'ways is not bytes'),
    ('ways', ('od', 0), {'ways': b'\1\1\0\0\0'}, 'SPIs'),
    ('ways', ('od', 0), {'ways': b'\1\2\0\0\0\1\0\0\0\1'}, 'SPIs'),
    ('ways', ('od', 0), {'ways': b'\1\1\0\0\0\1\0\0\0\1\1'}, 'SPIs'),
    ('ways', ('oa', 7), {'ways': b''}, 'of no member'),
    ('ways', ('none', 0), {'ways': b''}, 'no such overlay'),
    ('counter', ('spi',), {'next': 1 << 32}, 'next is not a number of 32 bits'),
    ('counter', ('last',), {}, 'not known'),
]


def look_at_broken(daemon, path, whole, table, spoiled, row, words):
    """It is named with its reason, everything else is there, and nothing is lost."""
    daemon.start()
    known = unread(daemon)
    name = (table, key_text(spoiled if isinstance(spoiled[0], str) else [spoiled[0].decode(), *spoiled[1:]]))
    assert words in known.pop(name, ''), (name, words, unread(daemon))
    # An overlay goes with its members, and a member with its overlay.
    assert set(known) <= ({('overlay', 'oa')} if table == 'member' and spoiled[0] == 'oa' else set()), known
    daemon.ctl('show', text=f'database: {name[0]} "{name[1]}" cannot be read and is skipped')
    assert f'database: {name[0]} "{name[1]}" cannot be read' in daemon.read_log()
    flows = daemon.ask(command='dump-flows', nic=MAC_C)['flows']
    if (table, spoiled) != ('flow', FLOW_C):
        assert [f['flow'] for f in flows] == [FLOW + ' actions=drop'], flows
    rewrite_all(daemon)
    daemon.stop()
    after = rows_of(path)
    # Its own place may have been taken by what is known of that NIC.
    assert after.get((table, *spoiled)) == row[len(spoiled):] or (table + '_aside', *row) in after, (
        table, spoiled, after.get((table, *spoiled)))
    lost = {key for key in whole if key not in after} - {(table, *spoiled)}
    assert not lost, (table, spoiled, lost)


def test_broken_rows(daemon):
    """Each kind of wrong row."""
    path = with_database(daemon)
    fill(daemon)
    daemon.stop()
    shutil.copy(path, path + '.whole')
    for table, key, cells, words in BROKEN:
        daemon.log.close()
        shutil.copy(path + '.whole', path)
        spoiled, row = spoil(path, table, key, cells)
        whole = rows_of(path)
        look_at_broken(daemon, path, whole, table, spoiled, row, words)
    daemon.start()


def test_types(daemon):
    """Rows have types: every column has the one that it is declared with, and no other is taken."""
    path = with_database(daemon, '--switch-dir', daemon.work + '/nics')
    fill(daemon)
    subprocess.run(['ovs-ofctl', 'add-flow', f'unix:{daemon.work}/nics/{MAC_A}', 'priority=3,sctp,actions=drop'], check=True)
    daemon.stop()
    db = sqlite3.connect(path)
    db.execute("INSERT INTO [group] VALUES (?, 5, 'group_id=5,type=all')", (MAC_A,))
    db.commit()
    allowed = {'TEXT': {'text'}, 'INTEGER': {'integer'}, 'BLOB': {'blob'}}
    tables = {name for name in tables_of(db) if not name.endswith('_aside')}
    assert tables == {'nic', 'group', 'flow', 'controlled', 'key', 'overlay', 'member', 'ways', 'counter'}, tables
    for table in tables:
        columns = db.execute(f'PRAGMA table_info([{table}])').fetchall()
        assert db.execute(f'SELECT count(*) FROM [{table}]').fetchone()[0], table
        for _, name, kind, required, _, _ in columns:
            found = {kind for kind, in db.execute(f'SELECT DISTINCT typeof([{name}]) FROM [{table}]')}
            assert found <= allowed[kind] | (set() if required else {'null'}), (table, name, found)
            for wrong in (-1, 1 << 33, 1.5, 'x', b'x'):
                if isinstance(wrong, str if kind == 'TEXT' else bytes if kind == 'BLOB' else float) or \
                        (kind == 'TEXT' and not isinstance(wrong, bytes)):
                    continue
                try:
                    db.execute(f'UPDATE [{table}] SET [{name}] = ?', (wrong,))
                    raise AssertionError((table, name, wrong))
                except sqlite3.IntegrityError:
                    pass
    db.rollback()
    db.close()
    daemon.start()


def with_format(daemon, number, *more):
    """A daemon that is stopped, and its database as a former cvswd wrote it; more rows."""
    path = with_database(daemon)
    daemon.stop()
    daemon.log.close()
    os.remove(path)
    db = sqlite3.connect(path)
    db.executescript('PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON')
    with open(os.path.join(os.path.dirname(__file__), f'format{number}.sql'), encoding='utf-8') as file:
        db.executescript(file.read())
    with db:
        db.executemany('INSERT OR REPLACE INTO kept VALUES (?, ?, ?)', more)
    db.close()
    os.chmod(path, 0o600)
    assert version_of(path) == number
    return path


def test_format1(daemon):
    """A database of format 1, as a former cvswd wrote it, gets today's format."""
    path = with_format(daemon, 1)
    old = json.loads(rows_of(path)['kept', 'overlay', 'a'][0])
    ways = {member['slot']: member['ways'] for member in old['members']}
    assert len(ways) == 3 and all(len(rows) == 2 for rows in ways.values()), ways
    daemon.start()
    daemon.stop()
    new = rows_of(path)
    assert version_of(path) == 4
    assert 'format 1 and has format 4 now' in daemon.read_log()
    for slot, rows in ways.items():
        packed = b''.join(struct.pack(f'!BBI{len(spis)}I', other, len(spis), out, *spis) for other, out, *spis in rows)
        assert new.pop(('ways', 'a', slot)) == (packed,)
    assert new.pop(('counter', 'spi'))[0] >= 3391011581     # new SPIs are reserved
    assert new == {
        ('nic', MAC_A): (1, None, None, None, 0, None, 0),
        ('flow', MAC_A, 7, 'tcp,tp_dst=80'): (FLOW + ' actions=drop', 0),
        ('overlay', 'a'): (1, 32, 0, 0, '192.0.2.0', 24, 1500, 1800, 3, 3),
        ('member', 'a', 0): (MAC_A, ''),
        ('member', 'a', 1): (MAC_B, ''),
        ('member', 'a', 2): (MAC_C, '02:00:00:00:01:01'),
    }, new
    daemon.start()
    assert not unread(daemon)
    assert daemon.read_log().count('has format 4 now') == 1


FORMAT2 = {
    ('nic', MAC_C): (1, 1400, 3, 1500, 0, 33, 0),
    ('nic', MAC_D): (1, None, None, None, 0, None, 0),
    ('nic', '02:00:00:00:00:0e'): (0, None, None, 1500, 1, 0, 1),
    ('flow', MAC_C, 8, 'udp,tp_dst=53'):
        ('hard_timeout=1000, send_flow_rem priority=8,udp,tp_dst=53 actions=drop', 1),
    ('flow', MAC_C, 9, 'arp'): ('cookie=0x77, idle_timeout=600, send_flow_rem priority=9,arp actions=NORMAL', 1),
    ('flow', MAC_D, 7, 'tcp,tp_dst=80'): (FLOW + ' actions=drop', 0),
    ('key', MAC_D): (bytes.fromhex(KEY),),
    ('overlay', 'blue'): (7, 32, 0, 0, '192.0.2.0', 24, 1500, 1800, 2, 2),
    ('overlay', 'red'): (8, 16, 4500, 4501, '10.1.0.0', 16, 1600, 0, 2, 2),
    ('member', 'blue', 0): (MAC_A, ''),
    ('member', 'blue', 1): (MAC_B, '02:00:00:00:01:01,02:00:00:00:01:02'),
    ('member', 'red', 0): (MAC_D, ''),
    ('member', 'red', 1): ('02:00:00:00:00:0f', ''),
    ('ways', 'blue', 0): (bytes.fromhex('0101C477137CC477137C'),),
    ('ways', 'blue', 1): (bytes.fromhex('0001C477137DC477137D'),),
    ('ways', 'red', 0): (b'',),
    ('ways', 'red', 1): (b'',),
}


def test_format2(daemon):
    """Likewise of format 2: every row, with its type."""
    path = with_format(daemon, 2)
    daemon.start()
    daemon.stop()
    new = rows_of(path)
    assert new.pop(('counter', 'spi'))[0] >= 3296146316
    assert new == FORMAT2, (set(new.items()) ^ set(FORMAT2.items()))
    assert version_of(path) == 4 and 'format 2 and has format 4 now' in daemon.read_log()
    with open(path, 'rb') as file:
        assert file.read().count(bytes.fromhex(KEY)) == 1, "the former row's key is still there"
    assert not os.path.exists(path + '-wal')
    daemon.start()
    assert not unread(daemon)
    nics = daemon.nics()
    assert (nics[MAC_C]['mtu'], nics[MAC_C]['offload']) == (1400, ['csum', 'tso']), nics[MAC_C]


NIC_2X = '02:00:00:00:00:2'
BROKEN2 = [
    ('nic', NIC_2X + '0', b'{', 'it is not JSON'),
    ('nic', NIC_2X + '1', b'{"managed":3}', 'managed'),
    ('nic', NIC_2X + '2', b'{"managed":true,"mtu":7}', 'MTU'),
    ('nic', NIC_2X + '3', b'{"managed":true,"mtu":70000}', 'MTU'),
    ('nic', NIC_2X + '4', b'{"managed":true,"offload":["warp"]}', 'offloads'),
    ('nic', 'nonsense', b'{}', "not a NIC's MAC address"),
    ('nic', '02:00:00:00:00:0E', b'{}', "not a NIC's MAC address"),
    ('nic', '03:00:00:00:00:0e', b'{}', "not a NIC's MAC address"),
    ('flow ' + MAC_A, 'priority=7,tcp,tp_dst=80 actions=drop', b'priority=7,tcp,tp_dst=80 actions=warp', 'column'),
    ('flow ' + MAC_A, 'priority=6,tcp actions=drop', b'', 'column'),
    ('flow ' + MAC_A, 'priority=5,tcp actions=drop', b'priority=5,tcp actions=drop\0', 'no text'),
    ('flow ' + MAC_A, 'priority=1,tcp', b'priority=7,tcp,tp_dst=80 actions=drop', "another flow's"),
    ('flow nobody', 'priority=1,tcp', b'priority=7,tcp,tp_dst=80 actions=drop', "not a NIC's"),
    ('given ' + MAC_D, 'nonsense', b'-', "not a flow's"),
    ('given ' + MAC_D, FLOW + ' actions=drop', b'-', 'no such flow'),
    ('key', NIC_2X + '5', b'short', '32 bytes'),
    ('key', 'nobody', bytes(32), "not a NIC's MAC address"),
    ('overlay', 'green', b'{"name":"green","members":[{"slot":0,"macs":["02:00:00:00:00:26"]}]}', 'settings'),
    ('ways blue', '7', b'', 'of no member'),
    ('ways blue', 'x', b'', 'of no member'),
    ('spi', 'last', b'7', 'not known'),
    ('future', 'thing', b'7', 'not known'),
    ('set aside key', MAC_A, b'8', 'place was taken'),
    ('nic', NIC_2X + '7', 'text', 'value is not bytes'),
]


def test_format2_broken(daemon):
    """What cannot be read of it stays, is reported with each start, and does not make a NIC less safe."""
    path = with_format(daemon, 2, *(row[:3] for row in BROKEN2),
                       ('flow ' + NIC_2X + '6', FLOW + ' actions=drop', (FLOW + ' actions=drop').encode()))
    daemon.start()
    known = unread(daemon)
    for kind, name, _, words in BROKEN2:
        assert words in known.get(('kept', f'{kind} {name}'), ''), (kind, name, known)
    assert len(known) == len(BROKEN2), known
    for start in range(2):
        assert not daemon.nics()[NIC_2X + '6']['managed'], 'it may be a member of what cannot be read'
        switch = daemon.switch()
        mac = mac_bytes(NIC_2X + '5')
        switch.packet_in(1, control(REGISTER, mac, data=mac))
        assert switch.run(lambda: daemon.read_log().count('is ignored') > start), 'version 2 is believed'
        switch.close()
        rewrite_all(daemon)
        daemon.stop()
        rows = rows_of(path)
        assert {key[1:]: value for key, value in rows.items() if key[0] == 'kept'} == \
            {row[:2]: row[2:3] for row in BROKEN2}
        assert rows.pop(('nic', MAC_C))[1] == 1301      # rewrite_all()'s
        assert {key: row for key, row in FORMAT2.items() if key != ('nic', MAC_C)}.items() <= rows.items(), rows
        daemon.start()
        assert set(unread(daemon)) == set(known), unread(daemon)
    # What takes their places is what counts.
    daemon.ctl('key', 'add', NIC_2X + '5', '--file', '-', stdin='d3' * 32)
    assert daemon.ask(command='overlay-add', name='green', vni=9, members=[MAC_C], new=True)['ok']
    daemon.stop()
    daemon.start()
    assert daemon.nics()[NIC_2X + '6']['managed']
    assert [nic['mac'] for nic in daemon.ask(command='key-list')['nics']] == [MAC_D, NIC_2X + '5']


def test_format_full_disk(daemon, number=1):
    """While the disk is full it keeps its format; the first change that is saved brings today's."""
    path = with_format(daemon, number, ('nic', NIC_2X + '0', b'{'))
    old = rows_of(path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for start in range(2):
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        try:
            daemon.start()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert 'has format 4 now' not in daemon.read_log()
        if start == 0:
            daemon.kill()
            assert version_of(path) == number and rows_of(path) == old
    limit_files(daemon, 'unlimited')
    assert daemon.ask(command='set-mtu', nic='02:00:00:00:00:3c', mtu=1301, new=True)['ok']
    daemon.stop()
    rows = rows_of(path)
    assert version_of(path) == 4 and rows['nic', '02:00:00:00:00:3c'][1] == 1301
    assert rows['kept', 'nic', NIC_2X + '0'] == (b'{',)
    if number == 2:
        assert {key: rows.get(key) for key in FORMAT2} == FORMAT2
    else:
        assert len([key for key in rows if key[:2] == ('ways', 'a')]) == 3
    daemon.start()
    assert list(unread(daemon)) == [('kept', f'nic {NIC_2X}0')]


MAC_3C = '02:00:00:00:00:3c'
KEY3 = '3c' * 32
GROUP = 'group_id=5,type=select,key=000102030405060708090a0b0c0d0e0f,bucket=actions=output:HOST'


def test_groups(daemon):
    """Groups are rows; one that cannot be read costs no other, and stays."""
    path = with_database(daemon)
    daemon.ctl('key', 'add', MAC_3C, '-', stdin=KEY3 + '\n')
    daemon.ctl('add-group', MAC_3C, GROUP)
    daemon.ctl('add-group', MAC_3C, 'group_id=6,type=all')
    daemon.ctl('add-group', MAC_3C, 'group_id=7,type=all')
    daemon.ctl('del-groups', MAC_3C, '7')
    daemon.stop()
    assert {key: row for key, row in rows_of(path).items() if key[0] == 'group'} == {
        ('group', MAC_3C, 5): (GROUP,), ('group', MAC_3C, 6): ('group_id=6,type=all',)}
    change(path, "UPDATE [group] SET text = 'group_id=6,type=any' WHERE id = 6")
    change(path, "INSERT INTO [group] VALUES ('" + MAC_3C + "', 9, 'group_id=8,type=all')")
    daemon.start()
    assert daemon.ctl('dump-groups', MAC_3C).startswith(GROUP + '\n')
    errors = sorted(unread(daemon).values())
    assert len(errors) == 2 and errors[0].startswith('column 17: any: expected all') and \
        errors[1] == "its key is another group's", errors
    daemon.ctl('mod-group', MAC_3C, GROUP + ',bucket=drop')
    daemon.stop()
    assert rows_of(path)['group', MAC_3C, 6] == ('group_id=6,type=any',)


def test_format3(daemon):
    """A database of format 3 has no groups, and nothing of controllers: it gets their tables, and keeps what it has."""
    path = with_database(daemon)
    daemon.ctl('key', 'add', MAC_3C, '-', stdin=KEY3 + '\n')
    daemon.ctl('add-flow', MAC_3C, FLOW + ' actions=drop')
    daemon.stop()
    old = rows_of(path)
    for sql in 'DROP TABLE [group]', 'DROP TABLE [group_aside]', 'DROP TABLE controlled', 'DROP TABLE controlled_aside', 'PRAGMA user_version = 3':
        change(path, sql)
    daemon.start()
    assert 'format 3 and has format 4 now' in daemon.read_log() and not unread(daemon)
    daemon.ctl('add-group', MAC_3C, GROUP)
    daemon.stop()
    new = rows_of(path)
    assert new.pop(('group', MAC_3C, 5)) == (GROUP,) and old.items() <= new.items(), new
    assert version_of(path) == 4


def test_format2_full_disk(daemon):
    test_format_full_disk(daemon, 2)


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
    bad = (FLOW + ' actions=warp(9)', 0)
    change(path, 'UPDATE flow SET flow = ? WHERE mac = ?', bad[0], MAC_C)
    daemon.start()
    daemon.ctl('--new', 'add-flow', MAC_C, FLOW + ',actions=NORMAL')
    daemon.ctl('del-flows', MAC_C)
    daemon.ctl('forget', MAC_C)
    daemon.ctl('--new', 'add-flow', MAC_C, FLOW + ',actions=NORMAL')
    daemon.stop()
    rows = rows_of(path)
    assert ('flow_aside', *FLOW_C, *bad) in rows, rows
    assert 'NORMAL' in rows['flow', *FLOW_C][0]
    daemon.start()
    assert list(unread(daemon)) == [('flow_aside', key_text(FLOW_C))]
    assert 'NORMAL' in daemon.ctl('dump-flows', MAC_C)
    # A second one of that key does not cost the first.
    daemon.stop()
    again = (FLOW + ' actions=warp(10)', 0)
    change(path, 'UPDATE flow SET flow = ? WHERE mac = ?', again[0], MAC_C)
    daemon.start()
    answer = daemon.ask(command='add-flows', nic=MAC_C, new=True, wait=False, flows=[FLOW + ',actions=NORMAL'])
    assert answer['ok'] and daemon.ask(command='show')['kept'], answer
    daemon.stop()
    rows = rows_of(path)
    assert ('flow_aside', *FLOW_C, *bad) in rows and ('flow_aside', *FLOW_C, *again) in rows
    daemon.start()


def test_overlay_again(daemon):
    """An overlay takes the name of one that cannot be read: it has its own members, and no others."""
    path = with_database(daemon)
    assert daemon.ask(command='overlay-add', name='o', vni=1, members=[MAC_A, MAC_B], new=True)['ok']
    daemon.stop()
    lost = {key: row for key, row in rows_of(path).items() if 'o' in key}
    change(path, 'UPDATE overlay SET key_len = 7')
    daemon.start()
    assert list(unread(daemon)) == [('overlay', 'o')]
    assert daemon.ask(command='overlay-add', name='o', vni=1, members=[MAC_C], new=True)['ok']
    for _ in range(2):
        daemon.stop()
        daemon.start()
        shown, = daemon.ask(command='overlay-show')['overlays']
        assert [member['nic'] for member in shown['members']] == [MAC_C], shown
        assert set(unread(daemon)) == {(f'{key[0]}_aside', key_text(key[1:])) for key in lost}
        rewrite_all(daemon)
    # Also after it has gone, and come again.
    assert daemon.ask(command='overlay-del', name='o')['ok']
    assert daemon.ask(command='overlay-add', name='o', vni=1, members=[MAC_B], new=True)['ok']
    daemon.stop()
    daemon.start()
    shown, = daemon.ask(command='overlay-show')['overlays']
    assert [member['nic'] for member in shown['members']] == [MAC_B], shown


def is_left_alone(daemon, mac, number):
    """Its flows are not touched when it registers."""
    switch = daemon.switch()
    nic = Nic(mac)
    nic.flows = {b'the overlay': b''}
    switch.link_up(number, nic)
    with Running(switch):
        assert wait_for(lambda: daemon.nics()[mac].get('port') == number)
        time.sleep(1)
        assert b'the overlay' in nic.flows, "an overlay's flows were deleted"
        assert not daemon.nics()[mac]['managed']
        assert f'NIC {mac} is left alone' in daemon.read_log()
    switch.close()


LOST = [
    ('overlay', {'pool': 7}, {MAC_A}),
    ('overlay', {'name': 7}, {MAC_A}),
    ('overlay', {'members': 0}, {MAC_A}),
    ('overlay', {'members': 2}, {MAC_A, MAC_C}),    # which NIC the other one is, nobody knows
    ('member', {'slot': 'x'}, {MAC_A}),
    ('member', {'overlay': 'x'}, {MAC_A}),
    ('member', {'mac': 'x'}, {MAC_A, MAC_C}),
]


def test_fails_closed(daemon):
    """A NIC whose key, or whose overlay, cannot be read is not made less safe."""
    path = with_database(daemon)
    fill(daemon)
    daemon.stop()
    shutil.copy(path, path + '.whole')
    for table, cells, alone in LOST:
        daemon.log.close()
        shutil.copy(path + '.whole', path)
        spoil(path, table, ('oa',) if table == 'overlay' else ('oa', 0), cells)
        daemon.start()
        managed = {mac: nic['managed'] for mac, nic in daemon.nics().items()}
        assert managed[MAC_B] and {mac for mac in (MAC_A, MAC_C) if not managed[mac]} == alone, (cells, managed)
        is_left_alone(daemon, MAC_A, 2)
        daemon.stop()
    for key in (b'\0', 'text'):
        daemon.log.close()
        shutil.copy(path + '.whole', path)
        spoil(path, 'key', (MAC_D,), {'key': key})
        daemon.start()
        before = daemon.read_log().count('is ignored')
        switch = daemon.switch()
        switch.packet_in(1, control(REGISTER, mac_bytes(MAC_D), data=mac_bytes(MAC_D)))
        assert switch.run(lambda: daemon.read_log().count('is ignored') > before), 'version 2 is believed'
        switch.close()
        assert daemon.state(MAC_D) == 'absent'
        # With its key once more it is as before.
        daemon.ctl('key', 'add', MAC_D, '--file', '-', stdin=KEY)
        daemon.stop()
        assert rows_of(path)['key', MAC_D] == (bytes.fromhex(KEY),)
        assert ('key_aside', MAC_D, key) in rows_of(path)
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
    assert 'a newer version of cvswd (format 7; this cvswd reads formats up to 4)' in said, said
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


def spoil_cell(rng, cell):
    """Some bytes of it are others, more or fewer; perhaps it has another type."""
    if isinstance(cell, int) and rng.random() < 0.5:
        return rng.choice((cell ^ 1 << rng.randrange(40), -cell, cell + 0.5, str(cell), None))
    bad = bytearray(cell if isinstance(cell, bytes) else str(cell).encode())
    for _ in range(rng.randrange(1, 4)):
        what = rng.randrange(3)
        at = rng.randrange(len(bad) + 1)
        if what == 0 and bad:
            bad[at % len(bad)] = rng.randrange(256)
        elif what == 1:
            bad[at:at] = rng.randbytes(rng.randrange(1, 9))
        else:
            del bad[at:at + rng.randrange(1, 9)]
    return bytes(bad)


def corrupt(rng, path):
    """Cells of some rows; the rows that were hit."""
    hit = set()
    with Loose(path):
        db = sqlite3.connect(path)
        tables = tables_of(db)
        rows = [(table, row) for table in tables for row in db.execute(f'SELECT * FROM [{table}]')]
        for table, row in rng.sample(rows, rng.randrange(1, 5)):
            columns, n_keys = tables[table]
            new = list(row)
            at = rng.randrange(len(new))
            new[at] = spoil_cell(rng, new[at])
            if new[at] is None and at < n_keys:
                continue        # SQLite lets none in
            as_text = isinstance(row[at], str) == (rng.random() < 0.8)
            marks = ['CAST(? AS TEXT)' if isinstance(cell, bytes) and i == at and as_text else '?'
                     for i, cell in enumerate(new)]
            db.execute(f'DELETE FROM [{table}] WHERE ' + ' AND '.join(f'[{name}] = ?' for name in columns[:n_keys]),
                       row[:n_keys])
            db.execute(f'INSERT OR REPLACE INTO [{table}] VALUES ({", ".join(marks)})', new)
            hit.add((table, *row))
        db.commit()
        db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
        db.close()
    return hit


def raw_rows(path):
    """{(table, how its key is printed, its cells with their types)}, tables aside among the others."""
    db = sqlite3.connect(path)
    tables = tables_of(db)
    db.text_factory = bytes
    rows = set()
    for table, (columns, _) in tables.items():
        what = ', '.join(f'[{name}], typeof([{name}])' for name in columns)
        for row in db.execute(f'SELECT {what} FROM [{table}]'):
            table = table.removesuffix('_aside')
            n_keys = KEYS[table]
            key = b' '.join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in row[:2 * n_keys:2])
            rows.add((table, re.sub('[^ -~]', '?', key.decode('latin1'))[:255], row))
    db.close()
    return rows


KEYS = {'nic': 1, 'flow': 3, 'key': 1, 'overlay': 1, 'member': 2, 'ways': 2, 'counter': 1}


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
        if not any(MAC_C in row for row in hit):
            flows = daemon.ask(command='dump-flows', nic=MAC_C)['flows']
            assert len(flows) == 1, (hit, flows)
        daemon.ctl('--new', 'add-flow', '02:00:00:00:00:77', FLOW + ',actions=drop')
        rewrite_all(daemon)
        daemon.stop()
        log = daemon.read_log()
        assert 'ERROR: AddressSanitizer' not in log and 'runtime error' not in log, log
        # Of what was reported, all is there still, byte for byte.
        for table, key, row in damaged - raw_rows(path):
            assert (table, key) not in known, (table, key, row, 'was lost')
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
    ('database: an overlay in the place of one that cannot be read', test_overlay_again),
    ('database: types of columns', test_types),
    ('database: format 1', test_format1),
    ('database: format 1 on a full disk', test_format_full_disk),
    ('database: groups', test_groups),
    ('database: format 3', test_format3),
    ('database: format 2', test_format2),
    ('database: format 2, rows that cannot be read', test_format2_broken),
    ('database: format 2 on a full disk', test_format2_full_disk),
    ('database: format 3', test_format3),
    ('database: of another version, or none', test_unusable),
    ('database: random damage to rows', test_random_rows),
    ('database: random damage to the file', test_random_file),
]


if __name__ == '__main__':
    sys.exit(run_tests(TESTS))
