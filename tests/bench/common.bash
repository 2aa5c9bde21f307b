# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the benchmarks share: settings, a place to work in that is taken away, a small tree.

: "${BUILD:=build}"
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
[[ $BUILD == /* ]] || BUILD=$TOP/$BUILD
export BUILD

die() { echo "${0##*/}: $*" >&2; exit 1; }

# Runs the script again with /run, /var/log and /var/lib/machines of its own: what is left there goes
# with them, and /run is a tmpfs as on any host. Sets WORK, on the disk.
enter_sandbox() {
	((EUID == 0)) || die "namespaces and cgroups are made: run as root"
	if [[ ${BENCH_INSIDE:-} != "$PPID" ]]; then
		# shellcheck disable=SC2016 # expanded by the inner shell
		exec unshare --mount --propagation private sh -c \
			'mount -t tmpfs -o mode=755 tmpfs /run &&
			 mount -t tmpfs -o mode=755 tmpfs /var/log && BENCH_INSIDE=$$ "$1"' - "$0"
	fi
	WORK=$(mktemp -d /var/tmp/floe-bench.XXXXXX)
	trap leave_sandbox EXIT
	mkdir -p /var/lib/machines "$WORK/machines"
	mount --bind "$WORK/machines" /var/lib/machines
}

# Ends what the script left in PROCESSES.
PROCESSES=()
leave_sandbox() {
	local pid
	set +e
	for pid in "${PROCESSES[@]}"; do
		kill "$pid" && wait "$pid"
	done 2>/dev/null
	umount /var/lib/machines
	rm -rf --one-file-system "$WORK"
}

# BusyBox and the links that are used, owned by OWNER.
make_root() { # DIRECTORY OWNER
	local applet
	mkdir -p "$1"/{bin,dev,etc,proc,run,sbin,sys,tmp,usr}
	cp "$(type -P busybox)" "$1/bin/busybox"
	for applet in true sleep sh; do
		ln -s busybox "$1/bin/$applet"
	done
	chown -R "$2:$2" "$1"
}
