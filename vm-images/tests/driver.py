# SPDX-License-Identifier: GPL-2.0
"""The driver in the place of virtio_net: loading, and working without flows."""
from lab.report import expect
from lab.traffic import Iperf, ping

# What a kernel says when something of it is broken.
COMPLAINTS = (r"BUG|WARNING:|Oops|Call Trace|general protection|refcount_t|use-after-free|"
              r"blocked for more than|soft lockup|NETDEV WATCHDOG|unregister_netdevice: waiting|memory leak")


def bound_driver(vm, name):
    return vm.sh(f"basename $(readlink /sys/class/net/{name}/device/driver)").strip()


def in_place(bench):
    """modprobe.d puts our driver where udev would have put virtio_net."""
    with bench.test("the driver takes the NIC in place of virtio_net"):
        for vm in bench.vms:
            name = vm.interface(vm.nics[0])
            expect(name == "eth0", f"{vm.name}: the NIC is {name}")
            expect(bound_driver(vm, name) == "cvsw_virtio_net", f"{vm.name}: {bound_driver(vm, name)}")
            expect("virtio_net" not in vm.sh("lsmod").split(), f"{vm.name}: virtio_net is loaded")


def without_flows(bench):
    with bench.test("without flows guests ping each other"):
        expect(ping(bench.vm1, "10.0.0.2") == 3, "an echo request was not answered")
    with bench.test("without flows TCP and UDP pass, both ways"):
        server = Iperf(bench.vm2)
        for way in "", "-R":
            tcp = server.tcp(bench.vm1, "10.0.0.2", 1, way)
            udp, lost = server.udp(bench.vm1, "10.0.0.2", 1, options=way)
            bench.note(f"TCP {tcp:.0f} Mbit/s, UDP {udp:.0f} Mbit/s {way}")
            expect(lost < 50, f"{lost} % of the datagrams lost {way}")
        server.stop()


def swap_under_traffic(bench):
    """Unload and load while a flood is on its way; stock driver and ours in turn."""
    with bench.test("unloading and loading under traffic, in turn with the stock driver"):
        flood = bench.vm2.start("timeout 60 ping -q -i 0.002 -s 1000 10.0.0.1")
        for driver, other in (("virtio_net", "cvsw_virtio_net"), ("cvsw_virtio_net", "virtio_net")) * 2:
            bench.vm1.sh(f"ping -q -i 0.002 -w 1 10.0.0.2 > /dev/null & "
                         f"sleep 0.3; rmmod {other} && modprobe --ignore-install {driver}; wait")
            bench.lab.up(bench.vm1, "10.0.0.1")
            expect(bound_driver(bench.vm1, "eth0") == driver, f"{driver} did not take the NIC")
            expect(ping(bench.vm1, "10.0.0.2") == 3, f"no answers with {driver}")
        bench.vm2.sh("killall ping")
        bench.vm2.finish(flood, check=False)
    with bench.test("cvsw unloads when its driver is gone, and comes back"):
        bench.vm1.sh("rmmod cvsw_virtio_net && rmmod cvsw && modprobe cvsw_virtio_net")
        bench.lab.up(bench.vm1, "10.0.0.1")
        expect(ping(bench.vm1, "10.0.0.2") == 3, "no answers after loading")


def hot_unplug(bench):
    vm, nic = bench.vm1, bench.vm1.nics[0]
    with bench.test("hot-unplug of the NIC under traffic, and a new one"):
        flood = bench.vm2.start("timeout 60 ping -q -i 0.002 -s 1000 10.0.0.1")
        own = vm.start("timeout 60 ping -q -i 0.002 10.0.0.2")
        vm.unplug(nic)
        expect(vm.interface(nic) is None, "the interface is still there")
        vm.plug(nic)
        bench.lab.up(vm, "10.0.0.1")
        expect(ping(vm, "10.0.0.2") == 3, "no answers after plugging in again")
        vm.sh("killall ping", check=False)
        bench.vm2.sh("killall ping")
        vm.finish(own, check=False)
        bench.vm2.finish(flood, check=False)


def clean_logs(bench):
    for vm in bench.lab.vms:
        with bench.test(f"the kernel log of {vm.name} has no complaint"):
            said = vm.sh(f"dmesg | grep -E '{COMPLAINTS}' || true")
            expect(not said, said)


ALL = [in_place, without_flows, swap_under_traffic, hot_unplug]
