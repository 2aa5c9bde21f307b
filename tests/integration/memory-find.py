#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints how many different texts matching REGEX a process's memory holds: memory-find.py PID REGEX"""
import re
import sys


def readable(pid):
    """Where the process has memory that can be read."""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps:
        for line in maps:
            words = line.split()
            if words[1][0] == "r" and not (words[-1].startswith("[v")):
                yield tuple(int(x, 16) for x in words[0].split("-"))


def main():
    pid, pattern = sys.argv[1], re.compile(sys.argv[2].encode())
    found = set()
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for start, end in readable(pid):
            memory.seek(start)
            try:
                found.update(pattern.findall(memory.read(end - start)))
            except OSError:  # a file's mapping that is longer than the file
                pass
    print(len(found))


main()
