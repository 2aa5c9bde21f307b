#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The harness itself: failures are failures, hangs end, and whatever a test leaves is found.
. "$(dirname "$0")/../lib.sh"

# Runs a script of test functions given on standard input in a sandbox of its own.
inner() {
	{
		echo "TEST_GRACE=0 TEST_TIMEOUT=\${TEST_TIMEOUT:-20}"
		echo ". '$TOP/tests/lib.sh'"
		cat
		echo run_tests
	} >"$TEST_DIR/inner.sh"
	run bash "$TEST_DIR/inner.sh"
}

# The inner script must have failed for the reason given as an extended regular expression.
assert_caught() { # REGEX
	assert_eq 1 "$STATUS" "status of the script: $OUTPUT $ERRORS"
	assert_match "$1" "$OUTPUT"
}

test_a_good_test_passes() {
	inner <<<'test_good() { assert_eq a a; run_ok true; assert_fail false; assert_match b+ abc; }'
	assert_eq 0 "$STATUS" "status: $OUTPUT $ERRORS"
	assert_match '1 passed, 0 failed$' "$OUTPUT"
}

test_failures_are_counted_and_located() {
	inner <<-'END'
		test_one() { assert_eq a b letter; }
		test_two() { false; echo not reached; }
		test_three() { assert_status 3 sh -c 'echo why; exit 4'; }
		test_four() { true; }
	END
	assert_caught '1 passed, 3 failed$'
	assert_match 'inner.sh:3: letter should be "a", is "b"' "$OUTPUT"
	assert_match 'inner.sh:4: "false" failed with status 1' "$OUTPUT"
	assert_match 'should exit with 3, exited with 4' "$OUTPUT"
	assert_match 'output: why' "$OUTPUT"
	assert_no_match 'not reached' "$OUTPUT"
}

test_a_signal_is_no_refusal() {
	inner <<<'test_it() { assert_fail sh -c "kill -SEGV \$\$"; }'
	assert_caught 'should be refused, exited with 139'
}

test_a_hanging_test_is_killed_with_its_children() {
	inner <<-'END'
		TEST_TIMEOUT=1
		test_hang() { setsid sleep 300 & (trap '' TERM; sleep 301) & sleep 302; }
		test_next() { true; }
	END
	assert_caught '1 passed, 1 failed$'
	assert_match 'still running after 1 s' "$OUTPUT"
}

test_a_left_mount_is_found_and_cleaned() {
	inner <<-'END'
		test_leak() { mkdir /run/here; mount -t tmpfs tmpfs /run/here; }
		test_next() { assert_fail mountpoint -q /run/here; assert_absent /run/here; }
	END
	assert_caught 'left: mount /run/here tmpfs'
	assert_match '1 passed, 1 failed$' "$OUTPUT"
}

test_a_missing_mount_is_found() {
	inner <<<'test_it() { umount /dev/shm; }'
	assert_caught 'gone: mount /dev/shm tmpfs'
}

test_a_left_process_is_found_and_killed() {
	inner <<-'END'
		test_leak() { setsid sleep 300 & }
		test_next() { assert_fail pgrep -fx 'sleep 300'; }
	END
	assert_caught 'left: process [0-9]+ .sleep.'
	assert_match '1 passed, 1 failed$' "$OUTPUT"
}

test_a_left_cgroup_is_found_and_removed() {
	local top
	top=$(sandbox_pids_hierarchy)
	inner <<-END
		test_leak() { mkdir '$top/floe-leak' '$top/floe-leak/below'; }
		test_next() { assert_absent '$top/floe-leak'; }
	END
	assert_caught "left: cgroup $top/floe-leak/below"
	assert_match '1 passed, 1 failed$' "$OUTPUT"
	assert_absent "$top/floe-leak"
}

test_left_files_are_found_and_removed() {
	inner <<-'END'
		test_state() { mkdir -p /run/floe/web; }
		test_image() { mkdir /var/lib/machines/web; }
		test_shared_memory() { touch /dev/shm/x; }
		test_own_directory() { touch file; mkdir -p a/b; }
		test_next() { assert_absent /run/floe /var/lib/machines/web /dev/shm/x; }
	END
	assert_caught '2 passed, 3 failed$'
	assert_match 'left: file /run/floe/web' "$OUTPUT"
	assert_match 'left: file /var/lib/machines/web' "$OUTPUT"
	assert_match 'left: file /dev/shm/x' "$OUTPUT"
}

test_a_left_link_and_table_are_found() {
	inner <<-'END'
		test_link() { ip link add leak0 type veth peer name leak1; }
		test_table() { nft add table inet leak; }
		test_next() { assert_fail ip link show leak0; assert_eq '' "$(nft list tables)"; }
	END
	assert_caught '1 passed, 2 failed$'
	assert_match 'left: link leak0' "$OUTPUT"
	assert_match 'left: nft table inet leak' "$OUTPUT"
}

test_a_held_lock_is_found() {
	inner <<-'END'
		test_it() {
			setsid flock /run/lock-file sh -c 'touch /run/held; sleep 300' &
			wait_for 5 test -e /run/held
		}
	END
	assert_caught 'left: lock FLOCK on'
}

test_a_changed_hostname_is_found() {
	local before
	before=$(</proc/sys/kernel/hostname)
	inner <<<'test_it() { echo floe-leak >/proc/sys/kernel/hostname; }'
	echo "$before" >/proc/sys/kernel/hostname
	assert_caught 'left: hostname floe-leak'
}

test_tasks_are_limited() {
	inner <<-'END'
		test_it() { assert_eq "$TEST_TASKS" "$(<"$SANDBOX_CGROUP/pids.max")"
			grep -q "${SANDBOX_CGROUP##*/}" /proc/self/cgroup; }
	END
	assert_eq 0 "$STATUS" "status: $OUTPUT $ERRORS"
}

test_the_sandbox_leaves_nothing() {
	local paths
	inner <<<'test_it() { echo "$SANDBOX $SANDBOX_CGROUP"; false; }'
	assert_caught '/floe-test\.'
	mapfile -t paths < <(grep -o '/[^ ]*/floe-test\.[A-Za-z0-9]*' <<<"$OUTPUT")
	assert_absent "${paths[@]}"
}

test_chosen_tests_run_alone() {
	inner <<<'test_one() { true; }; test_two() { false; }'
	run bash "$TEST_DIR/inner.sh" test_one
	assert_eq 0 "$STATUS"
	assert_match '1 passed, 0 failed$' "$OUTPUT"
	assert_fail bash "$TEST_DIR/inner.sh" test_none
}

test_busybox_root_works() {
	busybox_root root
	run_ok chroot root /bin/sh -c 'echo $(id -un) $(id -Gn user)'
	assert_eq "root user extra" "$OUTPUT"
}

run_tests
