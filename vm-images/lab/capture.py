# SPDX-License-Identifier: GPL-2.0
"""What passes a port of the vswitch, as tcpdump sees it."""
import re
import signal

from lab.process import LabError, Process, call, wait_for


class Capture:
    """
    Frames of one tap; a context manager.

    way: "from" the VM, "to" the VM, or "both".
    """

    def __init__(self, tap, way, log_dir, name):
        self.file = f"{log_dir}/{name}.pcap"
        direction = {"from": "in", "to": "out", "both": "inout"}[way]
        self.process = Process(f"tcpdump on {tap}", ["tcpdump", "-i", tap, "-Q", direction, "-n", "-U",
                                                     "--immediate-mode", "-w", self.file],
                               f"{log_dir}/{name}.tcpdump")

    def __enter__(self):
        wait_for("tcpdump to listen", self._listening)
        return self

    def _listening(self):
        self.process.require()
        with open(self.process.log, encoding="utf-8", errors="replace") as log:
            return "listening on" in log.read()

    def __exit__(self, *_):
        self.process.popen.send_signal(signal.SIGINT)
        self.process.popen.wait(5)

    def text(self, expression="", limit=None):
        """Lines of tcpdump for the frames that match a pcap expression."""
        count = ["-c", limit] if limit else []
        lines = call("tcpdump", "-e", "-nn", "-t", *count, "-r", self.file, expression).splitlines()
        return [line for line in lines if not line.startswith(("reading from", "tcpdump:"))]

    def count(self, expression=""):
        return len(self.text(expression))

    def wrong_checksums(self):
        """Lines of tcpdump that call a checksum of IP, TCP, UDP or ICMP wrong."""
        lines = call("tcpdump", "-nn", "-t", "-vv", "-r", self.file).splitlines()
        return [line.strip() for line in lines if re.search(r"incorrect|bad [a-z]+ ?cksum|wrong", line)]

    def await_frame(self, expression, seconds=5):
        """Wait until a frame is in the file; False if none comes."""
        try:
            return wait_for(expression, lambda: self.count(expression) > 0, seconds)
        except LabError:
            return False
