#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""NICs as OpenFlow switches: ovs-ofctl and bad controllers at a NIC's own socket.
Prints TAP. Usage: datapath_test.py BUILD-FOLDER [PART-OF-A-NAME] (sanitized builds)."""
import os
import random
import re
import socket
import stat
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../proto/tests'))

from agent_parts import Running, run_tests, wait_for  # noqa: E402
from fake_nic3 import PACKET_IN, Nics3  # noqa: E402

SEED = int(os.environ.get('CVSW_TEST_SEED') or random.randrange(1 << 32))
V3_NIC_FLOWS = 128          # proto/tests/v3_nic.h


def mac_of(i):
    return f'02:00:00:00:04:{i:02x}'


def key_of(i):
    return bytes([i + 1]) * 31 + b'\x5b'


class World:
    """N NICs at a switch, each with a socket for controllers."""

    def __init__(self, daemon, n=1):
        self.daemon = daemon
        self.dir = daemon.work + '/nics'
        daemon.restart('--state', daemon.work + '/cvswd.db', '--switch-dir', self.dir)
        self.macs = [mac_of(i) for i in range(n)]
        self.nics = Nics3(sys.argv[1], [(mac, key_of(i)) for i, mac in enumerate(self.macs)], True)
        for i, mac in enumerate(self.macs):
            daemon.ctl('key', 'add', mac, '-', stdin=key_of(i).hex() + '\n')
        self.connect()

    def connect(self):
        self.switch = self.daemon.switch(ports=tuple(range(1, len(self.macs) + 2)))
        self.nics.join(self.switch)
        self.running = Running(self.switch)
        self.running.__enter__()
        assert wait_for(lambda: all(self.daemon.state(mac) == 'in sync' for mac in self.macs), 30)

    def disconnect(self):
        self.running.__exit__()
        self.switch.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.disconnect()
        self.nics.stop()

    def has(self, i=0):
        return self.nics.dump(self.nics.nics[i])['flows']

    def path(self, i=0):
        return f'{self.dir}/{self.macs[i]}'

    def of(self, command, *args, nic=0, version='OpenFlow10', status=0, text='', stdin=None):
        done = subprocess.run(['ovs-ofctl', '-O', version, '--timeout=15', command, 'unix:' + self.path(nic), *args],
                              input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
        assert (done.returncode != 0) == (status != 0), f'{command} {args}: {done.returncode}: {done.stdout}'
        assert text in done.stdout, f'{command} {args}: {done.stdout}'
        return done.stdout

    def flows(self, *args, **how):
        return [re.sub(r'^ *cookie=0x0, |duration=[^ ]*, |n_packets=\d+, n_bytes=\d+, |idle_age=\d+, |table=0, ',
                       '', line).strip() for line in self.of('dump-flows', *args, **how).splitlines() if 'actions=' in line]


def test_flows(daemon):
    """add-flow, mod-flows, del-flows, dump-flows, replace-flows and diff-flows of ovs-ofctl."""
    with World(daemon, 2) as world:
        assert stat.S_IMODE(os.stat(world.path()).st_mode) == 0o600
        daemon.ctl('add-flow', world.macs[0], 'priority=5,udp,actions=drop', text='in sync, 1 flow')
        assert not world.flows() and len(world.has()) == 1
        world.of('add-flow', 'priority=7,tcp,tp_dst=80,actions=drop')
        assert 'priority=7,tcp,tp_dst=80 actions=drop' in world.has(), world.has()
        world.of('add-flow', 'cookie=0x5,table=3,priority=9,reg1=0x4,tcp,actions=load:0x1->NXM_NX_REG0[],output:2')
        assert len(world.has()) == 3 and not world.has(1), world.has()
        out = world.of('dump-flows')
        assert 'cookie=0x5, duration=' in out and 'table=3, n_packets=' in out, out
        assert 'udp' not in out, out
        assert world.flows('table=3') == ['cookie=0x5, table=3, priority=9,tcp,reg1=0x4 actions=load:0x1->NXM_NX_REG0[],output:2'], \
            world.flows('table=3')
        assert len(world.flows('cookie=0x5/-1')) == 1 and not world.flows('cookie=0x6/-1')
        assert len(world.flows('out_port=2')) == 1
        world.of('mod-flows', 'tcp,tp_dst=80,actions=output:1')
        assert 'priority=7,tcp,tp_dst=80 actions=output:HOST' in ' '.join(world.has()), world.has()
        world.of('del-flows', 'cookie=0x5/-1')
        assert len(world.flows()) == 1, world.flows()
        aggregate = world.of('dump-aggregate')
        assert 'flow_count=1' in aggregate, aggregate
        # What commands state is theirs.
        world.of('add-flow', 'priority=5,udp,actions=NORMAL', status=1, text='EPERM')
        daemon.ctl('add-flow', world.macs[0], 'priority=7,tcp,tp_dst=80,actions=NORMAL', status=1, text='a controller')
        path = daemon.work + '/flows'
        with open(path, 'w', encoding='utf-8') as file:
            file.write('priority=1,arp,actions=drop\npriority=2,icmp,actions=NORMAL\n')
        diff = world.of('diff-flows', path, status=1)
        assert '-priority=7,tcp,tp_dst=80' in diff and '+priority=2,icmp' in diff, diff
        world.of('replace-flows', path)
        assert sorted(world.flows()) == ['priority=1,arp actions=drop', 'priority=2,icmp actions=NORMAL'], world.flows()
        world.of('diff-flows', path)
        world.of('del-flows')
        assert world.has() == ['priority=5,udp actions=drop'], world.has()
        daemon.ctl('del-flows', world.macs[0])
        assert not world.has()


def test_shown(daemon):
    """show, dump-ports, dump-tables, dump-desc, and of a NIC that is away."""
    with World(daemon) as world:
        world.of('add-flow', 'table=2,tcp,actions=drop')
        shown = world.of('show')
        assert 'dpid:0000020000000400' in shown and 'n_tables:64' in shown, shown
        assert '1(HOST)' in shown and '2(NET)' in shown, shown
        ports = world.of('dump-ports')
        assert 'port  1: rx pkts=' in ports and 'port  2: rx pkts=' in ports and 'drop=?' in ports, ports
        assert 'port  2' not in world.of('dump-ports', 'HOST')
        assert '2(NET)' in world.of('dump-ports-desc')
        desc = world.of('dump-desc')
        assert 'CVSW' in desc and 'tap0' in desc and world.macs[0] in desc, desc
        tables = world.of('dump-tables')
        assert 'active=1' in tables, tables
        world.disconnect()
        assert wait_for(lambda: daemon.state(world.macs[0]) == 'absent')
        world.of('add-flow', 'priority=3,udp,actions=drop')
        assert len(world.flows()) == 2 and 'flow_count=2' in world.of('dump-aggregate')
        assert 'port  2: rx pkts=?' in world.of('dump-ports')
        world.connect()
        assert len(world.has()) == 2 and len(world.flows()) == 2
        # What was stated outlives the daemon.
        world.disconnect()
        daemon.kill()
        daemon.start()
        world.connect()
        assert len(world.has()) == 2 and len(world.flows()) == 2
        daemon.ctl('dump-flows', world.macs[0], text='table=2')
        daemon.ask(command='forget', nic=world.macs[0])
        assert not world.flows()


def test_refused(daemon):
    """What the NIC refuses is refused to who asked for it, and stated no more."""
    with World(daemon) as world:
        path = daemon.work + '/flows'
        with open(path, 'w', encoding='utf-8') as file:
            for n in range(V3_NIC_FLOWS + 10):
                file.write(f'tcp,tp_dst={n},actions=drop\n')
        out = world.of('add-flows', path, status=1)
        assert 'OFPFMFC_TABLE_FULL' in out, out
        assert wait_for(lambda: len(world.flows()) == V3_NIC_FLOWS), len(world.flows())
        assert wait_for(lambda: daemon.state(world.macs[0]) == 'in sync'), daemon.nics()
        for flow, error in (('tcp,tp_dst=1,actions=output:7', 'OFPBAC_BAD_OUT_PORT'),
                            ('tcp,tp_dst=1,actions=enqueue:1:1', 'OFPBAC_BAD_TYPE'),
                            ('ct_state=+trk,actions=drop', 'NXBRC_NXM_BAD_TYPE'),
                            ('table=70,actions=drop', 'BAD_TABLE_ID'),
                            ('check_overlap,tcp,actions=drop', 'OFPFMFC_OVERLAP')):
            world.of('add-flow', flow, status=1, text=error)
        assert len(world.flows()) == V3_NIC_FLOWS


TESTS = [
    ('datapath: ovs-ofctl changes flows', test_flows),
    ('datapath: ovs-ofctl shows the NIC', test_shown),
    ('datapath: what the NIC refuses', test_refused),
]

if __name__ == '__main__':
    sys.exit(run_tests(TESTS))
