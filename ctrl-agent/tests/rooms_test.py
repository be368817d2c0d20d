#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""No arrow runs back up: a room includes headers of its own, of proto/, and of the rooms above it in
the table of ctrl-agent/README.md, and of no others.
Prints TAP. Usage: rooms_test.py BUILD-FOLDER [part of a test's name]"""
import glob
import os
import re
import shutil
import sys
import tempfile

AGENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')


def rooms_of(agent):
    """The rooms, as the page has them from top to bottom."""
    with open(agent + '/README.md', encoding='utf-8') as page:
        table = page.read().split('| room | file | what it does |')[1].split('\n\n')[0]
    return [room for room in re.findall(r'^\| *(\w*) *\|', table, re.M) if room]


def includes_of(path):
    with open(path, encoding='utf-8') as file:
        return re.findall(r'^\s*#\s*include\s+"([^"]+)"', file.read(), re.M)


def room_of(header, agent, rooms):
    """Of a header as it is included: the lowest room that comes with it; None: its own, or proto's."""
    room = header.split('/')[0] if '/' in header else None
    if room is None and os.path.exists(f'{agent}/{header}'):
        return max((room_of(inner, agent, rooms) for inner in includes_of(f'{agent}/{header}')),
                   key=lambda inner: rooms.index(inner) if inner else -1)
    return room


def wrong_includes(agent):
    rooms = rooms_of(agent)
    wrong = []
    for room in rooms:
        for path in glob.glob(f'{agent}/{room}/*.[ch]'):
            for header in includes_of(path):
                needs = room_of(header, agent, rooms)
                if needs and (needs not in rooms or rooms.index(needs) > rooms.index(room)):
                    wrong.append(f'{room}/{os.path.basename(path)} includes {header}')
    return wrong


def test_rooms():
    """The table names all folders with code, and they include only what is above them."""
    folders = {os.path.basename(os.path.dirname(path)) for path in glob.glob(AGENT + '/*/*.c')}
    assert set(rooms_of(AGENT)) == folders - {'tests'}, (rooms_of(AGENT), folders)
    assert not wrong_includes(AGENT), '\n'.join(wrong_includes(AGENT))


def test_finds():
    """It finds one that does, by way of a header of no room too."""
    work = tempfile.mkdtemp(prefix='cvsw-rooms.')
    files = {
        'README.md': '| room | file | what it does |\n| --- | --- | --- |\n| up | `a` | |\n| | `b` | |\n| down | `c` | |\n\n',
        'root.h': '#include "up/a.h"\n#include "down/c.h"\n',
        'up/a.h': '#include "proto.h"\n', 'up/b.c': '#include "a.h"\n#include <down/c.h>\n',
        'down/c.h': '', 'down/d.c': '#include "up/a.h"\n#include "root.h"\n#include "down/c.h"\n',
    }
    for name, text in files.items():
        os.makedirs(os.path.dirname(f'{work}/{name}'), exist_ok=True)
        with open(f'{work}/{name}', 'w', encoding='utf-8') as file:
            file.write(text)
    assert not wrong_includes(work), wrong_includes(work)
    for header in 'down/c.h', 'root.h', 'nowhere/e.h':
        with open(work + '/up/b.c', 'w', encoding='utf-8') as file:
            file.write(f'#include "a.h"\n  #  include "{header}"\n')
        assert wrong_includes(work) == [f'up/b.c includes {header}'], (header, wrong_includes(work))
    shutil.rmtree(work)


TESTS = [
    ('rooms: each includes only what is above it', test_rooms),
    ('rooms: an include of what is below is found', test_finds),
]


def main():
    wanted, failed, ran = sys.argv[2:], 0, 0
    for name, test in TESTS:
        if wanted and not any(part.lower() in f'rooms_test: {name}'.lower() for part in wanted):
            continue
        ran += 1
        try:
            test()
            print(f'ok - agent daemon: {name}', flush=True)
        except AssertionError as why:
            failed += 1
            print(f'not ok - agent daemon: {name}\n# ' + str(why).replace('\n', '\n# '), flush=True)
    if not ran:
        print(f'{sys.argv[0]}: no test has such a name', file=sys.stderr)
        return 2
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
