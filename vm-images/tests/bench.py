# SPDX-License-Identifier: GPL-2.0
"""What every test gets: the lab, its two guests, the controller, the report."""
import contextlib
import json

from lab.process import wait_for
from lab.report import expect
from lab.traffic import Iperf, ping

PHANTOM_IP = "10.0.0.99"            # nobody has these: only a rewritten frame arrives
PHANTOM_MAC = "02:00:00:00:00:bb"


class Bench:
    def __init__(self, lab, report, vms, controller):
        self.lab, self.report, self.controller = lab, report, controller
        self.vms = vms
        self.vm1, self.vm2 = vms
        self.mac1, self.mac2 = (vm.nics[0].mac for vm in vms)
        self.test = report.test
        self.ctl = controller.ctl
        self.iperf = None

    def give_keys(self, *vms):
        """From here on version 3; the controller runs."""
        self.lab.give_keys(self.controller, *vms)
        for vm in vms:
            self.controller.await_state(vm.nics[0])

    def await_mtu(self, vm, mtu):
        wait_for(f"an MTU of {mtu}",
                 lambda: vm.sh("cat /sys/class/net/eth0/mtu").strip() == str(mtu), 5)

    @staticmethod
    def counters(vm):
        """A NIC's counters, as `cvswctl --local stats` has them."""
        stats = json.loads(vm.sh("cvswctl --local -j stats eth0"))
        return {item["counter"]: item["value"] for item in stats}

    def counted(self, vm, name):
        return self.counters(vm)[name]

    def await_count(self, vm, name, value):
        wait_for(f"{name} to be {value}", lambda: self.counted(vm, name) >= value, 5)

    @staticmethod
    def local_flows(vm):
        """The flows that the driver says it has."""
        return [item["flow"] for item in json.loads(vm.sh("cvswctl --local -j dump-flows eth0"))]

    def stated_flows(self, vm):
        """The flows that cvswd says the NIC should have."""
        answer = json.loads(self.ctl("-j", "dump-flows", vm.nics[0].tap))
        return [item["flow"] for item in answer["flows"]]

    def features(self, vm):
        """The offloads that are on in a guest, by the names that set-offload takes."""
        names = {"tx-checksumming:": "csum", "tcp-segmentation-offload:": "tso",
                 "generic-segmentation-offload:": "gso", "generic-receive-offload:": "gro"}
        lines = [line.split() for line in vm.sh("ethtool -k eth0").splitlines()]
        return {names[line[0]] for line in lines if line[0] in names and line[1] == "on"}

    @staticmethod
    def note(text):
        print(f"# {text}", flush=True)

    @contextlib.contextmanager
    def flows(self, vm, *texts):
        """Flows in a guest's NIC as long as the body runs; added as a user would."""
        name = vm.nics[0].mac
        try:
            for text in texts:
                self.ctl("add-flow", name, text)
            yield
        finally:
            self.ctl("del-flows", name)

    @contextlib.contextmanager
    def neighbour(self, vm, address, mac):
        """A permanent neighbour entry as long as the body runs."""
        vm.sh(f"ip neighbour replace {address} lladdr {mac} dev eth0 nud permanent")
        try:
            yield
        finally:
            vm.sh(f"ip neighbour delete {address} dev eth0", check=False)

    def exchange(self, address, port=5201, icmp=True):
        """ICMP, TCP both ways and UDP from vm1 to a server in vm2 that it sees at this address."""
        if not self.iperf:
            self.iperf = Iperf(self.vm2)
        if icmp:
            answered = ping(self.vm1, address)
            expect(answered == 3, f"{answered} of 3 echo requests to {address} were answered")
        where = f"-c {address} -p {port} --connect-timeout 3000"
        for what in "-n 2M", "-R -n 2M", "-u -b 20M -n 200K":
            status, said = self.vm1.agent.run(f"iperf3 {where} {what}", 15)
            expect(status == 0, f"iperf3 {where} {what}: {said.strip()[-200:]}")

    def wire(self, capture, seen=(), unseen=()):
        """What must and must not be in a capture of everything that exchange() sent."""
        for expression in seen:
            expect(capture.await_frame(expression), f"not seen on the vswitch: {expression}")
        for expression in unseen:
            lines = capture.text(expression, limit=3)
            expect(not lines, f"seen on the vswitch: {expression}: {lines}")
        if not self.lab.vswitch.tso:        # else checksums are finished by the receiver
            wrong = capture.wrong_checksums()
            expect(not wrong, f"wrong checksums: {wrong[:3]}")
