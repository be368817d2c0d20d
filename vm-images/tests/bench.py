# SPDX-License-Identifier: GPL-2.0
"""What every test gets: the lab, its two guests, the report."""


class Bench:
    def __init__(self, lab, report, vms):
        self.lab, self.report = lab, report
        self.vms = vms
        self.vm1, self.vm2 = vms
        self.test = report.test

    @staticmethod
    def note(text):
        print(f"# {text}", flush=True)
