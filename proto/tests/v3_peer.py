# SPDX-License-Identifier: GPL-2.0 OR MIT
"""Version 3 of the CVSW control protocol, written from proto/VERSION3.md alone.

For tests: slow, without rates, cookies' secrets or measured round trips. It shares nothing with the C
code but the specification, so that each finds the other's mistakes, and those of the specification.
"""
import hashlib
import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HELLO, REGISTER, ACCEPT, COOKIE, SEALED = range(1, 6)
NOTHING, SEGMENT, LAST_SEGMENT, ECHO, ECHO_REPLY, PACKET_IN = range(6)
ACK, ERROR = 1, 3
CAPABILITIES, FLOWS, LIST, SET_SA, SET_MTU = 16, 18, 20, 22, 24
SET_OFFLOAD, STATISTICS, TRACE, LIST_SAS, LIST_GROUPS, GROUP_COUNTERS = 26, 28, 30, 32, 34, 36

BROADCAST = b"\xff" * 6
WINDOW = 32
SEGMENT_MAX = 1446
NAME = b"Noise_NNpsk0_25519_AESGCM_SHA256"


class Refused(Exception):
    """A frame to be dropped."""


class Disagrees(Refused):
    """An authentic record that proves that the ends remember different things."""


# ---- the frame

def frame(dst, kind, body):
    return dst + bytes([0x32, kind]) + bytes(4) + b"\xab\xba" + struct.pack(">H", len(body)) + body


def parse(data):
    """Destination, type and body of a frame."""
    if len(data) < 16 or data[6] != 0x32 or data[8:14] != bytes(4) + b"\xab\xba":
        raise Refused("not version 3")
    length, = struct.unpack(">H", data[14:16])
    if len(data) < 16 + length:
        raise Refused("short")
    fixed = {HELLO: 44, REGISTER: 96, ACCEPT: 104, COOKIE: 56}
    if data[7] in fixed and length != fixed[data[7]]:
        raise Refused("length")
    if data[7] == SEALED and not 44 <= length <= 1498:
        raise Refused("length")
    return data[:6], data[7], data[16:16 + length]


def hello(dst=BROADCAST):
    return frame(dst, HELLO, bytes(44))


# ---- computation

def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(ck, data, count):
    key = mac(ck, data)
    out = [mac(key, b"\x01")]
    while len(out) < count:
        out.append(mac(key, out[-1] + bytes([len(out) + 1])))
    return out


def nonce(counter):
    return bytes(4) + struct.pack(">Q", counter)


def seal(key, counter, additional, plain):
    return AESGCM(key).encrypt(nonce(counter), plain, additional)


def unseal(key, counter, additional, sealed):
    try:
        return AESGCM(key).decrypt(nonce(counter), sealed, additional)
    except InvalidTag as error:
        raise Refused("tag") from error


def public(secret):
    return secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


class Handshake:
    """Either side's; the lines of "Computation", one by one."""

    def __init__(self, psk, prologue, secret=None):
        self.secret = secret or X25519PrivateKey.generate()
        self.key = None
        self.h = self.ck = NAME
        self.mix(prologue)
        self.ck, x, _ = hkdf(self.ck, psk, 3)
        self.mix(x)

    def mix(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def ephemeral(self, key):
        self.mix(key)
        self.ck, self.key = hkdf(self.ck, key, 2)

    def shared(self, peer):
        result = self.secret.exchange(X25519PublicKey.from_public_bytes(peer))
        self.ck, self.key = hkdf(self.ck, result, 2)

    def write(self, payload, peer=None):
        """What goes into the frame; @peer: the other's ephemeral key, in the second message."""
        key = public(self.secret)
        self.ephemeral(key)
        if peer:
            self.shared(peer)
        sealed = seal(self.key, 0, self.h, payload)
        self.mix(sealed)
        return key + sealed

    def read(self, message, second):
        """@message: behind it in the frame there may be more."""
        message = message[:64]
        self.ephemeral(message[:32])
        if second:
            self.shared(message[:32])
        payload = unseal(self.key, 0, self.h, message[32:])
        self.mix(message[32:])
        return payload

    def split(self):
        return hkdf(self.ck, b"", 2)


def register(handshake_of, nic_mac, number, index, ticket=bytes(8), cookie=bytes(16)):
    """REGISTER and the handshake it begins; @handshake_of makes one from a prologue."""
    head = frame(BROADCAST, REGISTER,
                 nic_mac + bytes(2) + struct.pack(">I", number) + bytes(4) + cookie + bytes(64))
    handshake = handshake_of(head[:48])
    return head[:48] + handshake.write(ticket + b"\x03" + bytes(3) + struct.pack(">I", index)), handshake


def answer(psk, nic_mac, kind, number, content, ephemeral):
    """An ACCEPT or COOKIE to the REGISTER with this key."""
    head = frame(nic_mac, kind, struct.pack(">II", number, 0) + content + bytes(32))[:-32]
    return head + mac(mac(psk, b"CVSW3 answer"), head + ephemeral)


# ---- records

class Session:
    def __init__(self, tx, rx, index, peer_index):
        self.tx, self.rx, self.index, self.peer_index = tx, rx, index, peer_index
        self.counter = 0
        self.seen = {}          # counter: tag

    def known(self):
        return max(self.seen, default=-1) + 1

    def seal(self, dst, kind, base, got, content=b""):
        plain = bytes([kind, 0, 0, 0]) + struct.pack(">IQ", got, base) + content
        head = frame(dst, SEALED, struct.pack(">IQ", self.peer_index, self.counter) +
                     bytes(len(plain) + 16))[:28]
        record = head + seal(self.tx, self.counter, head, plain)
        self.counter += 1
        return record

    def open(self, data):
        """Kind, base, got, content."""
        index, counter = struct.unpack(">IQ", data[16:28])
        if index != self.index:
            raise Refused("index")
        if self.seen.get(counter) == data[-16:] or counter + 1024 < self.known():
            raise Refused("replay")
        plain = unseal(self.rx, counter, data[:28], data[28:])
        if counter in self.seen:
            raise Disagrees("two records with one counter")
        self.seen[counter] = data[-16:]
        kind, zero, got, base = plain[0], plain[1:4], *struct.unpack(">IQ", plain[4:16])
        if zero != bytes(3):
            raise Refused("reserved")
        return kind, base, got, plain[16:]


# ---- a conversation

class Stream:
    """Both streams of one, with everything in dictionaries."""

    def __init__(self):
        self.out, self.next, self.peer_base = {}, 0, 0
        self.into, self.base = {}, 0
        self.part = b""

    def put(self, message):
        for at in range(0, len(message), SEGMENT_MAX):
            last = at + SEGMENT_MAX >= len(message)
            self.out[self.next] = (LAST_SEGMENT if last else SEGMENT, message[at:at + SEGMENT_MAX])
            self.next += 1

    def due(self):
        return [(number, *segment) for number, segment in sorted(self.out.items())
                if number < self.peer_base + WINDOW]

    def acked(self, base, got):
        if base + got.bit_length() > self.next:
            raise Disagrees("acknowledged what was never sent")
        if base < self.peer_base:
            return
        self.peer_base = base
        self.out = {number: segment for number, segment in self.out.items()
                    if number >= base and not (number < base + 32 and got >> (number - base) & 1)}

    def got(self, kind, content):
        number, = struct.unpack(">Q", content[:8])
        if number >= self.base + WINDOW:
            raise Disagrees("a segment beyond the window")
        if self.base <= number:
            self.into[number] = (kind, content[8:])

    def bits(self):
        return sum(1 << (number - self.base) for number in self.into)

    def take(self):
        """Whole messages, in order."""
        while self.base in self.into:
            kind, data = self.into.pop(self.base)
            self.base += 1
            self.part += data
            if kind == LAST_SEGMENT:
                message, self.part = self.part, b""
                yield message


class Controller:
    """For one NIC. @send takes a frame; frames that come go to receive()."""

    def __init__(self, psk, nic_mac, send, ticket_of=lambda: os.urandom(8), secret_of=X25519PrivateKey.generate):
        self.psk, self.nic_mac, self.send = psk, nic_mac, send
        self.ticket_of, self.secret_of = ticket_of, secret_of
        self.pending = {}       # by our index
        self.answers = {}       # ACCEPTs, by the NIC's ephemeral key
        self.session = self.ticket = None
        self.index = 0x00010200
        self.stream = Stream()
        self.echoes = []
        self.packet_ins = []
        self.conversations = 0

    def receive(self, data):
        """Messages that are whole now."""
        dst, kind, body = parse(data)
        if dst != BROADCAST:
            raise Refused("address")
        if kind == REGISTER:
            self.registered(data, body)
            return []
        if kind != SEALED:
            raise Refused("type")
        return self.sealed(data[:16 + len(body)])

    def registered(self, data, body):
        if body[:6] != self.nic_mac or body[6:8] != bytes(2) or body[12:16] != bytes(4):
            raise Refused("address or reserved")
        ephemeral = body[32:64]
        if ephemeral not in self.answers:
            handshake = Handshake(self.psk, data[:48], self.secret_of())
            payload = handshake.read(body[32:], second=False)
            self.index += 1
            ticket, goes_on = self.ticket_of(), payload[:8] == self.ticket
            own = struct.pack(">IBB2x", self.index, 3, goes_on) + ticket
            number, = struct.unpack(">I", body[8:12])
            peer_index, = struct.unpack(">I", payload[12:])
            self.answers[ephemeral] = answer(self.psk, self.nic_mac, ACCEPT, number,
                                             handshake.write(own, peer=ephemeral), ephemeral)
            rx, tx = handshake.split()
            self.pending[self.index] = (Session(tx, rx, self.index, peer_index), ticket,
                                        payload[:8] if goes_on else None)
        self.send(self.answers[ephemeral])

    def sealed(self, data):
        index, = struct.unpack(">I", data[16:20])
        if index in self.pending:
            session, ticket, goes_on_from = self.pending[index]
            record = session.open(data)
            if goes_on_from and goes_on_from != self.ticket:
                raise Refused("it goes on with what is over")
            self.session = session
            self.pending.clear()
            self.answers.clear()
            if not goes_on_from:
                self.stream = Stream()
                self.conversations += 1
            self.ticket = ticket
        elif self.session:
            record = self.session.open(data)
        else:
            raise Refused("no session")
        try:
            return self.do(*record)
        except Disagrees:
            self.session = self.ticket = None
            raise

    def do(self, kind, base, got, content):
        self.stream.acked(base, got)
        messages = []
        if kind in (SEGMENT, LAST_SEGMENT):
            self.stream.got(kind, content)
            messages = list(self.stream.take())
        if kind == ECHO:
            if struct.unpack(">Q", content[:8])[0] > self.session.counter:
                raise Disagrees("has records that were never sent")
            self.record(ECHO_REPLY, content)
        elif kind == ECHO_REPLY:
            self.echoes.append(content)
        elif kind == PACKET_IN:
            self.packet_ins.append(content)
        elif kind != NOTHING:
            self.record(NOTHING)
        return messages

    def record(self, kind, content=b""):
        self.send(self.session.seal(self.nic_mac, kind, self.stream.base, self.stream.bits(),
                                    content))

    def echo(self, own):
        self.record(ECHO, struct.pack(">Q", self.session.known()) + own)

    def run(self):
        """Send all that is not acknowledged; to be called again and again, with pauses."""
        if self.session:
            for number, kind, data in self.stream.due():
                self.record(kind, struct.pack(">Q", number) + data)


def message(kind, xid, body=b"", error=0):
    return struct.pack(">HHI", kind, error, xid) + body


def parse_message(data):
    """Type, error, xid, body."""
    return (*struct.unpack(">HHI", data[:8]), data[8:])


def entries(body):
    """Entries of a LIST_ANSWER: reason, idle, age, packets, bytes, flow_mod."""
    at = 8
    while at < len(body):
        length, reason, _, idle, age, packets, octets = struct.unpack(">HBBIQQQ",
                                                                      body[at:at + 32])
        yield reason, idle, age, packets, octets, body[at + 32:at + length]
        at += length
