# SPDX-License-Identifier: GPL-2.0
"""
Where a lab lives: in network, mount and PID namespaces of its own.

The lab's first process is PID 1 there. When it ends, however that happens,
the kernel kills every other process of the lab, and with the last of them go
its interfaces, its /run (sockets, pid files, Open vSwitch's database) and the
namespaces themselves. The process outside waits, and then looks whether that
is true.
"""
import ctypes
import os
import signal
import subprocess
import sys
import time
import traceback

from lab.process import LabError

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1

# Where the programs that a lab starts write if they are not kept from it.
WATCHED = ("/run/cvsw", "/run/netns", "/run/openvswitch", "/dev/shm", "/etc/openvswitch",
           "/var/lib/openvswitch", "/var/log/openvswitch")

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _mount(kind, where, flags=MS_NOSUID | MS_NODEV):
    _checked(_libc.mount(kind.encode(), where.encode(), kind.encode(), flags, None),
             f"mount {where}")


def _enter():
    """Make the calling process, PID 1 of its PID namespace, the lab's first."""
    # Root's PATH after `su` has no sbin.
    os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _checked(_libc.unshare(CLONE_NEWNS | CLONE_NEWNET), "unshare")
    _checked(_libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount / private")
    _mount("proc", "/proc")
    _mount("tmpfs", "/run")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.mkdir("/run/tmp")
    os.environ["TMPDIR"] = "/run/tmp"
    # PID 1 gets only the signals it asks for; Python has asked for SIGINT.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: sys.exit(128 + got))


def _child(main):
    status = 1
    try:
        _enter()
        status = main() or 0
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        status = 130
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except LabError as why:
        print(f"\nfailed: {why}", file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


class Traces:
    """
    What a lab could leave behind, as seen from outside.

    A namespace lives as long as a process or a mount holds it: those are looked for.
    """

    def __init__(self, marker):
        self.marker = marker.encode()
        self.before = self._look()

    def _processes(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as environ:
                    if int(pid) != os.getpid() and self.marker in environ.read().split(b"\0"):
                        with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
                            yield f"process {pid} ({comm.read().strip()})"
            except OSError:
                pass

    def _look(self):
        found = {f"interface {name}" for name in os.listdir("/sys/class/net")}
        found.update(self._processes())
        for top in WATCHED:
            for folder, _, files in os.walk(top):
                found.update([f"folder {folder}"] + [f"file {folder}/{name}" for name in files])
        with open("/proc/self/mounts", encoding="utf-8") as mounts:
            found.update(f"mount {line.split()[1]}" for line in mounts)
        return found

    def left(self, patience=5.0):
        """Names of what is there now and was not before; waits for the kernel to tidy up."""
        end = time.monotonic() + patience
        while (left := self._look() - self.before) and time.monotonic() < end:
            time.sleep(0.1)
        return sorted(left)


def run(main, tell=False):
    """
    Run main() as the first process of a new lab. tell: say that nothing is left behind.

    Returns its exit status; 3 if it succeeded but left something behind.
    Ctrl-C reaches main() as KeyboardInterrupt, SIGTERM as SystemExit.
    """
    if os.geteuid() != 0:
        sys.exit("this needs root: namespaces, TUN and an Open vSwitch of its own")
    marker = f"CVSW_LAB={os.getpid()}.{time.time_ns()}"
    os.environ["CVSW_LAB"] = marker.partition("=")[2]
    traces = Traces(marker)
    sys.stdout.flush()
    home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    _checked(_libc.unshare(CLONE_NEWPID), "unshare (PID namespace)")
    pid = os.fork()
    if pid == 0:
        _child(main)
    # Or nothing could be started any more once the lab's first process is gone.
    _checked(_libc.setns(home, CLONE_NEWPID), "setns (PID namespace)")
    os.close(home)
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # the terminal sends it to main() as well
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: os.kill(pid, got))
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    left = traces.left()
    for name in left:
        print(f"# left behind: {name}", file=sys.stderr)
    if tell and not left:
        print("Looked: no process, interface, namespace, mount or file was left behind.")
    return status or (3 if left else 0)


def run_all(mains):
    """Run several labs side by side, each as run() does; returns 0 or the last bad status."""
    sys.stdout.flush()
    pids = []
    for main in mains:
        pids.append(os.fork())
        if pids[-1] == 0:
            os._exit(run(main))
    # run() knows what to do about a signal; the terminal's Ctrl-C reaches it anyway.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: [os.kill(pid, got) for pid in pids])
    status = 0
    for pid in pids:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) or status
    return status
