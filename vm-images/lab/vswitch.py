# SPDX-License-Identifier: GPL-2.0
"""An Open vSwitch of the lab's own: userspace datapath, needs nothing of the kernel but TUN."""
import os
import re
import shutil

from lab.process import Process, call, wait_for

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
RUN = "/run/openvswitch"        # the sandbox's own /run: the tools find it by default
BRIDGE = "br0"


def quiet(name):
    """An interface passes frames of VMs, not of the stack that happens to own it."""
    with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w", encoding="ascii") as off:
        off.write("1")


def make_tap(name):
    call("ip", "tuntap", "add", "dev", name, "mode", "tap")
    quiet(name)
    # Room for any MTU the controller may set.
    call("ip", "link", "set", name, "mtu", 9000, "up")


class Vswitch:
    """One bridge, unless add_bridge() makes more. Its ports are taps; port N is named vmN."""

    def __init__(self, log_dir, tso):
        """tso: frames keep partial checksums and TSO through the vswitch."""
        self.log_dir = log_dir
        self.tso = tso
        self.server = self.switch = None
        self.taps = []

    def start(self):
        os.makedirs(RUN)
        call("ovsdb-tool", "create", f"{RUN}/conf.db", SCHEMA)
        self.server = self._daemon("ovsdb-server", f"{RUN}/conf.db",
                                   f"--remote=punix:{RUN}/db.sock")
        wait_for("ovsdb-server", lambda: os.path.exists(f"{RUN}/db.sock") and self.server.require())
        call("ovs-vsctl", "--no-wait", "init")
        if self.tso:
            call("ovs-vsctl", "--no-wait", "set", "Open_vSwitch", ".",
                 "other_config:userspace-tso-enable=true")
        self.switch = self._daemon("ovs-vswitchd", f"unix:{RUN}/db.sock")
        self.add_bridge(BRIDGE, "02:00:00:00:ff:00")

    def _daemon(self, name, *argv):
        return Process(name, [name, *argv, f"--pidfile={RUN}/{name}.pid",
                              f"--log-file={self.log_dir}/{name}.log", "-vconsole:off"],
                       f"{self.log_dir}/{name}.out")

    def vsctl(self, *argv):
        return call("ovs-vsctl", "--timeout=10", *argv)

    def add_bridge(self, name, mac):
        self.vsctl("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev", "fail-mode=secure",
                   "protocols=OpenFlow10,OpenFlow13", f"other-config:hwaddr={mac}")

    def add_tap(self, name, port, bridge=BRIDGE):
        make_tap(name)
        self.taps.append(name)
        self.add_port(bridge, name, f"ofport_request={port}")

    def add_port(self, bridge, name, *settings):
        """settings: of the interface, as ovs-vsctl takes them."""
        self.vsctl("add-port", bridge, name, "--", "set", "interface", name, *settings)

    def move_port(self, name, port, bridge=BRIDGE):
        """The same tap, plugged into another port."""
        self.vsctl("del-port", bridge, name)
        self.add_port(bridge, name, f"ofport_request={port}")

    def plain(self, bridge=BRIDGE):
        """Forward without a controller."""
        self.ofctl("add-flow", "priority=0,actions=NORMAL", bridge=bridge)

    def set_controller(self, target, bridge=BRIDGE):
        self.vsctl("set-controller", bridge, target,
                   "--", "set", "controller", bridge, "connection-mode=out-of-band")

    def set_protocols(self, *versions):
        self.vsctl("set", "bridge", BRIDGE, f"protocols={','.join(versions)}")

    def connected(self):
        """Is the controller of each bridge connected?"""
        said = self.vsctl("--columns=is_connected", "--bare", "list", "controller").split()
        return bool(said) and set(said) == {"true"}

    def ofctl(self, command, *argv, bridge=BRIDGE):
        return call("ovs-ofctl", "-O", "OpenFlow10", command, bridge, *argv)

    def packet_out(self, port, frame):
        """Send a frame (bytes) out of a port, as a controller would."""
        return self.ofctl("packet-out", f"in_port=CONTROLLER packet={frame.hex()} "
                          f"actions=output:{port}")

    def packets(self, port, direction):
        """Frames that a port has received ("rx") or sent ("tx")."""
        text = self.ofctl("dump-ports", port)
        return int(re.search(rf"{direction} pkts=(\d+)", text).group(1))

    def stop(self):
        for daemon in (self.switch, self.server):
            if daemon:
                daemon.stop()
        for tap in self.taps:
            call("ip", "link", "del", tap, check=False)
        shutil.rmtree(RUN, ignore_errors=True)
