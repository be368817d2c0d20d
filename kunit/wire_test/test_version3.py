# SPDX-License-Identifier: GPL-2.0
"""Version 3 of the control protocol: who has the NIC's key programs it, and nobody else."""
import contextlib
import json
import os
import re
import struct
import subprocess
import time

import netlink
from bench import Failed, Flood, expect, expect_equal, read, wait_for, write
from frames import HOST, NET, SET_ENTRY, control, mac, udp_frame
from registry import test
from test_sleep import sleep
from version3 import (ABORT, COMMIT, KEY, OPEN, REPLACE, Station, ctl, flow_mod, give_key, keyless, output, set_nw_tos, shown,
                      state, to_controller, v3)

OTHER_KEY = bytes(range(32))


@contextlib.contextmanager
def connected(bench):
    """A Station that has a session with a's NIC."""
    with Station(bench) as station:
        give_key(bench.a)
        station.connect()
        yield station


def flow(i, actions=(), priority=9):
    return flow_mod(list(actions) or [output()], priority, cookie=i, in_port=HOST, dl_type=0x0800,
                    nw_dst=f"10.9.{i >> 8}.{i & 255}")


def link(end):
    return json.loads(end.ns.run("ip", "-j", "link", "show", end.ifname))[0]


def mtu(end):
    return link(end)["mtu"]


@test("version 3: with its key the NIC registers, and does what is asked", anew=True)
def programs(bench):
    nic = bench.a
    expect_equal(shown(nic)["protocol"], keyless(nic), "protocol without a key")
    with connected(bench) as station:
        expect_equal((shown(nic)["protocol"], state(nic), shown(nic)["sessions"]), (3, "connected", 1), "shown")
        station.done(v3.SET_MTU, struct.pack(">HH", 1400, 0))
        expect_equal(mtu(nic), 1400, "MTU")
        kind, error, body = station.ask(v3.SET_MTU, struct.pack(">HH", 20, 0))
        expect_equal((kind, error, body[:4]), (v3.ERROR, 66, struct.pack(">I", 8)), "a refused MTU")
        station.done(v3.SET_MTU, struct.pack(">HH", 1500, 0))
        kind, error, body = station.ask(v3.CAPABILITIES)
        expect_equal((kind, error), (17, 0), "CAPABILITIES")
        expect_equal(struct.unpack(">IIII", body[:16])[1:4:2], (0, 1500), "flows and MTU")

        station.program(OPEN | COMMIT, flow_mod([set_nw_tos(0x20), output()], 7, in_port=HOST, dl_type=0x0800,
                                                nw_dst=bench.b.address))
        sender = nic.ns.udp(nic.address)
        for _ in range(10):
            sender.sendto(bytes(58), (bench.b.address, 9))
        sender.close()
        wait_for(lambda: list(station.table().values()) == [(10, 1000)], "ten frames counted")
        expect_equal(station.ask(1000)[:2], (v3.ERROR, 4), "an unknown request")
        kind, error, body = station.ask(v3.STATISTICS)
        expect_equal((kind, error), (29, 0), "STATISTICS")
        expect(b"\x06tx-hit" in body and b"ctl-v3-ok" in body, "a counter is missing")
        station.controller.echo(b"are you?")
        station.until(lambda: any(echo[8:] == b"are you?" for echo in station.controller.echoes), "an ECHO's reply")
        expect_equal(station.refused, 0, "frames that the peer refused")
        expect_equal(nic.counters()["ctl-unauthenticated"], 0, "unauthenticated")


@test("version 3: a bundle is done as a whole, a replace under traffic costs no frame", anew=True)
def bundles(bench):
    nic = bench.a
    with connected(bench) as station:
        station.program(OPEN | COMMIT, *map(flow, range(100)))
        good = station.table()
        expect_equal(sorted(good), sorted(map(flow, range(100))), "table")
        # The last one is cut.
        kind, error, body = station.flows(OPEN | COMMIT, flow_mod(command=3), flow(500), flow(501)[:40])
        expect_equal((kind, station.table()), (v3.ERROR, good), "a bundle with a mistake")
        station.program(OPEN, flow(600))
        expect_equal(station.table(), good, "table while a bundle is open")
        station.program(ABORT)
        expect_equal(station.flows(COMMIT, flow(601))[:2], (v3.ERROR, 69), "a bundle that is not open")

        # Every frame is matched, by an old flow or by a new one: none meets the low one, which drops.
        to_b = dict(in_port=HOST, dl_type=0x0800, nw_proto=17, nw_dst=bench.b.address)
        drop = flow_mod([], 1, **to_b)
        station.program(OPEN | COMMIT | REPLACE, drop, flow_mod([output()], 50, **to_b))
        with Flood(bench):
            time.sleep(0.1)
            before = nic.counters()
            for i in range(30):
                station.program(OPEN | REPLACE, drop, *map(flow, range(i, 60)), bundle=i)
                station.program(COMMIT, flow_mod([output()], 51 + i % 2, **to_b), bundle=i)
            after = nic.counters()
        expect(after["tx-hit"] - before["tx-hit"] > 50, "no traffic meanwhile")
        expect_equal(after["drop-action"] - before["drop-action"], 0, "frames dropped by a table that never was")


def steps(body):
    """Kind, pass, copy, port and data of each step of a TRACE_ANSWER."""
    while body:
        size, kind, lookup, copy, port = struct.unpack_from(">HBBBB", body)
        yield kind, lookup, copy, port, body[8:size]
        body = body[size:]


LOOKUP, ACTION, FRAME, ONWARD = 1, 2, 3, 4


@test("version 3: a trace tells what the wire then shows, and is not counted itself", anew=True)
def traces(bench):
    nic = bench.a
    with connected(bench) as station:
        expect(struct.unpack(">I", station.ask(v3.CAPABILITIES)[2][:4])[0] & 4, "no TRACE among the capabilities")
        program = flow_mod([set_nw_tos(0x20), output()], 7, in_port=HOST, dl_type=0x0800, nw_dst=bench.b.address)
        station.program(OPEN | COMMIT, program)
        before = nic.counters()
        with nic.capture() as got:
            sender = nic.ns.udp(nic.address)
            sender.sendto(b"as it is", (bench.b.address, 9))
            sender.close()
        station.listen()
        crossed = [bytes(frame.data) for frame in got.frames if frame.kind == 0x0800]
        expect_equal(len(crossed), 1, "frames")
        plain = bytearray(crossed[0])
        plain[15] = 0                       # ToS, and what it does to the header's checksum
        plain[24:26] = struct.pack(">H", (struct.unpack(">H", plain[24:26])[0] + 0x20 - 1) % 0xffff + 1)
        hits = station.table()
        kind, error, body = station.ask(30, struct.pack(">BBBBII16x16x", HOST, 0, 0, 0, 0, 0) + bytes(plain))
        expect_equal((kind, error), (31, 0), "answer to TRACE")
        told = list(steps(body))
        expect_equal([step[0] for step in told], [LOOKUP, ACTION, FRAME, ACTION, ONWARD], "steps")
        expect_equal(told[0][4], program, "flow")
        expect_equal(told[2][4][:24], crossed[0][:24], "the frame's headers")
        expect_equal(told[4][3], NET, "where to")
        expect_equal(station.table(), hits, "flows and their counters")
        after = nic.counters()
        expect_equal((after["tx-hit"] - before["tx-hit"], after["action-skipped"]), (1, 0), "frames counted")


def packet_in(content):
    """reason, in_port, pass, total, cookie, bytes."""
    reason, in_port, lookup, total, cookie = struct.unpack_from(">BBBxH2x8xQ", content)
    return reason, in_port, lookup, total, cookie, content[24:]


@test("version 3: frames go to the controller, few at a time, beside their own way or instead of it", anew=True)
def packet_ins(bench):
    nic, cookie = bench.a, 0x1122334455667788
    to_b = dict(dl_type=0x0800, nw_proto=17, nw_dst=bench.b.address, tp_dst=7)
    from_b = dict(dl_type=0x0800, nw_proto=17, nw_dst=nic.address, tp_dst=7)
    with connected(bench) as station:
        expect(struct.unpack(">I", station.ask(v3.CAPABILITIES)[2][:4])[0] & 8, "no PACKET_IN among the capabilities")
        station.program(OPEN | COMMIT,
                        flow_mod([to_controller(46), output()], 7, cookie=cookie, in_port=HOST, **to_b),
                        flow_mod([to_controller()], 7, cookie=cookie + 1, in_port=NET, **from_b))
        here, there = nic.ns.udp(nic.address, 7), bench.b.ns.udp(bench.b.address, 7)
        here.sendto(b"to the vswitch", (bench.b.address, 7))
        expect_equal(there.recv(100), b"to the vswitch", "a datagram beside its PACKET_IN")
        station.until(lambda: station.packet_ins, "a PACKET_IN")
        reason, in_port, lookup, total, told_cookie, data = packet_in(station.packet_ins.pop())
        expect_equal((reason, in_port, lookup, total, told_cookie), (1, HOST, 0, 56, cookie), "PACKET_IN")
        expect_equal((len(data), data[:12], data[42:]), (46, mac(bench.b.mac) + mac(nic.mac), b"to t"), "its bytes")
        there.sendto(b"to the guest", (nic.address, 7))
        station.until(lambda: station.packet_ins, "a PACKET_IN")
        reason, in_port, lookup, total, told_cookie, data = packet_in(station.packet_ins.pop())
        expect_equal((reason, in_port, lookup, told_cookie), (1, NET, 0, cookie + 1), "PACKET_IN")
        expect_equal(data[42:54], b"to the guest", "its bytes")
        try:
            here.settimeout(0.1)
            raise Failed(f"{here.recv(100)} was for the controller alone")
        except TimeoutError:
            pass
        before = nic.counters()
        for _ in range(3000):
            here.sendto(b"a flood", (bench.b.address, 7))
        station.done(v3.SET_MTU, struct.pack(">HH", 1400, 0))
        station.done(v3.SET_MTU, struct.pack(">HH", 1500, 0))
        station.let(0.5)
        after = nic.counters()
        sent, full = (after[name] - before[name] for name in ("packet-in-sent", "packet-in-full"))
        expect_equal((sent + full, len(station.packet_ins)), (3000, sent), "PACKET_INs sent and not")
        expect(full > 0, "no PACKET_IN was one too many")
        ctl(nic, "forget-key", nic.ifname)
        wait_for(lambda: state(nic) != "connected", "no session")
        here.sendto(b"to nobody", (bench.b.address, 7))
        wait_for(lambda: nic.counters()["packet-in-nobody"] == 1, "a PACKET_IN for nobody")
        here.close()
        there.close()


@test("version 3: miss_policy=controller: what matches nothing is dropped, and the controller told, few at a time", anew=True)
def told_of_misses(bench):
    bench.unload()
    try:
        bench.load(miss_policy="controller")
        tell_of_misses(bench)
    finally:
        bench.unload()
        bench.load()


def tell_of_misses(bench):
    nic = bench.a
    nic.ns.sysctl(f"net.ipv6.conf.{nic.ifname}.disable_ipv6", 1)     # its greetings would be among them
    expect_equal(shown(nic)["miss"], "controller", "policy shown")
    frame = udp_frame(bench.b.mac, nic.mac, nic.address, bench.b.address, 5, 6, bytes(range(200)))
    nic.burst(frame)
    wait_for(lambda: nic.counters()["packet-in-nobody"], "a PACKET_IN for nobody")
    with connected(bench) as station:
        told = struct.unpack(">I", station.ask(v3.CAPABILITIES)[2][:4])[0]
        expect_equal(told & 0x500, 0x500, "what CAPABILITIES say of it")
        before = nic.counters()
        for send, in_port in ((nic.burst, HOST), (nic.inject, NET)):
            send(frame)
            station.until(lambda: station.packet_ins, "a PACKET_IN")
            expect_equal(packet_in(station.packet_ins.pop()), (0, in_port, 0, len(frame), (1 << 64) - 1, frame[:128]), "PACKET_IN")
        station.program(OPEN | COMMIT, flow_mod([output()], in_port=HOST, dl_type=0x0800, tp_dst=6, nw_proto=17))
        nic.burst(frame)
        for _ in range(20):
            nic.inject(*[frame] * 50)
        station.let(0.5)
        moved = {name: value - before[name] for name, value in nic.counters().items()}
        expect_equal((moved["drop-miss"], moved["tx-hit"], moved["tx-miss"]), (1002, 1, 1), "frames dropped, let through, not matched")
        expect_equal(moved["packet-in-sent"] + moved["packet-in-full"], 1002, "PACKET_INs sent and not")
        expect(moved["packet-in-full"] > 0, "no PACKET_IN was one too many")
        expect_equal(len(station.packet_ins), moved["packet-in-sent"] - 2, "PACKET_INs")


@test("version 3: a NIC takes max_flows flows, which root may change under way", anew=True)
def full(bench):
    nic, limit = bench.a, "/sys/module/cvsw/parameters/max_flows"
    expect_equal(read(limit).strip(), "1048576", "max_flows")
    try:
        with Station(bench) as station:
            write(limit, "10")
            give_key(nic)
            station.connect()
            expect_equal(struct.unpack(">I", station.ask(v3.CAPABILITIES)[2][8:12]), (10,), "flows at most")
            kind, error, body = station.flows(OPEN | COMMIT, *map(flow, range(11)))
            expect_equal((kind, error), (v3.ERROR, 65), "eleven flows")
            expect(b"no more flows" in body, f"no reason in {body}")
            station.program(OPEN | COMMIT, *map(flow, range(10)))
            write(limit, "11")
            station.program(OPEN | COMMIT, flow(10))
            write(limit, "1")
            expect_equal(nic.n_flows(), 11, "flows, which stay")
            expect_equal(station.flows(OPEN | COMMIT, flow(11))[:2], (v3.ERROR, 65), "a twelfth flow")
            for nonsense in ("-1", "many", "4294967296"):
                try:
                    write(limit, nonsense)
                except OSError:
                    continue
                raise Failed(f"{nonsense} is taken for max_flows")
    finally:
        write(limit, "1048576")


@test("version 3: a fifth of frames lost, another one doubled: no request is", anew=True)
def bad_wire(bench):
    nic = bench.a
    with Station(bench, loss=20) as station:
        give_key(nic)
        station.until(lambda: station.controller.session, "a session", 60)
        for i in range(0, 60, 3):
            station.program(OPEN | COMMIT, *map(flow, range(i, i + 3)), bundle=i)
        expect_equal(sorted(station.table()), sorted(map(flow, range(60))), "table")


@test("version 3: without the key, or with another NIC's, there is no session, and version 2 is refused", anew=True)
def strangers(bench):
    nic = bench.a
    with Station(bench, OTHER_KEY) as station:
        give_key(nic)
        station.until(lambda: len(station.seen) >= 4, "REGISTERs")
        expect_equal((station.refused, station.sent), (len(station.seen), []), "REGISTERs refused, frames sent")
        expect_equal({frame[7] for frame in station.seen}, {v3.REGISTER}, "types")
        expect_equal(state(nic), "registering", "state")
        moved = nic.order(control(SET_ENTRY, flow(1)))
        expect_equal(moved, {"ctl-received": 1, "ctl-unauthenticated": 1}, "a SET_ENTRY of version 2")
        station.key = KEY
        station.begin()
        station.connect()
        station.program(OPEN | COMMIT, flow(2))
        # Another key ends the session.
        give_key(nic, OTHER_KEY)
        wait_for(lambda: state(nic) == "registering", "registering")
        expect_equal(nic.n_flows(), 1, "flows, which stay")


@test("version 3: a session's frames, played again, change nothing; nor do forged ones", anew=True)
def replays(bench):
    nic = bench.a
    with connected(bench) as station:
        station.done(v3.SET_MTU, struct.pack(">HH", 1400, 0))
        station.done(v3.SET_MTU, struct.pack(">HH", 1300, 0))
        station.program(OPEN | COMMIT, flow(1))
        nic.ns.ip(f"link set {nic.ifname} mtu 1450")
        before = nic.counters()
        recorded = list(station.sent)
        for frame in recorded:
            station.inject(frame)
            for bit in range(0, 8 * len(frame), 37):
                if bit // 8 in (12, 13):
                    continue
                forged = bytearray(frame)
                forged[bit // 8] ^= 1 << bit % 8
                station.inject(bytes(forged))
        station.let(0.3)
        after = nic.counters()
        expect_equal(after["ctl-v3-ok"], before["ctl-v3-ok"], "frames taken")
        expect(after["ctl-v3-replayed"] > before["ctl-v3-replayed"], "nothing counted as replayed")
        expect(after["ctl-v3-forged"] > before["ctl-v3-forged"], "nothing counted as forged")
        expect_equal((mtu(nic), nic.n_flows(), shown(nic)["sessions"]), (1450, 1, 1), "MTU, flows, sessions")
        station.done(v3.SET_MTU, struct.pack(">HH", 1500, 0))


@test("version 3: a controller that starts anew finds the NIC and its table; keys change without a loss", anew=True)
def anew(bench):
    nic = bench.a
    with connected(bench) as station:
        station.program(OPEN | COMMIT, *map(flow, range(30)))
        table = station.table()
        station.begin()
        station.send(v3.hello())
        station.connect()
        expect_equal((station.table(), station.controller.conversations), (table, 1), "table, conversations")
        # HELLO is a question, and while it is answered keys stay.
        sessions = shown(nic)["sessions"]
        station.send(v3.hello())
        station.let(1.2)
        expect_equal(shown(nic)["sessions"], sessions, "sessions")
        # One that has lost its keys only gets new ones, and the conversation goes on.
        station.controller.session = None
        station.send(v3.hello())
        station.connect()
        expect_equal((station.table(), station.controller.conversations), (table, 1), "table, conversations")


@test("version 3: a flapping link keeps session and table, a device that goes takes the key along", anew=True)
def flaps(bench):
    nic = bench.a
    with connected(bench) as station:
        station.program(OPEN | COMMIT, flow(1))
        for _ in range(3):
            nic.ns.ip(f"link set {nic.ifname} down", f"link set {nic.ifname} up")
            nic.set(link=0)
            nic.set(link=1)
        station.done(v3.SET_MTU, struct.pack(">HH", 1400, 0))
        expect_equal((nic.n_flows(), station.controller.conversations), (1, 1), "flows, conversations")
        # Into another namespace and back.
        nic.ns.run("ip", "link", "set", nic.ifname, "netns", bench.ns["C"].name)
        bench.ns["C"].run("ip", "link", "set", nic.ifname, "netns", nic.ns.name)
        nic.up()
        station.done(v3.SET_MTU, struct.pack(">HH", 1500, 0))
        nic.unplug()
        nic.plug()
        nic.configure()
        expect_equal((shown(nic)["protocol"], nic.n_flows()), (keyless(nic), 0), "anew")
        seen = len(station.seen)
        station.let(0.6)
        expect_equal(station.seen[seen:], [], "frames without a key")
        station.begin()
        give_key(nic)
        station.connect()


@test("version 3: a machine that slept says nothing more under the keys of before, and is told all anew", anew=True)
def sleeps(bench):
    with connected(bench) as station:
        station.program(OPEN | COMMIT, flow(1))
        station.program(OPEN, flow(2))
        index = station.controller.session.index
        for _ in range(2):      # the second time with nothing to wait for
            station.look()
            before = len(station.seen)
            sleep()
            station.until(lambda: station.controller.session.index != index, "a new session")
            old = [frame for frame in station.seen[before:]
                   if frame[7] == v3.SEALED and struct.unpack(">I", frame[16:20]) == (index,)]
            expect_equal(old, [], "records under the keys of before")
            index = station.controller.session.index
            expect_equal(sorted(station.table()), sorted([flow(1)]), "table")
            expect_equal(station.flows(COMMIT)[:2], (v3.ERROR, 69), "a bundle of before")
        expect_equal(station.controller.conversations, 3, "conversations")


@test("version 3: a NIC under traffic is programmed, renamed, readdressed and torn out, with a session on it", anew=True)
def torn(bench):
    nic = bench.a
    with Station(bench) as station:
        with Flood(bench):
            for surprise in (False, True):
                give_key(nic)
                station.connect()
                station.program(OPEN, *map(flow, range(30)))
                nic.ns.ip(f"link set {nic.ifname} address 02:00:00:00:00:77")
                station.nic_mac = mac("02:00:00:00:00:77")
                station.begin()
                station.connect()
                expect_equal(nic.n_flows(), 0, "flows of a bundle that was open")
                station.program(OPEN, *map(flow, range(30)))
                nic.unplug(surprise=surprise)
                nic.plug()
                nic.configure()
                station.nic_mac = mac(nic.mac)
                station.begin()


@test("version 3: a key is 64 hexadecimal digits, from root, in a file of root's own; nothing tells it", anew=True)
def keys(bench):
    nic, path = bench.a, "/run/cvsw-test.key"

    def give(text, mode=0o600):
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return ctl(nic, "key", nic.ifname, "--file", path)

    digits = KEY.hex()
    for text in ("", "\n", digits[:-1], digits + "0", digits[:-1] + "g", digits[:32] + " " + digits[32:], digits * 4):
        done = give(text)
        expect_equal((done.returncode, "hexadecimal" in done.stderr), (1, True), f"key {text!r}")
        expect(digits[:16] not in done.stderr, "the key is told")
    for mode in (0o640, 0o604, 0o620):
        done = give(digits, mode)
        expect_equal((done.returncode, "chmod" in done.stderr), (1, True), f"mode {mode:o}")
    os.remove(path)
    expect_equal(ctl(nic, "key", nic.ifname, "--file", path).returncode, 1, "no file")
    expect_equal(ctl(nic, "key", "lo", "-", stdin=digits).returncode, 1, "not under CVSW")
    expect_equal(ctl(nic, "key", "nonsense0", "-", stdin=digits).returncode, 1, "no device")
    done = ctl(nic, "key", nic.ifname, "-", stdin=digits, user=1000)
    expect_equal((done.returncode, "CAP_NET_ADMIN" in done.stderr), (1, True), "not root")
    expect_equal(shown(nic)["protocol"], keyless(nic), "protocol, after all these")

    # Straight to the driver: of another length, of no device, of none at all.
    family = nic.netlink()
    index = struct.pack("=I", link(nic)["ifindex"])
    for attributes in ({netlink.IFINDEX: index, netlink.KEY: KEY[:31]}, {netlink.IFINDEX: index, netlink.KEY: KEY + b"0"},
                       {netlink.IFINDEX: struct.pack("=I", 99), netlink.KEY: KEY}, {netlink.KEY: KEY}):
        try:
            family.order(netlink.SET_KEY, attributes)
            expect(False, f"taken: {attributes}")
        except OSError:
            pass
        if len(attributes.get(netlink.KEY)) == len(KEY):
            expect(KEY not in family.last, "the refusal repeats the key")
    family.close()
    expect_equal(shown(nic)["protocol"], keyless(nic), "protocol, after all these")

    expect_equal(give("  " + digits.upper() + "\n\n").returncode, 0, "a good key")
    expect_equal(shown(nic)["protocol"], 3, "protocol")
    told = "".join(ctl(nic, *words).stdout for words in (("-j", "show"), ("-j", "sa"), ("-j", "stats")))
    told += subprocess.run(["dmesg"], capture_output=True, text=True).stdout
    expect(not re.search(digits[:16], told, re.I), "the key is told")
    expect_equal(ctl(nic, "forget-key", nic.ifname).returncode, 0, "forget-key")
    expect_equal(shown(nic)["protocol"], keyless(nic), "protocol")
    os.remove(path)
