#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Archives that try to break an importer, a tree with all that tar can hold, and a way to see both.

    make-hostile-tars.py cases DIRECTORY   writes archives and DIRECTORY/cases: lines of
                                           NAME <tab> ok|refused <tab> PATTERN, where PATTERN is a
                                           line of "show" for ok and of the message for refused
    make-hostile-tars.py tree DIRECTORY    makes a tree with everything (root)
    make-hostile-tars.py show DIRECTORY    prints one line for each file: all that matters of it
"""

import hashlib
import io
import os
import stat
import struct
import sys
import tarfile

MTIME = 1600000000


class Archive:
    """A tar file that is written entry by entry, also wrongly."""

    def __init__(self, path, form=tarfile.PAX_FORMAT):
        self.tar = tarfile.open(path, "w", format=form)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tar.close()

    def add(self, name, kind=tarfile.REGTYPE, data=b"", **fields):
        info = tarfile.TarInfo(name)
        info.type = kind
        info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
        info.mtime = MTIME
        info.size = len(data)
        for key, value in fields.items():
            setattr(info, key, value)
        self.tar.addfile(info, io.BytesIO(data))

    def file(self, name, data=b"content\n", **fields):
        self.add(name, data=data, **fields)

    def dir(self, name, **fields):
        self.add(name, tarfile.DIRTYPE, **fields)

    def link(self, name, target, **fields):
        self.add(name, tarfile.SYMTYPE, linkname=target, **fields)

    def hard(self, name, target, **fields):
        self.add(name, tarfile.LNKTYPE, linkname=target, **fields)


CASES = []


def case(outcome, pattern, form=tarfile.PAX_FORMAT):
    """Registers a function that fills an archive."""

    def register(function):
        CASES.append((function.__name__, outcome, pattern, form, function))
        return function

    return register


# ---- Odd but good --------------------------------------------------------------------------


@case("ok", r"^file ./absolute/name .* size=8 ")
def absolute(a):
    a.file("/absolute/name")


@case("ok", r"^file ./dot/name ")
def dots(a):
    a.dir("./")
    a.file("./dot/./name")
    a.file(".//dot///twice")


@case("ok", r"^file ./b .* mode=644 .* nlink=3 ")
def hard_link_to_later(a):
    a.hard("a", "b")
    a.hard("c", "a")
    a.file("b")


@case("ok", r"^file ./f .* size=5 .* sha=1d9283d8")
def duplicate_file(a):
    a.file("f", b"the first\n")
    a.file("f", b"later")


@case("ok", r"^file ./f .* nlink=1 size=4 ")
def duplicate_breaks_link(a):
    a.file("g", b"kept")
    a.hard("f", "g")
    a.file("f", b"new\n")


@case("ok", r"^dir ./d .* mode=711 ")
def duplicate_directory(a):
    a.dir("d", mode=0o700)
    a.file("d/f")
    a.dir("d", mode=0o711)


@case("ok", r"^file ./l .* size=8 ")
def file_replaces_symlink(a):
    a.link("l", "/etc/floe-outside")
    a.file("l")


@case("ok", r"^file ./l/f ")
def directory_replaces_symlink(a):
    a.link("l", "/")
    a.dir("l")
    a.file("l/f")


@case("ok", r"^file ./d/f .* mode=444 ")
def read_only_directories(a):
    a.dir("d", mode=0o555)
    a.file("d/f", mode=0o444)
    a.dir("d/e", mode=0)
    a.file("d/e/g", mode=0)


@case("ok", r"^file ./su uid=1000 gid=1000 mode=6755 ")
def set_id(a):
    a.file("su", mode=0o6755, uid=1000, gid=1000)


@case("ok", r"^char ./null .* rdev=1:3")
def devices(a):
    a.add("null", tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=3)
    a.add("disk", tarfile.BLKTYPE, mode=0o660, devmajor=7, devminor=300)
    a.add("fifo", tarfile.FIFOTYPE)


@case("ok", r"^file ./\\xff\\xfe\\n\\x1b\[2Jname ", tarfile.GNU_FORMAT)
def odd_bytes(a):
    a.file(b"\xff\xfe\n\x1b[2Jname".decode("utf-8", "surrogateescape"))


@case("ok", r"^file ./\\xe4\\xb8\\xad\\xe6\\x96\\x87 ")
def utf8_in_pax(a):
    a.file("\u4e2d\u6587", uname="\u4e2d")
    a.link("l", "\u4e2d\u6587")


@case("ok", r"^file ./n{255} ")
def longest_name(a):
    a.file("n" * 255)


@case("ok", r"^file ./(d{200}/){15}f ", tarfile.GNU_FORMAT)
def gnu_long_name(a):
    a.file("/".join(["d" * 200] * 15) + "/f")
    a.link("l", "t" * 4000)


@case("ok", r"^dir ./(d/){1999}d ")
def deep(a):
    a.dir("/".join(["d"] * 2000), mode=0o700)
    a.file("/".join(["d"] * 2000) + "/f")
    a.file("/".join(["d"] * 2000) + "/g")
    a.file("/".join(["d"] * 100) + "/f")


@case("ok", r"^file ./x .* xattr=user.a:31 ")
def xattr(a):
    a.file("x", mode=0o444, pax_headers={"SCHILY.xattr.user.a": "1"})


@case("ok", r"^file ./old .* mtime=-2000000000 ")
def times(a):
    a.file("old", pax_headers={"mtime": "-2"})
    a.file("far", pax_headers={"mtime": "99999999999999999999.5"})


@case("ok", r"^dir ./ uid=7 gid=8 mode=1751 ")
def root_metadata(a):
    a.dir("./", uid=7, gid=8, mode=0o1751)
    a.file("f")


@case("ok", r"^file ./hole .* size=1099511627776 data=0-4096 ")
def huge_hole(a):
    a.file("hole", b"x", pax_headers={"GNU.sparse.major": "0", "GNU.sparse.minor": "1",
                                      "GNU.sparse.map": "0,1", "GNU.sparse.size": str(1 << 40),
                                      "GNU.sparse.numblocks": "1"})


@case("ok", r"^symlink ./away .* target=/etc/shadow$")
def symlinks_anywhere(a):
    a.link("away", "/etc/shadow")
    a.link("up", "../../../../etc")
    a.hard("same", "away")


# ---- Hostile -------------------------------------------------------------------------------


@case("refused", r'"\.\./up" has "\.\." in its name')
def parent(a):
    a.file("../up")


@case("refused", r'"a/\.\./\.\./up" has "\.\." in its name')
def parent_inside(a):
    a.dir("a")
    a.file("a/../../up")


@case("refused", r'"/\.\./" has "\.\." in its name')
def parent_absolute(a):
    a.dir("/..", mode=0o777)


@case("refused", r'"l/f" leads through the symbolic link "l"')
def write_through_symlink(a):
    a.link("l", "@OUTSIDE@")
    a.file("l/f")


@case("refused", r'leads through the symbolic link "d/l"')
def write_through_inner_symlink(a):
    a.dir("d/e")
    a.link("d/l", "e")
    a.file("d/l/f")


@case("refused", r'leads through the symbolic link "a"')
def symlink_chain(a):
    a.link("a", "b")
    a.link("b", "@OUTSIDE@")
    a.dir("a/made")


@case("refused", r'would replace a directory')
def symlink_for_used_directory(a):
    a.dir("d")
    a.file("d/f")
    a.link("d", "@OUTSIDE@")
    a.file("d/g")


@case("refused", r'leads through something that is no directory, "f"')
def file_as_directory(a):
    a.file("f")
    a.file("f/g")


@case("refused", r'its hard link "h" .*\.\.|"\.\./.*secret" has "\.\." in its name')
def hard_link_outside(a):
    a.hard("h", "../secret")
    a.file("h")


@case("refused", r'"l/secret" leads through the symbolic link "l"')
def hard_link_through_symlink(a):
    a.link("l", "@OUTSIDE@")
    a.hard("h", "l/secret")
    a.file("h", b"overwritten")


@case("refused", r'points to "etc/shadow", which it does not have')
def hard_link_absolute(a):
    a.hard("h", "/etc/shadow")


@case("refused", r'points to "nowhere", which it does not have')
def hard_link_dangling(a):
    a.file("f")
    a.hard("h", "nowhere")


@case("refused", r'hard link "h" points to the directory "d"')
def hard_link_directory(a):
    a.dir("d")
    a.hard("h", "d")


@case("refused", r'points to itself')
def hard_link_self(a):
    a.file("h")
    a.hard("h", "./h")


@case("refused", r'has a name of more than 255 bytes')
def name_too_long(a):
    a.file("n" * 300)


@case("refused", r'is longer than 4095 bytes')
def path_too_long(a):
    a.dir("/".join(["d" * 100] * 50))


@case("refused", r'would replace a directory')
def file_replaces_directory(a):
    a.dir("d")
    a.file("d/f")
    a.file("d")


@case("refused", r'belongs to user 4294967295')
def owner_minus_one(a):
    a.file("f", pax_headers={"uid": "4294967295"})


@case("refused", r'the entry for its root is no directory')
def root_is_symlink(a):
    a.link("./", "@OUTSIDE@")
    a.file("f")


@case("refused", r'leads through something that is no directory, "dev/x"|leads through .*"dev/x"')
def device_as_directory(a):
    a.add("dev/x", tarfile.CHRTYPE, devmajor=1, devminor=1)
    a.file("dev/x/y")


@case("refused", r'\\033\[2J')
def escape_in_message(a):
    a.file("\x1b[2J/../x")


# ---- What is written byte by byte ------------------------------------------------------------


def write(directory, name, data, outcome, pattern, lines):
    with open(os.path.join(directory, name + ".tar"), "wb") as out:
        out.write(data)
    lines.append((name, outcome, pattern))


def raw_cases(directory, lines):
    with open(os.path.join(directory, "dots.tar"), "rb") as file:
        good = file.read()
    zeros = bytes(1024)
    content = good.rstrip(b"\0")
    content += bytes(-len(content) % 512)
    damaged = bytearray(good)
    damaged[520] ^= 0xFF
    write(directory, "empty_file", b"", "refused", "is empty", lines)
    write(directory, "no_entries", zeros * 10, "refused", "has no entries", lines)
    write(directory, "no_end_mark", content, "refused", "ends early", lines)
    write(directory, "one_end_block", content + bytes(512), "ok", "^file ./dot/name ", lines)
    write(directory, "garbage_after_end", content + zeros + os.urandom(5000), "ok",
          "^file ./dot/name ", lines)
    write(directory, "wrong_checksum", bytes(damaged), "refused", "damaged|ends early", lines)
    write(directory, "not_a_tar", b"hello world\n" * 1000, "refused", "not a tar archive", lines)
    write(directory, "zip", b"PK\3\4" + bytes(2000), "refused", "not a tar archive", lines)


def make_cases(directory):
    outside = os.path.join(directory, "outside")
    lines = []
    os.makedirs(outside)
    with open(os.path.join(outside, "secret"), "w") as secret:
        secret.write("secret\n")
    for name, outcome, pattern, form, function in CASES:
        with Archive(os.path.join(directory, name + ".tar"), form) as archive:
            add = archive.add

            def redirected(entry, kind=tarfile.REGTYPE, data=b"", **fields):
                if "linkname" in fields:
                    fields["linkname"] = fields["linkname"].replace("@OUTSIDE@", outside)
                add(entry, kind, data, **fields)

            archive.add = redirected
            function(archive)
        lines.append((name, outcome, pattern))
    raw_cases(directory, lines)
    with open(os.path.join(directory, "cases"), "w") as out:
        for line in lines:
            out.write("\t".join(line) + "\n")


# ---- A tree with everything --------------------------------------------------------------------


def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NOBODY = 0xFFFFFFFF
ACCESS = acl((1, 6, NOBODY), (2, 4, 1234), (4, 4, NOBODY), (8, 7, 77), (16, 6, NOBODY),
             (32, 0, NOBODY))
DEFAULT = acl((1, 7, NOBODY), (2, 5, 99), (4, 5, NOBODY), (16, 5, NOBODY), (32, 5, NOBODY))
# VFS_CAP_REVISION_2 with cap_net_raw permitted and effective.
CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)


def make_file(path, data=b"", mode=0o644, owner=(0, 0), mtime_ns=MTIME * 10**9 + 123456789):
    with open(path, "wb") as file:
        file.write(data)
    os.chown(path, *owner)
    os.chmod(path, mode)
    os.utime(path, ns=(mtime_ns, mtime_ns))


def make_sparse(path):
    with open(path, "wb") as file:
        file.seek(1 << 20)
        file.write(b"island" * 1000)
        file.seek(5 << 20)
        file.write(b"x")
        file.truncate(16 << 20)


def make_attributes(top):
    for name in ("acl", "xattrs", "ping"):
        make_file(os.path.join(top, name), b"data")
    os.setxattr(os.path.join(top, "acl"), "system.posix_acl_access", ACCESS)
    os.setxattr(os.path.join(top, "acl-dir"), "system.posix_acl_access", ACCESS)
    os.setxattr(os.path.join(top, "acl-dir"), "system.posix_acl_default", DEFAULT)
    os.setxattr(os.path.join(top, "xattrs"), "user.text", b"value")
    os.setxattr(os.path.join(top, "xattrs"), "user.binary", bytes(range(256)))
    os.setxattr(os.path.join(top, "xattrs"), "trusted.floe", b"kept")
    os.setxattr(os.path.join(top, "acl-dir"), "user.on-dir", b"d")
    os.setxattr(os.path.join(top, "link"), "trusted.on-link", b"l", follow_symlinks=False)
    os.setxattr(os.path.join(top, "ping"), "security.capability", CAPABILITY)


def make_tree(top):
    os.makedirs(top)
    for name in ("acl-dir", "sticky", "closed", "set-gid", "usr/share/doc"):
        os.makedirs(os.path.join(top, name))
    make_file(os.path.join(top, "plain"), b"plain\n")
    make_file(os.path.join(top, "empty"), b"", 0o000)
    make_file(os.path.join(top, "big"), os.urandom(3 << 20), 0o600, (1000, 100))
    make_file(os.path.join(top, "suid"), b"#!", 0o4755, (1, 2))
    make_file(os.path.join(top, "sgid"), b"#!", 0o2755)
    make_file(os.path.join(top, "closed/inside"), b"in", 0o444)
    make_file(os.path.join(top, "n" * 255), b"long")
    make_file(os.path.join(top, "caf\u00e9 \u4e2d"), b"utf-8")
    make_file(os.fsencode(top) + b"/latin-\xe9", b"no utf-8")
    for number in range(200):
        make_file(os.path.join(top, "usr/share/doc/%d" % number), b"%d" % number * number)
    make_sparse(os.path.join(top, "sparse"))
    os.link(os.path.join(top, "plain"), os.path.join(top, "usr/hard"))
    os.link(os.path.join(top, "plain"), os.path.join(top, "a-hard"))
    os.symlink("../no/such\nplace", os.path.join(top, "link"))
    os.lchown(os.path.join(top, "link"), 5, 6)
    os.utime(os.path.join(top, "link"), ns=(1, 987654321), follow_symlinks=False)
    os.mkfifo(os.path.join(top, "fifo"), 0o640)
    os.mknod(os.path.join(top, "char"), stat.S_IFCHR | 0o666, os.makedev(1, 5))
    os.mknod(os.path.join(top, "block"), stat.S_IFBLK | 0o660, os.makedev(259, 70000))
    make_attributes(top)
    os.chmod(os.path.join(top, "sticky"), 0o1777)
    os.chmod(os.path.join(top, "set-gid"), 0o2775)
    os.chmod(os.path.join(top, "closed"), 0o555)
    for directory, _, _ in os.walk(top, topdown=False):
        os.utime(directory, ns=(MTIME * 10**9, MTIME * 10**9 + len(directory)))


# ---- Showing a tree ----------------------------------------------------------------------------

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "symlink",
         stat.S_IFCHR: "char", stat.S_IFBLK: "block", stat.S_IFIFO: "fifo",
         stat.S_IFSOCK: "socket"}


def printable(name):
    return "".join(chr(c) if 32 < c < 127 and c != 92 else "\\x%02x" % c if c != 10 else "\\n"
                   for c in name)


def data_ranges(file, size):
    ranges, position = [], 0
    while position < size:
        try:
            start = os.lseek(file, position, os.SEEK_DATA)
        except OSError:
            break
        position = os.lseek(file, start, os.SEEK_HOLE)
        ranges.append("%d-%d" % (start, position))
    return ",".join(ranges)


def file_content(parent, name, size):
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        digest = hashlib.sha256()
        ranges = data_ranges(file, size)
        for part in filter(None, ranges.split(",")):
            start, end = map(int, part.split("-"))
            os.lseek(file, start, os.SEEK_SET)
            while start < end:
                block = os.read(file, min(1 << 20, end - start))
                if not block:
                    break
                digest.update(block)
                start += len(block)
        return "data=%s sha=%s" % (ranges, digest.hexdigest())
    finally:
        os.close(file)


def extended_attributes(parent, name):
    path = b"/proc/self/fd/%d/%s" % (parent, name)
    names = sorted(os.listxattr(path, follow_symlinks=False))
    return "".join("xattr=%s:%s " % (item,
                                     os.getxattr(path, item, follow_symlinks=False).hex())
                   for item in names)


def show_one(parent, name, path, groups):
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    kind = stat.S_IFMT(status.st_mode)
    line = "%s %s uid=%d gid=%d mode=%o mtime=%d " % (
        KINDS[kind], printable(path), status.st_uid, status.st_gid,
        stat.S_IMODE(status.st_mode), status.st_mtime_ns)
    if kind != stat.S_IFDIR:
        line += "nlink=%d size=%d " % (status.st_nlink, status.st_size)
    if status.st_nlink > 1 and kind != stat.S_IFDIR:
        line += "same-as=%s " % printable(groups.setdefault(status.st_ino, path))
    line += extended_attributes(parent, name)
    if kind == stat.S_IFREG:
        line += file_content(parent, name, status.st_size)
    elif kind == stat.S_IFLNK:
        line += "target=%s" % printable(os.readlink(name, dir_fd=parent))
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        line += "rdev=%d:%d" % (os.major(status.st_rdev), os.minor(status.st_rdev))
    print(line)
    return kind == stat.S_IFDIR


def show_below(parent, path, groups):
    for name in sorted(os.listdir(parent)):
        name = os.fsencode(name)
        if show_one(parent, name, path + name, groups):
            child = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
            try:
                show_below(child, path + name + b"/", groups)
            finally:
                os.close(child)


def show(top):
    sys.setrecursionlimit(10000)
    groups = {}
    root = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    show_one(root, b".", b"./", groups)
    show_below(root, b"./", groups)


def main():
    verbs = {"cases": make_cases, "tree": make_tree, "show": show}
    if len(sys.argv) != 3 or sys.argv[1] not in verbs:
        sys.exit(__doc__)
    verbs[sys.argv[1]](sys.argv[2])


if __name__ == "__main__":
    main()
