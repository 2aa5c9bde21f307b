#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Machines started and stopped over and over, and monitors killed at any moment: afterwards the
# host is what it was, in every respect that a machine could have changed.
# shellcheck disable=SC2034 # settings of the harness
TEST_TIMEOUT=240 TEST_GRACE=5
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

# The harness shows what a test prints only when it fails; the counts are for everybody.
exec 3>&1

say() {
	echo "        $*" >&3
}

IMAGE=/var/lib/machines/$NAME-image

# An image whose init ends when it is asked to.
make_image() {
	cp -a "$ROOT" "$IMAGE"
	rm "$IMAGE/bin/init"
	printf '%s\n' '#!/bin/sh' 'trap "exit 0" RTMIN+3 TERM' 'echo up' \
		'while :; do sleep 1 & wait $!; done' >"$IMAGE/bin/init"
	sed -i 's/RTMIN+3/37/' "$IMAGE/bin/init"
	chmod +x "$IMAGE/bin/init"
	trap 'rm -rf "$IMAGE"' EXIT
}

# All of the host that machines may touch. Cgroups of others at work here are left out.
host_state() {
	echo "--- mounts"
	awk '{ $1 = $2 = ""; print }' /proc/self/mountinfo | sort
	echo "--- cgroups"
	leak_cgroups | grep -e "$NAME" -e 'floe$' | sort || true
	echo "--- files"
	find /run /var/lib/floe /var/lib/machines /dev/shm -maxdepth 2 -printf '%p %m %U:%G\n' | sort
	find "$ROOT" -printf '%p %y %m %U:%G\n' | sort | sha256sum
	echo "--- locks"
	awk '$5 > 0 { print $2, $6 }' /proc/locks | sort
	echo "--- processes"
	leak_processes
	echo "--- links"
	leak_links
	leak_loops
	hostname
}

# Namespaces and groups end a moment after the last process.
assert_unchanged() { # FILE, of host_state
	local try
	for ((try = 0; try < 60; try++)); do
		host_state >after
		cmp -s "$1" after && return 0
		sleep 0.05
	done
	fail "the host is not as before:
$(diff "$1" after)"
}

milliseconds() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

# Two ways to run, eight kinds of machine.
run_cycle() { # NUMBER
	case $(($1 % 8)) in
	0 | 1 | 2) machine /bin/true ;;
	3) MODE=no machine /bin/true ;;
	4) machine -x --private-network /bin/true ;;
	5) machine --tmpfs /var --bind /usr/share:/mnt --set-credential=a:b /bin/true ;;
	6) floe run -q -D "$ROOT" --overlay "$ROOT/etc::/mnt" /bin/true </dev/null ;;
	7) machine --volatile=overlay /bin/false && return 1 || [[ $? == 1 ]] ;;
	esac
}

test_200_cycles_leave_nothing() {
	local i begin
	make_image
	# Once before: mount points that the tree lacks are made in it and stay.
	for ((i = 0; i < 8; i++)); do
		run_cycle $i
	done
	host_state >before
	begin=$(milliseconds)
	for ((i = 0; i < 160; i++)); do
		run_cycle $i || fail "cycle $i failed"
	done
	for ((i = 0; i < 40; i++)); do
		floe start "$NAME-image" --notify-ready=no || fail "start $i failed"
		if ((i % 2)); then floe stop "$NAME-image"; else floe terminate "$NAME-image"; fi ||
			fail "stop $i failed"
	done
	say "200 cycles in $(($(milliseconds) - begin)) ms"
	assert_unchanged before
}

# Sends a signal to a monitor MICROSECONDS after it was started, and waits for its end.
kill_after() { # MICROSECONDS SIGNAL COMMAND...
	local pid
	"${@:3}" >/dev/null 2>&1 </dev/null &
	pid=$!
	sleep "0.$(printf %06d "$1")"
	# It may have ended by then.
	kill -"$2" "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

# The monitor of a detached machine is not the process that was started: the record says who it is.
kill_detached() {
	local monitor
	floe start "$NAME-image" --notify-ready=no
	monitor=$(floe list --json | python3 -c '
import json, sys
print([m["monitor"] for m in json.load(sys.stdin) if m["name"] == sys.argv[1]][0])' "$NAME-image")
	kill -KILL "$monitor"
}

test_100_killed_monitors_leave_nothing() {
	local i begin moments='' moment
	make_image
	run_cycle 6
	host_state >before
	begin=$(milliseconds)
	for ((i = 0; i < 88; i++)); do
		# From before it does anything to when the machine is long up.
		moment=$((i < 70 ? RANDOM % 30000 : 30000 + RANDOM % 100000))
		moments+=" $moment"
		if ((i % 4 == 0)); then
			kill_after $moment KILL floe run -P -D "$ROOT" -M "$NAME" -x /bin/sleep 10
		elif ((i % 4 == 1)); then
			kill_after $moment KILL floe run -P -D "$ROOT" --overlay "$ROOT/etc::/mnt" \
				--private-network /bin/sleep 10
		elif ((i % 4 == 2)); then
			kill_after $moment KILL floe run -P -D "$ROOT" --private-users=no -a /bin/sleep 10
		else
			kill_after $moment KILL floe run -D "$ROOT" /bin/sleep 10
		fi
		# What was left is cleaned when asked for, or by the next start of that name.
		if ((i % 2)); then
			floe gc || fail "gc failed after $moment us"
		else
			machine /bin/true || fail "the next start failed after $moment us"
		fi
	done
	for ((i = 0; i < 12; i++)); do
		kill_detached
		if ((i % 2)); then
			floe gc "$NAME-image" || fail "gc of a detached machine failed"
		else
			floe start "$NAME-image" --notify-ready=no && floe terminate "$NAME-image" ||
				fail "the next start of a detached machine failed"
		fi
	done
	floe gc
	say "100 monitors killed in $(($(milliseconds) - begin)) ms"
	echo "microseconds after the start:$moments"
	assert_unchanged before
}

# A polite signal undoes whatever has been made by then; nobody has to clean up.
test_50_terminated_starts_leave_nothing() {
	local i
	run_cycle 4
	host_state >before
	for ((i = 0; i < 50; i++)); do
		kill_after $((RANDOM % 25000)) "$( ((i % 2)) && echo TERM || echo HUP)" \
			floe run -P -D "$ROOT" -M "$NAME" -x /bin/sleep 60
	done
	assert_unchanged before
}

# A machine does not outlive its monitor.
test_a_killed_monitor_takes_the_machine_along() {
	local leader
	machine_background sh -c 'trap "" TERM HUP INT; echo started; while :; do sleep 0.1; done'
	wait_for_line started
	leader=$(leader_of "$NAME")
	kill -KILL "$FLOE"
	machine_wait
	wait_for 2 test ! -e "/proc/$leader"
	run_ok floe list
	floe gc
	assert_eq '' "$(floe list --json | grep "$NAME" || true)"
}

test_gc_leaves_the_living_alone() {
	machine_background sh -c 'echo started; read -r line; echo alive' </dev/null
	wait_for_line started
	machine_wait
	machine_background sh -c 'echo started; sleep 0.6; echo alive'
	wait_for_line started
	floe gc
	machine_wait
	assert_eq 0 "$STATUS"
	assert_match alive "$(<out)"
}

test_a_failing_start_leaves_nothing() {
	local i
	machine true
	host_state >before
	for ((i = 0; i < 10; i++)); do
		assert_fail machine /no/such/program
		assert_fail machine --chdir=/none true
		assert_fail machine -x --bind /usr:/proc/self/mem true
	done
	assert_unchanged before
}

run_tests
