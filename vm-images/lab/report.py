# SPDX-License-Identifier: GPL-2.0
"""Test results as flat TAP: `ok - NAME`, or `not ok - NAME` and lines that say why."""
import contextlib
import traceback

from lab.guest import GuestDead


def expect(condition, why):
    """Fail the test at hand, saying why, unless condition holds."""
    if not condition:
        raise AssertionError(why)


class Report:
    def __init__(self, prefix):
        self.prefix = prefix
        self.failed = 0

    @contextlib.contextmanager
    def test(self, name):
        """A test: fails if its body raises. A dead guest ends the suite."""
        name = f"{self.prefix}: {name}"
        try:
            yield
        except Exception as why:
            self.failed += 1
            text = str(why) if isinstance(why, AssertionError) else traceback.format_exc()
            lines = [f"not ok - {name}", *(f"# {line}" for line in text.strip().splitlines())]
            # In one piece: another suite may write to the same pipe.
            print("\n".join(lines), flush=True)
            if isinstance(why, GuestDead):
                raise
        else:
            print(f"ok - {name}", flush=True)
