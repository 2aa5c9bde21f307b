#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Limits of memory, CPU, disk and tasks: at the start, and of running machines. The controllers stay
# where this host has bound them; what is written for the others, unit/plan shows.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/images.bash"

# The file of a machine's group, of version 1 or 2.
group_file() { # MACHINE FILE...
	local file group
	for file in "${@:2}"; do
		for group in $(jq -r '.traces[] | select(.kind == "cgroup") | .path' "/run/floe/$1/state.json"); do
			[[ ! -e $group/$file ]] || { cat "$group/$file"; return; }
		done
	done
	fail "no group of $1 has any of ${*:2}"
}

shown() { # MACHINE PROPERTY
	floe show --value -p "$2" "$1"
}

test_limits_at_the_start() {
	start_web --memory=64M --cpu=1.5 --io=10M:20M --tasks-max=50
	assert_eq 67108864 "$(group_file "$WEB" memory.max memory.limit_in_bytes)"
	assert_match '^150000' "$(group_file "$WEB" cpu.max cpu.cfs_quota_us)"
	assert_match '10485760' "$(group_file "$WEB" io.max blkio.throttle.read_bps_device)"
	assert_match '20971520' "$(group_file "$WEB" io.max blkio.throttle.write_bps_device)"
	assert_eq '67108864 1500 50' "$(shown "$WEB" memory_max) $(shown "$WEB" cpu_max_permille) $(shown "$WEB" tasks_max)"
	run_ok floe status "$WEB"
	assert_match 'Memory: .* \(at most 64.0M\)' "$OUTPUT"
	assert_match 'CPU: .* \(at most 1.5 CPUs\)' "$OUTPUT"
	run_ok floe stop "$WEB"
}

test_memory_is_limited() {
	run machine --memory=32M sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1; echo "status $?"'
	assert_match 'status 137' "$OUTPUT"
	run_ok machine --memory=infinity sh -c 'dd if=/dev/zero bs=50M count=1 | wc -c'
	assert_eq 52428800 "$OUTPUT"
}

# Entered commands count as well.
test_commands_are_limited_too() {
	start_web --memory=32M
	run floe exec "$WEB" /bin/sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1; echo "status $?"'
	assert_match 'status 137' "$OUTPUT"
	run_ok floe stop "$WEB"
}

test_limits_are_changed_while_it_runs() {
	start_web
	assert_eq '' "$(shown "$WEB" memory_max)$(shown "$WEB" cpu_max_permille)"
	run_ok floe set "$WEB" memory=32M cpu=50% io=1M tasks=20
	assert_eq '33554432 500 20' "$(shown "$WEB" memory_max) $(shown "$WEB" cpu_max_permille) $(shown "$WEB" tasks_max)"
	assert_match '1048576' "$(group_file "$WEB" io.max blkio.throttle.read_bps_device)"
	run floe exec "$WEB" /bin/sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1; echo "status $?"'
	assert_match 'status 137' "$OUTPUT"
	run floe exec "$WEB" /bin/sh -c 'for i in $(seq 30); do sleep 1 & done; echo all; wait'
	assert_match "can't fork" "$ERRORS"
	run_ok floe set "$WEB" memory=infinity cpu=infinity io=infinity tasks=infinity
	assert_eq '' "$(shown "$WEB" memory_max)$(shown "$WEB" cpu_max_permille)$(shown "$WEB" tasks_max)"
	run_ok floe stop "$WEB"
}

# Whoever was there before the first limit, also in a nested group and entered from outside.
test_every_process_is_under_the_limit() {
	local group pid
	image "$WEB" 'mkdir /sys/fs/cgroup/a; /bin/sleep 1000 & echo $! >/sys/fs/cgroup/a/cgroup.procs
		'"$READY_INIT"
	run_ok "${START[@]}" "$WEB"
	floe exec "$WEB" /bin/sh -c 'echo up; sleep 1000' >out &
	wait_for 5 grep -q up out
	run_ok floe set "$WEB" memory=64M
	for pid in $(floe show --value -p processes "$WEB" | jq '.[].pid'); do
		group=$(grep -E ':memory:|^0::' "/proc/$pid/cgroup" | head -n 1)
		assert_match "/floe/$WEB" "$group" "group of $pid"
	done
	run_ok floe stop "$WEB"
	wait || true
}

test_changed_limits_survive_a_restart() {
	start_web --memory=64M
	run_ok floe set "$WEB" memory=48M cpu=0.5
	run_ok floe restart "$WEB"
	assert_eq '50331648 500' "$(shown "$WEB" memory_max) $(shown "$WEB" cpu_max_permille)"
	run_ok floe stop "$WEB"
}

test_a_machine_in_the_foreground_is_limited_too() {
	machine_background --private-users=no sh -c 'echo up; sleep 1000'
	wait_for_line up
	run_ok floe set "$NAME" memory=64M
	assert_eq 67108864 "$(shown "$NAME" memory_max)"
	kill "$FLOE"
	machine_wait
}

# Nothing is changed when one of several makes no sense.
test_bad_limits_are_refused_before_anything_is_done() {
	start_web --tasks-max=40
	assert_refused 'memory=x.*expected bytes' floe set "$WEB" tasks=30 memory=x
	assert_refused 'expected memory, cpu, io or tasks-max' floe set "$WEB" tasks=30 colour=red
	assert_refused 'expected memory, cpu, io or tasks-max' floe set "$WEB" tasks=30 mem=5M
	assert_refused 'too few words' floe set "$WEB"
	assert_eq 40 "$(shown "$WEB" tasks_max)"
	run_ok floe stop "$WEB"
	assert_refused 'no machine called' floe set "$WEB" tasks=30
	assert_refused 'memory' machine --memory=1 true
}

test_a_killed_monitor_leaves_no_group() {
	start_web
	run_ok floe set "$WEB" memory=64M cpu=1 io=1M
	kill -KILL "$(field "$WEB" monitor)"
	wait_for 5 state_is "$WEB" dead
	run_ok floe gc
	assert_eq '' "$(find /sys/fs/cgroup -name "$WEB" | head)" "groups"
}

run_tests
