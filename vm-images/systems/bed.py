# SPDX-License-Identifier: GPL-2.0
"""What check-debian and check-kernels share: a walk's disks, its lab, and its end."""
import os
import shutil
import sys

from lab import sandbox
from lab.controller import Controller
from lab.process import LabError
from lab.topology import BUILD, Lab
from lab.report import Report
from systems.readme import Readme
from systems.system import base_disk

NEEDED = ("/dev/net/tun", "/dev/loop-control")


def walk(name, title, suites, kind, prepare, run):
    """
    One walk through README; returns an exit status.

    suites: of the system, and of its kernel if that is another; kind: Walk or Host.
    prepare(walk), with the network; run(walk, lab, controller), in a lab.
    """
    disks = f"{BUILD}/{name}"
    shutil.rmtree(disks, ignore_errors=True)
    os.makedirs(disks)
    report = Report(title)
    steps = kind(report, Readme(), base_disk(*suites), disks)
    prepare(steps)

    def in_lab():
        with Lab(name) as lab:
            print(f"# {title}: {steps.systems()[0].kernel} under {lab.accel}, logs in {lab.log_dir} and {disks}", flush=True)
            controller = Controller(BUILD, lab.log_dir)
            run(steps, lab, controller)
            controller.stop()
        return 1 if report.failed else 0

    status = sandbox.run(in_lab)
    if status:
        # What was prepared counts, too; the disks stay, to be looked at.
        return status
    for system in steps.systems():
        system.remove()
    return 1 if report.failed else 0


def walk_all(jobs):
    """jobs: (title, function that returns an exit status)."""
    if os.geteuid() != 0:
        sys.exit("this needs root: loop devices, namespaces, TUN")
    status = 0
    for title, job in jobs:
        if missing := [path for path in NEEDED if not os.path.exists(path)]:
            print(f"ok - {title} # SKIP {' and '.join(missing)}: not here", flush=True)
            continue
        try:
            status = job() or status
        except (LabError, AssertionError) as why:
            print(f"not ok - {title}: {why}", flush=True)
            status = 1
    return status
