#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A start in which one system call after the other fails: each failure is reported with what failed,
# or does not matter, and nothing is left behind; nor is it when descriptors run out.
TEST_TIMEOUT=150
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

# What a start makes on the host, as lines to compare.
surroundings() {
	find /run -mindepth 1
	awk '{ print $5 }' /proc/self/mountinfo
	find /sys/fs/cgroup -maxdepth 3 -path "*/floe/$NAME*"
	pgrep -x floe || true
	ip -br link | cut -d' ' -f1
	nft list ruleset
	sysctl -n net.ipv4.conf.{all,default,lo}.forwarding
}

# Further options of the starts.
OPTIONS=()

# One start with CALL failing the Nth time in each process; false when none failed any more.
start_with() { # CALL ERROR N
	local status=0
	timeout 10 strace -f -qq -o "$TEST_DIR/trace" -e trace="$1" -e inject="$1:error=$2:when=$3" \
		floe run -q --pipe -D "$ROOT" "${OPTIONS[@]}" /bin/sh -c 'exit 7' \
		>"$TEST_DIR/out" 2>"$TEST_DIR/err" || status=$?
	INJECTED=$(grep -m 1 INJECTED "$TEST_DIR/trace") || return 1
	judge "$status" "$1 failing with $2 ($INJECTED)"
}

judge() { # STATUS WHAT
	local message
	message=$(<"$TEST_DIR/err")
	((STARTS++)) || true
	case $1 in
	7) ;; # what failed did not matter
	1) assert_match '^floe: .*(cannot|no machine|is there|ended)' "$message" "message, $2" ;;
	127) # the loader or the program itself failed, before floe or after it
		assert_match 'cannot|error|shared' "$message" "message, $2" ;;
	*) fail "status $1 with $2: $message" ;;
	esac
}

# What a failed removal left is what gc is for; more is not left by anything.
# Links go with their namespace, and descriptors with the process that was left to close them, some
# milliseconds after the machine.
settled() {
	local try
	for ((try = 0; try < 40; try++)); do
		[[ $(surroundings) != "$BEFORE" ]] || return 0
		# The last may have gone after the surroundings were looked at.
		[[ $(ip -br link) == *-"$NAME"* ]] || pgrep -x floe >/dev/null || break
		sleep 0.05
	done
	[[ $(surroundings) == "$BEFORE" ]]
}

assert_clean() { # WHAT
	settled && return
	run_ok floe gc
	settled || fail "left after $1, which said \"$(<"$TEST_DIR/err")\":
$(diff <(echo "$BEFORE") <(surroundings) | grep '^[<>]')"
}

fail_each() { # ERROR CALL...
	local call n error=$1
	shift
	for call; do
		for ((n = 1; n < 400; n++)); do
			start_with "$call" "$error" "$n" || break
			assert_clean "$call $n"
		done
	done
}

# Counted over the tests of this script, so that one in which nothing failed is noticed.
STARTS=0

injected() { # LEAST
	((STARTS >= $1)) || fail "only $STARTS starts failed, expected $1"
	echo "$STARTS starts with a failure"
}

setup() {
	run_ok machine /bin/true
	BEFORE=$(surroundings)
}

test_files() {
	setup
	fail_each EIO openat mkdir mkdirat renameat2 fchownat fchmodat flock
	fail_each ENOSPC write
	injected 80
}

test_paths_inside() {
	setup
	fail_each EACCES openat2 symlinkat mknodat
	injected 60
}

test_mounts() {
	setup
	fail_each EPERM fsopen fsmount fsconfig open_tree move_mount mount_setattr mount pivot_root
	injected 60
}

test_processes() {
	setup
	fail_each ENOMEM clone3 unshare memfd_create socketpair socket sendmsg recvmsg pidfd_open
	fail_each EPERM setresuid setresgid setgroups capset setsid seccomp close_range chdir fchdir
	fail_each EMFILE dup2 fcntl execve execveat
	injected 20
}

# What was set on the host for the machine's network is put back, whatever failed.
test_networks() {
	setup
	OPTIONS=(-n -p 8080:80 -p udp:127.0.0.1:5353:53)
	fail_each EIO sendto bind
	fail_each EMFILE socket
	OPTIONS=(--network-zone=zone --dhcp=yes)
	fail_each EPERM sendto setsockopt
	fail_each EIO unlink flock
	injected 60
}

# Allocation fails where strace cannot: there are fewer descriptors than a start needs.
test_descriptors_run_out() {
	local limit status
	setup
	for ((limit = 3; limit < 40; limit++)); do
		status=0
		timeout 10 prlimit --nofile="$limit" floe run -q --pipe -D "$ROOT" /bin/sh -c 'exit 7' \
			>"$TEST_DIR/out" 2>"$TEST_DIR/err" || status=$?
		judge "$status" "at most $limit descriptors"
		assert_clean "at most $limit descriptors"
	done
	assert_eq 7 "$status" "status with $limit descriptors"
}

run_tests
