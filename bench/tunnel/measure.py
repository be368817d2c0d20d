# SPDX-License-Identifier: GPL-2.0
"""Measures tunnels side by side on the virtio wire; runs inside User-Mode Linux.

    measure.py MODULES KERNEL ROUNDS SECONDS [CASE...]

    netns A0: a0 (virtio_net) ------ wire 0 ------ b0 (virtio_net) :netns B0      stock kernel
    netns A1: a0 (cvsw_virtio_net) - wire 1 ------ b0 (cvsw_virtio_net) :netns B1 CVSW

Both wires are the same code with the same device features; one CPU does all.  Each
case sets its end-to-end path up, is measured, and takes it away again, so that the
others meet the wire as it was.  Output: one JSON object a line; report.py reads them.
"""
import contextlib
import json
import os
import platform
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{TOP}/kunit/wire_test")

import bench as wire_bench  # noqa: E402
from bench import Failed, expect, read, run, wait_for, write  # noqa: E402
import paths  # noqa: E402

DEBUG = "/sys/kernel/debug/cvsw_bench"
IPERF_PATTERN = b"0123456789" * 3       # iperf3 --repeating-payload
AES = ("crypto_simd", "aesni-intel", "cvsw_bench")
CAPTURED = 500                          # frames of a packet run that are looked at
NOBODY = "02:00:00:00:00:99"            # the receiving stack drops what is for it, and counts


def say(kind, **fields):
    print(json.dumps({"kind": kind, **fields}), flush=True)


class End(wire_bench.End):
    """An end of the wire of that number."""

    def __init__(self, number, side):
        self.side, self.number = side, number
        self.ns = wire_bench.Namespace(f"{side.upper()}{number}")
        self.address = f"10.0.{number}.{'ab'.index(side) + 1}"
        self.dir = f"/sys/kernel/debug/cvsw_wire/{number}/{side}"
        self.ifname = f"{side}0"
        self.mac = f"02:00:00:00:0{number}:0{'ab'.index(side) + 1}"
        for scope in ("all", "default"):        # its greetings would be among the frames measured
            self.ns.sysctl(f"net.ipv6.conf.{scope}.disable_ipv6", 1)

    def up(self):
        self.ns.ip(f"link set {self.ifname} up", f"addr replace {self.address}/24 dev {self.ifname}")


    @contextlib.contextmanager
    def capture(self):
        """What this end sends, until the wire's buffer is full; then pcap() has it."""
        self.set(capture=1)
        try:
            yield
        finally:
            self.set(capture=0)

    def pcap(self):
        with open(f"{self.dir}/pcap", "rb") as file:
            return file.read()


class Wire:
    def __init__(self, number):
        self.a, self.b = End(number, "a"), End(number, "b")
        self.ends = (self.a, self.b)

    def configure(self):
        for end in self.ends:
            end.configure()
        for end, peer in (self.ends, self.ends[::-1]):
            end.ns.ip(f"neigh replace {peer.address} lladdr {peer.mac} dev {end.ifname}")

    def features(self):
        """What was negotiated, and what the interface makes of it."""
        found = []
        for end in self.ends:
            offloads = end.ns.run("ethtool", "-k", end.ifname).splitlines()[1:]
            found.append((read(f"{end.device()}/features").strip(), offloads))
        return found


def lay_wires(modules, kernel):
    """The stock driver gets all four devices, and gives two of them up to ours."""
    def insmod(path, *parameters):
        run("insmod", path, *parameters)

    for name in AES:
        insmod(f"{modules}/{name}.ko")
    insmod(f"{kernel}/drivers/net/virtio_net.ko")
    insmod(f"{modules}/cvsw.ko", "allow_unauthenticated=1")
    insmod(f"{modules}/cvsw_wire.ko", "pairs=2")
    stock, cvsw = Wire(0), Wire(1)
    for end in cvsw.ends:
        end.unbind()
    insmod(f"{modules}/cvsw_virtio_net.ko")
    for wire, driver in ((stock, "virtio_net"), (cvsw, "cvsw_virtio_net")):
        wire.configure()
        for end in wire.ends:
            expect(end.driver() == driver, f"wire of {driver}: {end.side} has {end.driver()}")
    expect(stock.features() == cvsw.features(), "the two wires' device features differ")
    return stock, cvsw


class Cpu:
    """`with`: .ns that this kernel ran, as the host counts it, whoever else ran meanwhile."""

    def __enter__(self):
        self.before = int(read(f"{DEBUG}/host_cpu"))
        return self

    def __exit__(self, *_):
        self.ns = int(read(f"{DEBUG}/host_cpu")) - self.before


class Tcp:
    name = "tcp"
    unit = "Mbit/s"
    pattern = IPERF_PATTERN

    def __init__(self, seconds):
        self.seconds = seconds
        self.servers = {}

    def prepare(self, wire):
        """A server in each receiving namespace, for the whole run."""
        if wire not in self.servers:
            with wire.b.ns:
                self.servers[wire] = subprocess.Popen(["iperf3", "-s"], stdout=subprocess.DEVNULL)
                wait_for(lambda: ":1451 " in read("/proc/thread-self/net/tcp6"), "iperf3 -s listens")

    def stop(self):
        for server in self.servers.values():
            server.kill()
            server.wait()

    def measure(self, wire, path):
        """(Mbit/s, ns of CPU a byte)"""
        self.prepare(wire)
        with wire.a.capture(), wire.a.ns, Cpu() as cpu:
            done = subprocess.run(["timeout", "30", "iperf3", "-c", path.peer, "--connect-timeout", "4000",
                                   "-t", str(self.seconds), "--repeating-payload", "-J"], capture_output=True, text=True)
        answer = json.loads(done.stdout or "{}")
        expect(not done.returncode and "error" not in answer, f"iperf3: {answer.get('error', done.stderr)}")
        received = answer["end"]["sum_received"]
        return received["bits_per_second"] / 1e6, cpu.ns / received["bytes"]


class Packets:
    """Frames through the device's queue, as a stack sends.  Counted are frames that the
    peer's IP layer met, decapsulated; there they end, for their MAC address is nobody's."""
    unit = "packets/s"
    pattern = None
    burst = 1

    def __init__(self, seconds, size):
        self.seconds, self.size = seconds, size
        self.name = f"pps-{size}"
        self.rate = {}

    @staticmethod
    def received(end, device):
        link, = json.loads(end.ns.run("ip", "-j", "-s", "-s", "link", "show", "dev", device))
        return link["stats64"]["rx"]["otherhost"]

    def generate(self, wire, path, count):
        """Returns the seconds it took."""
        size = self.size - 4            # Ethernet's checksum is not the kernel's
        with wire.a.ns:
            write(f"{DEBUG}/generate", f"{path.sender} {count} {size} {self.burst} {NOBODY} {path.own} {path.peer}\n")
        return int(read(f"{DEBUG}/generate")) / 1e9

    def measure(self, wire, path):
        if path.name not in self.rate:
            count = 20000
            self.rate[path.name] = count / self.generate(wire, path, count)
        # Before, for a capture costs a small frame as much as its way.
        with wire.a.capture():
            self.generate(wire, path, CAPTURED)
        before = self.received(wire.b, path.receiver)
        with Cpu() as cpu:
            seconds = self.generate(wire, path, int(self.rate[path.name] * self.seconds))
        got = self.received(wire.b, path.receiver) - before
        expect(got > 0, f"{path.name}: nothing arrived")
        return got / seconds, cpu.ns / (got * self.size)


class Burst(Packets):
    """Many frames a doorbell, straight to the driver."""
    burst = 32

    def __init__(self, seconds, size):
        super().__init__(seconds, size)
        self.name = f"burst-{size}"


def frames_of(pcap):
    at = 24
    while at + 16 <= len(pcap):
        captured = int.from_bytes(pcap[at + 8:at + 12], "little")
        yield pcap[at + 16:at + 16 + captured]
        at += 16 + captured


def check_wire(path, metric, pcap):
    """What crossed is what the case says.  The plaintext's pattern has to be found
    where nothing is encrypted, so that not finding it means something."""
    pattern = metric.pattern or path.addresses()
    carried = plain = 0
    for frame in frames_of(pcap):
        if frame[12:14] != b"\x08\x00":
            expect(pattern not in frame, f"{path.name}: plaintext in a frame that is not IPv4")
            continue
        why = path.wrong(frame)
        expect(not why, f"{path.name}: on the wire: {why}: {frame[:64].hex()}")
        carried += 1
        plain += pattern in frame
    expect(carried >= 50, f"{path.name}: only {carried} frames in the capture")
    if path.encrypted:
        expect(not plain, f"{path.name}: plaintext in {plain} of {carried} frames")
    else:
        expect(plain, f"{path.name}: the pattern is not in plain frames either")
    return carried


def one(path, metric, number):
    wire = path.wire
    path.up()
    try:
        value, cost = metric.measure(wire, path)
        checked = check_wire(path, metric, wire.a.pcap())
    finally:
        path.down()
    say("sample", case=path.name, metric=metric.name, unit=metric.unit, round=number, value=value,
        ns_per_byte=cost, frames_checked=checked, encrypted=path.encrypted)


def aead_speed(number):
    found = dict(line.split(" ", 1) for line in read(f"{DEBUG}/aead_speed").splitlines())
    size = int(found["bytes"])
    spent = {f"{what}_{kind}_per_byte": int(value) / size for what in ("encrypt", "both")
             for kind, value in zip(("ns", "cpu_ns"), found[what].split())}
    say("aead", round=number, driver=found["driver"], bytes=size, **spent)


def about():
    drivers = re.findall(r"^name +: rfc4106\(gcm\(aes\)\)\ndriver +: (\S+)", read("/proc/crypto"), re.M)
    say("about", kernel=platform.release(), aes=", ".join(sorted(set(drivers))),
        cpu=re.search(r"^(?:host|model name)\s*: (.*)", read("/proc/cpuinfo"), re.M).group(1))


def main():
    modules, kernel, rounds, seconds, *names = sys.argv[1:]
    stock, cvsw = lay_wires(modules, kernel)
    cases = paths.cases(stock, cvsw, names)
    metrics = [Tcp(float(seconds)), Packets(float(seconds) / 2, 64), Packets(float(seconds) / 2, 1400),
               Burst(float(seconds) / 2, 64)]
    bad = False
    try:
        for case in list(cases):
            try:
                # not counted: warms up, and finds what is not there
                one(case, next(metric for metric in metrics if metric.name in case.metrics), -1)
            except paths.NotAvailable as why:
                say("unavailable", case=case.name, why=str(why))
                cases.remove(case)
        for number in range(int(rounds)):
            aead_speed(number)
            for metric in metrics:
                # there and back, so that no case is always the one behind another
                for case in cases if number % 2 == 0 else cases[::-1]:
                    if metric.name in case.metrics:
                        one(case, metric, number)
    except Failed as why:
        print(f"not ok - {why}", flush=True)
        bad = True
    finally:
        metrics[0].stop()
    about()
    sys.exit(bad)


if __name__ == "__main__":
    main()
