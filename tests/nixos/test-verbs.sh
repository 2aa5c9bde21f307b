#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every verb of running machines against whole systems: the NixOS-shaped image, and Debian, which is
# this host's own system on a layer that is thrown away. No systemd, D-Bus or machined of the host
# has a part in it.
TEST_TIMEOUT=240
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$TOP/tests/nixos/lib.sh"

IMAGE=$(nixos_image) || exit 1
HERE=$TOP/tests/integration
NAME=web-$(tr '[:upper:]' '[:lower:]' <<<"${SANDBOX##*.}")

on_terminal() { # STEP... -- COMMAND...
	run python3 "$HERE/terminal.py" "$@"
	OUTPUT=${OUTPUT//$'\r'/}
	((STATUS == 0)) || fail "on a terminal: $OUTPUT"
}

shown() { # PROPERTY
	floe show --value -p "$1" "$NAME"
}

inside() { # COMMAND...
	run_ok floe exec "$NAME" "$@"
}

drop() {
	run floe terminate "$NAME"
	nixos_remove "/var/lib/machines/$NAME"
	rm -rf "/var/log/floe/$NAME".log* /var/lib/floe/addresses
}

# ---- What holds in every system ----

check_status() { # OS-ID
	run_ok floe status "$NAME"
	assert_match "State: ready since" "$OUTPUT"
	assert_match "Leader: [0-9]+ \(.*systemd" "$OUTPUT"
	assert_match 'init.scope' "$OUTPUT"
	assert_match 'system.slice' "$OUTPUT"
	assert_match 'systemd-journald' "$OUTPUT"
	assert_eq "$1" "$(shown os_id)" "os_id"
	run_ok floe show --json "$NAME"
	python3 "$HERE/validate-json.py" "$TOP/docs/machine.schema.json" <<<"$OUTPUT"
	run_ok floe top -n 1 --no-legend
	assert_match "^$NAME +ready" "$OUTPUT"
}

# A getty on a terminal of its own, the console's own login, and a shell.
check_terminals() { # USER PASSWORD [GROUP]
	on_terminal await='login:' "type=$1\r" ${2:+await=assword:} ${2:+"type=$2\r"} await='$ ' \
		'type=tty; echo user-is-$(id -un); cat /proc/self/cgroup\r' await=/dev/pts/ \
		await="user-is-$1" await="${3:-0::}" \
		'type=exit\r' -- floe login "$NAME"
	assert_match '\[restored yes\]' "$OUTPUT"
	on_terminal raw=yes 'type=\r' await='login:' 'type=\x1d\x1d\x1d' -- floe console "$NAME"
	assert_match 'left the console' "$OUTPUT"
	on_terminal raw=yes await='# ' 'type=tty; exit 7\r' await=/dev/pts/ -- floe shell "$NAME"
	assert_match '\[status 7\]' "$OUTPUT"
	run_ok floe exec "$1@$NAME" id -un
	assert_eq "$1" "$OUTPUT"
}

check_logs() {
	run_ok floe logs "$NAME"
	assert_match 'Multi-User System|multi-user.target' "$OUTPUT"
	run_ok floe logs --journal -n 5 "$NAME"
	assert_eq 5 "$(wc -l <<<"$OUTPUT")" "lines of the journal"
}

check_files() {
	mkdir tree
	echo content >tree/file
	chown 1000:100 tree/file
	run_ok floe copy-to "$NAME" tree /root
	inside cat /root/tree/file
	assert_eq content "$OUTPUT"
	inside stat -c %u:%g /root/tree/file
	assert_eq 1000:100 "$OUTPUT"
	run_ok floe copy-from "$NAME" /root/tree back
	cmp tree/file back/file
	run_ok floe bind --mkdir --read-only "$NAME" "$PWD/tree" /mnt/tree
	inside cat /mnt/tree/file
	assert_eq content "$OUTPUT"
	# The services' own mount namespaces see it as well.
	inside systemd-run -q --wait --pipe -p PrivateTmp=yes cat /mnt/tree/file
	assert_eq content "$OUTPUT"
	inside umount /mnt/tree
	rm -rf tree back
}

check_control() {
	local leader
	run_ok floe set "$NAME" memory=1G cpu=2 tasks=500
	assert_eq '1073741824 2000 500' "$(shown memory_max) $(shown cpu_max_permille) $(shown tasks_max)"
	run_ok floe pause "$NAME"
	assert_eq true "$(shown paused)"
	run_ok floe resume "$NAME"
	inside systemctl is-system-running
	assert_eq running "$OUTPUT"
	# SIGRTMIN+22 has systemd log more, and harms nobody.
	run_ok floe kill --leader -s RTMIN+22 "$NAME"
	leader=$(shown leader)
	run_ok floe reboot "$NAME"
	assert_ne "$leader" "$(shown leader)" "leader after a reboot"
	inside systemctl is-system-running --wait
	assert_eq running "$OUTPUT"
	assert_eq 1073741824 "$(shown memory_max)" "the limit after a reboot"
	leader=$(shown leader)
	run_ok floe restart "$NAME"
	assert_ne "$leader" "$(shown leader)" "leader after a restart"
	run_ok floe wait "$NAME"
	run_ok floe poweroff "$NAME"
	run_ok floe wait --gone "$NAME"
	assert_match 'powered off$|exited with status 0$' "$(floe logs -n 1 "$NAME")"
}

check_system() { # OS-ID USER PASSWORD [GROUP-OF-A-LOGIN]
	check_status "$1"
	check_terminals "$2" "$3" "${4:-}"
	check_logs
	check_files
	check_control
}

# ---- The systems ----

test_nixos() {
	trap drop EXIT
	run_ok floe import-tar "$IMAGE/tarball.tar.xz" "$NAME"
	floe events -f >events &
	run_ok floe start --network-veth=no "$NAME"
	check_system nixos alice '' user.slice/user-1000.slice/session-
	kill $!
	assert_match '"event":"added"' "$(head -n 1 events)"
	assert_match '"event":"removed"' "$(tail -n 1 events)"
}

# A user with a password that is known; the image keeps nothing.
test_debian() {
	trap drop EXIT
	run_ok floe start --machine="$NAME" --directory=/ --ephemeral --private-users=no \
		--network-veth=no "$NAME"
	inside useradd -m -s /bin/bash joe
	inside sh -c 'echo joe:secret | chpasswd'
	check_system debian joe secret
}

run_tests
