#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cvswd and cvswctl against a fake switch: good, lying, slow and broken ones.
Prints TAP. Usage: daemon_test.py BUILD-FOLDER (the sanitized builds are used)."""
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

from agent_parts import BIN, MAC_A, MAC_B, Daemon, Running, run_tests, wait_for
from fake_switch import (CONTROLLER13, HELLO, LIST, REGISTER, SET_ENTRY, V10, V13, Nic, Switch,
                         control, mac_bytes)


# proto/VERSION3.md: to all, from 32:01:00:00:00:00, 44 bytes of zero.
HELLO3 = b'\xff' * 6 + b'\x32\x01\0\0\0\0\xab\xba\0\x2c' + bytes(44)


def test_handshake(version):
    def run(daemon):
        switch = daemon.switch(version=version)
        assert switch.run(lambda: {p for p, _ in switch.packet_outs} == {1, 2}), 'no HELLOs'
        assert {f for _, f in switch.packet_outs} == {control(HELLO), HELLO3}, switch.packet_outs
        assert len(switch.rules) == 2, switch.rules
        check_rules(version, *switch.rules)
        shown = daemon.ask(command='show')['switches'][0]
        assert shown['dpid'] == '0000000000001234', shown
        assert [p['name'] for p in shown['ports']] == ['tap0', 'tap1'], shown
        switch.close()
    return run


def check_rules(version, abba, rest):
    if version == V10:
        wildcards, = struct.unpack_from('!I', abba)
        assert wildcards & 0x3fffff == 0x3fffff & ~0x10, hex(wildcards)
        assert struct.unpack_from('!H', abba, 22)[0] == 0xabba
        priority, = struct.unpack_from('!H', abba, 54)
        assert priority > 60000 and abba[64:] == struct.pack('!HHHH', 0, 8, 0xfffd, 65535)
        assert struct.unpack_from('!I', rest)[0] & 0x3fffff == 0x3fffff
        assert struct.unpack_from('!H', rest, 54)[0] == 0
        assert struct.unpack_from('!HHH', rest, 64) == (0, 8, 0xfffa)
    else:
        assert struct.unpack_from('!H', abba, 22)[0] > 60000
        match_len, = struct.unpack_from('!H', abba, 42)
        assert abba[44:44 + match_len - 4] == b'\x80\0\x0a\x02\xab\xba', abba[40:60]
        assert struct.pack('!HHIH', 0, 16, CONTROLLER13, 0xffff) in abba
        assert struct.unpack_from('!H', rest, 22)[0] == 0
        assert struct.pack('!HHI', 0, 16, 0xfffffffa) in rest


def test_no_common_version(daemon):
    switch = Switch(daemon.of)
    switch.say_hello(version=2)     # 1.1 without a bitmap: the lower of both
    assert switch.run(lambda: switch.closed), 'not closed'
    version, kind, _, body = switch.others[0]
    assert kind == 1 and body[:4] == bytes(4), (version, kind, body)
    assert wait_for(lambda: 'it offers OpenFlow 1.1, cvswd speaks 1.0 and 1.3' in
                    daemon.read_log()), daemon.read_log()
    other = Switch(daemon.of)
    other.send(0, struct.pack('!HHI', 1, 8, 1 << 3 | 1 << 6), version=6)
    assert other.run(lambda: other.closed)
    assert wait_for(lambda: 'it offers OpenFlow 1.2, 1.5, cvswd' in daemon.read_log())


def test_bitmap(daemon):
    switch = Switch(daemon.of, version=V10)
    # We offer 1.0 and 1.5; the highest in common is 1.0.
    switch.send(0, struct.pack('!HHI', 1, 8, 1 << 1 | 1 << 6), version=6)
    assert switch.run(lambda: switch.ready), 'no handshake'
    switch.close()


def test_echo(daemon):
    switch = daemon.switch()
    switch.send(2, b'are you there?', xid=77)
    assert switch.run(lambda: switch.others), 'no answer'
    assert switch.others[0] == (V13, 3, 77, b'are you there?'), switch.others
    switch.close()


def test_dead_switch(daemon):
    """Is asked, and closed when it does not answer."""
    switch = daemon.switch()
    switch.on_message = lambda version, kind, xid, body: switch.others.append(kind)
    start = time.monotonic()
    assert switch.run(lambda: switch.closed, 20), 'a dead switch stays'
    assert 2 in switch.others and time.monotonic() - start > 9, switch.others
    other = daemon.switch()
    assert not other.run(lambda: other.closed, 7), 'a living switch is closed'
    other.close()


def test_program(version):
    """REGISTER, SET_ENTRY as written by hand, LIST_ENTRIES, all settings."""
    def run(daemon):
        nic = Nic(MAC_A)
        switch = daemon.switch(version=version)
        switch.link_up(1, nic)
        with Running(switch):
            assert wait_for(lambda: daemon.state(MAC_A) == 'in sync'), daemon.nics()
            daemon.ctl('add-flow', 'tap0', 'priority=7,tcp,tp_dst=80,actions=drop',
                       text=f'{MAC_A}: in sync, 1 flow')
            daemon.ctl('set-mtu', MAC_A, '1400', text='MTU 1400 sent')
            daemon.ctl('set-offload', '1234:1', 'csum,tso', text='offloads csum,tso sent')
            assert (nic.mtu, nic.offload) == (1400, 3)
            flow_mod = [data for kind, _, data in nic.heard if kind == SET_ENTRY]
            assert len(flow_mod) == 1, 'sent more than once'
            check_flow_mod(flow_mod[0])
            daemon.ctl('dump-flows', 'tap0', text='priority=7,tcp,tp_dst=80 actions=drop')
            shown = json.loads(daemon.ctl('-j', 'dump-flows', 'tap0', 'tcp'))
            assert len(shown['flows']) == 1 and shown['nic']['state'] == 'in sync', shown
            daemon.ctl('del-flows', 'tap0', 'udp', text='in sync, 1 flow')
            daemon.ctl('del-flows', 'tap0', text='in sync, 0 flows')
            assert not nic.flows
        switch.close()
    return run


def check_flow_mod(data):
    version, kind, length = struct.unpack_from('!BBH', data)
    assert (version, kind, length, len(data)) == (1, 14, 80, 80), data
    # Dropped by an output to nowhere: the published driver passes what has no action.
    assert data[72:] == bytes.fromhex('00000008ffff0000'), data
    wildcards, = struct.unpack_from('!I', data, 8)
    assert not wildcards & (1 << 4 | 1 << 5 | 1 << 7), hex(wildcards)
    assert wildcards & (1 | 1 << 6), hex(wildcards)
    assert struct.unpack_from('!H', data, 8 + 22)[0] == 0x800 and data[8 + 25] == 6
    assert struct.unpack_from('!H', data, 8 + 38)[0] == 80
    assert struct.unpack_from('!HHHH', data, 56) == (0, 0, 0, 7)


def test_many_flows(daemon):
    """An answer of many frames; a file of flows."""
    nic = Nic(MAC_A)
    switch = daemon.switch()
    switch.link_up(1, nic)
    path = daemon.work + '/many'
    with open(path, 'w') as flows:
        flows.write('# a thousand\n\n')
        for i in range(1000):
            flows.write(f'  priority=7,tcp,tp_dst={i},actions=drop\n')
    with Running(switch):
        assert wait_for(lambda: daemon.state(MAC_A) == 'in sync')
        daemon.ctl('add-flows', MAC_A, path, text='in sync, 1000 flows')
        assert len(nic.flows) == 1000
        assert daemon.nics()[MAC_A]['messages']['repairs'] == 0, daemon.nics()
    switch.close()


def test_move(daemon):
    nic = Nic(MAC_A)
    switch = daemon.switch()
    other = daemon.switch(dpid=0x99, ports=(5,))
    switch.link_up(1, nic)
    with Running(switch), Running(other):
        assert wait_for(lambda: daemon.state(MAC_A) == 'in sync')
        daemon.ctl('add-flow', MAC_A, 'priority=7,tcp,actions=drop', text='in sync')
        switch.nics.clear()
        moved = Nic(MAC_A)
        other.link_up(5, moved)
        assert wait_for(lambda: len(moved.flows) == 1)
        assert wait_for(lambda: daemon.state(MAC_A) == 'in sync')
        assert daemon.nics()[MAC_A]['dpid'] == '0000000000000099'
    switch.close()
    other.close()


def test_absent(daemon):
    """What is stated for a NIC that is not there is kept until it is."""
    daemon.ctl('--new', 'add-flow', MAC_A, 'priority=7,tcp,actions=drop',
               text='applied when the NIC registers')
    daemon.ctl('set-mtu', MAC_A, '1300', text='applied when the NIC registers')
    nic = Nic(MAC_A)
    switch = daemon.switch()
    switch.nics[2] = nic        # our HELLO finds it
    with Running(switch):
        assert wait_for(lambda: daemon.state(MAC_A) == 'in sync')
        assert len(nic.flows) == 1 and nic.mtu == 1300
        switch.port_status(2, 2, down=True)
        assert wait_for(lambda: daemon.state(MAC_A) == 'absent')
        nic.flows.clear()
        switch.port_status(2, 2)
        assert wait_for(lambda: daemon.state(MAC_A) == 'in sync' and nic.flows)
        switch.port_status(1, 2)
        assert wait_for(lambda: daemon.state(MAC_A) == 'absent')
        switch.ports[7] = 'tap6'
        switch.nics = {7: nic}
        switch.port_status(0, 7)
        assert wait_for(lambda: daemon.state(MAC_A) == 'in sync')
    switch.close()
    assert wait_for(lambda: daemon.state(MAC_A) == 'absent')
    daemon.ctl('forget', MAC_A)
    assert MAC_A not in daemon.nics()


def test_other_tables(daemon):
    """Version 2 has no words for them: all else is in place, and the NIC is shown as one that refuses."""
    daemon.ctl('key', 'add', MAC_A, '-', stdin='5a' * 32)
    daemon.ctl('add-flow', MAC_A, 'table=1,actions=drop', text='applied when the NIC registers')
    daemon.ctl('key', 'del', MAC_A)
    daemon.ctl('add-flow', MAC_A, 'priority=7,tcp,actions=drop', text='applied when the NIC registers')
    nic = Nic(MAC_A)
    switch = daemon.switch()
    switch.link_up(1, nic)
    with Running(switch):
        assert wait_for(lambda: daemon.state(MAC_A) == 'refusing')
        assert len(nic.flows) == 1
        shown = daemon.nics()[MAC_A]
        assert shown['refused'] == shown['missing'] == 1, shown
        assert shown['refusal']['error'] == 'table' and shown['refusal']['flow'] == 'table=1, actions=drop', shown
        daemon.ctl('show', text='refuses 1: no tables but table 0, in version 2')
        daemon.ctl('add-flow', MAC_A, 'priority=8,tcp,actions=drop', text='it still refuses something else')
        assert len(nic.flows) == 2
        daemon.ctl('del-flows', MAC_A, 'table=1', text='in sync')
    switch.close()


def test_state_file(daemon):
    path = daemon.work + '/cvswd.db'
    daemon.stop()
    daemon.args = ('--state', path)
    daemon.start()
    daemon.ctl('--new', 'add-flow', MAC_A, 'cookie=0x5,priority=7,tcp,actions=mod_nw_dst:10.0.0.1,NORMAL')
    daemon.ctl('--new', 'set-offload', MAC_B, 'none')
    before = daemon.ctl('dump-flows', MAC_A)
    daemon.process.kill()
    daemon.process.wait()
    daemon.start()              # over the sockets the killed one left
    assert daemon.ctl('dump-flows', MAC_A) == before
    assert daemon.nics()[MAC_B]['offload'] == []
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_sockets(daemon):
    assert os.stat(daemon.socket).st_mode & 0o777 == 0o600
    second = subprocess.run([BIN + '/cvswd', '--socket', daemon.socket], stderr=subprocess.PIPE,
                            text=True, timeout=10)
    assert second.returncode == 1 and 'another cvswd does' in second.stderr, second
    daemon.ctl('show', text='no switch is connected')
    precious = daemon.work + '/precious'
    with open(precious, 'w') as file:
        file.write('mine')
    third = subprocess.run([BIN + '/cvswd', '--socket', precious], stderr=subprocess.PIPE,
                           text=True, timeout=10)
    assert third.returncode == 1 and os.path.exists(precious), third
    for args in (['--nonsense'], ['argument'], ['--max-nics', '0']):
        assert subprocess.run([BIN + '/cvswd', *args], stderr=subprocess.DEVNULL,
                              timeout=10).returncode == 2
    for where in ('tcp:nowhere:1', 'udp:1.2.3.4:5', 'unix:', 'tcp:127.0.0.1'):
        assert subprocess.run([BIN + '/cvswd', '--socket', daemon.work + '/x', '--listen', where],
                              stderr=subprocess.DEVNULL, timeout=10).returncode == 1, where


def test_cli_errors(daemon):
    daemon.ctl(status=2, text='no command')
    daemon.ctl('nonsense', status=2, text='no command "nonsense"')
    daemon.ctl('set-mtu', MAC_A, status=2, text='usage: cvswctl set-mtu NIC MTU')
    daemon.ctl('set-mtu', MAC_A, 'many', status=2)
    daemon.ctl('set-mtu', MAC_A, '12', status=1, text='from 68')
    daemon.ctl('set-offload', MAC_A, 'csum,warp', status=2, text='"warp" is not an offload')
    daemon.ctl('--timeout', 'x', 'show', status=2)
    daemon.ctl('dump-flows', MAC_A, status=1, text='cvswctl show lists')
    daemon.ctl('add-flow', 'tap9', 'actions=drop', status=1, text='no NIC "tap9"')
    daemon.ctl('add-flow', 'ff:ff:ff:ff:ff:ff', 'actions=drop', status=1, text='group address')
    out = daemon.ctl('add-flow', MAC_A, 'priority=5,nonsense=3,actions=drop', status=1)
    lines = out.splitlines()
    assert 'column 12' in lines[0] and lines[1] == '  priority=5,nonsense=3,actions=drop', out
    assert lines[2] == ' ' * 13 + '^', out
    out = daemon.ctl('-j', 'add-flow', MAC_A, 'priority=5,nonsense=3,actions=drop', status=1)
    assert json.loads(out)['column'] == 12, out
    daemon.ctl('del-flows', MAC_A, 'nonsense', status=1, text='^')
    path = daemon.work + '/flows'
    with open(path, 'w') as flows:
        flows.write('priority=1,tcp,actions=drop\n# no\n\tpriority=x,actions=drop\n')
    daemon.ctl('add-flows', MAC_A, path, status=1, text='flows:3:')
    assert not daemon.nics(), 'a refused change left something'
    daemon.ctl('--help', text='Usage:')
    daemon.ctl('--version', text='cvswctl 0')
    gone = subprocess.run([BIN + '/cvswctl', '--socket', daemon.work + '/none', 'show'],
                          stderr=subprocess.PIPE, text=True, timeout=10)
    assert gone.returncode == 1 and 'is it running?' in gone.stderr, gone


def test_cli_not_utf8(daemon):
    """No argument that JSON cannot carry is left out of a request: that is an error."""
    wrong, key = b'\xff', 'spi=7 dir=in alg=aes-gcm-128 -'.split()
    overlay = 'overlay', 'add', 'blue', '--vni', '7', '--new', MAC_A
    for args in ([*overlay, wrong], ['overlay', 'add', wrong, *overlay[3:]],
                 [*overlay, b'--encrypt=' + wrong], [*overlay, '--underlay-pool', wrong],
                 ['overlay', 'join', 'blue', wrong], ['overlay', 'show', wrong],
                 ['key', 'add', wrong, '-'], ['set-key', wrong, *key], ['add-flow', MAC_A, wrong],
                 ['mod-flows', MAC_A, wrong], ['del-flows', wrong], ['set-mtu', wrong, '1400'],
                 ['trace', wrong, 'ff']):
        done = subprocess.run([BIN + '/cvswctl', '--socket', daemon.socket, *args], text=True, timeout=10,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert done.returncode in (1, 2) and 'not UTF-8' in done.stderr, (args, done)
    assert not daemon.nics() and not daemon.ask(command='overlay-show')['overlays']


def test_timeout(daemon):
    nic = Nic(MAC_A)
    switch = daemon.switch()
    switch.link_up(1, nic)
    with Running(switch):
        assert wait_for(lambda: daemon.state(MAC_A) == 'in sync')
        nic.silent = True
        daemon.ctl('--timeout', '0.3', 'add-flow', MAC_A, 'priority=1,tcp,actions=drop', status=3,
                   text='not in sync after 0.3 s')
        daemon.ctl('--no-wait', 'add-flow', MAC_A, 'priority=2,tcp,actions=drop', text='accepted')
        nic.silent = False
        assert wait_for(lambda: daemon.state(MAC_A) == 'in sync', 10)
        assert len(nic.flows) == 2
    switch.close()


def test_local_without_driver(daemon):
    for command in ('show', 'dump-flows', 'stats'):
        daemon.ctl('--local', command, status=1, text='no CVSW driver on this machine')
    daemon.ctl('--local', 'show', 'no-such-device', status=1, text='no network device')
    daemon.ctl('--local', 'add-flow', 'x', 'y', status=2, text='with --local')


def test_json_protocol(daemon):
    wrong = ['', 'null', '[]', '{', '{"command": 5}', '{"command": "fly"}', '"x"', '\x00\x01',
             '{"command": "add-flows"}', '{"command": "add-flows", "flows": 3}',
             '{"command": "add-flows", "flows": [3], "nic": "x"}',
             '{"command": "add-flows", "flows": [], "nic": "x"}',
             '{"command": "set-mtu", "nic": 3, "mtu": 1400}',
             '{"command": "set-offload", "nic": "x", "offload": [1]}',
             '{"command": "del-flows", "nic": "x", "match": {}}', '[' * 5000]
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(daemon.socket)
        # All at once: one answer each, in order.
        sock.sendall(''.join(line + '\n' for line in wrong).encode() + b'{"command":"show"}\n')
        with sock.makefile() as answers:
            for line in wrong:
                assert json.loads(answers.readline())['ok'] is False, line
            assert json.loads(answers.readline())['ok'] is True
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(daemon.socket)
        sock.sendall(b'{"command":"show"}\n')
        sock.shutdown(socket.SHUT_WR)
        assert json.loads(sock.makefile().readline())['ok'] is True
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(1)
        sock.connect(daemon.socket)
        try:
            for _ in range(300):        # and reads no answer
                sock.sendall(b'{"command":"show"}\n' * 1000)
        except OSError:
            pass
        assert memory(daemon) < 300e6
        sock.settimeout(20)
        answers = sock.makefile()
        for _ in range(1000):
            assert json.loads(answers.readline())['ok'] is True
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(daemon.socket)
        try:
            for _ in range(9):
                sock.sendall(b'x' * (1 << 20))
        except OSError:
            pass
        answer = sock.makefile().readline()
        assert not answer or 'too long' in answer, answer[:100]
    crowd = [socket.socket(socket.AF_UNIX) for _ in range(80)]
    for sock in crowd:
        sock.connect(daemon.socket)
    time.sleep(0.2)
    for sock in crowd:
        sock.close()
    assert wait_for(lambda: daemon.ask(command='show')['ok'])


def test_client_leaves(daemon):
    """While it waits for a NIC."""
    nic = Nic(MAC_A)
    nic.silent = True
    switch = daemon.switch()
    switch.nics[1] = nic
    switch.packet_in(1, control(REGISTER, mac_bytes(MAC_A)))     # MAC in the destination only
    with Running(switch):
        assert wait_for(lambda: daemon.state(MAC_A) == 'connecting')
        for _ in range(5):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(daemon.socket)
                sock.sendall(b'{"command":"add-flows","nic":"%s","flows":["actions=drop"],'
                             b'"wait":true,"timeout_ms":500}\n' % MAC_A.encode())
        time.sleep(1)
        assert daemon.state(MAC_A) == 'connecting'
    switch.close()


def test_liar(daemon):
    """Frames from ports that are not there, nonsense in frames, REGISTERs without end."""
    switch = daemon.switch()
    switch.packet_in(77, control(REGISTER, mac_bytes(MAC_A), data=mac_bytes(MAC_A)))
    switch.packet_in(CONTROLLER13, control(HELLO))
    frame = control(LIST, data1=65535, data=bytes(1000))
    switch.packet_in(1, frame)
    for cut in range(0, 60):
        switch.packet_in(1, frame[:cut])
    for kind in range(16):
        switch.packet_in(1, control(kind, data=bytes(range(40))))
    for i in range(3000):
        mac = struct.pack('!HI', 0x0200, i)
        switch.packet_in(1 + i % 2, control(REGISTER, mac, data=mac))
    switch.packet_in(1, control(REGISTER, b'\xff' * 6, data=b'\xff' * 6))
    switch.packet_in(1, control(REGISTER, bytes(6), data=bytes(6)))
    with Running(switch):
        assert wait_for(lambda: daemon.ask(command='show')['switches'][0]['frames']['received'] >
                        3070)
        nics = daemon.nics()
        assert len(nics) <= 2 and MAC_A not in nics, f'{len(nics)} NICs on two ports'
        frames = daemon.ask(command='show')['switches'][0]['frames']
        assert frames['unknown_port'] == 2 and frames['malformed'] > 10, frames
    assert len(daemon.read_log()) < 20000, 'the log was flooded'
    switch.close()


def test_lists_that_lie(daemon):
    """Answers without end, of flows nobody knows, or not of flows at all."""
    switch = daemon.switch()
    nic = Nic(MAC_A)
    nic.lie = 0

    def lie():
        nic.lie += 1
        rng = random.Random(nic.lie)
        if nic.lie % 3 == 0:
            return [control(LIST, data1=rng.randrange(65536), data=rng.randbytes(900))]
        flow = [struct.pack('!BBHI', 1, 14, 72, 0) + struct.pack('!I', 0x3820ee & ~0x80) +
                bytes(34) + struct.pack('!HHQHHHHIHH', 6, rng.randrange(65536), 0, 0, 0, 0, 5,
                                        0xffffffff, 0, 0) for _ in range(10)]
        return [control(LIST, data1=400 - i, data=b''.join(flow)) for i in range(300)]
    nic.list_frames = lie
    switch.link_up(1, nic)
    with Running(switch):
        assert wait_for(lambda: daemon.state(MAC_A) == 'connecting')
        daemon.ctl('--timeout', '3', 'add-flow', MAC_A, 'priority=1,tcp,actions=drop', status=3)
        assert daemon.nics()[MAC_A]['messages']['bad_lists'] > 0
    switch.close()


def test_garbage(daemon):
    """Broken OpenFlow ends its own connection only."""
    good = daemon.switch(dpid=1)
    rng = random.Random(7)
    template = Switch(daemon.of, dpid=2)
    template.close()
    hello = struct.pack('!BBHI', V13, 0, 8, 1)
    features = struct.pack('!BBHIQIB3xII', V13, 6, 32, 1, 2, 0, 1, 0, 0)
    port_desc = struct.pack('!BBHIHH4x', V13, 19, 16 + 64, 1, 13, 0) + template.port13(1)
    wrong = [b'\x04\0\0\x07\0\0\0\0', b'GET / HTTP/1.0\r\n\r\n', b'\x09\x05\0\x08\0\0\0\0',
             hello + struct.pack('!BBHI', V13, 6, 12, 1) + bytes(4),
             hello + features + struct.pack('!BBHI', V13, 10, 20, 1) + bytes(12)]
    for data in wrong:
        bad = Switch(daemon.of)
        bad.sock.sendall(data)
        assert bad.run(lambda: bad.closed), data
    for _ in range(400):
        bad = Switch(daemon.of)
        stream = bytearray(hello + features + port_desc + struct.pack(
            '!BBHI', V13, 12, 80, 1) + struct.pack('!B7x', 0) + template.port13(2))
        for _ in range(rng.randrange(1, 6)):
            stream[rng.randrange(len(stream))] = rng.randrange(256)
        try:
            bad.sock.sendall(bytes(stream[:rng.randrange(8, len(stream) + 1)]))
            bad.poll()
        except OSError:
            pass
        bad.close()
    good.send(2, b'x')
    assert good.run(lambda: good.others) and not good.closed
    assert wait_for(lambda: len(daemon.ask(command='show')['switches']) == 1)
    assert len(daemon.read_log()) < 30000, 'the log was flooded'
    good.close()


def test_crowd(daemon):
    """More connections than there may be; when they go, switches are welcome again."""
    crowd = []
    while len(crowd) < 160:
        crowd.append(Switch(daemon.of))
    assert wait_for(lambda: any(s.poll() is False and s.closed for s in crowd))
    for switch in crowd:
        switch.close()
    time.sleep(0.2)
    daemon.switch().close()


def test_slow_reader(daemon):
    """A switch that reads nothing costs a bounded amount of memory, and nobody else's time."""
    switch = daemon.switch()
    for port in range(10, 500):
        switch.ports[port] = f'p{port}'
        switch.port_status(0, port)
    for port in range(10, 500):
        mac = struct.pack('!HI', 0x0200, port)
        switch.packet_in(port, control(REGISTER, mac, data=mac))
    flows = [f'priority=7,tcp,tp_dst={i},actions=drop' for i in range(2000)]
    before = memory(daemon)
    for port in range(10, 30):
        mac = '02:00:00:00:00:%02x' % port
        assert daemon.ask(command='add-flows', nic=mac, flows=flows)['ok']
    for _ in range(3000):
        switch.send(2, bytes(20000))        # echo requests whose answers nobody reads
        if switch.closed:
            break
    start = time.monotonic()
    assert daemon.ask(command='show')['ok'] and time.monotonic() - start < 3
    grown = memory(daemon) - before
    # 20 NICs with 2000 flows each are about 20 MB of that, in a sanitized build more
    assert grown < 200e6, f'{grown / 1e6} MB'
    switch.close()
    # Its last answers still have to be worked through.
    assert wait_for(lambda: not daemon.ask(command='show')['switches'], 10)


def memory(daemon):
    with open(f'/proc/{daemon.process.pid}/statm') as statm:
        return int(statm.read().split()[1]) * 4096


def test_connect(daemon):
    """--connect: the daemon goes to the switch, again and again."""
    path = daemon.work + '/passive'
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    listener.settimeout(10)
    work = tempfile.mkdtemp(prefix='cvsw-agent.')
    other = Daemon('--connect', 'unix:' + path, work=work)
    for _ in range(2):
        sock, _ = listener.accept()
        assert sock.recv(8)[:2] == b'\x04\0'
        sock.close()
    listener.close()
    other.stop()
    shutil.rmtree(work)


def test_tcp(daemon):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    work = tempfile.mkdtemp(prefix='cvsw-agent.')
    other = Daemon('--listen', f'tcp:127.0.0.1:{port}', work=work)
    switch = Switch(('127.0.0.1', port), version=V10).connect()
    assert other.ask(command='show')['switches'][0]['peer'].startswith('tcp:127.0.0.1:')
    switch.close()
    other.stop()
    shutil.rmtree(work)


TESTS = [
    ('OpenFlow 1.0 handshake, rules, HELLO to each port', test_handshake(V10)),
    ('OpenFlow 1.3 handshake, rules, HELLO to each port', test_handshake(V13)),
    ('no OpenFlow version in common', test_no_common_version),
    ('version bitmap', test_bitmap),
    ('echo', test_echo),
    ('a dead switch is closed, a living one is not', test_dead_switch),
    ('flows, MTU, offloads over OpenFlow 1.0', test_program(V10)),
    ('flows, MTU, offloads over OpenFlow 1.3', test_program(V13)),
    ('a thousand flows from a file', test_many_flows),
    ('a NIC moves to another switch', test_move),
    ('ports and switches come and go', test_absent),
    ('flows of other tables', test_other_tables),
    ('state file', test_state_file),
    ('sockets: mode, second daemon, other files, wrong options', test_sockets),
    ('cvswctl: errors, positions, exit status', test_cli_errors),
    ('cvswctl: arguments that are not UTF-8', test_cli_not_utf8),
    ('cvswctl: --timeout and --no-wait', test_timeout),
    ('cvswctl: --local without the driver', test_local_without_driver),
    ('JSON protocol: wrong requests, long lines, crowds', test_json_protocol),
    ('JSON protocol: a waiting client leaves', test_client_leaves),
    ('a switch that lies', test_liar),
    ('a NIC whose lists lie', test_lists_that_lie),
    ('broken OpenFlow', test_garbage),
    ('too many connections', test_crowd),
    ('a switch that does not read', test_slow_reader),
    ('connecting to a switch', test_connect),
    ('OpenFlow over TCP', test_tcp),
]


if __name__ == '__main__':
    sys.exit(run_tests(TESTS))
