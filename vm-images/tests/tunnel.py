# SPDX-License-Identifier: GPL-2.0
"""VXLAN and ESP between two guests, by flows and keys given by hand."""
import contextlib
import glob
import json
import os

from lab.process import wait_for
from lab.report import expect
from lab.traffic import ping
from lab.tunnel import Tunnel, outer

TEXT = b"plain text here!"          # what echo requests carry
PATTERN = f"-s 400 -p {TEXT.hex()}"
SECRETS = []                        # every key that was ever given to a NIC here
REPLAY_WINDOW = 16320               # esp/replay.h
# VXLAN 42 from 192.0.2.1 to 192.0.2.2: an Ethernet frame without content.
UNENCRYPTED = bytes.fromhex("020000000002" "020000000001" "0800"
                            "45000032 0000 4000 4011 b687 c0000201 c0000202"
                            "c000 12b5 001e 0000" "08000000 00002a00"
                            "020000000002" "020000000001" "88b5")


@contextlib.contextmanager
def tunnel(bench, esp=None, alg="aes-gcm-256"):
    """A tunnel between both guests as long as the body runs, with the MTU that it needs."""
    made = Tunnel(esp, alg)
    SECRETS.extend(made.key.values())
    made.set_keys(bench.ctl)
    for vm in bench.vms:
        bench.ctl("set-mtu", vm.name, str(made.mtu))
        bench.await_mtu(vm, made.mtu)
        vm.sh("ip neighbour flush dev eth0")
    try:
        with bench.flows(bench.vm1, *made.flows(1)), bench.flows(bench.vm2, *made.flows(2)):
            yield made
    finally:
        # One that is gone already is refused.
        made.del_keys(lambda *argv: bench.ctl(*argv, check=False))
        for vm in bench.vms:
            bench.ctl("set-mtu", vm.name, "1500")
            bench.await_mtu(vm, 1500)


def carried(bench, made, wire):
    """All kinds of traffic pass, and all frames on the wire are the tunnel's (wire: a pcap expression)."""
    with bench.lab.capture(bench.vm1, "both") as port:
        answered = ping(bench.vm1, "10.0.0.2", options=PATTERN)
        expect(answered == 3, f"{answered} of 3 echo requests were answered")
        bench.exchange("10.0.0.2")
        bench.wire(port, seen=[f"{wire} and src host {outer(n)}" for n in (1, 2)],
                   unseen=[f"not ({wire} and host {outer(1)} and host {outer(2)}) and not ether proto 0xabba",
                           "greater 1515", "ip[6:2] & 0x3fff != 0"])
        return port.containing(TEXT)


def vxlan(bench):
    with bench.test("VXLAN: ICMP, TCP both ways and UDP, and nothing beside it on the wire"), \
         tunnel(bench) as made:
        plain = carried(bench, made, "udp dst port 4789")
        expect(plain == 6, f"{plain} of 6 frames carry the known text")
    with bench.test("VXLAN: a frame of another VNI is not delivered"), tunnel(bench) as made:
        bench.ctl("del-flows", "vm1", "in_port=HOST")
        bench.ctl("add-flow", "vm1", made.flows(1)[0].replace("vni=42", "vni=43"))
        before = bench.counted(bench.vm2, "drop-action")
        expect(ping(bench.vm1, "10.0.0.2") == 0, "an echo request was answered")
        expect(bench.counted(bench.vm2, "drop-action") > before, "it was not dropped by the flow for the rest")


def wrong_in(vm):
    """How many TCP segments the guest has refused for their checksum."""
    names, values = (line.split() for line in vm.sh("grep ^Tcp: /proc/net/snmp").splitlines())
    return int(values[names.index("InCsumErrors")])


def inner_checksums(bench):
    """Behind a switch that finishes checksums where virtio says they are."""
    def unfinished(*more):
        for vm in bench.vms:
            bench.ctl("set-offload", vm.name, ",".join(("csum", "tso", "gso", "gro", *more)))
        with tunnel(bench), bench.lab.capture(bench.vm1, "from") as sent:
            bench.exchange("10.0.0.2")
            sent.await_frame("udp dst port 4789")
            return sent.wrong_checksums()
    with bench.test("inner-csum: guests leave checksums inside of VXLAN to a Linux bridge, and only then"):
        before = [wrong_in(vm) for vm in bench.vms]
        left = unfinished()
        expect(not left, f"left to the bridge: {left[:3]}")
        expect(unfinished("inner-csum"), "nothing was left to the bridge")
        expect([wrong_in(vm) for vm in bench.vms] == before, "segments arrived with wrong checksums")


def too_big(bench):
    """Without the MTU that the layers need: the sender is told, and outer fragments are never made."""
    with bench.test("a frame too large for its layers: the guest is told, TCP copes, no outer fragment"), \
         tunnel(bench):
        bench.vm1.sh("ip link set eth0 mtu 1500")   # not the controller's word that there is room
        before = bench.counted(bench.vm1, "drop-too-big-told")
        with bench.lab.capture(bench.vm1, "both") as port:
            said = bench.vm1.sh("ping -c 2 -i 0.1 -W 1 -M do -s 1472 10.0.0.2", check=False)
            expect("1450" in said, f"ping was not told of an MTU of 1450: {said}")
            expect(bench.counted(bench.vm1, "drop-too-big-told") > before, "it was not counted")
            bench.exchange("10.0.0.2")
            bench.wire(port, seen=["udp dst port 4789"], unseen=["greater 1515", "ip[6:2] & 0x3fff != 0"])
        bench.vm1.sh("ip route flush cache")


def esp(bench):
    for form, alg, wire in ("esp", "aes-gcm-256", "ip proto 50"), ("udp", "aes-gcm-128", "udp dst port 4500"):
        what = "ESP in UDP" if form == "udp" else "ESP"
        with bench.test(f"VXLAN in {what}, {alg}: only ciphertext on the wire"), tunnel(bench, form, alg) as made:
            plain = carried(bench, made, wire)
            expect(plain == 0, f"{plain} frames carry the known text in the clear")
            expect(all(taken(bench, bench.vm1, spi) for spi in made.spi.values()), "an SA was not used")
    with bench.test("a flow says encrypt, and there is no SA: dropped, counted, never in the clear"), \
         tunnel(bench, "esp") as made, bench.lab.capture(bench.vm1) as sent:
        bench.ctl("del-key", "vm1", f"spi={made.spi[1]:#x}", "dir=out")
        before = bench.counted(bench.vm1, "drop-esp-no-sa")
        expect(ping(bench.vm1, "10.0.0.2", options=PATTERN) == 0, "an echo request was answered")
        expect(bench.counted(bench.vm1, "drop-esp-no-sa") > before, "not counted")
        said = sent.text("not ether proto 0xabba")
        expect(not said, f"sent nevertheless: {said[:3]}")


@contextlib.contextmanager
def growth(bench, vm, name, frames=1):
    """Expects a counter to grow by exactly so many."""
    before = bench.counted(vm, name)
    yield
    wait_for(f"{name} to grow", lambda: bench.counted(vm, name) >= before + frames, 5)
    grown = bench.counted(vm, name) - before
    expect(grown == frames, f"{name} grew by {grown}, not by {frames}")


def taken(bench, vm, spi):
    """How many packets an SA has let in or out."""
    sas = json.loads(vm.sh("cvswctl --local -j sa eth0"))
    return sum(sa["packets"] for sa in sas if sa["spi"] == spi)


def echo_requests(vm):
    """How many ICMP echo requests the guest's stack has met."""
    names, values = (line.split() for line in vm.sh("grep ^Icmp: /proc/net/snmp").splitlines())
    return int(values[names.index("InEchos")])


def with_sequence(frame, number):
    """An ESP frame (Ethernet 14, IPv4 20, SPI 4) that claims another sequence number."""
    return frame[:38] + number.to_bytes(4, "big") + frame[42:]


def beyond_window(bench, address, spi):
    """Has vm1 send more packets under an SA than the receiver's window is wide."""
    first = taken(bench, bench.vm1, spi)
    bench.exchange(address, icmp=False)
    while (sent := taken(bench, bench.vm1, spi) - first) <= REPLAY_WINDOW:
        status, said = bench.vm1.agent.run(f"iperf3 -c {address} --connect-timeout 3000 -u -b 0 -l 64 -k 8000", 30)
        expect(status == 0, f"iperf3 after {sent} packets: {said.strip()[-200:]}")


def attacks(bench):
    """Frames that vm2 gets from the vswitch although vm1 sent them otherwise, or never."""
    vm2, vswitch = bench.vm2, bench.lab.vswitch

    def play(frame):
        vswitch.packet_out(vm2.nics[0].port, frame)

    with tunnel(bench, "esp") as made:
        with bench.lab.capture(bench.vm1) as sent:
            ping(bench.vm1, "10.0.0.2")
            sent.await_frame("ip proto 50")
            seen = [frame for frame in sent.frames() if frame[12:14] == b"\x08\x00" and frame[23] == 50]
        with bench.test("ESP replayed: dropped and counted"), growth(bench, vm2, "drop-esp-replay", len(seen)):
            expect(len(seen) >= 3, f"{len(seen)} frames to replay")
            for frame in seen:
                play(frame)
        with bench.test("ESP with an SPI nobody knows: others', and counted"), growth(bench, vm2, "esp-unknown"):
            play(seen[0][:34] + b"\xde\xad\xbe\xef" + seen[0][38:])
        with bench.test("ESP under another sequence number: dropped and counted"), growth(bench, vm2, "drop-esp-tag"):
            play(with_sequence(seen[0], 500))
        with bench.test("ESP changed on its way, one bit anywhere: dropped and counted; unchanged, it is taken"):
            vswitch.ofctl("add-flow", "priority=65000,ip,nw_proto=50,in_port=1,actions=drop")
            try:
                with bench.lab.capture(bench.vm1) as sent:
                    bench.vm1.sh("ping -n -q -c 1 -W 1 10.0.0.2", check=False)
                    # An echo request, not an ARP frame, which is shorter.
                    expect(sent.await_frame("ip proto 50 and greater 150"), "nothing was sent")
                    held = max((frame for frame in sent.frames() if frame[23] == 50), key=len)
            finally:
                vswitch.ofctl("del-flows", "ip,nw_proto=50,in_port=1")
            places = (42, 50, 58, 66, 90, len(held) - 17, len(held) - 1)     # IV, ciphertext, tag
            with growth(bench, vm2, "drop-esp-tag", len(places)):
                for at in places:
                    play(held[:at] + bytes([held[at] ^ 1]) + held[at + 1:])
            # By echo requests, for vm1's neighbour discovery comes under this SA as well.
            before = echo_requests(vm2)
            with growth(bench, vm2, "drop-esp-replay"):
                play(held)
                play(held)
            grown = echo_requests(vm2) - before
            expect(grown == 1, f"taken {grown} times")
        with bench.test("ESP left of the window: dropped and counted"), growth(bench, vm2, "drop-esp-old"):
            beyond_window(bench, "10.0.0.2", made.spi[1])
            play(seen[0])
        with bench.test("VXLAN without ESP, from the right address, is not let in beside it"), \
             growth(bench, vm2, "drop-action"):
            play(UNENCRYPTED)
        with bench.test("after all that the tunnel works as before"):
            expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")


def sending(vm):
    """SPIs and states of the SAs that a NIC sends with."""
    sas = json.loads(vm.sh("cvswctl --local -j sa eth0"))
    return {sa["spi"]: sa["state"] for sa in sas if sa["direction"] == "out"}


def announce(vm):
    """The hypervisor's words to a NIC, as behind a migration or a restored snapshot."""
    vm.qmp("announce-self", initial=50, max=550, rounds=5, step=100)


def ivs(capture):
    """(SPI, IV) of each ESP packet, as often as it was sent."""
    return [(frame[34:38], frame[42:50]) for frame in capture.frames() if frame[12:14] == b"\x08\x00" and frame[23] == 50]


def announced(bench):
    """A machine that was moved as it runs has its generation id still."""
    vm = bench.vm1
    with bench.test("announced elsewhere, of the generation that it was: the SA sends on, and nothing is lost"), \
         tunnel(bench, "esp") as made, bench.lab.capture(vm) as sent:
        job = vm.start("ping -n -q -i 0.02 -c 150 -W 2 10.0.0.2")
        announce(vm)
        said = vm.finish(job, 20, check=False)
        expect(" 150 received" in said, said.strip()[-200:])
        expect(sending(vm).get(made.spi[1]) == "active", f"{sending(vm)}")
        expect(len(set(ivs(sent))) == len(ivs(sent)) >= 150, f"{len(ivs(sent))} packets, {len(set(ivs(sent)))} IVs")


# A packet that had its number when the machine was saved, or lay in the ring, is what any second life sends,
# byte by byte, and so none that is another under the same number.
UNDER_WAY = 1


def snapshot(bench):
    """A machine that is restored sends at once; the hypervisor's interrupts come later."""
    vm = bench.vm1
    with bench.test("restored from a snapshot: no packet under a key of the life before, but for one under way"), \
         tunnel(bench, "esp") as made:
        expect(ping(vm, "10.0.0.2") == 3, "no answers before")
        vm.start("ping -n -q -i 0.002 -w 20 10.0.0.2")
        with bench.lab.capture(vm) as before:
            expect(before.await_frame("ip proto 50"), "nothing was sent before")
            vm.save()
        with bench.lab.capture(vm) as sent:
            vm.restore()
            wait_for("the SA to be stopped", lambda: sending(vm).get(made.spi[1]) == "stopped", 10)
            expect(bench.counted(vm, "drop-esp-stopped") > 0, "not counted")
            # RARP is QEMU's own
            said = sent.text("not ether proto 0xabba and not rarp and not ip proto 50")
            expect(not said, f"sent in the clear: {said[:3]}")
            expect(len(ivs(sent)) <= UNDER_WAY, f"sent nevertheless: {len(ivs(sent))} packets")
            expect(not set(ivs(sent)) & set(ivs(before)), "sent twice")


def keys_stay_hidden(bench):
    """Keys as they were given, looked for wherever something is said or written."""
    with bench.test("no key is in what cvswctl says, cvswd logs and keeps, or a guest's kernel says"), \
         tunnel(bench, "esp"):
        said = {f"cvswctl {' '.join(argv)}": bench.ctl(*argv) for argv in
                (["show"], ["-j", "show"], ["-j", "dump-flows", "vm1"], ["overlay", "show"],
                 ["-j", "overlay", "show"])}
        with open(bench.controller.log, encoding="utf-8", errors="replace") as file:
            said[bench.controller.log] = file.read()
        # The NICs' own keys are in the database, which is for root alone, and nowhere else.
        kept = ""
        for name in glob.glob(f"{bench.controller.state}*"):
            expect(os.stat(name).st_mode & 0o77 == 0, f"{name} is for others too")
            with open(name, "rb") as file:
                kept += file.read().hex()
        own = [vm.nics[0].key for vm in bench.vms]
        expect(all(key in kept for key in own), "a NIC's key is not kept")
        for vm in bench.vms:
            for command in ("dmesg", "cvswctl --local sa", "cvswctl --local -j sa", "cvswctl --local -j show",
                            "cvswctl --local -j dump-flows"):
                said[f"{vm.name}: {command}"] = vm.sh(command)
        expect(len(SECRETS) >= 2 and all(len(text) for text in said.values()), f"looked at nothing: {said}")
        leaks = [key for key in SECRETS if key[:16] in kept or key[-24:-8] in kept]
        expect(not leaks, "an SA's key is kept")
        SECRETS.extend(own)
        for where, text in said.items():
            text = text.lower().replace(":", "").replace(" ", "")
            # Without its salt as well, and never mind where it is cut.
            leaks = [key for key in SECRETS if key[:16] in text or key[-24:-8] in text]
            expect(not leaks, f"a key is in {where}")


ALL = [vxlan, too_big, esp, attacks, announced, snapshot]
