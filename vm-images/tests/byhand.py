# SPDX-License-Identifier: GPL-2.0
"""
Control frames written by hand from the version 2 page and OpenFlow 1.0's
specification, sent by `ovs-ofctl packet-out`: no cvswd runs, and not a line of
the project's codecs takes part. So an error made in both of them shows.
"""
from collections import Counter

from lab.report import expect
from lab.traffic import ping
from tests.bench import PHANTOM_IP

# HOST, IPv4, to 10.0.0.99: set the destination to 10.0.0.2.
SET_ENTRY = """
    ffffffffffff            # destination: whoever is at the port
    23 00 0050 0000         # version 2, type 3 SET_ENTRY; zero; 80 bytes; Data1
    abba                    # EtherType
    01 0e 0050 00000007     # ofp_header: OpenFlow 1.0, FLOW_MOD, 80 bytes, xid 7
    003020ee 0001           # wildcards: all but in_port, dl_type, nw_dst; in_port 1
    000000000000            # dl_src
    000000000000            # dl_dst
    0000 00 00 0800         # dl_vlan, dl_vlan_pcp, padding, dl_type
    00 00 0000              # nw_tos, nw_proto, padding
    00000000 0a000063       # nw_src, nw_dst 10.0.0.99
    0000 0000               # tp_src, tp_dst
    0000000000000001        # cookie
    0000 0000 0000 8000     # command ADD, idle and hard timeout, priority
    ffffffff ffff 0000      # buffer_id: none, out_port: none, flags
    0007 0008 0a000002      # action SET_NW_DST, 8 bytes, 10.0.0.2
"""

# The way back, as the published driver's tests write it: of all that stands for
# nothing to that driver they leave what was in memory (here fe), 31 of an address's
# six wildcard bits mean the whole of it, and no EtherType is named.
# NET, from 10.0.0.2: set the source to 10.0.0.99.
SET_ENTRY_PUBLISHED = """
    ffffffffffff
    23 fe 0050 0000
    abba
    fe 0e fefe fefefefe     # type 14
    003fdffe 0002           # wildcards: all but in_port, nw_src; in_port 2
    fefefefefefe
    fefefefefefe
    fefe fe fe fefe
    fe fe fefe
    0a000002 fefefefe       # nw_src 10.0.0.2
    fefe fefe
    fefefefefefefefe        # cookie
    fefe fefe fefe 8000     # command, timeouts; priority
    fefefefe fefe fefe
    0006 0008 0a000063      # action SET_NW_SRC, 8 bytes, 10.0.0.99
"""

# Everything, whatever it is.
DELETE_ENTRY = """
    ffffffffffff
    24 00 0048 0000         # version 2, type 4 DELETE_ENTRY; 72 bytes
    abba
    01 0e 0048 00000008
    003fffff 0000           # wildcards: all
    000000000000
    000000000000
    0000 00 00 0000
    00 00 0000
    00000000 00000000
    0000 0000
    0000000000000000
    0003 0000 0000 8000     # command DELETE
    ffffffff ffff 0000
"""

SET_MTU = """
    ffffffffffff
    25 00 0000 0546         # version 2, type 5 SET_MTU; no Data2; 1350
    abba
"""

# Drops everything, if a NIC were to take it: what the malformed ones are made of.
DROP_ALL = """
    ffffffffffff
    23 00 0048 0000
    abba
    01 0e 0048 00000009
    003fffff 0000
    000000000000
    000000000000
    0000 00 00 0000
    00 00 0000
    00000000 00000000
    0000 0000
    0000000000000000
    0000 0000 0000 ffff
    ffffffff ffff 0000
"""


def frame(text):
    """The bytes of a frame written as above."""
    return bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))


def changed(text, offset, data):
    """A frame with some bytes of it written over."""
    whole = bytearray(frame(text))
    whole[offset:offset + len(data) // 2] = bytes.fromhex(data)
    return bytes(whole)


# Offsets into a frame: the flow_mod stands behind 14 bytes of header.
LEN, MOD = 8, 14


def with_action(action):
    """DROP_ALL with an action behind it, both lengths counting it."""
    length = f"{72 + len(action) // 2:04x}"
    whole = bytearray(frame(DROP_ALL)) + bytes.fromhex(action)
    whole[LEN:LEN + 2] = whole[MOD + 2:MOD + 4] = bytes.fromhex(length)
    return bytes(whole)


# What is wrong: the cause it is to be counted under, and the frame.
MALFORMED = {
    "cut within the flow_mod": ("length", frame(DROP_ALL)[:MOD + 30]),
    "no flow_mod at all": ("length", frame(DROP_ALL)[:MOD]),
    "len greater than the frame": ("length", changed(DROP_ALL, LEN, "0400")),
    "len smaller than a flow_mod": ("length", changed(DROP_ALL, LEN, "0047")),
    "version 9": ("version", changed(DROP_ALL, 6, "93")),
    "type 15": ("type", changed(DROP_ALL, 6, "2f")),
    "ofp type 13": ("ofp-type", changed(DROP_ALL, MOD + 1, "0d")),
    "ofp length beyond the data": ("length", changed(DROP_ALL, MOD + 2, "00c8")),
    "ofp length of a header alone": ("length", changed(DROP_ALL, MOD + 2, "0008")),
    "command DELETE": ("command", changed(DROP_ALL, MOD + 56, "0003")),
    "command 9": ("command", changed(DROP_ALL, MOD + 56, "0009")),
    "flag EMERG": ("flags", changed(DROP_ALL, MOD + 70, "0004")),
    "action of length 0": ("action-length", with_action("000700000a000002")),
    "action of length 7": ("action-length", with_action("000700070a000002")),
    "action longer than the list": ("action-length", with_action("000700400a000002")),
    "half an action": ("action-length", with_action("00070008")),
    "action 0x7777": ("action-type", with_action("7777000800000000")),
    "output to port 5": ("action-port", with_action("0000000800050000")),
    "VLAN id 5000": ("action-value", with_action("0001000813880000")),
}


def programs_a_nic(bench):
    """Issue: a frame written by hand programs a NIC, and no CVSW controller at all."""
    vm1, vswitch = bench.vm1, bench.lab.vswitch
    with bench.neighbour(vm1, PHANTOM_IP, bench.mac2):
        with bench.test("frames written by hand program a NIC, without cvswd"):
            expect(ping(vm1, PHANTOM_IP) == 0, f"{PHANTOM_IP} answers before anything is programmed")
            vswitch.packet_out(1, frame(SET_ENTRY))
            vswitch.packet_out(1, frame(SET_ENTRY_PUBLISHED))
            with bench.lab.capture(vm1) as sent:
                expect(ping(vm1, PHANTOM_IP) == 3, f"{PHANTOM_IP} does not answer")
                bench.wire(sent, seen=["icmp and dst host 10.0.0.2"], unseen=[f"ip host {PHANTOM_IP}"])
        with bench.test("a DELETE_ENTRY written by hand deletes, without cvswd"):
            vswitch.packet_out(1, frame(DELETE_ENTRY))
            expect(ping(vm1, PHANTOM_IP) == 0, f"{PHANTOM_IP} still answers")
            expect(ping(vm1, "10.0.0.2") == 3, "10.0.0.2 does not answer")
    with bench.test("a SET_MTU written by hand sets the MTU, without cvswd"):
        vswitch.packet_out(1, frame(SET_MTU))
        bench.await_mtu(vm1, 1350)
        vswitch.packet_out(1, changed(SET_MTU, 10, "05dc"))
        bench.await_mtu(vm1, 1500)
    with bench.test("a control frame to another station changes nothing"):
        vswitch.packet_out(1, changed(DROP_ALL, 0, bench.mac2.replace(":", "")))
        expect(ping(vm1, "10.0.0.2") == 3, "a flow of another NIC was taken")


def malformed(bench):
    vm1 = bench.vm1
    with bench.test("DROP_ALL itself is well-formed: it drops all"):
        bench.lab.vswitch.packet_out(1, frame(DROP_ALL))
        expect(ping(vm1, "10.0.0.2") == 0, "an echo request was answered")
        bench.lab.vswitch.packet_out(1, frame(DELETE_ENTRY))
        expect(ping(vm1, "10.0.0.2") == 3, "the flow was not deleted")
    with bench.test(f"{len(MALFORMED)} malformed control frames: each counted by its cause, nothing changed"):
        before = Counter(bench.counters(vm1))
        for _, data in MALFORMED.values():
            bench.lab.vswitch.packet_out(1, data)
        expected = Counter(f"ctl-bad-{cause}" for cause, _ in MALFORMED.values())
        bench.await_count(vm1, "ctl-received", before["ctl-received"] + len(MALFORMED))
        expect(ping(vm1, "10.0.0.2") == 3, "an echo request was not answered")
        expect(bench.local_flows(vm1) == [], f"the table is no longer empty: {bench.local_flows(vm1)}")
        counted = Counter(bench.counters(vm1)) - before
        bad = Counter({name: n for name, n in counted.items() if name.startswith("ctl-bad-")})
        expect(bad == expected, f"counted: {sorted(bad.items())}, expected: {sorted(expected.items())}")


def guest_cannot(bench):
    """Programs of the guest do not speak for its NIC."""
    with bench.test("0xABBA from a program of the guest does not leave it, tagged or not"), \
         bench.lab.capture(bench.vm1) as sent:
        before = bench.counted(bench.vm1, "drop-tx-control")
        for tag in "", "81000064":
            whole = frame(DROP_ALL).hex()
            bench.vm1.sh(f"sendframe eth0 {whole[:24]}{tag}{whole[24:]}")
        expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
        bench.wire(sent, seen=["icmp"], unseen=["ether proto 0xabba", "vlan and ether proto 0xabba"])
        counted = bench.counted(bench.vm1, "drop-tx-control") - before
        expect(counted == 2, f"{counted} of 2 counted")


ALL = [programs_a_nic, malformed, guest_cannot]
