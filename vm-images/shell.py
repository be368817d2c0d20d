#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
A lab of two VMs to play with: starts it and gives a shell beside the vswitch,
where Open vSwitch's tools, tcpdump, cvswctl and the guests can be used. The lab
ends with that shell. Commands may also come from a pipe.

    shell.py [plain|tso]        tso (default): Open vSwitch passes TSO frames on
"""
import os
import subprocess
import sys

sys.dont_write_bytecode = True      # everything that is made is made under build/

from lab import sandbox
from lab.controller import TCP, Controller
from lab.topology import BUILD, TOP, Lab

BANNER = """\
Two VMs are up; eth0 of each (10.0.0.1, 10.0.0.2) is under CVSW. Logs: {log_dir}

    vm1, vm2              a shell in the guest, Ctrl-] leaves it; with a command: runs it there
    cvswctl show          what the controller knows; vm1 and vm2 are also the names of the NICs
    tcpdump -eni vm1      what passes the vswitch at vm1's port
    ovs-ofctl, ovs-vsctl  the vswitch, br0
    exit                  ends all

    Try:   vm1 ping -c 3 10.0.0.2
           cvswctl add-flow vm1 in_port=HOST,icmp,actions=drop
           vm1 cvswctl --local dump-flows
"""


def main(variant):
    with Lab("shell", tso=variant == "tso") as lab:
        controller = Controller(BUILD, lab.log_dir)
        controller.start()
        lab.vswitch.set_controller(TCP)
        vms = lab.add_pair()
        lab.give_keys(controller, *vms)
        for vm in vms:
            controller.await_state(vm.nics[0])
            vm.agent.close()        # the line has room for one: now for `enter`
        print(BANNER.format(log_dir=lab.log_dir), flush=True)
        environ = dict(os.environ, PATH=f"{BUILD}/bin:{os.environ['PATH']}",
                       ENTER=f"{TOP}/vm-images/enter")
        rc = "/run/lab/bashrc"
        with open(rc, "w", encoding="ascii") as out:
            out.write("PS1='lab# '\nunset HISTFILE\n"
                      'vm1() { "$ENTER" vm1 "$@"; }\nvm2() { "$ENTER" vm2 "$@"; }\n')
        if sys.stdin.isatty():
            subprocess.call(["bash", "--rcfile", rc, "-i"], env=environ)
        else:
            subprocess.call(["bash", "-s"], env=dict(environ, BASH_ENV=rc))
        controller.stop()


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["plain"], ["tso"]):
        sys.exit(__doc__)
    sys.exit(sandbox.run(lambda: main((sys.argv[1:] or ["tso"])[0])))
