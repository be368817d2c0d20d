# SPDX-License-Identifier: GPL-2.0
"""CVSW's driver against Open vSwitch: run.py MODULES KERNEL SEED TABLES

Both get the same flow_mods, byte by byte, and the same frames; both must give the same
bytes out at the same side, or the same drop, and count the same.  Runs inside User-Mode
Linux, started by run-uml.sh; prints flat TAP.  Table number i is made from SEED + i alone.
"""
import collections
import random
import struct
import sys
import time
import traceback

from nic import HOST, NET, Nic
import differences as known
import flows
import packets
from vswitch import Vswitch
import bench

ONWARD_MARK, BACK_MARK = 0x88B5, 0x88B6     # IEEE's for local experiments
LAST = 0xFFFFFFFF
FAILURES_SHOWN = 5
FRAMES = 40
ENOUGH = 250        # tables, to ask whether everything was hit


def mark(kind, count):
    return struct.pack("!6s6sHI", b"\x02mark!", b"\x02!kram", kind, count).ljust(60, b"\0")


def ways():
    """Where what no flow matches goes, and the marks between frames."""
    def flow(fields, port, priority, cookie):
        match = flows.Match({name: (value, flows.FIELDS[name].all()) for name, value in fields.items()})
        return flows.FlowMod(match, [flows.output(port)], priority, cookie=cookie)
    found = [flow({"dl_type": BACK_MARK}, flows.IN_PORT, 65535, 1 << 62)]
    for port in (HOST, NET):
        found.append(flow({"in_port": port, "dl_type": ONWARD_MARK}, 3 - port, 65535, 1 << 62 | port))
        found.append(flow({"in_port": port}, 3 - port, 1, 1 << 61 | port))
    return found


CLEAR = flows.FlowMod(flows.Match({}), command=flows.DELETE, table=flows.ALL_TABLES)


class Case:
    """What one seed makes."""

    def __init__(self, seed):
        self.seed = seed
        world = packets.World(random.Random(seed))
        self.packets = [self.packet(world) for _ in range(FRAMES)]
        make = flows.Generator(world, self.packets)
        self.mods = [make.add() for _ in range(world.pick(3, 8, 16, 24))]
        adds = list(self.mods)
        for _ in range(world.pick(0, 0, 4, 10)):
            self.mods.append(make.change(adds))
            if self.mods[-1].command == flows.ADD:
                adds.append(self.mods[-1])

    @staticmethod
    def packet(world):
        packet = packets.Packet(world).ethernet()
        # A guest's stack takes no tag with less than two bytes behind it.
        port = HOST if len(packet.data) < 22 else world.pick(HOST, NET)
        packet.seen(in_port=port)
        packet.port = port
        return packet


class Outcome:
    """What a switch did with a list of flow_mods and of packets."""

    def __init__(self, refused, onward, back, table):
        self.refused = refused      # per flow_mod
        self.onward = onward        # per packet: a list of frames
        self.back = back            # as well
        self.table = table


class Pair:
    """The two switches."""

    def __init__(self, nic, vswitch):
        self.nic, self.vswitch = nic, vswitch
        self.clear()

    def clear(self):
        bench.expect_equal(self.vswitch.program([CLEAR.encode()]), [None], "Open vSwitch's answer to a delete")
        bench.expect_equal(self.nic.program([CLEAR.encode()]), [None], "the NIC's answer to a delete")

    def through(self, switch, sent):
        """Per packet its frames onward, and those that came back."""
        onward, back = [[] for _ in sent], [[] for _ in sent]
        for port in (HOST, NET):
            mine = [i for i, packet in enumerate(sent) if packet.port == port]
            frames = [frame for i in mine for frame in (sent[i].data, mark(ONWARD_MARK, i), mark(BACK_MARK, i))]
            out = switch.exchange(port, frames, mark(ONWARD_MARK, LAST), mark(BACK_MARK, LAST))
            self.share_out(out[0], mine, ONWARD_MARK, onward)
            self.share_out(out[1], mine, BACK_MARK, back)
        return onward, [[frame for frame in frames if not cut_tag(frame)] for frames in back]

    @staticmethod
    def share_out(frames, mine, kind, found):
        """To the packets between whose marks they came."""
        waiting = iter(mine)
        current = next(waiting, None)
        for frame in frames:
            if current is not None and frame == mark(kind, current):
                current = next(waiting, None)
            else:
                bench.expect(current is not None, "a frame behind the last mark")
                found[current].append(frame)
        bench.expect(current is None, "a mark is missing")

    def outcome(self, switch, mods, sent, explicit):
        refused = switch.program([mod.encode(explicit) for mod in mods])
        bench.expect(not any(switch.program([mod.encode() for mod in ways()])), "the ways are refused")
        if switch is self.vswitch:
            switch.forget()
        onward, back = self.through(switch, sent)
        return Outcome(refused, onward, back, switch.table())

    def outcomes(self, mods, sent):
        """CVSW's, and Open vSwitch's without what CVSW keeps from the stack."""
        try:
            ours, theirs = self.outcome(self.nic, mods, sent, False), self.outcome(self.vswitch, mods, sent, True)
            for i, packet in enumerate(sent):
                if packet.unparsed:
                    (theirs.onward if packet.port == NET else theirs.back)[i] = []
            return ours, theirs
        finally:
            self.clear()


def cut_tag(frame):
    """The guest's stack loses such a frame by itself."""
    return len(frame) < 20 and frame[12:14] in (b"\x81\0", b"\x88\xa8")


def differences(mods, sent, ours, theirs):
    """What is not alike, in words; the first packet that is concerned, or None."""
    found, packet = [], None
    for mod, our, their in zip(mods, ours.refused, theirs.refused):
        # A flow_mod that is wrong in itself would compare nothing.
        if bool(our) != bool(their) or (our and not mod.flags & flows.CHECK_OVERLAP):
            found.append(f"{mod}: CVSW says {our or 'ok'}, Open vSwitch {their or 'ok'}")
    for i, (our, their) in enumerate(zip(ours.onward, theirs.onward)):
        if our != their:
            found.append(f"frame {i} onward")
            packet = sent[i] if packet is None else packet
    for i, (our, their) in enumerate(zip(ours.back, theirs.back)):
        if our != their:
            found.append(f"frame {i} back: {len(our)}, {len(their)}")
    ours_only = collections.Counter(ours.table) - collections.Counter(theirs.table)
    theirs_only = collections.Counter(theirs.table) - collections.Counter(ours.table)
    if not packet and (ours_only or theirs_only):
        found.append(f"flows (cookie, priority, packets, bytes) of CVSW {sorted(ours_only)}, "
                     f"of Open vSwitch {sorted(theirs_only)}")
    return found, packet


def shown(frames):
    return " and ".join(frame.hex() for frame in frames) or "nothing"


def offset(our, their):
    if len(our) != 1 or len(their) != 1:
        return ""
    pairs = list(zip(our[0], their[0]))
    return " differ from byte " + str(next((i for i, (a, b) in enumerate(pairs) if a != b), len(pairs)))


class Minimizer:
    """From a table and frames that differ to one frame and the flow_mods it takes."""

    def __init__(self, pair, mods, sent):
        self.pair, self.mods, self.sent = pair, list(mods), list(sent)

    def differ(self, mods, sent):
        ours, theirs = self.pair.outcomes(mods, sent)
        return (ours.onward, ours.back, list(map(bool, ours.refused)), ours.table) != \
               (theirs.onward, theirs.back, list(map(bool, theirs.refused)), theirs.table)

    def shrink(self, things, differ):
        for thing in list(things):
            fewer = [other for other in things if other is not thing]
            if differ(fewer):
                things = fewer
        return things

    def run(self):
        alone = next((packet for packet in self.sent if self.differ(self.mods, [packet])), None)
        if alone:
            self.sent = [alone]
        elif self.differ(self.mods, []):
            self.sent = []
        self.mods = self.shrink(self.mods, lambda mods: self.differ(mods, self.sent))
        self.sent = self.shrink(self.sent, lambda sent: self.differ(self.mods, sent))
        return self.report()

    def report(self):
        ours, theirs = self.pair.outcomes(self.mods, self.sent)
        lines = [f"  {mod}" + (f"  CVSW: {our}" if our else "") + (f"  Open vSwitch: {their}" if their else "")
                 for mod, our, their in zip(self.mods, ours.refused, theirs.refused)]
        for i, packet in enumerate(self.sent):
            lines += [f"frame to port {packet.port} ({', '.join(packet.what) or 'plain'}): {packet.data.hex()}",
                      "  " + " ".join(f"{name}={value.hex() if isinstance(value, bytes) else hex(value)}"
                                      for name, value in packet.fields.items())]
            for where, our, their in ((3 - packet.port, ours.onward[i], theirs.onward[i]),
                                      (packet.port, ours.back[i], theirs.back[i])):
                if our != their:
                    lines += [f"  out of port {where}{offset(our, their)}:", f"    CVSW         {shown(our)}",
                              f"    Open vSwitch {shown(their)}"]
        return lines + differences(self.mods, self.sent, ours, theirs)[0]


CHECKED = packets.TCP, packets.UDP, packets.SCTP       # protocols whose ports can be set


class Coverage:
    """What was hit: a field or an action that no frame met was not compared."""

    def __init__(self):
        self.count = collections.Counter()

    def add(self, case, ours):
        hits = {cookie: n for cookie, _, n, _ in ours.table if n and cookie < 1 << 60}
        c = self.count
        c["tables"] += 1
        c["frames"] += len(case.packets)
        c["frames matched"] += sum(hits.values())
        for packet in case.packets:
            c.update(f"frame {what}" for what in set(packet.what))
        for mod, refused in zip(case.mods, ours.refused):
            c[f"{flows.COMMANDS[mod.command]} {'refused' if refused else 'done'}"] += 1
            if mod.cookie in hits:
                self.add_hit(mod)

    def add_hit(self, mod):
        c = self.count
        c["flows matched"] += 1
        for name, (_, mask) in mod.match.fields.items():
            c[f"match {name}" + ("" if mask == flows.FIELDS[name].all() else " masked")] += 1
        for name, _ in mod.actions:
            kind, _, about = name.partition(":")
            if kind in ("load", "move"):
                src, _, dst = about.partition("->")
                c[f"{kind} to {dst.partition('[')[0]}"] += 1
                if kind == "move":
                    c[f"move from {src.partition('[')[0]}"] += 1
            elif kind.startswith("mod_tp"):
                c[f"action {kind} of {mod.match.named()['nw_proto']}"] += 1
            else:
                c[f"action {name if kind == 'output' else kind.partition('(')[0]}"] += 1
        if mod.table:
            c["flow of another table"] += 1
            c.update(f"flow of another table matches {name}" for name in mod.match.fields if name in flows.REGISTERS)
        lookups = [i for i, (name, _) in enumerate(mod.actions) if name.startswith("resubmit")]
        if lookups and lookups[0] < len(mod.actions) - 1:
            c["action behind a resubmit"] += 1
        if not mod.actions:
            c["action drop"] += 1
        outputs = [i for i, (name, _) in enumerate(mod.actions) if name.startswith("output")]
        if len(outputs) > 1:
            c["action several outputs"] += 1
        if outputs and outputs[-1] < len(mod.actions) - 1:
            c["action behind the last output"] += 1

    def wanted(self):
        for name, field in flows.FIELDS.items():
            if name == "tun_src":
                continue
            yield f"match {name}"
            if field.maskable:
                yield f"match {name} masked"
        for name, field in flows.WRITABLE.items():
            yield from (f"load to {name}", f"move to {name}")
            if not field.whole:
                yield f"move from {name}"
        yield from (f"action {name}" for name in (
            "mod_vlan_vid", "mod_vlan_pcp", "strip_vlan", "mod_dl_src", "mod_dl_dst", "mod_nw_src", "mod_nw_dst", "mod_nw_tos",
            *(f"mod_tp_{side} of {protocol}" for side in ("src", "dst") for protocol in CHECKED), "dec_ttl", "drop",
            "output:0x1", "output:0x2", "output:0xfff8", "several outputs", "behind the last output",
            "resubmit", "behind a resubmit"))
        yield "flow of another table"
        yield from (f"flow of another table matches {name}" for name in flows.REGISTERS)
        yield from (f"{command} done" for command in flows.COMMANDS)
        yield "add refused"

    def report(self):
        missing = [name for name in self.wanted() if not self.count[name]]
        print(f"{'not ok' if missing else 'ok'} - each field, mask, action and command met a frame")
        for name in missing:
            print(f"# never: {name}")
        for name, n in sorted(self.count.items()):
            print(f"{n:8} {name}", file=sys.stderr)
        return not missing


def compare(pair, seed, tables):
    """Returns whether all were alike, and the coverage."""
    coverage, failed, start = Coverage(), [], time.monotonic()
    for case in map(Case, range(seed, seed + tables)):
        ours, theirs = pair.outcomes(case.mods, case.packets)
        coverage.add(case, ours)
        if differences(case.mods, case.packets, ours, theirs)[0]:
            failed.append(case.seed)
            if len(failed) <= FAILURES_SHOWN:
                print(f"# seed {case.seed} (make check-ovs CVSW_SEED={case.seed}):")
                for line in Minimizer(pair, case.mods, case.packets).run():
                    print("#", line)
    count = coverage.count
    print(f"{'not ok' if failed else 'ok'} - {count['frames']} frames, {count['frames matched']} of them matched, through "
          f"{tables} tables from seed {seed} on, as in Open vSwitch")
    if failed:
        print(f"# {len(failed)} tables differ: seeds {' '.join(map(str, failed[:50]))}")
    print(f"{time.monotonic() - start:.1f} s", file=sys.stderr)
    return not failed, coverage


def deliberate(pair):
    """Do the two still differ as proto/README.md says?"""
    wrong = []
    for name, mods, packet, our, their in known.ALL:
        got = [outcome.onward[0] for outcome in pair.outcomes(mods, [packet])]
        if got != [our, their]:
            wrong += [f"{name}: {packet.data.hex()}", *(f"  {mod}" for mod in mods)]
            for who, is_so, should in zip(("CVSW", "Open vSwitch"), got, (our, their)):
                wrong.append(f"  {who}: {shown(is_so)}" + ("" if is_so == should else f", expected {shown(should)}"))
    print(f"{'not ok' if wrong else 'ok'} - {len(known.ALL)} deliberate differences are as proto/README.md has them")
    for line in wrong:
        print("#", line)
    return not wrong


def main():
    modules, kernel, seed, tables = sys.argv[1:]
    sys.stdout.reconfigure(line_buffering=True)
    sys.stderr.reconfigure(line_buffering=True)
    on = bench.Bench(modules, kernel)
    on.load()
    on.b.unplug()
    vswitch = Vswitch("/run/ovs")
    good = False
    try:
        vswitch.start()
        with Nic(on) as nic:
            pair = Pair(nic, vswitch)
            good, coverage = compare(pair, int(seed), int(tables))
            if int(tables) >= ENOUGH:
                good &= coverage.report() & deliberate(pair)
    except Exception:
        print("not ok - the comparison itself works")
        print("# " + traceback.format_exc(limit=-6).replace("\n", "\n# "))
    finally:
        sys.stderr.writelines(vswitch.complaints())
        vswitch.stop()
    sys.exit(not good)


main()
