#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
The VM suite: Debian's stock kernel in two guests, and three at the end, on an Open vSwitch.

    check.py [plain|tso|direct [TEST...]]
    check.py --list

plain: the taps know no offloads, so neither do the guests. tso: Open vSwitch
passes partial checksums and TSO frames through. direct: a Linux bridge, and
cvswd at the taps. Without a variant all run, the first two side by side.
TEST: as "driver.hot_unplug", in place of all. Prints flat TAP.
--list: every variant and TEST, without running any.
"""
import os
import sys

sys.dont_write_bytecode = True      # everything that is made is made under build/

from lab import sandbox
from lab.bridge import Bridge
from lab.controller import Controller
from lab.process import LabError
from lab.report import Report
from lab.topology import BUILD, CVSW2, Lab
from tests import actions, agreement, byhand, control, direct, driver, hardship, keys, overlay, tunnel
from tests.bench import Bench

# What needs no controller comes first, for none runs until control.connects.
TESTS = {
    # Behind direct.through_the_bridge taps' names are not cvswd's any more.
    "direct": direct.ALL[:2] + [tunnel.inner_checksums] + direct.ALL[2:] + [driver.clean_logs],
}
TESTS["plain"] = TESTS["tso"] = (driver.ALL + byhand.ALL + control.ALL[:3] + actions.ALL +
                                 control.ALL[3:] + tunnel.ALL + overlay.ALL + hardship.ALL + keys.ALL +
                                 [tunnel.keys_stay_hidden, driver.clean_logs])
# Not twice, for time's sake.
TESTS["plain"] = TESTS["plain"][:-2] + agreement.ALL + TESTS["plain"][-2:]


def known_tests(variant):
    return {f"{test.__module__.split('.')[-1]}.{test.__name__}": test for test in TESTS[variant]}


def chosen(variant, names):
    known = known_tests(variant)
    if unknown := set(names) - set(known):
        raise LabError(f"no such test in {variant}: {', '.join(sorted(unknown))}")
    return [test for name, test in known.items() if not names or name in names]


def main(variant, names):
    tests = chosen(variant, names)
    report = Report(f"vm {variant}")
    vswitch = Bridge() if variant == "direct" else None
    with Lab(f"check-vm-{variant}", tso=variant == "tso", vswitch=vswitch) as lab:
        print(f"# two VMs under {lab.accel}, logs in {lab.log_dir}", flush=True)
        if variant != "direct":
            lab.vswitch.plain()
        bench = Bench(lab, report, lab.add_pair(CVSW2), Controller(BUILD, lab.log_dir, version2=True))
        for test in tests:
            test(bench)
    return 1 if report.failed else 0


def lacking():
    """What this machine has not that a VM needs, or None."""
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
        return None
    except OSError as why:
        return f"/dev/net/tun: {why.strerror}"


def job(variant, names):
    return lambda: main(variant, names)


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print(*(f"{variant} {name}" for variant in TESTS for name in known_tests(variant)), sep="\n")
        sys.exit(0)
    if sys.argv[1:] and sys.argv[1] not in TESTS:
        sys.exit(__doc__)
    if why_not := lacking():
        print(f"ok - vm: two VMs # SKIP {why_not}")
        sys.exit(0)
    if sys.argv[1:]:
        sys.exit(sandbox.run(job(sys.argv[1], sys.argv[2:])))
    status = sandbox.run_all([job("plain", []), job("tso", [])])
    if status >= 128:                   # ended by a signal, and that means all of it
        sys.exit(status)
    sys.exit(sandbox.run(job("direct", [])) or status)
