# SPDX-License-Identifier: GPL-2.0
"""An encrypted network of three guests in one step, and members that come and go."""
import contextlib
import json

from lab.process import wait_for
from lab.report import expect
from lab.topology import CVSW
from lab.traffic import ping
from tests.tunnel import PATTERN, TEXT, announce, sending

SECONDS = 8                         # of TCP while another member joins and leaves...
RATE = "4M"                         # ...at a rate that an emulated guest has always room for


def third_guest(bench):
    if len(bench.lab.vms) == 2:
        vm = bench.lab.add_vm("vm3", ("vm3", 3), append=CVSW, generation=False)
        vm.await_ready()
        bench.lab.up(vm, "10.0.0.3")
        bench.give_keys(vm)
    return bench.lab.vms[2]


def used_spis(vm, direction):
    """Of the SAs that a NIC has and that have carried something."""
    sas = json.loads(vm.sh("cvswctl --local -j sa eth0"))
    return {sa["spi"] for sa in sas if sa["direction"] == direction and sa["packets"]}


def expect_all_reached(vms):
    """Each pings the others; ARP for them is broadcast."""
    for vm in vms:
        vm.sh("ip neighbour flush dev eth0")
    for vm in vms:
        for other in vms:
            if other is not vm:
                got = ping(vm, f"10.0.0.{other.name[2:]}", options=PATTERN)
                expect(got == 3, f"{vm.name} to {other.name}: {got} of 3 echo requests answered")


@contextlib.contextmanager
def overlay(bench, *members, options=("--encrypt",)):
    try:
        said = bench.ctl("overlay", "add", "blue", "--vni", "7", *options, *members)
        yield said
    finally:
        bench.ctl("overlay", "del", "blue")


def expect_ciphertext(capture):
    # RARP is QEMU's own, of a machine that it has restored.
    lines = capture.text("not ip proto 50 and not ether proto 0xabba and not rarp")
    expect(not lines, f"not ESP, on {capture.file}: {lines[:3]}")
    expect(capture.count("ip proto 50") > 0, f"no ESP on {capture.file}")
    plain = capture.containing(TEXT)
    expect(plain == 0, f"{plain} frames with the known text on {capture.file}")


def three_members(bench):
    vms = [*bench.vms, third_guest(bench)]
    with contextlib.ExitStack() as stack:
        with bench.test("overlay add: three guests, in one step, reach each other"), \
             overlay(bench, "vm1", "vm2", "vm3") as said:
            expect("3 members" in said, said)
            ports = [stack.enter_context(bench.lab.capture(vm, "both")) for vm in vms]
            expect_all_reached(vms)
            bench.exchange("10.0.0.2")
            shown = bench.ctl("overlay", "show", "blue")
            expect(shown.count("in sync") == 3, shown)
            mtus = {vm.sh("cat /sys/class/net/eth0/mtu").strip() for vm in vms}
            expect(mtus == {"1416"}, f"MTUs {mtus}")
            with bench.test("overlay: on every port ESP, and no plaintext"):
                for port in ports:
                    expect_ciphertext(port)
            with bench.test("overlay: an SA of its own for each peer and way"):
                out, taken = ([used_spis(vm, way) for vm in vms] for way in ("out", "in"))
                expect([len(spis) for spis in out + taken] == [2] * 6, f"out {out}, in {taken}")
                expect(len(set.union(*out)) == 6 and set.union(*out) == set.union(*taken), f"{out}, {taken}")
    with bench.test("overlay del: the NICs are as before"):
        for vm in vms:
            bench.await_mtu(vm, 1500)
        expect_all_reached(vms)


def joins_and_leaves(bench):
    vm1, vm2, vm3 = *bench.vms, third_guest(bench)
    with bench.test("overlay join and leave while the others talk: their TCP goes on"), \
         overlay(bench, "vm1", "vm2"):
        expect_all_reached([vm1, vm2])
        job = vm1.start(f"iperf3 -J -i 1 -t {SECONDS} -b {RATE} -c 10.0.0.2 --connect-timeout 3000")
        with bench.test("overlay: no member, no answer"):
            expect(ping(vm3, "10.0.0.1") == 0, "an echo request of another network was answered")
        bench.ctl("overlay", "join", "blue", "vm3")
        with bench.test("overlay join: the new member and the others reach each other"):
            bench.await_mtu(vm3, 1416)
            expect_all_reached([vm1, vm2, vm3])
        bench.ctl("overlay", "leave", "blue", "vm3")
        with bench.test("overlay leave: who left reaches nobody"):
            expect(ping(vm3, "10.0.0.1") == 0 and ping(vm1, "10.0.0.3") == 0, "an echo request was answered")
        report = json.loads(vm1.finish(job, SECONDS + 15))
        rates = [round(part["sum"]["bits_per_second"] / 1e6, 1) for part in report["intervals"]]
        bench.note(f"TCP by the second, Mbit/s: {rates}")
        expect("error" not in report and len(rates) >= SECONDS - 1, f"iperf3: {report.get('error')}")
        expect(rates and min(rates) > 0, f"TCP stood still: {rates}")
    with bench.test("overlay: all are free again"):
        wait_for("the MTU", lambda: vm3.sh("cat /sys/class/net/eth0/mtu").strip() == "1500", 5)
        expect_all_reached([vm1, vm2, vm3])


def await_new_sas(vm, old):
    wait_for("new SAs", lambda: [spi for spi, state in sending(vm).items() if spi not in old and state == "active"], 20)


def second_life(bench):
    """A member that may have lived before gets new SAs without anybody's hand, one that lives on keeps them."""
    vm1, vm2, vm3 = *bench.vms, third_guest(bench)
    with bench.test("overlay: a member that has come from elsewhere, of the same generation, keeps its SAs and loses nothing"), \
         overlay(bench, "vm1", "vm2"):
        expect_all_reached([vm1, vm2])
        old, keys = sending(vm1), bench.controller.nics()[bench.mac1]["keys"]
        job = vm1.start("ping -n -q -i 0.02 -c 200 -W 2 10.0.0.2")
        announce(vm1)
        said = vm1.finish(job, 30, check=False)
        expect(" 200 received" in said, said.strip()[-200:])
        expect(sending(vm1) == old, f"{old}, then {sending(vm1)}")
        expect(bench.controller.nics()[bench.mac1]["keys"] == keys, "the session has new keys")
    with bench.test("overlay: where no generation id tells, a member that has come from elsewhere stops, never in the clear"), \
         overlay(bench, "vm1", "vm3"):
        expect_all_reached([vm1, vm3])
        old = dict(sending(vm3))
        bench.controller.kill()
        try:
            announce(vm3)
            wait_for("its SAs to be stopped", lambda: set(sending(vm3).values()) == {"stopped"}, 5)
            before = bench.counted(vm3, "drop-esp-stopped")
            with bench.lab.capture(vm3) as sent:
                expect(ping(vm3, "10.0.0.1", options=PATTERN) == 0, "an echo request was answered")
                said = sent.text("not ether proto 0xabba and not rarp")
                expect(not said, f"sent nevertheless: {said[:3]}")
            expect(bench.counted(vm3, "drop-esp-stopped") > before, "not counted")
        finally:
            bench.controller.start()
        await_new_sas(vm3, old)
        bench.controller.await_state(vm3.nics[0], seconds=20)
        expect_all_reached([vm1, vm3])


def controller_restarts(bench):
    """The keys are in the NICs alone: cvswd asks which they still have, and goes on with those."""
    vms = bench.vms
    with bench.test("overlay: cvswd killed and started again: nothing is lost, and the SAs stay"), \
         overlay(bench, "vm1", "vm2"):
        expect_all_reached(vms)
        old = [sending(vm) for vm in vms]
        job = vms[0].start("ping -n -q -i 0.1 -c 200 -W 2 10.0.0.2")
        bench.controller.kill()
        bench.controller.start()
        for vm in vms:
            bench.controller.await_state(vm.nics[0], seconds=20)
        said = vms[0].finish(job, 40, check=False)
        expect(" 200 received" in said, said.strip()[-200:])
        expect([sending(vm) for vm in vms] == old, f"{old}, then {[sending(vm) for vm in vms]}")


def refused_datagrams(vm):
    """UDP datagrams that the guest's stack got and had no socket for."""
    names, values = (line.split() for line in vm.sh("grep ^Udp: /proc/net/snmp").splitlines())
    return int(values[names.index("NoPorts")])


def kernel_messages(bench):
    """netconsole sends with interrupts off, where no cipher may be called."""
    vm1, vm2 = bench.vms
    with bench.test("overlay: netconsole's messages arrive, and leave as ciphertext"), \
         overlay(bench, "vm1", "vm2"), bench.lab.capture(vm1) as sent:
        expect_all_reached(bench.vms)
        before, later = refused_datagrams(vm2), bench.counted(vm1, "later")
        vm1.sh(f"modprobe netconsole netconsole=6665@10.0.0.1/eth0,6666@10.0.0.2/{bench.mac2}")
        try:
            for i in range(20):
                vm1.sh(f"echo '<1>{TEXT.decode()} {i}' > /dev/kmsg")
            wait_for("20 messages", lambda: refused_datagrams(vm2) >= before + 20, 5)
        finally:
            vm1.sh("rmmod netconsole")
        expect(bench.counted(vm1, "later") >= later + 20, "they did not wait for interrupts")
        expect_ciphertext(sent)


ALL = [three_members, joins_and_leaves, second_life, controller_restarts, kernel_messages]
