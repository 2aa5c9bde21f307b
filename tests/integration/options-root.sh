#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What becomes the root: throw-away copies and layers, read-only and volatile trees, a system of
# the host's store; and who the machine is: name, host name, id.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

names() {
	assert_inside "$NAME" hostname
	assert_inside "$NAME-two" -M "$NAME-two" hostname
	assert_inside 'other.example' --hostname other.example hostname
	machine_background -M "$NAME-three" sh -c 'echo started; sleep 100'
	wait_for_line started
	run_ok floe list
	assert_match "$NAME-three" "$OUTPUT"
	kill "$FLOE"
	machine_wait
}

test_machine_and_hostname() {
	in_both_modes names
	assert_refused 'machine' machine -M 'no/name' true
	assert_refused 'hostname' machine --hostname '-bad-' true
}

test_uuid() {
	own_root
	local id=6a2f41a3c54fce0a0e0e4f5d6c7b8a99
	# shellcheck disable=SC2016 # expanded inside
	assert_inside 6a2f41a3-c54f-ce0a-0e0e-4f5d6c7b8a99 --uuid="$id" 'echo $container_uuid'
	assert_refused 'uuid' machine --uuid=00000000000000000000000000000000 true
	echo 11112222333344445555666677778888 >"$ROOT/etc/machine-id"
	# shellcheck disable=SC2016 # expanded inside
	assert_inside 11112222-3333-4444-5555-666677778888 --uuid="$id" 'echo $container_uuid'
	echo uninitialized >"$ROOT/etc/machine-id"
	# shellcheck disable=SC2016 # expanded inside
	assert_inside 6a2f41a3-c54f-ce0a-0e0e-4f5d6c7b8a99 --uuid="$id" 'echo $container_uuid'
}

# All there is in a tree: names, kinds, owners, modes, and contents but those of BusyBox.
tree_state() { # DIRECTORY
	(cd "$1" && find . -printf '%p %y %m %U %G %l %s\n' | sort && find . -type f -links 1 -exec sha256sum {} + | sort)
}

# The machine sees its own changes, which are nowhere afterwards.
throw_away() { # KIND
	local before
	before=$(tree_state "$ROOT")
	assert_inside $'root\nnew\ngone' --ephemeral="$1" '
		sed -n "s/:.*//p;q" /etc/passwd
		echo new >/etc/new && chown 1000:1000 /etc/new && cat /etc/new
		rm -r /home && mkdir /bin/more && mv /etc/group /etc/group.old
		test -e /home || echo gone'
	assert_eq "$before" "$(tree_state "$ROOT")" "the tree"
	assert_inside 'box' --ephemeral="$1" 'hostname | cut -d - -f 1'
	script_inside --ephemeral="$1" hostname
	assert_match "^$NAME-[0-9a-f]{16}$" "$OUTPUT" "the name of a copy"
	assert_inside "$NAME" -x -M "$NAME" hostname
}

test_ephemeral_overlay() {
	own_root
	in_both_modes throw_away overlay
}

test_ephemeral_copy() {
	own_root
	in_both_modes throw_away copy
	assert_eq '' "$(find . -maxdepth 1 -name '.*floe*')" "what is left beside the tree"
}

test_ephemeral_snapshot() {
	truncate -s 256M disk
	mkfs.btrfs -q disk
	mkdir disk.mount
	mount -o loop disk disk.mount
	trap 'umount "$TEST_DIR/disk.mount"' EXIT
	btrfs -q subvolume create "disk.mount/$NAME"
	cp -a "$ROOT/." "disk.mount/$NAME"
	ROOT=$PWD/disk.mount/$NAME
	in_both_modes throw_away snapshot
	assert_eq "$NAME" "$(ls -A disk.mount)" "what is beside the tree"
}

test_a_snapshot_needs_a_subvolume() {
	assert_refused "cannot snapshot $ROOT: it is no btrfs subvolume; use " \
		machine --ephemeral=snapshot true
}

test_two_copies_of_a_tree_run_at_a_time() {
	own_root
	machine_background -x sh -c 'echo started; sleep 100'
	wait_for_line started
	assert_inside fine -x 'echo fine'
	assert_refused "$NAME" machine true
	kill "$FLOE"
	machine_wait
}

read_only() {
	local before
	before=$(tree_state "$ROOT")
	assert_status 1 machine --read-only sh -c 'echo x >/etc/file'
	assert_match 'Read-only file system' "$ERRORS"
	assert_inside 'written' --read-only 'for d in /run /tmp /dev/shm; do echo x >$d/file || exit 1; done
		echo written'
	assert_inside 'written' --read-only --tmpfs /var 'echo written >/var/file; cat /var/file'
	assert_eq "$before" "$(tree_state "$ROOT")" "the tree"
}

test_read_only() {
	own_root
	in_both_modes read_only
}

# In a user namespace not even root inside can change that.
test_read_only_is_locked() {
	script_inside --read-only 'mount -o remount,rw / 2>&1; echo x >/etc/file; true'
	assert_match 'ermission denied' "$OUTPUT"
	assert_match 'Read-only file system' "$ERRORS"
}

test_volatile_overlay() {
	own_root
	local before
	before=$(tree_state "$ROOT")
	assert_inside new --volatile=overlay 'echo new >/etc/new; rm -r /home; cat /etc/new'
	MODE=no assert_inside new --volatile=overlay 'echo new >/etc/new; rm -r /home; cat /etc/new'
	assert_eq "$before" "$(tree_state "$ROOT")" "the tree"
}

test_volatile_state() {
	own_root
	mkdir "$ROOT/var/old"
	assert_inside 'new' --volatile=state 'echo new >/var/new; ls /var'
	assert_status 1 machine --volatile=state sh -c 'echo x >/etc/file'
	assert_match 'Read-only file system' "$ERRORS"
	assert_absent "$ROOT/var/new"
}

test_volatile_yes() {
	own_root
	assert_refused 'volatile=yes needs a tree whose programs are all in /usr' machine --volatile true
	rm "$ROOT/sbin"
	mv "$ROOT/bin" "$ROOT/usr/bin"
	ln -s usr/bin "$ROOT/bin"
	ln -s ../bin "$ROOT/usr/sbin"
	assert_inside $'new\n/usr is read-only' --volatile '
		test ! -e /etc/passwd || echo the tree is visible
		echo new >/etc/new; cat /etc/new
		touch /usr/file 2>/dev/null || echo /usr is read-only'
	assert_absent "$ROOT/etc/new" "$ROOT/usr/file"
}

# A root of directories only, and a store of the host's with a "system" in it.
make_store() {
	mkdir -p store/0000-busybox/bin store/1111-nixos-system-test
	cp "$ROOT/bin/busybox" store/0000-busybox/bin
	printf '%s\n' '#!/nix/store/0000-busybox/bin/busybox sh' \
		'export PATH=/nix/store/0000-busybox/bin' 'b=busybox' \
		'echo booted $0 as $($b hostname)' 'echo "container is $container"' \
		'$b touch /nix/store/file 2>&1 | $b sed "s/.*: //"' \
		'for d in /etc /root /home /var/lib /proc /sys; do test -d $d || echo no $d; done' \
		'for a; do echo "argument $a"; done' 'exit 0' >store/1111-nixos-system-test/init
	chmod +x store/1111-nixos-system-test/init
	[[ -d /nix/store ]] || { mkdir -p /nix/store; STORE_MADE=yes; }
	mount --bind store /nix/store
	trap remove_store EXIT
}

remove_store() {
	umount -l /nix/store
	[[ ! ${STORE_MADE:-} ]] || rmdir /nix/store /nix
}

boot_system() {
	rm -rf "$NAME"
	mkdir "$NAME"
	run_ok floe run -P -D "$NAME" --private-users="$MODE" --notify-ready=no \
		--system /nix/store/1111-nixos-system-test "$@" one two
	assert_match 'booted /nix/store/1111-nixos-system-test/init as box-' "$OUTPUT"
	assert_match 'container is systemd-nspawn' "$OUTPUT"
	assert_match 'argument one' "$OUTPUT"
	assert_no_match 'no /' "$OUTPUT" "what the root lacks"
}

system_read_only() {
	boot_system
	assert_match 'Read-only file system' "$OUTPUT"
	assert_absent store/file
}

test_system_of_the_host() {
	make_store
	in_both_modes system_read_only
	boot_system --store=rw
	assert_exists store/file
	assert_refused 'cannot open the system /nix/store/none' \
		floe run -D "$NAME" --system /nix/store/none
	assert_refused 'a system lies in /nix/store' floe run -D "$NAME" --system "$ROOT"
}

test_store_without_a_system() {
	make_store
	own_root
	assert_inside $'0000-busybox\n1111-nixos-system-test\nro' --store=ro \
		'ls /nix/store; touch /nix/store/file 2>/dev/null || echo ro'
	assert_inside $'' --store=rw 'touch /nix/store/file'
	assert_exists store/file
	assert_inside '' --store=private 'ls /nix/store'
}

test_booting_says_what_was_tried() {
	own_root
	rm "$ROOT/bin/init"
	assert_refused "cannot boot $ROOT: it has no init" machine --boot
	assert_match '/sbin/init' "$ERRORS"
}

run_tests
