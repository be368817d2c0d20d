# SPDX-License-Identifier: GPL-2.0
"""ESP with a cipher that never ends at once, as AES-NI's does where the CPU's vector
registers are busy: cryptd, a kernel thread.

Once it is there it is what everybody gets until the machine goes: these tests come last.
"""
import re
import socket
import struct

from bench import expect, expect_equal, tcp
from frames import HOST, NET, SET_MTU, SET_SA, control, output
from registry import test

AEAD = "rfc4106(gcm(aes))"


def summon(name):
    """The crypto API makes what is asked for by name."""
    asked = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
    asked.bind(("aead", name))
    asked.close()


def cryptd():
    """In front of the cipher there is; its priority is above that one's."""
    summon(AEAD)
    with open("/proc/crypto", encoding="ascii") as crypto:
        drivers = re.findall(rf"name +: {re.escape(AEAD)}\ndriver +: (\S+)", crypto.read())
    if not any(driver.startswith("cryptd(") for driver in drivers):
        summon(f"cryptd({drivers[0]})")


def set_sa(direction, spi):
    """SET_SA of proto/README.md: AES-128, plain ESP, a key made of the SPI."""
    return control(SET_SA, struct.pack("!BBHIHH", direction, 16, 0, spi, 0, 0) + struct.pack("!I", spi) * 5)


def both_ends(bench):
    """ESP without a tunnel around all that IPv4 carries."""
    cryptd()
    for end, out, into in ((bench.a, 0x1000, 0x2000), (bench.b, 0x2000, 0x1000)):
        moved = end.order(set_sa(1, out), set_sa(2, into), control(SET_MTU, data1=1440))
        expect_equal(moved.get("ctl-applied"), 3, f"SAs and MTU taken, of {moved}")
        end.add(HOST, [struct.pack("!HHI", 0x1011, 8, out), output()], dl_type=0x0800)
        end.add(NET, [struct.pack("!HHI", 0x1012, 8, 0), output()], dl_type=0x0800, nw_proto=50)


def numbers(captured):
    return [struct.unpack_from("!I", frame.data, 38)[0] for frame in captured]


@test("ESP by a cipher that ends later: TCP, in order, none in the clear", anew=True)
def later(bench):
    both_ends(bench)
    with bench.a.capture() as there, bench.b.capture() as back:
        tcp(bench.a.ns, (bench.b.address, 5001), bench.b.ns, (bench.b.address, 5001), 1 << 18, seconds=40)
    for side, end, captured in (("a", bench.a, there.frames), ("b", bench.b, back.frames)):
        captured = [frame for frame in captured if frame.kind == 0x0800]
        expect(len(captured) > 20, f"{side} sent only {len(captured)} frames")
        expect_equal({frame.proto for frame in captured}, {50}, f"protocols that {side} sent")
        expect_equal([frame.errors for frame in captured if frame.errors], [], f"what {side} sent")
        seen = numbers(captured)
        expect_equal(seen, sorted(set(seen)), "order of the sequence numbers")
        counters = end.counters()
        expect(counters["esp-async"] >= len(captured), f"{counters['esp-async']} of {len(captured)} ended later")
        expect_equal({name: n for name, n in counters.items() if name.startswith("drop-") and n}, {}, "dropped")


@test("ESP by a cipher that ends later: the device goes while frames are with it", anew=True)
def gone(bench):
    both_ends(bench)
    sender = bench.a.ns.udp(bench.a.address)
    sender.setblocking(False)
    for _ in range(3000):
        try:
            sender.sendto(bytes(1200), (bench.b.address, 9))
        except BlockingIOError:
            break
    sender.close()
