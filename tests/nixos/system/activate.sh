#!@pkg_bash@/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2239,SC2157,SC2050,SC2317 # the names between @ are filled in
# Activation: make /etc, the users, the wrappers and the few names outside the store that a running
# system has. Runs at boot (from stage 2) and when a generation is switched to; a failing part is
# reported, the others still run.

system=@out@
etc=@etc@
PATH=@pkg_coreutils@/bin:@pkg_util_linux@/bin:@pkg_grep@/bin:@pkg_sed@/bin:@pkg_findutils@/bin:@pkg_e2fsprogs@/bin
export PATH
umask 0022
failed=0

# link TARGET NAME - replace NAME by a link to TARGET, without a moment in which it is missing.
link() {
	ln -sfn "$1" "$2.activation" && mv -T "$2.activation" "$2"
}

# Mount options of the API file systems are part of the configuration, so a switch sets them anew.
remount_api() {
	local what where options status=0

	[ -n "@remount@" ] || return 0
	while read -r what where options; do
		if mountpoint -q "$where"; then
			mount -n -t "$what" -o "remount,$options" "$what" "$where"
		else
			mkdir -m 0755 "$where" && mount -n -t "$what" -o "$options" "$what" "$where"
		fi || status=$?
	done <<- X
		devtmpfs /dev nosuid,strictatime,mode=755,size=5%
		devpts /dev/pts nosuid,noexec,mode=620,ptmxmode=0666,gid=3
		tmpfs /dev/shm nosuid,nodev,strictatime,mode=1777,size=50%
		proc /proc nosuid,noexec,nodev
		tmpfs /run nosuid,nodev,strictatime,mode=755,size=25%
	X
	return "$status"
}

make_directories() {
	mkdir -p /bin /usr/bin /var/{cache,db,empty,lib,log,spool,tmp} /home /root /run/lock
	chmod 0700 /root
	chmod 1777 /var/tmp
	[ -L /var/run ] || ln -sfn /run /var/run
	[ -L /var/lock ] || ln -sfn /run/lock /var/lock
	# Nobody is to put anything there, root included.
	chattr -f -i /var/empty
	chmod 0555 /var/empty
	chattr -f +i /var/empty || true
}

make_links() {
	local program dir dirs=(/usr/lib/systemd)

	link @pkg_bash@/bin/bash /bin/sh
	link @pkg_coreutils@/bin/env /usr/bin/env
	# Debian's systemd and PAM have these paths compiled in. The service manager itself is left
	# out: managers that look for /usr/lib/systemd/systemd first would then pass over stage 2.
	# Before version 253 systemd was told that programs are in /lib and /bin.
	[ -e @pkg_systemd@/lib/systemd/systemd-executor ] || dirs+=(/lib/systemd)
	for dir in "${dirs[@]}"; do
		mkdir -p "$dir"
		for program in @pkg_systemd@/lib/systemd/systemd-*; do
			link "$program" "$dir/${program##*/}"
		done
	done
	# The DHCP client has the directory of its hooks compiled in.
	[ -z "@dhcpcd@" ] || link @dhcpcd@/lib/dhcpcd /usr/lib/dhcpcd
	mkdir -p /usr/sbin
	link /run/wrappers/bin/unix_chkpwd /usr/sbin/unix_chkpwd
	for program in mount umount; do
		link "@pkg_util_linux@/bin/$program" "/usr/bin/$program"
		[ ${#dirs[@]} = 1 ] || link "@pkg_util_linux@/bin/$program" "/bin/$program"
	done
}

# /etc/static is the store's etc; everything in /etc is a link through it, so that one rename
# changes the generation. Files that do not stem from it are left alone.
set_up_etc() {
	echo "setting up /etc..."
	link "$etc/etc" /etc/static
	local kind name
	(cd "$etc/etc" && find . -mindepth 1 -printf '%y %P\n') | while read -r kind name; do
		if [ "$kind" = d ]; then
			[ ! -L "/etc/$name" ] || rm "/etc/$name"
			mkdir -p "/etc/$name"
		elif [ "$(readlink "/etc/$name")" != "/etc/static/$name" ]; then
			if [ ! -d "/etc/$name" ] || [ -L "/etc/$name" ]; then
				link "/etc/static/$name" "/etc/$name"
			fi
		fi
	done
	# What an older generation had and this one has not.
	find /etc -xdev -type l -lname '/etc/static/*' | while read -r name; do
		[ -L "$(readlink "$name")" ] || [ -e "$name" ] || rm "$name"
	done
}

set_up_users() {
	echo "setting up users..."
	local file mode
	while read -r file mode; do
		[ -s "/etc/$file" ] && continue
		cp "$etc/users/$file" "/etc/$file.activation" && chmod "$mode" "/etc/$file.activation" &&
			mv -T "/etc/$file.activation" "/etc/$file"
	done <<- X
		passwd 0644
		group 0644
		shadow 0600
	X
	install -d -m 0700 -o alice -g users /home/alice
}

# Programs with the set-user-ID bit cannot be in the store.
set_up_wrappers() {
	local new old program

	install -d -m 0755 /run/wrappers
	mountpoint -q /run/wrappers ||
		mount -n -t tmpfs -o nodev,mode=755,size=50% tmpfs /run/wrappers || return
	new=$(mktemp -d /run/wrappers/wrappers.XXXXXXXXXX) && chmod 0755 "$new" || return
	for program in @pkg_util_linux@/bin/{su,mount,umount} @pkg_linux_pam@/bin/unix_chkpwd; do
		cp "$program" "$new/" && chmod 4555 "$new/${program##*/}" || return
	done
	old=$(readlink /run/wrappers/bin)
	link "$new" /run/wrappers/bin
	[ -z "$old" ] || rm -rf "$old"
}

set_up_nix() {
	[ "@kind@" = image ] || return 0
	mkdir -p /nix/var/nix/{gcroots,profiles,temproots} && install -d -m 1777 /nix/var/nix/gcroots/tmp
}

for part in remount_api make_directories make_links set_up_etc set_up_users set_up_wrappers set_up_nix; do
	$part || {
		echo "activation: $part failed ($?)" >&2
		failed=1
	}
done

link "$system" /run/current-system
exit $failed
