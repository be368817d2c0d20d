# SPDX-License-Identifier: GPL-2.0
"""From the samples of measure.py to a table, goals, JSON and a plot: report.py LINES OUT

Costs are nanoseconds a frame above those of a device that frees its frames: medians of
the rounds.  Ratios are those of the means of each run's middle half, for the clock's
steps are coarse beside a cache hit."""
import json
import os
import statistics
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from closing import cpu_model, goal, leave  # noqa: E402

SYSTEMS = {"cvsw": "CVSW", "ovs": "openvswitch", "flower": "tc flower"}
KINDS = {"same": "64 microflows", "scattered": "any entry", "missing": "none matches"}
INSTALLED_PER_SECOND, BYTES_PER_ENTRY, GROWTH = 50_000, 512, 1.3
ROW_OF_TEN = 1.1


class Results:
    def __init__(self, path):
        self.samples, self.fills, self.replaced, self.unavailable, self.about = {}, {}, [], {}, {}
        with open(path) as lines:
            for line in lines:
                if line.startswith("{"):
                    self._take(json.loads(line))
        self.shapes = sorted({key[:3] for key in self.samples})

    def _take(self, item):
        kind = item.pop("kind")
        if kind == "sample" and item["round"] >= 0:
            key = item["entries"], item["masks"], item["layout"], item["frames"], item["system"]
            self.samples.setdefault(key, []).append(item)
        elif kind == "fill":
            self.fills[item["entries"], item["masks"], item["layout"], item["system"]] = item
        elif kind == "replace":
            self.replaced.append(item)
        elif kind == "unavailable":
            self.unavailable[item["system"]] = item["why"]
        elif kind == "about":
            self.about = item

    def cost(self, shape, frames, system, what):
        """Above the bare device's, round by round; None: not measured."""
        mine, bare = (self.samples.get((*shape, frames, name)) for name in (system, "bare"))
        if not mine or not bare:
            return None
        return statistics.median(m[what] - b["middle" if what == "middle" else "median"] for m, b in zip(mine, bare))


def print_table(results):
    head = f"{'flows':>9}{'masks':>6}  {'':8}{'frames':15}{'bare':>7}" + "".join(f"{name:>21}" for name in SYSTEMS.values())
    print(f"\nns a frame: bare, and what each adds to it: median, 99th percentile\n\n{head}\n{'-' * len(head)}")
    for shape in results.shapes:
        for frames, text in KINDS.items():
            if (*shape, frames, "bare") not in results.samples:
                continue
            bare = statistics.median(item["median"] for item in results.samples[(*shape, frames, "bare")])
            line = f"{shape[0]:9}{shape[1]:6}  {shape[2]:8}{text:15}{bare:7.0f}"
            for system in SYSTEMS:
                median, p99 = (results.cost(shape, frames, system, what) for what in ("median", "p99"))
                line += f"{'-':>21}" if median is None else f"{median:11.0f}{p99:10.0f}"
            print(line)


def print_fills(results):
    most = max(results.shapes)[0]
    print()
    for (entries, masks, layout, system), fill in results.fills.items():
        if entries == most and system != "bare":
            line = (f"{SYSTEMS[system]}: {entries} flows with {masks} masks, {layout}, installed in {fill['seconds']:.1f} s, "
                    f"{fill['bytes'] / entries:.0f} bytes each")
            if "ns_per_flow_mod" in fill:
                line += (f"; {1e9 / fill['ns_per_flow_mod']:.0f} flow_mods a second in batches of 100, decoding included; "
                         f"{1e9 / fill['ns_per_flow_mod_again']:.0f} when filled again")
            print(line)
    for item in results.replaced:
        if item["entries"] == most:
            print(f"CVSW: {most} flows with {item['masks']} masks, {item['layout']}, replaced atomically, {item['changed']} of them new: "
                  f"{item['ns_per_flow']} ns a flow, {item['bytes'] / 1e6:.1f} MB until it was seen; "
                  f"none of {item['frames']} frames lost meanwhile")
    for system, why in results.unavailable.items():
        print(f"{SYSTEMS[system]}: not available: {why}")


def worst_against(results, other):
    """The highest ratio of CVSW's cost to another's, how many points there are, and where it is."""
    points = []
    for shape in results.shapes:
        for frames in KINDS:
            mine, theirs = (results.cost(shape, frames, system, "middle") for system in ("cvsw", other))
            if mine is not None and theirs is not None:
                points.append((mine / max(theirs, 0.1), shape, frames))
    worst = max(points, default=None)
    return (worst[0], f"worst of {len(points)} points: {worst[1][0]} flows, {worst[1][1]} masks, {worst[1][2]}, {KINDS[worst[2]]}") if worst else (None, "")


def growth(results):
    """What a working set of 64 costs in the largest table, against one of 100: minutes lie between
    the two, and the clock's rate may have changed, so each is counted in bare frames of its time."""
    def bare_frames(shape):
        mine, bare = (results.samples.get((*shape, "same", name)) for name in ("cvsw", "bare"))
        return mine and bare and statistics.median(m["middle"] / b["middle"] - 1 for m, b in zip(mine, bare))

    found = []
    most = max(results.shapes)[0]
    for masks, layout in {shape[1:] for shape in results.shapes}:
        small, large = (bare_frames((entries, masks, layout)) for entries in (100, most))
        if small and large and most > 100:
            found.append((large / small, masks, layout))
    worst = max(found, default=None)
    return (worst[0], f"{most} flows, {worst[1]} masks, {worst[2]}") if worst else (None, "")


def row(results):
    """What ten tables in a row cost against one, of 64 microflows."""
    one, ten = (results.cost((100, 1, layout), "same", "cvsw", "middle") for layout in ("named", "row"))
    return (ten / one if one and ten else None, "64 microflows of 100 flows")


def measured_goals(results):
    """(name, (measured or None, where), wanted, whether less is better)"""
    most = max(results.shapes)[0]
    fills = [fill for (entries, _, _, system), fill in results.fills.items() if entries == most and system == "cvsw"]
    for other in ("ovs", "flower"):
        yield f"cost against {SYSTEMS[other]}", worst_against(results, other), 1.0, True
    yield "64 microflows, largest table against 100 flows", growth(results), GROWTH, True
    yield "ten tables in a row against one", row(results), ROW_OF_TEN, True
    yield ("flow_mods a second", (min(1e9 / fill["ns_per_flow_mod"] for fill in fills), f"{most} flows"),
           INSTALLED_PER_SECOND, False)
    yield "bytes a flow", (max(fill["bytes"] / most for fill in fills), f"{most} flows"), BYTES_PER_ENTRY, True


def goals(results):
    print()
    return [goal(name, measured, wanted, where, less)
            for name, (measured, where), wanted, less in measured_goals(results)]


def curves_of(results):
    return sorted({shape[1:] for shape in results.shapes})


def plot(results, out):
    """gnuplot's lines, and the numbers they are about."""
    with open(f"{out}.dat", "w") as data:
        for frames in KINDS:
            for system in SYSTEMS:
                for curve in curves_of(results):
                    for shape in results.shapes:
                        cost = results.cost(shape, frames, system, "middle")
                        if shape[1:] == curve and cost is not None:
                            data.write(f"{shape[0]} {max(cost, 1)} {frames}-{system}-{curve[0]}-{curve[1]}\n")
    colours = {"cvsw": "#3465a4", "ovs": "#c17d11", "flower": "#73a946"}
    script = ["set terminal svg noenhanced size 1000,1200 font 'sans,12'", f"set output '{out}.svg'", "set logscale xy",
              "set xlabel 'flows'", "set ylabel 'ns a frame'", "set grid", "set key outside right", "set multiplot layout 3,1"]
    for frames, text in KINDS.items():
        curves = []
        for system, name in SYSTEMS.items():
            for dash, (masks, layout) in enumerate(curves_of(results), 1):
                if any((*shape, frames, system) in results.samples for shape in results.shapes if shape[1:] == (masks, layout)):
                    curves.append(f"'{out}.dat' using 1:(strcol(3) eq '{frames}-{system}-{masks}-{layout}' ? $2 : 1/0) with linespoints "
                                  f"dt {dash} lc rgb '{colours[system]}' title '{name}, {masks} masks, {layout}'")
        script += [f"set title '{text}'", "plot " + ", ".join(curves)]
    return script


def surroundings(results):
    return {"cpu": cpu_model(), "accelerator": "none needed: User-Mode Linux, one CPU, native code", "aes": "none",
            "load_average": os.getloadavg()[0], **results.about}


def main():
    lines, out = sys.argv[1:]
    results = Results(lines)
    if not results.samples:
        sys.exit("report: no samples")
    about = surroundings(results)
    print_table(results)
    print_fills(results)
    print(f"\nCPU {about['cpu']}; accelerator: {about['accelerator']}; kernel {about['kernel']}; no AES; "
          f"{about['rounds']} rounds of {about['frames']} frames; load average {about['load_average']:.1f}")
    told = goals(results)
    leave(out, {"about": about, "goals": told, "unavailable": results.unavailable, "fills": list(results.fills.values()),
                "replaced": results.replaced, "samples": [item for items in results.samples.values() for item in items]},
          plot(results, out))


main()
