#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
The two-VM suite: Debian's stock kernel in two guests on an Open vSwitch.

    check.py plain|tso

plain: the taps know no offloads, so neither do the guests. tso: Open vSwitch
passes partial checksums and TSO frames through. Prints flat TAP.
"""
import sys

sys.dont_write_bytecode = True      # everything that is made is made under build/

from lab import sandbox
from lab.report import Report, expect
from lab.topology import Lab
from lab.traffic import Iperf, ping


def test_stock(report, vm1, vm2):
    """Does the lab itself work?"""
    with report.test("stock guests ping each other"):
        expect(ping(vm1, "10.0.0.2") == 3, "an echo request was not answered")
    with report.test("stock guests talk TCP and UDP"):
        server = Iperf(vm2)
        tcp = server.tcp(vm1, "10.0.0.2", 1)
        udp, lost = server.udp(vm1, "10.0.0.2", 1)
        expect(tcp > 0 and lost < 50, f"TCP {tcp:.0f} Mbit/s, UDP {udp:.0f} Mbit/s, {lost} % lost")
        print(f"# TCP {tcp:.0f} Mbit/s, UDP {udp:.0f} Mbit/s")
        server.stop()


def main(variant):
    report = Report(f"vm {variant}")
    with Lab(f"check-vm-{variant}", tso=variant == "tso") as lab:
        print(f"# two VMs under {lab.accel}, logs in {lab.log_dir}", flush=True)
        lab.vswitch.plain()
        vms = [lab.add_vm(f"vm{n}", (f"vm{n}", n)) for n in (1, 2)]
        for n, vm in enumerate(vms, 1):
            vm.await_ready()
            lab.up(vm, f"10.0.0.{n}")
        test_stock(report, *vms)
    return 1 if report.failed else 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["plain"], ["tso"]):
        sys.exit(__doc__)
    sys.exit(sandbox.run(lambda: main(sys.argv[1])))
