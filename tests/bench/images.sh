#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Listing 500 images, and cloning one on ext4, xfs and btrfs, against cp: processor and wall time.
set -euo pipefail
# shellcheck source=tests/bench/common.bash
. "$(dirname "$0")/common.bash"
IMAGES=${IMAGES:-500}
enter_sandbox
FLOE=$BUILD/floe
TIMEFORMAT='%3R s, %3U s user, %3S s system'

report() { # WHAT COMMAND...
	local what=$1 spent
	shift
	{ spent=$({ time "$@" >/dev/null 2>&3; } 2>&1); } 3>&2
	printf '  %-44s %s\n' "$what" "$spent"
}

make_images() {
	local i
	for ((i = 0; i < IMAGES; i++)); do
		mkdir -p "/var/lib/machines/image-$i"/{etc,usr/bin}
		echo 'PRETTY_NAME="NixOS 23.11 (Tapir)"' >"/var/lib/machines/image-$i/etc/os-release"
	done
}

# Copies a tree of this system's files.
clone_on() { # FILE-SYSTEM
	truncate -s 2G "$WORK/disk"
	"mkfs.$1" -q "$WORK/disk" >/dev/null 2>&1
	mount -o loop "$WORK/disk" /var/lib/machines
	mkdir "$WORK/tree"
	cp -a /usr/include "$WORK/tree/"
	"$FLOE" import-fs "$WORK/tree" source
	rm -r "$WORK/tree"
	sync -f /var/lib/machines
	report "floe clone on $1" "$FLOE" clone source copy
	report "cp -a --reflink=auto and sync on $1" sh -c \
		'cp -a --reflink=auto /var/lib/machines/source /var/lib/machines/other &&
		sync -f /var/lib/machines'
	umount /var/lib/machines
	rm "$WORK/disk"
}

make_images
echo "$IMAGES images:"
report "floe list-images" "$FLOE" list-images
report "floe list-images --no-size" "$FLOE" list-images --no-size
report "floe list-images --json" "$FLOE" list-images --json
report "floe image-status of one" "$FLOE" image-status image-7
echo "cloning $(find /usr/include | wc -l) files, $(du -sm /usr/include | cut -f1) MiB:"
for system in ext4 xfs btrfs; do
	clone_on "$system"
done
