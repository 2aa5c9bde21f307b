#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Checks every #include against the rooms of docs/architecture.md.
set -euo pipefail
cd "$(dirname "$0")/.."

# Room: whose headers its files may include besides its own. "public" is runtime/floe.h.
rooms='
runtime/cli		public
runtime/lib		public base spec plan launch state monitor sys image nix machined oci net netlink seccomp
runtime/oci		public base spec lib state launch sys
runtime/monitor		public base spec plan launch state sys machined net netlink
runtime/launch		public base spec plan sys state link net netlink seccomp init
runtime/plan		public base spec sys net netlink nix seccomp
runtime/net		public base spec sys netlink
runtime/link		public base sys
runtime/nix		public base sys
runtime/nix/db		public base nix
runtime/image		public base sys
runtime/image/archive	public base sys image
runtime/image/pull	public base image
runtime/state		public base spec sys net netlink
runtime/machined	public base
runtime/sys		public base
runtime/spec		public base
runtime/base		public
netlink			public base
seccomp			public base
seccomp/compile		public base seccomp
seccomp/gen		public base seccomp seccomp/compile
seccomp/module		public base seccomp seccomp/compile
init
'

# Header of a library: the only rooms that may include it.
libraries='
libmnl/libmnl.h		netlink
archive.h		runtime/image/archive
archive_entry.h		runtime/image/archive
lzma.h			runtime/image/archive
curl/curl.h		runtime/image/pull
zstd.h			runtime/image/archive
seccomp.h		seccomp/compile seccomp/gen seccomp/module
sqlite3.h		runtime/nix/db
jansson.h		runtime/lib runtime/spec runtime/plan runtime/state runtime/oci runtime/cli
sys/capability.h	runtime/sys runtime/base
dlfcn.h			runtime/lib
'

mapfile -t files < <(find runtime netlink seccomp init -name '*.[ch]' | sort)

awk -v rooms="$rooms" -v libraries="$libraries" '
	function normal(path,    part, n, i, out, top) { # resolves "." and ".."
		n = split(path, part, "/")
		for (i = 1; i <= n; i++)
			if (part[i] == "..") top--
			else if (part[i] != "." && part[i] != "") out[++top] = part[i]
		path = out[1]
		for (i = 2; i <= top; i++) path = path "/" out[i]
		return path
	}
	function room_of(path) { # the longest folder that is a room
		if (path == "runtime/floe.h") return "public"
		while (sub(/\/[^\/]*$/, "", path))
			if (path in may) return path
		return ""
	}
	function complain(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad = 1 }
	BEGIN {
		n = split(rooms, line, "\n")
		for (i = 1; i <= n; i++) {
			m = split(line[i], word)
			if (m) may[word[1]] = " "
			for (k = 2; k <= m; k++) {
				allowed = word[k]
				if (allowed !~ /^(public|netlink|init|seccomp.*)$/) allowed = "runtime/" allowed
				may[word[1]] = may[word[1]] allowed " "
			}
		}
		n = split(libraries, line, "\n")
		for (i = 1; i <= n; i++)
			if (match(line[i], /[ \t]+/))
				only[substr(line[i], 1, RSTART - 1)] = substr(line[i], RSTART + RLENGTH) " "
	}
	FNR == 1 { own = room_of(FILENAME); if (own == "") complain("is in no room of the table") }
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, quoted, "\"")
		folder = FILENAME; sub(/\/[^\/]*$/, "", folder)
		target = normal(folder "/" quoted[2])
		other = room_of(target)
		if (other == "")
			complain("includes " target ", which is in no room")
		else if (other != own && index(may[own], " " other " ") == 0)
			complain(own " may not include " target)
		checked++
	}
	/^[ \t]*#[ \t]*include[ \t]*</ {
		split($0, angled, /[<>]/)
		if (angled[2] in only && index(" " only[angled[2]], " " own " ") == 0)
			complain(own " may not use <" angled[2] ">")
		checked++
	}
	END {
		printf "%d includes checked\n", checked
		exit bad || !checked
	}' "${files[@]}"

echo "1 passed, 0 failed"
