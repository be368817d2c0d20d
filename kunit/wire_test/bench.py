# SPDX-License-Identifier: GPL-2.0
"""The wire, its two ends in network namespaces of their own, and traffic.

    netns A: a0 10.0.0.1/24 02:00:00:00:00:01 ----- wire ----- b0 10.0.0.2/24 02:00:00:00:00:02 :netns B

Tests program end a; b is its peer.
"""
import ctypes
import hashlib
import os
import select
import signal
import socket
import struct
import subprocess
import time

import frames
import netlink
import tunnel

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WIRE = "/sys/kernel/debug/cvsw_wire/0"
libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """A test's expectation did not hold."""


def expect(condition, why):
    if not condition:
        raise Failed(why)


def expect_equal(got, wanted, what):
    if got != wanted:
        raise Failed(f"{what}: {got!r}, expected {wanted!r}")


def wait_for(condition, what, seconds=5):
    """Polls; returns what the condition returned."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.005)


def read(path):
    with open(path) as file:
        return file.read()


def write(path, value):
    """One write(2), whatever the size; OSError as the kernel says it."""
    data = value if isinstance(value, bytes) else str(value).encode()
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """`with ns:` runs in it; sockets made there stay in it."""

    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self.fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
        for knob in ("net.ipv6.conf.default.accept_dad", "net.ipv6.conf.default.router_solicitations"):
            self.sysctl(knob, 0)
        self.ip("link set lo up")

    def __enter__(self):
        self.back = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._switch(self.fd)

    def __exit__(self, *_):
        self._switch(self.back)
        os.close(self.back)

    @staticmethod
    def _switch(fd):
        if libc.setns(fd, 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")

    def sysctl(self, name, value):
        with self:
            write("/proc/sys/" + name.replace(".", "/"), value)

    def ip(self, *lines):
        """Commands of ip(8), all in one go."""
        done = subprocess.run(["ip", "-n", self.name, "-batch", "-"], input="\n".join(lines),
                              capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"ip -n {self.name} {lines}: {done.stderr.strip()}")

    def run(self, *command):
        with self:
            return run(*command)

    def wrong_checksums(self):
        """Packets that its stack threw away for them, which TCP and the sender of a datagram hide."""
        with self:
            lines = [line.split() for line in read("/proc/net/snmp").splitlines()]
            six = dict(line.split() for line in read("/proc/net/snmp6").splitlines())
        four = {names[0] + name: value for names, values in zip(lines[::2], lines[1::2])
                for name, value in zip(names, values)}
        return sum(int(value) for name, value in (*four.items(), *six.items()) if name.endswith("InCsumErrors"))

    def packet_socket(self, ifname, protocol=3):
        with self:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
            sock.bind((ifname, protocol))
        sock.settimeout(3)
        return sock

    def udp(self, address, port=0):
        with self:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((address, port))
        sock.settimeout(3)
        return sock


class End:
    """One end of the wire: its knobs, its interface, its port of CVSW."""

    def __init__(self, side, ns, address):
        self.side, self.ns, self.address = side, ns, address
        self.dir = f"{WIRE}/{side}"
        self.ifname = f"{side}0"
        self.mac = f"02:00:00:00:00:0{'ab'.index(side) + 1}"
        self.default_features = int(self.get("features"), 16)

    def get(self, knob):
        return read(f"{self.dir}/{knob}").strip()

    def set(self, **knobs):
        for knob, value in knobs.items():
            write(f"{self.dir}/{knob}", value)

    @property
    def crossed(self):
        """Counters of what this end sent (and was injected)."""
        return {name: int(value) for name, value in map(str.split, self.get("stats").splitlines())}

    # -- the virtio device and its interface

    def plug(self):
        self.set(plugged=1)

    def unplug(self, surprise=False):
        self.set(plugged=-1 if surprise else 0)

    def device(self):
        return f"/sys/devices/cvsw_wire/{self.get('device')}"

    def driver(self):
        link = f"{self.device()}/driver"
        return os.path.basename(os.readlink(link)) if os.path.exists(link) else None

    def bind(self, driver):
        write(f"/sys/bus/virtio/drivers/{driver}/bind", self.get("device"))

    def unbind(self):
        write(f"{self.device()}/driver/unbind", self.get("device"))

    def configure(self):
        """From a fresh probe, in the first namespace, to up in its own."""
        name = wait_for(lambda: os.listdir(f"{self.device()}/net"), f"interface of end {self.side}")[0]
        run("ip", "link", "set", name, "netns", self.ns.name, "name", self.ifname)
        self.up()

    def up(self):
        self.ns.ip(f"link set {self.ifname} up", f"addr replace {self.address}/24 dev {self.ifname}",
                   f"addr replace fd00::{self.address[-1]}/64 dev {self.ifname} nodad")

    # -- traffic at the driver's two faces

    def inject(self, *frame_list):
        """Frames that this end receives; one with an `about` has that for its virtio header."""
        for frame in frame_list:
            wait_for(lambda: self._inject(frame), "room in the receive ring")

    def _inject(self, frame):
        try:
            about = getattr(frame, "about", None)
            write(f"{self.dir}/{'inject_header' if about else 'inject'}", (about or b"") + frame)
        except OSError as error:
            if error.errno != 105:      # ENOBUFS
                raise
            return False
        return True

    def burst(self, *frame_list):
        """Frames that this end's driver gets as one burst."""
        write(f"{self.dir}/burst", b"".join(struct.pack("!H", len(frame)) + frame for frame in frame_list))

    def capture(self):
        """`with end.capture() as got:`, then `got.frames` is what this end sent."""
        return Capture(self)

    # -- the port of CVSW

    def netlink(self):
        with self.ns:
            return netlink.Family()

    def counters(self):
        family = self.netlink()
        try:
            return {item[netlink.COUNTER_NAME].rstrip(b"\0").decode(): netlink.u64(item[netlink.COUNTER])
                    for item in family.dump(netlink.GET_STATS)}
        finally:
            family.close()

    def port(self):
        family = self.netlink()
        try:
            ports = family.dump(netlink.GET_PORT)
        finally:
            family.close()
        expect_equal(len(ports), 1, "ports in the namespace")
        return ports[0]

    def n_flows(self):
        return netlink.u64(self.port()[netlink.N_FLOWS])

    def flows(self):
        family = self.netlink()
        try:
            return family.dump(netlink.GET_FLOW)
        finally:
            family.close()

    def order(self, *messages):
        """Control messages; returns the control counters that moved, once all are worked on."""
        before = self.counters()
        self.inject(*messages)
        after = wait_for(lambda: self._through(before["ctl-received"] + len(messages)), "control messages worked on")
        return {name: after[name] - before[name] for name in after
                if name.startswith("ctl-") and after[name] != before[name]}

    def _through(self, received):
        """Every message received ends in exactly one counter."""
        now = self.counters()
        ends = sum(value for name, value in now.items()
                   if name.startswith("ctl-") and name not in ("ctl-received", "ctl-sent", "ctl-send-failed"))
        return now if now["ctl-received"] >= received and ends == now["ctl-received"] else None

    def add(self, in_port, actions=(), priority=100, **fields):
        """Programs a flow; it is in the table on return."""
        if any(action[0] == 0x10 for action in actions):
            # Tunnels and ESP of our own: in an ofp_match's flow_mod they mean the published driver's.
            data = tunnel.nxt_flow_mod(actions, priority, in_port=in_port, **fields)
        else:
            data = frames.flow_mod(frames.match(in_port=in_port, **fields), actions, priority)
        moved = self.order(frames.control(frames.SET_ENTRY, data))
        expect("ctl-applied" in moved, f"flow not taken: {moved}")

    def delete_flows(self):
        self.order(frames.control(frames.DELETE_ENTRY, frames.flow_mod(frames.match(), command=3)))
        expect_equal(self.n_flows(), 0, "flows left after deleting all")


class Capture:
    def __init__(self, end):
        self.end = end
        self.frames = []

    def __enter__(self):
        self.end.set(capture=1)
        return self

    def __exit__(self, *_):
        self.end.set(capture=0)
        self.frames = self.now()

    def raw(self):
        with open(f"{self.end.dir}/pcap", "rb") as file:
            return file.read()

    def now(self):
        return frames.read_pcap(self.raw())


def errors_in(captured):
    """Wrong lengths and checksums among frames, for a message."""
    return [f"frame {i}: {', '.join(frame.errors)}" for i, frame in enumerate(captured) if frame.errors]


class Flood:
    """Small UDP frames both ways, for as long as `with` lasts, whatever happens to the interfaces."""

    def __init__(self, bench, pause=0.0005):
        self.ends, self.pause, self.pids = (bench.a, bench.b), pause, []

    def __enter__(self):
        for end, peer in (self.ends, self.ends[::-1]):
            pid = os.fork()
            if not pid:
                self._send(end, peer)
            self.pids.append(pid)
        return self

    def _send(self, end, peer):
        try:
            end.ns.__enter__()
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.setblocking(False)
            payload = bytes(200)
            while True:
                for _ in range(8):
                    try:
                        sock.sendto(payload, (peer.address, 9))
                    except OSError:
                        time.sleep(0.002)
                time.sleep(self.pause)
        finally:
            os._exit(0)

    def __exit__(self, *_):
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def transfer(sender, receiver, size, seconds=20):
    """`size` bytes from one connected socket to the other, compared at the end."""
    block = hashlib.sha512(b"cvsw").digest() * 1024
    want, got = hashlib.sha1(), hashlib.sha1()
    sent = received = 0
    end = time.monotonic() + seconds
    sender.setblocking(False)
    receiver.setblocking(False)
    while received < size:
        readable, writable, _ = select.select([receiver], [sender] if sent < size else [], [], 1)
        if writable:
            piece = block[:min(len(block), size - sent)]
            n = sender.send(piece)
            want.update(piece[:n])
            sent += n
        if readable:
            data = receiver.recv(1 << 18)
            expect(data, "connection ended early")
            got.update(data)
            received += len(data)
        if time.monotonic() > end:
            raise Failed(f"TCP moved {received} of {size} bytes in {seconds} s")
    expect(want.digest() == got.digest(), "TCP delivered other bytes than were sent")


def tcp(client_ns, connect_to, server_ns, listen_at, size=1 << 20, both=True, family=socket.AF_INET, client_port=0,
        seconds=20):
    """A connection that moves `size` bytes there and, if `both`, back.  Returns the
    addresses that client and server saw of each other."""
    with server_ns:
        listener = socket.socket(family, socket.SOCK_STREAM)
    with client_ns:
        client = socket.socket(family, socket.SOCK_STREAM)
    server = None
    wrong = [ns.wrong_checksums() for ns in (client_ns, server_ns)]
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(listen_at)
        listener.listen(1)
        listener.settimeout(5)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if client_port:
            client.bind(("0.0.0.0", client_port))
        client.settimeout(5)
        try:
            client.connect(connect_to)
            server, seen = listener.accept()
        except OSError as error:
            raise Failed(f"TCP does not connect to {connect_to}: {error}") from None
        transfer(client, server, size, seconds)
        if both:
            transfer(server, client, size, seconds)
        expect_equal([ns.wrong_checksums() for ns in (client_ns, server_ns)], wrong, "packets with wrong checksums")
        return client.getpeername(), seen
    finally:
        for sock in (client, server, listener):
            if sock:
                # no TIME_WAIT: the next test may want the same ports
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.close()


class Bench:
    def __init__(self, modules, kernel):
        self.modules = modules
        self.stock = f"{kernel}/drivers/net/virtio_net.ko"
        self.pktgen = f"{kernel}/net/core/pktgen.ko"
        self.ns = {name: Namespace(name) for name in "ABC"}
        self.a = self.b = None
        self.parameters = {}

    def insmod(self, name, *parameters):
        run("insmod", f"{self.modules}/{name}.ko" if "/" not in name else name, *parameters)

    def load(self, **parameters):
        """Driver first, then the wire: both ends are probed by it."""
        self.parameters = {"allow_unauthenticated": 1, **parameters}
        self.insmod("cvsw", *(f"{name}={value}" for name, value in self.parameters.items()))
        self.insmod("cvsw_virtio_net")
        self.insmod("cvsw_wire")
        self.insmod(self.pktgen)
        self.a = End("a", self.ns["A"], "10.0.0.1")
        self.b = End("b", self.ns["B"], "10.0.0.2")
        self.a.configure()
        self.b.configure()
        self.neighbours()

    def unload(self):
        run("rmmod", "pktgen")
        run("rmmod", "cvsw_wire")
        run("rmmod", "cvsw_virtio_net")
        run("rmmod", "cvsw")

    def neighbours(self):
        """No ARP: what crosses is the test's traffic alone."""
        for end, peer in ((self.a, self.b), (self.b, self.a)):
            end.ns.ip(f"neigh replace {peer.address} lladdr {peer.mac} dev {end.ifname}",
                      f"neigh replace fd00::{peer.address[-1]} lladdr {peer.mac} dev {end.ifname}")

    def replug(self, without=()):
        """Both devices anew, without some virtio feature bits."""
        for end in (self.a, self.b):
            if end.get("plugged") == "1":
                end.unplug()
            mask = 0
            for bit in without:
                mask |= 1 << bit
            end.set(features=hex(end.default_features & ~mask), loss=0, reorder=0, stall=0, verify="N")
        for end in (self.a, self.b):
            end.plug()
            end.configure()
        self.neighbours()

    def calm(self):
        """What a test may have left: flows and faults."""
        for end in (self.a, self.b):
            end.set(loss=0, reorder=0, stall=0, verify="N", context=0, capture=0)
        if self.a.n_flows():
            self.a.delete_flows()

    def ping(self, count=3):
        """Small UDP frames both ways."""
        left, right = self.a.ns.udp(self.a.address), self.b.ns.udp(self.b.address)
        try:
            for i in range(count):
                for sender, receiver in ((left, right), (right, left)):
                    sender.sendto(b"ping %d" % i, receiver.getsockname())
                    try:
                        expect_equal(receiver.recv(100), b"ping %d" % i, "datagram")
                    except TimeoutError:
                        raise Failed("a datagram did not arrive") from None
        finally:
            left.close()
            right.close()

    def tcp_both_ways(self, size=1 << 20, **more):
        return tcp(self.a.ns, (self.b.address, 5001), self.b.ns, (self.b.address, 5001), size, **more)
