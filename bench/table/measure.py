# SPDX-License-Identifier: GPL-2.0
"""Measures what a table lookup costs a frame, side by side; runs inside User-Mode Linux.

    measure.py MODULES ROUNDS MAX_ENTRIES FRAMES [SYSTEM...]

Four devices receive the same frames, by turns: on "bare" they are freed, "cvsw" gives them
to CVSW's engine, "ovs" is a port of the kernel's openvswitch datapath, "flower" has tc
flower at its ingress.  All have the same flows, which drop.  Output: one JSON object a
line; report.py reads them.
"""
import itertools
import json
import os
import platform
import re
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "kunit", "wire_test"))

from bench import Failed, expect_equal, read, run, write  # noqa: E402

DEBUG = "/sys/kernel/debug/cvsw_bench_table"
ENTRIES = (1, 100, 10_000, 100_000, 1_000_000)
MASKS = (1, 8, 32)
LAYOUTS = ("named", "tenant")       # shape.h
ROW = "row"     # of tables, which the others do not have
KINDS = ("same", "scattered", "missing")


def say(kind, **fields):
    print(json.dumps({"kind": kind, **fields}), flush=True)


def memory_now():
    write("/proc/sys/vm/drop_caches", "3")
    lines = dict(line.split(":") for line in read("/proc/meminfo").splitlines())
    return 1024 * (int(lines["MemTotal"].split()[0]) - int(lines["MemFree"].split()[0]))


def memory():
    """Bytes in use, when what was given back is free."""
    last, now = None, memory_now()
    while now != last:
        time.sleep(0.3)
        last, now = now, memory_now()
    return now


def feed(path, *command):
    """Lines to a program's standard input, some at a time: each page of a process is a mapping of the host's."""
    with open(path) as lines:
        while some := list(itertools.islice(lines, 5000)):
            subprocess.run(command, input="".join(some), text=True, capture_output=True, check=True)


class System:
    """One that classifies.  A device of its own name receives its frames."""
    kinds = KINDS

    def __init__(self):
        run("ip", "link", "add", self.name, "type", "veth", "peer", "name", f"{self.name}-peer")
        run("ip", "link", "set", self.name, "up")
        self.prepare()

    def prepare(self):
        pass

    def fill(self):
        """Gives it the shape's flows."""

    def rates(self):
        """Of flow_mods, where they can be told."""
        return {}

    def empty(self):
        """Takes them away."""

    def measure(self, kind, frames):
        """Sees to it that its flows did what they are there for."""
        write(f"{DEBUG}/measure", f"{self.name} {kind} {frames}")
        *times, unmatched = map(int, read(f"{DEBUG}/measure").split())
        self.check(kind, frames, unmatched)
        return dict(zip(("median", "p99", "middle"), (tenths / 10 for tenths in times)))

    def check(self, kind, frames, unmatched):
        expect_equal(unmatched, frames if kind == "missing" else 0, f"{self.name}: frames that no flow matched")


class Bare(System):
    name = "bare"

    def prepare(self):
        write(f"{DEBUG}/attach", "bare bare")

    def check(self, kind, frames, unmatched):
        expect_equal(unmatched, frames, "bare: frames")


class Cvsw(System):
    name = "cvsw"

    def prepare(self):
        write(f"{DEBUG}/attach", "cvsw cvsw")

    def fill(self):
        write(f"{DEBUG}/fill", "1")

    def rates(self):
        """The first ones, for which the host has yet to give memory and hash tables grow; and then the same again."""
        first = int(read(f"{DEBUG}/fill"))
        self.fill()
        return {"ns_per_flow_mod": first, "ns_per_flow_mod_again": int(read(f"{DEBUG}/fill"))}

    def replace(self, changed):
        """The whole table, in which so many flows differ, while frames are received."""
        write(f"{DEBUG}/replace", changed)
        ns, taken, frames, unmatched = map(int, read(f"{DEBUG}/replace").split())
        expect_equal(unmatched, 0, "cvsw: frames that no flow matched, beside a replacement")
        return {"changed": changed, "ns_per_flow": ns, "bytes": taken, "frames": frames}


class OpenVswitch(System):
    name = "ovs"
    kinds = ("same", "scattered")       # what it misses is an upcall

    def prepare(self):
        run("ovs-dpctl", "add-dp", "bench")
        run("ovs-dpctl", "del-dp", "bench")

    def fill(self):
        run("ovs-dpctl", "add-dp", "bench")
        run("ovs-dpctl", "add-if", "bench", self.name)
        feed(f"{DEBUG}/ovs", "ovs-dpctl", "add-flows", "bench", "-")
        self.hits = 0

    def check(self, kind, frames, unmatched):
        """What it misses it drops as well: it has nobody to ask."""
        before, shown = self.hits, run("ovs-dpctl", "show", "bench")
        self.hits = int(re.search(r"hit:(\d+)", shown).group(1))
        expect_equal(self.hits - before, frames, f"openvswitch's hits, of {shown}")

    def empty(self):
        run("ovs-dpctl", "del-dp", "bench")


class Flower(System):
    name = "flower"

    def prepare(self):
        write(f"{DEBUG}/attach", "flower bare")         # what it misses
        self.fill()
        self.empty()

    def fill(self):
        run("tc", "qdisc", "add", "dev", self.name, "clsact")
        feed(f"{DEBUG}/tc", "tc", "-batch", "-")

    def empty(self):
        run("tc", "qdisc", "del", "dev", self.name, "clsact")


def set_up(names):
    """All systems, or "bare" and those named."""
    systems = []
    for make in (Bare, Cvsw, OpenVswitch, Flower):
        if names and make.name not in (Bare.name, *names):
            continue
        try:
            systems.append(make())
        except (Failed, OSError, subprocess.SubprocessError) as why:
            say("unavailable", system=make.name, why=str(why).strip().splitlines()[-1])
    return systems


def fill(systems, shape):
    for system in systems:
        before, begin = memory(), time.monotonic()
        system.fill()
        seconds = time.monotonic() - begin
        taken = memory() - before
        say("fill", system=system.name, **shape, seconds=seconds, bytes=taken, **system.rates())


def measure(systems, shape, rounds, frames):
    fill(systems, shape)
    # The first round only warms up.
    for number in range(-1, rounds):
        for kind in KINDS if shape["layout"] != ROW else KINDS[:1]:
            for system in systems:
                if kind in system.kinds:
                    say("sample", system=system.name, frames=kind, round=number, **shape, **system.measure(kind, frames))
    for system in systems:
        if system.name == "cvsw" and shape["layout"] != ROW:
            for changed in (0, shape["entries"] // 10):
                say("replace", **shape, **system.replace(changed))
        system.empty()


def main():
    modules, *numbers = sys.argv[1:5]
    rounds, most, frames = map(int, numbers)
    run("insmod", f"{modules}/cvsw_bench_table.ko")
    say("about", kernel=platform.release(), rounds=rounds, frames=frames)
    systems = set_up(sys.argv[5:])
    for entries, masks, layout in itertools.product(ENTRIES, MASKS, LAYOUTS):
        if masks <= entries <= most and (masks > 1 or layout == LAYOUTS[0]):
            print(f"bench-table: {entries} flows with {masks} mask{'s' * (masks > 1)}, {layout}", flush=True)
            write(f"{DEBUG}/shape", f"{layout} {entries} {masks}")
            measure(systems, {"entries": entries, "masks": masks, "layout": layout}, rounds, frames)
    if most >= 100:
        print("bench-table: 100 flows with 1 mask, in the last of ten tables", flush=True)
        write(f"{DEBUG}/shape", f"{ROW} 100 1")
        measure([system for system in systems if system.name in ("bare", "cvsw")],
                {"entries": 100, "masks": 1, "layout": ROW}, rounds, frames)


main()
