#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Importing an archive with floe, systemd-import, tar, xz in front of tar, and bsdtar: same run.
#
#	tests/bench/import.sh [ARCHIVE]
#
# Without ARCHIVE one is made of files of this system, as .tar.xz of several blocks (what pixz and
# xz -T make) and as .tar.zst. ROUNDS=5 says how often each runs; the programs take turns, and the
# median counts. SIZE_MIB=400 is how much is unpacked. FS=ext4 (or xfs, btrfs, tmpfs) is made anew
# for each of them on a file below WORK=/var/tmp: on ext4 whoever comes after a deletion pays for it
# (recently_deleted() in fs/ext4/ialloc.c), which would be the next program's time.
set -euo pipefail

TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-build}
[[ $BUILD == /* ]] || BUILD=$TOP/$BUILD
FLOE=$BUILD/floe
ROUNDS=${ROUNDS:-5}
SIZE_MIB=${SIZE_MIB:-400}
FS=${FS:-ext4}

((EUID == 0)) || { echo "$0: owners are set: run as root" >&2; exit 1; }
if [[ ${BENCH_INSIDE:-} != "$PPID" ]]; then
	# shellcheck disable=SC2016 # expanded by the inner shell
	exec unshare --mount --propagation private sh -c 'BENCH_INSIDE=$$ "$@"' - "$0" "$@"
fi
WORK=$(mktemp -d "${WORK:-/var/tmp}/floe-bench.XXXXXX")
trap 'fresh_end; rm -rf --one-file-system "$WORK"' EXIT
trap 'exit 130' INT TERM

fresh_end() {
	! mountpoint -q "$WORK/fresh" || umount "$WORK/fresh"
	rm -f "$WORK/disk"
}

# An empty file system at $WORK/fresh, nothing of it still to be done in the background.
fresh_begin() {
	local loop
	mkdir -p "$WORK/fresh"
	if [[ $FS == tmpfs ]]; then
		mount -t tmpfs tmpfs "$WORK/fresh"
		return
	fi
	truncate -s $((SIZE_MIB * 4 + 1024))M "$WORK/disk"
	case $FS in
	ext4) mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$WORK/disk" ;;
	*) "mkfs.$FS" -q "$WORK/disk" >/dev/null 2>&1 ;;
	esac
	# Not through the page cache a second time, where the file system below allows that.
	loop=$(losetup -f --show --direct-io=on "$WORK/disk" 2>/dev/null || losetup -f --show "$WORK/disk")
	mount "$loop" "$WORK/fresh"
	losetup -d "$loop" # when it is unmounted
}

# The first SIZE bytes' worth of files below some directories of any Debian.
choose_files() { # SIZE
	find usr/share/doc usr/include usr/share/perl usr/lib/python3 usr/share/locale usr/bin \
		-type f -size -20M -printf '%s %p\n' 2>/dev/null |
		awk -v size="$1" '(sum += $1) > size { next } { sub(/^[0-9]+ /, ""); print }'
}

make_archive() { # OUTPUT-WITHOUT-SUFFIX
	(cd / && choose_files $((SIZE_MIB << 20)) | tar --verbatim-files-from -T - -cf "$1")
	xz -1 -T2 --block-size=4MiB -k "$1"
	zstd -q -3 -k "$1"
	rm "$1"
}

# Each unpacks ARCHIVE below DIRECTORY, data on disk when it ends, as floe does.
run_floe() {
	"$FLOE" import-tar "$1" image "--image-root=$2"
}
run_systemd-import() {
	/lib/systemd/systemd-import tar "$1" image "--image-root=$2"
}
run_tar() {
	tar --numeric-owner --xattrs --xattrs-include='*' --acls -xpf "$1" -C "$2" && sync -f "$2"
}
run_threads+tar() {
	local decompress="xz -T0"
	[[ $1 == *.zst ]] && decompress=zstd
	$decompress -dc "$1" | tar --numeric-owner --xattrs --xattrs-include='*' --acls -xp -C "$2" &&
		sync -f "$2"
}
run_bsdtar() {
	bsdtar --numeric-owner -xpf "$1" -C "$2" && sync -f "$2"
}

programs() {
	echo floe
	[[ -x /lib/systemd/systemd-import ]] && echo systemd-import
	echo tar
	echo threads+tar
	! type -P bsdtar >/dev/null || echo bsdtar
}

# Prints the milliseconds one import takes; fails when the program cannot.
measure() { # PROGRAM ARCHIVE
	local directory=$WORK/fresh/images start end status=0
	fresh_begin
	mkdir "$directory"
	cat "$2" >/dev/null
	sync
	start=${EPOCHREALTIME/./}
	"run_$1" "$2" "$directory" >"$WORK/messages" 2>&1 || status=1
	end=${EPOCHREALTIME/./}
	fresh_end
	((status == 0)) || return 1
	echo $(((end - start) / 1000))
}

median() { # FILE
	sort -n "$1" | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

# Older programs know fewer compressions; floe itself must not fail.
give_up() { # PROGRAM
	[[ $1 != floe ]] || { cat "$WORK/messages" >&2; exit 1; }
	touch "$WORK/fails-$1"
	printf '  %-16s cannot: %s\n' "$1" "$(grep -m 1 -iE 'error|unable|cannot|compressed' "$WORK/messages")"
}

compare() { # ARCHIVE
	local round program floe
	printf '%s: %s MiB, %s rounds, %s processors, on %s\n' "${1##*/}" \
		"$(($(stat -L -c %s "$1") >> 20))" "$ROUNDS" "$(nproc)" "$FS"
	rm -f "$WORK"/times-* "$WORK"/fails-*
	for ((round = 0; round < ROUNDS; round++)); do
		for program in $(programs); do
			[[ ! -e $WORK/fails-$program ]] || continue
			measure "$program" "$1" >>"$WORK/times-$program" || give_up "$program"
		done
	done
	floe=$(median "$WORK/times-floe")
	for program in $(programs); do
		[[ ! -e $WORK/fails-$program ]] || continue
		awk -v program="$program" -v msec="$(median "$WORK/times-$program")" -v floe="$floe" \
			-v all="$(sort -n "$WORK/times-$program" | tr '\n' ' ')" \
			'BEGIN { printf "  %-16s %7d ms  %5.2f x floe  (%s)\n", program, msec,
				msec / floe, substr(all, 1, length(all) - 1) }'
	done
}

if (($#)); then
	compare "$(readlink -f "$1")"
	exit
fi
make_archive "$WORK/usr.tar"
compare "$WORK/usr.tar.xz"
compare "$WORK/usr.tar.zst"
