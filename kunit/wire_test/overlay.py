# SPDX-License-Identifier: GPL-2.0
"""Two hosts of an overlay, one at each end of the wire.

    inner: 10.1.0.1, fd01::1 ... VXLAN 42, in ESP or not ... 10.1.0.2, fd01::2
    outer: 192.168.0.1 --------------- wire ------------- 192.168.0.2

CVSW needs no outer address of its own; a host of stock Linux has it on the
interface and the inner one on its own vxlan device.
"""
import socket
import subprocess
import time

from bench import expect, expect_equal, run, tcp, wait_for
from frames import HELLO, HOST, NET, SET_MTU, control
from tunnel import (ESP_PORT, IN, OUT, SA, VXLAN_PORT, decrypt, encrypt, onward, vxlan_decap, vxlan_encap)

VNI = 42
GREETING = control(HELLO)[6:14]         # behind the address it is for
OUTER = {"a": "192.168.0.1", "b": "192.168.0.2"}
INNER = {"a": "10.1.0.1", "b": "10.1.0.2"}
MTU_VXLAN, MTU_ESP = 1450, 1404
UDP_ENCAP, UDP_ENCAP_ESPINUDP = 100, 2


def to_peer(bench, end, **more):
    """The encapsulation of what this end sends."""
    peer = bench.b if end is bench.a else bench.a
    return vxlan_encap(VNI, OUTER[peer.side], OUTER[end.side], peer.mac, end.mac, **more)


class Keys:
    """An SA for each direction; none in the clear."""

    def __init__(self, bits=128, udp=False, spi=0x1000):
        self.udp = udp
        self.from_a = SA(spi, OUTER["a"], OUTER["b"], bits, udp)
        self.from_b = SA(spi + 0x1000, OUTER["b"], OUTER["a"], bits, udp)

    def of(self, end):
        """For sending and for receiving."""
        return (self.from_a, self.from_b) if end.side == "a" else (self.from_b, self.from_a)


PATTERN = b"inner plaintext"


def mtu_of(keys):
    return MTU_ESP if keys else MTU_VXLAN


def applied(end, *messages):
    """Control messages, all of them taken."""
    moved = end.order(*messages)
    expect_equal(moved.get("ctl-applied"), len(messages), f"orders taken, of {moved}")


def cvsw_host(bench, end, keys=None, mtu=True, **encap):
    """Flows for an end with CVSW, and unless `mtu` is false its MTU, as a controller orders them."""
    outward, inward = [to_peer(bench, end, **encap)], [vxlan_decap(), onward()]
    outer = {"dl_type": 0x0800, "nw_proto": 17, "tp_dst": VXLAN_PORT}
    if keys:
        out, into = keys.of(end)
        applied(end, out.order(OUT), into.order(IN))
        outward.append(encrypt(out.spi))
        inward.insert(0, decrypt())
        outer = {"dl_type": 0x0800, "nw_proto": 17, "tp_dst": ESP_PORT} if keys.udp else \
            {"dl_type": 0x0800, "nw_proto": 50}
    outward.append(onward())
    end.add(HOST, outward, dl_type=0x0800, nw_dst="10.1.0.0/24")
    end.add(HOST, outward, dl_type=0x86DD)
    end.add(NET, inward, **outer)
    if mtu:
        applied(end, control(SET_MTU, data1=mtu_of(keys)))
    addresses(bench, end, end.ifname)


def addresses(bench, end, device):
    peer = bench.b if end is bench.a else bench.a
    end.ns.ip(f"addr replace {INNER[end.side]}/24 dev {device}",
              f"neigh replace {INNER[peer.side]} lladdr {peer.mac} dev {device}")
    end.ns.ip(f"addr replace fd01::{INNER[end.side][-1]}/64 dev {device} nodad",
              f"neigh replace fd01::{INNER[peer.side][-1]} lladdr {peer.mac} dev {device}")


def silence(end):
    """Nothing of the outer network's own."""
    end.ns.sysctl(f"net.ipv6.conf.{end.ifname}.disable_ipv6", 1)


class StockHost:
    """`with`: end b is the kernel's own virtio_net, vxlan device and xfrm."""

    def __init__(self, bench, keys=None, checksum=False):
        self.bench, self.end, self.keys, self.checksum = bench, bench.b, keys, checksum
        self.socket = None

    def __enter__(self):
        end = self.end
        run("insmod", self.bench.stock)
        end.unbind()
        end.bind("virtio_net")
        end.configure()
        silence(end)
        end.ns.ip(f"addr replace {OUTER['b']}/24 dev {end.ifname}",
                  f"neigh replace {OUTER['a']} lladdr {self.bench.a.mac} dev {end.ifname}",
                  f"link add vx0 address {end.mac} mtu {mtu_of(self.keys)} type vxlan id {VNI} "
                  f"local {OUTER['b']} remote {OUTER['a']} dstport {VXLAN_PORT} nolearning "
                  f"{'udpcsum' if self.checksum else 'noudpcsum'}",
                  "link set vx0 up")
        addresses(self.bench, end, "vx0")
        if self.keys:
            self._xfrm()
        return self

    def _xfrm(self):
        for sa in self.keys.of(self.end):
            encap = f" encap espinudp {ESP_PORT} {ESP_PORT} 0.0.0.0" if self.keys.udp else ""
            self.end.ns.ip(f"xfrm state add src {sa.src} dst {sa.dst} proto esp spi {sa.spi} reqid 1 mode transport "
                           f"replay-window 64 aead rfc4106(gcm(aes)) {sa.xfrm_key()} 128{encap}")
        for direction, src, dst in (("out", "b", "a"), ("in", "a", "b")):
            self.end.ns.ip(f"xfrm policy add src {OUTER[src]} dst {OUTER[dst]} proto udp dport {VXLAN_PORT} "
                           f"dir {direction} tmpl src {OUTER[src]} dst {OUTER[dst]} proto esp reqid 1 mode transport")
        if self.keys.udp:
            self.socket = self.end.ns.udp(OUTER["b"], ESP_PORT)
            self.socket.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP)

    def __exit__(self, *_):
        if self.socket:
            self.socket.close()
        self.end.ns.ip("link del vx0", "xfrm policy flush", "xfrm state flush")
        run("rmmod", "virtio_net")


def inner_ping(bench, size=56, count=2):
    """ICMP echo; `size` bytes of a pattern that a capture can be searched for."""
    for end, peer in ((bench.a, bench.b), (bench.b, bench.a)):
        end.ns.run("ping", "-nqc", str(count), "-i", "0.01", "-W", "2", "-p", PATTERN.hex(), "-s", str(size),
                   INNER[peer.side])


def inner_tcp(bench, size=1 << 20, **more):
    """IPv4 and IPv6, there and back."""
    tcp(bench.a.ns, (INNER["b"], 5001), bench.b.ns, (INNER["b"], 5001), size, **more)
    tcp(bench.a.ns, ("fd01::2", 5001), bench.b.ns, ("fd01::2", 5001), size // 4, family=socket.AF_INET6, **more)


def offloads(end, state):
    end.ns.run("ethtool", "-K", end.ifname, *(word for name in ("tx", "tso", "gso", "gro") for word in (name, state)))


def everything(bench, keys):
    """Ping of the largest size that fits and TCP, with offloads and without."""
    for state in ("on", "off"):
        for end in (bench.a, bench.b):
            offloads(end, state)
        inner_ping(bench, size=mtu_of(keys) - 28)
        for verify in ("Y", "N") if state == "on" else "Y":
            for end in (bench.a, bench.b):
                end.set(verify=verify)
            inner_tcp(bench, 1 << 19)


def tunnelled(captured, keys, side, pattern=True, mtu=1500):
    """Every frame that carried something is in the form agreed on, none in the clear."""
    expect(len(captured) > 20, f"{side} sent only {len(captured)} frames")
    for frame in captured:
        if keys:
            right = (frame.proto, frame.tp_dst) == (17, ESP_PORT) if keys.udp else frame.proto == 50
        else:
            right = (frame.proto, frame.tp_dst) == (17, VXLAN_PORT)
        expect(right and frame.nw_src == OUTER[side], f"{side} sent {frame.data[:64].hex()}")
        expect(not frame.errors, f"{side} sent {frame.errors}")
        expect(len(frame.data) <= 14 + mtu, f"{side} sent {len(frame.data)} bytes")
        expect(not keys or PATTERN not in frame.data, f"{side} sent plaintext")
    if pattern and not keys:
        expect(any(PATTERN in frame.data for frame in captured), "the pattern is not even in plaintext")


def tshark(captured, keys, *fields):
    """What tshark dissects in each frame of a capture, decrypted: a list of lists."""
    command = ["tshark", "-nr", "-", "-T", "fields", "-E", "occurrence=a", "-o", "ip.check_checksum:TRUE",
               "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
    if keys:
        command += ["-o", "esp.enable_encryption_decode:TRUE"]
        for sa in (keys.from_a, keys.from_b):
            command += ["-o", f'uat:esp_sa:"IPv4","{sa.src}","{sa.dst}","0x{sa.spi:08x}",'
                              f'"AES-GCM with 16 octet ICV [RFC4106]","{sa.xfrm_key()}","NULL",""']
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, input=captured.raw(), capture_output=True)
    lines = [line.split("\t") for line in done.stdout.decode().splitlines()]
    expect(done.returncode == 0 and len(lines) == len(captured.frames),
           f"tshark says {len(lines)} lines for {len(captured.frames)} frames: {done.stderr.decode()[-500:]}")
    return lines


class Watch:
    """`with`: what end a makes of frames it receives: counters that moved, what its host got."""

    def __init__(self, bench):
        self.bench, self.end = bench, bench.a
        for end in (bench.a, bench.b):
            silence(end)

    def __enter__(self):
        self.host = self.end.ns.packet_socket(self.end.ifname)
        self.host.setblocking(False)
        self._settle()
        return self

    def _settle(self):
        """The last of what the ends' own IPv6 had to say comes from a worker."""
        before = None
        while before != (now := (self.bench.a.crossed["crossed"], self.bench.b.crossed["crossed"])):
            before = now
            time.sleep(0.03)

    def __exit__(self, *_):
        self.host.close()

    def receive(self):
        return self.host.recv(1 << 17)

    def delivered(self):
        got = []
        while True:
            try:
                got.append(self.receive())
            except BlockingIOError:
                return got

    def fate(self, *frame_list):
        before = self.end.counters()
        self.delivered()
        with self.end.capture() as sent:
            self.end.inject(*frame_list)
            after = wait_for(lambda: self._seen(before["rx-hit"] + before["rx-miss"] + len(frame_list)),
                             "frames looked up")
        # Not the NIC's own HELLO, which it says some time after its link came up.
        answers = [frame.data.hex() for frame in sent.frames if frame.data[6:14] != GREETING]
        expect_equal(answers, [], "an answer on the wire")
        return {name: after[name] - before[name] for name in after if after[name] != before[name]}, self.delivered()

    def _seen(self, looked_up):
        now = self.end.counters()
        return now if now["rx-hit"] + now["rx-miss"] >= looked_up else None

    def dropped(self, cases):
        """(what it is, frame, counter): that counter moves, by one, and nothing else happens."""
        wrong = []
        for what, frame, counter in cases:
            moved, delivered = self.fate(frame)
            if moved != {"rx-hit": 1, counter: 1} or delivered:
                wrong.append(f"{what}: {moved}, {len(delivered)} delivered, expected {counter}")
        expect(not wrong, "\n".join(wrong))
