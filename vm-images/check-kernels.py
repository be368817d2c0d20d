#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
The driver with all kernels that Debian's mirror has: built by README without a warning, and
booted in two VMs: keys, flows, an encrypted overlay.

    check-kernels.py [SUITE]...     one or more of those below; all without arguments

Needs what check-debian.py needs. Prints flat TAP.
"""
import sys

sys.dont_write_bytecode = True      # everything that is made is made under build/

from lab.process import LabError
from systems.bed import walk, walk_all
from systems.system import base_disk
from systems.walk import Walk

# The suite of the system, and of its kernel if that is another.
KERNELS = (["bookworm"], ["trixie"], ["trixie", "trixie-backports"], ["sid"])


def job(suites):
    title = f"kernel of {suites[-1]}"

    def run():
        try:
            base_disk(*suites)
        except LabError as why:
            print(f"ok - {title} # SKIP {why}", flush=True)
            return 0
        return walk(f"check-kernels-{suites[-1]}", title, suites, Walk, Walk.prepare, Walk.run_briefly)
    return title, run


if __name__ == "__main__":
    if set(sys.argv[1:]) - {suites[-1] for suites in KERNELS}:
        sys.exit(__doc__)
    sys.exit(walk_all([job(suites) for suites in KERNELS if suites[-1] in sys.argv[1:] or not sys.argv[1:]]))
