# SPDX-License-Identifier: GPL-2.0
"""A Linux bridge in the place of Open vSwitch: it knows no controller."""
from lab.process import call
from lab.vswitch import make_tap

BRIDGE = "br0"


class Bridge:
    tso = True      # a bridge passes partial checksums and TSO frames

    def start(self):
        call("ip", "link", "add", BRIDGE, "type", "bridge")
        call("ip", "link", "set", BRIDGE, "up")

    def add_tap(self, name, _port):
        make_tap(name)
        call("ip", "link", "set", name, "master", BRIDGE)

    def stop(self):
        call("ip", "link", "del", BRIDGE)
