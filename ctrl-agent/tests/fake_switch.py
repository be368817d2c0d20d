# SPDX-License-Identifier: GPL-2.0-or-later
"""A vswitch with NICs behind its ports, written from the specifications with
struct alone, so that a mistake in our codecs does not cancel out."""
import select
import socket
import struct
import time

V10, V13 = 1, 4
CONTROLLER13 = 0xfffffffd
HELLO, REGISTER, SET_ENTRY, DELETE_ENTRY, SET_MTU, SET_OFFLOAD, LIST, SET_SA = range(1, 9)
OUT, IN = 1, 2


def mac_bytes(text):
    return bytes(int(b, 16) for b in text.split(':'))


def control(kind, dst=b'\xff' * 6, data1=0, data=b''):
    """A control message as proto/README.md draws it."""
    frame = dst + bytes([0x20 | kind, 0]) + struct.pack('!HHH', len(data), data1, 0xabba) + data
    return frame.ljust(60, b'\0')


def flow_key(data):
    """Match and priority, of an OFPT_FLOW_MOD or an NXT_FLOW_MOD."""
    if data[1] == 4:
        match_len, = struct.unpack_from('!H', data, 40)
        return data[30:32] + data[48:48 + match_len]
    return data[8:48] + data[62:64]


class Nic:
    """The little of a NIC that the daemon's side needs; DELETE empties it."""

    def __init__(self, mac):
        self.mac = mac_bytes(mac)
        self.flows = {}
        self.mtu = None
        self.offload = None
        self.heard = []
        self.sas = {}       # (direction, SPI): (UDP ports, salt and key)
        self.refused_sas = 0
        self.silent = False

    def answers(self, frame):
        """The frames that go back."""
        if frame[:6] not in (b'\xff' * 6, self.mac) or frame[6] >> 4 != 2 or self.silent:
            return []
        kind = frame[6] & 15
        length, data1 = struct.unpack_from('!HH', frame, 8)
        data = frame[14:14 + length]
        self.heard.append((kind, data1, data))
        if kind == HELLO:
            return [control(REGISTER, self.mac, data=self.mac)]
        if kind == SET_ENTRY:
            self.flows[flow_key(data)] = data
        elif kind == DELETE_ENTRY:
            self.flows.clear()
        elif kind == SET_MTU:
            self.mtu = data1
        elif kind == SET_OFFLOAD:
            self.offload = data1
        elif kind == SET_SA:
            self.set_sa(data)
        elif kind == LIST:
            return self.list_frames()
        return []

    def set_sa(self, data):
        direction, key_len, zero, spi, src, dst = struct.unpack_from('!BBHIHH', data)
        assert zero == 0 and len(data) == 16 + key_len and key_len in (0, 16, 32), data.hex()
        name = direction, spi
        if key_len and name not in self.sas:
            self.sas[name] = (src, dst), data[12:]
        elif not key_len and self.sas.get(name):
            self.sas[name] = None       # never to be installed again
        else:
            self.refused_sas += 1

    def live_sas(self, direction):
        return {spi: sa for (way, spi), sa in self.sas.items() if way == direction and sa}

    def list_frames(self):
        flows = list(self.flows.values())
        parts = [b''.join(flows[i:i + 10]) for i in range(0, len(flows), 10)] or [b'']
        return [control(LIST, data1=len(parts) - 1 - i, data=part)
                for i, part in enumerate(parts)]


class Switch:
    def __init__(self, address, version=V13, dpid=0x1234, ports=(1, 2)):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(5)
        for _ in range(500):
            try:
                self.sock.connect(address)
                break
            except BlockingIOError:     # its backlog is full
                time.sleep(0.01)
            except (ConnectionRefusedError, ConnectionAbortedError):    # it does not listen yet
                self.sock.close()
                self.sock = socket.socket(family, socket.SOCK_STREAM)
                self.sock.settimeout(5)
                time.sleep(0.01)
        self.version = version
        self.dpid = dpid
        self.ports = {n: f'tap{n - 1}' for n in ports}
        self.nics = {}
        self.rules = []             # every flow_mod's body
        self.table = {}             # what they made of the flow table: (match, priority): body
        self.refuses = None         # an OpenFlow error (type, code) for each flow_mod
        self.barriers = True        # answered?
        self.shows_flows = True     # or refuses to
        self.packet_outs = []
        self.others_to_poll = []    # fake_nic3.Nics3
        self.network = None         # fake_nic3.BadNetwork
        self.others = []
        self.ready = False
        self.closed = False
        self.buffer = b''

    def send(self, kind, body=b'', xid=0, version=None):
        version = self.version if version is None else version
        try:
            self.sock.sendall(struct.pack('!BBHI', version, kind, 8 + len(body), xid) + body)
        except OSError:
            self.closed = True

    def say_hello(self, version=None):
        self.send(0, version=version)

    def port10(self, number, down=False):
        return struct.pack('!H6s16s6I', number, b'\2\0\0\0\1\1', self.ports[number].encode(),
                           0, 1 if down else 0, 0, 0, 0, 0)

    def port13(self, number, down=False):
        return struct.pack('!I4x6s2x16s8I', number, b'\2\0\0\0\1\1', self.ports[number].encode(),
                           0, 1 if down else 0, 0, 0, 0, 0, 0, 0)

    def port(self, number, down=False):
        return self.port10(number, down) if self.version == V10 else self.port13(number, down)

    def port_status(self, reason, number, down=False):
        self.send(12, struct.pack('!B7x', reason) + self.port(number, down))

    def packet_in(self, number, frame):
        if self.version == V10:
            body = struct.pack('!IHHBx', 0xffffffff, len(frame), number, 1) + frame
        else:
            match = struct.pack('!HHII', 1, 12, 0x80000004, number) + bytes(4)
            body = struct.pack('!IHBBQ', 0xffffffff, len(frame), 1, 0, 0) + match + bytes(2) + frame
        self.send(10, body)

    def link_up(self, number, nic):
        self.nics[number] = nic
        self.packet_in(number, control(HELLO))

    def on_packet_out(self, body):
        if self.version == V10:
            actions_len, = struct.unpack_from('!H', body, 6)
            actions = body[8:8 + actions_len]
            frame = body[8 + actions_len:]
            kind, length, port = struct.unpack_from('!HHH', actions)
        else:
            in_port, actions_len = struct.unpack_from('!IH', body, 4)
            assert in_port == CONTROLLER13
            actions = body[16:16 + actions_len]
            frame = body[16 + actions_len:]
            kind, length, port = struct.unpack_from('!HHI', actions)
        assert (kind, length) == (0, actions_len), (kind, length, actions_len)
        self.packet_outs.append((port, frame))
        if self.network:
            self.network.send(self.to_nic, port, frame)
        else:
            self.to_nic(port, frame)

    def from_nic(self, port, frame):
        if self.network:
            self.network.send(self.packet_in, port, frame)
        else:
            self.packet_in(port, frame)

    def to_nic(self, port, frame):
        if port in self.nics:
            for answer in self.nics[port].answers(frame):
                self.packet_in(port, answer)

    def on_message(self, version, kind, xid, body):
        if kind == 0:
            return
        if kind == 2:
            self.send(3, body, xid)
        elif kind == 5:
            reply = struct.pack('!QIB3xI', self.dpid, 256, 1, 0)
            if self.version == V10:
                reply += struct.pack('!I', 0) + b''.join(map(self.port10, self.ports))
                self.ready = True
            else:
                reply += struct.pack('!I', 0)
            self.send(6, reply, xid)
        elif kind == 14:
            self.on_flow_mod(xid, body)
        elif kind == (18 if self.version == V10 else 20):
            if self.barriers:
                self.send(kind + 1, b'', xid)
        elif (kind, body[:2]) == (16 if self.version == V10 else 18, b'\0\1'):
            self.on_flow_request(kind, xid, body)
        elif kind == 13:
            self.on_packet_out(body)
        elif kind == 18 and self.version == V13:
            assert struct.unpack_from('!H', body)[0] == 13
            numbers = list(self.ports)
            for more, part in ((1, numbers[:1]), (0, numbers[1:])):
                self.send(19, struct.pack('!HH4x', 13, more) + b''.join(map(self.port13, part)),
                          xid)
            self.ready = True
        elif kind == 9:
            assert body[2:] == b'\xff\xff', 'SET_CONFIG: frames may be cut'
        else:
            self.others.append((version, kind, xid, body))

    def error(self, xid, kind, code):
        self.send(1, struct.pack('!HH', kind, code) + bytes(8), xid)

    def on_flow_mod(self, xid, body):
        self.rules.append(body)
        if self.refuses:
            self.error(xid, *self.refuses)
        elif self.version == V10:
            self.table[body[:40], body[54:56]] = body
        else:
            match_len = (struct.unpack_from('!H', body, 42)[0] + 7) // 8 * 8
            self.table[body[40:40 + match_len], body[22:24]] = body

    def on_flow_request(self, kind, xid, body):
        """Flow statistics: 1.3 chooses by cookie, 1.0 does not."""
        if not self.shows_flows:
            self.error(xid, 1, 2)
            return
        rows = []
        for (match, priority), mod in self.table.items():
            if self.version == V10:
                rest, cookie, actions = match, mod[40:48], mod[64:]
                entry = b'\0\0' + rest + bytes(8) + priority + bytes(10) + cookie + bytes(16)
            else:
                cookie, actions = mod[:8], mod[40 + len(match):]
                if cookie != body[24:32]:
                    continue
                entry = bytes(10) + priority + bytes(10) + cookie + bytes(16) + match
            rows.append(struct.pack('!H', 2 + len(entry) + len(actions)) + entry + actions)
        head = b'\0\1' + bytes(2 if self.version == V10 else 6)
        more = b'\0\1\0\1' + bytes(0 if self.version == V10 else 4)
        for row in rows[:-1]:
            self.send(kind + 1, more + row, xid)
        self.send(kind + 1, head + b''.join(rows[-1:]), xid)

    def del_flows(self):
        self.table.clear()

    def poll(self, seconds=0.0):
        """Take what is there; True if something came."""
        if self.closed:
            return False
        if self.network:
            self.network.run()
            seconds = min(seconds, 0.002)
        there = select.select([self.sock, *self.others_to_poll], [], [], seconds)[0]
        for other in self.others_to_poll:
            if other in there:
                other.take()
        if self.sock not in there:
            return False
        try:
            data = self.sock.recv(65536)
        except OSError:
            data = b''
        if not data:
            self.closed = True
            return False
        self.buffer += data
        while len(self.buffer) >= 8:
            version, kind, length, xid = struct.unpack_from('!BBHI', self.buffer)
            if len(self.buffer) < length:
                break
            body, self.buffer = self.buffer[8:length], self.buffer[length:]
            self.on_message(version, kind, xid, body)
        return True

    def run(self, condition, seconds=5.0):
        """Play the switch until the condition holds; False: it did not."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end or self.closed:
                return condition()
            self.poll(0.02)
        return True

    def connect(self):
        self.say_hello()
        assert self.run(lambda: self.ready), 'no handshake'
        return self

    def close(self):
        self.sock.close()
        self.closed = True
