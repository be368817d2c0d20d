# SPDX-License-Identifier: GPL-2.0
"""Coming and going under traffic: nothing leaks, hangs or loses its flows unasked."""
import os
import threading
import time

from bench import Flood, expect, expect_equal, run, wait_for, write
from frames import HOST, NET, SET_ENTRY, SET_MTU, SET_OFFLOAD, control, flow_mod, match, output, set_nw_tos
from registry import test


def program(bench):
    bench.a.add(HOST, [set_nw_tos(0x20)], dl_type=0x0800)
    bench.a.add(NET, [set_nw_tos(0x20)], dl_type=0x0800)


@test("a move to another network namespace and back, under traffic, keeps the flows")
def move(bench):
    program(bench)
    port, home = bench.a, bench.a.ns
    with Flood(bench):
        for there in ("C", "A"):
            port.ns.ip(f"link set {port.ifname} netns {there}")
            port.ns = bench.ns[there]
            expect_equal(port.n_flows(), 2, f"flows in namespace {there}")
            port.up()
            bench.neighbours()
            hits = port.counters()["tx-hit"]
            sender = port.ns.udp(port.address)
            sender.sendto(b"x", (bench.b.address, 9))
            sender.close()
            wait_for(lambda: port.counters()["tx-hit"] > hits, "flows at work after the move")
    expect(port.ns is home, "not home again")
    bench.ping()


@test("a namespace deleted under traffic gives its interface back with its flows", anew=True)
def namespace_gone(bench):
    program(bench)
    port, home = bench.a, bench.a.ns
    with Flood(bench):
        run("ip", "netns", "add", "D")
        port.ns.ip(f"link set {port.ifname} netns D")
        run("ip", "-n", "D", "link", "set", port.ifname, "up")
        run("ip", "netns", "del", "D")
        wait_for(lambda: os.path.isdir(f"/sys/class/net/{port.ifname}"), "interface in the first namespace")
        run("ip", "link", "set", port.ifname, "netns", home.name)
    expect_equal(port.n_flows(), 2, "flows")


def again(bench):
    """After a probe under traffic: up, without flows, programmable."""
    bench.a.configure()
    bench.neighbours()
    expect_equal(bench.a.n_flows(), 0, "flows of a new device")
    program(bench)


@test("unbind and bind under traffic", anew=True)
def unbind(bench):
    with Flood(bench):
        for _ in range(5):
            program(bench)
            time.sleep(0.02)
            bench.a.unbind()
            bench.a.bind("cvsw_virtio_net")
            again(bench)
    bench.ping()


@test("hot-unplug and plug under traffic", anew=True)
def unplug(bench):
    with Flood(bench):
        for _ in range(5):
            program(bench)
            time.sleep(0.02)
            bench.a.unplug()
            bench.a.plug()
            again(bench)
    bench.ping()


@test("surprise removal under traffic, of a device whose ring is stalled too", anew=True)
def surprise(bench):
    with Flood(bench):
        for stall in (0, 1, 0, 1):
            program(bench)
            bench.a.set(stall=stall)
            time.sleep(0.05)
            bench.a.unplug(surprise=True)
            bench.a.set(stall=0)
            bench.a.plug()
            again(bench)
    bench.ping()


@test("the driver and the engine are unloaded and loaded under traffic", anew=True)
def reload(bench):
    with Flood(bench):
        for _ in range(3):
            program(bench)
            time.sleep(0.02)
            run("rmmod", "cvsw_virtio_net")
            run("rmmod", "cvsw")
            bench.insmod("cvsw", "allow_unauthenticated=1")
            bench.insmod("cvsw_virtio_net")
            for end in (bench.a, bench.b):
                end.configure()
            bench.neighbours()
    bench.ping()


@test("down and up, and a link that flaps, under traffic keep the flows")
def flaps(bench):
    program(bench)
    with Flood(bench):
        for _ in range(5):
            bench.a.ns.ip(f"link set {bench.a.ifname} down", f"link set {bench.a.ifname} up")
            bench.a.set(link=0)
            bench.a.set(link=1)
    bench.a.up()
    bench.neighbours()
    expect_equal(bench.a.n_flows(), 2, "flows")
    wait_for(lambda: "state UP" in bench.a.ns.run("ip", "link", "show", bench.a.ifname), "link up")
    bench.ping()


class Orders:
    """`with`: settings that need RTNL and flow changes arrive at a without end."""

    def __init__(self, bench):
        self.bench, self.stop = bench, threading.Event()
        flow = [control(SET_ENTRY, flow_mod(match(in_port=HOST, tp_dst=port), [output()])) for port in range(20)]
        self.orders = [control(SET_MTU, data1=1400), *flow, control(SET_OFFLOAD, data1=0),
                       control(SET_MTU, data1=1500), control(SET_OFFLOAD, data1=0x1b)]
        self.thread = threading.Thread(target=self._send)

    def _send(self):
        while not self.stop.is_set():
            for order in self.orders:
                try:
                    write(f"{self.bench.a.dir}/inject", order)
                except OSError:
                    time.sleep(0.001)       # no room, or nobody there just now
            time.sleep(0.0005)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


@test("SET_MTU, SET_OFFLOAD and flow orders while the device is unbound: no deadlock", anew=True)
def orders_while_unbound(bench):
    with Orders(bench):
        for _ in range(20):
            bench.a.unbind()
            bench.a.bind("cvsw_virtio_net")
            bench.a.configure()
            time.sleep(0.01)


@test("the same while the device is unplugged, by surprise too", anew=True)
def orders_while_unplugged(bench):
    with Orders(bench):
        for i in range(20):
            bench.a.unplug(surprise=i % 2)
            bench.a.plug()
            bench.a.configure()
            time.sleep(0.01)


@test("the same while the device moves between namespaces, with traffic", anew=True)
def orders_while_moving(bench):
    home = bench.a.ns
    with Orders(bench), Flood(bench):
        for there in ("C", "A") * 5:
            bench.a.ns.ip(f"link set {bench.a.ifname} netns {there}")
            bench.a.ns = bench.ns[there]
            bench.a.up()
            time.sleep(0.01)
    bench.a.ns = home
