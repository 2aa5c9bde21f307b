#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What is refused: wishes that make no sense before anything is touched, and failures in the middle
# that leave nothing behind; each says what was being done, to what and why.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

# One line of a table: a part of the message, then the words after "floe". @ROOT@ is the tree.
refuse_all() { # with lines "MESSAGE | WORD..." on standard input
	local line message words before after failed=0
	before=$(find /run /var/lib/floe "$ROOT" | sort)
	while IFS= read -r line; do
		[[ $line ]] || continue
		message=${line%% | *}
		words=${line#* | }
		words=${words//@ROOT@/$ROOT}
		eval "run floe $words"
		ERRORS=${ERRORS%$'\n'See*help?.}
		if ((STATUS != 1)) || [[ $OUTPUT || $ERRORS != *"$message"* || $ERRORS != 'floe: '* ]] ||
			((${#ERRORS} > 1100)) || [[ $ERRORS == *$'\n'* ]]; then
			printf 'floe %s\n  wanted: %s\n  status: %s\n  output: %s\n  errors: %s\n' \
				"$words" "$message" "$STATUS" "$OUTPUT" "$ERRORS"
			failed=1
		fi
	done
	after=$(find /run /var/lib/floe "$ROOT" | sort)
	[[ $before == "$after" ]] || fail "changed: $(diff <(echo "$before") <(echo "$after"))"
	((failed == 0)) || fail "see above"
}

test_wishes_that_make_no_sense() {
	refuse_all <<-'END'
		there is no verb 'rum'; did you mean 'run'? | rum
		no option --before | --before run
		there is no option --nonsense | run --nonsense
		-D needs a value: PATH | run -D
		--bind needs a value: SOURCE | run -D @ROOT@ --bind
		takes no value | run -D @ROOT@ --quiet=yes true
		--machine | run -D @ROOT@ -M '-bad' true
		--machine | run -D @ROOT@ -M "$(printf %0300d 0)" true
		--hostname | run -D @ROOT@ --hostname 'a b' true
		--uuid | run -D @ROOT@ --uuid=123 true
		--setenv | run -D @ROOT@ -E 1=2=3 -E =x true
		--chdir | run -D @ROOT@ --chdir etc true
		--kill-signal | run -D @ROOT@ --kill-signal=99 true
		--kill-signal | run -D @ROOT@ --kill-signal=0 true
		--private-users | run -D @ROOT@ --private-users=4294967295 true
		--private-users | run -D @ROOT@ --private-users=1:-1 true
		--private-users-ownership | run -D @ROOT@ --private-users-ownership=mine true
		--capability | run -D @ROOT@ --capability=CAP_NONE true
		--drop-capability | run -D @ROOT@ --drop-capability=CAP_CHOWN,, true
		--ambient-capability | run -D @ROOT@ --ambient-capability=all true
		--system-call-filter | run -D @ROOT@ --system-call-filter= true
		--rlimit | run -D @ROOT@ --rlimit=NOFILE true
		--rlimit | run -D @ROOT@ --rlimit=NOFILE=x true
		--rlimit | run -D @ROOT@ --rlimit=NOFILE=-1 true
		--oom-score-adjust | run -D @ROOT@ --oom-score-adjust=-1001 true
		--cpu-affinity | run -D @ROOT@ --cpu-affinity=a true
		--personality | run -D @ROOT@ --personality=arm true
		--tasks-max | run -D @ROOT@ --tasks-max=0 true
		--bind | run -D @ROOT@ --bind=/etc:etc true
		--bind | run -D @ROOT@ --bind=/etc:/ true
		--bind | run -D @ROOT@ --bind='/etc:/x:ro' true
		backslash | run -D @ROOT@ --bind='/etc:/x\' true
		--tmpfs | run -D @ROOT@ --tmpfs=/ true
		--tmpfs | run -D @ROOT@ --tmpfs=/x:upperdir=/etc true
		--overlay | run -D @ROOT@ --overlay=/etc true
		--overlay | run -D @ROOT@ --overlay=/etc:+/x:/y true
		--inaccessible | run -D @ROOT@ --inaccessible=/ true
		--resolv-conf | run -D @ROOT@ --resolv-conf=copy true
		--timezone | run -D @ROOT@ --timezone=utc true
		--link-journal | run -D @ROOT@ --link-journal=maybe true
		--load-credential | run -D @ROOT@ --load-credential=x true
		--set-credential | run -D @ROOT@ --set-credential=../x:y true
		--console | run -D @ROOT@ --console=none true
		--volatile | run -D @ROOT@ --volatile=maybe true
		--ephemeral | run -D @ROOT@ --ephemeral=maybe true
		--store | run -D @ROOT@ --store=maybe true
		--register | run -D @ROOT@ --register=yes true
		--private-network | run -D @ROOT@ --private-network=maybe true
		the command to run is empty | run -D @ROOT@ ''
		control characters | run -D @ROOT@ --bind=$'/etc:/a\nb' true
	END
}

test_wishes_that_do_not_go_together() {
	refuse_all <<-'END'
		cannot be combined | run -D @ROOT@ -a -b
		cannot be combined | run -D @ROOT@ -b --ambient-capability=CAP_CHOWN
		--ephemeral and --volatile both | run -D @ROOT@ -x --volatile true
		cannot be combined | run -D @ROOT@ --private-users-ownership=chown --volatile=overlay true
		cannot be combined | run -D @ROOT@ --private-users-ownership=chown --read-only true
		cannot be combined | run -D @ROOT@ -x --link-journal=host true
		cannot be combined | run -D @ROOT@ --private-users=no --bind=/etc:/x:rootidmap true
		is no such range of 65536 | run -D @ROOT@ --private-users=65536:10 --private-users-ownership=chown true
		not among the capabilities | run -D @ROOT@ --ambient-capability=CAP_SYS_MODULE true
		cannot be combined with --user | run -D @ROOT@ -u user --set-credential=a:b true
	END
}

test_things_that_are_not_there() {
	refuse_all <<-'END'
		/no/such/tree: No such file or directory | run -D /no/such/tree true
		/etc/passwd: Not a directory | run -D /etc/passwd true
		no-such-image | run -M no-such-image true
		no-such-image | start no-such-image
		no-such-machine | shell no-such-machine
		no-such-machine | stop no-such-machine
		no-such-machine | terminate no-such-machine
		cannot use /none as a mount source: No such file | run -D @ROOT@ --bind=/none:/x true
		/none | run -D @ROOT@ --overlay=/none:/tmp:/x true
		cannot use /etc/passwd as an overlay layer: Not a directory | run -D @ROOT@ --overlay-ro=/etc/passwd:/etc:/x true
		cannot make /none inaccessible: No such file | run -D @ROOT@ --inaccessible=/none true
		as nobody-at-all | run -D @ROOT@ -u nobody-at-all true
		cannot open the system /nix/store/none | run -D @ROOT@ --system=/nix/store/none
		names no CPU of this host | run -D @ROOT@ --cpu-affinity=8000 true
	END
}

# Failures after the start has begun. Mount points that were made in the tree stay.
fails_with() { # REGEX OPTION... COMMAND...
	local before after
	before=$(find "$ROOT" /run /var/lib/floe -printf '%p %y %m\n' | sort)
	assert_refused "$@"
	after=$(find "$ROOT" /run /var/lib/floe -printf '%p %y %m\n' | sort)
	[[ $before == "$after" ]] || fail "changed by ${*:2}:
$(diff <(echo "$before") <(echo "$after"))"
}

failures_in_the_middle() {
	fails_with 'cannot execute /no/program: No such file' machine /no/program
	fails_with 'cannot execute no-program.*No such file' machine no-program
	fails_with 'cannot execute /etc/passwd: Permission denied' machine /etc/passwd
	fails_with 'cannot execute /etc: ' machine /etc
	fails_with 'cannot execute /bin/bad-interpreter: No such file.*interpreter' machine /bin/bad-interpreter
	fails_with 'cannot execute /bin/odd-program: Exec format error' machine /bin/odd-program
	fails_with 'cannot change to the directory /none: No such file' machine --chdir=/none true
	fails_with 'cannot change to the directory /etc/passwd: Not a directory' machine --chdir=/etc/passwd true
	fails_with '/etc/passwd.*: Not a directory' machine --bind /usr:/etc/passwd/x true
	fails_with '/etc.*: Is a directory' machine --bind /etc/hostname:/etc true
	fails_with '/proc/x.*: ' machine --bind /usr:/proc/x true
	fails_with '/none.*: No such file' machine --network-namespace-path=/none true
	fails_with 'tmpfs.*: Invalid argument' machine --tmpfs /x:size=nonsense true
}

test_failures_in_the_middle_leave_nothing() {
	own_root
	machine true
	mkdir "$ROOT/x"
	printf '#!/no/interpreter\n' >"$ROOT/bin/bad-interpreter"
	printf 'neither\0this nor that' >"$ROOT/bin/odd-program"
	chmod +x "$ROOT/bin/bad-interpreter" "$ROOT/bin/odd-program"
	in_both_modes failures_in_the_middle
}

test_a_busy_name() {
	machine_background sh -c 'echo started; sleep 100'
	wait_for_line started
	assert_refused "$NAME.*already|$NAME.*running|$NAME.*in use" machine -x -M "$NAME" true
	# Another name, the same tree.
	assert_refused "$ROOT" machine -M "$NAME-other" true
	assert_match 'in use|another|locked' "$ERRORS"
	kill "$FLOE"
	machine_wait
	inside true
}

# The unit's group takes no children.
test_cgroups_that_cannot_be_made() {
	local top=/sys/fs/cgroup
	awk -v top=$top '{ for (i = 7; $i != "-"; i++) } $(i + 1) == "cgroup2" && $5 == top { found = 1 }
		END { exit !found }' /proc/self/mountinfo || top=$top/unified
	FULL=$top/$NAME-full
	mkdir "$FULL"
	trap 'rmdir "$FULL"' EXIT
	echo 0 >"$FULL/cgroup.max.descendants"
	# shellcheck disable=SC2016 # expanded by the inner shell
	assert_refused "cannot make the cgroup $FULL/.*: Resource temporarily unavailable" \
		bash -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$FULL" \
		floe run -P -D "$ROOT" --keep-unit true
	assert_absent "/run/floe/$NAME"
}

test_directories_that_cannot_be_written() {
	mkdir -p /run/floe
	mount -t tmpfs -o ro tmpfs /run/floe
	trap 'umount /run/floe' EXIT
	assert_refused '/run/floe.*Read-only file system' machine true
	umount /run/floe
	rmdir /run/floe
	mount -t tmpfs -o ro tmpfs /var/lib/floe
	trap 'umount /var/lib/floe' EXIT
	assert_refused '/var/lib/floe/machines.*Read-only file system' machine -x true
	assert_absent "/run/floe/$NAME"
}

test_no_space_left() {
	mkdir small
	mount -t tmpfs -o size=16k,nr_inodes=8 tmpfs small
	trap 'umount "$TEST_DIR/small"' EXIT
	mkdir small/root
	assert_refused 'No space left on device' floe run -P -D small/root -M "$NAME" true
	assert_absent "/run/floe/$NAME"
}

test_too_few_privileges() {
	assert_refused 'ermi|root' setpriv --reuid=1000 --regid=1000 --clear-groups \
		floe run -P -D "$ROOT" true
}

run_tests
