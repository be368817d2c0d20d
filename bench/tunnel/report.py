# SPDX-License-Identifier: GPL-2.0
"""From the samples of measure.py to a table, goals, JSON and a plot: report.py LINES OUT"""
import json
import os
import statistics
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from closing import cpu_model, goal, leave  # noqa: E402

CASES = {       # in the order of the table
    "stock": "virtio_net, bare",
    "cvsw-no-flows": "CVSW, no flows",
    "cvsw-match": "CVSW, one flow, onward",
    "cvsw-mac": "CVSW, one flow writes a MAC address",
    "cvsw-rewrite": "CVSW, one flow rewrites",
    "per-frame": "virtio_net, a frame per segment",
    "kernel-vxlan": "kernel vxlan",
    "kernel-vxlan-nocsum": "kernel vxlan, UDP checksum 0",
    "cvsw-vxlan": "CVSW vxlan",
    "cvsw-vxlan-offload": "CVSW vxlan, inner-csum",
    "kernel-esp": "kernel vxlan + xfrm ESP",
    "cvsw-esp": "CVSW vxlan + ESP",
}
METRICS = ("tcp", "pps-64", "pps-1400")         # with a panel of the picture
KERNEL_VXLAN = ("kernel-vxlan", "kernel-vxlan-nocsum")

# name, metric, case, what it is measured against (the best of several), wanted ratio
GOALS = [
    ("no flows, TCP against stock", "tcp", "cvsw-no-flows", ("stock",), 0.99),
    ("no flows, 64-byte packets against stock", "pps-64", "cvsw-no-flows", ("stock",), 0.99),
    ("no flows, 1400-byte packets against stock", "pps-1400", "cvsw-no-flows", ("stock",), 0.99),
    ("no flows, bursts of 32 64-byte packets against stock", "burst-64", "cvsw-no-flows", ("stock",), 0.99),
    ("a flow that rewrites, bursts of 32 against stock", "burst-64", "cvsw-rewrite", ("stock",), 0.98),
    ("VXLAN TCP against the kernel's", "tcp", "cvsw-vxlan", KERNEL_VXLAN, 1.0),
    ("VXLAN TCP with inner-csum against the kernel's", "tcp", "cvsw-vxlan-offload", KERNEL_VXLAN, 1.0),
    ("VXLAN TCP against the per-frame bound", "tcp", "cvsw-vxlan", ("per-frame",), 0.9),
    ("VXLAN TCP with inner-csum against the per-frame bound", "tcp", "cvsw-vxlan-offload", ("per-frame",), 0.9),
    ("VXLAN 64-byte packets against the kernel's", "pps-64", "cvsw-vxlan", KERNEL_VXLAN, 1.5),
    ("VXLAN 1400-byte packets against the kernel's", "pps-1400", "cvsw-vxlan", KERNEL_VXLAN, 1.5),
    ("VXLAN+ESP TCP against xfrm", "tcp", "cvsw-esp", ("kernel-esp",), 1.25),
    ("VXLAN+ESP TCP against the encrypting bound", "tcp", "cvsw-esp", ("encrypting-bound",), 0.8),
]


class Results:
    def __init__(self, path):
        self.values, self.costs = {}, {}        # (case, metric) -> {round: ...}
        self.checked, self.unavailable, self.aead, self.about = {}, {}, [], {}
        with open(path) as lines:
            for line in lines:
                if line.startswith("{"):
                    self._take(json.loads(line))
        self._encrypting_bound()

    def _take(self, item):
        kind = item.pop("kind")
        if kind == "sample" and item["round"] >= 0:
            key = item["case"], item["metric"]
            self.values.setdefault(key, {})[item["round"]] = item["value"]
            self.costs.setdefault(key, {})[item["round"]] = item["ns_per_byte"]
            if item["encrypted"]:
                self.checked.setdefault(item["case"], []).append(item["frames_checked"])
        elif kind == "aead":
            self.aead.append(item)
        elif kind == "unavailable":
            self.unavailable[item["case"]] = item["why"]
        elif kind == "about":
            self.about = item

    def _encrypting_bound(self):
        """The per-frame bound, plus encrypting and decrypting each byte once, round by round."""
        frame = self.values.get(("per-frame", "tcp"), {})
        both = {item["round"]: item["both_ns_per_byte"] for item in self.aead}
        bound = {n: 8000 / (8000 / mbit + both[n]) for n, mbit in frame.items() if n in both}
        if bound:
            self.values["encrypting-bound", "tcp"] = bound
            costs = self.costs["per-frame", "tcp"]
            self.costs["encrypting-bound", "tcp"] = {item["round"]: costs[item["round"]] + item["both_cpu_ns_per_byte"]
                                                     for item in self.aead if item["round"] in costs}

    def median(self, case, metric):
        found = self.values.get((case, metric))
        return statistics.median(found.values()) if found else None

    def ratio(self, case, others, metric):
        """Against the fastest of the others: (by throughput, by CPU time, which).  Medians of
        the rounds' own ratios, for rounds differ more than cases do."""
        best = max((other for other in others if self.median(other, metric)),
                   key=lambda other: self.median(other, metric), default=None)

        def median_of(table, invert):
            mine, theirs = table.get((case, metric), {}), table.get((best, metric), {})
            both = [theirs[n] / mine[n] if invert else mine[n] / theirs[n] for n in mine if n in theirs]
            return statistics.median(both) if both else None
        return median_of(self.values, False), median_of(self.costs, True), best


def table(results):
    head = f"{'':34}{'TCP Mbit/s':>12}{'min..max':>16}{'CPU ns/B':>9}{'64 B kpps':>11}{'1400 B kpps':>13}" \
           f"{'64 B x 32':>11}"
    print("\n" + head + "\n" + "-" * len(head))
    for case, text in [*CASES.items(), ("encrypting-bound", "bound: a frame per segment + AES")]:
        if case in results.unavailable:
            print(f"{text:34}not available: {results.unavailable[case]}")
            continue
        line, tcp = f"{text:34}", results.values.get((case, "tcp"))
        if tcp:
            line += f"{results.median(case, 'tcp'):12.0f}{min(tcp.values()):8.0f}..{max(tcp.values()):<6.0f}"
            line += f"{statistics.median(results.costs[case, 'tcp'].values()):9.3f}" if (case, "tcp") in results.costs else " " * 9
        else:
            line += " " * 37
        for metric, width in (("pps-64", 11), ("pps-1400", 13), ("burst-64", 11)):
            value = results.median(case, metric)
            line += f"{value / 1000:{width}.1f}" if value else " " * width
        if line.strip() == text:
            continue
        print(line)


def goals(results):
    told = []
    print()
    for name, metric, case, others, wanted in GOALS:
        ratio, by_cpu, against = results.ratio(case, others, metric)
        note = results.unavailable.get(case, "") if ratio is None else f"{by_cpu:.2f} by CPU time"
        told.append(goal(name, ratio, wanted, note, by_cpu_time=by_cpu, against=against))
    return told


def surroundings(results):
    about = {"cpu": cpu_model(), "accelerator": "none needed: User-Mode Linux, one CPU, native code",
             "kernel": results.about.get("kernel"), "aes": results.about.get("aes"),
             "load_average": os.getloadavg()[0]}
    if results.aead:
        item = results.aead[0]
        about["aead"] = {"driver": item["driver"], "bytes": item["bytes"],
                         **{f"{what}_ns_per_byte": statistics.median(i[f"{what}_cpu_ns_per_byte"] for i in results.aead)
                            for what in ("encrypt", "both")}}
    return about


def tell(about, results):
    aead = about.get("aead")
    print(f"CPU {about['cpu']}; accelerator: {about['accelerator']}; kernel {about['kernel']}")
    if aead:
        print(f"AES-GCM by {aead['driver']} for everyone: {aead['encrypt_ns_per_byte']:.3f} ns/byte to encrypt, "
              f"{aead['both_ns_per_byte']:.3f} there and back, in frames of {aead['bytes']} bytes")
    for case, checked in results.checked.items():
        print(f"ciphertext and nothing else on the wire: {CASES[case]}: {sum(checked)} frames in {len(checked)} runs")


def plot(results, out):
    """gnuplot's lines, and the numbers they are about."""
    shown = [case for case in CASES if results.median(case, "tcp")]
    with open(f"{out}.dat", "w") as data:
        for case in shown:
            values = [results.median(case, metric) or float("nan") for metric in METRICS]
            data.write(f'"{CASES[case]}" {values[0] / 1000} {values[1] / 1e6} {values[2] / 1e6}\n')
    panel = "plot '{0}.dat' using 0:{1}:xtic(1) with boxes lc rgb '{2}' notitle, " \
            "'' using 0:{1}:(sprintf('%.2f', ${1})) with labels offset 0,0.6 notitle\n"
    script = ["set terminal svg noenhanced size 1100,1000 font 'sans,12'", f"set output '{out}.svg'",
              "set style fill solid 0.8 border", "set boxwidth 0.6", "set grid ytics", "set yrange [0:*]", "set datafile missing 'nan'",
              "set offsets 0.5, 0.5, graph 0.15, 0", "set xtics rotate by -18", "set multiplot layout 3,1"]
    for title, column, colour in (("TCP, Gbit/s", 2, "#3465a4"), ("64-byte frames, million a second", 3, "#73a946"),
                                  ("1400-byte frames, million a second", 4, "#c17d11")):
        script += [f"set title '{title}'", panel.format(out, column, colour)]
    return script


def main():
    lines, out = sys.argv[1:]
    results = Results(lines)
    if not results.values:
        sys.exit("report: no samples")
    about = surroundings(results)
    table(results)
    print()
    tell(about, results)
    told = goals(results)
    leave(out, {"about": about, "goals": told, "unavailable": results.unavailable,
                "samples": [{"case": case, "metric": metric, "values": list(values.values())}
                            for (case, metric), values in results.values.items()]}, plot(results, out))


main()
