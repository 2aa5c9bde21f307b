#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a machine may use: resource limits, tasks, CPUs, its place before the OOM killer.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

# "SOFT HARD" of one line of /proc/self/limits inside.
assert_limit() { # EXPECTED LINE OPTION...
	inside "${@:3}" cat /proc/self/limits
	assert_eq "$1" "$(sed -n "s/^$2  *\([^ ]*\)  *\([^ ]*\).*/\1 \2/p" <<<"$OUTPUT")" \
		"$2 with ${*:3}"
}

given_limits() {
	assert_limit '100 200' 'Max open files' --rlimit=NOFILE=100:200
	assert_limit '100 100' 'Max open files' --rlimit=RLIMIT_NOFILE=100
	assert_limit '1048576 2097152' 'Max stack size' --rlimit STACK=1M:2M
	assert_limit '7 8' 'Max cpu time' --rlimit=CPU=6500ms:8s
	assert_limit '30 40' 'Max open files' --rlimit=NOFILE=1:2 --rlimit=NOFILE=30:40
}

test_rlimit() {
	in_both_modes given_limits
	assert_refused 'rlimit' machine --rlimit=NONSENSE=1 true
	assert_refused 'rlimit' machine --rlimit=NOFILE=2:1 true
}

# As the kernel gives its first process, whatever the caller's are.
test_default_limits() {
	ulimit -n 77
	ulimit -Sc unlimited
	inside cat /proc/self/limits
	assert_match $'Max core file size  *0 ' "$OUTPUT"
	assert_match $'Max nice priority  *0 ' "$OUTPUT"
	assert_match $'Max cpu time  *unlimited  *unlimited ' "$OUTPUT"
}

# Nobody gives more than he has: held back with a note, or refused where that is asked.
test_a_limit_too_high_is_clamped() {
	ulimit -n 4096
	run_ok setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource \
		floe run -D "$ROOT" --rlimit=NOFILE=5000:6000 sh -c 'ulimit -Hn; ulimit -Sn'
	assert_match $'4096\r*\n4096' "$OUTPUT"
	assert_match 'note: the limit NOFILE is held at 4096: raising it takes CAP_SYS_RESOURCE' "$ERRORS"
	assert_refused 'cannot give all that was asked for.*NOFILE is held at 4096' \
		setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource \
		floe run -D "$ROOT" --strict --rlimit=NOFILE=5000:6000 true
	assert_absent "/run/floe/$NAME"
}

oom_score() {
	assert_inside 300 --oom-score-adjust=300 'cat /proc/1/oom_score_adj'
	assert_inside 0 'cat /proc/1/oom_score_adj'
}

test_oom_score_adjust() {
	in_both_modes oom_score
	assert_refused 'oom-score-adjust' machine --oom-score-adjust=1001 true
}

affinity() {
	assert_inside 0 --cpu-affinity=0 'sed -n "s/^Cpus_allowed_list:.//p" /proc/self/status'
	assert_inside "0-$last" --cpu-affinity="0-$last" \
		'sed -n "s/^Cpus_allowed_list:.//p" /proc/self/status'
}

test_cpu_affinity() {
	local last=$(($(nproc --all) - 1))
	((last > 0)) || fail "this test needs two processors"
	in_both_modes affinity
	assert_refused 'names no CPU of this host' machine --cpu-affinity=4095 true
	assert_refused 'cpu-affinity' machine --cpu-affinity=3-1 true
}

personality() {
	assert_inside "$(uname -m)" 'uname -m'
	assert_inside x86_64 --personality=x86-64 'uname -m'
	assert_inside i686 --personality=x86 'uname -m'
}

test_personality() {
	in_both_modes personality
	assert_refused 'personality' machine --personality=vax true
}

# The shell is one task; of ten more some cannot be made.
test_tasks_max() {
	local MODE
	for MODE in pick no; do
		run machine --tasks-max=5 sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.3 & done; echo all; wait'
		assert_match "can't fork: Resource temporarily unavailable" "$ERRORS"
		assert_no_match all "$OUTPUT"
	done
	assert_inside all --tasks-max=50 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1 & done; echo all; wait'
	assert_inside all --tasks-max=infinity 'echo all'
	assert_refused 'tasks-max' machine --tasks-max=none true
}

run_tests
