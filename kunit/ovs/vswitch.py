# SPDX-License-Identifier: GPL-2.0
"""An Open vSwitch of our own with dummy ports, spoken to in OpenFlow 1.0.

It needs nothing of the kernel and no privilege: userspace datapath, all files in one
directory.  Port 1 is HOST, port 2 NET; each is a socket that frames go into and come out of.
"""
import glob
import json
import os
import socket
import struct
import subprocess
import time

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
HELLO, ERROR, ECHO_REQUEST, ECHO_REPLY, VENDOR = range(5)
SET_CONFIG, FLOW_MOD, STATS_REQUEST, STATS_REPLY, BARRIER_REQUEST, BARRIER_REPLY = 9, 14, 16, 17, 18, 19
FRAG_NX_MATCH = 3
VENDOR_ERROR = 0xB0C2      # type and code are Nicira's, and stand behind
NICIRA = 0x2320
FLOW_MOD_TABLE_ID = 15      # a flow_mod's command says in its upper half which table
PATIENCE = 10


class Broken(Exception):
    """Open vSwitch does not do what it is there for."""


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise Broken(f"{what}: not within {PATIENCE} s")
        time.sleep(0.02)


def connect(path):
    wait_for(path, lambda: os.path.exists(path))
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(PATIENCE)
    peer.connect(path)
    return peer


class Port:
    """A dummy port's stream: each frame behind its length in two bytes."""

    def __init__(self, path):
        self.socket = connect(path)
        self.left = b""

    def send(self, frames):
        self.socket.sendall(b"".join(struct.pack("!H", len(frame)) + frame for frame in frames))

    def until(self, last):
        """The frames up to this one, without it."""
        frames = []
        while True:
            while len(self.left) >= 2:
                size, = struct.unpack_from("!H", self.left)
                if len(self.left) < 2 + size:
                    break
                frame, self.left = self.left[2:2 + size], self.left[2 + size:]
                if frame == last:
                    return frames
                frames.append(frame)
            self.left += self.socket.recv(1 << 16)


class Vswitch:
    def __init__(self, directory):
        self.directory = directory
        self.environment = {**os.environ, **dict.fromkeys(
            ("OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR", "OVS_SYSCONFDIR"), directory)}
        self.programs = []
        self.xid = 0

    def run(self, *command):
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode:
            raise Broken(f"{command}: {done.stderr}")
        return done.stdout

    def daemon(self, *command):
        # Its temporary files are to be in a directory that can be written to.
        with open(f"{self.directory}/{command[0]}.out", "wb") as out:
            self.programs.append(subprocess.Popen(
                ["unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs /tmp; exec "$@"', "sh", *command,
                 "--pidfile", "--log-file", "-vconsole:off"],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out))

    def start(self):
        os.makedirs(self.directory)
        database = f"{self.directory}/conf.db"
        self.run("ovsdb-tool", "create", database, SCHEMA)
        self.daemon("ovsdb-server", database, f"--remote=punix:{self.directory}/db.sock")
        wait_for("ovsdb-server", lambda: os.path.exists(f"{self.directory}/db.sock"))
        self.run("ovs-vsctl", "--no-wait", "init")
        self.daemon("ovs-vswitchd", f"unix:{self.directory}/db.sock", "--enable-dummy=override",
                    "--disable-system", "--disable-system-route")
        words = "add-br br0 -- set bridge br0 datapath_type=dummy fail-mode=secure protocols=OpenFlow10"
        for number in (1, 2):
            words += (f" -- add-port br0 p{number} -- set interface p{number} type=dummy ofport_request={number}"
                      f" options:pstream=punix:{self.directory}/p{number}.sock")
        self.run("ovs-vsctl", f"--timeout={PATIENCE}", *words.split())
        self.ports = {number: Port(f"{self.directory}/p{number}.sock") for number in (1, 2)}
        self.channel = connect(f"{self.directory}/br0.mgmt")
        self.ctl = connect(glob.glob(f"{self.directory}/ovs-vswitchd.*.ctl")[0])
        self.say(HELLO)
        # Else the first fragment, too, has no ports.
        self.say(SET_CONFIG, struct.pack("!HH", FRAG_NX_MATCH, 0))
        self.say(VENDOR, struct.pack("!IIB7x", NICIRA, FLOW_MOD_TABLE_ID, 1))
        self.barrier()

    def complaints(self):
        """What ovs-vswitchd warned of, to find out why it does something."""
        with open(f"{self.directory}/ovs-vswitchd.log", encoding="utf-8") as log:
            return [line for line in log if "|WARN|" in line or "|ERR|" in line]

    def stop(self):
        for program in reversed(self.programs):
            program.terminate()
            program.wait(PATIENCE)

    # -- OpenFlow

    def say(self, kind, body=b""):
        self.xid += 1
        self.channel.sendall(struct.pack("!BBHI", 1, kind, 8 + len(body), self.xid) + body)
        return self.xid

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.channel.recv(size - len(data))
            if not more:
                raise Broken("the OpenFlow connection ended")
            data += more
        return data

    def hear(self):
        """Type, xid, body of a message that is not about the connection."""
        while True:
            _, kind, length, xid = struct.unpack("!BBHI", self.exactly(8))
            body = self.exactly(length - 8)
            if kind == ECHO_REQUEST:
                self.channel.sendall(struct.pack("!BBHI", 1, ECHO_REPLY, length, xid) + body)
            elif kind != HELLO:
                return kind, xid, body

    def barrier(self):
        """The errors until now: xid to type and code."""
        asked, errors = self.say(BARRIER_REQUEST), {}
        while True:
            kind, xid, body = self.hear()
            if kind == ERROR:
                errors[xid] = struct.unpack_from("!HH", body)
                if errors[xid][0] == VENDOR_ERROR:
                    errors[xid] = struct.unpack_from("!HH", body, 8)
            elif kind == BARRIER_REPLY and xid == asked:
                return errors

    def program(self, flow_mods):
        """None for each flow_mod that was taken, else error type and code."""
        asked = [self.say(flow_mod[1], flow_mod[8:]) for flow_mod in flow_mods]
        errors = self.barrier()
        return [errors.get(xid) for xid in asked]

    def table(self):
        """Cookie, priority, packets and bytes of each flow, sorted."""
        self.forget()
        asked = self.say(STATS_REQUEST, struct.pack("!HHII4x", 0xffff, 0, NICIRA, 0) +
                         struct.pack("!HHB3x", 0xffff, 0, 0xff))
        flows, more = [], True
        while more:
            kind, xid, body = self.hear()
            if kind == ERROR:
                raise Broken(f"flow statistics: {body.hex()}")
            if kind != STATS_REPLY or xid != asked:
                continue
            more = struct.unpack_from("!H", body, 2)[0] & 1
            at = 16
            while at < len(body):
                length, = struct.unpack_from("!H", body, at)
                priority, = struct.unpack_from("!H", body, at + 12)
                flows.append((*struct.unpack_from("!Q", body, at + 24), priority,
                              *struct.unpack_from("!QQ", body, at + 32)))
                at += length
        return sorted(flows)

    def forget(self):
        """Has the flow table asked anew for each frame, and its counters brought up to date."""
        self.ctl.sendall(json.dumps({"id": 0, "method": "revalidator/purge", "params": []}).encode())
        answer = json.loads(self.ctl.recv(1 << 16))
        if answer["error"]:
            raise Broken(f"revalidator/purge: {answer['error']}")

    # -- frames

    def exchange(self, port, frames, onward_last, back_last):
        """The frames that come out at the other side, and those that come back."""
        self.ports[port].send([*frames, onward_last, back_last])
        return self.ports[3 - port].until(onward_last), self.ports[port].until(back_last)
