#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The console log of machines, while they run and afterwards; and logging in.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/images.bash"

LOG=/var/log/floe/$WEB.log

# A machine that has put out LINES lines.
start_writer() { # LINES
	image "$WEB" "trap 'exit 0' USR1; seq 1 $1 | sed 's/^/line /'; echo settled
		while :; do sleep 0.05; done"
	run_ok "${START[@]}" --notify-ready=no "$WEB"
	wait_for 10 grep -qx settled "$LOG"
}

test_all_of_it_or_the_last_lines() {
	start_writer 100
	run_ok floe logs "$WEB"
	assert_eq 'line 1' "$(head -n 1 <<<"$OUTPUT")"
	assert_eq 101 "$(wc -l <<<"$OUTPUT")"
	run_ok floe logs -n 2 "$WEB"
	assert_eq $'line 100\nsettled' "$OUTPUT"
	run_ok floe logs -n 101 "$WEB"
	assert_eq 'line 1' "$(head -n 1 <<<"$OUTPUT")"
	run_ok floe logs --lines=0 "$WEB"
	assert_eq '' "$OUTPUT"
	run_ok floe stop "$WEB"
	run_ok floe logs -n 1 "$WEB"
	assert_match 'exited with status 0$' "$OUTPUT"
}

# What is asked for lies in the file that was begun last, in the one before, or in both.
test_lines_of_two_files() {
	start_writer 10
	run_ok floe stop "$WEB"
	seq -f 'old %g' 1 30000 >"$LOG.1"
	printf 'new %s\n' 1 2 3 >"$LOG"
	assert_eq $'new 2\nnew 3' "$(floe logs -n 2 "$WEB")"
	assert_eq $'new 1\nnew 2\nnew 3' "$(floe logs -n 3 "$WEB")"
	assert_eq $'old 29999\nold 30000\nnew 1\nnew 2\nnew 3' "$(floe logs -n 5 "$WEB")"
	assert_eq 30003 "$(floe logs "$WEB" | wc -l)"
	assert_eq 20000 "$(floe logs -n 20000 "$WEB" | wc -l)"
	assert_eq 30003 "$(floe logs -n 40000 "$WEB" | wc -l)"
	printf 'unfinished' >>"$LOG"
	assert_eq $'new 3\nunfinished' "$(floe logs -n 2 "$WEB")"
	: >"$LOG"
	assert_eq 'old 30000' "$(floe logs -n 1 "$WEB")"
}

test_following_until_the_end() {
	start_writer 3
	floe logs -f -n 1 "$WEB" >seen &
	local follower=$!
	wait_for 5 grep -q settled seen
	run_ok floe exec "$WEB" /bin/sh -c 'echo from a command >/dev/console'
	wait_for 5 grep -qx 'from a command' seen
	kill -0 "$follower"
	run_ok floe stop "$WEB"
	wait "$follower"
	assert_match 'exited with status 0$' "$(tail -n 1 seen)"
	assert_eq 3 "$(wc -l <seen)"
	run_ok timeout 5 floe logs -f -n 1 "$WEB"
}

# A file that grows too long is renamed; nothing is lost to one who follows.
test_following_over_a_new_file() {
	image "$WEB" "trap 'exit 0' USR1; echo begin; read -r line
		seq 1 40000 | sed 's/$/ ................................................/'; echo end
		while :; do sleep 0.05; done"
	run_ok "${START[@]}" --notify-ready=no "$WEB"
	wait_for 5 grep -qx begin "$LOG"
	floe logs -f "$WEB" >seen &
	wait_for 5 grep -q begin seen
	floe console "$WEB" <<<go >/dev/null &
	wait_for 20 grep -qx end seen
	assert_eq 40000 "$(grep -c '^[0-9]* \.*$' seen)"
	assert_exists "$LOG.1"
	run_ok floe stop "$WEB"
	wait
}

test_following_costs_nothing_while_nothing_happens() {
	start_writer 3
	floe logs -f "$WEB" >seen &
	local follower=$! before
	wait_for 5 grep -q settled seen
	before=$(grep ctxt_switches "/proc/$follower/status")
	sleep 1
	assert_eq "$before" "$(grep ctxt_switches "/proc/$follower/status")" "wakeups"
	run_ok floe stop "$WEB"
	wait
}

test_a_reader_may_go_away() {
	start_writer 20000
	floe logs "$WEB" | head -n 1 >first
	assert_eq 0 "${PIPESTATUS[0]}"
	run_ok floe stop "$WEB"
}

test_what_has_no_log() {
	assert_refused 'no console log of a machine nothing .*"floe start"' floe logs nothing
	assert_refused 'no valid machine name' floe logs ../../etc/passwd
	ln -s /etc/passwd "/var/log/floe/$LATE.log"
	assert_refused "cannot open .*$LATE.log" floe logs "$LATE"
	rm "/var/log/floe/$LATE.log"
}

# ---- login ----

# BusyBox's getty and login: the password is "secret".
test_login_asks_who_it_is() {
	image "$WEB" "$READY_INIT"
	# shellcheck disable=SC2016 # a hash of "secret"
	sed -i 's|^user:x:|user:$1$floe$8tu.392LOUM1KDYG6hNyu/:|' "/var/lib/machines/$WEB/etc/passwd"
	echo 'Welcome to the tree' >"/var/lib/machines/$WEB/etc/issue"
	run_ok "${START[@]}" "$WEB"
	on_terminal await='Welcome to the tree' await='login:' 'type=user\r' await='Password:' \
		'type=secret\r' await='$ ' 'type=id -un; tty; pwd\r' await=user await=/dev/pts/ \
		await=/home/user 'type=exit\r' -- floe login "$WEB"
	assert_eq 0 "$STATUS" "status: $OUTPUT"
	assert_match '\[restored yes\]' "$OUTPUT"
	on_terminal await='login:' 'type=user\r' await='Password:' 'type=wrong\r' \
		await='Login incorrect' 'type=\x1d\x1d\x1d' -- floe login "$WEB"
	assert_eq 0 "$STATUS" "status: $OUTPUT"
	run_ok floe stop "$WEB"
}

test_a_tree_without_login() {
	image "$WEB" "$READY_INIT"
	rm "/var/lib/machines/$WEB/bin/login"
	run_ok "${START[@]}" "$WEB"
	assert_refused "no login program in the machine $WEB; \"floe shell $WEB\"" floe login "$WEB"
	run_ok floe stop "$WEB"
}

run_tests
