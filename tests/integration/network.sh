#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The links of a machine and what is said of them: kinds, names and Ethernet addresses against
# those of systemd-nspawn, addresses, routes, names, limits; and what is refused before anything is
# touched.
# shellcheck disable=SC2034 # settings of the harness
TEST_TIMEOUT=90
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/net-world.bash"

# Places that are no machines are made when a test needs them.
begin() {
	trap world_end EXIT
}

# Links of a place but lo, one a line: NAME ALTNAME MAC KIND.
links_of() { # PLACE
	at "$1" ip -d -j link show | jq -r '.[] | select(.ifname != "lo" and .ifname != "docker0") |
		"\(.ifname) \(.altnames[0] // "-") \(.address) \(.linkinfo.info_kind // "-")"'
}

link_attribute() { # PLACE LINK JQ-FILTER
	at "$1" ip -d -j link show dev "$2" | jq -r ".[0] | $3"
}

addresses_of() { # PLACE LINK 4|6
	at "$1" ip -j "-$3" address show dev "$2" scope global |
		jq -r '.[].addr_info[] | select(.local) | "\(.local)/\(.prefixlen)"' | xargs
}

has_no_link() { # PATTERN
	! ip -o link show | grep -q " $1"
}

# ---- Which links there are ----------------------------------------------------------------------

test_run_has_the_hosts_network_unless_told_otherwise() {
	local host
	host=$(readlink /proc/self/ns/net)
	inside readlink /proc/self/ns/net
	assert_eq "$host" "$OUTPUT"
	assert_inside lo --private-network 'ls /sys/class/net'
	assert_inside $'host0\nlo' -n 'ls /sys/class/net'
	assert_inside $'host0\nlo' --private-network --network-veth 'ls /sys/class/net'
	wait_for 5 has_no_link ve-
}

test_start_makes_a_link_unless_told_otherwise() {
	begin
	machine_up "$NAME"
	assert_match "^host0 - [0-9a-f:]+ veth$" "$(links_of "$NAME")"
	assert_match "^ve-" "$(links_of host)"
	assert_eq UP "$(link_attribute "$NAME" host0 .operstate)"
	machine_down "$NAME"
	wait_for 5 has_no_link ve-
	machine_up "$NAME" --network-veth=no
	assert_eq "" "$(links_of "$NAME")"
	assert_eq "" "$(links_of host)"
	machine_down "$NAME"
	machine_up "$NAME" --private-network
	assert_eq "" "$(links_of "$NAME")"
	machine_down "$NAME"
	machine_up "$NAME" --network-veth-extra=extra
	assert_match '^extra - [0-9a-f:]+ veth$' "$(links_of "$NAME")"
	machine_down "$NAME"
	machine_up "$NAME" --private-network=no
	assert_eq "$(readlink /proc/self/ns/net)" "$(readlink "/proc/${PLACES[$NAME]}/ns/net")"
	machine_down "$NAME"
}

# The same options, by nspawn and by floe: links, names, alternative names and Ethernet addresses.
compare_with_nspawn() { # MACHINE OPTION...
	local name=$1
	shift
	nspawn_up "$name" -D "$ROOT" "$@" /bin/sleep 1000
	links_of "$name" | sort >inside.nspawn
	links_of host | sort >outside.nspawn
	nspawn_down
	wait_for 5 has_no_link '\(v[eb]-\|ex\)'
	machine_up "$name" "$@"
	links_of "$name" | sort >inside.floe
	links_of host | sort >outside.floe
	machine_down "$name"
	wait_for 5 has_no_link '\(v[eb]-\|ex\)'
	diff inside.nspawn inside.floe || fail "other links inside (< nspawn, > floe) with $*"
	diff outside.nspawn outside.floe || fail "other links outside (< nspawn, > floe) with $*"
}

test_links_are_those_of_nspawn() {
	begin
	own_root
	mkdir "$ROOT/usr/lib"
	ip link add br-x type bridge
	ip link add parent type veth peer name other
	ip link set parent up
	compare_with_nspawn "web-${NAME:4:4}" -n
	compare_with_nspawn "a-very-long-name-${NAME:4}" -n --network-veth-extra=ex1:in1 \
		--network-veth-extra=ex2
	compare_with_nspawn "web-${NAME:4:4}" --network-bridge=br-x
	# nspawn wants udev to have seen the parent of a macvlan, except where /sys is read-only.
	mount -o remount,bind,ro /sys
	compare_with_nspawn "mac-${NAME:4:4}" --network-macvlan=parent
	mount -o remount,bind,rw /sys
	ip link delete br-x
	ip link delete parent
}

test_extra_pairs() {
	begin
	machine_up "$NAME" -n --network-veth-extra=ex1:in1 --network-veth-extra=ex2
	assert_match $'(^|\n)in1 - ' "$(links_of "$NAME")"
	assert_match $'(^|\n)ex2 - ' "$(links_of "$NAME")"
	assert_match $'(^|\n)host0 - ' "$(links_of "$NAME")"
	# They are the user's: nothing is set on them by floe.
	assert_eq "" "$(addresses_of host ex1 4)$(addresses_of "$NAME" in1 4)"
	ip address add 10.250.0.1/30 dev ex1
	ip link set ex1 up
	at "$NAME" ip address add 10.250.0.2/30 dev in1
	at "$NAME" ip link set in1 up
	assert_ping host 10.250.0.2
	machine_down "$NAME"
	wait_for 5 has_no_link ex
}

test_a_port_of_a_bridge() {
	begin
	ip link add br-x type bridge
	ip link set br-x up
	ip address add 10.251.0.1/24 dev br-x
	place_make client
	world_link host port 10.252.0.1/30 client wan 10.251.0.9/24
	ip link set port master br-x
	machine_up "$NAME" --network-bridge=br-x --address=10.251.0.5/24 --gateway=10.251.0.1
	assert_match "^vb-${NAME:0:7}" "$(links_of host | grep ^vb-)"
	assert_eq br-x "$(link_attribute host "$(links_of host | awk '/^vb-/ { print $1 }')" .master)"
	assert_eq 10.251.0.5/24 "$(addresses_of "$NAME" host0 4)"
	assert_eq 10.251.0.1 "$(gateway_of "$NAME" 4)"
	assert_ping client 10.251.0.5
	assert_ping "$NAME" 10.251.0.1
	machine_down "$NAME"
	wait_for 5 has_no_link vb-
	# The bridge is not floe's.
	assert_eq bridge "$(link_attribute host br-x .linkinfo.info_kind)"
	ip link delete br-x
	ip link delete port
}

# Its members on their own know nothing of it: it comes with the first and goes with the last.
test_a_zone_lives_as_long_as_its_members() {
	local i
	begin
	machine_up "$NAME-1" --network-zone=test
	assert_eq bridge "$(link_attribute host vz-test .linkinfo.info_kind)"
	machine_up "$NAME-2" --network-zone=test
	assert_eq 2 "$(bridge -j link show | jq '[.[] | select(.master == "vz-test")] | length')"
	machine_up "$NAME-3" --network-zone=other
	machine_down "$NAME-1"
	assert_eq bridge "$(link_attribute host vz-test .linkinfo.info_kind)"
	assert_ping host "$(address_of "$NAME-2" 4)"
	machine_down "$NAME-2"
	wait_for 5 has_no_link vz-test
	assert_eq bridge "$(link_attribute host vz-other .linkinfo.info_kind)"
	machine_down "$NAME-3"
	wait_for 5 has_no_link 'v[zb]-'
}

# First and last members at the same moment: whoever comes finds a bridge.
test_a_zone_of_members_that_come_and_go_at_once() {
	local i round pids
	begin
	for round in 1 2 3; do
		pids=()
		for i in 1 2 3 4 5 6; do
			machine --read-only -M "$NAME-$i" --network-zone=race \
				sh -c 'sleep 0.0$1; ip -4 -o address show dev host0; ls -d /sys/class/net/host0' \
				- "$i" >"out-$i" 2>&1 &
			pids+=($!)
		done
		for i in 1 2 3 4 5 6; do
			wait "${pids[i - 1]}" || fail "member $i failed: $(<"out-$i")"
			assert_match 'inet 10\.' "$(<"out-$i")" "address of member $i"
		done
		wait_for 5 has_no_link 'v[zb]-'
		assert_eq 6 "$(cat out-? | awk '/inet/ { print $4 }' | sort -u | wc -l)" "addresses"
	done
}

test_a_link_of_the_host_is_lent() {
	local mac
	begin
	ip link add lent type veth peer name other
	ip link property add dev lent altname lent-to-a-machine
	ip link set lent mtu 1400
	mac=$(mac_of host lent)
	machine_up "$NAME" --network-interface=lent:inside0
	assert_eq "inside0 lent-to-a-machine $mac veth" "$(links_of "$NAME")"
	assert_eq 1400 "$(link_attribute "$NAME" inside0 .mtu)"
	has_no_link lent
	at "$NAME" ip link set inside0 name renamed
	machine_down "$NAME"
	assert_eq "lent lent-to-a-machine $mac veth" "$(links_of host | grep '^lent')"
	# It comes back from a machine that ends by itself, too, and where a start fails.
	inside --network-interface=lent ls /sys/class/net/
	assert_eq $'lent\nlo' "$OUTPUT"
	assert_eq "lent lent-to-a-machine $mac veth" "$(links_of host | grep '^lent')"
	assert_fail machine --network-interface=lent /no/such/program
	assert_eq "lent lent-to-a-machine $mac veth" "$(links_of host | grep '^lent')"
	ip link delete lent
}

test_a_macvlan_speaks_for_itself() {
	begin
	world_make
	machine_up "$NAME" --network-macvlan=uplink
	assert_match '^mv-uplink - [0-9a-f:]+ macvlan$' "$(links_of "$NAME")"
	assert_eq bridge "$(link_attribute "$NAME" mv-uplink .linkinfo.info_data.mode)"
	at "$NAME" ip address add 192.0.2.9/24 dev mv-uplink
	at "$NAME" ip link set mv-uplink up
	at "$NAME" ip route add default via 192.0.2.1
	assert_ping "$NAME" "$CLIENT4"
	machine_down "$NAME"
	machine_up "$NAME" --network-macvlan=uplink:lan0
	assert_match '^lan0 - ' "$(links_of "$NAME")"
	machine_down "$NAME"
}

# A kernel without ipvlan is told of; with it the link works.
test_an_ipvlan_or_a_clear_word() {
	begin
	ip link add parent type veth peer name other
	ip link set parent up
	if ip link add link parent name probe type ipvlan mode l2 2>/dev/null; then
		ip link delete probe
		machine_up "$NAME" --network-ipvlan=parent
		assert_match "^iv-parent - $(mac_of host parent) ipvlan$" "$(links_of "$NAME")"
		machine_down "$NAME"
	else
		assert_refused 'ipvlan.*(kernel|not supported)' machine --network-ipvlan=parent true
		assert_refused 'ipvlan' floe start "$NAME" -D "$ROOT" --boot=no --network-ipvlan=parent true
		assert_eq "" "$(links_of host | grep -v -e '^parent' -e '^other')"
	fi
	ip link delete parent
}

test_a_namespace_of_others_is_joined() {
	begin
	place_make client
	touch joined
	mount --bind "/proc/${PLACES[client]}/ns/net" joined
	inside --network-namespace-path="$TEST_DIR/joined" readlink /proc/self/ns/net
	assert_eq "$(readlink "/proc/${PLACES[client]}/ns/net")" "$OUTPUT"
	assert_refused 'network-namespace-path' machine --network-namespace-path="$TEST_DIR/joined" -n true
	umount joined
}

# ---- What is said of the machine's own link -----------------------------------------------------

test_mtu_and_ethernet_address() {
	local outside
	begin
	machine_up "$NAME" --mtu=1400 --mac=02:00:00:12:34:56
	outside=$(links_of host | awk '{ print $1 }')
	assert_eq '02:00:00:12:34:56 1400' \
		"$(link_attribute "$NAME" host0 '"\(.address) \(.mtu)"')"
	assert_eq 1400 "$(link_attribute host "$outside" .mtu)"
	assert_ping host "$(address_of "$NAME" 4)" -s 1372
	machine_down "$NAME"
}

test_addresses_that_are_given() {
	local outside
	begin
	machine_up "$NAME" --address=10.99.0.2/24,10.99.0.1 --address=fd00:99::2/64,fd00:99::1 \
		--address=10.98.0.2/30
	outside=$(links_of host | awk '{ print $1 }')
	assert_eq '10.99.0.2/24 10.98.0.2/30' "$(addresses_of "$NAME" host0 4)"
	assert_eq 'fd00:99::2/64' "$(addresses_of "$NAME" host0 6)"
	assert_match '10\.99\.0\.1/(24|32)' "$(addresses_of host "$outside" 4)"
	assert_match '10\.98\.0\.1/(30|32)' "$(addresses_of host "$outside" 4)"
	assert_match 'fd00:99::1/' "$(addresses_of host "$outside" 6)"
	assert_eq 10.99.0.1 "$(gateway_of "$NAME" 4)"
	assert_eq fd00:99::1 "$(gateway_of "$NAME" 6)"
	assert_ping host 10.99.0.2
	assert_ping host 10.98.0.2
	assert_ping host fd00:99::2
	assert_match '10\.99\.0\.2' "$(machine_field "$NAME" '.addresses | tostring')"
	machine_down "$NAME"
	assert_eq "" "$(ip -4 route show)"
}

# As NixOS does it: each end knows the other and no network around it.
test_ends_that_know_each_other_only() {
	begin
	machine_up "$NAME" --address=192.168.7.2,192.168.7.1 --address=fd00:7::2,fd00:7::1
	assert_eq 192.168.7.2/32 "$(addresses_of "$NAME" host0 4)"
	assert_match 192.168.7.2 "$(ip -4 route show)"
	assert_ping host 192.168.7.2
	assert_ping host fd00:7::2
	assert_ping "$NAME" 192.168.7.1
	assert_eq 192.168.7.1 "$(gateway_of "$NAME" 4)"
	machine_down "$NAME"
	assert_eq "" "$(ip -4 route show)$(ip -6 route show fd00::/16)"
}

# What the wrapper of the container's init and the unit's ExecStartPost do, to addresses there or not.
nixos_commands() {
	at "$NAME" ip link set host0 up
	at "$NAME" ip address add 10.231.136.2 dev host0
	at "$NAME" ip route add 10.231.136.1 dev host0
	at "$NAME" ip route add default via 10.231.136.1
	at "$NAME" ip -6 address add fc00::2 dev host0
	at "$NAME" ip -6 route add fc00::1 dev host0
	at "$NAME" ip -6 route add default via fc00::1
	ip link set "$link" up
	ip address add 10.231.136.1 dev "$link" 2>/dev/null || true
	ip route add 10.231.136.2 dev "$link" 2>/dev/null || true
	ip -6 address add fc00::1 dev "$link" 2>/dev/null || true
	ip -6 route add fc00::2 dev "$link" 2>/dev/null || true
}

# What NixOS's module for containers passes on in the environment: the host's end is set by floe, the
# machine's by the wrapper of its init; the commands of the unit that follow find it done.
test_addresses_of_a_nixos_container() {
	local link nixos=(-n -E PRIVATE_NETWORK=1 -E HOST_ADDRESS=10.231.136.1
		-E LOCAL_ADDRESS=10.231.136.2 -E HOST_ADDRESS6=fc00::1 -E LOCAL_ADDRESS6=fc00::2)
	begin
	machine_up "$NAME" "${nixos[@]}" -p 8080:80
	link=$(links_of host | awk '{ print $1 }')
	assert_eq 10.231.136.1/32 "$(addresses_of host "$link" 4)"
	assert_match 'fc00::1/128' "$(addresses_of host "$link" 6)"
	assert_eq "" "$(addresses_of "$NAME" host0 4)" "address that the wrapper is to set"
	nixos_commands
	assert_ping "$NAME" 10.231.136.1
	assert_ping host 10.231.136.2
	assert_ping host fc00::2
	serve_at "$NAME" tcp:80
	assert_answer host tcp 127.0.0.1 8080
	machine_down "$NAME"
	# In a unit of that module the unit's own commands set everything.
	machine_up "$NAME" "${nixos[@]}" --keep-unit
	assert_eq "" "$(addresses_of host "$link" 4)" "address that the unit is to set"
	nixos_commands
	assert_ping host 10.231.136.2
	wait_for 10 pings "$NAME" fc00::1
	machine_down "$NAME"
	machine_up "$NAME" "${nixos[@]}" --keep-unit -p 8080:80
	nixos_commands
	serve_at "$NAME" tcp:80
	wait_for 10 at host "${TRAFFIC[@]}" ask tcp 127.0.0.1 8080
	machine_down "$NAME"
}

test_gateways() {
	begin
	machine_up "$NAME" --gateway=no
	assert_eq "" "$(gateway_of "$NAME" 4)$(gateway_of "$NAME" 6)" "gateways"
	assert_ne "" "$(address_of "$NAME" 4)" "address"
	machine_down "$NAME"
	machine_up "$NAME" --address=10.97.0.2/24,10.97.0.1 --gateway=10.97.0.200
	assert_eq 10.97.0.200 "$(gateway_of "$NAME" 4)"
	machine_down "$NAME"
}

# ---- Names -------------------------------------------------------------------------------------

resolv_conf_of() { # MACHINE
	cat "/proc/${PLACES[$1]}/root/etc/resolv.conf"
}

test_name_servers() {
	begin
	own_etc 'nameserver 198.51.100.53'
	own_root
	: >"$ROOT/etc/resolv.conf"
	machine_up "$NAME"
	assert_match 'nameserver 198\.51\.100\.53' "$(resolv_conf_of "$NAME")"
	machine_down "$NAME"
	machine_up "$NAME" --dns=198.51.100.54 --dns=2001:db8::53
	assert_match $'nameserver 198\\.51\\.100\\.54\nnameserver 2001:db8::53' "$(resolv_conf_of "$NAME")"
	assert_no_match '198\.51\.100\.53' "$(resolv_conf_of "$NAME")"
	machine_down "$NAME"
	machine_up "$NAME" --dns=no
	assert_no_match 'nameserver' "$(resolv_conf_of "$NAME")"
	machine_down "$NAME"
}

# An entry stays as long as the machine, and what was in the file stays as it was.
test_the_hosts_own_names() {
	local before one two
	begin
	own_etc ''
	printf '127.0.0.1 localhost\n# mine, without an end of line' >/etc/hosts
	chmod 640 /etc/hosts
	before=$(stat -c %a:%u:%g /etc/hosts)
	cp /etc/hosts before
	machine_up "$NAME-1" --hosts-entry
	one=$(address_of "$NAME-1" 4)
	machine_up "$NAME-2" --hosts-entry
	two=$(address_of "$NAME-2" 4)
	machine_up "$NAME-3"
	assert_eq "$one" "$(getent ahostsv4 "$NAME-1" | awk '{ print $1; exit }')"
	assert_eq "$one" "$(getent ahostsv4 "$NAME-1.floe" | awk '{ print $1; exit }')"
	assert_eq "$two" "$(getent ahostsv4 "$NAME-2.floe" | awk '{ print $1; exit }')"
	assert_no_match "$NAME-3" "$(</etc/hosts)"
	assert_match 'mine, without an end of line' "$(</etc/hosts)"
	assert_eq "$before" "$(stat -c %a:%u:%g /etc/hosts)" "mode and owner of /etc/hosts"
	machine_down "$NAME-1"
	assert_no_match "$NAME-1" "$(</etc/hosts)"
	assert_match "$NAME-2" "$(</etc/hosts)"
	# Whoever dies without a word is cleaned up after.
	kill_monitor "$NAME-2"
	run_ok floe gc
	assert_no_match "$NAME" "$(</etc/hosts)"
	machine_down "$NAME-3"
	cmp before /etc/hosts || fail "/etc/hosts is not as it was: $(diff before /etc/hosts)"
}

# ---- Rates -------------------------------------------------------------------------------------

# Too fast is an error however slow the machine is. The first second is left out: a burst may pass.
assert_slower() { # BITS-A-SECOND PLACE ADDRESS PORT [OPTION...]
	run_ok at "$2" iperf3 -J -c "$3" -p "$4" -O 1 -t 1 "${@:5}"
	jq -e --argjson rate "$1" '.end.sum_received | .bytes > 0 and .bits_per_second < $rate * 1.3' \
		<<<"$OUTPUT" || fail "$(jq -c .end.sum_received <<<"$OUTPUT")"
}

test_a_rate_holds_in_both_directions() {
	local address
	begin
	machine_up "$NAME" --rate=8M
	address=$(address_of "$NAME" 4)
	iperf_at "$NAME" 5201
	assert_slower 8000000 host "$address" 5201
	assert_slower 8000000 host "$address" 5201 -R
	machine_down "$NAME"
}

# ---- What is refused, and when -----------------------------------------------------------------

# A word that is wrong or contradicts another is an error of usage: nothing has been looked at yet.
refused() { # REGEX OPTION...
	assert_status 1 floe start "$NAME" -D "$ROOT" --boot=no --notify-ready=no "${@:2}" true
	assert_match "$1" "$ERRORS" "the message of \"${*:2}\""
	assert_eq "[]" "$(floe list --json)" "machines after \"${*:2}\""
}

test_bad_values_are_refused() {
	local value
	begin
	network_snapshot before
	for value in 0 65536 x :80 80: 80:0 80:81-82 80-79 tcp: ip:80 tcp:80:80:80 1.2.3:80 ::1:80 \
		'[::1]80' 224.0.0.1:80 8080-8090:80-81 -1 ' 80'; do
		refused 'port' -p "$value"
	done
	for value in 10.0.0.2 10.0.0.2/33 10.0.0.2/24,fd00::1 10.0.0.2/24,10.0.0.2 224.0.0.1/24 :: x/24 \
		'10.0.0.2/24,' fd00::2/129 ''; do
		refused 'address' --address="$value"
	done
	for value in 02:00:00:00:00 01:00:00:00:00:01 00:00:00:00:00:00 x 02-00-00-00-00-01; do
		refused 'mac' --mac="$value"
	done
	for value in 67 65536 x -1; do refused 'mtu' --mtu="$value"; done
	for value in 0 x 1T 10Mbit -1; do refused 'rate' --rate="$value"; done
	for value in maybe always; do refused 'dhcp' --dhcp="$value"; done
	for value in x 224.0.0.1; do refused 'dns' --dns="$value"; done
	for value in '' a-zone-too-long a/b 'a b'; do refused 'network-zone' --network-zone="$value"; done
	for value in '' ../x 'a b' a/b; do refused 'network-bridge' --network-bridge="$value"; done
	refused 'network-veth-extra' --network-veth-extra=name-of-16-chars
	refused 'network-veth-extra' --network-veth-extra=a:b:c
	assert_network_unchanged before
}

test_contradictions_are_refused() {
	begin
	network_snapshot before
	refused 'network-zone' --network-bridge=lo --network-zone=x
	refused 'network-veth' --network-zone=x --network-veth=no
	refused 'private-network' --private-network=no -n
	refused 'network-namespace-path' --network-namespace-path=/proc/self/ns/net -n
	refused 'port' --network-veth=no -p 80
	refused 'port' --network-macvlan=lo -p 80
	refused 'given before' -p 80 -p 80:81
	refused 'given before' -p 8000-8100 -p tcp:8050
	refused 'gateway' --gateway=10.0.0.1
	refused 'isolate' --isolate --network-zone=x
	refused 'rate' --rate=10M --network-zone=x
	refused 'masquerade' --masquerade=no --network-zone=x
	refused 'leads nowhere' --address=10.0.0.2/24 -p '[::1]:80'
	assert_network_unchanged before
}

# What only the host knows is found before anything is made.
test_what_the_host_lacks_is_refused() {
	begin
	ip link add plain type veth peer name other
	network_snapshot before
	refused 'no-such-bridge' --network-bridge=no-such-bridge
	refused 'plain' --network-bridge=plain
	refused 'no-such-link' --network-interface=no-such-link
	refused 'no-such-link' --network-macvlan=no-such-link
	refused 'no-such-path' --network-namespace-path=/no-such-path
	refused '(/proc/self/ns/mnt|namespace)' --network-namespace-path=/proc/self/ns/mnt
	refused 'plain' --network-veth-extra=plain
	refused '(lo|loopback)' --network-interface=lo
	# Two links of one name inside.
	refused 'host0' -n --network-interface=plain:host0
	refused 'same' --network-interface=plain:same --network-veth-extra=ex:same
	assert_network_unchanged before
	ip link delete plain
}

test_a_failing_start_leaves_no_link() {
	begin
	world_make
	network_snapshot before
	assert_fail machine -n -p 8080:80 --network-veth-extra=ex /no/such/program
	assert_fail machine --network-zone=x -p 8080:80 /no/such/program
	assert_fail machine -n --network-macvlan=uplink --bind=/no/such/path true
	assert_network_unchanged before
}

run_tests
