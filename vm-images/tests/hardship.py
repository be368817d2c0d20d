# SPDX-License-Identifier: GPL-2.0
"""Nothing is lost: a bad way to the controller, its death, a guest's, and another life elsewhere."""
import contextlib
import random

from lab.controller import TCP
from lab.lossy import LossyWay
from lab.process import wait_for
from lab.report import expect
from lab.traffic import ping
from tests.overlay import expect_all_reached, expect_ciphertext, overlay
from tests.tunnel import PATTERN, UNDER_WAY, ivs, sending

CHANGES = 60
LOSSY_PORT = 6654
MARK = "in_port=HOST,actions=mod_nw_tos:184"
UNMARKED = "icmp and ip[1] != 184"
SECONDS = 12


def random_change(rng):
    """cvswctl's words for a change of a table of about thirty flows."""
    number = rng.randrange(30)
    match = f"in_port=NET,udp,nw_src=10.9.0.{number}"
    if rng.random() < 0.3:
        return "del-flows", match
    return "add-flow", f"priority={number},{match},actions=mod_tp_dst:{rng.randrange(1, 65536)},NORMAL"


def expect_intended(bench, *vms):
    for vm in vms:
        stated, there = sorted(bench.stated_flows(vm)), sorted(bench.local_flows(vm))
        expect(stated and stated == there, f"{vm.name}: cvswd says {stated}, the NIC {there}")


def lossy_way(bench):
    with bench.test(f"{CHANGES} changes over a way that loses, doubles, delays and reorders: both tables as intended"):
        rng = random.Random(CHANGES)
        with LossyWay(LOSSY_PORT, int(TCP.rsplit(":", 1)[1]), seed=7) as way:
            bench.lab.vswitch.set_controller(f"tcp:127.0.0.1:{LOSSY_PORT}")
            try:
                wait_for("the vswitch to be connected", bench.lab.vswitch.connected)
                for vm in bench.vms:
                    bench.controller.await_state(vm.nics[0], seconds=30)
                for _ in range(CHANGES):
                    command, flow = random_change(rng)
                    hurry = ["--no-wait"] * (rng.random() < 0.5)
                    bench.ctl(*hurry, "--timeout", "30", command, rng.choice(bench.vms).nics[0].tap, flow)
                for vm in bench.vms:
                    bench.controller.await_state(vm.nics[0], seconds=60)
                expect_intended(bench, *bench.vms)
                expect(min(way.done[kind] for kind in ("lost", "doubled", "late")) > 5, f"too easy: {way.done}")
                bench.note(", ".join(f"{count} {kind}" for kind, count in way.done.items()))
            finally:
                for vm in bench.vms:
                    bench.ctl("--no-wait", "del-flows", vm.nics[0].tap)
                bench.lab.vswitch.set_controller(TCP)
                wait_for("the vswitch to be connected", bench.lab.vswitch.connected)
    for vm in bench.vms:
        bench.controller.await_state(vm.nics[0], seconds=30)


@contextlib.contextmanager
def marked_stream(bench):
    """A hundred echo requests a second while the body runs: each marked by its flow, each answered."""
    vm1, count = bench.vm1, SECONDS * 100
    with bench.flows(vm1, MARK), bench.lab.capture(vm1) as sent:
        job = vm1.start(f"ping -n -q -i 0.01 -c {count} -W 2 10.0.0.2")
        yield
        said = vm1.finish(job, SECONDS + 20, check=False)
        expect(f" {count} received" in said, said.strip()[-200:])
        expect(sent.count("icmp") >= count and not sent.text(UNMARKED, limit=3), "some went past the flow")


def resynchronisation(bench):
    vm1 = bench.vm1
    with bench.test("resynchronised by a controller that was killed, not a frame is dropped or passes its flow"), \
         marked_stream(bench):
        bench.controller.kill()
        bench.controller.start()
        bench.controller.await_state(vm1.nics[0], seconds=20)
        bench.lab.vswitch.set_controller(TCP)       # connects anew
        bench.controller.await_state(vm1.nics[0], seconds=20)
    with bench.test("a link that flaps: the flows are there with the wire"), bench.flows(vm1, MARK), \
         bench.lab.capture(vm1) as sent:
        for up in False, True:
            vm1.qmp("set_link", name=vm1.nics[0].id, up=up)
        wait_for("the link", lambda: vm1.sh("cat /sys/class/net/eth0/carrier").strip() == "1", 5)
        expect(ping(vm1, "10.0.0.2") == 3, "an echo request was not answered")
        expect(not sent.text(UNMARKED, limit=3), "some went past the flow")
        bench.controller.await_state(vm1.nics[0], seconds=20)
        expect_intended(bench, vm1)


def reboot(bench):
    vm, peer = bench.vms
    with bench.test("a guest that was killed and boots again gets its flows and its overlay back"), \
         overlay(bench, "vm1", "vm2"):
        expect_all_reached(bench.vms)
        old = set(sending(peer))
        vm.boot_again()
        bench.lab.up(vm, "10.0.0.1")
        bench.controller.await_state(vm.nics[0], seconds=30)
        bench.await_mtu(vm, 1416)
        wait_for("a key to send with", lambda: "active" in sending(vm).values(), 15)
        wait_for("the other's new key", lambda: any(state == "active" for spi, state in sending(peer).items()
                                                    if spi not in old), 15)
        wait_for("all old keys to be gone", lambda: not old & set(sending(peer)), 15)
        with bench.lab.capture(vm) as sent:
            expect_all_reached(bench.vms)
            expect_ciphertext(sent)


def moved(bench):
    """As a live migration leaves it: the same memory, at another port."""
    vm, vm2 = bench.vms
    vswitch, tap = bench.lab.vswitch, vm.nics[0].tap
    with bench.test("saved, and restored at another port: new keys, and no (SPI, IV) twice"), \
         overlay(bench, "vm1", "vm2"):
        expect_all_reached(bench.vms)
        old = set(sending(vm))
        vm.start(f"ping -n -q -i 0.005 -w 30 {PATTERN} 10.0.0.2")
        with bench.lab.capture(vm) as before:
            expect(before.await_frame("ip proto 50"), "nothing was sent before")
            vm.save()
        vswitch.move_port(tap, 9)
        try:
            with bench.lab.capture(vm) as after:
                vm.restore()
                wait_for("new keys", lambda: any(state == "active" for spi, state in sending(vm).items()
                                                 if spi not in old), 20)
                bench.controller.await_state(vm.nics[0], seconds=20)
                expect(bench.controller.nics()[vm.nics[0].mac]["port"] == 9, "cvswd looks for it where it was")
                expect_all_reached(bench.vms)
                expect_ciphertext(after)
                sent = ivs(before) + ivs(after)
            expect(ivs(after) and len(set(sent)) == len(sent), f"{len(sent) - len(set(sent))} of {len(sent)} twice")
            late = [spi for spi, _ in ivs(after) if int.from_bytes(spi, "big") in old]
            expect(len(late) <= UNDER_WAY, f"{len(late)} packets sent with an old key")
        finally:
            vswitch.move_port(tap, vm.nics[0].port)
            bench.controller.await_state(vm.nics[0], seconds=20)


ALL = [lossy_way, resynchronisation, reboot, moved]
