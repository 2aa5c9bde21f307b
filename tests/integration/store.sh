#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The host's store in machines, without Nix: a store and a database as Nix makes them, where layers
# can lie, what is refused, and what is left behind.
. "$(dirname "$0")/../lib.sh"

STORE_OWNED=
if [[ ! -d /nix ]]; then
	mkdir /nix
	STORE_OWNED=1
fi
python3 "$TOP/tests/bench/make-store.py" "$SANDBOX/few" 40
python3 "$TOP/tests/bench/make-store.py" "$SANDBOX/many" 3000
trap '[[ ! $STORE_OWNED ]] || rmdir /nix' EXIT

use_store() { # NAME
	STORE=$SANDBOX/$1
	ROOT=$(<"$STORE/root")
	mount --bind "$STORE/nix" /nix
	trap 'umount /nix' EXIT
	busybox_root "$TEST_DIR/tree"
}

# A command in the tree of the test.
in_tree() { # OPTION... COMMAND
	floe run -q -P -M store-test -D "${TREE:-$TEST_DIR/tree}" --private-network --timezone=off "$@"
}

# ---- What is visible ---------------------------------------------------------------------------

test_a_closure_of_3000_paths_is_one_mount() {
	local users
	use_store many
	for users in pick no; do
		in_tree --private-users=$users --store=closure --store-root="$ROOT" /bin/sh -c '
			ls /nix/store | wc -l
			grep -c " /nix" /proc/self/mountinfo
			ls -d "$1" 2>/dev/null || echo absent
			cat "$2/file" >/dev/null && echo readable' - "$(<"$STORE/outside")" "$ROOT" >shown
		run_ok diff - shown <<-X
			3000
			1
			absent
			readable
		X
	done
}

# Each of another kind; sizes, modes, times and content are the host's.
test_paths_of_each_kind_are_the_hosts() {
	local describe='cd /nix/store && stat -c "%n %F %a %s %u:%g %Y" * | sort
		for path in *; do
			if [ -f "$path" ]; then cat "$path"; fi
			if [ ! -L "$path" ] && [ -f "$path/file" ]; then cat "$path/file"; fi
			if [ -L "$path" ]; then readlink "$path"; fi
			echo ", content of $path"
		done'
	use_store few
	in_tree --store=closure --store-root="$ROOT" /bin/sh -c "$describe" >inside
	in_tree --store=ro /bin/sh -c "$describe" >all
	# Directories of the closure are empty ones of the layer, and as old as that.
	sed -Ei '/ directory /s/ [0-9]+ 0:0 [0-9]+$/ 0:0/' inside all
	(($(wc -l <inside) >= 80)) || fail "only $(wc -l <inside) lines"
	assert_eq "" "$(grep -vxFf all inside)" "what is not as on the host"
}

# A writer adds paths all the time, as a daemon does; every reading finds the closure whole.
test_a_closure_is_read_beside_a_writer() {
	local writer i
	use_store few
	python3 - >writer.log 2>&1 <<-'X' &
		import sqlite3, time
		number = 0
		while True:
		    database = sqlite3.connect("/nix/var/nix/db/db.sqlite")
		    for i in range(20):
		        number += 1
		        database.execute("INSERT INTO ValidPaths (path, hash, registrationTime) "
		                         "VALUES (?, 'sha256:0', 1)", ("/nix/store/w-%d" % number,))
		        database.commit()
		    database.execute("DELETE FROM ValidPaths WHERE path LIKE '/nix/store/w-%'")
		    database.commit()
		    database.close() # and with it the log
		    time.sleep(0.002)
	X
	writer=$!
	for ((i = 0; i < 20; i++)); do
		assert_eq 40 "$(in_tree --store=closure --store-root="$ROOT" /bin/ls /nix/store | wc -l)" \
			"paths"
	done
	kill -0 $writer || fail "the writer ended: $(<writer.log)"
	kill $writer
	wait $writer || true
}

# ---- Where layers can lie ----------------------------------------------------------------------

# Makes a file system TYPE on the directory "disk".
make_disk() { # TYPE
	mkdir -p disk
	case $1 in
	tmpfs) mount -t tmpfs tmpfs disk ;;
	overlay)
		mkdir -p lower upper work
		mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work disk
		;;
	*)
		truncate -s 400M image
		"mkfs.$1" -q image >/dev/null 2>&1
		mount -o loop image disk
		;;
	esac
}

writes_to_its_layer() { # OPTION...
	in_tree --store=overlay --nix-daemon=none "$@" /bin/sh -c \
		'echo own >/nix/store/own && rm -r /nix/store/*-package-2 && cat /nix/store/own'
}

test_a_layer_lies_on_any_disk_that_can_take_one() {
	local type users
	use_store few
	trap 'umount disk /nix' EXIT
	for type in ext4 btrfs xfs tmpfs; do
		make_disk $type
		busybox_root "$TEST_DIR/disk/tree"
		for users in pick no; do
			assert_eq own "$(TREE=$TEST_DIR/disk/tree writes_to_its_layer --private-users=$users)" \
				"a layer on $type, users $users"
			assert_exists disk/.#floe-store-tree/overlay/upper/store/own \
				/nix/store/*-package-2
			assert_absent /nix/store/own
			rm -rf disk/.#floe-store-tree
		done
		umount disk
		rm -f image
	done
	make_disk overlay
	busybox_root "$TEST_DIR/disk/tree"
	TREE=$TEST_DIR/disk/tree assert_fail writes_to_its_layer --private-users-ownership=off
	assert_match 'would lie on a file system without id-mapped mounts' "$ERRORS"
	TREE=$TEST_DIR/disk/tree assert_fail writes_to_its_layer --private-users=no
	assert_match 'cannot stage an overlay of .*: .*may not be usable in an overlay' "$ERRORS"
	assert_absent disk/.#floe-store-tree
}

test_a_store_without_id_mapped_mounts() {
	use_store few
	umount /nix
	mkdir upper work
	mount -t overlay overlay -o "lowerdir=$STORE/nix,upperdir=upper,workdir=work" /nix
	assert_fail in_tree --store=ro /bin/true
	assert_match "/nix/store: its file system has no id-mapped mounts" "$ERRORS"
	run_ok in_tree --store=overlay --nix-daemon=none --private-users=no /bin/touch /nix/store/own
	assert_absent /nix/store/own
}

# ---- What is refused ---------------------------------------------------------------------------

test_a_host_without_a_store() {
	local mode
	busybox_root "$TEST_DIR/tree"
	mkdir empty
	mount --bind empty /nix
	trap 'umount /nix' EXIT
	for mode in ro rw overlay closure closure+overlay; do
		assert_fail in_tree --store=$mode /bin/true
		assert_match "cannot show the host's /nix/store: there is none" "$ERRORS"
	done
	run_ok in_tree --store=private /bin/true
}

test_nonsense_is_refused() {
	use_store few
	assert_fail in_tree --store=no /bin/true
	assert_match 'expected private, ro, rw, overlay, closure or closure\+overlay' "$ERRORS"
	assert_fail in_tree --nix-daemon=yes /bin/true
	assert_match 'expected none, private or host' "$ERRORS"
	assert_fail in_tree --store=overlay --nix-daemon=host /bin/true
	assert_match 'only --store=ro and rw' "$ERRORS"
	assert_fail in_tree --store=closure --store-closure=/nonexistent /bin/true
	assert_match 'cannot read the closure from /nonexistent: No such file' "$ERRORS"
	assert_fail in_tree --store=closure --store-closure=/ /bin/true
	assert_match 'cannot read the closure from /: Is a directory' "$ERRORS"
	: >empty
	assert_fail in_tree --store=closure --store-closure=empty /bin/true
	assert_match 'empty is empty' "$ERRORS"
	chmod u+w "$ROOT"
	mv "$ROOT" elsewhere
	echo "$ROOT" >list
	assert_fail in_tree --store=closure --store-closure=list /bin/true
	assert_match "the closure needs $ROOT: No such file" "$ERRORS"
	mv elsewhere "$ROOT"
	mkfifo "/nix/store/pipe"
	echo /nix/store/pipe >list
	assert_fail in_tree --store=closure --store-closure=list /bin/true
	assert_match '/nix/store/pipe is no directory, file or link' "$ERRORS"
	rm /nix/store/pipe
}

# ---- What is left ------------------------------------------------------------------------------

test_a_failed_start_leaves_no_layer() {
	use_store few
	assert_fail in_tree --store=overlay --nix-daemon=none /bin/nothing
	assert_absent .#floe-store-tree
	assert_fail in_tree --store=closure+overlay --nix-daemon=none --store-root="$ROOT" -x /bin/nothing
	assert_absent .#floe-store-tree
	assert_eq "" "$(ls -A /var/lib/floe)" "throw-away layers"
}

test_a_killed_monitors_layer_is_cleaned_up() {
	local pid
	use_store few
	floe run -q -P -M store-test -D "$TEST_DIR/tree" --private-network --store=overlay \
		--nix-daemon=none -x /bin/sleep 100 &
	pid=$!
	wait_for 10 grep -q '"running"\|"ready"' /run/floe/store-test/state.json
	assert_exists /var/lib/floe/machines/store-test-*-store/upper
	kill -KILL "$pid"
	wait "$pid" || true
	run_ok floe gc
	assert_eq "" "$(ls -A /var/lib/floe)" "throw-away layers"
}

# What lies beside the tree may have been written by the machine: names and content mean nothing.
test_a_hostile_list_of_given_paths_is_nobodys_order() {
	use_store few
	mkdir -p .#floe-store-tree/closure/db
	ln -s /etc/passwd .#floe-store-tree/closure/db/floe-paths
	run_ok in_tree --store=closure+overlay --store-root="$ROOT" /bin/ls /nix/store
	rm .#floe-store-tree/closure/db/floe-paths
	printf '../../etc\n' >.#floe-store-tree/closure/db/floe-paths
	run_ok in_tree --store=closure+overlay --store-root="$ROOT" /bin/ls /nix/store
	assert_eq 40 "$(wc -l <<<"$OUTPUT")" "visible paths"
	printf 'nowhere-1\nnowhere-2\n' >.#floe-store-tree/closure/db/floe-paths
	run_ok in_tree --store=closure+overlay --store-root="$ROOT" /bin/ls /nix/store
	assert_eq 40 "$(wc -l <<<"$OUTPUT")" "visible paths"
}

run_tests
