#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
The demonstration: what a controller's command does to a VM's NIC, on real
traffic, and what it costs beside the stock driver.

    vm1                         vm2
    eth0 10.0.0.1  CVSW         eth0 10.0.0.2          ports vm1 and vm2
    eth1 10.0.1.1  stock        eth1 10.0.1.2          ports stock1 and stock2
      |       |                   |       |
      +-------+------- br0 -------+-------+            Open vSwitch, userspace datapath
                        |
                      cvswd                            OpenFlow controller
"""
import contextlib
import shlex
import statistics
import sys
import textwrap
import time

sys.dont_write_bytecode = True      # everything that is made is made under build/

from lab import sandbox
from lab.controller import TCP, Controller
from lab.process import wait_for
from lab.topology import BUILD, CVSW, Lab
from lab.traffic import Iperf, ping
from lab.tunnel import VNI, Tunnel

ROUNDS = 5
SECONDS = 1
UDP_RATE = "50M"
TEXT = b"plain text here!"          # what is looked for on the wire
STOCK = "stock virtio_net"
STOCK_VXLAN = "the kernel's vxlan device on it"
BLUE, BOLD, OFF = ("\033[34m", "\033[1m", "\033[m") if sys.stdout.isatty() else ("", "", "")


class Demo:
    """The lab of one variant, and how to say what happens in it."""

    def __init__(self, lab):
        self.lab = lab
        self.controller = Controller(BUILD, lab.log_dir)
        self.vm1 = self.vm2 = self.iperf = None
        self.bad = 0

    # ---- saying ----

    @staticmethod
    def say(text, indent=4):
        print(textwrap.indent(text.rstrip(), " " * indent), flush=True)

    def check(self, good, text):
        """State a fact, and remember if it is none."""
        if not good:
            self.bad += 1
        self.say(f"{'ok ' if good else 'NOT AS IT SHOULD BE'} {text}")

    def ctl(self, *argv):
        self.say(f"{BLUE}$ cvswctl {shlex.join(argv)}{OFF}")
        if said := self.controller.ctl(*argv).rstrip():
            self.say(said, 6)

    def guest(self, vm, command):
        self.say(f"{BLUE}{vm.name}# {command}{OFF}")
        if said := vm.sh(command).rstrip():
            self.say(said, 6)

    def shown(self, capture, expression, limit=2):
        """Print the first frames of a capture that match; returns how many do."""
        lines = capture.text(expression)
        for line in lines[:limit]:
            self.say(line[:150], 6)
        return len(lines)

    # ---- building ----

    def start(self):
        lab = self.lab
        self.controller.start()
        lab.vswitch.set_controller(TCP)
        self.vm1 = lab.add_vm("vm1", ("vm1", 1), ("stock1", 11), append=CVSW)
        self.vm2 = lab.add_vm("vm2", ("vm2", 2), ("stock2", 12), append=CVSW)
        for n, vm in enumerate((self.vm1, self.vm2), 1):
            vm.await_ready()
            vm.give_to_stock("eth1")
            lab.up(vm, f"10.0.0.{n}")
            lab.up(vm, f"10.0.1.{n}", nic=1)
        self.say(f"{BLUE}$ openssl rand -hex 32 > vm1.key; cvswctl key add vm1 --file vm1.key{OFF}")
        self.say(f"{BLUE}vm1# cvswctl --local key eth0 --file vm1.key{OFF}")
        self.say("  and the same for vm2: from here on both prove who they are")
        lab.give_keys(self.controller, self.vm1, self.vm2)
        for vm in self.vm1, self.vm2:
            self.controller.await_state(vm.nics[0])
        self.iperf = Iperf(self.vm2)

    # ---- measuring ----

    def ping(self, address="10.0.0.2", by=None):
        """Three echo requests that carry TEXT; returns how many are answered."""
        vm = by or self.vm1
        options = f"-s 400 -p {TEXT.hex()}"
        answered = ping(vm, address, options=options)
        self.say(f"{BLUE}{vm.name}# ping -c 3 {options} {address}{OFF}\n  {answered} of 3 answered")
        return answered

    def throughput(self, address="10.0.0.2", note="", beside=STOCK, beside_address="10.0.1.2"):
        """CVSW and something of the kernel's own in turn, in the same guests, over the same vswitch."""
        tcp, udp, lost = {}, {}, {}
        ways = ("CVSW", address), (beside, beside_address)
        for _ in range(ROUNDS):
            for what, where in ways:
                tcp.setdefault(what, []).append(self.iperf.tcp(self.vm1, where, SECONDS))
        for what, where in ways:
            udp[what], lost[what] = self.iperf.udp(self.vm1, where, SECONDS, UDP_RATE)
        middle = {what: statistics.median(values) for what, values in tcp.items()}
        def row(name, values):
            return (f"{BOLD}{name}   CVSW {values['CVSW']:5.0f} Mbit/s   "
                    f"{beside} {values[beside]:5.0f} Mbit/s{OFF}   ")
        self.say(row("TCP", middle) + f"ratio {middle['CVSW'] / middle[beside]:.2f} "
                 f"(medians of {ROUNDS}, in turn){note}")
        self.say(row("UDP", udp) + f"of {UDP_RATE}bit/s sent; "
                 f"lost {lost['CVSW']:.1f} % and {lost[beside]:.1f} %")

    # ---- tunnels ----

    def both(self, commands):
        """Give cvswctl what vm1 and vm2 need, and print it for vm1: vm2's is the mirror image."""
        for n, vm in enumerate((self.vm1, self.vm2), 1):
            for argv in commands(n):
                (self.ctl if n == 1 else self.controller.ctl)(argv[0], vm.name, *argv[1:])
        self.say("and the same for vm2, the other way round")

    def await_mtu(self, mtu):
        for vm in self.vm1, self.vm2:
            wait_for("the MTU", lambda vm=vm: vm.sh("cat /sys/class/net/eth0/mtu").strip() == str(mtu))

    def add_tunnel(self, tunnel):
        self.both(lambda n: [["add-flow", flow] for flow in tunnel.flows(n)] + [["set-mtu", str(tunnel.mtu)]])
        self.await_mtu(tunnel.mtu)

    def del_tunnel(self):
        for vm in "vm1", "vm2":
            self.controller.ctl("del-flows", vm)
            self.controller.ctl("set-mtu", vm, "1500")
        self.await_mtu(1500)

    def add_stock_vxlan(self):
        """The same between the stock NICs, by the kernel's own device: 10.0.2.1 and 10.0.2.2."""
        for n, vm in enumerate((self.vm1, self.vm2), 1):
            vm.sh(f"ip link add vxlan0 type vxlan id {VNI} dstport 4789 remote 10.0.1.{3 - n} "
                  f"local 10.0.1.{n} dev eth1 && ip address add 10.0.2.{n}/24 dev vxlan0 && ip link set vxlan0 up")

    def on_the_wire(self, port, wire, plain):
        """What the vswitch saw at a port: of what kind, and whether the known text can be read in it."""
        self.say(f"on the vswitch, port {port.tap}:")
        tunneled = self.shown(port, wire)
        # What is flooded for the stock NICs passes here too.
        ours = " or ".join(f"ether src {vm.nics[0].mac}" for vm in self.lab.vms)
        other = port.count(f"not ({wire}) and not ether proto 0xabba and ({ours})")
        readable = port.containing(TEXT)
        self.check(tunneled > 0 and other == 0, f"{tunneled} frames are {wire}, {other} are anything else")
        self.check((readable > 0) == plain, f'{readable} frames in which "{TEXT.decode()}" can be read')


def null_processing(demo):
    """No flow: every frame passes through CVSW unchanged"""
    demo.ctl("show")
    demo.guest(demo.vm1, "cd /sys/class/net; for i in eth?; do echo $i $(readlink $i/device/driver); done")
    demo.check(demo.ping() == 3, "guests reach each other through the driver")
    demo.throughput()


def rewriting(demo):
    """IP rewriting: 10.0.0.99, which nobody has, becomes 10.0.0.2 in vm1's NIC, and back"""
    demo.ctl("add-flow", "vm1", "in_port=HOST,ip,nw_dst=10.0.0.99,actions=mod_nw_dst:10.0.0.2,NORMAL")
    demo.ctl("add-flow", "vm1", "in_port=NET,ip,nw_src=10.0.0.2,actions=mod_nw_src:10.0.0.99,NORMAL")
    demo.vm1.sh(f"ip neighbour replace 10.0.0.99 lladdr {demo.vm2.nics[0].mac} dev eth0")
    with demo.lab.capture(demo.vm1, "both") as port:
        demo.check(demo.ping("10.0.0.99") == 3, "10.0.0.99 answers")
        port.await_frame("icmp")
    demo.say("on the vswitch, port vm1:")
    right = demo.shown(port, "icmp and host 10.0.0.2")
    wrong = demo.shown(port, "ip host 10.0.0.99")
    demo.check(right == 6 and wrong == 0, f"{right} frames with 10.0.0.2, {wrong} with 10.0.0.99")
    demo.throughput("10.0.0.99")
    demo.ctl("del-flows", "vm1")


def vlan(demo):
    """VLAN: the NICs push tag 100 onto what guests send and strip it from what they receive"""
    for vm in "vm1", "vm2":
        demo.ctl("add-flow", vm, "in_port=HOST,ip,actions=mod_vlan_vid:100,mod_vlan_pcp:5,NORMAL")
        demo.ctl("add-flow", vm, "in_port=NET,dl_vlan=100,actions=strip_vlan,NORMAL")
    with demo.lab.capture(demo.vm1, "both") as port:
        demo.check(demo.ping() == 3, "the guests, which know nothing of VLANs, reach each other")
        port.await_frame("vlan 100 and icmp")
    demo.say("on the vswitch, port vm1:")
    tagged = demo.shown(port, "vlan 100 and icmp")
    bare = demo.shown(port, "icmp")
    demo.check(tagged == 6 and bare == 0, f"{tagged} frames with tag 100, {bare} without")
    demo.throughput()
    for vm in "vm1", "vm2":
        demo.ctl("del-flows", vm)


def acl(demo):
    """ACL: vm1 may ping only one address; the rest of its traffic is untouched"""
    demo.ctl("add-flow", "vm1", "priority=100,in_port=HOST,icmp,actions=drop")
    with demo.lab.capture(demo.vm1, "both") as port:
        demo.check(demo.ping() == 0, "no answer: the frames never leave the guest")
        demo.iperf.tcp(demo.vm1, "10.0.0.2", 1)
        port.await_frame("tcp")
    demo.say("on the vswitch, port vm1:")
    icmp, tcp = demo.shown(port, "icmp"), demo.shown(port, "tcp", limit=1)
    demo.check(icmp == 0 and tcp > 0, f"{icmp} ICMP frames, {tcp} TCP frames")
    demo.ctl("add-flow", "vm1", "priority=200,in_port=HOST,icmp,nw_dst=10.0.0.2,actions=NORMAL")
    demo.check(demo.ping() == 3, "the rule of higher priority allows 10.0.0.2")
    demo.throughput()
    demo.guest(demo.vm1, "cvswctl --local dump-flows eth0")
    demo.ctl("del-flows", "vm1")


def mtu(demo):
    """MTU: the controller sets it to 1400 for vm1"""
    demo.ctl("set-mtu", "vm1", "1400")
    wait_for("the MTU", lambda: demo.vm1.sh("cat /sys/class/net/eth0/mtu").strip() == "1400")
    demo.guest(demo.vm1, "ip link show dev eth0 | grep -o 'mtu [0-9]*'")
    demo.vm1.sh("ip link set eth1 mtu 1400")
    with demo.lab.capture(demo.vm1) as port:
        demo.guest(demo.vm1, "ping -c 1 -q -s 2000 10.0.0.2 | grep received")
        port.await_frame("icmp")
    demo.say("on the vswitch, port vm1:")
    demo.shown(port, "icmp")
    longer = port.count("greater 1415")
    demo.check(longer == 0, "an echo request of 2,000 bytes leaves in fragments; "
               f"{longer} frames above 1,414 bytes")
    demo.throughput(note=" stock's MTU set by hand")
    demo.ctl("set-mtu", "vm1", "1500")
    demo.vm1.sh("ip link set eth1 mtu 1500")


def offload(demo):
    """Offloads: the controller leaves vm1 checksum offload and GRO, and disables TSO and GSO"""
    listing = "ethtool -k eth0 | grep -E '^(tx-check|tcp-seg|generic-[sr])'"
    demo.guest(demo.vm1, listing)
    demo.ctl("set-offload", "vm1", "csum,gro")
    wait_for("the offloads", lambda: "tcp-segmentation-offload: off" in demo.vm1.sh(listing))
    demo.guest(demo.vm1, listing)
    demo.vm1.sh("ethtool -K eth1 tso off gso off")
    with demo.lab.capture(demo.vm1) as port:
        demo.iperf.tcp(demo.vm1, "10.0.0.2", 1)
        port.await_frame("tcp")
    giants = port.count("greater 1515")
    demo.say("on the vswitch, port vm1:")
    demo.shown(port, "tcp and greater 1000")
    demo.check(giants == 0, f"{giants} TSO frames")
    demo.throughput(note=" stock's set by hand")
    demo.ctl("set-offload", "vm1", "csum,tso,gso,gro")
    with demo.lab.capture(demo.vm1) as port:
        demo.iperf.tcp(demo.vm1, "10.0.0.2", 1)
        port.await_frame("tcp")
    demo.shown(port, "greater 1515")
    demo.check(port.count("greater 1515") > 0, "and with all of them, TSO frames are back")


def vxlan(demo):
    """VXLAN: the NICs put what guests send into VXLAN, and take it out; the controller sets the MTU for it"""
    demo.add_tunnel(Tunnel())
    demo.add_stock_vxlan()
    with demo.lab.capture(demo.vm1, "both") as port:
        demo.check(demo.ping() == 3, "the guests, which know nothing of tunnels, reach each other")
        demo.iperf.tcp(demo.vm1, "10.0.0.2", 1)
        port.await_frame("udp dst port 4789")
    demo.on_the_wire(port, "udp dst port 4789", plain=True)
    demo.check(port.count("greater 1515") == 0, "TSO frames were segmented in the NIC: none above 1,514 bytes")
    demo.throughput(beside=STOCK_VXLAN, beside_address="10.0.2.2")
    demo.say("and without the controller's MTU:")
    demo.guest(demo.vm1, "ip link set eth0 mtu 1500")
    demo.guest(demo.vm1, "ping -c 2 -i 0.1 -W 1 -M do -s 1472 10.0.0.2 | grep -iE 'mtu|received'")
    with demo.lab.capture(demo.vm1) as port:
        demo.throughput(beside=STOCK_VXLAN, beside_address="10.0.2.2")
    demo.guest(demo.vm1, "cvswctl --local stats eth0 | grep too-big")
    fragments = port.count("ip[6:2] & 0x3fff != 0")
    demo.check(fragments == 0, f"the guest gets an ICMP message, and adapts; {fragments} outer fragments")
    demo.vm1.sh("ip route flush cache")
    demo.del_tunnel()


def aes(demo):
    """VXLAN with AES: the same inside ESP, with a key for each direction; first plain ESP, then ESP in UDP"""
    for esp, alg, wire in ("esp", "aes-gcm-256", "ip proto 50"), ("udp", "aes-gcm-128", "udp port 4500"):
        tunnel = Tunnel(esp, alg)
        tunnel.set_keys(demo.ctl)
        demo.add_tunnel(tunnel)
        with demo.lab.capture(demo.vm1, "both") as port:
            demo.check(demo.ping() == 3, "the guests, which know nothing of keys, reach each other")
            demo.iperf.tcp(demo.vm1, "10.0.0.2", 1)
            port.await_frame(wire)
        demo.on_the_wire(port, wire, plain=False)
        if esp == "esp":
            demo.throughput(beside=STOCK_VXLAN, beside_address="10.0.2.2", note=" theirs is not encrypted")
        demo.guest(demo.vm1, "cvswctl --local sa eth0")
        demo.del_tunnel()
        tunnel.del_keys(demo.controller.ctl)


def overlay(demo):
    """An encrypted overlay of three VMs in one step: addresses, flows, keys for each pair and direction, MTU"""
    vm3 = demo.lab.add_vm("vm3", ("vm3", 3), append=CVSW)
    vm3.await_ready()
    demo.lab.up(vm3, "10.0.0.3")
    demo.lab.give_keys(demo.controller, vm3)
    demo.controller.await_state(vm3.nics[0])
    demo.ctl("overlay", "add", "blue", "--vni", "7", "--encrypt", "vm1", "vm2", "vm3")
    demo.ctl("overlay", "show", "blue")
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(demo.lab.capture(vm, "both")) for vm in (demo.vm1, demo.vm2, vm3)]
        for vm, others in (demo.vm1, (2, 3)), (demo.vm2, (3,)), (vm3, (1,)):
            vm.sh("ip neighbour flush dev eth0")
            for n in others:
                demo.check(demo.ping(f"10.0.0.{n}", by=vm) == 3, f"{vm.name} reaches vm{n}")
        rate = demo.iperf.tcp(vm3, "10.0.0.2", SECONDS)
        demo.say(f"{BOLD}TCP   {rate:5.0f} Mbit/s from vm3 to vm2{OFF}")
        for port in ports:
            port.await_frame("ip proto 50")
    for port in ports:
        demo.on_the_wire(port, "ip proto 50", plain=False)
    demo.ctl("overlay", "leave", "blue", "vm3")
    demo.check(demo.ping("10.0.0.1", by=vm3) == 0, "the VM that left reaches nobody")
    demo.check(demo.ping() == 3, "and the others reach each other")
    demo.ctl("overlay", "del", "blue")


# plain: TAP without offloads. tso: Open vSwitch passes partial checksums and TSO frames on.
PLAN = [("plain", "TAP without vnet_hdr: neither checksum offload nor TSO", [null_processing]),
        ("tso", "Open vSwitch with userspace-tso-enable: TSO and checksum offload end to end",
         [null_processing, rewriting, vlan, acl, mtu, offload, vxlan, aes, overlay])]


def main(names=()):
    """names: of steps to do, in place of all."""
    begin = time.monotonic()
    bad = number = 0
    print("    " + __doc__.partition("\n\n")[2].strip(), flush=True)
    for variant, what, steps in PLAN:
        steps = [step for step in steps if not names or step.__name__ in names]
        if not steps:
            continue
        with Lab(f"demo-{variant}", tso=variant == "tso") as lab:
            print(f"\n{BOLD}== {what}{OFF}\n   starting Open vSwitch, cvswd and two VMs ({lab.accel}); "
                  f"logs and captures are in {lab.log_dir}", flush=True)
            demo = Demo(lab)
            demo.start()
            for step in steps:
                number += 1
                print(f"\n{BOLD}-- {number}. {step.__doc__}{OFF}"
                      f"   [{time.monotonic() - begin:.0f} s]", flush=True)
                step(demo)
            bad += demo.bad
            demo.controller.stop()
    print(f"\n{number} steps in {time.monotonic() - begin:.0f} s, "
          f"{f'{bad} things not as they should be' if bad else 'all as it should be'}.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(sandbox.run(lambda: main(sys.argv[1:]), tell=True))
