# SPDX-License-Identifier: GPL-2.0
"""The key against what the stack behind the NIC understands: run.py MODULES SEED FRAMES

A NIC whose flows deny some of what comes, and behind it the stack of this kernel with sockets for
all protocols; cvsw_stack.ko makes the frames and compares (stack.c says what).  Runs inside
User-Mode Linux, started by run-uml.sh; prints flat TAP.  Case number i is made from SEED + i alone.
"""
import os
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/kunit/wire_test", f"{TOP}/kunit/ovs"]
import frames           # noqa: E402
import netlink          # noqa: E402
import tunnel           # noqa: E402
from flows import FIELDS, NET, FlowMod, Match   # noqa: E402

DIR = "/sys/kernel/debug/cvsw_stack"
AT_ONCE = 20000
# Cases that the stack takes none of: it knows no IP behind SNAP.
NEVER_HEARD = {"SNAP"}

IP, IP6, ARP = {"dl_type": 0x0800}, {"dl_type": 0x86DD}, {"dl_type": 0x0806}
MAC = (0x42, 0xFF)


def denied():
    """Matches, as stack.h has them."""
    for ip in (IP, IP6):
        for name, protocol in (("tcp", 6), ("udp", 17), ("sctp", 132)):
            yield {**ip, "nw_proto": protocol, f"{name}_dst": 7777}
        yield {**ip, "nw_proto": 6, "tcp_dst": 8889, "tcp_flags": (0x012, 0x012)}
        yield {**ip, "nw_proto": 255}
    yield {**IP, "nw_proto": 1, "icmp_type": 13}
    yield {**IP6, "nw_proto": 58, "icmpv6_type": 139}
    yield {**IP, "nw_src": (66, 0xFF)}
    yield {**IP6, "ipv6_src": (66, 0xFF)}
    yield {**ARP, "arp_spa": (66, 0xFF)}
    yield {**ARP, "arp_sha": MAC}
    yield {**ARP, "arp_tha": MAC}
    for kind, address in ((135, "nd_sll"), (136, "nd_tll")):
        message = {**IP6, "nw_proto": 58, "icmpv6_type": kind}
        yield {**message, "nd_target": (66, 0xFF)}
        yield {**message, address: MAC}
    yield {"vlan_tci": (0x1007, 0x1FFF)}


def write(name, data):
    fd = os.open(f"{DIR}/{name}", os.O_WRONLY)
    try:
        os.write(fd, data if isinstance(data, bytes) else data.encode())
    finally:
        os.close(fd)


def counters():
    family = netlink.Family()
    try:
        return {item[netlink.COUNTER_NAME].rstrip(b"\0").decode(): netlink.u64(item[netlink.COUNTER])
                for item in family.dump(netlink.GET_STATS)}
    finally:
        family.close()


def program():
    """Returns the number of flows."""
    mods = []
    for fields in denied():
        fields = {"in_port": NET, **fields}
        pairs = {name: value if isinstance(value, tuple) else (value, FIELDS[name].all()) for name, value in fields.items()}
        mods.append(FlowMod(Match(pairs), priority=100).encode())
    # Not an OFPT_FLOW_MOD, whose flows end with the first lookup in version 2.
    mods.append(tunnel.nxt_flow_mod([tunnel.vxlan_decap()], 200, in_port=NET, dl_type=0x0800, nw_proto=17,
                                    nw_src="10.0.0.99", udp_dst=4789))
    for mod in mods:
        write("inject", frames.control(frames.SET_ENTRY, mod))
    end = time.monotonic() + 5
    while counters()["ctl-applied"] < len(mods):
        if time.monotonic() > end:
            raise RuntimeError(f"flows not taken: {({k: v for k, v in counters().items() if v})}")
        time.sleep(0.01)
    return len(mods)


def set_up(modules):
    for module in ("cvsw.ko allow_unauthenticated=1", "cvsw_stack.ko"):
        subprocess.run(["insmod", *f"{modules}/{module}".split()], check=True)
    for name, value in {
            "net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.default.rp_filter": 0, "net.ipv6.conf.default.accept_dad": 0,
            "net.ipv6.conf.default.router_solicitations": 0, "net.ipv4.neigh.default.locktime": 0,
            "net.ipv6.conf.default.suppress_frag_ndisc": 0, "net.ipv4.conf.stack0.rp_filter": 0,
            "net.ipv4.ipfrag_high_thresh": 1 << 26, "net.ipv6.ip6frag_high_thresh": 1 << 26, "net.ipv4.ipfrag_time": 1,
            "net.ipv6.ip6frag_time": 1, "net.ipv6.conf.stack0.accept_dad": 0, "net.ipv6.conf.stack0.suppress_frag_ndisc": 0,
            "net.ipv4.neigh.stack0.locktime": 0}.items():
        with open("/proc/sys/" + name.replace(".", "/"), "w") as file:
            file.write(str(value))
    lines = ["link set stack0 up", "link add link stack0 name stack0.5 type vlan id 5",
             "link add link stack0.5 name stack0.5.6 type vlan id 6",
             "link add link stack0 name stack0.7 type vlan proto 802.1ad id 7"]
    for name in ("stack0", "stack0.5", "stack0.5.6", "stack0.7"):
        lines += [f"link set {name} up", f"addr add 10.0.0.1/16 dev {name}", f"addr add fd00::1/64 dev {name} nodad"]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)


class Sum:
    def __init__(self):
        self.numbers = dict.fromkeys(("failed", "cases", "frames", "delivered", "kept"), 0)
        self.features, self.reports = {}, []

    def add(self, text):
        for line in text.splitlines():
            word, _, rest = line.partition(" ")
            if word in self.numbers:
                self.numbers[word] += int(rest)
            elif word == "feature":
                made, heard, name = rest.split(" ", 2)
                before = self.features.get(name, (0, 0))
                self.features[name] = before[0] + int(made), before[1] + int(heard)
            else:
                self.reports.append(line)


def told(good, name, lines=()):
    print(f"{'ok' if good else 'not ok'} - {name}")
    for line in lines:
        print("#", line)
    return good


def main():
    modules, seed, wanted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sys.stdout.reconfigure(line_buffering=True)
    set_up(modules)
    n_flows = program()
    found, start = Sum(), time.monotonic()
    while found.numbers["frames"] < wanted:
        cases = min(AT_ONCE, wanted - found.numbers["frames"])
        write("run", f"{seed + found.numbers['cases']} {cases}")
        with open(f"{DIR}/run") as file:
            found.add(file.read())
    n, unparsed = found.numbers, counters()["drop-unparsed"]
    took = time.monotonic() - start
    good = told(not n["failed"], f"{n['frames']} frames in {n['cases']} cases from seed {seed} on: the key has what {n['delivered']} "
                f"receivers got, {n_flows} flows are kept, nothing is lost", found.reports[:60])
    if wanted >= AT_ONCE:
        missing = [name for name, (made, heard) in found.features.items() if not made or not heard and name not in NEVER_HEARD]
        good &= told(not missing, "the stack took some of each kind", missing)
        good &= told(unparsed > 0 and n["kept"] > 0, f"{unparsed} frames dropped as unparsed, {n['kept']} of them such as the stack would take")
    for name, (made, heard) in sorted(found.features.items()):
        print(f"{made:8} {heard:8}  {name}", file=sys.stderr)
    print(f"{took:.1f} s", file=sys.stderr)
    for module in ("cvsw_stack", "cvsw"):
        subprocess.run(["rmmod", module], check=True)
    sys.exit(not good)


main()
