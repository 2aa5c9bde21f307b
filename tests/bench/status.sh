#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# CPU time that it takes to look at a hundred machines: list, status, top. Needs root.
set -euo pipefail
. "$(dirname "$0")/common.bash"
enter_sandbox
NAME=floe-bench-$$ # no other machine's cgroup has this name
MACHINES=100
RUNS=10

# User and system time of COMMAND in milliseconds, the mean of some runs.
measure() { # TITLE COMMAND...
	local title=$1 before after
	shift
	before=$(children_ticks)
	for ((run = 0; run < RUNS; run++)); do
		"$@" >/dev/null
	done
	after=$(children_ticks)
	awk -v t="$title" -v d=$((after - before)) -v hz="$(getconf CLK_TCK)" -v n=$RUNS \
		'BEGIN { printf "%-28s %6.1f ms of CPU\n", t, d * 1000 / hz / n }'
}

# Of children that were waited for: fields 16 and 17 of proc_pid_stat(5).
children_ticks() {
	awk '{ sub(/.*\) /, ""); print $14 + $15 }' "/proc/$$/stat"
}

make_root "/var/lib/machines/$NAME" 0
printf '#!/bin/sh\nexec /bin/sleep 86403\n' >"/var/lib/machines/$NAME/sbin/init"
chmod +x "/var/lib/machines/$NAME/sbin/init"
for ((i = 0; i < MACHINES; i++)); do
	"$BUILD/floe" start --quiet --notify-ready=no --network-veth=no -x --machine="$NAME-$i" \
		-D "/var/lib/machines/$NAME" "$NAME"
done

echo "Looking at $MACHINES machines"
measure "floe list" "$BUILD/floe" list
measure "floe list --json" "$BUILD/floe" list --json
measure "floe top -n 1" "$BUILD/floe" top -n 1
measure "floe status (all)" "$BUILD/floe" status
measure "floe status (one)" "$BUILD/floe" status "$NAME-7"
for ((i = 0; i < MACHINES; i++)); do
	"$BUILD/floe" terminate "$NAME-$i" &
done
wait
