#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Every link of the pages leads to a file and, behind #, to a heading of it.

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


def main():
    found = list(pages(sys.argv[1]))
    wrong = [link for page in found for link in broken(page)]
    if len(found) < 5:
        wrong.append(f"only {len(found)} pages in {sys.argv[1]}")
    print(f"{'not ' if wrong else ''}ok - pages: every link leads somewhere")
    for what in wrong:
        print(f"# {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
