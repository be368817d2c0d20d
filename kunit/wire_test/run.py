# SPDX-License-Identifier: GPL-2.0
"""The whole driver on the virtio wire: run.py MODULES KERNEL [WORDS...]

Runs inside User-Mode Linux, started by run-uml.sh; prints flat TAP.  With WORDS,
only the tests whose names contain each of them.  run.py --list prints the names, anywhere.
"""
import sys
import time
import traceback

import bench
from registry import TESTS

import test_plain     # noqa: F401  (each registers its tests)
import test_actions   # noqa: F401
import test_responders # noqa: F401
import test_outputs  # noqa: F401
import test_parsed   # noqa: F401
import test_doorbell  # noqa: F401
import test_netpoll  # noqa: F401
import test_giants    # noqa: F401
import test_control   # noqa: F401
import test_version3  # noqa: F401
import test_faults    # noqa: F401
import test_vxlan     # noqa: F401
import test_esp       # noqa: F401
import test_told     # noqa: F401
import test_matrix   # noqa: F401
import test_queues   # noqa: F401
import test_life      # noqa: F401
import test_sleep     # noqa: F401
import test_esp_later # noqa: F401


def run_one(on, name, function, anew):
    start = time.monotonic()
    why = None
    try:
        function(on)
        if not anew:
            on.calm()
    except bench.Failed as failure:
        why = str(failure)
    except Exception:       # a test's own bug, or the kernel's error where none was expected
        why = traceback.format_exc(limit=-3)
    if why or anew:
        try:
            on.replug()
        except Exception:
            why = (why or "") + "\nand the wire does not come up again:\n" + traceback.format_exc(limit=-3)
    print(f"{'not ok' if why else 'ok'} - {name}")
    for line in (why or "").splitlines()[:30]:
        print("#", line[:300])
    print(f"{time.monotonic() - start:6.2f} s  {name}", file=sys.stderr)
    return not why


def main():
    if sys.argv[1:] == ["--list"]:
        print(*(name for name, _, _ in TESTS), sep="\n")
        return
    modules, kernel, *words = sys.argv[1:]
    sys.stdout.reconfigure(line_buffering=True)
    sys.stderr.reconfigure(line_buffering=True)
    on = bench.Bench(modules, kernel)
    on.load()
    good = True
    for name, function, anew in TESTS:
        if all(word.lower() in f"wire: {name}".lower() for word in words):
            good &= run_one(on, name, function, anew)
    try:
        on.unload()
        print("ok - modules unload")
    except bench.Failed as failure:
        print(f"not ok - modules unload\n# {failure}")
        good = False
    sys.exit(not good)


main()
