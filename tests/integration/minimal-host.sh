#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A host that holds nothing but BusyBox and the static floe: no os-release, no machine-id, no
# libraries, no users but those BusyBox has; once with a cgroup mount and once without. Its PID 1
# is a BusyBox shell in namespaces of its own, its disk a tmpfs.
# shellcheck disable=SC2034 # a setting of the harness
TEST_TIMEOUT=180
. "$(dirname "$0")/../lib.sh"

"${MAKE:-make}" -C "$TOP" BUILD="$BUILD" STATIC=1 all >"$SANDBOX/make.log" 2>&1 ||
	{ cat "$SANDBOX/make.log"; echo "the static floe does not build" >&2; exit 1; }

# What every command prints goes to /out/NAME on the host, its exit status to /out/NAME.status.
host_prelude() { # cgroup | none
	cat <<-END
		#!/bin/sh
		set -eu
		mount -t proc -o nosuid,nodev,noexec proc /proc
		mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
		mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
		mount -t tmpfs -o nosuid,mode=755 tmpfs /dev
		mknod -m 666 /dev/null c 1 3
		mknod -m 666 /dev/zero c 1 5
		mknod -m 666 /dev/full c 1 7
		mknod -m 666 /dev/random c 1 8
		mknod -m 666 /dev/urandom c 1 9
		mknod -m 666 /dev/tty c 5 0
		mkdir /dev/pts /dev/shm
		mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts /dev/pts
		ln -s pts/ptmx /dev/ptmx
		umount -l /old
		rmdir /old
		try() { # NAME COMMAND...
			name=\$1
			shift
			status=0
			"\$@" >"/out/\$name" 2>&1 </dev/null || status=\$?
			echo "\$status" >"/out/\$name.status"
		}
	END
	[[ $1 == none ]] || echo 'mount -t cgroup2 cgroup2 /sys/fs/cgroup'
}

# The tree of the host in $HOST.
make_host() { # cgroup | none, the rest of the script on standard input
	HOST=$TEST_DIR/host
	mkdir "$HOST"
	mount -t tmpfs -o mode=755 host "$HOST"
	trap 'umount "$HOST"' EXIT
	mkdir -p "$HOST"/{bin,dev,old,out,proc,run,sys,tmp,var/lib/machines}
	cp "$(type -P busybox)" "$HOST/bin/busybox"
	chroot "$HOST" /bin/busybox --install -s /bin
	cp "$BUILD/static/floe" "$HOST/bin/floe"
	{ host_prelude "$1"; cat; } >"$HOST/main"
	chmod +x "$HOST/main"
}

# Boots the host; it is over when its main script is.
enter_host() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount --pid --uts --ipc --cgroup --fork --kill-child --propagation private \
		sh -c 'cd "$1" && pivot_root . old && exec env -i PATH=/bin TERM=dumb /bin/busybox \
			chroot . /main' - "$HOST" >"$TEST_DIR/host.log" 2>&1 ||
		fail "the host ended with status $?: $(tail -n 20 "$TEST_DIR/host.log" "$HOST"/out/*)"
}

# An image of BusyBox whose init says so on the console and can be asked to power off.
make_image() { # FILE
	local tree=$TEST_DIR/image
	busybox_root "$tree"
	printf '%s\n' '::sysinit:/bin/echo BOOTED by busybox init' '::sysinit:/bin/touch /run/up' \
		'::shutdown:/bin/echo GOING DOWN' >"$tree/etc/inittab"
	echo "from the image" >"$tree/etc/motd"
	tar --numeric-owner -C "$tree" -caf "$1" .
	rm -rf "$tree"
}

out() { # NAME
	# A console that is not interactive still is a terminal, and ends lines as one.
	tr -d '\r' <"$HOST/out/$1"
}

assert_step() { # NAME STATUS [REGEX]
	assert_eq "$2" "$(out "$1.status")" "status of the step $1 (it says: $(out "$1"))"
	[[ $# -lt 3 ]] || assert_match "$3" "$(out "$1")" "output of the step $1"
}

# The whole way of an image on a host with or without cgroups.
walk_through() { # cgroup | none, tar.gz | tar.xz
	make_host "$1" <<-END
		try version floe version
		try import floe import-tar /image.$2 box
		try images floe list --images
		try echo floe run -q -D /var/lib/machines/box /bin/echo "hello from inside"
		try inside floe run -q -D /var/lib/machines/box /bin/sh -c \
			'id -u; cat /etc/motd; test -e /bin/busybox; test ! -e /bin/floe; cat /proc/1/comm; true'
		try status floe run -q -D /var/lib/machines/box /bin/sh -c 'exit 7'
		try plan floe plan start box
		try start floe start --notify-ready=no --kill-signal=SIGUSR2 box
		try list floe list
		for i in \$(seq 100); do
			floe shell box /bin/test -e /run/up >/dev/null 2>&1 </dev/null && break
			sleep 0.1
		done
		try shell floe shell box /bin/sh -c 'cat /proc/1/comm; hostname; exit 5'
		try again floe start box
		try stop floe stop box
		try gone floe list --no-legend
		try log cat /var/log/floe/box.log
		try remove floe remove box
		try left ls -A /var/lib/machines
		try state find /run -mindepth 1
		try mounts cat /proc/self/mounts
		# What takes the kernel time to close is closed by a process that ends a moment later.
		for i in \$(seq 50); do
			ps -o comm | grep -q floe || break
			sleep 0.1
		done
		try processes ps -o comm
	END
	make_image "$HOST/image.$2"
	enter_host
	assert_step version 0 '^floe '
	assert_step import 0
	assert_step images 0 'box'
	assert_step echo 0 '^hello from inside$'
	assert_step inside 0 $'^0\nfrom the image\nsh$'
	assert_step status 7
	assert_step plan 0 'box'
	assert_step start 0
	assert_step list 0 'box'
	assert_step shell 5 $'^init\nbox$'
	assert_step again 1 'box'
	assert_step stop 0
	assert_step gone 0
	assert_eq "" "$(out gone)" "list of machines after the stop"
	assert_step remove 0
	assert_eq "" "$(out left)" "what is left of images"
	assert_no_match 'box' "$(out state)" "what is left in /run"
	assert_no_match 'box' "$(out mounts)" "what is left of mounts"
	assert_no_match 'floe|init' "$(out processes)" "what is left of processes"
}

test_an_image_lives_on_a_host_without_cgroups() {
	walk_through none tar.xz
}

test_an_image_lives_on_a_host_with_cgroups() {
	walk_through cgroup tar.gz
}

run_tests
