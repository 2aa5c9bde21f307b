#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# verify-with-nspawn.sh [NSPAWN OPTION...] - prove the systems of build.sh without floe: boot them
# with Debian's own systemd-nspawn and look inside.
#
# The image has to reach "running" and to do sandboxed Nix builds, the system for a host's store
# has to reach "running" in an empty root. nspawn after 252 covers files in /proc, so there the
# builds fail, and with private users activation cannot remount what nspawn has mounted; that is why
# it is not part of "make check".
#
#   CHECK='SHELL TEXT'  run this inside instead of the checks
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"
name=floe-verify-$$
failures=0
manager=
cgroups=()
options=("$@")

# cgroup_enter - processes of this run get cgroups of their own, with a limit on their number.
cgroup_enter() {
	local mount
	for mount in /sys/fs/cgroup/{pids,systemd,unified} /sys/fs/cgroup; do
		[ -e "$mount/cgroup.procs" ] || continue
		mkdir "$mount/$name" || continue
		cgroups+=("$mount/$name")
		[ ! -e "$mount/$name/pids.max" ] || echo 1000 > "$mount/$name/pids.max"
		echo $BASHPID > "$mount/$name/cgroup.procs"
	done
}

cgroup_leave() {
	local group
	for group in "${cgroups[@]}"; do
		echo $$ > "${group%/*}/cgroup.procs"
		find "$group" -depth -type d -exec rmdir {} + || true
	done
	cgroups=()
}

# leader PID - print the first descendant of PID that is process 1 of another pid namespace.
leader() {
	local child ids
	# shellcheck disable=SC2013 # words of one line
	for child in $(cat "/proc/$1"/task/*/children 2> /dev/null); do
		ids=$(sed -n 's/^NSpid:[[:space:]]*//p' "/proc/$child/status" 2> /dev/null) || continue
		case $ids in *[[:space:]]1) echo "$child" && return ;; esac
		leader "$child" && return
	done
	return 1
}

# inside COMMAND... - run a command in the booted system.
inside() {
	nsenter -t "$init" -a -- /run/current-system/sw/bin/env -i HOME=/root TERM=dumb \
		PATH=/run/wrappers/bin:/run/current-system/sw/bin "$@"
}

# boot TREE OPTION... - start nspawn on TREE; wait until the guest says that it has started.
boot() {
	local tree=$1 i state=
	shift
	mkdir -p "$tree/usr" # or nspawn refuses the tree
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --register=no --keep-unit \
		-M "$name" -D "$tree" --private-network --kill-signal=SIGRTMIN+3 \
		"${options[@]}" "$@" \
		< /dev/null > "$work/log" 2>&1 &
	manager=$!
	for ((i = 0; i < 600; i++)); do
		kill -0 "$manager" 2> /dev/null || break
		if init=$(leader "$manager") && [[ $(readlink "/proc/$init/exe") == */systemd ]]; then
			state=$(inside systemctl is-system-running 2> /dev/null) || true
			case $state in running | degraded) return ;; esac
		fi
		sleep 0.1
	done
	tail -n 40 "$work/log" >&2
	die "the system did not come up (above: its console)"
}

halt() {
	kill -TERM "$manager"
	wait "$manager" || echo "nspawn ended with $?"
	manager=
}

# check WHAT COMMAND... - run COMMAND inside and report it.
check() {
	local what=$1 output
	shift
	if output=$(inside "$@" 2>&1); then
		printf 'ok    %s: %s\n' "$what" "${output//$'\n'/; }"
	else
		printf 'FAIL  %s: %s\n' "$what" "$output"
		failures=$((failures + 1))
	fi
}

checks() {
	check "state" systemctl is-system-running
	check "no failed unit" bash -c '! systemctl --no-legend --failed | grep .'
	check "boot time" systemd-analyze time
	# shellcheck disable=SC2016 # for the shell inside
	check "host name" bash -c 'uname -n; . /etc/os-release; echo $PRETTY_NAME'
	check "wrappers" bash -c 'test -u /run/wrappers/bin/su && runuser -u alice -- id -un'
	check "store is read-only" bash -c '! touch /nix/store/x 2>/dev/null'
	check "log-in session" bash -c 'su - alice -c "id -un; pwd"'
	check "activation again" /run/current-system/activate
}

image_checks() {
	checks
	check "nix-daemon.socket" systemctl is-active nix-daemon.socket
	check "store database" nix-store --verify --check-contents
	check "system profile" readlink -f /nix/var/nix/profiles/system
	check "namespaces" nsprobe proc sysfs
	for mode in root daemon user; do check "sandbox" nixtest $mode; done
}

switch_checks() {
	cp "$image/update.export" "$work/tree/root/"
	check "import of generation 2" bash -c 'nix-store --import < /root/update.export | tail -n 1'
	check "switch" "$(< "$image/toplevel-tarball2")/bin/switch-to-configuration" switch
	check "state" systemctl is-system-running
	check "generation" grep -x 2 /run/floe-test-generation
}

# shared_boot NAME PROGRAM - boot a system of the host's store in an empty root.
shared_boot() {
	mkdir "$work/tree"
	boot "$work/tree" --bind-ro="$image/host/nix/store:/nix/store" "$(< "$image/$1")/$2"
	if [ -n "${CHECK:-}" ]; then inside bash -c "$CHECK"; else checks; fi
	halt
	nixos_remove "$work/tree"
}

cleanup() {
	[ -z "$manager" ] || { kill -TERM "$manager" && kill -TERM "$manager" && wait "$manager"; } || true
	cgroup_leave
	nixos_remove "$work/tree"
	rm -rf "$work"
	rmdir "/run/systemd/nspawn/propagate/$name" 2> /dev/null || true
}

image=$(nixos_image)
work=$(mktemp -d)
trap cleanup EXIT
cgroup_enter

nixos_unpack "$work/tree"
boot "$work/tree" /sbin/init
if [ -n "${CHECK:-}" ]; then inside bash -c "$CHECK"; else image_checks && switch_checks; fi
halt
nixos_remove "$work/tree"

shared_boot toplevel-host init
shared_boot toplevel-prepared prepare-root
[ "$failures" = 0 ] || die "$failures checks failed"
