#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cvswd's rules in a switch, crowds at its sockets, and who holds a datapath id.
Prints TAP. Usage: switch_test.py BUILD-FOLDER [part of a test's name]"""
import json
import os
import socket
import subprocess
import sys
import threading
import time

from agent_parts import BIN, MAC_A, Running, run_tests, wait_for
from fake_switch import V10, V13, Nic, Switch, mac_bytes


def the_switch(daemon):
    return daemon.ask(command='show')['switches'][0]


def rules_are(daemon, state):
    return lambda: the_switch(daemon)['rules'] == state


class Monitor:
    """The events that a client is told."""

    def __init__(self, daemon):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(daemon.socket)
        try:
            self.sock.sendall(b'{"command":"monitor"}\n')
        except BrokenPipeError:
            pass        # refused: the answer says so
        self.events = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.sock.makefile():
            self.events.append(json.loads(line))

    def has(self, event):
        return lambda: any(e.get('event') == event for e in self.events)


def with_nic(daemon, **how):
    """A switch with a NIC that is in sync."""
    nic = Nic(MAC_A)
    switch = daemon.switch(**how)
    switch.link_up(1, nic)
    assert switch.run(lambda: daemon_is(daemon, 'in sync')), daemon.nics()
    return switch, nic


def daemon_is(daemon, state):
    return daemon.state(MAC_A) == state


def test_put_back(version):
    def run(daemon):
        switch = daemon.switch(version=version)
        with Running(switch):
            assert wait_for(rules_are(daemon, 'in place')), the_switch(daemon)
            assert len(switch.table) == 2 and len(switch.rules) == 2
            monitor = Monitor(daemon)
            assert wait_for(lambda: monitor.events)
            switch.del_flows()
            start = time.monotonic()
            assert wait_for(lambda: len(switch.table) == 2, 5), 'not back within 5 s'
            took = time.monotonic() - start
            assert wait_for(rules_are(daemon, 'in place'))
            assert the_switch(daemon)['rules_lost'] == 1
            assert wait_for(monitor.has('rules-lost')) and wait_for(monitor.has('rules-in-place'))
            lost = next(e for e in monitor.events if e.get('event') == 'rules-lost')
            assert lost['dpid'] == '0000000000001234' and 'dl_type=0xabba' in lost['rules_error']
            log = daemon.read_log()
            assert 'is no longer in the switch; cvswd installs its rules again' in log, log
            assert 'in place again' in log, log
            assert took < 5, took
        switch.close()
    return run


def test_changed(version):
    """Other actions under our own match and priority; others' flows stay as they are."""
    def run(daemon):
        switch = daemon.switch(version=version)
        with Running(switch):
            assert wait_for(rules_are(daemon, 'in place'))
            before = dict(switch.table)
            normal = [key for key, body in switch.table.items() if body[-4:] != b'\xff\xff' * 2 and
                      key[1] == b'\0\0'][0]
            body = switch.table[normal]
            # NORMAL (...fa) becomes FLOOD (...fb).
            at = body.rindex(b'\xff\xfa')
            switch.table[normal] = body[:at] + b'\xff\xfb' + body[at + 2:]
            theirs = normal[0], b'\0\7'
            switch.table[theirs] = body
            assert wait_for(lambda: switch.table[normal] == before[normal], 5), 'not mended'
            assert switch.table[theirs] == body, "another's flow was touched"
            assert len(switch.table) == 3
        switch.close()
    return run


def test_refused(version, error, text):
    def run(daemon):
        switch = Switch(daemon.of, version=version)
        switch.refuses = error
        monitor = Monitor(daemon)
        switch.connect()
        with Running(switch):
            assert wait_for(rules_are(daemon, 'refused')), the_switch(daemon)
            # Both rules are refused, one after the other.
            assert wait_for(lambda: 'the rule "priority=0,actions=NORMAL"' in the_switch(daemon)['rules_error']), \
                the_switch(daemon)
            why = the_switch(daemon)['rules_error']
            assert text in why, why
            daemon.ctl('show', text="cvswd's rules: refused: the switch refuses the rule")
            assert why in daemon.read_log()
            assert wait_for(monitor.has('rules-refused'))
            daemon.ctl('--new', 'add-flow', MAC_A, 'priority=1,tcp,actions=drop',
                       text='at no switch now; switch 0000000000001234: the switch refuses')
            assert daemon.nics()[MAC_A]['cause'].startswith('switch 0000000000001234: ')
            lines = len(daemon.read_log().splitlines())
            switch.refuses = None
            assert wait_for(rules_are(daemon, 'in place'), 8), 'not tried again'
            assert len(daemon.read_log().splitlines()) < lines + 6, 'a line for each try'
            assert len(switch.table) == 2
            nic = Nic(MAC_A)
            switch.nics[1] = nic
            assert wait_for(lambda: daemon_is(daemon, 'in sync')), 'the ports were not called'
            assert len(nic.flows) == 1 and 'cause' not in daemon.nics()[MAC_A]
        switch.close()
    return run


def test_no_barrier(daemon):
    """One that confirms nothing does not count as ready, and does not stay."""
    switch = Switch(daemon.of)
    switch.barriers = False
    switch.connect()
    with Running(switch):
        assert wait_for(lambda: daemon.ask(command='show')['switches'])
        assert the_switch(daemon)['rules'] == 'not confirmed'
        daemon.ctl('show', text="cvswd's rules: not confirmed")
        daemon.ctl('--new', 'add-flow', MAC_A, 'priority=1,tcp,actions=drop',
                   text="cvswd's rules are not confirmed yet")
        assert 'are in place' not in daemon.read_log()
        assert wait_for(lambda: switch.closed, 15), 'it stays'
    assert "does not confirm cvswd's rules within 10 s" in daemon.read_log()


def test_blind(daemon):
    """A switch without flow statistics works; that nobody looks is logged, once."""
    switch = Switch(daemon.of)
    switch.shows_flows = False
    switch.connect()
    with Running(switch):
        assert wait_for(rules_are(daemon, 'in place'))
        time.sleep(5)
        assert not switch.closed and rules_are(daemon, 'in place')()
        assert daemon.read_log().count('does not show its flows') == 1
    switch.close()


def test_forgetful(daemon):
    """A switch that takes the rules and keeps none: tried again, but not without pause."""
    switch = Switch(daemon.of)
    switch.on_flow_mod = lambda xid, body: switch.rules.append(body)
    switch.connect()
    with Running(switch):
        assert wait_for(rules_are(daemon, 'lost'))
        time.sleep(6)
        assert 4 <= len(switch.rules) <= 10, len(switch.rules)
        daemon.ctl('--new', 'add-flow', MAC_A, 'priority=1,tcp,actions=drop',
                   text='is no longer in the switch')
    switch.close()


def test_lost_while_waiting(daemon):
    """What add-flow says while the rules are away and the NIC hears nothing."""
    switch, nic = with_nic(daemon)
    with Running(switch):
        switch.refuses = 5, 1
        nic.silent = True
        switch.del_flows()
        assert wait_for(rules_are(daemon, 'refused'), 5)
        daemon.ctl('--timeout', '1', 'add-flow', MAC_A, 'priority=1,tcp,actions=drop', status=3,
                   text='the table is full')
    switch.close()


# ---- crowds ----

def idle(address, n):
    socks = []
    for _ in range(n):
        sock = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        while True:
            try:
                sock.connect(address)
                break
            except (BlockingIOError, ConnectionRefusedError):
                time.sleep(0.01)
        socks.append(sock)
    return socks


def is_open(sock):
    sock.setblocking(False)
    try:
        while sock.recv(4096):
            pass
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_idle_crowd(daemon):
    """128 idle connections, then real switches, one after the other and all at once."""
    crowd = idle(daemon.of, 128)
    start = time.monotonic()
    switches = [daemon.switch(dpid=dpid) for dpid in range(1, 11)]
    assert time.monotonic() - start < 3, 'they had to wait'
    # 32 from one address: the last of the crowd, but for one that went for a switch.
    assert sum(map(is_open, crowd)) == 31, sum(map(is_open, crowd))
    assert len(daemon.ask(command='show')['switches']) == 10
    assert wait_for(lambda: not any(map(is_open, crowd)), 8), 'idle ones stay'
    for switch in switches:
        switch.run(lambda: False, 0.05)
        assert not switch.closed, 'a switch went with the crowd'
        switch.close()


FLOOD = """
import socket, sys
while True:
    socks = [socket.socket(socket.AF_UNIX) for _ in range(20)]
    for sock in socks:
        sock.setblocking(False)
        try:
            sock.connect(sys.argv[1])
        except OSError:
            pass
"""


def first_try(daemon, dpid):
    try:
        daemon.switch(dpid=dpid).close()
        return True
    except AssertionError:
        return False


def test_busy_crowd(daemon):
    """While others connect without end, switches get through, as often as they try."""
    with subprocess.Popen([sys.executable, '-c', FLOOD, daemon.of]) as flood:
        try:
            time.sleep(0.5)
            through = [first_try(daemon, dpid) for dpid in range(1, 21)]
        finally:
            flood.kill()
    assert sum(through) >= 10, through
    assert len(daemon.read_log()) < 30000, 'the log was flooded'


def test_hello_goes_last(daemon):
    """Who has said HELLO stays before those who said nothing."""
    talker = Switch(daemon.of)
    talker.on_message = lambda *_: None     # answers nothing
    talker.say_hello()
    talker.run(lambda: False, 0.3)
    crowd = idle(daemon.of, 60)
    assert wait_for(lambda: sum(map(is_open, crowd)) == 31), 'not just the limit'
    assert not talker.run(lambda: talker.closed, 0.2), 'the one that talks went first'
    for sock in crowd:
        sock.close()
    talker.close()


def test_many_switches(daemon):
    """As many as may be: 512, with an idle crowd beside them; one goes, another one comes."""
    crowd = idle(daemon.of, 40)
    switches = [daemon.switch(dpid=dpid, ports=(1,)) for dpid in range(1, 513)]
    last = Switch(daemon.of, dpid=999, ports=(1,))
    last.say_hello()
    assert last.run(lambda: last.closed), 'a 513th is taken'
    assert len(daemon.ask(command='show')['switches']) == 512
    switches.pop().close()
    assert wait_for(lambda: len(daemon.ask(command='show')['switches']) == 511)
    switches.append(daemon.switch(dpid=999, ports=(1,)))
    for sock in [*crowd, *(s.sock for s in switches)]:
        sock.close()


def test_names(daemon):
    """A port is found by the name that it has now; of two of one name neither is."""
    first, second = daemon.switch(dpid=1, ports=(1, 2)), daemon.switch(dpid=2, ports=(3,))
    with Running(first), Running(second):
        def says(name, text):
            return wait_for(lambda: text in daemon.ask(command='dump-flows', nic=name)['error'])

        assert says('tap1', 'no NIC has registered at port') and says('tap2', 'no NIC has registered at port')
        first.ports[2] = 'tap2'
        first.port_status(2, 2)
        assert says('tap1', 'no NIC "tap1"') and says('tap2', '2 switches have a port "tap2"')
        second.port_status(1, 3)
        assert says('tap2', 'no NIC has registered at port')
    first.close()
    second.close()


def register3(mac):
    """As proto/VERSION3.md draws it; nothing but the address in it can be read without a key."""
    return (b'\xff' * 6 + bytes([0x32, 2, 0, 0, 0, 0, 0xab, 0xba, 0, 96]) + mac_bytes(mac)).ljust(112, b'\0')


def test_key_calls(daemon):
    """key add calls the NIC where it may be: not where another NIC is, or where another one asked for its key."""
    switch = daemon.switch(ports=(1, 2, 3, 4))
    mac, other = '02:00:00:00:00:01', '02:00:00:00:00:02'
    with Running(switch):
        switch.link_up(1, Nic('02:00:00:00:00:0a'))
        assert wait_for(lambda: daemon.nics())
        switch.packet_in(2, register3(other))
        switch.packet_in(3, register3(mac))
        assert wait_for(lambda: all(f'{m} registers at' in daemon.read_log() for m in (mac, other)))
        del switch.packet_outs[:]
        assert daemon.ask(command='key-add', nic=mac, key='5a' * 32)['ok']
        called = wait_for(lambda: [port for port, frame in switch.packet_outs if frame[:6] == mac_bytes(mac)])
        assert called
        ports = sorted({port for port, frame in switch.packet_outs if frame[:6] == mac_bytes(mac)})
        assert ports == [3, 4], ports
    switch.close()


# ---- who holds a datapath id ----

def test_claim_refused(daemon):
    """The first lives: it stays; log, show and monitor have both addresses."""
    first = daemon.switch()
    with Running(first):
        monitor = Monitor(daemon)
        second = Switch(daemon.of)
        second.say_hello()
        assert second.run(lambda: second.closed), 'the second stays'
        shown = the_switch(daemon)
        assert shown['claims'] == 1 and f'(pid {os.getpid()})' in shown['claimed_by'], shown
        daemon.ctl('show', text='claimed to be this switch, and was refused (1 time)')
        assert wait_for(monitor.has('claimed'))
        assert 'claims to be switch 0000000000001234, which is connected from' in daemon.read_log()
        assert not first.closed
    first.close()


def test_claim_of_a_dead_one(daemon):
    """The first is dead, and nobody has noticed yet: the second has its place within 5 s."""
    first = daemon.switch()
    assert first.run(rules_are(daemon, 'in place'))
    second = Switch(daemon.of)
    start = time.monotonic()
    second.connect()
    assert time.monotonic() - start < 5, 'it had to wait'
    with Running(second):
        assert wait_for(rules_are(daemon, 'in place'))
        assert 'claims' not in the_switch(daemon)
        first.run(lambda: first.closed, 1)
        assert first.closed
        assert 'it does not answer within 2 s, while' in daemon.read_log()
    second.close()


def test_takeover_is_slow(daemon):
    """What the second waited for the first is not its own delay: it has all its time to list its ports."""
    first = daemon.switch()
    assert first.run(rules_are(daemon, 'in place'))
    second = Switch(daemon.of)
    answer, asked = second.on_message, []
    second.on_message = lambda *message: asked.append(message) if message[1] == 18 else answer(*message)
    second.say_hello()
    assert second.run(lambda: asked, 6), 'it is not asked for its ports'
    assert not second.run(lambda: second.closed, 4), 'it had less than 5 s'
    second.on_message = answer
    answer(*asked[0])
    assert second.run(lambda: second.rules), 'it has not taken over'
    second.close()


def test_claims_of_many(daemon):
    """One claim at a time; the first goes by itself meanwhile, and who waits follows."""
    first = daemon.switch()
    second, third = Switch(daemon.of), Switch(daemon.of)
    second.say_hello()
    assert not second.run(lambda: second.closed or second.ready and second.rules, 0.5)
    third.say_hello()
    assert third.run(lambda: third.closed), 'two claims at once'
    first.close()
    assert second.run(lambda: second.rules), 'who waited did not follow'
    second.close()


# ---- clients ----

def test_idle_clients(daemon):
    """64 idle clients: the longest idle one goes, the others and a monitor stay."""
    monitor = Monitor(daemon)
    assert wait_for(lambda: monitor.events)
    crowd = idle(daemon.socket, 63)
    for _ in range(20):
        assert daemon.ask(command='show')['ok']
    done = subprocess.run([BIN + '/cvswctl', '--socket', daemon.socket, 'show'], timeout=10,
                          stdout=subprocess.DEVNULL)
    assert done.returncode == 0
    assert wait_for(lambda: not is_open(crowd[0])), 'the longest idle one stays'
    assert sum(map(is_open, crowd)) == 62, 'more than one went'
    more = idle(daemon.socket, 100)
    time.sleep(0.3)     # or there is no place in the socket's own queue
    assert daemon.ask(command='show')['ok']
    assert wait_for(lambda: sum(map(is_open, crowd + more)) <= 63)
    switch = daemon.switch()
    assert switch.run(monitor.has('rules-in-place')), 'the monitor was cut off'
    switch.close()
    for sock in crowd + more:
        sock.close()


def ask_as(daemon, user):
    """cvswctl show, by a user of this number: its output."""
    return subprocess.run(['setpriv', f'--reuid={user}', '--clear-groups', BIN + '/cvswctl',
                           '--socket', daemon.socket, 'show'], timeout=10, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def test_waiting_clients(daemon):
    """64 that wait for something keep their places; root has four more."""
    os.chmod(daemon.work, 0o755)
    os.chmod(daemon.socket, 0o666)
    switch, nic = with_nic(daemon)
    nic.silent = True
    waiting = idle(daemon.socket, 64)
    with Running(switch):
        for i, sock in enumerate(waiting):
            sock.sendall(json.dumps({'command': 'add-flows', 'nic': MAC_A, 'wait': True,
                                     'flows': [f'priority={i + 1},tcp,actions=drop'],
                                     'timeout_ms': 60000}).encode() + b'\n')
        assert wait_for(lambda: daemon.nics()[MAC_A]['flows'] == 64)
        assert 'cvswd is busy' in ask_as(daemon, 65534), ask_as(daemon, 65534)
        assert 'tap0' in ask_as(daemon, 0)
        assert sum(map(is_open, waiting)) == 64, 'one that waits was cut off'
        monitors = [Monitor(daemon) for _ in range(5)]
        assert wait_for(lambda: all(m.events for m in monitors))
        assert sum(m.events[0]['ok'] for m in monitors) == 4, 'root has not four more'
        assert 'cvswd is busy' in ask_as(daemon, 0), 'more than root has'
        for sock in waiting:
            sock.close()
        assert wait_for(lambda: daemon.ask(command='show')['ok'])
        assert 'tap0' in ask_as(daemon, 65534)
    switch.close()


TESTS = [
    ('rules that were deleted are back within 5 s (OpenFlow 1.0)', test_put_back(V10)),
    ('rules that were deleted are back within 5 s (OpenFlow 1.3)', test_put_back(V13)),
    ("a changed rule is mended, others' flows are left alone (1.0)", test_changed(V10)),
    ("a changed rule is mended, others' flows are left alone (1.3)", test_changed(V13)),
    ('a switch that refuses the rules (1.0)', test_refused(V10, (3, 2), 'not permitted')),
    ('a switch that refuses the rules (1.3)', test_refused(V13, (5, 1), 'the table is full')),
    ('a switch that never answers a barrier', test_no_barrier),
    ('a switch that does not show its flows', test_blind),
    ('a switch that keeps no rule', test_forgetful),
    ('add-flow names the cause', test_lost_while_waiting),
    ('an idle crowd keeps no switch out', test_idle_crowd),
    ('nor does a busy crowd', test_busy_crowd),
    ('who says HELLO stays longer', test_hello_goes_last),
    ('512 switches beside an idle crowd', test_many_switches),
    ('ports by name', test_names),
    ('key add calls', test_key_calls),
    ('a claim to the datapath id of a living switch', test_claim_refused),
    ('a claim to that of a dead one', test_claim_of_a_dead_one),
    ('a slow switch in the place of a dead one', test_takeover_is_slow),
    ('claims of many', test_claims_of_many),
    ('idle clients lock nobody out', test_idle_clients),
    ('clients that wait keep their places', test_waiting_clients),
]


if __name__ == '__main__':
    sys.exit(run_tests(TESTS))
