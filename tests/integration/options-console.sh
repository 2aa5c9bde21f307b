#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How the console is connected: a terminal relayed both ways, one way or not at all, or pipes.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

# A machine on a terminal of its own, where the steps of terminal.py are taken. $STATUS is the
# machine's then, and $RESTORED says whether the terminal is as it was before.
terminal() { # STEP... -- OPTION... COMMAND...
	local steps=()
	while [[ $1 != -- ]]; do
		steps+=("$1")
		shift
	done
	run_ok python3 "$TOP/tests/integration/terminal.py" "${steps[@]}" -- floe run -q \
		-D "$ROOT" --private-users="$MODE" "${@:2}"
	OUTPUT=${OUTPUT//$'\r'/}
	STATUS=$(sed -n 's/^\[status \(.*\)\]$/\1/p' <<<"$OUTPUT")
	RESTORED=$(sed -n 's/^\[restored \(.*\)\]$/\1/p' <<<"$OUTPUT")
}

pipes() {
	local sum
	sum=$(head -c 300000 /dev/urandom | tee bytes | sha256sum)
	assert_eq "$sum" "$(machine cat <bytes | sha256sum)" "sum of what went through"
	assert_eq "$sum" "$(floe run --console=pipe -D "$ROOT" cat <bytes | sha256sum)"
	machine sh -c 'echo to 1; echo to 2 >&2' >one 2>two </dev/null
	assert_eq 'to 1' "$(<one)"
	assert_eq 'to 2' "$(<two)"
	assert_eq '3' "$(printf 'a\nb\nc' | machine sh -c 'n=0; while read -r l || [ "$l" ]; do n=$((n+1)); done; echo $n')"
	assert_inside 'none' 'test -e /dev/console || echo none'
	assert_inside 'none' 'tty >/dev/null || echo none'
}

test_pipe() {
	in_both_modes pipes
}

test_pipe_with_a_reader_that_leaves() {
	# The payload gets SIGPIPE or EPIPE as anywhere else, and nothing hangs.
	assert_eq y "$(machine sh -c 'yes | head -c 1000000; exit 0' | head -n 1)"
}

on_a_terminal() {
	terminal raw=yes await='# ' type='tty; stty size; echo a$((1+1))b\r' await=a2b \
		type='exit 7\r' -- /bin/sh -i
	assert_eq 7 "$STATUS" "status"
	assert_eq yes "$RESTORED" "whether the terminal is restored"
	assert_match '/dev/(console|pts/0)' "$OUTPUT"
	assert_match '24 80' "$OUTPUT" "the size of the terminal"
}

test_interactive() {
	in_both_modes on_a_terminal
}

test_interactive_is_the_default_on_a_terminal_only() {
	local test='test -t 0 && test -t 1 && test -t 2 && echo a terminal'
	terminal await='a terminal' -- sh -c "$test"
	terminal await='a terminal' -- --console=autopipe sh -c "$test"
	terminal await='a terminal' -- --console=interactive sh -c "$test"
	assert_eq 'none' "$(floe run -q -D "$ROOT" --console=autopipe sh -c 'test -t 0 || echo none' | cat)"
}

test_interactive_has_job_control_and_a_console() {
	terminal raw=yes await=ready type='\x03' await=interrupted -- sh -c 'ls -l /dev/console
		trap "echo interrupted; exit 5" INT; echo ready; while :; do sleep 0.05; done'
	assert_eq 5 "$STATUS" "status"
	assert_match '/dev/console -> pts/0' "$OUTPUT"
}

test_interactive_resizes() {
	terminal raw=yes await=ready size=50x132 await='50 132' -- sh -c \
		'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done'
	assert_eq 0 "$STATUS" "status"
}

test_three_escapes_leave() {
	terminal raw=yes await=ready type='\x1d\x1d\x1d' -- sh -c \
		'trap "" TERM; echo ready; while :; do sleep 0.05; done'
	assert_eq 1 "$STATUS" "status"
	assert_eq yes "$RESTORED" "whether the terminal is restored"
}

test_two_escapes_do_not() {
	terminal raw=yes await=ready type='\x1d\x1dx\r' await=still -- \
		sh -c 'echo ready; read -r line; echo still here'
	assert_eq 0 "$STATUS" "status"
}

# A terminal inside whose output we get, and no input.
read_only_console() {
	OUTPUT=$(echo input | floe run -q -D "$ROOT" --private-users="$MODE" --console=read-only \
		sh -c 'tty; readlink /dev/console; echo to 1; echo to 2 >&2' 2>errors | tr -d '\r')
	assert_eq $'/dev/console\npts/0\nto 1\nto 2' "${OUTPUT/\/dev\/pts\/0/\/dev\/console}"
	assert_eq '' "$(<errors)"
}

test_read_only() {
	in_both_modes read_only_console
}

test_read_only_is_the_default_without_a_terminal() {
	assert_eq $'terminal\r' "$(floe run -q -D "$ROOT" sh -c 'test -t 0 && echo terminal' </dev/null)"
}

test_a_last_line_is_left_as_it_is() {
	floe run -q -D "$ROOT" printf 'no end' >out
	assert_eq 'no end.' "$(<out)."
}

test_passive_shows_nothing() {
	assert_eq '' "$(floe run -q -D "$ROOT" --console=passive sh -c 'test -t 1 && echo shown; exit 0')"
	assert_status 6 floe run -q -D "$ROOT" --console=passive sh -c 'test -t 1 && exit 6'
}

test_much_output_arrives_whole() {
	floe run -q -D "$ROOT" sh -c 'i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done' |
		tr -d '\r' >out
	seq 0 19999 | sed 's/^/line /' | cmp - out
}

test_a_user_may_use_its_terminal() {
	terminal await='by itself' -- -u user sh -c 'echo opened by itself >/dev/console'
	assert_eq 0 "$STATUS" "status"
}

test_modes_are_words() {
	assert_refused 'console' floe run -D "$ROOT" --console=loud true
}

run_tests
