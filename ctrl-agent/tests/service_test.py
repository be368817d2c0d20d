#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cvswd as a service: its units, its notifications, its sockets, without root.
Prints TAP. Usage: service_test.py BUILD-FOLDER [part of a test's name]"""
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time

from agent_parts import BIN, Daemon, Running, run_tests, wait_for
from fake_switch import Switch

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
NOBODY = 65534
EXPOSURE = 15       # tenths


# ---- the units, offline ----

def analyze(root, *args):
    """systemd-analyze on a root folder: status and output."""
    done = subprocess.run(['systemd-analyze', *args[:1], '--root=' + root, *args[1:]], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout


def install(daemon):
    """A root folder with our units and this machine's, Open vSwitch's among them."""
    root = daemon.work + '/root'
    shutil.copytree('/lib/systemd', root + '/lib/systemd', symlinks=True)
    os.mkdir(root + '/usr')
    os.symlink('../lib', root + '/usr/lib')
    env = {key: value for key, value in os.environ.items() if not key.startswith('MAKE')}
    subprocess.run(['make', '-C', TOP, 'agent-install', 'BUILD=' + os.path.abspath(sys.argv[1]),
                    'DESTDIR=' + root], check=True, stdout=subprocess.DEVNULL, env=env)
    for program in ('/bin/true', '/usr/share/openvswitch/scripts/ovs-ctl',
                    '/usr/share/openvswitch/scripts/ovs-systemd-reload'):
        os.makedirs(os.path.dirname(root + program), exist_ok=True)
        shutil.copy('/bin/true', root + program)
    return root


OURS = ('cvswd.service', 'cvswd.socket')
ALL = ('openvswitch-switch.service', 'network.target', 'multi-user.target', 'sockets.target', *OURS)


def test_units(daemon):
    """Nothing to complain about, beside Open vSwitch's units too; and a cycle would be seen."""
    root = install(daemon)
    for units in (OURS, ALL):
        code, out = analyze(root, 'verify', '--man=no', *units)
        assert (code, out) == (0, ''), out
    unit = root + '/lib/systemd/system/cvswd.service'
    with open(unit) as file:
        text = file.read()
    with open(unit, 'w') as file:
        file.write(text.replace('[Service]', 'After=network.target\n'
                                'Before=openvswitch-switch.service\n[Service]'))
    code, out = analyze(root, 'verify', '--man=no', *ALL)
    assert 'ordering cycle' in out, 'the check sees no cycle: ' + out
    with open(unit, 'w') as file:
        file.write(text.replace('RestrictRealtime', 'RestrictRealTime'))
    assert analyze(root, 'verify', '--man=no', *OURS)[1], 'the check sees no unknown word'


def test_exposure(daemon):
    root = install(daemon)
    code, out = analyze(root, 'security', '--offline=true', f'--threshold={EXPOSURE}', OURS[0])
    assert code == 0, out[-300:]
    print('# ' + out.strip().splitlines()[-1])
    # With --direct: one capability and the packet sockets, no more.
    folder = root + '/etc/systemd/system/cvswd.service.d'
    os.makedirs(folder)
    shutil.copy(root + '/usr/share/cvsw/direct.conf', folder)
    code, out = analyze(root, 'verify', '--man=no', *OURS)
    assert (code, out) == (0, ''), out
    code, out = analyze(root, 'security', '--offline=true', '--threshold=22', OURS[0])
    assert code == 0, out[-300:]


# ---- notifications ----

class Manager:
    """Hears what sd_notify(3) would send."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(path)
        self.heard = []

    def hear(self, seconds=0.0):
        end = time.monotonic() + seconds
        while True:
            self.sock.settimeout(max(end - time.monotonic(), 0.001))
            try:
                self.heard.append(self.sock.recv(1000).decode())
            except (TimeoutError, BlockingIOError):
                return self.heard


def test_notify(daemon):
    """READY when clients can connect, WATCHDOG from the event loop, STOPPING."""
    for name in (daemon.work + '/notify', '\0cvsw-notify-%d' % os.getpid()):
        manager = Manager(name)
        env = {**os.environ, 'NOTIFY_SOCKET': name.replace('\0', '@'), 'WATCHDOG_USEC': '600000'}
        sock = daemon.work + '/other.sock'
        process = subprocess.Popen([BIN + '/cvswd', '--socket', sock, '--listen',
                                    'unix:' + sock + '.of'], env=env, stderr=subprocess.DEVNULL)
        assert wait_for(lambda: 'READY=1' in manager.hear(0.1), 10), manager.heard
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(sock)
        beats = manager.hear(2).count('WATCHDOG=1')
        assert 5 <= beats <= 11, manager.heard
        process.send_signal(signal.SIGSTOP)
        manager.hear(0.3)
        manager.heard.clear()
        assert not manager.hear(1), 'it beats though its loop stands still'
        process.send_signal(signal.SIGCONT)
        process.terminate()
        assert process.wait(10) == 0
        assert 'STOPPING=1' in manager.hear(0.1), manager.heard
        manager.sock.close()


# ---- sockets ----

def test_folder_comes_later(daemon):
    """--listen in a folder that is not there, comes, goes with all that is in it, and comes."""
    folder = daemon.work + '/run/openvswitch'
    os.mkdir(daemon.work + '/other-work')
    other = Daemon('--listen', f'unix:{folder}/of.sock', work=daemon.work + '/other-work')
    for _ in range(2):
        assert not os.path.exists(folder) and other.process.poll() is None
        os.makedirs(folder)
        assert wait_for(lambda: os.path.exists(folder + '/of.sock'), 4), other.read_log()
        Switch(folder + '/of.sock').connect().close()
        shutil.rmtree(folder)
        time.sleep(2.5)
    assert other.read_log().count('yet: No such file or directory; trying again') == 3
    other.stop()


def Activated(daemon, *args, removed='', address=None):
    """cvswd as nobody, with a socket that root opened where only root may, or at @address."""
    work = daemon.work + '/activated'
    os.makedirs(work + '/rundir')
    os.makedirs(work + '/run', mode=0o750)
    os.chown(work + '/run', NOBODY, NOBODY)
    for folder in (daemon.work, work):
        os.chmod(folder, 0o755)
    log = open(work + '/log', 'w')
    process = subprocess.Popen([HERE + '/activate.py', address or work + '/rundir/cvswd.sock', str(NOBODY),
                                BIN + '/cvswd', '--socket', work + '/run/cvswd.sock',
                                '--state', work + '/run/cvswd.db', *args], stderr=log,
                               env={**os.environ, 'ASAN_OPTIONS': 'detect_leaks=0', 'REMOVED': removed})
    assert wait_for(lambda: os.path.exists(work + '/run/cvswd.sock'), 10), open(work + '/log').read()
    return work, process


def ctl_as(work, user, *groups):
    done = subprocess.run([BIN + '/cvswctl', '--socket', work + '/run/cvswd.sock', 'show'],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, user=user,
                          group=user, extra_groups=groups, timeout=10)
    return done.returncode, done.stdout


def test_activated(daemon):
    """Without root, on a socket from the service manager, in a folder that is root's."""
    subprocess.run([BIN + '/cvswd', '--version'], check=True, stdout=subprocess.DEVNULL)
    work, process = Activated(daemon, '--socket-group', 'nogroup')
    path = work + '/rundir/cvswd.sock'
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and os.stat(path).st_uid == 0
    switch = Switch(path).connect()
    with Running(switch):
        assert wait_for(lambda: 'rules are in place' in open(work + '/log').read())
        assert f'unix:{path} (pid' in ctl_as(work, 0)[1]
        # The group may, others may not.
        assert stat.S_IMODE(os.stat(work + '/run/cvswd.sock').st_mode) == 0o660
        assert ctl_as(work, 12345, NOBODY)[0] == 0
        code, out = ctl_as(work, 12345)
        assert code == 1 and 'Permission denied' in out, out
    switch.close()
    with open(f'/proc/{process.pid}/status') as status:
        assert 'CapEff:\t0000000000000000' in status.read()
    process.terminate()
    assert process.wait(10) == 0, open(work + '/log').read()
    assert os.path.exists(path), "the service manager's socket was removed"
    log = open(work + '/log').read()
    assert 'tcp:127.0.0.1:6653' not in log, 'it listens by itself as well'


def test_socket_removed(daemon, removed=''):
    """A socket from the service manager that somebody removes is missed, once."""
    work, process = Activated(daemon, removed=removed)
    try:
        if not removed:
            os.unlink(work + '/rundir/cvswd.sock')
        assert wait_for(lambda: 'until cvswd.socket is restarted' in open(work + '/log').read(), 5)
        time.sleep(3)
        assert open(work + '/log').read().count('has been removed') == 1
    finally:
        process.terminate()
    assert process.wait(10) == 0


def test_socket_removed_before(daemon):
    """Likewise if it is gone when cvswd starts."""
    test_socket_removed(daemon, removed='1')


def test_abstract_socket(daemon):
    """A socket with an abstract name has no file: none is missed, and none is removed."""
    name = f'@cvsw-switches-{os.getpid()}'
    work, process = Activated(daemon, address=name)
    try:
        switch = Switch(name.replace('@', '\0')).connect()
        with Running(switch):
            assert wait_for(lambda: 'rules are in place' in open(work + '/log').read())
            time.sleep(3)
        switch.close()
    finally:
        process.terminate()
    assert process.wait(10) == 0
    assert 'removed' not in open(work + '/log').read(), open(work + '/log').read()


def test_wrong_sockets(daemon):
    """A descriptor that is no listening socket; one for another process."""
    for fds, pid, code in (('1', None, 1), ('1', '1', None), ('99', None, None), ('x', None, None)):
        with open(os.devnull) as null, open(daemon.work + '/wrong.log', 'w+') as log:
            script = (f'import os; os.dup2({null.fileno()}, 3); '
                      f'os.environ.update(LISTEN_FDS="{fds}", LISTEN_PID="{pid or ""}" or '
                      f'str(os.getpid())); os.execv("{BIN}/cvswd", ["cvswd", "--socket", '
                      f'"{daemon.work}/w", "--listen", "unix:{daemon.work}/w.of"])')
            process = subprocess.Popen([sys.executable, '-c', script], stderr=log,
                                       pass_fds=[null.fileno()])
            if code is None:
                assert wait_for(lambda: os.path.exists(daemon.work + '/w'), 10)
                process.terminate()
            assert process.wait(10) == (code or 0), open(daemon.work + '/wrong.log').read()


TESTS = [
    ('service: systemd has nothing against the units', test_units),
    ('service: little of the machine is exposed to it', test_exposure),
    ('service: ready, alive, stopping', test_notify),
    ('service: a socket whose folder comes later', test_folder_comes_later),
    ('service: without root, on a socket of the service manager', test_activated),
    ('service: its socket is removed', test_socket_removed),
    ('service: its socket is gone before it starts', test_socket_removed_before),
    ('service: a socket with an abstract name', test_abstract_socket),
    ('service: descriptors that are no sockets', test_wrong_sockets),
]


if __name__ == '__main__':
    sys.exit(run_tests(TESTS))
