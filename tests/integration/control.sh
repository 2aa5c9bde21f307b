#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Acting on running machines: kill, pause, resume, reboot, wait, events, exec.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/images.bash"

# A machine whose PID 1 and one other process write down the signals that they get.
start_listeners() { # OPTION...
	image "$WEB" 'sh -c "trap \"echo child USR2\" USR2; echo child up; while :; do sleep 0.05; done" &
		trap "echo leader USR2" USR2; trap "exit 0" USR1
		/bin/notifier notify:READY=1 exit:0
		while :; do sleep 0.05; done'
	run_ok "${START[@]}" --notify-ready=no "$WEB" "$@"
	wait_for 5 grep -qx 'child up' "/var/log/floe/$WEB.log"
}

in_log() { # LINE
	grep -qx "$1" "/var/log/floe/$WEB.log"
}

is_paused() { # YES-OR-NO
	[[ $(floe show --value -p paused "$WEB") == "$1" ]]
}

# ---- Signals ----

test_a_signal_reaches_every_process() {
	start_listeners
	run_ok floe kill -s USR2 "$WEB"
	wait_for 5 in_log 'leader USR2'
	wait_for 5 in_log 'child USR2'
	run_ok floe stop "$WEB"
}

test_a_signal_reaches_the_leader_alone() {
	start_listeners
	run_ok floe kill --signal=SIGUSR2 --leader "$WEB"
	wait_for 5 in_log 'leader USR2'
	sleep 0.2
	! in_log 'child USR2' || fail "the child got the signal too"
	run_ok floe stop "$WEB"
}

test_kill_ends_a_machine() {
	start_listeners --private-users=no
	run_ok floe kill -s 9 --leader "$WEB"
	run_ok floe wait --gone "$WEB"
	assert_eq '' "$(field "$WEB" state)"
}

test_signals_are_checked() {
	start_listeners
	assert_refused 'no signal "NONSENSE"' floe kill -s NONSENSE "$WEB"
	assert_refused 'no machine called "other"' floe kill other
	run_ok floe stop "$WEB"
}

# ---- Pausing ----

test_a_paused_machine_stands_still() {
	image "$WEB" '/bin/notifier notify:READY=1 exit:0; trap "exit 0" USR1
		while :; do echo tick; sleep 0.05; done'
	run_ok "${START[@]}" --notify-ready=no "$WEB" "$@"
	wait_for 5 in_log tick
	run_ok floe pause "$WEB"
	is_paused true
	assert_match "^$WEB +paused" "$(floe list --no-legend)"
	local before
	before=$(wc -l <"/var/log/floe/$WEB.log")
	sleep 0.3
	assert_eq "$before" "$(wc -l <"/var/log/floe/$WEB.log")" "lines while paused"
	run_ok floe pause "$WEB"
	assert_refused "$WEB is paused; \"floe resume $WEB\"" floe exec "$WEB" /bin/true
	run_ok floe resume "$WEB"
	is_paused false
	wait_for 5 eval '(($(wc -l </var/log/floe/$WEB.log) > '"$before"'))'
	run_ok floe pause "$WEB"
	run_ok timeout 10 floe stop "$WEB"
	assert_match 'exited with status 0$' "$(tail -n 1 "/var/log/floe/$WEB.log")"
}

test_a_paused_machine_can_be_terminated() {
	start_web
	run_ok floe pause "$WEB"
	run_ok timeout 10 floe terminate "$WEB"
	assert_refused 'no machine called' floe pause "$WEB"
}

# Commands are in a group of their own, which stands still too.
test_commands_are_paused_as_well() {
	start_web
	floe exec "$WEB" /bin/sh -c 'while :; do echo tick; sleep 0.05; done' >ticks &
	wait_for 5 grep -q tick ticks
	run_ok floe pause "$WEB"
	local before
	before=$(wc -l <ticks)
	sleep 0.3
	assert_eq "$before" "$(wc -l <ticks)" "lines while paused"
	run_ok timeout 10 floe terminate "$WEB"
	wait || true
}

test_commands_of_a_paused_machine_do_not_keep_it() {
	start_web
	floe exec "$WEB" /bin/sh -c 'echo up; sleep 1000' >out &
	wait_for 5 grep -q up out
	run_ok floe pause "$WEB"
	run_ok floe kill -s KILL "$WEB"
	run_ok floe wait --gone --timeout=10 "$WEB"
	wait || true
	start_web
	floe exec "$WEB" /bin/sh -c 'echo up; sleep 1000' >out &
	wait_for 5 grep -q up out
	run_ok floe pause "$WEB"
	kill -KILL "$(field "$WEB" monitor)"
	run_ok timeout 10 floe gc
	wait || true
}

# ---- Reboots ----

# BusyBox's own init: what it does on the signals of the host is its own.
busybox_init_image() {
	cp -a "$ROOT" "/var/lib/machines/$WEB"
	IMAGES+=("$WEB")
	trap remove_images EXIT
	printf '::sysinit:/bin/echo booted\n::ctrlaltdel:/bin/reboot\n::respawn:/bin/sleep 1000\n' \
		>"/var/lib/machines/$WEB/etc/inittab"
}

test_busybox_reboots() {
	local first
	busybox_init_image
	run_ok floe start --network-veth=no --notify-ready=no --kill-signal=SIGUSR2 "$WEB"
	wait_for 5 in_log booted
	first=$(field "$WEB" leader)
	run_ok timeout 20 floe reboot "$WEB"
	assert_ne "$first" "$(field "$WEB" leader)" "leader"
	wait_for 5 eval '(($(grep -cx booted /var/log/floe/$WEB.log) == 2))'
	run_ok floe poweroff "$WEB"
	assert_eq '' "$(field "$WEB" state)"
}

test_reboot_waits_until_it_is_ready_again() {
	local first
	image "$WEB" 'trap "exec reboot -f" INT; trap "exit 0" USR1
		/bin/sleep 0.3; /bin/notifier notify-parent; echo ready
		while :; do sleep 0.05; done'
	run_ok "${START[@]}" --notify-ready=no --private-users=no "$WEB"
	wait_for 5 in_log ready
	first=$(field "$WEB" leader)
	run_ok floe reboot --no-wait "$WEB"
	run_ok floe wait "$WEB"
	assert_ne '' "$first"
	wait_for 5 eval '[[ $(field $WEB leader) != '"$first"' ]]'
	run_ok floe stop "$WEB"
}

test_a_reboot_that_does_not_come_fails() {
	image "$WEB" 'trap "" INT; trap "exit 0" USR1; while :; do sleep 0.05; done'
	run_ok "${START[@]}" --notify-ready=no "$WEB"
	assert_refused "$WEB is still not rebooting" floe reboot --timeout=300ms "$WEB"
	run_ok floe stop "$WEB"
	image "$LATE" 'trap "exit 3" INT; while :; do sleep 0.05; done'
	run_ok "${START[@]}" --notify-ready=no "$LATE"
	wait_for 5 eval 'grep -q "^SigCgt:.*2$" /proc/$(field $LATE leader)/status'
	assert_refused "$LATE ended before it was ready again" floe reboot "$LATE"
	machine_background -M "$NAME" /bin/sleep 100
	wait_for 5 state_is "$NAME" running
	assert_refused 'runs a command, and no init' floe reboot "$NAME"
	run_ok floe terminate "$NAME"
	machine_wait
}

# ---- Waiting ----

test_wait_until_ready() {
	image "$WEB" 'exec /bin/notifier sleep:500 notify:READY=1 usr1 exit:0'
	run_ok "${START[@]}" --no-wait "$WEB"
	assert_refused "$WEB is still not ready" floe wait --timeout=50ms "$WEB"
	run_ok timeout 10 floe wait --ready "$WEB"
	state_is "$WEB" ready
	run_ok floe wait "$WEB"
	run_ok floe stop "$WEB"
	assert_refused 'no machine called' floe wait "$WEB"
	run_ok floe wait --gone "$WEB"
}

test_wait_notices_an_end() {
	image "$WEB" 'sleep 0.5; exit 4'
	run_ok "${START[@]}" --no-wait "$WEB"
	assert_refused "$WEB ended before it was ready" timeout 10 floe wait "$WEB"
	start_web
	assert_refused "$WEB is still not gone" floe wait --gone --timeout=100ms "$WEB"
	(sleep 0.3; kill -KILL "$(field "$WEB" monitor)") &
	run_ok timeout 10 floe wait --gone "$WEB"
	wait
	run_ok floe gc
}

# A machine that reboots is not gone in between.
test_a_reboot_is_no_end() {
	image "$WEB" 'if [ ! -e /etc/again ]; then touch /etc/again; sleep 0.5; exec reboot -f; fi
		'"$READY_INIT"
	run_ok "${START[@]}" --private-users=no --no-wait "$WEB"
	floe wait --gone "$WEB" &
	run_ok timeout 10 floe wait --ready "$WEB"
	kill -0 $! || fail "a reboot was taken for an end"
	run_ok floe stop "$WEB"
	wait $!
}

# ---- Events ----

# "EVENT STATE" of the machine's lines so far.
heard() {
	jq -r 'select(.name == "'"$WEB"'") | "\(.event) \(.state)"' events
}

test_events_are_told_as_they_happen() {
	local watcher
	floe events --follow >events &
	watcher=$!
	wait_for 5 eval '[[ -d /proc/'$watcher' ]] && ls -l /proc/'$watcher'/fd | grep -q inotify'
	image "$WEB" 'exec /bin/notifier notify:STATUS=Halfway sleep:300 notify:READY=1 usr1 exit:0'
	run_ok "${START[@]}" "$WEB"
	wait_for 5 eval 'heard | grep -q "changed ready"'
	grep -q '"status":"Halfway"' events
	run_ok floe pause "$WEB"
	wait_for 5 grep -q '"paused":true' events
	run_ok floe resume "$WEB"
	run_ok floe stop "$WEB"
	wait_for 5 eval 'heard | grep -q removed'
	assert_match '^added starting' "$(heard)"
	assert_eq 'removed null' "$(heard | tail -n 1)"
	# Once more: the directory of all records was gone in between.
	run_ok "${START[@]}" "$WEB"
	wait_for 5 eval '(($(heard | grep -c "^added") == 2))'
	kill -KILL "$(field "$WEB" monitor)"
	wait_for 5 eval '[[ $(heard | tail -n 1) == "changed dead" ]]'
	run_ok floe gc
	wait_for 5 eval '[[ $(heard | tail -n 1) == "removed null" ]]'
	kill "$watcher"
	python3 "$HERE/validate-json.py" "$TOP/docs/event.schema.json" --lines <events
}

test_events_tell_what_is_there() {
	run_ok floe events
	assert_eq '' "$OUTPUT"
	start_web
	run_ok floe events
	assert_match '"event":"present","name":"'"$WEB"'","state":"ready"' "$OUTPUT"
	run_ok floe stop "$WEB"
}

test_a_watch_costs_nothing_while_nothing_happens() {
	local watcher before
	start_web
	floe events -f >events &
	watcher=$!
	wait_for 5 grep -q present events
	before=$(grep ctxt_switches "/proc/$watcher/status")
	sleep 1
	assert_eq "$before" "$(grep ctxt_switches "/proc/$watcher/status")" "wakeups"
	kill "$watcher"
	run_ok floe stop "$WEB"
}

# ---- exec ----

test_exec_runs_a_command_without_a_terminal() {
	start_web
	on_terminal -- floe exec "$WEB" /bin/sh -c '[ -t 1 ] && echo terminal of the caller; tty; exit 4'
	assert_match '\[status 4\]' "$OUTPUT"
	run_ok floe exec "user@$WEB" /bin/id -un
	assert_eq user "$OUTPUT"
	run_ok floe shell "1001@$WEB" /bin/id -u
	assert_eq 1001 "$OUTPUT"
	assert_refused 'exec: too few words' floe exec "$WEB"
	run_ok floe stop "$WEB"
}

run_tests
