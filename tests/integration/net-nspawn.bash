# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Debian's systemd-nspawn, for tests that compare floe with it. Sourced.

# It makes cgroups below its own and leaves them: it gets some of its own, which are taken away.
nspawn_cgroups() {
	local tops
	mapfile -t tops < <(awk '{ for (i = 7; $i != "-"; i++) } $(i + 1) == "cgroup2" ||
		$(i + 3) ~ /name=systemd/ { print $5 }' /proc/self/mountinfo)
	((${#tops[@]} == 0)) || printf '%s\n' "${tops[@]/%//floe-nspawn-${SANDBOX##*.}}"
}

enter_nspawn_cgroups() {
	local group
	for group in $(nspawn_cgroups); do
		mkdir -p "$group" && echo "$BASHPID" >"$group/cgroup.procs" || exit 1
	done
}

remove_nspawn_cgroups() {
	nspawn_cgroups | while read -r group; do
		find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
	done
}

# Runs it, or another build of it, until it ends.
in_nspawn_cgroups() { # COMMAND...
	local status=0
	(
		enter_nspawn_cgroups
		exec "$@"
	) || status=$?
	remove_nspawn_cgroups
	return "$status"
}

# Runs it in the background: its pid is in NSPAWN, its output in the file "nspawn-NAME" of the test.
nspawn_up() { # NAME OPTION... COMMAND...
	local name=$1
	shift
	mkdir -p /run/systemd
	(
		enter_nspawn_cgroups
		SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_LOCK=0 exec systemd-nspawn -q \
			-M "$name" --register=no --keep-unit --console=pipe "$@"
	) >"$TEST_DIR/nspawn-$name" 2>&1 </dev/null &
	NSPAWN=$!
	WORLD_PROCESSES+=("$NSPAWN")
	wait_for 20 nspawn_leader "$NSPAWN"
	PLACES[$name]=$(nspawn_leader "$NSPAWN")
}

# Prints the process of a manager that is PID 1 of another pid namespace, once it runs a command.
nspawn_leader() { # PID
	local child ids
	for child in $(cat "/proc/$1"/task/*/children 2>/dev/null); do
		ids=$(sed -n 's/^NSpid:[[:space:]]*//p' "/proc/$child/status" 2>/dev/null) || continue
		[[ $ids != *[[:space:]]1 || $(readlink "/proc/$child/exe") == */systemd-nspawn ]] ||
			{ echo "$child" && return; }
		nspawn_leader "$child" && return
	done
	return 1
}

nspawn_down() {
	kill "$NSPAWN" 2>/dev/null || true
	wait "$NSPAWN" 2>/dev/null || true
	rm -rf /run/systemd
	nft delete table ip io.systemd.nat 2>/dev/null || true
	nft delete table ip6 io.systemd.nat 2>/dev/null || true
	remove_nspawn_cgroups
}
