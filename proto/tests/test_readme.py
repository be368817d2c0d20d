#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""The examples that proto/README.md makes by hand mean what it says of them.

usage: test_readme.py FLOWTOOL README
"""
import re
import subprocess
import sys


def main():
    tool, readme = sys.argv[1:]
    with open(readme, encoding="utf-8") as file:
        text = file.read()
    hexes = ["".join(re.sub(r"#.*", "", line) for line in block.splitlines()).replace(" ", "")
             for block in re.findall(r"```hex\n(.*?)```", text, re.DOTALL)]
    means = [block.strip() for block in re.findall(r"```text\n(.*?)```", text, re.DOTALL)]
    shown = subprocess.run([tool, "frame"], input="\n".join(hexes), capture_output=True,
                           text=True, check=True).stdout.splitlines()
    command = re.sub(r"\s", "", text[text.index("ovs-ofctl packet-out"):])
    failures = []
    if len(hexes) != 3 or len(means) != len(hexes):
        failures.append(f"{len(hexes)} frames and {len(means)} meanings")
    failures += [f"README says {mean!r}, the bytes say {line!r}"
                 for mean, line in zip(means, shown) if mean != line]
    if f"packet={hexes[0]}'" not in command:
        failures.append("the packet-out command sends something else than the example")
    print(f"{'not ' if failures else ''}ok - proto: the README's examples mean what it says")
    for why in failures:
        print(f"# {why}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
