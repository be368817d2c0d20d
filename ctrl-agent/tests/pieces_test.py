#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Long answers, written in pieces: of many NICs, while NICs come and go, to clients that do not read or that go.
Prints TAP. Usage: pieces_test.py BUILD-FOLDER [PART-OF-A-NAME] (sanitized builds)."""
import json
import random
import socket
import sys
import time

from agent_parts import run_tests, wait_for
from requests_test import Talk

MANY = 8000                             # so many that no socket takes the answer whole


def mac_of(number):
    return f'02:00:00:01:{number >> 8:02x}:{number & 255:02x}'


def add_keys(talk, numbers):
    """Sent together: cvswd answers one after the other."""
    numbers = list(numbers)
    for first in range(0, len(numbers), 500):
        some = numbers[first:first + 500]
        talk.say(*({'command': 'key-add', 'nic': mac_of(i), 'key': f'{i + 1:064x}'} for i in some))
        for _ in some:
            assert talk.hear()['ok']


def macs_of(answer):
    assert answer['ok'], answer
    macs = [nic['mac'] for nic in answer['nics']]
    assert macs == sorted(set(macs)), 'NICs are not in order'
    return macs


def many(daemon):
    with Talk(daemon) as talk:
        talk.sock.settimeout(60)
        add_keys(talk, range(MANY))


def patient(daemon):
    """A client that has patience."""
    talk = Talk(daemon)
    talk.sock.settimeout(60)
    return talk


def test_order(daemon):
    """Many requests in one write are answered in their order, long answers or short ones; then the client ends."""
    many(daemon)
    with patient(daemon) as talk:
        talk.say({'command': 'show'}, {'command': 'dump-flows', 'nic': mac_of(5)}, {'command': 'key-list'},
                 {'command': 'key-del', 'nic': mac_of(7)}, {'command': 'key-list'}, b'{', {'command': 'overlay-show'})
        talk.sock.shutdown(socket.SHUT_WR)
        lines = [json.loads(line) for line in talk.lines]
    assert len(lines) == 7, len(lines)
    assert macs_of(lines[0]) == macs_of(lines[2]) == [mac_of(i) for i in range(MANY)]
    assert lines[0]['switches'] == [] and lines[0]['max_nics'] == 16384
    assert lines[1]['nic']['mac'] == mac_of(5) and lines[1]['flows'] == []
    assert lines[3]['ok'] and macs_of(lines[4]) == [mac_of(i) for i in range(MANY) if i != 7]
    assert lines[5]['code'] == 'not-json' and lines[6] == {'ok': True, 'overlays': []}


def test_not_read(daemon):
    """A client asks and does not read; NICs go and come, and others are served."""
    many(daemon)
    with patient(daemon) as talk, Talk(daemon) as other:
        talk.say({'command': 'show'}, {'command': 'key-list'})
        time.sleep(0.5)
        for i in list(range(0, MANY, 97)) + [0, 1, MANY - 1]:
            other.ask({'command': 'key-del', 'nic': mac_of(i)})
        add_keys(other, [MANY, MANY + 1, MANY - 1])
        shown, keyed = talk.hear(), talk.hear()
    left = {mac_of(i) for i in range(MANY) if i % 97 and i != 1} | {mac_of(MANY - 1)}
    assert set(macs_of(keyed)) == left | {mac_of(MANY), mac_of(MANY + 1)}
    # It was begun before they went: its first piece has them, and its last ones have not.
    macs = macs_of(shown)
    assert set(macs) >= left and mac_of(0) in macs and mac_of(97 * (MANY // 97)) not in macs, len(macs)
    assert mac_of(MANY) not in macs


def test_closed(daemon):
    """Clients go in the middle of an answer, in all ways."""
    many(daemon)
    for seed in range(40):
        chance = random.Random(seed)
        talk = patient(daemon)
        talk.say(*[{'command': chance.choice(('show', 'key-list'))}] * chance.randrange(1, 3))
        if chance.random() < 0.5:
            talk.sock.shutdown(socket.SHUT_WR)
        if chance.random() < 0.7:
            talk.lines.read(chance.choice((1, 5000, 1500000)))
        talk.lines.close()
        talk.sock.close()
    with patient(daemon) as talk:
        assert len(macs_of(talk.ask({'command': 'show'}))) == MANY


def test_overlays(daemon):
    """Overlays go while they are shown."""
    with patient(daemon) as talk, Talk(daemon) as other:
        for i in range(40):
            answer = other.ask({'command': 'overlay-add', 'name': f'o{i}', 'vni': i + 1, 'new': True, 'wait': False,
                                'members': [mac_of(256 * i + n) for n in range(100)]})
            assert answer['ok'], answer
        talk.say(*[{'command': 'overlay-show'}] * 4)
        time.sleep(0.3)
        for i in range(0, 40, 2):
            assert other.ask({'command': 'overlay-del', 'name': f'o{i}', 'wait': False})['ok']
        names = [[overlay['name'] for overlay in talk.hear()['overlays']] for _ in range(4)]
    odd = [f'o{i}' for i in range(1, 40, 2)]
    assert names[-1] == odd, names
    assert all(set(some) >= set(odd) and some[0] in ('o0', 'o1') for some in names), names


def test_flows(daemon):
    """A flow is shown as it was when it was asked for."""
    with patient(daemon) as talk, Talk(daemon) as other:
        flows = [f'priority={i},tcp,tp_dst={i},actions=drop' for i in range(1, 6001)]
        answer = other.ask({'command': 'add-flows', 'nic': mac_of(1), 'flows': flows, 'new': True})
        assert answer['ok'], answer
        talk.say(*[{'command': 'dump-flows', 'nic': mac_of(1)}] * 4)
        time.sleep(0.3)
        assert other.ask({'command': 'del-flows', 'nic': mac_of(1), 'match': 'tcp'})['ok']
        shown = [talk.hear()['flows'] for _ in range(4)]
        assert wait_for(lambda: not other.ask({'command': 'dump-flows', 'nic': mac_of(1)})['flows'])
    assert [len(one) for one in shown] == sorted((len(one) for one in shown), reverse=True)
    assert {len(one) for one in shown} <= {0, 6000} and len(shown[0]) == 6000
    assert [flow['priority'] for flow in shown[0]] == list(range(6000, 0, -1))


TESTS = [
    ('long answers: in the order of the requests', test_order),
    ('long answers: a client that does not read, and NICs that go meanwhile', test_not_read),
    ('long answers: clients that go', test_closed),
    ('long answers: overlays that go', test_overlays),
    ('long answers: flows that go', test_flows),
]

if __name__ == '__main__':
    sys.exit(run_tests(TESTS))
