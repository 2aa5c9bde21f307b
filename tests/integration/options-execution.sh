#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Who is run, where, with what in its environment, how it is stopped, and what its end means.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

exit_statuses() {
	assert_status 0 machine sh -c 'exit 0'
	assert_status 3 machine sh -c 'exit 3'
	assert_status 255 machine sh -c 'exit 255'
	# 133 means a reboot to whom supervises us.
	assert_status 1 machine sh -c 'exit 133'
}

test_the_exit_status_is_passed_on() {
	in_both_modes exit_statuses
}

# From inside PID 1 cannot be killed, and a machine whose PID 1 was killed has failed.
test_death_by_a_signal_is_status_1() {
	local leader
	machine_background sh -c 'echo started; sleep 1000'
	wait_for_line started
	leader=$(leader_of "$NAME")
	kill -KILL "$leader"
	machine_wait
	assert_eq 1 "$STATUS"
	assert_status 1 machine sh -c 'ulimit -c 0; exec /bin/busybox sh -c "kill -SEGV \$\$; kill -KILL \$\$; exit 1"'
}

test_the_program_is_looked_up_in_path() {
	assert_inside hello 'echo hello'
	inside echo plain
	assert_eq plain "$OUTPUT"
	own_root
	mkdir "$ROOT/usr/local" "$ROOT/usr/local/bin" "$ROOT/opt"
	printf '#!/bin/sh\necho local $0 $1\n' >"$ROOT/usr/local/bin/tool"
	printf '#!/bin/sh\necho opt\n' >"$ROOT/opt/tool"
	chmod +x "$ROOT/usr/local/bin/tool" "$ROOT/opt/tool"
	inside tool argument
	assert_eq 'local /usr/local/bin/tool argument' "$OUTPUT"
	inside -E PATH=/opt tool
	assert_eq opt "$OUTPUT"
}

test_arguments_arrive_unchanged() {
	# shellcheck disable=SC2016 # expanded inside
	inside sh -c 'for a; do echo "[$a]"; done' - 'a b' '' '--help' '*' $'new\nline' 'ü'
	assert_eq $'[a b]\n[]\n[--help]\n[*]\n[new\nline]\n[ü]' "$OUTPUT"
}

test_a_shell_is_the_default() {
	# shellcheck disable=SC2016 # expanded inside
	OUTPUT=$(echo 'echo $0 $HOME $PWD' | machine)
	assert_match 'sh /root /root$' "$OUTPUT"
}

as_user() {
	assert_inside 'uid=1000(user) gid=1000(user) groups=1000(user),1001(extra)' -u user id
	assert_inside 'uid=1000(user) gid=1000(user) groups=1000(user),1001(extra)' -u 1000 id
	assert_inside '/home/user user user' --user user 'echo $HOME $USER $LOGNAME'
	assert_inside '/' -u user pwd
	OUTPUT=$(echo pwd | machine -u user)
	assert_eq /home/user "$OUTPUT" "where a user's own shell starts"
	assert_inside 'uid=0(root) gid=0(root) groups=0(root)' -u root id
	assert_inside '4242:4242' -u 4242 'echo $(id -u):$(id -g)'
	inside -u user cat /proc/self/status
	assert_match $'CapPrm:\t0000000000000000' "$OUTPUT"
	assert_match $'CapEff:\t0000000000000000' "$OUTPUT"
	assert_refused 'no-such-user.*no such user' machine -u no-such-user id
}

test_user() {
	in_both_modes as_user
}

# A user's files are theirs on disk.
test_a_user_writes_as_itself() {
	own_root
	script_inside -u user 'echo x >/home/user/file'
	assert_eq 1000:1000 "$(stat -c %u:%g "$ROOT/home/user/file")"
	assert_status 1 machine -u user sh -c 'echo x >/etc/file'
	assert_match 'Permission denied' "$ERRORS"
}

test_chdir() {
	assert_inside /etc --chdir=/etc pwd
	assert_inside /home/user -u user --chdir /home/user pwd
	assert_inside /bin --chdir=/sbin 'pwd -P'
	assert_refused 'cannot change to the directory /nowhere.*No such file' \
		machine --chdir=/nowhere true
	assert_refused 'chdir' machine --chdir=relative true
}

test_setenv() {
	export COPIED='from the caller' NOT_COPIED=x
	# shellcheck disable=SC2016 # expanded inside
	script_inside -E 'ONE=1 and = more' --setenv COPIED --setenv=EMPTY= -E TERM=dumb -E ONE=2 \
		'echo "$ONE|$COPIED|${EMPTY-unset}|$TERM|${NOT_COPIED-unset}"'
	assert_eq '2|from the caller||dumb|unset' "$OUTPUT"
	assert_refused 'setenv' machine -E =value true
	assert_refused 'setenv' machine -E 'A B=value' true
}

# PID 1 gets only signals that it handles; a script does.
test_kill_signal() {
	local signal
	for signal in SIGUSR1 RTMIN+3 12; do
		# shellcheck disable=SC2016 # expanded inside
		machine_background --kill-signal="$signal" sh -c '
			for s in 10 12 15 37; do trap "echo got $s; exit 7" $s; done
			echo started
			while :; do sleep 0.05; done'
		wait_for_line started
		kill -TERM "$FLOE"
		machine_wait
		assert_eq 7 "$STATUS" "status after $signal"
		case $signal in
		SIGUSR1) assert_match 'got 10$' "$(<out)" ;;
		RTMIN+3) assert_match 'got 37$' "$(<out)" ;;
		12) assert_match 'got 12$' "$(<out)" ;;
		esac
	done
	assert_refused 'kill-signal' machine --kill-signal=NONSENSE true
}

test_the_second_signal_kills() {
	machine_background --kill-signal=TERM sh -c 'trap "echo ignored" TERM; echo started
		while :; do sleep 0.05; done'
	wait_for_line started
	kill -TERM "$FLOE"
	wait_for_line ignored
	kill -INT "$FLOE"
	machine_wait
	assert_eq 1 "$STATUS"
}

test_without_a_kill_signal_the_first_kills() {
	machine_background sh -c 'trap "echo handled" TERM; echo started
		while :; do sleep 0.05; done'
	wait_for_line started
	kill -TERM "$FLOE"
	machine_wait
	assert_eq 1 "$STATUS"
	assert_no_match handled "$(<out)"
}

# A power-off is the end; a reboot a new start with everything made anew.
power() {
	assert_status 0 machine sh -c 'poweroff -f; sleep 100'
	assert_status 0 machine sh -c 'halt -f; sleep 100'
	assert_inside $'start 1\nstart 2\nstart 3' -E COUNTER=/var/count-"$MODE" '
		echo x >>$COUNTER
		echo start $(wc -l <$COUNTER)
		test ! -e /run/old || echo /run is not new
		touch /run/old
		test $(wc -l <$COUNTER) = 3 || { reboot -f; sleep 100; }'
}

test_power_off_and_reboot() {
	own_root
	in_both_modes power
}

test_keep_unit_hands_a_reboot_up() {
	assert_status 133 machine --keep-unit sh -c 'reboot -f; sleep 100'
	assert_status 0 machine --keep-unit sh -c 'poweroff -f; sleep 100'
	assert_status 5 machine --keep-unit sh -c 'exit 5'
}

# The groups of floe's own making are not used then.
test_keep_unit_stays_in_its_cgroups() {
	local pids
	pids=$(sandbox_pids_hierarchy)
	machine_background --keep-unit sh -c 'echo started; sleep 1000'
	wait_for_line started
	assert_absent "$pids/floe/$NAME"
	assert_match "/${SANDBOX_CGROUP##*/}" "$(<"/proc/$(leader_of "$NAME")/cgroup")"
	kill "$FLOE"
	machine_wait
}

as_pid2() {
	# shellcheck disable=SC2016 # expanded inside
	inside -a sh -c 'echo $$ $(tr "\0" " " </proc/1/cmdline | cut -d " " -f 1)'
	assert_match '^2 .*stub' "$OUTPUT"
	assert_status 3 machine --as-pid2 sh -c 'exit 3'
	assert_status 255 machine -a sh -c 'kill -KILL $$'
	inside -a cat /proc/1/environ
	assert_no_match 'HOME=|PATH=' "$OUTPUT" "the environment of the stub"
}

test_as_pid2() {
	in_both_modes as_pid2
}

test_the_stub_reaps() {
	assert_inside 0 -a '(sleep 0.05 & sleep 0.01 & exec true); sleep 0.3
		cat /proc/[0-9]*/stat 2>/dev/null | grep -c " Z " || true'
}

test_the_stub_knows_the_signals_of_an_init() {
	local signal
	for signal in RTMIN+3 RTMIN+4; do
		machine_background -a --kill-signal=$signal sh -c \
			'trap "echo asked to end; exit 0" TERM; echo started; while :; do sleep 0.05; done'
		wait_for_line started
		kill "$FLOE"
		machine_wait
		assert_eq 0 "$STATUS" "status after $signal"
		assert_match 'asked to end' "$(<out)"
	done
	machine_background -a --keep-unit --kill-signal=INT sh -c \
		'trap "exit 0" TERM; echo started; while :; do sleep 0.05; done'
	wait_for_line started
	kill "$FLOE"
	machine_wait
	assert_eq 133 "$STATUS" "status after a reboot"
}

# What a service manager gets to see; its socket is outside of the machine.
test_the_service_manager_is_told() {
	python3 - "$TEST_DIR/socket" "$TEST_DIR/messages" <<-'END' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		s.settimeout(20)
		with open(sys.argv[2], "w") as f:
		    while True:
		        m = s.recv(4096).decode()
		        f.write(m + "\n--\n")
		        f.flush()
		        if "STOPPING=1" in m:
		            break
	END
	wait_for 10 test -S socket
	NOTIFY_SOCKET=$PWD/socket machine_background --kill-signal=TERM sh -c \
		'trap "exit 0" TERM; echo started; while :; do sleep 0.05; done'
	wait_for_line started
	assert_match 'STATUS=Container running\.' "$(<messages)"
	assert_match "X_NSPAWN_LEADER_PID=$(leader_of "$NAME")" "$(<messages)"
	assert_match 'READY=1' "$(<messages)"
	assert_no_match 'STOPPING' "$(<messages)"
	kill "$FLOE"
	machine_wait
	assert_eq 0 "$STATUS"
	wait_for 5 grep -q STOPPING=1 messages
	wait
}

# Ready when PID 1 inside says so, and only PID 1 is heard.
test_notify_ready_waits_for_pid_1() {
	own_root
	python3 - "$TEST_DIR/socket" "$TEST_DIR/messages" <<-'END' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		s.settimeout(20)
		with open(sys.argv[2], "w") as f:
		    while True:
		        m = s.recv(4096).decode()
		        f.write(m + "\n--\n")
		        f.flush()
		        if "READY=1" in m:
		            break
	END
	wait_for 10 test -S socket
	cat >init.c <<-'END'
		#include <string.h>
		#include <stdio.h>
		#include <sys/socket.h>
		#include <sys/un.h>
		#include <sys/wait.h>
		#include <unistd.h>
		static void say(const char *text)
		{
			struct sockaddr_un a = {AF_UNIX, "/run/host/notify"};
			int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
			sendto(fd, text, strlen(text), 0, (void *)&a, sizeof(a));
			close(fd);
		}
		int main(void)
		{
			if (fork() == 0) {
				say("READY=1\nSTATUS=from a child");
				_exit(0);
			}
			wait(NULL);
			puts("started");
			fflush(stdout);
			while (access("/run/go", F_OK) != 0)
				usleep(20000);
			say("STATUS=all services up");
			say("READY=1");
			pause();
		}
	END
	rm "$ROOT/sbin/init"
	gcc -static -o "$ROOT/sbin/init" init.c
	NOTIFY_SOCKET=$PWD/socket machine_background --boot --notify-ready=yes --kill-signal=KILL
	wait_for_line started
	sleep 0.1
	assert_no_match 'READY=1|from a child' "$(<messages)"
	floe shell "$NAME" touch /run/go
	wait_for 5 grep -q 'READY=1' messages
	assert_match 'STATUS=Container running: all services up' "$(<messages)"
	kill "$FLOE"
	machine_wait
	wait
}

# Two sockets of the caller's become descriptors 3 and 4 of PID 1, and nothing else does.
test_listen_fds_are_passed_on() {
	cat >caller.py <<-'END'
		import os, socket, sys
		a, b = socket.socketpair()
		os.dup2(a.fileno(), 3); os.dup2(b.fileno(), 4); os.dup2(1, 5)
		for fd in 3, 4, 5:
		    os.set_inheritable(fd, True)
		os.environ["LISTEN_FDS"] = "2"
		os.environ["LISTEN_PID"] = str(os.getpid())
		os.execvp(sys.argv[1], sys.argv[1:])
	END
	# shellcheck disable=SC2016 # expanded inside
	run_ok python3 caller.py floe run -P -D "$ROOT" sh -c \
		'echo $LISTEN_FDS $LISTEN_PID $$; ls /proc/1/fd; echo through >&3; head -c 8 <&4'
	assert_eq $'2 1 1\n0\n1\n2\n3\n4\nthrough' "$OUTPUT"
	# Meant for another process: ignored.
	LISTEN_FDS=2 LISTEN_PID=1 assert_inside 'none' 'echo ${LISTEN_FDS-none}'
}

test_quiet() {
	MODE=no
	run_ok floe run -D "$ROOT" --private-users=no true
	assert_match 'note: no user namespace' "$ERRORS"
	run_ok floe run --quiet -D "$ROOT" --private-users=no sh -c 'echo loud'
	assert_no_match 'note:' "$ERRORS"
	assert_match 'loud' "$OUTPUT"
}

run_tests
