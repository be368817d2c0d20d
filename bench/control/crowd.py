# SPDX-License-Identifier: GPL-2.0
"""What thousands of NICs with keys, in overlays, cost cvswd: crowd.py BIN CROWD OUT NICS...

    crowd (10 OpenFlow switches, a light NIC of version 3 behind each port) == cvswd --state == crowd.py

For each number of NICs: the switches connect, the NICs join encrypted overlays of 100, rest, get new
keys, and then cvswd is started again.  Each phase lasts until no NIC has been given a flow or an SA,
or lost one, for QUIET seconds.  What is told is cvswd's processor time (/proc/PID/stat), its longest turn of the event
loop (processor time, from its log) and the longest that a client waited for an answer (which
includes what else the machine does).
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from closing import cpu_model, goal, leave  # noqa: E402

SWITCHES, MEMBERS = 10, 100
QUIET, IDLE, LIMIT = 3.0, float(os.environ.get("IDLE", 30)), float(os.environ.get("LIMIT", 900))
TICKS = os.sysconf("SC_CLK_TCK")
TURN = re.compile(r"a turn of the event loop took ([0-9.]+) ms")


def mac(number):
    return "02:c0:" + ":".join(f"{number >> shift & 255:02x}" for shift in (24, 16, 8, 0))


def key(number):
    return f"{number:08x}" + "5a" * 28


class Late(Exception):
    pass


class Daemon:
    def __init__(self, binary, work, nics):
        self.argv = [f"{binary}/cvswd", "--verbose", "--socket", f"{work}/api", "--listen", f"unix:{work}/of",
                     "--state", f"{work}/db", "--max-nics", str(nics + 1000)]
        self.api, self.log = f"{work}/api", f"{work}/log"
        self.start()

    def start(self):
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.argv, stderr=log)
        while True:
            try:
                self.ask(command="overlay-show", name="none")
                return
            except OSError:
                if self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def ask(self, **request):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(LIMIT)
            sock.connect(self.api)
            sock.sendall(json.dumps(request).encode() + b"\n")
            with sock.makefile() as answers:
                return json.loads(answers.readline())

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
            return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13])) / TICKS

    def memory(self):
        """MB that it has now."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return int(re.search(r"^VmRSS:\s+(\d+)", status.read(), re.M).group(1)) / 1000

    def logged(self):
        return os.path.getsize(self.log)

    def longest_turn(self, since):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(since)
            return max((float(found) for found in TURN.findall(log.read())), default=0.0)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Crowd:
    def __init__(self, binary, work, nics):
        self.process = subprocess.Popen([binary, f"{work}/of", str(SWITCHES), str(nics // SWITCHES)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self):
        self.process.stdin.write("?\n")
        return json.loads(self.process.stdout.readline())

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
            return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13])) / TICKS

    def wait(self, up):
        """Until all are there and nothing has changed for a while; the seconds that took."""
        begin = since = time.monotonic()
        before = None
        while time.monotonic() - begin < LIMIT:
            time.sleep(0.25)
            now = self.ask()
            changes = [now[what] for what in ("fresh", "flow_mods", "sas_added", "sas_removed")]
            if changes != before:
                before, since = changes, time.monotonic()
            elif now["up"] == up and time.monotonic() - since > QUIET:
                return since - begin
        raise Late(f"not done after {LIMIT:.0f} s: {now}")

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Probe:
    """A client that asks for little, again and again, and notes the longest answer."""

    def __init__(self, daemon):
        self.daemon, self.on, self.longest = daemon, True, 0.0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.on:
            begin = time.monotonic()
            self.daemon.ask(command="overlay-show", name="none")
            self.longest = max(self.longest, time.monotonic() - begin)
            time.sleep(0.1)

    def end(self):
        self.on = False
        self.thread.join()
        return 1000 * self.longest


class Run:
    """All phases, for a number of NICs."""

    def __init__(self, binary, crowd, nics):
        self.nics, self.phases = nics, {}
        self.work = tempfile.mkdtemp(prefix="crowd.")
        self.daemon = Daemon(binary, self.work, nics)
        self.crowd = None
        try:
            self.run(crowd)
        except Late as late:
            print(f"bench-control: {nics} NICs: {late}", flush=True)
        finally:
            self.daemon.stop()
            if self.crowd:
                self.crowd.stop()
            shutil.rmtree(self.work)

    def phase(self, name, do, seconds=None):
        log, cpu = self.daemon.logged(), self.daemon.cpu()
        other = self.crowd.cpu() if self.crowd else 0.0
        probe = Probe(self.daemon)
        took = None
        try:
            do()
            if seconds:
                time.sleep(seconds)
                took = seconds
            elif self.crowd:
                took = self.crowd.wait(self.nics)
        finally:
            found = {"cpu": self.daemon.cpu() - cpu, "seconds": took, "client_waits_ms": probe.end(),
                     "longest_turn_ms": self.daemon.longest_turn(log), "memory_mb": self.daemon.memory(),
                     "nics_cpu": (self.crowd.cpu() if self.crowd else 0.0) - other}
            self.phases[name] = found
            print(f"bench-control: {self.nics} NICs: {name}: {json.dumps(found)}", flush=True)

    def ask(self, **request):
        answer = self.daemon.ask(**request)
        if not answer["ok"]:
            raise RuntimeError(f"{request['command']}: {answer}")
        return answer

    def add_keys(self):
        for number in range(self.nics):
            self.ask(command="key-add", nic=mac(number), key=key(number))

    def add_strangers(self):
        for number in range(20):
            self.ask(command="key-add", nic=mac(0x10000000 + number), key=key(0x10000000 + number))

    def add_overlays(self):
        for number in range(self.nics // MEMBERS):
            first = number * MEMBERS
            self.ask(command="overlay-add", name=f"o{number}", vni=number + 1, encrypt="aes-gcm-128", rekey_s=0,
                     members=[mac(i) for i in range(first, first + MEMBERS)], wait=False)

    def renew(self):
        for number in range(self.nics // MEMBERS):
            self.ask(command="overlay-renew", name=f"o{number}", wait=False)

    def start_again(self):
        self.daemon.stop()
        self.daemon.start()

    def run(self, crowd):
        def connect():
            self.crowd = Crowd(crowd, self.work, self.nics)

        self.phase("keys", self.add_keys, 1)
        self.phase("connect", connect)
        self.phase("20 more keys", self.add_strangers, 1)
        self.phase("idle without overlays", lambda: None, IDLE)
        self.phase("overlays", self.add_overlays)
        self.phase("idle", lambda: None, IDLE)
        self.phase("new keys", self.renew)
        self.restart()
        self.check()

    def restart(self):
        """Its processor time begins at zero."""
        log, before, other = self.daemon.logged(), self.crowd.ask(), self.crowd.cpu()
        self.start_again()
        took = self.crowd.wait(self.nics)
        self.phases["restart"] = {"cpu": self.daemon.cpu(), "seconds": took, "memory_mb": self.daemon.memory(),
                                  "longest_turn_ms": self.daemon.longest_turn(log), "nics_cpu": self.crowd.cpu() - other,
                                  "new_sas": self.crowd.ask()["sas_added"] - before["sas_added"]}
        print(f"bench-control: {self.nics} NICs: restart: {json.dumps(self.phases['restart'])}", flush=True)

    def check(self):
        states = [nic["state"] for nic in self.daemon.ask(command="show")["nics"]]
        settled = [overlay["settled"] for overlay in self.daemon.ask(command="overlay-show")["overlays"]]
        if states.count("in sync") != self.nics or not all(settled) or len(settled) != self.nics // MEMBERS:
            raise RuntimeError(f"{states.count('in sync')} of {self.nics} NICs are in sync, "
                               f"{sum(settled)} of {self.nics // MEMBERS} overlays settled")

    def get(self, phase, what):
        return self.phases.get(phase, {}).get(what)


def goals(run):
    idle = run.get("idle", "cpu")
    name = f"{run.nics} NICs in overlays of {MEMBERS}: "
    return [goal(name + "idle, % of a core", None if idle is None else 100 * idle / IDLE, 3, less=True),
            goal(name + "longest turn while keys are renewed, ms", run.get("new keys", "longest_turn_ms"), 50, less=True),
            goal(name + "restart to in sync, s of processor time", run.get("restart", "cpu"), 20, less=True),
            goal(name + "memory at rest, MB", run.get("idle", "memory_mb"), 300, less=True)]


def plot(runs, out):
    with open(f"{out}.dat", "w", encoding="utf-8") as data:
        for run in runs:
            print(run.nics, *(run.get(phase, "cpu") or "?" for phase in ("connect", "overlays", "new keys", "restart")),
                  file=data)
    curves = ", ".join(f"'{out}.dat' using 1:{column} with linespoints title '{name}'"
                       for column, name in enumerate(("connect", "overlays", "new keys", "restart"), 2))
    return ["set terminal svg noenhanced size 800,500 font 'sans,12'", f"set output '{out}.svg'", "set logscale xy",
            "set xlabel 'NICs'", "set ylabel 's of processor time'", "set datafile missing '?'", "set grid",
            "set key left top", "plot " + curves]


def main():
    binary, crowd, out, *numbers = sys.argv[1:]
    runs = [Run(binary, crowd, int(number)) for number in numbers]
    print()
    told = [line for run in runs for line in goals(run)]
    about = {"cpu": cpu_model(), "load_average": os.getloadavg()[0]}
    leave(out, {"about": about, "goals": told, "runs": {run.nics: run.phases for run in runs}}, plot(runs, out))


main()
