#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a hostile machine sends from its end of the link; every run sends the same.

hostile-packets.py dns SERVER COUNT        malformed queries, by UDP, to port 53
hostile-packets.py streams SERVER          half and broken queries by TCP, to port 53
hostile-packets.py advertise LINK          router advertisements as if it were the router
hostile-packets.py offer LINK MAC          DHCP offers and acknowledgements as if it were the server
"""
import random
import socket
import struct
import sys

HEADER = struct.Struct("!HHHHHH")


def query(*labels, kind=1, flags=0x0100, counts=(1, 0, 0, 0), ident=1):
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return HEADER.pack(ident, flags, *counts) + name + struct.pack("!HH", kind, 1)


def malformed():
    """The classics: what parsers of names and counts have stumbled over."""
    whole = query(b"www", b"example", b"net")
    yield b""
    for length in range(1, len(whole)):
        yield whole[:length]
    yield whole + b"trailing"
    # RFC 1035 section 4.1.4: pointers to themselves, forwards, in a circle, and past the end.
    for pointer in (0xC00C, 0xC00E, 0xC010, 0xFFFF, 0xC000, 0xC00D):
        yield HEADER.pack(1, 0x0100, 1, 0, 0, 0) + struct.pack("!HHH", pointer, 1, 1)
        yield HEADER.pack(1, 0x0100, 1, 0, 0, 0) + b"\3www" + struct.pack("!HHH", pointer, 1, 1)
    # Labels of the two types that do not exist, one too long, and a name too long.
    for first in (0x40, 0x80, 0x7F, 0xBF):
        yield HEADER.pack(1, 0x0100, 1, 0, 0, 0) + bytes([first]) + b"a" * 200 + b"\0\0\1\0\1"
    yield query(*[b"a" * 63] * 5)
    yield query(*[b"a"] * 300)
    for counts in ((0, 0, 0, 0), (2, 0, 0, 0), (65535, 0, 0, 0), (1, 65535, 65535, 65535)):
        yield query(b"www", counts=counts)
    # Answers instead of questions, and operations that nobody offers.
    for flags in (0x8180, 0x8580, 0x2800, 0x7800, 0xFFFF, 0x0200, 0x0203):
        yield query(b"www", flags=flags)
    for kind in (0, 41, 250, 251, 252, 255, 65535):
        yield query(b"www", kind=kind)
    for label in (b"\0", b".", b"a.b", b"\xff" * 63, b"\n\r", b"%s%n", b"../../etc/passwd", b"*"):
        yield query(label)
        yield query(label, b"floe")
    # RFC 6891: options of a size that is not there.
    yield query(b"www", counts=(1, 0, 0, 1)) + b"\0\0\x29\xff\xff\0\0\0\0\xff\xff"
    yield query(b"www", counts=(1, 0, 0, 1)) + b"\0\0\x29\x10\0\0\0\0\0\0\4\0\x0a\xff\xff"
    yield query(b"www") + bytes(60000)


def send_queries(server, count):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    numbers = random.Random(1)
    packets = list(malformed())
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        for index in range(int(count)):
            data = bytearray(packets[index % len(packets)])
            if index >= len(packets) and data:
                for _ in range(numbers.randint(1, 4)):
                    data[numbers.randrange(len(data))] = numbers.randrange(256)
            try:
                client.sendto(data, (server, 53))
            except OSError:
                pass
    print(count)


def send_streams(server):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    held = []
    for data in (b"", b"\0", b"\xff\xff", b"\0\5abc", b"\0\0", b"\0\x0c" + bytes(12), bytes(70000)):
        for _ in range(10):
            stream = socket.socket(family, socket.SOCK_STREAM)
            stream.settimeout(0.1)
            try:
                stream.connect((server, 53))
                stream.sendall(data)
            except OSError:
                pass
            held.append(stream)
    print(len(held))


def advertise(link):
    """A default route, a prefix to make addresses of, an MTU and a name server."""
    raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
    raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    packet = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0x08, 1800, 0, 0)
    prefix = socket.inet_pton(socket.AF_INET6, "2001:db8:bad::")
    packet += struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 86400, 86400, 0) + prefix
    packet += struct.pack("!BBHI", 5, 1, 0, 1280)
    # RFC 4191: a more specific route, to the documentation prefix of the world outside.
    packet += struct.pack("!BBBBI", 24, 2, 32, 0x08, 1800) + bytes.fromhex("20010db800000000")
    server = socket.inet_pton(socket.AF_INET6, "2001:db8:bad::53")
    packet += struct.pack("!BBHI", 25, 3, 0, 1800) + server
    raw.sendto(packet, ("ff02::1", 0, 0, socket.if_nametoindex(link)))


def offer(link, mac):
    """To all, from port 67: what a client on the link would believe."""
    hardware = bytes.fromhex(mac.replace(":", ""))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
        server.bind(("", 67))
        for kind in (2, 5, 6):
            reply = struct.pack("!BBBBIHH", 2, 1, 6, 0, 1, 0, 0x8000) + bytes(4)
            reply += socket.inet_aton("10.6.6.6") * 2 + bytes(4) + hardware + bytes(10 + 192)
            reply += b"\x63\x82\x53\x63" + bytes([53, 1, kind, 54, 4, 10, 6, 6, 1, 255])
            for _ in range(20):
                server.sendto(reply, ("255.255.255.255", 68))
                server.sendto(reply, ("255.255.255.255", 67))


COMMANDS = {"dns": send_queries, "streams": send_streams, "advertise": advertise, "offer": offer}
COMMANDS[sys.argv[1]](*sys.argv[2:])
