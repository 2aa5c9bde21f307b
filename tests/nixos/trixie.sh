#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# trixie.sh - print the directory of a Debian trixie with systemd-nspawn 257, which is made with
# debootstrap and kept in the build directory.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"
# shellcheck source-path=SCRIPTDIR source=donor.sh
. "$here/donor.sh"
top=$(cd "$here/../.." && pwd)
build=${BUILD:-build}
[[ $build == /* ]] || build=$top/$build
tree=$build/trixie

# Configuring it takes an init system that is there before, and starts nothing.
add_nspawn() {
	cp -L /etc/resolv.conf "$work/tree/etc/resolv.conf"
	printf '#!/bin/sh\nexit 101\n' >"$work/tree/usr/sbin/policy-rc.d"
	chmod 755 "$work/tree/usr/sbin/policy-rc.d"
	DEBIAN_FRONTEND=noninteractive chroot "$work/tree" \
		apt-get -q -y --no-install-recommends install systemd-container
}

mkdir -p "$build"
exec 9>"$build/trixie.lock"
flock 9
if [[ ! -e $tree ]]; then
	work=$(mktemp -d "$build/.trixie.XXXXXX")
	trap 'rm -rf --one-file-system "$work"' EXIT
	debootstrap --variant=minbase trixie "$work/tree" "$(donor_mirror)" >"$work/log" 2>&1 &&
		add_nspawn >>"$work/log" 2>&1 || {
		tail -n 20 "$work/log" >&2
		die "making a trixie failed (above: the end of the log)"
	}
	mv -T "$work/tree" "$tree"
fi
echo "$tree"
