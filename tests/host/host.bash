# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A host that systemd runs: this machine's own Debian below an overlay, with systemd as PID 1 of
# mount, pid, uts, ipc and cgroup namespaces. Its network is that of the test. To be sourced after
# lib.sh.
#
#	host_boot UNIT...     boots it and waits until these units are active
#	in_host COMMAND...    runs a command in it, in a scope of its own
#	host_end              for the trap of the test

HOST_TREE=$SANDBOX/host HOST_WRITES=$SANDBOX/host-writes
HOST_CGROUP=
HOST='' HOST_HOLDER='' # PID 1 of the host, and the process that waits for it

# Where the version 2 hierarchy is, which systemd inside gets a part of.
host_cgroup_top() {
	awk '{ for (i = 7; $i != "-"; i++) } $(i + 1) == "cgroup2" { print $5; exit }' \
		/proc/self/mountinfo
}

# What would reach out to the kernel that is everybody's, or only waits for hardware.
HOST_MASKED=(systemd-sysctl.service systemd-modules-load.service systemd-binfmt.service
	proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount sys-kernel-debug.mount
	sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount
	dev-hugepages.mount dev-mqueue.mount systemd-random-seed.service systemd-pstore.service
	systemd-firstboot.service ldconfig.service systemd-udevd.service systemd-udev-trigger.service
	systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-remount-fs.service
	systemd-timesyncd.service systemd-networkd-wait-online.service systemd-machine-id-commit.service
	systemd-update-utmp.service systemd-journal-flush.service systemd-boot-system-token.service
	systemd-sysusers.service systemd-tmpfiles-setup-dev.service systemd-hwdb-update.service)

# The tree: what is written goes to memory; directories of the test are the real ones.
host_tree() { # UNIT...
	local unit directory
	mkdir -p "$HOST_TREE" "$HOST_WRITES"
	mount -t tmpfs -o mode=755 tmpfs "$HOST_WRITES"
	mkdir -p "$HOST_WRITES"/{up,work}
	mount -t overlay -o "lowerdir=/,upperdir=$HOST_WRITES/up,workdir=$HOST_WRITES/work" \
		host "$HOST_TREE"
	for unit in "${HOST_MASKED[@]}"; do
		ln -sfn /dev/null "$HOST_TREE/etc/systemd/system/$unit"
	done
	mkdir -p "$HOST_TREE/etc/systemd/journald.conf.d"
	printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nForwardToConsole=no\n' \
		>"$HOST_TREE/etc/systemd/journald.conf.d/test.conf"
	: >"$HOST_TREE/etc/fstab"
	printf '[Unit]\nRequires=%s\nAfter=%s\n' "$*" "$*" >"$HOST_TREE/etc/systemd/system/test.target"
	for directory in "$SANDBOX" /var/lib/machines /var/lib/floe /var/log/floe; do
		mkdir -p "$HOST_TREE$directory"
		mount --bind "$directory" "$HOST_TREE$directory"
	done
}

# What a kernel gives a host at boot; then systemd. Runs as PID 1 of the new namespaces, with the old
# /proc still there.
host_init() {
	local node
	mount -t proc -o nosuid,nodev,noexec proc "$HOST_TREE/proc"
	# Read-only, or systemd waits for udev; the whole one is what machines need to have their own.
	mount -t sysfs -o nosuid,nodev,noexec sysfs "$HOST_TREE/mnt"
	mount --bind "$HOST_TREE/mnt" "$HOST_TREE/sys"
	mount -o remount,bind,ro,nosuid,nodev,noexec "$HOST_TREE/sys"
	mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$HOST_TREE/sys/fs/cgroup"
	mount -t tmpfs -o mode=755,nosuid tmpfs "$HOST_TREE/dev"
	mkdir "$HOST_TREE/dev/pts" "$HOST_TREE/dev/shm" "$HOST_TREE/dev/net"
	for node in null zero full random urandom tty; do
		mknod -m 666 "$HOST_TREE/dev/$node" c "$((0x$(stat -c %t "/dev/$node")))" \
			"$((0x$(stat -c %T "/dev/$node")))"
	done
	mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$HOST_TREE/dev/pts"
	ln -s pts/ptmx "$HOST_TREE/dev/ptmx"
	ln -s /proc/self/fd "$HOST_TREE/dev/fd"
	mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$HOST_TREE/dev/shm"
	mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$HOST_TREE/run"
	mkdir "$HOST_TREE/run/old"
	cd "$HOST_TREE" || exit
	pivot_root . run/old
	umount -l /run/old
	rmdir /run/old
	mount --make-rshared /
	exec env -i container=test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		/lib/systemd/systemd --unit=test.target --log-target=journal </dev/null
}

host_boot() { # UNIT...
	local top
	host_tree "$@"
	top=$(host_cgroup_top)
	[[ $top ]] || fail "there is no cgroup2 hierarchy for a host to boot in"
	HOST_CGROUP=$top/floe-host-${SANDBOX##*.}
	mkdir "$HOST_CGROUP"
	(
		echo "$BASHPID" >"$HOST_CGROUP/cgroup.procs"
		export HOST_TREE
		exec unshare --mount --pid --uts --ipc --cgroup --fork --kill-child \
			--propagation private bash -euc "$(declare -f host_init); host_init"
	) >"$TEST_DIR/host-console" 2>&1 </dev/null &
	HOST_HOLDER=$!
	wait_for 10 host_is_there
	HOST=$(<"/proc/$HOST_HOLDER/task/$HOST_HOLDER/children")
	HOST=${HOST% }
	wait_for 60 host_is_up
}

host_is_there() {
	[[ $(cat "/proc/$HOST_HOLDER/task/$HOST_HOLDER/children" 2>/dev/null) ]]
}

host_is_up() {
	[[ $(in_namespaces systemctl is-active test.target 2>&1) == active ]]
}

in_namespaces() { # COMMAND...
	nsenter --target "$HOST" --mount --uts --ipc --pid --cgroup --wd=/ -- "$@"
}

# In a scope: what it leaves in the background stays until it ends by itself.
in_host() { # COMMAND...
	in_namespaces systemd-run --quiet --scope --collect --property=Delegate=yes -- \
		env PATH="$PATH" HOME=/root "$@"
}

# Everything in it dies with its PID 1.
host_end() {
	[[ ! $HOST ]] || kill -KILL "$HOST" 2>/dev/null || true
	wait ${HOST_HOLDER:+"$HOST_HOLDER"} 2>/dev/null || true
	[[ ! $HOST_CGROUP ]] || wait_for 10 host_remove_cgroup
	umount -R "$HOST_TREE" 2>/dev/null || true
	umount "$HOST_WRITES" 2>/dev/null || true
}

host_remove_cgroup() {
	find "$HOST_CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null
	[[ ! -e $HOST_CGROUP ]]
}
