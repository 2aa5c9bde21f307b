#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# libfloe in a program of somebody else's: threads, signals, closed descriptors, symbols.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

EMBEDDER=$SANDBOX/embedder
"${CC:-cc}" -std=gnu17 -Wall -Wextra -Werror -o "$EMBEDDER" "$TOP/tests/integration/embedder.c" \
	"$BUILD/libfloe.so" -Wl,-rpath,"$BUILD" -pthread

embedded() { # MODE COMMAND...
	run_ok "$EMBEDDER" "$1" "$ROOT" "${@:2}"
}

test_machines_run_in_several_threads() {
	embedded threads
	assert_eq 'wrong 0 descriptors +0' "$OUTPUT"
}

test_the_process_of_the_caller_is_left_alone() {
	embedded observed /bin/sh -c 'exit 7'
	assert_eq "before: $PWD umask 027 handler ours blocked 0
after: $PWD umask 027 handler ours blocked 0
status 7, left to wait for: none" "$OUTPUT"
}

test_a_failed_start_leaves_no_child() {
	embedded observed /bin/missing
	assert_match 'cannot execute /bin/missing: No such file' "$OUTPUT"
	assert_match 'left to wait for: none' "$OUTPUT"
}

# Before Linux 6.15 nobody can know: then it says so.
test_a_caller_that_ignores_sigchld_learns_the_status() {
	embedded ignoring /bin/sh -c 'exit 7'
	assert_match '^status 7$|cannot learn how ignoring ended.*SIGCHLD' "$OUTPUT"
}

test_the_command_line_takes_no_offence_at_ignored_signals() {
	assert_status 7 env --ignore-signal=CHLD floe run -q --pipe -D "$ROOT" /bin/sh -c 'exit 7'
}

test_closed_standard_descriptors_stay_closed() {
	embedded closed /bin/sh -c 'readlink /proc/self/fd/0 | grep -qx /dev/null && exit 7'
	assert_eq $'0 closed\n1 closed\n2 closed\nstatus 7' "$OUTPUT"
	embedded closed /bin/missing
	assert_match 'cannot execute /bin/missing: No such file' "$OUTPUT"
}

test_the_command_line_opens_closed_descriptors() {
	floe run -q --pipe -D "$ROOT" /bin/sh -c 'readlink /proc/self/fd/0' <&- >out
	assert_eq /dev/null "$(<out)"
	STATUS=0
	floe run -q --pipe -D "$ROOT" /bin/missing <&- >&- 2>err || STATUS=$?
	assert_eq 1 "$STATUS"
	assert_match 'cannot execute /bin/missing: No such file' "$(<err)"
	floe run -q --pipe -D "$ROOT" /bin/true <&- >&- 2>&-
}

test_a_plan_is_made_by_the_library() {
	embedded plan -M planned /bin/true
	assert_match "run a command in $ROOT as planned" "$OUTPUT"
}

test_only_the_public_functions_are_exported() {
	local declared exported
	declared=$(grep -o 'floe_[a-z_]*(' <(grep -A1 ^FLOE_PUBLIC "$TOP/runtime/floe.h") | sort -u)
	exported=$(nm -D --defined-only "$BUILD/libfloe.so" | awk '$2 == "T" { print $3 "(" }' | sort)
	assert_ne '' "$declared"
	assert_eq "$declared" "$exported" "exported functions"
	assert_eq '' "$(nm -D --defined-only "$BUILD/libfloe.so" | awk '$2 ~ /[BDRV]/')" "exported data"
}

test_the_header_is_good_for_c_plus_plus_and_old_c() {
	local standard
	for standard in c99 c11 c17; do
		run_ok "${CC:-cc}" -std="$standard" -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c \
			"$TOP/runtime/floe.h"
	done
	run_ok c++ -Wall -Wextra -Werror -fsyntax-only -x c++ "$TOP/runtime/floe.h"
}

run_tests
