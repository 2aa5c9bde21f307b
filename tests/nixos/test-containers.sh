#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Containers that NixOS has written down, run by floe on this host without systemd: from the files in
# /etc/nixos-containers alone, with the host's store.
# shellcheck disable=SC2034 # settings of the harness
TEST_TIMEOUT=120
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$TOP/tests/nixos/lib.sh"

IMAGE=$(nixos_image) || exit 1
ONE=$(<"$IMAGE/toplevel-host") TWO=$(<"$IMAGE/toplevel-host2")
ROOTS=/var/lib/nixos-containers
PROFILES=/nix/var/nix/profiles/per-container
GCROOTS=/nix/var/nix/gcroots/per-container
OWNED=()

# ---- A host like NixOS's -----------------------------------------------------------------------

# The mount points are on the host; what is mounted there is of this script alone. The store's files
# are those of the cache by other names, all that may be written is a copy.
make_host() {
	local directory
	mkdir "$SANDBOX"/{nix,roots,etc,work,legacy}
	cp -al "$IMAGE/host/nix/store" "$SANDBOX/nix/"
	cp -a "$IMAGE/host/nix/var" "$SANDBOX/nix/"
	mkdir "$SANDBOX/nix/var/nix/daemon-socket"
	for directory in /nix "$ROOTS" /var/lib/containers; do
		[[ -d $directory ]] || { mkdir "$directory" && OWNED+=("$directory"); }
	done
	mount --bind "$SANDBOX/nix" /nix
	mount --bind "$SANDBOX/roots" "$ROOTS"
	mount --bind "$SANDBOX/legacy" /var/lib/containers
	mount -t overlay -o "lowerdir=/etc,upperdir=$SANDBOX/etc,workdir=$SANDBOX/work" overlay /etc
	mkdir -p /etc/nixos-containers /etc/containers
}

drop_host() {
	umount -l /nix "$ROOTS" /var/lib/containers /etc
	((${#OWNED[@]} == 0)) || rmdir "${OWNED[@]}" 2>/dev/null
}

trap drop_host EXIT
make_host

# ---- Words of these tests ----------------------------------------------------------------------

# Containers are ended, and nothing of them is left for the next test.
drop_containers() {
	local name root
	for name in $(floe list --json | jq -r '.[].name'); do
		run floe terminate "$name"
	done
	run floe gc
	for root in "$ROOTS"/* /var/lib/containers/* /var/lib/machines/*; do
		nixos_remove "$root"
	done
	rm -f /etc/nixos-containers/*.conf /etc/containers/*.conf
	rm -rf "$PROFILES" "$GCROOTS"
}

# What is written to /nix must not be written to the host's: a directory that is removed by somebody
# takes what is mounted there along.
begin() {
	mountpoint -q /nix || fail "the store of these tests is no longer mounted"
	trap drop_containers EXIT
}

conf() { # NAME, the file on standard input
	cat >"/etc/nixos-containers/$1.conf"
}

# As the module writes it for containers.NAME with privateNetwork, addresses and a port.
conf_declared() { # NAME SYSTEM [LINE...]
	printf '%s\n' "SYSTEM_PATH=$2" COPY_RESOLV_CONF=0 PRIVATE_NETWORK=1 HOST_ADDRESS=10.233.7.1 \
		LOCAL_ADDRESS=10.233.7.2 HOST_ADDRESS6=fc00::7:1 LOCAL_ADDRESS6=fc00::7:2 \
		HOST_PORT=tcp:8080:80 PRIVATE_USERS=pick INTERFACES= MACVLANS= AUTO_START=1 \
		"EXTRA_NSPAWN_FLAGS=" "${@:3}" | conf "$1"
}

inside() { # COMMAND...
	run floe shell "${NAME:-foo}" "$@"
	((STATUS == 0)) || fail "in the container: \"$*\" exited with $STATUS
output: $OUTPUT
errors: $ERRORS
$(tail -n 12 "/var/log/floe/${NAME:-foo}.log" | cat -v)"
}

assert_inside() { # EXPECTED COMMAND...
	inside "${@:2}"
	assert_eq "$1" "$OUTPUT" "output of \"${*:2}\""
}

leader() {
	floe list --json | jq -r --arg name "${NAME:-foo}" '.[] | select(.name == $name) | .leader // empty'
}

has_other_leader() { # PID
	local now
	now=$(leader)
	[[ $now && $now != "$1" ]]
}

is_ready() {
	[[ $(floe list --json | jq -r --arg name "${NAME:-foo}" '.[] | select(.name == $name) | .state') == ready ]]
}

# A server inside that answers with the name of the container.
serve_inside() {
	inside sh -c 'mkdir -p /srv && cat /proc/sys/kernel/hostname >/srv/name'
	inside systemd-run --unit=web --quiet busybox httpd -f -p 80 -h /srv
	wait_for 10 floe shell "${NAME:-foo}" sh -c 'busybox netstat -ltn | grep -q :80'
}

answer() { # URL
	curl --silent --show-error --max-time 5 --noproxy '*' "$1"
}

addresses_inside() { # 4|6
	inside ip -o "-$1" address show dev eth0 scope global
	awk '{ print $4 }' <<<"$OUTPUT" | xargs
}

# ---- Declared containers -------------------------------------------------------------------------

check_running() {
	assert_inside running systemctl is-system-running --wait
	assert_inside declared cat /proc/sys/kernel/hostname
	assert_inside "$1" readlink /run/current-system
}

check_addresses() {
	assert_inside eth0 sh -c 'ls /sys/class/net | grep -v lo'
	assert_eq 10.233.7.2/32 "$(addresses_inside 4)"
	assert_eq fc00::7:2/128 "$(addresses_inside 6)"
	inside ip -4 route
	assert_match 'default via 10.233.7.1 dev eth0' "$OUTPUT"
	inside ip -6 route
	assert_match 'default via fc00::7:1 dev eth0' "$OUTPUT"
	assert_match ' 10.233.7.1/32 ' "$(ip -o -4 address show dev ve-foo)"
	assert_match '^10.233.7.2 dev ve-foo' "$(ip route show 10.233.7.2)"
}

check_reached() {
	local url
	serve_inside
	for url in 10.233.7.2 '[fc00::7:2]' 127.0.0.1:8080 '[::1]:8080' foo.containers; do
		assert_eq declared "$(answer "http://$url/name")" "answer of $url"
	done
	inside ping -c 1 -W 5 10.233.7.1
}

test_a_declared_container_starts_and_is_reached() {
	begin
	conf_declared foo "$ONE"
	run_ok floe start foo
	assert_eq "" "$ERRORS" "notes"
	check_running "$ONE"
	check_addresses
	check_reached
	# What the module shows of the host's store and keeps for the container.
	inside findmnt -n -o OPTIONS /nix/store
	assert_match '(^|,)ro(,|$)' "$OUTPUT"
	assert_inside root:root stat -c %U:%G /nix/var/nix/db
	assert_fail floe shell foo touch /nix/var/nix/db/x
	assert_fail floe shell foo touch /nix/var/nix/daemon-socket/x
	inside touch /nix/var/nix/profiles/mine /nix/var/nix/gcroots/mine
	assert_eq 0:0 "$(stat -c %u:%g "$PROFILES/foo/mine")"
	assert_exists "$GCROOTS/foo/mine" "$ROOTS/foo/etc/os-release"
	assert_eq 700 "$(stat -c %a "$ROOTS/foo/var/lib/private")"
	run_ok floe stop foo
	assert_no_match 'foo.containers' "$(</etc/hosts)"
}

test_reload_switches_to_the_system_that_is_declared_now() {
	begin
	conf_declared foo "$ONE"
	run_ok floe start foo
	assert_inside 1 cat /run/floe-test-generation
	local before
	before=$(leader)
	conf_declared foo "$TWO"
	run_ok floe reload foo
	assert_inside 2 cat /run/floe-test-generation
	check_running "$TWO"
	assert_eq "$before" "$(leader)" "PID 1"
	# It fails as switch-to-configuration does, and names what there is not.
	conf_declared foo /nix/store/gone
	assert_fail floe reload foo
	assert_match '/nix/store/gone/bin/switch-to-configuration' "$ERRORS"
	run_ok floe stop foo
	assert_fail floe reload foo
}

test_a_container_survives_a_reboot_and_the_end_of_its_monitor() {
	local before
	begin
	conf_declared foo "$ONE"
	run_ok floe start foo
	before=$(leader)
	inside touch /var/kept
	# What an old script would have left, for a unit that waits until somebody reads.
	inside mkfifo /var/lib/startup-done
	run floe shell foo systemctl reboot
	wait_for 60 has_other_leader "$before"
	wait_for 60 is_ready
	run floe shell foo test -e /var/lib/startup-done
	assert_eq 1 "$STATUS" "whether the pipe is left"
	check_running "$ONE"
	check_addresses
	before=$(leader)
	kill -KILL "$(floe list --json | jq -r '.[0].monitor')"
	wait_for 10 test ! -d "/proc/$before"
	run_ok floe start foo
	check_running "$ONE"
	inside test -e /var/kept
	check_reached
	run_ok floe stop foo
	assert_eq "[]" "$(floe list --json)" "machines"
}

# ---- Containers made by hand ---------------------------------------------------------------------

conf_imperative() { # NAME [LINE...]
	printf '%s\n' PRIVATE_NETWORK=1 HOST_ADDRESS=10.233.1.1 LOCAL_ADDRESS=10.233.1.2 HOST_BRIDGE= \
		HOST_PORT= AUTO_START=0 "${@:2}" | conf "$1"
}

set_profile() { # NAME GENERATION SYSTEM
	mkdir -p "$PROFILES/$1"
	ln -sfn "$3" "$PROFILES/$1/system-$2-link"
	ln -sfn "system-$2-link" "$PROFILES/$1/system"
}

test_a_container_without_a_declared_system_has_that_of_its_profile() {
	local before
	begin
	conf_imperative foo
	set_profile foo 1 "$ONE"
	run_ok floe start foo
	check_running "$ONE"
	assert_inside system-1-link readlink /nix/var/nix/profiles/system
	assert_inside "$ONE" readlink -f /nix/var/nix/profiles/system
	# Its own root chooses the next generation, as nixos-rebuild does, and the host sees it.
	inside sh -c "cd /nix/var/nix/profiles && ln -s $TWO system-2-link && ln -sfn system-2-link system"
	assert_eq "$TWO" "$(readlink -f "$PROFILES/foo/system")"
	run_ok floe reload foo
	check_running "$TWO"
	before=$(leader)
	run floe shell foo systemctl reboot
	wait_for 60 has_other_leader "$before"
	wait_for 60 is_ready
	check_running "$TWO"
	assert_inside "$TWO" readlink /run/booted-system
	run_ok floe stop foo
}

test_what_has_no_system_is_refused_with_what_builds_one() {
	begin
	conf_imperative foo
	assert_fail floe start foo
	assert_match '/etc/nixos-containers/foo.conf: .*nixos-container update foo' "$ERRORS"
	conf_imperative foo FLAKE=/etc/nixos#foo
	assert_fail floe start foo
	assert_match 'foo.conf:7: FLAKE=.*/etc/nixos#foo.*nixos-container update foo' "$ERRORS"
	conf_declared foo /nix/store/gone-nixos-system
	assert_fail floe start foo
	assert_match '/nix/store/gone-nixos-system: No such file' "$ERRORS"
	# Nothing is left, and nothing was there before.
	assert_eq "" "$(ls "$ROOTS")" "roots"
	assert_absent "$PROFILES" "$GCROOTS"
	# Once there is a profile, the flake is its builder's business.
	conf_imperative foo FLAKE=/etc/nixos#foo
	set_profile foo 1 "$ONE"
	run_ok floe plan start foo
	assert_match "boot $PROFILES/foo/system in $ROOTS/foo as foo" "$OUTPUT"
	assert_eq "" "$(ls "$ROOTS")" "roots after a plan"
}

# ---- Which file counts ---------------------------------------------------------------------------

test_files_of_older_systems_count_and_those_of_podman_do_not() {
	begin
	printf '%s\n' "SYSTEM_PATH=$ONE" PRIVATE_USERS=pick >/etc/containers/old.conf
	run_ok floe plan start old
	assert_match "boot $ONE in /var/lib/containers/old as old" "$OUTPUT"
	# The newer place goes before.
	conf_declared old "$TWO"
	run_ok floe plan start old
	assert_match "boot $TWO in $ROOTS/old as old" "$OUTPUT"
	printf '[storage]\ndriver = "overlay"\n' >/etc/containers/storage.conf
	assert_fail floe plan start storage
	assert_match 'no image called "storage"' "$ERRORS"
}

test_an_image_goes_before_and_options_go_before_the_file() {
	begin
	conf_declared foo "$ONE"
	mkdir -p /var/lib/machines/foo/sbin
	cp /bin/true /var/lib/machines/foo/sbin/init
	run_ok floe plan start foo
	assert_match 'boot /var/lib/machines/foo as foo' "$OUTPUT"
	assert_match 'nixos-containers/foo.conf is passed over: .*/var/lib/machines/foo' "$OUTPUT"
	rm -r /var/lib/machines/foo
	run_ok floe plan start foo --private-users=no --system="$TWO" -p 90
	assert_match "boot $TWO in $ROOTS/foo" "$OUTPUT"
	assert_match 'tcp port 8080, tcp port 90' "$OUTPUT"
	assert_match 'no user namespace' "$OUTPUT"
	floe plan --spec start foo >spec
	run_ok python3 -c 'import json, jsonschema, sys
jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))' \
		spec "$TOP/docs/spec.schema.json"
	assert_eq /etc/nixos-containers/foo.conf "$(jq -r .conf_file spec)"
}

test_what_is_wrong_is_named_with_its_line() {
	begin
	conf_declared foo "$ONE" EXTRA_NSPAWN_FLAGS=--nonsense
	assert_fail floe start foo
	assert_match '/etc/nixos-containers/foo.conf:14: EXTRA_NSPAWN_FLAGS=: there is no option --nonsense' \
		"$ERRORS"
	conf_declared foo "$ONE" 'COLOUR=red'
	run_ok floe plan start foo
	assert_match 'foo.conf:14: there is no key COLOUR' "$OUTPUT"
	ln -sf /dev/zero /etc/nixos-containers/zero.conf
	assert_fail floe start zero
	assert_match 'regular files only' "$ERRORS"
}

# What the library tells those who start containers with the host.
test_the_library_lists_containers() {
	begin
	conf_declared foo "$ONE"
	conf_imperative bar
	printf '%s\n' "SYSTEM_PATH=$ONE" AUTO_START=1 >/etc/containers/old.conf
	printf '[storage]\n' >/etc/containers/storage.conf
	touch /etc/nixos-containers/-odd.conf /etc/nixos-containers/other
	run_ok python3 - "$BUILD/libfloe.so" <<-'X'
		import ctypes, sys
		class Info(ctypes.Structure):
		    _fields_ = [(n, ctypes.c_char_p) for n in ("name", "file", "root", "system")] + [
		        ("auto_start", ctypes.c_bool)]
		kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Info))
		def show(context, info):
		    i = info.contents
		    print(i.name.decode(), i.file.decode(), i.root.decode(), i.system.decode(), i.auto_start)
		    return 0
		sys.exit(-ctypes.CDLL(sys.argv[1]).floe_container_list(kind(show), None, None))
	X
	assert_eq "bar /etc/nixos-containers/bar.conf $ROOTS/bar $PROFILES/bar/system False
foo /etc/nixos-containers/foo.conf $ROOTS/foo $ONE True
old /etc/containers/old.conf /var/lib/containers/old $ONE True" "$OUTPUT"
}

# ---- Other kinds ---------------------------------------------------------------------------------

test_users_of_every_kind_boot() {
	local users
	for users in no identity 655360; do
		begin
		conf_declared foo "$ONE" "PRIVATE_USERS=$users"
		run_ok floe start foo
		check_running "$ONE"
		check_addresses
		inside touch /root/mine
		# A root that was used with one kind serves any other: ids are mapped, not changed.
		assert_eq 0:0 "$(stat -c %u:%g "$ROOTS/foo/root/mine")" "owner with $users"
		run_ok floe stop foo
	done
}

test_an_ephemeral_container_leaves_nothing() {
	begin
	printf '%s\n' "SYSTEM_PATH=$ONE" PRIVATE_USERS=pick \
		'EXTRA_NSPAWN_FLAGS=--ephemeral --tmpfs=/srv/cache:size=1M --bind=/srv:/srv/host' | conf foo
	run_ok floe start foo
	assert_inside "$ONE" readlink /run/current-system
	assert_inside tmpfs stat -f -c %T /srv/cache
	inside touch /kept
	assert_eq "" "$(ls "$ROOTS")" "roots"
	run_ok floe stop foo
	assert_absent /run/nixos-containers "$PROFILES"
	assert_eq "" "$(ls -A /var/lib/floe)" "what is left of layers"
}

test_containers_on_a_bridge_have_one_network() {
	begin
	trap 'drop_containers; ip link delete br0' EXIT
	ip link add br0 type bridge
	ip address add 192.0.2.1/24 dev br0
	ip link set br0 up
	printf '%s\n' "SYSTEM_PATH=$ONE" PRIVATE_NETWORK=1 HOST_BRIDGE=br0 LOCAL_ADDRESS=192.0.2.5/24 \
		HOST_ADDRESS=192.0.2.1 LOCAL_MAC_ADDRESS=02:00:00:12:34:56 PRIVATE_USERS=pick | conf foo
	run_ok floe start foo
	assert_eq 192.0.2.5/24 "$(addresses_inside 4)"
	assert_inside 02:00:00:12:34:56 cat /sys/class/net/eth0/address
	inside ip route
	assert_match 'default via 192.0.2.1 dev eth0' "$OUTPUT"
	serve_inside
	assert_eq declared "$(answer http://192.0.2.5/name)"
	assert_match ' vb-foo@' "$(ip -o link show master br0)"
	run_ok floe stop foo
}

# Many containers have the same address of the host, whatever network they are in.
test_containers_share_an_address_of_the_host() {
	local number name
	begin
	for number in 2 3; do
		name=box$number
		printf '%s\n' "SYSTEM_PATH=$ONE" PRIVATE_NETWORK=1 HOST_ADDRESS=10.233.7.1 PRIVATE_USERS=pick \
			"LOCAL_ADDRESS=10.233.7.$number/24" | conf "$name"
		run_ok floe start "$name"
		NAME=$name inside sh -c "mkdir -p /srv && echo $name >/srv/name"
		NAME=$name inside systemd-run --unit=web --quiet busybox httpd -f -p 80 -h /srv
	done
	for number in 2 3; do
		wait_for 10 answer "http://10.233.7.$number/name"
		assert_eq "box$number" "$(answer "http://10.233.7.$number/name")"
		assert_eq "10.233.7.$number/24" "$(NAME=box$number addresses_inside 4)"
		run_ok floe stop "box$number"
	done
}

# ---- Starts that fail ----------------------------------------------------------------------------

# A system of the store whose init is the script on standard input.
broken_system() {
	begin
	mkdir /nix/store/broken-nixos-system
	{ echo "#!$(readlink -f "$ONE/sw/bin/bash")"; cat; } >/nix/store/broken-nixos-system/init
	chmod +x /nix/store/broken-nixos-system/init
	trap 'drop_containers; rm -r /nix/store/broken-nixos-system' EXIT
}

test_an_init_that_dies_early_ends_the_start_at_once() {
	local start=${EPOCHREALTIME/./}
	broken_system <<<'echo the disk is full of eels; exit 3'
	conf_declared foo /nix/store/broken-nixos-system
	run floe start foo
	assert_eq 1 "$STATUS" "status"
	assert_match 'the disk is full of eels' "$ERRORS"
	((${EPOCHREALTIME/./} - start < 30000000)) || fail "it took too long to fail"
	assert_eq "[]" "$(floe list --json)" "machines"
	assert_no_match ve-foo "$(ip -o link)"
}

run_tests
