#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An HTTP server that misbehaves as the path asks: http-server.py DIRECTORY PORT-FILE [LOG]

    /FILE             as it should be, with ranges and an ETag
    /cut/FILE         the connection ends after half of what is left, at least 100 kB
    /cut-whole/FILE   the same from a server that knows no ranges
    /changing/FILE    cut, and another ETag each time
    /dribble/FILE     a byte every 0.2 seconds after the first 4 KiB
    /silent/FILE      no answer
    /redirect/FILE    to /FILE
    /loop/FILE        to itself
    /away/FILE        to a file: URL
    /flaky/FILE       status 503 twice, then as it should be
    /denied/FILE      status 403
    /endless/FILE     no length, a tar archive without end
    /chunked/FILE     no length
    proxy requests    are answered like others, and noted in LOG
"""
import http.server
import os
import socketserver
import sys
import tarfile
import threading
import time

COUNTS = {}
LOCK = threading.Lock()


def count(key):
    with LOCK:
        COUNTS[key] = COUNTS.get(key, 0) + 1
        return COUNTS[key]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        if len(sys.argv) > 3:
            with LOCK, open(sys.argv[3], "a") as log:
                print(self.path, self.headers.get("Range"), file=log)

    def do_GET(self):
        path = self.path.split("?")[0].split("://", 1)[-1]
        if not path.startswith("/"):
            path = "/" + path.split("/", 1)[1]
        mode, _, name = path.lstrip("/").rpartition("/")
        self.close_connection = True
        getattr(self, "mode_" + (mode.replace("-", "_") or "plain"), self.missing)(name)

    def end_headers(self):
        self.send_header("Connection", "close")
        super().end_headers()

    def missing(self, _name):
        self.answer(404, b"no such mode\n", ranges=False)

    def read(self, name):
        try:
            with open(os.path.join(sys.argv[1], name), "rb") as file:
                return file.read()
        except OSError:
            return None

    def begin(self, size, ranges=True, tag='"one"'):
        """Sends the headers; where to begin."""
        asked = self.headers.get("Range")
        first = int(asked[6:].split("-")[0]) if asked and ranges else 0
        if first >= size > 0:
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return size
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (first, size - 1, size))
        self.send_header("Content-Length", str(size - first))
        self.send_header("ETag", tag)
        self.end_headers()
        return first

    def answer(self, status, data, ranges=True):
        if status == 200:
            self.wfile.write(data[self.begin(len(data), ranges):])
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def mode_plain(self, name):
        data = self.read(name)
        self.answer(200, data) if data is not None else self.answer(404, b"not here\n")

    def cut(self, name, ranges=True, tag='"one"'):
        data = self.read(name)
        if data is None:
            return self.answer(404, b"not here\n")
        first = self.begin(len(data), ranges, tag)
        left = len(data) - first
        # Without ranges each answer begins anew, so it has to come farther than the last.
        part = max(100000, left // 2) if ranges else len(data) * min(4, count("cut")) // 4
        self.wfile.write(data[first:first + part])

    def mode_cut(self, name):
        self.cut(name)

    def mode_cut_whole(self, name):
        self.cut(name, ranges=False)

    def mode_changing(self, name):
        self.cut(name, tag='"%d"' % count("changing"))

    def mode_dribble(self, name):
        data = self.read(name)
        first = self.begin(len(data))
        self.wfile.write(data[first:first + 4096])
        for at in range(first + 4096, len(data)):
            self.wfile.write(data[at:at + 1])
            self.wfile.flush()
            time.sleep(0.2)

    def mode_silent(self, _name):
        time.sleep(30)

    def redirect(self, to):
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def mode_redirect(self, name):
        self.redirect("/" + name)

    def mode_loop(self, name):
        self.redirect("/loop/" + name)

    def mode_away(self, name):
        self.redirect("file://" + os.path.join(os.path.abspath(sys.argv[1]), name))

    def mode_flaky(self, name):
        self.mode_plain(name) if count("flaky") > 2 else self.answer(503, b"later\n")

    def mode_denied(self, _name):
        self.answer(403, b"not for you\n")

    def mode_endless(self, _name):
        self.send_response(200)
        self.end_headers()
        entry = tarfile.TarInfo("file")
        entry.size = 1 << 40
        self.wfile.write(entry.tobuf())
        while True:
            self.wfile.write(bytes(65536))

    def mode_chunked(self, name):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        data = self.read(name)
        for at in range(0, len(data), 10000):
            part = data[at:at + 10000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def main():
    with Server(("127.0.0.1", 0), Handler) as server:
        with open(sys.argv[2] + ".new", "w") as file:
            print(server.server_port, file=file)
        os.rename(sys.argv[2] + ".new", sys.argv[2])
        server.serve_forever()


if __name__ == "__main__":
    main()
