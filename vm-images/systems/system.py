# SPDX-License-Identifier: GPL-2.0
"""
A VM with a complete Debian system on a disk of its own.

While it is off, commands run in its file system at this machine's speed; it boots
the kernel and the initramfs that are on its disk.
"""
import os
import shutil
import subprocess

from lab.guest import Nic, Vm
from lab.process import LabError, call, wait_for
from lab.topology import TOP

HERE = os.path.dirname(os.path.abspath(__file__))
# The sources that are installed there.
TREE = os.environ.get("CVSW_TREE", TOP)
MEMORY = 1024
BOOT = 900                  # seconds, and for a shutdown: on a busy machine without KVM it takes minutes


def base_disk(*suites):
    """The disk of a new system (a path); see `disk`."""
    done = subprocess.run([f"{HERE}/disk", *suites], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"no disk of {' with '.join(suites)}")
    return done.stdout.strip()


class System:
    def __init__(self, name, base, log_dir):
        """base: a disk, or another System that is off; it is copied."""
        self.name, self.log_dir = name, log_dir
        self.disk = f"{log_dir}/{name}.img"
        os.makedirs(f"{log_dir}/{name}.boot", exist_ok=True)
        call("cp", "--sparse=always", getattr(base, "disk", base), self.disk, timeout=300)
        self.kernels = self.inside("cat /root/kernels").split()
        self.kernel = self.kernels[0]
        self.vm = None
        self.nics = []
        self.given_keys = {}            # by QEMU, by MAC address

    # ---- while it is off

    def inside(self, command, seconds=60, kernel=None, check=True, stdin=None):
        """
        Run a shell command in the file system; returns its output.

        kernel: the one that runs, for `uname`.
        """
        kernel = kernel or getattr(self, "kernel", "")
        environ = dict(os.environ, UNAME_R=kernel)
        if kernel:
            environ["UNAME_V"] = f"#1 SMP PREEMPT_DYNAMIC Debian {self.package_version(kernel)} (2026-01-01)"
        done = subprocess.run([f"{HERE}/in-disk", self.disk, "sh", "-c", command], stdin=stdin or subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False,
                              env=environ)
        said = done.stdout.decode(errors="replace")
        with open(f"{self.log_dir}/{self.name}.inside", "a", encoding="utf-8") as log:
            log.write(f"# {command}\n{said}# status {done.returncode}\n\n")
        if check and done.returncode != 0:
            raise AssertionError(f"{self.name}: {command}: status {done.returncode}:\n{said[-3000:]}")
        return said

    def package_version(self, kernel):
        done = subprocess.run([f"{HERE}/in-disk", self.disk, "dpkg-query", "-W", "-f", "${Version}",
                               f"linux-image-{kernel}"], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    def put_tree(self):
        """The sources, as they are checked out."""
        tar = subprocess.Popen(["tar", "-C", TREE, "--exclude=./build", "--exclude=./.git", "-c", "."],
                               stdout=subprocess.PIPE)
        self.inside("mkdir -p /root/cvsw && tar -x -C /root/cvsw --no-same-owner", stdin=tar.stdout)
        if tar.wait() != 0:
            raise LabError("tar failed")

    def write(self, path, text, mode=0o644):
        self.inside(f"mkdir -p {os.path.dirname(path)} && cat > {path} <<'END'\n{text}END\nchmod {mode:o} {path}")

    def address(self, interface, address):
        """Configured as an administrator of a server does it."""
        self.write(f"/etc/network/interfaces.d/{interface}",
                   f"auto {interface}\niface {interface} inet static\n\taddress {address}/24\n")

    # ---- while it runs

    def boot(self, lab, *nics):
        self.start(lab, *nics)
        self.vm.await_ready(BOOT)

    def start(self, lab, *nics):
        """nics: (tap, port), at the first boot. Does not wait for the system."""
        folder = f"{self.log_dir}/{self.name}.boot"
        for file, path in ("vmlinuz", f"/boot/vmlinuz-{self.kernel}"), ("initrd", f"/boot/initrd.img-{self.kernel}"):
            with open(f"{folder}/{file}", "wb") as out:
                subprocess.run([f"{HERE}/in-disk", self.disk, "cat", path], stdout=out, check=True)
        for tap, port in nics:
            lab.vswitch.add_tap(tap, port)
            self.nics.append(Nic(tap, f"02:00:00:00:00:{port:02x}", port))
            self.nics[-1].boot_key = self.given_keys.get(self.nics[-1].mac)
        # The slots are those of a VM with a display, where the first NIC is ens3.
        disk = ["-device", "virtio-rng-pci,addr=0x2",
                "-drive", f"file={self.disk},format=raw,if=none,id=disk,cache=unsafe",
                "-device", "virtio-blk-pci,drive=disk,addr=0x10"]
        words = "root=/dev/vda", "rw", "systemd.show_status=0", "udev.event_timeout=900"
        self.vm = Vm(self.name, folder, self.nics, self.log_dir, lab.accel, words, memory=MEMORY, devices=disk)
        lab.vms.append(self.vm)

    def settle(self):
        """Wait until all of the boot is done; returns systemd's verdict."""
        return self.vm.sh("systemctl is-system-running --wait || true", BOOT).strip()

    def await_off(self, lab):
        """The guest ends by itself."""
        wait_for(f"{self.name} to end", lambda: not self.vm.process.alive(), BOOT, every=0.2)
        self.vm.qmp.close()
        self.vm.agent.close()
        lab.vms.remove(self.vm)
        self.vm = None

    def off(self, lab):
        self.vm.start("sleep 0.3; systemctl poweroff")
        self.await_off(lab)

    def sh(self, command, seconds=60, check=True):
        return self.vm.sh(command, seconds, check)

    def interface(self, nic=0):
        return self.vm.interface(self.nics[nic])

    def driver(self, nic=0):
        """Of a NIC."""
        return self.sh(f"basename $(readlink /sys/class/net/{self.interface(nic)}/device/driver)").strip()

    def modules(self):
        return [line.split()[0] for line in self.sh("lsmod").splitlines()[1:]]

    def remove(self):
        os.unlink(self.disk)
        shutil.rmtree(f"{self.log_dir}/{self.name}.boot")
