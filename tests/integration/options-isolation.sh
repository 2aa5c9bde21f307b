#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# User namespaces and whose the tree is, networks, capabilities, system calls.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

# "INSIDE OUTSIDE COUNT" of the machine's users.
id_map() { # OPTION...
	run_ok floe run -P -D "$ROOT" "$@" sh -c 'echo $(cat /proc/self/uid_map)'
	echo "$OUTPUT"
}

test_private_users() {
	own_root
	assert_match '^0 [0-9]+ 65536$' "$(id_map)"
	assert_match '^0 [0-9]+ 65536$' "$(id_map --private-users=pick)"
	assert_match '^0 [0-9]+ 65536$' "$(id_map -U)"
	assert_eq '0 0 4294967295' "$(id_map --private-users=no)"
	assert_eq '0 0 65536' "$(id_map --private-users=identity)"
	assert_eq '0 655360 65536' "$(id_map --private-users=655360 --private-users-ownership=map)"
	assert_eq '0 655360 1000' "$(id_map --private-users=655360:1000 --private-users-ownership=map)"
	chown -R 720896:720896 "$ROOT"
	assert_eq '0 720896 65536' "$(id_map --private-users)"
	assert_eq '0 720896 65536' "$(id_map --private-users=yes)"
	assert_refused 'private-users' floe run -D "$ROOT" --private-users=nonsense true
	assert_refused 'private-users' floe run -D "$ROOT" --private-users=1:0 true
}

test_a_picked_range_is_like_nspawns() {
	local base
	base=$(id_map | cut -d ' ' -f 2)
	((base >= 524288 && base <= 1878982656 && base % 65536 == 0)) || fail "base $base"
	assert_eq "$base" "$(id_map | cut -d ' ' -f 2)" "the range of the same name"
}

test_two_machines_have_two_ranges() {
	local one two
	machine_background -M "$NAME-a" -x sh -c 'cat /proc/self/uid_map; echo started; sleep 100'
	wait_for_line started
	one=$(awk 'NR == 1 { print $2 }' out)
	assert_exists "/run/systemd/nspawn-uid/$one"
	two=$(id_map -M "$NAME-b" -x | cut -d ' ' -f 2)
	assert_ne "$one" "$two"
	assert_refused "$one" floe run -D "$ROOT" -x -M "$NAME-c" --private-users="$one" \
		--private-users-ownership=map true
	kill "$FLOE"
	machine_wait
}

# Files of root inside are files of root on disk: the tree stays as it is.
test_ownership_map() {
	own_root
	script_inside --private-users-ownership=map 'touch /new; chown 1000:1001 /new'
	assert_eq 1000:1001 "$(stat -c %u:%g "$ROOT/new")"
}

test_ownership_off() {
	own_root
	assert_inside 65534:65534 --private-users-ownership=off --resolv-conf=off --timezone=off 'stat -c %u:%g /etc/passwd'
}

test_ownership_chown() {
	own_root
	rm -rf "${ROOT:?}/home/user"
	mkdir "$ROOT/home/user"
	chown 1000:1001 "$ROOT/home/user"
	OUTPUT=$(floe run -P -D "$ROOT" --private-users=655360 --private-users-ownership=chown \
		sh -c 'stat -c %u:%g / /home/user')
	assert_eq $'0:0\n1000:1001' "$OUTPUT"
	assert_eq $'655360:655360\n656360:656361' "$(stat -c %u:%g "$ROOT" "$ROOT/home/user")"
	# The range is the tree's own from now on.
	assert_eq '0 655360 65536' "$(id_map)"
	assert_refused 'chown' floe run -D "$ROOT" --private-users-ownership=chown --read-only true
}

test_the_network_is_the_hosts_by_default() {
	assert_inside "$(readlink /proc/self/ns/net)" 'readlink /proc/self/ns/net'
	MODE=no assert_inside "$(readlink /proc/self/ns/net)" 'readlink /proc/self/ns/net'
}

private_network() {
	assert_inside 'lo' --private-network 'sed -n "3,\$s/ *\([^:]*\):.*/\1/p" /proc/net/dev'
	script_inside --private-network 'ip addr show lo; ping -c 1 -W 2 127.0.0.1'
	assert_match 'LOOPBACK,UP' "$OUTPUT"
	assert_match 'inet 127.0.0.1/8' "$OUTPUT"
	assert_match '1 packets received' "$OUTPUT"
	script_inside --private-network 'readlink /proc/self/ns/net'
	assert_ne "$(readlink /proc/self/ns/net)" "$OUTPUT" "the network namespace"
	# It may set up what is its own.
	assert_inside 'test0' --private-network 'ip link add test0 type bridge && ip -o link show test0 |
		sed "s/.*: \(test0\).*/\1/"'
}

test_private_network() {
	in_both_modes private_network
	assert_inside "$(readlink /proc/self/ns/net)" --private-network=no 'readlink /proc/self/ns/net'
}

joined_network() {
	assert_inside 'lo mark0 mark1' --network-namespace-path=/run/netns/floe-t \
		'echo $(sed -n "3,\$s/ *\([^:]*\):.*/\1/p" /proc/net/dev | sort)'
}

test_network_namespace_path() {
	ip netns add floe-t
	trap 'ip netns delete floe-t; umount /run/netns; rmdir /run/netns' EXIT
	ip -n floe-t link add mark0 type veth peer name mark1
	in_both_modes joined_network
	assert_refused '/run/netns/none' machine --network-namespace-path=/run/netns/none true
	assert_refused 'join' machine --network-namespace-path=/etc/passwd true
}

# The names of capabilities in a set of this process: CapBnd and so on.
assert_capabilities() { # SET HEX OPTION...
	inside "${@:3}" sed -n "s/^$1:.//p" /proc/self/status
	assert_eq "$2" "$OUTPUT" "$1 with ${*:3}"
}

# The default: nspawn's 26, less NET_BIND_SERVICE in the host's network as a mapped root.
test_capabilities() {
	local all=00000000fdecabff
	assert_capabilities CapBnd "$all"
	assert_capabilities CapBnd 00000000fdecbfff --private-network --capability=CAP_NET_ADMIN
	assert_capabilities CapEff 00000000fdecbfff --private-network
	assert_capabilities CapPrm "$all"
	assert_capabilities CapBnd 00000000fdecabfe --drop-capability=CAP_CHOWN
	assert_capabilities CapBnd 00000000fdecafff --capability=net_bind_service
	assert_capabilities CapBnd 00000001fdecabff --capability CAP_MAC_OVERRIDE,CAP_SYS_TIME \
		--drop-capability=CAP_SYS_TIME
	assert_capabilities CapBnd 0000000000000000 --drop-capability=all
	assert_capabilities CapBnd 000001ffffffffff --capability=all
	assert_refused "no capability" machine --capability=CAP_NONSENSE true
}

# The host gives what it has; what the caller does not have is a note, or refused.
test_capabilities_without_a_user_namespace() {
	local held
	held=$(sed -n 's/^CapBnd:.//p' /proc/self/status)
	MODE=no
	assert_capabilities CapBnd "$held" --capability=all
	if [[ $held != 000001ffffffffff ]]; then
		run_ok floe run -D "$ROOT" --private-users=no --capability=all true
		assert_match 'the caller does not have, and cannot give, CAP_' "$ERRORS"
		assert_refused 'strict demands' machine --strict --capability=all true
	fi
}

ambient() {
	assert_capabilities CapAmb 0000000000002000 -u user --ambient-capability=CAP_NET_RAW
	assert_capabilities CapEff 0000000000002000 -u user --ambient-capability=CAP_NET_RAW
	assert_refused 'ambient-capability=CAP_SYS_TIME is not among' machine \
		--ambient-capability=CAP_SYS_TIME true
}

test_ambient_capability() {
	in_both_modes ambient
}

no_new_privileges() {
	assert_inside 0 'sed -n "s/^NoNewPrivs:.//p" /proc/self/status'
	assert_inside 1 --no-new-privileges=yes 'sed -n "s/^NoNewPrivs:.//p" /proc/self/status'
	assert_inside 1000 -u user --no-new-privileges=yes '/bin/suid-id -u'
	assert_inside 0 -u user '/bin/suid-id -u'
}

test_no_new_privileges() {
	own_root
	cat >suid.c <<-'END'
		#include <stdio.h>
		#include <unistd.h>
		int main(void) { printf("%d\n", (int)geteuid()); return 0; }
	END
	gcc -static -o "$ROOT/bin/suid-id" suid.c
	chmod 4755 "$ROOT/bin/suid-id"
	in_both_modes no_new_privileges
}

# A program that makes one call by number and prints what came: a result, or the name of an errno.
make_caller() {
	cat >call.c <<-'END'
		#define _GNU_SOURCE
		#include <errno.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		#include <unistd.h>
		int main(int count, char *words[])
		{
			for (int i = 1; i < count; i++) {
				errno = 0;
				syscall(atoi(words[i]), -1, 0, 0, 0, 0, 0);
				printf("%s%s", i > 1 ? " " : "", errno ? strerrorname_np(errno) : "none");
			}
			puts("");
			return 0;
		}
	END
	gcc -static -o "$ROOT/bin/call" call.c
}

assert_calls() { # ERRNOS NUMBERS OPTION...
	# shellcheck disable=SC2086 # numbers are words
	inside "${@:3}" call $2
	assert_eq "$1" "$OUTPUT" "calls $2 with ${*:3}"
}

# 250 keyctl, 321 bpf, 246 kexec_load, 298 perf_event_open, 304 open_by_handle_at: known, denied.
# 999 is no call, 39 is getpid, 227 clock_settime, 175 init_module, 166 umount2.
test_the_default_filter() {
	own_root
	make_caller
	local MODE
	for MODE in pick no; do
		assert_calls 'EPERM EPERM EPERM EPERM EPERM' '250 321 246 298 304'
		assert_calls 'ENOSYS none EPERM EPERM' '999 39 227 175'
	done
}

test_system_call_filter() {
	own_root
	make_caller
	local MODE
	for MODE in pick no; do
		assert_calls 'EPERM' 39 --system-call-filter='~getpid'
		assert_calls 'EPERM EFAULT' '39 166' --system-call-filter='~getpid getppid'
		assert_calls 'EPERM EPERM' '246 166' --system-call-filter='~@mount'
		assert_calls 'EOPNOTSUPP' 250 --system-call-filter=keyctl
		assert_calls 'EOPNOTSUPP EPERM' '250 39' --system-call-filter='@keyring' \
			--system-call-filter='~getpid'
		assert_calls 'EPERM' 39 --system-call-filter='getpid' --system-call-filter='~getpid'
	done
	assert_refused 'no system call or @group' machine --system-call-filter='A;B' true
	run_ok floe run -D "$ROOT" --system-call-filter='no_such_call' true
	assert_match 'no_such_call' "$ERRORS" "the note"
}

# Capabilities open the calls that are useless without them.
test_capabilities_open_calls() {
	own_root
	make_caller
	assert_calls 'EPERM' 227
	assert_calls 'EFAULT' 227 --capability=CAP_SYS_TIME --private-users=no
	assert_calls 'EPERM' 163 --private-users=no
	assert_calls 'EPERM ENOSYS' '101 999' --drop-capability=CAP_SYS_PTRACE
	assert_calls 'ESRCH' 101
}

run_tests
