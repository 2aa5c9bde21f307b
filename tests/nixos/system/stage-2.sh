#!@pkg_bash@/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2239 # the names between @ are filled in
# Stage 2: the program that a NixOS system is booted with, inside its root. It makes the store
# read-only, activates the system closure and becomes systemd.
#
# It takes the steps of NixOS's stage 2 in the same order, because these are what a container
# manager has to get on with: it judges by $container and /proc/1 whether someone has mounted the
# API file systems, wants to change the mount of /nix/store, and does not stop at errors.

system=@out@
export PATH=@pkg_coreutils@/bin:@pkg_util_linux@/bin:@pkg_grep@/bin
export HOME=/root

say() {
	printf '%s\n' "$*"
	if [ -c /dev/kmsg ] && [ -w /dev/kmsg ]; then printf 'stage-2: %s\n' "$*" > /dev/kmsg; fi
}

# Bare metal only: a container manager has made the root what it is meant to be.
if [ -z "${container:-}" ]; then
	mount -n -o remount,rw none /
fi
if [ ! -e /proc/1 ]; then
	install -d -m 0755 /proc /sys /dev /run
	mount -n -t proc -o nosuid,noexec,nodev proc /proc
	mount -n -t sysfs -o nosuid,noexec,nodev sysfs /sys
	mount -n -t devtmpfs -o nosuid,strictatime,mode=755 devtmpfs /dev
	install -d -m 0755 /dev/pts /dev/shm
	mount -n -t devpts -o nosuid,noexec,mode=620,ptmxmode=0666,gid=3 devpts /dev/pts
	mount -n -t tmpfs -o nosuid,nodev,strictatime,mode=1777 tmpfs /dev/shm
	mount -n -t tmpfs -o nosuid,nodev,strictatime,mode=755 tmpfs /run
fi

say "<<< stage 2 of $system >>>"

# The store belongs to root and the build group, and nothing but Nix writes to it.
chown -f 0:30000 /nix/store
chmod -f 1775 /nix/store
store_options=$(findmnt --first-only --direction backward --noheadings --output OPTIONS \
	--mountpoint /nix/store)
for option in ro nosuid nodev; do
	grep -qw "$option" <<< "${store_options//,/ }" && continue
	if [ -z "$store_options" ]; then
		mount --rbind /nix/store /nix/store
	fi
	mount -o remount,bind,ro,nosuid,nodev /nix/store
	break
done

install -m 0755 -d /etc /etc/nixos
install -m 01777 -d /tmp

say "running activation script..."
"$system/activate"

ln -sfn "$system" /run/booted-system

say "starting systemd..."
exec /run/current-system/systemd/lib/systemd/systemd "$@"
