#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Every link of the pages leads to a file and, behind #, to a heading of it; every row is in a table.

usage: test_links.py FOLDER
"""
import os
import re
import sys


def pages(top):
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if name != "build" and not name.startswith(".")]
        yield from (os.path.join(folder, name) for name in files if name.endswith(".md"))


def headings(text):
    """As anchors."""
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-")
            for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def broken(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        path, _, anchor = link.partition("#")
        target = os.path.join(os.path.dirname(page), path) if path else page
        if re.match(r"[a-z]+:", link):
            continue
        if not os.path.exists(target) or (anchor and anchor not in headings(read(target))):
            yield f"{page}: {link}"


def loose(page):
    """Rows that an empty line has cut off: the second line of a table is of dashes."""
    text = re.sub(r"^```.*?^```", "", read(page), flags=re.MULTILINE | re.DOTALL)
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        if not re.match(r".*\n\|[-:| ]+\n", table):
            yield f"{page}: {table[:60]}"


def report(name, wrong):
    print(f"{'not ' if wrong else ''}ok - pages: {name}")
    for what in wrong:
        print(f"# {what}")
    return bool(wrong)


def main():
    found = list(pages(sys.argv[1]))
    links = [link for page in found for link in broken(page)]
    if len(found) < 5:
        links.append(f"only {len(found)} pages in {sys.argv[1]}")
    rows = [row for page in found for row in loose(page)]
    return report("every link leads somewhere", links) | report("every row is in a table", rows)


if __name__ == "__main__":
    sys.exit(main())
