# SPDX-License-Identifier: GPL-2.0
"""Traffic between guests: bounded in time, on their own wires."""
import json
import re

from lab.process import LabError

CONNECT_MS = 4000


def ping(vm, address, count=3, interval=0.05, options=""):
    """Returns how many of count echo requests were answered."""
    output = vm.sh(f"ping -n -q -c {count} -i {interval} -W 1 {options} {address}", check=False)
    match = re.search(r"(\d+) received", output)
    return int(match.group(1)) if match else 0


class Iperf:
    """An iperf3 server in a guest, and clients in others."""

    def __init__(self, server, port=5201):
        self.server, self.port = server, port
        server.sh(f"iperf3 -s -D -p {port} --forceflush -I /run/iperf.{port}.pid")

    def run(self, client, address, seconds=2, options=""):
        """Returns iperf3's own report, as a dictionary."""
        output = client.sh(f"iperf3 -J -c {address} -p {self.port} -t {seconds} "
                           f"--connect-timeout {CONNECT_MS} {options}", seconds + 15, check=False)
        try:
            # Warnings come first: of datagrams above the MTU.
            report = json.loads(output[output.find("{"):])
        except ValueError:
            raise LabError(f"iperf3 to {address}: {output.strip()[-300:]}") from None
        if "error" in report:
            raise LabError(f"iperf3 to {address}: {report['error']}")
        return report["end"]

    def tcp(self, client, address, seconds=2, options=""):
        """TCP from client to server; Mbit/s as received."""
        return self.run(client, address, seconds, options)["sum_received"]["bits_per_second"] / 1e6

    def udp(self, client, address, seconds=2, rate="50M", options=""):
        """Paced UDP; returns (Mbit/s as received, per cent lost)."""
        end = self.run(client, address, seconds, f"-u -b {rate} {options}")
        arrived = self.arrived(end) / end["sum"]["packets"]
        return end["sum"]["bits_per_second"] / 1e6 * arrived, 100 * (1 - arrived)

    @staticmethod
    def arrived(end):
        """Datagrams that the server got. Its "lost_percent" is 0 when nothing arrives."""
        return end["sum_received"]["packets"] - end["sum_received"]["lost_packets"]

    def stop(self):
        self.server.sh(f"kill $(cat /run/iperf.{self.port}.pid)", check=False)
