# SPDX-License-Identifier: GPL-2.0
"""
What is compared.  A block is one kind of work, done by CVSW's NICs in one way and by Open
vSwitch in another; both are set up at once, on NICs of their own, and take turns.
"""
import contextlib
import socket
import struct

from hosts import PHY_MAC, TUNNEL, UPLINK, VXLAN_PORT, stock_mac
from lab.process import wait_for
from pairs import CVSW_NET, PHANTOM, STOCK_NET

TAG = 100
MTU = 1500
MTU_VXLAN = 1450
IPV4, VLAN = b"\x08\x00", b"\x81\x00"


def raw(mac):
    return bytes.fromhex(mac.replace(":", ""))


# ---- what a frame on the wire must be; each returns what is wrong with it, or None ----

def wrong_plain(frame):
    if frame[12:14] != IPV4:
        return "not IPv4"
    if frame[33] == PHANTOM or frame[29] == PHANTOM:
        return "an address that was not rewritten"
    return None if frame[23] in (socket.IPPROTO_UDP, socket.IPPROTO_TCP) else f"IP protocol {frame[23]}"


def wrong_vlan(frame):
    tag, = struct.unpack_from("!H", frame, 14)
    if frame[12:14] != VLAN or tag & 0xfff != TAG:
        return f"no tag {TAG}"
    return wrong_plain(frame[:12] + frame[16:])


def wrong_outer(frame, protocol):
    if frame[12:14] != IPV4:
        return "not IPv4"
    if struct.unpack_from("!H", frame, 20)[0] & 0x3fff:
        return "an outer fragment"
    return None if frame[23] == protocol else f"IP protocol {frame[23]}, not {protocol}"


def wrong_vxlan(frame):
    if why := wrong_outer(frame, socket.IPPROTO_UDP):
        return why
    port, = struct.unpack_from("!H", frame, 36)
    return None if port == VXLAN_PORT else f"UDP port {port}"


def wrong_esp(frame):
    return wrong_outer(frame, socket.IPPROTO_ESP)


# ---- ways to do it ----------------------------------------------------------------------

class Way:
    """One of a block.  wrong: of the functions above."""
    encrypted = False

    def __init__(self, name, text, wrong):
        self.name, self.text, self.wrong = name, text, wrong

    @contextlib.contextmanager
    def ready(self, pairs, count):
        """Set up for so many pairs."""
        raise NotImplementedError

    def before_run(self, pairs, count):
        """What only one way of a block can have at a time."""

    @staticmethod
    def sources(count):
        """Who sends this way's frames onto the wire: MAC addresses."""
        raise NotImplementedError

    def server(self, pair):
        """The address that the sender of a pair knows its receiver by."""
        raise NotImplementedError


class Cvsw(Way):
    """flows: for sender and receiver of a pair, as cvswctl takes them."""

    def __init__(self, text, wrong=wrong_plain, flows=((), ()), server=2):
        super().__init__("cvsw", text, wrong)
        self.flows, self.to = flows, server

    @contextlib.contextmanager
    def ready(self, pairs, count):
        members = pairs.members(count)
        for n, vm in enumerate(members):
            for flow in self.flows[n % 2]:
                pairs.ctl("add-flow", vm.name, flow)
        try:
            yield
        finally:
            if any(self.flows):
                for vm in members:
                    pairs.ctl("del-flows", vm.name)

    @staticmethod
    def sources(count):
        return [raw(f"02:00:00:00:00:{n:02x}") for n in range(1, 2 * count + 1)]

    def server(self, pair):
        return f"{CVSW_NET}.{self.to if pair == 1 else 2 * pair}"


class CvswOverlay(Cvsw):
    """An overlay for each pair.  The controller sets the MTU."""

    def __init__(self, encrypted):
        super().__init__("CVSW, VXLAN + AES" if encrypted else "CVSW, VXLAN", wrong_esp if encrypted else wrong_vxlan)
        self.encrypted = encrypted

    @contextlib.contextmanager
    def ready(self, pairs, count):
        options = ["--encrypt"] if self.encrypted else []
        for pair in range(1, count + 1):
            pairs.ctl("overlay", "add", f"pair{pair}", "--vni", pair, *options,
                      pairs.sender(pair).name, pairs.receiver(pair).name)
        try:
            self._await_mtu(pairs.members(count), lambda mtu: mtu <= MTU_VXLAN)
            yield
        finally:
            for pair in range(1, count + 1):
                pairs.ctl("overlay", "del", f"pair{pair}")
        self._await_mtu(pairs.members(count), lambda mtu: mtu == MTU)

    @staticmethod
    def _await_mtu(vms, good):
        for vm in vms:
            wait_for("the controller's MTU", lambda vm=vm: good(int(vm.sh("cat /sys/class/net/eth0/mtu"))))


class Existing(Way):
    """
    Open vSwitch's.

    actions: (in front of the output to the wire, in front of the output to the VM), for either host.
    """

    def __init__(self, text, wrong=wrong_plain, actions=(("", ""), ("", "")), server=2):
        super().__init__("existing", text, wrong)
        self.actions, self.to = actions, server
        self.port, self.mtu = UPLINK, MTU

    @contextlib.contextmanager
    def ready(self, pairs, count):
        pairs.hosts.forward_stock(2 * count, self.actions, self.port)
        yield

    def before_run(self, pairs, count):
        for vm in pairs.members(count):
            if getattr(vm, "stock_mtu", MTU) != self.mtu:
                vm.sh(f"ip link set eth1 mtu {self.mtu}")
                vm.stock_mtu = self.mtu

    @staticmethod
    def sources(count):
        return [raw(stock_mac(n)) for n in range(1, 2 * count + 1)]

    def server(self, pair):
        return f"{STOCK_NET}.{self.to if pair == 1 else 2 * pair}"


class ExistingVxlan(Existing):
    """mtu: of the guests' NICs, set by hand."""

    def __init__(self, mtu, name="existing"):
        super().__init__(f"Open vSwitch, VXLAN, MTU {mtu}", wrong_vxlan)
        self.name, self.port, self.mtu = name, TUNNEL, mtu

    @staticmethod
    def sources(count):
        return [raw(PHY_MAC)]


class Block:
    """ways: the first two are what the paper compares."""

    def __init__(self, name, table, text, ways, pairs=1):
        self.name, self.table, self.text, self.ways, self.pairs = name, table, text, ways, pairs

    @contextlib.contextmanager
    def ready(self, pairs):
        with contextlib.ExitStack() as stack:
            for way in self.ways:
                stack.enter_context(way.ready(pairs, self.pairs))
            yield


def vxlan(pairs, encrypted):
    ways = [CvswOverlay(encrypted), ExistingVxlan(MTU_VXLAN)]
    if pairs == 1 and not encrypted:
        ways.append(ExistingVxlan(MTU, "existing-1500"))
    table = 7 if encrypted or pairs > 1 else 6
    text = f"VXLAN{' + AES' if encrypted else ''}, {pairs} pair{'s' if pairs > 1 else ''}"
    return Block(f"{'aes' if encrypted else 'vxlan'}-{pairs}", table, text, ways, pairs)


def blocks(pair_counts):
    to, back = f"{CVSW_NET}.{PHANTOM}", f"{CVSW_NET}.2"
    stock_to, stock_back = f"{STOCK_NET}.{PHANTOM}", f"{STOCK_NET}.2"
    made = [
        Block("null", 5, "null processing, 1 pair", [Cvsw("CVSW"), Existing("virtio_net, Open vSwitch")]),
        Block("rewrite", 5, "IP rewriting, 1 pair", [
            Cvsw("CVSW", flows=((f"in_port=HOST,ip,nw_dst={to},actions=mod_nw_dst:{back},NORMAL",
                                 f"in_port=NET,ip,nw_src={back},actions=mod_nw_src:{to},NORMAL"), ()), server=PHANTOM),
            Existing("Open vSwitch", actions=((f"mod_nw_dst:{stock_back},", f"mod_nw_src:{stock_to},"), ("", "")),
                     server=PHANTOM)]),
        Block("vlan", 5, "VLAN push and pop, 1 pair", [
            Cvsw("CVSW", wrong_vlan, ((f"in_port=HOST,ip,actions=mod_vlan_vid:{TAG},NORMAL",
                                       f"in_port=NET,dl_vlan={TAG},actions=strip_vlan,NORMAL"),) * 2),
            Existing("Open vSwitch", wrong_vlan, ((f"mod_vlan_vid:{TAG},", "strip_vlan,"),) * 2)]),
    ]
    for encrypted in False, True:
        made += [vxlan(count, encrypted) for count in pair_counts]
    return made
