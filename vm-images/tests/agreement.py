# SPDX-License-Identifier: GPL-2.0
"""
A NIC and its controller that remember different things: a snapshot put back into the running
machine (QEMU's loadvm, of which the generation id tells nothing), a copied VM.
"""
import secrets
import time

from lab import guest
from lab.process import LabError, wait_for
from lab.report import expect
from lab.topology import CVSW, IMAGE
from tests.hardship import expect_intended
from tests.overlay import expect_all_reached, expect_ciphertext, overlay
from tests.tunnel import sending

SOON = 10       # seconds in which both agree again


def has_intended(bench, vm):
    """Is the NIC in sync, and the table in the guest the configured one?"""
    if bench.controller.nics()[vm.nics[0].mac]["state"] != "in sync":
        return False
    try:
        return sorted(bench.stated_flows(vm)) == sorted(bench.local_flows(vm))
    except LabError:        # a new conversation began while the NIC was asked
        return False


def await_agreement(bench, vm, began):
    """In sync, with the configured table, and that in time."""
    wait_for(f"{vm.name} to agree with cvswd", lambda: has_intended(bench, vm), 3 * SOON, every=0.2)
    took = time.monotonic() - began
    expect(took < SOON, f"that took {took:.1f} s")
    bench.note(f"agreed {took:.1f} s later")


def put_back(bench):
    vm = bench.vm1
    name = vm.nics[0].mac
    with bench.test(f"a snapshot put back, with its generation id: within {SOON} s the table is the stated one, all keys are new"), \
         overlay(bench, "vm1", "vm2"):
        for i in range(5):
            bench.ctl("add-flow", name, f"priority={i},in_port=NET,udp,tp_dst={i + 1},actions=drop")
        expect_all_reached(bench.vms)
        vm.snapshot()
        for i in range(5, 25):
            bench.ctl("add-flow", name, f"priority={i},in_port=NET,udp,tp_dst={i + 1},actions=drop")
        expect_all_reached(bench.vms)
        old = set(sending(vm)) | set(sending(bench.vm2))
        began = time.monotonic()
        vm.go_back()
        await_agreement(bench, vm, began)
        wait_for("new keys at both", lambda: all(any(state == "active" for spi, state in sending(one).items()
                                                     if spi not in old) for one in bench.vms), SOON)
        wait_for("the old ones to be gone", lambda: not old & set(sending(vm)), SOON)
        with bench.lab.capture(vm) as sent:
            expect_all_reached(bench.vms)
            expect_ciphertext(sent)
        # And it is really under control.
        bench.ctl("add-flow", name, "priority=99,in_port=NET,udp,tp_dst=99,actions=drop")
        expect_intended(bench, vm)
        bench.ctl("del-flows", name, "udp")


def copied(bench):
    """The copy has the same MAC address and key, and no generation id; it is put back, too."""
    vm, ctl = bench.vm1, bench.controller
    nic, tap = vm.nics[0], "copy"
    bench.lab.vswitch.add_tap(tap, 12)
    other = guest.Nic(tap, nic.mac, 12)
    other.boot_key = nic.key
    copy = guest.Vm("copy", IMAGE, [other], bench.lab.log_dir, bench.lab.accel, CVSW,
                    vnet_hdr=bench.lab.vswitch.tso, generation=False)
    bench.lab.vms.append(copy)
    try:
        copy.await_ready()
        with bench.test(f"a copied VM for 5 s: it is told, and the first one is in sync within {SOON} s behind that"):
            bench.ctl("add-flow", nic.mac, "priority=5,in_port=NET,udp,tp_dst=5,actions=drop")
            copy.sh("ip link set eth0 up")
            wait_for("two claimants", lambda: "claims" in ctl.nics()[nic.mac], 20)
            time.sleep(5)
            places = {place["port_name"] for place in ctl.nics()[nic.mac]["claims"]}
            expect(places == {nic.tap, tap}, f"they are said to be at {places}")
            expect("two NICs claim this address" in bench.ctl("show"), "show has no word of it")
            copy.qmp("set_link", name=other.id, up=False)
            bench.ctl("--no-wait", "add-flow", nic.mac, "priority=6,in_port=NET,udp,tp_dst=6,actions=drop")
            await_agreement(bench, vm, time.monotonic())
            expect(ctl.nics()[nic.mac]["port_name"] == nic.tap, "it is looked for where the copy was")
        with bench.test(f"a snapshot put back, without a generation id: agreed within {SOON} s"):
            other.key = secrets.token_hex(32)
            copy.sh("ip link set eth0 down && ip link set eth0 address 02:00:00:00:00:0c && ip link set eth0 up")
            other.mac = "02:00:00:00:00:0c"
            ctl.add_key(other)
            copy.qmp("set_link", name=other.id, up=True)
            copy.sh(f"echo {other.key} | cvswctl --local key eth0 -")
            ctl.await_state(other, seconds=20)
            bench.ctl("add-flow", other.mac, "priority=5,in_port=NET,udp,tp_dst=5,actions=drop")
            copy.snapshot()
            for i in range(10):
                bench.ctl("add-flow", other.mac, f"priority=6,in_port=NET,udp,tp_dst={i + 6},actions=drop")
            began = time.monotonic()
            copy.go_back()
            await_agreement(bench, copy, began)
    finally:
        copy.stop()
        bench.lab.vms.remove(copy)
        bench.ctl("--no-wait", "del-flows", nic.mac)
        ctl.await_state(nic, seconds=20)


ALL = [put_back, copied]
