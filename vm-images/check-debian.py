#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
README's installation in complete Debian systems: its own commands, step by step.

    check-debian.py [bookworm|trixie]...     both without arguments

Needs root, the network for packages, and some GB in build/ and in the cache. Prints flat TAP.
"""
import sys

sys.dont_write_bytecode = True      # everything that is made is made under build/

from systems.bed import walk, walk_all
from systems.host import Host
from systems.walk import Walk

RELEASES = {"bookworm": "Debian 12", "trixie": "Debian 13"}


def prepare(steps):
    steps.refusals()
    steps.prepare()


def vms(suite):
    return lambda: walk(f"check-debian-{suite}", RELEASES[suite], [suite], Walk, prepare, Walk.run)


def host(suite):
    return lambda: walk(f"check-debian-{suite}-host", f"{RELEASES[suite]} host", [suite], Host,
                        Host.prepare, Host.run)


if __name__ == "__main__":
    if set(sys.argv[1:]) - set(RELEASES):
        sys.exit(__doc__)
    sys.exit(walk_all([(RELEASES[suite], part(suite)) for suite in sys.argv[1:] or RELEASES for part in (vms, host)]))
