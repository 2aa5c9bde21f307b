#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What attends a machine: exit statuses, signals, notification, consoles, detached monitors, entered
# commands, and what is left when a monitor is killed.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

. "$(dirname "$0")/images.bash"

# ---- The end of a machine ----

test_exit_statuses_are_passed_on() {
	assert_status 0 machine /bin/true
	assert_status 7 machine /bin/sh -c 'exit 7'
	assert_status 255 machine /bin/sh -c 'exit 255'
	assert_status 1 machine /bin/sh -c 'exit 133'
}

test_a_power_off_is_success() {
	assert_status 0 machine /bin/busybox poweroff -f
	assert_status 0 machine --as-pid2 /bin/sh -c '/bin/busybox poweroff -f; sleep 10'
}

test_a_reboot_starts_again() {
	own_root
	inside --private-users=no /bin/sh -c \
		'echo x >>/etc/count; [ $(wc -l </etc/count) -ge 3 ] || exec reboot -f; echo done'
	assert_eq "done" "$OUTPUT"
	assert_eq 3 "$(wc -l <"$ROOT/etc/count")"
}

test_a_reboot_is_reported_under_keep_unit() {
	assert_status 133 machine --keep-unit /bin/busybox reboot -f
}

test_a_killed_payload_is_a_failure() {
	machine_background /bin/sleep 100
	wait_for 5 state_is "$NAME" running
	kill -KILL "$(field "$NAME" leader)"
	machine_wait
	assert_eq 1 "$STATUS"
}

test_a_failed_exec_is_an_error() {
	assert_refused 'cannot execute /bin/nothing.*No such file' machine /bin/nothing
}

# ---- Signals ----

test_sigterm_without_a_kill_signal_kills() {
	for signal in TERM INT HUP; do
		machine_background /bin/notifier say:up usr1
		wait_for_line up
		kill -"$signal" "$FLOE"
		machine_wait
		assert_eq 1 "$STATUS" "status after $signal"
	done
}

test_sigterm_asks_first() {
	machine_background --kill-signal=SIGUSR1 /bin/notifier say:up usr1 say:asked exit:5
	wait_for_line up
	kill -TERM "$FLOE"
	machine_wait
	assert_eq 5 "$STATUS"
	wait_for_line asked
}

test_a_second_sigterm_kills() {
	machine_background --kill-signal=SIGUSR1 /bin/notifier say:up usr1 say:asked sleep:100000
	wait_for_line up
	kill -TERM "$FLOE"
	wait_for_line asked
	kill -TERM "$FLOE"
	machine_wait
	assert_eq 1 "$STATUS"
}

# ---- Notification ----

# Listens at $ADDRESS; what comes is in the file "heard".
listen() {
	python3 "$HERE/notify-listener.py" "$ADDRESS" "$TEST_DIR/heard" &
	LISTENER=$!
	wait_for 5 test -e "$TEST_DIR/heard"
	export NOTIFY_SOCKET=$ADDRESS
}

wait_heard() { # COUNT
	for _ in {1..50}; do
		(($(wc -l <"$TEST_DIR/heard") < $1)) || return 0
		sleep 0.1
	done
	return 1
}

assert_heard() { # LINE...
	local expected
	expected=$(printf '%s\n' "$@")
	# The last message may still be on its way; what is missing after that shows below.
	wait_heard "$#" || echo "fewer lines than expected were heard"
	kill "$LISTENER"
	wait "$LISTENER" 2>/dev/null || true
	assert_eq "$expected" "$(sed -E 's/^(X_NSPAWN_LEADER_PID|MAINPID)=[0-9]+$/\1=N/' "$TEST_DIR/heard")"
}

test_a_start_is_notified() {
	ADDRESS=$TEST_DIR/socket
	listen
	assert_status 3 machine /bin/sh -c 'exit 3'
	assert_heard 'STATUS=Container running.' X_NSPAWN_LEADER_PID=N READY=1 STOPPING=1 \
		'STATUS=Container exited with status 3.' EXIT_STATUS=3
}

test_readiness_is_the_machines_own() {
	ADDRESS=@floe-test-$$
	listen
	inside --notify-ready=yes /bin/notifier 'child:STATUS=not PID 1%READY=1' \
		'notify:STATUS=nearly' 'notify:READY=1%STATUS=Up.' exit:0
	assert_heard 'STATUS=Container running.' X_NSPAWN_LEADER_PID=N \
		'STATUS=Container running: nearly' 'STATUS=Container running: Up.' READY=1 \
		STOPPING=1 'STATUS=Container exited with status 0.' EXIT_STATUS=0
}

test_a_failure_is_notified() {
	ADDRESS=$TEST_DIR/socket
	listen
	assert_fail machine /bin/nothing
	kill "$LISTENER"
	assert_match 'ERRNO=2' "$(<"$TEST_DIR/heard")"
	assert_match 'STATUS=cannot execute' "$(<"$TEST_DIR/heard")"
}

test_the_watchdog_is_fed() {
	ADDRESS=$TEST_DIR/socket
	listen
	WATCHDOG_USEC=200000 machine /bin/sleep 1
	kill "$LISTENER"
	(($(grep -c '^WATCHDOG=1$' "$TEST_DIR/heard") >= 5)) || fail "heard: $(<"$TEST_DIR/heard")"
}

test_a_detached_monitor_is_named() {
	ADDRESS=$TEST_DIR/socket
	image "$WEB" "$READY_INIT"
	listen
	run_ok "${START[@]}" "$WEB"
	assert_match "MAINPID=$(field "$WEB" monitor)" "$(<"$TEST_DIR/heard")"
	run_ok floe stop "$WEB"
	kill "$LISTENER"
	assert_match 'STOPPING=1' "$(<"$TEST_DIR/heard")"
}

# ---- Consoles ----

test_a_terminal_is_passed_through() {
	on_terminal raw=yes await='# ' type='tty; stty size\r' await='/dev/pts/' await='24 80' \
		size=40x100 type='stty size\r' await='40 100' type='exit 6\r' \
		-- floe run -q -D "$ROOT" /bin/sh
	assert_eq 0 "$STATUS" "status: $OUTPUT"
	assert_match '\[status 6\]' "$OUTPUT"
	assert_match '\[restored yes\]' "$OUTPUT"
}

test_keys_go_to_the_machine() {
	on_terminal raw=yes await=up 'type=\x03' await=interrupted 'type=\x04' \
		-- floe run -q -D "$ROOT" /bin/sh -c \
		'trap "echo interrupted" INT; echo up; read line; cat; echo ended'
	assert_eq 0 "$STATUS" "status: $OUTPUT"
	assert_match 'interrupted.*ended' "$OUTPUT"
	assert_match '\[status 0\]' "$OUTPUT"
}

test_three_escapes_end_the_machine() {
	on_terminal raw=yes await=up 'type=\x1d\x1d' pause=1.2 'type=\x1d\x1d' pause=0.2 'type=\x1d' \
		-- floe run -q -D "$ROOT" /bin/sh -c 'echo up; sleep 100'
	assert_eq 0 "$STATUS" "status: $OUTPUT"
	assert_match '\[status 1\]' "$OUTPUT"
	assert_match '\[restored yes\]' "$OUTPUT"
}

test_a_terminal_is_restored_after_a_signal_and_a_failure() {
	on_terminal raw=yes await=up signal=TERM -- floe run -q -D "$ROOT" \
		/bin/sh -c 'echo up; sleep 100'
	assert_match '\[restored yes\]' "$OUTPUT"
	on_terminal -- floe run -q -D "$ROOT" /bin/nothing
	assert_match 'cannot execute' "$OUTPUT"
	assert_match '\[restored yes\]' "$OUTPUT"
}

test_an_unfinished_line_is_finished() {
	on_terminal -- floe run -q -D "$ROOT" /bin/echo -n unfinished
	assert_eq $'unfinished\n\n[status 0]\n[restored yes]' "$OUTPUT"
}

test_a_passive_console_shows_nothing() {
	run_ok floe run -q --console=passive -D "$ROOT" /bin/sh -c 'echo unseen; [ -t 1 ]'
	assert_eq '' "$OUTPUT"
}

test_a_read_only_console_takes_no_input() {
	run_ok floe run -q --console=read-only -D "$ROOT" \
		/bin/sh -c 'read -t 1 line && echo "got $line" || echo nothing' <<<input
	assert_eq $'nothing\r' "$OUTPUT"
}

test_all_output_arrives() {
	run_ok floe run -q --console=read-only -D "$ROOT" /bin/seq 1 200000
	assert_eq 200000 "$(tr -d '\r' <<<"$OUTPUT" | tail -n 1)"
	assert_eq 200000 "$(wc -l <<<"$OUTPUT")"
}

test_a_slow_reader_loses_nothing() {
	floe run -q --console=read-only -D "$ROOT" /bin/seq 1 30000 | { sleep 1; wc -l; } >count
	assert_eq 30000 "$(tr -d ' ' <count)"
}

test_a_gone_reader_does_not_stop_the_machine() {
	floe run -q --console=read-only -D "$ROOT" /bin/sh -c 'seq 1 100000; exit 9' | head -n 1 >out ||
		true
	assert_eq $'1\r' "$(<out)"
}

test_the_end_of_input_is_passed_on() {
	run_ok floe run -q --console=interactive -D "$ROOT" /bin/sh -c 'stty -echo; wc -c' <<<12345
	assert_match '6' "$OUTPUT"
}

# ---- Detached machines ----

test_start_waits_until_ready() {
	image "$WEB" 'exec /bin/notifier sleep:500 notify:STATUS=Settled.%READY=1 usr1 say:down'
	run_ok "${START[@]}" "$WEB"
	assert_eq ready "$(field "$WEB" state)"
	assert_eq Settled. "$(field "$WEB" status)"
	run_ok floe stop "$WEB"
	assert_match $'^down\n\[floe .*\] exited with status 0$' "$(</var/log/floe/$WEB.log)"
	assert_fail floe stop "$WEB"
	assert_match 'no machine called "'"$WEB"'"' "$ERRORS"
}

test_start_need_not_wait() {
	image "$WEB" 'exec /bin/notifier sleep:60000'
	run_ok "${START[@]}" --no-wait "$WEB"
	assert_eq running "$(field "$WEB" state)"
	run_ok floe terminate "$WEB"
}

test_an_early_end_is_explained() {
	image "$WEB" 'echo the first line; echo "the reason" >&2; exit 4'
	assert_refused "$WEB exited with status 4 before it was ready.*the first line \| the reason" \
		"${START[@]}" "$WEB"
	assert_eq '' "$(field "$WEB" state)"
	assert_match 'the reason' "$(</var/log/floe/$WEB.log)"
	image "$LATE" 'echo so far; exec sleep 1000'
	assert_refused "$LATE was not ready after 1 s.*so far" "${START[@]}" --timeout=1 "$LATE"
	assert_eq '' "$(field "$LATE" state)"
}

test_an_early_end_in_the_foreground_is_explained() {
	image "$WEB" 'echo bad luck; exit 4'
	run floe run -b --notify-ready=yes -M "$WEB" --console=read-only
	assert_match 'exited with status 4 before it was ready.*bad luck' "$ERRORS"
	assert_ne 0 "$STATUS"
}

test_a_name_is_taken_once() {
	image "$WEB" "$READY_INIT"
	run_ok "${START[@]}" "$WEB"
	assert_refused 'a machine called '"$WEB"' is there already' "${START[@]}" "$WEB"
	run_ok floe stop "$WEB"
}

test_a_monitor_is_a_daemon() {
	local monitor
	image "$WEB" "$READY_INIT"
	run_ok "${START[@]}" "$WEB"
	monitor=$(field "$WEB" monitor)
	assert_eq "floe: ${WEB:0:9}" "$(<"/proc/$monitor/comm")"
	assert_eq / "$(readlink "/proc/$monitor/cwd")"
	assert_eq '/dev/null /dev/null /dev/null' "$(readlink "/proc/$monitor/fd/"{0,1,2} | xargs)"
	assert_ne "$monitor" "$(ps -o sid= -p "$monitor" | tr -d ' ')" 'session'
	assert_eq '?' "$(ps -o tty= -p "$monitor" | tr -d ' ')" 'terminal'
	run_ok floe stop "$WEB"
	assert_absent "/proc/$monitor"
}

test_a_reboot_of_a_detached_machine() {
	local first
	image "$WEB" "if [ ! -e /etc/again ]; then touch /etc/again; sleep 0.3; exec reboot -f; fi
		$READY_INIT"
	run_ok "${START[@]}" --private-users=no --no-wait "$WEB"
	first=$(field "$WEB" leader)
	wait_for 10 state_is "$WEB" ready
	assert_ne "$first" "$(field "$WEB" leader)" 'leader'
	run_ok floe stop "$WEB"
}

test_start_waits_over_a_reboot() {
	image "$WEB" "if [ ! -e /etc/again ]; then touch /etc/again; exec reboot -f; fi
		$READY_INIT"
	run_ok timeout 20 "${START[@]}" --private-users=no "$WEB"
	assert_eq ready "$(field "$WEB" state)"
	run_ok floe stop "$WEB"
}

test_stop_forces_what_does_not_end() {
	image "$WEB" 'exec /bin/notifier notify:READY=1 sleep:100000'
	run_ok "${START[@]}" "$WEB"
	run_ok floe stop --timeout=1 "$WEB"
	assert_eq '' "$(field "$WEB" state)"
}

# ---- Entered commands ----

runs_sleep() {
	floe shell "$WEB" ps | grep -q 'sleep 1[0]00'
}

test_commands_run_inside() {
	start_web
	assert_status 5 floe shell "$WEB" /bin/sh -c 'exit 5'
	assert_status 143 floe shell "$WEB" /bin/sh -c 'kill -TERM $$'
	run_ok floe shell "$WEB" /bin/sh -c 'hostname; cat; echo err >&2' <<<input
	assert_eq "$WEB"$'\ninput' "$OUTPUT"
	assert_eq err "$ERRORS"
	run_ok floe shell "$WEB" /bin/sh -c \
		'for name in user pid mnt uts ipc net cgroup; do readlink /proc/self/ns/$name; done'
	assert_eq "$(readlink "/proc/$(field "$WEB" leader)/ns/"{user,pid,mnt,uts,ipc,net,cgroup})" "$OUTPUT"
	run_ok floe stop "$WEB"
}

test_commands_have_a_user_and_an_environment() {
	start_web
	run_ok env SECRET=outside floe shell --user=user --setenv=A=b "$WEB" /bin/sh -c \
		'id; pwd; env | sort; grep CapEff /proc/self/status'
	assert_match 'uid=1000\(user\) gid=1000\(user\) groups=1000\(user\),1001\(extra\)' "$OUTPUT"
	assert_match $'\n/home/user\n' "$OUTPUT"
	assert_match $'\nA=b\n' "$OUTPUT"
	assert_match $'\ncontainer=systemd-nspawn\n' "$OUTPUT"
	assert_match $'CapEff:\t0000000000000000' "$OUTPUT"
	assert_no_match 'SECRET' "$OUTPUT"
	run_ok floe shell --user=4242 "$WEB" /bin/id -u
	assert_eq 4242 "$OUTPUT"
	assert_refused 'no user "nobody-here"' floe shell --user=nobody-here "$WEB" /bin/true
	run_ok floe shell --chdir=/etc "$WEB" /bin/pwd
	assert_eq /etc "$OUTPUT"
	assert_refused 'cannot change to /nowhere' floe shell --chdir=/nowhere "$WEB" /bin/pwd
	assert_refused 'cannot run "nothing"' floe shell "$WEB" nothing
	run_ok floe stop "$WEB"
}

test_commands_are_confined_like_the_machine() {
	local file
	start_web
	run_ok floe shell "$WEB" grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
	file=/proc/$(field "$WEB" leader)/status
	assert_eq "$(grep -E '^(CapBnd|NoNewPrivs|Seccomp):' "$file")" "$OUTPUT"
	exec 8</etc/passwd 9<"$TEST_DIR"
	run_ok floe shell "$WEB" /bin/sh -c 'echo /proc/self/fd/*'
	assert_eq '/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3' "$OUTPUT"
	exec 8<&- 9<&-
	run_ok floe stop "$WEB"
}

test_a_shell_has_a_terminal() {
	start_web
	on_terminal raw=yes await='# ' type='tty; stty size\r' await=/dev/pts/ await='24 80' \
		size=30x90 type='stty size\r' await='30 90' type='exit 3\r' -- floe shell "$WEB"
	assert_eq 0 "$STATUS" "status: $OUTPUT"
	assert_match '\[status 3\]' "$OUTPUT"
	assert_match '\[restored yes\]' "$OUTPUT"
	run_ok floe stop "$WEB"
}

# The helper outside goes on whatever happens to its caller: zombies inside would hang the end.
test_a_stopped_caller_does_not_hang_the_machine() {
	local caller
	start_web
	floe shell "$WEB" /bin/sleep 1000 &
	caller=$!
	wait_for 5 runs_sleep
	kill -STOP "$caller"
	run_ok timeout 10 floe stop "$WEB"
	kill -CONT "$caller"
	STATUS=0
	wait "$caller" || STATUS=$?
	assert_eq 137 "$STATUS"
}

test_a_killed_caller_takes_its_command_along() {
	local caller
	start_web
	floe shell "$WEB" /bin/sleep 1000 &
	caller=$!
	wait_for 5 runs_sleep
	kill -KILL "$caller"
	wait "$caller" || true
	wait_for 5 eval '! runs_sleep'
	run_ok floe stop "$WEB"
}

test_signals_reach_a_command() {
	local caller
	start_web
	floe shell "$WEB" /bin/sh -c 'trap "echo asked; exit 8" TERM; echo up; while :; do sleep 0.1; done' >out &
	caller=$!
	wait_for 5 grep -qx up out
	kill -TERM "$caller"
	STATUS=0
	wait "$caller" || STATUS=$?
	assert_eq 8 "$STATUS"
	assert_eq $'up\nasked' "$(<out)"
	run_ok floe stop "$WEB"
}

test_commands_need_a_running_machine() {
	assert_refused 'no machine called "'"$WEB"'"' floe shell "$WEB" /bin/true
	assert_refused 'no machine called "\.\./x"' floe shell ../x /bin/true
}

# ---- Killed monitors ----

kill_monitor() { # NAME
	local leader
	leader=$(field "$1" leader)
	kill -KILL "$(field "$1" monitor)"
	wait_for 5 test ! -e "/proc/$leader"
	wait_for 5 state_is "$1" dead
}

test_gc_cleans_after_a_killed_monitor() {
	start_web
	kill_monitor "$WEB"
	assert_refused 'is not running' floe shell "$WEB" /bin/true
	run_ok floe gc
	assert_eq '' "$(field "$WEB" state)"
	assert_absent "/run/floe/$WEB"
}

test_a_start_cleans_after_a_killed_monitor() {
	start_web
	kill_monitor "$WEB"
	run_ok "${START[@]}" "$WEB"
	assert_eq ready "$(field "$WEB" state)"
	kill_monitor "$WEB"
	run_ok floe stop "$WEB"
	assert_eq '' "$(field "$WEB" state)"
}

test_a_monitor_in_the_foreground_may_be_killed() {
	machine_background /bin/sleep 1000
	wait_for 5 state_is "$NAME" running
	kill -KILL "$FLOE"
	machine_wait
	wait_for 5 state_is "$NAME" dead
	run_ok floe gc "$NAME"
}

test_monitors_killed_at_any_moment_leave_nothing() {
	local i
	image "$WEB" "$READY_INIT"
	for ((i = 0; i < 20; i++)); do
		"${START[@]}" --no-wait "$WEB" &
		sleep "0.0$((RANDOM % 40 + 10))"
		pkill -KILL -x "floe: ${WEB:0:9}" || true
		wait $! || true
		run_ok floe gc
	done
	run_ok "${START[@]}" "$WEB"
	run_ok floe stop "$WEB"
}

run_tests
