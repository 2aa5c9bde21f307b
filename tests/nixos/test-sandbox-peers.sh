#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# One sandboxed Nix build in one tree under floe, systemd-nspawn 257, LXC, runc and crun, side by
# side: a nested user namespace mounts a proc of its own, which the kernel allows only where nothing
# covers what is there. The others are what they are out of the box; all run the same command.
TEST_TIMEOUT=120
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$TOP/tests/nixos/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../integration/net-nspawn.bash
. "$TOP/tests/integration/net-nspawn.bash"

exec 3>&1 # the tables, besides what a test prints when it fails
TRIXIE=$("$TOP/tests/nixos/trixie.sh") || exit 1
STORE_OWNED=
if [[ ! -d /nix ]]; then
	mkdir /nix
	STORE_OWNED=1
fi
trap '[[ ! $STORE_OWNED ]] || rmdir /nix' EXIT

# ---- The tree and the command ------------------------------------------------------------------

# An image that was booted once, so that it has its /etc, users and database.
prepare_tree() { # DONOR
	export DONOR=$1
	IMAGE=$(nixos_image)
	SYSTEM=$(<"$IMAGE/toplevel-tarball")
	mkdir store
	cp -a "$IMAGE/host/nix" store/
	mount --bind store/nix /nix
	trap drop_tree EXIT
	nixos_unpack root
	run_ok floe start builder -D "$TEST_DIR/root" -b --private-network
	run_ok floe stop builder
	COMMAND=("$SYSTEM/sw/bin/env" -i PATH="$SYSTEM/sw/bin" HOME=/root
		"$SYSTEM/sw/bin/nixtest" root)
	# LXC wants a program without arguments, and shows nothing without a terminal.
	{
		echo "#!$SYSTEM/sw/bin/bash"
		echo 'exec >/result 2>&1'
		printf '%q ' exec "${COMMAND[@]}"
	} >root/run-nixtest
	chmod 755 root/run-nixtest
}

drop_tree() {
	run floe terminate builder
	nixos_remove "$TEST_DIR/root"
	umount /nix
	rm -rf /run/systemd /run/lxc # what the others leave, in a /run of the tests' own
}

# ---- The managers ------------------------------------------------------------------------------

floe_run() { # OPTION...
	floe run -q -P -D "$TEST_DIR/root" -M builder --private-network "$@" "${COMMAND[@]}"
}

# The program of the other Debian, with the libraries it was made for.
nspawn_run() { # OPTION...
	local libraries loader
	libraries=$(echo "$TRIXIE"/usr/lib/*-linux-gnu)
	loader=$(echo "$TRIXIE"/usr/lib*/ld-linux*.so.*)
	in_nspawn_cgroups "$loader" --library-path "$libraries:$libraries/systemd" "$TRIXIE/usr/bin/systemd-nspawn" \
		--quiet --register=no --keep-unit --console=pipe -D "$TEST_DIR/root" -M builder \
		--private-network "$@" "${COMMAND[@]}"
}

lxc_run() { # LINE... of configuration
	printf '%s\n' 'lxc.include = /usr/share/lxc/config/common.conf' 'lxc.uts.name = builder' \
		'lxc.net.0.type = empty' 'lxc.apparmor.profile = unconfined' \
		"lxc.rootfs.path = dir:$TEST_DIR/root" 'lxc.init.cmd = /run-nixtest' "$@" >lxc.conf
	mkdir -p lxc
	rm -f root/result
	lxc-start -F -n builder -P "$TEST_DIR/lxc" -f lxc.conf -l ERROR -o lxc.log || true
	cat root/result lxc.log
	find /sys/fs/cgroup -depth -type d -name 'lxc*' -exec rmdir {} + 2>/dev/null || true
}

# What "runc spec" writes, and what it takes for the tree: to be writable, and no terminal.
oci_spec() { # FILTER
	rm -rf bundle
	mkdir bundle
	(cd bundle && runc spec)
	jq --arg root "$TEST_DIR/root" \
		'.root = {path: $root, readonly: false} | .process.terminal = false
		| .process.args = $ARGS.positional'" | $1" bundle/config.json \
		--args -- "${COMMAND[@]}" >config.json
	mv config.json bundle/
}

ALL_CAPABILITIES='(["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
	"CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_SYS_CHROOT", "CAP_MKNOD", "CAP_SETFCAP",
	"CAP_NET_ADMIN", "CAP_SYS_ADMIN"]) as $all
	| .process.capabilities = {bounding: $all, effective: $all, permitted: $all}'

runc_run() { # FILTER
	oci_spec "$1"
	runc --root "$TEST_DIR/runc" run --bundle bundle builder
}

# It takes no hybrid of both versions of control groups: it gets a view without the second.
crun_run() { # FILTER
	oci_spec "$1"
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount --propagation private sh -c '
		if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
		exec "$@"' - \
		crun --root "$TEST_DIR/crun" --cgroup-manager=disabled run --bundle bundle builder
}

# ---- Side by side ------------------------------------------------------------------------------

# The kernel's refusal in the words of both Nixes; and what 2.8 says before it comes to that, where
# root has three capabilities.
REFUSED='kernel namespaces|mounting /proc: Operation not permitted|cannot kill processes for uid'

# Runs COMMAND... and prints a line of the table; what is WANTED has to come.
compare() { # WANTED NAME COMMAND...
	local wanted=$1 name=$2 got=FAIL reason
	shift 2
	run "$@"
	[[ $OUTPUT != *PASS* ]] || got=PASS
	reason=$(grep -E "^(PASS|FAIL) " <<<"$OUTPUT" || tail -n 1 <<<"$OUTPUT$ERRORS")
	reason=${reason#* root: }
	[[ $got == PASS ]] || reason=${reason##*error: }
	printf '        %-38s %s  %.120s\n' "$name" "$got" "$reason" >&3
	[[ $got == "$wanted" ]] || fail "$name: $got instead of $wanted
output: $OUTPUT
errors: $ERRORS"
	# That the build failed, and not the manager.
	[[ $got == PASS || $OUTPUT =~ ^FAIL.*($REFUSED) ]] || fail "$name failed otherwise
output: $OUTPUT
errors: $ERRORS"
}

side_by_side() {
	local users mode
	for users in pick no; do
		compare PASS "floe, --private-users=$users" floe_run --private-users="$users"
		compare PASS "floe, $users, --masks" floe_run --private-users="$users" --masks
		for mode in rw overlay closure+overlay; do
			compare PASS "floe, $users, --store=$mode" \
				floe_run --private-users="$users" --store="$mode"
		done
	done
	compare FAIL "nspawn 257" nspawn_run
	compare FAIL "nspawn 257 -U" nspawn_run --private-users=pick --private-users-ownership=map
	compare FAIL "lxc" lxc_run
	compare FAIL "runc" runc_run .
	compare FAIL "runc, CAP_SYS_ADMIN and others" runc_run "$ALL_CAPABILITIES"
	compare FAIL "crun" crun_run .
	compare FAIL "crun, CAP_SYS_ADMIN and others" crun_run "$ALL_CAPABILITIES"
}

test_nix_2_26_builds_under_floe_alone() {
	prepare_tree trixie
	side_by_side
}

test_nix_2_8_builds_under_floe_alone() {
	prepare_tree bookworm
	side_by_side
}

# ---- Others that make namespaces inside --------------------------------------------------------

# Programs of this host with their libraries, for a tree that has none of these.
bring_bwrap() {
	local program file
	program=$(type -P bwrap)
	mkdir -p root/opt/lib
	cp "$program" root/opt/bwrap.real
	ldd "$program" | grep -oE '/[^ ]+' | while read -r file; do
		cp -L "$file" root/opt/lib/
	done
	printf '%s\n' '#!/bin/sh' 'exec /opt/lib/ld-linux*.so.* --library-path /opt/lib /opt/bwrap.real "$@"' \
		>root/opt/bwrap
	chmod 755 root/opt/bwrap
}

bring_floe() {
	[[ -x $BUILD/static/floe ]] || make -s -C "$TOP" STATIC=1 BUILD="$BUILD" all >&2
	cp "$BUILD/static/floe" root/opt/floe
}

# A tree for a machine in the machine: users and settings of the outer one, programs of its store.
make_inner() {
	mkdir -p root/inner/{etc,root,tmp} root/inner/nix/var/nix/profiles
	ln -s "$SYSTEM" root/inner/nix/var/nix/profiles/system
}

# As a service of the machine: processes that "floe shell" brings in are in a cgroup beside its own,
# from which the kernel lets nobody inside move.
service() { # COMMAND...
	run floe shell builder systemd-run -q --wait --pipe \
		-E PATH="/run/wrappers/bin:/run/current-system/sw/bin" "$@"
	((STATUS == 0)) || fail "in the machine: \"$*\" exited with $STATUS
output: $OUTPUT
errors: $ERRORS"
}

nested_sandboxes() { # USERS
	local users
	run_ok floe start builder -D "$TEST_DIR/root" -b --private-network --private-users="$1"
	for users in root alice; do
		service runuser -u "$users" -- /opt/bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev \
			/bin/sh -c 'cd /proc && echo [0-9]*'
		assert_match '^1 2( 3)?$' "$OUTPUT" "processes in bubblewrap, of $users"
	done
	service sh -c 'cp -L /etc/passwd /etc/group /inner/etc/ && cp -rL /etc/nix /inner/etc/'
	for users in no identity; do
		service /opt/floe run -q -P -M inner -D /inner --private-network --private-users="$users" \
			--store=overlay "${COMMAND[@]}"
		assert_match '^PASS root: ' "$OUTPUT" "build in a machine in a machine"
	done
	run_ok floe stop builder
}

test_bubblewrap_and_floe_work_inside() {
	prepare_tree trixie
	mkdir root/opt
	bring_bwrap
	bring_floe
	make_inner
	nested_sandboxes pick
	nested_sandboxes no
}

run_tests
