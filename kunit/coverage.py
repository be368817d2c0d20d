#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Which lines the tests have run: coverage.py BUILD

BUILD has objects that gcc built with --coverage, and the counters that the tests left beside
them; in counters/ those of kernel modules. Prints a table of folders, and the lines of some that
no test runs. A file that several objects contain (a header, a file of proto/, a file that a KUnit
suite includes) is added up.

What stays in the list of engine, esp and table, and why:
- no memory where no test can choose it: a tag that is put inside (layers.c), a copy or a checksum
  of a frame (segment.c), one CPU's part of a cache (cache.c);
- a copy of bytes that the parser has found to be there: it cannot fail, but its result is asked
  (mtu.c, trace.c, esp_tx.c, esp_rx.c);
- two CPUs at once, which check-smp has (hits.c);
- a machine that was restored from a snapshot, which check-vm has (vmgenid.c).
"""
import collections
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COUNTED = ("proto/", "drivers/cvsw/", "ctrl-agent/")
LISTED = ("proto", "drivers/cvsw/engine", "drivers/cvsw/esp", "drivers/cvsw/table")  # line by line


def counted(build):
    """{file: {line: how often}} of all objects."""
    lines = collections.defaultdict(collections.Counter)
    notes = [os.path.abspath(path) for folder in ("asan", "counters")
             for path in glob.glob(f"{build}/{folder}/**/*.gcno", recursive=True)]
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["gcov", "--json-format", "--hash-filenames", *notes], cwd=work, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for path in glob.glob(work + "/*.json.gz"):
            with gzip.open(path) as file:
                for source in json.load(file)["files"]:
                    name = os.path.relpath(os.path.realpath(source["file"]), TOP)
                    for line in source["lines"]:
                        lines[name][line["line_number"]] += line["count"]
    return {name: counts for name, counts in sorted(lines.items())
            if name.startswith(COUNTED) and "/tests/" not in name and "/fuzz/" not in name}


def ranges(numbers):
    """[1, 2, 3, 7] -> 1-3, 7"""
    found = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{a}-{b}" if b > a else str(a) for a, b in found)


def main(build):
    files = counted(build)
    if not any(any(counts.values()) for counts in files.values()):
        sys.exit(f"coverage: no test of {build} has left a counter")
    folders = collections.defaultdict(lambda: [0, 0])
    for name, counts in files.items():
        folder = folders[os.path.dirname(name)]
        folder[0] += len(counts)
        folder[1] += sum(count > 0 for count in counts.values())
    for folder in LISTED:
        print(f"lines of {folder}/ that no test runs:")
        for name, counts in files.items():
            if missing := sorted(line for line, count in counts.items() if not count):
                if os.path.dirname(name) == folder:
                    print(f"  {name}: {ranges(missing)}")
        print()
    print(f"{'folder':24}{'lines':>8}{'run':>8}{'%':>8}")
    for folder, (lines, run) in sorted(folders.items()) + [("all", map(sum, zip(*folders.values())))]:
        print(f"{folder:24}{lines:8}{run:8}{100 * run / lines:8.1f}")


main(sys.argv[1])
