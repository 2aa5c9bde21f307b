# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What tests of detached machines share: images of the BusyBox tree whose init a test writes.
# To be sourced after lib.sh and machine.bash.

HERE=$TOP/tests/integration
${CC:-cc} -O1 -static -o "$ROOT/bin/notifier" "$HERE/notifier.c" || exit 1
WEB=web-${NAME#box-}
# shellcheck disable=SC2034 # for those who source this
LATE=late-${NAME#box-}

# An orderly init: ready at once, ends on SIGUSR1.
READY_INIT='exec /bin/notifier notify:READY=1 say:up usr1 say:down exit:0'
# Most tests need no network, and are faster without.
START=(floe start --kill-signal=SIGUSR1 --network-veth=no)

# An image of the tree called NAME, whose init is the rest as a shell script.
image() { # NAME SCRIPT
	cp -a "$ROOT" "/var/lib/machines/$1"
	# It is a link to the busybox of whoever follows it.
	rm -f "/var/lib/machines/$1/bin/init"
	printf '#!/bin/sh\n%s\n' "$2" >"/var/lib/machines/$1/bin/init"
	chmod +x "/var/lib/machines/$1/bin/init"
	IMAGES+=("$1")
	trap 'remove_images' EXIT
}

# Also ends what a failed test left running, so that the next one can start.
remove_images() {
	local name
	for name in "${IMAGES[@]}"; do
		floe terminate "$name" 2>/dev/null || true
		rm -rf "/var/lib/machines/$name" "/var/log/floe/$name.log" \
			"/var/log/floe/$name.log.1" "/var/lib/floe/addresses/$name"
	done
	rmdir /var/lib/floe/addresses 2>/dev/null || true
}

# The machine $WEB of an orderly init.
start_web() { # OPTION...
	image "$WEB" "$READY_INIT"
	run_ok "${START[@]}" "$WEB" "$@"
}

# A field of a machine's record, as `floe list` gives it.
field() { # NAME FIELD
	floe list --json | python3 -c 'import json, sys
for machine in json.load(sys.stdin):
	if machine["name"] == sys.argv[1]: print(machine[sys.argv[2]])' "$1" "$2"
}

state_is() { # NAME STATE
	[[ $(field "$1" state) == "$2" ]]
}

# Runs a command on a terminal of its own, see terminal.py.
on_terminal() { # STEP... -- COMMAND...
	run python3 "$HERE/terminal.py" "$@"
	OUTPUT=${OUTPUT//$'\r'/}
}
