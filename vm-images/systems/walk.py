# SPDX-License-Identifier: GPL-2.0
"""README's installation, step by step, in two VMs of one Debian release."""
import json
import os
import re
import tempfile

from lab.controller import TCP
from lab.guest import Nic
from lab.process import call, wait_for
from lab.report import expect
from lab.topology import BUILD
from lab.traffic import ping
from lab.vswitch import make_tap
from tests.driver import COMPLAINTS
from systems.system import BOOT, System

OWN, STOCK = "cvsw_virtio_net", "virtio_net"
# The test's own words for the files that an installation may leave: keys.
LEFT = ("/etc/cvsw", "/etc/cvsw/keys")
# Costs a VM its network when the modules are not for the kernel that runs.
UNLOAD = "modprobe -r"


def warnings(text):
    """Lines of a build that complain, but for the kernel's about another version of the compiler."""
    return [line for line in text.splitlines()
            if re.search(r"warning:|WARNING:", line) and "compiler differs" not in line]


class Walk:
    """Two VMs, vm1 and vm2; the preparation needs the network, what follows does not."""

    def __init__(self, report, readme, base, log_dir):
        """base: the disk of a new system."""
        self.report, self.readme, self.base, self.log_dir = report, readme, base, log_dir
        self.test = report.test
        self.vm1 = self.vm2 = None
        self.lab = self.controller = None
        self.folder = None              # of key files, on the host

    def systems(self):
        return self.vm1, self.vm2

    # ---- with the network, the VM off

    def refusals(self):
        """What `make modules` says where something is missing."""
        scratch = System("scratch", self.base, self.log_dir)
        new, *old = scratch.kernels
        scratch.put_tree()
        # What headers need to be configured, without the sources.
        scratch.inside(f"apt-get update && apt-get install -y --no-install-recommends make linux-headers-{new}", 600)
        if old:
            with self.test("make modules refuses while the running kernel's headers are missing, and names them"):
                said = scratch.inside("cd /root/cvsw && make modules && echo built", 300, kernel=old[0], check=False)
                expect("built" not in said.split(), f"it builds for another kernel than {old[0]}: {said[-500:]}")
                expect(f"apt-get install linux-headers-{old[0]}" in said, said[-500:])
                expect(UNLOAD not in said, said[-500:])
        with self.test("make modules names the package of the sources, with its version"):
            said = scratch.inside("cd /root/cvsw && make modules && echo built", 300, check=False)
            version = scratch.package_version(new)
            source = f"linux-source-{'.'.join(new.split('.')[:2])}"
            expect(f"apt-get install --no-install-recommends {source}={version}" in said, said[-500:])
        scratch.remove()

    def prepare(self):
        vm = self.vm1 = System("vm1", self.base, self.log_dir)
        vm.put_tree()
        with self.test("README's packages install, for exactly the kernel that runs"):
            before = vm.inside("dpkg-query -W | wc -l; du -sxm / | cut -f1").split()
            vm.inside(self.readme.commands("vm-packages"), 900)
            after = vm.inside("dpkg-query -W | wc -l; du -sxm --exclude=/var/cache/apt / | cut -f1").split()
            print(f"# {int(after[0]) - int(before[0])} packages, {int(after[1]) - int(before[1])} MB", flush=True)
            vm.inside(f"test -e /lib/modules/{vm.kernel}/build/Makefile")
        with self.test("README's build needs no other packages, and warns of nothing"):
            build, install = self.readme.commands("vm-build").split("make modules_install")
            said = vm.inside(f"cd /root/cvsw && {build}", 1500)
            expect(not warnings(said), "\n".join(warnings(said)))
        with self.test("the installation makes the initramfs again, and has no advice that costs the network"):
            said = vm.inside(f"cd /root/cvsw && make modules_install {install}", 600)
            expect(UNLOAD not in said, said)
            expect("reboot" in said, said)
            inside = vm.inside(f"lsinitramfs /boot/initrd.img-{vm.kernel}")
            expect(f"/{OWN}.ko" in inside, "the initramfs has no CVSW")
            expect("etc/modprobe.d/cvsw.conf" in inside, "the initramfs has no cvsw.conf")
        vm.inside("rm -rf /root/cvsw/build")
        vm.address("ens3", "10.0.0.1")
        self.vm2 = System("vm2", vm, self.log_dir)
        self.vm2.address("ens3", "10.0.0.2")

    # ---- without it

    def host(self, block, **words):
        """A block of README's on the host, beside the vswitch."""
        script = self.readme.commands(block, **words)
        return call("bash", "-c", script, timeout=60, cwd=self.folder,
                    env=dict(os.environ, PATH=f"{BUILD}/bin:{os.environ['PATH']}"))

    def run(self, lab, controller):
        self.lab, self.controller = lab, controller
        with tempfile.TemporaryDirectory() as self.folder:
            controller.start()
            lab.vswitch.set_controller(TCP)
            self.first_boot()
            self.give_keys()
            self.look()
            self.flows()
            self.overlay()
            self.another_nic()
            self.renamed()
            self.loaded_again()
            self.no_complaint()
            self.reboot_with_changes()
            self.other_kernel()
            self.removal()
            self.vm2.off(lab)
        with self.test("all commands that README has for VMs were run"):
            expect(not self.readme.unused(host=False), f"not: {self.readme.unused(host=False)}")

    def run_briefly(self, lab, controller):
        """Does this kernel work at all? The keys come from QEMU."""
        self.lab, self.controller = lab, controller
        with tempfile.TemporaryDirectory() as self.folder:
            controller.start()
            lab.vswitch.set_controller(TCP)
            for n, vm in enumerate(self.systems(), 1):
                mac = f"02:00:00:00:00:{n:02x}"
                vm.given_keys[mac] = self.make_key(mac)
            self.first_boot()
            with self.test("both NICs are in sync, with the keys that QEMU has for them"):
                for vm in self.systems():
                    self.in_sync(vm)
            self.flows()
            self.overlay()
            self.no_complaint()
            for vm in self.systems():
                vm.off(lab)

    def no_complaint(self):
        with self.test("the kernels have nothing to complain about"):
            for vm in self.systems():
                said = vm.sh(f"dmesg | grep -E '{COMPLAINTS}' || true")
                expect(not said, said)

    def make_key(self, mac):
        """By README, on the host; returns it."""
        self.host("host-key", **{"02:00:00:00:00:01": mac})
        with open(f"{self.folder}/{mac}", encoding="ascii") as file:
            return file.read().strip()

    def start_both(self, nics=((), ())):
        for vm, its in zip(self.systems(), nics):
            vm.start(self.lab, *its)
        for vm in self.systems():
            vm.vm.await_ready(BOOT)

    def first_boot(self):
        self.start_both(((f"vm{n}", n),) for n in (1, 2))
        with self.test("after the installation the NIC, ens3, boots with CVSW's driver, and the stock one is not loaded"):
            for vm in self.systems():
                vm.settle()
                expect(vm.interface() == "ens3", f"the NIC is {vm.interface()}")
                expect(vm.driver() == OWN, f"{vm.name} has {vm.driver()}")
                expect(STOCK not in vm.modules(), "virtio_net is loaded as well")

    def give_keys(self):
        """vm1 and vm2 by README: a key for each, here and there, and a reboot."""
        for vm in self.systems():
            mac = vm.nics[0].mac
            vm.sh(f"umask 077; echo {self.make_key(mac)} > {mac}")
            vm.vm.start(self.readme.with_mac("vm-key", mac))
        for vm in self.systems():
            vm.await_off(self.lab)
        self.start_both()
        with self.test("both NICs are in sync after the reboot, and nobody did anything"):
            for vm in self.systems():
                self.in_sync(vm)
        with self.test("no service of the systems has failed"):
            for vm in self.systems():
                state = vm.settle()
                expect(state == "running", f"{vm.name} is {state}: {vm.sh('systemctl --failed --no-legend')}")

    def in_sync(self, vm, nic=0, seconds=60):
        self.controller.await_state(vm.nics[nic], seconds=seconds)

    def look(self):
        with self.test("README's look at the driver and the key's service"):
            said = self.vm1.sh(self.readme.commands("vm-look"))
            expect("ens3" in said and "has its key from" in said, said)
        with self.test("systemd has no complaint about the key's service"):
            said = self.vm1.sh("systemd-analyze verify --man=no cvsw-key@ens3.service 2>&1 || echo bad")
            ours = [line for line in said.splitlines() if "cvsw" in line or line == "bad"]
            expect(not ours, said)
            said = self.vm1.sh("systemd-analyze security --no-pager cvsw-key@ens3.service | tail -n 1")
            level = float(re.search(r"(\d+\.\d)", said).group(1))
            print(f"# exposure of cvsw-key@.service: {level}", flush=True)
            expect(level < 3, said)

    def flows(self):
        with self.test("the first flow, and one whose effect is seen"):
            self.host("first-flow")
            expect(ping(self.vm1.vm, "10.0.0.2") == 3, "vm2 does not answer")
            self.controller.ctl("add-flow", "vm1", "priority=100,in_port=HOST,icmp,actions=drop")
            expect(ping(self.vm1.vm, "10.0.0.2") == 0, "the flow drops nothing")
            self.controller.ctl("del-flows", "vm1")
            expect(ping(self.vm1.vm, "10.0.0.2") == 3, "vm2 does not answer any more")

    def overlay(self):
        with self.test("the first encrypted ping"):
            with self.lab.capture(self.vm1.vm, "both") as capture:
                self.host("first-overlay")
                wait_for("an encrypted ping", lambda: ping(self.vm1.vm, "10.0.0.2") == 3, 30)
                expect(capture.await_frame("ip proto 50"), "no ESP on the wire")

    def key_for(self, vm, nic):
        vm.sh(f"umask 077; echo {self.make_key(nic.mac)} > /etc/cvsw/keys/{nic.mac}")

    def spare(self, vm, tap, port):
        """One more NIC, to be plugged in while the VM runs."""
        make_tap(tap)
        self.lab.vswitch.taps.append(tap)
        self.lab.vswitch.add_port("br0", tap, f"ofport_request={port}")
        nic = Nic(tap, f"02:00:00:00:00:{port:02x}", port)
        vm.nics.append(nic)
        vm.vm.qmp("netdev_add", type="tap", id=f"net-{tap}", ifname=tap, script="no", downscript="no", vnet_hdr=False)
        return nic

    @staticmethod
    def plug_in(vm, nic):
        vm.vm.plug(nic)
        vm.sh("udevadm settle")         # it has its name

    def another_nic(self):
        vm = self.vm2
        nic = self.spare(vm, "vm2b", 12)
        with self.test("a NIC that is plugged in while the VM runs gets its key"):
            self.key_for(vm, nic)
            self.plug_in(vm, nic)
            vm.sh(f"ip link set {vm.interface(1)} up")
            self.in_sync(vm, 1)

    def renamed(self):
        vm = self.vm2
        nic = self.spare(vm, "vm2c", 13)
        with self.test("a NIC that gets another name gets its key"):
            self.plug_in(vm, nic)
            old = vm.interface(2)
            self.key_for(vm, nic)
            vm.sh(f"ip link set {old} down && ip link set {old} name lan0 && ip link set lan0 up")
            self.in_sync(vm, 2)

    def loaded_again(self):
        vm = self.vm1
        with self.test("a NIC whose driver is loaded again gets its key"):
            vm.sh(f"modprobe -r {OWN} && modprobe {OWN} && udevadm settle && ip link set ens3 up")
            vm.sh("ip address replace 10.0.0.1/24 dev ens3")
            wait_for("version 3, by the key",
                     lambda: json.loads(vm.sh("cvswctl --local -j show ens3"))[0]["state"] != "no key", 20)
            self.in_sync(vm)

    def reboot_with_changes(self):
        """vm1 gets an option of the driver by README, and vm2's NIC a name that its initramfs does not know."""
        one, two = self.systems()
        two.sh("printf '[Match]\\nMACAddress=02:00:00:00:00:02\\n[Link]\\nName=lan1\\n' "
               "> /etc/systemd/network/10-lan1.link; sed -i s/ens3/lan1/ /etc/network/interfaces.d/ens3")
        del two.nics[1:]                # QEMU knows them no more
        for vm in self.systems():
            vm.off(self.lab)
        one.inside("echo 'options cvsw miss_policy=drop' >> /etc/modprobe.d/cvsw.conf")
        one.inside(self.readme.commands("vm-options"), 600)
        self.start_both()
        with self.test("a NIC whose name is chosen by a .link file that the initramfs lacks gets its key at boot"):
            self.in_sync(two)
            expect(two.interface() == "lan1", f"it is {two.interface()}")
        with self.test("the overlay is there again after a reboot"):
            self.in_sync(one)
            wait_for("an encrypted ping", lambda: ping(one.vm, "10.0.0.2") == 3, 30)
        with self.test("an option in modprobe.d takes effect with README's command and a reboot"):
            policy = one.sh("cat /sys/module/cvsw/parameters/miss_policy").strip()
            expect(policy == "drop", f"miss_policy is {policy}")
            self.controller.ctl("overlay", "del", "blue")
            self.in_sync(one)
            expect(ping(one.vm, "10.0.0.2") == 0, "frames pass that no flow matches")

    def other_kernel(self):
        vm = self.vm1
        if len(vm.kernels) == 1:
            print("ok - a kernel without CVSW # SKIP the mirror has one kernel alone", flush=True)
            return
        with self.test("a kernel without CVSW's modules keeps its own driver and the network"):
            vm.off(self.lab)
            vm.kernel = vm.kernels[1]
            vm.boot(self.lab)
            vm.settle()
            expect(vm.driver() == STOCK, f"it has {vm.driver()}")
            expect(ping(vm.vm, "10.0.0.2") == 3, "no network")
            vm.kernel = vm.kernels[0]

    def removal(self):
        vm = self.vm1
        with self.test("the removal needs neither headers nor a network, and can be repeated"):
            vm.off(self.lab)
            vm.inside("apt-get purge -y 'linux-headers-*' 'linux-source-*' coccinelle gcc libjansson-dev", 300)
            for _ in range(2):
                said = vm.inside("cd /root/cvsw && " + self.readme.commands("vm-remove"), 600)
                expect(UNLOAD not in said, said)
        with self.test("nothing of CVSW is left but the keys"):
            left = vm.inside("find / -xdev -iname '*cvsw*' ! -path '/root/*' ! -path '/proc/*'").split()
            expect(not set(left) - set(LEFT), f"left: {left}")
            expect("cvsw" not in vm.inside(f"lsinitramfs /boot/initrd.img-{vm.kernel}"), "the initramfs has CVSW")
        with self.test("after the removal the stock driver has the NIC"):
            vm.boot(self.lab)
            state = vm.settle()
            expect(state == "running", f"the system is {state}")
            expect(vm.driver() == STOCK, f"it has {vm.driver()}")
            expect(not [name for name in vm.modules() if "cvsw" in name], "a module of CVSW is loaded")
            expect(ping(vm.vm, "10.0.0.2") == 3, "no network")
            vm.off(self.lab)
