# SPDX-License-Identifier: GPL-2.0
"""From the samples of run.py to the paper's tables, goals, JSON and a plot."""
import json
import statistics
import textwrap

from figures import published, published_ratio
from closing import cpu_model, goal, leave

TITLES = {5: "Table 5: light work, 1 pair", 6: "Table 6: VXLAN, 1 pair",
          7: "Table 7: VXLAN and AES, mean of a pair"}
WHO = ("vms", "vswitch")
WIDTH, CELL = 38, 16
ENOUGH = 0.9                        # of a load that was to be carried

# name, block, sizes, against which way, wanted: None means as in the paper (the same mean of ratios)
GOALS = [
    ("null processing, all sizes", "null", None, "existing", None),
    ("IP rewriting, all sizes", "rewrite", None, "existing", None),
    ("VLAN push and pop, all sizes", "vlan", None, "existing", None),
    ("VXLAN, 1 pair, 4096 bytes", "vxlan-1", (4096,), "existing", None),
    ("VXLAN, the controller's MTU against none set, 32768 bytes", "vxlan-1", (32768,), "existing-1500", None),
    ("VXLAN, 2 pairs, 4096 bytes", "vxlan-2", (4096,), "existing", 1.0),
    ("VXLAN, 4 pairs, 4096 bytes", "vxlan-4", (4096,), "existing", 1.0),
    ("VXLAN+AES, 1 pair, 4096 bytes, against no AES", "aes-1", (4096,), "existing", None),
    ("VXLAN+AES, 2 pairs, 4096 bytes, against no AES", "aes-2", (4096,), "existing", None),
    ("VXLAN+AES, 4 pairs, 4096 bytes, against no AES", "aes-4", (4096,), "existing", None),
]

NOTES = """\
CVSW: the guests' NICs do the work, the vswitch forwards. existing: Open vSwitch does it, in its userspace
datapath, for guests with virtio_net. Each figure is the median of the rounds, each ratio that of the rounds' own ratios;
in parentheses what the paper has.

The paper encrypted in the host too. Open vSwitch's userspace datapath cannot: in every table "existing" carries VXLAN in
the clear, and the guests' MTU is set to 1450 by hand for it unless a row says 1500. Nor does it make outer fragments: with an
MTU of 1500 in the guests whatever does not fit the wire is lost, where the paper's host fragmented. And when it rewrites
an address it takes two bytes of each later IP fragment for a UDP checksum and changes them, so that no datagram above 1472
bytes survives.

CPU: user and system time for each byte that the receiving application got, of the QEMU processes of the VMs at work and of
ovs-vswitchd, which is both hosts' vswitch; from the middle of each run, when iperf3 has started. ovs-vswitchd asks all its ports for frames whenever one has some: its time a
byte depends on how many come at once as much as on what is done to them, and at a small load waking up is most of it."""

TCG = """\
What emulation does to this: without KVM each instruction of a guest costs ten or more of this machine, and its AES
instructions are functions in QEMU. All that a guest does is dear, its UDP stack's work like CVSW's; ovs-vswitchd runs at full
speed. So what the paper moves into the guests seems to cost ten times what it saves in the host, with AES more. Nor can
the paper's other half be seen: there each VM brought a core to do the work in parallel; here {vms} VMs, both hosts' vswitches
and the wire share {cores} cores, and a pair more is no core more. Receivers and vswitch have priority over senders, or
more would be lost than arrives. What the ratios can tell is whether CVSW adds visibly to what a guest does anyway.
`make bench-tunnel` measures the driver at native speed."""


class Results:
    def __init__(self, lines):
        self.samples = {}           # (block, way, metric, size) -> {round: sample}
        self.about, self.given_up = {}, 0
        with open(lines, encoding="utf-8") as file:
            for line in file:
                item = json.loads(line)
                kind = item.pop("kind")
                if kind == "about":
                    self.about = item
                elif kind == "given-up":
                    self.given_up += 1
                elif item["round"] >= 0:
                    key = item["block"], item["way"], item["metric"], item["size"]
                    self.samples.setdefault(key, {})[item["round"]] = item

    def mbits(self, block, way, size):
        """By round: the mean of a pair."""
        found = self.samples.get((block, way, "most", size), {})
        return {number: statistics.mean(item["mbit"]) for number, item in found.items()}

    def mbit(self, block, way, size):
        return median(self.mbits(block, way, size).values())

    def ratios(self, block, way, other, size):
        """By round. Infinite: the other way carried nothing."""
        mine, theirs = self.mbits(block, way, size), self.mbits(block, other, size)
        return {n: mine[n] / theirs[n] if theirs[n] else float("inf") for n in mine if n in theirs}

    def ratio(self, block, way, other, size):
        """None: not measured."""
        return median(self.ratios(block, way, other, size).values())

    def carried(self, block, way):
        """Mbit/s, of those that were to be carried for the same load; None if nobody tried."""
        return median(sum(item["mbit"]) for key, found in self.samples.items() if key[:3] == (block, way, "load")
                      for item in found.values())

    def costs(self, block, way, size, who, metric="most"):
        """By round: ns of CPU time a byte."""
        found = self.samples.get((block, way, metric, size), {})
        return {number: item["ns_per_byte"][who] for number, item in found.items() if item["ns_per_byte"]}

    def cost(self, block, way, size, who):
        return median(self.costs(block, way, size, who).values())

    def encrypted(self):
        """(runs, frames) that were seen to be ciphertext."""
        seen = [item["frames_checked"] for found in self.samples.values() for item in found.values()
                if item["encrypted"]]
        return len(seen), sum(seen)

    def all(self):
        return [item for found in self.samples.values() for item in found.values()]


def median(values):
    values = list(values)
    return statistics.median(values) if values else None


def number(value):
    if value is None:
        return "-"
    if value == float("inf"):
        return "inf"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def row(name, cells):
    print(f"  {name:{WIDTH}}" + "".join(f"{cell:>{CELL}}" for cell in cells))


def beside(value, paper):
    return f"{number(value)} {f'({number(paper)})' if paper else '':7}"


def block_rows(block, results, sizes):
    print(f"\n {block.text}")
    for way in block.ways:
        if results.mbit(block.name, way.name, sizes[0]) is not None:
            row(way.text, [beside(results.mbit(block.name, way.name, size), published(block.name, way.name, size))
                           for size in sizes])
    mine = block.ways[0].name
    for other in block.ways[1:]:
        row(f"CVSW / {other.name}", [beside(results.ratio(block.name, mine, other.name, size),
                                            published_ratio(block.name, mine, other.name, size)) for size in sizes])
    for way in block.ways:
        cells = []
        for size in sizes:
            costs = [results.cost(block.name, way.name, size, who) for who in WHO]
            cells.append(" + ".join(map(number, costs)) if None not in costs else "-")
        row(f"CPU ns/B, VMs + vswitch, {way.name}", cells)


def tables(results, plan):
    for table, title in TITLES.items():
        print(f"\n{title}; Mbit/s of UDP that arrived (the paper's figure)")
        row("", [f"{size} B{'':7}" for size in plan.sizes])
        for block in plan.blocks:
            if block.table == table:
                block_rows(block, results, plan.sizes)


def same_load(results, plan):
    size = next((key[3] for key in results.samples if key[2] == "load"), None)
    print(f"\nCPU ns/B at the same load, {results.about['load_mbit']} Mbit/s of datagrams of {size} bytes, 1 pair")
    row("", [cell for who in ("VMs", "vswitch") for cell in (f"{who}: CVSW", "existing", "ratio")])
    told = {}
    blocks = [block for block in plan.blocks if block.pairs == 1]
    for block in blocks:
        told[block.name] = {}
        for who in WHO:
            mine, theirs = (results.costs(block.name, way.name, size, who, "load") for way in block.ways[:2])
            told[block.name][who] = {"cvsw": median(mine.values()), "existing": median(theirs.values()),
                                     "ratio": median(mine[n] / theirs[n] for n in mine if theirs.get(n))}
        row(block.text, [number(value) for who in WHO for value in told[block.name][who].values()])
    for block in blocks:
        for way in block.ways[:2]:
            told[block.name].setdefault("mbit", {})[way.name] = carried = results.carried(block.name, way.name)
            if carried is not None and carried < ENOUGH * results.about["load_mbit"]:
                print(f"  not the same load: {block.text}, {way.name}: only {number(carried)} Mbit/s arrived")
    return told


def mean_ratio(ratios):
    """Geometric; None if there is none."""
    ratios = [ratio for ratio in ratios if ratio]
    return statistics.geometric_mean(ratios) if ratios else None


def spread_of(by_size):
    """The rounds' own means over sizes, in words; by_size: ratios by round."""
    by_size = list(by_size)
    rounds = set.intersection(*map(set, by_size)) if by_size else ()
    means = [mean for n in rounds if (mean := mean_ratio(ratios[n] for ratios in by_size))]
    return f"rounds: {number(min(means))} to {number(max(means))}" if len(set(means)) > 1 else ""


def goals(results, plan):
    told = []
    print()
    for name, block, sizes, other, wanted in GOALS:
        # where the other way carries nothing, a mean over sizes would say nothing
        ratios = {size: results.ratio(block, "cvsw", other, size) for size in sizes or plan.sizes}
        finite = {size: ratio for size, ratio in ratios.items() if ratio and ratio != float("inf")} or ratios
        measured = None if None in ratios.values() else \
            float("inf") if float("inf") in finite.values() else mean_ratio(finite.values())
        aim = wanted or mean_ratio(published_ratio(block, "cvsw", other, size) for size in finite)
        spread = spread_of(results.ratios(block, "cvsw", other, size) for size in finite)
        left_out = sorted(set(ratios) - set(finite))
        notes = [spread, f"without {', '.join(map(str, left_out))} bytes, where {other} carries nothing" if left_out else
                 f"{other} carries nothing" if measured == float("inf") else ""]
        told.append(goal(name, measured, aim, "; ".join(filter(None, notes))))
    return told


def surroundings(results):
    """others: (median, most) of the CPU time in a run that went neither to its VMs nor to the vswitch."""
    others = [item["others"] for item in results.all()]
    return {"cpu": cpu_model(), **results.about, "others": (statistics.median(others), max(others))}


def tell_about(about, results):
    print(f"\nCPU {about['cpu']}, {about['cores']} cores, kernel {about['host_kernel']}; accelerator: {about['accelerator']}; "
          f"guests: kernel {about['kernel']}, AES-GCM by {about['aes'] or 'nothing, for none was used'}; "
          f"Open vSwitch {about['ovs']}, QEMU {about['qemu']}")
    print("other programs' part of the CPU time of a run: median {:.0%}, most {:.0%}; ".format(*about["others"]) +
          f"load average before: {about['load_before']:.2f}")
    runs, frames = results.encrypted()
    print(f"ciphertext and nothing else on the wire: {frames} frames in {runs} runs; the other runs' frames were looked at too")
    repeats = sum(item["repeats"] for item in results.all())
    print(f"{repeats} runs of {len(results.all()) + repeats} were repeated, for iperf3's own connection was lost in them; "
          f"{results.given_up} given up")
    print()
    for text in [*NOTES.split("\n\n"), *([TCG.format(**about)] if about["accelerator"] == "tcg" else [])]:
        print(textwrap.fill(text, 110))


def plot(results, plan, out):
    """A panel a table: CVSW / existing by size, measured (with the rounds' extremes) and published."""
    script = ["set terminal svg noenhanced size 1000,1300 font 'sans,12'", f"set output '{out}.svg'", "set logscale y 2",
              "set grid ytics", "set style data linespoints", "set key outside right", "set offsets 0.3, 0.3, 0, 0",
              "set ylabel 'CVSW / existing'", f"set multiplot layout {len(TITLES)},1"]
    with open(f"{out}.dat", "w", encoding="utf-8") as data:
        index = 0
        for table, title in TITLES.items():
            parts = []
            for colour, block in enumerate((block for block in plan.blocks if block.table == table), 1):
                rows = list(plot_rows(results, plan, block))
                if not rows:
                    continue
                data.write("".join(" ".join(map(str, line)) + "\n" for line in rows) + "\n\n")
                parts += [f"'{out}.dat' index {index} using 1:3:4:5:xtic(2) with yerrorlines lc {colour} title '{block.text}'",
                          f"'' index {index} using 1:6 with linespoints dt 2 pt 6 lc {colour} title '... in the paper'"]
                index += 1
            if parts:
                script += [f"set title '{title}'", f"plot {', '.join(parts)}, 1 lc rgb 'gray' notitle"]
    return script


def plot_rows(results, plan, block):
    mine, other = (way.name for way in block.ways[:2])
    for place, size in enumerate(plan.sizes):
        by_round = results.mbits(block.name, mine, size), results.mbits(block.name, other, size)
        ratios = [by_round[0][n] / by_round[1][n] for n in by_round[0] if by_round[1].get(n)]
        if ratios and min(ratios) > 0:
            yield (place, size, median(ratios), min(ratios), max(ratios),
                   published_ratio(block.name, mine, other, size) or "NaN")


def tell(lines, out, plan):
    results = Results(lines)
    about = surroundings(results)
    tables(results, plan)
    load = same_load(results, plan)
    tell_about(about, results)
    told = goals(results, plan)
    leave(out, {"about": about, "goals": told, "same_load_ns_per_byte": load, "samples": results.all()},
          plot(results, plan, out))
