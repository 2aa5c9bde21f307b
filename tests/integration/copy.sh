#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copying between the host and running machines.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/images.bash"

# What a tree is: names, types, modes, owners, times, contents, targets.
describe() { # DIRECTORY
	(cd "$1" && find . -printf '%p %y %m %U:%G %T@ %l\n' | sort && find . -type f -exec sha256sum {} + | sort)
}

make_tree() {
	mkdir -p tree/a/b/c tree/empty
	echo hello >tree/a/file
	head -c 300000 /dev/urandom >tree/a/b/big
	truncate -s 5M tree/sparse
	echo x >"tree/a/with space"
	ln -s ../../outside tree/a/link
	ln -s /etc/passwd tree/absolute
	mkfifo tree/fifo
	chmod 4755 tree/a/file
	chmod 1777 tree/empty
	chown 1000:1001 tree/a/b tree/a/b/big
	chown -h 1000:1000 tree/a/link
	find tree -exec touch -h -d '2020-02-03 04:05:06.789' {} +
}

copies_are_the_same() {
	start_web --private-users="$MODE"
	run_ok floe copy-to "$WEB" tree /tmp
	run_ok floe copy-from "$WEB" /tmp/tree back
	chmod u-s tree/a/file
	run_ok diff <(describe tree) <(describe back)
	chmod u+s tree/a/file
	run_ok floe exec "$WEB" /bin/sh -c 'cd /tmp/tree; stat -c "%u:%g %a %n" a/file a/b a/b/big .; readlink absolute'
	assert_eq $'0:0 4755 a/file\n1000:1001 755 a/b\n1000:1001 644 a/b/big\n0:0 755 .\n/etc/passwd' "$OUTPUT"
	# Holes stay holes.
	(($(stat -c %b back/sparse) < 100)) || fail "the hole was filled"
	run_ok floe stop "$WEB"
	rm -rf back "/var/lib/machines/$WEB"
}

test_trees() {
	make_tree
	in_both_modes copies_are_the_same
}

test_files_and_names() {
	start_web
	echo content >file
	run_ok floe copy-to "$WEB" file /tmp/other
	run_ok floe copy-to "$WEB" file /tmp
	run_ok floe copy-to "$WEB" ./file /tmp/../tmp/fourth
	run_ok floe exec "$WEB" /bin/sh -c 'cat /tmp/other /tmp/file /tmp/fourth'
	assert_eq $'content\ncontent\ncontent' "$OUTPUT"
	run_ok floe copy-from "$WEB" /tmp/other
	assert_eq content "$(</tmp/other)"
	rm /tmp/other
	run_ok floe copy-from "$WEB" /tmp/other here
	assert_eq content "$(<here)"
	mkdir directory
	run_ok floe copy-from "$WEB" /tmp/other directory/
	assert_eq content "$(<directory/other)"
	run_ok floe copy-from "$WEB" /etc/passwd .
	cmp passwd "$ROOT/etc/passwd"
	run_ok floe stop "$WEB"
}

test_what_is_there_stays() {
	start_web
	echo old >file
	run_ok floe copy-to "$WEB" file /tmp/file
	echo new >file
	assert_refused '"file" is there already; --force' floe copy-to "$WEB" file /tmp/file
	run_ok floe exec "$WEB" cat /tmp/file
	assert_eq old "$OUTPUT"
	run_ok floe copy-to --force "$WEB" file /tmp/file
	run_ok floe exec "$WEB" cat /tmp/file
	assert_eq new "$OUTPUT"
	mkdir tree
	echo 1 >tree/one
	run_ok floe copy-to "$WEB" tree /tmp
	mv tree/one tree/two
	assert_refused '"tree" is there already' floe copy-to "$WEB" tree /tmp
	run_ok floe copy-to --force "$WEB" tree /tmp
	run_ok floe exec "$WEB" ls -A /tmp/tree
	assert_eq two "$OUTPUT"
	assert_refused '"file" is there already' floe copy-from "$WEB" /tmp/file file
	run_ok floe exec "$WEB" ls -A /tmp
	assert_eq $'file\ntree' "$OUTPUT"
	run_ok floe stop "$WEB"
}

# Links that the machine made lead nowhere but into itself.
test_links_of_the_machine_end_inside() {
	image "$WEB" "$READY_INIT"
	mkdir outside
	ln -s "$PWD/outside" "/var/lib/machines/$WEB/away"
	ln -s ../../../../../../../../../.."$PWD/outside" "/var/lib/machines/$WEB/up"
	ln -s /etc/shadow-of-the-host "/var/lib/machines/$WEB/secret"
	run_ok "${START[@]}" "$WEB"
	echo content >file
	echo secret >/etc/shadow-of-the-host
	assert_refused 'cannot open the directory' floe copy-to "$WEB" file /away/file
	assert_refused 'cannot open the directory' floe copy-to "$WEB" file /up/file
	assert_refused 'cannot open /secret in' floe copy-from "$WEB" /secret got
	run_ok floe copy-to --force "$WEB" file /away
	assert_eq '' "$(ls outside)"
	run_ok floe exec "$WEB" cat /away
	assert_eq content "$OUTPUT"
	rm /etc/shadow-of-the-host
	run_ok floe stop "$WEB"
}

# Root inside may give a copy what it likes: on the host it acts for nobody.
test_nothing_dangerous_comes_out() {
	start_web
	run_ok floe exec "$WEB" /bin/sh -c 'mkdir /tmp/t; cp /bin/busybox /tmp/t/su; chmod 6755 /tmp/t/su
		mkdir /tmp/t/d; chmod 3777 /tmp/t/d; ln -s /etc/passwd /tmp/t/l; nc -lU /tmp/t/socket & sleep 0.2'
	run_ok floe copy-from "$WEB" /tmp/t got
	assert_eq '755 1777' "$(stat -c %a got/su got/d | xargs)"
	assert_absent got/socket
	assert_eq /etc/passwd "$(readlink got/l)"
	run_ok floe stop "$WEB"
}

# With the machine's rights, not with ours.
test_only_what_root_inside_may_is_done() {
	start_web --bind-ro="$PWD:/host"
	echo content >file
	chmod 600 file
	assert_refused 'Read-only file system' floe copy-to "$WEB" /etc/hostname /host/new
	assert_refused 'Permission denied' floe copy-from "$WEB" /host/file got
	assert_absent got
	run_ok floe stop "$WEB"
}

test_copies_are_there_as_a_whole_or_not_at_all() {
	start_web
	make_tree
	chown 99999999 tree/a/file
	run_ok floe copy-to "$WEB" tree /tmp
	run_ok floe exec "$WEB" stat -c '%u %a' /tmp/tree/a/file
	assert_eq '0 755' "$OUTPUT"
	# The copy is larger than its file system.
	run_ok floe exec "$WEB" /bin/sh -c 'mkdir /tmp/small; mount -t tmpfs -o size=64k tmpfs /tmp/small'
	assert_refused 'No space left' floe copy-to "$WEB" tree /tmp/small
	run_ok floe exec "$WEB" ls -A /tmp/small
	assert_eq '' "$OUTPUT"
	mkdir small
	mount -t tmpfs -o size=64k tmpfs small
	assert_refused 'No space left' floe copy-from "$WEB" /tmp/tree small
	assert_eq '' "$(ls -A small)"
	umount small
	run_ok floe stop "$WEB"
}

test_a_cancelled_copy_leaves_nothing() {
	local i
	start_web
	mkdir tree
	for ((i = 0; i < 3000; i++)); do echo "$i" >"tree/$i"; done
	for signal in INT KILL; do
		floe copy-to "$WEB" tree /tmp/copy &
		sleep 0.02
		kill -$signal $! || true
		wait $! || true
		wait_for 5 eval '[[ ! $(floe exec $WEB ls -A /tmp | grep -v "^copy$") ]]'
		floe exec "$WEB" rm -rf /tmp/copy
	done
	run_ok floe copy-to "$WEB" tree /tmp/copy
	floe copy-from "$WEB" /tmp/copy back &
	sleep 0.02
	kill -INT $! || true
	wait $! || true
	[[ -d back ]] || assert_eq 'tree' "$(ls -A | grep -v '^\.output$\|^\.errors$')"
	run_ok floe stop "$WEB"
}

test_errors_say_what_is_wrong() {
	start_web
	assert_refused 'cannot open nothing: No such file' floe copy-to "$WEB" nothing /tmp
	assert_refused 'begin with a slash' floe copy-to "$WEB" /etc/passwd tmp
	assert_refused 'cannot open the directory for /no/where in' floe copy-to "$WEB" /etc/passwd /no/where
	assert_refused 'cannot open /nothing in' floe copy-from "$WEB" /nothing .
	assert_refused 'cannot open the directory for no/where' floe copy-from "$WEB" /etc/passwd no/where
	assert_refused 'is no name for a copy' floe copy-to "$WEB" / /tmp
	run_ok floe stop "$WEB"
	assert_refused 'no machine called' floe copy-to "$WEB" /etc/passwd /tmp
}

run_tests
