# SPDX-License-Identifier: MIT
# Functions for tests that need the NixOS-shaped systems of build.sh.
# shellcheck shell=bash

nixos_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

declare -F die > /dev/null || die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# nixos_image - build the systems or find them in the cache; print the directory with
#   tarball.tar.xz      the image, with networkd
#   dhcpcd.tar.xz       the same with dhcpcd
#   host/nix            a store with the closures of all systems, and its database
#   toplevel-NAME       store path of system NAME: tarball, tarball2 (its second generation),
#                       dhcpcd, host and host2 (for a root without a store of its own), prepared
#                       (the same, with systemd as init and stage 2 as prepare-root)
#   update.export       what tarball2 adds to tarball, for "nix-store --import"
nixos_image() {
	"$nixos_dir/build.sh"
}

# nixos_toplevel NAME - print the store path of system NAME.
nixos_toplevel() {
	cat "$(nixos_image)/toplevel-$1"
}

# nixos_unpack DIR [NAME] - unpack the image, or that called NAME, to the new directory DIR.
nixos_unpack() {
	local image

	image=$(nixos_image) || return
	mkdir "$1" || return
	xz -T0 -dc "$image/${2:-tarball}.tar.xz" | tar -x -p -C "$1" --numeric-owner --delay-directory-restore || {
		nixos_remove "$1"
		return 1
	}
}

# nixos_remove DIR - remove a tree that may have been booted: activation makes /var/empty immutable.
nixos_remove() {
	[ -e "$1" ] || return 0
	[ ! -d "$1/var/empty" ] || [ -L "$1/var" ] || chattr -i "$1/var/empty" 2> /dev/null || true
	rm -rf --one-file-system -- "$1"
}
