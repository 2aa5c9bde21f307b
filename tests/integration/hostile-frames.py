#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sends frames that try to upset a DHCP server and a router: hostile-frames.py LINK COUNT FILE...

They are the frames in FILEs, changed by chance (the same each time): bytes, lengths, ends, tags.
"""
import random
import socket
import sys


def change(chance, frame):
    """One frame in a form that was never meant."""
    frame = bytearray(frame)
    kind = chance.randrange(6)
    if kind == 0:  # a few bytes anywhere
        for _ in range(chance.randrange(1, 8)):
            frame[chance.randrange(len(frame))] = chance.randrange(256)
    elif kind == 1:  # cut
        del frame[chance.randrange(14, len(frame)):]
    elif kind == 2:  # filled up
        frame += bytes(chance.randrange(256) for _ in range(chance.randrange(1, 100)))
        frame += bytes(chance.choice((0, 1000)))
    elif kind == 3:  # the part after the headers
        for at in range(54, len(frame)):
            frame[at] = chance.randrange(256)
    elif kind == 4:  # another network's tag
        frame[12:12] = bytes((0x81, 0x00, 0x00, chance.randrange(256)))
    return bytes(frame)


def main():
    link, count, files = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    chance = random.Random(1)
    seeds = [open(name, "rb").read() for name in files]
    frames = [change(chance, chance.choice(seeds)) for _ in range(2000)]
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sender.bind((link, 0))
    sent = 0
    while sent < count:
        try:
            sender.send(frames[sent % len(frames)])
            sent += 1
        except BlockingIOError:
            pass
        except OSError:  # longer than the link takes
            frames[sent % len(frames)] = seeds[0]
    print(sent)


main()
