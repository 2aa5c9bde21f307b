#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Importing archives: what GNU tar would unpack, or nothing at all.
TEST_TIMEOUT=180
. "$(dirname "$0")/../lib.sh"

TARS=$TOP/tests/integration/make-hostile-tars.py
MACHINES=/var/lib/machines

show() { # DIRECTORY
	python3 "$TARS" show "$1"
}

import() { # FILE NAME [OPTION...]
	run floe import-tar "$1" "$2" "--image-root=$TEST_DIR/images" "${@:3}"
}

# No image, nothing hidden, and what the archives point at as it was.
assert_nothing_left() {
	assert_eq "" "$(ls -A "$TEST_DIR/images")" "the image directory"
}

make_images() {
	mkdir "$TEST_DIR/images"
}

# The tree with everything in $TEST_DIR/tree and its archive by GNU tar in $TEST_DIR/tree.tar.
make_tree() {
	make_images
	python3 "$TARS" tree "$TEST_DIR/tree"
	tar --numeric-owner --xattrs --xattrs-include='*' --acls -S -cpf "$TEST_DIR/tree.tar" \
		--format=posix -C "$TEST_DIR/tree" .
}

assert_same_tree() { # EXPECTED ACTUAL
	diff <(show "$1") <(show "$2") >"$TEST_DIR/differences" ||
		fail "$2 differs from $1: $(head -n 20 "$TEST_DIR/differences")"
}

test_same_tree_as_gnu_tar() {
	make_tree
	mkdir gnu
	tar --numeric-owner --xattrs --xattrs-include='*' --acls -xpf tree.tar -C gnu
	import tree.tar plain
	assert_eq 0 "$STATUS" "$ERRORS: status"
	assert_same_tree gnu images/plain
	# The times of the archive's root included, and no less than was packed.
	assert_eq "$(show tree | grep -c .)" "$(show images/plain | grep -c .)" "number of files"
	assert_match 'security.capability' "$(show images/plain | grep ping)"
	assert_match 'posix_acl_default' "$(show images/plain | grep acl-dir)"
	assert_match 'data=1048576-' "$(show images/plain | grep sparse)"
}

test_every_compression() {
	local compressor
	make_tree
	import tree.tar plain
	for compressor in "xz -0" "xz -0 -T2 --block-size=1MiB" "zstd -q" "zstd -q --long=27" gzip bzip2; do
		$compressor -c tree.tar >archive
		import archive "c${compressor//[^a-z0-9]/-}x"
		assert_eq 0 "$STATUS" "$compressor: $ERRORS: status"
		assert_same_tree images/plain "images/c${compressor//[^a-z0-9]/-}x"
	done
}

test_streams_one_after_the_other() {
	make_tree
	import tree.tar plain
	head -c 1000000 tree.tar >head
	tail -c +1000001 tree.tar >tail
	for compressor in xz gzip bzip2 "zstd -q"; do
		{ $compressor -c head && $compressor -c tail; } >archive
		import archive "two-${compressor%% *}"
		assert_eq 0 "$STATUS" "$compressor: $ERRORS: status"
		assert_same_tree images/plain "images/two-${compressor%% *}"
	done
}

test_tar_formats() {
	local format
	make_images
	mkdir -p tree/usr
	for i in {1..50}; do echo "$i" >"tree/usr/file-$i"; done
	ln tree/usr/file-1 tree/hard
	ln -s usr tree/link
	find tree -exec touch -h -d @1600000000 {} +
	for format in v7 ustar oldgnu gnu posix; do
		tar --format=$format -cf archive.tar -C tree .
		import archive.tar $format
		assert_eq 0 "$STATUS" "$format: $ERRORS: status"
		assert_same_tree tree images/$format
	done
}

test_standard_input() {
	make_tree
	import tree.tar plain
	xz -0 -c tree.tar | floe import-tar - piped "--image-root=$TEST_DIR/images"
	assert_same_tree images/plain images/piped
}

# Checks one line of the list of cases.
check_case() { # NAME ok|refused PATTERN
	import "cases/$1.tar" "$1"
	if [[ $2 == refused ]]; then
		assert_eq 1 "$STATUS" "$1: status"
		grep -qE -- "$3" <<<"$ERRORS" || fail "$1: message should match $3: $ERRORS"
		assert_nothing_left
		return
	fi
	assert_eq 0 "$STATUS" "$1: $ERRORS: status"
	show "images/$1" >shown
	grep -qE -- "$3" shown || fail "$1: no line matches $3: $(head -n 5 shown)"
	rm -rf "images/$1"
}

test_hostile_archives() {
	local name outcome pattern before count=0
	make_images
	ulimit -n 8192
	python3 "$TARS" cases cases
	before=$(show cases/outside)
	while IFS=$'\t' read -r name outcome pattern; do
		check_case "$name" "$outcome" "$pattern"
		((++count))
	done <cases/cases
	((count >= 30)) || fail "only $count archives were tried"
	assert_eq "$before" "$(show cases/outside)" "what archives point at"
	assert_eq "cases images" "$(ls -d */ | tr -d / | tr '\n' ' ' | sed 's/ $//')" "what is here"
}

# Cut anywhere, an archive is refused with nothing left; many places, odd ones included.
check_truncations() { # FILE COUNT
	local size i cut
	size=$(stat -c %s "$1")
	for ((i = 0; i < $2; i++)); do
		cut=$((size * i / $2 + (i % 3)))
		head -c "$cut" "$1" >cut
		import cut cut
		assert_eq 1 "$STATUS" "$1 cut at $cut of $size: status"
		assert_match 'ends early|is empty|not a tar|damaged|no entries' "$ERRORS"
		assert_nothing_left
	done
	head -c $((size - 1)) "$1" >cut
	import cut cut
	assert_eq 1 "$STATUS" "$1 without its last byte: status"
	assert_nothing_left
}

test_truncated() {
	local compressor
	make_images
	mkdir tree
	head -c 300000 /dev/urandom >tree/random
	seq 100000 >tree/numbers
	tar -cf tree.tar -b1 -C tree .
	for compressor in xz "xz -T2 --block-size=100KiB" "zstd -q" gzip bzip2; do
		$compressor -c tree.tar >archive
		check_truncations archive 17
	done
	# The end mark alone may be cut in half.
	head -c -1024 tree.tar >archive
	check_truncations archive 23
}

test_garbage_after_the_stream() {
	local compressor
	make_tree
	for compressor in xz "zstd -q" gzip; do
		{ $compressor -c tree.tar && echo "garbage as long as a header"; } >archive
		import archive garbage
		assert_eq 1 "$STATUS" "$compressor: status"
		assert_match 'something else' "$ERRORS"
		assert_nothing_left
	done
}

# The index of pixz is one more xz block behind the end of the tar archive.
test_pixz_index() {
	make_tree
	import tree.tar plain
	{ cat tree.tar && head -c 70000 /dev/urandom; } | xz -0 -T2 --block-size=64KiB -c >archive.tpxz
	import archive.tpxz indexed
	assert_eq 0 "$STATUS" "$ERRORS: status"
	assert_same_tree images/plain images/indexed
}

test_damage_is_noticed() {
	local compressor size
	make_images
	mkdir tree
	head -c 300000 /dev/urandom >tree/random
	tar -cf tree.tar -C tree .
	for compressor in xz "zstd -q --check" gzip bzip2; do
		$compressor -c tree.tar >archive
		size=$(stat -c %s archive)
		printf '\377\0\377' | dd of=archive bs=1 seek=$((size / 2)) conv=notrunc status=none
		import archive damaged
		assert_eq 1 "$STATUS" "$compressor: status"
		assert_match 'damaged' "$ERRORS"
		assert_nothing_left
	done
}

test_existing_image_is_kept() {
	make_tree
	import tree.tar name
	rm "$TEST_DIR/images/name/plain"
	show images/name >before
	import tree.tar name
	assert_eq 1 "$STATUS" status
	assert_match 'already .*images/name' "$ERRORS"
	show images/name | diff before - || fail "the existing image changed"
	assert_eq name "$(ls -A images)"
	touch images/raw.raw
	import tree.tar raw
	assert_eq 1 "$STATUS" status
}

test_limit_stops_a_bomb() {
	make_images
	mkdir tree
	truncate -s 400M tree/bomb
	tar -cf - -C tree . | zstd -q >bomb.tar.zst
	import bomb.tar.zst bomb --max-size=10000000
	assert_eq 1 "$STATUS" status
	assert_match 'more than the limit of 10000000 bytes' "$ERRORS"
	assert_nothing_left
}

test_full_disk() {
	make_tree
	mkdir small
	mount -t tmpfs -o size=72m tmpfs small
	zstd -q -c tree.tar >tree.tar.zst
	floe import-tar tree.tar.zst fits --image-root=small || fail "a small image should fit"
	truncate -s 400M tree/more
	tar -cf - -C tree . | zstd -q >big.tar.zst
	assert_fail floe import-tar big.tar.zst big --image-root=small
	assert_match 'to spare' "$ERRORS"
	assert_eq fits "$(ls -A small)"
	umount small
}

# A slow pipe keeps an import alive: PID in IMPORT, its staging directory exists.
start_slow_import() {
	mkdir tree
	head -c 3000000 /dev/urandom >tree/random
	tar -cf tree.tar -C tree .
	mkfifo pipe
	floe import-tar - slow <pipe >messages 2>&1 &
	IMPORT=$!
	exec 9>pipe
	head -c 2000000 tree.tar >&9
	wait_for 10 test -e "$MACHINES"/.#floe-import-slow-*/tree/random
}

test_interrupt_leaves_nothing() {
	local status=0
	start_slow_import
	kill -INT "$IMPORT"
	wait "$IMPORT" || status=$?
	exec 9>&-
	assert_ne 0 "$status" status
	assert_eq "" "$(ls -A "$MACHINES")" "$MACHINES"
}

test_gc_after_kill() {
	start_slow_import
	run_ok floe gc
	assert_exists "$MACHINES"/.#floe-import-slow-*/tree/random
	run_ok floe list
	assert_no_match slow "$OUTPUT"
	kill -KILL "$IMPORT"
	wait "$IMPORT" || true
	exec 9>&-
	run_ok floe gc
	assert_eq "" "$(ls -A "$MACHINES")" "$MACHINES"
}

test_random_kills() {
	local i pid
	mkdir tree
	for i in {1..2000}; do echo "$i" >"tree/$i"; done
	tar -cf - -C tree . | xz -0 >tree.tar.xz
	for i in {1..20}; do
		floe import-tar tree.tar.xz "kill-$i" >messages 2>&1 &
		pid=$!
		sleep "0.0$((RANDOM % 100))"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" || true
		if [[ -e $MACHINES/kill-$i ]]; then
			assert_eq 2000 "$(ls "$MACHINES/kill-$i" | wc -l)" "files of a finished image"
		fi
	done
	run_ok floe gc
	assert_eq "" "$(ls -A "$MACHINES" | grep '^\.' || true)" "hidden files"
	rm -rf "$MACHINES"/kill-*
}

test_bad_requests() {
	make_images
	tar -cf tree.tar /dev/null 2>/dev/null
	import tree.tar 'bad/name'
	assert_ne 0 "$STATUS" status
	assert_match 'bad/name' "$ERRORS"
	import missing.tar name
	assert_ne 0 "$STATUS" status
	assert_match 'missing.tar.*No such file' "$ERRORS"
	import "$TEST_DIR" name
	assert_ne 0 "$STATUS" status
	assert_match 'is a directory' "$ERRORS"
	assert_nothing_left
}

run_tests
