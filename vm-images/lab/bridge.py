# SPDX-License-Identifier: GPL-2.0
"""A Linux bridge in the place of Open vSwitch: it knows no controller."""
from lab.process import call
from lab.vswitch import make_tap, quiet

BRIDGE = "br0"


class Bridge:
    tso = True      # a bridge passes partial checksums and TSO frames

    def start(self):
        call("ip", "link", "add", BRIDGE, "type", "bridge")
        call("ip", "link", "set", BRIDGE, "up")

    def add_tap(self, name, _port):
        make_tap(name)
        call("ip", "link", "set", name, "master", BRIDGE)

    @staticmethod
    def add_port(name):
        """An interface of this host's whose other end is a port."""
        call("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}-port")
        call("ip", "link", "set", f"{name}-port", "master", BRIDGE)
        for end in name, f"{name}-port":
            quiet(end)
            call("ip", "link", "set", end, "up")

    def stop(self):
        call("ip", "link", "del", BRIDGE)
