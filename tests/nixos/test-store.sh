#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# /nix/store in every mode: systems boot from it, Nix builds in it with its sandbox on, adds, collects
# garbage and verifies, and the host's store and database stay as they are. Nix 2.26 and 2.8.
TEST_TIMEOUT=400
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$TOP/tests/nixos/lib.sh"

exec 3>&1 # the tables, besides what a test prints when it fails
STORE_OWNED=
if [[ ! -d /nix ]]; then
	mkdir /nix
	STORE_OWNED=1
fi
# Copies of the built stores, which these tests write to.
for donor in trixie bookworm; do
	image=$(DONOR=$donor nixos_image) || exit 1
	mkdir "$SANDBOX/$donor"
	cp -a "$image/host/nix" "$SANDBOX/$donor/"
done
trap '[[ ! $STORE_OWNED ]] || rmdir /nix' EXIT

# ---- Words of these tests ----------------------------------------------------------------------

# The test's host has the store of DONOR: in a mount namespace of the test alone it would not be
# floe's, so it is taken away at the end.
use_store() { # DONOR
	export DONOR=$1
	IMAGE=$(nixos_image)
	SYSTEM=$(<"$IMAGE/toplevel-tarball")
	mount --bind "$SANDBOX/$1/nix" /nix
	trap drop_all EXIT
}

# Activation makes /var/empty immutable: nobody else could remove these trees.
drop_all() {
	local tree
	run floe terminate builder
	run floe terminate other
	[[ ! ${DAEMON:-} ]] || { kill "$DAEMON" && wait "$DAEMON" || true; }
	for tree in "$TEST_DIR"/*/ /var/lib/machines/*/; do
		nixos_remove "${tree%/}"
	done
	rm -rf "$TEST_DIR"/.#floe-store-* /var/lib/machines/.#floe-store-*
	umount /nix
}

# The host's own Nix, on the host's store.
host_nix() { # PROGRAM ARGUMENT...
	local programs=(/nix/store/*-nix-2*/bin)
	${EXEC:-} env -i HOME="$TEST_DIR" NIX_CONF_DIR="$TEST_DIR" NIX_REMOTE="${HOST_REMOTE:-local}" \
		PATH="$PATH" "${programs[0]}/$1" "${@:2}" --option build-users-group "" \
		--option substitute false
}

# Adds FILE to the host's store, by its name; prints the path.
host_add() { # FILE
	host_nix nix-store --add "$1"
}

host_closure() { # PATH
	host_nix nix-store --query --requisites "$1"
}

# Runs a command of the machine "builder".
inside() { # COMMAND...
	run floe shell "${MACHINE:-builder}" "$@"
	((STATUS == 0)) || fail "in the machine: \"$*\" exited with $STATUS
output: $OUTPUT
errors: $ERRORS
$(tail -n 12 "/var/log/floe/${MACHINE:-builder}.log" 2>/dev/null | cat -v)"
}

# The system in the directory "root", which is empty at first.
start_system() { # OPTION...
	mkdir -p root
	run_ok floe start builder -D "$TEST_DIR/root" --system="$SYSTEM" --private-network "$@"
}

# A command in a tree of BusyBox, without a system.
run_in_tree() { # OPTION... COMMAND
	[[ -d tree ]] || busybox_root "$TEST_DIR/tree"
	floe run -q -P -M builder -D "$TEST_DIR/tree" --private-network --timezone=off "$@"
}

# Everything in the host's store, its database, and what else Nix has there.
host_state() {
	find /nix/store -printf '%p %y %m %U:%G %s %T@ %l\n' | sort
	find /nix/var -printf '%p %y %m %U:%G\n' | sort
	python3 - <<-'X'
		import sqlite3
		database = sqlite3.connect("file:/nix/var/nix/db/db.sqlite?immutable=1", uri=True)
		for line in database.iterdump():
		    print(line)
	X
}

# ---- The table ---------------------------------------------------------------------------------

# "ok", "refused" for what a read-only store does not let Nix do; anything else ends the test.
cell() { # COMMAND...
	run floe shell builder "$@"
	if ((STATUS == 0)); then
		echo ok
	elif [[ $OUTPUT$ERRORS == *'Read-only file system'* ]]; then
		echo refused
	else
		echo "in the machine: \"$*\" exited with $STATUS: $OUTPUT $ERRORS" >&2
		return 1
	fi
}

# Its own builds as root, and those of root and a user through its daemon.
build_cells() {
	local root daemon user
	root=$(cell nixtest root)
	daemon=$(cell nixtest daemon)
	user=$(cell nixtest user)
	[[ $daemon == "$user" ]] || fail "builds of root $daemon, of a user $user"
	echo "$root $daemon"
}

# A path that is added, which garbage collection takes away again; then all is well.
store_cells() {
	local add gc verify path
	add=$(cell sh -c 'echo hello >/tmp/added && nix-store --add /tmp/added >/tmp/path')
	gc=$(cell nix-store --gc)
	if [[ $add$gc == okok ]]; then
		inside cat /tmp/path
		path=$OUTPUT
		run floe shell builder test -e "$path"
		((STATUS == 1)) || fail "$path survived"
	fi
	verify=$(cell sh -c 'nix-store --verify --check-contents 2>&1 |
		grep -E "modified|missing|disappeared|error" >&2 && exit 3; exit 0')
	echo "$add $gc $verify"
}

# One line of the table: starts the machine in MODE with the users MODE, and tries everything.
table_row() { # MODE USERS
	local mode=$1 users=$2 options=() host=untouched cells
	case $mode in
	private) ;;
	'ro, private') options=(--store=ro --nix-daemon=private) ;;
	closure) options=(--store=closure --nix-daemon=private) ;;
	*) options=(--store="$mode") ;;
	esac
	host_state >before
	if [[ $mode == private ]]; then
		nixos_unpack root
		run_ok floe start builder -D "$TEST_DIR/root" -b --private-network --private-users="$users"
	else
		start_system --private-users="$users" "${options[@]}"
	fi
	inside systemctl is-system-running --wait
	assert_eq running "$OUTPUT" "state of the system"
	cells='- - - - -'
	[[ $mode == ro ]] || cells="$(build_cells) $(store_cells)"
	run_ok floe stop builder
	host_state >after
	cmp -s before after || host=written
	printf '%-16s %-5s %-6s %-8s %-8s %-8s %-8s %-8s %s\n' "$mode" "$users" ok $cells "$host"
	nixos_remove root
	rm -rf .#floe-store-root
}

HEADING='store            users boot   root     daemon   add      gc       verify   host'
ROWS='private          USERS ok     ok       ok       ok       ok       ok       untouched
ro               USERS ok     -        -        -        -        -        untouched
ro, private      USERS ok     refused  refused  refused  refused  ok       untouched
rw               USERS ok     ok       ok       ok       ok       ok       written
overlay          USERS ok     ok       ok       ok       ok       ok       untouched
closure          USERS ok     refused  refused  refused  ok       ok       untouched
closure+overlay  USERS ok     ok       ok       ok       ok       ok       untouched'

table() { # USERS
	local row mode
	local users
	printf -v users '%-5s' "$1"
	echo "$HEADING" >&3
	while read -r row; do
		mode=$(sed 's/ *USERS.*//' <<<"$row")
		table_row "$mode" "$1" >row
		sed 's/^/        /' row >&3
		assert_eq "${row/USERS/$users}" "$(<row)" "row of the table"
	done <<<"$ROWS"
}

test_table_with_a_user_namespace() {
	use_store trixie
	table pick
}

test_table_without_a_user_namespace() {
	use_store trixie
	table no
}

test_table_of_nix_2_8() {
	use_store bookworm
	table pick
}

# Stage 2 makes it read-only, and who asks for it has it writable again; of the mount, that is: the
# file system that it is on is the host's to remount.
test_an_images_own_store_can_be_remounted() {
	local users
	use_store trixie
	nixos_unpack root
	for users in pick no; do
		run_ok floe start builder -D "$TEST_DIR/root" -b --private-network --private-users="$users"
		run floe shell builder touch /nix/store/written
		assert_match 'Read-only file system' "$ERRORS"
		inside mount --bind -o remount,rw /nix/store
		inside touch /nix/store/written
		inside rm /nix/store/written
		inside mount -o remount,bind,ro,nosuid,nodev /nix/store
		inside mount -o remount,bind,rw,suid,dev /nix/store
		run_ok floe stop builder
	done
}

# ---- A layer of the machine's own --------------------------------------------------------------

# Prints whether PATH is there inside, and valid to the machine's Nix.
seen_inside() { # PATH
	local there=absent valid=invalid
	run floe shell builder test -e "$1"
	((STATUS == 1)) || there=there
	run floe shell builder sh -c "NIX_REMOTE=local nix-store --check-validity $1"
	((STATUS != 0)) || valid=valid
	echo "$there $valid"
}

restart_system() { # OPTION...
	run_ok floe stop builder
	start_system "$@"
}

# What the machine builds stays with it; what changes on the host is followed at the next start.
test_a_layer_lives_with_its_tree() {
	local own old new top
	use_store trixie
	echo old >old-path && old=$(host_add "$TEST_DIR/old-path")
	start_system --store=overlay
	assert_eq "there valid" "$(seen_inside "$old")" "a path of the host"
	inside sh -c 'echo own >/tmp/own && nix-store --add /tmp/own'
	own=$OUTPUT
	inside rm /nix/var/nix/gcroots/none -f
	# Removed by the machine, which the host does not notice.
	top=$(<"$IMAGE/toplevel-prepared")
	inside nix-store --delete "$top"
	assert_eq "absent invalid" "$(seen_inside "$top")" "a path that was deleted inside"
	assert_exists "$top"
	host_nix nix-store --delete "$old"
	echo new >new-path && new=$(host_add "$TEST_DIR/new-path")
	restart_system --store=overlay
	assert_eq "there valid" "$(seen_inside "$own")" "a path of its own after a restart"
	assert_eq "there valid" "$(seen_inside "$new")" "a path that is new on the host"
	assert_eq "absent invalid" "$(seen_inside "$old")" "a path that is gone from the host"
	assert_eq "absent invalid" "$(seen_inside "$top")" "a path that was deleted inside"
	inside nix-store --verify --check-contents
	assert_absent "$own"
	run_ok floe stop builder
}

test_a_throw_away_machine_begins_with_the_layer() {
	local own thrown
	use_store trixie
	start_system --store=closure+overlay
	inside sh -c 'echo own >/tmp/own && nix-store --add /tmp/own'
	own=$OUTPUT
	run_ok floe stop builder
	start_system --store=closure+overlay --ephemeral --machine=builder
	assert_eq "there valid" "$(seen_inside "$own")" "a path of the tree's layer"
	inside sh -c 'echo thrown >/tmp/thrown && nix-store --add /tmp/thrown'
	thrown=$OUTPUT
	inside nix-store --verify --check-contents
	restart_system --store=closure+overlay
	assert_eq "there valid" "$(seen_inside "$own")" "a path of the tree's layer"
	assert_eq "absent invalid" "$(seen_inside "$thrown")" "a path of the throw-away machine"
	run_ok floe stop builder
	assert_eq "" "$(ls -A /var/lib/floe)" "what is left of throw-away layers"
}

# What it made needs what it was given then: another system does not take that away.
test_a_layer_keeps_what_it_was_given() {
	local old
	use_store trixie
	start_system --store=closure+overlay
	inside nixtest root
	run_ok floe stop builder
	old=$SYSTEM
	SYSTEM=$(<"$IMAGE/toplevel-tarball2")
	start_system --store=closure+overlay
	assert_eq "there valid" "$(seen_inside "$old")" "the system of the first start"
	assert_eq "absent invalid" "$(seen_inside "$(<"$IMAGE/toplevel-host")")" "another system"
	inside nix-store --verify --check-contents
	assert_no_match 'disappeared' "$OUTPUT$ERRORS"
	run_ok floe stop builder
}

# A machine that writes nothing leaves nothing, one that is removed takes its layer along.
test_a_layer_goes_with_its_image() {
	use_store trixie
	mkdir /var/lib/machines/builder
	run_ok floe start builder --system="$SYSTEM" --store=overlay --nix-daemon=none --private-network
	run_ok floe stop builder
	run floe list --images
	run_ok floe start builder --system="$SYSTEM" --store=overlay --private-network
	inside sh -c 'echo own >/tmp/own && nix-store --add /tmp/own'
	run_ok floe stop builder
	assert_exists /var/lib/machines/.#floe-store-builder/overlay/db/db.sqlite
	run_ok floe remove builder
	assert_eq "" "$(ls -A /var/lib/machines)" "what is left of the image"
}

test_an_unused_layer_leaves_nothing() {
	use_store trixie
	run_in_tree --store=overlay --nix-daemon=none /bin/true
	assert_absent .#floe-store-tree
	run_in_tree --store=overlay --nix-daemon=none /bin/touch /nix/store/written
	assert_exists .#floe-store-tree/overlay/upper/store/written
	assert_absent /nix/store/written
}

# ---- A closure ---------------------------------------------------------------------------------

# Store paths that are files, links and directories, with names that mean something elsewhere.
add_odd_paths() {
	local name
	ODD=()
	mkdir -p odd
	printf '#!/bin/sh\necho from a file\n' >'odd/-file?=+._' && chmod 755 'odd/-file?=+._'
	head -c 100000 /dev/urandom >odd/plain
	: >odd/empty
	ln -s /nix/store/nowhere odd/link
	mkdir odd/dir && echo inner >odd/dir/file
	for name in '-file?=+._' plain empty link dir; do
		ODD+=("$(host_add "$TEST_DIR/odd/$name")")
	done
}

# The closure of the odd paths and of BusyBox, seen from inside: exactly what the host's Nix says.
closure_is_exact() { # USERS
	local roots=() path outside
	outside=$(<"$IMAGE/toplevel-host")
	for path in "${ODD[@]}" "$SYSTEM"; do
		roots+=(--store-root="$path")
	done
	host_closure "$SYSTEM" | cat - <(printf '%s\n' "${ODD[@]}") | sort >expected
	run_in_tree --private-users="$1" --store=closure "${roots[@]}" \
		/bin/sh -c 'cd /nix/store && for p in *; do echo "/nix/store/$p"; done' | sort >shown
	run_ok diff expected shown
	assert_fail run_in_tree --private-users="$1" --store=closure "${roots[@]}" /bin/ls "$outside"
	assert_match 'No such file' "$ERRORS"
	for path in "${ODD[@]}"; do
		(cd /nix/store && tar -c --mtime=@1 --owner=0 --group=0 "./${path##*/}") | sha256sum >outer
		run_in_tree --private-users="$1" --store=closure "${roots[@]}" \
			/bin/sh -c 'cd /nix/store && tar -c "./$1"' - "${path##*/}" >inner.tar
		mkdir inner && tar -xf inner.tar -C inner
		(cd inner && tar -c --mtime=@1 --owner=0 --group=0 "./${path##*/}") | sha256sum >inner.sum
		rm -rf inner
		run_ok diff outer inner.sum
	done
	run_in_tree --private-users="$1" --store=closure "${roots[@]}" /bin/cat /proc/self/mountinfo >mounts
	assert_eq 1 "$(grep -c ' /nix' mounts)" "mounts on /nix"
}

test_a_closure_shows_nothing_else() {
	use_store trixie
	add_odd_paths
	closure_is_exact pick
	closure_is_exact no
}

test_a_missing_path_is_an_error_before_anything_starts() {
	local path
	use_store trixie
	echo needed >needed && path=$(host_add "$TEST_DIR/needed")
	chmod u+w "$path" && mv "$path" elsewhere
	assert_fail run_in_tree --store=closure --store-root="$SYSTEM" --store-root="$path" /bin/true
	assert_match "the closure needs $path: No such file" "$ERRORS"
	assert_fail run_in_tree --store=closure --store-root="$TEST_DIR/nowhere" /bin/true
	assert_match "cannot use $TEST_DIR/nowhere as a root of the closure: No such file" "$ERRORS"
	host_closure "$SYSTEM" | cat - <(echo "$path") >list
	assert_fail run_in_tree --store=closure --store-closure="$TEST_DIR/list" /bin/true
	assert_match "the closure needs $path: No such file.*nix-store --verify" "$ERRORS"
	assert_eq tree "$(find . -maxdepth 1 -type d -name '[t.]*[!.]' -printf '%P\n')" "directories"
}

test_a_root_that_is_no_valid_path() {
	use_store trixie
	mkdir /nix/store/unregistered
	assert_fail run_in_tree --store=closure --store-root=/nix/store/unregistered /bin/true
	assert_match "Nix's database .* has no valid path /nix/store/unregistered" "$ERRORS"
	assert_fail run_in_tree --store=closure --store-root="$TEST_DIR" /bin/true
	assert_match "a root lies in /nix/store, this one is $TEST_DIR" "$ERRORS"
	assert_fail run_in_tree --store=closure /bin/true
	assert_match "give --system, --store-root or --store-closure" "$ERRORS"
	rmdir /nix/store/unregistered
}

# From each kind of file the same comes as from the database.
test_a_closure_out_of_files() {
	local source shown
	use_store trixie
	host_closure "$SYSTEM" | sort >list
	mkdir info both
	# shellcheck disable=SC2046 # store paths have no blanks
	host_nix nix-store --dump-db $(<list) >registration
	cp list info/store-paths
	cp registration both/registration
	echo nonsense >both/store-paths
	mv /nix/var/nix/db hidden
	for source in list registration info both; do
		shown=$(run_in_tree --store=closure --store-closure="$source" \
			/bin/sh -c 'ls -d /nix/store/*' | sort)
		assert_eq "$(<list)" "$shown" "closure out of $source"
	done
	# A registration is all that a database inside takes; of a list the host's has to know more.
	start_system --store=closure --store-closure=registration --nix-daemon=private
	inside nix-store --verify --check-contents
	run_ok floe stop builder
	assert_fail floe start builder -D "$TEST_DIR/root" --system="$SYSTEM" --store=closure \
		--store-closure=list --nix-daemon=private
	assert_match "cannot read Nix's database" "$ERRORS"
	mv hidden /nix/var/nix/db
	sed -i '/-bash-/d' list
	assert_fail floe start builder -D "$TEST_DIR/root" --system="$SYSTEM" --store=closure \
		--store-closure=list --nix-daemon=private
	assert_match "list is no whole closure: .* needs .*-bash-.*, which is not in it" "$ERRORS"
	assert_fail floe start builder -D "$TEST_DIR/root" --system="$(<"$IMAGE/toplevel-host")" \
		--store=closure --store-closure=registration
	assert_match "the closure in .*registration does not have the system" "$ERRORS"
	sed -i 's/^[0-9a-f]\{64\}$/hash/' registration
	assert_fail run_in_tree --store=closure --store-closure=registration /bin/true
	assert_match "registration, line 2: expected a SHA-256 hash" "$ERRORS"
}

# Which system is booted is the tree's own choice; after a reboot its closure is what is there.
test_a_changed_profile_changes_the_closure() {
	local next
	use_store trixie
	next=$(<"$IMAGE/toplevel-tarball2")
	mkdir -p root/nix/var/nix/profiles root/nix/store
	ln -s "$SYSTEM" root/nix/var/nix/profiles/system
	run_ok floe start builder -D "$TEST_DIR/root" -b --private-network --store=closure
	inside cat /run/floe-test-generation
	assert_eq 1 "$OUTPUT" "generation"
	run floe shell builder test -e "$next"
	((STATUS == 1)) || fail "the next generation is visible"
	inside ln -sfn "$next" /nix/var/nix/profiles/system
	run floe shell builder systemctl reboot
	wait_for 60 is_generation 2
	inside test -e "$next"
	run_ok floe stop builder
}

is_generation() { # NUMBER
	[[ $(floe shell builder cat /run/floe-test-generation) == "$1" ]]
}

# ---- The host's daemon, and what nobody may do -------------------------------------------------

start_host_daemon() {
	printf '%s\n' 'sandbox = false' 'build-users-group =' 'trusted-users = root' >nix.conf
	EXEC='exec' host_nix nix-daemon --daemon >daemon.log 2>&1 &
	DAEMON=$!
	wait_for 10 test -S /nix/var/nix/daemon-socket/socket
}

test_the_hosts_daemon_answers() {
	local users path
	use_store trixie
	assert_fail floe start builder -D "$TEST_DIR" --system="$SYSTEM" --nix-daemon=host
	assert_match "nothing listens on the host's" "$ERRORS"
	start_host_daemon
	for users in pick no; do
		start_system --nix-daemon=host --private-users="$users"
		inside sh -c "echo $users >/tmp/x && NIX_REMOTE=daemon nix-store --add /tmp/x"
		path=$OUTPUT
		assert_eq "$users" "$(<"$path")" "what was added to the host's store"
		inside cat "$path"
		inside grep -c ' /nix/var/nix/' /proc/self/mountinfo
		assert_eq 2 "$OUTPUT" "mounts of the host's state"
		run floe shell builder touch /nix/var/nix/db/x
		((STATUS == 1)) || fail "the host's database could be written to"
		run_ok floe stop builder
	done
}

# Root inside may do what it likes with the mounts it has: the host's files stay what they are.
test_the_hosts_store_cannot_be_written() {
	local users options
	use_store trixie
	host_state >before
	for users in pick no; do
		for options in '--store=ro' '--store=ro --nix-daemon=private' '--store=overlay' \
			"--store=closure --store-root=$SYSTEM" \
			"--store=closure+overlay --store-root=$SYSTEM"; do
			# shellcheck disable=SC2086 # words are meant to split
			run run_in_tree --private-users="$users" $options /bin/sh -c '
				cd /nix/store
				for options in remount,rw remount,bind,rw remount,bind,rw,suid,dev,exec; do
					mount -o "$options" /nix/store 2>/dev/null
				done
				for path in *-nixos-system-nixos-*; do
					chmod u+w "$path" 2>/dev/null
					echo evil >"$path/evil" 2>/dev/null
					rm -rf "$path/etc" 2>/dev/null
				done
				touch /nix/store/evil 2>/dev/null
				umount /nix/store 2>/dev/null
				mount -t tmpfs tmpfs /nix/store/.links 2>/dev/null
				exit 0'
			assert_eq 0 "$STATUS" "status of the attempts: $ERRORS"
			host_state >after
			diff before after || fail "$options, users $users: the host's store changed"
		done
	done
}

test_two_machines_share_a_store() {
	use_store trixie
	host_state >before
	mkdir other
	start_system --store=overlay
	run_ok floe start other -D "$TEST_DIR/other" --system="$SYSTEM" --private-network \
		--store=closure+overlay
	inside nixtest root
	MACHINE=other inside nixtest root
	inside nix-store --gc
	MACHINE=other inside nix-store --gc
	inside nix-store --verify --check-contents
	MACHINE=other inside nix-store --verify --check-contents
	assert_fail floe run -D "$TEST_DIR/root" -M third --store=overlay /bin/true
	run_ok floe stop builder
	run_ok floe stop other
	host_state >after
	diff before after || fail "the host's store changed"
}

# ---- Databases that cannot be loaded -----------------------------------------------------------

test_a_loader_that_fails_is_quoted() {
	use_store trixie
	busybox_root "$TEST_DIR/tree"
	mkdir -p tree/usr/bin
	printf '#!/bin/sh\necho first >&2\necho the disk is full of eels >&2\nexit 1\n' \
		>tree/usr/bin/nix-store
	chmod 755 tree/usr/bin/nix-store
	assert_fail run_in_tree --store=overlay /bin/true
	assert_match 'cannot register [0-9]+ store paths with /usr/bin/nix-store: the disk is full of eels$' \
		"$ERRORS"
	assert_absent .#floe-store-tree
	# One that says more than is kept does not wait for somebody to read it.
	printf '#!/bin/sh\nyes too much | head -n 100000\nexit 0\n' >tree/usr/bin/nix-store
	run_in_tree --store=overlay /bin/true 2>said
	(($(wc -c <said) <= 16384)) || fail "$(wc -c <said) bytes were kept"
}

# Whoever waits for it can give up.
test_a_loader_that_hangs_can_be_ended() {
	local pid
	use_store trixie
	busybox_root "$TEST_DIR/tree"
	mkdir -p tree/usr/bin
	printf '#!/bin/sh\nexec sleep 1000\n' >tree/usr/bin/nix-store
	chmod 755 tree/usr/bin/nix-store
	floe run -q -P -M builder -D "$TEST_DIR/tree" --private-network --store=overlay /bin/true \
		2>messages &
	pid=$!
	wait_for 10 pgrep -x sleep
	kill -TERM "$pid"
	wait "$pid" && fail "it ended well"
	assert_match 'floe: .*(cancelled|ended|given up|stopped)' "$(<messages)"
	assert_eq "[]" "$(floe list --json)" "machines"
}

# Where there is none, stage 2 finds the registration where NixOS's images have it.
test_without_a_loader_the_registration_is_left_to_stage_2() {
	use_store trixie
	run_in_tree --store=closure --store-root="$SYSTEM" --nix-daemon=private /bin/true
	# shellcheck disable=SC2046 # store paths have no blanks
	host_nix nix-store --dump-db $(host_closure "$SYSTEM") | sort >dumped
	run_ok diff <(sort tree/nix-path-registration) dumped
	run_in_tree --store=closure --store-root="$SYSTEM" --nix-daemon=private /bin/true
	# An image whose own store is not registered yet is not to get the host's paths into that.
	cp -a "$SYSTEM" tree/nix/store/
	echo "$SYSTEM" >tree/nix-path-registration
	assert_fail run_in_tree --store=overlay /bin/true
	assert_match 'has a /nix-path-registration of its own store' "$ERRORS"
}

run_tests
