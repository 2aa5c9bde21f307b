#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Traffic for the network tests: servers that tell who asks, clients, and frames made by hand.

net-traffic.py serve READY-FILE PROTOCOL:PORT[@ADDRESS]...   tcp, udp; tells "PEER LOCAL", logs asks
net-traffic.py ask [-w SECONDS] [-s SOURCE] PROTOCOL ADDRESS PORT
                           prints the answer; status 1 when refused, 2 when nobody answers
net-traffic.py frame LINK SOURCE-MAC TARGET-MAC SOURCE TARGET udp|syn|sctp|echo [PORT]
                           sends one Ethernet frame with a packet of that kind
net-traffic.py listen READY-FILE NUMBER    prints SOURCE of every IPv4 packet of that protocol
net-traffic.py greetings ADDRESS PORT=TEXT...    asks for the text that TCP servers greet with, prints
                           those that are wrong or missing, and fails if there are any
net-traffic.py resolve SERVER NAME [A|AAAA|TYPE-NUMBER]    prints the addresses that the server knows;
                           status 1 when it knows none, 2 when it does not answer
net-traffic.py dns READY-FILE ADDRESS NAME=ADDRESS...      a name server
net-traffic.py sniff READY-FILE LINK       prints "SOURCE-MAC SOURCE" of every IP packet received
"""
import errno
import os
import selectors
import socket
import struct
import sys

REFUSED, SILENT = 1, 2
ICMPV6 = 58
SCTP = 132
# Linux's values of names that the socket module of Python 3.11 lacks.
IP_PKTINFO = 8
PACKET_OUTGOING = 4


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def plain(address):
    return address.split("%")[0]


def say_ready(path):
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))


# ---- Servers ----------------------------------------------------------------------------------


def open_server(protocol, port, address):
    family = family_of(address)
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    server = socket.socket(family, kind)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        server.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    server.bind((address, port))
    if protocol == "tcp":
        server.listen(64)
    return server


def answer_stream(server, port):
    connection, peer = server.accept()
    local = plain(connection.getsockname()[0])
    print("tcp", port, plain(peer[0]), local, flush=True)
    try:
        connection.sendall(f"{plain(peer[0])} {local}".encode())
    except OSError:
        pass
    connection.close()


def answer_datagram(server, port):
    data, info, _, peer = server.recvmsg(65536, 256)
    at = info[0][2]
    if server.family == socket.AF_INET6:
        local, reply = socket.inet_ntop(socket.AF_INET6, at[:16]), at
    else:
        # From the address that was asked, over whatever link leads back.
        local, reply = socket.inet_ntoa(at[8:12]), struct.pack("I4s4s", 0, at[8:12], bytes(4))
    print("udp", port, plain(peer[0]), local, len(data), flush=True)
    level, kind, _ = info[0]
    server.sendmsg([f"{plain(peer[0])} {local}".encode()], [(level, kind, reply)], 0, peer)


def serve(ready, *specs):
    selector = selectors.DefaultSelector()
    for spec in specs:
        protocol, rest = spec.split(":", 1)
        port, _, address = rest.partition("@")
        for one in [address] if address else ["0.0.0.0", "::"]:
            answer = answer_stream if protocol == "tcp" else answer_datagram
            selector.register(
                open_server(protocol, int(port), one), selectors.EVENT_READ, (answer, port)
            )
    say_ready(ready)
    while True:
        for key, _ in selector.select():
            answer, port = key.data
            answer(key.fileobj, port)


# ---- Clients ----------------------------------------------------------------------------------


def ask_once(protocol, address, port, wait, source, payload=b"?"):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family_of(address), kind) as client:
        client.settimeout(wait)
        if source:
            client.bind((source, 0))
        client.connect((address, port))
        if protocol == "udp":
            client.send(payload)
        return client.recv(256).decode()


def ask(arguments):
    wait, source = 3.0, ""
    while arguments[0].startswith("-"):
        option, value, *arguments = arguments
        if option == "-w":
            wait = float(value)
        else:
            source = value
    protocol, address, port = arguments
    try:
        answer = ask_once(protocol, address, int(port), wait, source)
    except TimeoutError:
        print("no answer", file=sys.stderr)
        sys.exit(SILENT)
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(SILENT if error.errno == errno.ETIMEDOUT else REFUSED)
    if not answer:
        print("closed without an answer", file=sys.stderr)
        sys.exit(REFUSED)
    print(answer)


def check_greetings(address, *pairs):
    wrong = 0
    for pair in pairs:
        port, expected = pair.split("=")
        try:
            greeting = ask_once("tcp", address, int(port), 3, "").strip()
        except OSError as error:
            greeting = str(error)
        if greeting != expected:
            print(f"port {port} of {address}: expected {expected}, got {greeting}")
            wrong += 1
    sys.exit(wrong > 0)


# ---- Frames -----------------------------------------------------------------------------------


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return ~crc & 0xFFFFFFFF


def transport(kind, port, v6):
    """The packet's payload, its protocol number, and where its checksum is to be put."""
    if kind == "udp":
        return struct.pack("!HHHH", 40000, port, 9, 0) + b"!", socket.IPPROTO_UDP, 6
    if kind == "syn":
        head = struct.pack("!HHIIBBHHH", 40000, port, 1, 0, 5 << 4, 2, 65535, 0, 0)
        return head, socket.IPPROTO_TCP, 16
    if kind == "echo":
        return struct.pack("!BBHHH", 128 if v6 else 8, 0, 0, 1, 1), ICMPV6 if v6 else 1, 2
    # RFC 9260 section 3.3.2: INIT, alone in its packet and with verification tag 0.
    init = struct.pack("!BBHIIHHI", 1, 0, 20, 7, 65535, 1, 1, 1)
    crc = crc32c(struct.pack("!HHII", 40000, port, 0, 0) + init)
    return struct.pack("!HHI", 40000, port, 0) + struct.pack("<I", crc) + init, SCTP, None


def packet(source, target, kind, port):
    v6 = ":" in source
    family = family_of(source)
    sender, receiver = socket.inet_pton(family, source), socket.inet_pton(family, target)
    data, protocol, at = transport(kind, port, v6)
    if at is not None:
        pseudo = b""
        if v6:
            pseudo = sender + receiver + struct.pack("!II", len(data), protocol)
        elif kind != "echo":
            pseudo = sender + receiver + struct.pack("!HH", protocol, len(data))
        data = data[:at] + struct.pack("!H", checksum(pseudo + data)) + data[at + 2 :]
    if v6:
        return struct.pack("!IHBB", 6 << 28, len(data), protocol, 64) + sender + receiver + data
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(data), 1, 0, 64, protocol, 0)
    head += sender + receiver
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data


def send_frame(link, source_mac, target_mac, source, target, kind, port="0"):
    ethertype = 0x86DD if ":" in source else 0x0800
    frame = bytes.fromhex((target_mac + source_mac).replace(":", ""))
    frame += struct.pack("!H", ethertype) + packet(source, target, kind, int(port))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((link, 0))
        raw.send(frame)


def listen(ready, protocol):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, int(protocol))
    say_ready(ready)
    while True:
        print(raw.recvfrom(65536)[1][0], flush=True)


def sniff(ready, link):
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    raw.bind((link, 3))
    say_ready(ready)
    while True:
        try:
            frame, (_, ethertype, direction, _, mac) = raw.recvfrom(65536)
        except OSError:  # the link went down
            return
        if direction == PACKET_OUTGOING or ethertype not in (0x0800, 0x86DD):
            continue
        if ethertype == 0x0800:
            source = socket.inet_ntoa(frame[26:30])
        else:
            source = socket.inet_ntop(socket.AF_INET6, frame[22:38])
        print(mac.hex(":"), source, flush=True)


# ---- Names (RFC 1035) ---------------------------------------------------------------------------

TYPES = {"A": 1, "AAAA": 28}


def encode_name(name):
    parts = name.rstrip(".").split(".")
    return b"".join(bytes([len(part)]) + part.encode() for part in parts) + b"\0"


def skip_name(data, at):
    while data[at]:
        if data[at] >= 0xC0:
            return at + 2
        at += 1 + data[at]
    return at + 1


def answers(data):
    """Addresses of a reply."""
    count, at = struct.unpack_from("!H", data, 6)[0], skip_name(data, 12) + 4
    for _ in range(count):
        at = skip_name(data, at)
        kind, _, _, length = struct.unpack_from("!HHIH", data, at)
        value = data[at + 10 : at + 10 + length]
        if kind == 1:
            yield socket.inet_ntoa(value)
        elif kind == 28:
            yield socket.inet_ntop(socket.AF_INET6, value)
        at += 10 + length


def resolve(server, name, kind="A"):
    number = TYPES.get(kind) or int(kind)
    query = struct.pack("!HHHHHH", 4711, 0x0100, 1, 0, 0, 0) + encode_name(name)
    query += struct.pack("!HH", number, 1)
    with socket.socket(family_of(server), socket.SOCK_DGRAM) as client:
        client.settimeout(3)
        try:
            client.connect((server, 53))
            client.send(query)
            reply = client.recv(4096)
        except OSError as error:
            print(error, file=sys.stderr)
            sys.exit(SILENT)
    if reply[:2] != query[:2] or not reply[2] & 0x80:
        sys.exit("this is no reply")
    found = list(answers(reply))
    print(*found, sep="\n")
    if reply[3] & 0xF or not found:
        print("status", reply[3] & 0xF, file=sys.stderr)
        sys.exit(REFUSED)


def serve_names(ready, address, *pairs):
    known = dict(pair.split("=") for pair in pairs)
    server = socket.socket(family_of(address), socket.SOCK_DGRAM)
    server.bind((address, 53))
    say_ready(ready)
    while True:
        query, peer = server.recvfrom(4096)
        end = skip_name(query, 12)
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode(errors="replace"))
            at += 1 + query[at]
        name, kind = ".".join(labels), struct.unpack_from("!H", query, end)[0]
        print(plain(peer[0]), ascii(name)[1:-1], kind, flush=True)
        value = known.get(name, "")
        found = bool(value) and kind == (28 if ":" in value else 1)
        reply = query[:2] + struct.pack("!HHHHH", 0x8180 | (0 if value else 3), 1, found, 0, 0)
        reply += query[12 : end + 4]
        if found:
            raw = socket.inet_pton(family_of(value), value)
            reply += struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(raw)) + raw
        server.sendto(reply, peer)


COMMANDS = {
    "serve": serve,
    "ask": lambda *arguments: ask(list(arguments)),
    "greetings": check_greetings,
    "frame": send_frame,
    "listen": listen,
    "sniff": sniff,
    "resolve": resolve,
    "dns": serve_names,
}
COMMANDS[sys.argv[1]](*sys.argv[2:])
