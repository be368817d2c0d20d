# SPDX-License-Identifier: GPL-2.0
"""A tunnel between two NICs, made of flows by hand, as someone would type them."""
import itertools
import os
import tempfile

VNI = 42
MTU_VXLAN = 1500 - 50               # IPv4 20, UDP 8, VXLAN 8, the inner Ethernet header 14
# ESP: 8 and an IV of 8 in front; a trailer of 2 and a tag of 16 behind. No padding at this size.
MTU_ESP = MTU_VXLAN - 34
MTU_ESP_UDP = MTU_ESP - 8
# A NIC never takes the same SPI twice.
_spis = itertools.count(0x1001)


def outer(n):
    """The outer address of vmN: from a net that nobody's routing knows."""
    return f"192.0.2.{n}"


class Tunnel:
    """
    Between vm1 and vm2; their NICs' addresses end in these numbers.

    esp: None, "esp" (protocol 50) or "udp" (RFC 3948).
    """

    def __init__(self, esp=None, alg="aes-gcm-256"):
        self.esp, self.alg = esp, alg
        self.mtu = {None: MTU_VXLAN, "esp": MTU_ESP, "udp": MTU_ESP_UDP}[esp]
        # By sender.
        self.spi = {n: next(_spis) for n in (1, 2)} if esp else {}
        self.key = {n: os.urandom((16 if alg.endswith("128") else 32) + 4).hex() for n in self.spi}

    def flows(self, n):
        """What vmN's NIC is to do: encapsulate everything, and take only what its peer sent."""
        peer = 3 - n
        out = (f"vxlan_encap(vni={VNI},dst={outer(peer)},src={outer(n)},"
               f"dl_dst=02:00:00:00:00:{peer:02x},dl_src=02:00:00:00:00:{n:02x})")
        ends = f"nw_src={outer(peer)},nw_dst={outer(n)}"
        inside = f"tun_type=vxlan,tun_id={VNI},tun_src={outer(peer)}"
        wire, take = f"udp,{ends},tp_dst=4789", "vxlan_decap"
        if self.esp:
            wire = f"udp,{ends},tp_dst=4500" if self.esp == "udp" else f"ip,{ends},nw_proto=50"
            out, take = f"{out},encrypt(spi={self.spi[n]:#x})", "decrypt,vxlan_decap"
            inside += f",sa={self.spi[peer]:#x}"
        return [f"priority=10,in_port=HOST,pass=0,actions={out}",
                f"priority=10,in_port=NET,pass=0,{wire},actions={take}",
                f"priority=10,in_port=NET,{inside},actions=NORMAL",
                "priority=1,in_port=NET,actions=drop"]

    def keys(self, n, file):
        """Arguments of set-key for the way from vmN to its peer, for both NICs. file: has its key."""
        form = ["udp"] if self.esp == "udp" else []
        for nic, way in (3 - n, "in"), (n, "out"):
            yield ["set-key", f"vm{nic}", f"spi={self.spi[n]:#x}", f"dir={way}", f"alg={self.alg}",
                   *form, "--file", file]

    def set_keys(self, ctl):
        """Give both NICs the keys of both ways, the receiver's first."""
        for n, key in self.key.items():
            with tempfile.NamedTemporaryFile("w", suffix=".key") as file:
                file.write(key + "\n")
                file.flush()
                for argv in self.keys(n, file.name):
                    ctl(*argv)

    def del_keys(self, ctl):
        for n, spi in self.spi.items():
            for nic, way in (n, "out"), (3 - n, "in"):
                ctl("del-key", f"vm{nic}", f"spi={spi:#x}", f"dir={way}")
