#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make-store.py DIRECTORY COUNT: a store of COUNT paths that need one another and as many that are
in no closure, below DIRECTORY/nix, with a database as Nix makes it. The last path needs all."""
import hashlib
import os
import sqlite3
import sys

SCHEMA = """
PRAGMA journal_mode = wal;
CREATE TABLE ValidPaths (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, path TEXT UNIQUE NOT NULL,
    hash TEXT NOT NULL, registrationTime INTEGER NOT NULL, deriver TEXT, narSize INTEGER,
    ultimate INTEGER, sigs TEXT, ca TEXT);
CREATE TABLE Refs (referrer INTEGER NOT NULL, reference INTEGER NOT NULL,
    PRIMARY KEY (referrer, reference));
CREATE INDEX IndexReferrer ON Refs(referrer);
CREATE INDEX IndexReference ON Refs(reference);
"""


def make_path(store, name, kind):
    path = os.path.join(store, name)
    if kind == 0:
        os.symlink("/nix/store", path)
    elif kind == 1:
        with open(path, "w") as file:
            file.write(name)
        os.chmod(path, 0o444)
    else:
        os.mkdir(path)
        with open(os.path.join(path, "file"), "w") as file:
            file.write(name)
        os.chmod(path, 0o555)


def main():
    directory, count = sys.argv[1], int(sys.argv[2])
    store = os.path.join(directory, "nix/store")
    state = os.path.join(directory, "nix/var/nix/db")
    os.makedirs(store)
    os.makedirs(state)
    database = sqlite3.connect(os.path.join(state, "db.sqlite"))
    database.executescript(SCHEMA)
    for i in range(2 * count):
        digest = hashlib.sha256(str(i).encode()).hexdigest()
        name = "%s-package-%d" % (digest[:32], i)
        make_path(store, name, i % 20)
        database.execute("INSERT INTO ValidPaths VALUES (?, ?, ?, 1, '', 120, 1, '', '')",
                         (i + 1, "/nix/store/" + name, "sha256:" + digest))
        # About eight references a path, as in a real closure, and a chain through all.
        if i < count:
            needs = {i} | {i * k // 9 for k in range(1, 8)} if i else set()
            database.executemany("INSERT OR IGNORE INTO Refs VALUES (?, ?)",
                                 [(i + 1, max(need, 1)) for need in needs])
        if i == count - 1:
            with open(os.path.join(directory, "root"), "w") as file:
                file.write("/nix/store/" + name + "\n")
        if i == 2 * count - 1:
            with open(os.path.join(directory, "outside"), "w") as file:
                file.write("/nix/store/" + name + "\n")
    database.commit()
    database.close()


main()
