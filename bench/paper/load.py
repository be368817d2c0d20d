# SPDX-License-Identifier: GPL-2.0
"""UDP through some pairs at once: what arrives, what it costs this machine, what the wire saw."""
import os
import socket
from concurrent.futures import ThreadPoolExecutor

from lab.guest import GuestDead
from lab.process import LabError

PATTERN = b"0123456789" * 3         # iperf3 --repeating-payload
ETH_P_ALL = 3
FRAMES = 20                         # at least so many are looked at
ATTEMPTS = 3                        # of a run whose own control connection is drowned
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


class Cpu:
    """
    `with`: .vms and .vswitch are the seconds of CPU time that QEMU and ovs-vswitchd took.

    .others: the part of the machine's CPU time that went to anything else, which should be little.
    """

    def __init__(self, pairs, count):
        self.pids = {"vms": [vm.process.pid for vm in pairs.members(count)], "vswitch": [pairs.hosts.switch.pid]}

    @staticmethod
    def _seconds(pids):
        total = 0
        for pid in pids:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
                # behind the name, which may have blanks: utime and stime are fields 14 and 15
                fields = stat.read().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total * TICK

    @staticmethod
    def _machine():
        """(seconds at work, seconds altogether) of all cores."""
        with open("/proc/stat", encoding="ascii") as stat:
            # user, nice, system, idle, iowait, irq, softirq, steal; a guest's time is in user
            times = [int(word) * TICK for word in stat.readline().split()[1:9]]
        return sum(times) - times[3] - times[4], sum(times)

    def _now(self):
        work, total = self._machine()
        return {"work": work, "total": total, **{who: self._seconds(pids) for who, pids in self.pids.items()}}

    def __enter__(self):
        self.before = self._now()
        return self

    def __exit__(self, *_):
        spent = {who: now - self.before[who] for who, now in self._now().items()}
        self.vms, self.vswitch = spent["vms"], spent["vswitch"]
        self.others = max(0, spent["work"] - self.vms - self.vswitch) / spent["total"]


def one_flow(pairs, pair, address, size, seconds, rate):
    """(bits that arrived, bits sent, seconds)"""
    server = pairs.servers[pair - 1]
    end = server.run(pairs.sender(pair), address, seconds, f"-u -b {rate} -l {size} --repeating-payload")
    return server.arrived(end) * size * 8, end["sum"]["packets"] * size * 8, end["sum"]["seconds"]


def attempt(pairs, way, count, size, seconds, rate):
    with Wire() as wire:
        with Cpu(pairs, count) as cpu, ThreadPoolExecutor(count) as pool:
            jobs = [pool.submit(one_flow, pairs, pair, way.server(pair), size, seconds, rate)
                    for pair in range(1, count + 1)]
        for pair, job in enumerate(jobs, 1):
            if isinstance(job.exception(), GuestDead):
                raise job.exception()
            if job.exception():
                pairs.new_server(pair)
        if failed := [job.exception() for job in jobs if job.exception()]:
            raise Drowned(f"{way.text}, {count} pairs, {size} bytes: {failed[0]}")
        checked = wire.check(way, count)
    flows = [job.result() for job in jobs]
    arrived = sum(bits for bits, _, _ in flows) / 8
    spent = {"vms": cpu.vms, "vswitch": cpu.vswitch}
    return {"mbit": [bits / length / 1e6 for bits, _, length in flows],
            "sent_mbit": [sent / length / 1e6 for _, sent, length in flows],
            "ns_per_byte": {who: used * 1e9 / arrived for who, used in spent.items()} if arrived else None,
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
