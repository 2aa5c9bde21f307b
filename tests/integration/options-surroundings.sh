#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What every machine finds without being asked for: mounts, devices, environment, /run/host, and
# what it must not find: anything else of the host's.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

# "PATH TYPE OPTIONS" of every mount inside, the options of the mount itself only.
mounts_inside() { # OPTION...
	script_inside "$@" 'cat /proc/self/mountinfo'
	awk '{ for (i = 7; $i != "-"; i++); print $5, $(i + 1), $6 }' <<<"$OUTPUT"
}

# Every line is to be there.
assert_mounts() { # MOUNTS, with the lines wanted on standard input
	local line
	while read -r line; do
		grep -qxF "$line" <<<"$1" || fail "no mount \"$line\" among
$1"
	done
}

common_mounts() {
	local mounts
	mounts=$(mounts_inside)
	assert_mounts "$mounts" <<-'END'
		/proc proc rw,nosuid,nodev,noexec,relatime
		/sys sysfs ro,nosuid,nodev,noexec,relatime
		/sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime
		/dev tmpfs rw,nosuid
		/dev/pts devpts rw,nosuid,noexec,relatime
		/dev/shm tmpfs rw,nosuid,nodev
		/dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime
		/run tmpfs rw,nosuid,nodev
		/run/host tmpfs ro,nosuid,nodev,noexec,relatime
		/run/host/os-release ext4 ro,nosuid,nodev,noexec,relatime
		/tmp tmpfs rw,nosuid,nodev
	END
}

test_the_mount_table() {
	in_both_modes common_mounts
}

test_nothing_covers_proc_and_sys_in_a_user_namespace() {
	local mounts
	mounts=$(mounts_inside --private-network)
	assert_eq '' "$(grep '^/proc/' <<<"$mounts")" "mounts below /proc"
	# Read-only, so that systemd waits for no udev; not locked, and one that is not for nested ones.
	assert_mounts "$mounts" <<<'/sys sysfs ro,nosuid,nodev,noexec,relatime'
	assert_mounts "$mounts" <<<'/run/host/.api/sysfs sysfs rw,nosuid,nodev,noexec,relatime'
	script_inside --private-network 'mount -o remount,bind,rw /sys && grep -c " /sys sysfs rw" /proc/mounts'
	assert_eq 1 "$OUTPUT"
	assert_mounts "$mounts" <<<'/ ext4 rw,nodev,relatime,idmapped'
}

covered() { # OPTION...
	local mounts
	mounts=$(mounts_inside "$@")
	assert_mounts "$mounts" <<-'END'
		/proc/sys proc ro,nosuid,nodev,noexec,relatime
		/proc/bus proc ro,nosuid,nodev,noexec,relatime
		/proc/kallsyms tmpfs ro,nosuid,nodev,noexec,relatime
		/proc/keys tmpfs ro,nosuid,nodev,noexec,relatime
		/proc/kmsg tmpfs ro,nosuid,nodev,noexec,relatime
		/proc/timer_list tmpfs ro,nosuid,nodev,noexec,relatime
		/sys sysfs ro,nosuid,nodev,noexec,relatime
		/run/host/.api tmpfs ro,nosuid,nodev,noexec,relatime
	END
	assert_inside '' "$@" 'cat /proc/kallsyms /proc/keys /proc/kmsg; ls /run/host/.api'
	machine "$@" sh -c 'echo 1 >/proc/sys/kernel/panic' 2>err && fail "/proc/sys can be written"
	assert_match 'Read-only file system' "$(<err)"
}

test_masks() {
	MODE=pick covered --masks
	MODE=no covered
}

test_masks_leave_the_network_settings_writable() {
	assert_inside 1 --masks --private-network \
		'echo 1 >/proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv4/ip_forward'
}

# A new user namespace may mount its own proc: what sandboxes of package builders do.
nested_sandbox() { # OPTION...
	# shellcheck disable=SC2016 # expanded inside
	assert_inside 1 "$@" 'unshare -U -r -m -p -f sh -c "mount -t proc proc /proc && echo \$\$"'
}

test_nested_sandboxes_can_mount_proc() {
	nested_sandbox
	nested_sandbox --masks
	MODE=no nested_sandbox
}

device_nodes() {
	script_inside 'cd /dev; stat -c "%n %F %t:%T %a" full null random tty urandom zero'
	assert_eq 'full character special file 1:7 666
null character special file 1:3 666
random character special file 1:8 666
tty character special file 5:0 666
urandom character special file 1:9 666
zero character special file 1:5 666' "$OUTPUT"
	script_inside 'cd /dev; for l in fd stdin stdout stderr ptmx; do readlink $l; done'
	assert_eq '/proc/self/fd
/proc/self/fd/0
/proc/self/fd/1
/proc/self/fd/2
pts/ptmx' "$OUTPUT"
	assert_inside '4' 'echo abc >/dev/null; head -c 4 /dev/zero | wc -c'
	assert_inside '9' 'head -c 9 /dev/urandom | wc -c'
	script_inside 'echo >/dev/full; true'
	assert_match 'No space left' "$ERRORS"
	script_inside 'ls /dev'
	assert_no_match 'kmsg|mem|vda|loop|kvm|console' "$OUTPUT" "/dev in pipe mode"
}

test_device_nodes() {
	in_both_modes device_nodes
}

# The variables, one a line; those of the shell itself left out.
environment_inside() {
	script_inside 'tr "\0" "\n" </proc/1/environ | grep -v "^container_host_" | sort'
}

environment() {
	local id
	id=$(script_inside true; TERM=xterm environment_inside; sed -n 's/^container_uuid=//p' <<<"$OUTPUT")
	assert_match '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' "$id"
	SECRET=of-the-host TERM=vt220 environment_inside
	assert_eq "HOME=/root
LANG=C.UTF-8
LOGNAME=root
NOTIFY_SOCKET=/run/host/notify
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
TERM=vt220
USER=root
container=systemd-nspawn" "$(grep -v '^container_uuid=' <<<"$OUTPUT")"
}

test_the_environment_is_exactly_ours() {
	in_both_modes environment
}

test_the_environment_names_the_host_system() {
	printf '%s\n' 'ID=host-os' 'VERSION_ID="4 2"' 'VARIANT_ID=small' 'BUILD_ID=b7' 'NAME=Host' >os
	cover "$(readlink -f /etc/os-release)" "$PWD/os"
	script_inside 'env | grep ^container_host_ | sort; cat /run/host/os-release'
	assert_eq "container_host_build_id=b7
container_host_id=host-os
container_host_variant_id=small
container_host_version_id=4 2
$(<os)" "$OUTPUT"
}

run_host() {
	script_inside 'cd /run/host; cat container-manager container-uuid; echo $container_uuid'
	assert_eq systemd-nspawn "$(sed -n 1p <<<"$OUTPUT")"
	assert_eq "$(sed -n 2p <<<"$OUTPUT")" "$(sed -n 3p <<<"$OUTPUT")" "container_uuid"
	script_inside 'cd /run/host; stat -c "%n %F %a" notify inaccessible/*'
	assert_eq 'notify socket 666
inaccessible/dir directory 0
inaccessible/fifo fifo 0
inaccessible/reg regular empty file 0
inaccessible/sock socket 0' "$OUTPUT"
	machine sh -c 'echo x >/run/host/file' 2>err && fail "/run/host can be written"
	assert_match 'Read-only file system' "$(<err)"
}

test_run_host() {
	in_both_modes run_host
}

process_state() {
	assert_inside '0022' 'umask'
	assert_inside $'0\n1\n2' 'ls /proc/1/fd; true'
	assert_inside '/' 'pwd'
	assert_inside '1' 'echo $$'
	assert_inside 'uid=0(root) gid=0(root)' 'id'
	inside /bin/cat /proc/self/status
	assert_match $'SigIgn:\t0000000000000000' "$OUTPUT"
	assert_match $'SigBlk:\t0000000000000000' "$OUTPUT"
	assert_match $'NSsid:\t1\n' "$OUTPUT" "its session"
	assert_match $'Threads:\t1\n' "$OUTPUT"
}

test_process_state() {
	in_both_modes process_state
}

# Opened without O_CLOEXEC, and signals ignored, by the caller: neither gets in.
leaky_caller() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	run_ok bash -c 'exec 7</etc/passwd 9<>/tmp; trap "" USR1 PIPE CHLD; umask 077; exec "$@"' - \
		floe run --pipe -D "$ROOT" --private-users="$MODE" /bin/sh -c \
		'ls /proc/1/fd; exec cat /proc/self/status'
	assert_match $'^0\n1\n2\nName' "$OUTPUT" "open descriptors, then the status"
	assert_match $'SigIgn:\t0000000000000000' "$OUTPUT"
	assert_match $'Umask:\t0022' "$OUTPUT"
}

test_nothing_of_the_caller_leaks_in() {
	in_both_modes leaky_caller
}

host_view() { # mountinfo roots: only the tree, devices and files asked for
	script_inside 'cat /proc/self/mountinfo'
	assert_eq '' "$(awk '$(NF - 2) == "ext4" && $5 != "/" && $5 != "/run/host/os-release"' \
		<<<"$OUTPUT")" "mounts of the host's disk"
	assert_no_match ' shared:| master:' "$OUTPUT" "propagation"
	assert_inside '1' 'ls -d /proc/[0-9]* | grep -cx /proc/1'
	inside /bin/busybox sh -c 'for p in /proc/[0-9]*; do readlink $p/exe; done | sort -u'
	assert_no_match "$BUILD|/usr/|deleted" "$OUTPUT" "programs seen in /proc"
	assert_inside '/' 'sed -n "s/^0:://p" /proc/self/cgroup'
	assert_inside "$NAME" hostname
	script_inside 'cat /proc/sys/kernel/random/boot_id /proc/self/cgroup /proc/1/cpuset /proc/1/mounts'
	assert_no_match "$NAME" "$OUTPUT" "the host's cgroup paths"
	script_inside 'ls -di /proc/self/ns/mnt /proc/self/ns/pid >/dev/null; ls -l /proc/1/ns'
	local kind own
	for kind in mnt pid uts ipc cgroup; do
		own=$(readlink /proc/self/ns/$kind)
		assert_no_match "${own//[][]/.}" "$OUTPUT" "the host's namespaces inside"
	done
}

test_the_host_is_out_of_sight() {
	in_both_modes host_view
}

test_base_directories_are_made() {
	mkdir -p bare/bin
	cp "$ROOT/bin/busybox" bare/bin/sh
	ROOT=$PWD/bare
	inside -M "$NAME" /bin/sh -c true
	assert_eq 'bin dev etc proc root run sys tmp usr var ' "$(find bare -mindepth 1 -maxdepth 1 \
		-printf '%f\n' | sort | tr '\n' ' ')"
	assert_eq '750 0' "$(stat -c '%a %u' bare/root)"
	assert_eq '755 0' "$(stat -c '%a %u' bare/etc)"
}

test_time_is_shared_unless_private() {
	local host
	host=$(readlink /proc/self/ns/time)
	assert_inside "$host" 'readlink /proc/self/ns/time'
	script_inside --private-time 'readlink /proc/self/ns/time'
	assert_ne "$host" "$OUTPUT" "the time namespace"
	MODE=no script_inside --private-time 'readlink /proc/self/ns/time'
	assert_ne "$host" "$OUTPUT" "the time namespace"
}

run_tests
