#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# floe top, and many machines at once.
TEST_TASKS=4096
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/images.bash"

test_a_table() {
	image "$WEB" '/bin/sh -c "while :; do :; done" & '"$READY_INIT"
	run_ok "${START[@]}" "$WEB"
	image "$LATE" "$READY_INIT"
	run_ok "${START[@]}" "$LATE"
	run_ok floe top -n 1
	assert_match '^NAME +STATE +TASKS +CPU% +CPU +MEMORY +READ/S +WRITTEN/S' "$OUTPUT"
	assert_match "$LATE +ready +1 +- +[0-9.]+s +[0-9.]+K +- +-" "$OUTPUT"
	run_ok floe top --no-legend -n 2 -d 300ms
	assert_eq 4 "$(wc -l <<<"$OUTPUT")"
	# In the second one the busy one is first, with about a CPU or what others leave of it.
	assert_match "^$WEB +ready +2 +[1-9][0-9.]*" "$(sed -n 3p <<<"$OUTPUT")"
	run_ok floe top --json -n 2 --delay=200ms
	assert_eq "$WEB" "$(tail -n 1 <<<"$OUTPUT" | jq -r '.[0].name')"
	assert_eq null "$(head -n 1 <<<"$OUTPUT" | jq '.[0].cpus')"
	assert_eq 1 "$(tail -n 1 <<<"$OUTPUT" | jq '.[0].cpus > 0.01 | if . then 1 else 0 end')"
	run_ok floe terminate "$WEB" "$LATE"
	run_ok floe top -n 1 --no-legend
	assert_eq '' "$OUTPUT"
}

test_a_terminal_is_given_back() {
	start_web
	on_terminal await="$WEB" type=q -- floe top -d 100ms
	assert_match '\[status 0\]' "$OUTPUT"
	assert_match '\[restored yes\]' "$OUTPUT"
	assert_match $'\033\\[\\?1049h.*\033\\[\\?1049l' "$OUTPUT"
	on_terminal await="$WEB" size=40x100 signal=TERM -- floe top
	assert_match '\[restored yes\]' "$OUTPUT"
	run_ok floe stop "$WEB"
}

# Fifty at once are started, looked at, used and ended.
test_fifty_machines() {
	local i names=() pids=()
	image "$WEB" "$READY_INIT"
	for ((i = 0; i < 50; i++)); do
		names+=("$WEB-$i")
		"${START[@]}" "$WEB" --machine="$WEB-$i" -x --directory="/var/lib/machines/$WEB" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || fail "a start failed"
	done
	assert_eq 50 "$(floe list --no-legend | grep -c ' ready ')"
	assert_eq 50 "$(floe top -n 1 --no-legend | wc -l)"
	run_ok floe status --json
	python3 "$HERE/validate-json.py" "$TOP/docs/machine.schema.json" <<<"$OUTPUT"
	assert_eq 50 "$(jq length <<<"$OUTPUT")"
	run_ok floe wait "${names[@]}"
	run_ok floe pause "${names[@]}"
	run_ok floe resume "${names[@]}"
	for i in "${names[@]}"; do
		floe exec "$i" /bin/true &
	done
	wait
	run_ok floe terminate "${names[@]}"
	assert_eq '[]' "$(floe list --json)"
	rm -f /var/log/floe/"$WEB"-*.log
}

run_tests
