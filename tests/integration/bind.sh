#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Files and directories of the host mounted in running machines.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/images.bash"

in_web() { # SCRIPT
	run floe exec "$WEB" /bin/sh -c "$1"
}

assert_in_web() { # EXPECTED SCRIPT
	in_web "$2"
	assert_eq "$1" "$OUTPUT" "output of \"$2\""
}

# Files of the host's root and of a user, and something mounted below.
make_source() {
	mkdir -p source/below
	echo content >source/file
	chown 1000:1000 source/file
	mount -t tmpfs tmpfs source/below
	echo deep >source/below/deep
}

binds_work() {
	start_web --private-users="$MODE"
	run_ok floe bind --mkdir "$WEB" "$PWD/source" /mnt/a/b
	assert_in_web content 'cat /mnt/a/b/file'
	assert_in_web deep 'cat /mnt/a/b/below/deep'
	run_ok floe bind --mkdir --no-recursive "$WEB" "$PWD/source" /mnt/flat
	assert_in_web '' 'ls /mnt/flat/below'
	run_ok floe bind --mkdir "$WEB" "$PWD/source/file" /mnt/one
	assert_in_web content 'cat /mnt/one'
	chmod 666 source/file
	in_web 'echo written >/mnt/one'
	assert_eq written "$(<source/file)"
	echo content >source/file
	# Without a target it is the same path inside.
	run_ok floe bind --mkdir "$WEB" "$PWD/source"
	assert_in_web content "cat $PWD/source/file"
	in_web 'umount /mnt/one && rm /mnt/one'
	assert_eq 0 "$STATUS" "status of umount"
	run_ok floe stop "$WEB"
	assert_eq deep "$(<source/below/deep)"
	rm -rf "/var/lib/machines/$WEB"
}

test_binds() {
	make_source
	in_both_modes binds_work
	umount source/below
}

# Root inside cannot make it writable, neither the mount nor what is mounted below.
test_read_only_stays_read_only() {
	make_source
	start_web
	run_ok floe bind --read-only --mkdir "$WEB" "$PWD/source" /mnt/ro2
	for command in 'touch /mnt/ro2/x' 'touch /mnt/ro2/below/x' 'mount -o remount,bind,rw /mnt/ro2' \
		'mount -o remount,bind,rw /mnt/ro2/below'; do
		in_web "$command"
		assert_ne 0 "$STATUS" "status of $command"
	done
	# What lies under the mounts below stays hidden.
	in_web 'umount /mnt/ro2/below'
	assert_ne 0 "$STATUS" "status of umount"
	run_ok floe stop "$WEB"
	umount source/below
}

test_ids_are_mapped() {
	mkdir source
	touch source/file
	chown 1000:1000 source/file
	start_web
	run_ok floe bind --mkdir "$WEB" "$PWD/source" /mnt/plain
	run_ok floe bind --mkdir --idmap "$WEB" "$PWD/source" /mnt/mapped
	assert_in_web '65534 1000 0' 'echo $(stat -c %u /mnt/plain/file /mnt/mapped/file /mnt/mapped)'
	in_web 'touch /mnt/mapped/new'
	assert_eq 0 "$(stat -c %u source/new)"
	run_ok floe stop "$WEB"
}

# A mount point that the machine made a link ends in the machine.
test_hostile_targets_stay_inside() {
	mkdir source
	echo ours >source/file
	image "$WEB" "$READY_INIT"
	ln -s /tmp "/var/lib/machines/$WEB/mnt"
	ln -s ../../../../../../../../etc "/var/lib/machines/$WEB/up"
	mkdir -p "$TEST_DIR/outside"
	ln -s "$TEST_DIR/outside" "/var/lib/machines/$WEB/away"
	run_ok "${START[@]}" "$WEB"
	run_ok floe bind --mkdir "$WEB" "$PWD/source" /mnt/x
	assert_in_web ours 'cat /tmp/x/file'
	run_ok floe bind --mkdir "$WEB" "$PWD/source" /up/x
	assert_in_web ours 'cat /etc/x/file'
	assert_absent /etc/x
	assert_refused 'cannot make the mount point /away/x' \
		floe bind --mkdir "$WEB" "$PWD/source" /away/x
	assert_eq '' "$(ls "$TEST_DIR/outside")"
	run_ok floe stop "$WEB"
}

test_nothing_is_left_in_the_host() {
	local before
	before=$(cat /proc/self/mountinfo)
	mkdir source
	start_web
	run_ok floe bind --mkdir "$WEB" "$PWD/source" /mnt/x
	assert_eq "$before" "$(cat /proc/self/mountinfo)" "mounts"
	assert_eq $'control\nstate.json' "$(ls "/run/floe/$WEB")"
	run_ok floe stop "$WEB"
}

test_errors_say_what_is_wrong() {
	mkdir source
	touch file
	start_web
	assert_refused 'cannot open .*/nothing: No such file' floe bind "$WEB" "$PWD/nothing" /mnt
	assert_refused 'cannot mount on /mnt/x in .*; --mkdir makes what is missing' \
		floe bind "$WEB" "$PWD/source" /mnt/x
	assert_refused 'cannot mount .*/file on /etc' floe bind "$WEB" "$PWD/file" /etc
	assert_refused 'no absolute path' floe bind "$WEB" "$PWD/source" mnt
	assert_refused 'no absolute path' floe bind "$WEB" "$PWD/source" /mnt/../etc
	assert_refused 'over the root' floe bind "$WEB" "$PWD/source" /
	run_ok floe stop "$WEB"
	assert_refused 'no machine called' floe bind "$WEB" "$PWD/source" /mnt
	start_web --private-users=no
	assert_refused 'no user namespace to map ids to' floe bind --idmap "$WEB" "$PWD/source" /mnt
	run_ok floe stop "$WEB"
}

run_tests
