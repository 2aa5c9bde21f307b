# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What tests of machines share: a tree of BusyBox, and short words for running something in it.
# To be sourced after lib.sh.

# Named by chance: cgroups are the host's, where the same test may be running beside this one.
NAME=$(tr '[:upper:]' '[:lower:]' <<<"box-${SANDBOX##*.}")
ROOT=$SANDBOX/$NAME
busybox_root "$ROOT"

# The user namespace of the machines that follow: "pick", the default, or "no".
MODE=pick

# Runs a command once for each: machines in a user namespace, and machines without one.
in_both_modes() { # COMMAND...
	local MODE
	for MODE in pick no; do
		echo "with --private-users=$MODE:"
		"$@"
	done
}

# A machine of the tree $ROOT whose descriptors are the caller's.
machine() { # OPTION... COMMAND...
	floe run --pipe -D "$ROOT" --private-users="$MODE" "$@"
}

# Its output is then in $OUTPUT.
inside() { # OPTION... COMMAND...
	run_ok machine "$@"
}

# The last argument is a script for the machine's shell.
script_inside() { # OPTION... SCRIPT
	inside "${@:1:$#-1}" /bin/sh -c "${!#}"
}

# The same, and what it prints is to be EXPECTED.
assert_inside() { # EXPECTED OPTION... SCRIPT
	script_inside "${@:2}"
	assert_eq "$1" "$OUTPUT" "output of \"${*:2}\""
}

# floe refuses, with status 1 and a message that matches.
assert_refused() { # REGEX COMMAND...
	assert_status 1 "${@:2}"
	assert_match "$1" "$ERRORS" "the message of \"${*:2}\""
	assert_eq '' "$OUTPUT" "output of \"${*:2}\""
}

# A copy of the tree for a test that changes it: $ROOT from then on.
own_root() {
	cp -a "$ROOT" "$TEST_DIR/$NAME"
	ROOT=$TEST_DIR/$NAME
}

# Covers PATH of the host as this test sees it until the test ends; FILE may be - for /dev/null.
cover() { # PATH FILE-OR-DIRECTORY
	mount --bind "$2" "$1"
	COVERED+=("$1")
	trap 'umount -l "${COVERED[@]}"' EXIT
}

# What all machines share stays: /run/floe and the directory of uid locks. It is no leak.
machine /bin/true

# Starts floe run in the background as process $FLOE, output in files "out" and "err" of the test.
machine_background() { # OPTION... COMMAND...
	rm -f "$TEST_DIR/out" "$TEST_DIR/err"
	floe run --pipe -D "$ROOT" --private-users="$MODE" "$@" \
		>"$TEST_DIR/out" 2>"$TEST_DIR/err" &
	FLOE=$!
}

# Waits for process $FLOE; its exit status is then in $STATUS.
machine_wait() {
	STATUS=0
	wait "$FLOE" || STATUS=$?
}

# Waits until a line of the background machine's output is TEXT.
wait_for_line() { # TEXT
	wait_for 10 grep -qx "$1" "$TEST_DIR/out"
}

# The process that is PID 1 of a running machine.
leader_of() { # MACHINE
	floe list --json | python3 -c '
import json, sys
for machine in json.load(sys.stdin):
    if machine["name"] == sys.argv[1]:
        print(machine["leader"])' "$1"
}
