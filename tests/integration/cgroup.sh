#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Control groups of both versions, where the host has them: made, given away, filled, removed.
TEST_TIMEOUT=30
. "$(dirname "$0")/../lib.sh"

TOOL=$SANDBOX/cgroup-tool
"${CC:-cc}" -D_GNU_SOURCE -o "$TOOL" "$TOP/tests/integration/cgroup-tool.c" "$BUILD/libfloe.a" || exit 1

# Mount point of the hierarchy of a version 1 controller, or of version 2; nothing when there is none.
hierarchy() { # CONTROLLER|2
	awk -v wanted="$1" '{ for (i = 7; $i != "-"; i++); type = $(i + 1); options = "," $(i + 3) "," }
		wanted == 2 && type == "cgroup2" || type == "cgroup" && index(options, "," wanted ",") {
			print $5; exit }' /proc/self/mountinfo
}

UNIFIED=$(hierarchy 2) DEVICES=$(hierarchy devices) FREEZER=$(hierarchy freezer)
NAME=floe-cgroup-$$-$RANDOM

# There is a test for what is there; without any hierarchy there is nothing to test.
GROUPS_HERE=()
for top in "$UNIFIED" "$DEVICES" "$FREEZER"; do
	[[ ! $top ]] || GROUPS_HERE+=("$top/$NAME")
done
((${#GROUPS_HERE[@]})) || fail "this host has no cgroup hierarchy mounted"

tool() { # VERB PATH [VALUE]: fails with the name of the errno in OUTPUT
	run "$TOOL" "$@"
	((STATUS == 0))
}

# Runs a command in a group, in the background.
inside() { # GROUP COMMAND...
	local group=$1
	shift
	(
		echo "$BASHPID" >"$group/cgroup.procs" || exit 1
		exec "$@"
	) &
	wait_for 5 grep -qx "$!" "$group/cgroup.procs"
}

test_groups_are_made_with_their_parents() {
	local group
	for group in "${GROUPS_HERE[@]}"; do
		tool make "$group/a/b"
		assert_exists "$group/a/b/cgroup.procs"
		(umask 077 && tool make "$group/a/c")
		assert_eq 755 "$(stat -c %a "$group/a/c")"
		tool make "$group/a/b"
		tool remove "$group"
		assert_absent "$group"
	done
}

test_plain_directories_are_never_made() {
	! tool make "$TEST_DIR/a/b"
	assert_eq ENODEV "$OUTPUT"
	assert_absent "$TEST_DIR/a"
	mkdir plain
	! tool make "$TEST_DIR/plain"
	assert_eq ENODEV "$OUTPUT"
	! tool make relative
	assert_eq EINVAL "$OUTPUT"
}

test_plain_directories_are_never_removed() {
	mkdir -p plain/sub
	! tool remove "$TEST_DIR/plain"
	assert_eq ENODEV "$OUTPUT"
	assert_exists plain/sub
}

test_a_group_that_is_gone_is_removed() {
	tool remove "${GROUPS_HERE[0]}/no/such"
}

test_only_delegated_files_are_given_away() {
	local group file
	for group in "${GROUPS_HERE[@]}"; do
		tool make "$group"
		tool own "$group" 524288
		assert_eq '524288 524288' "$(stat -c '%u %g' "$group")"
		assert_eq 524288 "$(stat -c %u "$group/cgroup.procs")"
		for file in cgroup.kill cgroup.freeze cgroup.max.depth devices.allow freezer.state \
			memory.max pids.max; do
			[[ ! -e $group/$file ]] || assert_eq 0 "$(stat -c %u "$group/$file")" "owner of $file"
		done
		[[ ! -e $group/cgroup.subtree_control ]] ||
			assert_eq 524288 "$(stat -c %u "$group/cgroup.subtree_control")"
		tool remove "$group"
	done
}

test_files_are_set() {
	tool make "${GROUPS_HERE[0]}"
	! tool set "${GROUPS_HERE[0]}/no-such-file" 1
	assert_match 'ENOENT|EACCES|EPERM' "$OUTPUT"
	! tool set "${GROUPS_HERE[0]}/cgroup.procs" nonsense
	assert_eq EINVAL "$OUTPUT"
	! tool join "${GROUPS_HERE[0]}" 99999999
	assert_eq ESRCH "$OUTPUT"
	tool remove "${GROUPS_HERE[0]}"
}

# The same policy by both ways.
check_devices() { # GROUP
	sleep 300 &
	tool join "$1" "$!"
	grep -qx "$!" "$1/cgroup.procs"
	(
		echo "$BASHPID" >"$1/cgroup.procs"
		: </dev/null >/dev/null
		: </dev/zero
		mknod block b 7 999
		! : >/dev/zero || fail "zero could be written"
		! : <>/dev/zero || fail "zero could be opened for both"
		! : </dev/urandom || fail "urandom could be read"
		! mknod character c 1 8 || fail "a character device could be made"
		! : <block || fail "a block device could be opened"
	) 2>messages
	assert_match 'Operation not permitted' "$(<messages)"
	tool remove "$1"
}

if [[ $DEVICES ]]; then
	test_device_policy_of_version_1() {
		tool make "$DEVICES/$NAME"
		tool devices-v1 "$DEVICES/$NAME"
		check_devices "$DEVICES/$NAME"
	}
fi

if [[ $UNIFIED ]]; then
	test_device_policy_by_program() {
		tool make "$UNIFIED/$NAME/below"
		tool devices-bpf "$UNIFIED/$NAME"
		check_devices "$UNIFIED/$NAME/below"
		tool remove "$UNIFIED/$NAME"
	}
fi

test_processes_are_killed() {
	local group
	for group in "${GROUPS_HERE[@]}"; do
		tool make "$group/a/b/c"
		inside "$group/a/b/c" bash -c 'trap "" TERM HUP; sleep 300 & sleep 301; true'
		inside "$group/a" sleep 302
		tool remove "$group"
		assert_absent "$group"
	done
	wait
	! pgrep -f 'sleep 30[0-2]$'
}

if [[ $UNIFIED ]]; then
	test_frozen_processes_of_version_2_are_killed() {
		tool make "$UNIFIED/$NAME/a/b"
		inside "$UNIFIED/$NAME/a/b" sleep 300
		echo 1 >"$UNIFIED/$NAME/a/cgroup.freeze"
		tool remove "$UNIFIED/$NAME"
	}
fi

if [[ $FREEZER ]]; then
	test_frozen_processes_of_version_1_are_killed() {
		tool make "$FREEZER/$NAME/a/b"
		inside "$FREEZER/$NAME/a/b" sleep 300
		echo FROZEN >"$FREEZER/$NAME/a/freezer.state"
		wait_for 5 grep -qx FROZEN "$FREEZER/$NAME/a/b/freezer.state"
		tool remove "$FREEZER/$NAME"
	}
fi

test_a_fork_bomb_is_removed() {
	local group
	for group in "${GROUPS_HERE[@]}"; do
		tool make "$group"
		inside "$group" bash -c 'while :; do (sleep 0.01 &); done'
		tool remove "$group"
		assert_absent "$group"
	done
}

test_any_depth_is_removed() {
	local top long
	printf -v long 'd%.0s' {1..200}
	for top in "${GROUPS_HERE[@]}"; do
		tool make "$top"
		# Deeper than a path can tell.
		(cd "$top" && for _ in {1..40}; do
			mkdir "$long" && cd -P "$long" || exit 1
		done)
		mkdir "$top"/wide{1..200}
		tool remove "$top"
		assert_absent "$top"
	done
}

run_tests
