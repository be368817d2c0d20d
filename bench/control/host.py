# SPDX-License-Identifier: GPL-2.0
"""What bench-control runs outside of the guest: cvswd, and those who ask it for flows.

    host.py BIN WORK

guest.py connects and says what is to be done: one JSON object a line, each answered by one.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

ADDRESS = "10.9.0.1", 9900
# In the table all the time; each flow_mod gives the next one another cookie.
FLOWS = 4096
TICKS = os.sysconf("SC_CLK_TCK")


def flow(number, cookie):
    return (f"cookie={cookie},priority=100,tcp,nw_dst=10.{number >> 8}.{number & 255}.1,tp_dst=80,"
            "actions=mod_nw_dst:10.9.9.9,mod_tp_dst:8080,NORMAL")


class Daemon:
    def __init__(self, binary, work, mac, key, durable):
        self.mac, self.socket = mac, f"{work}/cvswd.sock"
        state = ["--state", f"{work}/cvswd.db"] if durable else []
        self.log = open(f"{work}/cvswd.log", "w")
        self.process = subprocess.Popen([f"{binary}/cvswd", "--socket", self.socket, "--direct", "tap0", *state],
                                        stdout=self.log, stderr=self.log)
        try:
            self.begin(mac, key)
        except BaseException:
            self.stop()
            raise
        self.next = 0

    def begin(self, mac, key):
        """Until the NIC has its flows."""
        end = time.monotonic() + 60     # a NIC that heard its controller just now follows no HELLO for 10 s
        while True:
            try:
                client = Client(self)
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.01)
        client.ask(command="key-add", nic=mac, key=key)
        while client.ask(command="show")["nics"][0]["state"] != "in sync":
            if time.monotonic() > end:
                raise TimeoutError(f"the NIC is not in sync: {client.ask(command='show')}")
            time.sleep(0.05)
        client.ask(command="add-flows", nic=mac, flows=[flow(n, 1) for n in range(FLOWS)], wait=True)
        client.close()

    def cpu(self):
        """Seconds it has run."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13])) / TICKS

    def batch(self, size):
        """The request for the next @size flow_mods."""
        first = self.next
        self.next += size
        texts = [flow(n % FLOWS, n // FLOWS + 2) for n in range(first, first + size)]
        return json.dumps({"command": "add-flows", "nic": self.mac, "flows": texts, "wait": True}).encode() + b"\n"

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


class Client:
    """A connection to cvswd."""

    def __init__(self, daemon):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(daemon.socket)
        self.answers = self.sock.makefile("rb")

    def close(self):
        self.answers.close()
        self.sock.close()

    def tell(self, line):
        self.sock.sendall(line)
        answer = json.loads(self.answers.readline())
        if not answer["ok"] or answer.get("synced") is False:
            raise RuntimeError(f"cvswd answers {answer}")
        return answer

    def ask(self, **request):
        return self.tell(json.dumps(request).encode() + b"\n")


class Stream:
    """Batches, one behind the answer of the other; not faster than @pace a second, if there is one."""

    def __init__(self, daemon, size, pace=None):
        self.daemon, self.size, self.pace = daemon, size, pace
        self.client = Client(daemon)
        self.done, self.failed = 0, None
        self.on = True
        self.cpu = daemon.cpu()
        self.begin = time.monotonic()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while self.on:
                self.client.tell(self.daemon.batch(self.size))
                self.done += self.size
                if self.pace:
                    time.sleep(max(0.0, self.begin + self.done / self.pace - time.monotonic()))
        except (RuntimeError, OSError, ValueError) as why:
            self.failed = why

    def end(self):
        self.on = False
        self.thread.join()
        seconds = time.monotonic() - self.begin
        self.client.close()
        if self.failed:
            raise self.failed
        return {"flow_mods": self.done, "seconds": seconds, "cvswd_cpu": self.daemon.cpu() - self.cpu}


class Conversation:
    """Does what the guest says."""

    def __init__(self, binary, work):
        self.binary, self.work = binary, work
        self.daemon = self.stream = None

    def do(self, what, **how):
        if what == "start":
            self.daemon = Daemon(self.binary, self.work, how["mac"], how["key"], how["durable"])
        elif what == "stop":
            self.daemon.stop()
        elif what == "run":
            stream = Stream(self.daemon, how["size"])
            time.sleep(how["seconds"])
            return stream.end()
        elif what == "stream":
            self.stream = Stream(self.daemon, how["size"], how["pace"])
        elif what == "end":
            return self.stream.end()
        return {}

    def close(self):
        if self.stream:
            self.stream.on = False
        if self.daemon and self.daemon.process.poll() is None:
            self.daemon.stop()


def main():
    binary, work = sys.argv[1:]
    with socket.create_server(ADDRESS) as server:
        guest, _ = server.accept()
    conversation = Conversation(binary, work)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with guest, guest.makefile("rw") as lines:
            for line in lines:
                try:
                    answer = conversation.do(**json.loads(line))
                except Exception as why:        # pylint: disable=broad-except
                    answer = {"error": f"{type(why).__name__}: {why}"}
                lines.write(json.dumps(answer) + "\n")
                lines.flush()
    finally:
        conversation.close()


main()
