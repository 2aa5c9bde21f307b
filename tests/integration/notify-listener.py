#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A service manager's notification socket: writes what arrives to a file, a line a variable.

    notify-listener.py ADDRESS FILE

ADDRESS is a path, or '@' and the name of an abstract socket. FILE appears when it is bound.
"""
import socket
import sys

address = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("\0" + address[1:] if address[0] == "@" else address)
with open(sys.argv[2], "wb", buffering=0) as file:
    while True:
        file.write(listener.recv(65536).rstrip(b"\n") + b"\n")
