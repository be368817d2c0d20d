# SPDX-License-Identifier: GPL-2.0
"""The commands of README.md: its blocks that begin with ```sh NAME."""
import os
import re

from lab.process import LabError
from lab.topology import TOP


class Readme:
    """Each block is run by its name."""

    def __init__(self, path=os.path.join(TOP, "README.md")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.blocks = dict(re.findall(r"^```sh ([a-z-]+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
        self.ran = set()

    def commands(self, name, **words):
        """A block as a script that stops at the first error. words: that the reader replaces by his own."""
        if name not in self.blocks:
            raise LabError(f"README.md has no block {name}")
        self.ran.add(name)
        text = self.blocks[name]
        for old, new in words.items():
            text = text.replace(old, new)
        return "set -e\n" + text

    def with_mac(self, name, mac):
        """A block for another NIC than README's example."""
        return self.commands(name, **{"02:00:00:00:00:01": mac})

    def unused(self, host):
        """Blocks that nobody ran; host: those of the host, or else the others."""
        return sorted(name for name in set(self.blocks) - self.ran if name.startswith("host-") == host)
