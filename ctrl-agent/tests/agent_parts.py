# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon, the CLI and NICs at a fake switch, for the tests of both.
The first argument of a program that imports this is the build folder."""
import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from fake_switch import Nic, Switch

BIN = os.path.join(sys.argv[1], 'asan')
# Is version 2 built?
HAS_VERSION2 = '--allow-unauthenticated' in subprocess.run([BIN + '/cvswd', '--help'], capture_output=True,
                                                          text=True).stdout
MAC_A, MAC_B, MAC_C = '02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c'


class Daemon:
    version2 = True

    def __init__(self, *args, work=None):
        self.work = work or tempfile.mkdtemp(prefix='cvsw-agent.')
        self.socket = self.work + '/cvswd.sock'
        self.of = self.work + '/of.sock'
        self.args = args
        self.start()

    def start(self):
        self.log = open(self.work + '/log', 'ab')
        before = self.read_log().count('waiting for switches')
        self.process = subprocess.Popen(
            [BIN + '/cvswd', '--socket', self.socket, '--listen', 'unix:' + self.of,
             *['--allow-unauthenticated'] * (self.version2 and HAS_VERSION2), *self.args],
            stderr=self.log)
        # Who reads our output would wait for a daemon that a failed test has left.
        atexit.register(self.process.kill)
        wait_for(lambda: self.read_log().count('waiting for switches') > before or
                 self.process.poll() is not None)
        assert self.process.poll() is None, 'cvswd does not start: ' + self.read_log()

    def read_log(self):
        with open(self.work + '/log', errors='replace') as log:
            return log.read()

    def stop(self):
        """Ends it; a sanitizer's report or a bad exit is a failure."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(10)
        assert code == 0, f'cvswd exits with {code}: ' + self.read_log()[-3000:]
        assert not os.path.exists(self.socket) and not os.path.exists(self.of), 'sockets are left'

    def restart(self, *args, version2=False):
        """With other options."""
        self.version2 = version2
        self.stop()
        self.log.close()
        self.args = args
        self.start()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def switch(self, **how):
        return Switch(self.of, **how).connect()

    def ask(self, **request):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(20)
            sock.connect(self.socket)
            sock.sendall(json.dumps(request).encode() + b'\n')
            with sock.makefile() as answers:
                return json.loads(answers.readline())

    def nics(self):
        return {nic['mac']: nic for nic in self.ask(command='show')['nics']}

    def state(self, mac):
        return self.nics().get(mac, {}).get('state')

    def ctl_any(self, *args):
        """Whatever its status is."""
        return subprocess.run([BIN + '/cvswctl', '--socket', self.socket, *args], text=True,
                              stdout=subprocess.PIPE, timeout=30, check=False).stdout

    def ctl(self, *args, status=0, text='', stdin=''):
        done = subprocess.run([BIN + '/cvswctl', '--socket', self.socket, *args],
                              input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=30)
        assert done.returncode == status, f'{args}: status {done.returncode}: {done.stdout}'
        assert text in done.stdout, f'{args}: {done.stdout}'
        return done.stdout


def wait_for(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Running:
    """Plays a switch in the background while a test uses the CLI."""

    def __init__(self, switch):
        self.switch = switch

    def __enter__(self):
        self.on = True
        self.thread = threading.Thread(target=self.loop)
        self.thread.start()
        return self.switch

    def loop(self):
        while self.on and not self.switch.closed:
            self.switch.poll(0.02)

    def __exit__(self, *_):
        self.on = False
        self.thread.join()


class Three:
    """A switch with three NICs, running; the daemon has heard them."""

    def __init__(self, daemon, nics=None):
        self.switch = daemon.switch(ports=(1, 2, 3))
        self.nics = nics or [Nic(mac) for mac in (MAC_A, MAC_B, MAC_C)]
        for number, nic in enumerate(self.nics, 1):
            self.switch.link_up(number, nic)
        self.running = Running(self.switch)
        self.daemon = daemon

    def __enter__(self):
        self.running.__enter__()
        assert wait_for(lambda: all(self.daemon.state(mac) == 'in sync'
                                    for mac in (MAC_A, MAC_B, MAC_C)))
        return self.nics

    def __exit__(self, *what):
        self.running.__exit__(*what)
        self.switch.close()


def run_tests(tests):
    """Each with a daemon of its own; TAP.  Arguments behind the build folder: only the tests for
    which "PROGRAM: NAME" contains one of them, in upper or lower case; --list prints the names."""
    failed = ran = 0
    program, wanted = os.path.basename(sys.argv[0]).split('.')[0], sys.argv[2:]
    if wanted == ['--list']:
        print(*(name for name, _ in tests), sep='\n')
        return 0
    for name, test in tests:
        if wanted and not any(part.lower() in f'{program}: {name}'.lower() for part in wanted):
            continue
        ran += 1
        daemon = Daemon()
        try:
            test(daemon)
            daemon.stop()
            print(f'ok - agent daemon: {name}', flush=True)
        except Exception as why:        # pylint: disable=broad-except
            failed += 1
            print(f'not ok - agent daemon: {name}')
            print('# ' + ''.join(traceback.format_exception(why)[-4:]).replace('\n', '\n# '))
            if daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait()
            print('# ' + daemon.read_log()[-1500:].replace('\n', '\n# '), flush=True)
        daemon.log.close()
        shutil.rmtree(daemon.work)
    if not ran:
        print(f'{sys.argv[0]}: no test has such a name', file=sys.stderr)
        return 2
    return 1 if failed else 0
