# SPDX-License-Identifier: GPL-2.0
"""cvswd, and cvswctl beside it."""
import contextlib
import json
import os
import subprocess
import tempfile
import time

from lab.process import Process, call, wait_for

SOCKET = "/run/cvsw/cvswd.sock"
TCP = "tcp:127.0.0.1:6653"
# The one folder whose sockets Open vSwitch connects to, and it wants it in these words.
UNIX = "unix:/var/run/openvswitch/br0.controller"


class Controller:
    def __init__(self, build, log_dir, version2=False):
        """version2: from NICs without a key."""
        self.bin = f"{build}/bin"
        self.log = f"{log_dir}/cvswd.log"
        self.state = "/run/lab/cvswd.db"
        self.options = ["--allow-unauthenticated"] * version2
        self.process = None
        os.makedirs(os.path.dirname(SOCKET), exist_ok=True)

    def start(self, *channels):
        """Returns when it takes requests. channels: options in place of --listen."""
        channels = channels or ("--listen", TCP, "--listen", UNIX)
        self.process = Process("cvswd", [f"{self.bin}/cvswd", "--verbose", *channels,
                                         "--state", self.state, *self.options], self.log)
        wait_for("cvswd to answer", lambda: self.process.require() and os.path.exists(SOCKET) and
                 "{" in self.ctl("-j", "show", check=False))

    def ctl(self, *argv, check=True):
        """cvswctl's output."""
        return call(f"{self.bin}/cvswctl", *argv, check=check)

    @contextlib.contextmanager
    def monitor(self):
        """`with controller.monitor() as events:`; events(n) waits for n packet-ins, and returns all that happened."""
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen([f"{self.bin}/cvswctl", "-j", "monitor"], stdout=log)

            def events(n):
                def seen():
                    log.seek(0)
                    return [json.loads(line) for line in log.read().splitlines(True) if line.endswith("\n")]
                wait_for(f"{n} packet-ins", lambda: sum(e.get("event") == "packet-in" for e in seen()) >= n)
                return seen()
            try:
                time.sleep(0.5)     # nothing tells that it listens
                yield events
            finally:
                process.terminate()
                process.wait()

    def add_key(self, nic):
        """A NIC's (guest.Nic) key; version 3 is spoken with it from then on."""
        with tempfile.NamedTemporaryFile("w", suffix=".key") as file:
            file.write(nic.key + "\n")
            file.flush()
            return self.ctl("key", "add", nic.mac, "--file", file.name)

    def nics(self):
        """What `cvswctl -j show` says of the NICs, by MAC address."""
        return {nic["mac"]: nic for nic in json.loads(self.ctl("-j", "show"))["nics"]}

    def await_state(self, nic, state="in sync", seconds=10):
        """Wait until a NIC (guest.Nic) is in a state, as `cvswctl show` names it."""
        wait_for(f"{nic.mac} to be {state}",
                 lambda: self.nics().get(nic.mac, {}).get("state") == state, seconds, every=0.1)

    def kill(self):
        self.process.kill()

    def stop(self):
        if self.process:
            self.process.stop()
