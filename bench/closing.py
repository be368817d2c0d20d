# SPDX-License-Identifier: GPL-2.0
"""How every benchmark ends: what it ran on, a line for each goal, JSON, and a picture."""
import json
import math
import os
import re
import subprocess


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        return re.search(r"^model name\s*: (.*)", info.read(), re.M).group(1)


def shown(value):
    return "nothing" if value is None else f"{value:.0f}" if 100 <= value < math.inf else f"{value:.3f}"


def goal(name, measured, wanted, note="", less=False, **more):
    """Prints the line, and returns what JSON is to have of it.  `measured` may be None; `less`: the less the better."""
    met = None
    if measured is not None and wanted is not None:
        met = measured <= wanted if less else measured >= wanted
    verdict = {None: "not measured", True: "met", False: "missed"}[met]
    print(f"goal {name}: measured {shown(measured)}, wanted {shown(wanted)}: {verdict}{f' ({note})' if note else ''}")
    return {"name": name, "measured": None if measured == math.inf else measured, "wanted": wanted, "met": met,
            "note": note, **more}


def leave(out, results, script):
    """`results` as OUT.json, and gnuplot's lines `script`, which draw OUT.svg."""
    with open(f"{out}.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)
    print(f"\n{os.path.relpath(out)}.json holds every sample, {os.path.relpath(out)}.svg the picture")
