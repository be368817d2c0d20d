# SPDX-License-Identifier: GPL-2.0
"""A VM: its QEMU, a serial line that takes commands, and QMP."""
import base64
import fcntl
import itertools
import json
import os
import shlex
import socket
import time

from lab.process import LabError, Process, wait_for

RUN = "/run/lab"
READY = "guest: ready"
# qemu64 with what the crypto modules look for, and random numbers from the first moment on:
# emulates faster than "max".
TCG_CPU = "qemu64,+ssse3,+sse4.1,+sse4.2,+aes,+pclmulqdq,+popcnt,+rdrand"


class GuestDead(LabError):
    """The guest does not answer on its serial line: a panic, a hang."""


def connect(path, seconds=5.0):
    """Connect to a Unix socket that QEMU is about to create."""
    def attempt():
        stream = socket.socket(socket.AF_UNIX)
        try:
            stream.connect(path)
            return stream
        except OSError:
            stream.close()
            return None
    return wait_for(path, attempt, seconds, every=0.01)


class Agent:
    """The guest's lab-agent, at the other end of a serial line."""

    def __init__(self, path):
        self.socket = connect(path)
        self.stream = self.socket.makefile("rb")
        # Never the numbers of one who used the line before us.
        self.numbers = itertools.count(time.monotonic_ns() % 10**9)

    def await_ready(self, seconds):
        # systemd 257 and later ask a terminal for its size first.
        self._line(lambda line: line.endswith(b"agent ready"), seconds, "the agent's ready line")

    def run(self, command, seconds):
        """Returns (status, output); status 124: killed after that many seconds."""
        number = next(self.numbers)
        coded = base64.b64encode(command.encode()).decode()
        self.socket.sendall(f"{number} {seconds:g} {coded}\n".encode())
        line = self._line(lambda line: line.startswith(b"%d " % number), seconds + 10,
                          f"the end of: {command}")
        _, status, length = line.split()
        return int(status), self.stream.read(int(length)).decode(errors="replace")

    def _line(self, wanted, seconds, what):
        self.socket.settimeout(seconds)
        try:
            while line := self.stream.readline():
                if wanted(line.strip()):
                    return line.strip()
        except TimeoutError:
            pass
        raise GuestDead(f"the guest did not answer: {what}")

    def close(self):
        self.stream.close()
        self.socket.close()


class Qmp:
    """QEMU's machine protocol, as much as hot-unplugging takes."""

    def __init__(self, path):
        self.socket = connect(path)
        self.socket.settimeout(20)
        self.stream = self.socket.makefile("rb")
        self.events = []            # that came in while something else was awaited
        self._next()
        self("qmp_capabilities")

    def __call__(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while "event" in (answer := self._next()):
            self.events.append(answer)
        if "error" in answer:
            raise LabError(f"QMP {command}: {answer['error']['desc']}")
        return answer["return"]

    def await_event(self, name, **data):
        def wanted(event):
            return event["event"] == name and data.items() <= event.get("data", {}).items()
        while not any(wanted(event) for event in self.events):
            self.events.append(self._next())
        self.events = [event for event in self.events if not wanted(event)]

    def _next(self):
        try:
            if line := self.stream.readline():
                return json.loads(line)
        except TimeoutError:
            raise LabError("QEMU says nothing on its control socket") from None
        raise LabError("QEMU closed its control socket")

    def close(self):
        self.stream.close()
        self.socket.close()


class Nic:
    """A NIC of a VM, by the tap at its other end."""

    def __init__(self, tap, mac, port):
        self.tap, self.mac, self.port = tap, mac, port
        self.key = None             # of version 3, in hex; see Lab.give_keys()
        self.id = f"nic-{tap}"
        self.boot_key = None        # that QEMU hands over, in hex

    def device(self):
        """Arguments of -device and device_add."""
        return {"driver": "virtio-net-pci", "netdev": f"net-{self.tap}", "id": self.id,
                "mac": self.mac}


class Vm:
    """A guest with one NIC or more; boots at once."""

    def __init__(self, name, image, nics, log_dir, accel, append=(), vnet_hdr=False, memory=384,
                 generation=True, devices=()):
        """
        generation: it has an id that QEMU changes when the machine comes to life again.
        devices: arguments of QEMU for devices that come before the NICs.
        """
        self.name, self.nics = name, nics
        self.console = f"{log_dir}/{name}.console"
        os.makedirs(RUN, exist_ok=True)
        argv = ["qemu-system-x86_64", "-name", name, "-machine", "pc", "-m", memory,
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-accel", "kvm" if accel == "kvm" else "tcg,thread=multi",
                "-cpu", "host" if accel == "kvm" else TCG_CPU,
                "-kernel", f"{image}/vmlinuz", "-initrd", f"{image}/initrd",
                # no_timer_check: else one boot in eight panics on a busy machine
                "-append", " ".join(["console=ttyS0 loglevel=5 no_timer_check random.trust_cpu=1",
                                     "panic=-1", f"lab.name={name}", *append]),
                "-chardev", f"file,id=console,path={self.console},append=on", "-serial", "chardev:console",
                *["-device", "vmgenid,guid=auto"] * generation, *devices]
        for use in ("agent", "shell"):
            argv += ["-serial", f"unix:{RUN}/{name}.{use},server=on,wait=off"]
        argv += ["-qmp", f"unix:{RUN}/{name}.qmp,server=on,wait=off"]
        for nic in nics:
            argv += ["-netdev", f"tap,id=net-{nic.tap},ifname={nic.tap},script=no,downscript=no,"
                     f"vnet_hdr={'on' if vnet_hdr else 'off'}",
                     "-device", ",".join(f"{key}={value}" for key, value in nic.device().items())
                     .removeprefix("driver=")]
            if nic.boot_key:
                argv += ["-fw_cfg", f"name=opt/org.cvsw/key/{nic.mac},file={self._key_file(nic)}"]
        self.argv, self.log = argv, f"{log_dir}/{name}.qemu"
        self._run()

    def _run(self, *more):
        self.process = Process(f"QEMU of {self.name}", [*self.argv, *more], self.log)
        self.agent = Agent(f"{RUN}/{self.name}.agent")
        self.qmp = Qmp(f"{RUN}/{self.name}.qmp")

    def save(self):
        """
        Ends with the machine in a file.  It is stopped first: of a running one, QEMU before
        9.0 loses what emulated CPUs write meanwhile (any guest panics, with no NIC at all).
        """
        self.qmp("stop")
        self.qmp("migrate", uri=f"exec:cat > {RUN}/{self.name}.saved")
        wait_for(f"{self.name} to be saved", lambda: self.qmp("query-migrate")["status"] == "completed", 60)
        self.qmp.close()
        self.agent.close()
        self.process.kill()

    def _job(self, command, **arguments):
        """A command of QEMU's that goes on behind its answer."""
        self.qmp(command, **{"job-id": "lab", **arguments})
        def job():
            return next(job for job in self.qmp("query-jobs") if job["id"] == "lab")
        wait_for(f"{command} of {self.name}", lambda: job()["status"] == "concluded", 60)
        error = job().get("error")
        self.qmp("job-dismiss", id="lab")
        if error:
            raise LabError(f"{self.name}: {command}: {error}")

    def snapshot(self):
        """As QEMU's savevm; the machine runs on. See go_back()."""
        path = f"{RUN}/{self.name}.qcow2"
        self._job("blockdev-create", options={"driver": "file", "filename": path, "size": 0})
        self.qmp("blockdev-add", driver="file", filename=path, **{"node-name": "lab-file"})
        self._job("blockdev-create", options={"driver": "qcow2", "file": "lab-file", "size": 1 << 20})
        self.qmp("blockdev-add", driver="qcow2", file="lab-file", **{"node-name": "lab-state"})
        self.qmp("stop")            # see save()
        self._job("snapshot-save", tag="lab", vmstate="lab-state", devices=["lab-state"])
        self.qmp("cont")

    def go_back(self):
        """As QEMU's loadvm: the memory of then, with the generation id that it had."""
        self.qmp("stop")
        self._job("snapshot-load", tag="lab", vmstate="lab-state", devices=["lab-state"])
        self.qmp("cont")

    def boot_again(self):
        """As behind a power failure."""
        self.qmp.close()
        self.agent.close()
        self.process.kill()
        self._run()
        self.await_ready()

    def restore(self):
        """Runs again from there: another life of the same memory, as its generation id says."""
        self._run("-incoming", f"exec:cat {RUN}/{self.name}.saved")
        wait_for(f"{self.name} to be read", lambda: self.qmp("query-status")["status"] == "paused", 60)
        self.qmp("cont")

    @staticmethod
    def _key_file(nic):
        path = f"{RUN}/{nic.id}.key"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(nic.boot_key + "\n")
        return path

    def await_ready(self, seconds=60):
        self.process.require()
        self.agent.await_ready(seconds)

    def sh(self, command, seconds=20, check=True):
        """Run a shell command in the guest; returns its output."""
        status, output = self.agent.run(command, seconds)
        if check and status != 0:
            raise LabError(f"{self.name}: {command}: status {status}: {output.strip()}")
        return output

    def status(self, command, seconds=20):
        return self.agent.run(command, seconds)[0]

    def start(self, command):
        """Run a shell command in the guest's background; see finish()."""
        name = f"/run/job.{next(self.agent.numbers)}"
        self.sh(f"(sh -c {shlex.quote(command)} > {name} 2>&1; echo $? > {name}.rc) &")
        return name

    def finish(self, job, seconds=20, check=True):
        """Wait for a background command and return its output."""
        status = int(self.sh(f"until [ -s {job}.rc ]; do sleep 0.1; done; cat {job}.rc", seconds))
        output = self.sh(f"cat {job}")
        if check and status != 0:
            raise LabError(f"{self.name}: background command: status {status}: {output.strip()}")
        return output

    def interface(self, nic):
        """The name of a NIC in the guest, or None if it is not there."""
        name = self.sh(f"grep -l {nic.mac} /sys/class/net/*/address | grep -v '\\.' || true")
        return name.split("/")[4] if name else None

    def load_key(self, nic):
        """Give a NIC's driver its key; it forgets it when the device goes."""
        self.sh(f"echo {nic.key} | cvswctl --local key {self.interface(nic)} -")

    def give_to_stock(self, name):
        """A NIC goes back from CVSW's driver to virtio_net; both are loaded then, side by side."""
        self.sh(f"device=$(basename $(dirname $(dirname $(realpath /sys/class/net/{name})))) && "
                "modprobe --ignore-install virtio_net && cd /sys/bus/virtio/drivers && "
                "echo $device > cvsw_virtio_net/unbind && echo $device > virtio_net/bind")

    def unplug(self, nic):
        """Pull a NIC out of the running guest."""
        self.qmp("device_del", id=nic.id)
        self.qmp.await_event("DEVICE_DELETED", device=nic.id)

    def plug(self, nic):
        """Put it back in."""
        self.qmp("device_add", **nic.device())
        wait_for(f"{nic.mac} in {self.name}", lambda: self.interface(nic), 60)

    def stop(self):
        self.process.kill()         # nothing in the guest is worth a shutdown


def kvm_works(image, log_dir):
    """
    Does KVM run the real guest?

    Neither the presence of /dev/kvm nor a small KVM_RUN proves it: there are
    machines where both are fine and a stock kernel hangs.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    vm = None
    try:
        vm = Vm("kvm-verdict", image, [], log_dir, "kvm")
        vm.await_ready(10)
        return True
    except (LabError, OSError):
        return False
    finally:
        if vm:
            vm.stop()


def acceleration(image, build, log_dir):
    """"kvm" or "tcg": $CVSW_ACCEL, or what is remembered since the last `make clean`, or a try."""
    if accel := os.environ.get("CVSW_ACCEL"):
        return accel
    verdict = f"{build}/vm/accel"
    with open(f"{verdict}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)    # labs start side by side
        if not os.path.exists(verdict):
            with open(verdict, "w", encoding="ascii") as out:
                out.write("kvm" if kvm_works(image, log_dir) else "tcg")
    with open(verdict, encoding="ascii") as known:
        return known.read().strip()
