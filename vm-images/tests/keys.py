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


def at_boot(bench):
    key, other = secrets.token_hex(32), secrets.token_hex(32)
    vm = bench.lab.add_vm("vm9", (TAP, PORT), append=CVSW, boot_key=key)
    try:
        vm.await_ready()
        with bench.test("a guest takes its NIC's key from QEMU when it boots"):
            expect(shown(vm)["protocol"] == 3, f"it has none: {shown(vm)}")
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
    finally:
        vm.stop()
        bench.lab.vms.remove(vm)


ALL = [at_boot]
