# SPDX-License-Identifier: GPL-2.0
"""Measures how fast a NIC takes flow_mods, and what it forwards meanwhile; runs inside User-Mode Linux.

    guest.py MODULES KERNEL ROUNDS SECONDS

The NIC, b0, has the host's CPU that this kernel has.  Its peer a0 passes what is of control on
to the host, where host.py does what is said here.  Output: one JSON object a line; report.py
reads them.
"""
import json
import os
import platform
import re
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tunnel"))

import measure  # noqa: E402
from measure import AES, End, Packets, say  # noqa: E402
from bench import TOP, Failed, expect, read, run  # noqa: E402

KEY = "5a" * 32
SIZES = (1, 10, 100, 1000)
STREAM = 1000           # flow_mods of a batch beside forwarding
PACE = 20_000           # a second


class Nic:
    """The wire as Packets wants it: what is sent goes from the NIC, a, to its peer, b."""

    def __init__(self):
        self.a, self.b = End(0, "b"), End(0, "a")


class Path:
    """Frames that meet the flow of the table's end: all others were looked at in vain."""
    name = "forwarding"

    def __init__(self, nic):
        self.own, self.peer = nic.a.address, nic.b.address
        self.sender, self.receiver = nic.a.ifname, nic.b.ifname


def lay_wire(modules, kernel):
    for name in AES:
        run("insmod", f"{modules}/{name}.ko")
    run("insmod", f"{kernel}/drivers/net/virtio_net.ko")
    for name in ("cvsw", "cvsw_wire"):
        run("insmod", f"{modules}/{name}.ko")
    nic = Nic()
    nic.a.unbind()
    run("insmod", f"{modules}/cvsw_virtio_net.ko")
    for end, driver in ((nic.a, "cvsw_virtio_net"), (nic.b, "virtio_net")):
        end.configure()
        expect(end.driver() == driver, f"{end.ifname} has {end.driver()}")
    return nic


def lead_to_host(ends, peer):
    """What is of control passes between the wire and the host's tap."""
    run("ip", "link", "set", "vec0", "netns", peer.ns.name)
    for end in ends:
        end.set(control=1)
    peer.ns.ip("link set vec0 up", "address add 10.9.0.2/30 dev vec0")
    for device, other in (("vec0", peer.ifname), (peer.ifname, "vec0")):
        peer.ns.run("tc", "qdisc", "add", "dev", device, "clsact")
        peer.ns.run("tc", "filter", "add", "dev", device, "ingress", "protocol", "0xabba", "flower",
                    "action", "mirred", "egress", "redirect", "dev", other)


class Host:
    """host.py, which does one thing after the other."""

    def __init__(self, peer):
        with peer.ns:
            self.sock = socket.create_connection(("10.9.0.1", 9900), timeout=100)
        self.lines = self.sock.makefile("rw")

    def do(self, what, **how):
        self.lines.write(json.dumps({"what": what, **how}) + "\n")
        self.lines.flush()
        answer = json.loads(self.lines.readline())
        expect("error" not in answer, f"host.py: {what}: {answer.get('error')}")
        return answer


def give_key(nic):
    with nic.ns:
        done = subprocess.run([f"{TOP}/build/bin/cvswctl", "--local", "key", nic.ifname, "-"], input=KEY + "\n",
                              capture_output=True, text=True)
    expect(not done.returncode, f"cvswctl --local key: {done.stderr}")


def flow_mods(host, durable, number, seconds):
    for size in SIZES:
        with measure.Cpu() as cpu:
            got = host.do("run", size=size, seconds=seconds)
        say("flow_mods", round=number, durable=durable, size=size, nic_cpu=cpu.ns / 1e9, **got)


def forwarding(host, nic, metric, number):
    """Idle and beside a stream, by turns."""
    path = Path(nic)
    for case in ("idle", "paced", "unpaced") if number % 2 == 0 else ("unpaced", "paced", "idle"):
        if case != "idle":
            host.do("stream", size=STREAM, pace=PACE if case == "paced" else None)
        packets, ns_per_byte = metric.measure(nic, path)
        got = host.do("end") if case != "idle" else {}
        say("forwarding", round=number, case=case, size=metric.size, packets=packets, packets_per_cpu_second=1e9 / (ns_per_byte * metric.size),
            **got)


def about():
    """The cipher of records, not that of ESP."""
    drivers = re.findall(r"^name +: gcm\(aes\)\ndriver +: (\S+)\nmodule.*\npriority +: (\d+)", read("/proc/crypto"), re.M)
    say("about", kernel=platform.release(), aes=max(drivers, key=lambda driver: int(driver[1]))[0])


def main():
    modules, kernel, rounds, seconds = sys.argv[1:]
    seconds = float(seconds)
    nic = lay_wire(modules, kernel)
    lead_to_host((nic.a, nic.b), nic.b)
    host = Host(nic.b)
    give_key(nic.a)
    bad = False
    try:
        for number in range(-1, int(rounds)):       # the first one only warms up
            for durable in (True, False):
                host.do("start", mac=nic.a.mac, key=KEY, durable=durable)
                flow_mods(host, durable, number, seconds)
                if durable:
                    for size in (64, 1400):
                        forwarding(host, nic, Packets(seconds, size), number)
                host.do("stop")
            print(f"bench-control: round {number + 1} of {rounds}", flush=True)
    except Failed as why:
        print(f"not ok - {why}", flush=True)
        bad = True
    about()
    sys.exit(bad)


main()
