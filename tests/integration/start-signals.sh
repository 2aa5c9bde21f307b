#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Signals that come while a machine is being started, or before its init listens to any.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

# A tree whose copy takes long enough to be interrupted.
large_root() {
	own_root
	mkdir "$ROOT/many"
	(cd "$ROOT/many" && seq 1 8000 | xargs touch)
}

is_copying() { # PATTERN
	compgen -G "$1" >/dev/null
}

cancel_by() { # SIGNAL
	machine_background --ephemeral=copy /bin/true
	wait_for 10 is_copying "$TEST_DIR/.#floe-*/tree/many"
	kill -"$1" "$FLOE"
	machine_wait
	assert_eq 1 "$STATUS"
	assert_match 'the start of .* was cancelled by a signal' "$(<err)"
	assert_fail is_copying "$TEST_DIR/.#floe-*"
}

test_a_signal_cancels_a_start_that_copies() {
	large_root
	cancel_by TERM
	cancel_by INT
	cancel_by HUP
	inside /bin/true
}

test_other_signals_do_not() {
	large_root
	machine_background --ephemeral=copy /bin/sh -c 'exit 7'
	wait_for 10 is_copying "$TEST_DIR/.#floe-*/tree/many"
	kill -WINCH "$FLOE"
	machine_wait
	assert_eq 7 "$STATUS" "$(<err)"
}

# The kernel drops a signal that the first process of a pid namespace does not catch or block.
test_a_stop_waits_until_the_init_listens() {
	machine_background --kill-signal=SIGUSR1 /bin/sh -c \
		'echo up; sleep 1; trap "exit 5" USR1; while :; do sleep 0.1; done'
	wait_for_line up
	kill -TERM "$FLOE"
	machine_wait
	assert_eq 5 "$STATUS" "$(<err)"
}

test_a_second_signal_ends_a_machine_that_never_listens() {
	machine_background --kill-signal=SIGUSR1 /bin/sh -c 'echo up; while :; do sleep 0.1; done'
	wait_for_line up
	kill -TERM "$FLOE"
	sleep 0.3
	kill -TERM "$FLOE"
	machine_wait
	assert_eq 1 "$STATUS" "$(<err)"
}

run_tests
