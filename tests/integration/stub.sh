#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The stub init as PID 1 of a pid namespace: what its command sees, how it ends.
TEST_TIMEOUT=20
. "$(dirname "$0")/../lib.sh"

STUB=$BUILD/init/stub

# Runs the stub as PID 1; a death by signal N is status 128 + N.
stub() { # COMMAND...
	bash -c '"$@"' - unshare --pid --fork --mount-proc "$STUB" "$@"
}

test_the_command_is_pid_2_in_a_session_of_its_own() {
	run_ok stub sh -c 'echo $$; cut -d" " -f 6 /proc/self/stat; cat /proc/1/comm'
	assert_eq $'2\n2\n(floe-stub)' "$OUTPUT"
}

test_the_status_is_passed_on() {
	assert_status 0 stub true
	assert_status 7 stub sh -c 'exit 7'
	assert_status 255 stub sh -c 'kill -KILL $$'
	assert_status 255 stub sh -c 'kill -SEGV $$'
}

test_programs_are_looked_for_in_path() {
	mkdir empty first second third
	printf '#!/bin/sh\necho second\n' >second/tool
	printf '#!/bin/sh\necho third\n' >third/tool
	touch first/tool
	chmod +x second/tool third/tool
	PATH=$PWD/empty:$PWD/first:$PWD/second:$PWD/third:$PATH run_ok stub tool
	assert_eq second "$OUTPUT"
	PATH=$PWD/first:$PATH assert_status 126 stub tool
	assert_eq 'floe: cannot run tool: permission denied' "$ERRORS"
	assert_status 127 stub no-such-tool
	assert_eq 'floe: cannot run no-such-tool: no such file, or its interpreter is missing' "$ERRORS"
	cd second
	PATH=:$PATH run_ok stub tool
	assert_eq second "$OUTPUT"
	echo text >nonsense
	chmod +x nonsense
	assert_status 126 stub ./nonsense
	assert_match 'neither a program for this machine nor a script' "$ERRORS"
}

test_orphans_are_reaped() {
	run_ok stub sh -c '(sleep 0.05 & sleep 0.05 &); sleep 0.3; cat /proc/[0-9]*/stat'
	assert_no_match '\) Z ' "$OUTPUT"
	assert_match '^1 \(' "$OUTPUT"
}

test_a_power_off_request_ends_the_namespace() {
	local signal
	# SIGRTMIN is 34; a namespace that is powered off ends by SIGINT.
	for signal in 37 38 47 48; do
		assert_status 130 stub sh -c "kill -$signal 1; sleep 20"
	done
}

test_a_restart_request_ends_the_namespace() {
	local signal
	# A namespace that is restarted ends by SIGHUP.
	for signal in INT 39 40 49 50; do
		assert_status 129 stub sh -c "kill -$signal 1; sleep 20"
	done
}

test_the_command_is_asked_to_end_first() {
	run stub bash -c 'trap "echo term; exit" TERM; trap "echo hup" HUP; kill -37 1
		while :; do sleep 0.05; done'
	assert_eq 130 "$STATUS"
	assert_eq term "$OUTPUT"
}

test_a_command_that_goes_on_is_hung_up() {
	run stub bash -c 'trap "echo term" TERM; trap "echo hup; exit" HUP; kill -37 1
		while :; do sleep 0.05; done'
	assert_eq 130 "$STATUS"
	assert_eq $'term\nhup' "$OUTPUT"
}

test_a_stopped_command_is_woken() {
	assert_status 130 stub sh -c '(sleep 0.1; kill -37 1) & kill -STOP $$; sleep 20'
}

test_other_signals_are_ignored() {
	run_ok stub sh -c 'for s in TERM HUP QUIT USR1 USR2 WINCH PIPE 34 36 41 60; do kill -$s 1; done
		sleep 0.1; echo alive'
	assert_eq alive "$OUTPUT"
}

test_signals_reach_the_command_as_usual() {
	run_ok stub sh -c 'grep -E "^Sig(Blk|Ign|Cgt)" /proc/self/status'
	assert_no_match '[1-9a-f]' "$(sed 's/^[^:]*://' <<<"$OUTPUT" | head -n 2)"
}

test_without_the_capability_the_end_is_a_plain_exit() {
	assert_status 0 unshare --pid --fork --mount-proc setpriv --bounding-set=-sys_boot \
		--inh-caps=-sys_boot "$STUB" sh -c 'kill -37 1; sleep 20'
	assert_status 255 unshare --pid --fork --mount-proc setpriv --bounding-set=-sys_boot \
		--inh-caps=-sys_boot "$STUB" sh -c 'kill -INT 1; sleep 20'
}

test_passed_descriptors_are_the_commands() {
	LISTEN_FDS=1 LISTEN_PID=1 run_ok stub sh -c \
		'echo $LISTEN_PID; readlink /proc/self/fd/3; ls /proc/1/fd' 3</dev/null
	assert_eq $'2\n/dev/null\n0\n1\n2' "$OUTPUT"
	LISTEN_PID=1 run_ok stub sh -c 'echo $LISTEN_PID'
	assert_eq 1 "$OUTPUT"
}

test_the_environment_is_the_commands() {
	container=floe container_uuid=x SECRET=hidden run_ok stub sh -c \
		'echo $SECRET; tr "\0" "\n" </proc/1/environ | grep .'
	assert_eq $'hidden\ncontainer=floe\ncontainer_uuid=x' "$OUTPUT"
}

# What a terminal's user gets: job control in the command's session, PID 1 without a terminal.
test_the_terminal_is_the_commands() {
	run_ok script -qec "unshare --pid --fork --mount-proc setsid -c '$STUB' \
		sh -c 'cut -d\" \" -f 7,8 /proc/1/stat; cut -d\" \" -f 8 /proc/2/stat; : </dev/tty'" /dev/null
	assert_match $'^0 -1\r\n2' "$OUTPUT"
}

test_it_needs_a_program() {
	assert_status 126 unshare --pid --fork "$STUB"
	assert_match 'needs a program to run' "$ERRORS"
}

test_it_is_a_small_static_executable() {
	assert_no_match 'INTERP|DYNAMIC| RWE ' "$(readelf -lW "$STUB")"
	(($(stat -c %s "$STUB") < 8192)) || fail "the stub has $(stat -c %s "$STUB") bytes"
}

run_tests
