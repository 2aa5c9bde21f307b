#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Machines that start with the host: what is enabled, and the files for service managers, each tried
# with the service manager itself.
TEST_TIMEOUT=120
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/images.bash"

HOST=host-${NAME#box-}

# /etc of the host with an own copy over it, until the test ends.
own_etc() {
	mkdir "$TEST_DIR/etc"
	cp -a /etc/. "$TEST_DIR/etc"
	mount --bind "$TEST_DIR/etc" /etc
	trap 'umount -l /etc; remove_images' EXIT
}

# A file of supervise/ with the path of this floe, at PATH.
supervise_file() { # FILE PATH
	sed "s|@BINDIR@|$BUILD|g" "$TOP/supervise/$1" >"$2"
	[[ ! -f $2 ]] || chmod +x "$2"
}

# An init that can be started and stopped without any option.
plain_image() { # NAME
	image "$1" 'exec /bin/notifier notify:READY=1 say:up halt say:asked exit:0'
}

# ---- enable, disable, start --all-enabled ----

test_what_is_enabled_is_started() {
	image "$WEB" "$READY_INIT"
	image "$LATE" "$READY_INIT"
	own_etc
	rm -rf /etc/floe /etc/systemd/system/machines.target.wants
	run_ok floe start --all-enabled
	run_ok floe enable "$WEB" "$LATE"
	run_ok floe enable "$WEB"
	run_ok floe disable "$LATE"
	run_ok floe disable "$LATE"
	run_ok floe start --all-enabled
	state_is "$WEB" ready
	assert_eq '' "$(field "$LATE" state)"
	run_ok floe start --all-enabled
	run_ok floe terminate "$WEB"
	run_ok floe disable "$WEB"
	run_ok floe start --all-enabled
	assert_eq '[]' "$(floe list --json)"
}

test_one_that_fails_keeps_no_other_from_starting() {
	image "$LATE" 'echo broken; exit 3'
	image "$WEB" "$READY_INIT"
	own_etc
	run_ok floe enable "$WEB" "$LATE"
	run floe start --all-enabled
	assert_eq 1 "$STATUS"
	assert_match "$LATE exited with status 3 before it was ready.*broken" "$ERRORS"
	state_is "$WEB" ready
	run_ok floe terminate "$WEB"
	assert_refused 'no image' floe enable nothing
	assert_refused 'no valid machine name' floe enable ../x
	assert_refused 'too many words' floe start --all-enabled "$WEB"
}

test_enabling_is_enabling_the_unit() {
	image "$WEB" "$READY_INIT"
	own_etc
	mkdir -p /etc/systemd/system
	supervise_file floe@.service /etc/systemd/system/floe@.service
	run_ok floe enable "$WEB"
	assert_eq /etc/systemd/system/floe@.service \
		"$(readlink "/etc/systemd/system/machines.target.wants/floe@$WEB.service")"
	assert_eq enabled "$(systemctl --root=/ is-enabled "floe@$WEB")"
	run_ok floe disable "$WEB"
	assert_absent "/etc/systemd/system/machines.target.wants/floe@$WEB.service"
}

# ---- systemd ----

# This host's own system, booted as a machine that keeps nothing.
boot_host() { # OPTION...
	run_ok floe start --machine="$HOST" --directory=/ --ephemeral --private-users=no \
		--network-veth=no --capability=all --timeout=60 "$@" "$HOST"
	trap 'floe terminate "$HOST" || true; rm -f "/var/log/floe/$HOST.log"; remove_images' EXIT
}

on_host() { # SCRIPT
	run floe exec "$HOST" /bin/bash -c "export PATH=$BUILD:\$PATH; $1"
	((STATUS == 0)) || fail "on the host: \"$1\" exited with $STATUS
output: $OUTPUT
errors: $ERRORS
$(floe exec "$HOST" journalctl -u 'floe@*' -n 20 --no-pager)"
}

test_systemd() {
	local first
	plain_image inner
	boot_host --bind=/var/lib/machines/inner
	supervise_file floe@.service unit
	run_ok floe copy-to "$HOST" unit /etc/systemd/system/floe@.service
	on_host 'systemctl daemon-reload; systemctl start floe@inner; systemctl is-active floe@inner'
	assert_eq active "$OUTPUT"
	on_host 'floe list --no-legend'
	assert_match '^inner +ready' "$OUTPUT"
	on_host 'systemctl show -p MainPID --value floe@inner; floe show --value -p monitor inner'
	first=${OUTPUT%%$'\n'*}
	assert_eq "$first" "${OUTPUT##*$'\n'}" "main process of the unit"
	on_host 'cat /proc/$(floe show --value -p leader inner)/cgroup'
	assert_match '0::.*/machine.slice/.*floe@inner.service/payload' "$OUTPUT"
	on_host 'floe exec inner /bin/hostname; floe logs -n 1 inner'
	assert_eq $'inner\nup' "$OUTPUT"
	# A reboot inside ends the unit's process with 133, and systemd starts it again.
	on_host 'floe exec inner /bin/busybox reboot -f; sleep 1; systemctl is-active floe@inner'
	on_host 'floe wait inner; systemctl show -p MainPID --value floe@inner'
	assert_ne "$first" "$OUTPUT" "main process after a reboot"
	on_host 'systemctl stop floe@inner; systemctl show -p Result --value floe@inner; floe list --json'
	assert_eq $'success\n[]' "$OUTPUT"
	on_host 'grep -c asked /var/log/floe/inner.log'
	floe terminate "$HOST"
}

# ---- runit and s6 ----

# A service directory of the machine $WEB.
service_directory() {
	plain_image "$WEB"
	mkdir -p "services/floe.$WEB"
	supervise_file run "services/floe.$WEB/run"
}

is_other_monitor() { # PID
	[[ $(field "$WEB" monitor) && $(field "$WEB" monitor) != "$1" ]]
}

# The supervisor as process $1 attends the machine; what ends one instance begins the next.
attends() {
	local first
	wait_for 20 state_is "$WEB" ready
	first=$(field "$WEB" monitor)
	assert_eq "$1" "$(ps -o ppid= -p "$first" | tr -d ' ')" "parent of the monitor"
	floe stop "$WEB"
	wait_for 20 is_other_monitor "$first"
	wait_for 20 state_is "$WEB" ready
}

test_runit() {
	service_directory
	runsv "services/floe.$WEB" >out 2>&1 &
	attends $!
	run_ok sv -w 20 stop "$PWD/services/floe.$WEB"
	assert_eq '' "$(field "$WEB" state)"
	grep -q asked out
	sv exit "$PWD/services/floe.$WEB"
	wait
}

test_s6() {
	service_directory
	s6-supervise "services/floe.$WEB" >out 2>&1 &
	attends $!
	s6-svc -wD -T 20000 -d "services/floe.$WEB"
	assert_eq '' "$(field "$WEB" state)"
	grep -q asked out
	s6-svc -x "services/floe.$WEB"
	wait
}

# ---- OpenRC ----

test_openrc() {
	plain_image "$WEB"
	plain_image "$LATE"
	own_etc
	# What openrc(8) makes when it boots.
	mkdir -p /etc/init.d /run/openrc/{exclusive,starting,started,stopping,inactive,wasinactive} \
		/run/openrc/{failed,hotplugged,daemons,options,scheduled,tmp}
	touch /run/openrc/softlevel
	supervise_file floe.openrc /etc/init.d/floe
	ln -s floe "/etc/init.d/floe.$WEB"
	run_ok openrc-run "/etc/init.d/floe.$WEB" --nodeps start
	state_is "$WEB" ready
	run_ok openrc-run "/etc/init.d/floe.$WEB" --nodeps status
	run_ok openrc-run "/etc/init.d/floe.$WEB" --nodeps stop
	assert_eq '' "$(field "$WEB" state)"
	run_ok floe enable "$WEB" "$LATE"
	run_ok openrc-run /etc/init.d/floe --nodeps start
	state_is "$WEB" ready
	state_is "$LATE" ready
	run_ok openrc-run /etc/init.d/floe --nodeps stop
	assert_eq '[]' "$(floe list --json)"
	rm -rf /run/openrc
	# OpenRC gives each service a group, and takes it away at the next start. That of the service
	# "floe" is floe's own as well.
	find /sys/fs/cgroup -maxdepth 2 \( -name "floe.$WEB" -o -name floe \) -exec rmdir {} + || true
}

# ---- BusyBox init ----

# In a pid namespace of its own, as its PID 1: its machines are seen from there.
in_guest() { # COMMAND...
	nsenter --pid --mount --target "$INIT" "$@"
}

guest_is_ready() {
	[[ $(in_guest floe show --value -p state "$WEB") == ready ]]
}

test_busybox_init() {
	local guest
	plain_image "$WEB"
	own_etc
	{ echo '::sysinit:/bin/true'; supervise_file inittab /dev/stdout; } >/etc/inittab
	run_ok floe enable "$WEB"
	unshare --pid --fork --mount --mount-proc setsid busybox init </dev/null >out 2>&1 &
	guest=$!
	wait_for 5 pgrep -P "$guest"
	INIT=$(pgrep -P "$guest")
	wait_for 20 guest_is_ready
	kill -USR2 "$INIT" # it powers off
	wait "$guest" || true
	grep -q asked "/var/log/floe/$WEB.log"
	assert_eq '[]' "$(floe list --json)"
	rm -f /run/utmp
}

run_tests
