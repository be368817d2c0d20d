#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
The paper's Tables 5, 6 and 7 again: CVSW beside Open vSwitch doing the same work in the host.

    run.py ROUNDS SECONDS SIZES PAIRS       for instance: run.py 5 2 "64 4096" "1 2 4"

All VMs boot once.  In each round all blocks of cases.py are set up in turn; within a block
CVSW and Open vSwitch alternate, size by size, in the other order every other round.
Leaves build/bench/paper.{lines,json,svg}.
"""
import json
import os
import platform
import re
import sys
import time

sys.dont_write_bytecode = True      # everything that is made is made under build/
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{TOP}/vm-images")
sys.path.append(f"{TOP}/bench")

from cases import blocks  # noqa: E402
from lab import sandbox  # noqa: E402
from lab.process import call  # noqa: E402
from lab.topology import BUILD  # noqa: E402
from load import run  # noqa: E402
from pairs import Pairs  # noqa: E402
import report  # noqa: E402

# Of one pair, what all ways can carry even on a busy machine: here CPU time a byte is compared.
LOAD_SIZE, LOAD_MBIT = 4096, 10
WARM_SECONDS = 1
BOOT_SECONDS, AROUND_SECONDS = 60, 1.2      # as seen; AROUND: of each run, besides its own seconds


class Plan:
    def __init__(self, rounds, seconds, sizes, pair_counts):
        self.rounds, self.seconds, self.sizes = rounds, seconds, sizes
        self.blocks = blocks(pair_counts)
        self.pairs = max(pair_counts)

    def minutes(self):
        ways = sum(len(block.ways) for block in self.blocks)
        loads = sum(2 for block in self.blocks if block.pairs == 1)
        runs = self.rounds * (ways * len(self.sizes) + loads)
        return (BOOT_SECONDS + ways * (WARM_SECONDS + AROUND_SECONDS) + runs * (self.seconds + AROUND_SECONDS)) / 60


class Samples:
    """One JSON object a line, at once: what was measured survives whatever happens later."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")

    def say(self, kind, **fields):
        self.file.write(json.dumps({"kind": kind, **fields}) + "\n")
        self.file.flush()


def measure_block(block, number, plan, pairs, samples):
    """number: of the round; -1 is not counted: it translates the guests' code and finds what does not work."""
    def sample(way, metric, size, *settings):
        found = run(pairs, way, block.pairs, size, *settings)
        what = {"block": block.name, "way": way.name, "metric": metric, "size": size, "round": number}
        if found:
            samples.say("sample", **what, encrypted=way.encrypted, **found)
        else:
            samples.say("given-up", **what)

    ways = block.ways if number % 2 == 0 else block.ways[::-1]
    if number < 0:
        for way in ways:
            sample(way, "warm", LOAD_SIZE if way.name != "existing-1500" else 64, WARM_SECONDS)
        return
    for size in plan.sizes:
        for way in ways:
            sample(way, "most", size, plan.seconds)
    for way in ways:
        if block.pairs == 1 and way in block.ways[:2]:
            sample(way, "load", LOAD_SIZE, plan.seconds, f"{LOAD_MBIT}M")


def about(pairs, samples, load_before):
    vm = pairs.vms[0]
    drivers = re.findall(r"^name +: rfc4106\(gcm\(aes\)\)\ndriver +: (\S+)", vm.sh("cat /proc/crypto"), re.M)
    version = re.compile(r"(?:version|\(Open vSwitch\)) ([^\s(]+)")
    samples.say("about", accelerator=pairs.lab.accel, kernel=vm.sh("uname -r").strip(),
                aes=", ".join(sorted(set(drivers))), cores=os.cpu_count(), host_kernel=platform.release(),
                vms=len(pairs.vms), load_mbit=LOAD_MBIT, load_before=load_before,
                qemu=version.search(call("qemu-system-x86_64", "--version")).group(1),
                ovs=version.search(call("ovs-vswitchd", "--version")).group(1))


def measure(plan, lines):
    begin = time.monotonic()

    def tell(text):
        print(f"bench-paper: {text} [{time.monotonic() - begin:.0f} s]", flush=True)

    samples = Samples(lines)
    load_before = os.getloadavg()[0]
    tell(f"starting {2 * plan.pairs} VMs, Open vSwitch and cvswd")
    with Pairs(plan.pairs) as pairs:
        for number in range(-1, plan.rounds):
            for block in plan.blocks:
                tell(f"{f'round {number + 1} of {plan.rounds}' if number >= 0 else 'warming up'}: {block.text}")
                with block.ready(pairs):
                    measure_block(block, number, plan, pairs, samples)
        about(pairs, samples, load_before)
    tell("measured")


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    rounds, seconds, sizes, pair_counts = sys.argv[1:]
    plan = Plan(int(rounds), float(seconds), *([int(word) for word in words.split()] for words in (sizes, pair_counts)))
    out = f"{BUILD}/bench/paper"
    os.makedirs(os.path.dirname(out), exist_ok=True)
    print(f"bench-paper: rounds: {plan.rounds}; they take about {plan.minutes():.0f} minutes", flush=True)
    if status := sandbox.run(lambda: measure(plan, f"{out}.lines")):
        sys.exit(status)
    report.tell(f"{out}.lines", out, plan)


main()
