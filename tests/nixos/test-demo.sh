#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What make demo shows works, ends by itself where nobody watches, and leaves only the image.
TEST_TIMEOUT=180
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$TOP/tests/nixos/lib.sh"

DEMO=$TOP/tests/nixos/demo.sh
TREE=/var/lib/machines/floe-demo

# Nobody else could remove an image that was booted.
forget_the_demo() {
	run floe terminate floe-demo
	nixos_remove "$TREE"
}

test_demo_boots_shows_and_stops() {
	trap forget_the_demo EXIT
	export DEMO_SECONDS=3
	run_ok "$DEMO"
	assert_match 'floe-demo is up: active multi-user.target, running system' "$OUTPUT"
	assert_match 'system +/nix/store/[^ ]*-nixos-system-nixos-' "$OUTPUT"
	assert_match 'A shell inside: +[^ ]*floe shell floe-demo' "$OUTPUT"
	assert_match 'floe-demo has shut down' "$OUTPUT"
	assert_eq "" "$ERRORS" "errors of the demo"
	assert_eq "[]" "$(floe list --json)" "machines"
	assert_exists "$TREE/nix/store"

	# What it tells to do next.
	run_ok floe start floe-demo
	run_ok floe shell floe-demo /run/current-system/sw/bin/nixtest user
	assert_match '^PASS user' "$OUTPUT"
	run_ok "$DEMO" --remove
	assert_eq "[]" "$(floe list --json)" "machines"
	assert_absent "$TREE"
}

is_up() {
	grep -q 'is up' "$TEST_DIR/shown"
}

# Ctrl-C is handled alike; a shell without a terminal starts its jobs with SIGINT ignored.
test_demo_shuts_down_when_interrupted() {
	local demo status=0
	trap forget_the_demo EXIT
	DEMO_SECONDS=100 "$DEMO" >"$TEST_DIR/shown" 2>&1 &
	demo=$!
	wait_for 90 is_up
	kill -TERM "$demo"
	wait "$demo" || status=$?
	assert_eq 0 "$status" "status of the demo"
	assert_match 'has shut down' "$(<"$TEST_DIR/shown")"
	assert_eq "[]" "$(floe list --json)" "machines"
	run_ok "$DEMO" --remove
}

test_demo_notices_that_it_was_stopped() {
	local demo status=0
	trap forget_the_demo EXIT
	DEMO_SECONDS=100 "$DEMO" >"$TEST_DIR/shown" 2>&1 &
	demo=$!
	wait_for 90 is_up
	run_ok floe stop floe-demo
	wait "$demo" || status=$?
	assert_eq 0 "$status" "status of the demo"
	assert_match 'has been stopped' "$(<"$TEST_DIR/shown")"
	run_ok "$DEMO" --remove
	assert_absent "$TREE"
}

run_tests
