# SPDX-License-Identifier: GPL-2.0
"""
The lab that tests and demonstration share.

        vm1            vm2
      10.0.0.1       10.0.0.2           eth0 of each guest
         |              |
        tap vm1       tap vm2           ports 1 and 2
         +---- br0 -----+               Open vSwitch, userspace datapath
                |
              cvswd                     OpenFlow, unix:/run/cvsw/openflow.sock
"""
import os
import secrets
import shutil

from lab import guest
from lab.capture import Capture
from lab.process import LabError
from lab.vswitch import Vswitch

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", f"{TOP}/build")
IMAGE = f"{BUILD}/vm/image"
# Kernel parameters of a guest under CVSW; and of one that takes version 2 until it has a key.
CVSW = ("lab.driver=cvsw",)
CVSW2 = (*CVSW, "cvsw.allow_unauthenticated=1")


class Lab:
    """
    A vswitch and what hangs on it; a context manager.

    name: of its folder of logs; vswitch: other than an Open vSwitch.
    """

    def __init__(self, name, tso=False, vswitch=None):
        self.log_dir = f"{BUILD}/log/{name}"
        shutil.rmtree(self.log_dir, ignore_errors=True)
        os.makedirs(self.log_dir)
        self.accel = guest.acceleration(IMAGE, BUILD, self.log_dir)
        self.vswitch = vswitch or Vswitch(self.log_dir, tso)
        self.vms = []
        self.captures = 0

    def __enter__(self):
        self.vswitch.start()
        return self

    def __exit__(self, *_):
        for vm in self.vms:
            vm.stop()
        self.vswitch.stop()
        shutil.rmtree(guest.RUN, ignore_errors=True)

    def add_vm(self, name, *nics, append=(), boot_key=None, generation=True):
        """Start a VM; nics: (tap, port). Its NIC's MAC address ends in its port. boot_key: the first one's."""
        made = []
        for tap, port in nics:
            self.vswitch.add_tap(tap, port)
            made.append(guest.Nic(tap, f"02:00:00:00:00:{port:02x}", port))
        made[0].boot_key = boot_key
        vm = guest.Vm(name, IMAGE, made, self.log_dir, self.accel, append,
                      vnet_hdr=self.vswitch.tso, generation=generation)
        self.vms.append(vm)
        return vm

    def add_pair(self, append=CVSW):
        """vm1 and vm2 as drawn above, ready."""
        vms = [self.add_vm(f"vm{n}", (f"vm{n}", n), append=append) for n in (1, 2)]
        for n, vm in enumerate(vms, 1):
            vm.await_ready()
            self.up(vm, f"10.0.0.{n}")
        return vms

    def capture(self, vm, way="from", nic=0):
        self.captures += 1
        tap = vm.nics[nic].tap
        return Capture(tap, way, self.log_dir, f"capture-{self.captures:02}-{way}-{tap}")

    def up(self, vm, address, nic=0):
        """Give a guest's NIC an address and wait for the link."""
        name = vm.interface(vm.nics[nic])
        if not name:
            raise LabError(f"{vm.name} has no driver for its NIC {vm.nics[nic].mac}")
        vm.sh(f"ip address replace {address}/24 dev {name} && ip link set {name} up && "
              f"until [ $(cat /sys/class/net/{name}/carrier) = 1 ]; do sleep 0.05; done")
        if vm.nics[nic].key:
            vm.load_key(vm.nics[nic])
        return name

    @staticmethod
    def give_keys(controller, *vms):
        """The first NIC of each and the controller get a key to know each other by: version 3."""
        for vm in vms:
            nic = vm.nics[0]
            nic.key = secrets.token_hex(32)
            controller.add_key(nic)
            vm.load_key(nic)
