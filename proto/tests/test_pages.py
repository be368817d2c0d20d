#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""The tables of proto/VERSION3.md have what the code has, and every message has a vector; the lists of
fields and actions in the pages and in Wireshark's scripts are those of cvsw_fields.h.

usage: test_pages.py PROTO_FOLDER STATS_H
"""
import os
import re
import sys

import fields


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def section(page, title):
    """What stands below a heading, up to the next one."""
    return re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#)", page, re.DOTALL | re.MULTILINE).group(1)


def first_cells(text):
    return [cells[0] for cells in rows(text)]


def rows(text):
    return [[cell.strip() for cell in line.strip("| \n").split("|")] for line in text.splitlines()
            if line.startswith("| ") and not line.startswith("| ---")]


def statistics(page, stats):
    names = re.findall(r'X\(\w+,\s*"([a-z0-9-]+)"\)', stats)
    told = [name for name in first_cells(section(page, "STATISTICS_ANSWER")) if not name.startswith(("statistic", "ctl-bad", "ctl-v3", "table-N"))]
    yield from (f"statistic {name}: not in the table" for name in names if name not in told)
    yield from (f"statistic {name}: in the table only" for name in told if name not in names)


def errors(page, header):
    have = {number: name for name, number in re.findall(r"X\(([A-Z_]+), +(\d+), +\"", header)}
    told = {cells[0]: cells[1] for cells in rows(section(page, "ERROR")) if cells[0].isdigit()}
    if have != told:
        yield f"errors: the code has {have}, the page {told}"


def messages(page, vectors):
    kinds = {int(cells[0]): cells[1] for cells in rows(section(page, "Messages")) if cells[0].isdigit()}
    given = {int(value[:4], 16) for value in re.findall(r"^message-[a-z-]+ = ([0-9a-f]+)$", vectors, re.MULTILINE)}
    yield from (f"{name}: no vector" for kind, name in kinds.items() if kind not in given)
    if len(kinds) < 16:
        yield f"only {len(kinds)} messages found"


def lists_of_fields(folder):
    for name, *one in fields.LISTS:
        if read(folder, name) != fields.with_list(folder, name, *one):
            yield f"{name}: {one[0]}: this list is not that of cvsw_fields.h: run proto/tests/fields.py"


def report(name, wrong):
    print(f"{'not ' if wrong else ''}ok - proto: {name}")
    for what in wrong:
        print(f"# {what}")
    return bool(wrong)


def main():
    folder, stats = sys.argv[1:]
    page = read(folder, "VERSION3.md")
    wrong = [*statistics(page, read(stats)), *errors(page, read(folder, "cvsw_v3_body.h")),
             *messages(page, read(folder, "vectors", "v3.txt"))]
    failed = report("version 3's page has every statistic, error and message", wrong)
    failed |= report("the pages and Wireshark's scripts list every field and action", list(lists_of_fields(folder)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
