#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sends what tries to upset a DNS server: hostile-names.py COUNT FILE... -- ADDRESS...

They are the queries in FILEs, changed by chance (the same each time), by UDP, and by as many TCP
connections to each ADDRESS as it takes, a dozen at most, that are left open.
"""
import random
import socket
import sys


def change(chance, data):
    """One query in a form that was never meant: other bytes, another end."""
    data = bytearray(data)
    for _ in range(chance.randrange(4)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    if chance.randrange(2):
        del data[chance.randrange(len(data)):]
    return bytes(data)


def connect(address, kind):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    result = socket.socket(family, kind)
    result.settimeout(0.5)
    result.connect((address, 53))
    return result


def abuse_stream(chance, stream, data, number):
    """Nothing at all, a query that does not end, several of them."""
    data = change(chance, data)
    data = len(data).to_bytes(2, "big") + data
    if number % 3 == 1:
        stream.send(data[:len(data) - 1])
    elif number % 3 == 2:
        stream.send(data * 3)


def main():
    middle = sys.argv.index("--")
    samples = []
    for name in sys.argv[2:middle]:
        with open(name, "rb") as file:
            samples.append(file.read())
    chance = random.Random(1)
    streams, datagrams = [], []
    for address in sys.argv[middle + 1:]:
        for i in range(12):
            try:
                streams.append(connect(address, socket.SOCK_STREAM))
                abuse_stream(chance, streams[-1], chance.choice(samples), i)
            except OSError:  # enough for it
                break
        datagrams.append(connect(address, socket.SOCK_DGRAM))
    for i in range(int(sys.argv[1])):
        datagrams[i % len(datagrams)].send(change(chance, chance.choice(samples)))


main()
