#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The same machine on hosts with other control groups: hybrid, version 2 alone, version 1 alone,
# none. The controllers stay where this kernel has bound them; what is mounted decides.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

# Takes all cgroup mounts away, in this test's mount namespace, and puts those named back.
layout() { # pids devices unified | v2 | none, on /sys/fs/cgroup
	umount -l -R /sys/fs/cgroup
	COVERED=()
	case $1 in
	none) ;;
	v2) mount -t cgroup2 cgroup2 /sys/fs/cgroup ;;
	*)
		mount -t tmpfs tmpfs /sys/fs/cgroup
		for word; do
			mkdir "/sys/fs/cgroup/$word"
			if [[ $word == unified ]]; then
				mount -t cgroup2 cgroup2 "/sys/fs/cgroup/$word"
			else
				mount -t cgroup -o "$word" "$word" "/sys/fs/cgroup/$word"
			fi
		done
		;;
	esac
}

# The layout is of a mount namespace that ends with the test: the harness sees its own as ever.
with_layout() { # FUNCTION LAYOUT...
	local script
	script=$(declare -f; declare -p ROOT NAME MODE TEST_DIR BUILD SANDBOX SANDBOX_CGROUP PATH)
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount --propagation private bash -c 'set -euo pipefail
		trap "echo \"line \$LINENO: \$BASH_COMMAND\" >&2" ERR
		eval "$1"; shift; function=$1; shift; layout "$@"; "$function" "$@"' - "$script" "$@"
}

# What holds on every host.
machine_works() {
	local before after MODE
	before=$(groups_of_floe)
	for MODE in pick no; do
		assert_inside "1 $NAME" 'echo $$ $(hostname)'
		assert_status 3 machine --private-network sh -c 'exit 3'
		machine_background sh -c 'trap "exit 0" TERM; echo started; while :; do sleep 0.05; done'
		wait_for_line started
		run_ok floe shell "$NAME" /bin/echo entered
		assert_eq entered "$OUTPUT"
		kill "$FLOE"
		machine_wait
		assert_eq 1 "$STATUS"
	done
	after=$(groups_of_floe)
	assert_eq "$before" "$after" "groups that are there"
	assert_absent "/run/floe/$NAME"
}

groups_of_floe() {
	find /sys/fs/cgroup -name "$NAME*" 2>/dev/null | sort
}

# The notes of a start, one a line.
notes() {
	floe run -D "$ROOT" true 2>&1 >/dev/null | sed -n 's/^floe: note: //p'
}

# A systemd inside needs the second version; the machine has a part of it for itself.
has_own_cgroup2() {
	assert_inside $'/\ncgroup2\nmade' 'sed -n "s/^0:://p" /proc/self/cgroup
		sed -n "s/.* \/sys\/fs\/cgroup .* - \([^ ]*\) .*/\1/p" /proc/self/mountinfo
		mkdir /sys/fs/cgroup/mine && echo $$ >/sys/fs/cgroup/mine/cgroup.procs && echo made'
}

limits_tasks() {
	run machine --tasks-max=5 sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.3 & done; echo all; wait'
	assert_match "can't fork" "$ERRORS"
}

# A device that is bound into the machine may be opened, others may not.
holds_devices() {
	MODE=no
	assert_inside 'refused' 'mknod /dev/kmem-like c 1 11 && head -c 1 /dev/kmem-like 2>/dev/null || echo refused'
}

on_hybrid() {
	machine_works
	has_own_cgroup2
	limits_tasks
	holds_devices
	assert_eq '' "$(notes)" "notes"
}

test_hybrid() {
	with_layout on_hybrid pids devices unified
}

on_v2() {
	machine_works
	has_own_cgroup2
	holds_devices
	# Where the controller is bound to version 1, version 2 has none to limit with, and that is said.
	if grep -qw pids /sys/fs/cgroup/cgroup.controllers; then
		limits_tasks
	else
		assert_eq 'this host has no pids controller: the number of tasks is not limited' "$(notes)"
		assert_refused 'the number of tasks is not limited' machine --strict --tasks-max=5 true
	fi
}

test_version_2_alone() {
	with_layout on_v2 v2
}

on_v1() {
	machine_works
	has_own_cgroup2
	limits_tasks
	holds_devices
	assert_eq '' "$(notes)" "notes"
	assert_no_match "$NAME|/run/floe" "$(cat /proc/self/mountinfo | grep cgroup2 || true)"
}

test_version_1_alone() {
	with_layout on_v1 pids devices
}

on_none() {
	machine_works
	has_own_cgroup2
	assert_match 'no pids controller: the number of tasks is not limited' "$(notes)"
	assert_no_match "cgroup" "$(cat /proc/self/mountinfo)"
}

test_no_cgroups() {
	with_layout on_none none
}

test_a_killed_monitor_leaves_nothing_anywhere() {
	with_layout kill_and_clean v2
	with_layout kill_and_clean pids devices
	with_layout kill_and_clean none
}

kill_and_clean() {
	local mounts
	mounts=$(cat /proc/self/mountinfo)
	machine_background sh -c 'echo started; sleep 100'
	wait_for_line started
	kill -KILL "$FLOE"
	machine_wait
	floe gc
	assert_eq '' "$(groups_of_floe)" "groups that are there"
	assert_eq "$mounts" "$(cat /proc/self/mountinfo)" "mounts"
	assert_absent "/run/floe/$NAME"
}

run_tests
