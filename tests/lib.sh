# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Harness of the shell tests: a sandbox a script, a time-out and a leak check a test.
#
#	#!/usr/bin/env bash
#	. "$(dirname "$0")/../lib.sh"
#	test_it_says_hello() { run_ok floe run -D "$ROOT" /bin/echo hello; assert_eq hello "$OUTPUT"; }
#	run_tests
#
# A script sourcing this runs itself again in mount, pid and network namespaces of its own, below
# a cgroup with a task limit. It sees the real host, but /run, /dev/shm, /var/lib/machines,
# /var/lib/floe and /var/log/floe are its own and empty, mounts propagate between what it starts as
# they do on a systemd host, and nothing it does can reach machines that the host has running. What
# is at the top level of the script runs once, before the tests.
#
# Every test_NAME function runs in a subshell under `set -eu`, in an empty directory $TEST_DIR,
# with `floe` being the one of $BUILD. After it nothing may be left: see leak_snapshot. Arguments
# of the script choose tests by name.
#
# Settings a script may make before sourcing:
#	TEST_TIMEOUT=60    seconds a test may take before its processes are killed
#	TEST_TASKS=1024    most tasks at a time
#	TEST_NETWORK=own   or "host": stay in the host's network namespace

: "${TEST_TIMEOUT:=60}" "${TEST_TASKS:=1024}" "${TEST_NETWORK:=own}" "${TEST_GRACE:=3}"

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-build}
[[ $BUILD == /* ]] || BUILD=$TOP/$BUILD
export PATH="$BUILD:$PATH:/usr/sbin:/sbin"
export LC_ALL=C.UTF-8

# ---- The sandbox ---------------------------------------------------------------------------

# Prints where the hierarchy with the pids controller is mounted: version 1, else version 2.
sandbox_pids_hierarchy() {
	awk '{ for (i = 7; $i != "-"; i++); type = $(i + 1); options = "," $(i + 3) "," }
		type == "cgroup" && options ~ /,pids,/ { one = $5 }
		type == "cgroup2" { two = $5 }
		END { print one ? one : two }' /proc/self/mountinfo
}

# Makes the cgroup SANDBOX_CGROUP with the task limit; without a pids controller there is none.
sandbox_make_cgroup() {
	local top
	top=$(sandbox_pids_hierarchy)
	SANDBOX_CGROUP=
	[[ $top ]] || { echo "note: no cgroup hierarchy, so no task limit"; return 0; }
	if [[ -e $top/cgroup.subtree_control && $(<"$top/cgroup.subtree_control") != *pids* ]]; then
		echo +pids >"$top/cgroup.subtree_control" || return 1
	fi
	SANDBOX_CGROUP=$top/${SANDBOX##*/}
	mkdir "$SANDBOX_CGROUP" && echo "$TEST_TASKS" >"$SANDBOX_CGROUP/pids.max"
}

# The namespaces are gone with all processes by now; cgroups and files are left to remove.
sandbox_remove() {
	local try
	for ((try = 0; try < 50; try++)); do
		[[ $SANDBOX_CGROUP && -d $SANDBOX_CGROUP ]] || break
		find "$SANDBOX_CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
	done
	rm -rf --one-file-system "$SANDBOX"
}

sandbox_enter() { # SCRIPT ARGUMENT...
	local child='' options=(--mount --pid --fork --kill-child --propagation private)
	((EUID == 0)) || { echo "$1: these tests make namespaces and cgroups: run as root" >&2; exit 1; }
	[[ $TEST_NETWORK == host ]] || options+=(--net)
	SANDBOX=$(mktemp -d /var/tmp/floe-test.XXXXXX) || exit 1
	sandbox_make_cgroup || { echo "$1: cannot make a cgroup with a task limit" >&2; exit 1; }
	trap sandbox_remove EXIT
	trap 'kill -KILL "$child"; wait "$child" 2>/dev/null; exit 130' INT TERM HUP
	(
		[[ -z $SANDBOX_CGROUP ]] || echo "$BASHPID" >"$SANDBOX_CGROUP/cgroup.procs" || exit 1
		exec env FLOE_TEST_SANDBOX="$SANDBOX" FLOE_TEST_CGROUP="$SANDBOX_CGROUP" \
			setpriv --pdeathsig KILL unshare "${options[@]}" bash "$@"
	) &
	child=$!
	wait "$child"
	exit $?
}

# Runs as PID 1 of the new pid namespace. The host's own /proc stays readable at $SANDBOX/proc.
sandbox_setup() {
	local directory
	SANDBOX=$FLOE_TEST_SANDBOX SANDBOX_CGROUP=$FLOE_TEST_CGROUP
	unset FLOE_TEST_SANDBOX FLOE_TEST_CGROUP
	trap 'exit 130' INT TERM HUP
	mkdir "$SANDBOX"/{proc,machines,floe,logs,test} &&
		mount --rbind "${FLOE_TEST_HOST_PROC:-/proc}" "$SANDBOX/proc" &&
		mount -t proc -o nosuid,nodev,noexec proc /proc &&
		mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run &&
		mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs /dev/shm || return 1
	for directory in machines:/var/lib/machines floe:/var/lib/floe logs:/var/log/floe; do
		mkdir -p "${directory#*:}" &&
			mount --bind "$SANDBOX/${directory%%:*}" "${directory#*:}" || return 1
	done
	[[ $TEST_NETWORK == host ]] || ip link set lo up || return 1
	mount --make-rshared / || return 1
	export FLOE_TEST_HOST_PROC=$SANDBOX/proc # for a sandbox within this one
}

if [[ -z ${FLOE_TEST_SANDBOX:-} ]]; then
	sandbox_enter "$0" "$@"
fi
sandbox_setup || { echo "$0: cannot set up the sandbox" >&2; exit 1; }
TEST_CHOICE=("$@")

# ---- Assertions: they end the test with what was expected, what came, and the line -----------

# Prints FILE:LINE of the nearest caller outside this file.
case_location() {
	local i
	for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
		[[ ${BASH_SOURCE[i]} == "${BASH_SOURCE[0]}" ]] && continue
		printf '%s:%s' "${BASH_SOURCE[i]##*/}" "${BASH_LINENO[i - 1]}"
		return
	done
}

fail() { # MESSAGE...
	printf '%s: %s\n' "$(case_location)" "$*" >&2
	exit 1
}

assert_eq() { # EXPECTED ACTUAL [WHAT]
	[[ $1 == "$2" ]] || fail "${3:-value} should be \"$1\", is \"$2\""
}

assert_ne() { # UNWANTED ACTUAL [WHAT]
	[[ $1 != "$2" ]] || fail "${3:-value} should not be \"$1\""
}

assert_match() { # EXTENDED-REGEX TEXT [WHAT]
	[[ $2 =~ $1 ]] || fail "${3:-text} should match \"$1\", is \"$2\""
}

assert_no_match() { # EXTENDED-REGEX TEXT [WHAT]
	[[ ! $2 =~ $1 ]] || fail "${3:-text} should not match \"$1\", is \"$2\""
}

assert_exists() { # PATH...
	local path
	for path; do
		[[ -e $path || -L $path ]] || fail "$path should exist"
	done
}

assert_absent() { # PATH...
	local path
	for path; do
		[[ ! -e $path && ! -L $path ]] || fail "$path should not exist"
	done
}

# Runs a command; STATUS, OUTPUT (descriptor 1) and ERRORS (descriptor 2) say what came of it.
run() { # COMMAND...
	STATUS=0
	"$@" >"$TEST_DIR/.output" 2>"$TEST_DIR/.errors" || STATUS=$?
	OUTPUT=$(tr -d '\0' <"$TEST_DIR/.output")
	ERRORS=$(tr -d '\0' <"$TEST_DIR/.errors")
}

assert_status() { # STATUS COMMAND...
	local wanted=$1
	shift
	run "$@"
	((STATUS == wanted)) || fail "\"$*\" should exit with $wanted, exited with $STATUS
output: $OUTPUT
errors: $ERRORS"
}

run_ok() { # COMMAND...
	assert_status 0 "$@"
}

# Refused with a status of its own: dying by a signal, or not being found, is no refusal.
assert_fail() { # COMMAND...
	run "$@"
	((STATUS > 0 && STATUS < 126)) || fail "\"$*\" should be refused, exited with $STATUS
output: $OUTPUT
errors: $ERRORS"
}

# Repeats a command until it succeeds, 20 times a second.
wait_for() { # SECONDS COMMAND...
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000)) seconds=$1
	shift
	until "$@" >/dev/null 2>&1; do
		((${EPOCHREALTIME/./} < deadline)) || fail "waited $seconds s in vain for: $*"
		sleep 0.05
	done
}

# ---- Builders ------------------------------------------------------------------------------

# A root directory of busybox with all its applets, users and groups; nothing else.
busybox_root() { # DIRECTORY
	local busybox
	busybox=$(type -P busybox) || fail "busybox is not installed"
	mkdir -p "$1"/{bin,dev,etc,home/user,proc,root,run,sys,tmp,usr,var}
	ln -sfn bin "$1/sbin"
	chmod 1777 "$1/tmp"
	cp "$busybox" "$1/bin/busybox"
	# Hard links: writing to a symbolic one, which are absolute, would write to the host's.
	chroot "$1" /bin/busybox --install /bin
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'user:x:1000:1000:user:/home/user:/bin/sh' \
		'nobody:x:65534:65534:nobody:/:/bin/false' >"$1/etc/passwd"
	printf '%s\n' 'root:x:0:' 'user:x:1000:' 'extra:x:1001:user' 'nogroup:x:65534:' \
		>"$1/etc/group"
	chown 1000:1000 "$1/home/user"
}

# ---- The leak check ------------------------------------------------------------------------

leak_mounts() {
	awk '{ for (i = 7; $i != "-"; i++); print "mount " $5 " " $(i + 1) " id=" $1 }' \
		/proc/self/mountinfo
}

leak_links() {
	awk 'NR > 2 { sub(/:.*/, ""); print "link " $1 }' /proc/self/net/dev
}

# Cgroups of other test sandboxes come and go; ours is one of those before and after.
leak_cgroups() {
	local tops
	mapfile -t tops < <(awk '{ for (i = 7; $i != "-"; i++) }
		$(i + 1) ~ /^cgroup2?$/ { print $5 }' /proc/self/mountinfo)
	((${#tops[@]})) || return 0
	find "${tops[@]}" -mindepth 1 -type d -print 2>/dev/null |
		awk -v own="$SANDBOX_CGROUP" '/\/floe-test\./ && index($0, own) != 1 { next }
			{ print "cgroup " $0 }'
}

leak_files() {
	find /run /dev/shm /var/lib/floe -mindepth 1 -printf 'file %p\n' 2>/dev/null
	find /var/lib/machines -mindepth 1 -maxdepth 1 -printf 'file %p\n'
	find /tmp /var/tmp -mindepth 1 -maxdepth 1 \( -name 'floe*' -o -name '.floe*' \) \
		! -name 'floe-test.*' -printf 'file %p\n'
}

# Locks of an open file description have no pid (-1) and end with the processes holding it.
leak_locks() {
	awk '$5 > 0 { print "lock " $2 " on " $6 " by process " $5 }' /proc/locks
}

leak_nftables() {
	[[ $TEST_NETWORK == host ]] || type -P nft >/dev/null || return 0
	nft list tables 2>/dev/null | sed 's/^/nft /'
}

leak_loops() {
	local file
	for file in /sys/block/loop*/loop/backing_file; do
		[[ -e $file ]] && echo "loop $file $(<"$file")"
	done
	return 0
}

# Every process of the pid namespace but the dead, this one, and the subshells it was called from.
leak_processes() {
	local pid name stat fields ours=' 1 '
	for ((pid = BASHPID; pid > 1; pid = fields[1])); do
		ours+="$pid "
		read -r stat <"/proc/$pid/stat"
		read -ra fields <<<"${stat##*) }"
	done
	for pid in /proc/[0-9]*; do
		pid=${pid#/proc/}
		[[ $ours == *" $pid "* ]] && continue
		{ read -r stat <"/proc/$pid/stat"; } 2>/dev/null || continue
		read -ra fields <<<"${stat##*) }"
		name=${stat#*\(}
		[[ ${fields[0]} == [ZX] ]] || echo "process $pid (${name%)*})"
	done
}

leak_snapshot() { # FILE
	{
		leak_mounts
		leak_links
		leak_cgroups
		leak_files
		leak_locks
		leak_nftables
		leak_loops
		echo "hostname $(</proc/sys/kernel/hostname)"
	} | sort >"$1"
	leak_processes >>"$1"
}

# Whether a new cgroup belongs to others at work on this machine: the tree that it is in, below the
# parents that everybody shares, holds processes of the host and none of this sandbox.
leak_is_foreign_cgroup() { # DIRECTORY
	local path
	path=$(awk -v d="$1" '{ for (i = 7; $i != "-"; i++) }
		$(i + 1) ~ /^cgroup2?$/ && index(d, $5 "/") == 1 { best = $5 }
		END {
			n = split(substr(d, length(best) + 2), part, "/")
			for (i = 1; i <= n; i++) {
				path = path "/" part[i]
				if (part[i] !~ /^floe$|\.slice$/)
					break
			}
			print path
		}' /proc/self/mountinfo)
	! cat /proc/[0-9]*/cgroup 2>/dev/null | leak_uses_path "$path" &&
		cat "$SANDBOX"/proc/[0-9]*/cgroup 2>/dev/null | leak_uses_path "$path"
}

leak_uses_path() { # PATH, with lines of /proc/PID/cgroup on standard input
	awk -v p="$1" '{ sub(/^[0-9]*:[^:]*:/, "") } $0 == p || index($0, p "/") == 1 { found = 1 }
		END { exit !found }'
}

# Prints what differs from the snapshot BEFORE: "left: …" and "gone: …". A cgroup that is gone was
# empty, so nobody's loss; and others end theirs whenever they like.
leak_differences() { # BEFORE AFTER
	local line
	leak_snapshot "$2"
	diff "$1" "$2" | sed -n 's/^> /left: /p; s/^< /gone: /p' | grep -v '^gone: cgroup ' |
		while IFS= read -r line; do
			[[ $line == 'left: cgroup '* ]] && leak_is_foreign_cgroup "${line#left: cgroup }" &&
				continue
			printf '%s\n' "$line"
		done
}

# Namespaces and cgroups end a moment after the last process: the check is repeated for a while.
leak_check() { # BEFORE AFTER
	local deadline=$((${EPOCHREALTIME/./} + TEST_GRACE * 1000000)) differences
	while differences=$(leak_differences "$1" "$2"); [[ $differences ]]; do
		if ((${EPOCHREALTIME/./} >= deadline)); then
			printf '%s\n' "$differences"
			return 1
		fi
		sleep 0.05
	done
}

# Ends every process but this one. PID 1 of a namespace reaches its own namespace and no further.
leak_kill_all() {
	(($$ == 1 && BASHPID == 1)) || return 1
	kill -KILL -1 2>/dev/null
	while [[ $(leak_processes) ]]; do
		sleep 0.02
	done
}

# Takes away what was found, so that the next test starts clean; /tmp is shared and left alone.
leak_clean() { # DIFFERENCES
	local line
	leak_kill_all
	while IFS= read -r line; do
		line=${line#left: }
		case $line in
		'mount '*) line=${line#mount } && umount -l "${line%% *}" ;;
		'link '*) ip link delete "${line#link }" ;;
		'cgroup '*) find "${line#cgroup }" -depth -type d -exec rmdir {} + ;;
		'file /tmp/'* | 'file /var/tmp/'*) ;;
		'file '*) rm -rf --one-file-system "${line#file }" ;;
		'nft '*) [[ $TEST_NETWORK == host ]] || nft "delete ${line#nft }" ;;
		esac
	done < <(sort -r <<<"$1") 2>/dev/null
}

# ---- Running -------------------------------------------------------------------------------

# Prints the names of the test functions in the order of the file, those chosen if any are.
case_names() {
	local name choice
	shopt -s extdebug
	declare -F | awk '$3 ~ /^test_/ { print $3 }' |
		while read -r name; do declare -F "$name"; done | sort -s -n -k 2,2 | awk '{ print $1 }' |
		while read -r name; do
			((${#TEST_CHOICE[@]})) || echo "$name"
			for choice in "${TEST_CHOICE[@]}"; do
				[[ $name == *"$choice"* ]] && echo "$name" && break
			done
		done
}

# Runs one test function where a failing command ends it and is named.
case_body() { # NAME
	trap - INT TERM HUP
	set -Eeuo pipefail
	trap 'echo "$(case_location): \"$BASH_COMMAND\" failed with status $?" >&2' ERR
	export TEST_DIR=$SANDBOX/test/$1 TMPDIR=$SANDBOX/test/$1
	mkdir "$TEST_DIR"
	cd "$TEST_DIR"
	"$1"
}

# Waits for the subshell BODY; 124 and everything killed when it takes too long.
case_wait() { # BODY
	local timer first='' status=0
	sleep "$TEST_TIMEOUT" &
	timer=$!
	wait -n -p first "$1" "$timer" || status=$?
	if [[ $first == "$timer" ]]; then
		echo "still running after $TEST_TIMEOUT s, killed:"
		leak_processes
		leak_kill_all
		status=124
	else
		kill "$timer"
	fi
	wait "$1" "$timer" 2>/dev/null
	return "$status"
}

# Never called where bash ignores `set -e` (in a condition): the test would inherit that.
run_one() { # NAME
	local log=$SANDBOX/log before=$SANDBOX/before status=0 leaks='' start=${EPOCHREALTIME/./}
	leak_snapshot "$before"
	(case_body "$1") >"$log" 2>&1 </dev/null &
	case_wait $! >>"$log" 2>/dev/null || status=$?
	if ! leaks=$(leak_check "$before" "$SANDBOX/after"); then
		{ echo "left behind or taken away:"; printf '%s\n' "$leaks"; } >>"$log"
		leak_clean "$leaks"
	fi
	rm -rf --one-file-system "$SANDBOX/test/$1"
	start=$(((${EPOCHREALTIME/./} - start) / 1000))
	if ((status == 0)) && [[ ! $leaks ]]; then
		printf '  ok    %s (%d ms)\n' "$1" "$start"
		((++PASSED))
	else
		printf '  FAIL  %s (%d ms, status %d)\n' "$1" "$start" "$status"
		sed 's/^/        /' "$log"
		((++FAILED))
	fi
}

# The last line of every test script: runs its tests, prints the count, ends the script.
run_tests() {
	local name names
	PASSED=0 FAILED=0
	mapfile -t names < <(case_names)
	((${#names[@]})) || { echo "$0: no such test: ${TEST_CHOICE[*]}" >&2; exit 1; }
	for name in "${names[@]}"; do
		run_one "$name"
	done
	printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
	exit $((FAILED > 0))
}
