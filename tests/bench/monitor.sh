#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Memory of what stays outside of a machine while it runs and nothing happens: floe's monitor, of a
# machine in the foreground and of one in the background, against systemd-nspawn. Needs root.
# PSS: pages of its own, and its share of those it has in common with others (proc_pid_smaps(5)).
set -euo pipefail
. "$(dirname "$0")/common.bash"
enter_sandbox
NAME=floe-bench-$$ # no other machine's cgroup has this name

pss() { # PID
	awk '$1 == "Pss:" { print $2 }' "/proc/$1/smaps_rollup"
}

# The machine runs when its sleep does, and is idle a moment later.
wait_for_sleep() { # MARK
	for _ in {1..100}; do
		pgrep -f "^/bin/sleep $1\$" >/dev/null && sleep 1 && return
		sleep 0.1
	done
	die "the machine did not start: $(cat "$WORK"/errors)"
}

report() { # NAME PID
	printf '%-28s %6d KiB  (%s)\n' "$1" "$(pss "$2")" "$(tr '\0' ' ' <"/proc/$2/cmdline" | cut -c -60)"
}

# Starts a machine in the foreground of a job of ours and reports the process that stays.
measure_foreground() { # NAME MARK WORD...
	local name=$1 mark=$2
	shift 2
	"$@" /bin/sleep "$mark" </dev/null >/dev/null 2>"$WORK/errors" &
	PROCESSES+=($!)
	wait_for_sleep "$mark"
	report "$name" $!
}

measure_background() { # TITLE MARK
	local monitor
	"$BUILD/floe" start --notify-ready=no "$NAME" 2>"$WORK/errors" ||
		die "floe start: $(<"$WORK/errors")"
	wait_for_sleep "$2"
	monitor=$("$BUILD/floe" list --json |
		jq --arg name "$NAME" '.[] | select(.name == $name).monitor')
	report "$1" "$monitor"
	"$BUILD/floe" terminate "$NAME"
}

make_root "$WORK/root" 0
make_root "/var/lib/machines/$NAME" 0
printf '#!/bin/sh\nexec /bin/sleep 86403\n' >"/var/lib/machines/$NAME/sbin/init"
chmod +x "/var/lib/machines/$NAME/sbin/init"

echo "PSS of the process that watches an idle machine"
measure_background "floe start" 86403
measure_foreground "floe run" 86401 "$BUILD/floe" run -q -D "$WORK/root" --private-network
if [[ $(type -P systemd-nspawn) ]]; then
	measure_foreground systemd-nspawn 86402 systemd-nspawn --register=no --keep-unit -q \
		-D "$WORK/root" --private-network --volatile=no -M other
else
	echo "systemd-nspawn: not compared, it is not installed"
fi
