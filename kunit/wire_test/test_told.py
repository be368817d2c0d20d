# SPDX-License-Identifier: GPL-2.0
"""Nothing vanishes untold: what is too large with its tags, after the guest has set an MTU of its own, and the
guest's own IPsec beside an encrypted overlay."""
import socket
import struct
import subprocess
import time

from bench import Namespace, expect, expect_equal, run, tcp, wait_for
from frames import HOST, NET, SET_MTU, checksum, control, ethernet, ipv4
from overlay import (INNER, OUTER, UDP_ENCAP, UDP_ENCAP_ESPINUDP, VNI, Keys, applied, cvsw_host, inner_ping, mtu_of,
                     to_peer)
from registry import test
from tunnel import ESP_PORT, IN, SA, VXLAN_PORT, decrypt, encrypt, onward, udp_bare, vxlan_decap, vxlan_encap

VLAN = 100
TAGGED = {"a": "10.2.0.1", "b": "10.2.0.2"}
# of the guests' own, outside of the overlay
OWN = {"a": "192.168.7.1", "b": "192.168.7.2"}


def overlay(bench, keys=None):
    for end in (bench.a, bench.b):
        cvsw_host(bench, end, keys)


def vlan(bench, end, keys):
    """A VLAN device of the guest's own upon its NIC in the overlay."""
    peer, device = (bench.b if end is bench.a else bench.a), f"{end.ifname}.{VLAN}"
    outward = [to_peer(bench, end), *([encrypt(keys.of(end)[0].spi)] if keys else []), onward()]
    end.add(HOST, outward, dl_type=0x0800, nw_dst="10.2.0.0/24")
    end.ns.ip(f"link add link {end.ifname} name {device} type vlan id {VLAN}", f"link set {device} up",
              f"addr add {TAGGED[end.side]}/24 dev {device}",
              f"neigh replace {TAGGED[peer.side]} lladdr {peer.mac} dev {device}",
              f"addr add fd02::{TAGGED[end.side][-1]}/64 dev {device} nodad",
              f"neigh replace fd02::{TAGGED[peer.side][-1]} lladdr {peer.mac} dev {device}")


def ping(end, address, size, *options):
    with end.ns:
        return subprocess.run(["ping", "-nqc", "1", "-W", "1", "-s", str(size), *options, address],
                              capture_output=True, text=True)


def answered(end, address, size, *options):
    """A ping of one, or of the next once its sender knows the size."""
    first = ping(end, address, size, *options)
    return not first.returncode or not ping(end, address, size, *options).returncode


def fitting(keys, tags=0):
    """What the controller has left room for, or what is certain to fit with all layers and tags."""
    return max(mtu_of(keys) - 4 * tags, 1500 - 14 - 4 * tags - 36 - (45 if keys else 0))


def tagged(name, make_keys=None):
    @test(f"the guest's own VLAN in an overlay: what is too large by its tag is told, and TCP flows: {name}", anew=True)
    def too_large(bench):
        keys = make_keys and make_keys()
        overlay(bench, keys)
        for end in (bench.a, bench.b):
            vlan(bench, end, keys)
        mtu = mtu_of(keys)
        fits = fitting(keys, 1)
        with bench.a.capture() as there, bench.b.capture() as back:
            ping(bench.a, TAGGED["b"], mtu - 28, "-M", "do")
            expect(f"mtu {fits}" in bench.a.ns.run("ip", "route", "get", TAGGED["b"]), f"not told of {fits}")
            expect(not ping(bench.a, TAGGED["b"], fits - 28, "-M", "do").returncode, "what fits was lost")
            # b has not been told anything yet
            expect(answered(bench.b, TAGGED["a"], mtu - 28, "-M", "dont"), "without DF it vanishes")
            for end, peer in ((bench.a, bench.b), (bench.b, bench.a)):
                end.ns.ip("route flush cache")
                tcp(end.ns, (TAGGED[peer.side], 5001), peer.ns, (TAGGED[peer.side], 5001), 1 << 20)
            tcp(bench.a.ns, ("fd02::2", 5001), bench.b.ns, ("fd02::2", 5001), 1 << 19, family=socket.AF_INET6)
        expect(bench.a.counters()["drop-too-big-told"] > 0, "nobody was told")
        sizes = [len(frame.data) for captured in (there, back) for frame in captured.frames]
        expect(max(sizes) <= 14 + 1500, f"a frame of {max(sizes)} bytes on a wire of 1500")
        expect(max(sizes) > 14 + 1490, f"the largest frame had only {max(sizes)} bytes")


tagged("VXLAN")
tagged("VXLAN and ESP", Keys)


@test("the guest sets an MTU of its own in an overlay, and sets it back: nothing is lost", anew=True)
def own_mtu(bench):
    keys = Keys()
    overlay(bench, keys)
    mtu = mtu_of(keys)
    for now in (1300, mtu, 1500, 1300, mtu):
        bench.a.ns.ip(f"link set {bench.a.ifname} mtu {now}", "route flush cache")
        for size in (1250, 1272, mtu - 28):
            for end, peer in ((bench.a, bench.b), (bench.b, bench.a)):
                expect(answered(end, INNER[peer.side], size, "-M", "dont"), f"MTU {now}: no answer to {size} of {end.side}")
        if now == 1500:
            ping(bench.a, INNER["b"], 1472, "-M", "do")
            fits = fitting(keys)
            expect(f"mtu {fits}" in bench.a.ns.run("ip", "route", "get", INNER["b"]), f"not told of {fits}")
    inner_ping(bench, size=mtu - 28)


# ---- others' IPsec ------------------------------------------------------------

def own_ipsec(bench, end, peer, out, into):
    """ESP in UDP by the kernel, between addresses that the overlay knows nothing of."""
    ours, theirs = OWN[end.side], OWN[peer.side]
    end.ns.ip(f"addr add {ours}/24 dev {end.ifname}", f"neigh replace {theirs} lladdr {peer.mac} dev {end.ifname}")
    for sa in (out, into):
        encap = f" encap espinudp {ESP_PORT} {ESP_PORT} 0.0.0.0" if sa.udp else ""
        end.ns.ip(f"xfrm state add src {sa.src} dst {sa.dst} proto esp spi {sa.spi} reqid 7 mode transport "
                  f"aead rfc4106(gcm(aes)) {sa.xfrm_key()} 128{encap}")
    for direction, src, dst in (("out", ours, theirs), ("in", theirs, ours)):
        end.ns.ip(f"xfrm policy add src {src} dst {dst} proto icmp dir {direction} "
                  f"tmpl src {src} dst {dst} proto esp reqid 7 mode transport")
    sock = end.ns.udp(ours, ESP_PORT)
    sock.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP)
    return sock


def beside(form, udp):
    @test(f"the guest's own IPsec beside an encrypted overlay: {form}, IKE and keep-alives reach it", anew=True)
    def own(bench):
        keys = Keys(udp=udp)
        overlay(bench, keys)
        from_a, from_b = (SA(0xC0000000 + n, OWN[src], OWN[dst], udp=udp) for n, src, dst in ((1, "a", "b"), (2, "b", "a")))
        a = own_ipsec(bench, bench.a, bench.b, from_a, from_b)
        b = own_ipsec(bench, bench.b, bench.a, from_b, from_a)
        try:
            with bench.a.capture() as got:
                expect(not ping(bench.a, OWN["b"], 100).returncode, "no answer through the guest's own ESP")
            form_of = {(frame.proto, struct.unpack_from("!I", frame.data, 42 if udp else 34)[0]) for frame in got.frames
                       if frame.nw_src == OWN["a"]}
            expect_equal(form_of, {(17 if udp else 50, from_a.spi)}, "what the guest's IPsec sent")
            inner_ping(bench)
            expect(bench.a.counters()["esp-unknown"] > 0, "nothing passed as others'")
            if udp:
                ike(bench, a, b)
            expect_equal({name: n for end in (bench.a, bench.b) for name, n in end.counters().items()
                          if name.startswith("drop-") and n}, {}, "dropped")
        finally:
            for end, sock in ((bench.a, a), (bench.b, b)):
                sock.close()
                end.ns.ip("xfrm policy flush", "xfrm state flush")


def ike(bench, a, b):
    """RFC 3948, 2.2 and 2.3."""
    before = bench.b.counters()["esp-others"]
    for data in (b"\0\0\0\0IKE", b"\xff"):
        a.sendto(data, (OWN["b"], ESP_PORT))
    expect_equal(b.recv(100), b"\0\0\0\0IKE", "what IKE got")
    wait_for(lambda: bench.b.counters()["esp-others"] - before == 2, "both counted as others'")


beside("ESP in UDP", True)
beside("plain ESP", False)


@test("what is not ours goes to flows below: one there decides", anew=True)
def below(bench):
    applied(bench.a, SA(0x2000, OUTER["b"], OUTER["a"]).order(IN))
    stranger = SA(0x2002, OUTER["b"], OUTER["a"])
    bench.a.add(NET, [decrypt(), vxlan_decap(), onward()], priority=200, dl_type=0x0800, nw_proto=50)
    bench.a.add(NET, [decrypt(), onward()], priority=150, dl_type=0x0800, nw_proto=50)
    bench.a.add(NET, [], priority=100, dl_type=0x0800, nw_proto=50)
    before = bench.a.counters()
    bench.a.inject(stranger.frame(stranger.esp(1, 17, bytes(40)), bench.a.mac, bench.b.mac))
    time.sleep(0.1)
    after = bench.a.counters()
    moved = {name: after[name] - before[name] for name in after
             if after[name] != before[name] and name.startswith(("drop-", "esp-"))}
    expect_equal(moved, {"esp-unknown": 2, "drop-action": 1}, "counters")


# ---- a path that takes less ---------------------------------------------------

FAR = "10.99.0.2"


class Router:
    """`with`: behind b, which only forwards, a host of Linux's own with a vxlan device; between them `mtu`.

    a, of CVSW ------ wire 1500 ------ b, a router ------ mtu ------ far, of Linux
    """

    def __init__(self, bench, mtu):
        self.bench, self.mtu = bench, mtu

    def __enter__(self):
        a, b = self.bench.a, self.bench.b
        self.far = Namespace("cvsw-far")
        b.ns.ip("link add vb type veth peer name far0 netns cvsw-far", "addr add 10.99.0.1/24 dev vb",
                f"link set vb mtu {self.mtu} up", f"addr replace {OUTER['b']}/24 dev {b.ifname}",
                f"neigh replace {OUTER['a']} lladdr {a.mac} dev {b.ifname}")
        b.ns.sysctl("net.ipv4.ip_forward", 1)
        # what the router says is not to be limited while a test runs
        b.ns.sysctl("net.ipv4.icmp_ratemask", 0)
        mac = "02:00:00:00:00:0f"
        self.far.ip(f"addr add {FAR}/24 dev far0", f"link set far0 mtu {self.mtu} up", "route add default via 10.99.0.1",
                    f"link add vx0 address {mac} mtu 1450 type vxlan id {VNI} local {FAR} remote {OUTER['a']} "
                    f"dstport {VXLAN_PORT} nolearning noudpcsum", "link set vx0 up",
                    f"addr add {INNER['b']}/24 dev vx0", f"neigh replace {INNER['a']} lladdr {a.mac} dev vx0")
        outward = [vxlan_encap(VNI, FAR, OUTER["a"], b.mac, a.mac), onward()]
        a.add(HOST, outward, dl_type=0x0800, nw_dst="10.1.0.0/24")
        a.add(NET, [vxlan_decap(), onward()], dl_type=0x0800, nw_proto=17, tp_dst=VXLAN_PORT)
        applied(a, control(SET_MTU, data1=1450))
        a.ns.ip(f"addr replace {INNER['a']}/24 dev {a.ifname}",
                f"neigh replace {INNER['b']} lladdr {mac} dev {a.ifname}")
        return self

    def __exit__(self, *_):
        self.bench.b.ns.sysctl("net.ipv4.ip_forward", 0)
        run("ip", "netns", "del", "cvsw-far")


@test("a router on the way takes less: it is listened to, senders are told, TCP flows", anew=True)
def path(bench):
    with Router(bench, 1400) as router:
        a = bench.a
        # the router drops it and says so to the NIC, which tells the sender of the next
        expect(ping(a, INNER["b"], 1422, "-M", "do").returncode, "1500 bytes went through 1400")
        wait_for(lambda: a.counters()["pmtu-lowered"] == 1, "the router was heard")
        ping(a, INNER["b"], 1422, "-M", "do")
        expect("mtu 1350" in a.ns.run("ip", "route", "get", INNER["b"]), "the sender was not told of 1350")
        expect(not ping(a, INNER["b"], 1322, "-M", "do").returncode, "what fits was lost")
        a.ns.ip("route flush cache")
        tcp(a.ns, (INNER["b"], 5001), router.far, (INNER["b"], 5001), 1 << 20)
        forged(bench)


def forged(bench):
    """What others say of packets that a never sent changes nothing."""
    a, before = bench.a, bench.a.counters()
    quoted = ipv4(OUTER["a"], "10.99.0.3", 17, udp_bare(50000, VXLAN_PORT, bytes(8), length=1480), total=1500, fragment=0x4000)
    body = struct.pack("!BBHHH", 3, 4, 0, 0, 600) + quoted
    body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    a.inject(ethernet(a.mac, bench.b.mac, 0x0800, ipv4("10.99.0.1", OUTER["a"], 1, body)))
    wait_for(lambda: a.counters()["pmtu-ignored"] > before["pmtu-ignored"], "the forgery was looked at")
    expect_equal(a.counters()["pmtu-lowered"], before["pmtu-lowered"], "paths lowered")
    expect(not ping(a, INNER["b"], 1322, "-M", "do").returncode, "the path got smaller by a forgery")
