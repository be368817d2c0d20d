# SPDX-License-Identifier: GPL-2.0
"""From the samples of guest.py to a table, goals, JSON and a plot: report.py LINES OUT"""
import json
import os
import statistics
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from closing import cpu_model, goal, leave  # noqa: E402

FLOW_MODS_PER_SECOND, FORWARDING = 20_000, 0.9
CASES = {"idle": "idle", "paced": "beside 20,000 a second", "unpaced": "beside all that go in"}


class Results:
    def __init__(self, path):
        self.mods, self.forwarding, self.about = {}, {}, {}
        with open(path) as lines:
            for line in lines:
                if line.startswith("{"):
                    self._take(json.loads(line))

    def _take(self, item):
        kind = item.pop("kind")
        if kind == "about":
            self.about = item
        elif item["round"] < 0:
            return
        elif kind == "flow_mods":
            self.mods.setdefault((item["durable"], item["size"]), []).append(item)
        elif kind == "forwarding":
            self.forwarding.setdefault((item["size"], item["case"]), {})[item["round"]] = item

    def rates(self, durable, size):
        return [item["flow_mods"] / item["seconds"] for item in self.mods[durable, size]]

    def cost(self, durable, size, what):
        """Microseconds of CPU for a flow_mod."""
        return statistics.median(1e6 * item[what] / item["flow_mods"] for item in self.mods[durable, size])

    def ratio(self, size, case, what="packets"):
        """Against idle, in the same round: the median."""
        idle = self.forwarding[size, "idle"]
        return statistics.median(item[what] / idle[number][what] for number, item in self.forwarding[size, case].items()
                                 if number in idle)


def print_flow_mods(results):
    head = f"{'':24}{'a second':>10}{'min..max':>18}{'cvswd':>9}{'NIC':>8}"
    print(f"\nflow_mods, from cvswd's socket to the NIC's ACK; microseconds of CPU each\n\n{head}\n{'-' * len(head)}")
    for durable, size in sorted(results.mods, key=lambda key: (not key[0], key[1])):
        rates = results.rates(durable, size)
        print(f"{'in batches of ' + str(size) if size > 1 else 'one by one':18}{'' if durable else ' no db':6}"
              f"{statistics.median(rates):10.0f}{min(rates):9.0f}..{max(rates):<7.0f}"
              f"{results.cost(durable, size, 'cvswd_cpu'):9.1f}{results.cost(durable, size, 'nic_cpu'):8.1f}")


def print_forwarding(results):
    head = f"{'':34}{'flow_mods/s':>12}{'kpps':>9}{'of idle':>9}{'by CPU time':>13}"
    print(f"\nwhat the NIC forwards meanwhile\n\n{head}\n{'-' * len(head)}")
    for size, case in sorted(results.forwarding, key=lambda key: (key[0], list(CASES).index(key[1]))):
        items = results.forwarding[size, case].values()
        beside = statistics.median(item.get("flow_mods", 0) / item.get("seconds", 1) for item in items)
        print(f"{size:4} bytes, {CASES[case]:22}{beside:12.0f}{statistics.median(i['packets'] for i in items) / 1000:9.1f}"
              f"{results.ratio(size, case):9.2f}{results.ratio(size, case, 'packets_per_cpu_second'):13.2f}")


def goals(results):
    most = max(size for _, size in results.mods)
    found = [(f"flow_mods a second in batches of {most}", statistics.median(results.rates(True, most)),
              FLOW_MODS_PER_SECOND, "")]
    for size in sorted({size for size, _ in results.forwarding}):
        found.append((f"{size}-byte packets beside {FLOW_MODS_PER_SECOND} a second, against idle",
                      results.ratio(size, "paced"), FORWARDING,
                      f"{results.ratio(size, 'paced', 'packets_per_cpu_second'):.2f} by CPU time"))
    print()
    return [goal(*each) for each in found]


def plot(results, out):
    """gnuplot's lines, and the numbers they are about."""
    with open(f"{out}.dat", "w") as data:
        for (durable, size) in sorted(results.mods):
            rates = results.rates(durable, size)
            data.write(f"{size} {statistics.median(rates)} {min(rates)} {max(rates)} {int(durable)}\n")
    script = ["set terminal svg noenhanced size 800,500 font 'sans,12'", f"set output '{out}.svg'", "set logscale xy",
              "set xlabel 'flow_mods in a batch'", "set ylabel 'flow_mods a second'", "set grid", "set key left top"]
    curves = [f"'{out}.dat' using 1:($5 == {durable} ? $2 : 1/0):3:4 with yerrorlines title '{text}'"
              for durable, text in ((1, "kept in the database"), (0, "without a database"))]
    script.append("plot " + ", ".join(curves + [f"{FLOW_MODS_PER_SECOND} with lines dt 2 title 'goal'"]))
    return script


def surroundings(results):
    return {**results.about, "cpu": cpu_model(), "load_average": os.getloadavg()[0],
            "accelerator": "none needed: User-Mode Linux, one CPU, native code; cvswd on the host"}


def main():
    lines, out = sys.argv[1:]
    results = Results(lines)
    if not results.mods or not results.forwarding:
        sys.exit("report: no samples")
    about = surroundings(results)
    print_flow_mods(results)
    print_forwarding(results)
    print(f"\nCPU {about['cpu']}; accelerator: {about['accelerator']}; kernel {about['kernel']}; "
          f"AES-GCM: {about['aes']}; load average {about['load_average']:.1f}")
    told = goals(results)
    leave(out, {"about": about, "goals": told, "flow_mods": [item for items in results.mods.values() for item in items],
                "forwarding": [item for items in results.forwarding.values() for item in items.values()]},
          plot(results, out))


main()
