#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a service manager does: opens a Unix socket as root, and runs a program with it as
another user. Usage: activate.py SOCKET UID COMMAND...; "@" begins an abstract name.
With REMOVED=1 in its environment, somebody removes the socket before the program starts."""
import os
import socket
import sys

path, user, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
sock = socket.socket(socket.AF_UNIX)
os.umask(0o177)
sock.bind('\0' + path[1:] if path[0] == '@' else path)
sock.listen(64)
if os.environ.get('REMOVED'):
    os.unlink(path)
os.umask(0o077)
os.dup2(sock.fileno(), 3)
os.set_inheritable(3, True)     # dup2() does not if it is that one already
os.setgroups([])
os.setresgid(user, user, user)
os.setresuid(user, user, user)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
os.execvp(command[0], command)
