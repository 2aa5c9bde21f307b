#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Mounts that are asked for: binds with all their words, tmpfs, overlays, covers.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

make_source() {
	mkdir -p source/below
	echo content >source/file
	chown 1000:1000 source/file
	echo single >single
}

bind() {
	assert_inside content --bind "$PWD/source:/mnt/here" 'cat /mnt/here/file'
	assert_inside content --bind "$PWD/source:/mnt/here:norbind" 'cat /mnt/here/file'
	assert_inside single --bind "$PWD/single:/etc/deep/er/file" 'cat /etc/deep/er/file'
	assert_inside content --bind "$PWD/source" "cat $PWD/source/file"
	assert_inside content --bind "source:/mnt/relative" 'cat /mnt/relative/file'
	assert_inside single --bind-ro "$PWD/single:/etc/passwd" 'cat /etc/passwd'
}

test_bind() {
	own_root
	make_source
	in_both_modes bind
}

# Ids are those of the host unless they are mapped: root inside may write what is its own only.
test_bind_shows_host_ids() {
	make_source
	assert_inside '65534:65534' --bind "$PWD/source:/mnt" 'stat -c %u:%g /mnt/file'
	assert_status 1 machine --bind "$PWD/source:/mnt" sh -c 'echo x >/mnt/new'
	MODE=no assert_inside '1000:1000' --bind "$PWD/source:/mnt" 'stat -c %u:%g /mnt/file'
	MODE=no script_inside --bind "$PWD/source:/mnt" 'echo x >/mnt/new'
	assert_exists source/new
}

test_bind_idmap() {
	make_source
	assert_inside $'1000:1000\n0:0' --bind "$PWD/source:/mnt:idmap" \
		'stat -c %u:%g /mnt/file; touch /mnt/new; stat -c %u:%g /mnt/new'
	assert_eq 0:0 "$(stat -c %u:%g source/new)" "owner on the host"
	assert_inside '65534:65534' --bind "$PWD/source:/mnt:noidmap" 'stat -c %u:%g /mnt/file'
}

test_bind_rootidmap() {
	make_source
	chown 4321:8765 source
	assert_inside $'0:0' --bind "$PWD/source:/mnt:rootidmap" \
		'touch /mnt/new; stat -c %u:%g /mnt/new'
	assert_eq 4321:8765 "$(stat -c %u:%g source/new)" "owner on the host"
	assert_refused 'rootidmap and owneridmap cannot be combined' \
		floe run -D "$ROOT" --private-users=no --bind "$PWD/source:/mnt:rootidmap" true
}

# What belongs to the owner of the mount point inside belongs to the source's owner outside.
test_bind_owneridmap() {
	own_root
	make_source
	chown 4321:4321 source
	mkdir "$ROOT/data"
	chown 1000:1000 "$ROOT/data"
	assert_inside 'user' -u user --bind "$PWD/source:/data:owneridmap" \
		'touch /data/new; stat -c %U /data/new'
	assert_eq 4321 "$(stat -c %u source/new)" "owner on the host"
}

read_only_bind() {
	assert_status 1 machine --bind-ro "$PWD/source:/mnt:$1" sh -c 'echo x >/mnt/new'
	assert_match 'Read-only file system' "$ERRORS"
	assert_absent source/new
}

test_bind_ro() {
	make_source
	in_both_modes read_only_bind rbind
	read_only_bind idmap
	script_inside --bind-ro "$PWD/source:/mnt:idmap" 'mount -o remount,rw,bind /mnt 2>&1; touch /mnt/new || true'
	assert_match 'ermission denied' "$OUTPUT"
	assert_absent source/new
}

# rbind takes what is mounted below along, read-only too; norbind leaves it.
submounts() {
	assert_inside deep --bind "$PWD/source:/mnt" 'cat /mnt/below/file'
	assert_inside none --bind "$PWD/source:/mnt:norbind" 'cat /mnt/below/file 2>/dev/null || echo none'
	assert_status 1 machine --bind-ro "$PWD/source:/mnt" sh -c 'echo x >/mnt/below/new'
	assert_match 'Read-only file system' "$ERRORS"
}

test_bind_and_mounts_below() {
	make_source
	mount -t tmpfs tmpfs source/below
	trap 'umount "$TEST_DIR/source/below"' EXIT
	echo deep >source/below/file
	in_both_modes submounts
}

# Mounts made on the host later do not come in, and those made inside do not go out.
test_mounts_do_not_propagate() {
	make_source
	mkdir source/inner
	machine_background --bind "$PWD/source:/mnt:idmap" sh -c 'mount -t tmpfs tmpfs /mnt/inner
		touch /mnt/inner/file; echo started
		while ! test -e /mnt/go; do sleep 0.02; done; ls /mnt/below'
	wait_for_line started
	assert_absent source/inner/file
	mount -t tmpfs tmpfs source/below
	trap 'umount "$TEST_DIR/source/below"' EXIT
	touch source/below/from-host source/go
	machine_wait
	assert_eq $'started' "$(<out)"
}

test_bind_source_in_the_tree() {
	own_root
	mkdir "$ROOT/srv"
	echo of-the-tree >"$ROOT/srv/file"
	assert_inside of-the-tree --bind +/srv:/mnt 'cat /mnt/file'
	MODE=no assert_inside of-the-tree --bind-ro +/srv/file:/etc/motd 'cat /etc/motd'
	# A link in the tree leads nowhere else.
	ln -s /etc "$ROOT/link"
	echo tree-name >"$ROOT/etc/hostname"
	assert_inside tree-name --bind +/link:/mnt 'cat /mnt/hostname'
	ln -s ../../../../../../etc "$ROOT/up"
	assert_inside tree-name --bind +/up:/mnt 'cat /mnt/hostname'
}

throw_away_bind() {
	assert_inside $'0:0\nwritten' --bind :/mnt/new 'stat -c %u:%g /mnt/new
		echo written >/mnt/new/file; cat /mnt/new/file'
	assert_absent /var/lib/floe/machines
}

test_bind_without_a_source_is_thrown_away() {
	own_root
	in_both_modes throw_away_bind
}

test_escapes() {
	mkdir 'a:b' 'c\d' 'with space, and comma'
	touch 'a:b/one' 'c\d/two' 'with space, and comma/three'
	assert_inside one --bind "$PWD/a\\:b:/mnt" 'ls /mnt'
	assert_inside two --bind "$PWD/c\\\\d:/mnt" 'ls /mnt'
	assert_inside three --bind "$PWD/with space, and comma:/mnt" 'ls /mnt'
	own_root
	assert_inside one --bind "$PWD/a\\:b:/x\\:y" 'ls /x:y'
}

test_mounts_are_ordered_by_path() {
	own_root
	mkdir one two
	touch one/of-one two/of-two
	assert_inside $'of-one\nsub\nof-two' --bind "$PWD/two:/mnt/sub" --tmpfs /mnt \
		--bind "$PWD/one:/mnt/one" 'ls /mnt/one; ls /mnt | grep sub; ls /mnt/sub'
}

test_a_bound_device_can_be_used() {
	MODE=no assert_inside ok --bind /dev/zero:/dev/mine 'head -c 1 /dev/mine | wc -c | grep -q 1 && echo ok'
	assert_inside ok --bind /dev/zero:/dev/mine 'head -c 1 /dev/mine | wc -c | grep -q 1 && echo ok'
}

test_kinds_that_do_not_fit() {
	make_source
	assert_refused "cannot make sure of file /etc.*directory" machine --bind "$PWD/single:/etc" true
	assert_refused "cannot make sure of directory /etc/passwd.*[Nn]ot a directory" \
		machine --bind "$PWD/source:/etc/passwd" true
	assert_refused "cannot use $PWD/none as a mount source: No such file" \
		machine --bind "$PWD/none:/mnt" true
	assert_refused 'no bind option' machine --bind "$PWD/source:/mnt:wrong" true
}

tmpfs() {
	assert_inside $'755 0:0\n1777\nnodev' --tmpfs /scratch --tmpfs /mnt:mode=1777,size=1M '
		stat -c "%a %u:%g" /scratch; stat -c %a /mnt
		sed -n "s/.* \/scratch \([^ ]*\).*/\1/p" /proc/self/mountinfo | grep -o nodev'
	assert_inside 1048576 --tmpfs /mnt:size=1M \
		'head -c 2000000 /dev/zero >/mnt/file 2>/dev/null; stat -c %s /mnt/file'
	assert_inside 'ro,nodev,noexec' --tmpfs /mnt:ro,noexec \
		'sed -n "s/.* \/mnt \([^ ]*\).*/\1/p" /proc/self/mountinfo'
}

test_tmpfs() {
	own_root
	in_both_modes tmpfs
	assert_refused 'no option of a tmpfs' machine --tmpfs /mnt:nonsense=1 true
}

make_layers() {
	mkdir low mid top
	echo low >low/a
	echo low >low/b
	echo mid >mid/b
	echo top >top/c
}

overlay() {
	rm -f top/new top/a
	assert_inside $'low mid top\nnew' --overlay "$PWD/low:$PWD/mid:$PWD/top:/mnt" '
		cd /mnt; echo $(cat a b c); echo new >new; cat new; rm a'
	assert_eq new "$(<top/new)"
	assert_eq 'character special file' "$(stat -c %F top/a)" "the removed file in the upper layer"
	assert_eq low "$(<low/a)"
	assert_eq '' "$(find . -maxdepth 1 -name '.#*')" "working directories"
}

test_overlay() {
	make_layers
	in_both_modes overlay
}

overlay_read_only() {
	assert_inside 'low mid top' --overlay-ro "$PWD/low:$PWD/mid:$PWD/top:/mnt" 'cd /mnt; echo $(cat a b c)'
	assert_status 1 machine --overlay-ro "$PWD/low:$PWD/top:/mnt" sh -c 'echo x >/mnt/new'
	assert_match 'Read-only file system' "$ERRORS"
	assert_inside low --overlay-ro "$PWD/low::/mnt" 'cat /mnt/a'
}

test_overlay_ro() {
	make_layers
	in_both_modes overlay_read_only
}

overlay_thrown_away() {
	assert_inside $'low\nnew' --overlay "$PWD/low::/mnt" 'cat /mnt/a; echo new >/mnt/a; cat /mnt/a'
	assert_eq low "$(<low/a)"
}

test_overlay_with_a_throw_away_upper_layer() {
	make_layers
	in_both_modes overlay_thrown_away
}

test_overlay_of_the_tree() {
	own_root
	mkdir "$ROOT/low" "$ROOT/low2"
	echo one >"$ROOT/low/a"
	echo two >"$ROOT/low2/b"
	assert_inside 'one two' --overlay-ro +/low:+/low2:/mnt 'cd /mnt; echo $(cat a b)'
	assert_inside 'one new' --overlay +/low::/mnt 'cd /mnt; echo new >b; echo $(cat a b)'
}

test_overlay_on_the_name_of_its_upper_layer() {
	make_layers
	own_root
	assert_inside 'low top' --overlay "$PWD/low:$PWD/top" "cd $PWD/top; echo \$(cat a c)"
}

covered() {
	script_inside --inaccessible /etc/passwd --inaccessible /home '
		cat /etc/passwd; echo "cat: $?"; ls /home; touch /home/file || echo no file; stat -c "%a %s" /etc/passwd'
	assert_match '^cat: [01]' "$OUTPUT"
	assert_no_match 'root:|user' "$OUTPUT" "what was covered"
	assert_match 'no file' "$OUTPUT"
	assert_match $'\n0 0$' "$OUTPUT" "mode and size"
}

# In a user namespace the kernel keeps the cover of what is the tree's own; what a machine mounts
# itself, and anything without that namespace, root inside can uncover, and floe says so.
test_covers_stay() {
	own_root
	echo hidden >"$ROOT/file"
	script_inside --inaccessible /file 'umount /file || echo kept; cat /file || :'
	assert_match kept "$OUTPUT"
	assert_no_match hidden "$OUTPUT"
	mkdir -p "$ROOT/tmp/dir"
	run_ok floe plan -D "$ROOT" --inaccessible /tmp/dir true
	assert_match 'can lift the cover of /tmp/dir' "$OUTPUT"
}

test_inaccessible() {
	in_both_modes covered
	assert_refused 'cannot make /none inaccessible: No such file' machine --inaccessible /none true
}

run_tests
