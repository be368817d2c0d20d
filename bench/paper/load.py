# SPDX-License-Identifier: GPL-2.0
"""UDP through some pairs at once: what arrives, what it costs this machine, what the wire saw."""
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor, wait

from lab.guest import GuestDead
from lab.process import LabError

PATTERN = b"0123456789" * 3         # iperf3 --repeating-payload
ETH_P_ALL = 3
FRAMES = 20                         # at least so many are looked at
ATTEMPTS = 3                        # of a run whose own control connection is drowned
FLOWING = 20000                     # bytes: more than iperf3 says before it sends data
SETTLE, WINDOW = 0.15, 0.6          # parts of a run: until all pairs send, and in which CPU time is taken
TICK = 1 / os.sysconf("SC_CLK_TCK")


class Drowned(LabError):
    """iperf3's control connection, which shares the way with what is measured, got lost."""


class Wire:
    """
    The first frames that host 0 sends in a run, as many as a socket's buffer holds.

    Whatever comes later is not copied, so looking costs a run next to nothing.
    """

    def __enter__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind(("wire0", ETH_P_ALL))
        return self

    def __exit__(self, *_):
        self.socket.close()

    def frames(self):
        while True:
            try:
                frame, (_, _, kind, *_) = self.socket.recvfrom(65536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            if kind == socket.PACKET_OUTGOING:
                yield frame

    def check(self, way, count):
        """
        All frames of this way are what it says.  Returns how many.

        The plaintext's pattern has to be found where nothing is encrypted, so that not finding it means something.
        """
        sources = way.sources(count)
        seen = readable = 0
        for frame in self.frames():
            if frame[6:12] not in sources:
                continue
            if why := way.wrong(frame):
                raise LabError(f"{way.text}: on the wire: {why}: {frame[:64].hex()}")
            seen += 1
            readable += PATTERN in frame
        if seen < FRAMES:
            raise LabError(f"{way.text}: only {seen} of its frames were seen on the wire")
        if way.encrypted and readable:
            raise LabError(f"{way.text}: {readable} of {seen} frames on the wire can be read")
        if not way.encrypted and not readable:
            raise LabError(f"{way.text}: the known text is in none of {seen} frames on the wire, unencrypted as they are")
        return seen


def wire_bytes():
    """That host 0 has sent."""
    with open("/proc/self/net/dev", encoding="ascii") as counters:
        return next(int(line.split(":")[1].split()[8]) for line in counters if line.lstrip().startswith("wire0:"))


class Cpu:
    """
    What the middle of a run takes of this machine's CPU time.

    Not its beginning and end: to start iperf3 in an emulated guest takes as long as to send a megabyte.
    .spent: seconds by who; .others: the part of all the CPU time that went to anything else, which should
    be little; .bytes: that were on the wire meanwhile.
    """

    def __init__(self, pairs, count):
        self.pids = {"vms": [vm.process.pid for vm in pairs.members(count)], "vswitch": [pairs.hosts.switch.pid]}

    @staticmethod
    def _seconds(pids):
        total = 0
        for task in (f"/proc/{pid}/task/{tid}" for pid in pids for tid in os.listdir(f"/proc/{pid}/task")):
            try:
                with open(f"{task}/schedstat", encoding="ascii") as stat:
                    total += int(stat.read().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                pass                # a thread that has ended
        if not total:
            raise LabError("/proc/PID/task/TID/schedstat does not tell the CPU time of a thread here")
        return total / 1e9

    @staticmethod
    def _machine():
        """(seconds at work, seconds altogether) of all cores."""
        with open("/proc/stat", encoding="ascii") as stat:
            # user, nice, system, idle, iowait, irq, softirq, steal; a guest's time is in user
            times = [int(word) * TICK for word in stat.readline().split()[1:9]]
        return sum(times) - times[3] - times[4], sum(times)

    def _now(self):
        work, total = self._machine()
        return {"work": work, "total": total, "bytes": wire_bytes(),
                **{who: self._seconds(pids) for who, pids in self.pids.items()}}

    def measure(self, jobs, seconds):
        """Call when the jobs of a run of so many seconds begin."""
        idle = wire_bytes()
        while wire_bytes() < idle + FLOWING and not all(job.done() for job in jobs):
            time.sleep(0.02)
        wait(jobs, SETTLE * seconds)
        before = self._now()
        wait(jobs, WINDOW * seconds)
        past = {what: now - before[what] for what, now in self._now().items()}
        self.spent, self.bytes = {who: past[who] for who in self.pids}, past["bytes"]
        self.others = max(0, past["work"] - sum(self.spent.values())) / past["total"] if past["total"] else 0


def one_flow(pairs, pair, address, size, seconds, rate):
    """(bits that arrived, bits sent, seconds)"""
    server = pairs.servers[pair - 1]
    end = server.run(pairs.sender(pair), address, seconds, f"-u -b {rate} -l {size} --repeating-payload")
    return server.arrived(end) * size * 8, end["sum"]["packets"] * size * 8, end["sum"]["seconds"]


def attempt(pairs, way, count, size, seconds, rate):
    with Wire() as wire:
        cpu, before = Cpu(pairs, count), wire_bytes()
        with ThreadPoolExecutor(count) as pool:
            jobs = [pool.submit(one_flow, pairs, pair, way.server(pair), size, seconds, rate)
                    for pair in range(1, count + 1)]
            cpu.measure(jobs, seconds)
        for pair, job in enumerate(jobs, 1):
            if isinstance(job.exception(), GuestDead):
                raise job.exception()
            if job.exception():
                pairs.new_server(pair)
        if failed := [job.exception() for job in jobs if job.exception()]:
            raise Drowned(f"{way.text}, {count} pairs, {size} bytes: {failed[0]}")
        checked = wire.check(way, count)
    flows = [job.result() for job in jobs]
    # Meanwhile, if of what is on the wire always the same part arrives.
    arrived = sum(bits for bits, _, _ in flows) / 8 * cpu.bytes / (wire_bytes() - before)
    return {"mbit": [bits / length / 1e6 for bits, _, length in flows],
            "sent_mbit": [sent / length / 1e6 for _, sent, length in flows],
            "ns_per_byte": {who: used * 1e9 / arrived for who, used in cpu.spent.items()} if arrived else None,
            "others": cpu.others, "frames_checked": checked}


def run(pairs, way, count, size, seconds, rate="0"):
    """
    UDP of a size through so many pairs, as fast as it goes or at a rate (iperf3's -b, of each sender).

    Returns None if iperf3 got its own results through in none of its attempts.
    """
    way.before_run(pairs, count)
    for number in range(ATTEMPTS):
        try:
            return {**attempt(pairs, way, count, size, seconds, rate), "repeats": number}
        except Drowned as why:
            print(f"bench-paper: again: {why}", flush=True)
    return None
