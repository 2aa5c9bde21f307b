#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command on a terminal of its own, acts as its user, and says what was seen.

    terminal.py [STEP...] -- COMMAND...

Steps, in order: await=TEXT (until it was shown), type=TEXT, size=ROWSxCOLUMNS, signal=NAME (to the
command), pause=SECONDS, raw=yes|no (until the terminal is, or is not, in raw mode). In TEXT, \\xNN
and the like are read as in Python. What the command showed is written to standard output, then a
line "[status N]", then "[restored yes|no]": whether the terminal is as before. Status 1 when a step
waits for longer than ten seconds.
"""
import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 10


class Terminal:
    def __init__(self, command):
        self.main, self.side = pty.openpty()
        self.resize(24, 80)
        self.before = termios.tcgetattr(self.side)
        self.seen = b""
        self.looked = 0
        self.pid = os.fork()
        if self.pid == 0:
            self.become(command)

    def become(self, command):
        os.setsid()
        fcntl.ioctl(self.side, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(self.side, fd)
        os.close(self.main)
        os.execvp(command[0], command)

    def resize(self, rows, columns):
        fcntl.ioctl(self.main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def is_raw(self):
        return not termios.tcgetattr(self.side)[3] & (termios.ICANON | termios.ECHO)

    def take(self, seconds):
        if select.select([self.main], [], [], seconds)[0]:
            self.seen += os.read(self.main, 65536)

    def until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                self.leave(f"waited in vain for {what}")
            self.take(0.02)

    def shown(self, text):
        at = self.seen.find(text, self.looked)
        if at < 0:
            return False
        self.looked = at + len(text)
        return True

    def leave(self, why):
        os.kill(self.pid, signal.SIGKILL)
        sys.stdout.buffer.write(self.seen)
        print(f"\n[{why}]")
        sys.exit(1)

    def step(self, word):
        act, _, value = word.partition("=")
        text = codecs.escape_decode(value.encode())[0]
        if act == "await":
            self.until(lambda: self.shown(text), value)
        elif act == "type":
            os.write(self.main, text)
        elif act == "size":
            self.resize(*map(int, value.split("x")))
        elif act == "signal":
            os.kill(self.pid, getattr(signal, "SIG" + value))
        elif act == "pause":
            time.sleep(float(value))
        elif act == "raw":
            self.until(lambda: self.is_raw() == (value == "yes"), word)
        else:
            self.leave(f"no such step: {word}")

    def end(self):
        status = None
        deadline = time.monotonic() + PATIENCE
        while status is None:
            pid, value = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                status = os.waitstatus_to_exitcode(value)
            elif time.monotonic() > deadline:
                self.leave("the command does not end")
            self.take(0.02)
        while select.select([self.main], [], [], 0.1)[0]:
            self.seen += os.read(self.main, 65536)
        restored = termios.tcgetattr(self.side) == self.before
        sys.stdout.buffer.write(self.seen)
        print(f"\n[status {status}]\n[restored {'yes' if restored else 'no'}]", flush=True)


def main():
    border = sys.argv.index("--")
    terminal = Terminal(sys.argv[border + 1:])
    for word in sys.argv[1:border]:
        terminal.step(word)
    terminal.end()


main()
