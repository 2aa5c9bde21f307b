#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Trees made to do harm: links, fifos, sockets and devices where mounts and files go, names and
# permissions nobody expects. Each either starts or is refused within seconds, nothing outside of
# the tree changes, and nothing of the host's is seen inside.
# shellcheck disable=SC2034 # a setting of the harness
TEST_TIMEOUT=120
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../integration/machine.bash"

# Seconds that a start or a refusal may take.
PATIENCE=10

# ---- What must not change, and must not be seen ----------------------------------------------

SECRET=canary-$RANDOM$RANDOM$RANDOM
CANARY=$SANDBOX/canary

make_canaries() {
	mkdir -p "$CANARY/directory/below"
	echo "$SECRET" >"$CANARY/file"
	echo "$SECRET" >"$CANARY/directory/file"
	chmod 600 "$CANARY/file"
	chmod 700 "$CANARY/directory"
	ln -s file "$CANARY/link"
	mkfifo "$CANARY/fifo"
}

# Every thing that a hostile tree points to, in detail: times and contents too.
canary_state() {
	find "$CANARY" /var/spool /srv /mnt /opt /home -maxdepth 3 \
		-printf '%p %y %m %U:%G %s %T@ %C@ %l\n' | sort
	stat -c '%n %f %s %u %g %Y %Z %i' /etc /etc/shadow /etc/passwd /etc/group /etc/resolv.conf \
		/etc/localtime /etc/machine-id /dev /dev/pts / /usr /var /root
	sha256sum "$CANARY/file" "$CANARY/directory/file" /etc/shadow /etc/passwd /etc/group
	cat /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname
	awk '{ $1 = $2 = ""; print }' /proc/self/mountinfo | sort
}

make_canaries

# What the machine looks at: whatever it can read must not have the canary in it.
# /dev/stdout would be read into itself.
LOOK='for f in /proc/mounts /etc/* /run/* /run/host/* /tmp/* /tmp/*/* /dev/* /nix/* /nix/store/* \
	/mnt/* /mnt/*/* /root/* /sys/* /links/* /links/*/*; do
	case $f in */stdout | */stderr) continue ;; esac
	test -f "$f" -a ! -p "$f" -a ! -c "$f" && cat "$f"
done 2>/dev/null; echo; echo looked'

# Runs a machine of the hostile tree $ROOT in a way; says "started" or the reason.
try_tree() { # OPTION...
	local begin=$SECONDS status=0
	timeout -k 2 "$PATIENCE" floe run -P -D "$ROOT" -M "$NAME" "$@" /bin/sh -c "$LOOK" \
		>seen 2>said </dev/null || status=$?
	((status != 124 && status != 137)) || fail "hangs for $((SECONDS - begin)) s: $*"
	((status == 0 || status == 1)) || fail "status $status: $(<said)"
	grep -aq "$SECRET" seen && fail "the host's file is seen inside: $*"
	if ((status == 0)) && grep -aqx looked seen; then
		echo "started: $*"
	else
		grep -aq '^floe: .*: [A-Z]\|^floe: [a-z].* [a-z]' said ||
			fail "no reason is given: $(<said) $(<seen)"
		echo "refused: $(<said)"
	fi
}

# The ways that a tree is used in.
try_ways() {
	try_tree
	try_tree --private-users=no
	try_tree --private-network --masks
	try_tree --read-only
	try_tree --ephemeral
	try_tree --ephemeral=copy --private-users=no
	try_tree --volatile=overlay
	try_tree --resolv-conf=replace-host --timezone=copy
	try_tree --resolv-conf=bind-host --timezone=bind --private-users=no
	try_tree --resolv-conf=delete --timezone=delete --private-users=no
	try_tree --private-users=no --link-journal=guest --bind "$SANDBOX/bind:/mnt/x" --tmpfs /var/x
	try_tree --bind "$SANDBOX/bind:/links/x" --bind-ro +/links:/mnt/y
	try_tree --private-users=no --overlay-ro +/links:+/etc:/mnt/z --inaccessible /links
	try_tree --private-users-ownership=chown --private-users=655360
}

# A fresh tree for each, made hostile by a command in it.
hostile() { # COMMAND...
	local before after
	ROOT=$TEST_DIR/$NAME
	rm -rf "$ROOT"
	mkdir -p "$ROOT"/bin "$ROOT"/links "$ROOT"/etc "$SANDBOX/bind"
	cp -l "$SANDBOX/$NAME/bin/busybox" "$ROOT/bin/busybox" 2>/dev/null ||
		cp "$SANDBOX/$NAME/bin/busybox" "$ROOT/bin/busybox"
	for applet in sh cat test true; do
		ln -s busybox "$ROOT/bin/$applet"
	done
	echo 11112222333344445555666677778888 >"$ROOT/etc/machine-id"
	(cd "$ROOT" && "$@") || fail "cannot make the tree: $*"
	before=$(canary_state)
	try_ways
	after=$(canary_state)
	[[ $before == "$after" ]] || fail "the host changed for: $*
$(diff <(echo "$before") <(echo "$after"))"
}

# ---- The trees -------------------------------------------------------------------------------

POINTS='proc sys dev run tmp etc/resolv.conf etc/localtime run/host dev/pts dev/shm nix/store
	var/log/journal mnt etc/machine-id root etc/passwd sbin/init'

# Every mount point, and every file that is written, is a link to TARGET.
link_points() { # TARGET
	local point
	for point in $POINTS; do
		mkdir -p "${point%/*}" 2>/dev/null || true
		[[ $point == */* ]] || rm -rf "$point"
		rm -rf "$point" 2>/dev/null
		ln -s "$1" "$point" 2>/dev/null || true
	done
	ln -sfn "$1" links/x
}

test_links_to_the_hosts_files() {
	hostile link_points "$CANARY/file"
	hostile link_points /etc/shadow
}

test_links_to_the_hosts_directories() {
	hostile link_points "$CANARY/directory"
	hostile link_points "../../../../../../../../../..$CANARY/directory"
	hostile link_points /
	hostile link_points ../../..
}

test_links_into_proc() {
	hostile link_points /proc/1/root
	hostile link_points /proc/self/cwd/..
	hostile link_points /proc/self/fd/3
	hostile link_points "/proc/self/root/$CANARY"
}

one_link() { # POINT TARGET
	mkdir -p "$(dirname "$1")"
	rm -rf "$1"
	ln -s "$2" "$1"
}

test_one_link_at_a_time() {
	local point
	for point in proc sys dev run tmp; do
		hostile one_link "$point" "$CANARY/directory"
	done
	for point in etc/resolv.conf etc/localtime etc/machine-id; do
		hostile one_link "$point" "$CANARY/file"
		hostile one_link "$point" "../../../../../../..$CANARY/file"
	done
}

test_links_among_themselves() {
	hostile one_link proc sys
	hostile one_link proc dev
	hostile one_link dev etc
	hostile one_link run bin
	hostile one_link tmp run/host
	hostile one_link sys run/host/notify
}

loops() {
	local point
	for point in $POINTS; do
		rm -rf "$point" 2>/dev/null
		mkdir -p "${point%/*}" 2>/dev/null || true
		ln -s "${point##*/}" "$point" 2>/dev/null || true
	done
	ln -s a links/b
	ln -s b links/a
	ln -sfn a links/x
}

test_loops() {
	hostile loops
}

etc_is_root() {
	rm -rf etc
	ln -s / etc
}

test_etc_is_a_link_to_the_root() {
	hostile etc_is_root
}

special_points() { # COMMAND that makes one
	local point
	for point in $POINTS links/x; do
		[[ $point == etc/machine-id ]] || rm -rf "$point" 2>/dev/null
		mkdir -p "${point%/*}" 2>/dev/null || true
		rm -rf "$point"
		"$@" "$point" 2>/dev/null || true
	done
}

make_socket() {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"
}

make_disk() {
	mknod "$1" b 254 0
}

make_console() {
	mknod "$1" c 5 1
}

test_fifos() {
	hostile special_points mkfifo
}

test_sockets() {
	hostile special_points make_socket
}

test_device_nodes() {
	hostile special_points make_disk
	hostile special_points make_console
}

long_names() {
	local name part path=.
	name=$(printf '%0255d' 0)
	mkdir -p "$name" "etc/$name" "links/$name"
	for ((part = 0; part < 15; part++)); do
		path+=/$name
	done
	mkdir -p "$path"
	ln -s "$(printf '%04094d' 0)" links/long || true
	touch $'links/line\nfeed' $'links/\x01\xff\xfe' 'links/ ' links/-rf 'links/..a' links/...
	ln -sfn "$name/$name/$name" links/x
}

test_long_and_odd_names() {
	hostile long_names
	try_tree --bind "$SANDBOX/bind:/$(printf '%0255d' 0)/x"
	try_tree --bind "$SANDBOX/bind:/$(printf '%0256d' 0)"
	try_tree --tmpfs "/$(printf '%0255d' 0)/$(printf '%0255d' 0)"
}

no_permissions() {
	chmod 0000 etc links
	mkdir -m 0000 proc sys dev run tmp root usr var
}

test_directories_without_permissions() {
	hostile no_permissions
}

immutable() {
	touch etc/resolv.conf etc/localtime
	mkdir tmp run proc sys dev
	chattr +i etc/resolv.conf etc/localtime
	# The directory too: nothing can be made there.
	chattr +i .
}

test_immutable_files() {
	trap 'chattr -R -i "$ROOT" 2>/dev/null || true' EXIT
	hostile immutable
	chattr -i "$ROOT"
}

test_parents_in_mount_targets_are_refused() {
	local target
	for target in /mnt/../../../etc ../x /.. /mnt/.. relative ''; do
		assert_fail floe run -P -D "$ROOT" --bind "$CANARY:$target" true
		assert_fail floe run -P -D "$ROOT" --tmpfs "$target" true
		assert_fail floe run -P -D "$ROOT" --inaccessible "$target" true
		assert_fail floe run -P -D "$ROOT" --overlay "/usr::$target" true
	done
	assert_fail floe run -P -D "$ROOT" --bind "+/../../etc:/mnt" true
}

# The name of a user, a shell or a home is the tree's too.
hostile_users() {
	mkdir -p home
	printf '%s\n' "root:x:0:0:root:$CANARY/directory:/bin/sh" \
		"evil:x:4294967295:4294967295::/../../../..:/bin/sh" \
		"huge:x:99999999999999999999:0::/:/bin/sh" "long:x:1:1:$(printf '%0100000d' 0):/:/bin/sh" \
		"noshell:x:2:2::$CANARY/directory:/../../../bin/ls" ":::::" "broken" >etc/passwd
	printf 'evil:x:4294967295:evil\n%s\n' "$(printf 'g:x:1:%0100000d' 0)" >etc/group
}

test_hostile_users() {
	local user
	hostile hostile_users
	for user in evil huge long noshell broken; do
		try_tree -u "$user"
	done
}

test_hostile_files() {
	hostile sh -c 'head -c 10000000 /dev/zero >etc/machine-id'
	hostile sh -c 'head -c 1000000 /dev/urandom >etc/os-release; head -c 20000000 /dev/zero >etc/passwd'
}

run_tests
