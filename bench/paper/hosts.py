# SPDX-License-Identifier: GPL-2.0
"""
The paper's two hosts and the wire between them, on one machine.

      vm1 vm3 ...                             vm2 vm4 ...
     eth0    eth1                            eth0    eth1       eth0: CVSW's driver, eth1: virtio_net
       |       |                               |       |
      br0     st0 ---- vxlan ...... vxlan --- st1     br1       vswitches: br for CVSW's NICs, under cvswd;
       |       |         |            |        |       |        st for the stock ones ("existing")
       +---- phy0 -------+            +------ phy1 ----+        what a host's network card hangs on
               |                                |
             wire0 ----------------------------wire1            veth, MTU 1500: here captures are made

One ovs-vswitchd does both hosts, in its userspace datapath: each frame passes it twice,
either way.  Patch ports cost nothing.  The address of a VXLAN endpoint is at the card of the
other host (198.51.100.2, host 1's, is phy0's): ovs-vswitchd leaves by the bridge that the
machine's routes lead to, and they lead to where an address is.
"""
from lab.process import call
from lab.vswitch import Vswitch, quiet

VNI = 42
VXLAN_PORT = 4789
STOCK_PORT = 100            # the stock NIC of vmN is port 100 + N
UPLINK, TUNNEL = 200, 201   # ports of st0 and st1
WIRE, PATCH_BR, PATCH_ST = 1, 2, 3      # ports of phy0 and phy1
VMS = 8


def host_of(n):
    """vm1, vm3, ... send and live on host 0; vm2, vm4, ... receive on host 1."""
    return (n + 1) % 2


def stock_tap(n):
    return f"stock{n}"


def stock_mac(n):
    return f"02:00:00:00:00:{STOCK_PORT + n:02x}"


def endpoint(host):
    return f"198.51.100.{host + 1}"


# Of both network cards: ovs-vswitchd learns the other endpoint's from what arrives, and takes
# frames out of the tunnel only if they are for the MAC address of the card that has the address.
PHY_MAC = "02:00:00:00:fe:00"
NEIGHBOUR_SECONDS = 3600


class Hosts(Vswitch):
    def __init__(self, log_dir):
        super().__init__(log_dir, tso=False)

    def start(self):
        super().start()
        call("ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1")
        self.add_bridge("br1", "02:00:00:00:ff:01")
        for host in 0, 1:
            quiet(f"wire{host}")
            call("ip", "link", "set", f"wire{host}", "up")
            self.add_bridge(f"st{host}", f"02:00:00:00:fd:{host:02x}")
            self.add_bridge(f"phy{host}", PHY_MAC)
            self.add_port(f"phy{host}", f"wire{host}", f"ofport_request={WIRE}")
            self._patch(f"br{host}", f"phy{host}", UPLINK, PATCH_BR)
            self._patch(f"st{host}", f"phy{host}", UPLINK, PATCH_ST)
            self._network_card(host)
        self._tunnel()

    def _patch(self, one, other, one_port, other_port):
        self.add_port(one, f"{one}-{other}", "type=patch", f"options:peer={other}-{one}",
                      f"ofport_request={one_port}")
        self.add_port(other, f"{other}-{one}", "type=patch", f"options:peer={one}-{other}",
                      f"ofport_request={other_port}")

    def _network_card(self, host):
        for flow in (f"in_port={WIRE},udp,nw_dst={endpoint(host)},tp_dst={VXLAN_PORT},actions=LOCAL",
                     f"in_port=LOCAL,actions=output:{WIRE}",
                     # Programming comes from each host's own controller, not over the wire.
                     "dl_type=0xabba,actions=drop",
                     # The stock NICs' addresses are known; the rest is for CVSW's.
                     *(f"in_port={WIRE},dl_dst={stock_mac(n)},actions=output:{PATCH_ST}"
                       for n in range(1, VMS + 1)),
                     f"priority=1,in_port={WIRE},actions=output:{PATCH_BR}",
                     f"priority=1,in_port={PATCH_BR},actions=output:{WIRE}",
                     f"priority=1,in_port={PATCH_ST},actions=output:{WIRE}"):
            self.ofctl("add-flow", flow, bridge=f"phy{host}")

    def _tunnel(self):
        for host in 0, 1:
            quiet(f"phy{host}")
            call("ip", "address", "add", f"{endpoint(1 - host)}/32", "dev", f"phy{host}")
            call("ip", "link", "set", f"phy{host}", "up")
        call("ovs-appctl", "tnl/neigh/aging", NEIGHBOUR_SECONDS)
        for host in 0, 1:
            self.add_port(f"st{host}", f"vxlan{host}", "type=vxlan", f"ofport_request={TUNNEL}",
                          f"options:local_ip={endpoint(host)}", f"options:remote_ip={endpoint(1 - host)}",
                          f"options:key={VNI}", f"options:dst_port={VXLAN_PORT}")
            call("ovs-appctl", "tnl/arp/set", f"phy{host}", endpoint(1 - host), PHY_MAC)

    def add_tap(self, name, port):
        """Where a NIC belongs is in its port's number."""
        stock = port > STOCK_PORT
        host = host_of(port - STOCK_PORT if stock else port)
        super().add_tap(name, port, f"st{host}" if stock else f"br{host}")

    def set_controller(self, target):
        for bridge in "br0", "br1":
            super().set_controller(target, bridge)

    def forward_stock(self, vms, actions, port):
        """
        What the existing vswitches do with frames of the stock NICs of so many VMs.

        actions: for either host, in front of the output to the wire and to the VM, as
        ovs-ofctl takes them; port: UPLINK or TUNNEL.
        """
        for host, (to_wire, to_vm) in enumerate(actions):
            self.ofctl("del-flows", bridge=f"st{host}")
            for n in range(1, vms + 1):
                if host_of(n) == host:
                    for flow in (f"in_port={STOCK_PORT + n},actions={to_wire}output:{port}",
                                 f"in_port={port},dl_dst={stock_mac(n)},actions={to_vm}output:{STOCK_PORT + n}"):
                        self.ofctl("add-flow", flow, bridge=f"st{host}")

    def stop(self):
        super().stop()
        call("ip", "link", "del", "wire0", check=False)
