# SPDX-License-Identifier: GPL-2.0
"""VXLAN in the driver: against the kernel's own vxlan device, against itself,
before tshark, and fed what is not right."""
import subprocess

from bench import expect, expect_equal
from frames import CVSW, HELLO, NET, SET_ENTRY, SET_OFFLOAD, control, ethernet, ipv4, udp, udp_frame
from overlay import (INNER, OUTER, VNI, StockHost, Watch, applied, cvsw_host, everything, inner_ping, inner_tcp,
                     tshark, tunnelled)
from registry import test
from tunnel import VXLAN_PORT, nxt_flow_mod, onward, udp_bare, vxlan, vxlan_decap

CSUM = 1


def talk(bench):
    with bench.a.capture() as there, bench.b.capture() as back:
        everything(bench, None)
    tunnelled(there.frames, None, "a")
    tunnelled(back.frames, None, "b")
    return there.frames


@test("VXLAN with the kernel's own vxlan device: ping, TCP, offloads on and off", anew=True)
def stock(bench):
    with StockHost(bench):
        cvsw_host(bench, bench.a)
        sent = talk(bench)
    expect({frame.data[40:42] for frame in sent} == {b"\0\0"}, "a UDP checksum nobody asked for")
    expect(all(frame.tp_src >= 49152 for frame in sent) and len({frame.tp_src for frame in sent}) > 4,
           "source ports do not vary with the inner flow")


@test("VXLAN with outer UDP checksums, with the kernel's own vxlan device", anew=True)
def stock_checksum(bench):
    with StockHost(bench, checksum=True):
        cvsw_host(bench, bench.a, flags=CSUM)
        sent = talk(bench)
    expect(all(frame.data[40:42] != b"\0\0" for frame in sent), "no UDP checksum")


INNER_CSUM = 32
OFFLOADS = 0x1b


def unfinished_part(bench):
    """TCP, before a switch that passes checksums on as they are and one that finishes them.
    Returns which part of end a's frames it had to finish, from 0 to 1."""
    for verify in "N", "Y":
        for end in (bench.a, bench.b):
            end.set(verify=verify)
        before = bench.a.crossed
        with bench.a.capture() as sent:
            inner_tcp(bench, 1 << 19)
    tunnelled(sent.frames, None, "a", pattern=False)
    after = bench.a.crossed
    return (after["finished"] - before["finished"]) / (after["crossed"] - before["crossed"])


@test("VXLAN with inner checksums left to the device, with the kernel's own vxlan device", anew=True)
def inner_checksums(bench):
    def order(end, bits=OFFLOADS | INNER_CSUM):
        applied(end, control(SET_OFFLOAD, data1=bits))
    with StockHost(bench, checksum=True):
        cvsw_host(bench, bench.a, flags=CSUM)
        order(bench.a, OFFLOADS)
        expect_equal(unfinished_part(bench), 0, "unfinished checksums that nobody asked for")
        order(bench.a)
        expect(unfinished_part(bench) > 0.9, "checksums were finished")
        bench.a.ns.run("ethtool", "-K", bench.a.ifname, "tx", "off")
        expect_equal(unfinished_part(bench), 0, "unfinished checksums with tx off")


@test("VXLAN between two of CVSW with inner checksums left to the device, under an outer one, too", anew=True)
def inner_checksums_both(bench):
    for flags in (0, CSUM):
        for end in (bench.a, bench.b):
            cvsw_host(bench, end, flags=flags)
            applied(end, control(SET_OFFLOAD, data1=OFFLOADS | INNER_CSUM))
        expect(unfinished_part(bench) > 0.9, f"outer checksum {flags}: checksums were finished")


@test("VXLAN between two of CVSW, as tshark sees it", anew=True)
def both(bench):
    for end in (bench.a, bench.b):
        cvsw_host(bench, end)
    talk(bench)
    with bench.a.capture() as got:
        inner_ping(bench)
        inner_tcp(bench, 1 << 16)
    protocols = set()
    for line in tshark(got, None, "frame.protocols", "_ws.malformed", "vxlan.vni", "ip.src", "ip.checksum.status",
                       "tcp.checksum.status", "udp.length"):
        protocols.add(line[0].partition("vxlan:")[2])
        expect("malformed" not in line[0] and not line[1], f"malformed: {line}")
        expect_equal(line[2], str(VNI), "VNI")
        expect(line[3] in (OUTER["a"], f"{OUTER['a']},{INNER['a']}"), f"addresses {line[3]}")
        expect("0" not in line[4] + line[5], f"checksums: {line}")
    expect({"eth:ethertype:ip:icmp:data", "eth:ethertype:ip:tcp", "eth:ethertype:ipv6:tcp"} <= protocols,
           f"tshark saw {protocols}")


@test("VXLAN without SET_MTU: the host is told by ICMP, and TCP finds the way", anew=True)
def told(bench):
    for end in (bench.a, bench.b):
        cvsw_host(bench, end, mtu=False)
    inner_tcp(bench, 1 << 17)
    expect(bench.a.counters()["drop-too-big-told"] > 0, "nobody was told")
    with bench.a.ns:
        done = subprocess.run(["ping", "-nqc1", "-W1", "-M", "do", "-s", "1472", INNER["b"]], capture_output=True)
    expect(done.returncode, "1500 bytes went through")
    expect("mtu 1450" in bench.a.ns.run("ip", "route", "get", INNER["b"]), "the path's MTU is not 1450")


# ---- bad input --------------------------------------------------------------

class Outer:
    """Frames for end a, each part of which can lie."""

    def __init__(self, bench):
        self.bench = bench
        self.inner = self.packet(b"inner")

    def packet(self, payload, **more):
        return udp_frame(self.bench.a.mac, self.bench.b.mac, INNER["b"], INNER["a"], 7, 9, payload, **more)

    def ip(self, payload, **lies):
        return ethernet(self.bench.a.mac, self.bench.b.mac, 0x0800, ipv4(OUTER["b"], OUTER["a"], 17, payload, **lies))

    def udp(self, payload, ip_lies=None, **lies):
        return self.ip(udp_bare(50000, VXLAN_PORT, payload, **lies), **(ip_lies or {}))

    def vxlan(self, inner=None, vni=VNI, **lies):
        return self.udp(vxlan(vni, self.inner if inner is None else inner, **lies))


@test("VXLAN that is not right: each cause has its counter, and nothing else happens", anew=True)
def bad(bench):
    out = Outer(bench)
    good = vxlan(VNI, out.inner)
    a, b = bench.a.mac, bench.b.mac
    bench.a.add(NET, [vxlan_decap(), onward()])
    with Watch(bench) as watch:
        moved, delivered = watch.fate(out.vxlan())
        expect_equal((moved, delivered), ({"rx-hit": 1}, [out.inner]), "a good frame")
        watch.dropped([
            ("ARP", ethernet(a, b, 0x0806, bytes(46)), "drop-tun-none"),
            ("IPv6", ethernet(a, b, 0x86DD, b"\x60" + bytes(60)), "drop-tun-none"),
            ("TCP", ethernet(a, b, 0x0800, ipv4(OUTER["b"], OUTER["a"], 6, bytes(40))), "drop-tun-none"),
            ("IPv4 longer than the frame", out.udp(good, ip_lies={"total": 2000}), "drop-tun-none"),
            ("IPv4 shorter than its header", out.udp(good, ip_lies={"total": 19}), "drop-tun-none"),
            ("no UDP header", out.ip(b""), "drop-tun-short"),
            ("first fragment", out.udp(good, ip_lies={"fragment": 0x2000}), "drop-tun-fragment"),
            ("later fragment", out.udp(good, ip_lies={"fragment": 100}), "drop-tun-fragment"),
            ("UDP longer than IPv4", out.udp(good, length=len(good) + 9), "drop-tun-short"),
            ("UDP that ends in VXLAN", out.udp(good, length=15), "drop-tun-short"),
            ("UDP of length zero", out.udp(good, length=0), "drop-tun-short"),
            ("no VXLAN header", out.udp(b""), "drop-tun-short"),
            ("half a VXLAN header", out.udp(good[:4]), "drop-tun-short"),
            ("no inner frame", out.udp(good[:8]), "drop-tun-short"),
            ("half an inner Ethernet header", out.udp(good[:8 + 13]), "drop-tun-short"),
            ("wrong UDP checksum", out.udp(good, check=0x1234), "drop-tun-checksum"),
            ("no I flag", out.vxlan(flags=0), "drop-vxlan-no-vni"),
            ("GPE's P flag", out.vxlan(flags=0x0C), "drop-vxlan-flags"),
            ("GBP's G flag", out.vxlan(flags=0x88), "drop-vxlan-flags"),
            ("reserved bits", out.vxlan(reserved=1), "drop-vxlan-reserved"),
            ("reserved byte", out.vxlan(reserved2=1), "drop-vxlan-reserved"),
            ("0xABBA inside", out.vxlan(control(HELLO)), "drop-tun-control"),
            ("0xABBA with a flow inside", out.vxlan(control(SET_ENTRY, nxt_flow_mod(in_port=NET))), "drop-tun-control"),
            ("0xABBA behind a tag inside", out.vxlan(ethernet(a, b, CVSW, bytes(46), tag=5)), "drop-tun-control"),
            ("CE around Not-ECT", out.udp(good, ip_lies={"tos": 3}), "drop-tun-ecn"),
        ])
        moved, delivered = watch.fate(out.vxlan())
        expect_equal((moved, delivered), ({"rx-hit": 1}, [out.inner]), "a good frame after all these")


@test("VXLAN cut off at every length: nothing reaches the host", anew=True)
def cut(bench):
    out = Outer(bench)
    frame = ethernet(bench.a.mac, bench.b.mac, 0x0800, ipv4(
        OUTER["b"], OUTER["a"], 17, udp(OUTER["b"], OUTER["a"], 50000, VXLAN_PORT, vxlan(VNI, out.inner))))
    bench.a.add(NET, [vxlan_decap(), onward()])
    with Watch(bench) as watch:
        moved, delivered = watch.fate(*(frame[:length] for length in range(14, len(frame))))
        n = len(frame) - 14
        expect_equal((moved, delivered), ({"rx-hit": n, "drop-tun-none": n}, []), "frames shorter than they say")
        moved, delivered = watch.fate(*(out.udp(vxlan(VNI, out.inner)[:length]) for length in range(8 + 14)))
        expect_equal((moved, delivered), ({"rx-hit": 22, "drop-tun-short": 22}, []), "datagrams that end early")
        moved, delivered = watch.fate(*(out.vxlan(out.inner[:length]) for length in range(14, len(out.inner))))
        n = len(out.inner) - 14
        expect_equal((moved, delivered), ({"rx-hit": n, "drop-unparsed": n}, []), "inner frames cut short")


@test("tunnels in a tunnel: three are taken off, a fourth is one too many", anew=True)
def nested(bench):
    out = Outer(bench)
    bench.a.add(NET, [vxlan_decap()], dl_type=0x0800, nw_proto=17, tp_dst=VXLAN_PORT)
    with Watch(bench) as watch:
        frame = out.inner
        for depth in range(1, 8):
            frame = out.vxlan(frame)
            want = ({"rx-hit": 1}, [out.inner]) if depth < 4 else ({"rx-hit": 1, "drop-passes": 1}, [])
            expect_equal(watch.fate(frame), want, f"{depth} deep")


@test("a tunnel's network, and its endpoints, are part of the second lookup", anew=True)
def second_lookup(bench):
    out = Outer(bench)
    bench.a.add(NET, [vxlan_decap()], dl_type=0x0800, nw_proto=17, tp_dst=VXLAN_PORT)
    other = int.from_bytes(bytes((192, 168, 0, 3)), "big")
    applied(
        bench.a,
        control(SET_ENTRY, nxt_flow_mod([onward()], 300, in_port=NET, tun_id=VNI, tun_src=other - 1)),
        control(SET_ENTRY, nxt_flow_mod([onward()], 300, in_port=NET, tun_id=VNI + 1, tun_src=other)),
        control(SET_ENTRY, nxt_flow_mod([], 200, in_port=NET, tun_type=1)))
    with Watch(bench) as watch:
        expect_equal(watch.fate(out.vxlan()), ({"rx-hit": 1}, [out.inner]), "own network")
        watch.dropped([
            ("another network", out.vxlan(vni=VNI + 1), "drop-action"),
            ("no network's", out.vxlan(vni=VNI + 2), "drop-action"),
        ])
