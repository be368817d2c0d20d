# SPDX-License-Identifier: GPL-2.0
"""README's host: Open vSwitch and cvswd in a complete Debian system, without VMs."""
import json

from lab.process import wait_for
from lab.report import expect
from systems.system import System
from systems.walk import UNLOAD, warnings

# The database with the keys, and the administrator's options, stay.
LEFT = ("/var/lib/cvsw", "/var/lib/cvsw/cvswd.db")


class Host:
    def __init__(self, report, readme, base, log_dir):
        self.test, self.readme = report.test, readme
        self.host = System("host", base, log_dir)
        self.lab = None

    def systems(self):
        return (self.host,)

    def prepare(self):
        host = self.host
        host.put_tree()
        with self.test("README's packages for the host suffice to build and install the controller"):
            host.inside(self.readme.commands("host-packages"), 900)
            said = host.inside("cd /root/cvsw && " + self.readme.commands("host-build"), 900)
            expect(not warnings(said), "\n".join(warnings(said)))
            expect(UNLOAD not in said, said)
        host.inside("rm -rf /root/cvsw/build")

    def run(self, lab, _controller):
        self.lab = lab
        host = self.host
        host.boot(lab)
        host.settle()
        with self.test("README's commands give the bridge to cvswd"):
            host.sh(self.readme.commands("host-bridge"), 120)
            self.await_switch()
            host.sh(self.readme.commands("host-key"))
        with self.test("the units are in order"):
            said = host.sh("systemd-analyze verify --man=no cvswd.service 2>&1 || echo bad")
            expect(not [line for line in said.splitlines() if "cvswd" in line or line == "bad"], said)
        with self.test("after a reboot the bridge has its controller again, and no service has failed"):
            host.vm.start("sleep 0.3; reboot")
            host.await_off(lab)
            host.boot(lab)
            self.await_switch()
            state = host.settle()
            expect(state == "running", f"the host is {state}: {host.sh('systemctl --failed --no-legend')}")
            said = host.sh("journalctl -b | grep -i 'ordering cycle\\|transaction order' || true")
            expect(not said, said)
        host.off(lab)
        with self.test("the host's removal leaves the database alone"):
            host.inside("cd /root/cvsw && make uninstall", 120)
            left = host.inside("find / -xdev -iname '*cvsw*' ! -path '/root/*' ! -path '/var/log/*'").split()
            expect(not set(left) - set(LEFT), f"left: {left}")

        with self.test("all commands that README has for the host were run"):
            expect(not self.readme.unused(host=True), f"not: {self.readme.unused(host=True)}")

    def await_switch(self):
        def connected():
            said = self.host.sh("cvswctl -j show", check=False)
            return said.lstrip().startswith("{") and json.loads(said)["switches"]
        wait_for("the bridge at cvswd", connected, 60, every=1)
        flows = self.host.sh("ovs-ofctl -O OpenFlow13 dump-flows br0")
        expect("actions=NORMAL" in flows, flows)
