#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Living with images: each verb, on several file systems, beside running machines, and killed.
TEST_TIMEOUT=120
# shellcheck source=tests/lib.sh disable=SC2317
. "$(dirname "$0")/../lib.sh"
# shellcheck source=net-nspawn.bash
. "$TOP/tests/integration/net-nspawn.bash"

TARS=$TOP/tests/integration/make-hostile-tars.py
MACHINES=/var/lib/machines

show() { # DIRECTORY
	python3 "$TARS" show "$1"
}

assert_same_tree() { # EXPECTED ACTUAL
	diff <(show "$1") <(show "$2") >"$TEST_DIR/differences" ||
		fail "$2 differs from $1: $(head -n 20 "$TEST_DIR/differences")"
}

# A fresh file system of its own below the image directory, for the time of a test.
use_filesystem() { # TYPE
	truncate -s 512M "$TEST_DIR/disk"
	"mkfs.$1" -q "$TEST_DIR/disk" >/dev/null 2>&1
	mount -o loop "$TEST_DIR/disk" "$MACHINES"
}

drop_filesystem() {
	umount "$MACHINES"
	rm "$TEST_DIR/disk"
}

# An image with everything a tree can have.
make_image() { # NAME
	python3 "$TARS" tree "$TEST_DIR/tree"
	run_ok floe import-fs "$TEST_DIR/tree" "$1"
}

# A small one that can run.
make_root() { # NAME
	busybox_root "$MACHINES/$1"
	mkdir -p "$MACHINES/$1/etc"
	printf 'NAME=Busy\nPRETTY_NAME="Busy\\"Box 1"\n' >"$MACHINES/$1/etc/os-release"
}

start_machine() { # NAME
	floe run -M "$1" --pipe /bin/sh -c 'echo up; exec sleep 1000' >up </dev/null &
	MACHINE=$!
	wait_for 10 grep -q up up
}

stop_machine() {
	kill -TERM "$MACHINE"
	wait "$MACHINE" || true
}

names() {
	floe list-images --json | jq -r '.[].name' | paste -sd ' '
}

# No trace of unfinished work, no lock file.
assert_clean() {
	assert_eq '' "$(find "$MACHINES" -maxdepth 1 -name '.*' -mindepth 1)" 'hidden files'
}

# ---- Imports -----------------------------------------------------------------------------------

test_import_makes_the_tree_that_systemd_import_makes() {
	python3 "$TARS" tree tree
	tar --numeric-owner --xattrs --xattrs-include='*' --acls -S -cpf - --format=posix -C tree . |
		xz -0 -T2 --block-size=1MiB -c >archive.tar.xz
	run_ok floe import-tar archive.tar.xz ours
	run_ok /lib/systemd/systemd-import tar archive.tar.xz theirs --image-root="$MACHINES"
	# systemd-import asks tar for user.* attributes, ACLs and capabilities alone.
	diff <(show "$MACHINES/theirs") <(show "$MACHINES/ours" | sed 's/xattr=trusted[^ ]* //') ||
		fail "the trees differ"
	(($(show "$MACHINES/ours" | wc -l) > 200)) || fail "few files were compared"
	rm -rf "${MACHINES:?}"/*
}

test_import_fs_copies_everything() {
	make_image copy
	assert_same_tree "$TEST_DIR/tree" "$MACHINES/copy"
	run_ok floe import-fs --read-only "$TEST_DIR/tree" second
	assert_match '^....i' "$(lsattr -d "$MACHINES/second")"
	assert_fail floe import-fs "$TEST_DIR/tree" copy
	assert_match 'already is an image' "$ERRORS"
	assert_fail floe import-fs "$TEST_DIR/nowhere" other
	assert_fail floe import-fs "$TEST_DIR/tree/plain" other
	assert_match 'Not a directory' "$ERRORS"
	cd tree
	run_ok floe import-fs .
	assert_eq 'copy second tree' "$(names)"
	run_ok floe remove copy second tree
	assert_clean
}

test_import_replaces_at_once() {
	make_root old
	mkdir new
	echo new >new/file
	tar -cf new.tar -C new .
	assert_fail floe import-tar new.tar old
	assert_exists "$MACHINES/old/bin/sh"
	printf broken | cat new.tar - | head -c 700 >cut.tar
	assert_fail floe import-tar --force cut.tar old
	assert_exists "$MACHINES/old/bin/sh"
	run_ok floe import-tar --force new.tar old
	assert_eq new "$(<"$MACHINES/old/file")"
	assert_absent "$MACHINES/old/bin"
	run_ok floe read-only old
	run_ok floe import-tar --force --read-only new.tar old
	assert_match '^....i' "$(lsattr -d "$MACHINES/old")"
	run_ok floe remove old
	assert_clean
}

test_import_keeps_to_its_memory() {
	local kib
	head -c 4M /dev/urandom >random
	for _ in {1..4}; do cat random; done >blocks
	tar -cf - blocks | xz -0 -T2 --block-size=4MiB >blocks.tar.xz
	tar -cf - random | xz --lzma2=preset=0,dict=64MiB >wide.tar.xz
	tar -cf - random | zstd -q --long=28 >wide.tar.zst
	run_ok /usr/bin/env time -f %M -o rss floe import-tar --memory=24M blocks.tar.xz blocks
	kib=$(<rss)
	((kib < 40 * 1024)) || fail "$kib KiB were used where 24 MiB are allowed"
	assert_fail floe import-tar --memory=32M wide.tar.xz wide
	assert_match 'more than the .* MiB of memory' "$ERRORS"
	assert_fail floe import-tar --memory=64M wide.tar.zst wide
	assert_match 'more than the .* MiB of memory' "$ERRORS"
	run_ok floe import-tar --memory=512M --sync=no wide.tar.zst wide
	assert_fail floe import-tar --sync=perhaps wide.tar.zst other
	assert_fail floe import-tar --memory=much wide.tar.zst other
	run_ok floe remove blocks wide
	assert_clean
}

# ---- Copies ------------------------------------------------------------------------------------

test_clone_is_the_same() {
	make_image source
	echo '[Exec]' >"$MACHINES/source.nspawn"
	chown 1000:1000 "$MACHINES/source.nspawn"
	run_ok floe clone source copy
	assert_eq 1000:1000 "$(stat -c %u:%g "$MACHINES/copy.nspawn")" 'owner of the settings'
	assert_same_tree "$MACHINES/source" "$MACHINES/copy"
	assert_eq '[Exec]' "$(<"$MACHINES/copy.nspawn")"
	run_ok floe clone --read-only copy frozen
	assert_match '^....i' "$(lsattr -d "$MACHINES/frozen")"
	assert_same_tree "$MACHINES/source" "$MACHINES/frozen"
	run_ok floe clone frozen thawed
	assert_eq false "$(floe list-images --json | jq '.[] | select(.name == "thawed").read_only')"
	assert_fail floe clone source copy
	assert_match 'already is an image' "$ERRORS"
	assert_fail floe clone source 'bad/name'
	assert_fail floe clone nothing other
	assert_match 'no image called' "$ERRORS"
	run_ok floe remove source copy frozen thawed
	assert_eq '' "$(ls -A "$MACHINES")"
}

test_clone_of_a_disk_image() {
	truncate -s 20M "$MACHINES/disk.raw"
	echo start | dd of="$MACHINES/disk.raw" conv=notrunc status=none
	run_ok floe clone disk other
	cmp "$MACHINES/disk.raw" "$MACHINES/other.raw"
	assert_eq "$(stat -c %b "$MACHINES/disk.raw")" "$(stat -c %b "$MACHINES/other.raw")" blocks
	run_ok floe rename other third
	run_ok floe read-only third
	assert_eq 'true' "$(floe image-status third --json | jq '.[0].read_only')"
	assert_fail floe export-tar third third.tar
	assert_match 'no directory' "$ERRORS"
	run_ok floe remove disk third
	assert_clean
}

test_clone_shares_blocks_on_xfs() {
	local before
	use_filesystem xfs
	mkdir "$MACHINES/big"
	head -c 100M /dev/urandom >"$MACHINES/big/random"
	sync -f "$MACHINES"
	before=$(stat -f -c %f "$MACHINES")
	run_ok floe clone big copy
	sync -f "$MACHINES"
	(((before - $(stat -f -c %f "$MACHINES")) * 4096 < 20 << 20)) || fail "blocks were copied"
	assert_same_tree "$MACHINES/big" "$MACHINES/copy"
	drop_filesystem
}

test_snapshots_on_btrfs() {
	use_filesystem btrfs
	make_image base
	assert_same_tree "$TEST_DIR/tree" "$MACHINES/base"
	assert_eq subvolume "$(floe list-images --json | jq -r '.[0].type')"
	run_ok floe clone base copy
	assert_same_tree "$MACHINES/base" "$MACHINES/copy"
	btrfs subvolume show "$MACHINES/copy" | grep -q 'Parent UUID:.*[0-9a-f]-' ||
		fail "the clone is no snapshot"
	run_ok floe clone --read-only base frozen
	assert_eq ro=true "$(btrfs property get "$MACHINES/frozen" ro)"
	run_ok floe rename frozen ice
	assert_eq ro=true "$(btrfs property get "$MACHINES/ice" ro)"
	run_ok floe read-only ice no
	touch "$MACHINES/ice/new"
	run_ok floe read-only ice
	run_ok floe remove ice copy
	assert_eq base "$(names)"
	assert_clean
	drop_filesystem
}

test_snapshots_of_what_is_running_on_btrfs() {
	use_filesystem btrfs
	mkdir root
	busybox_root root
	run_ok floe import-fs root live
	start_machine live
	run_ok floe clone live copy
	assert_exists "$MACHINES/copy/bin/sh"
	run_ok floe export-tar live live.tar
	tar -tf live.tar >list
	grep -qx ./bin/sh list || fail "the archive lacks bin/sh"
	assert_fail floe rename live other
	stop_machine
	assert_clean
	drop_filesystem
}

test_limits_on_btrfs() {
	use_filesystem btrfs
	mkdir empty
	run_ok floe import-fs empty small
	assert_fail floe set-limit small 10M
	assert_match 'no quotas enabled.*btrfs quota enable' "$ERRORS"
	btrfs quota enable "$MACHINES"
	run_ok floe set-limit small 10M
	assert_eq 10485760 "$(floe image-status small --json | jq '.[0].limit_bytes')"
	dd if=/dev/zero of="$MACHINES/small/file" bs=1M count=40 conv=fsync status=none 2>errors &&
		fail "more than the limit was written"
	assert_match 'quota' "$(<errors)"
	rm "$MACHINES/small/file"
	run_ok floe set-limit small -
	assert_eq null "$(floe image-status small --json | jq '.[0].limit_bytes')"
	assert_fail floe set-limit small lots
	drop_filesystem
	make_root plain
	assert_fail floe set-limit plain 10M
	assert_match 'no btrfs subvolume' "$ERRORS"
	rm -rf "$MACHINES/plain"
}

# ---- Exports -----------------------------------------------------------------------------------

test_export_and_import_give_the_same() {
	local format
	make_image source
	for format in tar tar.xz tar.zst tar.gz tar.bz2; do
		run_ok floe export-tar source "out.$format"
		run_ok floe import-tar "out.$format" "back-${format//./-}"
		assert_same_tree "$MACHINES/source" "$MACHINES/back-${format//./-}"
	done
	mkdir gnu
	tar --numeric-owner --xattrs --xattrs-include='*' --acls -xpf out.tar -C gnu 2>messages
	# It does not know the mark of names that are no UTF-8, nor need it.
	assert_eq '' "$(sed /hdrcharset/d messages)" 'what GNU tar says'
	assert_same_tree "$MACHINES/source" gnu
	floe export-tar source >piped.tar
	cmp out.tar piped.tar
	run_ok floe export-tar --format=xz source - </dev/null
	run_ok floe remove source back-tar{,-xz,-zst,-gz,-bz2}
	assert_clean
}

test_export_to_xz_has_several_blocks() {
	mkdir -p "$MACHINES/big"
	head -c 60M /dev/zero | tr '\0' 'a' >"$MACHINES/big/letters"
	run_ok floe export-tar big big.tar.xz
	(($(xz --robot --list big.tar.xz | awk '$1 == "totals" { print $3 }') > 1)) ||
		fail "one block: $(xz --list big.tar.xz)"
	run_ok floe remove big
}

test_export_is_whole_or_not_there() {
	make_image source
	mkdir small
	mount -t tmpfs -o size=1m tmpfs small
	assert_fail floe export-tar source small/out.tar
	assert_match 'cannot write small/out.tar: No space left' "$ERRORS"
	assert_eq '' "$(ls -A small)"
	umount small
	assert_fail floe export-tar nothing out.tar
	assert_absent out.tar
	assert_fail floe export-tar --format=rar source out.tar
	run_ok floe remove source
}

# ---- Names and marks ---------------------------------------------------------------------------

test_rename() {
	make_root old
	mkdir -p /etc/floe "$MACHINES/taken"
	echo '[Exec]' >/etc/floe/old.nspawn
	echo '[Files]' >"$MACHINES/old.nspawn"
	assert_fail floe rename old taken
	assert_match 'already is an image' "$ERRORS"
	assert_fail floe rename old old
	assert_fail floe rename old ..
	assert_fail floe rename nothing new
	assert_eq '[Exec]' "$(</etc/floe/old.nspawn)"
	mkdir -p "$MACHINES/.#floe-store-old/nix"
	run_ok floe read-only old
	run_ok floe rename old new
	assert_exists "$MACHINES/.#floe-store-new/nix"
	assert_absent "$MACHINES/.#floe-store-old"
	assert_match '^....i' "$(lsattr -d "$MACHINES/new")"
	assert_eq '[Exec]' "$(</etc/floe/new.nspawn)"
	assert_eq '[Files]' "$(<"$MACHINES/new.nspawn")"
	assert_absent /etc/floe/old.nspawn "$MACHINES/old.nspawn" "$MACHINES/old"
	run_ok floe remove new
	assert_absent /etc/floe/new.nspawn "$MACHINES/new.nspawn"
	rmdir /etc/floe "$MACHINES/taken"
	assert_clean
}

# Settings that were prepared for the new name stay; those of the old one are not lost.
test_rename_keeps_prepared_settings() {
	make_root old
	echo old >"$MACHINES/old.nspawn"
	echo prepared >"$MACHINES/new.nspawn"
	run_ok floe rename old new
	assert_eq prepared "$(<"$MACHINES/new.nspawn")"
	assert_eq old "$(<"$MACHINES/old.nspawn")"
	run_ok floe remove new
	rm "$MACHINES/old.nspawn"
}

test_read_only() {
	make_root image
	run_ok floe read-only image
	assert_fail touch "$MACHINES/image/file"
	run_ok floe read-only image yes
	run_ok floe read-only image no
	touch "$MACHINES/image/file"
	assert_fail floe read-only image maybe
	run_ok floe read-only image
	run_ok floe remove image
	assert_clean
}

test_a_running_machine_keeps_its_image() {
	make_root live
	start_machine live
	for words in 'rename live other' 'read-only live' 'remove live' 'clone live other' 'export-tar live live.tar'; do
		# shellcheck disable=SC2086
		assert_fail floe $words
		assert_match 'in use' "$ERRORS" "$words: message"
	done
	echo x >file
	tar -cf new.tar file
	assert_fail floe import-tar --force new.tar live
	assert_match 'in use' "$ERRORS"
	assert_eq live "$(floe image-status live --json | jq -r '.[0].machines[]')"
	stop_machine
	assert_eq live "$(names)"
	run_ok floe clone live other
	run_ok floe remove live other
	assert_clean
}

# A lock as systemd-nspawn and machined hold it.
test_an_image_that_nspawn_uses_is_kept() {
	make_root other
	python3 - "$MACHINES/.#other.lck" <<-'END' &
		import fcntl, os, struct, sys, time
		fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
		fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
		open("locked", "w").close()
		time.sleep(60)
	END
	HOLDER=$!
	wait_for 10 test -e locked
	for words in 'rename other new' 'read-only other' 'remove other' 'clone other new' 'export-tar other x.tar'; do
		# shellcheck disable=SC2086
		assert_fail floe $words
		assert_match 'in use' "$ERRORS"
	done
	run_ok floe clean
	assert_exists "$MACHINES/.#other.lck"
	kill "$HOLDER"
	wait "$HOLDER" || true
	run_ok floe clean
	assert_clean
	run_ok floe remove other
}

# ---- Looking -----------------------------------------------------------------------------------

validate() { # SCHEMA
	python3 -c 'import json, jsonschema, sys
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.validate(json.load(sys.stdin), schema, jsonschema.Draft202012Validator)' "$TOP/docs/$1"
}

test_listings() {
	assert_eq '[]' "$(floe list-images --json)"
	make_root first
	mkdir -p "$MACHINES/second/nix/store/abc/etc" "$MACHINES/second/nix/var/nix/profiles" \
		"$MACHINES/second/etc"
	ln -s /nix/store/abc "$MACHINES/second/nix/var/nix/profiles/system"
	echo "PRETTY_NAME='NixOS 23.11 (Tapir)'" >"$MACHINES/second/nix/store/abc/etc/os-release"
	truncate -s 1M "$MACHINES/third.raw"
	ln -s /etc/os-release "$MACHINES/notes"
	run_ok floe list-images --json
	validate images.schema.json <<<"$OUTPUT"
	assert_eq 'first second third' "$(jq -r '.[].name' <<<"$OUTPUT" | paste -sd ' ')"
	assert_eq 'Busy"Box 1' "$(jq -r '.[0].os' <<<"$OUTPUT")"
	assert_eq 'NixOS 23.11 (Tapir)' "$(jq -r '.[1].os' <<<"$OUTPUT")"
	assert_eq $(($(du -s -B1 "$MACHINES/first" | cut -f1))) "$(jq '.[0].size_bytes' <<<"$OUTPUT")" size
	assert_eq "$(find "$MACHINES/first" | wc -l)" "$(jq '.[0].files' <<<"$OUTPUT")" files
	validate images.schema.json < <(floe list-images --json --no-size)
	validate images.schema.json < <(floe image-status --json first third)
	run_ok floe list-images
	assert_match 'NAME +TYPE +RO +SIZE +CREATED +OS' "$OUTPUT"
	assert_match 'second +directory +no .* NixOS 23.11' "$OUTPUT"
	run_ok floe list-images --no-legend --no-size
	assert_no_match NAME "$OUTPUT"
	assert_eq "$(floe list-images)" "$(floe list --images)"
	run_ok floe image-status first third
	assert_match 'Type: directory.*Machines: -.*Type: raw' "$OUTPUT"
	assert_fail floe image-status first nothing
	assert_match 'no image called "nothing"' "$ERRORS"
	assert_match 'Type: directory' "$OUTPUT"
	rm -rf "${MACHINES:?}"/*
}

# os-release is the image's own word: links leave it no more than control characters do.
test_os_names_are_not_trusted() {
	mkdir -p "$MACHINES/evil/etc" "$MACHINES/odd/etc"
	ln -s "$PWD/outside" "$MACHINES/evil/etc/os-release"
	echo 'PRETTY_NAME=outside' >outside
	printf 'PRETTY_NAME="a\033[2Jb%0200d"\n' 0 >"$MACHINES/odd/etc/os-release"
	run_ok floe list-images --json
	assert_eq 'null' "$(jq '.[0].os' <<<"$OUTPUT")"
	assert_match '^a\[2Jb0+$' "$(jq -r '.[1].os' <<<"$OUTPUT")"
	rm "$MACHINES/odd/etc/os-release"
	mkfifo "$MACHINES/odd/etc/os-release"
	run_ok floe list-images
	rm -rf "$MACHINES/evil" "$MACHINES/odd"
}

# ---- Others use it -----------------------------------------------------------------------------

test_nspawn_runs_what_floe_imported() {
	mkdir root
	busybox_root root
	tar -cf root.tar -C root .
	run_ok floe import-tar root.tar mine
	run_ok in_nspawn_cgroups systemd-nspawn -q -M mine --register=no --keep-unit --as-pid2 /bin/echo inside
	assert_match inside "$OUTPUT"
	xz -0 -k root.tar
	run_ok /lib/systemd/systemd-import tar root.tar.xz theirs --image-root="$MACHINES"
	run_ok floe run -M theirs --pipe /bin/echo inside
	assert_match inside "$OUTPUT"
	run_ok floe remove mine theirs
	rm -rf "$MACHINES"/.#*.lck /run/systemd
}

# ---- Killed ------------------------------------------------------------------------------------

# Kills COMMAND as it makes its Nth call of each kind that changes something, until it comes to its end
# uncalled for; RESET runs after each time.
kill_everywhere() { # RESET COMMAND...
	local reset=$1 call n status
	shift
	KILLS=0
	for call in mkdirat openat rename,renameat,renameat2 unlink,unlinkat linkat symlinkat flock ioctl \
		fchmod,fchmodat fchownat utimensat lsetxattr fsync,syncfs ftruncate fcntl pwrite64; do
		for ((n = 1; n < 100; n += 1 + n / 8)); do
			status=0
			strace -f -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$n" \
				"$@" >out 2>&1 || status=$?
			((status == 0 || status == 137)) || fail "$* ended with $status: $(<out)"
			"$reset" "$call $n"
			((status)) || break
			((++KILLS))
		done
	done 2>/dev/null # where the shell reports each death
}

# The same as show, without starting an interpreter.
glance() { # DIRECTORY
	(cd "$1" && find . -printf '%p %y %m %U %G %s %n %T@ %l\n' | sort && getfattr -dhm - -R . &&
		find . -type f -exec cat {} +) 2>&1
}

small_image() { # NAME
	mkdir -p "$MACHINES/$1/usr"
	echo "$1" >"$MACHINES/$1/usr/file"
	ln "$MACHINES/$1/usr/file" "$MACHINES/$1/hard"
	ln -s hard "$MACHINES/$1/soft"
	setfattr -n user.mark -v "$1" "$MACHINES/$1/hard"
	glance "$MACHINES/$1" >"$TEST_DIR/$1.shown"
	echo "[Exec]" >"$MACHINES/$1.nspawn"
}

assert_image() { # NAME SHOWN
	glance "$MACHINES/$1" | diff "$TEST_DIR/$2.shown" - || fail "$1 is not $2"
}

after_clone() { # N
	assert_image source source
	[[ ! -e $MACHINES/copy ]] || assert_image copy source
	run_ok floe clean
	assert_clean
	[[ ! -e $MACHINES/copy ]] || floe remove copy
	rm -f "$MACHINES/copy.nspawn"
}

test_killed_clones() {
	small_image source
	kill_everywhere after_clone floe clone source copy
	((KILLS > 30)) || fail "only $KILLS kills"
	run_ok floe remove source
	assert_clean
}

after_rename() { # N
	local count=0
	[[ ! -e $MACHINES/old ]] || { assert_image old old; count=$((count + 1)); }
	[[ ! -e $MACHINES/new ]] || { assert_image new old; count=$((count + 1)); }
	assert_eq 1 "$count" "after $1 system calls, number of images"
	# Whatever name it has, its settings are there.
	[[ ! -e $MACHINES/old ]] || assert_exists "$MACHINES/old.nspawn"
	[[ ! -e $MACHINES/new ]] || assert_exists "$MACHINES/new.nspawn"
	run_ok floe clean
	assert_clean
	if [[ -e $MACHINES/new ]]; then
		mv "$MACHINES/new" "$MACHINES/old"
		mv "$MACHINES/new.nspawn" "$MACHINES/old.nspawn"
	fi
	rm -f "$MACHINES/new.nspawn"
}

test_killed_renames() {
	small_image old
	kill_everywhere after_rename floe rename old new
	((KILLS > 15)) || fail "only $KILLS kills"
	run_ok floe remove old
	assert_clean
}

after_remove() { # N
	[[ ! -e $MACHINES/victim ]] || assert_image victim victim
	run_ok floe clean
	assert_clean
	rm -rf "$MACHINES/victim"
	cp -a kept/victim "$MACHINES/"
	echo >"$MACHINES/victim.nspawn"
}

test_killed_removals() {
	small_image victim
	mkdir kept
	cp -a "$MACHINES/victim" kept/
	glance kept/victim >victim.shown
	kill_everywhere after_remove floe remove victim
	((KILLS > 10)) || fail "only $KILLS kills"
	run_ok floe remove victim
	assert_eq '' "$(ls -A "$MACHINES")"
}

after_import() { # N
	if [[ $(readlink -e "$MACHINES/image/mark") ]]; then
		assert_image image new
	else
		assert_image image old
	fi
	run_ok floe clean
	assert_clean
	rm -rf "$MACHINES/image"
	cp -a kept/image "$MACHINES/"
}

# Replacing an image: the old one, or the new one, at any time.
test_killed_replacements() {
	mkdir -p kept/image new
	echo old >kept/image/file
	glance kept/image >old.shown
	echo new >new/file
	echo new >new/mark
	touch -d @1600000000 new/file new/mark new
	glance new >new.shown
	tar -cf new.tar -C new .
	cp -a kept/image "$MACHINES/"
	kill_everywhere after_import floe import-tar --force new.tar image
	((KILLS > 20)) || fail "only $KILLS kills"
	run_ok floe remove image
	assert_clean
}

run_tests
