# SPDX-License-Identifier: GPL-2.0
"""A NIC's key at boot: from the hypervisor, or from a file of root's in the guest."""
import json
import secrets

from lab.process import wait_for
from lab.report import expect
from lab.topology import CVSW

TAP, PORT = "vm9", 9


def shown(vm):
    return json.loads(vm.sh("cvswctl --local -j show eth0"))[0]


def in_container(vm, key_file):
    pid = vm.sh("unshare -U -r -n sleep 100 > /dev/null 2>&1 & sleep 1; echo $!").strip()
    inside = f"nsenter -t {pid} -U -n --preserve-credentials"
    try:
        vm.sh(f"ip link set eth0 netns {pid}")
        expect(vm.sh(f"{inside} id -u").strip() == "0", "nobody is root inside")
        vm.sh(f"{inside} ip link set eth0 up")
        vm.sh(f"{inside} cvswctl --local dump-flows")
        for command in f"key eth0 --file {key_file}", "forget-key eth0":
            expect(vm.status(f"{inside} cvswctl --local {command}") != 0, f"{command} was done")
        said = vm.sh(f"{inside} cvswctl --local -j show eth0")
        expect(json.loads(said)[0]["state"] != "no key", f"it has no key any more: {said}")
    finally:
        vm.sh(f"kill {pid}")
    wait_for("the NIC to come back", lambda: vm.status("ip link show eth0") == 0, 10)
    vm.sh(f"cvswctl --local key eth0 --file {key_file}")


def at_boot(bench):
    key, other = secrets.token_hex(32), secrets.token_hex(32)
    vm = bench.lab.add_vm("vm9", (TAP, PORT), append=CVSW, boot_key=key)
    try:
        vm.await_ready()
        with bench.test("a guest takes its NIC's key from QEMU when it boots"):
            expect(shown(vm)["state"] != "no key", f"it has none: {shown(vm)}")
            bench.lab.up(vm, "10.0.0.9")
            wait_for("a REGISTER", lambda: shown(vm)["state"] == "registering", 5)
            given = f"/sys/firmware/qemu_fw_cfg/by_name/opt/org.cvsw/key/{vm.nics[0].mac}/raw"
            mode = vm.sh(f"stat -L -c %a {given}").strip()
            expect(mode == "400", f"others may read it: {mode}")
        with bench.test("a file of root's in the guest goes before it, and others may not read that"):
            place = f"/etc/cvsw/keys/{vm.nics[0].mac}"
            vm.sh(f"mkdir -p /etc/cvsw/keys && echo {other} > {place} && chmod 644 {place}")
            expect(vm.status("/usr/lib/cvsw/cvsw-load-key eth0") != 0, "a file that everybody reads was taken")
            vm.sh(f"chmod 600 {place}")
            said = vm.sh("/usr/lib/cvsw/cvsw-load-key eth0")
            expect(place in said, f"not from there: {said}")
            for secret in key, other:
                expect(secret[:16] not in said + vm.sh("dmesg") + vm.sh("cvswctl --local -j show"), "a key is told")
        with bench.test("root of a container that was given the NIC can neither take its key away nor set another"):
            in_container(vm, place)
    finally:
        vm.stop()
        bench.lab.vms.remove(vm)


ALL = [at_boot]
