# SPDX-License-Identifier: GPL-2.0
"""What passes a port of the vswitch, as tcpdump sees it."""
import re
import signal
import struct

from lab.process import LabError, Process, call, wait_for


class Capture:
    """
    Frames of one tap; a context manager.

    way: "from" the VM, "to" the VM, or "both".
    """

    def __init__(self, tap, way, log_dir, name):
        self.tap = tap
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
        """tcpdump's words for the frames that match a pcap expression, a line for each."""
        count = ["-c", limit] if limit else []
        said = []
        for line in call("tcpdump", "-e", "-nn", "-t", "--number", *count, "-r", self.file,
                         expression).splitlines():
            if line.startswith(("reading from", "tcpdump:")):
                continue
            number, rest = re.match(r"(\s*\d+  )?(.*)", line).groups()
            if number:
                said.append(rest)
            elif said:                  # what is in a tunnel
                said[-1] += f" | {rest}"
        return said

    def count(self, expression=""):
        return len(self.text(expression))

    def frames(self):
        """The frames themselves (bytes)."""
        with open(self.file, "rb") as file:
            data = file.read()
        at = 24                         # of the file's own header
        while at + 16 <= len(data):
            length, = struct.unpack_from("<I", data, at + 8)
            if at + 16 + length > len(data):
                break                   # tcpdump is still writing it
            yield data[at + 16:at + 16 + length]
            at += 16 + length

    def containing(self, text):
        """How many frames have this text (bytes) in them."""
        return sum(text in frame for frame in self.frames())

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
