#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The console of machines in the background, on real terminals; and restarts, which use the same
# socket.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/images.bash"

# A machine that answers lines typed on its console.
start_talker() { # OPTION...
	image "$WEB" 'trap "exit 0" USR1; echo begin
		while read -r line; do
			case $line in
			size) stty size ;;
			many) seq 1 "${many:-2000}"; echo many-done ;;
			quit) exit 0 ;;
			*) echo "got $line" ;;
			esac
		done'
	run_ok "${START[@]}" --notify-ready=no "$WEB" "$@"
	wait_for 5 grep -qx begin "/var/log/floe/$WEB.log"
}

ESCAPE='type=\x1d\x1d\x1d'

test_a_console_is_used_and_left() {
	start_talker
	on_terminal raw=yes await=begin 'type=hello\r' await='got hello' 'type=size\r' await='24 80' \
		size=30x90 'type=size\r' await='30 90' "$ESCAPE" -- floe console "$WEB"
	assert_match '\[status 0\]' "$OUTPUT"
	assert_match '\[restored yes\]' "$OUTPUT"
	assert_match 'left the console; the machine goes on' "$OUTPUT"
	state_is "$WEB" running
	assert_match 'got hello' "$(</var/log/floe/$WEB.log)"
	run_ok floe stop "$WEB"
}

test_the_last_lines_are_shown_again() {
	start_talker
	on_terminal await=begin 'type=many\r' await=many-done "$ESCAPE" -- floe console "$WEB"
	assert_eq 0 "$STATUS" "status: $OUTPUT"
	on_terminal await=many-done 'type=on\r' await='got on' "$ESCAPE" -- floe console "$WEB"
	assert_eq 0 "$STATUS" "status: $OUTPUT"
	# From the beginning of a line on, and about a screen of them.
	assert_match $'(^|\n)19[0-9]{2}\n19[0-9]{2}\n' "$OUTPUT"
	assert_no_match $'\n1000\n' "$OUTPUT"
	run_ok floe stop "$WEB"
}

# What leaves the console does not reach the machine, what only looks like it does.
test_the_escape_is_not_typed() {
	start_talker
	on_terminal await=begin 'type=\x1d' pause=0.1 'type=\x1d' pause=0.1 'type=\x1d' \
		-- floe console "$WEB"
	assert_match 'left the console' "$OUTPUT"
	on_terminal await=begin 'type=on\r' await='got on' 'type=\x1d\x1dx\r' await='got \x1d\x1dx' \
		'type=\x1d' pause=1.2 'type=\r' await='got \x1d' "$ESCAPE" -- floe console "$WEB"
	assert_eq 0 "$STATUS" "status: $OUTPUT"
	run_ok floe stop "$WEB"
}

test_several_use_it_at_once() {
	local others=() i
	start_talker
	for i in 1 2 3; do
		python3 "$HERE/terminal.py" await=begin size="$((30 + i))x100" "await=got everybody" \
			await='31 100' "$ESCAPE" -- floe console "$WEB" >"seen.$i" &
		others+=($!)
	done
	sleep 0.5
	on_terminal await=begin size=50x120 'type=everybody\r' await='got everybody' 'type=size\r' \
		await='31 100' "$ESCAPE" -- floe console "$WEB"
	assert_match '\[status 0\]' "$OUTPUT"
	for i in "${others[@]}"; do
		wait "$i"
	done
	for i in 1 2 3; do
		assert_match '\[restored yes\]' "$(<seen.$i)"
	done
	run_ok floe stop "$WEB"
}

test_the_end_of_the_machine_ends_it() {
	start_talker
	on_terminal await=begin 'type=quit\r' -- floe console "$WEB"
	assert_match 'the machine ended' "$OUTPUT"
	assert_match '\[status 0\]' "$OUTPUT"
	assert_match '\[restored yes\]' "$OUTPUT"
	assert_refused 'no machine called' floe console "$WEB"
}

test_a_console_survives_a_restart() {
	start_talker
	python3 "$HERE/terminal.py" await=begin await=begin 'type=again\r' await='got again' "$ESCAPE" \
		-- floe console "$WEB" >seen &
	local viewer=$!
	sleep 0.5
	run_ok floe restart "$WEB"
	wait "$viewer" || fail "saw: $(<seen)"
	run_ok floe stop "$WEB"
}

test_a_killed_viewer_leaves_a_sane_terminal() {
	start_talker
	on_terminal raw=yes await=begin signal=KILL raw=no -- floe console "$WEB"
	assert_match '\[status -9\]' "$OUTPUT"
	assert_match '\[restored yes\]' "$OUTPUT"
	on_terminal raw=yes await=begin signal=TERM -- floe console "$WEB"
	assert_match '\[status 0\]' "$OUTPUT"
	assert_match '\[restored yes\]' "$OUTPUT"
	on_terminal raw=yes await='# ' signal=KILL raw=no -- floe shell "$WEB" /bin/sh
	assert_match '\[restored yes\]' "$OUTPUT"
	on_terminal raw=yes await=up signal=KILL raw=no -- \
		floe run -q -D "$ROOT" -M "$LATE" /bin/sh -c 'echo up; sleep 1000'
	assert_match '\[restored yes\]' "$OUTPUT"
	wait_for 5 state_is "$LATE" dead
	run_ok floe gc
	run_ok floe stop "$WEB"
}

test_pipes_will_do() {
	start_talker
	mkfifo keys
	floe console "$WEB" <keys >seen 2>messages &
	exec 7>keys
	echo hello >&7
	wait_for 5 grep -q 'got hello' seen
	exec 7>&-
	sleep 0.2
	kill -0 $! || fail "the end of input ended the view"
	kill -INT $!
	wait $!
	assert_eq '' "$(<messages)"
	floe console --read-only "$WEB" >watched &
	wait_for 5 grep -q begin watched
	run_ok floe stop "$WEB"
	wait $!
}

# The machine goes on for one who does not read, and he is told that he missed something.
test_a_slow_viewer_does_not_hold_the_machine() {
	start_talker -E many=200000
	mkfifo out
	floe console "$WEB" <<<many >out &
	exec 7<out
	wait_for 20 grep -q many-done "/var/log/floe/$WEB.log"
	timeout 5 cat <&7 >seen &
	wait_for 5 grep -q 'some output was left out' seen
	# The last lines come all the same.
	wait_for 5 eval 'tail -n 1 seen | grep -q many-done'
	exec 7<&-
	run_ok floe stop "$WEB"
	wait || true
}

test_too_many_are_turned_away() {
	local i viewers=()
	start_talker
	for ((i = 0; i < 16; i++)); do
		floe console --read-only "$WEB" >"seen.$i" &
		viewers+=($!)
	done
	for ((i = 0; i < 16; i++)); do
		wait_for 5 grep -q begin "seen.$i"
	done
	run floe console --read-only "$WEB"
	assert_eq '' "$OUTPUT"
	kill "${viewers[@]}"
	wait
	floe console --read-only "$WEB" >seen &
	wait_for 5 grep -q begin seen
	kill $!
	wait || true
	run_ok floe stop "$WEB"
}

test_only_machines_in_the_background_have_one() {
	machine_background /bin/sh -c 'echo up; sleep 1000'
	wait_for_line up
	assert_refused 'runs in the foreground of process' floe console "$NAME"
	assert_refused 'runs in the foreground of process' floe restart "$NAME"
	kill "$FLOE"
	machine_wait
}

# Nobody but the owner of the record can connect, nor see that there is something.
test_others_cannot_use_it() {
	start_talker
	assert_eq 'srw-------' "$(stat -c %A "/run/floe/$WEB/control")"
	run_ok floe stop "$WEB"
}

# With somebody who looks at the console, and with nobody.
test_an_idle_monitor_sleeps() {
	local before monitor
	image "$WEB" "$READY_INIT"
	run_ok "${START[@]}" "$WEB"
	monitor=$(field "$WEB" monitor)
	floe console --read-only "$WEB" >seen &
	wait_for 5 grep -q up seen
	# A second after the start memory is given back, once.
	sleep 1.5
	before=$(grep ctxt_switches "/proc/$monitor/status" "/proc/$!/status")
	sleep 2
	assert_eq "$before" "$(grep ctxt_switches "/proc/$monitor/status" "/proc/$!/status")" "wakeups"
	kill $!
	wait || true
	sleep 0.3
	before=$(grep ctxt_switches "/proc/$monitor/status")
	sleep 1
	assert_eq "$before" "$(grep ctxt_switches "/proc/$monitor/status")" "wakeups with nobody there"
	run_ok floe stop "$WEB"
}

# ---- Restarts ----

test_a_restart_keeps_the_options() {
	local first monitor
	start_talker -E many=3
	first=$(field "$WEB" leader) monitor=$(field "$WEB" monitor)
	run_ok timeout 20 floe restart "$WEB"
	assert_ne "$first" "$(field "$WEB" leader)" "leader"
	assert_eq "$monitor" "$(field "$WEB" monitor)" "monitor"
	assert_eq many=3 "$(tr '\0' '\n' <"/proc/$(field "$WEB" leader)/environ" | grep many)"
	run_ok floe pause "$WEB"
	run_ok timeout 20 floe restart "$WEB"
	run_ok floe stop "$WEB"
}

test_a_restart_kills_what_does_not_end() {
	image "$WEB" 'exec /bin/notifier notify:READY=1 sleep:100000000'
	run_ok "${START[@]}" "$WEB"
	run_ok timeout 20 floe restart --stop-timeout=300ms "$WEB"
	state_is "$WEB" ready
	run_ok floe terminate "$WEB"
}

test_a_restart_that_fails_says_so() {
	image "$WEB" '[ ! -e /etc/broken ] || exit 5; '"$READY_INIT"
	run_ok "${START[@]}" "$WEB"
	touch "/var/lib/machines/$WEB/etc/broken"
	assert_refused "$WEB ended before it was ready again" timeout 20 floe restart "$WEB"
	run_ok floe wait --gone "$WEB"
	assert_match 'exited with status 5' "$(tail -n 1 "/var/log/floe/$WEB.log")"
}

run_tests
