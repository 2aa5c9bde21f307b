#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# NixOS-shaped systems booted by floe, as image and from a host's store, with and without a user
# namespace: what they reach, what works inside, how they end.
TEST_TIMEOUT=180
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$TOP/tests/nixos/lib.sh"

IMAGE=$(nixos_image) || exit 1
STORE_OWNED=
LEADER=

# The host's store is a bind of the built one, in the mount namespace of this script alone.
if [[ ! -d /nix ]]; then
	mkdir /nix
	STORE_OWNED=1
fi
mount --bind "$IMAGE/host/nix" /nix
trap 'umount -l /nix; [[ ! $STORE_OWNED ]] || rmdir /nix' EXIT

# ---- Words of these tests ----------------------------------------------------------------------

# The image as /var/lib/machines/web; it goes with the test, however that ends.
take_image() {
	trap drop_trees EXIT
	run_ok floe import-tar "$IMAGE/tarball.tar.xz" web
}

# Activation makes /var/empty immutable: nobody else could remove these trees.
drop_trees() {
	run floe terminate web
	nixos_remove /var/lib/machines/web
	nixos_remove "$TEST_DIR/root"
}

# Runs a command of the machine "web", found by the PATH that floe gives.
inside() { # COMMAND...
	run floe shell web "$@"
	((STATUS == 0)) || fail "in the machine: \"$*\" exited with $STATUS
output: $OUTPUT
errors: $ERRORS
$(console_tail)"
}

# What was written to the console last, of a machine in the fore- or background.
console_tail() {
	tail -q -n 12 "$TEST_DIR/console" /var/log/floe/web.log 2>/dev/null | cat -v || true
}

assert_inside() { # EXPECTED COMMAND...
	inside "${@:2}"
	assert_eq "$1" "$OUTPUT" "output of \"${*:2}\""
}

leader() {
	floe list --json | jq -r '.[] | select(.name == "web") | .leader // empty'
}

is_ready() {
	[[ $(floe list --json | jq -r '.[] | select(.name == "web") | .state') == ready ]]
}

# floe run in the background, its process in $FLOE, the machine's console in the file "console".
run_web() { # OPTION...
	floe run -M web -b --private-network --notify-ready=yes "$@" \
		>"$TEST_DIR/console" 2>"$TEST_DIR/messages" &
	FLOE=$!
	wait_for 60 is_ready
}

# Waits for floe run; its status in $STATUS.
wait_floe() {
	STATUS=0
	wait "$FLOE" || STATUS=$?
}

# ---- What holds in every booted system ---------------------------------------------------------

check_system() { # HOSTNAME
	# floe calls it ready when the system does: nothing is waited for here.
	assert_inside active systemctl is-active multi-user.target
	assert_inside running systemctl is-system-running --wait
	assert_inside "" systemctl --failed --no-legend --plain
	assert_inside "$1" cat /proc/sys/kernel/hostname
	assert_inside systemd cat /proc/1/comm
	assert_inside systemd-nspawn systemd-detect-virt
	inside cat /run/host/container-uuid
	assert_inside "${OUTPUT//-/}" cat /etc/machine-id
	check_store
	check_mounts
}

# Stage 2 makes the store read-only, whoever may have done that before.
check_store() {
	inside findmnt -n -o OPTIONS /nix/store
	assert_match '(^|,)ro(,|$)' "$OUTPUT" "options of /nix/store"
	assert_match 'nosuid' "$OUTPUT" "options of /nix/store"
	run floe shell web touch /nix/store/written
	assert_eq 1 "$STATUS" "status of writing to the store"
	assert_match 'Read-only file system' "$ERRORS"
}

# The host's store stays read-only whatever root inside does. Without a user namespace nothing holds
# root back from that, which is why this is not tried there.
check_store_is_locked() {
	local options
	for options in remount,bind,rw remount,bind,ro,exec,suid; do
		run floe shell web mount -o "$options" /nix/store
		assert_ne 0 "$STATUS" "status of mount -o $options"
	done
	check_store
}

check_mounts() {
	local mounts
	inside cat /proc/mounts
	mounts=$OUTPUT
	assert_match $'\nproc /proc proc rw,nosuid,nodev,noexec' $'\n'"$mounts"
	assert_match $'\ncgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec' "$mounts"
	assert_match $'\ntmpfs /run/host tmpfs ro,nosuid,nodev,noexec' "$mounts"
	assert_match $'\ndevpts /dev/pts devpts rw,nosuid,noexec' "$mounts"
	# Nothing else of the host's: no path of its tree but the ones asked for.
	assert_no_match "$SANDBOX|/var/lib/machines|/run/floe" "$mounts"
	assert_eq "" "$(awk '$2 !~ "^/(|proc(/.*)?|sys|sys/fs/cgroup|dev(/.*)?|run|run/host(/.*)?|" \
		"run/wrappers|tmp|nix/store)$" { print $2 }' <<<"$mounts")" "mounts nobody knows of"
}

# In a user namespace nothing lies over /proc and /sys; without one the host's knobs are covered.
check_api() { # MODE
	inside sed -n 's|^[^ ]* \(/proc/[^ ]*\) .*|\1|p' /proc/mounts
	if [[ $1 == no ]]; then
		assert_match '(^|[[:space:]])/proc/sys([[:space:]]|$)' "$OUTPUT" "masks"
		assert_match '(^|[[:space:]])/proc/kallsyms([[:space:]]|$)' "$OUTPUT" "masks"
		run floe shell web sh -c 'echo 1 >/proc/sys/kernel/panic'
		assert_ne 0 "$STATUS" "status of writing a sysctl of the host"
		assert_inside "" head -c 1 /proc/kallsyms
		inside cat /proc/sys/kernel/random/boot_id
		assert_ne "$(</proc/sys/kernel/random/boot_id)" "$OUTPUT" "boot id"
	else
		assert_eq "" "$OUTPUT" "what lies over /proc"
	fi
	inside nsprobe
	assert_eq 7 "$(grep -c ' OK$' <<<"$OUTPUT")" "number of file systems for nested namespaces"
}

check_nix() {
	local mode
	for mode in root daemon user; do
		inside nixtest "$mode"
		assert_match "^PASS $mode: " "$OUTPUT"
	done
	inside nix-store --verify --check-contents
	assert_no_match 'modified|missing|disappeared' "$OUTPUT$ERRORS"
}

# What nixos-rebuild switch does: another generation is imported and switched to, and activation
# runs once more, which mounts the API file systems anew with the options of the configuration.
check_switch() {
	inside /run/current-system/activate
	assert_no_match '[Ff]ailed|denied|not permitted' "$OUTPUT$ERRORS"
	assert_inside 1 cat /run/floe-test-generation
	floe shell web sh -c 'nix-store --import >/dev/null' <"$IMAGE/update.export"
	inside "$(nixos_toplevel tarball2)/bin/switch-to-configuration" switch
	assert_no_match '[Ff]ailed|denied|not permitted' "$OUTPUT$ERRORS"
	assert_inside 2 cat /run/floe-test-generation
	assert_inside running systemctl is-system-running
}

# The machine comes back by itself as another one of the same name.
check_reboot() {
	local before
	before=$(leader)
	inside touch /run/before-reboot
	# The answer may be lost when the bus is gone before it.
	run floe shell web systemctl reboot
	wait_for 60 has_other_leader "$before"
	wait_for 60 is_ready
	assert_inside running systemctl is-system-running --wait
	run floe shell web test -e /run/before-reboot
	assert_eq 1 "$STATUS" "whether /run survived the reboot"
}

has_other_leader() { # PID
	LEADER=$(leader)
	[[ $LEADER && $LEADER != "$1" ]]
}

# ---- The image ---------------------------------------------------------------------------------

image_in_background() { # MODE
	take_image
	run_ok floe start web --private-users="$1"
	check_system nixos
	check_api "$1"
	check_nix
	check_switch
	check_reboot
	# The next boot is that of the generation switched to.
	assert_inside 2 cat /run/floe-test-generation
	run_ok floe stop web
	assert_match 'Reached target.*(System Halt|Power)' "$(tail -n 30 /var/log/floe/web.log)"
	assert_eq "[]" "$(floe list --json)" "machines"
}

test_image_in_a_user_namespace() {
	image_in_background pick
}

test_image_without_a_user_namespace() {
	image_in_background no
}

test_image_in_the_foreground() {
	take_image
	run_web
	assert_match 'stage 2 of /nix/store/.*nixos-system-nixos' "$(<"$TEST_DIR/console")"
	check_system nixos
	check_api pick
	check_reboot
	kill -0 "$FLOE"
	run floe shell web systemctl poweroff
	wait_floe
	assert_eq 0 "$STATUS" "status of floe run after poweroff"
	assert_eq "" "$(<"$TEST_DIR/messages")" "messages of floe"
}

test_sigterm_is_an_orderly_shutdown() {
	local mode
	take_image
	for mode in pick no; do
		run_web --private-users="$mode"
		kill -TERM "$FLOE"
		wait_floe
		assert_eq 0 "$STATUS" "status of floe run after SIGTERM"
		assert_match 'Stopped target.*multi-user.target' "$(<"$TEST_DIR/console")"
		assert_match 'Sending SIGTERM to remaining processes' "$(<"$TEST_DIR/console")"
	done
}

# For a supervisor that starts units after this one: READY=1 comes when the system is up.
test_readiness_is_told_when_the_system_is_up() {
	local listener
	take_image
	python3 - "$TEST_DIR/notify" >"$TEST_DIR/notified" <<-'X' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		while True:
		    message = s.recv(4096).decode()
		    print(message, flush=True)
		    if "STOPPING=1" in message:
		        break
	X
	listener=$!
	wait_for 10 test -S "$TEST_DIR/notify"
	NOTIFY_SOCKET=$TEST_DIR/notify floe run -M web -b --private-network --notify-ready=yes \
		>"$TEST_DIR/console" 2>&1 &
	FLOE=$!
	wait_for 60 grep -qx READY=1 "$TEST_DIR/notified"
	assert_inside active systemctl is-active multi-user.target
	assert_match "X_NSPAWN_LEADER_PID=$(leader)" "$(<"$TEST_DIR/notified")"
	kill -TERM "$FLOE"
	wait_floe
	assert_eq 0 "$STATUS" "status of floe run"
	wait "$listener"
}

# ---- Systems of the host's store ---------------------------------------------------------------

# Boots a system in an empty directory; the store of the host is not written to.
system_in_empty_root() { # SYSTEM HOSTNAME MODE
	local system paths
	system=$(nixos_toplevel "$1")
	paths=$(find /nix/store -mindepth 1 -maxdepth 1 -printf '%f %T@ %U:%G\n' | sort)
	trap drop_trees EXIT
	mkdir root
	run_web -D "$TEST_DIR/root" --system="$system" --private-users="$3"
	check_system "$2"
	check_api "$3"
	assert_inside "$system" readlink /run/current-system
	[[ $3 == no ]] || check_store_is_locked
	inside /run/current-system/activate
	check_reboot
	run floe shell web systemctl poweroff
	wait_floe
	assert_eq 0 "$STATUS" "status of floe run"
	assert_eq "$paths" "$(find /nix/store -mindepth 1 -maxdepth 1 -printf '%f %T@ %U:%G\n' | sort)" \
		"the host's store"
}

test_system_in_a_user_namespace() {
	system_in_empty_root host declared pick
}

test_system_without_a_user_namespace() {
	system_in_empty_root host declared no
}

# Its init is systemd itself; stage 2 is called prepare-root.
test_system_with_prepare_root() {
	system_in_empty_root prepared prepared pick
}

# As an image that is an empty directory, in the background.
test_system_as_an_image() {
	trap drop_trees EXIT
	mkdir /var/lib/machines/web
	run_ok floe start web --system="$(nixos_toplevel host)"
	check_system declared
	check_reboot
	run_ok floe stop web
	assert_eq "[]" "$(floe list --json)" "machines"
}

# ---- Boots that fail ---------------------------------------------------------------------------

# A tree that looks like NixOS and holds BusyBox: DIRECTORY/sbin/init is up to the test.
broken_tree() { # DIRECTORY
	trap drop_trees EXIT
	busybox_root "$1"
	rm "$1/sbin"
	mkdir -p "$1/nix/store" "$1/sbin"
}

# Both ways of starting end by themselves, soon, and say why.
assert_boot_fails() { # REGEX
	local start=${EPOCHREALTIME/./}
	run floe start web --timeout=20
	assert_eq 1 "$STATUS" "status of floe start"
	assert_match "$1" "$ERRORS" "message of floe start"
	run floe run -M web -b --private-network
	assert_ne 0 "$STATUS" "status of floe run"
	assert_match "$1" "$OUTPUT$ERRORS" "message of floe run"
	((${EPOCHREALTIME/./} - start < 10000000)) || fail "it took too long to fail"
	assert_eq "[]" "$(floe list --json)" "machines"
}

test_stage_2_that_dies_is_told_with_its_last_words() {
	broken_tree /var/lib/machines/web
	printf '#!/bin/sh\necho the disk is full of eels\nexit 1\n' >/var/lib/machines/web/sbin/init
	chmod +x /var/lib/machines/web/sbin/init
	assert_boot_fails 'the disk is full of eels'
	run floe start web
	assert_match 'exit.* 1' "$ERRORS" "cause"
}

test_tree_without_init() {
	broken_tree /var/lib/machines/web
	assert_boot_fails 'has no init.*/sbin/init: does not exist'
}

test_init_whose_store_path_is_missing() {
	broken_tree /var/lib/machines/web
	ln -s /nix/store/gone-nixos-system-web/init /var/lib/machines/web/sbin/init
	assert_boot_fails '/sbin/init: link to /nix/store/gone-nixos-system-web/init, which does not exist'
}

test_init_whose_interpreter_is_missing() {
	broken_tree /var/lib/machines/web
	printf '#!/nix/store/gone-bash/bin/bash\n' >/var/lib/machines/web/sbin/init
	chmod +x /var/lib/machines/web/sbin/init
	assert_boot_fails '/nix/store/gone-bash/bin/bash'
}

test_system_that_does_not_exist() {
	mkdir root
	run floe run -D "$TEST_DIR/root" --system=/nix/store/gone-nixos-system-web
	assert_eq 1 "$STATUS" "status"
	assert_match 'cannot open the system /nix/store/gone-nixos-system-web: No such file' "$ERRORS"
	assert_eq "" "$(ls -A root)" "content of the root directory"
}

# A system that never gets ready is ended when the time is over.
test_init_that_hangs_is_ended() {
	local start=${EPOCHREALTIME/./}
	broken_tree /var/lib/machines/web
	printf '#!/bin/sh\necho waiting for Godot\nexec sleep 1000\n' >/var/lib/machines/web/sbin/init
	chmod +x /var/lib/machines/web/sbin/init
	run floe start web --timeout=2
	assert_eq 1 "$STATUS" "status"
	assert_match 'waiting for Godot' "$ERRORS"
	((${EPOCHREALTIME/./} - start < 30000000)) || fail "it took too long"
	assert_eq "[]" "$(floe list --json)" "machines"
}

# ---- Without the monitor -----------------------------------------------------------------------

machine_processes() {
	cat "/sys/fs/cgroup/unified/floe/web/payload/cgroup.procs" \
		"/sys/fs/cgroup/floe/web/payload/cgroup.procs" 2>/dev/null
}

test_killed_monitor_takes_the_machine_along() {
	local monitor mode
	take_image
	for mode in pick no; do
		run_ok floe start web --private-users="$mode"
		monitor=$(floe list --json | jq -r '.[0].monitor')
		LEADER=$(leader)
		kill -KILL "$monitor"
		wait_for 10 test ! -d "/proc/$LEADER"
		assert_eq dead "$(floe list --json | jq -r '.[0].state')" "state"
		run_ok floe gc
		assert_eq "[]" "$(floe list --json)" "machines"
		assert_eq "" "$(machine_processes)" "processes"
	done
	# A start cleans up for its own name.
	run_ok floe start web
	kill -KILL "$(floe list --json | jq -r '.[0].monitor')"
	run_ok floe start web
	assert_inside running systemctl is-system-running --wait
	run_ok floe stop web
}

run_tests
