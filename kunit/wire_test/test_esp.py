# SPDX-License-Identifier: GPL-2.0
"""ESP around VXLAN in the driver: against ip xfrm, against itself, before tshark,
and fed what is not right."""
import socket
import struct
import threading
import time

from bench import expect, expect_equal
from frames import NET, SET_ENTRY, SET_SA, control, ethernet, ipv4, udp_frame
from overlay import (INNER, OUTER, VNI, Keys, StockHost, Watch, applied, cvsw_host, everything, inner_ping, inner_tcp,
                     silence, tshark, tunnelled)
from registry import test
from test_plain import TSO
from tunnel import ESP_PORT, IN, OUT, SA, VXLAN_PORT, decrypt, nxt_flow_mod, onward, udp_bare, vxlan, vxlan_decap

FORMS = (("AES-128", {"bits": 128}), ("AES-256", {"bits": 256}),
         ("AES-128 in UDP", {"bits": 128, "udp": True}), ("AES-256 in UDP", {"bits": 256, "udp": True}))


def talk(bench, keys):
    with bench.a.capture() as there, bench.b.capture() as back:
        everything(bench, keys)
    tunnelled(there.frames, keys, "a")
    tunnelled(back.frames, keys, "b")


def with_xfrm(name, how):
    @test(f"ESP {name} with ip xfrm under the kernel's vxlan: ping, TCP, offloads on and off", anew=True)
    def stock(bench):
        keys = Keys(**how)
        with StockHost(bench, keys):
            cvsw_host(bench, bench.a, keys)
            talk(bench, keys)


def between_two(name, how):
    @test(f"ESP {name} between two of CVSW, as tshark decrypts it", anew=True)
    def both(bench):
        keys = Keys(**how)
        for end in (bench.a, bench.b):
            cvsw_host(bench, end, keys)
        talk(bench, keys)
        with bench.a.capture() as got:
            inner_ping(bench)
            inner_tcp(bench, 1 << 16)
        decrypted_right(got, keys)


def decrypted_right(got, keys):
    protocols, numbers = set(), []
    for line in tshark(got, keys, "frame.protocols", "_ws.malformed", "vxlan.vni", "ip.src", "ip.checksum.status",
                       "tcp.checksum.status", "esp.spi", "esp.sequence"):
        outer, _, inner = line[0].partition("esp:udp:vxlan:")
        protocols.add(inner)
        expect(outer == ("eth:ethertype:ip:udp:udpencap:" if keys.udp else "eth:ethertype:ip:"), f"dissected: {line}")
        expect("malformed" not in line[0] and not line[1], f"malformed: {line}")
        expect_equal(line[2], str(VNI), "VNI")
        expect(line[3] in (OUTER["a"], f"{OUTER['a']},{INNER['a']}"), f"addresses {line[3]}")
        expect("0" not in line[4] + line[5], f"checksums: {line}")
        expect_equal(int(line[6], 16), keys.from_a.spi, "SPI")
        numbers.append(int(line[7]))
    expect({"eth:ethertype:ip:icmp:data", "eth:ethertype:ip:tcp", "eth:ethertype:ipv6:tcp"} <= protocols,
           f"tshark saw {protocols}")
    expect_equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "sequence numbers")


for form in FORMS:
    with_xfrm(*form)
for form in FORMS[::3]:
    between_two(*form)


@test("an SA that is missing, or was there before: dropped and counted, never in the clear", anew=True)
def missing(bench):
    keys = Keys()
    cvsw_host(bench, bench.a, keys)
    out = keys.from_a
    silence(bench.a)
    applied(bench.a, control(SET_SA, struct.pack("!BBHIHH4x", OUT, 0, 0, out.spi, 0, 0)))
    sender = bench.a.ns.udp(INNER["a"])
    before = bench.a.counters()
    with bench.a.capture() as got:
        for _ in range(5):
            sender.sendto(b"secret", (INNER["b"], 9))
    sender.close()
    expect_equal(bench.a.counters()["drop-esp-no-sa"] - before["drop-esp-no-sa"], 5, "drop-esp-no-sa")
    expect_equal([frame.data.hex() for frame in got.frames], [], "on the wire")
    expect_equal(bench.a.order(out.order(OUT)), {"ctl-received": 1, "ctl-refused": 1}, "the same SPI again")


# ---- bad input --------------------------------------------------------------

class Sealed:
    """Frames for end a that an SA sealed, each part of which can lie."""

    def __init__(self, bench, sa):
        self.bench, self.sa = bench, sa
        self.inner = udp_frame(bench.a.mac, bench.b.mac, INNER["b"], INNER["a"], 7, 9, b"inner")
        self.carried = udp_bare(50000, VXLAN_PORT, vxlan(VNI, self.inner))

    def esp(self, seq, payload=None, next_header=17, **lies):
        return self.sa.esp(seq, next_header, self.carried if payload is None else payload, **lies)

    def frame(self, packet):
        return self.sa.frame(packet, self.bench.a.mac, self.bench.b.mac)

    def seal(self, seq, **lies):
        return self.frame(self.esp(seq, **lies))


def flipped(packet, bit):
    data = bytearray(packet)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


@test("ESP that is not right: each cause has its counter, and nothing else happens", anew=True)
def bad(bench):
    plain, in_udp = SA(0x2000, OUTER["b"], OUTER["a"]), SA(0x2001, OUTER["b"], OUTER["a"], udp=True)
    stranger, a, b = SA(0x2002, OUTER["b"], OUTER["a"]), bench.a.mac, bench.b.mac
    applied(bench.a, plain.order(IN), in_udp.order(IN))
    bench.a.add(NET, [decrypt(), vxlan_decap(), onward()])
    out, out_udp = Sealed(bench, plain), Sealed(bench, in_udp)
    packet = out.esp(1000)

    def ip(payload, proto=50, **lies):
        return ethernet(a, b, 0x0800, ipv4(OUTER["b"], OUTER["a"], proto, payload, **lies))

    def udp(payload, **lies):
        return ip(udp_bare(ESP_PORT, ESP_PORT, payload, **lies), 17)

    with Watch(bench) as watch:
        for sealed in (out, out_udp):
            expect_equal(watch.fate(sealed.seal(1000)), ({"rx-hit": 1}, [sealed.inner]), "a good frame")
        watch.dropped([
            ("ARP", ethernet(a, b, 0x0806, bytes(46)), "drop-esp-none"),
            ("TCP", ip(bytes(40), 6), "drop-esp-none"),
            ("IPv4 longer than the frame", ip(out.esp(1001), total=2000), "drop-esp-none"),
            ("first fragment", ip(out.esp(1001), fragment=0x2000), "drop-esp-fragment"),
            ("half an ESP header", ip(packet[:6]), "drop-esp-short"),
            ("nothing but an ESP header", ip(packet[:16]), "drop-esp-short"),
            ("ICV cut off", ip(packet[:16 + 16]), "drop-esp-short"),
            ("a length not of 4n", ip(out.esp(1001)[:-1]), "drop-esp-length"),
            ("UDP longer than IPv4", udp(out_udp.esp(1001), length=1400), "drop-esp-length"),
            ("in UDP though plain", udp(out.esp(1001)), "drop-esp-form"),
            ("plain though in UDP", ip(out_udp.esp(1001)), "drop-esp-form"),
            ("replayed", out.seal(1000), "drop-esp-replay"),
            ("sequence number zero", out.seal(0), "drop-esp-old"),
            ("cut short by four", ip(out.esp(1001)[:-4]), "drop-esp-tag"),
            ("another SA's key", out.frame(struct.pack("!I", plain.spi) + out_udp.esp(1001)[4:]), "drop-esp-tag"),
            ("padding that is not 1, 2, 3", out.seal(1002, padding=bytes(-(len(out.carried) + 2) % 4 + 4)),
             "drop-esp-padding"),
            ("padding longer than the packet", out.seal(1003, pad_len=255), "drop-esp-padding"),
            ("dummy", out.seal(1004, next_header=59), "drop-esp-dummy"),
            ("TCP inside", out.seal(1005, next_header=6), "drop-tun-none"),
            ("nothing inside", out.seal(1006, payload=b""), "drop-tun-short"),
            ("part of a UDP header inside", out.seal(1007, payload=bytes(7)), "drop-tun-short"),
            ("a datagram that lies inside", out.seal(1008, payload=udp_bare(1, VXLAN_PORT, bytes(40), length=99)),
             "drop-tun-short"),
            ("VXLAN flags inside", out.seal(1009, payload=udp_bare(1, VXLAN_PORT, vxlan(VNI, out.inner, flags=0x88))),
             "drop-vxlan-flags"),
            ("0xABBA inside", out.seal(1010, payload=udp_bare(1, VXLAN_PORT, vxlan(VNI, control(1)))),
             "drop-tun-control"),
        ])
        expect_equal(watch.fate(out.seal(1001)), ({"rx-hit": 1}, [out.inner]), "a number that only forgeries used")
        for what, frame, counter in (
                ("later fragment", ip(out.esp(1001), fragment=100), "esp-others"),
                ("keepalive", udp(b"\xff"), "esp-others"),
                ("IKE", udp(bytes(4) + bytes(40)), "esp-others"),
                ("unknown SPI", out.frame(Sealed(bench, stranger).esp(1)), "esp-unknown")):
            expect_equal(watch.fate(frame), ({"rx-hit": 1, counter: 1}, [frame]), what)


@test("ESP with any one bit flipped never reaches the host, nor moves the window", anew=True)
def flips(bench):
    sa = SA(0x3000, OUTER["b"], OUTER["a"])
    applied(bench.a, sa.order(IN))
    bench.a.add(NET, [decrypt(), vxlan_decap(), onward()])
    out = Sealed(bench, sa)
    packet = out.esp(5)
    bits = range(0, 8 * len(packet), 3)
    with Watch(bench) as watch:
        moved, delivered = watch.fate(*(out.frame(flipped(packet, bit)) for bit in bits))
        # the first 32 bits are the SPI: as others' it stays sealed
        spi = len([bit for bit in bits if bit < 32])
        expect_equal(delivered, [out.frame(flipped(packet, bit)) for bit in bits[:spi]], "delivered")
        expect_equal(moved, {"rx-hit": len(bits), "esp-unknown": spi, "drop-esp-tag": len(bits) - spi}, "counters")
        expect_equal(watch.fate(out.frame(packet)), ({"rx-hit": 1}, [out.inner]), "the genuine one, after its forgeries")


@test("the replay window: late frames are taken once, too old ones not", anew=True)
def window(bench):
    sa = SA(0x2000, OUTER["b"], OUTER["a"])
    applied(bench.a, sa.order(IN))
    bench.a.add(NET, [decrypt(), vxlan_decap(), onward()])
    out = Sealed(bench, sa)
    taken = {"rx-hit": 1}
    with Watch(bench) as watch:
        for seq, fate in ((25000, None), (24990, None), (24990, "replay"), (9000, None), (25001, None), (25000, "replay"),
                          (1, "old"), (0xFFFFFFFE, None), (25002, "old"), (0xFFFFFFFF, None), (0xFFFFFFFF, "replay")):
            moved, delivered = watch.fate(out.seal(seq))
            expect_equal(moved, {**taken, f"drop-esp-{fate}": 1} if fate else taken, f"number {seq}")
            expect_equal(delivered, [] if fate else [out.inner], f"number {seq}")


@test("a peer's key opens that peer's network only", anew=True)
def own_network(bench):
    one, two = SA(0x2000, OUTER["b"], OUTER["a"]), SA(0x3000, OUTER["b"], OUTER["a"])
    applied(bench.a, one.order(IN), two.order(IN))
    bench.a.add(NET, [decrypt(), vxlan_decap()], dl_type=0x0800, nw_proto=50)
    applied(
        bench.a,
        control(SET_ENTRY, nxt_flow_mod([onward()], 300, in_port=NET, tun_id=VNI, sa=one.spi)),
        control(SET_ENTRY, nxt_flow_mod([], 200, in_port=NET, tun_type=1)))
    right, wrong = Sealed(bench, one), Sealed(bench, two)
    with Watch(bench) as watch:
        expect_equal(watch.fate(right.seal(1)), ({"rx-hit": 1}, [right.inner]), "the network's own key")
        elsewhere = udp_bare(1, VXLAN_PORT, vxlan(VNI + 1, right.inner))
        watch.dropped([("another peer's key", wrong.seal(1), "drop-action"),
                       ("its key, another network", right.seal(2, payload=elsewhere), "drop-action")])


# ---- a bad wire -------------------------------------------------------------

def encrypted(bench, **how):
    keys = Keys(**how)
    for end in (bench.a, bench.b):
        cvsw_host(bench, end, keys)
    return keys


def on_a_bad_wire(bench, counter, **faults):
    keys = encrypted(bench, udp=True)
    for end in (bench.a, bench.b):
        end.set(verify="Y", **faults)
    before = bench.a.crossed[counter]
    with bench.a.capture() as got:
        inner_tcp(bench, 1 << 19, seconds=40)
    expect(bench.a.crossed[counter] > before, f"the wire's fault did not happen ({counter})")
    tunnelled(got.frames, keys, "a", pattern=False)


@test("TCP in ESP on a wire that loses frames", anew=True)
def loss(bench):
    on_a_bad_wire(bench, "lost", loss=50)


@test("TCP in ESP on a wire that reorders frames, within the window", anew=True)
def reorder(bench):
    on_a_bad_wire(bench, "reordered", reorder=5)
    for end in (bench.a, bench.b):
        counters = end.counters()
        expect_equal((counters["drop-esp-replay"], counters["drop-esp-old"]), (0, 0), "replay drops")


@test("TCP in ESP on a wire that does both, on a device without TSO", anew=True)
def both_faults(bench):
    bench.replug(without=TSO)
    on_a_bad_wire(bench, "lost", loss=60, reorder=7)


def stuttering(bench, size):
    """TCP while the transmit rings stall again and again; what was dropped at either end."""
    stop = threading.Event()

    def stutter():
        while not stop.is_set():
            for value in (1, 0):
                for end in (bench.a, bench.b):
                    end.set(stall=value)
                time.sleep(0.02)

    thread = threading.Thread(target=stutter)
    thread.start()
    try:
        inner_tcp(bench, size, seconds=40)
    finally:
        stop.set()
        thread.join()
        for end in (bench.a, bench.b):
            end.set(stall=0)
    return [{name: n for name, n in end.counters().items() if name.startswith("drop-") and n}
            for end in (bench.a, bench.b)]


@test("TCP in ESP while the transmit rings stall again and again: frames wait, none is dropped", anew=True)
def stalls(bench):
    encrypted(bench)
    expect_equal(stuttering(bench, 2 << 20), [{}, {}], "dropped")
    inner_ping(bench)


def make_cipher_asynchronous():
    """For good: it is then the one of highest priority."""
    with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET) as alg:
        try:
            alg.bind(("aead", "cryptd(rfc4106(gcm(aes)))"))
        except FileNotFoundError:
            pass        # it is there, under a longer name than this one


# The last one, for all that ask for the cipher from here on get this one.
@test("ESP with a cipher that completes later: TCP, and rings that stall", anew=True)
def later(bench):
    make_cipher_asynchronous()
    keys = encrypted(bench)
    with bench.a.capture() as there, bench.b.capture() as back:
        inner_ping(bench)
        inner_tcp(bench, 1 << 18)
    tunnelled(there.frames, keys, "a")
    tunnelled(back.frames, keys, "b")
    for dropped in stuttering(bench, 1 << 19):
        # its queue is bounded, and says when it is full
        expect(dropped.keys() <= {"drop-esp-busy"}, f"dropped: {dropped}")
    inner_ping(bench)
    for end in (bench.a, bench.b):
        expect(end.counters()["esp-async"] > 100, "the cipher was not asynchronous")
