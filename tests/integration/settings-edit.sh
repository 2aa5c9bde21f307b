#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The settings file of a machine printed, edited, and changed by floe set --save.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/images.bash"

# /etc with an own copy over it, until the test ends.
own_etc() {
	mkdir "$TEST_DIR/etc"
	cp -a /etc/. "$TEST_DIR/etc"
	mount --bind "$TEST_DIR/etc" /etc
	rm -rf /etc/floe
	trap 'umount -l /etc; remove_images' EXIT
}

FILE=/etc/floe/$WEB.nspawn

# An editor that puts the text of a file in place of what there is, and keeps that.
use_editor() { # TEXT
	printf '%s' "$1" >"$TEST_DIR/new"
	export EDITOR="sh -c 'cp \"\$1\" \"$TEST_DIR/old\"; cp \"$TEST_DIR/new\" \"\$1\"' editor"
	unset VISUAL SYSTEMD_EDITOR
}

test_a_file_is_begun_changed_and_printed() {
	image "$WEB" "$READY_INIT"
	own_etc
	assert_refused "$WEB has no settings file; \"floe edit $WEB\" begins one in $FILE" floe cat "$WEB"
	use_editor $'[X-Floe]\nTasksMax=33\n'
	run_ok floe edit "$WEB"
	assert_match 'floe.nspawn\(5\).*\[Exec\]' "$(<old)"
	run_ok floe cat "$WEB"
	assert_eq "# $FILE"$'\n[X-Floe]\nTasksMax=33' "$OUTPUT"
	use_editor $'[X-Floe]\nTasksMax=44\n'
	run_ok floe edit "$WEB"
	assert_eq $'[X-Floe]\nTasksMax=33' "$(<old)"
	assert_eq $'[X-Floe]\nTasksMax=44' "$(<"$FILE")"
	run_ok "${START[@]}" "$WEB"
	assert_eq 44 "$(floe show --value -p tasks_max "$WEB")"
	run_ok floe stop "$WEB"
	assert_eq '' "$(ls /tmp | grep floe-edit || true)"
}

# What no machine could be run with is not taken, and not lost either.
test_a_broken_file_is_not_saved() {
	own_etc
	use_editor $'[X-Floe]\nTasksMax=33\n'
	run_ok floe edit "$WEB"
	use_editor $'[X-Floe]\nTasksMax=many\n'
	assert_refused "$FILE:2: error: .*is not changed: line 2: .*what was written is in /tmp/floe-edit" \
		floe edit "$WEB"
	assert_eq $'[X-Floe]\nTasksMax=33' "$(<"$FILE")"
	assert_eq "$WEB.nspawn" "$(ls /etc/floe)"
	assert_eq $'[X-Floe]\nTasksMax=many' "$(cat /tmp/floe-edit-*)"
	rm /tmp/floe-edit-*
	export EDITOR=false
	assert_refused 'the editor "false" failed; nothing was changed' floe edit "$WEB"
	assert_refused 'no valid machine name' floe edit ../x
}

# A file that nspawn has in /etc is edited there; one beside the tree is covered.
test_the_file_that_counts_is_edited() {
	image "$WEB" "$READY_INIT"
	own_etc
	mkdir -p /etc/systemd/nspawn
	printf '[Exec]\nHostname=theirs\n' >"/etc/systemd/nspawn/$WEB.nspawn"
	use_editor $'[Exec]\nHostname=ours\n'
	run_ok floe edit "$WEB"
	assert_eq $'[Exec]\nHostname=ours' "$(<"/etc/systemd/nspawn/$WEB.nspawn")"
	rm "/etc/systemd/nspawn/$WEB.nspawn"
	printf '[Exec]\nHostname=beside\n' >"/var/lib/machines/$WEB.nspawn"
	run_ok floe cat "$WEB"
	assert_eq "# /var/lib/machines/$WEB.nspawn"$'\n[Exec]\nHostname=beside' "$OUTPUT"
	run_ok floe edit "$WEB"
	assert_eq $'[Exec]\nHostname=beside' "$(<old)"
	assert_eq $'[Exec]\nHostname=ours' "$(<"$FILE")"
	rm "/var/lib/machines/$WEB.nspawn"
}

test_limits_are_saved() {
	image "$WEB" "$READY_INIT"
	own_etc
	mkdir -p /etc/floe
	printf '# mine\n[Exec]\nHostname=h\n[X-Floe]\nMemory=1G\n' >"$FILE"
	run_ok "${START[@]}" "$WEB"
	assert_eq 1073741824 "$(floe show --value -p memory_max "$WEB")"
	run_ok floe set --save "$WEB" memory=64M tasks=50
	assert_eq 67108864 "$(floe show --value -p memory_max "$WEB")"
	assert_eq $'# mine\n[Exec]\nHostname=h\n[X-Floe]\nTasksMax=50\nMemory=64M' "$(<"$FILE")"
	assert_refused 'expected bytes' floe set --save "$WEB" cpu=1 memory=x
	assert_no_match Cpu "$(<"$FILE")"
	run_ok floe stop "$WEB"
	run_ok floe set --save "$WEB" cpu=0.5
	assert_refused 'no machine called' floe set "$WEB" cpu=1
	run_ok "${START[@]}" "$WEB"
	assert_eq '500 50' "$(floe show --value -p cpu_max_permille "$WEB") $(floe show --value -p tasks_max "$WEB")"
	run_ok floe stop "$WEB"
}

run_tests
