#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Our flow_mods and texts against those of ovs-ofctl, which nobody here wrote.

usage: test_ovs.py FLOWTOOL [SEED]

1. random flows, encoded by us, printed by `ovs-ofctl ofp-parse`: the text is ours
2. the same texts, encoded by `ovs-ofctl add-flows` to a switch that is this script:
   the bytes are ours
   both for OFPT_FLOW_MOD and, with what ofp_match cannot express, NXT_FLOW_MOD
3. random ofp_match, whatever it says: we read it as ovs-ofctl does
4. what a controller sends, printed by `ovs-ofctl ofp-parse`
"""
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

FLOWS = 2000
OFPT_HELLO, OFPT_ECHO_REQUEST, OFPT_FEATURES_REQUEST, OFPT_FLOW_MOD = 0, 2, 5, 14
OFPT_VENDOR, OFPT_STATS_REQUEST, OFPT_BARRIER_REQUEST = 4, 16, 18
NXT_FLOW_MOD = 13


def report(name, failures):
    print(f"{'not ' if failures else ''}ok - proto: {name}")
    for why in failures[:5]:
        print(f"# {why}")
    if len(failures) > 5:
        print(f"# and {len(failures) - 5} more")
    return bool(failures)


def to_ovs(text):
    """Our text in ovs-ofctl's words: it knows no port names, and shows dl_vlan=0xffff otherwise."""
    return re.sub(r"(in_port=|output:|resubmit[(:])(HOST|NET)",
                  lambda found: found[1] + ("1" if found[2] == "HOST" else "2"), text)


def ofp_parse(messages, directory):
    path = os.path.join(directory, "messages")
    with open(path, "wb") as file:
        file.write(b"".join(messages))
    # Warnings go to stderr, and none may come: they would be about normalization.
    done = subprocess.run(["ovs-ofctl", "ofp-parse", path], capture_output=True, text=True,
                          timeout=60, check=False)
    return done.stdout.splitlines(), done.stderr.splitlines()


def from_ovs(line):
    """'OFPT_FLOW_MOD (xid=0x0): ADD priority=5,ip cookie:0x1 actions=drop' as our text."""
    line = re.sub(r"^(OFPT|NXT)_FLOW_MOD \(xid=0x[0-9a-f]+\): ADD ?", "", line)
    line = line.replace("vlan_tci=0x0000", "dl_vlan=0xffff")
    life = ""
    for theirs, ours in (("cookie:(0x[0-9a-f]+) ", "cookie={}, "), ("idle:([0-9]+) ", "idle_timeout={}, "),
                         ("hard:([0-9]+) ", "hard_timeout={}, "),
                         ("(send_flow_rem) ", "{} "), ("(check_overlap) ", "{} ")):
        found = re.search(rf"(?<=[ ,]){theirs}", " " + line)
        if found:
            life += ours.format(found.group(1))
            line = line.replace(found.group(0), "", 1)
    return life + line


def test_printing(flows, directory):
    shown, noise = ofp_parse([bytes.fromhex(data) for _, data in flows], directory)
    failures = [f"ovs-ofctl says: {line}" for line in noise]
    if len(shown) != len(flows):
        failures.append(f"{len(flows)} flow_mods, {len(shown)} lines")
    for (text, _), line in zip(flows, shown):
        if from_ovs(line) != to_ovs(text):
            failures.append(f"ours {to_ovs(text)!r}, theirs {from_ovs(line)!r}")
    return failures


class Switch(threading.Thread):
    """An OpenFlow 1.0 switch that keeps the flow_mods it is sent."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.flow_mods = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)

    @staticmethod
    def read(peer, count):
        data = b""
        while len(data) < count:
            more = peer.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def serve(self, peer):
        while True:
            header = self.read(peer, 8)
            message = header + self.read(peer, int.from_bytes(header[2:4], "big") - 8)
            if message[1] == OFPT_HELLO:
                peer.sendall(bytes([1, OFPT_HELLO, 0, 8]) + bytes(4))
            elif message[1] in (OFPT_ECHO_REQUEST, OFPT_BARRIER_REQUEST):
                peer.sendall(bytes([1, message[1] + 1, 0, 8]) + message[4:8])
            elif message[1] == OFPT_FEATURES_REQUEST:
                peer.sendall(bytes([1, OFPT_FEATURES_REQUEST + 1, 0, 32]) + message[4:8] + bytes(24))
            elif message[1] == OFPT_STATS_REQUEST:
                peer.sendall(bytes([1, OFPT_STATS_REQUEST + 1, 0, 12]) + message[4:10] + bytes(2))
            elif message[1] == OFPT_FLOW_MOD or (
                    message[1] == OFPT_VENDOR and message[15] == NXT_FLOW_MOD):
                self.flow_mods.append(message)

    def run(self):
        while True:
            peer, _ = self.listener.accept()
            try:
                self.serve(peer)
            except EOFError:
                peer.close()


def test_encoding(flows, flow_format, directory):
    path = os.path.join(directory, f"{flow_format}.sock")
    listing = os.path.join(directory, "flows")
    with open(listing, "w", encoding="ascii") as file:
        file.writelines(to_ovs(text) + "\n" for text, _ in flows)
    switch = Switch(path)
    switch.start()
    done = subprocess.run(["ovs-ofctl", "-O", "OpenFlow10", "-F", flow_format,
                           "add-flows", f"unix:{path}", listing],
                          capture_output=True, text=True, timeout=30, check=False)
    failures = [f"ovs-ofctl says: {line}" for line in done.stderr.splitlines()]
    if len(switch.flow_mods) != len(flows):
        failures.append(f"{len(flows)} flows, {len(switch.flow_mods)} flow_mods")
    for (text, ours), theirs in zip(flows, switch.flow_mods):
        want = bytes.fromhex(ours)
        # The xid is theirs to choose.
        theirs = theirs[:4] + want[4:8] + theirs[8:]
        if theirs != want:
            failures.append(f"{text}: ours {want.hex()}, theirs {theirs.hex()}")
    return failures


# ofp_flow_wildcards.
IN_PORT, DL_VLAN, DL_SRC, DL_DST, DL_TYPE, NW_PROTO, TP_SRC, TP_DST = (1 << bit for bit in range(8))
NW_SRC_SHIFT, NW_DST_SHIFT, DL_VLAN_PCP, NW_TOS = 8, 14, 1 << 20, 1 << 21


def random_match(rng):
    """An ofp_match and what stands around it: any wildcards, any EtherType with any protocol.

    Fields without the protocol below them are not among them: version 2 of the control
    protocol has rules of its own for those.
    """
    wild = rng.getrandbits(8) & ~DL_TYPE | rng.choice((0, DL_VLAN_PCP)) | rng.choice((0, NW_TOS))
    for shift in NW_SRC_SHIFT, NW_DST_SHIFT:
        wild |= rng.choice((0, 0, 8, 24, 31, 32, 63, rng.randrange(64))) << shift
    if wild & NW_PROTO:
        wild |= TP_SRC | TP_DST
    # More bits than there are: nobody looks at them.
    wild |= rng.choice((0, rng.getrandbits(10) << 22))
    address = bytes(rng.getrandbits(8) for _ in range(6))
    dl_type = rng.choice((0x0800, 0x0800, 0x0806, 0x8035, 0x86dd, 0x86dd, 0x8847, 0x05ff, rng.getrandbits(16)))
    proto = rng.choice((1, 2, 6, 17, 47, 58, 132, rng.getrandbits(8)))
    ports = [rng.choice((0, 22, 135, 136, rng.getrandbits(8), rng.getrandbits(16))) for _ in range(2)]
    if proto in (1, 58):
        ports = [port & 0xff for port in ports]
    match = struct.pack("!IH6s6sHBxHBB2xIIHH", wild, rng.randrange(1, 3), address, address[::-1],
                        rng.choice((0, 5, 4095, 0xffff, rng.getrandbits(16))), rng.getrandbits(8), dl_type,
                        rng.getrandbits(8), proto, rng.getrandbits(32), rng.getrandbits(32), *ports)
    if not wild & 0x3fffff:
        return random_match(rng)   # exact: its priority is another matter
    return (struct.pack("!BBHI", 1, OFPT_FLOW_MOD, 72, 0) + match +
            struct.pack("!QHHHHIHH", 0, 0, 0, 0, 5, 0xffffffff, 0xffff, 0))


def test_reading(tool, seed, directory):
    rng = random.Random(seed)
    messages = [random_match(rng) for _ in range(FLOWS)]
    ours = subprocess.run([tool, "decode"], input="\n".join(message.hex() for message in messages) + "\n",
                          capture_output=True, text=True, check=True).stdout.splitlines()
    theirs, _ = ofp_parse(messages, directory)
    failures = [] if len(ours) == len(theirs) == FLOWS else [f"{FLOWS} sent, {len(ours)} and {len(theirs)} read"]
    for message, mine, line in zip(messages, ours, theirs):
        # RARP's fields are refused, not lost.
        want = from_ovs(line) if not re.search("rarp.*arp_", line) else "error: offset 30: a match value is out of range"
        if to_ovs(mine) != want:
            failures.append(f"{message[8:48].hex()}: ours {to_ovs(mine)!r}, expected {want!r}")
    return failures


CHANNEL = {
    1: r"""OFPT_HELLO \(OF1.3\).*
 version bitmap: 0x01, 0x04
OFPT_ECHO_REQUEST .*
OFPT_FEATURES_REQUEST .*
OFPT_SET_CONFIG .*: frags=normal miss_send_len=65535
OFPT_FLOW_MOD .*: ADD priority=65000,dl_type=0xabba cookie:0x5 actions=CONTROLLER:65535
OFPT_FLOW_MOD .*: ADD priority=0 actions=NORMAL
OFPT_PACKET_OUT .*: in_port=ANY actions=output:1 data_len=60
.*dl_src=21:00:00:00:00:00,dl_dst=02:00:00:00:00:01,dl_type=0xabba
OFPT_BARRIER_REQUEST .*""",
    4: r"""OFPT_HELLO \(OF1.3\).*
 version bitmap: 0x01, 0x04
OFPT_ECHO_REQUEST \(OF1.3\).*
OFPT_FEATURES_REQUEST \(OF1.3\).*
OFPST_PORT_DESC request \(OF1.3\).*: port=ANY
OFPT_SET_CONFIG \(OF1.3\).*: frags=normal miss_send_len=65535
OFPT_FLOW_MOD \(OF1.3\).*: ADD priority=65000,dl_type=0xabba cookie:0x5 actions=CONTROLLER:65535
OFPT_FLOW_MOD \(OF1.3\).*: ADD priority=0 actions=NORMAL
OFPT_PACKET_OUT \(OF1.3\).*: in_port=CONTROLLER actions=output:1 data_len=60
.*dl_src=21:00:00:00:00:00,dl_dst=02:00:00:00:00:01,dl_type=0xabba
OFPT_BARRIER_REQUEST \(OF1.3\).*""",
}


def test_channel(tool, version, directory):
    out = subprocess.check_output([tool, "channel", str(version)], text=True)
    shown, noise = ofp_parse([bytes.fromhex(line) for line in out.split()], directory)
    failures = [f"ovs-ofctl says: {line}" for line in noise]
    shown = [line for line in shown if line]
    want = CHANNEL[version].splitlines()
    if len(shown) != len(want):
        failures.append(f"{len(want)} lines expected, {len(shown)} came")
    failures += [f"want {pattern!r}, got {line!r}" for pattern, line in zip(want, shown)
                 if not re.fullmatch(pattern, line)]
    return failures


# What people write and neither of us prints.
SPELLINGS = """
vlan_tci=0x1000/0x1000,actions=set_field:4101->vlan_vid,set_field:5->vlan_vid,set_field:3->vlan_pcp
actions=set_field:02:00:00:00:00:01->eth_src,set_field:02:00:00:00:00:02->dl_dst
ip,actions=set_field:10.0.0.1->ip_src,set_field:10.0.0.2->nw_dst,set_field:40->nw_tos
ip,nw_ttl=9,actions=set_field:10->ip_dscp,set_field:64->nw_ttl
tcp,actions=set_field:80->tcp_dst,set_field:81->tcp_src
udp,actions=set_field:80->udp_dst,set_field:81->udp_src
icmp,actions=set_field:0->icmp_type,set_field:1->icmp_code
ipv6,nw_ttl=9,actions=set_field:2001:db8::1->ipv6_src,set_field:fe80::1->ipv6_dst,set_field:5->ipv6_label
icmp6,icmp_type=135,icmp_code=0,actions=set_field:2001:db8::1->nd_target,set_field:0->icmpv6_code
icmp6,icmp_type=135,icmp_code=0,actions=set_field:02:00:00:00:00:01->nd_sll,set_field:136->icmpv6_type
icmp6,icmp_type=136,icmp_code=0,actions=set_field:02:00:00:00:00:01->nd_tll
arp,actions=set_field:2->arp_op,set_field:10.0.0.1->arp_spa,set_field:10.0.0.2->arp_tpa
arp,arp_tha=00:00:00:00:00:00,actions=set_field:02:00:00:00:00:01->arp_sha,set_field:02:00:00:00:00:02->arp_tha
cookie=0x5, duration=3.7s, n_packets=1, n_bytes=60, idle_timeout=7, idle_age=3, priority=5,ip actions=NORMAL
send_flow_rem,check_overlap,hard_timeout=0x10,cookie=9,actions=drop
eth_src=02:00:00:00:00:01,eth_dst=02:00:00:00:00:02/ff:ff:ff:00:00:00,eth_type=0x1234,actions=2
vlan_vid=0x1005,vlan_pcp=3,ip,ip_src=10.0.0.0/8,ip_dst=10.0.0.1,ip_proto=6,tcp_src=5,tcp_dst=80,actions=1,2,output(1)
vlan_vid=0x1000/0x1000,ip,ip_dscp=10,ip_ecn=1,ip_frag=first,actions=output:2
vlan_vid=0,udp,udp_src=5,udp_dst=6,actions=controller(max_len=9),controller()
ip6,ip_proto=6,tcp_dst=22,nw_ttl=3,actions=drop
rarp,actions=drop
mpls,actions=drop
icmp6,icmpv6_type=135,icmpv6_code=0,actions=drop
dl_vlan=7,actions=pop_vlan,set_vlan_vid:5,mod_vlan_vid(6),set_vlan_pcp:3,mod_vlan_pcp(4)
ip,actions=mod_nw_ecn:1,mod_nw_ecn(2),mod_nw_tos(40),load:1->nw_ecn[],load:1->OXM_OF_IP_ECN[]
actions=load:1->OXM_OF_ETH_DST[0..46],load:5->eth_src[0..7],move:dl_src[]->dl_dst[]
ip,actions=load:1->ip_src[],move:OXM_OF_IPV4_SRC[0..7]->nw_dst[8..15]
tcp,actions=move:tcp_src[]->OXM_OF_TCP_DST[]
udp6,actions=move:udp_src[]->udp_dst[],load:1->ipv6_src[0..63],load:2->ipv6_label[]
sctp,actions=load:9->sctp_src[],load:9->OXM_OF_SCTP_DST[],move:sctp_src[]->sctp_dst[]
icmp,actions=load:1->icmp_type[],load:1->OXM_OF_ICMPV4_CODE[]
arp,actions=load:2->arp_op[],move:arp_sha[]->OXM_OF_ARP_THA[],load:1->arp_spa[]
actions=mod_dl_src(02:00:00:00:00:01)
ipv6,nw_ttl=9,actions=set_field:2001:db8::/32->ipv6_dst,set_field:::1/::ff->ipv6_src,set_field:8/0xc->ipv6_label
ip,nw_ttl=9,actions=set_field:5->pkt_mark,load:1->NXM_NX_PKT_MARK[31],move:NXM_NX_PKT_MARK[0..11]->NXM_OF_VLAN_TCI[0..11]
""".split("\n")[1:-1]


def test_spellings(tool, directory):
    os.mkdir(os.path.join(directory, "spellings"))
    ours = subprocess.run([tool, "encode"], input="\n".join(SPELLINGS) + "\n", capture_output=True,
                          text=True, check=True).stdout.splitlines()
    flows = list(zip(SPELLINGS, ours))
    failures = [f"{text}: {data}" for text, data in flows if data.startswith("error")]
    for form, kind in ("OpenFlow10", OFPT_FLOW_MOD), ("NXM", OFPT_VENDOR):
        own = [flow for flow in flows if flow[1].startswith(f"01{kind:02x}")]
        failures += test_encoding(own, f"{form}-table_id", os.path.join(directory, "spellings"))
    return failures


# What both have.
GROUPS = """
group_id=5,type=all
group_id=5,type=all,bucket=output:1,bucket=actions=output:2,output:1
group_id=0xffffff00 type=indirect bucket=actions=drop
group_id=7,type=indirect,bucket=actions=
group_id=7,type=select,bucket=weight:2,actions=output:1,bucket=weight=65535,output:2
group_id=7,type=select,bucket=output:1,bucket=weight:0,actions=output:2
group_id=7,type=select,bucket=actions=mod_dl_dst:02:00:00:00:00:01,output:2
group_id=7,type=all,bucket=actions=controller,bucket=strip_vlan,output:1
group_id=7,type=all,bucket=actions=1,2
""".split("\n")[1:-1]

# What both refuse.
NO_GROUPS = """
group_id=5
type=all,bucket=output:1
group_id=5,bucket=output:1
group_id=5,type=any
group_id=5,type=all,bucket=
group_id=5,type=select,bucket=weight:1
group_id=5,type=all,bucket=weight:1,actions=output:1
group_id=5,type=indirect,bucket=output:1,bucket=output:2
group_id=5,type=select,bucket=weight:65536,actions=output:1
group_id=5,type=all,bucket=actions=nonsense
group_id=5,type=all,bucket=actions=goto_table:3
""".split("\n")[1:-1]


def parse_group(text):
    """What ovs-ofctl makes of a text, in our words; None: it refuses it."""
    done = subprocess.run(["ovs-ofctl", "-O", "OpenFlow13", "-vvconn:off", "parse-group", text],
                          capture_output=True, text=True, timeout=10, check=False)
    if done.returncode:
        return None
    shown = done.stdout.splitlines()[-1].strip().removeprefix("ADD ")
    shown = re.sub(r"set_field:([0-9a-f:]+)->eth_dst", r"mod_dl_dst:\1", shown)
    return shown.replace("pop_vlan", "strip_vlan").replace("weight:1,", "")


def test_groups(tool):
    ours = subprocess.run([tool, "group"], input="\n".join(GROUPS + NO_GROUPS) + "\n", capture_output=True,
                          text=True, check=True).stdout.splitlines()
    failures = []
    for text, shown in zip(GROUPS, ours):
        theirs = parse_group(text)
        if theirs != to_ovs(shown):
            failures.append(f"{text}: ours {to_ovs(shown)!r}, theirs {theirs!r}")
    for text, shown in zip(NO_GROUPS, ours[len(GROUPS):]):
        theirs = parse_group(text)
        if theirs or not shown.startswith("error: "):
            failures.append(f"{text}: ours {shown!r}, theirs {theirs!r}")
    return failures


def generate(tool, mode, seed):
    lines = subprocess.check_output([tool, mode, seed, str(FLOWS)], text=True).splitlines()
    return [line.split("\t") for line in lines]


def main():
    tool, seed = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "1"
    names = ["ovs-ofctl prints our flow_mods as we do", "ovs-ofctl encodes our texts as we do",
             "ovs-ofctl prints our NXT_FLOW_MODs as we do",
             "ovs-ofctl encodes our texts as NXT_FLOW_MODs as we do",
             "ovs-ofctl encodes what people write as we do", "ovs-ofctl reads any ofp_match as we do",
             "ovs-ofctl reads our OpenFlow 1.0 channel", "ovs-ofctl reads our OpenFlow 1.3 channel",
             "ovs-ofctl reads texts of groups as we do"]
    if not shutil.which("ovs-ofctl"):
        for name in names:
            print(f"ok - proto: {name} # SKIP ovs-ofctl is not installed")
        return 0
    flows, nxm_flows = (generate(tool, mode, seed) for mode in ("generate", "generate-nxm"))
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        failed |= report(names[0], test_printing(flows, directory))
        failed |= report(names[1], test_encoding(flows, "OpenFlow10-table_id", directory))
        failed |= report(names[2], test_printing(nxm_flows, directory))
        failed |= report(names[3], test_encoding(nxm_flows, "NXM-table_id", directory))
        failed |= report(names[4], test_spellings(tool, directory))
        failed |= report(names[5], test_reading(tool, seed, directory))
        failed |= report(names[6], test_channel(tool, 1, directory))
        failed |= report(names[7], test_channel(tool, 4, directory))
    failed |= report(names[8], test_groups(tool))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
