# SPDX-License-Identifier: GPL-2.0
"""Programs that a lab runs: started, and ended by their pid."""
import contextlib
import os
import shlex
import subprocess
import time


class LabError(Exception):
    """Something of the lab itself does not work."""


def wait_for(what, condition, seconds=10.0, every=0.05):
    """Poll until condition() is true and return what it said."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise LabError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(every)
    return value


def call(*argv, check=True, timeout=20, **options):
    """Run a program to its end; returns its output, stdout and stderr as they came."""
    argv = [str(arg) for arg in argv]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=timeout, check=False, **options)
    if check and done.returncode != 0:
        raise LabError(f"{shlex.join(argv)}: status {done.returncode}: {done.stdout.strip()}")
    return done.stdout


class Process:
    """A program that runs beside us, its output in a log."""

    def __init__(self, name, argv, log):
        self.name = name
        self.log = log
        with open(log, "ab") as out:
            # A session of its own: Ctrl-C is for us, and we end things in order.
            self.popen = subprocess.Popen([str(arg) for arg in argv], stdin=subprocess.DEVNULL,
                                          stdout=out, stderr=out, start_new_session=True)

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def require(self):
        """Raise if the program has ended by itself."""
        if not self.alive():
            raise LabError(f"{self.name} ended with {self.popen.returncode}; see {self.log}")
        return True

    def nice(self, value):
        """Its priority over other programs', all its threads'."""
        os.setpriority(os.PRIO_PGRP, self.pid, value)
        # Where the kernel groups sessions, a program competes as one.
        with contextlib.suppress(OSError), \
             open(f"/proc/{self.pid}/autogroup", "w", encoding="ascii") as group:
            group.write(str(value))

    def stop(self, seconds=5.0):
        if self.alive():
            self.popen.terminate()
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self):
        self.popen.kill()
        return self.popen.wait()
