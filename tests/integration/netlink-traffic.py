#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Traffic for netlink.sh: a server that answers with the client's address, and a client.

netlink-traffic.py serve ADDRESS PORT READY-FILE      TCP and UDP on the port, until it is killed
netlink-traffic.py ask tcp|udp ADDRESS PORT           prints the answer, fails without one
"""
import os
import selectors
import socket
import sys

TIMEOUT = 3


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(address, port, ready):
    selector = selectors.DefaultSelector()
    tcp = socket.socket(family_of(address), socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.bind((address, port))
    tcp.listen()
    udp = socket.socket(family_of(address), socket.SOCK_DGRAM)
    udp.bind((address, port))
    selector.register(tcp, selectors.EVENT_READ)
    selector.register(udp, selectors.EVENT_READ)
    os.close(os.open(ready, os.O_CREAT | os.O_WRONLY))
    while True:
        for key, _ in selector.select():
            if key.fileobj is tcp:
                connection, peer = tcp.accept()
                connection.sendall(peer[0].encode())
                connection.close()
            else:
                _, peer = udp.recvfrom(64)
                udp.sendto(peer[0].encode(), peer)


def ask(protocol, address, port):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    client = socket.socket(family_of(address), kind)
    client.settimeout(TIMEOUT)
    client.connect((address, port))
    if protocol == "udp":
        client.send(b"?")
    answer = client.recv(64)
    if not answer:
        sys.exit("the connection was closed without an answer")
    print(answer.decode())


if sys.argv[1] == "serve":
    serve(sys.argv[2], int(sys.argv[3]), sys.argv[4])
else:
    ask(sys.argv[2], sys.argv[3], int(sys.argv[4]))
