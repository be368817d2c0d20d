#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `cvswctl --complete` offers, and what bash makes of it.

    complete_test.py BUILD ['part of a name']"""
import os
import subprocess
import sys

from agent_parts import BIN, MAC_A, MAC_B, MAC_C, Three, run_tests

BASH = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'cvswctl.bash')
NICS = {MAC_A, MAC_B, MAC_C, 'tap0', 'tap1', 'tap2'}


def offered(*words):
    done = subprocess.run([BIN + '/cvswctl', '--complete', *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=30, check=True)
    assert 'Sanitizer' not in done.stderr, done.stderr
    return done.stdout.split()


def shell(daemon, line):
    """What bash would put in the place of the last word, split as it splits words."""
    script = f"""source {BASH}
COMP_LINE='cvswctl --socket {daemon.socket} {line}'
COMP_POINT=${{#COMP_LINE}} COMP_WORDBREAKS=$' \\t\\n:='
compopt() {{ :; }}
_cvswctl cvswctl
printf '%s\\n' "${{COMPREPLY[@]}}\""""
    done = subprocess.run(['bash', '-c', script], stdout=subprocess.PIPE, text=True, timeout=30, check=True,
                          cwd=daemon.work, env=dict(os.environ, PATH=f"{os.path.abspath(BIN)}:{os.environ['PATH']}"))
    return set(done.stdout.split())


def test_every_command(daemon):
    """Each command of the help, and each subcommand; no option twice, and each is taken."""
    usage = daemon.ctl('help')
    for local in ([], ['--local']):
        commands = offered(*local, '')
        assert 'show' in commands and 'help' in commands and len(set(commands)) == len(commands)
        for command in set(commands) - {'help'}:
            assert f'  cvswctl {" ".join([*local, command])} ' in usage, command
            assert offered(*local, command[:-1]).count(command) == 1
    for command in 'overlay', 'key':
        for verb in offered(command, ''):
            assert f'  cvswctl {command} {verb}' in usage, verb
    options = offered('overlay', 'add', '--')
    assert {'--vni', '--encrypt', '--new', '--json'} <= set(options) and '--strict' not in options
    assert {'--strict', '--take-over'} <= set(offered('del-flows', 'tap0', '--'))
    assert '--vni' not in offered('overlay', 'del', '--')


def test_arguments(_):
    assert offered('trace', 'tap0', 'ff', '') == ['HOST', 'NET']
    assert offered('trace', 'tap0', 'ff', 'N') == ['NET']
    assert offered('set-mtu', 'tap0', '') == ['auto']
    assert offered('set-offload', 'tap0', 'csum,t') == ['csum,tso']
    assert offered('set-offload', 'tap0', 'n') == ['none']
    assert offered('set-offload', 'tap0', 'a') == ['auto']
    assert offered('set-key', 'tap0', 'spi=7', 'd') == ['dir=in', 'dir=out']
    assert offered('set-key', 'tap0', 'dir=in', 's') == ['spi=']
    assert offered('set-key', 'tap0', 'alg=aes-gcm-1') == ['alg=aes-gcm-128']
    assert offered('overlay', 'add', 'blue', '--encrypt', '') == ['aes-gcm-128', 'aes-gcm-256']
    for words in (('add-flows', 'tap0', ''), ('key', 'add', 'tap0', '--file', ''), ('--socket', '')):
        assert ':files' in offered(*words), words
    for words in ((), ('nonsense', ''), ('add-flow', 'tap0', ''), ('--vni', ''), ('overlay', 'fly', ''),
                  ('show', '')):
        assert not offered(*words), words
    assert 'lo' in offered('--local', 'show', '')


def test_from_the_daemon(daemon):
    socket = '--socket', daemon.socket
    assert not offered(*socket, 'add-flow', '')
    with Three(daemon):
        daemon.ctl('overlay', 'add', 'blue', '--vni', '7', 'tap0')
        assert set(offered(*socket, 'add-flow', '')) == NICS
        assert set(offered(f'--socket={daemon.socket}', 'key', 'add', 'tap')) == {'tap0', 'tap1', 'tap2'}
        assert set(offered(*socket, '--timeout', '3', '-j', 'stats', '02')) == {MAC_A, MAC_B, MAC_C}
        assert offered(*socket, 'overlay', 'join', '') == ['blue']
        # Members may be any number, and options stand anywhere.
        assert set(offered(*socket, 'overlay', 'join', 'blue', 'tap1', 'tap2', '')) == NICS
        assert set(offered(*socket, 'overlay', 'add', 'red', '--vni', '8', '--encrypt', 'aes-gcm-128', '')) == NICS
        assert not offered(*socket, 'overlay', 'del', 'blue', '')


def test_bash(daemon):
    """Words are those of the user, not what bash splits at colons and equals signs."""
    with Three(daemon):
        assert shell(daemon, 'overl') == {'overlay'}
        assert shell(daemon, 'add-flow ') == NICS
        assert shell(daemon, 'add-flow 02:00:') == {mac[6:] for mac in (MAC_A, MAC_B, MAC_C)}
        assert shell(daemon, f'set-mtu {MAC_A} a') == {'auto'}
        assert shell(daemon, 'set-key tap0 dir=o') == {'out'}
        open(daemon.work + '/flows.txt', 'w', encoding='utf-8').close()
        assert shell(daemon, 'add-flows tap0 flo') == {'flows.txt'}


TESTS = [
    ('completion: every command and option of the help', test_every_command),
    ('completion: arguments', test_arguments),
    ('completion: NICs, ports and overlays of the daemon', test_from_the_daemon),
    ('completion: in bash', test_bash),
]


if __name__ == '__main__':
    sys.exit(run_tests(TESTS))
