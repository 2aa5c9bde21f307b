#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Root inside tries to get out: probe.c in every kind of machine. What a machine without a user
# namespace cannot hold back is named here, and nothing else.
# shellcheck disable=SC2034 # a setting of the harness
TEST_TIMEOUT=120
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../integration/machine.bash"

gcc -static -O1 -o "$ROOT/bin/probe" "$TOP/tests/security/probe.c" ||
	{ echo "the probe does not build" >&2; exit 1; }
mkdir "$SANDBOX/shared"
echo shared >"$SANDBOX/shared/file"
HOST_NAMESPACES=$(readlink /proc/self/ns/* | tr '\n' ' ')
export HOST_NAMESPACES

# Every attempt is held back but those named after the options.
assert_holds() { # OPTION... -- EXCEPTION...
	local options=()
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	inside -E HOST_NAMESPACES --bind-ro "$SANDBOX/shared:/shared" "${options[@]}" /bin/probe "$@"
	assert_match $'(^|\n)probed$' "$OUTPUT"
	assert_no_match BROKEN "$OUTPUT" "with ${options[*]}"
	assert_absent "$SANDBOX/shared/escaped"
	assert_eq shared "$(<"$SANDBOX/shared/file")"
}

test_in_a_user_namespace() {
	assert_holds --
}

test_with_a_network_of_its_own() {
	assert_holds --private-network --
}

test_as_pid_2() {
	assert_holds --as-pid2 --
}

test_with_masks() {
	assert_holds --masks --private-network --
}

test_with_other_roots() {
	assert_holds --ephemeral --
	assert_holds --volatile=overlay --
	assert_holds --read-only --
}

test_with_a_terminal() {
	run_ok floe run -q -D "$ROOT" -E HOST_NAMESPACES --bind-ro "$SANDBOX/shared:/shared" /bin/probe
	OUTPUT=${OUTPUT//$'\r'/}
	assert_match $'\nprobed$' "$OUTPUT"
	assert_no_match BROKEN "$OUTPUT"
}

# Without a user namespace CAP_SYS_ADMIN is the host's: mounts can be undone and made, and the
# settings that masks cover come to light then. Devices and calls are still held back, and so is
# all of it for whom does without that capability.
test_without_a_user_namespace() {
	local MODE=no HOST_NAMESPACES
	HOST_NAMESPACES=$(readlink /proc/self/ns/* | grep -v '^user:' | tr '\n' ' ')
	assert_holds -- remount-shared-bind copy-shared-bind
	assert_holds --private-network -- remount-shared-bind copy-shared-bind
	assert_holds --as-pid2 -- remount-shared-bind copy-shared-bind
	assert_holds --drop-capability=CAP_SYS_ADMIN --
}

# The limit is a level above what the machine is given of its cgroups.
test_the_machine_cannot_raise_its_task_limit() {
	local MODE
	for MODE in pick no; do
		run machine --tasks-max=20 sh -c '
			find /sys/fs/cgroup -name pids.max -exec sh -c "echo max >{}" \;
			echo $$ >/sys/fs/cgroup/../cgroup.procs
			i=0; while [ $i -lt 40 ]; do sleep 0.5 & i=$((i+1)); done; echo all'
		assert_match "can't fork" "$ERRORS"
		assert_no_match '^all|\nall' "$OUTPUT"
	done
}

# Commands from outside come in without a handle on the host.
test_shell_is_no_way_out() {
	machine_background --bind-ro "$SANDBOX/shared:/shared" sh -c 'echo started; sleep 100'
	wait_for_line started
	run_ok floe shell -E HOST_NAMESPACES="$HOST_NAMESPACES" "$NAME" /bin/probe
	assert_match $'(^|\n)probed$' "$OUTPUT"
	assert_no_match BROKEN "$OUTPUT"
	assert_absent "$SANDBOX/shared/escaped"
	kill "$FLOE"
	machine_wait
}

# Inside, somebody watches for processes that come in and looks at all they hold while they do.
# (Without a user namespace root inside has the host's CAP_SYS_PTRACE, and can.)
test_shell_cannot_be_ambushed() {
	cat >watch.c <<-'END'
		#define _GNU_SOURCE
		#include <dirent.h>
		#include <fcntl.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		#include <sys/ptrace.h>
		#include <unistd.h>
		/* Prints what it can open of a new process that is not of the tree. */
		static void look(int pid)
		{
			char path[64], target[512];
			ssize_t n;
			snprintf(path, sizeof path, "/proc/%d/exe", pid);
			n = readlink(path, target, sizeof target - 1);
			if (n > 0) {
				target[n] = 0;
				if (strncmp(target, "/bin/", 5) != 0)
					printf("exe %s\n", target);
				int fd = open(path, O_WRONLY | O_CLOEXEC);
				if (fd >= 0) { printf("writable %s\n", target); close(fd); }
			}
			for (int i = 0; i < 32; i++) {
				snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, i);
				n = readlink(path, target, sizeof target - 1);
				if (n <= 0)
					continue;
				target[n] = 0;
				if (i > 2 && strncmp(target, "/bin", 4) != 0)
					printf("fd %d %s\n", i, target);
			}
			snprintf(path, sizeof path, "/proc/%d/root/var/lib/machines", pid);
			if (access(path, F_OK) == 0)
				printf("root\n");
		}
		int main(void)
		{
			int highest = getpid();
			setvbuf(stdout, NULL, _IONBF, 0);
			puts("started");
			for (;;) {
				for (int pid = highest + 1; pid < highest + 6; pid++) {
					look(pid);
				}
				DIR *d = opendir("/proc");
				struct dirent *e;
				while ((e = readdir(d))) {
					int pid = atoi(e->d_name);
					if (pid > highest) {
						for (int i = 0; i < 50; i++) look(pid);
						highest = pid;
					}
				}
				closedir(d);
			}
		}
	END
	gcc -static -O2 -o "$ROOT/bin/watch-all" watch.c
	ambush
	MODE=no ambush --drop-capability=CAP_SYS_PTRACE
}

ambush() { # OPTION...
	local i
	machine_background "$@" /bin/watch-all
	wait_for_line started
	for ((i = 0; i < 40; i++)); do
		run_ok floe shell "$NAME" /bin/true
	done
	kill "$FLOE"
	machine_wait
	assert_eq started "$(sort -u out)" "what was seen of those that came in"
}

# The command is the tree's to choose: PID 1 that is "/proc/self/exe" must not be floe (CVE-2019-5736).
test_a_program_that_is_a_link_to_proc_self_exe() {
	local before
	before=$(sha256sum "$BUILD/floe" "$BUILD"/libfloe.so.0)
	ln -s /proc/self/exe "$ROOT/bin/self"
	printf '#!/proc/self/exe\n' >"$ROOT/bin/script"
	chmod +x "$ROOT/bin/script"
	local MODE
	for MODE in pick no; do
		run machine /bin/self --version
		assert_no_match 'floe [0-9]' "$OUTPUT" "floe's own program ran inside"
		run machine /proc/self/exe --version
		assert_no_match 'floe [0-9]' "$OUTPUT" "floe's own program ran inside"
		run machine /bin/script
		machine_background sh -c 'echo started; sleep 20'
		wait_for_line started
		run floe shell "$NAME" /proc/self/exe --version
		assert_no_match 'floe [0-9]' "$OUTPUT" "floe's own program ran inside"
		kill "$FLOE"
		machine_wait
	done
	assert_eq "$before" "$(sha256sum "$BUILD/floe" "$BUILD"/libfloe.so.0)" "floe's program"
}

run_tests
