# SPDX-License-Identifier: GPL-2.0
"""The VMs on both hosts: pair 1 is vm1 and vm2, pair 2 vm3 and vm4, ...; each has a NIC of either kind."""
from hosts import STOCK_PORT, Hosts, stock_mac, stock_tap
from lab.controller import TCP, Controller
from lab.topology import BUILD, CVSW, Lab
from lab.traffic import Iperf

NAME = "bench-paper"
CVSW_NET, STOCK_NET = "10.0.0", "10.0.1"
PHANTOM = 99                        # the last byte of addresses that nobody has: rewritten to vm2's
# Nothing but what is measured; and what is left of a datagram that lost a fragment must not fill, for
# the next 30 seconds, the memory in which whole ones are put together.
QUIET_AND_FORGETFUL = """
for file in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $file; done
echo 1 > /proc/sys/net/ipv4/ipfrag_time
echo 33554432 > /proc/sys/net/ipv4/ipfrag_high_thresh
"""
# A vswitch or receiver that has to wait for the CPU loses what senders, who never wait, go on
# sending, and in the end nothing arrives whole. So who comes later in a frame's way comes first; not by
# more, for a vswitch that wakes up for every single frame is slow.
VSWITCH_NICE = RECEIVER_NICE = -5
BOOT_SECONDS = 240                  # eight emulated guests on two cores


class Pairs:
    """A context manager."""

    def __init__(self, count):
        self.lab = Lab(NAME, vswitch=Hosts(f"{BUILD}/log/{NAME}"))
        self.hosts = self.lab.vswitch
        self.controller = Controller(BUILD, self.lab.log_dir)
        self.ctl = self.controller.ctl
        self.vms = []
        self.servers = []
        self.numbers = range(1, count + 1)

    def __enter__(self):
        self.lab.__enter__()
        self._start()       # if it fails, the sandbox ends everything
        return self

    def __exit__(self, *_):
        self.controller.stop()
        self.lab.__exit__()

    def _start(self):
        self.controller.start()
        self.hosts.set_controller(TCP)
        for n in range(1, 2 * len(self.numbers) + 1):
            self.vms.append(self.lab.add_vm(f"vm{n}", (f"vm{n}", n), (stock_tap(n), STOCK_PORT + n), append=CVSW))
        for n, vm in enumerate(self.vms, 1):
            vm.await_ready(BOOT_SECONDS)
            vm.sh(QUIET_AND_FORGETFUL)
            vm.give_to_stock("eth1")
            self.lab.up(vm, f"{CVSW_NET}.{n}")
            self.lab.up(vm, f"{STOCK_NET}.{n}", nic=1)
            peer = n + 1 if n % 2 else n - 1
            for address in (peer, PHANTOM) if n == 1 else (peer,):
                self.neighbour(vm, f"{CVSW_NET}.{address}", f"02:00:00:00:00:{peer:02x}", "eth0")
                self.neighbour(vm, f"{STOCK_NET}.{address}", stock_mac(peer), "eth1")
        self.lab.give_keys(self.controller, *self.vms)
        for vm in self.vms:
            self.controller.await_state(vm.nics[0])
        self.hosts.switch.nice(VSWITCH_NICE)
        for pair in self.numbers:
            self.receiver(pair).process.nice(RECEIVER_NICE)
        self.servers = [Iperf(self.receiver(pair)) for pair in self.numbers]

    @staticmethod
    def neighbour(vm, address, mac, device):
        """No ARP among the frames that are measured."""
        vm.sh(f"ip neighbour replace {address} lladdr {mac} dev {device} nud permanent")

    def sender(self, pair):
        return self.vms[2 * pair - 2]

    def receiver(self, pair):
        return self.vms[2 * pair - 1]

    def members(self, pairs):
        """All VMs of so many pairs."""
        return self.vms[:2 * pairs]

    def new_server(self, pair):
        """In place of one that waits for a client that is gone."""
        self.servers[pair - 1].stop()
        self.servers[pair - 1] = Iperf(self.receiver(pair))
