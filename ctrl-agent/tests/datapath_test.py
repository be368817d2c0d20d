#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""NICs as OpenFlow switches: ovs-ofctl and bad controllers at a NIC's own socket.
Prints TAP. Usage: datapath_test.py BUILD-FOLDER [PART-OF-A-NAME] (sanitized builds)."""
import json
import os
import random
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
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

    def connect(self, state='in sync'):
        self.switch = self.daemon.switch(ports=tuple(range(1, len(self.macs) + 2)))
        self.nics.join(self.switch)
        self.running = Running(self.switch)
        self.running.__enter__()
        assert wait_for(lambda: all(self.daemon.state(mac) == state for mac in self.macs), 30)

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


ROUND13 = (
    'priority=7,tcp,tp_dst=80 actions=drop',
    'table=1, priority=6,in_port=1,dl_vlan=5,dl_vlan_pcp=3 actions=pop_vlan,output:2',
    'priority=6,ip,vlan_tci=0x0000/0x1fff,nw_tos=32 actions=set_field:16->ip_dscp,dec_ttl,output:2',
    'priority=5,udp6,ipv6_src=fe80::/16,tp_src=53 actions=set_field:fe80::1->ipv6_dst,set_field:54->udp_src,output:1',
    'priority=5,tcp,nw_src=10.0.0.0/8 actions=set_field:02:00:00:00:00:01->eth_src,set_field:10.1.2.3->ip_dst,set_field:81->tcp_dst,LOCAL',
    'priority=4,arp,arp_op=1,arp_spa=10.0.0.1 actions=CONTROLLER:100',
    'priority=3,metadata=0x5,reg3=0x1/0xf actions=load:0x7->NXM_NX_REG2[4..7],write_metadata:0x3/0xff,goto_table:9',
    'priority=3,icmp6,icmp_type=135,nd_target=fe80::1 actions=clear_actions,write_actions(output:2),goto_table:4',
    'table=2, priority=2,sctp,dl_vlan=4,tp_dst=9 actions=set_field:4103->vlan_vid,set_field:3->vlan_pcp,NORMAL',
    'tun_id=0x7 actions=resubmit(,3)',
)


def test_13(daemon):
    """OpenFlow 1.3: what ovs-ofctl adds it shows again, and the NIC has what 1.0 would give it."""
    with World(daemon) as world:
        path = daemon.work + '/flows'
        with open(path, 'w', encoding='utf-8') as file:
            file.write('\n'.join(flow.replace(' actions', ',actions') for flow in ROUND13) + '\n')
        world.of('add-flows', path, version='OpenFlow13')
        assert len(world.has()) == len(ROUND13), world.has()
        world.of('diff-flows', path, version='OpenFlow13')
        # The NIC has what 1.0 would give it.
        plain = [flow for flow in ROUND13 if 'goto' not in flow and 'clear' not in flow]
        with open(path, 'w', encoding='utf-8') as file:
            file.write('\n'.join(flow.replace(' actions', ',actions') for flow in plain) + '\n')
        given = []
        for version in 'OpenFlow10', 'OpenFlow13':
            world.of('del-flows', version='OpenFlow13')
            assert not world.has()
            world.of('add-flows', path, version=version)
            given.append(sorted(world.has()))
            assert len(world.flows(version='OpenFlow13')) == len(plain)
        assert given[0] == given[1] and len(given[0]) == len(plain), given
        world.of('mod-flows', 'tcp,tp_dst=80,actions=output:2', version='OpenFlow13')
        # In 1.3 a flow that is not there is not added by this.
        world.of('mod-flows', 'tcp,tp_dst=99,actions=output:2', version='OpenFlow13')
        assert len(world.has()) == len(plain) and 'tp_dst=80 actions=output:NET' in ' '.join(world.has()), world.has()
        shown = world.of('show', version='OpenFlow13')
        assert 'OFPT_FEATURES_REPLY (OF1.3)' in shown and '2(NET)' in shown, shown
        for command, text in (('dump-ports', 'port  2: rx pkts'), ('dump-ports-desc', 'NET'), ('dump-desc', 'CVSW'),
                              ('dump-aggregate', 'flow_count=%d' % len(plain)), ('dump-tables', 'active=')):
            world.of(command, version='OpenFlow13', text=text)
        for flow, error in (('tcp,actions=output:7', 'OFPBAC_BAD_OUT_PORT'), ('tcp,actions=group:3', 'OFPBAC_BAD_OUT_GROUP'),
                            ('tcp,actions=meter:1', 'OFPBIC_UNSUP_INST'), ('ct_state=+trk,actions=drop', 'OFPBMC_BAD_FIELD'),
                            ('table=70,actions=drop', 'OFPFMFC_BAD_TABLE_ID'),
                            ('tcp,actions=push_vlan:0x8100,output:2', 'OFPBAC_BAD_TYPE')):
            world.of('add-flow', flow, version='OpenFlow13', status=1, text=error)
        world.of('add-group', 'group_id=1,type=all,bucket=output:1', version='OpenFlow13', status=1, text='OFPGMFC_OUT_OF_GROUPS')
        world.of('add-meter', 'meter=1,kbps,band=type=drop,rate=1', version='OpenFlow13', status=1, text='OFPMMFC_OUT_OF_METERS')


def role(controller, number, generation):
    controller.say(24, struct.pack('!I4xQ', number, generation))
    kind, _, body = controller.hear(25, 1)
    return struct.unpack('!I', body[:4])[0] if kind == 25 else body[:4]


def test_roles(daemon):
    """A slave changes nothing and hears nothing; a stale generation is refused."""
    with World(daemon) as world, Controller(world, version=4) as a, Controller(world, version=4) as b:
        a.say(24, struct.pack('!I4xQ', 0, 0))
        assert a.hear(25)[2][8:] == b'\xff' * 8     # nobody has said a generation
        assert role(a, 0, 0) == 1 and role(a, 2, 10) == 2 and role(b, 2, 11) == 2
        assert role(a, 0, 0) == 3 and role(a, 2, 5) == b'\0\x0b\0\0'
        flow = struct.pack('!QQBBHHHIIIH2xHH4x', 0, 0, 0, 0, 0, 0, 1, 0xffffffff, 0xffffffff, 0xffffffff, 0, 1, 4)
        a.say(14, flow)
        assert a.hear(1)[2][:4] == b'\0\1\0\x0a'
        b.say(14, flow)
        b.barrier(3)
        assert b.answered(3) and world.has() == ['priority=1 actions=drop'], world.has()
        world.nics.nics[0].command(PACKET_IN, struct.pack('!BBBxHxxIIQ', 1, 2, 0, 60, 0, 0, 9) + b'x' * 60)
        kind, _, body = b.hear(10)
        assert body[6] == 1 and body[16:28] == b'\0\1\0\x0c\x80\0\0\4\0\0\0\2' and body[-60:] == b'x' * 60, body
        a.say(26)
        assert a.hear(27, 10)[2] == struct.pack('!6I', 7, 0, 7, 7, 15, 0)


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


class Controller:
    """One that says what it likes, in OpenFlow 1.0 or 1.3."""

    def __init__(self, world, nic=0, version=1):
        self.version = version
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(15)
        self.sock.connect(world.path(nic))
        self.left = b''
        self.say(0)

    def say(self, kind, body=b'', xid=1):
        self.sock.sendall(struct.pack('!BBHI', self.version, kind, 8 + len(body), xid) + body)

    def hear(self, *kinds):
        """The next message of one of these types: type, xid, body; None: the end."""
        while True:
            while len(self.left) < 8 or len(self.left) < struct.unpack_from('!H', self.left, 2)[0]:
                try:
                    more = self.sock.recv(65536)
                except ConnectionResetError:
                    more = b''
                if not more:
                    return None
                self.left += more
            _, kind, length, xid = struct.unpack_from('!BBHI', self.left)
            body, self.left = self.left[8:length], self.left[length:]
            if not kinds or kind in kinds:
                return kind, xid, body

    def barrier(self, xid):
        self.say(18 if self.version == 1 else 20, xid=xid)

    def answered(self, xid):
        return self.hear(19 if self.version == 1 else 21)[1] == xid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


def flow_mod10(port, priority=1, flags=0, idle=0):
    """An ADD for UDP to a port, that drops."""
    match = struct.pack('!IH12xHBxHBB2xIIHH', 0x3fffff & ~(1 << 4 | 1 << 5 | 1 << 7), 0, 0, 0, 0x800, 0, 17, 0, 0, 0, port)
    return match + struct.pack('!QHHHHIHH', 0, 0, idle, 0, priority, 0xffffffff, 0xffff, flags)


def test_bad(daemon):
    """Random, cut and strange messages end or refuse their own connection, and nothing else."""
    rng = random.Random(SEED)
    with World(daemon, 2) as world:
        world.of('add-flow', 'tcp,actions=drop', nic=1)
        for body in b'', b'GET / HTTP/1.0\r\n\r\n', b'\1\0\0\4', b'\1\5\0\10\0\0\0\1', rng.randbytes(500):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(world.path())
                sock.sendall(body)
        for _ in range(300):
            with Controller(world, version=rng.choice((1, 4))) as bad:
                try:
                    for _ in range(rng.randrange(1, 20)):
                        body = bytearray(flow_mod10(rng.randrange(65536)) if rng.random() < 0.5 else rng.randbytes(rng.randrange(200)))
                        for _ in range(rng.randrange(4)):
                            if body:
                                body[rng.randrange(len(body))] = rng.randrange(256)
                        bad.say(rng.choice((2, 4, 5, 7, 9, 13, 14, 16, 18, 20, 24, 28, rng.randrange(256))), bytes(body))
                    if rng.random() < 0.5:
                        bad.barrier(5)
                        bad.hear(19, 21)
                except (BrokenPipeError, ConnectionResetError):
                    pass
        with Controller(world) as good:
            # Unknown types, and one of another version, are refused with what they were.
            good.say(13, b'\0' * 8, xid=7)
            kind, xid, body = good.hear(1)
            assert xid == 7 and body[:4] == b'\0\1\0\1' and body[4:12] == struct.pack('!BBHI', 1, 13, 16, 7), body
            good.say(2, b'hello', xid=8)
            assert good.hear(3) == (3, 8, b'hello')
        assert world.flows(nic=1) == ['tcp actions=drop'] and daemon.state(world.macs[1]) == 'in sync'
        world.of('del-flows')
        assert not world.has()


def test_fast(daemon):
    """One that sends faster than the NIC answers, that never reads, and that closes in the middle."""
    with World(daemon, 2) as world:
        with Controller(world) as fast:
            for n in range(3000):
                fast.say(14, flow_mod10(n % 50, priority=1 + n % 100 // 50))
            fast.barrier(9)
            assert fast.answered(9)
            assert len(world.has()) >= 100, len(world.has())
        with Controller(world) as deaf:
            deaf.sock.settimeout(0.5)
            try:
                while True:
                    deaf.say(16, struct.pack('!HHI36xBxH', 1, 0, 0x3fffff, 255, 65535))
                    deaf.say(2, b'x' * 60000)
            except (TimeoutError, BrokenPipeError, ConnectionResetError):
                pass
            daemon.ctl('add-flow', world.macs[1], 'tcp,actions=drop', text='in sync, 1 flow')
            assert len(world.flows()) >= 100
        with Controller(world) as gone:
            gone.hear(0)        # what is left unread when it closes takes along what it has sent
            gone.say(14, flow_mod10(7, priority=50))
            gone.say(16, struct.pack('!HHI36xBxH', 1, 0, 0x3fffff, 255, 65535))
        assert wait_for(lambda: any('priority=50' in flow for flow in world.has()))
        time.sleep(0.5)         # until nobody has one
        # Places are few, and free again when their controllers go.
        many = [Controller(world) for _ in range(9)]
        many[8].say(5)
        assert not many[8].hear(6)
        many[7].say(5)
        assert many[7].hear(6)
        for controller in many:
            controller.sock.close()
        assert wait_for(lambda: 'dpid' in world.of('show'))


def test_told(daemon):
    """FLOW_REMOVED of its own flows, PACKET_IN, and a barrier of a NIC that goes away."""
    with World(daemon) as world, Controller(world) as controller:
        daemon.ctl('add-flow', world.macs[0], 'idle_timeout=1,arp,actions=drop')
        controller.say(14, flow_mod10(5, idle=1, flags=1))
        controller.say(14, flow_mod10(6, flags=1))
        controller.barrier(4)
        assert controller.answered(4) and len(world.has()) == 3
        kind, _, body = controller.hear(11)
        assert kind == 11 and body[38:40] == b'\0\5' and body[50] == 0, body
        # Of the command's flow with a timeout it hears nothing.
        assert wait_for(lambda: len(world.has()) == 1), world.has()
        frame = bytes(range(60))
        world.nics.nics[0].command(PACKET_IN, struct.pack('!BBBxHxxIIQ', 1, 1, 0, 60, 0, 0, 9) + frame)
        kind, _, body = controller.hear(10)
        assert body[10:] == frame and body[4:9] == b'\0\x3c\0\1\1', body
        world.disconnect()
        controller.say(14, flow_mod10(8))
        controller.barrier(6)
        assert controller.answered(6)
        # Nobody else can tell that it went.
        world.of('del-flows', 'udp,tp_dst=6')
        kind, _, body = controller.hear(11)
        assert body[38:40] == b'\0\6' and body[50] == 2, body
        world.connect()
        assert world.has() == ['priority=1,udp,tp_dst=8 actions=drop'], world.has()


def delete10(port):
    """A DELETE_STRICT of what flow_mod10() adds."""
    return flow_mod10(port)[:48] + struct.pack('!HHHHIHH', 4, 0, 0, 1, 0xffffffff, 0xffff, 0)


def test_restart(daemon):
    """A NIC whose flows are all a controller's is managed without any, also by the next daemon."""
    with World(daemon) as world:
        world.of('add-flow', 'priority=7,tcp,actions=drop')
        world.disconnect()
        assert wait_for(lambda: daemon.state(world.macs[0]) == 'absent')
        world.of('del-flows')
        daemon.kill()
        daemon.start()
        world.connect()
        assert not world.has(), world.has()


def test_others(daemon):
    """One controller's flow is answered: what the NIC refuses of others stays stated."""
    n = V3_NIC_FLOWS + 22
    with World(daemon) as world:
        world.disconnect()
        assert wait_for(lambda: daemon.state(world.macs[0]) == 'absent')
        with Controller(world) as controller:
            for port in range(n):
                controller.say(14, flow_mod10(port))
            controller.barrier(4)
            assert controller.answered(4)
        world.connect(state='refusing')
        assert wait_for(lambda: len(world.has()) == V3_NIC_FLOWS), len(world.has())
        with Controller(world) as other:
            other.say(14, flow_mod10(n))
            other.barrier(5)
            assert other.hear(1, 19)[0] == 1 and other.hear(1, 19)[0] == 19
            time.sleep(0.5)
            flows = daemon.ctl('dump-flows', world.macs[0])
            assert flows.count('udp') == n and f'tp_dst={n - 1} ' in flows and f'tp_dst={n} ' not in flows, flows


def test_layers(daemon):
    """A controller deletes what a command states anew in the same turn: the command's is stored."""
    with World(daemon) as world, Controller(world) as controller:
        controller.say(14, flow_mod10(9))
        controller.barrier(3)
        assert controller.answered(3)
        with socket.socket(socket.AF_UNIX) as api:
            api.connect(daemon.socket)
            answers = api.makefile()
            api.sendall(b'{"command": "show"}\n')
            answers.readline()
            time.sleep(0.2)         # until it waits, so that it hears the two in this order
            daemon.process.send_signal(signal.SIGSTOP)
            time.sleep(0.2)
            controller.say(14, delete10(9))
            request = {'command': 'add-flows', 'nic': world.macs[0], 'flows': ['priority=1,udp,tp_dst=9,actions=NORMAL']}
            api.sendall(json.dumps(request).encode() + b'\n')
            time.sleep(0.2)
            daemon.process.send_signal(signal.SIGCONT)
            answer = answers.readline()
            assert 'error' not in json.loads(answer), answer
        assert wait_for(lambda: world.has() == ['priority=1,udp,tp_dst=9 actions=NORMAL']), world.has()
        daemon.kill()
        daemon.start()
        daemon.ctl('dump-flows', world.macs[0], text='tp_dst=9 actions=NORMAL')


def test_aggregate(daemon):
    """An AGGREGATE takes as long as the NIC's list, not a second for each part of it."""
    with World(daemon) as world:
        path = daemon.work + '/flows'
        with open(path, 'w', encoding='utf-8') as file:
            for n in range(V3_NIC_FLOWS):
                file.write(f'tcp,tp_dst={n},actions=' + 'load:0x1->NXM_NX_REG0[],' * 50 + 'output:2\n')
        world.of('add-flows', path)
        for version in 'OpenFlow10', 'OpenFlow13':
            start = time.monotonic()
            world.of('dump-aggregate', version=version, text=f'flow_count={V3_NIC_FLOWS}')
            assert time.monotonic() - start < 2, time.monotonic() - start


def test_barrier(daemon):
    """A barrier waits for what came before it, not for what another controller goes on to say."""
    with World(daemon) as world, Controller(world) as flood, Controller(world) as controller:
        over = threading.Event()

        def say():
            n = 0
            while not over.is_set():
                body = flow_mod10(n % 50)
                flood.say(14, body[:40] + struct.pack('!Q', n) + body[48:])
                n += 1
                time.sleep(0.002)
        thread = threading.Thread(target=say)
        thread.start()
        try:
            time.sleep(0.5)
            controller.sock.settimeout(3)
            controller.barrier(5)
            assert controller.answered(5)
        finally:
            over.set()
            thread.join()


def test_untold(daemon):
    """That a flow is deleted is told also where the NIC never had it."""
    with World(daemon) as world, Controller(world) as controller:
        message = b''.join(struct.pack('!BBHI', 1, 14, 8 + len(body), 9) + body for body in (flow_mod10(9, flags=1), delete10(9)))
        controller.sock.settimeout(5)
        controller.sock.sendall(message)
        controller.barrier(3)
        assert controller.answered(3)
        kind, _, body = controller.hear(11)
        assert kind == 11 and body[38:40] == b'\0\x09' and body[50] == 2, body
        assert not world.has()


def test_deaf(daemon):
    """Controllers that ask for much and read nothing give their places back."""
    with World(daemon) as world:
        world.disconnect()
        assert wait_for(lambda: daemon.state(world.macs[0]) == 'absent')
        with Controller(world) as controller:
            controller.hear(0)
            for n in range(9000):
                controller.say(14, flow_mod10(n))
            controller.barrier(4)
            assert controller.answered(4)
        deaf = [Controller(world) for _ in range(8)]
        for controller in deaf:
            for _ in range(3):
                controller.say(16, struct.pack('!HHI36xBxH', 1, 0, 0x3fffff, 255, 65535))
        # One that reads, slowly, stays; it has the place of one that does not.
        deaf[7].sock.close()
        time.sleep(0.5)
        slow = Controller(world)
        for _ in range(3):
            slow.say(16, struct.pack('!HHI36xBxH', 1, 0, 0x3fffff, 255, 65535))
        end = time.monotonic() + 19
        while time.monotonic() < end:
            more = slow.sock.recv(20000)
            assert more
            slow.left += more
            time.sleep(0.5)
        world.of('show')
        assert 'reads nothing for 15 s' in daemon.read_log(), daemon.read_log()[-500:]
        slow.say(2, b'still here')
        assert slow.hear(3)[2] == b'still here'
        slow.sock.close()


TESTS = [
    ('datapath: bad controllers', test_bad),
    ('datapath: fast, deaf and gone controllers', test_fast),
    ('datapath: what controllers are told', test_told),
    ('datapath: OpenFlow 1.3', test_13),
    ('datapath: roles', test_roles),
    ('datapath: ovs-ofctl changes flows', test_flows),
    ('datapath: ovs-ofctl shows the NIC', test_shown),
    ('datapath: what the NIC refuses', test_refused),
    ('datapath: a restart without flows', test_restart),
    ("datapath: other controllers' refused flows", test_others),
    ('datapath: one turn, two layers', test_layers),
    ('datapath: aggregates', test_aggregate),
    ('datapath: barriers', test_barrier),
    ('datapath: flows the NIC never tells of', test_untold),
    ('datapath: deaf controllers', test_deaf),
]

if __name__ == '__main__':
    sys.exit(run_tests(TESTS))
